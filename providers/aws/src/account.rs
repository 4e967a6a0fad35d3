//! One set of credentials and the requests that are made with it.

use crate::convert::to_record;
use crate::refusal::messages;
use crate::writing::OnlyThrottled;
use aws_sdk_route53::Client;
use aws_sdk_route53::config::Builder;
use aws_sdk_route53::operation::list_resource_record_sets::ListResourceRecordSetsOutput;
use aws_sdk_route53::types::{Change, ChangeBatch, HostedZone, ResourceTagSet, RrType, TagResourceType};
use tokio::sync::OnceCell;
use zonewright_aws_config::{Access, Connection, NameOperation, Service, connect, of_request};
use zonewright_planner::DnsName;
use zonewright_provider_kit::{ErrorClass, Listing, Pages, ProviderError, RequestBudget, Zone};

/// The most record sets in one answer. The service gives no more, however many are asked for.
const PAGE: i32 = 300;

/// The most zones whose tags can be asked for at once.
const TAGGED_ZONES: usize = 10;

/// What is particular to Route 53. The region selects the partition (commercial, China, GovCloud, …), no more: the service is one for all
/// of its regions.
const ROUTE_53: Service = Service {
    region: "us-east-1 will do outside of China and GovCloud",
    page: "docs/providers/aws.md",
    class: |code| match code {
        // What is about the content of the request.
        "InvalidChangeBatch" | "InvalidInput" | "InvalidDomainName" | "NoSuchHealthCheck"
        | "ValidationError" => Some(ErrorClass::InvalidRecord),
        // The zone still works on somebody's last change.
        "PriorRequestNotComplete" => Some(ErrorClass::Throttled { retry_after: None }),
        "NoSuchHostedZone" => Some(ErrorClass::Permanent),
        _ => None,
    },
};

/// One account: a profile, or what the default chain finds.
#[derive(Debug)]
pub(crate) struct Account {
    profile: Option<String>,
    access: Access,
    budget: RequestBudget,
    /// Set up when it is first needed: files and metadata services may not be there yet when the program starts.
    connection: OnceCell<Connection<Client>>,
}

/// Why a batch was not carried out.
pub(crate) enum Refused {
    /// It is wrong in itself; these are the sentences that say how.
    Invalid(Vec<String>),
    /// Anything else.
    Failed(ProviderError),
}

impl Account {
    pub(crate) fn new(profile: Option<String>, access: Access, budget: RequestBudget) -> Self {
        Self { profile, access, budget, connection: OnceCell::new() }
    }

    /// One that needs nothing to be set up.
    #[cfg(test)]
    pub(crate) fn connected(connection: Connection<Client>) -> Self {
        let (access, budget) = (Access::default(), RequestBudget::default());
        Self { profile: None, access, budget, connection: OnceCell::new_with(Some(connection)) }
    }

    /// What it is called in messages.
    pub(crate) fn name(&self) -> String {
        match &self.profile {
            Some(profile) => format!("AWS profile {profile}"),
            None => "AWS".to_owned(),
        }
    }

    async fn connection(&self) -> Result<&Connection<Client>, ProviderError> {
        let connect = async || {
            let (profile, budget) = (self.profile.as_deref(), self.budget.clone());
            let config = connect(&ROUTE_53, &self.access, profile, budget).await?;
            let client =
                |config: &_| Client::from_conf(Builder::from(config).interceptor(NameOperation).build());
            Ok(Connection::new(&config, client))
        };
        self.connection.get_or_try_init(connect).await
    }

    pub(crate) async fn client(&self) -> Result<&Client, ProviderError> {
        Ok(&self.connection().await?.client)
    }

    /// Whether region and credentials can be had at all.
    pub(crate) async fn check(&self) -> Result<(), ProviderError> {
        let connection = self.connection().await?;
        connection
            .check()
            .await
            .map_err(|error| ProviderError::new(error.class(), format!("{}: {error}", self.name())))
    }

    /// Every hosted zone of the account.
    pub(crate) async fn hosted_zones(&self) -> Result<Vec<HostedZone>, ProviderError> {
        let what = format!("{}: listing hosted zones", self.name());
        let client = self.client().await?;
        let mut zones = Vec::new();
        let mut pages = Pages::default();
        let mut marker = None;
        loop {
            let page = client.list_hosted_zones().set_marker(marker).send().await;
            let page = page.map_err(|error| of_request(&ROUTE_53, &what, error, false))?;
            zones.extend(page.hosted_zones);
            marker = page.next_marker;
            if !page.is_truncated {
                return Ok(zones);
            }
            let Some(marker) = &marker else { return Err(cut_short(&what)) };
            pages.turn(&what, marker)?;
        }
    }

