//! Over TLS: whose word counts.

use super::{Objects, Service, once};
use zonewright_testing::TlsFront;

#[tokio::test(flavor = "multi_thread")]
async fn another_authority_is_trusted_when_it_is_named() {
    let service = Service::with_plan("free").await;
    let plain = service.double.url();
    let address = plain.trim_start_matches("http://").split('/').next().unwrap();
    let front = TlsFront::before(address).await.unwrap();
    let url = plain.replace("http://", "https://").replace(address, front.address());
    let objects = Objects::new();
    objects.numbered(1, 0..0);
    let program = |authority: Option<&std::path::Path>| {
        let mut command = service.program(&objects);
        command.env("CLOUDFLARE_BASE_URL", &url);
        if let Some(file) = authority {
            command.env("SSL_CERT_FILE", file);
        }
        command
    };
    let ended = once(program(None)).await;
    assert_eq!(ended.code, Some(1), "{}", ended.log);
    assert!(ended.log.to_lowercase().contains("certificate"), "{}", ended.log);
    assert_eq!(service.double.requests(), 0, "the token was not shown to a stranger");

    let file = objects.file("authority.pem", front.authority());
    let ended = once(program(Some(&file))).await;
    assert_eq!(ended.code, Some(0), "{}", ended.log);
    assert_eq!(service.lines().len(), 2);
}
