//! What stands between a push and its being taken. Whoever shows a key is known, and counted against the channel's limit,
//! before a byte of the body is read. A signature can only be looked at once the body is there: it is counted when it proved
//! good, so that nobody else can use up what the source may send. Never stores anything.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use futures_util::StreamExt;
use huiliu_adapters::verify::{Proof, RawBody, Scheme, Verified, VerifyError, verify};
use huiliu_schemas::Channel;
use jiff::Timestamp;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use super::{Api, BODY_CAP, caller};
use crate::channels::ChannelRuntime;
use crate::doors::principal::Principal;
use crate::problem::{Kind, Problem};
use crate::rest::limits::Limits;

/// How much of a body that is too large is read before the connection is cut.
const THROWN_AWAY: usize = 64 << 20;
/// How long a sender may take over its body.
const PATIENCE: Patience = Patience {
    first: Duration::from_secs(20),
    step: Duration::from_secs(5),
    least: 64 * KIB,
    all: Duration::from_secs(30),
};
const KIB: usize = 1 << 10;
/// In KiB: the room for all bodies that are proven, what one channel may have of it, and what there is for each channel's
/// bodies until they are.
const ROOM: usize = 192 * KIB;
const SHARE: usize = ROOM / 4;
const UNPROVEN: usize = 12 * KIB;

/// A body that may be taken.
pub(super) struct Admitted {
    /// What is proven to come from the channel.
    pub body: Verified<RawBody>,
    /// Its room in memory, for as long as it is held.
    pub room: Held,
}

/// How much of all bodies may be in memory at once, being read or being stored. No channel has all of the room, and those
/// that nobody has proven yet have a room of their own, one for each channel in whose name they come: they keep out nobody
/// who shows a key, and no other channel.
#[derive(Debug, Clone)]
pub struct Bodies {
    all: Arc<Semaphore>,
    channels: Arc<HashMap<Channel, [Room; 2]>>,
}

impl Bodies {
    /// Room for the bodies of these channels.
    pub fn of<'a>(channels: impl Iterator<Item = &'a Channel>) -> Self {
        let all = Arc::new(Semaphore::new(ROOM));
        let own = |kib| Arc::new(Semaphore::new(kib));
        let rooms = || [Room(vec![own(SHARE), all.clone()]), Room(vec![own(UNPROVEN)])];
        let channels = channels.map(|channel| (channel.clone(), rooms())).collect();
        Self { all: all.clone(), channels: Arc::new(channels) }
    }

    fn proven(&self, channel: &Channel) -> Room {
        self.channels.get(channel).map_or_else(|| Room(vec![self.all.clone()]), |[proven, _]| proven.clone())
    }

    fn unproven(&self, channel: &Channel) -> Room {
        self.channels.get(channel).map_or_else(|| Room(vec![self.all.clone()]), |[_, unproven]| unproven.clone())
    }
}

/// Room in memory, in KiB: there is as much as all of these have.
#[derive(Debug, Clone)]
struct Room(Vec<Arc<Semaphore>>);

/// Room that is taken, of each of them.
#[derive(Debug)]
pub struct Held(Vec<OwnedSemaphorePermit>);

impl Room {
    fn make(&self, kib: usize) -> Result<Held, Problem> {
        let full =
            |_| Problem::new(Kind::Unavailable, "too much is being taken in at once: nothing is stored").retry_after(1);
        let kib = kib.try_into().unwrap_or(u32::MAX);
        let taken = self.0.iter().map(|room| room.clone().try_acquire_many_owned(kib));
        taken.collect::<Result<_, _>>().map(Held).map_err(full)
    }
}

impl Held {
    fn kib(&self) -> usize {
        self.0.first().map_or(0, OwnedSemaphorePermit::num_permits)
    }

    fn merge(&mut self, more: Self) {
        for (held, more) in self.0.iter_mut().zip(more.0) {
            held.merge(more);
        }
    }
}

/// How fast a body must come, so that nobody keeps room for nothing.
#[derive(Debug, Clone, Copy)]
struct Patience {
    /// So long for the first bytes...
    first: Duration,
    /// ...which are so many...
    least: usize,
    /// ...and so much longer for each as many after them.
    step: Duration,
    /// And never longer than this.
    all: Duration,
}

