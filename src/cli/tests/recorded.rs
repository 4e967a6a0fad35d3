//! What ExternalDNS v0.22 was seen to accept and refuse at start. Names are those of the recorded cases.

use super::parse_with;
use rstest::rstest;

fn starts(words: &[&str], env: &[(&str, &str)]) -> bool {
    parse_with(&[&["--provider=webhook"], words].concat(), env).is_ok()
}

#[rstest]
#[case::flag_deprecated_request_timeout(&["--request-timeout=20s"])]
#[case::flag_duration_days_and_weeks(&["--interval=1d", "--min-ttl=1w2d3h"])]
#[case::flag_duration_fraction_of_day(&["--min-ttl=0.5d"])]
#[case::flag_managed_type_unknown(&["--managed-record-types=A", "--managed-record-types=GIZMO"])]
#[case::flag_qps_fraction(&["--kube-api-qps=7.9", "--kube-api-burst=2e1"])]
#[case::flag_switch_negated(&["--no-publish-internal-services"])]
#[case::flag_value_as_next_argument(&["--source", "ingress", "--txt-owner-id", "me"])]
#[case::annotation_filter_empty_value(&["--annotation-filter=example.net/old="])]
#[case::annotation_filter_in(&["--annotation-filter=example.net/zone in (public, private)"])]
#[case::annotation_filter_none(&["--annotation-filter="])]
#[case::annotation_filter_not_exists(&["--annotation-filter=!example.net/old"])]
#[case::label_filter_exists(&["--label-filter=tier"])]
#[case::label_filter_greater(&["--label-filter=n>5"])]
#[case::label_filter_less(&["--label-filter=n < 5"])]
#[case::label_filter_none(&["--label-filter="])]
#[case::label_filter_not_equals(&["--label-filter=tier!=front"])]
#[case::label_filter_notin(&["--label-filter=tier notin (front)"])]
#[case::label_filter_several(&["--label-filter=tier,n=7"])]
#[case::min_ttl_hours(&["--min-ttl=1h0m1.9s"])]
#[case::min_ttl_negative(&["--min-ttl=-5m"])]
#[case::min_ttl_plain_number_is_lenient(&["--min-ttl=300"])]
#[case::min_ttl_zero(&["--min-ttl=0"])]
#[case::prefix_only_slash(&["--annotation-prefix=/"])]
#[case::nat64_several(&["--nat64-networks=64:ff9b::/96", "--nat64-networks=2001:db8:64::/96"])]
#[case::target_net_invalid_ignored(&["--target-net-filter=192.0.2.17"])]
#[case::exclude_net_invalid_ignored(&["--exclude-target-net=192.0.2.0/33"])]
#[case::target_net_one_invalid(&["--target-net-filter=everything", "--target-net-filter=198.51.100.0/24"])]
#[case::regex_domain_exclusion(&["--regex-domain-filter=example", "--regex-domain-exclusion=^(b|not)"])]
#[case::domain_filter_case_and_dot(&["--domain-filter= Example.ORG. "])]
#[case::domain_filter_leading_dot(&["--domain-filter=.example.org"])]
fn accepted(#[case] words: &[&str]) {
    assert!(starts(&[&["--source=service", "--policy=sync"], words].concat(), &[]));
}

