//! What is rendered, in a real API server: every object is accepted, and the daemon can do all that it must with the rendered roles.

use super::texts::unknown_metrics;
use super::{Release, flags, objects, of_kind, path, render};
use crate::cluster::daemon::{Daemon, until_async};
use crate::cluster::kubernetes_events::told;
use crate::cluster::objects::{HOSTNAME, dns_endpoint, gateway, http_route, ingress, owned_a, service};
use crate::cluster::world::{Provider, own_cluster, test, with};
use futures::future::join_all;
use serde_json::{Value, json};
use std::sync::{Arc, Weak};
use tokio::sync::Mutex;
use zonewright_testing::KubeApiserver;

static CLUSTER: Mutex<Weak<KubeApiserver>> = Mutex::const_new(Weak::new());

/// One of its own: here daemons read all namespaces, and other tests leave things lying about in theirs.
pub async fn cluster() -> Arc<KubeApiserver> {
    let mut slot = CLUSTER.lock().await;
    if let Some(server) = slot.upgrade() {
        return server;
    }
    let server = own_cluster().await;
    server.install_crds(&path("tests/it/chart/crds")).await.unwrap();
    let server = Arc::new(server);
    *slot = Arc::downgrade(&server);
    server
}

#[test]
fn the_api_server_takes_every_object() {
    test(async {
        let cluster = cluster().await;
        let mut count = 0;
        for release in Release::all() {
            for object in release.objects(&["--include-crds"]) {
                let answer = cluster.dry_run(&object).await;
                answer.unwrap_or_else(|error| panic!("{}: {error:?}\n{object:#}", release.case()));
                count += 1;
            }
        }
        assert!(count > 100, "{count}");
    });
}

