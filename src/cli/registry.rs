//! Where it is written down who owns which record.

use super::names::{ProviderName, RegistryName};
use super::values;
use clap::Args;
use secrecy::{ExposeSecret, SecretString};
use std::time::Duration;
use zonewright_planner::DnsName;

#[derive(Debug, Args)]
#[command(next_help_heading = "Ownership registry")]
pub(super) struct RegistryArgs {
    /// Where ownership of records is kept
    #[arg(long, default_value = "txt")]
    registry: RegistryName,
    /// The name under which this instance owns records
    #[arg(long, default_value = "default", value_name = "OWNER")]
    txt_owner_id: String,
    /// Take over the records of this former owner
    #[arg(long, default_value = "", value_name = "OWNER")]
    migrate_from_txt_owner: String,
    /// Prefix of the names of ownership records; may contain %{record_type}
    #[arg(long, default_value = "", value_name = "PREFIX")]
    txt_prefix: String,
    /// Suffix of the first label of ownership records; may contain %{record_type}; not with --txt-prefix
    #[arg(long, default_value = "", value_name = "SUFFIX")]
    txt_suffix: String,
    /// A value that --txt-prefix once had, empty for none: ownership records under these names are read, too, and written anew under
    /// today's (repeatable)
    #[arg(long, value_name = "PREFIX")]
    txt_prefix_read: Vec<String>,
    /// A value that --txt-suffix once had (repeatable)
    #[arg(long, value_name = "SUFFIX")]
    txt_suffix_read: Vec<String>,
    /// Delete our ownership records under the names of --txt-prefix-read and --txt-suffix-read where today's stands
    #[arg(long, action = clap::ArgAction::Set, default_value_t)]
    txt_prune_old_rows: bool,
    /// Share names in this domain with the same names of other owners: each record points at what all of them ask for (repeatable)
    #[arg(long, value_name = "DOMAIN")]
    txt_shared_names: Vec<String>,
    /// What stands for the asterisk of a wildcard in the names of ownership records
    #[arg(long, default_value = "", value_name = "TEXT")]
    txt_wildcard_replacement: String,
    /// Encrypt ownership records
    #[arg(long, action = clap::ArgAction::Set, default_value_t)]
    txt_encrypt_enabled: bool,
    /// Key for ownership records: 32 bytes, plain or in standard base64
    #[arg(long, default_value = "", value_name = "KEY", value_parser = values::secret)]
    txt_encrypt_aes_key: SecretString,
    /// How long the records read from the provider stay valid; 0s for one run
    #[arg(long, default_value = "0s", value_parser = values::duration)]
    txt_cache_interval: Duration,
    /// Namespace of the objects of registry crd; by default the one of the pod
    #[arg(long, default_value = "", value_name = "NAMESPACE")]
    crd_registry_namespace: String,
    /// AWS region of the table of registry dynamodb
    #[arg(long, default_value = "", value_name = "REGION")]
    dynamodb_region: String,
    /// Table of registry dynamodb
    #[arg(long, default_value = "external-dns", value_name = "TABLE")]
    dynamodb_table: String,
}

/// How ownership is kept.
#[derive(Debug, Clone)]
pub struct RegistryConfig {
    /// Where.
    pub name: RegistryName,
    /// Our identity; empty only with registry noop, which has none.
    pub owner: String,
    /// The owner whose records become ours.
    pub migrate_from: Option<String>,
    /// Registry `txt`.
    pub txt: TxtConfig,
    /// Registry `crd`: namespace of its objects.
    pub crd_namespace: Option<String>,
    /// Registry `dynamodb`: region of its table.
    pub dynamodb_region: Option<String>,
    /// Registry `dynamodb`: name of its table.
    pub dynamodb_table: String,
}

/// Settings of registry `txt`.
#[derive(Debug, Clone)]
pub struct TxtConfig {
    /// Prefix of names, as typed; never together with a suffix.
    pub prefix: String,
    /// Suffix of first labels, as typed.
    pub suffix: String,
    /// Prefixes that rows once had.
    pub former_prefixes: Vec<String>,
    /// Suffixes that rows once had.
    pub former_suffixes: Vec<String>,
    /// Whether rows with former affixes are deleted once they are replaced.
    pub prune_former: bool,
    /// Stands for `*`; empty to keep it.
    pub wildcard_replacement: String,
    /// Whether rows are written encrypted; then there is a key.
    pub encrypt: bool,
    /// 32 bytes, plain or in base64. Rows are decrypted with it even when none are encrypted any more.
    pub aes_key: Option<SecretString>,
    /// Names in these domains are shared with other owners.
    pub shared_names: Vec<DnsName>,
    /// How long a listing stays valid; zero for one run.
    pub cache_interval: Duration,
}

