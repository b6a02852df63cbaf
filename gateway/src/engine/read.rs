//! Reading stored messages back, many at a time.
//!
//! Uses the direct-get requests of JetStream, which answer with the messages themselves. On a
//! cluster any replica may answer, so what was just written may be missing; [`last_from_leader`]
//! never lags.

use std::str::FromStr;
use std::time::Duration;

use async_nats::jetstream::Context;
use async_nats::{HeaderMap, HeaderName, Message, Subscriber, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::StreamExt;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::connection::REQUEST_TIMEOUT;
use super::request::{self, NoAnswer, lost, require_connection};

/// Below the 1,024 subjects the server answers for in one request.
const SUBJECTS_A_REQUEST: usize = 512;
/// What one page of a history may bring.
const MESSAGES_A_PAGE: usize = 1_000;
const BYTES_A_PAGE: usize = 8 * 1024 * 1024;
/// Silence after which a page counts as lost.
const SILENCE: Duration = Duration::from_secs(5);

const NUM_PENDING: HeaderName = HeaderName::from_static("Nats-Num-Pending");
const UP_TO_SEQUENCE: HeaderName = HeaderName::from_static("Nats-UpTo-Sequence");

/// A message as it is stored.
#[derive(Debug, Clone)]
pub struct StoredMessage {
    /// Its subject.
    pub subject: String,
    /// Its sequence in the stream.
    pub sequence: u64,
    /// When the server stored it.
    pub time: Timestamp,
    /// Its headers, and those the server added.
    pub headers: HeaderMap,
    /// Its payload.
    pub payload: Bytes,
}

/// Nothing could be read. Reading again is always safe.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// No answer, or only part of one.
    #[error("failed to read from stream {stream}: {reason}")]
    Away {
        /// The stream.
        stream: String,
        /// What happened.
        reason: String,
    },
    /// The server refuses the question.
    #[error("stream {stream} refused to be read: {reason}")]
    Refused {
        /// The stream.
        stream: String,
        /// In the server's words.
        reason: String,
    },
    /// An answer that is not of the documented form.
    #[error("stream {stream} answered with a message whose {field} is missing or malformed")]
    Malformed {
        /// The stream.
        stream: String,
        /// Which part.
        field: &'static str,
    },
}

/// The last message of each subject that has one, by rising sequence within each 512 subjects asked.
///
/// # Errors
/// When the server is away or refuses.
pub async fn last_for_subjects(
    context: &Context,
    stream: &str,
    subjects: &[String],
) -> Result<Vec<StoredMessage>, ReadError> {
    let mut found = Vec::new();
    for some in subjects.chunks(SUBJECTS_A_REQUEST) {
        let mut question = json!({ "multi_last": some, "max_bytes": BYTES_A_PAGE });
        loop {
            let page = fetch(context, stream, &question).await?;
            let next = page.messages.last().map(|message| message.sequence + 1);
            found.extend(page.messages);
            let Some(next) = next.filter(|_| page.pending > 0) else { break };
            question["seq"] = next.into();
            question["up_to_seq"] = page.up_to.into();
        }
    }
    Ok(found)
}

/// Every message of one subject, oldest first. Wildcards are allowed.
///
/// # Errors
/// When the server is away or refuses.
pub async fn history(context: &Context, stream: &str, subject: &str) -> Result<Vec<StoredMessage>, ReadError> {
    let mut found: Vec<StoredMessage> = Vec::new();
    let mut from = 1;
    loop {
        let page = page_from(context, stream, subject, from, MESSAGES_A_PAGE).await?;
        let next = page.messages.last().map(|message| message.sequence + 1);
        found.extend(page.messages);
        match next.filter(|_| page.pending > 0) {
            Some(next) => from = next,
            None => return Ok(found),
        }
    }
}

/// Some messages of one subject.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// The messages, by rising sequence.
    pub messages: Vec<StoredMessage>,
    /// How many more there are.
    pub pending: u64,
    up_to: u64,
}

/// At most `count` messages of one subject, from the stream sequence `first` on.
///
/// # Errors
/// When the server is away or refuses.
pub async fn page_from(
    context: &Context,
    stream: &str,
    subject: &str,
    first: u64,
    count: usize,
) -> Result<Page, ReadError> {
    let question =
        json!({ "seq": first.max(1), "next_by_subj": subject, "batch": count.max(1), "max_bytes": BYTES_A_PAGE });
    fetch(context, stream, &question).await
}

async fn fetch(context: &Context, stream: &str, question: &Value) -> Result<Page, ReadError> {
    let away = |reason: String| ReadError::Away { stream: stream.to_owned(), reason };
    let client = context.client();
    let epoch = require_connection(&client).map_err(|error| away(error.to_string()))?;
    let inbox = client.new_inbox();
    let mut answers = client.subscribe(inbox.clone()).await.map_err(|error| away(error.to_string()))?;
    client
        .publish_with_reply(format!("$JS.API.DIRECT.GET.{stream}"), inbox, question.to_string().into())
        .await
        .map_err(|error| away(error.to_string()))?;
    tokio::select! {
        page = collect(&mut answers, stream) => page,
        () = lost(&client, epoch) => Err(away("the connection was lost".to_owned())),
    }
}

