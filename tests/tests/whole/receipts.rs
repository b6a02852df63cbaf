//! What senders are told.

use std::time::{Duration, Instant};

use huiliu_tests::hub::{PATIENCE, eventually};
use huiliu_tests::sim::petition::verify_token;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::steps::{noise, noise_petition};
use super::world::{EXCHANGE_SECRET, HOTLINE, PETITION, Way, World};

const HOTLINE_EVENTS: &str = "/v1/channels/hotline-12345/events";
const PETITION_EVENTS: &str = "/v1/channels/petition-portal/events";

fn dated(mut order: Value) -> Value {
    order["callTime"] = "2026-03-01 09:00:00".into();
    order["updateTime"] = "2026-03-01 09:01:00".into();
    order["orderState"] = "已派单".into();
    order
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_record_of_a_batch_is_answered_for() {
    let world = World::new(Way::Push).await;
    let sender = world.hub.caller(HOTLINE);
    let mut nameless = dated(noise("x"));
    nameless["orderId"] = Value::Null;
    let batch = json!({ "orders": [dated(noise("r-1")), nameless, dated(noise("r-1")), dated(noise("r-2"))] });
    let answer = sender.post(HOTLINE_EVENTS, &batch).await.unwrap();
    assert_eq!((answer.status, &answer.body["state"]), (202, &json!("stored")), "{}", answer.body);
    let receipt = answer.body["receipt"].as_str().unwrap();

    let settled = sender.get(&format!("/v1/receipts/{receipt}?wait=20")).await.unwrap().body;
    assert_eq!(settled["settled"], true, "{settled}");
    let outcomes: Vec<&str> = (0..4).map(|i| settled["records"][i]["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["new", "quarantined", "repeat", "new"], "{settled}");
    assert_eq!(settled["records"][0]["case_id"], settled["records"][2]["case_id"]);
    let problem = &settled["records"][1]["problems"][0];
    assert!(problem["source_field"].as_str().unwrap().contains("orderId"), "{settled}");
    assert!(settled["as_of"].as_u64().unwrap() > 0, "{settled}");
    world.case("r-2").await;

    let again = sender.post(HOTLINE_EVENTS, &dated(noise("r-1"))).await.unwrap().body;
    assert_eq!(again["records"][0]["outcome"], "repeat", "{again}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receipt_names_the_log_as_it_is_also_right_after_a_start() {
    let mut world = World::new(Way::Push).await;
    let sender = world.hub.caller(HOTLINE);
    let first = sender.post(HOTLINE_EVENTS, &dated(noise("s-1"))).await.unwrap().body;
    let receipt = first["receipt"].as_str().unwrap();
    let settled = sender.get(&format!("/v1/receipts/{receipt}?wait=20")).await.unwrap().body;
    world.hub.stop().await.unwrap();
    world.hub.restart().await.unwrap();
    let again = world.hub.caller(HOTLINE).post(HOTLINE_EVENTS, &dated(noise("s-1"))).await.unwrap().body;
    assert_eq!(again["records"][0]["outcome"], "repeat", "{again}");
    assert!(again["as_of"].as_u64() >= settled["as_of"].as_u64(), "{again} after {settled}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_taken_is_refused_unstored() {
    let world = World::new(Way::Push).await;
    let nobody = world.hub.caller("nobody");
    let sender = world.hub.caller(HOTLINE);
    let unsigned = nobody.post(HOTLINE_EVENTS, &dated(noise("u-1"))).await.unwrap();
    assert_eq!(unsigned.status, 401, "{}", unsigned.body);
    let stranger = world.hub.caller(PETITION).post(HOTLINE_EVENTS, &dated(noise("u-1"))).await.unwrap();
    assert_eq!(stranger.status, 403, "{}", stranger.body);
    let large = sender.post_bytes(HOTLINE_EVENTS, "application/json", vec![b' '; 50 << 20], &[]).await.unwrap();
    assert_eq!(large.status, 413, "{}", large.body);

    let garbled = sender.post_bytes(HOTLINE_EVENTS, "application/json", b"{\"a\":".to_vec(), &[]).await.unwrap();
    assert_eq!((garbled.status, &garbled.body["state"]), (202, &json!("quarantined")), "{}", garbled.body);
    let (intake, _) = world.hub.inspector().await.unwrap().state("INTAKE").await.unwrap();
    assert!(intake == 1, "what was refused was stored, or what was not understood was not");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_the_limit_a_sender_is_told_when_to_come_again() {
    use huiliu_tests::hub::{ChannelPlan, Plan, TestHub};
    let plan = Plan::built().unwrap().channel(ChannelPlan::new(HOTLINE).limited(1));
    let hub = TestHub::start(plan).await.unwrap();
    let sender = hub.caller(HOTLINE);
    let mut statuses = Vec::new();
    for n in 0..4 {
        let answer = sender.post(HOTLINE_EVENTS, &dated(noise(&format!("l-{n}")))).await.unwrap();
        if answer.status == 429 {
            assert!(answer.header("retry-after").unwrap().parse::<u64>().unwrap() >= 1);
        }
        statuses.push(answer.status);
    }
    assert_eq!(statuses[0], 202);
    assert!(statuses.contains(&429), "{statuses:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hub_that_stops_keeps_nobody_waiting() {
    let mut world = World::new(Way::Push).await;
    let inspector = world.hub.inspector().await.unwrap();
    let pause = json!({ "pause_until": Timestamp::now() + SignedDuration::from_hours(1) }).to_string();
    inspector.client.request("$JS.API.CONSUMER.PAUSE.INTAKE.pipeline", pause.into()).await.unwrap();
    let sender = world.hub.caller(HOTLINE);
    let pushed = sender.post(HOTLINE_EVENTS, &dated(noise("w-1"))).await.unwrap();
    let receipt = format!("/v1/receipts/{}?wait=30", pushed.body["receipt"].as_str().unwrap());
    let receipt = tokio::spawn(async move { sender.get(&receipt).await.unwrap() });
    let department = world.hub.caller("jb-ecology");
    let entries = tokio::spawn(async move { department.get("/v1/queue?wait=30").await.unwrap() });
    let waits = eventually("a department that waits", PATIENCE, async || {
        let asked = inspector.client.request("$JS.API.CONSUMER.INFO.QUEUES.jb-ecology", "".into()).await.ok()?;
        let info: Value = serde_json::from_slice(&asked.payload).ok()?;
        (info["num_waiting"].as_u64()? > 0).then_some(())
    });
    waits.await.unwrap();

    let asked_to_stop = Instant::now();
    world.hub.stop().await.unwrap();
    assert!(asked_to_stop.elapsed() < Duration::from_secs(12), "it stopped after {:?}", asked_to_stop.elapsed());
    let (receipt, entries) = (receipt.await.unwrap(), entries.await.unwrap());
    assert_eq!((receipt.status, &receipt.body["settled"]), (200, &json!(false)), "{}", receipt.body);
    assert_eq!((entries.status, &entries.body["entries"]), (200, &json!([])), "{}", entries.body);
    assert!(!world.hub.log().contains("tasks unfinished"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_exchange_gets_its_own_codes() {
    let world = World::new(Way::Push).await;
    let nobody = world.hub.caller("nobody");
    let send = async |records: Value, secret: &str| {
        let data = records.to_string();
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("httpRequestVerify", &verify_token(secret, &data))
            .append_pair("jsonData", &data)
            .finish();
        let sent = nobody.post_bytes(PETITION_EVENTS, "application/x-www-form-urlencoded", form.into_bytes(), &[]);
        sent.await.unwrap().body
    };
    let mut good = noise_petition("33020500202603010101");
    good["xfj"]["djsj"] = "2026/03/01 09:00:00".into();
    let mut bad = good.clone();
    bad["xfj"]["xfjbh"] = Value::Null;
    let answer = send(json!([good, bad]), EXCHANGE_SECRET).await;
    assert_eq!(answer["successStr"], "33020500202603010101", "{answer}");
    assert_eq!(answer["failSituationList"].as_array().unwrap().len(), 1, "{answer}");
    assert!(answer["msg"].as_str().is_some_and(|msg| msg.contains("receipt petition-portal")), "{answer}");
    let refused = send(json!([good]), "wrong").await;
    assert_eq!(refused["code"], "0304", "{refused}");
    world.case("33020500202603010101").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engineer_upstream_may_try_and_nothing_is_stored() {
    let world = World::new(Way::Push).await;
    let sender = world.hub.caller(HOTLINE);
    let mut strange = dated(noise("t-2"));
    strange["callTime"] = "前天".into();
    strange["neverHeardOf"] = "x".into();
    let body = json!({ "orders": [dated(noise("t-1")), "no order", strange] });
    let tried = sender.post("/v1/channels/hotline-12345/try", &body).await.unwrap();
    assert_eq!((tried.status, &tried.body["stored"]), (200, &json!(false)), "{}", tried.body);
    let records = tried.body["records"].as_array().unwrap();
    let outcomes: Vec<&str> = records.iter().map(|r| r["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["new", "quarantined", "new"], "{}", tried.body);
    assert_eq!(records[0]["decision"]["verdict"]["assignees"][0]["department"], "jb-ecology", "{}", records[0]);
    assert!(records[0]["explained"].as_str().unwrap().contains("responsibilities.csv"), "{}", records[0]);
    assert_eq!(records[0]["submission"]["source"]["id"], "t-1");
    assert!(records[2]["problems"][0]["source_field"].as_str().unwrap().contains("callTime"), "{}", records[2]);
    assert_eq!(records[2]["unread"], json!(["neverHeardOf"]));

    let nothing = sender.post_bytes("/v1/channels/hotline-12345/try", "application/json", b"{".to_vec(), &[]).await;
    let nothing = nothing.unwrap();
    assert!(nothing.body["reason"].as_str().unwrap().contains("not JSON"), "{}", nothing.body);
    for (who, status) in [("nobody", 401), (PETITION, 403)] {
        let refused = world.hub.caller(who).post("/v1/channels/hotline-12345/try", &body).await.unwrap();
        assert_eq!(refused.status, status, "{}", refused.body);
    }
    let inspector = world.hub.inspector().await.unwrap();
    for (stream, held) in [("INTAKE", 0), ("CASES", 0), ("KEYS", 1), ("DEAD", 0)] {
        assert_eq!(
            inspector.state(stream).await.unwrap().0,
            held,
            "{stream}: in KEYS only the proof of the master key"
        );
    }
}
