//! Where a pull stands: a value that is stored beside the records it led to, and only after them.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::error::PullError;
use super::spec::{PullSpec, Walk};

/// Where a pull stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Cursor {
    /// In a window of update times.
    Window {
        /// Everything updated before this is known.
        from: Timestamp,
        /// End of the window being read; none between windows.
        to: Option<Timestamp>,
        /// The page to ask for, from 1.
        page: u32,
        /// How many records the window had at the last answer: fewer now means that records moved.
        total: Option<u64>,
        /// How many records a page really holds, learned from the first one. It is not stored, so that the build before can
        /// read what is: a window that is taken up again begins at its first page.
        #[serde(default, skip_serializing)]
        size: Option<u64>,
        /// Where the two clocks differ: what was updated before this was asked for by the later one. It is known only once
        /// the earlier one has passed it too.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ahead: Option<Timestamp>,
        /// The window lies beyond the present of the earlier clock: it begins at `ahead`, and nothing in it is known by it.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        beyond: bool,
    },
    /// In a list that names its own next page.
    Token {
        /// The round asks for what changed since then.
        since: Timestamp,
        /// When the round began: the next one starts there.
        began: Option<Timestamp>,
        /// The next page, in the source's words.
        token: Option<String>,
    },
}

/// What one answer said of the list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) records: u64,
    pub(super) total: Option<u64>,
    /// Page size the source says it used.
    pub(super) served_size: Option<u64>,
    pub(super) next: Option<String>,
    /// The present when it was given.
    pub(super) present: Option<Present>,
}

impl Seen {
    /// How far everything is known: not beyond the present of either clock, whatever it was when we asked.
    fn known(&self, from: Timestamp, to: Timestamp) -> Timestamp {
        self.present.map_or(to, |present| to.min(present.surely())).max(from)
    }
}

/// The present by two clocks: ours, and the source's as it tells it. Either may be wrong, and which of them the source
/// writes its records by, nobody says. So both are asked up to, and nothing counts as known that lies beyond one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Present {
    earlier: Timestamp,
    later: Timestamp,
}

impl Present {
    pub(super) fn new(ours: Timestamp, there: Option<Timestamp>) -> Self {
        let there = there.unwrap_or(ours);
        Self { earlier: ours.min(there), later: ours.max(there) }
    }

    /// What is past by both clocks, and no longer written to.
    fn surely(self) -> Timestamp {
        settled(self.earlier)
    }

    /// What is past by one of them.
    fn perhaps(self) -> Timestamp {
        settled(self.later)
    }

    fn differ(self) -> bool {
        self.later.duration_since(self.earlier) > AGREE
    }
}

fn settled(at: Timestamp) -> Timestamp {
    at.checked_sub(SETTLED).unwrap_or(at)
}

/// A window ends this long before the present: the second that is still being written to is left to the next one,
/// so that while a window is read, records leave it but none come into it.
const SETTLED: SignedDuration = SignedDuration::from_secs(1);
/// Clocks that differ by less say the same: what the earlier one has not reached is read so much later.
const AGREE: SignedDuration = SignedDuration::from_secs(10);

impl Cursor {
    /// Where a first connection begins.
    pub fn start(spec: &PullSpec, since: Timestamp) -> Self {
        match spec.walk {
            Walk::Window { .. } => Self::between(since),
            Walk::Cursor { .. } => Self::Token { since, began: None, token: None },
        }
    }

    fn between(from: Timestamp) -> Self {
        Self::next(from, None, false)
    }

    fn next(from: Timestamp, ahead: Option<Timestamp>, beyond: bool) -> Self {
        Self::Window { from, to: None, page: 1, total: None, size: None, ahead, beyond }
    }

    /// Whether the list has been read to its end, so that there is no hurry for the next page.
    pub fn is_between_rounds(&self) -> bool {
        matches!(self, Self::Window { to: None, beyond: false, .. } | Self::Token { began: None, .. })
    }

    /// The cursor with its round begun now.
    pub(super) fn begun(&self, spec: &PullSpec, now: Present) -> Self {
        let longest = SignedDuration::from_secs(i64::from(spec.window_s));
        let end = |from: Timestamp, most| from.checked_add(longest).map_or(most, |end| end.min(most)).max(from);
        let mut begun = self.clone();
        match &mut begun {
            Self::Window { from, to: to @ None, ahead, beyond: true, .. } => {
                let asked = ahead.filter(|ahead| *ahead <= now.perhaps()).unwrap_or(now.surely()).max(*from);
                (*to, *ahead) = (Some(end(asked, now.perhaps())), Some(asked));
            }
            Self::Window { from, to, .. } => drop(to.get_or_insert(end(*from, now.surely()))),
            Self::Token { began, .. } => drop(began.get_or_insert(now.earlier)),
        }
        begun
    }

