//! Single values: from text to type, as ExternalDNS's flag library (kingpin 2.4) reads them.

use crate::sources::duration::parse_flag_duration;
use clap::ValueEnum;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use regex::Regex;
use secrecy::SecretString;
use std::convert::Infallible;
use std::time::Duration;

/// A choice that may also be given as nothing (`--policy=`).
#[derive(Debug, Clone, Copy)]
pub(super) struct Optional<T>(pub(super) Option<T>);

/// The parser of an [`Optional`] choice.
pub(super) fn optional<T>() -> impl TypedValueParser<Value = Optional<T>>
where
    T: ValueEnum + Clone + Send + Sync + 'static,
{
    let choices = T::value_variants().iter().filter_map(ValueEnum::to_possible_value);
    PossibleValuesParser::new(choices.chain([PossibleValue::new("").hide(true)]))
        .map(|text| Optional(T::from_str(&text, false).ok()))
}

/// A regular expression, or none.
#[derive(Debug, Clone)]
pub(super) struct Pattern(pub(super) Option<Regex>);

pub(super) fn pattern(text: &str) -> Result<Pattern, String> {
    if text.is_empty() {
        return Ok(Pattern(None));
    }
    zonewright_planner::go_regex::compile(text).map(|regex| Pattern(Some(regex)))
}

pub(super) fn secret(text: &str) -> Result<SecretString, Infallible> {
    Ok(SecretString::from(text))
}

const DURATION_HINT: &str = "a duration is numbers with units, such as 90s or 1h30m (ns us ms s m h d w)";

/// A duration. Negative ones count as none, which is what they come to in ExternalDNS too.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    signed_nanoseconds(text).map(|n| Duration::from_nanos(u64::try_from(n).unwrap_or(0)))
}

/// As [`duration`], and a bare number is seconds: the help of ExternalDNS promises that, although its parser refuses it.
pub(super) fn duration_or_seconds(text: &str) -> Result<Duration, String> {
    match text.parse::<u32>() {
        Ok(seconds) => Ok(Duration::from_secs(seconds.into())),
        Err(_) if text.parse::<u64>().is_ok() => Err("the number is out of range".into()),
        Err(_) => duration(text),
    }
}

/// As [`duration`], but negative ones are refused.
pub(super) fn ttl(text: &str) -> Result<Duration, String> {
    match signed_nanoseconds(text)? {
        n if n < 0 => Err("a TTL cannot be negative".into()),
        n => Ok(Duration::from_nanos(u64::try_from(n).unwrap_or(0))),
    }
}

fn signed_nanoseconds(text: &str) -> Result<i128, String> {
    parse_flag_duration(text).ok_or_else(|| match text.parse::<f64>() {
        Ok(_) => format!("the unit is missing, as in {text}s"),
        Err(_) => DURATION_HINT.to_owned(),
    })
}

/// So many per second, zero included.
pub(super) fn rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if rate.is_finite() && rate >= 0.0 => Ok(rate),
        _ => Err("not a number of requests per second".into()),
    }
}

/// A number, whose fraction is cut off: `7.9` is 7 and `2e1` is 20.
pub(super) fn int(text: &str) -> Result<i32, String> {
    match text.parse::<f64>() {
        // The range check comes first, so that the conversion only cuts off the fraction.
        Ok(number) if number > f64::from(i32::MIN) - 1.0 && number < f64::from(i32::MAX) + 1.0 => {
            Ok(number as i32)
        }
        Ok(_) => Err("the number is out of range".into()),
        Err(_) => Err("not a number".into()),
    }
}

/// A number of things.
pub(super) fn count(text: &str) -> Result<u32, String> {
    u32::try_from(int(text)?).map_err(|_| "the number cannot be negative".into())
}

/// A TCP or UDP port; 0 is for none.
pub(super) fn port(text: &str) -> Result<u16, String> {
    u16::try_from(int(text)?).map_err(|_| "a port is a number up to 65535".into())
}

/// A 64-bit number, which may be written in base 16 (`0x`), 8 (`0o` or a leading zero) or 2 (`0b`), with `_` between digits.
pub(super) fn int64(text: &str) -> Result<i64, String> {
    let not_a_number = || "not a whole number".to_owned();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let lower = digits.to_ascii_lowercase();
    let (radix, body) = match lower.as_bytes() {
        [b'0', b'x', ..] => (16, &lower[2..]),
        [b'0', b'o', ..] => (8, &lower[2..]),
        [b'0', b'b', ..] => (2, &lower[2..]),
        [b'0', _, ..] => (8, &lower[1..]),
        _ => (10, lower.as_str()),
    };
    let misplaced = body.ends_with('_') || body.contains("__") || (radix == 10 && body.contains('_'));
    if misplaced || !body.starts_with(|c: char| c.is_ascii_hexdigit() || (c == '_' && radix != 10)) {
        return Err(not_a_number());
    }
    i64::from_str_radix(&format!("{sign}{}", body.replace('_', "")), radix).map_err(|_| not_a_number())
}

