//! HTTPS in front of a stand-in that speaks plain HTTP, with a certificate of an authority that nobody knows.

use crate::identity::Authority;
use crate::{Error, Result};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::io;
use std::sync::Arc;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use zonewright_double::{Serving, accept};

/// Passes what comes over TLS on to an address. It stops when it is dropped.
pub struct TlsFront {
    address: String,
    authority: String,
    _server: Serving,
}

impl TlsFront {
    /// In front of `host:port`.
    ///
    /// # Errors
    /// When there is no port or no key.
    pub async fn before(address: &str) -> Result<Self> {
        let authority = Authority::new()?;
        let identity = authority.server()?;
        let failed = |source| Error::Io { what: "setting up TLS".to_owned(), source };
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(failed)?;
        let own = listener.local_addr().map_err(failed)?.to_string();
        let acceptor = acceptor(&identity.certificate, &identity.key).map_err(failed)?;
        let address = address.to_owned();
        let server = accept(listener, move |stream| pass_on(stream, acceptor.clone(), address.clone()));
        Ok(Self { address: own, authority: authority.certificate, _server: server })
    }

    /// `host:port` to connect to.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The authority's certificate, PEM.
    pub fn authority(&self) -> &str {
        &self.authority
    }
}

fn acceptor(certificate: &str, key: &str) -> io::Result<TlsAcceptor> {
    let certificate = CertificateDer::from_pem_slice(certificate.as_bytes()).map_err(io::Error::other)?;
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(io::Error::other)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .map_err(io::Error::other)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

async fn pass_on(stream: TcpStream, acceptor: TlsAcceptor, address: String) {
    // Clients that do not trust us hang up, and that is what some tests are about.
    let Ok(mut outside) = acceptor.accept(stream).await else { return };
    let Ok(mut inside) = TcpStream::connect(address).await else { return };
    let _ = copy_bidirectional(&mut outside, &mut inside).await;
}
