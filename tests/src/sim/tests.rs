//! The simulators over HTTP: a poller's, a writer's and a receiver's experience of them.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use flate2::read::GzDecoder;
use huiliu_adapters::http;
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::petition::verify_token;
use super::webhook::Secret;
use super::*;

const KEY: &str = "test-app-key";
const WEBHOOK_SECRET: &str = "whsec_aHVpbGl1LXRlc3Qta2V5";
const NOW: i64 = 1_772_328_600;

fn config(initial: u64) -> Config {
    Config { initial, clock: Clock::manual(NOW), ..Config::quiet(KEY) }
}

async fn hotline(config: Config) -> Running {
    Hotline::start(config, CancellationToken::new()).await.expect("hotline starts")
}

async fn petition(config: Config) -> Running {
    Petition::start(config, CancellationToken::new()).await.expect("portal starts")
}

fn client() -> Client {
    http::nearby().build().expect("client")
}

async fn send(request: RequestBuilder) -> (StatusCode, Value) {
    let response = request.header("X-App-Key", KEY).send().await.expect("an answer");
    let status = response.status();
    (status, response.json().await.expect("JSON"))
}

async fn in_time<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), future).await.expect("in time")
}

#[tokio::test]
async fn the_hotline_lists_a_window_page_by_page() {
    let running = hotline(config(120)).await;
    let url = format!("{}/api/orders", running.url());
    let mut ids = BTreeSet::new();
    for page in 1..=3 {
        let query = [
            ("updatedFrom", "2026-01-01 00:00:00".to_owned()),
            ("updatedTo", clock::dashed(NOW)),
            ("page", page.to_string()),
            ("pageSize", "50".to_owned()),
        ];
        let (status, answer) = send(client().get(&url).query(&query)).await;
        assert_eq!((status, &answer["code"]), (StatusCode::OK, &json!(0)));
        assert_eq!(answer["data"]["total"], 120);
        let rows = answer["data"]["rows"].as_array().expect("rows").clone();
        assert_eq!(rows.len(), [50, 50, 20][page - 1]);
        ids.extend(rows.iter().map(|row| row["orderId"].as_str().expect("id").to_owned()));
    }
    assert_eq!(ids.len(), 120);
    let bad = [("updatedFrom", "2026/01/01")];
    assert_eq!(send(client().get(&url).query(&bad)).await.0, StatusCode::BAD_REQUEST);
    running.stop().await.expect("stops");
}

#[tokio::test]
async fn nobody_gets_in_without_the_key() {
    for running in [hotline(config(1)).await, petition(config(1)).await] {
        for path in ["/api/orders", "/xfj/list"] {
            let url = format!("{}{path}", running.url());
            let answer = client().get(url).bearer_auth("wrong").send().await.expect("an answer");
            let offered = (path == "/api/orders") == (running.source.system() == System::Hotline);
            let expected = if offered { StatusCode::UNAUTHORIZED } else { StatusCode::NOT_FOUND };
            assert_eq!(answer.status(), expected);
        }
        running.stop().await.expect("stops");
    }
    let refused = Hotline::start(Config::quiet(""), CancellationToken::new()).await;
    assert!(matches!(refused, Err(StartError::NoAppKey)));
}

#[tokio::test]
async fn a_reply_is_applied_once_even_if_its_answer_was_lost() {
    let quirks = Quirks { lost_answer_rate: 1.0, ..Quirks::none() };
    let running = hotline(Config { quirks, ..config(1) }).await;
    let id = running.source.read(|book| book.items()[0].id.clone());
    let url = format!("{}/api/orders/{id}/replies", running.url());
    let reply = json!({
        "action": "result", "requestId": "r-1", "content": "已处理。", "isSolved": 1,
        "isContacted": 1, "handleDeptName": "样例局",
    });
    let (status, _) = send(client().post(&url).json(&reply)).await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    running.source.set_quirks(Quirks::none());
    let (status, answer) = send(client().post(&url).json(&reply)).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(answer["data"]["updateTime"], clock::dashed(NOW));
    let summary = running.source.summary();
    assert_eq!((summary.write_backs, summary.repeated_write_backs), (1, 1));
    let view = format!("{}/sim/orders/{id}", running.url());
    let (_, seen) = send(client().get(view)).await;
    assert_eq!(seen["body"]["content"], "已处理。");
    assert_eq!(seen["answers"][0]["repeats"], 1);
    running.stop().await.expect("stops");
}

