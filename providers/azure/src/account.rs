//! The connection to Azure: settings that are read anew, tokens that are kept, requests and what their refusals mean.

use crate::config::AzureConfig;
use crate::file::{FileError, Settings};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::time::Instant;
use tracing::warn;
use zonewright_provider_http::{
    Answer, Api, ApiSettings, ExposeSecret, Method, Request, SecretString, StatusCode, Url,
};
use zonewright_provider_kit::files::{SMALL, read_text};
use zonewright_provider_kit::{ErrorClass, Pages, ProviderError, RequestBudget};

/// A token is renewed this long before it ends, or in the middle of its time if that is later.
const RENEW_BEFORE: Duration = Duration::from_secs(5 * 60);
/// How long a token holds that does not say.
const UNKNOWN_LIFETIME: Duration = Duration::from_secs(5 * 60);
/// The first pause before a request is tried again; doubled each time. As in Azure's own clients.
const FIRST_PAUSE: Duration = Duration::from_millis(800);

/// One identity in one cloud, for as long as the file does not change.
#[derive(Debug)]
struct Connection {
    settings: Settings,
    manager: Api,
    tokens: Api,
    token: tokio::sync::Mutex<Option<Token>>,
}

#[derive(Debug, Clone)]
struct Token {
    text: SecretString,
    renew: Instant,
    ends: Instant,
}

/// A request to Azure Resource Manager.
#[derive(Debug, Clone)]
pub(crate) struct Call<'a> {
    /// What the API calls it.
    pub(crate) operation: &'static str,
    /// What is tried on what, for messages.
    pub(crate) what: &'a str,
    pub(crate) method: Method,
    /// Below the cloud's endpoint, or a whole address that the service gave.
    pub(crate) url: Url,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Option<Vec<u8>>,
}

/// Settings and connection.
#[derive(Debug)]
pub(crate) struct Account {
    config: AzureConfig,
    budget: RequestBudget,
    current: Mutex<Arc<Connection>>,
    /// The file as it was when it was last understood.
    text: Mutex<SecretString>,
    /// The first of the pauses between attempts.
    pause: Duration,
}

impl Account {
    /// Reads the file. Nothing is asked of Azure yet.
    pub(crate) fn open(config: AzureConfig) -> Result<Self, FileError> {
        let budget = RequestBudget::new(config.requests_per_second);
        let settings = Settings::read(&config)?;
        let text = file_text(&config);
        let connection = Connection::new(settings, &config, &budget)?;
        let (current, text) = (Mutex::new(Arc::new(connection)), Mutex::new(text));
        Ok(Self { config, budget, current, text, pause: FIRST_PAUSE })
    }

    /// Without pauses between attempts.
    #[cfg(test)]
    pub(crate) fn without_pauses(mut self) -> Self {
        self.pause = Duration::ZERO;
        self
    }

    /// What the file says; `reload` has the say on when it is read.
    pub(crate) fn settings(&self) -> Settings {
        self.connection().settings.clone()
    }

    /// Reads the file anew. One that cannot be read, or makes no sense, changes nothing.
    pub(crate) fn reload(&self) {
        let text = file_text(&self.config);
        if text.expose_secret() == lock(&self.text).expose_secret() {
            return;
        }
        let config = &self.config;
        let made =
            Settings::read(config).and_then(|settings| Connection::new(settings, config, &self.budget));
        match made {
            Ok(connection) => {
                *lock(&self.current) = Arc::new(connection);
                *lock(&self.text) = text;
            }
            Err(error) => {
                warn!(%error, "the file has changed and makes no sense; what it said before still holds")
            }
        }
    }

    fn connection(&self) -> Arc<Connection> {
        lock(&self.current).clone()
    }

    /// Gets a token, to see whether that is possible.
    pub(crate) async fn check(&self) -> Result<(), ProviderError> {
        self.connection().token(None).await.map(drop)
    }

