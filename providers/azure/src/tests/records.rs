//! What is in the zones, and who changes it.

use super::*;
use rstest::rstest;
use zonewright_azure_double::{Fault, Operation, RecordSet, When};
use zonewright_planner::{DeleteReason, UpdateReason};

const BOTH: [Service; 2] = [Service::Public, Service::Private];

async fn listed(provider: &Azure) -> BTreeMap<String, Record> {
    let zone = zone_of(provider).await;
    let records = provider.reader().records(&zone).await.unwrap().records;
    records.into_iter().map(|record| (format!("{} {}", record.name, record.record_type), record)).collect()
}

fn texts(record: &Record) -> Vec<String> {
    record.targets.iter().map(ToString::to_string).collect()
}

/// W18: every type comes back as it went, PTR, SRV and MX among them, and all values of a TXT record.
#[tokio::test]
async fn every_type_is_read_back() {
    for service in BOTH {
        let (world, id) = World::with_zone(service).await;
        let sets = [
            RecordSet::new("a", "A", 60, &["192.0.2.1", "192.0.2.2"]),
            RecordSet::new("aaaa", "AAAA", 60, &["2001:DB8::1"]),
            RecordSet::new("cname", "CNAME", 60, &["Host.example.net."]),
            RecordSet::new("mx", "MX", 60, &["10 mail.example.net"]),
            RecordSet::new("ptr", "PTR", 60, &["host.example.net"]),
            RecordSet::new("_s._tcp", "SRV", 60, &["1 2 443 host.example.net"]),
            RecordSet::new("txt", "TXT", 60, &["one", &"x".repeat(600)]),
            RecordSet::new("@", "A", 60, &["192.0.2.3"]),
            RecordSet::new("*", "A", 60, &["192.0.2.4"]),
        ];
        world.azure.seed(&id, sets).unwrap();
        let found = listed(&world.provider(service)).await;
        let is = |key: &str, values: &[&str]| assert_eq!(texts(&found[key]), values, "{key}");
        is("a.example.org A", &["192.0.2.1", "192.0.2.2"]);
        is("aaaa.example.org AAAA", &["2001:db8::1"]);
        is("cname.example.org CNAME", &["host.example.net"]);
        is("mx.example.org MX", &["10 mail.example.net"]);
        is("ptr.example.org PTR", &["host.example.net"]);
        is("_s._tcp.example.org SRV", &["1 2 443 host.example.net."]);
        is("txt.example.org TXT", &["one", &"x".repeat(600)]);
        is("example.org A", &["192.0.2.3"]);
        is("*.example.org A", &["192.0.2.4"]);
        assert!(
            found.values().all(|record| record.record_type == RecordType::Ns || record.ttl.seconds() == 60)
        );
    }
}

/// What v0.22 wrote stays as it is: quotes are part of the text, and there is nothing to do.
#[tokio::test]
async fn a_zone_of_externaldns_stays_as_it_is() {
    for service in BOTH {
        let (world, id) = World::with_zone(service).await;
        let row = "\"heritage=external-dns,external-dns/owner=me\"";
        let sets = [
            RecordSet::new("www", "A", 300, &["192.0.2.1"]),
            RecordSet::new("own-a.www", "TXT", 300, &[row]),
            RecordSet::new("text", "TXT", 300, &["v=spf1 -all"]),
            RecordSet::new("own-txt.text", "TXT", 300, &[row]),
        ];
        world.azure.seed(&id, sets).unwrap();
        let wishes =
            [wish("www.example.org A 192.0.2.1", &[]), wish("text.example.org TXT v=spf1 -all", &[])];
        let provider = world.provider(service);
        let (plan, ..) = cycle_of(&provider).plan(&wishes).await;
        assert_eq!(plan.changes, []);
        let row = listed(&provider).await.remove("own-a.www.example.org TXT").unwrap();
        assert_eq!(texts(&row), ["\"heritage=external-dns,external-dns/owner=me\""]);
    }
}

