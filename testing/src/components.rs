//! Where the install script puts things. Versions are read from the same files that it reads them from.

use crate::{Error, Result};
use std::env;
use std::path::{Path, PathBuf};

const KUBE_APISERVER_MOD: &str = include_str!("../../tests/setup/kube-apiserver/go.mod");
const ETCD_MOD: &str = include_str!("../../tests/setup/etcd/go.mod");
const EXTERNAL_DNS_MOD: &str = include_str!("../../tests/setup/external-dns/go.mod");
const HELM_MOD: &str = include_str!("../../tests/setup/helm/go.mod");
const GATEWAY_API_MOD: &str = include_str!("../../tests/setup/gateway-api/go.mod");

const DYNAMODB_LOCAL_POM: &str = include_str!("../../tests/setup/dynamodb-local/pom.xml");
const AWS_CLI_REQUIREMENTS: &str = include_str!("../../tests/setup/aws-cli/requirements.txt");
const MOTO_REQUIREMENTS: &str = include_str!("../../tests/setup/moto/requirements.txt");

/// The two programs that together are an API server.
pub(crate) struct Programs {
    pub(crate) etcd: PathBuf,
    pub(crate) kube_apiserver: PathBuf,
}

pub(crate) fn programs() -> Result<Programs> {
    if let Some(assets) = env::var_os("KUBEBUILDER_ASSETS").filter(|value| !value.is_empty()) {
        let assets = PathBuf::from(assets);
        return Ok(Programs {
            etcd: existing(assets.join("etcd"))?,
            kube_apiserver: existing(assets.join("kube-apiserver"))?,
        });
    }
    let etcd = cached("etcd", ETCD_MOD, "go.etcd.io/etcd/server/v3").join("etcd");
    let server = cached("kube-apiserver", KUBE_APISERVER_MOD, "k8s.io/kubernetes").join("kube-apiserver");
    Ok(Programs { etcd: existing(etcd)?, kube_apiserver: existing(server)? })
}

/// The folder of the Gateway API's resource definitions: gateways, listener sets and all routes, in every
/// version that is still served.
pub fn gateway_crds() -> Result<PathBuf> {
    existing(cached("gateway-api", GATEWAY_API_MOD, "sigs.k8s.io/gateway-api"))
}

/// The program `helm`.
pub fn helm() -> Result<PathBuf> {
    existing(cached("helm", HELM_MOD, "helm.sh/helm/v4").join("helm"))
}

/// ExternalDNS's webhook client with its TXT registry and plan (`tests/setup/external-dns/main.go`).
pub fn external_dns_client() -> Result<PathBuf> {
    let client = cached("external-dns-client", EXTERNAL_DNS_MOD, "sigs.k8s.io/external-dns");
    existing(client.join("external-dns-client"))
}

/// The program `kubectl`, of the version of the API server.
pub fn kubectl() -> Result<PathBuf> {
    existing(cached("kubectl", KUBE_APISERVER_MOD, "k8s.io/kubernetes").join("kubectl"))
}

/// The program `aws`.
pub fn aws_cli() -> Result<PathBuf> {
    let version = AWS_CLI_REQUIREMENTS.lines().find_map(|line| line.strip_prefix("awscli=="));
    existing(cache().join(format!("aws-cli-{}", version.unwrap_or_default())).join("aws"))
}

/// The folder of DynamoDB Local's classes and libraries.
pub(crate) fn dynamodb_local() -> Result<PathBuf> {
    let version = maven_version(DYNAMODB_LOCAL_POM, "DynamoDBLocal").unwrap_or_default();
    existing(cache().join(format!("dynamodb-local-{version}")))
}

pub(crate) fn moto_server() -> Result<PathBuf> {
    let version = MOTO_REQUIREMENTS.lines().find_map(|line| line.strip_prefix("moto=="));
    existing(cache().join(format!("moto-{}", version.unwrap_or_default())).join("moto_server"))
}

