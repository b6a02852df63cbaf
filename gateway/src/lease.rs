//! A lease: what only one gateway may do at a time. It runs out by itself when its holder dies.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_nats::jetstream::Context;
use async_nats::jetstream::kv::Store;
use tokio::time::timeout;
use uuid::Uuid;

use crate::engine::streams::{LEASE_TTL, LEASES};

/// Three times within the time after which it runs out.
const RENEW_EVERY: Duration = Duration::from_secs(3);
/// A server that has not answered by then may have lost what it was told: the work ends before another may begin it.
const ANSWERED_WITHIN: Duration = Duration::from_secs(5);
const _: () = assert!(RENEW_EVERY.as_secs() + ANSWERED_WITHIN.as_secs() < LEASE_TTL.as_secs());

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
        let created = timeout(ANSWERED_WITHIN, leases.create(&self.key, self.holder.clone().into())).await;
        let revision = created.ok()?.ok()?;
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
            let renewed = timeout(ANSWERED_WITHIN, self.leases.update(&self.key, holder.to_owned().into(), revision));
            let lost = match renewed.await {
                Ok(Ok(renewed)) => {
                    self.revision.store(renewed, Ordering::Relaxed);
                    continue;
                }
                Ok(Err(error)) => error.to_string(),
                Err(elapsed) => elapsed.to_string(),
            };
            tracing::warn!(lease = self.key, error = lost, "lease {} was lost", self.key);
            return;
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
