//! Services and Ingresses of a real API server, published in moto by the running daemon.

use super::moto::{listing, make_zone};
use super::{Ended, daemon, instead, once, program_answering, until, with_keys};
use crate::cluster::objects::{HOSTNAME, ingress, service, with_annotation};
use crate::cluster::world::{first_cluster, test};
use serde_json::json;
use tokio::process::Command;
use zonewright_testing::{KubeApiserver, Moto};

const NAMESPACE: &str = "route53";

fn program(moto: &Moto, cluster: &KubeApiserver, port: u16) -> Command {
    let mut command = with_keys(program_answering(&moto.url(), port));
    command
        .args(["--source=service", "--source=ingress", "--domain-filter=example.org", "--no-delete-guard"])
        .args(["--kube-api-qps=1000", "--kube-api-burst=1000"])
        .arg(format!("--namespace={NAMESPACE}"))
        .arg(format!("--kubeconfig={}", cluster.kubeconfig_path().display()));
    command
}

#[test]
fn services_and_ingresses_converge_and_then_nothing_is_planned() {
    drop(rustls::crypto::ring::default_provider().install_default());
    test(async {
        let (cluster, moto) = (first_cluster().await, Moto::start().await.unwrap());
        let client = reqwest::Client::new();
        let zone = make_zone(&client, &moto).await;
        let load_balanced = {
            let mut object = service(NAMESPACE, "shop", "shop.example.org", "");
            let address = json!([{"hostname": "lb-1.us-east-1.elb.amazonaws.com"}]);
            object["status"]["loadBalancer"]["ingress"] = address;
            object
        };
        let routed = [("set-identifier", "blue"), ("aws-weight", "7")]
            .into_iter()
            .fold(service(NAMESPACE, "routed", "routed.example.org", "192.0.2.3"), |object, (key, value)| {
                with_annotation(object, &HOSTNAME.replace("hostname", key), value)
            });
        let page = ingress(NAMESPACE, "page", "page.example.org", "192.0.2.4");
        for object in
            [&service(NAMESPACE, "plain", "plain.example.org", "192.0.2.1"), &load_balanced, &routed, &page]
        {
            cluster.apply(object).await.unwrap();
        }
        let log = tempfile::NamedTempFile::new().unwrap();
        let mut command = program(&moto, &cluster, 0);
        command.args(["--events", "--min-event-sync-interval=0s", "--interval=1s"]);
        let mut running = daemon(command, log.path());
        let told = || std::fs::read_to_string(log.path()).unwrap();
        let everything = [
            "<Value>192.0.2.1</Value>",
            "<DNSName>lb-1.us-east-1.elb.amazonaws.com</DNSName>",
            "<Weight>7</Weight>",
            "<Value>192.0.2.4</Value>",
            "<Name>a-page.example.org.</Name>",
            "<Name>aaaa-shop.example.org.</Name>",
        ];
        until_listed(&client, &moto, &zone, &everything, &[]).await;

        // What changes while it runs is followed.
        cluster.apply(&ingress(NAMESPACE, "page", "page.example.org", "192.0.2.5")).await.unwrap();
        cluster.delete(&load_balanced).await.unwrap();
        until_listed(
            &client,
            &moto,
            &zone,
            &["<Value>192.0.2.5</Value>"],
            &["elb.amazonaws.com", "shop", "192.0.2.4<"],
        )
        .await;
        let settled = || told().contains("All records are already up to date");
        until("a run with nothing to do", settled).await;
        assert!(!told().contains("ERROR"), "{}", told());
        running.kill().await.unwrap();

        // Somebody else, with no memory of it, finds nothing to do either.
        let before = listing(&client, &moto, &zone).await;
        let Ended { code, log } = once(program(&moto, &cluster, 0)).await;
        assert_eq!(code, Some(0), "{log}");
        assert!(log.contains("All records are already up to date"), "{log}");
        let (code, text) = instead(&["plan"], program(&moto, &cluster, 0)).await;
        assert!(code == Some(0) && text.contains("Nothing to do"), "{text}");
        assert_eq!(listing(&client, &moto, &zone).await, before);
    });
}

async fn until_listed(client: &reqwest::Client, moto: &Moto, zone: &str, present: &[&str], absent: &[&str]) {
    let begun = std::time::Instant::now();
    loop {
        let text = listing(client, moto, zone).await;
        let missing = present.iter().filter(|part| !text.contains(*part));
        let wrong: Vec<&&str> = missing.chain(absent.iter().filter(|part| text.contains(*part))).collect();
        if wrong.is_empty() {
            return;
        }
        assert!(begun.elapsed().as_secs() < 60, "{wrong:?} in\n{text}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}