/// `zonewright rbac | kubectl apply -f -`, as the documentation has it.
#[test]
fn the_api_server_takes_what_the_program_prints() {
    test(async {
        let cluster = cluster().await;
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_zonewright"));
        let words = [
            "rbac",
            "--source=service",
            "--source=crd",
            "--leader-elect",
            "--service-account=dns/zonewright",
        ];
        let output = command.env_clear().args(words).output().unwrap();
        let objects = objects(std::str::from_utf8(&output.stdout).unwrap(), "dns");
        let kinds: Vec<&str> = objects.iter().map(|object| object["kind"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"]);
        for object in objects {
            cluster.dry_run(&object).await.unwrap();
        }
    });
}

/// A fault in a rendered object is seen; otherwise the test above would prove nothing.
#[test]
fn the_api_server_refuses_what_is_misspelt() {
    test(async {
        let cluster = cluster().await;
        let objects = render(("zonewright", "dns"), &["serviceMonitor.enabled=true"]).unwrap();
        for (kind, field) in [("Deployment", "/spec/template/spec"), ("ServiceMonitor", "/spec/endpoints/0")]
        {
            let mut object = of_kind(&objects, kind)[0].clone();
            object.pointer_mut(field).unwrap()["misspelt"] = json!(1);
            let error = format!("{:?}", cluster.dry_run(&object).await.unwrap_err());
            assert!(error.contains("misspelt"), "{error}");
        }
    });
}

/// A release whose service account and roles are in the cluster, and a daemon that has its token.
struct Installed {
    daemon: Daemon,
    provider: Provider,
}

/// Applies what decides on permissions. `spoil` may change it.
async fn install(
    cluster: &KubeApiserver,
    release: (&str, &str),
    values: &[&str],
    spoil: impl Fn(&mut Value),
) -> Installed {
    let values: Vec<&str> = values.iter().copied().chain(["provider.name=inmemory"]).collect();
    let mut objects = render(release, &values).unwrap();
    let flags = flags(&objects);
    for object in &mut objects {
        let kind = object["kind"].as_str().unwrap();
        if kind.contains("Role") || ["ServiceAccount", "ConfigMap"].contains(&kind) {
            spoil(object);
            cluster.apply(object).await.unwrap();
        }
    }
    let account = of_kind(&objects, "ServiceAccount")[0]["metadata"]["name"].as_str().unwrap();
    let kubeconfig = cluster.kubeconfig_for_service_account(release.1, account).await.unwrap();
    let kubeconfig = format!("--kubeconfig={}", kubeconfig.display());
    let provider = Provider::start().await;
    // In a Pod the token says in which namespace it is.
    let lease = format!("--leader-election-namespace={}", release.1);
    let own = with(&flags, &provider.flags().iter().map(String::as_str).collect::<Vec<_>>());
    let daemon = Daemon::start(&with(&own, &[&kubeconfig, &lease]));
    Installed { daemon, provider }
}

impl Installed {
    /// Waits until a record of this name is there, everything is read, and cycles have passed; then nothing may have been refused.
    async fn does_all_it_must(&mut self, what: &str, host: &str) {
        let Self { daemon, provider } = self;
        let is_there = || provider.0.records().iter().any(|record| record["dnsName"] == host);
        until_async(&format!("{what}: a record {host}"), async || is_there()).await;
        let ready = async || daemon.get("/readyz").await == Some((200, "OK".to_owned()));
        until_async(&format!("{what} is ready"), ready).await;
        daemon.until_cycles_pass(3).await;
        let refused: Vec<String> = daemon.log().into_iter().filter(|line| is_refusal(line)).collect();
        assert!(refused.is_empty(), "{what}: {refused:#?}");
    }
}

pub fn is_refusal(line: &str) -> bool {
    ["Forbidden", "forbidden", "cannot"].iter().any(|word| line.contains(word))
}

/// Objects from which a source makes a record of the given name, and for which it has to read all that it ever reads.
fn objects_for(source: &str, namespace: &str, gateways: &str, host: &str) -> Vec<Value> {
    match source {
        "ingress" => vec![ingress(namespace, "web", host, "192.0.2.1")],
        "crd" => vec![dns_endpoint(namespace, "web", host, "192.0.2.1", 60)],
        "node" => vec![node(host)],
        "pod" => vec![pod(namespace, host)],
        "service" => {
            let mut on_nodes = service(namespace, "on-nodes", &format!("n.{host}"), "");
            on_nodes["spec"]["type"] = json!("NodePort");
            let mut headless = service(namespace, "headless", &format!("h.{host}"), "");
            headless["spec"] =
                json!({"clusterIP": "None", "ports": [{"port": 80}], "selector": {"app": "web"}});
            vec![node("of-services"), on_nodes, headless, service(namespace, "web", host, "192.0.2.1")]
        }
        _ => {
            let (kind, version, protocol) = match source {
                "gateway-httproute" => ("HTTPRoute", "v1", "HTTP"),
                "gateway-grpcroute" => ("GRPCRoute", "v1", "HTTP"),
                "gateway-tlsroute" => ("TLSRoute", "v1", "TLS"),
                "gateway-tcproute" => ("TCPRoute", "v1alpha2", "TCP"),
                _ => ("UDPRoute", "v1alpha2", "UDP"),
            };
            let mut gateway = gateway(gateways, source, "192.0.2.1");
            let listener = &mut gateway["spec"]["listeners"][0];
            listener["protocol"] = json!(protocol);
            // Where one may look at namespaces, one has to; where not, it must do without.
            listener["allowedRoutes"] = match namespace == gateways {
                true => json!({"namespaces": {"from": "Selector", "selector": {
                    "matchLabels": {"kubernetes.io/metadata.name": namespace},
                }}}),
                false => json!({"namespaces": {"from": "All"}}),
            };
            if protocol == "TLS" {
                listener["tls"] = json!({"mode": "Passthrough"});
            }
            vec![gateway, route(kind, version, namespace, (gateways, source), host)]
        }
    }
}

fn route(kind: &str, version: &str, namespace: &str, gateway: (&str, &str), host: &str) -> Value {
    let mut route = http_route(namespace, "web", gateway.1, host);
    route["kind"] = json!(kind);
    route["apiVersion"] = json!(format!("gateway.networking.k8s.io/{version}"));
    for parent in ["/spec/parentRefs/0", "/status/parents/0/parentRef"] {
        route.pointer_mut(parent).unwrap()["namespace"] = json!(gateway.0);
    }
    if ["TCPRoute", "UDPRoute"].contains(&kind) {
        route["metadata"]["annotations"][HOSTNAME] = route["spec"]["hostnames"][0].take();
        route["spec"].as_object_mut().unwrap().remove("hostnames");
    }
    route
}

fn node(name: &str) -> Value {
    let addresses = json!([{"type": "ExternalIP", "address": "192.0.2.7"}]);
    json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}, "status": {"addresses": addresses}})
}

