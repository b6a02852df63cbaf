//! Noticing that the file in use is damaged or gone, and beginning anew. Deleted or exchanged under a running hub, the file
//! would be written and read on as if it were there, by handles that nobody else sees; a restart would find nothing.

use std::fs;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::Path;

use super::{LogMessage, Opened, ReadModel, Result};

const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// The file in use, opened once. Closing any descriptor of a file gives up all locks this process has on it, SQLite's too:
/// it may be let go only when no connection is open ("How To Corrupt An SQLite Database File", 2.2).
#[derive(Debug)]
pub(super) struct Held {
    file: fs::File,
    identity: Identity,
}

/// Which file it is, whatever its name: device and number.
type Identity = (u64, u64);

impl Held {
    /// The file of this name; none if it cannot be had.
    pub fn of(path: &Path) -> Option<Self> {
        let file = fs::File::open(path).ok()?;
        let identity = identity(&file.metadata().ok()?);
        Some(Self { file, identity })
    }
}

fn identity(metadata: &fs::Metadata) -> Identity {
    (metadata.dev(), metadata.ino())
}

impl ReadModel {
    /// What can be seen to be wrong with the file from outside, and what questions have met since the last look.
    pub fn damage(&self) -> Option<String> {
        let (Some(held), Ok(found)) = (&self.held, fs::metadata(&self.path)) else {
            return Some("the file is gone".into());
        };
        if identity(&found) != held.identity {
            return Some("another file has its name".into());
        }
        let mut begin = [0; MAGIC.len()];
        match held.file.read_exact_at(&mut begin, 0) {
            // Until the first checkpoint the file may be empty: everything is in its journal.
            Ok(()) if begin == *MAGIC => self.readers.take_damage(),
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof && self.position == 0 => None,
            Ok(()) => Some("the file is no database any more".into()),
            Err(error) => Some(format!("the file does not read: {error}")),
        }
    }

    /// Begins anew with an empty file, and answers nothing until the log has been read as far as `end`.
    ///
    /// # Errors
    /// Where no file can be made.
    pub fn begin_anew(&mut self, end: u64) -> Result<()> {
        self.told = self.told.max(self.position).min(end);
        self.readers.wait_until(end);
        self.rebuild(Vec::<Vec<LogMessage>>::new())?;
        let _mended = self.readers.take_damage();
        self.readers.reached(self.position);
        Ok(())
    }

    /// Answers nothing until the log has been read as far as `end`, where it ended at the start: a file that was away says of
    /// cases there are that there are none, too. What it has not read yet is still told, except where it was begun just now.
    pub fn wait_until(&mut self, end: u64) {
        if self.opened != Opened::Existing {
            self.told = end;
        }
        self.readers.wait_until(end);
        self.readers.reached(self.position);
    }
}
