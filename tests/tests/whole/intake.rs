//! What comes again and again: an envelope, and records that are asked for once more.

use std::time::Duration;

use async_nats::HeaderMap;
use async_nats::jetstream::consumer::{PullConsumer, pull};
use async_nats::jetstream::{AckKind, stream};
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::future::join_all;
use huiliu_tests::hub::{ChannelPlan, GATEWAY, Inspector, OwnServer, PATIENCE, Plan, TestHub, eventually};
use serde_json::{Value, json};

use super::repair::feed;
use super::steps::{noise, noise_petition};
use super::world::{DEPARTMENTS, HOTLINE, PETITION, Way, World};

/// More than any count of deliveries that could be taken for evidence.
const DELIVERIES: usize = 70;

/// Gives the first envelope back so often as gateways do through a time without room.
async fn give_back(inspector: &Inspector, times: usize) {
    let intake = inspector.jetstream.get_stream("INTAKE").await.unwrap();
    let former: PullConsumer = intake.get_consumer("pipeline").await.unwrap();
    let config = former.cached_info().config.clone();
    intake.delete_consumer("pipeline").await.unwrap();
    let config = pull::Config {
        durable_name: config.durable_name,
        ack_policy: config.ack_policy,
        ack_wait: config.ack_wait,
        max_ack_pending: config.max_ack_pending,
        ..pull::Config::default()
    };
    let consumer = intake.create_consumer(config).await.unwrap();
    for _ in 0..times {
        let mut messages = consumer.batch().max_messages(1).expires(PATIENCE).messages().await.unwrap();
        let message = messages.next().await.expect("the envelope").unwrap();
        message.ack_with(AckKind::Nak(None)).await.unwrap();
        inspector.client.flush().await.unwrap();
    }
}

