//! What an ownership row says, as the value of a TXT record: the text of [`zonewright_planner::ownership_text`] in quotes.

use zonewright_planner::Labels;
pub(crate) use zonewright_planner::ownership_text::NONCE;

/// The text of a row without quotes. Labels that cannot be read back are left out.
pub(crate) fn to_text(labels: &Labels) -> String {
    labels.to_ownership_text()
}

/// Whether a value is exactly [`to_text`] of these labels in quotes.
pub(crate) fn is_text_of(value: &str, labels: &Labels) -> bool {
    let text = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    text.is_some_and(|text| labels.are_ownership_text(text))
}

/// A text as the value of a TXT record.
pub(crate) fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}

/// The value of a TXT record without the quotes around it.
pub(crate) fn unquoted(value: &str) -> &str {
    value.trim_matches('"')
}

/// Reads the text of a row; `None` when it is none.
pub(crate) fn parse(text: &str) -> Option<Labels> {
    Labels::from_ownership_text(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;
    use zonewright_planner::ownership_text::is_writable;

    fn read(text: &str) -> Option<Labels> {
        parse(text)
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
