//! Our client with our server: the battery that every provider runs, and random wishes.

use super::{IN_MEMORY, Server};
use crate::program::{Objects, bare, ingress};
use proptest::test_runner::{Config, TestRunner};
#[cfg(feature = "aws")]
use zonewright_planner::{DomainFilter, Endpoint, RecordType};
use zonewright_provider_kit::battery::Battery;
#[cfg(feature = "aws")]
use zonewright_provider_kit::{Adjusted, Capabilities, Listing, ProviderError, ReadZones, Zone};
#[cfg(feature = "aws")]
use zonewright_provider_webhook::WebhookReader;
use zonewright_provider_webhook::{Webhook, WebhookConfig};

async fn run(server: &Server) {
    let client = Webhook::new(&WebhookConfig::new(&server.url)).unwrap();
    let (reader, writer) = (client.reader(), client.writer());
    let battery = Battery::new(&reader, &writer, "example.org".parse().unwrap());
    battery.run().await.unwrap_or_else(|error| panic!("{error}\n{}", server.log()));
    assert_eq!(client.stats().records.errors() + client.stats().apply_changes.errors(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_battery_is_green_with_the_provider_in_memory() {
    run(&Server::start(&IN_MEMORY, &[]).await).await;
}

#[cfg(feature = "aws")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_battery_is_green_with_route53() {
    use zonewright_aws_double::{AwsDouble, NewZone};
    let aws = AwsDouble::start().await.unwrap();
    for zone in ["example.org", "2.0.192.in-addr.arpa"] {
        aws.create_zone(NewZone::public(zone)).unwrap();
    }
    let env = [
        ("AWS_ENDPOINT_URL", &*aws.url()),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "AKIATEST"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
    ];
    let flags = ["--provider=aws", "--aws-batch-change-interval=0s", "--provider-requests-per-second=0"];
    let server = Server::start(&flags, &env).await;
    let client = Webhook::new(&WebhookConfig::new(&server.url)).unwrap();
    let mut capabilities = client.reader().capabilities().clone();
    capabilities.record_types.retain(|record_type| *record_type != RecordType::Dname);
    let (reader, writer) = (Knowing { reader: client.reader(), capabilities }, client.writer());
    // Route 53 wants a policy where there are set identifiers. Its zones have name servers at their tops, of which a client cannot know
    // that they belong there: it does not hear where zones begin.
    let weight = [("aws/weight", "10")].into_iter().collect();
    let battery = Battery::new(&reader, &writer, "below.example.org".parse().unwrap());
    let done = battery.set_identifier_properties(weight).run().await;
    done.unwrap_or_else(|error| panic!("{error}\n{}", server.log()));
}

/// A client that has been told what the service behind the server can hold: the protocol has no word for it.
#[cfg(feature = "aws")]
struct Knowing {
    reader: WebhookReader,
    capabilities: Capabilities,
}

#[cfg(feature = "aws")]
#[async_trait::async_trait]
impl ReadZones for Knowing {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn domain_filter(&self) -> Result<DomainFilter, ProviderError> {
        self.reader.domain_filter().await
    }

    async fn zones(&self) -> Result<Vec<Zone>, ProviderError> {
        self.reader.zones().await
    }

    async fn records(&self, zone: &Zone) -> Result<Listing, ProviderError> {
        self.reader.records(zone).await
    }

    async fn adjust(&self, endpoints: Vec<Endpoint>) -> Result<Adjusted, ProviderError> {
        self.reader.adjust(endpoints).await
    }
}

/// Changes in batches of 200 that Cloudflare refuses are searched by the server.
#[cfg(feature = "cloudflare")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_come_and_go_with_cloudflare() {
    use zonewright_cloudflare_double::CloudflareDouble;
    let double = CloudflareDouble::start().await.unwrap();
    let zone = double.add_zone("example.org", "free");
    let env = [("CLOUDFLARE_BASE_URL", double.url()), ("CF_API_TOKEN", double.token())];
    let flags = ["--provider=cloudflare", "--batch-change-interval=0s", "--provider-requests-per-second=0"];
    let server = Server::start(&flags, &env).await;
    let (objects, mut text) = (Objects::new(), String::new());
    for n in 0..250 {
        text.push_str(&ingress(&format!("n{n}"), &format!("n{n}.example.org"), "192.0.2.1", &[]));
    }
    objects.write(&text);
    converge(&server, &objects).await;
    assert_eq!(double.lines(&zone).len(), 500);
    objects.write(&text.replace("192.0.2.1", "192.0.2.2"));
    converge(&server, &objects).await;
    assert_eq!(double.lines(&zone).iter().filter(|line| line.contains("192.0.2.2")).count(), 250);
    objects.write("");
    converge(&server, &objects).await;
    assert_eq!(double.lines(&zone), Vec::<String>::new());
    assert_eq!(double.violations(), Vec::<String>::new());
}

/// One run, and a second one that finds nothing to do.
async fn converge(server: &Server, objects: &Objects) {
    let program = |words: &[&str]| {
        let mut command = bare();
        command
            .args(words)
            .args([
                "--provider=webhook",
                "--source=ingress",
                "--policy=sync",
                "--txt-owner-id=me",
                "--no-delete-guard",
            ])
            .args(["--managed-record-types=A", "--managed-record-types=AAAA", "--managed-record-types=CNAME"])
            .arg(format!("--webhook-provider-url={}", server.url))
            .arg(format!("--manifests={}", objects.path("objects").display()))
            .env("EXTERNAL_DNS_METRICS_ADDRESS", "127.0.0.1:0");
        command
    };
    let run = program(&["--once"]).output().await.unwrap();
    assert!(run.status.success(), "{}{}", String::from_utf8_lossy(&run.stderr), server.log());
    let mut plan = program(&["plan"]);
    let plan = plan.stdout(std::process::Stdio::piped()).output().await.unwrap();
    assert_eq!(plan.status.code(), Some(0), "{}", String::from_utf8_lossy(&plan.stdout));
}

/// Names that are each something else in every round.
#[test]
fn random_wishes_come_to_rest_in_one_run() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let target = proptest::option::of(proptest::sample::select(vec![
        "192.0.2.1",
        "192.0.2.2",
        "2001:db8::1",
        "lb.example.net",
        "other.example.net",
    ]));
    let ttl = proptest::option::of(proptest::sample::select(vec!["60", "5m"]));
    let state = proptest::collection::vec((target, ttl), 5);
    let history = proptest::collection::vec(state, 1..5);
    let config = Config { cases: 5, failure_persistence: None, ..Config::default() };
    let result = TestRunner::new(config).run(&history, |history| {
        runtime.block_on(async {
            let server = Server::start(&IN_MEMORY, &[]).await;
            let objects = Objects::new();
            for state in &history {
                let names = [
                    "a.example.org",
                    "*.b.example.org",
                    "c.d.example.org",
                    "e.example.org",
                    "a.b.example.org",
                ];
                let mut text = String::new();
                for (n, (name, (target, ttl))) in names.iter().zip(state).enumerate() {
                    let Some(target) = target else { continue };
                    let annotations: Vec<(&str, &str)> = ttl.iter().map(|ttl| ("ttl", *ttl)).collect();
                    text.push_str(&ingress(&format!("n{n}"), name, target, &annotations));
                }
                objects.write(&text);
                converge(&server, &objects).await;
            }
            objects.write("");
            converge(&server, &objects).await;
            assert_eq!(super::get(&format!("{}/records", server.url)).await, (200, "[]\n".to_owned()));
        });
        Ok(())
    });
    result.unwrap();
}
