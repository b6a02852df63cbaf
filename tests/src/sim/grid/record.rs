//! The platform's event: how it is filled, and how feedback and grid workers change it.

use serde_json::{Value, json};

use crate::sim::book::Item;
use crate::sim::clock::{dashed, format};
use crate::sim::follow_up::{FollowUp, Visit};
use crate::sim::matters::Matter;
use crate::sim::system::Action;

/// Fields that hold dates, `updateTime` aside.
pub(crate) const DATES: &[&str] = &["occurredAt", "reportTime"];

/// Fields that a half-filled event lacks.
pub(crate) const WITHHELD: &[&str] = &["description", "location", "gridId", "evidenceReferences"];

/// The kinds of matter grid workers meet.
pub(crate) const APPEALS: &[&str] = &["incident", "report", "complaint", "help", "dispute"];

/// A new event, all fields known.
pub(crate) fn compose(matter: &Matter, id: &str, now: i64) -> Value {
    let truth = &matter.truth;
    json!({
        "externalEventId": id, "sourceSystem": "江北区基层治理四平台", "title": matter.title,
        "eventType": truth.question, "appealType": appeal_type(&truth.appeal), "urgencyLevel": urgency(matter),
        "occurredAt": format(now - 600, "%Y-%m-%dT%H:%M"), "reportTime": dashed(now - 60), "updateTime": null,
        "location": format!("{}{}", truth.place.township, matter.address),
        "description": format!("{}{}", matter.text, matter.demand), "reportSource": report_source(truth.n),
        "gridId": format!("{}{:03}", truth.place.village_code, truth.n % 20 + 1),
        "reporterName": null, "reporterPhone": null, "longitude": null, "latitude": null,
        "evidenceReferences": evidence(truth.n), "sourceOrderNum": null, "remark": null,
        "eventStatus": "REPORTED", "result": null, "isSuccessInSolving": null, "handleOrg": null,
    })
}

fn appeal_type(appeal: &str) -> &'static str {
    match appeal {
        "dispute" => "DISPUTE",
        "complaint" => "COMPLAINT",
        "report" => "REPORT",
        "help" => "HELP",
        _ => "INCIDENT",
    }
}

fn urgency(matter: &Matter) -> &'static str {
    match (matter.truth.threat, matter.truth.urgent, matter.truth.n % 3) {
        (true, ..) => "RED",
        (false, true, _) => "ORANGE",
        (false, false, 0) => "YELLOW",
        _ => "GREEN",
    }
}

fn report_source(n: u64) -> &'static str {
    ["GRID_MEMBER", "RESIDENT", "PROPERTY", "AI_CAMERA"][(n % 4) as usize]
}

fn evidence(n: u64) -> Vec<String> {
    (0..n % 4).map(|i| format!("img/{n:08}/{i}.jpg")).collect()
}

/// What feedback does to the event.
pub(crate) fn apply(body: &mut Value, action: Action, answer: &Value) {
    let mut take = |from: &str, to: &str| {
        if let Some(text) = answer[from].as_str() {
            body[to] = text.into();
        }
    };
    take("handleOrg", "handleOrg");
    let state = match action {
        Action::Accept | Action::Progress => "PROCESSING",
        Action::Return => "RETURNED",
        Action::Decline => "CLOSED",
        Action::Extend => return,
        Action::Result => {
            take("content", "result");
            take("isSolved", "isSuccessInSolving");
            "CLOSED"
        }
    };
    body["eventStatus"] = state.into();
}

/// The same thing reported again under its own number.
pub(crate) fn file_again(earlier: &Item, id: &str, now: i64) -> Value {
    let mut body = earlier.body.clone();
    for name in ["result", "isSuccessInSolving", "handleOrg"] {
        body[name] = Value::Null;
    }
    body["externalEventId"] = id.into();
    body["parentEventId"] = earlier.id.clone().into();
    body["reportTime"] = dashed(now - 60).into();
    body["eventStatus"] = "REPORTED".into();
    body
}

/// More text, or the grid worker's withdrawal, on the event itself.
pub(crate) fn change(what: FollowUp, body: &mut Value, now: i64) {
    if what == FollowUp::Withdraw {
        body["eventStatus"] = "CANCELLED".into();
        body["remark"] = "重复上报，撤销。".into();
        return;
    }
    let said = body["description"].as_str().unwrap_or_default();
    body["description"] = format!("{said}【{}复查】情况未变。", dashed(now)).into();
}

/// The grid worker went and saw.
pub(crate) fn visited(visit: Visit, body: &mut Value) {
    let good = visit != Visit::Dissatisfied;
    body["verifyResult"] = if good { "1" } else { "0" }.into();
    body["eventStatus"] = if good { "CLOSED" } else { "PROCESSING" }.into();
}
