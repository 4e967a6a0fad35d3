//! Wishes in, wishes out. `NAME TYPE TARGETS [ttl=…] [set=…] [property=value …]`, where `aws/` is left out.

use super::*;
use rstest::rstest;
use zonewright_planner::Properties;

const RULES: AliasRules = AliasRules { prefer_cname: false, evaluate_target_health: true };
const ALB: &str = "lb.us-east-1.elb.amazonaws.com";

fn parse(line: &str) -> Endpoint {
    let line = line.replace("ALB", ALB);
    let mut words = line.split_whitespace();
    let (name, record_type, targets) = (words.next().unwrap(), words.next().unwrap(), words.next().unwrap());
    let (mut properties, mut ttl, mut set) = (Properties::new(), 0, "");
    for (key, value) in words.map(|word| word.split_once('=').unwrap()) {
        match key {
            "ttl" => ttl = value.parse().unwrap(),
            "set" => set = value,
            "alias" | "foreign" => properties.set(key, value),
            key => properties.set(format!("aws/{key}"), value),
        }
    }
    let targets: Vec<&str> = targets.split(',').collect();
    let parsed = Endpoint::new(name, RecordType::from_text(record_type), &targets, properties);
    parsed.unwrap().with_ttl(Ttl::from_seconds(ttl)).with_set_identifier(set)
}

fn show(endpoint: &Endpoint) -> String {
    let targets: Vec<String> = endpoint.targets.iter().map(ToString::to_string).collect();
    let mut line = format!("{} {} {}", endpoint.name, endpoint.record_type, targets.join(","));
    if endpoint.ttl != Ttl::UNSET {
        line += &format!(" ttl={}", endpoint.ttl.seconds());
    }
    if !endpoint.set_identifier.is_empty() {
        line += &format!(" set={}", endpoint.set_identifier);
    }
    for (name, value) in endpoint.properties.iter() {
        line += &format!(" {}={value}", name.trim_start_matches("aws/"));
    }
    line.replace(ALB, "ALB")
}

fn run(rules: AliasRules, line: &str) -> Adjusted {
    adjust(rules, vec![parse(line)], |zone, _| zone.as_str() == "ZOWN")
}

fn lines(adjusted: &Adjusted) -> Vec<String> {
    assert_eq!(adjusted.rejected, []);
    adjusted.endpoints.iter().map(show).collect()
}

#[rstest]
// An AWS host name behind a CNAME becomes two aliases, with the default of the flag.
#[case("a.org CNAME ALB", &["a.org A ALB alias=true evaluate-target-health=true", "a.org AAAA ALB alias=true evaluate-target-health=true"])]
#[case("a.org CNAME ALB alias=true ttl=60", &["a.org A ALB ttl=300 alias=true evaluate-target-health=true", "a.org AAAA ALB ttl=300 alias=true evaluate-target-health=true"])]
#[case("a.org CNAME ALB alias=A", &["a.org A ALB alias=true evaluate-target-health=true"])]
#[case("a.org CNAME ALB alias=AAAA", &["a.org AAAA ALB alias=true evaluate-target-health=true"])]
#[case("a.org CNAME ALB alias=false evaluate-target-health=false", &["a.org CNAME ALB alias=false"])]
#[case("a.org CNAME ALB alias=maybe", &["a.org CNAME ALB alias=false"])]
#[case("a.org CNAME b.net ttl=60", &["a.org CNAME b.net ttl=60 alias=false"])]
// Other services only when asked for.
#[case("a.org CNAME env.eu-west-1.elasticbeanstalk.com", &["a.org CNAME env.eu-west-1.elasticbeanstalk.com alias=false"])]
#[case("a.org A 192.0.2.1 alias=false evaluate-target-health=true", &["a.org A 192.0.2.1"])]
#[case("a.org A ALB alias=true evaluate-target-health=no", &["a.org A ALB alias=true evaluate-target-health=false"])]
// A zone that follows from the target is not noted; another one is.
#[case("a.org A ALB alias=true target-hosted-zone=Z35SXDOTRQ7X7K", &["a.org A ALB alias=true evaluate-target-health=true"])]
#[case("a.org A b.org alias=true target-hosted-zone=/hostedzone/ZOWN", &["a.org A b.org alias=true evaluate-target-health=true"])]
#[case("a.org A b.org alias=true target-hosted-zone=/hostedzone/ZX", &["a.org A b.org alias=true evaluate-target-health=true target-hosted-zone=ZX"])]
#[case("a.org TXT x evaluate-target-health=true target-hosted-zone=ZX", &["a.org TXT \"x\""])]
// Routing.
#[case("a.org A 192.0.2.1 set=x weight=010", &["a.org A 192.0.2.1 set=x weight=10"])]
#[case("a.org A 192.0.2.1 set=x multi-value-answer=", &["a.org A 192.0.2.1 set=x multi-value-answer=true"])]
#[case("a.org A 192.0.2.1 set=x multi-value-answer=TRUE", &["a.org A 192.0.2.1 set=x multi-value-answer=true"])]
#[case("a.org A 192.0.2.1 set=x failover=primary", &["a.org A 192.0.2.1 set=x failover=PRIMARY"])]
#[case("a.org A 192.0.2.1 set=x geolocation-continent-code=eu geolocation-country-code=DE", &["a.org A 192.0.2.1 set=x geolocation-continent-code=EU"])]
#[case("a.org A 192.0.2.1 set=x geoproximity-region=us-east-1", &["a.org A 192.0.2.1 set=x geoproximity-bias=0 geoproximity-region=us-east-1"])]
#[case("a.org A 192.0.2.1 set=x geoproximity-coordinates=49.22,-74.01 geoproximity-bias=-99", &["a.org A 192.0.2.1 set=x geoproximity-bias=-99 geoproximity-coordinates=49.22,-74.01"])]
#[case("a.org A 192.0.2.1 health-check-id=abc foreign=1 unknown=2", &["a.org A 192.0.2.1 health-check-id=abc"])]
fn wishes_take_the_form_in_which_they_are_read_back(#[case] line: &str, #[case] expected: &[&str]) {
    let adjusted = run(RULES, line);
    assert_eq!(lines(&adjusted), expected);
    let again = adjust(RULES, adjusted.endpoints.clone(), |zone, _| zone.as_str() == "ZOWN");
    assert_eq!(again.endpoints, adjusted.endpoints, "a second time changes nothing");
}

