//! A webhook provider that holds a large zone in which everything is as it should be, for measuring a full plan that finds
//! nothing to do: `benches/no-op-plan` runs it.
//!
//! ```text
//! webhook_zone [NAMES [WISHES]]     prints its URL, then serves until it is killed
//!
//! GET  /records          NAMES address records and as many ownership rows
//! POST /adjustendpoints  WISHES wishes for the first of these names, whatever is sent: so a source that is empty is enough
//! POST /records          refused: nothing is to be written
//! ```
//!
//! Both answers are made once, at the start: what is measured beside it is the client and not this.

use axum::Router;
use axum::body::Bytes;
use axum::extract::DefaultBodyLimit;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const MEDIA_TYPE: &str = "application/external.dns.webhook+json;version=1";
const OWNER: &str = "default";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let mut numbers = std::env::args().skip(1).map(|argument| argument.parse::<u32>());
    let names = numbers.next().transpose()?.unwrap_or(50_000);
    let wishes = numbers.next().transpose()?.unwrap_or(names);
    let records = list((0..names).flat_map(|n| [address(n, ""), row(n)]));
    let wishes = list((0..wishes).map(|n| address(n, &label(n))));
    let app = Router::new()
        .route("/", get(|| async { answer("{}".into()) }))
        .route("/records", get(async || answer(records)).post(|| async { StatusCode::FORBIDDEN }))
        .route("/adjustendpoints", post(async |_: Bytes| answer(wishes)))
        .layer(DefaultBodyLimit::disable());
    let listener = tokio::net::TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
    writeln!(std::io::stdout(), "http://{}", listener.local_addr()?)?;
    Ok(axum::serve(listener, app).await?)
}

fn answer(body: Bytes) -> Response {
    ([(header::CONTENT_TYPE, MEDIA_TYPE)], body).into_response()
}

fn list(rows: impl Iterator<Item = String>) -> Bytes {
    format!("[{}]\n", rows.collect::<Vec<_>>().join(",")).into()
}

fn name(n: u32) -> String {
    format!("web-{n:06}.apps.example.org")
}

fn resource(n: u32) -> String {
    format!("ingress/team-{:02}/web-{n:06}", n % 50)
}

fn label(n: u32) -> String {
    format!(r#","labels":{{"resource":"{}"}}"#, resource(n))
}

fn address(n: u32, more: &str) -> String {
    let [_, b, c, d] = n.to_be_bytes();
    format!(
        r#"{{"dnsName":"{}","targets":["10.{b}.{c}.{d}"],"recordType":"A","recordTTL":300{more}}}"#,
        name(n)
    )
}

fn row(n: u32) -> String {
    let text = format!(
        r#"\"heritage=external-dns,external-dns/owner={OWNER},external-dns/resource={}\""#,
        resource(n)
    );
    format!(r#"{{"dnsName":"a-{}","targets":["{text}"],"recordType":"TXT","recordTTL":300}}"#, name(n))
}
