//! The documented file is the defaults, and every wrong setting says what would be right.

use super::*;
use crate::engine::scratch::Scratch;

fn parse(text: &str) -> Result<Settings, SettingsError> {
    Settings::parse(text, Path::new("/etc/huiliu"))
}

#[test]
fn nothing_said_means_the_documented_defaults() {
    let settings = Settings::load(None).expect("usable");
    assert_eq!(settings.listen.to_string(), "127.0.0.1:8210");
    assert!(settings.channels.is_empty());
    assert_eq!(settings.traces, None, "off by default");
    let Server::Embedded(embedded) = settings.engine.server else { panic!("embedded") };
    assert_eq!(embedded.durability, Durability::FsyncAlways);
    assert_eq!(embedded.directory, Path::new("data/nats"));
}

#[test]
fn the_settings_of_the_container_are_understood() {
    let file = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/compose/etc/huiliu.toml"));
    let settings = Settings::load(Some(file)).expect("usable");
    assert!(settings.listen.ip().is_unspecified(), "other containers and the proxy reach it");
    assert_eq!(settings.directory_dir, Path::new("/opt/huiliu/directory"), "within the image, wherever it is mounted");
}

#[test]
fn every_commented_line_of_the_documented_file_is_understood() {
    let scratch = Scratch::new();
    for name in [
        "nats.password",
        "hotline.key",
        "hotline.push",
        "hotline.answer",
        "mediation.secret",
        "mediation.push",
        "mediation.answer",
    ] {
        fs::write(scratch.path().join(name), "secret\n").expect("written");
    }
    let uncommented: String = DEFAULTS
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(rest)
                if rest.starts_with('[') || rest.split_once(" = ").is_some_and(|(key, _)| !key.contains(' ')) =>
            {
                rest
            }
            _ => line,
        })
        .flat_map(|line| [line, "\n"])
        .collect();
    assert!(uncommented.contains("\n[channels.hotline-12345]\n"));
    let settings = Settings::parse(&uncommented, scratch.path()).expect("usable");
    let (name, channel) = settings.channels.first_key_value().expect("a channel");
    assert_eq!((name.as_str(), channel.pack.as_str()), ("hotline-12345", "hotline-12345"));
    assert_eq!([&channel.push_secrets[0], &channel.answer_secrets[0]].map(|s| s.expose()), ["secret"; 2]);
    assert!(channel.since < channel.history_before);
    let (_, mediation) = settings.channels.last_key_value().expect("another channel");
    assert_eq!(
        mediation.client.as_ref().map(|(id, secret)| (id.as_str(), secret.expose())),
        Some(("huiliu", "secret"))
    );
    assert!(settings.packs_dir.is_some());
    assert_eq!(settings.traces.map(|t| t.endpoint).as_deref(), Some("http://127.0.0.1:4318"));
}

#[test]
fn own_settings_lie_over_the_defaults_and_paths_count_from_the_file() {
    let settings = parse(
        "[data]\ndir = 'd'\n[engine.embedded]\nport = 4222\n[channel_defaults]\npoll_interval_s = 5\n\
         [channels.a]\nrequests_per_second = 7\n[channels.b]\nenabled = false\n",
    )
    .expect("usable");
    assert_eq!(settings.data_dir, Path::new("/etc/huiliu/d"));
    assert_eq!(settings.credentials_file, Path::new("/etc/huiliu/d/credentials.toml"));
    assert_eq!(settings.channels.len(), 1);
    let channel = settings.channels.values().next().expect("a channel");
    assert_eq!((channel.poll_interval.as_secs(), channel.requests_per_second.get()), (5, 7));
    let Server::Embedded(embedded) = settings.engine.server else { panic!("embedded") };
    assert_eq!(embedded.port, 4222);
    let half: u64 = embedded.memory_limit.strip_suffix("MiB").expect("in MiB").parse().expect("a number");
    assert!(half > 100, "half of this machine's memory: {half} MiB");
}