    /// The names and values to ask with.
    pub(super) fn query(&self, spec: &PullSpec) -> Vec<(String, String)> {
        let early = |at: Timestamp| {
            let overlap = SignedDuration::from_secs(i64::from(spec.overlap_s));
            written(at.checked_sub(overlap).unwrap_or(at), spec)
        };
        let mut query = spec.fixed.clone();
        match (self, &spec.walk) {
            (Self::Window { from, to, page, ahead, beyond, .. }, Walk::Window { from: f, to: t, page: p }) => {
                let from = ahead.filter(|_| *beyond).unwrap_or(*from);
                query.push((f.clone(), early(from)));
                query.push((t.clone(), written(to.unwrap_or(from), spec)));
                query.push((p.clone(), page.to_string()));
            }
            (Self::Token { since, token, .. }, Walk::Cursor { since: s, cursor: c, .. }) => {
                query.push((s.clone(), early(*since)));
                query.extend(token.clone().map(|token| (c.clone(), token)));
            }
            _ => {}
        }
        query.extend(spec.size_param.clone().map(|name| (name, spec.page_size.to_string())));
        query
    }

    /// This cursor, of the kind the pack walks by: the pack may have changed since it was stored. Then the other walk
    /// begins where everything is known.
    pub(super) fn fitting(&self, spec: &PullSpec) -> Self {
        match (self, &spec.walk) {
            (Self::Window { from, .. }, Walk::Cursor { .. }) => Self::start(spec, *from),
            (Self::Token { since, .. }, Walk::Window { .. }) => Self::start(spec, *since),
            _ => self.clone(),
        }
    }

    /// Where it goes on after an answer.
    ///
    /// # Errors
    /// When the answer names records that it does not list.
    pub(super) fn after(&self, seen: &Seen) -> Result<Self, PullError> {
        match self.clone() {
            Self::Window { from, to: Some(to), page, total, size, ahead, beyond } => {
                after_page(seen, &WindowAt { from, to, page, total, size, ahead, beyond })
            }
            Self::Token { since, began, .. } => Ok(after_token(since, began, seen)),
            between @ Self::Window { .. } => Ok(between),
        }
    }

    /// Where it goes on if a window beyond the earlier clock is not read; none where it is another that must be.
    pub(super) fn given_up(&self) -> Option<Self> {
        match self {
            Self::Window { from, ahead, beyond: true, .. } => Some(Self::next(*from, *ahead, false)),
            _ => None,
        }
    }

    /// Where it goes on though the answer names records that it does not list.
    pub(super) fn past(&self, seen: &Seen) -> Self {
        match self.clone() {
            Self::Window { from, to: Some(to), page, total, size, ahead, beyond } => {
                WindowAt { from, to, page, total, size, ahead, beyond }.read(seen)
            }
            other => other,
        }
    }
}

struct WindowAt {
    from: Timestamp,
    to: Timestamp,
    page: u32,
    total: Option<u64>,
    size: Option<u64>,
    ahead: Option<Timestamp>,
    beyond: bool,
}

impl WindowAt {
    fn page(&self, page: u32, total: Option<u64>, size: Option<u64>) -> Cursor {
        let Self { from, to, ahead, beyond, .. } = *self;
        Cursor::Window { from, to: Some(to), page, total, size, ahead, beyond }
    }

    /// Where it goes on once the window was read to its end: where the clocks differ, up to the later one before the round
    /// is over.
    fn read(&self, seen: &Seen) -> Cursor {
        match seen.present {
            _ if self.beyond => Cursor::next(self.from, Some(self.to), false),
            Some(present) if present.differ() => Cursor::next(seen.known(self.from, self.to), self.ahead, true),
            _ => Cursor::between(seen.known(self.from, self.to)),
        }
    }

    /// The window as it ought to have been asked for: it was not past yet by the source's clock, which told so only now.
    fn too_long(&self, seen: &Seen) -> Option<Self> {
        let to = seen.known(self.from, self.to);
        let too_long = !self.beyond && self.to.duration_since(to) > AGREE;
        too_long.then_some(Self { to, ..*self })
    }
}

