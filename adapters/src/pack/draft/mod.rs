//! `pack new`: a folder that loads, drafted from sample records, with every guess's evidence and everything a person still
//! has to decide. Drafting is pure; only [`new`] writes.

mod beside;
mod columns;
mod guess;
mod mask;
mod plan;
mod samples;
#[cfg(test)]
mod tests;
mod times;
mod words;
mod write;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use huiliu_schemas::Namespace;
use serde_json::Value;
use thiserror::Error;

use super::{PackError, bench, embedded};
use crate::decode::Format;
use crate::names::{self, PERSON};
use columns::Column;
use guess::Sure;
use mask::Masker;
use samples::Document;

/// Records kept in a fixture.
const MOST_RECORDS: usize = 20;

/// Why no pack can be drafted.
#[derive(Debug, Error)]
pub enum DraftError {
    /// A name that no channel can have.
    #[error("`{name}` cannot be a pack's name: {why}")]
    Name {
        /// The name.
        name: String,
        /// Why not.
        why: String,
    },
    /// A folder that holds something.
    #[error("{0} exists and is not empty: choose another name or folder")]
    Occupied(PathBuf),
    /// A file of samples that cannot be read.
    #[error("{file} holds {why}")]
    Sample {
        /// The file.
        file: String,
        /// What it holds.
        why: String,
    },
    /// A file that cannot be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The draft does not load: a mistake of ours.
    #[error(transparent)]
    Pack(#[from] PackError),
}

/// What was drafted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drafted {
    /// Records it was drafted from.
    pub records: usize,
    /// What stood among them and could not be read: ragged rows, broken lines.
    pub left_out: usize,
    /// Fields guessed surely, to be confirmed, hinted at, and not at all.
    pub fields: [usize; 4],
    /// Keys that no path can name.
    pub unnamed: Vec<String>,
}

/// A folder's files, by their path in it.
struct Draft {
    files: Vec<(String, String)>,
    drafted: Drafted,
}

/// Drafts a pack from files of samples into the folder `dir`.
///
/// # Errors
/// Where the folder is not empty, a sample cannot be read, or nothing in it is a record.
pub fn new(dir: &Path, name: &str, files: &[PathBuf], keep_personal: bool) -> Result<Drafted, DraftError> {
    let io = |path: &Path| {
        let path = path.to_owned();
        move |source| DraftError::Io { path, source }
    };
    if dir.is_dir() && fs::read_dir(dir).map_err(io(dir))?.next().is_some() {
        return Err(DraftError::Occupied(dir.to_owned()));
    }
    let read = |path: &PathBuf| {
        let file = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        samples::read(&file, &fs::read(path).map_err(io(path))?)
    };
    let documents = files.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let draft = draft(name, &documents, keep_personal)?;
    let write = |(file, text): &(String, String)| {
        let path = dir.join(file);
        fs::create_dir_all(path.parent().unwrap_or(dir)).and_then(|()| fs::write(&path, text)).map_err(io(&path))
    };
    let written = draft.files.iter().try_for_each(write).and_then(|()| Ok(bench::bless(dir)?));
    if let Err(error) = written {
        // It was empty: all that is in it is ours, and would stand in the way of the next try.
        let _ = fs::remove_dir_all(dir);
        return Err(error);
    }
    Ok(draft.drafted)
}

