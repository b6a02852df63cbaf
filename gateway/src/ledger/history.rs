//! Reading cases back from the log.

use std::collections::HashMap;
use std::sync::Arc;

use async_nats::jetstream::Context;
use huiliu_schemas::alias::Alias;
use huiliu_schemas::case::Case;
use huiliu_schemas::content::Content;
use huiliu_schemas::event::{Event, StoredEvent, payload_hash, read_payload};
use huiliu_schemas::{CaseId, SourceId, subjects};

use super::LedgerError;
use crate::engine::read::{self, ReadError, StoredMessage};
use crate::engine::streams::CASES;
use crate::keys::{KeyError, Keys, told};
use crate::traces::{Carried, of_nats};

/// A case as the log has it.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The fold.
    pub case: Arc<Case>,
    /// The stream sequence of its last message.
    pub last_sequence: u64,
    /// The hash the next message must carry.
    pub last_hash: String,
    /// The id of its data key, if anything personal was ever said.
    pub kid: Option<String>,
    /// The trace that began it, as its first message carries it.
    pub begun_in: Option<Arc<str>>,
}

/// A case with everything personal in it.
#[derive(Debug, Clone)]
pub struct OpenedCase {
    /// As it stands.
    pub loaded: Loaded,
    /// Its events with their words.
    pub events: Vec<Event>,
    /// What its sources have said, all told.
    pub told: Content,
    /// The traces in which its events were written.
    pub traces: Carried,
}

/// Whose a number is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owned {
    /// The case.
    pub by: CaseId,
    /// The stream sequence of the message that says so.
    pub since: u64,
}

/// Which cases these numbers belong to, by the subject of the number.
pub async fn owners(jetstream: &Context, sources: &[SourceId]) -> Result<HashMap<String, CaseId>, LedgerError> {
    Ok(owned(jetstream, sources).await?.into_iter().map(|(subject, owned)| (subject, owned.by)).collect())
}

/// The same, with the message that says so.
pub async fn owned(jetstream: &Context, sources: &[SourceId]) -> Result<HashMap<String, Owned>, LedgerError> {
    let mut subjects: Vec<String> = sources.iter().map(subjects::alias).collect();
    subjects.sort_unstable();
    subjects.dedup();
    if subjects.is_empty() {
        return Ok(HashMap::new());
    }
    let found = until_read(|| read::last_for_subjects(jetstream, CASES, &subjects)).await?;
    Ok(found.iter().filter_map(|m| Some((m.subject.clone(), owner_of(m)?))).collect())
}

/// The case that the first known of these numbers belongs to.
pub async fn find_case(jetstream: &Context, sources: &[SourceId]) -> Result<Option<CaseId>, LedgerError> {
    let owners = owners(jetstream, sources).await?;
    Ok(sources.iter().find_map(|s| owners.get(&subjects::alias(s)).copied()))
}

/// Whom an alias message names.
fn owner_of(message: &StoredMessage) -> Option<Owned> {
    let alias = serde_json::from_slice::<Alias>(&message.payload).ok()?;
    Some(Owned { by: alias.case_id, since: message.sequence })
}

/// Folds a case from its history.
pub async fn load(jetstream: &Context, id: CaseId) -> Result<Option<Loaded>, LedgerError> {
    Ok(read_events(jetstream, id).await?.and_then(|(events, messages)| fold(&events, &messages)))
}

/// A case with its words.
pub async fn open_case(jetstream: &Context, keys: &Keys, id: CaseId) -> Result<Option<OpenedCase>, LedgerError> {
    let Some((stored, messages)) = read_events(jetstream, id).await? else { return Ok(None) };
    let traces = Carried::beside(&messages);
    let Some(loaded) = fold(&stored, &messages) else { return Ok(None) };
    let mut events = Vec::with_capacity(stored.len());
    for event in stored {
        events.push(until_read(|| opened(keys, event.clone())).await?.map_err(|e| unreadable(id, &e))?);
    }
    Ok(Some(OpenedCase { loaded, told: told(&events), events, traces }))
}

/// An event with its words; apart, why its keys could not be read.
async fn opened(keys: &Keys, event: StoredEvent) -> Result<Result<Event, KeyError>, ReadError> {
    match keys.open(event).await {
        Err(KeyError::Read(error)) => Err(error),
        opened => Ok(opened),
    }
}

async fn read_events(
    jetstream: &Context,
    id: CaseId,
) -> Result<Option<(Vec<StoredEvent>, Vec<StoredMessage>)>, LedgerError> {
    let subject = subjects::case(id);
    let messages = until_read(|| read::history(jetstream, CASES, &subject)).await?;
    if messages.is_empty() {
        return Ok(None);
    }
    let mut events = Vec::with_capacity(messages.len());
    for message in &messages {
        events.extend(read_payload(&message.payload).map_err(|e| unreadable(id, &e))?);
    }
    Ok(Some((events, messages)))
}

fn fold(stored: &[StoredEvent], messages: &[StoredMessage]) -> Option<Loaded> {
    let last = messages.last()?;
    let kid = stored.iter().rev().find_map(|e| e.sealed.as_ref()).map(|s| s.kid.clone());
    let events: Vec<Event> = stored.iter().map(|e| e.clone().opened(Content::default())).collect();
    let case = Arc::new(Case::fold(&events)?);
    let begun_in = messages.first().and_then(|m| of_nats(Some(&m.headers))).map(Arc::from);
    Some(Loaded { case, last_sequence: last.sequence, last_hash: payload_hash(&last.payload), kid, begun_in })
}

fn unreadable(case: CaseId, reason: &dyn std::fmt::Display) -> LedgerError {
    LedgerError::Unreadable { case, reason: reason.to_string() }
}

/// Reads until the server answers: being away is waited out, never reported as absence.
pub(super) async fn until_read<T, F>(mut read: impl FnMut() -> F) -> Result<T, LedgerError>
where
    F: Future<Output = Result<T, ReadError>>,
{
    let mut pause = super::lane::Pause::default();
    loop {
        match read().await {
            Ok(found) => return Ok(found),
            Err(ReadError::Away { stream, reason }) => {
                if pause.is_long() {
                    tracing::warn!(stream, reason, "the log waits for the server to be read");
                }
                pause.wait().await;
            }
            Err(error) => return Err(LedgerError::Refused(error.to_string())),
        }
    }
}
