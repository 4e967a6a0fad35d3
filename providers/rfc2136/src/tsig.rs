//! Signatures of messages (TSIG, RFC 8945).
//!
//! Own code over the HMACs of RustCrypto: `hickory-proto` signs only in a build with DNSSEC, and not with SHA-1 or SHA-224. MD5,
//! which nobody should use and ExternalDNS does not know, is refused.

use crate::convert::bytes_of;
use hickory_proto::rr::Name;
use hickory_proto::serialize::binary::{BinDecodable, BinDecoder, DecodeError};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretSlice};
use std::fmt;

/// How far clocks may be apart (RFC 8945 section 10 recommends 300 seconds, and so does everybody).
pub(crate) const FUDGE: u64 = 300;

/// The type of the signature record.
const TSIG: u16 = 250;
/// Class ANY.
const ANY: u16 = 255;
/// Unsigned messages between two signed ones of a stream (RFC 8945 section 5.3.1).
const UNSIGNED: usize = 99;

/// Ways to sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // they are called what they are
pub enum TsigAlgorithm {
    HmacSha1,
    HmacSha224,
    HmacSha256,
    HmacSha384,
    HmacSha512,
}

impl TsigAlgorithm {
    const ALL: [Self; 5] =
        [Self::HmacSha1, Self::HmacSha224, Self::HmacSha256, Self::HmacSha384, Self::HmacSha512];

    /// The name by which flags and servers know it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::HmacSha1 => "hmac-sha1",
            Self::HmacSha224 => "hmac-sha224",
            Self::HmacSha256 => "hmac-sha256",
            Self::HmacSha384 => "hmac-sha384",
            Self::HmacSha512 => "hmac-sha512",
        }
    }

    /// Reads a name; a dot at its end does not matter, nor does case.
    ///
    /// # Errors
    /// A sentence that says which there are.
    pub fn parse(text: &str) -> Result<Self, String> {
        let name = text.trim().trim_end_matches('.').to_ascii_lowercase();
        let all = || Self::ALL.map(Self::as_str).join(", ");
        if name.contains("md5") {
            return Err(format!("{text:?} is not supported, because MD5 is broken; take one of {}", all()));
        }
        let found = Self::ALL.into_iter().find(|algorithm| algorithm.as_str() == name);
        found.ok_or_else(|| format!("{text:?} is no TSIG algorithm; there are {}", all()))
    }

    /// `None` does not happen: HMAC takes keys of any length.
    fn mac(self, secret: &[u8]) -> Option<Box<dyn Running>> {
        fn start<M: Running + KeyInit + 'static>(secret: &[u8]) -> Option<Box<dyn Running>> {
            <M as KeyInit>::new_from_slice(secret).ok().map(|mac| -> Box<dyn Running> { Box::new(mac) })
        }
        match self {
            Self::HmacSha1 => start::<Hmac<sha1::Sha1>>(secret),
            Self::HmacSha224 => start::<Hmac<sha2::Sha224>>(secret),
            Self::HmacSha256 => start::<Hmac<sha2::Sha256>>(secret),
            Self::HmacSha384 => start::<Hmac<sha2::Sha384>>(secret),
            Self::HmacSha512 => start::<Hmac<sha2::Sha512>>(secret),
        }
    }
}

/// A MAC under way, whatever its hash.
trait Running: Send {
    fn add(&mut self, bytes: &[u8]);
    fn finish(self: Box<Self>) -> Vec<u8>;
    /// In a time that does not depend on where they differ. Shortened ones are not taken (RFC 8945 section 5.2.2.1 leaves it open).
    fn equals(self: Box<Self>, mac: &[u8]) -> bool;
}

impl<M: Mac + Send> Running for M {
    fn add(&mut self, bytes: &[u8]) {
        self.update(bytes);
    }

    fn finish(self: Box<Self>) -> Vec<u8> {
        self.finalize().into_bytes().to_vec()
    }

    fn equals(self: Box<Self>, mac: &[u8]) -> bool {
        self.verify_slice(mac).is_ok()
    }
}

/// Signs nothing and finds nothing right.
struct NoMac;

impl Running for NoMac {
    fn add(&mut self, _: &[u8]) {}

    fn finish(self: Box<Self>) -> Vec<u8> {
        Vec::new()
    }

