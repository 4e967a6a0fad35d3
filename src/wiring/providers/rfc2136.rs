//! The flags for servers that take DNS UPDATE.

use crate::cli::{Config, LoadBalancing};
use crate::wiring::StartError;
use std::num::NonZeroUsize;
use tracing::warn;
use zonewright_provider_rfc2136::{
    Balancing, ConfigError, Rfc2136Config, TlsSettings, TsigKey, system_clock,
};

pub(super) fn config(config: &Config) -> Result<Rfc2136Config, StartError> {
    let settings = &config.providers.rfc2136;
    if settings.gss_tsig {
        return Err(StartError::of(ConfigError::GssTsig));
    }
    if !settings.axfr {
        warn!(
            "--rfc2136-axfr is not set: what exists cannot be read, so that records are added every interval and never updated or \
             deleted after a restart"
        );
    }
    let key = match settings.insecure {
        true => None,
        false => {
            let name = settings.tsig_key_name.as_deref();
            let algorithm = settings.tsig_algorithm.as_deref();
            let key = TsigKey::from_flags(name, settings.tsig_secret.as_ref(), algorithm);
            Some(key.map_err(StartError::of)?)
        }
    };
    Ok(Rfc2136Config {
        hosts: settings.hosts.clone(),
        port: settings.port,
        zones: settings.zones.clone(),
        key,
        reads: settings.axfr,
        min_ttl: settings.min_ttl,
        batch_changes: usize::try_from(settings.batch_change_size).ok().and_then(NonZeroUsize::new),
        balancing: match settings.load_balancing {
            LoadBalancing::Disabled => Balancing::Disabled,
            LoadBalancing::RoundRobin => Balancing::RoundRobin,
            LoadBalancing::Random => Balancing::Random,
        },
        tls: settings.use_tls.then(|| tls(config)).transpose()?,
        requests_per_second: config.own.provider_requests_per_second,
        clock: system_clock(),
    })
}

fn tls(config: &Config) -> Result<TlsSettings, StartError> {
    let general = &config.providers.general;
    let client = match (&general.tls_client_cert, &general.tls_client_cert_key) {
        (Some(certificate), Some(key)) => Some((certificate.clone(), key.clone())),
        (None, None) => None,
        _ => return Err(StartError::of(ConfigError::HalfClient)),
    };
    Ok(TlsSettings {
        ca: general.tls_ca.clone(),
        client,
        skip_verification: config.providers.rfc2136.skip_tls_verify,
    })
}
