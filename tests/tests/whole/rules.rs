//! What the law binds the hub to: the accused and the confidential.

use serde_json::{Value, json};

use super::steps::{command, done, noise};
use super::world::{DEPARTMENTS, Way, World, ask};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_accused_never_receives_the_accusation() {
    let world = World::new(Way::Push).await;
    let mut order = noise("accuse-1");
    let accusation = json!({
        "callerType": "检举控告", "reflectName": "宁波市生态环境局江北分局", "title": "反映环保局工作人员收受好处",
        "majorContent": "举报区环保局工作人员收受工地好处，对夜间施工视而不见。",
    });
    for (key, value) in accusation.as_object().unwrap() {
        order[key] = value.clone();
    }
    let id = world.hotline.source.put(&order);
    let case = world.case_when(&id, |c| c["case"]["stage"] != "registered").await;
    assert_eq!(case["marks"]["accusation"], true, "{case}");
    let sent: Vec<&Value> = case["entries"].as_array().unwrap().iter().map(|e| &e["department"]).collect();
    assert!(!sent.contains(&&json!("jb-ecology")), "{case}");
    let case_id = case["case"]["id"].as_str().unwrap();
    assert!(world.has_nothing("jb-ecology").await);

    // Nor by a person's hand, nor may it look.
    let kind = if case["case"]["stage"] == "triage" { "dispatch" } else { "redispatch" };
    let body = json!({ "id": "by-hand", "note": "x", "assignees": [{ "department": "jb-ecology", "role": "lead" }] });
    let refused = command(&world.desk(), case_id, kind, body).await;
    assert_eq!(refused.body["refusal"]["code"], "accused", "{}", refused.body);
    let looked = world.hub.caller("jb-ecology").get(&format!("/v1/cases/{case_id}/content")).await.unwrap();
    assert_eq!(looked.status, 404, "{}", looked.body);
}

