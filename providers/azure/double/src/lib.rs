//! A strict stand-in for Azure DNS, Azure Private DNS, and for those who give tokens: Entra ID, instance metadata, the local endpoint
//! of App Service. For tests only.
//!
//! It speaks the real protocols on a loopback port, and refuses what the services refuse. Every request to Resource Manager, and every
//! answer of the double itself, is held against the published descriptions of the two APIs (`specs/`); what does not conform is
//! refused, so that neither a provider nor the double can drift from them.
//!
//! ```no_run
//! use zonewright_azure_double::{AzureDouble, Fault, NewZone, Operation, RecordSet, When};
//!
//! # async fn test() -> Result<(), Box<dyn std::error::Error>> {
//! let azure = AzureDouble::start().await?;
//! azure.add_principal("tenant", "client", "secret");
//! let zone = azure.create_zone(NewZone::public("sub", "group", "example.org"));
//! azure.seed(&zone, [RecordSet::new("www", "A", 300, &["192.0.2.1"])])?;
//! azure.inject(When::call(Operation::PutRecordSet).in_zone(&zone).times(2), Fault::throttled(Some(1)));
//!
//! // … point a client at azure.url(): cloud AzureStackCloud with it as endpoint, audience and authority …
//!
//! assert_eq!(azure.records(&zone), [RecordSet::new("www", "A", 300, &["192.0.2.1"])]);
//! # Ok(())
//! # }
//! ```
//!
//! # What is not known
//!
//! Rules and messages come from the documentation, the published API and from what users report. Where these leave open what the
//! service does, the double does the stricter thing: a record set that is changed under a condition has to be there; one TXT record set
//! holds 4096 characters in all; values occur once. Refusals come in the form of the published API, or without the `error` around them,
//! as the services are reported to send them ([`AzureDouble::answer_bare`]).

mod answer;
mod arm;
mod call;
mod control;
mod faults;
mod log;
mod published;
mod record;
mod rules;
mod server;
mod state;
mod tokens;

pub use call::Operation;
pub use control::{AzureDouble, Error};
pub use faults::{Fault, When};
pub use log::Request;
pub use record::RecordSet;
pub use state::NewZone;
