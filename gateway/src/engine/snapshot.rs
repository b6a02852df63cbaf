//! Copies of whole streams, made and put back by the server itself: every message keeps its sequence, its time and its
//! headers, and the copy ends where the stream ended when it was asked for, however much is appended meanwhile.
//!
//! `$JS.API.STREAM.SNAPSHOT` sends the copy in chunks to a subject of ours and goes on while we answer; an empty message
//! ends it. `$JS.API.STREAM.RESTORE` names a subject that takes the chunks one after the other, each answered, and answers
//! the empty one at the end with what came of it. Nothing here knows what is in a chunk.

use std::io::Read;
use std::time::Duration;

use async_nats::jetstream::Context;
use async_nats::{Client, HeaderMap, Message, Subscriber};
use bytes::Bytes;
use futures_util::StreamExt;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::request::{self, lost, require_connection};

/// What one chunk carries; the server takes 1 KiB to 1 MiB.
pub const CHUNK_BYTES: usize = 128 * 1024;
/// What the server sends ahead of our answers.
const WINDOW_BYTES: usize = 4 * 1024 * 1024;
/// The server gives up after 5 s without an answer; a stream of millions may take it longer to begin.
const SILENCE: Duration = Duration::from_secs(60);
/// A chunk that is put back may have to wait for the disk.
const RESTORING: Duration = Duration::from_secs(120);

/// A stream could not be copied or put back. A copy that breaks off is worth nothing; making another is always safe.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// No answer, or the copy broke off.
    #[error("the copy of stream {stream} broke off: {reason}")]
    BrokeOff {
        /// The stream.
        stream: String,
        /// What happened.
        reason: String,
    },
    /// The server refuses.
    #[error("nats-server refused: stream {stream}: {reason}")]
    Refused {
        /// The stream.
        stream: String,
        /// In the server's words.
        reason: String,
    },
    /// What is to be put back cannot be read.
    #[error("the copy of stream {stream} cannot be read: {source}")]
    Unreadable {
        /// The stream.
        stream: String,
        /// Why.
        source: std::io::Error,
    },
}

/// What a stream was when it was copied, in the server's own words: it wants to hear them again when it is put back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Head {
    /// Its configuration.
    pub config: Value,
    /// Its state.
    pub state: Value,
}

/// The part of a stream's state that must be the same afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extent {
    /// How many messages.
    pub messages: u64,
    /// The sequence of the first.
    #[serde(rename = "first_seq")]
    pub first_sequence: u64,
    /// The sequence of the last one there ever was.
    #[serde(rename = "last_seq")]
    pub last_sequence: u64,
}

impl Head {
    /// How many messages, from where to where.
    #[must_use]
    pub fn extent(&self) -> Option<Extent> {
        Extent::deserialize(&self.state).ok()
    }
}

#[derive(Deserialize)]
struct Answer<T> {
    error: Option<Refusal>,
    #[serde(flatten)]
    rest: Option<T>,
}

#[derive(Deserialize)]
struct Refusal {
    #[serde(default)]
    code: u16,
    #[serde(default)]
    description: String,
}

/// A copy under way. Dropped before its end it stops the server's sending.
pub struct Snapshot {
    /// What the stream was when it was asked for.
    pub head: Head,
    stream: String,
    client: Client,
    epoch: u64,
    chunks: Subscriber,
    received: u64,
    /// Where the last chunk is to be answered, once it is taken care of.
    owed: Option<async_nats::Subject>,
}

impl Snapshot {
    /// Asks for a copy of the stream without its consumers, as it is at this moment.
    ///
    /// # Errors
    /// When the server is away or refuses.
    pub async fn begin(context: &Context, stream: &str) -> Result<Self, SnapshotError> {
        let broke_off = |reason: String| SnapshotError::BrokeOff { stream: stream.to_owned(), reason };
        let client = context.client();
        let epoch = require_connection(&client).map_err(|e| broke_off(e.to_string()))?;
        let inbox = client.new_inbox();
        let chunks = client.subscribe(inbox.clone()).await.map_err(|e| broke_off(e.to_string()))?;
        let question = json!({
            "deliver_subject": inbox, "no_consumers": true, "chunk_size": CHUNK_BYTES, "window_size": WINDOW_BYTES,
        });
        let subject = format!("$JS.API.STREAM.SNAPSHOT.{stream}");
        let head: Head = ask(&client, &subject, question.to_string().into(), stream).await?;
        if head.extent().is_none() {
            return Err(broke_off("the server does not say what the stream holds".into()));
        }
        Ok(Self { head, stream: stream.to_owned(), client, epoch, chunks, received: 0, owed: None })
    }

    /// The next chunk; none at the end. Asking for it says that the one before is taken care of: who is slow slows the
    /// server down.
    ///
    /// # Errors
    /// When it breaks off.
    pub async fn next(&mut self) -> Result<Option<Bytes>, SnapshotError> {
        if let Some(reply) = self.owed.take() {
            self.client.publish(reply, Bytes::new()).await.map_err(|e| self.broke_off(&e.to_string()))?;
        }
        let next = tokio::select! {
            next = tokio::time::timeout(SILENCE, self.chunks.next()) => next,
            () = lost(&self.client, self.epoch) => return Err(self.broke_off("the connection was lost")),
        };
        let message = next
            .map_err(|_| self.broke_off("the server fell silent"))?
            .ok_or_else(|| self.broke_off("the connection was closed"))?;
        match message.status.map(|status| status.as_u16()) {
            None | Some(200 | 204) if message.payload.is_empty() => Ok(None),
            None | Some(200) => self.take(message).map(Some),
            Some(code) => {
                Err(self.broke_off(&format!("{code} {}", message.description.as_deref().unwrap_or_default())))
            }
        }
    }

