//! The reading side: a few connections that are lent out one question at a time.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use rusqlite::{Connection, Transaction};

use super::{Result, schema};
use crate::words::IndexKey;

/// How many idle connections are kept.
const IDLE: usize = 4;

/// The connections of one file.
#[derive(Debug)]
pub(super) struct Readers {
    path: PathBuf,
    key: IndexKey,
    idle: Mutex<Vec<Connection>>,
    /// Held for reading during a question, and for writing while the file is exchanged: a connection to the old file
    /// that closes late would remove the new file's journal, which has the same name.
    gate: RwLock<()>,
}

impl Readers {
    /// No connection yet.
    pub fn new(path: PathBuf, key: IndexKey) -> Self {
        Self { path, key, idle: Mutex::default(), gate: RwLock::default() }
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

/// Asks the read model. Cheap to clone; blocks while it asks, so async code calls it on a blocking thread.
#[derive(Debug, Clone)]
pub struct ReadHandle {
    readers: Arc<Readers>,
}

impl ReadHandle {
    pub(super) fn new(readers: Arc<Readers>) -> Self {
        Self { readers }
    }

    /// What the search index is sealed with.
    pub fn index_key(&self) -> &IndexKey {
        &self.readers.key
    }

    /// The sequence up to which answers are true.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn position(&self) -> Result<u64> {
        self.ask(|db| schema::position(db))
    }

    /// One question, answered from one moment of the log.
    pub(super) fn ask<T>(&self, question: impl FnOnce(&Transaction<'_>) -> Result<T>) -> Result<T> {
        let _gate = self.readers.read();
        let lent = self.readers.idle().pop();
        let mut connection = lent.map_or_else(|| schema::open_reader(&self.readers.path), Ok)?;
        let answer = question(&connection.transaction()?)?;
        let mut idle = self.readers.idle();
        if idle.len() < IDLE {
            idle.push(connection);
        }
        Ok(answer)
    }
}
