//! What this version has, and which flag belongs to what. The place to change when a source, provider or registry is added.

use super::argv::Given;
use super::names::{ProviderName, RegistryName, SourceName};
use super::{Config, values};
use std::collections::BTreeMap;

/// Whether this version can read this kind of object.
fn has_source(name: SourceName) -> bool {
    use SourceName::*;
    matches!(
        name,
        Service
            | Ingress
            | GatewayHttpRoute
            | GatewayGrpcRoute
            | GatewayTcpRoute
            | GatewayTlsRoute
            | GatewayUdpRoute
            | Crd
            | Node
            | Pod
            | Fake
            | Empty
    )
}

/// Whether it is built and reads something that can stand in a file.
pub(super) fn reads_objects(name: SourceName) -> bool {
    has_source(name) && !matches!(name, SourceName::Fake | SourceName::Empty)
}

fn has_provider(name: ProviderName) -> bool {
    crate::wiring::has_provider(name)
}

fn has_registry(name: RegistryName) -> bool {
    crate::wiring::has_registry(name)
}

/// Who reads a flag.
#[derive(Debug, Clone, Copy)]
enum Reader {
    Source(SourceName),
    Provider(ProviderName),
    Registry(RegistryName),
}

impl Reader {
    fn is_built(self) -> bool {
        match self {
            Self::Source(name) => has_source(name),
            Self::Provider(name) => has_provider(name),
            Self::Registry(name) => has_registry(name),
        }
    }

    fn describe(self) -> String {
        match self {
            Self::Source(name) => format!("source {name}"),
            Self::Provider(name) => format!("provider {name}"),
            Self::Registry(name) => format!("registry {name}"),
        }
    }
}

/// Flags by the beginning of their name; the first entry that fits counts. Flags not listed are for everyone.
const READERS: &[(&str, &[Reader])] = {
    use ProviderName as P;
    use Reader::{Provider, Registry, Source};
    use RegistryName as R;
    use SourceName as S;
    &[
        ("alibaba-cloud-", &[Provider(P::AlibabaCloud)]),
        ("aws-sd-", &[Provider(P::AwsSd)]),
        ("aws-api-retries", &[Provider(P::Aws), Provider(P::AwsSd), Registry(R::DynamoDb)]),
        ("aws-assume-role", &[Provider(P::Aws), Provider(P::AwsSd), Registry(R::DynamoDb)]),
        ("aws-profile", &[Provider(P::Aws), Provider(P::AwsSd), Registry(R::DynamoDb)]),
        ("aws-", &[Provider(P::Aws), Provider(P::AwsSd)]),
        ("azure-", &[Provider(P::Azure), Provider(P::AzureDns), Provider(P::AzurePrivateDns)]),
        ("cloudflare-", &[Provider(P::Cloudflare)]),
        ("connector-", &[Source(S::Connector)]),
        ("coredns-", &[Provider(P::CoreDns), Provider(P::SkyDns)]),
        ("crd-registry-", &[Registry(R::Crd)]),
        ("dynamodb-", &[Registry(R::DynamoDb)]),
        ("exoscale-", &[Provider(P::Exoscale)]),
        ("gloo-", &[Source(S::GlooProxy)]),
        ("godaddy-", &[Provider(P::GoDaddy)]),
        ("google-", &[Provider(P::Google)]),
        ("ns1-", &[Provider(P::Ns1)]),
        ("oci-", &[Provider(P::Oci)]),
        ("openshift-", &[Source(S::OpenshiftRoute)]),
        ("ovh-", &[Provider(P::Ovh)]),
        ("pdns-", &[Provider(P::Pdns)]),
        ("pihole-", &[Provider(P::Pihole)]),
        ("rfc2136-", &[Provider(P::Rfc2136)]),
        ("skipper-", &[Source(S::SkipperRoutegroup)]),
        ("traefik-", &[Source(S::TraefikProxy)]),
        ("unstructured-", &[Source(S::Unstructured)]),
    ]
};

/// Flags that several providers read, some of which are not built. Elsewhere they never had an effect, so they only warn.
const SHARED: &[(&str, &[ProviderName])] = {
    use ProviderName::*;
    &[
        ("batch-change-", &[Cloudflare]),
        ("tls-", &[Pdns, Rfc2136]),
        (
            "zone-id-filter",
            &[AlibabaCloud, Aws, Azure, AzureDns, AzurePrivateDns, Cloudflare, Dnsimple, Google, Ns1, Oci],
        ),
        ("zone-name-filter", &[Azure, AzureDns, AzurePrivateDns]),
    ]
};

/// Flags that a provider does not read although its name suggests it: ExternalDNS does not read them either.
const UNREAD: &[(ProviderName, &[&str])] = &[(
    ProviderName::AwsSd,
    &[
        "aws-batch-change-",
        "aws-evaluate-target-health",
        "aws-prefer-cname",
        "aws-profile",
        "aws-zone-match-parent",
        "aws-zone-tags",
        "aws-zones-cache-duration",
    ],
)];

