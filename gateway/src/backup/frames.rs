//! A backup on its way from the hub to whoever writes it down: frames of a length, a kind and a body. Whoever receives
//! them knows a whole backup by its last frame, and a broken one by its lack.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::engine::snapshot::Head;

const SAID: u8 = 0;
const DATA: u8 = 1;
const HEAD_BYTES: usize = 5;
/// Chunks are far smaller; nothing that claims to be larger is waited for.
const MOST_BYTES: usize = 16 << 20;

/// What the hub says between the data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Said {
    /// First of all.
    Opening(Opening),
    /// The data of this stream follow.
    Stream {
        /// Its name.
        name: String,
        /// What it was.
        head: Head,
    },
    /// That stream is whole.
    End,
    /// The backup is whole.
    Whole,
    /// It breaks off here.
    BrokenOff {
        /// Why.
        reason: String,
    },
}

/// What the hub says before anything is copied.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Opening {
    /// The hub's version.
    pub hub_version: String,
    /// Everything in INTAKE up to this sequence was decided, and the decision in CASES, before CASES was copied.
    pub intake_floor: u64,
}

/// One frame.
#[derive(Debug, Clone, PartialEq)]
pub enum Frame {
    /// What the hub says.
    Said(Said),
    /// A piece of the stream named last.
    Data(Bytes),
}

/// What arrives is not a backup.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FrameError {
    /// A frame of another kind, or larger than any.
    #[error("what the hub sends is not a backup of this version")]
    Strange,
    /// It ended early.
    #[error("the backup broke off before its end")]
    BrokenOff,
}

impl Frame {
    /// As it is sent.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let said;
        let (kind, body): (u8, &[u8]) = match self {
            Self::Data(data) => (DATA, data),
            Self::Said(words) => {
                said = serde_json::to_vec(words).unwrap_or_default();
                (SAID, &said)
            }
        };
        let mut frame = BytesMut::with_capacity(HEAD_BYTES + body.len());
        frame.put_u32(u32::try_from(body.len()).unwrap_or(u32::MAX));
        frame.put_u8(kind);
        frame.put_slice(body);
        frame.freeze()
    }
}

/// Finds the frames in what arrives, in whatever pieces.
#[derive(Debug, Default)]
pub struct Decoder(BytesMut);

impl Decoder {
    /// Takes in what arrived.
    pub fn push(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// The next frame, if it is there whole.
    ///
    /// # Errors
    /// When it is no frame.
    pub fn frame(&mut self) -> Result<Option<Frame>, FrameError> {
        let Some(head) = self.0.first_chunk::<HEAD_BYTES>() else { return Ok(None) };
        let [a, b, c, d, kind] = *head;
        let length = u32::from_be_bytes([a, b, c, d]) as usize;
        if length > MOST_BYTES {
            return Err(FrameError::Strange);
        }
        if self.0.len() < HEAD_BYTES + length {
            return Ok(None);
        }
        self.0.advance(HEAD_BYTES);
        let body = self.0.split_to(length).freeze();
        match kind {
            DATA => Ok(Some(Frame::Data(body))),
            SAID => serde_json::from_slice(&body).map(|said| Some(Frame::Said(said))).map_err(|_| FrameError::Strange),
            _ => Err(FrameError::Strange),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn frames() -> Vec<Frame> {
        vec![
            Frame::Said(Said::Opening(Opening { hub_version: "0.1.0".into(), intake_floor: 7 })),
            Frame::Said(Said::Stream { name: "CASES".into(), head: Head { config: json!({}), state: json!({}) } }),
            Frame::Data(Bytes::from_static(b"abc")),
            Frame::Data(Bytes::new()),
            Frame::Said(Said::End),
            Frame::Said(Said::Whole),
        ]
    }

    proptest! {
        #[test]
        fn frames_arrive_whole_however_they_are_cut(size in 1_usize..40) {
            let sent: Vec<u8> = frames().iter().flat_map(Frame::encode).collect();
            let (mut decoder, mut arrived) = (Decoder::default(), Vec::new());
            for piece in sent.chunks(size) {
                decoder.push(piece);
                while let Some(frame) = decoder.frame().expect("a frame") {
                    arrived.push(frame);
                }
            }
            prop_assert_eq!(arrived, frames());
        }
    }

    #[test]
    fn what_is_no_backup_is_refused_and_not_waited_for() {
        let check = |bytes: &[u8]| {
            let mut decoder = Decoder::default();
            decoder.push(bytes);
            assert_eq!(decoder.frame(), Err(FrameError::Strange));
        };
        check(b"<html>not a hub</html>");
        check(&[0, 0, 0, 1, 9, 9]);
        check(&[0, 0, 0, 2, 0, b'{', b'}']);
    }
}