#[tokio::test]
async fn a_reply_with_a_wrong_field_is_refused_by_name() {
    let running = hotline(config(1)).await;
    let id = running.source.read(|book| book.items()[0].number.clone());
    let url = format!("{}/api/orders/{id}/replies", running.url());
    let cases = [
        (json!({ "requestId": "r" }), "action"),
        (json!({ "action": "destroy", "requestId": "r" }), "action"),
        (json!({ "action": "accept" }), "requestId"),
        (json!({ "action": "return", "requestId": "r" }), "backReason"),
        (json!({ "action": "result", "requestId": "r", "content": "" }), "content"),
    ];
    for (reply, field) in cases {
        let (status, answer) = send(client().post(&url).json(&reply)).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert!(answer["msg"].as_str().is_some_and(|msg| msg.starts_with(field)), "{answer}");
    }
    assert_eq!(running.source.summary().write_backs, 0);
    running.stop().await.expect("stops");
}

#[tokio::test]
async fn the_portal_lists_by_cursor_and_shows_changes_again() {
    let running = petition(config(25)).await;
    let url = format!("{}/xfj/list", running.url());
    let (mut cursor, mut sizes) = (String::new(), Vec::new());
    let mut last = String::new();
    loop {
        let query = [("cursor", cursor.as_str()), ("limit", "10")];
        let (_, answer) = send(client().get(&url).query(&query)).await;
        assert_eq!(answer["code"], "0001");
        sizes.push(answer["list"].as_array().expect("list").len());
        cursor = answer["next"].as_str().expect("next").to_owned();
        if cursor.is_empty() {
            break;
        }
        last.clone_from(&cursor);
    }
    assert_eq!(sizes, [10, 10, 5]);

    let id = running.source.read(|book| book.items()[0].id.clone());
    let step = json!({ "blfsid": "s-1", "blfs": "答复", "hfgznr": "已协调解决。", "bljg": "样例局" });
    let steps = format!("{}/xfj/{id}/blfs", running.url());
    for expected in ["s-1", "s-1"] {
        let (_, answer) = send(client().post(&steps).json(&step)).await;
        assert_eq!((&answer["code"], &answer["successStr"]), (&json!("0001"), &json!(expected)));
    }
    let (_, answer) = send(client().get(&url).query(&[("cursor", last.as_str())])).await;
    let list = answer["list"].as_array().expect("list");
    let echo = list.iter().find(|row| row["xfj"]["xfjbh"] == id).expect("the matter again");
    assert_eq!((&echo["xfj"]["xfjzt"], &echo["xfj"]["bjbz"]), (&json!("04"), &json!("1")));
    let told = echo["blfss"].as_array().expect("steps").iter().filter(|step| step["blfsid"] == "s-1");
    assert_eq!(told.map(|step| &step["hfgznr"]).collect::<Vec<_>>(), ["已协调解决。"]);
    let (_, answer) = send(client().get(&url).query(&[("cursor", "x")])).await;
    assert_eq!(answer["code"], "0202");
    running.stop().await.expect("stops");
}

#[tokio::test]
async fn the_portal_takes_steps_as_forms_and_checks_their_token() {
    let running = petition(Config { secret: Some("shared".into()), ..config(1) }).await;
    let id = running.source.read(|book| book.items()[0].id.clone());
    let url = format!("{}/xfj/{id}/blfs", running.url());
    let flat = [("blfsid", "s-1"), ("blfs", "受理告知")];
    assert_eq!(send(client().post(&url).form(&flat)).await.1["code"], "0001");
    let data = json!([{ "blfsid": "s-2", "blfs": "退回" }]).to_string();
    let mut codes = Vec::new();
    for token in [verify_token("shared", &data), verify_token("other", &data)] {
        let form = [("httpRequestVerify", token.as_str()), ("jsonData", data.as_str())];
        codes.push(send(client().post(&url).form(&form)).await.1["code"].clone());
    }
    assert_eq!(codes, ["0001", "0304"]);
    let other = [("blfsid", "s-1"), ("blfs", "不予受理")];
    let (_, answer) = send(client().post(&url).form(&other)).await;
    assert_eq!((&answer["successStr"], &answer["conflictStr"]), (&json!(""), &json!("s-1")));
    let summary = running.source.summary();
    assert_eq!((summary.accepted, summary.returned, summary.declined), (1, 1, 0));
    assert_eq!(summary.conflicting_write_backs, 1);
    running.stop().await.expect("stops");
}