impl RegistryArgs {
    pub(super) fn check(self) -> Result<RegistryConfig, String> {
        let Self {
            registry,
            txt_owner_id,
            migrate_from_txt_owner,
            txt_prefix,
            txt_suffix,
            txt_prefix_read,
            txt_suffix_read,
            txt_prune_old_rows,
            txt_shared_names,
            txt_wildcard_replacement,
            txt_encrypt_enabled,
            txt_encrypt_aes_key,
            txt_cache_interval,
            crd_registry_namespace,
            dynamodb_region,
            dynamodb_table,
        } = self;
        if !txt_prefix.is_empty() && !txt_suffix.is_empty() {
            return Err("txt-prefix and txt-suffix are mutual exclusive".into());
        }
        if txt_prune_old_rows && txt_prefix_read.is_empty() && txt_suffix_read.is_empty() {
            return Err(
                "--txt-prune-old-rows needs to know their names: set --txt-prefix-read or --txt-suffix-read"
                    .into(),
            );
        }
        if registry != RegistryName::Noop {
            if txt_owner_id.is_empty() {
                return Err("owner id cannot be empty: set --txt-owner-id".into());
            }
            check_owner("txt-owner-id", &txt_owner_id)?;
            check_owner("migrate-from-txt-owner", &migrate_from_txt_owner)?;
        }
        if registry == RegistryName::Crd {
            check_label("txt-owner-id", &txt_owner_id)?;
            check_label("migrate-from-txt-owner", &migrate_from_txt_owner)?;
        }
        let shared_names = check_shared_names(&txt_shared_names, registry)?;
        let has_key = !txt_encrypt_aes_key.expose_secret().is_empty();
        if registry == RegistryName::Txt && txt_encrypt_enabled && !has_key {
            return Err("--txt-encrypt-enabled needs a key: set --txt-encrypt-aes-key".into());
        }
        if registry == RegistryName::DynamoDb && dynamodb_table.is_empty() {
            return Err("--dynamodb-table must name the table of --registry=dynamodb".into());
        }
        Ok(RegistryConfig {
            name: registry,
            owner: txt_owner_id,
            migrate_from: super::non_empty(migrate_from_txt_owner),
            txt: TxtConfig {
                prefix: txt_prefix,
                suffix: txt_suffix,
                former_prefixes: txt_prefix_read,
                former_suffixes: txt_suffix_read,
                prune_former: txt_prune_old_rows,
                wildcard_replacement: txt_wildcard_replacement,
                encrypt: txt_encrypt_enabled,
                aes_key: has_key.then_some(txt_encrypt_aes_key),
                shared_names,
                cache_interval: txt_cache_interval,
            },
            crd_namespace: super::non_empty(crd_registry_namespace),
            dynamodb_region: super::non_empty(dynamodb_region),
            dynamodb_table,
        })
    }
}

impl RegistryConfig {
    /// What Cloud Map's services can hold, and nothing else can. ExternalDNS also puts registry aws-sd in the place of another one, but lets it
    /// be used with other providers, which have nowhere to keep what it says: there nothing would ever be owned.
    pub(super) fn fitting(
        mut self,
        provider: ProviderName,
        warnings: &mut Vec<String>,
    ) -> Result<Self, String> {
        match (provider, self.name) {
            (ProviderName::AwsSd, RegistryName::AwsSd | RegistryName::Noop) => {}
            (ProviderName::AwsSd, other) => {
                // The default is nobody's choice.
                if other != RegistryName::Txt {
                    warnings.push(format!(
                        "--registry={other} cannot be used with provider aws-sd: registry aws-sd is used"
                    ));
                }
                if !self.txt.shared_names.is_empty() {
                    return Err(
                        "--txt-shared-names needs --registry=txt, which provider aws-sd cannot be used with"
                            .into(),
                    );
                }
                self.name = RegistryName::AwsSd;
            }
            (_, RegistryName::AwsSd) => {
                return Err(format!(
                    "--registry=aws-sd keeps ownership in the services of AWS Cloud Map, which provider {provider} does not have; use \
                     another registry, or --provider=aws-sd"
                ));
            }
            _ => {}
        }
        if self.name == RegistryName::AwsSd && self.txt.encrypt {
            warnings.push("--txt-encrypt-enabled has no effect with registry aws-sd".into());
        }
        Ok(self)
    }
}

/// Domains, and not patterns: each stands for all names in it.
fn check_shared_names(domains: &[String], registry: RegistryName) -> Result<Vec<DnsName>, String> {
    let domain = |text: &String| match DnsName::parse(text.strip_prefix('.').unwrap_or(text)) {
        Ok(name) if !name.as_str().contains('*') => Ok(name),
        Ok(_) => Err(format!(
            "--txt-shared-names={text}: a domain without asterisks is needed; it stands for all names in it"
        )),
        Err(error) => Err(format!("--txt-shared-names={text}: {error}")),
    };
    let names = domains.iter().map(domain).collect::<Result<Vec<_>, _>>()?;
    match names.is_empty() {
        true => Ok(names),
        false if registry != RegistryName::Txt => Err("--txt-shared-names needs --registry=txt".into()),
        false => Ok(names),
    }
}

/// Registry `crd` names the owner in a label of its objects. Upstream finds out when it creates the first one.
fn check_label(flag: &str, owner: &str) -> Result<(), String> {
    let is_end = |c: Option<char>| c.is_none_or(|c| c.is_ascii_alphanumeric());
    let is_inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let fits = owner.len() <= 63 && owner.chars().all(is_inner);
    match fits && is_end(owner.chars().next()) && is_end(owner.chars().last()) {
        true => Ok(()),
        false => Err(format!(
            "--{flag}={owner}: with --registry=crd the owner id is the value of a Kubernetes label: up to 63 letters, digits, -, _ and ., \
             the first and the last a letter or digit"
        )),
    }
}

/// Ownership records are `"heritage=…,external-dns/owner=OWNER,…"` without any escaping, so such an owner would never be recognised
/// again.
fn check_owner(flag: &str, owner: &str) -> Result<(), String> {
    match owner.chars().find(|c| matches!(c, ',' | '"')) {
        Some(c) => Err(format!(
            "--{flag}={owner}: an owner id with {c:?} in it cannot be read back from an ownership record"
        )),
        None => Ok(()),
    }
}
