//! A server somebody else runs: used if it will do, waited for if it is away, refused if it will not.

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use super::super::scratch::Scratch;
use super::super::{ConnectionError, Engine, EngineError, EngineSettings, External, Server, streams};
use super::{engine, eventually};
use crate::doors::{Credentials, Secret};

fn settings(url: &str, user: &str, password: &str) -> EngineSettings {
    EngineSettings {
        server: Server::External(External {
            urls: vec![url.to_owned()],
            user: user.to_owned(),
            password: Secret::from_text(password.to_owned()).expect("a password"),
            tls: None,
        }),
        replicas: 1,
    }
}

async fn start(settings: EngineSettings, shutdown: CancellationToken) -> Result<Engine, EngineError> {
    Engine::start(settings, &Credentials::default(), shutdown).await
}

#[tokio::test]
async fn a_server_that_will_do_is_used_and_left_running() {
    let scratch = Scratch::new();
    let owner = engine(&scratch).await;
    let embedded = owner.embedded.as_ref().expect("embedded");
    let guest = settings(owner.address(), "$gateway", embedded.gateway_password().expose());
    let guest = start(guest, CancellationToken::new()).await.expect("connected");
    assert_eq!(streams::ensure_all(&guest.jetstream, 1).await.expect("there"), []);
    assert_eq!(guest.effective_sync().await.expect("not asked"), None);
    guest.stop().await;
    assert!(owner.server_process().is_some());
    owner.stop().await;
}

#[tokio::test]
async fn a_server_that_is_away_is_waited_for_until_the_shutdown() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("nats://{}", free.local_addr().expect("an address"));
    drop(free);
    let shutdown = CancellationToken::new();
    let starting = start(settings(&url, "u", "p"), shutdown.clone());
    let (outcome, ()) = tokio::join!(starting, async { shutdown.cancel() });
    assert!(matches!(outcome, Err(EngineError::Connection(ConnectionError::Stopped { .. }))), "{outcome:?}");
}

/// Speaks just enough to let a client in.
async fn pretend(version: &'static str, max_payload: usize, jetstream: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("nats://{}", listener.local_addr().expect("an address"));
    let info = format!(
        "INFO {{\"version\":\"{version}\",\"max_payload\":{max_payload},\"jetstream\":{jetstream},\"headers\":true}}\r\n"
    );
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(talk(stream, info.clone()));
        }
    });
    url
}

async fn talk(stream: TcpStream, info: String) {
    let (reader, mut writer) = stream.into_split();
    writer.write_all(info.as_bytes()).await.expect("written");
    let mut lines = BufReader::new(reader).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        if line.starts_with("PING") {
            writer.write_all(b"PONG\r\n").await.expect("written");
        }
    }
}

#[tokio::test]
async fn a_server_that_will_not_do_is_refused_in_words() {
    let megabyte = 1024 * 1024;
    for (version, max_payload, jetstream, expected) in [
        ("2.14.6", 8 * megabyte, true, "version 2.14.6, at least 2.15.1"),
        ("2.15.1-RC.1", 8 * megabyte, true, "version 2.15.1-RC.1"),
        ("2.15.1", megabyte, true, "max_payload"),
        ("2.15.1", 8 * megabyte, false, "JetStream"),
    ] {
        let url = pretend(version, max_payload, jetstream).await;
        let outcome = start(settings(&url, "u", "p"), CancellationToken::new()).await;
        let said = outcome.expect_err("refused").to_string();
        assert!(said.contains(expected), "{said}");
    }
    let url = pretend("2.15.1", 8 * megabyte, true).await;
    let accepted = start(settings(&url, "u", "p"), CancellationToken::new()).await;
    let engine = accepted.expect("the pretended server will do");
    eventually("it counts as connected", async || engine.connected().borrow().then_some(())).await;
}
