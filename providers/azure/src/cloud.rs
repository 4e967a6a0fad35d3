//! Azure's clouds: where tokens come from, where requests go, and what tokens are for.

use zonewright_provider_http::{Url, UrlError, parse_base_url};

/// The addresses of a cloud.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cloud {
    /// Gives tokens to service principals.
    pub(crate) authority: Url,
    /// Azure Resource Manager.
    pub(crate) endpoint: Url,
    /// What tokens are for.
    pub(crate) audience: String,
    /// The authority was named by the file itself, so that the environment has no say.
    pub(crate) is_own: bool,
}

/// What `azure.json` says about the cloud.
#[derive(Debug, Default)]
pub(crate) struct CloudFields<'a> {
    pub(crate) name: &'a str,
    pub(crate) authority: &'a str,
    pub(crate) endpoint: &'a str,
    pub(crate) audience: &'a str,
}

/// A field that makes no sense, and why.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct CloudError {
    pub(crate) field: &'static str,
    pub(crate) reason: String,
}

/// Authority, audience and endpoint of the clouds that have a name.
/// <https://github.com/Azure/azure-sdk-for-go/tree/main/sdk/azcore/cloud>
const KNOWN: [(&[&str], [&str; 3]); 3] = [
    (
        &["", "AZURECLOUD", "AZUREPUBLICCLOUD"],
        [
            "https://login.microsoftonline.com/",
            "https://management.core.windows.net",
            "https://management.azure.com",
        ],
    ),
    (
        &["AZUREUSGOVERNMENT", "AZUREUSGOVERNMENTCLOUD"],
        [
            "https://login.microsoftonline.us/",
            "https://management.core.usgovcloudapi.net",
            "https://management.usgovcloudapi.net",
        ],
    ),
    (
        &["AZURECHINACLOUD"],
        [
            "https://login.chinacloudapi.cn/",
            "https://management.core.chinacloudapi.cn",
            "https://management.chinacloudapi.cn",
        ],
    ),
];

/// The cloud whose addresses stand in `azure.json`.
const OWN: &str = "AZURESTACKCLOUD";

impl Cloud {
    /// The cloud that the file means. Upper and lower case are the same.
    pub(crate) fn of(fields: &CloudFields<'_>) -> Result<Self, CloudError> {
        let name = fields.name.to_ascii_uppercase();
        let known = KNOWN.iter().find(|(names, _)| names.contains(&name.as_str()));
        let (authority, audience, endpoint, is_own) = match known {
            Some((_, [authority, audience, endpoint])) => (*authority, *audience, *endpoint, false),
            None if name == OWN => (fields.authority, fields.audience, fields.endpoint, true),
            None => {
                let reason = format!(
                    "there is no cloud {:?}; there are AzurePublicCloud, AzureUSGovernmentCloud, AzureChinaCloud and \
                     AzureStackCloud",
                    fields.name
                );
                return Err(CloudError { field: "cloud", reason });
            }
        };
        if audience.is_empty() {
            return Err(missing("resourceManagerAudience"));
        }
        Ok(Self {
            authority: address("activeDirectoryAuthorityHost", authority)?,
            endpoint: address("resourceManagerEndpoint", endpoint)?,
            audience: audience.to_owned(),
            is_own,
        })
    }
}

fn address(field: &'static str, text: &str) -> Result<Url, CloudError> {
    if text.is_empty() {
        return Err(missing(field));
    }
    parse_base_url(text).map_err(|error: UrlError| CloudError { field, reason: error.to_string() })
}

fn missing(field: &'static str) -> CloudError {
    CloudError { field, reason: format!("cloud {OWN} needs it, and it is not there") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn named(name: &str) -> Result<Cloud, CloudError> {
        Cloud::of(&CloudFields { name, ..CloudFields::default() })
    }

    #[rstest]
    #[case("", "management.azure.com", "login.microsoftonline.com")]
    #[case("AzurePublicCloud", "management.azure.com", "login.microsoftonline.com")]
    #[case("AZURECLOUD", "management.azure.com", "login.microsoftonline.com")]
    #[case("AzureUSGovernment", "management.usgovcloudapi.net", "login.microsoftonline.us")]
    #[case("azureusgovernmentcloud", "management.usgovcloudapi.net", "login.microsoftonline.us")]
    #[case("AZURECHINACLOUD", "management.chinacloudapi.cn", "login.chinacloudapi.cn")]
    fn clouds_are_known_by_name(#[case] name: &str, #[case] endpoint: &str, #[case] authority: &str) {
        let cloud = named(name).unwrap();
        assert_eq!(
            (cloud.endpoint.host_str(), cloud.authority.host_str()),
            (Some(endpoint), Some(authority))
        );
    }

    #[test]
    fn a_cloud_of_ones_own_says_what_is_missing() {
        assert_eq!(named("AzureStackCloud").unwrap_err().field, "resourceManagerAudience");
        let fields = CloudFields { name: "AzureStackCloud", audience: "x", ..CloudFields::default() };
        assert_eq!(Cloud::of(&fields).unwrap_err().field, "activeDirectoryAuthorityHost");
        let fields = CloudFields { authority: "http://192.0.2.1/", ..fields };
        let error = Cloud::of(&fields).unwrap_err();
        assert!(error.reason.contains("plain HTTP"), "{error:?}");
        let fields =
            CloudFields { authority: "http://127.0.0.1:1/", endpoint: "http://127.0.0.1:2", ..fields };
        assert!(Cloud::of(&fields).unwrap().is_own);
        assert!(named("AzureGermanCloud").unwrap_err().reason.contains("AzureChinaCloud"));
    }
}
