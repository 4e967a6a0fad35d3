//! Go templates, on objects of any shape.

use serde_json::Value;
use zonewright::sources::template::{TemplateFlags, Templates};

/// A template, a line of `---`, and an object.
pub fn run(data: &[u8]) {
    let text = super::text(data);
    let (template, object) = text.split_once("\n---\n").unwrap_or((&text, "{}"));
    let flags = TemplateFlags {
        fqdn: vec![template.to_owned()],
        target: vec![template.to_owned()],
        fqdn_target: vec![template.to_owned()],
        combine: false,
    };
    let Ok(templates) = Templates::parse(&flags) else { return };
    let Ok(object) = serde_json::from_str::<Value>(object) else { return };
    for source in ["ingress", "service", "unstructured"] {
        let scoped = templates.scoped(source);
        let names = scoped.fqdn(&object);
        assert_eq!(names, scoped.fqdn(&object), "the same object, the same names");
        let _ = (scoped.targets(&object), scoped.fqdn_targets(&object));
    }
}
