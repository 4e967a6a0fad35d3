//! Ownership rows: they travel with their record, in the same write.

use super::{Battery, Problem, Run};
use crate::{RowChange, ZoneChange};
use zonewright_planner::{
    Change, CreateReason, DeleteReason, Endpoint, Properties, Record, RecordType, UpdateReason,
};

const FIRST: &str = "\"heritage=external-dns,external-dns/owner=battery\"";
const SECOND: &str =
    "\"heritage=external-dns,external-dns/owner=battery,external-dns/resource=service/default/web\"";

impl Battery<'_> {
    /// Creates a record with its row, changes both, removes both; then the same where the row is there before the record, as a
    /// write that stopped half-way leaves it.
    pub(super) async fn rows(&self, run: &Run<'_>) -> Result<(), (&'static str, Problem)> {
        let types = &self.reader.capabilities().record_types;
        if !(types.contains(&RecordType::A) && types.contains(&RecordType::Txt)) {
            return Ok(());
        }
        self.create_row(run).await.map_err(|problem| ("create with an ownership row", problem))?;
        self.update_row(run).await.map_err(|problem| ("update with an ownership row", problem))?;
        self.delete_row(run).await.map_err(|problem| ("delete with an ownership row", problem))?;
        let step = "an ownership row without its record";
        self.tidy_row(run).await.map_err(|problem| (step, problem))?;
        self.complete_row(run).await.map_err(|problem| (step, problem))?;
        self.delete_row(run).await.map_err(|problem| (step, problem))
    }

    /// A row alone is stored and removed like any record.
    async fn tidy_row(&self, run: &Run<'_>) -> Result<(), Problem> {
        let old = self.lone_row(run).await?;
        let change = Change::delete(old, DeleteReason::LeftoverRow);
        run.apply(vec![ZoneChange { change, rows: Vec::new() }]).await?;
        self.expect_rows(run, None, None).await
    }

    /// A record joins the row that is there, which is brought up to date and not created a second time.
    async fn complete_row(&self, run: &Run<'_>) -> Result<(), Problem> {
        let read = Some(self.lone_row(run).await?);
        let new = self.owned_record("192.0.2.31")?;
        let row = RowChange { read, expected: None, write: Some(self.row(SECOND)?) };
        let change = Change::create(new, CreateReason::New);
        run.apply(vec![ZoneChange { change, rows: vec![row] }]).await?;
        self.expect_rows(run, Some("192.0.2.31"), Some(SECOND)).await
    }

    async fn lone_row(&self, run: &Run<'_>) -> Result<Record, Problem> {
        let new = self.row(FIRST)?;
        let change = Change::create(new.clone(), CreateReason::New);
        run.apply(vec![ZoneChange { change, rows: Vec::new() }]).await?;
        let current = run.current().await?;
        find(&current, &new).cloned().ok_or(Problem::Missing(new.name))
    }

    async fn create_row(&self, run: &Run<'_>) -> Result<(), Problem> {
        let new = self.owned_record("192.0.2.30")?;
        let row = RowChange { read: None, expected: None, write: Some(self.row(FIRST)?) };
        run.apply(vec![ZoneChange { change: Change::create(new, CreateReason::New), rows: vec![row] }])
            .await?;
        self.expect_rows(run, Some("192.0.2.30"), Some(FIRST)).await
    }

    async fn update_row(&self, run: &Run<'_>) -> Result<(), Problem> {
        let current = run.current().await?;
        let new = self.owned_record("192.0.2.31")?;
        let expected = self.row(FIRST)?;
        let Some(old) = find(&current, &new).cloned() else {
            return Err(Problem::Missing(expected.name));
        };
        let read = find(&current, &expected).cloned();
        let row = RowChange { read, expected: Some(expected), write: Some(self.row(SECOND)?) };
        let change = Change::update(old, new, vec![UpdateReason::Targets]);
        run.apply(vec![ZoneChange { change, rows: vec![row] }]).await?;
        self.expect_rows(run, Some("192.0.2.31"), Some(SECOND)).await
    }

    async fn delete_row(&self, run: &Run<'_>) -> Result<(), Problem> {
        let current = run.current().await?;
        let expected = self.row(SECOND)?;
        let Some(old) = find(&current, &self.owned_record("192.0.2.31")?).cloned() else {
            return Err(Problem::Missing(expected.name));
        };
        let read = find(&current, &expected).cloned();
        let row = RowChange { read, expected: Some(expected), write: None };
        let change = Change::delete(old, DeleteReason::NoLongerWanted);
        run.apply(vec![ZoneChange { change, rows: vec![row] }]).await?;
        self.expect_rows(run, None, None).await
    }

    fn owned_record(&self, target: &str) -> Result<Endpoint, Problem> {
        self.a("owned", &[target], 300)
    }

    fn row(&self, text: &str) -> Result<Endpoint, Problem> {
        let name = format!("a-owned.{}", self.base);
        Ok(Endpoint::new(&name, RecordType::Txt, &[text], Properties::new())?)
    }

    /// Checks record and row separately: rows are never planned.
    async fn expect_rows(
        &self,
        run: &Run<'_>,
        target: Option<&str>,
        text: Option<&str>,
    ) -> Result<(), Problem> {
        let row = self.row(FIRST)?;
        let current = run.current().await?;
        // Some services keep the quotes, some take them for syntax; the registry reads both.
        let unquoted = |text: &str| text.trim_matches('"').to_owned();
        let found =
            find(&current, &row).and_then(|record| record.targets.first()).map(|t| unquoted(&t.to_string()));
        let expected = text.map(unquoted);
        if found != expected {
            return Err(Problem::Row { name: row.name, expected, found });
        }
        let wishes = target.map(|target| self.owned_record(target)).transpose()?;
        let wishes = run.adjust(wishes.into_iter().collect()).await?;
        let others: Vec<Record> = current.into_iter().filter(|record| record.name != row.name).collect();
        let left = run.plan(&wishes, &others)?;
        if left.is_empty() {
            Ok(())
        } else {
            Err(Problem::StillDiffers(left.changes.iter().map(super::describe).collect()))
        }
    }
}

fn find<'a>(records: &'a [Record], endpoint: &Endpoint) -> Option<&'a Record> {
    records.iter().find(|record| record.name == endpoint.name && record.record_type == endpoint.record_type)
}
