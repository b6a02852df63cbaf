//! What one holder of keys may ask within a time, and have in hand at once, over both doors together: nobody keeps the
//! others out. Records that a channel hands in have a limit of their own, which is in the settings.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};

use governor::clock::DefaultClock;
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::limit::{self, Allowance, OverLimit};
use super::principal::Principal;
use crate::problem::{Kind, Problem};

/// Commands, acknowledgements, openings and searches a second, and as many at once after a rest.
const PER_SECOND: NonZeroU32 = NonZeroU32::new(300).unwrap();
/// Requests in hand; a large one counts for several.
pub const IN_HAND: usize = 64;

/// What of submissions over NATS waits until there is room in hand, counted alike.
const IN_TURN: usize = 512;
/// Receipts whose envelope is read at once: how large it is, nobody knows before.
const READING: usize = 8;
/// Receipts that are waited for, counted alike, and as many that are still to be read: all may come at once, after a
/// restart say.
const WAITING: usize = 256;
/// Searches at once: fewer than are worked on at all.
const SEARCHING: usize = 2;
/// Searches that wait for those.
const TO_SEARCH: usize = 16;

/// What each has used up.
#[derive(Debug)]
pub struct Shares {
    asked: Asked,
    in_hand: Places,
    in_turn: Places,
    reading: Places,
    to_read: Places,
    waiting: Places,
    searching: Places,
    to_search: Places,
}

type Asked = RateLimiter<Principal, DefaultKeyedStateStore<Principal>, DefaultClock, StateInformationMiddleware>;

/// So many places for each.
#[derive(Debug)]
struct Places {
    most: usize,
    taken: Mutex<HashMap<Principal, Arc<Semaphore>>>,
}

/// A place among what one has in hand.
pub type Hand = OwnedSemaphorePermit;

/// What waits for a place.
#[derive(Debug)]
pub struct Turn {
    own: Arc<Semaphore>,
    weight: u32,
    _waits: Hand,
}

impl Turn {
    /// Waits until it is this one's turn: whoever came before has gone first, and what is large is not overtaken for ever.
    ///
    /// # Errors
    /// When there will be no room any more.
    pub async fn come(self) -> Result<Hand, Problem> {
        let closed = |_| Problem::new(Kind::Unavailable, "the hub stops: nothing was done").retry_after(1);
        self.own.acquire_many_owned(self.weight).await.map_err(closed)
    }
}

impl Default for Shares {
    fn default() -> Self {
        let asked = RateLimiter::keyed(Quota::per_second(PER_SECOND)).with_middleware();
        Self {
            asked,
            in_hand: Places::new(IN_HAND),
            in_turn: Places::new(IN_TURN),
            reading: Places::new(READING),
            to_read: Places::new(WAITING),
            waiting: Places::new(WAITING),
            searching: Places::new(SEARCHING),
            to_search: Places::new(TO_SEARCH),
        }
    }
}

impl Shares {
    /// Counts one question.
    ///
    /// # Errors
    /// Where there are too many: nothing was done.
    pub fn count(&self, who: &Principal) -> Result<Allowance, OverLimit> {
        limit::told(self.asked.check_key(who))
    }

    /// Takes in hand what weighs so much, at most [`IN_HAND`].
    ///
    /// # Errors
    /// Where there is too much in hand: nothing was done.
    pub fn take(&self, who: &Principal, weight: usize) -> Result<Hand, Problem> {
        self.in_hand.take(who, weight)
    }

    /// As [`Shares::take`], but what finds no room may wait for it.
    ///
    /// # Errors
    /// Where too much waits already: nothing was done.
    pub fn in_turn(&self, who: &Principal, weight: usize) -> Result<Turn, Problem> {
        self.in_hand.behind(&self.in_turn, who, weight)
    }

    /// Reads the envelope of a receipt. It waits here: who asks for many keeps neither his commands back nor what he
    /// hands in.
    ///
    /// # Errors
    /// Where too many wait already: nothing was done.
    pub fn read(&self, who: &Principal) -> Result<Turn, Problem> {
        self.reading.behind(&self.to_read, who, 1)
    }

    /// Waits for what weighs so much.
    ///
    /// # Errors
    /// Where there is too much that is waited for.
    pub fn wait(&self, who: &Principal, weight: usize) -> Result<Hand, Problem> {
        self.waiting.take(who, weight)
    }

    /// Searches: one asker's many wait for each other, and not all the others for them.
    ///
    /// # Errors
    /// Where too many wait already: nothing was done.
    pub fn search(&self, who: &Principal) -> Result<Turn, Problem> {
        self.searching.behind(&self.to_search, who, 1)
    }
}

