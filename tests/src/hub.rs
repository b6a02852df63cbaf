//! A real hub for tests: the `huiliu` binary as a child process with its own nats-server, in a directory of its own.
//!
//! It is spoken to only from outside, and may be killed at any moment. Nothing here reaches into its code, and nothing
//! here touches a process it did not start.

mod binary;
mod cable;
mod clients;
mod cluster;
mod disk;
mod engine;
mod plan;
mod process;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use huiliu_adapters::http;
use tokio::time::{Instant, sleep};

pub use binary::{build_hub, hub_binary, nats_binary, root};
pub use cable::{Cable, Cut};
pub use clients::{Answer, Caller};
pub use cluster::OwnCluster;
pub use disk::Disk;
pub use engine::{GATEWAY, Inspector, OwnServer, Raw};
pub use plan::{ChannelPlan, Plan};

/// How long anything a test waits for may take.
pub const PATIENCE: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(25);

/// A hub that runs, or was killed and can be started again.
pub struct TestHub {
    /// Everything it has: settings, keys, data.
    pub dir: PathBuf,
    /// Where its HTTP door is.
    pub url: String,
    keys: BTreeMap<String, String>,
    http: reqwest::Client,
    program: PathBuf,
    child: Option<Child>,
    keep_dir: bool,
    external: Option<plan::ExternalPlan>,
    disk: Option<Disk>,
    env: BTreeMap<String, String>,
}

impl TestHub {
    /// Writes the settings, mints the keys, starts the hub and waits until it is ready.
    pub async fn start(plan: Plan) -> anyhow::Result<Self> {
        let mut hub = plan.lay_out()?;
        hub.restart().await?;
        Ok(hub)
    }

    pub(crate) fn laid_out(
        dir: PathBuf,
        port: u16,
        keys: BTreeMap<String, String>,
        plan: &Plan,
    ) -> anyhow::Result<Self> {
        let http = http::nearby().timeout(Duration::from_secs(45)).build()?;
        let url = format!("http://127.0.0.1:{port}");
        Ok(Self {
            dir,
            url,
            keys,
            http,
            program: plan.program.clone(),
            child: None,
            keep_dir: plan.keep_dir,
            external: plan.external.clone(),
            disk: None,
            env: plan.env.clone(),
        })
    }

    /// Where it keeps its data.
    pub fn data(&self) -> PathBuf {
        self.dir.join("data")
    }

    /// The secret of a key, by its name.
    pub fn secret(&self, name: &str) -> &str {
        self.keys.get(name).map_or("", String::as_str)
    }

    /// Someone who calls with this key; an unknown name calls with none.
    pub fn caller(&self, name: &str) -> Caller {
        Caller::new(self.http.clone(), self.url.clone(), self.keys.get(name).cloned())
    }

