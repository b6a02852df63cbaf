//! What a department and a channel can do over NATS, tried on the real server.

use std::time::Duration;

use async_nats::jetstream::consumer::{AckPolicy, pull};
use async_nats::{Client, ConnectOptions, HeaderMap};
use futures_util::StreamExt;

use super::super::Engine;
use super::super::batch::OutMessage;
use super::super::scratch::Scratch;
use super::super::streams::{self, QUEUES};
use super::{PATIENCE, commit, eventually, start};
use crate::doors::{Credentials, KeyKind, Secret};

/// How long something forbidden may take to turn out to be allowed after all.
const NOTHING: Duration = Duration::from_millis(500);

async fn hub(scratch: &Scratch, credentials: &Credentials) -> Engine {
    let engine = start(scratch.path(), credentials).await.expect("an engine");
    streams::ensure_all(&engine.jetstream, 1).await.expect("streams");
    let queues = engine.jetstream.get_stream(QUEUES).await.expect("a stream");
    for department in ["housing", "police"] {
        let config = pull::Config {
            durable_name: Some(department.to_owned()),
            filter_subject: format!("queue.{department}.*.*"),
            ack_policy: AckPolicy::Explicit,
            max_expires: Duration::from_secs(60),
            ..pull::Config::default()
        };
        queues.create_consumer(config).await.expect("a consumer");
        let entry = OutMessage {
            subject: format!("entry.{department}.a.1"),
            headers: HeaderMap::new(),
            payload: department.into(),
            expect_last_subject_sequence: None,
        };
        commit(&engine, &[entry]).await.expect("stored");
    }
    engine
}

async fn log_in(engine: &Engine, name: &str, secret: &Secret) -> Result<Client, async_nats::ConnectError> {
    ConnectOptions::with_user_and_password(name.to_owned(), secret.expose().to_owned())
        .custom_inbox_prefix(format!("_INBOX_{name}"))
        .request_timeout(Some(NOTHING))
        .connect(engine.address())
        .await
}

/// A hub, and the department housing that has come in over NATS. The directory goes when it is dropped.
async fn housing() -> (Scratch, Engine, Client) {
    let scratch = Scratch::new();
    let mut credentials = Credentials::default();
    let secret = credentials.mint(KeyKind::Department, "housing", "housing-1").expect("minted");
    let engine = hub(&scratch, &credentials).await;
    let client = log_in(&engine, "housing-1", &secret).await.expect("let in");
    (scratch, engine, client)
}

async fn pull(client: &Client, department: &str) -> Option<async_nats::Message> {
    let inbox = client.new_inbox();
    let mut answers = client.subscribe(inbox.clone()).await.expect("subscribed");
    client
        .publish_with_reply(
            format!("$JS.API.CONSUMER.MSG.NEXT.QUEUES.{department}"),
            inbox,
            r#"{"batch":1,"expires":200000000}"#.into(),
        )
        .await
        .expect("sent");
    let answer = tokio::time::timeout(NOTHING, answers.next()).await.ok()??;
    answer.status.is_none().then_some(answer)
}

#[tokio::test]
async fn a_department_takes_and_acknowledges_its_own_entries_only() {
    let (_scratch, engine, client) = housing().await;

    let entry = eventually("its entry comes", async || pull(&client, "housing").await).await;
    assert_eq!(entry.payload, "housing");
    let ack = entry.reply.expect("an ack subject");
    client.request(ack, "+ACK".into()).await.expect("acknowledged");
    assert!(pull(&client, "housing").await.is_none());
    assert!(pull(&client, "police").await.is_none());
    let mut police = engine.jetstream.get_stream(QUEUES).await.expect("a stream");
    assert_eq!(police.info().await.expect("its state").state.messages, 1);
    engine.stop().await;
}

