//! DynamoDB Local behind a door: every request of the program under test passes it, is counted, and may be refused there.

use crate::components;
use crate::error::Context;
use crate::process::{Process, free_port};
use crate::{Error, Result};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A Java program takes its time on a busy machine.
const START_TIMEOUT: Duration = Duration::from_secs(90);
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// What the target of every request begins with.
const SERVICE: &str = "DynamoDB_20120810.";
const MEDIA_TYPE: &str = "application/x-amz-json-1.0";

/// What becomes of a request at the door.
#[derive(Debug, Clone)]
pub enum DynamoDbFault {
    /// It is refused as a whole.
    Refuse {
        /// HTTP status.
        status: u16,
        /// Such as `ProvisionedThroughputExceededException`.
        code: &'static str,
    },
    /// The first statements of a batch are refused with this code, the others carried out.
    RefuseStatements {
        /// How many.
        first: usize,
        /// Such as `ProvisionedThroughputExceeded`.
        code: &'static str,
    },
    /// It is carried out, but the answer is lost.
    LoseAnswer,
}

/// DynamoDB Local on a free loopback port, its data in memory; it ends when this is dropped.
pub struct DynamoDbLocal {
    address: SocketAddr,
    door: Door,
    task: JoinHandle<()>,
    // Declared before the folder it works in, so that it ends before that is removed.
    process: Process,
    _dir: TempDir,
}

/// Status and body, or why there are none.
type Answer = std::result::Result<(StatusCode, Bytes), String>;

#[derive(Clone)]
struct Door {
    client: reqwest::Client,
    behind: String,
    log: Arc<Mutex<Log>>,
}

#[derive(Default)]
struct Log {
    requests: Vec<(String, Value)>,
    faults: BTreeMap<String, VecDeque<DynamoDbFault>>,
}

