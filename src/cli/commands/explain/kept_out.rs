//! Objects that would ask for a name if a flag were different.
//!
//! Found by trying: the sources are made anew with one flag at a time set aside, and asked again. So every filter of every source is
//! covered, and none has to be written down twice.

use crate::cli::commands::prepare::Prepared;
use crate::cli::{Config, SourceName};
use crate::sources::Wishes;
use crate::sources::settings::Settings;
use crate::status::explain::FilteredRow;
use crate::wiring::{self, StartError};
use std::collections::BTreeSet;
use zonewright_planner::DnsName;

/// Sources that are tried although they are not among the flags: what most names come from.
const USUAL: [SourceName; 4] =
    [SourceName::Ingress, SourceName::Service, SourceName::GatewayHttpRoute, SourceName::Crd];

const INGRESS: &[SourceName] = &[SourceName::Ingress];
const SERVICE: &[SourceName] = &[SourceName::Service];
const ROUTES: &[SourceName] = &[
    SourceName::GatewayHttpRoute,
    SourceName::GatewayGrpcRoute,
    SourceName::GatewayTcpRoute,
    SourceName::GatewayTlsRoute,
    SourceName::GatewayUdpRoute,
];
const NODES: &[SourceName] = &[SourceName::Node, SourceName::Pod, SourceName::Service];

/// One thing that may keep objects out.
struct Filter {
    /// What to say of it.
    text: String,
    /// The sources that look at it; none for all.
    of: &'static [SourceName],
    /// Whether it is in force.
    applies: fn(&Settings) -> bool,
    /// Sets it aside.
    lift: fn(&mut Settings),
}

fn filter(
    text: &str,
    of: &'static [SourceName],
    applies: fn(&Settings) -> bool,
    lift: fn(&mut Settings),
) -> Filter {
    Filter { text: text.to_owned(), of, applies, lift }
}

fn filters() -> Vec<Filter> {
    vec![
        filter(
            "--annotation-filter",
            &[],
            |s| !s.annotation_filter.is_empty(),
            |s| s.annotation_filter = Default::default(),
        ),
        filter(
            "--label-filter",
            &[],
            |s| !s.label_filter.is_empty(),
            |s| s.label_filter = Default::default(),
        ),
        filter("--namespace", &[], |s| !s.namespace.is_empty(), |s| s.namespace.clear()),
        filter("--ingress-class", INGRESS, |s| !s.ingress.classes.is_empty(), |s| s.ingress.classes.clear()),
        filter(
            "--service-type-filter",
            SERVICE,
            |s| !s.service.types.is_empty(),
            |s| s.service.types.clear(),
        ),
        filter("--gateway-name", ROUTES, |s| !s.gateway.name.is_empty(), |s| s.gateway.name.clear()),
        filter(
            "--gateway-namespace",
            ROUTES,
            |s| !s.gateway.namespace.is_empty(),
            |s| s.gateway.namespace.clear(),
        ),
        filter(
            "--gateway-label-filter",
            ROUTES,
            |s| !s.gateway.label_filter.is_empty(),
            |s| s.gateway.label_filter = Default::default(),
        ),
        filter(
            "the controller annotation",
            &[],
            |_| true,
            |s| s.annotation_keys = s.annotation_keys.clone().of_any_controller(),
        ),
        filter(
            "--ignore-hostname-annotation",
            &[],
            |s| s.ignore_hostname_annotation,
            |s| s.ignore_hostname_annotation = false,
        ),
        filter(
            "--ignore-ingress-rules-spec",
            INGRESS,
            |s| s.ingress.ignore_rules,
            |s| s.ingress.ignore_rules = false,
        ),
        filter(
            "--ignore-ingress-tls-spec",
            INGRESS,
            |s| s.ingress.ignore_tls,
            |s| s.ingress.ignore_tls = false,
        ),
        filter(
            "the absence of --publish-internal-services",
            SERVICE,
            |s| !s.service.publish_internal,
            |s| s.service.publish_internal = true,
        ),
        filter(
            "--exclude-unschedulable",
            NODES,
            |s| s.nodes.exclude_unschedulable,
            |s| s.nodes.exclude_unschedulable = false,
        ),
    ]
}