#[tokio::test]
async fn everything_else_is_refused_to_a_department() {
    let (_scratch, engine, client) = housing().await;
    eventually("its entry comes", async || pull(&client, "housing").await).await;
    for forbidden in [
        "$JS.API.INFO",
        "$JS.API.STREAM.NAMES",
        "$JS.API.STREAM.INFO.CASES",
        "$JS.API.STREAM.MSG.GET.CASES",
        "$JS.API.DIRECT.GET.QUEUES.queue.police.a.1",
        "$JS.API.STREAM.PURGE.QUEUES",
        "$JS.API.CONSUMER.NAMES.QUEUES",
        "$JS.API.CONSUMER.INFO.QUEUES.police",
        "info.police",
        "$JS.API.CONSUMER.DELETE.QUEUES.housing",
        "$JS.API.CONSUMER.CREATE.QUEUES",
        "$SYS.REQ.SERVER.PING",
        "case.a",
        "entry.housing.a.9",
        "intake.hotline",
        "key.a",
        "$KV.leases.x",
    ] {
        let answer = client.request(forbidden, "{}".into()).await;
        assert!(answer.is_err(), "{forbidden} was answered: {answer:?}");
    }
    let own = client.request("$JS.API.CONSUMER.INFO.QUEUES.housing", "".into()).await.expect("allowed");
    let told = String::from_utf8_lossy(&own.payload);
    assert!(told.contains("queue.housing"), "{told}");
    assert_hears(&engine, &client, "outcome.housing.1", true).await;
    for foreign in ["_INBOX_housing-1.x", "outcome.police.1", "_INBOX_police.x", "_INBOX.x", "case.x", "submit.hotline"]
    {
        assert_hears(&engine, &client, foreign, false).await;
    }
    assert!(!commands_heard(&engine, &client, "command.police.sign_for").await);
    assert!(commands_heard(&engine, &client, "command.housing.sign_for").await);
    engine.stop().await;
}

/// Each consumer hears two forms of acknowledgement, and obeys `+NXT` in both, whatever the numbers say.
#[tokio::test]
async fn no_acknowledgement_reaches_anothers_consumer() {
    let (_scratch, engine, client) = housing().await;
    let queues = engine.jetstream.get_stream(QUEUES).await.expect("a stream");
    for department in ["police", "housing"] {
        eventually("the entry is there", async || {
            let info = queues.get_consumer::<pull::Config>(department).await.ok()?;
            (info.cached_info().num_pending == 1).then_some(())
        })
        .await;
    }
    for foreign in [
        "$JS.ACK.QUEUES.police.QUEUES.housing.5.6.7",
        "$JS.ACK.QUEUES.police.1.0.0.0.0",
        "$JS.ACK.QUEUES.police.QUEUES.housing.5.6.7.8",
        &format!("$JS.ACK._.{HUB}.QUEUES.police.1.0.0.0.0"),
        &format!("$JS.ACK._.{HUB}.QUEUES.police.QUEUES.housing.0.0.0"),
        &format!("$JS.ACK._.{HUB}.QUEUES.police.QUEUES.housing.0.0.0.0.0"),
    ] {
        assert!(next(&client, foreign).await.is_none(), "{foreign}");
    }
    let police = queues.get_consumer::<pull::Config>("police").await.expect("its consumer");
    assert_eq!(police.cached_info().num_pending, 1, "nothing was taken");
    let own = next(&client, &format!("$JS.ACK._.{HUB}.QUEUES.housing.1.0.0.0.0")).await.expect("its own, second form");
    assert_eq!(own.payload, "housing");
    engine.stop().await;
}

/// What the server calls the account HUB in the second form of an acknowledgement.
const HUB: &str = "LNj1UmbN";

/// What `+NXT` as an acknowledgement hands out.
async fn next(client: &Client, ack: &str) -> Option<async_nats::Message> {
    let inbox = client.new_inbox();
    let mut answers = client.subscribe(inbox.clone()).await.expect("subscribed");
    client.publish_with_reply(ack.to_owned(), inbox, "+NXT".into()).await.expect("sent");
    tokio::time::timeout(NOTHING, answers.next()).await.ok()?.filter(|answer| answer.status.is_none())
}

