//! The same script on the double and on moto, where moto is faithful: one namespace, no names twice.

use super::*;
use aws_sdk_servicediscovery::types::NamespaceType as WireNamespaceType;
use zonewright_testing::Moto;

/// What stands there after each state, as it is read.
async fn script(url: &str) -> Vec<Vec<String>> {
    let provider = provider_at(url, CloudMapConfig { cleanup: true, ..swift() }, &Clock::default());
    let client = provider.0.api.client_for_tests().await;
    client.create_public_dns_namespace().name("example.org").send().await.unwrap();
    let namespaces = client.list_namespaces().send().await.unwrap();
    assert_eq!(namespaces.namespaces()[0].r#type(), Some(&WireNamespaceType::DnsPublic));
    let cycle = cycle_of(&provider);
    let states: [&[&str]; 8] = [
        &["a.example.org A 192.0.2.1"],
        &["a.example.org A 192.0.2.1,192.0.2.2", "b.c.example.org AAAA 2001:db8::1 60"],
        &["a.example.org A 192.0.2.2", "b.c.example.org CNAME web.example.net"],
        &["a.example.org A 192.0.2.2 60", "b.c.example.org CNAME lb.eu-west-1.elb.amazonaws.com"],
        &["a.example.org A 192.0.2.3", "a.example.org AAAA 2001:db8::3"],
        &["a.example.org CNAME lb.eu-west-1.elb.amazonaws.com"],
        &["a.example.org A 192.0.2.4"],
        &[],
    ];
    let mut seen = Vec::new();
    for state in states {
        let wishes: Vec<Endpoint> = state.iter().map(|line| wish(line)).collect();
        cycle.converge(&wishes).await;
        let (_, _, parts) = cycle.plan(&wishes).await;
        let shown = |record: &Record| {
            let targets: Vec<String> = record.targets.iter().map(ToString::to_string).collect();
            let Record { name, record_type, ttl, labels, .. } = record;
            format!(
                "{name} {record_type} {} {} {}",
                ttl.seconds(),
                targets.join(","),
                labels.to_ownership_text()
            )
        };
        seen.push(parts[0].records.iter().map(shown).collect());
    }
    seen
}

#[tokio::test]
async fn the_double_and_moto_end_up_with_the_same() {
    let (aws, moto) = (AwsDouble::start().await.unwrap(), Moto::start().await.unwrap());
    let seen = script(&aws.url()).await;
    assert_eq!(seen[0], [format!("a.example.org A 300 192.0.2.1 {OURS}")]);
    assert_eq!(seen, script(&moto.url()).await);
}
