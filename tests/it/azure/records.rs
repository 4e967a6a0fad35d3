//! Records, their rows and their metadata, written and left alone.

use super::{Ended, World, daemon, ingress, once, until};
use rstest::rstest;
use std::time::Duration;
use zonewright_azure_double::{Fault, Operation, RecordSet, When};

const BOTH: [&str; 2] = ["azure", "azure-private-dns"];

/// One run writes, the next finds nothing to do: TTL, tags, wildcard, a host name, both families.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_is_left_alone() {
    for provider in ["azure", "azure-dns", "azure-private-dns"] {
        let (world, zone) = World::with_zone(provider).await;
        let text = [
            ingress(
                "www.example.org",
                "192.0.2.1",
                &[("ttl", "60"), ("azure-tags", "team=web, cost=42,stage=prod")],
            ),
            ingress("*.apps.example.org", "192.0.2.2", &[]),
            ingress("cdn.example.org", "edge.example.net", &[("alias", "false")]),
            ingress("six.example.org", "2001:db8::1", &[]),
        ];
        world.objects(&text.concat());
        // Azure takes an asterisk for a whole label only, and the row's begins with the type.
        let program = || {
            let mut command = world.program();
            command.arg("--txt-wildcard-replacement=any");
            command
        };
        let Ended { code, log } = once(world.program()).await;
        assert!(code == Some(1) && super::said(&log, &["*.apps", "--txt-wildcard-replacement"]) > 0, "{log}");
        let Ended { code, log } = once(program()).await;
        assert_eq!(code, Some(0), "{log}");
        let www = RecordSet::new("www", "A", 60, &["192.0.2.1"]);
        let tags = [("team", "web"), ("cost", "42"), ("stage", "prod")];
        assert_eq!(world.found(&zone, "www"), [www.with_metadata(&tags)], "{provider}\n{log}");
        assert_eq!(world.found(&zone, "*.apps")[0].values, ["192.0.2.2"]);
        assert_eq!(world.found(&zone, "cdn")[0].values, ["edge.example.net"]);
        assert_eq!(world.found(&zone, "six")[0].values, ["2001:db8::1"]);
        let row = &world.found(&zone, "a-www")[0];
        let text = "\"heritage=external-dns,external-dns/owner=me,external-dns/resource=ingress/web/www.example.org\"";
        assert_eq!((row.values.as_slice(), row.metadata.len()), (&[text.to_owned()][..], 3));

        let before = world.azure.records(&zone);
        world.azure.forget_requests();
        let Ended { code, log } = once(program()).await;
        assert_eq!((code, world.azure.count(Operation::PutRecordSet)), (Some(0), 0), "{provider}\n{log}");
        assert!(log.contains("All records are already up to date"), "{log}");
        assert_eq!(world.azure.records(&zone), before);
    }
}

/// A zone as ExternalDNS v0.22 leaves it behind is taken over without a change.
#[tokio::test(flavor = "multi_thread")]
async fn a_zone_of_externaldns_is_taken_over() {
    for provider in BOTH {
        let (world, zone) = World::with_zone(provider).await;
        let row = "\"heritage=external-dns,external-dns/owner=me,external-dns/resource=ingress/web/www.example.org\"";
        let sets =
            [RecordSet::new("www", "A", 300, &["192.0.2.1"]), RecordSet::new("a-www", "TXT", 300, &[row])];
        world.azure.seed(&zone, sets).unwrap();
        world.objects(&ingress("www.example.org", "192.0.2.1", &[]));
        let Ended { code, log } = once(world.program()).await;
        assert_eq!((code, world.azure.count(Operation::PutRecordSet)), (Some(0), 0), "{log}");
        world.objects(&ingress("other.example.org", "192.0.2.1", &[]));
        let mut command = world.program();
        command.arg("--no-delete-guard");
        let Ended { code, log } = once(command).await;
        assert_eq!(code, Some(0), "{log}");
        assert_eq!(world.found(&zone, "www"), []);
        assert_eq!(world.azure.records(&zone).len(), 2, "{log}");
    }
}

