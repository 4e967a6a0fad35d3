//! The loop and a provider that fails in one zone, or is changed by somebody else.

use super::*;
use crate::sync::Schedule;
use tokio::time::Instant;
use zonewright_planner::Target;

const BOTH: &[(&str, &[&str])] = &[("a.example.org", &["192.0.2.1"]), ("b.example.net", &["192.0.2.2"])];

fn failures() -> Vec<ProviderError> {
    let error = |class| ProviderError::new(class, "no");
    vec![
        error(ErrorClass::Auth),
        error(ErrorClass::Throttled { retry_after: None }),
        error(ErrorClass::Throttled { retry_after: Some(Duration::from_secs(1)) }),
        error(ErrorClass::Unavailable),
        error(ErrorClass::Unavailable).with_unknown_outcome(),
        error(ErrorClass::Permanent),
    ]
}

#[tokio::test(start_paused = true)]
async fn a_zone_that_cannot_be_written_rests_while_the_others_go_on() {
    for failure in failures() {
        let mut harness = Harness::new();
        harness.say(BOTH);
        *harness.service.unwritable_zone.lock().unwrap() = Some(("example.net", failure.clone()));
        let report = harness.cycle().await;
        assert!(!report.succeeded());
        assert_eq!(harness.names(), ["A a.example.org", "TXT a-a.example.org"], "{failure:?}");
        harness.say(&[("a.example.org", &["192.0.2.9"]), ("b.example.net", &["192.0.2.2"])]);
        let writes = harness.service.writes.swap(0, Ordering::Relaxed);
        assert_eq!(writes, 2, "one for each zone");
        let report = harness.cycle().await;
        assert_eq!(report.count("update"), 1, "the other zone goes on: {failure:?}");
        assert!(!report.provider_succeeded(), "and the one that rests is not forgotten");
        assert_eq!(harness.service.writes.swap(0, Ordering::Relaxed), 1, "{failure:?}");
        *harness.service.unwritable_zone.lock().unwrap() = None;
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(harness.cycle().await.succeeded(), "{failure:?}");
        assert_eq!(harness.names().len(), 4);
    }
}

#[tokio::test(start_paused = true)]
async fn somebody_who_always_changes_it_back_is_not_fought_for_ever() {
    let mut harness = Harness::new();
    harness.say(BOTH);
    harness.cycle().await;
    harness.service.writes.store(0, Ordering::Relaxed);
    let mut told = 0;
    for _ in 0..60 {
        for record in harness.service.records.lock().unwrap().iter_mut() {
            if record.name.as_str() == "a.example.org" {
                record.targets = vec![Target::parse(&record.record_type, "203.0.113.1", false).unwrap()];
            }
        }
        tokio::time::advance(Duration::from_secs(60)).await;
        let report = harness.cycle().await;
        told += codes(&report).iter().filter(|skip| **skip == ("a.example.org", "fought")).count();
    }
    let writes = harness.service.writes.load(Ordering::Relaxed);
    assert!((3..=9).contains(&writes), "{writes} writes in an hour");
    assert_eq!(writes + told, 60);
}

#[tokio::test(start_paused = true)]
async fn the_loop_comes_back_to_what_was_refused_by_itself() {
    for events in [true, false] {
        let mut harness = Harness::new();
        harness.say(BOTH);
        *harness.service.refused_name.lock().unwrap() = Some("a.example.org");
        let (service, stop) = (harness.service.clone(), harness.stop.clone());
        let schedule = Schedule::new(Duration::from_secs(3600), None, Instant::now());
        let user = async {
            tokio::time::sleep(Duration::from_secs(10)).await;
            *service.refused_name.lock().unwrap() = None;
            tokio::time::sleep(Duration::from_secs(30)).await;
            stop.cancel();
        };
        tokio::join!(harness.daemon.run(schedule, events, &stop), user);
        assert_eq!(harness.names().len(), 4, "after half a minute, not after the interval");
        let writes = harness.service.writes.load(Ordering::Relaxed);
        assert!(writes <= 4, "{writes}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_loop_comes_back_to_a_zone_by_itself_and_does_not_hammer_it() {
    let mut harness = Harness::new();
    harness.daemon.faults = crate::sync::Faults::new(Duration::from_secs(60), 1);
    harness.say(BOTH);
    let failure = ProviderError::new(ErrorClass::Unavailable, "no");
    *harness.service.unwritable_zone.lock().unwrap() = Some(("example.net", failure));
    let (service, stop) = (harness.service.clone(), harness.stop.clone());
    let schedule = Schedule::new(Duration::from_secs(60), None, Instant::now());
    let user = async {
        tokio::time::sleep(Duration::from_secs(600)).await;
        // One for the other zone; then attempts after 1, 2, 4 ... 32 seconds and every minute.
        let writes = service.writes.load(Ordering::Relaxed);
        assert!((10..=20).contains(&writes), "{writes} writes in ten minutes");
        *service.unwritable_zone.lock().unwrap() = None;
        tokio::time::sleep(Duration::from_secs(60)).await;
        stop.cancel();
    };
    tokio::join!(harness.daemon.run(schedule, true, &stop), user);
    assert_eq!(harness.names().len(), 4);
}
