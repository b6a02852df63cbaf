//! Codes of a channel that no table translated when they came, as the log has them.

use huiliu_schemas::ids::Channel;
use jiff::Timestamp;
use rusqlite::params;
use schemars::JsonSchema;
use serde::Serialize;

use super::time;
use crate::readmodel::{ReadHandle, Result};

/// A code nobody had translated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct UnknownCode {
    /// The field of ours it came for.
    pub field: String,
    /// The code, as the source wrote it.
    pub code: String,
    /// Happenings that carry it.
    pub count: u64,
    /// When it was first met.
    pub first: Timestamp,
    /// When it was last met.
    pub last: Timestamp,
}

impl ReadHandle {
    /// The codes of a channel, the most frequent first, at most `limit`. Walks over all happenings: for a person who asks.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn unknown_codes(&self, channel: &Channel, limit: usize) -> Result<Vec<UnknownCode>> {
        self.ask(|db| {
            let mut statement = db.prepare_cached(
                "SELECT u.key, u.value, count(*), min(h.at), max(h.at)
                 FROM history h CROSS JOIN json_each(h.body, '$.data.facts.unknown_codes') u
                 WHERE instr(h.body, '\"unknown_codes\":{\"') > 0 AND json_extract(h.body, '$.data.channel') = ?1
                 GROUP BY u.key, u.value ORDER BY count(*) DESC, u.key, u.value LIMIT ?2",
            )?;
            let rows =
                statement.query_map(params![channel.as_str(), i64::try_from(limit).unwrap_or(i64::MAX)], |row| {
                    Ok(UnknownCode {
                        field: row.get(0)?,
                        code: row.get(1)?,
                        count: row.get::<_, i64>(2)?.unsigned_abs(),
                        first: time(row.get(3)?),
                        last: time(row.get(4)?),
                    })
                })?;
            Ok(rows.collect::<std::result::Result<_, _>>()?)
        })
    }
}
