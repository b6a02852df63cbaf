//! Looking at queues without taking anything from them: how they stand, and what is in them. Changes nothing, neither in
//! QUEUES nor for its consumers; shows clear data only.

use std::collections::BTreeMap;

use futures_util::TryStreamExt;
use huiliu_schemas::entry::Entry;
use huiliu_schemas::{DepartmentId, subjects};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::{QueueError, Queues, away};
use crate::engine::read::{self, StoredMessage};
use crate::engine::streams::QUEUES;
use crate::readmodel::{ReadHandle, ReadModelError};

/// How one department's queue stands.
#[derive(Debug, Default, Serialize, JsonSchema)]
#[schemars(rename = "QueueStanding")]
pub struct Standing {
    /// Whose.
    pub department: String,
    /// Its name in the directory, if it has one.
    pub name: Option<String>,
    /// Messages in QUEUES: not acknowledged yet, handed out or not.
    pub queued: u64,
    /// Handed out and not acknowledged yet.
    pub unacknowledged: u64,
    /// Of these, handed out more than once.
    pub redelivered: u64,
    /// Entries that still ask something of the department, acknowledged or not.
    pub live: i64,
    /// When the oldest of them was made.
    pub oldest_live_at: Option<Timestamp>,
    /// Its age.
    pub oldest_live_age_seconds: Option<i64>,
}

/// All queues.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Queues")]
pub struct AllStanding {
    /// The read model's counts are true as of this sequence of the case log.
    pub as_of: u64,
    /// Entries in the log that have not reached QUEUES yet.
    pub lag: u64,
    /// Those that ever had anything.
    pub queues: Vec<Standing>,
}

/// A message in QUEUES, as it stands there.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Peeked {
    /// Its sequence in QUEUES.
    pub sequence: u64,
    /// When it came there.
    pub since: Timestamp,
    /// Whether it still asks something of the department, as the read model knows it.
    pub live: bool,
    /// The entry; none where it does not read.
    pub entry: Option<Entry>,
}

/// Part of a queue.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Peek {
    /// Oldest first.
    pub entries: Vec<Peeked>,
    /// The next page's `cursor`; none at the end.
    pub next: Option<String>,
    /// The `cursor` after everything there is now, for whoever wants to see only what comes later.
    pub end: String,
}

impl Queues {
    /// How all queues stand: the departments of the directory, and whoever else ever had anything.
    ///
    /// # Errors
    /// When the server or the read model does not answer.
    pub async fn standing(&self, reads: &ReadHandle) -> Result<AllStanding, QueueError> {
        let overview = reads.aside(|reads| reads.overview(Timestamp::now())).await?;
        let mut queues = Gathered::default();
        let directory = self.ledger.desk().directory();
        for department in directory.departments.iter().filter(|d| d.active) {
            queues.of(department.id.as_str()).name = Some(department.name.clone());
        }
        for count in overview.departments {
            let standing = queues.of(&count.department);
            standing.live = count.live;
            standing.oldest_live_at = count.oldest_at;
            standing.oldest_live_age_seconds = count.oldest_age_seconds;
        }
        let stream = self.jetstream.get_stream(QUEUES).await.map_err(away)?;
        let lag = stream.cached_info().sources.iter().map(|source| source.lag).sum();
        let mut consumers = stream.consumers();
        while let Some(consumer) = consumers.try_next().await.map_err(away)? {
            let standing = queues.of(&consumer.name);
            standing.queued = consumer.num_pending + consumer.num_ack_pending as u64;
            standing.unacknowledged = consumer.num_ack_pending as u64;
            standing.redelivered = consumer.num_redelivered as u64;
        }
        Ok(AllStanding { as_of: overview.as_of, lag, queues: queues.0.into_values().collect() })
    }

    /// At most `limit` messages of a department's queue after sequence `after` of QUEUES.
    ///
    /// # Errors
    /// When the server or the read model does not answer.
    pub async fn peek(
        &self,
        reads: &ReadHandle,
        department: &DepartmentId,
        after: u64,
        limit: usize,
    ) -> Result<Peek, QueueError> {
        let stream = self.jetstream.get_stream(QUEUES).await.map_err(away)?;
        let end = stream.cached_info().state.last_sequence.to_string();
        let subject = subjects::queue_of(department);
        let page = read::page_from(&self.jetstream, QUEUES, &subject, after + 1, limit).await.map_err(away)?;
        let next = page.messages.last().map(|m| m.sequence.to_string()).filter(|_| page.pending > 0);
        let entries = reads.aside(move |reads| page.messages.iter().map(|m| peeked(reads, m)).collect()).await?;
        Ok(Peek { entries, next, end })
    }
}

#[derive(Default)]
struct Gathered(BTreeMap<String, Standing>);

impl Gathered {
    fn of(&mut self, department: &str) -> &mut Standing {
        self.0
            .entry(department.to_owned())
            .or_insert_with(|| Standing { department: department.to_owned(), ..Standing::default() })
    }
}

fn peeked(reads: &ReadHandle, message: &StoredMessage) -> Result<Peeked, ReadModelError> {
    let live = match subjects::parse_entry(&message.subject) {
        Some((department, case, n)) => reads.live_entry(&department, case, n)?,
        None => false,
    };
    let entry = serde_json::from_slice(&message.payload).ok();
    Ok(Peeked { sequence: message.sequence, since: message.time, live, entry })
}
