//! A case as the model carries it between two events, and the bounded memory of those met lately.

use std::collections::HashMap;

use huiliu_schemas::case::{AssignmentState, Case};
use huiliu_schemas::event::{Event, EventBody};
use huiliu_schemas::ids::CaseId;
use uuid::Uuid;

/// How many cases are kept folded in each of the two generations. A case takes 2–4 KB.
const GENERATION: usize = 1_000;

/// A case, its key in the file, and what the fold does not keep but a question asks.
#[derive(Debug, Clone)]
pub(super) struct Folded {
    /// The key in the file.
    pub key: i64,
    /// The fold.
    pub case: Case,
    /// The event whose words the source must be told: the result, or why there is none.
    pub answer_event: Option<Uuid>,
    /// Sequence of the last event.
    pub sequence: u64,
    /// Whether the file has it.
    pub written: bool,
}

impl Folded {
    /// The case its first event makes, if it is one that begins a case.
    pub fn begin(key: i64, event: &Event, sequence: u64) -> Option<Self> {
        Case::begin(event).map(|case| Self { key, case, answer_event: None, sequence, written: false })
    }

    /// Takes in one more event.
    pub fn apply(&mut self, event: &Event, sequence: u64) {
        self.case.apply(event);
        self.sequence = sequence;
        match event.body {
            EventBody::Resolved { .. } | EventBody::Declined { .. } | EventBody::ClosedToRepetition { .. } => {
                self.answer_event = Some(event.id);
            }
            EventBody::Reopened { .. } => self.answer_event = None,
            _ => {}
        }
    }

    /// The numbers of the entries that are live; an entry's number is unique in its case.
    pub fn live(&self) -> Vec<u32> {
        let dispatches = self.case.assignments.iter().filter(|a| a.state == AssignmentState::Offered).map(|a| a.n);
        let notices = self.case.notices.iter().filter(|x| x.live).map(|x| x.entry.n);
        dispatches.chain(notices).collect()
    }
}

/// Two generations of cases: what was not touched for a whole generation is forgotten.
#[derive(Debug, Default)]
pub(super) struct Cache {
    young: HashMap<CaseId, Box<Folded>>,
    old: HashMap<CaseId, Box<Folded>>,
}

impl Cache {
    /// Takes a case out; whoever took it brings it back with [`Cache::keep`], or it is read from the file again.
    pub fn take(&mut self, id: CaseId) -> Option<Box<Folded>> {
        self.young.remove(&id).or_else(|| self.old.remove(&id))
    }

    /// Keeps cases for the next batch.
    pub fn keep(&mut self, cases: impl IntoIterator<Item = Box<Folded>>) {
        for mut folded in cases {
            folded.written = true;
            if self.young.len() >= GENERATION {
                self.old = std::mem::take(&mut self.young);
            }
            self.young.insert(folded.case.id, folded);
        }
    }
}
