//! Files of `--domain-policy`, and what they say about a name.

use std::sync::Arc;
use zonewright::sources::tenancy::{DomainPolicy, Rules};
use zonewright_planner::{Endpoint, ObjectRef, Properties, RecordType};

/// The file.
pub fn run(data: &[u8]) {
    let text = super::text(data);
    let Ok(rules) = Rules::parse("policy.yaml", &text) else { return };
    let policy = DomainPolicy::new(rules, None);
    for namespace in ["team-a", "default", ""] {
        for name in ["a.example.org", "example.org", "*.example.org", "xn--bcher-kva.example.org"] {
            let Ok(wish) = Endpoint::new(name, RecordType::A, &["192.0.2.1"], Properties::new()) else {
                continue;
            };
            let object = ObjectRef {
                source: "ingress",
                kind: "Ingress",
                api_version: "networking.k8s.io/v1",
                namespace: namespace.into(),
                name: "o".into(),
                uid: Default::default(),
            };
            let refusal = policy.judge().refusal(&wish.with_object(Arc::new(object)));
            assert!(
                !namespace.is_empty() || refusal.is_none(),
                "objects of the cluster are nobody's tenants"
            );
        }
    }
}
