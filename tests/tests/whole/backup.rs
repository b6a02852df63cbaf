//! Backup while everything goes on, loss of all data, restore: what was acknowledged before the backup began is there once
//! and whole, what came later becomes right when it is sent again. And every way in which a restore must refuse.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use huiliu_tests::harness::log::Log;
use huiliu_tests::hub::{
    Caller, ChannelPlan, GATEWAY, Inspector, OwnServer, PATIENCE, Plan, TestHub, copy_dir, eventually,
};
use huiliu_tests::sim::{Action, Quirks};
use serde_json::{Value, json};

use super::repair::{feed, queues_come_right};
use super::steps::{done, noise};
use super::world::{DEPARTMENTS, HOTLINE, Way, World};

fn plan() -> Plan {
    Plan::built().unwrap().channel(ChannelPlan::new(HOTLINE)).departments(DEPARTMENTS)
}

/// Orders in the envelope that is undecided when a backup begins.
const FRESH: usize = 150;

/// Where a hub's backups and keys go.
struct Shelf {
    backups: PathBuf,
    keys: PathBuf,
}

impl Shelf {
    fn of(hub: &TestHub) -> Self {
        Self { backups: hub.dir.join("backups"), keys: hub.dir.join("keys") }
    }

    async fn backup(&self, hub: &TestHub, more: &[&str]) -> String {
        let arguments = ["backup", path(&self.backups), "--keys", path(&self.keys)];
        let said = hub.huiliu(&[&arguments[..], more].concat()).await.unwrap();
        assert!(said.status.success(), "{}{}", text(&said.stdout), text(&said.stderr));
        text(&said.stdout)
    }

    async fn restore(&self, hub: &TestHub) -> Output {
        hub.huiliu(&["restore", path(&self.backups), "--keys", path(&self.keys)]).await.unwrap()
    }

    /// The one backup there is.
    fn only(&self) -> PathBuf {
        only(&self.backups)
    }
}

fn only(parent: &Path) -> PathBuf {
    let entries: Vec<_> = std::fs::read_dir(parent).unwrap().map(|e| e.unwrap().path()).collect();
    assert_eq!(entries.len(), 1, "{entries:?}");
    entries[0].clone()
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn refused(said: &Output, because: &[&str]) {
    let words = text(&said.stderr);
    assert!(!said.status.success(), "it was done: {}", text(&said.stdout));
    for because in because {
        assert!(words.contains(because), "it does not say `{because}`: {words}");
    }
}

fn lose_everything(hub: &TestHub) {
    std::fs::remove_dir_all(hub.data()).unwrap();
}

/// Pushes one order after the other until it is told to stop; answers those that were acknowledged, in order.
async fn keep_pushing(sender: Caller, stop: Arc<AtomicBool>, name: &str) -> Vec<Value> {
    let mut acknowledged = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let order = dated(&format!("{name}-{}", acknowledged.len()));
        let answer = sender.post("/v1/channels/hotline-12345/events", &order).await.unwrap();
        assert_eq!(answer.status, 202, "{}", answer.body);
        acknowledged.push(order);
    }
    acknowledged
}

/// Signs for cases and tells of progress until told to stop.
async fn keep_commanding(department: Caller, cases: Vec<String>, stop: Arc<AtomicBool>) {
    for case in cases {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        done(&department, &case, "sign_for", json!({ "id": format!("load-{case}"), "n": 1 })).await;
    }
}

/// Everything in INTAKE is decided.
async fn decided(inspector: &Inspector) {
    let done = async || (inspector.backlog().await.ok()? == 0).then_some(());
    eventually("the pipeline to be done", PATIENCE, done).await.unwrap();
}

