//! Who asks.

use super::*;

#[tokio::test]
async fn a_key_needs_its_address() {
    let service = Service::free().await;
    service.double.add_key("me@example.org", "key");
    let read = |email: &'static str| {
        let url = service.double.url().to_owned();
        move |name: &str| match name {
            "CLOUDFLARE_BASE_URL" => Some(url.clone()),
            "CF_API_KEY" => Some("key".to_owned()),
            "CF_API_EMAIL" => Some(email.to_owned()),
            _ => None,
        }
    };
    let config = CloudflareConfig::new(Access::from_environment(read("me@example.org")).unwrap());
    assert_eq!(cycle_of(config).reader.zones().await.unwrap().len(), 1);
    let config = CloudflareConfig::new(Access::from_environment(read("you@example.org")).unwrap());
    let error = cycle_of(config).reader.zones().await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Auth);
}

/// Need 38: the next request uses the new token, and a rotation that goes wrong leaves the old one in use.
#[tokio::test]
async fn a_token_in_a_file_may_change_at_any_time() {
    let service = Service::free().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    let config = service.config_with("CF_API_TOKEN", &format!("file:{}", path.display()));
    let provider = Cloudflare::new(config).unwrap();
    let error = provider.check().await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Auth);
    assert!(error.to_string().contains("CF_API_TOKEN") && error.to_string().contains("token"), "{error}");

    let used = || service.double.exchanges().last().unwrap().credentials.clone().unwrap();
    service.double.add_full_token("first");
    service.double.add_full_token("second");
    for (content, token) in [("first\n", "first"), (" second ", "second"), ("", "second"), ("first", "first")]
    {
        std::fs::write(&path, content).unwrap();
        provider.reader().zones().await.unwrap();
        assert_eq!(used(), token);
    }
    std::fs::remove_file(&path).unwrap();
    provider.reader().zones().await.unwrap();
    assert_eq!(used(), "first");
}

#[tokio::test]
async fn a_token_that_is_no_header_is_an_auth_error() {
    let service = Service::free().await;
    let cycle = cycle_of(service.config_with("CF_API_TOKEN", "two\nlines"));
    let error = cycle.reader.zones().await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Auth);
    assert!(!error.to_string().contains("two"), "{error}");
}

#[tokio::test]
async fn nobody_shows_a_token() {
    let service = Service::free().await;
    let config = service.config();
    assert!(!format!("{config:?}").contains(service.double.token()));
}
