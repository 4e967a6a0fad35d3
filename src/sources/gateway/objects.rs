//! What of Gateway API objects matters. Fields that the API server would fill in may be absent: objects can come from files.

use super::label_selector::LabelSelector;
use crate::kube_object;
use crate::sources::object::{Kind, Metadata, null_to_default};
use serde::Deserialize;

/// The API group of all Gateway API objects.
pub const GROUP: &str = "gateway.networking.k8s.io";

/// The resource of [`Gateway`].
pub const GATEWAY: Kind = Kind::namespaced("gateway.networking.k8s.io/v1", "Gateway", "gateways");

/// The resource of [`ListenerSet`].
pub const LISTENER_SET: Kind =
    Kind::namespaced("gateway.networking.k8s.io/v1", "ListenerSet", "listenersets");

/// The resource of [`Namespace`].
pub const NAMESPACE: Kind = Kind::cluster_wide("v1", "Namespace", "namespaces");

kube_object!(Gateway, ListenerSet, Namespace);
kube_object!(labels only filtered: Route);

/// Where addresses and most listeners come from.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Gateway {
    /// Metadata.
    pub metadata: Metadata,
    /// What its owner asks for.
    #[serde(deserialize_with = "null_to_default")]
    pub spec: GatewaySpec,
    /// What its controller reports.
    #[serde(deserialize_with = "null_to_default")]
    pub status: GatewayStatus,
}

/// `spec` of a Gateway.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct GatewaySpec {
    /// Its own listeners.
    #[serde(deserialize_with = "null_to_default")]
    pub listeners: Box<[ListenerSpec]>,
    /// Which ListenerSets may add more; none when unset.
    #[serde(deserialize_with = "null_to_default")]
    pub allowed_listeners: Allowed,
}

impl GatewaySpec {
    /// Whether who may attach depends on labels of namespaces.
    pub fn has_selector(&self) -> bool {
        self.allowed_listeners.has_selector() || self.listeners.iter().any(ListenerSpec::has_selector)
    }
}

/// `status` of a Gateway.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct GatewayStatus {
    /// Where it can be reached.
    #[serde(deserialize_with = "null_to_default")]
    pub addresses: Box<[Address]>,
}

/// One address of a Gateway. Its type does not matter: the value tells addresses from names.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Address {
    /// IP address or host name.
    #[serde(deserialize_with = "null_to_default")]
    pub value: Box<str>,
}

/// Further listeners of a Gateway, in an object of their own.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ListenerSet {
    /// Metadata.
    pub metadata: Metadata,
    /// What its owner asks for.
    #[serde(deserialize_with = "null_to_default")]
    pub spec: ListenerSetSpec,
    /// What the Gateway's controller reports.
    #[serde(deserialize_with = "null_to_default")]
    pub status: ListenerSetStatus,
}

/// `spec` of a ListenerSet.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ListenerSetSpec {
    /// The Gateway they are added to.
    #[serde(deserialize_with = "null_to_default")]
    pub parent_ref: ParentRef,
    /// The listeners.
    #[serde(deserialize_with = "null_to_default")]
    pub listeners: Box<[ListenerSpec]>,
}

/// `status` of a ListenerSet.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ListenerSetStatus {
    /// About the whole set.
    #[serde(deserialize_with = "null_to_default")]
    pub conditions: Box<[Condition]>,
    /// About single listeners.
    #[serde(deserialize_with = "null_to_default")]
    pub listeners: Box<[ListenerStatus]>,
}

/// What a controller reports about one listener.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ListenerStatus {
    /// The listener.
    #[serde(deserialize_with = "null_to_default")]
    pub name: Box<str>,
    /// Its state.
    #[serde(deserialize_with = "null_to_default")]
    pub conditions: Box<[Condition]>,
}

/// A listener of a Gateway or ListenerSet.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ListenerSpec {
    /// Unique within the object.
    #[serde(deserialize_with = "null_to_default")]
    pub name: Box<str>,
    /// Empty: every host.
    #[serde(deserialize_with = "null_to_default")]
    pub hostname: Box<str>,
    /// Where it listens.
    #[serde(deserialize_with = "null_to_default")]
    pub port: i64,
    /// `HTTP`, `TLS`, …
    #[serde(deserialize_with = "null_to_default")]
    pub protocol: Box<str>,
    /// Which Routes it takes.
    #[serde(deserialize_with = "null_to_default")]
    pub allowed_routes: Allowed,
}

impl ListenerSpec {
    /// Whether which Routes it takes depends on labels of namespaces.
    pub fn has_selector(&self) -> bool {
        self.allowed_routes.has_selector()
    }
}

/// Who may attach: `allowedRoutes` and `allowedListeners` have the same shape.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Allowed {
    /// From which namespaces.
    #[serde(deserialize_with = "null_to_default")]
    pub namespaces: AllowedNamespaces,
    /// Which kinds of Routes; any, when empty.
    #[serde(deserialize_with = "null_to_default")]
    pub kinds: Box<[AllowedKind]>,
}

impl Allowed {
    fn has_selector(&self) -> bool {
        &*self.namespaces.from == "Selector"
    }
}

