//! What is wrong in a pack's files, said so that its author finds the place.

use std::fmt;

/// One thing wrong: file, place in it, what stands there, what should.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// File, relative to the pack.
    pub file: String,
    /// Key or line.
    pub place: String,
    /// What stands there.
    pub value: String,
    /// What should.
    pub expected: String,
}

impl Issue {
    pub(crate) fn new(file: &str, place: &str, value: &str, expected: &str) -> Self {
        let value = value.chars().take(200).collect();
        Self { file: file.to_owned(), place: place.to_owned(), value, expected: expected.to_owned() }
    }

    /// What is no TOML, or has words in it that the file does not know.
    pub(crate) fn toml(file: &str, what: &str, text: &str, error: &toml::de::Error) -> Self {
        let line = error.span().map_or(1, |span| line_at(text, span.start));
        Self::new(file, &format!("line {line}"), "", &format!("{what}: {}", error.message().trim()))
    }
}

/// The line of a place in a text, from 1.
pub(crate) fn line_at(text: &str, at: usize) -> u32 {
    let before = text.get(..at).unwrap_or(text);
    u32::try_from(before.matches('\n').count()).unwrap_or(u32::MAX).saturating_add(1)
}

impl fmt::Display for Issue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: ", self.file, self.place)?;
        if self.value.is_empty() {
            write!(f, "expected {}", self.expected)
        } else {
            write!(f, "`{}` is not valid: expected {}", self.value, self.expected)
        }
    }
}