fn pod(namespace: &str, host: &str) -> Value {
    let annotation = "external-dns.alpha.kubernetes.io/internal-hostname";
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"namespace": namespace, "name": "web", "annotations": {annotation: host}},
        "spec": {"hostNetwork": true, "containers": [{"name": "web", "image": "web"}]},
        "status": {"podIP": "192.0.2.1", "podIPs": [{"ip": "192.0.2.1"}]},
    })
}

const SOURCES: [&str; 10] = [
    "crd",
    "gateway-grpcroute",
    "gateway-httproute",
    "gateway-tcproute",
    "gateway-tlsroute",
    "gateway-udproute",
    "ingress",
    "node",
    "pod",
    "service",
];

#[test]
fn every_source_that_reads_something_takes_part() {
    let mut all = super::permissions::sources();
    all.retain(|source| !["empty", "fake"].contains(&source.as_str()));
    all.sort();
    assert_eq!(all, SOURCES);
}

#[test]
fn the_roles_are_enough_for_every_source_in_the_whole_cluster() {
    test(async {
        let cluster = &*cluster().await;
        join_all(SOURCES.map(|source| async move {
            let (namespace, host) = (format!("all-{source}"), format!("{source}.all.example.org"));
            for object in objects_for(source, &namespace, &namespace, &host) {
                cluster.apply(&object).await.unwrap();
            }
            let sources = format!("sources={{{source}}}");
            let values = [sources.as_str(), "enableGatewayListenerSets=true"];
            let mut installed = install(cluster, (&namespace, &namespace), &values, |_| ()).await;
            installed.does_all_it_must(source, &host).await;
            installed.daemon.stop().await;
        }))
        .await;
    });
}

#[test]
fn the_roles_are_enough_for_every_source_in_one_namespace() {
    test(async {
        let cluster = &*cluster().await;
        join_all(SOURCES.map(|source| async move {
            let (namespace, host) = (format!("one-{source}"), format!("{source}.one.example.org"));
            let gateways = format!("gateways-{source}");
            for object in objects_for(source, &namespace, &gateways, &host) {
                cluster.apply(&object).await.unwrap();
            }
            let [sources, watched] =
                [format!("sources={{{source}}}"), format!("sourceNamespace={namespace}")];
            let mut values = vec![sources.as_str(), "namespaced=true", &watched];
            let gateways = format!("gatewayNamespace={gateways}");
            if source.starts_with("gateway") {
                values.push(&gateways);
            }
            let own = format!("dns-{source}");
            let mut installed = install(cluster, (&namespace, &own), &values, |_| ()).await;
            installed.does_all_it_must(source, &host).await;
            installed.daemon.stop().await;
        }))
        .await;
    });
}

/// A role that lacks one rule shows: otherwise the tests above would prove nothing.
#[test]
fn a_missing_rule_is_noticed() {
    test(async {
        let cluster = cluster().await;
        for object in objects_for("service", "short", "short", "short.example.org") {
            cluster.apply(&object).await.unwrap();
        }
        let without_pods = |object: &mut Value| {
            if let Some(rules) = object["rules"].as_array_mut() {
                rules.retain(|rule| rule["resources"][0] != "pods");
            }
        };
        let mut installed = install(&cluster, ("short", "short"), &["sources={service}"], without_pods).await;
        installed.daemon.until_it_says(&["cannot list pods", "403 Forbidden"]).await;
        assert!(installed.daemon.log().iter().any(|line| is_refusal(line)));
        installed.daemon.stop().await;
    });
}

