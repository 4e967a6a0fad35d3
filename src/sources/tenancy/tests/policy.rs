use super::wish;
use crate::sources::gateway::objects::{NAMESPACE, Namespace};
use crate::sources::store::{Cache, CacheStatus, Caches, Fill, Retention, Scope};
use crate::sources::tenancy::{DomainPolicy, PolicyFile, Rules, Tenancy, apply};
use rstest::rstest;
use serde_json::json;
use std::fs;
use std::sync::Arc;
use zonewright_planner::{HoldReason, Refusal, SkipReason};

fn policy(text: &str) -> DomainPolicy {
    DomainPolicy::new(Rules::parse("policy.yaml", text).unwrap(), None)
}

/// Why namespace `team-a` may not have a name; empty when it may.
fn refusal(policy: &DomainPolicy, name: &str, target: &str) -> String {
    policy.judge().refusal(&wish("team-a/web", name, target)).unwrap_or_default()
}

#[rstest]
#[case("example.org", "example.org", true)]
#[case("example.org", "a.b.example.org", true)]
#[case("example.org", "*.example.org", true)]
#[case("example.org", "badexample.org", false)]
#[case("example.org", "example.org.evil.net", false)]
#[case(".example.org", "example.org", false)]
#[case(".example.org", "a.example.org", true)]
#[case("=www.example.org", "www.example.org", true)]
#[case("=www.example.org", "a.www.example.org", false)]
#[case("*.example.org", "a.example.org", true)]
#[case("*.example.org", "*.example.org", true)]
#[case("*.example.org", "a.b.example.org", false)]
#[case("*.example.org", "example.org", false)]
#[case("/team-[a-z]+\\.example\\.org/", "team-x.example.org", true)]
#[case("/team-[a-z]+\\.example\\.org/", "team-x.example.org.evil.net", false)]
#[case("/a.example.org|b.example.org/", "a.example.org", true)]
#[case("/a.example.org|b.example.org/", "b.example.org.evil.net", false)]
#[case("Bücher.example.org", "xn--bcher-kva.example.org", true)]
fn domains(#[case] domain: &str, #[case] name: &str, #[case] passes: bool) {
    let policy = policy(&json!({"rules": [{"namespaces": ["*"], "domains": [domain]}]}).to_string());
    assert_eq!(refusal(&policy, name, "192.0.2.1").is_empty(), passes);
}

#[rstest]
#[case("team-a", true)]
#[case("team-*", true)]
#[case("*-a", true)]
#[case("t*m*a", true)]
#[case("*", true)]
#[case("team", false)]
#[case("*-b", false)]
#[case("team-a*a", false)]
fn namespaces(#[case] glob: &str, #[case] is_for_it: bool) {
    let policy = policy(&json!({"rules": [{"namespaces": [glob], "domains": ["example.org"]}]}).to_string());
    assert_eq!(refusal(&policy, "x.example.net", "192.0.2.1").is_empty(), !is_for_it);
}

#[test]
fn what_any_rule_allows_is_allowed_and_a_refusal_names_all_of_them() {
    let policy = policy(
        "rules:\n\
         - {namespaces: [other], domains: [example.net]}\n\
         - {name: own, namespaces: [team-a], domains: [a.example.org]}\n\
         - {namespaces: ['*'], domains: [1.example, 2.example, 3.example, 4.example, 5.example, 6.example], recordTypes: [AAAA]}\n",
    );
    assert_eq!(refusal(&policy, "x.a.example.org", "192.0.2.1"), "");
    assert_eq!(refusal(&policy, "x.1.example", "::1"), "");
    let named = "namespace team-a may not publish it: rule 2 (own) allows a.example.org; rule 3 allows 1.example, 2.example, \
                 3.example, 4.example, 5.example and 1 more (AAAA) in policy.yaml";
    assert_eq!(refusal(&policy, "x.example.net", "192.0.2.1"), named);
    assert_eq!(refusal(&policy, "x.1.example", "192.0.2.1"), named);
}

