//! The records of a page, told apart: by their number, or, where they have none that can be read, by themselves. What is
//! listed twice is counted once, and what was stored already need not be stored again.

use std::cell::LazyCell;
use std::slice;

use huiliu_schemas::ids::SourceId;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::charset;
use crate::decode::{Limits, Record};
use crate::pack::{Pack, Way};
use crate::salvage;
use crate::verify::{RawBody, Verified};

/// SHA-256 of a record, or of a list.
pub type Digest = [u8; 32];

/// Whose record it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Whose {
    /// Of this number.
    Number(SourceId),
    /// No number can be read of it: its own text.
    Unread(Digest),
    /// Nobody can tell where it begins: the page's number, and its place there. The page as it came would be another one each
    /// time it says when it was written.
    Place(u32, usize),
}

impl Whose {
    /// Of so many records in a page of which nobody can tell them apart.
    pub(super) fn places(page: u32, records: usize) -> Vec<Self> {
        (0..records).map(|place| Self::Place(page, place)).collect()
    }
}

/// The records of a page, each with a digest.
#[derive(Debug, Clone, PartialEq)]
pub struct Records(pub Vec<(Whose, Digest)>);

impl Records {
    /// As the pipeline will tell them apart, those of the page of this number; `None` where it cannot.
    pub fn of(pack: &Pack, body: &Verified<RawBody>, page: u32) -> Option<Self> {
        let text = charset::answer(&body.get().bytes);
        // What one that is broken says, its own text tells: it may be listed again on another page.
        let cut = LazyCell::new(|| salvage::cut(&text, slice::from_ref(&pack.pull.as_ref()?.list)));
        let broken = |index: usize| {
            let text = cut.as_ref().and_then(|cut| cut.elements.get(index));
            let digest = Sha256::digest(text.map_or(body.get().bytes.as_ref(), |text| text.as_bytes())).into();
            (text.map_or(Whose::Place(page, index), |_| Whose::Unread(digest)), digest)
        };
        let read = |value: Value| {
            let digest = Sha256::digest(value.to_string()).into();
            (pack.number(&value).map_or(Whose::Unread(digest), Whose::Number), digest)
        };
        let records = pack.decode(Way::Pull, body, Limits::default()).ok()?;
        let told = |record: Record| record.value.map_or_else(|_| broken(record.index), read);
        Some(Self(records.into_iter().map(told).collect()))
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::verify::Proof;

    #[test]
    fn a_record_is_known_by_its_number() {
        let pack = Pack::embedded("petition-portal").expect("loads");
        let of = |text: &str| {
            let body =
                RawBody { bytes: Bytes::copy_from_slice(text.as_bytes()), content_type: None, content_encoding: None };
            Records::of(&pack, &Verified::vouched(body, Proof::Pulled), 1)
        };
        assert!(of("no list").is_none(), "then it is stored");
        for broken in [r#""text""#, r#"{"xfjbh":"1","title":"\ud83d"}"#] {
            let text = |at: u32| of(&format!(r#"{{"list":[{{}},{broken}],"at":{at}}}"#)).expect("records").0.remove(1);
            assert!(matches!(text(1).0, Whose::Unread(_)), "{broken}");
            assert_eq!(text(1), text(2), "it is itself, whatever stands around it: {broken}");
        }
        let unread = of(r#"{"list":[{"nothing":1}]}"#).expect("records");
        assert!(matches!(unread.0[..], [(Whose::Unread(_), _)]));
        let record = include_str!("../../packs/petition-portal/fixtures/push.json");
        let read = of(&format!(r#"{{"list":{record}}}"#)).expect("records");
        assert!(matches!(read.0[..], [(Whose::Number(_), _), ..]));
    }
}
