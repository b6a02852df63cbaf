//! The queue's delicate part by itself, and what a power cut or a restore leaves behind: the reconciler brings it right.

use std::collections::BTreeSet;

use huiliu_tests::harness::log::Log;
use huiliu_tests::hub::{
    ChannelPlan, GATEWAY, Inspector, OwnServer, PATIENCE, Plan, Raw, TestHub, copy_dir, eventually,
};
use serde_json::{Value, json};

use super::steps::{done, noise};
use super::world::{DEPARTMENTS, HOTLINE};

fn plan() -> Plan {
    Plan::built().unwrap().channel(ChannelPlan::new(HOTLINE)).departments(DEPARTMENTS)
}

/// Pushes orders and waits until all are cases; answers their ids.
pub async fn feed(hub: &TestHub, name: &str, count: usize) -> Vec<String> {
    let orders: Vec<Value> = (0..count)
        .map(|n| {
            let mut order = noise(&format!("{name}-{n}"));
            order["callTime"] = "2026-03-01 09:00:00".into();
            order["updateTime"] = "2026-03-01 09:01:00".into();
            order["orderState"] = "已派单".into();
            order
        })
        .collect();
    let sender = hub.caller(HOTLINE);
    let pushed = eventually("a receipt", PATIENCE, async || {
        let body = json!({ "orders": orders });
        sender.post("/v1/channels/hotline-12345/events", &body).await.ok().filter(|a| a.status == 202)
    });
    let receipt = pushed.await.unwrap().body["receipt"].as_str().unwrap().to_owned();
    let settled = eventually("the outcome", PATIENCE, async || {
        let told = sender.get(&format!("/v1/receipts/{receipt}?wait=10")).await.ok()?.body;
        (told["settled"] == true).then_some(told)
    });
    let records = settled.await.unwrap()["records"].as_array().unwrap().clone();
    records.iter().map(|r| r["case_id"].as_str().unwrap().to_owned()).collect()
}

/// The subjects a department's queue holds.
async fn queued(inspector: &Inspector) -> BTreeSet<String> {
    let subjects = inspector.subjects("QUEUES").await.unwrap_or_default();
    subjects.into_iter().map(|(subject, _)| subject).collect()
}

/// What the fold of the log says is live, as subjects of QUEUES.
async fn live(inspector: &Inspector) -> BTreeSet<String> {
    let read = eventually("the log", PATIENCE, async || inspector.read("CASES").await.ok());
    let log = Log::read(&read.await.unwrap());
    assert_eq!(log.unreadable, Vec::<String>::new());
    let cases = log.cases.values().filter_map(|h| h.case.as_ref());
    let entries = cases.flat_map(|c| c.live_entries().into_iter().map(|e| (e.department, c.id, e.n)));
    entries.map(|(d, c, n)| huiliu_schemas::subjects::queue(&d, c, n)).collect()
}

/// QUEUES comes to hold exactly the live entries.
pub async fn queues_come_right(hub: &TestHub, inspector: &Inspector) {
    let right = eventually("QUEUES to hold every live entry and no other", PATIENCE, async || {
        (queued(inspector).await == live(inspector).await).then_some(())
    });
    if let Err(error) = right.await {
        let (there, wanted) = (queued(inspector).await, live(inspector).await);
        let missing: Vec<_> = wanted.difference(&there).collect();
        let dead: Vec<_> = there.difference(&wanted).collect();
        panic!("{error}: missing {missing:?}, dead {dead:?}\n{}", super::world::tail(&hub.log()));
    }
}

