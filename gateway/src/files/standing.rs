//! How what is followed stands.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::source::Source;

/// Problems told of one refused version.
const MOST_PROBLEMS: usize = 50;

/// What runs of one thing that is followed.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Standing {
    /// `directory`, or `pack:` and its name.
    pub what: String,
    /// The folder; none for a pack that is built in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The version in use; of the directory, the one decisions name.
    pub version: String,
    /// Since when it is in use.
    pub since: Timestamp,
    /// What stands in the files instead and was not taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<Refused>,
}

/// Files that were not taken.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Refused {
    /// When.
    pub at: Timestamp,
    /// What is wrong in them, by file and line.
    pub problems: Vec<String>,
    /// Further problems that are not listed.
    pub more: usize,
    /// What they held, so that the same is not refused twice.
    #[serde(skip)]
    pub(super) content: String,
}

impl Refused {
    pub(super) fn new(content: String, mut problems: Vec<String>) -> Self {
        let more = problems.len().saturating_sub(MOST_PROBLEMS);
        problems.truncate(MOST_PROBLEMS);
        Self { at: Timestamp::now(), problems, more, content }
    }
}

/// A source, and how far we are with it.
pub(super) struct Watched {
    pub(super) source: Source,
    pub(super) standing: Standing,
    /// What the last look found, while it waits for another to find the same.
    pub(super) settling: Option<String>,
    /// The files' stamp when they were taken or refused.
    pub(super) dealt_with: Option<Vec<super::source::Stamp>>,
}

impl Watched {
    pub(super) fn new(source: Source) -> Self {
        let standing = Standing {
            what: source.what(),
            from: source.from(),
            version: source.running(),
            since: Timestamp::now(),
            refused: None,
        };
        Self { source, standing, settling: None, dealt_with: None }
    }
}
