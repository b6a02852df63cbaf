//! The portal's record in the exchange vocabulary: matter `xfj`, persons `xfr`, handling steps `blfss`,
//! and, once the citizen has judged, evaluation `pj`.
//!
//! The vocabulary's code lists are not public; ours are given beside each function that writes them.
//! Handling steps (`blfs`) are written as words. Flags are `"0"` / `"1"`.

use serde_json::{Value, json};

use crate::sim::book::Item;
use crate::sim::clock::slashed;
use crate::sim::follow_up::{FollowUp, Visit};
use crate::sim::matters::{Matter, Person};
use crate::sim::system::Action;

/// Fields that hold dates.
pub(crate) const DATES: &[&str] = &["xfrq", "djsj", "xbjzsj", "blsj", "xqhbsj", "pjsj"];

/// Fields that a half-filled record lacks.
pub(crate) const WITHHELD: &[&str] = &["tsnr", "wtsddm", "nrfldm", "sjh", "zjhm", "zz", "zzdm", "sxr", "xbjzsj"];

const DAY: i64 = 86_400;

/// A new record, all fields known.
pub(crate) fn compose(matter: &Matter, id: &str, now: i64) -> Value {
    let persons: Vec<Value> = match matter.truth.anonymous {
        true => Vec::new(),
        false => matter.people.iter().enumerate().map(|(i, p)| person(matter, p, i == 0)).collect(),
    };
    json!({
        "xfj": petition(matter, id, now),
        "xfr": persons,
        "blfss": [{
            "blfsid": format!("{id}-dj"), "blfs": "交办", "bljg": "宁波市信访局", "bljgdm": "330200",
            "blbm": "办信处", "jbr": null, "blsj": slashed(now),
            "qxjg": "江北区社会治理中心", "qxjgdm": "330205", "hfgznr": null, "xqhbsj": null,
        }],
    })
}

fn petition(matter: &Matter, id: &str, now: i64) -> Value {
    let truth = &matter.truth;
    let mut xfj = json!({
        "xfjbh": id, "repeated_id": null, "xfrq": slashed(now - 600), "xfxs": form(truth.n),
        "xfrs": matter.people.len(), "sjrs": matter.people.len(),
        "djjgmc": "宁波市信访局", "djjgdm": "330200", "djbm": "网上信访处", "djr": null,
        "djsj": slashed(now), "bt": matter.title, "gkxx": matter.demand, "tsnr": format!("地点：{}。{}", matter.address, matter.text),
        "sxr": truth.accused.as_ref().or(matter.company.as_ref()),
        "xfjzt": "01", "wtsddm": "330205", "nrfldm": content_class(&truth.matter_code),
        "xfmddm": purpose(&truth.appeal), "xfyydm": null, "xbjzsj": slashed(now + 15 * DAY),
        "blcx": null,
    });
    let flags = [
        ("bjgccbz", false),
        ("qgccxfbz", false),
        ("cfxfbz", false),
        ("fcbz", false),
        ("fhbz", false),
        ("bjbz", false),
        ("nmbz", truth.anonymous),
        ("gkbz", !truth.confidential),
        ("lmbz", truth.joint),
        ("yybz", truth.threat),
        ("zdjjbz", truth.urgent),
        ("jabz", false),
    ];
    for (name, on) in flags {
        xfj[name] = if on { "1" } else { "0" }.into();
    }
    xfj
}

/// Form of petition (3): 100 来信, 200 来访, 300 网信, 400 来电.
fn form(n: u64) -> &'static str {
    ["300", "300", "300", "200", "100", "400"][(n % 6) as usize]
}

/// Purpose (2): 01 揭发控告, 02 意见建议, 03 申诉, 04 求决, 05 咨询, 99 其他.
fn purpose(appeal: &str) -> &'static str {
    match appeal {
        "accusation" | "report" => "01",
        "suggestion" => "02",
        "claim" | "dispute" | "help" | "complaint" => "04",
        "consultation" => "05",
        _ => "99",
    }
}

/// Content class (6): only the first level is told, `nn0000`; what lies beyond two digits is 990000.
fn content_class(code: &str) -> String {
    match code.get(..2) {
        Some(first) if code.len() == 6 && !code.ends_with("99") => format!("{first}0000"),
        _ => "990000".into(),
    }
}

fn person(matter: &Matter, person: &Person, principal: bool) -> Value {
    let place = &matter.truth.place;
    json!({
        "xm": person.name, "xb": if person.male { "1" } else { "0" }, "mz": "汉族",
        "zz": format!("宁波市江北区{}{}", place.township, place.village), "zzdm": place.township_code,
        "zjlx": "111", "zjhm": person.id_number, "sjh": person.phone, "gddh": null, "dzyj": null,
        "gzdw": null, "txdz": null, "csrq": person.born, "zy": null,
        "xfjzfrbz": if principal { "1" } else { "0" },
    })
}

