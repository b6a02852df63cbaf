//! Where the embedded server stages an atomic batch until it is committed: in memory in place of the disk.
//!
//! For every batch it makes three directories and a file and removes them again, and syncs none of it. On a disk that is
//! busy syncing the log, that takes longer than the commit. What is staged must outlive the server's process, for the next
//! one completes a batch from it that was half written; here it does. It is lost with the machine's memory, as what was
//! never synced may be on a disk: then the envelope, which was not acknowledged, comes again and has the numbers completed
//! that are missing, and the reconciler the entries.
//!
//! The server looks for the directory by name and removes that name whenever it starts, so a link is put there again and
//! again. Where none is, it makes a directory on the disk. A batch that begins in the very moment of the exchange is
//! refused as incomplete, and sent again.

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::streams::{CASES, INTAKE};

const MEMORY: &str = "/dev/shm";
/// The name the server gives the directory of a stream's batches.
const BATCHES: &str = "batches";
const STAGED: [&str; 2] = [INTAKE, CASES];
/// Several times what may be staged at once: with less, none is begun; with much less, what is there is left again.
const ROOM: u64 = 48 << 20;
const LITTLE: u64 = 16 << 20;

/// The staging directories of one store.
#[derive(Debug, Clone)]
pub(super) struct Staging {
    streams: PathBuf,
    memory: PathBuf,
}

impl Staging {
    /// For the streams in `streams`; none where the system has no memory to stage in.
    pub fn of(streams: PathBuf) -> Option<Self> {
        Self::within(Path::new(MEMORY), streams)
    }

    fn within(memory: &Path, streams: PathBuf) -> Option<Self> {
        if !is_memory(memory) {
            return None;
        }
        // The same for the same store: what a server that was killed left there is wanted by the next one.
        let digest = Sha256::digest(streams.as_os_str().as_encoded_bytes());
        let name = digest[..8].iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        Some(Self { streams, memory: memory.join(format!("huiliu-{name}")) })
    }

    /// Puts the links where they are missing; takes them away while there is little room. Whether all are as they should
    /// be.
    pub fn tend(&self) -> io::Result<bool> {
        match free_beside(&self.memory) {
            ROOM.. => self.link_all(),
            LITTLE.. => Ok(true),
            _ => self.unlink_all().map(|()| true),
        }
    }

    /// Whether batches are staged in memory now.
    pub fn is_used(&self) -> bool {
        self.names().any(|name| name.is_symlink())
    }

    /// Once no server runs any more: takes the links away, and removes what is empty.
    pub fn leave(&self) {
        if let Err(error) = self.unlink_all() {
            tracing::debug!(%error, "the links to the staging directories stay");
        }
        let own = STAGED.iter().map(|stream| self.memory.join(stream)).chain([self.memory.clone()]);
        own.for_each(|directory| drop(fs::remove_dir(directory)));
    }

    fn link_all(&self) -> io::Result<bool> {
        make_private(&self.memory)?;
        STAGED.iter().try_fold(true, |all, stream| Ok(self.link(stream)? && all))
    }

    fn link(&self, stream: &str) -> io::Result<bool> {
        if !self.streams.join(stream).is_dir() {
            return Ok(false);
        }
        let (name, target) = (self.streams.join(stream).join(BATCHES), self.memory.join(stream));
        match fs::symlink_metadata(&name) {
            Ok(found) if found.is_symlink() => return fs::create_dir_all(&target).map(|()| true),
            // While a batch lies in it, it stays.
            Ok(_) if fs::remove_dir(&name).is_err() => return Ok(false),
            _ => {}
        }
        // Nobody uses what no link leads to: it is what a batch left that was never committed.
        if target.exists() {
            fs::remove_dir_all(&target)?;
        }
        fs::create_dir(&target)?;
        symlink(&target, &name)?;
        Ok(true)
    }

    /// Takes the links away that lead to nothing: a server that is killed finds its batch by them.
    fn unlink_all(&self) -> io::Result<()> {
        let is_empty = |name: &PathBuf| fs::read_dir(name).is_ok_and(|mut staged| staged.next().is_none());
        self.names().filter(|name| name.is_symlink() && is_empty(name)).try_for_each(fs::remove_file)
    }

