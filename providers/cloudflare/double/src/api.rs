//! From a request to its answer.

use crate::hostnames::shown;
use crate::log::{Exchange, Operation};
use crate::state::{Refusal, State};
use http::HeaderMap;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

/// What is below this is the API, as with the service.
pub(crate) const BASE: &str = "/client/v4";

/// The address of a request, taken apart.
pub(crate) struct Route {
    pub(crate) operation: Operation,
    pub(crate) zone: Option<String>,
    /// The record, custom hostname or regional hostname.
    pub(crate) item: String,
}

impl Route {
    pub(crate) fn new(method: &str, path: &str) -> Self {
        use Operation as O;
        let below = path.strip_prefix(BASE).unwrap_or_default();
        let decoded: Vec<String> = below
            .split('/')
            .filter(|segment| !segment.is_empty())
            .map(|segment| percent_decode_str(segment).decode_utf8_lossy().into_owned())
            .collect();
        let segments: Vec<&str> = decoded.iter().map(String::as_str).collect();
        let (operation, item) = match (method, segments.as_slice()) {
            ("GET", ["zones"]) => (O::ListZones, ""),
            ("GET", ["zones", _]) => (O::GetZone, ""),
            ("GET", ["zones", _, "dns_records"]) => (O::ListRecords, ""),
            ("POST", ["zones", _, "dns_records"]) => (O::CreateRecord, ""),
            ("POST", ["zones", _, "dns_records", "batch"]) => (O::Batch, ""),
            ("GET", ["zones", _, "dns_records", id]) => (O::GetRecord, *id),
            ("PATCH", ["zones", _, "dns_records", id]) => (O::PatchRecord, *id),
            ("PUT", ["zones", _, "dns_records", id]) => (O::PutRecord, *id),
            ("DELETE", ["zones", _, "dns_records", id]) => (O::DeleteRecord, *id),
            ("GET", ["zones", _, "custom_hostnames"]) => (O::ListHostnames, ""),
            ("POST", ["zones", _, "custom_hostnames"]) => (O::CreateHostname, ""),
            ("PATCH", ["zones", _, "custom_hostnames", id]) => (O::EditHostname, *id),
            ("DELETE", ["zones", _, "custom_hostnames", id]) => (O::DeleteHostname, *id),
            ("GET", ["zones", _, "addressing", "regional_hostnames"]) => (O::ListRegions, ""),
            ("POST", ["zones", _, "addressing", "regional_hostnames"]) => (O::CreateRegion, ""),
            ("PATCH", ["zones", _, "addressing", "regional_hostnames", name]) => (O::EditRegion, *name),
            ("DELETE", ["zones", _, "addressing", "regional_hostnames", name]) => (O::DeleteRegion, *name),
            _ => (O::Unknown, ""),
        };
        let zone = segments.get(1).filter(|_| segments.first() == Some(&"zones"));
        Self { operation, zone: zone.map(|id| (*id).to_owned()), item: item.to_owned() }
    }
}

/// Who asks, in the words of the request.
pub(crate) fn credentials(headers: &HeaderMap) -> Option<String> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    match text("authorization").and_then(|value| value.strip_prefix("Bearer ")) {
        Some(token) => Some(token.to_owned()),
        None => Some(format!("{} {}", text("x-auth-email")?, text("x-auth-key")?)),
    }
}

