//! A channel as a folder: `pack.toml` (how it talks), `map.toml` and `tables/*.csv` (what it means),
//! `fixtures/` (the proof). Built in or from a directory; a directory wins. Knows no department and no address.

mod bench;
mod draft;
mod embedded;
mod files;
#[cfg(test)]
mod fixtures_test;
mod lint;
mod spec;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use huiliu_schemas::submission::Submission;
use huiliu_schemas::{Namespace, SourceId};
use jiff::Timestamp;
use serde_json::Value;
use thiserror::Error;

use crate::answer::Protocol;
use crate::decode::{BatchAt, DecodeError, Format, Limits, Record, decode};
use crate::map::{Issue, Map, Unmapped, Writeback};
use crate::pull::PullSpec;
use crate::token::TokenSpec;
use crate::verify::{RawBody, Scheme, Verified};

pub use draft::{DraftError, Drafted, new};
use files::Files;
pub use files::folders;

pub use bench::{Difference, FixtureResult, Report, bless, records, test, test_built_in, try_one};
pub use lint::{lint, lint_built_in};
pub use spec::Title;

/// A pack, loaded and checked.
#[derive(Debug)]
pub struct Pack {
    /// Name, e.g. `hotline-12345`.
    pub name: String,
    /// The content address of its files, 16 hex digits.
    pub version: String,
    /// Whose numbering its records carry, unless the settings say otherwise.
    pub namespace: Namespace,
    /// What people call it.
    pub title: Title,
    /// How it pushes, if it does.
    pub push: Option<Push>,
    /// How it is asked, if it can be.
    pub pull: Option<PullSpec>,
    /// The header a key goes in when the hub speaks to the system, for pulls and write-backs alike.
    pub key_header: Option<String>,
    /// How it hands out tokens, if it wants one with every request.
    pub token: Option<TokenSpec>,
    map: Map,
}

/// How a system pushes.
#[derive(Debug)]
pub struct Push {
    /// How the body is written.
    pub format: Format,
    /// The schemes it may sign with, the best first.
    pub schemes: Vec<Scheme>,
    /// The answer its senders expect.
    pub answer: Protocol,
    batch: BatchAt,
}

/// The way a body came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Pushed to us.
    Push,
    /// Pulled by us.
    Pull,
}

/// Why a pack cannot be used.
#[derive(Debug, Error)]
pub enum PackError {
    /// No built-in pack has that name.
    #[error("there is no built-in pack `{name}`: expected one of {}, or a directory", .known.join(", "))]
    Unknown {
        /// The name asked for.
        name: String,
        /// The names there are.
        known: Vec<String>,
    },
    /// A file cannot be read.
    #[error("{path} cannot be read: {source}")]
    Read {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// What stands in the files is not a pack; every issue is listed.
    #[error("pack `{name}` has {} issue(s):\n{}", .issues.len(), listed(.issues))]
    Invalid {
        /// The pack.
        name: String,
        /// Every issue.
        issues: Vec<Issue>,
    },
    /// A sample cannot be decoded.
    #[error("{file}: {source}")]
    Decode {
        /// The sample.
        file: String,
        /// Why.
        source: DecodeError,
    },
}

fn listed(issues: &[Issue]) -> String {
    issues.iter().map(|issue| format!("  {issue}")).collect::<Vec<_>>().join("\n")
}

/// The texts of a pack as they were found, not yet understood: what they say can be compared before it is taken.
#[derive(Debug)]
pub struct Found {
    files: Files,
    /// The folder; none for a built-in pack.
    pub folder: Option<PathBuf>,
}

impl Found {
    /// Reads `name` from a directory below `packs_dir` if there is one, else the built-in one.
    ///
    /// # Errors
    /// When there is neither, or a file cannot be read.
    pub fn find(name: &str, packs_dir: Option<&Path>) -> Result<Self, PackError> {
        match packs_dir.map(|dir| dir.join(name)).filter(|dir| dir.join(spec::FILE).is_file()) {
            Some(folder) => Self::read(&folder),
            None => Ok(Self { files: Files::embedded(embedded::named(name)?), folder: None }),
        }
    }

