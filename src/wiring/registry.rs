//! `--registry` becomes a registry.

use super::{ProviderRecorders, StartError, managed_types, policy};
use crate::cli::{Config, RegistryName};
use std::sync::Arc;
use zonewright_planner::{Owner, Policy};
use zonewright_provider_kit::WriteZone;
use zonewright_registry::{
    AwsSdRegistry, NonceSource, ReadTable, Registry, TableRegistry, TableSettings, TxtRegistry, TxtSettings,
    WriteTable,
};
use zonewright_registry_crd::DnsRecords;

/// Whether this program was built with a registry.
pub const fn has_registry(name: RegistryName) -> bool {
    let is_dynamodb = matches!(name, RegistryName::DynamoDb);
    let is_aws_sd = matches!(name, RegistryName::AwsSd);
    matches!(name, RegistryName::Txt | RegistryName::Noop | RegistryName::Crd)
        || (is_dynamodb && cfg!(feature = "dynamodb"))
        || (is_aws_sd && cfg!(feature = "aws-sd"))
}

/// A registry, and what writes where it keeps ownership if that is not in the zones.
pub struct Ownership {
    /// Says who owns what. It can read only.
    pub registry: Registry,
    table: Option<Arc<dyn WriteTable>>,
}

impl Ownership {
    /// A writer of zones that writes ownership, too, wherever it stands.
    pub fn writing(&self, zones: Arc<dyn WriteZone>) -> Arc<dyn WriteZone> {
        match (&self.registry, &self.table) {
            (Registry::Table(registry), Some(table)) => Arc::new(registry.writing(zones, table.clone())),
            _ => zones,
        }
    }
}

/// Makes the registry. Nothing is asked of anybody yet. `cluster` is where DNSRecord objects are, if ownership is to be kept in such.
///
/// # Errors
/// When its settings cannot work.
#[cfg_attr(
    not(feature = "dynamodb"),
    expect(unused_variables, reason = "no other needs to be told of requests")
)]
pub fn registry(
    config: &Config,
    recorders: &ProviderRecorders,
    cluster: Option<kube::Client>,
) -> Result<Ownership, StartError> {
    let in_zones = |registry| Ownership { registry, table: None };
    match config.registry.name {
        RegistryName::Noop => Ok(in_zones(Registry::Noop)),
        RegistryName::Txt => Ok(in_zones(Registry::Txt(Box::new(txt_registry(config)?)))),
        #[cfg(feature = "dynamodb")]
        RegistryName::DynamoDb => {
            use super::providers::aws;
            use zonewright_registry_dynamodb::{DynamoDb, DynamoDbConfig};
            let table = DynamoDb::new(DynamoDbConfig {
                table: config.registry.dynamodb_table.clone(),
                region: config.registry.dynamodb_region.clone(),
                access: aws::access(config, recorders),
            });
            in_table(config, Arc::new(table.reader()), Arc::new(table.writer()))
        }
        RegistryName::Crd => {
            let cluster = cluster.ok_or_else(|| StartError("--registry=crd needs an API server".into()))?;
            let records = DnsRecords::new(cluster, config.registry.crd_namespace.as_deref());
            in_table(config, Arc::new(records.reader()), Arc::new(records.writer()))
        }
        RegistryName::AwsSd => {
            let settings = &config.registry;
            let owner = Owner::new(&settings.owner);
            let owner = owner
                .ok_or_else(|| StartError("registry aws-sd needs an owner id (--txt-owner-id)".into()))?;
            let migrate_from = settings.migrate_from.as_deref().and_then(Owner::new);
            let cleanup = config.providers.aws.sd_service_cleanup;
            Ok(in_zones(Registry::AwsSd(AwsSdRegistry::new(owner, migrate_from, cleanup))))
        }
        #[cfg(not(feature = "dynamodb"))]
        other => Err(StartError(format!("--registry={other} is not part of this version"))),
    }
}

fn in_table(
    config: &Config,
    reader: Arc<dyn ReadTable>,
    writer: Arc<dyn WriteTable>,
) -> Result<Ownership, StartError> {
    let registry = TableRegistry::new(TableSettings {
        txt: txt_registry(config)?,
        managed: managed_types(config),
        prunes_txt: policy(config) == Policy::Sync,
        reader,
    });
    Ok(Ownership { registry: Registry::Table(Box::new(registry)), table: Some(writer) })
}

fn txt_registry(config: &Config) -> Result<TxtRegistry, StartError> {
    let settings = &config.registry;
    let nonces = NonceSource::from_system()
        .map_err(|error| StartError(format!("--txt-encrypt-enabled: no randomness to be had: {error}")))?;
    let txt = TxtSettings {
        owner: Owner::new(&settings.owner),
        migrate_from: settings.migrate_from.as_deref().and_then(Owner::new),
        prefix: settings.txt.prefix.clone(),
        suffix: settings.txt.suffix.clone(),
        former_prefixes: settings.txt.former_prefixes.clone(),
        former_suffixes: settings.txt.former_suffixes.clone(),
        prune_former: settings.txt.prune_former,
        wildcard_replacement: settings.txt.wildcard_replacement.clone(),
        // Another registry only reads such rows.
        encrypt: settings.txt.encrypt && settings.name == RegistryName::Txt,
        key: settings.txt.aes_key.clone(),
        managed: managed_types(config),
        nonces,
        shared_names: settings.txt.shared_names.clone(),
    };
    TxtRegistry::new(txt).map_err(StartError::of)
}
