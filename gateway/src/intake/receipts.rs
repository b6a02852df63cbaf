//! Receipts are views: computed from the stored envelope and the log, as often as anyone asks.

use std::collections::HashMap;
use std::sync::Arc;

use async_nats::jetstream::Context;
use huiliu_adapters::decode::DecodeError;
use huiliu_schemas::case::{Answer, Case};
use huiliu_schemas::event::Actor;
use huiliu_schemas::lifecycle::{self, Beginning, Decided, NothingNew};
use huiliu_schemas::receipt::{Receipt, ReceiptState, RecordOutcome, RecordReceipt, receipt_id};
use huiliu_schemas::refusal::{Refusal, RefusalCode};
use huiliu_schemas::submission::Submission;
use huiliu_schemas::{CaseId, CaseNumber, Cause, SourceId, subjects};
use jiff::Timestamp;
use thiserror::Error;
use tokio::task::spawn_blocking;

use super::envelope::RawEnvelope;
use super::pipeline;
use super::understand::{Misunderstood, Understood, understand};
use crate::channels::{ChannelRuntime, Channels};
use crate::desk::{Job, Record, Work};
use crate::directory::Directory;
use crate::engine::read::{self, ReadError};
use crate::engine::streams::INTAKE;
use crate::ledger::{Ledger, LedgerError, Loaded};
use crate::readmodel::ReadHandle;

/// Why there is no receipt.
#[derive(Debug, Error)]
pub enum ReceiptError {
    /// No envelope of the channel has this sequence (any more).
    #[error("no such receipt")]
    Unknown,
    /// The log could not be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The store could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The envelope does not open.
    #[error("the envelope does not open: {0}")]
    Sealed(String),
}

/// Computes receipts.
#[derive(Clone)]
pub struct Receipts {
    jetstream: Context,
    ledger: Ledger,
    reads: ReadHandle,
    channels: Channels,
}

/// A stored envelope that was read.
pub struct Kept {
    channel: Arc<ChannelRuntime>,
    sequence: u64,
    records: Result<Vec<Understood>, DecodeError>,
}

/// How much trouble a receipt is worth.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Care {
    /// What is known here, however the server is busy: a sender waits.
    Glance,
    /// What the log says.
    Look {
        /// Whether the pipeline has acknowledged the envelope.
        worked_off: bool,
    },
}

impl Receipts {
    /// Receipts over the log, and over what the read model knows of it.
    pub fn new(jetstream: Context, ledger: Ledger, reads: ReadHandle, channels: Channels) -> Self {
        Self { jetstream, ledger, reads, channels }
    }

    /// The receipt of an envelope that was just stored.
    pub async fn fresh(&self, envelope: &RawEnvelope, sequence: u64) -> Result<Receipt, ReceiptError> {
        let channel = self.channel(envelope)?;
        let records = understand(envelope, channel);
        self.view(channel, sequence, &records, Care::Glance).await
    }

    /// What the receipt of an envelope would say that nobody stored.
    pub(super) async fn unstored(&self, envelope: &RawEnvelope) -> Result<Receipt, ReceiptError> {
        // Sequences begin at 1: nothing was ever caused by this one.
        let channel = self.channel(envelope)?;
        let records = understand(envelope, channel);
        self.view(channel, 0, &records, Care::Look { worked_off: false }).await
    }

    fn channel(&self, envelope: &RawEnvelope) -> Result<&Arc<ChannelRuntime>, ReceiptError> {
        self.channels.get(&envelope.channel).ok_or(ReceiptError::Unknown)
    }

    pub(super) fn directory(&self) -> Arc<Directory> {
        self.ledger.desk().directory()
    }

    /// A stored envelope.
    pub async fn stored(&self, channel: &huiliu_schemas::Channel, sequence: u64) -> Result<RawEnvelope, ReceiptError> {
        let message = read::at_sequence(&self.jetstream, INTAKE, sequence).await?.ok_or(ReceiptError::Unknown)?;
        let master = self.ledger.keys().master();
        let envelope = RawEnvelope::open(&message.subject, &message.headers, &message.payload, master)
            .map_err(|e| ReceiptError::Sealed(e.to_string()))?;
        if envelope.channel != *channel {
            return Err(ReceiptError::Unknown);
        }
        Ok(envelope)
    }

    /// Reads a stored envelope, once for all that is asked of it.
    pub async fn read(&self, envelope: RawEnvelope, sequence: u64) -> Result<Kept, ReceiptError> {
        let channel = self.channel(&envelope)?.clone();
        let reading = channel.clone();
        let records = spawn_blocking(move || understand(&envelope, &reading)).await.map_err(|_| LedgerError::Closed)?;
        Ok(Kept { channel, sequence, records })
    }

    /// The receipt of a stored envelope, as of now.
    pub async fn again(&self, kept: &Kept) -> Result<Receipt, ReceiptError> {
        let worked_off = self.is_worked_off(kept.sequence).await;
        self.view(&kept.channel, kept.sequence, &kept.records, Care::Look { worked_off }).await
    }

