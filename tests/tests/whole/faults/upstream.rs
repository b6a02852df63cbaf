//! A source that is slow, silent, broken or confused: its channel says so, the others do not notice, and nothing it has is
//! passed over.

use std::time::{Duration, Instant};

use huiliu_tests::harness::sources::{HOTLINE, PETITION};
use huiliu_tests::harness::{Feed, Trial};
use huiliu_tests::hub::{Plan, eventually};
use huiliu_tests::sim::Quirks;
use jiff::Timestamp;
use serde_json::Value;

use super::{PATIENCE, proven};

/// What is wrong with the source, and a word of what the operator reads.
type Trouble = (&'static str, &'static str, fn(&mut Quirks) -> &mut f64);

const BRIEF: [Trouble; 4] = [
    ("answers 500", "answer 500", |q| &mut q.error_rate),
    ("breaks off", "broke off", |q| &mut q.reset_rate),
    ("sends half the JSON", "not JSON", |q| &mut q.truncated_rate),
    ("sends a page of HTML", "not JSON", |q| &mut q.page_rate),
];
/// These are not asked again at once: a key is put right by a person, and silence is waited out.
const LONG: [Trouble; 2] = [
    ("says 401 in the middle of a poll", "answer 401", |q| &mut q.unauthorised_rate),
    ("never answers", "no whole answer", |q| &mut q.hang_rate),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_fails_in_every_brief_way() {
    failing(&BRIEF).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes its time: make faults"]
async fn a_source_is_silent_or_refuses_the_key() {
    failing(&LONG).await;
}

async fn failing(troubles: &[Trouble]) {
    let plan = Plan::built().unwrap();
    let mut trial = Trial::start(7, PATIENCE, plan, Feed::Pull, 1).await.unwrap();
    trial.sources.file(40);
    let quiet = Quirks { slow_ms: 1_500, slow_rate: 0.2, ..Quirks::none() };
    let (mut slowest, mut names) = (Duration::ZERO, Vec::new());
    for (name, said, rate) in troubles {
        let mut broken = quiet.clone();
        *rate(&mut broken) = 1.0;
        let since = Timestamp::now();
        trial.sources.hotline.source.set_quirks(broken);
        trial.sources.file(20);
        let desk = trial.hub().caller("desk");
        let state = eventually(name, PATIENCE, async || {
            let channels = desk.get("/v1/channels").await.ok()?;
            let state = poll_of(&channels.body, HOTLINE);
            state["error"].as_str().is_some_and(|e| e.contains(said)).then_some(state)
        });
        let state = state.await.unwrap_or_else(|e| panic!("{e}: {name}"));
        assert!(state["failures"].as_u64() >= Some(1), "{state}");
        eventually("the other channel to be polled meanwhile", PATIENCE, async || {
            let channels = desk.get("/v1/channels").await.ok()?;
            let polled: Timestamp = poll_of(&channels.body, PETITION)["last_success"].as_str()?.parse().ok()?;
            (polled > since).then_some(())
        })
        .await
        .unwrap();
        trial.sources.hotline.source.set_quirks(quiet.clone());
        let mended = Instant::now();
        eventually("the channel to be well again", PATIENCE, async || {
            let channels = desk.get("/v1/channels").await.ok()?;
            poll_of(&channels.body, HOTLINE).get("error").is_none_or(Value::is_null).then_some(())
        })
        .await
        .unwrap();
        slowest = slowest.max(mended.elapsed());
        names.push(*name);
    }
    trial.sources.hotline.source.set_quirks(Quirks::none());
    let seen = "`/v1/channels` and `huiliu_poll_up` name the channel and the reason; the other channel goes on";
    proven(trial, &format!("source slow, and {}", names.join(", ")), seen, slowest).await;
}

fn poll_of(channels: &Value, name: &str) -> Value {
    let all = channels["channels"].as_array().into_iter().flatten();
    all.filter(|c| c["channel"] == name).map(|c| c["poll"].clone()).next().unwrap_or_default()
}
