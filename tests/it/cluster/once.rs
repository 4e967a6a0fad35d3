//! `--once`: everything that can be done is done, and the exit status tells whether that was all.

use super::daemon::{self, text};
use super::objects::{dns_endpoint, owned_a, service};
use super::world::{Provider, first_cluster, test, with};
use serde_json::json;

#[test]
fn a_single_run_does_its_work_and_a_second_finds_none() {
    test(async {
        let (provider, cluster) = (Provider::start().await, first_cluster().await);
        cluster.apply(&service("once", "web", "web.example.org", "192.0.2.1")).await.unwrap();
        let api = dns_endpoint("once", "api", "api.example.org", "192.0.2.2", 0);
        cluster.apply(&api).await.unwrap();
        let flags = with(&provider.flags_in(&cluster, "once", &["service", "crd"]), &["--once"]);
        for run in ["first", "second"] {
            let output = daemon::run(&flags).await;
            assert_eq!(output.status.code(), Some(0), "{run}: {}", text(&output.stderr));
            let records = [
                owned_a("web.example.org", "192.0.2.1", "me", "service/once/web"),
                owned_a("api.example.org", "192.0.2.2", "me", "crd/once/api"),
            ];
            provider.until_records_are(run, records.concat()).await;
            assert_eq!(provider.applies(), 1, "{run}");
            assert_eq!(cluster.get(&api).await.unwrap()["status"]["observedGeneration"], 1);
        }
    });
}

#[test]
fn an_object_without_a_working_template_fails_alone() {
    test(async {
        let (provider, cluster) = (Provider::start().await, first_cluster().await);
        let plain = |name, address| {
            let mut object = service("template", name, "", address);
            object["metadata"]["annotations"] = json!({});
            object
        };
        cluster.apply(&plain("good", "192.0.2.1")).await.unwrap();
        cluster.apply(&plain("bad", "192.0.2.2")).await.unwrap();
        let held = owned_a("bad.example.org", "192.0.2.3", "me", "service/template/bad");
        provider.0.set_records(held.clone());
        let template =
            "--fqdn-template={{if eq .Name \"bad\"}}{{index .Spec.Ports 7}}{{end}}{{.Name}}.example.org";
        let flags = provider.flags_in(&cluster, "template", &["service"]);
        let output = daemon::run(&with(&flags, &["--once", template])).await;
        let log = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{log}");
        assert!(log.contains("service/template/bad"), "{log}");
        let good = owned_a("good.example.org", "192.0.2.1", "me", "service/template/good");
        provider.until_records_are("the other object", [good, held].concat()).await;
    });
}

#[test]
fn a_node_without_an_address_fails_alone() {
    test(async {
        let (provider, cluster) = (Provider::start().await, first_cluster().await);
        let node = |name: &str, kind: &str, address: &str| {
            json!({
                "apiVersion": "v1",
                "kind": "Node",
                "metadata": {"name": name, "labels": {"once": "true"}},
                "status": {"addresses": [{"type": kind, "address": address}]},
            })
        };
        let good = node("good.example.org", "ExternalIP", "192.0.2.1");
        let bad = node("bad.example.org", "Hostname", "bad");
        cluster.apply(&good).await.unwrap();
        cluster.apply(&bad).await.unwrap();
        let flags = provider.flags_in(&cluster, "", &["node"]);
        let output = daemon::run(&with(&flags, &["--once", "--label-filter=once=true"])).await;
        let log = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{log}");
        assert!(log.contains("bad.example.org"), "{log}");
        let records = owned_a("good.example.org", "192.0.2.1", "me", "node/good.example.org");
        provider.until_records_are("the other node", records).await;
        cluster.delete(&good).await.unwrap();
        cluster.delete(&bad).await.unwrap();
    });
}

#[test]
fn a_source_that_cannot_be_read_fails_the_run_but_not_the_others() {
    test(async {
        let (provider, cluster) = (Provider::start().await, first_cluster().await);
        let user = "once-blind";
        super::source_faults::grant(&cluster, user, "services", &super::source_faults::OF_SERVICES).await;
        cluster.apply(&service(user, "web", "web.example.org", "192.0.2.1")).await.unwrap();
        let flags = super::source_faults::as_user(&provider, &cluster, user, &["service", "ingress"]);
        let output = daemon::run(&with(&flags, &["--once"])).await;
        assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
        let records = owned_a("web.example.org", "192.0.2.1", "me", "service/once-blind/web");
        provider.until_records_are("the other source", records).await;
    });
}