/// Looks for such objects. `known` are those that ask for the name anyway.
pub(super) async fn find(
    config: &Config,
    prepared: &Prepared,
    name: &DnsName,
    known: &BTreeSet<String>,
) -> Result<Vec<FilteredRow>, StartError> {
    let names = &config.sources.names;
    let mut found = BTreeSet::new();
    let given = in_force(config)?;
    for filter in &given {
        let objects = ask(config, prepared, name, names, filter.lift).await?;
        found.extend(objects.into_iter().map(|object| FilteredRow { object, filter: filter.text.clone() }));
    }
    for source in USUAL.iter().filter(|source| !names.contains(source)) {
        let objects = ask(config, prepared, name, &[*source], |_| {}).await?;
        let filter = format!("the absence of --source={source}");
        found.extend(objects.into_iter().map(|object| FilteredRow { object, filter: filter.clone() }));
    }
    if found.is_empty() && given.len() > 1 {
        found.extend(kept_out_by_several(config, prepared, name, given).await?);
    }
    Ok(found.into_iter().filter(|row| !known.contains(&row.object)).collect())
}

/// What only several filters together keep out: all are set aside, then each is put back that makes no difference.
async fn kept_out_by_several(
    config: &Config,
    prepared: &Prepared,
    name: &DnsName,
    mut filters: Vec<Filter>,
) -> Result<Vec<FilteredRow>, StartError> {
    let names = &config.sources.names;
    let without = |filters: &[Filter], kept: Option<usize>| {
        let lifts: Vec<_> = filters
            .iter()
            .enumerate()
            .filter(|(at, _)| Some(*at) != kept)
            .map(|(_, filter)| filter.lift)
            .collect();
        move |settings: &mut Settings| lifts.iter().for_each(|lift| lift(settings))
    };
    let mut objects = ask(config, prepared, name, names, without(&filters, None)).await?;
    let mut at = 0;
    while at < filters.len() && !objects.is_empty() {
        let still = ask(config, prepared, name, names, without(&filters, Some(at))).await?;
        if still.is_empty() {
            at += 1;
        } else {
            objects = still;
            filters.remove(at);
        }
    }
    let texts: Vec<&str> = filters.iter().map(|filter| filter.text.as_str()).collect();
    let filter = texts.join(" together with ");
    Ok(objects.into_iter().map(|object| FilteredRow { object, filter: filter.clone() }).collect())
}

/// The filters that these flags put in force.
fn in_force(config: &Config) -> Result<Vec<Filter>, StartError> {
    let names = &config.sources.names;
    let mut filters = filters();
    filters.retain(|filter| filter.of.is_empty() || filter.of.iter().any(|name| names.contains(name)));
    wiring::sources_with(config, names, |settings| {
        filters.retain(|filter| (filter.applies)(settings));
    })?;
    Ok(filters)
}

/// The objects that ask for the name under other settings.
async fn ask(
    config: &Config,
    prepared: &Prepared,
    name: &DnsName,
    sources: &[SourceName],
    adjust: impl FnOnce(&mut Settings),
) -> Result<Vec<String>, StartError> {
    let made = wiring::sources_with(config, sources, adjust)?;
    prepared.fill_once(&made.caches).await;
    let asked = Wishes::new(made.all, wiring::stages(config, None)).at(name);
    let asks = asked.objects.into_iter().filter(|asking| {
        !asking.endpoints.is_empty() || asking.holds.iter().any(|hold| hold.name.as_ref() == Some(name))
    });
    Ok(asks.map(|asking| asking.object.to_string()).collect())
}
