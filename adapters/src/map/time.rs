//! Times as upstream systems write them: unix seconds and milliseconds, Chinese and ISO dates with or without
//! a time, a second or a zone, and Excel serials. Without a zone they are local to the source.

use std::time::Duration;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, ToSpan};
use serde::Deserialize;

/// How a time field is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum TimeFormat {
    /// Told by its shape: every form below.
    #[default]
    Auto,
    /// Seconds since 1970.
    Unix,
    /// Milliseconds since 1970.
    UnixMs,
    /// Days since 1899-12-30, local.
    Excel,
    /// A date in digits, with or without separators, time and zone.
    Text,
}

/// What a date without a time means.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum DayEdge {
    /// Its first moment.
    #[default]
    Start,
    /// Its last second: deadlines.
    End,
}

/// How the times of one field are read.
#[derive(Debug, Clone)]
pub(crate) struct TimeReader {
    pub(crate) format: TimeFormat,
    pub(crate) day: DayEdge,
    pub(crate) zone: TimeZone,
}

/// What a time field accepts, for messages.
pub(crate) const EXPECTED: &str = "a time between 1949 and 2100 such as 2026-03-01 09:30:00, 2026/03/01, an ISO time, unix seconds or milliseconds, or an Excel serial";

/// In Shanghai, Unix's first moment is eight in the morning of this day, and many write its midnight.
const NONE: Date = Date::constant(1970, 1, 1);

impl TimeReader {
    /// Reads a time. The first day of 1970, and years before 1949 or after 2100, are what systems write for "none"
    /// (1899-12-30, 1900-01-01, 9999-12-31) or misreadings.
    pub(crate) fn read(&self, text: &str) -> Option<Timestamp> {
        let text = text.trim();
        let at = match self.format {
            TimeFormat::Auto => self.number(text).or_else(|| self.text(text)),
            TimeFormat::Unix => seconds(text),
            TimeFormat::UnixMs => text.parse().ok().and_then(|ms| Timestamp::from_millisecond(ms).ok()),
            TimeFormat::Excel => self.excel(text),
            TimeFormat::Text => self.text(text),
        }?;
        let day = self.day_of(at);
        (day != NONE && (1949..=2100).contains(&day.year())).then_some(at)
    }

    /// A bare number, told by its length.
    fn number(&self, text: &str) -> Option<Timestamp> {
        let whole = text.split_once('.').map_or(text, |(whole, _)| whole);
        if !whole.bytes().all(|b| b.is_ascii_digit()) || text.bytes().filter(|b| *b == b'.').count() > 1 {
            return None;
        }
        match whole.len() {
            5 => self.excel(text),
            9 | 10 => seconds(text),
            13 => text.parse().ok().and_then(|ms| Timestamp::from_millisecond(ms).ok()),
            _ => None,
        }
    }

    fn excel(&self, text: &str) -> Option<Timestamp> {
        let serial: f64 = text.parse().ok().filter(|days| (1.0..110_000.0).contains(days))?;
        let seconds = ((serial - serial.floor()) * 86_400.0).round() as i64;
        let day = DateTime::constant(1899, 12, 30, 0, 0, 0, 0).checked_add((serial.floor() as i64).days()).ok()?;
        if seconds == 0 && serial.fract() == 0.0 {
            return self.local(day.date(), None);
        }
        self.zoned(day.checked_add(seconds.seconds()).ok()?)
    }

    fn text(&self, text: &str) -> Option<Timestamp> {
        let mut scan = Scan { rest: text };
        let date = scan.date()?;
        scan.skip(&[' ', 'T', 't', '\u{3000}']);
        if scan.rest.is_empty() {
            return self.local(date, None);
        }
        let time = scan.time()?;
        scan.skip(&[' ']);
        match scan.rest {
            "" => self.local(date, Some(time)),
            zone => offset(zone)?.to_timestamp(date.to_datetime(time)).ok(),
        }
    }

