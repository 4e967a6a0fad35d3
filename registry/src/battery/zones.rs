//! A name in several zones has one row.

use super::{Done, Instance, Problem, Stage, Subject, items, none, record, wish};
use zonewright_planner::{DnsName, Record, ZoneId};

const WEB: &str = "web.example.org";
const KEY: &str = "web.example.org#A#";

fn in_zone(zone: &str) -> Result<Record, Problem> {
    Ok(Record { zone: ZoneId::new(zone), ..record(WEB, "A", "192.0.2.1")? })
}

fn with_homes(stage: &Stage, homes: &[&str]) -> Result<Instance, Problem> {
    let mut me = Instance::of(stage, "me")?;
    let homes = homes.iter().map(|id| ZoneId::new(*id)).collect();
    me.homes = [(DnsName::parse(WEB)?, homes)].into();
    Ok(me)
}

pub(super) async fn a_row_is_written_once_and_stays_while_one_zone_has_the_record(table: &Subject) -> Done {
    let stage = Stage::new(table, &[], Vec::new()).await?;
    let mut me = with_homes(&stage, &["private", "public"])?;
    let wishes = [wish(WEB, "A", "192.0.2.1")?];
    let told = me.cycle(&wishes, &none()).await?;
    same!(told.done, [format!("+row {KEY}"), format!("+A {WEB}"), format!("+A {WEB}")]);
    so!(me.cycle(&wishes, &none()).await?.done.is_empty());
    // One of them goes by hand and comes back.
    stage.change_zone(|zone| drop(zone.pop()));
    same!(me.cycle(&wishes, &none()).await?.done, [format!("+A {WEB}")]);
    let told = me.cycle(&[], &none()).await?;
    same!(told.done, [format!("-A {WEB}"), format!("-A {WEB}"), format!("-row {KEY}")]);
    Ok(())
}

pub(super) async fn a_zone_that_refuses_to_delete_keeps_the_row(table: &Subject) -> Done {
    let stage =
        Stage::new(table, &items(&[(KEY, "me")]), vec![in_zone("private")?, in_zone("public")?]).await?;
    let mut me = with_homes(&stage, &["private", "public"])?;
    stage.break_after(Some(1));
    same!(me.cycle(&[], &none()).await?.done, [format!("-A {WEB}")]);
    stage.break_after(None);
    same!(stage.rows().await?.len(), 1);
    same!(me.cycle(&[], &none()).await?.done, [format!("-A {WEB}"), format!("-row {KEY}")]);
    Ok(())
}
