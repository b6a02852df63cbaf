//! A lease: what only one gateway may do at a time. It runs out by itself when its holder dies.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_nats::jetstream::Context;
use async_nats::jetstream::kv::{Store, UpdateError};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until, timeout, timeout_at};
use uuid::Uuid;

use crate::engine::streams::{LEASE_TTL, LEASES};

/// Three times within the time after which it runs out.
const RENEW_EVERY: Duration = Duration::from_secs(3);
/// A server that has not answered so long after a renewal was due may have lost it: the work ends before another may begin it.
const ANSWERED_WITHIN: Duration = Duration::from_secs(5);
const _: () = assert!(RENEW_EVERY.as_secs() + ANSWERED_WITHIN.as_secs() < LEASE_TTL.as_secs());

/// Between two tries to have what another holds.
const ASK_AGAIN: Duration = Duration::from_millis(200);

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
        self.hold_within(Duration::ZERO, work).await
    }

    /// The same, waiting so long for whoever holds it.
    pub async fn hold_within<T>(&self, patience: Duration, work: impl Future<Output = T>) -> Option<T> {
        let leases = self.jetstream.get_key_value(LEASES).await.ok()?;
        let until = Instant::now() + patience;
        let (sent, revision) = loop {
            let sent = Instant::now();
            let created = timeout(ANSWERED_WITHIN, leases.create(&self.key, self.holder.clone().into())).await;
            match created {
                Ok(Ok(revision)) => break (sent, revision),
                _ if Instant::now() >= until => return None,
                _ => sleep(ASK_AGAIN).await,
            }
        };
        tracing::debug!(lease = self.key, "lease {} is ours", self.key);
        let mut held = Held { leases, key: Some(self.key.clone()), revision: AtomicU64::new(revision) };
        let done = tokio::select! {
            () = held.keep(self, sent) => return None,
            done = work => done,
        };
        if let Some(given_back) = held.give_back() {
            // Else who asks next, having had the answer, would find it taken.
            let _it_runs_out = given_back.await;
        }
        Some(done)
    }
}

/// A lease that is ours: renewed while the work goes on, and given back even when the work is cancelled, so that nobody
/// has to wait until it runs out.
struct Held {
    leases: Store,
    /// None once it is given back.
    key: Option<String>,
    revision: AtomicU64,
}

impl Held {
    async fn keep(&self, Lease { key, holder, .. }: &Lease, sent: Instant) {
        let update = async || {
            let revision = self.revision.load(Ordering::Relaxed);
            let renewed = self.leases.update(key, holder.clone().into(), revision).await?;
            self.revision.store(renewed, Ordering::Relaxed);
            Ok(())
        };
        let error = renew(sent, update).await;
        tracing::warn!(lease = key, error, "lease {key} was lost");
    }

    /// On its way whether or not it is waited for.
    fn give_back(&mut self) -> Option<JoinHandle<()>> {
        let (leases, key) = (self.leases.clone(), self.key.take()?);
        let revision = self.revision.load(Ordering::Relaxed);
        Some(tokio::spawn(async move {
            if leases.delete_expect_revision(&key, Some(revision)).await.is_err() {
                tracing::debug!(lease = key, "lease {key} runs out by itself");
            }
        }))
    }
}

/// Renews what was last sent for then, until no answer comes in time: why. The server counts from when it stored what was
/// sent, which may be long before it says so; so here it counts from the sending.
async fn renew<F>(mut sent: Instant, mut update: impl FnMut() -> F) -> String
where
    F: Future<Output = Result<(), UpdateError>>,
{
    loop {
        let due = sent + RENEW_EVERY;
        sleep_until(due).await;
        sent = Instant::now();
        match timeout_at(due + ANSWERED_WITHIN, update()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return error.to_string(),
            Err(elapsed) => return elapsed.to_string(),
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        drop(self.give_back());
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::future::pending;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_work_ends_before_another_may_begin_it() {
        for answered in [Duration::ZERO, RENEW_EVERY, ANSWERED_WITHIN - Duration::from_millis(1)] {
            let stored = Cell::new(None);
            // The first is stored at once and answered late, the next is lost.
            let update = async || {
                if stored.get().is_some() {
                    pending::<()>().await;
                }
                stored.set(Some(Instant::now()));
                sleep(answered).await;
                Ok(())
            };
            let _why = renew(Instant::now(), update).await;
            let held = stored.get().expect("renewed").elapsed();
            assert!(held < LEASE_TTL, "answered after {answered:?}, held for {held:?}");
        }
    }
}
