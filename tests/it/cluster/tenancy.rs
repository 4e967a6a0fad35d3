//! A cluster that several parties share: whose is a name, and who may have which.

use super::daemon::{Daemon, until_async};
use super::kubernetes_events::{emitting, told};
use super::objects::{owned_a, service};
use super::world::{Provider, first_cluster, test, with};
use serde_json::{Value, json};
use std::fs;
use zonewright_testing::KubeApiserver;

/// All namespaces, but only the objects of one test.
fn flags_of(provider: &Provider, cluster: &KubeApiserver, party: &str) -> Vec<String> {
    let label = format!("--label-filter=party={party}");
    with(&provider.flags_in(cluster, "", &["service"]), &[&label])
}

fn labelled(mut object: Value, party: &str) -> Value {
    object["metadata"]["labels"] = json!({"party": party});
    object
}

#[test]
fn two_namespaces_share_a_name_or_one_has_it_and_either_is_told_once() {
    test(async {
        let (provider, cluster) = (Provider::start().await, first_cluster().await);
        let web =
            |namespace, address| labelled(service(namespace, "web", "web.example.org", address), "sharing");
        let (first, second) = ("tenant-one", "tenant-two");
        let flags = emitting(&flags_of(&provider, &cluster, "sharing"));
        let of = |address, namespace: &str| {
            owned_a("web.example.org", address, "me", &format!("service/{namespace}/web"))
        };
        cluster.apply(&web(second, "192.0.2.2")).await.unwrap();
        let mut sharing = Daemon::start(&flags);
        provider.until_records_are("alone", of("192.0.2.2", second)).await;
        cluster.apply(&web(first, "192.0.2.1")).await.unwrap();
        let share = "share the record: service/tenant-one/web, service/tenant-two/web";
        sharing.until_it_says(&["A web.example.org", share]).await;
        let conflicts = async |namespace: &str| {
            let told = told(&cluster, namespace).await;
            told.into_iter().filter(|line| line.contains("RecordConflict")).collect::<Vec<_>>()
        };
        for namespace in [first, second] {
            until_async("an event", async || conflicts(namespace).await.len() == 1).await;
            assert!(conflicts(namespace).await[0].contains(share));
        }
        sharing.until_cycles_pass(20).await;
        assert_eq!(sharing.said(&[share]), 1, "{:?}", sharing.log());
        let mut shared = of("192.0.2.1", first);
        shared[0]["targets"] = json!(["192.0.2.1", "192.0.2.2"]);
        provider.until_records_are("both", shared).await;
        sharing.stop().await;

        // The record names the object that has the name; from now on it has it alone.
        let refusing = with(&flags, &["--refuse-names-across-namespaces"]);
        let mut apart = Daemon::start(&refusing);
        provider.until_records_are("one", of("192.0.2.1", first)).await;
        let conflict = "the name is that of service/tenant-one/web, which is in another namespace";
        until_async("an event for the other", async || conflicts(second).await.len() == 2).await;
        assert!(conflicts(second).await[1].contains(conflict));
        cluster.apply(&web(second, "192.0.2.99")).await.unwrap();
        apart.until_cycles_pass(50).await;
        assert_eq!((apart.said(&[conflict]), conflicts(second).await.len()), (1, 2), "{:?}", apart.log());
        assert_eq!(conflicts(first).await.len(), 1);
        provider.until_records_are("still one", of("192.0.2.1", first)).await;
        cluster.delete(&web(first, "")).await.unwrap();
        provider.until_records_are("handed over", of("192.0.2.99", second)).await;
        cluster.apply(&web(first, "192.0.2.1")).await.unwrap();
        apart.until_it_says(&["the name is that of service/tenant-two/web"]).await;
        apart.stop().await;

        // And so it is after a restart, though the other comes first by name.
        let mut again = Daemon::start(&refusing);
        again.until_it_says(&["the name is that of service/tenant-two/web"]).await;
        again.until_cycles_pass(3).await;
        provider.until_records_are("as before", of("192.0.2.99", second)).await;
        again.stop().await;
    });
}

fn namespace(name: &str, team: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {"team": team}}})
}

#[test]
fn a_domain_policy_is_applied_as_its_file_and_the_namespaces_change() {
    test(async {
        let (provider, cluster) = (Provider::start().await, first_cluster().await);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("policy.yaml");
        let write = |text: &str| fs::write(&path, text).unwrap();
        let rule = |domain: &str| {
            format!(
                "rules:\n- name: team-b\n  namespaceSelector: {{matchLabels: {{team: b}}}}\n  domains: [{domain}]\n"
            )
        };
        let tenant = "tenant-b";
        let web = |address| labelled(service(tenant, "web", "web.example.org", address), "policy");
        cluster.apply(&namespace(tenant, "b")).await.unwrap();
        cluster.apply(&web("192.0.2.1")).await.unwrap();
        write(&rule("example.org"));
        let policy = format!("--domain-policy={}", path.display());
        let flags = with(&emitting(&flags_of(&provider, &cluster, "policy")), &[&policy]);
        let mut daemon = Daemon::start(&flags);
        let of_web = |address| owned_a("web.example.org", address, "me", "service/tenant-b/web");
        provider.until_records_are("allowed", of_web("192.0.2.1")).await;

        write(&rule("b.example.org"));
        let file = path.display().to_string();
        let why =
            format!("namespace tenant-b may not publish it: rule 1 (team-b) allows b.example.org in {file}");
        daemon.until_it_says(&["web.example.org", &why]).await;
        let denials = async || {
            let told = told(&cluster, tenant).await;
            told.into_iter().filter(|line| line.contains("RecordDenied")).collect::<Vec<_>>()
        };
        until_async("an event that names the rule", async || denials().await.len() == 1).await;
        assert!(denials().await[0].starts_with("Service/web") && denials().await[0].contains(&why));
        cluster.apply(&web("192.0.2.7")).await.unwrap();
        let new = labelled(service(tenant, "new", "new.example.org", "192.0.2.1"), "policy");
        cluster.apply(&new).await.unwrap();
        daemon.until_it_says(&["new.example.org", &why]).await;
        write("rules: [");
        daemon.until_it_says(&["policy.yaml", "the rules from before stay in use"]).await;
        daemon.until_cycles_pass(20).await;
        provider.until_records_are("held, and nothing new", of_web("192.0.2.1")).await;
        assert_eq!(daemon.said(&["the rules from before stay in use"]), 1, "{:?}", daemon.log());
        assert_eq!(daemon.said(&["A web.example.org is left alone"]), 1, "{:?}", daemon.log());
        assert_eq!((provider.applies(), denials().await.len()), (1, 2));

        // No rule is for another team.
        cluster.apply(&namespace(tenant, "c")).await.unwrap();
        let of_new = owned_a("new.example.org", "192.0.2.1", "me", "service/tenant-b/new");
        provider.until_records_are("released", [of_web("192.0.2.7"), of_new].concat()).await;

        write("default: deny\nrules: []");
        daemon.until_it_says(&["web.example.org", "has no rule for namespace tenant-b"]).await;
        cluster.delete(&new).await.unwrap();
        provider.until_records_are("what is gone is deleted all the same", of_web("192.0.2.7")).await;
        daemon.stop().await;
    });
}