async fn all_settled(inspector: &Inspector) {
    let settled = eventually("the envelope to be settled", PATIENCE, async || {
        inspector.backlog().await.ok().filter(|backlog| *backlog == 0)
    });
    settled.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_given_back_ever_so_often_is_not_given_up() {
    let store = std::env::temp_dir().join(format!("huiliu-own-{}", uuid::Uuid::new_v4().simple()));
    let own = OwnServer::start(&store, &store.join("store")).await.unwrap();
    let plan = Plan::built().unwrap().channel(ChannelPlan::new(HOTLINE)).departments(DEPARTMENTS);
    let mut hub = TestHub::start(plan.external(&own.url, GATEWAY.0, GATEWAY.1)).await.unwrap();
    feed(&hub, "again", 1).await;
    hub.stop().await.unwrap();
    let inspector = own.inspector().await.unwrap();

    give_back(&inspector, DELIVERIES).await;
    hub.restart().await.unwrap();
    all_settled(&inspector).await;
    assert_eq!(inspector.state("DEAD").await.unwrap().0, 0, "it had done nothing");

    drop((hub, own));
    std::fs::remove_dir_all(store).unwrap();
}

/// What a gateway that is gone had in hand comes again at once, not after ten seconds, unless the next one is there by then.
async fn come_again_soon(inspector: &Inspector) {
    let intake = inspector.jetstream.get_stream("INTAKE").await.unwrap();
    let consumer: PullConsumer = intake.get_consumer("pipeline").await.unwrap();
    let config = consumer.cached_info().config.clone();
    let soon = pull::Config {
        durable_name: config.durable_name,
        ack_policy: config.ack_policy,
        ack_wait: Duration::from_millis(100),
        max_ack_pending: config.max_ack_pending,
        ..pull::Config::default()
    };
    intake.update_consumer(soon).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_envelope_that_kills_the_gateway_is_given_up_and_its_neighbours_are_not() {
    const DEADLY: &str = "致命";
    /// Among all, among few, and three times alone.
    const DEATHS: usize = 5;
    let store = std::env::temp_dir().join(format!("huiliu-own-{}", uuid::Uuid::new_v4().simple()));
    let own = OwnServer::start(&store, &store.join("store")).await.unwrap();
    let plan = Plan::built().unwrap().channel(ChannelPlan::new(HOTLINE)).departments(DEPARTMENTS);
    let plan = plan.external(&own.url, GATEWAY.0, GATEWAY.1).env("HUILIU_DIES_OF", DEADLY);
    let mut hub = TestHub::start(plan).await.unwrap();
    let inspector = own.inspector().await.unwrap();
    let sender = hub.caller(HOTLINE);
    let push = async |order: &Value| {
        let pushed = sender.post("/v1/channels/hotline-12345/events", order).await;
        pushed.is_ok_and(|answer| answer.status == 202)
    };
    let together: Vec<Value> = (0..40)
        .map(|n| match (n, noise(&format!("beside-{n}"))) {
            (20, mut order) => {
                order["majorContent"] = DEADLY.into();
                order
            }
            (_, order) => order,
        })
        .collect();
    let mut taken: Vec<Value> = join_all(together.iter().map(async |order| push(order).await.then_some(order)))
        .await
        .into_iter()
        .flatten()
        .filter(|order| order["majorContent"] != DEADLY)
        .cloned()
        .collect();

    let mut deaths = 0;
    let letters = eventually("the letter", 3 * PATIENCE, async || {
        if hub.has_ended() {
            deaths += 1;
            come_again_soon(&inspector).await;
            hub.spawn().unwrap();
        }
        let later = noise(&format!("later-{deaths}"));
        if !taken.contains(&later) && push(&later).await {
            taken.push(later);
        }
        Some(inspector.read("DEAD").await.unwrap()).filter(|letters| !letters.is_empty())
    });
    let letters: Vec<Value> =
        letters.await.unwrap().iter().map(|raw| serde_json::from_slice(&raw.payload).unwrap()).collect();
    assert_eq!(deaths, DEATHS, "{letters:?}");
    hub.ready().await.unwrap();
    all_settled(&inspector).await;
    assert_eq!((letters.len(), &letters[0]["stage"]), (1, &json!("poison")), "{letters:?}");
    assert_eq!(inspector.state("DEAD").await.unwrap().0, 1, "a neighbour was given up");
    assert!(taken.len() > deaths, "too few neighbours to tell: {}", taken.len());
    let desk = hub.caller("desk");
    for order in &taken {
        let path = format!("/v1/cases/{HOTLINE}:{}", order["orderId"].as_str().unwrap());
        let known = async || desk.get(&path).await.ok().filter(|answer| answer.status == 200);
        eventually(&path, PATIENCE, known).await.unwrap();
    }
    let suspects = std::fs::read(hub.data().join("suspects.json")).unwrap();
    let suspects: std::collections::BTreeMap<String, usize> = serde_json::from_slice(&suspects).unwrap();
    assert!(suspects.values().all(|deaths| *deaths < 2), "what is left of the suspicion: {suspects:?}");
    drop((hub, own));
    std::fs::remove_dir_all(store).unwrap();
}

/// Stores the first envelope and these letters of it once more as carrying on does, and is cut off before the former letters are
/// removed; one of the new ones is dealt with at once.
async fn carry_half_way(inspector: &Inspector, letters: [u64; 2], dealt_with: u64) {
    let intake = inspector.jetstream.get_stream("INTAKE").await.unwrap();
    let dead = inspector.jetstream.get_stream("DEAD").await.unwrap();
    let envelope = intake.get_raw_message(1).await.unwrap();
    let mut headers = envelope.headers.clone();
    headers.insert("Huiliu-Carried", "1");
    let store = async |subject: String, headers: HeaderMap, payload: Bytes| {
        inspector.jetstream.publish_with_headers(subject, headers, payload).await.unwrap().await.unwrap().sequence
    };
    let copy = store(envelope.subject.to_string(), headers, envelope.payload).await;
    for place in letters {
        let former = dead.get_raw_message(place).await.unwrap();
        let mut letter: Value = serde_json::from_slice(&former.payload).unwrap();
        letter["intake_sequence"] = copy.into();
        let mut headers = HeaderMap::new();
        headers.insert("Nats-Msg-Id", format!("carried/{place}"));
        let new = store(former.subject.to_string(), headers, letter.to_string().into()).await;
        if place == dealt_with {
            dead.delete_message(new).await.unwrap();
        }
    }
}

/// A record in quarantine outlives the time of its envelope, and what came beside it is decided once. Where carrying it on was
/// cut off it has one letter all the same, and none if that was dealt with; it grows old like any other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::disallowed_methods, reason = "INTAKE is sourced from nothing")]
async fn what_nobody_dealt_with_does_not_age_out() {
    const AGE: Duration = Duration::from_secs(15);
    let store = std::env::temp_dir().join(format!("huiliu-own-{}", uuid::Uuid::new_v4().simple()));
    let own = OwnServer::start(&store, &store.join("store")).await.unwrap();
    let plan = Plan::built().unwrap().channel(ChannelPlan::new(HOTLINE)).departments(DEPARTMENTS);
    let mut hub = TestHub::start(plan.external(&own.url, GATEWAY.0, GATEWAY.1)).await.unwrap();
    hub.stop().await.unwrap();
    let inspector = own.inspector().await.unwrap();
    let intake = inspector.jetstream.get_stream("INTAKE").await.unwrap().cached_info().config.clone();
    let short = stream::Config { max_age: AGE, duplicate_window: AGE, ..intake };
    inspector.jetstream.update_stream(short).await.unwrap();
    hub.restart().await.unwrap();

    let mut nameless = noise("x");
    nameless["orderId"] = Value::Null;
    let body = json!({ "orders": [noise("beside"), nameless, nameless] });
    let pushed = hub.caller(HOTLINE).post("/v1/channels/hotline-12345/events", &body).await.unwrap();
    assert_eq!(pushed.status, 202, "{}", pushed.body);
    let desk = hub.caller("desk");
    let case = async || {
        let found = desk.get(&format!("/v1/cases/{HOTLINE}:beside")).await.unwrap();
        (found.status == 200).then(|| found.body["history"].clone())
    };
    let history = eventually("the case", PATIENCE, case).await.unwrap();
    let letters = async |wanted: u64| {
        let dead = async || (inspector.state("DEAD").await.unwrap().0 == wanted).then_some(());
        eventually(&format!("{wanted} letters"), PATIENCE, dead).await.unwrap();
    };
    letters(2).await;
    carry_half_way(&inspector, [1, 2], 1).await;
    letters(2).await;
    assert_eq!(inspector.state("INTAKE").await.unwrap().1, 2, "what was carried on is not carried on again");
    let gone = async || {
        let intake = inspector.jetstream.get_stream("INTAKE").await.unwrap();
        (intake.cached_info().state.first_sequence > 1).then_some(())
    };
    eventually("the envelope to age out", PATIENCE, gone).await.unwrap();

    // The letter may be moving on just now.
    let shown = eventually("the record", PATIENCE, async || {
        let listed = desk.get("/v1/dead").await.unwrap().body;
        let letter = listed["letters"][0]["sequence"].as_u64()?;
        let shown = desk.get(&format!("/v1/dead/{letter}")).await.unwrap().body;
        shown["record"].is_object().then_some(shown)
    });
    let shown = shown.await.unwrap();
    assert_eq!(shown["record"]["title"], noise("x")["title"], "{shown}");
    assert_eq!(shown["letter"]["stage"], "map", "{shown}");
    letters(1).await;
    assert_eq!(hub.log().matches("gave up a record").count(), 2, "and each told once");
    let old = eventually("the letter to be older than its envelope can be", PATIENCE, async || {
        let figures = desk.get("/metrics").await.ok()?.body.as_str()?.to_owned();
        let age = figures.lines().find_map(|line| line.strip_prefix("huiliu_dead_letters_oldest_seconds "))?;
        (age.parse::<f64>().ok()? > AGE.as_secs_f64() + 1.0).then_some(())
    });
    old.await.unwrap();
    let again = eventually("it to be taken up again", PATIENCE, async || {
        let again = desk.post("/v1/dead/replay", &json!({ "stage": "map" })).await.unwrap();
        again.body["replayed"][0]["receipt"].as_str().map(str::to_owned)
    });
    again.await.unwrap();
    all_settled(&inspector).await;
    assert_eq!(case().await.unwrap(), history, "what was beside it is decided once");

    let leases = inspector.jetstream.get_key_value("leases").await.unwrap();
    let taken = eventually("another gateway to be at the letters", PATIENCE, async || {
        leases.create("quarantine", "another".into()).await.ok()
    });
    taken.await.unwrap();
    let renewed = tokio::spawn(async move {
        loop {
            leases.put("quarantine", "another".into()).await.unwrap();
            tokio::time::sleep(Duration::from_secs(2)).await;
        }
    });
    let last = inspector.state("DEAD").await.unwrap();
    let (replay, drop_it) = (json!({ "stage": "map" }), json!({ "because": "重复" }));
    let of_last = format!("/v1/dead/{}/drop", last.1);
    let refused = tokio::join!(desk.post("/v1/dead/replay", &replay), desk.post(&of_last, &drop_it));
    for answer in [refused.0.unwrap(), refused.1.unwrap()] {
        assert_eq!(answer.status, 503, "{}", answer.body);
    }
    renewed.abort();
    assert_eq!(inspector.state("DEAD").await.unwrap(), last, "nothing was done");
    drop((hub, own));
    std::fs::remove_dir_all(store).unwrap();
}

/// A channel that is switched off with a backlog must not keep the others back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_channel_left_that_is_off_waits_as_dead_letters_until_it_is_on() {
    let store = std::env::temp_dir().join(format!("huiliu-own-{}", uuid::Uuid::new_v4().simple()));
    let own = OwnServer::start(&store, &store.join("store")).await.unwrap();
    let plan = Plan::built().unwrap().channel(ChannelPlan::new(HOTLINE)).departments(DEPARTMENTS);
    let mut hub = TestHub::start(plan.external(&own.url, GATEWAY.0, GATEWAY.1)).await.unwrap();
    feed(&hub, "off", 1).await;
    hub.stop().await.unwrap();
    let inspector = own.inspector().await.unwrap();
    give_back(&inspector, DELIVERIES).await;

    let file = hub.dir.join("huiliu.toml");
    let on = std::fs::read_to_string(&file).unwrap();
    let head = format!("[channels.{HOTLINE}]\n");
    std::fs::write(&file, on.replace(&head, &format!("{head}enabled = false\n"))).unwrap();
    hub.restart().await.unwrap();
    all_settled(&inspector).await;
    let letters = inspector.read("DEAD").await.unwrap();
    let letter: Value = serde_json::from_slice(&letters.first().expect("a letter").payload).unwrap();
    assert_eq!((&letter["stage"], &letter["index"]), (&json!("channel"), &Value::Null), "{letter}");

    hub.stop().await.unwrap();
    std::fs::write(&file, on).unwrap();
    hub.restart().await.unwrap();
    let again = hub.caller("desk").post("/v1/dead/replay", &json!({ "stage": "channel" })).await.unwrap().body;
    let receipt = again["replayed"][0]["receipt"].as_str().unwrap_or_else(|| panic!("{again}"));
    let told = hub.caller(HOTLINE).get(&format!("/v1/receipts/{receipt}?wait=10")).await.unwrap().body;
    assert!(told["records"][0]["case_id"].is_string(), "{told}");
    drop((hub, own));
    std::fs::remove_dir_all(store).unwrap();
}

/// One looks first, and takes up what one saw.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_list_of_dead_letters_is_chosen_as_a_replay_is() {
    let world = World::new(Way::Push).await;
    for (channel, record) in [HOTLINE, PETITION, PETITION, HOTLINE, PETITION].into_iter().zip(0..) {
        let mut nameless = if channel == HOTLINE { noise("x") } else { noise_petition("x") };
        let number = if channel == HOTLINE { &mut nameless["orderId"] } else { &mut nameless["xfj"]["xfjbh"] };
        *number = Value::Null;
        let sent = world.hub.caller(channel).post(&format!("/v1/channels/{channel}/events"), &nameless).await.unwrap();
        assert_eq!(sent.body["records"][0]["outcome"], "quarantined", "{}", sent.body);
        let inspector = world.hub.inspector().await.unwrap();
        let buried = async || inspector.state("DEAD").await.ok().filter(|(letters, _)| *letters == record + 1);
        eventually("a dead letter", PATIENCE, buried).await.unwrap();
    }
    let desk = world.desk();
    let listed = async |chosen: &str| {
        let page = desk.get(&format!("/v1/dead?{chosen}")).await.unwrap().body;
        let letters = page["letters"].as_array().unwrap_or_else(|| panic!("{page}"));
        let sequences: Vec<u64> = letters.iter().filter_map(|letter| letter["sequence"].as_u64()).collect();
        (sequences, page["next"].as_str().map(str::to_owned))
    };
    for (chosen, expected) in [
        ("", vec![5, 4, 3, 2, 1]),
        ("channel=hotline-12345", vec![4, 1]),
        ("channel=petition-portal&to=4", vec![3, 2]),
        ("letters=1,3,9&from=2", vec![3]),
        ("stage=map&limit=50", vec![5, 4, 3, 2, 1]),
        ("stage=decode", vec![]),
        ("reason=no+such+reason", vec![]),
    ] {
        assert_eq!(listed(chosen).await, (expected, None), "{chosen}");
    }
    let (first, next) = listed("channel=hotline-12345&limit=1").await;
    assert_eq!((first, next.as_deref()), (vec![4], Some("4")), "one a page, past those of others");
    assert_eq!(listed("channel=hotline-12345&limit=1&cursor=4").await, (vec![1], None));
    for wrong in ["letters=1,x", "from=x", "channel=NO", "limit=0"] {
        assert_eq!(desk.get(&format!("/v1/dead?{wrong}")).await.unwrap().status, 422, "{wrong}");
    }

    let metrics = world.hub.caller("nobody").get("/metrics").await.unwrap().body;
    let counted = "huiliu_receipt_records_total{channel=\"petition-portal\",outcome=\"quarantined\"} 3";
    assert!(metrics.as_str().unwrap().lines().any(|line| line == counted), "{metrics}");

    let again = desk.post("/v1/dead/replay", &json!({ "channel": HOTLINE })).await.unwrap();
    let taken: Vec<u64> =
        again.body["replayed"].as_array().unwrap().iter().filter_map(|a| a["sequence"].as_u64()).collect();
    assert_eq!(taken, [1, 4]);
    for answer in [again, desk.post("/v1/search", &json!({ "q": "路灯" })).await.unwrap()] {
        assert!(answer.header("ratelimit").is_some_and(|left| left.starts_with("\"key\";r=")), "{:?}", answer.headers);
    }
}

