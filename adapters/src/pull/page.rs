//! Reading a page only so far as the walk needs: its code, its list's length, its next cursor. Pure.

use bytes::Bytes;
use serde_json::Value;

use super::cursor::{Cursor, Present, Seen};
use super::error::PullError;
use super::spec::{PullSpec, Walk};
use crate::charset;
use crate::map::{RecordPath, as_text};
use crate::verify::{Proof, RawBody, Verified};

/// A page, as it came.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// The whole answer, byte for byte: what is stored.
    pub body: Verified<RawBody>,
    /// How many records are in it. A page of none need not be stored.
    pub records: u64,
    /// Where to go on; to be stored after the page, never before.
    pub next: Cursor,
    /// What it names and does not list, and was asked for often enough: it is passed over.
    pub missing: Option<PullError>,
}

impl Page {
    /// Where there is nothing to read.
    pub(super) fn none(next: Cursor) -> Self {
        let raw = RawBody { bytes: Bytes::new(), content_type: None, content_encoding: None };
        Self { body: Verified::vouched(raw, Proof::Pulled), records: 0, next, missing: None }
    }
}

/// Reads the answer to what `asked` asked for, given at `present`. Where it must `go_on`, what
/// it names and does not list is no error any more.
pub(super) fn read(
    spec: &PullSpec,
    asked: &Cursor,
    bytes: Bytes,
    content_type: Option<String>,
    present: Present,
    go_on: bool,
) -> Result<Page, PullError> {
    let seen = Seen { present: Some(present), ..look(spec, &bytes)? };
    let raw = RawBody { bytes, content_type, content_encoding: None };
    let (next, missing) = match asked.after(&seen) {
        Err(missing @ PullError::Missing { .. }) if go_on => (asked.past(&seen), Some(missing)),
        next => (next?, None),
    };
    Ok(Page { body: Verified::vouched(raw, Proof::Pulled), records: seen.records, next, missing })
}

fn look(spec: &PullSpec, bytes: &[u8]) -> Result<Seen, PullError> {
    let answer =
        charset::json(bytes).map_err(|error| PullError::NotJson { line: error.line(), column: error.column() })?;
    check_code(spec, &answer)?;
    let list = spec.list.get(&answer).filter(|list| list.is_array());
    let list = list.ok_or_else(|| PullError::NoList(spec.list.text().to_owned()))?;
    let number = |path: &Option<RecordPath>| path.as_ref()?.get(&answer).and_then(as_text)?.parse().ok();
    let next = match &spec.walk {
        Walk::Cursor { next, .. } => next.get(&answer).and_then(as_text).filter(|t| !t.is_empty()).map(Into::into),
        Walk::Window { .. } => None,
    };
    Ok(Seen {
        records: list.as_array().map_or(0, Vec::len) as u64,
        total: number(&spec.total),
        served_size: number(&spec.served_size),
        next,
        present: None,
    })
}

fn check_code(spec: &PullSpec, answer: &Value) -> Result<(), PullError> {
    let Some(path) = &spec.code else { return Ok(()) };
    let code = path.get(answer).and_then(as_text).ok_or_else(|| PullError::NoCode(path.text().to_owned()))?;
    if spec.ok.iter().any(|ok| *ok == *code) {
        return Ok(());
    }
    let busy = spec.busy.iter().any(|busy| *busy == *code);
    Err(PullError::Code { code: code.chars().take(20).collect(), message: message(spec, answer), busy })
}

/// The system's words, shortened.
pub(super) fn message(spec: &PullSpec, answer: &Value) -> String {
    let text = spec.message.as_ref().and_then(|path| path.get(answer)).and_then(as_text);
    text.map(|text| text.chars().take(80).collect()).unwrap_or_default()
}
