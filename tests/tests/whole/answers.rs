//! Two channels of one numbering, each with a system of its own: an answer goes back where the record came from, once.

use axum::body::Bytes;
use axum::http::HeaderMap;
use axum::{Json, Router};
use huiliu_adapters::verify::{RawBody, Scheme, Secret, verify};
use huiliu_tests::hub::{ChannelPlan, GATEWAY, OwnServer, PATIENCE, Plan, TestHub, eventually};
use huiliu_tests::sim::{Action, Config, Grid, Hotline, Quirks, Running};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::steps::{done, noise};
use super::world::{DEPARTMENTS, HOTLINE};

const KEY: &str = "app-key-for-tests";
/// The first of the two by name.
const COUNTY: &str = "county-hotline";
const GRID: &str = "grid-worker";

async fn system() -> Running {
    Hotline::start(Config::quiet(KEY), CancellationToken::new()).await.unwrap()
}

fn plan(city: &Running, county: &Running) -> Plan {
    Plan::built()
        .unwrap()
        .own_files()
        .departments(DEPARTMENTS)
        .channel(ChannelPlan::new(HOTLINE).source(&city.url(), KEY))
        .channel(ChannelPlan::new(COUNTY).pack(HOTLINE).source(&county.url(), KEY))
}

/// An order both systems know, that came in by `channel`, signed for. Hands back its case.
async fn signed(hub: &TestHub, systems: [&Running; 2], channel: &str, id: &str) -> String {
    let order = noise(id);
    for system in systems {
        system.source.put(&order);
    }
    let case = pushed(hub, channel, order).await;
    done(&hub.caller("jb-ecology"), &case, "sign_for", json!({ "id": format!("s-{id}"), "n": 1 })).await;
    case
}

/// Pushes an order by `channel`. Hands back its case.
async fn pushed(hub: &TestHub, channel: &str, mut order: Value) -> String {
    order["callTime"] = "2026-03-01 09:00:00".into();
    order["updateTime"] = "2026-03-01 09:01:00".into();
    order["orderState"] = "已派单".into();
    let sender = hub.caller(channel);
    let receipt = sender.post(&format!("/v1/channels/{channel}/events"), &order).await.unwrap();
    assert_eq!(receipt.status, 202, "{}", receipt.body);
    let receipt = receipt.body["receipt"].as_str().unwrap().to_owned();
    let case = eventually("the case", PATIENCE, async || {
        let told = sender.get(&format!("/v1/receipts/{receipt}?wait=10")).await.ok()?.body;
        (told["settled"] == true).then(|| told["records"][0]["case_id"].as_str().map(str::to_owned))?
    });
    case.await.unwrap()
}

async fn told(system: &Running, id: &str) {
    let taken = async || system.source.item(id).filter(|item| item.has(Action::Accept));
    eventually("the answer at its source", PATIENCE, taken).await.unwrap();
}

async fn owes_nothing(hub: &TestHub) {
    figure(hub, "huiliu_write_back_owed_cases{", " 0").await;
}

