//! `calendar/*.csv`: public holidays and make-up working days. A year of which no table is known has weekends
//! only, and what was counted through it is provisional.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{Date, Weekday};

use super::problem::Problem;
use super::table::{Column, may, must, rows};

const COLUMNS: &[Column] = &[must("date", "日期"), must("kind", "类型"), may("name", "名称")];

/// Which days are worked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Calendar {
    worked: BTreeMap<Date, bool>,
    years: BTreeSet<i16>,
}

impl Calendar {
    /// Adds the days of one file.
    pub(crate) fn read(&mut self, file: &str, text: &str, problems: &mut Vec<Problem>) {
        for row in rows(file, text, COLUMNS, problems) {
            let date = row.parse::<Date>("date", "a date as YYYY-MM-DD", problems);
            let worked = row.read("kind", "holiday or workday (休 or 班)", problems, read_kind);
            let (Some(date), Some(worked)) = (date, worked) else { continue };
            if self.worked.insert(date, worked).is_some_and(|before| before != worked) {
                problems.push(row.problem("date", "a day that is not said to be both holiday and workday"));
            }
            self.years.insert(date.year());
        }
    }

    /// Whether the State's table of a year is known.
    pub fn knows(&self, year: i16) -> bool {
        self.years.contains(&year)
    }

    /// Whether a day is worked.
    pub fn is_working_day(&self, date: Date) -> bool {
        let weekday = !matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday);
        self.worked.get(&date).copied().unwrap_or(weekday)
    }
}

fn read_kind(text: &str) -> Option<bool> {
    match text {
        "holiday" | "休" | "假" => Some(false),
        "workday" | "班" => Some(true),
        _ => None,
    }
}
