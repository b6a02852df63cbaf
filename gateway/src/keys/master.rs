//! Whether the master key is the one of this store. A store gets its key when it is empty, and keeps it: the first ring in
//! KEYS is wrapped by it and by no other, and a hub whose key does not open that ring does not start. What it took in
//! meanwhile would be sealed apart from the rest, and what is there would be buried as unreadable.

use std::path::Path;

use async_nats::HeaderMap;
use async_nats::jetstream::Context;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use huiliu_schemas::CaseId;
use huiliu_schemas::keyring::KeyRing;
use huiliu_schemas::subjects;
use thiserror::Error;
use uuid::Uuid;

use super::ring_in;
use crate::engine::batch::{self, BatchError, OutMessage};
use crate::engine::patience::MayPass;
use crate::engine::read::{self, ReadError, StoredMessage};
use crate::engine::streams::{self, CASES, INTAKE, KEYS, StreamError};
use crate::intake::envelope::{EnvelopeError, RawEnvelope};
use crate::vault::{self, DataKey, MasterKey, VaultError};

/// The ring that only shows whose store this is: it holds a key of no case. No other ring is called so, for their names
/// are hexadecimal.
const PROOF: &str = "proof";
const NO_CASE: CaseId = CaseId(Uuid::nil());

/// Why there is no master key to work with.
#[derive(Debug, Error)]
pub enum MasterKeyError {
    /// A new one would open nothing of what is there.
    #[error(
        "主密钥文件 {path} 不存在，而库中已有数据：请挂载密钥所在介质，或从密钥备份取回；不会另造新密钥 (master key file `{path}` is not there, but the store is not empty: mount the medium it is on, or copy it back; no new one is made)"
    )]
    Missing {
        /// The file.
        path: String,
    },
    /// The store was made with another.
    #[error(
        "主密钥文件 {path} 不是此库的密钥：库中已有的内容打不开，网关不启动；请放回原来的密钥文件 (the key in `{path}` is not the key of this store, and opens nothing that is in it: put back the key the store was made with)"
    )]
    Another {
        /// The file.
        path: String,
    },
    /// The file cannot be read or made.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// What is in the store cannot be read.
    #[error("failed to compare the master key with the store: {0}")]
    Read(#[from] ReadError),
    /// The store cannot be looked at.
    #[error("failed to compare the master key with the store: {0}")]
    Look(#[from] StreamError),
    /// What is in the store is no envelope.
    #[error("failed to compare the master key with the store: {0}")]
    Envelope(EnvelopeError),
    /// The store did not take the proof.
    #[error("failed to note in the store whose key it has: {0}")]
    Store(#[from] BatchError),
}

impl MayPass for MasterKeyError {
    fn may_pass(&self) -> bool {
        match self {
            Self::Missing { .. } | Self::Another { .. } | Self::Vault(_) | Self::Envelope(_) => false,
            Self::Read(error) => matches!(error, ReadError::Away { .. }),
            Self::Look(error) => error.may_pass(),
            Self::Store(error) => matches!(error, BatchError::Busy(_) | BatchError::Unknown(_)),
        }
    }
}

/// The master key of this store. It is made only where there is no key file and nothing was ever stored.
///
/// # Errors
/// When the key is missing, or the store has another.
pub async fn of_store(jetstream: &Context, path: &Path) -> Result<MasterKey, MasterKeyError> {
    if !path.exists() {
        if !is_new(jetstream).await? {
            return Err(MasterKeyError::Missing { path: path.display().to_string() });
        }
        MasterKey::create(path)?;
    }
    existing(jetstream, path).await
}

/// The master key of this store, which must be there. A store that has no proof yet gets it from the key that opens what
/// was stored last.
///
/// # Errors
/// When the key is missing, or the store has another.
pub async fn existing(jetstream: &Context, path: &Path) -> Result<MasterKey, MasterKeyError> {
    let master = MasterKey::load(path)?;
    let another = || MasterKeyError::Another { path: path.display().to_string() };
    let proven = match proof(jetstream).await? {
        Some(proof) => opens_ring(&master, &proof),
        None if !opens_last(&master, jetstream).await? => false,
        None => claim(&master, jetstream).await?,
    };
    if proven { Ok(master) } else { Err(another()) }
}

/// Whether nothing was ever stored.
async fn is_new(jetstream: &Context) -> Result<bool, StreamError> {
    for stream in [CASES, KEYS, INTAKE] {
        if streams::last_sequence(jetstream, stream).await? > 0 {
            return Ok(false);
        }
    }
    Ok(true)
}

async fn proof(jetstream: &Context) -> Result<Option<StoredMessage>, ReadError> {
    read::last_from_leader(jetstream, KEYS, &subjects::key_ring(PROOF)).await
}

/// Writes the proof. Where another gateway was first, its key is the store's.
async fn claim(master: &MasterKey, jetstream: &Context) -> Result<bool, MasterKeyError> {
    let wrapped = master.wrap(&DataKey::random()?, &vault::owner_of(NO_CASE, PROOF))?;
    let ring = KeyRing { keys: [(NO_CASE, BASE64.encode(wrapped))].into() };
    let message = OutMessage {
        subject: subjects::key_ring(PROOF),
        headers: HeaderMap::new(),
        payload: serde_json::to_vec(&ring).unwrap_or_default().into(),
        expect_last_subject_sequence: Some(0),
    };
    match batch::commit_batch(jetstream, &[message]).await {
        Ok(_) => Ok(true),
        Err(BatchError::Conflict { .. }) => Ok(proof(jetstream).await?.is_some_and(|proof| opens_ring(master, &proof))),
        Err(error) => Err(error.into()),
    }
}

/// Whether the key opens the last ring, else the last envelope; what is empty cannot contradict it.
async fn opens_last(master: &MasterKey, jetstream: &Context) -> Result<bool, MasterKeyError> {
    if let Some(ring) = read::last_from_leader(jetstream, KEYS, ">").await? {
        return Ok(opens_ring(master, &ring));
    }
    let Some(m) = read::last_from_leader(jetstream, INTAKE, ">").await? else { return Ok(true) };
    match RawEnvelope::open(&m.subject, &m.headers, &m.payload, master) {
        Ok(_) => Ok(true),
        Err(EnvelopeError::Vault(_)) => Ok(false),
        Err(error) => Err(MasterKeyError::Envelope(error)),
    }
}

/// Whether every key of a ring was wrapped by this one.
fn opens_ring(master: &MasterKey, ring: &StoredMessage) -> bool {
    let name = ring.subject.strip_prefix("key.").unwrap_or_default();
    let opens = |(case, wrapped): (&CaseId, &String)| {
        let wrapped = BASE64.decode(wrapped).ok();
        wrapped.is_some_and(|wrapped| master.unwrap(&wrapped, &vault::owner_of(*case, name)).is_ok())
    };
    ring_in(&ring.payload).is_ok_and(|ring| ring.keys.iter().all(opens))
}
