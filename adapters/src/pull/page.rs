//! Reading a page only so far as the walk needs: its code, its list's length, its next cursor. Pure.

use std::slice;

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
use crate::json;
use crate::map::{RecordPath, as_text};
use crate::pack::Pack;
use crate::salvage::{self, Cut};
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
    /// What its list names and does not have, however often it was asked: it is passed over. Or what it has and does not name,
    /// or may have where it refuses to say.
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
    let told_apart = (said.rows > 0).then(|| Records::of(pack, &body, asked.page())).flatten();
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
    let text = charset::answer(bytes);
    let (answer, cut) = answer(spec, &text)?;
    check_code(spec, &answer)?;
    let number = |path: &RecordPath| path.get(&answer).and_then(as_text)?.parse().ok();
    let total = spec.total.as_ref().and_then(number);
    // Where neither a code nor a number says so, a null may as well stand beside a failure.
    let is_empty = || spec.list.is_null(&answer) && (spec.code.is_some() || total == Some(0));
    let (rows, list) = match (cut, spec.list.get(&answer)) {
        (Some(cut), _) => {
            let digest = cut.lists().fold(Sha256::new(), Sha256::chain_update);
            (cut.elements.len(), Some(digest.finalize().into()))
        }
        (None, Some(list @ Value::Array(rows))) => (rows.len(), Some(Sha256::digest(list.to_string()).into())),
        _ if is_empty() => (0, None),
        _ => return Err(PullError::NoList(spec.list.text().to_owned())),
    };
    let next = match &spec.walk {
        Walk::Cursor { next, .. } => next.get(&answer).and_then(as_text).filter(|t| !t.is_empty()).map(Into::into),
        Walk::Window { .. } => None,
    };
    Ok(Said { rows, list, total, next })
}

/// The answer; where no parser reads it because of what stands in its list, without that, and the list cut into its records:
/// one that is broken would stop all others for ever.
fn answer<'t>(spec: &PullSpec, text: &'t str) -> Result<(Value, Option<Cut<'t>>), PullError> {
    let error = match json::parse(text) {
        Ok(answer) => return Ok((answer, None)),
        Err(error) => error,
    };
    let cut = salvage::cut(text, slice::from_ref(&spec.list));
    let around = cut.and_then(|cut| Some((cut.around().ok()?, Some(cut))));
    around.ok_or(PullError::NotJson { line: error.line(), column: error.column() })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::Limits;
    use crate::pack::Way;

    fn page(pack: &Pack, body: String) -> Result<Page, PullError> {
        let spec = pack.pull.as_ref().expect("pulls");
        let present = Present::new("2026-03-01T10:00:00Z".parse().expect("a time"), None);
        let asked = Cursor::start(spec, "2026-03-01T09:00:00Z".parse().expect("a time")).begun(spec, present);
        read(pack, spec, &asked, RawBody::json(body), present, &mut Reading::default())
    }

    /// Half a sign beyond the basic plane, a line break as it is, no JSON at all: whatever one order breaks, it breaks alone.
    #[test]
    fn a_broken_order_stops_no_channel() {
        let pack = Pack::embedded("hotline-12345").expect("loads");
        for broken in [r#""title":"\ud83d""#, "\"title\":\"甲\n乙\"", r#""title":"#] {
            let rows = format!(r#"[{{"orderId":"1"}},{{"orderId":"2",{broken}}},{{"orderId":"3"}}]"#);
            let page = page(&pack, format!(r#"{{"code":0,"msg":"]","data":{{"rows":{rows},"total":3}}}}"#));
            let page = page.expect("a page");
            assert_eq!(page.records, 3);
            let whose: Vec<_> = page.told_apart.expect("told apart").0.into_iter().map(|(whose, _)| whose).collect();
            assert!(
                matches!(whose[..], [Whose::Number(_), Whose::Unread(_), Whose::Number(_)]),
                "only the broken one is known by itself: {whose:?}"
            );
            let records = pack.decode(Way::Pull, &page.body, Limits::default()).expect("decodes");
            assert_eq!(records.iter().map(|record| record.value.is_ok()).collect::<Vec<_>>(), [true, false, true]);
        }
        let alone = page(&pack, r#"{"code":0,"data":{"rows":[{"orderId":"\ud83d"}],"total":1}}"#.to_owned());
        assert_eq!(alone.expect("a page").records, 1, "nor need any other be whole");
    }

    #[test]
    fn what_stands_around_the_records_is_heard_and_must_be_whole() {
        let pack = Pack::embedded("hotline-12345").expect("loads");
        let error = |body: &str| page(&pack, body.to_owned()).expect_err("no page");
        let refused = error(r#"{"code":7,"msg":"满","data":{"rows":[{"orderId":}],"total":1}}"#);
        assert!(matches!(refused, PullError::Code { .. }), "{refused}");
        for broken in [
            r#"{"code":0,"data":{"rows":[{"orderId":"1"}],"total":}}"#,
            r#"{"code":0,"data":{"rows":[{"orderId":"1"}"#,
            r#"{"code":0,"data":{"rows":{"orderId":},"total":1}}"#,
            "<html>",
        ] {
            assert!(matches!(error(broken), PullError::NotJson { .. }), "{broken}");
        }
    }
}
