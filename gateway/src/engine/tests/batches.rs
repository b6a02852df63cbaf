//! Atomic batches: all or nothing, and the truth about what happened.

use async_nats::HeaderMap;
use futures_util::future::join_all;

use super::super::batch::{BatchError, MAX_BATCH, OutMessage, commit_batch};
use super::super::scratch::Scratch;
use super::super::streams::CASES;
use super::super::{Engine, read};
use super::{commit, engine};

fn message(subject: &str, expect: Option<u64>) -> OutMessage {
    OutMessage {
        subject: subject.to_owned(),
        headers: HeaderMap::new(),
        payload: subject.to_owned().into(),
        expect_last_subject_sequence: expect,
    }
}

async fn stored(engine: &Engine) -> u64 {
    let mut stream = engine.jetstream.get_stream(CASES).await.expect("a stream");
    stream.info().await.expect("its state").state.messages
}

#[tokio::test]
async fn a_batch_is_stored_whole_and_every_sequence_is_known() {
    let scratch = Scratch::new();
    let engine = engine(&scratch).await;
    let batch = [message("case.a", Some(0)), message("case.a", None), message("entry.housing.a.1", Some(0))];
    let ack = commit(&engine, &batch).await.expect("stored");
    assert_eq!(ack.count, 3);
    for (index, sent) in batch.iter().enumerate() {
        let found = read::at_sequence(&engine.jetstream, CASES, ack.sequence_of(index)).await.expect("answered");
        assert_eq!(found.expect("stored").subject, sent.subject);
    }
    engine.stop().await;
}

#[tokio::test]
async fn a_conflict_anywhere_leaves_nothing() {
    let scratch = Scratch::new();
    let engine = engine(&scratch).await;
    let first = commit(&engine, &[message("entry.housing.a.1", Some(0))]).await.expect("stored");
    assert_eq!(first.count, 1);
    let batch = [message("case.b", Some(0)), message("case.b", None), message("entry.housing.a.1", Some(0))];
    let refused = commit(&engine, &batch).await;
    assert_eq!(refused, Err(BatchError::Conflict { last_sequence: Some(first.last_sequence) }));
    assert_eq!(stored(&engine).await, 1);

    let alone = commit(&engine, &[message("entry.housing.a.1", Some(0))]).await;
    assert_eq!(alone, Err(BatchError::Conflict { last_sequence: Some(first.last_sequence) }));

    let twice = [message("case.c", Some(0)), message("case.c", Some(0))];
    let refused = commit(&engine, &twice).await;
    assert_eq!(refused, Err(BatchError::Conflict { last_sequence: None }));
    assert_eq!(stored(&engine).await, 1);
    engine.stop().await;
}

#[tokio::test]
async fn a_thousand_fit_and_one_more_does_not() {
    let scratch = Scratch::new();
    let engine = engine(&scratch).await;
    let mut batch: Vec<_> = (0..MAX_BATCH).map(|n| message(&format!("case.{n}"), Some(0))).collect();
    let ack = commit(&engine, &batch).await.expect("stored");
    assert_eq!((ack.count, ack.sequence_of(0)), (1_000, 1));
    batch.push(message("case.more", None));
    let refused = commit(&engine, &batch).await;
    assert!(matches!(refused, Err(BatchError::Rejected { code: 10_199, .. })), "{refused:?}");
    assert_eq!(stored(&engine).await, 1_000);
    engine.stop().await;
}

#[tokio::test]
async fn batches_at_the_same_time_do_not_mix_and_one_of_two_rivals_wins() {
    let scratch = Scratch::new();
    let engine = engine(&scratch).await;
    let batches: Vec<Vec<_>> = (0..8)
        .map(|n| {
            let mut batch: Vec<_> = (0..50).map(|m| message(&format!("case.{n}-{m}"), Some(0))).collect();
            batch.push(message(&format!("alias.rivals.{}", n / 2), Some(0)));
            batch
        })
        .collect();
    let outcomes = join_all(batches.iter().map(|batch| commit(&engine, batch))).await;
    let (won, lost): (Vec<_>, Vec<_>) = outcomes.iter().partition(|outcome| outcome.is_ok());
    assert_eq!((won.len(), lost.len()), (4, 4), "{outcomes:?}");
    assert!(lost.iter().all(|outcome| matches!(outcome, Err(BatchError::Conflict { .. }))), "{outcomes:?}");
    assert_eq!(stored(&engine).await, 4 * 51);
    engine.stop().await;
}

#[tokio::test]
async fn what_cannot_be_stored_is_refused_in_words() {
    let scratch = Scratch::new();
    let engine = engine(&scratch).await;
    let nowhere = commit_batch(&engine.jetstream, &[message("nowhere.x", None)]).await;
    assert!(matches!(nowhere, Err(BatchError::Busy(_))), "no stream listens: {nowhere:?}");
    let empty = commit_batch(&engine.jetstream, &[]).await;
    assert!(matches!(empty, Err(BatchError::Rejected { .. })), "{empty:?}");
    let mut large = message("case.large", None);
    large.payload = vec![0; 9 * 1024 * 1024].into();
    for batch in [vec![large.clone()], vec![message("case.x", None), large]] {
        let refused = commit_batch(&engine.jetstream, &batch).await;
        assert!(matches!(refused, Err(BatchError::Rejected { code: 0, .. })), "{refused:?}");
    }
    assert_eq!(stored(&engine).await, 0);
    engine.stop().await;
    let away = commit_batch(&engine.jetstream, &[message("case.x", None)]).await;
    assert!(matches!(away, Err(BatchError::Busy(_) | BatchError::Unknown(_))), "{away:?}");
}
