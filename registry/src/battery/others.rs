//! Several owners in one table, and rows that change behind our back.

use super::{Done, Instance, Problem, RESOURCE, Stage, Subject, item, items, none, record, settings, wish};
use crate::TxtSettings;
use zonewright_planner::{Endpoint, Owner, Policy, RecordType, Ttl};
use zonewright_provider_kit::ErrorClass;

const WEB: &str = "web.example.org";
const KEY: &str = "web.example.org#A#";
/// Of another object than the one of every wish and row.
const OTHER: &str = "crd/default/other";

pub(super) async fn two_owners_share_a_table_and_leave_each_others_rows_alone(table: &Subject) -> Done {
    let stage = Stage::new(table, &[], Vec::new()).await?;
    let (mut a, mut b) = (Instance::of(&stage, "a")?, Instance::of(&stage, "b")?);
    let of_a = [wish("a.example.org", "A", "192.0.2.1")?, wish(WEB, "A", "192.0.2.1")?];
    let of_b = [wish("b.example.org", "A", "192.0.2.2")?, wish(WEB, "A", "192.0.2.2")?];
    same!(a.cycle(&of_a, &none()).await?.done.len(), 4);
    let told = b.cycle(&of_b, &none()).await?;
    same!(told.done, ["+row b.example.org#A#", "+A b.example.org"]);
    same!(told.codes(), ["foreign-owner"]);
    so!(a.cycle(&of_a, &none()).await?.done.is_empty());
    same!(a.cycle(&[], &none()).await?.done.len(), 4);
    same!(stage.rows().await?, [("b.example.org#A#".to_owned(), "b".to_owned())]);
    same!(stage.zone().len(), 1);
    Ok(())
}

pub(super) async fn a_name_that_another_owner_takes_meanwhile_is_left_to_it(table: &Subject) -> Done {
    let stage = Stage::new(table, &[], Vec::new()).await?;
    let mut me = Instance::of(&stage, "me")?;
    me.cycle(&[], &none()).await?;
    stage.put(item(KEY, "them")).await?;
    let wishes = [wish(WEB, "A", "192.0.2.1")?, wish("two.example.org", "A", "192.0.2.2")?];
    let told = me.cycle(&wishes, &none()).await?;
    same!(told.done, ["+row two.example.org#A#", "+A two.example.org"]);
    same!(told.failure()?.class(), ErrorClass::Conflict);
    let expected = format!("web.example.org A in table {} was written by somebody else", stage.table());
    so!(told.failure()?.to_string().contains(&expected), "{told:?}");
    // The failure makes the table be read again, and then it is known.
    let told = me.cycle(&wishes, &none()).await?;
    so!(told.done.is_empty() && told.failures.is_empty());
    same!(told.codes(), ["claimed"]);
    same!(stage.scans(), 2);
    Ok(())
}

pub(super) async fn a_row_that_another_owner_takes_over_meanwhile_is_neither_changed_nor_removed(
    table: &Subject,
) -> Done {
    for (wishes, expected) in
        [(vec![wish(WEB, "A", "192.0.2.1")?.with_label("resource", OTHER)], 0), (vec![], 1)]
    {
        let stage = Stage::new(table, &items(&[(KEY, "me")]), vec![record(WEB, "A", "192.0.2.1")?]).await?;
        let mut me = Instance::of(&stage, "me")?;
        me.cycle(&[wish(WEB, "A", "192.0.2.1")?], &none()).await?;
        stage.put(item(KEY, "them")).await?;
        let changed: Vec<_> = wishes.into_iter().map(|w| w.with_ttl(Ttl::from_seconds(300))).collect();
        let told = me.cycle(&changed, &none()).await?;
        // An update is refused; of a delete it is noticed after the record is gone.
        same!(told.done.len(), expected, "{told:?}");
        same!(stage.rows().await?, [(KEY.to_owned(), "them".to_owned())]);
        so!(me.cycle(&changed, &none()).await?.done.is_empty());
    }
    Ok(())
}

