//! Roles of the chart against roles of the program: for each values file, and for each source in each scope.

use super::{Release, flags, objects, of_kind, render};
use serde_json::Value;
use std::collections::BTreeSet;
use std::process::Command;

/// What may be done: place (empty for the whole cluster), group, resource, object (empty for all), verb.
type Permission = [String; 5];

fn permissions(objects: &[Value]) -> BTreeSet<Permission> {
    let roles = of_kind(objects, "ClusterRole").into_iter().chain(of_kind(objects, "Role"));
    let mut all = BTreeSet::new();
    for role in roles {
        assert!(is_bound(objects, role), "nobody has {role}");
        let place = role["metadata"]["namespace"].as_str().unwrap_or_default();
        for rule in role["rules"].as_array().unwrap() {
            let names =
                if rule["resourceNames"].is_null() { vec![""] } else { words(&rule["resourceNames"]) };
            for group in words(&rule["apiGroups"]) {
                for resource in words(&rule["resources"]) {
                    for name in &names {
                        for verb in words(&rule["verbs"]) {
                            assert!(![group, resource, verb].contains(&"*"), "{rule}");
                            all.insert([place, group, resource, name, verb].map(str::to_owned));
                        }
                    }
                }
            }
        }
    }
    all
}

fn words(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect()
}

/// Whether a binding in the same place gives the role to a service account.
fn is_bound(objects: &[Value], role: &Value) -> bool {
    let kind = role["kind"].as_str().unwrap();
    of_kind(objects, &format!("{kind}Binding")).iter().any(|binding| {
        binding["metadata"]["namespace"] == role["metadata"]["namespace"]
            && binding["roleRef"]["kind"] == kind
            && binding["roleRef"]["name"] == role["metadata"]["name"]
            && binding["subjects"][0]["kind"] == "ServiceAccount"
    })
}

/// What permissions depend on; the other flags may be for a provider that is not built yet.
const DECISIVE: [&str; 14] = [
    "--registry=",
    "--crd-registry-namespace=",
    "--source=",
    "--namespace=",
    "--gateway-",
    "--service-type-filter=",
    "--leader-elect",
    "--events-emit=",
    "--approval-configmap=",
    "--domain-policy=",
    "--dry-run",
    "--txt-owner-id=",
    "--label-filter=",
    "--fqdn-template=",
];

/// What the program says that it needs with the flags that were rendered.
fn needed(objects: &[Value], namespace: &str) -> BTreeSet<Permission> {
    let folder = tempfile::tempdir().unwrap();
    let mut words: Vec<String> = flags(objects);
    words.retain(|word| DECISIVE.iter().any(|flag| word.starts_with(flag)));
    for map in of_kind(objects, "ConfigMap") {
        if let Some(policy) = map["data"]["domain-policy.yaml"].as_str() {
            let file = folder.path().join("policy.yaml");
            std::fs::write(&file, policy).unwrap();
            words.retain(|word| !word.starts_with("--domain-policy="));
            words.push(format!("--domain-policy={}", file.display()));
        }
    }
    needed_with(&words, namespace)
}

fn needed_with(words: &[String], namespace: &str) -> BTreeSet<Permission> {
    let account = format!("--service-account={namespace}/anybody");
    let mut command = Command::new(env!("CARGO_BIN_EXE_zonewright"));
    let output = command.env_clear().arg("rbac").args(words).arg(account).output().unwrap();
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    permissions(&objects(&String::from_utf8(output.stdout).unwrap(), namespace))
}

fn of_whole_cluster(permission: &Permission) -> bool {
    permission[0].is_empty()
}

#[test]
fn every_values_file_gives_exactly_what_its_flags_need() {
    for release in Release::all() {
        // What is there only while a release is uninstalled is not the daemon's.
        let objects = release.objects(&["--no-hooks"]);
        let mut expected = needed(&objects, &release.namespace);
        match &*release.case() {
            "private-registry" => expected.clear(),
            // As in the ExternalDNS chart: with a namespace for Gateways nothing cluster-wide is asked for that can be done without.
            "gateway-namespaced" => expected.retain(|permission| !of_whole_cluster(permission)),
            // Its own addition.
            "namespaced" => {
                expected.insert(["team-a", "", "configmaps", "dns", "get"].map(str::to_owned));
            }
            _ => {}
        }
        assert_eq!(permissions(&objects), expected, "{}", release.case());
    }
}

#[test]
fn every_source_gets_exactly_what_it_needs_in_every_scope() {
    let scopes: [&[&str]; 4] = [
        &[],
        &["gatewayNamespace=gateways", "enableGatewayListenerSets=true"],
        &["namespaced=true"],
        &["namespaced=true", "sourceNamespace=shop", "gatewayNamespace=gateways", "rbac.clusterWide=true"],
    ];
    for source in sources() {
        let source_value = format!("sources={{{source}}}");
        for scope in scopes {
            let mut values = vec![source_value.as_str()];
            values.extend(scope);
            let objects = render(("zonewright", "dns"), &values).unwrap();
            assert_eq!(permissions(&objects), needed(&objects, "dns"), "{values:?}");
        }
    }
}

/// All that the program has, by its own word.
pub fn sources() -> Vec<String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_zonewright"));
    let output = command.env_clear().args(["rbac", "--source=ambassador-host"]).output().unwrap();
    let answer = String::from_utf8(output.stderr).unwrap();
    let Some((_, list)) = answer.trim().split_once("does not have source ambassador-host yet; it has ")
    else {
        panic!("take a source that is not built: {answer}");
    };
    let sources: Vec<String> = list.split(", ").map(str::to_owned).collect();
    assert!(sources.len() >= 12, "{sources:?}");
    sources
}

#[test]
fn flags_count_wherever_they_are_given() {
    for values in [
        &["sources=null", "extraArgs={--source=ingress,--source,pod,--events-emit=RecordReady}"][..],
        &["extraArgs.service-type-filter={NodePort}", "extraArgs.namespace=shop"],
        &["extraArgs.service-type-filter=ClusterIP", "extraArgs.dry-run=true", "leaderElection.enabled=true"],
        &["sources={crd}", "namespaced=true", "guard.approvalConfigMap=elsewhere/approvals"],
        &["sources={node,service}", "namespaced=true", "eventsEmit={RecordReady}"],
    ] {
        let objects = render(("zonewright", "dns"), values).unwrap();
        let mut words = flags(&objects);
        words.retain(|word| !word.starts_with("--provider="));
        assert_eq!(permissions(&objects), needed_with(&words, "dns"), "{values:?}");
    }
    let values = ["sources=null", "env[0].name=EXTERNAL_DNS_SOURCE", "env[0].value=pod\nnode"];
    let objects = render(("zonewright", "dns"), &values).unwrap();
    let words = ["--source=pod", "--source=node"].map(str::to_owned);
    assert_eq!(permissions(&objects), needed_with(&words, "dns"));
}

#[test]
fn nothing_cluster_wide_is_asked_for_where_it_may_not_be() {
    let values = ["sources={service,gateway-httproute,node}", "namespaced=true", "rbac.clusterWide=false"];
    let objects = render(("zonewright", "dns"), &values).unwrap();
    let mut expected = needed(&objects, "dns");
    expected.retain(|permission| !of_whole_cluster(permission));
    assert_eq!(permissions(&objects), expected);
    assert!(of_kind(&objects, "ClusterRole").is_empty());
}
