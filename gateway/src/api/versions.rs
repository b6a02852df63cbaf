//! Which version of the directory and of the packs runs: `GET /v1/versions`; looking at the files at once:
//! `POST /v1/reload`.

use std::sync::Arc;

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Serialize;

use super::Api;
use super::caller::Centre;
use crate::files::Standing;

/// The routes.
pub(super) fn routes() -> Router<Arc<Api>> {
    Router::new().route("/v1/versions", get(versions)).route("/v1/reload", post(reload))
}

#[derive(Serialize)]
struct Versions {
    /// The directory first, then the packs.
    versions: Vec<Standing>,
}

async fn versions(State(api): State<Arc<Api>>, _centre: Centre) -> Json<Versions> {
    Json(Versions { versions: api.follow_files.standing().await })
}

async fn reload(State(api): State<Arc<Api>>, _centre: Centre) -> Json<Versions> {
    Json(Versions { versions: api.follow_files.now().await })
}
