//! The strict Route 53 of the tests. It answers at once and does not limit the rate: what a daemon asks for is counted.

use super::Calls;
use crate::Result;
use std::collections::HashMap;
use std::time::{Duration, Instant};
use zonewright_aws_double::{AwsDouble, NewZone, Operation};

/// How often it is looked whether another write has come; so much later than it came it may seem.
const LOOK: Duration = Duration::from_millis(2);

pub struct Provider {
    aws: AwsDouble,
    zone: String,
    awaited: HashMap<String, String>,
    /// Writes that have been looked at.
    seen: Option<usize>,
}

impl Provider {
    pub async fn start() -> Result<Self> {
        let aws = AwsDouble::start().await?;
        let zone = aws.create_zone(NewZone::public("example.org"))?;
        Ok(Self { aws, zone, awaited: HashMap::new(), seen: None })
    }

    pub fn url(&self) -> String {
        self.aws.url()
    }

    pub fn calls(&self) -> Calls {
        let count = |operation| self.aws.count(operation);
        Calls {
            lists: count(Operation::ListHostedZones) + count(Operation::ListResourceRecordSets),
            adjusts: 0,
            writes: self.writes(),
        }
    }

    fn writes(&self) -> usize {
        self.aws.count(Operation::ChangeResourceRecordSets)
    }

    pub fn expect(&mut self, wanted: HashMap<String, String>) {
        self.awaited = wanted;
        self.seen = None;
    }

    pub async fn fulfilled(&mut self, patience: Duration) -> Result<Instant> {
        let deadline = Instant::now() + patience;
        loop {
            let (writes, now) = (self.writes(), Instant::now());
            // Looking through everything takes its time, so only where something is new.
            if self.seen.replace(writes) != Some(writes) {
                for set in self.aws.records(&self.zone).iter().filter(|set| set.kind == "A") {
                    let name = set.name.trim_end_matches('.');
                    let target = set.values.first().map_or("", String::as_str);
                    let is = format!("{target} {}", set.ttl.unwrap_or_default());
                    if self.awaited.get(name) == Some(&is) {
                        self.awaited.remove(name);
                    }
                }
                if self.awaited.is_empty() {
                    return Ok(now);
                }
            }
            if now > deadline {
                return Err(format!("{} records are missing", self.awaited.len()).into());
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}
