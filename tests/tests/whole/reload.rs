//! The directory and the packs change while records come in: what is good is taken, what is broken is refused and said,
//! and no record is lost or doubled.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use huiliu_tests::hub::{Caller, ChannelPlan, PATIENCE, Plan, TestHub, eventually};
use serde_json::{Value, json};

use super::world::HOTLINE;

const ROUNDS: usize = 3;

struct Site {
    hub: TestHub,
}

impl Site {
    async fn new() -> Self {
        let plan = Plan::built().unwrap().own_files().channel(ChannelPlan::new(HOTLINE)).departments(["jb-ecology"]);
        Self { hub: TestHub::start(plan).await.unwrap() }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.hub.dir.join(name)
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.file(name)).unwrap()
    }

    /// Puts a file in its place at once, as an editor does.
    fn write(&self, name: &str, text: &str) {
        let beside = self.file(&format!("{name}.new"));
        std::fs::write(&beside, text).unwrap();
        std::fs::rename(beside, self.file(name)).unwrap();
    }

    async fn standing(&self, what: &str) -> Value {
        let answer = self.hub.caller("desk").get("/v1/versions").await.unwrap();
        answer.body["versions"].as_array().unwrap().iter().find(|v| v["what"] == what).unwrap().clone()
    }

    async fn standing_when(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let found = eventually(what, PATIENCE, async || Some(self.standing(what).await).filter(|s| wanted(s))).await;
        match found {
            Ok(standing) => standing,
            Err(error) => panic!("{error}: {}", self.standing(what).await),
        }
    }

    /// The next good version of something, once it is in use.
    async fn taken(&self, what: &str, former: &str) -> String {
        let standing = self.standing_when(what, |s| s["version"] != former && !s["refused"].is_object()).await;
        standing["version"].as_str().unwrap().to_owned()
    }

    async fn figure(&self, line: &str) -> bool {
        let figures = self.hub.caller("desk").get("/metrics").await.unwrap();
        figures.body.as_str().unwrap().lines().any(|l| l == line)
    }
}

fn order(n: usize) -> Value {
    json!({
        "orderId": format!("reload-{n}"), "callTime": "2026-03-01 09:30:00", "callerType": "投诉", "title": "夜间施工噪声扰民",
        "majorContent": "庄桥街道示范路工地夜里施工，噪声很大。", "questionName": "城乡建设->城市建设和市政管理->城管执法",
        "areaCode": "330205006000", "callerName": "测试甲", "callerPhone": "19900001111",
    })
}

