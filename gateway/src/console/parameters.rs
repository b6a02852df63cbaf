//! Query parameters, read into what the read model understands. An unknown one is an error, not ignored: a misspelt
//! filter must not show everything.

use huiliu_schemas::vocabulary::{Appeal, Stage};
use huiliu_schemas::{Channel, DepartmentId};
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::problem::Problem;
use crate::readmodel::{Cursor, Filter};
use crate::rest::input::parsed;
use crate::rest::page;

/// Of `GET /v1/cases`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CasesParameters {
    /// In one of these stages, with commas.
    #[schemars(with = "Option<Vec<Stage>>", length(min = 1))]
    stage: Option<String>,
    /// Led by this department now, or when it ended.
    #[schemars(with = "Option<DepartmentId>")]
    department: Option<String>,
    /// First came in here.
    #[schemars(with = "Option<Channel>")]
    channel: Option<String>,
    /// Of this matter or one under it: 2, 4 or 6 digits.
    #[schemars(regex(pattern = "^([0-9]{2}){1,3}$"))]
    matter: Option<String>,
    /// In this division or one within it: 2, 4, 6, 9 or 12 digits.
    #[schemars(regex(pattern = "^([0-9]{2}|[0-9]{4}|[0-9]{6}|[0-9]{9}|[0-9]{12})$"))]
    division: Option<String>,
    /// Of this kind.
    #[schemars(with = "Option<Appeal>")]
    appeal: Option<String>,
    /// The number in any spelling, or its beginning.
    #[schemars(regex(pattern = "^[A-Za-z0-9 -]{1,64}$"))]
    number: Option<String>,
    /// Registered here at this time or later.
    #[schemars(with = "Option<Timestamp>")]
    from: Option<String>,
    /// Registered here before this time.
    #[schemars(with = "Option<Timestamp>")]
    to: Option<String>,
    /// Registered here at least so many hours ago.
    #[schemars(with = "Option<u32>", range(max = 876_000))]
    older_than_hours: Option<String>,
    /// A clock of it has run out.
    #[schemars(with = "Option<bool>")]
    overdue: Option<String>,
    /// A hand-back waits for the centre.
    #[schemars(with = "Option<bool>")]
    return_pending: Option<String>,
    /// `next` of the page before.
    #[schemars(regex(pattern = "^[0-9]{1,18}$"))]
    cursor: Option<String>,
    /// How many at most; 50 unless said.
    #[schemars(with = "Option<usize>", range(min = 1, max = 200))]
    limit: Option<String>,
}

impl CasesParameters {
    /// The filter, where the page begins, and how long it may be; the error names the parameter.
    pub fn read(&self, now: Timestamp) -> Result<(Filter, Option<Cursor>, usize), Problem> {
        let word = "a word of the vocabulary";
        let stage = |text: &str| Stage::read(text).ok_or_else(|| Problem::field("stage", Some(text), word));
        let appeal = |text: &str| Appeal::read(text).ok_or_else(|| Problem::field("appeal", Some(text), word));
        let written = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, ' ' | '-'));
        let number = |text: &str| {
            let fits = (1..=64).contains(&text.len()) && written(text);
            fits.then(|| text.to_owned()).ok_or_else(|| Problem::field("number", Some(text), "letters, digits and `-`"))
        };
        let filter = Filter {
            stages: self.stage.iter().flat_map(|s| s.split(',')).map(stage).collect::<Result<_, _>>()?,
            department: parsed("department", &self.department, "a department's id")?,
            channel: parsed("channel", &self.channel, "a channel's id")?,
            matter: parsed("matter", &self.matter, "2, 4 or 6 digits")?,
            division: parsed("division", &self.division, "2, 4, 6, 9 or 12 digits")?,
            appeal: self.appeal.as_deref().map(appeal).transpose()?,
            number: self.number.as_deref().map(number).transpose()?,
            registered_from: parsed("from", &self.from, "an RFC 3339 time")?,
            registered_before: parsed("to", &self.to, "an RFC 3339 time")?,
            due_before: flag("overdue", &self.overdue)?.then_some(now),
            return_pending: flag("return_pending", &self.return_pending)?,
        };
        let hours = self.older_than_hours.as_deref();
        let hours = hours.map(|text| page::within("older_than_hours", Some(text), 0, 0, MOST_HOURS)).transpose()?;
        let filter = match hours {
            Some(hours) => filter.older_than(SignedDuration::from_hours(hours), now),
            None => filter,
        };
        let cursor = page::cursor(self.cursor.as_deref())?.map(|key| Cursor(key.cast_signed()));
        Ok((filter, cursor, page::limit(self.limit.as_deref())?))
    }
}

/// A hundred years.
const MOST_HOURS: i64 = 876_000;

fn flag(name: &str, value: &Option<String>) -> Result<bool, Problem> {
    Ok(parsed(name, value, "true or false")?.unwrap_or_default())
}
