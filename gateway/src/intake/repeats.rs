//! Records that a pull brings again. A round asks for some of what the one before asked for: where the clocks differ, for all
//! of that time; over several pages none is like the page before it. A page of records of each of which this is what was
//! stored last need not be stored again. Kept in memory: after a start everything is stored once more, which appends nothing.

use std::collections::HashMap;

use huiliu_adapters::decode::Limits;
use huiliu_adapters::pack::{Pack, Way};
use huiliu_adapters::verify::{RawBody, Verified};
use huiliu_schemas::Namespace;
use huiliu_schemas::ids::SourceId;
use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// A round with more records is one of the past, which is asked for once.
const MOST: usize = 100_000;

type Digest = [u8; 32];

/// Whose record it is: by its number, or, where it has none that can be read, by itself.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Whose {
    Number(SourceId),
    Unread(Digest),
}

/// The records of a page, each with a digest.
pub(super) struct Records(Vec<(Whose, Digest)>);

impl Records {
    /// As the pipeline will tell them apart; `None` where it cannot.
    pub fn of(pack: &Pack, namespace: &Namespace, body: &Verified<RawBody>) -> Option<Self> {
        let read = |value: Value| {
            let digest = Sha256::digest(value.to_string()).into();
            let whose = pack.map(&value, namespace, Timestamp::MAX);
            let whose = whose.map_or(Whose::Unread(digest), |s| Whose::Number(s.source));
            (whose, digest)
        };
        let records = pack.decode(Way::Pull, body, Limits::default()).ok()?;
        records.into_iter().map(|record| record.value.ok().map(read)).collect::<Option<_>>().map(Self)
    }
}

/// What was stored last of each record, as far as this round and the one before it brought it.
#[derive(Default)]
pub(super) struct Repeats {
    before: HashMap<Whose, Digest>,
    now: HashMap<Whose, Digest>,
}

impl Repeats {
    /// Whether every record is as it was stored last.
    pub fn knows(&self, records: &Records) -> bool {
        records.0.iter().all(|(whose, digest)| self.now.get(whose).or_else(|| self.before.get(whose)) == Some(digest))
    }

    /// These records are stored; of records that cannot be told apart, nobody knows which they were.
    pub fn note(&mut self, records: Option<Records>) {
        let Some(records) = records else { return *self = Self::default() };
        for (whose, digest) in records.0 {
            // What is no longer kept must not be taken for what it was before.
            self.before.remove(&whose);
            self.now.remove(&whose);
            if self.now.len() < MOST {
                self.now.insert(whose, digest);
            }
        }
    }

    /// The round is over: what it did not bring is forgotten.
    pub fn turn(&mut self) {
        self.before = std::mem::take(&mut self.now);
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use huiliu_adapters::verify::Proof;

    use super::*;

    fn records(stated: &[(&str, &str)]) -> Records {
        let whose = |id: &str| Whose::Number(SourceId { namespace: "portal".parse().expect("a name"), id: id.into() });
        Records(stated.iter().map(|(id, state)| (whose(id), Sha256::digest(state).into())).collect())
    }

    #[test]
    fn only_what_was_stored_last_is_a_repeat() {
        let mut repeats = Repeats::default();
        let round = |repeats: &mut Repeats, pages: &[&[(&str, &str)]]| {
            let mut stored = 0;
            for page in pages {
                let page = records(page);
                stored += usize::from(!repeats.knows(&page));
                repeats.note(Some(page));
            }
            repeats.turn();
            stored
        };
        assert_eq!(round(&mut repeats, &[&[("1", "a"), ("2", "a")], &[("3", "a")]]), 2);
        assert_eq!(round(&mut repeats, &[&[("1", "a"), ("2", "a")], &[("3", "a")]]), 0, "all of it again");
        assert_eq!(round(&mut repeats, &[&[("2", "a"), ("3", "a")]]), 0, "the pages are divided otherwise");
        assert_eq!(round(&mut repeats, &[&[("2", "a")], &[("3", "b")]]), 1, "one changed");
        assert_eq!(round(&mut repeats, &[&[("2", "a")], &[("3", "a")]]), 1, "and changed back");
        assert_eq!(round(&mut repeats, &[&[("2", "a"), ("2", "b")], &[("2", "a")]]), 2, "back within a round");
        assert_eq!(round(&mut repeats, &[&[("3", "a")]]), 1, "the round before did not bring it");
        repeats.note(None);
        assert_eq!(round(&mut repeats, &[&[("3", "a")]]), 1, "it may have been among those nobody could tell apart");
    }

    #[test]
    fn a_record_is_known_by_its_number() {
        let pack = Pack::embedded("petition-portal").expect("loads");
        let of = |text: &str| {
            let body =
                RawBody { bytes: Bytes::copy_from_slice(text.as_bytes()), content_type: None, content_encoding: None };
            Records::of(&pack, &pack.namespace, &Verified::vouched(body, Proof::Pulled))
        };
        assert!(of(r#"{"list":["text"]}"#).is_none() && of("no list").is_none(), "then it is stored");
        let unread = of(r#"{"list":[{"nothing":1}]}"#).expect("records");
        assert!(matches!(unread.0[..], [(Whose::Unread(_), _)]));
        let record = include_str!("../../../adapters/packs/petition-portal/fixtures/push.json");
        let read = of(&format!(r#"{{"list":{record}}}"#)).expect("records");
        assert!(matches!(read.0[..], [(Whose::Number(_), _), ..]));
    }
}
