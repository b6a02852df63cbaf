//! What could not be worked on: listed, looked at, and taken up again.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::site::{CHANNEL, ORDER, SECRET_PHONE, Site};

#[tokio::test(flavor = "multi_thread")]
async fn what_could_not_be_worked_on_is_listed_newest_first() {
    let mut site = Site::start().await;
    assert_eq!(site.get("/v1/dead").await, json!({ "letters": [], "next": null }));
    for title in ["甲", "乙", "丙"] {
        site.push(json!({ "orderNum": "无", "title": title, "callerPhone": SECRET_PHONE })).await;
    }
    let page = site.when("/v1/dead?limit=2", |page| page["letters"][0]["sequence"] == 3).await;
    let letters = page["letters"].as_array().expect("letters");
    assert_eq!((letters.len(), &page["next"]), (2, &json!("2")));
    assert_eq!(letters[0]["letter"]["channel"], CHANNEL);
    assert_eq!(letters[0]["letter"]["stage"], "map");
    assert!(letters[0]["receipt"].as_str().is_some_and(|r| r.starts_with(CHANNEL)), "{page}");
    assert!(!letters[0]["letter"]["problems"].as_array().expect("problems").is_empty(), "{page}");
    assert!(!page.to_string().contains(SECRET_PHONE), "{page}");
    let rest = site.get("/v1/dead?limit=2&cursor=2").await;
    assert_eq!((rest["letters"].as_array().map(Vec::len), &rest["next"]), (Some(1), &Value::Null));

    let said = site.huiliu(&["dead", "list"]).await;
    let text = String::from_utf8_lossy(&said.stdout);
    assert!(said.status.success() && text.contains("回执 receipt") && text.contains("应为 expected"), "{said:?}");
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mended_pack_takes_up_what_the_broken_one_gave_up() {
    let mut site = Site::start().await;
    let packs = site
        .use_pack("\"source.id\" = { from = [\"orderId\", \"orderNum\"]", "\"source.id\" = { from = [\"id\"]")
        .await;
    let mut orders: Vec<Value> = Vec::new();
    for number in ["A1", "A2"] {
        let mut order: Value = serde_json::from_str(ORDER).expect("json");
        order["orderId"] = number.into();
        order["orderNum"] = format!("热线-{number}").into();
        order["oldOrderNum"] = Value::Null;
        orders.push(order);
    }
    let receipt = site.push(Value::Array(orders)).await;
    assert_eq!(receipt["state"], "quarantined", "{receipt}");
    let letters = site.when("/v1/dead", |page| page["letters"][1].is_object()).await;
    assert_eq!(letters["letters"][0]["letter"]["index"], 1, "{letters}");
    let shown = site.get("/v1/dead/2").await;
    assert_eq!(shown["record"]["orderId"], "A2", "{shown}");

    let (status, refused) = site.post("/v1/dead/replay", Some(json!({}))).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{refused}");
    let (_, done) = site.post("/v1/dead/replay", Some(json!({ "letters": [2] }))).await;
    assert_eq!(done["replayed"][0]["sequence"], 2, "{done}");
    let again = site.when("/v1/dead", |page| page["letters"][0]["sequence"] == 3).await;
    assert_eq!(
        again["letters"].as_array().map(Vec::len),
        Some(2),
        "still broken: a new letter for the old one: {again}"
    );

    let (_, done) = site.post("/v1/dead/replay", Some(json!({ "channel": CHANNEL }))).await;
    assert_eq!(done["replayed"].as_array().map(Vec::len), Some(2), "what fails again is not for the same run: {done}");
    site.when("/v1/dead", |page| page["letters"][0]["sequence"] == 5).await;

    site.stop().await;
    std::fs::remove_dir_all(packs).expect("the pack is mended");
    site.run().await;
    let said = site.huiliu(&["dead", "replay", "--channel", CHANNEL, "--stage", "map"]).await;
    let text = String::from_utf8_lossy(&said.stdout);
    assert!(said.status.success() && text.matches("已重新处理").count() == 2, "{said:?}");
    for line in text.lines() {
        let receipt = line.split_whitespace().last().expect("a receipt");
        let settled = site.get(&format!("/v1/receipts/{receipt}?wait=30")).await;
        assert_eq!(settled["records"].as_array().map(Vec::len), Some(1), "one record each: {settled}");
        assert_eq!(settled["records"][0]["outcome"], "new", "{settled}");
    }
    assert_eq!(site.get("/v1/dead").await["letters"], json!([]));
    let cases = site.when("/v1/cases", |page| page["cases"].as_array().is_some_and(|c| c.len() == 2)).await;
    assert_eq!(cases["cases"].as_array().map(Vec::len), Some(2), "{cases}");
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_is_taken_up_once_however_often_that_is_asked() {
    const LETTERS: u64 = 20;
    let mut site = Site::start().await;
    let nameless = |n| json!({ "orderNum": "无", "title": format!("第 {n} 件") });
    site.push((0..LETTERS).map(nameless).collect()).await;
    site.when("/v1/dead", |page| page["letters"][0]["sequence"] == LETTERS).await;
    let asked = || site.send(Method::POST, "/v1/dead/replay", site.operator(), &[], Some(json!({ "to": LETTERS })));
    let mut taken_up: Vec<u64> = Vec::new();
    for answer in futures_util::future::join_all((0..4).map(|_| asked())).await {
        if answer.status() == StatusCode::SERVICE_UNAVAILABLE {
            assert_eq!(answer.headers()["retry-after"], "5");
            continue;
        }
        assert_eq!(answer.status(), StatusCode::OK);
        let done: Value = answer.json().await.expect("json");
        taken_up.extend(done["replayed"].as_array().expect("letters").iter().filter_map(|a| a["sequence"].as_u64()));
    }
    assert_eq!(taken_up, (1..=LETTERS).collect::<Vec<_>>());
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_dealt_with_otherwise_is_dropped_by_a_person_who_says_why() {
    let mut site = Site::start().await;
    for title in ["甲", "乙"] {
        site.push(json!({ "orderNum": "无", "title": title })).await;
    }
    site.when("/v1/dead", |page| page["letters"][0]["sequence"] == 2).await;
    for because in ["", "  ", "两\n行", &"长".repeat(201)] {
        let (status, refused) = site.post("/v1/dead/1/drop", Some(json!({ "because": because }))).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{refused}");
    }
    let (status, refused) = site.post("/v1/dead/7/drop", Some(json!({ "because": "无" }))).await;
    assert_eq!(status, StatusCode::NOT_FOUND, "{refused}");

    let (status, refused) =
        site.ask(Method::POST, "/v1/dead/1/drop", site.channel_key(), Some(json!({ "because": "无" }))).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "{refused}");

    let said = site.huiliu(&["dead", "drop", "1", "--because", "来源已撤回"]).await;
    let text = String::from_utf8_lossy(&said.stdout);
    assert!(said.status.success() && text.contains("已注销"), "{said:?}");
    let left = site.get("/v1/dead").await;
    assert_eq!((left["letters"].as_array().map(Vec::len), &left["letters"][0]["sequence"]), (Some(1), &json!(2)));
    site.stop().await;
}
