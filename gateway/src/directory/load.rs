//! The thin IO around the pure parser: reads the directory's files from disk and decodes them.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{fs, io};

use sha2::{Digest as _, Sha256};

use super::Directory;
use super::encoding::decode;
use super::places::AREAS;
use super::problem::{LoadError, Problem, Problems};
use crate::judgement::matter::model::FILE as MODEL_FILE;

/// The files of a directory as they were found, not yet understood: what they say can be compared before it is taken.
#[derive(Debug, PartialEq, Eq)]
pub struct Found {
    /// Name in the folder and bytes, in the order of the names.
    files: Vec<(String, Vec<u8>)>,
    model: Option<Vec<u8>>,
}

impl Found {
    /// Reads the folder `root`: `*.csv` in it and in `calendar/`, the areas on the map, and a trained judge of matters if
    /// they are there.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn read(root: &Path) -> Result<Self, LoadError> {
        let read = |(name, path): (String, PathBuf)| match fs::read(&path) {
            Ok(bytes) => Ok((name, bytes)),
            Err(source) => Err(LoadError::Io { path, source }),
        };
        let files = directory_files(root)?.into_iter().map(read).collect::<Result<_, _>>()?;
        Ok(Self { files, model: read_model(root)? })
    }

    /// Puts the files into a folder of their own, on the disk before it returns.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn write(&self, root: &Path) -> io::Result<()> {
        fs::create_dir_all(root)?;
        let model = self.model.iter().map(|bytes| (MODEL_FILE, bytes));
        for (name, bytes) in self.files.iter().map(|(name, bytes)| (name.as_str(), bytes)).chain(model) {
            let path = root.join(name);
            path.parent().map_or(Ok(()), fs::create_dir_all)?;
            let mut file = fs::File::create(path)?;
            file.write_all(bytes)?;
            file.sync_all()?;
        }
        Ok(())
    }

    /// What was read, byte for byte, in a few digits.
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        let model = self.model.iter().map(|bytes| (MODEL_FILE, bytes));
        for (name, bytes) in self.files.iter().map(|(name, bytes)| (name.as_str(), bytes)).chain(model) {
            hash.update(format!("{} {} {name}\n", name.len(), bytes.len()));
            hash.update(bytes);
        }
        base16ct::lower::encode_string(&hash.finalize()[..8])
    }

    /// The directory, whole.
    ///
    /// # Errors
    /// With everything that is wrong in it.
    pub fn parse(&self) -> Result<Directory, LoadError> {
        let (mut texts, mut problems) = (Vec::new(), Vec::new());
        for (name, bytes) in &self.files {
            match decode(bytes) {
                Some(text) => texts.push((name.clone(), text)),
                None => problems.push(Problem::of_file(name, "bytes", "text in UTF-8 or GB18030")),
            }
        }
        if problems.is_empty() {
            Ok(Directory::parse_with_model(&texts, self.model.as_deref())?)
        } else {
            Err(Problems(problems).into())
        }
    }
}

fn read_model(root: &Path) -> Result<Option<Vec<u8>>, LoadError> {
    let path = root.join(MODEL_FILE);
    match fs::read(&path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(LoadError::Io { path, source }),
    }
}

fn directory_files(root: &Path) -> Result<Vec<(String, PathBuf)>, LoadError> {
    let mut files = list(root, "")?;
    let areas = root.join(AREAS);
    if areas.is_file() {
        files.push((AREAS.to_owned(), areas));
    }
    let calendar = root.join("calendar");
    if calendar.is_dir() {
        files.extend(list(&calendar, "calendar/")?);
    }
    files.sort();
    Ok(files)
}

fn list(folder: &Path, prefix: &str) -> Result<Vec<(String, PathBuf)>, LoadError> {
    let failed = |source| LoadError::Io { path: folder.to_owned(), source };
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
        // A spreadsheet leaves lock files (`.~lock`, `~$`) beside an open file.
        if name.ends_with(".csv") && !name.starts_with(['.', '~']) {
            files.push((format!("{prefix}{name}"), path.clone()));
        }
    }
    Ok(files)
}
