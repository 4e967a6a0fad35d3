//! Every flag: that it is there, what it is without being given, and where its value goes.

use super::{config, refusal};
use crate::cli::*;
use clap::CommandFactory;
use std::collections::BTreeSet;
use std::time::Duration;

/// Name, form and default of every flag that ExternalDNS has.
fn upstream_flags() -> Vec<(&'static str, Kind, Vec<&'static str>)> {
    let lines = include_str!("externaldns-flags.txt").lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let mut words = line.split(' ');
            let name = words.next().unwrap();
            let kind = match words.next().unwrap() {
                "switch" => Kind::Switch,
                "single" => Kind::Single,
                "list" => Kind::List,
                other => panic!("{other}"),
            };
            (name, kind, words.next().map_or(vec![], |defaults| defaults.split(',').collect()))
        })
        .collect()
}

#[test]
fn every_flag_of_externaldns_is_there_with_its_form_and_default() {
    let command = DaemonArgs::command();
    let upstream = upstream_flags();
    for (name, kind, defaults) in &upstream {
        let argument = command.get_arguments().find(|a| a.get_long() == Some(name));
        let argument = argument.unwrap_or_else(|| panic!("no flag --{name}"));
        assert_eq!(kind_of(argument), *kind, "--{name}");
        let ours: Vec<_> = argument.get_default_values().iter().filter(|d| !d.is_empty()).collect();
        // On unless switched off, and as often as bursts allow.
        if !["events", "min-event-sync-interval"].contains(name) {
            assert_eq!(ours, defaults.iter().collect::<Vec<_>>(), "--{name}");
        }
    }
    let ours = command.get_arguments().filter_map(|a| a.get_long());
    let extra: Vec<_> = ours.filter(|name| upstream.iter().all(|(n, ..)| n != name)).collect();
    let ours = [
        "manifests",
        "inmemory-records",
        "hold-missing-targets",
        "hold-max-age",
        "refuse-names-across-namespaces",
        "domain-policy",
        "delete-guard",
        "delete-guard-share",
        "delete-guard-floor",
        "delete-guard-max",
        "delete-guard-zone",
        "approve-hash",
        "approval-configmap",
        "leader-elect",
        "leader-election-namespace",
        "leader-election-lease-name",
        "leader-election-lease-duration",
        "leader-election-renew-deadline",
        "leader-election-retry-period",
        "provider-requests-per-second",
        "drift-interval",
        "webhook-provider-max-changes",
        "webhook-server-address",
        "txt-prefix-read",
        "txt-suffix-read",
        "txt-prune-old-rows",
        "txt-shared-names",
    ];
    // The order of the help text does not matter here.
    assert_eq!(BTreeSet::from_iter(extra), BTreeSet::from(ours));
}

#[test]
fn all_flags_of_externaldns_parse_together_at_their_defaults() {
    let mut words = vec![];
    for (name, kind, defaults) in upstream_flags() {
        match (kind, name, defaults.first()) {
            (_, "provider" | "source" | "policy" | "annotation-prefix", _) => {}
            (Kind::Switch, _, Some(&"true")) => words.push(format!("--{name}")),
            (Kind::Switch, ..) => words.push(format!("--no-{name}")),
            (Kind::List, ..) => words.extend(defaults.iter().map(|value| format!("--{name}={value}"))),
            (Kind::Single, _, value) => words.push(format!("--{name}={}", value.unwrap_or(&""))),
        }
    }
    assert!(words.len() > 150, "{}", words.len());
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    assert_eq!(config(&words).warnings, [""; 0]);
}

