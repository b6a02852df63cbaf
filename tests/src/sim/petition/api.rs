//! What the portal offers the hub: matters by cursor, and handling steps on a matter.
//!
//! Answers carry the exchange's codes; anything but `0001` has no effect.

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{record, verify_token};
use crate::sim::book::Applied;
use crate::sim::clock;
use crate::sim::server::SharedSecret;
use crate::sim::source::Source;
use crate::sim::system::System;
use crate::sim::weather::refusal;

/// The portal's endpoints.
pub(crate) fn routes() -> Router<Source> {
    Router::new().route("/xfj/list", get(list)).route("/xfj/{xfjbh}/blfs", post(step))
}

#[derive(Deserialize)]
struct ListQuery {
    since: Option<String>,
    cursor: Option<String>,
    limit: Option<usize>,
}

async fn list(State(source): State<Source>, Query(query): Query<ListQuery>) -> Response {
    let since = match query.since.as_deref().filter(|since| !since.is_empty()) {
        None => Some(i64::MIN),
        Some(text) => clock::parse(text),
    };
    let cursor = match query.cursor.as_deref().filter(|cursor| !cursor.is_empty()) {
        None => Some(0),
        Some(text) => text.strip_prefix('c').and_then(|change| change.parse().ok()),
    };
    let (Some(since), Some(cursor)) = (since, cursor) else {
        return refuse("0202", "since or cursor is not readable");
    };
    let limit = query.limit.unwrap_or(50).clamp(1, 200);
    let page = source.read(|book| book.page_after(cursor, since, limit));
    let next = page.next.map(|change| format!("c{change}")).unwrap_or_default();
    Json(json!({ "code": "0001", "msg": "", "next": next, "list": page.rows })).into_response()
}

async fn step(
    State(source): State<Source>,
    Extension(secret): Extension<SharedSecret>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let step = match read_step(&headers, &body, &secret) {
        Ok(step) => step,
        Err((code, message)) => return refuse(code, message),
    };
    let text = |name: &str| step[name].as_str().unwrap_or_default().trim().to_owned();
    let (step_id, kind) = (text("blfsid"), text("blfs"));
    if step_id.is_empty() || kind.is_empty() {
        return refuse("0202", "blfsid and blfs are required");
    }
    let action = record::action(&kind);
    if action == crate::sim::Action::Result && text("hfgznr").is_empty() {
        return refuse("0202", "hfgznr is required with a result");
    }
    match source.answer(&id, &step_id, action, step) {
        Applied::Unknown => refuse("0404", &format!("no such xfjbh: {id}")),
        Applied::First(_) | Applied::Repeat(_) => taken(&step_id, ""),
        Applied::Conflict(_) => taken("", &step_id),
    }
}

/// A code of the exchange and what is wrong.
type Refused = (&'static str, &'static str);

/// The step from a JSON body, a flat form, or a form with `jsonData` (an object, or an array of one).
fn read_step(headers: &HeaderMap, body: &[u8], secret: &SharedSecret) -> Result<Value, Refused> {
    const UNREADABLE: Refused = ("0202", "body is not a handling step");
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    if kind.is_some_and(|kind| kind.starts_with("application/json")) {
        return serde_json::from_slice(body).map_err(|_| UNREADABLE);
    }
    let form: Map<String, Value> = form_urlencoded::parse(body)
        .map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())))
        .collect();
    let Some(json_data) = form.get("jsonData").and_then(Value::as_str) else {
        return Ok(Value::Object(form));
    };
    let token = form.get("httpRequestVerify").and_then(Value::as_str);
    if let Some(secret) = &secret.0
        && token != Some(verify_token(secret, json_data).as_str())
    {
        return Err(("0304", "httpRequestVerify does not fit"));
    }
    match serde_json::from_str(json_data) {
        Ok(Value::Array(steps)) if steps.len() == 1 => Ok(steps[0].clone()),
        Ok(step @ Value::Object(_)) => Ok(step),
        _ => Err(UNREADABLE),
    }
}

fn taken(success: &str, conflict: &str) -> Response {
    Json(json!({
        "code": "0001", "msg": "", "successStr": success, "conflictStr": conflict,
        "failSituationList": [],
    }))
    .into_response()
}

/// The exchange refuses with 200 and a code.
fn refuse(code: &str, message: &str) -> Response {
    (StatusCode::OK, Json(refusal(System::Petition, 0, code, message))).into_response()
}