    /// Whether the pipeline has acknowledged everything up to this envelope.
    async fn is_worked_off(&self, sequence: u64) -> bool {
        match pipeline::consumer(&self.jetstream).await {
            Ok(consumer) => consumer.cached_info().ack_floor.stream_sequence >= sequence,
            Err(_) => false,
        }
    }

    async fn view(
        &self,
        channel: &ChannelRuntime,
        sequence: u64,
        records: &Result<Vec<Understood>, DecodeError>,
        care: Care,
    ) -> Result<Receipt, ReceiptError> {
        let receipt = receipt_id(&channel.name, sequence);
        let records = match records {
            Ok(records) => records,
            Err(error) => {
                let (state, reason) = (ReceiptState::Quarantined, Some(error.to_string()));
                let as_of = self.ledger.end();
                return Ok(Receipt { receipt, state, as_of, settled: true, reason, records: Vec::new() });
            }
        };
        let (owners, as_of) = self.owners(records, care).await?;
        let mut view = View { receipts: self, channel, sequence, care, settled: true };
        let mut told = Vec::with_capacity(records.len());
        for record in records {
            told.push(view.record(record.clone(), &owners).await?);
        }
        let lost = !told.is_empty() && told.iter().all(|r| r.outcome == RecordOutcome::Quarantined);
        let state = if lost { ReceiptState::Quarantined } else { ReceiptState::Stored };
        Ok(Receipt { receipt, state, as_of, settled: view.settled, reason: None, records: told })
    }

    /// Which of the numbers in the records belong to cases, asked in one go, and how much of the log was considered.
    async fn owners(&self, records: &[Understood], care: Care) -> Result<(Owners, u64), ReceiptError> {
        let submissions = records.iter().filter_map(|r| r.submission.as_ref().ok());
        let numbers: Vec<SourceId> = submissions.flat_map(|s| s.numbers().cloned()).collect();
        if care == Care::Glance
            && let Some(known) = self.known_here(numbers.clone()).await
        {
            return Ok(known);
        }
        let as_of = self.ledger.end();
        Ok((self.ledger.owners(&numbers).await?, as_of))
    }

    /// What the read model knows and, of what it has not taken in yet, what was met lately; none where it does not answer.
    async fn known_here(&self, numbers: Vec<SourceId>) -> Option<(Owners, u64)> {
        let met = |number: &SourceId| Some((subjects::alias(number), self.ledger.owner_met(number)?));
        let mut owners: Owners = numbers.iter().filter_map(met).collect();
        let told = self.reads.aside(move |reads| reads.owners(&numbers).map(|told| (numbers, told))).await;
        let (numbers, told) = told.ok()?;
        let owned = numbers.iter().zip(told.cases).filter_map(|(number, case)| Some((subjects::alias(number), case?)));
        owners.extend(owned);
        Some((owners, told.as_of))
    }

    /// What the record is: what the log says of its cause, else what deciding it now would give.
    fn outcome(
        &self,
        channel: &ChannelRuntime,
        submission: Submission,
        cause: Cause,
        case: Option<&Loaded>,
        care: Care,
    ) -> (RecordOutcome, bool, Option<String>) {
        if let Some(answer) = case.and_then(|c| c.case.causes.get(&cause)) {
            return (outcome_of(answer.events.iter().map(String::as_str)), true, None);
        }
        let history = channel.is_history(submission.facts.registered_at);
        let done = care == Care::Look { worked_off: true };
        let Some(case) = case.map(|c| &*c.case) else { return unknown(&submission, history, done) };
        match self.foresee(channel, submission, cause, case) {
            Ok(Decided::Events(_)) if done => (RecordOutcome::Repeat, true, None),
            Ok(Decided::Events(events)) => (outcome_of(events.iter().map(|e| e.body.name())), false, None),
            Ok(Decided::Known(Answer { events, .. })) => (outcome_of(events.iter().map(String::as_str)), true, None),
            Ok(Decided::Nothing(NothingNew::Repeat)) => (RecordOutcome::Repeat, done, None),
            Ok(Decided::Nothing(NothingNew::Echo)) => (RecordOutcome::Echo, done, None),
            Ok(Decided::Nothing(NothingNew::Notice)) => (RecordOutcome::Noted, done, None),
            Err(refusal) => (RecordOutcome::Quarantined, done, Some(refusal.to_string())),
        }
    }

    /// What deciding the record on this case now would give.
    fn foresee(
        &self,
        channel: &ChannelRuntime,
        submission: Submission,
        cause: Cause,
        case: &Case,
    ) -> Result<Decided, Refusal> {
        let history = channel.is_history(submission.facts.registered_at);
        let record = Record::new(channel.name.clone(), submission, history, self.ledger.keys().master());
        let actor = Actor::Source { channel: channel.name.clone() };
        let job = Job { cause, actor, work: Work::Record(Box::new(record)) };
        self.ledger.desk().foresee(&job, case, Timestamp::now())
    }
}