/// Pushes orders until told to stop; every one is pushed until it is taken.
async fn push(caller: Caller, stop: Arc<AtomicBool>) -> usize {
    let mut n = 0;
    while !stop.load(Ordering::Relaxed) {
        loop {
            let answer = caller.post(&format!("/v1/channels/{HOTLINE}/events"), &order(n)).await;
            match answer {
                Ok(answer) if answer.status == 202 => break,
                Ok(answer) => assert!(answer.is_unsettled(), "{}: {}", answer.status, answer.body),
                Err(_) => {}
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        n += 1;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    n
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_while_packs_and_directory_change() {
    let site = Site::new().await;
    let stop = Arc::new(AtomicBool::new(false));
    let pushing = tokio::spawn(push(site.hub.caller(HOTLINE), stop.clone()));
    let pack = format!("pack:{HOTLINE}");
    let (appeals, map) = (format!("packs/{HOTLINE}/tables/appeal.csv"), format!("packs/{HOTLINE}/map.toml"));
    let good_map = site.read(&map);
    let mut directories = BTreeSet::new();
    let mut in_use = site.standing("directory").await["version"].as_str().unwrap().to_owned();
    let mut pack_in_use = site.standing(&pack).await["version"].as_str().unwrap().to_owned();
    directories.insert(in_use.clone());
    for round in 0..ROUNDS {
        site.write(&appeals, &format!("{}来电咨询{round},consultation,\n", site.read(&appeals)));
        pack_in_use = site.taken(&pack, &pack_in_use).await;

        site.write(&map, &good_map.replacen("\"content.text\"", "\"content.txt\"", 1));
        let refused = site.standing_when(&pack, |s| s["refused"].is_object()).await;
        assert_eq!(refused["version"], pack_in_use.as_str());
        assert!(
            refused["refused"]["problems"][0].as_str().unwrap().contains("`content.txt` is not valid"),
            "{refused}"
        );
        site.write(&map, &good_map);
        site.standing_when(&pack, |s| s["version"] == pack_in_use.as_str() && !s["refused"].is_object()).await;

        // A department that was not there: the page names it, and its queue is made.
        let departments = site.read("directory/departments.csv");
        let like: Vec<&str> =
            departments.lines().find(|line| line.starts_with("jb-ecology,")).unwrap().split(',').collect();
        let new = format!("jb-new-{round},新设单位{round},,{},{},{},{},,yes,", like[3], like[4], like[5], like[6]);
        site.write("directory/departments.csv", &format!("{}\n{new}\n", departments.trim_end()));
        in_use = site.taken("directory", &in_use).await;
        directories.insert(in_use.clone());

        // Half a file.
        let rules = site.read("directory/responsibilities.csv");
        site.write("directory/responsibilities.csv", &rules[..rules.len() / 2 - 7]);
        let refused = site.standing_when("directory", |s| s["refused"].is_object()).await;
        assert_eq!(refused["version"], in_use.as_str());
        assert!(site.figure("huiliu_files_refused{what=\"directory\"} 1").await);
        site.write("directory/responsibilities.csv", &rules);
        site.standing_when("directory", |s| !s["refused"].is_object()).await;
    }
    stop.store(true, Ordering::Relaxed);
    let pushed = pushing.await.unwrap();
    println!("{pushed} orders pushed, {} versions of the directory", directories.len());
    assert!(pushed > ROUNDS * 10, "{pushed}");

    let desk = site.hub.caller("desk");
    let mut cases = BTreeSet::new();
    for n in 0..pushed {
        let path = format!("/v1/cases/{HOTLINE}:reload-{n}");
        let case = eventually(&path, PATIENCE, async || {
            let answer = desk.get(&path).await.ok()?;
            (answer.status == 200 && answer.body["case"]["stage"] != "registered").then_some(answer.body)
        });
        let case = case.await.unwrap();
        assert!(cases.insert(case["case"]["id"].as_str().unwrap().to_owned()), "{n} is another order's case");
        let decided = case["decision"]["directory"].as_str().unwrap_or_default();
        assert!(directories.contains(decided), "{n} was decided by {decided}, which never ran: {}", case["decision"]);
    }
    let overview = desk.get("/v1/overview").await.unwrap().body;
    assert_eq!(overview["totals"]["cases"], pushed, "{overview}");
    assert_eq!(desk.get("/v1/dead").await.unwrap().body["letters"], json!([]));

    let labels = desk.get("/v1/labels").await.unwrap().body;
    assert_eq!(labels["departments"][format!("jb-new-{}", ROUNDS - 1)], format!("新设单位{}", ROUNDS - 1));
    let queues = desk.get("/v1/queues").await.unwrap().body;
    let is_there = |id: &str| queues["queues"].as_array().unwrap().iter().any(|q| q["department"] == id);
    assert!(is_there("jb-new-0"), "{queues}");
    // A code nobody knew stays on its case, is counted and listed; once a table has it, it is known.
    let mut strange = order(pushed);
    strange["callerType"] = "打卡".into();
    assert_eq!(
        site.hub.caller(HOTLINE).post(&format!("/v1/channels/{HOTLINE}/events"), &strange).await.unwrap().status,
        202
    );
    let listed = eventually("the code in the list", PATIENCE, async || {
        let answer = desk.get(&format!("/v1/channels/{HOTLINE}/unknown")).await.ok()?;
        answer.body["codes"].as_array()?.iter().find(|code| code["code"] == "打卡").cloned()
    });
    let listed = listed.await.unwrap();
    assert_eq!(
        (&listed["field"], &listed["count"], &listed["translated"]),
        (&json!("facts.appeal"), &json!(1), &json!(false))
    );
    let counted = format!("huiliu_unknown_codes_total{{channel=\"{HOTLINE}\",field=\"facts.appeal\"}} 1");
    assert!(site.figure(&counted).await, "{counted}");
    site.write(&appeals, &format!("{}打卡,other,\n", site.read(&appeals)));
    site.taken(&pack, &pack_in_use).await;
    let said = site.hub.huiliu(&["pack", "unknown", HOTLINE]).await.unwrap();
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(said.lines().any(|line| line.contains("打卡") && line.ends_with("是 yes")), "{said}");

    assert!(site.hub.log().contains("ERROR") && site.hub.log().contains("stays in use"), "it is said loudly");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reloading_says_what_happened() {
    let site = Site::new().await;
    let text = |output: &std::process::Output| String::from_utf8_lossy(&output.stdout).into_owned();
    let said = site.hub.huiliu(&["reload"]).await.unwrap();
    assert!(said.status.success() && text(&said).contains("directory  在用 in use"), "{said:?}");

    // A folder that is copied file by file, and is not yet whole.
    let rules = site.read("directory/responsibilities.csv");
    std::fs::remove_file(site.file("directory/responsibilities.csv")).unwrap();
    let said = site.hub.huiliu(&["reload"]).await.unwrap();
    assert!(!said.status.success() && text(&said).contains("上一个好版本继续运行"), "{said:?}");
    assert!(text(&said).contains("responsibilities.csv"), "{said:?}");
    site.write("directory/responsibilities.csv", &rules);
    let said = site.hub.huiliu(&["reload"]).await.unwrap();
    assert!(said.status.success(), "{said:?}");

    // Another numbering would make other cases of the same records.
    let pack = site.read(&format!("packs/{HOTLINE}/pack.toml"));
    site.write(
        &format!("packs/{HOTLINE}/pack.toml"),
        &pack.replace("namespace = \"hotline-12345\"", "namespace = \"other\""),
    );
    let said = site.hub.huiliu(&["reload"]).await.unwrap();
    assert!(!said.status.success() && text(&said).contains("would become other cases"), "{said:?}");
}

/// Saved wrongly in the evening, and the hub is started again at night.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broken_pack_keeps_no_hub_from_starting() {
    let mut site = Site::new().await;
    let what = format!("pack:{HOTLINE}");
    let map = format!("packs/{HOTLINE}/map.toml");
    let in_use = site.standing(&what).await["version"].clone();
    let good = site.read(&map);
    site.write(&map, &good.replacen("\"content.text\"", "\"content.txt\"", 1));
    site.standing_when(&what, |s| s["refused"].is_object()).await;
    site.hub.kill().await.unwrap();
    site.hub.restart().await.unwrap();
    let standing = site.standing_when(&what, |s| s["refused"].is_object()).await;
    assert_eq!(standing["version"], in_use);
    assert!(site.figure(&format!("huiliu_files_refused{{what=\"{what}\"}} 1")).await);
    assert!(site.hub.log().contains("its channels start with the one they ran with last"));
    let sender = site.hub.caller(HOTLINE);
    assert_eq!(sender.post(&format!("/v1/channels/{HOTLINE}/events"), &order(0)).await.unwrap().status, 202);
    site.write(&map, &good);
    site.standing_when(&what, |s| s["version"] == in_use && !s["refused"].is_object()).await;
}
