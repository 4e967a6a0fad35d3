//! Regular expressions as Go reads them (RE2 syntax, `regexp/syntax`), which is what users of ExternalDNS have written.
//!
//! The `regex` crate descends from the same library; this rewrites the few spots where the two read one text differently, into
//! a text that both read alike. Everything else stays as it is written.

use regex::Regex;

/// Compiles an expression.
///
/// # Errors
/// What is wrong with it, in one line.
pub fn compile(text: &str) -> Result<Regex, String> {
    Regex::new(&translate(text)?).map_err(|error| match error {
        regex::Error::Syntax(message) => {
            // The crate draws the expression with a marker below it; its last line says what is wrong.
            let last = message.lines().last().unwrap_or_default();
            last.trim().trim_start_matches("error: ").to_owned()
        }
        other => other.to_string(),
    })
}

/// Go's limit (`regexp/syntax`, `maxRepeat`).
const MAX_REPEAT: u32 = 1000;

fn translate(mut rest: &str) -> Result<String, String> {
    let mut output = String::with_capacity(rest.len());
    let mut after_repetition = false;
    while let Some(c) = rest.chars().next() {
        let repetition = repetition(rest)?;
        if let Some(length) = repetition {
            if after_repetition {
                return Err(format!("invalid nested repetition operator before {rest:?}"));
            }
            output.push_str(&rest[..length]);
            rest = &rest[length..];
        } else {
            rest = match c {
                '\\' => escape(&mut output, rest)?,
                '[' => class(&mut output, rest),
                '(' => group(&mut output, rest)?,
                // What is no count is meant as it stands.
                '{' => literal(&mut output, rest),
                _ => take(&mut output, rest, c.len_utf8()),
            };
        }
        after_repetition = repetition.is_some();
    }
    Ok(output)
}

/// The length of a repetition operator at the start, with the `?` that makes it lazy.
fn repetition(text: &str) -> Result<Option<usize>, String> {
    let length = match text.as_bytes().first() {
        Some(b'*' | b'+' | b'?') => 1,
        Some(b'{') => {
            let Some(end) = text.find('}').filter(|end| is_count(&text[1..*end])) else { return Ok(None) };
            let too_many = |n: &str| !n.is_empty() && n.parse::<u32>().map_or(true, |n| n > MAX_REPEAT);
            if text[1..end].split(',').any(too_many) {
                return Err(format!("invalid repeat count: {:?}", &text[..=end]));
            }
            end + 1
        }
        _ => return Ok(None),
    };
    Ok(Some(length + usize::from(text[length..].starts_with('?'))))
}

/// `n`, `n,` or `n,m`.
fn is_count(text: &str) -> bool {
    let is_number =
        |n: &str| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()) && (n == "0" || !n.starts_with('0'));
    match text.split_once(',') {
        None => is_number(text),
        Some((least, most)) => is_number(least) && (most.is_empty() || is_number(most)),
    }
}

/// Copies so many bytes.
fn take<'a>(output: &mut String, text: &'a str, length: usize) -> &'a str {
    let (head, tail) = text.split_at(length.min(text.len()));
    output.push_str(head);
    tail
}

/// Copies one character of punctuation so that it means itself.
fn literal<'a>(output: &mut String, text: &'a str) -> &'a str {
    output.push('\\');
    take(output, text, 1)
}

/// A backslash outside of a class.
fn escape<'a>(output: &mut String, text: &'a str) -> Result<&'a str, String> {
    let after = &text[1..];
    match after.chars().next() {
        Some('Q') => {
            let quoted = &after[1..];
            let (inner, tail) = quoted.split_once("\\E").unwrap_or((quoted, ""));
            output.push_str(&regex::escape(inner));
            Ok(tail)
        }
        // Word boundaries in the crate, the characters in Go.
        Some(c @ ('<' | '>')) => {
            output.push_str(&format!("\\x{{{:x}}}", u32::from(c)));
            Ok(&after[1..])
        }
        Some('u' | 'U') => Err(format!("invalid escape sequence: {:?}", &text[..2])),
        Some('0') => Ok(octal(output, after)),
        Some('p' | 'P' | 'x') if after[1..].starts_with('{') => {
            Ok(take(output, text, text.find('}').map_or(text.len(), |end| end + 1)))
        }
        Some(c) => Ok(take(output, text, 1 + c.len_utf8())),
        None => Ok(take(output, text, 1)),
    }
}

/// `\0` and up to two more octal digits.
fn octal<'a>(output: &mut String, digits: &'a str) -> &'a str {
    let length = digits.bytes().take(3).take_while(|b| (b'0'..=b'7').contains(b)).count();
    let code = u32::from_str_radix(&digits[..length], 8).unwrap_or_default();
    output.push_str(&format!("\\x{{{code:x}}}"));
    &digits[length..]
}

