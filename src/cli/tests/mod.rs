//! The command line as a whole.

mod recorded;
mod reference;

use super::*;
use clap::CommandFactory;
use rstest::rstest;
use secrecy::ExposeSecret;
use std::time::Duration;

/// Parses words and variables, the latter as `NAME=value`.
pub(super) fn parse_with(words: &[&str], env: &[(&str, &str)]) -> Result<Command, Exit> {
    let words = std::iter::once(&"zonewright").chain(words).map(OsString::from);
    parse(words, &|name| env.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
}

const MINIMUM: [&str; 3] = ["--provider=inmemory", "--source=service", "--policy=sync"];

/// The configuration of the least flags there can be and these.
fn config(words: &[&str]) -> Config {
    match parse_with(&[&MINIMUM, words].concat(), &[]) {
        Ok(Command::Run(config)) => *config,
        other => panic!("{words:?}: {other:?}"),
    }
}

/// Why these flags, beside the least there can be, are refused.
fn refusal(words: &[&str]) -> String {
    let exit = parse_with(&[&MINIMUM, words].concat(), &[]).expect_err("not refused");
    assert_eq!((exit.code, exit.to_stdout), (1, false), "{exit:?}");
    exit.message
}

#[test]
fn clap_is_content() {
    DaemonArgs::command().debug_assert();
    PlanArgs::command().debug_assert();
}

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
        assert_eq!(ours, defaults.iter().collect::<Vec<_>>(), "--{name}");
    }
    let ours = command.get_arguments().filter_map(|a| a.get_long());
    let extra: Vec<_> = ours.filter(|name| upstream.iter().all(|(n, ..)| n != name)).collect();
    assert_eq!(extra, ["manifests", "inmemory-records", "hold-missing-targets"]);
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
    assert_eq!(config.schedule.min_event_sync_interval, Duration::from_secs(3));
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
    assert_eq!(config.warnings, [""; 0]);
}

/// The meaning of flags whether this version has what they are for or not.
fn meaning(words: &[&str]) -> Config {
    let matches = DaemonArgs::command().try_get_matches_from([&["zonewright"], words].concat()).unwrap();
    let flags = DaemonArgs::from_arg_matches(&matches).unwrap().flags;
    flags.meaning(ProviderName::InMemory, false).unwrap()
}

/// Some value of the flag that is not its default, the same for as many flags as possible.
fn other_value(argument: &clap::Arg) -> String {
    let defaults = argument.get_default_values();
    let choices = argument.get_possible_values();
    if let Some(choice) = choices.iter().find(|choice| defaults.iter().all(|d| d != choice.get_name())) {
        return choice.get_name().to_owned();
    }
    let name = argument.get_long().unwrap();
    match defaults.first().and_then(|d| d.to_str()).unwrap_or_default() {
        _ if name == "nat64-networks" => "::/96".into(),
        _ if name.ends_with("-net") || name.ends_with("-net-filter") => "192.0.2.0/24".into(),
        "A" => "TXT".into(),
        number if number.parse::<f64>().is_ok() => "77".into(),
        duration if values::duration(duration).is_ok() => "77s".into(),
        _ if name == "annotation-prefix" => "x/".into(),
        _ if name == "aws-sd-create-tag" => "x=y".into(),
        _ => "x".into(),
    }
}

