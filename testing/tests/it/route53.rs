//! The strict Route 53 double and moto go through the same scenario. Where they differ it is on purpose: the claims here are the
//! service's, and `route53_differences.txt` has what both answer, word by word, so that it stays true when either of them changes.

use crate::differences::hold_against;
use crate::http::http;
use reqwest::Client;
use std::fmt::Write;
use zonewright_aws_double::AwsDouble;
use zonewright_testing::Moto;

const NAMESPACE: &str = "https://route53.amazonaws.com/doc/2013-04-01/";

/// Neither looks at signatures, but moto finds the service in the scope of the key.
const AUTHORIZATION: &str = "AWS4-HMAC-SHA256 Credential=AKIATEST/20260101/us-east-1/route53/aws4_request, \
                             SignedHeaders=host, Signature=none";

/// One thing to do, and what to look at afterwards.
struct Step {
    name: &'static str,
    /// Change batches, each a list of an action and a record set.
    batches: Vec<Vec<(&'static str, String)>>,
    /// The names whose record sets are looked at.
    look: &'static [&'static str],
}

fn step(
    name: &'static str,
    batches: Vec<Vec<(&'static str, String)>>,
    look: &'static [&'static str],
) -> Step {
    Step { name, batches, look }
}

fn set(name: &str, kind: &str, policy: &str, rest: &str) -> String {
    format!("<Name>{name}.example.com.</Name><Type>{kind}</Type>{policy}{rest}")
}

fn values(ttl: u32, values: &[&str]) -> String {
    let records = values
        .iter()
        .map(|value| format!("<ResourceRecord><Value>{value}</Value></ResourceRecord>"))
        .collect::<String>();
    format!("<TTL>{ttl}</TTL><ResourceRecords>{records}</ResourceRecords>")
}

fn a(name: &str, policy: &str) -> String {
    set(name, "A", policy, &values(300, &["192.0.2.1"]))
}

fn identified(identifier: &str, policy: &str) -> String {
    format!("<SetIdentifier>{identifier}</SetIdentifier>{policy}")
}

fn weighted(identifier: &str) -> String {
    identified(identifier, "<Weight>10</Weight>")
}

fn alias(zone: &str) -> String {
    format!(
        "<AliasTarget><HostedZoneId>{zone}</HostedZoneId><DNSName>lb-1.us-east-1.elb.amazonaws.com.</DNSName>\
         <EvaluateTargetHealth>true</EvaluateTargetHealth></AliasTarget>"
    )
}

/// What moto is faithful in.
fn common_ground() -> Vec<Step> {
    let two = values(60, &["192.0.2.1", "192.0.2.2"]);
    let created = |name, policy: &str| vec![vec![("CREATE", a(name, policy))]];
    vec![
        step("a record set is created", created("c1", ""), &["c1"]),
        step("and replaced", vec![vec![("UPSERT", set("c1", "A", "", &two))]], &["c1"]),
        step("and deleted", vec![vec![("DELETE", set("c1", "A", "", &two))]], &["c1"]),
        step(
            "creating the very same again is refused",
            vec![vec![("CREATE", a("c2", ""))], vec![("CREATE", a("c2", ""))]],
            &["c2"],
        ),
        step("weighted", created("c3", &weighted("one")), &["c3"]),
        step("latency", created("c4", &identified("one", "<Region>eu-west-1</Region>")), &["c4"]),
        step("failover", created("c5", &identified("one", "<Failover>PRIMARY</Failover>")), &["c5"]),
        step(
            "geolocation",
            created(
                "c6",
                &identified(
                    "one",
                    "<GeoLocation><CountryCode>US</CountryCode><SubdivisionCode>TX</SubdivisionCode></GeoLocation>",
                ),
            ),
            &["c6"],
        ),
        step(
            "multivalue answer",
            created("c7", &identified("one", "<MultiValueAnswer>true</MultiValueAnswer>")),
            &["c7"],
        ),
        step(
            "an alias to a load balancer",
            vec![vec![("CREATE", set("c8", "A", "", &alias("Z35SXDOTRQ7X7K")))]],
            &["c8"],
        ),
        step(
            "texts, mail and services",
            vec![vec![
                ("CREATE", set("c9", "TXT", "", &values(300, &["\"a \\\"b\\\" c\" \"d\""]))),
                ("CREATE", set("c9", "MX", "", &values(300, &["10 mail.example.net"]))),
                ("CREATE", set("c9", "SRV", "", &values(300, &["1 2 3 host.example.net"]))),
                ("CREATE", set("c9", "CAA", "", &values(300, &["0 issue \"ca.example.net\""]))),
            ]],
            &["c9"],
        ),
        step("more than a thousand records", vec![many("CREATE", 1001)], &["m0"]),
        step("more than five hundred records upserted", vec![many("UPSERT", 501)], &["m0"]),
    ]
}

