//! Whatever is wrong is said, with the flag, file or object it is wrong with; the rest goes on.

use super::{Copy, Ended, ended, example, program, quickstart_flags, run};
use rstest::rstest;
use std::os::unix::ffi::OsStrExt;

const LEAST: [&str; 3] = ["--provider=inmemory", "--source=ingress", "--policy=sync"];

/// Both forms of the program refuse these words beside the least there can be.
fn refusal(words: &[&str]) -> String {
    let flag = |word: &str| word.split('=').next().unwrap_or_default().to_owned();
    let least = LEAST.into_iter().filter(|least| !words.iter().any(|word| flag(word) == flag(least)));
    // Should a mistake be let through, the program ends soon all the same.
    let least = least.chain(["--manifests=/dev/null", "--once"]);
    let all: Vec<&str> = least.chain(words.iter().copied()).collect();
    let daemon = run(&all);
    assert_eq!((daemon.code, &*daemon.stdout), (Some(1), ""), "{words:?}: {daemon:?}");
    let plan = run(&[&["plan"][..], &all].concat());
    assert_eq!((plan.code, &*plan.stdout), (Some(1), ""), "plan {words:?}: {plan:?}");
    let last = |ended: &Ended| ended.stderr.lines().last().unwrap_or_default().to_owned();
    assert_eq!(last(&daemon), last(&plan));
    last(&plan)
}

#[rstest]
#[case::flag(&["--domain-fliter=a.example"], "unknown long flag '--domain-fliter': did you mean --domain-filter?")]
#[case::provider(&["--provider=route53"], "--provider: \"route53\" is not a valid value")]
#[case::source(&["--source=ingresses"], "--source: \"ingresses\" is not a valid value")]
#[case::policy(&["--policy=everything"], "--policy: \"everything\" is not a valid value")]
#[case::registry(&["--registry=etcd"], "--registry: \"etcd\" is not a valid value")]
#[case::log_format(&["--log-format=xml"], "--log-format: \"xml\" is not a valid value")]
#[case::value_missing(&["--namespace"], "namespace")]
#[case::twice(&["--policy=sync", "--policy=sync"], "flag 'policy' cannot be repeated")]
#[case::prefix_and_suffix(&["--txt-prefix=a-", "--txt-suffix=-b"], "txt-prefix and txt-suffix")]
#[case::key_missing(&["--txt-encrypt-enabled"], "--txt-encrypt-aes-key")]
#[case::key_too_short(&["--txt-encrypt-enabled", "--txt-encrypt-aes-key=short"], "txt-encrypt-aes-key")]
#[case::owner_empty(&["--txt-owner-id="], "owner id cannot be empty")]
#[case::class_twice(
    &["--ingress-class=a", "--annotation-filter=kubernetes.io/ingress.class=a"],
    "--ingress-class and an --annotation-filter"
)]
#[case::ptr_not_managed(&["--create-ptr"], "--create-ptr")]
#[case::regex(&["--regex-domain-filter=("], "--regex-domain-filter")]
#[case::regex_exclusion(&["--regex-domain-exclusion=["], "--regex-domain-exclusion")]
#[case::nat64(&["--nat64-networks=64:ff9b::"], "--nat64-networks")]
#[case::duration(&["--interval=soon"], "--interval: \"soon\" is not a valid value")]
#[case::duration_without_unit(&["--min-ttl=1x"], "--min-ttl")]
#[case::label_selector(&["--label-filter=a=!b"], "--label-filter")]
#[case::annotation_selector(&["--annotation-filter=-a=b"], "--annotation-filter")]
#[case::gateway_selector(&["--gateway-label-filter=side in l"], "--gateway-label-filter")]
#[case::template(&["--fqdn-template={{.Name"], "--fqdn-template")]
#[case::target_template(&["--target-template={{nope}}"], "--target-template")]
#[case::fqdn_target_template(&["--fqdn-target-template={{end}}"], "--fqdn-target-template")]
#[case::record_type(&["--managed-record-types=GIZMO"], "--managed-record-types")]
#[case::domain_filter(&["--domain-filter=a..example"], "--domain-filter")]
#[case::domain_policy_missing(&["--domain-policy=/nonexistent/policy.yaml"], "--domain-policy: /nonexistent/policy.yaml: No such file")]
#[case::domain_policy_malformed(&["--domain-policy=/dev/null"], "--domain-policy: /dev/null: ")]
#[case::zone(&["--inmemory-zone=a..example"], "--inmemory-zone")]
#[case::webhook_url(&["--provider=webhook", "--webhook-provider-url=nonsense"], "--webhook-provider-url")]
fn start_up_mistakes_name_the_flag(#[case] words: &[&str], #[case] expected: &str) {
    let message = refusal(words);
    assert!(message.contains(expected), "{message}");
}

