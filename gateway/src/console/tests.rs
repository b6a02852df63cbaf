//! The routes over HTTP, against a read model of a hand-made log.

use std::sync::Arc;

use huiliu_adapters::http;
use huiliu_schemas::command::Command;
use huiliu_schemas::ids::{CaseId, CaseNumber};
use serde_json::Value;
use tokio::net::TcpListener;

use super::{Labels, page, routes};
use crate::readmodel::ReadModel;
use crate::readmodel::tests::keeping::{busy_world, resolve_untold};
use crate::readmodel::tests::world::{Folder, SECRET, World, by, source, to};

/// How much of the log the read model does not know yet.
const UNREAD: u64 = 2;

struct Served {
    address: String,
    _folder: Folder,
}

async fn served(world: &World) -> Served {
    let folder = Folder::new();
    let mut model = ReadModel::open(folder.file(), world.indexing()).expect("open");
    model.apply(&world.log).expect("apply");
    let end = world.log.last().map_or(0, |message| message.sequence) + UNREAD;
    let router = routes(model.reader(), Arc::new(Labels::default), Arc::new(move || Box::pin(async move { Ok(end) })));
    let router = router.merge(page().router());
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bind");
    let address = format!("http://{}", listener.local_addr().expect("address"));
    tokio::spawn(async move { axum::serve(listener, router).await });
    Served { address, _folder: folder }
}

impl Served {
    async fn get(&self, path: &str) -> (u16, String, String) {
        let client = http::nearby().build().expect("client");
        let answer = client.get(format!("{}{path}", self.address)).send().await.expect("answer");
        let kind = answer.headers()["content-type"].to_str().expect("text").to_owned();
        (answer.status().as_u16(), kind, answer.text().await.expect("body"))
    }

    async fn json(&self, path: &str) -> Value {
        let (status, _, body) = self.get(path).await;
        assert_eq!(status, 200, "{path}: {body}");
        assert!(!body.contains(SECRET) && !body.contains("digest"), "{path}: {body}");
        serde_json::from_str(&body).expect("json")
    }
}

#[tokio::test]
async fn the_overview_is_what_the_read_model_says() {
    let served = served(&busy_world()).await;
    let overview = served.json("/v1/overview").await;
    assert_eq!(overview["totals"]["cases"], 8);
    assert_eq!(overview["stages"][1], serde_json::json!({ "stage": "triage", "chinese": "待分拨", "count": 4 }));
    assert_eq!(overview["answers"]["told"], 1);
}

#[tokio::test]
async fn cases_come_in_pages() {
    let served = served(&busy_world()).await;
    let first = served.json("/v1/cases?limit=5").await;
    assert_eq!(first["cases"].as_array().map(Vec::len), Some(5));
    let second = served.json(&format!("/v1/cases?limit=5&cursor={}", first["next"].as_str().expect("a cursor"))).await;
    assert_eq!((second["cases"].as_array().map(Vec::len), &second["next"]), (Some(3), &Value::Null));
    let triage = served.json("/v1/cases?stage=triage&channel=hotline-12345").await;
    assert_eq!(triage["cases"].as_array().map(Vec::len), Some(4));
    assert_eq!(triage["cases"][0]["reasons"][0], serde_json::json!({ "code": "no_place", "zh": "属地不明" }));
}

#[tokio::test]
async fn one_case_tells_everything_clear() {
    let served = served(&busy_world()).await;
    let id = CaseId::of(&source("hotline", "A2"));
    for name in [id.to_string(), CaseNumber::of(id).as_str().to_lowercase(), "hotline:A2".to_owned()] {
        let view = served.json(&format!("/v1/cases/{name}")).await;
        assert_eq!(view["case"]["stage"], "resolved");
        assert_eq!(view["facts"]["appeal"], "complaint");
        assert_eq!(view["decision"]["rule"]["line"], 12);
        assert_eq!(view["decision"]["beaten"][0]["because"], "事项编码较短");
        assert_eq!((&view["answers"][0]["state"], &view["answers"][0]["what"]), (&"told".into(), &"resolved".into()));
        let types: Vec<_> = view["history"].as_array().expect("list").iter().map(|e| e["type"].clone()).collect();
        assert_eq!(types, ["registered", "dispatched", "signed_for", "resolved", "answer_delivered"]);
        assert_eq!(view["history"][1]["why"]["rule"]["file"], "responsibilities.csv");
        assert_eq!(view["history"][0]["data"]["seen"]["source"]["id"], "A2");
    }
}