fn dated(id: &str) -> Value {
    let mut order = noise(id);
    order["callTime"] = "2026-03-01 09:00:00".into();
    order["updateTime"] = "2026-03-01 09:01:00".into();
    order["orderState"] = "已派单".into();
    order
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_before_a_backup_survives_the_loss_of_everything() {
    let mut hub = TestHub::start(plan()).await.unwrap();
    let shelf = Shelf::of(&hub);
    let before = feed(&hub, "before", 30).await;
    let ecology = hub.caller("jb-ecology");
    for case in &before[..10] {
        done(&ecology, case, "sign_for", json!({ "id": "s", "n": 1 })).await;
        done(&ecology, case, "progress", json!({ "id": "p", "note": "已到现场", "reply": "已派员核实。" })).await;
    }
    // Acknowledged, and not yet decided when the backup begins: one envelope of many orders.
    let fresh: Vec<Value> = (0..FRESH).map(|n| dated(&format!("fresh-{n}"))).collect();
    let sender = hub.caller(HOTLINE);
    let answer = sender.post("/v1/channels/hotline-12345/events", &json!({ "orders": fresh })).await.unwrap();
    assert_eq!(answer.status, 202);

    let stop = Arc::new(AtomicBool::new(false));
    let pushing = ["one", "two"].map(|name| tokio::spawn(keep_pushing(sender.clone(), stop.clone(), name)));
    let commanding = tokio::spawn(keep_commanding(ecology.clone(), before[10..].to_vec(), stop.clone()));
    let said = shelf.backup(&hub, &["--no-verify"]).await;
    assert!(said.contains("INTAKE"), "{said}");
    let later = feed(&hub, "later", 5).await;
    stop.store(true, Ordering::Relaxed);
    let mut during = Vec::new();
    for pushed in pushing {
        during.extend(pushed.await.unwrap());
    }
    commanding.await.unwrap();
    assert!(during.len() > 3, "there was no load");

    let inspector = hub.inspector().await.unwrap();
    decided(&inspector).await;
    let ends = Log::read(&inspector.read("CASES").await.unwrap());
    hub.kill().await.unwrap();
    lose_everything(&hub);
    let said = shelf.restore(&hub).await;
    assert!(said.status.success(), "{}{}", text(&said.stdout), text(&said.stderr));
    hub.restart().await.unwrap();

    let inspector = hub.inspector().await.unwrap();
    decided(&inspector).await;
    queues_come_right(&hub, &inspector).await;
    let log = Log::read(&inspector.read("CASES").await.unwrap());
    for (place, case) in before.iter().enumerate() {
        let id = case.parse().unwrap();
        let (history, whole) = (&log.cases[&id], &ends.cases[&id]);
        assert!(history.chain_holds);
        assert_eq!(history.events[..], whole.events[..history.events.len()], "the history of {case} is another one");
        if place < 10 {
            assert_eq!(history.events.len(), whole.events.len(), "{case} lost what was acknowledged");
        }
    }
    let words = hub.caller("desk").get(&format!("/v1/cases/{}/content", before[0])).await.unwrap();
    assert!(words.body["content"]["text"].as_str().is_some_and(|t| t.contains("十一点")), "{}", words.body);
    assert!(words.body["steps"].to_string().contains("已派员核实"), "{}", words.body);
    // Every envelope that was in the backup is decided: the two feeds, and one order each.
    let (envelopes, _) = inspector.state("INTAKE").await.unwrap();
    assert_eq!(log.cases.len(), before.len() + FRESH + (envelopes as usize - 2), "an envelope was taken for done");

    // The source sends everything again, as sources do.
    for order in during.iter().chain(&fresh) {
        let sent = hub.caller(HOTLINE).post("/v1/channels/hotline-12345/events", order).await.unwrap();
        assert_eq!(sent.status, 202, "{}", sent.body);
    }
    assert_eq!(feed(&hub, "later", 5).await, later);
    assert_eq!(feed(&hub, "before", 30).await, before);
    decided(&inspector).await;
    queues_come_right(&hub, &inspector).await;
    let log = Log::read(&inspector.read("CASES").await.unwrap());
    assert_eq!(log.unreadable, Vec::<String>::new());
    let cases: BTreeSet<_> = log.cases.keys().collect();
    assert_eq!(cases, ends.cases.keys().collect(), "the cases are not the ones there were");
    assert!(log.aliases.values().all(|owners| owners.len() == 1), "a number has two owners");
    assert!(log.entries.values().all(|count| *count == 1), "an entry stands twice");
    for history in log.cases.values() {
        assert!(history.chain_holds);
        let registered = history.events.iter().filter(|e| e.body.name() == "registered").count();
        assert_eq!(registered, 1, "a case was registered twice");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restored_hub_tells_its_sources_what_it_owes_and_nothing_else() {
    let mut world = World::new(Way::Poll).await;
    let shelf = Shelf::of(&world.hub);
    let told = world.hotline.source.put(&noise("told-1"));
    let owed = world.hotline.source.put(&noise("owed-1"));
    let mut cases = Vec::new();
    let later = world.hotline.source.put(&noise("later-1"));
    for id in [&told, &owed, &later] {
        let case = world.case_when(id, |c| c["case"]["stage"] == "dispatched").await;
        cases.push(case["case"]["id"].as_str().unwrap().to_owned());
    }
    let resolve = async |world: &World, case: &str| {
        let ecology = world.hub.caller("jb-ecology");
        done(&ecology, case, "sign_for", json!({ "id": "s", "n": 1 })).await;
        let body = json!({ "id": "r", "solved": "yes", "contacted": true, "reply": "工地已停止夜间施工。" });
        done(&ecology, case, "resolve", body).await;
    };
    let results = |world: &World, id: &str| {
        let item = world.hotline.source.item(id).unwrap();
        item.answers.iter().filter(|a| a.action == Action::Result).count()
    };
    let fails = |rate| world.hotline.source.set_quirks(Quirks { error_rate: rate, ..Quirks::none() });
    resolve(&world, &cases[0]).await;
    eventually("the result", PATIENCE, async || (results(&world, &told) == 1).then_some(())).await.unwrap();
    world.case_when(&told, |c| c["history"].to_string().contains("answer_delivered")).await;
    // Resolved, and the source does not take it, when the backup is made.
    fails(1.0);
    resolve(&world, &cases[1]).await;
    let said = shelf.backup(&world.hub, &[]).await;
    assert!(said.contains("试恢复通过") && said.contains("cases 3"), "{said}");
    fails(0.0);
    // Told, and done, after the backup: the restored hub knows nothing of it.
    resolve(&world, &cases[2]).await;
    for id in [&owed, &later] {
        eventually("the result", PATIENCE, async || (results(&world, id) == 1).then_some(())).await.unwrap();
    }
    fails(1.0);
    world.hub.kill().await.unwrap();
    lose_everything(&world.hub);
    let said = shelf.restore(&world.hub).await;
    assert!(said.status.success(), "{}{}", text(&said.stdout), text(&said.stderr));
    world.hub.restart().await.unwrap();

    // The source is told what the log owes it, though it was told before, under the same id; of what the log does not know it tells us.
    let before = world.case_when(&later, |_| true).await;
    assert_eq!(before["case"]["stage"], "dispatched", "{before}");
    fails(0.0);
    let again = |world: &World, id: &str| {
        let item = world.hotline.source.item(id).unwrap();
        item.answers.iter().filter(|a| a.action == Action::Result).map(|a| a.repeats).sum::<u32>()
    };
    eventually("the result again", PATIENCE, async || (again(&world, &owed) == 1).then_some(())).await.unwrap();
    world.case_when(&later, |c| c["case"]["stage"] == "closed").await;
    let third = world.hotline.source.put(&noise("third-1"));
    let case = world.case_when(&third, |c| c["case"]["stage"] == "dispatched").await;
    resolve(&world, case["case"]["id"].as_str().unwrap()).await;
    eventually("the third result", PATIENCE, async || (results(&world, &third) == 1).then_some(())).await.unwrap();
    let told_of = [&told, &owed, &later].map(|id| (results(&world, id), again(&world, id)));
    assert_eq!(told_of, [(1, 0), (1, 1), (1, 0)], "told what was not owed, or under another event's id");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restore_refuses_what_is_not_whole_or_not_its_own() {
    let mut hub = TestHub::start(plan()).await.unwrap();
    let shelf = Shelf::of(&hub);
    feed(&hub, "r", 3).await;
    shelf.backup(&hub, &[]).await;
    let backup = shelf.only();

    refused(&shelf.restore(&hub).await, &["网关正在运行", "stop it first"]);
    hub.stop().await.unwrap();
    refused(&shelf.restore(&hub).await, &["恢复不会覆盖", "never overwrites", "nats/store"]);
    let master = std::fs::read(hub.data().join("master.key")).unwrap();
    lose_everything(&hub);

    let none = hub.dir.join("nowhere");
    refused(&hub.huiliu(&["restore", path(&backup), "--keys", path(&none)]).await.unwrap(), &[path(&none)]);
    refused(&hub.huiliu(&["restore", path(&none), "--keys", path(&shelf.keys)]).await.unwrap(), &[path(&none)]);

    let foreign = foreign_keys().await;
    let said = hub.huiliu(&["restore", path(&backup), "--keys", path(&foreign)]).await.unwrap();
    refused(&said, &["not the keys of this backup", path(&foreign)]);
    std::fs::remove_dir_all(foreign.parent().unwrap()).unwrap();

    let damaged = hub.dir.join("damaged");
    for (file, change) in [("streams/CASES.snapshot", 100_usize), ("streams/INTAKE.snapshot", 0)] {
        copy_dir(&backup, &damaged).unwrap();
        let mut bytes = std::fs::read(damaged.join(file)).unwrap();
        match change {
            0 => bytes.truncate(bytes.len() - 1),
            at => bytes[at] ^= 1,
        }
        std::fs::write(damaged.join(file), bytes).unwrap();
        for command in ["restore", "verify"] {
            let arguments: &[&str] = if command == "verify" { &["backup", "verify"] } else { &["restore"] };
            let said = hub.huiliu(&[arguments, &[path(&damaged), "--keys", path(&shelf.keys)]].concat()).await.unwrap();
            refused(&said, &[file, "damaged", "expected"]);
        }
    }
    std::fs::remove_file(damaged.join("manifest.json")).unwrap();
    refused(
        &hub.huiliu(&["restore", path(&damaged), "--keys", path(&shelf.keys)]).await.unwrap(),
        &["no whole backup", path(&damaged)],
    );

    std::fs::create_dir_all(hub.data()).unwrap();
    std::fs::write(hub.data().join("master.key"), "0".repeat(64)).unwrap();
    refused(&shelf.restore(&hub).await, &["master.key", "another master key"]);
    let left: BTreeSet<_> = std::fs::read_dir(hub.data()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left, BTreeSet::from(["lock".into(), "master.key".into()]), "a refused restore left something");
    std::fs::remove_file(hub.data().join("master.key")).unwrap();

    // As a hub leaves it that was started before its restore.
    std::fs::write(hub.data().join("credentials.toml"), "").unwrap();
    let said = shelf.restore(&hub).await;
    assert!(said.status.success(), "{}", text(&said.stderr));
    assert!(text(&said.stdout).contains("queue reconcile"));
    assert_eq!(std::fs::read(hub.data().join("master.key")).unwrap(), master);
    assert!(!std::fs::read(hub.data().join("credentials.toml")).unwrap().is_empty());
    for file in ["master.key", "credentials.toml"] {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(hub.data().join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    hub.restart().await.unwrap();
    queues_come_right(&hub, &hub.inspector().await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_is_never_put_back_without_its_key() {
    let mut hub = TestHub::start(plan()).await.unwrap();
    let shelf = Shelf::of(&hub);
    let cases = feed(&hub, "k", 3).await;
    shelf.backup(&hub, &["--no-verify"]).await;
    hub.stop().await.unwrap();
    lose_everything(&hub);
    // Where the key is written before it gets its name: it cannot be put.
    let in_the_way = hub.data().join("master.key.new");
    std::fs::create_dir_all(&in_the_way).unwrap();
    refused(&shelf.restore(&hub).await, &["master.key"]);
    assert!(!hub.store().exists(), "a store without its key");
    std::fs::remove_dir(&in_the_way).unwrap();

    // One that was killed.
    let mark = hub.data().join("restoring");
    assert!(!mark.exists(), "what failed left everything as it was");
    std::fs::write(&mark, "").unwrap();
    refused(&hub.huiliu(&["run"]).await.unwrap(), &["恢复曾中断", "cut off", path(&mark)]);
    assert!(!hub.store().exists(), "a store of its own");
    let said = shelf.restore(&hub).await;
    assert!(!mark.exists());
    assert!(said.status.success(), "{}", text(&said.stderr));
    hub.restart().await.unwrap();
    assert_eq!(feed(&hub, "k", 3).await, cases);
}

/// The keys of another hub's backup.
async fn foreign_keys() -> PathBuf {
    let other = TestHub::start(plan()).await.unwrap();
    let shelf = Shelf::of(&other);
    feed(&other, "other", 1).await;
    shelf.backup(&other, &["--no-verify"]).await;
    let away = std::env::temp_dir().join(format!("huiliu-test-{}", uuid::Uuid::new_v4().simple()));
    copy_dir(&shelf.keys, &away.join("keys")).unwrap();
    away.join("keys")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_that_does_not_open_or_hold_together_does_not_pass() {
    let hub = TestHub::start(plan()).await.unwrap();
    let shelf = Shelf::of(&hub);
    feed(&hub, "v", 3).await;
    let proven = hub.data().join("backup-proven");
    assert!(!proven.exists());
    shelf.backup(&hub, &[]).await;
    let passed = std::fs::read_to_string(&proven).unwrap();
    let said = hub.huiliu(&["backup", "verify", path(&shelf.backups), "--keys", path(&shelf.keys)]).await.unwrap();
    assert!(said.status.success() && text(&said.stdout).contains("cases 3"), "{}", text(&said.stderr));
    let said = hub.huiliu(&["backup", "verify", path(&shelf.backups)]).await.unwrap();
    assert!(said.status.success() && text(&said.stdout).contains("no keys were given"), "{}", text(&said.stderr));

    // A master key that is whole, and another.
    let keys = only(&shelf.keys);
    let wrong = "0".repeat(64);
    let manifest = std::fs::read_to_string(keys.join("manifest.json")).unwrap();
    let mut manifest: Value = serde_json::from_str(&manifest).unwrap();
    manifest["master_key"]["sha256"] = sha256(wrong.as_bytes()).into();
    std::fs::write(keys.join("master.key"), wrong).unwrap();
    std::fs::write(keys.join("manifest.json"), manifest.to_string()).unwrap();
    let said = hub.huiliu(&["backup", "verify", path(&shelf.backups), "--keys", path(&shelf.keys)]).await.unwrap();
    refused(&said, &["3 faults", "does not open"]);

    // A log somebody has changed: a message in the middle of a case is another one.
    let inspector = hub.inspector().await.unwrap();
    let cases = inspector.subjects_under("CASES", "case.*").await.unwrap();
    let subject = cases[0].0.clone();
    let first = inspector.read("CASES").await.unwrap().into_iter().find(|m| m.subject == subject).unwrap();
    inspector.jetstream.publish(subject, first.payload).await.unwrap().await.unwrap();
    // Names tell seconds apart.
    let name = shelf.only();
    eventually("another second", PATIENCE, async || (!same_second(&name)).then_some(())).await.unwrap();
    let said = hub.huiliu(&["backup", path(&shelf.backups), "--keys", path(&shelf.keys)]).await.unwrap();
    refused(&said, &["chain of hashes is broken", "unproven-huiliu-backup-"]);
    assert_eq!(std::fs::read_to_string(&proven).unwrap(), passed, "only what passed is noted");
    let left = std::fs::read_dir(&shelf.backups).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
    let left: Vec<String> = left.collect();
    let named = |prefix: &str| left.iter().filter(|name| name.starts_with(prefix)).count();
    assert_eq!((named("huiliu-backup-"), named("unproven-"), left.len()), (1, 1, 2), "{left:?}");
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    base16ct::lower::encode_string(&sha2::Sha256::digest(bytes))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_newest_are_kept_and_keys_are_not_put_beside_by_mistake() {
    let hub = TestHub::start(plan()).await.unwrap();
    let shelf = Shelf::of(&hub);
    let inside = shelf.backups.join("keys");
    let beside = hub.huiliu(&["backup", path(&shelf.backups), "--keys", path(&inside)]).await.unwrap();
    refused(&beside, &["kept apart", "--keys-beside"]);
    refused(&hub.huiliu(&["backup", path(&shelf.backups)]).await.unwrap(), &["--keys"]);
    assert!(!shelf.backups.exists());
    for _ in 0..3 {
        shelf.backup(&hub, &["--keep", "1"]).await;
        // Names tell seconds apart.
        let name = shelf.only();
        eventually("another second", PATIENCE, async || (!same_second(&name)).then_some(())).await.unwrap();
    }
    only(&shelf.keys);

    let stranger = hub.caller("jb-ecology").post("/v1/backup", &json!({})).await.unwrap();
    assert_eq!(stranger.status, 403, "{}", stranger.body);
}

fn same_second(backup: &Path) -> bool {
    let now = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string();
    backup.to_string_lossy().ends_with(&now)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hub_on_a_server_somebody_else_runs_is_backed_up_and_restored_too() {
    let dir = std::env::temp_dir().join(format!("huiliu-test-{}", uuid::Uuid::new_v4().simple()));
    let (user, password) = GATEWAY;
    let own = OwnServer::start(&dir.join("one"), &dir.join("one/store")).await.unwrap();
    let mut hub = TestHub::start(plan().external(&own.url, user, password)).await.unwrap();
    let shelf = Shelf::of(&hub);
    let cases = feed(&hub, "x", 5).await;
    shelf.backup(&hub, &[]).await;
    hub.stop().await.unwrap();
    refused(&shelf.restore(&hub).await, &["CASES", "never overwrites"]);
    let inspector = own.inspector().await.unwrap();
    for stream in ["CASES", "KEYS", "DEAD", "INTAKE", "QUEUES", "OUTCOMES", "KV_cursors"] {
        inspector.jetstream.delete_stream(stream).await.unwrap();
    }
    let said = shelf.restore(&hub).await;
    assert!(said.status.success(), "{}", text(&said.stderr));
    hub.restart().await.unwrap();
    queues_come_right(&hub, &inspector).await;
    assert_eq!(feed(&hub, "x", 5).await, cases);
    hub.stop().await.unwrap();
    own.stop().await.unwrap();
    std::fs::remove_dir_all(dir).unwrap();
}
