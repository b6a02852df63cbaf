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
}

impl Follow {
    /// Starts from the credentials the engine was started with.
    #[must_use]
    pub fn new(path: PathBuf, engine: Engine, credentials: Credentials) -> (Self, SharedCredentials) {
        let (current, shared) = watch::channel(Arc::new(credentials));
        (Self { path, engine, current }, shared)
    }

    /// Looks until told to stop.
    pub async fn run(self, shutdown: CancellationToken) {
        let mut seen = None;
        let mut look = tokio::time::interval(LOOK_EVERY);
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                _ = look.tick() => {}
            }
            let stamp = stamp(&self.path);
            if stamp != seen && self.take_over().await {
                seen = stamp;
            }
        }
    }

    /// Whether the file was dealt with, for good or ill, and need not be looked at until it changes.
    async fn take_over(&self) -> bool {
        let credentials = match Credentials::load(&self.path) {
            Ok(credentials) => credentials,
            Err(error) => {
                tracing::error!("the keys in force stay as they are: {error}");
                return true;
            }
        };
        if credentials == **self.current.borrow() {
            return true;
        }
        let keys = credentials.keys().len();
        let reloaded = self.engine.reload_credentials(&credentials).await;
        self.current.send_replace(Arc::new(credentials));
        match reloaded {
            Ok(()) => tracing::info!(keys, "credentials read again: {keys} keys"),
            Err(ref error) => tracing::error!("nats-server still has the former users, trying again: {error}"),
        }
        reloaded.is_ok()
    }
}

fn stamp(path: &Path) -> Option<(SystemTime, u64)> {
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}
