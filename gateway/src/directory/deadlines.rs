//! `deadlines.csv`: the clocks of a case. A rule has a clock, the event that starts it, a scope, a length and its
//! source; of the rules of one clock the one with the narrowest scope that fits counts. When a clock runs out is a
//! pure function of the rule, the start and the calendar.
//!
//! Lengths: `minutes` and `hours` run through nights and holidays. `days` and `working_days` begin on the day after
//! the start and end with the last second of the last day, in Asia/Shanghai (no summer time since 1991, hence a
//! fixed offset). `working_hours` run only within the hours of the row `hours` on working days.

use huiliu_schemas::vocabulary::{Appeal, Complexity};
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};

use super::calendar::Calendar;
use super::problem::Problem;
use super::table::{Column, Row, may, must, rows};

/// The file.
pub const FILE: &str = "deadlines.csv";
const COLUMNS: &[Column] = &[
    must("clock", "时限"),
    may("start", "起算"),
    may("scope", "适用"),
    must("length", "时长"),
    must("unit", "单位"),
    may("kind", "性质"),
    may("source", "依据"),
    may("note", "备注"),
];
const OFFSET: Offset = Offset::constant(8);
/// No lawful clock is longer; it keeps counting bounded whatever a file says.
const LONGEST: u32 = 100_000;

/// How a length is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Minutes of the clock on the wall.
    Minutes,
    /// Hours of the clock on the wall.
    Hours,
    /// Hours in which offices are open.
    WorkingHours,
    /// Calendar days.
    Days,
    /// Working days.
    WorkingDays,
}

/// Of what a clock reminds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockKind {
    /// A ceiling of the law.
    Legal,
    /// The centre's own target.
    Target,
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClockRule {
    /// Name of the clock, e.g. `sign_for`.
    pub clock: String,
    /// The event that starts it, e.g. `dispatched`.
    pub start: String,
    /// For which cases.
    pub scope: Scope,
    /// How long.
    pub length: u32,
    /// Counted how.
    pub unit: Unit,
    /// Law or target.
    pub kind: ClockKind,
    /// Where it comes from.
    pub source: String,
    /// Line in the file.
    pub line: u32,
}

/// For which cases a rule is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    /// Urgent ones only, or only those that are not.
    pub urgent: Option<bool>,
    /// Of one complexity only.
    pub complexity: Option<Complexity>,
    /// Of some appeals only.
    pub appeals: Option<Vec<Appeal>>,
}

impl Scope {
    fn read(text: &str) -> Option<Self> {
        let mut scope = Self::default();
        for clause in text.split([';', '；']).map(str::trim).filter(|c| !c.is_empty()) {
            let (key, word) = clause.split_once('=')?;
            match (key.trim(), word.trim()) {
                ("urgent", "yes") => scope.urgent = Some(true),
                ("urgent", "no") => scope.urgent = Some(false),
                ("complexity", word) => scope.complexity = Some(Complexity::read(word)?),
                ("appeal", words) => scope.appeals = Some(words.split('|').map(Appeal::read).collect::<Option<_>>()?),
                _ => return None,
            }
        }
        Some(scope)
    }

    pub(crate) fn covers(&self, urgent: bool, complexity: Option<Complexity>, appeal: Option<Appeal>) -> bool {
        self.urgent.is_none_or(|u| u == urgent)
            && self.complexity.is_none_or(|c| complexity == Some(c))
            && self.appeals.as_ref().is_none_or(|list| appeal.is_some_and(|a| list.contains(&a)))
    }

    fn width(&self) -> usize {
        usize::from(self.urgent.is_some())
            + usize::from(self.complexity.is_some())
            + usize::from(self.appeals.is_some())
    }
}

/// When offices are open, on a working day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfficeHours(Vec<(Time, Time)>);

