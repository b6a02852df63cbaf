//! The walk through a window of update times, in numbered pages. Pure.
//!
//! A window is read when as many records were listed as the source names, each counted once, and its last page has room for
//! more. Neither its pages nor what it says of them tell that alone: some list a record twice, some sort by a time that many
//! records share, so that a page repeats some of the one before and others are on none; some leave records out of a page, or
//! serve fewer than they are asked for; some count no further than to a number of theirs.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::backoff::Retry;
use super::cursor::Seen;
use super::error::{Missing, PullError};
use super::present::{AGREE, Present};
use super::records::{Digest, Whose};
use super::spec::PullSpec;

/// In a window of update times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// Everything updated before this is known.
    pub(super) from: Timestamp,
    /// End of the window being read; none between windows.
    pub(super) to: Option<Timestamp>,
    /// The page to ask for, from 1.
    pub(super) page: u32,
    /// The fewest records the window had at an answer: fewer now means that records left it.
    pub(super) total: Option<u64>,
    /// Where the two clocks differ: what was updated before this was asked for by the later one. It is known only once
    /// the earlier one has passed it too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) ahead: Option<Timestamp>,
    /// The window lies beyond the present of the earlier clock: it begins at `ahead`, and nothing in it is known by it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) beyond: bool,
}

impl Window {
    /// Before a window that begins there.
    pub(super) fn between(from: Timestamp) -> Self {
        Self::next(from, None, false)
    }

    fn next(from: Timestamp, ahead: Option<Timestamp>, beyond: bool) -> Self {
        Self { from, to: None, page: 1, total: None, ahead, beyond }
    }

    pub(super) fn begun(self, spec: &PullSpec, now: Present) -> Self {
        let longest = SignedDuration::from_secs(i64::from(spec.window_s));
        let end = |from: Timestamp, most| from.checked_add(longest).map_or(most, |end| end.min(most)).max(from);
        match self {
            Self { to: None, beyond: true, from, ahead, .. } => {
                let asked = ahead.filter(|ahead| *ahead <= now.perhaps()).unwrap_or(now.surely()).max(from);
                Self { to: Some(end(asked, now.perhaps())), ahead: Some(asked), ..self }
            }
            Self { to, from, .. } => Self { to: to.or_else(|| Some(end(from, now.surely()))), ..self },
        }
    }

    /// From where to where is asked for.
    pub(super) fn bounds(&self) -> (Timestamp, Timestamp) {
        (self.ahead.filter(|_| self.beyond).unwrap_or(self.from), self.end())
    }

    fn end(&self) -> Timestamp {
        self.to.unwrap_or(self.from)
    }

    /// Whether it is the window that is asked for; one that has no end yet may end where this one does.
    fn is_of(self, asked: Self) -> bool {
        self.first_page() == Self { to: asked.to.or(self.to), ..asked.first_page() }
    }

    fn first_page(self) -> Self {
        Self { page: 1, total: None, ..self }
    }

    /// Where it goes on once the window was read to its end: where the clocks differ, up to the later one before the round
    /// is over.
    fn read(&self, seen: &Seen) -> Self {
        match seen.present {
            _ if self.beyond => Self::next(self.from, self.to, false),
            Some(present) if present.differ() => Self::next(seen.known(self.from, self.end()), self.ahead, true),
            _ => Self::between(seen.known(self.from, self.end())),
        }
    }

    /// The window as it ought to have been asked for: it was not past yet by the source's clock, which told so only now.
    fn shortened(&self, seen: &Seen) -> Option<Self> {
        let to = seen.known(self.from, self.end());
        let too_long = !self.beyond && self.end().duration_since(to) > AGREE;
        too_long.then_some(Self { to: Some(to), ..self.first_page() })
    }

    /// Where it goes on if a window beyond the earlier clock is not read; none where it is another that must be.
    pub(super) fn given_up(&self) -> Option<Self> {
        self.beyond.then(|| Self::next(self.from, self.ahead, false))
    }
}

