//! The composition root: everything is built here, in the order in which it depends on each other, and nowhere else.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use async_nats::jetstream::Context;
use huiliu_adapters::http;
use huiliu_adapters::pack::Pack;
use huiliu_adapters::token::{ClientCredentials, Tokens};
use huiliu_adapters::verify::{Secret, VerifyError};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::api::{self, Api, Bodies};
use crate::background::Background;
use crate::backup;
use crate::backup::source::Backups;
use crate::channels::{ChannelRuntime, Channels};
use crate::desk::Desk;
use crate::doors::Secret as KeySecret;
use crate::doors::credentials::Credentials;
use crate::doors::reload::Follow;
use crate::engine::lock::StoreLock;
use crate::engine::patience::{MayPass, until_answered};
use crate::engine::room::{Disk, Holds};
use crate::engine::streams::StreamError;
use crate::engine::{Engine, Server, room, streams};
use crate::figures::{self, Sampler};
use crate::files::{FollowFiles, Kept, Sources, directory_to_start_with, pack_to_start_with};
use crate::follow::LogNow;
use crate::intake::attempts::Attempts;
use crate::intake::pipeline::{self, IN_FLIGHT, Pipeline};
use crate::intake::pull::Pull;
use crate::intake::receipts::Receipts;
use crate::intake::replay::{Replay, carry_on};
use crate::intake::store::IntakeStore;
use crate::keys::master::MasterKeyError;
use crate::keys::{InOrder, KeyError, Keys, master};
use crate::ledger::Ledger;
use crate::queues::mark::note_former_log;
use crate::queues::reconcile::Reconciler;
use crate::queues::{Queues, sweep};
use crate::readmodel::{Indexing, ReadHandle, ReadModel, ReadModelError};
use crate::search::Search;
use crate::serve::{Connections, serve};
use crate::settings::{ChannelSettings, Settings};
use crate::traces::{Sending, Traces};
use crate::vault::MasterKey;
use crate::words::IndexKey;
use crate::writeback::WriteBack;
use crate::{follow, nats_door};

/// The read model's file in the data directory.
pub const READ_MODEL: &str = "readmodel.sqlite";
const GRACE: Duration = Duration::from_secs(20);
const RECONCILE_EVERY: Duration = Duration::from_secs(300);
/// After a server that was away, or that did not know its streams yet.
const RETRY_SOON: Duration = Duration::from_secs(2);

/// A hub that runs.
pub struct App {
    /// Where its HTTP door is.
    pub address: SocketAddr,
    /// Its engine.
    pub engine: Engine,
    /// Its ledger.
    pub ledger: Ledger,
    /// Its read model.
    pub reads: ReadHandle,
    background: Background,
    ready: watch::Sender<bool>,
    traces: Sending,
    /// One hub to a data directory: the read model has one writer, also where the engine is somebody else's.
    data_lock: StoreLock,
}

