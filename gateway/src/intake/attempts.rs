//! Envelopes of which gateways die. What was in hand when one died comes again: first with few others beside it, then alone,
//! and that it is in hand is written down, beside the cursors, until it is put down. If the gateway dies now, it dies of this
//! one; after some such deaths in a row it is given up. A kill or a power cut convicts nobody: the same envelope would have to
//! be the one in hand each time.
//!
//! What comes for the first time, and what this process met before and outlived, is suspected of nothing and costs nothing: how
//! often the server delivered it says little, for it counts what was given back while there was no room, too.

use async_nats::jetstream::Context;

use crate::cache::Cache;
use crate::engine::streams::CURSORS;

/// So many gateways in a row may die of one that was alone in their hands.
const MOST: u32 = 4;
/// So many envelopes that were out when a gateway died may be in hand together.
const FEW: usize = 50;

/// What is known of envelopes that were worked on.
#[derive(Clone)]
pub(super) struct Attempts {
    jetstream: Context,
    /// Which of its deliveries this process met last: it lives, so nobody died of that one.
    met: Cache<u64, i64>,
}

/// How carefully an envelope is taken up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Care {
    /// Beside all others.
    None,
    /// With few others: a gateway may have died with it in hand.
    AmongFew,
    /// With no other, and noted: several may have.
    Alone,
}

/// Whether an envelope may be taken up.
pub(super) enum Attempt {
    /// It may.
    Begun,
    /// Whoever took it up alone died of it, so many times in a row.
    Poison(u32),
}

impl Care {
    fn of(delivered: i64, met: Option<i64>) -> Self {
        if met.is_some_and(|last| last + 1 >= delivered) {
            return Self::None;
        }
        match delivered {
            ..=1 => Self::None,
            2 => Self::AmongFew,
            _ => Self::Alone,
        }
    }

    /// For how many it counts, where so many may be in hand.
    pub fn weight(self, of: usize) -> u32 {
        let weight = match self {
            Self::None => 1,
            Self::AmongFew => of / FEW,
            Self::Alone => of,
        };
        u32::try_from(weight).unwrap_or(u32::MAX)
    }
}

impl Attempts {
    /// Remembers so many envelopes it met.
    pub fn new(jetstream: Context, most: usize) -> Self {
        Self { jetstream, met: Cache::new(most) }
    }

    /// How carefully this one is to be taken up, delivered for the so-many-th time.
    pub fn care(&self, sequence: u64, delivered: i64) -> Care {
        let met = self.met.get(&sequence);
        self.met.insert(sequence, delivered);
        Care::of(delivered, met)
    }

    /// Writes down that the envelope is in hand, if it is alone.
    ///
    /// # Errors
    /// When that cannot be written down: then it must not be taken up.
    pub async fn begin(&self, sequence: u64, care: Care) -> Result<Attempt, String> {
        if care != Care::Alone {
            return Ok(Attempt::Begun);
        }
        let notes = self.jetstream.get_key_value(CURSORS).await.map_err(|e| e.to_string())?;
        let kept = notes.get(key(sequence)).await.map_err(|e| e.to_string())?;
        let died = kept.and_then(|v| std::str::from_utf8(&v).ok()?.parse().ok()).unwrap_or(0);
        if died >= MOST {
            return Ok(Attempt::Poison(died));
        }
        if died > 0 {
            tracing::warn!(
                sequence,
                died,
                "envelope {sequence} was alone in hand when a gateway ended: {died} of {MOST}"
            );
        }
        notes.put(key(sequence), (died + 1).to_string().into()).await.map_err(|e| e.to_string())?;
        Ok(Attempt::Begun)
    }

    /// We live: whatever came of it, it is not what a gateway dies of.
    pub async fn end(&self, sequence: u64, care: Care) {
        if care != Care::Alone {
            return;
        }
        if let Err(error) = self.forget(sequence).await {
            tracing::debug!(error, sequence, "that an envelope was put down is not written down");
        }
    }

    async fn forget(&self, sequence: u64) -> Result<(), String> {
        let notes = self.jetstream.get_stream_no_info(format!("KV_{CURSORS}")).await.map_err(|e| e.to_string())?;
        let subject = format!("$KV.{CURSORS}.{}", key(sequence));
        notes.purge().filter(subject).await.map(drop).map_err(|e| e.to_string())
    }
}

fn key(sequence: u64) -> String {
    format!("begun.{sequence}")
}

/// For the tests, and in no release: dies of an envelope that holds the text it is told to die of.
#[cfg(debug_assertions)]
pub(super) fn die_of(body: &[u8]) {
    let text = std::env::var("HUILIU_DIES_OF").unwrap_or_default();
    if !text.is_empty() && String::from_utf8_lossy(body).contains(&text) {
        std::process::abort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_have_ended_a_gateway_is_taken_up_ever_more_carefully() {
        let of = |delivered, met| Care::of(delivered, met);
        assert_eq!([1, 2, 3, 70].map(|n| of(n, None)), [Care::None, Care::AmongFew, Care::Alone, Care::Alone]);
        // Given back by this process, or left lying so long that the server sent it once more.
        assert_eq!([of(2, Some(1)), of(70, Some(69)), of(69, Some(70))], [Care::None; 3]);
        // Given back by us, and then another had it.
        assert_eq!([of(3, Some(1)), of(71, Some(69))], [Care::Alone; 2]);
    }

    #[test]
    fn who_is_alone_leaves_room_for_nobody() {
        assert_eq!([Care::None, Care::AmongFew, Care::Alone].map(|care| care.weight(1_000)), [1, 20, 1_000]);
    }
}
