//! Signatures: the input is three lines of header values and a body. What nobody signed never verifies; what was signed
//! verifies, in time and unchanged only.
#![no_main]

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{HeaderMap, HeaderValue};
use huiliu_adapters::verify::{RawBody, Scheme, Secret, TOLERANCE_S, VerifyError, verify};
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use sha2::Sha256;

const KEY: &str = "a-key-nobody-guesses-8d1f0c77";
const NOW: i64 = 1_772_328_600;
static SECRETS: LazyLock<[Secret; 2]> =
    LazyLock::new(|| ["another", KEY].map(|text| Secret::parse(text).expect("a secret")));

fuzz_target!(|input: &[u8]| {
    let mut lines = input.splitn(4, |b| *b == b'\n');
    let [id, time, signature, body] = std::array::from_fn(|_| lines.next().unwrap_or_default());
    let unsigned = check(Scheme::StandardWebhooks, &headers(id, time, signature), body);
    assert!(unsigned.is_err(), "what nobody signed is taken");
    let digest = check(Scheme::PetitionMd5, &HeaderMap::new(), input);
    assert!(digest.is_err(), "a digest nobody made is taken");
    signed(id, time, body);
    let _read = std::str::from_utf8(input).map(|text| Secret::parse(text).is_ok());
});

/// The same, signed as the scheme says.
fn signed(id: &[u8], time: &[u8], body: &[u8]) {
    let mut mac = <Hmac<Sha256>>::new_from_slice(KEY.as_bytes()).expect("any length");
    for part in [id, b".", time, b".", body] {
        mac.update(part);
    }
    let signature = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
    let headers = headers(id, time, signature.as_bytes());
    let is_text = |part: &[u8]| HeaderValue::from_bytes(part).is_ok_and(|v| v.to_str().is_ok());
    let time: Option<i64> = std::str::from_utf8(time).ok().and_then(|t| t.parse().ok());
    let in_time = time.is_some_and(|t| NOW.saturating_sub(t).saturating_abs() <= TOLERANCE_S);
    let verified = check(Scheme::StandardWebhooks, &headers, body);
    assert_eq!(verified.is_ok(), in_time && is_text(id), "{verified:?}");
    let mut changed = body.to_vec();
    changed.push(b' ');
    assert!(check(Scheme::StandardWebhooks, &headers, &changed).is_err(), "a changed body is taken");
}

fn headers(id: &[u8], time: &[u8], signature: &[u8]) -> HeaderMap {
    let named = [("webhook-id", id), ("webhook-timestamp", time), ("webhook-signature", signature)];
    let readable = named.into_iter().filter_map(|(name, value)| Some((name, HeaderValue::from_bytes(value).ok()?)));
    readable.map(|(name, value)| (name.parse().expect("a name"), value)).collect()
}

fn check(scheme: Scheme, headers: &HeaderMap, body: &[u8]) -> Result<(), VerifyError> {
    let now = Timestamp::from_second(NOW).expect("a time");
    let body = RawBody { bytes: Bytes::copy_from_slice(body), ..RawBody::default() };
    verify(scheme, headers, body, SECRETS.as_slice(), now).map(drop)
}
