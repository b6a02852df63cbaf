//! What is followed: the directory and each pack in use. How it is read, checked and taken.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use huiliu_adapters::pack::{self, Pack, PackError};
use huiliu_schemas::finding::Severity;

use super::kept::Kept;
use crate::channels::ChannelRuntime;
use crate::desk::Desk;
use crate::directory::{self, Directory, LoadError};

/// Where the files are.
#[derive(Debug, Clone)]
pub struct Sources {
    /// The directory's folder.
    pub directory: PathBuf,
    /// The folder of packs, if there is one.
    pub packs_dir: Option<PathBuf>,
    /// Where what is in force is kept.
    pub data_dir: PathBuf,
}

/// One thing that is followed.
#[derive(Clone)]
pub(super) enum Source {
    Directory { root: PathBuf, desk: Desk, kept: Kept },
    Pack { name: String, packs_dir: Option<PathBuf>, channels: Vec<Arc<ChannelRuntime>>, kept: Kept },
}

/// What stands in the files, not yet understood.
pub(super) enum Found {
    Directory(directory::Found, String),
    Pack(pack::Found, String),
}

/// What was read, and is as good as it must be.
pub(super) enum Checked {
    Directory(Arc<Directory>),
    Pack(Arc<Pack>),
}

/// What was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    Directory,
    Pack,
}

/// What tells that a file was touched: its name, number, size and times.
pub(super) type Stamp = (PathBuf, u64, u64, i64, i64, i64, i64);

/// Everything that is followed.
pub(super) fn all(sources: Sources, desk: Desk, channels: Vec<(String, Arc<ChannelRuntime>)>) -> Vec<Source> {
    let Sources { directory, packs_dir, data_dir } = sources;
    let mut all = vec![Source::Directory { root: directory, desk, kept: Kept::directory(&data_dir) }];
    for (pack, channel) in channels {
        let known = all.iter_mut().find_map(|source| match source {
            Source::Pack { name, channels, .. } if *name == pack => Some(channels),
            _ => None,
        });
        match known {
            Some(channels) => channels.push(channel),
            None => {
                let kept = Kept::pack(&data_dir, &pack);
                all.push(Source::Pack { name: pack, packs_dir: packs_dir.clone(), channels: vec![channel], kept });
            }
        }
    }
    all
}

impl Source {
    pub(super) fn what(&self) -> String {
        match self {
            Self::Directory { .. } => "directory".to_owned(),
            Self::Pack { name, .. } => format!("pack:{name}"),
        }
    }

    /// The version in use.
    pub(super) fn running(&self) -> String {
        match self {
            Self::Directory { desk, .. } => desk.directory().version().to_owned(),
            Self::Pack { channels, .. } => channels.first().map(|c| c.pack().version.clone()).unwrap_or_default(),
        }
    }

    /// Where it is read from.
    pub(super) fn from(&self) -> Option<String> {
        self.folder().filter(|folder| folder.is_dir()).map(|folder| folder.display().to_string())
    }

    fn folder(&self) -> Option<PathBuf> {
        match self {
            Self::Directory { root, .. } => Some(root.clone()),
            Self::Pack { name, packs_dir, .. } => packs_dir.as_ref().map(|dir| dir.join(name)),
        }
    }

    /// What tells that a file was touched, two levels deep; nothing where the folder cannot be listed.
    pub(super) fn stamp(&self) -> Option<Vec<Stamp>> {
        let mut stamps = Vec::new();
        match self.folder() {
            Some(folder) if folder.is_dir() => stamp(&folder, 2, &mut stamps)?,
            // A built-in pack, for as long as no folder takes its place.
            None | Some(_) if matches!(self, Self::Pack { .. }) => {}
            _ => return None,
        }
        stamps.sort();
        Some(stamps)
    }

    pub(super) fn read(&self) -> Result<Found, Vec<String>> {
        match self {
            Self::Directory { root, .. } => {
                let found = directory::Found::read(root).map_err(|error| vec![error.to_string()])?;
                let digest = found.digest();
                Ok(Found::Directory(found, digest))
            }
            Self::Pack { name, packs_dir, .. } => {
                let found = pack::Found::find(name, packs_dir.as_deref()).map_err(problems)?;
                let digest = found.version();
                Ok(Found::Pack(found, digest))
            }
        }
    }