/// The server may have removed the letter and not be heard: asked again there is none, and what is not written down by then
/// never is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::disallowed_methods, reason = "DEAD is sourced from nothing")]
async fn who_drops_a_dead_letter_and_why_is_written_down_before_it_is_gone() {
    let world = World::new(Way::Push).await;
    let mut nameless = noise("x");
    nameless["orderId"] = Value::Null;
    world.hub.caller(HOTLINE).post("/v1/channels/hotline-12345/events", &nameless).await.unwrap();
    let inspector = world.hub.inspector().await.unwrap();
    let buried = async || inspector.state("DEAD").await.ok().filter(|(letters, _)| *letters == 1);
    eventually("a dead letter", PATIENCE, buried).await.unwrap();
    let mut held = inspector.jetstream.get_stream("DEAD").await.unwrap().cached_info().config.clone();
    held.deny_delete = true;
    inspector.jetstream.update_stream(held).await.unwrap();

    let desk = world.desk();
    let drop = async |letter: u64| {
        desk.post(&format!("/v1/dead/{letter}/drop"), &json!({ "because": "dealt with by telephone" })).await.unwrap()
    };
    assert_eq!(drop(1).await.status, 503);
    assert_eq!(drop(2).await.status, 404);
    assert_eq!(desk.post("/v1/dead/replay", &json!({ "letters": [1] })).await.unwrap().status, 503);
    let log = world.hub.log();
    let told = |what: &str| log.lines().filter(|line| line.contains("audit") && line.contains(what)).count();
    assert_eq!(told("dead letter 1 is dropped by desk"), 1, "{log}");
    assert_eq!(told("dealt with by telephone"), 1, "{log}");
    assert_eq!(told("dead letter 2"), 0, "{log}");
    assert_eq!(told("dead letters are taken up again by desk"), 1, "{log}");
}