/// Each flag alone changes something, and no two change the same: none is forgotten or wired to another's field.
#[test]
fn every_flag_changes_the_configuration_in_its_own_way() {
    let base = [
        "--source=fake",
        "--policy=create-only",
        "--fqdn-template=y",
        "--managed-record-types=PTR",
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
fn defaults_mean_what_externaldns_means() {
    let config = config(&["--domain-filter=", "--regex-domain-filter="]);
    assert_eq!(config.registry.owner, "default");
    assert_eq!(config.registry.name, RegistryName::Txt);
    assert_eq!(
        config.planning.managed_types.iter().map(|t| t.as_str()).collect::<Vec<_>>(),
        ["A", "AAAA", "CNAME"]
    );
    assert!(config.filters.domain_filter.is_empty());
    assert!(config.filters.regex_domain_filter.is_none());
    assert!(config.sources.annotation_prefix.is_none());
    assert!(config.sources.nodes.exclude_unschedulable);
    assert!(config.providers.aws.evaluate_target_health);
    assert!(config.own.hold_missing_targets);
    assert_eq!(config.providers.webhook.max_body_size, Some(32 << 20));
    assert_eq!(config.kubernetes.request_timeout, Some(Duration::from_secs(30)));
}

#[test]
fn a_list_flag_replaces_default_and_environment() {
    let words = [&MINIMUM[..], &["--managed-record-types=TXT"]].concat();
    let env = [("EXTERNAL_DNS_MANAGED_RECORD_TYPES", "A\nAAAA"), ("EXTERNAL_DNS_SOURCE", "ingress")];
    let Ok(Command::Run(config)) = parse_with(&words, &env) else { panic!() };
    assert_eq!(config.planning.managed_types, [zonewright_planner::RecordType::Txt]);
    assert_eq!(config.sources.names, [SourceName::Service]);
}

#[test]
fn sources_keep_their_order_and_come_once() {
    let config = config(&["--source=node", "--source=service"]);
    assert_eq!(config.sources.names, [SourceName::Service, SourceName::Node]);
}

#[test]
fn secrets_do_not_show() {
    const SECRETS: [&str; 9] = [
        "aws-assume-role-external-id",
        "pdns-api-key",
        "exoscale-apikey",
        "exoscale-apisecret",
        "rfc2136-kerberos-password",
        "rfc2136-tsig-secret",
        "godaddy-api-key",
        "godaddy-api-secret",
        "pihole-password",
    ];
    for flag in SECRETS {
        let exit = parse_with(&[&MINIMUM[..], &[&format!("--{flag}=canary")]].concat(), &[]).unwrap_err();
        assert!(!format!("{exit:?}").contains("canary"), "{exit:?}");
        let words = [format!("--{flag}=canary")];
        let matches = DaemonArgs::command()
            .try_get_matches_from(["zonewright"].into_iter().chain(words.iter().map(String::as_str)))
            .unwrap();
        let typed = DaemonArgs::from_arg_matches(&matches).unwrap();
        assert!(!format!("{typed:?}").contains("canary"), "{flag}");
        let meaning = typed.flags.providers.check(ProviderName::InMemory, &mut vec![]).unwrap();
        assert!(!format!("{meaning:?}").contains("canary"), "{flag}");
    }
    let config = config(&["--txt-encrypt-aes-key=canary"]);
    assert!(!format!("{config:?}").contains("canary"));
    assert_eq!(config.registry.txt.aes_key.unwrap().expose_secret(), "canary");
}

#[rstest]
#[case(&["--provider=inmemory"], "flag parsing error: required flag(s) '--source' not provided")]
#[case(&["--source=service"], "flag parsing error: required flag(s) '--provider' not provided")]
#[case(&[], "flag parsing error: required flag(s) '--provider', '--source' not provided")]
#[case(&["--source=service", "--provider=inmemory"], "config validation failed: --policy must be set explicitly (one of: sync, upsert-only, create-only)")]
fn required_flags(#[case] words: &[&str], #[case] expected: &str) {
    let exit = parse_with(words, &[]).unwrap_err();
    assert!(exit.message.starts_with(expected), "{}", exit.message);
}

#[rstest]
#[case("--provider=aws", "provider aws yet; it has inmemory, webhook")]
#[case("--source=istio-gateway", "source istio-gateway yet; it has crd, empty")]
#[case("--registry=dynamodb", "registry dynamodb yet; it has noop, txt")]
#[case(
    "--aws-zone-type=public",
    "--aws-zone-type is for provider aws and provider aws-sd, which this version"
)]
#[case("--no-aws-evaluate-target-health", "--aws-evaluate-target-health is for")]
#[case("--gloo-namespace=elsewhere", "--gloo-namespace is for source gloo-proxy")]
#[case("--dynamodb-table=t", "--dynamodb-table is for registry dynamodb")]
#[case("--webhook-server", "--webhook-server is for the webhook server")]
#[case("--webhook-provider-idle-timeout=1s", "is for the webhook server")]
#[case("--events-emit=RecordReady", "--events-emit is for writing Kubernetes Events")]
#[case("--pdns-api-key=secret", "--pdns-api-key is for provider pdns")]
fn what_is_not_built_says_so(#[case] word: &str, #[case] expected: &str) {
    let flag = word.split('=').next().unwrap_or_default();
    let words: Vec<&str> =
        MINIMUM.into_iter().filter(|w| w.split('=').next() != Some(flag)).chain([word]).collect();
    let message = parse_with(&words, &[]).unwrap_err().message;
    assert!(message.contains(expected) && message.contains("this version"), "{message}");
}

