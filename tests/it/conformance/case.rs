//! A case as written down.

use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// A case and the recorded answers.
#[derive(Debug)]
pub struct Case {
    /// `AREA/NAME`.
    pub name: String,
    pub input: Input,
    /// One answer per run.
    pub expected: Vec<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    #[allow(dead_code, reason = "for readers of the case")]
    pub title: String,
    pub flags: Vec<String>,
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// What the provider negotiates: a suffix, or the whole filter.
    pub domain: Option<Value>,
    #[serde(default)]
    pub records: Vec<Value>,
    #[serde(default)]
    pub objects: Vec<Value>,
    #[serde(default)]
    pub steps: Vec<Step>,
}

impl Case {
    /// Whether something is kept in the API server, which files cannot stand in for.
    pub fn needs_cluster(&self) -> bool {
        let steps = self.input.steps.iter().filter_map(|step| step.flags.as_ref());
        std::iter::once(&self.input.flags).chain(steps).flatten().any(|flag| flag == "--registry=crd")
    }

    /// Namespaces that nothing is applied in, and that the program writes to all the same.
    pub fn namespaces(&self) -> impl Iterator<Item = &str> {
        let steps = self.input.steps.iter().filter_map(|step| step.flags.as_ref());
        let flags = std::iter::once(&self.input.flags).chain(steps).flatten();
        flags.filter_map(|flag| flag.strip_prefix("--crd-registry-namespace="))
    }
}

/// A further run.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Step {
    pub apply: Vec<Value>,
    pub delete: Vec<Value>,
    pub flags: Option<Vec<String>>,
}

/// All cases, ordered by name.
pub fn load_cases(folder: &Path) -> Vec<Case> {
    let mut cases = Vec::new();
    for area in sorted(folder).into_iter().filter(|path| path.is_dir()) {
        for file in sorted(&area).into_iter().filter(|path| path.extension().is_some_and(|e| e == "yaml")) {
            cases.push(load(&file));
        }
    }
    cases
}

fn sorted(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn load(file: &Path) -> Case {
    let area = file.parent().and_then(Path::file_name).unwrap().to_string_lossy().into_owned();
    let stem = file.file_stem().unwrap().to_string_lossy().into_owned();
    let text = std::fs::read_to_string(file).unwrap();
    let expected = std::fs::read_to_string(file.with_extension("expected.json")).unwrap();
    // The cases are written for readers that take `y` and `0090` for text, which kubectl does not.
    let options = serde_saphyr::options! { strict_booleans: true, leading_zero_numbers_as_strings: true };
    let input = serde_saphyr::from_str_with_options(&text, options)
        .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    Case { name: format!("{area}/{stem}"), input, expected: serde_json::from_str(&expected).unwrap() }
}