/// A department has signed for a case; then it is accused in it, by the source or by a person at the centre. It learns that
/// the case is no longer its own, and not one word of why.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_accused_later_loses_the_case_and_reads_no_more_of_it() {
    const ACCUSATION: &str = "举报区环保局工作人员收受工地好处，对夜间施工视而不见。";
    let world = World::new(Way::Push).await;
    let ecology = world.hub.caller("jb-ecology");
    for by_hand in [false, true] {
        let id = world.hotline.source.put(&noise(&format!("accused-later-{by_hand}")));
        let case = world.case_when(&id, |c| c["case"]["stage"] == "dispatched").await;
        let case_id = case["case"]["id"].as_str().unwrap();
        world.take("jb-ecology").await;
        done(&ecology, case_id, "sign_for", json!({ "id": format!("sign-{by_hand}") })).await;
        assert_eq!(ecology.get(&format!("/v1/cases/{case_id}/content")).await.unwrap().status, 200);

        if by_hand {
            done(&world.desk(), case_id, "supplement", json!({ "id": "more", "note": ACCUSATION })).await;
        } else {
            world.hotline.source.put(&json!({ "orderId": id, "majorContent": ACCUSATION }));
        }
        let leads = |c: &Value| c["case"]["lead"] == "jb-ecology";
        let moved = world.case_when(&id, |c| !leads(c)).await;
        assert_ne!(moved["case"]["stage"], "signed_for", "{moved}");

        let told = world.take("jb-ecology").await;
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!(told[0]["entry"]["kind"], "withdraw", "{told:?}");
        assert_eq!(told[0]["entry"]["reporter_hidden"], false, "an accusation hides who spoke: {told:?}");
        let said = told[0].to_string();
        for secret in ["收受", "举报", "测试甲", "accusation", "jb-discipline", "11点", "十一点"] {
            assert!(!said.contains(secret), "`{secret}` is told to the accused: {said}");
        }
        let strike_off = json!({ "id": format!("off-{by_hand}"), "n": told[0]["entry"]["n"] });
        for result in ["done", "known"] {
            let off = done(&ecology, case_id, "sign_for", strike_off.clone()).await;
            assert_eq!((&off["result"], &off["stage"]), (&json!(result), &Value::Null), "how far it is: {off}");
        }
        let looked = ecology.get(&format!("/v1/cases/{case_id}/content")).await.unwrap();
        assert_eq!(looked.status, 403, "{}", looked.body);
        let client = world.hub.nats("jb-ecology").await.unwrap();
        let opened = ask(&client, "open.jb-ecology", &json!({ "case": case_id })).await.to_string();
        assert!(!opened.contains("收受") && opened.contains("forbidden"), "{opened}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_confidential_case_names_no_reporter_to_departments() {
    let world = World::new(Way::Push).await;
    let mut order = noise("secret-1");
    order["isSecret"] = "1".into();
    let id = world.hotline.source.put(&order);
    world.case_when(&id, |c| c["case"]["stage"] == "dispatched").await;
    for department in DEPARTMENTS.iter().take(3) {
        let entries = world.take(department).await;
        let text = entries[0].to_string();
        assert_eq!(entries[0]["entry"]["reporter_hidden"], true, "{text}");
        assert!(!text.contains("测试甲") && !text.contains("19900001111"), "{department} learns who spoke: {text}");
        assert!(text.contains("十一点"), "the matter itself is missing: {text}");
    }
}

/// The hub itself knows who spoke: what it leaves out of the persons, it does not show in the words either.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_hidden_is_not_named_in_the_words_either() {
    const SECRETS: [&str; 4] = ["张三丰", "13812345678", "138 1234 5678", "示范小区3幢301室"];
    let world = World::new(Way::Push).await;
    let mut order = noise("secret-2");
    let secret = json!({
        "isSecret": "1", "callerName": "张三丰", "callerPhone": "13812345678", "callerAddress": "江北区慈城镇示范小区3幢301室",
        "majorContent": "市民张三丰（138 1234 5678，住示范小区3幢301室）反映示范路工地夜里十一点后仍在施工。",
    });
    order.as_object_mut().unwrap().extend(secret.as_object().unwrap().clone());
    let id = world.hotline.source.put(&order);
    let case = world.case_when(&id, |c| c["case"]["stage"] == "dispatched").await;
    let case_id = case["case"]["id"].as_str().unwrap();
    let ecology = world.hub.caller("jb-ecology");
    let handed = world.take("jb-ecology").await;
    done(&ecology, case_id, "sign_for", json!({ "id": "sign" })).await;
    let note = "已联系张三丰（13812345678），工地已停工。";
    done(&ecology, case_id, "progress", json!({ "id": "went", "note": note })).await;

    let client = world.hub.nats("jb-ecology").await.unwrap();
    let opened = ask(&client, "open.jb-ecology", &json!({ "case": case_id })).await;
    let path = format!("/v1/cases/{case_id}/content");
    let to_department = ecology.get(&path).await.unwrap().body;
    let to_centre = world.desk().get(&path).await.unwrap().body;
    for (what, shown) in
        [("handed", json!(handed)), ("opened", opened), ("department", to_department), ("centre", to_centre)]
    {
        let text = shown.to_string();
        let named: Vec<&str> = SECRETS.into_iter().filter(|secret| text.contains(secret)).collect();
        assert!(named.is_empty(), "{what}: {named:?} in {text}");
        assert!(text.contains("十一点") && text.contains("〔隐去〕"), "{what}: {text}");
        assert_eq!(text.contains("工地已停工"), ["department", "centre"].contains(&what), "{what}: {text}");
    }
}

/// What the centre adds by hand stands beside the complaint, for whoever gets the case afterwards.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_supplemented_by_hand_takes_no_place_of_the_complaint() {
    let world = World::new(Way::Push).await;
    let id = world.hotline.source.put(&noise("supplemented-1"));
    let case = world.case_when(&id, |c| c["case"]["stage"] == "dispatched").await;
    let case_id = case["case"]["id"].as_str().unwrap();
    let desk = world.desk();
    done(&desk, case_id, "supplement", json!({ "id": "more", "text": "昨夜又施工到两点。" })).await;
    let assignees = json!([{ "department": "jb-party", "role": "lead" }]);
    done(&desk, case_id, "redispatch", json!({ "id": "move", "note": "改派", "assignees": assignees })).await;
    let handed = world.take("jb-party").await;
    let client = world.hub.nats("jb-party").await.unwrap();
    let opened = ask(&client, "open.jb-party", &json!({ "case": case_id })).await;
    for content in [&handed[0]["content"], &opened["content"]] {
        assert_eq!(content["text"], "示范路工地夜里十一点后仍在施工。\n\n昨夜又施工到两点。");
    }
}
