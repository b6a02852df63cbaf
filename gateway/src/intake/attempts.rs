//! Envelopes that were taken up and never put down: of one that comes again and again it is written down, beside the cursors,
//! that it is being worked on, and wiped out when whatever came of it is known. What is left is what a gateway died of. How
//! often the server delivered it says nothing of that: it counts what was given back while there was no room, too.

use async_nats::jetstream::Context;

use crate::engine::streams::CURSORS;

/// So often the server delivers an envelope before it is suspected: until then nothing is written down.
const UNSUSPECTED: i64 = 10;
/// So many gateways in a row may die of one.
const MOST: u32 = 60;

/// What is known of envelopes being worked on.
#[derive(Clone)]
pub(super) struct Attempts {
    jetstream: Context,
}

/// Whether an envelope may be taken up.
pub(super) enum Attempt {
    /// It may.
    Begun,
    /// Whoever took it up died of it, so many times in a row.
    Poison(u32),
}

impl Attempts {
    pub fn new(jetstream: Context) -> Self {
        Self { jetstream }
    }

    /// Writes down that the envelope is being worked on, if it was delivered so often that it is suspected.
    ///
    /// # Errors
    /// When that cannot be written down: then it must not be taken up.
    pub async fn begin(&self, sequence: u64, delivered: i64) -> Result<Attempt, String> {
        if delivered <= UNSUSPECTED {
            return Ok(Attempt::Begun);
        }
        let notes = self.jetstream.get_key_value(CURSORS).await.map_err(|e| e.to_string())?;
        let kept = notes.get(key(sequence)).await.map_err(|e| e.to_string())?;
        let died = kept.and_then(|v| std::str::from_utf8(&v).ok()?.parse().ok()).unwrap_or(0);
        if died >= MOST {
            return Ok(Attempt::Poison(died));
        }
        notes.put(key(sequence), (died + 1).to_string().into()).await.map_err(|e| e.to_string())?;
        Ok(Attempt::Begun)
    }

    /// We live: whatever came of it, it is not what a gateway dies of.
    pub async fn end(&self, sequence: u64, delivered: i64) {
        if delivered <= UNSUSPECTED {
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
