//! Yesterday's bytes, today's reader. Each file in `fixtures/events` is a payload as it was written when its type was
//! new; a file is never written again. For a new type, add a sample below and run this test once with
//! `HUILIU_WRITE_FIXTURES=1`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use huiliu_schemas::event::{StoredEvent, event_types, read_payload};
use serde_json::{Value, json};

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/events").join(format!("{name}.json"))
}

fn seen() -> Value {
    json!({
        "source": { "namespace": "hotline", "id": "热线-260301-000123" },
        "order": 1_772_424_000_000_i64, "matter_digest": "6b1f", "answer_digest": "90ab",
        "registered_on": "2026-03-01", "identity_digest": "11aa", "name_digest": "22bb", "phone_digest": "33cc",
    })
}

fn decision(verdict: &Value) -> Value {
    json!({
        "directory": "sha256-5f", "verdict": verdict,
        "rule": { "file": "responsibilities.csv", "line": 12, "words": "路灯由住建负责" },
        "matter": "010203", "division": "330205006", "level": 3, "complexity": "ordinary",
        "accusation": false, "accused": ["jb-police"],
        "matched": [{ "what": "matter", "value": "010203", "because": "来源分类" }],
        "beaten": [{ "rule": { "file": "responsibilities.csv", "line": 9, "words": "公共设施" }, "because": "较笼统" }],
        "excluded": [{ "department": "jb-police", "because": "被反映单位" }],
        "confidence": 95,
    })
}

fn facts() -> Value {
    json!({
        "appeal": "complaint", "form": "call", "registered_at": "2026-03-01T01:00:00Z",
        "source_deadline": "2026-03-08T01:00:00Z", "matter": "010203",
        "source_class": { "code": "0102", "name": "路灯" }, "division": "330205006",
        "place_names": ["江北区", "庄桥街道"],
        "point": { "longitude": 121.5, "latitude": 29.875, "datum": "gcj02",
            "original_longitude": 121.5, "original_latitude": 29.875 },
        "suggested_unit": "住建局", "urgency": "yellow", "persons_count": 2, "affected_count": 40,
        "flags": { "anonymous": false, "confidential": true, "public": false, "joint": true, "threat": false,
            "grave": false, "repeated": true, "backlog": false },
        "evidence": ["photo-1"], "unknown_codes": { "pilotLight": "9" },
    })
}

/// One body of each type, with every field filled.
fn samples() -> Vec<(&'static str, Value)> {
    let deadline =
        json!([{ "clock": "sign_for", "at": "2026-03-02T08:00:00Z", "provisional": true, "source": "本级" }]);
    let assessment = json!({ "solved": "partly", "satisfaction": "basically" });
    let dispatch = json!({ "to": "dispatch", "assignees": [{ "department": "jb-housing", "role": "lead" }] });
    let triage = json!({ "to": "triage", "reasons": ["no_owner"], "candidates": ["jb-housing"] });
    let department = json!({ "department": "jb-housing" });
    let entry = json!({ "department": "jb-housing", "n": 1 });
    let source = json!({ "namespace": "petition", "id": "9" });
    let empty = || json!({});
    vec![
        (
            "registered",
            json!({
                "number": "HL-0000-0000-0000", "channel": "hotline-12345", "weak_identity": true, "seen": seen(),
                "aliases": [source], "related": [source], "facts": facts(),
            }),
        ),
        ("recorded", empty()),
        ("triaged", json!({ "decision": decision(&triage) })),
        ("dispatched", json!({ "decision": decision(&dispatch), "deadlines": deadline })),
        ("signed_for", entry.clone()),
        ("accepted", json!({ "department": "jb-housing", "deadlines": deadline })),
        ("declined", json!({ "department": "jb-housing", "article": "第十九条" })),
        ("closed_to_repetition", json!({ "article": "第三十六条" })),
        (
            "return_requested",
            json!({
                "department": "jb-housing", "n": 1, "reason": "not_our_duty", "suggested": "jb-police",
            }),
        ),
        ("return_granted", entry.clone()),
        ("return_refused", entry),
        ("progressed", department.clone()),
        ("interim_answered", department.clone()),
        (
            "mediation_held",
            json!({ "session": {
            "id": "room-1", "level": 3, "round": 2, "started_at": "2026-03-03T01:00:00Z",
            "ended_at": "2026-03-03T02:00:00Z", "outcome": "agreed",
        } }),
        ),
        ("conferred", json!({ "departments": ["jb-housing", "jb-police"] })),
        ("called_in", json!({ "by": "jb-zhuangqiao", "departments": ["jb-housing"] })),
        ("resolved", json!({ "department": "jb-housing", "solved": "yes", "contacted": true })),
        ("assessed", json!({ "by": "citizen", "assessment": assessment })),
        ("closed", json!({ "at_source": true })),
        ("revisited", json!({ "assessment": assessment })),
        ("reopened", json!({ "deadlines": deadline })),
        ("review_requested", json!({ "level": 1 })),
        ("review_decided", json!({ "level": 2, "upheld": true })),
        ("urged", json!({ "seen": seen() })),
        ("supervised", empty()),
        ("interviewed", department),
        ("warned", json!({ "colour": "orange" })),
        ("extended", json!({ "clock": "resolve", "until": "2026-04-01T00:00:00Z" })),
        ("linked", json!({ "to": "cac304cb-9a77-53f1-80b7-f539c2d4216a", "kind": "duplicate" })),
        ("sponsored", empty()),
        (
            "supplemented",
            json!({
                "channel": "petition-portal", "seen": seen(), "aliases": [source], "facts": facts(),
            }),
        ),
        ("upstream_changed", json!({ "seen": seen(), "upstream": { "state": "closed", "code": "5" } })),
        ("superseded", json!({ "source": source, "order": 1, "known": 2 })),
        ("secrecy_asked", json!({ "anonymous": true, "confidential": true })),
        ("withdrawn", empty()),
        (
            "answer_delivered",
            json!({
                "event": "cac304cb-9a77-53f1-80b7-f539c2d4216a", "what": "resolved", "source": source, "version": 3,
                "reply_digest": "44dd", "refused": false,
            }),
        ),
    ]
}

