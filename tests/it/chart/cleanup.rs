//! `cleanup.onDelete`: an uninstallation that takes the records along. Here tests are what a bare API server lacks: the controllers of
//! Deployments and Jobs, and the node.

use super::cluster::{cluster, is_refusal};
use super::{of_kind, path, render};
use crate::cluster::daemon::{Daemon, PATIENCE, PROMPT, until_async};
use crate::cluster::objects::{ingress, owned_a};
use crate::cluster::world::{Provider, test, with};
use k8s_openapi::api::batch::v1::Job;
use kube::api::{Api, Patch, PatchParams};
use serde_json::{Value, json};
use std::process::Stdio;
use zonewright::cli::{Command, parse};
use zonewright_testing::KubeApiserver;

const RELEASE: (&str, &str) = ("zonewright", "dns");

fn job(values: &[&str]) -> Result<Value, String> {
    let values: Vec<&str> =
        ["cleanup.onDelete=true", "txtOwnerId=me"].iter().chain(values).copied().collect();
    render(RELEASE, &values).map(|objects| of_kind(&objects, "Job")[0].clone())
}

fn args(container: &Value) -> Vec<String> {
    container["args"].as_array().unwrap().iter().map(|word| word.as_str().unwrap().to_owned()).collect()
}

fn pod(object: &Value) -> &Value {
    &object["spec"]["template"]["spec"]
}

#[test]
fn nothing_is_cleaned_up_unless_it_is_asked_for() {
    let objects = render(RELEASE, &["txtOwnerId=me"]).unwrap();
    assert!(of_kind(&objects, "Job").is_empty());
    let objects =
        render(RELEASE, &["txtOwnerId=me", "cleanup.onDelete=true", "extraArgs.dry-run=true"]).unwrap();
    assert!(of_kind(&objects, "Job").is_empty(), "a dry run has nothing to clean up");
}

#[test]
fn the_command_is_a_cleanup_with_the_flags_of_the_daemon() {
    let values = [
        "provider.name=cloudflare",
        "guard.enabled=true",
        "guard.max=5",
        "leaderElection.enabled=true",
        "policy=create-only",
    ];
    let args = args(&pod(&job(&values).unwrap())["containers"][0]);
    let env = |name: &str| (name == "CF_API_TOKEN").then(|| "secret".to_owned());
    let words = std::iter::once("zonewright".to_owned()).chain(args);
    let Ok(Command::Cleanup(config, options)) = parse(words.map(Into::into), &env) else { panic!() };
    assert_eq!(config.registry.owner.as_str(), "me");
    assert!(!config.guard.enabled, "it would withhold what is asked for here");
    assert!(!config.schedule.dry_run && options.zones.is_empty());
    let deployment = options.stop_deployment.unwrap();
    assert_eq!((deployment.namespace.as_deref(), &*deployment.name), (Some("dns"), "zonewright"));
}

/// It waits until no Pod with the Deployment's labels is left.
#[test]
fn the_job_does_not_wait_for_itself() {
    let values =
        ["cleanup.onDelete=true", "txtOwnerId=me", "podLabels.app\\.kubernetes\\.io/name=zonewright"];
    let objects = render(RELEASE, &values).unwrap();
    let selector =
        of_kind(&objects, "Deployment")[0]["spec"]["selector"]["matchLabels"].as_object().unwrap().clone();
    let labels = &of_kind(&objects, "Job")[0]["spec"]["template"]["metadata"]["labels"];
    assert!(selector.iter().any(|(key, value)| labels[key] != *value), "{labels}");
}

/// A Pod that has to keep away from the daemon's, which it is to stop, might never run.
#[test]
fn the_job_keeps_to_nodes_but_not_away_from_the_daemon() {
    let term = "podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey=kubernetes.io/hostname";
    let values = [
        &format!("affinity.{term}"),
        "topologySpreadConstraints[0].topologyKey=kubernetes.io/hostname",
        "replicaCount=2",
        "nodeSelector.a=b",
    ];
    let job =
        job(&values.map(|value| value.to_owned()).iter().map(String::as_str).collect::<Vec<_>>()).unwrap();
    let pod = pod(&job);
    assert_eq!(pod["nodeSelector"], json!({"a": "b"}));
    assert!(
        pod["affinity"]["podAntiAffinity"].is_null() && pod["topologySpreadConstraints"].is_null(),
        "{pod}"
    );
}

#[test]
fn sidecars_end_with_the_job() {
    let webhook =
        ["provider.name=webhook", "provider.webhook.image.repository=a", "provider.webhook.image.tag=b"];
    let job = job(&webhook).unwrap();
    let sidecar = &pod(&job)["initContainers"][0];
    assert_eq!((&sidecar["name"], &sidecar["restartPolicy"]), (&json!("webhook"), &json!("Always")));
    assert_eq!(sidecar["startupProbe"]["httpGet"]["port"], "http-webhook");
    assert_eq!(pod(&job)["containers"].as_array().unwrap().len(), 1);
}

