//! The admission policy of the security page, on an API server.

use super::daemon::until_async;
use super::objects::{dns_endpoint, service};
use super::world::{own_cluster, test};
use serde_json::{Value, json};
use std::path::Path;
use zonewright::sources::store::parse_yaml;
use zonewright_testing::KubeApiserver;

/// The fenced block that begins with this.
fn example(page: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(page)).unwrap();
    let begin = text.find("```yaml\napiVersion: admissionregistration").unwrap() + "```yaml\n".len();
    let (block, _) = text[begin..].split_once("\n```").unwrap();
    parse_yaml(block).into_iter().map(|document| document.content.unwrap()).collect()
}

fn ingress(namespace: &str, name: &str, host: &str, tls: &str) -> Value {
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"namespace": namespace, "name": name},
        "spec": {
            "defaultBackend": {"service": {"name": "x", "port": {"number": 80}}},
            "rules": [{"host": host}], "tls": [{"hosts": [tls]}],
        },
    })
}

fn route(namespace: &str, host: &str) -> Value {
    json!({
        "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute",
        "metadata": {"namespace": namespace, "name": "route"}, "spec": {"hostnames": [host]},
    })
}

fn annotated(mut object: Value, key: &str, value: &str) -> Value {
    object["metadata"]["annotations"] = json!({key: value});
    object
}

async fn refusal(cluster: &KubeApiserver, object: &Value) -> Option<String> {
    cluster.dry_run(object).await.err().map(|error| format!("{error:?}"))
}

#[test]
fn the_admission_policy_of_the_documentation_binds_namespaces_to_domains() {
    test(async {
        let cluster = own_cluster().await;
        for (name, labels) in
            [("team-a", json!({"dns.example.org/domain": "a.example.org"})), ("nobody", json!({}))]
        {
            let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}});
            cluster.apply(&namespace).await.unwrap();
        }
        for object in example("docs/security/model.md") {
            cluster.apply(&object).await.unwrap();
        }
        // The server needs a moment to see it.
        let stranger = service("team-a", "s", "www.example.org", "192.0.2.1");
        until_async("the policy counts", async || refusal(&cluster, &stranger).await.is_some()).await;
        let current = "external-dns.kubernetes.io/hostname";
        let older = "external-dns.alpha.kubernetes.io/internal-hostname";
        let plain = |name: &str| service("team-a", name, "", "192.0.2.1");
        let good = [
            service("team-a", "s", "www.a.example.org", "192.0.2.1"),
            annotated(plain("s"), current, "A.Example.org., b.a.example.org"),
            ingress("team-a", "i", "a.example.org", "x.a.example.org"),
            route("team-a", "*.a.example.org"),
            dns_endpoint("team-a", "e", "e.a.example.org", "192.0.2.1", 60),
            plain("without-names"),
            service("nobody", "without-names", "", "192.0.2.1"),
        ];
        for object in &good {
            assert_eq!(refusal(&cluster, object).await, None, "{object}");
        }
        let bad = [
            annotated(plain("s"), current, "b.a.example.org,www.example.org"),
            annotated(plain("s"), older, "www.example.org"),
            service("team-a", "s", "evila.example.org", "192.0.2.1"),
            ingress("team-a", "i", "www.example.org", "x.a.example.org"),
            ingress("team-a", "i", "a.example.org", "www.example.org"),
            route("team-a", "www.example.org"),
            dns_endpoint("team-a", "e", "www.example.org", "192.0.2.1", 60),
            service("nobody", "s", "a.example.org", "192.0.2.1"),
        ];
        for object in &bad {
            let refusal = refusal(&cluster, object).await.unwrap_or_else(|| panic!("{object} is let in"));
            assert!(refusal.contains("this namespace may not use"), "{refusal}");
        }
    });
}
