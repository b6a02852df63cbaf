//! Dead letters: what could not be worked on, with where, why and a pointer to the raw envelope, which stays in INTAKE
//! for as long as the letter is open. A dead letter is written before anything is given up; it holds nothing personal.

use std::ops::Range;

use async_nats::jetstream::Context;
use async_nats::{HeaderMap, header};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use huiliu_schemas::receipt::receipt_id;
use huiliu_schemas::submission::FieldProblem;
use huiliu_schemas::{CaseId, Channel, SourceId, subjects};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::engine::read::{self, ReadError};
use crate::engine::streams::DEAD;

/// What is read of the stream at once.
pub(super) const A_PAGE: usize = 200;
/// Letters that are read for one page of a list.
const MOST_LOOKED_AT: u64 = 10_000;
/// As how many letters a request counts that brings fewer: a gap is not walked for nothing.
const A_REQUEST: u64 = 50;

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

/// Which letters, of a list or to be taken up; everything given must fit.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("anyOf" = [
    { "required": ["letters"], "properties": { "letters": { "type": "array" } } },
    { "required": ["from"], "properties": { "from": { "type": "integer" } } },
    { "required": ["to"], "properties": { "to": { "type": "integer" } } },
    { "required": ["channel"], "properties": { "channel": { "type": "string" } } },
    { "required": ["stage"], "properties": { "stage": { "type": "string" } } },
    { "required": ["reason"], "properties": { "reason": { "type": "string" } } },
]))]
pub struct Which {
    /// These only, by their sequence in DEAD.
    pub letters: Option<Vec<u64>>,
    /// From this sequence on.
    pub from: Option<u64>,
    /// Up to this sequence.
    pub to: Option<u64>,
    /// Of this channel.
    pub channel: Option<Channel>,
    /// That stopped here.
    pub stage: Option<String>,
    /// Whose reason contains this.
    pub reason: Option<String>,
}

impl Which {
    /// No letter before this one fits.
    pub fn first(&self) -> u64 {
        let named = self.letters.iter().flatten().min().copied();
        self.from.into_iter().chain(named).max().unwrap_or(1)
    }

    /// No letter after this one fits.
    pub fn last(&self) -> u64 {
        let named = self.letters.as_ref().map(|letters| letters.iter().max().copied().unwrap_or_default());
        self.to.into_iter().chain(named).min().unwrap_or(u64::MAX)
    }

    /// Whether this letter is among them.
    pub fn fits(&self, buried: &Buried) -> bool {
        let sequence = buried.sequence;
        let by_place = self.letters.as_ref().is_none_or(|letters| letters.contains(&sequence))
            && self.from.is_none_or(|from| sequence >= from)
            && self.to.is_none_or(|to| sequence <= to);
        let Some(letter) = &buried.letter else {
            return by_place && self.channel.is_none() && self.stage.is_none() && self.reason.is_none();
        };
        by_place
            && self.channel.as_ref().is_none_or(|channel| *channel == letter.channel)
            && self.stage.as_ref().is_none_or(|stage| *stage == letter.stage)
            && self.reason.as_ref().is_none_or(|reason| letter.reason.contains(reason))
    }

    /// Whether nothing was chosen: replaying everything must be said in words.
    pub fn is_empty(&self) -> bool {
        let Self { letters, from, to, channel, stage, reason } = self;
        letters.is_none() && from.is_none() && to.is_none() && channel.is_none() && stage.is_none() && reason.is_none()
    }
}

/// Some dead letters.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct BuriedPage {
    /// Newest first.
    pub letters: Vec<Buried>,
    /// The next page's `cursor`; none at the end.
    pub next: Option<String>,
}

/// At most `limit` of the dead letters that fit, before sequence `before` or the last ones, newest first. Where few of many
/// fit, a page has fewer: `next` goes on.
///
/// # Errors
/// When the stream does not answer.
pub async fn list(
    jetstream: &Context,
    which: &Which,
    before: Option<u64>,
    limit: usize,
) -> Result<BuriedPage, ReadError> {
    let away = |e: String| ReadError::Away { stream: DEAD.into(), reason: e };
    let stream = jetstream.get_stream(DEAD).await.map_err(|e| away(e.to_string()))?;
    let state = &stream.cached_info().state;
    let begin = which.first().max(state.first_sequence).max(1);
    let last = which.last().min(state.last_sequence);
    let end = before.unwrap_or(u64::MAX).min(last.saturating_add(1));
    look(which, begin..end, limit, &|from, count| page_of(jetstream, from, count).boxed()).await
}

type Paging<'p> = BoxFuture<'p, Result<Vec<Buried>, ReadError>>;

/// Looks through a range from its end, by `page`: the letters from a sequence on, at most so many.
async fn look<'p>(
    which: &Which,
    Range { start, mut end }: Range<u64>,
    limit: usize,
    page: &impl Fn(u64, usize) -> Paging<'p>,
) -> Result<BuriedPage, ReadError> {
    let (mut letters, mut looked_at, mut width) = (Vec::new(), 0, limit as u64);
    while start < end && looked_at < MOST_LOOKED_AT {
        let first = end.saturating_sub(width.min(MOST_LOOKED_AT - looked_at)).max(start);
        let (there, read) = between(first, end, page).await?;
        looked_at += read;
        letters.extend(there.into_iter().rev().filter(|buried| which.fits(buried)));
        // Where many were replayed the letters that are left lie far apart.
        (end, width) = (first, (width * 2).min(MOST_LOOKED_AT));
        if letters.len() >= limit {
            letters.truncate(limit);
            end = letters.last().map_or(end, |oldest| oldest.sequence);
            break;
        }
    }
    Ok(BuriedPage { letters, next: (start < end).then(|| end.to_string()) })
}

