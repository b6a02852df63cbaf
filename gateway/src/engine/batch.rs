//! Publishing: one message alone, or up to 1,000 as one atomic batch.
//!
//! The server stages a batch and stores all of it or nothing, checking expected sequences when it is
//! committed. Under `sync_interval: always` a batch is also group commit: one fsync for all. Nothing
//! here retries: what a conflict or an unknown outcome means, only the caller can tell.

use std::time::Duration;

use async_nats::jetstream::Context;
use async_nats::{Client, HeaderMap, header};
use bytes::Bytes;
use serde::Deserialize;
use uuid::Uuid;

use super::connection::REQUEST_TIMEOUT;
use super::request::{self, NoAnswer};

/// The most messages the server takes in one batch.
pub const MAX_BATCH: usize = 1_000;

/// Error codes of JetStream.
mod code {
    pub(super) const WRONG_LAST_SEQUENCE: u64 = 10_071;
    pub(super) const WRONG_LAST_SEQUENCE_CONSTANT: u64 = 10_164;
    pub(super) const TOO_MANY_BATCHES: u64 = 10_210;
    pub(super) const INCOMPLETE_BATCH: u64 = 10_176;
    pub(super) const TOO_LARGE_BATCH: u64 = 10_199;
    pub(super) const JETSTREAM_UNAVAILABLE: u64 = 10_008;
    pub(super) const STORE_FAILED: u64 = 10_077;
    pub(super) const STREAM_OFFLINE: u64 = 10_118;
    pub(super) const STREAM_LEADER_MISSING: u64 = 10_009;
}

/// A message to be stored.
#[derive(Debug, Clone)]
pub struct OutMessage {
    /// Where.
    pub subject: String,
    /// Beside the payload; must not contain any `Nats-` header.
    pub headers: HeaderMap,
    /// The message itself.
    pub payload: Bytes,
    /// Store only if the last sequence on this subject is this one; 0 = only if there is none. Give
    /// it on the first message of a subject in a batch only.
    pub expect_last_subject_sequence: Option<u64>,
}

/// All messages are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchAck {
    /// The stream sequence of the last message.
    pub last_sequence: u64,
    /// How many messages; their sequences are consecutive.
    pub count: u64,
}

impl BatchAck {
    /// The stream sequence of the message at `index`.
    #[must_use]
    pub fn sequence_of(self, index: usize) -> u64 {
        self.last_sequence + 1 + index as u64 - self.count
    }
}

/// What is known when there is no acknowledgement.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// An expected sequence was wrong: nothing is stored.
    #[error("somebody else wrote first{}", last_sequence.map(|n| format!(" (the last sequence of one of the subjects is {n})")).unwrap_or_default())]
    Conflict {
        /// The real last sequence of *one* of the subjects; which, the server does not say. `None`
        /// when a subject was checked twice in one batch or is being written just now.
        last_sequence: Option<u64>,
    },
    /// Nothing is stored; the same may be tried again.
    #[error("the server cannot take it now: {0}")]
    Busy(String),
    /// Sent, but the answer was lost: it may be stored or not. Look before you try again.
    #[error("it is unknown whether it was stored: {0}")]
    Unknown(String),
    /// Nothing is stored, and trying again will not help.
    #[error("the server refused it: {description} (code {code})")]
    Rejected {
        /// JetStream's error code; 0 where the client itself refused.
        code: u64,
        /// In the server's words.
        description: String,
    },
}

impl BatchError {
    /// Refused because a limit on the stream or the store is reached.
    #[must_use]
    pub fn is_full(&self) -> bool {
        const INSUFFICIENT_RESOURCES: [u64; 4] = [10_023, 10_047, 10_028, 10_002];
        match self {
            Self::Rejected { code, description } => {
                (*code == code::STORE_FAILED && description.contains("maximum"))
                    || INSUFFICIENT_RESOURCES.contains(code)
            }
            _ => false,
        }
    }
}

