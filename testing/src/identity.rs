//! The keys of one API server: a certificate authority, the server's certificate, client certificates for
//! users, and the key that signs service account tokens.

use crate::Result;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};

pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// PEM; what clients trust, and what the server trusts clients by.
    pub(crate) certificate: String,
}

/// A certificate and its key, both PEM.
pub(crate) struct Identity {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

impl Authority {
    pub(crate) fn new() -> Result<Self> {
        let mut params = CertificateParams::new(Vec::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        params.distinguished_name.push(DnType::CommonName, "test authority");
        let key = KeyPair::generate()?;
        let certificate = params.self_signed(&key)?.pem();
        Ok(Authority { issuer: Issuer::new(params, key), certificate })
    }

    pub(crate) fn server(&self) -> Result<Identity> {
        let names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
        self.sign(CertificateParams::new(names)?, "kube-apiserver", ExtendedKeyUsagePurpose::ServerAuth)
    }

    /// The API server takes the common name as the user; there are no groups.
    pub(crate) fn user(&self, name: &str) -> Result<Identity> {
        self.sign(CertificateParams::new(Vec::new())?, name, ExtendedKeyUsagePurpose::ClientAuth)
    }

    fn sign(
        &self,
        mut params: CertificateParams,
        name: &str,
        usage: ExtendedKeyUsagePurpose,
    ) -> Result<Identity> {
        params.distinguished_name.push(DnType::CommonName, name);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![usage];
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?.pem();
        Ok(Identity { certificate, key: key.serialize_pem() })
    }
}

/// A fresh private key and its public key, both PEM.
pub(crate) fn key_pair() -> Result<(String, String)> {
    let key = KeyPair::generate()?;
    Ok((key.serialize_pem(), key.public_key_pem()))
}
