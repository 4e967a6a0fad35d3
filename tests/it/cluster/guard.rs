//! The delete guard of a running daemon: what it withholds, and the ways to let it through.

use super::daemon::{self, Daemon, text};
use super::objects::{owned_a, service};
use super::source_faults::{OF_SERVICES, as_user, grant};
use super::world::{Provider, first_cluster, test, with};
use serde_json::{Value, json};

const OWNED: usize = 12;

fn host(index: usize) -> String {
    format!("n{index:02}.example.org")
}

/// Records of ours that nobody asks for.
fn orphans(namespace: &str, indices: std::ops::Range<usize>) -> Vec<Value> {
    let resource = format!("service/{namespace}/gone");
    indices.flat_map(|index| owned_a(&host(index), "192.0.2.9", "me", &resource)).collect()
}

/// `zonewright approve` with these words, asked of a daemon.
async fn approve(daemon: &Daemon, words: &[&str]) -> (Option<i32>, String, String) {
    let address = format!("--address={}", daemon.address());
    let words: Vec<String> = ["approve", &address].iter().chain(words).map(|word| word.to_string()).collect();
    let mut command = tokio::process::Command::from(daemon::command(&words));
    let output = command.kill_on_drop(true).output().await.unwrap();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

async fn withheld(daemon: &Daemon) -> Value {
    let (status, body) = daemon.get("/api/withheld").await.unwrap();
    assert_eq!(status, 200);
    let body: Value = serde_json::from_str(&body).unwrap();
    body["withheld"].clone()
}

#[test]
fn deletes_wait_for_an_approval_and_everything_else_goes_on() {
    test(async {
        let (provider, cluster) = (Provider::start().await, first_cluster().await);
        let all = orphans("guard", 0..OWNED);
        provider.0.set_records(all.clone());
        cluster.apply(&service("guard", "web", "web.example.org", "192.0.2.1")).await.unwrap();
        let web = owned_a("web.example.org", "192.0.2.1", "me", "service/guard/web");
        let mut daemon = provider.daemon_in(&cluster, "guard", &["service"]);
        provider.until_records_are("the create goes on", [all.clone(), web.clone()].concat()).await;
        daemon.until_cycles_pass(5).await;
        assert_eq!(provider.applies(), 1, "nothing is deleted, whatever the number of cycles");

        let now = withheld(&daemon).await;
        assert_eq!((&now[0]["count"], now.as_array().unwrap().len()), (&json!(OWNED), 1), "{now}");
        assert_eq!(now[0]["deletes"][0]["name"], "n00.example.org");
        let hash = now[0]["hash"].as_str().unwrap();
        let line = ["the delete guard withholds deletes", &format!("zonewright approve {hash}")];
        assert_eq!(daemon.said(&line), 1, "{:?}", daemon.log());
        let metrics = daemon.metrics().await;
        assert_eq!(metrics.value("external_dns_controller_withheld_deletes", &[]), Some(OWNED as f64));

        let (code, listed, _) = approve(&daemon, &[]).await;
        assert_eq!(code, Some(0));
        assert!(listed.starts_with(&format!("{hash}  12 of the 13 records of ours")), "{listed}");
        assert!(listed.contains("- A      n11.example.org  192.0.2.9"), "{listed}");
        let (code, _, refused) = approve(&daemon, &["0123456789ab"]).await;
        assert_eq!(code, Some(1));
        assert_eq!(
            refused,
            format!("error: no withheld plan has the hash 0123456789ab; withheld now: {hash}\n")
        );
        assert_eq!(provider.applies(), 1);

        let (code, approved, refused) = approve(&daemon, &[hash]).await;
        assert_eq!((code, refused.as_str()), (Some(0), ""));
        assert!(approved.starts_with("Approved: 12 deletes in zone"), "{approved}");
        provider.until_records_are("exactly these are gone", web.clone()).await;
        let (code, _, refused) = approve(&daemon, &[hash]).await;
        let spent = "has been approved before, and an approval counts once; nothing is withheld";
        assert_eq!((code, refused), (Some(1), format!("error: {hash} {spent}\n")));
        assert_eq!(approve(&daemon, &[]).await.1, "Nothing is withheld.\n");

        // The same accident again.
        provider.0.set_records([web.clone(), all.clone()].concat());
        daemon.until_cycles_pass(5).await;
        assert_eq!(withheld(&daemon).await[0]["count"], OWNED);
        assert_ne!(withheld(&daemon).await[0]["hash"], hash);
        provider.until_records_are("and they are safe again", [web, all].concat()).await;
        daemon.stop().await;
    });
}

#[test]
fn an_approval_in_a_configmap_is_marked_as_spent_before_anything_is_deleted() {
    test(async {
        let (provider, cluster) = (Provider::start().await, first_cluster().await);
        let user = "guard-map";
        grant(&cluster, user, "services", &OF_SERVICES).await;
        grant(&cluster, user, "approvals", &[("", &["configmaps"], &["get"])]).await;
        cluster.apply(&service(user, "web", "web.example.org", "192.0.2.1")).await.unwrap();
        let web = owned_a("web.example.org", "192.0.2.1", "me", "service/guard-map/web");
        let all = [orphans(user, 0..OWNED), web.clone()].concat();
        provider.0.set_records(all.clone());
        let flags = as_user(&provider, &cluster, user, &["service"]);

        let preview = [&["plan".to_owned()], &flags[..], &["--output=json".to_owned()]].concat();
        let output = daemon::run(&preview).await;
        assert_eq!(output.status.code(), Some(3), "{}", text(&output.stderr));
        let plan: Value = serde_json::from_slice(&output.stdout).unwrap();
        let hash = plan["withheld"][0]["hash"].as_str().unwrap();
        let map = |approve: &str, spent: &str| {
            json!({
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"namespace": user, "name": "approvals"},
                "data": {"approve": approve, "spent": spent, "note": "ours"},
            })
        };
        cluster.apply(&map(&format!("aaaaaaaaaaaa {hash}"), "bbbbbbbbbbbb")).await.unwrap();
        let named = format!("--approval-configmap={user}/approvals");
        let mut daemon = Daemon::start(&with(&flags, &[&named]));
        let refusal = [hash, "is not let through, because it cannot be marked as spent", "403"];
        daemon.until_it_says(&refusal).await;
        daemon.until_cycles_pass(3).await;
        assert_eq!(provider.applies(), 0);

        grant(&cluster, user, "approvals", &[("", &["configmaps"], &["get", "update"])]).await;
        provider.until_records_are("approved in the cluster", web).await;
        assert_eq!(daemon.said(&refusal), 1);
        let data = cluster.get(&map("", "")).await.unwrap()["data"].clone();
        assert_eq!(
            data,
            json!({"approve": "aaaaaaaaaaaa", "spent": format!("bbbbbbbbbbbb\n{hash}"), "note": "ours"})
        );
        daemon.stop().await;

        // A later life of the daemon knows what has been spent, and calls the same accident by another name.
        provider.0.set_records(all.clone());
        cluster.apply(&map(hash, hash)).await.unwrap();
        let mut daemon = Daemon::start(&with(&flags, &[&named]));
        daemon.until_it_says(&[hash, "has been approved before, and an approval counts once"]).await;
        daemon.until_cycles_pass(3).await;
        assert_ne!(withheld(&daemon).await[0]["hash"], hash);
        provider.until_records_are("nothing is deleted twice on one approval", all).await;
        daemon.stop().await;
    });
}
