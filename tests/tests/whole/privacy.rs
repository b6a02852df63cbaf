//! Planted names, telephones and identity numbers are found nowhere in clear.

use std::path::Path;

use serde_json::json;

use super::steps::{done, noise, noise_petition};
use super::world::{HOTLINE, Way, World};

const PLANTED: [&str; 6] = [
    "欧阳青禾",
    "19912345678",
    "330205198807065432",
    "慈城镇丁香园三幢九零二室",
    "十一点后挖掘机一直开",
    "已电话告知欧阳女士",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_personal_lies_in_clear_anywhere() {
    let mut world = World::new(Way::Push).await;
    let mut order = noise("plant-1");
    order["callerName"] = PLANTED[0].into();
    order["callerPhone"] = PLANTED[1].into();
    order["callerContact"] = PLANTED[1].into();
    order["address"] = PLANTED[3].into();
    order["majorContent"] = PLANTED[4].into();
    // Where nobody is meant to stand.
    order["callRecordFileId"] = format!("{}_{}_20260301093000.wav", PLANTED[1], PLANTED[0]).into();
    order["communityName"] = format!("{}家", PLANTED[0]).into();
    order["pilotLight"] = format!("{}来电", PLANTED[0]).into();
    let mut petition = noise_petition("33020500202611229999");
    petition["xfr"] =
        json!([{ "xm": PLANTED[0], "zjlx": "111", "zjhm": PLANTED[2], "sjh": PLANTED[1], "xfjzfrbz": "1" }]);
    let ids = [world.hotline.source.put(&order), world.petition.source.put(&petition)];
    // One that is not understood, and a command that is refused, with the same words in them.
    let mut broken = order.clone();
    broken["orderId"] = serde_json::Value::Null;
    world.hub.caller(HOTLINE).post("/v1/channels/hotline-12345/events", &broken).await.unwrap();
    for id in &ids {
        let case = world.case_when(id, |c| c["case"]["stage"] == "dispatched").await;
        let case = case["case"]["id"].as_str().unwrap();
        let ecology = world.hub.caller("jb-ecology");
        done(&ecology, case, "sign_for", json!({ "id": "p-s" })).await;
        done(&ecology, case, "progress", json!({ "id": "p-p", "note": PLANTED[5] })).await;
        let reply = format!("{}，{}", PLANTED[5], PLANTED[1]);
        done(&ecology, case, "resolve", json!({ "id": "p-r", "solved": "yes", "reply": reply })).await;
        ecology.command(case, "progress", &json!({ "id": "p-x", "note": PLANTED[0] })).await;
        world.case_when(id, |c| c["answers"].as_array().unwrap().iter().all(|a| a["state"] == "told")).await;
    }
    let figures = world.hub.caller("nobody").get("/metrics").await.unwrap().body.to_string();
    assert!(figures.contains("huiliu_"), "the control: no figures at all");
    for planted in PLANTED {
        assert!(!figures.contains(planted), "`{planted}` in /metrics");
    }
    world.hub.stop().await.unwrap();
    let mut searched = 0;
    search(&world.hub.dir, &PLANTED, &mut searched);
    assert!(searched > 10, "only {searched} files were searched");
}

/// None of these stands in clear in any file under a directory; but for the officials' own lists, whose words are nobody's.
pub fn search(dir: &Path, planted: &[&str], searched: &mut usize) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.ends_with("directory-in-force") || path.ends_with("packs-in-force") {
            continue;
        }
        if path.is_dir() {
            search(&path, planted, searched);
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        *searched += 1;
        for planted in planted {
            let escaped: String = planted.encode_utf16().map(|u| format!("\\u{u:04x}")).collect();
            for form in [planted.as_bytes(), escaped.as_bytes()] {
                assert!(!bytes.windows(form.len()).any(|w| w == form), "`{planted}` in {}", path.display());
            }
        }
    }
}
