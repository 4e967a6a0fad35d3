//! Which parents and listeners of a Route count, and which only hold its names.
//!
//! ```text
//! Gateways, ListenerSets ──(once per run)──> Parents ──(per Route)──> attachments: host, targets, hold or not
//! ```
//!
//! Gone or held? What the owners of the objects decided (no such parent, section or port, another protocol, namespace or kind not
//! allowed) takes names away. What only a controller can say (not accepted, not reported yet) holds them: controllers restart and flap.

use super::RouteKind;
use super::admission::{Admission, Verdict};
use super::hostname::Host;
use super::objects::{
    Gateway, ListenerSet, ListenerSpec, Namespace, ParentName, ParentRef, Route, is_accepted,
};
use crate::sources::object::{Key, Metadata};
use crate::sources::settings::Settings;
use crate::sources::store::Contents;
use std::collections::BTreeMap;
use zonewright_planner::HoldReason;

/// Every Gateway and ListenerSet that Routes may attach to.
pub struct Parents<'a> {
    gateways: BTreeMap<Key, Parent<'a>>,
    listener_sets: BTreeMap<Key, Parent<'a>>,
    namespaces: &'a Contents<Namespace>,
}

/// A Gateway or ListenerSet.
struct Parent<'a> {
    metadata: &'a Metadata,
    /// Why names of what is attached here are only held.
    hold: Option<HoldReason>,
    targets: Vec<String>,
    listeners: Vec<Listener<'a>>,
}

/// A listener, checked.
struct Listener<'a> {
    spec: &'a ListenerSpec,
    host: Host,
    admission: Admission<'a>,
    hold: Option<HoldReason>,
}

/// A Route's place at a listener.
pub struct Attachment<'p> {
    /// What the listener serves.
    pub host: &'p Host,
    /// What names found here point at.
    pub targets: &'p [String],
    /// Why names found here are held instead of published.
    pub hold: Option<HoldReason>,
}

/// What a Route asks of a parent.
struct Claim<'r> {
    parent: ParentName<'r>,
    reference: &'r ParentRef,
    accepted: bool,
}

impl<'a> Parents<'a> {
    /// Collects what the flags select; no ListenerSets without `--gateway-listener-sets`.
    pub fn new(
        settings: &Settings,
        gateways: &'a Contents<Gateway>,
        listener_sets: Option<&'a Contents<ListenerSet>>,
        namespaces: &'a Contents<Namespace>,
    ) -> Self {
        let selected = gateways.iter().map(|object| &object.fields).filter(|g| is_selected(settings, g));
        let gateways: BTreeMap<Key, (&'a Gateway, Parent<'a>)> =
            selected.map(|g| (g.metadata.key(), (g, of_gateway(settings, g)))).collect();
        let listener_sets = listener_sets
            .into_iter()
            .flat_map(Contents::iter)
            .map(|object| &object.fields)
            .filter(|set| settings.annotation_filter.matches(|key| set.metadata.annotations.get(key)))
            .filter(|set| settings.annotation_keys.of(&set.metadata.annotations).are_for_us())
            .filter_map(|set| {
                let ParentName::Gateway(namespace, name) =
                    set.spec.parent_ref.parent_name(&set.metadata.namespace)?
                else {
                    return None;
                };
                let (gateway, parent) = gateways.get(&Key::new(namespace, name))?;
                let parent = of_listener_set(settings, set, gateway, parent, namespaces)?;
                Some((set.metadata.key(), parent))
            })
            .collect();
        let gateways = gateways.into_iter().map(|(name, (_, parent))| (name, parent)).collect();
        Self { gateways, listener_sets, namespaces }
    }

    /// Where a Route is attached, or would be if its parents' controllers said so.
    pub fn attachments(&self, route: &Route, kind: &RouteKind) -> Vec<Attachment<'_>> {
        let mut attachments = Vec::new();
        for claim in claims(route) {
            let Some(parent) = self.get(claim.parent) else { continue };
            for listener in parent.listeners_for(claim.reference) {
                if !listener.serves(kind) {
                    continue;
                }
                let by_namespace = match listener.judge(parent, route, self.namespaces) {
                    Verdict::Refused => continue,
                    Verdict::Allowed => None,
                    Verdict::Unknown(why) => Some(HoldReason::Invalid(format!(
                        "listener {} of {}/{}: {why}",
                        listener.spec.name, parent.metadata.namespace, parent.metadata.name
                    ))),
                };
                let hold = [
                    by_namespace,
                    (!claim.accepted).then_some(HoldReason::NotAccepted),
                    parent.hold.clone(),
                    listener.hold.clone(),
                ];
                attachments.push(Attachment {
                    host: &listener.host,
                    targets: &parent.targets,
                    hold: hold.into_iter().flatten().next(),
                });
            }
        }
        attachments
    }

    fn get(&self, parent: ParentName<'_>) -> Option<&Parent<'a>> {
        match parent {
            ParentName::Gateway(namespace, name) => self.gateways.get(&Key::new(namespace, name)),
            ParentName::ListenerSet(namespace, name) => self.listener_sets.get(&Key::new(namespace, name)),
        }
    }
}

