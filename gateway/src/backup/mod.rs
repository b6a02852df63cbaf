//! Backup and restore. What belongs to a backup, and in which order it is copied while the hub runs; nothing stands still
//! for it, so the order is what makes the copies fit together:
//!
//! 1. the pipeline's **ack floor** of INTAKE is noted: whatever lies below it was decided, and the decision is in CASES;
//! 2. **CASES** is copied as it is then, between two batches of the ledger, so that no decision is torn;
//! 3. **KEYS**: a key is stored before the events that need it, so a later copy has the key of every event;
//! 4. **DEAD** and the bucket of **cursors**: a letter that is taken up again is in INTAKE before it leaves DEAD, and a cursor
//!    moves only after INTAKE has the page it passed over, so both are copied before INTAKE, never after;
//! 5. **INTAKE**, without its consumer. On restore the consumer begins after the noted floor, so whatever may be missing
//!    from CASES is decided again; what is there already is known by its cause, and appends nothing.
//!
//! QUEUES, OUTCOMES, leases and the read model are in no backup: they are made anew from CASES, or run out in days.
//!
//! The sequences of CASES and INTAKE survive: a cause names a sequence of INTAKE, a comparison one of CASES.

pub mod frames;
pub mod keep;
pub mod manifest;
pub mod proven;
pub mod receive;
pub mod restore;
pub mod set;
pub mod source;
pub mod verify;
mod write;

use crate::engine::streams::{CASES, CURSORS, DEAD, INTAKE, KEYS};

/// The streams of a backup, in the order in which they are copied.
pub fn streams() -> [String; 5] {
    [CASES.into(), KEYS.into(), DEAD.into(), bucket(CURSORS), INTAKE.into()]
}

/// The stream under a bucket.
fn bucket(name: &str) -> String {
    format!("KV_{name}")
}

/// Whether a stream is kept apart, with the master key.
fn is_kept_apart(stream: &str) -> bool {
    stream == KEYS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_refers_to_a_stream_is_copied_before_it_and_what_needs_a_key_before_the_keys() {
        let copied = streams();
        let place = |stream: &str| copied.iter().position(|name| name == stream).expect("copied");
        assert!(place(CASES) < place(KEYS), "an event could come without its key");
        for before in [CASES, DEAD, &bucket(CURSORS)] {
            assert!(place(before) < place(INTAKE), "{before} could name an envelope that INTAKE lacks");
        }
    }
}
