//! The command line of `rbac`: that of the daemon, of which nothing has to be said but what permissions depend on.

use super::argv::variable;
use crate::kubernetes::permissions::ServiceAccount;

/// The words with a provider, which no permission depends on.
pub(super) fn completed(mut words: Vec<String>, env: &dyn Fn(&str) -> Option<String>) -> Vec<String> {
    let in_words = words.iter().any(|word| word == "--provider" || word.starts_with("--provider="));
    if !in_words && env(&variable("provider")).is_none_or(|value| value.is_empty()) {
        words.push("--provider=inmemory".to_owned());
    }
    words
}

/// `NAMESPACE/NAME`.
pub(super) fn service_account(text: &str) -> Result<ServiceAccount, String> {
    match text.split_once('/') {
        Some((namespace, name)) if !namespace.is_empty() && !name.is_empty() && !name.contains('/') => {
            Ok(ServiceAccount { namespace: namespace.to_owned(), name: name.to_owned() })
        }
        _ => Err("expected NAMESPACE/NAME".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_is_filled_in_where_there_is_none() {
        let read = |words: &[&str], env: &dyn Fn(&str) -> Option<String>| {
            completed(words.iter().map(ToString::to_string).collect(), env).join(" ")
        };
        let none = |_: &str| None;
        let set = |name: &str| (name == "EXTERNAL_DNS_PROVIDER").then(|| "aws".to_owned());
        assert_eq!(read(&["--source=crd"], &none), "--source=crd --provider=inmemory");
        assert_eq!(read(&["--source=crd"], &set), "--source=crd");
        assert_eq!(read(&["--provider", "aws"], &none), "--provider aws");
    }

    #[test]
    fn service_accounts_have_a_namespace() {
        let account = ServiceAccount { namespace: "dns".to_owned(), name: "external-dns".to_owned() };
        assert_eq!(service_account("dns/external-dns"), Ok(account));
        for text in ["dns", "/dns", "dns/", "a/b/c", ""] {
            assert!(service_account(text).is_err(), "{text}");
        }
    }
}