/// What a Route asks of its parents: every status entry that answers to one of its `parentRefs` (section and port are those of the
/// status, as in ExternalDNS), and every `parentRef` that no controller has answered.
fn claims(route: &Route) -> Vec<Claim<'_>> {
    let own = &*route.metadata.namespace;
    let wanted: Vec<(ParentName<'_>, &ParentRef)> =
        route.spec.parent_refs.iter().filter_map(|r| Some((r.parent_name(own)?, r))).collect();
    let mut claims: Vec<Claim<'_>> = Vec::new();
    for status in &route.status.parents {
        let Some(parent) = status.parent_ref.parent_name(own) else { continue };
        if wanted.iter().any(|(name, _)| *name == parent) {
            let accepted = is_accepted(&status.conditions);
            claims.push(Claim { parent, reference: &status.parent_ref, accepted });
        }
    }
    let answers = claims.len();
    for (parent, reference) in wanted {
        let answered = claims[..answers].iter().any(|c| c.parent == parent && c.reference.covers(reference));
        if !answered {
            claims.push(Claim { parent, reference, accepted: false });
        }
    }
    claims
}

impl<'a> Parent<'a> {
    /// The listeners that a reference means.
    fn listeners_for<'p>(&'p self, reference: &ParentRef) -> impl Iterator<Item = &'p Listener<'a>> {
        self.listeners.iter().filter(move |listener| {
            let section = &reference.section_name;
            (section.is_empty() || *section == listener.spec.name)
                && reference.port.is_none_or(|port| port == listener.spec.port)
        })
    }
}

impl Listener<'_> {
    /// Whether protocol and allowed kinds suit a kind of Route.
    fn serves(&self, kind: &RouteKind) -> bool {
        let kinds = &self.spec.allowed_routes.kinds;
        kind.protocols.contains(&&*self.spec.protocol)
            && (kinds.is_empty() || kinds.iter().any(|allowed| allowed.is(&kind.resource)))
    }

    fn judge(&self, parent: &Parent<'_>, route: &Route, namespaces: &Contents<Namespace>) -> Verdict {
        self.admission.judge(&parent.metadata.namespace, &route.metadata.namespace, namespaces)
    }
}

/// `--gateway-name`, `--gateway-label-filter` and the controller annotation; `--annotation-filter` is not for Gateways.
fn is_selected(settings: &Settings, gateway: &Gateway) -> bool {
    let metadata = &gateway.metadata;
    let name = &settings.gateway.name;
    (name.is_empty() || **name == *metadata.name)
        && settings.gateway.label_filter.matches(|key| metadata.labels.get(key))
        && settings.annotation_keys.of(&metadata.annotations).are_for_us()
}

fn of_gateway<'a>(settings: &Settings, gateway: &'a Gateway) -> Parent<'a> {
    let addresses = || gateway.status.addresses.iter().map(|address| address.value.to_string());
    let targets = match settings.annotation_keys.of(&gateway.metadata.annotations).targets() {
        chosen if !chosen.is_empty() => chosen,
        _ => addresses().filter(|address| !address.is_empty()).collect(),
    };
    Parent {
        metadata: &gateway.metadata,
        hold: None,
        targets,
        listeners: gateway.spec.listeners.iter().filter_map(|spec| listener(spec, None)).collect(),
    }
}

/// A ListenerSet at its Gateway; `None` when the Gateway does not take it.
fn of_listener_set<'a>(
    settings: &Settings,
    set: &'a ListenerSet,
    gateway: &'a Gateway,
    parent: &Parent<'a>,
    namespaces: &Contents<Namespace>,
) -> Option<Parent<'a>> {
    let admission = Admission::new(&gateway.spec.allowed_listeners.namespaces, "None");
    let judged = admission.judge(&gateway.metadata.namespace, &set.metadata.namespace, namespaces);
    let accepted = is_accepted(&set.status.conditions);
    let hold = match judged {
        Verdict::Refused => return None,
        Verdict::Unknown(why) => Some(HoldReason::Invalid(format!(
            "allowedListeners of {}/{}: {why}",
            gateway.metadata.namespace, gateway.metadata.name
        ))),
        Verdict::Allowed => (!accepted).then_some(HoldReason::NotAccepted),
    };
    let is_listener_accepted = |spec: &ListenerSpec| {
        let status = set.status.listeners.iter().find(|status| status.name == spec.name);
        status.is_some_and(|status| is_accepted(&status.conditions))
    };
    let of_spec = |spec| {
        let hold = (!is_listener_accepted(spec)).then_some(HoldReason::NotAccepted);
        listener(spec, hold)
    };
    let targets = match settings.annotation_keys.of(&set.metadata.annotations).targets() {
        chosen if !chosen.is_empty() => chosen,
        _ => parent.targets.clone(),
    };
    let listeners = set.spec.listeners.iter().filter_map(of_spec).collect();
    Some(Parent { metadata: &set.metadata, hold, targets, listeners })
}

/// A listener; `None` when its hostname is not one, then nothing can match it.
fn listener(spec: &ListenerSpec, hold: Option<HoldReason>) -> Option<Listener<'_>> {
    let host = Host::parse(&spec.hostname).ok()?;
    Some(Listener { spec, host, admission: Admission::new(&spec.allowed_routes.namespaces, "Same"), hold })
}
