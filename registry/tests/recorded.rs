//! The recorded cases of `tests/conformance`, as far as they concern planner and registry alone: DNSEndpoint objects in,
//! changes of the webhook protocol out. After each run it is also checked that what the rows remember is what a new listing
//! would tell.
#![expect(clippy::unwrap_used, reason = "clippy.toml allows it in test functions, not in what they call")]

use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use zonewright_planner::{
    Change, DeleteReason, DomainFilter, Endpoint, Holds, Homes, ManagedTypes, Owner, PlanInput, Policy,
    Record, RecordType, Scope, ZoneId, plan,
};
use zonewright_provider_kit::ZoneChange;
use zonewright_provider_kit::wire::{WireChanges, WireEndpoint};
use zonewright_registry::{NonceSource, Registry, TxtRegistry, TxtSettings};

#[derive(Deserialize)]
struct Case {
    flags: Vec<String>,
    #[serde(default)]
    env: serde_json::Map<String, Value>,
    domain: Option<Value>,
    #[serde(default)]
    records: Vec<Value>,
    #[serde(default)]
    objects: Vec<Value>,
    #[serde(default)]
    steps: Vec<Step>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Step {
    apply: Vec<Value>,
    delete: Vec<Value>,
    flags: Option<Vec<String>>,
}

/// Not for this test: answers that differ on purpose (`tests/conformance/differences.txt` says why), and what flags and
/// sources do before anything is planned.
const ELSEWHERE: &[&str] = &[
    "name-",
    "domain-filter-case-and-dot",
    "domain-filter-idn",
    "policy-upsert-only-type-change",
    "target-cname-trailing-dot",
    "migrate-owner-updates-and-deletes",
    "owner-twice-refused",
    "provider-specific-foreign-dropped",
    "same-endpoint-twice-in-one-object",
];

#[test]
fn planner_and_registry_do_what_was_recorded() {
    let (mut passed, mut failures) = (0, Vec::new());
    for (area, must_pass) in [("registry", 60), ("plan", 44)] {
        let before = passed;
        for file in cases(area) {
            let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
            if ELSEWHERE.iter().any(|prefix| name.starts_with(prefix)) {
                continue;
            }
            match run(&file) {
                None => {}
                Some(Ok(())) => passed += 1,
                Some(Err(why)) => failures.push(format!("{area}/{name}: {why}")),
            }
        }
        assert!(
            passed - before + failures.len() >= must_pass,
            "only {} cases of {area} ran",
            passed - before
        );
    }
    assert!(failures.is_empty(), "{passed} passed, {} failed\n{}", failures.len(), failures.join("\n"));
}

fn cases(area: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/conformance").join(area);
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    files
}

/// What the flags of a run mean; `None` when they go beyond planner and registry.
struct Setup {
    registry: Result<Registry, String>,
    policy: Policy,
    managed: ManagedTypes,
    filter: DomainFilter,
}

fn setup(flags: &[String]) -> Option<Setup> {
    let mut policy = None;
    let mut registry = "txt".to_owned();
    let (mut managed, mut excluded, mut included) = (Vec::new(), Vec::new(), Vec::new());
    let mut txt = settings();
    for flag in flags {
        let (name, value) = flag.split_once('=').unwrap_or((flag, ""));
        match name {
            "--source" if value == "crd" => {}
            "--policy" => policy = Some(value),
            "--registry" => registry = value.to_owned(),
            "--txt-owner-id" => txt.owner = Owner::new(value),
            "--migrate-from-txt-owner" => txt.migrate_from = Owner::new(value),
            "--txt-prefix" => txt.prefix = value.to_owned(),
            "--txt-suffix" => txt.suffix = value.to_owned(),
            "--txt-wildcard-replacement" => txt.wildcard_replacement = value.to_owned(),
            "--txt-encrypt-enabled" => txt.encrypt = true,
            "--txt-encrypt-aes-key" => txt.key = Some(value.into()),
            "--managed-record-types" => managed.push(RecordType::from_text(value)),
            "--exclude-record-types" => excluded.push(RecordType::from_text(value)),
            "--domain-filter" => included.push(value.to_owned()),
            _ => return None,
        }
    }
    let policy = [Policy::Sync, Policy::UpsertOnly, Policy::CreateOnly]
        .into_iter()
        .find(|p| Some(p.as_str()) == policy)?;
    if managed.is_empty() {
        managed = vec![RecordType::A, RecordType::Aaaa, RecordType::Cname];
    }
    txt.managed = ManagedTypes::new(managed, &excluded);
    let managed = txt.managed.clone();
    let registry = match registry.as_str() {
        "txt" => {
            TxtRegistry::new(txt).map(|txt| Registry::Txt(Box::new(txt))).map_err(|error| error.to_string())
        }
        "noop" => Ok(Registry::Noop),
        _ => return None,
    };
    let filter = DomainFilter::from_suffixes::<String>(&included, &[]).ok()?;
    Some(Setup { registry, policy, managed, filter })
}

fn settings() -> TxtSettings {
    TxtSettings::new("default", NonceSource::from_seed([1; 32]))
}

/// `None`: the case needs more than planner and registry.
fn run(file: &Path) -> Option<Result<(), String>> {
    let case: Case = serde_saphyr::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let answers = std::fs::read_to_string(file.with_extension("expected.json")).unwrap();
    let answers: Vec<Value> = serde_json::from_str(&answers).unwrap();
    if !case.env.is_empty() || case.domain.is_some() {
        return None;
    }
    let mut objects = case.objects;
    let mut zone: Vec<Value> = case.records;
    let steps: Vec<Step> = std::iter::once(Step::default()).chain(case.steps).collect();
    for (run, (step, answer)) in steps.into_iter().zip(&answers).enumerate() {
        let is = |object: &Value, other: &Value| object["metadata"]["name"] == other["metadata"]["name"];
        objects.retain(|object| !step.apply.iter().chain(&step.delete).any(|other| is(object, other)));
        objects.extend(step.apply);
        let wishes = wishes(&objects)?;
        let setup = setup(step.flags.as_ref().unwrap_or(&case.flags))?;
        let registry = match setup.registry {
            Ok(_) if answer["ok"] == json!(false) => {
                return Some(Err(format!("run {run} was to be refused")));
            }
            Ok(registry) => registry,
            Err(_) if answer["ok"] == json!(false) => continue,
            Err(error) => return Some(Err(error)),
        };
        let setup = Setup { registry: Ok(registry), ..setup };
        let changes = match cycle(&setup, &mut zone, &wishes) {
            Ok(changes) => changes,
            Err(why) => return Some(Err(format!("run {run}: {why}"))),
        };
        for (what, expected, found) in [
            ("changes", &answer["changes"], &changes),
            ("records", &answer["records"], &Value::Array(zone.clone())),
        ] {
            let (expected, found) = (normal(expected), normal(found));
            if expected != found {
                return Some(Err(format!("run {run}: {what}\n  expected {expected}\n  found    {found}")));
            }
        }
    }
    Some(Ok(()))
}

fn wishes(objects: &[Value]) -> Option<Vec<Endpoint>> {
    let mut wishes = Vec::new();
    for object in objects {
        let (kind, meta) = (&object["kind"], &object["metadata"]);
        if kind != "DNSEndpoint" || meta.as_object()?.keys().any(|key| key != "name") {
            return None;
        }
        for entry in object["spec"]["endpoints"].as_array()? {
            let text = entry.to_string();
            let wire: WireEndpoint<'_> = serde_json::from_str(&text).ok()?;
            let mut endpoint = wire.to_endpoint().ok()?;
            endpoint.labels.set("resource", format!("crd/default/{}", meta["name"].as_str()?));
            wishes.push(endpoint);
        }
    }
    Some(wishes)
}

/// One cycle as the daemon runs it, against a zone that the recorded provider would hold.
fn cycle(setup: &Setup, zone: &mut Vec<Value>, wishes: &[Endpoint]) -> Result<Value, String> {
    let registry = setup.registry.as_ref().unwrap();
    let mut owned = registry.read(listing(zone));
    let blocked = |wish: &&Endpoint| registry.writable(wish).or(registry.keeps_clear(wish, &owned.rows));
    if let Some(why) = wishes.iter().find_map(|wish| blocked(&wish).err()) {
        return Err(why);
    }
    let input = PlanInput {
        desired: wishes,
        current: owned.records.iter().collect(),
        holds: &Holds::default(),
        claims: vec![&owned.claims],
        filters: std::slice::from_ref(&setup.filter),
        managed: &setup.managed,
        policy: setup.policy,
        owner: registry.owner(),
        scope: Scope::All,
        shared: Default::default(),
        homes: &Homes::new(),
    };
    let mut plan = plan(&input);
    plan.tidy(&input, registry.leftovers(&owned.rows));
    let changes = registry.decorate_all(plan.changes, &owned.rows);
    let wire = to_wire(&changes);
    for gone in wire.delete.iter().chain(&wire.update_old) {
        let key = |e: &Value| [e["dnsName"].clone(), e["recordType"].clone(), e["setIdentifier"].clone()];
        zone.retain(|record| key(record) != key(gone));
    }
    for new in wire.create.iter().chain(&wire.update_new) {
        let mut new = new.clone();
        new.as_object_mut().unwrap().remove("labels");
        zone.push(new);
    }
    changes.iter().for_each(|change| owned.rows.applied(change));
    let after = registry.read(listing(zone));
    for record in after.records {
        let delete = Change::delete(record, DeleteReason::NoLongerWanted);
        let (remembered, listed) =
            (registry.decorate(delete.clone(), &owned.rows), registry.decorate(delete, &after.rows));
        if remembered != listed {
            return Err(format!("remembered {remembered:?}\n  listed     {listed:?}"));
        }
    }
    Ok(serde_json::to_value(wire).unwrap())
}

fn listing(zone: &[Value]) -> Vec<Record> {
    let record = |value: &Value| {
        let text = value.to_string();
        let wire: WireEndpoint<'_> = serde_json::from_str(&text).unwrap();
        wire.to_record(ZoneId::new("zone")).unwrap()
    };
    zone.iter().map(record).collect()
}

/// The lists of the webhook protocol, as `RowChange` documents them.
fn to_wire(changes: &[ZoneChange]) -> WireChanges<Value> {
    let read = |record: &Record| serde_json::to_value(WireEndpoint::from(record)).unwrap();
    let wish = |endpoint: &Endpoint| serde_json::to_value(WireEndpoint::from(endpoint)).unwrap();
    let mut wire = WireChanges::default();
    for change in changes {
        let force = |mut value: Value| {
            if matches!(&change.change, Change::Update { old, .. } | Change::Delete { old, .. } if old.ownership.row_missing)
            {
                let mark = json!({"name": "txt/force-update", "value": "true"});
                let properties =
                    value.as_object_mut().unwrap().entry("providerSpecific").or_insert(json!([]));
                properties.as_array_mut().unwrap().push(mark);
            }
            value
        };
        match &change.change {
            Change::Create { new, .. } => wire.create.push(wish(new)),
            Change::Update { old, new, .. } => {
                wire.update_old.push(force(read(old)));
                wire.update_new.push(wish(new));
            }
            Change::Delete { old, .. } => wire.delete.push(force(read(old))),
        }
        for row in &change.rows {
            match (&row.expected, &row.write) {
                (Some(old), Some(new)) => {
                    wire.update_old.push(force(wish(old)));
                    wire.update_new.push(wish(new));
                }
                (Some(old), None) => wire.delete.push(force(wish(old))),
                (None, Some(new)) if row.read.is_none() => wire.create.push(wish(new)),
                _ => {}
            }
        }
    }
    wire
}

/// Lists as sets, targets and properties sorted, nulls and empty lists left out.
fn normal(value: &Value) -> Value {
    match value {
        Value::Array(list) => {
            let sorted: BTreeSet<String> = list.iter().map(|item| normal(item).to_string()).collect();
            Value::Array(sorted.iter().map(|item| serde_json::from_str(item).unwrap()).collect())
        }
        Value::Object(map) => {
            let kept = map.iter().map(|(key, value)| (key.clone(), normal(value)));
            Value::Object(kept.filter(|(_, value)| !value.is_null() && *value != json!([])).collect())
        }
        other => other.clone(),
    }
}
