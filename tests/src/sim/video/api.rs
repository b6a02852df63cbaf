//! What the platform offers the hub: a token, cases by cursor, and actions on a case.
//!
//! Answers are `{"code", "message", "data"}`; anything but code 0 has no effect.

use axum::extract::{Path, Query, Request, State};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::tokens::{self, Tokens};
use crate::sim::book::Applied;
use crate::sim::clock;
use crate::sim::source::Source;
use crate::sim::system::{Action, System};
use crate::sim::weather::{self, refusal};

/// The platform's endpoints, with their own door.
pub(crate) fn routes(source: &Source, tokens: Tokens) -> Router<Source> {
    Router::new()
        .route("/api/v1/cases", get(cases))
        .route("/api/v1/cases/{case_no}/actions", post(act))
        .route_layer(middleware::from_fn_with_state(source.clone(), weather::pass))
        .route_layer(middleware::from_fn_with_state(source.clone(), authorise))
        .merge(tokens::routes())
        .layer(Extension(tokens))
}

async fn authorise(
    State(source): State<Source>,
    Extension(tokens): Extension<Tokens>,
    request: Request,
    next: Next,
) -> Response {
    let most_uses = source.read(|book| book.quirks.token_uses);
    if tokens.admits(request.headers(), source.clock().now(), most_uses) {
        return next.run(request).await;
    }
    refuse(StatusCode::UNAUTHORIZED, "令牌无效或已过期")
}

#[derive(Deserialize)]
struct CasesQuery {
    updated_since: Option<String>,
    cursor: Option<String>,
    limit: Option<usize>,
}

async fn cases(State(source): State<Source>, Query(query): Query<CasesQuery>) -> Response {
    let since = query.updated_since.as_deref().map_or(Some(i64::MIN), clock::parse);
    let cursor = match query.cursor.as_deref().filter(|cursor| !cursor.is_empty()) {
        None => Some(0),
        Some(text) => text.strip_prefix('v').and_then(|change| change.parse().ok()),
    };
    let (Some(since), Some(cursor)) = (since, cursor) else {
        return refuse(StatusCode::BAD_REQUEST, "updated_since or cursor is not readable");
    };
    let limit = query.limit.unwrap_or(50).clamp(1, 200);
    let page = source.read(|book| book.page_after(cursor, since, limit));
    let next = page.next.map(|change| format!("v{change}"));
    accept(&json!({ "items": page.rows, "next_cursor": next }))
}

async fn act(State(source): State<Source>, Path(id): Path<String>, Json(body): Json<Value>) -> Response {
    let (action, request_id) = match read_action(&body) {
        Ok(read) => read,
        Err(refused) => return refuse(StatusCode::BAD_REQUEST, &refused),
    };
    match source.answer(&id, &request_id, action, body) {
        Applied::Unknown => refuse(StatusCode::NOT_FOUND, &format!("no such case_no: {id}")),
        Applied::First(at) | Applied::Repeat(at) | Applied::Conflict(at) => {
            accept(&json!({ "updated_at": clock::dashed(at) }))
        }
    }
}

/// The action and key of a request, or which field is wrong.
fn read_action(body: &Value) -> Result<(Action, String), String> {
    let text = |name: &str| body[name].as_str().map(str::trim).filter(|text| !text.is_empty());
    let required = |name: &str| text(name).ok_or(format!("{name} is required"));
    let action = match required("action")? {
        "accept" => Action::Accept,
        "progress" => Action::Progress,
        "close" => Action::Result,
        "return" => Action::Return,
        "decline" => Action::Decline,
        other => return Err(format!("action {other:?} is not known")),
    };
    match action {
        Action::Result => required("mediation_result").and(required("agreement_content"))?,
        Action::Progress => required("content")?,
        Action::Return | Action::Decline => required("reason")?,
        _ => "",
    };
    Ok((action, required("request_id")?.to_owned()))
}

fn accept(data: &Value) -> Response {
    Json(json!({ "code": 0, "message": "ok", "data": data })).into_response()
}

fn refuse(status: StatusCode, message: &str) -> Response {
    (status, Json(refusal(System::Video, status.as_u16(), "", message))).into_response()
}
