//! What the API server refuses, does not know or does not answer. The daemon stays, says what is missing, keeps what it
//! cannot judge, does everything else, and picks up what becomes readable.

use super::daemon::{Daemon, PROMPT, until_async};
use super::objects::{dns_endpoint, gateway, http_route, ingress, owned_a, service};
use super::world::{Provider, first_cluster, own_crds, test, with};
use serde_json::{Value, json};
use std::net::{Ipv4Addr, TcpListener};
use zonewright_testing::KubeApiserver;

/// Lets a user read resources: `(group, resource)`.
pub async fn grant(cluster: &KubeApiserver, user: &str, role: &str, rules: &[(&str, &[&str], &[&str])]) {
    let rules: Vec<Value> = rules
        .iter()
        .map(
            |(group, resources, verbs)| json!({"apiGroups": [group], "resources": resources, "verbs": verbs}),
        )
        .collect();
    let api_version = "rbac.authorization.k8s.io/v1";
    let name = format!("{user}-{role}");
    let role =
        json!({"apiVersion": api_version, "kind": "ClusterRole", "metadata": {"name": name}, "rules": rules});
    let binding = json!({
        "apiVersion": api_version,
        "kind": "ClusterRoleBinding",
        "metadata": {"name": name},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}],
    });
    cluster.apply(&role).await.unwrap();
    cluster.apply(&binding).await.unwrap();
}

const READ: &[&str] = &["list", "watch"];
/// What the source `service` reads.
pub const OF_SERVICES: [(&str, &[&str], &[&str]); 2] =
    [("", &["services", "pods", "nodes"], READ), ("discovery.k8s.io", &["endpointslices"], READ)];

pub fn as_user(provider: &Provider, cluster: &KubeApiserver, user: &str, sources: &[&str]) -> Vec<String> {
    let kubeconfig = format!("--kubeconfig={}", cluster.kubeconfig_for(user).unwrap().display());
    with(&provider.flags_in(cluster, user, sources), &[&kubeconfig])
}

#[test]
fn without_permission_a_source_holds_what_it_owns_and_the_others_go_on() {
    test(async {
        let (provider, cluster) = (Provider::start().await, first_cluster().await);
        let user = "half-blind";
        grant(&cluster, user, "services", &OF_SERVICES).await;
        cluster.apply(&service(user, "web", "web.example.org", "192.0.2.1")).await.unwrap();
        cluster.apply(&ingress(user, "shop", "shop.example.org", "192.0.2.2")).await.unwrap();
        let of_service = owned_a("web.example.org", "192.0.2.1", "me", "service/half-blind/web");
        let no_service = owned_a("gone.example.org", "192.0.2.8", "me", "service/half-blind/gone");
        let of_ingress = owned_a("shop.example.org", "192.0.2.2", "me", "ingress/half-blind/shop");
        let no_ingress = owned_a("past.example.org", "192.0.2.9", "me", "ingress/half-blind/past");
        provider.0.set_records([no_service, no_ingress.clone()].concat());

        let flags = as_user(&provider, &cluster, user, &["ingress", "service"]);
        let mut daemon = Daemon::start(&flags);
        provider.until_records_are("held and done", [of_service.clone(), no_ingress].concat()).await;
        daemon.until_cycles_pass(5).await;
        assert!(daemon.is_alive() && daemon.is_healthy().await);
        assert_eq!(provider.applies(), 1);
        let refusal = ["cannot list ingresses.networking.k8s.io", "403 Forbidden"];
        assert_eq!(daemon.said(&[refusal[0], refusal[1], "trying again"]), 1, "{:?}", daemon.log());
        assert_eq!(daemon.said(&["source ingress is incomplete", refusal[0], refusal[1]]), 1);

        grant(&cluster, user, "ingresses", &[("networking.k8s.io", &["ingresses"], READ)]).await;
        provider.until_records_are("all is seen", [of_service, of_ingress].concat()).await;
        assert_eq!(daemon.said(&["ingresses.networking.k8s.io can be read again"]), 1);
        daemon.stop().await;
    });
}

