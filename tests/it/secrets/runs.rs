//! Every way to run the program, and a look at all that it says.

use crate::program::{Objects, bare, ingress};
use std::process::Stdio;
use std::time::Duration;
use tokio::process::Command;

/// Whatever is secret in these tests has this word in it.
pub const CANARY: &str = "canary";

/// Flags and environment of one way to be let in somewhere.
#[derive(Debug, Default, Clone)]
pub struct Setup {
    args: Vec<String>,
    env: Vec<(String, String)>,
}

impl Setup {
    pub fn of(provider: &str) -> Self {
        Self::default().arg(&format!("--provider={provider}"))
    }

    pub fn arg(mut self, arg: &str) -> Self {
        self.args.push(arg.to_owned());
        self
    }

    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The program with these words first.
    fn command(&self, words: &[&str], objects: &Objects, level: &str) -> Command {
        let mut command = bare();
        command
            .args(words)
            .args(&self.args)
            .args(["--txt-owner-id=me", "--source=ingress"])
            .args(["--provider-requests-per-second=0", &format!("--log-level={level}")]);
        if !self.args.iter().any(|arg| arg.starts_with("--kubeconfig") || arg.starts_with("--manifests")) {
            command.arg(format!("--manifests={}", objects.path("objects").display()));
        }
        if words.first() != Some(&"plan") {
            command.arg("--policy=sync");
        }
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }
}

/// Each subcommand once, on the way to a provider that refuses. Nothing that it says is a secret, and every run says something.
pub async fn say_nothing_secret(name: &str, setup: &Setup) {
    let objects = Objects::new();
    objects.write(&ingress("web", "web.example.org", "192.0.2.1", &[]));
    let runs: &[(&[&str], &str)] = &[
        (&["--once"], "trace"),
        (&["--once", "--log-format=json"], "trace"),
        (&["--once", "--dry-run"], "debug"),
        (&["plan"], "debug"),
        (&["plan", "-o", "json"], "trace"),
        (&["plan", "-o", "markdown"], "debug"),
        (&["explain", "web.example.org"], "debug"),
        (&["owners"], "debug"),
        (&["cleanup", "--owner=other"], "debug"),
        (&["lint"], "debug"),
        (&["rbac"], "debug"),
    ];
    // A word by itself is a file for this one.
    let has_words = setup.args.iter().any(|arg| !arg.starts_with('-'));
    for (words, level) in runs.iter().filter(|(words, _)| !(has_words && words.contains(&"lint"))) {
        let mut command = setup.command(words, &objects, level);
        if words.first() == Some(&"--once") {
            command.arg("--metrics-address=127.0.0.1:0");
        }
        let output = tokio::time::timeout(Duration::from_secs(60), command.output());
        let output = output.await.unwrap_or_else(|_| panic!("{name}: {words:?} does not end")).unwrap();
        let said =
            format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(words != &["--once"] || !said.is_empty(), "{name}: {words:?} says nothing");
        is_clean(&format!("{name}: {words:?}"), &said);
    }
}

/// No secret in a text, in whatever case or encoding.
pub fn is_clean(what: &str, said: &str) {
    let lower = said.to_lowercase();
    let line = lower.lines().find(|line| line.contains(CANARY));
    assert!(line.is_none(), "{what} shows a secret: {}", line.unwrap_or_default());
    // `user:canary` and `:canary` as basic authentication has them.
    for encoded in ["Y2FuYXJ5", "NhbmFyeS", "jYW5hcn"] {
        assert!(!said.contains(encoded), "{what} shows a secret in base64: {said}");
    }
    assert!(!said.contains("panicked"), "{what}: {said}");
}
