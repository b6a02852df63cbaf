//! The engine against a real nats-server.

mod batches;
mod doors;
mod external;
mod reads;
mod storage;
mod supervision;

use std::path::Path;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::batch::{BatchAck, BatchError, OutMessage, commit_batch};
use super::scratch::Scratch;
use super::{Durability, Embedded, Engine, EngineError, EngineSettings, Server};
use crate::doors::Credentials;

/// Long enough for a loaded machine; only a failing test waits it out.
const PATIENCE: Duration = Duration::from_secs(30);

fn settings(directory: &Path) -> EngineSettings {
    EngineSettings {
        server: Server::Embedded(Embedded {
            directory: directory.join("nats"),
            port: 0,
            program: None,
            durability: Durability::FsyncAlways,
            memory_limit: "256MiB".to_owned(),
        }),
        replicas: 1,
    }
}

async fn start(directory: &Path, credentials: &Credentials) -> Result<Engine, EngineError> {
    Engine::start(settings(directory), credentials, CancellationToken::new()).await
}

/// An engine with all streams; stop it at the end of the test.
async fn engine(scratch: &Scratch) -> Engine {
    let engine = start(scratch.path(), &Credentials::default()).await.expect("an engine");
    super::streams::ensure_all(&engine.jetstream, 1).await.expect("streams");
    engine
}

/// Sends a batch, and again while the server is busy, as all who send one do: one that begins in the moment in which the
/// staging directory is exchanged is refused as incomplete.
async fn commit(engine: &Engine, batch: &[OutMessage]) -> Result<BatchAck, BatchError> {
    eventually("the server to take a batch", async || match commit_batch(&engine.jetstream, batch).await {
        Err(BatchError::Busy(_)) => None,
        answered => Some(answered),
    })
    .await
}

/// Waits until `condition` gives something.
async fn eventually<T>(what: &str, mut condition: impl AsyncFnMut() -> Option<T>) -> T {
    let waiting = async {
        loop {
            if let Some(value) = condition().await {
                return value;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    match tokio::time::timeout(PATIENCE, waiting).await {
        Ok(value) => value,
        Err(_) => panic!("did not happen: {what}"),
    }
}
