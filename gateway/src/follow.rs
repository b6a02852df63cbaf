//! Keeps the read model at the end of the case log: reads what is new, in order, and folds it in.

use std::time::Duration;

use async_nats::jetstream::Context;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::engine::read;
use crate::engine::streams::CASES;
use crate::readmodel::{LogMessage, ReadModel};

const AT_ONCE: usize = 1_000;
/// Another gateway's writes are seen this late at most.
const LOOK_EVERY: Duration = Duration::from_millis(300);

/// Follows the log until shutdown. `committed` wakes it when this process appends.
pub async fn run(
    jetstream: Context,
    mut model: ReadModel,
    mut committed: watch::Receiver<u64>,
    shutdown: CancellationToken,
) {
    while !shutdown.is_cancelled() {
        let taken = match next(&jetstream, model.position()).await {
            Ok(batch) => {
                let taken = batch.len();
                model = match fold(model, batch).await {
                    Some(model) => model,
                    None => return,
                };
                taken
            }
            Err(error) => {
                tracing::debug!(error, "the read model waits for the server");
                0
            }
        };
        if taken == AT_ONCE {
            continue;
        }
        tokio::select! {
            () = shutdown.cancelled() => return,
            changed = committed.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

/// The messages after `position`, at most as many as one batch takes.
pub async fn next(jetstream: &Context, position: u64) -> Result<Vec<LogMessage>, String> {
    let page = read::page_from(jetstream, CASES, ">", position + 1, AT_ONCE).await.map_err(|e| e.to_string())?;
    let message = |m: read::StoredMessage| LogMessage { sequence: m.sequence, subject: m.subject, payload: m.payload };
    Ok(page.messages.into_iter().map(message).collect())
}

async fn fold(mut model: ReadModel, batch: Vec<LogMessage>) -> Option<ReadModel> {
    if batch.is_empty() {
        return Some(model);
    }
    let folded = tokio::task::spawn_blocking(move || {
        let done = model.apply(&batch);
        (model, done)
    })
    .await;
    match folded {
        Ok((model, Ok(()))) => {
            metrics::gauge!("huiliu_read_model_position").set(model.position() as f64);
            Some(model)
        }
        Ok((model, Err(error))) => {
            tracing::error!(%error, "the read model could not take in the log; it tries again");
            tokio::time::sleep(Duration::from_secs(1)).await;
            Some(model)
        }
        Err(panicked) => {
            tracing::error!(%panicked, "the read model stopped");
            None
        }
    }
}
