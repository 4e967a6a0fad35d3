//! `zonewright rbac`: the roles that a daemon with these flags needs, for those who do without the chart.

use super::output;
use crate::cli::Config;
use crate::kubernetes::permissions::{ServiceAccount, manifests, permissions};
use crate::wiring;

pub(super) fn run(config: &Config, account: &ServiceAccount) -> u8 {
    match wiring::sources(config) {
        Ok(sources) => {
            let permissions = permissions(config, &sources.caches, &account.namespace);
            u8::from(!output::text(&manifests(&permissions, account)))
        }
        Err(error) => {
            output::message(&format!("error: {error}"), false);
            1
        }
    }
}
