//! Proxies: which one leads to a host.

use std::env;
use std::fmt;
use std::net::IpAddr;

use ureq::ProxyProtocol;

use crate::exec::{Error, Trouble};

/// What a proxy may be called.
const FORMS: &str = "write http://HOST:PORT, https://HOST:PORT or socks5h://HOST:PORT";

/// Which proxies there are.
#[derive(Clone, Debug, Default)]
pub(super) enum Choice {
    /// Those that the environment names, by the kind of the address.
    #[default]
    Environment,
    /// This one for all, or none.
    Fixed(Option<Box<Proxy>>),
}

/// A proxy with its credentials, which are never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    inner: ureq::Proxy,
    /// Without credentials.
    shown: String,
    source: String,
}

impl Choice {
    /// The proxy that leads to a host.
    pub(super) fn proxy(&self, is_secure: bool, host: &str, port: u16) -> Result<Option<Proxy>, Error> {
        match self {
            Self::Fixed(proxy) => Ok(proxy.as_deref().cloned()),
            Self::Environment => from(&variable, is_secure, host, port),
        }
    }
}

fn variable(name: &str) -> Result<Option<String>, Error> {
    match env::var(name) {
        Ok(value) if value.trim().is_empty() => Ok(None),
        Ok(value) => Ok(Some(value)),
        Err(env::VarError::NotPresent) => Ok(None),
        Err(env::VarError::NotUnicode(_)) => Err(Error::new(
            Trouble::Address,
            format!("the environment variable {name} holds what is no text"),
        )),
    }
}

/// The proxy that variables name for a host. As curl does: small letters before large ones, the variable for the kind of
/// the address before the one for all. Loopback addresses are never sent to a proxy, as Go does: to it they would be its
/// own machine.
fn from(
    variable: &dyn Fn(&str) -> Result<Option<String>, Error>,
    is_secure: bool,
    host: &str,
    port: u16,
) -> Result<Option<Proxy>, Error> {
    let first = |names: [&'static str; 2]| {
        for name in names {
            if let Some(value) = variable(name)? {
                return Ok(Some((name, value)));
            }
        }
        Ok::<_, Error>(None)
    };
    let host = bare(host);
    if host.parse::<IpAddr>().map_or(is_or_below(&host, "localhost"), |address| address.is_loopback()) {
        return Ok(None);
    }
    let own = if is_secure { ["https_proxy", "HTTPS_PROXY"] } else { ["http_proxy", "HTTP_PROXY"] };
    let found = match first(own)? {
        Some(found) => Some(found),
        None => first(["all_proxy", "ALL_PROXY"])?,
    };
    let Some((name, value)) = found else { return Ok(None) };
    if let Some((_, exceptions)) = first(["no_proxy", "NO_PROXY"])?
        && is_exempt(&exceptions, &host, port)
    {
        return Ok(None);
    }
    Proxy::parse(&value, name).map(Some)
}

/// True if a list of hosts names one: `*`, `host` with all below it, `host:port`, an IP address, or a block of them like
/// `10.0.0.0/8`. Commas or blanks stand between the entries.
fn is_exempt(exceptions: &str, host: &str, port: u16) -> bool {
    exceptions.split(|c: char| c == ',' || c.is_whitespace()).any(|entry| {
        let (entry, wanted) = match entry.rsplit_once(':') {
            Some((entry, number)) if !entry.contains(':') || entry.ends_with(']') => {
                match number.parse::<u16>() {
                    Ok(number) => (entry, Some(number)),
                    Err(_) => return false,
                }
            }
            _ => (entry, None),
        };
        if wanted.is_some_and(|wanted| wanted != port) {
            return false;
        }
        let entry = bare(entry);
        let entry = entry.strip_prefix("*.").or_else(|| entry.strip_prefix('.')).unwrap_or(&entry);
        match (host.parse::<IpAddr>(), entry.split_once('/')) {
            _ if entry.is_empty() => false,
            _ if entry == "*" => true,
            (Ok(address), Some((block, bits))) => is_in_block(address, block, bits),
            (Ok(address), None) => entry.parse() == Ok(address),
            (Err(_), _) => is_or_below(host, entry),
        }
    })
}

