//! The reconciler: compares what the fold says with what stands in the log and in QUEUES, mends the difference, and says
//! what it did. After a crash there is nothing for it to do; after a power cut, or when CASES or QUEUES were restored or
//! made anew, there is, and nothing else brings it right.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use huiliu_schemas::event::{EntryRef, Event, EventBody};
use huiliu_schemas::{CaseId, DepartmentId, subjects};
use schemars::JsonSchema;
use serde::Serialize;

use super::Queues;
use super::mark::Marks;
use super::sourced::{Verdict, Watch};
use super::sweep::{purge, purge_all_but_last};
use crate::engine::batch::{BatchError, commit_batch};
use crate::engine::streams::{self, QUEUES};
use crate::engine::subjects::Page;
use crate::engine::{self, Engine};
use crate::follow::{self, LogNow};
use crate::lease::Lease;
use crate::ledger::{Ledger, LedgerError, entry_message};
use crate::readmodel::{ReadHandle, ReadModelError};
use thiserror::Error;

const CATCH_UP: Duration = Duration::from_millis(50);
/// So many entries the read model is asked for in one question: there may be hundreds of thousands.
const AT_ONCE: usize = 1_000;

/// What can be mended, as the figures name it.
pub(crate) const REPAIRS: [&str; 2] = ["appended", "purged"];

/// What was mended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "Reconciled")]
pub struct Report {
    /// Entries the fold has and the log had not, now appended.
    pub appended: usize,
    /// Dead entries purged from QUEUES, and second messages of entries that were offered again.
    pub purged: usize,
    /// QUEUES was made anew.
    pub recreated: Option<Recreated>,
    /// Cases that do not read: of these nothing was mended.
    pub unreadable: Vec<CaseId>,
}

/// How QUEUES was made anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Recreated {
    /// Sourced from this sequence of CASES on.
    pub from: u64,
    /// Why.
    pub because: String,
}

/// Why nothing could be compared.
#[derive(Debug, Error)]
pub enum ReconcileError {
    /// The server is away or refuses.
    #[error("the engine does not answer: {0}")]
    Engine(String),
    /// Departments get nothing.
    #[error("QUEUES does not source from CASES: what is dispatched reaches no department; restart nats-server")]
    NotSourcing,
    /// The read model does not read.
    #[error(transparent)]
    Reads(#[from] ReadModelError),
    /// A case does not read or cannot be appended to.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl Report {
    /// What was read of a case; nothing where only this one does not read, which is noted.
    fn readable<T>(&mut self, case: CaseId, read: Result<T, LedgerError>) -> Result<Option<T>, LedgerError> {
        match read {
            Err(error) if error.is_of_case() => {
                tracing::error!(%case, "the queue entries of case {case} cannot be compared: {error}");
                if !self.unreadable.contains(&case) {
                    self.unreadable.push(case);
                }
                Ok(None)
            }
            read => read.map(Some),
        }
    }
}

/// An entry as QUEUES holds it.
#[derive(Clone, Copy)]
struct Queued {
    case: CaseId,
    n: u32,
    messages: usize,
}

/// Compares and mends, once.
#[derive(Clone)]
pub struct Reconciler {
    engine: Engine,
    ledger: Ledger,
    reads: ReadHandle,
    queues: Queues,
    /// Who asks while a round of this gateway runs waits for it and then makes its own.
    turn: Arc<tokio::sync::Mutex<()>>,
}

impl Reconciler {
    /// A reconciler over the log, its read model and QUEUES.
    pub fn new(engine: Engine, ledger: Ledger, reads: ReadHandle, queues: Queues) -> Self {
        Self { engine, ledger, reads, queues, turn: Arc::default() }
    }

    /// Runs once, after the round of this gateway that may be running; `None` if another gateway is at it. A gateway that is
    /// behind keeps nobody from it.
    ///
    /// # Errors
    /// See [`Reconciler::run`].
    pub async fn run_alone(&self) -> Option<Result<Report, ReconcileError>> {
        let _turn = self.turn.lock().await;
        if let Err(error) = self.catch_up().await {
            return Some(Err(error));
        }
        let lease = Lease::new(self.engine.jetstream.clone(), "reconcile".into());
        lease.hold(self.run()).await
    }

