//! Which of the systems is simulated, and what differs between them.
//!
//! The only place that dispatches on the system's kind; vocabulary lives in `hotline` and `petition`.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::clock;
use super::matters::Matter;
use super::{hotline, petition};

/// A kind of upstream system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum System {
    /// The 12345 hotline.
    Hotline,
    /// The petition portal.
    Petition,
}

/// What a write-back means, in either system's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// The department takes it on.
    Accept,
    /// Handed back, with a reason.
    Return,
    /// Lawfully not taken on.
    Decline,
    /// A step was taken.
    Progress,
    /// The result, with what was told the citizen.
    Result,
    /// More time asked for.
    Extend,
}

impl System {
    /// The record's id and its printed number, for number `n` of the sequence.
    pub(crate) fn numbers(self, n: u64, now: i64) -> (String, String) {
        match self {
            Self::Hotline => (
                format!("{}{n:08}", clock::format(now, "%Y%m%d")),
                format!("热线-{}-{n:06}", clock::format(now, "%y%m%d")),
            ),
            Self::Petition => {
                let number = format!("33020500{}{n:08}", clock::format(now, "%Y%m%d"));
                (number.clone(), number)
            }
        }
    }

    /// The seed of its matters: two systems under one seed do not hear of the same ones.
    pub(crate) fn matter_seed(self, seed: u64) -> u64 {
        match self {
            Self::Hotline => seed,
            Self::Petition => !seed,
        }
    }

    /// A new record, all fields known, absent ones `null`, dates in the documented form.
    pub(crate) fn compose(self, matter: &Matter, id: &str, number: &str, now: i64) -> Value {
        match self {
            Self::Hotline => hotline::record::compose(matter, id, number, now),
            Self::Petition => petition::record::compose(matter, id, now),
        }
    }

    /// Changes the record as the system does when a write-back takes effect.
    pub(crate) fn apply(self, body: &mut Value, action: Action, answer: &Value, now: i64) {
        match self {
            Self::Hotline => hotline::record::apply(body, action, answer, now),
            Self::Petition => petition::record::apply(body, action, answer, now),
        }
    }

    /// Writes the record's own update time, where the format has one.
    pub(crate) fn stamp(self, body: &mut Value, changed_at: i64) {
        if self == Self::Hotline {
            body["updateTime"] = clock::dashed(changed_at).into();
        }
    }

    /// The id a record carries.
    pub(crate) fn id_of(self, body: &Value) -> Option<&str> {
        match self {
            Self::Hotline => body["orderId"].as_str(),
            Self::Petition => body["xfj"]["xfjbh"].as_str(),
        }
    }

    /// Keys whose values are dates.
    pub(crate) fn date_keys(self) -> &'static [&'static str] {
        match self {
            Self::Hotline => hotline::record::DATES,
            Self::Petition => petition::record::DATES,
        }
    }

    /// Keys left out of a half-filled record.
    pub(crate) fn withheld_keys(self) -> &'static [&'static str] {
        match self {
            Self::Hotline => hotline::record::WITHHELD,
            Self::Petition => petition::record::WITHHELD,
        }
    }
}
