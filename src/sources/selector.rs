//! Label selectors: the text of `--label-filter`, `--annotation-filter` and `--gateway-label-filter`.
//!
//! The grammar is that of Kubernetes (`k8s.io/apimachinery/pkg/labels`): requirements joined by commas, all of which must hold.
//!
//! ```text
//! key=value  key==value  key!=value  key in (a,b)  key notin (a,b)  key  !key  key>5  key<5
//! ```
//!
//! `!=`, `notin` and `!key` also hold where the key is absent. `kube::core::Selector` is not used: it accepts illegal keys and
//! values, and knows neither `>` nor `<`.

use std::collections::BTreeSet;

/// The longest name part of a key, and the longest value.
const NAME_LIMIT: usize = 63;
/// The longest prefix of a key: a DNS subdomain.
const PREFIX_LIMIT: usize = 253;

/// A checked selector. The default one, read from an empty text, passes everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selector {
    requirements: Vec<Requirement>,
}

/// Why a text is no selector.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SelectorError(String);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Requirement {
    key: String,
    test: Test,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Test {
    Exists,
    Absent,
    Equals(String),
    NotEquals(String),
    In(BTreeSet<String>),
    NotIn(BTreeSet<String>),
    Greater(i64),
    Less(i64),
}

impl Selector {
    /// Reads the whole grammar.
    ///
    /// # Errors
    /// When the text is no selector, or a key or value is not a legal label key or value.
    pub fn parse(text: &str) -> Result<Self, SelectorError> {
        Ok(Self { requirements: Parser::new(text)?.requirements()? })
    }

    /// Reads the part of the grammar that a structured Kubernetes `LabelSelector` can carry: no `!=`, `>` and `<`. Of two
    /// requirements `key=…` on one key the last counts, because there they are entries of one map.
    ///
    /// # Errors
    /// As [`Selector::parse`], and when one of the three operators is used.
    pub fn parse_structured(text: &str) -> Result<Self, SelectorError> {
        let mut kept: Vec<Requirement> = Vec::new();
        for requirement in Parser::new(text)?.requirements()? {
            match requirement.test {
                Test::NotEquals(_) => {
                    let key = requirement.key;
                    return Err(SelectorError(format!("!= is not supported here; write `{key} notin (…)`")));
                }
                Test::Greater(_) => return Err(SelectorError("> is not supported here".into())),
                Test::Less(_) => return Err(SelectorError("< is not supported here".into())),
                Test::Equals(_) => {
                    kept.retain(|r| r.key != requirement.key || !matches!(r.test, Test::Equals(_)))
                }
                _ => {}
            }
            kept.push(requirement);
        }
        Ok(Self { requirements: kept })
    }

    /// Whether labels pass; `lookup` gives the value of a key.
    pub fn matches<'a>(&self, lookup: impl Fn(&str) -> Option<&'a str>) -> bool {
        self.requirements.iter().all(|r| r.test.holds(lookup(&r.key)))
    }

    /// Whether everything passes.
    pub fn is_empty(&self) -> bool {
        self.requirements.is_empty()
    }

    /// The keys that are asked about.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.requirements.iter().map(|r| r.key.as_str())
    }
}

impl Test {
    fn holds(&self, value: Option<&str>) -> bool {
        let number = || value.and_then(|v| v.parse::<i64>().ok());
        match self {
            Self::Exists => value.is_some(),
            Self::Absent => value.is_none(),
            Self::Equals(wanted) => value == Some(wanted),
            Self::NotEquals(unwanted) => value != Some(unwanted),
            Self::In(wanted) => value.is_some_and(|v| wanted.contains(v)),
            Self::NotIn(unwanted) => !value.is_some_and(|v| unwanted.contains(v)),
            Self::Greater(bound) => number().is_some_and(|n| n > *bound),
            Self::Less(bound) => number().is_some_and(|n| n < *bound),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token<'a> {
    Word(&'a str),
    /// One of `( ) , ! = == != > <`.
    Symbol(&'static str),
    End,
}

/// Longest first, so that `==` is not read as two tokens.
const SYMBOLS: [&str; 9] = ["==", "!=", "=", "!", "(", ")", ",", ">", "<"];

fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([' ', '\t', '\r', '\n']);
        if rest.is_empty() {
            found.push(Token::End);
            return found;
        }
        if let Some(symbol) = SYMBOLS.into_iter().find(|s| rest.starts_with(s)) {
            found.push(Token::Symbol(symbol));
            rest = &rest[symbol.len()..];
            continue;
        }
        let end = rest.find(|c: char| " \t\r\n=!(),><".contains(c)).unwrap_or(rest.len());
        found.push(Token::Word(&rest[..end]));
        rest = &rest[end..];
    }
}

struct Parser<'a> {
    tokens: Vec<Token<'a>>,
    position: usize,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str) -> Result<Self, SelectorError> {
        if text.contains('\0') {
            return Err(SelectorError("a NUL character".into()));
        }
        Ok(Self { tokens: tokens(text), position: 0 })
    }

