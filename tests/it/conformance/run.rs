//! Running a case: the program in this process, the provider's other side beside it.

use super::case::{Case, Step};
use super::objects::Objects;
use serde_json::{Map, Value, json};
use std::ffi::OsString;
use std::path::Path;
use zonewright_testing::{KubeApiserver, WebhookStandIn};

/// Runs a case from files.
pub async fn from_files(case: &Case) -> Vec<Value> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("objects.json");
    let mut objects = Objects::default();
    case.input.objects.iter().for_each(|object| objects.apply(object));
    let provider = provider(case).await;
    let mut answers = Vec::new();
    for step in runs(case) {
        step.apply.iter().for_each(|object| objects.apply(object));
        step.delete.iter().for_each(|object| objects.delete(object));
        std::fs::write(&file, objects.as_list().to_string()).unwrap();
        let input = [OsString::from("--manifests"), file.clone().into_os_string()];
        answers.push(run(case, step, &provider, &input).await);
    }
    answers
}

/// An API server with every CRD that the cases need.
pub async fn cluster() -> KubeApiserver {
    let server = KubeApiserver::start().await.unwrap();
    let crds = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/crds");
    server.install_crds(&crds).await.unwrap();
    server.install_crds(&zonewright_testing::gateway_crds().unwrap()).await.unwrap();
    server
}

/// Runs a case against a real API server.
pub async fn in_cluster(case: &Case, server: &KubeApiserver) -> Vec<Value> {
    server.reset().await.unwrap();
    for name in case.namespaces() {
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
        server.apply(&namespace).await.unwrap();
    }
    for object in &case.input.objects {
        server.apply(object).await.unwrap_or_else(|error| panic!("{}: {error}", case.name));
    }
    let provider = provider(case).await;
    let mut answers = Vec::new();
    for step in runs(case) {
        for object in &step.apply {
            server.apply(object).await.unwrap_or_else(|error| panic!("{}: {error}", case.name));
        }
        for object in &step.delete {
            server.delete(object).await.unwrap_or_else(|error| panic!("{}: {error}", case.name));
        }
        let input = [OsString::from("--kubeconfig"), server.kubeconfig_path().into_os_string()];
        answers.push(run(case, step, &provider, &input).await);
    }
    answers
}

async fn provider(case: &Case) -> WebhookStandIn {
    let filter = match &case.input.domain {
        None => json!({}),
        Some(Value::String(suffix)) => json!({"include": [suffix]}),
        Some(filter) => filter.clone(),
    };
    let provider = WebhookStandIn::start(filter).await.unwrap();
    provider.set_records(case.input.records.clone());
    provider
}

/// The first run changes nothing before it.
fn runs(case: &Case) -> impl Iterator<Item = &Step> {
    static FIRST: Step = Step { apply: Vec::new(), delete: Vec::new(), flags: None };
    std::iter::once(&FIRST).chain(&case.input.steps)
}

async fn run(case: &Case, step: &Step, provider: &WebhookStandIn, input: &[OsString]) -> Value {
    provider.forget_calls();
    let flags = step.flags.as_ref().unwrap_or(&case.input.flags);
    let added = ["--provider=webhook", "--once", "--metrics-address=127.0.0.1:0"].map(OsString::from);
    let url = OsString::from(format!("--webhook-provider-url={}", provider.url()));
    // Ours come first: a case may end its flags with `--`.
    let args: Vec<OsString> = std::iter::once(OsString::from("zonewright"))
        .chain(added)
        .chain([url])
        .chain(input.iter().cloned())
        .chain(flags.iter().map(OsString::from))
        .collect();
    let env = |name: &str| case.input.env.get(name).cloned();
    let code = zonewright::cli::run(args, &env, tokio_util::sync::CancellationToken::new()).await;
    let mut changes = Map::new();
    for body in provider.applied() {
        for (list, endpoints) in body.as_object().cloned().unwrap_or_default() {
            let joined = changes.entry(list).or_insert_with(|| json!([]));
            joined.as_array_mut().unwrap().extend(endpoints.as_array().cloned().unwrap_or_default());
        }
    }
    json!({
        "ok": code == 0,
        "endpoints": provider.adjusted(),
        "changes": changes,
        "records": provider.records(),
    })
}
