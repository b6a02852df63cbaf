//! Keeps the read model at the end of the case log: reads what is new, in order, and folds it in.

use std::time::{Duration, Instant};

use async_nats::jetstream::Context;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::engine::patience::MayPass;
use crate::engine::read::{self, ReadError, StoredMessage};
use crate::engine::streams::{self, CASES, StreamError};
use crate::ledger::Tail;
use crate::queues::mark::note_former_log;
use crate::readmodel::{LogMessage, Place, ReadHandle, ReadModel, ReadModelError, Said, Witness};

/// What one request to the server may bring.
const A_PAGE: usize = 1_000;
/// What is taken into the file at once, where there is that much.
const AT_ONCE: usize = 4_000;
/// Between two writings, so that a steady trickle is not one writing for each case.
const PAUSE: Duration = Duration::from_millis(20);
/// Another gateway's writes are seen this late at most.
const LOOK_EVERY: Duration = Duration::from_millis(300);
/// Between two looks at the file itself.
const EXAMINE_EVERY: Duration = Duration::from_secs(2);
/// Batches in flight at the same time are told of in any order.
const OUT_OF_ORDER: Duration = Duration::from_millis(20);
/// Between two looks how far the read model has come.
const CATCH_UP: Duration = Duration::from_millis(50);
/// A read model that is behind and takes in nothing for so long is stuck.
const STUCK: Duration = Duration::from_secs(30);
/// Between two looks whether it is.
const STUCK_EVERY: Duration = Duration::from_secs(10);

/// Follows the log until shutdown: from the tail what this process appended, from the server everything else.
pub async fn run(jetstream: Context, model: ReadModel, tail: Tail, shutdown: CancellationToken) {
    let mut place = model.place();
    let mut end = tail.end();
    let (work, mut places) = match Folder::start(model) {
        Ok(folder) => folder,
        Err(error) => return tracing::error!(%error, "the read model has no thread to run on"),
    };
    let mut look = true;
    let mut examined = Instant::now();
    while !shutdown.is_cancelled() {
        if examined.elapsed() >= EXAMINE_EVERY {
            examined = Instant::now();
            let Some(log) = log_now(&jetstream, place).await else { continue };
            if work.send(Work::Examine(log)).await.is_err() {
                return;
            }
            let Some(reached) = places.recv().await else { return };
            look |= went_back(&tail, place, reached);
            place = reached;
        }
        let mut batch = tail.after(place.position, AT_ONCE);
        look &= batch.is_empty();
        if look {
            batch = next(&jetstream, place.position).await.unwrap_or_else(|error| {
                tracing::debug!(error, "the read model waits for the server");
                Vec::new()
            });
            look = batch.len() == A_PAGE;
        }
        if !batch.is_empty() {
            if work.send(Work::Apply(batch)).await.is_err() {
                return;
            }
            let Some(reached) = places.recv().await else { return };
            if reached.position == place.position {
                tokio::time::sleep(LOOK_EVERY).await;
            }
            look |= went_back(&tail, place, reached);
            place = reached;
            metrics::gauge!("huiliu_read_model_position").set(place.position as f64);
            // Far behind, it reads page after page.
            if !look {
                tokio::time::sleep(PAUSE).await;
            }
            continue;
        }
        // A gap is either out of order or somebody else's: no later batch may put off looking.
        if *end.borrow_and_update() > place.position {
            tokio::time::sleep(OUT_OF_ORDER).await;
            look = true;
            continue;
        }
        tokio::select! {
            () = shutdown.cancelled() => return,
            changed = end.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(LOOK_EVERY) => look = true,
        }
    }
}

/// Whether the read model begins anew: the log may be another one than the tail is of.
fn went_back(tail: &Tail, place: Place, reached: Place) -> bool {
    let went_back = reached.position < place.position;
    if went_back {
        tail.forget();
    }
    went_back
}

/// The messages after `position`, at most as many as one page of the log has.
pub async fn next(jetstream: &Context, position: u64) -> Result<Vec<LogMessage>, String> {
    let page = read::page_from(jetstream, CASES, ">", position + 1, A_PAGE).await.map_err(|e| e.to_string())?;
    Ok(page.messages.into_iter().map(logged).collect())
}

fn logged(message: StoredMessage) -> LogMessage {
    LogMessage { sequence: message.sequence, subject: message.subject, said: Said::Stored(message.payload) }
}

/// The log as the server has it.
#[derive(Debug)]
pub struct LogNow {
    /// Where it ends.
    pub end: u64,
    /// Why it is another one than was read; none where it is the same.
    pub another: Option<String>,
}

