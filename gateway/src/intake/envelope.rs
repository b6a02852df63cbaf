//! A raw envelope: exactly what arrived, with where, when and how it was verified. In the store it is sealed under a key
//! of its own; its headers hold nothing personal.

use async_nats::HeaderMap;
use bytes::Bytes;
use huiliu_adapters::pack::Way;
use huiliu_adapters::verify::{Proof, RawBody, Verified};
use huiliu_schemas::{Channel, subjects};
use jiff::Timestamp;
use thiserror::Error;

use crate::engine::batch::OutMessage;
use crate::vault::{MasterKey, SealedBytes, VaultError};

const RECEIVED_AT: &str = "Huiliu-Received-At";
const WAY: &str = "Huiliu-Way";
const PROOF: &str = "Huiliu-Proof";
const KEY: &str = "Huiliu-Key";
const ONLY: &str = "Huiliu-Only";
const CARRIED: &str = "Huiliu-Carried";
const CONTENT_TYPE: &str = "Content-Type";
const CONTENT_ENCODING: &str = "Content-Encoding";

/// What arrived, proven to come from its channel.
#[derive(Debug, Clone)]
pub struct RawEnvelope {
    /// Where it came in.
    pub channel: Channel,
    /// When.
    pub received_at: Timestamp,
    /// Pushed or pulled.
    pub way: Way,
    /// The bytes.
    pub body: Verified<RawBody>,
    /// The one record that is meant, where an envelope is taken up again for its sake.
    pub only: Option<usize>,
}

/// Why a stored message is not an envelope.
#[derive(Debug, Error)]
pub enum EnvelopeError {
    /// It does not open.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// A header is missing or wrong.
    #[error("stored envelope has no valid header `{0}`")]
    Header(&'static str),
}

impl RawEnvelope {
    /// The envelope as it is stored.
    pub fn seal(&self, master: &MasterKey) -> Result<OutMessage, VaultError> {
        let raw = self.body.get();
        let sealed = master.seal_bytes(&raw.bytes, &owner(&self.channel))?;
        let mut headers = HeaderMap::new();
        headers.insert(RECEIVED_AT, self.received_at.to_string());
        headers.insert(WAY, if self.way == Way::Push { "push" } else { "pull" });
        headers.insert(PROOF, proof_name(self.body.proof()));
        headers.insert(KEY, sealed.key);
        if let Some(index) = self.only {
            headers.insert(ONLY, index.to_string());
        }
        for (name, value) in [(CONTENT_TYPE, &raw.content_type), (CONTENT_ENCODING, &raw.content_encoding)] {
            if let Some(value) = value.as_deref().filter(|v| v.is_ascii() && !v.contains(['\r', '\n'])) {
                headers.insert(name, value);
            }
        }
        Ok(OutMessage {
            subject: subjects::intake(&self.channel),
            headers,
            payload: Bytes::from(sealed.bytes),
            expect_last_subject_sequence: None,
        })
    }

    /// Opens a stored envelope.
    pub fn open(subject: &str, headers: &HeaderMap, payload: &[u8], master: &MasterKey) -> Result<Self, EnvelopeError> {
        let text = |name: &'static str| headers.get(name).map(|v| v.as_str().to_owned());
        let need = |name: &'static str| text(name).ok_or(EnvelopeError::Header(name));
        let channel: Channel =
            subject.strip_prefix("intake.").and_then(|c| c.parse().ok()).ok_or(EnvelopeError::Header("subject"))?;
        let sealed = SealedBytes { key: need(KEY)?, bytes: payload.to_vec() };
        let bytes = master.open_bytes(&sealed, &owner(&channel))?;
        let raw = RawBody {
            bytes: Bytes::from(bytes),
            content_type: text(CONTENT_TYPE),
            content_encoding: text(CONTENT_ENCODING),
        };
        let received_at = need(RECEIVED_AT)?.parse().map_err(|_| EnvelopeError::Header(RECEIVED_AT))?;
        let way = if need(WAY)? == "push" { Way::Push } else { Way::Pull };
        let only = text(ONLY).map(|i| i.parse()).transpose().map_err(|_| EnvelopeError::Header(ONLY))?;
        Ok(Self { channel, received_at, way, body: Verified::vouched(raw, Proof::Stored), only })
    }
}

/// Marks the copy of a stored envelope that is only kept, not worked on.
pub fn mark_carried(headers: &mut HeaderMap, former: u64) {
    headers.insert(CARRIED, former.to_string());
}

/// Whether a stored envelope is only kept.
pub fn is_carried(headers: Option<&HeaderMap>) -> bool {
    headers.is_some_and(|headers| headers.get(CARRIED).is_some())
}

fn owner(channel: &Channel) -> String {
    format!("intake/{channel}")
}

fn proof_name(proof: Proof) -> &'static str {
    match proof {
        Proof::Signature => "signature",
        Proof::WeakDigest => "weak-digest",
        Proof::Credential => "credential",
        Proof::Pulled => "pulled",
        Proof::Stored => "stored",
    }
}
