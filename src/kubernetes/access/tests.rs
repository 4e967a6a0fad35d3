use super::*;
use axum::Router;
use axum::extract::Request;
use std::fs;
use std::sync::Mutex;
use tempfile::TempDir;

fn access(kubeconfig: Option<PathBuf>) -> ClusterAccess {
    ClusterAccess { kubeconfig, server: None, request_timeout: Duration::from_secs(30), qps: 5.0, burst: 10 }
}

fn kubeconfig(server: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: main\n\
         clusters: [{{name: c, cluster: {{server: '{server}'}}}}]\n\
         users: [{{name: u, user: {{token: secret}}}}]\n\
         contexts: [{{name: main, context: {{cluster: c, user: u, namespace: tools}}}}]\n"
    )
}

fn folder(path: &str, text: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
    folder
}

async fn server_of(access: &ClusterAccess, home: Option<&Path>) -> String {
    access.config(home).await.unwrap().cluster_url.to_string()
}

#[tokio::test]
async fn the_flag_comes_before_the_home_folder() {
    let home = folder(".kube/config", &kubeconfig("https://192.0.2.1:6443"));
    let other = folder("other", &kubeconfig("https://192.0.2.2:6443"));
    assert_eq!(server_of(&access(None), Some(home.path())).await, "https://192.0.2.1:6443/");
    assert_eq!(server_of(&access(Some(PathBuf::new())), Some(home.path())).await, "https://192.0.2.1:6443/");
    let chosen = access(Some(other.path().join("other")));
    assert_eq!(server_of(&chosen, Some(home.path())).await, "https://192.0.2.2:6443/");
}

#[rstest::rstest]
#[case("https://192.0.2.9:8443/prefix", "https://192.0.2.9:8443/prefix")]
#[case("192.0.2.9:8001", "http://192.0.2.9:8001/")]
#[case("", "https://192.0.2.1:6443/")]
#[tokio::test]
async fn the_server_flag_replaces_the_server_of_the_file(#[case] flag: &str, #[case] server: &str) {
    let home = folder(".kube/config", &kubeconfig("https://192.0.2.1:6443"));
    let access = ClusterAccess { server: Some(flag.to_owned()), ..access(None) };
    assert_eq!(server_of(&access, Some(home.path())).await, server);
}

#[tokio::test]
async fn what_is_wrong_is_said_with_the_file_it_is_in() {
    let broken = folder("broken", "clusters: [");
    let no_context = folder("no-context", "apiVersion: v1\nkind: Config\n");
    for path in
        [broken.path().join("broken"), no_context.path().join("no-context"), broken.path().join("missing")]
    {
        let error = access(Some(path.clone())).connect(None).await.err().unwrap().to_string();
        assert!(error.starts_with(&format!("kubeconfig {}: ", path.display())), "{error}");
    }
    let home = folder(".kube/config", &kubeconfig("https://192.0.2.1:6443"));
    let bad_server = ClusterAccess { server: Some("http://[".to_owned()), ..access(None) };
    let error = bad_server.config(Some(home.path())).await.err().unwrap().to_string();
    assert!(error.starts_with("--server \"http://[\" is not a URL"), "{error}");
}

#[tokio::test]
async fn outside_a_cluster_and_without_a_file_there_is_no_way() {
    let nothing_here = tempfile::tempdir().unwrap();
    let error = access(None).config(Some(nothing_here.path())).await.err().unwrap().to_string();
    assert!(error.starts_with("no --kubeconfig, no ~/.kube/config, and not inside a Pod: "), "{error}");
}

#[tokio::test]
async fn calls_carry_who_we_are_and_are_recorded() {
    let heads: Arc<Mutex<Vec<(String, String, String)>>> = Arc::default();
    let seen = heads.clone();
    let server = Router::new().fallback(async move |request: Request| {
        let header = |name: &str| request.headers()[name].to_str().unwrap().to_owned();
        seen.lock().unwrap().push((request.uri().to_string(), header("user-agent"), header("authorization")));
        r#"{"major": "1", "minor": "36"}"#
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let serving = tokio::spawn(async move { axum::serve(listener, server).await });

    let home = folder("config", &kubeconfig(&format!("{url}/prefix")));
    let records: Arc<Mutex<Vec<_>>> = Arc::default();
    let kept = records.clone();
    let recorder: RequestRecorder = Arc::new(move |record| kept.lock().unwrap().push(record));
    let client = access(Some(home.path().join("config"))).connect(Some(recorder)).await.unwrap();
    assert_eq!(client.default_namespace(), "tools");
    let request = http::Request::get("/version?x=1").body(Vec::new()).unwrap();
    let answer: serde_json::Value = client.request(request).await.unwrap();
    serving.abort();

    assert_eq!(answer["minor"], "36");
    let agent = format!("Zonewright/{}", env!("CARGO_PKG_VERSION"));
    assert_eq!(
        *heads.lock().unwrap(),
        [("/prefix/version?x=1".to_owned(), agent, "Bearer secret".to_owned())]
    );
    let records = records.lock().unwrap();
    assert_eq!(records.len(), 1);
    assert_eq!((records[0].path.as_str(), records[0].status), ("/version", Some(http::StatusCode::OK)));
    assert_eq!(records[0].server.to_string(), format!("{url}/prefix"));
}
