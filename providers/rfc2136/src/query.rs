//! Questions: serial of a zone, all of it, its changes.

use crate::convert::SOA;
use crate::update::name;
use hickory_proto::ProtoError;
use hickory_proto::op::{Message, MessageType, OpCode, Query};
use hickory_proto::rr::rdata::SOA as Soa;
use hickory_proto::rr::{Name, RData, Record, RecordType};

/// What is asked of a zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Question {
    /// Its serial.
    Serial,
    /// Everything.
    Zone,
    /// What has changed since a serial.
    Since(u32),
}

impl Question {
    /// The message, unsigned.
    pub(crate) fn message(self, apex: &[u8], id: u16) -> Result<Vec<u8>, ProtoError> {
        let apex = name(apex)?;
        let code = match self {
            Self::Serial => RecordType::from(SOA),
            Self::Zone => RecordType::AXFR,
            Self::Since(_) => RecordType::IXFR,
        };
        let mut message = Message::new(id, MessageType::Query, OpCode::Query);
        message.add_query(Query::query(apex.clone(), code));
        if let Self::Since(serial) = self {
            let soa = Soa::new(Name::root(), Name::root(), serial, 0, 0, 0, 0);
            message.add_authority(Record::from_rdata(apex, 0, RData::SOA(soa)));
        }
        message.to_vec()
    }

    /// What it is called in messages for people.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Serial => "the query for its SOA record",
            Self::Zone => "a zone transfer (AXFR)",
            Self::Since(_) => "a transfer of changes (IXFR)",
        }
    }
}