    fn equals(self: Box<Self>, _: &[u8]) -> bool {
        false
    }
}

/// A shared secret with its name.
#[derive(Clone)]
pub struct TsigKey {
    /// As in messages, in lower case.
    name: Vec<u8>,
    algorithm: TsigAlgorithm,
    algorithm_name: Vec<u8>,
    secret: SecretSlice<u8>,
}

impl fmt::Debug for TsigKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TsigKey({}, {})", self.name_text(), self.algorithm.as_str())
    }
}

/// A request, signed.
pub(crate) struct Signed {
    pub(crate) message: Vec<u8>,
    pub(crate) mac: Vec<u8>,
}

/// What is wrong with an answer's signature.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TsigProblem {
    #[error("the server does not know TSIG key {key:?} with {algorithm} (BADKEY)")]
    BadKey { key: String, algorithm: &'static str },
    #[error(
        "the server finds the signature wrong (BADSIG): the secret of TSIG key {key:?} is another one there"
    )]
    BadSignature { key: String },
    #[error("{}", skew_text(*.skew))]
    BadTime { skew: Option<i64> },
    #[error("the server wants longer signatures (BADTRUNC)")]
    BadTruncation,
    #[error("the server answers with TSIG error {0}")]
    Other(u16),
    #[error("the answer is not signed")]
    Unsigned,
    #[error("the answer is signed by another key than the request")]
    OtherKey,
    #[error(
        "the answer's signature is wrong: the secret of TSIG key {key:?} is another one on the server, or somebody stands between"
    )]
    WrongMac { key: String },
    #[error("the answer's signature is malformed")]
    Malformed,
}

/// Positive where the server is ahead.
fn skew_text(skew: Option<i64>) -> String {
    let Some(skew) = skew else {
        return "the server finds the time of the signature wrong (BADTIME); set the clocks".to_owned();
    };
    let way = if skew < 0 { "ahead of" } else { "behind" };
    format!(
        "the clock of this machine is {} seconds {way} the server's, TSIG allows {FUDGE} (BADTIME); set the clocks",
        skew.abs()
    )
}

impl TsigKey {
    /// A key by its name; `None` where that is no name of a key.
    pub fn new(name: &str, algorithm: TsigAlgorithm, secret: SecretSlice<u8>) -> Option<Self> {
        let name = crate::convert::parse_name(name).filter(|name| name.len() > 1)?;
        let algorithm_name = crate::convert::parse_name(algorithm.as_str())?;
        Some(Self { name, algorithm, algorithm_name, secret })
    }

    /// Whether it has signed this answer to a request with this signature, at this time (seconds since 1970).
    pub fn has_signed(&self, answer: &[u8], request_mac: &[u8], now: u64) -> bool {
        matches!(Verifier::new(self, request_mac, now).check(answer), Ok(true))
    }

    pub(crate) fn name_text(&self) -> String {
        crate::convert::name_text(&self.name)
    }

    /// Signs a request.
    pub(crate) fn sign(&self, mut message: Vec<u8>, now: u64) -> Signed {
        let mut mac = self.mac();
        mac.add(&message);
        mac.add(&self.variables(now, FUDGE as u16, 0, &[]));
        let mac = mac.finish();
        let id = [message.first().copied().unwrap_or(0), message.get(1).copied().unwrap_or(0)];
        let mut data = self.algorithm_name.clone();
        data.extend_from_slice(&time_bytes(now));
        data.extend_from_slice(&(FUDGE as u16).to_be_bytes());
        data.extend_from_slice(&(mac.len() as u16).to_be_bytes());
        data.extend_from_slice(&mac);
        data.extend_from_slice(&id);
        data.extend_from_slice(&[0; 4]);
        message.extend_from_slice(&self.name);
        message.extend_from_slice(&TSIG.to_be_bytes());
        message.extend_from_slice(&ANY.to_be_bytes());
        message.extend_from_slice(&[0; 4]);
        message.extend_from_slice(&(data.len() as u16).to_be_bytes());
        message.extend_from_slice(&data);
        add_to_arcount(&mut message, 1);
        Signed { message, mac }
    }

    /// More than a signature adds to a message.
    pub(crate) fn room(&self) -> usize {
        self.name.len() + self.algorithm_name.len() + 100
    }

