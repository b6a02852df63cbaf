//! What the stores did, said of the step that asked for it.

use huiliu_schemas::event::Event;

use super::{Key, SpanKind, Step};
use crate::intake::store::StoreError;
use crate::ledger::{JobResult, LedgerError, Settled};

impl Step {
    /// Says what came of storing an envelope.
    pub fn stored(&mut self, stored: &Result<u64, StoreError>) {
        match stored {
            Ok(sequence) => {
                self.count(Key::Intake, *sequence);
                self.outcome("stored");
            }
            Err(StoreError::Away(_)) => self.failed("away"),
            Err(StoreError::Unknown(_)) => self.failed("unknown"),
            Err(StoreError::Full(_)) => self.failed("full"),
            Err(StoreError::Refused(_)) => self.failed("refused_by_store"),
        }
    }

    /// Says what came of a job. Each queue entry it made is a step of its own: from the decision to the log, from which the
    /// server sources the queues.
    pub fn settled(&mut self, settled: &Result<Settled, LedgerError>) {
        if !self.is_recorded() {
            return;
        }
        let settled = match settled {
            Ok(settled) => settled,
            Err(error) => return self.failed(word(error)),
        };
        self.say(Key::Case, settled.case_id);
        match &settled.result {
            JobResult::Appended(events) => {
                self.outcome("appended");
                self.say(Key::Events, names(events));
                self.offered(settled, events);
            }
            JobResult::Known(_) => self.outcome("known"),
            JobResult::Nothing(_) => self.outcome("nothing_new"),
            JobResult::Refused(_) => self.outcome("refused"),
        }
    }

    fn offered(&self, settled: &Settled, events: &[Event]) {
        for entry in events.iter().flat_map(|event| &event.entries) {
            let mut offer = self.child_of_decision(SpanKind::Producer, "offer");
            offer.say(Key::Case, settled.case_id);
            offer.say(Key::Department, &entry.department);
            offer.count(Key::Entry, entry.n);
        }
    }
}

fn names(events: &[Event]) -> String {
    events.iter().map(|event| event.body.name()).collect::<Vec<_>>().join(",")
}

fn word(error: &LedgerError) -> &'static str {
    match error {
        LedgerError::Closed => "closed",
        LedgerError::Full(_) => "full",
        LedgerError::Refused(_) => "refused_by_store",
        LedgerError::Unreadable { .. } => "unreadable",
    }
}
