//! The master key of a store is the one it was made with: without it, or with another, a hub does not start.

use std::path::Path;

use huiliu_tests::hub::{ChannelPlan, GATEWAY, OwnServer, Plan, TestHub};

use super::repair::feed;
use super::world::{DEPARTMENTS, HOTLINE};

const ANOTHER: &str = "abababababababababababababababababababababababababababababababab";

fn plan() -> Plan {
    Plan::built().unwrap().channel(ChannelPlan::new(HOTLINE)).departments(DEPARTMENTS)
}

async fn refused(hub: &mut TestHub, because: &str) {
    let said = format!("{:#}", hub.restart().await.expect_err("it started"));
    assert!(said.contains(because), "it does not say `{because}`: {said}");
}

/// Puts a file of the same permissions in its place, with another key in it.
fn put_another(kept: &Path, file: &Path) {
    std::fs::copy(kept, file).unwrap();
    std::fs::write(file, ANOTHER).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_opens_with_the_master_key_it_was_made_with_and_no_other_is_made() {
    let mut hub = TestHub::start(plan()).await.unwrap();
    let cases = feed(&hub, "m", 3).await;
    hub.stop().await.unwrap();
    let file = hub.data().join("master.key");
    let kept = hub.dir.join("kept.key");

    std::fs::rename(&file, &kept).unwrap();
    refused(&mut hub, "the store is not empty").await;
    let rebuilt = hub.huiliu(&["rebuild"]).await.unwrap();
    assert!(!rebuilt.status.success());
    assert!(!file.exists(), "a key was made for a store that has one");

    put_another(&kept, &file);
    refused(&mut hub, "is not the key of this store").await;
    let rebuilt = hub.huiliu(&["rebuild"]).await.unwrap();
    assert!(String::from_utf8_lossy(&rebuilt.stderr).contains("is not the key of this store"));

    std::fs::copy(&kept, &file).unwrap();
    hub.restart().await.unwrap();
    assert_eq!(feed(&hub, "m", 3).await, cases, "they open, and are known");
    let inspector = hub.inspector().await.unwrap();
    assert_eq!(inspector.state("DEAD").await.unwrap().0, 0, "nothing was buried meanwhile");

    // A store of before there was a proof is asked by what was stored last, and gets one.
    let proof = inspector.read("KEYS").await.unwrap().into_iter().find(|m| m.subject == "key.proof").unwrap();
    inspector.jetstream.get_stream("KEYS").await.unwrap().delete_message(proof.sequence).await.unwrap();
    hub.stop().await.unwrap();
    put_another(&kept, &file);
    refused(&mut hub, "is not the key of this store").await;
    std::fs::copy(&kept, &file).unwrap();
    hub.restart().await.unwrap();
    let keys = hub.inspector().await.unwrap().read("KEYS").await.unwrap();
    assert!(keys.iter().any(|m| m.subject == "key.proof"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_gateways_that_begin_a_store_with_different_keys_one_does_not_start() {
    let dir = std::env::temp_dir().join(format!("huiliu-test-{}", uuid::Uuid::new_v4().simple()));
    let (user, password) = GATEWAY;
    let own = OwnServer::start(&dir.join("one"), &dir.join("one/store")).await.unwrap();
    let plans = [plan(), plan()].map(|plan| TestHub::start(plan.external(&own.url, user, password)));
    let [one, other] = plans;
    let (one, other) = tokio::join!(one, other);
    let refused: Vec<String> =
        [&one, &other].into_iter().filter_map(|h| h.as_ref().err()).map(|e| format!("{e:#}")).collect();
    assert_eq!(refused.len(), 1, "one of them has the store: {refused:?}");
    assert!(
        refused[0].contains("the store is not empty") || refused[0].contains("is not the key of this store"),
        "{}",
        refused[0]
    );
    drop((one, other));
    own.stop().await.unwrap();
    std::fs::remove_dir_all(dir).unwrap();
}
