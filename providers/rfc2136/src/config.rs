//! What flags say, already checked.

use crate::client::Clock;
use crate::servers::Balancing;
use crate::tls::{TlsError, TlsSettings};
use crate::tsig::{TsigAlgorithm, TsigKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use zonewright_planner::{DnsName, NameError};

/// Settings of the provider.
pub struct Rfc2136Config {
    /// `--rfc2136-host`: primary servers that have the same zones.
    pub hosts: Vec<String>,
    /// `--rfc2136-port`.
    pub port: u16,
    /// `--rfc2136-zone`; none for the root zone.
    pub zones: Vec<String>,
    /// What messages are signed with; `None` with `--rfc2136-insecure`.
    pub key: Option<TsigKey>,
    /// `--rfc2136-axfr`: whether what exists is read.
    pub reads: bool,
    /// `--rfc2136-min-ttl`.
    pub min_ttl: Duration,
    /// `--rfc2136-batch-change-size`: changes in one message, as far as they fit.
    pub batch_changes: Option<NonZeroUsize>,
    /// `--rfc2136-load-balancing-strategy`.
    pub balancing: Balancing,
    /// `--rfc2136-use-tls` and what belongs to it.
    pub tls: Option<TlsSettings>,
    /// `--provider-requests-per-second`.
    pub requests_per_second: Option<f64>,
    /// What time it is: signatures say it.
    pub clock: Clock,
}

impl fmt::Debug for Rfc2136Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { hosts, port, zones, key, .. } = self;
        let key = key.as_ref();
        write!(f, "Rfc2136Config {{ hosts: {hosts:?}, port: {port}, zones: {zones:?}, key: {key:?}, .. }}")
    }
}

/// Why there can be no provider. The message names the flag.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// There is nobody to talk to.
    #[error("--rfc2136-host is needed: the primary server of the zones")]
    NoHost,
    /// There is no port.
    #[error("--rfc2136-port is needed: usually 53, or 853 with --rfc2136-use-tls")]
    NoPort,
    /// A zone is no name.
    #[error("--rfc2136-zone: {0}")]
    Zone(#[from] NameError),
    /// A key is needed and there is no name.
    #[error("--rfc2136-tsig-keyname is needed, or --rfc2136-insecure for messages without a signature")]
    NoKeyName,
    /// The name of the key is none.
    #[error("--rfc2136-tsig-keyname: {0:?} is not a DNS name, as the name of a key is")]
    KeyName(String),
    /// A key is needed and there is no secret.
    #[error("--rfc2136-tsig-secret is needed, or --rfc2136-insecure for messages without a signature")]
    NoSecret,
    /// The secret cannot be decoded. The text does not show it.
    #[error("--rfc2136-tsig-secret is not base64, as the servers' key files have it")]
    Secret,
    /// There is no such algorithm.
    #[error("--rfc2136-tsig-secret-alg: {0}")]
    Algorithm(String),
    /// Kerberos.
    #[error(
        "--rfc2136-gss-tsig is not supported: no maintained library speaks Kerberos without the system's own; use a TSIG key \
         (--rfc2136-tsig-keyname, --rfc2136-tsig-secret, --rfc2136-tsig-secret-alg)"
    )]
    GssTsig,
    /// Files of TLS.
    #[error("--rfc2136-use-tls: {0}")]
    Tls(#[from] TlsError),
    /// One without the other.
    #[error("--tls-client-cert and --tls-client-cert-key are needed both, or none")]
    HalfClient,
    /// Zero or less.
    #[error("--rfc2136-batch-change-size has to be at least 1")]
    BatchSize,
}

impl TsigKey {
    /// A key as the flags give it.
    ///
    /// # Errors
    /// What is missing or wrong. No message shows the secret.
    pub fn from_flags(
        name: Option<&str>,
        secret: Option<&SecretString>,
        algorithm: Option<&str>,
    ) -> Result<Self, ConfigError> {
        let algorithm = algorithm.unwrap_or_default();
        let algorithm = TsigAlgorithm::parse(algorithm).map_err(ConfigError::Algorithm)?;
        let name = name.ok_or(ConfigError::NoKeyName)?;
        let secret = secret.ok_or(ConfigError::NoSecret)?;
        let bytes = STANDARD.decode(secret.expose_secret().trim()).map_err(|_| ConfigError::Secret)?;
        if bytes.is_empty() {
            return Err(ConfigError::NoSecret);
        }
        Self::new(name, algorithm, SecretSlice::from(bytes))
            .ok_or_else(|| ConfigError::KeyName(name.to_owned()))
    }
}

/// The clock of this machine.
pub fn system_clock() -> Clock {
    Arc::new(|| SystemTime::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs()))
}

/// The zones, each once; `None` is the root.
pub(crate) fn zone_names(texts: &[String]) -> Result<Vec<Option<DnsName>>, NameError> {
    let parse = |text: &String| match text.trim() {
        "." | "" => Ok(None),
        text => DnsName::parse(text).map(Some),
    };
    let mut names = texts.iter().map(parse).collect::<Result<Vec<_>, _>>()?;
    if names.is_empty() {
        names.push(None);
    }
    names.sort();
    names.dedup();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn secret(text: &str) -> SecretString {
        text.to_owned().into()
    }

    #[rstest]
    #[case(None, Some("c2VjcmV0"), Some("hmac-sha256"), "--rfc2136-tsig-keyname")]
    #[case(Some("key"), None, Some("hmac-sha256"), "--rfc2136-tsig-secret is needed")]
    #[case(Some("key"), Some("c2VjcmV0"), None, "--rfc2136-tsig-secret-alg")]
    #[case(Some("key"), Some("c2VjcmV0"), Some("hmac-md5"), "MD5")]
    #[case(Some("key"), Some("no base64!"), Some("hmac-sha1"), "not base64")]
    #[case(Some("a..b"), Some("c2VjcmV0"), Some("hmac-sha1"), "a..b")]
    fn what_is_wrong_with_a_key_is_said_without_its_secret(
        #[case] name: Option<&str>,
        #[case] text: Option<&str>,
        #[case] algorithm: Option<&str>,
        #[case] part: &str,
    ) {
        let error = TsigKey::from_flags(name, text.map(secret).as_ref(), algorithm).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
        assert!(!error.contains("no base64!") && !error.contains("c2Vj"), "{error}");
    }

    #[test]
    fn zones_are_taken_with_or_without_their_last_dot() {
        let zones = |texts: &[&str]| {
            let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
            let names = zone_names(&texts).unwrap();
            names
                .into_iter()
                .map(|name| name.map_or(".".to_owned(), |name| name.to_string()))
                .collect::<Vec<_>>()
        };
        assert_eq!(zones(&["Example.org.", "example.org", "a.org"]), ["a.org", "example.org"]);
        assert_eq!(zones(&[]), ["."]);
        assert_eq!(zones(&["."]), ["."]);
        assert!(zone_names(&["a b".to_owned()]).is_err());
    }
}
