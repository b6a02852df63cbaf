//! What comes out of the store: sealed envelopes and the events of the log. An envelope opens as it was sealed or not at
//! all; whatever bytes stand in the log, reading and folding them answers.
#![no_main]

use std::sync::LazyLock;

use async_nats::HeaderMap;
use huiliu::intake::envelope::RawEnvelope;
use huiliu::vault::{DataKey, MasterKey};
use huiliu_adapters::pack::Way;
use huiliu_adapters::pull::Cursor;
use huiliu_adapters::verify::{Proof, RawBody, Verified};
use huiliu_schemas::case::Case;
use huiliu_schemas::content::Content;
use huiliu_schemas::entry::Entry;
use huiliu_schemas::event::{Event, Sealed, payload_hash, payload_of, read_payload};
use huiliu_schemas::keyring::KeyRing;
use huiliu_schemas::message::CommandRequest;
use huiliu_schemas::{CaseId, subjects};
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;

static MASTER: LazyLock<MasterKey> = LazyLock::new(|| MasterKey::parse(&"7a".repeat(32)).expect("a key"));
static KEY: LazyLock<DataKey> = LazyLock::new(|| DataKey::random().expect("random"));

fuzz_target!(|input: &[u8]| {
    sealed_and_opened(input);
    forged(input);
    events(input);
    drop(serde_json::from_slice::<KeyRing>(input));
    drop(serde_json::from_slice::<Entry>(input));
    drop(serde_json::from_slice::<Cursor>(input));
    drop(serde_json::from_slice::<CommandRequest>(input));
    let _names = std::str::from_utf8(input).map(|text| (subjects::parse_entry(text), subjects::case_of(text)));
});

fn sealed_and_opened(input: &[u8]) {
    let (kind, bytes) = input.split_at(input.len().min(usize::from(input.first().copied().unwrap_or_default()) % 32));
    let kind = std::str::from_utf8(kind).ok();
    let raw = RawBody { bytes: bytes.to_vec().into(), content_type: kind.map(str::to_owned), content_encoding: None };
    let envelope = RawEnvelope {
        channel: "fuzz".parse().expect("a channel"),
        received_at: Timestamp::UNIX_EPOCH,
        way: Way::Push,
        body: Verified::vouched(raw, Proof::Credential),
        only: None,
    };
    let stored = envelope.seal(&MASTER).expect("seals");
    let opened = RawEnvelope::open(&stored.subject, &stored.headers, &stored.payload, &MASTER).expect("opens");
    assert_eq!(opened.body.get().bytes, envelope.body.get().bytes);
    assert!(RawEnvelope::open("intake.another", &stored.headers, &stored.payload, &MASTER).is_err());
    let mut changed = stored.payload.to_vec();
    let at = bytes.len() % changed.len();
    changed[at] ^= 1;
    assert!(RawEnvelope::open(&stored.subject, &stored.headers, &changed, &MASTER).is_err(), "changed, and opens");
}

/// Header values line by line, then the payload.
fn forged(input: &[u8]) {
    let mut lines = input.splitn(5, |b| *b == b'\n');
    let mut headers = HeaderMap::new();
    for name in ["Huiliu-Key", "Huiliu-Received-At", "Huiliu-Way", "Huiliu-Only"] {
        let value = lines.next().and_then(|line| std::str::from_utf8(line).ok()).unwrap_or_default();
        if !value.contains('\r') {
            headers.insert(name, value);
        }
    }
    let payload = lines.next().unwrap_or_default();
    assert!(RawEnvelope::open("intake.fuzz", &headers, payload, &MASTER).is_err(), "what nobody sealed opens");
    let data = String::from_utf8_lossy(payload).into_owned();
    assert!(KEY.open(&Sealed { kid: "k".into(), data }, "cac304cb-9a77-53f1-80b7-f539c2d4216a".parse::<CaseId>().expect("an id")).is_err(), "what nobody sealed opens");
}

fn events(input: &[u8]) {
    let Ok(stored) = read_payload(input) else { return };
    let hash = payload_hash(input);
    let events: Vec<Event> = stored.iter().map(|e| e.clone().opened(Content::default())).collect();
    drop(Case::fold(&events));
    if let Some((first, rest)) = events.split_first() {
        let mut case = Case::fold(std::slice::from_ref(first));
        if let Some(case) = &mut case {
            rest.iter().for_each(|event| case.apply(event));
            drop(case.live_entries());
        }
    }
    let sealed: Vec<Option<Sealed>> = stored.iter().map(|e| e.sealed.clone()).collect();
    let written = payload_of(&events, &sealed, Some(&hash));
    if stored.iter().all(|e| !matches!(e.body, huiliu_schemas::event::EventBody::Unknown { .. })) {
        let again = read_payload(&written).expect("what is written is read");
        assert_eq!(again.len(), stored.len());
        assert!(again.iter().zip(&stored).all(|(a, b)| a.body == b.body && a.cause == b.cause && a.at == b.at));
    }
}
