//! A state to look at, put together by hand.

use super::{Clock, HomesOf, Rules, Scene};
use crate::sources::SourceStatus;
use crate::sources::store::CacheStatus;
use crate::sync::board::Notes;
use crate::sync::report::CycleReport;
use crate::sync::{Faults, Part, PlanSettings, World};
use async_trait::async_trait;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::time::Instant;
use zonewright_planner::*;
use zonewright_provider_kit::{ProviderError, Zone};
use zonewright_registry::{
    Item, NonceSource, Owned, ReadTable, Registry, TableRegistry, TableSettings, TxtRegistry, TxtSettings,
};

/// Half past ten on a day long gone.
pub(crate) const THEN: Duration = Duration::from_secs(1_700_000_000);

pub(crate) struct Stage {
    pub(crate) world: World,
    pub(crate) notes: Notes,
    pub(crate) sources: Vec<SourceStatus>,
    pub(crate) rules: Rules,
    pub(crate) clock: Clock,
}

impl Stage {
    /// The zones example.org and example.net with these records, read 90 seconds ago.
    pub(crate) fn new(records: Vec<Record>) -> Self {
        // A machine may have been up for less than that.
        let read_at = Instant::now();
        let clock = Clock { now: read_at + Duration::from_secs(90), wall: SystemTime::UNIX_EPOCH + THEN };
        let zones = || ["example.org", "example.net"].map(zone).to_vec();
        let owned = Owned { records, ..Owned::default() };
        let part = Part::new(zones(), owned, Vec::new(), 0, read_at, Duration::ZERO);
        let world = World { zones: zones(), parts: vec![part], ..World::default() };
        let caches = vec![("ingresses.networking.k8s.io".to_owned(), CacheStatus::Synced)];
        let sources = vec![SourceStatus { name: "ingress", caches }];
        Self { world, notes: Notes::default(), sources, rules: rules(), clock }
    }

    /// Takes in what a run came to.
    pub(crate) fn note(&mut self, report: &CycleReport) {
        self.notes.note(report, &Faults::new(Duration::from_secs(60), 0), self.clock.wall);
    }

    /// A full run that left these alone.
    pub(crate) fn with_skips(mut self, skips: Vec<Skip>) -> Self {
        let mut report = CycleReport::default();
        report.plan.add_skips(skips);
        self.note(&report);
        self
    }

    pub(crate) fn scene(&self) -> Scene<'_> {
        Scene {
            world: &self.world,
            notes: &self.notes,
            sources: &self.sources,
            rules: &self.rules,
            standing: None,
            clock: self.clock,
        }
    }
}

/// A table with rows of these keys and owners.
#[derive(Debug)]
struct Rows(Vec<Item>);

#[async_trait]
impl ReadTable for Rows {
    fn name(&self) -> &str {
        "external-dns"
    }

    async fn read(&self) -> Result<Vec<Item>, ProviderError> {
        Ok(self.0.clone())
    }
}

/// A registry of owner `me` that has read such a table.
pub(crate) async fn table(rows: &[(&str, &str)]) -> Arc<Registry> {
    let item = |(key, owner): &(&str, &str)| Item {
        key: Some((*key).to_owned()),
        owner: Some((*owner).to_owned()),
        labels: Labels::new(),
        has_odd_labels: false,
        is_confirmed: true,
    };
    let registry = TableRegistry::new(TableSettings {
        txt: TxtRegistry::new(TxtSettings::new("me", NonceSource::from_seed([0; 32]))).unwrap(),
        managed: ManagedTypes::default(),
        prunes_txt: true,
        reader: Arc::new(Rows(rows.iter().map(item).collect())),
    });
    registry.refresh(std::time::Instant::now()).await.unwrap();
    Arc::new(Registry::Table(Box::new(registry)))
}

pub(crate) fn rules() -> Rules {
    let settings = PlanSettings {
        policy: Policy::Sync,
        managed: ManagedTypes::default(),
        filter: DomainFilter::All,
        hold_missing_targets: true,
    };
    let registry = TxtRegistry::new(TxtSettings::new("me", NonceSource::from_seed([0; 32]))).unwrap();
    Rules {
        settings,
        registry: Arc::new(Registry::Txt(Box::new(registry))),
        provider: "inmemory".to_owned(),
        homes: HomesOf::new(|_, _| None),
    }
}

fn zone(name: &str) -> Zone {
    Zone { id: ZoneId::new(name), name: DnsName::parse(name).ok() }
}

pub(crate) fn name(text: &str) -> DnsName {
    DnsName::parse(text).unwrap()
}

pub(crate) fn object(namespace: &str, name: &str) -> Arc<ObjectRef> {
    Arc::new(ObjectRef {
        source: "ingress",
        kind: "Ingress",
        api_version: "networking.k8s.io/v1",
        namespace: namespace.into(),
        name: name.into(),
        uid: "".into(),
    })
}

