//! What went wrong on the way to a server, in words.

use std::io;
use std::time::Duration;

use super::connect::{NoConnection, Way};
use super::proxy::Proxy;
use super::tls;
use crate::exec::{Error, Trouble};

/// How long a server may take to begin its answer: validation of a workflow looks at model files, and `/object_info`
/// lists all of them.
pub(in super::super) const ANSWER: Duration = Duration::from_mins(1);

/// How long an answer may stand still once it has begun.
pub(super) const SILENCE: Duration = Duration::from_mins(1);

/// What was asked.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Asked<'a> {
    /// The server's address, as people are shown it.
    pub(in super::super) base: &'a str,
    /// True if asking twice may do something twice.
    pub(in super::super) is_sent: bool,
}

/// What went wrong.
pub(in super::super) fn failed(error: &ureq::Error, asked: Asked<'_>, way: &Way) -> Error {
    match no_connection(error) {
        Some(error) => no_way(error, asked.base, way),
        None => broken(error, asked, way),
    }
}

fn no_connection(error: &ureq::Error) -> Option<&ureq::Error> {
    match error {
        ureq::Error::Other(other) => other.downcast_ref::<NoConnection>().map(|error| &error.0),
        // Names are looked up before.
        ureq::Error::HostNotFound | ureq::Error::Timeout(ureq::Timeout::Connect | ureq::Timeout::Resolve) => {
            Some(error)
        }
        ureq::Error::Io(io) if is_unknown_host(io) => Some(error),
        _ => None,
    }
}

/// The system's word for it has no kind of its own.
fn is_unknown_host(error: &io::Error) -> bool {
    let text = error.to_string();
    text.contains("failed to lookup address")
        || text.contains("No such host is known")
        || text.contains("os error 11001")
}

/// Nothing was sent.
fn no_way(error: &ureq::Error, base: &str, way: &Way) -> Error {
    let Some(proxy) = &way.proxy else { return unreached(error, base, way) };
    if let ureq::Error::ConnectProxyFailed(why) = error {
        return refused(why, base, proxy);
    }
    let inner = no_connection(error).or_else(|| {
        let is_own = |io: &io::Error| {
            matches!(
                io.kind(),
                io::ErrorKind::ConnectionRefused
                    | io::ErrorKind::HostUnreachable
                    | io::ErrorKind::NetworkUnreachable
            )
        };
        match error {
            ureq::Error::Io(io) => (proxy.is_socks() && is_own(io)).then_some(error),
            _ => None,
        }
    });
    if let Some(inner) = inner {
        let whose = format!("{base}: its proxy {proxy}");
        let error = match tls_error(inner) {
            Some(error) => tls::refused(&whose, error, &way.trust),
            None => unreached(inner, &whose, way),
        };
        return error.help(format!("check {}; {}", proxy.source(), proxy.without()));
    }
    match error {
        ureq::Error::Timeout(_) => {
            let seconds = way.patience.as_secs();
            let message = format!("{base}: no connection through its proxy {proxy} within {seconds} s");
            Error::new(Trouble::Unreachable, message).passing().help(format!("check {}", proxy.source()))
        }
        ureq::Error::Protocol(_) | ureq::Error::LargeResponseHeader(..) => {
            let message = format!("{base}: its proxy {proxy} does not answer as one");
            Error::new(Trouble::Unreachable, message).help(format!("check {}", proxy.source()))
        }
        ureq::Error::Io(io) if proxy.is_socks() && tls_error(error).is_none() => {
            let message = format!("{base}: its proxy {proxy} finds no way there: {io}");
            let kind = if io.kind() == io::ErrorKind::PermissionDenied || io.to_string().contains("auth") {
                Error::new(Trouble::Credentials, message)
            } else {
                Error::new(Trouble::Unreachable, message).passing()
            };
            kind.help("check the address, and the proxy's name and password if it wants them")
        }
        _ => unreached(error, base, way),
    }
}

