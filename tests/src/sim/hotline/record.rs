//! The hotline's wide work-order record: how it is filled, and how write-backs and citizens change it.
//!
//! Field names are those of real systems. `orderState` runs 已派单 → 处理中 → 已办结 → 已回访,
//! with 已退回, 不予受理, 已撤单 and 重办 beside; flags are `"0"` / `"1"`.

use serde_json::{Map, Value, json};

use crate::sim::book::Item;
use crate::sim::clock::dashed;
use crate::sim::follow_up::{FollowUp, Visit};
use crate::sim::matters::Matter;
use crate::sim::system::Action;

/// Fields that hold dates, `updateTime` aside: that one keeps the form the query takes.
pub(crate) const DATES: &[&str] = &[
    "callTime",
    "dispatchTime",
    "deadlineDate",
    "delayDeadlineDate",
    "backTime",
    "visitTime",
    "completeTime",
    "replyTime",
];

/// Fields that a half-filled order lacks.
pub(crate) const WITHHELD: &[&str] = &[
    "majorContent",
    "callerContact",
    "address",
    "addressItem",
    "addressPoints",
    "questionCode",
    "questionName",
    "reflectName",
    "companyName",
];

const DAY: i64 = 86_400;

/// A new order, all fields known.
pub(crate) fn compose(matter: &Matter, id: &str, number: &str, now: i64) -> Value {
    let parts = [head(id, number), caller(matter, now), content(matter), dispatch(matter, now), flags(), outcome()];
    let all: Map<String, Value> = parts.into_iter().flat_map(fields).collect();
    Value::Object(all)
}

fn fields(part: Value) -> Map<String, Value> {
    match part {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

fn flag(on: bool) -> &'static str {
    if on { "1" } else { "0" }
}

fn head(id: &str, number: &str) -> Value {
    json!({
        "orderId": id, "orderNum": number, "oldOrderNum": null, "urgeOrderNum": null,
        "updateTime": null,
    })
}

fn caller(matter: &Matter, now: i64) -> Value {
    let person = &matter.people[0];
    let named = !matter.truth.anonymous;
    let sex = if person.male { "男" } else { "女" };
    json!({
        "callerName": named.then_some(&person.name),
        "callerSex": named.then_some(sex),
        "callerPhone": person.phone,
        "callerContact": named.then_some(&person.phone),
        "callTime": dashed(now - 60),
        "sourceType": source_type(matter.truth.n),
        "callerType": caller_type(&matter.truth.appeal),
        "callSubject": if matter.company.is_some() && matter.truth.n.is_multiple_of(9) { "企业" } else { "个人" },
        "companyName": matter.company,
        "callId": format!("call-{:08}", matter.truth.n),
        "callRecordFileId": null,
    })
}

fn source_type(n: u64) -> &'static str {
    ["电话", "微信", "APP", "网站"][(n % 4) as usize]
}

/// The hotline's type for an appeal.
fn caller_type(appeal: &str) -> &'static str {
    match appeal {
        "consultation" => "咨询",
        "complaint" => "投诉",
        "report" | "accusation" => "举报",
        "suggestion" => "建议",
        "praise" => "表扬",
        "claim" => "诉求",
        _ => "求助",
    }
}

fn content(matter: &Matter) -> Value {
    let truth = &matter.truth;
    json!({
        "title": matter.title,
        "majorContent": format!("{}{}", matter.text, matter.demand),
        "questionCode": truth.matter_code,
        "questionName": truth.question,
        "pilotLight": if truth.threat { "特急" } else if truth.urgent { "紧急" } else { "一般" },
        "isSecret": flag(truth.confidential),
        "address": matter.address,
        "addressItem": format!("浙江省宁波市江北区{}{}", truth.place.township, truth.place.village),
        "addressPoints": null,
        "reflectName": truth.accused.as_ref().or(matter.company.as_ref()),
        "reflectPhone": null,
    })
}

fn dispatch(matter: &Matter, now: i64) -> Value {
    json!({
        "organizationCode": "330205", "organizationName": "江北区社会治理中心",
        "subOfficeId": null, "subOfficeName": null,
        "handleModelType": "交办", "dispatchTime": dashed(now),
        "dispatchAdvice": "请按职责办理并答复来电人。",
        "timeUnit": "工作日", "handleDays": if matter.truth.urgent { 1 } else { 5 },
        "deadlineDate": dashed(now + if matter.truth.urgent { DAY } else { 7 * DAY }),
        "delayDays": null, "delayDeadlineDate": null, "delayReason": null,
        "orderState": "已派单",
    })
}

