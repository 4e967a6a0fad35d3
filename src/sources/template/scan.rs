//! A first look at template text: comments go, and what `gotmpl` lets through is refused.
//!
//! Go's lexer and parser are stricter than the crate's: every block is closed once, `define` stands at the
//! top, `else if` continues an `if` only, operands are kept apart by blanks, comments adjoin their
//! delimiters. These rules concern the text between `{{` and `}}`, so they are checked there.

/// Takes the comments out, as Go's lexer does, and checks the actions.
pub(super) fn checked(source: &str) -> Result<String, String> {
    let mut kept = String::with_capacity(source.len());
    let mut blocks = Blocks::default();
    let mut rest = source;
    while let Some(start) = rest.find("{{") {
        kept.push_str(&rest[..start]);
        let after = &rest[start + 2..];
        let trims = ["- ", "-\t", "-\r", "-\n"].iter().any(|marker| after.starts_with(marker));
        let inside = if trims { &after[2..] } else { after };
        if inside.starts_with("/*") {
            if trims {
                kept.truncate(kept.trim_end().len());
            }
            rest = after_comment(inside)?;
            continue;
        }
        let length = action_length(after)?;
        let action = inside[..length - (after.len() - inside.len())].trim_end_matches("}}");
        check_operands(action)?;
        blocks.action(action.trim_end_matches('-').trim())?;
        kept.push_str(&rest[start..start + 2 + length]);
        rest = &after[length..];
    }
    kept.push_str(rest);
    blocks.end()?;
    Ok(kept)
}

/// What follows a comment; only a marker on that side trims it.
fn after_comment(comment: &str) -> Result<&str, String> {
    let (_, after) = comment[2..].split_once("*/").ok_or("unclosed comment")?;
    match (after.strip_prefix("}}"), after.strip_prefix(" -}}")) {
        (Some(after), _) => Ok(after),
        (None, Some(after)) => Ok(after.trim_start()),
        (None, None) => Err("comment ends before closing delimiter".to_owned()),
    }
}

/// Length of an action up to and with its `}}`, which does not count inside of strings.
fn action_length(action: &str) -> Result<usize, String> {
    let mut quote = None;
    let mut chars = action.char_indices();
    while let Some((at, c)) = chars.next() {
        match (quote, c) {
            (None, '}') if action[at..].starts_with("}}") => return Ok(at + 2),
            (None, '"' | '`' | '\'') => quote = Some(c),
            (Some('"' | '\''), '\\') => {
                chars.next();
            }
            (Some('"' | '\''), '\n') => break,
            (Some(open), c) if open == c => quote = None,
            _ => {}
        }
    }
    Err(match quote {
        Some('"') => "unterminated quoted string".to_owned(),
        Some('`') => "unterminated raw quoted string".to_owned(),
        Some(_) => "unterminated character constant".to_owned(),
        None => "unclosed action".to_owned(),
    })
}

/// Operands must not touch: `print"a"`, `len(.Name)` and `.Name.` are refused, and so are unknown escapes.
fn check_operands(action: &str) -> Result<(), String> {
    let mut before = ' ';
    let mut quote = None;
    let mut chars = action.chars().peekable();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(open @ ('"' | '\'')), '\\') => check_escape(open, chars.next())?,
            (Some(open), c) if open == c => quote = None,
            (Some(_), _) => {}
            (None, '"' | '`' | '\'' | '(' | '$') => {
                if !(before.is_whitespace() || "(|,=".contains(before)) {
                    return Err(format!("unexpected {c:?} in operand"));
                }
                quote = (c != '(' && c != '$').then_some(c);
            }
            (None, '.') if before == '.' || "\"`'".contains(before) => {
                return Err(format!("unexpected . after term \"{before}\""));
            }
            (None, '.')
                if (before.is_alphabetic() || before == ')')
                    && !chars.peek().is_some_and(|next| next.is_alphabetic() || *next == '_') =>
            {
                return Err("unexpected <.> in operand".to_owned());
            }
            (None, '/') => return Err("unexpected \"/\" in command".to_owned()),
            _ => {}
        }
        before = c;
    }
    Ok(())
}