/// So often a window is walked in which not all that the source names is listed: by then, about a minute after the first
/// time, nothing is being written that a moment later would be there.
pub(super) const MOST_WALKS: u32 = 8;
/// So many walks in a row that list as many rows as the source names, and no record that was not known, are enough: it lists
/// some of them in several rows of a page. What a page repeats of those before it is no such row: it may stand where another
/// record should.
const BARREN_WALKS: u32 = 2;
/// So many pages in a row without a record that is surely new end a walk whatever is named: some lists begin again at their end.
const MOST_IDLE: u32 = 10;
/// Where sources stop counting is a multiple of it.
const ROUND: u64 = 1_000;

/// The window that is being read, and what was listed of it in all the walks it took. In memory only: who takes a window up
/// that another has begun begins it again.
#[derive(Debug, Default)]
pub(super) struct Reading {
    /// Where the window stands, once an answer has been read.
    at: Option<Window>,
    /// The records, each with the lap in which it was listed last, and the first page of it that did.
    listed: HashMap<Whose, (u32, u32)>,
    lap: u32,
    /// What this lap was served: how many rows, how many pages in a row without a new record, and the last page's list.
    /// A lap ends where the walk turns back.
    served: u64,
    idle: u32,
    last: Option<Digest>,
    /// How often the source answered otherwise than with a page beyond what it names.
    failures: u32,
    /// The most rows of a page, in this window or in one before: a page with as many may be followed by another, whatever is
    /// named.
    largest: usize,
    /// Whether a page behind all that was named listed records: then there may be others behind it.
    names_too_few: bool,
    /// The most records the window had at an answer, since they are counted.
    most: Option<u64>,
    /// How often it was walked to its end, and how often in a row that was barren.
    walks: u32,
    barren: u32,
    /// The rows of this walk but those that a page repeats of the ones before, and whether it can be no barren one.
    rows: u64,
    found: bool,
}

impl Reading {
    /// The window with the page to ask for: the first one, unless we know what those before it listed.
    pub(super) fn take_up(&mut self, asked: Window) -> Window {
        match self.at {
            Some(at) if at.is_of(asked) => at,
            _ => {
                self.forget();
                asked.first_page()
            }
        }
    }

    /// Where it goes on after an answer, and what it passes over.
    ///
    /// A record updated while we read leaves the window and moves all later ones a place forward, some of them before the
    /// page we ask for. The number of records in the window tells how many, and at most as many pages we go back: a page
    /// has one record at least. Since no record comes into a settled window, this ends.
    ///
    /// # Errors
    /// When the source names records that it does not list.
    pub(super) fn after(&mut self, at: Window, seen: &Seen) -> Result<(Window, Option<Missing>), PullError> {
        // Some say none beyond the last page, and some beside every page.
        let none = at.page == 1 && seen.records.is_empty();
        let named = seen.total.filter(|total| *total > 0 || none);
        let left = at.total.zip(named).map_or(0, |(then, now)| then.saturating_sub(now));
        let total = at.total.into_iter().chain(named).min();
        self.most = self.most.max(named);
        let ended = self.note(at.page, seen, total);
        let is_full = !seen.records.is_empty() && seen.records.len() >= self.largest;
        self.largest = self.largest.max(seen.records.len());
        if let Some(more) = self.more().filter(|_| ended || !is_full) {
            return Ok((self.over(&at, seen), more));
        }
        if ended {
            return self.at_the_end(at, total, seen);
        }
        if at.page > 1 && left > 0 {
            self.turn_back();
            self.found = true;
            let back = u32::try_from(left).map_or(1, |left| at.page.saturating_sub(left).max(1));
            return Ok((self.stand(Window { page: back, total, ..at }), None));
        }
        let next = at.shortened(seen).unwrap_or_else(|| self.stand(Window { page: at.page + 1, total, ..at }));
        Ok((next, None))
    }

    /// What is listed beyond what is named, once that is listed.
    fn more(&self) -> Option<Option<Missing>> {
        let (named, listed) = (self.most?, self.count());
        let told = Missing { named, listed, walks: self.walks + 1, refused: None };
        (listed >= named).then_some((listed > named).then_some(told))
    }