impl App {
    /// Builds and starts everything. `shutdown` only ends the waiting for the engine; a hub that runs is ended by
    /// [`App::stop`].
    ///
    /// # Errors
    /// Where something configured cannot be had; says what.
    pub async fn start(settings: Settings, shutdown: &CancellationToken) -> anyhow::Result<Self> {
        std::fs::create_dir_all(&settings.data_dir)
            .with_context(|| format!("failed to make the data directory {}", settings.data_dir.display()))?;
        let data_lock = StoreLock::take(&settings.data_dir).await?;
        backup::restore::refuse_unfinished(&settings.data_dir)?;
        let attempts = Attempts::open(&settings.data_dir, IN_FLIGHT)
            .with_context(|| format!("failed to note in {} what is in hand", settings.data_dir.display()))?;
        let credentials = credentials(&settings.credentials_file)?;
        let kept = Kept::directory(&settings.data_dir);
        let directory =
            directory_to_start_with(&settings.directory_dir, &kept).context("failed to load the directory")?;
        let channels = channels(&settings)?;
        let listener = TcpListener::bind(settings.listen)
            .await
            .with_context(|| format!("failed to listen on {}", settings.listen))?;
        let recorder = figures::recorder()?;
        figures::begin_at_zero(&channels);
        let (traces, sending) = Traces::start(settings.traces.as_ref())?;

        let disk = disk(&settings);
        let engine = Engine::start(settings.engine, &credentials, shutdown.clone()).await?;
        let read_model = settings.data_dir.join(READ_MODEL);
        let known = ReadModel::reached_before(&read_model);
        let found = async || {
            refuse_empty(&engine, known, &read_model).await?;
            find(&engine, &settings.master_key_file).await
        };
        let Found { master, end } = until_answered(shutdown, found).await?;

        let (starting, background) = (shutdown, Background::default());
        let shutdown = background.shutdown.clone();
        let jetstream = engine.jetstream.clone();
        let desk = Desk::new(Arc::new(directory));
        let keys = Keys::new(jetstream.clone(), master.clone());
        let (dead, dying) = mpsc::unbounded_channel();
        let indexing = indexing(keys.clone());
        let ledger = Ledger::open(&engine, keys, desk, end, dead, &background);
        let watch = room::Watch::new(engine.clone(), disk, settings.reserve);
        let store = IntakeStore::open(jetstream.clone(), master, watch.room(), &background);
        let replay = Replay::new(jetstream.clone(), ledger.clone(), store.clone(), channels.clone(), traces.clone());
        let queues = Queues::new(jetstream.clone(), ledger.clone(), traces.clone());

        let model = open_read_model(&jetstream, &read_model, indexing, starting).await?;
        let reads = model.reader();
        let receipts = Receipts::new(jetstream.clone(), ledger.clone(), reads.clone(), channels.clone());
        let (follow_credentials, credentials) = Follow::new(settings.credentials_file, engine.clone(), credentials);
        let (ready, is_ready) = watch::channel(false);
        let reconciler = Reconciler::new(engine.clone(), ledger.clone(), reads.clone(), queues.clone());
        let packs = channels.values().map(|channel| (settings.channels[&channel.name].pack.clone(), channel.clone()));
        let files = FollowFiles::new(
            Sources {
                directory: settings.directory_dir.clone(),
                packs_dir: settings.packs_dir.clone(),
                data_dir: settings.data_dir.clone(),
            },
            ledger.desk().clone(),
            packs.collect(),
            reconciler.clone(),
        );
        let api = Api {
            jetstream: jetstream.clone(),
            channels: channels.clone(),
            shares: Arc::default(),
            bodies: Bodies::of(channels.keys()),
            store: store.clone(),
            receipts,
            replay: replay.clone(),
            ledger: ledger.clone(),
            queues: queues.clone(),
            reads: reads.clone(),
            search: Search::new(reads.clone(), ledger.clone()),
            reconciler: reconciler.clone(),
            backups: Backups::new(jetstream.clone(), ledger.clone()),
            follow_files: files.clone(),
            credentials,
            connected: engine.connected(),
            ready: is_ready,
            shutdown: shutdown.clone(),
            room: watch.room(),
            figures: recorder.clone(),
            traces: traces.clone(),
        };

        background.run("follow", follow::run(engine.reading.clone(), model, ledger.tail().clone(), shutdown.clone()));
        background.run("room", watch.run(shutdown.clone()));
        background.run("credentials", follow_credentials.run(shutdown.clone()));
        background.run("files", files.run(shutdown.clone()));
        background.run("sweep", sweep::run(jetstream.clone(), dying, shutdown.clone()));
        let pipeline = Pipeline::new(jetstream.clone(), ledger.clone(), channels.clone(), traces.clone(), attempts);
        background.run("pipeline", pipeline.run(shutdown.clone()));
        background.run("quarantine", carry_on(replay, shutdown.clone()));
        background.run("nats door", nats_door::run(engine.doors.clone(), api.clone(), shutdown.clone()));
        background.run("figures", figures::upkeep(recorder, shutdown.clone()));
        let sampler = Sampler::new(
            engine.clone(),
            reads.clone(),
            channels.clone(),
            ledger.desk().clone(),
            settings.data_dir.clone(),
        );
        background.run("sampler", sampler.run(shutdown.clone()));
        background.run("reconcile", reconcile(reconciler, engine.connected(), shutdown.clone()));
        for channel in channels.values().filter(|c| c.base_url.is_some()) {
            if channel.is_polled() {
                let pull = Pull::new(channel.clone(), jetstream.clone(), store.clone(), traces.clone());
                background.run_beside(format!("pull {}", channel.name), pull.run(shutdown.clone()));
            }
            let (ledger, reads) = (ledger.clone(), reads.clone());
            let tell =
                WriteBack::new(channel.clone(), channels.clone(), jetstream.clone(), ledger, reads, traces.clone())?;
            background.run_beside(format!("tell {}", channel.name), tell.run(shutdown.clone()));
        }

        let address = listener.local_addr()?;
        background.run("http door", serve(listener, api::routes(api), Connections::default(), shutdown));
        ready.send_replace(true);
        tracing::info!(%address, engine = engine.address(), "huiliu takes work at http://{address}");
        Ok(Self { address, engine, ledger, reads, background, ready, traces: sending, data_lock })
    }

