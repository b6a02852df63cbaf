//! Stored bytes: what is known and wrong is an error, what is unknown is carried.

use huiliu_schemas::event::{EventBody, EventError, StoredEvent, event_types};
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
    serde_json::to_vec(&event).expect("json")
}

#[test]
fn a_known_type_with_wrong_data_is_an_error() {
    assert!(event_types().len() >= 35, "{:?}", event_types());
    for name in event_types() {
        let read = StoredEvent::from_bytes(&stored(&json!({ "type": name, "data": 7 })));
        assert!(matches!(read, Err(EventError::Malformed(_))), "`{name}` with wrong data: {read:?}");
    }
}

#[test]
fn an_unknown_type_is_carried_by_name() {
    let read = StoredEvent::from_bytes(&stored(&json!({ "type": "translated", "data": 7 }))).expect("tolerated");
    assert_eq!(read.body, EventBody::Unknown { name: "translated".into(), ignorable: false });
}

#[test]
fn what_is_no_event_is_an_error() {
    for bytes in [&b""[..], b"{}", b"[]", b"\xff", b"{\"data\":{\"body\":{\"type\":\"translated\"}}}"] {
        assert!(StoredEvent::from_bytes(bytes).is_err(), "{}", String::from_utf8_lossy(bytes));
    }
}
