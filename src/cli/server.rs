//! Which server a command talks to, and with which credentials.

use std::env;
use std::path::Path;

use super::ToolError;
use super::session::Session;
use crate::diag::{Diagnostics, did_you_mean};
use crate::exec::comfy::address::Address;
use crate::exec::comfy::http::Client;

/// The server of `[servers]` that is taken where none is named.
const DEFAULT: &str = "default";

/// The environment variables that hold credentials for an address on the command line.
const TOKEN: &str = "WFC_TOKEN";
const USER: &str = "WFC_USER";
const PASSWORD: &str = "WFC_PASSWORD";

/// A server.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct On {
    /// The server: `http://127.0.0.1:8188`, or the name of one under `[servers]` in wfc.toml
    /// [default: the one called `default`]. Credentials are never written here: they come from `WFC_TOKEN`, or from
    /// `WFC_USER` and `WFC_PASSWORD`, or from the variables that wfc.toml names.
    #[arg(long, value_name = "SERVER")]
    on: Option<String>,
    /// One more header for every request, with the environment variable that has its value: `X-Api-Key=POD_KEY`;
    /// may be repeated.
    #[arg(long, value_name = "HEADER=VARIABLE")]
    header_env: Vec<String>,
}

impl On {
    /// What was given to a command for which a server is no necessity.
    pub(super) fn new(on: String, header_env: Vec<String>) -> Self {
        Self { on: Some(on), header_env }
    }

    /// A client of the server.
    ///
    /// # Errors
    /// When it is not known which, or a variable is not set.
    pub(super) fn client(&self, session: &mut Session) -> Result<Client, ToolError> {
        let mut address = match self.on.as_deref() {
            Some(text) if looks_like_address(text) => {
                with_login(Address::parse(text)?, TOKEN, USER, PASSWORD)?
            }
            name => named(name.unwrap_or(DEFAULT), self.on.is_none(), session)?,
        };
        for header in &self.header_env {
            let Some((name, variable)) = header.split_once('=') else {
                return Err(ToolError::new(format!(
                    "`--header-env {header}` names no variable; write it like `X-Api-Key=POD_KEY`"
                )));
            };
            address = address.header(name.trim(), &variable_of(variable.trim())?)?;
        }
        Ok(Client::new(address))
    }

    /// The server as it is written on a command line.
    pub(super) fn shown(&self, address: &Address) -> String {
        match self.on.as_deref() {
            Some(name) if !looks_like_address(name) => name.to_owned(),
            _ => address.base().to_owned(),
        }
    }
}

fn looks_like_address(text: &str) -> bool {
    text.contains("://") || text.contains(':') || text.contains('.') || text == "localhost"
}

/// The server of that name in the project of the current folder.
fn named(name: &str, is_default: bool, session: &mut Session) -> Result<Address, ToolError> {
    let mut problems = Diagnostics::new();
    let root = session.root(Path::new("./wfc.toml"), &mut problems)?;
    if let Some(problem) = problems.into_sorted().first() {
        return Err(ToolError::new(format!("wfc.toml: {}", problem.message)));
    }
    let servers = root.as_ref().map(|root| &root.project.servers);
    let Some(server) = servers.and_then(|servers| servers.get(name)) else {
        if is_default {
            return Err(ToolError::new(
                "no server is named; write `--on http://127.0.0.1:8188`, or `[servers.default]` with a `url` in wfc.toml",
            ));
        }
        let names: Vec<&str> =
            servers.into_iter().flat_map(|all| all.iter()).map(|(name, _)| &*name.value).collect();
        let help = did_you_mean(name, names.iter().copied()).unwrap_or_else(|| {
            format!("write an address, such as http://{name}:8188, or `[servers.{name}]` in wfc.toml")
        });
        return Err(ToolError::new(format!("there is no server `{name}` in wfc.toml; {help}")));
    };
    let mut address = Address::parse(server.url.get())?;
    if let Some(variable) = &server.token_env {
        address = address.bearer(&variable_of(variable.get())?);
    } else if let Some(user) = &server.user_env {
        let password = server.password_env.as_ref().map(|name| variable_of(name.get())).transpose()?;
        address = address.basic(&variable_of(user.get())?, &password.unwrap_or_default());
    }
    for (header, variable) in &server.headers_env {
        address = address.header(&header.value, &variable_of(variable.get())?)?;
    }
    Ok(address)
}

/// The address with what the environment has for it.
fn with_login(address: Address, token: &str, user: &str, password: &str) -> Result<Address, ToolError> {
    if address.has_credentials() {
        return Ok(address);
    }
    if env::var_os(token).is_some_and(|value| !value.is_empty()) {
        return Ok(address.bearer(&variable_of(token)?));
    }
    if env::var_os(user).is_some_and(|value| !value.is_empty()) {
        let secret = if env::var_os(password).is_some() { variable_of(password)? } else { String::new() };
        return Ok(address.basic(&variable_of(user)?, &secret));
    }
    Ok(address)
}

fn variable_of(name: &str) -> Result<String, ToolError> {
    match env::var(name) {
        Ok(value) if !value.is_empty() => Ok(value),
        Ok(_) | Err(env::VarError::NotPresent) => Err(ToolError::new(format!(
            "the environment variable {name} is not set; it holds a credential of the server"
        ))),
        Err(env::VarError::NotUnicode(_)) => {
            Err(ToolError::new(format!("the environment variable {name} holds what is no text")))
        }
    }
}
