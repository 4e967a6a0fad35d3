//! What changed is published at once: one write, no listing.

use super::daemon::{Daemon, until, until_async};
use super::objects::{owned_a, service};
use super::world::{Provider, first_cluster, test, with};
use std::time::{Duration, Instant};
use zonewright_testing::Call;

#[test]
fn a_change_is_one_write_at_once_and_no_listing() {
    test(async {
        let (provider, cluster) = (Provider::start().await, first_cluster().await);
        let flags = provider.flags_in(&cluster, "events", &["service"]);
        let mut daemon = Daemon::start(&with(&flags, &["--interval=1h"]));
        until("the first cycle", || provider.0.count(Call::Adjust) == 1).await;
        let listed = provider.0.count(Call::Records);

        cluster.apply(&service("events", "web", "web.example.org", "192.0.2.1")).await.unwrap();
        let web = owned_a("web.example.org", "192.0.2.1", "me", "service/events/web");
        provider.until_records_are("served by an event", web.clone()).await;
        assert_eq!(provider.applies(), 1);
        cluster.apply(&service("events", "shop", "shop.example.org", "192.0.2.2")).await.unwrap();
        let shop = owned_a("shop.example.org", "192.0.2.2", "me", "service/events/shop");
        provider.until_records_are("served by a second event", [web, shop].concat()).await;
        assert_eq!(provider.0.count(Call::Records), listed);
        daemon.stop().await;
    });
}

#[test]
fn events_keep_the_distance_that_is_asked_for() {
    const GAP: Duration = Duration::from_secs(2);
    test(async {
        let (provider, cluster) = (Provider::start().await, first_cluster().await);
        let flags = provider.flags_in(&cluster, "paced", &["service"]);
        let mut daemon =
            Daemon::start(&with(&flags, &["--interval=1h", "--events", "--min-event-sync-interval=2s"]));
        until("the first cycle", || provider.0.count(Call::Adjust) == 1).await;
        cluster.apply(&service("paced", "web", "web.example.org", "192.0.2.1")).await.unwrap();
        let web = owned_a("web.example.org", "192.0.2.1", "me", "service/paced/web");
        provider.until_records_are("the first event", web.clone()).await;
        let begun = Instant::now();
        cluster.apply(&service("paced", "shop", "shop.example.org", "192.0.2.2")).await.unwrap();
        let shop = owned_a("shop.example.org", "192.0.2.2", "me", "service/paced/shop");
        provider.until_records_are("the second event", [web, shop].concat()).await;
        assert!(begun.elapsed() > GAP / 2, "{:?}", begun.elapsed());
        daemon.stop().await;
    });
}

#[test]
fn how_long_a_change_took_is_measured() {
    test(async {
        let (provider, cluster) = (Provider::start().await, first_cluster().await);
        let flags = provider.flags_in(&cluster, "measured", &["service"]);
        let mut daemon = Daemon::start(&with(&flags, &["--interval=1h"]));
        until("the first cycle", || provider.0.count(Call::Adjust) == 1).await;
        provider.0.delay(Call::Apply, Duration::from_millis(300));
        cluster.apply(&service("measured", "web", "web.example.org", "192.0.2.1")).await.unwrap();
        let web = owned_a("web.example.org", "192.0.2.1", "me", "service/measured/web");
        provider.until_records_are("served by an event", web).await;
        let name = |part: &str| format!("external_dns_controller_event_to_record_seconds_{part}");
        until_async("the latency", async || daemon.metrics().await.value(&name("count"), &[]) == Some(1.0))
            .await;
        let metrics = daemon.metrics().await;
        let took = metrics.value(&name("sum"), &[]).unwrap();
        assert!((0.3..30.0).contains(&took), "{took}");
        assert_eq!(metrics.value(&name("bucket"), &[("le", "0.25")]), Some(0.0));
        let applied = [("operation", "apply"), ("code", "204")];
        assert_eq!(metrics.value("external_dns_provider_requests_total", &applied), Some(1.0));
        daemon.stop().await;
    });
}
