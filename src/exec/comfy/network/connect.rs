//! Connections: name, proxy, TCP and TLS, for requests and sockets alike.

use std::fmt;
use std::io::{self, Read, Write};
use std::sync::{Arc, Weak};
use std::time::Duration;

use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, Resolver as _};
use ureq::unversioned::transport::time::Instant;
use ureq::unversioned::transport::{
    ConnectProxyConnector, ConnectionDetails, Connector as _, NextTimeout, ShutdownHandle, SocksConnector,
    TcpConnector, Transport, TransportAdapter,
};

use super::proxy::Proxy;
use super::secure::Tls;
use super::tls::Trust;
use super::trouble::{ANSWER, SILENCE};
use crate::exec::Error;

/// How long a connection may take, with everything on the way.
const DIRECT: Duration = Duration::from_secs(5);
const THROUGH_MORE: Duration = Duration::from_secs(10);

/// Ends a connection from another thread.
pub(in super::super) type Shutdown = Weak<dyn ShutdownHandle>;

/// A way that many hosts have in common. Clones share connections.
#[derive(Clone, Debug)]
pub(in super::super) struct Way {
    /// Sends requests on this way.
    pub(in super::super) agent: ureq::Agent,
    /// The proxy on it.
    pub(super) proxy: Option<Proxy>,
    /// Who may have signed certificates.
    pub(super) trust: Trust,
    /// How long a connection may take.
    pub(super) patience: Duration,
    connector: Connector,
    is_secure: bool,
}

impl Way {
    pub(super) fn new(is_secure: bool, proxy: Option<Proxy>, trust: &Trust) -> Result<Self, Error> {
        let uses_tls = is_secure || proxy.as_ref().is_some_and(Proxy::is_secure);
        let patience = if uses_tls || proxy.is_some() { THROUGH_MORE } else { DIRECT };
        let tls = if uses_tls { trust.tls()? } else { Tls::none() };
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(patience))
            .timeout_recv_response(Some(ANSWER))
            .timeout_per_read(Some(SILENCE))
            .timeout_per_write(Some(SILENCE))
            .max_redirects(0)
            .user_agent(concat!("wfc/", env!("CARGO_PKG_VERSION")))
            .proxy(proxy.as_ref().map(Proxy::inner))
            .build();
        let chain =
            ().chain(SocksConnector::default())
                .chain(ConnectProxyConnector::default())
                .chain(TcpConnector::default())
                .chain(tls);
        let connector = Connector(Arc::new(chain));
        let agent = ureq::Agent::with_parts(config, connector.clone(), DefaultResolver::default());
        Ok(Self { agent, proxy, trust: trust.clone(), patience, connector, is_secure })
    }

    /// True if it is the way to hosts that are reached so.
    pub(super) fn leads(&self, is_secure: bool, proxy: Option<&Proxy>) -> bool {
        self.is_secure == is_secure && self.proxy.as_ref() == proxy
    }

    /// Opens a connection that is not for HTTP requests. `opened` gets what ends it, before it is whole.
    ///
    /// # Errors
    /// When there is none in time.
    pub(in super::super) fn open(
        &self,
        uri: &Uri,
        limit: Duration,
        opened: impl Fn(Shutdown) + Send + Sync + 'static,
    ) -> Result<Stream, ureq::Error> {
        let timeout = within(self.patience, ureq::Timeout::Connect);
        let config = self.agent.config();
        let resolver = DefaultResolver::default();
        let is_resolved_there = self.proxy.as_ref().is_some_and(|proxy| !proxy.inner().resolve_target());
        let addrs =
            if is_resolved_there { resolver.empty() } else { resolver.resolve(uri, config, timeout)? };
        let connector = self.connector.clone();
        let current_time: Arc<dyn Fn() -> Instant + Send + Sync> = Arc::new(Instant::now);
        let details = ConnectionDetails {
            uri,
            addrs,
            config,
            request_level: false,
            resolver: &resolver,
            now: Instant::now(),
            timeout,
            current_time: Arc::clone(&current_time),
            run_connector: Arc::new(move |details| {
                connector.connect(details, None)?.ok_or(ureq::Error::ConnectionFailed)
            }),
            register_shutdown: Arc::new(move |shutdown| {
                opened(shutdown);
                Ok(())
            }),
        };
        let transport = self.connector.connect(&details, None)?.ok_or(ureq::Error::ConnectionFailed)?;
        Ok(Stream { inner: TransportAdapter::new(transport, current_time), limit })
    }
}

fn within(limit: Duration, reason: ureq::Timeout) -> NextTimeout {
    NextTimeout { after: limit.into(), reason, ..NextTimeout::default() }
}

/// ureq's connections; tells what happens before there is one from what happens on one.
#[derive(Clone, Debug)]
struct Connector(Arc<dyn ureq::unversioned::transport::Connector<Out = Box<dyn Transport>>>);

impl ureq::unversioned::transport::Connector for Connector {
    type Out = Box<dyn Transport>;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<()>,
    ) -> Result<Option<Self::Out>, ureq::Error> {
        self.0.connect(details, chained).map_err(|error| ureq::Error::Other(Box::new(NoConnection(error))))
    }
}

/// Why there is no connection; on the way to a proxy it stands in another one.
#[derive(Debug)]
pub(super) struct NoConnection(pub(super) ureq::Error);

impl fmt::Display for NoConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for NoConnection {}

/// A connection as a stream of bytes, whose reads and writes end after a time.
pub(in super::super) struct Stream {
    inner: TransportAdapter,
    limit: Duration,
}

impl Stream {
    fn timed<T>(&mut self, act: impl FnOnce(&mut TransportAdapter) -> io::Result<T>) -> io::Result<T> {
        self.inner.set_timeout(within(self.limit, ureq::Timeout::Global));
        act(&mut self.inner).map_err(|error| match ureq::Error::from(error) {
            ureq::Error::Timeout(_) => io::ErrorKind::TimedOut.into(),
            other => other.into_io(),
        })
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.timed(|inner| inner.read(buffer))
    }
}

impl Write for Stream {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.timed(|inner| inner.write(buffer))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.timed(TransportAdapter::flush)
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream").finish_non_exhaustive()
    }
}
