//! `GET /v1/cases/{case}/content`: what is personal in a case, for those who may see it; every showing is audited.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use huiliu_schemas::content::Content;
use huiliu_schemas::event::Actor;
use huiliu_schemas::{CaseId, CaseNumber};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use super::Api;
use super::caller::{Caller, Counted};
use crate::commands::{CaseName, PATIENCE, actor_of, find, unknown};
use crate::doors::principal::Principal;
use crate::ledger::OpenedCase;
use crate::problem::{Kind, Problem};
use crate::queues::{Shown, may_read, readable};
use crate::rest::input::Named;
use crate::rest::{Endpoints, Key, Operation, Tag, example};

/// What is personal in a case.
#[derive(Serialize, JsonSchema)]
struct CaseContent {
    /// The case.
    case_id: CaseId,
    /// Its number.
    number: CaseNumber,
    /// What its sources have told, all in all.
    content: Content,
    /// The words of each step, oldest first; those of a record that came too late for the centre only.
    steps: Vec<Step>,
}

/// The words of one event.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ContentStep")]
struct Step {
    /// The event's identity.
    id: Uuid,
    /// When it was decided.
    at: Timestamp,
    /// Its type.
    event: String,
    /// Who did it.
    actor: Actor,
    /// What was said with it.
    content: Content,
}

pub(super) fn endpoints() -> Endpoints<Arc<Api>> {
    let says = Operation::get("/v1/cases/{case}/content", "getCaseContent", Tag::Cases, "查看案件内容", "The words of a case")
        .more(
            "案件中的个人信息，给现承办的单位和中心；须保密的不出示反映人，文字中其姓名、电话、证件号、住址以“〔隐去〕”代替。每次出示均留痕。 What is personal, for a department that has a part in the case now, and for the centre; who spoke is left out \
             where that is hidden, and stands as 〔隐去〕 wherever the words give their name, number or home. Every showing is written down in the audit log.",
        )
        .by(&[Key::Department, Key::Operator, Key::Machine])
        .limited()
        .answers::<CaseContent>(200, "内容 · The words", example!("content"))
        .fails(&[Kind::InvalidField, Kind::NotFound, Kind::Unavailable]);
    Endpoints::new().on(says, content)
}

async fn content(
    State(api): State<Arc<Api>>,
    Caller(who): Caller,
    _held: Counted,
    Named(case): Named<String>,
) -> Result<Json<CaseContent>, Problem> {
    let name = CaseName::read(&case).ok_or_else(|| Problem::field("case", Some(&case), "a case id or number"))?;
    let opening = async {
        let id = find(&api.ledger, &name).await?;
        Ok::<_, Problem>((id, api.ledger.open_case(id).await?))
    };
    let slow = |_| Problem::new(Kind::Unavailable, "the engine does not answer: ask again").retry_after(5);
    let (id, opened) = tokio::time::timeout(PATIENCE, opening).await.map_err(slow)??;
    let opened = opened.filter(|o| o.loaded.case.may_be_known_to(&actor_of(&who))).ok_or_else(|| unknown(&name))?;
    if !is_theirs(&who, &opened) {
        return Err(Problem::new(Kind::Forbidden, "the case is not with this caller"));
    }
    tracing::info!(target: "huiliu::audit", who = who.subject(), case = %id, "case {id} shown to {}", who.subject());
    let number = opened.loaded.case.number.clone();
    let shown = Shown::of(&opened);
    let said = opened.events.iter().map(|e| (e, readable(&who, e))).filter(|(_, said)| !said.is_empty());
    let steps = said.map(|(e, said)| Step {
        id: e.id,
        at: e.at,
        event: e.body.name().to_owned(),
        actor: e.actor.clone(),
        content: shown.of_content(&said),
    });
    Ok(Json(CaseContent { case_id: id, number, content: shown.with_entry(0), steps: steps.collect() }))
}

/// The handling department's and the centre's.
fn is_theirs(who: &Principal, opened: &OpenedCase) -> bool {
    match who {
        Principal::Operator(_) | Principal::Machine(_) => true,
        Principal::Department(department) => may_read(&opened.loaded.case, department),
        Principal::Channel(_) => false,
    }
}
