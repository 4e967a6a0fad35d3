//! Runs that end half-way, at every point: the next one brings about what an undisturbed one would have, and at no moment does a record
//! of ours stand there without an owner.

use super::{Done, Instance, Problem, Stage, Subject, item, none, record, settings, wish};
use crate::{Item, RowError, TxtSettings};
use zonewright_planner::{Endpoint, ManagedTypes, Policy, RecordType};
use zonewright_provider_kit::{ErrorClass, ProviderError};

const WEB: &str = "web.example.org";
const TWO: &str = "two.example.org";
const WEB_ROW: &str = "web.example.org#A#";
const TWO_ROW: &str = "two.example.org#A#";
const TXT: &str = "\"heritage=external-dns,external-dns/owner=me,external-dns/resource=crd/default/web\"";

type Line = (&'static str, &'static str, &'static str);

/// What stands there at first, and what is wanted.
struct Case {
    rows: &'static [&'static str],
    zone: &'static [Line],
    wishes: &'static [Line],
}

const CASES: &[(&str, Case)] = &[
    (
        "create",
        Case {
            rows: &[],
            zone: &[],
            wishes: &[(WEB, "A", "192.0.2.1"), (WEB, "AAAA", "2001:db8::1"), (TWO, "A", "192.0.2.2")],
        },
    ),
    ("create beside a row", Case { rows: &[WEB_ROW], zone: &[], wishes: &[(WEB, "A", "192.0.2.1")] }),
    (
        "update",
        Case { rows: &[WEB_ROW], zone: &[(WEB, "A", "192.0.2.1")], wishes: &[(WEB, "A", "192.0.2.2")] },
    ),
    (
        "change of type",
        Case {
            rows: &[WEB_ROW],
            zone: &[(WEB, "A", "192.0.2.1")],
            wishes: &[(WEB, "CNAME", "lb.example.net")],
        },
    ),
    (
        "delete",
        Case {
            rows: &[WEB_ROW, TWO_ROW],
            zone: &[(WEB, "A", "192.0.2.1"), (TWO, "A", "192.0.2.2")],
            wishes: &[],
        },
    ),
    ("tidy", Case { rows: &[WEB_ROW, TWO_ROW], zone: &[], wishes: &[] }),
    (
        "from txt",
        Case {
            rows: &[],
            zone: &[
                (WEB, "A", "192.0.2.1"),
                ("a-web.example.org", "TXT", TXT),
                (TWO, "A", "192.0.2.2"),
                ("a-two.example.org", "TXT", TXT),
            ],
            wishes: &[(WEB, "A", "192.0.2.9"), (TWO, "A", "192.0.2.2")],
        },
    ),
];

pub(super) async fn the_next_run_completes_what_was_left_half_done(table: &Subject) -> Done {
    for (name, case) in CASES {
        case.end_everywhere(table, name).await?;
    }
    Ok(())
}

impl Case {
    /// Ends the run after every number of steps there is.
    async fn end_everywhere(&self, table: &Subject, name: &str) -> Done {
        let wishes = self.wishes.iter().map(|(name, kind, target)| wish(name, kind, target));
        let wishes: Vec<Endpoint> = wishes.collect::<Result<_, _>>()?;
        let clean = stage(table, self.rows, self.zone).await?;
        instance(&clean)?.cycle(&wishes, &none()).await?;
        let clean = State::of(&clean).await?;
        let mut steps = 0;
        loop {
            let what = format!("{name}, after {steps} steps");
            let stage = stage(table, self.rows, self.zone).await?;
            stage.break_after(Some(steps));
            let mut me = instance(&stage)?;
            let told = me.cycle(&wishes, &none()).await?;
            stage.break_after(None);
            // Another instance takes its place, or the same goes on.
            let left = stage.snapshot().await?;
            let mut other = instance(&stage)?;
            all_are_owned(&other, &stage, &what).await?;
            for me in [&mut other, &mut me] {
                stage.restore(&left).await?;
                me.cycle(&wishes, &none()).await?;
                same!(State::of(&stage).await?, clean, "{what}");
                so!(me.cycle(&wishes, &none()).await?.done.is_empty(), "{what}");
            }
            if told.failures.is_empty() {
                break;
            }
            steps += 1;
        }
        so!(steps > 0, "{name}");
        Ok(())
    }
}