/// An opening parenthesis with what follows a question mark.
fn group<'a>(output: &mut String, text: &'a str) -> Result<&'a str, String> {
    let Some(inner) = text.strip_prefix("(?") else { return Ok(take(output, text, 1)) };
    // Names of groups; and looking around, which the crate refuses with a better message.
    if inner.starts_with("P<") || inner.starts_with(['<', '=', '!']) {
        return Ok(take(output, text, 2));
    }
    let flags = inner.len() - inner.trim_start_matches(|c: char| "imsU-".contains(c)).len();
    match inner[flags..].chars().next() {
        Some(':' | ')') => Ok(take(output, text, 2 + flags)),
        _ => Err(format!("invalid or unsupported Perl syntax: {text:?}")),
    }
}

/// A class. Go knows no classes within, and no operations between them.
fn class<'a>(output: &mut String, text: &'a str) -> &'a str {
    let start = if text.starts_with("[^") { 2 } else { 1 };
    let mut rest = take(output, text, start);
    let mut first = true;
    while let Some(c) = rest.chars().next() {
        if c == ']' && !first {
            return take(output, rest, 1);
        }
        first = false;
        if let Some(length) = named_class(rest) {
            rest = take(output, rest, length);
            continue;
        }
        rest = class_character(output, rest);
        if rest.len() > 1 && rest.starts_with('-') && !rest.starts_with("-]") {
            output.push('-');
            rest = class_character(output, &rest[1..]);
        }
    }
    rest
}

/// The length of `[:alpha:]`, `\d` or `\p{Greek}` within a class. A hyphen behind does not make a range.
fn named_class(text: &str) -> Option<usize> {
    if text.starts_with("[:") {
        return text.find(":]").map(|end| end + 2);
    }
    match text.strip_prefix('\\')?.chars().next()? {
        'd' | 's' | 'w' | 'D' | 'S' | 'W' => Some(2),
        'p' | 'P' if text[2..].starts_with('{') => text.find('}').map(|end| end + 1),
        'p' | 'P' => text[2..].chars().next().map(|c| 2 + c.len_utf8()),
        _ => None,
    }
}

fn class_character<'a>(output: &mut String, text: &'a str) -> &'a str {
    match text.chars().next() {
        Some('\\') => {
            let after = &text[1..];
            match after.chars().next() {
                Some('0') => octal(output, after),
                Some('x') if after[1..].starts_with('{') => {
                    take(output, text, text.find('}').map_or(text.len(), |end| end + 1))
                }
                Some('x') if after.is_char_boundary(3.min(after.len())) => take(output, text, 4),
                next => take(output, text, 1 + next.map_or(0, char::len_utf8)),
            }
        }
        Some('[' | ']' | '&' | '~' | '-' | '^') => literal(output, text),
        Some(c) => take(output, text, c.len_utf8()),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(r"^(?i)a\.b{2,}?[a-z\d_-]+(?:x|\.y)*$")]
    #[case(r"(?P<name>\pL)\p{Greek}[[:alpha:]\x41-\x{5a}]")]
    fn what_both_read_alike_stays(#[case] text: &str) {
        assert_eq!(translate(text).as_deref(), Ok(text.replace("_-]", r"_\-]")).as_deref());
        compile(text).unwrap();
    }

    /// Each checked against ExternalDNS v0.22 with `--regex-domain-filter`.
    #[rstest]
    #[case::brace("{{", "a{{", "a")]
    #[case::brace_without_a_count("a{,2}", "a{,2}", "aa")]
    #[case::quoted(r"^\Qa.\E", "a.example", "ab")]
    #[case::quoted_to_the_end(r"^\Qa.", "a.example", "ab")]
    #[case::no_word_start(r"\<a", "<a", "a")]
    #[case::octal(r"^\061$", "1", "061")]
    #[case::no_intersection("^[a&&b]$", "&", "c")]
    #[case::no_class_within("^[[a]]$", "a]", "a")]
    #[case::lone_bracket("^[[]$", "[", "a")]
    #[case::hyphen_after_a_class(r"^[\d-a]$", "-", "b")]
    #[case::bracket_first("^[]a]$", "]", "b")]
    fn as_go_reads_it(#[case] text: &str, #[case] matching: &str, #[case] other: &str) {
        let regex = compile(text).unwrap();
        assert!(regex.is_match(matching) && !regex.is_match(other), "{}", regex.as_str());
    }

    #[rstest]
    #[case("a**")]
    #[case("a*+")]
    #[case("a{1,2}{2}")]
    #[case("x{1001}")]
    #[case("[a--b]")]
    #[case("(?x) a")]
    #[case("(?=a)")]
    #[case(r"\u0061")]
    #[case("(a")]
    #[case("[")]
    #[case("\\")]
    #[case(r"[\")]
    #[case(r"[\x")]
    #[case("a{2,1}")]
    fn as_go_refuses_it(#[case] text: &str) {
        let message = compile(text).unwrap_err();
        assert!(!message.is_empty() && !message.contains('\n'), "{message}");
    }

    proptest::proptest! {
        #[test]
        fn no_text_is_too_odd(text in r"[\\\[\]{}()^*+?:<>=!|&~Qx0-9a-cdpuUéP,.-]{0,12}") {
            let _ = compile(&text);
        }
    }
}
