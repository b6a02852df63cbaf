//! The ledger: the only place that writes to the case log. A job goes in; it is decided on the case as it stands, and all
//! messages it causes are appended together or not at all. What queued while the last group was being committed is the
//! next group: nobody lingers. Jobs of one case go through one lane, in order.

mod crowd;
mod group;
mod history;
mod lane;
mod tail;

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use async_nats::jetstream::Context;
use huiliu_schemas::case::{Answer, Case};
use huiliu_schemas::event::Event;
use huiliu_schemas::lifecycle::NothingNew;
use huiliu_schemas::refusal::Refusal;
use huiliu_schemas::{CaseId, DepartmentId, SourceId, subjects};
use thiserror::Error;
use tokio::sync::{OwnedRwLockWriteGuard, RwLock, mpsc, oneshot};

use crate::background::Background;
use crate::cache::Cache;
use crate::desk::{Desk, Job, Work};
use crate::engine::Engine;
use crate::keys::Keys;
use crate::traces::Step;

pub use crowd::{Crowd, Waiting};
pub use group::{entry_message, numbers_in};
pub use history::{Loaded, OpenedCase};
use history::{find_case, load, open_case, owners};
pub use tail::Tail;

const LANES: usize = 3;
const JOBS_QUEUED: usize = 512;
const CASES_CACHED: usize = 1_000;
/// Of some four thousand cases: more than the tail keeps for a read model that keeps up.
const NUMBERS_CACHED: usize = 12_000;

/// A queue entry that no longer tells its department anything.
pub type DeadEntry = (DepartmentId, CaseId, u32);

/// What came of a job.
#[derive(Debug, Clone)]
pub struct Settled {
    /// The case.
    pub case_id: CaseId,
    /// The case after it; none where there is none.
    pub case: Option<Arc<Case>>,
    /// What came of it.
    pub result: JobResult,
    /// The log's sequence up to which this is true.
    pub as_of: u64,
}

/// What came of a job.
#[derive(Debug, Clone)]
pub enum JobResult {
    /// These events are in the log.
    Appended(Arc<[Event]>),
    /// It had been decided before.
    Known(Answer),
    /// It changes nothing.
    Nothing(NothingNew),
    /// It may not be.
    Refused(Refusal),
}

/// A job could not be settled.
#[derive(Debug, Clone, Error)]
pub enum LedgerError {
    /// The hub is going down; what was not answered may be sent again.
    #[error("the ledger is closed")]
    Closed,
    /// The store is full.
    #[error("the store is full: {0}")]
    Full(String),
    /// This job can never be stored.
    #[error("the store refuses it: {0}")]
    Refused(String),
    /// The case's log or its keys do not read.
    #[error("case {case} does not read: {reason}")]
    Unreadable {
        /// The case.
        case: CaseId,
        /// Why.
        reason: String,
    },
}

impl LedgerError {
    /// Whether only this one case cannot be dealt with.
    pub fn is_of_case(&self) -> bool {
        matches!(self, Self::Unreadable { .. } | Self::Refused(_))
    }
}

struct Pending {
    job: Job,
    reply: oneshot::Sender<Result<Settled, LedgerError>>,
    step: Step,
}

/// The way to the ledger; cheap to clone.
#[derive(Clone)]
pub struct Ledger {
    lanes: Vec<mpsc::Sender<Pending>>,
    shared: Shared,
}

/// What all lanes use.
#[derive(Clone)]
pub(crate) struct Shared {
    pub jetstream: Context,
    /// For reading the log.
    pub reading: Context,
    pub keys: Keys,
    pub desk: Desk,
    pub cache: Cache<CaseId, Arc<Loaded>>,
    /// Whose the numbers are that were met lately, by their subjects. A number never changes hands.
    pub owners: Cache<String, CaseId>,
    pub dead: mpsc::UnboundedSender<DeadEntry>,
    pub tail: Tail,
    /// Held by a lane while a batch is under way.
    pub batches: Arc<RwLock<()>>,
    /// To whom lanes give way.
    pub crowd: Crowd,
    /// The log may be written by other gateways too.
    pub in_company: bool,
}

impl Shared {
    /// Keeps a case as it was written or read, unless something newer is known.
    pub fn remember(&self, id: CaseId, loaded: Arc<Loaded>) {
        let sequence = loaded.last_sequence;
        self.cache.insert_unless(id, loaded, |known| known.last_sequence > sequence);
    }
}

