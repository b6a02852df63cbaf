//! Cases: pages of them by filter, newest first, and one by any of its names.

use huiliu_schemas::case::Case;
use huiliu_schemas::decision::TriageReason;
use huiliu_schemas::ids::{CaseId, CaseNumber, Channel, DepartmentId, Namespace, SourceId};
use huiliu_schemas::places::{DivisionCode, MatterCode};
use huiliu_schemas::vocabulary::{Appeal, Stage, Warning};
use jiff::{SignedDuration, Timestamp};
use rusqlite::types::Value;
use rusqlite::{OptionalExtension as _, Row, Transaction, params, params_from_iter};

use super::entries::{EntryRow, entries_of};
use super::history::{HistoryRow, history_of};
use super::{case_id, parsed, parsed_option, time, word, word_option};
use crate::readmodel::rows::{key_of, read_folded};
use crate::readmodel::{ReadHandle, ReadModelError, Result, schema};

/// Which cases. What is left out does not matter.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// In one of these stages.
    pub stages: Vec<Stage>,
    /// Led by this department now, or when it ended.
    pub department: Option<DepartmentId>,
    /// First came in here.
    pub channel: Option<Channel>,
    /// Of this matter or one under it.
    pub matter: Option<MatterCode>,
    /// In this division or one within it.
    pub division: Option<DivisionCode>,
    /// Of this kind.
    pub appeal: Option<Appeal>,
    /// The number, in any spelling, or its beginning.
    pub number: Option<String>,
    /// Registered at or after.
    pub registered_from: Option<Timestamp>,
    /// Registered before.
    pub registered_before: Option<Timestamp>,
    /// Its next clock ran out before this.
    pub due_before: Option<Timestamp>,
    /// A hand-back waits for the centre.
    pub return_pending: bool,
}

/// Where a page ended. Opaque; the next page begins after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor(pub i64);

/// A page of cases.
#[derive(Debug, Clone)]
pub struct CasePage {
    /// True as of this sequence.
    pub as_of: u64,
    /// Newest first.
    pub cases: Vec<CaseRow>,
    /// Where to go on, if there is more.
    pub next: Option<Cursor>,
}

/// A case in a list.
#[derive(Debug, Clone, PartialEq)]
pub struct CaseRow {
    /// Identity.
    pub id: CaseId,
    /// Number.
    pub number: CaseNumber,
    /// Where it stands.
    pub stage: Stage,
    /// Where it came in first.
    pub channel: Channel,
    /// Who leads it now, or led when it ended.
    pub lead: Option<DepartmentId>,
    /// 事项类别, as decided on, else as the source said.
    pub matter: Option<MatterCode>,
    /// 属地, as decided on, else as the source said.
    pub division: Option<DivisionCode>,
    /// 诉求类型.
    pub appeal: Option<Appeal>,
    /// 预警.
    pub warning: Option<Warning>,
    /// When the hub registered it.
    pub registered_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When the next clock runs out.
    pub next_deadline: Option<Timestamp>,
    /// How often it was handed back.
    pub returned: u32,
    /// A hand-back waits for the centre.
    pub return_pending: bool,
    /// The line of the directory that spoke: file and line.
    pub rule: Option<(String, u32)>,
    /// Why it lies in triage.
    pub reasons: Vec<TriageReason>,
    /// Sequence of its last event.
    pub sequence: u64,
}

impl Filter {
    /// Registered at least so long ago, and before what was asked for already.
    #[must_use]
    pub fn older_than(mut self, age: SignedDuration, now: Timestamp) -> Self {
        let before = now.checked_sub(age).ok();
        self.registered_before = self.registered_before.into_iter().chain(before).min();
        self
    }

    /// Conditions with their values, to be joined by `AND`.
    fn conditions(&self) -> (Vec<String>, Vec<Value>) {
        let mut found = Conditions::default();
        match self.stages.as_slice() {
            [] => {}
            [stage] => found.add("stage = ?", [stage.as_str()]),
            several => found.any_stage(several),
        }
        found.equal("lead", self.department.as_ref().map(DepartmentId::as_str));
        found.equal("channel", self.channel.as_ref().map(Channel::as_str));
        found.equal("appeal", self.appeal.map(|a| a.as_str()));
        found.prefix("matter", self.matter.as_ref().map(MatterCode::as_str));
        found.prefix("division", self.division.as_ref().map(DivisionCode::as_str));
        found.number(self.number.as_deref());
        found.compare("registered_at >= ?", self.registered_from);
        found.compare("registered_at < ?", self.registered_before);
        found.compare("next_deadline < ?", self.due_before);
        if self.return_pending {
            found.texts.push("return_pending".into());
        }
        (found.texts, found.values)
    }
}

