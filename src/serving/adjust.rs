//! `POST /adjustendpoints`: wishes in the provider's own form. A client deletes what does not come back, so that everything does: what
//! cannot be read, or is rejected, as it was. The write will say what is wrong with it.

use std::collections::BTreeSet;
use zonewright_planner::{DnsName, Endpoint};
use zonewright_provider_kit::wire::WireEndpoint;
use zonewright_provider_kit::{Adjusted, ProviderError, ReadZones, normalize_aliases};

/// What comes back.
#[derive(Debug, Default)]
pub(super) struct Back<'a> {
    pub(super) adjusted: Vec<Endpoint>,
    pub(super) as_it_was: Vec<WireEndpoint<'a>>,
}

pub(super) async fn adjust<'a>(
    reader: &dyn ReadZones,
    wishes: Vec<WireEndpoint<'a>>,
) -> Result<Back<'a>, ProviderError> {
    let (mut endpoints, mut sent, mut as_it_was) = (Vec::new(), Vec::new(), Vec::new());
    for wish in wishes {
        match wish.to_endpoint() {
            Ok(endpoint) => {
                endpoints.push(endpoint);
                sent.push(wish);
            }
            Err(_) => as_it_was.push(wish),
        }
    }
    let Adjusted { endpoints, rejected } = reader.adjust(endpoints).await?;
    let spoiled: BTreeSet<DnsName> = rejected.iter().filter_map(|rejected| rejected.name.clone()).collect();
    let is_spoiled = |name: &DnsName| spoiled.contains(name);
    let all_spoiled = rejected.iter().any(|rejected| rejected.name.is_none());
    let mut adjusted = normalize_aliases(endpoints);
    if all_spoiled {
        // Nobody can tell which wish this was.
        adjusted.clear();
        as_it_was.extend(sent);
    } else if !spoiled.is_empty() {
        adjusted.retain(|endpoint| !is_spoiled(&endpoint.name));
        as_it_was.extend(
            sent.into_iter()
                .filter(|wish| DnsName::parse(&wish.dns_name).is_ok_and(|name| is_spoiled(&name))),
        );
    }
    Ok(Back { adjusted, as_it_was })
}
