//! Names and numbers. Every identifier is parsed once, into its own type, and is then safe to stand in
//! a NATS subject: no payload can leave the subject space it belongs to.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use smol_str::{SmolStr, SmolStrBuilder, format_smolstr};
use thiserror::Error;
use uuid::Uuid;

/// Why a text is not an identifier.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{kind} `{value}` is not valid: expected {expected}")]
pub struct InvalidId {
    /// What was being read.
    pub kind: &'static str,
    /// What was met, shortened.
    pub value: String,
    /// What would have been right.
    pub expected: &'static str,
}

impl InvalidId {
    pub(crate) fn new(kind: &'static str, value: &str, expected: &'static str) -> Self {
        Self { kind, value: value.chars().take(64).collect(), expected }
    }
}

fn is_token(text: &str, longest: usize) -> bool {
    !text.is_empty()
        && text.len() <= longest
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !text.starts_with('-')
}

/// A short text of its own type, which says how it is read. Nearly all of them are short enough to be copied without asking
/// for memory.
macro_rules! text {
    ($(#[$meta:meta])* $name:ident, $read:expr) => {
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, schemars::JsonSchema)]
        #[serde(transparent)]
        $(#[$meta])*
        pub struct $name(smol_str::SmolStr);

        impl $name {
            /// As text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::ids::InvalidId;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let read: fn(&str) -> Result<smol_str::SmolStr, Self::Err> = $read;
                read(text).map(Self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                smol_str::SmolStr::deserialize(from)?.parse().map_err(serde::de::Error::custom)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}
pub(crate) use text;

/// The text as it is, where it fits.
pub(crate) fn kept(
    kind: &'static str,
    text: &str,
    expected: &'static str,
    fits: impl FnOnce(&str) -> bool,
) -> Result<SmolStr, InvalidId> {
    fits(text).then(|| text.into()).ok_or_else(|| InvalidId::new(kind, text, expected))
}

fn token(kind: &'static str, text: &str) -> Result<SmolStr, InvalidId> {
    kept(kind, text, "1 to 64 of a-z, 0-9 and `-`, not starting with `-`", |text| is_token(text, 64))
}

text! {
    /// 渠道: one connection to an upstream system, e.g. `hotline-12345`.
    #[schemars(extend("pattern" = "^[a-z0-9][a-z0-9-]{0,63}$"))]
    Channel, |text| token("channel", text)
}
text! {
    /// The numbering a case carries: one installed upstream system. Several channels may share one.
    #[schemars(extend("pattern" = "^[a-z0-9][a-z0-9-]{0,63}$"))]
    Namespace, |text| token("namespace", text)
}
text! {
    /// 承办单位: a department's code in the directory, e.g. `jb-housing`.
    #[schemars(extend("pattern" = "^[a-z0-9][a-z0-9-]{0,63}$"))]
    DepartmentId, |text| token("department", text)
}

/// The root of every computed identity. Changing it would give every case a new identity.
const HUILIU_NAMESPACE: Uuid = Uuid::from_u128(0x7d1f_46f2_5b0e_5c0a_9a53_5e0f_6c6a_2f11);

/// The identity of a case: UUIDv5 of the source's namespace and the source's own id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct CaseId(pub Uuid);

impl CaseId {
    /// The case that `source` speaks of, if no alias says otherwise.
    pub fn of(source: &SourceId) -> Self {
        let space = Uuid::new_v5(&HUILIU_NAMESPACE, source.namespace.as_str().as_bytes());
        Self(Uuid::new_v5(&space, source.id.as_bytes()))
    }
}

impl fmt::Display for CaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for CaseId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        Uuid::parse_str(text).map(Self).map_err(|_| InvalidId::new("case id", text, "a UUID"))
    }
}

/// What a source calls a case: its namespace and its own number there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct SourceId {
    /// Whose numbering.
    pub namespace: Namespace,
    /// The number, as the source writes it (trimmed).
    pub id: String,
}

