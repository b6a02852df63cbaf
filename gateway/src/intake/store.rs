//! Stored before acknowledged: envelopes that arrive while a commit is running are committed together by the next one, so
//! that many senders share one fsync and a lone one waits for nobody.

use std::sync::Arc;

use async_nats::jetstream::Context;
use thiserror::Error;
use tokio::sync::{mpsc, oneshot};

use super::envelope::RawEnvelope;
use crate::background::Background;
use crate::engine::batch::{BatchError, OutMessage, commit_batch};
use crate::engine::room::Room;
use crate::traces::{SpanKind, Step};
use crate::vault::{MasterKey, VaultError};

const AT_ONCE: usize = 256;
const BYTES_AT_ONCE: usize = 4 << 20;
const BUSY_TRIES: u32 = 20;

/// Why an envelope has no receipt.
#[derive(Debug, Clone, Error)]
pub enum StoreError {
    /// It is not stored; the sender may try again.
    #[error("not stored: {0}")]
    Away(String),
    /// It may be stored or not; sending it again is safe.
    #[error("it is unknown whether it was stored; sending it again is safe: {0}")]
    Unknown(String),
    /// The store is full.
    #[error("not stored: there is no room: {0}")]
    Full(String),
    /// It can never be stored.
    #[error("not stored: {0}")]
    Refused(String),
}

impl From<VaultError> for StoreError {
    fn from(error: VaultError) -> Self {
        Self::Refused(error.to_string())
    }
}

type Reply = oneshot::Sender<Result<u64, StoreError>>;

/// The way into INTAKE; cheap to clone.
#[derive(Clone)]
pub struct IntakeStore {
    queue: mpsc::Sender<(OutMessage, Reply)>,
    master: Arc<MasterKey>,
    room: Room,
}

impl IntakeStore {
    /// Opens the store, which takes nothing while there is no `room`. It ends when every clone is dropped.
    pub fn open(jetstream: Context, master: Arc<MasterKey>, room: Room, background: &Background) -> Self {
        let (queue, waiting) = mpsc::channel(AT_ONCE * 2);
        background.run_while_used("intake store", run(jetstream, waiting));
        Self { queue, master, room }
    }

    /// Stores an envelope and returns its sequence, once the engine has it for good. Its trace goes on from there.
    ///
    /// # Errors
    /// When it is not, or may not be, stored.
    pub async fn store(&self, envelope: &RawEnvelope, received: &mut Step) -> Result<u64, StoreError> {
        let step = received.child(SpanKind::Producer, "store");
        let stored = self.put(envelope, &step).await;
        received.stored(&stored);
        stored
    }

    async fn put(&self, envelope: &RawEnvelope, step: &Step) -> Result<u64, StoreError> {
        self.room.borrow().clone().map_err(StoreError::Full)?;
        let mut message = envelope.seal(&self.master)?;
        step.stamp(&mut message.headers);
        let (reply, answer) = oneshot::channel();
        let closed = || StoreError::Away("the hub is going down".into());
        self.queue.send((message, reply)).await.map_err(|_| closed())?;
        answer.await.map_err(|_| closed())?
    }
}

async fn run(jetstream: Context, mut waiting: mpsc::Receiver<(OutMessage, Reply)>) {
    let mut taken = Vec::with_capacity(AT_ONCE);
    while waiting.recv_many(&mut taken, AT_ONCE).await > 0 {
        while !taken.is_empty() {
            let group = taken.drain(..fitting(&taken)).collect();
            commit(&jetstream, group).await;
        }
    }
}

/// How many of them one batch should carry.
fn fitting(taken: &[(OutMessage, Reply)]) -> usize {
    let mut bytes = 0;
    let fits = taken.iter().take_while(|(m, _)| {
        bytes += m.payload.len();
        bytes <= BYTES_AT_ONCE
    });
    fits.count().max(1)
}

async fn commit(jetstream: &Context, group: Vec<(OutMessage, Reply)>) {
    let (messages, replies): (Vec<OutMessage>, Vec<Reply>) = group.into_iter().unzip();
    match patiently(jetstream, &messages).await {
        Ok(ack) => {
            for (index, reply) in replies.into_iter().enumerate() {
                tell(reply, Ok(ack.sequence_of(index)));
            }
        }
        Err(BatchError::Rejected { .. }) if messages.len() > 1 => {
            for (message, reply) in messages.into_iter().zip(replies) {
                let stored = patiently(jetstream, std::slice::from_ref(&message)).await;
                tell(reply, stored.map(|ack| ack.last_sequence).map_err(store_error));
            }
        }
        Err(error) => {
            let error = store_error(error);
            for reply in replies {
                tell(reply, Err(error.clone()));
            }
        }
    }
}

/// Nothing is stored while the server says it is busy: that is waited out for a moment before a sender is turned away.
async fn patiently(jetstream: &Context, messages: &[OutMessage]) -> Result<crate::engine::batch::BatchAck, BatchError> {
    let mut tries = 0;
    loop {
        match commit_batch(jetstream, messages).await {
            Err(BatchError::Busy(_)) if tries < BUSY_TRIES => tries += 1,
            answer => return answer,
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

fn tell(reply: Reply, answer: Result<u64, StoreError>) {
    if reply.send(answer).is_err() {
        tracing::debug!("the sender did not wait for its receipt");
    }
}

pub(super) fn store_error(error: BatchError) -> StoreError {
    match error {
        error if error.is_full() => StoreError::Full(error.to_string()),
        BatchError::Unknown(why) => StoreError::Unknown(why),
        BatchError::Busy(why) => StoreError::Away(why),
        error => StoreError::Refused(error.to_string()),
    }
}
