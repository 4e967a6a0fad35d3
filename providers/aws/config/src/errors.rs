//! Errors of the SDK, sorted by what the loop should do about them.

use crate::credentials::OF_PROFILE;
use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::http::Response;
use aws_smithy_types::error::display::DisplayErrorContext;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use std::borrow::Cow;
use std::error::Error;
use std::io::ErrorKind;
use zonewright_provider_kit::{ErrorClass, ProviderError, parse_retry_after};

/// What credentials are not good enough for. From
/// <https://docs.aws.amazon.com/Route53/latest/APIReference/CommonErrors.html> and the same page of STS.
const AUTH: [&str; 17] = [
    "AccessDenied",
    "AccessDeniedException",
    "AuthFailure",
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "InvalidClientTokenId",
    "InvalidIdentityToken",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "NotAuthorized",
    "OptInRequired",
    "RequestExpired",
    "SignatureDoesNotMatch",
    "UnauthorizedOperation",
    "UnrecognizedClientException",
];

/// What means "later".
const THROTTLED: [&str; 8] = [
    "RequestLimitExceeded",
    "RequestThrottled",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "BandwidthLimitExceeded",
];

/// What is particular to one of the AWS services.
#[derive(Debug, Clone, Copy)]
pub struct Service {
    /// Which region to set, for those who have set none.
    pub region: &'static str,
    /// The page that has the IAM policy.
    pub page: &'static str,
    /// What the codes of its own mean; `None` for others.
    pub class: fn(code: &str) -> Option<ErrorClass>,
}

/// An error of a request, with what was tried. Of a request that writes it also says whether it may have been carried out.
pub fn of_request<E>(
    service: &Service,
    what: &str,
    error: SdkError<E, Response>,
    writes: bool,
) -> ProviderError
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    let (class, unknown) = classify(service, &error);
    let message = match hint(service, &error) {
        Some(hint) => format!("{what}: {}; {hint}", text(&error)),
        None => format!("{what}: {}", text(&error)),
    };
    let error = ProviderError::new(class, message);
    if writes && unknown { error.with_unknown_outcome() } else { error }
}

/// The class, and whether the request may have been carried out all the same.
fn classify<E: ProvideErrorMetadata + Error + Send + Sync + 'static>(
    service: &Service,
    error: &SdkError<E, Response>,
) -> (ErrorClass, bool) {
    if is_about_credentials(error) {
        return (ErrorClass::Auth, false);
    }
    match error {
        SdkError::ServiceError(refusal) => {
            let status = refusal.raw().status().as_u16();
            let header = refusal.raw().headers().get("retry-after");
            let retry_after =
                header.and_then(|header| parse_retry_after(header, std::time::SystemTime::now()));
            let by_status = || ErrorClass::from_http_status(status, retry_after);
            let code = refusal.err().code();
            let class = match code {
                Some(code) if AUTH.contains(&code) => ErrorClass::Auth,
                Some(code) if THROTTLED.contains(&code) => ErrorClass::Throttled { retry_after },
                _ => match code.and_then(service.class) {
                    Some(ErrorClass::Throttled { .. }) => ErrorClass::Throttled { retry_after },
                    Some(class) => class,
                    None => by_status(),
                },
            };
            match status {
                // It was accepted, and nobody knows as what.
                ..400 => (ErrorClass::Unavailable, true),
                // A gateway does not know what became of it.
                500 | 502 | 504 => (class, true),
                _ => (class, false),
            }
        }
        SdkError::ConstructionFailure(_) => (ErrorClass::Permanent, false),
        SdkError::DispatchFailure(_) => (ErrorClass::Unavailable, !was_never_sent(error)),
        // A time-out, or an answer that makes no sense.
        _ => (ErrorClass::Unavailable, true),
    }
}

fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    let mut next = Some(error);
    std::iter::from_fn(move || {
        let cause = next?;
        next = cause.source();
        Some(cause)
    })
}

fn is_about_credentials(error: &(dyn Error + 'static)) -> bool {
    chain(error).any(|cause| cause.is::<CredentialsError>())
}

fn was_never_sent(error: &(dyn Error + 'static)) -> bool {
    chain(error).filter_map(|cause| cause.downcast_ref::<std::io::Error>()).any(|io| {
        matches!(io.kind(), ErrorKind::ConnectionRefused | ErrorKind::NotFound | ErrorKind::AddrNotAvailable)
    })
}

/// What the service said, or what kept it from being asked, on one line. Without request ids: they would make every repetition look
/// like something new.
fn text<E: ProvideErrorMetadata + Error + Send + Sync + 'static>(error: &SdkError<E, Response>) -> String {
    if let SdkError::ServiceError(service) = error {
        let code = service.err().code().unwrap_or("no error code");
        return match service.err().message() {
            Some(message) => format!("{code}: {}", one_line(message)),
            None => format!("{code} (HTTP status {})", service.raw().status().as_u16()),
        };
    }
    of_causes(error)
}

/// What a credential process has printed, the SDK puts behind these words into its complaint. Nobody knows what is in it.
const PRINTED: [&str; 2] = [". Stderr:", "stdout:"];

fn without_what_was_printed(text: String) -> String {
    let end = PRINTED.iter().filter_map(|words| text.find(words)).min();
    match end {
        Some(end) => text.get(..end).unwrap_or_default().to_owned(),
        None => text,
    }
}

/// All causes, each once.
pub(crate) fn of_causes(error: &(dyn Error + 'static)) -> String {
    let mut texts: Vec<String> = Vec::new();
    for cause in chain(error) {
        let text = without_what_was_printed(one_line(&cause.to_string()));
        if !text.is_empty() && !texts.iter().any(|known| known.contains(&text)) {
            texts.push(text);
        }
    }
    texts.join(": ")
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What to do about it, where that is known.
fn hint<E: ProvideErrorMetadata + Error + Send + Sync + 'static>(
    service: &Service,
    error: &SdkError<E, Response>,
) -> Option<Cow<'static, str>> {
    if is_about_credentials(error) {
        return Some(credentials_hint(&DisplayErrorContext(error).to_string()).into());
    }
    let SdkError::ServiceError(refusal) = error else { return None };
    let hint = match refusal.err().code()? {
        "AccessDenied" | "AccessDeniedException" => {
            return Some(format!("the IAM policy that is needed stands in {}", service.page).into());
        }
        "InvalidClientTokenId" | "SignatureDoesNotMatch" | "UnrecognizedClientException" => {
            "the credentials are wrong, or AWS_REGION names another partition than theirs"
        }
        "ExpiredToken" | "ExpiredTokenException" => "the credentials have expired",
        _ => return None,
    };
    Some(hint.into())
}

/// What to do about credentials that cannot be had, told by what the SDK says of it.
pub(crate) fn credentials_hint(text: &str) -> &'static str {
    if text.contains("AssumeRole") && text.contains("AccessDenied") {
        "the role's trust policy has to admit these credentials, and asks for --aws-assume-role-external-id if it names an external id"
    } else if text.contains(OF_PROFILE) {
        "--aws-profile has to name a profile of the files at AWS_SHARED_CREDENTIALS_FILE or AWS_CONFIG_FILE"
    } else {
        "credentials come from the environment, a profile, a web identity (IRSA), EKS Pod Identity or instance metadata"
    }
}