/// A record updated while we read leaves the window and moves all later ones a place forward, some of them before
/// the page we ask for: the number of records in the window tells how many, and we go back so far. Since no record
/// comes into a settled window, this ends.
///
/// How many records a page holds is the first page's to show, never what we asked for: a source may serve fewer. Nor what
/// the source says: some repeat what we asked for, some count the page at hand. Only where a list ends before its number is
/// reached, what it says counts too: it may have left some out of each page.
fn after_page(seen: &Seen, at: &WindowAt) -> Result<Cursor, PullError> {
    let window = |page, size| at.page(page, seen.total, size);
    let of_first = (at.page == 1).then_some(seen.records);
    let Some(size) = at.size.or(of_first) else { return Ok(window(1, None)) };
    let before = u64::from(at.page - 1) * size;
    let gone = at.total.zip(seen.total).map_or(0, |(then, now)| then.saturating_sub(now));
    if at.page > 1 && gone > 0 {
        let first_moved = before.saturating_sub(gone);
        return Ok(window(u32::try_from(first_moved / size.max(1) + 1).unwrap_or(1), Some(size)));
    }
    let passed = u64::from(at.page - 1) * size.max(seen.served_size.unwrap_or(0));
    match seen.total {
        Some(total) if seen.records == 0 && total > passed => Err(PullError::Missing { total, page: at.page }),
        _ if seen.records > 0 && seen.total.is_none_or(|total| total > before + size) => {
            Ok(at.too_long(seen).map_or_else(|| window(at.page + 1, Some(size)), |shorter| shorter.page(1, None, None)))
        }
        _ => Ok(at.read(seen)),
    }
}

fn after_token(since: Timestamp, began: Option<Timestamp>, seen: &Seen) -> Cursor {
    match &seen.next {
        Some(next) if seen.records > 0 => Cursor::Token { since, began, token: Some(next.clone()) },
        // A token beside an empty list is a place to come back to.
        Some(next) => Cursor::Token { since, began: None, token: Some(next.clone()) },
        None => Cursor::Token { since: seen.known(since, began.unwrap_or(since)), began: None, token: None },
    }
}

