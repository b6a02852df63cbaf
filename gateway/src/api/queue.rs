//! `GET /v1/queue` hands out a department's entries; `POST /v1/queue/ack` says they were received.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::Api;
use super::caller::Department;
use crate::problem::Problem;
use crate::queues::Handed;

const LONGEST_WAIT_S: u64 = 30;
const MOST: usize = 100;

#[derive(Deserialize)]
pub(super) struct Ask {
    /// Seconds to wait for the first entry.
    #[serde(default)]
    wait: u64,
    /// How many at most.
    #[serde(default = "one")]
    max: usize,
}

fn one() -> usize {
    1
}

#[derive(Serialize)]
pub(super) struct Taken {
    entries: Vec<Handed>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Acknowledge {
    ack: String,
}

pub(super) async fn take(
    State(api): State<Arc<Api>>,
    Department(department): Department,
    Query(Ask { wait, max }): Query<Ask>,
) -> Result<Json<Taken>, Problem> {
    let wait = Duration::from_secs(wait.min(LONGEST_WAIT_S));
    let entries = api.queues.take(&department, max.clamp(1, MOST), wait).await?;
    Ok(Json(Taken { entries }))
}

pub(super) async fn acknowledge(
    State(api): State<Arc<Api>>,
    Department(department): Department,
    Json(Acknowledge { ack }): Json<Acknowledge>,
) -> Result<StatusCode, Problem> {
    api.queues.acknowledge(&department, &ack).await?;
    Ok(StatusCode::NO_CONTENT)
}
