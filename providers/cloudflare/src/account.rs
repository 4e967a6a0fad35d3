//! The requests, one function each, and lists that are whole or an error.

use crate::config::{Access, Credentials, CustomHostnames, DEFAULT_REQUESTS_PER_SECOND};
use crate::envelope::{Refused, open};
use crate::wire::{
    Body, Envelope, NewHostname, NewOrigin, NewRegion, NewSsl, SslSettings, WireBatch, WireBatchResult,
    WireHostname, WireId, WireRecord, WireRegional, WireZone,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeSet;
use zonewright_planner::DnsName;
use zonewright_provider_http::{Answer, Api, ApiSettings, ExposeSecret, Method, Request, Url, below};
use zonewright_provider_kit::{ErrorClass, Pages, ProviderError, RequestBudget, Zone};

/// Zones, and custom hostnames, in one page: as many as the API allows.
const PAGE: u32 = 50;

/// How often a list is begun anew that changes while its pages are read.
const READINGS: usize = 3;

/// Where the requests go.
pub(crate) struct Account {
    api: Api,
    base: Url,
    credentials: Credentials,
}

/// A list that is read page by page.
struct List<'a> {
    operation: &'static str,
    what: &'a str,
    url: Url,
    per_page: u32,
}

/// A page of a list: entries from `start` to before `end`, counted from zero.
///
/// An entry that is removed from a page that was read makes the rest move up, and the first of the next page is then never seen. A page
/// therefore begins with the last entry of the one before, wherever sizes can be chosen so: if that entry is still there, nothing has
/// moved. The API counts pages and not entries, so that each page is a little smaller than the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Window {
    page: usize,
    size: usize,
    overlaps: bool,
}

impl Window {
    fn first(size: u32) -> Self {
        Self { page: 1, size: size as usize, overlaps: true }
    }

    fn start(&self) -> usize {
        (self.page - 1) * self.size
    }

    fn end(&self) -> usize {
        self.page * self.size
    }

    /// The page after this one, of a list of so many entries.
    fn next(self, total: usize) -> Self {
        // Pages that get smaller and smaller do not get far: so many entries that this many small pages cannot hold them are read in
        // pages of one size, where only their number tells of a change.
        let overlaps = self.overlaps && (self.page > 1 || total <= self.size * self.size / 8);
        let size = if overlaps { (self.end() - 1) / self.page } else { self.size };
        Self { page: self.page + 1, size, overlaps }
    }
}

impl Account {
    pub(crate) fn new(access: Access) -> Result<Self, ProviderError> {
        let rate = access.requests_per_second.unwrap_or(DEFAULT_REQUESTS_PER_SECOND);
        let settings = ApiSettings {
            budget: RequestBudget::new(Some(rate)),
            recorder: access.recorder,
            ..ApiSettings::default()
        };
        Ok(Self {
            api: Api::new(&access.base, settings)?,
            base: access.base,
            credentials: access.credentials,
        })
    }

    pub(crate) fn requests_per_second(&self) -> Option<f64> {
        self.api.budget().per_second()
    }

    /// Whether there are credentials at all.
    pub(crate) async fn check(&self) -> Result<(), ProviderError> {
        match &self.credentials {
            Credentials::Token(token) => token.get().await.map(drop),
            Credentials::Key { key, email } => key.get().await.and(email.get().await).map(drop),
        }
    }

    /// Every zone that the credentials can see.
    pub(crate) async fn zones(&self) -> Result<Vec<WireZone>, ProviderError> {
        let (what, url) = ("Cloudflare: listing zones", below(&self.base, &["zones"]));
        self.list(&List { operation: "ListZones", what, url, per_page: PAGE }, |zone: &WireZone| &zone.id)
            .await
    }

    /// One zone.
    pub(crate) async fn zone(&self, id: &str) -> Result<WireZone, ProviderError> {
        let url = below(&self.base, &["zones", id]);
        let request = Request::new("GetZone", format!("Cloudflare: reading zone {id}"), Method::GET, url)
            .ends_in_an_id();
        self.result(request).await.map_err(ProviderError::from)
    }

