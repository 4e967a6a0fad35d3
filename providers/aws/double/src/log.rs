//! What was asked of the double.

use std::time::Duration;

/// The calls that the double knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "named as in the API")]
pub enum Operation {
    ListHostedZones,
    ListHostedZonesByName,
    GetHostedZone,
    CreateHostedZone,
    DeleteHostedZone,
    ListResourceRecordSets,
    ChangeResourceRecordSets,
    GetChange,
    ListTagsForResource,
    ListTagsForResources,
    ChangeTagsForResource,
    AssumeRole,
    AssumeRoleWithWebIdentity,
    GetCallerIdentity,
    CreatePublicDnsNamespace,
    CreatePrivateDnsNamespace,
    ListNamespaces,
    ListServices,
    CreateService,
    UpdateService,
    DeleteService,
    ListInstances,
    DiscoverInstances,
    DiscoverInstancesRevision,
    RegisterInstance,
    DeregisterInstance,
    GetOperation,
    /// `ListTagsForResource` of Cloud Map.
    ListCloudMapTags,
    /// `TagResource` of Cloud Map.
    TagCloudMapResource,
    /// `UntagResource` of Cloud Map.
    UntagCloudMapResource,
    /// Anything else of Cloud Map; it is refused.
    UnknownCloudMap,
    /// Anything else; it is refused.
    Unknown,
}

/// The services behind the one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    Route53,
    Sts,
    CloudMap,
}

impl Operation {
    pub(crate) fn service(self) -> Service {
        use Operation as O;
        match self {
            O::AssumeRole | O::AssumeRoleWithWebIdentity | O::GetCallerIdentity => Service::Sts,
            O::CreatePublicDnsNamespace
            | O::CreatePrivateDnsNamespace
            | O::ListNamespaces
            | O::ListServices
            | O::CreateService
            | O::UpdateService
            | O::DeleteService
            | O::ListInstances
            | O::DiscoverInstances
            | O::DiscoverInstancesRevision
            | O::RegisterInstance
            | O::DeregisterInstance
            | O::GetOperation
            | O::ListCloudMapTags
            | O::TagCloudMapResource
            | O::UntagCloudMapResource
            | O::UnknownCloudMap => Service::CloudMap,
            _ => Service::Route53,
        }
    }
}

/// One request and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// What was asked for.
    pub operation: Operation,
    /// The zone it was about, without `/hostedzone/`.
    pub zone: Option<String>,
    /// Who asked.
    pub access_key: Option<String>,
    /// When, by the double's clock.
    pub at: Duration,
    /// Path and query as they came.
    pub path: String,
    /// The body as it came.
    pub body: String,
    /// The status of the answer; 0 while there is none, or when the connection was closed instead.
    pub status: u16,
    /// The code of the refusal, if it was one.
    pub error: Option<String>,
}

pub(crate) type Log = zonewright_double::Log<Request>;

/// The largest number of these moments that lie within one second.
pub(crate) fn busiest_second(mut moments: Vec<Duration>) -> usize {
    moments.sort();
    let within = |(index, start): (usize, &Duration)| {
        moments.iter().skip(index).take_while(|moment| **moment < *start + Duration::from_secs(1)).count()
    };
    moments.iter().enumerate().map(within).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_busiest_second_slides() {
        let moments = |millis: &[u64]| millis.iter().map(|&milli| Duration::from_millis(milli)).collect();
        assert_eq!(busiest_second(Vec::new()), 0);
        assert_eq!(busiest_second(moments(&[0, 1000, 2000])), 1);
        assert_eq!(busiest_second(moments(&[0, 900, 950, 1800, 1899])), 4);
    }
}
