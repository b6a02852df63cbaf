//! The table backwards: how an outgoing fact becomes a request to the source, and what its answer means.
//! Pure: who sends it, when and how often is not decided here.

pub(super) mod compile;
mod judge;
mod lint;
mod render;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use huiliu_schemas::private::Private;
use huiliu_schemas::vocabulary::Solved;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::path::Path;
use super::spec::Encoding;
use super::table::Table;
use super::time::TimeReader;

pub use judge::Judgement;
pub(super) use judge::version;
pub use render::HttpRequestParts;

/// What may be told to a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutgoingKind {
    /// 派单: a department has it in its queue.
    Dispatched,
    /// 受理.
    Accepted,
    /// 不予受理.
    Declined,
    /// 退回 to the source.
    Returned,
    /// 办理: a step was taken.
    Progress,
    /// 办结, with the reply.
    Resolved,
    /// 申请延期.
    Extended,
}

impl OutgoingKind {
    /// Every kind.
    pub const ALL: &'static [Self] = &[
        Self::Dispatched,
        Self::Accepted,
        Self::Declined,
        Self::Returned,
        Self::Progress,
        Self::Resolved,
        Self::Extended,
    ];

    /// The kind as it stands in `map.toml`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dispatched => "dispatched",
            Self::Accepted => "accepted",
            Self::Declined => "declined",
            Self::Returned => "returned",
            Self::Progress => "progress",
            Self::Resolved => "resolved",
            Self::Extended => "extended",
        }
    }

    /// Reads the kind.
    pub fn read(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == text)
    }
}

/// One fact to be told to the source of a case. Holds personal text: it is opened only to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// What happened.
    pub kind: OutgoingKind,
    /// The source's own number for the case.
    pub source_id: String,
    /// The idempotency key: the same over all attempts.
    pub event_id: String,
    /// When it happened.
    pub at: Timestamp,
    /// Who acted, by name.
    pub department_name: Option<String>,
    /// What the citizen is told, or the note of a step.
    pub reply: Option<Private>,
    /// Why it is returned, declined or extended.
    pub reason: Option<Private>,
    /// What came of it.
    pub solved: Option<Solved>,
    /// Whether the citizen was spoken to.
    pub contacted: Option<bool>,
    /// The new deadline.
    pub deadline: Option<Timestamp>,
}

/// Every way of telling a source, compiled.
#[derive(Debug)]
pub struct Writeback {
    kinds: BTreeMap<OutgoingKind, Request>,
    /// Not told, on purpose.
    untold: Vec<OutgoingKind>,
    answers: Answers,
}

impl Writeback {
    /// Whether the source wants to be told of this.
    pub fn tells(&self, kind: OutgoingKind) -> bool {
        self.kinds.contains_key(&kind)
    }

    /// The request that tells it; none if the source is not told of this kind.
    pub fn render(&self, outgoing: &Outgoing) -> Option<HttpRequestParts> {
        self.kinds.get(&outgoing.kind).map(|request| render::render(request, outgoing))
    }

    /// What an answer means. `retry_after` is the header's value in seconds, if there was one.
    pub fn judge(&self, status: u16, retry_after: Option<u64>, body: &[u8]) -> Judgement {
        judge::judge(&self.answers, status, retry_after, body)
    }
}

#[derive(Debug)]
struct Request {
    method: String,
    path: String,
    encoding: Encoding,
    fields: Vec<OutField>,
    zone: TimeZone,
}

#[derive(Debug)]
struct OutField {
    /// The source's field, one key per level.
    keys: Vec<String>,
    fact: Fact,
    table: Option<Arc<Table>>,
    format: String,
    longest: usize,
}

/// The closed set of what a field may be filled from.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Fact {
    Constant(String),
    SourceId,
    EventId,
    At,
    Deadline,
    DepartmentName,
    Reply,
    Reason,
    Solved,
    Contacted,
}

impl Fact {
    const NAMES: &'static [(&'static str, Self)] = &[
        ("source_id", Self::SourceId),
        ("event_id", Self::EventId),
        ("at", Self::At),
        ("deadline", Self::Deadline),
        ("department_name", Self::DepartmentName),
        ("reply", Self::Reply),
        ("reason", Self::Reason),
        ("solved", Self::Solved),
        ("contacted", Self::Contacted),
    ];
}

#[derive(Debug)]
struct Answers {
    code: Option<Path>,
    ok: Vec<String>,
    already: Vec<String>,
    busy: Vec<String>,
    message: Option<Path>,
    version: Option<Path>,
    time: TimeReader,
}
