//! Reading a zone: serial, transfer of everything (AXFR, RFC 5936), transfer of the changes (IXFR, RFC 1995).
//!
//! A transfer begins and ends with the SOA record. One that does not get that far is an error: half a zone is never taken for a
//! whole one.

use crate::convert::{SOA, bytes_of, read_data, type_of};
use crate::image::{Difference, Image, Rr, is_later};
use hickory_proto::rr::Name;
use hickory_proto::serialize::binary::{BinDecodable, BinDecoder, DecodeError};

/// More than this is taken for a mistake. A million names with their ownership rows are about 300 MiB.
pub(crate) const MOST: Bounds = Bounds { records: 5_000_000, bytes: 1 << 30 };

const IN: u16 = 1;

/// How much of a zone is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bounds {
    pub(crate) records: usize,
    pub(crate) bytes: usize,
}

/// What a transfer has come to.
#[derive(Debug)]
pub(crate) enum Transferred {
    /// There is nothing newer than what was asked about.
    Nothing,
    /// The server has an older serial than was asked about.
    Behind,
    /// Everything.
    Zone(Image),
    /// The changes since, and the serial they lead to.
    Differences(Vec<Difference>, u32),
}

/// Why a transfer is of no use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TransferError {
    #[error("a message of the transfer is malformed")]
    Malformed,
    #[error("the transfer does not begin with the zone's SOA record")]
    NoSoa,
    #[error("the transfer goes on after its end")]
    AfterEnd,
    #[error("the zone changed while it was transferred")]
    Changed,
    #[error("the changes do not begin where they were asked for")]
    WrongStart,
    #[error("the zone has more than {0}, and is not read any further")]
    TooMuch(String),
}

impl From<DecodeError> for TransferError {
    fn from(_: DecodeError) -> Self {
        Self::Malformed
    }
}

/// A transfer under way.
pub(crate) struct Transfer {
    apex: Vec<u8>,
    /// The serial from which changes were asked for.
    since: Option<u32>,
    bounds: Bounds,
    records: usize,
    bytes: usize,
    serial: u32,
    state: State,
}

enum State {
    Begin,
    /// One SOA record, so far.
    Begun,
    Zone(Image),
    Removing(Vec<Difference>),
    Adding(Vec<Difference>, u32),
    End(Transferred),
}

/// A record, as far as it matters.
struct Seen {
    owner: Vec<u8>,
    code: u16,
    ttl: u32,
    what: What,
}

enum What {
    Serial(u32),
    Data(Vec<u8>),
    /// Of no type that is read, or of another class.
    Other,
}

impl Transfer {
    pub(crate) fn new(apex: &[u8], since: Option<u32>, bounds: Bounds) -> Self {
        let apex = apex.to_vec();
        Self { apex, since, bounds, records: 0, bytes: 0, serial: 0, state: State::Begin }
    }

    /// Takes the next message.
    pub(crate) fn take(&mut self, message: &[u8]) -> Result<(), TransferError> {
        self.bytes += message.len();
        let is_first = matches!(self.state, State::Begin);
        let mut count = 0;
        let mut decoder = BinDecoder::new(message);
        for _ in 0..answers(&mut decoder)? {
            let seen = read_record(&mut decoder)?;
            count += 1;
            self.records += 1;
            let Bounds { records, bytes } = self.bounds;
            if self.records > records {
                return Err(TransferError::TooMuch(format!("{records} records")));
            }
            if self.bytes > bytes {
                return Err(TransferError::TooMuch(format!("{bytes} bytes")));
            }
            self.record(seen)?;
        }
        if is_first && count == 1 && matches!(self.state, State::Begun) {
            self.alone();
        }
        Ok(())
    }

    /// What it came to, once it has ended.
    pub(crate) fn is_complete(&self) -> bool {
        matches!(self.state, State::End(_))
    }

    pub(crate) fn finish(self) -> Option<Transferred> {
        match self.state {
            State::End(transferred) => Some(transferred),
            _ => None,
        }
    }

    /// How many records have come, those that are not read included.
    pub(crate) fn records(&self) -> usize {
        self.records
    }

    /// The first message has nothing but a SOA record. That is the whole answer where nothing has changed, and the beginning of a
    /// transfer with one record per message otherwise.
    fn alone(&mut self) {
        match self.since {
            Some(since) if since == self.serial => self.state = State::End(Transferred::Nothing),
            Some(since) if is_later(since, self.serial) => self.state = State::End(Transferred::Behind),
            _ => {}
        }
    }

