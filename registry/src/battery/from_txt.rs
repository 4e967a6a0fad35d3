//! Records that have rows of registry `txt`: read, taken into the table without touching the record, and the old rows removed where TXT
//! records are managed.

use super::{Done, Instance, Problem, RESOURCE, Stage, Subject, Told, items, none, record, wish};
use crate::TxtSettings;
use zonewright_planner::{Endpoint, ManagedTypes, Policy, Record, RecordType};

const WEB: &str = "web.example.org";

fn settings(types: &[&str]) -> TxtSettings {
    let managed = ManagedTypes::new(types.iter().map(|t| RecordType::from_text(t)), &[]);
    TxtSettings { managed, ..super::settings("me") }
}

fn with_txt() -> TxtSettings {
    settings(&["A", "AAAA", "CNAME", "TXT"])
}

fn row(name: &str, owner: &str) -> Result<Record, Problem> {
    let text =
        format!("\"heritage=external-dns,external-dns/owner={owner},external-dns/resource=crd/default/txt\"");
    record(name, "TXT", &text)
}

fn zone() -> Result<Vec<Record>, Problem> {
    Ok(vec![
        record(WEB, "A", "192.0.2.1")?,
        row("a-web.example.org", "me")?,
        record("two.example.org", "CNAME", "lb.example.net")?,
        row("cname-two.example.org", "me")?,
        record("theirs.example.org", "A", "192.0.2.3")?,
        row("a-theirs.example.org", "them")?,
        // Of another instance with another prefix.
        row("own.a-theirs.example.org", "them")?,
        record("text.example.org", "TXT", "\"hello\"")?,
    ])
}

fn wishes() -> Result<Vec<Endpoint>, Problem> {
    Ok(vec![wish(WEB, "A", "192.0.2.1")?, wish("two.example.org", "CNAME", "lb.example.net")?])
}

pub(super) async fn rows_move_into_the_table_and_records_stay_as_they_are(table: &Subject) -> Done {
    let stage = Stage::new(table, &[], zone()?).await?;
    let before = stage.zone();
    let mut me = Instance::new(&stage, settings(&["A", "AAAA", "CNAME"]), Policy::Sync)?;
    me.registry.refresh(me.now).await.map_err(|error| Problem::Call("read", error))?;
    let owned = me.registry.read(stage.records()).records;
    let into = |record: &Record| record.ownership.into_table.as_ref().map(|table| table.as_str().to_owned());
    let of_us = owned.iter().filter(|record| record.labels.owner() == Some("me"));
    same!(of_us.map(into).collect::<Vec<_>>(), vec![Some(stage.table().to_owned()); 2]);
    so!(owned.iter().all(|record| record.labels.owner() == Some("me") || into(record).is_none()));
    let told = me.cycle(&wishes()?, &none()).await?;
    same!(told.done, ["+row two.example.org#CNAME#", "+row web.example.org#A#"]);
    same!(stage.zone(), before, "TXT records are not managed");
    // As v0.22 does: the labels of the wish, not those of the former row.
    same!(stage.resources().await?, [RESOURCE, RESOURCE]);
    so!(me.cycle(&wishes()?, &none()).await?.done.is_empty());
    // Nothing needs the old rows any more.
    stage.change_zone(|zone| zone.retain(|record| record.record_type != RecordType::Txt));
    so!(Instance::new(&stage, with_txt(), Policy::Sync)?.cycle(&wishes()?, &none()).await?.done.is_empty());
    Ok(())
}

pub(super) async fn our_old_rows_go_with_the_move_and_those_of_others_stay(table: &Subject) -> Done {
    let stage = Stage::new(table, &[], zone()?).await?;
    let mut me = Instance::new(&stage, with_txt(), Policy::Sync)?;
    let told = me.cycle(&wishes()?, &none()).await?;
    same!(
        told.done,
        [
            "+row two.example.org#CNAME#",
            "+row web.example.org#A#",
            "-TXT cname-two.example.org",
            "-TXT a-web.example.org"
        ]
    );
    let zone = stage.zone().join("\n");
    so!(zone.contains("a-theirs") && zone.contains("own.a-theirs") && zone.contains("hello"), "{zone}");
    so!(me.cycle(&wishes()?, &none()).await?.done.is_empty());
    Ok(())
}