impl DynamoDbLocal {
    /// Starts it and returns when it answers. There are no tables.
    pub async fn start() -> Result<Self> {
        let library = components::dynamodb_local()?;
        let dir = tempfile::Builder::new()
            .prefix("zonewright-test-")
            .tempdir()
            .context(|| "making a temporary folder".to_owned())?;
        let port = free_port()?;
        let process = start_program(&library, port, dir.path())?;
        // One that is there already is as good.
        drop(rustls::crypto::ring::default_provider().install_default());
        let behind = format!("http://127.0.0.1:{port}/");
        let door = Door { client: reqwest::Client::new(), behind, log: Arc::default() };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.context(|| "opening a port".to_owned())?;
        let address = listener.local_addr().context(|| "opening a port".to_owned())?;
        let router = Router::new().fallback(pass).with_state(door.clone());
        let task = tokio::spawn(async move {
            // It ends with its task.
            drop(axum::serve(listener, router).await);
        });
        let mut this = Self { address, door, task, process, _dir: dir };
        let deadline = Instant::now() + START_TIMEOUT;
        while this.call("ListTables", &json!({})).await.is_err() {
            if this.process.has_ended() {
                return Err(this.process.problem("ended while starting"));
            }
            if Instant::now() > deadline {
                return Err(this.process.problem("was not ready in time"));
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
        Ok(this)
    }

    /// What `AWS_ENDPOINT_URL_DYNAMODB` should be.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Makes a table as the documentation says.
    pub async fn create_table(&self, name: &str) -> Result<()> {
        let table = json!({
            "TableName": name,
            "AttributeDefinitions": [{ "AttributeName": "k", "AttributeType": "S" }],
            "KeySchema": [{ "AttributeName": "k", "KeyType": "HASH" }],
            "BillingMode": "PAY_PER_REQUEST",
        });
        self.call("CreateTable", &table).await.map(drop)
    }

    /// Writes rows, in the form of the service, past the door.
    pub async fn put(&self, table: &str, items: &[Value]) -> Result<()> {
        for items in items.chunks(25) {
            let puts: Vec<Value> =
                items.iter().map(|item| json!({ "PutRequest": { "Item": item } })).collect();
            self.call("BatchWriteItem", &json!({ "RequestItems": { (table): puts } })).await?;
        }
        Ok(())
    }

    /// Removes the rows of these keys, in the form of the service, past the door.
    pub async fn remove(&self, table: &str, keys: &[Value]) -> Result<()> {
        for keys in keys.chunks(25) {
            let deletes: Vec<Value> =
                keys.iter().map(|key| json!({ "DeleteRequest": { "Key": { "k": key } } })).collect();
            self.call("BatchWriteItem", &json!({ "RequestItems": { (table): deletes } })).await?;
        }
        Ok(())
    }

    /// Every row, in the form of the service, by key.
    pub async fn items(&self, table: &str) -> Result<Vec<Value>> {
        let (mut items, mut start) = (Vec::new(), Value::Null);
        loop {
            let mut request = json!({ "TableName": table, "ConsistentRead": true });
            if !start.is_null() {
                request["ExclusiveStartKey"] = start;
            }
            let page = self.call("Scan", &request).await?;
            items.extend(page["Items"].as_array().cloned().unwrap_or_default());
            start = page["LastEvaluatedKey"].clone();
            if start.is_null() {
                break;
            }
        }
        items.sort_by_key(|item| item["k"].to_string());
        Ok(items)
    }

    /// One request past the door.
    pub async fn call(&self, operation: &str, request: &Value) -> Result<Value> {
        let problem = |problem: String| Error::Io {
            what: format!("asking DynamoDB Local: {operation}"),
            source: std::io::Error::other(problem),
        };
        let (status, body) =
            self.door.ask(operation, request.to_string().into(), None).await.map_err(problem)?;
        let answer: Value = serde_json::from_slice(&body).unwrap_or_default();
        if status != StatusCode::OK {
            return Err(problem(answer.to_string()));
        }
        Ok(answer)
    }

    /// What passed the door since the last time this was asked: operations with their requests, in order.
    pub fn take_requests(&self) -> Vec<(String, Value)> {
        std::mem::take(&mut self.door.log().requests)
    }

    /// How often each operation passed the door since it was last asked.
    pub fn take_calls(&self) -> BTreeMap<String, usize> {
        let mut calls = BTreeMap::new();
        for (operation, _) in self.take_requests() {
            *calls.entry(operation).or_default() += 1;
        }
        calls
    }

    /// What the next requests for this operation get, one each.
    pub fn fail(&self, operation: &str, faults: impl IntoIterator<Item = DynamoDbFault>) {
        self.door.log().faults.entry(operation.to_owned()).or_default().extend(faults);
    }
}

impl Drop for DynamoDbLocal {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn start_program(library: &Path, port: u16, dir: &Path) -> Result<Process> {
    let library = library.display();
    let arguments = [
        // Quick to start, and small: the tables of tests are.
        "-Xmx256m".to_owned(),
        "-XX:+UseSerialGC".to_owned(),
        "-XX:TieredStopAtLevel=1".to_owned(),
        format!("-Djava.library.path={library}"),
        "-cp".to_owned(),
        format!("{library}/*"),
        "com.amazonaws.services.dynamodbv2.local.main.ServerRunner".to_owned(),
        "-inMemory".to_owned(),
        "-disableTelemetry".to_owned(),
        "-port".to_owned(),
        port.to_string(),
    ];
    Process::start("dynamodb-local", Path::new("java"), arguments, dir)
}

impl Door {
    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn ask(&self, operation: &str, body: Bytes, authorization: Option<&str>) -> Answer {
        // It checks no signature, but keeps the tables of each key and region apart.
        let anybody = "AWS4-HMAC-SHA256 Credential=test/20250101/us-east-1/dynamodb/aws4_request, \
                       SignedHeaders=host, Signature=none";
        let request = self.client.post(&self.behind).body(body);
        let request = request
            .header("X-Amz-Target", format!("{SERVICE}{operation}"))
            .header("Content-Type", MEDIA_TYPE)
            .header("Authorization", authorization.unwrap_or(anybody));
        let answer = request.send().await.map_err(|error| format!("{error:?}"))?;
        let status = answer.status();
        Ok((status, answer.bytes().await.map_err(|error| format!("{error:?}"))?))
    }

    /// Carries out what is left of a batch, and puts the refusals before the answers.
    async fn ask_rest(
        &self,
        request: &Value,
        first: usize,
        code: &str,
        authorization: Option<&str>,
    ) -> Answer {
        let statements = request["Statements"].as_array().cloned().unwrap_or_default();
        let (refused, rest) = statements.split_at(first.min(statements.len()));
        let refusal = json!({ "Error": { "Code": code, "Message": "refused at the door" } });
        let mut answers = vec![refusal; refused.len()];
        if !rest.is_empty() {
            let body = json!({ "Statements": rest }).to_string().into();
            let (status, body) = self.ask("BatchExecuteStatement", body, authorization).await?;
            let answer: Value = serde_json::from_slice(&body).unwrap_or_default();
            let Some(rest) = answer["Responses"].as_array() else { return Ok((status, body)) };
            answers.extend(rest.iter().cloned());
        }
        Ok((StatusCode::OK, json!({ "Responses": answers }).to_string().into()))
    }
}

async fn pass(State(door): State<Door>, headers: HeaderMap, body: Bytes) -> Response {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let target = text("x-amz-target").unwrap_or_default();
    let operation = target.strip_prefix(SERVICE).unwrap_or(target);
    let authorization = text("authorization");
    let request: Value = serde_json::from_slice(&body).unwrap_or_default();
    let fault = {
        let mut log = door.log();
        log.requests.push((operation.to_owned(), request.clone()));
        log.faults.get_mut(operation).and_then(VecDeque::pop_front)
    };
    let answer = match fault {
        None => door.ask(operation, body, authorization).await,
        Some(DynamoDbFault::Refuse { status, code }) => {
            let body = json!({ "__type": format!("com.amazonaws.dynamodb.v20120810#{code}"), "message": "refused at the door" });
            Ok((StatusCode::from_u16(status).unwrap_or_default(), body.to_string().into()))
        }
        Some(DynamoDbFault::RefuseStatements { first, code }) => {
            door.ask_rest(&request, first, code, authorization).await
        }
        Some(DynamoDbFault::LoseAnswer) => match door.ask(operation, body, authorization).await {
            Ok(_) => Ok((StatusCode::GATEWAY_TIMEOUT, Bytes::new())),
            Err(error) => Err(error),
        },
    };
    match answer {
        Ok((status, body)) => (status, [("Content-Type", MEDIA_TYPE)], body).into_response(),
        Err(error) => (StatusCode::BAD_GATEWAY, error).into_response(),
    }
}
