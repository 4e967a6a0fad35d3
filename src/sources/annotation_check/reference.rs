//! `docs/reference/annotations.md`, made from the table of keys that `lint` and the daemon hold annotations against.

use super::{AWS, GATEWAY_API, KEYS, VALUES, is_read_on, place_of};
use crate::reference::{GENERATED, hold};
use std::fmt::Write;

const INTRODUCTION: &str = "\
Annotations say what the object itself does not: names, targets, how long answers may be kept. A key is written behind a prefix:
`external-dns.kubernetes.io/hostname`. The prefix before v0.22, `external-dns.alpha.kubernetes.io/`, is read as well, key by key; where both say
something, the former counts, and a warning names the object where they differ. With `--annotation-prefix=PREFIX/` that one is read and no other.

A key that nobody reads, or that is on the wrong kind of object, is logged once per object, and `zonewright lint` finds it before it is applied.

```yaml
metadata:
  annotations:
    external-dns.kubernetes.io/hostname: shop.example.org, www.example.org
    external-dns.kubernetes.io/ttl: 5m
```
";

const COLUMNS: [(&str, &[(&str, &str)]); 6] = [
    ("Service", &[("", "Service")]),
    ("Ingress", &[("networking.k8s.io", "Ingress")]),
    (
        "routes",
        &[
            (GATEWAY_API, "HTTPRoute"),
            (GATEWAY_API, "GRPCRoute"),
            (GATEWAY_API, "TLSRoute"),
            (GATEWAY_API, "TCPRoute"),
            (GATEWAY_API, "UDPRoute"),
        ],
    ),
    ("Gateway, ListenerSet", &[(GATEWAY_API, "Gateway"), (GATEWAY_API, "ListenerSet")]),
    ("Node", &[("", "Node")]),
    ("Pod", &[("", "Pod")]),
];

/// What each key means, what it may say, and what is so without it. A dash at the end stands for a family.
const MEANINGS: [(&str, &str, &str, &str); 24] = [
    (
        "hostname",
        "names, separated by commas; blanks do not count",
        "no names beside those of the object itself",
        "Names to publish. `--ignore-hostname-annotation` sets it aside, except on Pods",
    ),
    (
        "internal-hostname",
        "the same",
        "none",
        "Names for addresses inside: the cluster IP of a Service, the address of a Pod",
    ),
    (
        "target",
        "addresses or host names, separated by commas",
        "what the object's status says",
        "Targets instead of the object's own. An address becomes A or AAAA, a name CNAME",
    ),
    (
        "ttl",
        "seconds, or a duration such as `90s`, `1h30m`; 1 second to 2147483647 seconds",
        "`--min-ttl`, or what the provider takes",
        "How long answers may be kept",
    ),
    (
        "controller",
        "`dns-controller`",
        "the object is ours",
        "Any other value leaves the object to another program",
    ),
    (
        "set-identifier",
        "any text",
        "none",
        "Tells record sets of one name and type apart, for the routing policies of a provider",
    ),
    (
        "shared",
        "`true`, `false`",
        "`--txt-shared-names`",
        "Whether other owners may have the name, too ([shared names](../concepts/shared-names.md))",
    ),
    (
        "access",
        "`public`, `private`",
        "external addresses of the nodes, or internal ones where there are none",
        "Which addresses of nodes a Service of type NodePort publishes",
    ),
    (
        "endpoints-type",
        "`NodeExternalIP`, `HostIP`",
        "addresses of the Pods",
        "What a headless Service points at",
    ),
    (
        "ingress",
        "`name` or `namespace/name`",
        "the Gateway's own Service",
        "The Ingress whose addresses count. For the Gateways of Istio and Gloo, whose sources this version does not have",
    ),
    (
        "ingress-hostname-source",
        "`annotation-only`, `defined-hosts-only`",
        "both",
        "Where names come from: the annotation, or rules and TLS section. Any other value: no names at all",
    ),
    (
        "gateway-hostname-source",
        "`annotation-only`, `defined-hosts-only`",
        "both",
        "Where names come from: the annotation, or the route and its listeners. Any other value is warned of, and as if it was not there",
    ),
    ("alias", "`true`", "by the provider", "The record is to be an alias, where the provider has such"),
    (
        "record-type",
        "`ptr`, or anything else",
        "`--create-ptr`",
        "Whether addresses get a PTR record: `ptr` says so, any other value says not. Needs PTR among `--managed-record-types`",
    ),
    (
        "azure-tags",
        "`key=value`, separated by commas",
        "none",
        "Metadata of the record set ([Azure](../providers/azure.md#records))",
    ),
    (
        "cloudflare-custom-hostname",
        "names, separated by commas",
        "none",
        "Custom hostnames that lead to the record ([Cloudflare](../providers/cloudflare.md#custom-hostnames))",
    ),
    (
        "cloudflare-proxied",
        "`true`, `false`",
        "`--cloudflare-proxied`",
        "Whether Cloudflare stands in between",
    ),
    (
        "cloudflare-region-key",
        "a region",
        "`--cloudflare-region-key`",
        "Where traffic is decrypted ([Regional Services](../providers/cloudflare.md#regional-services))",
    ),
    ("cloudflare-record-comment", "any text", "`--cloudflare-record-comment`", "The record's comment"),
    ("cloudflare-tags", "tags, separated by commas", "none", "The record's tags"),
    ("aws-", "see [below](#route-53)", "none", "Routing policies, health checks, alias zones of Route 53"),
    ("scw-", "any", "none", "For Scaleway, whose provider this version does not have"),
    ("webhook-", "any", "none", "Properties for the webhook provider: `webhook-x` reaches it as `webhook/x`"),
    ("coredns-", "any", "none", "For CoreDNS, whose provider this version does not have"),
];