/// Refuses what this version does not have.
pub(super) fn refuse_missing(config: &Config, changed: &[(&str, &Given)]) -> Result<(), String> {
    let provider = config.providers.general.name;
    if !has_provider(provider) {
        return Err(not_yet("provider", provider.as_str(), names(ProviderName::ALL, has_provider)));
    }
    if let Some(source) = config.sources.names.iter().find(|name| !has_source(**name)) {
        return Err(not_yet("source", source.as_str(), names(SourceName::ALL, has_source)));
    }
    let registry = config.registry.name;
    if !has_registry(registry) {
        return Err(not_yet("registry", registry.as_str(), names(RegistryName::ALL, has_registry)));
    }
    for (flag, given) in changed {
        let readers = readers(flag);
        if !readers.is_empty() && !readers.iter().any(|reader| reader.is_built()) {
            let readers: Vec<_> = readers.iter().map(|reader| reader.describe()).collect();
            return Err(format!(
                "{} is for {}, which this version of Zonewright does not have yet; leave it out",
                given.origin,
                readers.join(" and ")
            ));
        }
    }
    Ok(())
}

/// Warnings about flags that the chosen provider does not read.
pub(super) fn without_effect(provider: ProviderName, changed: &[(&str, &Given)]) -> Vec<String> {
    let reads = |flag: &str| {
        SHARED
            .iter()
            .find(|(prefix, _)| flag.starts_with(prefix))
            .is_none_or(|(_, readers)| readers.contains(&provider))
            && !UNREAD.iter().any(|(other, flags)| {
                *other == provider && flags.iter().any(|prefix| flag.starts_with(prefix))
            })
    };
    let unread = changed.iter().filter(|(flag, _)| !reads(flag));
    unread.map(|(_, given)| format!("{} has no effect with provider {provider}", given.origin)).collect()
}

/// The flags that were given another value than their default.
pub(super) fn changed<'a>(
    given: &'a BTreeMap<String, Given>,
    command: &clap::Command,
) -> Vec<(&'a str, &'a Given)> {
    let is_changed = |name: &str, given: &Given| {
        let argument = command.get_arguments().find(|a| a.get_long() == Some(name));
        let defaults = argument.map_or(&[][..], clap::Arg::get_default_values);
        let defaults: Vec<&str> =
            defaults.iter().filter_map(|d| d.to_str()).filter(|d| !d.is_empty()).collect();
        let values: Vec<&str> = given.values.iter().map(String::as_str).filter(|v| !v.is_empty()).collect();
        // A choice is a word, even where it looks like a number (TLS version 1.2).
        let is_choice = argument.is_some_and(|argument| !argument.get_possible_values().is_empty());
        let is_default = |(value, default): (&&str, &&str)| match is_choice {
            true => value == default,
            false => is_same(value, default),
        };
        values.len() != defaults.len() || !values.iter().zip(&defaults).all(is_default)
    };
    given.iter().filter(|(name, g)| is_changed(name, g)).map(|(name, g)| (name.as_str(), g)).collect()
}

/// Whether both say the same, `60s` and `1m` included.
fn is_same(a: &str, b: &str) -> bool {
    let both = |same: Option<bool>| same.unwrap_or(false);
    a == b
        || both(values::duration(a).ok().zip(values::duration(b).ok()).map(|(a, b)| a == b))
        || both(values::int(a).ok().zip(values::int(b).ok()).map(|(a, b)| a == b))
}

/// Whether the flag only concerns things that this version does not have.
#[cfg(test)]
pub(super) fn is_for_later(flag: &str) -> bool {
    let readers = readers(flag);
    !readers.is_empty() && !readers.iter().any(|reader| reader.is_built())
}

fn readers(flag: &str) -> &'static [Reader] {
    READERS.iter().find(|(prefix, _)| flag.starts_with(prefix)).map_or(&[], |(_, readers)| readers)
}

fn names<T: Copy + ToString>(all: &[T], has: fn(T) -> bool) -> String {
    let built: Vec<_> = all.iter().filter(|name| has(**name)).map(ToString::to_string).collect();
    built.join(", ")
}

fn not_yet(kind: &str, name: &str, built: String) -> String {
    format!("--{kind}={name}: this version of Zonewright does not have {kind} {name} yet; it has {built}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_is_about_a_flag_that_exists() {
        let flags = crate::cli::Form::Daemon.command();
        let prefixes = READERS.iter().map(|(p, _)| p).chain(SHARED.iter().map(|(p, _)| p));
        for prefix in prefixes {
            let mut names = flags.get_arguments().filter_map(clap::Arg::get_long);
            assert!(names.any(|name| name.starts_with(prefix)), "no flag begins with {prefix}");
        }
    }

    #[test]
    fn values_are_compared_by_meaning() {
        assert!(is_same("60s", "1m"));
        assert!(is_same("1e3", "1000"));
        assert!(!is_same("2s", "1s"));
        assert!(!is_same("public", "private"));
    }
}
