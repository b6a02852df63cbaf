//! Proofs that bytes come from the channel they name, and the same proof of what we tell it ([`sign`]). Pure: secrets and the
//! present time are given. Nothing else makes a [`Verified`], and nothing but a [`Verified`] can be decoded. Secrets are never
//! printed.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac as _};
use jiff::Timestamp;
use md5::{Digest as _, Md5};
use reqwest::header::HeaderMap;
use serde::Deserialize;
use sha2::Sha256;
use subtle::ConstantTimeEq as _;
use thiserror::Error;

use crate::form;

/// What arrived, byte for byte, with the headers that say how to read it.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct RawBody {
    /// The bytes on the wire, compressed if they came so.
    pub bytes: Bytes,
    /// `Content-Type`.
    pub content_type: Option<String>,
    /// `Content-Encoding`.
    pub content_encoding: Option<String>,
}

impl RawBody {
    /// A body and what its headers say of it.
    pub fn new(bytes: Bytes, headers: &HeaderMap) -> Self {
        let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
        Self { bytes, content_type: text("content-type"), content_encoding: text("content-encoding") }
    }

    /// A JSON body that needs no headers.
    pub fn json(bytes: impl Into<Bytes>) -> Self {
        Self { bytes: bytes.into(), content_type: Some("application/json".to_owned()), content_encoding: None }
    }

    /// It says that it is JSON.
    pub(crate) fn is_json(&self) -> bool {
        let kind = self.content_type.as_deref().unwrap_or_default();
        kind.trim_start().to_ascii_lowercase().starts_with("application/json")
    }

    /// How it says it is compressed; empty where it is not.
    pub(crate) fn encoding(&self) -> String {
        let encoding = self.content_encoding.as_deref().map(str::trim).unwrap_or_default().to_ascii_lowercase();
        if encoding == "identity" { String::new() } else { encoding }
    }
}

impl fmt::Debug for RawBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawBody({} bytes)", self.bytes.len())
    }
}

/// How a body was proven to come from its channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// A Standard Webhooks signature.
    Signature,
    /// The petition exchange's MD5: weak, since it has no time in it and MD5 is broken.
    WeakDigest,
    /// The channel's own credential, checked at the door.
    Credential,
    /// We asked for it ourselves, at the address and with the key of the channel.
    Pulled,
    /// It was verified before it was stored, and comes from the store.
    Stored,
}

/// Something that provably comes from its channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified<T> {
    inner: T,
    proof: Proof,
}

impl<T> Verified<T> {
    /// Vouches for something by other means than a signature: the caller has checked `proof`.
    pub fn vouched(inner: T, proof: Proof) -> Self {
        Self { inner, proof }
    }

    /// What was verified.
    pub fn get(&self) -> &T {
        &self.inner
    }

    /// How.
    pub fn proof(&self) -> Proof {
        self.proof
    }

    /// Takes it out, leaving the proof behind.
    pub fn into_inner(self) -> T {
        self.inner
    }
}

/// A signing scheme.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scheme {
    /// Standard Webhooks: HMAC-SHA256 over id, time and raw body.
    StandardWebhooks,
    /// The petition exchange: MD5 over a shared secret and the field `jsonData`.
    PetitionMd5,
}

