//! The grammar of the command line and the environment, as ExternalDNS's flag library (kingpin 2.4) has it, laid over clap.
//!
//! ```text
//! words, @files, environment ── read() ──> one `--name=value` per value ──> clap: types, choices, defaults
//! ```
//!
//! clap alone cannot say that a switch takes no value but has a `--no-` form, that `-x` never is a value, that `@file` is replaced
//! by its lines, or that a list flag on the command line replaces the one in the environment. So this function settles what was
//! given, and clap only sees the unambiguous rest.

use super::values;
use std::collections::{BTreeMap, VecDeque};

/// How a flag may be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// No value; `--no-x` is its opposite.
    Switch,
    /// One value, once.
    Single,
    /// One value, any number of times.
    List,
}

/// The values of one flag, and what people would have to change to change them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Given {
    /// `--policy` or `EXTERNAL_DNS_POLICY`.
    pub(super) origin: String,
    pub(super) values: Vec<String>,
}

/// What was asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Request {
    /// `--help`.
    Help,
    /// `--version`.
    Version,
    /// Everything that was given, by flag name without dashes.
    Flags(BTreeMap<String, Given>),
    /// A flag that does not exist, as typed.
    Unknown(String),
}

/// Where values come from besides the words.
pub(super) struct Surroundings<'a> {
    pub(super) env: &'a dyn Fn(&str) -> Option<String>,
    pub(super) read_file: &'a dyn Fn(&str) -> std::io::Result<String>,
}

/// `@file` inside `@file` is fine; a file that names itself is not.
const FILE_LIMIT: usize = 100;

/// The environment variable of a flag.
pub(super) fn variable(flag: &str) -> String {
    format!("EXTERNAL_DNS_{}", flag.to_ascii_uppercase().replace('-', "_"))
}

/// Reads the words after the program's name (and subcommand), then the environment for the flags not among them.
pub(super) fn read(
    words: Vec<String>,
    kinds: &BTreeMap<String, Kind>,
    around: &Surroundings<'_>,
) -> Result<Request, String> {
    let mut given: BTreeMap<String, Given> = BTreeMap::new();
    let mut words = Words { queue: words.into(), flags_ended: false, files: 0, read_file: around.read_file };
    while let Some(word) = words.next()? {
        let (name, inline) = match word {
            Word::Flag { name, inline } => (name, inline),
            Word::Short(text) => return Err(one_dash(&text, kinds)),
            Word::Value(_) if given.keys().any(|name| is_of_a_secret(name)) => {
                return Err(
                    "unexpected word: it belongs to no flag; a value with blanks needs quotes".to_owned()
                );
            }
            Word::Value(text) => return Err(stray(&text)),
        };
        let negated = name.strip_prefix("no-").filter(|rest| kinds.get(*rest) == Some(&Kind::Switch));
        let (name, kind) = match (kinds.get(&name), negated, name.as_str()) {
            (Some(kind), ..) => (name.clone(), *kind),
            (None, Some(rest), _) => (rest.to_owned(), Kind::Switch),
            (None, None, "help" | "help-long" | "help-man") => return Ok(Request::Help),
            (None, None, "version") => return Ok(Request::Version),
            (None, None, "no-help" | "no-version") => continue,
            (None, None, _) => return Ok(Request::Unknown(name)),
        };
        let value = match (kind, inline) {
            (Kind::Switch, Some(value)) => {
                return Err(format!(
                    "unexpected {value}: --{name} takes no value, write --{name} or --no-{name}"
                ));
            }
            (Kind::Switch, None) => negated.is_none().to_string(),
            (_, Some(value)) => value,
            (_, None) => words.value_of(&name)?,
        };
        let entry =
            given.entry(name.clone()).or_insert(Given { origin: format!("--{name}"), values: Vec::new() });
        if kind != Kind::List && !entry.values.is_empty() {
            return Err(format!("flag '{name}' cannot be repeated"));
        }
        entry.values.push(value);
    }
    add_environment(&mut given, kinds, around.env)?;
    Ok(Request::Flags(given))
}

