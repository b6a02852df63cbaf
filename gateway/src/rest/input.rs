//! Paths, queries and bodies of our own interface: what does not read is told as a problem, like everything else.

use std::str::FromStr;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use futures_util::StreamExt as _;
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

/// A parameter, if it is there.
///
/// # Errors
/// Where it does not read.
pub fn parsed<T: FromStr>(name: &str, value: &Option<String>, expected: &str) -> Result<Option<T>, Problem> {
    let read = |text: &str| text.parse().map_err(|_| Problem::field(name, Some(text), expected));
    value.as_deref().map(read).transpose()
}

/// What is asked of us is not larger, over either door; records are handed in under another limit.
pub const ASKED_CAP: usize = 256 << 10;
/// How much of a body that is too large is read before the connection is cut.
const THROWN_AWAY: usize = 8 << 20;
/// How long a sender may take over its body.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is told of a question over [`ASKED_CAP`].
#[must_use]
pub fn too_large() -> Problem {
    Problem::new(Kind::TooLarge, format!("the body is over {ASKED_CAP} bytes"))
}

/// The body, whatever it is.
pub struct Whole(pub Bytes);

impl<S: Send + Sync> FromRequest<S> for Whole {
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Problem> {
        let slow = |_| {
            let took = PATIENCE.as_secs();
            Problem::new(Kind::BadRequest, format!("the body was not there within {took} s: nothing was done"))
        };
        tokio::time::timeout(PATIENCE, read(request.into_body())).await.map_err(slow)?.map(Self)
    }
}

/// One that is too large is read on for a while: a connection cut in the middle would keep the answer from a sender that is
/// still writing.
async fn read(body: Body) -> Result<Bytes, Problem> {
    let mut chunks = body.into_data_stream();
    let (mut kept, mut came) = (Vec::new(), 0);
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| Problem::new(Kind::BadRequest, "the body broke off"))?;
        came += chunk.len();
        if came <= ASKED_CAP {
            kept.extend_from_slice(&chunk);
        } else if came > THROWN_AWAY {
            break;
        } else {
            kept = Vec::new();
        }
    }
    if came > ASKED_CAP { Err(too_large()) } else { Ok(kept.into()) }
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

    #[tokio::test]
    async fn a_body_is_read_up_to_its_limit() {
        let body = |length: usize| Request::new(Body::from(vec![b' '; length]));
        let Whole(read) = Whole::from_request(body(ASKED_CAP), &()).await.expect("as large as may be");
        assert_eq!(read.len(), ASKED_CAP);
        let problem = Whole::from_request(body(ASKED_CAP + 1), &()).await.err().expect("too large");
        assert_eq!(problem.kind(), Kind::TooLarge);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_come_is_not_waited_for() {
        let begun = futures_util::stream::iter([Ok::<_, std::io::Error>("{")]).chain(futures_util::stream::pending());
        let problem = Whole::from_request(Request::new(Body::from_stream(begun)), &()).await.err().expect("never ends");
        assert_eq!(problem.kind(), Kind::BadRequest);
    }

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
