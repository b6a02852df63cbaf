//! Reading a page only so far as the walk needs: its code, its list's length, its next cursor. Pure.

use bytes::Bytes;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::cursor::{Cursor, Seen};
use super::error::{Missing, PullError};
use super::present::Present;
use super::records::{Digest, Records, Whose};
use super::spec::{PullSpec, Walk};
use super::window::Reading;
use crate::charset;
use crate::map::{RecordPath, as_text};
use crate::pack::Pack;
use crate::verify::{Proof, RawBody, Verified};

/// A page, as it came.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// The whole answer, byte for byte: what is stored.
    pub body: Verified<RawBody>,
    /// How many records are in it. A page of none need not be stored.
    pub records: u64,
    /// The records, where they can be told apart.
    pub told_apart: Option<Records>,
    /// Where to go on; to be stored after the page, never before.
    pub next: Cursor,
    /// What its list names and does not have, however often it was asked: it is passed over.
    pub missing: Option<Missing>,
}

impl Page {
    /// Where there is nothing to read.
    pub(super) fn none(next: Cursor) -> Self {
        let raw = RawBody { bytes: Bytes::new(), content_type: None, content_encoding: None };
        Self { body: Verified::vouched(raw, Proof::Pulled), records: 0, told_apart: None, next, missing: None }
    }
}

/// Reads the answer to what `asked` asked for, given at `present`.
pub(super) fn read(
    pack: &Pack,
    spec: &PullSpec,
    asked: &Cursor,
    raw: RawBody,
    present: Present,
    reading: &mut Reading,
) -> Result<Page, PullError> {
    let said = look(spec, &raw.bytes)?;
    let body = Verified::vouched(raw, Proof::Pulled);
    let told_apart = (said.rows > 0).then(|| Records::of(pack, &body)).flatten();
    let records = match &told_apart {
        Some(records) => records.0.iter().map(|(whose, _)| whose.clone()).collect(),
        None => Whose::places(asked.page(), said.rows),
    };
    let seen = Seen { records, list: said.list, total: said.total, next: said.next, present: Some(present) };
    let (next, missing) = asked.after(&seen, reading)?;
    Ok(Page { body, records: said.rows as u64, told_apart, next, missing })
}

/// What stands around the records.
struct Said {
    rows: usize,
    list: Option<Digest>,
    total: Option<u64>,
    next: Option<String>,
}

fn look(spec: &PullSpec, bytes: &[u8]) -> Result<Said, PullError> {
    let answer =
        charset::json(bytes).map_err(|error| PullError::NotJson { line: error.line(), column: error.column() })?;
    check_code(spec, &answer)?;
    let number = |path: &RecordPath| path.get(&answer).and_then(as_text)?.parse().ok();
    let total = spec.total.as_ref().and_then(number);
    // Where neither a code nor a number says so, a null may as well stand beside a failure.
    let is_empty = || spec.list.is_null(&answer) && (spec.code.is_some() || total == Some(0));
    let (rows, list) = match spec.list.get(&answer) {
        Some(list @ Value::Array(rows)) => (rows.len(), Some(Sha256::digest(list.to_string()).into())),
        _ if is_empty() => (0, None),
        _ => return Err(PullError::NoList(spec.list.text().to_owned())),
    };
    let next = match &spec.walk {
        Walk::Cursor { next, .. } => next.get(&answer).and_then(as_text).filter(|t| !t.is_empty()).map(Into::into),
        Walk::Window { .. } => None,
    };
    Ok(Said { rows, list, total, next })
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
