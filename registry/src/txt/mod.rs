//! The `txt` registry: ownership stands in TXT records beside the records. Byte-compatible with ExternalDNS v0.22
//! (registry/txt, registry/mapper, endpoint/labels at commit 2bf1bf8); docs/concepts/ownership.md describes the form.

mod former;
mod leftovers;
mod read;
mod shares;
mod write;

#[cfg(test)]
mod tests;

pub(crate) use read::{Sorted, is_alias};

use crate::crypt::{NonceSource, RowKey};
use crate::names::RowNames;
use crate::payload;
use secrecy::{ExposeSecret, SecretString};
use zonewright_planner::{
    DnsName, Labels, ManagedTypes, NameError, OWNER, Owner, Record, RecordType, Target,
};

/// Everything the `txt` registry is told (`--txt-*`, `--migrate-from-txt-owner`, `--managed-record-types`).
#[derive(Debug)]
pub struct TxtSettings {
    /// `--txt-owner-id`.
    pub owner: Option<Owner>,
    /// `--migrate-from-txt-owner`: records of this owner are taken over.
    pub migrate_from: Option<Owner>,
    /// `--txt-prefix`; may contain `%{record_type}`.
    pub prefix: String,
    /// `--txt-suffix`; may contain `%{record_type}`.
    pub suffix: String,
    /// `--txt-prefix-read`: what `--txt-prefix` once was; rows under these names are read, never written.
    pub former_prefixes: Vec<String>,
    /// `--txt-suffix-read`: what `--txt-suffix` once was.
    pub former_suffixes: Vec<String>,
    /// `--txt-prune-old-rows`: rows under former names are removed where today's stands.
    pub prune_former: bool,
    /// `--txt-wildcard-replacement`; empty for none.
    pub wildcard_replacement: String,
    /// `--txt-encrypt-enabled`: rows are written encrypted. Encrypted rows are read whenever there is a key.
    pub encrypt: bool,
    /// `--txt-encrypt-aes-key`; an empty one is none.
    pub key: Option<SecretString>,
    /// The types in our care: only their rows are brought into the current form.
    pub managed: ManagedTypes,
    /// Where the nonces of encrypted rows come from.
    pub nonces: NonceSource,
    /// `--txt-shared-names`: names in these domains are shared with other owners unless their objects say otherwise.
    pub shared_names: Vec<DnsName>,
}

impl TxtSettings {
    /// What the flags mean where only `--txt-owner-id` is given.
    pub fn new(owner: &str, nonces: NonceSource) -> Self {
        Self {
            owner: Owner::new(owner),
            migrate_from: None,
            prefix: String::new(),
            suffix: String::new(),
            former_prefixes: Vec::new(),
            former_suffixes: Vec::new(),
            prune_former: false,
            wildcard_replacement: String::new(),
            encrypt: false,
            key: None,
            managed: ManagedTypes::default(),
            nonces,
            shared_names: Vec::new(),
        }
    }
}

/// A setting that cannot work. Texts never show the key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    /// Rows need an owner.
    #[error("registry txt needs an owner id (--txt-owner-id)")]
    NoOwner,
    /// An owner id that would be read back as another one.
    #[error(
        "owner id {owner:?} contains a comma or a double quote, so it could not be read back from an ownership record"
    )]
    UnwritableOwner {
        /// The owner id.
        owner: Owner,
    },
    /// ExternalDNS refuses both, too.
    #[error("--txt-prefix and --txt-suffix exclude each other")]
    PrefixAndSuffix,
    /// Affixes that no DNS name can carry.
    #[error(
        "with --txt-prefix {prefix:?}, --txt-suffix {suffix:?} and --txt-wildcard-replacement {wildcard:?} no ownership record can be named: {source}"
    )]
    Affix {
        /// The prefix.
        prefix: String,
        /// The suffix.
        suffix: String,
        /// The replacement.
        wildcard: String,
        /// What is wrong with the names.
        source: NameError,
    },
    /// Former affixes that no DNS name can carry.
    #[error(
        "with {affix:?} for --txt-prefix-read or --txt-suffix-read no ownership record can be named: {source}"
    )]
    FormerAffix {
        /// The prefix or suffix.
        affix: String,
        /// What is wrong with the names.
        source: NameError,
    },
    /// Each owner says its part in a row of its own, and two clusters that chose no owner id would write one and the same.
    #[error("--txt-shared-names needs an owner id of its own in each cluster: set --txt-owner-id")]
    SharedByNobody,
    /// Encryption needs a key.
    #[error("--txt-encrypt-enabled needs a key (--txt-encrypt-aes-key)")]
    NoKey,
    /// Not a key.
    #[error("--txt-encrypt-aes-key is neither 32 bytes nor standard base64 of 32 bytes")]
    BadKey,
}