#[rstest]
#[case::provider(&["--source=ingress", "--policy=sync"], "required flag(s) '--provider' not provided")]
#[case::source(&["--provider=inmemory", "--policy=sync"], "required flag(s) '--source' not provided")]
#[case::policy(&["--provider=inmemory", "--source=ingress"], "--policy must be set")]
#[case::subcommand(&["apply"], "unknown subcommand apply: there are plan, explain, lint, owners, cleanup, adopt, snapshot, restore, approve, rbac and crds")]
#[case::metrics_address(
    &["--provider=inmemory", "--source=ingress", "--policy=sync", "--once", "--metrics-address=nowhere"],
    "--metrics-address"
)]
fn what_is_missing_is_named(#[case] words: &[&str], #[case] expected: &str) {
    let ended = run(words);
    assert_eq!((ended.code, &*ended.stdout), (Some(1), ""));
    assert!(ended.stderr.contains(expected), "{}", ended.stderr);
}

#[test]
fn a_variable_that_is_not_text_is_not_passed_over() {
    let mut command = program(&["--provider=inmemory", "--source=empty", "--policy=sync", "--once"]);
    command.env("EXTERNAL_DNS_REGISTRY", std::ffi::OsStr::from_bytes(b"no\xffop"));
    let ended = ended(command);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(
        ended.stderr.contains("EXTERNAL_DNS_REGISTRY: \"no\u{fffd}op\" is not a valid value"),
        "{ended:?}"
    );
}

/// ExternalDNS ignores these too (`conformance/wrappers/target-net-invalid-ignored`).
#[rstest]
#[case("--target-net-filter=192.0.2.0/33")]
#[case("--exclude-target-net=nowhere")]
fn networks_that_are_none_are_ignored_with_a_warning(#[case] word: &str) {
    let ended = run(&[&["plan", "--manifests=/dev/null", word][..], &LEAST].concat());
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stderr.contains(&format!("{word} is not a network and is ignored")), "{ended:?}");
}

#[test]
fn a_kubeconfig_that_cannot_be_read_is_named() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "clusters: [").unwrap();
    let malformed = file.path().display().to_string();
    for path in ["/nonexistent/config", "/", &malformed] {
        let flag = format!("--kubeconfig={path}");
        for words in [&["plan"][..], &["--once", "--metrics-address=127.0.0.1:0"]] {
            let ended = run(&[words, &LEAST, &[&flag]].concat());
            assert_eq!((ended.code, &*ended.stdout), (Some(1), ""), "{ended:?}");
            let expected = format!("error: kubeconfig {path}: ");
            assert!(ended.stderr.contains(&expected), "{ended:?}");
            assert!(!ended.stderr.contains("panicked"), "{ended:?}");
        }
    }
}

#[test]
fn an_api_server_out_of_reach_is_among_the_problems_and_nowhere_else() {
    let file = tempfile::NamedTempFile::new().unwrap();
    // Nobody listens on the discard port.
    let kubeconfig = "{apiVersion: v1, kind: Config, current-context: c, users: [{name: u, user: {}}], \
                      clusters: [{name: c, cluster: {server: 'http://127.0.0.1:9'}}], \
                      contexts: [{name: c, context: {cluster: c, user: u}}]}";
    std::fs::write(file.path(), kubeconfig).unwrap();
    let flag = format!("--kubeconfig={}", file.path().display());
    let ended = run(&[&["plan"][..], &LEAST, &[&flag]].concat());
    assert_eq!((ended.code, &*ended.stderr), (Some(1), ""));
    assert!(ended.stdout.contains("cannot list ingresses.networking.k8s.io:"), "{}", ended.stdout);
    assert!(
        ended.stdout.ends_with("Nothing to do, as far as could be read: 1 problem.\n"),
        "{}",
        ended.stdout
    );
}

#[test]
fn without_a_cluster_the_ways_to_one_are_named() {
    let ended = run(&[&["plan"][..], &LEAST].concat());
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("no --kubeconfig, no ~/.kube/config, and not inside a Pod"), "{ended:?}");
}

