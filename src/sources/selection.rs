//! Which objects a source looks at, and what nearly every source does with one.

use super::annotations::Annotations;
use super::object::{KubeObject, Object};
use super::outcome::{Common, Outcome};
use super::settings::Settings;
use super::template::{ScopedTemplates, TemplateError};
use std::sync::Arc;

/// Whether a primary object is to be processed: annotation filter, label filter, controller annotation.
pub fn is_selected(settings: &Settings, object: &impl KubeObject) -> bool {
    let metadata = object.metadata();
    settings.annotation_filter.matches(|key| metadata.annotations.get(key))
        && settings.label_filter.matches(|key| metadata.labels.get(key))
        && settings.annotation_keys.of(&metadata.annotations).are_for_us()
}

/// What the annotations say about all endpoints of an object. Contradictions and a malformed TTL are reported.
pub fn common(annotations: &Annotations<'_>, resource: String, outcome: &mut Outcome) -> Common {
    for contradiction in annotations.contradictions() {
        outcome.warn(contradiction);
    }
    let ttl = annotations.ttl().unwrap_or_else(|message| {
        outcome.warn(message);
        zonewright_planner::Ttl::UNSET
    });
    Common {
        ttl,
        set_identifier: annotations.set_identifier(),
        properties: annotations.properties(),
        resource: Some(Arc::from(resource)),
    }
}

/// Whether a template has its turn after what was found so far: always when combining, else only when nothing was found.
/// "Found" means endpoints, not names: a name that is only held leaves room for the template.
pub fn template_has_its_turn(templates: &ScopedTemplates, outcome: &Outcome) -> bool {
    templates.combine() || outcome.endpoints.is_empty()
}

/// The names that `--fqdn-template` gives an object.
///
/// # Errors
/// When the template fails on this object.
pub fn template_names<T>(
    templates: &ScopedTemplates,
    object: &Object<T>,
) -> Result<Vec<String>, TemplateError> {
    match &object.whole {
        Some(whole) if templates.has_fqdn() => templates.fqdn(whole),
        _ => Ok(Vec::new()),
    }
}

/// The name and target pairs that `--fqdn-target-template` gives an object, targets grouped by name.
///
/// # Errors
/// When the template fails on this object.
pub fn template_pairs<T>(
    templates: &ScopedTemplates,
    object: &Object<T>,
) -> Result<Vec<(String, Vec<String>)>, TemplateError> {
    let Some(whole) = object.whole.as_ref().filter(|_| templates.has_fqdn_target()) else {
        return Ok(Vec::new());
    };
    let mut grouped: Vec<(String, Vec<String>)> = Vec::new();
    for (host, target) in templates.fqdn_targets(whole)? {
        match grouped.iter_mut().find(|(name, _)| *name == host) {
            Some((_, targets)) => targets.push(target),
            None => grouped.push((host, vec![target])),
        }
    }
    Ok(grouped)
}
