//! Merging what several Services wish for one name.

use crate::sources::merge::{by_resource, merge as merge_of_sources, sort, unite};
use std::cmp::Ordering;
use zonewright_planner::{Endpoint, RecordType};

/// Services that share a name share one record set even when their TTLs differ; the first in the order of resource labels
/// gives TTL, label and properties. CNAMEs are merged as elsewhere: two different ones stay two.
pub fn merge(endpoints: Vec<Endpoint>) -> Vec<Endpoint> {
    let (cnames, mut others): (Vec<_>, Vec<_>) =
        endpoints.into_iter().partition(|endpoint| endpoint.record_type == RecordType::Cname);
    sort(&mut others, |a, b| by_key(a, b).then_with(|| by_resource(a, b)).then_with(|| a.ttl.cmp(&b.ttl)));
    unite(&mut others, |a, b| by_key(a, b) == Ordering::Equal);
    others.extend(merge_of_sources(cnames));
    sort(&mut others, by_key);
    others
}

fn by_key(a: &Endpoint, b: &Endpoint) -> Ordering {
    (&a.name, &a.record_type, &a.set_identifier).cmp(&(&b.name, &b.record_type, &b.set_identifier))
}
