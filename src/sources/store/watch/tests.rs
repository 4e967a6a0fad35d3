//! The API server is played by the test: each request waits until the test answers it. Time is paused.

use super::*;
use crate::kube_object;
use crate::sources::object::Metadata;
use crate::sources::store::{Cache, Retention};
use axum::body::{Body, Bytes};
use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use futures::{FutureExt, StreamExt};
use http::{Request, Response};
use serde_json::{Value, json};
use std::convert::Infallible;
use tokio::sync::oneshot;

#[derive(Debug, serde::Deserialize)]
struct Thing {
    metadata: Metadata,
    #[serde(default)]
    size: u32,
}
kube_object!(Thing);

const THING: Kind = Kind::namespaced("example.org/v1", "Thing", "things");
const THINGS: &str = "/apis/example.org/v1/things?&limit=500";

/// A request that waits for its answer.
struct Asked {
    uri: String,
    reply: oneshot::Sender<Response<Body>>,
}

impl Asked {
    fn is_watch_from(&self, version: &str) -> bool {
        self.uri.contains("watch=true")
            && self.uri.contains("allowWatchBookmarks=true")
            && self.uri.ends_with(&format!("&resourceVersion={version}"))
    }

    fn answer(self, status: u16, body: impl Into<Body>) {
        let response = Response::builder().status(status).body(body.into()).unwrap();
        self.reply.send(response).unwrap();
    }

    fn answer_page(self, version: &str, continuation: &str, items: &[Value]) {
        let page = json!({"kind": "ThingList", "metadata": {"resourceVersion": version, "continue": continuation},
            "items": items});
        self.answer(200, page.to_string());
    }

    fn answer_list(self, version: &str, items: &[Value]) {
        self.answer_page(version, "", items);
    }

    fn refuse(self, code: u16, message: &str) {
        self.answer(code, status(code, message).to_string());
    }

    fn open_watch(self) -> Stream {
        let (lines, receiver) = unbounded::<std::io::Result<Bytes>>();
        self.answer(200, Body::from_stream(receiver));
        Stream(lines)
    }
}

/// An open watch. Dropped, it ends properly.
struct Stream(UnboundedSender<std::io::Result<Bytes>>);

impl Stream {
    fn event(&self, kind: &str, object: &Value) {
        self.text(&format!("{}\n", json!({"type": kind, "object": object})));
    }

    fn text(&self, text: &str) {
        self.0.unbounded_send(Ok(text.to_owned().into())).unwrap();
    }

    fn cut(self) {
        self.0.unbounded_send(Err(std::io::ErrorKind::ConnectionReset.into())).unwrap();
    }
}

fn status(code: u16, message: &str) -> Value {
    json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "message": message, "reason": "Because"})
}

fn thing(name: &str, version: &str, size: impl Into<Value>) -> Value {
    json!({"metadata": {"namespace": "shop", "name": name, "resourceVersion": version}, "size": size.into()})
}

struct World {
    asked: UnboundedReceiver<Asked>,
    cache: Arc<Cache<Thing>>,
    caches: Caches,
    shutdown: CancellationToken,
    tasks: JoinSet<()>,
}

impl World {
    fn new(scope: Scope, retention: Retention) -> Self {
        let (sender, asked) = unbounded();
        let service = tower::service_fn(move |request: Request<kube::client::Body>| {
            let (reply, answer) = oneshot::channel();
            sender.unbounded_send(Asked { uri: request.uri().to_string(), reply }).unwrap();
            async move {
                match answer.await {
                    Ok(response) => Ok::<_, Infallible>(response),
                    Err(_) => futures::future::pending().await,
                }
            }
        });
        let mut caches = Caches::new(retention);
        let cache = caches.of::<Thing>(THING, scope);
        let shutdown = CancellationToken::new();
        let tasks = start(&caches, &Client::new(service, "default"), &shutdown);
        Self { asked, cache, caches, shutdown, tasks }
    }

