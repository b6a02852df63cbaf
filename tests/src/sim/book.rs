//! What a simulated system knows: its records, the answers it got, and what it still has to send.
//!
//! Pure state under a given time; no IO. Must never apply one write-back twice.

mod arrivals;
mod pages;
mod posting;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap, VecDeque};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use posting::Parcel;
pub use posting::{Delivery, DeliveryState};

use super::matters::Truth;
use super::quirks::Quirks;
use super::system::{Action, System};

/// One record with everything the source knows about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Item {
    /// The record's id in its system.
    pub id: String,
    /// The number it is known by.
    pub number: String,
    /// The record with all its fields; what leaves the system is dressed from it.
    pub body: Value,
    /// What is so about the matter.
    pub truth: Truth,
    /// Update time the record claims, unix seconds.
    pub changed_at: i64,
    /// Place in the order of all changes.
    pub change: u64,
    /// How often the record changed.
    pub revision: u32,
    /// Its details are still missing from what is sent.
    pub withheld: bool,
    /// The citizen withdrew it.
    pub withdrawn: bool,
    /// Times it was reopened after a result.
    pub reopened: u32,
    /// Sessions held in a room.
    #[serde(default)]
    pub sessions: u32,
    /// Write-backs that took effect, in order.
    pub answers: Vec<Answer>,
    /// Ids of the pushes of this record the hub acknowledged.
    pub acknowledged: Vec<String>,
}

/// One write-back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// Its idempotency key: `requestId` or `blfsid`.
    pub request_id: String,
    /// What it means.
    pub action: Action,
    /// Its fields as they came.
    pub body: Value,
    /// When it came, unix seconds.
    pub received_at: i64,
    /// How often it came again.
    pub repeats: u32,
    /// How often it came again with other fields; never applied.
    pub conflicts: u32,
}

/// What became of a write-back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Applied {
    /// It changed the record, whose update time is now this.
    First(i64),
    /// Its key was known and its fields the same.
    Repeat(i64),
    /// Its key was known and its fields were others.
    Conflict(i64),
    /// No such record.
    Unknown,
}

/// Everything one simulated system knows.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Book {
    pub(crate) system: System,
    pub(crate) seed: u64,
    pub(crate) quirks: Quirks,
    next_number: u64,
    changes: u64,
    new_matters: u64,
    items: Vec<Item>,
    due: Vec<Due>,
    outbox: VecDeque<Parcel>,
    deliveries: Vec<Delivery>,
    pushing: bool,
    /// Requests met so far; the dice of the weather.
    pub(crate) requests: u64,
    /// Tokens handed out so far.
    #[serde(default)]
    pub(crate) tokens: u64,
    #[serde(skip)]
    by_id: HashMap<String, usize>,
    #[serde(skip)]
    by_time: BTreeMap<(i64, u64), usize>,
    #[serde(skip)]
    by_change: BTreeMap<u64, usize>,
}

/// Something that will happen to a record by itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Due {
    at: i64,
    item: usize,
    what: Coming,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
enum Coming {
    Details,
    Visit,
    Room,
}

/// Figures of one system, as it sees them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Which system.
    pub system: System,
    /// Records, urges and repeated filings included.
    pub records: usize,
    /// Records that are a matter's first filing.
    pub new_matters: u64,
    /// Changes of records so far.
    pub changes: u64,
    /// Half-filled records whose details, and visits whose findings, are still to come.
    pub pending_changes: usize,
    /// Records accepted by a department at least once.
    pub accepted: usize,
    /// Records handed back at least once.
    pub returned: usize,
    /// Records lawfully declined.
    pub declined: usize,
    /// Records with progress told.
    pub progressed: usize,
    /// Records with a result.
    pub resolved: usize,
    /// Write-backs that took effect.
    pub write_backs: usize,
    /// Write-backs that came again with the same key; they had no effect.
    pub repeated_write_backs: u64,
    /// Of those, the ones whose fields differed from the first time.
    pub conflicting_write_backs: u64,
    /// Results under different keys beyond the first one after each filing or reopening.
    pub duplicate_results: u64,
    /// Changes waiting to be pushed.
    pub pushes_waiting: usize,
    /// Pushes acknowledged, refused for good, and attempts of all.
    pub pushes_acknowledged: usize,
    /// Pushes given up after repeated refusal.
    pub pushes_refused: usize,
    /// Attempts of all pushes.
    pub push_attempts: u64,
    /// Upstream requests met (polls and write-backs).
    pub requests: u64,
    /// Tokens handed out.
    pub tokens: u64,
}

