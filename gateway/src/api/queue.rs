//! `GET /v1/queue` hands out a department's entries; `POST /v1/queue/ack` says they were received.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::Api;
use super::caller::Department;
use super::input::{Asked, Said};
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
    ack: Tokens,
}

/// One token, or those of all entries that were taken together.
#[derive(Deserialize)]
#[serde(untagged, expecting = "`ack`: expected the `ack` of an entry, or a list of them")]
enum Tokens {
    One(String),
    Several(Vec<String>),
}

pub(super) async fn take(
    State(api): State<Arc<Api>>,
    Department(department): Department,
    Asked(Ask { wait, max }): Asked<Ask>,
) -> Result<Json<Taken>, Problem> {
    let wait = Duration::from_secs(wait.min(LONGEST_WAIT_S));
    let entries = api.queues.take(&department, max.clamp(1, MOST), wait).await?;
    Ok(Json(Taken { entries }))
}

pub(super) async fn acknowledge(
    State(api): State<Arc<Api>>,
    Department(department): Department,
    Said(Acknowledge { ack }): Said<Acknowledge>,
) -> Result<StatusCode, Problem> {
    let tokens = match &ack {
        Tokens::One(token) => std::slice::from_ref(token),
        Tokens::Several(tokens) => tokens,
    };
    api.queues.acknowledge(&department, tokens).await?;
    Ok(StatusCode::NO_CONTENT)
}