impl Ledger {
    /// Opens the ledger over a log that ends at `end` now. Its lanes end when every clone of it is dropped and what was queued is settled. Entries that die
    /// are told to `dead`.
    pub fn open(
        engine: &Engine,
        keys: Keys,
        desk: Desk,
        end: u64,
        dead: mpsc::UnboundedSender<DeadEntry>,
        background: &Background,
    ) -> Self {
        let shared = Shared {
            jetstream: engine.jetstream.clone(),
            reading: engine.reading.clone(),
            keys,
            desk,
            cache: Cache::new(CASES_CACHED),
            owners: Cache::new(NUMBERS_CACHED),
            dead,
            tail: Tail::new(end),
            batches: Arc::default(),
            crowd: Crowd::default(),
            in_company: engine.is_external(),
        };
        let lanes = (0..LANES)
            .map(|_| {
                let (send, receive) = mpsc::channel(JOBS_QUEUED);
                background.run_while_used("ledger lane", lane::run(shared.clone(), receive));
                send
            })
            .collect();
        Self { lanes, shared }
    }

    /// Has a job decided and appended, waiting as long as the server is away. `step` is all of that.
    pub async fn settle(&self, job: Job, step: Step) -> Result<Settled, LedgerError> {
        self.enqueue(job, step).await?.await.map_err(|_| LedgerError::Closed)?
    }

    /// As [`Self::settle`], but returns once the job has its place in the order; what it returns waits for the rest.
    pub async fn enqueue(
        &self,
        job: Job,
        step: Step,
    ) -> Result<oneshot::Receiver<Result<Settled, LedgerError>>, LedgerError> {
        let (reply, answer) = oneshot::channel();
        let lane = lane_of(&job);
        self.lanes[lane].send(Pending { job, reply, step }).await.map_err(|_| LedgerError::Closed)?;
        Ok(answer)
    }

    /// Waits for the batches that are under way; no other begins before what this returns is dropped.
    pub async fn pause(&self) -> OwnedRwLockWriteGuard<()> {
        self.shared.batches.clone().write_owned().await
    }

    /// Whoever waits for a receipt joins it: then little is decided, and receipts are given.
    pub fn crowd(&self) -> &Crowd {
        &self.shared.crowd
    }

    /// What this process appended last.
    pub fn tail(&self) -> &Tail {
        &self.shared.tail
    }

    /// The log goes at least this far: what is read from it now is as of this sequence or a later one.
    pub fn end(&self) -> u64 {
        *self.shared.tail.end().borrow()
    }

    /// The keys of cases.
    pub fn keys(&self) -> &Keys {
        &self.shared.keys
    }

    /// The desk that decides.
    pub fn desk(&self) -> &Desk {
        &self.shared.desk
    }

    /// The case as it stands, from the log (never from the cache).
    pub async fn case(&self, id: CaseId) -> Result<Option<Arc<Loaded>>, LedgerError> {
        let loaded = load(&self.shared.reading, id).await?.map(Arc::new);
        if let Some(loaded) = &loaded {
            self.shared.remember(id, loaded.clone());
        }
        Ok(loaded)
    }

    /// The case as this process knew it last; only where it knows nothing, from the log.
    pub async fn glance(&self, id: CaseId) -> Result<Option<Arc<Loaded>>, LedgerError> {
        match self.shared.cache.get(&id) {
            Some(loaded) => Ok(Some(loaded)),
            None => self.case(id).await,
        }
    }

    /// The case this number belongs to, if this process has met it lately.
    pub fn owner_met(&self, source: &SourceId) -> Option<CaseId> {
        self.shared.owners.get(&subjects::alias(source))
    }

    /// Which cases these numbers belong to, by the subject of the number.
    pub async fn owners(&self, sources: &[SourceId]) -> Result<HashMap<String, CaseId>, LedgerError> {
        owners(&self.shared.reading, sources).await
    }

    /// The case one of these numbers belongs to.
    pub async fn find(&self, sources: &[SourceId]) -> Result<Option<CaseId>, LedgerError> {
        find_case(&self.shared.reading, sources).await
    }

    /// Whether the log holds nothing of the case behind what was read. Any copy of it may have been read, one that is behind too.
    pub async fn ends_with(&self, loaded: &Loaded) -> Result<bool, LedgerError> {
        Ok(lane::end_in_log(&self.shared, loaded.case.id).await? == loaded.last_sequence)
    }

    /// The case with everything personal in it: every use of this is audited by its caller.
    pub async fn open_case(&self, id: CaseId) -> Result<Option<OpenedCase>, LedgerError> {
        open_case(&self.shared.reading, &self.shared.keys, id).await
    }
}

fn lane_of(job: &Job) -> usize {
    let id = match &job.work {
        Work::Record(record) => CaseId::of(&record.submission.source),
        Work::Command { case, .. } | Work::Delivery { case, .. } | Work::Link { case, .. } => *case,
    };
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    (hasher.finish() % LANES as u64) as usize
}
