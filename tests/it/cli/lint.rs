//! `zonewright lint`, as it runs before anything is applied.

use super::{example, run, run_with_stdin};
use serde_json::Value;
use std::fs;

const MISTAKES: &str = "\
apiVersion: v1
kind: Service
metadata:
  name: web
  namespace: shop
  annotations:
    external-dns.alpha.kubernetes.io/hostnme: web.example.org
    external-dns.alpha.kubernetes.io/ttl: soon
spec:
  type: LoadBalancer
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: api
  namespace: shop
  annotations:
    external-dns.kubernetes.io/target: lb.example.net
    external-dns.kubernetes.io/ttl: 1m
    external-dns.alpha.kubernetes.io/ttl: 2m
spec:
  hostnames: [api.example.org]
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata:
  name: edge
  annotations:
    external-dns.alpha.kubernetes.io/hostname: api.example.org
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: odd
  annotations:
    external-dns.kubernets.io/hostname: odd.example.org
    external-dns.kubernetes.io/hostname: odd..example.org
---
apiVersion: externaldns.k8s.io/v1alpha1
kind: DNSEndpoint
metadata:
  name: mail
spec:
  endpoints:
    - {dnsName: a.example.org, recordType: A, targets: [192.0.2.1.]}
    - {dnsName: b.example.org, recordType: MX, targets: [mail.example.org]}
    - {dnsName: c.example.org, recordType: A, targets: [192.0.2.1]}
---
just a text
";

/// File, line, object and what is said of it, for each mistake above.
const FOUND: [(usize, &str, &str); 8] = [
    (1, "service/shop/web", "hostnme is unknown and ignored; did you mean hostname?"),
    (1, "service/shop/web", "ttl \"soon\" is neither seconds nor a duration"),
    (
        11,
        "httproute/shop/api",
        "external-dns.kubernetes.io/target has no effect on kind HTTPRoute: it belongs on the Gateway",
    ),
    (11, "httproute/shop/api", "contradicts external-dns.alpha.kubernetes.io/ttl; the former is used"),
    (23, "gateway/default/edge", "hostname has no effect on kind Gateway: it belongs on the routes"),
    (30, "ingress/default/odd", "did you mean the prefix external-dns.kubernetes.io/?"),
    (30, "ingress/default/odd", "odd..example.org"),
    (38, "dnsendpoint/default/mail", "must not end with a dot"),
];

#[test]
fn each_mistake_is_told_with_its_place_and_its_object() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("all.yaml");
    fs::write(&file, MISTAKES).unwrap();
    let file = file.to_str().unwrap();
    let ended = run(&["lint", folder.path().to_str().unwrap()]);
    assert_eq!((ended.code, &*ended.stderr), (Some(1), ""), "{}", ended.stdout);
    for (line, object, message) in FOUND {
        let begin = format!("{file}:{line}: {object}: ");
        let is_it = |text: &str| text.starts_with(&begin) && text.contains(message);
        assert_eq!(
            ended.stdout.lines().filter(|text| is_it(text)).count(),
            1,
            "{object} {message}:\n{}",
            ended.stdout
        );
    }
    assert!(ended.stdout.contains("b.example.org"), "an MX without preference:\n{}", ended.stdout);
    assert!(ended.stdout.contains("document 6 (line 48): not a Kubernetes object"), "{}", ended.stdout);
    assert!(!ended.stdout.contains("c.example.org"), "{}", ended.stdout);
    assert!(ended.stdout.ends_with("\n5 objects checked, 10 mistakes.\n"), "{}", ended.stdout);

    let ended = run(&["lint", "-o", "json", file]);
    assert_eq!(ended.code, Some(1));
    let result: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(result["objects"], 5);
    let findings = result["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 10);
    for (line, object, message) in FOUND {
        let is_it = |finding: &&Value| {
            finding["file"] == file
                && finding["line"] == line
                && finding["object"] == object
                && finding["message"].as_str().unwrap().contains(message)
        };
        assert_eq!(findings.iter().filter(is_it).count(), 1, "{object} {message}");
    }
}

#[test]
fn good_manifests_pass() {
    let ended = run(&["lint", &example("manifests")]);
    assert_eq!((ended.code, &*ended.stderr), (Some(0), ""), "{}", ended.stdout);
    assert!(ended.stdout.ends_with(" objects checked, nothing found.\n"), "{}", ended.stdout);
    let service = "{apiVersion: v1, kind: Service, metadata: {name: web}}";
    for words in [&["lint"][..], &["lint", "-"]] {
        let ended = run_with_stdin(words, service);
        assert_eq!((ended.code, &*ended.stdout), (Some(0), "1 object checked, nothing found.\n"));
    }
}

#[test]
fn the_flags_of_the_daemon_count() {
    let object = |prefix: &str| {
        format!(
            "{{apiVersion: v1, kind: Service, metadata: {{name: web, annotations: {{{prefix}hostnme: a}}}}}}"
        )
    };
    let lint =
        |words: &[&str], prefix: &str| run_with_stdin(&[&["lint"], words].concat(), &object(prefix)).code;
    assert_eq!(lint(&[], "external-dns.kubernetes.io/"), Some(1));
    assert_eq!(lint(&[], "dns.example.net/"), Some(0));
    let ours = ["--annotation-prefix", "dns.example.net/"];
    assert_eq!(lint(&ours, "dns.example.net/"), Some(1));
    assert_eq!(lint(&ours, "external-dns.kubernetes.io/"), Some(0));
}

#[test]
fn what_cannot_be_read_is_an_error() {
    let ended = run(&["lint", "/nonexistent/x.yaml"]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.stdout.contains("/nonexistent/x.yaml"), "{ended:?}");
    let ended = run(&["lint", "-o", "markdown"]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("--output"), "{ended:?}");
    assert!(run(&["lint", "--help"]).stdout.contains("zonewright lint [FILE|FOLDER|-]..."));
}
