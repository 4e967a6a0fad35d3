//! Which namespace may use which domains: the rules of a `--domain-policy` file, and what follows from them for a wish.
//!
//! Rules only allow. A namespace that no rule is for has what `default` says; one that rules are for has what any of them allows,
//! and nothing else. What cannot be decided is not let through.

use super::policy_file::DomainPolicy;
use crate::sources::gateway::label_selector::LabelSelector;
use crate::sources::gateway::objects::Namespace;
use crate::sources::object::StringMap;
use crate::sources::store::{Cache, CacheStatus};
use serde::Deserialize;
use serde_saphyr::Spanned;
use std::collections::BTreeMap;
use std::sync::Arc;
use zonewright_planner::{DnsName, DomainFilter, Endpoint, RecordType, go_regex};

/// So many domains are named in a reason; the file has them all.
const MOST_NAMED: usize = 5;

/// The rules of a file.
#[derive(Debug)]
pub struct Rules {
    file: String,
    denies_by_default: bool,
    rules: Vec<Rule>,
}

#[derive(Debug)]
struct Rule {
    /// `rule 2 (team-a)`.
    title: String,
    /// Globs; `None` for all namespaces that the selector takes.
    namespaces: Option<Vec<String>>,
    selector: Option<LabelSelector>,
    domains: Vec<Domain>,
    /// `None` for all.
    types: Option<Vec<RecordType>>,
}

/// One entry under `domains`.
#[derive(Debug)]
struct Domain {
    text: String,
    test: Test,
}

#[derive(Debug)]
enum Test {
    /// `example.org`, `.example.org` (as in `--domain-filter`) or `/expression/`, which has to match the whole name.
    Filter(DomainFilter),
    /// `=www.example.org`.
    Exactly(DnsName),
    /// `*.example.org`: one label more, as in certificates.
    OneBelow(DnsName),
}

impl Domain {
    fn parse(text: &str) -> Result<Self, String> {
        let name = |text: &str| DnsName::parse(text).map_err(|error| error.to_string());
        let expression = text.strip_prefix('/').and_then(|rest| rest.strip_suffix('/'));
        let test = if let Some(expression) = expression.filter(|expression| !expression.is_empty()) {
            // Checked by itself first, so that a stray parenthesis cannot pair up with those around it.
            go_regex::compile(expression)?;
            let whole = go_regex::compile(&format!("^(?:{expression})$"))?;
            Test::Filter(DomainFilter::from_regexes(Some(whole), None))
        } else if let Some(exact) = text.strip_prefix('=') {
            Test::Exactly(name(exact)?)
        } else if let Some(parent) = text.strip_prefix("*.") {
            Test::OneBelow(name(parent)?)
        } else if text.trim_matches(['.', ' ']).is_empty() {
            return Err("no domain (for every name there is /.*/)".to_owned());
        } else {
            name(text.strip_prefix('.').unwrap_or(text))?;
            Test::Filter(DomainFilter::from_suffixes(&[text], &[]).map_err(|error| error.to_string())?)
        };
        Ok(Self { text: text.to_owned(), test })
    }

    fn matches(&self, name: &DnsName) -> bool {
        match &self.test {
            Test::Filter(filter) => filter.matches(name),
            Test::Exactly(exact) => name == exact,
            Test::OneBelow(parent) => {
                name.as_str().split_once('.').is_some_and(|(_, rest)| rest == parent.as_str())
            }
        }
    }
}

/// Whether a rule is for a namespace.
enum IsFor {
    Yes,
    No,
    /// Its labels are not known.
    Unknown,
}

impl Rule {
    fn is_for(&self, namespace: &str, labels: Option<&StringMap>) -> IsFor {
        let is_named = self.namespaces.as_ref().is_none_or(|globs| globs.iter().any(|g| glob(g, namespace)));
        match (&self.selector, labels) {
            _ if !is_named => IsFor::No,
            (None, _) => IsFor::Yes,
            (Some(_), None) => IsFor::Unknown,
            (Some(selector), Some(labels)) if selector.matches(labels) => IsFor::Yes,
            (Some(_), Some(_)) => IsFor::No,
        }
    }

    fn allows(&self, name: &DnsName, record_type: &RecordType) -> bool {
        self.types.as_ref().is_none_or(|types| types.contains(record_type))
            && self.domains.iter().any(|domain| domain.matches(name))
    }