fn add_environment(
    given: &mut BTreeMap<String, Given>,
    kinds: &BTreeMap<String, Kind>,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<(), String> {
    for (name, kind) in kinds {
        if given.contains_key(name) {
            continue;
        }
        let origin = variable(name);
        let Some(text) = env(&origin).filter(|text| !text.is_empty()) else { continue };
        let values = match kind {
            Kind::Single => vec![text],
            Kind::List => text.strip_suffix('\n').unwrap_or(&text).split('\n').map(str::to_owned).collect(),
            Kind::Switch => match values::truth(&text) {
                Some(on) => vec![on.to_string()],
                None => return Err(format!("{origin}: {text:?} is neither true nor false")),
            },
        };
        given.insert(name.clone(), Given { origin, values });
    }
    Ok(())
}

fn one_dash(text: &str, kinds: &BTreeMap<String, Kind>) -> String {
    let name = text[1..].split('=').next().unwrap_or_default();
    if kinds.contains_key(name) {
        format!("unknown short flag '-{name}': long flags have two dashes, --{name}")
    } else {
        format!("unknown short flag '-{name}'")
    }
}

/// Whether a value may be a part of a secret that the shell has taken apart: then it is not repeated.
fn is_of_a_secret(flag: &str) -> bool {
    ["key", "secret", "password", "external-id"].iter().any(|end| flag.ends_with(end))
}

fn stray(text: &str) -> String {
    match text {
        "true" | "false" => format!("unexpected {text}: switches take no value, write --flag or --no-flag"),
        "plan" | "crds" | "approve" => format!("unexpected {text}: a subcommand comes before all flags"),
        _ => format!("unexpected {text}: it belongs to no flag"),
    }
}

enum Word {
    Flag { name: String, inline: Option<String> },
    Short(String),
    Value(String),
}

struct Words<'a> {
    queue: VecDeque<String>,
    flags_ended: bool,
    files: usize,
    read_file: &'a dyn Fn(&str) -> std::io::Result<String>,
}

