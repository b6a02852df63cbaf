//! A backup as it lies on a disk, with the keys that belong to it: found, matched, and every file compared with what was
//! written down, before anything is believed.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};

use super::manifest::{FileSum, KeysManifest, MANIFEST, Manifest, StreamCopy, read};
use super::write::check;
use crate::vault::MasterKey;

/// How the directories of backups are called, before their time.
pub const BACKUP_PREFIX: &str = "huiliu-backup-";
/// How the directories of keys are called, before their time.
pub const KEYS_PREFIX: &str = "huiliu-keys-";

/// A backup and, where they were given, its keys.
pub struct Set {
    /// Its directory.
    pub directory: PathBuf,
    /// Its manifest.
    pub manifest: Manifest,
    /// Its keys.
    pub keys: Option<KeySet>,
}

/// The keys of a backup.
pub struct KeySet {
    /// Their directory.
    pub directory: PathBuf,
    /// Their manifest.
    pub manifest: KeysManifest,
}

impl Set {
    /// Finds a backup: `directory` itself, or the newest whole one in it; and the keys that belong to it: `keys` itself, or
    /// the ones among those in it.
    ///
    /// # Errors
    /// When there is none, or the keys are those of another backup.
    pub fn find(directory: &Path, keys: Option<&Path>) -> anyhow::Result<Self> {
        let directory = newest(directory)?;
        let manifest: Manifest = read(&directory)?;
        let keys = keys.map(|keys| KeySet::find(keys, &directory, &manifest)).transpose()?;
        Ok(Self { directory, manifest, keys })
    }

    /// The streams and where they lie, in the order in which they were copied.
    pub fn streams(&self) -> impl Iterator<Item = (&Path, &StreamCopy)> {
        let own = self.manifest.streams.iter().map(|copy| (self.directory.as_path(), copy));
        let keys = self.keys.iter().flat_map(|k| k.manifest.streams.iter().map(|copy| (k.directory.as_path(), copy)));
        own.chain(keys)
    }

    /// Compares every file with what was written down.
    ///
    /// # Errors
    /// Names the file, what it is and what was expected.
    pub fn check_files(&self) -> anyhow::Result<()> {
        self.streams().try_for_each(|(directory, copy)| check(directory, &copy.file))?;
        let Some(KeySet { directory, manifest }) = &self.keys else { return Ok(()) };
        check(directory, &manifest.master_key)?;
        manifest.credentials.iter().try_for_each(|file| check(directory, file))
    }
}

impl KeySet {
    fn find(given: &Path, backup: &Path, of: &Manifest) -> anyhow::Result<Self> {
        let belongs = |directory: PathBuf| -> anyhow::Result<Option<Self>> {
            let manifest: KeysManifest = read(&directory)?;
            Ok((manifest.keys_of == of.backup).then_some(Self { directory, manifest }))
        };
        let alone = given.join(MANIFEST).exists();
        let candidates = if alone { vec![given.to_owned()] } else { whole(given, KEYS_PREFIX)? };
        let mut others = Vec::new();
        for candidate in candidates {
            let name = candidate.display().to_string();
            match belongs(candidate) {
                Ok(Some(found)) => return Ok(found),
                // One that does not read must not hide the right one.
                Ok(None) => others.push(name),
                Err(error) if alone => return Err(error),
                Err(error) => others.push(format!("{name} ({error})")),
            }
        }
        bail!(
            "密钥目录 {} 中没有属于备份 {} 的密钥 (these are not the keys of this backup): 应为编号 {} (expected keys_of = {}), 找到 (found): {}",
            given.display(),
            backup.display(),
            of.backup,
            of.backup,
            if others.is_empty() { "无 (nothing)".to_owned() } else { others.join(", ") }
        )
    }

    /// A file of it, as text.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn text(&self, file: &FileSum) -> anyhow::Result<String> {
        let path = self.directory.join(&file.file);
        fs::read_to_string(&path).with_context(|| format!("读不出 (cannot be read): {}", path.display()))
    }

    /// The master key.
    ///
    /// # Errors
    /// When the file does not hold one.
    pub fn master_key(&self) -> anyhow::Result<MasterKey> {
        let key = MasterKey::parse(&self.text(&self.manifest.master_key)?);
        key.with_context(|| format!("不是主密钥 (does not hold a master key): {}", self.manifest.master_key.file))
    }
}

/// The directory itself, or the newest whole backup in it.
fn newest(given: &Path) -> anyhow::Result<PathBuf> {
    if given.join(MANIFEST).exists() {
        return Ok(given.to_owned());
    }
    let found = whole(given, BACKUP_PREFIX)?;
    found.into_iter().next_back().with_context(|| {
        format!(
            "{} 不是完整的备份，其中也没有 (no whole backup there: expected {MANIFEST}, or a directory {BACKUP_PREFIX}…)",
            given.display()
        )
    })
}

/// The whole directories with this prefix, oldest first: their names end with their time.
pub(super) fn whole(parent: &Path, prefix: &str) -> anyhow::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(parent)
        .with_context(|| format!("目录读不出 (the directory cannot be read): {}", parent.display()))?;
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry?;
        let named = entry.file_name().to_str().is_some_and(|name| name.starts_with(prefix));
        if named && entry.path().join(MANIFEST).exists() {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

/// Two directories neither of which lies in the other: who carries one away has not the other.
///
/// # Errors
/// When they do.
pub fn apart(directory: &Path, keys: &Path) -> anyhow::Result<()> {
    let (one, other) = (std::path::absolute(directory)?, std::path::absolute(keys)?);
    let (one, other) = (one.canonicalize().unwrap_or(one), other.canonicalize().unwrap_or(other));
    ensure!(
        !one.starts_with(&other) && !other.starts_with(&one),
        "密钥应与备份分开存放 (keys are to be kept apart from the backup): {} 与 {}；确要放在一起请用 --keys-beside (to keep them together say --keys-beside)",
        one.display(),
        other.display()
    );
    Ok(())
}
