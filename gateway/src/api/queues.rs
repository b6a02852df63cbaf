//! What operators see and do about queues: `GET /v1/queues`, `GET /v1/queues/{department}`,
//! `POST /v1/queues/{department}/{case}/{n}/requeue`, `POST /v1/queues/reconcile`. Looking changes nothing, and shows
//! clear data only.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use huiliu_schemas::{CaseId, DepartmentId};
use serde::{Deserialize, Serialize};

use super::Api;
use super::caller::Centre;
use super::input::{Asked, Said};
use crate::commands::{CaseName, find};
use crate::problem::{Kind, Problem};
use crate::queues::inspect::{AllStanding, Peek};
use crate::queues::reconcile::{ReconcileError, Report};
use crate::queues::reoffer::{Because, Reoffered};

const MOST: usize = 200;
const USUAL: usize = 50;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Look {
    /// How many at most.
    limit: Option<usize>,
    /// After which sequence of QUEUES.
    after: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Requeue {
    because: Because,
}

#[derive(Serialize)]
struct Requeued {
    department: DepartmentId,
    case_id: CaseId,
    n: u32,
    /// Of its new message in CASES.
    sequence: u64,
    /// Of the one before.
    former: u64,
}

/// The routes.
pub(super) fn routes() -> Router<Arc<Api>> {
    Router::new()
        .route("/v1/queues", get(all))
        .route("/v1/queues/reconcile", post(reconcile))
        .route("/v1/queues/{department}", get(peek))
        .route("/v1/queues/{department}/{case}/{n}/requeue", post(requeue))
}

async fn all(State(api): State<Arc<Api>>, _centre: Centre) -> Result<Json<AllStanding>, Problem> {
    Ok(Json(api.queues.standing(&api.reads).await?))
}

async fn peek(
    State(api): State<Arc<Api>>,
    _centre: Centre,
    Path(department): Path<String>,
    Asked(look): Asked<Look>,
) -> Result<Json<Peek>, Problem> {
    let department = known(&api, &department)?;
    let limit = limited(look.limit)?;
    Ok(Json(api.queues.peek(&api.reads, &department, look.after.unwrap_or(0), limit).await?))
}

async fn requeue(
    State(api): State<Arc<Api>>,
    Centre(who): Centre,
    Path((department, case, n)): Path<(String, String, String)>,
    Said(Requeue { because }): Said<Requeue>,
) -> Result<Json<Requeued>, Problem> {
    let department = known(&api, &department)?;
    let name = CaseName::read(&case).ok_or_else(|| Problem::field("case", Some(&case), "a case id or number"))?;
    let n: u32 = n.parse().map_err(|_| Problem::field("n", Some(&n), "the number of an entry in the case"))?;
    let case_id = find(&api.ledger, &name).await?;
    let Reoffered { sequence, former } = api.queues.reoffer(&department, case_id, n, &who, because).await?;
    tracing::info!(
        target: "huiliu::audit", who = who.subject(), %department, case = %case_id, n, because = because.as_str(),
        "entry {n} of case {case_id} offered again to {department} by {}", who.subject()
    );
    Ok(Json(Requeued { department, case_id, n, sequence, former }))
}

async fn reconcile(State(api): State<Arc<Api>>, _centre: Centre) -> Result<Json<Report>, Problem> {
    match api.reconciler.run_alone().await {
        Some(report) => Ok(Json(report?)),
        None => Err(Problem::new(Kind::Refused, "a reconciliation is running already, or was cut off: see the log")
            .retry_after(5)),
    }
}

fn known(api: &Api, department: &str) -> Result<DepartmentId, Problem> {
    let id = department.parse().ok().filter(|id| api.ledger.desk().directory().department(id).is_some());
    id.ok_or_else(|| Problem::new(Kind::NotFound, format!("the directory has no department `{department}`")))
}

pub(super) fn limited(limit: Option<usize>) -> Result<usize, Problem> {
    let limit = limit.unwrap_or(USUAL);
    if (1..=MOST).contains(&limit) {
        Ok(limit)
    } else {
        Err(Problem::field("limit", Some(&limit.to_string()), "1 to 200"))
    }
}

impl From<ReconcileError> for Problem {
    fn from(error: ReconcileError) -> Self {
        match error {
            ReconcileError::Ledger(error) => error.into(),
            error => Self::new(Kind::Unavailable, error.to_string()).retry_after(5),
        }
    }
}
