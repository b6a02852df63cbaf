//! The thin IO around the pure parser: reads the directory's files from disk and decodes them.

use std::fs;
use std::path::{Path, PathBuf};

use super::Directory;
use super::encoding::decode;
use super::places::AREAS;
use super::problem::{LoadError, Problem, Problems};

/// Loads the directory in the folder `root`: `*.csv` in it and in `calendar/`, and the areas on the map.
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
    if problems.is_empty() { Ok(Directory::parse(&files)?) } else { Err(Problems(problems).into()) }
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
