//! Whole lives of records, with a restart after every step: what one instance wrote, the next one finds.

use super::{Done, Instance, Problem, Stage, Subject, items, none, record, wish};
use zonewright_planner::{Endpoint, Labels, Policy, Ttl};

const KEYS: [&str; 6] = [
    "*.example.org#CNAME#",
    "example.org#A#",
    "geo.example.org#A#eu#west",
    "geo.example.org#A#it's \"us\"",
    "web.example.org#A#",
    "web.example.org#AAAA#",
];

fn wishes(last: u8) -> Result<Vec<Endpoint>, Problem> {
    let a = |name| wish(name, "A", &format!("192.0.2.{last}"));
    Ok(vec![
        wish("*.example.org", "CNAME", &format!("lb-{last}.example.net"))?,
        a("example.org")?,
        a("geo.example.org")?.with_set_identifier("eu#west"),
        a("geo.example.org")?.with_set_identifier("it's \"us\""),
        a("web.example.org")?.with_ttl(Ttl::from_seconds(300)),
        wish("Web.example.org", "AAAA", &format!("2001:db8::{last}"))?,
    ])
}

fn keys(rows: &[(String, String)]) -> Vec<&str> {
    rows.iter().map(|(key, _)| key.as_str()).collect()
}

pub(super) async fn what_was_created_is_known_after_a_restart(table: &Subject) -> Done {
    let stage = Stage::new(table, &[], Vec::new()).await?;
    so!(Instance::of(&stage, "me")?.cycle(&[], &none()).await?.done.is_empty(), "an empty table");
    let rest = async |wishes: &[Endpoint], what: &str| {
        let told = Instance::of(&stage, "me")?.cycle(wishes, &none()).await?;
        so!(told.done.is_empty() && told.skips.is_empty() && told.failures.is_empty(), "{what}: {told:?}");
        so!(told.warnings.is_empty(), "{what}: {told:?}");
        Ok::<_, Problem>(())
    };
    for (last, steps, what) in [(1, 12, "create"), (2, 6, "change")] {
        let told = Instance::of(&stage, "me")?.cycle(&wishes(last)?, &none()).await?;
        // Rows and records; a change of targets says nothing about ownership.
        same!(told.done.len(), steps, "{what}: {told:?}");
        same!(keys(&stage.rows().await?), KEYS, "{what}");
        same!(stage.zone().len(), KEYS.len(), "{what}");
        rest(&wishes(last)?, what).await?;
    }
    // Another object takes over one name: its row says so with the next change of the record.
    let mut moved = wishes(3)?;
    moved[0].labels = Labels::new();
    moved[0] = moved[0].clone().with_label("resource", "service/shop/lb");
    let told = Instance::of(&stage, "me")?.cycle(&moved, &none()).await?;
    same!(told.done.iter().filter(|line| line.contains("row")).count(), 1, "{told:?}");
    same!(stage.resources().await?.iter().filter(|object| *object == "service/shop/lb").count(), 1);
    rest(&moved, "another object").await?;

    let half = &moved[..3];
    same!(Instance::of(&stage, "me")?.cycle(half, &none()).await?.done.len(), 6);
    same!(keys(&stage.rows().await?), KEYS[..3]);
    rest(half, "delete some").await?;
    same!(Instance::of(&stage, "me")?.cycle(&[], &none()).await?.done.len(), 6);
    same!(stage.rows().await?, []);
    same!(stage.zone(), [""; 0]);
    rest(&[], "delete all").await
}

pub(super) async fn a_record_of_another_owner_is_not_taken_over(table: &Subject) -> Done {
    let stage = Stage::new(table, &[], Vec::new()).await?;
    Instance::of(&stage, "them")?.cycle(&wishes(1)?, &none()).await?;
    let (zone, rows) = (stage.zone(), stage.items().await?);
    for policy in [Policy::Sync, Policy::UpsertOnly, Policy::CreateOnly] {
        let mut me = Instance::new(&stage, super::settings("me"), policy)?;
        let told = me.cycle(&wishes(2)?, &none()).await?;
        same!((told.done.len(), told.failures.len()), (0, 0), "{told:?}");
        same!(told.codes(), ["foreign-owner"]);
        same!(told.skips.len(), KEYS.len());
        so!(me.cycle(&[], &none()).await?.done.is_empty());
    }
    same!(stage.zone(), zone);
    same!(stage.items().await?, rows);
    // Its records go, and its rows stay: the names are still its own.
    stage.change_zone(Vec::clear);
    let mut me = Instance::of(&stage, "me")?;
    same!(me.cycle(&wishes(2)?, &none()).await?.codes(), ["claimed"]);
    same!(me.registry.claims().map(|claims| claims.len()), Some(KEYS.len()));
    // Until it has let go of them.
    Instance::of(&stage, "them")?.cycle(&[], &none()).await?;
    me.registry.forget();
    same!(me.cycle(&wishes(2)?, &none()).await?.done.len(), 2 * KEYS.len());
    same!(stage.rows().await?.iter().filter(|(_, owner)| owner == "me").count(), KEYS.len());
    Ok(())
}

/// More than one page of a reading (1 MiB in DynamoDB) and many calls of a writing, with rows of others in between.
pub(super) async fn thousands_of_rows_come_and_go(table: &Subject) -> Done {
    const COUNT: usize = 1500;
    let object = format!("ingress/{}/{}", "n".repeat(63), "o".repeat(200));
    let wishes = (0..COUNT).map(|i| {
        let endpoint = wish(&format!("host-{i:04}.example.org"), "A", "192.0.2.1")?;
        Ok(endpoint.with_label("resource", &object).with_label("note", "l".repeat(600)))
    });
    let wishes: Vec<Endpoint> = wishes.collect::<Result<_, Problem>>()?;
    let theirs = items(&[("host-0007.example.org#A#", "them"), ("other.example.org#A#", "them")]);
    let stage = Stage::new(table, &theirs, vec![record("other.example.org", "A", "192.0.2.7")?]).await?;
    let told = Instance::of(&stage, "me")?.cycle(&wishes, &none()).await?;
    same!((told.done.len(), told.failures.len()), (2 * (COUNT - 1), 0));
    same!(told.codes(), ["claimed"]);
    let mut me = Instance::of(&stage, "me")?;
    so!(me.cycle(&wishes, &none()).await?.done.is_empty());
    same!(stage.items().await?.len(), COUNT + 1);
    same!(me.cycle(&[], &none()).await?.done.len(), 2 * (COUNT - 1));
    same!(stage.items().await?, theirs);
    same!(stage.zone().len(), 1);
    Ok(())
}
