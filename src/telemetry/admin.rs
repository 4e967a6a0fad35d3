//! The HTTP address for probes, Prometheus and people (`--metrics-address`).

use super::{Health, Metrics, Status, Verdict, approve, status};
use crate::sync::guard::ApprovalHandle;
use axum::Router;
use axum::extract::RawQuery;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::{any, get};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// A bound address that does not serve yet.
#[derive(Debug)]
pub struct AdminServer {
    listener: TcpListener,
}

/// Why the address cannot be bound.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on --metrics-address={address}: {source}")]
pub struct AdminError {
    address: String,
    source: std::io::Error,
}

impl AdminServer {
    /// Binds the address. Done before anything slow, so that a liveness probe never waits for a cluster or a provider.
    /// As in Go, `:7979` means every address of the machine.
    ///
    /// # Errors
    /// When the address is malformed or taken.
    pub async fn bind(address: &str) -> Result<Self, AdminError> {
        let full = if address.starts_with(':') { format!("[::]{address}") } else { address.to_owned() };
        let listener = match TcpListener::bind(&full).await {
            Ok(listener) => Ok(listener),
            // Machines without IPv6.
            Err(_) if address.starts_with(':') => TcpListener::bind(format!("0.0.0.0{address}")).await,
            Err(error) => Err(error),
        };
        listener
            .map(|listener| Self { listener })
            .map_err(|source| AdminError { address: address.to_owned(), source })
    }

    /// The bound address; the port is the real one where 0 was asked for.
    ///
    /// # Errors
    /// When the operating system does not tell.
    pub fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `stop` fires.
    pub async fn serve(
        self,
        metrics: Arc<Metrics>,
        health: Health,
        approvals: ApprovalHandle,
        page: Status,
        stop: CancellationToken,
    ) {
        let ready = health.clone();
        let app = Router::new()
            .route(
                "/healthz",
                any(async move |RawQuery(query)| {
                    answer("healthz", &health.liveness(Instant::now()), query.as_deref())
                }),
            )
            .route(
                "/readyz",
                any(async move |RawQuery(query)| answer("readyz", &ready.readiness(), query.as_deref())),
            )
            .route("/metrics", get(move || render(metrics.clone())))
            .merge(approve::routes(approvals))
            .merge(status::routes(page))
            .into_make_service_with_connect_info::<SocketAddr>();
        let served =
            axum::serve(self.listener, app).with_graceful_shutdown(async move { stop.cancelled().await });
        if let Err(error) = served.await {
            tracing::error!("the metrics address stopped serving: {error}");
        }
    }
}

/// `OK` as ExternalDNS says it; the single checks where one failed, and with `?verbose`, as Kubernetes itself has it.
fn answer(endpoint: &str, verdict: &Verdict, query: Option<&str>) -> (StatusCode, String) {
    let is_verbose = query.is_some_and(|query| query.split('&').any(|word| word.starts_with("verbose")));
    match (verdict.is_good(), is_verbose) {
        (true, false) => (StatusCode::OK, "OK".to_owned()),
        (true, true) => (StatusCode::OK, verdict.lines(endpoint)),
        (false, _) => (StatusCode::SERVICE_UNAVAILABLE, verdict.lines(endpoint)),
    }
}

async fn render(metrics: Arc<Metrics>) -> impl IntoResponse {
    match metrics.render() {
        Ok(text) => Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text)),
        Err(error) => Err((StatusCode::INTERNAL_SERVER_ERROR, error.to_string())),
    }
}