type Met = (HeaderMap, Bytes);

/// A hub of one endpoint, which answers with these in turn, the last one for ever.
async fn hub(answers: Vec<(u16, Value)>) -> (SocketAddr, mpsc::UnboundedReceiver<Met>) {
    #[derive(Clone)]
    struct Hub(mpsc::UnboundedSender<Met>, std::sync::Arc<std::sync::Mutex<Vec<(u16, Value)>>>);
    async fn take(State(hub): State<Hub>, headers: HeaderMap, body: Bytes) -> Response {
        hub.0.send((headers, body)).expect("the test listens");
        let mut answers = hub.1.lock().expect("whole");
        let (status, body) = if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() };
        let status = StatusCode::from_u16(status).expect("status");
        (status, [("retry-after", "0")], axum::Json(body)).into_response()
    }
    let (met, meet) = mpsc::unbounded_channel();
    let state = Hub(met, std::sync::Arc::new(std::sync::Mutex::new(answers)));
    let router = Router::new().fallback(take).with_state(state);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let addr = listener.local_addr().expect("bound");
    tokio::spawn(async move { axum::serve(listener, router).await });
    (addr, meet)
}

fn pushing(addr: SocketAddr, secret: &str, batch: usize, gzip: bool) -> Config {
    let target = PushTarget { batch, gzip, workers: 1, ..PushTarget::to(format!("http://{addr}/")) };
    Config { push: Some(target), secret: Some(secret.into()), ..config(3) }
}

fn header(headers: &HeaderMap, name: &str) -> String {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}

#[tokio::test]
async fn webhooks_are_signed_and_repeated_until_acknowledged() {
    let answers = vec![(503, json!({})), (429, json!({})), (202, json!({ "receipt": "R-1" }))];
    let (addr, mut met) = hub(answers).await;
    let running = hotline(pushing(addr, WEBHOOK_SECRET, 1, false)).await;
    let summary = in_time(running.source.wait_for(|s| s.pushes_acknowledged == 3)).await;
    assert_eq!((summary.push_attempts, summary.pushes_waiting), (5, 0));
    let mut ids = Vec::new();
    for _ in 0..5 {
        let (headers, body) = met.recv().await.expect("met");
        let id = header(&headers, "webhook-id");
        let timestamp = header(&headers, "webhook-timestamp").parse().expect("seconds");
        let signed = Secret::parse(WEBHOOK_SECRET).expect("secret").sign(&id, timestamp, &body);
        assert_eq!(header(&headers, "webhook-signature"), signed);
        let record: Value = serde_json::from_slice(&body).expect("one record");
        assert!(record["orderId"].is_string());
        ids.push(id);
    }
    assert_eq!(ids[0], ids[2]);
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), 3);
    let first = running.source.read(|book| book.deliveries()[0].clone());
    assert_eq!((first.attempts, first.receipt), (3, json!({ "receipt": "R-1" })));
    running.stop().await.expect("stops");
}

#[tokio::test]
async fn a_compressed_batch_is_signed_as_it_travels() {
    let (addr, mut met) = hub(vec![(202, json!({}))]).await;
    let running = hotline(pushing(addr, WEBHOOK_SECRET, 10, true)).await;
    in_time(running.source.wait_for(|s| s.pushes_acknowledged > 0 && s.pushes_waiting == 0)).await;
    let (headers, body) = met.recv().await.expect("met");
    assert_eq!(header(&headers, "content-encoding"), "gzip");
    let timestamp = header(&headers, "webhook-timestamp").parse().expect("seconds");
    let id = header(&headers, "webhook-id");
    let signed = Secret::parse(WEBHOOK_SECRET).expect("secret").sign(&id, timestamp, &body);
    assert_eq!(header(&headers, "webhook-signature"), signed);
    let mut text = String::new();
    GzDecoder::new(&body[..]).read_to_string(&mut text).expect("gzip");
    let batch: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(batch["orders"].as_array().map(Vec::len), Some(3));
    running.stop().await.expect("stops");
}

