//! What stands between a push and its being taken. Whoever shows a key is known, and counted against the channel's limit,
//! before a byte of the body is read. A signature can only be looked at once the body is there: it is counted when it proved
//! good, so that nobody else can use up what the source may send. Never stores anything.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use huiliu_adapters::verify::{Proof, RawBody, Scheme, Verified, verify};
use jiff::Timestamp;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{Api, BODY_CAP, caller};
use crate::channels::{Allowance, ChannelRuntime};
use crate::doors::principal::Principal;
use crate::problem::{Kind, Problem};

/// How much of a body that is too large is read before the connection is cut.
const THROWN_AWAY: usize = 64 << 20;
/// How long a sender may take over its body.
const PATIENCE: Duration = Duration::from_secs(30);
const KIB: usize = 1 << 10;

/// A body that may be taken.
pub(super) struct Admitted {
    /// What is proven to come from the channel.
    pub body: Verified<RawBody>,
    /// Its room in memory, for as long as it is held.
    pub room: OwnedSemaphorePermit,
}

/// How much of all bodies may be in memory at once, being read or being stored, in KiB. Those nobody has proven yet have
/// their own part: they never keep out a sender that shows its key.
#[derive(Debug, Clone)]
pub struct Bodies {
    known: Arc<Semaphore>,
    unproven: Arc<Semaphore>,
}

impl Default for Bodies {
    fn default() -> Self {
        let mib = |mib: usize| Arc::new(Semaphore::new(mib * KIB));
        Self { known: mib(192), unproven: mib(64) }
    }
}

/// Proves who sends, counts it, and reads the body; either way, how far the channel's limit is used up if it was counted.
pub(super) async fn admit(
    api: &Api,
    channel: &ChannelRuntime,
    headers: &HeaderMap,
    body: Body,
) -> (Option<Allowance>, Result<Admitted, Problem>) {
    let mut counted = None;
    let admitted = match headers.contains_key(AUTHORIZATION) {
        true => by_key(api, channel, headers, body, &mut counted).await,
        false => by_signature(api, channel, headers, body, &mut counted).await,
    };
    (counted, admitted)
}

async fn by_key(
    api: &Api,
    channel: &ChannelRuntime,
    headers: &HeaderMap,
    body: Body,
    counted: &mut Option<Allowance>,
) -> Result<Admitted, Problem> {
    match caller::identify(api, headers)? {
        Principal::Channel(own) if own == channel.name => {}
        _ => {
            return Err(Problem::new(
                Kind::Forbidden,
                format!("this key does not belong to channel `{}`", channel.name),
            ));
        }
    }
    count(channel, counted)?;
    let (bytes, room) = read(body, &api.bodies.known, PATIENCE).await?;
    Ok(Admitted { body: Verified::vouched(RawBody::new(bytes, headers), Proof::Credential), room })
}

async fn by_signature(
    api: &Api,
    channel: &ChannelRuntime,
    headers: &HeaderMap,
    body: Body,
    counted: &mut Option<Allowance>,
) -> Result<Admitted, Problem> {
    let pack = channel.pack();
    let Some(push) = &pack.push else {
        return Err(Problem::new(Kind::Forbidden, format!("channel `{}` does not take pushes", channel.name)));
    };
    if channel.secrets.is_empty() {
        let detail =
            format!("channel `{}` has no signing secret here: use its key as a Bearer credential", channel.name);
        return Err(Problem::new(Kind::Unauthenticated, detail));
    }
    let (bytes, room) = read(body, &api.bodies.unproven, PATIENCE).await?;
    let body = prove(&push.schemes, channel, headers, &RawBody::new(bytes, headers)).await?;
    if body.proof() == Proof::WeakDigest {
        tracing::warn!(channel = %channel.name, "channel {} is verified by MD5 only: a weak scheme", channel.name);
    }
    count(channel, counted)?;
    Ok(Admitted { body, room })
}

/// One of the channel's allowance.
fn count(channel: &ChannelRuntime, counted: &mut Option<Allowance>) -> Result<(), Problem> {
    let (allowance, counts) = match channel.admit() {
        Ok(allowance) => (allowance, Ok(())),
        Err(over) => {
            let problem = Problem::new(Kind::TooMany, format!("channel `{}` is over its limit", channel.name));
            (over.allowance, Err(problem.retry_after(over.wait)))
        }
    };
    *counted = Some(allowance);
    counts
}

/// The first scheme that proves it; else why the pack's best scheme did not. A flood of forgeries has one core at most, since
/// they wait for each other, and is told to wait.
async fn prove(
    schemes: &[Scheme],
    channel: &ChannelRuntime,
    headers: &HeaderMap,
    raw: &RawBody,
) -> Result<Verified<RawBody>, Problem> {
    let _alone = channel.proving.lock().await;
    let mut first_error = None;
    for scheme in schemes {
        match verify(*scheme, headers, raw.clone(), &channel.secrets, Timestamp::now()) {
            Ok(verified) => return Ok(verified),
            Err(error) => first_error = first_error.or(Some(error)),
        }
    }
    if let Err(over) = channel.note_unproven() {
        let detail = format!("channel `{}` is sent too much that is not signed by it", channel.name);
        return Err(Problem::new(Kind::TooMany, detail).retry_after(over.wait));
    }
    let why = first_error.map_or_else(|| "this channel has no signing scheme".to_owned(), |e| e.to_string());
    Err(Problem::new(Kind::Unauthenticated, why))
}