#[tokio::test]
async fn an_answer_that_no_channel_can_tell_is_not_shown_as_told() {
    let mut world = World::default();
    let case = world.arrive("A", to(&["jb-housing"]));
    world.command(case, by("jb-housing"), Command::SignFor { n: None });
    resolve_untold(&mut world, case);
    let served = served(&world).await;
    let view = served.json(&format!("/v1/cases/{case}")).await;
    let state = |answer: &Value| (answer["what"].clone(), answer["state"].clone());
    let answers: Vec<_> = view["answers"].as_array().expect("list").iter().map(state).collect();
    assert_eq!(answers, [("resolved".into(), "no_way".into())]);
    let last = view["history"].as_array().expect("list").last().expect("an event");
    assert_eq!(last["why"]["words"], "hotline:A 无回写通道");
    assert_eq!(served.json("/v1/overview").await["answers"]["told"], 0);
}

#[tokio::test]
async fn events_can_be_followed() {
    let world = busy_world();
    let served = served(&world).await;
    let (mut cursor, mut seen) = ("0".to_owned(), 0);
    loop {
        let events = served.json(&format!("/v1/events?cursor={cursor}&limit=4")).await;
        seen += events["events"].as_array().map_or(0, Vec::len) as u64;
        cursor = events["next"].as_str().expect("a cursor").to_owned();
        if events["more"] == false {
            break;
        }
    }
    assert_eq!(seen, world.cases.values().map(|c| c.events).sum::<u64>());
    let again = served.json(&format!("/v1/events?cursor={cursor}")).await;
    assert_eq!((again["events"].as_array().map(Vec::len), &again["next"]), (Some(0), &Value::from(cursor.clone())));
    let latest = served.json("/v1/events?limit=3").await;
    let told = latest["events"].as_array().map_or(0, Vec::len);
    assert!((3..=4).contains(&told), "{told}: what one decision made is told together");
    assert_eq!(latest["next"], cursor);
}

/// What a log that was restored brings anew below it would be passed over in silence.
#[tokio::test]
async fn a_cursor_from_beyond_the_end_of_the_log_is_refused() {
    let served = served(&busy_world()).await;
    let last: u64 = served.json("/v1/overview").await["as_of"].as_u64().expect("a place");
    let ahead = served.json(&format!("/v1/events?cursor={}", last + UNREAD)).await;
    assert_eq!(ahead["events"], serde_json::json!([]), "another gateway may have read further");
    let (status, _, body) = served.get(&format!("/v1/events?cursor={}", last + UNREAD + 1)).await;
    assert_eq!(status, 422, "{body}");
    assert!(body.contains(&format!("ends at {}", last + UNREAD)), "{body}");
}

#[tokio::test]
async fn what_is_wrong_is_a_problem() {
    let served = served(&World::default()).await;
    for (path, status, told) in [
        ("/v1/cases/HL-0000-0000-0001", 404, "urn:huiliu:problem:not-found"),
        ("/v1/cases?stage=nowhere", 422, "`stage` is `nowhere`"),
        ("/v1/cases?limit=0", 422, "`limit`"),
        ("/v1/cases?limit=201", 422, "`limit`"),
        ("/v1/cases?from=yesterday", 422, "`from`"),
        ("/v1/cases?departmnet=jb", 400, "departmnet"),
        ("/v1/cases?matter=1", 422, "`matter`"),
        ("/v1/cases?department=", 422, "`department`"),
        ("/v1/events?cursor=-1", 422, "`cursor`"),
        ("/v1/events?since=1", 400, "since"),
    ] {
        let (found, kind, body) = served.get(path).await;
        assert_eq!((found, kind.as_str()), (status, "application/problem+json"), "{path}");
        assert!(body.contains(told), "{path}: {body}");
    }
}

#[tokio::test]
async fn the_page_is_whole_and_takes_nothing_from_elsewhere() {
    let served = served(&World::default()).await;
    for (path, kind) in
        [("/", "text/html"), ("/console/console.css", "text/css"), ("/console/console.js", "text/javascript")]
    {
        let (status, found, body) = served.get(path).await;
        assert_eq!(status, 200);
        assert!(found.starts_with(kind), "{path}: {found}");
        for foreign in ["https://", "innerHTML", "insertAdjacentHTML", "document.write", "eval("] {
            assert!(!body.contains(foreign), "{path} contains {foreign}");
        }
    }
}

/// Of two texts of the same name the page would show the second, wherever the first was meant.
#[test]
fn every_text_of_the_page_is_there_once_in_both_languages() {
    let script = include_str!("console.js");
    let texts = script.split_once("const TEXT = {").and_then(|(_, rest)| rest.split_once("\n};")).expect("texts").0;
    let (zh, en) = texts.split_once("\n  en: {").expect("two languages");
    let names = |text: &str| -> Vec<String> {
        let pieces = text.split(": \"").filter_map(|before| before.rsplit([' ', '\n']).next());
        let mut names: Vec<String> = pieces.filter(|name| !name.is_empty()).map(str::to_owned).collect();
        names.pop();
        names.sort();
        names
    };
    let (zh, en) = (names(zh), names(en));
    assert!(zh.len() > 80, "{zh:?}");
    assert_eq!(zh, en);
    for pair in zh.windows(2) {
        assert_ne!(pair[0], pair[1], "a text is there twice");
    }
}
