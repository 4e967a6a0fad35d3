//! `zonewright explain`, on the objects and records of the quick start.

use super::{Copy, Ended, quickstart_flags, run};
use rstest::rstest;
use serde_json::Value;

impl Copy {
    fn explain(&self, name: &str, words: &[&str]) -> Ended {
        let flags = quickstart_flags(&self.text("manifests"), &self.text("records.yaml"));
        let flags = flags.iter().map(String::as_str).filter(|flag| {
            // What the test says of sources counts alone.
            !flag.starts_with("--source=") || !words.iter().any(|word| word.starts_with("--source="))
        });
        run(&["explain", name].into_iter().chain(flags).chain(words.iter().copied()).collect::<Vec<_>>())
    }
}

fn document(ended: &Ended) -> Value {
    serde_json::from_str(&ended.stdout).unwrap()
}

#[rstest]
#[case("shop", 2, "shop.example.org is about to change: update A (targets changed).")]
#[case("api", 2, "api.example.org is about to change: create A (new); create AAAA (new).")]
#[case("old-shop", 2, "old-shop.example.org is about to change: delete A (no object asks for it).")]
#[case("blog", 0, "blog.example.org is published as it is asked for.")]
#[case("payments", 4, "belongs to owner \"cluster-blue\"")]
#[case("wiki", 4, "the object has no target at the moment")]
#[case("mail", 4, "No object asks for mail.example.org. What is there is not ours (unowned).")]
#[case("absent", 4, "No object asks for absent.example.org.")]
fn the_answer_and_the_exit_status(#[case] host: &str, #[case] code: i32, #[case] summary: &str) {
    let copy = Copy::new();
    let before = std::fs::read(copy.path("records.yaml")).unwrap();
    let ended = copy.explain(&format!("{host}.example.org"), &[]);
    assert_eq!((ended.code, &*ended.stderr), (Some(code), ""), "{ended:?}");
    let words = ended.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains(summary), "{}", ended.stdout);
    let json = copy.explain(&format!("{host}.example.org"), &["-o", "json"]);
    assert_eq!(json.code, Some(code));
    assert!(document(&json)["summary"].as_str().unwrap().contains(summary), "{}", json.stdout);
    assert_eq!(std::fs::read(copy.path("records.yaml")).unwrap(), before, "an explanation writes nothing");
}

#[test]
fn the_manual_shows_what_it_says() {
    let records = "--inmemory-records=examples/quickstart/records.yaml";
    let ended = run(&["explain", "payments.example.org", "@examples/quickstart/flags", records]);
    let shown = format!("@examples/quickstart/flags {records}\n```\n\n```text\n{}```\n", ended.stdout);
    assert!(include_str!("../../../docs/guides/troubleshooting.md").contains(&shown), "{}", ended.stdout);
}

#[test]
fn after_a_run_what_changed_is_published() {
    let copy = Copy::new();
    assert_eq!(copy.once().code, Some(0));
    assert_eq!(copy.explain("api.example.org", &[]).code, Some(0));
    assert_eq!(copy.explain("old-shop.example.org", &[]).code, Some(4));
}

#[test]
fn the_guard_has_a_status_of_its_own() {
    let ended =
        Copy::new().explain("old-shop.example.org", &["--delete-guard-floor=1", "--delete-guard-share=1"]);
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert!(ended.stdout.contains("zonewright approve "), "{}", ended.stdout);
}

#[rstest]
#[case::a_domain_filter("--domain-filter=example.net", "domain filter")]
#[case::a_type("--managed-record-types=CNAME", "record type A")]
#[case::target_networks("--target-net-filter=10.0.0.0/8", "targets")]
fn what_stands_in_the_way_is_named(#[case] flag: &str, #[case] check: &str) {
    let json = document(&Copy::new().explain("shop.example.org", &[flag, "-o", "json"]));
    let checks = json["checks"].as_array().unwrap();
    let failed: Vec<&str> = checks
        .iter()
        .filter(|check| check["passes"] == false)
        .map(|check| check["check"].as_str().unwrap())
        .collect();
    assert_eq!(failed, [check], "{json:#}");
}

#[rstest]
#[case::class(&["--ingress-class=internal"], "--ingress-class")]
#[case::labels(&["--label-filter=team=a"], "--label-filter")]
#[case::annotations(&["--annotation-filter=team=a"], "--annotation-filter")]
#[case::namespace(&["--namespace=elsewhere"], "--namespace")]
#[case::rules(&["--ignore-ingress-rules-spec"], "--ignore-ingress-rules-spec")]
#[case::source(&["--source=service"], "the absence of --source=ingress")]
#[case::two(
    &["--ingress-class=internal", "--label-filter=team=a"],
    "--label-filter together with --ingress-class"
)]
fn objects_that_a_flag_keeps_out_are_found(#[case] flags: &[&str], #[case] filter: &str) {
    let ended = Copy::new().explain("shop.example.org", &[flags, &["-o", "json"]].concat());
    let json = document(&ended);
    let expected = serde_json::json!([{"object": "ingress/web/shop", "filter": filter}]);
    assert_eq!(json["filtered"], expected, "{json:#}");
    assert!(json["summary"].as_str().unwrap().contains("ingress/web/shop would ask for it"));
}

#[test]
fn objects_of_another_controller_are_found() {
    let copy = Copy::new();
    let object = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: other\n  namespace: web\n  \
                  annotations: {external-dns.kubernetes.io/controller: somebody}\nspec:\n  rules: [{host: other.example.org}]\n";
    std::fs::write(copy.path("manifests/other.yaml"), object).unwrap();
    let json = document(&copy.explain("other.example.org", &["-o", "json"]));
    let expected =
        serde_json::json!([{"object": "ingress/web/other", "filter": "the controller annotation"}]);
    assert_eq!(json["filtered"], expected, "{json:#}");
}

#[test]
fn a_slip_of_the_pen_is_noticed() {
    let json = document(&Copy::new().explain("sohp.example.org", &["-o", "json"]));
    assert_eq!(json["similar"][0]["name"], "shop.example.org");
}

#[test]
fn what_could_not_be_read_is_an_error() {
    let copy = Copy::new();
    std::fs::write(copy.path("manifests/bad.yaml"), "kind: [").unwrap();
    let ended = copy.explain("shop.example.org", &[]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.stdout.contains("bad.yaml"), "{}", ended.stdout);
}