    /// Sends a request and gives the answer if it is a success. What passes is tried again as often as the flag says: everything when
    /// reading; when writing, what was turned away because of the rate, for of nothing else it is known that nothing happened.
    pub(crate) async fn send(&self, call: &Call<'_>) -> Result<Answer, ProviderError> {
        let mut pause = self.pause;
        let mut attempts = self.config.retries();
        loop {
            let error = match self.attempt(call).await {
                Ok(answer) if answer.status.is_success() => return Ok(answer),
                Ok(answer) => self.refusal(call, &answer),
                Err(error) => error,
            };
            let passes = match error.class() {
                // With a time to come back at, the loop above waits for it, and does other things meanwhile.
                ErrorClass::Throttled { retry_after } => retry_after.is_none(),
                ErrorClass::Unavailable => call.method == Method::GET,
                _ => false,
            };
            if attempts == 0 || !passes {
                return Err(error);
            }
            attempts -= 1;
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
    }

    /// One request. A token that the service does not take is replaced once: it may have been withdrawn, or the secret was renewed.
    async fn attempt(&self, call: &Call<'_>) -> Result<Answer, ProviderError> {
        let connection = self.connection();
        if !connection.has_token().await {
            self.reload();
        }
        let connection = self.connection();
        let token = connection.token(None).await?;
        let answer = connection.manager.send(call.request(&token)?).await?;
        if answer.status != StatusCode::UNAUTHORIZED {
            return Ok(answer);
        }
        self.reload();
        let connection = self.connection();
        let token = connection.token(Some(&token)).await?;
        connection.manager.send(call.request(&token)?).await
    }

    /// Reads every page of a list.
    pub(crate) async fn list<T: DeserializeOwned>(
        &self,
        mut call: Call<'_>,
    ) -> Result<Vec<T>, ProviderError> {
        let mut all = Vec::new();
        let mut pages = Pages::default();
        loop {
            pages.turn(call.what, call.url.as_str())?;
            let page: Page<T> = self.send(&call).await?.json()?;
            all.extend(page.value);
            let Some(link) = page.next_link.filter(|link| !link.is_empty()) else { return Ok(all) };
            let broken = |why: &str| {
                let message = format!("{}: the next page cannot be read: {why}", call.what);
                ProviderError::new(ErrorClass::Unavailable, message)
            };
            let next = Url::parse(&link).map_err(|error| broken(&error.to_string()))?;
            // The token goes along.
            if next.origin() != self.connection().settings.cloud.endpoint.origin() {
                return Err(broken("it is said to be on another server"));
            }
            call.url = next;
        }
    }

    fn refusal(&self, call: &Call<'_>, answer: &Answer) -> ProviderError {
        let Some(Refusal { code, message }) = Refusal::read(&answer.body) else {
            return answer.status_error();
        };
        let class = match (answer.status.as_u16(), code.as_str()) {
            // A lock forbids one kind of change; others may go on.
            (_, "ScopeLocked") => ErrorClass::Permanent,
            (400, _) if call.method == Method::GET => ErrorClass::Permanent,
            _ => answer.class(),
        };
        let hint = match class {
            ErrorClass::Auth => format!(
                " (asked as {}, which needs the role {:?})",
                self.connection().settings.identity,
                self.config.service.role()
            ),
            _ => String::new(),
        };
        // Only the first line: behind it stand numbers that are new each time.
        let message = message.lines().next().unwrap_or_default();
        answer.error(class, &format!("{code}: {message}{hint}"))
    }
}

impl Call<'_> {
    fn request(&self, token: &SecretString) -> Result<Request, ProviderError> {
        let mut request = Request::new(self.operation, self.what, self.method.clone(), self.url.clone())
            .secret_header("authorization", &format!("Bearer {}", token.expose_secret()))?;
        for (name, value) in &self.headers {
            request = request.header(name, value)?;
        }
        Ok(match &self.body {
            Some(body) => request.body("application/json", body.clone()),
            None => request,
        })
    }
}

impl Connection {
    fn new(settings: Settings, config: &AzureConfig, budget: &RequestBudget) -> Result<Self, FileError> {
        let api = |url: &Url, budget: RequestBudget| {
            let recorder = config.recorder.clone();
            let settings = ApiSettings { budget, recorder, ..ApiSettings::default() };
            Api::new(url, settings).map_err(FileError::Connection)
        };
        Ok(Self {
            manager: api(&settings.cloud.endpoint, budget.clone())?,
            // Somebody else's limits.
            tokens: api(settings.identity.address(), RequestBudget::default())?,
            settings,
            token: tokio::sync::Mutex::new(None),
        })
    }

    async fn has_token(&self) -> bool {
        let token = self.token.lock().await;
        token.as_ref().is_some_and(|token| Instant::now() < token.renew)
    }

    /// A token that is still good, and is not the one that was refused. Whoever comes while one is asked for waits for it.
    async fn token(&self, refused: Option<&SecretString>) -> Result<SecretString, ProviderError> {
        let mut held = self.token.lock().await;
        let now = Instant::now();
        let is_refused = |token: &Token| {
            refused.is_some_and(|refused| refused.expose_secret() == token.text.expose_secret())
        };
        let usable = held.as_ref().filter(|token| !is_refused(token) && now < token.ends);
        if let Some(token) = usable.filter(|token| now < token.renew) {
            return Ok(token.text.clone());
        }
        match (self.new_token(now).await, usable) {
            (Ok(token), _) => {
                let text = token.text.clone();
                *held = Some(token);
                Ok(text)
            }
            (Err(error), Some(old)) => {
                warn!(%error, "the token cannot be renewed yet; it still holds for a while");
                Ok(old.text.clone())
            }
            (Err(error), None) => {
                *held = None;
                Err(error)
            }
        }
    }

