//! Records: the input is JSON as an upstream system might send it; every pack takes its records out of it and maps each.
//! The same record gives the same submission, which reads back as it was written; one that cannot be mapped says why.
#![no_main]

use std::sync::LazyLock;

use huiliu_adapters::decode::Limits;
use huiliu_adapters::pack::{Pack, Way};
use huiliu_adapters::verify::{Proof, RawBody, Verified};
use huiliu_schemas::submission::Submission;
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

static PACKS: LazyLock<Vec<Pack>> =
    LazyLock::new(|| Pack::built_in().iter().map(|name| Pack::embedded(name).expect("loads")).collect());

fuzz_target!(|input: &[u8]| {
    let limits = Limits { records: 16, ..Limits::default() };
    let body = Verified::vouched(RawBody::json(input.to_vec()), Proof::Stored);
    for pack in PACKS.iter() {
        for way in [Way::Push, Way::Pull] {
            for record in pack.decode(way, &body, limits).into_iter().flatten() {
                let _spoken = record.value.map(|record| map(pack, &record));
            }
        }
    }
});

fn map(pack: &Pack, record: &Value) {
    drop(pack.unread(record));
    let mapped = pack.map(record, &pack.namespace, Timestamp::MAX);
    assert_eq!(
        mapped,
        pack.map(record, &pack.namespace, Timestamp::MAX),
        "{}: mapped differently a second time",
        pack.name
    );
    match mapped {
        Ok(submission) => {
            let text = serde_json::to_string(&submission).expect("is written");
            let back: Submission = serde_json::from_str(&text).expect("reads back");
            assert_eq!(submission, back, "{}: reads back differently", pack.name);
        }
        Err(unmapped) => {
            assert!(unmapped.problems.iter().any(|p| p.blocking), "{}: refused for no reason", pack.name);
            assert!(!unmapped.to_string().is_empty());
        }
    }
}