/// A program of the system's packages, which the install script installs where it may.
pub(crate) fn system_program(name: &str) -> Result<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    // Servers are not on everybody's path.
    let folders = env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/sbin".into()]);
    let found = folders.map(|folder| folder.join(name)).find(|program| program.is_file());
    found.ok_or_else(|| Error::NotInstalled(Path::new("/usr/sbin").join(name)))
}

fn existing(path: PathBuf) -> Result<PathBuf> {
    if path.exists() { Ok(path) } else { Err(Error::NotInstalled(path)) }
}

fn cached(name: &str, go_mod: &str, module: &str) -> PathBuf {
    let version = required_version(go_mod, module).unwrap_or_default();
    cache().join(format!("{name}-{version}"))
}

fn cache() -> PathBuf {
    let set = |name| env::var_os(name).filter(|value| !value.is_empty());
    match set("ZONEWRIGHT_TEST_CACHE") {
        Some(path) => path.into(),
        None => Path::new(&set("HOME").unwrap_or_default()).join(".cache/zonewright/test-components"),
    }
}

/// The version that a go.mod file requires of a module, in either form of the `require` directive.
fn required_version<'a>(go_mod: &'a str, module: &str) -> Option<&'a str> {
    go_mod.lines().find_map(|line| {
        let line = line.trim();
        let mut words = line.strip_prefix("require ").unwrap_or(line).split_whitespace();
        (words.next() == Some(module)).then(|| words.next()).flatten()
    })
}

/// The version of an artifact in a pom.xml.
fn maven_version<'a>(pom: &'a str, artifact: &str) -> Option<&'a str> {
    let (_, rest) = pom.split_once(&format!("<artifactId>{artifact}</artifactId>"))?;
    let (_, version) = rest.split_once("<version>")?;
    Some(version.split_once("</version>")?.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_the_required_one_not_the_replaced_one() {
        let go_mod = "module x\n\ntool a.example/m/cmd\n\nrequire (\n\ta.example/m v1.2.3 // indirect\n)\n\n\
                      require b.example/n v2.0.0\n\nreplace (\n\tc.example/o => c.example/o v0.1.0\n)\n";
        assert_eq!(required_version(go_mod, "a.example/m"), Some("v1.2.3"));
        assert_eq!(required_version(go_mod, "b.example/n"), Some("v2.0.0"));
        assert_eq!(required_version(go_mod, "b.example"), None);
    }

    #[test]
    fn every_pin_is_found() {
        for (go_mod, module) in [
            (KUBE_APISERVER_MOD, "k8s.io/kubernetes"),
            (ETCD_MOD, "go.etcd.io/etcd/server/v3"),
            (EXTERNAL_DNS_MOD, "sigs.k8s.io/external-dns"),
            (HELM_MOD, "helm.sh/helm/v4"),
            (GATEWAY_API_MOD, "sigs.k8s.io/gateway-api"),
        ] {
            assert!(required_version(go_mod, module).is_some_and(|v| v.starts_with('v')), "{module}");
        }
        assert!(MOTO_REQUIREMENTS.contains("\nmoto=="));
        assert!(AWS_CLI_REQUIREMENTS.contains("\nawscli=="));
    }

    #[test]
    fn the_pin_of_dynamodb_local_is_found() {
        let version = maven_version(DYNAMODB_LOCAL_POM, "DynamoDBLocal").unwrap();
        assert!(version.starts_with(|c: char| c.is_ascii_digit()), "{version}");
        assert_eq!(maven_version(DYNAMODB_LOCAL_POM, "DynamoDB"), None);
    }

    #[test]
    fn a_missing_component_names_the_script() {
        let error = existing("/no/such/place".into()).unwrap_err();
        assert_eq!(
            format!("{error:?}"),
            "/no/such/place is missing: run tests/setup/install-test-components"
        );
    }
}