/// Stores all of `messages`, in order and one after the other, or none. They must belong to one
/// stream, which must allow atomic batches if they are several.
///
/// # Errors
/// See [`BatchError`]: only `Unknown` leaves open whether they are stored.
pub async fn commit_batch(context: &Context, messages: &[OutMessage]) -> Result<BatchAck, BatchError> {
    let client = context.client();
    match messages {
        [] => Err(refused(0, "an empty batch")),
        [message] => publish_alone(&client, message).await,
        [first, middle @ .., last] => {
            if messages.len() > MAX_BATCH {
                return Err(refused(code::TOO_LARGE_BATCH, "more than 1000 messages in a batch"));
            }
            check_sizes(&client, messages)?;
            let batch = Batch { client: &client, id: Uuid::new_v4().simple().to_string() };
            batch.open(first).await?;
            batch.fill(middle).await?;
            batch.commit(last, messages.len()).await
        }
    }
}

async fn publish_alone(client: &Client, message: &OutMessage) -> Result<BatchAck, BatchError> {
    let answer =
        request::ask(client, &message.subject, headers(message), message.payload.clone(), REQUEST_TIMEOUT).await;
    acknowledged(&answer.map_err(no_answer)?.payload)
}

struct Batch<'a> {
    client: &'a Client,
    id: String,
}

impl Batch<'_> {
    /// The first message is acknowledged with an empty answer. Until the commit nothing is stored,
    /// so a lost answer here is no unknown outcome.
    async fn open(&self, message: &OutMessage) -> Result<(), BatchError> {
        let headers = self.headers(message, 1);
        let answer =
            request::ask(self.client, &message.subject, headers, message.payload.clone(), REQUEST_TIMEOUT).await;
        match answer {
            Ok(answer) if answer.payload.is_empty() => Ok(()),
            Ok(answer) => match acknowledged(&answer.payload) {
                Err(error) => Err(error),
                Ok(_) => Err(refused(0, "the stream does not know atomic batches and stored the first message alone")),
            },
            Err(NoAnswer::Lost(why)) => Err(BatchError::Busy(why)),
            Err(error) => Err(no_answer(error)),
        }
    }

    async fn fill(&self, messages: &[OutMessage]) -> Result<(), BatchError> {
        let sending = async {
            for (message, sequence) in messages.iter().zip(2..) {
                let headers = self.headers(message, sequence);
                self.client.publish_with_headers(message.subject.clone(), headers, message.payload.clone()).await?;
            }
            Ok::<_, async_nats::PublishError>(())
        };
        match tokio::time::timeout(FILL_TIMEOUT, sending).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(BatchError::Busy(error.to_string())),
            Err(_) => Err(BatchError::Busy("the batch could not be sent in time".to_owned())),
        }
    }

    async fn commit(&self, message: &OutMessage, count: usize) -> Result<BatchAck, BatchError> {
        let mut headers = self.headers(message, count);
        headers.insert(header::NATS_BATCH_COMMIT, header::NATS_BATCH_COMMIT_FINAL);
        let answer =
            request::ask(self.client, &message.subject, headers, message.payload.clone(), REQUEST_TIMEOUT).await;
        let ack = acknowledged(&answer.map_err(no_answer)?.payload)?;
        if ack.count == count as u64 {
            return Ok(ack);
        }
        Err(BatchError::Unknown(format!("the server acknowledged {} of {count} messages", ack.count)))
    }

    fn headers(&self, message: &OutMessage, sequence: usize) -> HeaderMap {
        let mut headers = headers(message);
        headers.insert(header::NATS_BATCH_ID, self.id.as_str());
        headers.insert(header::NATS_BATCH_SEQUENCE, sequence.to_string());
        headers
    }
}

/// Shorter than the 10 s after which the server abandons a silent batch.
const FILL_TIMEOUT: Duration = Duration::from_secs(5);

fn headers(message: &OutMessage) -> HeaderMap {
    let mut headers = message.headers.clone();
    if let Some(sequence) = message.expect_last_subject_sequence {
        headers.insert(header::NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, sequence.to_string());
    }
    headers
}

/// A message that cannot be sent must be found before the batch is opened: a half-open batch holds
/// one of the server's places for ten seconds.
fn check_sizes(client: &Client, messages: &[OutMessage]) -> Result<(), BatchError> {
    const ROOM_FOR_HEADERS: usize = 64 * 1024;
    let limit = client.max_payload().saturating_sub(ROOM_FOR_HEADERS);
    match messages.iter().find(|message| message.payload.len() > limit) {
        None => Ok(()),
        Some(message) => Err(refused(
            0,
            &format!(
                "the message for {} has {} bytes, at most {limit} are possible",
                message.subject,
                message.payload.len()
            ),
        )),
    }
}

