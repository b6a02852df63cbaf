//! The data keys of cases, in stream KEYS: read with a bounded cache, written as one ring for each group of new cases, and
//! always before the events that need them.

pub mod master;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_nats::HeaderMap;
use async_nats::jetstream::Context;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use huiliu_schemas::content::Content;
use huiliu_schemas::event::{Actor, Event, EventBody, StoredEvent};
use huiliu_schemas::keyring::KeyRing;
use huiliu_schemas::private::Private;
use huiliu_schemas::{CaseId, subjects};
use thiserror::Error;
use tokio::runtime::Handle;

use crate::cache::Cache;
use crate::engine::batch::{self, BatchError, OutMessage};
use crate::engine::read::{self, ReadError, StoredMessage};
use crate::engine::streams::KEYS;
use crate::vault::{self, DataKey, MasterKey, VaultError};

const KEYS_CACHED: usize = 10_000;
/// How many rings are read at once by who reads the log from one end to the other.
const RINGS_AHEAD: usize = 64;

/// Why a key cannot be had.
#[derive(Debug, Error)]
pub enum KeyError {
    /// Sealing or opening failed.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The stream could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The stream did not take new keys.
    #[error("failed to store data keys: {0}")]
    Store(#[from] BatchError),
}

/// A data key and where it is kept.
#[derive(Clone)]
pub struct NamedKey {
    /// Its ring.
    pub kid: String,
    /// The key.
    pub key: DataKey,
}

/// Access to the data keys.
#[derive(Clone)]
pub struct Keys {
    jetstream: Context,
    master: Arc<MasterKey>,
    cache: Cache<(CaseId, String), DataKey>,
}

impl Keys {
    /// Keys in stream KEYS, wrapped by `master`.
    pub fn new(jetstream: Context, master: Arc<MasterKey>) -> Self {
        Self { jetstream, master, cache: Cache::new(KEYS_CACHED) }
    }

    /// The key that wraps these.
    pub fn master(&self) -> &MasterKey {
        &self.master
    }

    /// Stores fresh keys as a ring of this name. Only when this has succeeded may anything sealed with them be stored. A
    /// ring is made once: after an unknown outcome, another name must be taken.
    pub async fn store(&self, ring: &str, fresh: &[(CaseId, DataKey)]) -> Result<(), KeyError> {
        if fresh.is_empty() {
            return Ok(());
        }
        let mut keys = KeyRing::default();
        for (case, key) in fresh {
            let wrapped = self.master.wrap(key, &vault::owner_of(*case, ring))?;
            keys.keys.insert(*case, BASE64.encode(wrapped));
        }
        let message = OutMessage {
            subject: subjects::key_ring(ring),
            headers: HeaderMap::new(),
            payload: serde_json::to_vec(&keys).unwrap_or_default().into(),
            expect_last_subject_sequence: Some(0),
        };
        batch::commit_batch(&self.jetstream, &[message]).await?;
        self.cache.extend(fresh.iter().map(|(case, key)| ((*case, ring.to_owned()), key.clone())));
        Ok(())
    }

    /// The key of a case in this ring; `None` when it was destroyed.
    pub async fn get(&self, case: CaseId, ring: &str) -> Result<Option<DataKey>, KeyError> {
        let place = (case, ring.to_owned());
        if let Some(key) = self.cache.get(&place) {
            return Ok(Some(key));
        }
        let Some(message) = self.ring(ring).await? else { return Ok(None) };
        let key = self.unwrap(&ring_in(&message.payload)?, case, ring)?;
        if let Some(key) = &key {
            self.cache.insert(place, key.clone());
        }
        Ok(key)
    }

    /// The ring of this name. That there is none means that its keys were destroyed: only the leader can say that.
    async fn ring(&self, ring: &str) -> Result<Option<StoredMessage>, ReadError> {
        let subject = subjects::key_ring(ring);
        let found = read::last_for_subjects(&self.jetstream, KEYS, std::slice::from_ref(&subject)).await?;
        match found.into_iter().next() {
            Some(message) => Ok(Some(message)),
            None => read::last_from_leader(&self.jetstream, KEYS, &subject).await,
        }
    }

    fn unwrap(&self, keys: &KeyRing, case: CaseId, ring: &str) -> Result<Option<DataKey>, KeyError> {
        let Some(wrapped) = keys.keys.get(&case) else { return Ok(None) };
        let wrapped = BASE64.decode(wrapped).map_err(|_| VaultError::DoesNotOpen("key ring"))?;
        Ok(Some(self.master.unwrap(&wrapped, &vault::owner_of(case, ring))?))
    }

