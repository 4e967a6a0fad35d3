//! The recorded answers of ExternalDNS, as data.

use serde::Deserialize;
use serde_json::Value as Json;

use crate::sources::template::{TemplateFlags, Templates};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    case: String,
    source: String,
    #[serde(default)]
    fqdn: Vec<String>,
    #[serde(default)]
    target: Vec<String>,
    #[serde(default)]
    pairs: Vec<String>,
    object: Json,
    #[serde(default)]
    names: Vec<String>,
    #[serde(default)]
    targets: Vec<String>,
    #[serde(default)]
    pair_names: Vec<String>,
    #[serde(default)]
    fails: Option<Failure>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Failure {
    Start,
    Run,
}

#[derive(Debug, Default, PartialEq)]
struct Answer {
    names: Vec<String>,
    targets: Vec<String>,
    pair_names: Vec<String>,
}

#[test]
fn recorded_templates_give_the_recorded_names() {
    let cases: Vec<Case> = serde_saphyr::from_str(include_str!("recorded.yaml")).unwrap();
    assert!(cases.len() > 90);
    let wrong: Vec<String> = cases.into_iter().filter_map(|case| check(case).err()).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn check(case: Case) -> Result<(), String> {
    let name = case.case.clone();
    let wanted = match case.fails {
        Some(failure) => Err(failure),
        None => Ok(Answer {
            names: case.names.clone(),
            targets: case.targets.clone(),
            pair_names: case.pair_names.clone(),
        }),
    };
    let got = run(case);
    let failure = got.as_ref().map_err(|(failure, _)| *failure);
    if failure == wanted.as_ref().map_err(|failure| *failure) {
        return Ok(());
    }
    Err(format!("{name}: wanted {wanted:?}, got {got:?}"))
}

fn run(case: Case) -> Result<Answer, (Failure, String)> {
    let flags =
        TemplateFlags { fqdn: case.fqdn, target: case.target, fqdn_target: case.pairs, combine: false };
    let templates = Templates::parse(&flags).map_err(|error| (Failure::Start, error.to_string()))?;
    let templates = templates.scoped(case.source.leak());
    let run = |error: crate::sources::template::TemplateError| (Failure::Run, error.to_string());
    let mut pair_names: Vec<String> =
        templates.fqdn_targets(&case.object).map_err(run)?.into_iter().map(|(name, _)| name).collect();
    pair_names.dedup();
    Ok(Answer {
        names: templates.fqdn(&case.object).map_err(run)?,
        targets: templates.targets(&case.object).map_err(run)?,
        pair_names,
    })
}
