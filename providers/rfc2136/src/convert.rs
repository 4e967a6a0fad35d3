//! Records of the planner <-> owner names and data of DNS messages.
//!
//! Names and data are kept in one form: uncompressed, names in lower case. Two that are the same record are the same bytes then.

use crate::text::{Naptr, decimal, push_string, strings_in, txt_strings, txt_text};
use hickory_proto::rr::Name;
use hickory_proto::serialize::binary::{BinDecodable, BinDecoder};
use std::fmt::Write as _;
use zonewright_planner::{DnsName, NameError, Record, RecordType, Target, Ttl, ZoneId};

/// The longest name in a message (RFC 1035 section 2.3.4).
const NAME: usize = 255;

/// Types that are read and written.
pub(crate) const RECORD_TYPES: [RecordType; 10] = RecordType::ALL;

/// The code of SOA, which is read and never planned.
pub(crate) const SOA: u16 = 6;

/// Numbers of types (<https://www.iana.org/assignments/dns-parameters>).
pub(crate) fn type_code(record_type: &RecordType) -> Option<u16> {
    Some(match record_type {
        RecordType::A => 1,
        RecordType::Ns => 2,
        RecordType::Cname => 5,
        RecordType::Ptr => 12,
        RecordType::Mx => 15,
        RecordType::Txt => 16,
        RecordType::Aaaa => 28,
        RecordType::Srv => 33,
        RecordType::Naptr => 35,
        RecordType::Dname => 39,
        RecordType::Other(_) => return None,
    })
}

/// The type of a number, if it is one that is read.
pub(crate) fn type_of(code: u16) -> Option<RecordType> {
    RECORD_TYPES.into_iter().find(|record_type| type_code(record_type) == Some(code))
}

/// A name as in a message.
pub(crate) fn name_bytes(name: &DnsName) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(name.as_str().len() + 2);
    for label in name.as_str().split('.') {
        // DnsName has no label that is longer than 63 bytes.
        push_string(&mut bytes, label.as_bytes());
    }
    bytes.push(0);
    bytes
}

/// The labels of a name as in a message.
pub(crate) fn labels(mut bytes: &[u8]) -> Vec<&[u8]> {
    let mut labels = Vec::new();
    while let Some((&length, rest)) = bytes.split_first().filter(|(length, _)| **length > 0) {
        let Some((label, tail)) = rest.split_at_checked(usize::from(length)) else { break };
        labels.push(label);
        bytes = tail;
    }
    labels
}

/// A name as text without a trailing dot, `.` for the root. Bytes that are no part of host names are written `\DDD`.
pub(crate) fn name_text(bytes: &[u8]) -> String {
    let mut text = String::new();
    for label in labels(bytes) {
        if !text.is_empty() {
            text.push('.');
        }
        for &byte in label {
            match byte {
                b'.' | b'\\' | b'"' | 0..=b' ' | 0x7f.. => drop(write!(text, "\\{byte:03}")),
                _ => text.push(char::from(byte)),
            }
        }
    }
    if text.is_empty() { ".".to_owned() } else { text }
}

/// The bytes of a name as text, in lower case; `None` where it is none.
pub(crate) fn parse_name(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() + 2);
    let trimmed = text.strip_suffix('.').unwrap_or(text);
    for label in trimmed.split('.').filter(|_| !trimmed.is_empty()) {
        let mut raw = Vec::with_capacity(label.len());
        let mut rest = label;
        while let Some(first) = rest.chars().next() {
            let (byte, length) = match first {
                '\\' => (decimal(rest.get(1..4))?, 4),
                first => (u8::try_from(first).ok().filter(u8::is_ascii)?, 1),
            };
            raw.push(byte.to_ascii_lowercase());
            rest = rest.get(length..)?;
        }
        if raw.is_empty() || raw.len() > 63 {
            return None;
        }
        push_string(&mut bytes, &raw);
    }
    bytes.push(0);
    (bytes.len() <= NAME).then_some(bytes)
}

/// A name read from a message, as bytes in lower case.
pub(crate) fn bytes_of(name: &Name) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(name.len() + 1);
    for label in name.iter() {
        push_string(&mut bytes, &label.to_ascii_lowercase());
    }
    bytes.push(0);
    bytes
}

