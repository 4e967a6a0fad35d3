//! What reading and writing cost, on BIND and on Knot: `benches/rfc2136` runs this.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a measurement ends where it fails"
)]

use std::num::NonZeroUsize;
use std::time::{Duration, Instant};
use zonewright_planner::{Change, CreateReason, DeleteReason, Endpoint, Properties, Record, RecordType, Ttl};
use zonewright_provider_kit::{ReadZones, RowChange, WriteZone, Zone, ZoneChange};
use zonewright_provider_rfc2136::{Balancing, Rfc2136, Rfc2136Config, TsigKey, system_clock};
use zonewright_testing::{Make, NameServer, NameServerSetup};

const ZONE: &str = "example.org";

#[tokio::main]
async fn main() {
    for make in [Make::Bind, Make::Knot] {
        for names in [5_000, 50_000] {
            read(make, names).await;
        }
        write(make).await;
    }
}

/// Names with their ownership rows: two record sets each.
async fn read(make: Make, names: usize) {
    let mut setup = NameServerSetup::zones(&[ZONE]);
    let line = |n| {
        format!(
            "n{n} A 192.0.2.1\na-n{n} TXT \"heritage=external-dns,external-dns/owner=me,external-dns/resource=ingress/web/n{n}\"\n"
        )
    };
    setup.zones[0].1 = (0..names).map(line).collect();
    let server = NameServer::start(make, setup).await.unwrap();
    let provider = provider(&server);
    let (reader, writer) = (provider.reader(), provider.writer());
    let zone = reader.zones().await.unwrap().remove(0);
    let before = memory();
    let (whole, count) = time(async || reader.records(&zone).await.unwrap().records.len()).await;
    let after = memory();
    println!("{make:?}, {count} record sets");
    println!("  AXFR and list         {whole:.1?}; kept for next time {:.1} MiB", after - before);
    let mut unchanged = Vec::new();
    for _ in 0..5 {
        unchanged.push(time(async || reader.records(&zone).await.unwrap().records.len()).await.0);
    }
    println!("  unchanged: SOA, list  {:.1?}", median(unchanged));
    let change = create("new", 1);
    let (one, _) = time(async || writer.apply(&zone, &[change]).await.remove(0).unwrap()).await;
    let (changed, _) = time(async || reader.records(&zone).await.unwrap().records.len()).await;
    println!("  one change: UPDATE    {one:.1?}; then SOA, IXFR, list {changed:.1?}");
    // Knot says at once how much that was, BIND when it is done.
    let log = server.log();
    let ends = log
        .lines()
        .filter(|line| line.contains("FR ended") || line.contains("outgoing") && line.contains("finished"));
    ends.filter_map(|line| line.split("FR").nth(1))
        .for_each(|end| println!("  the server's log      …FR{end}"));
}

async fn write(make: Make) {
    let server = NameServer::start(make, NameServerSetup::zones(&[ZONE])).await.unwrap();
    let provider = provider(&server);
    let (reader, writer) = (provider.reader(), provider.writer());
    let zone = reader.zones().await.unwrap().remove(0);
    reader.records(&zone).await.unwrap();
    for (batch, rounds) in [(1, 200), (50, 40), (200, 10)] {
        let creates: Vec<_> = (0..batch * rounds).map(|n| create(&format!("b{batch}n{n}"), n)).collect();
        let (created, ()) = time(async || all(&writer, &zone, &creates, batch).await).await;
        let deletes: Vec<_> = creates.iter().map(|change| delete(&zone, change)).collect();
        let (deleted, ()) = time(async || all(&writer, &zone, &deletes, batch).await).await;
        let per_second = |time: Duration| (batch * rounds) as f64 / time.as_secs_f64();
        println!(
            "{make:?}, {batch} changes in a message: {:.0} creates and {:.0} deletes a second, {:.1} ms a message",
            per_second(created),
            per_second(deleted),
            created.as_secs_f64() * 1000.0 / rounds as f64
        );
    }
}

async fn all(writer: &impl WriteZone, zone: &Zone, changes: &[ZoneChange], batch: usize) {
    for some in changes.chunks(batch) {
        for outcome in writer.apply(zone, some).await {
            outcome.unwrap();
        }
    }
}

fn provider(server: &NameServer) -> Rfc2136 {
    let secret = server.secret().to_owned().into();
    let key = TsigKey::from_flags(Some(server.key_name()), Some(&secret), Some(server.algorithm())).unwrap();
    Rfc2136::new(Rfc2136Config {
        hosts: vec!["127.0.0.1".to_owned()],
        port: server.port(),
        zones: vec![ZONE.to_owned()],
        key: Some(key),
        reads: true,
        min_ttl: Duration::ZERO,
        batch_changes: NonZeroUsize::new(50),
        balancing: Balancing::Disabled,
        tls: None,
        requests_per_second: None,
        clock: system_clock(),
    })
    .unwrap()
}

fn wish(name: &str, record_type: RecordType, target: &str) -> Endpoint {
    let name = format!("{name}.{ZONE}");
    Endpoint::new(&name, record_type, &[target], Properties::new()).unwrap().with_ttl(Ttl::from_seconds(300))
}

fn create(name: &str, n: usize) -> ZoneChange {
    let new = wish(name, RecordType::A, &format!("192.0.2.{}", n % 250));
    let text = "\"heritage=external-dns,external-dns/owner=me,external-dns/resource=ingress/web/name\"";
    let row = wish(&format!("a-{name}"), RecordType::Txt, text);
    ZoneChange {
        change: Change::create(new, CreateReason::New),
        rows: vec![RowChange { read: None, expected: None, write: Some(row) }],
    }
}

fn delete(zone: &Zone, created: &ZoneChange) -> ZoneChange {
    let Change::Create { new, .. } = &created.change else { panic!("it is a create") };
    let stored = |endpoint: &Endpoint| Record::from_endpoint(zone.id.clone(), endpoint);
    let row = created.rows[0].write.as_ref().map(stored);
    ZoneChange {
        change: Change::delete(stored(new), DeleteReason::NoLongerWanted),
        rows: vec![RowChange { read: row, expected: None, write: None }],
    }
}

async fn time<T>(what: impl AsyncFnOnce() -> T) -> (Duration, T) {
    let begin = Instant::now();
    let result = what().await;
    (begin.elapsed(), result)
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// What this process has in memory, in MiB.
fn memory() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
}
