//! Reading the text format of Prometheus, strictly: what a scraper would refuse is an error here.
//! <https://prometheus.io/docs/instrumenting/exposition_formats/>

use std::collections::BTreeMap;

/// A scrape.
#[derive(Debug, Default)]
pub struct Metrics {
    /// By family.
    pub types: BTreeMap<String, String>,
    pub samples: Vec<Sample>,
}

/// One line.
#[derive(Debug)]
pub struct Sample {
    pub name: String,
    pub labels: BTreeMap<String, String>,
    pub value: f64,
}

impl Metrics {
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut metrics = Self::default();
        if !text.ends_with('\n') {
            return Err("no line end at the end".to_owned());
        }
        for line in text.lines() {
            let parsed = match line.strip_prefix("# ") {
                Some(comment) => metrics.add_comment(comment),
                None => metrics.add_sample(line),
            };
            parsed.ok_or_else(|| format!("unreadable line {line:?}"))?;
        }
        Ok(metrics)
    }

    fn add_comment(&mut self, comment: &str) -> Option<()> {
        let mut words = comment.splitn(3, ' ');
        let (keyword, name) = (words.next()?, words.next()?);
        match keyword {
            "HELP" => {}
            "TYPE" => {
                let kind = words.next()?;
                let is_known = ["counter", "gauge", "summary", "histogram", "untyped"].contains(&kind);
                // A family comes once and in one piece.
                let is_new = self.types.insert(name.to_owned(), kind.to_owned()).is_none();
                (is_known && is_new).then_some(())?;
            }
            _ => return None,
        }
        is_name(name).then_some(())
    }

    fn add_sample(&mut self, line: &str) -> Option<()> {
        let (series, value) = line.rsplit_once(' ')?;
        let (name, labels) = match series.split_once('{') {
            Some((name, labels)) => (name, parse_labels(labels)?),
            None => (series, BTreeMap::new()),
        };
        let is_repeated = self.samples.iter().any(|known| known.name == name && known.labels == labels);
        let family = name.trim_end_matches("_sum").trim_end_matches("_count").trim_end_matches("_bucket");
        let has_type = self.types.contains_key(name) || self.types.contains_key(family);
        if !is_name(name) || is_repeated || !has_type {
            return None;
        }
        self.samples.push(Sample { name: name.to_owned(), labels, value: value.parse().ok()? });
        Some(())
    }

    /// The value of the first series of that name with at least these labels.
    pub fn value(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let has = |sample: &Sample, (key, value): &(&str, &str)| {
            sample.labels.get(*key).is_some_and(|found| found == value)
        };
        let mut samples = self.samples.iter().filter(|sample| sample.name == name);
        samples.find(|sample| labels.iter().all(|label| has(sample, label))).map(|sample| sample.value)
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == ':')
}

/// What comes after the opening brace: `key="value",key="value"}`, where a value escapes backslash, quote and line end.
fn parse_labels(text: &str) -> Option<BTreeMap<String, String>> {
    let mut labels = BTreeMap::new();
    let mut rest = text;
    while rest != "}" {
        let (key, after) = rest.split_once("=\"")?;
        let (mut value, mut escaped, mut end) = (String::new(), false, None);
        for (position, c) in after.char_indices() {
            match (escaped, c) {
                (false, '"') => {
                    end = Some(position);
                    break;
                }
                (false, '\\') => escaped = true,
                (true, 'n') => (value, escaped) = (value + "\n", false),
                (true, '\\' | '"') | (false, _) => (value, escaped) = (value + &c.to_string(), false),
                (true, _) => return None,
            }
        }
        if !is_name(key) || labels.insert(key.to_owned(), value).is_some() {
            return None;
        }
        rest = &after[end? + 1..];
        rest = rest.strip_prefix(',').unwrap_or(rest);
    }
    Some(labels)
}
