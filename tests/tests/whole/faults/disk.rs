//! The disk runs full: first up to the reserve, then to the last byte.

use std::time::{Duration, Instant};

use huiliu_tests::hub::Plan;

use super::{Probe, is_refused_for, may, proven, skipped, trial};

const DISK_MIB: u64 = 512;
const RESERVE_MIB: u64 = 128;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reports_are_refused_while_departments_go_on() {
    if !may(&["mount", "-t", "tmpfs", "none", "/tmp"]) {
        return skipped("disk full up to the reserve", "no small disk can be mounted here (that takes root)");
    }
    let mut trial = trial(Plan::built().unwrap().on_disk(DISK_MIB, RESERVE_MIB)).await;
    trial.sources.file(60);
    let probe = Probe::new(&mut trial);
    probe.until(202).await;
    // Work for the departments, for as long as nothing new comes.
    trial.sources.file(240);
    tokio::time::sleep(Duration::from_secs(1)).await;
    trial.hub().disk().unwrap().fill((RESERVE_MIB - 8) << 20).unwrap();
    let (refused, noticed) = probe.until(503).await;
    is_refused_for(&refused, "MiB are free on the disk of the store");
    trial.sources.file(40);
    let done = commands(&trial);
    let working = Instant::now();
    while commands(&trial) < done + 5 {
        assert!(working.elapsed() < Duration::from_secs(60), "departments cannot work any more");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let ready = trial.hub().caller("nobody").get("/readyz").await.unwrap();
    assert!(ready.status == 200 && ready.body["no_room"].is_string(), "{}", ready.body);
    assert_eq!(probe.send().await.map(|a| a.status), Some(503));
    trial.hub().disk().unwrap().free().unwrap();
    let (_, recovery) = probe.until(202).await;
    let seen = format!(
        "503, Retry-After and how much is free, {:.1} s after it ran full; departments go on; `/readyz` says `no_room`",
        noticed.as_secs_f64()
    );
    proven(trial, "disk full up to the reserve", &seen, recovery).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_when_not_a_byte_is_left() {
    if !may(&["mount", "-t", "tmpfs", "none", "/tmp"]) {
        return skipped("disk full to the last byte", "no small disk can be mounted here (that takes root)");
    }
    let mut trial = trial(Plan::built().unwrap().on_disk(DISK_MIB, RESERVE_MIB)).await;
    trial.sources.file(60);
    let probe = Probe::new(&mut trial);
    probe.until(202).await;
    trial.hub().disk().unwrap().fill(0).unwrap();
    let (refused, noticed) = probe.until(503).await;
    is_refused_for(&refused, "");
    trial.sources.file(40);
    tokio::time::sleep(Duration::from_secs(8)).await;
    trial.hub().disk().unwrap().free().unwrap();
    let (_, recovery) = probe.until(202).await;
    let seen = format!("503 and Retry-After {:.1} s after it ran full, for commands as well", noticed.as_secs_f64());
    proven(trial, "disk full to the last byte", &seen, recovery).await;
}

fn commands(trial: &huiliu_tests::harness::Trial) -> usize {
    trial.office.note(|seen| seen.done.len())
}