#[test]
fn a_namespace_without_rules_has_the_default_and_one_without_domains_has_nothing() {
    let rules = "rules: [{namespaces: [b], domains: [example.org]}]";
    assert_eq!(refusal(&policy(rules), "x.example.net", "192.0.2.1"), "");
    assert_eq!(refusal(&policy(&format!("default: allow\n{rules}")), "x.example.net", "192.0.2.1"), "");
    let expected = "policy.yaml has no rule for namespace team-a, and its default is deny";
    assert_eq!(refusal(&policy(&format!("default: deny\n{rules}")), "x.example.net", "192.0.2.1"), expected);
    let nothing =
        refusal(&policy("rules: [{namespaces: [team-a], domains: []}]"), "x.example.net", "192.0.2.1");
    assert!(nothing.contains("rule 1 allows nothing in policy.yaml"), "{nothing}");
    // Nodes and their like are the operator's.
    let of_cluster = policy("default: deny\nrules: []");
    assert_eq!(of_cluster.judge().refusal(&wish("/n1", "n1.example.org", "192.0.2.1")), None);
}

fn namespaces_cache() -> Arc<Cache<Namespace>> {
    Caches::new(Retention::default()).of(NAMESPACE, Scope::default())
}

#[test]
fn labels_decide_once_they_are_known_and_until_then_nothing_is_let_through() {
    let rules = "rules: [{namespaceSelector: {matchLabels: {team: a}}, domains: [a.example.org]}]";
    let cache = namespaces_cache();
    let policy = DomainPolicy::new(Rules::parse("policy.yaml", rules).unwrap(), Some(cache.clone()));
    let unknown =
        "the labels of namespace team-a are not known, and policy.yaml has rules that select by labels";
    assert_eq!(refusal(&policy, "x.a.example.org", "192.0.2.1"), unknown);
    let labelled = |team: &str| json!({"metadata": {"name": "team-a", "labels": {"team": team}}});
    cache.replace_from_json(vec![labelled("a")], CacheStatus::Synced);
    assert_eq!(refusal(&policy, "x.a.example.org", "192.0.2.1"), "");
    assert!(refusal(&policy, "x.example.org", "192.0.2.1").contains("rule 1 allows a.example.org"));
    cache.replace_from_json(vec![labelled("b")], CacheStatus::Synced);
    assert_eq!(refusal(&policy, "x.example.org", "192.0.2.1"), "", "no rule is for it now");
    // What was known counts while the API server is away.
    cache.set_status(CacheStatus::Failing("away".into()));
    assert_eq!(refusal(&policy, "x.example.org", "192.0.2.1"), "");
    cache.replace_from_json(vec![], CacheStatus::Synced);
    assert_eq!(refusal(&policy, "x.example.org", "192.0.2.1"), unknown);
}

#[test]
fn what_is_refused_is_taken_out_told_and_held() {
    let tenancy = Tenancy {
        policy: Some(Arc::new(policy("rules: [{namespaces: [b], domains: [b.example.org]}]"))),
        ..Tenancy::default()
    };
    let bad = wish("b/web", "a.example.org", "192.0.2.1");
    let good = wish("a/web", "a.example.org", "192.0.2.2");
    let (mut wishes, mut holds) = ([vec![bad.clone()], vec![good.clone()]], Vec::new());
    let skips = apply(&tenancy, &mut wishes, &mut holds);
    assert_eq!(wishes, [vec![], vec![good]]);
    let [skip] = &*skips else { panic!("{skips:?}") };
    assert_eq!((skip.reason.code(), &skip.objects), ("denied", &bad.objects));
    let SkipReason::Refused(refusal @ Refusal::DomainPolicy { .. }) = &skip.reason else {
        panic!("{skip:?}")
    };
    assert_eq!(holds[0].reason, HoldReason::Refused(refusal.clone()));
    assert_eq!(
        (holds[0].name.as_ref(), holds[0].resource.as_deref()),
        (Some(&bad.name), Some("ingress/b/web"))
    );
}