#[test]
fn a_variable_of_something_not_built_is_named() {
    let message = parse_with(&MINIMUM, &[("EXTERNAL_DNS_AZURE_RESOURCE_GROUP", "x")]).unwrap_err().message;
    assert!(message.contains("EXTERNAL_DNS_AZURE_RESOURCE_GROUP is for provider azure"), "{message}");
}

#[test]
fn defaults_of_what_is_not_built_are_harmless_however_they_are_written() {
    let config = config(&[
        "--aws-batch-change-interval=1000ms",
        "--aws-batch-change-size=1e3",
        "--aws-zone-type=",
        "--aws-zone-tags=",
        "--gloo-namespace=gloo-system",
        "--no-webhook-server",
    ]);
    assert_eq!(config.warnings, [""; 0]);
}

#[rstest]
#[case("--force-default-targets", "--force-default-targets is deprecated")]
#[case("--request-timeout=20s", "--request-timeout is deprecated, use --kube-api-request-timeout instead")]
#[case("--batch-change-size=1", "--batch-change-size has no effect with provider inmemory")]
#[case("--zone-id-filter=Z1", "--zone-id-filter has no effect with provider inmemory")]
#[case(
    "--target-net-filter=192.0.2.17",
    "--target-net-filter=192.0.2.17 is not a network and is ignored; a single"
)]
#[case(
    "--exclude-target-net=10.0.0.0/8,10.0.0.0/9",
    "--exclude-target-net=10.0.0.0/8 --exclude-target-net=10.0.0.0/9"
)]
fn warnings(#[case] word: &str, #[case] expected: &str) {
    let warnings = config(&[word]).warnings;
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains(expected), "{warnings:?}");
}

#[test]
fn the_deprecated_timeout_wins_as_it_does_in_externaldns() {
    let config = config(&["--request-timeout=20s", "--kube-api-request-timeout=10s"]);
    assert_eq!(config.kubernetes.request_timeout, Some(Duration::from_secs(20)));
}

#[rstest]
#[case("--managed-record-types=A,CNAME", "--managed-record-types=A --managed-record-types=CNAME")]
#[case("--managed-record-types=a", "did you mean --managed-record-types=A?")]
#[case("--managed-record-types= A", "did you mean --managed-record-types=A?")]
#[case("--managed-record-types=GIZMO", "names no record type there is")]
#[case("--managed-record-types=", "names no record type there is")]
#[case("--exclude-record-types=cname", "did you mean --exclude-record-types=CNAME?")]
#[case("--domain-filter=a.example,b.example", "--domain-filter=a.example --domain-filter=b.example")]
#[case("--exclude-domains=a.example b.example", "--exclude-domains=a.example --exclude-domains=b.example")]
#[case("--inmemory-zone=a.example,b.example", "--inmemory-zone=a.example --inmemory-zone=b.example")]
#[case("--txt-owner-id=a,b", "cannot be read back")]
#[case("--txt-owner-id=a\"b", "cannot be read back")]
#[case("--migrate-from-txt-owner=a,b", "cannot be read back")]
#[case("--txt-owner-id=", "owner id cannot be empty")]
#[case("--txt-encrypt-enabled", "--txt-encrypt-aes-key")]
#[case(
    "--service-type-filter=ClusterIP,NodePort",
    "--service-type-filter=ClusterIP --service-type-filter=NodePort"
)]
#[case("--source=services", "did you mean service?")]
#[case("--log-level=WARNING", "did you mean warning?")]
#[case("--log-level=warn", "did you mean warning?")]
#[case("--interval=1 minute", "a duration is numbers with units")]
#[case("--interval=60", "the unit is missing, as in 60s")]
#[case("--nat64-networks=64:ff9b::/64", "must be a /96")]
#[case("--annotation-prefix=example.net", "did you mean example.net/?")]
#[case("--crd-source-kind=Other", "reads DNSEndpoint of externaldns.k8s.io/v1alpha1 and nothing else")]
#[case("--regex-domain-filter=(", "unclosed group")]
#[case("--domain-filt=a", "unknown long flag '--domain-filt': did you mean --domain-filter?")]
#[case("--txt-new-format-only", "leave it out")]
#[case("--output=json", "unknown long flag '--output'")]
#[case("--manifests=", "--manifests: \"\" is not a valid value: it needs a value")]
fn refusals_say_what_to_do(#[case] word: &str, #[case] expected: &str) {
    let message = refusal(&[word]);
    assert!(message.contains(expected), "{message}");
}

#[test]
fn a_wrong_variable_is_named() {
    let message = parse_with(&MINIMUM, &[("EXTERNAL_DNS_LOG_LEVEL", "loud")]).unwrap_err().message;
    assert!(message.starts_with("flag parsing error: EXTERNAL_DNS_LOG_LEVEL: \"loud\""), "{message}");
}