/// The data of a record. The error says what is wrong with the target.
pub(crate) fn data_of(record_type: &RecordType, target: &Target) -> Result<Vec<u8>, String> {
    let wrong = || format!("{target} is nothing that a {record_type} record can hold");
    let host = |host: &Option<DnsName>| host.as_ref().map_or_else(|| vec![0], name_bytes);
    let data = match (record_type, target) {
        (RecordType::A, Target::V4(address)) => address.octets().to_vec(),
        (RecordType::Aaaa, Target::V6(address)) => address.octets().to_vec(),
        (
            RecordType::Cname | RecordType::Dname | RecordType::Ns | RecordType::Ptr,
            Target::Name(_) | Target::Text(_),
        ) => match target {
            Target::Name(name) => name_bytes(name),
            other => parse_name(&other.to_string()).ok_or_else(wrong)?,
        },
        (RecordType::Mx, Target::Mx { preference, exchange }) => {
            [preference.to_be_bytes().to_vec(), host(exchange)].concat()
        }
        (RecordType::Srv, Target::Srv { priority, weight, port, host: server }) => {
            let numbers = [priority, weight, port].map(|number| number.to_be_bytes()).concat();
            [numbers, host(server)].concat()
        }
        (RecordType::Txt, Target::Text(text)) => {
            let mut data = Vec::with_capacity(text.len());
            for string in txt_strings(text) {
                push_string(&mut data, &string);
            }
            data
        }
        (RecordType::Naptr, Target::Text(text)) => {
            naptr_data(&Naptr::parse(text).ok_or_else(wrong)?).ok_or_else(wrong)?
        }
        // Hosts that are no host names are kept as text.
        (RecordType::Mx | RecordType::Srv, Target::Text(text)) => {
            numbers_and_name(record_type, text).ok_or_else(wrong)?
        }
        _ => return Err(wrong()),
    };
    if data.len() > usize::from(u16::MAX) {
        return Err(format!("a value of {} bytes does not fit into a record", data.len()));
    }
    Ok(data)
}

fn numbers_and_name(record_type: &RecordType, text: &str) -> Option<Vec<u8>> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let (host, numbers) = words.split_last()?;
    let expected = if *record_type == RecordType::Mx { 1 } else { 3 };
    let mut data = Vec::new();
    for number in numbers {
        data.extend_from_slice(&number.parse::<u16>().ok()?.to_be_bytes());
    }
    data.extend(parse_name(host)?);
    (numbers.len() == expected).then_some(data)
}

fn naptr_data(naptr: &Naptr) -> Option<Vec<u8>> {
    let mut data = [naptr.order.to_be_bytes(), naptr.preference.to_be_bytes()].concat();
    let fits = [&naptr.flags, &naptr.service, &naptr.regex].iter().all(|field| push_string(&mut data, field));
    data.extend(parse_name(&naptr.replacement)?);
    fits.then_some(data)
}

/// Data of a message in its one form. The decoder stands at its beginning and sees the whole message, because names may
/// point backwards. `None` where it is malformed.
pub(crate) fn read_data(
    record_type: &RecordType,
    decoder: &mut BinDecoder<'_>,
    length: usize,
) -> Option<Vec<u8>> {
    let start = decoder.index();
    let end = start + length;
    // So many bytes stand before the name, if there is one.
    let before = match record_type {
        RecordType::A | RecordType::Aaaa | RecordType::Txt | RecordType::Other(_) => None,
        RecordType::Cname | RecordType::Dname | RecordType::Ns | RecordType::Ptr => Some(0),
        RecordType::Mx => Some(2),
        RecordType::Srv => Some(6),
        RecordType::Naptr => {
            let mut ahead = decoder.clone(u16::try_from(start).ok()?);
            Some(naptr_texts(ahead.read_slice(length).ok()?.unverified())?)
        }
    };
    let mut data = decoder.read_slice(before.unwrap_or(length)).ok()?.unverified().to_vec();
    if before.is_some() {
        data.extend(bytes_of(&Name::read(decoder).ok()?));
    }
    let is_well_formed = match record_type {
        RecordType::A => length == 4,
        RecordType::Aaaa => length == 16,
        RecordType::Txt => strings_in(&data).is_some(),
        _ => true,
    };
    (is_well_formed && decoder.index() == end).then_some(data)
}

/// How many bytes come before the replacement.
fn naptr_texts(data: &[u8]) -> Option<usize> {
    let mut at = 4;
    for _ in 0..3 {
        at += 1 + usize::from(*data.get(at)?);
    }
    (at < data.len()).then_some(at)
}

/// Data in its one form, as a target is written; `None` where it is malformed.
pub(crate) fn target_text(record_type: &RecordType, data: &[u8]) -> Option<String> {
    let number = |at: usize| Some(u16::from_be_bytes([*data.get(at)?, *data.get(at + 1)?]));
    // With a dot at the end, unless it is nothing but that.
    let dotted = |at: usize| {
        let name = name_text(data.get(at..)?);
        Some(if name == "." { name } else { name + "." })
    };
    Some(match record_type {
        RecordType::A => <[u8; 4]>::try_from(data).map(std::net::Ipv4Addr::from).ok()?.to_string(),
        RecordType::Aaaa => <[u8; 16]>::try_from(data).map(std::net::Ipv6Addr::from).ok()?.to_string(),
        RecordType::Cname | RecordType::Dname | RecordType::Ns | RecordType::Ptr => name_text(data),
        RecordType::Txt => txt_text(&strings_in(data)?),
        RecordType::Mx => format!("{} {}", number(0)?, name_text(data.get(2..)?)),
        RecordType::Srv => format!("{} {} {} {}", number(0)?, number(2)?, number(4)?, dotted(6)?),
        RecordType::Naptr => {
            let texts = strings_in(data.get(4..naptr_texts(data)?)?)?;
            let [flags, service, regex] = <[&[u8]; 3]>::try_from(texts).ok()?.map(<[u8]>::to_vec);
            let replacement = dotted(naptr_texts(data)?)?;
            let naptr =
                Naptr { order: number(0)?, preference: number(2)?, flags, service, regex, replacement };
            naptr.to_text()
        }
        RecordType::Other(_) => return None,
    })
}

