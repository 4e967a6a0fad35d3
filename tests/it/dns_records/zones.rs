//! Records and their objects.

use super::*;

#[test]
fn records_come_change_and_go_with_their_objects() {
    test(async {
        let stage = Stage::new("crd-life").await;
        stage.wish(&[("web.example.org", "192.0.2.1"), ("*.any.example.org", "192.0.2.2")]);
        let plan = stage.run(&["plan"]).await;
        assert_eq!(plan.code, Some(2), "{}{}", plan.stdout, plan.stderr);
        stage.cycle(&["--dry-run"]).await;
        assert!(stage.rows().await.is_empty() && stage.zone().is_empty(), "neither of them writes");
        stage.cycle(&[]).await;
        let [web, any] = ["me [192.0.2.1] Programmed", "me [192.0.2.2] Programmed"];
        assert_eq!(stage.rows().await, rows(&[("web.example.org", web), ("*.any.example.org", any)]));
        assert!(!stage.zone().contains("TXT"), "{}", stage.zone());
        let plan = stage.run(&["plan"]).await;
        assert_eq!(plan.code, Some(0), "{}", plan.stdout);

        stage.wish(&[("web.example.org", "192.0.2.9")]);
        stage.cycle(&[]).await;
        assert_eq!(stage.rows().await, rows(&[("web.example.org", "me [192.0.2.9] Programmed")]));
        assert!(stage.zone().contains("192.0.2.9") && !stage.zone().contains("any"), "{}", stage.zone());
        stage.wish(&[]);
        stage.cycle(&[]).await;
        assert!(stage.rows().await.is_empty());
    });
}

#[test]
fn a_zone_of_registry_txt_moves_into_objects_and_back() {
    test(async {
        let stage = Stage::new("crd-move").await;
        let names = [("web.example.org", "192.0.2.1"), ("two.example.org", "192.0.2.2")];
        stage.wish(&names);
        stage.cycle(&["--registry=txt"]).await;
        let with_txt = stage.zone();
        let plan = stage.run(&["plan"]).await;
        let told = plan.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            told.contains("ownership record is written into the table dnsrecords in namespace crd-move"),
            "{told}"
        );
        stage.cycle(&[]).await;
        assert_eq!(
            stage.zone(),
            with_txt,
            "records stay as they are, and so do TXT records that are not managed"
        );
        assert_eq!(stage.rows().await.len(), 2);
        assert_eq!(stage.run(&["plan"]).await.code, Some(0));
        // Back again: the old rows are still there.
        assert_eq!(stage.run(&["plan", "--registry=txt"]).await.code, Some(0));
        // Where TXT is managed the old rows go.
        stage.cycle(&["--managed-record-types=A", "--managed-record-types=TXT"]).await;
        assert!(!stage.zone().contains("TXT"), "{}", stage.zone());
    });
}

/// v0.22 keeps no word of which generation it speaks; its objects are ours as they are.
#[test]
fn objects_of_externaldns_are_taken_over_without_a_change() {
    test(async {
        let stage = Stage::new("crd-v022").await;
        let file = "- {dnsName: web.example.org, recordType: A, targets: [192.0.2.1]}\n";
        stage.objects.file("records.yaml", file);
        stage.cluster.apply(&object(&stage, "me", "web.example.org", "192.0.2.1")).await.unwrap();
        stage.wish(&[("web.example.org", "192.0.2.1")]);
        let before = stage.list().await;
        let plan = stage.run(&["plan"]).await;
        assert_eq!(plan.code, Some(0), "{}{}", plan.stdout, plan.stderr);
        stage.cycle(&[]).await;
        assert_eq!(stage.list().await, before, "not even looked at twice");
    });
}

#[test]
fn what_others_own_and_what_nobody_owns_stays() {
    test(async {
        let stage = Stage::new("crd-others").await;
        let file = "- {dnsName: hand.example.org, recordType: A, targets: [203.0.113.1]}\n\
                    - {dnsName: theirs.example.org, recordType: A, targets: [203.0.113.2]}\n";
        stage.objects.file("records.yaml", file);
        for (name, target) in [("theirs.example.org", "203.0.113.2"), ("claimed.example.org", "203.0.113.3")]
        {
            stage.cluster.apply(&object(&stage, "them", name, target)).await.unwrap();
        }
        let names = ["hand.example.org", "theirs.example.org", "claimed.example.org", "mine.example.org"];
        stage.wish(&names.map(|name| (name, "192.0.2.1")));
        stage.cycle(&[]).await;
        let zone = stage.zone();
        assert!(
            zone.contains("203.0.113.1") && zone.contains("203.0.113.2") && !zone.contains("claimed"),
            "{zone}"
        );
        assert_eq!(zone.matches("192.0.2.1").count(), 1, "{zone}");
        let owners: Vec<String> =
            stage.rows().await.into_values().map(|row| row.split(' ').next().unwrap().to_owned()).collect();
        assert_eq!(owners, ["them", "me", "them"]);
        let owners = stage.run(&["owners"]).await;
        assert!(owners.stdout.contains("them") && owners.stdout.contains("me"), "{}", owners.stdout);
        let explained = stage.run(&["explain", "claimed.example.org"]).await.stdout;
        assert!(explained.contains("them"), "{explained}");
    });
}

/// An object without its record, and a record that somebody has removed by hand.
#[test]
fn what_was_lost_in_the_zone_comes_back() {
    test(async {
        let stage = Stage::new("crd-drift").await;
        stage.wish(&[("web.example.org", "192.0.2.1")]);
        stage.cycle(&[]).await;
        std::fs::remove_file(stage.objects.path("records.yaml")).unwrap();
        stage.cycle(&[]).await;
        assert!(stage.zone().contains("192.0.2.1"));
        // And an object of ours that stands for nothing goes.
        std::fs::remove_file(stage.objects.path("records.yaml")).unwrap();
        stage.wish(&[]);
        stage.cycle(&[]).await;
        assert!(stage.rows().await.is_empty());
    });
}
