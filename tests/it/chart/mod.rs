//! The chart as its users meet it: real values files, rendered by Helm, held against the program and a real API server.

mod cleanup;
mod cluster;
mod permissions;
mod rendered;
mod texts;

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use zonewright::sources::store::parse_yaml;

/// A release: its name, its namespace and its values.
struct Release {
    name: String,
    namespace: String,
    values: PathBuf,
}

impl Release {
    /// All of `values/`. The first line of a file says how somebody would install it.
    fn all() -> Vec<Self> {
        let folder = std::fs::read_dir(path("tests/it/chart/values")).unwrap();
        let mut all: Vec<Self> = folder.map(|entry| Self::read(entry.unwrap().path())).collect();
        all.sort_by(|a, b| a.values.cmp(&b.values));
        assert!(all.len() >= 12);
        all
    }

    fn read(values: PathBuf) -> Self {
        let text = std::fs::read_to_string(&values).unwrap();
        let words: Vec<&str> = text.lines().next().unwrap().split_whitespace().collect();
        let ["#", "helm", "upgrade", name, "--namespace", namespace] = words[..] else {
            panic!("{values:?} does not begin with how it is installed");
        };
        Self { name: name.to_owned(), namespace: namespace.to_owned(), values }
    }

    /// What the file is called.
    fn case(&self) -> String {
        self.values.file_stem().unwrap().to_str().unwrap().to_owned()
    }

    fn template(&self, more: &[&str]) -> Output {
        let mut words = vec!["template", &self.name, "--namespace", &self.namespace];
        words.extend(["--values", self.values.to_str().unwrap()]);
        words.extend(more);
        helm(&words)
    }

    fn text(&self, more: &[&str]) -> String {
        let output = self.template(more);
        assert!(output.status.success(), "{}: {}", self.case(), String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// All objects, with the namespace that Helm would put them into.
    fn objects(&self, more: &[&str]) -> Vec<Value> {
        objects(&self.text(more), &self.namespace)
    }
}

fn objects(text: &str, namespace: &str) -> Vec<Value> {
    let place = |mut object: Value| {
        let is_cluster_wide = object["kind"].as_str().unwrap().starts_with("Cluster");
        if !is_cluster_wide && object["metadata"]["namespace"].is_null() {
            object["metadata"]["namespace"] = namespace.into();
        }
        object
    };
    parse_yaml(text).into_iter().map(|document| place(document.content.unwrap())).collect()
}

fn path(relative: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(relative)
}

/// Runs Helm on the chart, with nothing of whoever runs the tests.
fn helm(words: &[&str]) -> Output {
    helm_on(&path("charts/zonewright"), words)
}

/// The same on another chart.
fn helm_on(chart: &Path, words: &[&str]) -> Output {
    let mut command = Command::new(zonewright_testing::helm().unwrap());
    command.env_clear().env("HOME", "/nonexistent").args(words).arg(chart).output().unwrap()
}

/// Renders values given as `--set` words: `(release, namespace)`.
fn render(release: (&str, &str), values: &[&str]) -> Result<Vec<Value>, String> {
    let mut words = vec!["template", release.0, "--namespace", release.1, "--set", "policy=sync"];
    values.iter().for_each(|value| words.extend(["--set", value]));
    let output = helm(&words);
    match output.status.success() {
        true => Ok(objects(&String::from_utf8(output.stdout).unwrap(), release.1)),
        false => Err(String::from_utf8(output.stderr).unwrap()),
    }
}

fn of_kind<'a>(objects: &'a [Value], kind: &str) -> Vec<&'a Value> {
    objects.iter().filter(|object| object["kind"] == *kind).collect()
}

/// The container of the daemon.
fn daemon(objects: &[Value]) -> &Value {
    let containers = of_kind(objects, "Deployment")[0]["spec"]["template"]["spec"]["containers"].as_array();
    let is_daemon =
        |container: &&Value| ["zonewright", "external-dns"].iter().any(|name| container["name"] == **name);
    containers.unwrap().iter().find(is_daemon).unwrap()
}

/// Its flags.
fn flags(objects: &[Value]) -> Vec<String> {
    let words = daemon(objects)["args"].as_array().unwrap();
    words.iter().map(|word| word.as_str().unwrap().to_owned()).collect()
}
