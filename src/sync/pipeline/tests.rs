//! What a pipeline proposes when its provider spoils wishes.

use super::{Faults, Pipeline, PlanSettings, Wanted};
use async_trait::async_trait;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use zonewright_planner::*;
use zonewright_provider_kit::{Adjusted, Capabilities, Listing, ProviderError, ReadZones, Rejected, Zone};
use zonewright_registry::Registry;

/// Holds records, and gives back what it was told to.
struct Spoiler {
    capabilities: Capabilities,
    records: Vec<Record>,
    adjusted: Adjusted,
}

#[async_trait]
impl ReadZones for Spoiler {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn zones(&self) -> Result<Vec<Zone>, ProviderError> {
        Ok(vec![Zone { id: zone(), name: None }])
    }

    async fn records(&self, _: &Zone) -> Result<Listing, ProviderError> {
        Ok(Listing { records: self.records.clone(), unreadable: Vec::new() })
    }

    async fn adjust(&self, _: Vec<Endpoint>) -> Result<Adjusted, ProviderError> {
        Ok(self.adjusted.clone())
    }
}

fn zone() -> ZoneId {
    ZoneId::new("any")
}

fn object() -> Arc<ObjectRef> {
    Arc::new(ObjectRef {
        source: "ingress",
        kind: "Ingress",
        api_version: "networking.k8s.io/v1",
        namespace: "web".into(),
        name: "shop".into(),
        uid: "".into(),
    })
}

fn wish(name: &str, record_type: RecordType, target: &str) -> Endpoint {
    Endpoint::new(name, record_type, &[target], Properties::new())
        .unwrap()
        .with_label(RESOURCE, "ingress/web/shop")
        .with_object(object())
}

/// Three names exist and are wanted as they are, save that a target changed; the provider gives back `returned` and spoils the rest.
async fn proposed(returned: Vec<Endpoint>, rejected: Vec<Rejected>) -> Vec<String> {
    let existing = [
        wish("a.example.org", RecordType::A, "192.0.2.1"),
        wish("a.example.org", RecordType::Aaaa, "2001:db8::1"),
        wish("b.example.org", RecordType::A, "192.0.2.1"),
        wish("unwanted.example.org", RecordType::A, "192.0.2.1"),
    ];
    let records = existing.iter().map(|endpoint| Record::from_endpoint(zone(), endpoint)).collect();
    let adjusted = Adjusted { endpoints: returned, rejected };
    let pipeline = Pipeline {
        reader: Arc::new(Spoiler { capabilities: Capabilities::everything(), records, adjusted }),
        writer: None,
        registry: Arc::new(Registry::Noop),
        settings: PlanSettings {
            policy: Policy::Sync,
            managed: ManagedTypes::default(),
            filter: DomainFilter::All,
            hold_missing_targets: false,
        },
    };
    let mut faults = Faults::new(Duration::ZERO, 0);
    let world = pipeline.survey(&mut faults, Instant::now(), Vec::new).await.unwrap();
    let adjusted = pipeline.adjust(Vec::new()).await.unwrap();
    let wanted = Wanted { adjusted, ..Wanted::default() };
    let plan = pipeline.propose(&world, wanted, Scope::All).plan;
    let changes = plan.changes.iter().map(|c| format!("{} {} {}", c.action(), c.record_type(), c.name()));
    let skips = plan.skips.iter().map(|s| format!("{} {} {}", s.reason.code(), s.record_type, s.name));
    changes.chain(skips).collect()
}

fn rejected(name: Option<&str>) -> Vec<Rejected> {
    let name = name.map(|name| DnsName::parse(name).unwrap());
    vec![Rejected { name, objects: vec![object()], text: "row 1: bad target".into() }]
}

#[tokio::test]
async fn a_name_that_the_provider_spoiled_stays_as_it_is_with_all_its_types() {
    let returned = vec![
        wish("a.example.org", RecordType::Aaaa, "2001:db8::2"),
        wish("b.example.org", RecordType::A, "192.0.2.2"),
    ];
    assert_eq!(
        proposed(returned, rejected(Some("a.example.org"))).await,
        [
            "update A b.example.org",
            "delete A unwanted.example.org",
            "held A a.example.org",
            "held AAAA a.example.org",
        ]
    );
}

#[tokio::test]
async fn nothing_is_deleted_while_it_is_unknown_what_was_spoiled() {
    let returned = vec![wish("b.example.org", RecordType::A, "192.0.2.2")];
    assert_eq!(
        proposed(returned.clone(), rejected(None)).await,
        [
            "update A b.example.org",
            "source-incomplete A a.example.org",
            "source-incomplete AAAA a.example.org",
            "source-incomplete A unwanted.example.org",
        ]
    );
    let mut nobodys = rejected(Some("a.example.org"));
    nobodys[0].objects.clear();
    assert_eq!(proposed(returned, nobodys).await[1], "source-incomplete A a.example.org");
}
