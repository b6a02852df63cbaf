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
use huiliu_schemas::vocabulary::{AnswerKind, Solved};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::path::Path;
use super::spec::Encoding;
use super::table::Table;
use super::time::TimeReader;
use crate::charset;

pub use judge::Judgement;
pub use render::HttpRequestParts;

/// One fact to be told to the source of a case. Holds personal text: it is opened only to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// What happened.
    pub kind: AnswerKind,
    /// The source's number for the case, as registered.
    pub source_id: String,
    /// The idempotency key: of the event and of the number it is told under, the same over all attempts.
    pub event_id: String,
    /// When it happened.
    pub at: Timestamp,
    /// Who acted, by name.
    pub department_name: Option<String>,
    /// What the citizen is told, or the note of a step.
    pub reply: Option<Private>,
    /// Why it is declined, by its article at least.
    pub reason: Option<Private>,
    /// What came of it.
    pub solved: Option<Solved>,
    /// Whether the citizen was spoken to.
    pub contacted: Option<bool>,
}

/// Every way of telling a source, compiled.
#[derive(Debug)]
pub struct Writeback {
    kinds: BTreeMap<AnswerKind, Request>,
    /// Not told, on purpose.
    untold: Vec<AnswerKind>,
    /// Where the pack names what the hub once meant to tell and does not: passed over.
    former: Vec<String>,
    answers: Answers,
}

impl Writeback {
    /// Whether the source wants to be told of this.
    pub fn tells(&self, kind: AnswerKind) -> bool {
        self.kinds.contains_key(&kind)
    }

    /// Whether the pack says what the source is told, if only that it is told nothing.
    pub fn is_decided(&self) -> bool {
        !self.kinds.is_empty() || !self.untold.is_empty()
    }

    /// The request that tells it; none if the source is not told of this kind.
    pub fn render(&self, outgoing: &Outgoing) -> Option<HttpRequestParts> {
        self.kinds.get(&outgoing.kind).map(|request| render::render(request, outgoing))
    }

    /// The words of that request for the citizen, as the source will show them.
    pub fn words(&self, outgoing: &Outgoing) -> Option<Private> {
        self.kinds.get(&outgoing.kind).and_then(|request| render::words(request, outgoing)).map(Private::from)
    }

    /// What an answer means that came `now`. `retry_after` is the header's value in seconds, if there was one.
    pub fn judge(&self, status: u16, retry_after: Option<u64>, body: &[u8], now: Timestamp) -> Judgement {
        judge::judge(&self.answers, status, retry_after, body, now)
    }

    /// Whether the source no longer knows who tells it: a fresh token may help.
    pub fn refuses_caller(&self, status: u16, body: &[u8]) -> bool {
        status == 401 || judge::refuses_caller(&self.answers, charset::json(body).ok().as_ref())
    }
}

#[derive(Debug)]
struct Request {
    method: String,
    path: String,
    /// Of the series of numbers told elsewhere: prefix and path.
    paths: Vec<(String, String)>,
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
    refused: Vec<String>,
    message: Option<Path>,
    version: Option<Path>,
    time: TimeReader,
}
