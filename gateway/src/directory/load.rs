//! The thin IO around the pure parser: reads the directory's files from disk and decodes them.

use std::path::{Path, PathBuf};
use std::{fs, io};

use super::Directory;
use super::encoding::decode;
use super::places::AREAS;
use super::problem::{LoadError, Problem, Problems};
use crate::judgement::matter::model::FILE as MODEL_FILE;

/// Loads the directory in the folder `root`: `*.csv` in it and in `calendar/`, the areas on the map, and a trained judge of
/// matters if they are there.
pub fn load(root: &Path) -> Result<Directory, LoadError> {
    let mut files = Vec::new();
    let mut problems = Vec::new();
    for (name, path) in directory_files(root)? {
        let bytes = fs::read(&path).map_err(|source| LoadError::Io { path: path.clone(), source })?;
        match decode(&bytes) {
            Some(text) => files.push((name, text)),
            None => problems.push(Problem::of_file(&name, "bytes", "text in UTF-8 or GB18030")),
        }
    }
    let model = read_model(root)?;
    if problems.is_empty() {
        Ok(Directory::parse_with_model(&files, model.as_deref())?)
    } else {
        Err(Problems(problems).into())
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
