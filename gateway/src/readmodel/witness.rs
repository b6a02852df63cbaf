//! By what a log is known again: its messages are numbered alike in any log, so a number alone says nothing of which one was
//! read.

use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{LogMessage, Result, Said, schema};

/// A message of the log that no other log holds in its place: its content is sealed anew or bears a time. An alias, which
/// would be the same if its case were registered again, is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Witness {
    /// Its place in the stream.
    pub sequence: u64,
    /// Of its place, its subject and its payload.
    digest: u64,
}

impl Witness {
    /// The message as a witness, if it may be one.
    pub fn of(message: &LogMessage) -> Option<Self> {
        match &message.said {
            Said::Stored(payload) => Self::stored(message.sequence, &message.subject, payload),
            Said::Decided { witness, .. } | Said::Subject { witness } => *witness,
        }
    }

    /// A stored message as a witness, if it may be one.
    pub fn stored(sequence: u64, subject: &str, payload: &[u8]) -> Option<Self> {
        if subject.starts_with("alias.") {
            return None;
        }
        let mut hash = Sha256::new();
        hash.update(sequence.to_be_bytes());
        hash.update(subject.as_bytes());
        hash.update([0]);
        hash.update(payload);
        let digest = hash.finalize().first_chunk().copied().map(u64::from_be_bytes)?;
        Some(Self { sequence, digest })
    }

    /// The last one among messages after `position`.
    pub(super) fn among(batch: &[LogMessage], position: u64) -> Option<Self> {
        batch.iter().rev().filter(|message| message.sequence > position).find_map(Self::of)
    }

    pub(super) fn read(connection: &Connection) -> Result<Option<Self>> {
        let sequence = schema::meta(connection, "witness")?.map(i64::cast_unsigned);
        let digest = schema::meta(connection, "witness_digest")?.map(i64::cast_unsigned);
        Ok(sequence.zip(digest).map(|(sequence, digest)| Self { sequence, digest }))
    }

    pub(super) fn write(self, connection: &Connection) -> Result<()> {
        schema::set_meta(connection, "witness", self.sequence.cast_signed())?;
        schema::set_meta(connection, "witness_digest", self.digest.cast_signed())
    }
}

/// How far the log was read, and by what it is known again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The sequence of the last message taken in.
    pub position: u64,
    /// The last of them that is one; none where nothing was read.
    pub witness: Option<Witness>,
}
