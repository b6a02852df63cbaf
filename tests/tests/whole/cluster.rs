//! Three nats-servers and two gateways, with the configuration that is shipped: one of each is killed while cases come.

use std::time::Duration;

use async_nats::jetstream::consumer::pull;
use huiliu_tests::harness::log::Log;
use huiliu_tests::hub::{ChannelPlan, GATEWAY, OwnCluster, PATIENCE, Plan, TestHub, eventually};
use tokio::time::sleep;

use super::repair::{feed, figure, queues_come_right};
use super::world::{DEPARTMENTS, HOTLINE};

const BATCH: usize = 20;

fn plan(cluster: &OwnCluster) -> Plan {
    let plan = Plan::built().unwrap().channel(ChannelPlan::new(HOTLINE)).departments(DEPARTMENTS);
    plan.on_cluster(&cluster.urls, 3, GATEWAY.0, GATEWAY.1)
}

/// As an office does it: the settings, the list of who may come in, the servers, the gateway.
async fn started() -> (OwnCluster, TestHub) {
    let mut cluster = OwnCluster::laid_out().unwrap();
    let mut hub = plan(&cluster).lay_out().unwrap();
    let list = hub.huiliu(&["keys", "nats"]).await.unwrap();
    let list = String::from_utf8(list.stdout).unwrap();
    assert!(!list.contains(GATEWAY.1) && !list.contains(hub.secret("jb-ecology")), "hashes only");
    cluster.start(&list).await.unwrap();
    hub.restart().await.unwrap();
    (cluster, hub)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_loses_a_server_and_a_gateway_and_no_case() {
    let (mut cluster, mut first) = started().await;
    let second = TestHub::start(plan(&cluster).sharing(&first)).await.unwrap();

    let (a, b) = tokio::join!(feed(&first, "calm", BATCH), feed(&second, "calm", BATCH));
    assert_eq!(a, b, "the same orders through both gateways are the same cases");

    // The server that leads the log dies in the middle of a batch, then a gateway.
    let (fed, killed) = tokio::join!(feed(&second, "no-leader", BATCH), async {
        sleep(Duration::from_millis(20)).await;
        cluster.kill_leader("CASES").await.unwrap()
    });
    assert_eq!(fed.len(), BATCH);
    let (fed, _) = tokio::join!(feed(&second, "no-first", BATCH), async {
        let pushed_and_gone = tokio::time::timeout(Duration::from_millis(100), feed(&first, "no-first", BATCH));
        // Whether it got as far as an answer does not matter: the same orders come through the other.
        let _unknown = pushed_and_gone.await;
        first.kill().await.unwrap();
    });
    assert_eq!(fed.len(), BATCH);

    figure(&second, "huiliu_stream_replicas_behind{stream=\"CASES\"} 1").await;
    cluster.spawn(killed).unwrap();
    figure(&second, "huiliu_stream_replicas_behind{stream=\"CASES\"} 0").await;
    first.restart().await.unwrap();
    assert_eq!(feed(&first, "whole-again", BATCH).await.len(), BATCH);

    let inspector = cluster.inspector().await.unwrap();
    queues_come_right(&first, &inspector).await;
    let read = eventually("the log", PATIENCE, async || inspector.read("CASES").await.ok());
    let log = Log::read(&read.await.unwrap());
    assert_eq!(log.cases.len(), 4 * BATCH, "each order is one case");
    assert!(log.cases.values().all(|h| h.chain_holds && h.events.len() == 2), "registered and dispatched, once each");
    assert!(log.entries.values().all(|count| *count == 1));

    let options =
        async_nats::ConnectOptions::with_user_and_password("jb-ecology".into(), first.secret("jb-ecology").into())
            .custom_inbox_prefix("_INBOX_jb-ecology");
    let department =
        async_nats::jetstream::new(options.connect(cluster.urls[(killed + 1) % 3].as_str()).await.unwrap());
    let seen = eventually("the department to see its own queue", PATIENCE, async || {
        let queue = department.get_consumer_from_stream::<pull::Config, _, _>("jb-ecology", "QUEUES").await.ok()?;
        (queue.cached_info().num_pending > 0).then_some(())
    });
    seen.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_that_starts_waits_for_a_majority() {
    let (mut cluster, mut hub) = started().await;
    let before = feed(&hub, "before", BATCH).await;
    hub.stop().await.unwrap();

    // One of three servers lets clients in, and can neither answer for a stream nor make one.
    for place in [1, 2] {
        cluster.kill(place).unwrap();
    }
    hub.spawn().unwrap();
    let waits = async || hub.log().contains("the engine is not ready").then_some(());
    eventually("the gateway to say that it waits", PATIENCE, waits).await.unwrap();
    assert!(!hub.is_ready().await);

    for place in [1, 2] {
        cluster.spawn(place).unwrap();
    }
    hub.ready().await.unwrap();
    assert_eq!(feed(&hub, "before", BATCH).await, before, "the same orders are the cases they were");
}