/// Values that differ from the default, for every flag with a value, so that none is wired to another's field.
#[test]
fn values_arrive_in_their_own_fields() {
    let config = config(&[
        "--server=https://api",
        "--kubeconfig=/k",
        "--kube-api-request-timeout=7s",
        "--kube-api-qps=7.9",
        "--kube-api-burst=2e1",
        "--namespace=ns",
        "--interval=2m",
        "--min-event-sync-interval=3s",
        "--min-ttl=90.75s",
        "--txt-owner-id=me",
        "--migrate-from-txt-owner=you",
        "--txt-prefix=p-",
        "--txt-prefix-read=",
        "--txt-prefix-read=o-",
        "--txt-suffix-read=-s",
        "--txt-prune-old-rows",
        "--txt-shared-names=.Shared.example",
        "--txt-shared-names=any.example",
        "--txt-wildcard-replacement=any",
        "--txt-cache-interval=4s",
        "--regex-domain-filter=a",
        "--regex-domain-exclusion=b",
        "--domain-filter=a.example",
        "--domain-filter=b.example",
        "--exclude-domains=c.example",
        "--annotation-prefix=external-dns.kubernetes.io/",
        "--compatibility=mate",
        "--service-type-filter=NodePort",
        "--ingress-class=edge",
        "--gateway-name=gw",
        "--gateway-namespace=gws",
        "--pod-source-domain=pods.example",
        "--default-targets=192.0.2.1",
        "--inmemory-zone=example",
        "--metrics-address=:1",
        "--log-format=json",
        "--log-level=warning",
        "--provider-cache-time=5s",
        "--nat64-networks=64:ff9b::/96",
        "--target-net-filter= 192.0.2.77/24 ",
        "--exclude-target-net=fd00::/8",
        "--fqdn-template=a,b",
        "--target-template=c",
        "--fqdn-target-template=d",
        "--manifests=-",
        "--inmemory-records=/r",
        "--once",
        "--hold-max-age=6h",
        "--refuse-names-across-namespaces",
        "--domain-policy=/p",
        "--no-delete-guard",
        "--delete-guard-share=40%",
        "--delete-guard-floor=11",
        "--delete-guard-max=12",
        "--delete-guard-zone=example=50",
        "--approve-hash=0123456789ab",
        "--provider-requests-per-second=2.5",
        "--webhook-provider-max-changes=0",
    ]);
    assert_eq!(
        config.kubernetes,
        KubernetesConfig {
            server: Some("https://api".into()),
            kubeconfig: Some("/k".into()),
            request_timeout: Some(Duration::from_secs(7)),
            qps: 7,
            burst: 20
        }
    );
    assert_eq!(config.filters.namespace.as_deref(), Some("ns"));
    assert_eq!(config.schedule.interval, Duration::from_secs(120));
    assert_eq!(config.schedule.min_event_sync_interval, Some(Duration::from_secs(3)));
    assert_eq!(config.planning.min_ttl_seconds, 90);
    assert_eq!(config.planning.policy, Policy::Sync);
    assert_eq!(config.planning.nat64_networks, ["64:ff9b::/96".parse().unwrap()]);
    assert_eq!(
        (config.registry.owner.as_str(), config.registry.migrate_from.as_deref()),
        ("me", Some("you"))
    );
    assert_eq!(
        (config.registry.txt.prefix.as_str(), config.registry.txt.wildcard_replacement.as_str()),
        ("p-", "any")
    );
    assert_eq!(config.registry.txt.former_prefixes, ["", "o-"]);
    assert_eq!(config.registry.txt.former_suffixes, ["-s"]);
    assert!(config.registry.txt.prune_former);
    let shared = config.registry.txt.shared_names.iter().map(|name| name.as_str());
    assert_eq!(shared.collect::<Vec<_>>(), ["shared.example", "any.example"]);
    assert_eq!(config.registry.txt.cache_interval, Duration::from_secs(4));
    assert_eq!(config.filters.regex_domain_filter.unwrap().as_str(), "a");
    assert_eq!(config.filters.regex_domain_exclusion.unwrap().as_str(), "b");
    assert_eq!(config.filters.domain_filter, ["a.example", "b.example"]);
    assert_eq!(config.filters.exclude_domains, ["c.example"]);
    assert_eq!(config.filters.target_nets, ["192.0.2.0/24".parse().unwrap()]);
    assert_eq!(config.filters.exclude_target_nets, ["fd00::/8".parse().unwrap()]);
    assert_eq!(config.sources.annotation_prefix.as_deref(), Some("external-dns.kubernetes.io/"));
    assert_eq!(config.sources.compatibility, Some(Compatibility::Mate));
    assert_eq!(config.sources.service.types, [ServiceType::NodePort]);
    assert_eq!(config.sources.ingress.classes, ["edge"]);
    assert_eq!(config.sources.gateway.name.as_deref(), Some("gw"));
    assert_eq!(config.sources.gateway.namespace.as_deref(), Some("gws"));
    assert_eq!(config.sources.pod.source_domain.as_deref(), Some("pods.example"));
    assert_eq!(config.sources.default_targets, ["192.0.2.1"]);
    assert_eq!(config.providers.inmemory.zones, ["example"]);
    assert_eq!(config.providers.general.cache_time, Duration::from_secs(5));
    assert_eq!(
        config.telemetry,
        TelemetryConfig {
            log_format: LogFormat::Json,
            log_level: LogLevel::Warning,
            metrics_address: ":1".into()
        }
    );
    assert_eq!(config.templates.fqdn, ["a,b"]);
    assert_eq!(config.templates.target, ["c"]);
    assert_eq!(config.templates.fqdn_target, ["d"]);
    assert_eq!(config.own.manifests, [std::path::Path::new("-")]);
    assert_eq!(config.own.inmemory_records.as_deref(), Some("/r".as_ref()));
    assert_eq!(config.own.hold_max_age, Duration::from_secs(6 * 3600));
    assert!(config.own.refuse_names_across_namespaces);
    assert_eq!(config.own.domain_policy.as_deref(), Some("/p".as_ref()));
    let guard = GuardConfig {
        enabled: false,
        share: 40,
        floor: 11,
        max: 12,
        zones: vec![("example".into(), 50)],
        approved: vec!["0123456789ab".into()],
        configmap: None,
    };
    assert_eq!(config.guard, guard);
    assert_eq!(config.own.provider_requests_per_second, Some(2.5));
    assert_eq!(config.providers.webhook.max_changes, None);
    assert_eq!(config.warnings, [""; 0]);
}

