//! Tables whose rows say what their records are, and whether these are there. Others are left out.

use super::{Done, Instance, Problem, Stage, Subject, item, none, record, wish};
use crate::Item;
use zonewright_planner::Endpoint;
use zonewright_provider_kit::ErrorClass;

const WEB: &str = "web.example.org";
const KEY: &str = "web.example.org#A#";

/// An empty stage, for tables that keep records.
async fn keeping(table: &Subject, rows: &[Item]) -> Result<Option<Stage>, Problem> {
    if !table.reader().keeps_records() {
        return Ok(None);
    }
    let stage = Stage::new(table, rows, Vec::new()).await?;
    stage.keep_records();
    Ok(Some(stage))
}

fn wishes(target: &str) -> Result<[Endpoint; 1], Problem> {
    Ok([wish(WEB, "A", target)?])
}

/// Whether each row says that its record is there.
async fn confirmed(stage: &Stage) -> Result<Vec<bool>, Problem> {
    Ok(stage.items().await?.iter().map(|item| item.is_confirmed).collect())
}

pub(super) async fn a_row_says_what_came_of_its_record(table: &Subject) -> Done {
    let Some(stage) = keeping(table, &[]).await? else { return Ok(()) };
    let mut me = Instance::of(&stage, "me")?;
    let told = me.cycle(&wishes("192.0.2.1")?, &none()).await?;
    same!(told.done, [format!("+row {KEY}"), format!("+A {WEB}"), format!("=row {KEY}")]);
    same!(confirmed(&stage).await?, [true]);
    so!(me.cycle(&wishes("192.0.2.1")?, &none()).await?.done.is_empty());
    let told = me.cycle(&wishes("192.0.2.2")?, &none()).await?;
    same!(told.done, [format!("~row {KEY}"), format!("~A {WEB}"), format!("=row {KEY}")]);
    same!(confirmed(&stage).await?, [true]);
    let mut again = Instance::of(&stage, "me")?;
    so!(again.cycle(&wishes("192.0.2.2")?, &none()).await?.done.is_empty());
    same!(again.cycle(&[], &none()).await?.done, [format!("-A {WEB}"), format!("-row {KEY}")]);
    same!(stage.rows().await?, []);
    Ok(())
}

pub(super) async fn a_row_says_that_its_record_was_refused(table: &Subject) -> Done {
    let Some(stage) = keeping(table, &[]).await? else { return Ok(()) };
    let mut me = Instance::of(&stage, "me")?;
    stage.refuse(true);
    let told = me.cycle(&wishes("192.0.2.1")?, &none()).await?;
    same!(told.done, [format!("+row {KEY}"), format!("=row {KEY}")]);
    same!(told.failure()?.class(), ErrorClass::InvalidRecord);
    same!(confirmed(&stage).await?, [false]);
    stage.refuse(false);
    let mut me = Instance::of(&stage, "me")?;
    let told = me.cycle(&wishes("192.0.2.1")?, &none()).await?;
    same!(told.done, [format!("~row {KEY}"), format!("+A {WEB}"), format!("=row {KEY}")]);
    same!(confirmed(&stage).await?, [true]);
    Ok(())
}

pub(super) async fn a_row_that_was_not_told_of_its_record_is_told_by_the_next_run(table: &Subject) -> Done {
    let Some(stage) = keeping(table, &[]).await? else { return Ok(()) };
    let mut me = Instance::of(&stage, "me")?;
    stage.break_after(Some(2));
    let told = me.cycle(&wishes("192.0.2.1")?, &none()).await?;
    same!(told.done, [format!("+row {KEY}"), format!("+A {WEB}")]);
    so!(told.failures.is_empty(), "the record is there");
    same!(confirmed(&stage).await?, [false]);
    stage.break_after(None);
    let told = me.cycle(&wishes("192.0.2.1")?, &none()).await?;
    same!(told.done, [format!("~row {KEY}"), format!("=row {KEY}")]);
    so!(me.cycle(&wishes("192.0.2.1")?, &none()).await?.done.is_empty());
    same!(confirmed(&stage).await?, [true]);
    Ok(())
}

pub(super) async fn rows_without_a_word_about_their_records_are_told_once(table: &Subject) -> Done {
    let unsaid = Item { is_confirmed: false, ..item(KEY, "me") };
    let theirs = Item { is_confirmed: false, ..item("two.example.org#A#", "them") };
    let Some(stage) = keeping(table, &[unsaid, theirs]).await? else { return Ok(()) };
    let records = [record(WEB, "A", "192.0.2.1")?, record("two.example.org", "A", "192.0.2.2")?];
    stage.change_zone(|zone| zone.extend(records));
    let mut me = Instance::of(&stage, "me")?;
    let told = me.cycle(&wishes("192.0.2.1")?, &none()).await?;
    same!(told.done, [format!("~row {KEY}"), format!("=row {KEY}")]);
    so!(me.cycle(&wishes("192.0.2.1")?, &none()).await?.done.is_empty());
    same!(confirmed(&stage).await?, [false, true]);
    Ok(())
}