impl Patience {
    /// When more must have come than these bytes.
    fn after(self, bytes: usize) -> Duration {
        let steps = u32::try_from(bytes / self.least).unwrap_or(u32::MAX);
        self.step.saturating_mul(steps).saturating_add(self.first).min(self.all)
    }
}

/// Proves who sends, counts it, and reads the body.
pub(super) async fn admit(
    api: &Api,
    channel: &ChannelRuntime,
    headers: &HeaderMap,
    body: Body,
    limits: &Limits,
) -> Result<Admitted, Problem> {
    match headers.contains_key(AUTHORIZATION) {
        true => by_key(api, channel, headers, body, limits).await,
        false => by_signature(api, channel, headers, body, limits).await,
    }
}

async fn by_key(
    api: &Api,
    channel: &ChannelRuntime,
    headers: &HeaderMap,
    body: Body,
    limits: &Limits,
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
    count(channel, limits)?;
    let (bytes, room) = read(body, &api.bodies.proven(&channel.name), PATIENCE).await?;
    Ok(Admitted { body: Verified::vouched(RawBody::new(bytes, headers), Proof::Credential), room })
}

async fn by_signature(
    api: &Api,
    channel: &ChannelRuntime,
    headers: &HeaderMap,
    body: Body,
    limits: &Limits,
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
    let (bytes, unproven) = read(body, &api.bodies.unproven(&channel.name), PATIENCE).await?;
    let body = prove(&push.schemes, channel, headers, &RawBody::new(bytes, headers)).await?;
    if body.proof() == Proof::WeakDigest {
        tracing::warn!(channel = %channel.name, "channel {} is verified by MD5 only: a weak scheme", channel.name);
    }
    count(channel, limits)?;
    let room = api.bodies.proven(&channel.name).make(unproven.kib())?;
    Ok(Admitted { body, room })
}

/// One of the channel's allowance.
fn count(channel: &ChannelRuntime, limits: &Limits) -> Result<(), Problem> {
    limits.count("channel", channel.admit()).map_err(|over| {
        Problem::new(Kind::TooMany, format!("channel `{}` is over its limit", channel.name)).retry_after(over.wait)
    })
}

/// The first scheme that proves it; else why the scheme whose proof is there did not, or the pack's best. A flood of forgeries
/// has one core at most, since they wait for each other, and is told to wait.
async fn prove(
    schemes: &[Scheme],
    channel: &ChannelRuntime,
    headers: &HeaderMap,
    raw: &RawBody,
) -> Result<Verified<RawBody>, Problem> {
    let _alone = channel.proving.lock().await;
    let is_there = |error: &VerifyError| !matches!(error, VerifyError::Missing(_) | VerifyError::NotAForm);
    let mut why: Option<VerifyError> = None;
    for scheme in schemes {
        match verify(*scheme, headers, raw.clone(), &channel.secrets, Timestamp::now()) {
            Ok(verified) => return Ok(verified),
            Err(error) if why.as_ref().is_none_or(|told| is_there(&error) && !is_there(told)) => why = Some(error),
            Err(_) => {}
        }
    }
    if let Err(over) = channel.note_unproven() {
        let detail = format!("channel `{}` is sent too much that is not signed by it", channel.name);
        return Err(Problem::new(Kind::TooMany, detail).retry_after(over.wait));
    }
    let why = why.map_or_else(|| "this channel has no signing scheme".to_owned(), |e| e.to_string());
    Err(Problem::new(Kind::Unauthenticated, why))
}