type Owners = HashMap<String, CaseId>;

/// One receipt in the making.
struct View<'a> {
    receipts: &'a Receipts,
    channel: &'a ChannelRuntime,
    sequence: u64,
    care: Care,
    settled: bool,
}

impl View<'_> {
    async fn record(&mut self, record: Understood, owners: &Owners) -> Result<RecordReceipt, ReceiptError> {
        let index = record.index;
        let submission = match record.submission {
            Ok(submission) => *submission,
            Err(why) => return Ok(quarantined(index, why)),
        };
        let owner = submission.numbers().find_map(|n| owners.get(&subjects::alias(n)).copied());
        let case = match owner {
            Some(id) if self.care == Care::Glance => self.receipts.ledger.glance(id).await?,
            Some(id) => self.receipts.ledger.case(id).await?,
            None => None,
        };
        let cause = Cause::intake(self.sequence, index);
        let done = self.care == Care::Look { worked_off: true };
        let stranger = !done && case.as_ref().is_some_and(|c| self.is_strange_to(&submission, &cause, &c.case));
        let (owner, case) = if stranger { (None, None) } else { (owner, case) };
        let id = owner.unwrap_or_else(|| CaseId::of(&submission.source));
        let problems = submission.problems.clone();
        let source_id = Some(submission.source.id.clone());
        let (outcome, settled, reason) =
            self.receipts.outcome(self.channel, submission, cause, case.as_deref(), self.care);
        self.settled &= settled;
        let number = case.as_ref().map_or_else(|| CaseNumber::of(id), |c| c.case.number.clone());
        let known = match outcome {
            RecordOutcome::Quarantined => false,
            // A notice begins no case.
            RecordOutcome::Noted => case.is_some(),
            _ => true,
        };
        Ok(RecordReceipt {
            index,
            source_id,
            case_id: known.then_some(id),
            number: known.then_some(number),
            outcome,
            problems,
            reason,
        })
    }

    /// Whether a record contradicts the case it would join, which has none of that number: it will begin one of its own.
    fn is_strange_to(&self, submission: &Submission, cause: &Cause, case: &Case) -> bool {
        if case.id == CaseId::of(&submission.source) || case.source(&submission.source).is_some() {
            return false;
        }
        let foreseen = self.receipts.foresee(self.channel, submission.clone(), cause.clone(), case);
        foreseen.is_err_and(|refusal| refusal.code == RefusalCode::IdentityConflict)
    }
}

fn quarantined(index: usize, why: Misunderstood) -> RecordReceipt {
    RecordReceipt {
        index,
        source_id: None,
        case_id: None,
        number: None,
        outcome: RecordOutcome::Quarantined,
        problems: why.problems,
        reason: Some(why.reason),
    }
}

/// What a record is whose numbers no case has. Where its envelope is done, it was given up.
fn unknown(submission: &Submission, history: bool, done: bool) -> (RecordOutcome, bool, Option<String>) {
    match lifecycle::beginning(submission, history) {
        Ok(Beginning::Notice) => (RecordOutcome::Noted, done, None),
        Ok(_) if done => {
            (RecordOutcome::Quarantined, true, Some("it could not be worked on: see the dead letters".into()))
        }
        Ok(Beginning::Recorded) => (RecordOutcome::Recorded, false, None),
        Ok(Beginning::Routed) => (RecordOutcome::New, false, None),
        Err(refusal) => (RecordOutcome::Quarantined, done, Some(refusal.to_string())),
    }
}

/// What the events a record led to make of it.
fn outcome_of<'a>(events: impl Iterator<Item = &'a str>) -> RecordOutcome {
    let names: Vec<&str> = events.collect();
    let has = |name: &str| names.contains(&name);
    match names.first().copied() {
        Some("registered") if has("recorded") => RecordOutcome::Recorded,
        Some("registered") => RecordOutcome::New,
        Some("urged") => RecordOutcome::Urge,
        Some("withdrawn") => RecordOutcome::Withdraw,
        Some("assessed") => RecordOutcome::Assess,
        Some("mediation_held") => RecordOutcome::Mediation,
        Some("superseded") => RecordOutcome::Superseded,
        Some("upstream_changed" | "linked" | "secrecy_asked") => RecordOutcome::Updated,
        Some(_) => RecordOutcome::Supplement,
        None => RecordOutcome::Pending,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Its envelope is done and no case has its numbers: it lies among the dead letters, and no case is to be named.
    #[test]
    fn a_record_that_was_given_up_is_no_repeat() {
        let submission = Submission::of(SourceId { namespace: "hotline".parse().expect("a name"), id: "1".into() });
        assert_eq!(unknown(&submission, false, false), (RecordOutcome::New, false, None));
        let (outcome, settled, reason) = unknown(&submission, false, true);
        assert_eq!((outcome, settled), (RecordOutcome::Quarantined, true));
        assert!(reason.is_some_and(|reason| reason.contains("dead letters")));
    }
}
