//! Tables made up at random.

use super::InMemory;
use futures::executor::block_on;
use proptest::prelude::*;
use std::sync::Arc;
use zonewright_planner::Holds;
use zonewright_registry::Item;
use zonewright_registry::battery::{Instance, Problem, Stage, TableUnderTest, item, record, wish};

type Rows = Vec<(String, String)>;

/// Two cycles: what the second one does, and the rows of others before and after.
async fn settle(rows: &[Item]) -> Result<(Vec<String>, Rows, Rows), Problem> {
    let table: Arc<dyn TableUnderTest> = Arc::new(InMemory::default());
    let stage = Stage::new(&table, rows, vec![record("web.example.org", "A", "192.0.2.1")?]).await?;
    let foreign = async || {
        let rows = stage.rows().await?.into_iter();
        Ok::<_, Problem>(rows.filter(|(_, owner)| owner != "me").collect::<Rows>())
    };
    let before = foreign().await?;
    let wishes = [wish("web.example.org", "A", "192.0.2.1")?, wish("two.example.org", "A", "192.0.2.2")?];
    let mut me = Instance::of(&stage, "me")?;
    me.cycle(&wishes, &Holds::default()).await?;
    let again = me.cycle(&wishes, &Holds::default()).await?.done;
    Ok((again, before, foreign().await?))
}

proptest! {
    /// Whatever stands in a table, one run settles it, and nothing panics.
    #[test]
    fn any_table_comes_to_rest(
        rows in proptest::collection::vec(("[#.a-zA\\PC]{0,12}", "(me|them|)", any::<bool>()), 0..12),
        named in proptest::collection::vec(("(web|two|\\*)", "(A|AAAA|CNAME|TXT|SPF)", "(|eu|e#u)", "(me|them|)"), 0..6),
    ) {
        let rows = rows.into_iter().map(|(key, owner, odd)| Item { has_odd_labels: odd, ..item(&key, &owner) });
        let named = named.into_iter().map(|(name, kind, set, owner)| {
            item(&format!("{name}.example.org#{kind}#{set}"), &owner)
        });
        let rows: Vec<Item> = rows.chain(named).collect();
        let (again, before, after) = block_on(settle(&rows)).unwrap();
        prop_assert!(again.is_empty(), "{:?}", again);
        prop_assert_eq!(before, after);
    }
}
