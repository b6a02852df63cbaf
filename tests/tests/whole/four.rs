//! Grid workers and online mediation beside hotline and portal: one case by two ways, tokens that run out, rooms.

use huiliu_tests::hub::{ChannelPlan, PATIENCE, Plan, TestHub, eventually};
use huiliu_tests::sim::{Action, Config, Grid, Hotline, Outcome, PushTarget, Quirks, Running, Video};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::repair::figure;
use super::steps::{done, noise};
use super::world::{DEPARTMENTS, HOTLINE, WEBHOOK_SECRET, events, tail};

const GRID: &str = "grid-worker";
const VIDEO: &str = "video-mediation";
const KEY: &str = "app-key-for-tests";
const NUMBER: &str = "热线-261122-000777";

async fn case_when(hub: &TestHub, name: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let desk = hub.caller("desk");
    let what = format!("case {name}");
    let found = eventually(&what, PATIENCE, async || {
        let answer = desk.get(&format!("/v1/cases/{name}")).await.ok()?;
        (answer.status == 200 && wanted(&answer.body)).then_some(answer.body)
    });
    found.await.unwrap_or_else(|error| panic!("{error}; the log says:\n{}", tail(&hub.log())))
}

async fn cases(hub: &TestHub) -> usize {
    let answer = hub.caller("desk").get("/v1/cases?limit=100").await.unwrap();
    answer.body["cases"].as_array().unwrap().len()
}

fn pushing(plan: &Plan, channel: &str) -> Config {
    let push = Some(PushTarget::to(plan.push_url(channel)));
    Config { push, secret: Some(WEBHOOK_SECRET.into()), ..Config::quiet(KEY) }
}

struct Two {
    hub: TestHub,
    hotline: Running,
    grid: Running,
}

async fn hotline_and_grid() -> Two {
    let plan = Plan::built().unwrap();
    let never = CancellationToken::new();
    let hotline = Hotline::start(pushing(&plan, HOTLINE), never.clone()).await.unwrap();
    let grid = Grid::start(pushing(&plan, GRID), never).await.unwrap();
    let plan =
        [(HOTLINE, &hotline), (GRID, &grid)].into_iter().fold(plan.departments(DEPARTMENTS), |plan, (name, at)| {
            plan.channel(ChannelPlan::new(name).source(&at.url(), KEY).pushed(WEBHOOK_SECRET))
        });
    Two { hub: TestHub::start(plan).await.unwrap(), hotline, grid }
}

/// A hotline order with its printed number.
fn order(id: &str) -> Value {
    let mut order = noise(id);
    order["orderNum"] = NUMBER.into();
    order
}

/// The same, as the township's platform reports it: the number stands in the text only.
fn round_about(id: &str) -> Value {
    json!({
        "externalEventId": id, "reportSource": 12345, "title": "热线转办：夜间施工噪声", "eventType": "NOISE",
        "appealType": "COMPLAINT", "urgencyLevel": "GREEN", "sourceOrderNum": null, "location": "慈城镇示范路1号",
        "description": format!("市热线转办工单{NUMBER}，请到现场核实。"), "gridId": "330205100", "reporterName": null,
    })
}

/// Works the case off, and looks whether each source has the answer once and in its own words.
async fn work_off(two: &Two, case: &Value) {
    let id = case["case"]["id"].as_str().unwrap();
    let lead = case["case"]["lead"].as_str().unwrap().to_owned();
    let department = two.hub.caller(&lead);
    done(&department, id, "sign_for", json!({ "id": "s" })).await;
    done(&department, id, "progress", json!({ "id": "p", "note": "已到场", "reply": "已派员到场。" })).await;
    let answer = json!({ "id": "r", "solved": "yes", "contacted": true, "reply": "工地已停止夜间施工。" });
    done(&department, id, "resolve", answer).await;
    let told = |c: &Value| {
        let answers = c["answers"].as_array().unwrap();
        answers.len() == 6 && answers.iter().all(|a| a["state"] == "told")
    };
    let before = case_when(&two.hub, id, |c| told(c) && c["case"]["stage"] == "resolved").await;
    for (source, field, words) in [(&two.hotline, "action", "result"), (&two.grid, "actionName", "销")] {
        let item = source.source.read(|book| book.items()[0].clone());
        let of = |action| item.answers.iter().filter(|a| a.action == action).collect::<Vec<_>>();
        assert_eq!((of(Action::Accept).len(), of(Action::Progress).len()), (1, 1), "{:?}", item.answers);
        let results = of(Action::Result);
        assert_eq!(results.len(), 1, "{results:?}");
        assert_eq!(results[0].body[field], words, "{:?}", results[0].body);
        assert_eq!(results[0].body["content"], "工地已停止夜间施工。");
        assert_eq!(results[0].repeats, 0);
        // Its own record, changed by our answer, comes round again.
        source.source.wait_for(|s| s.pushes_waiting == 0).await;
    }
    let after = case_when(&two.hub, id, |_| true).await;
    assert_eq!(events(&before), events(&after), "the echo of our answers changed the case");
}

