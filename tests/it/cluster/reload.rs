//! Files that change while the daemon runs.

use super::daemon::{Daemon, until_async};
use super::objects::{owned_a, service};
use super::source_faults::{OF_SERVICES, grant};
use super::world::{Provider, first_cluster, test, with};
use std::fs;

#[test]
fn changed_manifests_are_published_and_broken_ones_change_nothing() {
    test(async {
        let provider = Provider::start().await;
        let folder = tempfile::tempdir().unwrap();
        let write = |file: &str, text: &str| fs::write(folder.path().join(file), text).unwrap();
        let web = |address| service("files", "web", "web.example.org", address).to_string();
        let api = service("files", "api", "api.example.org", "192.0.2.9").to_string();
        write("web.yaml", &web("192.0.2.1"));
        write("api.yaml", &api);
        let manifests = format!("--manifests={}", folder.path().display());
        let flags = with(&provider.flags(), &["--source=service", &manifests]);
        let mut daemon = Daemon::start(&flags);
        let api = owned_a("api.example.org", "192.0.2.9", "me", "service/files/api");
        let records =
            |address| [owned_a("web.example.org", address, "me", "service/files/web"), api.clone()].concat();
        provider.until_records_are("created", records("192.0.2.1")).await;

        write("web.yaml", &web("192.0.2.2"));
        provider.until_records_are("changed", records("192.0.2.2")).await;
        write("web.yaml", "kind: [");
        daemon.until_it_says(&["web.yaml: document 1", "the objects it had before stay"]).await;
        daemon.until_cycles_pass(5).await;
        provider.until_records_are("as before", records("192.0.2.2")).await;
        assert_eq!(daemon.said(&[" error ", "the objects it had before stay"]), 1, "{:?}", daemon.log());
        let (status, text) = daemon.get("/readyz").await.unwrap();
        assert!(status == 503 && text.contains("web.yaml") && daemon.is_healthy().await, "{text}");

        write("web.yaml", &web("192.0.2.3"));
        provider.until_records_are("whole again", records("192.0.2.3")).await;
        until_async("readiness", async || daemon.get("/readyz").await == Some((200, "OK".to_owned()))).await;
        fs::remove_file(folder.path().join("web.yaml")).unwrap();
        provider.until_records_are("removed", api.clone()).await;
        daemon.stop().await;
    });
}

#[test]
fn a_changed_kubeconfig_is_used_and_a_broken_one_is_not() {
    test(async {
        let (provider, cluster) = (Provider::start().await, first_cluster().await);
        let namespace = "rotated";
        for user in ["former", "present"] {
            cluster.kubeconfig_for(user).unwrap();
        }
        grant(&cluster, "present", "services", &OF_SERVICES).await;
        cluster.apply(&service(namespace, "web", "web.example.org", "192.0.2.1")).await.unwrap();
        // Beside the others, because it names certificates relative to itself.
        let path = cluster.dir().join("rotated.kubeconfig");
        let become_user = |user: &str| {
            let new = cluster.dir().join("rotated.new");
            fs::copy(cluster.dir().join(format!("{user}.kubeconfig")), &new).unwrap();
            fs::rename(new, &path).unwrap();
        };
        become_user("former");
        let kubeconfig = format!("--kubeconfig={}", path.display());
        let flags = with(&provider.flags_in(&cluster, namespace, &["service"]), &[&kubeconfig]);
        let mut daemon = Daemon::start(&flags);
        daemon.until_it_says(&["cannot list services", "403 Forbidden", "former"]).await;
        fs::write(&path, "users: [").unwrap();
        daemon.until_it_says(&["rotated.kubeconfig", "calls go on with what was read before"]).await;
        become_user("present");
        let web = owned_a("web.example.org", "192.0.2.1", "me", "service/rotated/web");
        provider.until_records_are("with the new credentials", web).await;
        assert_eq!(daemon.said(&["calls go on with what was read before"]), 1, "{:?}", daemon.log());
        daemon.stop().await;
    });
}