    fn record(&mut self, seen: Seen) -> Result<(), TransferError> {
        let serial = match seen.what {
            What::Serial(serial) if seen.owner == self.apex => Some(serial),
            _ => None,
        };
        let state = std::mem::replace(&mut self.state, State::Begin);
        self.state = match (state, serial) {
            (State::Begin, Some(serial)) => {
                self.serial = serial;
                State::Begun
            }
            (State::Begin, None) => return Err(TransferError::NoSoa),
            (State::End(_), _) => return Err(TransferError::AfterEnd),
            (State::Begun, Some(serial)) if serial == self.serial => {
                State::End(Transferred::Zone(Image::new(serial)))
            }
            (State::Begun, Some(serial)) if Some(serial) == self.since => {
                State::Removing(vec![Difference::default()])
            }
            (State::Begun, Some(_)) => return Err(TransferError::WrongStart),
            (State::Begun, None) => {
                let mut image = Image::new(self.serial);
                add(seen, |rr| image.add(rr));
                State::Zone(image)
            }
            (State::Zone(image), Some(serial)) if serial == self.serial => {
                State::End(Transferred::Zone(image))
            }
            (State::Zone(_), Some(_)) => return Err(TransferError::Changed),
            (State::Zone(mut image), None) => {
                add(seen, |rr| image.add(rr));
                State::Zone(image)
            }
            (State::Removing(all), Some(serial)) => State::Adding(all, serial),
            (State::Removing(mut all), None) => {
                add(seen, |rr| all.last_mut().into_iter().for_each(|last| last.removed.push(rr.clone())));
                State::Removing(all)
            }
            (State::Adding(all, reached), Some(serial)) if reached == self.serial && serial == reached => {
                State::End(Transferred::Differences(all, serial))
            }
            (State::Adding(mut all, reached), Some(serial)) if serial == reached => {
                all.push(Difference::default());
                State::Removing(all)
            }
            (State::Adding(..), Some(_)) => return Err(TransferError::WrongStart),
            (State::Adding(mut all, reached), None) => {
                add(seen, |rr| all.last_mut().into_iter().for_each(|last| last.added.push(rr.clone())));
                State::Adding(all, reached)
            }
        };
        Ok(())
    }
}

fn add(seen: Seen, mut to: impl FnMut(&Rr)) {
    if let Seen { owner, code, ttl, what: What::Data(data) } = seen {
        to(&Rr { owner, code, ttl, data });
    }
}

/// The serial in the answer to a query for the zone's SOA record.
pub(crate) fn serial_in(message: &[u8], apex: &[u8]) -> Result<Option<u32>, TransferError> {
    let mut decoder = BinDecoder::new(message);
    for _ in 0..answers(&mut decoder)? {
        match read_record(&mut decoder)? {
            Seen { owner, what: What::Serial(serial), .. } if owner == apex => return Ok(Some(serial)),
            _ => {}
        }
    }
    Ok(None)
}

/// Goes to the answers and says how many there are.
fn answers(decoder: &mut BinDecoder<'_>) -> Result<usize, DecodeError> {
    decoder.read_slice(4)?;
    let questions = decoder.read_u16()?.unverified();
    let answers = decoder.read_u16()?.unverified();
    decoder.read_slice(4)?;
    for _ in 0..questions {
        Name::read(decoder)?;
        decoder.read_slice(4)?;
    }
    Ok(usize::from(answers))
}

fn read_record(decoder: &mut BinDecoder<'_>) -> Result<Seen, TransferError> {
    let owner = bytes_of(&Name::read(decoder)?);
    let code = decoder.read_u16()?.unverified();
    let class = decoder.read_u16()?.unverified();
    // The highest bit is no part of it (RFC 2181 section 8).
    let ttl = decoder.read_u32()?.unverified();
    let ttl = if ttl >> 31 == 0 { ttl } else { 0 };
    let length = usize::from(decoder.read_u16()?.unverified());
    let what = match type_of(code) {
        Some(record_type) if class == IN => {
            What::Data(read_data(&record_type, decoder, length).ok_or(TransferError::Malformed)?)
        }
        _ if code == SOA && class == IN => What::Serial(read_serial(decoder, length)?),
        _ => {
            decoder.read_slice(length)?;
            What::Other
        }
    };
    Ok(Seen { owner, code, ttl, what })
}

fn read_serial(decoder: &mut BinDecoder<'_>, length: usize) -> Result<u32, TransferError> {
    let end = decoder.index() + length;
    Name::read(decoder)?;
    Name::read(decoder)?;
    let serial = decoder.read_u32()?.unverified();
    decoder.read_slice(16)?;
    if decoder.index() == end { Ok(serial) } else { Err(TransferError::Malformed) }
}

#[cfg(test)]
#[path = "transfer/tests.rs"]
mod tests;
