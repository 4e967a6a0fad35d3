//! `--manifests`: objects from files, folders and standard input in place of an API server.
//!
//! Nothing malformed stops the rest: each problem names its file, document and line.

use super::defaults::DEFAULT_NAMESPACE;
use super::yaml::{self, Document};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};

/// What the files hold.
#[derive(Debug, Default)]
pub struct Loaded {
    /// Every object once, lists taken apart, in the order of their first appearance.
    pub objects: Vec<Value>,
    /// What could not be read, or was said twice.
    pub problems: Vec<String>,
}

/// Reads everything that the paths name: files of any name, folders (all `*.yaml`, `*.yml` and `*.json` files below them, in
/// the order of their paths) and `-` for `stdin`.
pub fn load(paths: &[PathBuf], stdin: &mut dyn Read) -> Loaded {
    let mut collection = Collection::default();
    for path in paths {
        if path.as_os_str() == "-" {
            collection.add_reader("standard input", stdin);
        } else if path.is_dir() {
            let mut files = Vec::new();
            find_manifests(path, &mut files, &mut collection.loaded.problems);
            if files.is_empty() {
                let problem = format!("{}: no *.yaml, *.yml or *.json file in this folder", path.display());
                collection.loaded.problems.push(problem);
            }
            files.iter().for_each(|file| collection.add_file(file));
        } else {
            collection.add_file(path);
        }
    }
    collection.loaded
}

/// Names that begin with a dot are left out: version control, editors, and the bookkeeping of mounted ConfigMaps.
fn find_manifests(folder: &Path, found: &mut Vec<PathBuf>, problems: &mut Vec<String>) {
    let entries = std::fs::read_dir(folder).and_then(Iterator::collect::<std::io::Result<Vec<_>>>);
    let mut entries = match entries {
        Ok(entries) => entries,
        Err(error) => return problems.push(format!("{}: {error}", folder.display())),
    };
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        // `file_type` does not follow links, so that linked folders cannot lead round in circles.
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            find_manifests(&path, found, problems);
        } else if is_manifest(&path) && path.is_file() {
            found.push(path);
        }
    }
}

fn is_manifest(path: &Path) -> bool {
    path.extension().is_some_and(|extension| ["yaml", "yml", "json"].iter().any(|known| extension == *known))
}

/// Where an object was found.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    file: String,
    document: usize,
    line: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: document {} (line {})", self.file, self.document, self.line)
    }
}

/// Group, kind, namespace and name: the same object in whatever version it is written.
type Identity = (String, String, String, String);

#[derive(Default)]
struct Collection {
    loaded: Loaded,
    known: BTreeMap<Identity, (usize, Place)>,
}

impl Collection {
    fn add_file(&mut self, path: &Path) {
        match std::fs::File::open(path) {
            Ok(mut file) => self.add_reader(&path.display().to_string(), &mut file),
            Err(error) => self.loaded.problems.push(format!("{}: {error}", path.display())),
        }
    }

    fn add_reader(&mut self, name: &str, reader: &mut dyn Read) {
        let mut text = String::new();
        if let Err(error) = reader.read_to_string(&mut text) {
            return self.loaded.problems.push(format!("{name}: {error}"));
        }
        for Document { number, line, content } in yaml::parse(&text) {
            let place = Place { file: name.to_owned(), document: number, line };
            match content {
                Ok(object) => self.add(object, &place),
                Err(problem) => self.loaded.problems.push(format!("{place}: {problem}")),
            }
        }
    }

    fn add(&mut self, mut object: Value, place: &Place) {
        if let Some(items) = take_items(&mut object) {
            return items.into_iter().for_each(|item| self.add(item, place));
        }
        let identity = match identify(&object) {
            Ok(identity) => identity,
            Err(problem) => return self.loaded.problems.push(format!("{place}: {problem}")),
        };
        match self.known.get_mut(&identity) {
            Some((index, earlier)) => {
                let (_, kind, namespace, name) = identity;
                self.loaded.problems.push(format!(
                    "{place}: {kind} {namespace}/{name} is also in {earlier}; the later one counts"
                ));
                if let Some(slot) = self.loaded.objects.get_mut(*index) {
                    *slot = object;
                }
                *earlier = place.clone();
            }
            None => {
                self.known.insert(identity, (self.loaded.objects.len(), place.clone()));
                self.loaded.objects.push(object);
            }
        }
    }
}

/// The items of a `List` or, say, an `IngressList`, each with its kind: the API server leaves the kind of items to the list.
fn take_items(object: &mut Value) -> Option<Vec<Value>> {
    let of_items = object["kind"].as_str()?.strip_suffix("List")?.to_owned();
    // Null is how Go writes an empty list. Anything else is a kind that just happens to be called so.
    if !(object["items"].is_array() || object["items"].is_null() && object["metadata"]["name"].is_null()) {
        return None;
    }
    let version = object["apiVersion"].take();
    let Value::Array(mut items) = object["items"].take() else { return Some(Vec::new()) };
    if !of_items.is_empty() {
        for item in items.iter_mut().filter_map(Value::as_object_mut) {
            item.entry("kind").or_insert_with(|| of_items.clone().into());
            item.entry("apiVersion").or_insert_with(|| version.clone());
        }
    }
    Some(items)
}

