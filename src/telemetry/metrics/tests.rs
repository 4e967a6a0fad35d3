use super::*;
use crate::sync::Applied;
use http::Method;
use zonewright_planner::{
    Change, CreateReason, DeleteReason, Endpoint, Plan, Properties, Record, RecordType, UpdateReason, ZoneId,
};
use zonewright_provider_kit::{ErrorClass, ProviderError, ZoneChange};

/// The lines of a scrape that begin with one of these.
fn lines(metrics: &Metrics, beginnings: &[&str]) -> Vec<String> {
    let text = String::from_utf8(metrics.render().unwrap()).unwrap();
    let is_asked_for = |line: &&str| beginnings.iter().any(|beginning| line.starts_with(beginning));
    text.lines()
        .filter_map(|line| line.strip_prefix("external_dns_"))
        .filter(is_asked_for)
        .map(str::to_owned)
        .collect()
}

fn wish(name: &str) -> Endpoint {
    Endpoint::new(name, RecordType::A, &["192.0.2.1"], Properties::new()).unwrap()
}

fn record(name: &str) -> Record {
    Record::from_text(ZoneId::new("z"), name, RecordType::A, &["192.0.2.1"]).unwrap()
}

fn create(name: &str) -> Change {
    Change::create(wish(name), CreateReason::New)
}

fn applied(change: Change, outcome: Result<(), ProviderError>) -> Applied {
    Applied {
        zone: ZoneId::new("z"),
        change: ZoneChange { change, rows: Vec::new() },
        own_fault: false,
        outcome,
    }
}

