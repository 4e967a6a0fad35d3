//! What an ownership row says: `heritage=external-dns,external-dns/owner=me,external-dns/resource=ingress/default/web`.
//!
//! There is no escaping. A label that would be read back as something else is never written.

use std::collections::HashSet;
use std::sync::Arc;
use zonewright_planner::Labels;

/// Label key: the nonce under which the row was encrypted. Travels with the record, is never part of the text.
pub(crate) const NONCE: &str = "txt-encryption-nonce";

const HERITAGE: &str = "external-dns";

/// The text of a row without quotes. Labels that cannot be read back are left out.
pub(crate) fn to_text(labels: &Labels) -> String {
    let mut text = format!("heritage={HERITAGE}");
    for (key, value) in labels.iter().filter(|(key, value)| is_writable(key, value)) {
        for part in [",external-dns/", key, "=", value] {
            text.push_str(part);
        }
    }
    text
}

/// Whether a value is exactly [`to_text`] of these labels in quotes. Most rows of a zone are, so nothing is made to find out.
pub(crate) fn is_text_of(value: &str, labels: &Labels) -> bool {
    let heritage = ["\"heritage=", HERITAGE];
    let labels = labels.iter().filter(|(key, value)| is_writable(key, value));
    let labels = labels.flat_map(|(key, value)| [",external-dns/", key, "=", value]);
    let mut parts = heritage.into_iter().chain(labels).chain(["\""]);
    parts.try_fold(value, |rest, part| rest.strip_prefix(part)) == Some("")
}

/// Whether a label belongs into the text: the nonce does not, and what would forge other labels must not.
pub(crate) fn is_writable(key: &str, value: &str) -> bool {
    key != NONCE && Labels::check(key, value).is_ok()
}

/// A text as the value of a TXT record.
pub(crate) fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}

/// The value of a TXT record without the quotes around it.
pub(crate) fn unquoted(value: &str) -> &str {
    value.trim_matches('"')
}

/// Reads the text of a row; `None` when it is none. As in ExternalDNS the heritage may stand anywhere, of repeated labels the
/// last counts, and whatever else stands there is ignored.
pub(crate) fn parse(text: &str, texts: &mut Texts) -> Option<Labels> {
    if !text.contains("heritage=") {
        return None;
    }
    // Owner and resource, as a rule.
    let mut labels = Vec::with_capacity(2);
    let mut is_row = false;
    for (key, value) in text.split(',').filter_map(|token| token.split_once('=')) {
        if key == "heritage" {
            if value != HERITAGE {
                return None;
            }
            is_row = true;
        } else if key.starts_with(HERITAGE) {
            let key = key.strip_prefix("external-dns/").unwrap_or(key);
            if key != NONCE {
                labels.push((texts.shared(key), texts.shared(value)));
            }
        }
    }
    is_row.then(|| labels.into_iter().collect())
}

/// Texts that occur again and again in one listing, kept once.
#[derive(Default)]
pub(crate) struct Texts(HashSet<Arc<str>>);

impl Texts {
    pub(crate) fn shared(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.0.get(text) {
            return known.clone();
        }
        let new: Arc<str> = text.into();
        self.0.insert(new.clone());
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    fn read(text: &str) -> Option<Labels> {
        parse(unquoted(text), &mut Texts::default())
    }

    fn labels(pairs: &[(&'static str, &'static str)]) -> Labels {
        pairs.iter().copied().collect()
    }

    #[test]
    fn the_text_is_the_one_of_external_dns() {
        let labels = labels(&[("resource", "foo-resource"), ("owner", "foo-owner"), (NONCE, "x")]);
        assert_eq!(
            to_text(&labels),
            "heritage=external-dns,external-dns/owner=foo-owner,external-dns/resource=foo-resource"
        );
    }

    #[rstest]
    #[case("\"heritage=external-dns,external-dns/owner=me\"", Some(vec![("owner", "me")]))]
    #[case("heritage=external-dns,external-dns/owner=me", Some(vec![("owner", "me")]))]
    #[case("external-dns/owner=me,heritage=external-dns", Some(vec![("owner", "me")]))]
    #[case("heritage=external-dns,external-dns/owner=a,external-dns/owner=b", Some(vec![("owner", "b")]))]
    #[case("heritage=external-dns,external-dns/owner=team/a:1=x y", Some(vec![("owner", "team/a:1=x y")]))]
    #[case("heritage=external-dns,,junk,other=1,external-dns/owner=me,", Some(vec![("owner", "me")]))]
    #[case("heritage=external-dns,external-dns/txt-encryption-nonce=x", Some(vec![]))]
    #[case("heritage=external-dns", Some(vec![]))]
    #[case("heritage=other-dns,external-dns/owner=me", None)]
    #[case("heritage=external-dns,heritage=other", None)]
    #[case("external-dns/owner=me", None)]
    #[case("v=spf1 -all", None)]
    #[case("", None)]
    fn texts_are_read(#[case] text: &str, #[case] expected: Option<Vec<(&'static str, &'static str)>>) {
        assert_eq!(read(text), expected.map(|pairs| labels(&pairs)));
    }

    proptest! {
        /// Whatever labels a wish carries: what is read back is what was writable, nothing more, and the owner is ours.
        #[test]
        fn labels_never_forge_others(pairs in prop::collection::vec(("[a-z/=,\"-]{0,12}", "[ -~]{0,20}"), 0..6)) {
            let mut labels: Labels = pairs.into_iter().collect();
            labels.set("owner", "me");
            let expected: Labels = labels.iter().filter(|(k, v)| is_writable(k, v)).map(|(k, v)| (k.to_owned(), v)).collect();
            let found = read(&quoted(&to_text(&labels))).unwrap();
            prop_assert_eq!(found.owner(), Some("me"));
            prop_assert_eq!(found, expected);
            let text = quoted(&to_text(&labels));
            prop_assert!(is_text_of(&text, &labels));
            prop_assert!(!is_text_of(&text[..text.len() - 1], &labels));
            let longer = text.clone() + " ";
            prop_assert!(!is_text_of(&longer, &labels));
            labels.set("owner", "you");
            prop_assert!(!is_text_of(&text, &labels));
        }
    }
}
