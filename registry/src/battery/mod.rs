//! The test suite for the tables of registries: every pair of [`ReadTable`] and [`WriteTable`] runs it against the service itself, or as
//! much of it as runs on a test machine.
//!
//! ```text
//! statements   each on its own: its condition, its place in a long call, whatever the texts look like
//! cycles       the registry between the table and zones in memory, as the daemon runs it: each scenario is a file here
//! ```
//!
//! A scenario begins with a table that holds what it seeds and nothing else, so the table must be free for the battery to use. It looks
//! at the result past the reader under test ([`TableUnderTest::dump`]), and ends with a cycle that has nothing left to do.
//!
//! ```no_run
//! # use std::sync::Arc;
//! # use zonewright_registry::battery::{Battery, BatteryError, TableUnderTest};
//! # async fn test(table: Arc<dyn TableUnderTest>) -> Result<(), BatteryError> {
//! Battery::new(table).run().await
//! # }
//! ```
//!
//! [`truth_table`] plays tables of cells, those of registry `txt` as well.

#[macro_use]
mod claims;

mod cycles;
mod from_txt;
mod half_written;
mod others;
mod records;
mod rows;
mod stage;
mod statements;
pub mod truth_table;
mod zones;

pub use stage::{Instance, Snapshot, Stage, Told};

use crate::{Item, NonceSource, ReadTable, RegistryError, TxtSettings, WriteTable};
use async_trait::async_trait;
use std::fmt::Debug;
use std::sync::Arc;
use zonewright_planner::{Endpoint, EndpointError, Holds, NameError, Properties, Record, RecordType, ZoneId};
use zonewright_provider_kit::ProviderError;

/// A table, and what a test does to it past the registry.
#[async_trait]
pub trait TableUnderTest: Debug + Send + Sync {
    /// What reads it.
    fn reader(&self) -> Arc<dyn ReadTable>;

    /// What writes to it.
    fn writer(&self) -> Arc<dyn WriteTable>;

    /// Makes these the only rows. Where a row has odd labels, one of any kind that is no text has to be among them.
    async fn seed(&self, rows: &[Item]) -> Result<(), ProviderError>;

    /// Every row, in any order.
    async fn dump(&self) -> Result<Vec<Item>, ProviderError>;

    /// Whether there can be an owner of this name; where owners stand in labels of Kubernetes, only few characters are allowed.
    fn can_name(&self, _owner: &str) -> bool {
        true
    }

    /// Whether the service can hold such a row at all; DynamoDB has no rows with an empty key, for instance.
    fn can_hold(&self, _row: &Item) -> bool {
        true
    }
}

/// The suite, ready to run.
#[derive(Debug)]
pub struct Battery {
    table: Arc<dyn TableUnderTest>,
}

/// Which scenario failed, and how.
#[derive(Debug, thiserror::Error)]
#[error("battery scenario {scenario}: {problem}")]
pub struct BatteryError {
    /// The scenario; what it claims does not hold.
    pub scenario: &'static str,
    /// What went wrong.
    pub problem: Problem,
}

