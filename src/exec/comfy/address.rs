//! Where a server is, and what it must be told to let one in.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::exec::{Error, Trouble};

/// A server's address with its credentials, which are never shown: neither by `Debug` nor by `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    /// Without a `/` at the end and without credentials.
    base: String,
    authorization: Option<String>,
    headers: Vec<(String, String)>,
}

impl Address {
    /// Reads `http://host:port/path`, with `user:password@` before the host where the server wants that. Without a
    /// scheme it is `http`. What follows a known route of ComfyUI (`/object_info`, `/prompt`) is cut off.
    ///
    /// # Errors
    /// When it is no address.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let trimmed = text.trim();
        let with_scheme =
            if trimmed.contains("://") { trimmed.to_owned() } else { format!("http://{trimmed}") };
        let (scheme, rest) = with_scheme.split_once("://").unwrap_or(("", ""));
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "http" | "ws" => "http",
            "https" | "wss" => "https",
            other => {
                return Err(Error::new(
                    Trouble::Address,
                    format!("`{}` is not the address of a server: `{other}://`", shown(trimmed)),
                )
                .help("write http://HOST:PORT or https://HOST"));
            }
        };
        let rest = rest.split(['?', '#']).next().unwrap_or_default();
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (login, host) = match authority.rsplit_once('@') {
            Some((login, host)) => (Some(login), host),
            None => (None, authority),
        };
        let is_host = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']' | '%');
        let port = host.rsplit_once(':').filter(|(before, _)| !before.contains(':') || before.ends_with(']'));
        if host.is_empty() || !host.chars().all(is_host) || port.is_some_and(|(_, port)| !is_port(port)) {
            return Err(Error::new(
                Trouble::Address,
                format!("`{}` is not the address of a server", shown(trimmed)),
            )
            .help("write http://HOST:PORT, such as http://127.0.0.1:8188"));
        }
        let mut path = path.trim_end_matches('/');
        for route in ["/object_info", "/prompt", "/system_stats", "/ws"] {
            path = path.strip_suffix(route).unwrap_or(path);
        }
        let mut address =
            Self { base: format!("{scheme}://{host}{path}"), authorization: None, headers: Vec::new() };
        if let Some(login) = login {
            let (user, password) = login.split_once(':').unwrap_or((login, ""));
            address = address.basic(&decoded(user), &decoded(password));
        }
        Ok(address)
    }

    /// The same address with a user and a password.
    #[must_use]
    pub fn basic(mut self, user: &str, password: &str) -> Self {
        self.authorization = Some(format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))));
        self
    }

    /// The same address with a token.
    #[must_use]
    pub fn bearer(mut self, token: &str) -> Self {
        self.authorization = Some(format!("Bearer {}", token.trim()));
        self
    }

    /// The same address with one more header in every request.
    ///
    /// # Errors
    /// When a header cannot be called so, or cannot hold such a value.
    pub fn header(mut self, name: &str, value: &str) -> Result<Self, Error> {
        let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
        if name.is_empty() || !name.chars().all(is_token) {
            return Err(Error::new(Trouble::Address, format!("`{name}` is not the name of a header")));
        }
        if value.chars().any(|c| c.is_control() || !c.is_ascii()) {
            // The value may be a secret.
            let message = format!("the value of the header `{name}` has characters that headers cannot have");
            return Err(Error::new(Trouble::Address, message));
        }
        self.headers.push((name.to_owned(), value.to_owned()));
        Ok(self)
    }

    /// The address for people and records: without credentials.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// True if there are credentials of any kind.
    #[must_use]
    pub fn has_credentials(&self) -> bool {
        self.authorization.is_some() || !self.headers.is_empty()
    }

    /// The URL of a route, which starts with `/`.
    #[must_use]
    pub fn url(&self, route: &str) -> String {
        format!("{}{route}", self.base)
    }

    /// What every request carries.
    pub(crate) fn all_headers(&self) -> impl Iterator<Item = (&str, &str)> {
        let authorization = self.authorization.as_deref().map(|value| ("authorization", value));
        authorization.into_iter().chain(self.headers.iter().map(|(name, value)| (&**name, &**value)))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.base)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Address").field(&self.base).finish()
    }
}

/// What can be shown of an address that may hold a password.
fn shown(text: &str) -> &str {
    text.rsplit_once('@').map_or(text, |(_, rest)| rest)
}

fn is_port(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok()
}

/// `%40` for `@`, where a password holds one.
fn decoded(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = |at: usize| tail.get(at).and_then(|byte| char::from(*byte).to_digit(16));
        if let (b'%', Some(high), Some(low)) = (first, hex(0), hex(1)) {
            out.push(u8::try_from(high * 16 + low).unwrap_or_default());
            rest = tail.get(2..).unwrap_or_default();
        } else {
            out.push(*first);
            rest = tail;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Text as part of a URL's query.
#[must_use]
pub fn encoded(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_people_write_them() {
        for (text, base) in [
            ("127.0.0.1:8188", "http://127.0.0.1:8188"),
            ("http://gpu/", "http://gpu"),
            ("https://x.example/comfy/object_info", "https://x.example/comfy"),
            ("wss://x.example/ws?clientId=1", "https://x.example"),
            ("http://[::1]:8188", "http://[::1]:8188"),
            ("HTTP://u:p%40ss@gpu:1", "http://gpu:1"),
        ] {
            assert_eq!(Address::parse(text).unwrap().base(), base, "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused_without_its_password() {
        for text in ["", "ftp://x", "http://", "http://a b", "http://x:99999", "http://u:secret@x y"] {
            let error = Address::parse(text).unwrap_err();
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }

    #[test]
    fn credentials_are_sent_and_never_shown() {
        let address = Address::parse("http://me:p%40ss@gpu").unwrap().header("X-Key", "k3y").unwrap();
        let headers: Vec<_> = address.all_headers().collect();
        assert_eq!(headers, [("authorization", "Basic bWU6cEBzcw=="), ("X-Key", "k3y")]);
        assert_eq!(format!("{address} {address:?}"), "http://gpu Address(\"http://gpu\")");
        assert!(address.clone().header("a b", "").is_err() && address.header("a", "b\r\nc: d").is_err());
    }
}
