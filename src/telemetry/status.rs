//! The status page and its JSON twins: `/`, `/name/NAME`, `/api/status`, `/api/records`, `/api/names/NAME`.
//!
//! Reading only. Whatever a request costs is spent on a thread of its own, one request at a time, so that nobody who keeps reloading
//! delays the loop.

use crate::sources::Wishes;
use crate::status::explain::{Explanation, Findings, explain};
use crate::status::{Clock, Query, Rules, Scene, State, html, overview, table};
use crate::sync::Board;
use crate::sync::leadership::Leadership;
use axum::Router;
use axum::extract::{Path, RawQuery, State as Shared};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::json;
use std::sync::{Arc, OnceLock};
use tokio::sync::Semaphore;
use zonewright_planner::DnsName;

/// Similar names that are shown.
const SIMILAR: usize = 5;

/// No script, nothing from elsewhere, in nobody's frame, forms only to ourselves.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// What the page is made of, once there is something. Cheap to clone.
#[derive(Clone)]
pub struct Status {
    parts: Arc<OnceLock<StatusParts>>,
    turn: Arc<Semaphore>,
}

/// Handles on everything that a view needs.
pub struct StatusParts {
    /// What the loop saw, decided and did.
    pub board: Board,
    /// The sources.
    pub wishes: Wishes,
    /// The rules.
    pub rules: Rules,
    /// Which replica writes.
    pub leadership: Leadership,
}

impl Default for Status {
    fn default() -> Self {
        Self { parts: Arc::default(), turn: Arc::new(Semaphore::new(1)) }
    }
}

impl Status {
    /// Gives the page something to show. The first call counts.
    pub fn show(&self, parts: StatusParts) {
        // A second call would change nothing, as documented.
        drop(self.parts.set(parts));
    }

    /// Makes a view, apart from everything else that runs. `None` while there is nothing to show.
    async fn view<T: Send + 'static>(
        &self,
        make: impl FnOnce(&StatusParts) -> T + Send + 'static,
    ) -> Option<T> {
        let _turn = self.turn.acquire().await.ok()?;
        let parts = self.parts.clone();
        tokio::task::spawn_blocking(move || parts.get().map(make)).await.ok().flatten()
    }
}

