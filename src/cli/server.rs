//! Which server a command talks to, and with which credentials.

use std::env;
use std::path::Path;
use std::sync::Arc;

use super::ToolError;
use super::session::Session;
use crate::diag::{Diagnostics, did_you_mean};
use crate::exec::comfy::address::Address;
use crate::exec::comfy::http::Client;
use crate::exec::comfy::network::Network;
use crate::exec::comfy::network::proxy::Proxy;
use crate::front::toml::decode::At;
use crate::front::toml::project::Server;
use crate::lower::load::Root;

/// The server of `[servers]` that is taken where none is named.
const DEFAULT: &str = "default";

/// The environment variables that hold credentials for an address on the command line.
const TOKEN: &str = "WFC_TOKEN";
const USER: &str = "WFC_USER";
const PASSWORD: &str = "WFC_PASSWORD";

/// What stands for a proxy where there is to be none.
const NO_PROXY: &str = "none";

/// A server.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct On {
    /// The server: `http://127.0.0.1:8188`, or the name of one under `[servers]` in wfc.toml
    /// [default: the one called `default`]. Credentials are never written here: they come from `WFC_TOKEN`, or from
    /// `WFC_USER` and `WFC_PASSWORD`, or from the variables that wfc.toml names. Proxies come from there, or from
    /// `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`; certificate authorities too, or from `SSL_CERT_FILE`.
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
        let (mut address, network) = match self.on.as_deref() {
            Some(text) if looks_like_address(text) => at(Address::parse(text)?, session)?,
            name => named(name.unwrap_or(DEFAULT), self.on.is_none(), session)?,
        };
        for header in &self.header_env {
            let Some((name, variable)) = header.split_once('=') else {
                return Err(ToolError::new(format!(
                    "`--header-env {header}` names no variable; write it like `X-Api-Key=POD_KEY`"
                )));
            };
            address = address.header(name.trim(), &variable_of(variable.trim(), "server")?)?;
        }
        Ok(Client::on(network, address))
    }

    /// The headers as they are written on a command line.
    pub(super) fn headers(&self) -> &[String] {
        &self.header_env
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
    let is_sign = |c: char| c == ':' || c == '.' || c.is_whitespace();
    text.contains(is_sign) || text == "localhost"
}

/// The project of the current folder.
fn project(session: &mut Session) -> Result<Option<Root>, ToolError> {
    let mut problems = Diagnostics::new();
    let root = session.root(Path::new("./wfc.toml"), &mut problems)?;
    if let Some(problem) = problems.into_sorted().first() {
        return Err(ToolError::new(format!("wfc.toml: {}", problem.message)));
    }
    Ok(root)
}

/// The server at an address: with what the project of the current folder says of it, if it names the same one.
fn at(address: Address, session: &mut Session) -> Result<(Address, Network), ToolError> {
    let root = project(session)?;
    let is_same =
        |server: &Server| Address::parse(server.url.get()).is_ok_and(|known| known.base() == address.base());
    let known = root.as_ref().and_then(|root| {
        let known = root.project.servers.iter().map(|(_, server)| server).find(|server| is_same(server));
        known.map(|server| (root, server))
    });
    let network = match known {
        Some((root, server)) => network(root, server, session)?,
        None => Network::new(),
    };
    let address = with_login(address)?;
    match known {
        Some((_, server)) if !address.has_credentials() => Ok((with_credentials(address, server)?, network)),
        _ => Ok((address, network)),
    }
}