/// The letters from one sequence to before another, oldest first, and what it cost: a page that begins in a gap brings what
/// lies behind it.
async fn between<'p>(
    mut from: u64,
    end: u64,
    page: &impl Fn(u64, usize) -> Paging<'p>,
) -> Result<(Vec<Buried>, u64), ReadError> {
    let (mut found, mut read) = (Vec::new(), 0);
    while from < end {
        let some = page(from, (end - from).min(A_PAGE as u64) as usize).await?;
        read += (some.len() as u64).max(A_REQUEST);
        let Some(last) = some.last().map(|buried| buried.sequence) else { break };
        found.extend(some.into_iter().filter(|buried| buried.sequence < end));
        from = last + 1;
    }
    Ok((found, read))
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
    if write(jetstream, letter, name(letter)).await? {
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

/// Puts a letter into DEAD under a name and tells nobody; whether there was one of this name already.
///
/// # Errors
/// In the server's words.
pub(super) async fn write(jetstream: &Context, letter: &DeadLetter, name: String) -> Result<bool, String> {
    let mut headers = HeaderMap::new();
    headers.insert(header::NATS_MESSAGE_ID, name);
    let payload = serde_json::to_vec(letter).map_err(|e| e.to_string())?;
    let subject = subjects::dead(&letter.stage, &letter.channel);
    let stored = jetstream.publish_with_headers(subject, headers, payload.into()).await.map_err(|e| e.to_string())?;
    Ok(stored.await.map_err(|e| e.to_string())?.duplicate)
}

const CARRIED: &str = "carried/";

/// The name of the letter that takes the place of another.
pub(super) fn carried(former: u64) -> String {
    format!("{CARRIED}{former}")
}

/// The letter whose place this one took.
pub(super) fn carried_from(message: &read::StoredMessage) -> Option<u64> {
    message.headers.get(header::NATS_MESSAGE_ID)?.as_str().strip_prefix(CARRIED)?.parse().ok()
}

/// The oldest letter, from look to look: what came since is read, and all of it only when the oldest is gone.
#[derive(Default)]
pub struct Oldest {
    looked_to: u64,
    letter: Option<(Timestamp, u64)>,
}

impl Oldest {
    /// Since when it is dead, though it was carried on meanwhile; none where there is no letter.
    ///
    /// # Errors
    /// When the stream does not answer.
    pub async fn look(&mut self, jetstream: &Context) -> Result<Option<Timestamp>, ReadError> {
        if let Some((_, sequence)) = self.letter
            && at(jetstream, sequence).await?.is_none()
        {
            *self = Self::default();
        }
        loop {
            let page = read::page_from(jetstream, DEAD, ">", self.looked_to + 1, A_PAGE).await?.messages;
            let Some(last) = page.last() else { return Ok(self.letter.map(|(since, _)| since)) };
            self.looked_to = last.sequence;
            let since = |message: &read::StoredMessage| buried(message).letter.map_or(message.time, |letter| letter.at);
            let found = page.iter().map(|message| (since(message), message.sequence));
            self.letter = self.letter.into_iter().chain(found).min();
        }
    }
}

/// The same for the same letter, so that one written twice is there once, and for no other: numbers as their digests, for
/// headers are read by many.
fn name(letter: &DeadLetter) -> String {
    let DeadLetter { stage, channel, intake_sequence, index, case_id, event_id, source, .. } = letter;
    let number = source.as_ref().map(subjects::alias);
    format!("{stage}/{channel}/{intake_sequence:?}/{index:?}/{case_id:?}/{event_id:?}/{number:?}")
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// One page over letters with these sequences, none of which fits: where it goes on, letters read, requests.
    async fn looked(there: &[u64], end: u64) -> (Option<u64>, u64, u64) {
        let (read, asked) = (Cell::new(0), Cell::new(0));
        let which = Which { stage: Some("none".into()), ..Which::default() };
        let page = |from, count| {
            let some = there.iter().filter(|sequence| **sequence >= from).take(count);
            let some: Vec<_> =
                some.map(|sequence| Buried { sequence: *sequence, receipt: None, letter: None }).collect();
            read.set(read.get() + some.len() as u64);
            asked.set(asked.get() + 1);
            std::future::ready(Ok(some)).boxed()
        };
        let found = look(&which, 1..end, 50, &page).await.expect("reads");
        assert!(found.letters.is_empty());
        (found.next.map(|next| next.parse().expect("a sequence")), read.get(), asked.get())
    }

    #[tokio::test]
    async fn no_more_is_read_for_a_page_than_its_bound() {
        let many: Vec<u64> = (1..=30_000).collect();
        assert_eq!(looked(&many, 30_001).await, (Some(20_001), MOST_LOOKED_AT, 52));
        assert_eq!(looked(&many[..200], 201).await, (None, 200, 3), "and nothing twice");

        for letters in [1, 400] {
            let behind_a_gap: Vec<u64> = (3_000_001..3_000_001 + letters).collect();
            let (next, read, asked) = looked(&behind_a_gap, 3_000_001).await;
            assert!(next.is_some() && read < MOST_LOOKED_AT + A_PAGE as u64 && asked <= 200, "{next:?} {read} {asked}");
        }
    }
}
