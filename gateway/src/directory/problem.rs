//! What is wrong with a directory file and where: every problem names file, line, column, the value met and
//! what was expected. Must never be swallowed: a directory with a problem is not loaded.

use std::fmt;
use std::path::PathBuf;

use thiserror::Error;

/// One thing wrong with one cell (or one file, then line 0).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// File, relative to the directory.
    pub file: String,
    /// Line in it, from 1; 0 when the whole file is meant.
    pub line: u32,
    /// Name of the column; empty when the whole line is meant.
    pub column: String,
    /// The value met, shortened.
    pub value: String,
    /// What would have been right.
    pub expected: String,
}

impl Problem {
    /// A problem of a whole file.
    pub(crate) fn of_file(file: &str, value: &str, expected: &str) -> Self {
        Self { file: file.into(), line: 0, column: String::new(), value: shorten(value), expected: expected.into() }
    }
}

pub(crate) fn shorten(value: &str) -> String {
    value.chars().take(60).collect()
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        if !self.column.is_empty() {
            write!(f, " column `{}`", self.column)?;
        }
        write!(f, ": met `{}`, expected {}", self.value, self.expected)
    }
}

/// All that is wrong with a directory, in file order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} problem(s) in the directory", self.0.len())?;
        self.0.iter().try_for_each(|p| write!(f, "\n  {p}"))
    }
}

impl std::error::Error for Problems {}

/// Why a directory could not be loaded from disk.
#[derive(Debug, Error)]
pub enum LoadError {
    /// A file could not be read.
    #[error("cannot read directory file {path}: {source}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The files were read and are wrong.
    #[error(transparent)]
    Invalid(#[from] Problems),
}
