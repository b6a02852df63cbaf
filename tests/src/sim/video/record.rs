//! The platform's case: how it is filled, and how actions and parties change it.
//!
//! `status` 10 to assign, 20 mediating, 50 closed, 99 cancelled; `mediation_result` 0 none, 1 agreed, 2 failed, 3 partly.

use serde_json::{Value, json};

use crate::sim::book::Item;
use crate::sim::clock::dashed;
use crate::sim::follow_up::{FollowUp, Visit};
use crate::sim::matters::Matter;
use crate::sim::system::Action;

/// Fields that hold dates, `updated_at` aside.
pub(crate) const DATES: &[&str] = &["occur_time", "deadline", "created_at"];

/// Fields that a half-filled case lacks.
pub(crate) const WITHHELD: &[&str] = &["description", "occur_address", "area_code", "type_path", "respondent_phone"];

/// What is mediated.
pub(crate) const APPEALS: &[&str] = &["dispute"];

const DAY: i64 = 86_400;

/// A new case, all fields known.
pub(crate) fn compose(matter: &Matter, id: &str, now: i64) -> Value {
    let (truth, person) = (&matter.truth, &matter.people[0]);
    json!({
        "case_no": id, "title": matter.title, "description": matter.text, "expectation": matter.demand,
        "type_path": format!("矛盾纠纷/{}", truth.question), "case_level": if truth.urgent { 1 } else { 2 + truth.n % 3 },
        "case_source": 1 + truth.n % 4, "status": 10,
        "reporter_name": person.name, "reporter_phone": person.phone, "reporter_id_card": person.id_number,
        "respondent_name": matter.company, "respondent_phone": null,
        "occur_address": format!("{}{}", truth.place.township, matter.address), "occur_time": dashed(now - DAY),
        "area_code": truth.place.village_code, "longitude": null, "latitude": null, "mediator_name": null,
        "mediation_result": 0, "agreement_content": null, "satisfaction_score": null,
        "deadline": dashed(now + 30 * DAY), "created_at": dashed(now), "updated_at": null,
    })
}

/// What an action does to the case.
pub(crate) fn apply(body: &mut Value, action: Action, answer: &Value) {
    match action {
        Action::Accept | Action::Progress => body["status"] = 20.into(),
        Action::Return | Action::Decline => {
            body["status"] = 10.into();
            body["return_reason"] = answer["reason"].clone();
        }
        Action::Extend => {}
        Action::Result => {
            body["status"] = 50.into();
            body["agreement_content"] = answer["agreement_content"].clone();
            let result = answer["mediation_result"].as_str().and_then(|text| text.parse::<u8>().ok());
            body["mediation_result"] = result.into();
        }
    }
}

/// The same dispute brought again under its own number.
pub(crate) fn file_again(earlier: &Item, id: &str, now: i64) -> Value {
    let mut body = earlier.body.clone();
    body["case_no"] = id.into();
    body["parent_case_no"] = earlier.id.clone().into();
    body["status"] = 10.into();
    body["mediation_result"] = 0.into();
    body["agreement_content"] = Value::Null;
    body["satisfaction_score"] = Value::Null;
    body["created_at"] = dashed(now).into();
    body
}

/// More text, or the party's withdrawal, on the case itself.
pub(crate) fn change(what: FollowUp, body: &mut Value, now: i64) {
    if what == FollowUp::Withdraw {
        body["status"] = 99.into();
        return;
    }
    let said = body["description"].as_str().unwrap_or_default();
    body["description"] = format!("{said}【{}补充】对方仍未联系。", dashed(now)).into();
}

/// The party's evaluation.
pub(crate) fn visited(visit: Visit, body: &mut Value) {
    body["satisfaction_score"] = match visit {
        Visit::Satisfied => 5,
        Visit::FairlySatisfied => 3,
        Visit::Dissatisfied => 1,
    }
    .into();
    if visit == Visit::Dissatisfied {
        body["status"] = 20.into();
    }
}
