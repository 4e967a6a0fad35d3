//! Events on the objects that records come from.

use super::daemon::{Daemon, until_async};
use super::objects::{dns_endpoint, owned_a, service};
use super::source_faults::{OF_SERVICES, as_user, grant};
use super::world::{Provider, first_cluster, test, with};
use k8s_openapi::api::events::v1::Event;
use kube::api::{Api, ListParams};
use zonewright_testing::{Call, KubeApiserver};

const EMIT: [&str; 9] = [
    "--events-emit=RecordReady",
    "--events-emit=RecordDeleted",
    "--events-emit=RecordError",
    "--events-emit=RecordHeld",
    "--events-emit=RecordConflict",
    "--events-emit=RecordDenied",
    "--events-emit=RecordInvalid",
    "--events-emit=RecordWithheld",
    "--events-emit=RecordQuarantined",
];

pub fn emitting(flags: &[String]) -> Vec<String> {
    flags.iter().cloned().chain(EMIT.map(str::to_owned)).collect()
}

async fn events(cluster: &KubeApiserver, namespace: &str) -> Vec<Event> {
    let api: Api<Event> = Api::namespaced(cluster.client(), namespace);
    api.list(&ListParams::default()).await.unwrap().items
}

/// `object reason note` of each event, in the order of time.
pub async fn told(cluster: &KubeApiserver, namespace: &str) -> Vec<String> {
    let mut events = events(cluster, namespace).await;
    events.sort_by_key(|event| event.event_time.as_ref().map(|time| time.0));
    let line = |event: Event| {
        let object = event.regarding.unwrap();
        let (kind, name) = (object.kind.unwrap(), object.name.unwrap());
        format!("{kind}/{name} {} {}", event.reason.unwrap(), event.note.unwrap())
    };
    events.into_iter().map(line).collect()
}

async fn until_told(cluster: &KubeApiserver, namespace: &str, expected: &[&str]) {
    until_async(&format!("{expected:?}"), async || told(cluster, namespace).await == expected).await;
}

#[test]
fn each_change_of_state_is_told_once_on_the_object() {
    test(async {
        let (provider, cluster) = (Provider::start().await, first_cluster().await);
        let namespace = "told";
        let foreign = owned_a("taken.example.org", "192.0.2.9", "other", "service/x/taken");
        provider.0.set_records(foreign.clone());
        let web = |address| service(namespace, "web", "web.example.org", address);
        let uid = cluster.apply(&web("192.0.2.1")).await.unwrap()["metadata"]["uid"].clone();
        let mut daemon = Daemon::start(&emitting(&provider.flags_in(&cluster, namespace, &["service"])));
        let created = "Service/web RecordReady (external-dns) record:web.example.org,owner:me,type:A,ttl:0,targets:192.0.2.1";
        until_told(&cluster, namespace, &[created]).await;
        let event = events(&cluster, namespace).await.remove(0);
        assert_eq!(event.regarding.clone().unwrap().uid.unwrap(), uid.as_str().unwrap());
        assert_eq!(event.related, event.regarding);
        assert_eq!(event.reporting_controller.as_deref(), Some("external-dns"));
        assert_eq!(event.reporting_instance.as_deref(), Some("external-dns/source/service"));
        assert_eq!((event.type_.as_deref(), event.action.as_deref()), (Some("Normal"), Some("Created")));

        cluster.apply(&service(namespace, "taken", "taken.example.org", "192.0.2.1")).await.unwrap();
        let conflict = "Service/taken RecordConflict (external-dns) record:taken.example.org,owner:me,type:A: \
                        belongs to owner \"other\"";
        until_told(&cluster, namespace, &[created, conflict]).await;
        cluster.apply(&web("")).await.unwrap();
        let held = "Service/web RecordHeld (external-dns) record:web.example.org,owner:me,type:A: \
                    held: the object has no target at the moment";
        until_told(&cluster, namespace, &[created, conflict, held]).await;
        daemon.until_cycles_pass(50).await;
        until_told(&cluster, namespace, &[created, conflict, held]).await;

        cluster.delete(&web("")).await.unwrap();
        provider.until_records_are("deleted", foreign).await;
        let deleted = "Service/web RecordDeleted (external-dns) record:web.example.org,owner:me,type:A,ttl:0,targets:192.0.2.1";
        until_told(&cluster, namespace, &[created, conflict, held, deleted]).await;
        let written = [("outcome", "written")];
        let count = daemon.metrics().await.value("external_dns_controller_events_total", &written);
        assert_eq!(count, Some(4.0));
        daemon.stop().await;
    });
}