fn flags() -> Value {
    json!({
        "isHardOrder": "0", "isExpire": "0", "isTimeout": "0", "isRehandle": "0", "rehandleNum": 0,
        "nonsenseState": "0", "isSupervise": "0", "superviseState": null, "urgeState": "0",
        "urgeNum": 0, "isJoint": "0", "jointStatus": null,
        "backReason": null, "backTime": null, "backNum": 0,
    })
}

fn outcome() -> Value {
    json!({
        "visitNum": 0, "visitTime": null, "visitIsSolved": null, "visitIsSatisfaction": null,
        "firstVisitIsSatisfaction": null, "finalVisitIsSatisfaction": null,
        "visitHandleTrueness": null, "completeTime": null, "replyTime": null, "content": null,
        "isSolved": null, "isContacted": null, "handleDeptName": null,
    })
}

/// What a write-back does to the order.
pub(crate) fn apply(body: &mut Value, action: Action, answer: &Value, now: i64) {
    let now_text = dashed(now);
    set_from(body, answer, &["handleDeptName"]);
    match action {
        Action::Accept => body["orderState"] = "处理中".into(),
        Action::Progress => {
            body["orderState"] = "处理中".into();
            set_from(body, answer, &["content", "isContacted"]);
        }
        Action::Return | Action::Decline => {
            body["orderState"] = if action == Action::Return { "已退回" } else { "不予受理" }.into();
            body["backTime"] = now_text.into();
            body["backNum"] = (body["backNum"].as_u64().unwrap_or(0) + 1).into();
            set_from(body, answer, &["backReason"]);
        }
        Action::Extend => set_from(body, answer, &["delayDays", "delayReason", "delayDeadlineDate"]),
        Action::Result => {
            body["orderState"] = "已办结".into();
            body["completeTime"] = now_text.clone().into();
            body["replyTime"] = now_text.into();
            set_from(body, answer, &["content", "isSolved", "isContacted", "replyTime"]);
        }
    }
}

fn set_from(body: &mut Value, answer: &Value, keys: &[&str]) {
    for key in keys {
        match &answer[*key] {
            Value::Null => {}
            value => body[*key] = value.clone(),
        }
    }
}

/// An urge order, or the same matter called in again.
pub(crate) fn follow_up(what: FollowUp, earlier: &Item, id: &str, number: &str, now: i64) -> Value {
    let mut body = earlier.body.clone();
    let fresh = [flags(), outcome(), head(id, number)];
    for (key, value) in fresh.into_iter().flat_map(fields) {
        body[key.as_str()] = value;
    }
    body["callTime"] = dashed(now - 60).into();
    body["dispatchTime"] = dashed(now).into();
    body["orderState"] = "已派单".into();
    if what == FollowUp::Urge {
        body["urgeOrderNum"] = earlier.number.clone().into();
        body["callerType"] = "催办".into();
        body["title"] = format!("催办：{}", text(&earlier.body["title"])).into();
        body["majorContent"] = format!("来电人催问工单{}的办理进展，要求尽快答复。", earlier.number).into();
    } else {
        body["oldOrderNum"] = earlier.number.clone().into();
        body["majorContent"] = format!("来电人再次反映：{}", text(&earlier.body["majorContent"])).into();
    }
    body
}

/// More text, or the citizen's withdrawal, on the order itself.
pub(crate) fn change(what: FollowUp, body: &mut Value, now: i64) {
    match what {
        FollowUp::Withdraw => body["orderState"] = "已撤单".into(),
        _ => {
            let said = format!(
                "{}【{}补充】问题仍在，现场情况又有变化，请一并处理。",
                text(&body["majorContent"]),
                dashed(now)
            );
            body["majorContent"] = said.into();
        }
    }
}

/// A return visit; a dissatisfied citizen sends the order back for handling again.
pub(crate) fn visited(visit: Visit, body: &mut Value, now: i64) {
    let satisfaction = match visit {
        Visit::Satisfied => "满意",
        Visit::FairlySatisfied => "基本满意",
        Visit::Dissatisfied => "不满意",
    };
    body["visitNum"] = (body["visitNum"].as_u64().unwrap_or(0) + 1).into();
    body["visitTime"] = dashed(now).into();
    body["visitIsSatisfaction"] = satisfaction.into();
    body["finalVisitIsSatisfaction"] = satisfaction.into();
    if body["firstVisitIsSatisfaction"].is_null() {
        body["firstVisitIsSatisfaction"] = satisfaction.into();
    }
    let solved = visit != Visit::Dissatisfied;
    body["visitIsSolved"] = if solved { "解决" } else { "未解决" }.into();
    body["visitHandleTrueness"] = if solved { "属实" } else { "不属实" }.into();
    body["orderState"] = if solved { "已回访" } else { "重办" }.into();
    if !solved {
        body["isRehandle"] = "1".into();
        body["rehandleNum"] = (body["rehandleNum"].as_u64().unwrap_or(0) + 1).into();
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