/// `key=value` or `key:value`.
pub(super) fn tag(text: &str) -> Result<(String, String), String> {
    text.split_once(['=', ':'])
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .ok_or_else(|| "expected KEY=VALUE".into())
}

/// An object of the cluster, `[NAMESPACE/]NAME`.
pub(super) fn object_name(text: &str) -> Result<(Option<String>, String), String> {
    let (namespace, name) = match text.split_once('/') {
        Some((namespace, name)) => (Some(namespace), name),
        None => (None, text),
    };
    let is_name =
        |text: &str| !text.is_empty() && text.chars().all(|c| matches!(c, 'a'..='z' | '0'..='9' | '-' | '.'));
    if !namespace.into_iter().chain([name]).all(is_name) {
        return Err("expected NAME or NAMESPACE/NAME".to_owned());
    }
    Ok((namespace.map(str::to_owned), name.to_owned()))
}

/// A truth value in an environment variable, in the spellings of Go's `strconv.ParseBool`.
pub(super) fn truth(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("1m30s", Some(90.0))]
    #[case("1w2d3h", Some(788_400.0))]
    #[case("0.5d", Some(43_200.0))]
    #[case("1.5ms", Some(0.0015))]
    #[case("+2s", Some(2.0))]
    #[case("-5m", Some(0.0))]
    #[case("0", Some(0.0))]
    #[case("72", None)]
    #[case("1 minute", None)]
    #[case("", None)]
    fn durations(#[case] text: &str, #[case] seconds: Option<f64>) {
        assert_eq!(duration(text).ok().map(|d| d.as_secs_f64()), seconds);
    }

    #[test]
    fn a_bare_number_is_seconds_only_where_promised() {
        assert_eq!(duration_or_seconds("72"), Ok(Duration::from_secs(72)));
        assert_eq!(duration_or_seconds("72m"), Ok(Duration::from_secs(4320)));
        assert!(duration("72").unwrap_err().contains("72s"));
        assert!(duration_or_seconds("7.2").is_err());
        assert_eq!(duration_or_seconds("99999999999"), Err("the number is out of range".into()));
        assert!(ttl("-1s").is_err());
    }

    #[rstest]
    #[case("7.9", Some(7))]
    #[case("2e1", Some(20))]
    #[case("0.9", Some(0))]
    #[case("-1.9", Some(-1))]
    #[case("2147483647", Some(i32::MAX))]
    #[case("-2147483648", Some(i32::MIN))]
    #[case("2147483648", None)]
    #[case("nan", None)]
    #[case("inf", None)]
    #[case("ten", None)]
    #[case("", None)]
    fn ints(#[case] text: &str, #[case] expected: Option<i32>) {
        assert_eq!(int(text).ok(), expected);
    }

    #[rstest]
    #[case("33554432", Some(33_554_432))]
    #[case("0x10", Some(16))]
    #[case("-0b11", Some(-3))]
    #[case("017", Some(15))]
    #[case("0o17", Some(15))]
    #[case("0x1_0", Some(16))]
    #[case("0", Some(0))]
    #[case("1_0", None)]
    #[case("0x", None)]
    #[case("1.5", None)]
    #[case("--1", None)]
    #[case("+-1", None)]
    #[case("", None)]
    fn int64s(#[case] text: &str, #[case] expected: Option<i64>) {
        assert_eq!(int64(text).ok(), expected);
    }

    #[test]
    fn patterns_compile_or_say_why() {
        assert!(pattern("").unwrap().0.is_none());
        assert!(pattern(r"^[a-c]\.").unwrap().0.is_some());
        assert_eq!(pattern("(").unwrap_err(), "unclosed group");
        assert!(pattern("(?!a)").unwrap_err().contains("look-around"));
    }

    #[test]
    fn counts_ports_and_tags() {
        assert!(count("-1").is_err());
        assert!(port("65536").is_err());
        assert_eq!(tag("a:b=c").unwrap(), ("a".into(), "b=c".into()));
        assert!(tag("a").is_err());
    }
}
