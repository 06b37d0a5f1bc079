//! Where a server leads to in place of an answer: storage that has its outputs, or a page that asks for a login.

use ureq::http::{Response, Uri};

use crate::exec::{Error, Trouble};

/// So many times in a row at most.
pub(super) const MOST: usize = 4;

/// A URL in parts.
pub(super) fn uri(url: &str) -> Result<Uri, Error> {
    url.parse().map_err(|error| {
        Error::new(Trouble::Address, format!("`{}` is no address: {error}", shown(url)))
            .help("write http://HOST:PORT")
    })
}

/// The URL that an answer leads to, if it does.
pub(super) fn next<B>(response: &Response<B>, url: &str) -> Result<Option<String>, Error> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let location =
        response.headers().get("location").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (from, bad) = (uri(url)?, |what: &str| {
        Error::new(Trouble::NotComfy, format!("{}: the server leads to {what}", shown(url)))
            .help("is this ComfyUI's address?")
    });
    let next = joined(&from, location.trim()).ok_or_else(|| bad("no address"))?;
    let to = uri(&next).map_err(|_| bad("what is no address"))?;
    match (from.scheme_str(), to.scheme_str()) {
        (Some("https"), Some("http")) => Err(bad(&format!("{}, without TLS", place(&to)))),
        (_, Some("http" | "https")) => Ok(Some(next)),
        _ => Err(bad("what is neither http nor https")),
    }
}

/// A reference as a URL, from where it was found.
fn joined(from: &Uri, reference: &str) -> Option<String> {
    let (scheme, authority) = (from.scheme_str()?, from.authority()?);
    let reference = reference.split('#').next()?;
    let begin = reference.split(['/', '?']).next()?;
    Some(if reference.is_empty() {
        return None;
    } else if begin.contains(':') {
        reference.to_owned()
    } else if let Some(rest) = reference.strip_prefix("//") {
        format!("{scheme}://{rest}")
    } else if reference.starts_with('/') {
        format!("{scheme}://{authority}{reference}")
    } else if reference.starts_with('?') {
        format!("{scheme}://{authority}{}{reference}", from.path())
    } else {
        let folder = from.path().rsplit_once('/').map_or("", |(folder, _)| folder);
        format!("{scheme}://{authority}{folder}/{reference}")
    })
}

/// True for two URLs of one server: scheme, host and port are the same.
pub(super) fn is_same_place(a: &Uri, b: &Uri) -> bool {
    let parts = |uri: &Uri| {
        let is_secure = uri.scheme_str() == Some("https");
        let port = uri.port_u16().unwrap_or(if is_secure { 443 } else { 80 });
        (is_secure, uri.host().map(str::to_ascii_lowercase), port)
    };
    parts(a) == parts(b)
}

/// `https://host:port` of a URL.
pub(super) fn place(uri: &Uri) -> String {
    let port = uri.port_u16().map_or(String::new(), |port| format!(":{port}"));
    format!("{}://{}{port}", uri.scheme_str().unwrap_or("http"), uri.host().unwrap_or_default())
}

/// What can be shown of a URL that a server made: neither login nor query, which may be a signature.
pub(super) fn shown(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    format!("{scheme}://{host}{path}")
}

/// What is wrong where a request that changes something is sent elsewhere.
pub(super) fn elsewhere(url: &str, next: &str) -> Error {
    Error::new(Trouble::NotComfy, format!("{}: the server sends requests to {}", shown(url), shown(next)))
        .help("use the address that it leads to; if that is a login page, name a token or password")
}

/// What is wrong where one place leads to the next without end.
pub(super) fn endless(url: &str) -> Error {
    Error::new(
        Trouble::NotComfy,
        format!("{}: the server leads elsewhere more than {MOST} times", shown(url)),
    )
    .help("use the address that it leads to")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_joined_to_where_they_are_found() {
        let from = "https://a.example:8/x/y?z".parse().unwrap();
        for (reference, url) in [
            ("/b?c", "https://a.example:8/b?c"),
            ("b", "https://a.example:8/x/b"),
            ("?c", "https://a.example:8/x/y?c"),
            ("//b.example/c#d", "https://b.example/c"),
            ("http://b.example", "http://b.example"),
        ] {
            assert_eq!(joined(&from, reference).as_deref(), Some(url));
        }
        assert_eq!(joined(&from, ""), None);
        assert_eq!(shown("https://me:pw@b.example/c?X-Signature=1"), "https://b.example/c");
    }

    #[test]
    fn a_place_is_scheme_host_and_port() {
        for (a, b, same) in [
            ("https://A.example/x", "https://a.example:443", true),
            ("http://a.example", "https://a.example", false),
            ("http://a.example", "http://a.example:81", false),
            ("http://a.example", "http://b.a.example", false),
        ] {
            assert_eq!(is_same_place(&a.parse().unwrap(), &b.parse().unwrap()), same, "{a} {b}");
        }
    }
}