    /// Every record of a zone.
    pub(crate) async fn records(&self, zone: &Zone, per_page: u32) -> Result<Vec<WireRecord>, ProviderError> {
        let what = format!("Cloudflare: listing zone {}", describe(zone));
        let url = self.of_zone(zone, &["dns_records"]);
        let list = List { operation: "ListDnsRecords", what: &what, url, per_page };
        self.list(&list, |record: &WireRecord| &record.id).await
    }

    /// Carries operations out, all or none. Returns the ids of new records.
    pub(crate) async fn batch(&self, zone: &Zone, batch: &WireBatch) -> Result<Vec<String>, Refused> {
        let what = format!("Cloudflare: changing zone {}", describe(zone));
        let url = self.of_zone(zone, &["dns_records", "batch"]);
        let request = Request::new("BatchDnsRecords", what, Method::POST, url).json(batch);
        let result: WireBatchResult = self.result(request.map_err(Refused::Failed)?).await?;
        Ok(result.posts.unwrap_or_default().into_iter().map(|record| record.id).collect())
    }

    /// Creates a record and returns its id.
    pub(crate) async fn create(&self, zone: &Zone, body: &Body) -> Result<String, ProviderError> {
        let url = self.of_zone(zone, &["dns_records"]);
        let created: WireId = self.write(zone, "CreateDnsRecord", Method::POST, url, Some(body)).await?;
        Ok(created.id)
    }

    /// Changes a record in place.
    pub(crate) async fn patch(&self, zone: &Zone, id: &str, body: &Body) -> Result<(), ProviderError> {
        let url = self.of_zone(zone, &["dns_records", id]);
        let done: Result<WireId, _> =
            self.write(zone, "PatchDnsRecord", Method::PATCH, url, Some(body)).await;
        done.map(drop)
    }

    /// Removes a record.
    pub(crate) async fn delete(&self, zone: &Zone, id: &str) -> Result<(), ProviderError> {
        let url = self.of_zone(zone, &["dns_records", id]);
        self.discard(zone, "DeleteDnsRecord", url).await
    }

    /// Every custom hostname of a zone.
    pub(crate) async fn custom_hostnames(&self, zone: &Zone) -> Result<Vec<WireHostname>, ProviderError> {
        let what = format!("Cloudflare: listing the custom hostnames of zone {}", describe(zone));
        let url = self.of_zone(zone, &["custom_hostnames"]);
        let list = List { operation: "ListCustomHostnames", what: &what, url, per_page: PAGE };
        self.list(&list, |hostname: &WireHostname| &hostname.id).await
    }

    /// Makes a custom hostname and returns its id.
    pub(crate) async fn create_custom_hostname(
        &self,
        zone: &Zone,
        hostname: &str,
        origin: &DnsName,
        settings: &CustomHostnames,
    ) -> Result<String, ProviderError> {
        // What ExternalDNS v0.22 asks for.
        let ssl = NewSsl {
            method: "http",
            validation: "dv",
            bundle_method: "ubiquitous",
            certificate_authority: settings.certificate_authority.as_deref(),
            settings: SslSettings { min_tls_version: &settings.min_tls_version },
        };
        let body = NewHostname { hostname, custom_origin_server: origin.as_str(), ssl };
        let url = self.of_zone(zone, &["custom_hostnames"]);
        let created: WireId =
            self.write(zone, "CreateCustomHostname", Method::POST, url, Some(&body)).await?;
        Ok(created.id)
    }

    /// Gives a custom hostname another origin; its certificate stays.
    pub(crate) async fn move_custom_hostname(
        &self,
        zone: &Zone,
        id: &str,
        origin: &DnsName,
    ) -> Result<(), ProviderError> {
        let body = NewOrigin { custom_origin_server: origin.as_str() };
        let url = self.of_zone(zone, &["custom_hostnames", id]);
        let done: Result<WireId, _> =
            self.write(zone, "EditCustomHostname", Method::PATCH, url, Some(&body)).await;
        done.map(drop)
    }

    /// Removes a custom hostname and its certificate.
    pub(crate) async fn delete_custom_hostname(&self, zone: &Zone, id: &str) -> Result<(), ProviderError> {
        self.discard(zone, "DeleteCustomHostname", self.of_zone(zone, &["custom_hostnames", id])).await
    }

