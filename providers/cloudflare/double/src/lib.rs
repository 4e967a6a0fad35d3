//! A strict stand-in for Cloudflare's API of zones, DNS records, custom hostnames and regional hostnames. For tests only.
//!
//! It speaks the real protocol on a loopback port, so that any client can be pointed at it with `CLOUDFLARE_BASE_URL`, and it refuses
//! what the service refuses. Every request and every answer is held against the published description of the API
//! ([`CloudflareDouble::violations`]), so that neither the provider nor the double can drift from it.
//!
//! ```no_run
//! use zonewright_cloudflare_double::{CloudflareDouble, Fault, Operation, When};
//!
//! # async fn test() -> Result<(), std::io::Error> {
//! let cloudflare = CloudflareDouble::start().await?;
//! let zone = cloudflare.add_zone("example.com", "free");
//! cloudflare.seed(&zone, "A", "www.example.com", "192.0.2.1");
//! cloudflare.inject(When::call(Operation::ListRecords).in_zone(&zone), Fault::throttled(Some(30)));
//!
//! // … point a client at cloudflare.url(), with the token cloudflare.token() …
//!
//! assert_eq!(cloudflare.count(Operation::Batch), 1);
//! assert!(cloudflare.violations().is_empty());
//! # Ok(())
//! # }
//! ```
//!
//! # What is not known
//!
//! The rules come from the description of the API, the developer documentation and what users report. Where these leave open what the
//! service does, the double does the stricter thing: nothing stands beside a CNAME but at the apex, a TTL beside "proxied" other than 1 is
//! refused and not mended, and so is a name outside of the zone. The numbers of error codes are those that users report.

mod api;
mod contract;
mod control;
mod faults;
mod hostnames;
mod log;
mod records;
mod server;
mod state;

pub use control::CloudflareDouble;
pub use faults::{Fault, When};
pub use log::{Exchange, Operation};
