//! Those who give tokens: Entra ID to service principals and workload identities, the machine to its managed identities.

use crate::answer::{Answer, Refusal};
use crate::call::{Call, Operation};
use serde_json::json;
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::time::Instant;

/// Who may have tokens, and which there are.
pub(crate) struct Tokens {
    /// Secret or assertion, by tenant and client id.
    pub(crate) principals: BTreeMap<(String, String), Proof>,
    /// Client id and resource id of user-assigned identities.
    pub(crate) assigned: Vec<(String, String)>,
    pub(crate) has_system_identity: bool,
    /// What tokens are asked for.
    pub(crate) audience: Option<String>,
    /// What `IDENTITY_HEADER` has to be.
    pub(crate) identity_header: String,
    pub(crate) lifetime: Duration,
    /// Who has each token, and until when.
    given: BTreeMap<String, (String, Instant)>,
    number: usize,
}

/// How a principal shows that it is itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Proof {
    Secret(String),
    Assertion(String),
}

impl Default for Tokens {
    fn default() -> Self {
        Self {
            principals: BTreeMap::new(),
            assigned: Vec::new(),
            has_system_identity: false,
            audience: None,
            identity_header: "identity-header".to_owned(),
            lifetime: Duration::from_secs(3600),
            given: BTreeMap::new(),
            number: 0,
        }
    }
}

impl Tokens {
    /// Lets a request to Resource Manager in.
    pub(crate) fn admit(&mut self, token: Option<&str>) -> Result<(), Refusal> {
        let refused = |code: &str, message: &str| Err(Refusal::new(401, code, message));
        let Some(token) = token else {
            return refused(
                "AuthenticationFailed",
                "Authentication failed. The 'Authorization' header is missing.",
            );
        };
        match self.given.get(token) {
            None => refused("InvalidAuthenticationToken", "The access token is invalid."),
            Some((_, ends)) if *ends <= Instant::now() => {
                refused("ExpiredAuthenticationToken", "The access token expiry UTC time is in the past.")
            }
            Some(_) => Ok(()),
        }
    }

    /// Makes all tokens invalid.
    pub(crate) fn withdraw(&mut self) {
        self.given.clear();
    }

    /// Gives a token, or says why not.
    pub(crate) fn answer(&mut self, call: &Call) -> Answer {
        let granted = match call.operation {
            Operation::GetToken => self.of_principal(call),
            _ => self.of_machine(call),
        };
        match granted {
            Ok(holder) => self.grant(call, holder),
            Err(refusal) => refusal.of_tokens(),
        }
    }

    fn grant(&mut self, call: &Call, holder: String) -> Answer {
        self.number += 1;
        let token = format!("token-{}-{holder}", self.number);
        self.given.insert(token.clone(), (holder, Instant::now() + self.lifetime));
        let ends = SystemTime::now() + self.lifetime;
        let ends = ends.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        Answer::json(
            200,
            &match call.operation {
                Operation::GetToken => json!({
                    "token_type": "Bearer",
                    "expires_in": self.lifetime.as_secs(),
                    "ext_expires_in": self.lifetime.as_secs(),
                    "access_token": token,
                }),
                // Numbers as text, as instance metadata has them.
                _ => json!({
                    "access_token": token,
                    "expires_on": ends.to_string(),
                    "resource": call.query("resource"),
                    "token_type": "Bearer",
                }),
            },
        )
    }

    fn of_principal(&self, call: &Call) -> Result<String, Refusal> {
        let tenant = call.segment(0).to_owned();
        let field = |name: &str| call.form(name).unwrap_or_default();
        let invalid = |code: &str, message: String| Err(Refusal::new(400, code, message));
        if field("grant_type") != "client_credentials" {
            return invalid(
                "unsupported_grant_type",
                "AADSTS70003: The app requested an unsupported grant type.".to_owned(),
            );
        }
        let Some(audience) = field("scope").strip_suffix("/.default").map(str::to_owned) else {
            return invalid(
                "invalid_scope",
                "AADSTS70011: The provided value for the input parameter 'scope' isn't valid.".to_owned(),
            );
        };
        self.check_audience(&audience)?;
        let client = field("client_id");
        if !self.principals.keys().any(|(known, _)| *known == tenant) {
            return invalid("invalid_request", format!("AADSTS90002: Tenant '{tenant}' not found."));
        }
        let Some(proof) = self.principals.get(&(tenant.clone(), client.clone())) else {
            let message = format!(
                "AADSTS700016: Application with identifier '{client}' was not found in the directory '{tenant}'."
            );
            return Err(Refusal::new(400, "unauthorized_client", message));
        };
        let is_jwt =
            field("client_assertion_type") == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
        let fits = match proof {
            Proof::Secret(secret) => field("client_secret") == *secret,
            Proof::Assertion(assertion) => is_jwt && field("client_assertion") == *assertion,
        };
        match (fits, proof) {
            (true, _) => Ok(client),
            (false, Proof::Secret(_)) => Err(Refusal::new(
                401,
                "invalid_client",
                format!("AADSTS7000215: Invalid client secret provided for app '{client}'."),
            )),
            (false, Proof::Assertion(_)) => Err(Refusal::new(
                401,
                "invalid_client",
                "AADSTS700213: No matching federated identity record found for presented assertion.",
            )),
        }
    }

    fn of_machine(&self, call: &Call) -> Result<String, Refusal> {
        let bad = |message: &str| Err(Refusal::new(400, "invalid_request", message));
        let is_metadata = call.segment(0) == "metadata";
        let (version, resource_id) = match is_metadata {
            true if call.header("metadata") != Some("true") => {
                return bad("Required metadata header not specified");
            }
            true => ("2018-02-01", "msi_res_id"),
            false if call.header("x-identity-header") != Some(&self.identity_header) => {
                return Err(Refusal::new(401, "unauthorized", "The secret in X-IDENTITY-HEADER is wrong."));
            }
            false => ("2019-08-01", "mi_res_id"),
        };
        if call.query("api-version") != Some(version) {
            return bad("The api-version is not supported.");
        }
        self.check_audience(call.query("resource").unwrap_or_default())?;
        let chosen = |wanted: Option<&str>, which: fn(&(String, String)) -> &String| {
            wanted.map(|wanted| {
                self.assigned.iter().find(|identity| which(identity).eq_ignore_ascii_case(wanted))
            })
        };
        let by_client = chosen(call.query("client_id"), |(client, _)| client);
        match by_client.or_else(|| chosen(call.query(resource_id), |(_, id)| id)) {
            Some(Some((client, _))) => Ok(client.clone()),
            Some(None) => bad("Identity not found"),
            None if self.has_system_identity => Ok("system".to_owned()),
            None => match self.assigned.as_slice() {
                [] => bad("Identity not found"),
                [(client, _)] => Ok(client.clone()),
                _ => bad(
                    "Multiple user assigned identities exist, please specify the clientId / resourceId of the identity in the token request",
                ),
            },
        }
    }

    fn check_audience(&self, audience: &str) -> Result<(), Refusal> {
        match &self.audience {
            Some(expected) if expected != audience => {
                let message = format!("AADSTS500011: The resource principal named {audience} was not found.");
                Err(Refusal::new(400, "invalid_resource", message))
            }
            _ => Ok(()),
        }
    }
}