    fn mac(&self) -> Box<dyn Running> {
        self.algorithm.mac(self.secret.expose_secret()).unwrap_or_else(|| Box::new(NoMac))
    }

    fn variables(&self, time: u64, fudge: u16, error: u16, other: &[u8]) -> Vec<u8> {
        let mut bytes = self.name.clone();
        bytes.extend_from_slice(&ANY.to_be_bytes());
        bytes.extend_from_slice(&[0; 4]);
        bytes.extend_from_slice(&self.algorithm_name);
        bytes.extend_from_slice(&timers(time, fudge));
        bytes.extend_from_slice(&error.to_be_bytes());
        bytes.extend_from_slice(&(other.len() as u16).to_be_bytes());
        bytes.extend_from_slice(other);
        bytes
    }
}

fn timers(time: u64, fudge: u16) -> Vec<u8> {
    [&time_bytes(time)[..], &fudge.to_be_bytes()].concat()
}

/// 48 bits.
fn time_bytes(time: u64) -> [u8; 6] {
    let [_, _, rest @ ..] = time.to_be_bytes();
    rest
}

fn time_of(bytes: &[u8]) -> Option<u64> {
    let bytes: [u8; 6] = bytes.try_into().ok()?;
    Some(bytes.iter().fold(0, |time, byte| time << 8 | u64::from(*byte)))
}

fn add_to_arcount(message: &mut [u8], difference: i32) {
    if let Some([high, low]) = message.get_mut(10..12) {
        let count = i32::from(u16::from_be_bytes([*high, *low])) + difference;
        [*high, *low] = (count as u16).to_be_bytes();
    }
}

/// Checks the answer to a request, message by message.
pub(crate) struct Verifier {
    key: TsigKey,
    /// What will be signed next.
    running: Box<dyn Running>,
    is_first: bool,
    unsigned: usize,
    now: u64,
}

impl Verifier {
    /// For the answer to a request whose signature is this.
    pub(crate) fn new(key: &TsigKey, request_mac: &[u8], now: u64) -> Self {
        let running = after(key, request_mac);
        Self { key: key.clone(), running, is_first: true, unsigned: 0, now }
    }

    /// Takes the next message. `Ok(true)` where everything up to here is signed, `Ok(false)` where that is left to a later message.
    pub(crate) fn check(&mut self, message: &[u8]) -> Result<bool, TsigProblem> {
        let Some(signature) = Signature::find(message)? else {
            self.running.add(message);
            self.unsigned += 1;
            let is_too_long = self.is_first || self.unsigned > UNSIGNED;
            return if is_too_long { Err(TsigProblem::Unsigned) } else { Ok(false) };
        };
        let key = || self.key.name_text();
        match signature.error {
            // Answers with these two are not signed, because they cannot be.
            17 => {
                return Err(TsigProblem::BadKey { key: key(), algorithm: self.key.algorithm.as_str() });
            }
            16 => return Err(TsigProblem::BadSignature { key: key() }),
            22 => return Err(TsigProblem::BadTruncation),
            _ => {}
        }
        if signature.key != self.key.name || signature.algorithm != self.key.algorithm_name {
            return Err(TsigProblem::OtherKey);
        }
        let mut signed = message.get(..signature.start).unwrap_or_default().to_vec();
        add_to_arcount(&mut signed, -1);
        if let Some(id) = signed.get_mut(..2) {
            id.copy_from_slice(&signature.original_id);
        }
        let mut running = std::mem::replace(&mut self.running, after(&self.key, &signature.mac));
        running.add(&signed);
        let Signature { time, fudge, error, ref other, .. } = signature;
        if self.is_first {
            running.add(&self.key.variables(time, fudge, error, other));
        } else {
            running.add(&timers(time, fudge));
        }
        if !running.equals(&signature.mac) {
            return Err(TsigProblem::WrongMac { key: key() });
        }
        (self.is_first, self.unsigned) = (false, 0);
        match error {
            0 if time.abs_diff(self.now) > FUDGE => {
                Err(TsigProblem::BadTime { skew: Some(difference(time, self.now)) })
            }
            0 => Ok(true),
            // The server's own time is in there.
            18 => {
                Err(TsigProblem::BadTime { skew: time_of(other).map(|server| difference(server, self.now)) })
            }
            error => Err(TsigProblem::Other(error)),
        }
    }

