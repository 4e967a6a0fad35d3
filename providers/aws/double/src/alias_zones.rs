//! The zones that AWS services keep for aliases to point into.

use crate::name::Name;

/// Zone ids, each with the endings of the names in it.
pub(crate) struct AliasZones(Vec<(String, String)>);

impl Default for AliasZones {
    fn default() -> Self {
        let known = KNOWN.iter();
        AliasZones(known.map(|(id, ending)| ((*id).to_owned(), (*ending).to_owned())).collect())
    }
}

impl AliasZones {
    pub(crate) fn add(&mut self, id: &str, ending: &str) {
        self.0.push((id.to_owned(), ending.trim_matches('.').to_lowercase()));
    }

    /// Whether a name lies in the zone of a service.
    pub(crate) fn serves(&self, id: &str, target: &Name) -> bool {
        self.0.iter().any(|(known, ending)| {
            known == id
                && target
                    .as_str()
                    .strip_suffix('.')
                    .and_then(|name| name.strip_suffix(&**ending))
                    .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        })
    }
}

/// From the pages on endpoints in the AWS General Reference.
const KNOWN: [(&str, &str); 8] = [
    ("Z35SXDOTRQ7X7K", "us-east-1.elb.amazonaws.com"),
    ("Z26RNL4JYFTOTI", "elb.us-east-1.amazonaws.com"),
    ("Z215JYRZR1TBD5", "eu-central-1.elb.amazonaws.com"),
    ("Z3F0SRJ5LGBH90", "elb.eu-central-1.amazonaws.com"),
    ("Z32O12XQLNTSW2", "eu-west-1.elb.amazonaws.com"),
    ("Z2IFOLAFXWLO4F", "elb.eu-west-1.amazonaws.com"),
    ("Z2FDTNDATAQYW2", "cloudfront.net"),
    ("Z2BJ6XQ5FK7U4H", "awsglobalaccelerator.com"),
];