fn many(action: &'static str, count: usize) -> Vec<(&'static str, String)> {
    (0..count).map(|n| (action, a(&format!("m{n}"), ""))).collect()
}

/// What moto does otherwise, with what is known of the service.
fn differences() -> Vec<Step> {
    let other = || set("d1", "A", "", &values(300, &["192.0.2.9"]));
    let elsewhere = || a("d0", "").replace("example.com.", "example.net.");
    vec![
        // moto looks for what exists or is missing before it begins, but finds names outside the zone on the way.
        step(
            "a batch is done wholly or not at all",
            vec![vec![("CREATE", a("d0", "")), ("CREATE", elsewhere())]],
            &["d0"],
        ),
        step(
            "creating another of the same name and type is refused",
            vec![vec![("CREATE", a("d1", ""))], vec![("CREATE", other())]],
            &["d1"],
        ),
        step(
            "a CNAME is alone at its name",
            vec![
                vec![("CREATE", a("d2", ""))],
                vec![("CREATE", set("d2", "CNAME", "", &values(300, &["target.example.net"])))],
            ],
            &["d2"],
        ),
        step(
            "a CNAME at the apex is refused",
            vec![vec![(
                "CREATE",
                "<Name>example.com</Name><Type>CNAME</Type>".to_owned()
                    + &values(300, &["target.example.net"]),
            )]],
            &[],
        ),
        step(
            "simple and weighted record sets do not mix",
            vec![vec![("CREATE", a("d3", ""))], vec![("CREATE", a("d3", &weighted("one")))]],
            &["d3"],
        ),
        step(
            "a record set has one policy",
            vec![vec![("CREATE", a("d4", &(weighted("one") + "<Region>eu-west-1</Region>")))]],
            &["d4"],
        ),
        step(
            "what is deleted has to match in its alias zone",
            vec![
                vec![("CREATE", set("d5", "A", "", &alias("Z35SXDOTRQ7X7K")))],
                vec![("DELETE", set("d5", "A", "", &alias("Z26RNL4JYFTOTI")))],
            ],
            &["d5"],
        ),
        step("deleting what is not there is an invalid batch", vec![vec![("DELETE", a("d6-none", ""))]], &[]),
        step(
            "a deleted set identifier is that of one name",
            vec![
                vec![("CREATE", a("d7", &weighted("blue"))), ("CREATE", a("d7-other", &weighted("blue")))],
                vec![("DELETE", a("d7", &weighted("blue")))],
            ],
            &["d7", "d7-other"],
        ),
        step(
            "geoproximity is kept",
            vec![vec![(
                "CREATE",
                a(
                    "d8",
                    &identified(
                        "one",
                        "<GeoProximityLocation><AWSRegion>eu-west-1</AWSRegion><Bias>5</Bias></GeoProximityLocation>",
                    ),
                ),
            )]],
            &["d8"],
        ),
        step("an asterisk comes back escaped", vec![vec![("CREATE", a("*.d9", ""))]], &["*.d9"]),
        step(
            "an A that is not an address",
            vec![vec![("CREATE", set("d16", "A", "", &values(300, &["nonsense"])))]],
            &[],
        ),
        step(
            "texts have to be quoted",
            vec![vec![("CREATE", set("d10", "TXT", "", &values(300, &["unquoted"])))]],
            &["d10"],
        ),
        step(
            "a string in a text has 255 bytes",
            vec![vec![(
                "CREATE",
                set("d11", "TXT", "", &values(300, &[&format!("\"{}\"", "x".repeat(256))])),
            )]],
            &[],
        ),
        step(
            "a request has 32,000 characters",
            vec![
                (0..9)
                    .map(|n| {
                        let text = format!("\"{}\" ", "x".repeat(250)).repeat(15);
                        ("CREATE", set(&format!("d12-{n}"), "TXT", "", &values(300, &[text.trim_end()])))
                    })
                    .collect(),
            ],
            &[],
        ),
        step(
            "an alias points at something",
            vec![vec![("CREATE", set("d13", "A", "", &alias("ZNOWHERE")))]],
            &["d13"],
        ),
        step(
            "weighted sets have one time to live",
            vec![vec![
                ("CREATE", a("d14", &weighted("one"))),
                ("CREATE", set("d14", "A", &weighted("two"), &values(60, &["192.0.2.1"]))),
            ]],
            &["d14"],
        ),
        step(
            "a health check exists",
            vec![vec![("CREATE", a("d15", "") + "<HealthCheckId>none</HealthCheckId>")]],
            &["d15"],
        ),
    ]
}

