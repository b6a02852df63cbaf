//! Which of the systems is simulated, and what differs between them.
//!
//! The only place that dispatches on the system's kind; vocabulary lives in `hotline` and `petition`.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::clock;
use super::matters::Matter;
use super::{grid, hotline, petition, video};

/// A kind of upstream system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum System {
    /// The 12345 hotline.
    Hotline,
    /// The petition portal.
    Petition,
    /// The grid workers' platform.
    Grid,
    /// The mediation platform.
    Video,
}

/// So many matters are looked at for one of a kind a system hears of.
const MOST_TRIED: u64 = 256;

/// What a write-back means, in any system's words.
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
            Self::Grid => {
                let number = format!("JB-WG-{}-{n:06}", clock::format(now, "%Y%m%d"));
                (number.clone(), number)
            }
            Self::Video => {
                let number = format!("TJ{}{n:06}", clock::format(now, "%Y%m%d"));
                (number.clone(), number)
            }
        }
    }

    /// Its matter `n`: two systems under one seed do not hear of the same ones, nor of every kind.
    pub(crate) fn matter(self, seed: u64, n: u64) -> Matter {
        let kinds: &[&str] = match self {
            Self::Hotline => return Matter::generate(seed, n),
            Self::Petition => return Matter::generate(!seed, n),
            Self::Grid => grid::record::APPEALS,
            Self::Video => video::record::APPEALS,
        };
        let seed = seed ^ (self as u64) << 32;
        let fits = |matter: &Matter| kinds.contains(&matter.truth.appeal.as_str());
        let mut tried = (0..MOST_TRIED).map(|k| Matter::generate(seed, n * MOST_TRIED + k));
        let found = tried.find(fits).unwrap_or_else(|| Matter::generate(seed, n));
        let truth = super::matters::Truth { n, ..found.truth };
        Matter { truth, ..found }
    }

    /// A new record, all fields known, absent ones `null`, dates in the documented form.
    pub(crate) fn compose(self, matter: &Matter, id: &str, number: &str, now: i64) -> Value {
        match self {
            Self::Hotline => hotline::record::compose(matter, id, number, now),
            Self::Petition => petition::record::compose(matter, id, now),
            Self::Grid => grid::record::compose(matter, id, now),
            Self::Video => video::record::compose(matter, id, now),
        }
    }

    /// Changes the record as the system does when a write-back takes effect.
    pub(crate) fn apply(self, body: &mut Value, action: Action, answer: &Value, now: i64) {
        match self {
            Self::Hotline => hotline::record::apply(body, action, answer, now),
            Self::Petition => petition::record::apply(body, action, answer, now),
            Self::Grid => grid::record::apply(body, action, answer),
            Self::Video => video::record::apply(body, action, answer),
        }
    }

    /// Writes the record's own update time, where the format has one.
    pub(crate) fn stamp(self, body: &mut Value, changed_at: i64) {
        match self {
            Self::Hotline | Self::Grid => body["updateTime"] = clock::dashed(changed_at).into(),
            Self::Video => body["updated_at"] = clock::dashed(changed_at).into(),
            Self::Petition => {}
        }
    }

    /// Whether its records are pushed; of the others, only what happens in a room is.
    pub(crate) fn pushes_records(self) -> bool {
        self != Self::Video
    }

    /// Where a batch of records lies in a push.
    pub(crate) fn batch_key(self) -> &'static str {
        match self {
            Self::Hotline | Self::Petition => "orders",
            Self::Grid | Self::Video => "events",
        }
    }

    /// The id a record carries.
    pub(crate) fn id_of(self, body: &Value) -> Option<&str> {
        match self {
            Self::Hotline => body["orderId"].as_str(),
            Self::Petition => body["xfj"]["xfjbh"].as_str(),
            Self::Grid => body["externalEventId"].as_str(),
            Self::Video => body["case_no"].as_str(),
        }
    }

    /// Keys whose values are dates.
    pub(crate) fn date_keys(self) -> &'static [&'static str] {
        match self {
            Self::Hotline => hotline::record::DATES,
            Self::Petition => petition::record::DATES,
            Self::Grid => grid::record::DATES,
            Self::Video => video::record::DATES,
        }
    }

    /// Keys left out of a half-filled record.
    pub(crate) fn withheld_keys(self) -> &'static [&'static str] {
        match self {
            Self::Hotline => hotline::record::WITHHELD,
            Self::Petition => petition::record::WITHHELD,
            Self::Grid => grid::record::WITHHELD,
            Self::Video => video::record::WITHHELD,
        }
    }
}