#[rstest]
#[case::flag_abbreviated(&["--domain-filt=example.org"])]
#[case::flag_compatibility_unknown(&["--compatibility=legacy"])]
#[case::flag_double_dash_ends_flags(&["--", "--namespace=default"])]
#[case::flag_interval_words(&["--interval=1 minute"])]
#[case::flag_log_format_unknown(&["--log-format=xml"])]
#[case::flag_log_level_unknown(&["--log-level=loud"])]
#[case::flag_policy_twice(&["--policy=sync"])]
#[case::flag_qps_fraction_below_one(&["--kube-api-qps=0.9"])]
#[case::flag_qps_zero(&["--kube-api-qps=0"])]
#[case::flag_removed_txt_format(&["--txt-new-format-only"])]
#[case::flag_service_type_unknown(&["--service-type-filter=Ingress"])]
#[case::flag_single_dash(&["-policy=sync"])]
#[case::flag_source_case(&["--source=Service"])]
#[case::flag_stray_argument(&["service"])]
#[case::flag_unknown_source(&["--source=services"])]
#[case::flag_value_missing(&["--namespace"])]
#[case::flag_value_missing_before_a_flag(&["--namespace", "--annotation-prefix=a/"])]
#[case::annotation_filter_bad_key(&["--annotation-filter=-a=b"])]
#[case::annotation_filter_bad_value(&["--annotation-filter=a=b c"])]
#[case::annotation_filter_greater(&["--annotation-filter=n>5"])]
#[case::annotation_filter_not_equals(&["--annotation-filter=example.net/zone!=public"])]
#[case::label_filter_double_operator(&["--label-filter=a=!b"])]
#[case::label_filter_text_compared(&["--label-filter=n>five"])]
#[case::label_filter_invalid(&["--label-filter=tier===front"])]
#[case::gateway_label_filter_invalid(&["--gateway-label-filter=side in l"])]
#[case::namespace_several(&["--namespace=ns-one", "--namespace=ns-two"])]
#[case::prefix_empty(&["--annotation-prefix="])]
#[case::nat64_malformed(&["--nat64-networks=64:ff9b::"])]
#[case::nat64_not_96(&["--nat64-networks=64:ff9b::/64"])]
#[case::regex_domain_filter_invalid(&["--regex-domain-filter=("])]
#[case::regex_lookahead(&["--regex-domain-filter=(?!a)"])]
#[case::ptr_type_not_managed(&["--create-ptr"])]
#[case::ignore_annotation_without_template(&["--ignore-hostname-annotation"])]
#[case::class_invalid_value(&["--source=ingress", "--ingress-class=not a class!"])]
#[case::class_with_class_annotation_filter(&[
    "--source=ingress",
    "--ingress-class=edge",
    "--annotation-filter=kubernetes.io/ingress.class=edge"
])]
#[case::aws_sd_empty_owner(&["--registry=aws-sd", "--txt-owner-id="])]
#[case::crd_empty_owner(&["--registry=crd", "--txt-owner-id="])]
#[case::encrypt_enabled_without_key(&["--txt-encrypt-enabled"])]
#[case::owner_twice(&["--txt-owner-id=me", "--txt-owner-id=you"])]
#[case::prefix_and_suffix(&["--txt-prefix=own-", "--txt-suffix=-own"])]
#[case::registry_unknown(&["--registry=etcd"])]
#[case::registry_case(&["--registry=TXT"])]
// Refused on purpose, where ExternalDNS starts and does nothing.
#[case::managed_types_comma_list(&["--managed-record-types=A,AAAA"])]
#[case::managed_types_lower_case(&["--managed-record-types=a"])]
#[case::domain_filter_comma_list(&["--domain-filter=example.org,example.com"])]
fn refused(#[case] words: &[&str]) {
    assert!(!starts(&[&["--source=service", "--policy=sync"], words].concat(), &[]));
}

#[rstest]
#[case::empty(&["--policy="])]
#[case::missing(&[])]
#[case::unknown(&["--policy=delete-only"])]
#[case::case_sensitive(&["--policy=Sync"])]
fn policies_refused(#[case] words: &[&str]) {
    assert!(!starts(&[&["--source=service"], words].concat(), &[]));
}

#[rstest]
#[case::bad_policy(&["--source=service"], &[("EXTERNAL_DNS_POLICY", "everything")], false)]
#[case::commas_do_not_split(&["--policy=sync"], &[("EXTERNAL_DNS_SOURCE", "service,ingress")], false)]
#[case::missing_source(&["--policy=sync"], &[], false)]
#[case::empty_is_unset(
    &["--source=service", "--policy=sync"],
    &[("EXTERNAL_DNS_DOMAIN_FILTER", ""), ("EXTERNAL_DNS_MIN_TTL", ""), ("EXTERNAL_DNS_ANNOTATION_PREFIX", "")],
    true
)]
#[case::lines_are_values(&["--policy=sync"], &[("EXTERNAL_DNS_SOURCE", "service\ningress")], true)]
#[case::unknown_variable(&["--source=service", "--policy=sync"], &[("EXTERNAL_DNS_NO_SUCH_FLAG", "1")], true)]
#[case::whole_configuration(
    &[],
    &[("EXTERNAL_DNS_SOURCE", "service"), ("EXTERNAL_DNS_POLICY", "sync"), ("EXTERNAL_DNS_TXT_OWNER_ID", "o")],
    true
)]
fn environment(#[case] words: &[&str], #[case] env: &[(&str, &str)], #[case] expected: bool) {
    assert_eq!(starts(words, env), expected);
}
