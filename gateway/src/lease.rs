//! A lease: what only one gateway may do at a time. It runs out by itself when its holder dies.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_nats::jetstream::Context;
use async_nats::jetstream::kv::Store;
use uuid::Uuid;

use crate::engine::streams::LEASES;

/// Three times within the time after which it runs out.
const RENEW_EVERY: Duration = Duration::from_secs(3);

/// A lease that may be held.
pub struct Lease {
    jetstream: Context,
    key: String,
    holder: String,
}

impl Lease {
    /// The lease of this name, wanted by this process.
    pub fn new(jetstream: Context, key: String) -> Self {
        Self { jetstream, key, holder: Uuid::new_v4().to_string() }
    }

    /// Does the work for as long as the lease is ours. `None` where another holds it or when it was lost; at the end it is
    /// given back.
    pub async fn hold<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let leases = self.jetstream.get_key_value(LEASES).await.ok()?;
        let revision = leases.create(&self.key, self.holder.clone().into()).await.ok()?;
        tracing::debug!(lease = self.key, "lease {} is ours", self.key);
        let held = Held { leases, key: self.key.clone(), revision: AtomicU64::new(revision) };
        tokio::select! {
            () = held.keep(&self.holder) => None,
            done = work => Some(done),
        }
    }
}

/// A lease that is ours: renewed while the work goes on, and given back even when the work is cancelled, so that nobody
/// has to wait until it runs out.
struct Held {
    leases: Store,
    key: String,
    revision: AtomicU64,
}

impl Held {
    async fn keep(&self, holder: &str) {
        loop {
            tokio::time::sleep(RENEW_EVERY).await;
            let revision = self.revision.load(Ordering::Relaxed);
            match self.leases.update(&self.key, holder.to_owned().into(), revision).await {
                Ok(renewed) => self.revision.store(renewed, Ordering::Relaxed),
                Err(error) => {
                    tracing::warn!(lease = self.key, %error, "lease {} was lost", self.key);
                    return;
                }
            }
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let (leases, key) = (self.leases.clone(), std::mem::take(&mut self.key));
        let revision = self.revision.load(Ordering::Relaxed);
        tokio::spawn(async move {
            if leases.delete_expect_revision(&key, Some(revision)).await.is_err() {
                tracing::debug!(lease = key, "lease {key} runs out by itself");
            }
        });
    }
}
