//! The program against a double of Azure, which holds everything that is said against the published descriptions of the APIs.

mod access;
mod bad_input;
mod calls;
mod records;
mod snapshots;

use crate::program::{Ended, Objects, bare, daemon, instead, once, said, until};
use std::path::PathBuf;
use tokio::process::Command;
use zonewright_azure_double::{AzureDouble, NewZone, RecordSet};

const SUBSCRIPTION: &str = "11111111-2222-3333-4444-555555555555";

/// A double, and a folder with manifests and the file that leads to the double.
struct World {
    azure: AzureDouble,
    provider: &'static str,
    objects: Objects,
}

impl World {
    /// One with a service principal, and no zones.
    async fn new(provider: &'static str) -> Self {
        let azure = AzureDouble::start().await.unwrap();
        azure.add_principal("tenant", "client", "secret");
        let world = Self { azure, provider, objects: Objects::new() };
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
        self.objects.path(name)
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

    fn replace(&self, name: &str, text: &str) {
        self.objects.replace(name, text);
    }

    /// So many Ingresses; the first `changed` of them with another address than the others.
    fn numbered(&self, count: usize, changed: usize) {
        self.objects.numbered(count, 0..changed);
    }

    fn objects(&self, text: &str) {
        self.objects.write(text);
    }

    /// The program with nothing of our environment but where Azure is.
    fn program(&self) -> Command {
        let mut command = bare();
        command
            .args(["--policy=sync", "--txt-owner-id=me", "--source=ingress", "--metrics-address=127.0.0.1:0"])
            .arg(format!("--provider={}", self.provider))
            .arg(format!("--manifests={}", self.path("objects").display()))
            .arg(format!("--azure-config-file={}", self.path("azure.json").display()));
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
    crate::program::ingress(&host.replace('*', "any"), host, address, annotations)
}
