//! A small disk of a test's own: a file system in memory, mounted where a hub keeps its data. Only root can make one.

use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::ensure;

use super::PATIENCE;

/// Mounted as long as it lives.
#[derive(Debug)]
pub struct Disk(PathBuf);

impl Disk {
    /// A disk of so many MiB at `place`.
    pub(super) fn mount(place: &Path, mib: u64) -> anyhow::Result<Self> {
        let size = format!("size={mib}m");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "huiliu-test"]).arg(place).status()?;
        ensure!(mounted.success(), "no disk could be mounted at {}", place.display());
        Ok(Self(place.to_owned()))
    }

    /// Takes all room but `left` bytes, as any other program on the machine might.
    pub fn fill(&self, left: u64) -> anyhow::Result<()> {
        let mut filler = File::create(self.filler())?;
        let much = vec![0; 16 << 20];
        loop {
            let free = self.free_bytes()?.saturating_sub(left);
            let wanted = usize::try_from(free).unwrap_or(usize::MAX).min(much.len());
            match filler.write_all(&much[..wanted]) {
                Ok(()) if free > wanted as u64 => {}
                Err(error) if error.kind() != ErrorKind::StorageFull => return Err(error.into()),
                _ => break,
            }
        }
        Ok(())
    }

    fn free_bytes(&self) -> anyhow::Result<u64> {
        let free = Command::new("df").args(["--output=avail", "-B1"]).arg(&self.0).output()?;
        Ok(String::from_utf8(free.stdout)?.lines().last().unwrap_or_default().trim().parse()?)
    }

    /// Gives back what was taken.
    pub fn free(&self) -> std::io::Result<()> {
        std::fs::remove_file(self.filler())
    }

    fn filler(&self) -> PathBuf {
        self.0.join("filler")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Processes that still have files open there are on their way out.
        for _ in 0..PATIENCE.as_secs() * 10 {
            if Command::new("umount").arg(&self.0).status().is_ok_and(|s| s.success()) {
                return;
            }
            std::thread::yield_now();
        }
    }
}
