//! The type of everything personal. It can be carried and compared, but never printed by accident:
//! there is no `Display`, `Debug` is masked, and reading it needs [`Private::expose`] in plain sight.
//!
//! Serialising a `Private` writes the value in clear. That is allowed in two places only: when content
//! is sealed for storage, and when it is disclosed to someone entitled to it.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// A personal string: a name, a telephone number, an address, or free text that may contain them.
#[derive(Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(transparent)]
pub struct Private(String);

impl Private {
    /// Wraps a personal string.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value in clear; every call of this is a place where personal data is used.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The value as a screen may show it: the first character, and the last two of long ones.
    pub fn masked(&self) -> String {
        let chars: Vec<char> = self.0.chars().collect();
        match chars.len() {
            0 => String::new(),
            1..=4 => format!("{}**", chars[0]),
            n => format!("{}***{}", chars[0], chars[n - 2..].iter().collect::<String>()),
        }
    }

    /// Whether this is the other value with part of it masked (`138****1234`, `张**`): then it says nothing more.
    pub fn is_masked_from(&self, other: &Self) -> bool {
        let (masked, whole) = (stars(&bare(&self.0)), bare(&other.0));
        let parts: Vec<&str> = masked.split('*').collect();
        let [first, middle @ .., last] = parts.as_slice() else { return false };
        let between = whole.strip_prefix(first).and_then(|rest| rest.strip_suffix(last)).filter(|b| !b.is_empty());
        let Some(mut rest) = between else { return false };
        middle.iter().all(|part| {
            let after = rest.split_once(part).map(|(_, after)| after);
            rest = after.unwrap_or_default();
            after.is_some()
        })
    }
}

/// With a star wherever something is masked. A single `x` is a letter, or the end of an identity number.
fn stars(text: &str) -> String {
    const MASKS: [char; 10] = ['＊', '×', '✕', '●', '•', '○', '◯', '■', '□', '█'];
    text.replace(MASKS, "*").replace("xx", "**").replace("XX", "**").replace("*x", "**").replace("*X", "**")
}

/// Without what only sets digits apart.
fn bare(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && *c != '-').collect()
}

impl fmt::Debug for Private {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Private(***)")
    }
}

impl From<&str> for Private {
    fn from(value: &str) -> Self {
        Self::new(value)
    }
}

impl From<String> for Private {
    fn from(value: String) -> Self {
        Self(value)
    }
}

impl JsonSchema for Private {
    fn schema_name() -> Cow<'static, str> {
        "Private".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "description": "Personal; sealed at rest, masked on screens and in logs." })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_and_mask_hide_the_value() {
        let phone = Private::new("19900001234");
        assert!(!format!("{phone:?}").contains("1990"));
        assert_eq!(phone.masked(), "1***34");
        assert_eq!(Private::new("王小明").masked(), "王**");
        assert_eq!(Private::default().masked(), "");
    }

    #[test]
    fn what_is_masked_agrees_with_what_it_masks_only() {
        for (masked, whole, agrees) in [
            ("138****1234", "13812341234", true),
            ("138＊＊＊＊1234", "138-1234-1234", true),
            ("138xxxx1234", "13812341234", true),
            ("138****1234", "13812341235", false),
            ("13812341234", "13812341234", false),
            ("13812341234", "138****1234", false),
            ("张**", "张三", true),
            ("张**", "张", false),
            ("张**", "李四", false),
            ("*三", "张三", true),
            ("***", "张三", true),
            ("***", "张**", true),
            ("33020519**********2x", "33020519491231002x", true),
            ("3302**1949**31002x", "33020519491231002x", true),
            ("3302**1950**31002x", "33020519491231002x", false),
            ("33020519491231002x", "330205194912310021", false),
            ("张**", "", false),
            ("", "张三", false),
        ] {
            assert_eq!(Private::new(masked).is_masked_from(&Private::new(whole)), agrees, "{masked} of {whole}");
        }
    }
}
