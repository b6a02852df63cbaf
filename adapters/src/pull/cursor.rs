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
        /// How many records the window had at its first page: another number means that records moved.
        total: Option<u64>,
        /// How often the window was begun again because records moved.
        restarts: u32,
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
}

/// A window is begun again at most so often; then what moved is left to the overlap.
const MOST_RESTARTS: u32 = 3;

impl Cursor {
    /// Where a first connection begins.
    pub fn start(spec: &PullSpec, since: Timestamp) -> Self {
        match spec.walk {
            Walk::Window { .. } => Self::Window { from: since, to: None, page: 1, total: None, restarts: 0 },
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
                let end = from.checked_add(longest).map_or(now, |end| end.min(now)).max(*from);
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
            Self::Window { from, to: Some(to), page, total, restarts } => {
                after_page(spec, seen, &WindowAt { from, to, page, total, restarts })
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
    restarts: u32,
}

/// A record updated while we read leaves the window and moves all later ones a place forward, past the page we ask
/// for next: the number of records in the window tells, and the window is begun again.
fn after_page(spec: &PullSpec, seen: &Seen, at: &WindowAt) -> Cursor {
    let first = at.total.or(seen.total);
    let moved = at.page > 1 && first != seen.total && at.restarts < MOST_RESTARTS;
    let size = seen.served_size.unwrap_or(u64::MAX).min(u64::from(spec.page_size)).max(1);
    let is_last = seen.records == 0 || seen.total.is_some_and(|total| u64::from(at.page) * size >= total);
    let window = |page, total, restarts| Cursor::Window { from: at.from, to: Some(at.to), page, total, restarts };
    if moved {
        window(1, None, at.restarts + 1)
    } else if is_last {
        Cursor::Window { from: at.to, to: None, page: 1, total: None, restarts: 0 }
    } else {
        window(at.page + 1, first, at.restarts)
    }
}

fn after_token(since: Timestamp, began: Option<Timestamp>, seen: &Seen) -> Cursor {
    match &seen.next {
        Some(next) if seen.records > 0 => Cursor::Token { since, began, token: Some(next.clone()) },
        // A token beside an empty list is a place to come back to.
        Some(next) => Cursor::Token { since, began: None, token: Some(next.clone()) },
        None => Cursor::Token { since: began.unwrap_or(since), began: None, token: None },
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
        assert!(query.contains(&("updatedTo".into(), "2026-03-01 09:00:00".into())), "{query:?}");
        let second = first.after(&spec, &page(110, 150));
        assert!(second.query(&spec).contains(&("page".into(), "2".into())));
        assert!(!second.is_between_rounds());
        let end = second.after(&spec, &page(50, 150));
        assert_eq!(end, Cursor::start(&spec, at("2026-03-01T01:00:00Z")));
    }

    #[test]
    fn a_window_whose_records_moved_is_begun_again_but_not_forever() {
        let spec = PullSpec { page_size: 10, ..spec("hotline-12345") };
        let mut cursor = Cursor::start(&spec, at("2026-03-01T00:00:00Z")).begun(&spec, at("2026-03-01T01:00:00Z"));
        let (mut asked, mut total) = (0, 1000);
        while !cursor.is_between_rounds() {
            cursor = cursor.after(&spec, &page(10, total));
            total -= 1;
            asked += 1;
            assert!(asked < 500, "{cursor:?}");
        }
        assert!(asked > 90);
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
        assert_eq!(
            text,
            r#"{"kind":"window","from":"2026-03-01T00:00:00Z","to":null,"page":1,"total":null,"restarts":0}"#
        );
        assert_eq!(serde_json::from_str::<Cursor>(&text).expect("read"), cursor);
    }
}
