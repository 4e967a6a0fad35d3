//! What clap found wrong, in one line that says what to do about it.

use super::argv::Given;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use std::collections::BTreeMap;
use std::error::Error;

/// Flags that ExternalDNS had once, and what became of them.
const GONE: &[(&str, &str)] = &[
    ("akamai-", "provider akamai is gone since ExternalDNS v0.22"),
    ("cf-", "provider CloudFoundry is gone since ExternalDNS v0.20"),
    ("completion-", "shell completion is not available"),
    ("digitalocean-", "provider digitalocean is gone since ExternalDNS v0.20; use its webhook"),
    ("ibmcloud-", "provider ibmcloud is gone since ExternalDNS v0.17"),
    ("pihole-api-version", "Pi-hole 6 is assumed since ExternalDNS v0.22; leave it out"),
    ("plural-", "provider plural is gone since ExternalDNS v0.22"),
    ("rfc2136-create-ptr", "since ExternalDNS v0.20 it is --create-ptr, for every provider"),
    ("tencent-cloud-", "provider tencentcloud is gone since ExternalDNS v0.17"),
    ("traefik-disable-legacy", "legacy resources are off since ExternalDNS v0.18; leave it out"),
    ("transip-", "provider transip is gone since ExternalDNS v0.22"),
    ("txt-new-format-only", "only the new format is written since ExternalDNS v0.17; leave it out"),
];

/// A flag that does not exist.
pub(super) fn unknown_flag(name: &str, command: clap::Command) -> String {
    if let Some((_, reason)) = GONE.iter().find(|(prefix, _)| name.starts_with(prefix)) {
        return format!("unknown long flag '--{name}': {reason}");
    }
    let similar = command
        .try_get_matches_from(["zonewright", &format!("--{name}")])
        .err()
        .and_then(|error| text(&error, ContextKind::SuggestedArg));
    match similar {
        Some(similar) => format!("unknown long flag '--{name}': did you mean {similar}?"),
        None => format!("unknown long flag '--{name}'"),
    }
}

/// A value that is none.
pub(super) fn describe(error: &clap::Error, given: &BTreeMap<String, Given>) -> String {
    let argument = text(error, ContextKind::InvalidArg).unwrap_or_default();
    let flag = argument.split([' ', '=']).next().unwrap_or_default().trim_start_matches("--").to_owned();
    let origin = given.get(&flag).map_or(format!("--{flag}"), |g| g.origin.clone());
    let value = text(error, ContextKind::InvalidValue).unwrap_or_default();
    let reason = match (error.kind(), error.get(ContextKind::ValidValue)) {
        // Paths: clap takes any but the empty one.
        (_, Some(ContextValue::Strings(choices))) if choices.is_empty() => "it needs a value".into(),
        (_, Some(ContextValue::Strings(choices))) => {
            format!("choose one of {}{}", choices.join(", "), choice_hint(error, &flag, &value, choices))
        }
        (ErrorKind::ValueValidation, _) => error.source().map(ToString::to_string).unwrap_or_default(),
        // Not reached with the values that `argv` lets through; better vague than silent.
        _ => error.kind().to_string(),
    };
    format!("{origin}: {value:?} is not a valid value: {reason}")
}

fn choice_hint(error: &clap::Error, flag: &str, value: &str, choices: &[String]) -> String {
    if value.contains(',') && value.split(',').all(|part| choices.iter().any(|c| c == part.trim())) {
        let repeated = super::repeated(flag, value);
        return format!("; lists are not split, repeat the flag instead: {repeated}");
    }
    let by_case = choices.iter().find(|choice| choice.eq_ignore_ascii_case(value)).cloned();
    match by_case.or_else(|| text(error, ContextKind::SuggestedValue)) {
        Some(similar) => format!("; did you mean {similar}?"),
        None => String::new(),
    }
}

fn text(error: &clap::Error, kind: ContextKind) -> Option<String> {
    match error.get(kind)? {
        ContextValue::String(text) => Some(text.clone()),
        ContextValue::Strings(texts) => texts.first().cloned(),
        _ => None,
    }
}
