//! The reading side: a few connections that are lent out one question at a time.

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, Transaction};

use super::{Place, ReadModelError, Result, Witness, schema};
use crate::words::IndexKey;

/// How many idle connections are kept.
const IDLE: usize = 4;
/// How many of SQLite's steps are made between two looks at the clock.
const STEPS: i32 = 10_000;

/// The connections of one file.
#[derive(Debug)]
pub(super) struct Readers {
    path: PathBuf,
    key: IndexKey,
    idle: Mutex<Vec<Connection>>,
    /// Held for reading during a question, and for writing while the file is exchanged: a connection to the old file
    /// that closes late would remove the new file's journal, which has the same name.
    gate: RwLock<()>,
    /// Up to where the log must have been read before anything is answered; 0 once it has been.
    until: AtomicU64,
    /// What a question met that only building the file anew can mend.
    damage: Mutex<Option<String>>,
}

impl Readers {
    /// No connection yet.
    pub fn new(path: PathBuf, key: IndexKey) -> Self {
        Self {
            path,
            key,
            idle: Mutex::default(),
            gate: RwLock::default(),
            until: AtomicU64::new(0),
            damage: Mutex::default(),
        }
    }

    /// Answers nothing until the log has been read as far as `end`.
    pub fn wait_until(&self, end: u64) {
        self.until.store(end, Ordering::Relaxed);
    }

    /// The log has been read as far as `position`.
    pub fn reached(&self, position: u64) {
        if position >= self.until.load(Ordering::Relaxed) {
            self.until.store(0, Ordering::Relaxed);
        }
    }

    /// What a question met, told once.
    pub fn take_damage(&self) -> Option<String> {
        self.damage.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn note(&self, error: &ReadModelError) {
        if error.needs_rebuild() {
            *self.damage.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.to_string());
        }
    }

    /// Waits until nobody reads and closes all connections. Nobody reads until the guard is dropped.
    pub fn close(&self) -> RwLockWriteGuard<'_, ()> {
        let guard = self.gate.write().unwrap_or_else(PoisonError::into_inner);
        self.idle().clear();
        guard
    }

    fn read(&self) -> RwLockReadGuard<'_, ()> {
        self.gate.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Asks the read model. Cheap to clone; blocks while it asks, so async code asks [`ReadHandle::aside`].
#[derive(Debug, Clone)]
pub struct ReadHandle {
    readers: Arc<Readers>,
    patience: Option<Duration>,
}

impl ReadHandle {
    pub(super) fn new(readers: Arc<Readers>) -> Self {
        Self { readers, patience: None }
    }

    /// The same for whoever asks from outside: no question takes longer than this.
    #[must_use]
    pub fn within(mut self, patience: Duration) -> Self {
        self.patience = Some(patience);
        self
    }

    /// Asks on a blocking thread. Who gives up waiting does not end the question: what it is to hold until it ends, it owns.
    ///
    /// # Errors
    /// What the question says; [`ReadModelError::CutOff`] where it came to no end.
    pub async fn aside<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Self) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let reads = self.clone();
        tokio::task::spawn_blocking(move || question(&reads)).await.unwrap_or(Err(ReadModelError::CutOff))
    }

    /// What the search index is sealed with.
    pub fn index_key(&self) -> &IndexKey {
        &self.readers.key
    }

    /// The sequence up to which the log has been read.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn position(&self) -> Result<u64> {
        self.look(|db| schema::position(db))
    }

    /// How far the log has been read, and by what it is known again.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn place(&self) -> Result<Place> {
        self.look(|db| Ok(Place { position: schema::position(db)?, witness: Witness::read(db)? }))
    }

    /// One question, answered from one moment of the log. While the file is being built anew nothing is answered: half a
    /// log would say of cases there are that there are none.
    pub(super) fn ask<T>(&self, question: impl FnOnce(&Transaction<'_>) -> Result<T>) -> Result<T> {
        let until = self.readers.until.load(Ordering::Relaxed);
        if until > 0 {
            return Err(ReadModelError::BeingBuilt { until });
        }
        self.look(question)
    }

    fn look<T>(&self, question: impl FnOnce(&Transaction<'_>) -> Result<T>) -> Result<T> {
        let looked = self.look_once(question);
        if let Err(error) = &looked {
            self.readers.note(error);
        }
        looked
    }

    fn look_once<T>(&self, question: impl FnOnce(&Transaction<'_>) -> Result<T>) -> Result<T> {
        let _gate = self.readers.read();
        let lent = self.readers.idle().pop();
        let mut connection = lent.map_or_else(|| schema::open_reader(&self.readers.path), Ok)?;
        let until = self.patience.map(|patience| Instant::now() + patience);
        connection.progress_handler(STEPS, until.map(|until| move || Instant::now() >= until))?;
        let answer = question(&connection.transaction()?).map_err(|error| self.in_time(error))?;
        let mut idle = self.readers.idle();
        if idle.len() < IDLE {
            idle.push(connection);
        }
        Ok(answer)
    }

    /// What was interrupted took too long: nothing else interrupts.
    fn in_time(&self, error: ReadModelError) -> ReadModelError {
        match (&error, self.patience) {
            (ReadModelError::Sql(sql), Some(patience))
                if sql.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) =>
            {
                ReadModelError::TooLong { seconds: patience.as_secs() }
            }
            _ => error,
        }
    }
}