/// Pods are many, and most clusters publish load balancers: whoever may not read Pods notices only when one is needed.
#[test]
fn pods_are_not_read_before_a_service_depends_on_them() {
    test(async {
        let (provider, cluster) = (Provider::start().await, first_cluster().await);
        let user = "podless";
        grant(&cluster, user, "services", &[("", &["services"], READ)]).await;
        cluster.apply(&service(user, "web", "web.example.org", "192.0.2.1")).await.unwrap();
        let mut daemon = Daemon::start(&as_user(&provider, &cluster, user, &["service"]));
        let web = owned_a("web.example.org", "192.0.2.1", "me", "service/podless/web");
        provider.until_records_are("a load balancer needs no Pods", web.clone()).await;
        until_async("ready", async || daemon.get("/readyz").await.is_some_and(|(status, _)| status == 200))
            .await;
        assert_eq!(daemon.said(&["403 Forbidden"]), 0, "{:?}", daemon.log());

        let mut headless = service(user, "peers", "peers.example.org", "");
        headless["spec"] = json!({"clusterIP": "None", "ports": [{"port": 80}]});
        headless["status"] = json!({});
        cluster.apply(&headless).await.unwrap();
        daemon.until_it_says(&["cannot list pods", "403 Forbidden"]).await;
        daemon.until_it_says(&["source service is incomplete"]).await;
        cluster.delete(&service(user, "web", "web.example.org", "192.0.2.1")).await.unwrap();
        daemon.until_cycles_pass(3).await;
        provider.until_records_are("held while Pods cannot be read", web).await;

        grant(&cluster, user, "the-rest", &OF_SERVICES).await;
        provider.until_records_are("all is seen", Vec::new()).await;
        daemon.stop().await;
    });
}

#[test]
fn missing_resource_definitions_are_waited_for() {
    test(async {
        let (provider, cluster) = (Provider::start().await, KubeApiserver::start().await.unwrap());
        cluster.apply(&service("bare", "web", "web.example.org", "192.0.2.1")).await.unwrap();
        let held = owned_a("past.example.org", "192.0.2.9", "me", "httproute/bare/past");
        provider.0.set_records(held.clone());
        let mut daemon = provider.daemon_in(&cluster, "bare", &["service", "gateway-httproute", "crd"]);
        let web = owned_a("web.example.org", "192.0.2.1", "me", "service/bare/web");
        provider.until_records_are("what can be read", [web.clone(), held].concat()).await;
        daemon.until_cycles_pass(3).await;
        for resource in [
            "gateways.gateway.networking.k8s.io",
            "httproutes.gateway.networking.k8s.io",
            "dnsendpoints.externaldns.k8s.io",
        ] {
            assert_eq!(
                daemon.said(&["cannot list", resource, "404", "trying again"]),
                1,
                "{:?}",
                daemon.log()
            );
        }
        assert_eq!(daemon.said(&["source gateway-httproute is incomplete", "404"]), 1);
        assert_eq!(daemon.said(&["source crd is incomplete", "404"]), 1);

        cluster.install_crds(&own_crds()).await.unwrap();
        cluster.install_crds(&zonewright_testing::gateway_crds().unwrap()).await.unwrap();
        cluster.apply(&gateway("bare", "edge", "198.51.100.1")).await.unwrap();
        cluster.apply(&http_route("bare", "shop", "edge", "shop.example.org")).await.unwrap();
        cluster.apply(&dns_endpoint("bare", "api", "api.example.org", "192.0.2.5", 0)).await.unwrap();
        let shop = owned_a("shop.example.org", "198.51.100.1", "me", "httproute/bare/shop");
        let api = owned_a("api.example.org", "192.0.2.5", "me", "crd/bare/api");
        provider.until_records_are("all kinds are there", [web, shop, api].concat()).await;
        daemon.stop().await;
    });
}

#[test]
fn probes_are_answered_and_signals_heard_while_the_api_server_is_silent() {
    test(async {
        let (provider, cluster) = (Provider::start().await, first_cluster().await);
        // Connections are accepted by the system and never answered.
        let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let server = format!("--server={}", silent.local_addr().unwrap());
        let flags = provider.flags_in(&cluster, "silent", &["service"]);
        let mut daemon = Daemon::start(&with(&flags, &[&server]));
        until_async("health", async || daemon.is_healthy().await).await;
        assert_eq!(daemon.get("/metrics").await.map(|answer| answer.0), Some(200));
        assert_eq!(daemon.get("/nothing").await.map(|answer| answer.0), Some(404));
        assert!(provider.0.adjusted().is_none());
        daemon.stop().await;
    });
}

#[test]
fn an_api_server_that_refuses_connections_changes_nothing() {
    test(async {
        let (provider, cluster) = (Provider::start().await, first_cluster().await);
        let held = owned_a("web.example.org", "192.0.2.1", "me", "service/refused/web");
        provider.0.set_records(held.clone());
        let server = format!("--server=127.0.0.1:{}", zonewright_testing::free_port().unwrap());
        let flags = with(&provider.flags_in(&cluster, "refused", &["service"]), &[&server]);
        let mut daemon = Daemon::start(&flags);
        daemon.until_it_says(&["source service is incomplete", "onnection refused"]).await;
        daemon.until_cycles_pass(3).await;
        provider.until_records_are("held", held).await;
        assert_eq!(provider.applies(), 0);
        daemon.signal("TERM");
        assert_eq!(daemon.ended(PROMPT).await, Some(0));
        assert_eq!(daemon.said(&["source service is incomplete"]), 1, "{:?}", daemon.log());
    });
}
