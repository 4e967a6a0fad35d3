//! The calls.

use crate::convert::{self, KIND, key_of, object_name_of, owner_of};
use futures::{StreamExt, stream};
use kube::api::{DeleteParams, DynamicObject, ListParams, PostParams, Preconditions};
use kube::core::Status;
use kube::{Api, Client};
use std::collections::HashMap;
use std::fmt::{self, Debug};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tracing::debug;
use zonewright_planner::{Endpoint, Labels, Owner};
use zonewright_provider_kit::{ErrorClass, ProviderError};
use zonewright_registry::{Item, RowError, Statement};

/// Objects in one answer to a list, as client-go asks for.
const PAGE: u32 = 500;
/// Requests on their way at once. How many go out in a second is for the client to say.
const AT_ONCE: usize = 16;
/// How often something is tried again that somebody else has changed between a look at it and the write.
const ATTEMPTS: u32 = 3;

/// The objects of one namespace.
pub(crate) struct Objects {
    api: Api<DynamicObject>,
    name: String,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The objects that are not called as we would call them, by the keys of their rows.
    names: HashMap<String, String>,
    /// Objects between the write of their record and the word on what came of it.
    written: HashMap<Arc<str>, DynamicObject>,
}

impl Debug for Objects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

type Done = Result<(), RowError>;