pub(super) async fn where_the_policy_deletes_nothing_old_rows_stay(table: &Subject) -> Done {
    let stage = Stage::new(table, &[], zone()?).await?;
    let mut me = Instance::new(&stage, with_txt(), Policy::UpsertOnly)?;
    same!(
        me.cycle(&wishes()?, &none()).await?.done,
        ["+row two.example.org#CNAME#", "+row web.example.org#A#"]
    );
    so!(me.cycle(&wishes()?, &none()).await?.done.is_empty());
    // Later they go.
    let mut me = Instance::new(&stage, with_txt(), Policy::Sync)?;
    same!(
        me.cycle(&wishes()?, &none()).await?.done,
        ["-TXT cname-two.example.org", "-TXT a-web.example.org"]
    );
    so!(me.cycle(&wishes()?, &none()).await?.done.is_empty());
    Ok(())
}

pub(super) async fn a_record_that_is_not_wanted_any_more_goes_with_its_old_row(table: &Subject) -> Done {
    let stage = Stage::new(table, &[], zone()?).await?;
    let mut me = Instance::new(&stage, with_txt(), Policy::Sync)?;
    let told = me.cycle(&wishes()?[..1], &none()).await?;
    same!(
        told.done,
        [
            "+row web.example.org#A#",
            "-CNAME two.example.org",
            "-TXT cname-two.example.org",
            "-TXT a-web.example.org"
        ]
    );
    so!(me.cycle(&wishes()?[..1], &none()).await?.done.is_empty());
    Ok(())
}

pub(super) async fn a_row_that_several_records_share_stays_until_all_have_their_own(table: &Subject) -> Done {
    let shared = vec![
        record(WEB, "A", "192.0.2.1")?,
        record(WEB, "MX", "10 mail.example.net")?,
        // Without a type, as versions up to 0.11 wrote it.
        row("own.web.example.org", "me")?,
    ];
    let stage = Stage::new(table, &[], shared).await?;
    let mut settings = settings(&["A", "MX", "TXT"]);
    settings.prefix = "own.".to_owned();
    let mut me = Instance::new(&stage, settings, Policy::Sync)?;
    let wishes = [wish(WEB, "A", "192.0.2.1")?, wish(WEB, "MX", "10 mail.example.net")?];
    same!(me.cycle(&wishes, &none()).await?.done, ["+row web.example.org#A#", "+row web.example.org#MX#"]);
    same!(me.cycle(&wishes, &none()).await?.done, ["-TXT own.web.example.org"]);
    so!(me.cycle(&wishes, &none()).await?.done.is_empty());
    Ok(())
}

pub(super) async fn the_table_counts_more_than_a_row_in_the_zone(table: &Subject) -> Done {
    async fn told(table: &Subject, rows: &[(&str, &str)], txt: &str) -> Result<Told, Problem> {
        let listing = vec![record(WEB, "A", "192.0.2.1")?, row("a-web.example.org", txt)?];
        let stage = Stage::new(table, &items(rows), listing).await?;
        let mut me = Instance::new(&stage, settings(&["A"]), Policy::Sync)?;
        me.cycle(&[wish(WEB, "A", "192.0.2.1")?], &none()).await
    }
    for (txt, codes, done) in
        [("me", &[][..], &["+row web.example.org#A#"][..]), ("them", &["foreign-owner"], &[])]
    {
        let by_txt = told(table, &[], txt).await?;
        same!(by_txt.codes(), codes, "{txt}");
        same!(by_txt.done, done, "{txt}");
        let known = told(table, &[("web.example.org#A#", "me")], txt).await?;
        so!(known.done.is_empty() && known.skips.is_empty(), "{txt}");
        let theirs = told(table, &[("web.example.org#A#", "them")], txt).await?;
        same!(theirs.codes(), ["foreign-owner"], "{txt}");
    }
    Ok(())
}

