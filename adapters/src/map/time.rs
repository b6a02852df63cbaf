//! Times as upstream systems write them: unix seconds and milliseconds, Chinese and ISO dates with or without
//! a time, a second or a zone, by the twelve hours, in full-width digits or Chinese numerals, those of .NET, and Excel serials.
//! Without a zone they are local to the source.

use std::time::Duration;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, ToSpan};
use serde::Deserialize;

use super::digits;
use crate::looks::is_digits;

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
/// The days that languages, databases and spreadsheets begin with: nobody meant them.
const NONES: [Date; 6] = [
    Date::constant(1, 1, 1),
    Date::constant(1753, 1, 1),
    Date::constant(1899, 12, 30),
    Date::constant(1899, 12, 31),
    Date::constant(1900, 1, 1),
    NONE,
];

impl TimeReader {
    /// Reads a time. The first day of 1970, and years before 1949 or after 2100, are what systems write for "none"
    /// (1899-12-30, 1900-01-01, 9999-12-31) or misreadings.
    pub(crate) fn read(&self, text: &str) -> Option<Timestamp> {
        let at = self.moment(text.trim())?;
        let day = self.day_of(at);
        (day != NONE && (1949..=2100).contains(&day.year())).then_some(at)
    }

    /// Whether it is a day that stands for none, and no misreading.
    pub(crate) fn is_none(&self, text: &str) -> bool {
        self.moment(text.trim()).is_some_and(|at| NONES.contains(&self.day_of(at)))
    }

