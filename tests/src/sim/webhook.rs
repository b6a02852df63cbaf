//! Standard Webhooks signatures, on the sender's side.
//!
//! The signature covers the bytes on the wire: of a compressed body, the compressed bytes.
//! A secret must never be printed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// A decoded `whsec_` secret.
#[derive(Clone)]
pub struct Secret(Vec<u8>);

/// Why a secret could not be read; never repeats the secret.
#[derive(Debug, thiserror::Error)]
#[error("webhook secret is not readable: expected `whsec_` and the base64 of the key")]
pub struct SecretError;

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Secret {
    /// Reads `whsec_<base64>`.
    pub fn parse(text: &str) -> Result<Self, SecretError> {
        let encoded = text.trim().strip_prefix("whsec_").ok_or(SecretError)?;
        let key = STANDARD.decode(encoded).map_err(|_| SecretError)?;
        if key.is_empty() { Err(SecretError) } else { Ok(Self(key)) }
    }

    /// `v1,<base64>`: the HMAC-SHA256 of `{id}.{timestamp}.{body}`.
    pub fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        // HMAC takes a key of any length; an empty signature would simply be refused.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else {
            return String::new();
        };
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(body);
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed with OpenSSL: `openssl dgst -sha256 -hmac 'huiliu-test-key'`.
    #[test]
    fn signature_agrees_with_another_implementation() {
        let secret = Secret::parse("whsec_aHVpbGl1LXRlc3Qta2V5").expect("valid");
        let signed = secret.sign("msg_1", 1_772_328_600, br#"{"a":1}"#);
        assert_eq!(signed, "v1,iQEWSsPtwdIQ6FfS0yUU35wGVXPtnUeGQ6NOUJ0XXj0=");
    }

    #[test]
    fn another_byte_gives_another_signature() {
        let secret = Secret::parse("whsec_aHVpbGl1LXRlc3Qta2V5").expect("valid");
        assert_ne!(secret.sign("m", 1, b"a"), secret.sign("m", 1, b"b"));
        assert_ne!(secret.sign("m", 1, b"a"), secret.sign("m", 2, b"a"));
    }

    #[test]
    fn a_bad_secret_is_refused_and_never_shown() {
        for bad in ["", "whsec_", "whsec_***", "aHVpbGl1"] {
            assert!(Secret::parse(bad).is_err(), "{bad}");
        }
        let secret = Secret::parse("whsec_aHVpbGl1LXRlc3Qta2V5").expect("valid");
        assert!(!format!("{secret:?}").contains("huiliu"));
    }
}