/// What a handling step does to the record. State (2): 01 已登记, 02 办理中, 03 已转送, 04 已办结,
/// 05 不予受理, 06 退回, 07 已撤回.
pub(crate) fn apply(body: &mut Value, action: Action, step: &Value, now: i64) {
    let mut step = step.clone();
    if step["blsj"].as_str().is_none_or(str::is_empty) {
        step["blsj"] = slashed(now).into();
    }
    if let Some(steps) = body["blfss"].as_array_mut() {
        steps.push(step);
    }
    let xfj = &mut body["xfj"];
    match action {
        Action::Accept | Action::Progress => xfj["xfjzt"] = "02".into(),
        Action::Return => xfj["xfjzt"] = "06".into(),
        Action::Decline => xfj["xfjzt"] = "05".into(),
        Action::Extend => {}
        Action::Result => {
            xfj["xfjzt"] = "04".into();
            xfj["bjbz"] = "1".into();
        }
    }
}

/// What a step named so means.
pub(crate) fn action(blfs: &str) -> Action {
    match blfs {
        "受理告知" | "受理" => Action::Accept,
        "退回" | "退件" => Action::Return,
        "不予受理" | "不再受理" => Action::Decline,
        "直接回复" | "答复" | "办结" => Action::Result,
        "延期" | "延期告知" => Action::Extend,
        _ => Action::Progress,
    }
}

/// The same matter petitioned again under its own number.
pub(crate) fn file_again(earlier: &Item, id: &str, now: i64) -> Value {
    let mut body = earlier.body.clone();
    let first_step = body["blfss"][0].clone();
    body["blfss"] = json!([first_step]);
    body["blfss"][0]["blfsid"] = format!("{id}-dj").into();
    body["blfss"][0]["blsj"] = slashed(now).into();
    if let Some(record) = body.as_object_mut() {
        record.remove("pj");
    }
    let xfj = &mut body["xfj"];
    xfj["xfjbh"] = id.into();
    xfj["repeated_id"] = earlier.id.clone().into();
    xfj["cfxfbz"] = "1".into();
    xfj["bjbz"] = "0".into();
    xfj["xfjzt"] = "01".into();
    xfj["djsj"] = slashed(now).into();
    xfj["xfrq"] = slashed(now - 600).into();
    body
}

/// An urge (a 督办 step), more text, or a withdrawal, on the record itself.
pub(crate) fn change(what: FollowUp, body: &mut Value, now: i64) {
    match what {
        FollowUp::Withdraw => body["xfj"]["xfjzt"] = "07".into(),
        FollowUp::Urge => supervise(body, now),
        FollowUp::Supplement | FollowUp::RepeatFiling => {
            let said = body["xfj"]["tsnr"].as_str().unwrap_or_default();
            let said = format!("{said}（{}补充：问题仍未解决，现提交新的情况说明。）", slashed(now));
            body["xfj"]["tsnr"] = said.into();
        }
    }
}

fn supervise(body: &mut Value, now: i64) {
    let id = body["xfj"]["xfjbh"].as_str().unwrap_or_default().to_owned();
    if let Some(steps) = body["blfss"].as_array_mut() {
        steps.push(json!({
            "blfsid": format!("{id}-db{}", steps.len()), "blfs": "督办", "bljg": "宁波市信访局",
            "bljgdm": "330200", "blbm": "督查处", "jbr": null, "blsj": slashed(now),
            "qxjg": "江北区社会治理中心", "qxjgdm": "330205", "hfgznr": null, "xqhbsj": null,
        }));
    }
}

/// The citizen's evaluation: 0 satisfied, 1 basically, 3 dissatisfied; the last reopens the matter.
pub(crate) fn visited(visit: Visit, body: &mut Value, now: i64) {
    let (mark, said) = match visit {
        Visit::Satisfied => ("0", None),
        Visit::FairlySatisfied => ("1", None),
        Visit::Dissatisfied => ("3", Some("问题没有真正解决，只是电话答复了一下。")),
    };
    body["pj"] = json!({
        "pjzt": "1", "pjsj": slashed(now), "dxfbmpj": "0", "dxfbmpjnr": null,
        "dzrdwpj": mark, "dzrdwpjnr": said,
    });
    if visit == Visit::Dissatisfied {
        body["xfj"]["xfjzt"] = "02".into();
        body["xfj"]["bjbz"] = "0".into();
    }
}