struct Server {
    url: String,
    client: Client,
    zone: String,
}

impl Server {
    async fn new(url: String) -> Self {
        let mut this = Server { url, client: http(), zone: String::new() };
        let inner = "<Name>example.com</Name><CallerReference>one</CallerReference>";
        let (status, xml) = this.post("hostedzone", "CreateHostedZoneRequest", inner).await;
        assert_eq!(status, 201, "{xml}");
        this.zone = texts(&xml, "Id")[0].trim_start_matches("/hostedzone/").to_owned();
        this
    }

    async fn post(&self, path: &str, root: &str, inner: &str) -> (u16, String) {
        let body = format!("<{root} xmlns=\"{NAMESPACE}\">{inner}</{root}>");
        let request = self.client.post(format!("{}/2013-04-01/{path}", self.url)).body(body);
        let response = request.header("authorization", AUTHORIZATION).send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    async fn get(&self, path: &str) -> (u16, String) {
        let request = self.client.get(format!("{}/2013-04-01/{path}", self.url));
        let response = request.header("authorization", AUTHORIZATION).send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    async fn send(&self, batch: &[(&str, String)]) -> String {
        let changes: String = batch
            .iter()
            .map(|(action, set)| {
                format!(
                    "<Change><Action>{action}</Action><ResourceRecordSet>{set}</ResourceRecordSet></Change>"
                )
            })
            .collect();
        let inner = format!("<ChangeBatch><Changes>{changes}</Changes></ChangeBatch>");
        let path = format!("hostedzone/{}/rrset/", self.zone);
        let (status, xml) = self.post(&path, "ChangeResourceRecordSetsRequest", &inner).await;
        format!("{status} {}", texts(&xml, "Code").first().unwrap_or(&""))
    }

    /// What came of a step, for people and for comparing.
    async fn outcome(&self, step: &Step) -> String {
        let mut outcome = String::new();
        for batch in &step.batches {
            writeln!(outcome, "{}", self.send(batch).await).unwrap();
        }
        for name in step.look {
            let name = format!("{}.example.com.", name.replace('*', "%2A"));
            let (_, xml) = self.get(&format!("hostedzone/{}/rrset?name={name}", self.zone)).await;
            let wanted = name.replace("%2A", "*");
            let found = texts(&xml, "ResourceRecordSet").into_iter().map(described);
            let mut found: Vec<String> = found
                .filter(|set| set.replace("\\052", "*").starts_with(&format!("Name={wanted} ")))
                .collect();
            found.sort();
            writeln!(outcome, "{}", found.join("\n")).unwrap();
        }
        outcome
    }
}

/// The fields of a record set in an order of our own.
fn described(set: &str) -> String {
    let tags = [
        "Name",
        "Type",
        "SetIdentifier",
        "Weight",
        "Region",
        "Failover",
        "ContinentCode",
        "CountryCode",
        "SubdivisionCode",
        "MultiValueAnswer",
        "AWSRegion",
        "Bias",
        "TTL",
        "Value",
        "HostedZoneId",
        "DNSName",
        "EvaluateTargetHealth",
        "HealthCheckId",
    ];
    let fields = tags.iter().flat_map(|tag| {
        texts(set, tag).into_iter().map(move |text| format!("{tag}={}", text.replace("&quot;", "\"")))
    });
    // Python writes its own word for true.
    fields.collect::<Vec<_>>().join(" ").replace("=True", "=true")
}

fn texts<'a>(xml: &'a str, name: &str) -> Vec<&'a str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    xml.split(&open).skip(1).filter_map(|rest| rest.split(&close).next()).collect()
}

