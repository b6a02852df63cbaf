//! What the platform offers the hub: events by update time and page, and feedback on an event.
//!
//! Answers are `{"code", "message", "data"}`; anything but code 200 has no effect.

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::sim::book::Applied;
use crate::sim::clock;
use crate::sim::source::Source;
use crate::sim::system::{Action, System};
use crate::sim::weather::refusal;

/// The platform's endpoints.
pub(crate) fn routes() -> Router<Source> {
    Router::new().route("/api/v1/grid/events", get(events)).route("/api/v1/grid/events/{id}/feedback", post(feedback))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EventsQuery {
    start_time: String,
    end_time: String,
    page_no: Option<usize>,
    page_size: Option<usize>,
}

async fn events(State(source): State<Source>, Query(query): Query<EventsQuery>) -> Response {
    let (Some(from), Some(to)) = (clock::parse(&query.start_time), clock::parse(&query.end_time)) else {
        return refuse(StatusCode::BAD_REQUEST, "startTime, endTime: yyyy-MM-dd HH:mm:ss");
    };
    let (page, size) = (query.page_no.unwrap_or(1).max(1), query.page_size.unwrap_or(50).clamp(1, 200));
    let found = source.read(|book| book.page_by_time(from, to, page, size));
    accept(&json!({ "total": found.total, "current": page, "size": size, "records": found.rows }))
}

async fn feedback(State(source): State<Source>, Path(id): Path<String>, Json(body): Json<Value>) -> Response {
    let (action, request_id) = match read_feedback(&body) {
        Ok(read) => read,
        Err(refused) => return refuse(StatusCode::BAD_REQUEST, &refused),
    };
    match source.answer(&id, &request_id, action, body) {
        Applied::Unknown => refuse(StatusCode::NOT_FOUND, &format!("事件不存在: {id}")),
        Applied::First(at) | Applied::Repeat(at) | Applied::Conflict(at) => {
            accept(&json!({ "updateTime": clock::dashed(at) }))
        }
    }
}

/// The action and key of a feedback, or which field is wrong.
fn read_feedback(body: &Value) -> Result<(Action, String), String> {
    let text = |name: &str| body[name].as_str().map(str::trim).filter(|text| !text.is_empty());
    let required = |name: &str| text(name).ok_or(format!("{name}: 必填"));
    let action = match required("action")? {
        "DIVIDE" => Action::Accept,
        "JOIN" => Action::Progress,
        "STRIKE_OFF" => Action::Result,
        "RETURN" => Action::Return,
        "DECLINE" => Action::Decline,
        other => return Err(format!("action: 不支持 {other:?}")),
    };
    match action {
        Action::Result | Action::Progress => required("content")?,
        Action::Return | Action::Decline => required("reason")?,
        _ => "",
    };
    Ok((action, required("requestId")?.to_owned()))
}

fn accept(data: &Value) -> Response {
    Json(json!({ "code": 200, "message": "success", "data": data })).into_response()
}

fn refuse(status: StatusCode, message: &str) -> Response {
    (status, Json(refusal(System::Grid, status.as_u16(), "", message))).into_response()
}