#[test]
fn a_plan_is_counted_by_operation_and_reason_and_the_next_one_replaces_it() {
    let metrics = Metrics::new("me").unwrap();
    let update = Change::update(
        record("b.example.org"),
        wish("b.example.org"),
        vec![UpdateReason::Targets, UpdateReason::OwnershipRow],
    );
    let delete = Change::delete(record("c.example.org"), DeleteReason::NoLongerWanted);
    let report = CycleReport::after(vec![
        applied(create("a.example.org"), Ok(())),
        applied(update, Ok(())),
        applied(delete, Ok(())),
    ]);
    metrics.ended(&report);
    let expected = [
        r#"controller_plan_size{operation="create",reason="new"} 1"#,
        r#"controller_plan_size{operation="delete",reason="no-longer-wanted"} 1"#,
        r#"controller_plan_size{operation="update",reason="targets"} 1"#,
    ];
    assert_eq!(lines(&metrics, &["controller_plan_size"]), expected);
    let changes = vec![create("a.example.org"), create("d.example.org")];
    let preview =
        CycleReport { dry_run: true, plan: Plan { changes, skips: Vec::new() }, ..CycleReport::default() };
    metrics.ended(&preview);
    let expected = [r#"controller_plan_size{operation="create",reason="new"} 2"#];
    assert_eq!(lines(&metrics, &["controller_plan_size"]), expected);
}

#[test]
fn only_what_the_provider_acknowledged_after_an_event_has_a_latency() {
    let metrics = Metrics::new("me").unwrap();
    let refused = Err(ProviderError::new(ErrorClass::InvalidRecord, "no"));
    let report = |since_event| CycleReport {
        since_event,
        ..CycleReport::after(vec![
            applied(create("a.example.org"), Ok(())),
            applied(create("b.example.org"), refused.clone()),
        ])
    };
    metrics.ended(&report(None));
    metrics.ended(&report(Some(Duration::from_millis(30))));
    let name = "controller_event_to_record_seconds";
    let expected = [format!("{name}_sum 0.03"), format!("{name}_count 1")];
    assert_eq!(lines(&metrics, &[&format!("{name}_sum"), &format!("{name}_count")]), expected);
    let bucket = |le: &str| lines(&metrics, &[&format!("{name}_bucket{{le=\"{le}\"}}")]);
    assert_eq!(bucket("0.025"), [format!("{name}_bucket{{le=\"0.025\"}} 0")]);
    assert_eq!(bucket("0.05"), [format!("{name}_bucket{{le=\"0.05\"}} 1")]);
}

#[test]
fn names_that_the_provider_refuses_are_counted_once_each() {
    let metrics = Metrics::new("me").unwrap();
    let skip = |name: &str, reason| Skip::of_wish(&wish(name), reason);
    let refused = || SkipReason::Quarantined { why: "no".into(), refusals: 1 };
    let mut skips = vec![
        skip("a.example.org", refused()),
        skip("a.example.org", refused()),
        skip("b.example.org", refused()),
        skip("c.example.org", SkipReason::NoZone),
    ];
    let report = |skips: &[Skip]| CycleReport {
        plan: Plan { changes: Vec::new(), skips: skips.to_vec() },
        ..CycleReport::default()
    };
    metrics.ended(&report(&skips));
    assert_eq!(lines(&metrics, &["controller_quarantined_names"]), ["controller_quarantined_names 2"]);
    skips.truncate(2);
    metrics.ended(&report(&skips));
    assert_eq!(lines(&metrics, &["controller_quarantined_names"]), ["controller_quarantined_names 1"]);
}

#[tokio::test(start_paused = true)]
async fn the_age_of_the_snapshot_grows_between_runs() {
    let metrics = Metrics::new("me").unwrap();
    metrics.ended(&CycleReport { oldest_listing: Some(Instant::now()), ..CycleReport::default() });
    tokio::time::advance(Duration::from_secs(90)).await;
    assert_eq!(lines(&metrics, &["controller_snapshot_age"]), ["controller_snapshot_age_seconds 90"]);
}

#[test]
fn calls_of_the_provider_are_counted_by_what_they_are_for() {
    let metrics = Metrics::new("me").unwrap();
    let call = |method, path: &str, status| webhook::RequestRecord {
        method,
        url: format!("http://localhost:8888{path}").parse().unwrap(),
        status,
        duration: Duration::from_millis(1),
    };
    let ok = http::StatusCode::from_u16(200).ok();
    for record in [
        call(Method::GET, "/", ok),
        call(Method::GET, "/records", ok),
        call(Method::GET, "/records", None),
        call(Method::POST, "/records", http::StatusCode::from_u16(500).ok()),
        call(Method::POST, "/adjustendpoints", ok),
    ] {
        metrics.webhook_request(&record);
    }
    let expected = [
        r#"provider_requests_total{code="200",operation="adjust"} 1"#,
        r#"provider_requests_total{code="500",operation="apply"} 1"#,
        r#"provider_requests_total{code="200",operation="list"} 1"#,
        r#"provider_requests_total{code="none",operation="list"} 1"#,
        r#"provider_requests_total{code="200",operation="negotiate"} 1"#,
    ];
    let mut found = lines(&metrics, &["provider_requests_total"]);
    found.sort_by_key(|line| line.split("operation=").nth(1).map(str::to_owned));
    assert_eq!(found, expected);
}

#[test]
fn calls_of_a_cloud_are_counted_by_their_name_and_timed() {
    let metrics = Metrics::new("me").unwrap();
    for status in [Some(200), Some(200), Some(400), None] {
        metrics.provider_request(&RequestRecord {
            operation: "ListHostedZones".to_owned(),
            method: "GET".to_owned(),
            url: "https://route53.amazonaws.com/2013-04-01/hostedzone?maxitems=100".to_owned(),
            status,
            duration: Duration::from_millis(1),
        });
    }
    let expected = [
        r#"provider_requests_total{code="200",operation="ListHostedZones"} 2"#,
        r#"provider_requests_total{code="400",operation="ListHostedZones"} 1"#,
        r#"provider_requests_total{code="none",operation="ListHostedZones"} 1"#,
    ];
    assert_eq!(lines(&metrics, &["provider_requests_total"]), expected);
    let timed = lines(&metrics, &["http_request_duration_seconds_count"]);
    let of_success = timed.iter().find(|line| line.contains(r#"status="200""#)).unwrap();
    for label in [r#"host="route53.amazonaws.com""#, r#"path="hostedzone""#, r#"method="GET""#] {
        assert!(of_success.contains(label), "{label} is missing in {of_success}");
    }
    assert!(of_success.ends_with(" 2"), "{of_success}");
}

#[test]
fn without_an_election_there_is_no_lease_to_speak_of() {
    let metrics = Metrics::new("me").unwrap();
    metrics.watch_leadership(&Leadership::always());
    assert_eq!(lines(&metrics, &["controller_lease_state"]), Vec::<String>::new());
}
