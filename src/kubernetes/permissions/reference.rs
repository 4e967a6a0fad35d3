//! `docs/reference/rbac.md`, made from what the program asks for.

use super::{Place, Rule, manifests, permissions};
use crate::cli::{Command, SourceName, parse};
use crate::reference::{GENERATED, hold};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

const INTRODUCTION: &str = "\
What the service account of the daemon has to be allowed, and nothing more: it only lists and watches what its sources read.
The Helm chart makes these roles from the values; `zonewright rbac` prints them for the flags that it is given, with which nobody has to put
them together from this page. No rule has a wildcard. The provider needs permissions of its own where the records are, not here.
`plan` and `--dry-run` write nothing and need nothing of what says `create`, `update`. With `--manifests` no permission is needed.

A permission or a resource that is missing does not end the daemon. The log names the resource and the API server's answer, what
the source owns is held, and it keeps trying.
";

const SCOPES: &str = "
\"Namespace\" is what `--namespace` limits: with it a Role in that namespace is enough, without it everything is read in the whole
cluster. \"Cluster\" is needed in the whole cluster whatever `--namespace` says, \"gateway namespace\" is what `--gateway-namespace` limits. Pods, EndpointSlices and Nodes of source `service` are read from the
moment a Service asks for what comes from there, Namespaces of `gateway-*` once a listener selects them by labels.
";

/// With what each row of the features is compared.
const PLAIN: &str = "--source=fake";

const FEATURES: [(&str, &str); 6] = [
    ("`--leader-elect`", "--leader-elect --source=fake"),
    (
        "`--leader-elect --leader-election-namespace=leases`",
        "--leader-elect --leader-election-namespace=leases --source=fake",
    ),
    ("`--events-emit=…`", "--events-emit=RecordReady --source=fake"),
    ("`--events-emit=…` with `--namespace=shop`", "--events-emit=RecordReady --namespace=shop --source=fake"),
    ("`--approval-configmap=dns-approvals`", "--approval-configmap=dns-approvals --source=fake"),
    ("`--domain-policy=FILE` with a `namespaceSelector`", "--domain-policy=POLICY --source=fake"),
];

/// Flags with which a source reads something else.
const VARIANTS: [(&str, &str); 4] = [
    ("service", "--service-type-filter=LoadBalancer"),
    ("service", "--service-type-filter=ClusterIP"),
    ("service", "--service-type-filter=NodePort"),
    ("gateway-httproute", "--gateway-listener-sets"),
];

/// In the namespace `dns`; `None` where this version does not have what is asked for.
fn needed(words: &str) -> Option<BTreeMap<Place, BTreeSet<Rule>>> {
    let words =
        ["zonewright", "rbac", "--service-account=dns/zonewright"].into_iter().chain(words.split(' '));
    match parse(words.map(Into::into), &|_| None) {
        Ok(Command::Rbac(config, account)) => {
            let sources = crate::wiring::sources(&config).map_err(|error| error.to_string()).unwrap();
            Some(permissions(&config, &sources.caches, &account.namespace))
        }
        Ok(other) => panic!("{other:?}"),
        Err(exit) if exit.message.contains("does not have") => None,
        Err(exit) => panic!("{}", exit.message),
    }
}

fn shown(rule: &Rule) -> String {
    let group = if rule.group.is_empty() { "core" } else { rule.group };
    let name = rule.name.as_ref().map(|name| format!(" `{name}`")).unwrap_or_default();
    format!("`{}`{name} ({group}): {}", rule.resource, rule.verbs.join(", "))
}

/// Rules with where they are needed, told by what two flags do to them.
fn of_source(words: &str) -> Option<Vec<(String, &'static str)>> {
    let everywhere = needed(words)?;
    let limited = needed(&format!("{words} --namespace=shop")).unwrap();
    let gateways = needed(&format!("{words} --namespace=shop --gateway-namespace=gateways")).unwrap();
    let is_in = |all: &BTreeMap<Place, BTreeSet<Rule>>, namespace: &str, rule: &Rule| {
        all.get(&Some(namespace.to_owned())).is_some_and(|rules| rules.contains(rule))
    };
    let place = |rule: &Rule| match () {
        () if is_in(&limited, "shop", rule) => "namespace",
        () if is_in(&gateways, "gateways", rule) => "gateway namespace",
        () => "cluster",
    };
    let rules = everywhere.values().flatten();
    Some(rules.map(|rule| (shown(rule), place(rule))).collect())
}

fn sources() -> String {
    let mut text = "## By source\n\n| `--source` | What | Where |\n|---|---|---|\n".to_owned();
    let plain = SourceName::ALL.iter().map(|name| (name.to_string(), String::new()));
    let variants = VARIANTS.iter().map(|(name, flag)| ((*name).to_owned(), format!(" {flag}")));
    for (name, flag) in plain.chain(variants) {
        let Some(rules) = of_source(&format!("--source={name}{flag}")) else { continue };
        let mut first = format!("`{name}`");
        if !flag.is_empty() {
            write!(first, " with `{}`", flag.trim()).unwrap();
        }
        if rules.is_empty() {
            writeln!(text, "| {first} | nothing | |").unwrap();
        }
        for (rule, place) in rules {
            writeln!(text, "| {} | {rule} | {place} |", std::mem::take(&mut first)).unwrap();
        }
    }
    text + SCOPES
}

fn features() -> String {
    let folder = tempfile::tempdir().unwrap();
    let policy = folder.path().join("policy.yaml");
    std::fs::write(
        &policy,
        "rules:\n- namespaceSelector: {matchLabels: {team: a}}\n  domains: [a.example.org]\n",
    )
    .unwrap();
    let mut text = "\n## By feature\n\nBeside what the sources need; the daemon's own namespace is called `dns` here.\n\n\
                    | Flags | What | In namespace |\n|---|---|---|\n"
        .to_owned();
    assert!(needed(PLAIN).unwrap().is_empty());
    for (name, words) in FEATURES {
        let mut first = name;
        for (place, rules) in needed(&words.replace("POLICY", &policy.display().to_string())).unwrap() {
            for rule in rules {
                let place =
                    place.as_deref().map_or("the whole cluster".to_owned(), |place| format!("`{place}`"));
                writeln!(text, "| {} | {} | {place} |", std::mem::take(&mut first), shown(&rule)).unwrap();
            }
        }
        assert!(first.is_empty(), "{name} needs nothing");
    }
    text + "\nSource `crd` also writes the `status` of DNSEndpoints; it works without that permission, and says so.\n"
}

#[test]
fn rbac_reference_is_up_to_date() {
    let words = "--source=ingress --leader-elect --txt-owner-id=my-cluster";
    let account = super::ServiceAccount { namespace: "dns".to_owned(), name: "zonewright".to_owned() };
    let roles = manifests(&needed(words).unwrap(), &account);
    let example = format!(
        "\n## As manifests\n\n```sh\nzonewright rbac {words} \\\n  --service-account=dns/zonewright\n```\n\n```text\n{roles}```\n\n\
         `zonewright rbac … | kubectl apply -f -` makes them. The service account itself, the Deployment and its namespace are yours.\n"
    );
    hold(
        "rbac.md",
        &format!(
            "# Permissions in the cluster\n\n{GENERATED}\n\n{INTRODUCTION}\n{}{}{example}",
            sources(),
            features()
        ),
    );
}
