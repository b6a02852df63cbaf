//! The present by two clocks, and what is past by them. Pure.

use jiff::{SignedDuration, Timestamp};

/// The present by two clocks: ours, and the source's as it tells it. Either may be wrong, and which of them the source
/// writes its records by, nobody says. So both are asked up to, and nothing counts as known that lies beyond one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Present {
    pub(super) earlier: Timestamp,
    later: Timestamp,
    /// The source told its time.
    both: bool,
}

impl Present {
    pub(super) fn new(ours: Timestamp, there: Option<Timestamp>) -> Self {
        let (both, there) = (there.is_some(), there.unwrap_or(ours));
        Self { earlier: ours.min(there), later: ours.max(there), both }
    }

    /// What is past by both clocks, and no longer written to.
    pub(super) fn surely(self) -> Timestamp {
        settled(self.earlier)
    }

    /// What is past by one of them.
    pub(super) fn perhaps(self) -> Timestamp {
        settled(self.later)
    }

    /// The place that was reached, where one of the clocks has reached it. Else both were ahead when it was, and what was written
    /// since they were put right lies before it, and would never be asked for: so far back as it lies ahead is asked. Our clock
    /// alone proves nothing: it may be behind now.
    pub(super) fn reached(self, place: Timestamp) -> Timestamp {
        let ahead = place.duration_since(self.later);
        if !self.both || ahead <= AGREE {
            return place;
        }
        self.surely().checked_sub(ahead.min(FURTHEST_BACK)).unwrap_or(place)
    }

    pub(super) fn differ(self) -> bool {
        self.later.duration_since(self.earlier) > AGREE
    }
}

fn settled(at: Timestamp) -> Timestamp {
    at.checked_sub(SETTLED).unwrap_or(at)
}

/// A clock that was ten years ahead is no reason to ask for ten years.
const FURTHEST_BACK: SignedDuration = SignedDuration::from_hours(7 * 24);
/// A window ends this long before the present: the second that is still being written to is left to the next one,
/// so that while a window is read, records leave it but none come into it.
const SETTLED: SignedDuration = SignedDuration::from_secs(1);
/// Clocks that differ by less say the same: what the earlier one has not reached is read so much later.
pub(super) const AGREE: SignedDuration = SignedDuration::from_secs(10);