    fn local(&self, date: Date, time: Option<Time>) -> Option<Timestamp> {
        let edge = match self.day {
            DayEdge::Start => Time::midnight(),
            DayEdge::End => Time::constant(23, 59, 59, 0),
        };
        self.zoned(date.to_datetime(time.unwrap_or(edge)))
    }

    /// The day it was where the times are of.
    pub(crate) fn day_of(&self, at: Timestamp) -> Date {
        at.to_zoned(self.zone.clone()).date()
    }

    /// When a day began there.
    pub(crate) fn begin_of(&self, day: Date) -> Option<Timestamp> {
        self.zoned(day.at(0, 0, 0, 0))
    }

    fn zoned(&self, at: DateTime) -> Option<Timestamp> {
        self.zone.to_timestamp(at).ok()
    }
}

/// The zone of a name; Shanghai also without a zone database on the machine.
pub(crate) fn zone(name: &str) -> Option<TimeZone> {
    TimeZone::get(name).ok().or_else(|| (name == "Asia/Shanghai").then(|| TimeZone::fixed(jiff::tz::offset(8))))
}

/// Writes a time in a civil format of `yyyy MM dd HH mm ss`, or `unix`, `unix-ms`, `iso`.
pub(crate) fn write(at: Timestamp, format: &str, zone: &TimeZone) -> String {
    let local = at.to_zoned(zone.clone());
    match format {
        "unix" => at.as_second().to_string(),
        "unix-ms" => at.as_millisecond().to_string(),
        "iso" => local.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
        civil => civil
            .replace("yyyy", &format!("{:04}", local.year()))
            .replace("MM", &format!("{:02}", local.month()))
            .replace("dd", &format!("{:02}", local.day()))
            .replace("HH", &format!("{:02}", local.hour()))
            .replace("mm", &format!("{:02}", local.minute()))
            .replace("ss", &format!("{:02}", local.second())),
    }
}

/// Whether [`write()`] knows a format.
pub(crate) fn is_format(format: &str) -> bool {
    matches!(format, "unix" | "unix-ms" | "iso") || (format.contains("yyyy") && format.contains("dd"))
}

fn seconds(text: &str) -> Option<Timestamp> {
    match text.parse::<i64>() {
        Ok(whole) => Timestamp::from_second(whole).ok(),
        Err(_) => {
            let part: f64 = text.parse().ok().filter(|s: &f64| (0.0..1e11).contains(s))?;
            Timestamp::UNIX_EPOCH.checked_add(Duration::from_millis((part * 1000.0).round() as u64)).ok()
        }
    }
}

fn offset(zone: &str) -> Option<Offset> {
    if zone.eq_ignore_ascii_case("z") || zone.eq_ignore_ascii_case("utc") {
        return Some(Offset::UTC);
    }
    let (sign, digits) = match zone.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let plain: String = digits.chars().filter(|c| *c != ':').collect();
    let (hours, minutes) = match plain.len() {
        2 => (plain.parse::<i32>().ok()?, 0),
        4 => (plain[..2].parse().ok()?, plain[2..].parse().ok()?),
        _ => return None,
    };
    Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok()
}

/// A cursor over a written time.
struct Scan<'t> {
    rest: &'t str,
}

