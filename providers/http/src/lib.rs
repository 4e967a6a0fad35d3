//! What providers share that talk to their service over HTTP.
//!
//! ```text
//! Request ── Api::send: budget, secret headers, recorder ──> Answer, read whole and within bounds
//!    Answer::json ──> what the service said          Answer::error ──> ProviderError of the right class
//! ```
//!
//! [`Api`] is for services that answer with documents of JSON. Others ([`client`] and the functions of [`answers`]) take the pieces.
//! Nothing here tries again or sleeps longer than the request budget says: the loop above does.

pub mod answers;
mod api;
mod client;
mod secrets;
mod urls;

pub use api::{Answer, Api, ApiSettings, Request};
pub use client::{Timeouts, client};
pub use reqwest::{Method, StatusCode, Url, header};
pub use secrecy::{ExposeSecret, SecretString};
pub use secrets::{Secret, SecretSource};
pub use urls::{
    UrlError, below, is_this_machine, parse_base_url, secrets_of, secrets_of_proxies, shown, shown_text,
};