    /// Understands what was read. What runs already needs no check: it was good enough to start with.
    pub(super) fn check(&self, found: &Found, running: &str) -> Result<Checked, Vec<String>> {
        match (self, found) {
            (Self::Directory { .. }, Found::Directory(found, _)) => {
                let directory = found.parse().map_err(|error| match error {
                    LoadError::Invalid(problems) => problems.0.iter().map(ToString::to_string).collect(),
                    other => vec![other.to_string()],
                })?;
                let errors = if directory.version() == running { Vec::new() } else { errors(&directory) };
                if errors.is_empty() { Ok(Checked::Directory(Arc::new(directory))) } else { Err(errors) }
            }
            (Self::Pack { channels, .. }, Found::Pack(found, _)) => {
                let pack = found.load().map_err(problems)?;
                let barred: Vec<String> = channels
                    .iter()
                    .filter_map(|channel| {
                        Some(format!("pack.toml: channel `{}`: {}", channel.name, channel.bars(&pack)?))
                    })
                    .collect();
                // A folder that went away gives the built-in pack its place back only at the next start.
                let is_gone = found.folder.is_none() && pack.version != running;
                match () {
                    () if !barred.is_empty() => Err(barred),
                    () if is_gone => {
                        Err(vec!["its folder is gone: put it back, or start anew to use the built-in pack".to_owned()])
                    }
                    () => Ok(Checked::Pack(Arc::new(pack))),
                }
            }
            _ => Err(vec!["not what was read".to_owned()]),
        }
    }

    /// Keeps what comes into force, for the next start.
    pub(super) fn keep(&self, found: &Found) {
        match (self, found) {
            (Self::Directory { kept, .. }, Found::Directory(found, _)) => kept.keep_or_warn(found),
            (Self::Pack { kept, .. }, Found::Pack(found, _)) => kept.keep_or_warn(found),
            (Self::Directory { .. }, Found::Pack(..)) | (Self::Pack { .. }, Found::Directory(..)) => {}
        }
    }

    /// Puts it in the place of what runs.
    pub(super) fn take_over(&self, checked: Checked) -> Taken {
        match (self, checked) {
            (Self::Directory { desk, .. }, Checked::Directory(directory)) => {
                desk.take_over(directory);
                Taken::Directory
            }
            (Self::Pack { channels, .. }, Checked::Pack(pack)) => {
                channels.iter().for_each(|channel| channel.take_over(pack.clone()));
                Taken::Pack
            }
            (Self::Directory { .. }, Checked::Pack(_)) | (Self::Pack { .. }, Checked::Directory(_)) => Taken::Pack,
        }
    }
}

impl Found {
    /// What the files hold, byte for byte.
    pub(super) fn digest(&self) -> &str {
        match self {
            Self::Directory(_, digest) | Self::Pack(_, digest) => digest,
        }
    }
}

impl Checked {
    pub(super) fn version(&self) -> &str {
        match self {
            Self::Directory(directory) => directory.version(),
            Self::Pack(pack) => &pack.version,
        }
    }
}

fn problems(error: PackError) -> Vec<String> {
    match error {
        PackError::Invalid { issues, .. } => issues.iter().map(ToString::to_string).collect(),
        other => vec![other.to_string()],
    }
}

/// What `huiliu check` calls errors.
pub(super) fn errors(directory: &Directory) -> Vec<String> {
    let found = directory::check(directory).into_iter().filter(|finding| finding.severity == Severity::Error);
    found.map(|f| format!("{}:{} {} / {}", f.file, f.line, f.zh, f.en)).collect()
}

fn stamp(folder: &Path, depth: usize, stamps: &mut Vec<Stamp>) -> Option<()> {
    for entry in fs::read_dir(folder).ok()? {
        let path = entry.ok()?.path();
        let Ok(metadata) = fs::metadata(&path) else { continue };
        if metadata.is_dir() {
            if depth > 1 {
                stamp(&path, depth - 1, stamps)?;
            }
            continue;
        }
        let m = &metadata;
        stamps.push((path, m.ino(), m.size(), m.mtime(), m.mtime_nsec(), m.ctime(), m.ctime_nsec()));
    }
    Some(())
}
