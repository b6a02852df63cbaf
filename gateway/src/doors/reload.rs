//! Follows the credentials file, so that a new key works and a revoked one stops at once.
//!
//! A file that cannot be understood changes nothing: the keys read last stay in force.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::credentials::Credentials;
use crate::engine::Engine;

const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Who may come in just now; shared by both doors.
pub type SharedCredentials = watch::Receiver<Arc<Credentials>>;

/// Follows one credentials file.
pub struct Follow {
    path: PathBuf,
    engine: Engine,
    current: watch::Sender<Arc<Credentials>>,
    /// What nats-server was last told.
    told: Arc<Credentials>,
}

impl Follow {
    /// Starts from the credentials the engine was started with.
    #[must_use]
    pub fn new(path: PathBuf, engine: Engine, credentials: Credentials) -> (Self, SharedCredentials) {
        let told = Arc::new(credentials);
        let (current, shared) = watch::channel(told.clone());
        (Self { path, engine, current, told }, shared)
    }

    /// Looks until told to stop.
    pub async fn run(mut self, shutdown: CancellationToken) {
        let mut seen = None;
        let mut look = tokio::time::interval(LOOK_EVERY);
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                _ = look.tick() => {}
            }
            let stamp = stamp(&self.path);
            if stamp != seen {
                self.read();
                seen = stamp;
            }
            self.tell_server().await;
        }
    }

    /// Takes over what the file says.
    fn read(&self) {
        match Credentials::load(&self.path) {
            Ok(credentials) => drop(self.current.send_if_modified(|current| {
                let changed = credentials != **current;
                if changed {
                    *current = Arc::new(credentials);
                }
                changed
            })),
            Err(error) => tracing::error!("the keys in force stay as they are: {error}"),
        }
    }

    /// Tells nats-server who may come in, until it has understood.
    async fn tell_server(&mut self) {
        let current = self.current.borrow().clone();
        if Arc::ptr_eq(&current, &self.told) {
            return;
        }
        let keys = current.keys().len();
        match self.engine.reload_credentials(&current).await {
            Ok(()) => {
                tracing::info!(keys, "credentials read again: {keys} keys");
                self.told = current;
            }
            Err(error) => tracing::error!("nats-server still has the former users, trying again: {error}"),
        }
    }
}

fn stamp(path: &Path) -> Option<(SystemTime, u64)> {
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}
