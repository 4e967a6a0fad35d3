//! The command line as a whole.

mod flags;
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
    assert!(config.own.hold_max_age.is_zero());
    assert!(config.guard.enabled);
    assert_eq!((config.guard.share, config.guard.floor, config.guard.max), (30, 10, 0));
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
        // Most are for what is not built yet, and refused.
        let parsed = parse_with(&[&MINIMUM[..], &[&format!("--{flag}=canary")]].concat(), &[]);
        assert!(!format!("{parsed:?}").contains("canary"), "{parsed:?}");
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
#[case(
    "--provider=google",
    "provider google yet; it has aws, aws-sd, azure, azure-dns, azure-private-dns, cloudflare, inmemory, rfc2136, webhook"
)]
#[case("--source=istio-gateway", "source istio-gateway yet; it has crd, empty")]
#[case("--coredns-prefix=/x/", "is for provider coredns and provider skydns")]
#[case("--gloo-namespace=elsewhere", "--gloo-namespace is for source gloo-proxy")]
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
    let message = parse_with(&MINIMUM, &[("EXTERNAL_DNS_GOOGLE_PROJECT", "x")]).unwrap_err().message;
    assert!(message.contains("EXTERNAL_DNS_GOOGLE_PROJECT is for provider google"), "{message}");
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
#[case("--txt-prune-old-rows", "set --txt-prefix-read or --txt-suffix-read")]
#[case("--txt-encrypt-enabled", "--txt-encrypt-aes-key")]
#[case("--txt-shared-names=*.example.org", "a domain without asterisks")]
#[case("--txt-shared-names=", "--txt-shared-names=: the name is empty")]
#[case("--txt-shared-names=a..b", "--txt-shared-names=a..b")]
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
fn old_rows_are_pruned_under_sync_only() {
    let flags = |policy: &'static str| {
        parse_with(
            &["--source=crd", "--provider=inmemory", policy, "--txt-prefix-read=", "--txt-prune-old-rows"],
            &[],
        )
    };
    assert!(flags("--policy=sync").is_ok());
    let refused = flags("--policy=upsert-only").unwrap_err().message;
    assert!(refused.contains("--policy=sync"), "{refused}");
}

/// A loop without a pause would do nothing but ask the provider.
#[rstest]
#[case("0s", 1000)]
#[case("-10s", 1000)]
#[case("200ms", 200)]
fn an_interval_is_never_zero(#[case] text: &str, #[case] milliseconds: u64) {
    let config = config(&[&format!("--interval={text}")]);
    assert_eq!(config.schedule.interval, Duration::from_millis(milliseconds));
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
#[case(&["--provider=pihole"], "does not have provider pihole yet")]
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
    assert!(parse_with(&["lnt"], &[]).unwrap_err().message.contains("there are plan, explain, lint"));
    assert!(refusal(&["plan"]).contains("comes before all flags"));
    assert!(refusal(&["-o"]).contains("unknown short flag"));
}

#[test]
fn explain_takes_a_name_before_all_flags() {
    let explain = |words: &[&str]| parse_with(&[&["explain"], words, &MINIMUM[..]].concat(), &[]);
    let Ok(Command::Explain(_, options)) = explain(&["Web.Example.org", "-o", "json"]) else { panic!() };
    assert_eq!((options.name.as_str(), options.format), ("web.example.org", ReportFormat::Json));
    for (words, part) in [
        (&[][..], "explain needs a name"),
        (&["--once"], "explain needs a name"),
        (&["a..b"], "a..b"),
        (&["a.org", "b.org"], "unexpected b.org"),
        (&["a.org", "-omarkdown"], "choose one of text, json"),
    ] {
        let message = explain(words).unwrap_err().message;
        assert!(message.contains(part), "{words:?}: {message}");
    }
    assert!(parse_with(&["explain", "--help"], &[]).unwrap_err().message.contains("explain NAME"));
}

