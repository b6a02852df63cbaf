//! What a hub is to be: its channels, its keys, its engine.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use uuid::Uuid;

use super::{Disk, TestHub, binary, copy_dir, root};

/// One channel.
#[derive(Debug, Clone)]
pub struct ChannelPlan {
    name: String,
    lines: Vec<String>,
    secrets: Vec<(String, String)>,
}

impl ChannelPlan {
    /// A channel that takes pushes with its key only.
    pub fn new(name: &str) -> Self {
        Self { name: name.into(), lines: vec!["requests_per_second = 100000".into()], secrets: Vec::new() }
    }

    /// Understood by this pack, not by the one of its own name.
    #[must_use]
    pub fn pack(mut self, name: &str) -> Self {
        self.lines.push(format!("pack = {name:?}"));
        self
    }

    /// Where it is answered, and pulled if [`Self::pulled`]; with the key the source wants to see.
    #[must_use]
    pub fn source(mut self, url: &str, key: &str) -> Self {
        let file = format!("{}.key", self.name);
        self.lines.push(format!("base_url = {url:?}"));
        self.lines.push(format!("key = {{ file = {file:?} }}"));
        self.secrets.push((file, key.into()));
        self
    }

    /// Where it is answered and pulled by a system that hands out tokens.
    #[must_use]
    pub fn client(mut self, url: &str, id: &str, secret: &str) -> Self {
        let file = format!("{}.secret", self.name);
        self.lines.push(format!("base_url = {url:?}"));
        self.lines.push(format!("client_id = {id:?}"));
        self.lines.push(format!("client_secret = {{ file = {file:?} }}"));
        self.secrets.push((file, secret.into()));
        self
    }

    /// Pulled every second, from a day ago on: each day of the past costs a window's round.
    #[must_use]
    pub fn pulled(mut self) -> Self {
        let since = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(24);
        self.lines.push(format!("since = \"{since}\""));
        self.lines.push("poll_interval_s = 1".into());
        self
    }

    /// Pushes are proven with this secret.
    #[must_use]
    pub fn pushed(mut self, secret: &str) -> Self {
        let file = format!("{}.push", self.name);
        self.lines.push(format!("push_secrets = [{{ file = {file:?} }}]"));
        self.secrets.push((file, secret.into()));
        self
    }

    /// What the source is told is signed with this secret.
    #[must_use]
    pub fn answer_signed(mut self, secret: &str) -> Self {
        let file = format!("{}.answer", self.name);
        self.lines.push(format!("answer_secrets = [{{ file = {file:?} }}]"));
        self.secrets.push((file, secret.into()));
        self
    }

    /// Takes only so many pushes a second.
    #[must_use]
    pub fn limited(mut self, per_second: u32) -> Self {
        self.lines[0] = format!("requests_per_second = {per_second}");
        self
    }
}

/// A nats-server somebody else runs.
#[derive(Debug, Clone)]
pub(crate) struct ExternalPlan {
    pub urls: Vec<String>,
    pub replicas: usize,
    pub user: String,
    pub password: String,
}

/// What a hub is to be.
#[derive(Debug, Clone)]
pub struct Plan {
    channels: Vec<ChannelPlan>,
    departments: Vec<String>,
    pub(crate) external: Option<ExternalPlan>,
    pub(crate) program: PathBuf,
    pub(crate) keep_dir: bool,
    pub(crate) env: BTreeMap<String, String>,
    disk_mib: Option<u64>,
    data_lines: Vec<String>,
    traces: Option<String>,
    master: Option<PathBuf>,
    own_files: bool,
    port: u16,
}

impl Plan {
    /// A hub with this program, and a key for an operator, `desk`.
    pub fn new(program: PathBuf) -> anyhow::Result<Self> {
        let port = free_port()?;
        Ok(Self {
            channels: Vec::new(),
            departments: Vec::new(),
            external: None,
            program,
            keep_dir: false,
            env: BTreeMap::new(),
            disk_mib: None,
            data_lines: Vec::new(),
            traces: None,
            master: None,
            own_files: false,
            port,
        })
    }

    /// Where a source pushes to.
    pub fn push_url(&self, channel: &str) -> String {
        format!("http://127.0.0.1:{}/v1/channels/{channel}/events", self.port)
    }

    /// The hub of this build; has it built first.
    pub fn built() -> anyhow::Result<Self> {
        Self::new(binary::build_hub()?)
    }

    /// With this channel, and a key of its name.
    #[must_use]
    pub fn channel(mut self, channel: ChannelPlan) -> Self {
        self.channels.push(channel);
        self
    }

