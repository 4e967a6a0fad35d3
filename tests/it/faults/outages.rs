//! What the API server does not say, says in part or denies is no reason to delete anything: not in a running daemon, and not in
//! one that starts into the outage. The rest goes on meanwhile, and when the outage is over everything is as if it had
//! not been.

use super::judge::Judge;
use super::model::foreign_records;
use super::{Size, report};
use crate::cluster::daemon::{Daemon, PROMPT, until_async};
use crate::cluster::objects::{dns_endpoint, ingress, owned_a, service};
use crate::cluster::world::{Provider, first_cluster, own_cluster, own_crds, test, with};
use futures::future::join_all;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use zonewright_testing::{ApiFault, ApiProxy, ApiRule, KubeApiserver, Verb};

struct Outage {
    name: &'static str,
    verb: Verb,
    fault: ApiFault,
    /// The source cannot know what there is; otherwise it finds another way, a new list for instance.
    is_blinding: bool,
}

fn outages() -> Vec<Outage> {
    use ApiFault::{BreaksOff, Dawdles, EndsEarly, Gone, Nonsense, Refused, Silent};
    let blinding = |name, verb, fault| Outage { name, verb, fault, is_blinding: true };
    let passing = |name, verb, fault| Outage { name, verb, fault, is_blinding: false };
    vec![
        blinding("list-500", Verb::List, Refused(500)),
        blinding("list-403", Verb::List, Refused(403)),
        blinding("list-404", Verb::List, Refused(404)),
        blinding("list-429", Verb::List, Refused(429)),
        blinding("list-breaks-off", Verb::List, BreaksOff(700)),
        blinding("list-ends-early", Verb::List, EndsEarly(700)),
        blinding("list-nonsense", Verb::List, Nonsense),
        blinding("list-silent", Verb::List, Silent(Duration::from_secs(60))),
        blinding("second-page-410", Verb::NextPage, Gone),
        blinding("second-page-403", Verb::NextPage, Refused(403)),
        blinding("second-page-ends-early", Verb::NextPage, EndsEarly(700)),
        passing("watch-403", Verb::Watch, Refused(403)),
        passing("watch-410", Verb::Watch, Gone),
        passing("watch-breaks-off", Verb::Watch, BreaksOff(100)),
        passing("watch-ends-early", Verb::Watch, EndsEarly(100)),
        passing("all-slow", Verb::Any, Dawdles(400, Duration::from_millis(10))),
    ]
}

const SHOPS: usize = 6;

fn host(index: usize) -> String {
    format!("shop{index}.example.org")
}

fn shop(namespace: &str, index: usize) -> Value {
    ingress(namespace, &format!("shop{index}"), &host(index), "192.0.2.1")
}

fn shop_records(namespace: &str, index: usize) -> Vec<Value> {
    owned_a(&host(index), "192.0.2.1", "me", &format!("ingress/{namespace}/shop{index}"))
}

/// A service, which is never in trouble.
fn web(namespace: &str, address: &str) -> Value {
    service(namespace, "web", "web.example.org", address)
}

fn records(namespace: &str, address: &str, shops: std::ops::Range<usize>) -> Vec<Value> {
    let mut records = owned_a("web.example.org", address, "me", &format!("service/{namespace}/web"));
    records.extend(shops.flat_map(|index| shop_records(namespace, index)));
    records.extend(foreign_records());
    records
}

