//! What is fed with anything at all: whatever people in namespaces, other writers of a zone, providers and operators can send.
//!
//! A target takes bytes and panics where something is wrong; it needs no engine, so that tests replay seeds through it.

mod annotations;
mod manifests;
mod messages;
mod names;
mod ownership;
mod plan;
mod policy;
mod templates;
mod webhook;
mod zone_files;

/// A target.
pub type Target = fn(&[u8]);

/// Every target, by the name of its folder of seeds.
pub const ALL: &[(&str, Target)] = &[
    ("annotations", annotations::run),
    ("manifests", manifests::run),
    ("messages", messages::run),
    ("names", names::run),
    ("ownership", ownership::run),
    ("plan", plan::run),
    ("policy", policy::run),
    ("templates", templates::run),
    ("webhook", webhook::run),
    ("zone_files", zone_files::run),
];

/// The bytes as text, whatever they are.
fn text(data: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(data)
}