    /// With keys for these departments.
    #[must_use]
    pub fn departments<'a>(mut self, ids: impl IntoIterator<Item = &'a str>) -> Self {
        self.departments.extend(ids.into_iter().map(str::to_owned));
        self
    }

    /// On a nats-server somebody else runs.
    #[must_use]
    pub fn external(self, url: &str, user: &str, password: &str) -> Self {
        self.on_cluster(&[url.to_owned()], 1, user, password)
    }

    /// On several of them, with so many copies of everything.
    #[must_use]
    pub fn on_cluster(mut self, urls: &[String], replicas: usize, user: &str, password: &str) -> Self {
        let (user, password) = (user.into(), password.into());
        self.external = Some(ExternalPlan { urls: urls.to_vec(), replicas, user, password });
        self
    }

    /// With the keys of another hub: two gateways of one centre share master key and credentials.
    #[must_use]
    pub fn sharing(mut self, other: &TestHub) -> Self {
        self.master = Some(other.data());
        self
    }

    /// With a directory and packs of its own, `directory` and `packs` beside its settings, that may be changed.
    #[must_use]
    pub fn own_files(mut self) -> Self {
        self.own_files = true;
        self
    }

    /// The same once more, at another address.
    ///
    /// # Errors
    /// When there is no free port.
    pub fn another(mut self) -> anyhow::Result<Self> {
        self.port = free_port()?;
        Ok(self)
    }

    /// With its data on a small disk of its own, of which new reports must leave `reserve_mib` free. Only for root.
    #[must_use]
    pub fn on_disk(mut self, mib: u64, reserve_mib: u64) -> Self {
        self.disk_mib = Some(mib);
        self.data_lines.push(format!("reserve = \"{reserve_mib}MiB\""));
        self
    }

    /// Sends every trace to this collector.
    #[must_use]
    pub fn traces(mut self, url: &str) -> Self {
        self.traces = Some(format!("[traces]\nendpoint = {url:?}\n"));
        self
    }

    /// With this in its environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.insert(name.into(), value.into());
        self
    }

    /// Leaves the directory for whoever wants to look.
    #[must_use]
    pub fn keep_dir(mut self) -> Self {
        self.keep_dir = true;
        self
    }

    /// Writes the settings and mints the keys; nothing runs yet.
    pub fn lay_out(self) -> anyhow::Result<TestHub> {
        let dir = std::env::temp_dir().join(format!("huiliu-test-{}", Uuid::new_v4().simple()));
        std::fs::create_dir_all(dir.join("data"))?;
        let disk = self.disk_mib.map(|mib| Disk::mount(&dir.join("data"), mib)).transpose()?;
        std::fs::write(dir.join("huiliu.toml"), self.settings())?;
        if self.own_files {
            copy_dir(&root().join("deploy/directory/330205"), &dir.join("directory"))?;
            copy_dir(&root().join("adapters/packs"), &dir.join("packs"))?;
        }
        let secrets = self.channels.iter().flat_map(|c| &c.secrets);
        for (file, secret) in secrets {
            std::fs::write(dir.join(file), secret)?;
        }
        if let Some(external) = &self.external {
            std::fs::write(dir.join("nats.password"), &external.password)?;
        }
        let keys = match &self.master {
            Some(other) => share(other, &dir.join("data"))?,
            None => self.mint(&dir)?,
        };
        let mut hub = TestHub::laid_out(dir, self.port, keys, &self)?;
        hub.disk = disk;
        Ok(hub)
    }

    fn settings(&self) -> String {
        let port = self.port;
        let shipped = root().join("deploy/directory/330205");
        let directory = if self.own_files { PathBuf::from("directory") } else { shipped };
        let packs = if self.own_files { "packs_dir = \"packs\"\n" } else { "" };
        let mut text = format!(
            "[http]\nlisten = \"127.0.0.1:{port}\"\n[data]\ndir = \"data\"\ndirectory_dir = {directory:?}\n{packs}{}\n[log]\nfilter = \"info\"\n{}",
            self.data_lines.join("\n"),
            self.traces.as_deref().unwrap_or_default(),
        );
        if let Some(external) = &self.external {
            // Writing to a String cannot fail.
            let _ok = writeln!(
                text,
                "[engine]\nurls = {:?}\nreplicas = {}\nuser = {:?}\npassword = {{ file = \"nats.password\" }}",
                external.urls, external.replicas, external.user
            );
        }
        for channel in &self.channels {
            let _ok = writeln!(text, "[channels.{}]\n{}", channel.name, channel.lines.join("\n"));
        }
        text
    }

    fn mint(&self, dir: &Path) -> anyhow::Result<BTreeMap<String, String>> {
        let channels = self.channels.iter().map(|c| ("channel", c.name.as_str()));
        let departments = self.departments.iter().map(|d| ("department", d.as_str()));
        let mut keys = BTreeMap::new();
        for (kind, subject) in channels.chain(departments).chain([("operator", "desk")]) {
            keys.insert(subject.to_owned(), mint(&self.program, dir, kind, subject)?);
        }
        let kept: String = keys.iter().map(|(name, secret)| format!("{name} {secret}\n")).collect();
        std::fs::write(dir.join("data/test-keys"), kept)?;
        Ok(keys)
    }
}

fn mint(program: &Path, dir: &Path, kind: &str, subject: &str) -> anyhow::Result<String> {
    let settings = dir.join("huiliu.toml");
    let mut command = Command::new(program);
    let minted = command.arg("--settings").arg(settings).args(["keys", "add", kind, subject]).output();
    let minted = minted.with_context(|| format!("failed to run {}", program.display()))?;
    ensure!(minted.status.success(), "keys add {kind} {subject}: {}", String::from_utf8_lossy(&minted.stderr));
    Ok(String::from_utf8(minted.stdout)?.trim().to_owned())
}

/// Takes over another hub's keys.
fn share(from: &Path, to: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    for file in ["credentials.toml", "master.key", "test-keys"] {
        std::fs::copy(from.join(file), to.join(file)).with_context(|| format!("no {file} to share"))?;
    }
    let kept = std::fs::read_to_string(to.join("test-keys"))?;
    Ok(kept.lines().filter_map(|l| l.split_once(' ')).map(|(n, s)| (n.to_owned(), s.to_owned())).collect())
}

/// A port nobody listens on just now.
pub(super) fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// How long a client waits before it tries again.
pub(super) const PAUSE: Duration = Duration::from_millis(100);
