//! Time: clients that are slow or gone, a provider that is slow, and the end of the process.

use super::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const SHORT: Duration = Duration::from_millis(300);

async fn connect(server: &Server) -> TcpStream {
    TcpStream::connect(server.url.strip_prefix("http://").unwrap()).await.unwrap()
}

/// What comes until the connection ends, and how long that took.
async fn rest(stream: &mut TcpStream) -> (String, Duration) {
    let begun = std::time::Instant::now();
    let mut text = Vec::new();
    // A reset is an end, too.
    drop(stream.read_to_end(&mut text).await);
    (String::from_utf8(text).unwrap(), begun.elapsed())
}

#[tokio::test]
async fn half_a_header_and_a_silent_connection_end() {
    let patience = Patience { header: SHORT, idle: Duration::from_secs(60) };
    let server = serve(&Provider::new(&["example.org"]), ServingConfig { patience, ..config() }).await;
    for sent in ["", "GET /records HTT"] {
        let mut stream = connect(&server).await;
        stream.write_all(sent.as_bytes()).await.unwrap();
        let (_, took) = rest(&mut stream).await;
        assert!(took >= SHORT / 2 && took < Duration::from_secs(30), "{sent:?} {took:?}");
    }
}

#[tokio::test]
async fn an_idle_connection_ends_and_one_that_is_used_in_time_does_not() {
    let patience = Patience { header: Duration::from_secs(60), idle: SHORT };
    let server = serve(&Provider::new(&["example.org"]), ServingConfig { patience, ..config() }).await;
    let mut stream = connect(&server).await;
    let mut answers = String::new();
    for _ in 0..4 {
        tokio::time::sleep(SHORT / 3).await;
        stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        let mut piece = [0; 1024];
        let length = stream.read(&mut piece).await.unwrap();
        answers.push_str(std::str::from_utf8(&piece[..length]).unwrap());
    }
    assert_eq!(answers.matches("200 OK").count(), 4, "{answers}");
    let (_, took) = rest(&mut stream).await;
    assert!(took < Duration::from_secs(30), "{took:?}");
}

#[tokio::test]
async fn a_request_that_does_not_come_in_time_is_refused() {
    let server =
        serve(&Provider::new(&["example.org"]), ServingConfig { read_timeout: SHORT, ..config() }).await;
    let mut stream = connect(&server).await;
    let head = format!(
        "POST /records HTTP/1.1\r\nHost: x\r\nContent-Type: {MEDIA_TYPE}\r\nContent-Length: 100\r\n\r\n{{"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut piece = [0; 1024];
    let length = stream.read(&mut piece).await.unwrap();
    let answer = std::str::from_utf8(&piece[..length]).unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 408") && answer.contains("--webhook-provider-read-timeout"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_slow_listing_is_finished_and_kept_for_the_next_request() {
    let provider = Provider::gated(&["example.org"], 0);
    let server = serve(&provider, ServingConfig { write_timeout: SHORT, ..config() }).await;
    let answer = server.get("/records").await;
    assert_eq!(answer.status, 504);
    assert!(answer.body.contains("--webhook-provider-write-timeout"), "{answer:?}");
    provider.open_gate();
    while server.get("/records").await.status != 200 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(provider.lists.load(Ordering::SeqCst), 1);
    server.get("/records").await;
    assert_eq!(provider.lists.load(Ordering::SeqCst), 2, "handed out once");
}

#[tokio::test]
async fn what_was_begun_is_finished_although_nobody_waits() {
    let provider = Provider::gated(&["example.org"], 1);
    let server = serve(&provider, config()).await;
    server.get("/records").await;
    let mut stream = connect(&server).await;
    let body = json!({ "create": [a("web.example.org", "192.0.2.1")] }).to_string();
    let head = format!(
        "POST /records HTTP/1.1\r\nHost: x\r\nContent-Type: {MEDIA_TYPE}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    while provider.writes.lock().unwrap().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    drop(stream);
    provider.open_gate();
    while server.names().await.is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn the_end_waits_for_what_was_begun_and_takes_nothing_new() {
    let provider = Provider::gated(&["example.org"], 1);
    let server = Arc::new(serve(&provider, config()).await);
    server.get("/records").await;
    let theirs = server.clone();
    let write =
        tokio::spawn(
            async move { theirs.apply(&json!({ "create": [a("web.example.org", "192.0.2.1")] })).await },
        );
    while provider.writes.lock().unwrap().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    server.stop.cancel();
    tokio::time::sleep(SHORT).await;
    assert!(!server.task.is_finished());
    assert!(TcpStream::connect(server.url.strip_prefix("http://").unwrap()).await.is_err());
    provider.open_gate();
    assert_eq!(write.await.unwrap().status, 204);
    while !server.task.is_finished() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let zone = provider.zones().await.unwrap().remove(0);
    assert_eq!(provider.records(&zone).await.unwrap().records.len(), 1);
}

#[tokio::test]
async fn idle_connections_do_not_keep_the_process() {
    let server = serve(&Provider::new(&["example.org"]), config()).await;
    let _idle = connect(&server).await;
    let mut used = connect(&server).await;
    used.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    used.read_exact(&mut [0; 15]).await.unwrap();
    server.stop.cancel();
    tokio::time::timeout(Duration::from_secs(30), server.task).await.unwrap().unwrap();
}
