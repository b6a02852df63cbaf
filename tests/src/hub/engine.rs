//! Looking into the message engine from outside: with a user of our own beside the hub, or with a server of our own on a
//! stopped hub's store.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::Context as _;
use async_nats::jetstream;
use async_nats::jetstream::consumer::{AckPolicy, pull};
use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _};

use super::cable::{self, Cable};
use super::plan::free_port;
use super::{PATIENCE, TestHub, eventually, nats_binary, process};

const USER: &str = "inspector";
const PASSWORD: &str = "for-tests-only-on-loopback";

/// One message of a stream.
#[derive(Debug, Clone)]
pub struct Raw {
    /// Its place.
    pub sequence: u64,
    /// Its subject.
    pub subject: String,
    /// Its bytes.
    pub payload: Bytes,
}

/// Someone who may see everything in the engine.
#[derive(Clone)]
pub struct Inspector {
    /// The connection.
    pub client: async_nats::Client,
    /// JetStream over it.
    pub jetstream: jetstream::Context,
}

impl Inspector {
    pub(super) async fn connect(urls: &[String], user: Option<(&str, &str)>) -> anyhow::Result<Self> {
        let options = match user {
            Some((user, password)) => async_nats::ConnectOptions::with_user_and_password(user.into(), password.into()),
            None => async_nats::ConnectOptions::new(),
        };
        let options = options.max_reconnects(None).ping_interval(Duration::from_secs(2));
        let servers: Vec<async_nats::ServerAddr> = urls.iter().map(|url| url.parse()).collect::<Result<_, _>>()?;
        let client = options.connect(servers).await?;
        let mut jetstream = jetstream::new(client.clone());
        jetstream.set_timeout(Duration::from_secs(5));
        Ok(Self { client, jetstream })
    }

    /// How many messages a stream holds, and its last sequence.
    pub async fn state(&self, stream: &str) -> anyhow::Result<(u64, u64)> {
        let stream = self.jetstream.get_stream(stream).await?;
        let state = &stream.cached_info().state;
        Ok((state.messages, state.last_sequence))
    }

    /// Whether QUEUES has everything there is for it in CASES.
    pub async fn is_sourced(&self) -> anyhow::Result<bool> {
        let queues = self.jetstream.get_stream("QUEUES").await?;
        Ok(queues.cached_info().sources.iter().all(|source| source.active.is_some() && source.lag == 0))
    }

    /// Every subject of a stream with the number of messages on it.
    pub async fn subjects(&self, stream: &str) -> anyhow::Result<Vec<(String, usize)>> {
        self.subjects_under(stream, ">").await
    }

    /// As [`Self::subjects`], but only those that match.
    pub async fn subjects_under(&self, stream: &str, filter: &str) -> anyhow::Result<Vec<(String, usize)>> {
        let stream = self.jetstream.get_stream(stream).await?;
        let subjects = stream.info_with_subjects(filter).await?;
        Ok(subjects.try_collect().await?)
    }

    /// Every message of a stream, in order, as far as it goes now.
    pub async fn read(&self, stream: &str) -> anyhow::Result<Vec<Raw>> {
        let (messages, last) = self.state(stream).await?;
        let mut read = Vec::with_capacity(messages as usize);
        if messages == 0 {
            return Ok(read);
        }
        let config = pull::Config { ack_policy: AckPolicy::None, ..pull::Config::default() };
        let mut consumer = self.jetstream.get_stream(stream).await?.create_consumer(config).await?;
        let mut incoming = consumer.stream().max_messages_per_batch(2_000).messages().await?;
        while let Some(message) = incoming.next().await {
            let message = message?;
            let info = message.info().map_err(|e| anyhow::anyhow!(e))?;
            let (sequence, pending) = (info.stream_sequence, info.pending);
            read.push(Raw { sequence, subject: message.subject.to_string(), payload: message.payload.clone() });
            if sequence >= last || pending == 0 {
                break;
            }
        }
        drop(incoming);
        let name = consumer.info().await?.name.clone();
        self.jetstream.get_stream(stream).await?.delete_consumer(&name).await?;
        // On a cluster a server that lags may have answered: the leader, who was asked first, knows how far it goes.
        let reached = read.last().map_or(0, |raw| raw.sequence);
        let (there, _) = self.state(stream).await?;
        anyhow::ensure!(reached >= last || read.len() as u64 >= there, "{stream} was read to {reached} of {last} only");
        Ok(read)
    }

    /// How much of INTAKE waits for the pipeline, in its hands included.
    pub async fn backlog(&self) -> anyhow::Result<u64> {
        let stream = self.jetstream.get_stream("INTAKE").await?;
        let consumer = stream.get_consumer::<pull::Config>("pipeline").await.map_err(|e| anyhow::anyhow!("{e}"))?;
        let info = consumer.cached_info();
        Ok(info.num_pending + info.num_ack_pending as u64)
    }
}