    /// Resolves when a part without which the hub is of no use has ended: whoever runs the hub should start it again.
    pub async fn broke(&self) {
        self.background.broken.cancelled().await;
    }

    /// Stops taking work, finishes what is in flight, says what was left, and stops the engine last.
    pub async fn stop(self) {
        let Self { engine, ledger, background: Background { tasks, shutdown, .. }, ready, traces, data_lock, .. } =
            self;
        ready.send_replace(false);
        shutdown.cancel();
        drop(ledger);
        tasks.close();
        if tokio::time::timeout(GRACE, tasks.wait()).await.is_err() {
            tracing::warn!(
                left = tasks.len(),
                "stopped with {} tasks unfinished; nothing acknowledged is lost",
                tasks.len()
            );
        }
        traces.stop().await;
        engine.stop().await;
        drop(data_lock);
    }
}

/// What a hub must know of its engine before it works.
struct Found {
    master: Arc<MasterKey>,
    /// The end of the case log.
    end: u64,
}

#[derive(Debug, thiserror::Error)]
enum NotFound {
    #[error(
        "库是空的，而 {read_model} 曾读过 {known} 条案件记录，网关不启动：请挂载原来的库，或恢复备份；确要从空库重新开始，先移走此文件 (the store is empty, but {read_model} has read {known} messages of a case log: mount that store, or restore a backup; to begin anew all the same, move this file away)"
    )]
    Empty { known: u64, read_model: String },
    #[error(transparent)]
    Stream(#[from] StreamError),
    #[error(transparent)]
    Key(#[from] MasterKeyError),
    #[error("failed to make the pipeline's consumer: {0}")]
    Consumer(String),
}

impl MayPass for NotFound {
    fn may_pass(&self) -> bool {
        match self {
            Self::Stream(error) => error.may_pass(),
            Self::Key(error) => error.may_pass(),
            Self::Consumer(_) => true,
            Self::Empty { .. } => false,
        }
    }
}

/// Where cases are known and the store has none, the store is not there: on an empty one every case of the past would be
/// registered a second time. No stream is made in it.
async fn refuse_empty(engine: &Engine, known: u64, read_model: &Path) -> Result<(), NotFound> {
    if known == 0 || streams::has_cases(&engine.jetstream).await? {
        return Ok(());
    }
    Err(NotFound::Empty { known, read_model: read_model.display().to_string() })
}

/// Makes what the engine does not have yet, and looks how far it is.
async fn find(engine: &Engine, master_key_file: &Path) -> Result<Found, NotFound> {
    let jetstream = &engine.jetstream;
    for difference in streams::ensure_all(jetstream, engine.replicas).await? {
        tracing::warn!("{difference}");
    }
    let master = Arc::new(master::of_store(jetstream, master_key_file).await?);
    if engine.server_process().is_some() {
        streams::free_leases(jetstream).await?;
    }
    pipeline::consumer(jetstream).await.map_err(NotFound::Consumer)?;
    Ok(Found { master, end: streams::last_sequence(jetstream, streams::CASES).await? })
}

/// The disk whose space is watched: the store's, as far as that is on a disk of ours.
fn disk(settings: &Settings) -> Disk {
    match &settings.engine.server {
        Server::Embedded(embedded) => Disk { directory: embedded.directory.clone(), holds: Holds::Store },
        Server::External(_) => Disk { directory: settings.data_dir.clone(), holds: Holds::OwnFiles },
    }
}

/// Keys that may come in; with no file yet, nobody.
fn credentials(file: &Path) -> anyhow::Result<Credentials> {
    if !file.exists() {
        Credentials::default().save(file)?;
    }
    Ok(Credentials::load(file)?)
}

/// Each channel that is switched on, with its pack as it stands in the files, or why the hub would not begin with it.
pub(crate) fn each_channel(settings: &Settings) -> impl Iterator<Item = anyhow::Result<ChannelRuntime>> {
    settings.channels.iter().map(|(name, configured)| {
        let pack = Pack::find(&configured.pack, settings.packs_dir.as_deref()).with_context(|| of_channel(name))?;
        channel(name, configured, Arc::new(pack))
    })
}

/// Where a system could be asked from nowhere on this machine, that is said here, before anything is started: over HTTPS it
/// needs authorities, which a bare container has none of.
fn channels(settings: &Settings) -> anyhow::Result<Channels> {
    for (name, url) in settings.channels.iter().filter_map(|(name, c)| Some((name, c.base_url.as_ref()?))) {
        http::client(url).build().with_context(|| {
            format!(
                "渠道 {name} 无法用 HTTPS 连接：本机若没有受信任的根证书，请安装 ca-certificates，或以环境变量 SSL_CERT_FILE 指明文件 \
                 (channel `{name}` cannot be asked over HTTPS; where there are no CA certificates, install ca-certificates, or name \
                 a file in SSL_CERT_FILE)"
            )
        })?;
    }
    let mut packs: BTreeMap<&str, Arc<Pack>> = BTreeMap::new();
    let mut channels = BTreeMap::new();
    for (name, configured) in &settings.channels {
        let pack = match packs.get(configured.pack.as_str()) {
            Some(pack) => pack.clone(),
            None => pack(&configured.pack, settings).with_context(|| of_channel(name))?,
        };
        packs.insert(&configured.pack, pack.clone());
        channels.insert(name.clone(), Arc::new(channel(name, configured, pack)?));
    }
    Ok(Arc::new(channels))
}

/// The pack all its channels begin with.
fn pack(name: &str, settings: &Settings) -> anyhow::Result<Arc<Pack>> {
    let suits = |pack: &Arc<Pack>| {
        let mut of_it = settings.channels.iter().filter(|(_, configured)| configured.pack == name);
        of_it.try_for_each(|(name, configured)| channel(name, configured, pack.clone()).map(drop))
    };
    pack_to_start_with(name, settings.packs_dir.as_deref(), &Kept::pack(&settings.data_dir, name), suits)
}

fn of_channel(name: &huiliu_schemas::Channel) -> String {
    format!("failed to load the pack of channel `{name}`")
}

fn channel(
    name: &huiliu_schemas::Channel,
    configured: &ChannelSettings,
    pack: Arc<Pack>,
) -> anyhow::Result<ChannelRuntime> {
    if configured.since.is_some() && pack.pull.is_none() {
        bail!("channels.{name}.since is set, but the pack `{}` has no [pull]: it would never be asked", pack.name)
    }
    if configured.key.is_some() && pack.key_header.is_none() {
        bail!("channels.{name}.key is set, but the pack `{}` has no key_header: it would never be shown", pack.name)
    }
    let mut channel = ChannelRuntime::new(name.clone(), pack, configured.requests_per_second);
    if let Some(namespace) = &configured.namespace {
        channel.namespace = namespace.clone();
    }
    channel.secrets = signing(&configured.push_secrets).with_context(|| format!("channels.{name}.push_secrets"))?;
    channel.answer_secrets =
        signing(&configured.answer_secrets).with_context(|| format!("channels.{name}.answer_secrets"))?;
    channel.base_url.clone_from(&configured.base_url);
    channel.tokens = tokens(&channel, configured)?;
    channel.key = configured.key.as_ref().map(|k| k.expose().to_owned());
    channel.since = configured.since;
    channel.history_before = configured.history_before;
    channel.poll_every = configured.poll_interval;
    Ok(channel)
}

fn signing(secrets: &[KeySecret]) -> Result<Vec<Secret>, VerifyError> {
    secrets.iter().map(|secret| Secret::parse(secret.expose())).collect()
}

/// Where the channel's tokens come from, if its pack wants one.
fn tokens(channel: &ChannelRuntime, configured: &ChannelSettings) -> anyhow::Result<Option<Tokens>> {
    let name = &channel.name;
    let pack = channel.pack();
    match (&pack.token, &channel.base_url, &configured.client) {
        (Some(spec), Some(base_url), Some((id, secret))) => {
            let client = ClientCredentials { id: id.clone(), secret: secret.expose().to_owned() };
            let tokens = Tokens::new(spec.clone(), base_url, client);
            Ok(Some(tokens.with_context(|| format!("channel `{name}`"))?))
        }
        (Some(_), Some(_), None) => {
            bail!("channel `{name}`: its system wants a token: set channels.{name}.client_id and .client_secret")
        }
        (None, _, Some(_)) => {
            bail!("channels.{name}.client_id is set, but the pack `{}` knows no token: remove it", pack.name)
        }
        _ => Ok(None),
    }
}

/// What makes the words of cases searchable. A key that cannot be read is waited for; content that does not open with its
/// key never will, and is left out.
pub fn indexing(keys: Keys) -> Indexing {
    let key = IndexKey::of(keys.master());
    let in_order = InOrder::new(keys);
    Indexing::new(key, move |stored| match in_order.open(stored) {
        Ok(content) => Ok(content),
        Err(KeyError::Vault(error)) => {
            tracing::error!(case = %stored.case_id, event = %stored.id, %error,
                "content does not open: its words cannot be searched");
            Ok(Default::default())
        }
        Err(error) => Err(ReadModelError::Unopened(error.to_string())),
    })
}

/// The read model at its place in the log; one of another log is built anew. None answers before it is where the log ends.
async fn open_read_model(
    jetstream: &Context,
    file: &Path,
    indexing: Indexing,
    starting: &CancellationToken,
) -> anyhow::Result<ReadModel> {
    let mut model = ReadModel::open(file, indexing)?;
    let place = model.place();
    let LogNow { end, another } = until_answered(starting, async || LogNow::compared(jetstream, place).await).await?;
    if let Some(another) = another {
        tracing::warn!(end, "the read model is of another log ({another}): it is built anew");
        note_former_log(jetstream, place).await?;
        model.begin_anew(end)?;
    } else {
        model.wait_until(end);
    }
    Ok(model)
}

/// Compares and mends at the start and from time to time, one gateway at a time.
async fn reconcile(reconciler: Reconciler, mut connected: watch::Receiver<bool>, shutdown: CancellationToken) {
    let once = async || match reconciler.run_alone().await {
        Some(Ok(_)) => RECONCILE_EVERY,
        Some(Err(error)) => {
            tracing::warn!(%error, "could not reconcile; it is tried again");
            RETRY_SOON
        }
        // Another gateway is at it, or the server did not answer: until we know which, a QUEUES that is missing stays so.
        None => streams::LEASE_TTL,
    };
    loop {
        let pause = tokio::select! {
            () = shutdown.cancelled() => return,
            pause = once() => pause,
        };
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
            // What was being swept when the server went away is known to nobody but the log.
            () = came_back(&mut connected) => {}
        }
    }
}

/// Resolves when the server is there again after it was away.
async fn came_back(connected: &mut watch::Receiver<bool>) {
    let away = connected.wait_for(|up| !*up).await.is_ok();
    if !away || connected.wait_for(|up| *up).await.is_err() {
        std::future::pending::<()>().await;
    }
}