#[derive(Default)]
struct Conditions {
    texts: Vec<String>,
    values: Vec<Value>,
}

impl Conditions {
    fn add<const N: usize>(&mut self, text: &str, values: [&str; N]) {
        self.texts.push(text.to_owned());
        self.values.extend(values.map(|v| Value::Text(v.to_owned())));
    }

    fn equal(&mut self, column: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.add(&format!("{column} = ?"), [value]);
        }
    }

    /// Digits only, so `:` ends the range.
    fn prefix(&mut self, column: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.add(&format!("({column} >= ? AND {column} < ?)"), [value, &format!("{value}:")]);
        }
    }

    /// The plus keeps SQLite from gathering and sorting every case of those stages.
    fn any_stage(&mut self, stages: &[Stage]) {
        let marks = vec!["?"; stages.len()].join(",");
        self.texts.push(format!("+stage IN ({marks})"));
        self.values.extend(stages.iter().map(|s| Value::Text(s.as_str().to_owned())));
    }

    fn number(&mut self, typed: Option<&str>) {
        let Some(typed) = typed else { return };
        match typed.parse::<CaseNumber>() {
            Ok(number) => self.add("number = ?", [number.as_str()]),
            Err(_) => {
                let start = number_start(typed);
                self.add("number >= ? AND number < ?", [&start, &format!("{start}~")]);
            }
        }
    }

    fn compare(&mut self, text: &str, value: Option<Timestamp>) {
        if let Some(value) = value {
            self.texts.push(text.to_owned());
            self.values.push(Value::Integer(value.as_millisecond()));
        }
    }
}

/// The beginning of a number as it is written, from what was typed of it.
fn number_start(typed: &str) -> String {
    let upper = typed.trim().to_ascii_uppercase();
    let bare: Vec<char> = upper
        .strip_prefix("HL")
        .unwrap_or(&upper)
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| match c {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        })
        .collect();
    let groups: Vec<String> = bare.chunks(4).map(|g| g.iter().collect()).collect();
    format!("HL-{}", groups.join("-"))
}

pub(super) const COLUMNS: &str =
    "key, id, number, stage, channel, lead, matter, division, appeal, warning, registered_at, updated_at,
    next_deadline, returned, return_pending, rule_file, rule_line, reasons, sequence";

impl ReadHandle {
    /// A page of cases, newest first.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn cases(&self, filter: &Filter, after: Option<Cursor>, limit: usize) -> Result<CasePage> {
        let (mut texts, mut values) = filter.conditions();
        if let Some(Cursor(key)) = after {
            texts.push("key < ?".into());
            values.push(Value::Integer(key));
        }
        values.push(Value::Integer(limit as i64 + 1));
        let conditions = if texts.is_empty() { "1".to_owned() } else { texts.join(" AND ") };
        let sql = format!("SELECT {COLUMNS} FROM cases WHERE {conditions} ORDER BY key DESC LIMIT ?");
        self.ask(|db| {
            let mut statement = db.prepare_cached(&sql)?;
            let mut rows = statement.query(params_from_iter(values))?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                found.push((Cursor(row.get("key")?), case_row(row)?));
            }
            let more = found.len() > limit;
            found.truncate(limit);
            let next = found.last().map(|(cursor, _)| *cursor).filter(|_| more);
            let cases = found.into_iter().map(|(_, case)| case).collect();
            Ok(CasePage { as_of: schema::position(db)?, cases, next })
        })
    }

    /// A case as its events tell it, without what is sealed.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn case(&self, id: CaseId) -> Result<Option<Case>> {
        self.ask(|db| Ok(read_folded(db, id)?.map(|f| f.case)))
    }

    /// A case as it stands in lists.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn case_row(&self, id: CaseId) -> Result<Option<CaseRow>> {
        self.ask(|db| row_of(db, id))
    }

    /// All that is known of a case, as of one moment.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn whole_case(&self, id: CaseId) -> Result<Option<WholeCase>> {
        self.ask(|db| {
            let (Some(row), Some(folded)) = (row_of(db, id)?, read_folded(db, id)?) else { return Ok(None) };
            let (history, entries) = (history_of(db, id)?, entries_of(db, id)?);
            Ok(Some(WholeCase { row, case: folded.case, history, entries }))
        })
    }

    /// The case that has this number.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn case_by_number(&self, number: &CaseNumber) -> Result<Option<CaseId>> {
        self.ask(|db| {
            let mut statement = db.prepare_cached("SELECT id FROM cases WHERE number = ?1")?;
            Ok(statement.query_row([number.as_str()], |row| row.get(0)).optional()?.map(case_id))
        })
    }

    /// The case a source knows under this number of its own: the one an alias names, else the one it computes to.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn case_by_source(&self, source: &SourceId) -> Result<Option<CaseId>> {
        self.ask(|db| match by_alias(db, source)? {
            Some(id) => Ok(Some(id)),
            None => Ok(key_of(db, CaseId::of(source))?.map(|_| CaseId::of(source))),
        })
    }

    /// The case under any name people use: its id, its number in any spelling, or `namespace:number`.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn find(&self, name: &str) -> Result<Option<CaseId>> {
        if let Ok(id) = name.trim().parse::<CaseId>() {
            return self.ask(|db| Ok(key_of(db, id)?.map(|_| id)));
        }
        if let Ok(number) = name.parse::<CaseNumber>() {
            return self.case_by_number(&number);
        }
        SourceId::read(name).map_or(Ok(None), |source| self.case_by_source(&source))
    }

    /// Which cases these numbers belong to.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn owners(&self, sources: &[SourceId]) -> Result<Owners> {
        self.ask(|db| {
            let cases = sources.iter().map(|source| by_alias(db, source)).collect::<Result<_>>()?;
            Ok(Owners { cases, as_of: schema::position(db)? })
        })
    }

    /// Cases whose source is still owed an answer in this numbering, oldest first, after the given place.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn owed(&self, namespace: &Namespace, after: i64, limit: usize) -> Result<Vec<OwedCase>> {
        self.ask(|db| {
            let mut statement = db.prepare_cached(
                "SELECT key, id, owed.channel AS channel FROM owed JOIN cases USING (key)
                 WHERE namespace = ?1 AND key > ?2 ORDER BY key LIMIT ?3",
            )?;
            let mut rows = statement.query(params![namespace.as_str(), after, limit as i64])?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                let (place, id) = (row.get("key")?, case_id(row.get("id")?));
                found.push(OwedCase { place, id, channel: parsed(row, "channel")? });
            }
            Ok(found)
        })
    }
}

