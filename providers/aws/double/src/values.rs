//! How values are written, type by type (Developer Guide, "Supported DNS record types").

use crate::name::{Fatal, Name};
use std::net::{Ipv4Addr, Ipv6Addr};

/// What is wrong with a value, in the service's words where users have reported them.
pub(crate) fn problem(kind: &str, value: &str) -> Option<String> {
    let fatal = check(kind, value).err()?;
    Some(format!("Invalid Resource Record: '{}'", fatal.in_text(value)))
}

type Check = Result<(), Fatal>;

fn check(kind: &str, value: &str) -> Check {
    if !value.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        // Everything else is written as an octal escape.
        return Err(Fatal::UNSUPPORTED);
    }
    if value.trim().is_empty() {
        return fail("RRDATAEmpty", "Value is empty");
    }
    match kind {
        "A" if value.parse::<Ipv4Addr>().is_err() => {
            fail("ARRDATAIllegalIPv4Address", "Value is not a valid IPv4 address")
        }
        "AAAA" if value.parse::<Ipv6Addr>().is_err() => {
            fail("AAAARRDATAIllegalIPv6Address", "Value is not a valid IPv6 address")
        }
        "A" | "AAAA" => Ok(()),
        "CNAME" | "NS" | "PTR" => domain(value),
        "TXT" | "SPF" => text(value),
        _ => fields(kind, value),
    }
}

fn fail(code: &'static str, why: &'static str) -> Check {
    Err(Fatal { code, why })
}

fn domain(value: &str) -> Check {
    Name::parse(value).map(|_| ())
}

const UNQUOTED: Fatal =
    Fatal { code: "InvalidCharacterString", why: "Value should be enclosed in quotation marks" };

/// One or more strings in double quotes, of up to 255 bytes each after escapes are resolved.
fn text(value: &str) -> Check {
    for token in tokens(value)? {
        match token {
            Token::Quoted(length) if length > 255 => {
                return fail("CharacterStringTooLong", "Value is too long");
            }
            Token::Quoted(_) => {}
            Token::Plain(_) => {
                return Err(UNQUOTED);
            }
        }
    }
    Ok(())
}

/// A part of a value: a quoted string, of which only the length matters, or a word.
enum Token<'a> {
    Quoted(usize),
    Plain(&'a str),
}

fn tokens(value: &str) -> Result<Vec<Token<'_>>, Fatal> {
    let mut found = Vec::new();
    let mut rest = value.trim_start();
    while !rest.is_empty() {
        if let Some(inside) = rest.strip_prefix('"') {
            let (length, end) = quoted(inside)?;
            found.push(Token::Quoted(length));
            rest = inside.get(end..).unwrap_or_default().trim_start();
        } else {
            let end = rest.find([' ', '"']).unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            found.push(Token::Plain(word));
            rest = after.trim_start();
        }
    }
    Ok(found)
}

/// The length of the string that begins here, in bytes, and where the text goes on behind its closing quotation mark.
fn quoted(inside: &str) -> Result<(usize, usize), Fatal> {
    let bytes = inside.as_bytes();
    let (mut at, mut length) = (0, 0);
    loop {
        match bytes.get(at) {
            None => return Err(UNQUOTED),
            Some(b'"') => return Ok((length, at + 1)),
            Some(b'\\') => at += escape_length(bytes.get(at + 1..).unwrap_or_default())?,
            Some(_) => at += 1,
        }
        length += 1;
    }
}

/// `\"`, `\\` and three octal digits are what there is.
fn escape_length(behind: &[u8]) -> Result<usize, Fatal> {
    match behind {
        [b'"' | b'\\', ..] => Ok(2),
        [b'0'..=b'3', b'0'..=b'7', b'0'..=b'7', ..] => Ok(4),
        _ => Err(Fatal::UNSUPPORTED),
    }
}

/// What a field of a structured value may be.
#[derive(Clone, Copy)]
enum Shape {
    Number(u32),
    Domain,
    DomainOrRoot,
    Quoted,
    QuotedOrWord,
    Tag,
    Hex,
}

fn fields(kind: &str, value: &str) -> Check {
    use Shape::{Domain, DomainOrRoot, Hex, Number, Quoted, QuotedOrWord, Tag};
    let (byte, short, long) = (Number(255), Number(65_535), Number(u32::MAX));
    let shapes: &[Shape] = match kind {
        "MX" => &[short, DomainOrRoot],
        "SRV" => &[short, short, short, DomainOrRoot],
        "NAPTR" => &[short, short, Quoted, Quoted, Quoted, DomainOrRoot],
        "CAA" => &[byte, Tag, QuotedOrWord],
        "DS" => &[short, byte, byte, Hex],
        "SSHFP" => &[byte, byte, Hex],
        "TLSA" => &[byte, byte, byte, Hex],
        "SOA" => &[Domain, Domain, long, long, long, long, long],
        // Parameters follow, of which there are many kinds.
        "SVCB" | "HTTPS" => &[short, DomainOrRoot],
        _ => return fail("UnsupportedType", "Record type is not supported"),
    };
    let tokens = tokens(value)?;
    let parameters = matches!(kind, "SVCB" | "HTTPS");
    if tokens.len() < shapes.len() || tokens.len() > shapes.len() && !parameters {
        return fail("RRDATAInvalid", "Value does not have the right number of fields");
    }
    match shapes.iter().zip(&tokens).all(|(shape, token)| fits(*shape, token)) {
        true => Ok(()),
        false => fail("RRDATAInvalid", "Value has a field that is not valid"),
    }
}

