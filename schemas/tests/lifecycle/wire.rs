//! Stored bytes: what is known and wrong is an error, what is unknown is carried.

use huiliu_schemas::event::{EventBody, EventError, MOST_EVENTS, event_types, read_payload};
use serde_json::{Value, json};

fn stored(body: &Value) -> Vec<u8> {
    let event = json!({
        "specversion": "1.0",
        "id": "00000000-0000-0000-0000-000000000001",
        "source": "/huiliu/hub",
        "type": "cn.huiliu.case.test.v1",
        "subject": "00000000-0000-0000-0000-000000000002",
        "time": "2026-03-02T04:00:00Z",
        "data": {
            "cause": "hub/test",
            "actor": { "kind": "hub" },
            "prev_hash": null,
            "body": body,
        },
    });
    serde_json::to_vec(&[event]).expect("json")
}

#[test]
fn a_known_type_with_wrong_data_is_an_error() {
    assert!(event_types().len() >= 35, "{:?}", event_types());
    for name in event_types() {
        let read = read_payload(&stored(&json!({ "type": name, "data": 7 })));
        assert!(matches!(read, Err(EventError::Malformed(_))), "`{name}` with wrong data: {read:?}");
    }
}

#[test]
fn an_unknown_type_is_carried_by_name() {
    let read = read_payload(&stored(&json!({ "type": "translated", "data": 7 }))).expect("tolerated");
    assert_eq!(read[0].body, EventBody::Unknown { name: "translated".into(), ignorable: false });
}

#[test]
fn what_is_no_event_is_an_error() {
    for bytes in [&b""[..], b"{}", b"[]", b"\xff", b"[{\"data\":{\"body\":{\"type\":\"translated\"}}}]"] {
        assert!(read_payload(bytes).is_err(), "{}", String::from_utf8_lossy(bytes));
    }
}

#[test]
fn a_message_holds_as_many_events_as_one_decision_makes() {
    let one: Value = serde_json::from_slice(&stored(&json!({ "type": "supervised", "data": {} }))).expect("json");
    let many = |count: usize| serde_json::to_vec(&vec![&one[0]; count]).expect("json");
    assert_eq!(read_payload(&many(MOST_EVENTS)).expect("readable").len(), MOST_EVENTS);
    let error = read_payload(&many(MOST_EVENTS + 1)).expect_err("too many").to_string();
    assert_eq!(error, "a message of the log holds 1 to 16 events, this one 17");
    assert!(matches!(read_payload(b"[]"), Err(EventError::Count { found: 0 })));
}