/// The overlap of the petition portal's rounds has more records than a page: each round asks for all of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_every_round_brings_again_is_stored_once() {
    let world = World::new(Way::Poll).await;
    let ids: Vec<String> = (0..150).map(|n| format!("33020500202611221{n:03}")).collect();
    for id in &ids {
        world.petition.source.put(&noise_petition(id));
    }
    for id in [&ids[0], &ids[149]] {
        world.case(id).await;
    }
    let inspector = world.hub.inspector().await.unwrap();
    let pages = async || {
        let metrics = world.hub.caller("nobody").get("/metrics").await.unwrap().body;
        let figure = "huiliu_poll_pages_total{channel=\"petition-portal\"} ";
        let count = metrics.as_str().unwrap().lines().find_map(|line| line.strip_prefix(figure));
        count.unwrap().parse::<u64>().unwrap()
    };
    let more = async |than: u64| {
        eventually("another round", PATIENCE, async || (pages().await >= than).then_some(())).await.unwrap();
    };
    // A round that was under way when the last record came may have found it.
    more(pages().await + 4).await;
    let stored = inspector.state("INTAKE").await.unwrap();
    more(pages().await + 4).await;
    assert_eq!(inspector.state("INTAKE").await.unwrap(), stored, "what was stored is stored again");
    world.petition.source.put(&noise_petition("33020500202611222000"));
    world.case("33020500202611222000").await;
}

