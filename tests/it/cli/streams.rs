//! What goes to which stream, in which form.

use super::{Copy, ended, example, program, quickstart_flags, run};
use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;
use std::time::{Duration, Instant};

fn plan_words() -> Vec<String> {
    let mut words = quickstart_flags(&example("manifests"), &example("records.yaml"));
    words.insert(0, "plan".into());
    words
}

#[test]
fn colours_are_for_terminals_that_want_them() {
    let coloured = |variables: &[(&str, &str)], words: &[&str]| {
        let flags = plan_words();
        let words: Vec<&str> = flags.iter().map(String::as_str).chain(words.iter().copied()).collect();
        let mut command = program(&words);
        command.envs(variables.iter().copied());
        ended(command).stdout.contains('\x1b')
    };
    assert!(!coloured(&[], &[]), "a pipe is no terminal");
    assert!(coloured(&[], &["--color=always"]));
    // Stands in for a terminal.
    assert!(coloured(&[("CLICOLOR_FORCE", "1")], &["--color=auto"]));
    assert!(!coloured(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], &["--color=auto"]));
    assert!(!coloured(&[("CLICOLOR_FORCE", "1")], &["--color=never"]));
    assert!(!coloured(&[("CLICOLOR_FORCE", "1")], &["--output=json"]));
}

#[test]
fn results_and_logs_do_not_mix() {
    let copy = Copy::new();
    // A deprecated flag is good for a warning.
    let ended = copy.plan(&["-ojson", "--force-default-targets"]);
    assert!(ended.stderr.contains("--force-default-targets"), "{ended:?}");
    serde_json::from_str::<serde_json::Value>(&ended.stdout).unwrap();
}

#[test]
fn a_reader_that_has_seen_enough_is_no_mistake() {
    for words in [plan_words(), vec!["crds".into()], vec!["--help".into()]] {
        let mut command = program(&words.iter().map(String::as_str).collect::<Vec<_>>());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        drop(child.stdout.take());
        let mut stderr = String::new();
        child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        let expected = if words[0] == "plan" { 2 } else { 0 };
        assert_eq!((child.wait().unwrap().code(), &*stderr), (Some(expected), ""), "{words:?}");
    }
}

#[test]
fn a_result_that_cannot_be_written_is_a_mistake() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let flags = plan_words();
    let mut command = program(&flags.iter().map(String::as_str).collect::<Vec<_>>());
    let output = command.stdout(full).stderr(Stdio::piped()).spawn().unwrap().wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).starts_with("error: standard output: "));
}

#[test]
fn logs_that_nobody_can_read_stop_nothing() {
    let copy = Copy::new();
    let flags = quickstart_flags(&copy.text("manifests"), &copy.text("records.yaml"));
    let words = ["--policy=sync", "--once", "--metrics-address=127.0.0.1:0"].into_iter();
    let mut command = program(&words.chain(flags.iter().map(String::as_str)).collect::<Vec<_>>());
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stderr.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(!std::fs::read_to_string(copy.path("records.yaml")).unwrap().contains("old-shop"));
}

#[test]
fn a_log_in_json_is_json_to_its_last_line() {
    let words = ["--provider=inmemory", "--source=empty", "--policy=sync", "--inmemory-zone=a..b"];
    for level in ["info", "panic"] {
        let ended = run(&[&words[..], &["--log-format=json", &format!("--log-level={level}")]].concat());
        assert_eq!((ended.code, &*ended.stdout), (Some(1), ""), "{ended:?}");
        let line = ended.stderr.lines().last().unwrap();
        let line: serde_json::Value = serde_json::from_str(line).expect(line);
        assert_eq!(line["level"], "error");
        assert!(line["msg"].as_str().unwrap().contains("--inmemory-zone"), "{line}");
    }
}

#[test]
fn standard_input_that_never_ends_does_not_outlast_a_signal() {
    let words = ["--manifests=-", "--provider=inmemory", "--source=ingress", "--policy=sync"];
    let mut child = program(&words).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(log.next().unwrap().unwrap().contains("zonewright starts"));
    let kill = std::process::Command::new("sh").args(["-c", &format!("kill -TERM {}", child.id())]).status();
    assert!(kill.unwrap().success());
    let deadline = Instant::now() + Duration::from_secs(10);
    let status = loop {
        match child.try_wait().unwrap() {
            Some(status) => break status,
            None if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(10)),
            None => {
                child.kill().unwrap();
                panic!("it waits for its standard input");
            }
        }
    };
    assert_eq!(status.code(), Some(0));
}

#[test]
fn crds_are_yaml() {
    let ended = run(&["crds"]);
    assert_eq!((ended.code, &*ended.stderr), (Some(0), ""));
    let definitions: Vec<serde_json::Value> = serde_saphyr::from_multiple(&ended.stdout).unwrap();
    assert!(definitions.iter().all(|definition| definition["kind"] == "CustomResourceDefinition"));
    let names: Vec<_> = definitions.iter().map(|definition| &definition["metadata"]["name"]).collect();
    assert_eq!(names, ["dnsendpoints.externaldns.k8s.io", "dnsrecords.externaldns.k8s.io"]);
}

#[test]
fn version_and_help_go_to_standard_output() {
    let version = run(&["--version"]);
    assert_eq!(version.code, Some(0));
    assert_eq!(version.stdout, format!("zonewright {}\n", env!("CARGO_PKG_VERSION")));
    for words in [&["--help"][..], &["help"], &["plan", "--help"], &["crds", "--help"]] {
        let help = run(words);
        assert_eq!((help.code, &*help.stderr), (Some(0), ""), "{words:?}");
        assert!(help.stdout.contains("Usage: zonewright"), "{words:?}");
        for line in help.stdout.lines() {
            assert!(line.chars().count() <= 100, "{words:?}: {line}");
        }
    }
}