    /// `rule 2 (team-a) allows a.example.org (A, AAAA)`.
    fn describe(&self) -> String {
        let named: Vec<&str> = self.domains.iter().take(MOST_NAMED).map(|domain| &*domain.text).collect();
        let more = match self.domains.len().saturating_sub(MOST_NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let types = self.types.iter().map(|types| {
            format!(" ({})", types.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
        });
        let domains = if named.is_empty() { "nothing".to_owned() } else { named.join(", ") };
        format!("{} allows {domains}{more}{}", self.title, types.collect::<String>())
    }
}

/// `team-*` and the like; a star stands for any text.
fn glob(pattern: &str, text: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut text) = text.strip_prefix(start) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let end = parts.pop().unwrap_or_default();
    for part in parts {
        let Some(at) = text.find(part) else { return false };
        text = &text[at + part.len()..];
    }
    text.ends_with(end)
}

impl Rules {
    /// Reads the text of a file.
    ///
    /// # Errors
    /// Names file, line and rule.
    pub fn parse(file: &str, text: &str) -> Result<Self, String> {
        let read: Result<FileText, _> = serde_saphyr::from_str_with_options(
            text.trim_start_matches('\u{feff}'),
            serde_saphyr::options! { legacy_octal_numbers: true, with_snippet: false },
        );
        let FileText { default, rules } = read.map_err(|error| {
            let error = error.to_string();
            format!("{file}: {}", error.lines().next().unwrap_or_default())
        })?;
        let denies_by_default = match default.as_ref().map(|default| (&*default.value, default)) {
            None | Some(("allow", _)) => false,
            Some(("deny", _)) => true,
            Some((other, at)) => {
                let line = at.referenced.line();
                return Err(format!("{file}: line {line}: default is allow or deny, not {other:?}"));
            }
        };
        let rules = rules.into_iter().enumerate().map(|(index, rule)| {
            let title = match &rule.value.name {
                Some(name) => format!("rule {} ({name})", index + 1),
                None => format!("rule {}", index + 1),
            };
            let line = rule.referenced.line();
            Rule::check(title.clone(), rule.value)
                .map_err(|error| format!("{file}: line {line}: {title}: {error}"))
        });
        let rules = rules.collect::<Result<_, _>>()?;
        Ok(Self { file: file.to_owned(), denies_by_default, rules })
    }

    /// Whether the labels of Namespaces matter.
    pub fn needs_labels(&self) -> bool {
        self.rules.iter().any(|rule| rule.selector.is_some())
    }

    /// What a namespace may do.
    fn of_namespace(&self, namespace: &str, labels: Option<&StringMap>) -> Reach {
        let mut reach = Reach::default();
        for (index, rule) in self.rules.iter().enumerate() {
            match rule.is_for(namespace, labels) {
                IsFor::Yes => reach.rules.push(index),
                IsFor::No => {}
                IsFor::Unknown => reach.is_undecided = true,
            }
        }
        reach
    }

    /// Why a namespace may not have a record, if it may not.
    fn refusal(
        &self,
        namespace: &str,
        reach: &Reach,
        name: &DnsName,
        record_type: &RecordType,
    ) -> Option<String> {
        let rules: Vec<&Rule> = reach.rules.iter().filter_map(|index| self.rules.get(*index)).collect();
        let file = &self.file;
        if rules.iter().any(|rule| rule.allows(name, record_type)) {
            return None;
        }
        if reach.is_undecided {
            return Some(format!(
                "the labels of namespace {namespace} are not known, and {file} has rules that select by labels"
            ));
        }
        if rules.is_empty() {
            return self
                .denies_by_default
                .then(|| format!("{file} has no rule for namespace {namespace}, and its default is deny"));
        }
        let rules: Vec<String> = rules.iter().map(|rule| rule.describe()).collect();
        Some(format!("namespace {namespace} may not publish it: {} in {file}", rules.join("; ")))
    }
}

/// The rules that are for a namespace.
#[derive(Debug, Default)]
struct Reach {
    rules: Vec<usize>,
    /// Whether there may be more.
    is_undecided: bool,
}

/// Applies the rules as they are at one moment. Remembers which of them are for which namespace.
pub struct Judge {
    rules: Arc<Rules>,
    namespaces: Option<Arc<Cache<Namespace>>>,
    reach: BTreeMap<Arc<str>, Reach>,
}

impl Judge {
    /// The rules as they are now.
    pub(super) fn new(policy: &DomainPolicy) -> Self {
        Self { rules: policy.rules(), namespaces: policy.namespaces().cloned(), reach: BTreeMap::new() }
    }