impl Default for OfficeHours {
    /// 09:00–12:00 and 13:30–17:00.
    fn default() -> Self {
        Self(vec![
            (Time::constant(9, 0, 0, 0), Time::constant(12, 0, 0, 0)),
            (Time::constant(13, 30, 0, 0), Time::constant(17, 0, 0, 0)),
        ])
    }
}

impl OfficeHours {
    /// Reads `09:00-12:00|13:30-17:00`: open before closed, one after the other.
    pub fn read(text: &str) -> Option<Self> {
        let spans: Vec<(Time, Time)> = text.split(['|', ';', '；', ' ']).map(read_span).collect::<Option<_>>()?;
        let flat: Vec<Time> = spans.iter().flat_map(|(open, close)| [*open, *close]).collect();
        flat.windows(2).all(|w| w[0] < w[1]).then_some(Self(spans))
    }
}

fn read_span(text: &str) -> Option<(Time, Time)> {
    let (open, close) = text.split_once('-')?;
    let read = |t: &str| Time::strptime("%H:%M", t.trim()).ok();
    Some((read(open)?, read(close)?))
}

/// When a clock runs out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// The last moment at which it is still in time.
    pub at: Timestamp,
    /// Counted through a year whose holidays are not known yet.
    pub provisional: bool,
}

/// When one clock of a case runs out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedDue {
    /// Name of the clock.
    pub clock: String,
    /// The last moment at which it is still in time.
    pub at: Timestamp,
    /// Counted through a year whose holidays are not known yet.
    pub provisional: bool,
    /// Law or target.
    pub kind: ClockKind,
    /// The rule is for urgent cases only.
    pub urgent: bool,
    /// Where the rule comes from.
    pub source: String,
    /// Line in `deadlines.csv`.
    pub line: u32,
}

/// Every rule.
#[derive(Debug, Clone, Default)]
pub struct Clocks {
    rules: Vec<ClockRule>,
    hours: OfficeHours,
}

impl Clocks {
    pub(crate) fn read(text: &str, problems: &mut Vec<Problem>) -> Self {
        let mut all = Self::default();
        for row in rows(FILE, text, COLUMNS, problems) {
            if row.text("clock") == "hours" {
                let expected = "spans as 09:00-12:00|13:30-17:00, one after the other";
                all.hours = row.read("length", expected, problems, OfficeHours::read).unwrap_or_default();
            } else {
                all.rules.extend(read_rule(&row, problems));
            }
        }
        all
    }

    /// Every rule, in the order of the file.
    pub fn rules(&self) -> &[ClockRule] {
        &self.rules
    }

    /// When offices are open.
    pub fn hours(&self) -> &OfficeHours {
        &self.hours
    }

    /// When each clock that `start` starts for such a case runs out: of several rules by the narrowest, then by the one that
    /// runs out first.
    pub fn starting<'a>(
        &'a self,
        start: &str,
        at: Timestamp,
        calendar: &Calendar,
        covers: impl Fn(&Scope) -> bool,
    ) -> Vec<(&'a ClockRule, Due)> {
        let fits = |r: &&ClockRule| r.start == start && covers(&r.scope);
        let with_due = |rule: &'a ClockRule| (rule, due(rule, at, &self.hours, calendar));
        let mut rules: Vec<_> = self.rules.iter().filter(fits).map(with_due).collect();
        rules.sort_by_key(|(r, due)| (&r.clock, usize::MAX - r.scope.width(), due.at, r.line));
        rules.dedup_by_key(|(r, _)| &r.clock);
        rules
    }
}

