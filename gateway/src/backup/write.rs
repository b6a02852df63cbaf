//! Files of a backup: private, summed while they are written, on the disk before they are spoken of, and under another
//! name until they are whole.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, BufReader, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use sha2::{Digest, Sha256};

use super::manifest::{FileSum, MANIFEST};

/// What is not whole yet ends so.
pub(super) const PARTIAL: &str = ".partial";

/// A directory being filled. Dropped before [`Staging::finish`] it is removed.
pub(super) struct Staging {
    path: PathBuf,
    target: PathBuf,
    done: bool,
}

impl Staging {
    /// Beside where it is to stand in the end.
    pub(super) fn begin(parent: &Path, name: &str) -> anyhow::Result<Self> {
        let (path, target) = (parent.join(format!(".{name}{PARTIAL}")), parent.join(name));
        let made = DirBuilder::new().recursive(true).mode(0o700).create(parent);
        made.and_then(|()| DirBuilder::new().mode(0o700).create(&path))
            .with_context(|| format!("目录建不了 (the directory cannot be made): {}", path.display()))?;
        Ok(Self { path, target, done: false })
    }

    /// A file in it, with the directory it stands in.
    pub(super) fn create(&self, file: &str) -> anyhow::Result<SummedFile> {
        let path = self.path.join(file);
        let parent = path.parent().unwrap_or(&self.path);
        DirBuilder::new().recursive(true).mode(0o700).create(parent)?;
        SummedFile::create(&path, file)
    }

    /// A small file in it.
    pub(super) fn put(&self, file: &str, bytes: &[u8]) -> anyhow::Result<FileSum> {
        let mut put = self.create(file)?;
        put.write(bytes)?;
        Ok(put.finish())
    }

    /// Reads every file back, writes the manifest, and gives the directory its name once all of it is on the disk.
    pub(super) fn finish(mut self, manifest: &impl serde::Serialize, files: &[&FileSum]) -> anyhow::Result<PathBuf> {
        for file in files {
            check(&self.path, file)?;
        }
        let text = serde_json::to_vec_pretty(manifest)?;
        self.put(MANIFEST, &text)?;
        sync_tree(&self.path)?;
        fs::rename(&self.path, &self.target)?;
        self.done = true;
        if let Some(parent) = self.target.parent() {
            File::open(parent)?.sync_all()?;
        }
        Ok(self.target.clone())
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        if !self.done {
            let _left = fs::remove_dir_all(&self.path);
        }
    }
}

/// A file that is summed while it is written.
pub(super) struct SummedFile {
    name: String,
    path: PathBuf,
    file: File,
    bytes: u64,
    sum: Sha256,
}

impl SummedFile {
    fn create(path: &Path, name: &str) -> anyhow::Result<Self> {
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
        let file = file.with_context(|| format!("写不了 (cannot be written): {}", path.display()))?;
        Ok(Self { name: name.to_owned(), path: path.to_owned(), file, bytes: 0, sum: Sha256::new() })
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        let written = self.file.write_all(bytes);
        written.with_context(|| format!("写不进 (cannot be written): {}", self.path.display()))?;
        self.bytes += bytes.len() as u64;
        self.sum.update(bytes);
        Ok(())
    }

    /// It reaches the disk with all others, when the directory gets its name: nats-server gives a copy up whose receiver
    /// is silent for 5 s, and a slow disk takes longer for a large file.
    pub(super) fn finish(self) -> FileSum {
        let sha256 = base16ct::lower::encode_string(&self.sum.finalize());
        FileSum { file: self.name, bytes: self.bytes, sha256 }
    }
}

/// Reads a file back and compares it with what was written down.
pub(super) fn check(directory: &Path, expected: &FileSum) -> anyhow::Result<()> {
    let path = directory.join(&expected.file);
    let read = sum(&path)
        .with_context(|| format!("备份文件读不出 (a file of the backup cannot be read): {}", path.display()))?;
    anyhow::ensure!(
        read == (expected.bytes, expected.sha256.clone()),
        "备份文件已损坏 (a file of the backup is damaged): {}: {} bytes, SHA-256 {}; expected {} bytes, SHA-256 {}",
        path.display(),
        read.0,
        read.1,
        expected.bytes,
        expected.sha256
    );
    Ok(())
}

fn sum(path: &Path) -> io::Result<(u64, String)> {
    let mut file = BufReader::with_capacity(1 << 20, File::open(path)?);
    let (mut sum, mut bytes, mut piece) = (Sha256::new(), 0, vec![0; 1 << 20]);
    loop {
        match file.read(&mut piece)? {
            0 => return Ok((bytes, base16ct::lower::encode_string(&sum.finalize()))),
            read => {
                sum.update(&piece[..read]);
                bytes += read as u64;
            }
        }
    }
}

/// Everything under a directory reaches the disk, names included.
pub(super) fn sync_tree(directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        match entry.file_type()? {
            kind if kind.is_dir() => sync_tree(&entry.path())?,
            kind if kind.is_file() => File::open(entry.path())?.sync_all()?,
            // A link has no content of its own.
            _ => {}
        }
    }
    File::open(directory)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::engine::scratch::Scratch;

    #[test]
    fn a_directory_has_its_name_only_when_it_is_whole() {
        let scratch = Scratch::new();
        let broken = Staging::begin(scratch.path(), "b").expect("begun");
        broken.put("streams/X.snapshot", b"x").expect("put");
        drop(broken);
        assert_eq!(fs::read_dir(scratch.path()).expect("there").count(), 0);

        let staging = Staging::begin(scratch.path(), "b").expect("begun");
        let sum = staging.put("streams/X.snapshot", b"x").expect("put");
        let whole = staging.finish(&"manifest", &[&sum]).expect("finished");
        assert_eq!(whole, scratch.path().join("b"));
        for (name, mode) in
            [("b", 0o700), ("b/streams", 0o700), ("b/manifest.json", 0o600), ("b/streams/X.snapshot", 0o600)]
        {
            let found = fs::metadata(scratch.path().join(name)).expect(name).permissions().mode() & 0o777;
            assert_eq!(found, mode, "{name}");
        }
        check(&whole, &sum).expect("whole");
        fs::write(whole.join("streams/X.snapshot"), b"y").expect("written");
        let said = check(&whole, &sum).expect_err("damaged").to_string();
        assert!(said.contains("streams/X.snapshot") && said.contains(&sum.sha256), "{said}");
    }

    #[test]
    fn what_does_not_read_back_gets_no_name() {
        let scratch = Scratch::new();
        let staging = Staging::begin(scratch.path(), "b").expect("begun");
        let sum = staging.put("f", b"x").expect("put");
        fs::write(staging.path.join("f"), b"y").expect("written");
        assert!(staging.finish(&"manifest", &[&sum]).is_err());
        assert_eq!(fs::read_dir(scratch.path()).expect("there").count(), 0);
    }
}