/// The escapes of Go's literals; the other kind of quote needs none and may have none.
fn check_escape(open: char, escaped: Option<char>) -> Result<(), String> {
    match escaped {
        Some(c) if c == open || "abfnrtv\\xuU01234567".contains(c) => Ok(()),
        _ => Err("invalid syntax in a literal".to_owned()),
    }
}

/// The blocks that are open at some place in the text.
#[derive(Default)]
struct Blocks<'a> {
    open: Vec<&'a str>,
}

impl<'a> Blocks<'a> {
    /// Follows an action, given without delimiters.
    fn action(&mut self, action: &'a str) -> Result<(), String> {
        let mut words = action.split_whitespace();
        match words.next() {
            Some("define") if !self.open.is_empty() => {
                Err("unexpected {{define}} inside of a block".to_owned())
            }
            Some("block") if words.nth(1).is_none() => Err("missing value for block clause".to_owned()),
            Some(keyword @ ("if" | "with" | "range" | "define" | "block")) => {
                self.open.push(keyword);
                Ok(())
            }
            Some("end") => match self.open.pop() {
                Some(_) => Ok(()),
                None => Err("unexpected {{end}}".to_owned()),
            },
            Some("else") => self.otherwise(words.next()),
            _ => Ok(()),
        }
    }

    /// `{{else if}}` belongs to `if`, `{{else with}}` to `with`; only such a chain may have another `else`.
    fn otherwise(&mut self, chained: Option<&str>) -> Result<(), String> {
        match (self.open.last().copied(), chained) {
            (Some("if" | "with" | "range"), None) => {
                self.open.pop();
                self.open.push("else");
                Ok(())
            }
            (Some("if"), Some("if")) | (Some("with"), Some("with")) => Ok(()),
            _ => Err(format!(
                "unexpected {{{{else{}}}}}",
                chained.map(|word| format!(" {word}")).unwrap_or_default()
            )),
        }
    }

    fn end(&self) -> Result<(), String> {
        match self.open.last() {
            None => Ok(()),
            Some(keyword) => Err(format!("unexpected EOF: no {{{{end}}}} for {{{{{keyword}}}}}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_trim_only_the_side_with_a_marker() {
        for (source, kept) in [
            ("a {{/* c */}} b", "a  b"),
            ("a {{- /* c */}} b", "a b"),
            ("a {{/* c */ -}} b", "a b"),
            ("a {{- /* {{.X}} */ -}} b", "ab"),
            ("{{.A}} {{- /* c */}}", "{{.A}}"),
            ("{{\"{{/*\"}}", "{{\"{{/*\"}}"),
        ] {
            assert_eq!(checked(source).as_deref(), Ok(kept), "{source}");
        }
        assert_eq!(checked("{{/* a"), Err("unclosed comment".to_owned()));
        for source in ["{{/* a */ }}", "{{ /* a */}}", "{{-  /* a */}}", "{{/* a */-}}"] {
            assert!(checked(source).is_err(), "{source}");
        }
    }

    #[test]
    fn operands_are_kept_apart() {
        for source in [
            "{{(.A).B}}",
            "{{print (len .A) \"b\" `c` 'd' $}}",
            "{{$x:=.A}}",
            "{{.A|print}}",
            "{{print .5 1.5 -1}}",
            "{{range $i,$x := .A}}{{end}}",
            "{{.A.B.C}}",
            "{{-3}}",
            "{{\"\\\"\\x41\"}}",
        ] {
            assert!(checked(source).is_ok(), "{source}: {:?}", checked(source));
        }
        for source in [
            "{{print\"a\"}}",
            "{{\"a\"\"b\"}}",
            "{{len(.A)}}",
            "{{.A.}}",
            "{{..A}}",
            "{{\"a\".B}}",
            "{{.A\"b\"}}",
            "{{\"\\q\"}}",
            "{{\"\\'\"}}",
            "{{'\\\"'}}",
            "{{.A$x}}",
        ] {
            assert!(checked(source).is_err(), "{source}");
        }
    }
}