/// The whole body, and the room it takes. One that is too large is read to its end for a while, and thrown away: a connection
/// cut in the middle would keep the answer from a sender that is still writing.
async fn read(body: Body, room: &Room, patience: Patience) -> Result<(Bytes, Held), Problem> {
    let begun = Instant::now();
    let slow = |_| {
        let Patience { first, step, least, all } = patience;
        let (kib, [first, step, all]) = (least / KIB, [first, step, all].map(|time| time.as_secs()));
        let detail = format!(
            "the body came too slowly: {kib} KiB are waited for {first} s, each as many more {step} s longer, and the whole {all} s; nothing is stored, send it again"
        );
        Problem::new(Kind::Unavailable, detail).retry_after(1)
    };
    let mut chunks = body.into_data_stream();
    let (mut kept, mut held, mut came) = (Vec::new(), room.make(0)?, 0);
    while let Some(chunk) = timeout_at(begun + patience.after(came), chunks.next()).await.map_err(slow)? {
        let chunk = chunk.map_err(|_| Problem::new(Kind::BadRequest, "the body broke off: nothing is stored"))?;
        came += chunk.len();
        if came <= BODY_CAP {
            held.merge(room.make(came.div_ceil(KIB) - held.kib())?);
            kept.extend_from_slice(&chunk);
        } else if came > THROWN_AWAY {
            break;
        } else {
            (kept, held) = (Vec::new(), room.make(0)?);
        }
    }
    if came > BODY_CAP {
        return Err(Problem::new(Kind::TooLarge, format!("the body is over {BODY_CAP} bytes: send smaller batches")));
    }
    Ok((kept.into(), held))
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;
    use axum::response::IntoResponse as _;

    const SHORT: Patience = Patience {
        first: Duration::from_millis(50),
        step: Duration::from_millis(50),
        least: KIB,
        all: Duration::from_millis(200),
    };

    fn room(kib: usize) -> Room {
        Room(vec![Arc::new(Semaphore::new(kib))])
    }

    fn left(room: &Room) -> usize {
        room.0[0].available_permits()
    }

    async fn reading(body: Body, room: &Room) -> Result<(Bytes, Held), (Kind, bool)> {
        let read = read(body, room, SHORT).await;
        read.map_err(|problem| (problem.kind(), problem.into_response().headers().contains_key("retry-after")))
    }

    #[tokio::test]
    async fn a_body_has_room_until_it_is_let_go() {
        let room = room(4);
        let (bytes, held) = reading(Body::from(vec![b' '; 3 * KIB + 1]), &room).await.expect("it is read");
        assert_eq!((bytes.len(), held.kib(), left(&room)), (3 * KIB + 1, 4, 0));
        let second = reading(Body::from("x"), &room).await.expect_err("no room");
        assert_eq!(second, (Kind::Unavailable, true));
        drop(held);
        assert!(reading(Body::from("x"), &room).await.is_ok());
        assert_eq!(left(&room), 4);
    }

    #[tokio::test]
    async fn what_is_too_large_is_thrown_away_with_its_room() {
        let room = room(BODY_CAP / KIB);
        let large = stream::iter((0..9).map(|_| Ok::<_, std::io::Error>(Bytes::from(vec![b' '; 1 << 20]))));
        let problem = reading(Body::from_stream(large), &room).await.expect_err("too large");
        assert_eq!(problem, (Kind::TooLarge, false));
        assert_eq!(left(&room), BODY_CAP / KIB);
    }

    #[tokio::test]
    async fn a_body_that_does_not_come_is_not_waited_for() {
        let room = room(4);
        let begun = stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"{"))]).chain(stream::pending());
        let problem = reading(Body::from_stream(begun), &room).await.expect_err("it never ends");
        assert_eq!(problem, (Kind::Unavailable, true), "it may come again");
        assert_eq!(left(&room), 4);
    }

    #[test]
    fn who_sends_more_may_take_longer_up_to_an_end() {
        let seconds = |bytes| PATIENCE.after(bytes).as_secs();
        assert_eq!([0, 64 * KIB - 1, 64 * KIB, 128 * KIB, BODY_CAP].map(seconds), [20, 20, 25, 30, 30]);
    }

    #[test]
    fn no_channel_has_all_the_room_and_what_is_unproven_has_none_of_it() {
        let [hotline, grid] = ["hotline-12345", "grid"].map(|name| name.parse::<Channel>().expect("a name"));
        let bodies = Bodies::of([&hotline, &grid].into_iter());
        let _full = bodies.proven(&hotline).make(SHARE).expect("its share");
        assert!(bodies.proven(&hotline).make(1).is_err());
        let _forged = bodies.unproven(&hotline).make(UNPROVEN).expect("all of it");
        assert!(bodies.unproven(&hotline).make(1).is_err());
        assert!(bodies.proven(&grid).make(SHARE).is_ok() && bodies.unproven(&grid).make(UNPROVEN).is_ok());
        let _largest = bodies.unproven(&grid).make(BODY_CAP / KIB).expect("the largest has room");
    }
}
