//! Two hubs on one server, both polling the same sources; one is killed, then the other, and so on.

use std::time::{Duration, Instant};

use huiliu_tests::harness::{Feed, Trial};
use huiliu_tests::hub::{GATEWAY, OwnServer, Plan};

use super::{PATIENCE, proven};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_two_hubs_is_killed_every_5_s() {
    killed_by_turns(4, Duration::from_secs(5)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes its time: make faults"]
async fn one_of_two_hubs_is_killed_every_minute() {
    killed_by_turns(5, Duration::from_secs(60)).await;
}

async fn killed_by_turns(kills: usize, every: Duration) {
    let store = std::env::temp_dir().join(format!("huiliu-two-{}", uuid::Uuid::new_v4().simple()));
    let own = OwnServer::start(&store, &store.join("store")).await.unwrap();
    let plan = Plan::built().unwrap().external(&own.url, GATEWAY.0, GATEWAY.1);
    let mut trial = Trial::start(7, PATIENCE, plan, Feed::Pull, 2).await.unwrap();
    let mut slowest = Duration::ZERO;
    for turn in 0..kills {
        let until = Instant::now() + every;
        trial.sources.file(30);
        tokio::time::sleep(every.mul_f64(0.4)).await;
        trial.sources.file(10);
        let hub = &mut trial.hubs[turn % 2];
        hub.kill().await.unwrap();
        // Long enough for its leases to run out with the other.
        tokio::time::sleep(every.mul_f64(0.2)).await;
        let began = Instant::now();
        hub.restart().await.unwrap();
        slowest = slowest.max(began.elapsed());
        tokio::time::sleep(until.saturating_duration_since(Instant::now())).await;
    }
    let fault = format!("two hubs, one killed every {} s, {kills} times", every.as_secs());
    proven(trial, &fault, "those at the other hub nothing; those at the killed one ask again", slowest).await;
    drop(own);
    std::fs::remove_dir_all(store).unwrap();
}
