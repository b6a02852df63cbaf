//! What stands in headers: entity tags and conditions, the key of a command, the limit of a channel.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::site::Site;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_had_is_not_sent_again() {
    let mut site = Site::start().await;
    let (_, case) = site.new_case("1").await;
    let operator = site.operator().to_owned();
    for path in [format!("/v1/cases/{case}"), "/v1/labels".into(), "/v1/channels".into(), "/v1/openapi.json".into()] {
        let first = site.send(Method::GET, &path, &operator, &[], None).await;
        let tag = first.headers()["etag"].to_str().expect("text").to_owned();
        assert!(!first.bytes().await.expect("a body").is_empty());
        let again = site.send(Method::GET, &path, &operator, &[("if-none-match", &tag)], None).await;
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{path}");
        assert_eq!(again.headers()["etag"], tag);
        assert!(again.bytes().await.expect("a body").is_empty());
        let other = site.send(Method::GET, &path, &operator, &[("if-none-match", "\"0-0\"")], None).await;
        assert_eq!(other.status(), StatusCode::OK, "{path}");
    }
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_may_depend_on_the_case_as_it_was_seen() {
    let mut site = Site::start().await;
    let (department, case) = site.new_case("1").await;
    let (view, command) = (format!("/v1/cases/{case}"), format!("/v1/cases/{case}/commands/supplement"));
    let operator = site.operator().to_owned();
    let looked = site.send(Method::GET, &view, &operator, &[], None).await;
    let seen = looked.headers()["etag"].to_str().expect("text");
    let send = async |id: &str, key: &str, path: &str, headers: &[(&str, &str)]| {
        let answer =
            site.send(Method::POST, path, key, headers, Some(json!({ "id": id, "note": "昨夜又施工。" }))).await;
        (answer.status(), answer.json::<Value>().await.expect("json"))
    };
    let progress = format!("/v1/cases/{case}/commands/progress");
    let (status, done) = send("s-1", &operator, &command, &[("if-match", seen)]).await;
    assert_eq!((status, &done["result"]), (StatusCode::OK, &json!("done")), "{done}");
    let (status, refused) = send("s-2", &operator, &command, &[("if-match", seen)]).await;
    assert_eq!(
        (status, &refused["refusal"]["code"]),
        (StatusCode::PRECONDITION_FAILED, &json!("changed")),
        "{refused}"
    );
    let (status, known) = send("s-1", &operator, &command, &[("if-match", seen)]).await;
    assert_eq!((status, &known["result"]), (StatusCode::OK, &json!("known")), "what was done stays done: {known}");
    let (status, refused) = send("s-3", site.key_of(&department), &progress, &[("if-match", "\"none of ours\"")]).await;
    assert_eq!(status, StatusCode::PRECONDITION_FAILED, "{refused}");
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_of_a_command_may_stand_in_a_header() {
    let mut site = Site::start().await;
    let (_, case) = site.new_case("1").await;
    let (path, operator) = (format!("/v1/cases/{case}/commands/supplement"), site.operator().to_owned());
    let send = async |header: &str, body: Value| {
        let answer = site.send(Method::POST, &path, &operator, &[("idempotency-key", header)], Some(body)).await;
        (answer.status(), answer.json::<Value>().await.expect("json"))
    };
    let note = json!({ "note": "昨夜又施工。" });
    let (_, done) = send("\"k-1\"", note.clone()).await;
    let (_, known) = send("k-1", note.clone()).await;
    assert_eq!((&done["result"], &known["result"], &known["id"]), (&json!("done"), &json!("known"), &json!("k-1")));
    let (status, other) = send("k-1", json!({ "id": "k-2", "note": "昨夜又施工。" })).await;
    assert_eq!((status, &other["fields"][0]["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("id")), "{other}");
    let (status, unreadable) = send("not a key", note).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{unreadable}");
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nothing_answers_is_a_problem_too() {
    let mut site = Site::start().await;
    let operator = site.operator().to_owned();
    let answer = site.send(Method::PUT, "/v1/cases", &operator, &[], None).await;
    assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(answer.headers()["allow"], "GET,HEAD");
    assert_eq!(answer.json::<Value>().await.expect("json")["type"], "urn:huiliu:problem:method-not-allowed");
    let answer = site.send(Method::POST, "/v1/cases/x/commands/dance", &operator, &[], None).await;
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    let path = format!("/v1/channels/{}/try", crate::site::CHANNEL);
    let answer = site.send(Method::POST, &path, site.channel_key(), &[], Some(json!({}))).await;
    assert!(answer.headers()["ratelimit-policy"].to_str().expect("text").starts_with("\"channel\";q="));
    assert!(answer.headers()["ratelimit"].to_str().expect("text").starts_with("\"channel\";r="));
    site.stop().await;
}
