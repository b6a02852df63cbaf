//! The end of the log as this process wrote it, kept for a moment: who follows the log from here need not ask the server
//! for what was just sent to it. It may always be missing something; the log never does.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use crate::engine::batch::{BatchAck, OutMessage};
use crate::readmodel::LogMessage;

/// Who is further behind than this reads from the server again.
const BYTES_KEPT: usize = 12 * 1024 * 1024;

/// The tail; cheap to clone.
#[derive(Clone)]
pub struct Tail {
    kept: Arc<Mutex<Kept>>,
    end: watch::Sender<u64>,
}

#[derive(Default)]
struct Kept {
    /// Batches by their first sequence.
    batches: BTreeMap<u64, Vec<LogMessage>>,
    bytes: usize,
}

impl Tail {
    /// Of a log that ends at `end` now.
    pub(super) fn new(end: u64) -> Self {
        Self { kept: Arc::default(), end: watch::Sender::new(end) }
    }

    /// Adds a batch that is in the log.
    pub(super) fn push(&self, ack: BatchAck, messages: Vec<OutMessage>) {
        let first = ack.sequence_of(0);
        let numbered = messages.into_iter().zip(first..);
        let batch = numbered
            .map(|(message, sequence)| LogMessage { sequence, subject: message.subject, payload: message.payload })
            .collect();
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).push(first, batch);
        self.end.send_modify(|end| *end = (*end).max(ack.last_sequence));
    }

    /// The messages that come next after `position`, without a gap, about as many as asked for; none where the tail does
    /// not reach back to there. What lies before is given up: there is one reader, and it only goes forward.
    pub fn after(&self, position: u64, about: usize) -> Vec<LogMessage> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).after(position, about)
    }

    /// As far as the log is known to go: where it ended at the start, and what this process appended since.
    pub fn end(&self) -> watch::Receiver<u64> {
        self.end.subscribe()
    }
}

impl Kept {
    fn push(&mut self, first: u64, batch: Vec<LogMessage>) {
        self.bytes += size(&batch);
        self.batches.insert(first, batch);
        while self.bytes > BYTES_KEPT {
            let Some((_, oldest)) = self.batches.pop_first() else { return };
            self.bytes -= size(&oldest);
        }
    }

    fn after(&mut self, position: u64, about: usize) -> Vec<LogMessage> {
        let mut found = Vec::new();
        let mut next = position + 1;
        while found.len() < about
            && let Some(oldest) = self.batches.first_entry().filter(|batch| *batch.key() <= next)
        {
            let batch = oldest.remove();
            self.bytes -= size(&batch);
            found.extend(batch.into_iter().filter(|message| message.sequence >= next));
            next = found.last().map_or(next, |message| message.sequence + 1);
        }
        found
    }
}

fn size(batch: &[LogMessage]) -> usize {
    batch.iter().map(|message| message.subject.len() + message.payload.len()).sum()
}

#[cfg(test)]
mod tests {
    use async_nats::HeaderMap;
    use bytes::Bytes;

    use super::*;

    fn push(tail: &Tail, sequences: std::ops::RangeInclusive<u64>, bytes: usize) {
        let message = |_| OutMessage {
            subject: "case.x".into(),
            headers: HeaderMap::new(),
            payload: Bytes::from(vec![0; bytes]),
            expect_last_subject_sequence: None,
        };
        let messages: Vec<_> = sequences.clone().map(message).collect();
        tail.push(BatchAck { last_sequence: *sequences.end(), count: messages.len() as u64 }, messages);
    }

    fn after(tail: &Tail, position: u64) -> Vec<u64> {
        tail.after(position, 100).iter().map(|message| message.sequence).collect()
    }

    #[test]
    fn batches_come_in_order_and_without_a_gap() {
        let tail = Tail::new(0);
        push(&tail, 4..=5, 1);
        assert_eq!(after(&tail, 0), [0; 0], "1 to 3 were written by somebody else, or are not there yet");
        push(&tail, 1..=3, 1);
        push(&tail, 8..=9, 1);
        assert_eq!(after(&tail, 0), [1, 2, 3, 4, 5]);
        assert_eq!(after(&tail, 5), [0; 0], "6 and 7 must be read from the log");
        assert_eq!(after(&tail, 8), [9], "what the reader has is left out");
        assert_eq!(*tail.end().borrow(), 9);
    }

    #[test]
    fn it_does_not_grow_when_nobody_reads() {
        let tail = Tail::new(0);
        for n in 1..=20 {
            push(&tail, n..=n, BYTES_KEPT / 10);
        }
        assert!(after(&tail, 0).is_empty());
        assert_eq!(after(&tail, 12), [13, 14, 15, 16, 17, 18, 19, 20]);
        assert!(tail.kept.lock().expect("lock").bytes == 0);
    }
}
