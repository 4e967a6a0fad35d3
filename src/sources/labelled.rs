//! From the `resource` label of a record back to the object that it was published for.

use super::object::Key;
use super::{Source, Which};
use std::collections::BTreeSet;
use std::sync::Arc;
use zonewright_planner::{ObjectRef, Uid};

/// The object that a label such as `ingress/shop/web` names. One that is gone, or asks for nothing any more, has no UID here;
/// `None` where no source writes such labels.
pub fn labelled(sources: &[Arc<dyn Source>], label: &str) -> Option<Arc<ObjectRef>> {
    let (source, path) = sources.iter().find_map(|source| {
        let rest = |prefix: &&str| {
            let start = label.get(..prefix.len())?;
            start.eq_ignore_ascii_case(prefix).then(|| &label[prefix.len()..])
        };
        Some((source, source.resource_prefixes().iter().find_map(rest)?))
    })?;
    let kind = *source.caches().first()?.kind();
    let key = match (kind.namespaced, path.split_once('/')) {
        (true, Some((namespace, name))) => Key::new(namespace, name),
        (false, None) => Key::new("", path),
        _ => return None,
    };
    let mut found = None;
    source.visit(Which::Only(&BTreeSet::from([key.clone()])), &mut |outcome| found = Some(outcome.object));
    Some(found.unwrap_or_else(|| {
        Arc::new(ObjectRef {
            source: source.name(),
            kind: kind.kind,
            api_version: kind.api_version,
            namespace: key.namespace,
            name: key.name,
            uid: Uid::default(),
        })
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::ingress::IngressSource;
    use crate::sources::node::NodeSource;
    use crate::sources::store::Caches;
    use crate::sources::testing::{fill, settings};
    use serde_json::json;

    #[test]
    fn labels_lead_back_to_objects() {
        let mut caches = Caches::new(Default::default());
        let settings = settings(|_| {});
        let sources: Vec<Arc<dyn Source>> = vec![
            Arc::new(IngressSource::new(settings.clone(), &mut caches)),
            Arc::new(NodeSource::new(settings, &mut caches)),
        ];
        let web = json!({"kind": "Ingress", "metadata": {"name": "web", "namespace": "shop", "uid": "u-1"},
            "spec": {"rules": [{"host": "web.example.org"}]}});
        fill(&caches, &[web]);
        let find = |label: &str| {
            let object = labelled(&sources, label)?;
            Some((object.kind, object.namespace.to_string(), object.name.to_string(), object.uid.to_string()))
        };
        let ingress = |name: &str, uid: &str| Some(("Ingress", "shop".into(), name.into(), uid.into()));
        assert_eq!(find("ingress/shop/web"), ingress("web", "u-1"));
        assert_eq!(find("ingress/shop/gone"), ingress("gone", ""));
        assert_eq!(find("node/n1"), Some(("Node", String::new(), "n1".into(), String::new())));
        for label in ["service/shop/web", "ingress/web", "node/a/b", "", "ingress"] {
            assert_eq!(find(label), None, "{label}");
        }
    }
}