impl StatusParts {
    fn with_scene<T>(&self, make: impl FnOnce(Scene<'_>) -> T) -> T {
        let sources = self.wishes.status();
        let standing = self.leadership.is_elected().then(|| self.leadership.standing());
        // In this order everywhere: first the world, then the notes.
        let world = self.board.world();
        let notes = self.board.notes();
        make(Scene {
            world: &world,
            notes: &notes,
            sources: &sources,
            rules: &self.rules,
            standing: standing.as_ref(),
            clock: Clock::now(),
        })
    }

    /// Why a name is, or is not, published, as far as a running daemon can tell.
    fn explain(&self, name: &DnsName) -> Explanation {
        let asked = self.wishes.at(name);
        let similar = match asked.objects.is_empty() {
            true => self.wishes.similar_to(name, SIMILAR),
            false => Vec::new(),
        };
        let findings = Findings { asked, similar, filtered: Vec::new() };
        self.with_scene(|scene| explain(scene, name, &findings))
    }
}

/// All routes.
pub(super) fn routes(status: Status) -> Router {
    Router::new()
        .route("/", get(page))
        .route("/name/{name}", get(name_page))
        .route("/style.css", get(style))
        .route("/api/status", get(status_json))
        .route("/api/records", get(records_json))
        .route("/api/names/{name}", get(name_json))
        .with_state(status)
}

async fn page(Shared(status): Shared<Status>, RawQuery(query): RawQuery) -> Response {
    let query = match parse(query.as_deref().unwrap_or_default()) {
        Ok(query) => query,
        Err(message) => return not_found("Not a search", &message, "./", StatusCode::BAD_REQUEST),
    };
    let text = status.view(move |parts| {
        parts.with_scene(|scene| {
            let everything = table(scene, &Query::default());
            let found = if query == Query::default() { None } else { Some(table(scene, &query)) };
            let overview = overview(scene, everything.states.clone());
            html::status_page(&overview, found.as_ref().unwrap_or(&everything), &query)
        })
    });
    match text.await {
        Some(text) => as_html(StatusCode::OK, text),
        None => starting("./"),
    }
}

async fn name_page(Shared(status): Shared<Status>, Path(name): Path<String>) -> Response {
    let name = match DnsName::parse(&name) {
        Ok(name) => name,
        Err(error) => return not_found("Not a name", &error.to_string(), "../", StatusCode::BAD_REQUEST),
    };
    match status.view(move |parts| html::name_page(&parts.explain(&name))).await {
        Some(text) => as_html(StatusCode::OK, text),
        None => starting("../"),
    }
}

async fn status_json(Shared(status): Shared<Status>) -> Response {
    let view = status.view(|parts| {
        parts.with_scene(|scene| {
            let states = table(scene, &Query::default()).states;
            serde_json::to_string_pretty(&overview(scene, states))
        })
    });
    as_json(view.await)
}

async fn records_json(Shared(status): Shared<Status>, RawQuery(query): RawQuery) -> Response {
    match parse(query.as_deref().unwrap_or_default()) {
        Ok(query) => {
            let view = status.view(move |parts| {
                parts.with_scene(|scene| serde_json::to_string_pretty(&table(scene, &query)))
            });
            as_json(view.await)
        }
        Err(message) => refuse(StatusCode::BAD_REQUEST, &message),
    }
}

async fn name_json(Shared(status): Shared<Status>, Path(name): Path<String>) -> Response {
    match DnsName::parse(&name) {
        Ok(name) => {
            as_json(status.view(move |parts| serde_json::to_string_pretty(&parts.explain(&name))).await)
        }
        Err(error) => refuse(StatusCode::BAD_REQUEST, &error.to_string()),
    }
}

async fn style() -> Response {
    let kind = [
        (header::CONTENT_TYPE, "text/css; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (kind, html::STYLE).into_response()
}

/// Reads `q`, `state`, `zone` and `page`. What is empty counts as absent, because forms send everything.
fn parse(text: &str) -> Result<Query, String> {
    let mut query = Query { page: 1, ..Query::default() };
    for (key, value) in form_urlencoded::parse(text.as_bytes()) {
        match (&*key, &*value) {
            (_, "") => {}
            ("q", text) => query.text = text.trim().to_owned(),
            ("zone", zone) => query.zone = zone.to_owned(),
            ("state", state) => {
                query.state = Some(State::from_text(state).ok_or_else(|| unknown_state(state))?);
            }
            ("page", page) => {
                query.page = page.parse().map_err(|_| format!("{page:?} is not the number of a page"))?;
            }
            // What others add to addresses (trackers, caches) is no concern of ours.
            _ => {}
        }
    }
    Ok(query)
}

fn unknown_state(state: &str) -> String {
    let known: Vec<&str> = crate::status::ALL_STATES.iter().map(|state| state.as_str()).collect();
    format!("{state:?} is not a state; there are {}", known.join(", "))
}

fn as_html(status: StatusCode, text: String) -> Response {
    (status, guarded("text/html; charset=utf-8"), text).into_response()
}

fn as_json(text: Option<serde_json::Result<String>>) -> Response {
    match text {
        Some(Ok(text)) => (guarded("application/json"), text + "\n").into_response(),
        Some(Err(error)) => refuse(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
        None => refuse(StatusCode::SERVICE_UNAVAILABLE, "starting, there is nothing to show yet"),
    }
}

fn refuse(status: StatusCode, message: &str) -> Response {
    (status, guarded("application/json"), format!("{}\n", json!({"error": message}))).into_response()
}

fn starting(root: &'static str) -> Response {
    let text = "The daemon is being put together. Reload in a moment.";
    as_html(StatusCode::SERVICE_UNAVAILABLE, html::message_page("Starting", text, root))
}

fn not_found(title: &str, message: &str, root: &'static str, status: StatusCode) -> Response {
    as_html(status, html::message_page(title, message, root))
}

fn guarded(kind: &'static str) -> [(HeaderName, HeaderValue); 6] {
    [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ]
}

#[cfg(test)]
mod tests;