impl Places {
    fn new(most: usize) -> Self {
        Self { most, taken: Mutex::default() }
    }

    /// The places of one, and how many of them this weight takes.
    fn of(&self, who: &Principal, weight: usize) -> (Arc<Semaphore>, u32) {
        let mut places = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let own = places.entry(who.clone()).or_insert_with(|| Arc::new(Semaphore::new(self.most))).clone();
        (own, u32::try_from(weight.clamp(1, self.most)).unwrap_or(u32::MAX))
    }

    fn take(&self, who: &Principal, weight: usize) -> Result<Hand, Problem> {
        let (own, weight) = self.of(who, weight);
        own.try_acquire_many_owned(weight).map_err(|_| over(who, "has too much in hand at once").retry_after(1))
    }

    /// A place here when its turn comes, and one in the line until then.
    fn behind(&self, line: &Self, who: &Principal, weight: usize) -> Result<Turn, Problem> {
        let waits = line.take(who, weight)?;
        let (own, weight) = self.of(who, weight);
        Ok(Turn { own, weight, _waits: waits })
    }
}

/// What is told of a question over the share of who asked.
pub fn too_often(who: &Principal, limit: OverLimit) -> Problem {
    over(who, &format!("asks more than {PER_SECOND} times a second")).retry_after(limit.wait)
}

fn over(who: &Principal, what: &str) -> Problem {
    Problem::new(Kind::TooMany, format!("`{}` {what}: nothing was done, send it again later", who.subject()))
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn who_uses_up_his_own_share_leaves_the_others_theirs() {
        let [housing, police] = ["jb-housing", "jb-police"].map(|id| Principal::Department(id.parse().expect("an id")));
        let shares = Shares::default();
        let held: Vec<_> = (0..IN_HAND).map(|_| shares.take(&housing, 1).expect("room")).collect();
        assert_eq!(shares.take(&housing, 1).expect_err("full").kind(), Kind::TooMany);
        let large = shares.take(&police, IN_HAND + 1).expect("the largest has room alone");
        assert!(shares.take(&police, 1).is_err());
        drop((held, large));
        assert!(shares.take(&housing, 1).is_ok());
        let _all = shares.wait(&housing, WAITING).expect("room");
        assert!(shares.wait(&housing, 1).is_err() && shares.wait(&police, 1).is_ok());
        assert!(shares.take(&housing, 1).is_ok(), "who waits may still ask");

        let asked = (0..2 * PER_SECOND.get()).filter(|_| shares.count(&housing).is_ok()).count();
        assert!(asked < 2 * PER_SECOND.get() as usize, "{asked}");
        assert!(shares.count(&police).is_ok());
    }

    #[test]
    fn all_receipts_may_be_asked_for_at_once_and_take_nothing_from_the_commands() {
        let hotline = Principal::Channel("hotline-12345".parse().expect("a channel"));
        let shares = Shares::default();
        let mut come = (0..WAITING).map(|_| Box::pin(shares.read(&hotline).expect("room").come()));
        let mut read: Vec<_> =
            come.by_ref().take(READING).map(|turn| turn.now_or_never().expect("read at once")).collect();
        let mut waits: Vec<_> = come.collect();
        assert!(waits.iter_mut().all(|turn| turn.now_or_never().is_none()), "the others wait");
        let more: Vec<_> = std::iter::from_fn(|| shares.read(&hotline).ok()).take(WAITING).collect();
        assert!(more.len() < WAITING, "there is an end to what may wait");
        let all = shares.take(&hotline, IN_HAND).expect("nothing of it is in hand");
        assert!(shares.in_turn(&hotline, 1).expect("a turn").come().now_or_never().is_none());
        drop(all);
        read.pop();
        assert!(waits.remove(0).now_or_never().is_some(), "the first of them is next");
    }

    #[test]
    fn the_third_search_waits_for_the_first() {
        let [desk, other] = ["desk", "other"].map(|id| Principal::Operator(id.parse().expect("a name")));
        let shares = Shares::default();
        let search = |who| shares.search(who).expect("room").come();
        let mut searches =
            [(); SEARCHING].map(|()| Some(search(&desk).now_or_never().expect("at once").expect("room")));
        let mut third = Box::pin(search(&desk));
        assert!(third.as_mut().now_or_never().is_none() && search(&other).now_or_never().is_some());
        searches[0] = None;
        assert!(third.now_or_never().is_some());
    }
}
