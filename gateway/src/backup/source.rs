//! The hub's side: copies the streams in their order (see [`super`]) and sends them as frames. It sees sealed content and
//! wrapped keys only; the master key and the credentials are read from the disk by whoever may read them there.

use std::sync::Arc;

use async_nats::jetstream::Context;
use async_nats::jetstream::consumer::pull;
use bytes::Bytes;
use tokio::sync::{Mutex, OwnedMutexGuard, mpsc};

use super::frames::{Frame, Opening, Said};
use super::streams;
use crate::engine::snapshot::Snapshot;
use crate::engine::streams::{CASES, INTAKE};
use crate::intake::pipeline;
use crate::ledger::Ledger;

/// Frames that wait for a slow reader; the server stops sending when they are taken up.
const FRAMES_AHEAD: usize = 32;

/// Makes backups, one at a time; cheap to clone.
#[derive(Clone)]
pub struct Backups {
    jetstream: Context,
    ledger: Ledger,
    busy: Arc<Mutex<()>>,
}

impl Backups {
    /// Of these streams, beside this ledger.
    pub fn new(jetstream: Context, ledger: Ledger) -> Self {
        Self { jetstream, ledger, busy: Arc::default() }
    }

    /// Begins a backup; its frames come as they are taken. `None` while another is being made.
    pub fn begin(&self) -> Option<mpsc::Receiver<Bytes>> {
        let busy = self.busy.clone().try_lock_owned().ok()?;
        let (frames, taken) = mpsc::channel(FRAMES_AHEAD);
        tokio::spawn(self.clone().run(busy, frames));
        Some(taken)
    }

    async fn run(self, busy: OwnedMutexGuard<()>, frames: mpsc::Sender<Bytes>) {
        let last = match self.copy_all(&frames).await {
            Ok(()) => Said::Whole,
            Err(reason) => {
                tracing::error!(reason, "a backup broke off: {reason}");
                Said::BrokenOff { reason }
            }
        };
        let _nobody_takes_it = frames.send(Frame::Said(last).encode()).await;
        drop(busy);
    }

    async fn copy_all(&self, frames: &mpsc::Sender<Bytes>) -> Result<(), String> {
        let opening =
            Opening { hub_version: env!("CARGO_PKG_VERSION").to_owned(), intake_floor: self.intake_floor().await? };
        send(frames, Frame::Said(Said::Opening(opening))).await?;
        for name in streams() {
            self.copy(&name, frames).await?;
        }
        Ok(())
    }

    /// Read before anything is copied. It may be too low, never too high: what lies above is decided again.
    async fn intake_floor(&self) -> Result<u64, String> {
        let stream = self.jetstream.get_stream(INTAKE).await.map_err(|e| e.to_string())?;
        let consumer = stream.get_consumer::<pull::Config>(pipeline::CONSUMER).await.map_err(|e| e.to_string())?;
        Ok(consumer.cached_info().ack_floor.stream_sequence)
    }

    async fn copy(&self, name: &str, frames: &mpsc::Sender<Bytes>) -> Result<(), String> {
        let mut snapshot = self.begin_copy(name).await?;
        let head = snapshot.head.clone();
        send(frames, Frame::Said(Said::Stream { name: name.to_owned(), head })).await?;
        while let Some(chunk) = snapshot.next().await.map_err(|e| e.to_string())? {
            send(frames, Frame::Data(chunk)).await?;
        }
        send(frames, Frame::Said(Said::End)).await
    }

    /// Where the copy of CASES ends is settled when the server answers; until then no batch of ours is under way, or the
    /// copy could end within a decision.
    async fn begin_copy(&self, name: &str) -> Result<Snapshot, String> {
        let between_batches = match name {
            CASES => Some(self.ledger.pause().await),
            _ => None,
        };
        let begun = Snapshot::begin(&self.jetstream, name).await.map_err(|e| e.to_string());
        drop(between_batches);
        begun
    }
}

async fn send(frames: &mpsc::Sender<Bytes>, frame: Frame) -> Result<(), String> {
    frames.send(frame.encode()).await.map_err(|_| "whoever asked for it went away".to_owned())
}
