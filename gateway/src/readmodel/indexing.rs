//! How the words of cases get into the read model: who can open them, and the key they are kept under.

use std::fmt;
use std::sync::Arc;

use huiliu_schemas::content::Content;
use huiliu_schemas::event::{Event, EventBody, StoredEvent};
use huiliu_schemas::submission::Facts;

use super::Result;
use crate::words::{IndexKey, Searchable, Token};

type Open = dyn Fn(&StoredEvent) -> Result<Content> + Send + Sync;

/// Opens events and knows the index's key.
#[derive(Clone)]
pub struct Indexing {
    /// What the index is sealed with.
    pub(super) key: IndexKey,
    open: Arc<Open>,
}

impl fmt::Debug for Indexing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Indexing(***)")
    }
}

impl Indexing {
    /// `open` gives an event's content, empty where it was forgotten. Where it fails, nothing of the batch is taken in.
    pub fn new(key: IndexKey, open: impl Fn(&StoredEvent) -> Result<Content> + Send + Sync + 'static) -> Self {
        Self { key, open: Arc::new(open) }
    }

    /// What an event adds to what its case is found by. What is personal in it is dropped here. Who spoke is indexed where
    /// it is hidden too: whether it is hidden may change, and is checked on every answer.
    pub(super) fn tokens(&self, event: &StoredEvent) -> Result<Vec<Token>> {
        let Some(facts) = facts_in(&event.body) else { return Ok(Vec::new()) };
        let content = (self.open)(event)?;
        Ok(Searchable::of(facts, &content, false).tokens(&self.key))
    }

    /// The same of an event that was never sealed.
    pub(super) fn tokens_decided(&self, event: &Event) -> Vec<Token> {
        let searchable = |facts| Searchable::of(facts, &event.content, false).tokens(&self.key);
        facts_in(&event.body).map_or_else(Vec::new, searchable)
    }
}

/// Of the events that bring words.
fn facts_in(body: &EventBody) -> Option<&Facts> {
    match body {
        EventBody::Registered(registered) => Some(&registered.facts),
        EventBody::Supplemented(more) => Some(&more.facts),
        _ => None,
    }
}
