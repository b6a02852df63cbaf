//! What a search looks up: cases by their tokens, by their place in the file, and by a source's number whosever it is.

use huiliu_schemas::ids::{CaseId, SourceId};
use rusqlite::OptionalExtension as _;

use super::case_id;
use super::cases::{COLUMNS, CaseRow, case_row};
use crate::readmodel::{ReadHandle, ReadModelError, Result, shelves};
use crate::words::Token;

impl ReadHandle {
    /// The places of the cases that may have all of these tokens, newest first, below a place. Whether they still have
    /// what they were indexed with, only the log says.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn cases_with(&self, tokens: &[Token], below: Option<i64>) -> Result<Vec<i64>> {
        let mut found = self.ask(|db| shelves::cases_with(db, self.index_key(), tokens))?;
        found.retain(|case| below.is_none_or(|below| *case < below));
        Ok(found)
    }

    /// The cases at these places, in this order, each with its place.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn cases_at(&self, places: &[i64]) -> Result<Vec<(i64, CaseRow)>> {
        self.ask(|db| {
            let mut statement = db.prepare_cached(&format!("SELECT {COLUMNS} FROM cases WHERE key = ?1"))?;
            let mut found = Vec::with_capacity(places.len());
            for place in places {
                let mut rows = statement.query([place])?;
                found.extend(rows.next()?.map(case_row).transpose()?.map(|case| (*place, case)));
            }
            Ok(found)
        })
    }

    /// The cases that any source has under one of these numbers.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn cases_by_source_number(&self, spellings: &[String]) -> Result<Vec<(SourceId, CaseId)>> {
        self.ask(|db| {
            let mut found = Vec::new();
            let mut namespace = String::new();
            // A handful: each is looked up by the beginning of the table's key.
            let mut next = db.prepare_cached("SELECT min(namespace) FROM aliases WHERE namespace > ?1")?;
            let mut alias = db.prepare_cached("SELECT case_id FROM aliases WHERE namespace = ?1 AND id = ?2")?;
            while let Some(name) = next.query_row([&namespace], |row| row.get::<_, Option<String>>(0))? {
                for id in spellings {
                    let case = alias.query_row([&name, id], |row| row.get(0)).optional()?;
                    let Some(case) = case.map(case_id) else { continue };
                    let unreadable = |_| ReadModelError::unreadable(&name, "namespace");
                    found.push((SourceId { namespace: name.parse().map_err(unreadable)?, id: id.clone() }, case));
                }
                namespace = name;
            }
            Ok(found)
        })
    }
}
