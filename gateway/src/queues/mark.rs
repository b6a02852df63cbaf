//! What is remembered of the case log beside it, with the cursors: how far it had come, and a message by which it is known
//! again. A log that ends before, or holds another message there, was restored from an older copy, and QUEUES, which goes by
//! sequences, passes over what was appended since.

use async_nats::jetstream::Context;
use async_nats::jetstream::kv::Store;

use super::reconcile::{ReconcileError, engine_error};
use crate::engine::streams::CURSORS;
use crate::readmodel::{Place, Witness};

/// The highest sequence of CASES anyone has seen.
const HIGH_MARK: &str = "cases-high";
const WITNESS: &str = "cases-witness";

/// The marks of the case log.
pub(super) struct Marks(Store);

impl Marks {
    pub async fn of(jetstream: &Context) -> Result<Self, ReconcileError> {
        jetstream.get_key_value(CURSORS).await.map(Self).map_err(engine_error)
    }

    pub async fn high(&self) -> Result<u64, ReconcileError> {
        let kept = self.0.get(HIGH_MARK).await.map_err(engine_error)?;
        Ok(kept.and_then(|v| std::str::from_utf8(&v).ok()?.parse().ok()).unwrap_or(0))
    }

    /// The log as it was known when it had come that far.
    pub async fn place(&self) -> Result<Place, ReconcileError> {
        let kept = self.0.get(WITNESS).await.map_err(engine_error)?;
        let witness = kept.and_then(|v| serde_json::from_slice(&v).ok());
        Ok(Place { position: self.high().await?, witness })
    }

    /// Whatever was remembered before.
    pub async fn set(&self, place: Place) -> Result<(), ReconcileError> {
        self.put(HIGH_MARK, place.position.to_string().into()).await?;
        self.set_witness(place.witness).await
    }

    async fn set_witness(&self, witness: Option<Witness>) -> Result<(), ReconcileError> {
        let Some(witness) = witness else { return Ok(()) };
        self.put(WITNESS, serde_json::to_vec(&witness).map_err(engine_error)?).await
    }

    async fn put(&self, key: &str, value: Vec<u8>) -> Result<(), ReconcileError> {
        self.0.put(key, value.into()).await.map(drop).map_err(engine_error)
    }
}

/// Writes down a log that is no longer there, before the read model forgets it: it may be the only witness that is up to date
/// of how far that log had come. The reconciler, which writes down what it knows when it runs, would else not notice.
///
/// # Errors
/// When it cannot be written down.
pub async fn note_former_log(jetstream: &Context, former: Place) -> Result<(), ReconcileError> {
    let marks = Marks::of(jetstream).await?;
    marks.set(Place { position: former.position.max(marks.high().await?), ..former }).await
}