#[test]
fn a_wrong_setting_is_named_with_what_would_be_right() {
    let check = |text: &str, expected: &[&str]| {
        let said = parse(text).expect_err(text).to_string();
        for part in expected {
            assert!(said.contains(part), "{text}: {said}");
        }
    };
    check("[http]\nlisten = '0.0.0.0:80'", &["http.listen", "0.0.0.0:80", "allow_network"]);
    check("[http]\nlisten = 'localhost'", &["http.listen", "localhost", "127.0.0.1:8210"]);
    check("[htp]\n", &["htp"]);
    check("[channels.a]\nsinse = 'x'", &["sinse"]);
    check("[channels.A]", &["channels", "`A`"]);
    check("[log]\nformat = 'xml'", &["log.format", "xml", "json"]);
    check(
        "[traces]\nendpoint = 'collector:4318'",
        &["traces.endpoint", "collector:4318", "http://127.0.0.1:4318", "地址"],
    );
    check("[traces]\nendpoint = 'http://u:p@c:4318'", &["traces.endpoint", "`c:4318`"]);
    check("[traces]\nendpoint = 'http://c:4318/v1/traces'", &["traces.endpoint", "without", "/v1/traces"]);
    check("[traces]\nshare = 1.5", &["traces.share", "`1.5`", "大于 0", "above 0"]);
    check("[traces]\nshare = 0", &["traces.share", "`0`", "traces.endpoint"]);
    check("[traces]\nservice_name = ' '", &["traces.service_name", "名称"]);
    check("[engine]\nreplicas = 2", &["engine.replicas", "2"]);
    check("[engine]\nreplicas = 3", &["engine.replicas", "single"]);
    check("[engine]\nurls = ['nats://u:p@h']\nuser='u'\npassword={env='PATH'}", &["engine.urls", "`h`"]);
    check("[engine]\nurls = ['nats://h']", &["engine.password"]);
    check("[engine.embedded]\ndurability = 'relaxed'", &["durability", "relaxed_because", "power cut"]);
    check("[engine.embedded]\nmemory_limit = 'much'", &["memory_limit", "much", "half", "2GiB"]);
    check("[channels.a]\nsince = '2026-01-01'", &["channels.a.since", "offset"]);
    check("[channels.a]\nsince = '2026-01-01T00:00:00Z'", &["channels.a.base_url", "pull"]);
    check("[channels.a]\nanswer_secrets = [{ env = 'PATH' }]", &["channels.a.base_url", "answer_secrets"]);
    check("[channels.a]\nbase_url = 'ftp://x'", &["channels.a.base_url", "ftp://x"]);
    check("[channels.a]\nrequests_per_second = 0", &["channels.a.requests_per_second"]);
    check("[channels.a]\nkey = { file = '/nowhere' }", &["channels.a.key", "/nowhere"]);
    check("[channels.a]\nkey = { env = 'HUILIU_NOT_SET' }", &["channels.a.key.env", "HUILIU_NOT_SET"]);
    check("[channels.a]\nclient_id = 'x'", &["channels.a.client_id", "client_secret"]);
    check("[channels.a]\nclient_secret = { env = 'PATH' }", &["channels.a.client_id", "client_secret"]);
    check("[channels.a]\nkey = { file = 'a', env = 'b' }", &["channels.a.key", "either"]);
    check("[channels.a]\nkey = { file = '/dev/null' }", &["channels.a.key", "/dev/null", "empty"]);
}

#[test]
fn what_was_asked_for_in_words_is_granted() {
    let settings = parse(&format!(
        "[http]\nlisten = '0.0.0.0:80'\nallow_network = true\n[engine.embedded]\ndurability = 'relaxed'\n\
         relaxed_because = '{RELAXED_WORDS}'"
    ))
    .expect("usable");
    assert!(!settings.listen.ip().is_loopback());
    let Server::Embedded(embedded) = settings.engine.server else { panic!("embedded") };
    assert_eq!(embedded.durability, Durability::Relaxed);
    assert!(DEFAULTS.contains(RELAXED_WORDS));
}

#[test]
fn where_things_are_is_known_without_the_channels_secrets() {
    let scratch = Scratch::new();
    let file = scratch.path().join("huiliu.toml");
    fs::write(&file, "[data]\ndir = 'd'\n[channels.a]\nkey = { env = 'HUILIU_NOT_SET' }\n").expect("written");
    assert!(Settings::load(Some(&file)).is_err());
    let places = Places::load(Some(&file)).expect("usable");
    assert_eq!(places.credentials_file, scratch.path().join("d/credentials.toml"));
    let (places, engine) = load_engine(Some(&file)).expect("usable");
    let Server::Embedded(embedded) = engine.server else { panic!("embedded") };
    assert_eq!(embedded.directory, places.data_dir.join("nats"));
    fs::write(&file, "[channels.a]\nsinse = 'x'\n").expect("written");
    assert!(Places::load(Some(&file)).is_err());
}