pub(super) async fn a_row_that_vanishes_meanwhile_is_noticed_by_the_next_write(table: &Subject) -> Done {
    let stage = Stage::new(table, &items(&[(KEY, "me")]), vec![record(WEB, "A", "192.0.2.1")?]).await?;
    let mut me = Instance::of(&stage, "me")?;
    me.cycle(&[wish(WEB, "A", "192.0.2.1")?], &none()).await?;
    stage.seed(&[]).await?;
    let changed = [wish(WEB, "A", "192.0.2.2")?.with_label("resource", OTHER)];
    let told = me.cycle(&changed, &none()).await?;
    same!((told.done.len(), told.failures.len()), (0, 1));
    same!(me.cycle(&changed, &none()).await?.codes(), ["unowned"]);
    same!(stage.zone().len(), 1);
    Ok(())
}

pub(super) async fn labels_are_written_with_an_update_and_never_cause_one(table: &Subject) -> Done {
    let stage = Stage::new(table, &items(&[(KEY, "me")]), vec![record(WEB, "A", "192.0.2.1")?]).await?;
    let mut me = Instance::of(&stage, "me")?;
    let other = |target| Ok::<_, Problem>(wish(WEB, "A", target)?.with_label("resource", OTHER));
    so!(me.cycle(&[other("192.0.2.1")?], &none()).await?.done.is_empty());
    same!(
        me.cycle(&[other("192.0.2.2")?], &none()).await?.done,
        ["~row web.example.org#A#", "~A web.example.org"]
    );
    let resources: Vec<String> = stage.resources().await?;
    same!(resources, [OTHER]);
    Ok(())
}

pub(super) async fn records_of_a_former_owner_are_taken_over_where_they_are_asked_for(
    table: &Subject,
) -> Done {
    let rows = [(KEY, "old"), ("idle.example.org#A#", "old"), ("gone.example.org#A#", "old")];
    let zone = vec![record(WEB, "A", "192.0.2.1")?, record("idle.example.org", "A", "192.0.2.2")?];
    let stage = Stage::new(table, &items(&rows), zone).await?;
    let settings = TxtSettings { migrate_from: Owner::new("old"), ..settings("me") };
    let mut me = Instance::new(&stage, settings, Policy::Sync)?;
    let wishes = [wish(WEB, "A", "192.0.2.1")?, wish("gone.example.org", "A", "192.0.2.3")?];
    let told = me.cycle(&wishes, &none()).await?;
    same!(
        told.done,
        ["~row gone.example.org#A#", "~row web.example.org#A#", "+A gone.example.org", "~A web.example.org"]
    );
    same!(told.codes(), ["not-migrated"]);
    so!(me.cycle(&wishes, &none()).await?.done.is_empty());
    let owners: Vec<String> = stage.rows().await?.into_iter().map(|(_, owner)| owner).collect();
    same!(owners, ["me", "old", "me"]);
    Ok(())
}

pub(super) async fn the_table_is_read_once_an_hour_and_when_it_was_forgotten(table: &Subject) -> Done {
    let stage = Stage::new(table, &items(&[(KEY, "me")]), vec![record(WEB, "A", "192.0.2.1")?]).await?;
    let mut me = Instance::of(&stage, "me")?;
    for _ in 0..59 {
        me.cycle(&[wish(WEB, "A", "192.0.2.1")?], &none()).await?;
    }
    same!(stage.scans(), 1);
    me.cycle(&[], &none()).await?;
    me.cycle(&[], &none()).await?;
    same!(stage.scans(), 2);
    me.registry.forget();
    me.cycle(&[], &none()).await?;
    same!(stage.scans(), 3);
    Ok(())
}

pub(super) async fn an_alias_that_an_older_version_took_for_a_cname_stays_ours(table: &Subject) -> Done {
    let mut alias = record(WEB, "A", "lb.example.net")?;
    alias.properties = [("alias", "true")].into_iter().collect();
    let stage = Stage::new(table, &items(&[("web.example.org#CNAME#", "me")]), vec![alias.clone()]).await?;
    let mut me = Instance::of(&stage, "me")?;
    let wish = Endpoint::new(WEB, RecordType::A, &["lb.example.net"], alias.properties)?;
    let wishes = [wish.with_label("resource", RESOURCE)];
    same!(me.cycle(&wishes, &none()).await?.done, ["+row web.example.org#A#"]);
    // The older row goes once the new one is there.
    same!(me.cycle(&wishes, &none()).await?.done, ["-row web.example.org#CNAME#"]);
    so!(me.cycle(&wishes, &none()).await?.done.is_empty());
    Ok(())
}