    /// Messages of a long transfer are signed when they are sent, and compared with the time at which they come.
    pub(crate) fn time_has_come_to(&mut self, now: u64) {
        self.now = now;
    }
}

fn difference(server: u64, here: u64) -> i64 {
    i64::try_from(server).unwrap_or(i64::MAX).saturating_sub(i64::try_from(here).unwrap_or(i64::MAX))
}

fn after(key: &TsigKey, mac: &[u8]) -> Box<dyn Running> {
    let mut running = key.mac();
    running.add(&(mac.len() as u16).to_be_bytes());
    running.add(mac);
    running
}

/// A signature as it stands in a message.
struct Signature {
    start: usize,
    key: Vec<u8>,
    algorithm: Vec<u8>,
    time: u64,
    fudge: u16,
    mac: Vec<u8>,
    original_id: [u8; 2],
    error: u16,
    other: Vec<u8>,
}

impl Signature {
    /// The last record of the message, if it is one.
    fn find(message: &[u8]) -> Result<Option<Self>, TsigProblem> {
        Self::read(message).map_err(|_| TsigProblem::Malformed)
    }

    fn read(message: &[u8]) -> Result<Option<Self>, DecodeError> {
        let mut decoder = BinDecoder::new(message);
        decoder.read_slice(4)?;
        let mut counts = [0u16; 4];
        for count in &mut counts {
            *count = decoder.read_u16()?.unverified();
        }
        let [questions, answers, authorities, additionals] = counts.map(usize::from);
        for _ in 0..questions {
            Name::read(&mut decoder)?;
            decoder.read_slice(4)?;
        }
        let records = answers + authorities + additionals;
        for n in 1..=records {
            let start = decoder.index();
            let name = Name::read(&mut decoder)?;
            let record_type = decoder.read_u16()?.unverified();
            decoder.read_slice(6)?;
            let length = usize::from(decoder.read_u16()?.unverified());
            if n < records || additionals == 0 || record_type != TSIG {
                decoder.read_slice(length)?;
                continue;
            }
            let end = decoder.index() + length;
            let algorithm = bytes_of(&Name::read(&mut decoder)?);
            let time = decoder.read_slice(6)?.unverified();
            let time = time_of(time).unwrap_or_default();
            let fudge = decoder.read_u16()?.unverified();
            let size = usize::from(decoder.read_u16()?.unverified());
            let mac = decoder.read_slice(size)?.unverified().to_vec();
            let original_id = decoder.read_u16()?.unverified().to_be_bytes();
            let error = decoder.read_u16()?.unverified();
            let size = usize::from(decoder.read_u16()?.unverified());
            let other = decoder.read_slice(size)?.unverified().to_vec();
            let key = bytes_of(&name);
            if decoder.index() != end || end != message.len() {
                return Err(DecodeError::InsufficientBytes);
            }
            let signature = Self { start, key, algorithm, time, fudge, mac, original_id, error, other };
            return Ok(Some(signature));
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    const NOW: u64 = 1_700_000_000;

    fn key(algorithm: TsigAlgorithm, secret: &[u8]) -> TsigKey {
        TsigKey::new("Key.Example.", algorithm, secret.to_vec().into()).unwrap()
    }

    /// An answer with nothing in it, signed as a server does.
    fn answer(
        key: &TsigKey,
        id: u16,
        before: &[u8],
        first: bool,
        time: u64,
        error: u16,
        other: &[u8],
    ) -> Vec<u8> {
        let mut message = [&id.to_be_bytes()[..], &[0x84, 0, 0, 0, 0, 0, 0, 0, 0, 0]].concat();
        let mut mac = after(key, before);
        mac.add(&message);
        mac.add(&if first { key.variables(time, 300, error, other) } else { timers(time, 300) });
        let mac = mac.finish();
        let mut data = key.algorithm_name.clone();
        data.extend(timers(time, 300));
        data.extend((mac.len() as u16).to_be_bytes());
        data.extend(&mac);
        data.extend(id.to_be_bytes());
        data.extend(error.to_be_bytes());
        data.extend((other.len() as u16).to_be_bytes());
        data.extend(other);
        message.extend(&key.name);
        message.extend([0, 250, 0, 255, 0, 0, 0, 0]);
        message.extend((data.len() as u16).to_be_bytes());
        message.extend(data);
        add_to_arcount(&mut message, 1);
        message
    }

    fn mac_of(message: &[u8]) -> Vec<u8> {
        Signature::find(message).unwrap().unwrap().mac
    }

    #[rstest]
    #[case("hmac-sha1", 20)]
    #[case("HMAC-SHA224.", 28)]
    #[case("hmac-sha256", 32)]
    #[case("hmac-sha384", 48)]
    #[case("hmac-sha512", 64)]
    fn every_algorithm_signs_and_checks(#[case] name: &str, #[case] length: usize) {
        let key = key(TsigAlgorithm::parse(name).unwrap(), b"secret");
        let signed = key.sign(vec![0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], NOW);
        assert_eq!((signed.mac.len(), mac_of(&signed.message)), (length, signed.mac.clone()));
        let mut verifier = Verifier::new(&key, &signed.mac, NOW);
        let first = answer(&key, 7, &signed.mac, true, NOW, 0, &[]);
        assert_eq!(verifier.check(&first), Ok(true));
        let second = answer(&key, 7, &mac_of(&first), false, NOW + 5, 0, &[]);
        assert_eq!(verifier.check(&second), Ok(true));
        assert!(verifier.check(&second).is_err(), "the same again is not what comes next");
    }

    #[rstest]
    #[case("hmac-md5", "MD5")]
    #[case("hmac-md5.sig-alg.reg.int.", "MD5")]
    #[case("sha256", "there are hmac-sha1")]
    #[case("", "there are hmac-sha1")]
    fn other_algorithms_are_refused(#[case] name: &str, #[case] part: &str) {
        assert!(TsigAlgorithm::parse(name).unwrap_err().contains(part));
    }

    #[test]
    fn whatever_is_changed_is_noticed() {
        let key = key(TsigAlgorithm::HmacSha256, b"secret");
        let good = answer(&key, 7, b"request", true, NOW, 0, &[]);
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            let outcome = Verifier::new(&key, b"request", NOW).check(&bad);
            // The id in front may be another one: the one that was signed stands in the signature. Whoever asked looks at it.
            // Class and TTL of the signature are signed as what they have to be.
            let end = 12 + key.name.len();
            let is_fixed = at < 2 || (end + 2..end + 8).contains(&at);
            assert!(outcome.is_err() || is_fixed, "byte {at}");
        }
        let short = answer(&key, 7, b"request", true, NOW, 0, &[]);
        for length in 0..short.len() {
            assert!(Verifier::new(&key, b"request", NOW).check(&short[..length]).is_err(), "{length}");
        }
    }

    #[test]
    fn clocks_apart_are_named_with_the_difference() {
        let key = key(TsigAlgorithm::HmacSha256, b"secret");
        let check = |message: &[u8]| Verifier::new(&key, b"r", NOW).check(message).unwrap_err().to_string();
        let late = check(&answer(&key, 7, b"r", true, NOW, 18, &time_bytes(NOW + 1000)));
        assert!(late.contains("1000 seconds behind the server's"), "{late}");
        let early = check(&answer(&key, 7, b"r", true, NOW - 400, 0, &[]));
        assert!(early.contains("400 seconds ahead of the server's"), "{early}");
    }

    #[test]
    fn a_stream_may_leave_some_messages_unsigned_but_not_many() {
        let key = key(TsigAlgorithm::HmacSha256, b"secret");
        let plain = [0, 7, 0x84, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(Verifier::new(&key, b"r", NOW).check(&plain), Err(TsigProblem::Unsigned));
        let first = answer(&key, 7, b"r", true, NOW, 0, &[]);
        let mut verifier = Verifier::new(&key, b"r", NOW);
        assert_eq!(verifier.check(&first), Ok(true));
        for _ in 0..UNSIGNED {
            assert_eq!(verifier.check(&plain), Ok(false));
        }
        assert_eq!(verifier.check(&plain), Err(TsigProblem::Unsigned));
    }

    #[test]
    fn a_key_shows_no_secret() {
        let key = key(TsigAlgorithm::HmacSha256, b"secret");
        assert_eq!(format!("{key:?}"), "TsigKey(key.example, hmac-sha256)");
        assert!(TsigKey::new("", TsigAlgorithm::HmacSha1, Vec::new().into()).is_none());
    }
}