fn is_in_block(address: IpAddr, block: &str, bits: &str) -> bool {
    let (Ok(block), Ok(bits)) = (block.parse::<IpAddr>(), bits.parse::<u32>()) else { return false };
    let (address, block, width) = match (address, block) {
        (IpAddr::V4(address), IpAddr::V4(block)) => {
            (u128::from(address.to_bits()), u128::from(block.to_bits()), 32)
        }
        (IpAddr::V6(address), IpAddr::V6(block)) => (address.to_bits(), block.to_bits(), 128),
        _ => return false,
    };
    let Some(rest) = u32::checked_sub(width, bits) else { return false };
    (address ^ block).checked_shr(rest).unwrap_or(0) == 0
}

/// A host's name in small letters, without brackets and without a dot at the end.
fn bare(host: &str) -> String {
    let host = host.trim().trim_start_matches('[').trim_end_matches(']');
    host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase()
}

fn is_or_below(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

impl Proxy {
    /// Reads `http://host:port`, or `https`, `socks4`, `socks4a`, `socks5` or `socks5h` for it, with `user:password@`
    /// before the host where the proxy wants that. Without a scheme it is `http`. `source` says where it was written.
    ///
    /// # Errors
    /// When it is no address of a proxy.
    pub fn parse(text: &str, source: &str) -> Result<Self, Error> {
        let text = text.trim();
        let refused = || {
            // What has an `@` has a password, somewhere.
            let what = if text.contains('@') { "its value" } else { &format!("`{text}`") };
            Error::new(Trouble::Address, format!("{source}: {what} is not the address of a proxy"))
                .help(FORMS)
        };
        let inner = ureq::Proxy::new(text).map_err(|_| refused())?;
        let uri = inner.uri();
        let has_port = uri.authority().is_some_and(|authority| {
            authority.as_str().rsplit_once(':').is_some_and(|(_, port)| !port.contains([']', '@']))
        });
        let is_bare = matches!(uri.path(), "" | "/") && uri.query().is_none();
        if inner.host().is_empty() || !is_bare || (has_port && uri.port_u16().is_none_or(|port| port == 0)) {
            return Err(refused());
        }
        Ok(Self::of(inner, source))
    }

    /// The same proxy with a name and a password.
    ///
    /// # Errors
    /// When they cannot be sent to it.
    pub fn login(self, user: &str, password: &str) -> Result<Self, Error> {
        let (protocol, host, port) = (self.inner.protocol(), self.inner.host(), self.inner.port());
        let builder = ureq::Proxy::builder(protocol).host(host).port(port);
        let inner = builder.username(user).password(password).build().map_err(|_| {
            let message = format!("{}: name and password cannot be sent to this proxy", self.source);
            Error::new(Trouble::Address, message)
        })?;
        Ok(Self::of(inner, &self.source))
    }

    fn of(inner: ureq::Proxy, source: &str) -> Self {
        let scheme = inner.protocol().to_string().to_ascii_lowercase();
        let shown = format!("{scheme}://{}:{}", inner.host(), inner.port());
        Self { inner, shown, source: source.to_owned() }
    }

    /// True if it has a name or a password.
    #[must_use]
    pub fn has_login(&self) -> bool {
        self.inner.username().is_some() || self.inner.password().is_some()
    }

    /// Where it was written: a variable's name, or a place in a file.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// How to do without it.
    pub(super) fn without(&self) -> &'static str {
        if self.is_of_environment() {
            "NO_PROXY names hosts that need no proxy"
        } else {
            "`proxy = \"none\"` means that there is none"
        }
    }

    /// Where its name and password belong.
    pub(super) fn login_help(&self) -> String {
        if self.is_of_environment() {
            format!("write http://NAME:PASSWORD@HOST:PORT into {}", self.source)
        } else {
            "name the variables that hold them with `proxy_user_env` and `proxy_password_env`".to_owned()
        }
    }

    fn is_of_environment(&self) -> bool {
        self.source.to_ascii_lowercase().ends_with("_proxy")
    }

    /// True if the connection to the proxy itself is one over TLS.
    pub(super) fn is_secure(&self) -> bool {
        self.inner.protocol() == ProxyProtocol::Https
    }

    /// True if it is a SOCKS proxy.
    pub(super) fn is_socks(&self) -> bool {
        !matches!(self.inner.protocol(), ProxyProtocol::Http | ProxyProtocol::Https)
    }

    pub(super) fn inner(&self) -> ureq::Proxy {
        self.inner.clone()
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.shown, self.source)
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Proxy").field(&self.shown).field(&self.source).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(variables: &[(&str, &str)], url: &str) -> String {
        let variable = |name: &str| {
            let value =
                variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
            Ok(value)
        };
        let uri: ureq::http::Uri = url.parse().unwrap();
        let is_secure = uri.scheme_str() == Some("https");
        let port = uri.port_u16().unwrap_or(if is_secure { 443 } else { 80 });
        match from(&variable, is_secure, uri.host().unwrap(), port) {
            Ok(Some(proxy)) => proxy.to_string(),
            Ok(None) => "direct".to_owned(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn the_environment_names_proxies_as_it_does_for_curl() {
        let all: &[_] =
            &[("HTTP_PROXY", "h:1"), ("https_proxy", "s:2"), ("HTTPS_PROXY", "t:3"), ("ALL_PROXY", "a:4")];
        assert_eq!(found(all, "http://gpu:8188"), "http://h:1 (HTTP_PROXY)");
        assert_eq!(found(all, "https://gpu"), "http://s:2 (https_proxy)");
        assert_eq!(found(&all[3..], "http://gpu"), "http://a:4 (ALL_PROXY)");
        assert_eq!(found(&all[..1], "https://gpu"), "direct");
        let socks = [("all_proxy", "socks5h://me:p%40ss@127.0.0.1:1080")];
        assert_eq!(found(&socks, "https://gpu"), "socks5h://127.0.0.1:1080 (all_proxy)");
    }

    #[test]
    fn loopback_addresses_and_exceptions_need_no_proxy() {
        let proxy = ("ALL_PROXY", "http://p:3128");
        for url in [
            "http://127.0.0.1:8188",
            "http://127.9.9.9",
            "http://[::1]:8188",
            "https://LOCALHOST",
            "http://a.localhost",
        ] {
            assert_eq!(found(&[proxy], url), "direct", "{url}");
        }
        for (list, url, is_direct) in [
            ("*", "http://gpu", true),
            ("gpu.example", "http://gpu.example", true),
            ("gpu.example", "http://a.gpu.example:1", true),
            (".gpu.example", "http://gpu.example", true),
            ("*.gpu.example", "http://a.gpu.example", true),
            ("gpu.example", "http://agpu.example", false),
            ("other, gpu.example.", "https://GPU.example", true),
            ("a b\tgpu", "http://gpu", true),
            ("gpu:8188", "http://gpu:8188", true),
            ("gpu:8188", "http://gpu:8189", false),
            ("10.0.0.0/8", "http://10.200.3.4", true),
            ("10.0.0.0/8", "http://11.0.0.1", false),
            ("192.168.7.1", "http://192.168.7.1:8188", true),
            ("192.168.7.1", "http://192.168.7.10", false),
            ("[fd00::1]:8188", "http://[fd00::1]:8188", true),
            ("fd00::/8", "http://[fd12::9]", true),
            ("0.0.0.0/0", "http://9.9.9.9", true),
            ("::/0", "http://9.9.9.9", false),
            ("1.2.3.4/33", "http://1.2.3.4", false),
            (",, ", "http://gpu", false),
            ("gpu:x", "http://gpu", false),
        ] {
            let direct = found(&[proxy, ("NO_PROXY", list)], url) == "direct";
            assert_eq!(direct, is_direct, "{list} {url}");
        }
    }

    #[test]
    fn what_is_no_proxy_is_refused_without_its_password() {
        for text in [
            "ftp://p",
            "http://",
            "http://u:s3cret@",
            "http://u:s3cret@p:x",
            "http://u:s3cret@p:99999",
            "http://p/path",
            "http://p:",
            "a b",
        ] {
            let error = found(&[("HTTP_PROXY", text)], "http://gpu");
            assert!(error.starts_with("HTTP_PROXY: ") && !error.contains("s3cret"), "{text}: {error}");
        }
        let proxy = Proxy::parse("http://u:s3cret@p:1", "x").unwrap();
        assert!(proxy.has_login());
        assert_eq!(format!("{proxy} {proxy:?}"), "http://p:1 (x) Proxy(\"http://p:1\", \"x\")");
        let proxy = Proxy::parse("[::1]:3128", "x").unwrap().login("a@b", "c:/?d").unwrap();
        assert_eq!((proxy.inner.username(), proxy.inner.password()), (Some("a@b"), Some("c:/?d")));
        assert_eq!(proxy.shown, "http://[::1]:3128");
    }
}
