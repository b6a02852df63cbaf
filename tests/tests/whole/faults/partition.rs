//! The network between hub and server is cut: both ways, and half-open, so that one of the two still hears the other. Runs
//! in a network of its own, which this test makes by running itself again there.

use std::process::Command;
use std::time::{Duration, Instant};

use huiliu_tests::hub::{Cut, GATEWAY, OwnServer, Plan, eventually};

use super::{Probe, is_refused_for, may, proven, skipped, trial};

const INSIDE: &str = "HUILIU_TEST_NETWORK";

#[test]
fn the_network_is_cut_15_s() {
    apart("faults::partition::the_network_is_cut_15_s", &[Cut::ServerMute], 15);
}

#[test]
#[ignore = "takes its time: make faults"]
fn the_network_is_cut_45_s_in_every_way() {
    let ways = [Cut::BothWays, Cut::ServerDeaf, Cut::ServerMute];
    apart("faults::partition::the_network_is_cut_45_s_in_every_way", &ways, 45);
}

/// Runs this test once more in a network of its own; there, the test itself.
fn apart(name: &str, ways: &[Cut], seconds: u64) {
    if std::env::var_os(INSIDE).is_some() {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        for way in ways {
            runtime.block_on(cut(*way, Duration::from_secs(seconds)));
        }
        return;
    }
    if !may(&["ip", "link", "add", "near", "type", "veth", "peer", "far"]) {
        return skipped("network cut", "no network can be made here (that takes root and iproute2)");
    }
    let test = std::env::current_exe().unwrap();
    let again = "ip link set lo up && exec \"$0\" --exact --include-ignored --nocapture \"$1\"";
    let mut command = Command::new("unshare");
    command.args(["--net", "sh", "-c", again]).arg(test).arg(name).env(INSIDE, "1");
    assert!(command.status().unwrap().success(), "{name} failed in its network");
}

async fn cut(way: Cut, time: Duration) {
    let store = std::env::temp_dir().join(format!("huiliu-apart-{}", uuid::Uuid::new_v4().simple()));
    let (server, cable) = OwnServer::start_apart(&store, &store.join("store")).await.unwrap();
    let plan = Plan::built().unwrap().external(&server.url, GATEWAY.0, GATEWAY.1);
    let mut trial = trial(plan).await;
    trial.sources.file(60);
    let probe = Probe::new(&mut trial);
    cable.cut(way).unwrap();
    let began = Instant::now();
    trial.sources.file(60);
    let refused = probe.send().await.expect("an answer");
    is_refused_for(&refused, "stored");
    let hub = trial.hub();
    eventually("the hub to say that it is not ready", time, async || (!hub.is_ready().await).then_some(()))
        .await
        .unwrap();
    let not_ready = began.elapsed();
    tokio::time::sleep(time.saturating_sub(began.elapsed())).await;
    cable.mend(way).unwrap();
    let mended = Instant::now();
    hub.ready().await.unwrap();
    probe.until(202).await;
    let recovery = mended.elapsed();
    let seen = format!("503 and Retry-After; /readyz says no after {:.1} s", not_ready.as_secs_f64());
    proven(trial, &format!("network cut {} s, {way:?}", time.as_secs()), &seen, recovery).await;
    drop(server);
    std::fs::remove_dir_all(store).unwrap();
}
