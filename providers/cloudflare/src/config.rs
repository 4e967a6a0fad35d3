//! What flags and environment say, already checked.

use std::fmt;
use std::time::Duration;
use zonewright_planner::DomainFilter;
use zonewright_provider_http::{Secret, SecretSource, Url, parse_base_url};
use zonewright_provider_kit::RequestRecorder;

/// Where the service is when `CLOUDFLARE_BASE_URL` says nothing.
const BASE_URL: &str = "https://api.cloudflare.com/client/v4";

/// An account gets 1200 requests in five minutes (<https://developers.cloudflare.com/fundamentals/api/reference/limits/>), its
/// dashboard included.
pub const DEFAULT_REQUESTS_PER_SECOND: f64 = 4.0;

/// The most records that one page of a listing has, as the ExternalDNS tutorial says.
pub const LARGEST_PAGE: u32 = 5000;

/// Settings of the provider.
#[derive(Debug)]
pub struct CloudflareConfig {
    /// How to get in.
    pub access: Access,
    /// `--zone-id-filter`: exactly these zones; none for all that the credentials can see.
    pub zone_ids: Vec<String>,
    /// `--domain-filter` and its siblings, tested against names of zones where there are no ids.
    pub domains: DomainFilter,
    /// `--cloudflare-dns-records-per-page`, at most [`LARGEST_PAGE`].
    pub records_per_page: u32,
    /// `--cloudflare-proxied`.
    pub proxied: bool,
    /// `--cloudflare-record-comment`.
    pub comment: Option<String>,
    /// `--cloudflare-custom-hostnames` and what belongs to it; `None` where they are not managed.
    pub custom_hostnames: Option<CustomHostnames>,
    /// `--cloudflare-regional-services`, with the region of `--cloudflare-region-key` (empty for none); `None` where they are not
    /// managed.
    pub regional_services: Option<String>,
    /// What annotations of this provider begin with: their full names are the names of properties.
    pub annotation_prefix: String,
    /// `--batch-change-size`: operations in one request; `None` for as many as the zone's plan allows.
    pub batch_changes: Option<u32>,
    /// `--batch-change-interval`: the pause between the requests of one zone.
    pub batch_interval: Duration,
}

/// How custom hostnames are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomHostnames {
    /// `--cloudflare-custom-hostnames-min-tls-version`.
    pub min_tls_version: String,
    /// `--cloudflare-custom-hostnames-certificate-authority`; `None` for Cloudflare's choice.
    pub certificate_authority: Option<String>,
}

/// How to get in, and how often.
#[derive(Debug)]
pub struct Access {
    /// Where the service is.
    pub base: Url,
    /// What it wants to see.
    pub credentials: Credentials,
    /// `--provider-requests-per-second`.
    pub requests_per_second: Option<f64>,
    /// Is told of every request.
    pub recorder: RequestRecorder,
}

/// Who asks.
#[derive(Debug)]
pub enum Credentials {
    /// An API token: `CF_API_TOKEN`.
    Token(Secret),
    /// The key of a whole account, and the address of its owner: `CF_API_KEY` and `CF_API_EMAIL`.
    Key {
        /// The key.
        key: Secret,
        /// The address.
        email: Secret,
    },
}

/// Why there can be no provider. The message names the variable.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0}")]
pub struct EnvironmentError(String);