/// What can go wrong in a scenario.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)] // the messages say it
pub enum Problem {
    #[error("{0} failed: {1}")]
    Call(&'static str, ProviderError),
    #[error("{at}: {what}: expected {expected}, found {found}")]
    Differs { at: &'static str, what: String, found: String, expected: String },
    #[error("{at}: {claim} is not so{what}")]
    NotSo { at: &'static str, claim: &'static str, what: String },
    #[error("one thing should have failed, and these did: {0:?}")]
    Failures(Vec<String>),
    #[error("something was written that no service would take: {0:?}")]
    Nonsense(Vec<String>),
    #[error("{differing} of {cells} cells differ:\n{list}")]
    Cells { differing: usize, cells: usize, list: String },
    #[error("the truth table cannot be read: {0}")]
    TruthTable(String),
    #[error("the battery's own data is wrong: {0}")]
    Endpoint(#[from] EndpointError),
    #[error("the battery's own data is wrong: {0}")]
    Name(#[from] NameError),
    #[error("the battery's own settings are wrong: {0}")]
    Settings(#[from] RegistryError),
}

/// Runs scenarios one after the other; each is called what it claims.
macro_rules! run {
    ($table:expr; $($file:ident: $($scenario:ident)+;)+) => {
        $($(
            let done = $file::$scenario($table).await;
            done.map_err(|problem| BatteryError { scenario: stringify!($scenario), problem })?;
        )+)+
    };
}

impl Battery {
    /// A suite for this table.
    pub fn new(table: Arc<dyn TableUnderTest>) -> Self {
        Self { table }
    }

    /// Runs every scenario.
    ///
    /// # Errors
    /// The first scenario that fails, and how.
    pub async fn run(&self) -> Result<(), BatteryError> {
        run! { &self.table;
            statements:
                every_statement_has_its_condition
                a_call_takes_any_number_of_statements
                any_text_is_written_as_it_is;
            cycles:
                what_was_created_is_known_after_a_restart
                a_record_of_another_owner_is_not_taken_over
                thousands_of_rows_come_and_go;
            rows:
                rows_that_make_no_sense_are_told_and_left_alone
                a_row_without_owner_keeps_its_name_taken
                rows_in_another_spelling_are_ours_and_are_removed_as_they_are_spelled
                of_two_spellings_of_one_key_ours_counts
                a_txt_record_that_the_table_knows_is_a_record_whatever_it_says;
            others:
                two_owners_share_a_table_and_leave_each_others_rows_alone
                a_name_that_another_owner_takes_meanwhile_is_left_to_it
                a_row_that_another_owner_takes_over_meanwhile_is_neither_changed_nor_removed
                a_row_that_vanishes_meanwhile_is_noticed_by_the_next_write
                labels_are_written_with_an_update_and_never_cause_one
                records_of_a_former_owner_are_taken_over_where_they_are_asked_for
                the_table_is_read_once_an_hour_and_when_it_was_forgotten
                an_alias_that_an_older_version_took_for_a_cname_stays_ours;
            half_written:
                the_next_run_completes_what_was_left_half_done
                a_row_that_cannot_be_written_keeps_its_record_from_being_written
                an_unknown_outcome_makes_the_table_be_read_again
                a_row_that_outlives_its_record_is_told_and_goes_with_the_next_run;
            records:
                a_row_says_what_came_of_its_record
                a_row_says_that_its_record_was_refused
                a_row_that_was_not_told_of_its_record_is_told_by_the_next_run
                rows_without_a_word_about_their_records_are_told_once;
            zones:
                a_row_is_written_once_and_stays_while_one_zone_has_the_record
                a_zone_that_refuses_to_delete_keeps_the_row;
            from_txt:
                rows_move_into_the_table_and_records_stay_as_they_are
                our_old_rows_go_with_the_move_and_those_of_others_stay
                where_the_policy_deletes_nothing_old_rows_stay
                a_record_that_is_not_wanted_any_more_goes_with_its_old_row
                a_row_that_several_records_share_stays_until_all_have_their_own
                the_table_counts_more_than_a_row_in_the_zone
                an_old_row_without_its_record_goes_if_nothing_speaks_for_it
                a_txt_record_without_values_does_no_harm
                registry_txt_goes_on_where_its_rows_are_still_there
                registry_txt_touches_nothing_that_only_the_table_knows;
            truth_table:
                every_cell_of_the_truth_table;
        }
        Ok(())
    }
}

type Subject = Arc<dyn TableUnderTest>;
type Done = Result<(), Problem>;

/// The object of every wish and of every row.
const RESOURCE: &str = "crd/default/web";

/// The default settings.
pub fn settings(owner: &str) -> TxtSettings {
    TxtSettings::new(owner, NonceSource::from_seed([5; 32]))
}

/// A row that names no owner where `owner` is empty.
pub fn item(key: &str, owner: &str) -> Item {
    Item {
        key: Some(key.to_owned()),
        owner: (!owner.is_empty()).then(|| owner.to_owned()),
        labels: [("resource", RESOURCE)].into_iter().collect(),
        has_odd_labels: false,
        is_confirmed: true,
    }
}

/// Rows of their owners.
pub fn items(rows: &[(&str, &str)]) -> Vec<Item> {
    rows.iter().map(|(key, owner)| item(key, owner)).collect()
}

/// A record in zone `z`.
///
/// # Errors
/// There can be no such record.
pub fn record(name: &str, record_type: &str, target: &str) -> Result<Record, Problem> {
    let record_type = RecordType::from_text(record_type);
    Ok(Record::from_text(ZoneId::new("z"), name, record_type, &[target])?)
}

/// A wish of one object.
///
/// # Errors
/// There can be no such wish.
pub fn wish(name: &str, record_type: &str, target: &str) -> Result<Endpoint, Problem> {
    let record_type = RecordType::from_text(record_type);
    let wish = Endpoint::new(name, record_type, &[target], Properties::new())?;
    Ok(wish.with_label("resource", RESOURCE))
}

fn none() -> Holds {
    Holds::default()
}
