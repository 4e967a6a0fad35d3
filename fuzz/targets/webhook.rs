//! What a webhook provider answers: lists that arrive in pieces of any size, rows of any shape, domain filters.

use zonewright_planner::{DomainFilter, ZoneId};
use zonewright_provider_kit::wire::{WireEndpoint, to_json};
use zonewright_provider_webhook::rows_of;

/// The first byte says where the answer is cut into pieces; the rest is the answer.
pub fn run(data: &[u8]) {
    let Some((&size, body)) = data.split_first() else { return };
    let in_one = read([body].into_iter());
    let in_pieces = read(body.chunks(usize::from(size).max(1)));
    assert_eq!(in_one, in_pieces, "pieces make no difference");
    let _ = serde_json::from_slice::<DomainFilter>(body);
}

/// The rows, and whether the list was whole.
fn read<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<Vec<u8>>, bool) {
    let mut rows = Vec::new();
    let whole = rows_of(pieces, |row| {
        rows.push(row.to_vec());
        decode(row);
    });
    (rows, whole.is_ok())
}

fn decode(row: &[u8]) {
    let Ok(row) = serde_json::from_slice::<WireEndpoint<'_>>(row) else { return };
    let _ = (row.describe(), row.to_endpoint());
    let Ok(record) = row.to_record(ZoneId::new("z")) else { return };
    let text = to_json(&WireEndpoint::from(&record)).expect("a record can be written");
    let again: WireEndpoint<'_> = serde_json::from_slice(&text).expect("what was written can be read");
    let again = again.to_record(ZoneId::new("z")).expect("and is a record");
    assert_eq!(again, record);
}