#[test]
fn the_example_in_the_documentation_does_what_it_says() {
    let page = include_str!("../../../../docs/concepts/tenancy.md");
    let example = page.split("```yaml\n# What a namespace has").nth(1).unwrap().split("```").next().unwrap();
    let policy = policy(&format!("#{example}"));
    let passes = |name: &str| refusal(&policy, name, "192.0.2.1").is_empty();
    // Labels are unknown here, so that the rules by name are all there are.
    let allowed = ["a.example.org", "x.a.example.org", "x.preview.example.org", "pr-7.review.example.org"];
    assert!(allowed.into_iter().all(passes));
    assert!(!["pay.example.com", "x.example.org", "pr-x.review.example.org"].into_iter().any(passes));
}

#[rstest]
#[case("rules: [", "line 1")]
#[case("- a", "expected")]
#[case("", "line 1")]
#[case("{}", "missing field")]
#[case("rules: []\nrule: []", "rule")]
#[case("default: Deny\nrules: []", "line 1: default is allow or deny, not \"Deny\"")]
#[case("rules:\n- {namespaces: [a], domain: [x.org]}", "domain")]
#[case("rules:\n- {namespaces: [a]}", "domains")]
#[case("rules:\n- domains: [x.org]", "line 2: rule 1: neither namespaces nor namespaceSelector")]
#[case(
    "rules:\n- {namespaces: [a], domains: [x.org]}\n- {name: me, namespaces: [A_b], domains: []}",
    "line 3: rule 2 (me): namespaces: \"A_b\" can never"
)]
#[case("rules:\n- {namespaces: [a], domains: ['x..org']}", "line 2: rule 1: domains: \"x..org\": ")]
#[case("rules:\n- {namespaces: [a], domains: ['']}", "line 2: rule 1: domains: \"\": no domain")]
#[case("rules:\n- {namespaces: [a], domains: ['/(/']}", "line 2: rule 1: domains: \"/(/\": ")]
#[case("rules:\n- {namespaces: [a], domains: ['/a)|(b/']}", "line 2: rule 1: domains: ")]
#[case(
    "rules:\n- {namespaces: [a], domains: [x.org], recordTypes: [a]}",
    "line 2: rule 1: recordTypes: \"a\" is none of A"
)]
#[case("rules:\n- {namespaceSelector: {matchLabel: {a: b}}, domains: [x.org]}", "matchLabel")]
#[case(
    "rules:\n- {namespaceSelector: {matchExpressions: [{key: a, operator: notin, values: [b]}]}, domains: [x.org]}",
    "line 2: rule 1: namespaceSelector: \"notin\""
)]
#[case("rules:\n- {namespaces: [a], namespaces: [b], domains: [x.org]}", "namespaces")]
fn a_malformed_file_is_refused_with_its_place(#[case] text: &str, #[case] part: &str) {
    let error = Rules::parse("policy.yaml", text).unwrap_err();
    assert!(error.starts_with("policy.yaml: ") && error.contains(part) && !error.contains('\n'), "{error}");
}

#[test]
fn a_file_is_read_again_when_it_differs_and_a_broken_one_is_told_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("policy.yaml");
    assert!(PolicyFile::open(&path).unwrap_err().contains("policy.yaml: No such file"));
    fs::write(&path, "rules: []").unwrap();
    let (mut file, rules) = PolicyFile::open(&path).unwrap();
    let policy = DomainPolicy::new(rules, None);
    assert!(file.look().is_none());
    fs::write(&path, "rules: [").unwrap();
    assert!(file.look().unwrap().is_err() && file.look().is_none());
    fs::remove_file(&path).unwrap();
    assert!(file.look().unwrap().is_err() && file.look().is_none());
    fs::write(&path, "default: deny\nrules: []").unwrap();
    policy.replace(file.look().unwrap().unwrap()).unwrap();
    assert_eq!(policy.version(), 1);
    assert!(!refusal(&policy, "x.example.org", "192.0.2.1").is_empty());
    fs::write(&path, "rules: [{namespaceSelector: {}, domains: []}]").unwrap();
    let error = policy.replace(file.look().unwrap().unwrap()).unwrap_err();
    assert!(error.contains("takes a restart") && policy.version() == 1, "{error}");
}
