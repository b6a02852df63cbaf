//! Where and what: administrative divisions (county 6 digits, GB/T 2260; township 9, GB/T 10114; village 12),
//! points on the earth, and matter codes (2, 4 or 6 digits). Codes only; their names live in the directory.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::{InvalidId, kept, text};

text! {
    /// 属地: province (2 digits), city (4), county (6), township (9) or village (12).
    #[schemars(extend("pattern" = "^[0-9]{2,12}$"))]
    DivisionCode, |text| {
        kept("division code", text, "2, 4, 6, 9 or 12 digits", |text| is_code(text, &[2, 4, 6, 9, 12]))
    }
}
text! {
    /// 事项类别: a matter of the content classification, first to third level.
    #[schemars(extend("pattern" = "^[0-9]{2,12}$"))]
    MatterCode, |text| kept("matter code", text, "2, 4 or 6 digits", |text| is_code(text, &[2, 4, 6]))
}

fn is_code(text: &str, lengths: &[usize]) -> bool {
    lengths.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
}

impl DivisionCode {
    /// Whether `other` is this one or lies within it.
    pub fn contains(&self, other: &Self) -> bool {
        other.0.starts_with(self.as_str())
    }

    /// The county this division is or lies in.
    pub fn county(&self) -> Option<Self> {
        self.0.get(..6).map(|c| Self(c.into()))
    }

    /// The township this division is or lies in; none for a county and above.
    pub fn township(&self) -> Option<Self> {
        self.0.get(..9).map(|c| Self(c.into()))
    }

    /// Reads a code as systems write it: padded with zeros to 12 (`330205000000`) or 9 digits.
    pub fn from_padded(text: &str) -> Result<Self, InvalidId> {
        let cut = |len: usize| {
            matches!(text.len(), 6 | 9 | 12)
                && text.len() > len
                && text.is_char_boundary(len)
                && text[len..].bytes().all(|b| b == b'0')
        };
        let shortest = [2, 4, 6, 9].into_iter().find(|len| cut(*len));
        shortest.map_or(text, |len| &text[..len]).parse()
    }
}

impl MatterCode {
    /// Whether `other` is this one or lies within it.
    pub fn contains(&self, other: &Self) -> bool {
        other.0.starts_with(self.as_str())
    }

    /// The first-level class.
    pub fn first_level(&self) -> Self {
        Self(self.0[..2].into())
    }
}

/// The reference system in which a point arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Datum {
    /// GPS.
    Wgs84,
    /// The State's obfuscated system (Amap, Tencent).
    Gcj02,
    /// Baidu's system on top of GCJ-02.
    Bd09,
}

/// A point in WGS-84 degrees, with what arrived when that was something else.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Point {
    /// Degrees east.
    pub longitude: f64,
    /// Degrees north.
    pub latitude: f64,
    /// The datum it arrived in.
    pub datum: Datum,
    /// The longitude as it arrived.
    pub original_longitude: f64,
    /// The latitude as it arrived.
    pub original_latitude: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padded_codes_become_what_they_mean() {
        let read = |t: &str| DivisionCode::from_padded(t).map(|code| code.to_string());
        assert_eq!(read("330205000000"), Ok("330205".into()));
        assert_eq!(read("330205006000"), Ok("330205006".into()));
        assert_eq!(read("330205006201"), Ok("330205006201".into()));
        assert_eq!(read("330205006"), Ok("330205006".into()));
        assert_eq!(read("330200"), Ok("3302".into()));
        assert!(read("无").is_err());
        assert!(read("33020").is_err());
    }

    /// Found by fuzzing: the last bit of a long decimal was lost on the way, and a repeat looked like a change.
    #[test]
    fn a_coordinate_reads_back_as_it_was_written() {
        let written: f64 = "29.9330205002026030100132641".parse().expect("a number");
        let text = serde_json::to_string(&written).expect("is written");
        assert_eq!(serde_json::from_str::<f64>(&text).expect("reads back"), written);
    }
}
