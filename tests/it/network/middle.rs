//! What stands before a server: TLS, and proxies.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use base64::Engine as _;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection};

/// Who signs certificates.
pub(super) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub(super) pem: String,
    pub(super) key_pem: String,
    pub(super) der: Vec<u8>,
}

/// A certificate with its key.
pub(super) struct Certified(CertificateDer<'static>, PrivateKeyDer<'static>);

impl Authority {
    pub(super) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "An authority of tests");
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let (pem, der, key_pem) = (certificate.pem(), certificate.der().to_vec(), key.serialize_pem());
        Self { issuer: Issuer::new(params, key), pem, key_pem, der }
    }

    /// A certificate for a server of these names.
    pub(super) fn certify(&self, names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> Certified {
        let mut params =
            CertificateParams::new(names.iter().map(ToString::to_string).collect::<Vec<_>>()).unwrap();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Certified(certificate.der().clone(), PrivatePkcs8KeyDer::from(key.serialize_der()).into())
    }

    /// A certificate that [`Self::certify`] makes, with its PEM text.
    pub(super) fn certify_text(
        &self,
        names: &[&str],
        change: impl FnOnce(&mut CertificateParams),
    ) -> (Certified, String) {
        let certified = self.certify(names, change);
        let body = base64::engine::general_purpose::STANDARD.encode(&certified.0);
        let pem = format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n");
        (certified, pem)
    }

    pub(super) fn good(&self) -> Certified {
        self.certify(&["localhost", "127.0.0.1"], |_| {})
    }
}

/// A certificate that signed itself, with its PEM text.
pub(super) fn self_signed(
    names: &[&str],
    is_ca: bool,
    change: impl FnOnce(&mut CertificateParams),
) -> (Certified, String) {
    let mut params =
        CertificateParams::new(names.iter().map(ToString::to_string).collect::<Vec<_>>()).unwrap();
    if is_ca {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }
    change(&mut params);
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let pem = certificate.pem();
    (Certified(certificate.der().clone(), PrivatePkcs8KeyDer::from(key.serialize_der()).into()), pem)
}

pub(super) fn past(params: &mut CertificateParams) {
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2021, 2, 3);
}

pub(super) fn future(params: &mut CertificateParams) {
    params.not_before = date_time_ymd(2999, 1, 1);
    params.not_after = date_time_ymd(2999, 2, 3);
}

/// A server of these tests.
pub(super) struct Middle {
    pub(super) port: u16,
    seen: Arc<Mutex<Vec<u8>>>,
}