#[tokio::test]
async fn a_refused_push_is_given_up_and_counted() {
    let (addr, _met) = hub(vec![(401, json!({ "detail": "no" }))]).await;
    let running = hotline(pushing(addr, WEBHOOK_SECRET, 10, false)).await;
    let summary = in_time(running.source.wait_for(|s| s.pushes_refused == 1)).await;
    assert_eq!((summary.push_attempts, summary.pushes_acknowledged), (5, 0));
    running.stop().await.expect("stops");
}

#[tokio::test]
async fn the_portal_pushes_forms_and_understands_the_codes() {
    let taken = json!({ "code": "0001", "successStr": "x", "conflictStr": "", "failSituationList": [] });
    let answers = vec![(200, json!({ "code": "-1" })), (200, json!({ "code": "-2" })), (200, taken)];
    let (addr, mut met) = hub(answers).await;
    let running = petition(pushing(addr, "shared", 10, false)).await;
    let summary = in_time(running.source.wait_for(|s| s.pushes_acknowledged == 1)).await;
    assert_eq!(summary.push_attempts, 3);
    let (_, body) = met.recv().await.expect("met");
    let form: Vec<(String, String)> = form_urlencoded::parse(&body).into_owned().collect();
    let [(_, token), (_, data)] = form.as_slice() else { panic!("two fields: {form:?}") };
    assert_eq!(*token, verify_token("shared", data));
    let list: Value = serde_json::from_str(data).expect("JSON");
    assert!(list[2]["xfj"]["xfjbh"].is_string());
    running.stop().await.expect("stops");
}

#[tokio::test]
async fn numbering_and_answers_survive_a_restart() {
    let dir = std::env::temp_dir().join(format!("huiliu-sim-{}", uuid::Uuid::now_v7()));
    std::fs::create_dir(&dir).expect("a directory");
    let state = Some(dir.join("hotline.json"));
    let running = hotline(Config { state: state.clone(), ..config(5) }).await;
    let id = running.source.read(|book| book.items()[0].id.clone());
    running.source.answer(&id, "r-1", Action::Accept, json!({ "action": "accept" }));
    running.stop().await.expect("stops");

    let running = hotline(Config { state: state.clone(), ..config(5) }).await;
    assert_eq!(running.source.summary().records, 5);
    assert!(running.source.item(&id).is_some_and(|item| item.has(Action::Accept)));
    running.source.answer(&id, "r-1", Action::Accept, json!({ "action": "accept" }));
    assert_eq!(running.source.summary().repeated_write_backs, 1);
    running.source.generate(1);
    let ids: BTreeSet<_> = running.source.read(|b| b.items().iter().map(|i| i.id.clone()).collect());
    assert_eq!(ids.len(), 6);
    running.stop().await.expect("stops");

    let other = Petition::start(Config { state, ..config(0) }, CancellationToken::new()).await;
    assert!(matches!(other, Err(StartError::State(..))));
    std::fs::remove_dir_all(dir).expect("removed");
}

#[tokio::test]
async fn a_running_source_files_at_its_rate_until_its_total() {
    let config = Config { rate: 500.0, total: Some(60), quirks: Quirks::mild(), ..config(10) };
    let running = hotline(config).await;
    let summary = in_time(running.source.wait_for(|s| s.new_matters >= 60)).await;
    assert_eq!(summary.new_matters, 60);
    running.stop().await.expect("stops");
}

#[tokio::test]
async fn a_test_can_add_change_and_ask() {
    let running = hotline(config(0)).await;
    let url = |path: &str| format!("{}/sim/{path}", running.url());
    let own = json!({ "orderId": "T-1", "title": "标题" });
    assert_eq!(send(client().post(url("orders")).json(&own)).await.1["id"], "T-1");
    let urge = json!({ "kind": "urge" });
    let (_, carrier) = send(client().post(url("orders/T-1/follow-ups")).json(&urge)).await;
    let path = format!("orders/{}", carrier["id"].as_str().expect("id"));
    assert_eq!(send(client().get(url(&path))).await.1["truth"]["follows"], "T-1");
    assert_eq!(send(client().get(url("summary"))).await.1["records"], 2);
    let (status, _) = send(client().post(url("quirks")).json(&json!({ "errorRate": 1.0 }))).await;
    assert_eq!(status, StatusCode::OK);
    let orders = format!("{}/api/orders", running.url());
    assert_eq!(send(client().get(orders)).await.0, StatusCode::INTERNAL_SERVER_ERROR);
    let (status, _) = send(client().post(url("quirks")).json(&json!({ "nonsense": 1 }))).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    running.stop().await.expect("stops");
}

