//! Where a pull stands: a value that is stored beside the records it led to, and only after them.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

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
    /// The present by the source's own clock, if it says.
    pub(super) there: Option<Timestamp>,
}

impl Seen {
    /// How far everything is known: not beyond the source's present, even if ours was ahead of it when we asked.
    fn known(&self, from: Timestamp, to: Timestamp) -> Timestamp {
        let settled = self.there.map(|there| there.checked_sub(SETTLED).unwrap_or(there));
        settled.map_or(to, |settled| to.min(settled)).max(from)
    }
}

/// A window ends this long before the present: the second that is still being written to is left to the next one,
/// so that while a window is read, records leave it but none come into it.
const SETTLED: SignedDuration = SignedDuration::from_secs(1);

impl Cursor {
    /// Where a first connection begins.
    pub fn start(spec: &PullSpec, since: Timestamp) -> Self {
        match spec.walk {
            Walk::Window { .. } => Self::Window { from: since, to: None, page: 1, total: None },
            Walk::Cursor { .. } => Self::Token { since, began: None, token: None },
        }
    }

    /// Whether the list has been read to its end, so that there is no hurry for the next page.
    pub fn is_between_rounds(&self) -> bool {
        matches!(self, Self::Window { to: None, .. } | Self::Token { began: None, .. })
    }