/// The stored form of a sample, through today's writer.
fn written(name: &str, data: &Value) -> Vec<u8> {
    let event = json!({
        "specversion": "1.0",
        "id": "00000000-0000-5000-8000-000000000001",
        "source": "/huiliu/hub",
        "type": format!("cn.huiliu.case.{name}.v1"),
        "subject": "cac304cb-9a77-53f1-80b7-f539c2d4216a",
        "time": "2026-03-02T04:00:00.123Z",
        "data": {
            "cause": "intake/42#0",
            "actor": { "kind": "source", "channel": "hotline-12345" },
            "entries": [{ "department": "jb-housing", "n": 1, "kind": "dispatch", "role": "lead" }],
            "prev_hash": "00ff",
            "ignorable": true,
            "body": { "type": name, "data": data },
            "sealed": { "kid": "1", "data": "c2VhbGVk" },
        },
    });
    let event: StoredEvent = serde_json::from_value(event).unwrap_or_else(|e| panic!("sample `{name}`: {e}"));
    serde_json::to_vec(&[event]).expect("json")
}

fn read(name: &str) -> Vec<StoredEvent> {
    let bytes = std::fs::read(path(name)).expect("a fixture");
    read_payload(&bytes).unwrap_or_else(|e| panic!("`{name}`: {e}"))
}

#[test]
fn every_type_has_a_fixture() {
    let samples = samples();
    let sampled: BTreeSet<&str> = samples.iter().map(|(name, _)| *name).collect();
    let known: BTreeSet<&str> = event_types().iter().map(String::as_str).collect();
    assert_eq!(sampled, known, "one sample for each type");
    if std::env::var_os("HUILIU_WRITE_FIXTURES").is_some() {
        for (name, data) in samples.into_iter().filter(|(name, _)| !path(name).exists()) {
            std::fs::write(path(name), written(name, &data)).expect("written");
        }
    }
    let missing: Vec<&str> = known.into_iter().filter(|name| !path(name).exists()).collect();
    assert!(missing.is_empty(), "no fixture for {missing:?}: run with HUILIU_WRITE_FIXTURES=1");
}

#[test]
fn todays_reader_reads_yesterdays_bytes() {
    for name in event_types() {
        let events = read(name);
        assert_eq!(events[0].body.name(), name, "a type's name is its name on the wire");
        assert!(!events[0].body.chinese().is_empty());
        let again = read_payload(&serde_json::to_vec(&events).expect("json")).expect("readable");
        assert_eq!(again, events);
    }
}

#[test]
fn yesterdays_bytes_lose_nothing_in_todays_reader() {
    for name in event_types() {
        let bytes = std::fs::read(path(name)).expect("a fixture");
        let stored: Value = serde_json::from_slice(&bytes).expect("json");
        let today = serde_json::to_value(read(name)).expect("json");
        assert_kept(name, &stored[0], &today[0]);
    }
}

/// Everything that was stored still stands there; more may have come.
fn assert_kept(place: &str, stored: &Value, today: &Value) {
    match (stored, today) {
        (Value::Object(stored), Value::Object(today)) => {
            for (key, value) in stored {
                let now = today.get(key).unwrap_or_else(|| panic!("{place}.{key} is gone"));
                assert_kept(&format!("{place}.{key}"), value, now);
            }
        }
        _ => assert_eq!(stored, today, "{place}"),
    }
}

#[test]
fn the_public_schema_says_what_is_stored() {
    let schema =
        huiliu_schemas::export::export().into_iter().find(|(name, _)| name == "events.json").expect("a schema");
    let schema: Value = serde_json::from_str(&schema.1).expect("json");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    for name in event_types() {
        let event: Value = serde_json::from_slice(&std::fs::read(path(name)).expect("a fixture")).expect("json");
        validator.validate(&event).unwrap_or_else(|e| panic!("`{name}`: {e}"));
    }
}
