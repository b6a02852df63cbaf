//! The hub's clock is set forward and back while it polls. The server's and the sources' go on as they should.
//!
//! The hub is made to see another time by `libfaketime` (Debian: `libfaketime`), named by HUILIU_FAKETIME or where the
//! package puts it.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use huiliu_schemas::event::EventBody;
use huiliu_tests::harness::log::Log;
use huiliu_tests::harness::{Feed, Trial};
use huiliu_tests::hub::{Plan, eventually};

use super::{PATIENCE, proven, skipped};

fn libfaketime() -> Option<PathBuf> {
    let named = std::env::var_os("HUILIU_FAKETIME").map(PathBuf::from);
    let libraries = std::fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    let packaged = libraries.map(|dir| dir.path().join("faketime/libfaketime.so.1"));
    named.into_iter().chain(packaged).find(|file| file.exists())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_clock_jumps_forward_and_back() {
    jumping(&["+3600s", "-3600s", "+0s"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes its time: make faults"]
async fn the_clock_jumps_by_days() {
    jumping(&["+86400s", "+0s", "-86400s", "+259200s", "-600s", "+30s", "+0s"]).await;
}

/// Each jump with reports before, during and after it; the portal and the hotline are both polled.
async fn jumping(offsets: &[&str]) {
    let Some(library) = libfaketime() else {
        return skipped("clock jumps", "libfaketime is not installed");
    };
    let offset = std::env::temp_dir().join(format!("huiliu-clock-{}", uuid::Uuid::new_v4().simple()));
    std::fs::write(&offset, "+0s").unwrap();
    let plan = Plan::built()
        .unwrap()
        .env("LD_PRELOAD", library.to_str().unwrap())
        .env("FAKETIME_TIMESTAMP_FILE", offset.to_str().unwrap())
        .env("FAKETIME_NO_CACHE", "1")
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    let mut trial = Trial::start(7, PATIENCE, plan, Feed::Pull, 1).await.unwrap();
    let mut slowest = Duration::ZERO;
    for jump in offsets {
        trial.sources.file(20);
        tokio::time::sleep(Duration::from_millis(700)).await;
        std::fs::write(&offset, jump).unwrap();
        // What is filed now must be known while the clock is wrong, not when it is right again.
        trial.sources.file(20);
        let began = Instant::now();
        eventually("what was filed after the jump", PATIENCE, async || trial.is_known().await.then_some(()))
            .await
            .unwrap_or_else(|error| panic!("{jump}: {error}"));
        slowest = slowest.max(began.elapsed());
    }
    let log = Log::read(&trial.hub().inspector().await.unwrap().read("CASES").await.unwrap());
    let mut numbers: HashMap<String, usize> = HashMap::new();
    for event in log.cases.values().flat_map(|h| &h.events) {
        if let EventBody::Registered(registered) = &event.body {
            *numbers.entry(registered.number.to_string()).or_default() += 1;
        }
    }
    assert!(numbers.values().all(|count| *count == 1), "a case number was given twice: {numbers:?}");
    assert!(!trial.hub().log().contains("panicked"), "{}", trial.hub().log());
    std::fs::remove_file(offset).unwrap();
    let seen = "nothing; a warning and `huiliu_poll_clock_ahead_seconds` tell the operator";
    proven(trial, &format!("the hub's clock jumps {}", offsets.join(", ")), seen, slowest).await;
}
