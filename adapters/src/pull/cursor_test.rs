//! The walks against lists that behave as told.

use std::collections::BTreeSet;
use std::time::Duration;

use huiliu_schemas::ids::SourceId;
use jiff::{SignedDuration, Timestamp};

use super::backoff::Retry;
use super::cursor::{Cursor, Seen};
use super::error::{Missing, PullError};
use super::present::Present;
use super::records::Whose;
use super::spec::PullSpec;
use super::token::Token;
use super::window::{MOST_WALKS, Reading, Window};
use crate::pack::Pack;

fn spec(pack: &str) -> PullSpec {
    Pack::embedded(pack).expect("loads").pull.expect("pulls")
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

pub(super) fn agreed(text: &str) -> Present {
    Present::new(at(text), None)
}

/// The record of this number.
fn numbered(n: u32) -> Whose {
    Whose::Number(SourceId::read(&format!("own:{n}")).expect("a number"))
}

/// A page that lists these of so many.
pub(super) fn page(records: impl IntoIterator<Item = u32>, total: u64) -> Seen {
    Seen { records: records.into_iter().map(numbered).collect(), total: Some(total), ..Seen::default() }
}

fn hotline() -> PullSpec {
    PullSpec { page_size: 100, overlap_s: 60, ..spec("hotline-12345") }
}

/// An hour of it, from its first page on.
pub(super) fn hour() -> Cursor {
    Cursor::start(&hotline(), at("2026-03-01T00:00:00Z")).begun(&hotline(), agreed("2026-03-01T01:00:00Z"))
}

/// Where a walk goes on that passes nothing over.
pub(super) fn next(cursor: &Cursor, seen: &Seen, reading: &mut Reading) -> Cursor {
    let (next, missing) = cursor.after(seen, reading).expect("goes on");
    assert_eq!(missing, None);
    next
}

/// The page that is asked for; none between windows.
fn number(cursor: &Cursor) -> Option<u32> {
    match cursor {
        Cursor::Window(window) => window.to.map(|_| window.page),
        Cursor::Token(_) => None,
    }
}

#[test]
fn a_window_is_read_to_its_end_and_the_next_one_begins_there() {
    let mut reading = Reading::default();
    let start = Cursor::start(&hotline(), at("2026-03-01T00:00:00Z"));
    assert!(start.is_between_rounds());
    let first = hour();
    let query = first.query(&hotline());
    assert!(query.contains(&("updatedFrom".into(), "2026-03-01 07:59:00".into())), "{query:?}");
    assert!(query.contains(&("updatedTo".into(), "2026-03-01 08:59:59".into())), "{query:?}");
    let second = next(&first, &page(0..110, 150), &mut reading);
    assert!(second.query(&hotline()).contains(&("page".into(), "2".into())));
    assert!(!second.is_between_rounds());
    let end = next(&second, &page(110..150, 150), &mut reading);
    assert_eq!(end, Cursor::start(&hotline(), at("2026-03-01T00:59:59Z")));
}

/// A source in which a record leaves the window now and then while it is read.
#[test]
fn records_that_move_while_a_window_is_read_are_not_lost() {
    for leaves_every in 1..8 {
        let mut window: Vec<u32> = (0..95).collect();
        let (mut read, mut left) = (BTreeSet::new(), Vec::new());
        let (mut cursor, mut reading) = (hour(), Reading::default());
        for asked in 1..2000 {
            let Some(number) = number(&cursor) else { break };
            let rows: Vec<u32> = window.iter().skip((number as usize - 1) * 10).take(10).copied().collect();
            match cursor.after(&page(rows.iter().copied(), window.len() as u64), &mut reading) {
                Ok((next, missing)) => {
                    assert_eq!(missing, None);
                    cursor = next;
                }
                Err(_) => cursor = hour(),
            }
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

/// A record that was listed leaves, and the one that takes its place moves to a page that was read: its absence is not
/// outweighed by the one that left.
#[test]
fn what_left_the_window_stands_for_no_record_that_was_not_listed() {
    let mut reading = Reading::default();
    let second = next(&hour(), &page(0..100, 101), &mut reading);
    let again = next(&second, &page([], 100), &mut reading);
    assert_eq!(number(&again), Some(1));
    let last = next(&again, &page(1..101, 100), &mut reading);
    assert_eq!(number(&last), Some(2), "a full page may be followed by another");
    assert!(next(&last, &page([], 100), &mut reading).is_between_rounds());
}

/// Nothing but the pages themselves says how many records one holds.
#[test]
fn a_source_that_serves_smaller_pages_is_read_whole() {
    for served in [1, 20, 50, 99, 100] {
        let (mut cursor, mut reading) = (hour(), Reading::default());
        let (mut read, mut asked) = (BTreeSet::new(), 0);
        while let Some(number) = number(&cursor) {
            let rows = ((number - 1) * served..130).take(served as usize);
            read.extend(rows.clone());
            cursor = next(&cursor, &page(rows, 130), &mut reading);
            asked += 1;
        }
        // Behind a full page stands another, if only an empty one.
        assert_eq!((read.len(), asked), (130, 130 / served + 1), "pages of {served}");
    }
}

/// A source that names more than it lists, or leaves some out of each page: nobody else can tell the one from the other.
#[test]
fn a_window_ends_whatever_the_source_says_of_it() {
    let beyond: [fn(u64) -> Option<u64>; 3] = [Some, |_| Some(0), |_| None];
    for says in beyond {
        let (mut cursor, mut reading) = (hour(), Reading::default());
        let (mut walks, mut waits) = (1, Duration::ZERO);
        let missing = loop {
            let number = number(&cursor).expect("in the window");
            let rows = ((number - 1) * 9..117).take(9);
            let total = if rows.len() == 0 { says(130) } else { Some(130) };
            match cursor.after(&Seen { total, ..page(rows, 130) }, &mut reading) {
                Ok((next, missing)) if next.is_between_rounds() => break missing,
                Ok((next, _)) => cursor = next,
                Err(error) => {
                    assert_eq!(error, PullError::Missing(Missing { named: 130, listed: 117, walks, refused: None }));
                    let Retry::After(wait) = error.retry() else { panic!("{:?}", error.retry()) };
                    waits += wait;
                    let Cursor::Window(window) = cursor else { panic!("{cursor:?}") };
                    cursor = Cursor::Window(reading.take_up(window));
                    walks += 1;
                }
            }
        };
        assert_eq!(missing, Some(Missing { named: 130, listed: 117, walks: MOST_WALKS, refused: None }));
        assert!(waits > Duration::from_secs(60), "what is being written has had {waits:?}");
    }
}

/// A number that stops at the most the source counts to ends no window in the middle of its pages.
#[test]
fn a_number_that_is_too_small_leaves_no_record_out() {
    for (records, named) in [(250u32, 200), (230, 200), (300, 200)] {
        let (mut cursor, mut reading, mut read) = (hour(), Reading::default(), BTreeSet::new());
        let missing = loop {
            let number = number(&cursor).expect("in the window");
            let rows = ((number - 1) * 100..records).take(100);
            read.extend(rows.clone());
            match cursor.after(&page(rows, named), &mut reading).expect("more than is named") {
                (next, missing) if next.is_between_rounds() => break missing,
                (next, missing) => (cursor, _) = (next, assert_eq!(missing, None)),
            }
        };
        assert_eq!(read.len(), records as usize);
        let told = Missing { named, listed: u64::from(records), walks: 1, refused: None };
        assert_eq!(missing, Some(told), "what is named cannot be believed");
    }
}

/// A source that serves its last page for every page beyond it, with a record in it that is another one each time: it has no
/// number, or is none by itself.
#[test]
fn a_record_without_a_number_keeps_no_window_open() {
    let odd: [fn(u32) -> Whose; 2] = [|page| Whose::Unread([page as u8; 32]), |page| Whose::Place(page, 1)];
    for odd in odd {
        let mut reading = Reading::default();
        let seen = |n: u32| Seen {
            records: vec![numbered(1), odd(n), numbered(3)],
            list: Some([n as u8; 32]),
            total: Some(3),
            ..Seen::default()
        };
        let second = next(&hour(), &seen(1), &mut reading);
        assert_eq!(number(&second), Some(2), "it might have more than it names");
        assert!(next(&second, &seen(2), &mut reading).is_between_rounds());
        // Nor where it names none.
        let (mut cursor, mut reading) = (hour(), Reading::default());
        for page in 1..=11 {
            cursor = next(&cursor, &Seen { total: None, ..seen(page) }, &mut reading);
        }
        assert!(cursor.is_between_rounds(), "{cursor:?}");
    }
}

#[test]
fn a_source_with_several_rows_for_a_record_is_believed_in_the_third_walk() {
    let (mut reading, mut cursor, mut errors) = (Reading::default(), hour(), 0);
    for _ in 0..20 {
        let rows = match number(&cursor) {
            Some(1) => page((0..50).chain(0..50), 150),
            Some(2) => page(50..100, 150),
            Some(_) => page([], 150),
            None => break,
        };
        match cursor.after(&rows, &mut reading) {
            Ok((next, missing)) => {
                assert_eq!(missing, None, "150 rows were listed");
                cursor = next;
            }
            Err(_) => {
                errors += 1;
                let Cursor::Window(window) = cursor else { panic!("{cursor:?}") };
                cursor = Cursor::Window(reading.take_up(window));
            }
        }
    }
    assert_eq!((number(&cursor), errors), (None, 2));
}

#[test]
fn a_source_that_does_not_count_is_read_until_its_pages_end() {
    for total in [None, Some(0)] {
        let (mut cursor, mut reading, mut read) = (hour(), Reading::default(), BTreeSet::new());
        while let Some(number) = number(&cursor) {
            let rows = ((number - 1) * 20..130).take(20);
            read.extend(rows.clone());
            cursor = next(&cursor, &Seen { total, ..page(rows, 0) }, &mut reading);
        }
        assert_eq!(read.len(), 130, "{total:?}");
    }
}

/// As where two servers of the source count otherwise.
#[test]
fn a_window_ends_though_its_number_goes_up_and_down() {
    let (mut cursor, mut reading) = (hour(), Reading::default());
    for asked in 1..100 {
        let Some(number) = number(&cursor) else { return };
        let rows = ((number - 1) * 20..130).take(20);
        match cursor.after(&page(rows, if asked % 2 == 0 { 150 } else { 100 }), &mut reading) {
            Ok((next, _)) => cursor = next,
            Err(_) => cursor = hour(),
        }
    }
    panic!("{cursor:?}");
}

/// The one more that one of them counts is never listed: it is waited for, and told.
#[test]
fn what_one_of_two_servers_counts_and_neither_lists_is_told() {
    let (mut cursor, mut reading, mut waits) = (hour(), Reading::default(), Duration::ZERO);
    let missing = loop {
        let number = number(&cursor).expect("in the window");
        let rows = ((number - 1) * 20..130).take(20);
        match cursor.after(&page(rows, 130 + u64::from(number % 2)), &mut reading) {
            Ok((next, missing)) if next.is_between_rounds() => break missing,
            Ok((next, _)) => cursor = next,
            Err(error) => {
                let Retry::After(wait) = error.retry() else { panic!("{:?}", error.retry()) };
                waits += wait;
                let Cursor::Window(window) = cursor else { panic!("{cursor:?}") };
                cursor = Cursor::Window(reading.take_up(window));
            }
        }
    };
    assert_eq!(missing, Some(Missing { named: 131, listed: 130, walks: MOST_WALKS, refused: None }));
    assert!(waits > Duration::from_secs(60), "what is being written has had {waits:?}");
}

#[test]
fn a_list_that_is_empty_beside_a_number_of_records_is_asked_for_again() {
    let missing = |named, listed| PullError::Missing(Missing { named, listed, walks: 1, refused: None });
    assert_eq!(hour().after(&page([], 3), &mut Reading::default()), Err(missing(3, 0)));
    let mut reading = Reading::default();
    let second = next(&hour(), &page(0..20, 30), &mut reading);
    assert_eq!(second.after(&page([], 30), &mut reading), Err(missing(30, 20)));
    assert!(next(&hour(), &page([], 0), &mut Reading::default()).is_between_rounds());
}

/// The end of the window lies where it lay before: the records that were missing then are still being counted.
#[test]
fn a_window_that_is_not_read_yet_keeps_its_end() {
    let start = Window::between(at("2026-03-01T00:00:00Z"));
    let mut reading = Reading::default();
    assert!(hour().after(&page([], 3), &mut reading).is_err());
    let later = reading.take_up(start).begun(&hotline(), agreed("2026-03-01T01:05:00Z"));
    assert_eq!(Cursor::Window(later), hour());
    let other = reading.take_up(Window::between(at("2026-03-01T00:10:00Z")));
    assert_eq!(other.to, None, "this one is not that one");
}

#[test]
fn a_pack_that_walks_another_way_begins_where_everything_is_known() {
    let (windows, tokens) = (hotline(), spec("petition-portal"));
    let known = at("2026-03-01T00:00:00Z");
    assert_eq!(hour().fitting(&tokens), Cursor::start(&tokens, known));
    assert_eq!(Cursor::start(&tokens, known).fitting(&windows), Cursor::start(&windows, known));
    assert_eq!(hour().fitting(&windows), hour());
}

#[test]
fn a_long_absence_is_made_up_in_windows() {
    let spec = PullSpec { window_s: 3600, ..spec("hotline-12345") };
    let cursor = Cursor::start(&spec, at("2026-03-01T00:00:00Z")).begun(&spec, agreed("2026-03-05T00:00:00Z"));
    assert!(matches!(cursor, Cursor::Window(Window { to: Some(to), .. }) if to == at("2026-03-01T01:00:00Z")));
}

fn known(cursor: &Cursor) -> Timestamp {
    match cursor {
        Cursor::Window(window) => window.from,
        Cursor::Token(token) => token.since,
    }
}

/// Our clock was an hour ahead: what the source writes in that hour must still be asked for.
#[test]
fn nothing_is_known_beyond_the_present_of_the_source() {
    let ours = at("2026-03-01T02:00:00Z");
    let seen = |there: &str| Seen { present: Some(Present::new(ours, Some(at(there)))), ..page([], 0) };
    for pack in ["hotline-12345", "petition-portal"] {
        let spec = spec(pack);
        let start = Cursor::start(&spec, at("2026-03-01T00:00:00Z")).begun(&spec, agreed("2026-03-01T02:00:00Z"));
        let end = next(&start, &seen("2026-03-01T01:00:00Z"), &mut Reading::default());
        assert_eq!(known(&end), at("2026-03-01T00:59:59Z"), "{pack}");
        let early = next(&start, &seen("2026-02-01T00:00:00Z"), &mut Reading::default());
        assert_eq!(known(&early), at("2026-03-01T00:00:00Z"), "{pack}: it goes back");
    }
}

/// Both clocks were an hour ahead, and were put right: what was written since lies before the place that was reached.
#[test]
fn a_place_beyond_both_clocks_is_gone_back_from() {
    let (nine, ten) = (at("2026-03-01T09:00:00Z"), at("2026-03-01T10:00:00Z"));
    let right = Present::new(nine, Some(nine));
    for pack in ["hotline-12345", "petition-portal"] {
        let start = |place: &str| Cursor::start(&spec(pack), at(place));
        let gone = |place: &str, now, since| known(&start(place).reached(now, since));
        assert_eq!(gone("2026-03-01T10:00:00Z", right, None), at("2026-03-01T07:59:59Z"), "{pack}");
        assert_eq!(gone("2036-03-01T10:00:00Z", right, None), at("2026-02-22T08:59:59Z"), "{pack}: not for ten years");
        for since in ["2026-03-01T08:30:00Z", "2026-03-01T10:00:00Z"].map(at) {
            assert_eq!(gone("2026-03-01T10:00:00Z", right, Some(since)), since, "{pack}: the channel begins there");
        }
        for place in ["2026-03-01T08:00:00Z", "2026-03-01T09:00:05Z"] {
            assert_eq!(gone(place, right, None), at(place), "{pack}");
        }
        for now in [Present::new(nine, Some(ten)), Present::new(nine, None)] {
            assert_eq!(gone("2026-03-01T10:00:00Z", now, None), ten, "{pack}: one may have reached it");
        }
        let begun = start("2026-03-01T10:00:00Z").begun(&spec(pack), Present::new(ten, Some(ten)));
        assert_eq!(begun.clone().reached(right, None), begun, "{pack}: a round is read to its end");
    }
}

/// A round begins at the present of the earlier clock, whenever that one was heard.
#[test]
fn a_round_that_began_before_the_sources_clock_was_heard_goes_back_to_it() {
    let spec = spec("petition-portal");
    let seen = |ours: &str, there: &str, next: Option<&str>| Seen {
        present: Some(Present::new(at(ours), Some(at(there)))),
        next: next.map(Into::into),
        ..page([1], 1)
    };
    let start = Cursor::start(&spec, at("2026-03-01T00:00:00Z")).begun(&spec, agreed("2026-03-01T02:00:00Z"));
    let mut reading = Reading::default();
    let second = next(&start, &seen("2026-03-01T02:00:00Z", "2026-03-01T01:45:00Z", Some("c")), &mut reading);
    let end = next(&second, &seen("2026-03-01T02:33:00Z", "2026-03-01T02:18:00Z", None), &mut reading);
    assert_eq!(known(&end), at("2026-03-01T01:45:00Z"));
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
        let (mut read, mut count, mut reading) = (vec![None; rounds as usize], 0, Reading::default());
        for round in 1..=rounds {
            let now = began + minute(round);
            let present = Present::new(now + self.ours, Some(now + self.tells));
            loop {
                cursor = match cursor {
                    Cursor::Window(window) => Cursor::Window(reading.take_up(window)),
                    token @ Cursor::Token(_) => token,
                };
                cursor = cursor.begun(&spec, present);
                let (from, to) = match &cursor {
                    Cursor::Window(window) => window.bounds(),
                    Cursor::Token(token) => (token.since, Timestamp::MAX),
                };
                let written = |n: i64| began + minute(n) + self.writes;
                let there: Vec<i64> = (0..round).filter(|n| (from..=to).contains(&written(*n))).collect();
                let (asked, following) = match &cursor {
                    Cursor::Window(window) => (window.page as usize, None),
                    Cursor::Token(Token { token, .. }) => {
                        let page = token.as_ref().map_or(1, |token| token.parse().expect("a number"));
                        (page, (page * 2 < there.len()).then(|| (page + 1).to_string()))
                    }
                };
                let rows: Vec<i64> = there.iter().skip((asked - 1) * 2).take(2).copied().collect();
                for n in &rows {
                    read[*n as usize].get_or_insert(round - n);
                }
                count += rows.len();
                let rows = page(rows.iter().map(|n| *n as u32), there.len() as u64);
                let seen = Seen { next: following, present: Some(present), ..rows };
                cursor = next(&cursor, &seen, &mut reading);
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
    let first = Cursor::start(&hotline(), at("2026-03-01T00:00:00Z")).begun(&hotline(), agreed("2026-03-01T02:00:00Z"));
    let mut reading = Reading::default();
    let there = Present::new(at("2026-03-01T02:00:00Z"), Some(at("2026-03-01T01:00:00Z")));
    let again = next(&first, &Seen { present: Some(there), ..page(0..20, 30) }, &mut reading);
    let Cursor::Window(again) = again else { panic!("{again:?}") };
    assert_eq!((again.to, again.page), (Some(at("2026-03-01T00:59:59Z")), 1));
    // What the longer one listed is not counted in it.
    let again = Cursor::Window(reading.take_up(again));
    assert_eq!(number(&next(&again, &page(30..40, 30), &mut reading)), Some(2));
}

#[test]
fn a_list_of_tokens_is_followed() {
    let spec = spec("petition-portal");
    let start = Cursor::start(&spec, at("2026-03-01T00:00:00Z")).begun(&spec, agreed("2026-03-01T01:00:00Z"));
    let mut reading = Reading::default();
    let seen = Seen { next: Some("c5".into()), ..page(0..5, 7) };
    let second = next(&start, &seen, &mut reading);
    assert!(second.query(&spec).contains(&("cursor".into(), "c5".into())));
    let end = next(&second, &page(5..7, 7), &mut reading);
    assert_eq!(end, Cursor::start(&spec, at("2026-03-01T01:00:00Z")));
}

/// By the build before, too: it knows the fields that were there then, and no other.
#[test]
fn a_window_that_is_taken_up_again_begins_at_its_first_page() {
    let second = next(&hour(), &page(0..20, 50), &mut Reading::default());
    assert_eq!(number(&second), Some(2));
    let text = serde_json::to_string(&second).expect("written");
    let former = r#"{"kind":"window","from":"2026-03-01T00:00:00Z","to":"2026-03-01T00:59:59Z","page":2,"total":50}"#;
    assert_eq!(text, former);
    let Ok(Cursor::Window(kept)) = serde_json::from_str(&text) else { panic!("{text}") };
    assert_eq!(Cursor::Window(Reading::default().take_up(kept)), hour());
}

#[test]
fn a_stored_cursor_is_read_back() {
    for (pack, stored) in [
        ("hotline-12345", r#"{"kind":"window","from":"2026-03-01T00:00:00Z","to":null,"page":1,"total":null}"#),
        ("petition-portal", r#"{"kind":"token","since":"2026-03-01T00:00:00Z","began":null,"token":null}"#),
    ] {
        let cursor = Cursor::start(&spec(pack), at("2026-03-01T00:00:00Z"));
        assert_eq!(serde_json::to_string(&cursor).expect("written"), stored);
        assert_eq!(serde_json::from_str::<Cursor>(stored).expect("read"), cursor);
    }
}