/// A wish of ingress/web/…, named like the first label.
pub(crate) fn wish(host: &str, record_type: RecordType, target: &str) -> Endpoint {
    let endpoint = Endpoint::new(host, record_type, &[target], Properties::new()).unwrap();
    let first = host.split('.').next().unwrap_or_default();
    endpoint.with_object(object("web", first))
}

/// An A record of example.org or example.net with this owner; nobody's if that is empty.
pub(crate) fn record(host: &str, target: &str, owner: &str) -> Record {
    let zone = if host.ends_with("example.net") { "example.net" } else { "example.org" };
    let mut record = Record::from_text(ZoneId::new(zone), host, RecordType::A, &[target]).unwrap();
    if !owner.is_empty() {
        let first = host.split('.').next().unwrap_or_default();
        record.labels.set(OWNER, owner);
        record.labels.set(RESOURCE, format!("ingress/web/{first}"));
    }
    record
}

/// Every reason to leave something alone; of those that hold, every kind.
pub(crate) fn every_reason() -> Vec<SkipReason> {
    let blue = || Owner::new("blue").unwrap();
    let reasons = vec![
        SkipReason::ForeignOwner { owner: blue() },
        SkipReason::Unowned,
        SkipReason::Claimed { owner: blue() },
        SkipReason::NotMigrated { owner: blue() },
        SkipReason::PolicyKeeps(Policy::UpsertOnly),
        SkipReason::PolicyFreezes(Policy::CreateOnly),
        SkipReason::DomainFilter,
        SkipReason::UnmanagedType,
        SkipReason::Conflict { winner: "ingress/web/winner".into() },
        SkipReason::CnameConflict { beside: RecordType::A },
        SkipReason::TypeConflict { owner: blue(), record_type: RecordType::A },
        SkipReason::Unattributed { targets: vec![Target::V4([192, 0, 2, 9].into())] },
        SkipReason::Impossible { beside: RecordType::Cname },
        SkipReason::Held(HoldReason::NoTarget),
        SkipReason::Held(HoldReason::NotAccepted),
        SkipReason::Held(HoldReason::Invalid("A target \"b c\" is not an IPv4 address".into())),
        SkipReason::Unsupported {
            why: "it leaves no room for its ownership record: a label would have 65 bytes; a shorter name or a \
                  --txt-prefix such as \"%{record_type}.\" helps"
                .into(),
        },
        SkipReason::LeftOut { why: "nobody owned it; --all-owners puts it back".into() },
        SkipReason::NoZone,
        SkipReason::ZoneUnreadable { zone: "example.org".into() },
        SkipReason::SourceIncomplete { source: "ingress".into() },
        SkipReason::Guarded { zone: "example.org".into(), hash: "4f1c2a90b7d3".into() },
        SkipReason::Quarantined { why: "400 Bad Request: no such record type".into(), refusals: 3 },
        SkipReason::Fought { undone: 3 },
        SkipReason::ZoneWaiting { zone: "example.org".into(), why: "503 Service Unavailable".into() },
        SkipReason::Refused(Refusal::OtherNamespace { winner: "ingress/shop/web".into() }),
        SkipReason::Refused(Refusal::DomainPolicy {
            why: "rule 1 allows a.example.org in policy.yaml".into(),
        }),
    ];
    reasons.iter().for_each(is_listed);
    reasons
}

/// Does not compile when a reason is added that the list above may lack.
fn is_listed(reason: &SkipReason) {
    match reason {
        SkipReason::ForeignOwner { .. }
        | SkipReason::Unowned
        | SkipReason::Claimed { .. }
        | SkipReason::NotMigrated { .. }
        | SkipReason::PolicyKeeps(_)
        | SkipReason::PolicyFreezes(_)
        | SkipReason::DomainFilter
        | SkipReason::UnmanagedType
        | SkipReason::Conflict { .. }
        | SkipReason::CnameConflict { .. }
        | SkipReason::TypeConflict { .. }
        | SkipReason::Unattributed { .. }
        | SkipReason::Impossible { .. }
        | SkipReason::Held(HoldReason::NoTarget | HoldReason::NotAccepted | HoldReason::Invalid(_))
        // The plan has no such hold, but the refusal itself.
        | SkipReason::Held(HoldReason::Refused(_))
        | SkipReason::Refused(Refusal::OtherNamespace { .. } | Refusal::DomainPolicy { .. })
        | SkipReason::Unsupported { .. }
        | SkipReason::LeftOut { .. }
        | SkipReason::NoZone
        | SkipReason::ZoneUnreadable { .. }
        | SkipReason::SourceIncomplete { .. }
        | SkipReason::Guarded { .. }
        | SkipReason::Quarantined { .. }
        | SkipReason::Fought { .. }
        | SkipReason::ZoneWaiting { .. } => {}
    }
}
