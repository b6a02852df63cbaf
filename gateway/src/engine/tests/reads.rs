//! Reading back: what is missing, more than a page, long histories.

use async_nats::HeaderMap;

use super::super::batch::{MAX_BATCH, OutMessage};
use super::super::scratch::Scratch;
use super::super::streams::CASES;
use super::super::{Engine, read};
use super::{commit, engine};

async fn store(engine: &Engine, messages: impl Iterator<Item = (String, String)>) {
    let messages: Vec<_> = messages
        .map(|(subject, text)| {
            let mut headers = HeaderMap::new();
            headers.insert("kind", "test");
            OutMessage { subject, headers, payload: text.into(), expect_last_subject_sequence: None }
        })
        .collect();
    for batch in messages.chunks(MAX_BATCH) {
        commit(engine, batch).await.expect("stored");
    }
}

#[tokio::test]
async fn the_last_of_each_subject_is_found_and_missing_ones_are_left_out() {
    let scratch = Scratch::new();
    let engine = engine(&scratch).await;
    let twice = (0..1_100).chain(0..1_100).map(|n| (format!("case.{n}"), format!("text {n}")));
    store(&engine, twice).await;

    let mut asked: Vec<_> = (0..1_100).map(|n| format!("case.{n}")).collect();
    asked.push("case.missing".to_owned());
    let found = read::last_for_subjects(&engine.jetstream, CASES, &asked).await.expect("answered");
    assert_eq!(found.len(), 1_100);
    for (n, message) in found.iter().enumerate() {
        assert_eq!(message.subject, format!("case.{n}"));
        assert_eq!(message.sequence, 1_101 + n as u64);
        assert_eq!(message.payload, format!("text {n}"));
        assert_eq!(message.headers.get("kind").map(|value| value.as_str()), Some("test"));
    }
    let missing = read::last_for_subjects(&engine.jetstream, CASES, &asked[1_100..]).await.expect("answered");
    assert!(missing.is_empty());
    assert!(read::last_for_subjects(&engine.jetstream, CASES, &[]).await.expect("answered").is_empty());
    engine.stop().await;
}

#[tokio::test]
async fn a_long_history_comes_whole_and_in_order() {
    let scratch = Scratch::new();
    let engine = engine(&scratch).await;
    let interleaved =
        (0..2_500).flat_map(|n| [("case.long".to_owned(), n.to_string()), ("case.other".to_owned(), String::new())]);
    store(&engine, interleaved).await;

    let history = read::history(&engine.jetstream, CASES, "case.long").await.expect("answered");
    let texts: Vec<_> = history.iter().map(|message| message.payload.clone()).collect();
    let expected: Vec<_> = (0..2_500).map(|n| n.to_string()).collect();
    assert_eq!(texts, expected);
    let nothing = read::history(&engine.jetstream, CASES, "case.nobody").await.expect("answered");
    assert!(nothing.is_empty());
    engine.stop().await;
}

#[tokio::test]
async fn answers_larger_than_a_page_of_bytes_come_whole() {
    let scratch = Scratch::new();
    let engine = engine(&scratch).await;
    let large = "x".repeat(1024 * 1024);
    for batch in 0..4 {
        store(&engine, (0..6).map(|n| (format!("case.{batch}-{n}"), large.clone()))).await;
        store(&engine, (0..6).map(|_| ("case.large".to_owned(), large.clone()))).await;
    }
    let asked: Vec<_> = (0..4).flat_map(|batch| (0..6).map(move |n| format!("case.{batch}-{n}"))).collect();
    let found = read::last_for_subjects(&engine.jetstream, CASES, &asked).await.expect("answered");
    let subjects: Vec<_> = found.into_iter().map(|message| message.subject).collect();
    assert_eq!(subjects, asked);
    assert_eq!(read::history(&engine.jetstream, CASES, "case.large").await.expect("answered").len(), 24);
    engine.stop().await;
}

#[tokio::test]
async fn the_leader_knows_the_last_message_with_its_headers() {
    let scratch = Scratch::new();
    let engine = engine(&scratch).await;
    store(&engine, ["one", "two"].into_iter().map(|text| ("case.a".to_owned(), text.to_owned()))).await;
    let last = read::last_from_leader(&engine.jetstream, CASES, "case.a").await.expect("answered").expect("stored");
    assert_eq!((last.sequence, &last.payload[..]), (2, &b"two"[..]));
    assert_eq!(last.headers.get("kind").map(|value| value.as_str()), Some("test"));
    let direct = read::last_for_subjects(&engine.jetstream, CASES, &["case.a".to_owned()]).await.expect("answered");
    assert_eq!(direct[0].time, last.time);
    assert!(read::last_from_leader(&engine.jetstream, CASES, "case.b").await.expect("answered").is_none());
    engine.stop().await;
}
