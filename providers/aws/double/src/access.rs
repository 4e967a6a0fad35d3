//! Who is asking: access keys, the accounts they belong to, and roles.
//!
//! Signatures are not computed. What is looked at is what a client can get wrong by configuration: whether it signs at all, with
//! which key, for which service, and whether it sends the token that belongs to a temporary key.

use crate::error::ApiError;
use crate::log::{Operation, Service};
use http::HeaderMap;
use std::collections::HashMap;

/// The account of everybody, unless a test tells accounts apart.
pub const ACCOUNT: &str = "111122223333";

/// A role that can be assumed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Role {
    /// `arn:aws:iam::ACCOUNT:role/NAME`; the account is that of the zones it sees.
    pub arn: String,
    /// What `AssumeRole` must bring along.
    pub external_id: Option<String>,
    /// The token with which `AssumeRoleWithWebIdentity` is let in; without one it never is.
    pub web_identity_token: Option<String>,
}

#[derive(Default)]
pub(crate) struct Access {
    keys: HashMap<String, Holder>,
    pub(crate) roles: Vec<Role>,
}

/// Who holds a key.
#[derive(Clone)]
struct Holder {
    account: String,
    /// Of a temporary key.
    session_token: Option<String>,
}

/// What an `Authorization` header says.
struct Credential {
    key: String,
    service: String,
}

impl Access {
    pub(crate) fn add_key(&mut self, key: &str, account: &str) {
        let holder = Holder { account: account.to_owned(), session_token: None };
        self.keys.insert(key.to_owned(), holder);
    }

    pub(crate) fn add_temporary_key(&mut self, key: &str, account: &str, token: &str) {
        let holder = Holder { account: account.to_owned(), session_token: Some(token.to_owned()) };
        self.keys.insert(key.to_owned(), holder);
    }

    /// As long as no long-lived key is known, everybody is let in.
    fn is_open(&self) -> bool {
        self.keys.values().all(|holder| holder.session_token.is_some())
    }

    /// The account that a request is made for.
    pub(crate) fn account(&self, operation: Operation, headers: &HeaderMap) -> Result<String, ApiError> {
        let anonymous = operation == Operation::AssumeRoleWithWebIdentity;
        let Some(credential) = credential(headers)? else {
            return match anonymous || self.is_open() {
                true => Ok(ACCOUNT.to_owned()),
                false => {
                    Err(ApiError::new(403, "MissingAuthenticationToken", "Missing Authentication Token"))
                }
            };
        };
        check_scope(operation, &credential)?;
        let invalid = || {
            let message = "The security token included in the request is invalid.";
            ApiError::new(403, "InvalidClientTokenId", message)
        };
        match self.keys.get(&credential.key) {
            Some(holder) => {
                let sent = headers.get("x-amz-security-token").and_then(|value| value.to_str().ok());
                let matches = holder.session_token.is_none() || holder.session_token.as_deref() == sent;
                if matches { Ok(holder.account.clone()) } else { Err(invalid()) }
            }
            None if self.is_open() => Ok(ACCOUNT.to_owned()),
            None => Err(invalid()),
        }
    }
}

/// The access key of a request, for the log.
pub(crate) fn access_key(headers: &HeaderMap) -> Option<String> {
    credential(headers).ok().flatten().map(|credential| credential.key)
}

/// `AWS4-HMAC-SHA256 Credential=KEY/DATE/REGION/SERVICE/aws4_request, SignedHeaders=…, Signature=…`
fn credential(headers: &HeaderMap) -> Result<Option<Credential>, ApiError> {
    let Some(header) = headers.get(http::header::AUTHORIZATION) else { return Ok(None) };
    let incomplete = || {
        ApiError::new(
            400,
            "IncompleteSignature",
            "Authorization header requires 'Credential' and 'Signature'",
        )
    };
    let text = header.to_str().map_err(|_| incomplete())?;
    let fields = text.strip_prefix("AWS4-HMAC-SHA256").ok_or_else(incomplete)?;
    let field = |name: &str| fields.split(',').find_map(|field| field.trim().strip_prefix(name));
    let (Some(scope), Some(_), Some(_)) =
        (field("Credential="), field("SignedHeaders="), field("Signature="))
    else {
        return Err(incomplete());
    };
    match scope.split('/').collect::<Vec<_>>()[..] {
        [key, _date, _region, service, "aws4_request"] => {
            Ok(Some(Credential { key: key.to_owned(), service: service.to_owned() }))
        }
        _ => Err(incomplete()),
    }
}

/// A key is for one service. Its region is not looked at, although Route 53 itself wants that of the partition: clients that are
/// pointed at an address of their own sign for the region they live in.
fn check_scope(operation: Operation, credential: &Credential) -> Result<(), ApiError> {
    let wrong = |what: String| Err(ApiError::new(403, "SignatureDoesNotMatch", what));
    let service = &credential.service;
    match operation.service() {
        Service::Route53 if service != "route53" => {
            wrong(format!("Credential should be scoped to correct service: 'route53', not '{service}'."))
        }
        Service::CloudMap if service != "servicediscovery" => wrong(format!(
            "Credential should be scoped to correct service: 'servicediscovery', not '{service}'."
        )),
        Service::Sts if service != "sts" => {
            wrong(format!("Credential should be scoped to correct service: 'sts', not '{service}'."))
        }
        _ => Ok(()),
    }
}