async fn endures(cluster: &KubeApiserver, outage: &Outage) -> usize {
    let (name, namespace) = (outage.name, &format!("outage-{}", outage.name));
    let provider = Provider::start().await;
    provider.0.set_records(foreign_records());
    let judge = Judge::watch(&provider.0);
    let apply_web = async |address: &str| {
        judge.wants("web.example.org", address);
        cluster.apply(&web(namespace, address)).await.unwrap();
    };
    for index in 0..SHOPS {
        judge.wants(&host(index), "192.0.2.1");
        cluster.apply(&shop(namespace, index)).await.unwrap();
    }
    apply_web("192.0.2.11").await;
    let proxy = ApiProxy::start(&cluster.kubeconfig_path()).await.unwrap();
    proxy.page(4);
    let kubeconfig = proxy.write_kubeconfig(cluster.dir().join(format!("{namespace}.kubeconfig"))).unwrap();
    let kubeconfig = format!("--kubeconfig={}", kubeconfig.display());
    let flags = with(
        &provider.flags_in(cluster, namespace, &["service", "ingress"]),
        // The guard is not what this rests on.
        &[&kubeconfig, "--no-delete-guard", "--kube-api-request-timeout=1s"],
    );
    let mut daemon = Daemon::start(&flags);
    provider.until_records_are(name, records(namespace, "192.0.2.11", 0..SHOPS)).await;

    let add = |verb, fault| proxy.add(ApiRule { verb, path: "/ingresses", fault, times: usize::MAX });
    if outage.is_blinding {
        // Otherwise a running daemon would take up its watch where it was, and need no list.
        add(Verb::Watch, ApiFault::Gone);
    }
    add(outage.verb, outage.fault.clone());
    proxy.cut();
    let says_so = async |daemon: &Daemon| {
        if outage.is_blinding {
            daemon.until_it_says(&["ingresses.networking.k8s.io", "trying again"]).await;
        }
    };
    says_so(&daemon).await;
    apply_web("192.0.2.12").await;
    provider.until_records_are(name, records(namespace, "192.0.2.12", 0..SHOPS)).await;
    daemon.until_cycles_pass(3).await;

    daemon.signal("KILL");
    daemon.ended(PROMPT).await;
    if outage.is_blinding {
        // Nobody can know of this until the outage is over.
        judge.gives_up(&host(SHOPS - 1));
        cluster.delete(&shop(namespace, SHOPS - 1)).await.unwrap();
    }
    daemon = Daemon::start(&flags);
    says_so(&daemon).await;
    apply_web("192.0.2.13").await;
    provider.until_records_are(name, records(namespace, "192.0.2.13", 0..SHOPS)).await;
    daemon.until_cycles_pass(3).await;
    assert!(daemon.is_alive() && daemon.is_healthy().await, "{name}");

    proxy.heal();
    let left = if outage.is_blinding { SHOPS - 1 } else { SHOPS };
    provider.until_records_are(name, records(namespace, "192.0.2.13", 0..left)).await;
    let applies = provider.applies();
    daemon.until_cycles_pass(2).await;
    assert_eq!(provider.applies(), applies, "{name}");
    judge.acquits(name);
    daemon.stop().await;
    proxy.faults().values().sum()
}

#[test]
fn no_outage_of_a_source_deletes_anything() {
    test(async {
        let (began, size) = (Instant::now(), Size::from_environment());
        let cluster = first_cluster().await;
        let mut outages = outages();
        let mut turn = size.seed as usize;
        // The short form takes every other one, and the next run those that are left.
        outages.retain(|_| {
            turn += 1;
            size.is_long || turn.is_multiple_of(2)
        });
        let faults = join_all(outages.iter().map(|outage| endures(&cluster, outage))).await;
        let kinds = outages.iter().map(|outage| outage.name).collect::<Vec<_>>().join(", ");
        report(
            "outages of one source, met by a running daemon and by one that starts",
            &size,
            began.elapsed(),
            &[
                ("kinds", format!("{} ({kinds})", outages.len())),
                ("answers spoiled", faults.iter().sum::<usize>().to_string()),
                ("deletes of wanted records", "0".to_owned()),
            ],
        );
    });
}

const CUSTOM: usize = 20;
const NAMESPACE: &str = "custom";

fn custom(index: usize) -> Value {
    dns_endpoint(NAMESPACE, &format!("c{index}"), &format!("c{index}.example.org"), "192.0.2.7", 300)
}

fn definition() -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "dnsendpoints.externaldns.k8s.io"},
    })
}

async fn serve(cluster: &KubeApiserver, served: bool) {
    let mut definition = cluster.get(&definition()).await.unwrap();
    definition["spec"]["versions"][0]["served"] = json!(served);
    cluster.apply(&definition).await.unwrap();
}