#[test]
fn what_cannot_be_cleaned_up_is_refused_at_once() {
    let webhook =
        ["provider.name=webhook", "provider.webhook.image.repository=a", "provider.webhook.image.tag=b"]
            .join(",");
    for (values, expected) in [
        (&["txtOwnerId="][..], "cleanup.onDelete needs txtOwnerId"),
        (&["registry=noop"], "with registry noop nobody knows"),
        (&["cleanup.onDelete=sometimes"], "/cleanup/onDelete"),
        (&["cleanup.on=true"], "/cleanup"),
    ] {
        let error = job(values).unwrap_err();
        assert!(error.contains(expected), "{values:?}: {error}");
    }
    let values = format!("policy=sync,cleanup.onDelete=true,txtOwnerId=me,{webhook}");
    let output = super::helm(&["template", "dns", "--kube-version", "1.28.0", "--set", &values]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("needs Kubernetes 1.29"));
}

/// A release in a cluster, with what its controllers would have made of it.
struct Running<'a> {
    cluster: &'a KubeApiserver,
    namespace: &'static str,
    provider: Provider,
    kubeconfig: String,
}

impl<'a> Running<'a> {
    async fn install(cluster: &'a KubeApiserver, namespace: &'static str) -> Self {
        let values = "policy=sync,provider.name=inmemory,txtOwnerId=me,namespaced=true,cleanup.onDelete=true";
        let chart = path("charts/zonewright").display().to_string();
        let words = [
            "install",
            "zonewright",
            &chart,
            "--create-namespace",
            "--set",
            values,
            "--set",
            "sources={ingress}",
        ];
        let output = helm(cluster, namespace, &words).output().await.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let kubeconfig = cluster.kubeconfig_for_service_account(namespace, "zonewright").await.unwrap();
        let kubeconfig = format!("--kubeconfig={}", kubeconfig.display());
        let running = Self { cluster, namespace, provider: Provider::start().await, kubeconfig };
        cluster.apply(&running.pod().await).await.unwrap();
        running
    }

    async fn get(&self, api: &str, kind: &str, name: &str) -> Option<Value> {
        let metadata = json!({"namespace": self.namespace, "name": name});
        self.cluster.get(&json!({"apiVersion": api, "kind": kind, "metadata": metadata})).await.ok()
    }

    async fn deployment(&self) -> Value {
        self.get("apps/v1", "Deployment", "zonewright").await.unwrap()
    }

    async fn job(&self) -> Option<Value> {
        self.get("batch/v1", "Job", "zonewright-cleanup").await
    }

    /// The Pod of the Deployment.
    async fn pod(&self) -> Value {
        let template = self.deployment().await["spec"]["template"].clone();
        let labels = &template["metadata"]["labels"];
        json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"namespace": self.namespace, "name": "zonewright-0", "labels": labels},
            "spec": template["spec"], "status": {"phase": "Running"},
        })
    }

    /// Runs a command of a Pod, under its service account.
    fn run(&self, container: &Value) -> Daemon {
        let provider = self.provider.flags();
        let own: Vec<&str> = provider.iter().map(String::as_str).chain([self.kubeconfig.as_str()]).collect();
        Daemon::start(&with(&args(container), &own))
    }

    /// What the controller of Deployments says once it has seen how many are wanted.
    async fn controller_sees_the_deployment(&self) {
        let mut deployment = self.deployment().await;
        let status = json!({"observedGeneration": deployment["metadata"]["generation"]});
        deployment["status"] = status;
        self.cluster.apply(&deployment).await.unwrap();
    }

    /// What the controller of Jobs says of one that has succeeded.
    async fn controller_sees_the_job_succeed(&self) {
        let now = self.job().await.unwrap()["metadata"]["creationTimestamp"].clone();
        let condition = |kind: &str| json!({"type": kind, "status": "True", "lastTransitionTime": now});
        let conditions = ["SuccessCriteriaMet", "Complete"].map(condition);
        let status =
            json!({"startTime": now, "completionTime": now, "succeeded": 1, "conditions": conditions});
        let jobs: Api<Job> = Api::namespaced(self.cluster.client(), self.namespace);
        let patch = Patch::Merge(json!({"status": status}));
        jobs.patch_status("zonewright-cleanup", &PatchParams::default(), &patch).await.unwrap();
    }

    fn has(&self, host: &str) -> bool {
        self.provider.0.records().iter().any(|record| record["dnsName"] == host)
    }
}

fn helm(cluster: &KubeApiserver, namespace: &str, words: &[&str]) -> tokio::process::Command {
    let mut command = tokio::process::Command::new(zonewright_testing::helm().unwrap());
    command.env_clear().env("HOME", cluster.dir()).env("KUBECONFIG", cluster.kubeconfig_path());
    command.args(words).args(["--namespace", namespace]).stdout(Stdio::null()).kill_on_drop(true);
    command
}

