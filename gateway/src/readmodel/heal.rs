//! Noticing that the file in use is damaged or gone, and beginning anew. Deleted or exchanged under a running hub, the file
//! would be written and read on as if it were there, by handles that nobody else sees; a restart would find nothing.

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::{LogMessage, ReadModel, Result};

const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// Which file it is, whatever its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity(u64, u64);

impl Identity {
    /// The file of this name; none if there is none.
    pub fn of(path: &Path) -> Option<Self> {
        fs::metadata(path).ok().map(|file| Self(file.dev(), file.ino()))
    }
}

impl ReadModel {
    /// What can be seen to be wrong with the file from outside, and what questions have met since the last look.
    pub fn damage(&self) -> Option<String> {
        match Identity::of(&self.path) {
            None => return Some("the file is gone".into()),
            found if found != self.identity => return Some("another file has its name".into()),
            Some(_) => {}
        }
        let mut begin = [0; MAGIC.len()];
        let read = fs::File::open(&self.path).and_then(|mut file| file.read_exact(&mut begin));
        match read {
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
        self.readers.wait_until(end);
        self.rebuild(Vec::<Vec<LogMessage>>::new())?;
        let _mended = self.readers.take_damage();
        self.readers.reached(self.position);
        Ok(())
    }

    /// Answers nothing until the log has been read as far as `end`, where the file was begun just now.
    pub fn wait_until(&mut self, end: u64) {
        self.readers.wait_until(end);
        self.readers.reached(self.position);
    }
}
