//! Paths, queries and bodies of our own interface: what does not read is told as a problem, like everything else.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::problem::{Kind, Problem};

/// What stands in the path.
pub struct Named<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Named<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let read = Path::from_request_parts(parts, state).await;
        read.map(|Path(named)| Self(named)).map_err(|e| Problem::new(Kind::BadRequest, e.body_text()))
    }
}

/// What stands behind the question mark.
pub struct Asked<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let read = Query::from_request_parts(parts, state).await;
        read.map(|Query(asked)| Self(asked)).map_err(|e| Problem::new(Kind::BadRequest, e.body_text()))
    }
}

/// The body, whatever it is.
pub struct Whole(pub Bytes);

impl<S: Send + Sync> FromRequest<S> for Whole {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let read = Bytes::from_request(request, state).await;
        read.map(Self).map_err(|e| match e.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Problem::new(Kind::TooLarge, "the body is over the limit"),
            _ => Problem::new(Kind::BadRequest, "the body broke off"),
        })
    }
}

/// What the body says. It is JSON, whatever its `Content-Type`.
pub struct Said<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Said<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let Whole(body) = Whole::from_request(request, state).await?;
        let read = serde_json::from_value(Value::Object(object(&body)?));
        read.map(Self).map_err(|e| Problem::new(Kind::BadRequest, format!("the body does not read: {e}")))
    }
}

/// A body as the JSON object that all of ours are. A whole number is one in any spelling: `1.0` is 1, as in JSON Schema.
///
/// # Errors
/// Where it is none.
pub fn object(body: &[u8]) -> Result<Map<String, Value>, Problem> {
    let mut read: Map<String, Value> = serde_json::from_slice(body)
        .map_err(|e| Problem::new(Kind::BadRequest, format!("the body is not a JSON object: {e}")))?;
    read.values_mut().for_each(whole_numbers);
    Ok(read)
}

fn whole_numbers(value: &mut Value) {
    match value {
        Value::Number(number) => {
            let float = number.as_f64().filter(|f| number.is_f64() && f.fract() == 0.0 && f.abs() < EXACT);
            if let Some(float) = float {
                *value = (float as i64).into();
            }
        }
        Value::Array(items) => items.iter_mut().for_each(whole_numbers),
        Value::Object(fields) => fields.values_mut().for_each(whole_numbers),
        _ => {}
    }
}

/// Below it every whole number is itself as a float: 2^53.
const EXACT: f64 = 9_007_199_254_740_992.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_number_is_one_in_any_spelling() {
        let read = object(br#"{"a": 1.0, "b": [-2e3, 0.5, 18446744073709551615], "c": {"d": 1e300}}"#).expect("reads");
        let told = serde_json::json!({ "a": 1, "b": [-2000, 0.5, u64::MAX], "c": { "d": 1e300 } });
        assert_eq!(Value::Object(read), told);
        for not_one in [&b"[1]"[..], b"", b"{", b"null"] {
            assert_eq!(object(not_one).expect_err("no object").kind(), Kind::BadRequest);
        }
    }
}
