//! Several daemons at one provider: two clusters with owners of their own, and a pair that shares one owner.

use super::daemon::{self, Daemon, text, until_async};
use super::kubernetes_events::{emitting, told};
use super::objects::{SET_IDENTIFIER, owned_a, owned_a_in_set, service, with_annotation};
use super::world::{Provider, first_cluster, second_cluster, test, with};
use serde_json::{Value, json};
use zonewright_testing::KubeApiserver;

const MISMATCH: &str = "external_dns_registry_skipped_records_owner_mismatch_per_sync";

fn flags_of(provider: &Provider, cluster: &KubeApiserver, namespace: &str, owner: &str) -> Vec<String> {
    let owner = format!("--txt-owner-id={owner}");
    with(&provider.flags_in(cluster, namespace, &["service"]), &[&owner])
}

async fn mismatches(daemon: &Daemon, foreign_owner: &str) -> Option<f64> {
    let labels = [
        ("record_type", "a"),
        ("owner", "beta"),
        ("foreign_owner", foreign_owner),
        ("domain", "example.org"),
    ];
    daemon.metrics().await.value(MISMATCH, &labels)
}

#[test]
fn a_name_stays_with_the_owner_who_wrote_it_first_and_the_other_says_so() {
    test(async {
        let (provider, one, two) = (Provider::start().await, first_cluster().await, second_cluster().await);
        let in_one = |name, host| service("owners", name, host, "192.0.2.1");
        let in_two = |name, host| service("owners", name, host, "192.0.2.2");
        one.apply(&in_one("shared", "shared.example.org")).await.unwrap();
        one.apply(&in_one("own", "one.example.org")).await.unwrap();
        let alpha_flags = flags_of(&provider, &one, "owners", "alpha");
        let beta_flags = flags_of(&provider, &two, "owners", "beta");
        let mut alpha = Daemon::start(&alpha_flags);
        let shared = owned_a("shared.example.org", "192.0.2.1", "alpha", "service/owners/shared");
        let alphas = owned_a("one.example.org", "192.0.2.1", "alpha", "service/owners/own");
        provider.until_records_are("alpha is first", [shared.clone(), alphas.clone()].concat()).await;

        two.apply(&in_two("shared", "shared.example.org")).await.unwrap();
        two.apply(&in_two("own", "two.example.org")).await.unwrap();
        let mut beta = Daemon::start(&beta_flags);
        let betas = owned_a("two.example.org", "192.0.2.2", "beta", "service/owners/own");
        let all = [shared, alphas.clone(), betas.clone()].concat();
        provider.until_records_are("each its own", all.clone()).await;
        beta.until_it_says(&["shared.example.org", "alpha", "service/owners/shared"]).await;
        until_async("the metric", async || mismatches(&beta, "alpha").await == Some(1.0)).await;
        let (status, plan) = preview(&beta_flags, "text").await;
        assert_eq!(status, Some(0), "{plan}");
        assert!(plan.contains("shared.example.org") && plan.contains("belongs to owner \"alpha\""), "{plan}");
        let (status, plan) = preview(&beta_flags, "json").await;
        assert_eq!(status, Some(0), "{plan}");
        let plan: Value = serde_json::from_str(&plan).unwrap();
        assert_eq!(plan["skips"][0]["name"], "shared.example.org");
        assert_eq!(plan["skips"][0]["code"], "foreign-owner");
        assert!(plan["skips"][0]["reason"].as_str().unwrap().contains("alpha"), "{plan}");
        beta.until_cycles_pass(5).await;
        assert_eq!(beta.said(&["shared.example.org"]), 1, "once, not in each cycle");
        assert_eq!(alpha.said(&["two.example.org"]), 0, "what others own is no news");
        provider.until_records_are("and so it stays", all).await;

        one.delete(&in_one("shared", "")).await.unwrap();
        let shared = owned_a("shared.example.org", "192.0.2.2", "beta", "service/owners/shared");
        provider.until_records_are("beta takes over", [shared, alphas, betas].concat()).await;
        until_async("the metric's end", async || mismatches(&beta, "alpha").await.is_none()).await;
        alpha.stop().await;
        beta.stop().await;
    });
}

#[test]
fn with_set_identifiers_both_owners_publish_a_name() {
    test(async {
        let (provider, one, two) = (Provider::start().await, first_cluster().await, second_cluster().await);
        let in_set = |set, address| {
            with_annotation(service("sets", "web", "web.example.org", address), SET_IDENTIFIER, set)
        };
        one.apply(&in_set("one", "192.0.2.1")).await.unwrap();
        two.apply(&in_set("two", "192.0.2.2")).await.unwrap();
        let mut alpha = Daemon::start(&flags_of(&provider, &one, "sets", "alpha"));
        let mut beta = Daemon::start(&flags_of(&provider, &two, "sets", "beta"));
        let of =
            |owner, set, address| owned_a_in_set("web.example.org", address, owner, "service/sets/web", set);
        let records = [of("alpha", "one", "192.0.2.1"), of("beta", "two", "192.0.2.2")].concat();
        provider.until_records_are("both", records).await;
        two.apply(&in_set("two", "192.0.2.3")).await.unwrap();
        let records = [of("alpha", "one", "192.0.2.1"), of("beta", "two", "192.0.2.3")].concat();
        provider.until_records_are("one of them changed", records).await;
        one.delete(&in_set("one", "")).await.unwrap();
        provider.until_records_are("one of them left", of("beta", "two", "192.0.2.3")).await;
        let applies = provider.applies();
        alpha.until_cycles_pass(2).await;
        beta.until_cycles_pass(2).await;
        assert_eq!(provider.applies(), applies);
        alpha.stop().await;
        beta.stop().await;
    });
}