impl Words<'_> {
    fn next(&mut self) -> Result<Option<Word>, String> {
        loop {
            let Some(word) = self.queue.pop_front() else { return Ok(None) };
            if self.flags_ended {
                return Ok(Some(Word::Value(word)));
            }
            if word == "--" {
                self.flags_ended = true;
            } else if let Some(flag) = word.strip_prefix("--") {
                let (name, inline) = match flag.split_once('=') {
                    Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
                    None => (flag.to_owned(), None),
                };
                return Ok(Some(Word::Flag { name, inline }));
            } else if word.starts_with('-') && word != "-" {
                return Ok(Some(Word::Short(word)));
            } else if let Some(file) = word.strip_prefix('@') {
                self.insert_lines(file)?;
            } else {
                return Ok(Some(Word::Value(word)));
            }
        }
    }

    /// The value that follows a flag as a word of its own.
    fn value_of(&mut self, name: &str) -> Result<String, String> {
        match self.next()? {
            Some(Word::Value(text)) => Ok(text),
            Some(Word::Flag { name: next, .. }) => {
                Err(format!("expected argument for flag '--{name}', found --{next}"))
            }
            // The word is not repeated in the message: it may be a password.
            Some(Word::Short(_)) => Err(format!(
                "expected argument for flag '--{name}': a value that begins with a dash needs --{name}=VALUE"
            )),
            None => Err(format!("expected argument for flag '--{name}'")),
        }
    }

    fn insert_lines(&mut self, file: &str) -> Result<(), String> {
        self.files += 1;
        if self.files > FILE_LIMIT {
            return Err(format!("@{file}: more than {FILE_LIMIT} argument files; does one name itself?"));
        }
        let text = (self.read_file)(file).map_err(|error| format!("@{file}: {error}"))?;
        for line in text.lines().rev().filter(|line| !line.starts_with('#') && !line.trim().is_empty()) {
            self.queue.push_front(line.to_owned());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn kinds() -> BTreeMap<String, Kind> {
        [("policy", Kind::Single), ("source", Kind::List), ("events", Kind::Switch), ("no-op", Kind::Switch)]
            .map(|(name, kind)| (name.to_owned(), kind))
            .into()
    }

    fn run(words: &[&str], env: &[(&str, &str)]) -> Result<Request, String> {
        let env = |name: &str| env.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        let read_file = |name: &str| match name {
            "args" => Ok("# comment\n--source=a\n\n--source\nb c\n".to_owned()),
            "nested" => Ok("--events\n@args".to_owned()),
            "self" => Ok("@self".to_owned()),
            "value" => Ok("sync\n".to_owned()),
            _ => Err(std::io::ErrorKind::NotFound.into()),
        };
        let words = words.iter().map(|w| (*w).to_owned()).collect();
        read(words, &kinds(), &Surroundings { env: &env, read_file: &read_file })
    }

    /// What was given as `name=value` and, from the environment, `NAME=value`.
    fn given(words: &[&str], env: &[(&str, &str)]) -> Vec<String> {
        let Request::Flags(given) = run(words, env).unwrap() else { panic!("no flags") };
        given
            .values()
            .flat_map(|g| g.values.iter().map(|v| format!("{}={v}", g.origin)).collect::<Vec<_>>())
            .collect()
    }

    #[rstest]
    #[case(&["--policy=sync"], &["--policy=sync"])]
    #[case(&["--policy", "sync"], &["--policy=sync"])]
    #[case(&["--policy="], &["--policy="])]
    #[case(&["--policy", ""], &["--policy="])]
    #[case(&["--policy=-x=y"], &["--policy=-x=y"])]
    #[case(&["--policy", "-"], &["--policy=-"])]
    #[case(&["--source=a,b", "--source", "c"], &["--source=a,b", "--source=c"])]
    #[case(&["--events"], &["--events=true"])]
    #[case(&["--no-events"], &["--events=false"])]
    #[case(&["--no-op"], &["--no-op=true"])]
    #[case(&["--no-no-op"], &["--no-op=false"])]
    #[case(&["--no-help", "--no-version", "--"], &[])]
    #[case(&["@args"], &["--source=a", "--source=b c"])]
    #[case(&["@nested"], &["--events=true", "--source=a", "--source=b c"])]
    #[case(&["--policy", "@value"], &["--policy=sync"])]
    #[case(&["--policy=@value"], &["--policy=@value"])]
    fn words_become_values(#[case] words: &[&str], #[case] expected: &[&str]) {
        assert_eq!(given(words, &[]), expected);
    }

    #[rstest]
    #[case(&["--events=true"], "unexpected true: --events takes no value")]
    #[case(&["--no-events=true"], "unexpected true: --events takes no value")]
    #[case(&["--events", "true"], "unexpected true: switches take no value")]
    #[case(&["service"], "unexpected service")]
    #[case(&["--events", "plan"], "comes before all flags")]
    #[case(&["--", "--policy=sync"], "unexpected --policy=sync")]
    #[case(&["--", "@args"], "unexpected @args")]
    #[case(&["-policy=sync"], "unknown short flag '-policy': long flags have two dashes, --policy")]
    #[case(&["-h"], "unknown short flag '-h'")]
    #[case(&["--policy"], "expected argument for flag '--policy'")]
    #[case(&["--policy", "--events"], "expected argument for flag '--policy', found --events")]
    #[case(&["--policy", "-foo"], "needs --policy=VALUE")]
    #[case(&["--policy=a", "--policy=a"], "flag 'policy' cannot be repeated")]
    #[case(&["--events", "--no-events"], "flag 'events' cannot be repeated")]
    #[case(&["@absent"], "@absent: ")]
    #[case(&["@self"], "does one name itself")]
    fn words_are_refused(#[case] words: &[&str], #[case] expected: &str) {
        let error = run(words, &[]).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }

    #[test]
    fn help_version_and_unknown_flags_end_the_reading() {
        assert_eq!(run(&["--events", "--help", "x"], &[]), Ok(Request::Help));
        assert_eq!(run(&["--version"], &[]), Ok(Request::Version));
        assert_eq!(run(&["--pol=sync"], &[]), Ok(Request::Unknown("pol".into())));
        assert_eq!(run(&["--no-policy"], &[]), Ok(Request::Unknown("no-policy".into())));
    }

    #[rstest]
    #[case(&[], "EXTERNAL_DNS_POLICY", "sync", &["EXTERNAL_DNS_POLICY=sync"])]
    #[case(&[], "EXTERNAL_DNS_POLICY", "", &[])]
    #[case(&[], "EXTERNAL_DNS_VERSION", "v0.22.0", &[])]
    #[case(&[], "EXTERNAL_DNS_EVENTS", "T", &["EXTERNAL_DNS_EVENTS=true"])]
    #[case(&[], "EXTERNAL_DNS_EVENTS", "0", &["EXTERNAL_DNS_EVENTS=false"])]
    #[case(&[], "EXTERNAL_DNS_SOURCE", "a\nb\n", &["EXTERNAL_DNS_SOURCE=a", "EXTERNAL_DNS_SOURCE=b"])]
    #[case(&[], "EXTERNAL_DNS_SOURCE", "a,b", &["EXTERNAL_DNS_SOURCE=a,b"])]
    #[case(&["--source=c"], "EXTERNAL_DNS_SOURCE", "a\nb", &["--source=c"])]
    #[case(&["--no-events"], "EXTERNAL_DNS_EVENTS", "true", &["--events=false"])]
    #[case(&["--policy="], "EXTERNAL_DNS_POLICY", "sync", &["--policy="])]
    fn the_environment_fills_in_what_words_leave_out(
        #[case] words: &[&str],
        #[case] variable: &str,
        #[case] text: &str,
        #[case] expected: &[&str],
    ) {
        assert_eq!(given(words, &[(variable, text)]), expected);
    }

    #[test]
    fn a_switch_in_the_environment_must_be_a_truth_value() {
        let error = run(&[], &[("EXTERNAL_DNS_EVENTS", "yes")]).unwrap_err();
        assert!(error.contains("EXTERNAL_DNS_EVENTS"), "{error}");
    }

    #[test]
    fn variables_are_named_after_flags() {
        assert_eq!(variable("rfc2136-tsig-secret-alg"), "EXTERNAL_DNS_RFC2136_TSIG_SECRET_ALG");
    }
}
