//! What operators see and do about queues: `GET /v1/queues`, `GET /v1/queues/{department}`,
//! `POST /v1/queues/{department}/{case}/{n}/requeue`, `POST /v1/queues/reconcile`. Looking changes nothing, and shows
//! clear data only.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use huiliu_schemas::{CaseId, DepartmentId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Api;
use super::caller::{Centre, Counted};
use crate::commands::{CaseName, find};
use crate::problem::{Kind, Problem};
use crate::queues::inspect::{AllStanding, Peek};
use crate::queues::reconcile::{ReconcileError, Report};
use crate::queues::reoffer::{Because, Reoffered};
use crate::rest::input::{Asked, Named, Said};
use crate::rest::page::Paging;
use crate::rest::{CENTRE, Endpoints, Operation, Tag, example};

/// Why an entry is to be offered again.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Requeue {
    /// One of two reasons.
    because: Because,
}

/// An entry that was offered again.
#[derive(Serialize, JsonSchema)]
struct Requeued {
    /// To whom.
    department: DepartmentId,
    /// Of which case.
    case_id: CaseId,
    /// Its number in the case.
    n: u32,
    /// Of its new message in CASES.
    sequence: u64,
    /// Of the one before.
    former: u64,
}

pub(super) fn endpoints() -> Endpoints<Arc<Api>> {
    let all_says = Operation::get("/v1/queues", "listQueues", Tag::Centre, "各队列概况", "How every queue stands")
        .more("目录中的全部单位，以及曾有条目的单位，一次给全。 Every department of the directory, and whoever else ever had anything, in one answer.")
        .by(CENTRE)
        .answers::<AllStanding>(200, "全部队列 · Every queue", example!("queues"))
        .fails(&[Kind::Unavailable]);
    let reconcile_says =
        Operation::post("/v1/queues/reconcile", "reconcile", Tag::Centre, "核对", "Compare log and queues, and mend")
            .by(CENTRE)
            .answers::<Report>(200, "修复了什么 · What was mended", example!("reconciled"))
            .fails(&[Kind::Refused, Kind::Unavailable, Kind::UnknownOutcome]);
    let peek_says = Operation::get(
        "/v1/queues/{department}",
        "peekQueue",
        Tag::Centre,
        "查看队列",
        "Look into a queue, taking nothing",
    )
    .more("只有非个人信息，最早在前。 Clear data only. Oldest first.")
    .by(CENTRE)
    .asks::<Paging>()
    .answers::<Peek>(200, "队列的一部分 · Part of the queue", example!("peek"))
    .fails(&[Kind::NotFound, Kind::Unavailable]);
    let requeue_says = Operation::post(
        "/v1/queues/{department}/{case}/{n}/requeue",
        "requeueEntry",
        Tag::Centre,
        "重新放入队列",
        "Offer a live entry again that is not queued any more",
    )
    .by(CENTRE)
    .limited()
    .takes::<Requeue>(example!("requeue"))
    .answers::<Requeued>(200, "已重新放入 · It is offered again", example!("requeued"))
    .fails(&[Kind::InvalidField, Kind::NotFound, Kind::Refused, Kind::Unavailable, Kind::UnknownOutcome]);
    Endpoints::new().on(all_says, all).on(reconcile_says, reconcile).on(peek_says, peek).on(requeue_says, requeue)
}

async fn all(State(api): State<Arc<Api>>, _centre: Centre) -> Result<Json<AllStanding>, Problem> {
    Ok(Json(api.queues.standing(&api.reads).await?))
}

async fn peek(
    State(api): State<Arc<Api>>,
    _centre: Centre,
    Named(department): Named<String>,
    Asked(paging): Asked<Paging>,
) -> Result<Json<Peek>, Problem> {
    let department = known(&api, &department)?;
    let (limit, cursor) = paging.read()?;
    Ok(Json(api.queues.peek(&api.reads, &department, cursor.unwrap_or(0), limit).await?))
}

async fn requeue(
    State(api): State<Arc<Api>>,
    Centre(who): Centre,
    _held: Counted,
    Named((department, case, n)): Named<(String, String, String)>,
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

impl From<ReconcileError> for Problem {
    fn from(error: ReconcileError) -> Self {
        match error {
            ReconcileError::Ledger(error) => error.into(),
            error => Self::new(Kind::Unavailable, error.to_string()).retry_after(5),
        }
    }
}