    fn peek(&self) -> Token<'a> {
        self.tokens.get(self.position).copied().unwrap_or(Token::End)
    }

    fn next(&mut self) -> Token<'a> {
        let token = self.peek();
        self.position += 1;
        token
    }

    fn requirements(&mut self) -> Result<Vec<Requirement>, SelectorError> {
        let mut found = Vec::new();
        if self.peek() == Token::End {
            return Ok(found);
        }
        loop {
            found.push(self.requirement()?);
            match self.next() {
                Token::End => return Ok(found),
                Token::Symbol(",") => {}
                other => return Err(unexpected(other, "a comma or the end")),
            }
        }
    }

    fn requirement(&mut self) -> Result<Requirement, SelectorError> {
        let absent = self.peek() == Token::Symbol("!");
        if absent {
            self.next();
        }
        let key = match self.next() {
            Token::Word(word) => word.to_owned(),
            other => return Err(unexpected(other, "a key")),
        };
        check_key(&key)?;
        let test = if absent {
            Test::Absent
        } else if matches!(self.peek(), Token::End | Token::Symbol(",")) {
            Test::Exists
        } else {
            self.test()?
        };
        Ok(Requirement { key, test })
    }

    fn test(&mut self) -> Result<Test, SelectorError> {
        Ok(match self.next() {
            Token::Symbol("=" | "==") => Test::Equals(self.value()?),
            Token::Symbol("!=") => Test::NotEquals(self.value()?),
            Token::Symbol(">") => Test::Greater(self.number()?),
            Token::Symbol("<") => Test::Less(self.number()?),
            Token::Word("in") => Test::In(self.values()?),
            Token::Word("notin") => Test::NotIn(self.values()?),
            other => return Err(unexpected(other, "one of = == != > < in notin")),
        })
    }

    /// One value; `key=` asks for the empty one.
    fn value(&mut self) -> Result<String, SelectorError> {
        if matches!(self.peek(), Token::End | Token::Symbol(",")) {
            return Ok(String::new());
        }
        match self.next() {
            Token::Word(word) => checked_value(word),
            other => Err(unexpected(other, "a value")),
        }
    }

    fn number(&mut self) -> Result<i64, SelectorError> {
        let text = self.value()?;
        text.parse().map_err(|_| SelectorError(format!("{text:?} is not a whole number to compare with")))
    }

    /// `(a,b)`; a comma without a word beside it stands for the empty value.
    fn values(&mut self) -> Result<BTreeSet<String>, SelectorError> {
        match self.next() {
            Token::Symbol("(") => {}
            other => return Err(unexpected(other, "a list of values in parentheses")),
        }
        if self.peek() == Token::Symbol(")") {
            return Err(SelectorError("the list of values is empty".into()));
        }
        let mut found = BTreeSet::new();
        loop {
            match self.peek() {
                Token::Word(word) => {
                    found.insert(checked_value(word)?);
                    self.next();
                }
                _ => {
                    found.insert(String::new());
                }
            }
            match self.next() {
                Token::Symbol(",") => {}
                Token::Symbol(")") => return Ok(found),
                other => return Err(unexpected(other, "a comma or `)`")),
            }
        }
    }
}

fn unexpected(found: Token<'_>, expected: &str) -> SelectorError {
    SelectorError(match found {
        Token::Word(text) | Token::Symbol(text) => format!("found {text:?}, expected {expected}"),
        Token::End => format!("it ends where {expected} is expected"),
    })
}

/// A key is a name, or a DNS subdomain, a slash and a name.
fn check_key(key: &str) -> Result<(), SelectorError> {
    let (prefix, name) = match key.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, key),
    };
    let prefix_ok = prefix.is_none_or(is_subdomain);
    if prefix_ok && !name.is_empty() && is_name(name) {
        return Ok(());
    }
    Err(SelectorError(format!("{key:?} is not a legal key")))
}

fn checked_value(value: &str) -> Result<String, SelectorError> {
    if is_label_value(value) {
        Ok(value.to_owned())
    } else {
        Err(SelectorError(format!("{value:?} is not a legal label value")))
    }
}

/// Whether Kubernetes would accept the text as the value of a label: at most 63 letters, digits, `-`, `_` and `.`, the first and
/// last a letter or digit; or nothing.
pub fn is_label_value(text: &str) -> bool {
    text.is_empty() || is_name(text)
}

fn is_name(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() <= NAME_LIMIT
        && bytes.first().is_some_and(u8::is_ascii_alphanumeric)
        && bytes.last().is_some_and(u8::is_ascii_alphanumeric)
        && bytes.iter().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(b))
}

