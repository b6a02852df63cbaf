//! What a token endpoint's answer means. Pure.

use std::time::Duration;

use serde_json::Value;

use super::TokenError;
use super::spec::TokenSpec;
use crate::charset;
use crate::map::{RecordPath, as_text};

/// A token, and how long it may be used.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Granted {
    pub(super) token: String,
    pub(super) lasts: Duration,
}

/// So long before its end a token is no longer used: a request takes its time, and clocks differ.
const MARGIN: Duration = Duration::from_secs(30);
const LONGEST_SAID: usize = 80;

/// Reads the answer to a request for a token.
pub(super) fn read(spec: &TokenSpec, client_id: &str, status: u16, body: &[u8]) -> Result<Granted, TokenError> {
    let said = charset::json(body).unwrap_or_default();
    match status {
        200 | 201 => granted(spec, &said).ok_or_else(|| none(spec, client_id, status, &said)),
        408 | 425 | 429 | 500.. => Err(TokenError::Away(words(status, &said))),
        _ => Err(TokenError::Refused { client_id: client_id.to_owned(), said: words(status, &said) }),
    }
}

fn granted(spec: &TokenSpec, said: &Value) -> Option<Granted> {
    let token = text(&spec.token, said).filter(|token| !token.is_empty())?;
    let seconds = text(&spec.expires_in, said).and_then(|text| text.parse().ok()).unwrap_or(spec.lasts_s);
    let lasts = Duration::from_secs(u64::from(seconds));
    // One that lasts less than the margin is used for half its life.
    Some(Granted { token, lasts: lasts.saturating_sub(MARGIN).max(lasts / 2) })
}

/// Some systems refuse with 200 and words.
fn none(spec: &TokenSpec, client_id: &str, status: u16, said: &Value) -> TokenError {
    if error_of(said).is_some() {
        return TokenError::Refused { client_id: client_id.to_owned(), said: words(status, said) };
    }
    TokenError::NoToken(spec.token.iter().map(|path| format!("`{}`", path.text())).collect::<Vec<_>>().join(" or "))
}

fn text(paths: &[RecordPath], said: &Value) -> Option<String> {
    paths.iter().find_map(|path| path.get(said)).and_then(as_text).map(Into::into)
}

fn error_of(said: &Value) -> Option<&str> {
    ["error", "error_description", "msg", "message"].iter().find_map(|name| said[*name].as_str())
}

fn words(status: u16, said: &Value) -> String {
    let named = ["error", "error_description", "msg", "message"].iter().filter_map(|name| said[*name].as_str());
    let named: Vec<String> = named.map(|text| text.chars().take(LONGEST_SAID).collect()).collect();
    if named.is_empty() { format!("answer {status}") } else { format!("answer {status} ({})", named.join(": ")) }
}