    /// The cursor with its round begun at `now`.
    pub(super) fn begun(&self, spec: &PullSpec, now: Timestamp) -> Self {
        let mut begun = self.clone();
        match &mut begun {
            Self::Window { from, to, .. } => {
                let longest = SignedDuration::from_secs(i64::from(spec.window_s));
                let settled = now.checked_sub(SETTLED).unwrap_or(now);
                let end = from.checked_add(longest).map_or(settled, |end| end.min(settled)).max(*from);
                to.get_or_insert(end);
            }
            Self::Token { began, .. } => drop(began.get_or_insert(now)),
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
            (Self::Window { from, to, page, .. }, Walk::Window { from: f, to: t, page: p }) => {
                query.push((f.clone(), early(*from)));
                query.push((t.clone(), written(to.unwrap_or(*from), spec)));
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

    /// Whether this cursor is of the kind the pack walks by; a pack may have changed since it was stored.
    pub(super) fn fits(&self, spec: &PullSpec) -> bool {
        matches!(
            (self, &spec.walk),
            (Self::Window { .. }, Walk::Window { .. }) | (Self::Token { .. }, Walk::Cursor { .. })
        )
    }

    /// Where it goes on after an answer.
    pub(super) fn after(&self, spec: &PullSpec, seen: &Seen) -> Self {
        match self.clone() {
            Self::Window { from, to: Some(to), page, total } => {
                after_page(spec, seen, &WindowAt { from, to, page, total })
            }
            Self::Token { since, began, .. } => after_token(since, began, seen),
            between @ Self::Window { .. } => between,
        }
    }
}

struct WindowAt {
    from: Timestamp,
    to: Timestamp,
    page: u32,
    total: Option<u64>,
}

/// A record updated while we read leaves the window and moves all later ones a place forward, some of them before
/// the page we ask for: the number of records in the window tells how many, and we go back so far. Since no record
/// comes into a settled window, this ends.
fn after_page(spec: &PullSpec, seen: &Seen, at: &WindowAt) -> Cursor {
    let size = seen.served_size.unwrap_or(u64::MAX).min(u64::from(spec.page_size)).max(1);
    let gone = at.total.zip(seen.total).map_or(0, |(before, now)| before.saturating_sub(now));
    let is_last = seen.records == 0 || seen.total.is_some_and(|total| u64::from(at.page) * size >= total);
    let window = |page| Cursor::Window { from: at.from, to: Some(at.to), page, total: seen.total };
    if at.page > 1 && gone > 0 {
        let first_moved = (u64::from(at.page - 1) * size).saturating_sub(gone);
        window(u32::try_from(first_moved / size + 1).unwrap_or(1))
    } else if is_last {
        Cursor::Window { from: seen.known(at.from, at.to), to: None, page: 1, total: None }
    } else {
        window(at.page + 1)
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

    fn page(records: u64, total: u64) -> Seen {
        Seen { records, total: Some(total), ..Seen::default() }
    }

    #[test]
    fn a_window_is_read_to_its_end_and_the_next_one_begins_there() {
        let spec = PullSpec { page_size: 100, overlap_s: 60, ..spec("hotline-12345") };
        let start = Cursor::start(&spec, at("2026-03-01T00:00:00Z"));
        assert!(start.is_between_rounds());
        let first = start.begun(&spec, at("2026-03-01T01:00:00Z"));
        let query = first.query(&spec);
        assert!(query.contains(&("updatedFrom".into(), "2026-03-01 07:59:00".into())), "{query:?}");
        assert!(query.contains(&("updatedTo".into(), "2026-03-01 08:59:59".into())), "{query:?}");
        let second = first.after(&spec, &page(110, 150));
        assert!(second.query(&spec).contains(&("page".into(), "2".into())));
        assert!(!second.is_between_rounds());
        let end = second.after(&spec, &page(50, 150));
        assert_eq!(end, Cursor::start(&spec, at("2026-03-01T00:59:59Z")));
    }

    /// A source in which a record leaves the window now and then while it is read.
    #[test]
    fn records_that_move_while_a_window_is_read_are_not_lost() {
        for leaves_every in 1..8 {
            let spec = PullSpec { page_size: 10, ..spec("hotline-12345") };
            let mut window: Vec<u32> = (0..95).collect();
            let (mut read, mut left) = (std::collections::BTreeSet::new(), Vec::new());
            let mut cursor = Cursor::start(&spec, at("2026-03-01T00:00:00Z")).begun(&spec, at("2026-03-01T01:00:00Z"));
            for asked in 1..2000 {
                let Cursor::Window { page: number, to: Some(_), .. } = cursor else { break };
                let rows: Vec<u32> = window.iter().skip((number as usize - 1) * 10).take(10).copied().collect();
                cursor = cursor.after(&spec, &page(rows.len() as u64, window.len() as u64));
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
        let cursor = Cursor::start(&spec, at("2026-03-01T00:00:00Z")).begun(&spec, at("2026-03-01T01:00:00Z"));
        let seen = Seen { served_size: Some(200), ..page(200, 300) };
        assert!(matches!(cursor.after(&spec, &seen), Cursor::Window { page: 2, .. }));
    }

    #[test]
    fn a_long_absence_is_made_up_in_windows() {
        let spec = PullSpec { window_s: 3600, ..spec("hotline-12345") };
        let cursor = Cursor::start(&spec, at("2026-03-01T00:00:00Z")).begun(&spec, at("2026-03-05T00:00:00Z"));
        assert!(matches!(cursor, Cursor::Window { to: Some(to), .. } if to == at("2026-03-01T01:00:00Z")));
    }

    /// Our clock was an hour ahead: what the source writes in that hour must still be asked for.
    #[test]
    fn nothing_is_known_beyond_the_present_of_the_source() {
        let there = Some(at("2026-03-01T01:00:00Z"));
        for pack in ["hotline-12345", "petition-portal"] {
            let spec = spec(pack);
            let start = Cursor::start(&spec, at("2026-03-01T00:00:00Z")).begun(&spec, at("2026-03-01T02:00:00Z"));
            let end = start.after(&spec, &Seen { there, ..page(1, 1) });
            let known = match end {
                Cursor::Window { from, .. } => from,
                Cursor::Token { since, .. } => since,
            };
            assert_eq!(known, at("2026-03-01T00:59:59Z"), "{pack}");
            let early = start.after(&spec, &Seen { there: Some(at("2026-02-01T00:00:00Z")), ..page(1, 1) });
            assert!(early == Cursor::start(&spec, at("2026-03-01T00:00:00Z")), "{pack}: it goes back");
        }
    }

    #[test]
    fn a_list_of_tokens_is_followed() {
        let spec = spec("petition-portal");
        let start = Cursor::start(&spec, at("2026-03-01T00:00:00Z")).begun(&spec, at("2026-03-01T01:00:00Z"));
        let seen = Seen { records: 5, next: Some("c5".into()), ..Seen::default() };
        let second = start.after(&spec, &seen);
        assert!(second.query(&spec).contains(&("cursor".into(), "c5".into())));
        let end = second.after(&spec, &Seen { records: 2, ..Seen::default() });
        assert_eq!(end, Cursor::start(&spec, at("2026-03-01T01:00:00Z")));
    }

    #[test]
    fn a_stored_cursor_is_read_back() {
        let cursor = Cursor::start(&spec("hotline-12345"), at("2026-03-01T00:00:00Z"));
        let text = serde_json::to_string(&cursor).expect("written");
        assert_eq!(text, r#"{"kind":"window","from":"2026-03-01T00:00:00Z","to":null,"page":1,"total":null}"#);
        assert_eq!(serde_json::from_str::<Cursor>(&text).expect("read"), cursor);
    }
}