/// A shared secret, never printed.
#[derive(Clone)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// A secret as configured: `whsec_` and base64, or the text itself.
    pub fn parse(text: &str) -> Result<Self, VerifyError> {
        let key = match text.trim().strip_prefix("whsec_") {
            Some(encoded) => STANDARD.decode(encoded).map_err(|_| VerifyError::Secret)?,
            None => text.trim().as_bytes().to_vec(),
        };
        if key.is_empty() { Err(VerifyError::Secret) } else { Ok(Self(key)) }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

/// Why a body is not proven to come from its channel.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum VerifyError {
    /// A header or field of the proof is not there.
    #[error("`{0}` is missing")]
    Missing(&'static str),
    /// A header is there and cannot be read.
    #[error("`{name}` is not readable: expected {expected}")]
    Unreadable {
        /// The header.
        name: &'static str,
        /// What was expected.
        expected: &'static str,
    },
    /// Signed too long ago or too far ahead.
    #[error("webhook-timestamp is {seconds} s from the present, more than the {tolerance_s} s allowed")]
    OutOfTime {
        /// Distance from the present.
        seconds: i64,
        /// What is allowed.
        tolerance_s: i64,
    },
    /// What is signed are fields of a form, and the body says it is something else.
    #[error("the digest is of a field of a form: expected an uncompressed form, not JSON")]
    NotAForm,
    /// No signature fits the body under any secret.
    #[error("no signature fits the body")]
    NoMatch,
    /// A configured secret cannot be used.
    #[error("secret is not usable: expected `whsec_` and base64, or a text that is not empty")]
    Secret,
    /// The channel has no secret, so nothing can be proven.
    #[error("the channel has no secret to verify with")]
    NoSecret,
}

/// How far a signature's time may be from ours.
pub const TOLERANCE_S: i64 = 300;

/// Verifies a push by `scheme` with any of the channel's secrets (several while one is being replaced).
pub fn verify(
    scheme: Scheme,
    headers: &HeaderMap,
    body: RawBody,
    secrets: &[Secret],
    now: Timestamp,
) -> Result<Verified<RawBody>, VerifyError> {
    if secrets.is_empty() {
        return Err(VerifyError::NoSecret);
    }
    match scheme {
        Scheme::StandardWebhooks => standard_webhooks(headers, body, secrets, now),
        Scheme::PetitionMd5 => petition_md5(body, secrets),
    }
}

fn standard_webhooks(
    headers: &HeaderMap,
    body: RawBody,
    secrets: &[Secret],
    now: Timestamp,
) -> Result<Verified<RawBody>, VerifyError> {
    let id = header(headers, "webhook-id")?;
    let timestamp = header(headers, "webhook-timestamp")?;
    let signatures = header(headers, "webhook-signature")?;
    check_time(timestamp, now)?;
    let given = signatures.split_ascii_whitespace().filter_map(|signature| signature.strip_prefix("v1,"));
    let given: Vec<Vec<u8>> = given.filter_map(|encoded| STANDARD.decode(encoded).ok()).collect();
    // Compared in constant time.
    let is_of = |signature: &Vec<u8>, secret| hmac(secret, id, timestamp, &body.bytes).verify_slice(signature).is_ok();
    let fits = secrets.iter().any(|secret| given.iter().any(|signature| is_of(signature, secret)));
    if fits { Ok(Verified::vouched(body, Proof::Signature)) } else { Err(VerifyError::NoMatch) }
}

fn header<'h>(headers: &'h HeaderMap, name: &'static str) -> Result<&'h str, VerifyError> {
    let value = headers.get(name).ok_or(VerifyError::Missing(name))?;
    value.to_str().map_err(|_| VerifyError::Unreadable { name, expected: "plain text" })
}

fn check_time(timestamp: &str, now: Timestamp) -> Result<(), VerifyError> {
    let unreadable = VerifyError::Unreadable { name: "webhook-timestamp", expected: "unix seconds" };
    let signed_at: i64 = timestamp.parse().map_err(|_| unreadable)?;
    let seconds = now.as_second().saturating_sub(signed_at).saturating_abs();
    if seconds > TOLERANCE_S {
        return Err(VerifyError::OutOfTime { seconds, tolerance_s: TOLERANCE_S });
    }
    Ok(())
}

/// The headers of Standard Webhooks for what is sent `now`, signed with each of the secrets: who replaces one knows one of
/// them. The id is the same whenever the same is sent again.
pub fn sign(id: &str, body: &[u8], secrets: &[Secret], now: Timestamp) -> [(&'static str, String); 3] {
    let timestamp = now.as_second().to_string();
    let signature = |secret| {
        let made = hmac(secret, id, &timestamp, body).finalize().into_bytes();
        format!("v1,{}", STANDARD.encode(made))
    };
    let signatures: Vec<_> = secrets.iter().map(signature).collect();
    [("webhook-id", id.to_owned()), ("webhook-signature", signatures.join(" ")), ("webhook-timestamp", timestamp)]
}

/// Of what Standard Webhooks signs.
fn hmac(secret: &Secret, id: &str, timestamp: &str, body: &[u8]) -> Hmac<Sha256> {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&secret.0).unwrap_or_else(|_| unreachable!("any length"));
    for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
        mac.update(part);
    }
    mac
}

