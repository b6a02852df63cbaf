//! The statements that write the file, one function each. All of them run inside the batch's transaction.

use std::collections::HashMap;

use huiliu_schemas::case::Case;
use huiliu_schemas::decision::Verdict;
use huiliu_schemas::event::{Event, EventBody};
use huiliu_schemas::ids::{CaseId, CaseNumber, DepartmentId, SourceId};
use huiliu_schemas::vocabulary::{EntryKind, Role, Stage};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};
use serde::Serialize;
use uuid::Uuid;

use super::folded::Folded;
use super::queries::history::{events_of, history_key};
use super::tally::Counter;
use super::{ReadModelError, Result};

/// How long the arrivals are kept by the minute.
const ARRIVALS_KEPT_MINUTES: i64 = 48 * 60;

/// An entry as an event makes it.
#[derive(Debug)]
pub(super) struct NewEntry {
    pub department: DepartmentId,
    pub kind: EntryKind,
    pub role: Role,
    pub created_at: Timestamp,
    /// Sequence of the event.
    pub event: u64,
    /// Sequence of the entry's own message, once it was seen.
    pub message: Option<u64>,
    /// Sequence of the event it died by.
    pub died: Option<u64>,
}

/// An entry's own message.
#[derive(Debug)]
pub(super) struct EntryMessage {
    pub sequence: u64,
    pub department: DepartmentId,
    pub case: CaseId,
    pub n: u32,
}

/// Writes a case's row.
pub(super) fn write_case(db: &Connection, folded: &Folded) -> Result<()> {
    let case = &folded.case;
    let rule = case.decision.as_ref().and_then(|d| d.rule.as_ref());
    db.prepare_cached(
        "INSERT INTO cases VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20)
         ON CONFLICT (key) DO UPDATE SET stage = ?4, lead = ?6, matter = ?7, division = ?8, appeal = ?9, warning = ?10,
         updated_at = ?12, next_deadline = ?13, returned = ?14, return_pending = ?15, rule_file = ?16, rule_line = ?17,
         reasons = ?18, answer_event = ?19, sequence = ?20",
    )?
    .execute(params![
        folded.key,
        case.id.0.as_bytes(),
        case.number.as_str(),
        case.stage.as_str(),
        case.channel.as_str(),
        lead(case).map(DepartmentId::as_str),
        matter(case),
        division(case),
        case.facts.appeal.map(|a| a.as_str()),
        case.warning().map(|w| w.as_str()),
        case.registered_at.as_millisecond(),
        case.updated_at.as_millisecond(),
        next_deadline(case),
        case.marks.returned,
        case.assignments.iter().any(|a| a.return_requested),
        rule.map(|r| r.file.as_str()),
        rule.map(|r| r.line),
        reasons(case),
        folded.answer_event.as_ref().map(Uuid::as_bytes),
        folded.sequence.cast_signed(),
    ])?;
    write_owed(db, folded)
}

/// Notes in which numberings an answer is still owed, and through which channel it goes back.
fn write_owed(db: &Connection, folded: &Folded) -> Result<()> {
    if folded.written {
        db.prepare_cached("DELETE FROM owed WHERE key = ?1")?.execute([folded.key])?;
    }
    let mut add = db.prepare_cached("INSERT OR IGNORE INTO owed VALUES (?1, ?2, ?3)")?;
    for owed in &folded.case.owed {
        let namespace = owed.source.namespace.as_str();
        let channel = folded.case.answers_by(namespace);
        add.execute(params![folded.key, namespace, channel.as_str()])?;
    }
    Ok(())
}

/// Folds a case from its history, to go on folding.
pub(super) fn read_folded(db: &Connection, id: CaseId) -> Result<Option<Folded>> {
    let Some(key) = key_of(db, id)? else { return Ok(None) };
    let mut events = events_of(db, key, id)?.into_iter();
    let begun = events.next().and_then(|(sequence, event)| Folded::begin(key, &event, sequence));
    let mut folded = begun.ok_or_else(|| ReadModelError::unreadable(&id, "history"))?;
    for (sequence, event) in events {
        folded.apply(&event, sequence);
    }
    folded.written = true;
    Ok(Some(folded))
}

/// The key of a case, which is found by its number: that is computed from its id.
pub(super) fn key_of(db: &Connection, id: CaseId) -> Result<Option<i64>> {
    let mut statement = db.prepare_cached("SELECT key FROM cases WHERE number = ?1 AND id = ?2")?;
    let found = statement.query_row(params![CaseNumber::of(id).as_str(), id.0.as_bytes()], |row| row.get(0));
    Ok(found.optional()?)
}

/// Writes what happened. The event has no content here: what is sealed stays in the log.
pub(super) fn write_history(db: &Connection, key: i64, sequence: u64, place: usize, event: &Event) -> Result<()> {
    let (known, ignorable) = match event.body {
        EventBody::Unknown { ignorable, .. } => (false, ignorable),
        _ => (true, false),
    };
    db.prepare_cached("INSERT OR REPLACE INTO history VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")?.execute(
        params![
            history_key(sequence, place),
            key,
            event.id.as_bytes(),
            event.body.name(),
            event.at.as_millisecond(),
            event.cause.as_str(),
            json(&event.actor),
            (!event.entries.is_empty()).then(|| json(&event.entries)),
            known.then(|| json(&event.body)),
            ignorable,
        ],
    )?;
    Ok(())
}

