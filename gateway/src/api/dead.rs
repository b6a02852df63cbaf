//! Dead letters: `GET /v1/dead`, `GET /v1/dead/{sequence}` with the record itself, `POST /v1/dead/replay`.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;

use super::Api;
use super::caller::Centre;
use super::input::{Asked, Said};
use super::queues::limited;
use crate::intake::dead::{self, BuriedPage};
use crate::intake::replay::{Exhumed, ReplayError, Replayed, Which};
use crate::problem::{Kind, Problem};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    /// How many at most.
    limit: Option<usize>,
    /// Before which sequence of DEAD.
    before: Option<u64>,
}

/// The routes.
pub(super) fn routes() -> Router<Arc<Api>> {
    Router::new()
        .route("/v1/dead", get(list))
        .route("/v1/dead/{sequence}", get(show))
        .route("/v1/dead/replay", post(replay))
}

async fn list(
    State(api): State<Arc<Api>>,
    _centre: Centre,
    Asked(List { limit, before }): Asked<List>,
) -> Result<Json<BuriedPage>, Problem> {
    let listed = dead::list(&api.jetstream, before, limited(limit)?).await;
    listed.map(Json).map_err(|e| Problem::new(Kind::Unavailable, e.to_string()).retry_after(2))
}

async fn show(
    State(api): State<Arc<Api>>,
    Centre(who): Centre,
    Path(sequence): Path<String>,
) -> Result<Json<Exhumed>, Problem> {
    let sequence: u64 =
        sequence.parse().map_err(|_| Problem::field("sequence", Some(&sequence), "the sequence of a dead letter"))?;
    let none = || Problem::new(Kind::NotFound, format!("there is no dead letter {sequence}"));
    let shown = api.replay.show(sequence).await?.ok_or_else(none)?;
    if shown.record.is_some() {
        tracing::info!(
            target: "huiliu::audit", who = who.subject(), sequence,
            "the record of dead letter {sequence} shown to {}", who.subject()
        );
    }
    Ok(Json(shown))
}

async fn replay(
    State(api): State<Arc<Api>>,
    Centre(who): Centre,
    Said(which): Said<Which>,
) -> Result<Json<Replayed>, Problem> {
    if which.is_empty() {
        let expected = "at least one of `letters`, `from`, `to`, `channel`, `stage`, `reason`";
        return Err(Problem::new(Kind::BadRequest, format!("nothing was chosen: expected {expected}")));
    }
    let done = api.replay.run(&which).await?;
    tracing::info!(
        target: "huiliu::audit", who = who.subject(), replayed = done.replayed.len(), left = done.left.len(),
        "{} dead letters taken up again by {}", done.replayed.len(), who.subject()
    );
    Ok(Json(done))
}

impl From<ReplayError> for Problem {
    fn from(error: ReplayError) -> Self {
        match error {
            ReplayError::Store(error) => error.into(),
            error => Self::new(Kind::Unavailable, error.to_string()).retry_after(2),
        }
    }
}
