//! The program against a double of Azure, which holds everything that is said against the published descriptions of the APIs.

mod access;
mod bad_input;
mod calls;
mod records;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::process::{Child, Command};
use zonewright_azure_double::{AzureDouble, NewZone, RecordSet};

const SUBSCRIPTION: &str = "11111111-2222-3333-4444-555555555555";

/// What the program left behind.
struct Ended {
    code: Option<i32>,
    log: String,
}

/// A double, and a folder with manifests and the file that leads to the double.
struct World {
    azure: AzureDouble,
    provider: &'static str,
    folder: tempfile::TempDir,
}

impl World {
    /// One with a service principal, and no zones.
    async fn new(provider: &'static str) -> Self {
        let azure = AzureDouble::start().await.unwrap();
        azure.add_principal("tenant", "client", "secret");
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("objects")).unwrap();
        let world = Self { azure, provider, folder };
        world.write_file(&principal("secret"));
        world
    }

    async fn with_zone(provider: &'static str) -> (Self, String) {
        let world = Self::new(provider).await;
        let zone = world.zone("example.org");
        (world, zone)
    }

    /// A zone with room for 20,000 names.
    fn zone(&self, name: &str) -> String {
        let zone = match self.provider {
            "azure-private-dns" => NewZone::private(SUBSCRIPTION, "group", name),
            _ => NewZone::public(SUBSCRIPTION, "group", name),
        };
        self.azure.create_zone(zone.limited(20, 50_000))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// `azure.json` with these fields about who we are.
    fn write_file(&self, identity: &str) {
        let url = self.azure.url();
        let text = format!(
            r#"{{"cloud": "AZURESTACKCLOUD", "resourceManagerEndpoint": "{url}", "resourceManagerAudience": "https://management.example",
                 "activeDirectoryAuthorityHost": "{url}", "subscriptionId": "{SUBSCRIPTION}", "resourceGroup": "group", {identity}}}"#
        );
        self.replace("azure.json", &text);
    }

    /// In one step, so that no half of it is read.
    fn replace(&self, name: &str, text: &str) {
        std::fs::write(self.path("new"), text).unwrap();
        std::fs::rename(self.path("new"), self.path(name)).unwrap();
    }

    /// So many Ingresses, `n00000.example.org` and so on; the first `changed` of them with another address than the others.
    fn numbered(&self, count: usize, changed: usize) {
        let mut text = String::new();
        for n in 0..count {
            let address = if n < changed { "198.51.100.1" } else { "192.0.2.1" };
            text.push_str(&ingress(&format!("n{n:05}.example.org"), address, &[]));
        }
        self.objects(&text);
    }

    fn objects(&self, text: &str) {
        self.replace("objects/all.yaml", text);
    }

    /// The program with nothing of our environment but where Azure is.
    fn program(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_zonewright"));
        command
            .args(["--policy=sync", "--txt-owner-id=me", "--source=ingress", "--metrics-address=127.0.0.1:0"])
            .arg(format!("--provider={}", self.provider))
            .arg(format!("--manifests={}", self.path("objects").display()))
            .arg(format!("--azure-config-file={}", self.path("azure.json").display()))
            .env_clear()
            .env("HOME", "/nonexistent")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// What stands at a name.
    fn found(&self, zone: &str, name: &str) -> Vec<RecordSet> {
        self.azure.records(zone).into_iter().filter(|set| set.name == name).collect()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(self.azure.violations(), Vec::<String>::new());
        }
    }
}

fn principal(secret: &str) -> String {
    format!(r#""tenantId": "tenant", "aadClientId": "client", "aadClientSecret": "{secret}""#)
}

/// One Ingress, named after its host, with annotations without `external-dns.kubernetes.io/`.
fn ingress(host: &str, address: &str, annotations: &[(&str, &str)]) -> String {
    let mut text = String::new();
    let name = host.replace('*', "any");
    let annotations: Vec<String> = annotations
        .iter()
        .map(|(key, value)| format!("external-dns.kubernetes.io/{key}: {value:?}"))
        .collect();
    let status = match address.parse::<std::net::IpAddr>() {
        Ok(ip) => format!("ip: \"{ip}\""),
        Err(_) => format!("hostname: {address}"),
    };
    writeln!(
        text,
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: {name}, namespace: web, annotations: {{{}}}}}\n\
         spec: {{rules: [{{host: \"{host}\"}}]}}\nstatus: {{loadBalancer: {{ingress: [{{{status}}}]}}}}\n---",
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

/// The lines of a log that hold all of these.
fn said(log: &str, parts: &[&str]) -> usize {
    log.lines().filter(|line| parts.iter().all(|part| line.contains(part))).count()
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(60), "{what} does not come about");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