/// W9: several tags are written once, on the record and on its row, and read back in whatever order; a tag that goes away goes away.
#[tokio::test]
async fn tags_are_written_once() {
    for service in BOTH {
        let (world, id) = World::with_zone(service).await;
        let provider = world.provider(service);
        let cycle = cycle_of(&provider);
        let tagged = |tags: &str| [wish("www.example.org A 192.0.2.1", &[("azure/tags", tags)])];
        cycle.converge(&tagged("team=web, cost=42,stage=prod")).await;
        let metadata = || -> Vec<Vec<(String, String)>> {
            world.azure.records(&id).into_iter().map(|set| set.metadata).collect()
        };
        let expected = RecordSet::new("", "A", 1, &[])
            .with_metadata(&[("cost", "42"), ("stage", "prod"), ("team", "web")])
            .metadata;
        assert_eq!(metadata(), vec![expected; 2]);
        world.azure.forget_requests();
        for order in ["cost=42,stage=prod,team=web", "stage=prod,team=web,cost=42"] {
            let done = cycle.run(&tagged(order)).await;
            assert_eq!(done.plan.changes, [], "{order}");
        }
        assert_eq!(world.azure.count(Operation::PutRecordSet), 0);
        cycle.converge(&tagged("team=web")).await;
        assert_eq!(metadata()[0], [("team".to_owned(), "web".to_owned())]);
        cycle.converge(&[wish("www.example.org A 192.0.2.1", &[])]).await;
        assert_eq!(metadata()[0], []);
    }
}

/// Need 40: a wish without a TTL gets 300, and none that was set by hand is taken back.
#[tokio::test]
async fn a_ttl_is_never_changed_a_second_time() {
    let (world, id) = World::with_zone(Service::Public).await;
    let provider = world.provider(Service::Public);
    let cycle = cycle_of(&provider);
    let ttl = || world.azure.records(&id)[0].ttl;
    cycle.converge(&[wish("a.example.org A 192.0.2.1", &[])]).await;
    assert_eq!(ttl(), 300);
    world.azure.seed(&id, [RecordSet::new("a", "A", 77, &["192.0.2.1"])]).unwrap();
    cycle.converge(&[wish("a.example.org A 192.0.2.1", &[])]).await;
    assert_eq!(ttl(), 77);
    cycle.converge(&[wish("a.example.org A 192.0.2.2", &[])]).await;
    assert_eq!(ttl(), 77, "and stays when something else changes");
    cycle.converge(&[wish("a.example.org A 192.0.2.2", &[("ttl", "60")])]).await;
    assert_eq!(ttl(), 60);
}

/// W9: a record set that points at a resource is there, has a target that says so, and is overwritten by nobody who thinks the name
/// free.
#[tokio::test]
async fn alias_record_sets_are_seen_and_not_overwritten() {
    let (world, id) = World::with_zone(Service::Public).await;
    let resource = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/trafficManagerProfiles/tm";
    let sets = [
        RecordSet::new("tm", "A", 60, &[]).alias_of(resource),
        RecordSet::new("tmc", "CNAME", 60, &[]).alias_of(resource),
        RecordSet::new("empty", "A", 60, &[]),
    ];
    world.azure.seed(&id, sets.clone()).unwrap();
    let provider = world.provider(Service::Public);
    let found = listed(&provider).await;
    assert_eq!(texts(&found["tm.example.org A"]), [resource]);
    assert_eq!(texts(&found["tmc.example.org CNAME"]), [resource]);
    assert!(texts(&found["empty.example.org A"]).is_empty());
    let zone = zone_of(&provider).await;
    let wishes = ["tm.example.org A 192.0.2.1", "tmc.example.org CNAME a.example.net"];
    let outcomes = provider.writer().apply(&zone, &wishes.map(|line| create(wish(line, &[])))).await;
    for outcome in outcomes {
        assert_eq!(outcome.unwrap_err().class(), ErrorClass::Conflict);
    }
    let mut left = world.azure.records(&id);
    left.sort_by(|a, b| b.name.len().cmp(&a.name.len()).then(b.name.cmp(&a.name)));
    assert_eq!(left.len(), 3);
    assert!(left.iter().all(|set| sets.contains(set)), "{left:?}");
}

