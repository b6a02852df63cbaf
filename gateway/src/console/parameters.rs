//! Query parameters, read into what the read model understands. An unknown one is an error, not ignored: a misspelt
//! filter must not show everything.

use std::str::FromStr;

use huiliu_schemas::vocabulary::{Appeal, Stage};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use crate::readmodel::{Cursor, Filter};

const LIMIT: usize = 200;
const DEFAULT_LIMIT: usize = 50;

/// Of `GET /v1/cases`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct CasesParameters {
    stage: Option<String>,
    department: Option<String>,
    channel: Option<String>,
    matter: Option<String>,
    division: Option<String>,
    appeal: Option<String>,
    number: Option<String>,
    from: Option<String>,
    to: Option<String>,
    older_than_hours: Option<String>,
    overdue: Option<String>,
    return_pending: Option<String>,
    cursor: Option<String>,
    limit: Option<String>,
}

/// Of `GET /v1/events`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct EventsParameters {
    since: Option<String>,
    limit: Option<String>,
}

impl CasesParameters {
    /// The filter, where the page begins, and how long it may be; the error names the parameter.
    pub fn read(&self, now: Timestamp) -> Result<(Filter, Option<Cursor>, usize), String> {
        let word = "a word of the vocabulary";
        let stages = given(&self.stage).map(|s| s.split(',')).into_iter().flatten();
        let filter = Filter {
            stages: stages.map(|s| Stage::read(s).ok_or_else(|| wrong("stage", s, word))).collect::<Result<_, _>>()?,
            department: parsed("department", &self.department, "a department's id")?,
            channel: parsed("channel", &self.channel, "a channel's id")?,
            matter: parsed("matter", &self.matter, "2, 4 or 6 digits")?,
            division: parsed("division", &self.division, "2, 4, 6, 9 or 12 digits")?,
            appeal: given(&self.appeal).map(|a| Appeal::read(a).ok_or_else(|| wrong("appeal", a, word))).transpose()?,
            number: given(&self.number).map(str::to_owned),
            registered_from: parsed("from", &self.from, "an RFC 3339 time")?,
            registered_before: parsed("to", &self.to, "an RFC 3339 time")?,
            due_before: flag("overdue", &self.overdue)?.then_some(now),
            return_pending: flag("return_pending", &self.return_pending)?,
        };
        let hours: Option<u32> = parsed("older_than_hours", &self.older_than_hours, "a number of hours")?;
        let filter = match hours {
            Some(hours) => filter.older_than(SignedDuration::from_hours(hours.into()), now),
            None => filter,
        };
        let cursor: Option<i64> = parsed("cursor", &self.cursor, "`next` of the page before")?;
        Ok((filter, cursor.map(Cursor), limit(&self.limit)?))
    }
}

impl EventsParameters {
    /// After which sequence (the last ones if none is given), and how many.
    pub fn read(&self) -> Result<(Option<u64>, usize), String> {
        Ok((parsed("since", &self.since, "a sequence of the case log")?, limit(&self.limit)?))
    }
}

/// An empty parameter is one that was not given: forms send them so.
fn given(value: &Option<String>) -> Option<&str> {
    value.as_deref().map(str::trim).filter(|v| !v.is_empty())
}

fn parsed<T: FromStr>(name: &str, value: &Option<String>, expected: &str) -> Result<Option<T>, String> {
    given(value).map(|v| v.parse().map_err(|_| wrong(name, v, expected))).transpose()
}

fn flag(name: &str, value: &Option<String>) -> Result<bool, String> {
    Ok(parsed(name, value, "true or false")?.unwrap_or_default())
}

fn limit(value: &Option<String>) -> Result<usize, String> {
    let limit = parsed("limit", value, "1 to 200")?.unwrap_or(DEFAULT_LIMIT);
    if (1..=LIMIT).contains(&limit) { Ok(limit) } else { Err(wrong("limit", &limit.to_string(), "1 to 200")) }
}

fn wrong(name: &str, value: &str, expected: &str) -> String {
    let value: String = value.chars().take(64).collect();
    format!("parameter `{name}` is `{value}`, expected {expected}")
}
