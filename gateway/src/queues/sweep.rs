//! Purging dead entries the safe way. An entry may be purged from QUEUES only once it has been sourced into it: purged
//! earlier, it would still arrive. So an entry that is not there is looked for again for as long as QUEUES is behind the
//! log, and then a few times more, because the server's word on how far it is behind may be old. If it never shows, it was
//! acknowledged, or the reconciler will see it.

use std::collections::HashSet;
use std::time::Duration;

use async_nats::jetstream::Context;
use huiliu_schemas::subjects;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::engine::read;
use crate::engine::streams::{self, QUEUES};
use crate::ledger::DeadEntry;

const AT_ONCE: usize = 500;
const TRIES: [Duration; 4] =
    [Duration::from_millis(100), Duration::from_millis(500), Duration::from_secs(3), Duration::from_secs(20)];

/// How long QUEUES is left to catch up before it is looked again.
const BEHIND: Duration = Duration::from_secs(5);
/// More than that are left to the reconciler, which looks at everything that stands in QUEUES.
const AT_MOST: usize = 100_000;

struct Looked {
    subject: String,
    tries: usize,
    due: Instant,
}

/// Purges what the ledger says has died, until shutdown.
pub async fn run(jetstream: Context, mut dead: mpsc::UnboundedReceiver<DeadEntry>, shutdown: CancellationToken) {
    let mut waiting: Vec<Looked> = Vec::new();
    let mut tick = tokio::time::interval(TRIES[0]);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            entry = dead.recv() => match entry {
                Some((department, case, n)) => waiting.push(Looked {
                    subject: subjects::queue(&department, case, n),
                    tries: 0,
                    due: Instant::now() + TRIES[0],
                }),
                None => return,
            },
            _ = tick.tick() => waiting = sweep(&jetstream, waiting).await,
        }
    }
}

async fn sweep(jetstream: &Context, waiting: Vec<Looked>) -> Vec<Looked> {
    let now = Instant::now();
    let (mut due, mut rest): (Vec<Looked>, Vec<Looked>) = waiting.into_iter().partition(|w| w.due <= now);
    if due.len() > AT_ONCE {
        rest.extend(due.drain(AT_ONCE..));
    }
    if due.is_empty() {
        return rest;
    }
    let subjects: Vec<String> = due.iter().map(|w| w.subject.clone()).collect();
    // Asked before it is looked: what comes between the two is found.
    let sourced = streams::queues_lag(jetstream).await.is_ok_and(|lag| lag == Some(0));
    let Ok(found) = read::last_for_subjects(jetstream, QUEUES, &subjects).await else {
        rest.extend(due);
        return rest;
    };
    let found: HashSet<&str> = found.iter().map(|m| m.subject.as_str()).collect();
    for mut looked in due {
        let there = found.contains(looked.subject.as_str());
        if there && purge(jetstream, &looked.subject).await.is_ok() {
            continue;
        }
        looked.tries += usize::from(!there && sourced);
        let wait = if sourced { TRIES.get(looked.tries) } else { Some(&BEHIND) };
        if let Some(wait) = wait.filter(|_| rest.len() < AT_MOST) {
            looked.due = now + *wait;
            rest.push(looked);
        }
    }
    rest
}

/// Removes one dead entry that has been sourced.
pub async fn purge(jetstream: &Context, subject: &str) -> Result<(), String> {
    let stream = jetstream.get_stream_no_info(QUEUES).await.map_err(|e| e.to_string())?;
    stream.purge().filter(subject).await.map_err(|e| e.to_string())?;
    metrics::counter!("huiliu_queue_purged_total").increment(1);
    Ok(())
}

/// Leaves one message where an entry has several.
pub async fn purge_all_but_last(jetstream: &Context, subject: &str) -> Result<(), String> {
    let stream = jetstream.get_stream_no_info(QUEUES).await.map_err(|e| e.to_string())?;
    stream.purge().filter(subject).keep(1).await.map(drop).map_err(|e| e.to_string())
}