#[test]
fn help_and_version_are_no_mistakes() {
    for words in [
        &["--help"][..],
        &["help"],
        &["plan", "--help"],
        &["explain", "--help"],
        &["crds", "--help"],
        &["--version"],
    ] {
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

#[test]
fn approve_takes_a_hash_and_an_address_in_any_order() {
    let approve = |words: &[&str]| match parse_with(&[&["approve"], words].concat(), &[]) {
        Ok(Command::Approve { hash, address }) => (hash.unwrap_or_default(), address),
        other => panic!("{words:?}: {other:?}"),
    };
    let (none, hash) = (String::new(), "0123456789ab".to_owned());
    let (here, there) = ("127.0.0.1:7979".to_owned(), "127.0.0.1:1".to_owned());
    assert_eq!(approve(&[]), (none.clone(), here.clone()));
    assert_eq!(approve(&["0123456789ab"]), (hash.clone(), here));
    assert_eq!(approve(&["--address", "127.0.0.1:1"]), (none, there.clone()));
    for words in [["0123456789ab", "--address=127.0.0.1:1"], ["--address=127.0.0.1:1", "0123456789ab"]] {
        assert_eq!(approve(&words), (hash.clone(), there.clone()));
    }
    assert_eq!(approve(&["--address", "127.0.0.1:1", "0123456789ab"]), (hash, there));
    assert!(parse_with(&["approve", "a", "b"], &[]).unwrap_err().message.contains("unexpected b"));
    assert!(
        parse_with(&["approve", "--policy=sync"], &[]).unwrap_err().message.contains("unknown long flag")
    );
    let help = parse_with(&["approve", "--help"], &[]).unwrap_err();
    assert!(help.to_stdout && help.message.contains("zonewright approve [HASH]"), "{}", help.message);
}

#[test]
fn an_election_has_its_settings_and_a_lease_named_after_the_owner() {
    let without = config(&[]).leadership;
    assert!(!without.elect);
    assert_eq!(without.lease_name("default"), "zonewright-default");
    let words = [&MINIMUM[..], &["--leader-elect", "--leader-election-lease-duration=30s"]].concat();
    let Ok(Command::Run(config)) = parse_with(&words, &[("POD_NAME", "zonewright-7")]) else { panic!() };
    assert!(config.leadership.elect && config.leadership.namespace.is_none());
    assert_eq!(config.leadership.timing.lease, Duration::from_secs(30));
    assert_eq!(config.leadership.timing.renew_deadline, Duration::from_secs(10));
    assert_eq!(config.leadership.pod.as_deref(), Some("zonewright-7"));
}

#[test]
fn an_election_is_refused_where_there_can_be_none() {
    assert!(refusal(&["--leader-elect", "--once"]).contains("--leader-elect and --once exclude each other"));
    assert!(refusal(&["--leader-elect", "--manifests=x"]).contains("--leader-elect needs an API server"));
    let short = refusal(&["--leader-elect", "--leader-election-lease-duration=5s"]);
    assert!(short.contains("must be greater than --leader-election-renew-deadline=10s"), "{short}");
    // Whoever only looks needs no turn.
    let dry = config(&["--leader-elect", "--dry-run", "--once"]);
    assert!(dry.warnings.iter().any(|warning| warning.contains("--leader-elect has no effect")));
    let plan = parse_with(&[&["plan"], &MINIMUM[..], &["--leader-elect", "--manifests=x"]].concat(), &[]);
    assert!(matches!(plan, Ok(Command::Plan(..))), "{plan:?}");
}

#[rstest]
#[case::default(&[], RegistryName::AwsSd, None)]
#[case::said(&["--registry=aws-sd"], RegistryName::AwsSd, None)]
#[case::none(&["--registry=noop"], RegistryName::Noop, None)]
#[case::another(&["--registry=dynamodb"], RegistryName::AwsSd, Some("--registry=dynamodb cannot be used with provider aws-sd"))]
#[case::encrypted(
    &["--txt-encrypt-enabled", "--txt-encrypt-aes-key=01234567890123456789012345678901"],
    RegistryName::AwsSd,
    Some("--txt-encrypt-enabled has no effect with registry aws-sd")
)]
#[case::profile(&["--aws-profile=x"], RegistryName::AwsSd, Some("--aws-profile has no effect with provider aws-sd"))]
#[case::batches(&["--aws-batch-change-size=9"], RegistryName::AwsSd, Some("--aws-batch-change-size has no effect"))]
#[case::cleanup(&["--aws-sd-service-cleanup", "--aws-zone-type=private"], RegistryName::AwsSd, None)]
fn cloud_map_has_a_registry_of_its_own(
    #[case] more: &[&str],
    #[case] registry: RegistryName,
    #[case] warning: Option<&str>,
) {
    let mut words = vec!["--provider=aws-sd", "--source=service", "--policy=sync"];
    words.extend(more);
    let Ok(Command::Run(config)) = parse_with(&words, &[]) else { panic!("{words:?}") };
    assert_eq!(config.registry.name, registry);
    match warning {
        Some(warning) => {
            assert!(config.warnings.iter().any(|w| w.starts_with(warning)), "{:?}", config.warnings)
        }
        None => assert_eq!(config.warnings, Vec::<String>::new()),
    }
}

/// ExternalDNS starts, and then owns nothing.
#[test]
fn the_registry_of_cloud_map_is_for_cloud_map() {
    for provider in ["aws", "inmemory", "webhook"] {
        let provider = format!("--provider={provider}");
        let words = [provider.as_str(), "--source=service", "--policy=sync", "--registry=aws-sd"];
        let exit = parse_with(&words, &[]).unwrap_err();
        assert!(exit.message.contains("--provider=aws-sd"), "{}", exit.message);
    }
}