fn identify(object: &Value) -> Result<Identity, String> {
    let text = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    if !object.is_object() {
        return Err("not a Kubernetes object".to_owned());
    }
    let kind = text(&object["kind"]).ok_or("no kind")?;
    let version = text(&object["apiVersion"]).ok_or_else(|| format!("{kind} without apiVersion"))?;
    let metadata = &object["metadata"];
    let name = text(&metadata["name"]).ok_or_else(|| format!("{kind} without metadata.name"))?;
    // Whether the kind is namespaced at all does not matter here: two objects of one kind either both are or both are not.
    let namespace = text(&metadata["namespace"]).unwrap_or_else(|| DEFAULT_NAMESPACE.to_owned());
    let group = version.split_once('/').map_or("", |(group, _)| group).to_owned();
    Ok((group, kind, namespace, name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn load_text(text: &str) -> Loaded {
        load(&["-".into()], &mut text.as_bytes())
    }

    fn names(loaded: &Loaded) -> Vec<&str> {
        loaded.objects.iter().map(|object| object["metadata"]["name"].as_str().unwrap()).collect()
    }

    fn service(name: &str) -> String {
        format!("apiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\n")
    }

    #[test]
    fn files_and_folders_are_read_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("b.yaml", &service("b"));
        write("a/z.yml", &service("a-z"));
        write(
            "a/deep/c.json",
            r#"{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a-deep-c"}}"#,
        );
        write("notes.txt", "not: [read");
        write(".git/x.yaml", "not: [read");
        write("..data/b.yaml", "not: [read");
        write("alone.txt", &service("alone"));
        let loaded = load(&[folder.path().join("alone.txt"), folder.path().into()], &mut std::io::empty());
        assert_eq!(loaded.problems, Vec::<String>::new());
        assert_eq!(names(&loaded), ["alone", "a-deep-c", "a-z", "b"]);
    }

    #[test]
    fn what_cannot_be_read_is_named_and_the_rest_loaded() {
        let folder = tempfile::tempdir().unwrap();
        let (missing, binary) = (folder.path().join("missing.yaml"), folder.path().join("binary"));
        fs::write(&binary, [0xff, 0xfe]).unwrap();
        fs::create_dir(folder.path().join("empty")).unwrap();
        let paths = [missing.clone(), binary.clone(), folder.path().join("empty"), "-".into()];
        let loaded = load(&paths, &mut service("web").as_bytes());
        assert_eq!(names(&loaded), ["web"]);
        assert_eq!(loaded.problems.len(), 3);
        assert!(loaded.problems[0].starts_with(&format!("{}: ", missing.display())));
        assert!(loaded.problems[1].starts_with(&format!("{}: ", binary.display())));
        assert!(loaded.problems[2].contains("no *.yaml"));
    }

    #[test]
    fn a_linked_folder_does_not_lead_round_in_circles() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.yaml"), service("a")).unwrap();
        std::os::unix::fs::symlink(folder.path(), folder.path().join("self")).unwrap();
        std::os::unix::fs::symlink(folder.path().join("a.yaml"), folder.path().join("b.yaml")).unwrap();
        let loaded = load(&[folder.path().into()], &mut std::io::empty());
        // The linked file is read, as in a mounted ConfigMap, and is the same object once more.
        assert_eq!(names(&loaded), ["a"]);
        assert_eq!(loaded.problems.len(), 1);
    }

    #[test]
    fn lists_are_taken_apart() {
        let loaded = load_text(
            r#"
apiVersion: v1
kind: List
items:
  - {apiVersion: v1, kind: Service, metadata: {name: a}}
  - apiVersion: networking.k8s.io/v1
    kind: IngressList
    metadata: {resourceVersion: "1"}
    items:
      - metadata: {name: b}
---
{apiVersion: v1, kind: NodeList, items: null}
---
{apiVersion: example.org/v1, kind: AllowList, metadata: {name: c}, spec: {}}
"#,
        );
        assert_eq!(loaded.problems, Vec::<String>::new());
        assert_eq!(names(&loaded), ["a", "b", "c"]);
        assert_eq!(loaded.objects[1]["kind"], "Ingress");
        assert_eq!(loaded.objects[1]["apiVersion"], "networking.k8s.io/v1");
    }

    #[test]
    fn documents_that_are_no_objects_are_reported_with_their_place() {
        let loaded = load_text(&format!(
            "{}---\nkind: Service\n---\nmetadata: {{name: x}}\n---\napiVersion: v1\nkind: Service\nmetadata: {{generateName: x-}}\n\
             ---\n- a\n---\nb: [\n---\n{}",
            service("first"),
            service("last")
        ));
        assert_eq!(names(&loaded), ["first", "last"]);
        let place = |number, line| format!("standard input: document {number} (line {line}): ");
        let expected = [
            place(2, 4) + "Service without apiVersion",
            place(3, 6) + "no kind",
            place(4, 8) + "Service without metadata.name",
            place(5, 12) + "not a Kubernetes object",
        ];
        assert_eq!(loaded.problems[..4], expected);
        assert!(loaded.problems[4].starts_with(&place(6, 14)));
        assert_eq!(loaded.problems.len(), 5);
    }

    #[test]
    fn of_an_object_given_twice_the_later_counts_and_both_places_are_named() {
        let loaded = load_text(
            "{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: a}, spec: 1}\n---\n\
             {apiVersion: v1, kind: Service, metadata: {name: a, namespace: default}}\n---\n\
             {apiVersion: gateway.networking.k8s.io/v1beta1, kind: HTTPRoute, metadata: {name: a, namespace: default}, spec: 2}\n---\n\
             {apiVersion: v1, kind: Service, metadata: {name: a, namespace: other}}\n",
        );
        assert_eq!(names(&loaded), ["a", "a", "a"]);
        assert_eq!(loaded.objects[0]["spec"], 2);
        assert_eq!(
            loaded.problems,
            ["standard input: document 3 (line 5): HTTPRoute default/a is also in \
              standard input: document 1 (line 1); the later one counts"]
        );
    }
}