/// Ownership in TXT records.
#[derive(Debug)]
pub struct TxtRegistry {
    owner: Owner,
    migrate_from: Option<Owner>,
    names: RowNames,
    former: Vec<RowNames>,
    prune_former: bool,
    key: Option<RowKey>,
    encrypt: bool,
    managed: ManagedTypes,
    nonces: NonceSource,
    shared_names: Vec<DnsName>,
}

impl TxtRegistry {
    /// Checks the settings.
    ///
    /// # Errors
    /// The first setting that cannot work.
    pub fn new(settings: TxtSettings) -> Result<Self, RegistryError> {
        let TxtSettings {
            owner,
            migrate_from,
            prefix,
            suffix,
            former_prefixes,
            former_suffixes,
            prune_former,
            wildcard_replacement,
            encrypt,
            key,
            managed,
            nonces,
            shared_names,
        } = settings;
        let owner = owner.ok_or(RegistryError::NoOwner)?;
        if Labels::check(OWNER, owner.as_str()).is_err() {
            return Err(RegistryError::UnwritableOwner { owner });
        }
        if !prefix.is_empty() && !suffix.is_empty() {
            return Err(RegistryError::PrefixAndSuffix);
        }
        if owner.as_str() == shares::NOBODY && !shared_names.is_empty() {
            return Err(RegistryError::SharedByNobody);
        }
        let key = key.as_ref().map(ExposeSecret::expose_secret).filter(|key| !key.is_empty());
        let key = key.map(|key| RowKey::parse(key).ok_or(RegistryError::BadKey)).transpose()?;
        if encrypt && key.is_none() {
            return Err(RegistryError::NoKey);
        }
        let names = RowNames::new(&prefix, &suffix, &wildcard_replacement);
        let former = former_prefixes.iter().map(|prefix| (prefix.as_str(), ""));
        let former = former.chain(former_suffixes.iter().map(|suffix| ("", suffix.as_str())));
        let is_todays = |affixes: &(&str, &str)| {
            affixes.0.eq_ignore_ascii_case(&prefix) && affixes.1.eq_ignore_ascii_case(&suffix)
        };
        let former = former.filter(|affixes| !is_todays(affixes)).map(|(prefix, suffix)| {
            let names = RowNames::new(prefix, suffix, &wildcard_replacement);
            let affix = if suffix.is_empty() { prefix } else { suffix };
            let refused = |source| RegistryError::FormerAffix { affix: affix.to_owned(), source };
            check_names(&names).map(|()| names).map_err(refused)
        });
        let former = former.collect::<Result<_, _>>()?;
        check_names(&names).map_err(|source| RegistryError::Affix {
            prefix,
            suffix,
            wildcard: wildcard_replacement,
            source,
        })?;
        // Taking over from oneself would never come to an end.
        let migrate_from = migrate_from.filter(|from| *from != owner);
        Ok(Self {
            owner,
            migrate_from,
            names,
            former,
            prune_former,
            key,
            encrypt,
            managed,
            nonces,
            shared_names,
        })
    }

    /// In whose name records are owned.
    pub fn owner(&self) -> &Owner {
        &self.owner
    }

    /// The owner that is taken over from.
    pub(crate) fn migrate_from(&self) -> Option<&Owner> {
        self.migrate_from.as_ref()
    }

    /// Whether a TXT record of this value would be taken for an ownership row.
    pub(crate) fn is_row_text(&self, value: &str) -> bool {
        self.parse(value).is_some()
    }

    /// The labels that a record carries as an ownership row; `None` when it is none. Only the first value counts.
    fn row_labels(&self, record: &Record) -> Option<Labels> {
        let (RecordType::Txt, Some(Target::Text(value))) = (&record.record_type, record.targets.first())
        else {
            return None;
        };
        self.parse(value)
    }

    /// A value that decrypts is taken as decrypted; anything else is plain text, whatever the settings for writing say.
    fn parse(&self, value: &str) -> Option<Labels> {
        let text = payload::unquoted(value);
        let Some((plain, nonce)) = self.key.as_ref().and_then(|key| key.open(text)) else {
            return payload::parse(text);
        };
        let mut labels = payload::parse(&plain)?;
        labels.set(payload::NONCE, nonce);
        Some(labels)
    }

    /// The name of the row that this version writes for a record; `None` for types that are never planned and for names that
    /// leave no room for a row.
    pub(crate) fn row_name(&self, name: &DnsName, record_type: &RecordType) -> Option<DnsName> {
        self.names.typed(name, record_type)?.ok()
    }
}

/// Names the rows of the simplest records there are.
fn check_names(names: &RowNames) -> Result<(), NameError> {
    for name in ["x.example.org", "*.example.org"] {
        if let Some(row) = names.typed(&DnsName::parse(name)?, &RecordType::A) {
            row?;
        }
    }
    Ok(())
}
