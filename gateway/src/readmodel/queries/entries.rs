//! Queue entries: which live, which died, and which the log should have but has not. What the reconciler asks.

use huiliu_schemas::ids::{CaseId, DepartmentId};
use huiliu_schemas::vocabulary::{EntryKind, Role};
use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, Params, Row, Transaction, params};

use super::{case_id, parsed, time, word};
use crate::readmodel::rows::key_of;
use crate::readmodel::{ReadHandle, Result, schema};

/// One queue entry, as the fold and the log tell it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryRow {
    /// The case.
    pub case_id: CaseId,
    /// Its number in the case.
    pub n: u32,
    /// Whose queue.
    pub department: DepartmentId,
    /// What it tells.
    pub kind: EntryKind,
    /// Who the department is in the case.
    pub role: Role,
    /// When the event that made it was decided.
    pub created_at: Timestamp,
    /// Sequence of the event that made it.
    pub event: u64,
    /// Sequence of its own message `entry.…`, if that was seen.
    pub message: Option<u64>,
    /// Sequence of the event it died by; none while it lives.
    pub died: Option<u64>,
}

impl EntryRow {
    /// Whether it still tells its department something it must act on.
    pub fn is_live(&self) -> bool {
        self.died.is_none()
    }
}

const SELECT: &str = "SELECT c.id, e.n, e.department, e.kind, e.role, e.created_at, e.event, e.message, e.died
    FROM entries e JOIN cases c USING (key)";

impl ReadHandle {
    /// Entries that events made but whose own message the log does not have, oldest first, dead ones too. An entry made
    /// shortly before [`ReadHandle::position`] may only be waiting for the next message.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn entries_without_message(&self) -> Result<Vec<EntryRow>> {
        self.entries(&format!("{SELECT} WHERE e.message IS NULL ORDER BY e.event, e.n"), [])
    }

    /// Those of [`ReadHandle::entries_without_message`] that are live.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn live_entries_without_message(&self) -> Result<Vec<EntryRow>> {
        self.entries(&format!("{SELECT} WHERE e.message IS NULL AND e.died IS NULL ORDER BY e.event, e.n"), [])
    }

    /// Every live entry of a department, oldest message first; those without a message come first of all.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn live_entries(&self, department: &DepartmentId, limit: usize) -> Result<Vec<EntryRow>> {
        self.entries(
            &format!("{SELECT} WHERE e.department = ?1 AND e.died IS NULL ORDER BY e.message LIMIT ?2"),
            params![department.as_str(), limit as i64],
        )
    }

    /// All entries of a case, in order.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn entries_of(&self, case: CaseId) -> Result<Vec<EntryRow>> {
        self.ask(|db| entries_of(db, case))
    }

    /// Whether this entry is live.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn live_entry(&self, department: &DepartmentId, case: CaseId, n: u32) -> Result<bool> {
        Ok(self.are_live(department, &[(case, n)])?.contains(&true))
    }

    /// Whether each of these entries of a department is live.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn are_live(&self, department: &DepartmentId, entries: &[(CaseId, u32)]) -> Result<Vec<bool>> {
        self.ask(|db| {
            let mut statement = db.prepare_cached(
                "SELECT 1 FROM entries WHERE key = ?1 AND n = ?2 AND department = ?3 AND died IS NULL",
            )?;
            let mut is_live = |&(case, n): &(CaseId, u32)| match key_of(db, case)? {
                Some(key) => Ok(statement.exists(params![key, n, department.as_str()])?),
                None => Ok(false),
            };
            entries.iter().map(&mut is_live).collect()
        })
    }

    /// The departments that have live entries, or had some.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn departments_with_entries(&self) -> Result<Vec<DepartmentId>> {
        self.ask(|db| Ok(departments(db)?.iter().filter_map(|d| d.parse().ok()).collect()))
    }

    /// From where QUEUES must be sourced again: the oldest message of a live entry, or, where none is known, whatever comes
    /// after what was read. The log may hold more by now.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn source_queues_from(&self) -> Result<u64> {
        self.ask(|db| {
            let mut first = schema::position(db)? + 1;
            for department in departments(db)? {
                let oldest = oldest_live(db, &department)?.map(|(message, _)| message);
                first = oldest.into_iter().fold(first, u64::min);
            }
            Ok(first)
        })
    }

    fn entries(&self, sql: &str, params: impl Params) -> Result<Vec<EntryRow>> {
        self.ask(|db| entries_in(db, sql, params))
    }
}

/// All entries of a case, in order.
pub(super) fn entries_of(db: &Transaction<'_>, case: CaseId) -> Result<Vec<EntryRow>> {
    let Some(key) = key_of(db, case)? else { return Ok(Vec::new()) };
    entries_in(db, &format!("{SELECT} WHERE key = ?1 ORDER BY e.n"), [key])
}

fn entries_in(db: &Transaction<'_>, sql: &str, params: impl Params) -> Result<Vec<EntryRow>> {
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(entry_row(row)?);
    }
    Ok(found)
}

/// Every department that was ever sent anything.
pub(super) fn departments(db: &Transaction<'_>) -> Result<Vec<String>> {
    let mut statement = db.prepare_cached("SELECT DISTINCT name FROM counters WHERE kind IN ('dispatched', 'live')")?;
    Ok(statement.query_map([], |row| row.get(0))?.collect::<std::result::Result<_, _>>()?)
}

/// The oldest message of a department's live entries, and when the entry was made.
pub(super) fn oldest_live(db: &Transaction<'_>, department: &str) -> Result<Option<(u64, Timestamp)>> {
    let mut statement = db.prepare_cached(
        "SELECT message, created_at FROM entries
         WHERE department = ?1 AND died IS NULL AND message > 0 ORDER BY message LIMIT 1",
    )?;
    let read = |row: &Row<'_>| Ok((row.get::<_, i64>(0)?.cast_unsigned(), time(row.get(1)?)));
    Ok(statement.query_row([department], read).optional()?)
}

fn entry_row(row: &Row<'_>) -> Result<EntryRow> {
    Ok(EntryRow {
        case_id: case_id(row.get("id")?),
        n: row.get("n")?,
        department: parsed(row, "department")?,
        kind: word(row, "kind", EntryKind::read)?,
        role: word(row, "role", Role::read)?,
        created_at: time(row.get("created_at")?),
        event: row.get::<_, i64>("event")?.cast_unsigned(),
        message: row.get::<_, Option<i64>>("message")?.map(i64::cast_unsigned),
        died: row.get::<_, Option<i64>>("died")?.map(i64::cast_unsigned),
    })
}
