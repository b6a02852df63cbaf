//! The source's own view, under `/sim`: what it holds and what came back, for tests and the demo.
//!
//! Not part of any upstream system's protocol; the hub must never call it.

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::follow_up::FollowUp;
use super::source::Source;

/// The routes of the view.
pub(crate) fn routes() -> Router<Source> {
    Router::new()
        .route("/sim/summary", get(summary))
        .route("/sim/orders", get(list).post(put))
        .route("/sim/orders/{id}", get(one))
        .route("/sim/orders/{id}/follow-ups", post(follow_up))
        .route("/sim/pushes", get(pushes))
        .route("/sim/quirks", get(quirks).post(set_quirks))
        .route("/sim/generate", post(generate))
}

async fn summary(State(source): State<Source>) -> Response {
    Json(source.summary()).into_response()
}

#[derive(Deserialize)]
struct ListQuery {
    #[serde(default)]
    offset: usize,
    limit: Option<usize>,
}

/// Ids with what the source knows of each, without the records themselves.
async fn list(State(source): State<Source>, Query(query): Query<ListQuery>) -> Json<Value> {
    let limit = query.limit.unwrap_or(1_000).min(100_000);
    let rows: Vec<Value> = source.read(|book| {
        let items = book.items().iter().skip(query.offset).take(limit);
        items
            .map(|item| {
                let actions: Vec<_> = item.answers.iter().map(|answer| answer.action).collect();
                json!({
                    "id": item.id, "number": item.number, "truth": item.truth,
                    "actions": actions, "duplicateResults": item.duplicate_results(),
                    "reopened": item.reopened, "acknowledged": item.acknowledged,
                })
            })
            .collect()
    });
    Json(json!({ "rows": rows }))
}

async fn one(State(source): State<Source>, Path(id): Path<String>) -> Response {
    match source.item(&id) {
        Some(item) => Json(item).into_response(),
        None => problem(StatusCode::NOT_FOUND, &format!("no record {id}")),
    }
}

async fn put(State(source): State<Source>, Json(fields): Json<Value>) -> Response {
    if !fields.is_object() {
        return problem(StatusCode::BAD_REQUEST, "expected a record as a JSON object");
    }
    Json(json!({ "id": source.put(&fields) })).into_response()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    kind: FollowUp,
}

async fn follow_up(State(source): State<Source>, Path(id): Path<String>, Json(wanted): Json<Wanted>) -> Response {
    match source.follow_up(&id, wanted.kind) {
        Some(id) => Json(json!({ "id": id })).into_response(),
        None => problem(StatusCode::NOT_FOUND, &format!("no record {id}")),
    }
}

async fn pushes(State(source): State<Source>) -> Json<Value> {
    Json(source.read(|book| json!({ "rows": book.deliveries() })))
}

async fn quirks(State(source): State<Source>) -> Response {
    Json(source.read(|book| book.quirks.clone())).into_response()
}

async fn set_quirks(State(source): State<Source>, Json(changes): Json<Value>) -> Response {
    match source.read(|book| book.quirks.with(&changes)) {
        Ok(quirks) => {
            source.set_quirks(quirks.clone());
            Json(quirks).into_response()
        }
        Err(error) => problem(StatusCode::BAD_REQUEST, &error.to_string()),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Count {
    count: u64,
}

async fn generate(State(source): State<Source>, Json(wanted): Json<Count>) -> Response {
    source.generate(wanted.count);
    Json(source.summary()).into_response()
}

fn problem(status: StatusCode, detail: &str) -> Response {
    (status, Json(json!({ "detail": detail }))).into_response()
}