impl Scan<'_> {
    fn date(&mut self) -> Option<Date> {
        let year = self.digits(4)?;
        let year = (year > 999).then_some(year)?;
        self.skip(&['-', '/', '.', '年']);
        let month = self.digits(2)?;
        self.skip(&['-', '/', '.', '月']);
        let day = self.digits(2)?;
        self.skip(&['日']);
        Date::new(year as i16, month as i8, day as i8).ok()
    }

    fn time(&mut self) -> Option<Time> {
        let hour = self.digits(2)?;
        self.skip(&[':', '：', '时']);
        let minute = self.digits(2)?;
        self.skip(&[':', '：', '分']);
        let second = self.digits(2).unwrap_or(0);
        self.skip(&['秒']);
        let nanosecond = self.fraction();
        Time::new(hour as i8, minute as i8, second as i8, nanosecond).ok()
    }

    fn fraction(&mut self) -> i32 {
        let Some(after) = self.rest.strip_prefix(['.', ',']) else { return 0 };
        let end = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
        self.rest = &after[end..];
        format!("{:0<9.9}", &after[..end]).parse().unwrap_or(0)
    }

    fn digits(&mut self, most: usize) -> Option<u16> {
        let len = self.rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
        let (digits, rest) = self.rest.split_at(len);
        let value = digits.parse().ok()?;
        self.rest = rest;
        Some(value)
    }

    /// Skips one of `any`.
    fn skip(&mut self, any: &[char]) {
        self.rest = self.rest.strip_prefix(any).unwrap_or(self.rest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn reader() -> TimeReader {
        TimeReader { format: TimeFormat::Auto, day: DayEdge::Start, zone: zone("Asia/Shanghai").expect("a zone") }
    }

    #[test]
    fn every_form_is_read() {
        let cases = [
            ("2026/03/01 09:30:05", Some("2026-03-01T01:30:05Z")),
            ("2026-03-01 09:30:05", Some("2026-03-01T01:30:05Z")),
            ("2026-3-1 9:30", Some("2026-03-01T01:30:00Z")),
            ("2026-03-01T09:30", Some("2026-03-01T01:30:00Z")),
            ("2026-03-01T09:30:05.250", Some("2026-03-01T01:30:05.25Z")),
            ("2026-03-01T09:30:05Z", Some("2026-03-01T09:30:05Z")),
            ("2026-03-01T09:30:05+08:00", Some("2026-03-01T01:30:05Z")),
            ("2026-03-01 09:30:05 +0800", Some("2026-03-01T01:30:05Z")),
            ("2026年3月1日 9时30分", Some("2026-03-01T01:30:00Z")),
            ("2026-03-01", Some("2026-02-28T16:00:00Z")),
            ("2026/3/1", Some("2026-02-28T16:00:00Z")),
            ("20260301", Some("2026-02-28T16:00:00Z")),
            ("20260301093005", Some("2026-03-01T01:30:05Z")),
            ("1772328605", Some("2026-03-01T01:30:05Z")),
            ("1772328605000", Some("2026-03-01T01:30:05Z")),
            ("46082", Some("2026-02-28T16:00:00Z")),
            ("46082.395891", Some("2026-03-01T01:30:05Z")),
            ("昨天", None),
            ("2026-13-01", None),
            ("2026-02-30", None),
            ("2026-03-01 25:00:00", None),
            ("2026-03-01 09:30:05 晚", None),
            ("0001-01-01 00:00:00", None),
            ("1970-01-01 00:00:00", None),
            ("1970-01-01 08:00:00", None),
            ("12", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(reader().read(text).map(|t| t.to_string()).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_deadline_day_ends_at_its_end() {
        let reader = TimeReader { day: DayEdge::End, ..reader() };
        assert_eq!(reader.read("2026-03-01").expect("a time").to_string(), "2026-03-01T15:59:59Z");
        assert_eq!(reader.read("2026-03-01 10:00").expect("a time").to_string(), "2026-03-01T02:00:00Z");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(second in 1_000_000_000i64..4_000_000_000) {
            let at = Timestamp::from_second(second).expect("in range");
            let reader = reader();
            for format in ["yyyy-MM-dd HH:mm:ss", "yyyy/MM/dd HH:mm:ss", "yyyyMMddHHmmss", "unix", "unix-ms", "iso"] {
                let text = write(at, format, &reader.zone);
                prop_assert_eq!(reader.read(&text), Some(at), "{} as {}", text, format);
            }
        }

        #[test]
        fn nothing_makes_it_panic(text in "\\PC{0,30}") {
            let _ = reader().read(&text);
        }
    }
}