    /// Why a wish is not let through, if it is not. Objects that are in no namespace are those of the cluster's operator, whom the
    /// rules do not concern. Must not be called under the lock of a cache.
    pub fn refusal(&mut self, wish: &Endpoint) -> Option<String> {
        let namespace = &wish.objects.first()?.namespace;
        if namespace.is_empty() {
            return None;
        }
        if !self.reach.contains_key(namespace) {
            let reach = self.rules.of_namespace(namespace, self.labels(namespace).as_ref());
            self.reach.insert(namespace.clone(), reach);
        }
        let reach = self.reach.get(namespace)?;
        self.rules.refusal(namespace, reach, &wish.name, &wish.record_type)
    }

    fn labels(&self, namespace: &str) -> Option<StringMap> {
        let namespaces = self.namespaces.as_ref()?.read();
        // What is there was read at some time; while nothing was, nothing is known.
        let is_listed = *namespaces.status() != CacheStatus::Pending;
        let found = namespaces.get("", namespace).filter(|_| is_listed)?;
        Some(found.fields.metadata.labels.clone())
    }
}

/// A file as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileText {
    #[serde(default)]
    default: Option<Spanned<String>>,
    rules: Vec<Spanned<RuleText>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct RuleText {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    namespaces: Option<Vec<String>>,
    #[serde(default)]
    namespace_selector: Option<SelectorText>,
    domains: Vec<String>,
    #[serde(default)]
    record_types: Option<Vec<String>>,
}

/// Stricter than the API server: a condition that is misspelt would let in everybody.
#[derive(Debug, Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct SelectorText {
    #[serde(default)]
    match_labels: BTreeMap<String, String>,
    #[serde(default)]
    match_expressions: Vec<ExpressionText>,
}

#[derive(Debug, Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields)]
struct ExpressionText {
    key: String,
    operator: String,
    #[serde(default)]
    values: Vec<String>,
}

impl Rule {
    fn check(title: String, text: RuleText) -> Result<Self, String> {
        let RuleText { name: _, namespaces, namespace_selector, domains, record_types } = text;
        if namespaces.is_none() && namespace_selector.is_none() {
            return Err("neither namespaces nor namespaceSelector; for all: namespaces: [\"*\"]".to_owned());
        }
        namespaces.iter().flatten().try_for_each(|namespace| check_namespace(namespace))?;
        let selector = namespace_selector.map(selector).transpose()?;
        let domain =
            |text: &String| Domain::parse(text.trim()).map_err(|error| format!("domains: {text:?}: {error}"));
        let domains = domains.iter().map(domain).collect::<Result<_, _>>()?;
        let types = record_types.map(|types| types.iter().map(|text| record_type(text)).collect());
        Ok(Self { title, namespaces, selector, domains, types: types.transpose()? })
    }
}

/// Names of namespaces are DNS labels (RFC 1123); what cannot be one is a mistake.
fn check_namespace(glob: &str) -> Result<(), String> {
    let is_fine = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-*".contains(&b);
    match !glob.is_empty() && glob.bytes().all(is_fine) {
        true => Ok(()),
        false => Err(format!("namespaces: {glob:?} can never be the name of a namespace")),
    }
}

fn selector(text: SelectorText) -> Result<LabelSelector, String> {
    let of_error = |error: &dyn std::fmt::Display| format!("namespaceSelector: {error}");
    let value = serde_json::to_value(text).map_err(|error| of_error(&error))?;
    let selector: LabelSelector = serde_json::from_value(value).map_err(|error| of_error(&error))?;
    selector.validate().map_err(|error| of_error(&error))?;
    Ok(selector)
}

fn record_type(text: &str) -> Result<RecordType, String> {
    let record_type = RecordType::from_text(text);
    match record_type.is_known() {
        true => Ok(record_type),
        false => Err(format!(
            "recordTypes: {text:?} is none of {}",
            RecordType::ALL.map(|known| known.to_string()).join(", ")
        )),
    }
}