/// With the guard as it is by default.
#[test]
fn a_definition_or_an_api_server_that_goes_and_comes_back_deletes_nothing() {
    test(async {
        let (began, size) = (Instant::now(), Size::from_environment());
        let mut cluster = own_cluster().await;
        let provider = Provider::start().await;
        provider.0.set_records(foreign_records());
        let judge = Judge::watch(&provider.0);
        let mut expected = foreign_records();
        for index in 0..CUSTOM {
            let host = format!("c{index}.example.org");
            judge.wants(&host, "192.0.2.7");
            cluster.apply(&custom(index)).await.unwrap();
            let mut records = owned_a(&host, "192.0.2.7", "me", &format!("crd/{NAMESPACE}/c{index}"));
            records[0]["recordTTL"] = json!(300);
            expected.extend(records);
        }
        let expected = |address: &str| {
            [expected.clone(), owned_a("web.example.org", address, "me", "service/custom/web")].concat()
        };
        let apply_web = async |cluster: &KubeApiserver, address: &str| {
            judge.wants("web.example.org", address);
            cluster.apply(&web(NAMESPACE, address)).await.unwrap();
        };
        apply_web(&cluster, "192.0.2.11").await;
        let flags = provider.flags_in(&cluster, NAMESPACE, &["service", "crd"]);
        let daemon = Daemon::start(&flags);
        provider.until_records_are("at first", expected("192.0.2.11")).await;

        serve(&cluster, false).await;
        daemon.until_it_says(&["dnsendpoints.externaldns.k8s.io", "404", "trying again"]).await;
        apply_web(&cluster, "192.0.2.12").await;
        provider.until_records_are("the version is not served", expected("192.0.2.12")).await;
        let daemon = kill_and_start(daemon, &flags).await;
        daemon.until_it_says(&["dnsendpoints.externaldns.k8s.io", "404", "trying again"]).await;
        daemon.until_cycles_pass(3).await;
        serve(&cluster, true).await;
        daemon.until_it_says(&["dnsendpoints.externaldns.k8s.io can be read again"]).await;

        cluster.stop_apiserver();
        daemon.until_cycles_pass(3).await;
        let mut daemon = kill_and_start(daemon, &flags).await;
        daemon.until_it_says(&["source crd is incomplete", "onnection refused"]).await;
        daemon.until_cycles_pass(3).await;
        cluster.start_apiserver().await.unwrap();
        apply_web(&cluster, "192.0.2.13").await;
        provider.until_records_are("after the API server's return", expected("192.0.2.13")).await;
        daemon.until_cycles_pass(3).await;

        // Every object of the kind goes with it.
        cluster.delete(&definition()).await.unwrap();
        until_async("the definition's end", async || cluster.get(&definition()).await.is_err()).await;
        daemon.until_it_says(&["dnsendpoints.externaldns.k8s.io", "404", "trying again"]).await;
        apply_web(&cluster, "192.0.2.14").await;
        provider.until_records_are("the definition is gone", expected("192.0.2.14")).await;
        daemon.until_cycles_pass(3).await;
        cluster.install_crds(&own_crds()).await.unwrap();
        for index in 0..CUSTOM {
            cluster.apply(&custom(index)).await.unwrap();
        }
        apply_web(&cluster, "192.0.2.15").await;
        provider.until_records_are("all is back", expected("192.0.2.15")).await;
        daemon.until_cycles_pass(3).await;
        provider.until_records_are("and stays", expected("192.0.2.15")).await;
        judge.acquits("the whole time");
        daemon.stop().await;
        report(
            "a CRD that goes, an API server that restarts",
            &size,
            began.elapsed(),
            &[("objects behind the CRD", CUSTOM.to_string()), ("deletes", "0".to_owned())],
        );
    });
}

async fn kill_and_start(mut daemon: Daemon, flags: &[String]) -> Daemon {
    assert!(daemon.is_alive());
    daemon.signal("KILL");
    daemon.ended(PROMPT).await;
    Daemon::start(flags)
}
