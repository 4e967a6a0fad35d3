//! How many requests things take.

use super::*;
use rstest::rstest;
use std::sync::Mutex;
use zonewright_azure_double::{Fault, Operation, RecordSet, When};
use zonewright_planner::UpdateReason;

/// A record and its row.
fn pair(name: &str, address: &str) -> (Endpoint, Endpoint) {
    let text =
        "\"heritage=external-dns,external-dns/owner=default,external-dns/resource=service/default/web\"";
    let row = Endpoint::new(&format!("a-{name}"), RecordType::Txt, &[text], Properties::new()).unwrap();
    (wish(&format!("{name} A {address}"), &[]), row)
}

fn creates(count: usize) -> Vec<ZoneChange> {
    (0..count)
        .map(|i| {
            let (new, row) = pair(&format!("n{i:05}.example.org"), "192.0.2.1");
            let rows = vec![RowChange { read: None, expected: None, write: Some(row) }];
            ZoneChange { rows, ..create(new) }
        })
        .collect()
}

fn seeds(records: usize) -> Vec<RecordSet> {
    let names = (0..records / 2).map(|i| format!("n{i:05}"));
    names
        .flat_map(|name| {
            let row = RecordSet::new(&format!("a-{name}"), "TXT", 300, &["\"heritage=external-dns\""]);
            [RecordSet::new(&name, "A", 300, &["192.0.2.1"]), row]
        })
        .collect()
}

/// Zones and records are listed in pages of 1000, where ExternalDNS takes 100. One change is one request for each record set, without a
/// list; a thousand are two thousand, eight at once.
#[rstest]
#[case(100, 1)]
#[case(5_000, 6)]
#[case(20_000, 21)]
#[tokio::test]
async fn nothing_takes_more_requests_than_it_has_to(
    #[values(Service::Public, Service::Private)] service: Service,
    #[case] records: usize,
    #[case] pages: usize,
) {
    let (world, id) = World::with_zone(service).await;
    world.azure.seed(&id, seeds(records)).unwrap();
    let provider = world.provider(service);
    let zone = zone_of(&provider).await;
    let listing = provider.reader().records(&zone).await.unwrap();
    // The name servers of a public zone are a record, too.
    assert_eq!(listing.records.len(), records + usize::from(service == Service::Public));
    assert_eq!(counts(&world), [1, 1, pages, 0, 0], "{records} records, nothing to do");

    let change = |i: usize| {
        let name = format!("n{i:05}.example.org");
        let old = listing.records.iter().find(|record| record.name.as_str() == name).unwrap().clone();
        let change =
            Change::update(old, wish(&format!("{name} A 192.0.2.2"), &[]), vec![UpdateReason::Targets]);
        ZoneChange { change, rows: Vec::new() }
    };
    all_made(&provider.writer().apply(&zone, &[change(7)]).await);
    assert_eq!(counts(&world), [0, 0, 0, 1, 0], "{records} records, one changes");

    let new: Vec<ZoneChange> = creates(records / 2 + 1000).split_off(records / 2);
    all_made(&provider.writer().apply(&zone, &new).await);
    assert_eq!(counts(&world), [0, 0, 0, 2000, 0], "a thousand new ones with their rows");
    let deletes: Vec<ZoneChange> = new
        .into_iter()
        .map(|ZoneChange { change, rows }| {
            let stored = |new: &Endpoint| Record::from_endpoint(zone.id.clone(), new);
            let (Change::Create { new, .. }, Some(row)) = (change, rows[0].write.clone()) else {
                unreachable!()
            };
            let row = RowChange { read: Some(stored(&row)), expected: None, write: None };
            let reason = zonewright_planner::DeleteReason::NoLongerWanted;
            ZoneChange { change: Change::delete(stored(&new), reason), rows: vec![row] }
        })
        .collect();
    all_made(&provider.writer().apply(&zone, &deletes).await);
    assert_eq!(counts(&world), [0, 0, 0, 0, 2000]);
    assert_eq!(world.azure.records(&id).len(), records);
}

fn all_made(outcomes: &[Result<(), ProviderError>]) {
    assert!(outcomes.iter().all(Result::is_ok), "{:?}", outcomes.iter().find(|outcome| outcome.is_err()));
}