    fn plain() -> Self {
        Self::new(Scope::default(), Retention::default())
    }

    /// A world in which one thing called `a` was listed and the watch is open.
    async fn watching() -> (Self, Stream) {
        let mut world = Self::plain();
        world.asked().await.answer_list("10", &[thing("a", "1", 1)]);
        let asked = world.asked().await;
        assert!(asked.is_watch_from("10"), "{}", asked.uri);
        (world, asked.open_watch())
    }

    async fn asked(&mut self) -> Asked {
        self.asked.next().await.unwrap()
    }

    /// The next request, which must be a list.
    async fn asked_to_list(&mut self) -> Asked {
        let asked = self.asked().await;
        assert_eq!(asked.uri, THINGS);
        asked
    }

    async fn asked_to_watch(&mut self, version: &str) -> Asked {
        let asked = self.asked().await;
        assert!(asked.is_watch_from(version), "{}", asked.uri);
        asked
    }

    fn contents(&self) -> Vec<(String, u32)> {
        self.cache.read().iter().map(|o| (o.fields.metadata.name.to_string(), o.fields.size)).collect()
    }

    async fn becomes(&self, expected: &[(&str, u32)]) {
        let mut changes = self.caches.changes();
        let reached = async {
            while !self
                .contents()
                .iter()
                .map(|(name, size)| (name.as_str(), *size))
                .eq(expected.iter().copied())
            {
                changes.changed().await.unwrap();
            }
        };
        let patience = Duration::from_secs(3600);
        assert!(timeout(patience, reached).await.is_ok(), "{:?} is not {expected:?}", self.contents());
    }

    async fn fails_with(&self, reason: &str) {
        let mut changes = self.caches.changes();
        while *self.cache.read().status() != CacheStatus::Failing(reason.to_owned()) {
            let changed = timeout(Duration::from_secs(3600), changes.changed()).await;
            assert!(changed.is_ok(), "{:?}", self.cache.read().status());
        }
    }

    fn is_synced(&self) -> bool {
        *self.cache.read().status() == CacheStatus::Synced
    }
}

#[rstest::rstest]
#[case(Kind::cluster_wide("v1", "Node", "nodes"), "shop", "/api/v1/nodes")]
#[case(Kind::namespaced("v1", "Pod", "pods"), "", "/api/v1/pods")]
#[case(Kind::namespaced("v1", "Pod", "pods"), "shop", "/api/v1/namespaces/shop/pods")]
#[case(THING, "", "/apis/example.org/v1/things")]
#[case(THING, "shop", "/apis/example.org/v1/namespaces/shop/things")]
fn collections_have_paths(#[case] kind: Kind, #[case] namespace: &str, #[case] path: &str) {
    assert_eq!(collection_path(&kind, &Scope { namespace: namespace.into(), ..Scope::default() }), path);
}

#[tokio::test(start_paused = true)]
async fn a_list_comes_in_pages_and_is_seen_whole() {
    let mut world = World::plain();
    world.asked_to_list().await.answer_page("10", "more?", &[thing("a", "1", 1)]);
    let second = world.asked().await;
    assert_eq!(second.uri, format!("{THINGS}&continue=more%3F"));
    assert_eq!(world.contents(), []);
    assert_eq!(*world.cache.read().status(), CacheStatus::Pending);
    second.answer_list("10", &[thing("b", "2", 2)]);
    world.becomes(&[("a", 1), ("b", 2)]).await;
    assert!(world.is_synced());
    world.asked_to_watch("10").await;
}

#[tokio::test(start_paused = true)]
async fn scope_and_selector_reach_the_server() {
    let scope = Scope { namespace: "shop".into(), labels: "app in (a,b)".into() };
    let mut world = World::new(scope, Retention::default());
    let asked = world.asked().await;
    let path = "/apis/example.org/v1/namespaces/shop/things?&labelSelector=app+in+%28a%2Cb%29";
    assert_eq!(asked.uri, format!("{path}&limit=500"));
    asked.answer_list("10", &[]);
    let asked = world.asked_to_watch("10").await;
    assert!(asked.uri.contains("labelSelector=app+in+%28a%2Cb%29"), "{}", asked.uri);
    assert!(world.is_synced());
}