impl State {
    /// Does what is asked, or refuses.
    pub(crate) fn answer(&mut self, route: &Route, call: &Exchange) -> Result<Value, Refusal> {
        self.admit(route, call)?;
        self.throttle()?;
        let zone = route.zone.clone().unwrap_or_default();
        let body = call.body.clone().unwrap_or_default();
        let (zone, item, body) = (zone.as_str(), route.item.as_str(), &body);
        let result = match route.operation {
            Operation::ListZones => return self.list_zones(call),
            Operation::GetZone => self.zone_mut(zone)?.to_json(),
            Operation::ListRecords => {
                let mut records = self.zone_mut(zone)?.records.all();
                records
                    .sort_by(|a, b| (&a.record_type, &a.name, &a.id).cmp(&(&b.record_type, &b.name, &b.id)));
                let records = records.iter().map(|record| record.to_json()).collect();
                return page(records, call, 100, 1..=5000);
            }
            Operation::GetRecord => {
                let record = self.zone_mut(zone)?.records.iter().find(|record| record.id == item);
                record.ok_or_else(|| Refusal::new(404, 81044, "Record does not exist."))?.to_json()
            }
            Operation::CreateRecord => self.create_record(zone, body)?,
            Operation::PatchRecord => self.change_record(zone, item, body, false)?,
            Operation::PutRecord => self.change_record(zone, item, body, true)?,
            Operation::DeleteRecord => {
                self.delete_record(zone, item)?;
                json!({"id": item})
            }
            Operation::Batch if self.no_batches => return Err(no_route()),
            Operation::Batch => self.batch(zone, body)?,
            Operation::ListHostnames => {
                let zone = self.zone_mut(zone)?;
                if !zone.saas {
                    return Err(Refusal::new(403, 1404, "Cloudflare for SaaS is not enabled on this zone."));
                }
                let hostnames = zone.hostnames.iter().map(|hostname| hostname.to_json()).collect();
                return page(hostnames, call, 20, 5..=50);
            }
            Operation::CreateHostname => self.create_hostname(zone, body)?,
            Operation::EditHostname => self.edit_hostname(zone, item, body)?,
            Operation::DeleteHostname => {
                self.delete_hostname(zone, item)?;
                // No envelope, says the description of the API.
                return Ok(json!({"id": item}));
            }
            Operation::ListRegions => {
                let regions = &self.zone_mut(zone)?.regions;
                json!(regions.iter().map(|(name, region)| shown(name, region)).collect::<Vec<_>>())
            }
            Operation::CreateRegion => self.create_region(zone, body)?,
            Operation::EditRegion => self.edit_region(zone, item, body)?,
            Operation::DeleteRegion => {
                self.delete_region(zone, item)?;
                Value::Null
            }
            Operation::Unknown => return Err(no_route()),
        };
        Ok(json!({"success": true, "errors": [], "messages": [], "result": result}))
    }

    fn list_zones(&mut self, call: &Exchange) -> Result<Value, Refusal> {
        let seen = self.visible(call);
        let zones = self.zones.values().filter(|zone| seen(&zone.id)).map(|zone| zone.to_json()).collect();
        page(zones, call, 20, 5..=50)
    }

    fn visible(&self, call: &Exchange) -> impl Fn(&str) -> bool + use<> {
        let zones = call.credentials.as_ref().and_then(|token| self.tokens.get(token)).cloned().flatten();
        move |id| zones.as_ref().is_none_or(|zones| zones.contains(id))
    }

    fn admit(&self, route: &Route, call: &Exchange) -> Result<(), Refusal> {
        let Some(credentials) = &call.credentials else {
            return Err(Refusal::new(400, 9106, "Missing X-Auth-Key, X-Auth-Email or Authorization headers"));
        };
        let is_key = credentials
            .split_once(' ')
            .is_some_and(|(email, key)| self.keys.get(key).is_some_and(|e| e == email));
        if !is_key && !self.tokens.contains_key(credentials) {
            return Err(Refusal::new(403, 9109, "Invalid access token"));
        }
        match &route.zone {
            Some(zone) if self.zones.contains_key(zone) && !self.visible(call)(zone) => {
                Err(Refusal::new(403, 10000, "Authentication error"))
            }
            _ => Ok(()),
        }
    }

    fn throttle(&mut self) -> Result<(), Refusal> {
        match &mut self.allowance {
            Some((0, retry_after)) => {
                let refusal = Refusal::new(
                    429,
                    10100,
                    "Rate limited. Please wait and consider throttling your request speed",
                );
                Err(Refusal { retry_after: Some(*retry_after), ..refusal })
            }
            Some((left, _)) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }
}

fn no_route() -> Refusal {
    Refusal::new(404, 7000, "No route for that URI")
}

/// One page of a list.
fn page(
    all: Vec<Value>,
    call: &Exchange,
    default: usize,
    sizes: std::ops::RangeInclusive<usize>,
) -> Result<Value, Refusal> {
    let number = |key: &str| {
        let given = call.query.iter().find(|(name, _)| name == key);
        given.map(|(_, value)| value.parse::<usize>()).transpose().ok()
    };
    let (Some(page), Some(per_page)) = (number("page"), number("per_page")) else {
        return Err(Refusal::new(400, 6003, "Invalid request: pages are numbers."));
    };
    let (page, per_page) = (page.unwrap_or(1), per_page.unwrap_or(default));
    if page == 0 || !sizes.contains(&per_page) {
        return Err(Refusal::new(400, 1006, "Invalid per_page or page."));
    }
    let total = all.len();
    let entries: Vec<Value> = all.into_iter().skip((page - 1) * per_page).take(per_page).collect();
    let info = json!({
        "page": page, "per_page": per_page, "count": entries.len(), "total_count": total,
        "total_pages": total.div_ceil(per_page),
    });
    Ok(json!({"success": true, "errors": [], "messages": [], "result": entries, "result_info": info}))
}