fn has_both_numbers(case: &Value) -> bool {
    let text = case.to_string();
    text.contains(NUMBER) && text.contains("JB-ZB-1") && text.contains("round-1")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_that_comes_round_again_is_one_case() {
    let two = hotline_and_grid().await;
    two.hotline.source.put(&order("round-1"));
    let first = case_when(&two.hub, &format!("{HOTLINE}:round-1"), |c| c["case"]["stage"] == "dispatched").await;
    two.grid.source.put(&round_about("JB-ZB-1"));
    let both = case_when(&two.hub, &format!("{GRID}:JB-ZB-1"), |_| true).await;
    assert_eq!(both["case"]["id"], first["case"]["id"]);
    assert!(has_both_numbers(&both), "{both}");
    assert_eq!(cases(&two.hub).await, 1);
    work_off(&two, &both).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_that_comes_round_before_itself_is_one_case() {
    let two = hotline_and_grid().await;
    two.grid.source.put(&round_about("JB-ZB-1"));
    let first = case_when(&two.hub, &format!("{GRID}:JB-ZB-1"), |c| c["case"]["stage"] == "dispatched").await;
    two.hotline.source.put(&order("round-1"));
    let both = case_when(&two.hub, &format!("{HOTLINE}:round-1"), |_| true).await;
    assert_eq!(both["case"]["id"], first["case"]["id"]);
    assert!(has_both_numbers(&both), "{both}");
    assert_eq!(cases(&two.hub).await, 1);
    work_off(&two, &both).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_cases_that_turn_out_to_be_one_matter_know_of_each_other() {
    let two = hotline_and_grid().await;
    let mut seen = round_about("JB-ZB-1");
    (seen["reportSource"], seen["description"]) = ("GRID_MEMBER".into(), "夜间施工。".into());
    two.grid.source.put(&seen);
    let first = case_when(&two.hub, &format!("{GRID}:JB-ZB-1"), |c| c["case"]["stage"] == "dispatched").await;
    two.hotline.source.put(&order("round-1"));
    let second = case_when(&two.hub, &format!("{HOTLINE}:round-1"), |c| c["case"]["stage"] == "dispatched").await;
    assert_ne!(first["case"]["id"], second["case"]["id"]);
    two.grid.source.put(&round_about("JB-ZB-1"));
    for (one, other) in [(&first, &second), (&second, &first)] {
        let links = json!([[other["case"]["id"], "duplicate"]]);
        let linked = |c: &Value| c["marks"]["links"] == links;
        let case = case_when(&two.hub, one["case"]["id"].as_str().unwrap(), linked).await;
        assert_eq!(events(&case).iter().filter(|name| *name == "linked").count(), 1);
        assert_eq!(case["case"]["stage"], "dispatched", "a person decides which goes on");
    }
    assert_eq!(cases(&two.hub).await, 2);
    figure(&two.hub, "huiliu_cases_linked 1").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_broken_event_of_a_batch_does_not_lose_the_others() {
    let two = hotline_and_grid().await;
    let mut events: Vec<Value> = (0..20).map(|n| round_about(&format!("JB-{n}"))).collect();
    for (n, event) in events.iter_mut().enumerate() {
        event["reportSource"] = "GRID_MEMBER".into();
        event["title"] = format!("第{n}件").into();
    }
    events[7]["externalEventId"] = Value::Null;
    let body = json!({ "events": events });
    let answer = two.hub.caller(GRID).post(&format!("/v1/channels/{GRID}/events"), &body).await.unwrap();
    assert_eq!(answer.status, 202, "{}", answer.body);
    let receipt = answer.body["receipt"].as_str().unwrap();
    let settled = two.hub.caller(GRID).get(&format!("/v1/receipts/{receipt}?wait=20")).await.unwrap();
    let records = settled.body["records"].as_array().unwrap();
    let broken: Vec<&Value> = records.iter().filter(|r| r["outcome"] == "quarantined").collect();
    assert_eq!(broken.len(), 1, "{}", settled.body);
    assert_eq!((&broken[0]["index"], &broken[0]["problems"][0]["field"]), (&json!(7), &json!("source.id")));
    assert_eq!(records.iter().filter(|r| r["outcome"] == "new").count(), 19, "{}", settled.body);
    // The read model follows the log, which the receipt speaks of.
    let shown = eventually("19 cases on the page", PATIENCE, async || (cases(&two.hub).await == 19).then_some(()));
    shown.await.unwrap();
}

async fn mediation(quirks: Quirks, secret: &str) -> (TestHub, Running) {
    let plan = Plan::built().unwrap();
    let config = Config { quirks, ..pushing(&plan, VIDEO) };
    let video = Video::start(config, CancellationToken::new()).await.unwrap();
    let channel = ChannelPlan::new(VIDEO).client(&video.url(), "huiliu", secret).pulled().pushed(WEBHOOK_SECRET);
    let plan = plan.departments(DEPARTMENTS).departments(["jb-labour"]).channel(channel);
    (TestHub::start(plan).await.unwrap(), video)
}

fn dispute(id: &str) -> Value {
    json!({
        "case_no": id, "title": "离职补偿争议", "description": "双方对解除劳动合同的补偿有争议，协商未果。", "type_path": "矛盾纠纷/劳动争议",
        "expectation": "支付补偿。", "area_code": "330205006003", "occur_address": "庄桥街道", "respondent_name": null,
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mediation_is_polled_with_tokens_that_run_out_and_its_rooms_are_heard_of() {
    let (hub, video) = mediation(Quirks { token_uses: 2, ..Quirks::none() }, KEY).await;
    let source = &video.source;
    source.put(&dispute("TJ-1"));
    let name = format!("{VIDEO}:TJ-1");
    let case = case_when(&hub, &name, |c| c["case"]["stage"] == "dispatched").await;
    assert_eq!((&case["case"]["lead"], &case["case"]["matter"]), (&json!("jb-labour"), &json!("150601")), "{case}");

    let room = source.hold_session("TJ-1", Outcome::Partly).unwrap();
    let held = |c: &Value| events(c).iter().any(|e| e == "mediation_held");
    let case = case_when(&hub, &name, held).await;
    let history = case["history"].as_array().unwrap();
    let session = &history.iter().find(|e| e["type"] == "mediation_held").unwrap()["data"]["session"];
    assert_eq!((&session["id"], &session["outcome"], &session["round"]), (&json!(room), &json!("partly"), &json!(1)));
    assert!(session["started_at"].is_string() && session["ended_at"].is_string(), "{session}");

    let id = case["case"]["id"].as_str().unwrap();
    let labour = hub.caller("jb-labour");
    done(&labour, id, "sign_for", json!({ "id": "s" })).await;
    let answer = json!({ "id": "r", "solved": "yes", "contacted": true, "reply": "双方达成一致，补偿已付。" });
    done(&labour, id, "resolve", answer).await;
    let told = |c: &Value| c["answers"].as_array().unwrap().iter().all(|a| a["state"] == "told");
    let before = case_when(&hub, &name, |c| c["case"]["stage"] == "resolved" && told(c)).await;
    let item = source.item("TJ-1").unwrap();
    assert_eq!((&item.body["status"], &item.body["mediation_result"]), (&json!(50), &json!(1)));
    assert_eq!(item.answers.iter().filter(|a| a.action == Action::Result).count(), 1, "{:?}", item.answers);
    assert_eq!(item.answers.last().unwrap().body["agreement_content"], "双方达成一致，补偿已付。");

    let requests = source.summary().requests;
    let summary = source.wait_for(|s| s.requests > requests + 4).await;
    assert!(summary.tokens >= 3, "tokens good for two requests: {summary:?}");
    let sessions = |c: &Value| events(c).iter().filter(|e| *e == "mediation_held").count();
    let after = case_when(&hub, &name, |_| true).await;
    assert_eq!((events(&after), sessions(&after)), (events(&before), 1), "the echo of our answer changed the case");
    let channels = hub.caller("desk").get("/v1/channels").await.unwrap();
    let row = &channels.body["channels"][0];
    assert_eq!((&row["channel"], &row["polled"], &row["poll"]["failures"]), (&json!(VIDEO), &json!(true), &json!(0)));
    assert!(row["poll"]["last_success"].is_string() && row["poll"]["error"].is_null(), "{row}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_room_heard_of_before_its_case_and_a_result_without_a_room() {
    let (hub, video) = mediation(Quirks::none(), KEY).await;
    let event = json!({ "event": "room.ended", "room_id": "R-9", "case_no": "TJ-2", "status": 30,
        "start_time": "2026-11-20 09:00:00", "end_time": "2026-11-20 10:00:00" });
    let begun = json!({ "event": "room.started", "room_id": "R-10", "case_no": "TJ-99", "status": 20 });
    let body = json!([begun, event, event]);
    let caller = hub.caller(VIDEO);
    let answer = caller.post(&format!("/v1/channels/{VIDEO}/events"), &body).await.unwrap();
    let receipt = answer.body["receipt"].as_str().unwrap().to_owned();
    let settled = caller.get(&format!("/v1/receipts/{receipt}?wait=20")).await.unwrap().body;
    let outcomes: Vec<&str> =
        settled["records"].as_array().unwrap().iter().filter_map(|r| r["outcome"].as_str()).collect();
    assert_eq!(outcomes, ["noted", "new", "repeat"], "{settled}");
    case_when(&hub, &format!("{VIDEO}:TJ-2"), |_| true).await;
    assert_eq!(cases(&hub).await, 1, "a room that only began begins no case");

    let mut matter = dispute("TJ-2");
    matter["mediation_result"] = 2.into();
    video.source.put(&matter);
    let name = format!("{VIDEO}:TJ-2");
    let case = case_when(&hub, &name, |c| c["case"]["stage"] == "dispatched").await;
    assert_eq!(case["case"]["lead"], "jb-labour", "{case}");
    let held: Vec<&Value> =
        case["history"].as_array().unwrap().iter().filter(|e| e["type"] == "mediation_held").collect();
    assert_eq!(held.len(), 2, "{held:?}");
    let last = &held[1]["data"]["session"];
    assert_eq!((&last["id"], &last["outcome"]), (&json!("R-9"), &json!("failed")), "the result is that session's");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_client_secret_is_said_where_operators_look() {
    let (hub, video) = mediation(Quirks::none(), "not-the-secret").await;
    let desk = hub.caller("desk");
    let row = eventually("the failure to be shown", PATIENCE, async || {
        let row = desk.get("/v1/channels").await.ok()?.body["channels"][0].clone();
        row["poll"]["error"].is_string().then_some(row)
    });
    let said = row.await.unwrap()["poll"]["error"].as_str().unwrap().to_owned();
    for part in ["invalid_client", "`huiliu`", "client_secret"] {
        assert!(said.contains(part), "{said}");
    }
    assert!(hub.log().contains("the token endpoint refused `huiliu`"), "{}", hub.log());
    assert!(!hub.log().contains("not-the-secret"), "the log holds the secret");
    let figures = desk.get("/metrics").await.unwrap().body;
    assert!(figures.as_str().unwrap().contains("huiliu_poll_up{channel=\"video-mediation\"} 0"), "{figures}");
    assert_eq!(video.source.summary().tokens, 0);
}
