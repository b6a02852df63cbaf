//! `calendar/*.csv`: public holidays and make-up working days. A year of which no table is known has weekends
//! only, and what was counted through it is provisional.

use std::collections::{BTreeMap, BTreeSet};

use huiliu_schemas::finding::Finding;
use jiff::civil::{Date, Weekday};
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};

use super::problem::Problem;
use super::table::{Column, may, must, rows};

/// How long before a year its table must be there. The State tells it in the first half of November.
const AHEAD: SignedDuration = SignedDuration::from_hours(45 * 24);
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

    /// The first year whose table is wanted by now and not known: this one, or that of 45 days from now.
    pub fn lacks(&self, now: Timestamp) -> Option<i16> {
        let year = |at: Timestamp| Offset::constant(8).to_datetime(at).year();
        let soon = now.checked_add(AHEAD).unwrap_or(now);
        (year(now)..=year(soon)).find(|year| !self.knows(*year))
    }

    /// That a table is wanted. It rests on the day, not on what the files say: it is told, and never keeps a hub from starting.
    pub fn lacking(&self, now: Timestamp) -> Option<Finding> {
        let year = self.lacks(now)?;
        let zh = format!(
            "缺 {year} 年的节假日与调休安排：请按国务院办公厅的通知补入。在此之前算入该年的工作日时限只扣周末，已记入案件的不会重算"
        );
        let en = format!(
            "the holidays and make-up days of {year} are missing: add them as the State Council tells them; deadlines that \
             are counted into it meanwhile know weekends only, and those that stand in a case are not counted anew"
        );
        Some(Finding::warning("calendar/*.csv", 0, zh, en))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_year_is_wanted_from_the_middle_of_november_before_it() {
        let mut calendar = Calendar::default();
        calendar.read("calendar/cn.csv", "date,kind\n2026-01-01,holiday\n2028-01-01,holiday\n", &mut Vec::new());
        let lacks = |now: &str| calendar.lacks(now.parse().expect("an instant"));
        assert_eq!(lacks("2026-11-16T23:59:59+08:00"), None);
        assert_eq!(lacks("2026-11-17T00:00:00+08:00"), Some(2027));
        assert_eq!(lacks("2027-06-01T00:00:00+08:00"), Some(2027));
        assert_eq!(lacks("2027-12-31T23:00:00+08:00"), Some(2027), "what begins today is counted through today");
        assert_eq!(lacks("2028-01-01T00:00:00+08:00"), None);
        let told = calendar.lacking("2026-12-01T00:00:00Z".parse().expect("an instant")).expect("a finding");
        assert!(told.zh.contains("2027 年") && told.en.contains("2027"), "{told:?}");
    }
}
