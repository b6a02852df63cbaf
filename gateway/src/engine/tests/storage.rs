//! Streams: created once, sourced, never edited; and fsync in force.

use async_nats::HeaderMap;
use async_nats::jetstream::stream::{Config, RetentionPolicy};

use super::super::batch::{BatchError, OutMessage, commit_batch};
use super::super::read::ReadError;
use super::super::scratch::Scratch;
use super::super::streams::{self, CASES, DEAD, OUTCOMES, QUEUES, StreamError};
use super::super::{EffectiveSync, Engine, read, subjects};
use super::{commit, engine, eventually, start};
use crate::doors::Credentials;

fn message(subject: &str) -> OutMessage {
    OutMessage {
        subject: subject.to_owned(),
        headers: HeaderMap::new(),
        payload: "text".into(),
        expect_last_subject_sequence: None,
    }
}

async fn queued(engine: &Engine, count: u64) -> Config {
    eventually("the entries are sourced", async || {
        let mut stream = engine.jetstream.get_stream(QUEUES).await.ok()?;
        let info = stream.info().await.ok()?;
        (info.state.messages == count).then(|| info.config.clone())
    })
    .await
}

#[tokio::test]
async fn everything_acknowledged_is_on_disk() {
    let scratch = Scratch::new();
    let engine = engine(&scratch).await;
    assert_eq!(engine.effective_sync().await.expect("answered"), Some(EffectiveSync::Always));
    engine.stop().await;
}

#[tokio::test]
async fn creating_the_streams_again_changes_nothing() {
    let scratch = Scratch::new();
    let engine = engine(&scratch).await;
    assert_eq!(streams::ensure_all(&engine.jetstream, 1).await.expect("there"), []);
    for bucket in [streams::LEASES, streams::CURSORS] {
        engine.jetstream.get_key_value(bucket).await.expect("a bucket");
    }
    engine.stop().await;
}

#[tokio::test]
async fn entries_reach_the_work_queue_under_their_queue_subject() {
    let scratch = Scratch::new();
    let engine = engine(&scratch).await;
    let batch = ["case.a", "entry.housing.a.1", "alias.x.y", "entry.police.a.2"].map(message);
    commit(&engine, &batch).await.expect("stored");
    let config = queued(&engine, 2).await;
    assert_eq!(config.retention, RetentionPolicy::WorkQueue);
    let wanted = ["queue.housing.a.1", "queue.police.a.2"].map(str::to_owned);
    let found = read::last_for_subjects(&engine.jetstream, QUEUES, &wanted).await.expect("answered");
    assert_eq!(found.iter().map(|message| message.subject.as_str()).collect::<Vec<_>>(), wanted);

    let past_the_door = commit_batch(&engine.jetstream, &[message("queue.housing.b.1")]).await;
    assert!(matches!(past_the_door, Err(BatchError::Busy(_))), "{past_the_door:?}");
    assert_eq!(streams::queues_lag(&engine.jetstream).await.expect("answered"), Some(0));
    engine.stop().await;
}

#[tokio::test]
async fn what_a_stream_has_messages_on_is_told_page_by_page() {
    let scratch = Scratch::new();
    let engine = engine(&scratch).await;
    let batch =
        ["case.a", "entry.housing.a.1", "entry.housing.b.1", "entry.housing.a.1", "entry.police.a.2"].map(message);
    commit(&engine, &batch).await.expect("stored");
    let told = async |stream: &str, filter: &str, offset| {
        subjects::page(&engine.jetstream, stream, filter, offset, |subject, messages| {
            (subject != "case.a").then(|| (subject.to_owned(), messages))
        })
        .await
    };
    let both = [("entry.housing.a.1".to_owned(), 2), ("entry.housing.b.1".to_owned(), 1)];
    let page = told(CASES, "entry.housing.>", 0).await.expect("told");
    let mut made = page.made.clone();
    made.sort();
    assert_eq!((made.as_slice(), page.next), (both.as_slice(), None));
    let rest = told(CASES, "entry.housing.>", 1).await.expect("told");
    assert_eq!((rest.made.as_slice(), rest.next), (&page.made[1..], None));
    assert_eq!(told(CASES, ">", 0).await.expect("told").made.len(), 3, "what is not wanted is left out");
    assert_eq!(told(CASES, "entry.nobody.>", 0).await.expect("told").made, []);
    let refused = told("NOBODY", ">", 0).await;
    assert!(matches!(&refused, Err(ReadError::Refused { reason, .. }) if reason.contains("not found")), "{refused:?}");
    engine.stop().await;
}

#[tokio::test]
async fn a_recreated_queue_replays_from_where_it_is_told() {
    let scratch = Scratch::new();
    let engine = engine(&scratch).await;
    let batch = [1, 2, 3].map(|n| message(&format!("entry.housing.a.{n}")));
    let ack = commit(&engine, &batch).await.expect("stored");
    queued(&engine, 3).await;
    streams::recreate_queues(&engine.jetstream, 1, ack.sequence_of(1)).await.expect("recreated");
    queued(&engine, 2).await;
    assert_eq!(streams::ensure_all(&engine.jetstream, 1).await.expect("not seen as different"), []);
    engine.stop().await;
}

#[tokio::test]
async fn the_case_log_cannot_be_thinned() {
    let scratch = Scratch::new();
    let engine = engine(&scratch).await;
    let ack = commit(&engine, &[message("case.a")]).await.expect("stored");
    let stream = engine.jetstream.get_stream(CASES).await.expect("a stream");
    stream.delete_message(ack.last_sequence).await.expect_err("denied");
    stream.purge().await.expect_err("denied");
    engine.stop().await;
}

#[tokio::test]
async fn a_stream_that_differs_is_reported_and_left_alone() {
    let scratch = Scratch::new();
    let engine = start(scratch.path(), &Credentials::default()).await.expect("an engine");
    let other = |name: &str, retention, subject: &str| Config {
        name: name.to_owned(),
        retention,
        subjects: vec![subject.to_owned()],
        discard: async_nats::jetstream::stream::DiscardPolicy::New,
        num_replicas: 1,
        ..Config::default()
    };
    let dead = other(DEAD, RetentionPolicy::Limits, "dead.*.*");
    engine.jetstream.create_stream(dead).await.expect("created");
    let harmless = streams::ensure_all(&engine.jetstream, 1).await.expect("only harmless differences");
    let told: Vec<_> = harmless.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "stream DEAD has allow_direct = null, expected true",
            "stream DEAD has duplicate_window = 120000000000, expected 1800000000000"
        ]
    );

    engine.jetstream.delete_stream(OUTCOMES).await.expect("deleted");
    let outcomes = other(OUTCOMES, RetentionPolicy::Interest, "outcome.*.*");
    engine.jetstream.create_stream(outcomes).await.expect("created");
    let grave = streams::ensure_all(&engine.jetstream, 1).await.expect_err("a grave difference");
    assert!(matches!(&grave, StreamError::Grave(difference) if difference.stream == OUTCOMES), "{grave}");
    engine.stop().await;
}