fn owners_record() -> Vec<Value> {
    owned_a("theirs.example.org", "192.0.2.9", "somebody-else", "ingress/x/y").to_vec()
}

#[test]
fn uninstalling_a_release_takes_its_records_along() {
    test(async {
        let cluster = cluster().await;
        let release = Running::install(&cluster, "goes").await;
        release.provider.0.set_records(owners_record());
        let object = |name: &str, host: &str| ingress("goes", name, host, "192.0.2.1");
        cluster.apply(&object("web", "web.goes.example.org")).await.unwrap();
        let mut daemon = release.run(&pod(&release.deployment().await)["containers"][0]);
        until_async("a record of the daemon", async || release.has("web.goes.example.org")).await;

        let mut uninstall = helm(&cluster, "goes", &["uninstall", "zonewright"]).spawn().unwrap();
        until_async("the Job", async || release.job().await.is_some()).await;
        let job = release.job().await.unwrap();
        let mut cleanup = release.run(&pod(&job)["containers"][0]);

        // Before the controller has scaled it down, and before the Pod is gone, nothing happens to any record.
        cleanup.until_it_says(&["is not at an end yet", "controller has not scaled it"]).await;
        assert_eq!(release.deployment().await["spec"]["replicas"], 0);
        release.controller_sees_the_deployment().await;
        cleanup.until_it_says(&["is not at an end yet", "zonewright-0"]).await;
        // The daemon has been asked to end and has not yet: whatever were deleted now, it would make again.
        cluster.apply(&object("late", "late.goes.example.org")).await.unwrap();
        until_async("a last record of the daemon", async || release.has("late.goes.example.org")).await;
        daemon.until_cycles_pass(2).await;
        assert!(cleanup.is_alive() && release.has("web.goes.example.org"));

        daemon.stop().await;
        cluster.delete(&release.pod().await).await.unwrap();
        assert_eq!(cleanup.ended(PATIENCE).await, Some(0), "{:#?}", cleanup.log());
        release.provider.until_records_are("what others own", owners_record()).await;
        let logs = [daemon.log(), cleanup.log()].concat();
        let refused: Vec<&String> = logs.iter().filter(|line| is_refusal(line)).collect();
        assert!(refused.is_empty(), "{refused:#?}");

        release.controller_sees_the_job_succeed().await;
        let ended = tokio::time::timeout(PATIENCE, uninstall.wait()).await.unwrap().unwrap();
        assert!(ended.success());
        assert!(release.job().await.is_none(), "the Job is gone with the release");
        for (api, kind) in
            [("rbac.authorization.k8s.io/v1", "Role"), ("rbac.authorization.k8s.io/v1", "RoleBinding")]
        {
            assert!(release.get(api, kind, "zonewright-cleanup").await.is_none(), "{kind}");
        }
        assert!(release.get("apps/v1", "Deployment", "zonewright").await.is_none());
    });
}

/// A daemon that is not stopped first makes its records again: what the test above is about does happen.
#[test]
fn records_come_back_where_the_daemon_goes_on() {
    test(async {
        let cluster = cluster().await;
        let release = Running::install(&cluster, "stays").await;
        cluster.apply(&ingress("stays", "web", "web.stays.example.org", "192.0.2.1")).await.unwrap();
        let deployment = release.deployment().await;
        let mut daemon = release.run(&pod(&deployment)["containers"][0]);
        until_async("a record of the daemon", async || release.has("web.stays.example.org")).await;
        let flags = with(&release.provider.flags(), &["--owner=me", "--no-delete-guard"]);
        let words: Vec<String> = std::iter::once("cleanup".to_owned()).chain(flags).collect();
        let mut cleanup = Daemon::start(&words);
        cleanup.ended(PATIENCE).await;
        assert!(cleanup.said(&["deleted A web.stays.example.org"]) > 0, "{:#?}", cleanup.log());
        until_async("the record again", async || release.has("web.stays.example.org")).await;
        daemon.stop().await;
    });
}

/// Without the one permission, the cleanup says so and deletes nothing.
#[test]
fn a_daemon_that_cannot_be_stopped_keeps_its_records() {
    test(async {
        let cluster = cluster().await;
        let release = Running::install(&cluster, "keeps").await;
        let records = owned_a("web.keeps.example.org", "192.0.2.1", "me", "ingress/keeps/web").to_vec();
        release.provider.0.set_records(records.clone());
        let values = ["cleanup.onDelete=true", "txtOwnerId=me"];
        let objects = render(("zonewright", "keeps"), &values).unwrap();
        // Helm has not been asked to uninstall, so the roles of the hook are not there.
        let mut cleanup = release.run(&pod(of_kind(&objects, "Job")[0])["containers"][0]);
        assert_eq!(cleanup.ended(PROMPT).await, Some(1));
        assert!(cleanup.said(&["Deployment keeps/zonewright cannot be scaled to zero", "forbidden"]) > 0);
        release.provider.until_records_are("all of them", records).await;
    });
}
