//! How hosts are reached: directly or through a proxy, in clear text or over TLS. Requests and sockets take the same way.

mod connect;
pub mod proxy;
mod secure;
mod tls;
mod trouble;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use ureq::http::Uri;

use self::connect::Way;
pub(super) use self::connect::{Shutdown, Stream};
use self::proxy::{Choice, Proxy};
use self::tls::Trust;
pub(super) use self::trouble::{Asked, failed};
use crate::exec::{Error, Trouble};

/// What holds for all connections of a client. Clones share connections.
#[derive(Clone, Debug, Default)]
pub struct Network {
    choice: Choice,
    trust: Trust,
    ways: Arc<Mutex<Vec<Way>>>,
}

impl Network {
    /// Proxies as the environment names them (`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`), and the authorities
    /// that this machine trusts, or those of `SSL_CERT_FILE` and `SSL_CERT_DIR`.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same, with one proxy for all hosts, or none for any, whatever the environment says.
    #[must_use]
    pub fn proxy(self, proxy: Option<Proxy>) -> Self {
        Self { choice: Choice::Fixed(proxy.map(Box::new)), ways: Arc::default(), ..self }
    }

    /// The same, where nothing is trusted but what the certificates of a PEM file have signed.
    ///
    /// # Errors
    /// When the file cannot be read, or has no certificate that can be used.
    pub fn authorities(self, file: &Path) -> Result<Self, Error> {
        Ok(Self { trust: Trust::only(file)?, ways: Arc::default(), ..self })
    }

    /// The way to the host of a URL.
    pub(super) fn way(&self, uri: &Uri) -> Result<Way, Error> {
        let is_secure = uri.scheme_str() == Some("https");
        let Some(host) = uri.host() else {
            return Err(Error::new(Trouble::Address, format!("`{uri}` names no host")));
        };
        let port = uri.port_u16().unwrap_or(if is_secure { 443 } else { 80 });
        let proxy = self.choice.proxy(is_secure, host, port)?;
        let mut ways = self.ways.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(way) = ways.iter().find(|way| way.leads(is_secure, proxy.as_ref())) {
            return Ok(way.clone());
        }
        let way = Way::new(is_secure, proxy, &self.trust)?;
        ways.push(way.clone());
        Ok(way)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_shows_no_password() {
        let proxy = Proxy::parse("http://me:s3cret@proxy:3128", "HTTP_PROXY").unwrap();
        let network = Network::new().proxy(Some(proxy));
        for url in ["http://gpu:8188", "https://gpu"] {
            let way = network.way(&url.parse().unwrap()).unwrap();
            let shown = format!("{way:?} {:?} {network:?}", way.agent);
            assert!(shown.contains("http://proxy:3128") && !shown.contains("s3cret"), "{shown}");
        }
    }
}
