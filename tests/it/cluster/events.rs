//! `--events`: an object's change brings the next cycle forward.

use super::daemon::{Daemon, until};
use super::objects::{owned_a, service};
use super::world::{Provider, first_cluster, test, with};
use std::time::{Duration, Instant};
use zonewright_testing::Call;

/// How long events are collected before a cycle serves them all.
const WINDOW: Duration = Duration::from_secs(5);

#[test]
fn a_change_is_served_after_the_window_and_long_before_the_interval() {
    test(async {
        let (provider, cluster) = (Provider::start().await, first_cluster().await);
        let flags = provider.flags_in(&cluster, "events", &["service"]);
        let flags = with(&flags, &["--interval=1h", "--events", "--min-event-sync-interval=100ms"]);
        let mut daemon = Daemon::start(&flags);
        until("the first cycle", || provider.0.count(Call::Adjust) == 1).await;

        let changed = Instant::now();
        cluster.apply(&service("events", "web", "web.example.org", "192.0.2.1")).await.unwrap();
        cluster.apply(&service("events", "shop", "shop.example.org", "192.0.2.2")).await.unwrap();
        let records = [
            owned_a("web.example.org", "192.0.2.1", "me", "service/events/web"),
            owned_a("shop.example.org", "192.0.2.2", "me", "service/events/shop"),
        ];
        provider.until_records_are("served by an event", records.concat()).await;
        let waited = changed.elapsed();
        assert!(waited >= WINDOW, "{waited:?}");
        assert!(waited < WINDOW * 3, "{waited:?}");
        assert_eq!(provider.0.count(Call::Adjust), 2, "one cycle for a burst");
        assert_eq!(provider.applies(), 1);
        daemon.stop().await;
    });
}