/// Evaluations that are here before the petition they are of.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_that_were_put_off_come_in_order_and_once() {
    const NUMBER: &str = "33020500202611230001";
    let world = World::new(Way::Push).await;
    let sender = world.hub.caller(PETITION);
    let push = async |records: Value| {
        let answer = sender.post("/v1/channels/petition-portal/events", &json!({ "list": records })).await.unwrap();
        assert_eq!(answer.status, 202, "{}", answer.body);
    };
    let evaluation = |day: u32, satisfaction: &str| {
        let at = format!("2026/03/{day:02} 09:00:00");
        json!({ "xfjbh": NUMBER, "pj": { "pjsj": at, "dzrdwpj": satisfaction } })
    };
    push(json!([evaluation(5, "3"), evaluation(6, "0")])).await;
    push(json!([evaluation(7, "3")])).await;
    let put_off = async || {
        let log = world.hub.log();
        (log.matches("it speaks of a case that is not known yet").count() >= 2).then_some(())
    };
    eventually("both to be put off", PATIENCE, put_off).await.unwrap();
    let mut petition = noise_petition(NUMBER);
    petition["xfj"]["djsj"] = "2026/03/01 09:00:00".into();
    push(json!([petition])).await;

    let assessed = |case: &Value| -> Vec<String> {
        let history = case["history"].as_array().unwrap().iter().filter(|event| event["type"] == "assessed");
        history.map(|event| event["cause"].as_str().unwrap().to_owned()).collect()
    };
    let case = world.case_when(NUMBER, |case| assessed(case).len() == 3).await;
    assert_eq!(assessed(&case), ["intake/1#0", "intake/1#1", "intake/2#0"], "in the order in which they came");
    let inspector = world.hub.inspector().await.unwrap();
    all_settled(&inspector).await;
    assert_eq!(world.case(NUMBER).await["history"], case["history"], "once");
    assert_eq!(inspector.state("DEAD").await.unwrap().0, 0, "something was given up");
}

