//! The short form of the fault harness: a few hundred reports and a few kills.

use std::time::Duration;

use huiliu_tests::harness::{Options, run};
use huiliu_tests::hub::build_hub;

fn short(power_cut: bool) -> Options {
    Options {
        reports: 600,
        kills: 4,
        seed: 7,
        program: build_hub().expect("the hub builds"),
        power_cut,
        keep: false,
        patience: Duration::from_secs(120),
    }
}

async fn nothing_is_lost_or_doubled(power_cut: bool) {
    let report = run(&short(power_cut)).await.expect("the run is made");
    assert!(report.passed, "{report:#?}");
    assert!(report.results_at_sources > 0 && report.handed_out > 0, "nothing was worked on: {report:#?}");
    assert!(report.over_nats > 0, "nobody worked over NATS: {report:#?}");
    assert!(report.accusations > 0, "nobody was accused: {report:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_doubled_while_hub_and_server_are_killed() {
    nothing_is_lost_or_doubled(false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_doubled_by_power_cuts() {
    nothing_is_lost_or_doubled(true).await;
}