/// Every figure that begins so comes to end so.
async fn figure(hub: &TestHub, begins: &str, ends: &str) {
    let metrics = async || {
        let text = hub.caller("nobody").get("/metrics").await.ok()?.body.as_str()?.to_owned();
        let lines = text.lines().filter(|line| line.starts_with(begins));
        lines.clone().count().gt(&0).then_some(())?;
        lines.into_iter().all(|line| line.ends_with(ends)).then_some(())
    };
    eventually(&format!("{begins} to be{ends}"), PATIENCE, metrics).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_goes_back_through_the_channel_it_came_by_and_no_other() {
    let (city, county) = (system().await, system().await);
    let hub = TestHub::start(plan(&city, &county)).await.unwrap();
    signed(&hub, [&city, &county], HOTLINE, "both-1").await;
    signed(&hub, [&city, &county], COUNTY, "both-2").await;
    told(&city, "both-1").await;
    told(&county, "both-2").await;
    owes_nothing(&hub).await;
    let answers = |system: &Running| {
        let summary = system.source.summary();
        (summary.write_backs as u64, summary.repeated_write_backs)
    };
    assert_eq!((answers(&city), answers(&county)), ((1, 0), (1, 0)), "each its own, once");
}

/// It does not know what is owed, and may not keep the one that does from telling it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_that_gets_no_further_leaves_telling_to_another() {
    let (city, county) = (system().await, system().await);
    let store = std::env::temp_dir().join(format!("huiliu-own-{}", uuid::Uuid::new_v4().simple()));
    let own = OwnServer::start(&store, &store.join("store")).await.unwrap();
    let on_it = || plan(&city, &county).external(&own.url, GATEWAY.0, GATEWAY.1);
    let first = TestHub::start(on_it()).await.unwrap();
    signed(&first, [&city, &county], HOTLINE, "before-1").await;
    told(&city, "before-1").await;
    let second = TestHub::start(on_it().sharing(&first)).await.unwrap();
    let file = rusqlite::Connection::open(first.dir.join("data/readmodel.sqlite")).unwrap();
    file.execute_batch("BEGIN IMMEDIATE").unwrap();
    signed(&second, [&city, &county], HOTLINE, "after-1").await;
    told(&city, "after-1").await;
    drop((file, first, second, own));
    std::fs::remove_dir_all(store).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_channel_whose_pack_tells_nothing_leaves_it_to_one_that_can() {
    let (city, county) = (system().await, system().await);
    let mut hub = TestHub::start(plan(&city, &county)).await.unwrap();
    hub.stop().await.unwrap();
    silence(&hub);
    hub.restart().await.unwrap();
    signed(&hub, [&city, &county], COUNTY, "quiet-1").await;
    told(&city, "quiet-1").await;
    owes_nothing(&hub).await;
    assert_eq!(county.source.summary().write_backs, 0);
}

/// What waits for a system is told by another channel once its own no longer tells: then it waits no more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_case_that_another_channel_tells_now_does_not_wait_here() {
    let (city, county) = (system().await, system().await);
    let mut hub = TestHub::start(plan(&city, &county)).await.unwrap();
    hub.stop().await.unwrap();
    silence(&hub);
    hub.restart().await.unwrap();
    city.source.set_quirks(Quirks { login_rate: 1.0, ..Quirks::none() });
    signed(&hub, [&city, &county], HOTLINE, "moved-1").await;
    figure(&hub, "huiliu_write_back_waiting_cases{channel=\"hotline-12345\"}", " 1").await;
    let (able, silent) = (hub.dir.join("packs/hotline-12345/map.toml"), hub.dir.join("packs/silent/map.toml"));
    let (tells, tells_nothing) = (std::fs::read(&able).unwrap(), std::fs::read(&silent).unwrap());
    std::fs::write(silent, tells).unwrap();
    std::fs::write(able, tells_nothing).unwrap();
    told(&county, "moved-1").await;
    figure(&hub, "huiliu_write_back_waiting_cases{", " 0").await;
    owes_nothing(&hub).await;
}

/// The city's system answers a step on the way with a code that stands in no list of its pack: what comes after it is heard.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_nobody_wrote_down_does_not_keep_the_last_word_from_the_source() {
    let (city, county) = (system().await, system().await);
    let mut hub = TestHub::start(plan(&city, &county)).await.unwrap();
    hub.stop().await.unwrap();
    edit(&hub.dir.join("packs").join(HOTLINE).join("map.toml"), &|text| {
        text.replace("constant = \"accept\"", "constant = \"sign\"").replace("refused = [\"400\", ", "refused = [")
    });
    hub.restart().await.unwrap();
    city.source.set_quirks(Quirks { login_rate: 1.0, ..Quirks::none() });
    let case = signed(&hub, [&city, &county], HOTLINE, "odd-1").await;
    let result = json!({ "id": "r-odd-1", "solved": "yes", "contacted": true, "reply": "工地已停止夜间施工。" });
    done(&hub.caller("jb-ecology"), &case, "resolve", result).await;
    city.source.set_quirks(Quirks::none());
    let told = async || city.source.item("odd-1").filter(|item| item.has(Action::Result));
    let item = eventually("the result at its source", PATIENCE, told).await.unwrap();
    assert!(!item.has(Action::Accept), "{:?}", item.answers);
    owes_nothing(&hub).await;
    let inspector = hub.inspector().await.unwrap();
    assert_eq!(inspector.state("DEAD").await.unwrap().0, 1, "what was given up is where a person looks");
}

