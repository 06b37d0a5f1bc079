//! Who is trusted, and what is wrong with those who are not.

use std::env;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{AlertDescription, CertificateError, InvalidMessage, RootCertStore};

use super::secure::Tls;
use crate::exec::{Error, Trouble, clock};
use crate::source;

/// The variables that name a file and a folder of authorities, for OpenSSL and many others.
const FILE: &str = "SSL_CERT_FILE";
const FOLDER: &str = "SSL_CERT_DIR";

/// Longest file of certificates, in bytes: all public authorities together have a quarter of a MiB.
const MAX_BYTES: u64 = 16 << 20;

/// Who may have signed a server's certificate.
#[derive(Clone, Debug, Default)]
pub(super) enum Trust {
    /// Whom the environment names; without that, whom this machine trusts; on a machine that trusts nobody, the public
    /// authorities that came with this program.
    #[default]
    Machine,
    /// These, and servers that have one of them.
    Only(Arc<Vec<CertificateDer<'static>>>),
}

impl Trust {
    /// The certificates in a file.
    pub(super) fn only(file: &Path) -> Result<Self, Error> {
        read(file).map(|certificates| Self::Only(Arc::new(certificates)))
    }

    /// What connections are given.
    pub(super) fn tls(&self) -> Result<Tls, Error> {
        let (certificates, own) = match self {
            Self::Only(certificates) => (certificates.to_vec(), Arc::clone(certificates)),
            Self::Machine => (machine()?, Arc::default()),
        };
        let mut roots = RootCertStore::empty();
        // Stores of systems have certificates that nobody can use any more.
        roots.add_parsable_certificates(certificates);
        if roots.is_empty() {
            roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
        Tls::new(roots, own).map_err(|error| Error::new(Trouble::Tls, format!("TLS cannot be used: {error}")))
    }
}

/// The certificates that the environment names, or else those of the system; none if it has none.
fn machine() -> Result<Vec<CertificateDer<'static>>, Error> {
    let named = |name: &str| env::var_os(name).filter(|value| !value.is_empty());
    let (file, folder) = (named(FILE), named(FOLDER));
    if file.is_none() && folder.is_none() {
        return Ok(rustls_native_certs::load_native_certs().certs);
    }
    let mut certificates = Vec::new();
    if let Some(file) = &file {
        certificates.extend(read(Path::new(file)).map_err(|error| {
            let message = format!("{FILE}: {}", error.message);
            Error { message, ..error }
        })?);
    }
    if let Some(folder) = &folder {
        let folder = Path::new(folder);
        let found = rustls_native_certs::load_certs_from_paths(None, Some(folder));
        certificates.extend(found.certs);
        if certificates.is_empty() {
            let why = found.errors.first().map_or(String::new(), |error| format!(": {error}"));
            let message = format!("{FOLDER}: no certificate in {}{why}", folder.display());
            return Err(Error::new(Trouble::Tls, message).help(
                "name the folder that `openssl version -d` prints, with `/certs`, or unset the variable",
            ));
        }
    }
    Ok(certificates)
}

/// The certificates of a PEM file.
fn read(file: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let refused = |what: &str| Error::new(Trouble::File, format!("{}: {what}", file.display()));
    let bytes =
        source::read_capped(file, MAX_BYTES).map_err(|error| Error::new(Trouble::File, error.to_string()))?;
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(&bytes)
        .collect::<Result<_, _>>()
        .map_err(|_| refused("what stands between `-----BEGIN` and `-----END` is damaged"))?;
    let mut store = RootCertStore::empty();
    for (number, certificate) in certificates.iter().enumerate() {
        if let Err(error) = store.add(certificate.clone()) {
            let why = match error {
                rustls::Error::InvalidCertificate(CertificateError::BadEncoding) => {
                    "it is damaged".to_owned()
                }
                error => error.to_string(),
            };
            return Err(refused(&format!("certificate {} cannot be used: {why}", number + 1)));
        }
    }
    if !certificates.is_empty() {
        return Ok(certificates);
    }
    let has_key = String::from_utf8_lossy(&bytes).contains("PRIVATE KEY-----");
    Err(if has_key {
        refused("a private key, and no certificate").help("name the file with the certificate")
    } else if bytes.is_empty() {
        refused("the file is empty")
    } else if std::str::from_utf8(&bytes).is_err() {
        refused("binary, where PEM is expected")
            .help("`openssl x509 -inform der -in FILE -out FILE.pem` makes PEM of a binary certificate")
    } else {
        refused("no certificate: no line is `-----BEGIN CERTIFICATE-----`")
    })
}

/// What is wrong with a secure connection. `whose` is the address, or the proxy's.
pub(super) fn refused(whose: &str, error: &rustls::Error, trust: &Trust) -> Error {
    let refused = |what: String, help: &str| Error::new(Trouble::Tls, format!("{whose}: {what}")).help(help);
    match error {
        rustls::Error::InvalidCertificate(error) => certificate(whose, error, trust),
        rustls::Error::NoCertificatesPresented => {
            refused("the server shows no certificate".to_owned(), "look at the server's settings")
        }
        rustls::Error::InvalidMessage(
            InvalidMessage::InvalidContentType
            | InvalidMessage::UnknownProtocolVersion
            | InvalidMessage::MessageTooLarge,
        )
        | rustls::Error::InappropriateMessage { .. } => no_tls(whose),
        rustls::Error::AlertReceived(AlertDescription::CertificateRequired | AlertDescription::UnknownCA) => {
            refused(
                "the server wants a certificate of this client".to_owned(),
                "there is none to send: let the server ask for a token or a password",
            )
        }
        rustls::Error::AlertReceived(AlertDescription::UnrecognisedName) => refused(
            "the server is not there for this name (TLS alert unrecognized_name)".to_owned(),
            "use the name that its certificate is for",
        ),
        rustls::Error::AlertReceived(
            AlertDescription::ProtocolVersion | AlertDescription::HandshakeFailure,
        )
        | rustls::Error::PeerIncompatible(_) => {
            refused(format!("no kind of TLS in common: {error}"), "the server must speak TLS 1.2 or 1.3")
        }
        rustls::Error::AlertReceived(alert) => {
            refused(format!("the server ends the secure connection: {alert:?}"), "look at the server's log")
        }
        error => refused(
            format!("no secure connection: {error}"),
            "check the address, and whether the server speaks https",
        ),
    }
}

/// What answers in clear text where TLS was expected.
fn no_tls(whose: &str) -> Error {
    Error::new(Trouble::Tls, format!("{whose}: what answers there does not speak TLS"))
        .help("if it speaks plain HTTP, write http:// for https://")
}

/// What is wrong with a certificate.
fn certificate(whose: &str, error: &CertificateError, trust: &Trust) -> Error {
    use CertificateError as Bad;
    let date = |seconds: u64| clock::written(Duration::from_secs(seconds));
    let clocks = "have it renewed on the server, and look whether this machine's clock is right";
    let (what, help) = match error {
        Bad::UnknownIssuer | Bad::BadSignature => {
            let (by, help) = match trust {
                Trust::Machine => (
                    "is not signed by an authority that this machine trusts",
                    "an authority of your own is named by `ca` of the server in wfc.toml, or by SSL_CERT_FILE; over a \
                     tunnel (`ssh -L`), http://127.0.0.1 needs no certificate",
                ),
                Trust::Only(_) => (
                    "is not signed by an authority in the file that `ca` names",
                    "put the certificate of the authority that signed it into that file; `openssl s_client -showcerts \
                     -connect HOST:PORT` shows who did",
                ),
            };
            (by.to_owned(), help.to_owned())
        }
        Bad::ExpiredContext { not_after, .. } => {
            (format!("ended at {}", date(not_after.as_secs())), clocks.to_owned())
        }
        Bad::Expired => ("has ended".to_owned(), clocks.to_owned()),
        Bad::NotValidYetContext { not_before, .. } => (
            format!("begins at {}", date(not_before.as_secs())),
            "look whether this machine's clock is right".to_owned(),
        ),
        Bad::NotValidYet => {
            ("has not begun".to_owned(), "look whether this machine's clock is right".to_owned())
        }
        Bad::NotValidForNameContext { expected, presented } => {
            let names: Vec<_> = presented.iter().map(|name| format!("`{}`", plain(name))).collect();
            let name = expected.to_str();
            let what = if names.is_empty() {
                format!("names no host (it has no subjectAltName), so it is not for `{name}`")
            } else {
                format!("is for {} and not for `{name}`", names.join(", "))
            };
            (
                what,
                "use the address that it is for, or have one made for this name: see docs/run.md, Networks"
                    .to_owned(),
            )
        }
        Bad::NotValidForName => {
            ("is for another host".to_owned(), "use the address that it is for".to_owned())
        }
        Bad::Revoked => ("was revoked".to_owned(), "have it renewed on the server".to_owned()),
        error if error.to_string().contains("CaUsedAsEndEntity") => (
            "is that of an authority, and not of a server".to_owned(),
            "if it is the server's own, name it with `ca` of the server in wfc.toml".to_owned(),
        ),
        error => (format!("is not accepted: {error}"), "have it renewed on the server".to_owned()),
    };
    Error::new(Trouble::Tls, format!("{whose}: the server's certificate {what}")).help(help)
}

/// `DnsName("a.example")` as `a.example`.
fn plain(name: &str) -> &str {
    let inner = name.split_once('(').map_or(name, |(_, rest)| rest.trim_end_matches(')'));
    inner.trim_matches('"')
}
