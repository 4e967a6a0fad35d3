//! The status page of a running daemon, over HTTP and in a browser.

mod browser;
mod daemon;

use daemon::Daemon;
use serde_json::Value;
use std::time::{Duration, Instant};

fn json(daemon: &Daemon, path: &str) -> Value {
    let (status, text) = daemon.get(path);
    assert_eq!(status, 200, "{text}");
    serde_json::from_str(&text).unwrap()
}

#[test]
fn the_page_and_its_json_show_what_the_daemon_does() {
    let daemon = Daemon::start(40);
    let status = json(&daemon, "/api/status");
    assert_eq!((&status["owner"], &status["zones"][0]["zone"]), (&"me".into(), &"example.org".into()));
    assert_eq!(status["states"], serde_json::json!({"in-sync": 40}));
    assert_eq!(status["recentChanges"].as_array().unwrap().len(), 40);
    let found = json(&daemon, "/api/records?q=n0007");
    assert_eq!((&found["total"], &found["records"][0]["name"]), (&1.into(), &"n0007.example.org".into()));
    assert_eq!(found["records"][0]["objects"][0], "ingress/web/n0007");
    let held = json(&daemon, "/api/names/waiting.example.org");
    assert_eq!((&held["verdict"], &held["leftAlone"][0]["code"]), (&"left-alone".into(), &"held".into()));
    let (code, page) = daemon.get("/?q=n0007");
    assert_eq!(code, 200);
    let (table, _) = page.split_once("<h2>Written lately").unwrap();
    assert!(table.contains("n0007.<wbr>example.<wbr>org") && !table.contains("n0008."));
    let (_, page) = daemon.get("/?q=waiting.example.org");
    assert!(page.contains("Why is there no <a href=\"./name/waiting.example.org\">"), "{page}");
    let (code, page) = daemon.get("/name/waiting.example.org");
    assert_eq!(code, 200);
    assert!(page.contains("the object has no target at the moment"), "{page}");
}

#[test]
fn a_change_shows_after_the_run_that_it_causes() {
    let daemon = Daemon::start(12);
    daemon.write_objects(13, &["web"]);
    until(|| json(&daemon, "/api/records?q=n0012")["total"] == 1);
    let status = json(&daemon, "/api/status");
    assert_eq!(status["recentChanges"][0]["name"], "n0012.example.org");
}

#[test]
fn what_is_withheld_is_loud_and_goes_away_with_its_cause() {
    let daemon = Daemon::start(40);
    daemon.write_objects(5, &["web"]);
    until(|| json(&daemon, "/api/status")["withheld"].as_array().unwrap().len() == 1);
    let status = json(&daemon, "/api/status");
    let hash = status["withheld"][0]["hash"].as_str().unwrap();
    let (_, page) = daemon.get("/");
    assert!(page.contains("35 deletes withheld in zone example.org"), "{page}");
    assert!(page.contains(&format!("<code>zonewright approve {hash}</code>")));
    assert_eq!(json(&daemon, "/api/records?state=withheld")["total"], 35);
    assert_eq!(json(&daemon, "/api/names/n0030.example.org")["verdict"], "withheld");
    daemon.write_objects(40, &["web"]);
    until(|| json(&daemon, "/api/status")["withheld"].as_array().unwrap().is_empty());
    assert_eq!(json(&daemon, "/api/records?state=in-sync")["total"], 40);
}

/// Waits for something that takes a look at a file and a run.
fn until(mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(30), "it never came about");
        std::thread::sleep(Duration::from_millis(50));
    }
}
