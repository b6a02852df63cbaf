//! Keeps the read model at the end of the case log: reads what is new, in order, and folds it in.

use std::time::{Duration, Instant};

use async_nats::jetstream::Context;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::engine::read;
use crate::engine::streams::CASES;
use crate::ledger::Tail;
use crate::readmodel::{LogMessage, ReadModel};

/// What one request to the server may bring.
const A_PAGE: usize = 1_000;
/// What is taken into the file at once, where there is that much.
const AT_ONCE: usize = 2_000;
/// Between two writings, so that a steady trickle is not one writing for each case.
const PAUSE: Duration = Duration::from_millis(20);
/// In a flood the file is written less often still: the more is written at once, the less of it is written twice.
const FLOOD_PAUSE: Duration = Duration::from_millis(100);
/// Another gateway's writes are seen this late at most.
const LOOK_EVERY: Duration = Duration::from_millis(300);
/// Between two looks at the file itself.
const EXAMINE_EVERY: Duration = Duration::from_secs(2);
/// Batches in flight at the same time are told of in any order.
const OUT_OF_ORDER: Duration = Duration::from_millis(20);

/// Follows the log until shutdown: from the tail what this process appended, from the server everything else.
pub async fn run(jetstream: Context, model: ReadModel, tail: Tail, shutdown: CancellationToken) {
    let mut position = model.position();
    let mut end = tail.end();
    let (work, mut positions) = match Folder::start(model) {
        Ok(folder) => folder,
        Err(error) => return tracing::error!(%error, "the read model has no thread to run on"),
    };
    let mut look = true;
    let mut examined = Instant::now();
    while !shutdown.is_cancelled() {
        if examined.elapsed() >= EXAMINE_EVERY {
            let Some(end) = end_of_log(&jetstream).await else {
                examined = Instant::now();
                continue;
            };
            if work.send(Work::Examine { end }).await.is_err() {
                return;
            }
            let Some(reached) = positions.recv().await else { return };
            look |= reached < position;
            position = reached;
            examined = Instant::now();
        }
        let mut batch = tail.after(position, AT_ONCE);
        let flood = batch.len() >= A_PAGE;
        look &= batch.is_empty();
        if look {
            batch = next(&jetstream, position).await.unwrap_or_else(|error| {
                tracing::debug!(error, "the read model waits for the server");
                Vec::new()
            });
            look = batch.len() == A_PAGE;
        }
        if !batch.is_empty() {
            if work.send(Work::Apply(batch)).await.is_err() {
                return;
            }
            let Some(reached) = positions.recv().await else { return };
            if reached == position {
                tokio::time::sleep(LOOK_EVERY).await;
            }
            look |= reached < position;
            position = reached;
            metrics::gauge!("huiliu_read_model_position").set(position as f64);
            // Far behind, it reads page after page.
            if !look {
                tokio::time::sleep(if flood { FLOOD_PAUSE } else { PAUSE }).await;
            }
            continue;
        }
        // A gap is either out of order or somebody else's: no later batch may put off looking.
        if *end.borrow_and_update() > position {
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

/// The messages after `position`, at most as many as one page of the log has.
pub async fn next(jetstream: &Context, position: u64) -> Result<Vec<LogMessage>, String> {
    let page = read::page_from(jetstream, CASES, ">", position + 1, A_PAGE).await.map_err(|e| e.to_string())?;
    let message = |m: read::StoredMessage| LogMessage { sequence: m.sequence, subject: m.subject, payload: m.payload };
    Ok(page.messages.into_iter().map(message).collect())
}

/// Where the log ends, if the server says.
async fn end_of_log(jetstream: &Context) -> Option<u64> {
    jetstream.get_stream(CASES).await.ok().map(|cases| cases.cached_info().state.last_sequence)
}

/// The thread that writes the read model. It gives way to everything else: that the page is behind for a while when a
/// million cases arrive at once is better than that the cases are.
struct Folder;

/// What it does; it answers each with the position reached.
enum Work {
    Apply(Vec<LogMessage>),
    /// Look whether the file is still what it was; where not, begin anew with a log that ends there.
    Examine {
        end: u64,
    },
}

impl Folder {
    fn start(mut model: ReadModel) -> std::io::Result<(mpsc::Sender<Work>, mpsc::Receiver<u64>)> {
        let (work, mut waiting) = mpsc::channel::<Work>(1);
        let (reached, positions) = mpsc::channel(1);
        std::thread::Builder::new().name("read-model".into()).spawn(move || {
            give_way();
            while let Some(work) = waiting.blocking_recv() {
                match work {
                    Work::Apply(batch) => apply(&mut model, &batch),
                    Work::Examine { end } => examine(&mut model, end),
                }
                if reached.blocking_send(model.position()).is_err() {
                    return;
                }
            }
        })?;
        Ok((work, positions))
    }
}

fn apply(model: &mut ReadModel, batch: &[LogMessage]) {
    let end = batch.last().map_or(0, |m| m.sequence);
    match model.apply(batch) {
        Err(error) if error.needs_rebuild() => mend(model, &error.to_string(), end),
        Err(error) => tracing::error!(%error, "the read model could not take in the log; it tries again"),
        Ok(()) => {}
    }
}

fn examine(model: &mut ReadModel, end: u64) {
    if let Some(damage) = model.damage() {
        mend(model, &damage, end);
    }
}

fn mend(model: &mut ReadModel, damage: &str, end: u64) {
    tracing::error!(damage, end, "the read model is damaged ({damage}): it is built again from the log");
    metrics::counter!("huiliu_read_model_rebuilds_total").increment(1);
    if let Err(error) = model.begin_anew(end) {
        tracing::error!(%error, "the read model cannot be built again; it is tried again");
    }
}

/// On Linux a thread has a priority of its own.
fn give_way() {
    let thread = rustix::thread::gettid();
    if let Err(error) = rustix::process::setpriority_process(Some(thread), 10) {
        tracing::debug!(%error, "the read model runs at normal priority");
    }
}
