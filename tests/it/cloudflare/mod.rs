//! The program against a double of Cloudflare, which holds everything that is said against the API's published description.

mod bad_input;
mod calls;
mod records;
mod tls;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::process::{Child, Command};
use zonewright_cloudflare_double::CloudflareDouble;

/// What the program left behind.
struct Ended {
    code: Option<i32>,
    log: String,
}

/// A double with one zone.
struct Service {
    double: CloudflareDouble,
    zone: String,
}

impl Service {
    async fn with_plan(plan: &str) -> Self {
        let double = CloudflareDouble::start().await.unwrap();
        let zone = double.add_zone("example.org", plan);
        Self { double, zone }
    }

    /// The program with nothing of our environment but where Cloudflare is, and a token.
    fn program(&self, objects: &Objects) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_zonewright"));
        command
            .args(["--provider=cloudflare", "--policy=sync", "--txt-owner-id=me", "--source=ingress"])
            .arg(format!("--manifests={}", objects.path("objects").display()))
            .args([
                "--batch-change-interval=0s",
                "--provider-requests-per-second=0",
                "--metrics-address=127.0.0.1:0",
            ])
            .env_clear()
            .env("HOME", "/nonexistent")
            .env("CLOUDFLARE_BASE_URL", self.double.url())
            .env("CF_API_TOKEN", self.double.token())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    fn lines(&self) -> Vec<String> {
        self.double.lines(&self.zone)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(self.double.violations(), Vec::<String>::new());
        }
    }
}

/// Manifests in a folder that goes with the test.
struct Objects {
    folder: tempfile::TempDir,
}

impl Objects {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("objects")).unwrap();
        Self { folder }
    }

    /// So many Ingresses, `n00000.example.org` and so on; the first `changed` of them with another address than the others.
    fn numbered(&self, count: usize, changed: usize) {
        let mut text = String::new();
        for n in 0..count {
            let address = if n < changed { "198.51.100.1" } else { "192.0.2.1" };
            text.push_str(&ingress(&format!("n{n:05}.example.org"), address, &[]));
        }
        self.write(&text);
    }

    /// In one step, so that no half of it is read.
    fn write(&self, text: &str) {
        std::fs::write(self.path("new"), text).unwrap();
        std::fs::rename(self.path("new"), self.path("objects").join("all.yaml")).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A file beside the manifests.
    fn file(&self, name: &str, text: &str) -> PathBuf {
        std::fs::write(self.path(name), text).unwrap();
        self.path(name)
    }
}

/// One Ingress, named after its host, with annotations without `external-dns.kubernetes.io/`.
fn ingress(host: &str, address: &str, annotations: &[(&str, &str)]) -> String {
    let mut text = String::new();
    let name = host.split('.').next().unwrap().replace('*', "any");
    let annotations: Vec<String> = annotations
        .iter()
        .map(|(key, value)| format!("external-dns.kubernetes.io/{key}: {value:?}"))
        .collect();
    writeln!(
        text,
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: {name}, namespace: web, annotations: {{{}}}}}\n\
         spec: {{rules: [{{host: \"{host}\"}}]}}\nstatus: {{loadBalancer: {{ingress: [{{ip: \"{address}\"}}]}}}}\n---",
        annotations.join(", ")
    )
    .unwrap();
    text
}

/// One run.
async fn once(mut command: Command) -> Ended {
    let output = command.arg("--once").output().await.unwrap();
    Ended { code: output.status.code(), log: String::from_utf8(output.stderr).unwrap() }
}

/// A daemon that writes its log to a file.
fn daemon(mut command: Command, log: &Path) -> Child {
    command.stderr(std::fs::File::create(log).unwrap()).spawn().unwrap()
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(120), "{what} does not come about");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