    /// The event with its content; what was forgotten is empty.
    pub async fn open(&self, stored: StoredEvent) -> Result<Event, KeyError> {
        let content = match &stored.sealed {
            None => Content::default(),
            Some(sealed) => match self.get(stored.case_id, &sealed.kid).await? {
                Some(key) => key.open(sealed, stored.case_id)?,
                None => Content::default(),
            },
        };
        Ok(stored.opened(content))
    }
}

fn ring_in(payload: &[u8]) -> Result<KeyRing, VaultError> {
    serde_json::from_slice(payload).map_err(|_| VaultError::DoesNotOpen("key ring"))
}

/// Opens events in the order of the log, on a thread that may wait. Rings were stored in about the order of the events
/// that need them: one request brings many.
pub struct InOrder {
    keys: Keys,
    runtime: Handle,
    ahead: Mutex<Ahead>,
}

/// The rings read last, and the last one's place in the stream.
#[derive(Default)]
struct Ahead {
    rings: HashMap<String, KeyRing>,
    last: u64,
}

impl InOrder {
    /// Must be made within the runtime that talks to the server.
    pub fn new(keys: Keys) -> Self {
        Self { keys, runtime: Handle::current(), ahead: Mutex::default() }
    }

    /// What was sealed in an event; what was forgotten is empty. Must not be called where a future is polled.
    pub fn open(&self, stored: &StoredEvent) -> Result<Content, KeyError> {
        let Some(sealed) = &stored.sealed else { return Ok(Content::default()) };
        match self.key(stored.case_id, &sealed.kid)? {
            Some(key) => Ok(key.open(sealed, stored.case_id)?),
            None => Ok(Content::default()),
        }
    }

    fn key(&self, case: CaseId, ring: &str) -> Result<Option<DataKey>, KeyError> {
        if let Some(key) = self.keys.cache.get(&(case, ring.to_owned())) {
            return Ok(Some(key));
        }
        let mut ahead = self.ahead.lock().unwrap_or_else(PoisonError::into_inner);
        if !ahead.rings.contains_key(ring) {
            let Some(found) = self.runtime.block_on(self.keys.rings_from(ring, ahead.last))? else { return Ok(None) };
            // An old case's ring is no reason to go back.
            if found.last <= ahead.last {
                return found.rings.get(ring).map_or(Ok(None), |keys| self.keys.unwrap(keys, case, ring));
            }
            *ahead = found;
        }
        ahead.rings.get(ring).map_or(Ok(None), |keys| self.keys.unwrap(keys, case, ring))
    }
}

impl Keys {
    /// A ring, and those stored behind it if it lies behind `last`; none where there is no such ring.
    async fn rings_from(&self, ring: &str, last: u64) -> Result<Option<Ahead>, KeyError> {
        let Some(first) = self.ring(ring).await? else { return Ok(None) };
        let from = first.sequence;
        let ahead = match from > last {
            true => read::page_from(&self.jetstream, KEYS, ">", from + 1, RINGS_AHEAD).await?.messages,
            false => Vec::new(),
        };
        // The page may come from a copy that is behind: the ring that was found counts all the same.
        let messages: Vec<_> = std::iter::once(first).chain(ahead).collect();
        let last = messages.last().map_or(from, |message| message.sequence);
        let named = |m: &StoredMessage| Some((m.subject.strip_prefix("key.")?.to_owned(), ring_in(&m.payload).ok()?));
        Ok(Some(Ahead { rings: messages.iter().filter_map(named).collect(), last }))
    }
}

/// What the sources have said in a case, all told: the words of steps are not part of it. A record says anew all that its
/// source knows; what a person adds stands below that, and stays.
pub fn told<'a>(events: impl IntoIterator<Item = &'a Event>) -> Content {
    let (mut told, mut added) = (Content::default(), Vec::new());
    for event in events {
        match &event.body {
            EventBody::Supplemented(more) if more.seen.is_none() => {
                added.extend(event.content.text.as_ref());
                told = told.merged(&Content { text: None, ..event.content.clone() });
            }
            EventBody::Registered(_) | EventBody::Supplemented(_) => told = told.merged(&event.content),
            _ => {}
        }
    }
    let texts: Vec<&str> = told.text.iter().chain(added).map(Private::expose).collect();
    let text = (!texts.is_empty()).then(|| texts.join("\n\n").into());
    Content { text, ..told }
}

/// Whatever was told of a case, each telling by itself: what one accuses of, the next need not say again. Who has the case may
/// be shown the words of any event, so all are judged but those of the offices. A `text` is the citizen's even there: versions
/// before took one with any step.
pub fn tellings(events: impl IntoIterator<Item = Event>) -> Vec<Content> {
    let of_the_citizen = |event: Event| match is_between_offices(&event) {
        true => Content { text: event.content.text, ..Content::default() },
        false => event.content,
    };
    events.into_iter().map(of_the_citizen).filter(|content| !content.is_empty()).collect()
}

/// Whether a department tells what it did, or the centre whom it wants to do it, or why it takes a case up again.
fn is_between_offices(event: &Event) -> bool {
    let sends = matches!(
        event.body,
        EventBody::Dispatched { .. } | EventBody::ReturnGranted { .. } | EventBody::ReturnRefused { .. }
    );
    let reopens = matches!((&event.body, &event.actor), (EventBody::Reopened { .. }, Actor::Operator { .. }));
    sends || reopens || matches!(event.actor, Actor::Department { .. })
}
