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
    access.config(home).await.unwrap().0.cluster_url.to_string()
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

/// An API server that answers with the credentials it was shown.
async fn mirror(name: &'static str) -> String {
    let server = Router::new().fallback(async move |request: Request| {
        let shown = request.headers().get("authorization").map_or("nothing", |value| value.to_str().unwrap());
        format!("\"{name}: {shown}\"")
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, server).await });
    url
}

async fn shown(client: &Client) -> String {
    client.request(http::Request::get("/version").body(Vec::new()).unwrap()).await.unwrap()
}

/// Files are looked at some times a second.
async fn until_shown(client: &Client, expected: &str) {
    let deadline = std::time::Instant::now() + Duration::from_secs(10);
    loop {
        let shown = shown(client).await;
        if shown == expected {
            return;
        }
        assert!(std::time::Instant::now() < deadline, "{shown} instead of {expected}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Long enough for a change to be seen.
async fn stays(client: &Client, expected: &str) {
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_millis(210)).await;
        assert_eq!(shown(client).await, expected);
    }
}

#[tokio::test]
async fn a_token_file_is_read_again_when_it_changes_and_a_broken_one_changes_nothing() {
    let url = mirror("a").await;
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    // As the kubelet mounts a Secret: the file is a link through `..data`, which is swapped.
    let link_to = |version: &str| {
        let new = folder.path().join("..new");
        std::os::unix::fs::symlink(version, &new).unwrap();
        fs::rename(new, folder.path().join("..data")).unwrap();
    };
    write("..1/token", "one\n");
    link_to("..1");
    std::os::unix::fs::symlink("..data/token", folder.path().join("token")).unwrap();
    write("config", &kubeconfig(&url).replace("token: secret", "token: inline, tokenFile: token"));
    let client = access(Some(folder.path().join("config"))).connect(None).await.unwrap();
    assert_eq!(shown(&client).await, "a: Bearer one");

    write("..2/token", "two");
    link_to("..2");
    until_shown(&client, "a: Bearer two").await;
    write("..2/token", " \n");
    stays(&client, "a: Bearer two").await;
    fs::remove_file(folder.path().join("..2/token")).unwrap();
    stays(&client, "a: Bearer two").await;
    write("..3/token", "three");
    link_to("..3");
    until_shown(&client, "a: Bearer three").await;
}

#[tokio::test]
async fn a_kubeconfig_is_read_again_when_it_changes_and_a_broken_one_changes_nothing() {
    let (one, other) = (mirror("one").await, mirror("other").await);
    let folder = folder("config", &kubeconfig(&one));
    let path = folder.path().join("config");
    let client = access(Some(path.clone())).connect(None).await.unwrap();
    assert_eq!(shown(&client).await, "one: Bearer secret");
    for broken in ["clusters: [", "", "apiVersion: v1\nkind: Config\n"] {
        fs::write(&path, broken).unwrap();
        stays(&client, "one: Bearer secret").await;
    }
    let certificate = kubeconfig(&other).replace("token: secret", "client-certificate: crt, client-key: key");
    fs::write(&path, certificate).unwrap();
    stays(&client, "one: Bearer secret").await;
    // A file that the new kubeconfig names, and the old one did not.
    fs::write(&path, kubeconfig(&other).replace("token: secret", "tokenFile: token")).unwrap();
    stays(&client, "one: Bearer secret").await;
    fs::write(folder.path().join("token"), "fresh").unwrap();
    until_shown(&client, "other: Bearer fresh").await;
    fs::write(folder.path().join("token"), "fresher").unwrap();
    until_shown(&client, "other: Bearer fresher").await;
}

#[tokio::test]
async fn a_token_file_that_cannot_be_used_at_the_start_is_named() {
    let folder =
        folder("config", &kubeconfig("http://192.0.2.1").replace("token: secret", "tokenFile: token"));
    let error = access(Some(folder.path().join("config"))).connect(None).await.err().unwrap().to_string();
    assert!(error.starts_with(&format!("token file {}: ", folder.path().join("token").display())), "{error}");
}