/// A record set as it was read.
pub(crate) fn to_record(
    zone: &ZoneId,
    owner: &[u8],
    record_type: RecordType,
    ttl: u32,
    data: &[&[u8]],
) -> Result<Record, NameError> {
    let texts: Vec<String> = data.iter().filter_map(|data| target_text(&record_type, data)).collect();
    let mut record = Record::from_text(zone.clone(), &name_text(owner), record_type, &texts)?;
    record.ttl = Ttl::from_seconds(i64::from(ttl));
    Ok(record)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    /// What a target becomes when it is sent and read again.
    fn round_trip(record_type: &RecordType, target: &Target) -> String {
        let data = data_of(record_type, target).unwrap();
        let read = read_data(record_type, &mut BinDecoder::new(&data), data.len()).unwrap();
        assert_eq!(read, data);
        target_text(record_type, &read).unwrap()
    }

    #[rstest]
    #[case("A", "192.0.2.1")]
    #[case("AAAA", "2001:db8::a")]
    #[case("AAAA", "::ffff:192.0.2.9")]
    #[case("CNAME", "a.example.net")]
    #[case("CNAME", "192.0.2.1:80")]
    #[case("DNAME", "_a.example.net")]
    #[case("NS", "ns1.example.net")]
    #[case("PTR", "*.example.net")]
    #[case("MX", "10 mail.example.net")]
    #[case("MX", "0 .")]
    #[case("SRV", "0 50 443 host.example.net.")]
    #[case("SRV", "0 0 0 .")]
    #[case("TXT", "\"one\" \"two\"")]
    #[case("TXT", "\"\"")]
    #[case("NAPTR", "100 10 \"u\" \"E2U+sip\" \"!^.*$!sip:one@example.net!\" .")]
    #[case("NAPTR", "1 2 \"s\" \"SIP+D2U\" \"\" _sip._udp.example.net.")]
    fn targets_come_back_as_they_were_sent(#[case] record_type: &str, #[case] text: &str) {
        let record_type = RecordType::from_text(record_type);
        let target = Target::parse(&record_type, text, false).unwrap();
        assert_eq!(round_trip(&record_type, &target), text);
    }

    #[rstest]
    #[case("CNAME", "a\\032b.example.net")]
    #[case("MX", "10 a\\046b.example.net")]
    #[case("SRV", "1 2 3 a\\255b.example.net.")]
    #[case("CNAME", ".")]
    fn what_is_no_host_name_can_be_named_all_the_same(#[case] record_type: &str, #[case] text: &str) {
        let record_type = RecordType::from_text(record_type);
        assert_eq!(round_trip(&record_type, &Target::Text(text.into())), text);
    }

    #[rstest]
    #[case("A", Target::Name(DnsName::parse("lb.example.net").unwrap()))]
    #[case("A", Target::Text("192.0.2.1".into()))]
    #[case("AAAA", Target::V4([192, 0, 2, 1].into()))]
    #[case("CNAME", Target::V4([192, 0, 2, 1].into()))]
    #[case("CNAME", Target::Text("a..b".into()))]
    #[case("CNAME", Target::Text("a\\300b".into()))]
    #[case("NAPTR", Target::Text("1 2 u".into()))]
    #[case("MX", Target::Text("mail.example.net".into()))]
    fn what_a_type_cannot_hold_is_named(#[case] record_type: &str, #[case] target: Target) {
        let error = data_of(&RecordType::from_text(record_type), &target).unwrap_err();
        assert!(error.contains(record_type), "{error}");
    }

    #[test]
    fn a_txt_value_beyond_a_record_is_refused() {
        let error = data_of(&RecordType::Txt, &Target::Text("x".repeat(66_000).into())).unwrap_err();
        assert!(error.contains("does not fit"), "{error}");
    }

    #[rstest]
    #[case("A", &[1, 2, 3])]
    #[case("TXT", &[5, b'a'])]
    #[case("TXT", &[])]
    #[case("CNAME", &[3, b'a'])]
    #[case("CNAME", &[0, 0])]
    #[case("MX", &[0, 10])]
    #[case("SRV", &[0, 0, 0])]
    #[case("NAPTR", &[0, 0, 0, 0, 1])]
    #[case("CNAME", &[0xC0, 0x00])]
    fn malformed_data_is_noticed(#[case] record_type: &str, #[case] data: &[u8]) {
        let record_type = RecordType::from_text(record_type);
        assert_eq!(read_data(&record_type, &mut BinDecoder::new(data), data.len()), None);
    }
}
