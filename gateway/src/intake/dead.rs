//! Dead letters: what could not be worked on, with where, why and a pointer to the raw envelope, which stays in INTAKE.
//! A dead letter is written before anything is given up; it holds nothing personal.

use async_nats::HeaderMap;
use async_nats::jetstream::Context;
use huiliu_schemas::submission::FieldProblem;
use huiliu_schemas::{CaseId, Channel, subjects};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What could not be worked on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// Where it stopped: `decode`, `map`, `decide`, `poison`, `write-back`.
    pub stage: String,
    /// The channel.
    pub channel: Channel,
    /// The envelope's sequence in INTAKE, if it came from there.
    pub intake_sequence: Option<u64>,
    /// The record within the envelope; none: the whole envelope.
    pub index: Option<usize>,
    /// The case, if it is about one.
    pub case_id: Option<CaseId>,
    /// Why, in words.
    pub reason: String,
    /// By field, values masked.
    #[serde(default)]
    pub problems: Vec<FieldProblem>,
    /// When.
    pub at: Timestamp,
}

/// Writes a dead letter; only when this has succeeded may the message it is about be given up.
///
/// # Errors
/// In the server's words.
pub async fn bury(jetstream: &Context, letter: &DeadLetter) -> Result<(), String> {
    let mut headers = HeaderMap::new();
    let DeadLetter { stage, intake_sequence, index, case_id, .. } = letter;
    headers.insert("Nats-Msg-Id", format!("{stage}/{intake_sequence:?}/{index:?}/{case_id:?}"));
    let payload = serde_json::to_vec(letter).map_err(|e| e.to_string())?;
    let subject = subjects::dead(&letter.stage, &letter.channel);
    let stored = jetstream.publish_with_headers(subject, headers, payload.into()).await.map_err(|e| e.to_string())?;
    stored.await.map_err(|e| e.to_string())?;
    metrics::counter!("huiliu_dead_letters_total", "stage" => letter.stage.clone(), "channel" => letter.channel.to_string())
        .increment(1);
    tracing::warn!(
        stage = letter.stage,
        channel = %letter.channel,
        intake_sequence,
        index,
        reason = letter.reason,
        "dead letter: stage {} of channel {} gave up a record", letter.stage, letter.channel
    );
    Ok(())
}
