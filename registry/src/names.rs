//! Where the ownership row of a record stands: names of rows from names of records, and back.
//!
//! ```text
//! www.example.org A   ->   <prefix> a- www <suffix> .example.org
//! ```
//!
//! The type stands in front of the first label unless an affix says where it goes (`%{record_type}`). Reading never guesses
//! the record from the row: it computes the names that a record's row may have and looks them up. Only for rows that vouch
//! for no record (claims) the way is gone backwards.

use std::borrow::Cow;
use zonewright_planner::{DnsName, NameError, RecordType};

/// What stands for the record type in an affix.
const TYPE: &str = "%{record_type}";

/// How rows are named (`--txt-prefix`, `--txt-suffix`, `--txt-wildcard-replacement`).
#[derive(Debug)]
pub(crate) struct RowNames {
    types: Vec<TypeAffixes>,
    /// The affixes without the type: what rows of old versions carry.
    bare: Affixes,
    wildcard: Option<Box<str>>,
    templated: bool,
    collisions: Collisions,
}

/// Which rows may be those of several records: with a replaced wildcard, or with a placeholder that nothing ends
/// (`%{record_type}` alone makes `aaaaweb` of `web` AAAA and of `aaaweb` A).
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Collisions {
    everywhere: bool,
    wildcard: Option<Box<str>>,
}

impl Collisions {
    /// Whether every row is that of one record.
    pub(crate) fn are_impossible(&self) -> bool {
        !self.everywhere && self.wildcard.is_none()
    }

    /// Whether this row may be that of several records. Rather once too often.
    pub(crate) fn possible(&self, row: &str) -> bool {
        self.everywhere || self.wildcard.as_deref().is_some_and(|wildcard| row.contains(wildcard))
    }
}

#[derive(Debug)]
struct TypeAffixes {
    record_type: RecordType,
    affixes: Affixes,
}

/// What stands around the first label of a name.
#[derive(Debug)]
struct Affixes {
    before: Box<str>,
    after: Box<str>,
}

impl RowNames {
    pub(crate) fn new(prefix: &str, suffix: &str, wildcard: &str) -> Self {
        // Case never mattered: ExternalDNS lowers affixes, the type placeholder in them included.
        let (prefix, suffix) = (prefix.to_ascii_lowercase(), suffix.to_ascii_lowercase());
        let templated = prefix.contains(TYPE) || suffix.contains(TYPE);
        let types: Vec<TypeAffixes> = RecordType::ALL
            .into_iter()
            .map(|record_type| {
                let token = record_type.as_str().to_ascii_lowercase();
                let mut before = prefix.replace(TYPE, &token);
                if !templated {
                    before.push_str(&token);
                    before.push('-');
                }
                let affixes = Affixes { before: before.into(), after: suffix.replace(TYPE, &token).into() };
                TypeAffixes { record_type, affixes }
            })
            .collect();
        let bare =
            Affixes { before: prefix.replace(TYPE, "").into(), after: suffix.replace(TYPE, "").into() };
        let wildcard: Option<Box<str>> = (!wildcard.is_empty()).then(|| wildcard.to_ascii_lowercase().into());
        let collisions = Collisions { everywhere: are_ambiguous(&types), wildcard: wildcard.clone() };
        Self { types, bare, wildcard, templated, collisions }
    }

    /// The name that this version writes, into a buffer that is cleared first. False for types that are never planned.
    pub(crate) fn typed_into(&self, name: &str, record_type: &RecordType, row: &mut String) -> bool {
        let Some(affixes) = self.affixes(record_type) else { return false };
        self.around(affixes, "", name, row);
        true
    }

    /// The name that this version writes, if DNS can carry it.
    pub(crate) fn typed(
        &self,
        name: &DnsName,
        record_type: &RecordType,
    ) -> Option<Result<DnsName, NameError>> {
        let mut row = String::new();
        self.typed_into(name.as_str(), record_type, &mut row).then(|| DnsName::parse(&row))
    }

