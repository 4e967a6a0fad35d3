//! What is missing or forbidden is said, together with what helps, and nothing is written without its object.

use super::*;
use crate::cluster::world::own_crds;
use crate::program::{daemon, said, until};
use rstest::rstest;

#[test]
fn without_the_definition_nothing_is_written_and_a_daemon_waits_for_it() {
    test(async {
        let cluster = Arc::new(KubeApiserver::start().await.unwrap());
        let kubeconfig = cluster.kubeconfig_path();
        let stage = Stage { cluster, objects: Objects::new(), namespace: "default", kubeconfig };
        stage.wish(&[("web.example.org", "192.0.2.1")]);
        let ended = stage.run(&["--once"]).await;
        assert_eq!(ended.code, Some(1));
        assert!(ended.stderr.contains("zonewright crds | kubectl apply -f -"), "{}", ended.stderr);
        assert!(stage.zone().is_empty());

        let log = stage.objects.path("log");
        let mut running = daemon(stage.program(&["--interval=200ms"]), &log);
        let told = |parts: &[&str]| said(&std::fs::read_to_string(&log).unwrap(), parts);
        until("a word on what is missing", || told(&["zonewright crds"]) > 0).await;
        stage.cluster.install_crds(&own_crds()).await.unwrap();
        until("a record", || stage.zone().contains("192.0.2.1")).await;
        assert!(running.try_wait().unwrap().is_none());
        running.kill().await.unwrap();
    });
}

#[test]
fn the_printed_roles_are_enough_and_without_them_nothing_is_written() {
    test(async {
        let mut stage = Stage::new("crd-roles").await;
        stage.wish(&[("web.example.org", "192.0.2.1")]);
        stage.kubeconfig = stage.cluster.kubeconfig_for("crd-roles-user").unwrap();
        let ended = stage.run(&["--once"]).await;
        assert_eq!(ended.code, Some(1));
        assert!(
            ended.stderr.contains("forbidden") && ended.stderr.contains("zonewright rbac"),
            "{}",
            ended.stderr
        );
        assert!(stage.zone().is_empty());

        let roles = stage.run(&["rbac"]).await;
        assert_eq!(roles.code, Some(0), "{}", roles.stderr);
        for mut role in serde_saphyr::from_multiple::<Value>(&roles.stdout).unwrap() {
            if role["kind"] == "RoleBinding" {
                role["subjects"] = json!([{ "kind": "User", "name": "crd-roles-user", "apiGroup": "rbac.authorization.k8s.io" }]);
            }
            stage.cluster.apply(&role).await.unwrap();
        }
        for (address, status) in [("192.0.2.1", "Programmed"), ("192.0.2.2", "Programmed")] {
            stage.wish(&[("web.example.org", address)]);
            stage.cycle(&[]).await;
            assert_eq!(stage.rows().await, rows(&[("web.example.org", &format!("me [{address}] {status}"))]));
        }
        stage.wish(&[]);
        stage.cycle(&[]).await;
        assert!(stage.rows().await.is_empty());
    });
}

#[rstest]
#[case::slash(
    "team/a",
    "--txt-owner-id=team/a: with --registry=crd the owner id is the value of a Kubernetes label"
)]
#[case::too_long("ooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooo", "up to 63 letters")]
#[case::end("me.", "--txt-owner-id=me.")]
#[case::empty("", "owner id cannot be empty")]
fn an_owner_that_no_label_can_hold_is_refused(#[case] owner: &str, #[case] expected: &str) {
    test(async {
        let mut command = bare();
        command.args(["--source=empty", "--provider=inmemory", "--policy=sync", "--registry=crd", "--once"]);
        let output = command.arg(format!("--txt-owner-id={owner}")).output().await.unwrap();
        let log = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(log.contains(expected), "{log}");
    });
}

#[test]
fn without_an_api_server_it_is_said_why_one_is_needed() {
    test(async {
        let mut command = bare();
        command.args(["--source=empty", "--provider=inmemory", "--policy=sync", "--registry=crd", "--once"]);
        let output = command.arg("--metrics-address=127.0.0.1:0").output().await.unwrap();
        let log = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(log.contains("--registry=crd needs an API server: no --kubeconfig"), "{log}");
    });
}

/// As in ExternalDNS: the variable of a Pod comes before the namespace of the kubeconfig.
#[test]
fn objects_are_in_the_namespace_of_the_pod_unless_a_flag_says_otherwise() {
    test(async {
        let stage = Stage::new("crd-pod").await;
        stage.wish(&[("web.example.org", "192.0.2.1")]);
        let mut command = stage.program(&["--once", "--crd-registry-namespace="]);
        let output = command.env("POD_NAMESPACE", "crd-pod").output().await.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(stage.rows().await.len(), 1);
    });
}
