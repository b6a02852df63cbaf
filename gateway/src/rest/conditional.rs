//! Answers that need not be sent again: an entity tag with each, and 304 for who has it (RFC 9110, 13.1).

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

/// Names one state of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag(String);

impl Tag {
    /// A strong tag that is the text; no quotation mark may be in it.
    pub fn new(text: &str) -> Self {
        Self(format!("\"{text}\""))
    }

    /// A strong tag: other bytes, another tag.
    pub fn of_bytes(bytes: &[u8]) -> Self {
        Self::new(&base16ct::lower::encode_string(&Sha256::digest(bytes)[..12]))
    }

    /// A weak tag: the answer says the same, although it may be of another moment.
    pub fn weak(meaning: &impl Serialize) -> Self {
        let Self(strong) = Self::of_bytes(&serde_json::to_vec(meaning).unwrap_or_default());
        Self(format!("W/{strong}"))
    }

    /// Whether the asker has it: `If-None-Match` compares weakly.
    pub fn is_had(&self, headers: &HeaderMap) -> bool {
        let own = self.0.trim_start_matches("W/");
        let lists = headers.get_all(header::IF_NONE_MATCH).into_iter().filter_map(|v| v.to_str().ok());
        lists.flat_map(|list| list.split(',')).map(str::trim).any(|t| t == "*" || t.trim_start_matches("W/") == own)
    }
}

/// The answer as JSON with the tag of its bytes, or 304. It may be kept by who asked, and must be asked for again.
pub fn fresh(headers: &HeaderMap, answer: &impl Serialize) -> Response {
    let body = serde_json::to_vec(answer).unwrap_or_default();
    tagged(headers, &Tag::of_bytes(&body), "application/json", body)
}

/// The answer as JSON under this tag, or 304.
pub fn fresh_as(headers: &HeaderMap, tag: &Tag, answer: &impl Serialize) -> Response {
    tagged(headers, tag, "application/json", serde_json::to_vec(answer).unwrap_or_default())
}

/// Any answer under this tag, or 304.
pub fn tagged(headers: &HeaderMap, tag: &Tag, kind: &'static str, body: Vec<u8>) -> Response {
    let mut told: Vec<(HeaderName, HeaderValue)> =
        vec![(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"))];
    told.extend(HeaderValue::from_str(&tag.0).ok().map(|tag| (header::ETAG, tag)));
    let mut answer = if tag.is_had(headers) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, kind)], body).into_response()
    };
    answer.headers_mut().extend(told);
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_it_is_not_sent_it_again() {
        let tag = Tag::of_bytes(b"one");
        let Tag(strong) = tag.clone();
        for (given, had) in [
            (strong.clone(), true),
            (format!("\"x\", W/{strong}"), true),
            ("*".to_owned(), true),
            ("\"x\"".to_owned(), false),
            (strong.trim_matches('"').to_owned(), false),
        ] {
            let headers = HeaderMap::from_iter([(header::IF_NONE_MATCH, given.parse().expect("a header"))]);
            assert_eq!(tag.is_had(&headers), had, "{given}");
        }
        assert!(!tag.is_had(&HeaderMap::new()));
        assert_ne!(Tag::of_bytes(b"two"), tag);
    }
}
