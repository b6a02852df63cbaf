//! Looking at queues, offering again, reconciling.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::site::{SECRET_NAME, SECRET_PHONE, Site};

const MISTAKE: &str = "acknowledged_by_mistake";

fn why() -> Option<Value> {
    Some(json!({ "because": MISTAKE }))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_acknowledged_by_mistake_is_offered_again_and_a_dead_one_never() {
    let mut site = Site::start().await;
    let (department, case) = site.new_case("1").await;
    let standing = site.standing(&department, |q| q["queued"] == 1 && q["live"] == 1).await;
    assert!(standing["oldest_live_age_seconds"].is_u64(), "{standing}");
    assert!(standing["name"].is_string(), "{standing}");

    let peek = format!("/v1/queues/{department}");
    let seen = site.get(&peek).await;
    assert_eq!(seen["entries"][0]["live"], true, "{seen}");
    assert_eq!(seen["entries"][0]["entry"]["case_id"], case.as_str());
    assert!(!seen.to_string().contains(SECRET_NAME) && !seen.to_string().contains(SECRET_PHONE), "{seen}");
    assert_eq!(site.get(&peek).await["entries"], seen["entries"]);
    let n = seen["entries"][0]["entry"]["n"].as_u64().expect("n");
    let requeue = format!("/v1/queues/{department}/{case}/{n}/requeue");

    let (status, refused) = site.post(&requeue, why()).await;
    assert_eq!(status, StatusCode::CONFLICT, "{refused}");
    assert!(refused["detail"].as_str().expect("detail").contains("still stands in QUEUES"), "{refused}");

    let taken = site.take(&department).await;
    assert_eq!(taken.len(), 1);
    assert_eq!(site.standing(&department, |q| q["unacknowledged"] == 1).await["queued"], 1);
    site.acknowledge(&department, &taken[0]).await;
    assert_eq!(site.standing(&department, |q| q["queued"] == 0).await["live"], 1);

    let own_key = site.key_of(&department);
    let (status, _) = site.ask(Method::POST, &requeue, own_key, why()).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    let (status, said) = site.post(&requeue, Some(json!({ "because": "王示例说的" }))).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(said["detail"].as_str().expect("detail").contains(MISTAKE), "{said}");

    let (status, done) = site.post(&requeue, why()).await;
    assert_eq!(status, StatusCode::OK, "{done}");
    assert!(done["sequence"].as_u64() > done["former"].as_u64(), "{done}");
    let again = site.take(&department).await;
    assert_eq!((again.len(), again[0]["entry"]["n"].as_u64()), (1, Some(n)));
    site.acknowledge(&department, &again[0]).await;

    let path = format!("/v1/cases/{case}/commands/sign_for");
    let (status, signed) = site.ask(Method::POST, &path, own_key, Some(json!({ "id": "s-1" }))).await;
    assert_eq!(status, StatusCode::OK, "{signed}");
    let (status, refused) = site.post(&requeue, why()).await;
    assert_eq!(status, StatusCode::CONFLICT, "{refused}");
    assert!(refused["detail"].as_str().expect("detail").contains("not live"), "{refused}");
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_made_anew_holds_what_was_offered_twice_only_once() {
    let mut site = Site::start().await;
    let (older, _) = site.new_case("1").await;
    let (department, case) = site.new_case("2").await;
    assert_eq!(older, department);
    site.standing(&department, |q| q["queued"] == 2).await;
    let taken = site.take(&department).await;
    let second = taken.iter().find(|e| e["entry"]["case_id"] == case.as_str()).expect("the second case");
    site.acknowledge(&department, second).await;
    site.standing(&department, |q| q["queued"] == 1).await;
    let n = &second["entry"]["n"];
    let (status, done) = site.post(&format!("/v1/queues/{department}/{case}/{n}/requeue"), why()).await;
    assert_eq!(status, StatusCode::OK, "{done}");
    site.standing(&department, |q| q["queued"] == 2).await;

    site.app().engine.jetstream.delete_stream("QUEUES").await.expect("deleted");
    let (status, report) = site.post("/v1/queues/reconcile", None).await;
    assert_eq!(status, StatusCode::OK, "{report}");
    assert!(report["recreated"]["from"].is_u64(), "{report}");
    assert_eq!(report["purged"], 1, "{report}");
    assert_eq!(site.standing(&department, |q| q["queued"].is_u64()).await["queued"], 2);

    // Their numbers are given again: what acknowledged an entry of the former queue acknowledges none of this one.
    let now = site.take(&department).await;
    assert_eq!(now.len(), 2);
    for former in &taken {
        let body = json!({ "ack": former["ack"] });
        let (status, problem) = site.ask(Method::POST, "/v1/queue/ack", site.key_of(&department), Some(body)).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{problem}");
    }
    assert_eq!(site.standing(&department, |q| q["queued"].is_u64()).await["queued"], 2);
    let body = json!({ "ack": [taken[0]["ack"], now[0]["ack"]] });
    let (status, problem) = site.ask(Method::POST, "/v1/queue/ack", site.key_of(&department), Some(body)).await;
    assert_eq!(status, StatusCode::NOT_FOUND, "{problem}");
    assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains("number 1 ")), "{problem}");
    site.standing(&department, |q| q["queued"] == 1).await;
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_centre_looks_and_mends() {
    let mut site = Site::start().await;
    let department = site.key_of("jb-housing");
    for (method, path) in [
        (Method::GET, "/v1/queues"),
        (Method::GET, "/v1/queues/jb-housing"),
        (Method::POST, "/v1/queues/reconcile"),
        (Method::GET, "/v1/dead"),
        (Method::GET, "/v1/dead/1"),
        (Method::POST, "/v1/dead/replay"),
    ] {
        let (status, problem) = site.ask(method.clone(), path, department, None).await;
        assert_eq!(
            (status, &problem["type"]),
            (StatusCode::FORBIDDEN, &"urn:huiliu:problem:forbidden".into()),
            "{path}"
        );
        let (status, _) = site.ask(method, path, "nobody", None).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{path}");
    }
    let (status, problem) = site.post("/v1/queues/nowhere/1/1/requeue", why()).await;
    assert_eq!(status, StatusCode::NOT_FOUND, "{problem}");
    site.stop().await;
}
