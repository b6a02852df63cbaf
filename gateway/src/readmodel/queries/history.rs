//! What happened: to one case, and lately to all.

use huiliu_schemas::content::Content;
use huiliu_schemas::event::{Actor, EntryRef, Event, EventBody, MOST_EVENTS};
use huiliu_schemas::ids::{CaseId, CaseNumber, Cause};
use jiff::Timestamp;
use rusqlite::{Connection, Row};
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::{case_id, parsed, time};
use crate::readmodel::rows::key_of;
use crate::readmodel::{ReadHandle, ReadModelError, Result};

/// One event, without what is sealed.
#[derive(Debug, Clone, PartialEq)]
pub struct HistoryRow {
    /// Its place in the log.
    pub sequence: u64,
    /// Identity.
    pub id: Uuid,
    /// When it was decided.
    pub at: Timestamp,
    /// What made it happen.
    pub cause: String,
    /// Who did it.
    pub actor: Actor,
    /// The queue entries it made.
    pub entries: Vec<EntryRef>,
    /// Its type.
    pub name: String,
    /// What happened; none for a type this version does not know.
    pub body: Option<EventBody>,
    /// Whether a version that does not know it may go on without.
    pub ignorable: bool,
}

/// One event with its case.
#[derive(Debug, Clone, PartialEq)]
pub struct HappeningRow {
    /// The case.
    pub case_id: CaseId,
    /// Its number.
    pub number: CaseNumber,
    /// What happened.
    pub event: HistoryRow,
}

const COLUMNS: &str =
    "h.place, h.id AS event_id, h.at, h.cause, h.actor, h.entries, h.type, h.body, h.ignorable, c.id, c.number";

impl ReadHandle {
    /// Everything that happened to a case, oldest first.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn history(&self, case: CaseId) -> Result<Vec<HistoryRow>> {
        self.ask(|db| history_of(db, case))
    }

    /// What happened after sequence `since`, oldest first: about `limit`, what one decision made always together.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn happenings_since(&self, since: u64, limit: usize) -> Result<Vec<HappeningRow>> {
        self.happenings("ORDER BY h.place", since, limit)
    }

    /// The last happenings, oldest first: about `limit`, what one decision made always together.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn latest_happenings(&self, limit: usize) -> Result<Vec<HappeningRow>> {
        let mut latest = self.happenings("ORDER BY h.place DESC", 0, limit)?;
        latest.reverse();
        Ok(latest)
    }

    fn happenings(&self, order: &str, since: u64, limit: usize) -> Result<Vec<HappeningRow>> {
        let sql =
            format!("SELECT {COLUMNS} FROM history h CROSS JOIN cases c ON c.key = h.key WHERE h.place >= ?1 {order}");
        self.ask(|db| {
            let mut statement = db.prepare_cached(&sql)?;
            let mut found: Vec<HappeningRow> = Vec::new();
            // Nothing is behind the last sequence that has a place.
            let Some(first) = since.checked_add(1).and_then(first_place) else { return Ok(found) };
            let mut rows = statement.query([first])?;
            while let Some(row) = rows.next()? {
                let (case_id, number) = (case_id(row.get("id")?), parsed(row, "number")?);
                let event = history_row(row)?;
                if found.len() >= limit && found.last().is_none_or(|last| last.event.sequence != event.sequence) {
                    break;
                }
                found.push(HappeningRow { case_id, number, event });
            }
            Ok(found)
        })
    }
}

/// Everything that happened to a case, oldest first.
pub(super) fn history_of(db: &Connection, case: CaseId) -> Result<Vec<HistoryRow>> {
    let Some(key) = key_of(db, case)? else { return Ok(Vec::new()) };
    let sql = format!("SELECT {COLUMNS} FROM cases c JOIN history h USING (key) WHERE key = ?1 ORDER BY h.place");
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query([key])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(history_row(row)?);
    }
    Ok(found)
}

/// The key of an event's row: the sequence of its message, and its place in that.
pub(in crate::readmodel) fn history_key(sequence: u64, place: usize) -> i64 {
    (sequence * MOST_EVENTS as u64 + place as u64).cast_signed()
}

/// The key of the first event of a message; none where there can be no such message.
fn first_place(sequence: u64) -> Option<i64> {
    i64::try_from(sequence.checked_mul(MOST_EVENTS as u64)?).ok()
}

fn history_row(row: &Row<'_>) -> Result<HistoryRow> {
    let entries: Option<String> = row.get("entries")?;
    let body: Option<String> = row.get("body")?;
    Ok(HistoryRow {
        sequence: row.get::<_, i64>("place")?.cast_unsigned() / MOST_EVENTS as u64,
        id: Uuid::from_bytes(row.get("event_id")?),
        at: time(row.get("at")?),
        cause: row.get("cause")?,
        actor: read_json(row.get::<_, String>("actor")?.as_str(), "actor")?,
        entries: entries.map_or(Ok(Vec::new()), |e| read_json(&e, "entries"))?,
        name: row.get("type")?,
        body: body.map(|b| read_json(&b, "body")).transpose()?,
        ignorable: row.get("ignorable")?,
    })
}

/// The events of a case with their sequences, oldest first; nothing sealed is in them.
pub(in crate::readmodel) fn events_of(db: &Connection, key: i64, case: CaseId) -> Result<Vec<(u64, Event)>> {
    let mut statement = db.prepare_cached(
        "SELECT place, id AS event_id, at, cause, actor, entries, type, body, ignorable FROM history
         WHERE key = ?1 ORDER BY place",
    )?;
    let mut rows = statement.query([key])?;
    let mut events = Vec::new();
    while let Some(row) = rows.next()? {
        let row = history_row(row)?;
        let cause = Cause::from_log(&row.cause);
        let body = row.body.unwrap_or(EventBody::Unknown { name: row.name, ignorable: row.ignorable });
        let (id, at, actor, entries) = (row.id, row.at, row.actor, row.entries);
        events.push((
            row.sequence,
            Event {
                id,
                case_id: case,
                at,
                cause,
                asked_digest: None,
                actor,
                entries,
                body,
                content: Content::default(),
            },
        ));
    }
    Ok(events)
}

fn read_json<T: DeserializeOwned>(text: &str, column: &'static str) -> Result<T> {
    serde_json::from_str(text).map_err(|_| ReadModelError::unreadable("an event", column))
}
