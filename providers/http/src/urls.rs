//! Addresses of services.

use reqwest::Url;

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

/// The URL without user name and password.
pub fn shown(url: &Url) -> Url {
    let mut url = url.clone();
    // They fail only for URLs without a host, which have neither.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url
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
        assert_eq!(shown(&Url::parse("http://me:secret@h/x").unwrap()).as_str(), "http://h/x");
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
