//! Whether we live, whether we take work, and our figures.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;

use super::Api;

#[derive(Serialize)]
pub(super) struct Readiness {
    ready: bool,
    engine: bool,
    taking_work: bool,
    /// Why no new reports are taken, where departments can still work.
    #[serde(skip_serializing_if = "Option::is_none")]
    no_room: Option<String>,
    log_position: Option<u64>,
}

pub(super) async fn alive() -> &'static str {
    "ok\n"
}

pub(super) async fn ready(State(api): State<Arc<Api>>) -> (StatusCode, Json<Readiness>) {
    let (engine, taking_work) = (*api.connected.borrow(), *api.ready.borrow());
    let ready = engine && taking_work;
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let no_room = api.room.borrow().clone().err();
    (status, Json(Readiness { ready, engine, taking_work, no_room, log_position: api.reads.position().ok() }))
}

pub(super) async fn figures(State(api): State<Arc<Api>>) -> String {
    api.figures.render()
}
