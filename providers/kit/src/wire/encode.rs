//! JSON as Go writes it.

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};
use std::io;

/// A body as Go's `json.Encoder` writes it: compact, safe to embed in HTML, with a newline at the end.
///
/// # Errors
/// Only when a value refuses to be serialised; the wire types never do.
pub fn to_json<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, serde_json::Error> {
    let mut body = Vec::new();
    value.serialize(&mut Serializer::with_formatter(&mut body, HtmlSafe))?;
    body.push(b'\n');
    Ok(body)
}

/// Escapes what Go's encoder escapes beyond the JSON standard: `<`, `>`, `&` and the two line separators of JavaScript.
struct HtmlSafe;

impl Formatter for HtmlSafe {
    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut rest = fragment;
        while let Some(at) = rest.find(is_unsafe) {
            let (plain, tail) = rest.split_at(at);
            writer.write_all(plain.as_bytes())?;
            let mut characters = tail.chars();
            if let Some(character) = characters.next() {
                write!(writer, "\\u{:04x}", u32::from(character))?;
            }
            rest = characters.as_str();
        }
        writer.write_all(rest.as_bytes())
    }
}

fn is_unsafe(character: char) -> bool {
    matches!(character, '<' | '>' | '&' | '\u{2028}' | '\u{2029}')
}
