//! Reading answers: how much of them, and what their status means.

use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Response, StatusCode};
use std::time::{Duration, SystemTime};
use zonewright_provider_kit::{ErrorClass, Redaction, parse_retry_after};

/// How much of an error's text is shown.
pub const EXCERPT: usize = 256;

/// Why an answer could not be read to its end.
#[derive(Debug)]
pub enum Unfinished<E> {
    /// It is longer than so many bytes.
    TooLong(u64),
    /// It broke off.
    Broken(reqwest::Error),
    /// Whoever reads it had enough.
    Refused(E),
}

/// Reads an answer piece by piece, up to a limit.
///
/// # Errors
/// [`Unfinished`] says why not all of it was read.
pub async fn read<E>(
    response: &mut Response,
    limit: Option<u64>,
    mut each: impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<(), Unfinished<E>> {
    let mut size = 0;
    while let Some(piece) = response.chunk().await.map_err(Unfinished::Broken)? {
        size += piece.len() as u64;
        if let Some(limit) = limit.filter(|limit| size > *limit) {
            return Err(Unfinished::TooLong(limit));
        }
        each(&piece).map_err(Unfinished::Refused)?;
    }
    Ok(())
}

/// How much of an error's text is read, so that a secret in the excerpt is read to its end and can be told.
const READ: usize = 16 * EXCERPT;

/// The beginning of a body on one line, without the secrets. Services explain themselves there.
pub async fn excerpt(mut response: Response, redaction: &Redaction) -> String {
    let mut text = Vec::new();
    while text.len() < READ {
        match response.chunk().await {
            Ok(Some(piece)) => text.extend_from_slice(&piece),
            Ok(None) | Err(_) => break,
        }
    }
    excerpt_of(&redaction.hide_in_body(text))
}

/// The beginning of a body that has been read, on one line.
pub fn excerpt_of(body: &[u8]) -> String {
    let text = body.get(..EXCERPT).unwrap_or(body);
    String::from_utf8_lossy(text).trim().escape_debug().to_string()
}

/// How long the service wants to be left alone.
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let header = headers.get(RETRY_AFTER)?.to_str().ok()?;
    parse_retry_after(header, SystemTime::now())
}

/// The class of a status that is not a success.
pub fn class(status: StatusCode, headers: &HeaderMap) -> ErrorClass {
    ErrorClass::from_http_status(status.as_u16(), retry_after(headers))
}

/// Whether what was asked may have been done all the same: something between us says that it has not been answered, or it was a
/// success in words that nobody understands.
pub fn leaves_open(status: StatusCode) -> bool {
    status.is_success()
        || [StatusCode::REQUEST_TIMEOUT, StatusCode::BAD_GATEWAY, StatusCode::GATEWAY_TIMEOUT]
            .contains(&status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_is_short_and_stays_on_its_line() {
        assert_eq!(excerpt_of(b" two\nlines\x1b "), "two\\nlines\\u{1b}");
        assert_eq!(excerpt_of(&vec![b'x'; 9 * EXCERPT]).len(), EXCERPT);
    }
}
