//! `--manifests`: objects from files, folders and standard input in place of an API server.
//!
//! Nothing malformed stops the rest: each problem names its file, document and line.

use super::defaults::DEFAULT_NAMESPACE;
use super::yaml::{self, Document};
use super::{Caches, fill};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use tracing::{error, info};
use zonewright_provider_kit::files::{LARGE, read_text_from};

/// What the files hold.
#[derive(Debug, Default)]
pub struct Loaded {
    /// Every object once, lists taken apart, in the order of their first appearance.
    pub objects: Vec<Value>,
    /// Where each of them stands.
    pub positions: Vec<Position>,
    /// What could not be read, or was said twice.
    pub problems: Vec<String>,
}

/// Reads everything that the paths name: files of any name, folders (all `*.yaml`, `*.yml` and `*.json` files below them, in
/// the order of their paths) and `-` for `stdin`.
pub fn load(paths: &[PathBuf], stdin: &mut dyn Read) -> Loaded {
    Manifests::new(paths, stdin).loaded()
}

/// Manifests that are looked at again and again (standard input only once). A file that becomes unreadable or malformed keeps
/// the objects that it had, and so does everything below a folder that cannot be read.
pub struct Manifests {
    places: Vec<Place>,
    stdin: Option<Result<String, String>>,
    files: BTreeMap<PathBuf, File>,
}

/// What somebody named, and what was found there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Place {
    path: PathBuf,
    files: Vec<PathBuf>,
    problems: Vec<String>,
}

/// A file as it was last seen.
struct File {
    /// What is in use.
    text: Result<String, String>,
    /// What tells without reading that it is still the same; `None` when it has to be read.
    stamp: Option<Stamp>,
    print: u64,
    /// Why what is in the file now is not in use.
    rejected: Option<String>,
}

/// Length, inode and time of the last change.
type Stamp = (u64, u64, SystemTime);

/// How often the daemon looks at its manifests.
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);
/// Within this time of a write another one may leave the same time behind.
const TIME_RESOLUTION: Duration = Duration::from_secs(2);

impl Manifests {
    /// Reads everything for the first time.
    pub fn new(paths: &[PathBuf], stdin: &mut dyn Read) -> Self {
        let places: Vec<Place> =
            paths.iter().map(|path| Place { path: path.clone(), ..Place::default() }).collect();
        let wants_stdin = places.iter().any(Place::is_stdin);
        let read = || read_text_from(stdin, LARGE).map_err(|error| format!("standard input: {error}"));
        let mut this = Self { stdin: wants_stdin.then(read), places, files: BTreeMap::new() };
        this.look();
        this
    }

    /// Looks whether anything has changed. Returns whether [`Manifests::loaded`] would now say something else.
    pub fn look(&mut self) -> bool {
        let mut changed = false;
        for index in 0..self.places.len() {
            let former = self.places[index].clone();
            if former.is_stdin() {
                continue;
            }
            let place = former.look();
            place.files.iter().for_each(|file| changed |= self.look_at(file));
            changed |= place != former;
            self.places[index] = place;
        }
        let in_use: BTreeSet<&PathBuf> = self.places.iter().flat_map(|place| &place.files).collect();
        self.files.retain(|path, _| in_use.contains(path));
        changed
    }

    fn look_at(&mut self, path: &Path) -> bool {
        let stamp = stamp(path);
        let known = self.files.get_mut(path);
        if known.as_ref().is_some_and(|file| file.stamp.is_some() && file.stamp == stamp) {
            return false;
        }
        let read = std::fs::File::open(path).and_then(|mut file| read_text_from(&mut file, LARGE));
        let text = read.map_err(|error| format!("{}: {error}", path.display()));
        let print = print_of(&text);
        let settled = |stamp: Option<Stamp>| {
            stamp.filter(|(.., changed)| changed.elapsed().is_ok_and(|age| age > TIME_RESOLUTION))
        };
        let Some(known) = known else {
            let file = File { text, stamp: settled(stamp), print, rejected: None };
            self.files.insert(path.to_owned(), file);
            return true;
        };
        known.stamp = settled(stamp);
        if known.print == print {
            return false;
        }
        known.print = print;
        match problem_of(path, &text) {
            Some(problem) => known.rejected = Some(format!("{problem}; the objects it had before stay")),
            None => (known.text, known.rejected) = (text, None),
        }
        true
    }

