//! Putting a backup back: into a place where nothing is, or not at all. It is built beside, and gets its name when it is
//! whole and on the disk; what breaks off leaves the place as it was, and where it was killed, no hub starts there. The keys
//! are put before the store: a store is never there without the key it opens with.

use std::cell::Cell;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::manifest::StreamCopy;
use super::set::{KeySet, Set};
use super::write::sync_tree;
use crate::doors::Credentials;
use crate::doors::credentials::write_private;
use crate::engine::snapshot::{self, Extent};
use crate::engine::streams::QUEUES;
use crate::engine::{Durability, Embedded, Engine, EngineSettings, Server};
use crate::intake::pipeline;
use crate::settings::Places;

/// Puts every stream of the set into an engine that has none of them, and makes the pipeline begin where the backup says.
///
/// # Errors
/// When the server refuses, or a stream is not afterwards what it was.
pub async fn fill(engine: &Engine, set: &Set) -> anyhow::Result<()> {
    for (directory, copy) in set.streams() {
        fill_stream(engine, directory, copy)
            .await
            .with_context(|| format!("数据流 {} 恢复失败 (stream {} could not be restored)", copy.name, copy.name))?;
    }
    pipeline::consumer_after(&engine.jetstream, set.manifest.intake_floor).await.map_err(anyhow::Error::msg)?;
    Ok(())
}

async fn fill_stream(engine: &Engine, directory: &Path, copy: &StreamCopy) -> anyhow::Result<()> {
    let path = directory.join(&copy.file.file);
    let file = File::open(&path).with_context(|| path.display().to_string())?;
    let mut head = copy.head.clone();
    // The copy may come from a cluster and go to a single server, or the other way.
    head.config["num_replicas"] = engine.replicas.into();
    let found = snapshot::restore(&engine.jetstream, &head, file).await?;
    if !is_whole(copy, found) {
        bail!(
            "{}: 恢复后与清单不符 (restored, it is not what the manifest says): {found:?}; expected messages {}, {} to {}",
            path.display(),
            copy.messages,
            copy.first_sequence,
            copy.last_sequence
        );
    }
    Ok(())
}

/// Whether what was put back is the copy. Of a stream that keeps its messages for a while only, the server drops what has
/// grown too old since, from the front and while it puts the copy back.
fn is_whole(copy: &StreamCopy, found: Extent) -> bool {
    let runs_out = copy.head.config["max_age"].as_u64().is_some_and(|age| age > 0);
    let counts = found.messages == copy.messages || (runs_out && found.messages < copy.messages);
    // The server counts the first of no messages now from 0, now from 1.
    let begins = found.messages == 0
        || found.first_sequence == copy.first_sequence
        || (runs_out && found.first_sequence > copy.first_sequence);
    found.last_sequence == copy.last_sequence && counts && begins
}

/// What a restore did.
#[derive(Debug, Default)]
pub struct Restored {
    /// Files that were there and stayed as they were.
    pub kept: Vec<PathBuf>,
}

/// In the data directory for as long as a restore is at it: a hub started then would begin a store of its own.
const AT_WORK: &str = "restoring";

/// Whether a restore into this data directory was cut off.
///
/// # Errors
/// When it was; says what to do.
pub fn refuse_unfinished(data_dir: &Path) -> anyhow::Result<()> {
    let mark = data_dir.join(AT_WORK);
    if !mark.exists() {
        return Ok(());
    }
    bail!(
        "恢复曾中断，网关不启动：请移走库，再次恢复；确认库完整才可删除 {} (a restore was cut off: move the store away and restore again; remove this file only if you are sure that the store is whole)",
        mark.display()
    )
}

/// Restores into the place the settings name. The hub must be stopped, and its lock held by the caller.
///
/// # Errors
/// When there is a store already, the keys there are others, or anything cannot be restored; at most the keys are left
/// behind then, and the next attempt takes them for its own.
pub async fn restore(set: &Set, places: &Places, engine: EngineSettings) -> anyhow::Result<Restored> {
    let keys =
        set.keys.as_ref().context("恢复需要密钥目录：请用 --keys 给出 (a restore needs the keys: give --keys)")?;
    keys.master_key()?;
    refuse_another_master_key(keys, places)?;
    let mark = places.data_dir.join(AT_WORK);
    let was_cut_off = mark.exists();
    File::create(&mark)?.sync_all()?;
    sync_directory(&places.data_dir)?;
    let begun = Cell::new(false);
    let prepare = || {
        begun.set(true);
        put_keys(keys, places)
    };
    let (restored, is_external) = match engine.server {
        Server::Embedded(embedded) => (restore_embedded(set, embedded, prepare).await, false),
        Server::External(_) => (restore_external(set, engine, prepare).await, true),
    };
    // What failed left everything as it was before: half a store, where one was cut off then, and perhaps where a server that
    // is not ours was lost on the way.
    if restored.is_ok() || !(was_cut_off || is_external && begun.get()) {
        let cleared = fs::remove_file(&mark).and_then(|()| sync_directory(&places.data_dir));
        return restored.and_then(|done| cleared.map(|()| done).map_err(anyhow::Error::from));
    }
    restored
}

fn sync_directory(directory: &Path) -> std::io::Result<()> {
    File::open(directory)?.sync_all()
}

