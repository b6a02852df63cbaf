//! The handle on a running simulator: its book behind a lock, and what a test may ask or do.
//!
//! No lock is held over an await.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tokio::sync::{Notify, broadcast, watch};

use super::book::{Applied, Book, Item, Summary};
use super::clock::Clock;
use super::follow_up::FollowUp;
use super::quirks::Quirks;
use super::system::{Action, System};
use super::video::Outcome;

/// A simulated system, shared by its server, its pushes and its tests.
#[derive(Clone)]
pub struct Source(Arc<Shared>);

struct Shared {
    book: Mutex<Book>,
    clock: Clock,
    changed: watch::Sender<u64>,
    posted: Notify,
    arrived: broadcast::Sender<Value>,
}

impl Source {
    /// A source over this book.
    pub fn new(book: Book, clock: Clock) -> Self {
        Self(Arc::new(Shared {
            book: Mutex::new(book),
            clock,
            changed: watch::Sender::new(0),
            posted: Notify::new(),
            arrived: broadcast::Sender::new(4_096),
        }))
    }

    /// The clock it lives by.
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// Which system it is.
    pub fn system(&self) -> System {
        self.book().system
    }

    /// Reads the book without changing it.
    pub fn read<T>(&self, read: impl FnOnce(&Book) -> T) -> T {
        read(&self.book())
    }

    /// Changes the book and wakes whoever waits for a change.
    pub(crate) fn write<T>(&self, write: impl FnOnce(&mut Book, i64) -> T) -> T {
        let now = self.0.clock.now();
        let answer = write(&mut self.book(), now);
        self.0.changed.send_modify(|version| *version += 1);
        self.0.posted.notify_one();
        answer
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Files `count` new matters now.
    pub fn generate(&self, count: u64) {
        self.write(|book, now| (0..count).for_each(|_| book.arrive(now, now)));
    }

    /// Files matters over the time before now, `spacing_s` apart, as a source has them at first sight.
    pub(crate) fn generate_history(&self, count: u64, spacing_s: i64) {
        self.write(|book, now| {
            for n in 0..count {
                book.arrive(now - (count - n) as i64 * spacing_s, now);
            }
        });
    }

    /// Lets happen what is due by now: missing details, return visits.
    pub fn settle(&self) {
        self.write(Book::settle);
    }

    /// Files a record of the test's own (or changes the one whose id it names); answers its id.
    pub fn put(&self, fields: &Value) -> String {
        self.write(|book, now| book.put(fields, now))
    }

    /// Does something more about the record with that id; answers the id that carries it.
    pub fn follow_up(&self, id: &str, what: FollowUp) -> Option<String> {
        self.write(|book, now| book.follow_by_hand(id, what, now))
    }

    /// Holds a session in a room about the mediation case with that id; answers the room's number.
    pub fn hold_session(&self, id: &str, outcome: Outcome) -> Option<String> {
        self.write(|book, now| book.hold_session_by_hand(id, outcome, now))
    }

    /// Changes its habits.
    pub fn set_quirks(&self, quirks: Quirks) {
        self.write(|book, _| book.quirks = quirks);
    }

    /// The record with that id or number.
    pub fn item(&self, id: &str) -> Option<Item> {
        self.read(|book| book.item(id).cloned())
    }

    /// The figures.
    pub fn summary(&self) -> Summary {
        self.read(Book::summary)
    }

    /// Takes a write-back, and tells listeners.
    pub(crate) fn answer(&self, id: &str, request: &str, action: Action, body: Value) -> Applied {
        let told = serde_json::json!({
            "event": "writeBack", "system": self.system(), "id": id, "requestId": request,
            "action": action, "body": body,
        });
        let applied = self.write(|book, now| book.answer(id, request, action, body, now));
        let outcome = match applied {
            Applied::First(_) => "applied",
            Applied::Repeat(_) => "repeat",
            Applied::Conflict(_) => "conflict",
            Applied::Unknown => "unknown",
        };
        let mut told = told;
        told["outcome"] = outcome.into();
        self.tell(told);
        applied
    }

    /// Tells listeners that something came back.
    pub(crate) fn tell(&self, event: Value) {
        // Nobody listening is no fault.
        let _unheard = self.0.arrived.send(event);
    }

    /// What comes back from the hub, from now on: write-backs and answers to pushes.
    pub fn listen(&self) -> broadcast::Receiver<Value> {
        self.0.arrived.subscribe()
    }

    /// Waits until the figures are as wanted. Put a timeout around it.
    pub async fn wait_for(&self, wanted: impl Fn(&Summary) -> bool) -> Summary {
        let mut changed = self.0.changed.subscribe();
        loop {
            let summary = self.summary();
            if wanted(&summary) {
                return summary;
            }
            // The sender lives in `self`, so this only ends on a change.
            let _changed = changed.changed().await;
        }
    }

    /// The next push to make, of up to `size` changes; idle looks disturb nobody.
    pub(crate) fn next_delivery(&self, size: usize) -> Option<usize> {
        let now = self.0.clock.now();
        let place = self.book().next_delivery(size, now);
        if place.is_some() {
            self.0.posted.notify_one();
        }
        place
    }

    /// Waits until something may be pushed.
    pub(crate) async fn posted(&self) {
        self.0.posted.notified().await;
    }

    /// The number of changes made so far, for whoever stores the book.
    pub(crate) fn version(&self) -> u64 {
        *self.0.changed.borrow()
    }
}
