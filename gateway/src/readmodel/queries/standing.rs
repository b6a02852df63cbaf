//! What the figures for operators are made of, beside the overview.

use std::collections::BTreeMap;

use huiliu_schemas::ids::Namespace;
use jiff::Timestamp;
use rusqlite::params;

use super::time;
use crate::readmodel::tally::Counter;
use crate::readmodel::{ReadHandle, Result};

/// Cases by what they were decided on, and those that are late.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// Cases by appeal type; `none` where the source does not say.
    pub appeals: BTreeMap<String, i64>,
    /// Cases not ended by their stage and who leads them; empty where nobody does.
    pub open: BTreeMap<(String, String), i64>,
    /// Cases by the line of the directory that dispatched them at first sight: `file:line`.
    pub rules: BTreeMap<String, i64>,
    /// Cases with a clock that has run out, by who leads; none where nobody does.
    pub overdue: BTreeMap<Option<String>, i64>,
    /// Cases warned of, ever, by colour.
    pub warned: BTreeMap<String, i64>,
    /// Tellings that accused someone new, ever.
    pub accused_later: i64,
    /// Pairs of cases that turned out to be one matter, ever.
    pub linked: i64,
}

/// What a source is owed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Debt {
    /// Cases it is owed an answer in.
    pub cases: i64,
    /// When the oldest of them was last changed.
    pub oldest: Option<Timestamp>,
}

impl ReadHandle {
    /// What stands where; `now` is what lateness is counted to.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn standing(&self, now: Timestamp) -> Result<Standing> {
        self.ask(|db| {
            let mut counted = db.prepare_cached("SELECT name, value FROM counters WHERE kind = ?1")?;
            let mut by = |counter: Counter| -> Result<BTreeMap<String, i64>> {
                let rows = counted.query_map([counter.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))?;
                Ok(rows.collect::<std::result::Result<_, _>>()?)
            };
            let (appeals, rules, warned) = (by(Counter::Appeal)?, by(Counter::Rule)?, by(Counter::Warned)?);
            let parted = |(name, count): (String, i64)| {
                let (stage, lead) = name.split_once('/').unwrap_or((&name, ""));
                ((stage.to_owned(), lead.to_owned()), count)
            };
            let open = by(Counter::Open)?.into_iter().map(parted).collect();
            let (accused_later, linked) =
                (by(Counter::AccusedLater)?.values().sum(), by(Counter::Linked)?.values().sum());
            let mut late =
                db.prepare_cached("SELECT lead, count(*) FROM cases WHERE next_deadline < ?1 GROUP BY lead")?;
            let overdue = late.query_map([now.as_millisecond()], |row| Ok((row.get(0)?, row.get(1)?)))?;
            let overdue = overdue.collect::<std::result::Result<_, _>>()?;
            Ok(Standing { appeals, open, rules, overdue, warned, accused_later, linked })
        })
    }

    /// The numberings whose sources are owed anything.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn owed_numberings(&self) -> Result<Vec<Namespace>> {
        self.ask(|db| {
            let mut statement = db.prepare_cached("SELECT DISTINCT namespace FROM owed")?;
            let names = statement.query_map([], |row| row.get::<_, String>(0))?;
            let names = names.collect::<std::result::Result<Vec<_>, _>>()?;
            Ok(names.iter().filter_map(|name| name.parse().ok()).collect())
        })
    }

    /// What the sources of a numbering are owed.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn debt(&self, namespace: &Namespace) -> Result<Debt> {
        self.ask(|db| {
            let mut statement = db.prepare_cached(
                "SELECT count(*), min(updated_at) FROM owed JOIN cases USING (key) WHERE namespace = ?1",
            )?;
            let read = |row: &rusqlite::Row<'_>| {
                Ok(Debt { cases: row.get(0)?, oldest: row.get::<_, Option<i64>>(1)?.map(time) })
            };
            Ok(statement.query_row(params![namespace.as_str()], read)?)
        })
    }
}