/// Several evaluations of petitions that never come, in one envelope: all of them are given up at once, or it never ends.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_never_becomes_known_is_given_up_once() {
    let store = std::env::temp_dir().join(format!("huiliu-own-{}", uuid::Uuid::new_v4().simple()));
    let own = OwnServer::start(&store, &store.join("store")).await.unwrap();
    let plan = Plan::built().unwrap().channel(ChannelPlan::new(PETITION)).departments(DEPARTMENTS);
    let mut hub = TestHub::start(plan.external(&own.url, GATEWAY.0, GATEWAY.1)).await.unwrap();
    let evaluation = |n: usize| {
        let number = format!("330205002026112400{n:02}");
        json!({ "xfjbh": number, "pj": { "pjsj": "2026/03/05 09:00:00", "dzrdwpj": "3" } })
    };
    let no_number = json!({ "xfj": { "bt": "没有编号" } });
    let records: Vec<Value> = (0..5).map(evaluation).chain([no_number]).collect();
    let pushed = hub.caller(PETITION).post("/v1/channels/petition-portal/events", &json!({ "list": records })).await;
    assert_eq!(pushed.unwrap().status, 202);
    hub.stop().await.unwrap();
    let inspector = own.inspector().await.unwrap();
    // What another gateway, or this one before it was stopped, put off is not waited for all over again.
    give_back(&inspector, 3).await;
    hub.restart().await.unwrap();
    all_settled(&inspector).await;
    let letters: Vec<Value> =
        inspector.read("DEAD").await.unwrap().iter().map(|raw| serde_json::from_slice(&raw.payload).unwrap()).collect();
    let mut given_up: Vec<_> = letters.iter().map(|l| (l["index"].as_u64(), l["stage"].as_str())).collect();
    given_up.sort_unstable();
    let expected = ["decide", "decide", "decide", "decide", "decide", "map"];
    assert_eq!(given_up, (0..).zip(expected).map(|(n, stage)| (Some(n), Some(stage))).collect::<Vec<_>>());
    assert_eq!(hub.log().matches("gave up a record").count(), expected.len(), "each is told once");
    drop((hub, own));
    std::fs::remove_dir_all(store).unwrap();
}