fn is_subdomain(text: &str) -> bool {
    let lower = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    text.len() <= PREFIX_LIMIT
        && text.split('.').all(|label| {
            let bytes = label.as_bytes();
            bytes.first().is_some_and(lower)
                && bytes.last().is_some_and(lower)
                && bytes.iter().all(|b| lower(b) || *b == b'-')
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn matches(selector: &Selector, labels: &[(&str, &'static str)]) -> bool {
        selector.matches(|key| labels.iter().find(|(k, _)| *k == key).map(|(_, v)| *v))
    }

    #[rstest]
    #[case("", &[], true)]
    #[case("  \t", &[], true)]
    #[case("a=1", &[("a", "1")], true)]
    #[case("a==1", &[("a", "1")], true)]
    #[case("a = 1", &[("a", "2")], false)]
    #[case("a=1", &[], false)]
    #[case("a=", &[("a", "")], true)]
    #[case("a=,b", &[("a", ""), ("b", "x")], true)]
    #[case("a=", &[], false)]
    #[case("a!=1", &[("a", "1")], false)]
    #[case("a!=1", &[], true)]
    #[case("a!=", &[("a", "")], false)]
    #[case("a in (1,2)", &[("a", "2")], true)]
    #[case("a in (1,2)", &[], false)]
    #[case("a in (,1)", &[("a", "")], true)]
    #[case("a in (1,)", &[("a", "")], true)]
    #[case("a in (1,,2)", &[("a", "")], true)]
    #[case("a in (,)", &[("a", "")], true)]
    #[case("a in(1)", &[("a", "1")], true)]
    #[case("a notin (1)", &[("a", "1")], false)]
    #[case("a notin (1)", &[], true)]
    #[case("a", &[("a", "")], true)]
    #[case("a", &[], false)]
    #[case("!a", &[("a", "")], false)]
    #[case("! a", &[], true)]
    #[case("n>5", &[("n", "6")], true)]
    #[case("n>5", &[("n", "5")], false)]
    #[case("n < 5", &[("n", "-1")], true)]
    #[case("n<5", &[("n", "four")], false)]
    #[case("n>5", &[], false)]
    #[case("tier,n=7", &[("tier", "x"), ("n", "7")], true)]
    #[case("tier,n=7", &[("n", "7")], false)]
    #[case("a=1,a=2", &[("a", "2")], false)]
    #[case("in in (notin)", &[("in", "notin")], true)]
    #[case("example.net/zone=public", &[("example.net/zone", "public")], true)]
    fn selects(#[case] text: &str, #[case] labels: &[(&str, &'static str)], #[case] expected: bool) {
        assert_eq!(matches(&Selector::parse(text).unwrap(), labels), expected);
    }

    #[rstest]
    #[case("tier===front")]
    #[case("a=!b")]
    #[case("a!==b")]
    #[case("n>five")]
    #[case("n>")]
    #[case("side in l")]
    #[case("a in ()")]
    #[case("a in (b")]
    #[case("a in (b c)")]
    #[case("a=b c")]
    #[case("a,")]
    #[case(",a")]
    #[case("!")]
    #[case("!a=b")]
    #[case("=b")]
    #[case("-a=b")]
    #[case("a=b-")]
    #[case("Example.net/zone")]
    #[case("a/b/c")]
    #[case("/a")]
    #[case("a/")]
    #[case("a=é")]
    #[case("a=\u{a0}b")]
    fn refuses(#[case] text: &str) {
        let error = Selector::parse(text).unwrap_err();
        assert!(!error.to_string().is_empty());
        assert!(Selector::parse_structured(text).is_err());
    }

    #[test]
    fn lengths_are_limited() {
        let (fits, too_long) = ("v".repeat(63), "v".repeat(64));
        assert!(Selector::parse(&format!("{fits}={fits}")).is_ok());
        assert!(Selector::parse(&format!("a={too_long}")).is_err());
        assert!(Selector::parse(&format!("a in ({too_long})")).is_err());
        assert!(Selector::parse(&too_long).is_err());
        assert!(Selector::parse(&format!("{}/a", "v".repeat(254))).is_err());
    }

    #[rstest]
    #[case("a!=b")]
    #[case("n>5")]
    #[case("n<5")]
    #[case("a=b,c!=d")]
    fn the_structured_form_lacks_three_operators(#[case] text: &str) {
        assert!(Selector::parse(text).is_ok());
        assert!(Selector::parse_structured(text).is_err());
    }

    #[test]
    fn the_structured_form_keeps_the_last_equality_of_a_key() {
        let selector = Selector::parse_structured("a=1,a=2,a in (1,2)").unwrap();
        assert!(matches(&selector, &[("a", "2")]));
        assert!(!matches(&selector, &[("a", "1")]));
        assert_eq!(selector.keys().collect::<Vec<_>>(), ["a", "a"]);
    }

    #[test]
    fn the_default_is_what_an_empty_text_says() {
        assert_eq!(Selector::parse("").unwrap(), Selector::default());
        assert!(Selector::default().is_empty());
    }
}
