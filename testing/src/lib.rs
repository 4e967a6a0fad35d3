//! What the project's tests run against, for development only: never a dependency of the daemon.
//!
//! * [`KubeApiserver`]: a real kube-apiserver with its etcd, alone on loopback ports. No controllers run,
//!   so nothing happens to an object but what the test does to it.
//! * [`WebhookStandIn`]: the other side of the webhook protocol, keeping records in memory and writing down
//!   every call.
//! * [`DynamoDbLocal`]: DynamoDB Local behind a door that counts, and that refuses as it is told.
//! * [`Moto`]: an imitation of AWS, to hold our own against.
//! * [`NameServer`]: BIND or Knot, with zones that take signed updates and transfers.
//! * [`TlsFront`]: HTTPS before any of them, by an authority that nobody knows.
//! * [`ApiProxy`]: a way to the API server that refuses, breaks off and dawdles as it is told.
//!
//! They belong to the async runtime they were started on and end with it: start them inside the test.
//! What they need is installed by `tests/setup/install-test-components`. A test that finds it missing
//! fails and says so; skipping would let a broken machine look like a healthy program.

mod api_proxy;
mod apiserver;
mod components;
mod dynamodb;
mod error;
mod identity;
mod moto;
mod name_server;
mod objects;
mod process;
mod reset;
mod tls_front;
mod webhook;

pub use api_proxy::{ApiFault, ApiProxy, ApiRule, Verb};
pub use apiserver::KubeApiserver;
pub use components::{aws_cli, external_dns_client, gateway_crds, helm, kubectl};
pub use dynamodb::{DynamoDbFault, DynamoDbLocal};
pub use error::Error;
pub use moto::Moto;
pub use name_server::{Make, NameServer, NameServerSetup, TlsSetup};
pub use process::free_port;
pub use tls_front::TlsFront;
pub use webhook::{Call, Effect, Gate, WebhookStandIn, Witness};

/// What everything here returns.
pub type Result<T> = std::result::Result<T, Error>;
