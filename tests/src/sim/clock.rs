//! The clock of a simulated system: the real one, or one a test moves by hand.
//!
//! Never read the system's time anywhere else in the simulators.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};

/// Where a simulator takes its time from.
#[derive(Clone, Debug, Default)]
pub enum Clock {
    /// The machine's clock.
    #[default]
    System,
    /// Unix seconds, moved by whoever holds a clone.
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// A clock standing at `unix_seconds` until [`Clock::advance`] moves it.
    pub fn manual(unix_seconds: i64) -> Self {
        Self::Manual(Arc::new(AtomicI64::new(unix_seconds)))
    }

    /// Unix seconds now.
    pub fn now(&self) -> i64 {
        match self {
            Self::System => Timestamp::now().as_second(),
            Self::Manual(seconds) => seconds.load(Ordering::SeqCst),
        }
    }

    /// Moves a manual clock forward; the machine's clock is left alone.
    pub fn advance(&self, seconds: i64) {
        if let Self::Manual(now) = self {
            now.fetch_add(seconds, Ordering::SeqCst);
        }
    }
}

/// Asia/Shanghai, which has had no other offset since 1991.
pub(crate) fn shanghai() -> TimeZone {
    TimeZone::fixed(Offset::constant(8))
}

/// Unix seconds in the given `strftime` form, Shanghai time.
pub(crate) fn format(unix_seconds: i64, form: &str) -> String {
    let at = Timestamp::from_second(unix_seconds).unwrap_or(Timestamp::UNIX_EPOCH);
    at.to_zoned(shanghai()).strftime(form).to_string()
}

/// `yyyy-MM-dd HH:mm:ss`, the hotline's form.
pub(crate) fn dashed(unix_seconds: i64) -> String {
    format(unix_seconds, "%Y-%m-%d %H:%M:%S")
}

/// `yyyy/MM/dd HH:mm:ss`, the petition exchange's form.
pub(crate) fn slashed(unix_seconds: i64) -> String {
    format(unix_seconds, "%Y/%m/%d %H:%M:%S")
}

/// Reads any of the forms the simulators write, or nothing.
pub(crate) fn parse(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at.as_second());
    }
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        return text.parse().ok();
    }
    let plain = text.replace('/', "-").replace('T', " ");
    let civil = jiff::civil::DateTime::strptime("%Y-%m-%d %H:%M:%S", &plain)
        .or_else(|_| jiff::civil::Date::strptime("%Y-%m-%d", &plain).map(Into::into));
    let zoned = civil.ok()?.to_zoned(shanghai()).ok()?;
    Some(zoned.timestamp().as_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_reads_back() {
        let at = 1_772_328_600; // 2026-03-01 09:30:00 in Shanghai
        assert_eq!(dashed(at), "2026-03-01 09:30:00");
        for text in
            [dashed(at), slashed(at), at.to_string(), "2026-03-01T09:30:00+08:00".into(), "2026-03-01T09:30:00".into()]
        {
            assert_eq!(parse(&text), Some(at), "{text}");
        }
        assert_eq!(parse("无"), None);
    }

    #[test]
    fn a_manual_clock_moves_only_by_hand() {
        let clock = Clock::manual(100);
        clock.clone().advance(5);
        assert_eq!(clock.now(), 105);
    }
}