async fn collect(answers: &mut Subscriber, stream: &str) -> Result<Page, ReadError> {
    let away = |reason: &str| ReadError::Away { stream: stream.to_owned(), reason: reason.to_owned() };
    let mut page = Page::default();
    let mut last = 0;
    loop {
        let answer = tokio::time::timeout(SILENCE, answers.next()).await;
        let message = answer.map_err(|_| away("no answer in time"))?.ok_or_else(|| away("the subscription ended"))?;
        match message.status.map(|status| status.as_u16()) {
            None | Some(200) => {
                if number(&message, &header::NATS_LAST_SEQUENCE) != Some(last) {
                    return Err(away("a message of the answer was lost"));
                }
                page.messages.push(stored(message, stream)?);
                last = page.messages.last().map_or(0, |message| message.sequence);
            }
            Some(204) if number(&message, &header::NATS_LAST_SEQUENCE) == Some(last) => {
                page.pending = number(&message, &NUM_PENDING).unwrap_or(0);
                page.up_to = number(&message, &UP_TO_SEQUENCE).unwrap_or(0);
                return Ok(page);
            }
            Some(204) => return Err(away("the end of the answer was lost")),
            Some(404) => return Ok(page),
            Some(code) => return Err(refusal(stream, code, message.description.as_deref())),
        }
    }
}

/// An answer that is none: 503 is for now, all else for good.
fn refusal(stream: &str, code: u16, description: Option<&str>) -> ReadError {
    let (stream, reason) = (stream.to_owned(), format!("{code} {}", description.unwrap_or_default()));
    if code == 503 { ReadError::Away { stream, reason } } else { ReadError::Refused { stream, reason } }
}

fn stored(message: Message, stream: &str) -> Result<StoredMessage, ReadError> {
    let malformed = |field| ReadError::Malformed { stream: stream.to_owned(), field };
    let subject = text(&message, &header::NATS_SUBJECT).ok_or_else(|| malformed("subject"))?.to_owned();
    let sequence = number(&message, &header::NATS_SEQUENCE).ok_or_else(|| malformed("sequence"))?;
    let time = parsed(&message, &header::NATS_TIME_STAMP).ok_or_else(|| malformed("time"))?;
    let headers = message.headers.unwrap_or_default();
    Ok(StoredMessage { subject, sequence, time, headers, payload: message.payload })
}

/// The server appends its own headers, so the last value is the server's.
fn text<'a>(message: &'a Message, name: &HeaderName) -> Option<&'a str> {
    message.headers.as_ref()?.get_last(name.clone()).map(|value| value.as_str())
}

fn parsed<T: FromStr>(message: &Message, name: &HeaderName) -> Option<T> {
    text(message, name)?.parse().ok()
}

fn number(message: &Message, name: &HeaderName) -> Option<u64> {
    parsed(message, name)
}

/// The last message of a subject as its stream's leader knows it: after a conflict, read this.
///
/// # Errors
/// When the server is away or refuses.
pub async fn last_from_leader(
    context: &Context,
    stream: &str,
    subject: &str,
) -> Result<Option<StoredMessage>, ReadError> {
    leader(context, stream, &json!({ "last_by_subj": subject })).await
}

/// The message with this sequence as its stream's leader knows it.
///
/// # Errors
/// When the server is away or refuses.
pub async fn at_sequence(context: &Context, stream: &str, sequence: u64) -> Result<Option<StoredMessage>, ReadError> {
    leader(context, stream, &json!({ "seq": sequence })).await
}

async fn leader(context: &Context, stream: &str, question: &Value) -> Result<Option<StoredMessage>, ReadError> {
    let subject = format!("$JS.API.STREAM.MSG.GET.{stream}");
    let answer =
        request::ask(&context.client(), &subject, HeaderMap::new(), question.to_string().into(), REQUEST_TIMEOUT)
            .await
            .map_err(|error: NoAnswer| ReadError::Away { stream: stream.to_owned(), reason: error.to_string() })?;
    from_leader(stream, &answer.payload)
}

#[derive(Deserialize)]
struct LeaderAnswer {
    message: Option<LeaderMessage>,
    error: Option<LeaderError>,
}

#[derive(Deserialize)]
struct LeaderMessage {
    subject: String,
    seq: u64,
    time: Timestamp,
    #[serde(default)]
    hdrs: String,
    #[serde(default)]
    data: String,
}

#[derive(Deserialize)]
struct LeaderError {
    #[serde(default)]
    code: u16,
    #[serde(default)]
    description: String,
}

fn from_leader(stream: &str, payload: &[u8]) -> Result<Option<StoredMessage>, ReadError> {
    let malformed = |field| ReadError::Malformed { stream: stream.to_owned(), field };
    let answer: LeaderAnswer = serde_json::from_slice(payload).map_err(|_| malformed("answer"))?;
    match (answer.message, answer.error) {
        (Some(message), _) => Ok(Some(StoredMessage {
            headers: header_block(&message.hdrs).ok_or_else(|| malformed("headers"))?,
            payload: STANDARD.decode(&message.data).map_err(|_| malformed("payload"))?.into(),
            subject: message.subject,
            sequence: message.seq,
            time: message.time,
        })),
        (None, Some(error)) if error.code == 404 => Ok(None),
        (None, Some(error)) => Err(refusal(stream, error.code, Some(&error.description))),
        (None, None) => Err(malformed("message")),
    }
}

/// `NATS/1.0\r\nName: value\r\n\r\n`, in base64.
fn header_block(encoded: &str) -> Option<HeaderMap> {
    let text = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    let mut headers = HeaderMap::new();
    for line in text.split("\r\n").skip(1).filter(|line| !line.is_empty()) {
        let (name, value) = line.split_once(':')?;
        headers.append(name, value.trim());
    }
    Some(headers)
}