impl fmt::Display for SourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.namespace, self.id)
    }
}

text! {
    /// The id a sender gives a command, so that sending it again is safe.
    #[schemars(extend("pattern" = "^[A-Za-z0-9_-]{1,64}$"))]
    CommandId, |text| kept("command id", text, "1 to 64 of A-Z, a-z, 0-9, `-` and `_`", |text| {
        (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    })
}

/// What made an event happen: `intake/<sequence>#<index>` or `command/<who>/<id>`. Deciding a known
/// cause again gives the first answer, which is what makes every retry safe.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Cause(SmolStr);

impl Cause {
    /// The record `index` of the raw envelope stored at `sequence`.
    pub fn intake(sequence: u64, index: usize) -> Self {
        Self(format_smolstr!("intake/{sequence}#{index}"))
    }

    /// A command, as identified by the one who sent it (`who` keeps two senders' ids apart).
    pub fn command(who: &str, id: &CommandId) -> Self {
        Self(format_smolstr!("command/{who}/{id}"))
    }

    /// Something the hub itself had to do, named so that doing it twice is noticed.
    pub fn hub(what: &str) -> Self {
        Self(format_smolstr!("hub/{what}"))
    }

    /// A cause as it stands in the log.
    pub fn from_log(text: &str) -> Self {
        Self(text.into())
    }

    /// The cause as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The identity of an event: computed from its cause, its case and its place in the answer.
pub fn event_id(case: CaseId, cause: &Cause, index: usize) -> Uuid {
    Uuid::new_v5(&case.0, format!("{cause}/{index}").as_bytes())
}

text! {
    /// 案件编号: a case's number as it is read over the telephone: `HL-` and twelve characters in three groups,
    /// the last of which checks the others. A function of the case id, so it is the same wherever it is computed.
    CaseNumber, typed
}

/// Digits and letters that are told apart by ear and by eye: no I, L, O, U, and no Z (it is heard as 2 or C).
const SPOKEN: &[u8; 31] = b"0123456789ABCDEFGHJKMNPQRSTVWXY";
const NUMBER_LEN: usize = 12;

impl CaseNumber {
    /// The number of a case.
    pub fn of(case: CaseId) -> Self {
        let mut bits = case.0.as_u128();
        let mut digits = [0u8; NUMBER_LEN];
        for digit in digits.iter_mut().take(NUMBER_LEN - 1) {
            *digit = (bits % 31) as u8;
            bits /= 31;
        }
        digits[NUMBER_LEN - 1] = check_digit(&digits[..NUMBER_LEN - 1]);
        Self(spelt(&digits))
    }

    /// Whether this is a number but for its last character, which does not check the others.
    pub fn is_mistyped(text: &str) -> bool {
        digits_of(text).is_some_and(|digits| !is_checked(&digits))
    }
}

impl SourceId {
    /// Reads `namespace:number` as people type it, the colon in half or full width; nothing if it is no such name.
    pub fn read(typed: &str) -> Option<Self> {
        let (namespace, id) = typed.split_once([':', '：'])?;
        Some(Self { namespace: namespace.trim().parse().ok()?, id: id.trim().to_owned() })
    }

    /// A case's own number, as a name of the case among the numbers its sources give it.
    pub fn of_number(number: &CaseNumber) -> Self {
        Self { namespace: Namespace(SmolStr::new_static(NUMBERS)), id: number.0.to_string() }
    }

    /// Whether it is a case's own number.
    pub fn is_number(&self) -> bool {
        self.namespace.0 == NUMBERS
    }
}

/// The namespace of the cases' own numbers.
const NUMBERS: &str = "huiliu-number";

/// A weighted sum modulo 31 (a prime): every single wrong character and every swap of neighbours changes it.
fn check_digit(digits: &[u8]) -> u8 {
    let sum: u32 = digits.iter().enumerate().map(|(i, d)| (i as u32 + 1) * u32::from(*d)).sum();
    (sum % 31) as u8
}

fn spoken_digit(c: char) -> Option<u8> {
    let plain = match c.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    SPOKEN.iter().position(|d| *d as char == plain).map(|p| p as u8)
}

/// The characters of a number as people write it, whether or not the last checks the others.
fn digits_of(text: &str) -> Option<Vec<u8>> {
    let upper = text.trim().to_ascii_uppercase();
    let bare = upper.strip_prefix("HL").unwrap_or(&upper);
    let digits: Option<Vec<u8>> = bare.chars().filter(|c| !matches!(c, '-' | ' ')).map(spoken_digit).collect();
    digits.filter(|d| d.len() == NUMBER_LEN)
}

fn is_checked(digits: &[u8]) -> bool {
    check_digit(&digits[..NUMBER_LEN - 1]) == digits[NUMBER_LEN - 1]
}

/// Reads a number as people write it: any case, with or without prefix and dashes, O for 0, I and L for 1.
fn typed(text: &str) -> Result<SmolStr, InvalidId> {
    let invalid = |expected| InvalidId::new("case number", text, expected);
    let digits = digits_of(text).ok_or_else(|| invalid("`HL-XXXX-XXXX-XXXX`"))?;
    if is_checked(&digits) {
        Ok(spelt(&digits))
    } else {
        Err(invalid("a last character that checks the others (one was misheard or mistyped)"))
    }
}

fn spelt(digits: &[u8]) -> SmolStr {
    let mut text = SmolStrBuilder::new();
    text.push_str("HL");
    for group in digits.chunks(4) {
        text.push('-');
        group.iter().for_each(|digit| text.push(SPOKEN[usize::from(*digit)] as char));
    }
    text.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn tokens_cannot_leave_their_subject() {
        for bad in ["", "a.b", "a b", "*", ">", "A", "区", "-a", &"x".repeat(65)] {
            assert!(bad.parse::<Channel>().is_err(), "{bad}");
        }
        assert_eq!("hotline-12345".parse::<Channel>().map(|channel| channel.to_string()), Ok("hotline-12345".into()));
    }

    #[test]
    fn the_same_source_is_the_same_case() {
        let source = |ns: &str, id: &str| SourceId { namespace: ns.parse().expect("valid"), id: id.into() };
        assert_eq!(CaseId::of(&source("hotline", "1")), CaseId::of(&source("hotline", "1")));
        assert_ne!(CaseId::of(&source("hotline", "1")), CaseId::of(&source("petition", "1")));
        assert_eq!(CaseId::of(&source("hotline", "1")).to_string(), "cac304cb-9a77-53f1-80b7-f539c2d4216a");
    }

    proptest! {
        #[test]
        fn a_number_survives_the_telephone(bits in any::<u128>()) {
            let number = CaseNumber::of(CaseId(Uuid::from_u128(bits)));
            let spoken = number.as_str().to_lowercase().replace('-', " ").replace('0', "o");
            prop_assert_eq!(spoken.parse::<CaseNumber>().expect("parses"), number);
        }

        #[test]
        fn a_misheard_character_is_noticed(bits in any::<u128>(), at in 0usize..11, other in 0usize..31) {
            let number = CaseNumber::of(CaseId(Uuid::from_u128(bits)));
            let mut plain: Vec<char> = number.as_str()[3..].chars().filter(|c| *c != '-').collect();
            let before = spoken_digit(plain[at]).expect("digit");
            let after = other as u8;
            prop_assume!(before != after);
            plain[at] = SPOKEN[usize::from(after)] as char;
            let misheard: String = plain.into_iter().collect();
            prop_assert!(misheard.parse::<CaseNumber>().is_err());
            prop_assert!(CaseNumber::is_mistyped(&misheard) && !CaseNumber::is_mistyped(number.as_str()));
        }
    }
}
