//! Text of manifests -> JSON values, read as kubectl reads it.
//!
//! kubectl cuts a YAML stream at lines that begin with `---` before it parses anything, so that one malformed document
//! does not take the others with it, and converts each document to JSON with go-yaml 2 (sigs.k8s.io/yaml), which types plain
//! scalars mostly as YAML 1.1 does: `yes` and `on` are booleans, `0755` is octal, `1e3` is a number, dates are strings.

use serde_json::Value;

/// One document of a file.
#[derive(Debug, PartialEq)]
pub struct Document {
    /// Counted from 1.
    pub number: usize,
    /// Line on which it begins, from 1.
    pub line: usize,
    /// What it says, or what is wrong with it.
    pub content: Result<Value, String>,
}

/// All documents that say something.
pub fn parse(text: &str) -> Vec<Document> {
    // The byte order mark is no part of the text.
    let text = text.trim_start_matches('\u{feff}');
    let mut documents = Vec::new();
    for chunk in split(text) {
        let body = chunk.text.strip_prefix("---").unwrap_or(chunk.text);
        if body.trim_start().starts_with('{') {
            parse_json(&Chunk { text: body, ..chunk }, &mut documents);
        } else {
            let content = parse_yaml(&chunk);
            push(&mut documents, chunk.line, content);
        }
    }
    documents
}

fn push(documents: &mut Vec<Document>, line: usize, content: Result<Value, String>) {
    if content != Ok(Value::Null) {
        let number = documents.len() + 1;
        documents.push(Document { number, line, content });
    }
}

#[derive(Clone, Copy)]
struct Chunk<'a> {
    line: usize,
    text: &'a str,
}

/// Cuts a stream before each line that begins with `---`. What stands before the first one without saying anything
/// (comments, `%YAML` directives) stays with the document it introduces.
fn split(text: &str) -> Vec<Chunk<'_>> {
    let mut chunks = Vec::new();
    let (mut start, mut start_line, mut position, mut says_something) = (0, 1, 0, false);
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let is_separator = line
            .strip_prefix("---")
            .is_some_and(|rest| rest.trim_start().len() < rest.len() || rest.is_empty());
        if is_separator && says_something {
            chunks.push(Chunk { line: start_line, text: &text[start..position] });
            (start, start_line) = (position, index + 1);
        }
        let said = line.trim();
        says_something = is_separator || says_something || !(said.is_empty() || said.starts_with(['#', '%']));
        position += line.len();
    }
    chunks.push(Chunk { line: start_line, text: &text[start..] });
    chunks
}

fn parse_yaml(chunk: &Chunk<'_>) -> Result<Value, String> {
    read_yaml(chunk.text).or_else(|error| {
        if chunk.line == 1 {
            return Err(error);
        }
        // Once more with the lines before it, for the line number in the message.
        let padded = format!("{}{}", "\n".repeat(chunk.line - 1), chunk.text);
        read_yaml(&padded)
    })
}

fn read_yaml(text: &str) -> Result<Value, String> {
    let options = serde_saphyr::options! {
        // The file is the user's own; a `List` of a whole cluster may be large. Alias bombs are still refused.
        budget: None,
        // go-yaml 2 unless told to be strict, which kubectl does not.
        duplicate_keys: serde_saphyr::DuplicateKeyPolicy::LastWins,
        legacy_octal_numbers: true,
        with_snippet: false,
    };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| error.to_string())
}

/// A chunk that begins with `{` is a sequence of JSON values for kubectl; flow-style YAML looks the same.
fn parse_json(chunk: &Chunk<'_>, documents: &mut Vec<Document>) {
    let mut values = serde_json::Deserializer::from_str(chunk.text).into_iter::<Value>();
    loop {
        let before = values.byte_offset();
        let line = chunk.line + lines_before_value(chunk.text, before);
        match values.next() {
            None => return,
            Some(Ok(value)) => push(documents, line, Ok(value)),
            Some(Err(error)) => {
                let rest = Chunk { line, text: chunk.text.get(before..).unwrap_or_default().trim_start() };
                let content = parse_yaml(&rest).map_err(|_| {
                    format!("line {}: {}", chunk.line + error.line() - 1, without_position(&error))
                });
                push(documents, line, content);
                return;
            }
        }
    }
}

fn lines_before_value(text: &str, offset: usize) -> usize {
    let blank = text.get(offset..).map_or(0, |rest| rest.len() - rest.trim_start().len());
    text.get(..offset + blank).unwrap_or(text).matches('\n').count()
}

