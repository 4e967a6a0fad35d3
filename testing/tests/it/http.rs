//! A plain HTTP client.

/// A client of its own: connections do not outlive the runtime of a test.
pub fn http() -> reqwest::Client {
    // reqwest wants a crypto backend even for plain HTTP. Whichever test is first installs it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::new()
}
