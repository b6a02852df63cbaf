//! nats-server stands still: it is there, its connections stand, and it does not answer.

use std::time::{Duration, Instant};

use huiliu_tests::hub::{Plan, eventually};

use super::{Probe, is_refused_for, proven, trial};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_is_paused_12_s() {
    paused(Duration::from_secs(12)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes its time: make faults"]
async fn the_server_is_paused_30_s() {
    paused(Duration::from_secs(30)).await;
}

async fn paused(time: Duration) {
    let mut trial = trial(Plan::built().unwrap()).await;
    trial.sources.file(60);
    let probe = Probe::new(&mut trial);
    trial.hub().freeze_server(true).await.unwrap();
    let frozen = Instant::now();
    trial.sources.file(60);
    let refused = probe.send().await.expect("an answer");
    is_refused_for(&refused, "stored");
    let answered = frozen.elapsed();
    let hub = trial.hub();
    eventually("the hub to say that it is not ready", time, async || (!hub.is_ready().await).then_some(()))
        .await
        .unwrap();
    let not_ready = frozen.elapsed();
    // A question that needs no server is still answered.
    let page = hub.caller("desk").get("/v1/overview").await.unwrap();
    assert_eq!(page.status, 200, "{}", page.body);
    tokio::time::sleep(time.saturating_sub(frozen.elapsed())).await;
    hub.freeze_server(false).await.unwrap();
    let thawed = Instant::now();
    hub.ready().await.unwrap();
    probe.until(202).await;
    let recovery = thawed.elapsed();
    let seen = format!(
        "503 and Retry-After after {:.1} s; /readyz says no after {:.1} s",
        answered.as_secs_f64(),
        not_ready.as_secs_f64()
    );
    proven(trial, &format!("server paused {} s", time.as_secs()), &seen, recovery).await;
}