fn fits(shape: Shape, token: &Token<'_>) -> bool {
    match (shape, token) {
        (Shape::Number(most), Token::Plain(word)) => {
            word.bytes().all(|byte| byte.is_ascii_digit())
                && word.parse::<u32>().is_ok_and(|number| number <= most)
        }
        (Shape::Domain, Token::Plain(word)) => domain(word).is_ok(),
        (Shape::DomainOrRoot, Token::Plain(word)) => *word == "." || domain(word).is_ok(),
        (Shape::Quoted | Shape::QuotedOrWord, Token::Quoted(length)) => *length <= 255,
        (Shape::QuotedOrWord, Token::Plain(_)) => true,
        // RFC 8659 4.1: letters and digits only.
        (Shape::Tag, Token::Plain(word)) => word.bytes().all(|byte| byte.is_ascii_alphanumeric()),
        (Shape::Hex, Token::Plain(word)) => {
            word.len() % 2 == 0 && word.bytes().all(|byte| byte.is_ascii_hexdigit())
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_values_pass() {
        let longest = format!("\"{}\"", "a".repeat(255));
        for (kind, value) in [
            ("A", "192.0.2.1"),
            ("AAAA", "2001:db8::1"),
            ("AAAA", "::ffff:192.0.2.1"),
            ("CNAME", "www.example.com"),
            ("CNAME", "_x.*.example.com."),
            ("PTR", "host.example.com."),
            ("TXT", "\"heritage=external-dns\""),
            ("TXT", "\"one\" \"two\""),
            ("TXT", "\"one\"\"two\""),
            ("TXT", "\"a \\\"quoted\\\" \\\\ word \\303\\244\""),
            ("TXT", "\"\""),
            ("TXT", &longest),
            ("MX", "10 mail.example.com"),
            ("MX", "0 ."),
            ("SRV", "10 5 8080 host.example.com."),
            ("SRV", "0 0 0 ."),
            ("NAPTR", "100 50 \"u\" \"E2U+sip\" \"!^.*$!sip:info@example.com!\" ."),
            ("CAA", "0 issue \"ca.example.net\""),
            ("CAA", "128 iodef \"mailto:a@example.com\""),
            ("DS", "2371 13 2 1f987cc6583e92df0890718c42"),
            ("SSHFP", "1 1 abcdef0123"),
            ("TLSA", "3 1 1 abcdef0123"),
            ("HTTPS", "1 . alpn=\"h2,h3\""),
            ("SVCB", "0 target.example.com."),
            ("SOA", "ns.example.com. hostmaster.example.com. 1 7200 900 1209600 86400"),
        ] {
            assert_eq!(problem(kind, value), None, "{kind} {value}");
        }
    }

    #[test]
    fn bad_values_are_refused_by_their_code() {
        let too_long = format!("\"{}\"", "a".repeat(256));
        for (kind, value, code) in [
            ("A", "192.0.2", "ARRDATAIllegalIPv4Address"),
            ("A", "192.0.2.01", "ARRDATAIllegalIPv4Address"),
            ("A", "2001:db8::1", "ARRDATAIllegalIPv4Address"),
            ("A", "host.example.com", "ARRDATAIllegalIPv4Address"),
            ("AAAA", "192.0.2.1", "AAAARRDATAIllegalIPv6Address"),
            ("CNAME", "a b.example.com", "UnsupportedCharacter"),
            ("CNAME", "a..example.com", "DomainLabelEmpty"),
            ("CNAME", &format!("{}.example.com", "a".repeat(64)), "DomainLabelTooLong"),
            ("TXT", "unquoted", "InvalidCharacterString"),
            ("TXT", "\"open", "InvalidCharacterString"),
            ("TXT", "\"one\" two", "InvalidCharacterString"),
            ("TXT", &too_long, "CharacterStringTooLong"),
            ("TXT", "\"\u{e4}\"", "UnsupportedCharacter"),
            ("TXT", "\"\\n\"", "UnsupportedCharacter"),
            ("MX", "mail.example.com", "RRDATAInvalid"),
            ("MX", "65536 mail.example.com", "RRDATAInvalid"),
            ("SRV", "10 5 host.example.com", "RRDATAInvalid"),
            ("SRV", "10 5 8080 a..b", "RRDATAInvalid"),
            ("NAPTR", "100 50 u E2U+sip \"\" .", "RRDATAInvalid"),
            ("CAA", "256 issue \"ca.example.net\"", "RRDATAInvalid"),
            ("CAA", "0 iss-ue \"ca.example.net\"", "RRDATAInvalid"),
            ("DS", "1 2 3 xyz", "RRDATAInvalid"),
            ("SOA", "ns.example.com.", "RRDATAInvalid"),
            ("A", " ", "RRDATAEmpty"),
        ] {
            let found = problem(kind, value).unwrap_or_default();
            assert!(found.contains(code), "{kind} {value}: {found}");
        }
    }

    #[test]
    fn an_escape_counts_as_the_byte_it_stands_for() {
        let value = format!("\"{}\"", "\\303".repeat(255));
        assert_eq!(problem("TXT", &value), None);
        assert!(problem("TXT", &format!("\"{}\"", "\\303".repeat(256))).is_some());
    }
}
