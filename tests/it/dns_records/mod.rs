//! The program with its ownership in DNSRecord objects: a real API server, a zone in a file, wishes from files.

mod bad_input;
mod replicas;
mod zones;

use crate::cluster::world::{first_cluster, test};
use crate::program::{Objects, bare};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use tokio::process::Command;
use zonewright_testing::KubeApiserver;

struct Ended {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

/// Wishes and a zone in files, and a namespace for the objects in a cluster that tests share.
struct Stage {
    cluster: Arc<KubeApiserver>,
    objects: Objects,
    namespace: &'static str,
    kubeconfig: PathBuf,
}

impl Stage {
    async fn new(namespace: &'static str) -> Self {
        let cluster = first_cluster().await;
        let there = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": namespace } });
        cluster.apply(&there).await.unwrap();
        let kubeconfig = cluster.kubeconfig_path();
        Self { cluster, objects: Objects::new(), namespace, kubeconfig }
    }

    /// These names, each with an address.
    fn wish(&self, names: &[(&str, &str)]) {
        let ingress = |(name, address): &(&str, &str)| {
            crate::program::ingress(&name.replace(['.', '*'], "x"), name, address, &[])
        };
        self.objects.write(&names.iter().map(ingress).collect::<String>());
    }

    /// What is given in words replaces what every test has.
    fn program(&self, words: &[&str]) -> Command {
        let file = |flag: &str, path: PathBuf| format!("--{flag}={}", path.display());
        let mut common = [
            "--source=ingress",
            "--provider=inmemory",
            "--inmemory-zone=example.org",
            "--txt-owner-id=me",
            "--registry=crd",
            "--policy=sync",
            "--no-delete-guard",
            "--kube-api-qps=1000",
            "--kube-api-burst=1000",
        ]
        .map(str::to_owned)
        .to_vec();
        common.extend([
            format!("--crd-registry-namespace={}", self.namespace),
            file("kubeconfig", self.kubeconfig.clone()),
            file("manifests", self.objects.path("objects")),
            file("inmemory-records", self.objects.path("records.yaml")),
        ]);
        let name = |flag: &str| flag.split('=').next().unwrap_or_default().to_owned();
        common.retain(|flag| !words.iter().any(|word| name(word) == name(flag)));
        let is_flag = |word: &&&str| word.starts_with('-');
        let mut command = bare();
        command
            .args(words.iter().take_while(|word| !is_flag(word)))
            .args(common)
            .args(words.iter().skip_while(|word| !is_flag(word)))
            .env("EXTERNAL_DNS_METRICS_ADDRESS", "127.0.0.1:0")
            .stdout(Stdio::piped());
        command
    }

    async fn run(&self, words: &[&str]) -> Ended {
        let output = self.program(words).output().await.unwrap();
        Ended {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// One run that succeeds.
    async fn cycle(&self, words: &[&str]) {
        let ended = self.run(&[words, &["--once"]].concat()).await;
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    }

    fn zone(&self) -> String {
        std::fs::read_to_string(self.objects.path("records.yaml")).unwrap_or_default()
    }

    /// Owner, targets and status of every object, by the DNS name in it.
    async fn rows(&self) -> BTreeMap<String, String> {
        let row = |object: &Value| {
            let endpoint = &object["spec"]["endpoint"];
            let ready = &object["status"]["conditions"][0]["reason"];
            let text = format!("{} {} {}", endpoint["labels"]["owner"], endpoint["targets"], ready);
            (endpoint["dnsName"].as_str().unwrap().to_owned(), text.replace('"', ""))
        };
        self.list().await.iter().map(row).collect()
    }

    async fn list(&self) -> Vec<Value> {
        let path = format!("/apis/externaldns.k8s.io/v1alpha1/namespaces/{}/dnsrecords", self.namespace);
        let request = http::Request::get(path).body(Vec::new()).unwrap();
        let list: Value = self.cluster.client().request(request).await.unwrap();
        list["items"].as_array().unwrap().clone()
    }
}

fn rows(rows: &[(&str, &str)]) -> BTreeMap<String, String> {
    rows.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

/// An object as v0.22 writes it.
fn object(stage: &Stage, owner: &str, dns_name: &str, target: &str) -> Value {
    json!({
        "apiVersion": "externaldns.k8s.io/v1alpha1",
        "kind": "DNSRecord",
        "metadata": {
            "name": zonewright_registry_crd::object_name(dns_name, "A", ""), "namespace": stage.namespace,
            "labels": { "externaldns.k8s.io/owner": owner },
        },
        "spec": { "endpoint": {
            "dnsName": dns_name, "recordType": "A", "targets": [target],
            "labels": { "owner": owner, "resource": "ingress/web/x" },
        } },
        "status": { "conditions": [{
            "type": "Ready", "status": "True", "reason": "Programmed", "message": "by the test",
            "lastTransitionTime": "2026-01-02T03:04:05Z",
        }] },
    })
}