async fn read(body: Body, room: &Arc<Semaphore>, patience: Duration) -> Result<(Bytes, OwnedSemaphorePermit), Problem> {
    let slow = |_| {
        let took = patience.as_secs();
        Problem::new(Kind::BadRequest, format!("the body was not there within {took} s: nothing is stored"))
    };
    tokio::time::timeout(patience, read_all(body, room)).await.map_err(slow)?
}

/// The whole body, and the room it takes. One that is too large is read to its end for a while, and thrown away: a connection
/// cut in the middle would keep the answer from a sender that is still writing.
async fn read_all(body: Body, room: &Arc<Semaphore>) -> Result<(Bytes, OwnedSemaphorePermit), Problem> {
    let mut chunks = body.into_data_stream();
    let (mut kept, mut held, mut came) = (Vec::new(), make_room(room, 0)?, 0);
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| Problem::new(Kind::BadRequest, "the body broke off: nothing is stored"))?;
        came += chunk.len();
        if came <= BODY_CAP {
            held.merge(make_room(room, came.div_ceil(KIB) - held.num_permits())?);
            kept.extend_from_slice(&chunk);
        } else if came > THROWN_AWAY {
            break;
        } else {
            (kept, held) = (Vec::new(), make_room(room, 0)?);
        }
    }
    if came > BODY_CAP {
        return Err(Problem::new(Kind::TooLarge, format!("the body is over {BODY_CAP} bytes: send smaller batches")));
    }
    Ok((kept.into(), held))
}

fn make_room(room: &Arc<Semaphore>, kib: usize) -> Result<OwnedSemaphorePermit, Problem> {
    let full =
        |_| Problem::new(Kind::Unavailable, "too much is being taken in at once: nothing is stored").retry_after(1);
    room.clone().try_acquire_many_owned(kib.try_into().unwrap_or(u32::MAX)).map_err(full)
}

/// With the headers of draft-ietf-httpapi-ratelimit-headers, if it was counted.
pub(super) fn counted(allowance: Option<Allowance>, answer: impl IntoResponse) -> Response {
    let mut answer = answer.into_response();
    let Some(Allowance { most, within, left, reset }) = allowance else { return answer };
    let told = [
        ("ratelimit-policy", format!("\"channel\";q={most};w={within}")),
        ("ratelimit", format!("\"channel\";r={left};t={reset}")),
    ];
    for (name, value) in told {
        answer.headers_mut().extend(HeaderValue::from_str(&value).ok().map(|v| (HeaderName::from_static(name), v)));
    }
    answer
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    async fn reading(body: Body, room: &Arc<Semaphore>) -> Result<(Bytes, OwnedSemaphorePermit), (Kind, bool)> {
        let read = read(body, room, Duration::from_millis(50)).await;
        read.map_err(|problem| (problem.kind(), problem.into_response().headers().contains_key("retry-after")))
    }

    #[tokio::test]
    async fn a_body_has_room_until_it_is_let_go() {
        let room = Arc::new(Semaphore::new(4));
        let (bytes, held) = reading(Body::from(vec![b' '; 3 * KIB + 1]), &room).await.expect("it is read");
        assert_eq!((bytes.len(), held.num_permits(), room.available_permits()), (3 * KIB + 1, 4, 0));
        let second = reading(Body::from("x"), &room).await.expect_err("no room");
        assert_eq!(second, (Kind::Unavailable, true));
        drop(held);
        assert!(reading(Body::from("x"), &room).await.is_ok());
        assert_eq!(room.available_permits(), 4);
    }

    #[tokio::test]
    async fn what_is_too_large_is_thrown_away_with_its_room() {
        let room = Arc::new(Semaphore::new(BODY_CAP / KIB));
        let large = stream::iter((0..9).map(|_| Ok::<_, std::io::Error>(Bytes::from(vec![b' '; 1 << 20]))));
        let problem = reading(Body::from_stream(large), &room).await.expect_err("too large");
        assert_eq!(problem, (Kind::TooLarge, false));
        assert_eq!(room.available_permits(), BODY_CAP / KIB);
    }

    #[tokio::test]
    async fn a_body_that_does_not_come_is_not_waited_for() {
        let room = Arc::new(Semaphore::new(4));
        let begun = stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"{"))]).chain(stream::pending());
        let problem = reading(Body::from_stream(begun), &room).await.expect_err("it never ends");
        assert_eq!(problem, (Kind::BadRequest, false));
        assert_eq!(room.available_permits(), 4);
    }
}