/// The records of virtual machines that register themselves are Azure's: not ours to see, and so not ours to delete.
#[tokio::test]
async fn registered_virtual_machines_are_left_alone() {
    let (world, id) = World::with_zone(Service::Private).await;
    world.azure.seed(&id, [RecordSet::new("vm1", "A", 10, &["10.0.0.4"]).registered()]).unwrap();
    let provider = world.provider(Service::Private);
    assert!(listed(&provider).await.is_empty());
    let zone = zone_of(&provider).await;
    let taken = create(wish("vm1.example.org A 192.0.2.1", &[]));
    let error = provider.writer().apply(&zone, &[taken]).await.remove(0).unwrap_err();
    assert_eq!(error.class(), ErrorClass::Conflict);
    assert_eq!(world.azure.records(&id)[0].values, ["10.0.0.4"]);
}

/// W19: what somebody else did since the list was made is noticed, whatever we are about to do.
#[rstest]
#[tokio::test]
async fn concurrent_changes_are_conflicts(#[values(Service::Public, Service::Private)] service: Service) {
    let (world, id) = World::with_zone(service).await;
    let ours = ["changed", "deleted", "gone"].map(|name| RecordSet::new(name, "A", 60, &["192.0.2.1"]));
    world.azure.seed(&id, ours).unwrap();
    let provider = world.provider(service);
    let found = listed(&provider).await;
    let old = |name: &str| found[&format!("{name}.example.org A")].clone();
    let theirs = ["changed", "deleted", "new"].map(|name| RecordSet::new(name, "A", 60, &["198.51.100.7"]));
    world.azure.seed(&id, theirs.clone()).unwrap();
    let zone = zone_of(&provider).await;
    let new = |name: &str| wish(&format!("{name}.example.org A 192.0.2.2"), &[]);
    let update = |name| Change::update(old(name), new(name), vec![UpdateReason::Targets]);
    let changes = [
        ZoneChange { change: update("changed"), rows: Vec::new() },
        ZoneChange { change: Change::delete(old("deleted"), DeleteReason::NoLongerWanted), rows: Vec::new() },
        create(new("new")),
    ];
    for outcome in provider.writer().apply(&zone, &changes).await {
        let error = outcome.unwrap_err();
        assert_eq!(error.class(), ErrorClass::Conflict, "{error}");
        assert!(error.to_string().contains("example.org A: PreconditionFailed"), "{error}");
    }
    let left = world.azure.records(&id);
    assert!(theirs.iter().all(|set| left.contains(set)), "{left:?}");

    // Listed again it is known, and changed.
    let found = listed(&provider).await;
    let change =
        Change::update(found["changed.example.org A"].clone(), new("changed"), vec![UpdateReason::Targets]);
    provider.writer().apply(&zone, &[ZoneChange { change, rows: Vec::new() }]).await.remove(0).unwrap();
    // And what was written once more without a list in between, too: its version came with the answer.
    let stored = Record::from_endpoint(zone.id.clone(), &new("changed"));
    let again = Change::update(
        stored.clone(),
        wish("changed.example.org A 192.0.2.3", &[]),
        vec![UpdateReason::Targets],
    );
    provider
        .writer()
        .apply(&zone, &[ZoneChange { change: again, rows: Vec::new() }])
        .await
        .remove(0)
        .unwrap();
    let delete = Change::delete(stored, DeleteReason::NoLongerWanted);
    world.azure.forget_requests();
    provider
        .writer()
        .apply(&zone, &[ZoneChange { change: delete, rows: Vec::new() }])
        .await
        .remove(0)
        .unwrap();
    let request = world.azure.requests().remove(0);
    assert!(
        request.if_match.is_some_and(|etag| etag.len() == 36),
        "no change goes without the version it is about"
    );

    // What is gone already is gone.
    world.azure.remove_zone(&id);
    world.zone(service, "group", "example.org");
    let gone = Change::delete(old("gone"), DeleteReason::NoLongerWanted);
    provider.writer().apply(&zone, &[ZoneChange { change: gone, rows: Vec::new() }]).await.remove(0).unwrap();
}

