//! One request to the server, with the truth about what is known when no answer comes.
//!
//! A request that was never sent is harmless to repeat; one that was sent and not answered has an
//! unknown outcome, and nothing here may pretend otherwise.

use std::sync::atomic::Ordering;
use std::time::Duration;

use async_nats::client::RequestErrorKind;
use async_nats::connection::State;
use async_nats::{Client, HeaderMap, Message, Request};
use bytes::Bytes;

/// How often a waiting request looks whether its connection still stands.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoAnswer {
    /// The server never had it: nothing happened.
    #[error("not sent: {0}")]
    NotSent(String),
    /// It can never be sent: too large, or a malformed subject.
    #[error("cannot be sent: {0}")]
    Unsendable(String),
    /// It was sent, and the answer was lost with the connection or in time.
    #[error("no answer: {0}")]
    Lost(String),
}

/// Sends a request and waits for its answer as long as the connection it went out on stands, but
/// not longer than `timeout`, if there is one.
///
/// # Errors
/// When there is no answer; the kind says what is known.
pub async fn ask(
    client: &Client,
    subject: &str,
    headers: HeaderMap,
    payload: Bytes,
    timeout: impl Into<Option<Duration>>,
) -> Result<Message, NoAnswer> {
    let epoch = require_connection(client)?;
    let mut request = Request::new().payload(payload).timeout(timeout.into());
    if !headers.is_empty() {
        request = request.headers(headers);
    }
    tokio::select! {
        answer = client.send_request(subject.to_owned(), request) => {
            answer.map_err(|error| classify(error.kind(), &error.to_string()))
        }
        () = lost(client, epoch) => Err(NoAnswer::Lost("the connection was lost".to_owned())),
    }
}

/// Refuses to queue anything for a server that is away.
///
/// # Errors
/// `NotSent` while disconnected.
pub(super) fn require_connection(client: &Client) -> Result<u64, NoAnswer> {
    let epoch = epoch(client);
    if client.connection_state() == State::Connected {
        Ok(epoch)
    } else {
        Err(NoAnswer::NotSent("nats-server is away".to_owned()))
    }
}

/// Resolves when the connection counted as `epoch` is no more.
pub(super) async fn lost(client: &Client, epoch_before: u64) {
    let mut look = tokio::time::interval(LOOK_EVERY);
    loop {
        look.tick().await;
        if client.connection_state() != State::Connected || epoch(client) != epoch_before {
            return;
        }
    }
}

fn epoch(client: &Client) -> u64 {
    client.statistics().connects.load(Ordering::Relaxed)
}

fn classify(kind: RequestErrorKind, said: &str) -> NoAnswer {
    let said = said.to_owned();
    match kind {
        RequestErrorKind::NoResponders => NoAnswer::NotSent(said),
        RequestErrorKind::InvalidSubject | RequestErrorKind::MaxPayloadExceeded => NoAnswer::Unsendable(said),
        RequestErrorKind::TimedOut | RequestErrorKind::Other => NoAnswer::Lost(said),
    }
}