impl TestHub {
    /// A user of our own on the hub's running server: written into its configuration, which it is told to read again. The
    /// hub writes that file anew at each start, so ask for it again after one.
    pub async fn inspector(&self) -> anyhow::Result<Inspector> {
        if let Some(external) = &self.external {
            return Inspector::connect(&external.urls, Some((&external.user, &external.password))).await;
        }
        let url = self.nats_url()?;
        eventually("the server to let us look", PATIENCE, async || {
            let known = Inspector::connect(std::slice::from_ref(&url), Some((USER, PASSWORD))).await;
            if known.is_err() && self.server_listens() {
                // What is wrong now may be right at the next look.
                let _tried_again = self.admit_inspector();
            }
            known.ok()
        })
        .await
    }

    /// A server that does not listen yet would die of the signal.
    fn server_listens(&self) -> bool {
        let url = self.nats_url().unwrap_or_default();
        url.strip_prefix("nats://").is_some_and(|address| std::net::TcpStream::connect(address).is_ok())
    }

    fn admit_inspector(&self) -> anyhow::Result<()> {
        let path = self.data().join("nats/server.conf");
        let text = std::fs::read_to_string(&path)?;
        if !text.contains(USER) {
            let line = format!("    users: [\n      {{ user: \"{USER}\", password: \"{PASSWORD}\" }}\n");
            let at = text.find("jetstream: enabled").context("the configuration has no account HUB")?;
            let (head, tail) = text.split_at(at);
            std::fs::write(&path, format!("{head}{}", tail.replacen("    users: [\n", &line, 1)))?;
        }
        let server = self.server_process().context("no server")?;
        process::kill(server, "HUP")
    }
}

/// A server of our own, on the store of a stopped hub or on an empty one.
pub struct OwnServer {
    /// Its address.
    pub url: String,
    child: Child,
    dir: PathBuf,
}

/// The gateway's user on [`OwnServer`].
pub const GATEWAY: (&str, &str) = ("gateway", "gateway-for-tests-only");

impl OwnServer {
    /// Starts it over `store`, configured in `dir`.
    pub async fn start(dir: &Path, store: &Path) -> anyhow::Result<Self> {
        let program = nats_binary().context("no nats-server: run `make setup`")?;
        let server = Self::spawn(dir, store, "127.0.0.1", Command::new(program))?;
        server.inspector().await?;
        Ok(server)
    }

    /// Starts it in a network of its own, at the other end of a cable to this one. Only for root.
    pub async fn start_apart(dir: &Path, store: &Path) -> anyhow::Result<(Self, Cable)> {
        let program = nats_binary().context("no nats-server: run `make setup`")?;
        let mut command = Command::new("unshare");
        command.arg("--net").arg(program);
        let mut server = Self::spawn(dir, store, "0.0.0.0", command)?;
        let cable = Cable::lay(server.child.id()).await?;
        server.url = server.url.replace("0.0.0.0", cable::FAR_END);
        server.inspector().await?;
        Ok((server, cable))
    }

    fn spawn(dir: &Path, store: &Path, host: &str, mut program: Command) -> anyhow::Result<Self> {
        std::fs::create_dir_all(dir)?;
        let port = free_port()?;
        let conf = dir.join("own.conf");
        let (user, password) = GATEWAY;
        std::fs::write(
            &conf,
            format!(
                "host: {host:?}\nport: {port}\nmax_payload: 8388608\nlog_file: {:?}\n\
                 jetstream {{ store_dir: {store:?}, sync_interval: always }}\n\
                 accounts {{ HUB {{ jetstream: enabled, users: [ {{ user: {user:?}, password: {password:?} }} ] }} }}\n",
                dir.join("own.log"),
            ),
        )?;
        let child = program
            .arg("--config")
            .arg(&conf)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        Ok(Self { url: format!("nats://{host}:{port}"), child, dir: dir.to_owned() })
    }

    /// Someone who may see, and write, everything.
    pub async fn inspector(&self) -> anyhow::Result<Inspector> {
        let found = eventually("our own server", PATIENCE, async || {
            let inspector = Inspector::connect(std::slice::from_ref(&self.url), Some(GATEWAY)).await.ok()?;
            inspector.jetstream.query_account().await.ok()?;
            Some(inspector)
        });
        found.await.with_context(|| std::fs::read_to_string(self.dir.join("own.log")).unwrap_or_default())
    }

    /// Its process, to kill it.
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// Stops it in good order.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        process::kill(self.child.id(), "TERM")?;
        eventually("our own server to stop", PATIENCE, async || self.child.try_wait().ok().flatten()).await.map(drop)
    }
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _gone = self.child.kill().and_then(|()| self.child.wait());
    }
}