#[test]
fn flags_decide_what_nobody_says() {
    let prefer_cname = AliasRules { prefer_cname: true, ..RULES };
    assert_eq!(lines(&run(prefer_cname, "a.org CNAME ALB")), ["a.org CNAME ALB alias=false"]);
    let unhealthy = AliasRules { evaluate_target_health: false, ..RULES };
    let expected = ["a.org A ALB alias=true evaluate-target-health=false"];
    assert_eq!(lines(&run(unhealthy, "a.org A ALB alias=true")), expected);
}

#[rstest]
#[case("a.org A 192.0.2.1 set=x weight=256", "a number from 0 to 255")]
#[case("a.org A 192.0.2.1 set=x weight=heavy", "aws/weight is \"heavy\"")]
#[case("a.org A 192.0.2.1 set=x weight=", "wants a value")]
#[case("a.org A 192.0.2.1 set=x geoproximity-region=us-east-1 geoproximity-bias=100", "from -99 to 99")]
#[case("a.org A 192.0.2.1 set=x geoproximity-coordinates=91,0", "latitude and longitude")]
#[case("a.org A 192.0.2.1 set=x geoproximity-bias=1", "needs a place")]
#[case("a.org A 192.0.2.1 set=x geoproximity-region=a geoproximity-local-zone-group=b", "exclude each other")]
#[case("a.org A 192.0.2.1 set=x geolocation-subdivision-code=NY", "needs aws/geolocation-country-code")]
#[case("a.org A 192.0.2.1 set=x failover=tertiary", "PRIMARY or SECONDARY")]
#[case("a.org A 192.0.2.1 set=x multi-value-answer=2", "true or false")]
#[case("a.org A 192.0.2.1 set=x weight=1 region=us-east-1", "only one routing policy")]
#[case("a.org A 192.0.2.1 set=x", "needs a routing policy")]
#[case("a.org A 192.0.2.1 weight=1", "needs a set identifier")]
fn what_the_service_would_refuse_is_said_at_once(#[case] line: &str, #[case] why: &str) {
    let adjusted = run(RULES, line);
    assert_eq!(adjusted.endpoints, []);
    let [rejected] = adjusted.rejected.as_slice() else { panic!("{:?}", adjusted.rejected) };
    assert_eq!(rejected.name.as_ref().unwrap().as_str(), "a.org");
    assert!(rejected.text.contains(why), "{}", rejected.text);
}

#[test]
fn long_identifiers_and_values_are_refused() {
    let long = "x".repeat(129);
    assert_eq!(run(RULES, &format!("a.org A 192.0.2.1 set={long} weight=1")).rejected.len(), 1);
    let text = "x".repeat(4000);
    assert_eq!(run(RULES, &format!("a.org TXT {text}")).rejected.len(), 1);
    assert_eq!(run(RULES, &format!("a.org TXT {}", &text[..3900])).rejected.len(), 0);
}

#[test]
fn a_pin_is_the_zone_of_the_wish_and_no_property() {
    let adjusted = run(RULES, "a.org A 192.0.2.1 hosted-zone-id=/hostedzone/Z7");
    assert_eq!(adjusted.endpoints[0].zone, Some(ZoneId::new("Z7")));
    assert_eq!(lines(&adjusted), ["a.org A 192.0.2.1"]);
    let again = adjust(RULES, adjusted.endpoints.clone(), |_, _| false);
    assert_eq!(again.endpoints, adjusted.endpoints);
}

#[test]
fn twins_stand_behind_the_others() {
    let wishes = ["a.org CNAME ALB", "b.org A 192.0.2.1"].map(parse).to_vec();
    let shown = lines(&adjust(RULES, wishes, |_, _| false));
    let types: Vec<&str> = shown.iter().map(|line| line.split(' ').nth(1).unwrap()).collect();
    assert_eq!(types, ["A", "A", "AAAA"]);
}
