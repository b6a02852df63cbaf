//! Dead letters taken up again: the record they are about, or the whole envelope, goes into INTAKE once more under a fresh
//! sequence, and so through the pipeline as if it had just come. What it would repeat is recognised as always. A letter is
//! removed only after that; what fails again leaves a new one.

mod carry;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_nats::jetstream::Context;
use huiliu_adapters::decode::Limits;
use huiliu_schemas::receipt::receipt_id;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use thiserror::Error;

use super::dead::{A_PAGE, Buried, DeadLetter, Which, at, last_sequence, page_of};
use super::envelope::{EnvelopeError, RawEnvelope};
use super::store::{IntakeStore, StoreError};
use crate::channels::Channels;
use crate::engine::read::{self, ReadError};
use crate::engine::streams::{DEAD, INTAKE, LEASE_TTL};
use crate::lease::Lease;
use crate::ledger::Ledger;
use crate::traces::{Key, SpanKind, Traces};

pub use carry::run as carry_on;

/// Whoever carries letters on is done within this, and the lease of who died has run out.
const PATIENCE: Duration = Duration::from_secs(12);
const _: () = assert!(PATIENCE.as_secs() > LEASE_TTL.as_secs());

/// What one call takes up at most.
pub const MOST: usize = 1_000;

/// What was taken up, and what was not.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct Replayed {
    /// Letters whose record is in INTAKE again.
    pub replayed: Vec<Again>,
    /// Letters left where they are.
    pub left: Vec<Left>,
    /// Where to go on, if there are more than one call takes up.
    pub next: Option<u64>,
    /// Where it ends: letters that came later, from records that failed again among them, are not for this run.
    pub to: u64,
}

/// A letter taken up.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Again {
    /// Its sequence in DEAD; it is gone from there.
    pub sequence: u64,
    /// The receipt that tells what became of it now.
    pub receipt: String,
}

/// A letter not taken up.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Left {
    /// Its sequence in DEAD.
    pub sequence: u64,
    /// Why.
    pub why: String,
}

/// A letter with what it is about, opened.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Exhumed {
    /// The letter.
    #[serde(flatten)]
    pub buried: Buried,
    /// The record as the source sent it; the whole body where records cannot be told apart.
    pub record: Option<Value>,
}

/// Why nothing could be taken up.
#[derive(Debug, Error)]
pub enum ReplayError {
    /// The server is away.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// INTAKE takes nothing now.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The letter could not be removed.
    #[error("the letter could not be removed: {0}")]
    Remove(String),
    /// A letter could not be written.
    #[error("the letter could not be written: {0}")]
    Write(String),
    /// Whoever asks twice would have every record go in twice.
    #[error("somebody is at the letters already: nothing was done, ask again later")]
    Already,
    /// Another gateway may be at the letters by now.
    #[error("the letters were not kept from other gateways to the end: look at what is left of them")]
    Lost,
}

/// The way back for dead letters.
#[derive(Clone)]
pub struct Replay {
    jetstream: Context,
    ledger: Ledger,
    store: IntakeStore,
    channels: Channels,
    traces: Traces,
    lease: Arc<Lease>,
}

impl Replay {
    /// Replays into this store.
    pub fn new(jetstream: Context, ledger: Ledger, store: IntakeStore, channels: Channels, traces: Traces) -> Self {
        let lease = Arc::new(Lease::new(jetstream.clone(), "quarantine".into()));
        Self { jetstream, ledger, store, channels, traces, lease }
    }

    /// Does what takes letters away, while nobody else does here or in another gateway.
    ///
    /// # Errors
    /// Where somebody does already, or may before it is done.
    pub async fn alone<T>(&self, work: impl Future<Output = Result<T, ReplayError>>) -> Result<T, ReplayError> {
        let mut begun = false;
        let work = async {
            begun = true;
            work.await
        };
        match self.lease.hold_within(PATIENCE, work).await {
            Some(done) => done,
            None if begun => Err(ReplayError::Lost),
            None => Err(ReplayError::Already),
        }
    }