    fn names(&self) -> impl Iterator<Item = PathBuf> {
        STAGED.iter().map(|stream| self.streams.join(stream).join(BATCHES))
    }
}

/// A directory of ours that nobody else reads, in a place where everybody may make one.
fn make_private(directory: &Path) -> io::Result<()> {
    match fs::DirBuilder::new().mode(0o700).create(directory) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let found = fs::symlink_metadata(directory)?;
    let private =
        found.is_dir() && found.uid() == rustix::process::geteuid().as_raw() && found.permissions().mode() & 0o077 == 0;
    if private { Ok(()) } else { Err(io::Error::other(format!("{} is not ours alone", directory.display()))) }
}

/// Whether it lies in memory, and can be written.
#[cfg(target_os = "linux")]
fn is_memory(directory: &Path) -> bool {
    const TMPFS: u64 = 0x0102_1994;
    let writable = rustix::fs::access(directory, rustix::fs::Access::WRITE_OK).is_ok();
    writable && rustix::fs::statfs(directory).is_ok_and(|found| u64::try_from(found.f_type) == Ok(TMPFS))
}

#[cfg(not(target_os = "linux"))]
fn is_memory(_: &Path) -> bool {
    false
}

fn free_beside(directory: &Path) -> u64 {
    let place = directory.parent().unwrap_or(directory);
    rustix::fs::statvfs(place).map_or(0, |found| found.f_bavail * found.f_frsize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::scratch::Scratch;

    fn staging(scratch: &Scratch) -> Option<Staging> {
        let streams = scratch.path().join("streams");
        fs::create_dir_all(streams.join(CASES)).expect("a directory");
        Staging::of(streams)
    }

    #[test]
    fn a_link_is_put_where_the_server_looks_and_again_where_it_was_removed() {
        let scratch = Scratch::new();
        let Some(staging) = staging(&scratch) else { return eprintln!("skipped: no memory to stage in") };
        let (name, target) = (staging.streams.join(CASES).join(BATCHES), staging.memory.join(CASES));
        assert!(!staging.tend().expect("tended"), "a stream is missing");
        assert_eq!(fs::read_link(&name).expect("a link"), target);
        assert!(!staging.streams.join(INTAKE).exists(), "a stream that is not there is not made");

        fs::write(target.join("staged"), "half a batch").expect("written");
        staging.tend().expect("tended");
        assert!(target.join("staged").exists(), "what is in use is left alone");

        fs::remove_file(&name).expect("removed");
        staging.tend().expect("tended");
        assert!(name.is_symlink() && !target.join("staged").exists(), "what no server can want is gone");
        staging.leave();
        assert!(!staging.memory.exists());
    }

    #[test]
    fn a_directory_on_the_disk_is_exchanged_once_it_is_empty() {
        let scratch = Scratch::new();
        let Some(staging) = staging(&scratch) else { return eprintln!("skipped: no memory to stage in") };
        let name = staging.streams.join(CASES).join(BATCHES);
        fs::create_dir_all(name.join("batch")).expect("a directory");
        staging.tend().expect("tended");
        assert!(!name.is_symlink());
        fs::remove_dir(name.join("batch")).expect("removed");
        staging.tend().expect("tended");
        assert!(name.is_symlink());
        staging.unlink_all().expect("unlinked");
        assert!(!name.exists());
        staging.leave();
    }

    #[test]
    fn a_directory_of_somebody_else_is_not_used() {
        let scratch = Scratch::new();
        let Some(staging) = staging(&scratch) else { return eprintln!("skipped: no memory to stage in") };
        fs::create_dir(&staging.memory).expect("a directory");
        fs::set_permissions(&staging.memory, fs::Permissions::from_mode(0o777)).expect("open to all");
        assert!(staging.tend().is_err());
        assert!(!staging.streams.join(CASES).join(BATCHES).exists());
        staging.leave();
    }
}
