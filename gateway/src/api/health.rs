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
    log_position: Option<u64>,
}

pub(super) async fn alive() -> &'static str {
    "ok\n"
}

pub(super) async fn ready(State(api): State<Arc<Api>>) -> (StatusCode, Json<Readiness>) {
    let (engine, taking_work) = (*api.connected.borrow(), *api.ready.borrow());
    let ready = engine && taking_work;
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Readiness { ready, engine, taking_work, log_position: api.reads.position().ok() }))
}

pub(super) async fn figures(State(api): State<Arc<Api>>) -> String {
    api.figures.render()
}
