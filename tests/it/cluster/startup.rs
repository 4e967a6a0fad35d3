//! Mistakes that are known at the start end the program with status 1 and name the flag, before anything is contacted.

use super::daemon::{PROMPT, run, text};
use super::world::{Provider, flags, test, with};
use std::net::{Ipv4Addr, TcpListener};
use std::time::Instant;

/// Flags, on top of working ones, and what the message must hold.
const MISTAKES: &[(&[&str], &[&str])] = &[
    (&["--kubeconfig=/nowhere/kubeconfig"], &["kubeconfig /nowhere/kubeconfig", "No such file"]),
    (&["--kubeconfig=/dev/null"], &["kubeconfig /dev/null"]),
    (&["--metrics-address=nonsense"], &["--metrics-address=nonsense"]),
    (&["--webhook-provider-url=localhost:8888"], &["--webhook-provider-url"]),
    (&["--webhook-provider-url="], &["--webhook-provider-url"]),
    (&["--webhook-provider-read-timeout=5"], &["--webhook-provider-read-timeout", "unit"]),
    (&["--no-such-flag"], &["--no-such-flag"]),
    (&["--source=ingres"], &["--source", "ingres"]),
    (&["--provider=bind"], &["--provider", "bind"]),
    (&["--provider=google"], &["--provider", "google"]),
    (&["--registry=sql"], &["--registry", "sql"]),
    (&["--policy=mirror"], &["--policy", "mirror"]),
    (&["--interval=soon"], &["--interval", "soon"]),
    (&["--regex-domain-filter=(["], &["--regex-domain-filter"]),
    (&["--label-filter=a in b"], &["--label-filter"]),
    (&["--annotation-filter=a in b"], &["--annotation-filter"]),
    (&["--fqdn-template={{.Name"], &["--fqdn-template"]),
    (&["--txt-prefix=a-", "--txt-suffix=-b"], &["txt-prefix", "txt-suffix"]),
    (&["--txt-encrypt-enabled", "--txt-encrypt-aes-key=short"], &["--txt-encrypt-aes-key"]),
    (&["--kube-api-qps=0"], &["--kube-api-qps"]),
    (&["--server=http://a b"], &["--server"]),
    (&["--log-level=loud"], &["--log-level", "loud"]),
];

/// No cluster is needed for these, but a kubeconfig that can be read.
fn working_flags(provider: &Provider, folder: &std::path::Path) -> Vec<String> {
    let kubeconfig = folder.join("kubeconfig");
    let content = serde_json::json!({
        "clusters": [{"name": "c", "cluster": {"server": "http://127.0.0.1:1"}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "users": [{"name": "u", "user": {}}],
        "current-context": "c",
    });
    std::fs::write(&kubeconfig, content.to_string()).unwrap();
    let kubeconfig = format!("--kubeconfig={}", kubeconfig.display());
    with(&provider.flags(), &[&kubeconfig, "--source=service"])
}

#[test]
fn a_mistake_in_the_flags_is_named() {
    test(async {
        let (provider, folder) = (Provider::start().await, tempfile::tempdir().unwrap());
        let working = working_flags(&provider, folder.path());
        let mut wrong = Vec::new();
        for (mistake, expected) in MISTAKES {
            let started = Instant::now();
            let output = run(&with(&working, mistake)).await;
            let message = text(&output.stderr);
            let is_named = expected.iter().all(|part| message.contains(part));
            if output.status.code() != Some(1) || !is_named || started.elapsed() > PROMPT {
                wrong.push(format!(
                    "{mistake:?}: {:?} after {:?}: {message}",
                    output.status.code(),
                    started.elapsed()
                ));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        assert_eq!(provider.0.count(zonewright_testing::Call::Negotiate), 0, "nobody was contacted");
    });
}

#[test]
fn what_must_be_given_is_asked_for() {
    test(async {
        for (missing, flag) in [("--source", "source"), ("--provider", "provider"), ("--policy", "policy")] {
            let all = flags(["--source=fake", "--provider=inmemory", "--policy=sync"]);
            let rest: Vec<String> = all.into_iter().filter(|flag| !flag.starts_with(missing)).collect();
            let output = run(&rest).await;
            let message = text(&output.stderr);
            assert_eq!(output.status.code(), Some(1), "{missing}: {message}");
            assert!(message.contains(flag), "{missing}: {message}");
        }
    });
}

#[test]
fn a_metrics_address_that_is_taken_is_named_with_the_reason() {
    test(async {
        let (provider, folder) = (Provider::start().await, tempfile::tempdir().unwrap());
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = format!("--metrics-address={}", taken.local_addr().unwrap());
        let output = run(&with(&working_flags(&provider, folder.path()), &[&address])).await;
        let message = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{message}");
        assert!(message.contains(&address) && message.contains("in use"), "{message}");
    });
}
