//! Faults of the machine, the network, the clocks and the neighbours, each by itself: it comes while sources file and
//! departments work, and goes; afterwards the harness makes its proof from outside. Each has a short form that runs with
//! every test run, and where the fault needs its time a long one: `make faults` runs all and prints what they saw.

#![expect(clippy::print_stdout, reason = "the table of `make faults` is read off what the tests print")]

mod clock;
mod disk;
mod page;
mod partition;
mod paused;
mod replicas;
mod upstream;

use std::time::{Duration, Instant};

use huiliu_tests::harness::report::RunReport;
use huiliu_tests::harness::sources::HOTLINE;
use huiliu_tests::harness::{Feed, Trial};
use huiliu_tests::hub::{Answer, Caller, Plan};
use serde_json::Value;

/// How long one step may take.
pub const PATIENCE: Duration = Duration::from_secs(180);

/// One hub as planned, with everyone at work.
async fn trial(plan: Plan) -> Trial {
    Trial::start(7, PATIENCE, plan, Feed::Push, 1).await.unwrap()
}

/// The proof, and one line of the table.
async fn proven(trial: Trial, fault: &str, seen: &str, recovery: Duration) {
    let report = trial.finish().await.unwrap();
    assert!(report.passed, "{fault}: {report:#?}");
    assert_eq!(report.dead_letters, 0, "{fault}: something was given up");
    assert!(report.results_at_sources > 0 && report.handed_out > 0, "nothing was worked on: {report:#?}");
    told(fault, seen, &counted(&report), recovery);
}

fn counted(report: &RunReport) -> String {
    format!("{} reports in {} cases, {} log messages, no finding", report.reports, report.cases, report.log_messages)
}

/// One line of the table that `make faults` prints.
fn told(fault: &str, seen: &str, proof: &str, recovery: Duration) {
    println!("| {fault} | {seen} | {proof} | {:.1} s |", recovery.as_secs_f64());
}

/// Said where a test cannot be made here.
fn skipped(what: &str, why: &str) {
    eprintln!("SKIPPED: {what}: {why}");
    println!("| {what} | skipped: {why} | – | – |");
}

/// Whether this machine lets us do something; tried in a room of its own, so that nothing is left behind.
fn may(what: &[&str]) -> bool {
    let tried = std::process::Command::new("unshare").args(["--net", "--mount"]).args(what).output();
    tried.is_ok_and(|tried| tried.status.success())
}

/// A record of the hotline's, sent once more: whether it is taken shows in the answer, and nothing comes of it.
struct Probe {
    sender: Caller,
    record: Value,
}

impl Probe {
    fn new(trial: &mut Trial) -> Self {
        Self { sender: trial.hub().caller(HOTLINE), record: trial.sources.a_call() }
    }

    async fn send(&self) -> Option<Answer> {
        self.sender.post("/v1/channels/hotline-12345/events", &self.record).await.ok()
    }

    /// Until it is answered as wanted; says how long that took.
    async fn until(&self, wanted: u16) -> (Answer, Duration) {
        let began = Instant::now();
        loop {
            if let Some(answer) = self.send().await.filter(|answer| answer.status == wanted) {
                return (answer, began.elapsed());
            }
            assert!(began.elapsed() < PATIENCE, "no answer {wanted} in time");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

/// A refusal says that it is one, why, and when to come again.
fn is_refused_for(answer: &Answer, why: &str) {
    assert_eq!(answer.status, 503, "{}", answer.body);
    assert!(answer.header("retry-after").is_some_and(|s| s.parse::<u64>().is_ok()), "{:?}", answer.headers);
    let detail = answer.body["detail"].as_str().unwrap_or_default();
    assert!(detail.contains(why), "expected `{why}` in: {}", answer.body);
}