/// Need 11: updates are one request in place. Only where a CNAME has to make room is there a moment without an answer.
#[tokio::test]
async fn nothing_is_deleted_to_be_updated() {
    let (world, _) = World::with_zone(Service::Public).await;
    let provider = world.provider(Service::Public);
    let cycle = cycle_of(&provider);
    cycle
        .converge(&[wish("a.example.org A 192.0.2.1", &[]), wish("b.example.org AAAA 2001:db8::1", &[])])
        .await;
    world.azure.forget_requests();
    let ttl: &[(&str, &str)] = &[("ttl", "60")];
    cycle
        .converge(&[wish("a.example.org A 192.0.2.2", &[]), wish("b.example.org AAAA 2001:db8::1", ttl)])
        .await;
    assert_eq!(world.azure.count(Operation::DeleteRecordSet), 0);
    // An address of the other family comes before the old one goes.
    world.azure.forget_requests();
    cycle
        .converge(&[wish("a.example.org AAAA 2001:db8::2", &[]), wish("b.example.org AAAA 2001:db8::1", ttl)])
        .await;
    let order = |world: &World| -> Vec<String> {
        let requests = world.azure.requests().into_iter();
        let of_a =
            requests.filter(|request| request.record.as_deref().is_some_and(|record| record.ends_with(" a")));
        of_a.map(|request| format!("{:?} {}", request.operation, request.record.unwrap_or_default()))
            .collect()
    };
    assert_eq!(order(&world), ["PutRecordSet AAAA a", "DeleteRecordSet A a"]);
    world.azure.forget_requests();
    cycle
        .converge(&[
            wish("a.example.org CNAME b.example.org", &[]),
            wish("b.example.org AAAA 2001:db8::1", ttl),
        ])
        .await;
    assert_eq!(order(&world), ["DeleteRecordSet AAAA a", "PutRecordSet CNAME a"]);
}

/// A page that breaks, or leads nowhere, is an error; nothing less than everything is taken for the zone.
#[tokio::test]
async fn half_a_list_is_none() {
    let (world, id) = World::with_zone(Service::Public).await;
    let names: Vec<String> = (0..2500).map(|i| format!("n{i:04}")).collect();
    world.azure.seed(&id, names.iter().map(|name| RecordSet::new(name, "A", 60, &["192.0.2.9"]))).unwrap();
    let provider = world.provider(Service::Public);
    let zone = zone_of(&provider).await;
    world.azure.forget_requests();
    world.azure.inject(When::call(Operation::ListRecordSets).after(1), Fault::HalfAnswer);
    world.azure.inject(When::call(Operation::ListRecordSets).after(1), Fault::throttled(None));
    assert_eq!(provider.reader().records(&zone).await.unwrap().records.len(), 2501);
    assert_eq!(world.azure.count(Operation::ListRecordSets), 5, "each page that failed is asked for again");
    let page = |link: &str| format!(r#"{{"value": [], "nextLink": "{link}"}}"#);
    for (link, why) in [("https://evil.example/", "another server"), ("nowhere", "cannot be read")] {
        let fault = Fault::Say { status: 200, body: page(link) };
        world.azure.inject(When::call(Operation::ListRecordSets), fault);
        let error = provider.reader().records(&zone).await.unwrap_err();
        assert_eq!(error.class(), ErrorClass::Unavailable);
        assert!(error.to_string().contains(why), "{error}");
    }
    world.azure.inject(When::call(Operation::ListRecordSets).after(2).always(), Fault::unavailable());
    let error = provider.reader().records(&zone).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Unavailable);
}