pub(super) async fn an_old_row_without_its_record_goes_if_nothing_speaks_for_it(table: &Subject) -> Done {
    let stage =
        Stage::new(table, &[], vec![row("a-gone.example.org", "me")?, row("a-theirs.example.org", "them")?])
            .await?;
    let mut me = Instance::new(&stage, with_txt(), Policy::Sync)?;
    same!(me.cycle(&[], &none()).await?.done, ["-TXT a-gone.example.org"]);
    let stage = Stage::new(table, &[], vec![row("a-gone.example.org", "me")?]).await?;
    let mut me = Instance::new(&stage, settings(&["A"]), Policy::Sync)?;
    so!(me.cycle(&[], &none()).await?.done.is_empty(), "TXT records are not managed");
    Ok(())
}

pub(super) async fn a_txt_record_without_values_does_no_harm(table: &Subject) -> Done {
    let mut empty = row("a-web.example.org", "me")?;
    empty.targets.clear();
    let stage = Stage::new(table, &[], vec![record(WEB, "A", "192.0.2.1")?, empty]).await?;
    same!(
        Instance::new(&stage, with_txt(), Policy::Sync)?.cycle(&wishes()?[..1], &none()).await?.codes(),
        ["unowned"]
    );
    Ok(())
}

/// Without TXT among the managed types the old rows stay, and with them the way back: what was created since is nobody's, all else goes on.
pub(super) async fn registry_txt_goes_on_where_its_rows_are_still_there(table: &Subject) -> Done {
    let stage = Stage::new(table, &[], zone()?).await?;
    let mut me = Instance::new(&stage, settings(&["A", "CNAME"]), Policy::Sync)?;
    let mut wishes = wishes()?;
    wishes.push(wish("new.example.org", "A", "192.0.2.9")?);
    same!(
        me.cycle(&wishes, &none()).await?.done,
        [
            "+row new.example.org#A#",
            "+row two.example.org#CNAME#",
            "+row web.example.org#A#",
            "+A new.example.org"
        ]
    );
    let rows = stage.rows().await?;
    let mut back = Instance::with_txt(&stage, settings(&["A", "CNAME"]), Policy::Sync)?;
    let told = back.cycle(&wishes, &none()).await?;
    same!(told.done, [""; 0]);
    same!(told.codes(), ["unowned"]);
    // It is a registry like any other there: changes and deletes what is its own.
    let changed = [wish(WEB, "A", "192.0.2.2")?];
    let told = back.cycle(&changed, &none()).await?;
    same!(
        told.done,
        [
            "-CNAME two.example.org",
            "-TXT cname-two.example.org",
            // It names another object than the wish.
            "~TXT a-web.example.org",
            "~A web.example.org"
        ]
    );
    so!(back.cycle(&changed, &none()).await?.done.is_empty());
    same!(stage.rows().await?, rows, "the table is not touched");
    // And there again: the table still knows what it knew, and tidies up what went meanwhile.
    let mut me = Instance::new(&stage, settings(&["A", "CNAME"]), Policy::Sync)?;
    let changed = [wish(WEB, "A", "192.0.2.2")?, wish("new.example.org", "A", "192.0.2.9")?];
    same!(me.cycle(&changed, &none()).await?.done, ["-row two.example.org#CNAME#"]);
    so!(me.cycle(&changed, &none()).await?.done.is_empty());
    Ok(())
}

/// Where they went with the move there is no way back by itself; and then nothing is lost either.
pub(super) async fn registry_txt_touches_nothing_that_only_the_table_knows(table: &Subject) -> Done {
    let stage = Stage::new(table, &[], zone()?).await?;
    let mut me = Instance::new(&stage, with_txt(), Policy::Sync)?;
    me.cycle(&wishes()?, &none()).await?;
    let before = stage.zone();
    let mut back = Instance::with_txt(&stage, with_txt(), Policy::Sync)?;
    let told = back.cycle(&wishes()?, &none()).await?;
    same!(told.codes(), ["unowned"]);
    so!(told.done.is_empty() && back.cycle(&[], &none()).await?.done.is_empty());
    same!(stage.zone(), before);
    so!(Instance::new(&stage, with_txt(), Policy::Sync)?.cycle(&wishes()?, &none()).await?.done.is_empty());
    Ok(())
}
