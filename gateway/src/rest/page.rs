//! Paging, the same for every list: `limit` says how many at most, `cursor` where to go on, and the answer's `next` is the
//! cursor of the page after it, or null at the end. A cursor is to be given back as it came; what it says is the list's
//! own business.

use std::fmt::Display;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::problem::Problem;

const MOST: usize = 200;
const USUAL: usize = 50;

/// Parameters of a list that has no others.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Paging {
    /// How many at most; 50 unless said.
    #[schemars(with = "Option<usize>", range(min = 1, max = 200))]
    limit: Option<String>,
    /// `next` of the page before.
    #[schemars(regex(pattern = "^[0-9]{1,18}$"))]
    cursor: Option<String>,
}

impl Paging {
    /// How many, and where to go on.
    ///
    /// # Errors
    /// A problem that names the parameter.
    pub fn read(&self) -> Result<(usize, Option<u64>), Problem> {
        Ok((limit(self.limit.as_deref())?, cursor(self.cursor.as_deref())?))
    }
}

/// How many at most.
///
/// # Errors
/// Where it is not a number from 1 to 200.
pub fn limit(given: Option<&str>) -> Result<usize, Problem> {
    within("limit", given, USUAL, 1, MOST)
}

/// Where to go on.
///
/// # Errors
/// Where it is not a cursor any list gives.
pub fn cursor(given: Option<&str>) -> Result<Option<u64>, Problem> {
    let digits = |text: &&str| text.bytes().all(|b| b.is_ascii_digit());
    let read = |text: &str| {
        let position = Some(text).filter(digits).and_then(|t| t.parse::<i64>().ok());
        position.map(i64::unsigned_abs).ok_or_else(|| Problem::field("cursor", Some(text), "`next` of the page before"))
    };
    given.map(read).transpose()
}

/// A number between two others, both included.
///
/// # Errors
/// Where it is none.
pub fn within<T>(name: &str, given: Option<&str>, usual: T, least: T, most: T) -> Result<T, Problem>
where
    T: Copy + FromStr + PartialOrd + Display,
{
    let Some(text) = given else { return Ok(usual) };
    let fits = text.parse::<T>().ok().filter(|n| (&least..=&most).contains(&n));
    fits.ok_or_else(|| Problem::field(name, Some(text), &format!("{least} to {most}")))
}