#[test]
fn a_record_that_the_provider_refuses_is_told_and_so_is_an_object_that_makes_no_sense() {
    test(async {
        let (provider, cluster) = (Provider::start().await, first_cluster().await);
        let namespace = "told-faults";
        cluster.apply(&dns_endpoint(namespace, "api", "api.example.org", "192.0.2.1.", 60)).await.unwrap();
        cluster.apply(&dns_endpoint(namespace, "web", "web.example.org", "192.0.2.1", 60)).await.unwrap();
        provider.0.fail_next(Call::Apply, 500);
        let flags = with(&provider.flags_in(&cluster, namespace, &["crd"]), &["--once"]);
        let output = super::daemon::run(&emitting(&flags)).await;
        assert_eq!(output.status.code(), Some(1));
        let mut told = told(&cluster, namespace).await;
        told.sort();
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(
            told[0].starts_with("DNSEndpoint/api RecordInvalid (external-dns) api.example.org A: target")
        );
        assert!(told[1].starts_with("DNSEndpoint/web RecordError (external-dns) record:web.example.org,"));
        assert!(events(&cluster, namespace).await.iter().all(|e| e.type_.as_deref() == Some("Warning")));
    });
}

#[test]
fn a_dry_run_tells_nothing() {
    test(async {
        let (provider, cluster) = (Provider::start().await, first_cluster().await);
        let namespace = "told-dry";
        cluster.apply(&service(namespace, "web", "web.example.org", "192.0.2.1")).await.unwrap();
        let flags = with(&provider.flags_in(&cluster, namespace, &["service"]), &["--once", "--dry-run"]);
        assert_eq!(super::daemon::run(&emitting(&flags)).await.status.code(), Some(0));
        assert_eq!(told(&cluster, namespace).await, Vec::<String>::new());
    });
}

#[test]
fn the_right_to_create_events_is_enough_and_its_absence_is_mentioned_once() {
    test(async {
        let (provider, cluster) = (Provider::start().await, first_cluster().await);
        let user = "silent";
        grant(&cluster, user, "read", &OF_SERVICES).await;
        for name in ["one", "two", "three"] {
            let host = format!("{name}.example.org");
            cluster.apply(&service(user, name, &host, "192.0.2.1")).await.unwrap();
        }
        let mut daemon = Daemon::start(&emitting(&as_user(&provider, &cluster, user, &["service"])));
        let failed = [("outcome", "failed")];
        until_async("events that are refused", async || {
            daemon.metrics().await.value("external_dns_controller_events_total", &failed) == Some(3.0)
        })
        .await;
        assert_eq!(
            daemon.said(&["Kubernetes Events cannot be written", "forbidden"]),
            1,
            "{:?}",
            daemon.log()
        );
        assert_eq!(told(&cluster, user).await, Vec::<String>::new());

        grant(&cluster, user, "tell", &[("events.k8s.io", &["events"], &["create"])]).await;
        // Permissions take a moment to be known to the API server.
        let mut last = 1;
        until_async("an event", async || {
            last += 1;
            let address = format!("192.0.2.{}", last % 250 + 1);
            cluster.apply(&service(user, "one", "one.example.org", &address)).await.unwrap();
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
            told(&cluster, user).await.iter().any(|line| line.starts_with("Service/one RecordReady"))
        })
        .await;
        daemon.stop().await;
    });
}
