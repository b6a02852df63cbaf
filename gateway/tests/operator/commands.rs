//! The command line: what it prints, what it refuses, and that it needs no more than it must.

use std::process::{Command, Output};

use serde_json::Value;

use crate::site::{ORDER, Site, directory_folder};

/// The command line where no hub runs.
fn huiliu(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_huiliu"));
    command.env_remove("HUILIU_KEY").env_remove("HUILIU_HUB").env_remove("HUILIU_SETTINGS");
    command.args(arguments).output().expect("it runs")
}

#[test]
fn a_hub_without_tls_is_asked_from_a_machine_without_authorities() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_huiliu"));
    command.env("SSL_CERT_FILE", "/nonexistent").env("SSL_CERT_DIR", "/nonexistent").env("HUILIU_KEY", "any");
    let output = command.args(["queue", "list", "--hub", "http://127.0.0.1:9"]).output().expect("it runs");
    assert!(!output.status.success() && !text(&output).contains("CA certificates"), "{output:?}");
    assert!(text(&output).contains("127.0.0.1:9"), "nobody listens there, and that is what is wrong: {output:?}");
}

#[test]
fn a_hub_that_has_no_authorities_for_its_sources_says_so_and_starts_nothing() {
    let scratch = std::env::temp_dir().join(format!("huiliu-authorities-{}", uuid::Uuid::new_v4()));
    std::fs::create_dir_all(&scratch).expect("folder");
    let file = scratch.join("huiliu.toml");
    let settings = format!(
        "[http]\nlisten = \"127.0.0.1:0\"\n[data]\ndir = {:?}\ndirectory_dir = {:?}\n[engine.embedded]\nnats_server = \"/nonexistent\"\n\
         [channels.grid-worker]\nbase_url = \"https://127.0.0.1:9\"\n",
        scratch.join("data"),
        directory_folder()
    );
    std::fs::write(&file, settings).expect("written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_huiliu"));
    command.env("SSL_CERT_FILE", "/nonexistent").env("SSL_CERT_DIR", "/nonexistent").env_remove("HUILIU_SETTINGS");
    let output = command.arg("--settings").arg(&file).arg("run").output().expect("it runs");
    let said = text(&output);
    assert!(!output.status.success() && said.contains("grid-worker") && said.contains("SSL_CERT_FILE"), "{said}");
    assert!(said.contains("No CA certificates"), "the cause itself: {said}");
    std::fs::remove_dir_all(&scratch).expect("removed");
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn queues_are_listed_peeked_into_and_reconciled() {
    let mut site = Site::start().await;
    let (department, case) = site.new_case("1").await;
    site.standing(&department, |q| q["queued"] == 1).await;
    let list = site.huiliu(&["queue", "list"]).await;
    assert!(list.status.success() && text(&list).contains(&department), "{list:?}");
    let peek = site.huiliu(&["queue", "peek", &department, "--json"]).await;
    let page: Value = serde_json::from_slice(&peek.stdout).expect("json");
    assert_eq!(page["entries"][0]["entry"]["case_id"], case.as_str());
    let table = site.huiliu(&["queue", "peek", &department]).await;
    assert!(text(&table).contains(page["entries"][0]["entry"]["number"].as_str().expect("number")), "{table:?}");
    let refused = site.huiliu(&["queue", "requeue", &department, &case, "1"]).await;
    assert!(
        !refused.status.success() && text(&refused).contains("当前不能进行此操作 (Not possible now)"),
        "{refused:?}"
    );
    let report = site.huiliu(&["queue", "reconcile"]).await;
    assert!(report.status.success() && text(&report).contains("补写派单 appended 0"), "{report:?}");
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_is_searched_for() {
    let mut site = Site::start().await;
    let (_, case) = site.new_case("7001").await;
    let number = site.get(&format!("/v1/cases/{case}")).await["case"]["number"].clone();
    let number = number.as_str().expect("a number");
    for (typed, why) in [("噪音", "文字（标题"), ("7001", "来源编号（7001）"), (number, "案件编号")] {
        let found = site.huiliu(&["search", typed]).await;
        assert!(found.status.success() && text(&found).contains(number) && text(&found).contains(why), "{found:?}");
    }
    let none = site.huiliu(&["search", "鼹鼠", "--json"]).await;
    let none: Value = serde_json::from_slice(&none.stdout).expect("json");
    assert_eq!((&none["hits"], &none["next"]), (&serde_json::json!([]), &Value::Null));
    let refused = site.huiliu(&["search", "灯"]).await;
    assert!(!refused.status.success() && text(&refused).contains("单字无法查找"), "{refused:?}");
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_read_model_is_rebuilt_once_the_hub_has_stopped() {
    let mut site = Site::start().await;
    let (_, case) = site.new_case("1").await;
    let path = format!("/v1/cases/{case}");
    let before = site.get(&path).await;
    let refused = site.huiliu(&["rebuild"]).await;
    assert!(!refused.status.success() && text(&refused).contains("请先停止"), "{refused:?}");
    site.stop().await;
    let done = site.huiliu(&["rebuild"]).await;
    assert!(done.status.success() && text(&done).contains("查询库已重建"), "{done:?}");
    site.run().await;
    let after = site.when(&path, |view| view["case"]["id"] == case.as_str()).await;
    assert_eq!(after["history"], before["history"]);
    site.stop().await;
}

#[test]
fn a_route_is_explained_in_chinese_with_file_and_line() {
    let scratch = std::env::temp_dir().join(format!("huiliu-route-{}", uuid::Uuid::new_v4()));
    std::fs::create_dir_all(&scratch).expect("folder");
    let order = scratch.join("order.json");
    std::fs::write(&order, ORDER).expect("written");
    let (order, directory) = (order.to_string_lossy(), directory_folder());
    let directory = directory.to_string_lossy();
    let explain = ["route", "explain", &order, "--directory", &directory];
    let said = huiliu(&[&explain[..], &["--channel", "hotline-12345"]].concat());
    assert!(said.status.success(), "{said:?}");
    for part in ["依据：responsibilities.csv 第 ", "匹配：", "把握："] {
        assert!(text(&said).contains(part), "{part}: {said:?}");
    }
    let as_json = huiliu(&[&explain[..], &["--pack", "hotline-12345", "--json"]].concat());
    let decision: Value = serde_json::from_slice(&as_json.stdout).expect("json");
    assert_eq!(decision["rule"]["file"], "responsibilities.csv");
    let unmapped = huiliu(&explain);
    assert!(!unmapped.status.success() && text(&unmapped).contains("--pack"), "{unmapped:?}");
    let unknown = huiliu(&[&explain[..], &["--pack", "nowhere"]].concat());
    assert!(!unknown.status.success() && text(&unknown).contains("hotline-12345"), "{unknown:?}");
    std::fs::remove_dir_all(&scratch).expect("removed");
}

#[test]
fn packs_are_tested_and_tried_by_name_and_by_folder() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../adapters/packs/petition-portal");
    for pack in ["hotline-12345", folder] {
        let report = huiliu(&["pack", "test", pack]);
        assert!(report.status.success() && text(&report).contains("通过 ok"), "{report:?}");
    }
    let tried = huiliu(&["pack", "try", "petition-portal", &format!("{folder}/fixtures/push.json")]);
    assert!(tried.status.success() && text(&tried).contains("第 2 条 record 1"), "{tried:?}");
    let missing = huiliu(&["pack", "try", "petition-portal", "/nowhere.json"]);
    assert!(!missing.status.success() && text(&missing).contains("/nowhere.json"), "{missing:?}");
}

#[test]
fn keys_do_not_need_the_channels_secrets_and_a_check_says_that_the_hub_does() {
    let scratch = std::env::temp_dir().join(format!("huiliu-keys-{}", uuid::Uuid::new_v4()));
    std::fs::create_dir_all(&scratch).expect("folder");
    let file = scratch.join("huiliu.toml");
    let settings = format!(
        "[data]\ndirectory_dir = {:?}\n[channels.hotline-12345]\npush_secrets = [{{ env = \"HUILIU_NOT_SET\" }}]\n",
        directory_folder()
    );
    std::fs::write(&file, &settings).expect("written");
    let file = file.to_string_lossy();
    let with = |arguments: &[&str]| huiliu(&[&["--settings", &file][..], arguments].concat());
    let added = with(&["keys", "add", "operator", "li"]);
    assert!(added.status.success(), "{added:?}");
    let listed = with(&["keys", "list"]);
    assert!(text(&listed).contains("li\toperator\tli"), "{listed:?}");
    let checked = with(&["check"]);
    assert!(checked.status.success() && text(&checked).contains("HUILIU_NOT_SET"), "its unit may set it: {checked:?}");
    assert!(text(&checked).contains("目录版本"), "{checked:?}");
    let hub = with(&["run"]);
    assert!(!hub.status.success() && text(&hub).contains("HUILIU_NOT_SET"), "{hub:?}");
    std::fs::write(
        &*file,
        format!("{settings}since = \"2026-01-01T00:00:00Z\"\n[channels.petition-portal]\npoll_interval_s = 0\n"),
    )
    .expect("written");
    let checked = with(&["check"]);
    assert!(!checked.status.success() && text(&checked).contains("base_url"), "what else is wrong is: {checked:?}");
    std::fs::write(&*file, format!("{settings}[channels.petition-portal]\npoll_interval_s = 0\n")).expect("written");
    let checked = with(&["check"]);
    assert!(!checked.status.success() && text(&checked).contains("poll_interval_s"), "{checked:?}");
    let pack = scratch.join("packs/hotline-12345");
    std::fs::create_dir_all(&pack).expect("folder");
    let built_in = concat!(env!("CARGO_MANIFEST_DIR"), "/../adapters/packs/hotline-12345");
    std::fs::copy(format!("{built_in}/pack.toml"), pack.join("pack.toml")).expect("copied");
    std::fs::write(pack.join("map.toml"), "[fields]\n\"source.id\" = { form = [\"orderId\"] }\n").expect("written");
    let typo = format!("[data]\npacks_dir = {:?}\n{}", scratch.join("packs"), settings.replace("[data]\n", ""));
    std::fs::write(&*file, typo).expect("written");
    let checked = with(&["check"]);
    assert!(!checked.status.success() && text(&checked).contains("form"), "the hub would not start: {checked:?}");
    assert!(text(&checked).contains("目录版本"), "{checked:?}");
    std::fs::write(&*file, &settings).expect("written");
    let keyless = with(&["queue", "list"]);
    assert!(!keyless.status.success() && text(&keyless).contains("缺少密钥"), "{keyless:?}");
    std::fs::remove_dir_all(&scratch).expect("removed");
}

#[test]
fn a_check_tells_of_holidays_that_nobody_wrote_down_and_passes() {
    let scratch = std::env::temp_dir().join(format!("huiliu-calendar-{}", uuid::Uuid::new_v4()));
    std::fs::create_dir_all(&scratch).expect("folder");
    // Its files without the folder of calendars.
    for file in std::fs::read_dir(directory_folder()).expect("a directory").flatten().filter(|f| f.path().is_file()) {
        std::fs::copy(file.path(), scratch.join(file.file_name())).expect("copied");
    }
    let checked = huiliu(&["check", &scratch.to_string_lossy()]);
    assert!(checked.status.success() && text(&checked).contains("节假日"), "{checked:?}");
    std::fs::remove_dir_all(&scratch).expect("removed");
}

/// Each with a piece of what must be said of it.
#[test]
fn a_check_passes_nothing_with_which_the_hub_does_not_start() {
    let scratch = std::env::temp_dir().join(format!("huiliu-check-{}", uuid::Uuid::new_v4()));
    std::fs::create_dir_all(scratch.join("data")).expect("folder");
    for (name, text) in [("key", "k"), ("whsec", "whsec_%%")] {
        std::fs::write(scratch.join(name), text).expect("written");
    }
    let data = format!("[data]\ndirectory_dir = {:?}\n", directory_folder());
    let check = |settings: &str| {
        let file = scratch.join("huiliu.toml");
        std::fs::write(&file, format!("{data}{settings}")).expect("written");
        huiliu(&["--settings", &file.to_string_lossy(), "check"])
    };
    let client = "client_id = \"hub\"\nclient_secret = { file = \"key\" }\nbase_url = \"http://127.0.0.1:9\"";
    let video = "[channels.video-mediation]\nbase_url = \"http://127.0.0.1:9\"\n";
    for (settings, wrong) in [
        (video.to_owned(), "channels.video-mediation.client_id"),
        (format!("[channels.hotline-12345]\n{client}\n"), "channels.hotline-12345.client_id"),
        (
            "[channels.hotline-12345]\npush_secrets = [{ file = \"whsec\" }]\n".to_owned(),
            "channels.hotline-12345.push_secrets",
        ),
        ("[log]\nfilter = \"huiliu=loud\"\n".to_owned(), "log.filter"),
    ] {
        let checked = check(&settings);
        assert!(!checked.status.success() && text(&checked).contains(wrong), "{wrong}: {checked:?}");
    }
    let checked = check("");
    assert!(checked.status.success(), "{checked:?}");
    std::fs::write(scratch.join("data/credentials.toml"), "[[keys]]\nname = 1\n").expect("written");
    let checked = check("");
    assert!(!checked.status.success() && text(&checked).contains("credentials.toml"), "{checked:?}");
    std::fs::remove_dir_all(&scratch).expect("removed");
}

#[test]
fn a_hub_that_is_not_there_is_said_so() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_huiliu"));
    command.env("HUILIU_KEY", "x").args(["queue", "list", "--hub", "http://127.0.0.1:9"]);
    let said = command.output().expect("it runs");
    assert!(!said.status.success() && text(&said).contains("没有网关应答"), "{said:?}");
}

