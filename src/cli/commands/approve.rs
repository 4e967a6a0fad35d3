//! `zonewright approve`: lets through what the delete guard of a running daemon withholds.

use super::output;
use serde_json::{Value, json};
use std::fmt::Write;
use std::time::Duration;

/// A daemon answers between two runs, and a run may take its time.
const PATIENCE: Duration = Duration::from_secs(120);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

pub(super) async fn run(hash: Option<&str>, address: &str) -> u8 {
    let outcome = match hash {
        Some(hash) => approve(address, hash).await,
        None => list(address).await,
    };
    match outcome {
        Ok(text) => u8::from(!output::text(&text)),
        Err(error) => {
            output::message(&format!("error: {error}"), false);
            1
        }
    }
}

async fn approve(address: &str, hash: &str) -> Result<String, String> {
    let request = client()?.post(url(address, "approve")).json(&json!({"hash": hash}));
    let approved = &ask(address, request).await?["approved"];
    Ok(format!(
        "Approved: {} deletes in zone {} go ahead now, if nothing has changed.\n",
        approved["deletes"],
        text(&approved["zone"])
    ))
}

async fn list(address: &str) -> Result<String, String> {
    let answer = ask(address, client()?.get(url(address, "withheld"))).await?;
    let all = answer["withheld"].as_array().map(Vec::as_slice).unwrap_or_default();
    if all.is_empty() {
        return Ok("Nothing is withheld.\n".to_owned());
    }
    let mut out = String::new();
    for withheld in all {
        let _ = writeln!(out, "{}  {}", text(&withheld["hash"]), text(&withheld["reason"]));
        for record in withheld["deletes"].as_array().into_iter().flatten() {
            let targets = record["targets"].as_array().into_iter().flatten();
            let targets = targets.map(text).collect::<Vec<_>>().join(", ");
            let set = Some(text(&record["setIdentifier"])).filter(|set| !set.is_empty());
            let set = set.map(|set| format!(" [{set}]")).unwrap_or_default();
            let (record_type, name) = (text(&record["type"]), text(&record["name"]));
            let _ = writeln!(out, "  - {record_type:5}  {name}{set}  {targets}");
        }
    }
    Ok(out)
}

/// Sends a request, and takes an answer that is not a success for an error.
async fn ask(address: &str, request: reqwest::RequestBuilder) -> Result<Value, String> {
    let unreachable = |error: reqwest::Error| match error.is_timeout() && !error.is_connect() {
        true => {
            format!("the daemon at {address} has not answered within {PATIENCE:?}; it may be in a long run")
        }
        false => format!("no daemon answers at {address} (--address): {}", innermost(&error)),
    };
    let response = request.send().await.map_err(unreachable)?;
    let status = response.status();
    let body: Value = serde_json::from_str(&response.text().await.map_err(unreachable)?)
        .map_err(|_| format!("what answers at {address} is not a daemon that can be asked ({status})"))?;
    match status.is_success() {
        true => Ok(body),
        false => Err(body["error"].as_str().map_or(status.to_string(), str::to_owned)),
    }
}

fn client() -> Result<reqwest::Client, String> {
    // Only the first caller in the process sets it. Nothing is encrypted on the way to oneself.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).connect_timeout(CONNECT_TIMEOUT);
    client.build().map_err(|error| innermost(&error))
}

/// As in --metrics-address, a port alone is one of this machine.
fn url(address: &str, call: &str) -> String {
    let host = if address.starts_with(':') { "127.0.0.1" } else { "" };
    format!("http://{host}{address}/api/{call}")
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn innermost(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |cause| cause.source());
    causes.last().map(ToString::to_string).unwrap_or_default()
}