fn draft(name: &str, documents: &[Document], keep_personal: bool) -> Result<Draft, DraftError> {
    name.parse::<Namespace>().map_err(|error| DraftError::Name { name: name.to_owned(), why: error.to_string() })?;
    let records: Vec<&Value> = documents.iter().flat_map(Document::records).collect();
    let (columns, unnamed) = columns::of(&records);
    let plan = plan::plan(name, &columns, records.len());
    let mut lists: Vec<String> = documents.iter().filter_map(|document| document.list.clone()).collect();
    lists.dedup();
    let format = documents.first().map_or(Format::Json, |document| document.format);
    let mut files = vec![
        ("pack.toml".to_owned(), write::pack(name, format, &lists)),
        ("map.toml".to_owned(), write::map(&plan)),
        ("README.md".to_owned(), write::readme(name, &plan, records.len(), &unnamed)),
    ];
    files.extend(plan.tables.iter().map(|(table, rows)| (format!("tables/{table}.csv"), write::table(rows))));
    if plan.classes {
        let names = embedded::PACKS.iter().flat_map(|pack| pack.tables).find(|(table, _)| *table == "matter-names");
        files.extend(names.map(|(table, text)| (format!("tables/{table}.csv"), format!("{}{text}", write::MARK))));
    }
    let mut masker = Masker::new(open_paths(&columns), sealed_paths(&columns));
    for document in documents {
        let short = shortened(document);
        let fixture = if keep_personal { short } else { masked(&short, document, &mut masker) };
        files.push((format!("fixtures/{}.json", document.name), format!("{fixture:#}\n")));
    }
    let left_out = documents.iter().map(Document::left_out).sum();
    let drafted = Drafted { records: records.len(), left_out, fields: plan.count, unnamed };
    Ok(Draft { files, drafted })
}

/// Fields that are surely no person's.
fn open_paths(columns: &[Column]) -> BTreeSet<String> {
    let is_open = |column: &&Column| {
        let guess = guess::guess(column).filter(|guess| guess.sure > Sure::Low);
        let sealed = |what: &str| {
            what.starts_with("content.") || what.starts_with("persons.") || matches!(what, "ignore" | "facts.evidence")
        };
        let named = guess.is_some_and(|guess| !sealed(guess.what) || guess.what == "persons.sex");
        let texts = column.values.iter().any(|value| value.chars().count() > 40);
        (named && !texts) || column.mostly(times::is_time_value)
    };
    columns.iter().filter(is_open).map(|column| column.path.clone()).collect()
}

/// Fields that may be a person's, whoever that is: what looks like a code there is a number or a name without Chinese.
fn sealed_paths(columns: &[Column]) -> BTreeSet<String> {
    let is_sealed = |column: &&Column| {
        let guess = guess::guess(column);
        let is_private = |what: &str| {
            what.starts_with("content.")
                || what.starts_with(PERSON) && !matches!(what, "persons.sex" | "persons.id_type")
        };
        guess.is_some_and(|guess| is_private(guess.what))
            || names::is_strangers(&column.path)
            || names::is_handlers(&column.path)
    };
    columns.iter().filter(is_sealed).map(|column| column.path.clone()).collect()
}

/// The document with no more records than a fixture needs.
fn shortened(document: &Document) -> Value {
    let mut whole = document.whole.clone();
    let list = match &document.list {
        None => whole.as_array_mut(),
        Some(path) => path.split('.').try_fold(&mut whole, |at, key| at.get_mut(key)).and_then(Value::as_array_mut),
    };
    if let Some(list) = list {
        list.truncate(MOST_RECORDS);
    }
    whole
}

/// The paths of a record do not begin with those of the page around it.
fn masked(whole: &Value, document: &Document, masker: &mut Masker) -> Value {
    match (&document.list, whole) {
        (_, Value::Array(list)) => list.iter().map(|record| masker.masked(record, "")).collect(),
        (Some(path), page) => masked_page(page, path, masker),
        (None, record) => masker.masked(record, ""),
    }
}

/// A page may name who exported it.
fn masked_page(page: &Value, path: &str, masker: &mut Masker) -> Value {
    let list_in = |page: &mut Value, put: Value| {
        let list = path.split('.').try_fold(page, |at, key| at.get_mut(key));
        list.map(|list| std::mem::replace(list, put)).unwrap_or_default()
    };
    let mut page = page.clone();
    let list = list_in(&mut page, Value::Null);
    let (columns, _) = columns::of(&[&page]);
    let mut around = Masker::new(open_paths(&columns), sealed_paths(&columns));
    let mut page = around.masked(&page, "");
    let records = list.as_array().into_iter().flatten().map(|record| masker.masked(record, "")).collect();
    list_in(&mut page, records);
    page
}
