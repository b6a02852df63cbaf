//! One case from its source to the responsible queue, and the answer back.

use huiliu_tests::hub::{PATIENCE, eventually};
use huiliu_tests::sim::{Action, FollowUp, Quirks, Source};
use serde_json::{Value, json};

use super::steps::{command, done, noise, noise_petition};
use super::world::{Way, World, ask, events, pull};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hotline_order_that_is_pushed() {
    let world = World::new(Way::Push).await;
    let id = world.hotline.source.put(&noise("walk-push-1"));
    walk(&world, &world.hotline.source, &id).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hotline_order_that_is_pulled() {
    let world = World::new(Way::Poll).await;
    let id = world.hotline.source.put(&noise("walk-poll-1"));
    walk(&world, &world.hotline.source, &id).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_petition_that_is_pushed_as_a_form() {
    let world = World::new(Way::Push).await;
    let id = world.petition.source.put(&noise_petition("33020500202611220001"));
    walk(&world, &world.petition.source, &id).await;
}

/// Arrives, is routed with its rule, is handed out, goes back and elsewhere, is worked on and resolved, and the source has
/// each answer once.
async fn walk(world: &World, source: &Source, id: &str) {
    let case = world.case_when(id, |c| c["case"]["stage"] == "dispatched").await;
    let case_id = case["case"]["id"].as_str().unwrap();
    assert_eq!(case["case"]["lead"], "jb-ecology", "{case}");
    assert_eq!(case["case"]["matter"], "040203", "{case}");
    assert_eq!(case["decision"]["rule"]["file"], "responsibilities.csv", "{case}");
    assert!(case["decision"]["rule"]["line"].as_u64().unwrap() > 1, "{case}");

    let (ecology, desk) = (world.hub.caller("jb-ecology"), world.desk());
    let entries = world.take("jb-ecology").await;
    let entry = &entries[0]["entry"];
    assert_eq!((entry["case_id"].as_str(), entry["kind"].as_str()), (Some(case_id), Some("dispatch")));
    assert!(entries[0]["content"]["text"].as_str().unwrap().contains("十一点"), "{}", entries[0]);
    assert!(world.has_nothing("jb-ecology").await, "an acknowledged entry was handed out again");

    let signed = done(&ecology, case_id, "sign_for", json!({ "id": "w-sign" })).await;
    assert_eq!((signed["stage"].as_str(), signed["result"].as_str()), (Some("signed_for"), Some("done")));
    let again = done(&ecology, case_id, "sign_for", json!({ "id": "w-sign" })).await;
    assert_eq!((again["result"].as_str(), &again["events"]), (Some("known"), &signed["events"]));

    let back = json!({ "id": "w-back", "reason": "not_our_duty", "suggested": "jb-enforcement", "note": "建筑施工噪声归综合执法" });
    done(&ecology, case_id, "request_return", back).await;
    let grant = json!({
        "id": "w-grant", "department": "jb-ecology",
        "assignees": [{ "department": "jb-enforcement", "role": "lead" }],
    });
    let granted = done(&desk, case_id, "grant_return", grant).await;
    assert_eq!(granted["stage"], "dispatched", "{granted}");
    let late = command(&ecology, case_id, "progress", json!({ "id": "w-late", "note": "晚了" })).await;
    assert_eq!(late.status, 403, "{}", late.body);
    assert_eq!(late.body["refusal"]["lead"], "jb-enforcement", "where it went is not said: {}", late.body);

    resolve_over_nats(world, case_id).await;
    check_answers(source, id).await;
    check_echo(world, source, id).await;
}

/// The second department has a NATS client and nothing else.
async fn resolve_over_nats(world: &World, case: &str) {
    let client = world.hub.nats("jb-enforcement").await.unwrap();
    let entry = loop {
        let entry = pull(&client, "jb-enforcement").await;
        if entry["role"] == "lead" {
            break entry;
        }
    };
    assert_eq!(entry["case_id"].as_str(), Some(case));
    assert!(entry.get("content").is_none(), "words in a queue entry: {entry}");
    let opened = ask(&client, "open.jb-enforcement", &json!({ "case": case, "n": entry["n"] })).await;
    assert!(opened["content"]["text"].as_str().unwrap().contains("十一点"), "{opened}");
    let tell = async |kind: &str, mut body: Value| {
        body["case"] = case.into();
        let told = ask(&client, &format!("command.jb-enforcement.{kind}"), &body).await;
        assert_eq!(told["result"], "done", "{kind}: {told}");
    };
    tell("sign_for", json!({ "id": "n-sign" })).await;
    tell("progress", json!({ "id": "n-step", "note": "已到现场", "reply": "已派员到现场核实。" })).await;
    tell("resolve", json!({ "id": "n-done", "solved": "yes", "contacted": true, "reply": "工地已停止夜间施工。" }))
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_proxy_answers_for_the_source_is_no_refusal() {
    let world = World::new(Way::Push).await;
    let source = &world.hotline.source;
    let id = source.put(&noise("proxy-1"));
    let case = world.case_when(&id, |c| c["case"]["stage"] == "dispatched").await;
    let case = case["case"]["id"].as_str().unwrap();
    source.set_quirks(Quirks { login_rate: 1.0, ..Quirks::none() });
    let ecology = world.hub.caller("jb-ecology");
    done(&ecology, case, "sign_for", json!({ "id": "p-sign", "n": 1 })).await;
    let result = json!({ "id": "p-done", "solved": "yes", "contacted": true, "reply": "工地已停止夜间施工。" });
    done(&ecology, case, "resolve", result).await;
    eventually("the answer to be sent to a login page", PATIENCE, async || {
        world.hub.log().contains("did not take an answer").then_some(())
    })
    .await
    .unwrap();
    source.set_quirks(Quirks::none());
    let told = async || source.item(&id).filter(|i| i.has(Action::Accept) && i.has(Action::Result));
    eventually("both answers at the source", PATIENCE, told).await.unwrap();
    let inspector = world.hub.inspector().await.unwrap();
    assert_eq!(inspector.state("DEAD").await.unwrap().0, 0, "nothing was given up");
}

/// The source has the acceptance, the progress and the result, each once and in our words.
async fn check_answers(source: &Source, id: &str) {
    let item =
        eventually("the result at the source", PATIENCE, async || source.item(id).filter(|i| i.has(Action::Result)));
    let item = item.await.unwrap();
    let results: Vec<_> = item.answers.iter().filter(|a| a.action == Action::Result).collect();
    assert_eq!(results.len(), 1, "{results:?}");
    let words = results[0].body["content"].as_str().or(results[0].body["hfgznr"].as_str());
    assert_eq!(words, Some("工地已停止夜间施工。"), "{:?}", results[0].body);
    let unit = results[0].body["handleDeptName"].as_str().or(results[0].body["bljg"].as_str());
    assert!(unit.unwrap().contains("综合行政执法局"), "{:?}", results[0].body);
    assert!(item.has(Action::Accept) && item.has(Action::Progress), "{:?}", item.answers);
}

/// Our own answer comes round again with the source's record, and changes nothing.
async fn check_echo(world: &World, source: &Source, id: &str) {
    let told = |c: &Value| c["answers"].as_array().unwrap().iter().all(|a| a["state"] == "told");
    let before = world.case_when(id, |c| c["case"]["stage"] == "resolved" && told(c)).await;
    let requests = source.summary().requests;
    eventually("the source to be read again, or to have pushed everything", PATIENCE, async || {
        let now = source.summary();
        (now.pushes_acknowledged > 0 && now.pushes_waiting == 0 || now.requests > requests + 3).then_some(())
    })
    .await
    .unwrap();
    let after = world.case(id).await;
    assert_eq!(events(&before), events(&after), "the echo of our own answer changed the case");
    assert_eq!(after["case"]["stage"], "resolved");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_source_says_more_reaches_the_queue_once() {
    let world = World::new(Way::Push).await;
    let source = &world.hotline.source;
    let id = source.put(&noise("more-1"));
    let case = world.case_when(&id, |c| c["case"]["stage"] == "dispatched").await;
    let case_id = case["case"]["id"].as_str().unwrap().to_owned();
    assert_eq!(world.take("jb-ecology").await.len(), 1);

    // The same record again: nothing.
    source.put(&json!({ "orderId": id }));
    source.wait_for(|s| s.pushes_waiting == 0).await;
    assert_eq!(events(&world.case(&id).await), events(&case), "an exact repeat changed the case");

    for (what, kind) in
        [(FollowUp::Supplement, "supplement"), (FollowUp::Urge, "urge"), (FollowUp::Withdraw, "withdrawn")]
    {
        source.follow_up(&id, what).unwrap();
        if kind != "withdrawn" {
            let entries = world.take("jb-ecology").await;
            assert_eq!(entries.len(), 1, "{entries:?}");
            assert_eq!(entries[0]["entry"]["kind"], kind, "{:?}", entries[0]);
            assert_eq!(entries[0]["entry"]["case_id"], case_id.as_str());
        }
    }
    let ended = world.case_when(&id, |c| c["case"]["stage"] == "withdrawn").await;
    let ecology = world.hub.caller("jb-ecology");
    let refused = command(&ecology, &case_id, "sign_for", json!({ "id": "too-late" })).await;
    assert_eq!(refused.status, 409, "{}", refused.body);
    assert_eq!(refused.body["refusal"]["code"], "dead_entry", "{}", refused.body);
    assert_eq!(refused.body["refusal"]["stage"], "withdrawn", "{}", refused.body);
    assert_eq!(events(&world.case(&id).await), events(&ended), "a refusal left something in the log");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_case_that_was_not_truly_solved_comes_back() {
    let world = World::new(Way::Push).await;
    let source = &world.hotline.source;
    let id = source.put(&noise("again-1"));
    let case = world.case_when(&id, |c| c["case"]["stage"] == "dispatched").await;
    let case_id = case["case"]["id"].as_str().unwrap().to_owned();
    let (ecology, desk) = (world.hub.caller("jb-ecology"), world.desk());
    assert_eq!(world.take("jb-ecology").await.len(), 1);
    let resolve = async |round: &str| {
        done(&ecology, &case_id, "sign_for", json!({ "id": format!("sign-{round}") })).await;
        let reply = format!("工地已停止夜间施工（{round}）。");
        let result = json!({ "id": format!("done-{round}"), "solved": "yes", "contacted": true, "reply": reply });
        done(&ecology, &case_id, "resolve", result).await;
        let told = |c: &Value| c["answers"].as_array().unwrap().iter().all(|a| a["state"] == "told");
        world.case_when(&id, |c| c["case"]["stage"] == "resolved" && told(c)).await;
    };
    let comes_back = async || {
        let entries = world.take("jb-ecology").await;
        assert_eq!(entries.len(), 1, "{entries:?}");
        assert_eq!(entries[0]["entry"]["kind"], "reopen", "{:?}", entries[0]);
        assert_eq!(entries[0]["entry"]["case_id"], case_id.as_str());
        entries[0]["content"].clone()
    };

    resolve("1").await;
    source.put(&json!({ "orderId": id, "orderState": "重办", "visitIsSolved": "未解决" }));
    comes_back().await;
    // The same again, and what else the source shows of our answer, is nothing new.
    source.put(&json!({ "orderId": id }));
    source.wait_for(|s| s.pushes_waiting == 0).await;
    let back = world.case_when(&id, |c| c["case"]["stage"] == "dispatched").await;
    assert_eq!(events(&back).iter().filter(|e| *e == "reopened").count(), 1, "{back}");

    // What was said in the first round is not taken for what is said in this one.
    for id in ["done-1", "sign-1"] {
        let again = json!({ "id": id, "solved": "yes", "contacted": true, "reply": "工地确已停止夜间施工。" });
        let refused = command(&ecology, &case_id, "resolve", again).await;
        assert_eq!((refused.status, &refused.body["refusal"]["code"]), (409, &json!("id_reused")), "{}", refused.body);
    }

    resolve("2").await;
    let view = json!({ "id": "bad", "by": "reviewer", "assessment": { "solved": "no" }, "note": "夜里仍在施工" });
    done(&desk, &case_id, "assess", view).await;
    assert_eq!(comes_back().await["note"], "夜里仍在施工");
}