/// The server of that name in the project of the current folder.
fn named(name: &str, is_default: bool, session: &mut Session) -> Result<(Address, Network), ToolError> {
    let root = project(session)?;
    let servers = root.as_ref().map(|root| &root.project.servers);
    let (Some(root), Some(server)) = (&root, servers.and_then(|servers| servers.get(name))) else {
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
    let address = with_credentials(Address::parse(server.url.get())?, server)?;
    Ok((address, network(root, server, session)?))
}

/// The address with what the server's variables have for it.
fn with_credentials(mut address: Address, server: &Server) -> Result<Address, ToolError> {
    if let Some(variable) = &server.token_env {
        address = address.bearer(&variable_of(variable.get(), "server")?);
    } else if let Some(user) = &server.user_env {
        let password =
            server.password_env.as_ref().map(|name| variable_of(name.get(), "server")).transpose()?;
        address = address.basic(&variable_of(user.get(), "server")?, &password.unwrap_or_default());
    }
    for (header, variable) in &server.headers_env {
        address = address.header(&header.value, &variable_of(variable.get(), "server")?)?;
    }
    Ok(address)
}

/// The way to a server; both its authorities and its proxy may be wrong.
fn network(root: &Root, server: &Server, session: &Session) -> Result<Network, ToolError> {
    let place = |value: &At<Arc<str>>| {
        let span = value.span();
        let at = session.sources.line_column(span.file, span.start);
        format!("wfc.toml:{}:{}", at.line, at.column)
    };
    let trusting = server.ca.as_ref().map_or_else(
        || Ok(Network::new()),
        |ca| {
            let trusting = Network::new().authorities(&root.folder.join(&**ca.get()));
            trusting.map_err(|error| ToolError::new(format!("{}: {error}", place(ca))))
        },
    );
    match trusting {
        Ok(network) => through(network, server, place),
        Err(one) => Err(match through(Network::new(), server, place) {
            Ok(_) => one,
            Err(other) => ToolError::new(format!("{}\nwfc: {}", one.0, other.0)),
        }),
    }
}

/// The same through the proxy that a server names, if it does not leave that to the environment.
fn through(
    network: Network,
    server: &Server,
    place: impl Fn(&At<Arc<str>>) -> String,
) -> Result<Network, ToolError> {
    let login = server.proxy_user_env.as_ref().or(server.proxy_password_env.as_ref());
    let Some(written) = &server.proxy else {
        return login.map_or(Ok(network), |login| {
            Err(ToolError::new(format!(
                "{}: a login for a proxy, and no `proxy`; the login of a proxy that the environment names stands there, \
                 in its address",
                place(login)
            )))
        });
    };
    if &**written.get() == NO_PROXY {
        return Ok(network.proxy(None));
    }
    let place = place(written);
    let mut proxy = Proxy::parse(written.get(), &place)?;
    if proxy.has_login() {
        return Err(ToolError::new(format!(
            "{place}: the proxy's address has a login; put it into environment variables, and name them with \
             `proxy_user_env` and `proxy_password_env`"
        )));
    }
    if let Some(user) = &server.proxy_user_env {
        let password =
            server.proxy_password_env.as_ref().map(|name| variable_of(name.get(), "proxy")).transpose()?;
        proxy = proxy.login(&variable_of(user.get(), "proxy")?, &password.unwrap_or_default())?;
    }
    Ok(network.proxy(Some(proxy)))
}

/// The address with what the environment has for it.
fn with_login(address: Address) -> Result<Address, ToolError> {
    let (token, user, password) = (TOKEN, USER, PASSWORD);
    if address.has_credentials() {
        return Ok(address);
    }
    if env::var_os(token).is_some_and(|value| !value.is_empty()) {
        return Ok(address.bearer(&variable_of(token, "server")?));
    }
    if env::var_os(user).is_some_and(|value| !value.is_empty()) {
        let secret =
            if env::var_os(password).is_some() { variable_of(password, "server")? } else { String::new() };
        return Ok(address.basic(&variable_of(user, "server")?, &secret));
    }
    Ok(address)
}

fn variable_of(name: &str, whose: &str) -> Result<String, ToolError> {
    match env::var(name) {
        Ok(value) if !value.is_empty() => Ok(value),
        Ok(_) | Err(env::VarError::NotPresent) => Err(ToolError::new(format!(
            "the environment variable {name} is not set; it holds a credential of the {whose}"
        ))),
        Err(env::VarError::NotUnicode(_)) => {
            Err(ToolError::new(format!("the environment variable {name} holds what is no text")))
        }
    }
}
