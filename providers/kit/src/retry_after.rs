//! The `Retry-After` header.

use std::time::{Duration, SystemTime};

/// How long a service asks us to stay away: seconds or a date (RFC 9110 section 10.2.3). A date in the past means now;
/// nonsense means nothing was asked.
pub fn parse_retry_after(header: &str, now: SystemTime) -> Option<Duration> {
    let text = header.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("120", Some(120))]
    #[case(" 0 ", Some(0))]
    #[case("Thu, 01 Jan 1970 00:01:40 GMT", Some(40))]
    #[case("Thu, 01 Jan 1970 00:00:10 GMT", Some(0))]
    #[case("-1", None)]
    #[case("1.5", None)]
    #[case("soon", None)]
    #[case("", None)]
    fn seconds_and_dates(#[case] header: &str, #[case] expected: Option<u64>) {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(60);
        assert_eq!(parse_retry_after(header, now), expected.map(Duration::from_secs));
    }
}