    /// All objects, as the files were when they were last looked at and in order.
    pub fn loaded(&self) -> Loaded {
        let mut collection = Collection::default();
        for place in &self.places {
            if let (true, Some(text)) = (place.is_stdin(), &self.stdin) {
                collection.add_text("standard input", text);
            }
            collection.loaded.problems.extend(place.problems.iter().cloned());
            for (path, file) in place.files.iter().filter_map(|path| self.files.get_key_value(path)) {
                collection.loaded.problems.extend(file.rejected.clone());
                collection.add_text(&path.display().to_string(), &file.text);
            }
        }
        collection.loaded
    }
}

impl Place {
    fn is_stdin(&self) -> bool {
        self.path.as_os_str() == "-"
    }

    fn look(&self) -> Self {
        let Self { path, files: former, .. } = self;
        let was_folder = former.iter().any(|file| file != path);
        let (mut files, mut problems) = (Vec::new(), Vec::new());
        if !was_folder && !path.is_dir() {
            files.push(path.clone());
        } else {
            find_manifests(path, &mut files, &mut problems);
            if files.is_empty() && problems.is_empty() {
                problems.push(format!("{}: no *.yaml, *.yml or *.json file in this folder", path.display()));
            }
        }
        // What is missing where not everything could be seen is not gone.
        if !problems.is_empty() {
            files.extend(former.iter().cloned());
        }
        files.sort();
        files.dedup();
        Self { path: path.clone(), files, problems }
    }
}

fn print_of(text: &Result<String, String>) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

fn stamp(path: &Path) -> Option<Stamp> {
    let metadata = path.metadata().ok()?;
    Some((metadata.len(), metadata.ino(), metadata.modified().ok()?))
}

/// What is wrong with a file taken by itself.
fn problem_of(path: &Path, text: &Result<String, String>) -> Option<String> {
    let mut alone = Collection::default();
    alone.add_text(&path.display().to_string(), text);
    alone.loaded.problems.into_iter().next()
}

/// Keeps caches as the files are, looking at them again and again. `known` problems have been told already.
pub async fn follow(mut manifests: Manifests, caches: &Caches, mut known: Vec<String>) {
    loop {
        tokio::time::sleep(BETWEEN_LOOKS).await;
        if !manifests.look() {
            continue;
        }
        let problems = fill(caches, &manifests.loaded());
        info!("manifests have changed");
        problems.iter().filter(|problem| !known.contains(problem)).for_each(|problem| error!("{problem}"));
        known = problems;
    }
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
pub struct Position {
    /// The file, as it was named.
    pub file: String,
    /// Which document in the file, from 1.
    pub document: usize,
    /// The line where the document begins, from 1.
    pub line: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: document {} (line {})", self.file, self.document, self.line)
    }
}

/// Group, kind, namespace and name: the same object in whatever version it is written.
type Identity = (String, String, String, String);

#[derive(Default)]
struct Collection {
    loaded: Loaded,
    known: BTreeMap<Identity, (usize, Position)>,
}

impl Collection {
    fn add_text(&mut self, name: &str, text: &Result<String, String>) {
        let text = match text {
            Ok(text) => text,
            Err(problem) => return self.loaded.problems.push(problem.clone()),
        };
        for Document { number, line, content } in yaml::parse(text) {
            let place = Position { file: name.to_owned(), document: number, line };
            match content {
                Ok(object) => self.add(object, &place),
                Err(problem) => self.loaded.problems.push(format!("{place}: {problem}")),
            }
        }
    }