/// From samples to a folder that loads, and what a person still has to decide, with an exit code for each.
#[test]
fn a_pack_is_drafted_from_samples_and_looked_over() {
    let folder = std::env::temp_dir().join(format!("huiliu-new-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("made");
    let sample = folder.join("calls.csv");
    let rows = "编号,诉求内容,联系电话,诉求类型,备用\nA1,路灯不亮已经三天了请尽快修,13955550001,投诉,x\n";
    std::fs::write(&sample, rows).expect("written");
    let (dir, sample) = (folder.join("calls"), sample.display().to_string());
    let dir = dir.display().to_string();
    let drafted = huiliu(&["pack", "new", "calls", "--from", &sample, "--to", &dir]);
    assert!(drafted.status.success() && text(&drafted).contains("1 条样例"), "{drafted:?}");
    let again = huiliu(&["pack", "new", "calls", "--from", &sample, "--to", &dir]);
    assert!(!again.status.success() && text(&again).contains("is not empty"), "{again:?}");
    let tested = huiliu(&["pack", "test", &dir]);
    assert!(tested.status.success(), "{tested:?}");
    let lint = huiliu(&["pack", "lint", &dir]);
    assert!(lint.status.success() && text(&lint).contains("待确认：未判断 unknown `备用`"), "{lint:?}");
    assert!(!text(&lint).contains("13955550001"), "{lint:?}");

    // A telephone number on its way into the clear fails.
    let map = folder.join("calls/map.toml");
    let open = std::fs::read_to_string(&map).expect("read");
    let open = open.replacen("[fields]", "[fields]\n\"facts.suggested_unit\" = { from = [\"联系电话\"] }", 1);
    std::fs::write(&map, open).expect("written");
    let lint = huiliu(&["pack", "lint", &dir]);
    std::fs::remove_dir_all(&folder).expect("removed");
    assert!(
        !lint.status.success() && text(&lint).contains("像电话号码，却映射到不加密的 facts.suggested_unit"),
        "{lint:?}"
    );

    let built_in = huiliu(&["pack", "lint"]);
    assert!(built_in.status.success() && text(&built_in).contains("hotline-12345：0 个错误"), "{built_in:?}");
}