#[test]
fn a_standby_that_only_upserts_deletes_nothing_and_can_take_over() {
    test(async {
        let (provider, one, two) = (Provider::start().await, first_cluster().await, second_cluster().await);
        let active_flags = flags_of(&provider, &one, "pair", "me");
        let standby_flags = with(&flags_of(&provider, &two, "pair", "me"), &["--policy=upsert-only"]);
        let web = |address| service("pair", "web", "web.example.org", address);
        let old = service("pair", "old", "old.example.org", "192.0.2.1");
        one.apply(&web("192.0.2.1")).await.unwrap();
        one.apply(&old).await.unwrap();
        let mut active = Daemon::start(&active_flags);
        let old_records = owned_a("old.example.org", "192.0.2.1", "me", "service/pair/old");
        let web_records = |address| owned_a("web.example.org", address, "me", "service/pair/web");
        let both = [web_records("192.0.2.1"), old_records.clone()].concat();
        provider.until_records_are("the active one writes", both.clone()).await;

        // The standby's cluster is still empty: with the policy `sync` it would now delete everything.
        let mut standby = Daemon::start(&standby_flags);
        until_async("a healthy standby", async || standby.is_healthy().await).await;
        standby.until_cycles_pass(2).await;
        assert_eq!(provider.applies(), 1);
        active.stop().await;
        standby.until_cycles_pass(2).await;
        provider.until_records_are("nothing is lost with the active one", both).await;

        // Workloads move over, and the standby points their names at the new place.
        two.apply(&web("192.0.2.2")).await.unwrap();
        let moved = [web_records("192.0.2.2"), old_records].concat();
        provider.until_records_are("the standby writes", moved.clone()).await;
        standby.until_cycles_pass(2).await;
        provider.until_records_are("and deletes nothing", moved).await;
        standby.stop().await;

        let mut promoted = Daemon::start(&with(&standby_flags, &["--policy=sync"]));
        provider.until_records_are("promoted, it tidies up", web_records("192.0.2.2")).await;
        promoted.stop().await;
    });
}

#[test]
fn what_is_not_ours_is_told_once_in_fifty_loops() {
    test(async {
        let (provider, cluster) = (Provider::start().await, first_cluster().await);
        let namespace = "strangers";
        let foreign = owned_a("foreign.example.org", "192.0.2.9", "alpha", "service/x/y");
        let by_hand = json!({"dnsName": "hand.example.org", "recordType": "A", "targets": ["192.0.2.9"]});
        let before = [foreign, vec![by_hand]].concat();
        provider.0.set_records(before.clone());
        for name in ["foreign", "hand"] {
            let host = format!("{name}.example.org");
            cluster.apply(&service(namespace, name, &host, "192.0.2.1")).await.unwrap();
        }
        let flags = flags_of(&provider, &cluster, namespace, "beta");
        let mut beta = Daemon::start(&emitting(&flags));
        let events = [
            "Service/foreign RecordConflict (external-dns) record:foreign.example.org,owner:beta,type:A: \
             belongs to owner \"alpha\"",
            "Service/hand RecordConflict (external-dns) record:hand.example.org,owner:beta,type:A: \
             exists without an ownership record, so it is not ours to change",
        ];
        let sorted = async || {
            let mut told = told(&cluster, namespace).await;
            told.sort();
            told
        };
        until_async("one event each", async || sorted().await == events).await;
        beta.until_cycles_pass(50).await;
        assert_eq!(sorted().await, events);
        for parts in [["foreign.example.org", "alpha"], ["hand.example.org", "without an ownership record"]] {
            assert_eq!(beta.said(&parts), 1, "{:?}", beta.log());
        }
        assert_eq!(mismatches(&beta, "alpha").await, Some(1.0));
        assert_eq!(mismatches(&beta, "").await, Some(1.0), "nobody's");
        assert_eq!(provider.applies(), 0);
        provider.until_records_are("untouched", before).await;
        beta.stop().await;
    });
}

async fn preview(daemon_flags: &[String], format: &str) -> (Option<i32>, String) {
    let flags = [vec!["plan".to_owned(), "-o".to_owned(), format.to_owned()], daemon_flags.to_vec()].concat();
    let output = daemon::run(&flags).await;
    (output.status.code(), text(&output.stdout))
}