/// Fsync after every message would take hours for a million: the whole store is synced once, when it is whole.
async fn restore_embedded(
    set: &Set,
    embedded: Embedded,
    prepare: impl FnOnce() -> anyhow::Result<Restored>,
) -> anyhow::Result<Restored> {
    let target = embedded.directory.clone();
    refuse_store(&target)?;
    let mut building = target.clone().into_os_string();
    building.push(".restoring");
    let building = PathBuf::from(building);
    if building.exists() {
        fs::remove_dir_all(&building)?;
    }
    let filled =
        fill_new(set, Embedded { directory: building.clone(), durability: Durability::Relaxed, ..embedded }).await;
    let placed = filled.and_then(|()| {
        sync_tree(&building)?;
        let restored = prepare()?;
        place(&building, &target)?;
        Ok(restored)
    });
    if placed.is_err() {
        let _left = fs::remove_dir_all(&building);
    }
    placed
}

/// Starts a server of its own in a directory, fills it and stops it.
pub(super) async fn fill_new(set: &Set, embedded: Embedded) -> anyhow::Result<()> {
    let settings = EngineSettings { server: Server::Embedded(embedded), replicas: 1 };
    let engine = Engine::start(settings, &Credentials::default(), CancellationToken::new()).await?;
    let filled = fill(&engine, set).await;
    engine.stop().await;
    filled
}

fn refuse_store(directory: &Path) -> anyhow::Result<()> {
    let store = directory.join("store");
    if !store.exists() {
        return Ok(());
    }
    bail!(
        "{} 已有数据，恢复不会覆盖：请先把 {} 移到别处，再恢复 (there is a store already, and a restore never overwrites one: move {} away first)",
        store.display(),
        directory.display(),
        directory.display()
    )
}

fn place(building: &Path, target: &Path) -> std::io::Result<()> {
    if target.exists() {
        // Without a store in it: what a server that never stored anything left.
        let aside = format!("{}.before-restore-{}", target.display(), Timestamp::now().as_second());
        fs::rename(target, aside)?;
    }
    fs::rename(building, target)?;
    target.parent().map_or(Ok(()), sync_directory)
}

/// On a server somebody else runs: nothing of ours may be there, and what breaks off is taken away again.
async fn restore_external(
    set: &Set,
    settings: EngineSettings,
    prepare: impl FnOnce() -> anyhow::Result<Restored>,
) -> anyhow::Result<Restored> {
    let engine = Engine::start(settings, &Credentials::default(), CancellationToken::new()).await?;
    let filled = fill_external(&engine, set, prepare).await;
    engine.stop().await;
    filled
}

async fn fill_external(
    engine: &Engine,
    set: &Set,
    prepare: impl FnOnce() -> anyhow::Result<Restored>,
) -> anyhow::Result<Restored> {
    let names: Vec<&str> = set.streams().map(|(_, copy)| copy.name.as_str()).collect();
    for name in names.iter().chain([&QUEUES]) {
        if engine.jetstream.get_stream(*name).await.is_ok() {
            bail!(
                "服务器 {} 上已有数据流 {name}，恢复不会覆盖 (stream {name} is there already, and a restore never overwrites one: remove it first)",
                engine.address()
            );
        }
    }
    let restored = prepare()?;
    let filled = fill(engine, set).await;
    if filled.is_err() {
        for name in names {
            let _not_there = engine.jetstream.delete_stream(name).await;
        }
    }
    filled.map(|()| restored)
}

fn refuse_another_master_key(keys: &KeySet, places: &Places) -> anyhow::Result<()> {
    let path = &places.master_key_file;
    if !path.exists() {
        return Ok(());
    }
    let there = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    if there.trim() == keys.text(&keys.manifest.master_key)?.trim() {
        return Ok(());
    }
    bail!(
        "{} 已有另一个主密钥，恢复不会覆盖：请先把它移到别处 (another master key is there, and a restore never overwrites one: move it away first)",
        path.display()
    )
}

/// The master key and, where there are none, the credentials.
fn put_keys(keys: &KeySet, places: &Places) -> anyhow::Result<Restored> {
    let mut restored = Restored::default();
    let files = [
        (Some(&keys.manifest.master_key), &places.master_key_file),
        (keys.manifest.credentials.as_ref(), &places.credentials_file),
    ];
    // A hub that was started before its restore made a file of its own, in which nobody is.
    let nobody = Credentials::load(&places.credentials_file).is_ok_and(|there| there == Credentials::default());
    for (file, path) in files {
        let Some(file) = file else { continue };
        if path.exists() && !(nobody && path == &places.credentials_file) {
            restored.kept.push(path.clone());
            continue;
        }
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        write_private(path, &keys.text(file)?).with_context(|| path.display().to_string())?;
    }
    Ok(restored)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::backup::manifest::FileSum;
    use crate::engine::snapshot::Head;

    #[test]
    fn only_a_stream_that_forgets_may_come_back_shorter_and_only_at_its_front() {
        let extent = |messages, first_sequence, last_sequence| Extent { messages, first_sequence, last_sequence };
        let whole = |max_age: u64, found| {
            let head = Head { config: json!({ "max_age": max_age }), state: json!({}) };
            let file = FileSum { file: String::new(), bytes: 0, sha256: String::new() };
            let name = "INTAKE".to_owned();
            is_whole(&StreamCopy { name, messages: 5, first_sequence: 3, last_sequence: 7, file, head }, found)
        };
        for (found, kept, aging) in [
            (extent(5, 3, 7), true, true),
            (extent(3, 5, 7), false, true),
            (extent(0, 8, 7), false, true),
            (extent(0, 0, 7), false, true),
            (extent(4, 3, 6), false, false),
            (extent(6, 2, 7), false, false),
            (extent(5, 2, 7), false, false),
        ] {
            assert_eq!((whole(0, found), whole(1, found)), (kept, aging), "{found:?}");
        }
    }
}
