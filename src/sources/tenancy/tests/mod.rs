mod names;
mod policy;

use std::sync::Arc;
use zonewright_planner::{Endpoint, ObjectRef, Properties, RESOURCE, RecordType};

/// What Ingress `object` (`namespace/name`) wishes.
fn wish(object: &str, name: &str, target: &str) -> Endpoint {
    let (namespace, object_name) = object.split_once('/').unwrap();
    let object_ref = ObjectRef {
        source: "ingress",
        kind: "Ingress",
        api_version: "networking.k8s.io/v1",
        namespace: namespace.into(),
        name: object_name.into(),
        uid: "".into(),
    };
    let record_type = zonewright_planner::suitable_type(target);
    let targets: &[&str] = if target.is_empty() { &[] } else { &[target] };
    let record_type = if target.is_empty() { RecordType::A } else { record_type };
    Endpoint::new(name, record_type, targets, Properties::new())
        .unwrap()
        .with_object(Arc::new(object_ref))
        .with_label(RESOURCE, format!("ingress/{object}"))
}
