//! The end of the log as this process wrote it, kept for a moment: who follows the log from here need not ask the server
//! for what was just sent to it, nor read and open what was just written and sealed. It may always be missing something;
//! the log never does.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use huiliu_schemas::event::Event;
use tokio::sync::watch;

use crate::engine::batch::{BatchAck, OutMessage};
use crate::readmodel::{LogMessage, Said, Witness};

/// Who is further behind than this reads from the server again.
const BYTES_KEPT: usize = 10 * 1024 * 1024;
/// With more than this unread, who writes lets who reads come after.
const BYTES_WAITING: usize = BYTES_KEPT / 4 * 3;

/// The tail; cheap to clone.
#[derive(Clone)]
pub struct Tail {
    kept: Arc<Mutex<Kept>>,
    end: watch::Sender<u64>,
}

#[derive(Default)]
struct Kept {
    /// Batches by their first sequence.
    batches: BTreeMap<u64, Batch>,
    bytes: usize,
    /// The reader is elsewhere: something was dropped unread, or what comes next for it is not kept.
    missed: bool,
}

/// What was appended at once.
struct Batch {
    messages: Vec<LogMessage>,
    /// What it takes in the log: about what it takes here.
    bytes: usize,
}

impl Tail {
    /// Of a log that ends at `end` now.
    pub(super) fn new(end: u64) -> Self {
        Self { kept: Arc::default(), end: watch::Sender::new(end) }
    }

    /// Adds a batch that is in the log; of those of its messages that hold events, the events that were decided, by their
    /// place in it.
    pub(super) fn push(&self, ack: BatchAck, messages: Vec<OutMessage>, mut decided: HashMap<usize, Arc<[Event]>>) {
        let bytes = messages.iter().map(|message| message.subject.len() + message.payload.len()).sum();
        let witness =
            messages.iter().enumerate().rev().find_map(|(place, message)| {
                Witness::stored(ack.sequence_of(place), &message.subject, &message.payload)
            });
        let mut logged = Vec::with_capacity(messages.len());
        for (place, OutMessage { subject, payload, .. }) in messages.into_iter().enumerate() {
            let sequence = ack.sequence_of(place);
            let witness = witness.filter(|witness| witness.sequence == sequence);
            let said = match decided.remove(&place) {
                Some(events) => Said::Decided { events, witness },
                None if subject.starts_with("entry.") => Said::Subject { witness },
                None => Said::Stored(payload),
            };
            logged.push(LogMessage { sequence, subject, said });
        }
        let batch = Batch { messages: logged, bytes };
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).push(ack.sequence_of(0), batch);
        self.end.send_modify(|end| *end = (*end).max(ack.last_sequence));
    }

    /// The messages that come next after `position`, without a gap, about as many as asked for; none where the tail does
    /// not reach back to there. What lies before is given up: there is one reader, and it only goes forward.
    pub fn after(&self, position: u64, about: usize) -> Vec<LogMessage> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).after(position, about)
    }

    /// Whether there is a reader that will soon have missed something. One that has reads from the server, and nobody helps
    /// it by waiting.
    pub(super) fn is_filling(&self) -> bool {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.bytes > BYTES_WAITING && !kept.missed && self.end.receiver_count() > 0
    }

    /// It was waited for in vain: nobody waits before it has taken something again.
    pub(super) fn give_up(&self) {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).missed = true;
    }

    /// What was kept may be of another log.
    pub fn forget(&self) {
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Kept { missed: true, ..Kept::default() };
    }

    /// As far as the log is known to go: where it ended at the start, and what this process appended since.
    pub fn end(&self) -> watch::Receiver<u64> {
        self.end.subscribe()
    }
}

impl Kept {
    fn push(&mut self, first: u64, batch: Batch) {
        self.bytes += batch.bytes;
        if let Some(former) = self.batches.insert(first, batch) {
            self.bytes -= former.bytes;
        }
        while self.bytes > BYTES_KEPT {
            let Some((_, oldest)) = self.batches.pop_first() else { return };
            self.bytes -= oldest.bytes;
            self.missed = true;
        }
    }

    fn after(&mut self, position: u64, about: usize) -> Vec<LogMessage> {
        let mut found = Vec::new();
        let mut next = position + 1;
        while found.len() < about
            && let Some(oldest) = self.batches.first_entry().filter(|batch| *batch.key() <= next)
        {
            let batch = oldest.remove();
            self.bytes -= batch.bytes;
            found.extend(batch.messages.into_iter().filter(|message| message.sequence >= next));
            next = found.last().map_or(next, |message| message.sequence + 1);
        }
        self.missed = found.is_empty() && (self.missed || !self.batches.is_empty());
        found
    }
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
        tail.push(BatchAck { last_sequence: *sequences.end(), count: messages.len() as u64 }, messages, HashMap::new());
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
    fn who_writes_waits_for_who_keeps_up_and_for_nobody_else() {
        let tail = Tail::new(0);
        let _reader = tail.end();
        let fill =
            |sequences: std::ops::RangeInclusive<u64>| sequences.for_each(|n| push(&tail, n..=n, BYTES_KEPT / 10));
        fill(1..=7);
        assert!(!tail.is_filling());
        fill(8..=8);
        assert!(tail.is_filling());
        fill(9..=20);
        assert!(!tail.is_filling(), "what was not read in time is gone");
        assert_eq!(after(&tail, 7), [0; 0]);
        fill(21..=21);
        assert!(!tail.is_filling(), "the reader is elsewhere");
        assert_eq!(after(&tail, 15), [16, 17, 18, 19, 20, 21]);
        fill(22..=29);
        assert!(tail.is_filling(), "it is back");
        tail.give_up();
        assert!(!tail.is_filling(), "it takes nothing");
        assert_eq!(after(&tail, 21).len(), 8);
        fill(31..=38);
        assert!(tail.is_filling());
        assert_eq!(after(&tail, 29), [0; 0]);
        assert!(!tail.is_filling(), "30 comes from the server");
        assert_eq!(after(&tail, 30).len(), 8);
        fill(39..=46);
        tail.forget();
        fill(39..=39);
        assert_eq!((tail.is_filling(), after(&tail, 38)), (false, vec![39]));
    }

    #[test]
    fn nobody_waits_where_nobody_reads() {
        let tail = Tail::new(0);
        (1..=9).for_each(|n| push(&tail, n..=n, BYTES_KEPT / 10));
        assert!(!tail.is_filling());
    }

    #[test]
    fn the_last_message_of_a_batch_that_may_be_is_its_witness() {
        let message = |subject: &str| OutMessage {
            subject: subject.into(),
            headers: HeaderMap::new(),
            payload: Bytes::from_static(b"{}"),
            expect_last_subject_sequence: None,
        };
        let witnesses = |subjects: &[&str]| {
            let tail = Tail::new(0);
            let ack = BatchAck { last_sequence: subjects.len() as u64, count: subjects.len() as u64 };
            let messages = subjects.iter().copied().map(message).collect();
            tail.push(ack, messages, HashMap::from([(0, Arc::from(Vec::new()))]));
            tail.after(0, 100).iter().map(Witness::of).collect::<Vec<_>>()
        };
        let (events, entry) = ("case.x", "entry.d.x.1");
        let stored = |sequence, subject| Witness::stored(sequence, subject, b"{}");
        assert_eq!(witnesses(&[events, "alias.n.x", entry, entry]), [None, None, None, stored(4, entry)]);
        assert_eq!(witnesses(&[events, "alias.n.x"]), [stored(1, events), None]);
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
