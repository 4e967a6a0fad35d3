//! A strict stand-in for Amazon Route 53 and AWS Cloud Map, with as much of STS as is needed to take on a role. For tests only.
//!
//! It speaks the real protocols on a loopback port, so that any client can be pointed at it with `AWS_ENDPOINT_URL`, and it
//! refuses what the service refuses: a provider that gets by here gets by there.
//!
//! ```no_run
//! use zonewright_aws_double::{AwsDouble, Fault, NewZone, Operation, RecordSet, When};
//!
//! # async fn test() -> Result<(), Box<dyn std::error::Error>> {
//! let aws = AwsDouble::start().await?;
//! let zone = aws.create_zone(NewZone::public("example.com").with_tag("team", "dns"))?;
//! aws.seed(&zone, [RecordSet::new("www.example.com", "A", 300, &["192.0.2.1"])])?;
//! aws.inject(When::call(Operation::ListResourceRecordSets).in_zone(&zone).times(2), Fault::throttling());
//!
//! // … point a client at aws.url() …
//!
//! assert_eq!(aws.records(&zone), [RecordSet::new("www.example.com.", "A", 300, &["192.0.2.1"])]);
//! assert_eq!(aws.count(Operation::ChangeResourceRecordSets), 1);
//! # Ok(())
//! # }
//! ```
//!
//! # What is not known
//!
//! The rules come from the API's model, its reference, the developer guide and what users report. Where these leave open what the
//! service does, the double does the stricter thing:
//!
//! * an UPSERT does not change a record set's routing policy, even where it is the only one of its name and type;
//! * the members of a weighted set have one TTL after every single change, not only after the batch;
//! * a record set is changed once in a batch, or deleted and then created; deleted and then upserted it is not;
//! * what is deleted has its values spelled as they were written: `a.example` is not `a.example.`;
//! * an alias counts as one record in the limit of a request, and as two when it is upserted;
//! * two members of a geoproximity set are in different places.
//!
//! And it is lenient in these: the target of an alias may be deleted, collections of networks are not looked for, health checks
//! may be missing from failover sets, and an alias to CloudFront may evaluate its target's health, which the reference says it
//! cannot and users do. Signatures are not computed.
//!
//! # Time
//!
//! Nothing takes time and nothing is limited until a test asks for it: [`AwsDouble::limit_rate`] (five requests a second, by a
//! clock that a test may own), [`AwsDouble::set_change_time`] (`PriorRequestNotComplete`), [`AwsDouble::set_sync_time`]
//! (`PENDING`), [`AwsDouble::set_operation_time`] (the same in Cloud Map). The double belongs to the async runtime it was started on, and stops when it is dropped.

mod access;
mod alias_zones;
mod batch;
mod call;
mod cloud_map;
mod control;
mod error;
mod faults;
mod hosted_zones;
mod log;
mod name;
mod rate;
mod record;
mod route53;
mod rules;
mod server;
mod state;
mod sts;
mod values;
mod wire;
mod xml;
mod zone;

pub use access::{ACCOUNT, Role};
pub use cloud_map::{CloudService, NamespaceKind};
pub use control::{AwsDouble, Error};
pub use error::BatchErrorForm;
pub use faults::{Fault, When};
pub use hosted_zones::NewZone;
pub use log::{Operation, Request};
pub use record::{Alias, Cidr, GeoLocation, GeoProximity, RecordSet};
