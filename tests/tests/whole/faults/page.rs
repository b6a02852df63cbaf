//! The read model is deleted, exchanged, cut off or written over, under a running hub and a stopped one. Every answer
//! meanwhile is right or says that there is none.

use std::fs;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use huiliu_tests::harness::sources::HOTLINE;
use huiliu_tests::hub::{ChannelPlan, Plan, TestHub};
use serde_json::Value;

use super::super::repair::feed;
use super::super::world::DEPARTMENTS;
use super::{PATIENCE, told};

const CASES: usize = 150;

type Harm = fn(&Path);

const HARMS: [(&str, Harm); 5] = [
    ("deleted", |file| fs::remove_file(file).unwrap()),
    ("of zero length", |file| drop(fs::File::create(file).unwrap())),
    ("cut in half", |file| {
        let half = fs::metadata(file).unwrap().len() / 2;
        fs::File::options().write(true).open(file).unwrap().set_len(half).unwrap();
    }),
    ("written over in the middle", |file| {
        let length = fs::metadata(file).unwrap().len();
        let mut file = fs::File::options().write(true).open(file).unwrap();
        file.seek(SeekFrom::Start(8192)).unwrap();
        file.write_all(&vec![0xa5; usize::try_from(length).unwrap() - 12_288]).unwrap();
    }),
    ("exchanged for another file", |file| {
        let other = file.with_extension("other");
        fs::write(&other, "not a database at all").unwrap();
        fs::rename(other, file).unwrap();
    }),
];

async fn hub_with_cases() -> (TestHub, Vec<String>) {
    let plan = Plan::built().unwrap().channel(ChannelPlan::new(HOTLINE)).departments(DEPARTMENTS);
    let hub = TestHub::start(plan).await.unwrap();
    let cases = feed(&hub, "page", CASES).await;
    let began = Instant::now();
    while !all_on_the_page(&hub, &cases).await {
        assert!(began.elapsed() < PATIENCE, "the page never has the cases:\n{}", hub.log());
    }
    (hub, cases)
}

fn file(hub: &TestHub) -> PathBuf {
    hub.data().join("readmodel.sqlite")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_read_model_is_harmed_while_the_hub_runs() {
    let (hub, cases) = hub_with_cases().await;
    for (name, harm) in HARMS {
        empty_journal(&hub);
        let rebuilds = rebuilt(&hub);
        harm(&file(&hub));
        let began = Instant::now();
        while rebuilt(&hub) == rebuilds {
            right_or_none(&hub, &cases).await;
            assert!(began.elapsed() < PATIENCE, "{name}: nobody noticed");
            // A new record has the page ask its file for what it does not remember.
            feed(&hub, &format!("page-{}", name.replace(' ', "-")), 1).await;
        }
        let noticed = began.elapsed();
        let recovery = right_again(&hub, &cases, began).await;
        let seen = format!(
            "503 and Retry-After, or the right answer; noticed after {:.1} s, and logged",
            noticed.as_secs_f64()
        );
        told(
            &format!("read model {name}, hub running"),
            &seen,
            &format!("{CASES} cases right, no wrong answer"),
            recovery,
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_read_model_is_harmed_while_the_hub_is_stopped() {
    let (mut hub, cases) = hub_with_cases().await;
    for (name, harm) in HARMS {
        hub.stop().await.unwrap();
        empty_journal(&hub);
        harm(&file(&hub));
        hub.restart().await.unwrap();
        let began = Instant::now();
        let recovery = right_again(&hub, &cases, began).await;
        let seen = "503 and Retry-After until the log is read, then the right answer; logged";
        told(
            &format!("read model {name}, hub stopped"),
            seen,
            &format!("{CASES} cases right, no wrong answer"),
            recovery,
        );
    }
    let log = hub.log();
    assert!(log.matches("read model cannot be used").count() >= HARMS.len() - 2, "not said: {log}");
}

/// Only what is in the file itself can be harmed there.
fn empty_journal(hub: &TestHub) {
    let database = rusqlite::Connection::open(file(hub)).unwrap();
    database.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
}

fn rebuilt(hub: &TestHub) -> usize {
    hub.log().matches("the read model is damaged").count()
}

/// Until every case is told as it is; every answer until then is right or none.
async fn right_again(hub: &TestHub, cases: &[String], since: Instant) -> Duration {
    while right_or_none(hub, cases).await < cases.len() {
        assert!(since.elapsed() < PATIENCE, "the page does not come right:\n{}", hub.log());
    }
    since.elapsed()
}

/// The page follows the log, so a case that was pushed just now may not be there yet.
async fn all_on_the_page(hub: &TestHub, cases: &[String]) -> bool {
    let desk = hub.caller("desk");
    for case in cases {
        let answer = desk.get(&format!("/v1/cases/{case}")).await.unwrap();
        if answer.status != 200 || stage(&answer.body) != Some("dispatched") {
            return false;
        }
    }
    true
}

/// How many are told as they are.
async fn right_or_none(hub: &TestHub, cases: &[String]) -> usize {
    let desk = hub.caller("desk");
    let mut right = 0;
    for case in cases {
        let answer = desk.get(&format!("/v1/cases/{case}")).await.unwrap();
        match answer.status {
            200 => {
                assert_eq!(stage(&answer.body), Some("dispatched"), "{}", answer.body);
                right += 1;
            }
            503 => assert!(answer.header("retry-after").is_some(), "{}", answer.body),
            other => panic!("answer {other} for a case that is there: {}", answer.body),
        }
    }
    right
}

fn stage(case: &Value) -> Option<&str> {
    case["case"]["stage"].as_str()
}
