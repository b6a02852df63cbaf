//! The read model: what the case log says, laid out for questions. One SQLite file, written by one connection from the
//! messages of stream CASES in order, together with the position in the log, in the same transaction. It may be thrown
//! away at any moment and built again from the log.
//!
//! It must never decide anything, never be asked by `decide`, never hold in clear what is sealed, and never know NATS. The
//! one thing in it that is made from sealed content, the index of `search`, is sealed again, page by page.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use huiliu_schemas::event::Event;
use rusqlite::Connection;

mod draft;
mod error;
mod folded;
mod heal;
mod indexing;
mod queries;
mod reader;
mod rebuild;
mod rows;
mod schema;
mod shelves;
mod tally;
#[cfg(test)]
pub(crate) mod tests;
mod tidings;
mod witness;

pub use error::ReadModelError;
pub use indexing::Indexing;
pub use queries::cases::{CasePage, CaseRow, Cursor, Filter, OwedCase, Owners, WholeCase};
pub use queries::entries::EntryRow;
pub use queries::history::{HappeningRow, HistoryRow};
pub use queries::overview::{Answers, ChannelCount, DepartmentCount, Overview, Returns, Routing, StageCount, Totals};
pub use queries::standing::{Debt, Standing};
pub use queries::unknown::UnknownCode;
pub use reader::ReadHandle;
pub use rebuild::Rebuild;
pub use witness::{Place, Witness};

use draft::Draft;
use folded::Cache;
use reader::Readers;

/// Results of this module.
pub type Result<T> = std::result::Result<T, ReadModelError>;

/// One message of stream CASES.
#[derive(Debug, Clone)]
pub struct LogMessage {
    /// Its place in the stream.
    pub sequence: u64,
    /// `case.<id>`, `alias.<namespace>.<hash>` or `entry.<department>.<case>.<n>`.
    pub subject: String,
    /// What it says.
    pub said: Said,
}

/// What a message of stream CASES says.
#[derive(Debug, Clone)]
pub enum Said {
    /// As it is stored.
    Stored(Bytes),
    /// The events that this process decided and stored there: nothing is left to be read or opened.
    Decided {
        /// With their words.
        events: Arc<[Event]>,
        /// The message as a witness, where somebody took its digest while its payload was at hand.
        witness: Option<Witness>,
    },
    /// An entry of this process: all that is asked of it stands in its subject.
    Subject {
        /// See [`Said::Decided`].
        witness: Option<Witness>,
    },
}

/// What was found where the file should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opened {
    /// Nothing: the log is to be read from the beginning.
    Fresh,
    /// A file of this version.
    Existing,
    /// A file that cannot be used. It stands beside, under another name, and the log is to be read from the beginning.
    SetAside {
        /// Why it cannot be used.
        reason: String,
        /// Where it is now.
        to: PathBuf,
    },
}

/// The writing side. Exactly one exists per file.
#[derive(Debug)]
pub struct ReadModel {
    path: PathBuf,
    /// Empty only while the file is being exchanged.
    writer: Option<Connection>,
    readers: Arc<Readers>,
    cache: Cache,
    indexing: Indexing,
    position: u64,
    witness: Option<Witness>,
    next_key: i64,
    /// How many cases have words that are not on a shelf yet.
    unshelved: usize,
    /// What the log brought up to here is told already, or was before there was this file.
    told: u64,
    opened: Opened,
    /// Let go after every connection: see [`heal::Held`].
    held: Option<heal::Held>,
}

impl ReadModel {
    /// Opens the file, or makes it. One that is corrupt or of another version is moved aside, which is logged as an
    /// error and told by [`ReadModel::opened`]; the position is then 0.
    ///
    /// # Errors
    /// Where the file can be neither opened nor made.
    pub fn open(path: impl AsRef<Path>, indexing: Indexing) -> Result<Self> {
        let path = path.as_ref().to_owned();
        let (writer, opened) = schema::open_writer(&path)?;
        let mut model = Self {
            readers: Arc::new(Readers::new(path.clone(), indexing.key.clone())),
            path,
            writer: None,
            cache: Cache::default(),
            indexing,
            position: 0,
            witness: None,
            next_key: 1,
            unshelved: 0,
            told: 0,
            opened,
            held: None,
        };
        model.adopt(writer)?;
        Ok(model)
    }

    /// How far a file of any version read the log, as far as it says.
    pub fn reached_before(path: &Path) -> u64 {
        let position = || schema::position(&schema::open_reader(path)?);
        if path.exists() { position().unwrap_or_default() } else { 0 }
    }

    /// What was found where the file should be.
    pub fn opened(&self) -> &Opened {
        &self.opened
    }

    /// The sequence of the last message taken in. The next to be read from the log is the one after it.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// How far the log was read. Where it ends before, or the witness is not in it, it is another one and the model must be
    /// rebuilt.
    pub fn place(&self) -> Place {
        Place { position: self.position, witness: self.witness }
    }

    /// The reading side, for as many as want it.
    pub fn reader(&self) -> ReadHandle {
        ReadHandle::new(Arc::clone(&self.readers))
    }

    /// Takes in messages, all or none. Those up to the position are passed over, so that any batch may be given again.
    /// What cannot be understood is remembered as unreadable and does not stop the rest.
    ///
    /// # Errors
    /// Where the file cannot be written; nothing of the batch is then in it. See [`ReadModelError::needs_rebuild`].
    pub fn apply(&mut self, batch: &[LogMessage]) -> Result<()> {
        let Some(writer) = &mut self.writer else { return Err(ReadModelError::Closed) };
        let tx = writer.transaction()?;
        let mut draft = Draft::new(&tx, &mut self.cache, &self.indexing, self.position, self.next_key);
        for message in batch {
            draft.take(message)?;
        }
        let done = draft.write(self.unshelved)?;
        let witness = Witness::among(batch, self.position);
        witness.map_or(Ok(()), |witness| witness.write(&tx))?;
        tx.commit()?;
        self.witness = witness.or(self.witness);
        self.position = done.position;
        self.readers.reached(self.position);
        self.next_key = done.next_key;
        self.unshelved = done.unshelved;
        done.tidings.into_iter().filter(|(at, ..)| *at > self.told).for_each(|(_, case, tiding)| tiding.tell(case));
        self.cache.keep(done.folded.into_values());
        Ok(())
    }

    fn adopt(&mut self, writer: Connection) -> Result<()> {
        self.position = schema::position(&writer)?;
        self.witness = Witness::read(&writer)?;
        self.next_key = schema::next_key(&writer)?;
        self.unshelved = shelves::unshelved(&writer)?;
        self.cache = Cache::default();
        self.held = heal::Held::of(&self.path);
        self.writer = Some(writer);
        Ok(())
    }
}
