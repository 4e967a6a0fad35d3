//! What is wrong harms only itself, is said with a name, and is tried again.

use super::{Ended, World, daemon, ingress, once, principal, said, until};
use zonewright_azure_double::{Fault, Operation, RecordSet, When};

/// Whatever is wrong with the file is said with file and field before anything starts.
#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_file_or_field_is_named() {
    let (world, _) = World::with_zone("azure").await;
    world.numbered(1, 0);
    let cases = [
        ("{ half", "is not JSON"),
        ("[]", "does not hold a JSON object"),
        (r#"{"cloud": "AzureGermanCloud"}"#, "field cloud: there is no cloud \"AzureGermanCloud\""),
        (
            r#"{"useManagedIdentityExtension": "true"}"#,
            "field useManagedIdentityExtension: it has to be true or false, and is a text",
        ),
        (r#"{"TenantID": 7}"#, "field tenantId: it has to be a text, and is a number"),
        (r#"{"cloud": "AzureStackCloud"}"#, "field resourceManagerAudience: cloud AZURESTACKCLOUD needs it"),
        (r#"{"subscriptionId": "s", "resourceGroup": "g"}"#, "it has no credentials"),
        (r#"{"useManagedIdentityExtension": true, "resourceGroup": "g"}"#, "field subscriptionId"),
        (r#"{"useManagedIdentityExtension": true, "subscriptionId": "s"}"#, "field resourceGroup"),
        (r#"{"useWorkloadIdentityExtension": true}"#, "AZURE_FEDERATED_TOKEN_FILE"),
        (r#"{"aadClientId": "c", "aadClientSecret": "canary"}"#, "needs tenantId"),
    ];
    for (text, expected) in cases {
        world.replace("azure.json", text);
        let Ended { code, log } = once(world.program()).await;
        assert_eq!(code, Some(1), "{text}\n{log}");
        assert!(said(&log, &["azure.json", expected]) > 0, "{text}: {expected}\n{log}");
        assert!(!log.contains("canary"), "{log}");
    }
    std::fs::remove_file(world.path("azure.json")).unwrap();
    let Ended { code, log } = once(world.program()).await;
    assert!(code == Some(1) && said(&log, &["azure.json", "cannot be read", "No such file"]) > 0, "{log}");
    assert_eq!(world.azure.requests(), []);
}

/// A secret that is wrong ends nothing: it is said, with the identity, and tried again until it is right.
#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_secret_is_tried_until_it_is_right() {
    let (world, zone) = World::with_zone("azure").await;
    world.write_file(&principal("wrong-canary"));
    world.numbered(1, 0);
    let log = world.path("log");
    let mut command = world.program();
    command.arg("--interval=200ms");
    let mut running = daemon(command, &log);
    until("several attempts", || world.azure.count(Operation::GetToken) >= 3).await;
    let text = std::fs::read_to_string(&log).unwrap();
    assert!(said(&text, &["service principal client of tenant tenant", "AADSTS7000215"]) > 0, "{text}");
    assert!(said(&text, &["error.class=auth"]) > 0, "{text}");
    assert!(!text.contains("canary"), "{text}");
    assert!(running.try_wait().unwrap().is_none(), "{text}");
    world.write_file(&principal("secret"));
    until("the record", || world.azure.records(&zone).len() == 2).await;
}

/// Need 56: one zone of three may not be read or not be written. The others are; that one as soon as it may be.
#[tokio::test(flavor = "multi_thread")]
async fn a_forbidden_zone_keeps_no_other_waiting() {
    for operation in [Operation::ListRecordSets, Operation::PutRecordSet] {
        let world = World::new("azure").await;
        let zones = ["a.org", "b.org", "c.org"].map(|name| world.zone(name));
        let text = ["a", "b", "c"].map(|zone| ingress(&format!("{zone}.{zone}.org"), "192.0.2.1", &[]));
        world.objects(&text.concat());
        world.azure.inject(When::call(operation).in_zone(&zones[1]).always(), Fault::forbidden());
        let Ended { code, log } = once(world.program()).await;
        assert_eq!(code, Some(1), "{log}");
        assert!(
            said(&log, &["b.org", "AuthorizationFailed", "DNS Zone Contributor"]) > 0,
            "{operation:?}\n{log}"
        );
        let written = zones.each_ref().map(|zone| world.azure.records(zone).len());
        assert_eq!(written, [2, 0, 2], "{operation:?}\n{log}");
        world.azure.withdraw_faults();
        let Ended { code, log } = once(world.program()).await;
        assert_eq!((code, world.azure.records(&zones[1]).len()), (Some(0), 2), "{log}");
    }
}

/// A zone that does not exist is said with its id; the other goes on, and gets no names of that one.
#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_zone_id_is_said() {
    let (world, zone) = World::with_zone("azure").await;
    let unknown = zone.replace("example.org", "example.net");
    world.objects(
        &[ingress("www.example.org", "192.0.2.1", &[]), ingress("www.example.net", "192.0.2.1", &[])]
            .concat(),
    );
    let mut command = world.program();
    command.arg(format!("--zone-id-filter={zone}")).arg(format!("--zone-id-filter={unknown}"));
    let Ended { code, log } = once(command).await;
    assert_eq!((code, world.azure.records(&zone).len()), (Some(1), 2), "{log}");
    assert!(said(&log, &["example.net", "ResourceNotFound"]) > 0, "{log}");
    assert_eq!(world.azure.count(Operation::ListZones), 0);
}

/// What the service refuses about one record is said of its object; the others are written. It is not tried again with each run.
#[tokio::test(flavor = "multi_thread")]
async fn a_refused_record_harms_nobody_else() {
    let (world, zone) = World::with_zone("azure").await;
    // Something that cannot be seen is in the way: a CAA record set, which no CNAME can stand beside.
    world.azure.seed(&zone, [RecordSet::new("bad", "CAA", 60, &["0 issue ca.example.net"])]).unwrap();
    let text = [
        ingress("bad.example.org", "edge.example.net", &[]),
        ingress("good.example.org", "192.0.2.1", &[]),
        ingress("tagged.example.org", "192.0.2.1", &[("azure-tags", "keys=x")]),
    ];
    world.objects(&text.concat());
    let log = world.path("log");
    let mut command = world.program();
    command.args(["--interval=200ms", "--drift-interval=200ms"]);
    let _daemon = daemon(command, &log);
    until("the other", || world.found(&zone, "good").len() == 1).await;
    until("some runs", || world.azure.count(Operation::ListRecordSets) >= 6).await;
    let text = std::fs::read_to_string(&log).unwrap();
    assert!(said(&text, &["bad.example.org", "another record with the same name"]) > 0, "{text}");
    assert!(said(&text, &["tagged.example.org", "azure-tags", "keys"]) > 0, "{text}");
    assert_eq!(world.found(&zone, "tagged"), []);
    let tries =
        world.azure.requests().into_iter().filter(|request| request.record.as_deref() == Some("CNAME bad"));
    assert!(tries.count() <= 3, "{text}");
}

/// W8: a list of zones that fails ends nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_zones_that_fails_ends_nothing() {
    let (world, zone) = World::with_zone("azure").await;
    world.numbered(2, 0);
    world.azure.inject(When::call(Operation::ListZones).times(30), Fault::unavailable());
    let log = world.path("log");
    let mut command = world.program();
    command.args(["--interval=200ms", "--azure-maxretries-count=-1"]);
    let mut running = daemon(command, &log);
    until("attempts", || world.azure.count(Operation::ListZones) >= 3).await;
    assert!(running.try_wait().unwrap().is_none());
    world.azure.withdraw_faults();
    until("the records", || world.azure.records(&zone).len() == 4).await;
    let text = std::fs::read_to_string(&log).unwrap();
    assert!(said(&text, &["resource group group", "ServiceUnavailable"]) > 0, "{text}");
}

/// Azure has no NAPTR records, private zones no NS; whoever wants some is told, and others go on.
#[tokio::test(flavor = "multi_thread")]
async fn unsupported_types_are_said() {
    let (world, zone) = World::with_zone("azure-private-dns").await;
    let endpoint = |name: &str, kind: &str, target: &str| {
        format!("{{dnsName: {name}.example.org, recordType: {kind}, targets: ['{target}']}}")
    };
    let endpoints = [
        endpoint("ns", "NS", "ns1.example.net"),
        endpoint("naptr", "NAPTR", "100 10 \"u\" \"E2U+sip\" \"!^.*$!sip:a@b!\" ."),
        endpoint("srv", "SRV", "1 2 443 host.example.net."),
        endpoint("mx", "MX", "10 mail.example.net"),
        endpoint("txt", "TXT", "v=spf1 -all"),
    ];
    world.objects(&format!(
        "apiVersion: externaldns.k8s.io/v1alpha1\nkind: DNSEndpoint\nmetadata: {{name: all, namespace: web}}\nspec: {{endpoints: [{}]}}\n",
        endpoints.join(", ")
    ));
    let mut command = world.program();
    command.args(["--source=crd"]);
    for kind in ["NS", "NAPTR", "SRV", "MX", "TXT"] {
        command.arg(format!("--managed-record-types={kind}"));
    }
    let Ended { log, .. } = once(command).await;
    for (name, kind) in [("ns.example.org", "NS"), ("naptr.example.org", "NAPTR")] {
        assert!(said(&log, &[name, &format!("does not store {kind} records")]) > 0, "{log}");
    }
    for name in ["srv", "mx", "txt"] {
        assert_eq!(world.found(&zone, name).len(), 1, "{name}\n{log}");
    }
}
