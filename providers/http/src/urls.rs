//! Addresses of services.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::Url;
use zonewright_provider_kit::Redaction;

/// Why an address cannot be used. The message has neither user name nor password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// It is no URL.
    #[error("{0}")]
    NotAUrl(String),
    /// Another scheme.
    #[error("it does not begin with https://")]
    Scheme,
    /// Credentials would be there for everybody to read.
    #[error(
        "{0} is plain HTTP to another machine, which would show the credentials to everybody on the way; use https://"
    )]
    PlainHttp(Url),
}

/// Reads the address of a service that gets credentials: HTTPS, or plain HTTP to this very machine (an emulator, a local proxy).
///
/// # Errors
/// When it is something else.
pub fn parse_base_url(text: &str) -> Result<Url, UrlError> {
    let url = Url::parse(text.trim()).map_err(|cause| UrlError::NotAUrl(cause.to_string()))?;
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_this_machine(&url) => Ok(url),
        "http" => Err(UrlError::PlainHttp(shown(&url))),
        _ => Err(UrlError::Scheme),
    }
}

/// Whether the host is a name or an address of the loopback interface.
pub fn is_this_machine(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// The URL without user name, password, query and fragment: all of them may be credentials.
pub fn shown(url: &Url) -> Url {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    // They fail only for URLs without a host, which have neither.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url
}

/// As [`shown`], of a text that may be no URL.
pub fn shown_text(text: &str) -> String {
    match Url::parse(text) {
        Ok(url) if url.has_host() => shown(&url).to_string(),
        // Nothing in it can be told from a password.
        _ if text.contains(['@', '?', '#']) => "a text that is no URL".to_owned(),
        _ => text.to_owned(),
    }
}

/// The secrets that a URL holds: user name and password, by themselves and as basic authentication sends them, and what stands in the
/// query.
pub fn secrets_of(url: &Url) -> Redaction {
    let mut redaction = Redaction::default();
    let decoded = |text: &str| {
        Url::parse(&format!("x:?a={}", text.replace('+', "%2B")))
            .ok()
            .and_then(|url| url.query_pairs().next().map(|(_, value)| value.into_owned()))
    };
    if let Some(password) = url.password() {
        redaction.add(password);
        let (user, password) = (decoded(url.username()), decoded(password));
        if let (Some(user), Some(password)) = (user, password) {
            redaction.add(&password);
            redaction.add(&STANDARD.encode(format!("{user}:{password}")));
        }
    }
    // Some services take a token for a user name.
    redaction.add(url.username());
    url.query_pairs().for_each(|(_, value)| redaction.add(&value));
    redaction
}

/// The secrets of the proxies that the environment names: a proxy may quote what it was let in by.
pub fn secrets_of_proxies() -> Redaction {
    let mut all = Redaction::default();
    for name in ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
        let url = std::env::var(name).ok().and_then(|text| Url::parse(&text).ok());
        url.iter().for_each(|url| all.extend(&secrets_of(url)));
    }
    all
}

/// A path below the base URL, whose own path is kept. Segments are escaped.
pub fn below(base: &Url, segments: &[&str]) -> Url {
    let mut url = base.clone();
    // Fails only for URLs that cannot be a base; http and https always can.
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(segments);
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("http://h", "http://h/records")]
    #[case("http://h/", "http://h/records")]
    #[case("http://h:1/base", "http://h:1/base/records")]
    #[case("http://h:1/base/", "http://h:1/base/records")]
    fn the_path_of_the_base_url_is_kept(#[case] base: &str, #[case] expected: &str) {
        assert_eq!(below(&Url::parse(base).unwrap(), &["records"]).as_str(), expected);
    }

    #[test]
    fn what_stands_in_a_path_cannot_leave_it() {
        let base = Url::parse("https://h/v4/").unwrap();
        assert_eq!(below(&base, &["zones", "../x?y", "a"]).as_str(), "https://h/v4/zones/..%2Fx%3Fy/a");
    }

    #[rstest]
    #[case("http://localhost:8888", true)]
    #[case("http://127.0.0.9", true)]
    #[case("http://[::1]:1", true)]
    #[case("http://localhost.example.org", false)]
    #[case("http://192.0.2.1", false)]
    fn this_machine_is_asked_directly(#[case] url: &str, #[case] expected: bool) {
        assert_eq!(is_this_machine(&Url::parse(url).unwrap()), expected);
        assert_eq!(parse_base_url(url).is_ok(), expected, "and nobody else over plain HTTP");
    }

    #[test]
    fn passwords_stay_out_of_messages() {
        assert_eq!(
            shown(&Url::parse("http://me:secret@h/x?token=secret#secret").unwrap()).as_str(),
            "http://h/x"
        );
        assert_eq!(shown_text("http://me:secret@h/x?token=secret"), "http://h/x");
        assert_eq!(shown_text("me:secret@h?token=secret"), "a text that is no URL");
        assert_eq!(shown_text("localhost:8888"), "localhost:8888");
        let error = parse_base_url("http://me:secret@h/x").unwrap_err().to_string();
        assert!(error.contains("http://h/x") && !error.contains("secret"), "{error}");
    }

    #[rstest]
    #[case("ftp://h")]
    #[case("unix:///socket")]
    fn other_schemes_are_refused(#[case] url: &str) {
        assert_eq!(parse_base_url(url), Err(UrlError::Scheme));
    }
}