const MALFORMED: &str = "\
apiVersion: v1
kind: Service
metadata: {name: fine, annotations: {external-dns.kubernetes.io/hostname: fine.example.org}}
spec: {type: LoadBalancer}
status: {loadBalancer: {ingress: [{ip: 192.0.2.1}]}}
---
apiVersion: v1
kind: Service
metadata: [
---
metadata: {name: nothing}
";

#[test]
fn malformed_manifests_are_named_the_rest_is_planned_and_nothing_is_deleted() {
    let copy = Copy::new();
    std::fs::write(copy.path("manifests/bad.yaml"), MALFORMED).unwrap();
    let bad = copy.text("manifests/bad.yaml");
    let plan = copy.plan(&[]);
    assert_eq!((plan.code, &*plan.stderr), (Some(1), ""), "problems are shown once");
    let flat = plan.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    for expected in [
        format!("error manifests {bad}: document 2 (line 6): "),
        format!("error manifests {bad}: document 3 (line 10): no kind"),
        "+ A fine.example.org 192.0.2.1".to_owned(),
        "~ A shop.example.org 203.0.113.10 => 203.0.113.20".to_owned(),
        "! A old-shop.example.org held: source ingress could not be read completely".to_owned(),
        "Plan: 4 to create, 1 to update, none to delete,".to_owned(),
    ] {
        assert!(flat.contains(&expected), "{expected:?} is missing in\n{}", plan.stdout);
    }
    assert_eq!(plan.stdout.matches(&bad).count(), 2, "each once:\n{}", plan.stdout);

    let json: serde_json::Value = serde_json::from_str(&copy.plan(&["-ojson"]).stdout).unwrap();
    assert_eq!((&json["succeeded"], &json["summary"]["delete"]), (&false.into(), &0.into()));
    assert_eq!(json["problems"][0]["about"], "manifests");

    let once = copy.once();
    assert_eq!(once.code, Some(1));
    assert!(once.stderr.contains(&format!("{bad}: document 2 (line 6): ")), "{}", once.stderr);
    let records = std::fs::read_to_string(copy.path("records.yaml")).unwrap();
    assert!(records.contains("old-shop.example.org") && records.contains("fine.example.org"), "{records}");
}

#[test]
fn manifests_nested_beyond_reason_are_malformed_like_any_other() {
    for opening in ["[", "{\"a\":", "- "] {
        let copy = Copy::new();
        std::fs::write(copy.path("manifests/deep.yaml"), opening.repeat(100_000)).unwrap();
        let plan = copy.plan(&[]);
        assert_eq!((plan.code, &*plan.stderr), (Some(1), ""), "{opening}");
        let flat = plan.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains("recursion limit exceeded"), "{opening}: {}", plan.stdout);
    }
}

#[test]
fn objects_that_ask_for_nonsense_are_named_and_the_rest_goes_on() {
    let copy = Copy::new();
    let long = "x".repeat(64);
    let services = [
        ("empty-label", "hostname: a..example.org".to_owned()),
        ("long-label", format!("hostname: {long}.example.org")),
        ("bad-ttl", "hostname: ttl.example.org, external-dns.kubernetes.io/ttl: forever".to_owned()),
        ("bad-target", "hostname: target.example.org, external-dns.kubernetes.io/target: b..c".to_owned()),
    ];
    let documents = services.iter().map(|(name, annotations)| {
        format!(
            "---\napiVersion: v1\nkind: Service\nmetadata: {{name: {name}, namespace: web, annotations: \
             {{external-dns.kubernetes.io/{annotations}}}}}\nspec: {{type: LoadBalancer}}\nstatus: \
             {{loadBalancer: {{ingress: [{{ip: 192.0.2.1}}]}}}}\n"
        )
    });
    std::fs::write(copy.path("manifests/odd.yaml"), documents.collect::<String>()).unwrap();
    let plan = copy.plan(&[]);
    assert_eq!((plan.code, &*plan.stderr), (Some(2), ""), "{}", plan.stdout);
    for (name, _) in services {
        assert!(
            plan.stdout.contains(&format!("  warning  service/web/{name}\n")),
            "{name}:\n{}",
            plan.stdout
        );
    }
    assert!(plan.stdout.contains("+ A      ttl.example.org"), "{}", plan.stdout);
    assert!(plan.stdout.contains("~ A      shop.example.org"), "{}", plan.stdout);
}

#[test]
fn a_manifest_path_that_leads_nowhere_is_named_and_deletes_nothing() {
    let flags = quickstart_flags("/nonexistent/manifests", &example("records.yaml"));
    let ended = run(&std::iter::once("plan").chain(flags.iter().map(String::as_str)).collect::<Vec<_>>());
    assert_eq!(ended.code, Some(1));
    assert!(ended.stdout.contains("/nonexistent/manifests: No such file or directory"), "{}", ended.stdout);
    assert!(!ended.stdout.contains("to delete"), "{}", ended.stdout);
}

#[test]
fn a_records_file_that_cannot_be_read_is_named_and_stays() {
    let copy = Copy::new();
    for content in ["- dnsName: [", "- dnsName: a..b\n  recordType: A\n  targets: [192.0.2.1]\n", "just text"]
    {
        std::fs::write(copy.path("records.yaml"), content).unwrap();
        for ended in [copy.plan(&[]), copy.once()] {
            assert_eq!((ended.code, &*ended.stdout), (Some(1), ""), "{content}: {ended:?}");
            assert!(ended.stderr.contains(&copy.text("records.yaml")), "{content}: {ended:?}");
        }
        assert_eq!(std::fs::read_to_string(copy.path("records.yaml")).unwrap(), content);
    }
}

#[test]
fn a_wrong_variable_is_named() {
    let mut command = program(&LEAST);
    command.env("EXTERNAL_DNS_INTERVAL", "soon");
    let ended = super::ended(command);
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("EXTERNAL_DNS_INTERVAL: \"soon\""), "{}", ended.stderr);
}