/// Requests since the last look: tokens, zones, records, writes, deletes.
fn counts(world: &World) -> [usize; 5] {
    let operations = [
        Operation::GetToken,
        Operation::ListZones,
        Operation::ListRecordSets,
        Operation::PutRecordSet,
        Operation::DeleteRecordSet,
    ];
    let counts = operations.map(|operation| world.azure.count(operation));
    assert_eq!(world.azure.requests().len(), counts.iter().sum::<usize>(), "nothing else is asked");
    world.azure.forget_requests();
    counts
}

/// Need 29: what the filter keeps out is not listed.
#[tokio::test]
async fn of_forty_zones_the_one_that_matters_is_listed() {
    let world = World::new().await;
    for i in 0..40 {
        world.zone(Service::Public, "group", &format!("z{i}.example.org"));
    }
    let domains = DomainFilter::from_suffixes(&["z7.example.org"], &[]).unwrap();
    let config = world.config(Service::Public);
    let provider = provider(AzureConfig { zones: ZoneFilter { domains, ..config.zones.clone() }, ..config });
    let zones = provider.reader().zones().await.unwrap();
    for zone in &zones {
        provider.reader().records(zone).await.unwrap();
    }
    assert_eq!((zones.len(), counts(&world)), (1, [1, 1, 1, 0, 0]));
}

/// Need 29: five hundred writes, some at a time and never more than eight.
#[tokio::test]
async fn writes_are_made_side_by_side() {
    let (world, _) = World::with_zone(Service::Public).await;
    let provider = world.provider(Service::Public);
    let zone = zone_of(&provider).await;
    let slow = When::call(Operation::PutRecordSet).always();
    world.azure.inject(slow, Fault::Delay(Duration::from_millis(20)));
    world.azure.forget_requests();
    let begun = std::time::Instant::now();
    all_made(&provider.writer().apply(&zone, &creates(250)).await);
    assert_eq!(world.azure.most_at_once(), 8);
    let one_by_one = Duration::from_millis(20) * 500;
    assert!(begun.elapsed() < one_by_one / 3, "{:?}", begun.elapsed());
}

/// Metrics hear of each request, with what it was for and what came of it; a repetition is one more.
#[tokio::test]
async fn every_request_is_told_of() {
    let (world, _) = World::with_zone(Service::Public).await;
    let told = Arc::new(Mutex::new(Vec::new()));
    let keep = told.clone();
    let recorder = RequestRecorder::new(move |request| keep.lock().unwrap().push(request.clone()));
    let provider = provider(AzureConfig { recorder, ..world.config(Service::Public) });
    let zone = zone_of(&provider).await;
    world.azure.inject(When::call(Operation::ListRecordSets), Fault::throttled(None));
    provider.reader().records(&zone).await.unwrap();
    world.azure.inject(When::call(Operation::PutRecordSet), Fault::HangUp);
    provider.writer().apply(&zone, &creates(1)).await.remove(0).unwrap_err();
    let told = told.lock().unwrap();
    let found: Vec<(&str, &str, Option<u16>)> = told
        .iter()
        .map(|request| (request.operation.as_str(), request.method.as_str(), request.status))
        .collect();
    let expected = [
        ("GetToken", "POST", Some(200)),
        ("Zones_ListByResourceGroup", "GET", Some(200)),
        ("RecordSets_ListAllByDnsZone", "GET", Some(429)),
        ("RecordSets_ListAllByDnsZone", "GET", Some(200)),
        ("RecordSets_CreateOrUpdate", "PUT", None),
    ];
    assert_eq!(found, expected);
}

/// `--provider-requests-per-second`.
#[tokio::test]
async fn no_second_sees_more_requests_than_the_flag_says() {
    let (world, _) = World::with_zone(Service::Public).await;
    let config = AzureConfig { requests_per_second: Some(20.0), ..world.config(Service::Public) };
    let provider = provider(config);
    assert_eq!(provider.reader().capabilities().requests_per_second, Some(20.0));
    let zone = zone_of(&provider).await;
    all_made(&provider.writer().apply(&zone, &creates(15)).await);
    let requests =
        world.azure.requests().into_iter().filter(|request| request.operation != Operation::GetToken);
    let at: Vec<Duration> = requests.map(|request| request.at).collect();
    // A request may arrive a little later than it was sent, and the next one not.
    assert!(at.windows(21).all(|some| some[20] - some[0] >= Duration::from_millis(900)), "{at:?}");
}