/// The city's system takes its time over a step on the way, and meanwhile the citizen says that it is not solved.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_result_taken_back_while_its_source_is_told_something_else_is_not_told() {
    let (city, county) = (system().await, system().await);
    let hub = TestHub::start(plan(&city, &county)).await.unwrap();
    city.source.set_quirks(Quirks { login_rate: 1.0, ..Quirks::none() });
    let case = signed(&hub, [&city, &county], HOTLINE, "slow-1").await;
    let result = json!({ "id": "r-slow-1", "solved": "yes", "contacted": true, "reply": "工地已停止夜间施工。" });
    done(&hub.caller("jb-ecology"), &case, "resolve", result).await;
    city.source.set_quirks(Quirks { slow_rate: 1.0, slow_ms: 8_000, ..Quirks::none() });
    let asked = city.source.summary().requests;
    let under_way = async || (city.source.summary().requests > asked).then_some(());
    eventually("the step to be told", PATIENCE, under_way).await.unwrap();
    let view = json!({ "id": "bad", "by": "reviewer", "assessment": { "solved": "no" }, "note": "夜里仍在施工" });
    done(&hub.caller("desk"), &case, "assess", view).await;
    assert!(!city.source.item("slow-1").unwrap().has(Action::Accept), "it has not answered yet");
    city.source.set_quirks(Quirks::none());
    told(&city, "slow-1").await;
    // All that is told at a time is told before anything else is.
    signed(&hub, [&city, &county], HOTLINE, "next-1").await;
    told(&city, "next-1").await;
    owes_nothing(&hub).await;
    assert!(!city.source.item("slow-1").unwrap().has(Action::Result));
}

/// The city issued an order again: under the first number its system knows it no more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_that_was_issued_again_gets_the_answer_under_its_new_number() {
    let (city, county) = (system().await, system().await);
    let hub = TestHub::start(plan(&city, &county)).await.unwrap();
    let [old, new] = ["old-1", "new-1"].map(|id| {
        let mut order = noise(id);
        order["orderNum"] = "20260301-000123".into();
        order
    });
    city.source.put(&new);
    let case = pushed(&hub, HOTLINE, old).await;
    assert_eq!(pushed(&hub, HOTLINE, new).await, case);
    done(&hub.caller("jb-ecology"), &case, "sign_for", json!({ "id": "s", "n": 1 })).await;
    told(&city, "new-1").await;
    let result = json!({ "id": "r", "solved": "yes", "contacted": true, "reply": "工地已停止夜间施工。" });
    done(&hub.caller("jb-ecology"), &case, "resolve", result).await;
    let result = async || city.source.item("new-1").filter(|item| item.has(Action::Result));
    let item = eventually("the result at its source", PATIENCE, result).await.unwrap();
    owes_nothing(&hub).await;
    assert!(item.answers.iter().all(|answer| answer.repeats == 0), "{:?}", item.answers);
    let inspector = hub.inspector().await.unwrap();
    assert_eq!(inspector.state("DEAD").await.unwrap().0, 2, "the old number is asked until it refuses the last word");
}