impl Objects {
    pub(crate) fn new(client: Client, namespace: Option<&str>) -> Self {
        let namespace = namespace.unwrap_or(client.default_namespace()).to_owned();
        let name = format!("dnsrecords in namespace {namespace}");
        Self {
            api: Api::namespaced_with(client, &namespace, &convert::resource()),
            name,
            state: Mutex::default(),
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Every change of it is one call, so that a panic elsewhere leaves nothing half-done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Every object, that of the right name before others of the same record.
    pub(crate) async fn read(&self) -> Result<Vec<Item>, ProviderError> {
        let (mut items, mut names, mut params) =
            (Vec::new(), HashMap::new(), ListParams::default().limit(PAGE));
        let mut others = Vec::new();
        loop {
            let page = self.api.list(&params).await.map_err(|error| self.failed("list", &error, false))?;
            for object in &page.items {
                let item = convert::to_item(object);
                let key = item.key.clone().unwrap_or_default();
                let name = object.metadata.name.clone().unwrap_or_default();
                if object_name_of(&key).as_ref() == Some(&name) {
                    items.push(item);
                } else {
                    others.push((key, name, item));
                }
            }
            match page.metadata.continue_.filter(|token| !token.is_empty()) {
                Some(token) => params = params.continue_token(&token),
                None => break,
            }
        }
        let known: std::collections::HashSet<String> =
            items.iter().filter_map(|item: &Item| item.key.clone()).collect();
        for (key, name, item) in others {
            if !known.contains(&key) {
                names.entry(key).or_insert(name);
            }
            items.push(item);
        }
        debug!("{}: {} objects", self.name, items.len());
        self.state().names = names;
        Ok(items)
    }

    /// Each statement is about another object, so that they need not wait for each other.
    pub(crate) async fn execute(&self, statements: &[Statement]) -> Vec<Done> {
        let calls: Vec<_> = statements.iter().map(|statement| self.carry_out(statement)).collect();
        stream::iter(calls).buffered(AT_ONCE).collect().await
    }

    async fn carry_out(&self, statement: &Statement) -> Done {
        let Some(name) = self.object_name(statement.key()) else {
            let message = format!("{}: {:?} is no key of a record", self.name, statement.key());
            return Err(RowError::Failed(ProviderError::new(ErrorClass::InvalidRecord, message)));
        };
        match statement {
            Statement::Insert { key, owner, labels, record } => {
                self.insert(&name, key, owner, labels, record.as_deref()).await
            }
            Statement::Update { key, owner, new_owner, labels, record } => {
                let new_owner = new_owner.as_ref().unwrap_or(owner);
                let rewrite = |object: &mut DynamicObject| {
                    convert::rewrite(object, key, record.as_deref(), new_owner, labels)
                };
                self.replace(&name, key, owner, rewrite).await
            }
            Statement::Mark { key, owner, outcome } => self.mark(&name, key, owner, outcome).await,
            Statement::Delete { key, owner } => self.delete(&name, key, owner).await,
        }
    }

    /// What the object of a row is called.
    fn object_name(&self, key: &str) -> Option<String> {
        let listed = self.state().names.get(key).cloned();
        listed.or_else(|| object_name_of(key))
    }

    async fn insert(
        &self,
        name: &str,
        key: &Arc<str>,
        owner: &Owner,
        labels: &Labels,
        record: Option<&Endpoint>,
    ) -> Done {
        let object = convert::new_object(name, key, record, owner, labels);
        match self.api.create(&PostParams::default(), &object).await {
            Ok(created) => {
                self.state().written.insert(key.clone(), created);
                Ok(())
            }
            Err(kube::Error::Api(status)) if status.reason == "AlreadyExists" => {
                Err(self.in_the_way(name, key).await)
            }
            Err(error) => Err(RowError::Failed(self.failed("create", &error, true))),
        }
    }

    /// Says what has the name that is needed.
    async fn in_the_way(&self, name: &str, key: &str) -> RowError {
        match self.get(name).await {
            Ok(Some(object)) if key_of(&object) != key => {
                let message = format!(
                    "{}: {KIND} {name} is needed for {key}, but is about {}; delete it if nobody needs it",
                    self.name,
                    key_of(&object)
                );
                RowError::Failed(ProviderError::new(ErrorClass::Conflict, message))
            }
            _ => RowError::Exists,
        }
    }

    /// Writes an object anew, provided that it is this owner's.
    async fn replace(
        &self,
        name: &str,
        key: &Arc<str>,
        owner: &Owner,
        rewrite: impl Fn(&mut DynamicObject) -> bool,
    ) -> Done {
        for attempt in 1..=ATTEMPTS {
            let Some(mut object) = self.of_owner(name, key, owner).await? else {
                return Err(RowError::Changed);
            };
            if rewrite(&mut object) {
                match self.api.replace(name, &PostParams::default(), &object).await {
                    Ok(replaced) => object = replaced,
                    Err(error) if is_conflict(&error) && attempt < ATTEMPTS => continue,
                    Err(error) if is_gone(&error) => return Err(RowError::Changed),
                    Err(error) => return Err(RowError::Failed(self.failed("update", &error, true))),
                }
            }
            self.state().written.insert(key.clone(), object);
            break;
        }
        Ok(())
    }

    async fn mark(&self, name: &str, key: &Arc<str>, owner: &Owner, outcome: &Result<(), Arc<str>>) -> Done {
        let mut written = self.state().written.remove(key);
        for attempt in 1..=ATTEMPTS {
            let object = match written.take() {
                Some(object) => Some(object),
                None => self.of_owner(name, key, owner).await?,
            };
            let Some(mut object) = object else { return Err(RowError::Changed) };
            if !convert::tell(&mut object, outcome, &now()) {
                break;
            }
            match self.api.replace_status(name, &PostParams::default(), &object).await {
                Ok(_) => break,
                // Somebody else has written since. The other half of the object decides whether it still is this owner's.
                Err(error) if is_conflict(&error) && attempt < ATTEMPTS => {}
                Err(error) if is_gone(&error) => return Err(RowError::Changed),
                Err(error) => {
                    return Err(RowError::Failed(self.failed("update the status of", &error, true)));
                }
            }
        }
        Ok(())
    }

    /// That there is no such object is fine.
    async fn delete(&self, name: &str, key: &str, owner: &Owner) -> Done {
        for attempt in 1..=ATTEMPTS {
            let Some(object) = self.get(name).await.map_err(RowError::Failed)? else { break };
            if key_of(&object) != key {
                break;
            }
            if owner_of(&object) != Some(owner.as_str()) {
                return Err(RowError::Changed);
            }
            let looked_at = Preconditions {
                resource_version: object.metadata.resource_version,
                uid: object.metadata.uid,
            };
            let params = DeleteParams { preconditions: Some(looked_at), ..DeleteParams::default() };
            match self.api.delete(name, &params).await {
                Ok(_) => break,
                Err(error) if is_gone(&error) => break,
                Err(error) if is_conflict(&error) && attempt < ATTEMPTS => {}
                Err(error) => return Err(RowError::Failed(self.failed("delete", &error, true))),
            }
        }
        let mut state = self.state();
        state.names.remove(key);
        state.written.remove(key);
        Ok(())
    }

    /// An object, provided that it is about this record and this owner's.
    async fn of_owner(
        &self,
        name: &str,
        key: &str,
        owner: &Owner,
    ) -> Result<Option<DynamicObject>, RowError> {
        let object = self.get(name).await.map_err(RowError::Failed)?;
        Ok(object.filter(|object| key_of(object) == key && owner_of(object) == Some(owner.as_str())))
    }

    async fn get(&self, name: &str) -> Result<Option<DynamicObject>, ProviderError> {
        self.api.get_opt(name).await.map_err(|error| self.failed("get", &error, false))
    }

    /// What a request was answered with.
    fn failed(&self, what: &str, error: &kube::Error, writes: bool) -> ProviderError {
        let (class, hint) = match error {
            kube::Error::Api(status) => class_of(status),
            // Nobody has answered.
            _ => (ErrorClass::Unavailable, ""),
        };
        let text = match error {
            kube::Error::Api(status) if !status.message.is_empty() => status.message.clone(),
            other => other.to_string(),
        };
        let failed = ProviderError::new(class, format!("{}: cannot {what} them: {text}{hint}", self.name));
        let is_answered = matches!(error, kube::Error::Api(status) if status.code < 500);
        if writes && !is_answered { failed.with_unknown_outcome() } else { failed }
    }
}

/// The class of a refusal, and what helps.
fn class_of(status: &Status) -> (ErrorClass, &'static str) {
    match (status.code, status.reason.as_str()) {
        (401 | 403, _) => (ErrorClass::Auth, "; `zonewright rbac` prints the roles that are needed"),
        // Of an object that is not there the callers make something else.
        (404, _) if !status.message.contains("namespaces ") => (
            ErrorClass::Permanent,
            "; the DNSRecord definition is missing: `zonewright crds | kubectl apply -f -` installs it",
        ),
        (429, _) => (ErrorClass::Throttled { retry_after: None }, ""),
        (code, _) => (ErrorClass::from_http_status(code, None), ""),
    }
}

fn is_conflict(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if status.code == 409)
}

fn is_gone(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if status.code == 404 && status.reason == "NotFound" && status.details.as_ref().is_some_and(|details| !details.name.is_empty()))
}

fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