#[derive(Deserialize)]
struct Answer {
    error: Option<ApiError>,
    seq: Option<u64>,
    count: Option<u64>,
}

#[derive(Deserialize)]
struct ApiError {
    #[serde(default)]
    err_code: u64,
    #[serde(default)]
    description: String,
}

fn acknowledged(payload: &[u8]) -> Result<BatchAck, BatchError> {
    let answer: Answer = serde_json::from_slice(payload)
        .map_err(|error| BatchError::Unknown(format!("the acknowledgement cannot be read: {error}")))?;
    match answer {
        Answer { error: Some(error), .. } => Err(classify(error)),
        Answer { seq: Some(last_sequence), count, .. } => Ok(BatchAck { last_sequence, count: count.unwrap_or(1) }),
        Answer { .. } => Err(BatchError::Unknown("the acknowledgement names no sequence".to_owned())),
    }
}

fn classify(error: ApiError) -> BatchError {
    match error.err_code {
        code::WRONG_LAST_SEQUENCE => BatchError::Conflict { last_sequence: last_number(&error.description) },
        code::WRONG_LAST_SEQUENCE_CONSTANT => BatchError::Conflict { last_sequence: None },
        code::TOO_MANY_BATCHES
        | code::INCOMPLETE_BATCH
        | code::JETSTREAM_UNAVAILABLE
        | code::STREAM_OFFLINE
        | code::STREAM_LEADER_MISSING => BatchError::Busy(error.description),
        // No limit that is reached, but a store that cannot write: what was to be stored has no part in it, and of a batch
        // some may be there.
        code::STORE_FAILED if !error.description.contains("maximum") => BatchError::Unknown(error.description),
        code => BatchError::Rejected { code, description: error.description },
    }
}

/// `wrong last sequence: 17`
fn last_number(description: &str) -> Option<u64> {
    description.rsplit(' ').next().and_then(|word| word.parse().ok())
}

fn no_answer(error: NoAnswer) -> BatchError {
    match error {
        NoAnswer::NotSent(why) => BatchError::Busy(why),
        NoAnswer::Unsendable(why) => refused(0, &why),
        NoAnswer::Lost(why) => BatchError::Unknown(why),
    }
}

fn refused(code: u64, description: &str) -> BatchError {
    BatchError::Rejected { code, description: description.to_owned() }
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn answers_mean_what_they_mean() {
        let check = |answer: &str, expected: Result<BatchAck, BatchError>| {
            assert_eq!(acknowledged(answer.as_bytes()), expected, "{answer}");
        };
        let error = |code: u64, text: &str| {
            format!(r#"{{"error":{{"code":400,"err_code":{code},"description":"{text}"}},"stream":"S","seq":0}}"#)
        };
        check(r#"{"stream":"S","seq":7}"#, Ok(BatchAck { last_sequence: 7, count: 1 }));
        check(r#"{"stream":"S","seq":9,"batch":"b","count":3}"#, Ok(BatchAck { last_sequence: 9, count: 3 }));
        check(&error(10_071, "wrong last sequence: 5"), Err(BatchError::Conflict { last_sequence: Some(5) }));
        check(&error(10_164, "wrong last sequence"), Err(BatchError::Conflict { last_sequence: None }));
        check(&error(10_210, "too many"), Err(BatchError::Busy("too many".to_owned())));
        check(&error(10_176, "incomplete"), Err(BatchError::Busy("incomplete".to_owned())));
        check(&error(10_077, "write error"), Err(BatchError::Unknown("write error".to_owned())));
        check(&error(10_174, "disabled"), Err(refused(10_174, "disabled")));
    }

    #[test]
    fn a_full_stream_is_told_from_other_refusals() {
        assert!(refused(10_077, "maximum bytes exceeded").is_full());
        assert!(refused(10_047, "insufficient storage resources available").is_full());
        assert!(!refused(10_174, "disabled").is_full());
        assert!(!BatchError::Busy("maximum".to_owned()).is_full());
    }

    #[test]
    fn sequences_are_consecutive() {
        let ack = BatchAck { last_sequence: 12, count: 3 };
        assert_eq!([0, 1, 2].map(|index| ack.sequence_of(index)), [10, 11, 12]);
    }
}