    /// Runs once, after the read model has caught up with the log as it is now.
    ///
    /// # Errors
    /// When something could not be read or mended; what was mended until then stays.
    pub async fn run(&self) -> Result<Report, ReconcileError> {
        self.catch_up().await?;
        let mut report = Report::default();
        self.append_missing(&mut report).await?;
        self.catch_up().await?;
        report.recreated = self.recreate_if_needed().await?;
        self.make_consumers().await?;
        self.wait_until_sourced().await?;
        self.purge_dead(&mut report).await?;
        self.remember().await?;
        if report == Report::default() {
            tracing::debug!("reconciled: nothing to mend");
        } else {
            tracing::warn!(?report, "reconciled: the log and the queues differed and were mended");
            count(&report);
        }
        Ok(report)
    }

    async fn catch_up(&self) -> Result<(), ReconcileError> {
        follow::caught_up(&self.engine.jetstream, &self.reads).await.map_err(engine_error)
    }

    /// Every entry the fold has must stand in the log, whether it is still live or not; only live ones are worth mending.
    async fn append_missing(&self, report: &mut Report) -> Result<(), ReconcileError> {
        let mut by_case: HashMap<CaseId, Vec<u32>> = HashMap::new();
        for row in self.reads.aside(ReadHandle::live_entries_without_message).await? {
            by_case.entry(row.case_id).or_default().push(row.n);
        }
        for (id, missing) in by_case {
            let Some(opened) = report.readable(id, self.ledger.open_case(id).await)?.flatten() else { continue };
            let case = &opened.loaded.case;
            for (event, entry) in made_by(&opened.events, &missing) {
                match commit_batch(&self.engine.jetstream, &[entry_message(case, event, entry)]).await {
                    Ok(_) => report.appended += 1,
                    Err(BatchError::Conflict { .. }) => {}
                    Err(error) => return Err(ReconcileError::Engine(error.to_string())),
                }
            }
        }
        Ok(())
    }

    /// Sourcing stops without a word when CASES ends before what QUEUES has seen, and then passes over all that is appended
    /// until it gets there; and a QUEUES that is not there must not
    /// begin with all history.
    async fn recreate_if_needed(&self) -> Result<Option<Recreated>, ReconcileError> {
        let marks = Marks::of(&self.engine.jetstream).await?;
        let LogNow { another, .. } =
            LogNow::compared(&self.engine.jetstream, marks.place().await?).await.map_err(engine_error)?;
        let there = streams::exists(&self.engine.jetstream, QUEUES).await.map_err(engine_error)?;
        let missing = (!there).then(|| "QUEUES was not there".to_owned());
        let Some(why) = missing.or(another) else { return Ok(None) };
        let first = self.reads.aside(ReadHandle::source_queues_from).await?;
        let (jetstream, replicas) = (&self.engine.jetstream, self.engine.replicas);
        streams::recreate_queues(jetstream, replicas, first).await.map_err(engine_error)?;
        marks.set(self.reads.aside(ReadHandle::place).await?).await?;
        tracing::warn!(first, why, "QUEUES was made anew, sourced from {first} on");
        Ok(Some(Recreated { from: first, because: why }))
    }

    /// A department that takes over NATS finds its consumer made, also after QUEUES was made anew, and as long as it has
    /// entries: the server throws away what no consumer wants.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn make_consumers(&self) -> Result<(), ReconcileError> {
        let directory = self.ledger.desk().directory();
        let mut departments = self.reads.aside(ReadHandle::departments_with_entries).await?;
        departments.extend(directory.departments.iter().filter(|d| d.active).map(|d| d.id.clone()));
        for department in &departments {
            self.queues.ensure(department).await.map_err(engine_error)?;
        }
        Ok(())
    }

    /// What is dead and not there yet would come after it was looked for, and stay until the next round.
    async fn wait_until_sourced(&self) -> Result<(), ReconcileError> {
        let mut watch = Watch::begun(Instant::now());
        loop {
            let said = streams::sourcing(&self.engine.jetstream).await.map_err(engine_error)?;
            match watch.told(said, Instant::now()) {
                Verdict::Sourced => return Ok(()),
                Verdict::NotSourcing => return Err(ReconcileError::NotSourcing),
                Verdict::Wait => tokio::time::sleep(CATCH_UP).await,
            }
        }
    }

