//! Which objects a source looks at, and what nearly every source does with one.

use super::annotations::Annotations;
use super::object::{KubeObject, Object};
use super::outcome::{Common, Outcome};
use super::settings::Settings;
use super::template::{ScopedTemplates, TemplateError};
use std::sync::Arc;
use zonewright_planner::Hold;

/// Whether a primary object is to be processed: annotation filter, label filter, controller annotation.
pub fn is_selected(settings: &Settings, object: &impl KubeObject) -> bool {
    let metadata = object.metadata();
    settings.annotation_filter.matches(|key| metadata.annotations.get(key))
        && settings.label_filter.matches(|key| metadata.labels.get(key))
        && settings.annotation_keys.of(&metadata.annotations).are_for_us()
}

/// What the annotations say about all endpoints of an object. What is odd about them is reported.
pub fn common(annotations: &Annotations<'_>, resource: String, outcome: &mut Outcome) -> Common {
    for contradiction in annotations.contradictions() {
        outcome.warn(contradiction);
    }
    let object = outcome.object.clone();
    let group = object.api_version.split_once('/').map_or("", |(group, _)| group);
    for oddity in annotations.oddities(group, object.kind) {
        outcome.warn(oddity);
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

/// The names that `--fqdn-template` gives an object when it has its turn; else none.
///
/// # Errors
/// When the template fails on this object.
pub fn template_names_in_turn<T>(
    templates: &ScopedTemplates,
    object: &Object<T>,
    outcome: &Outcome,
) -> Result<Vec<String>, TemplateError> {
    if template_has_its_turn(templates, outcome) { template_names(templates, object) } else { Ok(Vec::new()) }
}

/// Publishes the pairs that `--fqdn-target-template` gives an object when it has its turn. They carry neither TTL nor label nor
/// anything else of the object.
///
/// # Errors
/// When the template fails on this object.
pub fn publish_template_pairs<T>(
    templates: &ScopedTemplates,
    object: &Object<T>,
    outcome: &mut Outcome,
) -> Result<(), TemplateError> {
    if template_has_its_turn(templates, outcome) {
        for (host, targets) in template_pairs(templates, object)? {
            outcome.publish(&host, &targets, &Common::default());
        }
    }
    Ok(())
}

/// Whether a template has its turn after what was found so far: always when combining, else only when nothing was found.
/// "Found" means endpoints, not names: a name that is only held leaves room for the template.
fn template_has_its_turn(templates: &ScopedTemplates, outcome: &Outcome) -> bool {
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
fn template_pairs<T>(
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

/// Gives up on an object that may own records without a label too (legacy annotations, name and target pairs): those cannot be
/// told from anybody else's, so they are all held, beside what carries the object's label.
pub fn fail_with_unlabelled(outcome: &mut Outcome, common: &Common, message: String) {
    outcome.fail(common, message);
    if let Some(labelled) = outcome.holds.first().filter(|hold| hold.resource.is_some()) {
        let unlabelled = Hold { resource: None, ..labelled.clone() };
        outcome.holds.push(unlabelled);
    }
}