    /// Every hostname of a zone that is served from one region. There are no pages.
    pub(crate) async fn regional_hostnames(&self, zone: &Zone) -> Result<Vec<WireRegional>, ProviderError> {
        let what = format!("Cloudflare: listing the regional hostnames of zone {}", describe(zone));
        let url = self.of_zone(zone, &["addressing", "regional_hostnames"]);
        let listed: Result<Option<Vec<WireRegional>>, _> = self
            .envelope(Request::new("ListRegionalHostnames", what, Method::GET, url))
            .await
            .map(|e| e.result);
        Ok(listed?.unwrap_or_default())
    }

    /// Binds a hostname to a region, or to another one than before.
    pub(crate) async fn set_region(
        &self,
        zone: &Zone,
        hostname: &str,
        region: &str,
        is_new: bool,
    ) -> Result<(), ProviderError> {
        let done: Result<WireRegional, _> = if is_new {
            let body = WireRegional { hostname: hostname.to_owned(), region_key: region.to_owned() };
            let url = self.of_zone(zone, &["addressing", "regional_hostnames"]);
            self.write(zone, "CreateRegionalHostname", Method::POST, url, Some(&body)).await
        } else {
            let url = self.of_zone(zone, &["addressing", "regional_hostnames", hostname]);
            let body = NewRegion { region_key: region };
            self.write(zone, "EditRegionalHostname", Method::PATCH, url, Some(&body)).await
        };
        done.map(drop)
    }

    /// Frees a hostname from its region.
    pub(crate) async fn delete_region(&self, zone: &Zone, hostname: &str) -> Result<(), ProviderError> {
        let url = self.of_zone(zone, &["addressing", "regional_hostnames", hostname]);
        self.discard(zone, "DeleteRegionalHostname", url).await
    }

    fn of_zone(&self, zone: &Zone, path: &[&str]) -> Url {
        let segments: Vec<&str> = ["zones", zone.id.as_str()].iter().chain(path).copied().collect();
        below(&self.base, &segments)
    }

    async fn write<T: DeserializeOwned>(
        &self,
        zone: &Zone,
        operation: &'static str,
        method: Method,
        url: Url,
        body: Option<&impl Serialize>,
    ) -> Result<T, ProviderError> {
        let mut request =
            Request::new(operation, format!("Cloudflare: changing zone {}", describe(zone)), method, url);
        if request.method() == Method::PATCH {
            request = request.ends_in_an_id();
        }
        if let Some(body) = body {
            request = request.json(body)?;
        }
        self.result(request).await.map_err(ProviderError::from)
    }

    /// Deletes; the answer has nothing to tell.
    async fn discard(&self, zone: &Zone, operation: &'static str, url: Url) -> Result<(), ProviderError> {
        let what = format!("Cloudflare: changing zone {}", describe(zone));
        let answer = self.send(Request::new(operation, what, Method::DELETE, url).ends_in_an_id()).await?;
        // Some of these answers have no envelope (custom hostnames), so that only a refusal is read.
        if answer.status.is_success() {
            return Ok(());
        }
        open::<serde_json::Value>(&answer).map(drop).map_err(ProviderError::from)
    }

    /// A list that holds whatever was there all the time while its pages were read ([`Window`]), each entry once, and as many as the
    /// service says there are. A list that changes meanwhile is begun anew; it is never taken for a shorter one.
    async fn list<T: DeserializeOwned>(
        &self,
        list: &List<'_>,
        id: impl Fn(&T) -> &str,
    ) -> Result<Vec<T>, ProviderError> {
        for _ in 0..READINGS {
            if let Some(all) = self.read_once(list, &id).await? {
                return Ok(all);
            }
        }
        let message = format!("{}: the list changes while its pages are read", list.what);
        Err(ProviderError::new(ErrorClass::Unavailable, message))
    }