    async fn new_token(&self, now: Instant) -> Result<Token, ProviderError> {
        let identity = &self.settings.identity;
        let answer = self.tokens.send(identity.request(&self.settings.cloud.audience).await?).await?;
        if answer.status.is_success() {
            let granted: Granted = answer.json()?;
            let lifetime = granted.lifetime(SystemTime::now()).unwrap_or(UNKNOWN_LIFETIME);
            let renew = lifetime.saturating_sub(RENEW_BEFORE).max(lifetime / 2);
            return Ok(Token { text: granted.access_token.into(), renew: now + renew, ends: now + lifetime });
        }
        let class = match answer.class() {
            // Whatever is wrong with such a request is wrong with the credentials.
            ErrorClass::InvalidRecord | ErrorClass::Permanent | ErrorClass::Conflict => ErrorClass::Auth,
            class => class,
        };
        let said = Refusal::read(&answer.body).map_or_else(
            || format!("the answer is {}", answer.status),
            |Refusal { code, message }| {
                format!("{code}: {}", message.lines().next().unwrap_or_default().trim_end())
            },
        );
        Err(ProviderError::new(class, format!("{}: {said}; {}", answer.what(), identity.advice())))
    }
}

#[derive(Deserialize)]
struct Page<T> {
    value: Vec<T>,
    #[serde(rename = "nextLink")]
    next_link: Option<String>,
}

/// A token. Numbers are sometimes written as text.
#[derive(Deserialize)]
struct Granted {
    access_token: String,
    expires_in: Option<serde_json::Value>,
    expires_on: Option<serde_json::Value>,
}

impl Granted {
    fn lifetime(&self, now: SystemTime) -> Option<Duration> {
        let seconds = |value: &Option<serde_json::Value>| match value {
            Some(serde_json::Value::String(text)) => text.parse::<u64>().ok(),
            Some(value) => value.as_u64(),
            None => None,
        };
        if let Some(left) = seconds(&self.expires_in) {
            return Some(Duration::from_secs(left));
        }
        let ends = UNIX_EPOCH + Duration::from_secs(seconds(&self.expires_on)?);
        Some(ends.duration_since(now).unwrap_or_default())
    }
}

/// How Azure says no. Resource Manager wraps it in `error`; the DNS services often do not, whatever their API's description says; and
/// those who give tokens have names of their own.
#[derive(Debug, PartialEq, Eq)]
struct Refusal {
    code: String,
    message: String,
}

impl Refusal {
    fn read(body: &[u8]) -> Option<Self> {
        #[derive(Deserialize)]
        struct Body {
            #[serde(alias = "Code")]
            code: Option<String>,
            #[serde(alias = "Message")]
            message: Option<String>,
            error: Option<serde_json::Value>,
            error_description: Option<String>,
        }
        let body: Body = serde_json::from_slice(body).ok()?;
        match (body.error, body.code) {
            (Some(serde_json::Value::String(code)), _) => {
                Some(Self { code, message: body.error_description.unwrap_or_default() })
            }
            (Some(inner), _) => Some(Self {
                code: inner.get("code")?.as_str()?.to_owned(),
                message: inner.get("message").and_then(|text| text.as_str()).unwrap_or_default().to_owned(),
            }),
            (None, Some(code)) => Some(Self { code, message: body.message.unwrap_or_default() }),
            (None, None) => None,
        }
    }
}

/// The file as it is; one that cannot be read is empty, and no such file makes sense.
fn file_text(config: &AzureConfig) -> SecretString {
    read_text(&config.file, SMALL).unwrap_or_default().into()
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // Nothing here leaves it half-done.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    #[rstest]
    #[case::published(json!({"error": {"code": "C", "message": "m"}}))]
    #[case::as_it_comes(json!({"code": "C", "message": "m"}))]
    #[case::of_tokens(json!({"error": "C", "error_description": "m", "error_codes": [1]}))]
    #[case::capital(json!({"Code": "C", "Message": "m"}))]
    fn refusals_are_read_in_every_form(#[case] body: serde_json::Value) {
        let expected = Refusal { code: "C".to_owned(), message: "m".to_owned() };
        assert_eq!(Refusal::read(body.to_string().as_bytes()), Some(expected));
    }

    #[test]
    fn what_is_no_refusal_is_none() {
        for body in ["", "<html>", "{}", "[]", r#"{"error": {}}"#, r#"{"error": {"code": 1}}"#] {
            assert_eq!(Refusal::read(body.as_bytes()), None, "{body}");
        }
    }

    /// Entra ID says how long, as a number; machines say until when, as a text.
    #[rstest]
    #[case(json!({"access_token": "x", "expires_in": 3599}), Some(3599))]
    #[case(json!({"access_token": "x", "expires_in": "3599", "expires_on": "1"}), Some(3599))]
    #[case(json!({"access_token": "x", "expires_on": "1060"}), Some(60))]
    #[case(json!({"access_token": "x", "expires_on": 900}), Some(0))]
    #[case(json!({"access_token": "x", "expires_on": "09/14/2017 00:00:00 PM +00:00"}), None)]
    #[case(json!({"access_token": "x"}), None)]
    fn lifetimes_come_in_many_forms(#[case] body: serde_json::Value, #[case] expected: Option<u64>) {
        let granted: Granted = serde_json::from_value(body).unwrap();
        let now = UNIX_EPOCH + Duration::from_secs(1000);
        assert_eq!(granted.lifetime(now), expected.map(Duration::from_secs));
    }
}