impl Middle {
    /// Handles every connection in a thread of its own.
    fn start(handle: impl Fn(TcpStream, &Mutex<Vec<u8>>) -> Option<()> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (handle, seen) = (Arc::new(handle), Arc::new(Mutex::new(Vec::new())));
        let theirs = Arc::clone(&seen);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (handle, seen) = (Arc::clone(&handle), Arc::clone(&theirs));
                thread::spawn(move || handle(stream, &seen));
            }
        });
        Self { port, seen }
    }

    /// All that clients sent, in clear text.
    pub(super) fn seen(&self) -> String {
        String::from_utf8_lossy(&self.seen.lock().unwrap()).into_owned()
    }

    /// The requests that clients sent: their heads, in small letters.
    pub(super) fn requests(&self) -> Vec<String> {
        let seen = self.seen().to_lowercase();
        let begins = ["get /", "post /"];
        let heads = seen.match_indices(" http/1.1\r\n").map(|(at, _)| {
            let begin = begins.iter().filter_map(|begin| seen[..at].rfind(begin)).max().unwrap();
            let end = seen[at..].find("\r\n\r\n").map_or(seen.len(), |end| at + end);
            seen[begin..end].to_owned()
        });
        heads.collect()
    }

    /// TLS before a server that has none.
    pub(super) fn tls(backend: &str, Certified(certificate, key): Certified) -> Self {
        let backend = backend.trim_start_matches("http://").to_owned();
        let config =
            ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certificate], key).unwrap();
        let config = Arc::new(config);
        Self::start(move |client, seen| {
            let back = TcpStream::connect(&backend).ok()?;
            let connection = Mutex::new(ServerConnection::new(Arc::clone(&config)).ok()?);
            thread::scope(|scope| {
                scope.spawn(|| seal(&back, &client, &connection));
                unseal(&client, &back, &connection, seen)
            })
        })
    }

    /// Stands before a server in clear text, and leads some requests elsewhere: the begin of method and path, and the place
    /// that takes the rest.
    pub(super) fn leading(backend: &str, elsewhere: &[(&str, String)]) -> Self {
        let backend = backend.trim_start_matches("http://").to_owned();
        let elsewhere: Vec<_> =
            elsewhere.iter().map(|(begin, to)| ((*begin).to_owned(), to.clone())).collect();
        Self::start(move |mut client, seen| {
            let head = head(&mut client)?;
            seen.lock().unwrap().extend_from_slice(head.as_bytes());
            if let Some((begin, to)) = elsewhere.iter().find(|(begin, _)| head.starts_with(begin)) {
                let rest = head[begin.len()..].split(' ').next()?;
                let small = head.to_lowercase();
                let length =
                    small.split_once("content-length: ").and_then(|(_, rest)| rest.split("\r\n").next());
                let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
                client.read_exact(&mut body).ok()?;
                return says(&client, &format!("302 Found\r\nconnection: close\r\nlocation: {to}{rest}"));
            }
            let mut back = TcpStream::connect(&backend).ok()?;
            // A connection for each request, so that all are seen.
            let close = if head.contains("pgrade") { "" } else { "connection: close\r\n" };
            back.write_all(head.replacen("\r\n", &format!("\r\n{close}"), 1).as_bytes()).ok()?;
            tunnel(&client, &back);
            Some(())
        })
    }

    /// A proxy that makes tunnels, for those with this login if there is one.
    pub(super) fn proxy(login: Option<&'static str>) -> Self {
        Self::start(move |mut client, seen| {
            let head = head(&mut client)?;
            seen.lock().unwrap().extend_from_slice(head.as_bytes());
            let target = head.strip_prefix("CONNECT ")?.split(' ').next()?.to_owned();
            let is_let_in = login.is_none_or(|login| {
                let wanted = base64::engine::general_purpose::STANDARD.encode(login);
                head.contains(&format!("Proxy-Authorization: Basic {wanted}\r\n"))
            });
            if !is_let_in {
                return says(&client, "407 Proxy Authentication Required");
            }
            match TcpStream::connect(target) {
                Ok(back) => {
                    client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").ok()?;
                    tunnel(&client, &back);
                    Some(())
                }
                Err(_) => says(&client, "502 Bad Gateway"),
            }
        })
    }

    /// A proxy, or a server, that takes all and says nothing.
    pub(super) fn silent() -> Self {
        Self::start(|mut client, seen| {
            let mut byte = [0];
            while client.read_exact(&mut byte).is_ok() {
                seen.lock().unwrap().push(byte[0]);
            }
            None
        })
    }

    /// A proxy that says this to whatever it is asked for.
    pub(super) fn refusing(status: &'static str) -> Self {
        Self::start(move |mut client, seen| {
            seen.lock().unwrap().extend_from_slice(head(&mut client)?.as_bytes());
            says(&client, status)
        })
    }

    /// A SOCKS 5 proxy, for those with this name and password if there are some.
    pub(super) fn socks(login: Option<(&'static str, &'static str)>) -> Self {
        Self::start(move |mut client, seen| {
            let byte = |client: &mut TcpStream, count: usize| {
                let mut bytes = vec![0; count];
                client.read_exact(&mut bytes).ok().map(|()| bytes)
            };
            let methods = usize::from(byte(&mut client, 2)?[1]);
            let methods = byte(&mut client, methods)?;
            if let Some((user, password)) = login {
                if !methods.contains(&2) {
                    return client.write_all(&[5, 255]).ok();
                }
                client.write_all(&[5, 2]).ok()?;
                let length = usize::from(byte(&mut client, 2)?[1]);
                let name = byte(&mut client, length)?;
                let length = usize::from(byte(&mut client, 1)?[0]);
                let is_right = (name, byte(&mut client, length)?) == (user.into(), password.into());
                client.write_all(&[1, u8::from(!is_right)]).ok()?;
                if !is_right {
                    return None;
                }
            } else {
                client.write_all(&[5, 0]).ok()?;
            }
            let host = match byte(&mut client, 4)?[3] {
                1 => {
                    let address: [u8; 4] = byte(&mut client, 4)?.try_into().ok()?;
                    std::net::Ipv4Addr::from(address).to_string()
                }
                3 => {
                    let length = usize::from(byte(&mut client, 1)?[0]);
                    String::from_utf8(byte(&mut client, length)?).ok()?
                }
                _ => return client.write_all(&[5, 8, 0, 1, 0, 0, 0, 0, 0, 0]).ok(),
            };
            let port = u16::from_be_bytes(byte(&mut client, 2)?.try_into().ok()?);
            seen.lock().unwrap().extend_from_slice(format!("SOCKS {host}:{port}\n").as_bytes());
            match TcpStream::connect((&*host, port)) {
                Ok(back) => {
                    client.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).ok()?;
                    tunnel(&client, &back);
                    Some(())
                }
                Err(_) => client.write_all(&[5, 5, 0, 1, 0, 0, 0, 0, 0, 0]).ok(),
            }
        })
    }
}