/// From which namespaces one may attach.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct AllowedNamespaces {
    /// `All`, `Same`, `Selector`, `None`; empty when unset.
    #[serde(deserialize_with = "null_to_default")]
    pub from: Box<str>,
    /// For `Selector`.
    pub selector: Option<LabelSelector>,
}

/// A kind of Route that a listener takes.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct AllowedKind {
    /// Empty: that of the Gateway API.
    #[serde(deserialize_with = "null_to_default")]
    pub group: Box<str>,
    /// `HTTPRoute`, …
    #[serde(deserialize_with = "null_to_default")]
    pub kind: Box<str>,
}

/// An HTTPRoute, GRPCRoute, TLSRoute, TCPRoute or UDPRoute: for DNS they differ by kind only.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Route {
    /// Metadata.
    pub metadata: Metadata,
    /// What its owner asks for.
    #[serde(deserialize_with = "null_to_default")]
    pub spec: RouteSpec,
    /// What the controllers of its parents report.
    #[serde(deserialize_with = "null_to_default")]
    pub status: RouteStatus,
}

/// `spec` of a Route.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct RouteSpec {
    /// Where it wants to be attached.
    #[serde(deserialize_with = "null_to_default")]
    pub parent_refs: Box<[ParentRef]>,
    /// Which hosts it serves; every host its listeners serve, when empty.
    #[serde(deserialize_with = "null_to_default")]
    pub hostnames: Box<[Box<str>]>,
}

/// `status` of a Route.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct RouteStatus {
    /// One entry per parent and controller.
    #[serde(deserialize_with = "null_to_default")]
    pub parents: Box<[ParentStatus]>,
}

/// What one controller reports about a Route's place at one parent.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ParentStatus {
    /// The parent.
    #[serde(deserialize_with = "null_to_default")]
    pub parent_ref: ParentRef,
    /// The Route's state there.
    #[serde(deserialize_with = "null_to_default")]
    pub conditions: Box<[Condition]>,
}

/// A reference to a Gateway or ListenerSet. An empty text counts as absent, as in ExternalDNS.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ParentRef {
    #[serde(deserialize_with = "null_to_default")]
    group: Box<str>,
    #[serde(deserialize_with = "null_to_default")]
    kind: Box<str>,
    #[serde(deserialize_with = "null_to_default")]
    namespace: Box<str>,
    #[serde(deserialize_with = "null_to_default")]
    name: Box<str>,
    /// One listener; all, when empty.
    #[serde(deserialize_with = "null_to_default")]
    pub section_name: Box<str>,
    /// Listeners of one port; all, when absent.
    pub port: Option<i64>,
}

/// What a [`ParentRef`] points at, defaults filled in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParentName<'a> {
    /// A Gateway: namespace and name.
    Gateway(&'a str, &'a str),
    /// A ListenerSet: namespace and name.
    ListenerSet(&'a str, &'a str),
}

impl ParentRef {
    /// What it points at, seen from an object of `own_namespace`; `None` for kinds that have no listeners (a Service in a mesh).
    pub fn parent_name<'a>(&'a self, own_namespace: &'a str) -> Option<ParentName<'a>> {
        if or(&self.group, GROUP) != GROUP {
            return None;
        }
        let namespace = or(&self.namespace, own_namespace);
        match or(&self.kind, GATEWAY.kind) {
            kind if kind == GATEWAY.kind => Some(ParentName::Gateway(namespace, &self.name)),
            kind if kind == LISTENER_SET.kind => Some(ParentName::ListenerSet(namespace, &self.name)),
            _ => None,
        }
    }

    /// Whether a status entry for `self` may speak about what `wanted` asks for. The parents are known to be the same; where one
    /// of the two leaves out section or port it covers all of them.
    pub fn covers(&self, wanted: &Self) -> bool {
        let sections = [&*self.section_name, &*wanted.section_name];
        let section = sections[0] == sections[1] || sections.contains(&"");
        let port = self.port == wanted.port || self.port.is_none() || wanted.port.is_none();
        section && port
    }
}

impl AllowedKind {
    /// Whether it names this kind of Route.
    pub fn is(&self, kind: &Kind) -> bool {
        or(&self.group, GROUP) == kind.group && &*self.kind == kind.kind
    }
}

fn or<'a>(value: &'a str, default: &'a str) -> &'a str {
    if value.is_empty() { default } else { value }
}

/// A status condition.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Condition {
    #[serde(rename = "type", deserialize_with = "null_to_default")]
    kind: Box<str>,
    #[serde(deserialize_with = "null_to_default")]
    status: Box<str>,
}

/// Whether the first `Accepted` condition is `True`. Its `observedGeneration` does not matter, as in ExternalDNS: a controller that is
/// slow to look at an edit must not take records away.
pub fn is_accepted(conditions: &[Condition]) -> bool {
    conditions.iter().find(|c| &*c.kind == "Accepted").is_some_and(|c| &*c.status == "True")
}

/// A Namespace; its labels decide about selectors.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Namespace {
    /// Metadata.
    pub metadata: Metadata,
}
