//! Letting old backups go: only whole ones count, only whole ones go, and what goes stops being whole first.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use std::{fs, io};

use uuid::Uuid;

use super::manifest::{KeysManifest, MANIFEST, read};
use super::set::{BACKUP_PREFIX, Backup, KEYS_PREFIX, doubt, whole};
use super::verify::TRIAL_PREFIX;
use super::write::PARTIAL;

/// Before the name of a backup that did not pass its trial: no restore takes it for the newest.
const UNPROVEN: &str = "unproven-";
/// What broke off that long ago is not being written any more.
const ABANDONED: Duration = Duration::from_secs(24 * 60 * 60);

/// What was let go.
#[derive(Debug, Default)]
pub struct Kept {
    /// Directories that are gone.
    pub removed: Vec<PathBuf>,
    /// What makes it uncertain which backup is the newest.
    pub doubt: Option<String>,
}

/// Removes whole backups that are not among the `keep` newest, neither by how far the log goes in them nor by their time,
/// and the keys that belonged to them; never the one just `written`. One whose manifest does not read stays.
///
/// # Errors
/// When something cannot be read or removed.
pub fn keep_newest(backups: &Path, keys: &Path, keep: usize, written: &Path) -> anyhow::Result<Kept> {
    let mut all: Vec<Backup> =
        whole(backups, BACKUP_PREFIX)?.into_iter().filter_map(|directory| Backup::read(directory).ok()).collect();
    let doubt = doubt(&all);
    let old = all.len().saturating_sub(keep);
    all.sort_by(Backup::by_time);
    let old_by_time: HashSet<PathBuf> = all[..old].iter().map(|backup| backup.directory.clone()).collect();
    all.sort_by(Backup::by_reach);
    let mut removed = Vec::new();
    for Backup { directory, manifest } in &all[..old] {
        if !old_by_time.contains(directory) || directory == written {
            continue;
        }
        for its_keys in keys_of(keys, manifest.backup)? {
            remove(&its_keys)?;
            removed.push(its_keys);
        }
        remove(directory)?;
        removed.push(directory.clone());
    }
    Ok(Kept { removed, doubt })
}

fn keys_of(keys: &Path, backup: Uuid) -> anyhow::Result<Vec<PathBuf>> {
    let belongs = |path: &PathBuf| read::<KeysManifest>(path).is_ok_and(|m| m.keys_of == backup);
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

    use super::super::set::tests::put;
    use super::*;
    use crate::engine::scratch::Scratch;

    fn put_keys(keys: &Path, id: u128) {
        let directory = keys.join(format!("{KEYS_PREFIX}{id}"));
        let sum = json!({ "file": "master.key", "bytes": 0, "sha256": "" });
        let manifest = json!({
            "format": 1, "keys_of": Uuid::from_u128(id), "backup_name": "", "made_at": Timestamp::now(), "streams": [],
            "master_key": sum, "credentials": null,
        });
        fs::create_dir_all(&directory).expect("made");
        fs::write(directory.join(MANIFEST), manifest.to_string()).expect("written");
    }

    #[test]
    fn the_oldest_go_with_their_keys_and_strangers_stay() {
        let scratch = Scratch::new();
        let (backups, keys) = (scratch.path().join("b"), scratch.path().join("k"));
        let made: Vec<PathBuf> = (1..=3).zip(1..).map(|(id, day)| put(&backups, id, day, 100)).collect();
        (1..=3).for_each(|id| put_keys(&keys, id));
        fs::create_dir_all(backups.join("huiliu-backup-half")).expect("made");
        fs::create_dir_all(backups.join("something-else")).expect("made");
        let unread = backups.join("huiliu-backup-00000000T000000Z");
        fs::create_dir_all(&unread).expect("made");
        fs::write(unread.join(MANIFEST), "{\"format\":2}").expect("written");
        let kept = keep_newest(&backups, &keys, 2, &made[2]).expect("kept");
        assert_eq!((kept.removed.len(), kept.doubt), (2, None));
        assert_eq!(whole(&keys, KEYS_PREFIX).expect("there").len(), 2);
        assert!(backups.join("huiliu-backup-half").exists() && backups.join("something-else").exists());
        assert!(!made[0].exists() && made[1].exists() && made[2].exists() && unread.exists());
        assert_eq!(keep_newest(&backups, &keys, 2, &made[2]).expect("kept").removed.len(), 0);
    }

    #[test]
    fn what_is_new_by_the_log_or_by_the_clock_stays_and_the_difference_is_told() {
        let scratch = Scratch::new();
        let (backups, keys) = (scratch.path().join("b"), scratch.path().join("k"));
        fs::create_dir_all(&keys).expect("made");
        let left = |made: &[PathBuf]| made.iter().map(|directory| directory.exists()).collect::<Vec<_>>();
        // Two days with a clock that was ahead, then right again.
        let mut made = vec![put(&backups, 1, 900, 10), put(&backups, 2, 901, 20)];
        for (day, reach) in [(1, 30), (2, 40), (3, 50)] {
            made.push(put(&backups, 3, day, reach));
            let kept = keep_newest(&backups, &keys, 2, &made[made.len() - 1]).expect("kept");
            assert!(kept.doubt.is_some_and(|said| said.contains(&made[1].display().to_string())));
        }
        assert_eq!(left(&made), [true, true, false, true, true]);
        // Nothing new in the log, and an earlier clock: it is what this run wrote all the same.
        made.push(put(&backups, 4, 0, 10));
        keep_newest(&backups, &keys, 2, &made[5]).expect("kept");
        assert!(made[5].exists());
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