/// Owners of rows, and records.
#[derive(Debug, PartialEq)]
struct State(Vec<(String, String)>, Vec<String>);

impl State {
    async fn of(stage: &Stage) -> Result<Self, Problem> {
        Ok(Self(stage.rows().await?, stage.zone()))
    }
}

async fn stage(table: &Subject, rows: &[&str], zone: &[Line]) -> Result<Stage, Problem> {
    let rows: Vec<Item> = rows.iter().map(|key| item(key, "me")).collect();
    let zone = zone.iter().map(|(name, kind, target)| record(name, kind, target));
    Stage::new(table, &rows, zone.collect::<Result<_, _>>()?).await
}

fn instance(stage: &Stage) -> Result<Instance, Problem> {
    let types = ["A", "AAAA", "CNAME", "TXT"].map(RecordType::from_text);
    let settings = TxtSettings { managed: ManagedTypes::new(types, &[]), ..settings("me") };
    Instance::new(stage, settings, Policy::Sync)
}

async fn all_are_owned(me: &Instance, stage: &Stage, what: &str) -> Done {
    me.registry.refresh(me.now).await.map_err(|error| Problem::Call("read", error))?;
    let owned = me.registry.read(stage.records()).records;
    let orphan = owned.iter().find(|record| record.labels.owner() != Some("me"));
    same!(orphan, None, "{what}");
    Ok(())
}

pub(super) async fn a_row_that_cannot_be_written_keeps_its_record_from_being_written(
    table: &Subject,
) -> Done {
    let stage = stage(table, &[], &[]).await?;
    let throttled = ProviderError::new(ErrorClass::Throttled { retry_after: None }, "too many");
    stage.answer(RowError::Failed(throttled));
    let mut me = instance(&stage)?;
    let wishes =
        [wish(WEB, "A", "192.0.2.1")?, wish(WEB, "AAAA", "2001:db8::1")?, wish(TWO, "A", "192.0.2.2")?];
    let told = me.cycle(&wishes, &none()).await?;
    // The first statement was about `two`.
    so!(matches!(told.failure()?.class(), ErrorClass::Throttled { .. }));
    same!(stage.zone().len(), 2);
    same!(me.cycle(&wishes, &none()).await?.done, ["+row two.example.org#A#", "+A two.example.org"]);
    same!(stage.scans(), 1, "what was refused is known not to be there");
    Ok(())
}

pub(super) async fn an_unknown_outcome_makes_the_table_be_read_again(table: &Subject) -> Done {
    let stage = stage(table, &[], &[]).await?;
    let lost = ProviderError::new(ErrorClass::Unavailable, "no answer").with_unknown_outcome();
    stage.answer(RowError::Failed(lost));
    let mut me = instance(&stage)?;
    let wishes = [wish(WEB, "A", "192.0.2.1")?];
    same!(me.cycle(&wishes, &none()).await?.failures.len(), 1);
    // It had been carried out.
    stage.put(item(WEB_ROW, "me")).await?;
    same!(me.cycle(&wishes, &none()).await?.done, ["+A web.example.org"]);
    same!(stage.scans(), 2);
    Ok(())
}

pub(super) async fn a_row_that_outlives_its_record_is_told_and_goes_with_the_next_run(
    table: &Subject,
) -> Done {
    let stage = stage(table, &[WEB_ROW], &[(WEB, "A", "192.0.2.1")]).await?;
    let mut me = instance(&stage)?;
    stage.break_after(Some(1));
    let told = me.cycle(&[], &none()).await?;
    same!(told.done, ["-A web.example.org"]);
    let error = told.failure()?;
    so!(
        error.is_outcome_unknown() && error.to_string().contains("is deleted, but its row in table"),
        "{error}"
    );
    stage.break_after(None);
    same!(me.cycle(&[], &none()).await?.done, ["-row web.example.org#A#"]);
    Ok(())
}
