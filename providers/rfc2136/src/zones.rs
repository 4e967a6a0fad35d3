//! The zones, and what is known of them.

use crate::client::{Client, to_error};
use crate::convert::name_bytes;
use crate::image::{Image, is_later};
use crate::query::Question;
use crate::refusal::{Asked, Failed};
use crate::transfer::Transferred;
use crate::transport::Server;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::Mutex;
use zonewright_planner::{DnsName, ZoneId};
use zonewright_provider_kit::{ErrorClass, Listing, ProviderError, Zone};

/// What the root zone is called.
const ROOT: &str = ".";

pub(crate) struct Zones {
    all: Vec<Zone>,
    books: BTreeMap<ZoneId, Book>,
}

/// What is known of a zone.
#[derive(Default)]
struct Book {
    image: Mutex<Option<Known>>,
    /// The server has said that what we thought to be there is not. If its serial says that nothing has changed, the image is wrong.
    in_doubt: AtomicBool,
}

struct Known {
    image: Image,
    /// The server that it came from. Serials of others mean nothing for it.
    server: usize,
    /// The server has no transfers of changes, as far as was seen.
    whole_only: bool,
}

impl Zones {
    pub(crate) fn new(names: &[Option<DnsName>]) -> Self {
        let zone = |name: &Option<DnsName>| {
            let id = name.as_ref().map_or(ROOT, DnsName::as_str);
            Zone { id: ZoneId::new(id), name: name.clone() }
        };
        let all: Vec<Zone> = names.iter().map(zone).collect();
        let books = all.iter().map(|zone| (zone.id.clone(), Book::default())).collect();
        Self { all, books }
    }

    pub(crate) fn all(&self) -> Vec<Zone> {
        self.all.clone()
    }

    /// Notes that a zone is not what it was thought to be.
    pub(crate) fn doubt(&self, zone: &ZoneId) {
        if let Some(book) = self.books.get(zone) {
            book.in_doubt.store(true, Ordering::Relaxed);
        }
    }

    /// What a zone holds now.
    pub(crate) async fn records(&self, client: &Client, zone: &Zone) -> Result<Listing, ProviderError> {
        let Some(book) = self.books.get(&zone.id) else {
            return Err(ProviderError::new(ErrorClass::Permanent, format!("there is no zone {}", zone.id)));
        };
        let mut known = book.image.lock().await;
        let mut first: Option<ProviderError> = None;
        for index in client.servers.for_reading(known.as_ref().map(|known| known.server)) {
            let Some(server) = client.servers.get(index) else { continue };
            let refresh = Refresh { client, zone, apex: &apex(zone), server, index };
            let in_doubt = book.in_doubt.swap(false, Ordering::Relaxed);
            match refresh.run(&mut known, in_doubt).await {
                Ok(()) => {
                    client.servers.served(index);
                    let image = known.as_ref().map(|known| &known.image);
                    return Ok(image.map(|image| image.listing(&zone.id)).unwrap_or_default());
                }
                Err(error) => {
                    book.in_doubt.fetch_or(in_doubt, Ordering::Relaxed);
                    tracing::debug!(zone.id = %zone.id, "{error}");
                    first.get_or_insert(error);
                }
            }
        }
        Err(first.unwrap_or_else(|| ProviderError::new(ErrorClass::Permanent, "there is no server")))
    }
}

/// One attempt to bring an image up to date.
struct Refresh<'a> {
    client: &'a Client,
    zone: &'a Zone,
    apex: &'a [u8],
    server: &'a Server,
    index: usize,
}

impl Refresh<'_> {
    /// Afterwards the image is what the server has. On failure it is what it was, or there is none.
    async fn run(&self, known: &mut Option<Known>, in_doubt: bool) -> Result<(), ProviderError> {
        let of_this_server = known.as_mut().filter(|known| known.server == self.index);
        let mut whole_only = false;
        if let Some(known) = of_this_server {
            let serial = self.ask(Question::Serial, self.client.serial(self.server, self.apex)).await?;
            if serial == known.image.serial && !in_doubt {
                return Ok(());
            }
            whole_only = known.whole_only;
            if !whole_only && is_later(serial, known.image.serial) {
                match self.changes(known).await {
                    Ok(true) => return Ok(()),
                    Ok(false) => {}
                    Err(error) => {
                        tracing::debug!(zone.id = %self.zone.id, "{error}; transferring the whole zone");
                        whole_only = error.class() != ErrorClass::Unavailable;
                    }
                }
            }
        }
        // Two of them need not be in memory at once.
        *known = None;
        let transfer = self.client.transfer(self.server, self.apex, None);
        match self.ask(Question::Zone, transfer).await? {
            Transferred::Zone(image) => {
                *known = Some(Known { image, server: self.index, whole_only });
                Ok(())
            }
            _ => {
                let failed =
                    Failed::Senseless("the answer to a request for everything is not that".to_owned());
                Err(to_error(failed, Asked::Question(Question::Zone), self.zone.id.as_str(), self.server))
            }
        }
    }

    /// Applies what has changed; false where that does not do.
    async fn changes(&self, known: &mut Known) -> Result<bool, ProviderError> {
        let since = known.image.serial;
        let transfer = self.client.transfer(self.server, self.apex, Some(since));
        match self.ask(Question::Since(since), transfer).await? {
            Transferred::Differences(differences, serial) => Ok(known.image.apply(&differences, serial)),
            Transferred::Zone(image) => {
                known.image = image;
                Ok(true)
            }
            Transferred::Nothing | Transferred::Behind => Ok(false),
        }
    }

    async fn ask<T>(
        &self,
        question: Question,
        asking: impl Future<Output = Result<T, Failed>>,
    ) -> Result<T, ProviderError> {
        self.client.turn().await?;
        let asked = Asked::Question(question);
        asking.await.map_err(|failed| to_error(failed, asked, self.zone.id.as_str(), self.server))
    }
}

/// The name of a zone as in messages.
pub(crate) fn apex(zone: &Zone) -> Vec<u8> {
    zone.name.as_ref().map_or_else(|| vec![0], name_bytes)
}
