use super::*;
use rstest::rstest;

fn read(json: &str) -> WireEndpoint<'_> {
    serde_json::from_str(json).unwrap()
}

fn write(value: &impl Serialize) -> String {
    String::from_utf8(to_json(value).unwrap()).unwrap()
}

#[test]
fn keys_have_a_fixed_order_and_empty_ones_are_left_out() {
    let full = concat!(
        r#"{"dnsName":"q.ex.org","targets":["1.1.1.2"],"recordType":"A","setIdentifier":"blue","recordTTL":60,"#,
        r#""labels":{"owner":"default","resource":"x"},"providerSpecific":[{"name":"webhook/x","value":"1"},{"name":"alias"}]}"#,
    );
    let shuffled = concat!(
        r#"{"providerSpecific":[{"value":"1","name":"webhook/x"},{"name":"alias","value":""}],"recordTTL":60,"#,
        r#""labels":{"resource":"x","owner":"default"},"setIdentifier":"blue","recordType":"A","targets":["1.1.1.2"],"dnsName":"q.ex.org"}"#,
    );
    assert_eq!(write(&read(shuffled)), format!("{full}\n"));
    assert_eq!(write(&WireEndpoint::default()), "{}\n");
    assert_eq!(write(&WireChanges::<WireEndpoint>::default()), "{}\n");
}

#[test]
fn text_is_escaped_as_go_escapes_it() {
    let endpoint =
        WireEndpoint { dns_name: "<a>&\u{2028}é\"\\\n\u{1}\u{8}\u{7f}".into(), ..Default::default() };
    assert_eq!(
        write(&endpoint),
        "{\"dnsName\":\"\\u003ca\\u003e\\u0026\\u2028é\\\"\\\\\\n\\u0001\\b\u{7f}\"}\n"
    );
}

#[rstest]
#[case::keys_in_any_case(r#"{"DNSNAME":"a.org","RecordTtl":5}"#, r#"{"dnsName":"a.org","recordTTL":5}"#)]
#[case::unknown_keys(r#"{"dnsName":"a.org","x":{"y":[1]}}"#, r#"{"dnsName":"a.org"}"#)]
#[case::the_last_of_repeated_keys(r#"{"dnsName":"a.org","DnsName":"b.org"}"#, r#"{"dnsName":"b.org"}"#)]
#[case::nulls(
    r#"{"dnsName":null,"targets":null,"recordType":null,"setIdentifier":null,"recordTTL":null,"labels":null,"providerSpecific":null}"#,
    "{}"
)]
#[case::null_elements(
    r#"{"targets":["a",null],"labels":{"k":null},"providerSpecific":[null,{"name":null}]}"#,
    r#"{"targets":["a",""],"labels":{"k":""},"providerSpecific":[{},{}]}"#
)]
#[case::negative_ttl(r#"{"recordTTL":-5}"#, r#"{"recordTTL":-5}"#)]
fn reading_is_as_lenient_as_go(#[case] json: &str, #[case] expected: &str) {
    assert_eq!(write(&read(json)), format!("{expected}\n"));
}

#[rstest]
#[case(r#"{"recordTTL":"60"}"#)]
#[case(r#"{"recordTTL":60.5}"#)]
#[case(r#"{"recordTTL":60.0}"#)]
#[case(r#"{"dnsName":1}"#)]
#[case(r#"{"targets":"a"}"#)]
#[case(r#"{"targets":[1]}"#)]
#[case(r#"["a"]"#)]
fn wrong_types_are_errors(#[case] json: &str) {
    serde_json::from_str::<WireEndpoint>(json).unwrap_err();
}

#[test]
fn plain_text_is_borrowed() {
    let endpoint = read(r#"{"dnsName":"a.org","recordType":"A\n"}"#);
    assert!(matches!(endpoint.dns_name, Cow::Borrowed("a.org")));
    assert!(matches!(endpoint.record_type, Cow::Owned(_)));
}

#[test]
fn changes_are_read_in_any_case_and_null_rows_are_refused() {
    let json = r#"{"Create":[{"dnsName":"a"}],"UPDATEOLD":null,"x":1,"delete":[]}"#;
    let changes: WireChanges<WireEndpoint> = serde_json::from_str(json).unwrap();
    assert_eq!(write(&changes), "{\"create\":[{\"dnsName\":\"a\"}]}\n");
    assert_eq!(serde_json::from_str::<WireChanges<WireEndpoint>>("null").unwrap(), WireChanges::default());
    let error = serde_json::from_str::<WireChanges<WireEndpoint>>(r#"{"create":[null]}"#).unwrap_err();
    assert!(error.to_string().contains("null in place of an endpoint"), "{error}");
}

#[test]
fn a_record_is_written_as_it_was_read() {
    let json = concat!(
        r#"{"dnsName":"Web.Example.org.","targets":["CDN.example.net."],"recordType":"CNAME","setIdentifier":"x","#,
        r#""recordTTL":300,"labels":{"owner":"me"},"providerSpecific":[{"name":"webhook/x","value":"1"}]}"#
    );
    let record = read(json).to_record(ZoneId::new("z")).unwrap();
    assert_eq!(record.name.as_str(), "web.example.org");
    assert_eq!(record.labels.owner(), Some("me"));
    assert_eq!(write(&WireEndpoint::from(&record)), format!("{json}\n"));
}

#[test]
fn a_wish_is_written_in_canonical_form() {
    let json = r#"{"dnsName":"Web.Example.org.","targets":["192.0.2.9","192.0.2.1"],"recordType":"A","recordTTL":-5}"#;
    let endpoint = read(json).to_endpoint().unwrap();
    assert_eq!(
        write(&WireEndpoint::from(&endpoint)),
        "{\"dnsName\":\"web.example.org\",\"targets\":[\"192.0.2.1\",\"192.0.2.9\"],\"recordType\":\"A\",\"recordTTL\":-5}\n"
    );
}

#[test]
fn a_host_name_may_stand_behind_an_alias_of_its_own_type() {
    let json = r#"{"dnsName":"a.org","targets":["lb.net"],"recordType":"A","providerSpecific":[{"name":"alias","value":"A"}]}"#;
    assert_eq!(read(json).to_endpoint().unwrap().properties.get("alias"), Some("true"));
    read(&json.replace(r#""A"}]"#, r#""x"}]"#)).to_endpoint().unwrap_err();
}
