//! Where a pull stands: a value that is stored beside the records it led to, and only after them.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::error::{Missing, PullError};
use super::present::Present;
use super::records::{Digest, Whose};
use super::spec::{PullSpec, Walk};
use super::token::Token;
use super::window::{Reading, Window};

/// Where a pull stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Cursor {
    /// In a window of update times.
    Window(Window),
    /// In a list that names its own next page.
    Token(Token),
}

/// What one answer said of the list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) records: Vec<Whose>,
    /// The whole list, to know it again: some serve their last page for every page beyond it.
    pub(super) list: Option<Digest>,
    pub(super) total: Option<u64>,
    pub(super) next: Option<String>,
    /// The present when it was given.
    pub(super) present: Option<Present>,
}

impl Seen {
    /// How far everything is known: not beyond the present of either clock, whatever it was when we asked.
    pub(super) fn known(&self, from: Timestamp, to: Timestamp) -> Timestamp {
        self.present.map_or(to, |present| to.min(present.surely())).max(from)
    }
}

impl Cursor {
    /// Where a first connection begins.
    pub fn start(spec: &PullSpec, since: Timestamp) -> Self {
        match spec.walk {
            Walk::Window { .. } => Self::Window(Window::between(since)),
            Walk::Cursor { .. } => Self::Token(Token::round(since)),
        }
    }

    /// Whether the list has been read to its end, so that there is no hurry for the next page.
    pub fn is_between_rounds(&self) -> bool {
        match self {
            Self::Window(window) => window.to.is_none() && !window.beyond,
            Self::Token(token) => token.began.is_none(),
        }
    }

    /// The cursor, gone back where it stands beyond both clocks between two rounds; never before where the channel begins.
    pub(super) fn reached(self, now: Present, since: Option<Timestamp>) -> Self {
        let back = |place: Timestamp| match now.reached(place) {
            back if back < place => since.map_or(back, |since| back.max(since)).min(place),
            _ => place,
        };
        match self {
            Self::Window(window) if self.is_between_rounds() => Self::Window(Window::between(back(window.from))),
            Self::Token(Token { since, began: None, token }) => {
                Self::Token(Token { token, ..Token::round(back(since)) })
            }
            underway => underway,
        }
    }

    /// The cursor with its round begun now.
    pub(super) fn begun(self, spec: &PullSpec, now: Present) -> Self {
        match self {
            Self::Window(window) => Self::Window(window.begun(spec, now)),
            Self::Token(token) => Self::Token(token.begun(now)),
        }
    }

    /// The names and values to ask with.
    pub(super) fn query(&self, spec: &PullSpec) -> Vec<(String, String)> {
        let early = |at: Timestamp| {
            let overlap = SignedDuration::from_secs(i64::from(spec.overlap_s));
            written(at.checked_sub(overlap).unwrap_or(at), spec)
        };
        let mut query = spec.fixed.clone();
        match (self, &spec.walk) {
            (Self::Window(window), Walk::Window { from: f, to: t, page: p }) => {
                let (from, to) = window.bounds();
                query.push((f.clone(), early(from)));
                query.push((t.clone(), written(to, spec)));
                query.push((p.clone(), window.page.to_string()));
            }
            (Self::Token(Token { since, token, .. }), Walk::Cursor { since: s, cursor: c, .. }) => {
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
            (Self::Window(window), Walk::Cursor { .. }) => Self::start(spec, window.from),
            (Self::Token(token), Walk::Window { .. }) => Self::start(spec, token.since),
            _ => self.clone(),
        }
    }

    /// Where it goes on after an answer, and what it passes over.
    ///
    /// # Errors
    /// When the answer names records that it does not list.
    pub(super) fn after(&self, seen: &Seen, reading: &mut Reading) -> Result<(Self, Option<Missing>), PullError> {
        match self {
            Self::Window(window) => reading.after(*window, seen).map(|(next, missing)| (Self::Window(next), missing)),
            Self::Token(token) => Ok((Self::Token(token.after(seen)), None)),
        }
    }

    /// Where it goes on although this page could not be had, and what it tells; none where it must be.
    pub(super) fn beyond(
        &self,
        error: &PullError,
        present: Present,
        reading: &mut Reading,
    ) -> Option<(Self, Option<Missing>)> {
        match self {
            Self::Window(window) => {
                reading.beyond(window, error, present).map(|(next, missing)| (Self::Window(next), missing))
            }
            Self::Token(_) => None,
        }
    }

    /// The number of the page it asks for.
    pub(super) fn page(&self) -> u32 {
        match self {
            Self::Window(window) => window.page,
            Self::Token(_) => 1,
        }
    }

    /// The token it asks with.
    pub(super) fn token(&self) -> Option<&String> {
        match self {
            Self::Window(_) => None,
            Self::Token(token) => token.token.as_ref(),
        }
    }

    /// Where it goes on if a window beyond the earlier clock is not read; none where it is another that must be.
    pub(super) fn given_up(&self) -> Option<Self> {
        match self {
            Self::Window(window) => window.given_up().map(Self::Window),
            Self::Token(_) => None,
        }
    }
}

fn written(at: Timestamp, spec: &PullSpec) -> String {
    crate::map::write_time(at, &spec.time_format, &spec.zone)
}