fn written(at: Timestamp, spec: &PullSpec) -> String {
    crate::map::write_time(at, &spec.time_format, &spec.zone)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pack::Pack;

    fn spec(pack: &str) -> PullSpec {
        Pack::embedded(pack).expect("loads").pull.expect("pulls")
    }

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    fn agreed(text: &str) -> Present {
        Present::new(at(text), None)
    }

    fn page(records: u64, total: u64) -> Seen {
        Seen { records, total: Some(total), ..Seen::default() }
    }

    #[test]
    fn a_window_is_read_to_its_end_and_the_next_one_begins_there() {
        let spec = PullSpec { page_size: 100, overlap_s: 60, ..spec("hotline-12345") };
        let start = Cursor::start(&spec, at("2026-03-01T00:00:00Z"));
        assert!(start.is_between_rounds());
        let first = start.begun(&spec, agreed("2026-03-01T01:00:00Z"));
        let query = first.query(&spec);
        assert!(query.contains(&("updatedFrom".into(), "2026-03-01 07:59:00".into())), "{query:?}");
        assert!(query.contains(&("updatedTo".into(), "2026-03-01 08:59:59".into())), "{query:?}");
        let second = first.after(&page(110, 150)).expect("goes on");
        assert!(second.query(&spec).contains(&("page".into(), "2".into())));
        assert!(!second.is_between_rounds());
        let end = second.after(&page(50, 150)).expect("goes on");
        assert_eq!(end, Cursor::start(&spec, at("2026-03-01T00:59:59Z")));
    }

    /// A source in which a record leaves the window now and then while it is read.
    #[test]
    fn records_that_move_while_a_window_is_read_are_not_lost() {
        for leaves_every in 1..8 {
            let spec = PullSpec { page_size: 10, ..spec("hotline-12345") };
            let mut window: Vec<u32> = (0..95).collect();
            let (mut read, mut left) = (std::collections::BTreeSet::new(), Vec::new());
            let mut cursor =
                Cursor::start(&spec, at("2026-03-01T00:00:00Z")).begun(&spec, agreed("2026-03-01T01:00:00Z"));
            for asked in 1..2000 {
                let Cursor::Window { page: number, to: Some(_), .. } = cursor else { break };
                let rows: Vec<u32> = window.iter().skip((number as usize - 1) * 10).take(10).copied().collect();
                cursor = cursor.after(&page(rows.len() as u64, window.len() as u64)).expect("goes on");
                read.extend(rows);
                if asked % leaves_every == 0 && !window.is_empty() {
                    left.push(window.remove(asked % window.len()));
                }
            }
            assert!(cursor.is_between_rounds(), "{cursor:?}");
            // What left the window was updated: the next window has it.
            let known = |n: &u32| read.contains(n) || left.contains(n);
            assert!((0..95).all(|n| known(&n)), "every {leaves_every}");
        }
    }

    #[test]
    fn a_source_that_serves_smaller_pages_is_read_whole() {
        let spec = PullSpec { page_size: 500, ..spec("hotline-12345") };
        let cursor = Cursor::start(&spec, at("2026-03-01T00:00:00Z")).begun(&spec, agreed("2026-03-01T01:00:00Z"));
        let seen = Seen { served_size: Some(200), ..page(200, 300) };
        assert!(matches!(cursor.after(&seen).expect("goes on"), Cursor::Window { page: 2, .. }));
    }

    /// Nothing but the pages themselves says how many records one holds.
    #[test]
    fn a_source_that_serves_smaller_pages_and_does_not_say_so_is_read_whole() {
        let spec = PullSpec { page_size: 100, ..spec("hotline-12345") };
        for served in [1, 20, 50, 99, 100] {
            let mut cursor =
                Cursor::start(&spec, at("2026-03-01T00:00:00Z")).begun(&spec, agreed("2026-03-01T01:00:00Z"));
            let (mut read, mut asked) = (0, 0);
            while let Cursor::Window { page: number, to: Some(_), .. } = cursor {
                let records = 130u64.saturating_sub(u64::from(number - 1) * served).min(served);
                cursor = cursor.after(&page(records, 130)).expect("goes on");
                (read, asked) = (read + records, asked + 1);
            }
            assert_eq!((read, asked), (130, 130u64.div_ceil(served)), "pages of {served}");
        }
    }

    /// The pages of a source that counts 130 records and lists `listed`, `most` a page: how many are read by how many
    /// requests, and what was missed. `says` is the page size it speaks of, by what it lists.
    fn walk(listed: u64, most: u64, says: fn(u64) -> u64) -> (u64, u64, Option<PullError>) {
        let spec = PullSpec { page_size: 500, ..spec("hotline-12345") };
        let mut cursor = Cursor::start(&spec, at("2026-03-01T00:00:00Z")).begun(&spec, agreed("2026-03-01T01:00:00Z"));
        let (mut read, mut asked) = (0, 0);
        while let Cursor::Window { page: number, to: Some(_), .. } = cursor {
            let records = listed.saturating_sub(u64::from(number - 1) * most).min(most);
            let seen = Seen { served_size: Some(says(records)), ..page(records, 130) };
            (read, asked) = (read + records, asked + 1);
            cursor = match cursor.after(&seen) {
                Ok(next) => next,
                Err(missed) => {
                    assert!(cursor.past(&seen).is_between_rounds());
                    return (read, asked, Some(missed));
                }
            };
        }
        (read, asked, None)
    }

    #[test]
    fn a_window_ends_whatever_the_source_says_of_its_pages() {
        assert_eq!(walk(130, 100, |records| records), (130, 2, None), "it counts the page at hand");
        assert_eq!(walk(130, 100, |_| 0), (130, 2, None), "it says nothing");
        assert_eq!(walk(130, 100, |asked| asked.max(500)), (130, 2, None), "it repeats what was asked for");
        assert_eq!(walk(117, 9, |_| 10), (117, 14, None), "it leaves some out of each page");
        let missing = PullError::Missing { total: 130, page: 2 };
        assert_eq!(walk(100, 100, |_| 0), (100, 2, Some(missing)), "it counts what it does not list");
    }

    #[test]
    fn a_list_that_is_empty_beside_a_number_of_records_is_asked_for_again() {
        let spec = spec("hotline-12345");
        let first = Cursor::start(&spec, at("2026-03-01T00:00:00Z")).begun(&spec, agreed("2026-03-01T01:00:00Z"));
        assert_eq!(first.after(&page(0, 3)), Err(PullError::Missing { total: 3, page: 1 }));
        let second = first.after(&page(20, 30)).expect("goes on");
        assert_eq!(second.after(&page(0, 30)), Err(PullError::Missing { total: 30, page: 2 }));
        assert!(first.after(&page(0, 0)).expect("goes on").is_between_rounds());
    }

    #[test]
    fn a_pack_that_walks_another_way_begins_where_everything_is_known() {
        let (windows, tokens) = (spec("hotline-12345"), spec("petition-portal"));
        let known = at("2026-03-01T00:00:00Z");
        let reading = Cursor::start(&windows, known).begun(&windows, agreed("2026-03-01T01:00:00Z"));
        assert_eq!(reading.fitting(&tokens), Cursor::start(&tokens, known));
        assert_eq!(Cursor::start(&tokens, known).fitting(&windows), Cursor::start(&windows, known));
        assert_eq!(reading.fitting(&windows), reading);
    }

    #[test]
    fn a_long_absence_is_made_up_in_windows() {
        let spec = PullSpec { window_s: 3600, ..spec("hotline-12345") };
        let cursor = Cursor::start(&spec, at("2026-03-01T00:00:00Z")).begun(&spec, agreed("2026-03-05T00:00:00Z"));
        assert!(matches!(cursor, Cursor::Window { to: Some(to), .. } if to == at("2026-03-01T01:00:00Z")));
    }

    fn known(cursor: &Cursor) -> Timestamp {
        match cursor {
            Cursor::Window { from, .. } => *from,
            Cursor::Token { since, .. } => *since,
        }
    }

    /// Our clock was an hour ahead: what the source writes in that hour must still be asked for.
    #[test]
    fn nothing_is_known_beyond_the_present_of_the_source() {
        let ours = at("2026-03-01T02:00:00Z");
        let seen = |there: &str| Seen { present: Some(Present::new(ours, Some(at(there)))), ..page(1, 1) };
        for pack in ["hotline-12345", "petition-portal"] {
            let spec = spec(pack);
            let start = Cursor::start(&spec, at("2026-03-01T00:00:00Z")).begun(&spec, agreed("2026-03-01T02:00:00Z"));
            let end = start.after(&seen("2026-03-01T01:00:00Z")).expect("goes on");
            assert_eq!(known(&end), at("2026-03-01T00:59:59Z"), "{pack}");
            let early = start.after(&seen("2026-02-01T00:00:00Z")).expect("goes on");
            assert_eq!(known(&early), at("2026-03-01T00:00:00Z"), "{pack}: it goes back");
        }
    }

    /// A source that lists by its records' time what was written in a window, an order every minute from 08:00 on.
    struct Orders {
        /// By how much its records' time, the time it tells, and ours differ from the right time.
        writes: SignedDuration,
        tells: SignedDuration,
        ours: SignedDuration,
    }

    impl Orders {
        /// Rounds of a minute each from 08:00 on, with two orders a page: how long each order took to be read at most, and
        /// how many were read in all.
        fn poll(&self, pack: &str, rounds: i64) -> (Vec<Option<i64>>, usize) {
            let spec = PullSpec { page_size: 2, overlap_s: 0, ..spec(pack) };
            let began = at("2026-03-01T08:00:00Z");
            let minute = SignedDuration::from_mins;
            let mut cursor = Cursor::start(&spec, began + self.writes.min(self.ours).min(self.tells));
            let (mut read, mut count) = (vec![None; rounds as usize], 0);
            for round in 1..=rounds {
                let now = began + minute(round);
                let present = Present::new(now + self.ours, Some(now + self.tells));
                loop {
                    cursor = cursor.begun(&spec, present);
                    let (from, to) = match &cursor {
                        Cursor::Window { from, to, ahead, beyond, .. } => {
                            (ahead.filter(|_| *beyond).unwrap_or(*from), to.expect("begun"))
                        }
                        Cursor::Token { since, .. } => (*since, Timestamp::MAX),
                    };
                    let written = |n: i64| began + minute(n) + self.writes;
                    let there: Vec<i64> = (0..round).filter(|n| (from..=to).contains(&written(*n))).collect();
                    let (page, next) = match &cursor {
                        Cursor::Window { page, .. } => (*page as usize, None),
                        Cursor::Token { token, .. } => {
                            let page = token.as_ref().map_or(1, |token| token.parse().expect("a number"));
                            (page, (page * 2 < there.len()).then(|| (page + 1).to_string()))
                        }
                    };
                    let rows: Vec<i64> = there.iter().skip((page - 1) * 2).take(2).copied().collect();
                    for n in &rows {
                        read[*n as usize].get_or_insert(round - n);
                    }
                    count += rows.len();
                    let (records, total) = (rows.len() as u64, Some(there.len() as u64));
                    let seen = Seen { records, total, next, served_size: None, present: Some(present) };
                    cursor = cursor.after(&seen).expect("goes on");
                    if cursor.is_between_rounds() {
                        break;
                    }
                }
            }
            (read, count)
        }
    }

    /// Whichever of the two clocks is wrong, and however: nothing is passed over, and nothing waits until it is right.
    #[test]
    fn a_wrong_clock_passes_over_nothing_and_delays_nothing() {
        let none = SignedDuration::ZERO;
        for hours in [-8, -1, 1, 8, 72] {
            let wrong = SignedDuration::from_hours(hours);
            for orders in [
                Orders { writes: none, tells: wrong, ours: none },
                Orders { writes: none, tells: none, ours: wrong },
                Orders { writes: wrong, tells: wrong, ours: none },
                Orders { writes: wrong, tells: none, ours: wrong },
            ] {
                for pack in ["hotline-12345", "petition-portal"] {
                    let (read, count) = orders.poll(pack, 60);
                    let slowest = read.iter().map(|waited| waited.expect("read")).max();
                    assert!(slowest <= Some(5), "{pack}: {hours} h: {slowest:?}");
                    // A window beyond the earlier clock is read once.
                    assert!(pack == "petition-portal" || count <= 3 * 60, "{pack}: {hours} h: read {count}");
                }
            }
        }
    }

    #[test]
    fn a_window_that_turns_out_to_end_in_the_future_is_begun_again() {
        let spec = spec("hotline-12345");
        let first = Cursor::start(&spec, at("2026-03-01T00:00:00Z")).begun(&spec, agreed("2026-03-01T02:00:00Z"));
        let there = Present::new(at("2026-03-01T02:00:00Z"), Some(at("2026-03-01T01:00:00Z")));
        let again = first.after(&Seen { present: Some(there), ..page(20, 50) }).expect("goes on");
        let right = at("2026-03-01T00:59:59Z");
        assert!(matches!(again, Cursor::Window { to: Some(to), page: 1, .. } if to == right), "{again:?}");
    }

    #[test]
    fn a_list_of_tokens_is_followed() {
        let spec = spec("petition-portal");
        let start = Cursor::start(&spec, at("2026-03-01T00:00:00Z")).begun(&spec, agreed("2026-03-01T01:00:00Z"));
        let seen = Seen { records: 5, next: Some("c5".into()), ..Seen::default() };
        let second = start.after(&seen).expect("goes on");
        assert!(second.query(&spec).contains(&("cursor".into(), "c5".into())));
        let end = second.after(&Seen { records: 2, ..Seen::default() }).expect("goes on");
        assert_eq!(end, Cursor::start(&spec, at("2026-03-01T01:00:00Z")));
    }

    /// By the build before, too: it knows the fields that were there then, and no other.
    #[test]
    fn a_window_that_is_taken_up_again_begins_at_its_first_page() {
        let spec = spec("hotline-12345");
        let start = Cursor::start(&spec, at("2026-03-01T00:00:00Z")).begun(&spec, agreed("2026-03-01T01:00:00Z"));
        let second = start.after(&page(20, 50)).expect("goes on");
        assert!(matches!(second, Cursor::Window { page: 2, size: Some(20), .. }), "{second:?}");
        let text = serde_json::to_string(&second).expect("written");
        let former =
            r#"{"kind":"window","from":"2026-03-01T00:00:00Z","to":"2026-03-01T00:59:59Z","page":2,"total":50}"#;
        assert_eq!(text, former);
        let kept: Cursor = serde_json::from_str(&text).expect("read");
        let served = Seen { served_size: Some(20), ..page(20, 50) };
        assert!(matches!(kept.after(&served).expect("goes on"), Cursor::Window { page: 1, to: Some(_), .. }));
    }

    #[test]
    fn a_stored_cursor_is_read_back() {
        let cursor = Cursor::start(&spec("hotline-12345"), at("2026-03-01T00:00:00Z"));
        let text = serde_json::to_string(&cursor).expect("written");
        assert_eq!(text, r#"{"kind":"window","from":"2026-03-01T00:00:00Z","to":null,"page":1,"total":null}"#);
        assert_eq!(serde_json::from_str::<Cursor>(&text).expect("read"), cursor);
    }
}