#[rstest]
#[case(&["--provider=azure", "--azure-config-file="], "no Azure config file specified")]
#[case(&["--provider=rfc2136", "--rfc2136-insecure", "--rfc2136-gss-tsig"], "mutually exclusive")]
#[case(&["--provider=rfc2136", "--rfc2136-gss-tsig", "--rfc2136-kerberos-realm=R"], "are required when")]
#[case(&["--provider=rfc2136", "--rfc2136-batch-change-size=0"], "cannot be less than 1")]
#[case(&["--provider=rfc2136", "--rfc2136-min-ttl=-1s"], "cannot be negative")]
#[case(&["--provider=rfc2136"], "does not have provider rfc2136 yet")]
#[case(&["--provider=webhook", "--webhook-provider-url=localhost:8888"], "expected a URL such as http://")]
fn providers_check_their_own_settings(#[case] words: &[&str], #[case] expected: &str) {
    let words = [words, &["--source=service", "--policy=sync"]].concat();
    let message = parse_with(&words, &[]).unwrap_err().message;
    assert!(message.contains(expected), "{message}");
}

#[test]
fn previews_need_no_policy() {
    let flags = ["--provider=inmemory", "--source=ingress"];
    let Ok(Command::Run(config)) = parse_with(&[&flags[..], &["--dry-run"]].concat(), &[]) else { panic!() };
    assert_eq!(config.planning.policy, Policy::Sync);
    for output in [&["-o", "json"][..], &["-ojson"], &["-o=json"], &["--output", "json"], &["--output=json"]]
    {
        let words = [&["plan"], output, &flags, &["--color=never"]].concat();
        let Ok(Command::Plan(config, options)) = parse_with(&words, &[]) else { panic!("{words:?}") };
        assert_eq!(config.planning.policy, Policy::Sync);
        assert_eq!(options, PlanOptions { format: PlanFormat::Json, color: ColorChoice::Never });
    }
    let words = [&["plan", "--policy=create-only"], &flags[..]].concat();
    let Ok(Command::Plan(config, options)) = parse_with(&words, &[]) else { panic!() };
    assert_eq!(config.planning.policy, Policy::CreateOnly);
    assert_eq!(options, PlanOptions { format: PlanFormat::Text, color: ColorChoice::Auto });
}

#[test]
fn subcommands_come_first() {
    assert!(matches!(parse_with(&["crds"], &[]), Ok(Command::Crds)));
    assert!(parse_with(&["crds", "--policy=sync"], &[]).unwrap_err().message.contains("unknown long flag"));
    assert!(
        parse_with(&["explain", "a.example"], &[])
            .unwrap_err()
            .message
            .contains("does not have the subcommand")
    );
    assert!(refusal(&["plan"]).contains("comes before all flags"));
    assert!(refusal(&["-o"]).contains("unknown short flag"));
}

#[test]
fn help_and_version_are_no_mistakes() {
    for words in [&["--help"][..], &["help"], &["plan", "--help"], &["crds", "--help"], &["--version"]] {
        let exit = parse_with(words, &[]).unwrap_err();
        assert_eq!((exit.code, exit.to_stdout), (0, true));
        let widest = exit.message.lines().map(|line| line.chars().count()).max();
        assert!(widest <= Some(100), "{widest:?}");
    }
    let help = parse_with(&["--help"], &[]).unwrap_err().message;
    for heading in ["Policy and planning:", "Provider cloudflare:", "Zonewright's own:", "--[no-]events"] {
        assert!(help.contains(heading), "{heading}");
    }
    assert!(parse_with(&["plan", "--help"], &[]).unwrap_err().message.contains("--output"));
    assert_eq!(
        parse_with(&["--version"], &[("EXTERNAL_DNS_VERSION", "v0.22.0")]).unwrap_err().message,
        format!("zonewright {}", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn arguments_that_are_not_utf8_are_refused() {
    use std::os::unix::ffi::OsStringExt;
    let words = ["zonewright".into(), OsString::from_vec(vec![0xff])];
    assert!(parse(words.into_iter(), &|_| None).unwrap_err().message.contains("UTF-8"));
}

#[test]
fn files_of_arguments_are_read() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), MINIMUM.join("\n")).unwrap();
    let word = format!("@{}", file.path().display());
    assert!(matches!(parse_with(&[&word], &[]), Ok(Command::Run(_))));
}