/// A proxy says no.
fn refused(why: &str, base: &str, proxy: &Proxy) -> Error {
    let status: Option<u16> = why.rsplit_once('/').and_then(|(_, status)| status.parse().ok());
    let Some(status) = status else {
        return Error::new(Trouble::Unreachable, format!("{base}: its proxy {proxy} closed the connection"))
            .passing()
            .help(format!("check {}", proxy.source()));
    };
    match status {
        407 => {
            let what =
                if proxy.has_login() { "refuses name and password" } else { "wants name and password" };
            Error::new(Trouble::Credentials, format!("{base}: its proxy {proxy} {what} (status 407)"))
                .help(proxy.login_help())
        }
        403 | 405 => {
            let message = format!("{base}: its proxy {proxy} lets nobody through to there (status {status})");
            let is_usual = base.starts_with("https") && !base.trim_start_matches("https:").contains(':');
            let help = if is_usual { "" } else { "many proxies let through to https:// on port 443 alone; " };
            Error::new(Trouble::Unreachable, message).help(format!("{help}{}", proxy.without()))
        }
        502..=504 => {
            let message = format!("{base}: its proxy {proxy} cannot reach it (status {status})");
            let help = format!("check the address; {}", proxy.without());
            Error::new(Trouble::Unreachable, message).passing().help(help)
        }
        status => {
            let message = format!("{base}: its proxy {proxy} answers with status {status}");
            let error = Error::new(Trouble::Unreachable, message);
            let error = if status >= 500 { error.passing() } else { error };
            error.help(format!("check {}", proxy.source()))
        }
    }
}

fn is_end(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    matches!(error.kind(), UnexpectedEof | ConnectionReset | ConnectionAborted | BrokenPipe)
}

/// No connection to a host; `whose` is what messages call it.
fn unreached(error: &ureq::Error, whose: &str, way: &Way) -> Error {
    let unreachable = |what: String| Error::new(Trouble::Unreachable, format!("{whose}: {what}")).passing();
    if let Some(error) = tls_error(error) {
        return tls::refused(whose, error, &way.trust);
    }
    match error {
        ureq::Error::HostNotFound => {
            unreachable("there is no host of this name".to_owned()).help("check the address")
        }
        ureq::Error::Io(io) if is_unknown_host(io) => {
            unreachable("there is no host of this name".to_owned()).help("check the address")
        }
        ureq::Error::Timeout(_) => unreachable(format!("no connection within {} s", way.patience.as_secs()))
            .help("is the machine on, and does a firewall let this port through?"),
        ureq::Error::Io(io) if io.kind() == io::ErrorKind::ConnectionRefused => {
            unreachable("nothing listens there".to_owned())
                .help("start ComfyUI (with --listen if it runs on another machine), or check the port")
        }
        ureq::Error::Io(io) if is_end(io) => {
            let (through, help) = match &way.proxy {
                // A server that takes the greeting of TLS for a request may well close.
                None => (String::new(), "if it speaks plain HTTP, write http:// for https://".to_owned()),
                Some(proxy) => (
                    format!(" through its proxy {proxy}"),
                    format!("check the address, and {}", proxy.source()),
                ),
            };
            unreachable(format!("the connection{through} ends before it is secure")).help(help)
        }
        ureq::Error::Io(io) => unreachable(format!("no connection: {io}")),
        ureq::Error::BadUri(_) | ureq::Error::Http(_) => {
            Error::new(Trouble::Address, format!("{whose}: {error}")).help("write http://HOST:PORT")
        }
        ureq::Error::Tls(_) => {
            Error::new(Trouble::Tls, format!("{whose}: a certificate cannot be for such a name"))
                .help("check the address")
        }
        error => unreachable(format!("no connection: {error}")),
    }
}

/// Something was sent, and no whole answer came.
fn broken(error: &ureq::Error, asked: Asked<'_>, way: &Way) -> Error {
    let base = asked.base;
    if let Some(error) = tls_error(error) {
        let error = tls::refused(base, error, &way.trust);
        return Error { may_have_arrived: asked.is_sent, ..error };
    }
    let error = match error {
        ureq::Error::Timeout(_) => {
            Error::new(Trouble::Unreachable, format!("{base}: no answer within {} s", ANSWER.as_secs()))
                .passing()
        }
        ureq::Error::BadUri(_) | ureq::Error::Http(_) => {
            return Error::new(Trouble::Address, format!("{base}: {error}")).help("write http://HOST:PORT");
        }
        ureq::Error::Protocol(_) | ureq::Error::LargeResponseHeader(..) => {
            let help = if base.starts_with("https") {
                "check the address and the port"
            } else {
                "check the port; if it speaks TLS, write https:// for http://"
            };
            let message = format!("{base}: what answers there does not speak HTTP: {error}");
            Error::new(Trouble::NotComfy, message).help(help)
        }
        ureq::Error::Io(io) => {
            Error::new(Trouble::Unreachable, format!("{base}: the connection broke: {io}")).passing()
        }
        error => Error::new(Trouble::Unreachable, format!("{base}: {error}")).passing(),
    };
    Error { may_have_arrived: asked.is_sent, ..error }
}

/// What TLS says, wherever it stands.
fn tls_error(error: &ureq::Error) -> Option<&rustls::Error> {
    let ureq::Error::Io(error) = error else { return None };
    error.get_ref()?.downcast_ref()
}
