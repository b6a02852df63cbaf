//! The child: restarted, alone on its store, never outliving us.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use async_nats::HeaderMap;
use rustix::process::{Pid, Signal, kill_process};
use tokio_util::sync::CancellationToken;

use super::super::batch::{OutMessage, commit_batch};
use super::super::scratch::Scratch;
use super::super::streams::CASES;
use super::super::{Durability, EffectiveSync, Engine, EngineSettings, Server, read};
use super::{PATIENCE, engine, eventually, settings, start};
use crate::doors::Credentials;

const HOLDER_DIRECTORY: &str = "HUILIU_TEST_HOLDER_DIRECTORY";

fn message() -> OutMessage {
    OutMessage {
        subject: "case.a".to_owned(),
        headers: HeaderMap::new(),
        payload: "text".into(),
        expect_last_subject_sequence: None,
    }
}

fn kill(process: u32) {
    let pid = Pid::from_raw(i32::try_from(process).expect("a process number")).expect("not zero");
    kill_process(pid, Signal::KILL).expect("killed");
}

fn alive(process: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let state = stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().next());
    state.is_some_and(|state| state != "Z" && state != "X")
}

#[tokio::test]
async fn a_killed_server_comes_back_at_the_same_place_with_all_it_had() {
    let scratch = Scratch::new();
    let engine = engine(&scratch).await;
    for expected in 1..=3 {
        let ack =
            eventually("a message is stored", async || commit_batch(&engine.jetstream, &[message()]).await.ok()).await;
        assert!(ack.last_sequence >= expected);
        let former = engine.server_process().expect("running");
        kill(former);
        eventually("another child runs", async || engine.server_process().filter(|now| *now != former)).await;
    }
    let history =
        eventually("it answers again", async || read::history(&engine.jetstream, CASES, "case.a").await.ok()).await;
    assert!(history.len() >= 3);
    engine.stop().await;
    assert_eq!(engine.server_process(), None);
}

#[tokio::test]
async fn a_stopped_engine_starts_again_on_its_former_port() {
    let scratch = Scratch::new();
    let first = engine(&scratch).await;
    let address = first.address().to_owned();
    commit_batch(&first.jetstream, &[message()]).await.expect("stored");
    let process = first.server_process().expect("running");
    first.stop().await;
    assert!(!alive(process));
    drop(first);
    let second = engine(&scratch).await;
    assert_eq!(second.address(), address);
    assert_eq!(read::history(&second.jetstream, CASES, "case.a").await.expect("answered").len(), 1);
    second.stop().await;
}

#[tokio::test]
async fn a_second_server_on_the_same_store_is_refused() {
    let scratch = Scratch::new();
    let first = engine(&scratch).await;
    let said = start(scratch.path(), &Credentials::default()).await.expect_err("refused").to_string();
    assert!(said.contains("in use by another process"), "{said}");
    first.stop().await;
}

/// A nats-server that says its version, and else does nothing for a while and ends.
fn idle_server(scratch: &Scratch, seconds: &str) -> EngineSettings {
    use std::os::unix::fs::PermissionsExt;
    let program = scratch.path().join("idle");
    let script =
        format!("#!/bin/sh\n[ \"$1\" = --version ] && echo 'nats-server: v2.15.1' && exit\nsleep {seconds}\nexit 3\n");
    std::fs::write(&program, script).expect("written");
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("executable");
    let mut settings = settings(scratch.path());
    let Server::Embedded(embedded) = &mut settings.server else { panic!("embedded") };
    embedded.program = Some(program);
    embedded.port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port").port();
    settings
}

/// The clock runs ahead by itself whenever nothing else happens: minutes pass before the server has ended.
#[tokio::test(start_paused = true)]
async fn a_server_that_takes_long_to_start_is_waited_for_while_it_lives() {
    let scratch = Scratch::new();
    let began = tokio::time::Instant::now();
    let started = Engine::start(idle_server(&scratch, "1"), &Credentials::default(), CancellationToken::new()).await;
    let said = started.expect_err("it never listened").to_string();
    assert!(said.contains("it ended with"), "{said}");
    assert!(began.elapsed() > std::time::Duration::from_secs(60), "{:?}", began.elapsed());
}

#[tokio::test]
async fn waiting_for_a_server_ends_with_the_hub() {
    let scratch = Scratch::new();
    let shutdown = CancellationToken::new();
    let credentials = Credentials::default();
    let starting = Engine::start(idle_server(&scratch, "600"), &credentials, shutdown.clone());
    let stop = async {
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        shutdown.cancel();
    };
    let (started, ()) = tokio::time::timeout(PATIENCE, async { tokio::join!(starting, stop) }).await.expect("in time");
    assert!(started.expect_err("stopped").to_string().contains("stopped while"));
}

#[tokio::test]
async fn what_the_server_dislikes_is_told_in_its_own_words() {
    let scratch = Scratch::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port();
    let mut settings = settings(scratch.path());
    let Server::Embedded(embedded) = &mut settings.server else { panic!("embedded") };
    embedded.memory_limit = "much".to_owned();
    embedded.port = port;
    drop(taken);
    let error = Engine::start(settings, &Credentials::default(), CancellationToken::new()).await.expect_err("refused");
    let said = error.to_string();
    assert!(said.contains("GOMEMLIMIT"), "{said}");
}

#[tokio::test]
async fn relaxed_durability_is_in_force_only_where_asked_for() {
    let scratch = Scratch::new();
    let mut settings = settings(scratch.path());
    let Server::Embedded(embedded) = &mut settings.server else { panic!("embedded") };
    embedded.durability = Durability::Relaxed;
    let engine = Engine::start(settings, &Credentials::default(), CancellationToken::new()).await.expect("an engine");
    let sync = engine.effective_sync().await.expect("answered");
    assert!(matches!(sync, Some(EffectiveSync::Every(time)) if time.as_secs() == 10), "{sync:?}");
    engine.stop().await;
}

/// Not a test: the process that is killed in the next one.
#[tokio::test]
async fn holder() {
    let Some(directory) = std::env::var_os(HOLDER_DIRECTORY) else { return };
    let engine = start(directory.as_ref(), &Credentials::default()).await.expect("an engine");
    eprintln!("process {}", engine.server_process().expect("running"));
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn the_child_dies_with_us_and_the_store_is_free_again() {
    let scratch = Scratch::new();
    let mut holder = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "engine::tests::supervision::holder", "--nocapture"])
        .env(HOLDER_DIRECTORY, scratch.path())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a holder");
    let errors = BufReader::new(holder.stderr.take().expect("piped"));
    let child: u32 = errors
        .lines()
        .map_while(Result::ok)
        .find_map(|line| line.strip_prefix("process ").and_then(|id| id.parse().ok()))
        .expect("the holder names its child");
    assert!(alive(child));
    holder.kill().expect("killed");
    holder.wait().expect("gone");
    eventually("the child is gone", async || (!alive(child)).then_some(())).await;
    let engine = tokio::time::timeout(PATIENCE, engine(&scratch)).await.expect("the store is free");
    engine.stop().await;
}
