//! The walk through a list that names its own next page. Pure.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::cursor::Seen;
use super::present::Present;

/// In a list that names its own next page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Token {
    /// The round asks for what changed since then.
    pub(super) since: Timestamp,
    /// When the round began: the next one starts there.
    pub(super) began: Option<Timestamp>,
    /// The next page, in the source's words.
    pub(super) token: Option<String>,
}

impl Token {
    /// A round of everything since then.
    pub(super) fn round(since: Timestamp) -> Self {
        Self { since, began: None, token: None }
    }

    pub(super) fn begun(self, now: Present) -> Self {
        Self { began: self.began.or(Some(now.earlier)), ..self }
    }

    /// Where it goes on after an answer.
    pub(super) fn after(&self, seen: &Seen) -> Self {
        match &seen.next {
            Some(next) if !seen.records.is_empty() => {
                // The source's clock may not have been heard when the round began.
                let earlier = seen.present.map(|present| present.earlier);
                let began = self.began.into_iter().chain(earlier).min();
                Self { token: Some(next.clone()), began, ..*self }
            }
            // A token beside an empty list is a place to come back to.
            Some(next) => Self { token: Some(next.clone()), ..Self::round(self.since) },
            None => Self::round(seen.known(self.since, self.began.unwrap_or(self.since))),
        }
    }
}