async fn both() -> (Server, Server, AwsDouble, Moto) {
    let double = AwsDouble::start().await.unwrap();
    let moto = Moto::start().await.unwrap();
    (Server::new(double.url()).await, Server::new(moto.url()).await, double, moto)
}

#[tokio::test]
async fn the_double_and_moto_agree_where_moto_is_faithful() {
    let (ours, theirs, _double, _moto) = both().await;
    for step in common_ground() {
        let (ours, theirs) = (ours.outcome(&step).await, theirs.outcome(&step).await);
        assert_eq!(ours, theirs, "{}", step.name);
    }
}

/// What is not about change batches.
async fn probes(server: &Server) -> Vec<(&'static str, String)> {
    let code =
        |(status, xml): (u16, String)| format!("{status} {}\n", texts(&xml, "Code").first().unwrap_or(&""));
    let again = "<Name>example.com</Name><CallerReference>one</CallerReference>";
    let again = server.post("hostedzone", "CreateHostedZoneRequest", again).await;
    let ids = format!("<ResourceId>{}</ResourceId>", server.zone).repeat(11);
    let ids = format!("<ResourceIds>{ids}</ResourceIds>");
    let tags = server.post("tags/hostedzone", "ListTagsForResourcesRequest", &ids).await;

    let members: Vec<_> = (0..20).map(|n| ("CREATE", a("p1", &weighted(&format!("id-{n:02}"))))).collect();
    server.send(&members).await;
    server.send(&many("CREATE", 400)).await;
    let path = format!("hostedzone/{}/rrset", server.zone);
    let (_, page) = server.get(&format!("{path}?maxitems=1000")).await;
    let (_, cut) = server.get(&format!("{path}?name=p1.example.com.&type=A&maxitems=8")).await;
    vec![
        ("a caller reference is used once", code(again)),
        ("tags are told for ten zones at once", code(tags)),
        (
            "a page has 300 record sets",
            format!("more than 300: {}\n", texts(&page, "ResourceRecordSet").len() > 300),
        ),
        (
            "a page that ends inside a routing set says at which member the next begins",
            format!("next: {:?}\n", texts(&cut, "NextRecordIdentifier")),
        ),
    ]
}

#[tokio::test]
async fn moto_differs_where_it_is_known_to() {
    let (ours, theirs, _double, _moto) = both().await;
    let mut found = Vec::new();
    for step in differences() {
        found.push((step.name, ours.outcome(&step).await, theirs.outcome(&step).await));
    }
    for ((name, ours), (_, theirs)) in probes(&ours).await.into_iter().zip(probes(&theirs).await) {
        found.push((name, ours, theirs));
    }
    hold_against("route53_differences.txt", &found);
}