#[tokio::test(start_paused = true)]
async fn events_change_the_cache() {
    let (world, stream) = World::watching().await;
    stream.event("ADDED", &thing("b", "11", 2));
    world.becomes(&[("a", 1), ("b", 2)]).await;
    stream.event("MODIFIED", &thing("a", "12", 5));
    world.becomes(&[("a", 5), ("b", 2)]).await;
    stream.event("DELETED", &thing("b", "13", 2));
    world.becomes(&[("a", 5)]).await;
}

#[tokio::test(start_paused = true)]
async fn an_event_may_come_in_pieces_and_several_at_once() {
    let (world, stream) = World::watching().await;
    let line = |object: Value| json!({"type": "ADDED", "object": object}).to_string();
    let both = format!("{}\n{}\n", line(thing("b", "11", 2)), line(thing("c", "12", 3)));
    let (start, rest) = both.split_at(30);
    stream.text(start);
    tokio::task::yield_now().await;
    assert_eq!(world.contents().len(), 1);
    stream.text(rest);
    world.becomes(&[("a", 1), ("b", 2), ("c", 3)]).await;
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_ends_is_resumed_at_once_from_the_last_version() {
    let (mut world, stream) = World::watching().await;
    stream.event("ADDED", &thing("b", "11", 2));
    stream.event("BOOKMARK", &json!({"kind": "Thing", "metadata": {"resourceVersion": "20"}}));
    let before = Instant::now();
    drop(stream);
    world.asked_to_watch("20").await.open_watch();
    assert_eq!(before.elapsed(), Duration::ZERO);
    assert!(world.is_synced());
    assert_eq!(world.contents().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_the_server_forgot_to_end_is_ended_by_the_client() {
    let (mut world, stream) = World::watching().await;
    let before = Instant::now();
    world.asked_to_watch("10").await;
    let lasted = before.elapsed();
    assert!(lasted >= Duration::from_secs(300) && lasted <= Duration::from_secs(616), "{lasted:?}");
    drop(stream);
}

#[tokio::test(start_paused = true)]
async fn a_cut_connection_is_resumed_and_the_cache_stays_complete() {
    let (mut world, stream) = World::watching().await;
    stream.event("ADDED", &thing("b", "11", 2));
    world.becomes(&[("a", 1), ("b", 2)]).await;
    stream.text(r#"{"type":"ADDED","obj"#);
    stream.cut();
    let resumed = world.asked_to_watch("11").await;
    assert!(world.is_synced());
    let stream = resumed.open_watch();
    stream.event("DELETED", &thing("a", "12", 1));
    world.becomes(&[("b", 2)]).await;
}

#[tokio::test(start_paused = true)]
async fn half_an_event_at_the_end_is_no_event() {
    let (mut world, stream) = World::watching().await;
    let line = json!({"type": "ADDED", "object": thing("b", "11", 2)}).to_string();
    stream.text(&line);
    drop(stream);
    world.asked_to_watch("10").await;
    assert_eq!(world.contents().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn watches_that_end_at_once_are_not_asked_for_without_pause() {
    let (mut world, stream) = World::watching().await;
    drop(stream);
    let before = Instant::now();
    for _ in 0..8 {
        drop(world.asked_to_watch("10").await.open_watch());
    }
    world.asked_to_watch("10").await;
    assert!(before.elapsed() > Duration::from_secs(10), "{:?}", before.elapsed());
}

#[rstest::rstest]
#[case::as_an_event(true)]
#[case::as_an_answer(false)]
#[tokio::test(start_paused = true)]
async fn an_expired_version_means_a_new_list_that_is_swapped_in_whole(#[case] as_event: bool) {
    let (mut world, stream) = World::watching().await;
    if as_event {
        stream.event("ERROR", &status(410, "too old resource version: 10 (99)"));
    } else {
        drop(stream);
        world.asked_to_watch("10").await.refuse(410, "too old resource version: 10 (99)");
    }
    let before = Instant::now();
    world.asked_to_list().await.answer_page("100", "more", &[thing("b", "50", 2)]);
    assert!(before.elapsed() < Duration::from_secs(1));
    let second = world.asked().await;
    assert_eq!(world.contents(), [("a".to_owned(), 1)]);
    assert!(world.is_synced());
    second.answer_list("100", &[]);
    world.becomes(&[("b", 2)]).await;
    world.asked_to_watch("100").await;
}

#[tokio::test(start_paused = true)]
async fn what_a_new_list_repeats_is_not_held_twice() {
    let (mut world, stream) = World::watching().await;
    let held = world.cache.read().get("shop", "a").unwrap().clone();
    stream.event("ERROR", &status(410, "expired"));
    world.asked_to_list().await.answer_list("20", &[thing("a", "1", 1), thing("b", "15", 2)]);
    world.becomes(&[("a", 1), ("b", 2)]).await;
    assert!(Arc::ptr_eq(&held, world.cache.read().get("shop", "a").unwrap()));
    world.asked_to_watch("20").await.refuse(410, "expired");
    world.asked_to_list().await.answer_list("30", &[thing("a", "25", 7)]);
    world.becomes(&[("a", 7)]).await;
}

#[tokio::test(start_paused = true)]
async fn a_refused_list_is_named_and_tried_again_for_ever() {
    let mut world = World::plain();
    let before = Instant::now();
    let message = "things.example.org is forbidden: User \"x\" cannot list resource \"things\"";
    for _ in 0..20 {
        world.asked_to_list().await.refuse(403, message);
        world.fails_with(&format!("cannot list things.example.org: 403 Forbidden: {message}")).await;
    }
    // Twelve waits of 15 to 30 s, and those that lead up to them.
    assert!(before.elapsed() > Duration::from_secs(180) && before.elapsed() < Duration::from_secs(420));
    world.asked_to_list().await.answer_list("10", &[thing("a", "1", 1)]);
    world.becomes(&[("a", 1)]).await;
    assert!(world.is_synced());
}

#[tokio::test(start_paused = true)]
async fn a_missing_resource_is_found_when_it_appears() {
    let mut world = World::plain();
    // What the API server says of a group it does not know.
    world.asked_to_list().await.answer(404, "404 page not found\n");
    world
        .fails_with(
            "cannot list things.example.org: the server has no such resource in version v1 (404): \
             its CRD is missing or of another version",
        )
        .await;
    world.asked_to_list().await.answer_list("10", &[thing("a", "1", 1)]);
    world.becomes(&[("a", 1)]).await;
    assert!(world.is_synced());
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_cannot_be_resumed_is_replaced_by_a_list_and_only_then_failing() {
    let (mut world, stream) = World::watching().await;
    drop(stream);
    for _ in 0..RESUMPTIONS {
        world.asked_to_watch("10").await.refuse(503, "etcd is away");
        assert!(world.is_synced());
    }
    let list = world.asked_to_list().await;
    assert!(world.is_synced());
    list.refuse(503, "etcd is away");
    world.fails_with("cannot list things.example.org: 503 Service Unavailable: etcd is away").await;
    assert_eq!(world.contents(), [("a".to_owned(), 1)], "what was known stays");
    world.asked_to_list().await.answer_list("20", &[]);
    world.becomes(&[]).await;
    assert!(world.is_synced());
}

#[tokio::test(start_paused = true)]
async fn a_refused_watch_is_not_asked_for_again_before_a_list() {
    let (mut world, stream) = World::watching().await;
    drop(stream);
    world.asked_to_watch("10").await.refuse(403, "no longer");
    world.asked_to_list().await.refuse(403, "no longer");
    world.fails_with("cannot list things.example.org: 403 Forbidden: no longer").await;
}

#[tokio::test(start_paused = true)]
async fn the_server_may_ask_for_patience() {
    let mut world = World::plain();
    let mut busy = status(429, "busy");
    busy["details"] = json!({"retryAfterSeconds": 45});
    world.asked_to_list().await.answer(429, busy.to_string());
    let before = Instant::now();
    world.asked_to_list().await;
    assert!(before.elapsed() >= Duration::from_secs(45));
}

#[tokio::test(start_paused = true)]
async fn an_undecodable_object_keeps_its_last_good_state() {
    let (mut world, stream) = World::watching().await;
    stream.event("MODIFIED", &thing("a", "11", "large"));
    stream.event("ADDED", &thing("b", "12", "large"));
    stream.event("ADDED", &thing("c", "13", 3));
    world.becomes(&[("a", 1), ("c", 3)]).await;
    let undecodable = || world.cache.undecodable().into_iter().map(|(key, _)| key.path()).collect::<Vec<_>>();
    assert_eq!(undecodable(), ["shop/a", "shop/b"]);
    assert!(world.is_synced());

    // It is known to exist through lists, too, and forgotten when it is deleted or can be read again.
    stream.event("ERROR", &status(410, "expired"));
    let items = [thing("a", "11", "large"), thing("b", "12", "large"), thing("d", "14", 4)];
    world.asked_to_list().await.answer_list("20", &items);
    world.becomes(&[("a", 1), ("d", 4)]).await;
    let undecodable = || world.cache.undecodable().into_iter().map(|(key, _)| key.path()).collect::<Vec<_>>();
    assert_eq!(undecodable(), ["shop/a", "shop/b"]);
    let stream = world.asked_to_watch("20").await.open_watch();
    stream.event("DELETED", &thing("a", "21", "large"));
    stream.event("MODIFIED", &thing("b", "22", 2));
    world.becomes(&[("b", 2), ("d", 4)]).await;
    assert_eq!(world.cache.undecodable(), []);
}

#[tokio::test(start_paused = true)]
async fn whole_objects_are_kept_on_request_and_look_the_same_from_list_and_watch() {
    let mut world = World::new(Scope::default(), Retention { whole_objects: true, ..Retention::default() });
    let mut listed = thing("a", "1", 1);
    listed["metadata"]["managedFields"] = json!([{"manager": "x"}]);
    world.asked_to_list().await.answer_list("10", &[listed]);
    let stream = world.asked().await.open_watch();
    let mut added = thing("b", "11", 2);
    added["apiVersion"] = json!("example.org/v1");
    added["kind"] = json!("Thing");
    stream.event("ADDED", &added);
    world.becomes(&[("a", 1), ("b", 2)]).await;
    let contents = world.cache.read();
    for object in contents.iter() {
        let whole = object.whole.as_ref().unwrap();
        assert_eq!((&whole["kind"], &whole["apiVersion"]), (&json!("Thing"), &json!("example.org/v1")));
        assert!(whole["metadata"].get("managedFields").is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn settled_means_complete_or_failing() {
    let mut world = World::plain();
    assert!(!wait_until_settled(&world.caches, Duration::from_secs(5)).await);
    world.asked_to_list().await.refuse(403, "no");
    assert!(wait_until_settled(&world.caches, Duration::from_secs(5)).await);
}

#[tokio::test(start_paused = true)]
async fn tasks_end_when_told_to() {
    let (mut world, _stream) = World::watching().await;
    assert!(world.tasks.join_next().now_or_never().is_none());
    world.shutdown.cancel();
    assert!(world.tasks.join_next().await.unwrap().is_ok());
    assert_eq!(world.contents().len(), 1);
}
