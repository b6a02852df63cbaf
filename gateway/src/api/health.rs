//! Whether we live, whether we take work, and our figures.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::Api;
use crate::rest::{Endpoints, Operation, Shape, Tag, example};

/// Whether the hub takes work, and what is missing if not: all a stranger may know.
#[derive(Serialize, JsonSchema)]
struct Readiness {
    /// All of the following.
    ready: bool,
    /// The engine is there.
    engine: bool,
    /// The hub is not starting or stopping.
    taking_work: bool,
    /// Why no new reports are taken, where departments can still work.
    #[serde(skip_serializing_if = "Option::is_none")]
    no_room: Option<String>,
}

pub(super) fn endpoints() -> Endpoints<Arc<Api>> {
    let text = || Shape::Is(json!({ "type": "string" }));
    let alive_says = Operation::get("/healthz", "isAlive", Tag::Site, "是否存活", "Whether the process lives")
        .answers_as(200, "存活 · It lives", "text/plain", text(), "ok\n");
    let ready_says = Operation::get("/readyz", "isReady", Tag::Site, "是否可受理", "Whether the hub takes work")
        .answers::<Readiness>(200, "可受理 · It does", example!("readiness"))
        .answers::<Readiness>(503, "不可受理 · It does not", example!("readiness-not"));
    let figures_say = Operation::get("/metrics", "figures", Tag::Site, "指标（Prometheus）", "Figures for Prometheus")
        .answers_as(
            200,
            "全部指标 · All figures",
            "text/plain",
            text(),
            "# TYPE huiliu_cases gauge\nhuiliu_cases{stage=\"triage\"} 4\n",
        );
    Endpoints::new().on(alive_says, alive).on(ready_says, ready).on(figures_say, figures)
}

async fn alive() -> &'static str {
    "ok\n"
}

async fn ready(State(api): State<Arc<Api>>) -> (StatusCode, Json<Readiness>) {
    let (engine, taking_work) = (*api.connected.borrow(), *api.ready.borrow());
    let ready = engine && taking_work;
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let no_room = api.room.borrow().clone().err();
    (status, Json(Readiness { ready, engine, taking_work, no_room }))
}

async fn figures(State(api): State<Arc<Api>>) -> String {
    api.figures.render()
}