/// Lease, status, Events and approvals, each under the one rule that the chart gives for it.
#[test]
fn the_roles_are_enough_for_all_that_is_written() {
    test(async {
        let cluster = cluster().await;
        let namespace = "writes";
        let endpoint = dns_endpoint(namespace, "web", "web.writes.example.org", "192.0.2.1", 60);
        cluster.apply(&endpoint).await.unwrap();
        let values = [
            "sources={crd}",
            "namespaced=true",
            "leaderElection.enabled=true",
            "eventsEmit={RecordReady}",
            "guard.approvalConfigMap=writes/approvals",
            "guard.floor=1",
        ];
        let mut installed = install(&cluster, ("writes", namespace), &values, |_| ()).await;
        installed.does_all_it_must("writing", "web.writes.example.org").await;
        let lease = cluster
            .get(&json!({
                "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
                "metadata": {"namespace": namespace, "name": "writes-external-dns"},
            }))
            .await
            .unwrap();
        assert!(lease["spec"]["holderIdentity"].is_string(), "{lease}");
        until_async("a status", async || {
            cluster.get(&endpoint).await.unwrap()["status"]["observedGeneration"] == 1
        })
        .await;
        until_async("an Event", async || told(&cluster, namespace).await.len() == 1).await;

        let orphan = owned_a("old.writes.example.org", "192.0.2.9", "me", "crd/writes/old");
        let there = installed.provider.0.records();
        installed.provider.0.set_records([there.clone(), orphan].concat());
        let mut hash = String::new();
        until_async("something that is withheld", async || {
            let (_, body) = installed.daemon.get("/api/withheld").await.unwrap();
            let body: Value = serde_json::from_str(&body).unwrap();
            hash = body["withheld"][0]["hash"].as_str().unwrap_or_default().to_owned();
            !hash.is_empty()
        })
        .await;
        // By now this one has done most of what there is to count.
        let metrics = async || installed.daemon.metrics().await;
        until_async("the codes of what is left alone", async || {
            metrics().await.types.contains_key("external_dns_controller_skipped_records")
        })
        .await;
        let unknown = unknown_metrics(&metrics().await);
        assert!(unknown.is_empty(), "dashboard or alerts ask for what there is not: {unknown:?}");
        let approvals = json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"namespace": namespace, "name": "approvals"}, "data": {"approve": hash},
        });
        cluster.apply(&approvals).await.unwrap();
        installed.provider.until_records_are("approved", there).await;
        assert_eq!(cluster.get(&approvals).await.unwrap()["data"]["spent"], hash.as_str());
        installed.does_all_it_must("writing", "web.writes.example.org").await;
        installed.daemon.stop().await;
    });
}

/// Helm as an operator runs it, with the chart as its last word where it needs one.
fn helm(cluster: &KubeApiserver, words: &[&str]) {
    let mut command = std::process::Command::new(zonewright_testing::helm().unwrap());
    command.env_clear().env("HOME", cluster.dir()).env("KUBECONFIG", cluster.kubeconfig_path());
    let output = command.args(words).args(["--namespace", "lifecycle"]).output().unwrap();
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A release goes from one replica to several and back, and what is written in the ConfigMap of approvals outlives all of it.
#[test]
fn a_release_is_upgraded_rolled_back_and_removed() {
    test(async {
        let cluster = cluster().await;
        let chart = path("charts/zonewright").display().to_string();
        let values = "policy=sync,guard.approvalConfigMap=lifecycle-approvals";
        let install =
            ["upgrade", "--install", "lifecycle-external-dns", &chart, "--create-namespace", "--set", values];
        helm(&cluster, &install);
        let deployment = json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"namespace": "lifecycle", "name": "lifecycle-external-dns"},
        });
        let uid = cluster.get(&deployment).await.unwrap()["metadata"]["uid"].clone();
        let approvals = json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"namespace": "lifecycle", "name": "lifecycle-approvals"},
        });
        let mut written = cluster.get(&approvals).await.unwrap();
        written["data"] = json!({"spent": "0123456789ab"});
        cluster.apply(&written).await.unwrap();
        let strategy = async || {
            let now = cluster.get(&deployment).await.unwrap();
            assert_eq!(now["metadata"]["uid"], uid, "it is changed in place");
            assert_eq!(cluster.get(&approvals).await.unwrap()["data"], written["data"]);
            now["spec"]["strategy"]["type"].clone()
        };
        assert_eq!(strategy().await, "Recreate");
        helm(&cluster, &[&install[..], &["--set", "replicaCount=2"]].concat());
        assert_eq!(strategy().await, "RollingUpdate");
        helm(&cluster, &install);
        assert_eq!(strategy().await, "Recreate");
        helm(&cluster, &["rollback", "lifecycle-external-dns", "2"]);
        assert_eq!(strategy().await, "RollingUpdate");
        helm(&cluster, &["rollback", "lifecycle-external-dns", "1"]);
        assert_eq!(strategy().await, "Recreate");
        helm(&cluster, &["uninstall", "lifecycle-external-dns"]);
        assert!(cluster.get(&deployment).await.is_err());
        assert_eq!(cluster.get(&approvals).await.unwrap()["data"], written["data"]);
        helm(&cluster, &install);
        assert_eq!(cluster.get(&approvals).await.unwrap()["data"], written["data"]);
    });
}
