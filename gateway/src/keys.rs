//! The data keys of cases, in stream KEYS: read with a bounded cache, written in the same group as the events that need
//! them, and always before them.

use std::sync::Arc;

use async_nats::HeaderMap;
use async_nats::jetstream::Context;
use bytes::Bytes;
use huiliu_schemas::content::Content;
use huiliu_schemas::event::{Event, EventBody, StoredEvent};
use huiliu_schemas::{CaseId, subjects};
use moka::sync::Cache;
use thiserror::Error;

use crate::engine::batch::{self, BatchError, MAX_BATCH, OutMessage};
use crate::engine::read::{self, ReadError};
use crate::engine::streams::KEYS;
use crate::vault::{self, DataKey, MasterKey, VaultError};

const KEYS_CACHED: u64 = 20_000;

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

/// A data key with its name.
#[derive(Clone)]
pub struct NamedKey {
    /// Its id within the case.
    pub kid: String,
    /// The key.
    pub key: DataKey,
}

/// Access to the data keys.
#[derive(Clone)]
pub struct Keys {
    jetstream: Context,
    master: Arc<MasterKey>,
    cache: Cache<String, DataKey>,
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

    /// A fresh key; not stored yet.
    pub fn fresh(&self) -> Result<NamedKey, VaultError> {
        Ok(NamedKey { kid: vault::new_kid()?, key: DataKey::random()? })
    }

    /// Stores fresh keys. Only when this has succeeded may anything be sealed with them be stored. Storing the same key
    /// twice is harmless.
    pub async fn store(&self, fresh: &[(CaseId, NamedKey)]) -> Result<(), KeyError> {
        let mut messages = Vec::with_capacity(fresh.len());
        for (case, named) in fresh {
            let wrapped = self.master.wrap(&named.key, &vault::owner_of(*case, &named.kid))?;
            messages.push(OutMessage {
                subject: subjects::key(*case, &named.kid),
                headers: HeaderMap::new(),
                payload: Bytes::from(wrapped),
                expect_last_subject_sequence: None,
            });
        }
        for some in messages.chunks(MAX_BATCH) {
            batch::commit_batch(&self.jetstream, some).await?;
        }
        for (case, named) in fresh {
            self.cache.insert(subjects::key(*case, &named.kid), named.key.clone());
        }
        Ok(())
    }

    /// The key `kid` of a case; `None` when it was destroyed.
    pub async fn get(&self, case: CaseId, kid: &str) -> Result<Option<DataKey>, KeyError> {
        let subject = subjects::key(case, kid);
        if let Some(key) = self.cache.get(&subject) {
            return Ok(Some(key));
        }
        let found = read::last_for_subjects(&self.jetstream, KEYS, std::slice::from_ref(&subject)).await?;
        let Some(message) = found.first() else { return Ok(None) };
        let key = self.master.unwrap(&message.payload, &vault::owner_of(case, kid))?;
        self.cache.insert(subject, key.clone());
        Ok(Some(key))
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

/// What the sources have said in a case, all told: the words of steps are not part of it.
pub fn told<'a>(events: impl IntoIterator<Item = &'a Event>) -> Content {
    events
        .into_iter()
        .filter(|e| matches!(e.body, EventBody::Registered(_) | EventBody::Supplemented(_)))
        .fold(Content::default(), |all, event| all.merged(&event.content))
}
