//! Durations in the syntax of Go, as annotations and flags use them.

/// Reads a Go duration (`1h30m`, `20.5s`, `-5m`, `.5m`) and gives nanoseconds, fractions below one dropped. Units: ns, us, µs, μs,
/// ms, s, m, h. A bare `0` is a duration; any other bare number is not.
pub fn parse_go_duration(text: &str) -> Option<i128> {
    parse(text, unit_nanoseconds)
}

/// As [`parse_go_duration`], with the two further units of ExternalDNS's flags: d (24 h) and w (7 d).
pub fn parse_flag_duration(text: &str) -> Option<i128> {
    parse(text, |unit| match unit {
        "d" => Some(86_400_000_000_000),
        "w" => Some(604_800_000_000_000),
        other => unit_nanoseconds(other),
    })
}

fn parse(text: &str, unit_size: impl Fn(&str) -> Option<i128>) -> Option<i128> {
    let (negative, mut rest) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total: i128 = 0;
    while !rest.is_empty() {
        let number_end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, tail) = rest.split_at(number_end);
        let unit_end = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit_end);
        total = total.checked_add(amount(number, unit_size(unit)?)?)?;
        rest = tail;
    }
    (i64::try_from(total).is_ok()).then_some(if negative { -total } else { total })
}

fn amount(number: &str, unit: i128) -> Option<i128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    // Eighteen digits are far below a nanosecond of an hour.
    let fraction: String = fraction.chars().take(18).collect();
    let part = match fraction.as_str() {
        "" => 0,
        digits => digits.parse::<i128>().ok()? * unit / 10_i128.pow(digits.len() as u32),
    };
    whole.checked_mul(unit)?.checked_add(part)
}

fn unit_nanoseconds(unit: &str) -> Option<i128> {
    Some(match unit {
        "ns" => 1,
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("1h30m", Some(5_400_000_000_000))]
    #[case("1.5µs", Some(1_500))]
    #[case("-2ms", Some(-2_000_000))]
    #[case("0", Some(0))]
    #[case("-0", Some(0))]
    #[case("72", None)]
    #[case("1.2.3s", None)]
    #[case(".s", None)]
    #[case("1 h", None)]
    #[case("", None)]
    #[case("-", None)]
    #[case("99999999h", None)]
    fn go_durations(#[case] text: &str, #[case] expected: Option<i128>) {
        assert_eq!(parse_go_duration(text), expected);
        assert_eq!(parse_flag_duration(text), expected);
    }

    #[rstest]
    #[case("0.5d", Some(43_200_000_000_000))]
    #[case("1w2d3h", Some(788_400_000_000_000))]
    #[case("1y", None)]
    fn days_and_weeks_are_for_flags_only(#[case] text: &str, #[case] expected: Option<i128>) {
        assert_eq!(parse_flag_duration(text), expected);
        assert_eq!(parse_go_duration(text), None);
    }
}
