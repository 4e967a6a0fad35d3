//! The way into AWS, for everything here that uses it: region, credentials, the connection, and what errors mean.
//!
//! ```text
//! flags, environment, files ── connect ──> SdkConfig ──> client of a service ──> answers, or of_request(error)
//! ```
//!
//! Answers are read whole and within bounds before the SDK sees them, and refusals lose what they quote of our secrets (`bounds`).
//!
//! What is particular to a service it says in a [`Service`].

mod bounds;
mod connection;
mod credentials;
mod errors;
mod recording;

pub use bounds::bounded;
pub use connection::{budgeted, http_client};
pub use credentials::{Connection, connect, sdk_config};
pub use errors::{Service, of_request};
pub use recording::{NameOperation, recorded};

use secrecy::SecretString;
use zonewright_provider_kit::RequestRecorder;

/// How to get at credentials.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// `--aws-profile`: one account each; none for the default chain.
    pub profiles: Vec<String>,
    /// `--aws-assume-role`.
    pub assume_role: Option<String>,
    /// `--aws-assume-role-external-id`.
    pub external_id: Option<SecretString>,
    /// `--aws-api-retries`: how often a request is tried in all; zero for as often as it takes.
    pub attempts: u32,
    /// `--provider-requests-per-second`; `None` for what the service is known to take.
    pub requests_per_second: Option<f64>,
    /// Is told of the requests. A client also needs [`NameOperation`] among its interceptors.
    pub recorder: RequestRecorder,
}
