//! Taking secrets out of what others say: services, and whatever stands before them, quote requests in their complaints.

use secrecy::{ExposeSecret, SecretString};
use std::borrow::Cow;
use std::fmt::Write;

/// What stands where a secret stood.
const HIDDEN: &str = "[redacted]";

/// Shorter ones are no secrets, and hiding them would make nonsense of any text.
const SHORTEST: usize = 6;

/// The secrets that went out with a request, and so must not come back in a message.
#[derive(Debug, Clone, Default)]
pub struct Redaction(Vec<SecretString>);

impl Redaction {
    /// Hides this one, too: as it is, and as it looks in a form, in an address and in JSON.
    pub fn add(&mut self, secret: &str) {
        if secret.len() < SHORTEST {
            return;
        }
        let in_json = serde_json::to_string(secret).unwrap_or_default();
        let forms = [
            secret.to_owned(),
            in_json.trim_matches('"').to_owned(),
            in_json.trim_matches('"').replace('/', "\\/"),
            escaped(secret, "%20"),
            escaped(secret, "+"),
        ];
        for form in forms {
            if self.0.iter().all(|known| known.expose_secret() != form) {
                self.0.push(form.into());
            }
        }
        // A secret may hold another one, and the longer has to go first.
        self.0.sort_by_key(|secret| std::cmp::Reverse(secret.expose_secret().len()));
    }

    /// Hides what the other one hides, too.
    pub fn extend(&mut self, other: &Self) {
        other.0.iter().for_each(|secret| self.add(secret.expose_secret()));
    }

    /// The text without the secrets.
    pub fn hide<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut text = Cow::Borrowed(text);
        for secret in &self.0 {
            if text.contains(secret.expose_secret()) {
                text = Cow::Owned(text.replace(secret.expose_secret(), HIDDEN));
            }
        }
        text
    }

    /// As [`hide`](Self::hide), for a body of any kind; one without a secret stays as it is, byte for byte.
    pub fn hide_in_body(&self, body: Vec<u8>) -> Vec<u8> {
        if self.0.is_empty() {
            return body;
        }
        let hidden = match self.hide(&String::from_utf8_lossy(&body)) {
            Cow::Borrowed(_) => None,
            Cow::Owned(hidden) => Some(hidden.into_bytes()),
        };
        hidden.unwrap_or(body)
    }
}

/// Escaped as in forms and addresses.
fn escaped(secret: &str, space: &str) -> String {
    let mut out = String::with_capacity(secret.len());
    for byte in secret.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => out.push(char::from(byte)),
            b' ' => out.push_str(space),
            _ => {
                // Writing to a text does not fail.
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("token s3cr/t \"x is bad", "token [redacted] is bad")]
    #[case(r#"{"token":"s3cr/t \"x"}"#, r#"{"token":"[redacted]"}"#)]
    #[case(r#"{"token":"s3cr\/t \"x"}"#, r#"{"token":"[redacted]"}"#)]
    #[case("a=s3cr%2Ft%20%22x&b", "a=[redacted]&b")]
    #[case("a=s3cr%2Ft+%22x&b", "a=[redacted]&b")]
    #[case("nothing", "nothing")]
    fn secrets_go_in_every_form(#[case] text: &str, #[case] expected: &str) {
        let mut redaction = Redaction::default();
        redaction.add("s3cr/t \"x");
        redaction.add("b");
        assert_eq!(redaction.hide(text), expected);
        assert_eq!(redaction.hide_in_body(text.into()), expected.as_bytes());
        assert!(!format!("{redaction:?}").contains("s3cr"));
    }

    #[test]
    fn the_longer_secret_goes_first() {
        let mut redaction = Redaction::default();
        redaction.add("secret");
        redaction.add("secret-and-more");
        assert_eq!(redaction.hide("secret-and-more, secret"), "[redacted], [redacted]");
    }
}