/// The digest is of one field of a form, so the body must be read as that form and as nothing else.
fn petition_md5(body: RawBody, secrets: &[Secret]) -> Result<Verified<RawBody>, VerifyError> {
    if body.is_json() || !body.encoding().is_empty() {
        return Err(VerifyError::NotAForm);
    }
    let given = form::field(&body.bytes, "httpRequestVerify").ok_or(VerifyError::Missing("httpRequestVerify"))?;
    let data = form::field(&body.bytes, "jsonData").ok_or(VerifyError::Missing("jsonData"))?;
    let given = given.trim_ascii().to_ascii_lowercase();
    let fits = secrets.iter().any(|secret| md5_hex(&secret.0, &data).as_bytes().ct_eq(&given).into());
    if fits { Ok(Verified::vouched(body, Proof::WeakDigest)) } else { Err(VerifyError::NoMatch) }
}

fn md5_hex(secret: &[u8], data: &[u8]) -> String {
    let digest = Md5::new().chain_update(secret).chain_update(data).finalize();
    base16ct::lower::encode_string(&digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    // Computed with OpenSSL: printf 'msg_1.1772328600.{"a":1}' | openssl dgst -sha256 -hmac 'huiliu-test-key' -binary | base64
    const SIGNATURE: &str = "v1,iQEWSsPtwdIQ6FfS0yUU35wGVXPtnUeGQ6NOUJ0XXj0=";
    const SECRET: &str = "whsec_aHVpbGl1LXRlc3Qta2V5";
    const SIGNED_AT: i64 = 1_772_328_600;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().expect("a name"), value.parse().expect("a value"))).collect()
    }

    fn check(body: &'static str, signature: &str, timestamp: &str, now: i64) -> Result<Proof, VerifyError> {
        let headers =
            headers(&[("webhook-id", "msg_1"), ("webhook-timestamp", timestamp), ("webhook-signature", signature)]);
        let secrets = [Secret::parse("another").expect("a secret"), Secret::parse(SECRET).expect("a secret")];
        let now = Timestamp::from_second(now).expect("a time");
        verify(Scheme::StandardWebhooks, &headers, RawBody::json(body), &secrets, now).map(|v| v.proof())
    }

    #[test]
    fn a_signature_is_checked_on_raw_bytes_and_in_time() {
        let at = "1772328600";
        assert_eq!(check(r#"{"a":1}"#, SIGNATURE, at, SIGNED_AT), Ok(Proof::Signature));
        let several = format!("v1,AAAA v2,xx {SIGNATURE}");
        assert_eq!(check(r#"{"a":1}"#, &several, at, SIGNED_AT + 300), Ok(Proof::Signature));
        assert_eq!(check(r#"{"a": 1}"#, SIGNATURE, at, SIGNED_AT), Err(VerifyError::NoMatch));
        assert_eq!(check(r#"{"a":1}"#, "", at, SIGNED_AT), Err(VerifyError::NoMatch));
        assert!(matches!(check(r#"{"a":1}"#, SIGNATURE, at, SIGNED_AT + 301), Err(VerifyError::OutOfTime { .. })));
        assert!(matches!(check(r#"{"a":1}"#, SIGNATURE, at, SIGNED_AT - 301), Err(VerifyError::OutOfTime { .. })));
        assert!(matches!(check(r#"{"a":1}"#, SIGNATURE, "soon", SIGNED_AT), Err(VerifyError::Unreadable { .. })));
    }

    #[test]
    fn what_we_sign_is_what_others_sign_and_verifies() {
        let secrets = ["another", SECRET].map(|text| Secret::parse(text).expect("a secret"));
        let at = Timestamp::from_second(SIGNED_AT).expect("a time");
        let [id, signatures, timestamp] = sign("msg_1", br#"{"a":1}"#, &secrets[1..], at);
        assert_eq!((id.1.as_str(), timestamp.1.as_str(), signatures.1.as_str()), ("msg_1", "1772328600", SIGNATURE));

        let signed: HeaderMap = sign("msg_1", b"{}", &secrets, at)
            .map(|(name, value)| (name.parse().expect("a name"), value.parse().expect("a value")))
            .into_iter()
            .collect();
        for one in secrets.chunks(1) {
            let body = RawBody::json("{}");
            assert!(verify(Scheme::StandardWebhooks, &signed, body, one, at).is_ok(), "by either secret");
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        let secrets = [Secret::parse(SECRET).expect("a secret")];
        let said =
            verify(Scheme::StandardWebhooks, &HeaderMap::new(), RawBody::json("{}"), &secrets, Timestamp::UNIX_EPOCH);
        assert_eq!(said, Err(VerifyError::Missing("webhook-id")));
        let none = verify(Scheme::PetitionMd5, &HeaderMap::new(), RawBody::json("{}"), &[], Timestamp::UNIX_EPOCH);
        assert_eq!(none, Err(VerifyError::NoSecret));
    }

    fn check_md5(body: &'static str) -> Result<Proof, VerifyError> {
        let secrets = [Secret::parse("s3cret").expect("a secret")];
        let raw = RawBody { bytes: body.into(), ..RawBody::default() };
        verify(Scheme::PetitionMd5, &HeaderMap::new(), raw, &secrets, Timestamp::UNIX_EPOCH).map(|v| v.proof())
    }

    #[test]
    fn the_exchange_scheme_is_kept_working() {
        // printf 's3cret[{"a":1}]' | md5sum
        assert_eq!(
            check_md5("httpRequestVerify=d562d7d5d47708b89108fc92404b6a99&jsonData=%5B%7B%22a%22%3A1%7D%5D"),
            Ok(Proof::WeakDigest)
        );
        assert_eq!(
            check_md5("jsonData=%5B%7B%22a%22%3A1%7D%5D&httpRequestVerify=D562D7D5D47708B89108FC92404B6A99"),
            Ok(Proof::WeakDigest)
        );
        assert_eq!(check_md5("httpRequestVerify=00&jsonData=%5B%5D"), Err(VerifyError::NoMatch));
        assert_eq!(check_md5("jsonData=%5B%5D"), Err(VerifyError::Missing("httpRequestVerify")));
        assert_eq!(check_md5("httpRequestVerify=00"), Err(VerifyError::Missing("jsonData")));
    }

    /// The digest vouches for one field of a form: nothing else in the body may then be what is read.
    #[test]
    fn a_digest_of_a_field_does_not_vouch_for_json_around_it() {
        let body = r#"{"list":[{"xfjbh":"1"}],"x":"&httpRequestVerify=d562d7d5d47708b89108fc92404b6a99&jsonData=%5B%7B%22a%22%3A1%7D%5D&"}"#;
        let secrets = [Secret::parse("s3cret").expect("a secret")];
        let encoded =
            RawBody { content_encoding: Some("gzip".into()), ..RawBody { bytes: body.into(), ..RawBody::default() } };
        for raw in [RawBody::json(body), encoded] {
            let said = verify(Scheme::PetitionMd5, &HeaderMap::new(), raw, &secrets, Timestamp::UNIX_EPOCH);
            assert_eq!(said.map(|v| v.proof()), Err(VerifyError::NotAForm));
        }
    }

    #[test]
    fn secrets_do_not_print() {
        assert_eq!(format!("{:?}", Secret::parse(SECRET).expect("a secret")), "Secret(***)");
        assert_eq!(Secret::parse("whsec_***").err(), Some(VerifyError::Secret));
        assert_eq!(Secret::parse("").err(), Some(VerifyError::Secret));
    }
}
