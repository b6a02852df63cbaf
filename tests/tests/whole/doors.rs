//! Nobody reads what is not theirs.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use huiliu_tests::hub::{PATIENCE, eventually};
use serde_json::json;

use super::steps::noise;
use super::world::{HOTLINE, Way, World};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_department_reads_its_own_queue_and_nothing_else() {
    let world = World::new(Way::Push).await;
    let id = world.hotline.source.put(&noise("door-1"));
    let case = world.case_when(&id, |c| c["case"]["stage"] == "dispatched").await;
    let case_id = case["case"]["id"].as_str().unwrap();
    assert!(world.has_nothing("jb-cicheng").await, "a department without a part was handed something");

    let cicheng = world.hub.caller("jb-cicheng");
    for (path, status) in [
        (format!("/v1/cases/{case_id}/content"), 404),
        (format!("/v1/cases/{case_id}"), 403),
        ("/v1/cases".into(), 403),
    ] {
        assert_eq!(cicheng.get(&path).await.unwrap().status, status, "{path}");
    }
    // Nothing on its way may keep what may be personal; what says by itself how it may be kept still does.
    let kept = async |who: &str, path: &str| {
        world.hub.caller(who).get(path).await.unwrap().header("cache-control").map(str::to_owned)
    };
    assert_eq!(kept("jb-cicheng", "/v1/queue").await.as_deref(), Some("no-store"));
    assert_eq!(kept("jb-cicheng", "/v1/cases").await.as_deref(), Some("no-store"));
    let cases = kept("desk", "/v1/cases").await;
    assert_eq!(cases.as_deref(), Some("private, no-cache"));
    assert_eq!(world.hub.caller("nobody").get("/v1/queue").await.unwrap().status, 401);
    // Ids follow from the sources' numbers: to a stranger, a case that is there is one that is not.
    let none = "00000000-0000-5000-8000-000000000000";
    for more in [json!({ "id": "not-mine" }), json!({ "id": "not-mine-2", "n": 1 })] {
        let [there, nowhere] = [case_id, none].map(|case| {
            let (cicheng, more) = (&cicheng, &more);
            async move { cicheng.command(case, "sign_for", more).await }
        });
        let (there, nowhere) = (there.await, nowhere.await);
        assert_eq!(there.status, 404, "{}", there.body);
        assert_eq!(there.body.to_string().replace(case_id, ""), nowhere.body.to_string().replace(none, ""));
    }

    let nats = world.hub.nats("jb-cicheng").await.unwrap();
    let [there, nowhere] =
        [case_id, none].map(|case| nats.request("open.jb-cicheng", json!({ "case": case }).to_string().into()));
    let (there, nowhere) = (there.await.unwrap(), nowhere.await.unwrap());
    let told = |answer: &async_nats::Message| String::from_utf8_lossy(&answer.payload).into_owned();
    assert_eq!(told(&there).replace(case_id, ""), told(&nowhere).replace(none, ""));

    // Another's acknowledgement token is worth nothing.
    let entry = world.hub.caller("jb-ecology").get("/v1/queue?wait=5").await.unwrap().body["entries"][0].clone();
    let acked = cicheng.post("/v1/queue/ack", &json!({ "ack": entry["ack"] })).await.unwrap();
    assert_ne!(acked.status, 204, "{}", acked.body);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_nats_the_server_itself_keeps_the_queues_apart() {
    let world = World::new(Way::Push).await;
    let id = world.hotline.source.put(&noise("door-2"));
    world.case_when(&id, |c| c["case"]["stage"] == "dispatched").await;
    let client = world.hub.nats("jb-cicheng").await.unwrap();
    let short = |subject: &str| {
        let request = async_nats::Request::new().payload("{\"batch\":1,\"expires\":500000000}".into());
        client.send_request(subject.to_owned(), request.timeout(Some(Duration::from_secs(2))))
    };
    for forbidden in [
        "$JS.API.CONSUMER.MSG.NEXT.QUEUES.jb-ecology",
        "$JS.API.STREAM.INFO.CASES",
        "$JS.API.DIRECT.GET.QUEUES",
        "$JS.API.STREAM.PURGE.QUEUES",
        "command.jb-ecology.sign_for",
        "open.jb-ecology",
        "case.cac304cb-9a77-53f1-80b7-f539c2d4216a",
    ] {
        assert!(short(forbidden).await.is_err(), "{forbidden} was answered");
    }
    // The same client may ask for its own: the control.
    let own = short("$JS.API.CONSUMER.INFO.QUEUES.jb-cicheng").await;
    assert!(own.is_ok(), "{own:?}");
    assert!(async_nats::connect(world.hub.nats_url().unwrap()).await.is_err(), "a client without credentials came in");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_key_is_refused_over_nats_even_if_the_server_did_not_hear_it_at_once() {
    let world = World::new(Way::Push).await;
    world.hub.nats("jb-cicheng").await.unwrap();
    world.hub.freeze_server(true).await.unwrap();
    let revoked = world.hub.huiliu(&["keys", "revoke", "jb-cicheng"]).await.unwrap();
    assert!(revoked.status.success(), "{}", String::from_utf8_lossy(&revoked.stderr));
    let missed = async || world.hub.log().contains("still has the former users").then_some(());
    let missed = eventually("the server not to hear it", PATIENCE, missed).await;
    world.hub.freeze_server(false).await.unwrap();
    missed.unwrap();
    let refused = async || world.hub.nats("jb-cicheng").await.is_err().then_some(());
    eventually("the revoked key to be refused", PATIENCE, refused).await.unwrap();
    // Who comes in the moment in which the server reads its users anew is refused too, and tries again.
    let let_in = async || world.hub.nats("jb-police").await.ok();
    eventually("another's key to be let in", PATIENCE, let_in).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_with_a_key_that_is_revoked_gets_nothing_more() {
    let world = World::new(Way::Push).await;
    let cicheng = world.hub.caller("jb-cicheng");
    let waiting = tokio::spawn(async move { cicheng.get("/v1/queue?wait=30").await });
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(!waiting.is_finished(), "it waits");
    world.hub.huiliu(&["keys", "revoke", "jb-cicheng"]).await.unwrap();
    assert_eq!(waiting.await.unwrap().unwrap().status, 401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_asks_too_much_is_told_to_wait_and_keeps_nobody_out() {
    let world = World::new(Way::Push).await;
    let [cicheng, police] = ["jb-cicheng", "jb-police"].map(|name| world.hub.caller(name));
    let ack = json!({ "ack": "bm90aGluZw" });
    let asked = join_all((0..400).map(|_| cicheng.post("/v1/queue/ack", &ack))).await;
    let told: Vec<_> = asked.into_iter().map(Result::unwrap).filter(|a| a.status == 429).collect();
    assert!(!told.is_empty(), "all were heard");
    assert!(told.iter().all(|a| a.header("retry-after").is_some()));
    assert_eq!(police.post("/v1/queue/ack", &ack).await.unwrap().status, 404);
    let long = json!({ "id": "long", "note": "x".repeat(300 << 10) });
    let long = police.post("/v1/cases/HL-P2MN-RWXY-D258/commands/progress", &long).await.unwrap();
    assert_eq!(long.status, 413, "{}", long.body);

    // The same over NATS, where what is too much is answered at once.
    let nats = world.hub.nats("jb-cicheng").await.unwrap();
    let open = || nats.request("open.jb-cicheng", json!({ "case": "HL-P2MN-RWXY-D258" }).to_string().into());
    let answers = join_all((0..400).map(|_| open())).await;
    let status =
        |a: async_nats::Message| serde_json::from_slice::<serde_json::Value>(&a.payload).unwrap()["status"].as_u64();
    let statuses: Vec<_> = answers.into_iter().map(|a| status(a.unwrap())).collect();
    assert!(
        statuses.contains(&Some(429)) && statuses.iter().all(|s| [Some(404), Some(429)].contains(s)),
        "{statuses:?}"
    );
}

/// What opens a case or a stored envelope costs more than most of what is asked.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_opens_cases_and_reads_receipts_has_a_share_of_that_too() {
    let world = World::new(Way::Push).await;
    for (who, path) in
        [("jb-cicheng", "/v1/cases/HL-P2MN-RWXY-D258/content"), (HOTLINE, "/v1/receipts/hotline-12345.4711")]
    {
        let caller = world.hub.caller(who);
        let asked = join_all((0..400).map(|_| caller.get(path))).await;
        let statuses: Vec<_> = asked.into_iter().map(|answer| answer.unwrap().status).collect();
        assert!(statuses.contains(&429) && statuses.iter().all(|s| [404, 429].contains(s)), "{path}: {statuses:?}");
        assert_eq!(world.desk().get(path).await.unwrap().status, 404, "{path}: another's share");
    }
}

/// A server that was started again does not know of a question that came before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_for_entries_is_answered_whatever_becomes_of_the_server() {
    let world = World::new(Way::Push).await;
    let caller = world.hub.caller("jb-ecology");
    let wait = Duration::from_secs(5);
    let asked = tokio::spawn(async move {
        let began = Instant::now();
        (caller.get("/v1/queue?wait=5").await.unwrap().status, began.elapsed())
    });
    tokio::time::sleep(wait / 5).await;
    world.hub.kill_server().await.unwrap();
    let (status, waited) = asked.await.unwrap();
    assert!(status == 200 || status == 503, "{status}");
    assert!(waited < 3 * wait, "{waited:?}");
}