/// Takes and acknowledges everything, signs for every second one.
async fn work(hub: &TestHub, department: &str, wanted: usize) {
    let caller = hub.caller(department);
    let mut taken = Vec::new();
    eventually("all entries", PATIENCE, async || {
        let answer = caller.get("/v1/queue?wait=2&max=100").await.ok()?;
        taken.extend(answer.body["entries"].as_array().cloned().unwrap_or_default());
        (taken.len() >= wanted).then_some(())
    })
    .await
    .unwrap();
    for (place, handed) in taken.iter().enumerate() {
        let acked = caller.post("/v1/queue/ack", &json!({ "ack": handed["ack"] })).await.unwrap();
        assert_eq!(acked.status, 204, "{}", acked.body);
        if place % 2 == 0 {
            let case = handed["entry"]["case_id"].as_str().unwrap();
            let body = json!({ "id": format!("s{}", handed["entry"]["n"]), "n": handed["entry"]["n"] });
            done(&caller, case, "sign_for", body).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn queues_that_were_deleted_come_back_with_the_live_entries_only() {
    let mut hub = TestHub::start(plan()).await.unwrap();
    feed(&hub, "del", 20).await;
    work(&hub, "jb-ecology", 20).await;
    let inspector = hub.inspector().await.unwrap();
    inspector.jetstream.delete_stream("QUEUES").await.unwrap();
    hub.kill().await.unwrap();
    hub.restart().await.unwrap();
    let inspector = hub.inspector().await.unwrap();
    queues_come_right(&hub, &inspector).await;
    feed(&hub, "after", 5).await;
    queues_come_right(&hub, &inspector).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_restored_from_an_older_copy_gets_its_queues_back() {
    let mut hub = TestHub::start(plan()).await.unwrap();
    feed(&hub, "old", 10).await;
    work(&hub, "jb-ecology", 10).await;
    hub.stop().await.unwrap();
    let (cases, copy) = (hub.stream_dir("CASES"), hub.dir.join("copy"));
    copy_dir(&cases, &copy).unwrap();
    hub.restart().await.unwrap();
    feed(&hub, "lost", 10).await;
    work(&hub, "jb-police", 20).await;
    // The high mark is noted by the reconciler, at the latest at a start.
    hub.stop().await.unwrap();
    hub.restart().await.unwrap();
    hub.stop().await.unwrap();
    copy_dir(&copy, &cases).unwrap();
    hub.restart().await.unwrap();
    let inspector = hub.inspector().await.unwrap();
    queues_come_right(&hub, &inspector).await;
    feed(&hub, "new", 5).await;
    queues_come_right(&hub, &inspector).await;
}

/// A disk that is not mounted, a restore half done: were it to begin, it would take every case for a new one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hub_that_knows_of_cases_does_not_begin_on_an_empty_store() {
    let mut hub = TestHub::start(plan()).await.unwrap();
    let cases = feed(&hub, "kept", 2).await;
    all_read(&hub, &cases).await;
    hub.stop().await.unwrap();
    let (store, away) = (hub.data().join("nats"), hub.data().join("nats.away"));
    std::fs::rename(&store, &away).unwrap();
    for _again in 0..2 {
        let said = format!("{:#}", hub.restart().await.expect_err("it started"));
        assert!(said.contains("the store is empty") && said.contains("readmodel.sqlite"), "{said}");
    }
    std::fs::remove_dir_all(&store).unwrap();
    std::fs::rename(&away, &store).unwrap();
    hub.restart().await.unwrap();
    assert_eq!(feed(&hub, "kept", 2).await, cases);
    hub.stop().await.unwrap();
    std::fs::remove_dir_all(&store).unwrap();
    std::fs::remove_file(hub.data().join("readmodel.sqlite")).unwrap();
    hub.restart().await.expect("whoever wants to begin anew moves the read model away");
}

/// Departments get nothing and nobody would hear of it: the figures must say so, and go on saying the rest.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn queues_that_are_gone_are_told_and_hide_no_other_figure() {
    let hub = TestHub::start(plan()).await.unwrap();
    feed(&hub, "fig", 1).await;
    figure(&hub, "huiliu_queues_sourcing 1").await;
    hub.inspector().await.unwrap().jetstream.delete_stream("QUEUES").await.unwrap();
    let sender = hub.caller(HOTLINE);
    let odd = json!({ "orders": ["no order"] });
    assert_eq!(sender.post("/v1/channels/hotline-12345/events", &odd).await.unwrap().status, 202);
    figure(&hub, "huiliu_queues_sourcing 0").await;
    figure(&hub, "huiliu_dead_letters_waiting 1").await;
}

/// Nobody was told of it before the hub that took it was gone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_grave_case_is_counted_once_whatever_becomes_of_the_hub_that_took_it() {
    let mut hub = TestHub::start(plan()).await.unwrap();
    let cases = feed(&hub, "calm", 1).await;
    all_read(&hub, &cases).await;
    figure(&hub, "huiliu_cases_warned{colour=\"red\"} 0").await;
    let page = rusqlite::Connection::open(hub.data().join("readmodel.sqlite")).unwrap();
    page.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut order = noise("grave-1");
    order["majorContent"] = "来电人称再不解决就要跳楼自杀。".into();
    let receipt = hub.caller(HOTLINE).post("/v1/channels/hotline-12345/events", &order).await.unwrap();
    assert_eq!(receipt.status, 202, "{}", receipt.body);
    let inspector = hub.inspector().await.unwrap();
    let warned = eventually("the case in the log", PATIENCE, async || {
        let log = Log::read(&inspector.read("CASES").await.ok()?);
        let events = log.cases.values().flat_map(|history| &history.events);
        let count = events.filter(|event| event.body.name() == "warned").count();
        (count == 1).then_some(())
    });
    warned.await.unwrap();
    hub.kill().await.unwrap();
    drop(page);
    for _again in 0..2 {
        hub.restart().await.unwrap();
        assert_eq!(first_figure(&hub, "huiliu_cases_warned{colour=\"red\"}").await, "1", "no total of before");
        hub.stop().await.unwrap();
    }
    assert_eq!(hub.log().matches("a case was warned of").count(), 1, "and told once");
}

/// The figures come to have this line.
pub async fn figure(hub: &TestHub, line: &str) {
    let said = eventually(line, PATIENCE, async || {
        let figures = hub.caller("nobody").get("/metrics").await.ok()?.body;
        figures.as_str()?.lines().any(|said| said == line).then_some(())
    });
    said.await.unwrap();
}

/// What a figure is once it is there at all.
async fn first_figure(hub: &TestHub, name: &str) -> String {
    let said = eventually(name, PATIENCE, async || {
        let figures = hub.caller("nobody").get("/metrics").await.ok()?.body;
        let told = |line: &str| Some(line.strip_prefix(name)?.trim().to_owned());
        figures.as_str()?.lines().find_map(told)
    });
    said.await.unwrap()
}

/// Of two gateways one was away while the log went back to an older copy, and the other wrote it on beyond where the first had
/// read it: the numbers of messages tell nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_model_of_another_log_is_built_anew_however_long_that_log_is() {
    let mut hub = TestHub::start(plan()).await.unwrap();
    feed(&hub, "old", 5).await;
    hub.stop().await.unwrap();
    let (cases, copy) = (hub.stream_dir("CASES"), hub.dir.join("copy"));
    copy_dir(&cases, &copy).unwrap();
    hub.restart().await.unwrap();
    let lost = feed(&hub, "lost", 5).await;
    hub.stop().await.unwrap();
    let dir = hub.dir.clone();
    let carry = |from: &str, to: &str| {
        for suffix in ["", "-wal", "-shm"] {
            let name = |place: &str| dir.join(format!("{place}{suffix}"));
            let _not_there = std::fs::rename(name(from), name(to));
        }
    };
    carry("data/readmodel.sqlite", "away.sqlite");
    copy_dir(&copy, &cases).unwrap();
    hub.restart().await.unwrap();
    let new = feed(&hub, "new", 10).await;
    hub.stop().await.unwrap();
    carry("data/readmodel.sqlite", "second.sqlite");
    carry("away.sqlite", "data/readmodel.sqlite");
    hub.restart().await.unwrap();

    all_read(&hub, &new).await;
    let desk = hub.caller("desk");
    for case in &lost {
        assert_eq!(desk.get(&format!("/v1/cases/{case}")).await.unwrap().status, 404);
    }
    assert!(hub.log().contains("the read model is of another log"));
    queues_come_right(&hub, &hub.inspector().await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_is_exchanged_under_a_running_hub_is_noticed() {
    let store = std::env::temp_dir().join(format!("huiliu-own-{}", uuid::Uuid::new_v4().simple()));
    let own = OwnServer::start(&store, &store.join("store")).await.unwrap();
    let hub = TestHub::start(plan().external(&own.url, GATEWAY.0, GATEWAY.1)).await.unwrap();
    let cases = feed(&hub, "moved", 3).await;
    all_read(&hub, &cases).await;
    let inspector = own.inspector().await.unwrap();
    let mut messages = inspector.read("CASES").await.unwrap();
    messages.rotate_right(1);
    rewrite_cases(&inspector, &messages).await;
    let noticed = eventually("the read model to be built anew", PATIENCE, async || {
        hub.log().contains("the read model is of another log").then_some(())
    });
    noticed.await.unwrap();
    all_read(&hub, &cases).await;
    drop((hub, own));
    std::fs::remove_dir_all(store).unwrap();
}

/// The page comes to tell of these cases.
async fn all_read(hub: &TestHub, cases: &[String]) {
    let desk = hub.caller("desk");
    let read = eventually("every case on the page", PATIENCE, async || {
        let answer = desk.get("/v1/cases?limit=100").await.ok().filter(|a| a.status == 200)?;
        cases.iter().all(|case| answer.body.to_string().contains(case.as_str())).then_some(())
    });
    read.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_registration_half_kept_by_a_power_cut_is_completed() {
    let mut hub = TestHub::start(plan()).await.unwrap();
    let cases = feed(&hub, "half", 3).await;
    hub.stop().await.unwrap();
    let (entryless, bare, numberless) = (&cases[0], &cases[1], &cases[2]);
    let own = OwnServer::start(&hub.dir.join("own"), &hub.store()).await.unwrap();
    let inspector = own.inspector().await.unwrap();
    let kept = inspector.read("CASES").await.unwrap();
    let lost = |m: &Raw| {
        let entry = m.subject.starts_with("entry.");
        let lost = m.subject.contains(&format!("jb-police.{entryless}.")) || m.subject.contains(bare.as_str());
        (entry && lost) || is_number_of(m, numberless)
    };
    let before = kept.len();
    let kept: Vec<Raw> = kept.into_iter().filter(|m| !lost(m)).collect();
    assert_eq!(before - kept.len(), 6, "an entry of one case, the three of another, the two numbers of a third");
    rewrite_cases(&inspector, &kept).await;
    own.stop().await.unwrap();
    // The log is another one now: sequences mean other messages, which no power cut brings about.
    std::fs::remove_file(hub.dir.join("data/readmodel.sqlite")).unwrap();

    hub.restart().await.unwrap();
    let inspector = hub.inspector().await.unwrap();
    queues_come_right(&hub, &inspector).await;
    let log = Log::read(&inspector.read("CASES").await.unwrap());
    for history in log.cases.values() {
        assert!(history.chain_holds);
        assert_eq!(history.case.as_ref().unwrap().stage.as_str(), "dispatched");
    }
    assert_eq!(log.entries.len(), 9, "{:?}", log.entries);
    assert!(log.entries.values().all(|count| *count == 1), "{:?}", log.entries);

    // The numbers are completed when the record comes again, as what was not acknowledged does.
    assert_eq!(feed(&hub, "half", 3).await, cases);
    let numbers = inspector.read("CASES").await.unwrap().into_iter().filter(|m| is_number_of(m, numberless)).count();
    assert_eq!(numbers, 2, "its own and the case's");
}

fn is_number_of(message: &Raw, case: &str) -> bool {
    message.subject.starts_with("alias.") && String::from_utf8_lossy(&message.payload).contains(case)
}

/// A fresh CASES with these messages only; QUEUES, which could not know, is gone as well.
async fn rewrite_cases(inspector: &Inspector, messages: &[Raw]) {
    let js = &inspector.jetstream;
    let config = js.get_stream("CASES").await.unwrap().cached_info().config.clone();
    js.delete_stream("QUEUES").await.unwrap();
    js.delete_stream("CASES").await.unwrap();
    js.create_stream(config).await.unwrap();
    for message in messages {
        js.publish(message.subject.clone(), message.payload.clone()).await.unwrap().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_case_that_does_not_read_withholds_no_other() {
    let hub = TestHub::start(plan()).await.unwrap();
    let inspector = hub.inspector().await.unwrap();
    let cases = feed(&hub, "odd", 3).await;
    let [broken, foreign, whole] = [&cases[0], &cases[1], &cases[2]];
    queues_come_right(&hub, &inspector).await;
    let entries = queued(&inspector).await;
    let of = |case: &str| entries.iter().find(|subject| subject.contains(case)).unwrap().clone();
    let append = async |subject: String, payload: &'static str| {
        inspector.jetstream.publish(subject, payload.into()).await.unwrap().await.unwrap();
    };
    append(huiliu_schemas::subjects::case(broken.parse().unwrap()), "no events").await;
    // An entry as a hub of another version might have written it: it stands beside the one this hub wrote.
    append(of(foreign).replacen("queue.", "entry.", 1), "{}").await;

    let department = of(whole).split('.').nth(1).unwrap().to_owned();
    let caller = hub.caller(&department);
    let mut taken: Vec<Value> = Vec::new();
    let all = eventually("the entries", PATIENCE, async || {
        let answer = caller.get("/v1/queue?max=50").await.ok()?;
        assert_eq!(answer.status, 200, "{}", answer.body);
        taken.extend(answer.body["entries"].as_array().unwrap().iter().cloned());
        let count = |case: &str| taken.iter().filter(|e| e["entry"]["case_id"] == case).count();
        assert_eq!(count(broken), 0);
        (count(foreign) == 2 && count(whole) == 1).then_some(())
    });
    all.await.unwrap();
    assert!(taken.iter().all(|e| e["entry"]["kind"] == "dispatch" && !e["content"].is_null()), "{taken:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn entries_that_die_while_they_are_being_queued_are_purged() {
    let hub = TestHub::start(plan()).await.unwrap();
    let inspector = hub.inspector().await.unwrap();
    let desk = hub.caller("desk");
    for round in 0..5 {
        let cases = feed(&hub, &format!("die-{round}"), 20).await;
        let withdrawals = cases.iter().map(|case| {
            let desk = desk.clone();
            let case = case.clone();
            async move { desk.command(&case, "withdraw", &json!({ "id": "w" })).await.status }
        });
        let statuses = futures_util::future::join_all(withdrawals).await;
        assert!(statuses.iter().all(|s| *s == 200), "{statuses:?}");
    }
    queues_come_right(&hub, &inspector).await;
    assert_eq!(queued(&inspector).await, BTreeSet::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hubs_on_one_server_do_everything_once() {
    let store = std::env::temp_dir().join(format!("huiliu-own-{}", uuid::Uuid::new_v4().simple()));
    let own = OwnServer::start(&store, &store.join("store")).await.unwrap();
    let first = TestHub::start(plan().external(&own.url, GATEWAY.0, GATEWAY.1)).await.unwrap();
    let shared = plan().external(&own.url, GATEWAY.0, GATEWAY.1).sharing(&first);
    let second = TestHub::start(shared).await.unwrap();
    // The same orders through both doors at once.
    let (a, b) = tokio::join!(feed(&first, "both", 50), feed(&second, "both", 50));
    assert_eq!(a, b);
    let sign = |hub: &TestHub, case: &str| {
        let (caller, case) = (hub.caller("jb-ecology"), case.to_owned());
        async move { caller.command(&case, "sign_for", &json!({ "id": "same" })).await }
    };
    for case in &a {
        let (one, other) = tokio::join!(sign(&first, case), sign(&second, case));
        let mut results = [
            one.body["result"].as_str().unwrap_or("?").to_owned(),
            other.body["result"].as_str().unwrap_or("?").to_owned(),
        ];
        results.sort();
        assert_eq!(results, ["done", "known"], "{} {}", one.body, other.body);
    }
    let inspector = own.inspector().await.unwrap();
    let log = Log::read(&inspector.read("CASES").await.unwrap());
    assert_eq!(log.cases.len(), 50);
    assert!(
        log.cases.values().all(|h| h.chain_holds && h.events.len() == 3),
        "a case has other events than registered, dispatched, signed for"
    );
    assert!(log.entries.len() == 150 && log.entries.values().all(|count| *count == 1));
    queues_come_right(&first, &inspector).await;
    drop((first, second, own));
    std::fs::remove_dir_all(store).unwrap();
}
