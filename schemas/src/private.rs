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
}
