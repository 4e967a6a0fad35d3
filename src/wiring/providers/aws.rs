//! How to get into AWS, for all that is there.

use super::ProviderRecorders;
use crate::cli::Config;
use zonewright_aws_config::Access;

/// Who asks, how often again, and who is told.
pub(in crate::wiring) fn access(config: &Config, recorders: &ProviderRecorders) -> Access {
    let settings = &config.providers.aws;
    Access {
        profiles: settings.profiles.clone(),
        assume_role: settings.assume_role.clone(),
        external_id: settings.assume_role_external_id.clone(),
        attempts: settings.api_retries,
        requests_per_second: config.own.provider_requests_per_second,
        recorder: recorders.others.clone(),
    }
}
