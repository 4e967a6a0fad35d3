//! `snapshot`, `restore` and `adopt` with what only Cloudflare has.

use super::{Objects, Service, ingress, instead, once};
use serde_json::{Value, json};

/// What records say, their ids aside.
fn records(service: &Service) -> Vec<Value> {
    let mut records = service.double.records(&service.zone);
    for record in &mut records {
        let fields = record.as_object_mut().unwrap();
        fields.retain(|key, _| {
            ["name", "type", "content", "ttl", "proxied", "comment", "tags", "priority"]
                .contains(&key.as_str())
        });
    }
    records.sort_by_key(Value::to_string);
    records
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_proxied_comes_back_proxied() {
    let service = Service::with_plan("enterprise").await;
    let objects = Objects::new();
    let annotations = [
        ("cloudflare-proxied", "true"),
        ("cloudflare-record-comment", "the shop"),
        ("cloudflare-tags", "team:shop"),
    ];
    objects.write(
        &(ingress("shop.example.org", "192.0.2.1", &annotations)
            + &ingress("plain.example.org", "192.0.2.2", &[("ttl", "120")])),
    );
    assert_eq!(once(service.program(&objects)).await.code, Some(0));
    service.double.seed(&service.zone, "TXT", "hand.example.org", "\"v=spf1 -all\"");
    service.double.seed_with(&service.zone, "A", "hand.example.org", "192.0.2.3", &json!({"proxied": true}));
    let before = records(&service);
    assert_eq!(before.len(), 6);
    for form in ["json", "bind"] {
        let file = objects.path(form).display().to_string();
        let (code, log) =
            instead(&["snapshot", "-o", form, &format!("--output={file}")], service.program(&objects)).await;
        assert_eq!(code, Some(0), "{log}");
        for record in service.double.records(&service.zone) {
            service.double.remove(&service.zone, record["id"].as_str().unwrap());
        }
        let (code, log) = instead(&["restore", &file, "--owner=me"], service.program(&objects)).await;
        assert_eq!((code, records(&service).len()), (Some(0), 4), "{log}");
        let (code, log) = instead(&["restore", &file, "--all-owners"], service.program(&objects)).await;
        assert_eq!(code, Some(0), "{log}");
        assert_eq!(records(&service), before, "{log}");
        let (code, log) =
            instead(&["restore", &file, "--all-owners", "--dry-run"], service.program(&objects)).await;
        assert_eq!(code, Some(0), "{log}");
    }
    let (code, log) = instead(&["adopt", "hand.example.org"], service.program(&objects)).await;
    assert_eq!(code, Some(0), "{log}");
    assert_eq!(records(&service).len(), 7, "{log}");
    assert!(
        service.lines().iter().any(|line| line.starts_with("TXT a-hand.example.org")),
        "{:?}",
        service.lines()
    );
}