/// A case with a number of each of two numberings, neither of which its system knows: each refuses for itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_source_that_refuses_an_answer_has_a_dead_letter_of_its_own() {
    let city = system().await;
    let grid = Grid::start(Config::quiet(KEY), CancellationToken::new()).await.unwrap();
    let plan = Plan::built().unwrap().departments(DEPARTMENTS);
    let plan = plan.channel(ChannelPlan::new(HOTLINE).source(&city.url(), KEY));
    let hub = TestHub::start(plan.channel(ChannelPlan::new(GRID).source(&grid.url(), KEY))).await.unwrap();
    let mut order = noise("lost-1");
    order["orderNum"] = "热线-261122-000777".into();
    let case = pushed(&hub, HOTLINE, order).await;
    let event = json!({
        "externalEventId": "JB-ZB-1", "reportSource": 12345, "title": "热线转办：夜间施工噪声", "eventType": "NOISE",
        "sourceOrderNum": "热线-261122-000777", "location": "慈城镇示范路1号", "description": "请到现场核实。",
        "gridId": "330205100",
    });
    assert_eq!(pushed(&hub, GRID, event).await, case);
    done(&hub.caller("jb-ecology"), &case, "sign_for", json!({ "id": "s", "n": 1 })).await;
    let desk = hub.caller("desk");
    let settled = eventually("both to have refused", PATIENCE, async || {
        let answers = desk.get(&format!("/v1/cases/{case}")).await.ok()?.body["answers"].as_array()?.clone();
        (answers.len() == 2 && answers.iter().all(|answer| answer["state"] == "refused")).then_some(())
    });
    settled.await.unwrap();
    let page = desk.get("/v1/dead").await.unwrap().body;
    let mut refused: Vec<(String, String)> = page["letters"].as_array().unwrap().iter().map(by_whom).collect();
    refused.sort();
    let expected = [(GRID, "JB-ZB-1"), (HOTLINE, "lost-1")];
    assert_eq!(refused, expected.map(|(channel, number)| (channel.to_owned(), number.to_owned())), "{page}");
}

/// Whoever is told can prove with the libraries of Standard Webhooks that it was us; a message told again has the same id.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_source_is_told_is_signed() {
    const SECRET: &str = "whsec_YW4tYW5zd2VyLXNlY3JldC1vZi0zMi1ieXRlcyEhISE=";
    let (url, mut told) = answering(["-1", "0"]).await;
    let channel = ChannelPlan::new(HOTLINE).source(&url, KEY).answer_signed(SECRET);
    let hub = TestHub::start(Plan::built().unwrap().departments(DEPARTMENTS).channel(channel)).await.unwrap();
    let case = pushed(&hub, HOTLINE, noise("signed-1")).await;
    done(&hub.caller("jb-ecology"), &case, "sign_for", json!({ "id": "s", "n": 1 })).await;

    let secrets = [Secret::parse(SECRET).unwrap()];
    let mut ids = Vec::new();
    for _ in 0..2 {
        let (headers, body) = tokio::time::timeout(PATIENCE, told.recv()).await.expect("in time").unwrap();
        let proven =
            verify(Scheme::StandardWebhooks, &headers, RawBody::json(body.clone()), &secrets, Timestamp::now());
        assert!(proven.is_ok(), "{proven:?}");
        let request: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(headers["webhook-id"], request["requestId"].as_str().unwrap());
        ids.push(request["requestId"].clone());
    }
    assert_eq!(ids[0], ids[1], "told again");
    owes_nothing(&hub).await;
}

/// A system that keeps the ids of what it refused would take the same one for known.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_passes_on_to_another_order_has_an_id_of_its_own() {
    let (url, mut told) = answering(["404", "0"]).await;
    let channel = ChannelPlan::new(HOTLINE).source(&url, KEY);
    let hub = TestHub::start(Plan::built().unwrap().departments(DEPARTMENTS).channel(channel)).await.unwrap();
    let [old, new] = ["old-2", "new-2"].map(|id| {
        let mut order = noise(id);
        order["orderNum"] = "20260301-000124".into();
        order
    });
    let case = pushed(&hub, HOTLINE, old).await;
    assert_eq!(pushed(&hub, HOTLINE, new).await, case);
    done(&hub.caller("jb-ecology"), &case, "sign_for", json!({ "id": "s", "n": 1 })).await;
    let mut requests = Vec::new();
    for _ in 0..2 {
        let (headers, body) = tokio::time::timeout(PATIENCE, told.recv()).await.expect("in time").unwrap();
        let request: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(headers["idempotency-key"], request["requestId"].as_str().unwrap());
        requests.push(request);
    }
    let orders: Vec<&Value> = requests.iter().map(|request| &request["orderId"]).collect();
    assert_eq!(orders, ["old-2", "new-2"]);
    assert_ne!(requests[0]["requestId"], requests[1]["requestId"]);
    owes_nothing(&hub).await;
}

