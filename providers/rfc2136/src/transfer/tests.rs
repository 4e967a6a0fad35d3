use super::*;
use crate::convert::parse_name;
use hickory_proto::op::{Message, MessageType, OpCode};
use hickory_proto::rr::rdata::{A, SOA as Soa};
use hickory_proto::rr::{RData, Record, RecordType as Code};
use rstest::rstest;

const BOUNDS: Bounds = Bounds { records: 100, bytes: 10_000 };

/// `S7` is the SOA record with serial 7, `a1` address 192.0.2.1 of name a.
fn message(records: &[&str]) -> Vec<u8> {
    let mut message = Message::new(1, MessageType::Response, OpCode::Query);
    for text in records {
        let (kind, number) = text.split_at(1);
        let number: u32 = number.parse().unwrap();
        let record = if kind == "S" {
            let soa = Soa::new(Name::root(), Name::root(), number, 0, 0, 0, 0);
            Record::from_rdata(Name::from_ascii("Example.org.").unwrap(), 60, RData::SOA(soa))
        } else {
            let address = A::new(192, 0, 2, number as u8);
            Record::from_rdata(
                Name::from_ascii(format!("{kind}.example.org.")).unwrap(),
                60,
                RData::A(address),
            )
        };
        message.add_answer(record);
    }
    message.to_vec().unwrap()
}

fn transfer(since: Option<u32>, messages: &[&[&str]]) -> Result<Option<Transferred>, TransferError> {
    let mut transfer = Transfer::new(&parse_name("example.org").unwrap(), since, BOUNDS);
    for records in messages {
        assert!(!transfer.is_complete(), "it went on after its end");
        transfer.take(&message(records))?;
    }
    Ok(transfer.finish())
}

fn shown(transferred: Option<Transferred>) -> String {
    let names = |list: &[Rr]| list.iter().map(|rr| char::from(rr.owner[1])).collect::<String>();
    match transferred {
        None => "unfinished".to_owned(),
        Some(Transferred::Nothing) => "nothing".to_owned(),
        Some(Transferred::Behind) => "behind".to_owned(),
        Some(Transferred::Zone(image)) => format!("{}: {} sets", image.serial, image.len()),
        Some(Transferred::Differences(all, serial)) => {
            let steps = all.iter().map(|one| format!("-{}+{}", names(&one.removed), names(&one.added)));
            format!("{serial}: {}", steps.collect::<Vec<_>>().join(" "))
        }
    }
}

#[rstest]
#[case(None, &[&["S7", "a1", "b1", "S7"][..]], "7: 2 sets")]
#[case(None, &[&["S7", "a1"][..], &["b1"], &["S7"]], "7: 2 sets")]
#[case(None, &[&["S7"][..], &["a1"], &["S7"]], "7: 1 sets")]
#[case(None, &[&["S7", "S7"][..]], "7: 0 sets")]
#[case(None, &[&["S7", "a1", "b1"][..]], "unfinished")]
#[case(None, &[&["S7"][..]], "unfinished")]
#[case(Some(5), &[&["S7", "S5", "a1", "S7", "b1", "S7"][..]], "7: -a+b")]
#[case(Some(5), &[&["S7", "S5", "a1", "S6", "b1"][..], &["S6", "b1", "S7", "c1"], &["S7"]], "7: -a+b -b+c")]
#[case(Some(5), &[&["S7", "S5", "S6", "S6", "S7", "S7"][..]], "7: -+ -+")]
#[case(Some(5), &[&["S7", "S5", "a1", "S7", "b1"][..]], "unfinished")]
#[case(Some(5), &[&["S7", "a1", "b1", "S7"][..]], "7: 2 sets")]
#[case(Some(5), &[&["S7"][..], &["a1"], &["S7"]], "7: 1 sets")]
#[case(Some(5), &[&["S5"][..]], "nothing")]
#[case(Some(5), &[&["S4"][..]], "behind")]
fn transfers_come_to_what_they_say(
    #[case] since: Option<u32>,
    #[case] messages: &[&[&str]],
    #[case] expected: &str,
) {
    assert_eq!(shown(transfer(since, messages).unwrap()), expected);
}

#[rstest]
#[case(None, &["a1", "S7"], TransferError::NoSoa)]
#[case(None, &["S7", "a1", "S8"], TransferError::Changed)]
#[case(None, &["S7", "a1", "S7", "b1"], TransferError::AfterEnd)]
#[case(Some(5), &["S7", "S4", "a1"], TransferError::WrongStart)]
#[case(Some(5), &["S7", "S5", "a1", "S6", "b1", "S9"], TransferError::WrongStart)]
fn what_makes_no_sense_is_an_error(
    #[case] since: Option<u32>,
    #[case] records: &[&str],
    #[case] expected: TransferError,
) {
    assert_eq!(transfer(since, &[records]).unwrap_err(), expected);
}

#[test]
fn there_is_an_end_to_what_is_taken() {
    let many: Vec<String> = (0..200).map(|n| format!("a{}", n % 200)).collect();
    let many: Vec<&str> = ["S7"].into_iter().chain(many.iter().map(String::as_str)).collect();
    assert!(matches!(transfer(None, &[&many]).unwrap_err(), TransferError::TooMuch(_)));
    let mut small =
        Transfer::new(&parse_name("example.org").unwrap(), None, Bounds { records: 100, bytes: 20 });
    assert!(matches!(small.take(&message(&["S7", "a1"])).unwrap_err(), TransferError::TooMuch(_)));
}

#[test]
fn types_that_are_not_read_are_passed_over_whatever_is_in_them() {
    let mut odd = Message::new(1, MessageType::Response, OpCode::Query);
    let caa = RData::Unknown { code: Code::CAA, rdata: hickory_proto::rr::rdata::NULL::with(vec![1]) };
    odd.add_answer(Record::from_rdata(Name::from_ascii("a.example.org.").unwrap(), 60, caa));
    let mut transfer = Transfer::new(&parse_name("example.org").unwrap(), None, BOUNDS);
    for part in [message(&["S7"]), odd.to_vec().unwrap(), message(&["a1", "S7"])] {
        transfer.take(&part).unwrap();
    }
    assert_eq!((transfer.records(), shown(transfer.finish())), (4, "7: 1 sets".to_owned()));
}

proptest::proptest! {
    /// Whatever comes: no panic, and nothing that is taken for a zone unless it ends as one does.
    #[test]
    fn any_bytes_are_taken(bytes in proptest::collection::vec(0u8.., 0..200)) {
        let mut transfer = Transfer::new(&[0], Some(1), BOUNDS);
        let _ = transfer.take(&bytes);
        let _ = serial_in(&bytes, &[0]);
    }

    #[test]
    fn a_cut_message_is_no_zone(length in 0usize..100) {
        let whole = message(&["S7", "a1", "b1", "S7"]);
        let cut = &whole[..length.min(whole.len() - 1)];
        let mut transfer = Transfer::new(&parse_name("example.org").unwrap(), None, BOUNDS);
        proptest::prop_assert!(transfer.take(cut).is_err() && !transfer.is_complete());
    }
}