    /// What QUEUES still holds and the fold says is dead, department by department, because the server counts all subjects
    /// that fit for every page of its answer. A QUEUES made anew holds an entry that was offered again as often as it was
    /// offered: one is enough. What dies or comes meanwhile is found by the next round.
    async fn purge_dead(&self, report: &mut Report) -> Result<(), ReconcileError> {
        for department in self.reads.aside(ReadHandle::departments_with_entries).await? {
            let (mut doubtful, mut place) = (Vec::new(), Some(0));
            while let Some(offset) = place {
                let page = self.queued(&department, offset).await?;
                for some in page.made.chunks(AT_ONCE) {
                    doubtful.extend(self.doubtful(&department, some).await?);
                }
                place = page.next;
            }
            for queued in &doubtful {
                self.purge_if_dead(&department, queued, report).await?;
            }
        }
        Ok(())
    }

    /// What QUEUES holds for a department.
    async fn queued(&self, department: &DepartmentId, offset: usize) -> Result<Page<Queued>, ReconcileError> {
        let queued = |subject: &str, messages| {
            let (_, case, n) = subjects::parse_entry(subject)?;
            Some(Queued { case, n, messages })
        };
        let filter = subjects::queue_of(department);
        engine::subjects::page(&self.engine.jetstream, QUEUES, &filter, offset, queued).await.map_err(engine_error)
    }

    /// Of these, what is there more than once, or the fold does not call live.
    async fn doubtful(&self, department: &DepartmentId, some: &[Queued]) -> Result<Vec<Queued>, ReconcileError> {
        let (name, entries) = (department.clone(), some.iter().map(|q| (q.case, q.n)).collect::<Vec<_>>());
        let live = self.reads.aside(move |reads| reads.are_live(&name, &entries)).await?;
        let doubtful = some.iter().zip(live).filter(|(queued, live)| queued.messages > 1 || !live);
        Ok(doubtful.map(|(queued, _)| *queued).collect())
    }

    async fn purge_if_dead(
        &self,
        department: &DepartmentId,
        &Queued { case, n, messages }: &Queued,
        report: &mut Report,
    ) -> Result<(), ReconcileError> {
        let subject = subjects::queue(department, case, n);
        if messages > 1 {
            purge_all_but_last(&self.engine.jetstream, &subject).await.map_err(ReconcileError::Engine)?;
            report.purged += messages - 1;
        }
        // It may have come after the fold was asked.
        let name = department.clone();
        if self.reads.aside(move |reads| reads.live_entry(&name, case, n)).await? {
            return Ok(());
        }
        // The log itself is asked before anything is thrown away. What a copy of it does not know yet is not dead.
        let loaded = report.readable(case, self.ledger.case(case).await)?.flatten();
        if loaded.is_some_and(|l| l.case.knows(n) && !l.case.is_live(department, n)) {
            purge(&self.engine.jetstream, &subject).await.map_err(ReconcileError::Engine)?;
            report.purged += 1;
        }
        Ok(())
    }

    /// The log as far as it was read.
    async fn remember(&self) -> Result<(), ReconcileError> {
        let place = self.reads.aside(ReadHandle::place).await?;
        let marks = Marks::of(&self.engine.jetstream).await?;
        if place.position > marks.high().await? { marks.set(place).await } else { Ok(()) }
    }
}

/// The events that made the entries.
fn made_by<'e>(events: &'e [Event], wanted: &[u32]) -> Vec<(&'e Event, &'e EntryRef)> {
    let all = events.iter().filter(|e| !matches!(e.body, EventBody::Unknown { .. }));
    let entries = all.flat_map(|event| event.entries.iter().map(move |entry| (event, entry)));
    entries.filter(|(_, entry)| wanted.contains(&entry.n)).collect()
}

pub(super) fn engine_error(error: impl std::fmt::Display) -> ReconcileError {
    ReconcileError::Engine(error.to_string())
}

fn count(report: &Report) {
    for (kind, number) in REPAIRS.into_iter().zip([report.appended, report.purged]) {
        metrics::counter!("huiliu_reconciler_repairs_total", "kind" => kind).increment(number as u64);
    }
}