    /// The tags of zones.
    pub(crate) async fn tags(&self, ids: &[String]) -> Result<Vec<ResourceTagSet>, ProviderError> {
        let what = format!("{}: listing the tags of hosted zones", self.name());
        let client = self.client().await?;
        let mut tags = Vec::new();
        for ids in ids.chunks(TAGGED_ZONES) {
            let request = client.list_tags_for_resources().resource_type(TagResourceType::Hostedzone);
            let answer = request.set_resource_ids(Some(ids.to_vec())).send().await;
            tags.extend(
                answer.map_err(|error| of_request(&ROUTE_53, &what, error, false))?.resource_tag_sets,
            );
        }
        Ok(tags)
    }

    /// Everything in a zone.
    pub(crate) async fn records(&self, zone: &Zone) -> Result<Listing, ProviderError> {
        let what = format!("{}: listing zone {}", self.name(), describe(zone));
        let client = self.client().await?;
        let mut listing = Listing::default();
        let mut from = Cursor::default();
        let mut pages = Pages::default();
        loop {
            let page = client
                .list_resource_record_sets()
                .hosted_zone_id(zone.id.as_str())
                .max_items(PAGE)
                .set_start_record_name(from.name)
                .set_start_record_type(from.record_type)
                .set_start_record_identifier(from.identifier)
                .send();
            let page = page.await.map_err(|error| of_request(&ROUTE_53, &what, error, false))?;
            take(zone, &page, &mut listing);
            if !page.is_truncated {
                return Ok(listing);
            }
            if page.next_record_name.is_none() {
                return Err(cut_short(&what));
            }
            // All three: a page may end within the record sets of one name and type.
            from = Cursor {
                name: page.next_record_name,
                record_type: page.next_record_type,
                identifier: page.next_record_identifier,
            };
            pages.turn(&what, &from)?;
        }
    }

    /// Sends a batch, which is carried out as a whole or not at all.
    pub(crate) async fn write(&self, zone: &Zone, changes: Vec<Change>) -> Result<(), Refused> {
        let what = format!("{}: changing zone {}", self.name(), describe(zone));
        let invalid =
            |error| Refused::Failed(ProviderError::new(ErrorClass::Permanent, format!("{what}: {error}")));
        let batch = ChangeBatch::builder().set_changes(Some(changes)).build().map_err(invalid)?;
        let request = self.client().await.map_err(Refused::Failed)?.change_resource_record_sets();
        let request = request.hosted_zone_id(zone.id.as_str()).change_batch(batch).customize();
        let sent = request.config_override(Builder::new().retry_classifier(OnlyThrottled)).send().await;
        match sent {
            Ok(_) => Ok(()),
            Err(error) => {
                let body = error.raw_response().and_then(|response| response.body().bytes());
                match body.and_then(messages) {
                    Some(messages) => Err(Refused::Invalid(messages)),
                    None => Err(Refused::Failed(of_request(&ROUTE_53, &what, error, true))),
                }
            }
        }
    }
}

/// Where the next page begins.
#[derive(Default, Hash)]
struct Cursor {
    name: Option<String>,
    record_type: Option<RrType>,
    identifier: Option<String>,
}

fn take(zone: &Zone, page: &ListResourceRecordSetsOutput, listing: &mut Listing) {
    for set in page.resource_record_sets() {
        match to_record(&zone.id, set) {
            Some(Ok(record)) => listing.records.push(record),
            Some(Err(error)) => listing.unreadable.push(format!("{}: {error}", set.r#type())),
            None => {}
        }
    }
}

/// A list that ends before its end must not be taken for a shorter one.
fn cut_short(what: &str) -> ProviderError {
    let message = format!("{what}: the answer says that there is more, but not where");
    ProviderError::new(ErrorClass::Unavailable, message)
}

fn describe(zone: &Zone) -> String {
    match &zone.name {
        Some(name) => format!("{} ({})", DnsName::to_unicode(name), zone.id),
        None => zone.id.to_string(),
    }
}
