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
