//! Times among the values of a field, and how they are written. Pure.

use super::columns::Column;
use crate::looks;
use crate::map::{DayEdge, TimeFormat, TimeReader, zone};

fn reader() -> TimeReader {
    TimeReader {
        format: TimeFormat::Auto,
        day: DayEdge::Start,
        zone: zone("Asia/Shanghai").unwrap_or(jiff::tz::TimeZone::UTC),
    }
}

/// A time that an office could mean: no identity number's birthday and no far future.
pub(super) fn is_time_value(text: &str) -> bool {
    let years = 631_123_200..2_240_524_800;
    reader().read(text).is_some_and(|at| years.contains(&at.as_second()))
}

/// The first of the times of a field.
pub(super) fn first_time(column: &Column) -> Option<jiff::Timestamp> {
    column.values.iter().filter_map(|value| reader().read(value)).min()
}

/// How the first value that is a time is written.
pub(super) fn time_form(column: &Column) -> String {
    let Some(value) = column.values.iter().find(|value| is_time_value(value)) else { return "-".to_owned() };
    match value.len() {
        5 if looks::is_digits(value) => "Excel".to_owned(),
        10 if looks::is_digits(value) => "unix".to_owned(),
        13 if looks::is_digits(value) => "unix-ms".to_owned(),
        _ => written(value),
    }
}

/// `2026-01-02 03:04` → `yyyy-MM-dd HH:mm`.
fn written(value: &str) -> String {
    let letters = ["yyyy", "MM", "dd", "HH", "mm", "ss", "S"];
    if looks::is_digits(value) {
        return if value.len() > 8 { "yyyyMMddHHmmss" } else { "yyyyMMdd" }.to_owned();
    }
    let (mut out, mut group, mut digits) = (String::new(), 0, 0);
    for c in value.chars() {
        if !c.is_ascii_digit() {
            digits = 0;
            out.push(c);
            continue;
        }
        // A year has four digits, whatever comes after it two: `20260102 03:04`.
        let full = if group == 1 { digits == 4 } else { digits == 2 && (2..6).contains(&group) };
        if digits == 0 || full {
            out.push_str(letters.get(group).copied().unwrap_or("Z"));
            group += 1;
            digits = 0;
        }
        digits += 1;
    }
    out
}
