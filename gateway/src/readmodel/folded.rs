//! A case as the model carries it between two events, and the bounded memory of those met lately.

use hashlink::LruCache;
use huiliu_schemas::case::{AssignmentState, Case};
use huiliu_schemas::event::{Event, EventBody};
use huiliu_schemas::ids::CaseId;
use uuid::Uuid;

/// How many cases are kept folded. A case takes 2–4 KB.
const MOST: usize = 1_500;

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

/// The cases met last.
#[derive(Debug)]
pub(super) struct Cache(LruCache<CaseId, Box<Folded>>);

impl Default for Cache {
    fn default() -> Self {
        Self(LruCache::new(MOST))
    }
}

impl Cache {
    /// Takes a case out; whoever took it brings it back with [`Cache::keep`], or it is read from the file again.
    pub fn take(&mut self, id: CaseId) -> Option<Box<Folded>> {
        self.0.remove(&id)
    }

    /// Keeps cases for the next batch.
    pub fn keep(&mut self, cases: impl IntoIterator<Item = Box<Folded>>) {
        for mut folded in cases {
            folded.written = true;
            self.0.insert(folded.case.id, folded);
        }
    }
}