/// The log could not be looked at.
#[derive(Debug, thiserror::Error)]
pub enum LookError {
    /// The server does not say where it ends.
    #[error(transparent)]
    Stream(#[from] StreamError),
    /// A message of it cannot be had.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The read model does not say how far it was read.
    #[error(transparent)]
    Reads(#[from] ReadModelError),
    /// The read model takes in nothing more.
    #[error("the read model gets no further than message {position} of the case log")]
    Stuck {
        /// How far it got.
        position: u64,
    },
}

impl MayPass for LookError {
    fn may_pass(&self) -> bool {
        match self {
            Self::Stream(error) => error.may_pass(),
            Self::Read(error) => matches!(error, ReadError::Away { .. }),
            Self::Reads(_) | Self::Stuck { .. } => false,
        }
    }
}

impl LogNow {
    /// Compares the log with the one that was read as far as `place`: one restored from an older copy ends before, or holds
    /// other messages where it was written on since.
    ///
    /// # Errors
    /// When the server does not say.
    pub async fn compared(jetstream: &Context, place: Place) -> Result<Self, LookError> {
        let end = streams::last_sequence(jetstream, CASES).await?;
        if end < place.position {
            let another = format!("CASES ends at {end} and had reached {}", place.position);
            return Ok(Self { end, another: Some(another) });
        }
        let Some(witness) = place.witness else { return Ok(Self { end, another: None }) };
        let there = read::at_sequence(jetstream, CASES, witness.sequence).await?.map(logged);
        let same = there.as_ref().and_then(Witness::of) == Some(witness);
        let another = (!same).then(|| format!("message {} of CASES is not the one it was", witness.sequence));
        Ok(Self { end, another })
    }
}

/// As the server has it, if it says; a log that is gone is written down.
async fn log_now(jetstream: &Context, place: Place) -> Option<LogNow> {
    let log = LogNow::compared(jetstream, place).await.ok()?;
    if log.another.is_some()
        && let Err(error) = note_former_log(jetstream, place).await
    {
        tracing::warn!(%error, "it cannot be written down that the log is another one; it is tried again");
        return None;
    }
    Some(log)
}

/// Resolves once the log has been read as far as it went when this was called, and is the one that was read.
///
/// # Errors
/// When the server or the read model does not say, or the read model gets no further.
pub async fn caught_up(jetstream: &Context, reads: &ReadHandle) -> Result<(), LookError> {
    let end = streams::last_sequence(jetstream, CASES).await?;
    let (mut reached, mut since) = (None, Instant::now());
    loop {
        let place = reads.aside(ReadHandle::place).await?;
        if place.position >= end && LogNow::compared(jetstream, place).await?.another.is_none() {
            return Ok(());
        }
        if reached.replace(place.position) != Some(place.position) {
            since = Instant::now();
        } else if since.elapsed() > STUCK {
            return Err(LookError::Stuck { position: place.position });
        }
        tokio::time::sleep(CATCH_UP).await;
    }
}

/// Resolves once the read model no longer keeps up with the log, which is this gateway's own trouble: another may do better.
pub async fn stuck(jetstream: &Context, reads: &ReadHandle) -> LookError {
    loop {
        match caught_up(jetstream, reads).await {
            Err(error @ (LookError::Stuck { .. } | LookError::Reads(_))) => return error,
            _ => tokio::time::sleep(STUCK_EVERY).await,
        }
    }
}

/// The thread that writes the read model.
struct Folder;

/// What it does; it answers each with the place reached.
enum Work {
    Apply(Vec<LogMessage>),
    /// Look whether the file is still what it was, and the log; where not, begin anew with a log that ends there.
    Examine(LogNow),
}

impl Folder {
    fn start(mut model: ReadModel) -> std::io::Result<(mpsc::Sender<Work>, mpsc::Receiver<Place>)> {
        let (work, mut waiting) = mpsc::channel::<Work>(1);
        let (reached, places) = mpsc::channel(1);
        std::thread::Builder::new().name("read-model".into()).spawn(move || {
            while let Some(work) = waiting.blocking_recv() {
                match work {
                    Work::Apply(batch) => apply(&mut model, &batch),
                    Work::Examine(log) => examine(&mut model, log),
                }
                if reached.blocking_send(model.place()).is_err() {
                    return;
                }
            }
        })?;
        Ok((work, places))
    }
}

fn apply(model: &mut ReadModel, batch: &[LogMessage]) {
    let end = batch.last().map_or(0, |m| m.sequence);
    match model.apply(batch) {
        Err(error) if error.needs_rebuild() => mend(model, &format!("damaged ({error})"), end),
        Err(error) => tracing::error!(%error, "the read model could not take in the log; it tries again"),
        Ok(()) => {}
    }
}

fn examine(model: &mut ReadModel, log: LogNow) {
    let another = log.another.map(|another| format!("of another log ({another})"));
    let damaged = || model.damage().map(|damage| format!("damaged ({damage})"));
    if let Some(what) = another.or_else(damaged) {
        mend(model, &what, log.end);
    }
}

/// `what` the matter is with it.
fn mend(model: &mut ReadModel, what: &str, end: u64) {
    tracing::error!(end, "the read model is {what}: it is built again from the log");
    metrics::counter!("huiliu_read_model_rebuilds_total").increment(1);
    if let Err(error) = model.begin_anew(end) {
        tracing::error!(%error, "the read model cannot be built again; it is tried again");
    }
}
