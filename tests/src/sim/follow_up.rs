//! What a citizen or the source does about an earlier matter, in each system's words.
//!
//! Pure changes of records; when they happen is decided in `book::arrivals`.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::book::Item;
use super::system::System;
use super::{grid, hotline, petition, video};

/// Something more about an earlier matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum FollowUp {
    /// The citizen asks where it stands.
    Urge,
    /// The citizen adds to it, under the same id.
    Supplement,
    /// The citizen files it again, under a new number.
    RepeatFiling,
    /// The citizen withdraws it.
    Withdraw,
}

/// What a return visit found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Visit {
    Satisfied,
    FairlySatisfied,
    Dissatisfied,
}

/// Whether the system gives this its own number, rather than changing the earlier record.
pub(crate) fn has_own_number(system: System, what: FollowUp) -> bool {
    match what {
        FollowUp::Urge => system == System::Hotline,
        FollowUp::RepeatFiling => true,
        FollowUp::Supplement | FollowUp::Withdraw => false,
    }
}

/// A record of its own about `earlier`.
pub(crate) fn renumber(system: System, what: FollowUp, earlier: &Item, id: &str, number: &str, now: i64) -> Value {
    match system {
        System::Hotline => hotline::record::follow_up(what, earlier, id, number, now),
        System::Petition => petition::record::file_again(earlier, id, now),
        System::Grid => grid::record::file_again(earlier, id, now),
        System::Video => video::record::file_again(earlier, id, now),
    }
}

/// Changes the earlier record itself.
pub(crate) fn change(system: System, what: FollowUp, body: &mut Value, now: i64) {
    match system {
        System::Hotline => hotline::record::change(what, body, now),
        System::Petition => petition::record::change(what, body, now),
        System::Grid => grid::record::change(what, body, now),
        System::Video => video::record::change(what, body, now),
    }
}

/// Writes what a return visit found.
pub(crate) fn visited(system: System, visit: Visit, body: &mut Value, now: i64) {
    match system {
        System::Hotline => hotline::record::visited(visit, body, now),
        System::Petition => petition::record::visited(visit, body, now),
        System::Grid => grid::record::visited(visit, body),
        System::Video => video::record::visited(visit, body),
    }
}
