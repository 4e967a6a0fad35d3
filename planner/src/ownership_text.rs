//! What an ownership record says: `heritage=external-dns,external-dns/owner=me,external-dns/resource=ingress/default/web`.
//!
//! In TXT records it stands in quotes; the description of a Cloud Map service is just this text. There is no escaping. A label that
//! would be read back as something else is never written.

use crate::Labels;

const HERITAGE: &str = "external-dns";

/// Label key: the nonce under which a TXT record was encrypted. It travels with the record, and is never part of the text.
pub const NONCE: &str = "txt-encryption-nonce";

impl Labels {
    /// The text that says this of a record. Labels that could not be read back are left out.
    pub fn to_ownership_text(&self) -> String {
        let mut text = format!("heritage={HERITAGE}");
        for (key, value) in self.iter().filter(|(key, value)| is_writable(key, value)) {
            for part in [",external-dns/", key, "=", value] {
                text.push_str(part);
            }
        }
        text
    }

    /// Whether a text is exactly [`Labels::to_ownership_text`]. Most texts of a zone are, so nothing is made to find out.
    pub fn are_ownership_text(&self, text: &str) -> bool {
        let labels = self.iter().filter(|(key, value)| is_writable(key, value));
        let labels = labels.flat_map(|(key, value)| [",external-dns/", key, "=", value]);
        let mut parts = ["heritage=", HERITAGE].into_iter().chain(labels);
        parts.try_fold(text, |rest, part| rest.strip_prefix(part)) == Some("")
    }

    /// Reads such a text; `None` when it is none. As in ExternalDNS quotes around it do not matter, the heritage may stand
    /// anywhere, of repeated labels the last counts, and whatever else stands there is ignored.
    pub fn from_ownership_text(text: &str) -> Option<Self> {
        let text = text.trim_matches('"');
        if !text.contains("heritage=") {
            return None;
        }
        // Owner and resource, as a rule.
        let mut labels = Vec::with_capacity(2);
        let mut is_ours = false;
        for (key, value) in text.split(',').filter_map(|token| token.split_once('=')) {
            if key == "heritage" {
                if value != HERITAGE {
                    return None;
                }
                is_ours = true;
            } else if key.starts_with(HERITAGE) {
                let key = key.strip_prefix("external-dns/").unwrap_or(key);
                if key != NONCE {
                    labels.push((key, value));
                }
            }
        }
        is_ours.then(|| labels.into_iter().collect())
    }
}

/// Whether a label belongs into the text: the nonce does not, and what would forge other labels must not.
pub fn is_writable(key: &str, value: &str) -> bool {
    key != NONCE && Labels::check(key, value).is_ok()
}
