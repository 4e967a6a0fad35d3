use super::*;
use rstest::rstest;

fn wish(record_type: &str, targets: &[&str]) -> Endpoint {
    let record_type = RecordType::from_text(record_type);
    let name = if record_type == RecordType::Ptr { "1.2.0.192.in-addr.arpa" } else { "a.example.org" };
    Endpoint::new(name, record_type, targets, Properties::new()).unwrap()
}

fn read(text: Value) -> Option<Record> {
    let set: RecordSet = serde_json::from_value(text).unwrap();
    let apex = DnsName::parse("example.org").unwrap();
    to_record(&ZoneId::new("z"), &apex, set).map(Result::unwrap)
}

/// The two services spell fields differently, and each reads only its own.
#[rstest]
#[case("A", &["192.0.2.1"], "ARecords", "aRecords", json!([{"ipv4Address": "192.0.2.1"}]))]
#[case("AAAA", &["2001:DB8::1"], "AAAARecords", "aaaaRecords", json!([{"ipv6Address": "2001:db8::1"}]))]
#[case("CNAME", &["b.example.net."], "CNAMERecord", "cnameRecord", json!({"cname": "b.example.net"}))]
#[case("MX", &["10 mx.example.net"], "MXRecords", "mxRecords", json!([{"preference": 10, "exchange": "mx.example.net"}]))]
#[case("NS", &["ns.example.net"], "NSRecords", "nsRecords", json!([{"nsdname": "ns.example.net"}]))]
#[case("PTR", &["b.example.net"], "PTRRecords", "ptrRecords", json!([{"ptrdname": "b.example.net"}]))]
#[case("SRV", &["1 2 3 b.example.net."], "SRVRecords", "srvRecords", json!([{"priority": 1, "weight": 2, "port": 3, "target": "b.example.net"}]))]
#[case("TXT", &["\"a b\""], "TXTRecords", "txtRecords", json!([{"value": ["\"a b\""]}]))]
fn values_go_out_and_come_back(
    #[case] record_type: &str,
    #[case] targets: &[&str],
    #[case] public: &str,
    #[case] private: &str,
    #[case] expected: Value,
) {
    let new = wish(record_type, targets);
    let ttl = Ttl::from_seconds(60);
    for (service, field, ttl_field) in [(Service::Public, public, "TTL"), (Service::Private, private, "ttl")]
    {
        let body = to_body(service, &new, ttl).unwrap();
        let properties = json!({ ttl_field: 60, field: expected });
        assert_eq!(body, json!({ "properties": properties }));
        let kind = format!("Microsoft.Network/dnszones/{record_type}");
        let relative = if record_type == "PTR" { "1" } else { "a" };
        let record =
            read(json!({"name": relative, "type": kind, "etag": "e", "properties": properties})).unwrap();
        assert!(record.has_targets(&new.targets), "{record:?}");
        assert_eq!(record.ttl, ttl);
    }
}

/// A wish's own TTL comes first, then the one that is there, then 300.
#[rstest]
#[case(5, 60, 5)]
#[case(0, 60, 60)]
#[case(0, 0, 300)]
fn ttls(#[case] wished: i64, #[case] there: i64, #[case] expected: i64) {
    let new = wish("A", &["192.0.2.1"]).with_ttl(Ttl::from_seconds(wished));
    let body = to_body(Service::Public, &new, Ttl::from_seconds(there)).unwrap();
    assert_eq!(body["properties"]["TTL"], expected);
}

#[test]
fn long_texts_are_cut_between_characters() {
    let text = format!("{}é{}", "a".repeat(254), "b".repeat(300));
    let pieces = strings(&text);
    assert_eq!(pieces.iter().map(|piece| piece.len()).collect::<Vec<_>>(), [254, 255, 47]);
    assert_eq!(pieces.concat(), text);
    assert_eq!(strings(""), [""]);
}

#[test]
fn what_has_no_place_in_azure_is_said() {
    let alias = Endpoint::new(
        "a.example.org",
        RecordType::A,
        &["lb.example.net"],
        [("alias", "true")].into_iter().collect(),
    );
    let error = to_body(Service::Public, &alias.unwrap(), Ttl::UNSET).unwrap_err();
    assert!(error.contains("lb.example.net is no target of an A record"), "{error}");
    assert!(to_body(Service::Public, &wish("CNAME", &["b.net", "c.net"]), Ttl::UNSET).is_err());
    let naptr = wish("NAPTR", &["100 10 \"u\" \"E2U+sip\" \"!^.*$!sip:a@b!\" ."]);
    assert!(to_body(Service::Public, &naptr, Ttl::UNSET).unwrap_err().contains("NAPTR"));
}

#[test]
fn what_is_not_ours_to_see_is_nothing() {
    let set = |kind: &str, properties: Value| json!({"name": "a", "type": format!("x/{kind}"), "properties": properties});
    assert_eq!(read(set("SOA", json!({"SOARecord": {"host": "ns"}}))), None);
    assert_eq!(read(set("CAA", json!({"caaRecords": []}))), None);
    assert_eq!(read(set("A", json!({"aRecords": [], "isAutoRegistered": true}))), None);
    let alias = read(set("A", json!({"targetResource": {"id": "/some/thing"}}))).unwrap();
    assert_eq!(alias.targets, [Target::Text("/some/thing".into())]);
    let plain =
        read(set("A", json!({"targetResource": {}, "ARecords": [{"ipv4Address": "192.0.2.1"}]}))).unwrap();
    assert_eq!(plain.targets.len(), 1);
}

#[test]
fn metadata_is_a_property_for_each_name() {
    let properties = json!({"TTL": 1, "metadata": {"b": "2", "a": "x,y=z", "c": null}, "ARecords": []});
    let record = read(json!({"name": "@", "type": "x/A", "properties": properties})).unwrap();
    let found: Vec<(&str, &str)> = record.properties.iter().collect();
    assert_eq!(found, [("azure/metadata-a", "x,y=z"), ("azure/metadata-b", "2")]);
    assert_eq!(record.name.as_str(), "example.org");
    let mut new = wish("A", &["192.0.2.1"]);
    new.properties = record.properties;
    let body = to_body(Service::Private, &new, Ttl::UNSET).unwrap();
    assert_eq!(body["properties"]["metadata"], json!({"a": "x,y=z", "b": "2"}));
}
