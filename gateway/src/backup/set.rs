//! A backup as it lies on a disk, with the keys that belong to it: found, matched, and every file compared with what was
//! written down, before anything is believed.

use std::cmp::Ordering;
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
        let alone = is_whole(given);
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
    if is_whole(given) {
        return Ok(given.to_owned());
    }
    let found = whole(given, BACKUP_PREFIX)?;
    ensure!(
        !found.is_empty(),
        "{} 不是完整的备份，其中也没有 (no whole backup there: expected {MANIFEST}, or a directory {BACKUP_PREFIX}…)",
        given.display()
    );
    let backups: Vec<Backup> = found.into_iter().map(Backup::read).collect::<anyhow::Result<_>>().context(NAME_ONE)?;
    if let Some(doubt) = doubt(&backups) {
        bail!("{doubt}；{NAME_ONE}");
    }
    let newest = backups.into_iter().max_by(Backup::by_reach).context(NAME_ONE)?;
    Ok(newest.directory)
}

const NAME_ONE: &str =
    "哪个备份最新不能断定，请给出其目录 (which is the newest cannot be told: name the directory of the one you mean)";

/// A whole backup among others. The log only grows, so the one in which it goes furthest is the newest; but after a restore
/// it goes on from where that backup ended, and then the time tells. Where a clock was wrong, the time tells nothing.
pub(super) struct Backup {
    pub(super) directory: PathBuf,
    pub(super) manifest: Manifest,
}

impl Backup {
    pub(super) fn read(directory: PathBuf) -> anyhow::Result<Self> {
        Ok(Self { manifest: read(&directory)?, directory })
    }

    /// By what they hold.
    pub(super) fn by_reach(&self, other: &Self) -> Ordering {
        self.manifest.reach().cmp(&other.manifest.reach()).then_with(|| self.by_time(other))
    }

    /// By what the clock said.
    pub(super) fn by_time(&self, other: &Self) -> Ordering {
        let key = |backup: &'_ Self| (backup.manifest.begun_at, backup.directory.clone());
        key(self).cmp(&key(other))
    }
}

/// What is to be said where the newest by what it holds is not the newest by its time.
pub(super) fn doubt(backups: &[Backup]) -> Option<String> {
    let furthest = backups.iter().max_by(|a, b| a.by_reach(b))?;
    let latest = backups.iter().max_by(|a, b| a.by_time(b))?;
    if furthest.directory == latest.directory {
        return None;
    }
    let said = |backup: &Backup| {
        format!("{} ({}, CASES {})", backup.directory.display(), backup.manifest.begun_at, backup.manifest.reach())
    };
    Some(format!(
        "时间最晚的备份 {} 不如 {} 完整：时钟曾出错，或曾恢复过较早的备份；请把不再需要的移走 (the latest backup holds less than another: a clock was wrong, or an older backup was restored; move away the one that is not needed any more)",
        said(latest),
        said(furthest)
    ))
}

/// The whole directories with this prefix, in the order of their names.
pub(super) fn whole(parent: &Path, prefix: &str) -> anyhow::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(parent)
        .with_context(|| format!("目录读不出 (the directory cannot be read): {}", parent.display()))?;
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry?;
        let named = entry.file_name().to_str().is_some_and(|name| name.starts_with(prefix));
        // A packed copy beside them is none.
        if named && !entry.file_type()?.is_file() && is_whole(&entry.path()) {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

/// Whether there is a manifest. One that may not be looked at is not absent: whoever reads it says what is wrong.
fn is_whole(directory: &Path) -> bool {
    directory.join(MANIFEST).try_exists().unwrap_or(true)
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

#[cfg(test)]
pub(super) mod tests {
    use jiff::{SignedDuration, Timestamp};
    use serde_json::json;
    use uuid::Uuid;

    use super::*;
    use crate::engine::scratch::Scratch;

    /// A backup in whose copy CASES goes up to `reach`, made on this day.
    pub(in crate::backup) fn put(backups: &Path, id: u128, day: i64, reach: u64) -> PathBuf {
        let at = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * day);
        let copy = json!({
            "name": "CASES", "messages": reach, "first_sequence": 1, "last_sequence": reach,
            "file": "c", "bytes": 0, "sha256": "", "head": { "config": {}, "state": {} },
        });
        let manifest = json!({
            "format": 1, "backup": Uuid::from_u128(id), "begun_at": at, "made_at": at, "hub_version": "0",
            "intake_floor": 0, "streams": [copy],
        });
        let directory = backups.join(format!("{BACKUP_PREFIX}{}", at.strftime("%Y%m%dT%H%M%SZ")));
        fs::create_dir_all(&directory).expect("made");
        fs::write(directory.join(MANIFEST), manifest.to_string()).expect("written");
        directory
    }

    #[test]
    fn where_clock_and_log_differ_a_person_says_which_is_the_newest() {
        let scratch = Scratch::new();
        let found = || Set::find(scratch.path(), None).map(|set| set.directory).map_err(|e| format!("{e:#}"));
        let older = put(scratch.path(), 1, 10, 100);
        let newer = put(scratch.path(), 2, 11, 100);
        assert_eq!(found(), Ok(newer.clone()), "nothing happened between them");
        let right = put(scratch.path(), 3, 12, 150);
        assert_eq!(found(), Ok(right.clone()));

        let from_the_future = put(scratch.path(), 4, 40_000, 120);
        let said = found().expect_err("not certain");
        for directory in [&right, &from_the_future] {
            assert!(said.contains(&directory.display().to_string()), "{said}");
        }
        assert_eq!(Set::find(&right, None).expect("named").directory, right);
        fs::remove_dir_all(from_the_future).expect("moved away");
        assert_eq!(found(), Ok(right));

        fs::write(older.join(MANIFEST), "{}").expect("written");
        assert!(found().expect_err("not certain").contains(&older.display().to_string()));
        fs::write(scratch.path().join(format!("{BACKUP_PREFIX}20260301T000000Z.tar.gz")), "").expect("written");
        // One that may not be looked at, here because it leads to itself.
        fs::remove_file(older.join(MANIFEST)).expect("removed");
        std::os::unix::fs::symlink(MANIFEST, older.join(MANIFEST)).expect("made");
        assert!(found().expect_err("not certain").contains(&older.display().to_string()));
    }
}
