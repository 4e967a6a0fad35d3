//! `snapshot`, `restore` and `adopt` in Azure.

use super::{World, ingress, instead, once};
use zonewright_azure_double::RecordSet;

/// A zone that is lost and made anew gets everything back, tags included.
#[tokio::test(flavor = "multi_thread")]
async fn a_zone_that_was_made_anew_gets_everything_back() {
    for provider in ["azure", "azure-private-dns"] {
        let (world, zone) = World::with_zone(provider).await;
        let text = [
            ingress("www.example.org", "192.0.2.1", &[("ttl", "60"), ("azure-tags", "team=web")]),
            ingress("cdn.example.org", "edge.example.net", &[("alias", "false")]),
        ];
        world.objects(&text.concat());
        assert_eq!(once(world.program()).await.code, Some(0));
        let long = "x".repeat(600);
        let by_hand = [
            RecordSet::new("hand", "MX", 300, &["10 mail.example.net"]),
            RecordSet::new("hand", "TXT", 300, &["v=spf1 -all", &long]),
            RecordSet::new("@", "A", 300, &["192.0.2.9"]),
        ];
        world.azure.seed(&zone, by_hand).unwrap();
        let before = world.azure.records(&zone);
        assert_eq!(before.len(), 7);
        let file = world.path("snapshot.zone").display().to_string();
        let (code, log) =
            instead(&["snapshot", "-o", "bind", &format!("--output={file}")], world.program()).await;
        assert_eq!(code, Some(0), "{log}");

        // A subscription without a zone is none to the service.
        world.zone("example.net");
        world.azure.remove_zone(&zone);
        let (code, log) = instead(&["restore", &file, "--all-owners"], world.program()).await;
        assert!(code == Some(1) && log.contains("make it first"), "{log}");
        let zone = world.zone("example.org");
        let (code, log) = instead(&["restore", &file, "--all-owners"], world.program()).await;
        assert_eq!(code, Some(0), "{log}");
        assert_eq!(world.azure.records(&zone), before, "{provider}\n{log}");
        let (code, log) = instead(&["adopt", "example.org", "hand.example.org"], world.program()).await;
        assert!(code == Some(0) && log.contains("would lie outside of its zone"), "{log}");
        assert_eq!(world.azure.records(&zone), before, "nothing can be adopted here");
    }
}
