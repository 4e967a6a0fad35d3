//! DNS over TLS (RFC 7858): whom to trust and who we are.
//!
//! Files are looked at again for each new connection and read again when they have changed, so that certificates can be renewed under
//! a running program.

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// What the flags say of TLS.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TlsSettings {
    /// `--tls-ca`: whom to trust; `None` for the authorities of the system.
    pub ca: Option<PathBuf>,
    /// `--tls-client-cert` and `--tls-client-cert-key`.
    pub client: Option<(PathBuf, PathBuf)>,
    /// `--rfc2136-skip-tls-verify`.
    pub skip_verification: bool,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be used.
    #[error("{path}: {problem}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        problem: String,
    },
    /// The system has no authorities.
    #[error("the system has no CA certificates; give some by --tls-ca{0}")]
    NoAuthorities(String),
    /// The host cannot stand in a certificate.
    #[error("{0:?} is neither a host name nor an address")]
    Host(String),
    /// Certificate and key do not go together, say.
    #[error(transparent)]
    Settings(#[from] rustls::Error),
    /// The server's certificate was refused, or ours was, or it does not speak TLS.
    #[error(transparent)]
    Handshake(#[from] io::Error),
}

/// What was read, and from files of which times.
struct Loaded {
    times: Vec<Option<SystemTime>>,
    config: Arc<ClientConfig>,
}

/// Makes connections.
pub(crate) struct Tls {
    settings: TlsSettings,
    current: Mutex<Option<Loaded>>,
}

impl Tls {
    /// Reads the files for the first time.
    pub(crate) fn new(settings: TlsSettings) -> Result<Self, TlsError> {
        let tls = Self { settings, current: Mutex::default() };
        tls.config()?;
        Ok(tls)
    }

    pub(crate) async fn connect(
        &self,
        host: &str,
        stream: TcpStream,
    ) -> Result<TlsStream<TcpStream>, TlsError> {
        let name = ServerName::try_from(host.to_owned()).map_err(|_| TlsError::Host(host.to_owned()))?;
        Ok(TlsConnector::from(self.config()?).connect(name, stream).await?)
    }

    fn config(&self) -> Result<Arc<ClientConfig>, TlsError> {
        let times = self.settings.files().map(|path| path.metadata().and_then(|file| file.modified()).ok());
        let times: Vec<_> = times.collect();
        // Nothing here leaves it half-done.
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(loaded) = current.as_ref()
            && loaded.times == times
        {
            return Ok(loaded.config.clone());
        }
        let config = Arc::new(self.settings.load()?);
        *current = Some(Loaded { times, config: config.clone() });
        Ok(config)
    }
}

impl TlsSettings {
    fn files(&self) -> impl Iterator<Item = &Path> {
        let client = self.client.iter().flat_map(|(certificate, key)| [certificate, key]);
        self.ca.iter().chain(client).map(PathBuf::as_path)
    }

    fn load(&self) -> Result<ClientConfig, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let builder =
            ClientConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions()?;
        let builder = if self.skip_verification {
            builder.dangerous().with_custom_certificate_verifier(Arc::new(Anybody(provider)))
        } else {
            builder.with_root_certificates(self.authorities()?)
        };
        let mut config = match &self.client {
            Some((certificate, key)) => {
                let wrong = |error| file_error(key, &error);
                let private = PrivateKeyDer::from_pem_file(key).map_err(wrong)?;
                builder.with_client_auth_cert(certificates(certificate)?, private)?
            }
            None => builder.with_no_client_auth(),
        };
        // RFC 7858 has none; servers that look at it at all want this one.
        config.alpn_protocols = vec![b"dot".to_vec()];
        Ok(config)
    }

    fn authorities(&self) -> Result<RootCertStore, TlsError> {
        let mut roots = RootCertStore::empty();
        if let Some(path) = &self.ca {
            for certificate in certificates(path)? {
                roots.add(certificate)?;
            }
            return Ok(roots);
        }
        let found = rustls_native_certs::load_native_certs();
        roots.add_parsable_certificates(found.certs);
        if roots.is_empty() {
            let why = found.errors.first().map(|error| format!(" ({error})")).unwrap_or_default();
            return Err(TlsError::NoAuthorities(why));
        }
        Ok(roots)
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let wrong = |error| file_error(path, &error);
    let read: Vec<_> =
        CertificateDer::pem_file_iter(path).map_err(wrong)?.collect::<Result<_, _>>().map_err(wrong)?;
    if read.is_empty() {
        let problem = "there is no certificate in it (PEM)".to_owned();
        return Err(TlsError::File { path: path.to_owned(), problem });
    }
    Ok(read)
}

fn file_error(path: &Path, error: &rustls::pki_types::pem::Error) -> TlsError {
    TlsError::File { path: path.to_owned(), problem: error.to_string() }
}

/// Trusts whoever answers: `--rfc2136-skip-tls-verify`. Signatures of the handshake are checked all the same.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
