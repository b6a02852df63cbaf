//! What the hotline offers the hub: orders by update time and page, and replies to an order.
//!
//! Answers are `{"code", "msg", "data"}`; anything but code 0 has no effect.

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
use crate::sim::system::Action;

/// The hotline's endpoints.
pub(crate) fn routes() -> Router<Source> {
    Router::new()
        .route("/api/orders", get(orders))
        .route("/api/orders/{order_id}", get(order))
        .route("/api/orders/{order_id}/replies", post(reply))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OrdersQuery {
    updated_from: Option<String>,
    updated_to: Option<String>,
    page: Option<usize>,
    page_size: Option<usize>,
}

async fn orders(State(source): State<Source>, Query(query): Query<OrdersQuery>) -> Response {
    let from = bound("updatedFrom", query.updated_from.as_deref(), 0);
    let to = bound("updatedTo", query.updated_to.as_deref(), i64::MAX);
    let (from, to) = match (from, to) {
        (Ok(from), Ok(to)) => (from, to),
        (Err(refused), _) | (_, Err(refused)) => return refuse(StatusCode::BAD_REQUEST, &refused),
    };
    let page = query.page.unwrap_or(1).max(1);
    let size = query.page_size.unwrap_or(50).clamp(1, 200);
    let found = source.read(|book| book.page_by_time(from, to, page, size));
    accept(&json!({ "total": found.total, "page": page, "pageSize": size, "rows": found.rows }))
}

/// A bound of the window; this API takes one form of date only.
fn bound(name: &str, text: Option<&str>, missing: i64) -> Result<i64, String> {
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return Ok(missing);
    };
    match clock::parse(text).filter(|at| clock::dashed(*at) == text) {
        Some(at) => Ok(at),
        None => Err(format!("{name}: {text:?} is not yyyy-MM-dd HH:mm:ss")),
    }
}

async fn order(State(source): State<Source>, Path(id): Path<String>) -> Response {
    let row = source.read(|book| book.dressed(&id));
    match row {
        Some(row) => accept(&row),
        None => refuse(StatusCode::NOT_FOUND, &format!("工单不存在: {id}")),
    }
}

async fn reply(State(source): State<Source>, Path(id): Path<String>, Json(body): Json<Value>) -> Response {
    let (action, request_id) = match read_reply(&body) {
        Ok(read) => read,
        Err(refused) => return refuse(StatusCode::BAD_REQUEST, &refused),
    };
    match source.answer(&id, &request_id, action, body) {
        Applied::Unknown => refuse(StatusCode::NOT_FOUND, &format!("工单不存在: {id}")),
        Applied::First(at) | Applied::Repeat(at) | Applied::Conflict(at) => {
            accept(&json!({ "updateTime": clock::dashed(at) }))
        }
    }
}

/// The action and key of a reply, or which field is wrong.
fn read_reply(body: &Value) -> Result<(Action, String), String> {
    let text = |name: &str| body[name].as_str().map(str::trim).filter(|text| !text.is_empty());
    let required = |name: &str| text(name).ok_or(format!("{name}: 必填"));
    let action = match required("action")? {
        "accept" => Action::Accept,
        "return" => Action::Return,
        "decline" => Action::Decline,
        "progress" => Action::Progress,
        "result" => Action::Result,
        "extend" => Action::Extend,
        other => return Err(format!("action: 不支持 {other:?}")),
    };
    match action {
        Action::Result | Action::Progress => required("content")?,
        Action::Return | Action::Decline => required("backReason")?,
        _ => "",
    };
    Ok((action, required("requestId")?.to_owned()))
}

fn accept(data: &Value) -> Response {
    Json(json!({ "code": 0, "msg": "ok", "data": data })).into_response()
}

fn refuse(status: StatusCode, message: &str) -> Response {
    let body = json!({ "code": status.as_u16(), "msg": message, "data": null });
    (status, Json(body)).into_response()
}
