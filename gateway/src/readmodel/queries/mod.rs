//! The questions. Each is answered from one moment of the log, and none walks over all cases unless its filter makes it.

pub mod cases;
pub mod entries;
pub mod history;
pub mod overview;
pub mod search;
pub mod standing;
pub mod unknown;

use huiliu_schemas::ids::CaseId;
use jiff::Timestamp;
use rusqlite::Row;
use uuid::Uuid;

use super::{ReadModelError, Result};

/// A point in time, from milliseconds.
fn time(milliseconds: i64) -> Timestamp {
    Timestamp::from_millisecond(milliseconds).unwrap_or_default()
}

fn case_id(bytes: [u8; 16]) -> CaseId {
    CaseId(Uuid::from_bytes(bytes))
}

/// A column that holds a word or an identifier of ours.
fn parsed<T: std::str::FromStr>(row: &Row<'_>, column: &'static str) -> Result<T> {
    let text: String = row.get(column)?;
    text.parse().map_err(|_| ReadModelError::unreadable(&text, column))
}

/// As [`parsed`], where it may be absent.
fn parsed_option<T: std::str::FromStr>(row: &Row<'_>, column: &'static str) -> Result<Option<T>> {
    let text: Option<String> = row.get(column)?;
    text.map(|t| t.parse().map_err(|_| ReadModelError::unreadable(&t, column))).transpose()
}

/// A column that holds a word of the vocabulary, read by its own `read`.
fn word<T>(row: &Row<'_>, column: &'static str, read: fn(&str) -> Option<T>) -> Result<T> {
    let text: String = row.get(column)?;
    read(&text).ok_or_else(|| ReadModelError::unreadable(&text, column))
}

/// As [`word`], where it may be absent.
fn word_option<T>(row: &Row<'_>, column: &'static str, read: fn(&str) -> Option<T>) -> Result<Option<T>> {
    let text: Option<String> = row.get(column)?;
    text.map(|t| read(&t).ok_or_else(|| ReadModelError::unreadable(&t, column))).transpose()
}
