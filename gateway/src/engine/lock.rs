//! The lock on a directory that may have one owner: the server's store, and the hub's data.
//!
//! Two nats-servers on one store directory both start and lose messages without a word. The store's
//! lock is handed down to the child, so it is held until the *last* of the two processes is gone. It must
//! never be removed from disk: a lock on an unlinked file excludes nobody.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use tokio::time::{Instant, sleep};

/// How long a dying predecessor is given to let go.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(50);

/// The directory cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process holds it.
    #[error(
        "{directory} is in use by another process{holder}: stop it first, or give this one its own data directory; two on one store lose messages"
    )]
    Held {
        /// The directory.
        directory: PathBuf,
        /// ` (process 123)` where known.
        holder: String,
    },
    /// The lock file cannot be opened or written.
    #[error("failed to lock {directory}: {source}")]
    Io {
        /// The directory.
        directory: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// Held as long as it, a clone of it, or a child process that inherited it lives.
#[derive(Debug, Clone)]
pub struct StoreLock(Arc<File>);

impl StoreLock {
    /// Takes the lock, waiting a little for a predecessor that is just going.
    ///
    /// # Errors
    /// When another process keeps it, or the file cannot be written.
    pub async fn take(directory: &Path) -> Result<Self, LockError> {
        Self::take_within(directory, PATIENCE).await
    }

    /// Takes the lock or says at once who holds it.
    ///
    /// # Errors
    /// See [`StoreLock::take`].
    pub async fn take_now(directory: &Path) -> Result<Self, LockError> {
        Self::take_within(directory, Duration::ZERO).await
    }

    async fn take_within(directory: &Path, patience: Duration) -> Result<Self, LockError> {
        let io = |source| LockError::Io { directory: directory.to_owned(), source };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(directory.join("lock"))
            .map_err(io)?;
        wait(&mut file, directory, patience).await?;
        note_holder(&mut file).map_err(io)?;
        Ok(Self(Arc::new(file)))
    }
}

impl AsFd for StoreLock {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

async fn wait(file: &mut File, directory: &Path, patience: Duration) -> Result<(), LockError> {
    let deadline = Instant::now() + patience;
    loop {
        match flock(&*file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(()),
            Err(Errno::WOULDBLOCK) if Instant::now() < deadline => sleep(PAUSE).await,
            Err(Errno::WOULDBLOCK) => {
                return Err(LockError::Held { directory: directory.to_owned(), holder: holder(file) });
            }
            Err(error) => {
                return Err(LockError::Io { directory: directory.to_owned(), source: error.into() });
            }
        }
    }
}

fn note_holder(file: &mut File) -> std::io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    write!(file, "{}", std::process::id())
}

fn holder(file: &mut File) -> String {
    let mut text = String::new();
    match file.rewind().and_then(|()| file.read_to_string(&mut text)) {
        Ok(_) if !text.is_empty() => format!(" (process {text} or its nats-server)"),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::scratch::Scratch;

    #[tokio::test(start_paused = true)]
    async fn a_second_holder_is_told_who_holds_it() {
        let scratch = Scratch::new();
        let first = StoreLock::take(scratch.path()).await.expect("free");
        let said = StoreLock::take(scratch.path()).await.expect_err("held").to_string();
        assert!(said.contains("is in use by another process"), "{said}");
        assert!(said.contains(&std::process::id().to_string()), "{said}");
        drop(first);
        StoreLock::take(scratch.path()).await.expect("free again");
    }
}