fn read_rule(row: &Row<'_>, problems: &mut Vec<Problem>) -> Option<ClockRule> {
    let clock = row.filled("clock", problems);
    let start = row.filled("start", problems);
    let scope = "clauses joined by `;`: urgent=yes, urgent=no, complexity=<word>, appeal=<word>|<word>";
    let scope = row.read("scope", scope, problems, Scope::read);
    let length = row.read("length", &format!("a whole number from 1 to {LONGEST}"), problems, |text| {
        text.parse().ok().filter(|n| (1..=LONGEST).contains(n))
    });
    let unit = row.read("unit", "minutes, hours, working_hours, days or working_days", problems, read_unit);
    let kind = row.read("kind", "legal or target", problems, |text| match text {
        "legal" | "法定" => Some(ClockKind::Legal),
        "" | "target" | "内控" => Some(ClockKind::Target),
        _ => None,
    });
    Some(ClockRule {
        clock: clock?,
        start: start?,
        scope: scope?,
        length: length?,
        unit: unit?,
        kind: kind?,
        source: row.text("source").to_owned(),
        line: row.line,
    })
}

fn read_unit(text: &str) -> Option<Unit> {
    Some(match text {
        "minutes" | "分钟" => Unit::Minutes,
        "hours" | "小时" => Unit::Hours,
        "working_hours" | "工作小时" => Unit::WorkingHours,
        "days" | "日" | "自然日" => Unit::Days,
        "working_days" | "工作日" => Unit::WorkingDays,
        _ => return None,
    })
}

/// When a clock that started at `start` runs out. A length past the end of time runs out at the end of time.
pub fn due(rule: &ClockRule, start: Timestamp, hours: &OfficeHours, calendar: &Calendar) -> Due {
    let length = i64::from(rule.length);
    let on_the_wall = |span: SignedDuration| Due { at: later(start, span), provisional: false };
    match rule.unit {
        Unit::Minutes => on_the_wall(SignedDuration::from_mins(length)),
        Unit::Hours => on_the_wall(SignedDuration::from_hours(length)),
        Unit::Days => Due { at: end_of_day(plus_days(local(start).date(), rule.length)), provisional: false },
        Unit::WorkingDays => nth_working_day(local(start).date(), rule.length, calendar),
        Unit::WorkingHours => spend(local(start), SignedDuration::from_hours(length), hours, calendar),
    }
}

fn later(start: Timestamp, span: SignedDuration) -> Timestamp {
    start.checked_add(span).unwrap_or(Timestamp::MAX)
}

fn local(at: Timestamp) -> DateTime {
    OFFSET.to_datetime(at)
}

fn instant(at: DateTime) -> Timestamp {
    at.to_zoned(TimeZone::fixed(OFFSET)).map_or(Timestamp::MAX, |z| z.timestamp())
}

fn end_of_day(date: Date) -> Timestamp {
    instant(date.at(23, 59, 59, 0))
}

fn plus_days(date: Date, days: u32) -> Date {
    date.checked_add(SignedDuration::from_hours(24 * i64::from(days))).unwrap_or(Date::MAX)
}

fn nth_working_day(start: Date, length: u32, calendar: &Calendar) -> Due {
    let (mut day, mut left, mut provisional) = (start, length, false);
    while left > 0 && day < Date::MAX {
        day = plus_days(day, 1);
        provisional |= !calendar.knows(day.year());
        left -= u32::from(calendar.is_working_day(day));
    }
    Due { at: end_of_day(day), provisional }
}

fn spend(start: DateTime, length: SignedDuration, hours: &OfficeHours, calendar: &Calendar) -> Due {
    let (mut day, mut from, mut left) = (start.date(), start.time(), length);
    let mut provisional = false;
    while day < Date::MAX {
        provisional |= !calendar.knows(day.year());
        let open = if calendar.is_working_day(day) { hours.0.as_slice() } else { &[] };
        for (opens, closes) in open.iter().filter(|(_, closes)| *closes > from) {
            let begins = from.max(*opens);
            let room = begins.duration_until(*closes);
            if room >= left {
                return Due { at: later(instant(day.to_datetime(begins)), left), provisional };
            }
            left = left.saturating_sub(room);
        }
        (day, from) = (plus_days(day, 1), Time::midnight());
    }
    Due { at: Timestamp::MAX, provisional }
}

#[cfg(test)]
#[path = "deadlines_tests.rs"]
mod tests;