/// The head of a request.
fn head(client: &mut TcpStream) -> Option<String> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        client.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    String::from_utf8(head).ok()
}

fn says(mut client: &TcpStream, status: &str) -> Option<()> {
    client.write_all(format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n").as_bytes()).ok()
}

fn tunnel(client: &TcpStream, back: &TcpStream) {
    thread::scope(|scope| {
        scope.spawn(|| copy(client, back));
        copy(back, client);
    });
}

fn copy(mut from: &TcpStream, mut to: &TcpStream) {
    let _ = std::io::copy(&mut from, &mut to);
    let _ = to.shutdown(Shutdown::Write);
}

/// From a client with TLS to the server.
fn unseal(
    mut client: &TcpStream,
    mut back: &TcpStream,
    connection: &Mutex<ServerConnection>,
    seen: &Mutex<Vec<u8>>,
) -> Option<()> {
    let mut bytes = [0; 16 << 10];
    loop {
        let length = client.read(&mut bytes).unwrap_or(0);
        let mut rest = &bytes[..length];
        let mut clear = Vec::new();
        let is_good = {
            let mut connection = connection.lock().unwrap();
            let mut is_good = length > 0;
            while is_good && !rest.is_empty() {
                is_good = connection.read_tls(&mut rest).is_ok() && connection.process_new_packets().is_ok();
                let _ = connection.reader().read_to_end(&mut clear);
            }
            while connection.wants_write() && connection.write_tls(&mut client).is_ok() {}
            is_good
        };
        seen.lock().unwrap().extend_from_slice(&clear);
        if !is_good || back.write_all(&clear).is_err() {
            let _ = back.shutdown(Shutdown::Both);
            let _ = client.shutdown(Shutdown::Both);
            return None;
        }
    }
}

/// From the server to a client with TLS.
fn seal(mut back: &TcpStream, mut client: &TcpStream, connection: &Mutex<ServerConnection>) {
    let mut bytes = [0; 16 << 10];
    loop {
        let length = back.read(&mut bytes).unwrap_or(0);
        let mut connection = connection.lock().unwrap();
        if length == 0 {
            connection.send_close_notify();
        }
        let _ = connection.writer().write_all(&bytes[..length]);
        while connection.wants_write() && connection.write_tls(&mut client).is_ok() {}
        if length == 0 {
            let _ = client.shutdown(Shutdown::Write);
            return;
        }
    }
}
