//! Traces: what a collector is told of a case from its receipt to the queue and to what its source was told, and that the
//! hub does not mind where nobody listens.

mod collector;

use std::time::Duration;

use huiliu_tests::hub::{Inspector, PATIENCE, eventually};
use huiliu_tests::sim::Action;
use serde_json::{Value, json};
use tokio::time::Instant;

use self::collector::{Collector, Sent};
use super::steps::{done, noise};
use super::world::{HOTLINE, Way, World, ask, pull};

const PLANTED: [&str; 6] = [
    "欧阳青禾",
    "19912345678",
    "慈城镇丁香园三幢九零二室",
    "十一点后挖掘机一直开",
    "trace-plant-1",
    "已电话告知欧阳女士",
];
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";

fn planted() -> Value {
    let mut order = noise(PLANTED[4]);
    order["callerName"] = PLANTED[0].into();
    order["callerPhone"] = PLANTED[1].into();
    order["callerContact"] = PLANTED[1].into();
    order["address"] = PLANTED[2].into();
    order["majorContent"] = PLANTED[3].into();
    order
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_case_is_traced_from_its_receipt_to_what_its_source_is_told() {
    let collector = Collector::start().await;
    let mut world = World::with(Way::Push, |plan| plan.traces(collector.url())).await;
    let id = world.hotline.source.put(&planted());
    let case = world.case_when(&id, |c| c["case"]["stage"] == "dispatched").await;
    let case = case["case"]["id"].as_str().unwrap().to_owned();
    assert_eq!(world.take("jb-ecology").await.len(), 1);

    let hand_out = collector.step("the hand-out", |s| s.name == "hand_out").await;
    let receive = collector.step("the receipt", |s| s.name == "receive" && s.trace == hand_out.trace).await;
    check_receipt_to_queue(&collector, &receive, &hand_out, &case);

    // What is known of the case's beginning is in the log, not in a process.
    world.hub.stop().await.unwrap();
    world.hub.restart().await.unwrap();
    let ecology = world.hub.caller("jb-ecology");
    done(&ecology, &case, "sign_for", json!({ "id": "t-sign" })).await;
    let resolve = json!({ "id": "t-done", "solved": "yes", "contacted": true, "reply": PLANTED[5] });
    done(&ecology, &case, "resolve", resolve).await;
    let told = |s: &Sent| s.name == "tell" && s.says("huiliu.answer") == "resolved";
    let tell = collector.step("the result told", told).await;
    check_command_to_source(&collector, &receive, &tell, &case).await;
    eventually("the result at the source", PATIENCE, async || {
        world.hotline.source.item(&id).filter(|item| item.has(Action::Result))
    })
    .await
    .unwrap();

    world.hub.stop().await.unwrap();
    nothing_personal(&collector, &case);
}

fn check_receipt_to_queue(collector: &Collector, receive: &Sent, hand_out: &Sent, case: &str) {
    assert_eq!((receive.parent.as_str(), receive.service.as_str()), ("", "huiliu"), "{receive:?}");
    assert_eq!((receive.says("huiliu.channel"), receive.says("huiliu.way")), (HOTLINE, "http"), "{receive:?}");
    assert_eq!((receive.says("huiliu.outcome"), receive.failed), ("stored", false), "{receive:?}");
    let one = |parent: &Sent, name: &str| {
        let mut below = collector.below(parent, name);
        assert_eq!(below.len(), 1, "`{name}` below {parent:?} in {:#?}", collector.steps());
        below.remove(0)
    };
    one(receive, "receipt");
    let work = one(&one(receive, "store"), "work");
    assert_eq!(work.says("huiliu.intake.sequence"), receive.says("huiliu.intake.sequence"), "{work:?}");
    assert_eq!(work.says("huiliu.outcome"), "done", "{work:?}");
    assert_eq!(one(&work, "understand").says("huiliu.records"), "1");
    let append = one(&work, "append");
    assert_eq!((append.says("huiliu.case.id"), append.says("huiliu.outcome")), (case, "appended"), "{append:?}");
    assert!(append.says("huiliu.events").starts_with("registered,"), "{append:?}");
    assert!(append.says("huiliu.batch.messages").parse::<u32>().unwrap() >= 3, "{append:?}");
    let offers = collector.below(&append, "offer");
    assert!(offers.iter().any(|o| o.says("huiliu.department") == "jb-ecology"), "{offers:?}");
    assert_eq!((hand_out.parent.as_str(), hand_out.says("huiliu.department")), (append.id.as_str(), "jb-ecology"));
}

/// The answer is a step of the trace of the command that gave it, and that one is linked with the trace of the receipt.
async fn check_command_to_source(collector: &Collector, receive: &Sent, tell: &Sent, case: &str) {
    assert_eq!((tell.says("huiliu.case.id"), tell.says("huiliu.channel")), (case, HOTLINE), "{tell:?}");
    assert_eq!((tell.says("huiliu.outcome"), tell.says("http.response.status_code")), ("delivered", "200"), "{tell:?}");
    let append = collector.step("the command's events", |s| s.id == tell.parent && s.trace == tell.trace).await;
    assert_eq!((append.name.as_str(), append.says("huiliu.events")), ("append", "resolved"), "{append:?}");
    let command = collector.step("the command", |s| s.id == append.parent && s.trace == tell.trace).await;
    assert_eq!((command.name.as_str(), command.parent.as_str()), ("command", ""), "{command:?}");
    assert_eq!((command.says("huiliu.command"), command.says("huiliu.department")), ("resolve", "jb-ecology"));
    assert_ne!(command.trace, receive.trace);
    for step in [&append, tell] {
        assert_eq!(step.links, [receive.trace.as_str()], "{step:?}");
    }
    let recorded = collector.step("that it was told", |s| s.name == "append" && s.parent == tell.id).await;
    assert_eq!(recorded.says("huiliu.events"), "answer_delivered", "{recorded:?}");
}

fn nothing_personal(collector: &Collector, case: &str) {
    let bytes = collector.bytes();
    let said = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(said(case), "the control: the case is not named");
    for planted in PLANTED {
        assert!(!said(planted), "`{planted}` was sent");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trace_that_was_begun_elsewhere_is_continued_over_both_doors() {
    let collector = Collector::start().await;
    let world = World::with(Way::Push, |plan| {
        plan.traces(collector.url()).env("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20of-the-collector")
    })
    .await;
    let begun = format!("00-{TRACE}-{CALLER}-01");
    push(&world, "mine-1", &[("traceparent", &begun), ("tracestate", "vendor=secret-state")]).await;
    let receive = collector.step("the receipt", |s| s.name == "receive").await;
    assert_eq!((receive.trace.as_str(), receive.parent.as_str()), (TRACE, CALLER), "{receive:?}");

    // A department takes the entry over NATS, with the trace beside it, and goes on in it.
    let client = world.hub.nats("jb-ecology").await.unwrap();
    let entry = pull(&client, "jb-ecology").await;
    let inspector = world.hub.inspector().await.unwrap();
    let beside = traced(&inspector, "CASES").await;
    assert!(beside.iter().all(|(_, header)| header.starts_with(&format!("00-{TRACE}-"))), "{beside:?}");
    let (_, header) = beside.iter().find(|(subject, _)| subject.starts_with("entry.jb-ecology.")).unwrap();
    let mut headers = async_nats::HeaderMap::new();
    headers.insert("traceparent", header.as_str());
    let body = json!({ "id": "c-1", "case": entry["case_id"] }).to_string();
    let request = client.request_with_headers("command.jb-ecology.sign_for", headers, body.into());
    let told: Value = serde_json::from_slice(&request.await.unwrap().payload).unwrap();
    assert_eq!(told["result"], "done", "{told}");
    let command = collector.step("the command", |s| s.name == "command").await;
    assert_eq!((command.trace.as_str(), command.says("huiliu.way")), (TRACE, "nats"), "{command:?}");
    assert!(header.contains(&command.parent), "{command:?}");

    // One whose sender does not record it leaves nothing anywhere.
    let stored = traced(&inspector, "INTAKE").await.len();
    push(&world, "mine-2", &[("traceparent", &format!("00-{}-{CALLER}-00", TRACE.replace('4', "5")))]).await;
    push(&world, "mine-3", &[("traceparent", "00-nonsense-01")]).await;
    collector.step("the third receipt", |s| s.name == "receive" && s.trace != TRACE && s.parent.is_empty()).await;
    assert_eq!(collector.steps().iter().filter(|s| s.name == "receive").count(), 2);
    assert_eq!(traced(&inspector, "INTAKE").await.len(), stored + 1);
    let sent = collector.headers();
    assert!(sent.iter().all(|headers| headers["authorization"] == "Bearer of-the-collector"), "{sent:?}");
    assert!(!String::from_utf8_lossy(&collector.bytes()).contains("secret-state"), "a tracestate was carried on");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_is_pulled_begins_a_trace() {
    let collector = Collector::start().await;
    let world = World::with(Way::Poll, |plan| plan.traces(collector.url())).await;
    let id = world.hotline.source.put(&noise("polled-1"));
    world.case_when(&id, |c| c["case"]["stage"] == "dispatched").await;
    let receive = collector.step("the page", |s| s.name == "receive").await;
    assert_eq!((receive.says("huiliu.way"), receive.says("huiliu.channel")), ("poll", HOTLINE), "{receive:?}");
    collector.step("an offer", |s| s.name == "offer" && s.trace == receive.trace).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_that_was_buried_begins_another_trace_when_it_is_taken_up_again() {
    let collector = Collector::start().await;
    let world = World::with(Way::Push, |plan| plan.traces(collector.url())).await;
    let mut broken = noise("broken-1");
    broken["orderId"] = Value::Null;
    let answer = world.hub.caller(HOTLINE).post("/v1/channels/hotline-12345/events", &broken).await.unwrap();
    assert_eq!(answer.status, 202, "{}", answer.body);
    let buried = |s: &Sent| s.name == "understand" && s.says("huiliu.records.misunderstood") == "1";
    let first = collector.step("what was not understood", buried).await;
    collector.step("its end", |s| s.name == "work" && s.trace == first.trace).await;
    let replayed = world.desk().post("/v1/dead/replay", &json!({ "channel": HOTLINE })).await.unwrap();
    assert_eq!(replayed.body["replayed"].as_array().map(Vec::len), Some(1), "{}", replayed.body);
    let receive = collector.step("the replay", |s| s.says("huiliu.way") == "replay").await;
    assert_ne!(receive.trace, first.trace);
    let work = collector.step("its work", |s| s.name == "work" && s.trace == receive.trace).await;
    assert_ne!(work.says("huiliu.intake.sequence"), receive.says("huiliu.intake.former"), "{receive:?}");
    assert_eq!(receive.says("huiliu.intake.former"), "1", "{receive:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_that_is_not_there_changes_nothing() {
    let mut world = World::with(Way::Push, |plan| plan.traces("http://127.0.0.1:9")).await;
    let id = world.hotline.source.put(&noise("dead-1"));
    let case = world.case_when(&id, |c| c["case"]["stage"] == "dispatched").await;
    let case = case["case"]["id"].as_str().unwrap();
    assert_eq!(world.take("jb-ecology").await.len(), 1);
    let ecology = world.hub.caller("jb-ecology");
    done(&ecology, case, "sign_for", json!({ "id": "d-s" })).await;
    done(&ecology, case, "resolve", json!({ "id": "d-r", "solved": "yes", "reply": "已处理。" })).await;
    world.case_when(&id, |c| c["answers"].as_array().unwrap().iter().all(|a| a["state"] == "told")).await;
    eventually("lost traces to be counted", PATIENCE, async || {
        let figures = world.hub.caller("nobody").get("/metrics").await.ok()?.body;
        figures.as_str()?.contains("huiliu_trace_spans_total{outcome=\"failed\"}").then_some(())
    })
    .await
    .unwrap();
    let began = Instant::now();
    world.hub.stop().await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(20), "the end was held up for {:?}", began.elapsed());
    let log = world.hub.log();
    assert_eq!(log.matches("the collector does not take traces").count(), 1, "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_setting_nothing_is_sent_and_nothing_is_stored_beside_a_message() {
    let collector = Collector::start().await;
    let world = World::with(Way::Push, |plan| plan.env("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url())).await;
    let begun = format!("00-{TRACE}-{CALLER}-01");
    push(&world, "off-1", &[("traceparent", &begun)]).await;
    let client = world.hub.nats(HOTLINE).await.unwrap();
    let receipt = ask(&client, "submit.hotline-12345", &noise("off-2")).await;
    assert_eq!(receipt["state"], "stored", "{receipt}");
    for id in ["off-1", "off-2"] {
        world.case_when(id, |c| c["case"]["stage"] == "dispatched").await;
    }
    let inspector = world.hub.inspector().await.unwrap();
    for stream in ["INTAKE", "CASES", "QUEUES"] {
        assert_eq!(traced(&inspector, stream).await, [], "{stream}");
    }
    assert!(collector.headers().is_empty());
}

async fn push(world: &World, id: &str, headers: &[(&str, &str)]) {
    let body = noise(id).to_string().into_bytes();
    let path = format!("/v1/channels/{HOTLINE}/events");
    let answer = world.hub.caller(HOTLINE).post_bytes(&path, "application/json", body, headers).await.unwrap();
    assert_eq!(answer.status, 202, "{}", answer.body);
    world.case_when(id, |c| c["case"]["stage"] == "dispatched").await;
}

/// The messages of a stream beside which a trace stands: subject and header.
async fn traced(inspector: &Inspector, stream: &str) -> Vec<(String, String)> {
    // The control. An entry comes into QUEUES a moment after it is in the log.
    let filled = async || inspector.state(stream).await.ok().filter(|(messages, _)| *messages > 0);
    let (_, last) = eventually("something in the stream", PATIENCE, filled).await.unwrap();
    let stream = inspector.jetstream.get_stream(stream).await.unwrap();
    let mut traced = Vec::new();
    for sequence in 1..=last {
        let Ok(message) = stream.get_raw_message(sequence).await else { continue };
        if let Some(header) = message.headers.get("traceparent") {
            traced.push((message.subject.to_string(), header.as_str().to_owned()));
        }
    }
    traced
}