    fn moment(&self, text: &str) -> Option<Timestamp> {
        match self.format {
            TimeFormat::Auto => self.number(text).or_else(|| self.text(text)),
            TimeFormat::Unix => seconds(text),
            TimeFormat::UnixMs => milliseconds(text),
            TimeFormat::Excel => self.excel(text),
            TimeFormat::Text => self.text(text),
        }
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
            13 => milliseconds(text),
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
        if let Some(inner) = text.strip_prefix("/Date(").and_then(|text| text.strip_suffix(")/")) {
            return dot_net(inner);
        }
        let text = digits::plain(text)?;
        let mut scan = Scan { rest: &text };
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

fn milliseconds(text: &str) -> Option<Timestamp> {
    // A double in the source.
    let whole =
        text.split_once('.').map_or(text, |(whole, part)| if part.bytes().all(|b| b == b'0') { whole } else { text });
    Timestamp::from_millisecond(whole.parse().ok()?).ok()
}

/// `1772673600000+0800`: the offset says where it was written, the number is UTC's.
fn dot_net(inner: &str) -> Option<Timestamp> {
    let end = inner.rfind(['+', '-']).filter(|at| *at > 0).unwrap_or(inner.len());
    milliseconds(&inner[..end])
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
    // 09:30-A组 is no zone; and what is no digit is not cut by the byte.
    if !is_digits(&plain) {
        return None;
    }
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
    /// Without anything between them, a month and a day have two digits: `2026112` is two days.
    fn date(&mut self) -> Option<Date> {
        let year = self.digits(4, 4)?;
        let least = if self.skip(&['-', '/', '.', '年']) { 1 } else { 2 };
        let month = self.digits(least, 2)?;
        self.skip(&['-', '/', '.', '月']);
        let day = self.digits(least, 2)?;
        self.skip(&['日']);
        Date::new(year as i16, month as i8, day as i8).ok()
    }

    fn time(&mut self) -> Option<Time> {
        let before = self.day_part();
        self.skip(&[' ']);
        let hour = self.digits(1, 2)?;
        let (minute, second) = self.below_the_hour()?;
        let nanosecond = self.fraction();
        let part = before.or_else(|| {
            self.skip(&[' ']);
            self.day_part()
        });
        let hour = part.map_or(Some(hour), |part| part.hour(hour))?;
        Time::new(hour as i8, minute as i8, second as i8, nanosecond).ok()
    }

    /// Minutes and seconds; an hour that is called one may stand alone.
    fn below_the_hour(&mut self) -> Option<(u16, u16)> {
        let is_called_hour = self.skip(&['时', '点']);
        if is_called_hour && (self.skip(&['整']) || self.rest.is_empty()) {
            return Some((0, 0));
        }
        if is_called_hour && self.skip(&['半']) {
            return Some((30, 0));
        }
        self.skip(&[':']);
        let minute = self.digits(1, 2)?;
        self.skip(&[':', '分']);
        let second = self.digits(1, 2).unwrap_or(0);
        self.skip(&['秒']);
        Some((minute, second))
    }

    /// The part of the day that an hour is of.
    fn day_part(&mut self) -> Option<DayPart> {
        let begins = |word: &str| self.rest.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
        let (word, part) = DAY_PARTS.iter().find(|(word, _)| begins(word))?;
        self.rest = &self.rest[word.len()..];
        Some(*part)
    }

    fn fraction(&mut self) -> i32 {
        let Some(after) = self.rest.strip_prefix(['.', ',']) else { return 0 };
        let end = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
        self.rest = &after[end..];
        format!("{:0<9.9}", &after[..end]).parse().unwrap_or(0)
    }

    fn digits(&mut self, least: usize, most: usize) -> Option<u16> {
        let len = self.rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
        if len < least {
            return None;
        }
        let (digits, rest) = self.rest.split_at(len);
        let value = digits.parse().ok()?;
        self.rest = rest;
        Some(value)
    }

    /// Skips one of `any`, if it is there.
    fn skip(&mut self, any: &[char]) -> bool {
        let after = self.rest.strip_prefix(any);
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }
}

/// What is said of an hour, of the twelve or of the twenty-four.
#[derive(Debug, Clone, Copy)]
enum DayPart {
    SmallHours,
    Morning,
    Noon,
    Afternoon,
    Evening,
    Am,
    Pm,
}

const DAY_PARTS: [(&str, DayPart); 12] = [
    ("上午", DayPart::Morning),
    ("下午", DayPart::Afternoon),
    ("晚上", DayPart::Evening),
    ("凌晨", DayPart::SmallHours),
    ("中午", DayPart::Noon),
    ("早上", DayPart::Morning),
    ("清晨", DayPart::Morning),
    ("傍晚", DayPart::Evening),
    ("夜间", DayPart::Evening),
    ("深夜", DayPart::Evening),
    ("AM", DayPart::Am),
    ("PM", DayPart::Pm),
];

impl DayPart {
    /// The hour of the twenty-four. Noon to the one is midnight to the other (`上午12`, `晚上12`), and an hour that is of no
    /// such part is a slip: none.
    fn hour(self, said: u16) -> Option<u16> {
        match (self, said) {
            (Self::SmallHours | Self::Am, 12) => Some(0),
            (Self::SmallHours, 0..=6) | (Self::Morning | Self::Am, 0..=11) => Some(said),
            (Self::Noon, 11..=14) | (Self::Afternoon | Self::Pm, 12..=23) | (Self::Evening, 17..=23) => Some(said),
            (Self::Noon, 1..=2) | (Self::Afternoon | Self::Pm, 1..=11) | (Self::Evening, 5..=11) => Some(said + 12),
            _ => None,
        }
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
            ("1772328605.0", Some("2026-03-01T01:30:05Z")),
            ("1772328605000.0", Some("2026-03-01T01:30:05Z")),
            ("/Date(1772328605000+0800)/", Some("2026-03-01T01:30:05Z")),
            ("/Date(1772328605000)/", Some("2026-03-01T01:30:05Z")),
            ("/Date(-62135596800000)/", None),
            ("2026/3/5 15:20", Some("2026-03-05T07:20:00Z")),
            ("２０２６－０３－０５　１５：２０", Some("2026-03-05T07:20:00Z")),
            ("二〇二六年三月五日", Some("2026-03-04T16:00:00Z")),
            ("二零二六年十月二十一日十五时", Some("2026-10-21T07:00:00Z")),
            ("2026年3月5日 下午3:20", Some("2026-03-05T07:20:00Z")),
            ("2026年3月5日下午3点半", Some("2026-03-05T07:30:00Z")),
            ("2026/3/5 下午 03:20:11", Some("2026-03-05T07:20:11Z")),
            ("2026年3月5日 下午15:20", Some("2026-03-05T07:20:00Z")),
            ("2026年3月5日 上午9:41", Some("2026-03-05T01:41:00Z")),
            ("2026年3月5日 中午12:05", Some("2026-03-05T04:05:00Z")),
            ("2026年3月5日 中午1:05", Some("2026-03-05T05:05:00Z")),
            ("2026年3月5日 晚上10:08", Some("2026-03-05T14:08:00Z")),
            ("2026年3月5日 凌晨12:30", Some("2026-03-04T16:30:00Z")),
            ("2026年3月5日 凌晨2:10", Some("2026-03-04T18:10:00Z")),
            ("2026-03-05 3:20:00 PM", Some("2026-03-05T07:20:00Z")),
            ("2026-03-05 12:20 AM", Some("2026-03-04T16:20:00Z")),
            // Noon to the one, midnight to the other; and slips.
            ("2026年3月5日 上午12:30", None),
            ("2026年3月5日 晚上12:00", None),
            ("2026年3月5日 晚上2:00", None),
            ("2026年3月5日 上午15:20", None),
            ("2026年3月5日 下午两三点", None),
            ("2026年三四月", None),
            ("二〇二六年正月初五", None),
            ("2026112", None),
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

        #[test]
        fn what_follows_a_time_makes_it_no_panic_either(sign in "[-+ ]", text in "[点组天9:A1三]{0,4}") {
            let _ = reader().read(&format!("2026-03-05 20:00{sign}{text}"));
        }
    }
}