    /// Takes up every letter that fits, oldest first; to be done [alone](Self::alone).
    ///
    /// # Errors
    /// When the server is away; what was taken up until then is in INTAKE, and its letters are gone.
    pub async fn run(&self, which: &Which) -> Result<Replayed, ReplayError> {
        let mut told = Replayed::default();
        let mut from = which.first();
        // What fails again is buried behind this: it is not for this run.
        let to = which.last().min(last_sequence(&self.jetstream).await?);
        told.to = to;
        loop {
            let page = page_of(&self.jetstream, from, A_PAGE).await?;
            let Some(last) = page.last().map(|b| b.sequence) else { return Ok(told) };
            for buried in page.into_iter().filter(|b| b.sequence <= to && which.fits(b)) {
                if told.replayed.len() + told.left.len() == MOST {
                    told.next = Some(buried.sequence);
                    return Ok(told);
                }
                match self.one(&buried).await? {
                    Ok(receipt) => told.replayed.push(Again { sequence: buried.sequence, receipt }),
                    Err(why) => told.left.push(Left { sequence: buried.sequence, why }),
                }
            }
            if last >= to {
                return Ok(told);
            }
            from = last + 1;
        }
    }

    /// A letter with the record it is about; showing it must be audited.
    ///
    /// # Errors
    /// When the server is away.
    pub async fn show(&self, sequence: u64) -> Result<Option<Exhumed>, ReplayError> {
        let Some(buried) = at(&self.jetstream, sequence).await? else { return Ok(None) };
        let record = match &buried.letter {
            Some(letter) => self.envelope(letter).await?.ok().and_then(|e| self.record(&e, letter.index)),
            None => None,
        };
        Ok(Some(Exhumed { buried, record }))
    }

    /// A letter alone.
    ///
    /// # Errors
    /// When the server is away.
    pub async fn letter(&self, sequence: u64) -> Result<Option<Buried>, ReplayError> {
        Ok(at(&self.jetstream, sequence).await?)
    }

    /// Removes a letter for good, [alone](Self::alone); dropping it must be audited before. Its envelope stays in INTAKE.
    ///
    /// # Errors
    /// When the server is away: it may be gone all the same.
    pub async fn dismiss(&self, sequence: u64) -> Result<(), ReplayError> {
        self.remove(sequence).await
    }

    fn record(&self, envelope: &RawEnvelope, index: Option<usize>) -> Option<Value> {
        let body = || Some(Value::String(String::from_utf8_lossy(&envelope.body.get().bytes).into_owned()));
        let Some(channel) = self.channels.get(&envelope.channel) else { return body() };
        let decoded = channel.pack().decode(envelope.way, &envelope.body, Limits::default());
        let (Ok(records), Some(index)) = (decoded, index) else { return body() };
        records.into_iter().find(|record| record.index == index)?.value.ok()
    }

    /// The receipt of what went in again, or why it did not.
    async fn one(&self, buried: &Buried) -> Result<Result<String, String>, ReplayError> {
        let Some(letter) = &buried.letter else { return Ok(Err("the letter does not read".into())) };
        let mut envelope = match self.envelope(letter).await? {
            Ok(envelope) => envelope,
            Err(why) => return Ok(Err(why)),
        };
        envelope.only = letter.index.or(envelope.only);
        let mut step = self.traces.begin(SpanKind::Consumer, "receive", SystemTime::now());
        step.say(Key::Channel, &letter.channel);
        step.say(Key::Way, "replay");
        step.count(Key::Former, letter.intake_sequence.unwrap_or_default());
        let sequence = self.store.store(&envelope, &mut step).await?;
        self.remove(buried.sequence).await?;
        Ok(Ok(receipt_id(&letter.channel, sequence)))
    }

    async fn envelope(&self, letter: &DeadLetter) -> Result<Result<RawEnvelope, String>, ReplayError> {
        let Some(sequence) = letter.intake_sequence else {
            return Ok(Err("it is about an answer to a source, not about something that came in".into()));
        };
        let Some(message) = read::at_sequence(&self.jetstream, INTAKE, sequence).await? else {
            return Ok(Err(format!("the raw envelope {sequence} is no longer in INTAKE")));
        };
        let master = self.ledger.keys().master();
        let opened = RawEnvelope::open(&message.subject, &message.headers, &message.payload, master);
        Ok(opened.map_err(|error: EnvelopeError| error.to_string()))
    }

    async fn remove(&self, sequence: u64) -> Result<(), ReplayError> {
        let failed = |error: String| ReplayError::Remove(error);
        let stream = self.jetstream.get_stream_no_info(DEAD).await.map_err(|e| failed(e.to_string()))?;
        stream.delete_message(sequence).await.map(drop).map_err(|e| failed(e.to_string()))
    }
}
