//! Annotations: any value under any key we know of, on a Service and an Ingress, and through `lint`'s checks.

use serde_json::json;
use std::collections::BTreeMap;
use zonewright::sources::annotation_check::{misspelt_prefixes, oddities};
use zonewright::sources::annotations::AnnotationKeys;
use zonewright::sources::object::StringMap;

/// Lines of `key=value`; a key without a slash is one of ours.
pub fn run(data: &[u8]) {
    let text = super::text(data);
    let pairs: BTreeMap<String, String> = text
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(key, value)| {
            let key =
                if key.contains('/') { key.to_owned() } else { format!("external-dns.kubernetes.io/{key}") };
            (key, value.replace("\\n", "\n"))
        })
        .collect();
    read(&pairs);
    let object = |api: &str, kind: &str, spec: serde_json::Value, status: serde_json::Value| {
        json!({"apiVersion": api, "kind": kind, "spec": spec, "status": status,
               "metadata": {"name": "o", "namespace": "n", "annotations": pairs}})
    };
    let address = json!({"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}, {"hostname": "lb.example.net"}]}});
    let list = json!({"apiVersion": "v1", "kind": "List", "items": [
        object("v1", "Service", json!({"type": "LoadBalancer", "clusterIP": "10.0.0.1"}), address.clone()),
        object("networking.k8s.io/v1", "Ingress", json!({"rules": [{"host": "a.example.org"}]}), address),
    ]});
    super::manifests::run(list.to_string().as_bytes());
}

fn read(pairs: &BTreeMap<String, String>) {
    let map: StringMap = pairs.iter().collect();
    for keys in [AnnotationKeys::default(), AnnotationKeys::only("example.org/")] {
        let annotations = keys.of(&map);
        let _ = (annotations.are_for_us(), annotations.hostnames(), annotations.internal_hostnames());
        let _ = (
            annotations.targets(),
            annotations.ttl(),
            annotations.set_identifier(),
            annotations.properties(),
        );
        let _ = (
            annotations.contradictions(),
            oddities(&keys, "", "Service", &map),
            misspelt_prefixes(&keys, &map),
        );
    }
}