/// A case whose source is owed an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwedCase {
    /// Its place among the cases.
    pub place: i64,
    /// The case.
    pub id: CaseId,
    /// The channel through which the answer goes back.
    pub channel: Channel,
}

/// All that is known of a case.
#[derive(Debug)]
pub struct WholeCase {
    /// As it stands in lists.
    pub row: CaseRow,
    /// As its events tell it, without what is sealed.
    pub case: Case,
    /// Everything that happened, oldest first.
    pub history: Vec<HistoryRow>,
    /// Its queue entries, in order.
    pub entries: Vec<EntryRow>,
}

/// Whose numbers are, as of a place in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owners {
    /// The case of each number, in the order asked; none where no case has it.
    pub cases: Vec<Option<CaseId>>,
    /// How far the log had been read.
    pub as_of: u64,
}

fn row_of(db: &Transaction<'_>, id: CaseId) -> Result<Option<CaseRow>> {
    let Some(key) = key_of(db, id)? else { return Ok(None) };
    let mut statement = db.prepare_cached(&format!("SELECT {COLUMNS} FROM cases WHERE key = ?1"))?;
    let mut rows = statement.query([key])?;
    rows.next()?.map(case_row).transpose()
}

fn by_alias(db: &Transaction<'_>, source: &SourceId) -> Result<Option<CaseId>> {
    let mut statement = db.prepare_cached("SELECT case_id FROM aliases WHERE namespace = ?1 AND id = ?2")?;
    Ok(statement.query_row([source.namespace.as_str(), &source.id], |row| row.get(0)).optional()?.map(case_id))
}

pub(super) fn case_row(row: &Row<'_>) -> Result<CaseRow> {
    let reasons: Option<String> = row.get("reasons")?;
    let read = |code: &str| TriageReason::read(code).ok_or_else(|| ReadModelError::unreadable(code, "reasons"));
    let file: Option<String> = row.get("rule_file")?;
    let line: Option<u32> = row.get("rule_line")?;
    Ok(CaseRow {
        id: case_id(row.get("id")?),
        number: parsed(row, "number")?,
        stage: word(row, "stage", Stage::read)?,
        channel: parsed(row, "channel")?,
        lead: parsed_option(row, "lead")?,
        matter: parsed_option(row, "matter")?,
        division: parsed_option(row, "division")?,
        appeal: word_option(row, "appeal", Appeal::read)?,
        warning: word_option(row, "warning", Warning::read)?,
        registered_at: time(row.get("registered_at")?),
        updated_at: time(row.get("updated_at")?),
        next_deadline: row.get::<_, Option<i64>>("next_deadline")?.map(time),
        returned: row.get("returned")?,
        return_pending: row.get("return_pending")?,
        rule: file.zip(line),
        reasons: reasons.iter().flat_map(|r| r.split(',')).map(read).collect::<Result<_>>()?,
        sequence: row.get::<_, i64>("sequence")?.cast_unsigned(),
    })
}
