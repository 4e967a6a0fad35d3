//! The program against a double of Cloudflare, which holds everything that is said against the API's published description.

mod bad_input;
mod calls;
mod records;
mod snapshots;
mod tls;

use crate::program::{Ended, Objects, bare, daemon, instead, once, until_within};
use std::time::Duration;
use tokio::process::Command;
use zonewright_cloudflare_double::CloudflareDouble;

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
        let mut command = bare();
        command
            .args(["--provider=cloudflare", "--policy=sync", "--txt-owner-id=me", "--source=ingress"])
            .arg(format!("--manifests={}", objects.path("objects").display()))
            .args([
                "--batch-change-interval=0s",
                "--provider-requests-per-second=0",
                "--metrics-address=127.0.0.1:0",
            ])
            .env("CLOUDFLARE_BASE_URL", self.double.url())
            .env("CF_API_TOKEN", self.double.token());
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

/// One Ingress, named after its host, with annotations without `external-dns.kubernetes.io/`.
fn ingress(host: &str, address: &str, annotations: &[(&str, &str)]) -> String {
    let name = host.split('.').next().unwrap().replace('*', "any");
    crate::program::ingress(&name, host, address, annotations)
}

/// Twenty thousand records, in batches of two hundred, take a while on a busy machine.
async fn until(what: &str, holds: impl FnMut() -> bool) {
    until_within(Duration::from_secs(120), what, holds).await;
}
