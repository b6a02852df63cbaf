//! From an envelope to its submissions. Pure: the same bytes and the same pack give the same answer, so a receipt can be
//! computed again from what is stored.

use huiliu_adapters::decode::{DecodeError, Limits, Record};
use huiliu_schemas::submission::{FieldProblem, Submission};

use super::envelope::RawEnvelope;
use crate::channels::ChannelRuntime;

/// One record of an envelope.
#[derive(Debug, Clone)]
pub struct Understood {
    /// Its place, from 0.
    pub index: usize,
    /// The submission, or why there is none.
    pub submission: Result<Box<Submission>, Misunderstood>,
}

/// A record no submission could be made of.
#[derive(Debug, Clone)]
pub struct Misunderstood {
    /// In a few words; nothing personal.
    pub reason: String,
    /// By field.
    pub problems: Vec<FieldProblem>,
}

/// Reads all records of an envelope, or the one that is meant; one that is broken does not touch the others.
///
/// # Errors
/// When not even the records can be told apart.
pub fn understand(envelope: &RawEnvelope, channel: &ChannelRuntime) -> Result<Vec<Understood>, DecodeError> {
    let pack = channel.pack();
    let records = pack.decode(envelope.way, &envelope.body, Limits::default())?;
    let read = |record: Record| {
        let index = record.index;
        let submission = match record.value {
            Ok(value) => pack
                .map(&value, &channel.namespace, envelope.received_at)
                .map(Box::new)
                .map_err(|unmapped| Misunderstood { reason: "fields are missing".into(), problems: unmapped.problems }),
            Err(error) => Err(Misunderstood { reason: error.to_string(), problems: Vec::new() }),
        };
        Understood { index, submission }
    };
    let meant = |record: &Record| envelope.only.is_none_or(|only| only == record.index);
    Ok(records.into_iter().filter(meant).map(read).collect())
}
