//! Requests to servers and their answers, signed where there is a key.

use crate::query::Question;
use crate::refusal::{Asked, Failed, rcode};
use crate::servers::Servers;
use crate::transfer::{MOST, Transfer, Transferred, serial_in};
use crate::transport::{Connection, Server};
use crate::tsig::{TsigKey, TsigProblem, Verifier};
use hickory_proto::ProtoError;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::time::timeout;
use zonewright_provider_kit::{ProviderError, RequestBudget};

/// A whole transfer; hundreds of thousands of records take seconds.
const TRANSFER: Duration = Duration::from_secs(15 * 60);

/// Says what time it is, in seconds since 1970. Signatures depend on it.
pub type Clock = Arc<dyn Fn() -> u64 + Send + Sync>;

/// Talks to the servers.
pub(crate) struct Client {
    pub(crate) servers: Servers,
    pub(crate) key: Option<TsigKey>,
    pub(crate) clock: Clock,
    pub(crate) budget: RequestBudget,
    pub(crate) ids: AtomicUsize,
    pub(crate) random: RandomState,
}

/// A request under way.
struct Dialogue<'a> {
    client: &'a Client,
    connection: Connection,
    id: u16,
    verifier: Option<Verifier>,
}

impl Client {
    /// Asks for the serial of a zone.
    pub(crate) async fn serial(&self, server: &Server, apex: &[u8]) -> Result<u32, Failed> {
        let mut dialogue = self.ask(server, Question::Serial, apex).await?;
        let answer = dialogue.answer().await?;
        server.keep(dialogue.connection).await;
        let serial = serial_in(&answer, apex).map_err(|error| Failed::Senseless(error.to_string()))?;
        serial.ok_or_else(|| {
            let what = "the server has no SOA record for this name; --rfc2136-zone takes the zone's own name";
            Failed::Senseless(what.to_owned())
        })
    }

    /// Has a zone transferred, or what has changed in it since a serial.
    pub(crate) async fn transfer(
        &self,
        server: &Server,
        apex: &[u8],
        since: Option<u32>,
    ) -> Result<Transferred, Failed> {
        let question = since.map_or(Question::Zone, Question::Since);
        let mut dialogue = self.ask(server, question, apex).await?;
        let reading = async {
            let mut transfer = Transfer::new(apex, since, MOST);
            loop {
                let (message, is_signed) = dialogue.next().await?;
                if let Err(error) = transfer.take(&message) {
                    let seen = transfer.records();
                    return Err(Failed::Senseless(format!("{error} (after {seen} records)")));
                }
                if transfer.is_complete() {
                    if !is_signed {
                        return Err(Failed::Untrusted(TsigProblem::Unsigned));
                    }
                    return Ok(transfer.finish());
                }
            }
        };
        let transferred = timeout(TRANSFER, reading).await;
        let minutes = TRANSFER.as_secs() / 60;
        let transferred = transferred
            .map_err(|_| Failed::Senseless(format!("it did not end within {minutes} minutes")))??;
        server.keep(dialogue.connection).await;
        transferred.ok_or_else(|| Failed::Senseless("the transfer ended early".to_owned()))
    }

    /// Sends an update.
    pub(crate) async fn update(&self, server: &Server, message: Vec<u8>) -> Result<(), Failed> {
        let mut dialogue = self.send(server, message).await?;
        dialogue.answer().await?;
        server.keep(dialogue.connection).await;
        Ok(())
    }

    /// A number for a message. Who answers is told by the connection and the signature; this tells answers apart.
    pub(crate) fn id(&self) -> u16 {
        self.random.hash_one(self.ids.fetch_add(1, Ordering::Relaxed)) as u16
    }

    async fn ask(&self, server: &Server, question: Question, apex: &[u8]) -> Result<Dialogue<'_>, Failed> {
        let message = question.message(apex, self.id()).map_err(unwritten)?;
        self.send(server, message).await
    }

    async fn send(&self, server: &Server, message: Vec<u8>) -> Result<Dialogue<'_>, Failed> {
        let id = message.first_chunk().map_or(0, |id| u16::from_be_bytes(*id));
        let mut connection = server.connection().await.map_err(Failed::NotSent)?;
        let now = (self.clock)();
        let (message, verifier) = match &self.key {
            Some(key) => {
                let signed = key.sign(message, now);
                (signed.message, Some(Verifier::new(key, &signed.mac, now)))
            }
            None => (message, None),
        };
        // What is not there as a whole is not carried out.
        connection.send(&message).await.map_err(Failed::NotSent)?;
        Ok(Dialogue { client: self, connection, id, verifier })
    }

    /// Waits until a request may go out.
    pub(crate) async fn turn(&self) -> Result<(), ProviderError> {
        self.budget.turn().await
    }
}

impl Dialogue<'_> {
    /// An answer of one message.
    async fn answer(&mut self) -> Result<Vec<u8>, Failed> {
        let (message, is_signed) = self.next().await?;
        if is_signed { Ok(message) } else { Err(Failed::Untrusted(TsigProblem::Unsigned)) }
    }

    /// The next message of the answer, and whether everything up to its end is signed or need not be.
    async fn next(&mut self) -> Result<(Vec<u8>, bool), Failed> {
        let message = self.connection.receive().await.map_err(Failed::NoAnswer)?;
        let senseless = |what: &str| Err(Failed::Senseless(what.to_owned()));
        let Some([id_high, id_low, flags, code]) =
            message.first_chunk().copied().filter(|_| message.len() >= 12)
        else {
            return senseless("the answer is shorter than a message can be");
        };
        if u16::from_be_bytes([id_high, id_low]) != self.id || flags & 0x80 == 0 {
            return senseless("the answer is not to what was asked");
        }
        let code = code & 0x0f;
        let problem = match &mut self.verifier {
            None => None,
            Some(verifier) => {
                verifier.time_has_come_to((self.client.clock)());
                match verifier.check(&message) {
                    Ok(is_signed) if code == 0 => return Ok((message, is_signed)),
                    Ok(_) => None,
                    Err(problem) => Some(problem),
                }
            }
        };
        match (code, problem) {
            (0, None) if flags & 0x02 != 0 => {
                senseless("the answer is truncated, which it cannot be over TCP")
            }
            (0, None) => Ok((message, true)),
            (0, Some(problem)) => Err(Failed::Untrusted(problem)),
            // Whoever does not know the key cannot sign with it; and a refusal is one, whoever it comes from.
            (code, Some(TsigProblem::Unsigned)) => Err(Failed::Refused(code, None)),
            (code @ rcode::NOTAUTH, problem) => Err(Failed::Refused(code, problem)),
            (_, Some(problem)) => Err(Failed::Untrusted(problem)),
            (code, None) => Err(Failed::Refused(code, None)),
        }
    }
}

/// A request that cannot be put into a message.
pub(crate) fn unwritten(error: ProtoError) -> Failed {
    Failed::Senseless(format!("the request cannot be written: {error}"))
}

/// The error for the loop.
pub(crate) fn to_error(failed: Failed, asked: Asked, zone: &str, server: &Server) -> ProviderError {
    failed.into_error(asked, zone, &server.text())
}