/// Writes another number of a case.
pub(super) fn write_alias(db: &Connection, source: &SourceId, case: CaseId) -> Result<()> {
    db.prepare_cached("INSERT OR REPLACE INTO aliases VALUES (?1, ?2, ?3)")?.execute(params![
        source.namespace.as_str(),
        source.id,
        case.0.as_bytes()
    ])?;
    Ok(())
}

/// Writes an entry that an event made.
pub(super) fn write_entry(db: &Connection, key: i64, n: u32, entry: &NewEntry) -> Result<()> {
    db.prepare_cached("INSERT OR REPLACE INTO entries VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")?.execute(
        params![
            key,
            n,
            entry.department.as_str(),
            entry.kind.as_str(),
            entry.role.as_str(),
            entry.created_at.as_millisecond(),
            entry.event.cast_signed(),
            entry.message.map(u64::cast_signed),
            entry.died.map(u64::cast_signed),
        ],
    )?;
    Ok(())
}

/// Notes that the log has the entry's own message; says whether there is such an entry.
pub(super) fn write_entry_message(db: &Connection, key: i64, message: &EntryMessage) -> Result<bool> {
    let changed = db
        .prepare_cached("UPDATE entries SET message = ?4 WHERE key = ?1 AND n = ?2 AND department = ?3")?
        .execute(params![key, message.n, message.department.as_str(), message.sequence.cast_signed()])?;
    Ok(changed > 0)
}

/// Notes that an entry died.
pub(super) fn write_entry_death(db: &Connection, key: i64, n: u32, at: u64) -> Result<()> {
    db.prepare_cached("UPDATE entries SET died = ?3 WHERE key = ?1 AND n = ?2")?.execute(params![
        key,
        n,
        at.cast_signed()
    ])?;
    Ok(())
}

/// Keeps an entry's message that came before the event that makes the entry.
pub(super) fn write_early_entry(db: &Connection, message: &EntryMessage) -> Result<()> {
    db.prepare_cached("INSERT OR REPLACE INTO early_entries VALUES (?1, ?2, ?3, ?4)")?.execute(params![
        message.case.0.as_bytes(),
        message.n,
        message.department.as_str(),
        message.sequence.cast_signed()
    ])?;
    Ok(())
}

/// Takes out a case's messages that came before the events that make their entries.
pub(super) fn take_early_entries(db: &Connection, case: CaseId) -> Result<Vec<EntryMessage>> {
    let mut statement =
        db.prepare_cached("DELETE FROM early_entries WHERE case_id = ?1 RETURNING message, department, n")?;
    let rows = statement.query_map([case.0.as_bytes()], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get::<_, u32>(2)?))
    })?;
    let mut taken = Vec::new();
    for row in rows {
        let (message, department, n) = row?;
        let department = department.parse().map_err(|_| ReadModelError::unreadable(&case, "department"))?;
        taken.push(EntryMessage { sequence: message.cast_unsigned(), department, case, n });
    }
    Ok(taken)
}

/// Notes a message that could not be understood.
pub(super) fn write_unreadable(db: &Connection, sequence: u64, subject: &str, why: &str) -> Result<()> {
    db.prepare_cached("INSERT OR REPLACE INTO unreadable VALUES (?1, ?2, ?3)")?.execute(params![
        sequence.cast_signed(),
        subject,
        why
    ])?;
    Ok(())
}

/// Changes a counter.
pub(super) fn count(db: &Connection, counter: Counter, name: &str, by: i64) -> Result<()> {
    db.prepare_cached("INSERT INTO counters VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET value = value + ?3")?
        .execute(params![counter.as_str(), name, by])?;
    Ok(())
}

/// Adds to the arrivals by the minute and forgets the old ones.
pub(super) fn count_arrivals(db: &Connection, arrivals: &HashMap<(i64, String), i64>) -> Result<()> {
    let Some(newest) = arrivals.keys().map(|(minute, _)| *minute).max() else { return Ok(()) };
    for ((minute, channel), by) in arrivals {
        db.prepare_cached("INSERT INTO arrivals VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET value = value + ?3")?
            .execute(params![minute, channel, by])?;
    }
    db.prepare_cached("DELETE FROM arrivals WHERE minute < ?1")?.execute([newest - ARRIVALS_KEPT_MINUTES])?;
    Ok(())
}

/// Who leads, or led when it ended; nobody while it lies in triage.
fn lead(case: &Case) -> Option<&DepartmentId> {
    case.lead().map(|a| &a.department).or_else(|| case.last_lead().filter(|_| case.stage.is_ended()))
}

fn matter(case: &Case) -> Option<&str> {
    let decided = case.decision.as_ref().and_then(|d| d.matter.as_ref());
    decided.or(case.facts.matter.as_ref()).map(|m| m.as_str())
}

fn division(case: &Case) -> Option<&str> {
    let decided = case.decision.as_ref().and_then(|d| d.division.as_ref());
    decided.or(case.facts.division.as_ref()).map(|d| d.as_str())
}

fn next_deadline(case: &Case) -> Option<i64> {
    let running = case.deadlines.iter().filter(|d| !case.stage.is_ended() && d.clock.is_duty());
    running.map(|d| d.at.as_millisecond()).min()
}

/// Why it lies in triage, as codes.
fn reasons(case: &Case) -> Option<String> {
    let decision = case.decision.as_ref().filter(|_| case.stage == Stage::Triage)?;
    let Verdict::Triage { reasons, .. } = &decision.verdict else { return None };
    Some(reasons.iter().map(|r| r.as_str()).collect::<Vec<_>>().join(","))
}

/// What cannot be written as JSON does not exist among our types; it would come back as unreadable.
fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
