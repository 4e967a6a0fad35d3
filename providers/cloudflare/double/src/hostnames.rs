//! Custom hostnames and regional hostnames.

use crate::state::{Hostname, Refusal, State, THEN};
use serde_json::{Value, json};

/// Regions that there are.
const REGIONS: [&str; 4] = ["ca", "eu", "us", "earth"];

impl State {
    pub(crate) fn create_hostname(&mut self, zone: &str, body: &Value) -> Result<Value, Refusal> {
        let id = self.new_id();
        let text = |key: &str| body.get(key).and_then(Value::as_str).map(str::to_owned);
        let hostname = text("hostname").unwrap_or_default();
        let is_taken = self.zones.values().any(|zone| zone.hostnames.iter().any(|h| h.hostname == hostname));
        let zone = self.zone_mut(zone)?;
        if !zone.saas {
            return Err(Refusal::new(403, 1404, "Cloudflare for SaaS is not enabled on this zone."));
        }
        if is_taken {
            return Err(Refusal::new(409, 1406, "Duplicate custom hostname found."));
        }
        if hostname.split('.').count() < 2 || hostname.split('.').any(str::is_empty) || hostname.contains(' ')
        {
            return Err(Refusal::new(400, 1407, "Invalid custom hostname."));
        }
        if hostname == zone.name || hostname.ends_with(&format!(".{}", zone.name)) {
            return Err(Refusal::new(400, 1411, "A custom hostname cannot be a hostname of its own zone."));
        }
        let ssl = body.get("ssl").cloned().unwrap_or_default();
        if ssl.get("certificate_authority").is_some() && zone.plan != "enterprise" {
            return Err(Refusal::new(
                403,
                1459,
                "Access to setting a certificate authority has not been granted.",
            ));
        }
        let origin = text("custom_origin_server");
        check_origin(zone, origin.as_deref())?;
        let mut shown = ssl;
        shown["id"] = json!(format!("{id}0000").chars().take(36).collect::<String>());
        let hostname = Hostname { id, hostname, origin, ssl: shown };
        zone.hostnames.push(hostname.clone());
        Ok(hostname.to_json())
    }

    pub(crate) fn edit_hostname(&mut self, zone: &str, id: &str, body: &Value) -> Result<Value, Refusal> {
        let zone = self.zone_mut(zone)?;
        let origin = body.get("custom_origin_server").and_then(Value::as_str).map(str::to_owned);
        check_origin(zone, origin.as_deref())?;
        let hostname =
            zone.hostnames.iter_mut().find(|hostname| hostname.id == id).ok_or_else(no_hostname)?;
        hostname.origin = origin.or(hostname.origin.take());
        Ok(hostname.to_json())
    }

    pub(crate) fn delete_hostname(&mut self, zone: &str, id: &str) -> Result<(), Refusal> {
        let zone = self.zone_mut(zone)?;
        let at = zone.hostnames.iter().position(|hostname| hostname.id == id).ok_or_else(no_hostname)?;
        zone.hostnames.remove(at);
        Ok(())
    }

    pub(crate) fn create_region(&mut self, zone: &str, body: &Value) -> Result<Value, Refusal> {
        let text = |key: &str| body.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (hostname, region) = (text("hostname"), text("region_key"));
        let zone = self.zone_mut(zone)?;
        check_region(&region)?;
        if zone.regions.contains_key(&hostname) {
            return Err(Refusal::new(409, 1108, "The regional hostname exists."));
        }
        zone.regions.insert(hostname.clone(), region.clone());
        Ok(shown(&hostname, &region))
    }

    pub(crate) fn edit_region(&mut self, zone: &str, hostname: &str, body: &Value) -> Result<Value, Refusal> {
        let region = body.get("region_key").and_then(Value::as_str).unwrap_or_default().to_owned();
        check_region(&region)?;
        let zone = self.zone_mut(zone)?;
        let known = zone.regions.get_mut(hostname).ok_or_else(no_region)?;
        *known = region;
        Ok(shown(hostname, known))
    }

    pub(crate) fn delete_region(&mut self, zone: &str, hostname: &str) -> Result<(), Refusal> {
        self.zone_mut(zone)?.regions.remove(hostname).map(drop).ok_or_else(no_region)
    }
}

pub(crate) fn shown(hostname: &str, region: &str) -> Value {
    json!({"hostname": hostname, "region_key": region, "created_on": THEN})
}

/// The origin of a custom hostname is a name of the zone that has an address.
fn check_origin(zone: &crate::state::Zone, origin: Option<&str>) -> Result<(), Refusal> {
    let Some(origin) = origin else { return Ok(()) };
    let is_host = |kind: &str| ["A", "AAAA", "CNAME"].contains(&kind);
    if zone.records.iter().any(|record| record.name == origin && is_host(&record.record_type)) {
        return Ok(());
    }
    Err(Refusal::new(400, 1454, "The custom origin server is no hostname of this zone."))
}

fn check_region(region: &str) -> Result<(), Refusal> {
    match REGIONS.contains(&region) {
        true => Ok(()),
        false => Err(Refusal::new(400, 1110, "The region key is invalid.")),
    }
}

fn no_hostname() -> Refusal {
    Refusal::new(404, 1436, "The custom hostname was not found.")
}

fn no_region() -> Refusal {
    Refusal::new(404, 1109, "The regional hostname was not found.")
}
