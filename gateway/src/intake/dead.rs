//! Dead letters: what could not be worked on, with where, why and a pointer to the raw envelope, which stays in INTAKE
//! for as long as the letter is open. A dead letter is written before anything is given up; it holds nothing personal.

use async_nats::HeaderMap;
use async_nats::jetstream::Context;
use huiliu_schemas::receipt::receipt_id;
use huiliu_schemas::submission::FieldProblem;
use huiliu_schemas::{CaseId, Channel, SourceId, subjects};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::engine::read::{self, ReadError};
use crate::engine::streams::DEAD;

/// What could not be worked on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeadLetter {
    /// Where it stopped: `open`, `channel`, `poison`, `decode`, `map`, `decide`, `write-back`.
    pub stage: String,
    /// The channel.
    pub channel: Channel,
    /// The envelope's sequence in INTAKE, if it came from there.
    pub intake_sequence: Option<u64>,
    /// The record within the envelope; none: the whole envelope.
    pub index: Option<usize>,
    /// The case, if it is about one.
    pub case_id: Option<CaseId>,
    /// The event its source would not be told of, if it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_id: Option<Uuid>,
    /// The number under which its source would not be told, if it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<SourceId>,
    /// Why, in words.
    pub reason: String,
    /// By field, values masked.
    #[serde(default)]
    pub problems: Vec<FieldProblem>,
    /// When.
    pub at: Timestamp,
}

/// A dead letter as it lies in stream DEAD.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Buried {
    /// Its sequence there.
    pub sequence: u64,
    /// The receipt of its envelope, if it came from one.
    pub receipt: Option<String>,
    /// The letter; none where it does not read.
    pub letter: Option<DeadLetter>,
}

/// Some dead letters.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct BuriedPage {
    /// Newest first.
    pub letters: Vec<Buried>,
    /// The next page's `cursor`; none at the end.
    pub next: Option<String>,
}

/// At most `limit` dead letters before sequence `before`, or the last ones, newest first.
///
/// # Errors
/// When the stream does not answer.
pub async fn list(jetstream: &Context, before: Option<u64>, limit: usize) -> Result<BuriedPage, ReadError> {
    let away = |e: String| ReadError::Away { stream: DEAD.into(), reason: e };
    let stream = jetstream.get_stream(DEAD).await.map_err(|e| away(e.to_string()))?;
    let state = &stream.cached_info().state;
    let end = before.unwrap_or(u64::MAX).min(state.last_sequence + 1);
    let first = end.saturating_sub(limit as u64).max(state.first_sequence).max(1);
    if first >= end {
        return Ok(BuriedPage { letters: Vec::new(), next: None });
    }
    let page = read::page_from(jetstream, DEAD, ">", first, (end - first) as usize).await?;
    let letters = page.messages.iter().rev().filter(|m| m.sequence < end).map(buried).collect();
    Ok(BuriedPage { letters, next: (first > state.first_sequence).then(|| first.to_string()) })
}

/// Dead letters from this sequence on, oldest first.
///
/// # Errors
/// When the stream does not answer.
pub async fn page_of(jetstream: &Context, from: u64, limit: usize) -> Result<Vec<Buried>, ReadError> {
    Ok(read::page_from(jetstream, DEAD, ">", from, limit).await?.messages.iter().map(buried).collect())
}

/// The last sequence there is.
///
/// # Errors
/// When the stream does not answer.
pub async fn last_sequence(jetstream: &Context) -> Result<u64, ReadError> {
    let away = |e: String| ReadError::Away { stream: DEAD.into(), reason: e };
    let stream = jetstream.get_stream(DEAD).await.map_err(|e| away(e.to_string()))?;
    Ok(stream.cached_info().state.last_sequence)
}

/// The dead letter with this sequence.
///
/// # Errors
/// When the stream does not answer.
pub async fn at(jetstream: &Context, sequence: u64) -> Result<Option<Buried>, ReadError> {
    Ok(read::at_sequence(jetstream, DEAD, sequence).await?.as_ref().map(buried))
}

fn buried(message: &read::StoredMessage) -> Buried {
    let letter: Option<DeadLetter> = serde_json::from_slice(&message.payload).ok();
    let receipt = letter.as_ref().and_then(|l| Some(receipt_id(&l.channel, l.intake_sequence?)));
    Buried { sequence: message.sequence, receipt, letter }
}

/// Where something may be given up.
pub const STAGES: [&str; 7] = ["open", "channel", "poison", "decode", "map", "decide", "write-back"];

/// Writes a dead letter; only when this has succeeded may the message it is about be given up.
///
/// # Errors
/// In the server's words.
pub async fn bury(jetstream: &Context, letter: &DeadLetter) -> Result<(), String> {
    if write(jetstream, letter).await? {
        // Told when it was written: its envelope came again for another of its records.
        return Ok(());
    }
    let DeadLetter { stage, channel, intake_sequence, index, reason, .. } = letter;
    metrics::counter!("huiliu_dead_letters_total", "stage" => stage.clone(), "channel" => channel.to_string())
        .increment(1);
    tracing::warn!(
        stage, %channel, intake_sequence, index, reason,
        "dead letter: stage {stage} of channel {channel} gave up a record"
    );
    Ok(())
}

/// Puts a letter into DEAD and tells nobody; whether it was there already.
///
/// # Errors
/// In the server's words.
pub(super) async fn write(jetstream: &Context, letter: &DeadLetter) -> Result<bool, String> {
    let mut headers = HeaderMap::new();
    headers.insert("Nats-Msg-Id", name(letter));
    let payload = serde_json::to_vec(letter).map_err(|e| e.to_string())?;
    let subject = subjects::dead(&letter.stage, &letter.channel);
    let stored = jetstream.publish_with_headers(subject, headers, payload.into()).await.map_err(|e| e.to_string())?;
    Ok(stored.await.map_err(|e| e.to_string())?.duplicate)
}

/// The same for the same letter, so that one written twice is there once, and for no other: numbers as their digests, for
/// headers are read by many.
fn name(letter: &DeadLetter) -> String {
    let DeadLetter { stage, channel, intake_sequence, index, case_id, event_id, source, .. } = letter;
    let number = source.as_ref().map(subjects::alias);
    format!("{stage}/{channel}/{intake_sequence:?}/{index:?}/{case_id:?}/{event_id:?}/{number:?}")
}