    /// The subject to answer ends with the chunk's size and number. The last chunk, which is not full, has none.
    fn take(&mut self, message: Message) -> Result<Bytes, SnapshotError> {
        self.received += 1;
        let numbered = message.reply.as_ref().and_then(|r| r.rsplit('.').next()?.parse::<u64>().ok());
        if numbered.is_some_and(|number| number != self.received) {
            return Err(self.broke_off("a chunk was lost"));
        }
        self.owed = message.reply;
        Ok(message.payload)
    }

    fn broke_off(&self, reason: &str) -> SnapshotError {
        SnapshotError::BrokeOff { stream: self.stream.clone(), reason: reason.to_owned() }
    }
}

/// Puts a copied stream back under the name its configuration has. There must be none of that name.
///
/// # Errors
/// When the server refuses, or what was put back does not end where the copy says.
pub async fn restore(context: &Context, head: &Head, mut copy: impl Read) -> Result<Extent, SnapshotError> {
    #[derive(Deserialize)]
    struct Place {
        deliver_subject: String,
    }
    #[derive(Deserialize)]
    struct Restored {
        state: Extent,
    }
    let client = context.client();
    let stream = head.config["name"].as_str().unwrap_or_default().to_owned();
    let question = serde_json::to_vec(head).unwrap_or_default();
    let place: Place = ask(&client, &format!("$JS.API.STREAM.RESTORE.{stream}"), question.into(), &stream).await?;
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let read = fill(&mut copy, &mut chunk);
        let read = read.map_err(|source| SnapshotError::Unreadable { stream: stream.clone(), source })?;
        if read == 0 {
            break;
        }
        send(&client, &place.deliver_subject, Bytes::copy_from_slice(&chunk[..read]), &stream).await?;
    }
    // The server unpacks the whole stream before it answers: how long that takes, only the stream's size says.
    let answer = exchange(&client, &place.deliver_subject, Bytes::new(), &stream, None).await?;
    let restored: Restored = understood(&answer.payload, &stream)?;
    Ok(restored.state)
}

fn fill(from: &mut impl Read, chunk: &mut [u8]) -> std::io::Result<usize> {
    let mut filled = 0;
    while filled < chunk.len() {
        match from.read(&mut chunk[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// A chunk that is taken is answered with nothing.
async fn send(client: &Client, subject: &str, chunk: Bytes, stream: &str) -> Result<(), SnapshotError> {
    let answer = exchange(client, subject, chunk, stream, Some(RESTORING)).await?;
    if answer.payload.is_empty() {
        return Ok(());
    }
    understood::<Value>(&answer.payload, stream).map(drop)
}

async fn ask<T: DeserializeOwned>(
    client: &Client,
    subject: &str,
    question: Bytes,
    stream: &str,
) -> Result<T, SnapshotError> {
    understood(&exchange(client, subject, question, stream, Some(RESTORING)).await?.payload, stream)
}

async fn exchange(
    client: &Client,
    subject: &str,
    question: Bytes,
    stream: &str,
    patience: Option<Duration>,
) -> Result<Message, SnapshotError> {
    let answer = request::ask(client, subject, HeaderMap::new(), question, patience).await;
    answer.map_err(|error| SnapshotError::BrokeOff { stream: stream.to_owned(), reason: error.to_string() })
}

fn understood<T: DeserializeOwned>(payload: &[u8], stream: &str) -> Result<T, SnapshotError> {
    let refused = |reason: String| SnapshotError::Refused { stream: stream.to_owned(), reason };
    let answer: Answer<T> = serde_json::from_slice(payload).map_err(|e| refused(format!("its answer is {e}")))?;
    if let Some(Refusal { code, description }) = answer.error {
        return Err(refused(format!("{description} ({code})")));
    }
    answer.rest.ok_or_else(|| refused("its answer is not of the documented form".into()))
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn a_refusal_is_told_in_the_servers_words() {
        let said =
            understood::<Head>(br#"{"type":"x","error":{"code":404,"description":"stream not found"}}"#, "CASES");
        assert_eq!(said.expect_err("refused").to_string(), "nats-server refused: stream CASES: stream not found (404)");
        let head: Head =
            understood(br#"{"config":{"name":"CASES"},"state":{"messages":3,"first_seq":2,"last_seq":7}}"#, "CASES")
                .expect("a head");
        assert_eq!(head.extent(), Some(Extent { messages: 3, first_sequence: 2, last_sequence: 7 }));
        assert!(understood::<Head>(b"{}", "CASES").is_err());
    }

    #[test]
    fn chunks_are_filled_however_little_a_read_brings() {
        struct Drip<'a>(&'a [u8]);
        impl Read for Drip<'_> {
            fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
                let Some((first, rest)) = self.0.split_first() else { return Ok(0) };
                into[0] = *first;
                self.0 = rest;
                Ok(1)
            }
        }
        let (mut drip, mut chunk) = (Drip(b"abcde"), [0; 4]);
        assert_eq!(fill(&mut drip, &mut chunk).expect("read"), 4);
        assert_eq!(fill(&mut drip, &mut chunk).expect("read"), 1);
        assert_eq!(fill(&mut drip, &mut chunk).expect("read"), 0);
    }
}