impl Book {
    /// An empty book; `pushing` keeps every change for a push target.
    pub fn new(system: System, seed: u64, quirks: Quirks, pushing: bool) -> Self {
        Self {
            system,
            seed,
            quirks,
            next_number: 1,
            changes: 0,
            new_matters: 0,
            items: Vec::new(),
            due: Vec::new(),
            outbox: VecDeque::new(),
            deliveries: Vec::new(),
            pushing,
            requests: 0,
            tokens: 0,
            by_id: HashMap::new(),
            by_time: BTreeMap::new(),
            by_change: BTreeMap::new(),
        }
    }

    /// Rebuilds what is not stored, after reading a book from its file.
    pub(crate) fn reopen(mut self, quirks: Quirks, pushing: bool) -> Self {
        self.quirks = quirks;
        self.pushing = pushing;
        for (index, item) in self.items.iter().enumerate() {
            self.by_id.insert(item.id.clone(), index);
            self.by_id.insert(item.number.clone(), index);
            self.by_time.insert((item.changed_at, item.change), index);
            self.by_change.insert(item.change, index);
        }
        self
    }

    /// The record with that id or number.
    pub fn item(&self, id: &str) -> Option<&Item> {
        self.by_id.get(id).map(|index| &self.items[*index])
    }

    /// All records in the order they were filed.
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// All pushes so far.
    pub fn deliveries(&self) -> &[Delivery] {
        &self.deliveries
    }

    /// New matters filed so far.
    pub fn new_matters(&self) -> u64 {
        self.new_matters
    }

    /// Whether something is due by now.
    pub(crate) fn is_due(&self, now: i64) -> bool {
        self.due.iter().any(|due| due.at <= now)
    }

    /// Puts a changed record at the end of the order of changes, and in the outbox.
    fn touch(&mut self, index: usize, changed_at: i64, now: i64) {
        self.changes += 1;
        let item = &mut self.items[index];
        self.by_time.remove(&(item.changed_at, item.change));
        self.by_change.remove(&item.change);
        item.changed_at = changed_at.max(item.changed_at);
        item.change = self.changes;
        item.revision += 1;
        self.system.stamp(&mut item.body, item.changed_at);
        self.by_time.insert((item.changed_at, item.change), index);
        self.by_change.insert(item.change, index);
        if self.pushing && self.system.pushes_records() {
            self.post(index, now);
        }
    }

    /// Takes a write-back: applied once per key, counted every time.
    pub(crate) fn answer(&mut self, id: &str, request_id: &str, action: Action, body: Value, now: i64) -> Applied {
        let Some(&index) = self.by_id.get(id) else {
            return Applied::Unknown;
        };
        let item = &mut self.items[index];
        if let Some(known) = item.answers.iter_mut().find(|known| known.request_id == request_id) {
            known.repeats += 1;
            if known.body == body {
                return Applied::Repeat(item.changed_at);
            }
            known.conflicts += 1;
            return Applied::Conflict(item.changed_at);
        }
        self.system.apply(&mut item.body, action, &body, now);
        item.answers.push(Answer {
            request_id: request_id.into(),
            action,
            body,
            received_at: now,
            repeats: 0,
            conflicts: 0,
        });
        self.touch(index, now, now);
        if action == Action::Result {
            self.expect_visit(index, now);
        }
        Applied::First(self.items[index].changed_at)
    }

    /// The figures.
    pub fn summary(&self) -> Summary {
        let with = |action| self.items.iter().filter(|item| item.has(action)).count();
        let answers = || self.items.iter().flat_map(|item| &item.answers);
        let in_state = |state| self.deliveries.iter().filter(|d| d.state == state).count();
        Summary {
            system: self.system,
            records: self.items.len(),
            new_matters: self.new_matters,
            changes: self.changes,
            pending_changes: self.due.len(),
            accepted: with(Action::Accept),
            returned: with(Action::Return),
            declined: with(Action::Decline),
            progressed: with(Action::Progress),
            resolved: with(Action::Result),
            write_backs: answers().count(),
            repeated_write_backs: answers().map(|a| u64::from(a.repeats)).sum(),
            conflicting_write_backs: answers().map(|a| u64::from(a.conflicts)).sum(),
            duplicate_results: self.items.iter().map(Item::duplicate_results).sum(),
            pushes_waiting: self.outbox.len() + in_state(DeliveryState::Pending),
            pushes_acknowledged: in_state(DeliveryState::Acknowledged),
            pushes_refused: in_state(DeliveryState::Refused),
            push_attempts: self.deliveries.iter().map(|d| u64::from(d.attempts)).sum(),
            requests: self.requests,
            tokens: self.tokens,
        }
    }
}

impl Item {
    /// Whether a write-back of that meaning took effect.
    pub fn has(&self, action: Action) -> bool {
        self.answers.iter().any(|answer| answer.action == action)
    }

    /// Results beyond the one each filing or reopening calls for.
    pub fn duplicate_results(&self) -> u64 {
        let results = self.answers.iter().filter(|a| a.action == Action::Result).count() as u64;
        results.saturating_sub(1 + u64::from(self.reopened))
    }
}