    fn add(&mut self, mut object: Value, place: &Position) {
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
                let slots = (self.loaded.objects.get_mut(*index), self.loaded.positions.get_mut(*index));
                if let (Some(slot), Some(position)) = slots {
                    (*slot, *position) = (object, place.clone());
                }
                *earlier = place.clone();
            }
            None => {
                self.known.insert(identity, (self.loaded.objects.len(), place.clone()));
                self.loaded.objects.push(object);
                self.loaded.positions.push(place.clone());
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

    struct Folder(tempfile::TempDir);

    impl Folder {
        fn new(files: &[(&str, &str)]) -> Self {
            let folder = Self(tempfile::tempdir().unwrap());
            files.iter().for_each(|(path, text)| folder.write(path, text));
            folder
        }

        fn path(&self, path: &str) -> PathBuf {
            self.0.path().join(path)
        }

        fn write(&self, path: &str, text: &str) {
            let path = self.path(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
    }

    fn in_use(manifests: &Manifests) -> Vec<String> {
        names(&manifests.loaded()).into_iter().map(str::to_owned).collect()
    }

    #[test]
    fn what_changes_is_seen_once_and_what_does_not_is_not() {
        let folder = Folder::new(&[("a.yaml", &service("a")), ("sub/b.yaml", &service("b"))]);
        let mut stdin = service("c");
        let paths = [folder.path(""), "-".into()];
        let mut manifests = Manifests::new(&paths, &mut std::mem::take(&mut stdin).as_bytes());
        assert_eq!(in_use(&manifests), ["a", "b", "c"]);
        assert!(!manifests.look());
        // The same length within the same moment.
        folder.write("a.yaml", &service("x"));
        assert!(manifests.look() && !manifests.look());
        folder.write("new.yaml", &service("new"));
        fs::remove_file(folder.path("sub/b.yaml")).unwrap();
        assert!(manifests.look() && !manifests.look());
        assert_eq!(in_use(&manifests), ["x", "new", "c"]);
        folder.write("new.yaml", &service("new"));
        assert!(!manifests.look());
        assert_eq!(manifests.loaded().problems, Vec::<String>::new());
    }

    #[test]
    fn a_file_that_breaks_keeps_its_objects_and_the_others_change() {
        let folder = Folder::new(&[("a.yaml", &service("a")), ("b.yaml", &service("b"))]);
        let mut manifests =
            Manifests::new(&[folder.path("a.yaml"), folder.path("b.yaml")], &mut std::io::empty());
        for broken in ["kind: [", "not an object", "kind: Service"] {
            folder.write("a.yaml", &format!("{}---\n{broken}", service("x")));
            assert!(manifests.look() && !manifests.look());
            let loaded = manifests.loaded();
            assert_eq!(names(&loaded), ["a", "b"]);
            assert_eq!(loaded.problems.len(), 1);
            assert!(loaded.problems[0].contains("a.yaml: document 2 (line "), "{:?}", loaded.problems);
            assert!(loaded.problems[0].ends_with("; the objects it had before stay"));
        }
        fs::remove_file(folder.path("a.yaml")).unwrap();
        folder.write("b.yaml", &service("other"));
        assert!(manifests.look());
        assert_eq!(in_use(&manifests), ["a", "other"]);
        assert!(manifests.loaded().problems[0].contains("No such file"));
        folder.write("a.yaml", &service("z"));
        assert!(manifests.look());
        assert_eq!(
            (in_use(&manifests), manifests.loaded().problems),
            (vec!["z".into(), "other".into()], vec![])
        );
    }

    #[test]
    fn a_file_that_was_broken_from_the_start_is_used_once_it_is_whole() {
        let folder = Folder::new(&[("a.yaml", &format!("{}---\nkind: [", service("a")))]);
        let mut manifests = Manifests::new(&[folder.path("")], &mut std::io::empty());
        assert_eq!((in_use(&manifests), manifests.loaded().problems.len()), (vec!["a".to_owned()], 1));
        folder.write("a.yaml", &format!("{}---\n{}", service("a"), service("b")));
        assert!(manifests.look());
        assert_eq!((in_use(&manifests), manifests.loaded().problems), (vec!["a".into(), "b".into()], vec![]));
    }

    #[test]
    fn a_folder_that_is_gone_or_empty_keeps_what_it_had() {
        let folder = Folder::new(&[("sub/a.yaml", &service("a"))]);
        let mut manifests = Manifests::new(&[folder.path("sub")], &mut std::io::empty());
        fs::rename(folder.path("sub"), folder.path("away")).unwrap();
        assert!(manifests.look() && !manifests.look());
        assert_eq!((in_use(&manifests), manifests.loaded().problems.len()), (vec!["a".to_owned()], 2));
        fs::create_dir(folder.path("sub")).unwrap();
        manifests.look();
        assert_eq!((in_use(&manifests), manifests.loaded().problems.len()), (vec!["a".to_owned()], 2));
        folder.write("sub/b.yaml", &service("b"));
        assert!(manifests.look());
        assert_eq!((in_use(&manifests), manifests.loaded().problems), (vec!["b".to_owned()], vec![]));
    }

    /// As the kubelet mounts a ConfigMap: each file is a link through `..data`, which is swapped.
    #[test]
    fn a_swapped_link_is_a_change() {
        let folder = Folder::new(&[("..1/a.yaml", &service("a")), ("..2/a.yaml", &service("b"))]);
        let link = |target: &str, name: &str| {
            std::os::unix::fs::symlink(target, folder.path("..new")).unwrap();
            fs::rename(folder.path("..new"), folder.path(name)).unwrap();
        };
        link("..1", "..data");
        link("..data/a.yaml", "a.yaml");
        let mut manifests = Manifests::new(&[folder.path("")], &mut std::io::empty());
        assert_eq!(in_use(&manifests), ["a"]);
        link("..2", "..data");
        assert!(manifests.look());
        assert_eq!(in_use(&manifests), ["b"]);
    }
}
