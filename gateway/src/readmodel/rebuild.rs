//! Building the file anew from the log, beside the one in use, and exchanging the two at once.

use std::fs;
use std::path::{Path, PathBuf};

use super::schema::{beside, open_writer, remove, remove_companions};
use super::{Indexing, LogMessage, ReadModel, ReadModelError, Result};

/// A read model being built beside the one at `target`. Dropped before its end it leaves the one in use as it was.
#[derive(Debug)]
pub struct Rebuild {
    target: PathBuf,
    model: ReadModel,
}

impl Rebuild {
    /// Begins with an empty file. What an earlier attempt left is removed.
    ///
    /// # Errors
    /// Where the file cannot be made.
    pub fn begin(target: impl AsRef<Path>, indexing: Indexing) -> Result<Self> {
        let target = target.as_ref().to_owned();
        let path = beside(&target, ".rebuilding");
        remove(&path)?;
        remove_companions(&path)?;
        let mut model = ReadModel::open(path, indexing)?;
        model.told = u64::MAX;
        Ok(Self { target, model })
    }

    /// Takes in messages; see [`ReadModel::apply`].
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn apply(&mut self, batch: &[LogMessage]) -> Result<()> {
        self.model.apply(batch)
    }

    /// The sequence of the last message taken in.
    pub fn position(&self) -> u64 {
        self.model.position()
    }

    /// Puts the new file in the old one's place. Only for a file nobody has open; else [`ReadModel::replace`].
    ///
    /// # Errors
    /// Where the files cannot be exchanged; one of the two is then still there, whole.
    pub fn finish(mut self) -> Result<()> {
        let Some(writer) = self.model.writer.take() else { return Err(ReadModelError::Closed) };
        let _closed = self.model.readers.close();
        writer.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        writer.close().map_err(|(_, error)| error)?;
        sync(&self.model.path)?;
        remove_companions(&self.target)?;
        fs::rename(&self.model.path, &self.target).map_err(ReadModelError::file(&self.target))?;
        self.target.parent().filter(|p| !p.as_os_str().is_empty()).map_or(Ok(()), sync)
    }
}

impl ReadModel {
    /// Goes on with the rebuilt file. Questions wait for the moment it takes; handles stay good.
    ///
    /// # Errors
    /// Where the files cannot be exchanged.
    pub fn replace(&mut self, rebuilt: Rebuild) -> Result<()> {
        let readers = std::sync::Arc::clone(&self.readers);
        let _nobody_reads = readers.close();
        if let Some(writer) = self.writer.take() {
            // What a broken file says when it is closed no longer matters: it is about to be replaced.
            drop(writer.close());
        }
        self.held = None;
        let exchanged = rebuilt.finish();
        let (writer, opened) = open_writer(&self.path)?;
        self.opened = opened;
        self.adopt(writer)?;
        exchanged
    }

    /// Builds the file anew from the whole log, given as batches in order.
    ///
    /// # Errors
    /// Where the new file cannot be written; the one in use then stays as it was.
    pub fn rebuild<B: AsRef<[LogMessage]>>(&mut self, batches: impl IntoIterator<Item = B>) -> Result<()> {
        let mut rebuild = Rebuild::begin(&self.path, self.indexing.clone())?;
        for batch in batches {
            rebuild.apply(batch.as_ref())?;
        }
        self.replace(rebuild)
    }
}

fn sync(path: &Path) -> Result<()> {
    fs::File::open(path).and_then(|f| f.sync_all()).map_err(ReadModelError::file(path))
}