    /// Starts the hub's process without waiting for anything.
    pub fn spawn(&mut self) -> anyhow::Result<()> {
        ensure!(self.child.is_none(), "the hub runs already");
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.log_file())?;
        let mut command = Command::new(&self.program);
        command.args(["run", "--settings"]).arg(self.dir.join("huiliu.toml")).current_dir(root());
        if let Some(nats) = nats_binary() {
            command.env("HUILIU_NATS_SERVER", nats);
        }
        command.envs(&self.env).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        self.child = Some(command.spawn().with_context(|| format!("failed to start {}", self.program.display()))?);
        Ok(())
    }

    /// Starts the hub and waits until it is ready.
    pub async fn restart(&mut self) -> anyhow::Result<()> {
        self.spawn()?;
        self.ready().await
    }

    /// The command line with these settings and the operator's key.
    pub async fn huiliu(&self, arguments: &[&str]) -> anyhow::Result<std::process::Output> {
        let mut command = Command::new(&self.program);
        command.env("HUILIU_SETTINGS", self.dir.join("huiliu.toml")).env("HUILIU_KEY", self.secret("desk"));
        if let Some(nats) = nats_binary() {
            command.env("HUILIU_NATS_SERVER", nats);
        }
        command.args(arguments).current_dir(root()).stdin(Stdio::null());
        Ok(tokio::task::spawn_blocking(move || command.output()).await??)
    }

    /// Waits until it takes work.
    pub async fn ready(&mut self) -> anyhow::Result<()> {
        let until = Instant::now() + PATIENCE;
        loop {
            if self.is_ready().await {
                return Ok(());
            }
            if let Some(status) = self.child.as_mut().and_then(|c| c.try_wait().ok().flatten()) {
                self.child = None;
                bail!("the hub ended with {status}:\n{}", self.last_words());
            }
            ensure!(Instant::now() < until, "the hub was not ready in time:\n{}", self.last_words());
            sleep(LOOK_EVERY).await;
        }
    }

    /// Whether it takes work just now.
    pub async fn is_ready(&self) -> bool {
        let asked = self.http.get(format!("{}/readyz", self.url)).timeout(Duration::from_secs(2)).send().await;
        asked.is_ok_and(|r| r.status().is_success())
    }

    /// The hub's process.
    pub fn process(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Whether its process ended by itself since it was started; then it can be started again.
    pub fn has_ended(&mut self) -> bool {
        let ended = self.child.as_mut().is_some_and(|child| child.try_wait().is_ok_and(|status| status.is_some()));
        if ended {
            self.child = None;
        }
        ended
    }

    /// Whether it runs a nats-server of its own.
    pub fn has_own_server(&self) -> bool {
        self.external.is_none()
    }

    /// Its nats-server's process.
    pub fn server_process(&self) -> Option<u32> {
        self.process().and_then(process::nats_server_of)
    }

    /// SIGKILL for the hub; its nats-server goes with it.
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        let server = self.server_process();
        let mut child = self.child.take().context("the hub does not run")?;
        child.kill()?;
        child.wait()?;
        match server {
            Some(server) => process::gone(server).await,
            None => Ok(()),
        }
    }

    /// SIGKILL for its nats-server; the hub starts another.
    pub async fn kill_server(&self) -> anyhow::Result<()> {
        let server = eventually("a nats-server to kill", PATIENCE, async || self.server_process()).await?;
        process::kill(server, "KILL")?;
        process::gone(server).await
    }

    /// Stops its nats-server in the middle of whatever it does, or lets it go on: it is there, and does not answer.
    pub async fn freeze_server(&self, frozen: bool) -> anyhow::Result<()> {
        let server = eventually("a nats-server", PATIENCE, async || self.server_process()).await?;
        process::kill(server, if frozen { "STOP" } else { "CONT" })
    }

    /// Asks the hub to stop and waits until it and its server are gone.
    pub async fn stop(&mut self) -> anyhow::Result<()> {
        let server = self.server_process();
        let Some(mut child) = self.child.take() else { return Ok(()) };
        process::kill(child.id(), "TERM")?;
        let ended = eventually("the hub to stop", PATIENCE, async || child.try_wait().ok().flatten()).await;
        if ended.is_err() {
            child.kill()?;
            child.wait()?;
            bail!("the hub did not stop when asked:\n{}", self.last_words());
        }
        match server {
            Some(server) => process::gone(server).await,
            None => Ok(()),
        }
    }

    /// Leaves its directory behind, to be looked at.
    pub(crate) fn keep(&mut self) {
        self.keep_dir = true;
    }

    /// The small disk its data is on, if it was planned so.
    pub fn disk(&self) -> Option<&Disk> {
        self.disk.as_ref()
    }

    /// Everything it has logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    fn log_file(&self) -> PathBuf {
        self.dir.join("hub.log")
    }

    pub(crate) fn last_words(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(15)..].join("\n")
    }

    /// The store directory of its nats-server.
    pub fn store(&self) -> PathBuf {
        self.data().join("nats/store")
    }

    /// The directory of one stream in the store.
    pub fn stream_dir(&self, stream: &str) -> PathBuf {
        self.store().join("jetstream/HUB/streams").join(stream)
    }
}

impl Drop for TestHub {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // Nothing can be done about a child that cannot be killed.
            let _gone = child.kill().and_then(|()| child.wait());
        }
        drop(self.disk.take());
        if !self.keep_dir && !std::thread::panicking() {
            let _left_behind = std::fs::remove_dir_all(&self.dir);
        }
    }
}

/// Waits until `look` finds something.
pub async fn eventually<T>(
    what: &str,
    patience: Duration,
    mut look: impl AsyncFnMut() -> Option<T>,
) -> anyhow::Result<T> {
    let until = Instant::now() + patience;
    loop {
        if let Some(found) = look().await {
            return Ok(found);
        }
        ensure!(Instant::now() < until, "waited {} s in vain for {what}", patience.as_secs());
        sleep(LOOK_EVERY).await;
    }
}

/// Copies a directory with everything in it over whatever stands there.
pub fn copy_dir(from: &Path, to: &Path) -> std::io::Result<()> {
    if to.exists() {
        std::fs::remove_dir_all(to)?;
    }
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_dir(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
