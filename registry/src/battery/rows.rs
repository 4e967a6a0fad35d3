//! Rows that make no sense, and rows that are spelled otherwise: nothing panics, and nothing that is not understood is touched.

use super::{Done, Instance, Problem, Stage, Subject, item, items, none, record, wish};
use crate::Item;
use zonewright_planner::{Endpoint, Labels};

pub(super) async fn rows_that_make_no_sense_are_told_and_left_alone(table: &Subject) -> Done {
    let keys = ["", "#", "##", "web.example.org", "web.example.org#A", "a..b#A#", "web.example.org##"];
    let mut rows: Vec<Item> = keys.iter().map(|key| item(key, "me")).collect();
    rows.push(Item {
        key: None,
        owner: None,
        labels: Labels::new(),
        has_odd_labels: true,
        is_confirmed: true,
    });
    rows.retain(|row| table.can_hold(row));
    let odd = rows.len();
    so!(odd >= 3);
    let [mut web] = [item("web.example.org#A#", "me")];
    web.has_odd_labels = table.can_hold(&Item { has_odd_labels: true, ..web.clone() });
    let warnings = 1 + usize::from(web.has_odd_labels);
    rows.push(web);
    let stage = Stage::new(table, &rows, vec![record("web.example.org", "A", "192.0.2.1")?]).await?;
    let mut me = Instance::of(&stage, "me")?;
    let told = me.cycle(&[], &none()).await?;
    same!(told.done, ["-A web.example.org", "-row web.example.org#A#"]);
    same!(stage.rows().await?.len(), odd);
    same!(told.warnings.len(), warnings);
    let table = stage.table();
    let keys = format!("table {table}: {odd} rows are left alone because their keys");
    let labels = format!("table {table}: 1 rows have labels that are no text");
    for (told, expected) in told.warnings.iter().zip([keys, labels]) {
        so!(told.starts_with(&expected), "{told}");
    }
    Ok(())
}

pub(super) async fn a_row_without_owner_keeps_its_name_taken(table: &Subject) -> Done {
    let stage = Stage::new(table, &items(&[("web.example.org#A#", "")]), Vec::new()).await?;
    let mut me = Instance::of(&stage, "me")?;
    let wishes = [wish("web.example.org", "A", "192.0.2.1")?];
    let owned = me.registry.read(Vec::new());
    me.registry.refresh(me.now).await.map_err(|error| Problem::Call("read", error))?;
    let told = me.registry.keeps_clear(&wishes[0], &owned.rows);
    same!(told, Err(format!("its row in table {} names no owner", stage.table())));
    // Should it be planned all the same, it is not made.
    same!(me.cycle(&wishes, &none()).await?.failures.len(), 1);
    so!(stage.zone().is_empty());
    Ok(())
}

/// v0.22 writes names as they are wished for, and then does not find them again in the provider's spelling.
pub(super) async fn rows_in_another_spelling_are_ours_and_are_removed_as_they_are_spelled(
    table: &Subject,
) -> Done {
    let keys = ["Upper.example.org#A#", "bücher.example.org#A#", "dot.example.org.#A#"];
    let names = ["upper.example.org", "xn--bcher-kva.example.org", "dot.example.org"];
    let zone = names.iter().map(|name| record(name, "A", "192.0.2.1")).collect::<Result<_, _>>()?;
    let stage = Stage::new(table, &items(&keys.map(|key| (key, "me"))), zone).await?;
    let mut me = Instance::of(&stage, "me")?;
    let wishes = names.iter().map(|name| wish(name, "A", "192.0.2.1"));
    let wishes: Vec<Endpoint> = wishes.collect::<Result<_, _>>()?;
    so!(me.cycle(&wishes, &none()).await?.done.is_empty());
    let told = me.cycle(&[], &none()).await?;
    same!(told.done.len(), 6);
    same!(stage.rows().await?, []);
    Ok(())
}

pub(super) async fn of_two_spellings_of_one_key_ours_counts(table: &Subject) -> Done {
    let rows = items(&[("Web.example.org#A#", "me"), ("web.example.org#A#", "me")]);
    let stage = Stage::new(table, &rows, vec![record("web.example.org", "A", "192.0.2.1")?]).await?;
    let told = Instance::of(&stage, "me")?.cycle(&[], &none()).await?;
    same!(told.done, ["-A web.example.org", "-row web.example.org#A#"]);
    so!(told.warnings.iter().any(|told| told.contains("\"Web.example.org#A#\"")), "{told:?}");
    Ok(())
}

pub(super) async fn a_txt_record_that_the_table_knows_is_a_record_whatever_it_says(table: &Subject) -> Done {
    let text = "\"heritage=external-dns,external-dns/owner=them\"";
    let zone = vec![record("a-web.example.org", "TXT", text)?];
    let stage = Stage::new(table, &items(&[("a-web.example.org#TXT#", "me")]), zone).await?;
    let me = Instance::of(&stage, "me")?;
    me.registry.refresh(me.now).await.map_err(|error| Problem::Call("read", error))?;
    let owned = me.registry.read(stage.records());
    let owners: Vec<Option<&str>> = owned.records.iter().map(|record| record.labels.owner()).collect();
    same!(owners, [Some("me")]);
    so!(me.registry.writable(&wish("t.example.org", "TXT", text)?).is_err());
    Ok(())
}
