//! How much may be deleted in one go, and who may say that it was meant.

use super::values;
use clap::Args;

#[derive(Debug, Args)]
#[command(next_help_heading = "Delete guard")]
pub(super) struct GuardArgs {
    /// Withhold the deletes of a zone, and only those, when there are too many. What counts is a delete of a record set that
    /// we own and that nothing takes the place of; what was deleted within the last --interval counts too
    #[arg(long, action = clap::ArgAction::Set, default_value_t = true)]
    delete_guard: bool,
    /// Too many is more than this share, in percent, of the record sets that we own in the zone and that the filters let us
    /// manage; 100 for no limit
    #[arg(long, default_value = "30", value_name = "PERCENT", value_parser = percent)]
    delete_guard_share: u32,
    /// The share does not count in a zone in which we own fewer record sets than this
    #[arg(long, default_value = "10", value_name = "RECORDS", value_parser = values::count)]
    delete_guard_floor: u32,
    /// Too many is also more than this number of record sets of one zone, whatever their share and the floor; 0 for no limit
    #[arg(long, default_value = "0", value_name = "RECORDS", value_parser = values::count)]
    delete_guard_max: u32,
    /// Another share for one zone, which is named by its name or by the provider's id (repeatable)
    #[arg(long, value_name = "ZONE=PERCENT", value_parser = zone_share)]
    delete_guard_zone: Vec<(String, u32)>,
    /// Let through the withheld deletes that have this hash, in the one run of --once; the run fails if there are none (repeatable)
    #[arg(long, value_name = "HASH", value_parser = hash)]
    approve_hash: Vec<String>,
    /// ConfigMap in which hashes are approved: the daemon takes them from its key approve, and moves them to its key spent before
    /// it deletes anything
    #[arg(long, default_value = "", value_name = "[NAMESPACE/]NAME")]
    approval_configmap: String,
}

/// The delete guard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuardConfig {
    /// Whether there is one.
    pub enabled: bool,
    /// Percent of what we own in a zone.
    pub share: u32,
    /// Zones with fewer records of ours have no share.
    pub floor: u32,
    /// A number of records of a zone; 0 for none.
    pub max: u32,
    /// Percent in zones of their own, by name or id.
    pub zones: Vec<(String, u32)>,
    /// Hashes that are approved in advance, for a single run.
    pub approved: Vec<String>,
    /// Where people without a shell approve.
    pub configmap: Option<ConfigMapName>,
}

/// A ConfigMap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigMapName {
    /// `None` for the namespace of the Pod, or of the kubeconfig's context.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
}

/// How the run that approvals are for is to go.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run {
    /// `plan` or `--dry-run`.
    pub(super) is_preview: bool,
    /// `--once`.
    pub(super) is_single: bool,
    /// `--manifests`.
    pub(super) is_offline: bool,
}

impl GuardArgs {
    pub(super) fn check(self, run: Run, warnings: &mut Vec<String>) -> Result<GuardConfig, String> {
        let Self {
            delete_guard,
            delete_guard_share,
            delete_guard_floor,
            delete_guard_max,
            delete_guard_zone,
            approve_hash,
            approval_configmap,
        } = self;
        if !approve_hash.is_empty() && !run.is_preview && !run.is_single {
            return Err("--approve-hash is for a single run with --once; what a running daemon withholds is approved \
                 with: zonewright approve HASH"
                .into());
        }
        let configmap = configmap(&approval_configmap)?;
        if configmap.is_some() && run.is_offline {
            return Err("--approval-configmap needs an API server, and --manifests does without".into());
        }
        if configmap.is_some() && run.is_single {
            warnings.push("--approval-configmap has no effect with --once, which has --approve-hash".into());
        }
        Ok(GuardConfig {
            enabled: delete_guard,
            share: delete_guard_share,
            floor: delete_guard_floor,
            max: delete_guard_max,
            zones: delete_guard_zone,
            approved: approve_hash,
            configmap: configmap.filter(|_| !run.is_single),
        })
    }
}

fn percent(text: &str) -> Result<u32, String> {
    values::count(text.strip_suffix('%').unwrap_or(text))
        .ok()
        .filter(|percent| *percent <= 100)
        .ok_or_else(|| "a share is a number of percent from 0 to 100".into())
}

/// Ids may have a `=`.
fn zone_share(text: &str) -> Result<(String, u32), String> {
    match text.rsplit_once('=') {
        Some((zone, share)) if !zone.is_empty() => Ok((zone.to_owned(), percent(share)?)),
        _ => Err("expected ZONE=PERCENT, such as example.org=50".into()),
    }
}

fn hash(text: &str) -> Result<String, String> {
    match text.len() == 12 && text.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f')) {
        true => Ok(text.to_owned()),
        false => Err("a hash is twelve hexadecimal digits, as the guard shows it".into()),
    }
}

fn configmap(text: &str) -> Result<Option<ConfigMapName>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    match values::object_name(text) {
        Ok((namespace, name)) => Ok(Some(ConfigMapName { namespace, name })),
        Err(error) => Err(format!("--approval-configmap={text}: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("0", Some(0))]
    #[case("30", Some(30))]
    #[case("100%", Some(100))]
    #[case("101", None)]
    #[case("-1", None)]
    #[case("half", None)]
    #[case("", None)]
    fn percents(#[case] text: &str, #[case] expected: Option<u32>) {
        assert_eq!(percent(text).ok(), expected);
    }

    #[test]
    fn zones_have_shares() {
        assert_eq!(zone_share("example.org=50"), Ok(("example.org".into(), 50)));
        assert_eq!(zone_share("/hostedzone/Z==5"), Ok(("/hostedzone/Z=".into(), 5)));
        assert!(zone_share("example.org").is_err() && zone_share("=5").is_err());
    }

    #[test]
    fn hashes_are_recognised() {
        assert!(hash("0123456789ab").is_ok());
        assert!(hash("0123456789AB").is_err() && hash("0123456789").is_err() && hash("").is_err());
    }

    #[test]
    fn configmaps_have_a_name_and_perhaps_a_namespace() {
        let name = |namespace: Option<&str>| ConfigMapName {
            namespace: namespace.map(str::to_owned),
            name: "approvals".to_owned(),
        };
        assert_eq!(configmap(""), Ok(None));
        assert_eq!(configmap("approvals"), Ok(Some(name(None))));
        assert_eq!(configmap("dns/approvals"), Ok(Some(name(Some("dns")))));
        for text in ["/approvals", "dns/", "a/b/c", "Approvals", "a b"] {
            assert!(configmap(text).is_err(), "{text}");
        }
    }
}