/// An alias record set, records of others, and machines that registered themselves stay what they are.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_ours_stays() {
    let (world, zone) = World::with_zone("azure").await;
    let manager = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/trafficManagerProfiles/tm";
    let sets = [
        RecordSet::new("tm", "A", 60, &[]).alias_of(manager),
        RecordSet::new("mine", "A", 60, &["198.51.100.1"]).with_metadata(&[("by", "hand")]),
    ];
    world.azure.seed(&zone, sets.clone()).unwrap();
    let text = ["tm", "mine", "new"].map(|name| ingress(&format!("{name}.example.org"), "192.0.2.1", &[]));
    world.objects(&text.concat());
    let Ended { log, .. } = once(world.program()).await;
    assert_eq!(world.found(&zone, "tm"), sets[..1], "{log}");
    assert_eq!(world.found(&zone, "mine"), sets[1..], "{log}");
    assert_eq!(world.found(&zone, "new").len(), 1, "{log}");
    assert!(super::said(&log, &["tm.example.org"]) > 0, "{log}");

    let (world, zone) = World::with_zone("azure-private-dns").await;
    world.azure.seed(&zone, [RecordSet::new("vm", "A", 10, &["10.0.0.4"]).registered()]).unwrap();
    world.objects(&ingress("new.example.org", "192.0.2.1", &[]));
    let mut command = world.program();
    command.args(["--registry=noop", "--no-delete-guard"]);
    let Ended { code, log } = once(command).await;
    assert_eq!((code, world.found(&zone, "vm").len()), (Some(0), 1), "{log}");
}

/// Somebody changes a record between our list and our write: it is not overwritten unseen, but read again and then put right.
#[tokio::test(flavor = "multi_thread")]
async fn a_concurrent_change_is_noticed() {
    let (world, zone) = World::with_zone("azure").await;
    world.numbered(1, 0);
    let log = world.path("log");
    let mut command = world.program();
    command.args(["--events", "--min-event-sync-interval=0s", "--interval=500ms", "--drift-interval=1h"]);
    let _daemon = daemon(command, &log);
    until("the record", || world.found(&zone, "n00000").len() == 1).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    world.azure.seed(&zone, [RecordSet::new("n00000", "A", 300, &["203.0.113.9"])]).unwrap();
    world.azure.forget_requests();
    world.numbered(1, 1);
    until("what is wanted", || world.found(&zone, "n00000")[0].values == ["198.51.100.1"]).await;
    let statuses: Vec<u16> = world
        .azure
        .requests()
        .iter()
        .filter(|request| request.record.as_deref() == Some("A n00000"))
        .map(|request| request.status)
        .collect();
    assert_eq!(statuses.first(), Some(&412), "{}", std::fs::read_to_string(&log).unwrap());
    assert_eq!(world.azure.count(Operation::ListRecordSets), 1, "it was read again");
}

/// Need 29: five hundred writes, and in their midst the service asks to be left alone for a while. All are made, nothing ends, and
/// nobody asks before the time.
#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_retry_after_costs_time_and_nothing_else() {
    let (world, zone) = World::with_zone("azure").await;
    world.numbered(250, 0);
    world.azure.inject(When::call(Operation::PutRecordSet).after(100), Fault::throttled(Some(2)));
    let log = world.path("log");
    let mut command = world.program();
    command.arg("--interval=500ms");
    let mut running = daemon(command, &log);
    until("all of them", || world.azure.records(&zone).len() == 500).await;
    assert!(running.try_wait().unwrap().is_none());
    let writes =
        world.azure.requests().into_iter().filter(|request| request.operation == Operation::PutRecordSet);
    let (before, after): (Vec<_>, Vec<_>) = {
        let writes: Vec<_> = writes.collect();
        let refused = writes.iter().position(|request| request.status == 429).unwrap();
        let at = writes[refused].at;
        // Those that were under way already.
        let is_before = |at_other: Duration| at_other < at + Duration::from_millis(300);
        writes.iter().map(|request| request.at).partition(|at| is_before(*at))
    };
    let quiet = after.first().unwrap().saturating_sub(*before.last().unwrap());
    assert!(quiet >= Duration::from_millis(1500), "{quiet:?}");
    assert!(before.len() < 120, "{} were sent all the same", before.len());
}

/// W18: the apex is owned where its row lies inside of the zone, and it is said where it does not.
#[tokio::test(flavor = "multi_thread")]
async fn the_apex_is_owned_with_a_fitting_prefix() {
    for provider in BOTH {
        let (world, zone) = World::with_zone(provider).await;
        world.objects(&ingress("example.org", "192.0.2.1", &[]));
        let prefixed = || {
            let mut command = world.program();
            command.arg("--txt-prefix=%{record_type}.");
            command
        };
        let Ended { code, log } = once(prefixed()).await;
        assert_eq!(code, Some(0), "{log}");
        assert_eq!((world.found(&zone, "@").len(), world.found(&zone, "a").len()), (1, 1), "{log}");
        world.objects(&ingress("example.org", "192.0.2.2", &[]));
        let Ended { code, log } = once(prefixed()).await;
        assert_eq!(code, Some(0), "{log}");
        let apex = world.found(&zone, "@");
        assert_eq!(apex[0].values, ["192.0.2.2"], "{log}");
    }
    let (world, _) = World::with_zone("azure").await;
    world.objects(&ingress("example.org", "192.0.2.1", &[]));
    let Ended { log, .. } = once(world.program()).await;
    assert!(super::said(&log, &["a-example.org lies outside zone", "--txt-prefix"]) > 0, "{log}");
}