    /// The name that ExternalDNS up to 0.11 wrote, without any type.
    pub(crate) fn untyped_into(&self, name: &str, row: &mut String) {
        self.around(&self.bare, "", name, row);
    }

    /// A name that ExternalDNS reads although it never writes it: the affix without its placeholder and the type in front of
    /// the first label. Such rows stem from the time before a placeholder was added to the affix.
    pub(crate) fn placeholder_dropped_into(
        &self,
        name: &str,
        record_type: &RecordType,
        row: &mut String,
    ) -> bool {
        let token = match record_type {
            RecordType::A => "a-",
            RecordType::Aaaa => "aaaa-",
            RecordType::Cname => "cname-",
            RecordType::Other(_) => return false,
            other => &format!("{}-", other.as_str().to_ascii_lowercase()),
        };
        if self.templated {
            self.around(&self.bare, token, name, row);
        }
        self.templated
    }

    /// The name that ExternalDNS writes for a wish spelled in Unicode: the affix joins the label before it is encoded
    /// (`a-bücher` gives `xn--a-bcher-…`).
    pub(crate) fn international(&self, name: &DnsName, record_type: &RecordType) -> Option<DnsName> {
        if !name.as_str().contains("xn--") {
            return None;
        }
        let mut row = String::new();
        self.typed_into(&name.to_unicode(), record_type, &mut row);
        DnsName::parse(&row).ok()
    }

    /// Every record that a row of the current form may vouch for, among `types`. More than one where the configuration is
    /// ambiguous: a replaced wildcard, or a placeholder without anything that ends it.
    pub(crate) fn records_of(
        &self,
        row: &str,
        types: impl Fn(&RecordType) -> bool,
    ) -> Vec<(DnsName, RecordType)> {
        let mut records = Vec::new();
        for of_type in self.types.iter().filter(|t| types(&t.record_type)) {
            let Some(name) = inside(&of_type.affixes, row) else { continue };
            let mut add = |name: &str| {
                if let Ok(name) = DnsName::parse(name) {
                    records.push((name, of_type.record_type.clone()));
                }
            };
            add(&name);
            if let Some(tail) = self.wildcard.as_deref().and_then(|wildcard| name.strip_prefix(wildcard))
                && (tail.is_empty() || tail.starts_with('.'))
            {
                add(&format!("*{tail}"));
            }
        }
        records
    }

    /// Whether a row has the form that this version writes for one of the types.
    pub(crate) fn is_typed(&self, row: &str, types: impl Fn(&RecordType) -> bool) -> bool {
        self.types.iter().any(|t| types(&t.record_type) && inside(&t.affixes, row).is_some())
    }

    /// Which rows may be those of several records.
    pub(crate) fn collisions(&self) -> &Collisions {
        &self.collisions
    }

    fn affixes(&self, record_type: &RecordType) -> Option<&Affixes> {
        self.types.iter().find(|t| t.record_type == *record_type).map(|t| &t.affixes)
    }

    fn around(&self, affixes: &Affixes, token: &str, name: &str, row: &mut String) {
        let (head, tail) = name.split_once('.').map_or((name, None), |(head, tail)| (head, Some(tail)));
        let head = match &self.wildcard {
            Some(replacement) if head == "*" => replacement,
            _ => head,
        };
        row.clear();
        row.reserve(affixes.before.len() + token.len() + head.len() + affixes.after.len() + name.len() + 1);
        for part in [&affixes.before, token, head, &affixes.after] {
            row.push_str(part);
        }
        if let Some(tail) = tail {
            row.push('.');
            row.push_str(tail);
        }
    }
}

/// Whether the affixes of one type are the outer part of those of another. The other side is empty then: ExternalDNS takes a
/// prefix or a suffix, not both.
fn are_ambiguous(types: &[TypeAffixes]) -> bool {
    let continues =
        |a: &Affixes, b: &Affixes| b.before.starts_with(&*a.before) && b.after.ends_with(&*a.after);
    types
        .iter()
        .enumerate()
        .any(|(i, a)| types.iter().enumerate().any(|(j, b)| i != j && continues(&a.affixes, &b.affixes)))
}

