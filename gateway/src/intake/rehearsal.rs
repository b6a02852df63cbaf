//! A rehearsal for engineers of upstream systems: what would become of these bytes, shown whole, with nothing stored.

use std::sync::Arc;

use huiliu_adapters::decode::{Limits, Record};
use huiliu_adapters::pack::Way;
use huiliu_adapters::verify::{RawBody, Verified};
use huiliu_schemas::decision::Decision;
use huiliu_schemas::receipt::{Receipt, RecordReceipt};
use huiliu_schemas::submission::Submission;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use tokio::task::spawn_blocking;

use super::envelope::RawEnvelope;
use super::receipts::{ReceiptError, Receipts};
use super::understand::{Understood, understand};
use crate::channels::ChannelRuntime;
use crate::directory::Directory;
use crate::ledger::LedgerError;
use crate::routing::{self, RoutingFacts};

/// What would become of a body.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Rehearsal {
    /// Always `false`: sent to `…/events`, it would be.
    pub stored: bool,
    /// Why it holds no records at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Its records, in order.
    pub records: Vec<Rehearsed>,
}

/// What would become of one record.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Rehearsed {
    /// What the receipt would say, as of now.
    #[serde(flatten)]
    pub receipt: RecordReceipt,
    /// What the pack makes of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub submission: Option<Submission>,
    /// Fields of it that the pack does not read.
    pub unread: Vec<String>,
    /// Where the rules would send it, if it begins a case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
    /// The same in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub explained: Option<String>,
}

impl Receipts {
    /// Maps, checks and routes what a channel might push; stores nothing.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn rehearse(
        &self,
        channel: Arc<ChannelRuntime>,
        body: Verified<RawBody>,
    ) -> Result<Rehearsal, ReceiptError> {
        let (name, received_at) = (channel.name.clone(), Timestamp::now());
        let envelope = RawEnvelope { channel: name, received_at, way: Way::Push, body, only: None };
        let (receipt, directory) = (self.unstored(&envelope).await?, self.directory());
        let rehearsing = spawn_blocking(move || rehearsal(receipt, &envelope, &channel, &directory));
        Ok(rehearsing.await.map_err(|_| LedgerError::Closed)?)
    }
}

/// Takes as long as its records are many.
fn rehearsal(receipt: Receipt, envelope: &RawEnvelope, channel: &ChannelRuntime, directory: &Directory) -> Rehearsal {
    let pack = channel.pack();
    let understood = understand(envelope, channel).unwrap_or_default();
    let raw = pack.decode(Way::Push, &envelope.body, Limits::default()).unwrap_or_default();
    let records = receipt.records.into_iter().zip(understood).zip(raw);
    let rehearsed = |((receipt, understood), raw): ((RecordReceipt, Understood), Record)| {
        let unread = raw.value.as_ref().map(|value| pack.unread(value)).unwrap_or_default();
        rehearsed(receipt, understood, unread, directory)
    };
    Rehearsal { stored: false, reason: receipt.reason, records: records.map(rehearsed).collect() }
}

fn rehearsed(receipt: RecordReceipt, understood: Understood, unread: Vec<String>, directory: &Directory) -> Rehearsed {
    let submission = understood.submission.ok().map(|submission| *submission);
    let decision = submission.as_ref().map(|s| routing::decide(&RoutingFacts::from_submission(s), directory));
    let explained = decision.as_ref().map(|decision| routing::explain(decision, directory));
    Rehearsed { receipt, submission, unread, decision, explained }
}
