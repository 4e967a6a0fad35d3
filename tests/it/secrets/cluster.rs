//! A daemon in a cluster, on the way to a provider that quotes its password: log, metrics, pages, Events, conditions and ConfigMaps.

use super::echo::{Echo, Manner};
use super::runs::is_clean;
use crate::cluster::daemon::Daemon;
use crate::cluster::kubernetes_events::emitting;
use crate::cluster::objects::{dns_endpoint, service};
use crate::cluster::world::{Provider, first_cluster, test, with};
use k8s_openapi::api::core::v1::ConfigMap;
use k8s_openapi::api::events::v1::Event;
use kube::api::{Api, DynamicObject, ListParams};
use kube::core::{ApiResource, GroupVersionKind};

#[test]
fn nothing_that_a_daemon_leaves_anywhere_is_secret() {
    test(async {
        let (provider, cluster) = (Provider::start().await, first_cluster().await);
        let echo = Echo::start(Manner::WritesNothing, 403).await;
        let namespace = "secrets";
        cluster.apply(&service(namespace, "web", "web.example.org", "192.0.2.1")).await.unwrap();
        cluster
            .apply(&dns_endpoint(namespace, "record", "record.example.org", "192.0.2.2", 60))
            .await
            .unwrap();
        let url = format!(
            "--webhook-provider-url=http://me:canary-password@{}/?token=canary-token",
            echo.address()
        );
        let key = "--txt-encrypt-aes-key=canary-key-of-exactly-32-bytes-x";
        let flags = provider.flags_in(&cluster, namespace, &["service", "crd"]);
        let flags = with(
            &flags,
            &[&url, key, "--txt-encrypt-enabled", "--log-level=trace", "--approval-configmap=secrets/guard"],
        );
        let mut daemon = Daemon::start(&emitting(&flags));
        daemon.until_it_says(&["[redacted]"]).await;
        let events: Api<Event> = Api::namespaced(cluster.client(), namespace);
        crate::cluster::daemon::until_async("an event that tells of the refusal", async || {
            let events = events.list(&ListParams::default()).await.unwrap().items;
            events.iter().any(|event| event.reason.as_deref() == Some("RecordError"))
        })
        .await;
        for path in [
            "/metrics",
            "/healthz?verbose",
            "/readyz?verbose",
            "/",
            "/name/web.example.org",
            "/api/status",
            "/api/records",
            "/api/names/web.example.org",
            "/api/withheld",
        ] {
            let (_, text) = daemon.get(path).await.unwrap();
            is_clean(path, &text);
        }
        is_clean("the log", &daemon.log().join("\n"));
        let told = events.list(&ListParams::default()).await.unwrap();
        is_clean("events", &serde_json::to_string(&told.items).unwrap());
        let maps: Api<ConfigMap> = Api::namespaced(cluster.client(), namespace);
        is_clean(
            "config maps",
            &serde_json::to_string(&maps.list(&ListParams::default()).await.unwrap().items).unwrap(),
        );
        let kind =
            ApiResource::from_gvk(&GroupVersionKind::gvk("externaldns.k8s.io", "v1alpha1", "DNSEndpoint"));
        let records: Api<DynamicObject> = Api::namespaced_with(cluster.client(), namespace, &kind);
        is_clean(
            "conditions",
            &serde_json::to_string(&records.list(&ListParams::default()).await.unwrap().items).unwrap(),
        );
        assert!(echo.heard().contains("authorization: Basic"), "{}", echo.heard());
        daemon.stop().await;
    });
}