/// The hotline takes no order back without a reason.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_declined_without_a_note_is_told_with_its_article() {
    let (city, county) = (system().await, system().await);
    let hub = TestHub::start(plan(&city, &county)).await.unwrap();
    let case = signed(&hub, [&city, &county], HOTLINE, "declined-1").await;
    let article = "《信访工作条例》第二十二条";
    done(&hub.caller("jb-ecology"), &case, "decline", json!({ "id": "d", "article": article })).await;
    let told = async || city.source.item("declined-1").filter(|item| item.has(Action::Decline));
    let item = eventually("the answer at its source", PATIENCE, told).await.unwrap();
    let reasons: Vec<&Value> = item.answers.iter().map(|a| &a.body["backReason"]).filter(|r| !r.is_null()).collect();
    assert_eq!(reasons, [article]);
    owes_nothing(&hub).await;
}

/// Nobody tells a channel without an address: that is counted, and what its system hands back is heard all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_that_nobody_tells_may_hand_back() {
    let plan = Plan::built().unwrap().departments(DEPARTMENTS).channel(ChannelPlan::new(HOTLINE));
    let hub = TestHub::start(plan).await.unwrap();
    let case = pushed(&hub, HOTLINE, noise("untold-1")).await;
    let ecology = hub.caller("jb-ecology");
    done(&ecology, &case, "sign_for", json!({ "id": "s", "n": 1 })).await;
    let result = json!({ "id": "r", "solved": "yes", "contacted": true, "reply": "工地已停止夜间施工。" });
    done(&ecology, &case, "resolve", result).await;
    figure(&hub, "huiliu_write_back_untold_cases{channel=\"hotline-12345\"}", " 1").await;
    let mut back = noise("untold-1");
    back["orderState"] = "重办".into();
    back["updateTime"] = "2026-03-03 09:00:00".into();
    let receipt = hub.caller(HOTLINE).post(&format!("/v1/channels/{HOTLINE}/events"), &back).await.unwrap();
    assert_eq!(receipt.status, 202, "{}", receipt.body);
    let desk = hub.caller("desk");
    let again = eventually("the case to come back", PATIENCE, async || {
        let stage = desk.get(&format!("/v1/cases/{case}")).await.ok()?.body["case"]["stage"].clone();
        (stage == "dispatched").then_some(())
    });
    again.await.unwrap();
}

/// A department may name who spoke to the one that asked it; another system that has a number in the case learns it not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_hidden_is_named_to_the_source_that_named_them_and_to_no_other() {
    let city = system().await;
    let grid = Grid::start(Config::quiet(KEY), CancellationToken::new()).await.unwrap();
    let plan = Plan::built().unwrap().departments(DEPARTMENTS);
    let plan = plan.channel(ChannelPlan::new(HOTLINE).source(&city.url(), KEY));
    let hub = TestHub::start(plan.channel(ChannelPlan::new(GRID).source(&grid.url(), KEY))).await.unwrap();
    let mut order = noise("secret-1");
    order["orderNum"] = "热线-261122-000778".into();
    order["isSecret"] = "1".into();
    city.source.put(&order);
    let case = pushed(&hub, HOTLINE, order).await;
    let event = json!({
        "externalEventId": "JB-ZB-2", "reportSource": 12345, "title": "热线转办：夜间施工噪声", "eventType": "NOISE",
        "sourceOrderNum": "热线-261122-000778", "location": "慈城镇示范路1号", "description": "请到现场核实。",
        "gridId": "330205100",
    });
    grid.source.put(&event);
    assert_eq!(pushed(&hub, GRID, event).await, case);
    let ecology = hub.caller("jb-ecology");
    done(&ecology, &case, "sign_for", json!({ "id": "s", "n": 1 })).await;
    let reply = "测试甲（19900001111）：工地已停止夜间施工。";
    done(&ecology, &case, "resolve", json!({ "id": "r", "solved": "yes", "contacted": true, "reply": reply })).await;
    let result = async |system: &Running, id: &str| {
        let item = async || system.source.item(id).filter(|item| item.has(Action::Result));
        let item = eventually("the result at its source", PATIENCE, item).await.unwrap();
        json!(item.answers.iter().map(|answer| &answer.body).collect::<Vec<_>>()).to_string()
    };
    let (own, other) = (result(&city, "secret-1").await, result(&grid, "JB-ZB-2").await);
    assert!(own.contains(reply), "{own}");
    assert!(other.contains("〔隐去〕（〔隐去〕）：工地已停止夜间施工。"), "{other}");
    owes_nothing(&hub).await;
}

