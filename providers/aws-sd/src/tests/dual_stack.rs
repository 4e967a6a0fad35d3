//! W17: a name with addresses of both kinds. ExternalDNS creates a service for the first kind, and ends when it registers the second.

use super::*;

/// Needs 42: from one kind to both, to the other, and back.
#[tokio::test]
async fn both_kinds_share_a_service() {
    let (aws, namespace) = aws().await;
    let provider = provider(&aws, swift());
    let cycle = cycle_of(&provider);
    let (v4, v6) = (wish("a.example.org A 192.0.2.1,192.0.2.2"), wish("a.example.org AAAA 2001:db8::1"));
    let both = "a A/300+AAAA/300 MULTIVALUE: AWS_INSTANCE_IPV4=192.0.2.1+AWS_INSTANCE_IPV6=2001:db8::1 \
                AWS_INSTANCE_IPV4=192.0.2.2+AWS_INSTANCE_IPV6=2001:db8::1";
    let only = |shown: &str| vec![shown.to_owned()];
    cycle.converge(std::slice::from_ref(&v4)).await;
    cycle.converge(&[v4.clone(), v6.clone()]).await;
    assert_eq!(all_shown(&aws, &namespace), only(both));
    cycle.converge(std::slice::from_ref(&v6)).await;
    assert_eq!(all_shown(&aws, &namespace), only("a AAAA/300 MULTIVALUE: AWS_INSTANCE_IPV6=2001:db8::1"));
    cycle.converge(&[v6.clone(), v4.clone()]).await;
    assert_eq!(all_shown(&aws, &namespace), only(both));
    cycle.converge(&[v4]).await;
    cycle.converge(&[]).await;
    assert_eq!(all_shown(&aws, &namespace), only("a A/300 MULTIVALUE: "));
}

#[tokio::test]
async fn both_kinds_are_created_at_once() {
    let (aws, namespace) = aws().await;
    let provider = provider(&aws, swift());
    let cycle = cycle_of(&provider);
    let wishes =
        [wish("a.example.org A 192.0.2.1 60"), wish("a.example.org AAAA 2001:db8::1,2001:db8::2 120")];
    cycle.converge(&wishes).await;
    let shown = all_shown(&aws, &namespace);
    assert!(shown[0].starts_with("a A/60+AAAA/120 MULTIVALUE: "), "{shown:?}");
    // A change of one kind leaves the other as it is.
    let wishes =
        [wish("a.example.org A 192.0.2.9 60"), wish("a.example.org AAAA 2001:db8::1,2001:db8::2 120")];
    let done = cycle.run(&wishes).await;
    assert_eq!((done.plan.changes.len(), done.failures.len()), (1, 0));
    cycle.expect_nothing(&wishes).await;
}