/// Where an answer is sent to is the asker's choice, and whoever answers may publish anywhere.
#[tokio::test]
async fn no_answer_is_led_into_a_stream() {
    let (_scratch, engine, client) = housing().await;
    let entry = eventually("its entry comes", async || pull(&client, "housing").await).await;
    let ack = entry.reply.expect("an ack subject");
    let before = streams::last_sequence(&engine.jetstream, streams::CASES).await.expect("its end");
    let asked =
        [(ack.as_str(), "+NXT"), ("$JS.API.CONSUMER.MSG.NEXT.QUEUES.housing", r#"{"batch":1,"expires":200000000}"#)];
    for (subject, body) in asked {
        let reply = format!("case.{}", uuid::Uuid::new_v4());
        client.publish_with_reply(subject.to_owned(), reply, body.into()).await.expect("sent");
    }
    round_trip(&client, NEXT).await;
    tokio::time::sleep(NOTHING).await;
    assert_eq!(streams::last_sequence(&engine.jetstream, streams::CASES).await.expect("its end"), before);
    engine.stop().await;
}

/// An answer to one department is no other's outcome, whatever subject it is asked to go to.
#[tokio::test]
async fn no_answer_is_led_to_another_department() {
    let scratch = Scratch::new();
    let mut credentials = Credentials::default();
    let mut mint = |name: &str| credentials.mint(KeyKind::Department, name, name).expect("minted");
    let secrets = ["housing", "police"].map(|name| (name, mint(name)));
    let engine = hub(&scratch, &credentials).await;
    let [housing, police] = secrets.map(async |(name, secret)| log_in(&engine, name, &secret).await.expect("let in"));
    let (housing, police) = (housing.await, police.await);
    let mut heard = police.subscribe("outcome.police.>").await.expect("subscribed");
    round_trip(&police, "$JS.API.CONSUMER.MSG.NEXT.QUEUES.police").await;
    let mut commands = engine.client.subscribe("command.*.*").await.expect("subscribed");
    round_trip(&engine.client, "$JS.API.INFO").await;
    for (subject, body) in [
        ("command.housing.sign_for", "{}"),
        (NEXT, r#"{"batch":1,"no_wait":true}"#),
        ("$JS.API.CONSUMER.INFO.QUEUES.housing", ""),
    ] {
        housing.publish_with_reply(subject, "outcome.police.r-1", body.into()).await.expect("sent");
    }
    let command = tokio::time::timeout(PATIENCE, commands.next()).await.expect("in time").expect("a command");
    engine.client.publish(command.reply.expect("a reply"), "forged".into()).await.expect("answered");
    round_trip(&housing, NEXT).await;
    tokio::time::sleep(NOTHING).await;
    engine.client.publish("outcome.police.r-2", "real".into()).await.expect("sent");
    let first = tokio::time::timeout(PATIENCE, heard.next()).await.expect("in time").expect("an outcome");
    assert_eq!((first.subject.as_str(), first.payload.as_ref()), ("outcome.police.r-2", b"real".as_slice()));
    engine.stop().await;
}

#[tokio::test]
async fn a_department_asks_nothing_large() {
    let (_scratch, engine, client) = housing().await;
    let mut heard = engine.client.subscribe("command.*.*").await.expect("subscribed");
    round_trip(&engine.client, "$JS.API.INFO").await;
    let _refused = client.publish("command.housing.sign_for", vec![b' '; 1 << 20].into()).await;
    assert!(tokio::time::timeout(NOTHING, heard.next()).await.is_err());
    let small = async || client.publish("command.housing.sign_for", vec![b' '; 300 << 10].into()).await.ok();
    eventually("a smaller one is sent", small).await;
    tokio::time::timeout(PATIENCE, heard.next()).await.expect("a smaller one is heard");
    engine.stop().await;
}

/// Of a department whose first key is made while the server runs, and of those who are in already.
#[tokio::test]
async fn a_new_department_can_do_all_at_once_and_nobody_is_cut_off() {
    let scratch = Scratch::new();
    let mut credentials = Credentials::default();
    let secret = credentials.mint(KeyKind::Department, "housing", "housing").expect("minted");
    let engine = hub(&scratch, &credentials).await;
    let housing = log_in(&engine, "housing", &secret).await.expect("let in");
    let connected = housing.statistics().connects.load(std::sync::atomic::Ordering::Relaxed);

    let secret = credentials.mint(KeyKind::Department, "police", "police").expect("minted");
    engine.reload_credentials(&credentials).await.expect("reloaded");
    let police = log_in(&engine, "police", &secret).await.expect("let in");
    for (client, department) in [(&police, "police"), (&housing, "housing")] {
        let info = client.request(format!("$JS.API.CONSUMER.INFO.QUEUES.{department}"), "".into()).await;
        assert!(String::from_utf8_lossy(&info.expect("its counts").payload).contains("num_pending"), "{department}");
        let entry = eventually("its entry comes", async || pull(client, department).await).await;
        client.request(entry.reply.expect("an ack subject"), "+ACK".into()).await.expect("acknowledged");
        assert!(commands_heard(&engine, client, &format!("command.{department}.sign_for")).await, "{department}");
        let mut heard = client.subscribe(format!("outcome.{department}.>")).await.expect("subscribed");
        round_trip(client, &format!("$JS.API.CONSUMER.MSG.NEXT.QUEUES.{department}")).await;
        engine.client.publish(format!("outcome.{department}.1"), "x".into()).await.expect("sent");
        tokio::time::timeout(PATIENCE, heard.next()).await.expect("an outcome");
    }
    assert_eq!(housing.statistics().connects.load(std::sync::atomic::Ordering::Relaxed), connected);
    engine.stop().await;
}

async fn assert_hears(engine: &Engine, client: &Client, subject: &str, expected: bool) {
    let mut heard = client.subscribe(subject.to_owned()).await.expect("sent");
    round_trip(client, NEXT).await;
    engine.client.publish(subject.to_owned(), "x".into()).await.expect("sent");
    let got = tokio::time::timeout(NOTHING, heard.next()).await.ok().flatten();
    assert_eq!(got.is_some(), expected, "hearing {subject}");
}

/// What a department may always ask.
const NEXT: &str = "$JS.API.CONSUMER.MSG.NEXT.QUEUES.housing";

/// The server has dealt with everything this client sent before.
async fn round_trip(client: &Client, allowed: &str) {
    client.request(allowed.to_owned(), r#"{"no_wait":true}"#.into()).await.expect("answered");
}

async fn commands_heard(engine: &Engine, client: &Client, subject: &str) -> bool {
    let mut heard = engine.client.subscribe(subject.to_owned()).await.expect("subscribed");
    round_trip(&engine.client, "$JS.API.INFO").await;
    client.publish(subject.to_owned(), "x".into()).await.expect("sent");
    tokio::time::timeout(NOTHING, heard.next()).await.is_ok()
}

#[tokio::test]
async fn a_channel_submits_and_nothing_else() {
    let scratch = Scratch::new();
    let mut credentials = Credentials::default();
    let secret = credentials.mint(KeyKind::Channel, "hotline-12345", "hotline").expect("minted");
    let engine = hub(&scratch, &credentials).await;
    let client = log_in(&engine, "hotline", &secret).await.expect("let in");
    let mut submissions = engine.client.subscribe("submit.*").await.expect("subscribed");
    round_trip(&engine.client, "$JS.API.INFO").await;
    let (answer, ()) = tokio::join!(client.request("submit.hotline-12345", "{}".into()), async {
        let submission =
            tokio::time::timeout(PATIENCE, submissions.next()).await.expect("in time").expect("a submission");
        let reply = submission.reply.expect("an inbox");
        engine.client.publish(reply, "receipt".into()).await.expect("answered");
    });
    assert_eq!(answer.expect("answered").payload, "receipt");
    for forbidden in ["submit.petition-portal", "intake.hotline-12345", "command.housing.accept"] {
        assert!(client.request(forbidden, "{}".into()).await.is_err(), "{forbidden}");
    }
    assert!(pull(&client, "housing").await.is_none());
    engine.stop().await;
}

#[tokio::test]
async fn only_keys_in_force_are_let_in() {
    let scratch = Scratch::new();
    let mut credentials = Credentials::default();
    let operator = credentials.mint(KeyKind::Operator, "li", "li").expect("minted");
    let engine = hub(&scratch, &credentials).await;
    log_in(&engine, "li", &operator).await.expect_err("operators use HTTP");
    async_nats::connect(engine.address()).await.expect_err("nobody is anonymous");

    let secret = credentials.mint(KeyKind::Department, "housing", "housing-1").expect("minted");
    log_in(&engine, "housing-1", &secret).await.expect_err("not known yet");
    engine.reload_credentials(&credentials).await.expect("reloaded");
    let client = log_in(&engine, "housing-1", &secret).await.expect("let in");
    log_in(&engine, "housing-1", &operator).await.expect_err("another's secret");

    credentials.revoke("housing-1").expect("revoked");
    engine.reload_credentials(&credentials).await.expect("reloaded");
    log_in(&engine, "housing-1", &secret).await.expect_err("revoked");
    eventually("the open connection is cut", async || {
        (client.connection_state() != async_nats::connection::State::Connected).then_some(())
    })
    .await;
    assert!(*engine.connected().borrow(), "the gateway itself stays connected");
    engine.stop().await;
}