/// A case in which a later version of the hub wrote: that its source was told could not be written down beside it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_told_of_a_case_that_this_version_cannot_go_on_with() {
    let (city, county) = (system().await, system().await);
    let mut hub = TestHub::start(plan(&city, &county)).await.unwrap();
    city.source.set_quirks(Quirks { login_rate: 1.0, ..Quirks::none() });
    let case = signed(&hub, [&city, &county], HOTLINE, "later-1").await;
    write_of_a_later_version(&hub, &case).await;
    hub.stop().await.unwrap();
    city.source.set_quirks(Quirks::none());
    hub.restart().await.unwrap();
    signed(&hub, [&city, &county], HOTLINE, "now-1").await;
    told(&city, "now-1").await;
    figure(&hub, "huiliu_write_back_waiting_cases{channel=\"hotline-12345\"}", " 1").await;
    figure(&hub, "huiliu_write_back_total{channel=\"hotline-12345\",outcome=\"delivered\"}", " 1").await;
    assert!(!city.source.item("later-1").is_some_and(|item| item.has(Action::Accept)));
    assert_eq!(city.source.summary().write_backs, 1);
}

async fn write_of_a_later_version(hub: &TestHub, case: &str) {
    let event = json!({
        "specversion": "1.0", "id": uuid::Uuid::new_v4(), "source": "/huiliu/hub",
        "type": "cn.huiliu.case.teleported.v2", "subject": case, "time": "2026-03-02T02:00:00Z", "data": {
            "cause": "hub/x", "actor": { "kind": "hub" }, "prev_hash": null,
            "body": { "type": "teleported", "data": { "to": 1 } },
        },
    });
    let log = hub.inspector().await.unwrap().jetstream;
    let stored = log.publish(format!("case.{case}"), json!([event]).to_string().into()).await.unwrap();
    stored.await.unwrap();
}

/// A system that answers with these codes in turn, and what it is told.
async fn answering(codes: [&'static str; 2]) -> (String, mpsc::UnboundedReceiver<(HeaderMap, Bytes)>) {
    let (tell, told) = mpsc::unbounded_channel();
    let mut codes = codes.into_iter().cycle();
    let answer = move |headers: HeaderMap, body: Bytes| {
        tell.send((headers, body)).unwrap();
        std::future::ready(Json(json!({ "code": codes.next() })))
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
    (url, told)
}

fn by_whom(buried: &Value) -> (String, String) {
    let letter = &buried["letter"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    (text(&letter["channel"]), text(&letter["source"]["id"]))
}

fn edit(file: &std::path::Path, change: &dyn Fn(String) -> String) {
    std::fs::write(file, change(std::fs::read_to_string(file).unwrap())).unwrap();
}

/// Gives the county's channel a pack of its own, in which there is no word of write-back.
fn silence(hub: &TestHub) {
    let packs = hub.dir.join("packs");
    huiliu_tests::hub::copy_dir(&packs.join(HOTLINE), &packs.join("silent")).unwrap();
    edit(&packs.join("silent/pack.toml"), &|text| text.replace("name = \"hotline-12345\"", "name = \"silent\""));
    edit(&packs.join("silent/map.toml"), &|text| text.split("[answers]").next().unwrap().to_owned());
    edit(&hub.dir.join("huiliu.toml"), &|text| text.replace("pack = \"hotline-12345\"", "pack = \"silent\""));
}