/// The name that stands between affixes. The suffix ends within the first labels: as many as it has dots, and one more.
fn inside<'a>(affixes: &Affixes, row: &'a str) -> Option<Cow<'a, str>> {
    let rest =
        row.strip_prefix(&*affixes.before).filter(|rest| !rest.is_empty() && !rest.starts_with('.'))?;
    if affixes.after.is_empty() {
        return Some(Cow::Borrowed(rest));
    }
    let dots = affixes.after.matches('.').count();
    let end = rest.match_indices('.').nth(dots).map_or(rest.len(), |(at, _)| at);
    let (first, tail) = rest.split_at(end);
    let head = first.strip_suffix(&*affixes.after).filter(|head| !head.is_empty() && !head.contains('.'))?;
    Some(Cow::Owned(format!("{head}{tail}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    fn typed(names: &RowNames, name: &str, record_type: &RecordType) -> String {
        let mut row = String::new();
        assert!(names.typed_into(name, record_type, &mut row));
        row
    }

    // core.md section 8 (mapper_test.go of v0.22) and the table of section 3.1.3.
    #[rstest]
    #[case("", "", "", "www.ex.org", "A", "a-www.ex.org")]
    #[case("", "", "", "ex.org", "A", "a-ex.org")]
    #[case("", "", "", "*.ex.org", "A", "a-*.ex.org")]
    #[case("", "", "wild", "*.ex.org", "A", "a-wild.ex.org")]
    #[case("", "", "Wild", "*.ex.org", "A", "a-wild.ex.org")]
    #[case("", "", "wild", "*", "A", "a-wild")]
    #[case("txt.", "", "", "www.ex.org", "A", "txt.a-www.ex.org")]
    #[case("foo", "", "", "example.com", "A", "fooa-example.com")]
    #[case("", "foo", "", "example.com", "AAAA", "aaaa-examplefoo.com")]
    #[case("", ".foo.bar.test", "", "example.com", "CNAME", "cname-example.foo.bar.test.com")]
    #[case("bar.%{record_type}.foo.", "", "", "example.com", "CNAME", "bar.cname.foo.example.com")]
    #[case("", "foo-%{record_type}", "", "example.com", "A", "examplefoo-a.com")]
    #[case("%{record_type}-x.", "", "", "ex.org", "A", "a-x.ex.org")]
    #[case("%{RECORD_TYPE}-own.", "", "", "web.ex.org", "A", "a-own.web.ex.org")]
    #[case("%{record_type}-", "", "", "www.ex.org", "A", "a-www.ex.org")]
    #[case("", "-txt", "", "www.ex.org", "A", "a-www-txt.ex.org")]
    #[case("", "-txt", "", "ex.org", "A", "a-ex-txt.org")]
    #[case("", ".own", "", "www.ex.org", "A", "a-www.own.ex.org")]
    #[case("", "-%{record_type}", "", "ex.org", "A", "ex-a.org")]
    #[case("", "-own", "", "intranet", "A", "a-intranet-own")]
    fn rows_are_named(
        #[case] prefix: &str,
        #[case] suffix: &str,
        #[case] wildcard: &str,
        #[case] name: &str,
        #[case] record_type: &str,
        #[case] row: &str,
    ) {
        let record_type = RecordType::from_text(record_type);
        let names = RowNames::new(prefix, suffix, wildcard);
        assert_eq!(typed(&names, name, &record_type), row);
        let back = names.records_of(row, |_| true);
        assert!(back.contains(&(DnsName::parse(name).unwrap(), record_type)), "{back:?}");
    }

    #[test]
    fn an_incomplete_suffix_is_no_row() {
        let names = RowNames::new("", ".foo.bar", "");
        assert_eq!(names.records_of("a-example.foo.bar", |_| true).len(), 1);
        assert!(names.records_of("a-example.foo", |_| true).is_empty());
    }

    #[rstest]
    #[case("", "", "web.ex.org", "web.ex.org")]
    #[case("own.", "", "web.ex.org", "own.web.ex.org")]
    #[case("", "-own", "web.ex.org", "web-own.ex.org")]
    #[case("foo-%{record_type}-", "", "test.example.com", "foo--test.example.com")]
    fn rows_of_old_versions_have_no_type(
        #[case] prefix: &str,
        #[case] suffix: &str,
        #[case] name: &str,
        #[case] row: &str,
    ) {
        let mut found = String::new();
        RowNames::new(prefix, suffix, "").untyped_into(name, &mut found);
        assert_eq!(found, row);
    }

    #[test]
    fn an_international_name_may_have_been_joined_before_it_was_encoded() {
        let names = RowNames::new("", "", "");
        let name = DnsName::parse("brød.example.org").unwrap();
        let row = names.international(&name, &RecordType::A).unwrap();
        assert_eq!(row.to_unicode(), "a-brød.example.org");
        assert_eq!(names.international(&DnsName::parse("web.example.org").unwrap(), &RecordType::A), None);
    }

    #[test]
    fn ambiguous_rows_have_several_records() {
        let both = |names: RowNames, row: &str| {
            names.records_of(row, |_| true).iter().map(|(n, t)| format!("{n} {t}")).collect::<Vec<_>>()
        };
        assert_eq!(both(RowNames::new("", "", "any"), "a-any.ex.org"), ["any.ex.org A", "*.ex.org A"]);
        assert_eq!(
            both(RowNames::new("%{record_type}", "", ""), "aaaaweb.org"),
            ["aaaweb.org A", "web.org AAAA"]
        );
    }

    #[rstest]
    #[case("", "", "", "a-any.ex.org", false)]
    #[case("", "", "any", "a-any.ex.org", true)]
    #[case("", "", "any", "a-web.ex.org", false)]
    #[case("%{record_type}", "", "", "aweb.ex.org", true)]
    #[case("%{record_type}-", "", "", "a-web.ex.org", false)]
    #[case("own-%{record_type}.", "", "", "own-a.web.ex.org", false)]
    #[case("", "%{record_type}", "", "weba.ex.org", true)]
    #[case("", "-%{record_type}", "", "web-a.ex.org", false)]
    fn collisions_are_foreseen(
        #[case] prefix: &str,
        #[case] suffix: &str,
        #[case] wildcard: &str,
        #[case] row: &str,
        #[case] expected: bool,
    ) {
        assert_eq!(RowNames::new(prefix, suffix, wildcard).collisions().possible(row), expected);
    }

    proptest! {
        /// From record to row and back gives the record, and two records never share a row, for affixes that set the type apart.
        #[test]
        fn typed_names_are_one_to_one(
            affixes in prop::sample::select(vec![
                ("", ""), ("own-", ""), ("own.", ""), ("_x.y.", ""), ("%{record_type}-own.", ""), ("_%{record_type}.", ""),
                ("", "-own"), ("", "-own.reg"), ("", ".own"), ("", "-%{record_type}-own"), ("", ".%{record_type}"),
            ]),
            a in ("[a-c-]{1,4}(\\.[a-b]{1,3}){0,3}", 0..10usize),
            b in ("[a-c-]{1,4}(\\.[a-b]{1,3}){0,3}", 0..10usize),
        ) {
            let names = RowNames::new(affixes.0, affixes.1, "");
            let records = [&a, &b].map(|(name, t)| (DnsName::parse(name).unwrap(), RecordType::ALL[*t].clone()));
            let rows = records.clone().map(|(name, t)| typed(&names, name.as_str(), &t));
            for (record, row) in records.iter().zip(&rows) {
                prop_assert_eq!(names.records_of(row, |_| true), vec![record.clone()]);
            }
            prop_assert_eq!(rows[0] == rows[1], records[0] == records[1]);
        }
    }
}
