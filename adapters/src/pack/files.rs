//! The files of a pack, from a directory or from the binary. The only place in packs that reads a disk.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::PackError;
use super::embedded::Embedded;
use super::spec;

/// The texts a pack is made of.
#[derive(Debug)]
pub(super) struct Files {
    pub(super) name: String,
    pub(super) pack: String,
    pub(super) map: String,
    /// By name, without `tables/` and `.csv`.
    pub(super) tables: BTreeMap<String, String>,
}

impl Files {
    pub(super) fn embedded(pack: &Embedded) -> Self {
        let table = |(name, text): &(&str, &str)| ((*name).to_owned(), (*text).to_owned());
        Self {
            name: pack.name.to_owned(),
            pack: pack.pack.to_owned(),
            map: pack.map.to_owned(),
            tables: pack.tables.iter().map(table).collect(),
        }
    }

    pub(super) fn read(dir: &Path) -> Result<Self, PackError> {
        let tables = list(&dir.join("tables"), "csv")?;
        Ok(Self {
            name: stem(dir),
            pack: text(&dir.join(spec::FILE))?,
            map: text(&dir.join("map.toml"))?,
            tables: tables.iter().map(|path| Ok((stem(path), text(path)?))).collect::<Result<_, PackError>>()?,
        })
    }
}

impl Files {
    /// The content address of the texts.
    pub(super) fn version(&self) -> String {
        let mut hash = Sha256::new();
        let tables = self.tables.iter().map(|(name, text)| (name.as_str(), text));
        // Lengths first, so that no two packs run together to the same bytes.
        for (name, text) in [("pack.toml", &self.pack), ("map.toml", &self.map)].into_iter().chain(tables) {
            hash.update(format!("{} {} {name}\n{text}", name.len(), text.len()));
        }
        base16ct::lower::encode_string(&hash.finalize()[..8])
    }
}

/// The folders below `dir` that hold a pack, in order.
///
/// # Errors
/// When `dir` cannot be listed.
pub fn folders(dir: &Path) -> Result<Vec<PathBuf>, PackError> {
    let unreadable = |source| PackError::Read { path: dir.display().to_string(), source };
    let entries = fs::read_dir(dir).map_err(unreadable)?.collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
    let mut found: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).collect();
    found.retain(|folder| folder.join(spec::FILE).is_file());
    found.sort();
    Ok(found)
}

/// Name without the ending.
pub(super) fn stem(path: &Path) -> String {
    path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
}

/// A file as text.
pub(super) fn text(path: &Path) -> Result<String, PackError> {
    fs::read_to_string(path).map_err(|source| PackError::Read { path: path.display().to_string(), source })
}

/// A file as bytes.
pub(super) fn bytes(path: &Path) -> Result<Vec<u8>, PackError> {
    fs::read(path).map_err(|source| PackError::Read { path: path.display().to_string(), source })
}

/// The files of a directory with an ending, in order; none if there is no such directory.
pub(super) fn list(dir: &Path, ending: &str) -> Result<Vec<PathBuf>, PackError> {
    if !dir.is_dir() {
        return Ok(Vec::new());
    }
    let unreadable = |source| PackError::Read { path: dir.display().to_string(), source };
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|e| e == ending) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