    /// Where it goes on if a page is not answered well that was asked for although all that is named was listed; none where it
    /// must be. One that is refused need not be there; one at which the source fails is asked for again, but not for ever,
    /// unless a page behind what it named has listed records: an outage would look just so. What may be there all the same is
    /// told.
    pub(super) fn beyond(
        &mut self,
        asked: &Window,
        error: &PullError,
        present: Present,
    ) -> Option<(Window, Option<Missing>)> {
        let more = self.more().filter(|_| self.at == Some(*asked))?;
        let is_answer = !matches!(error, PullError::Connect(_) | PullError::Token(_));
        self.failures += u32::from(is_answer);
        let is_over = error.is_of_the_question() || (self.failures >= MOST_WALKS && !self.names_too_few);
        let (named, listed) = (self.most?, self.count());
        let told = Missing { named, listed, walks: self.walks + 1, refused: Some(asked.page) };
        let fails = error.retry() == Retry::Backoff;
        let told = Some(told).filter(|_| fails || more.is_some() || named.is_multiple_of(ROUND));
        is_over.then(|| (self.over(asked, &Seen { present: Some(present), ..Seen::default() }), told))
    }

    /// There are no more pages. Where that is not all, the window is walked again; what is listed again appends nothing.
    fn at_the_end(
        &mut self,
        at: Window,
        total: Option<u64>,
        seen: &Seen,
    ) -> Result<(Window, Option<Missing>), PullError> {
        let Some(most) = self.most else { return Ok((self.over(&at, seen), None)) };
        let (named, listed) = (total.unwrap_or(most), self.count());
        self.walks += 1;
        self.barren = if self.found || self.rows < most { 0 } else { self.barren + 1 };
        if self.barren == BARREN_WALKS {
            return Ok((self.over(&at, seen), None));
        }
        // That records left explains one walk that falls short of the largest number. Where it goes on, servers that count
        // differently look just so, and what is never listed is told.
        let wanted = if self.walks == 1 { named } else { most };
        let missing = (listed < wanted).then_some(Missing { named: wanted, listed, walks: self.walks, refused: None });
        if self.walks == MOST_WALKS {
            return Ok((self.over(&at, seen), missing));
        }
        if named < most {
            // Nobody knows whether those that left were among the listed: count anew.
            (self.listed, self.most) = (HashMap::new(), None);
        }
        self.turn_back();
        (self.rows, self.found) = (0, false);
        let again = self.stand(at.first_page());
        missing.map_or(Ok((again, None)), |missing| Err(PullError::Missing(missing)))
    }

    /// Notes what a page lists, and whether it is the last. One without a new record need not be: where records have several
    /// rows, a page may be all of known ones. Behind all that is named only a number that is new can tell one: what has none
    /// may be another text each time it is listed, and among numbers that are known it tells no new page anywhere.
    fn note(&mut self, page: u32, seen: &Seen, total: Option<u64>) -> bool {
        let repeats = seen.list.is_some() && self.last == seen.list;
        self.last = seen.list;
        let records = if repeats { &[] } else { seen.records.as_slice() };
        let beyond = self.more().is_some();
        let is_numbered = |whose: &Whose| matches!(whose, Whose::Number(_));
        let (here, mut new, mut surely) = ((self.lap, page), false, !records.iter().any(is_numbered));
        for whose in records {
            let known = self.listed.get(whose).copied();
            let first = known.filter(|(lap, _)| *lap == self.lap);
            if first.is_none() && (!beyond || is_numbered(whose)) {
                self.listed.insert(whose.clone(), here);
                self.names_too_few |= beyond;
                (new, surely) = (true, surely || is_numbered(whose));
            }
            self.found |= known.is_none();
            self.rows += u64::from(first.is_none_or(|first| first == here));
        }
        self.served += records.len() as u64;
        self.idle = if new && surely { 0 } else { self.idle + 1 };
        let served = total.is_some_and(|total| self.served >= total);
        records.is_empty() || (!new && served) || self.idle == MOST_IDLE
    }

    fn turn_back(&mut self) {
        self.lap += 1;
        (self.served, self.idle, self.last) = (0, 0, None);
    }

    fn count(&self) -> u64 {
        self.listed.len() as u64
    }

    fn stand(&mut self, next: Window) -> Window {
        *self.at.insert(next)
    }

    fn over(&mut self, at: &Window, seen: &Seen) -> Window {
        self.forget();
        at.read(seen)
    }

    fn forget(&mut self) {
        *self = Self { largest: self.largest, ..Self::default() };
    }
}