/// The position in a JSON error counts from the start of the chunk, which nobody can see.
fn without_position(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(" at line ").map_or(text.clone(), |(message, _)| message.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn good(text: &str) -> Vec<(usize, usize, Value)> {
        parse(text).into_iter().map(|d| (d.number, d.line, d.content.unwrap())).collect()
    }

    /// Expected values: go-yaml 2.4 (sigs.k8s.io/yaml, goyaml.v2/resolve.go).
    #[rstest::rstest]
    #[case("yes", json!(true))]
    #[case("Off", json!(false))]
    #[case("y", json!(true))]
    #[case("TRUE", json!(true))]
    #[case("\"yes\"", json!("yes"))]
    #[case("!!str 1", json!("1"))]
    #[case("1e3", json!(1000.0))]
    #[case("0x10", json!(16))]
    #[case("0755", json!(493))]
    #[case("0b11", json!(3))]
    #[case("1_000", json!(1000))]
    #[case("1.10", json!(1.1))]
    #[case("18446744073709551615", json!(u64::MAX))]
    #[case("2026-01-15", json!("2026-01-15"))]
    #[case("2026-01-15T08:00:00Z", json!("2026-01-15T08:00:00Z"))]
    #[case("1:30", json!("1:30"))]
    #[case("1.2.3.4", json!("1.2.3.4"))]
    #[case("=", json!("="))]
    #[case("~", json!(null))]
    #[case("", json!(null))]
    #[case("'null'", json!("null"))]
    fn scalars_are_typed_as_kubectl_types_them(#[case] text: &str, #[case] value: Value) {
        assert_eq!(good(&format!("key: {text}\n")), [(1, 1, json!({ "key": value }))]);
    }

    #[rstest::rstest]
    #[case::anchors_and_merge_keys(
        "base: &b {x: 1, y: 1}\nown:\n  <<: *b\n  y: 2\nsame: *b\n",
        json!({"base": {"x": 1, "y": 1}, "own": {"x": 1, "y": 2}, "same": {"x": 1, "y": 1}})
    )]
    #[case::keys_become_strings("80: a\ntrue: b\n", json!({"80": "a", "true": "b"}))]
    #[case::last_of_equal_keys("a: 1\na: 2\n", json!({"a": 2}))]
    #[case::block_scalars("a: |\n  ---\n  x\nb: >-\n  y\n  z\n", json!({"a": "---\nx\n", "b": "y z"}))]
    #[case::byte_order_mark("\u{feff}a: 1\n", json!({"a": 1}))]
    #[case::windows_line_ends("a:\r\n  b: 1\r\n", json!({"a": {"b": 1}}))]
    fn structure(#[case] text: &str, #[case] value: Value) {
        assert_eq!(good(text), [(1, 1, value)]);
    }

    #[test]
    fn documents_are_counted_and_empty_ones_are_not() {
        let text =
            "# first\n\n%YAML 1.2\n---\na: 1\n---\n# nothing\n---\n---  # second\nb: 2\n...\n---\r\nc: 3\n";
        assert_eq!(good(text), [(1, 1, json!({"a": 1})), (2, 9, json!({"b": 2})), (3, 12, json!({"c": 3}))]);
        assert_eq!(good(""), []);
        assert_eq!(good("---\n"), []);
        assert_eq!(good("a: ---x\n----: z\n"), [(1, 1, json!({"a": "---x", "----": "z"}))]);
    }

    #[test]
    fn a_malformed_document_names_its_line_in_the_file_and_spares_the_others() {
        let documents = parse("a: 1\n---\nb: [\n---\nc: *nobody\n---\nd: 4\n");
        let lines: Vec<_> = documents.iter().map(|d| (d.number, d.line, d.content.is_ok())).collect();
        assert_eq!(lines, [(1, 1, true), (2, 2, false), (3, 4, false), (4, 6, true)]);
        assert!(documents[2].content.as_ref().unwrap_err().contains("line 5"), "{documents:?}");
    }

    #[test]
    fn json_values_may_follow_each_other() {
        let text = "{\"a\": 1}\n\n{\"a\":\n 2}{\"a\": 3}\n---\n{a: 4, b: [x]}\n";
        assert_eq!(
            good(text),
            [
                (1, 1, json!({"a": 1})),
                (2, 3, json!({"a": 2})),
                (3, 4, json!({"a": 3})),
                (4, 6, json!({"a": 4, "b": ["x"]})),
            ]
        );
    }

    #[test]
    fn malformed_json_names_its_line_in_the_file() {
        let documents = parse("a: 1\n---\nb: 1\n---\n{\"c\": 1}\n{\"d\": ]}\n");
        let (last, rest) = documents.split_last().unwrap();
        assert!(rest.iter().all(|d| d.content.is_ok()));
        assert_eq!((last.number, last.line), (4, 6));
        assert!(last.content.as_ref().unwrap_err().starts_with("line 6: "), "{last:?}");
    }

    #[test]
    fn an_alias_bomb_is_refused() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..6 {
            let inner = vec![format!("*a{}", level - 1); 10].join(", ");
            text += &format!("a{level}: &a{level} [{inner}]\n");
        }
        assert!(parse(&text)[0].content.is_err());
    }
}