async fn grid(config: Config) -> Running {
    Grid::start(config, CancellationToken::new()).await.expect("platform starts")
}

#[tokio::test]
async fn the_grid_platform_lists_and_takes_feedback_once() {
    let running = grid(config(7)).await;
    let url = format!("{}/api/v1/grid/events", running.url());
    let query = [("startTime", "2026-01-01 00:00:00".to_owned()), ("endTime", clock::dashed(NOW))];
    let (_, answer) = send(client().get(&url).query(&query)).await;
    assert_eq!((&answer["code"], &answer["data"]["total"]), (&json!(200), &json!(7)));
    let row = &answer["data"]["records"][0];
    assert_eq!(row["gridId"].as_str().map(str::len), Some(15), "{row}");
    let id = row["externalEventId"].as_str().expect("id");
    let told = json!({ "action": "STRIKE_OFF", "requestId": "r-1", "content": "已处理。", "isSolved": "1", "handleOrg": "样例局" });
    for _ in 0..2 {
        let (_, answer) = send(client().post(format!("{url}/{id}/feedback")).json(&told)).await;
        assert_eq!((&answer["code"], &answer["data"]["updateTime"]), (&json!(200), &json!(clock::dashed(NOW))));
    }
    let summary = running.source.summary();
    assert_eq!((summary.resolved, summary.write_backs, summary.repeated_write_backs), (1, 1, 1));
    let (status, answer) = send(client().post(format!("{url}/{id}/feedback")).json(&json!({ "action": "JUMP" }))).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(answer["message"].as_str().is_some_and(|m| m.starts_with("action")), "{answer}");
    running.stop().await.expect("stops");
}

#[tokio::test]
async fn some_of_the_hotlines_orders_come_round_again() {
    let source = hotline(config(24)).await;
    let platform = grid(Config { round_about: Some(source.url()), ..config(0) }).await;
    in_time(platform.source.wait_for(|s| s.records >= 2)).await;
    let events = platform.source.read(|book| book.items().to_vec());
    for event in &events {
        assert_eq!(event.body["reportSource"], "12345");
        let number = event.body["sourceOrderNum"].as_str().expect("a number");
        let order = source.source.item(number).expect("the hotline's own");
        assert!(order.truth.accused.is_none() && !order.truth.confidential);
        assert!(event.body["description"].as_str().is_some_and(|text| text.contains(number)));
    }
    platform.stop().await.expect("stops");
    source.stop().await.expect("stops");
}

#[tokio::test]
async fn the_mediation_platform_wants_a_token_that_is_still_good() {
    let quirks = Quirks { token_uses: 2, ..Quirks::none() };
    let running = Video::start(Config { quirks, ..config(3) }, CancellationToken::new()).await.expect("starts");
    let (cases, token) = (format!("{}/api/v1/cases", running.url()), format!("{}/oauth2/token", running.url()));
    assert_eq!(send(client().get(&cases)).await.0, StatusCode::UNAUTHORIZED, "a key is no token");
    let form = [("grant_type", "client_credentials")];
    let wrong = client().post(&token).basic_auth("huiliu", Some("wrong")).form(&form);
    assert_eq!(send(wrong).await.1["error"], "invalid_client");
    let right = client().post(&token).basic_auth("huiliu", Some(KEY)).form(&form);
    let token = send(right).await.1["access_token"].as_str().expect("a token").to_owned();
    for expected in [StatusCode::OK, StatusCode::OK, StatusCode::UNAUTHORIZED] {
        let answer = client().get(&cases).bearer_auth(&token).send().await.expect("an answer");
        assert_eq!(answer.status(), expected);
    }
    running.stop().await.expect("stops");
}