impl Access {
    /// Reads the environment, as ExternalDNS does.
    ///
    /// # Errors
    /// When there are no credentials, or the address of the service cannot be used.
    pub fn from_environment(variable: impl Fn(&str) -> Option<String>) -> Result<Self, EnvironmentError> {
        let base = variable("CLOUDFLARE_BASE_URL").filter(|url| !url.trim().is_empty());
        let base = parse_base_url(base.as_deref().unwrap_or(BASE_URL))
            .map_err(|error| EnvironmentError(format!("CLOUDFLARE_BASE_URL: {error}")))?;
        let secret = |name: &'static str| {
            variable(name).and_then(|text| SecretSource::parse(&text)).map(|source| Secret::new(name, source))
        };
        let credentials = match (secret("CF_API_TOKEN"), secret("CF_API_KEY"), secret("CF_API_EMAIL")) {
            (Some(token), ..) => Credentials::Token(token),
            (None, Some(key), Some(email)) => Credentials::Key { key, email },
            (None, Some(_), None) => return Err(missing("CF_API_KEY is set and CF_API_EMAIL is not")),
            (None, None, Some(_)) => return Err(missing("CF_API_EMAIL is set and CF_API_KEY is not")),
            (None, None, None) => return Err(missing("there are none")),
        };
        let recorder = RequestRecorder::default();
        Ok(Self { base, credentials, requests_per_second: None, recorder })
    }
}

fn missing(what: &str) -> EnvironmentError {
    EnvironmentError(format!(
        "credentials for Cloudflare: {what}; set CF_API_TOKEN (a token, or file: and the path of a file that has one), or both \
         CF_API_KEY and CF_API_EMAIL"
    ))
}

impl CloudflareConfig {
    /// The defaults of the flags.
    pub fn new(access: Access) -> Self {
        Self {
            access,
            zone_ids: Vec::new(),
            domains: DomainFilter::All,
            records_per_page: LARGEST_PAGE,
            proxied: false,
            comment: None,
            custom_hostnames: None,
            regional_services: None,
            annotation_prefix: "external-dns.kubernetes.io/".to_owned(),
            batch_changes: None,
            batch_interval: Duration::from_secs(1),
        }
    }
}

/// What a zone's plan decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plan {
    Free,
    Paid,
    Enterprise,
}

impl Plan {
    /// Operations in one batch (<https://developers.cloudflare.com/dns/manage-dns-records/how-to/batch-record-changes/>).
    pub(crate) fn operations(self) -> usize {
        if self == Self::Free { 200 } else { 3500 }
    }

    /// Characters of a comment (<https://developers.cloudflare.com/dns/manage-dns-records/reference/record-attributes/>).
    pub(crate) fn comment(self) -> usize {
        if self == Self::Free { 100 } else { 500 }
    }

    /// The shortest TTL but 1, which is "automatic".
    pub(crate) fn shortest_ttl(self) -> i64 {
        if self == Self::Enterprise { 30 } else { 60 }
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Free => "free",
            Self::Paid => "paid",
            Self::Enterprise => "enterprise",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn read(variables: &[(&str, &str)]) -> Result<Access, EnvironmentError> {
        let find =
            |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned());
        Access::from_environment(find)
    }

    #[test]
    fn a_token_comes_before_a_key() {
        let access = read(&[("CF_API_TOKEN", " t \n"), ("CF_API_KEY", "k"), ("CF_API_EMAIL", "e")]).unwrap();
        assert!(matches!(access.credentials, Credentials::Token(_)));
        assert_eq!(access.base.as_str(), "https://api.cloudflare.com/client/v4");
        let access = read(&[("CF_API_TOKEN", ""), ("CF_API_KEY", "k"), ("CF_API_EMAIL", "e")]).unwrap();
        assert!(matches!(access.credentials, Credentials::Key { .. }));
    }

    #[rstest]
    #[case(&[], "CF_API_TOKEN")]
    #[case(&[("CF_API_KEY", "k")], "CF_API_EMAIL is not")]
    #[case(&[("CF_API_EMAIL", "e")], "CF_API_KEY is not")]
    #[case(&[("CF_API_TOKEN", "t"), ("CLOUDFLARE_BASE_URL", "http://192.0.2.1")], "CLOUDFLARE_BASE_URL")]
    fn what_is_missing_is_named(#[case] variables: &[(&str, &str)], #[case] name: &str) {
        let error = read(variables).unwrap_err().to_string();
        assert!(error.contains(name), "{error}");
    }
}