/// The meaning of flags whether this version has what they are for or not.
fn meaning(words: &[&str]) -> Config {
    let matches = DaemonArgs::command().try_get_matches_from([&["zonewright"], words].concat()).unwrap();
    let flags = DaemonArgs::from_arg_matches(&matches).unwrap().flags;
    // --approve-hash is for single runs.
    let is_preview = words.iter().any(|word| word.starts_with("--approve-hash"));
    flags.meaning(ProviderName::InMemory, is_preview).unwrap()
}

/// Some value of the flag that is not its default, the same for as many flags as possible.
fn other_value(argument: &clap::Arg) -> String {
    let defaults = argument.get_default_values();
    let choices = argument.get_possible_values();
    if argument.get_long() == Some("events") {
        return "false".into();
    }
    if argument.get_long() == Some("registry") {
        // One that goes with any provider.
        return "noop".into();
    }
    if let Some(choice) = choices.iter().find(|choice| defaults.iter().all(|d| d != choice.get_name())) {
        return choice.get_name().to_owned();
    }
    let name = argument.get_long().unwrap();
    match defaults.first().and_then(|d| d.to_str()).unwrap_or_default() {
        _ if name.ends_with("-interval") => "77s".into(),
        _ if name == "provider-requests-per-second" => "77".into(),
        _ if name == "nat64-networks" => "::/96".into(),
        _ if name.ends_with("-net") || name.ends_with("-net-filter") => "192.0.2.0/24".into(),
        "A" => "TXT".into(),
        number if number.parse::<f64>().is_ok() => "77".into(),
        duration if values::duration(duration).is_ok() => "77s".into(),
        _ if name == "annotation-prefix" => "x/".into(),
        _ if name == "aws-sd-create-tag" => "x=y".into(),
        _ if name == "delete-guard-zone" => "x=7".into(),
        _ if name == "approve-hash" => "0123456789ab".into(),
        _ => "x".into(),
    }
}

/// Each flag alone changes something, and no two change the same: none is forgotten or wired to another's field.
#[test]
fn every_flag_changes_the_configuration_in_its_own_way() {
    let base = [
        "--source=fake",
        "--policy=sync",
        "--fqdn-template=y",
        "--managed-record-types=PTR",
        "--txt-prefix-read=y",
        "--txt-encrypt-aes-key=y",
    ];
    // Those that allow no other value, and those of the base that may not be repeated.
    let left_out = ["crd-source-apiversion", "crd-source-kind", "policy", "provider", "txt-encrypt-aes-key"];
    let before = format!("{:?}", meaning(&base));
    let mut seen = std::collections::BTreeMap::new();
    for argument in DaemonArgs::command().get_arguments() {
        let name = argument.get_long().unwrap();
        if left_out.contains(&name) {
            continue;
        }
        let word = format!("--{name}={}", other_value(argument));
        let after = format!("{:?}", meaning(&[&base[..], &[&word]].concat()));
        assert_ne!(before, after, "{word} changes nothing");
        if let Some(other) = seen.insert(after, word.clone()) {
            panic!("{word} does the same as {other}");
        }
    }
    assert!(seen.len() > 170, "{}", seen.len());
}

#[test]
fn approvals_in_advance_are_for_single_runs() {
    assert!(refusal(&["--approve-hash=0123456789ab"]).contains("zonewright approve HASH"));
    assert_eq!(config(&["--approve-hash=0123456789ab", "--once"]).guard.approved, ["0123456789ab"]);
    let offline = refusal(&["--approval-configmap=a", "--manifests=-"]);
    assert!(offline.contains("needs an API server"), "{offline}");
    let name = ConfigMapName { namespace: Some("dns".into()), name: "approvals".into() };
    assert_eq!(config(&["--approval-configmap=dns/approvals"]).guard.configmap, Some(name));
    let once = config(&["--approval-configmap=approvals", "--once"]);
    assert_eq!((once.guard.configmap, once.warnings.len()), (None, 1));
}
