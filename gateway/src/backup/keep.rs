//! Letting old backups go: only whole ones count, only whole ones go, and what goes stops being whole first.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use std::{fs, io};

use uuid::Uuid;

use super::manifest::{KeysManifest, MANIFEST, Manifest, read};
use super::set::{BACKUP_PREFIX, KEYS_PREFIX, whole};
use super::verify::TRIAL_PREFIX;
use super::write::PARTIAL;

/// Before the name of a backup that did not pass its trial: no restore takes it for the newest.
const UNPROVEN: &str = "unproven-";
/// What broke off that long ago is not being written any more.
const ABANDONED: Duration = Duration::from_secs(24 * 60 * 60);

/// Removes all but the `keep` newest whole backups, and the keys that belonged to the removed ones. Returns what was removed.
///
/// # Errors
/// When something cannot be read or removed.
pub fn keep_newest(backups: &Path, keys: &Path, keep: usize) -> anyhow::Result<Vec<PathBuf>> {
    let all = whole(backups, BACKUP_PREFIX)?;
    let old = &all[..all.len().saturating_sub(keep)];
    let mut removed = Vec::new();
    for directory in old {
        let id = read::<Manifest>(directory).ok().map(|manifest| manifest.backup);
        for its_keys in keys_of(keys, id)? {
            remove(&its_keys)?;
            removed.push(its_keys);
        }
        remove(directory)?;
        removed.push(directory.clone());
    }
    Ok(removed)
}

fn keys_of(keys: &Path, backup: Option<Uuid>) -> anyhow::Result<Vec<PathBuf>> {
    let belongs = |path: &PathBuf| read::<KeysManifest>(path).is_ok_and(|m| Some(m.keys_of) == backup);
    Ok(whole(keys, KEYS_PREFIX)?.into_iter().filter(belongs).collect())
}

fn remove(directory: &Path) -> io::Result<()> {
    fs::remove_file(directory.join(MANIFEST))?;
    fs::remove_dir_all(directory)
}

/// Gives a backup that did not pass, or its keys, another name. The one that failed before it goes: the last is enough to
/// find out why, and a fault that stays must not fill the disk.
///
/// # Errors
/// When it cannot be renamed, or the one before not removed.
pub fn put_aside(directory: &Path, prefix: &str) -> io::Result<PathBuf> {
    let name = directory.file_name().unwrap_or_default().to_string_lossy();
    let aside = directory.with_file_name(format!("{UNPROVEN}{name}"));
    fs::rename(directory, &aside)?;
    let former = format!("{UNPROVEN}{prefix}");
    for entry in fs::read_dir(aside.parent().unwrap_or(Path::new(".")))? {
        let path = entry?.path();
        let named = path.file_name().and_then(|n| n.to_str()).is_some_and(|n| n.starts_with(&former));
        if named && path != aside {
            fs::remove_dir_all(path)?;
        }
    }
    Ok(aside)
}

/// Removes what broke off long ago: whoever was killed could not.
///
/// # Errors
/// When something cannot be removed.
pub fn remove_abandoned(directory: &Path) -> anyhow::Result<()> {
    let Ok(entries) = fs::read_dir(directory) else { return Ok(()) };
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let broken_off = |n: &str| n.starts_with(".huiliu-") && n.ends_with(PARTIAL);
        let ours = name.to_str().is_some_and(|n| broken_off(n) || n.starts_with(TRIAL_PREFIX));
        let old = |age: SystemTime| age.elapsed().is_ok_and(|age| age > ABANDONED);
        if ours && entry.metadata()?.modified().is_ok_and(old) {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::json;

    use super::*;
    use crate::engine::scratch::Scratch;

    fn put(directory: &Path, manifest: &serde_json::Value) {
        fs::create_dir_all(directory).expect("made");
        fs::write(directory.join(MANIFEST), manifest.to_string()).expect("written");
    }

    #[test]
    fn the_oldest_go_with_their_keys_and_strangers_stay() {
        let scratch = Scratch::new();
        let (backups, keys) = (scratch.path().join("b"), scratch.path().join("k"));
        let now = Timestamp::now();
        for day in 1..=3_u128 {
            let id = Uuid::from_u128(day);
            let manifest = json!({ "format": 1, "backup": id, "begun_at": now, "made_at": now, "hub_version": "0", "intake_floor": 0, "streams": [] });
            put(&backups.join(format!("{BACKUP_PREFIX}2026010{day}T000000Z")), &manifest);
            let sum = json!({ "file": "master.key", "bytes": 0, "sha256": "" });
            let manifest = json!({ "format": 1, "keys_of": id, "backup_name": "", "made_at": now, "streams": [], "master_key": sum, "credentials": null });
            put(&keys.join(format!("{KEYS_PREFIX}2026010{day}T000000Z")), &manifest);
        }
        fs::create_dir_all(backups.join("huiliu-backup-half")).expect("made");
        fs::create_dir_all(backups.join("something-else")).expect("made");
        let removed = keep_newest(&backups, &keys, 2).expect("kept");
        assert_eq!(removed.len(), 2);
        assert_eq!(whole(&backups, BACKUP_PREFIX).expect("there").len(), 2);
        assert_eq!(whole(&keys, KEYS_PREFIX).expect("there").len(), 2);
        assert!(backups.join("huiliu-backup-half").exists() && backups.join("something-else").exists());
        assert!(!backups.join("huiliu-backup-20260101T000000Z").exists());
        assert_eq!(keep_newest(&backups, &keys, 2).expect("kept").len(), 0);
    }

    #[test]
    fn what_is_just_being_written_is_not_abandoned() {
        let scratch = Scratch::new();
        let partial = scratch.path().join(format!(".{BACKUP_PREFIX}x{PARTIAL}"));
        fs::create_dir(&partial).expect("made");
        remove_abandoned(scratch.path()).expect("looked");
        assert!(partial.exists());
        let long_ago = SystemTime::now() - 2 * ABANDONED;
        fs::File::open(&partial).expect("there").set_modified(long_ago).expect("set");
        remove_abandoned(scratch.path()).expect("looked");
        assert!(!partial.exists());
    }

    #[test]
    fn what_a_killed_trial_left_goes_too() {
        let scratch = Scratch::new();
        let trial = scratch.path().join(format!("{TRIAL_PREFIX}0"));
        fs::create_dir_all(trial.join("store")).expect("made");
        remove_abandoned(scratch.path()).expect("looked");
        assert!(trial.exists(), "it may be going on");
        let long_ago = SystemTime::now() - 2 * ABANDONED;
        fs::File::open(&trial).expect("there").set_modified(long_ago).expect("set");
        remove_abandoned(scratch.path()).expect("looked");
        assert!(!trial.exists());
    }

    #[test]
    fn of_those_that_did_not_pass_the_last_is_kept_with_its_keys() {
        let scratch = Scratch::new();
        let left = || {
            let entries = fs::read_dir(scratch.path()).expect("there");
            let mut names: Vec<_> =
                entries.map(|e| e.expect("an entry").file_name().into_string().expect("text")).collect();
            names.sort();
            names
        };
        for time in ["1", "2"] {
            for prefix in [BACKUP_PREFIX, KEYS_PREFIX] {
                let directory = scratch.path().join(format!("{prefix}{time}"));
                fs::create_dir(&directory).expect("made");
                put_aside(&directory, prefix).expect("renamed");
            }
        }
        assert_eq!(left(), ["unproven-huiliu-backup-2", "unproven-huiliu-keys-2"]);
    }
}
