//! The part of STS that lets a client take on a role: its Query protocol takes forms and gives XML.

use crate::access::Role;
use crate::call::{Answer, Call};
use crate::error::ApiError;
use crate::log::Operation;
use crate::state::State;
use crate::xml::Element;

const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// Which call a form is.
pub(crate) fn classify(form: &[(String, String)]) -> Operation {
    match field(form, "Action") {
        Some("AssumeRole") => Operation::AssumeRole,
        Some("AssumeRoleWithWebIdentity") => Operation::AssumeRoleWithWebIdentity,
        Some("GetCallerIdentity") => Operation::GetCallerIdentity,
        _ => Operation::Unknown,
    }
}

fn field<'a>(form: &'a [(String, String)], name: &str) -> Option<&'a str> {
    form.iter()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.as_str())
        .filter(|value| !value.is_empty())
}

fn root(name: &str) -> Element {
    Element { namespace: Some(NAMESPACE.to_owned()), ..Element::new(name) }
}

pub(crate) fn refusal(error: &ApiError, request_id: &str) -> Element {
    root("ErrorResponse")
        .with(
            Element::new("Error")
                .with(Element::leaf("Type", "Sender"))
                .with(Element::leaf("Code", &error.code))
                .with(Element::leaf("Message", &error.message)),
        )
        .with(Element::leaf("RequestId", request_id))
}

pub(crate) fn answer(state: &mut State, call: &Call, account: &str) -> Result<Answer, ApiError> {
    let form = call.form();
    if field(&form, "Version") != Some("2011-06-15") {
        return Err(ApiError::new(400, "InvalidAction", "Could not find operation for this version"));
    }
    let required = |name: &str| {
        field(&form, name).ok_or_else(|| {
            let message = format!(
                "1 validation error detected: Value null at '{name}' failed to satisfy constraint: \
                                   Member must not be null"
            );
            ApiError::new(400, "ValidationError", message)
        })
    };
    if call.operation == Operation::GetCallerIdentity {
        let identity = Element::new("GetCallerIdentityResult")
            .with(Element::leaf("Arn", format!("arn:aws:iam::{account}:user/test")))
            .with(Element::leaf("UserId", "AIDATEST"))
            .with(Element::leaf("Account", account));
        return Ok(Answer::xml(200, &root("GetCallerIdentityResponse").with(identity).with(metadata())));
    }
    let (arn, session) = (required("RoleArn")?, required("RoleSessionName")?);
    let role = state.access.roles.iter().find(|role| role.arn == arn).cloned();
    let (operation, role) = match call.operation {
        Operation::AssumeRole => ("AssumeRole", role.filter(|role| trusts(role, field(&form, "ExternalId")))),
        _ => {
            let token = required("WebIdentityToken")?;
            let role = role.filter(|role| role.web_identity_token.as_deref() == Some(token));
            ("AssumeRoleWithWebIdentity", role)
        }
    };
    let Some(role) = role else {
        let message = format!("User is not authorized to perform: sts:{operation} on resource: {arn}");
        return Err(ApiError::new(403, "AccessDenied", message));
    };
    let result = Element::new(&format!("{operation}Result"))
        .with(
            Element::new("AssumedRoleUser")
                .with(Element::leaf("AssumedRoleId", format!("AROATEST:{session}")))
                .with(Element::leaf("Arn", format!("{}/{session}", arn.replace(":role/", ":assumed-role/")))),
        )
        .with(credentials(state, &role));
    Ok(Answer::xml(200, &root(&format!("{operation}Response")).with(result).with(metadata())))
}

/// A role with an external id lets in only those who know it; one without does not mind what they bring.
fn trusts(role: &Role, external_id: Option<&str>) -> bool {
    role.external_id.is_none() || role.external_id.as_deref() == external_id
}

/// A new temporary key for the role's account, for an hour by the machine's clock.
fn credentials(state: &mut State, role: &Role) -> Element {
    let number = state.next_id();
    let (key, token) = (format!("ASIATEST{number:012}"), format!("token-{number}"));
    let account = role.arn.split(':').nth(4).unwrap_or_default().to_owned();
    state.access.add_temporary_key(&key, &account, &token);
    let expiration = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(1);
    Element::new("Credentials")
        .with(Element::leaf("AccessKeyId", key))
        .with(Element::leaf("SecretAccessKey", format!("secret-{number}")))
        .with(Element::leaf("SessionToken", token))
        .with(Element::leaf("Expiration", format!("{expiration:.0}")))
}

fn metadata() -> Element {
    Element::new("ResponseMetadata").with(Element::leaf("RequestId", "00000000-0000-0000-0000-000000000000"))
}
