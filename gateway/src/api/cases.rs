//! `GET /v1/cases/{case}/content`: what is personal in a case, for those who may see it; every showing is audited.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use huiliu_schemas::content::Content;
use huiliu_schemas::event::Actor;
use huiliu_schemas::{CaseId, CaseNumber};
use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use super::Api;
use super::caller::Caller;
use crate::commands::{CaseName, find};
use crate::doors::principal::Principal;
use crate::ledger::OpenedCase;
use crate::problem::{Kind, Problem};
use crate::queues::{disclosed, may_read};

#[derive(Serialize)]
pub(super) struct CaseContent {
    case_id: CaseId,
    number: CaseNumber,
    content: Content,
    steps: Vec<Step>,
}

/// The words of one event.
#[derive(Serialize)]
struct Step {
    id: Uuid,
    at: Timestamp,
    event: String,
    actor: Actor,
    content: Content,
}

pub(super) async fn content(
    State(api): State<Arc<Api>>,
    Caller(who): Caller,
    Path(case): Path<String>,
) -> Result<Json<CaseContent>, Problem> {
    let name = CaseName::read(&case).ok_or_else(|| Problem::field("case", Some(&case), "a case id or number"))?;
    let id = find(&api.ledger, &name).await?;
    let opened = api.ledger.open_case(id).await?;
    let opened = opened.ok_or_else(|| Problem::new(Kind::NotFound, format!("no case `{case}`")))?;
    let content = visible_to(&who, &opened)?;
    tracing::info!(target: "huiliu::audit", who = who.subject(), case = %id, "case {id} shown to {}", who.subject());
    let number = opened.loaded.case.number.clone();
    let hidden = opened.loaded.case.hides_reporter();
    let steps = opened.events.into_iter().filter(|e| !e.content.is_empty()).map(|e| Step {
        id: e.id,
        at: e.at,
        event: e.body.name().to_owned(),
        actor: e.actor,
        content: if hidden { e.content.without_reporters() } else { e.content },
    });
    Ok(Json(CaseContent { case_id: id, number, content, steps: steps.collect() }))
}

/// The handling department and the centre; where who spoke is hidden, it is hidden here too.
fn visible_to(who: &Principal, opened: &OpenedCase) -> Result<Content, Problem> {
    let theirs = match who {
        Principal::Operator(_) | Principal::Machine(_) => true,
        Principal::Department(department) => may_read(&opened.loaded.case, department),
        Principal::Channel(_) => false,
    };
    if !theirs {
        return Err(Problem::new(Kind::Forbidden, "the case is not, and was not, with this caller"));
    }
    Ok(disclosed(opened, 0))
}