    /// `None` if the list changed meanwhile.
    async fn read_once<T: DeserializeOwned>(
        &self,
        list: &List<'_>,
        id: &impl Fn(&T) -> &str,
    ) -> Result<Option<Vec<T>>, ProviderError> {
        let mut all: Vec<T> = Vec::new();
        let mut window = Window::first(list.per_page);
        let mut total = None;
        let mut pages = Pages::default();
        loop {
            pages.turn(list.what, window.page)?;
            let (entries, said) = self.page(list, &window).await?;
            let is_other_list = *total.get_or_insert(said) != said;
            let known = all.get(window.start()..).unwrap_or_default();
            let follows =
                known.len() <= entries.len() && known.iter().zip(&entries).all(|(a, b)| id(a) == id(b));
            let is_new = known.len();
            if is_other_list || !follows {
                return Ok(None);
            }
            all.extend(entries.into_iter().skip(is_new));
            if all.len() >= said {
                break;
            }
            if all.len() < window.end() {
                // The page is shorter than what is said to be there.
                return Ok(None);
            }
            window = window.next(said);
        }
        let ids: BTreeSet<&str> = all.iter().map(id).collect();
        let is_whole = ids.len() == all.len() && Some(all.len()) == total;
        Ok(is_whole.then_some(all))
    }

    /// One page, and how many entries there are in all.
    async fn page<T: DeserializeOwned>(
        &self,
        list: &List<'_>,
        window: &Window,
    ) -> Result<(Vec<T>, usize), ProviderError> {
        let mut url = list.url.clone();
        url.set_query(Some(&format!("page={}&per_page={}", window.page, window.size)));
        let request = Request::new(list.operation, list.what, Method::GET, url);
        let envelope: Envelope<Vec<T>> = self.envelope(request).await?;
        let total = envelope.result_info.and_then(|info| info.total_count);
        let total = total.ok_or_else(|| {
            let message = format!("{}: the answer does not say how many there are", list.what);
            ProviderError::new(ErrorClass::Unavailable, message)
        })?;
        Ok((envelope.result.unwrap_or_default(), total as usize))
    }

    async fn result<T: DeserializeOwned>(&self, request: Request) -> Result<T, Refused> {
        let answer = self.send(request).await.map_err(Refused::Failed)?;
        let result = open::<T>(&answer)?.result;
        result
            .ok_or_else(|| Refused::Failed(answer.error(ErrorClass::Unavailable, "the answer has no result")))
    }

    async fn envelope<T: DeserializeOwned>(&self, request: Request) -> Result<Envelope<T>, ProviderError> {
        let answer = self.send(request).await?;
        open(&answer).map_err(ProviderError::from)
    }

    /// Credentials are asked for each time: those in files may be other ones by now.
    async fn send(&self, request: Request) -> Result<Answer, ProviderError> {
        let request = match &self.credentials {
            Credentials::Token(token) => {
                let token = token.get().await?;
                request.secret_header("authorization", &format!("Bearer {}", token.expose_secret()))?
            }
            Credentials::Key { key, email } => {
                let (key, email) = (key.get().await?, email.get().await?);
                request
                    .secret_header("x-auth-key", key.expose_secret())?
                    .secret_header("x-auth-email", email.expose_secret())?
            }
        };
        self.api.send(request).await
    }
}

/// How people know a zone.
pub(crate) fn describe(zone: &Zone) -> String {
    match &zone.name {
        Some(name) => format!("{} ({})", DnsName::to_unicode(name), zone.id),
        None => zone.id.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(5000, 20_001, 5)]
    #[case(5000, 2_000_000, 450)]
    #[case(50, 300, 7)]
    #[case(50, 3000, 60)]
    #[case(10, 12, 2)]
    #[case(1, 9, 9)]
    fn pages_cover_everything_and_overlap_where_they_can(
        #[case] size: u32,
        #[case] total: usize,
        #[case] most: usize,
    ) {
        let mut window = Window::first(size);
        let mut pages = 1;
        while window.end() < total {
            let next = window.next(total);
            let expected = if next.overlaps { ..window.end() } else { ..window.end() + 1 };
            assert!(expected.contains(&next.start()), "{window:?} {next:?}");
            assert!(next.end() > window.end() && next.size <= size as usize, "{window:?} {next:?}");
            window = next;
            pages += 1;
        }
        assert!(pages <= most, "{pages}");
    }
}
