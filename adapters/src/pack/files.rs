//! The files of a pack, from a directory or from the binary. The only place in packs that reads a disk.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{fs, io};

use sha2::{Digest as _, Sha256};

use super::PackError;
use super::embedded::Embedded;
use super::spec;
use crate::charset;

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
    pub(super) fn write(&self, dir: &Path) -> io::Result<()> {
        let tables = self.tables.iter().map(|(name, text)| (dir.join("tables").join(format!("{name}.csv")), text));
        let own = [(dir.join(spec::FILE), &self.pack), (dir.join("map.toml"), &self.map)];
        fs::create_dir_all(dir.join("tables"))?;
        for (path, text) in own.into_iter().chain(tables) {
            let mut file = fs::File::create(path)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
        }
        Ok(())
    }

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

/// A file as text, in UTF-8 or as office programs on Chinese Windows save it. One with a broken byte is refused: a code with
/// it would be another code.
pub(super) fn text(path: &Path) -> Result<String, PackError> {
    let bytes = bytes(path)?;
    let text = charset::text(&bytes, None).filter(|text| !text.contains(charset::REPLACED));
    text.map(Cow::into_owned).ok_or_else(|| PackError::Read {
        path: path.display().to_string(),
        source: io::Error::new(io::ErrorKind::InvalidData, "expected text in UTF-8 or GB18030"),
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_read_as_office_programs_save_them() {
        let path = std::env::temp_dir().join(format!("huiliu-files-{}.csv", std::process::id()));
        let read = |bytes: &[u8]| {
            fs::write(&path, bytes).expect("written");
            text(&path).map_err(|error| error.to_string())
        };
        let table = "code,word,note\n投诉,complaint,样例\n";
        let (gb, ..) = encoding_rs::GB18030.encode(table);
        for bytes in [table.as_bytes(), format!("\u{feff}{table}").as_bytes(), &gb] {
            assert_eq!(read(bytes).as_deref(), Ok(table));
        }
        for broken in [&gb[..gb.len() - 2], b"PK\x03\x04\xff\xff\xff\xff"] {
            let said = read(&[broken, b"\xff\n"].concat()).expect_err("refused");
            assert!(said.ends_with("cannot be read: expected text in UTF-8 or GB18030"), "{said}");
        }
        fs::remove_file(&path).expect("removed");
    }
}
