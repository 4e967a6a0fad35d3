//! Signatures: what happens when one side has other keys, or another time.

use super::wire::{Fault, Wire};
use super::*;
use rstest::rstest;

/// Errors of reading and of writing.
async fn errors(config: Rfc2136Config) -> [ProviderError; 2] {
    let cycle = Cycle::new(config);
    let read = cycle.reader.records(&cycle.zones[0]).await.unwrap_err();
    let change = ZoneChange {
        change: Change::create(wish("a.example.org A 192.0.2.1"), zonewright_planner::CreateReason::New),
        rows: Vec::new(),
    };
    let written = cycle.write(&[change]).await.remove(0).unwrap_err();
    [read, written]
}

fn key(name: &str, secret: &str, algorithm: &str) -> Option<TsigKey> {
    let secret = secret.to_owned().into();
    Some(TsigKey::from_flags(Some(name), Some(&secret), Some(algorithm)).unwrap())
}

#[rstest]
#[tokio::test]
async fn every_algorithm_does(
    #[values(Make::Bind, Make::Knot)] make: Make,
    #[values("hmac-sha1", "hmac-sha224", "hmac-sha256", "hmac-sha384", "hmac-sha512")] algorithm: &str,
) {
    let setup = NameServerSetup { algorithm: algorithm.to_owned(), ..NameServerSetup::zones(&[ZONE]) };
    let server = start_with(make, setup).await;
    let cycle = Cycle::new(config(&server));
    cycle.converge(&wishes(&["a.example.org A 192.0.2.1"])).await;
}

#[rstest]
#[case("zonewright", "d3Jvbmc=", "hmac-sha256", "BADSIG")]
#[case("other-key", "d3Jvbmc=", "hmac-sha256", "BADKEY")]
#[tokio::test]
async fn a_wrong_key_is_named(
    #[values(Make::Bind, Make::Knot)] make: Make,
    #[case] name: &str,
    #[case] secret: &str,
    #[case] algorithm: &str,
    #[case] part: &str,
) {
    let server = start(make).await;
    let config = Rfc2136Config { key: key(name, secret, algorithm), ..config(&server) };
    for error in errors(config).await {
        assert_eq!(error.class(), ErrorClass::Auth, "{error}");
        assert!(error.to_string().contains(part), "{error}");
        assert!(error.to_string().contains(name), "{error}");
        assert!(!error.to_string().contains(secret), "{error}");
        assert!(!error.is_outcome_unknown(), "{error}");
    }
    assert_eq!(lines(&server).await, Vec::<String>::new());
}

#[rstest]
#[case(-1000, "behind")]
#[case(1000, "ahead of")]
#[tokio::test]
async fn a_wrong_clock_is_named(
    #[values(Make::Bind, Make::Knot)] make: Make,
    #[case] off: i64,
    #[case] part: &str,
) {
    let server = start(make).await;
    let right = system_clock();
    let clock: Clock = Arc::new(move || right().saturating_add_signed(off));
    for error in errors(Rfc2136Config { clock, ..config(&server) }).await {
        assert_eq!(error.class(), ErrorClass::Auth, "{error}");
        assert!(error.to_string().contains("BADTIME") && error.to_string().contains(part), "{error}");
        assert!(error.to_string().contains("1000 seconds") || error.to_string().contains("999"), "{error}");
        assert!(!error.is_outcome_unknown(), "{error}");
    }
    assert_eq!(lines(&server).await, Vec::<String>::new());
}

#[rstest]
#[tokio::test]
async fn without_a_signature_servers_refuse(#[values(Make::Bind, Make::Knot)] make: Make) {
    let server = start(make).await;
    let [read, written] = errors(Rfc2136Config { key: None, ..config(&server) }).await;
    assert_eq!(read.class(), ErrorClass::Auth, "{read}");
    // BIND looks at each name, whoever asks.
    let class = if make == Make::Bind { ErrorClass::InvalidRecord } else { ErrorClass::Auth };
    assert_eq!(written.class(), class, "{written}");
    assert_eq!(lines(&server).await, Vec::<String>::new());
}

#[tokio::test]
async fn answers_that_were_changed_on_the_way_are_not_believed() {
    let server = start(Make::Bind).await;
    let wire = Wire::to(&server).await;
    wire.fault(Some(Fault::Flipped));
    let [read, written] = errors(wire.config(&server)).await;
    assert_eq!([read.class(), written.class()], [ErrorClass::Auth; 2], "{read} {written}");
    assert!(written.is_outcome_unknown(), "it may well have been made");
}