const OTHERS: &str = "
Of those with a dash at the end any key with that beginning counts. DNSEndpoints have fields instead of annotations
([crd](../sources/crd.md)): of annotations only those count that `--annotation-filter` names.

Properties of a provider (`aws-*`, `azure-tags`, `cloudflare-*`, `webhook-*`, …) reach that provider alone.

## Annotations without the prefix

| Key | On | Read where |
|---|---|---|
| `kubernetes.io/ingress.class` | Ingress | `--ingress-class` is given and the Ingress has no `ingressClassName` |
| `zalando.org/dnsname` | Service | `--compatibility=mate` |
| `domainName`, with the label `dns=route53` | Service | `--compatibility=molecule` |
| `dns.alpha.kubernetes.io/external`, `dns.alpha.kubernetes.io/internal` | Service, Pod | `--compatibility=kops-dns-controller` |
";

fn mark(key: &str, column: &[(&str, &str)]) -> &'static str {
    // A family is read where any of its members is.
    let member = if key.ends_with('-') { format!("{key}x") } else { key.to_owned() };
    let place = place_of(&member).unwrap();
    let read = column.iter().filter(|(group, kind)| is_read_on(place, group, kind)).count();
    assert!(read == 0 || read == column.len(), "{key}: only some of {column:?}");
    if read > 0 { "yes" } else { "" }
}

#[test]
fn annotations_reference_is_up_to_date() {
    let keys: Vec<&str> = KEYS.iter().map(|(key, _)| *key).collect();
    assert_eq!(keys, MEANINGS.map(|(key, ..)| key), "a key without a meaning, or the other way round");
    for (key, values) in VALUES {
        let told = MEANINGS.iter().find(|(other, ..)| other == key).unwrap().1;
        values.iter().for_each(|value| assert!(told.contains(&format!("`{value}`")), "{key} {value}"));
    }
    let mut text = format!(
        "# Annotations\n\n{GENERATED}\n\n{INTRODUCTION}\n## All keys\n\n| Key | Values | Without it | Meaning |\n|---|---|---|---|\n"
    );
    for (key, values, default, meaning) in MEANINGS {
        let star = if key.ends_with('-') { "*" } else { "" };
        writeln!(text, "| `{key}{star}` | {values} | {default} | {meaning} |").unwrap();
    }
    text.push_str("\n## Where they are read\n\n| Key |");
    COLUMNS.iter().for_each(|(name, _)| write!(text, " {name} |").unwrap());
    writeln!(text, "\n|---|{}", "---|".repeat(COLUMNS.len())).unwrap();
    // Those of products that this version does not read stand on no kind of the table.
    for (key, ..) in MEANINGS.iter().filter(|(key, ..)| *key != "ingress") {
        let marks: Vec<&str> = COLUMNS.iter().map(|(_, column)| mark(key, column)).collect();
        let star = if key.ends_with('-') { "*" } else { "" };
        writeln!(text, "| `{key}{star}` | {} |", marks.join(" | ")).unwrap();
    }
    text.push_str("\n\"Routes\" are HTTPRoute, GRPCRoute, TLSRoute, TCPRoute and UDPRoute.\n");
    text.push_str("\n## Route 53\n\nWhat they say is explained [there](../providers/aws.md#records). A key that looks like one of these is a mistake, and is told.\n\n");
    AWS.iter().for_each(|key| writeln!(text, "- `{key}`").unwrap());
    text.push_str(OTHERS);
    hold("annotations.md", &text);
}