    /// Reads the folder of a pack.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn read(folder: &Path) -> Result<Self, PackError> {
        Ok(Self { files: Files::read(folder)?, folder: Some(folder.to_path_buf()) })
    }

    /// Puts the texts into a folder of their own, on the disk before it returns.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn write(&self, folder: &Path) -> std::io::Result<()> {
        self.files.write(folder)
    }

    /// The content address of what was read.
    pub fn version(&self) -> String {
        self.files.version()
    }

    /// Whose numbering it says its records carry, though nothing else of it be understood.
    pub fn namespace(&self) -> Option<Namespace> {
        spec::namespace(&self.files.pack)
    }

    /// The pack, checked.
    ///
    /// # Errors
    /// With everything that is wrong in it.
    pub fn load(&self) -> Result<Pack, PackError> {
        Pack::from_files(&self.files)
    }
}

impl Pack {
    /// The names of the packs built into the binary.
    pub fn built_in() -> Vec<&'static str> {
        embedded::PACKS.iter().map(|pack| pack.name).collect()
    }

    /// Loads a built-in pack.
    pub fn embedded(name: &str) -> Result<Self, PackError> {
        Self::from_files(&Files::embedded(embedded::named(name)?))
    }

    /// Loads a pack from a directory.
    pub fn load(dir: &Path) -> Result<Self, PackError> {
        Self::from_files(&Files::read(dir)?)
    }

    /// Loads `name` from a directory below `packs_dir` if there is one, else the built-in one.
    pub fn find(name: &str, packs_dir: Option<&Path>) -> Result<Self, PackError> {
        Found::find(name, packs_dir)?.load()
    }

    fn from_files(files: &Files) -> Result<Self, PackError> {
        let spec = spec::parse(&files.pack);
        let map = Map::compile(&files.map, &files.tables);
        match (spec, map) {
            (Ok(checked), Ok(map)) => Ok(checked.into_pack(files.version(), map)),
            (spec, map) => {
                let issues = spec.err().into_iter().chain(map.err()).flatten().collect();
                Err(PackError::Invalid { name: files.name.clone(), issues })
            }
        }
    }

    /// The records of a body that came in one way or the other.
    pub fn decode(&self, way: Way, body: &Verified<RawBody>, limits: Limits) -> Result<Vec<Record>, DecodeError> {
        let none = BatchAt::default();
        let (format, batch) = match (way, &self.push, &self.pull) {
            (Way::Push, Some(push), _) => (push.format, &push.batch),
            (Way::Pull, _, Some(pull)) => (Format::Json, &pull.records),
            _ => (Format::Json, &none),
        };
        decode(format, batch, limits, body)
    }

    /// Makes a submission of a record; `namespace` is the channel's, usually [`Pack::namespace`]. See [`Map::map`].
    ///
    /// # Errors
    /// What is wrong with the record, by field. One that a fault of ours breaks down on harms no other.
    pub fn map(&self, record: &Value, namespace: &Namespace, received: Timestamp) -> Result<Submission, Unmapped> {
        let map = || self.map.map(record, namespace, received);
        catch_unwind(AssertUnwindSafe(map)).unwrap_or_else(|_| Err(Unmapped::broke_down()))
    }

    /// The number of a record, though nothing else of it be read.
    pub fn number(&self, record: &Value) -> Option<SourceId> {
        self.map.number(record, &self.namespace)
    }

    /// The fields of a record that nobody reads.
    pub fn unread(&self, record: &Value) -> Vec<String> {
        self.map.unread(record)
    }

    /// Whether a table translates a code for one of our fields.
    pub fn translates(&self, field: &str, code: &str) -> bool {
        self.map.translates(field, code)
    }

    /// How the source is told what became of its cases.
    pub fn writeback(&self) -> &Writeback {
        self.map.writeback()
    }
}
