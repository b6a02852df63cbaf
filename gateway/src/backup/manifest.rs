//! What stands in `manifest.json`: which files make a backup, and how each is known to be whole. A directory without a
//! manifest is no backup.

use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

use crate::engine::snapshot::Head;
use crate::engine::streams::CASES;

/// The version of the layout. A later one is refused.
pub const FORMAT: u32 = 1;
/// The manifest's file.
pub const MANIFEST: &str = "manifest.json";

/// A file of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileSum {
    /// Where, under the manifest's directory.
    pub file: String,
    /// How long.
    pub bytes: u64,
    /// Its digest, in hexadecimal.
    pub sha256: String,
}

/// A copied stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StreamCopy {
    /// Its name.
    pub name: String,
    /// How many messages.
    pub messages: u64,
    /// The sequence of the first.
    pub first_sequence: u64,
    /// The sequence of the last.
    pub last_sequence: u64,
    /// The file.
    #[serde(flatten)]
    pub file: FileSum,
    /// What the server said of it, and wants to hear again.
    pub head: Head,
}

/// The manifest of a backup.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// See [`FORMAT`].
    pub format: u32,
    /// Which backup.
    pub backup: Uuid,
    /// When it was begun.
    pub begun_at: Timestamp,
    /// When everything was written.
    pub made_at: Timestamp,
    /// Of the hub.
    pub hub_version: String,
    /// Everything in INTAKE up to here is decided in CASES.
    pub intake_floor: u64,
    /// Its streams, in the order in which they were copied.
    pub streams: Vec<StreamCopy>,
}

impl Manifest {
    /// How far the log goes in it.
    #[must_use]
    pub fn reach(&self) -> u64 {
        self.streams.iter().find(|copy| copy.name == CASES).map_or(0, |copy| copy.last_sequence)
    }
}

/// The manifest of the keys that belong to a backup.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KeysManifest {
    /// See [`FORMAT`].
    pub format: u32,
    /// To which backup they belong.
    pub keys_of: Uuid,
    /// What its directory was called.
    pub backup_name: String,
    /// When everything was written.
    pub made_at: Timestamp,
    /// Stream KEYS.
    pub streams: Vec<StreamCopy>,
    /// The key that wraps all others.
    pub master_key: FileSum,
    /// Who may come in.
    pub credentials: Option<FileSum>,
}

/// A manifest that cannot be used.
#[derive(Debug, Error)]
pub enum ManifestError {
    /// It cannot be read.
    #[error("没有可用的清单，因此不是完整的备份 (there is no manifest, so this is no whole backup): {path}: {source}")]
    Missing {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// It is something else.
    #[error("清单读不懂 (the manifest does not read): {path}: {source}")]
    Malformed {
        /// The file.
        path: String,
        /// Why.
        source: serde_json::Error,
    },
    /// Of another version.
    #[error(
        "{path}: 备份格式 {found}，此版本只认 {FORMAT} (backup format {found}, expected {FORMAT}: use the version of huiliu that made it)"
    )]
    Format {
        /// The file.
        path: String,
        /// What it says.
        found: u32,
    },
}

/// Reads the manifest in a directory.
///
/// # Errors
/// When there is none of this version.
pub fn read<M: for<'de> Deserialize<'de>>(directory: &Path) -> Result<M, ManifestError> {
    #[derive(Deserialize)]
    struct Version {
        format: u32,
    }
    let file = directory.join(MANIFEST);
    let path = file.display().to_string();
    let bytes = std::fs::read(&file).map_err(|source| ManifestError::Missing { path: path.clone(), source })?;
    let malformed = |source| ManifestError::Malformed { path: path.clone(), source };
    let Version { format } = serde_json::from_slice(&bytes).map_err(malformed)?;
    if format != FORMAT {
        return Err(ManifestError::Format { path, found: format });
    }
    serde_json::from_slice(&bytes).map_err(malformed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::scratch::Scratch;

    #[test]
    fn a_manifest_of_another_version_or_none_is_refused_by_name() {
        let scratch = Scratch::new();
        let said = |text: Option<&str>| {
            if let Some(text) = text {
                std::fs::write(scratch.path().join(MANIFEST), text).expect("written");
            }
            read::<Manifest>(scratch.path()).expect_err("refused").to_string()
        };
        assert!(said(None).contains("no whole backup"));
        assert!(said(Some("{\"format\":2}")).contains("expected 1"));
        assert!(said(Some("{\"format\":1}")).contains("does not read"));
        assert!(said(Some("{\"format\":1}")).contains("manifest.json"));
    }
}
