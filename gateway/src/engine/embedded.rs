//! The supervised nats-server child.
//!
//! It is restarted with backoff when it dies, on the same port and with the same passwords, so the
//! client finds it again by itself. It must never run on a store somebody else uses, and never
//! outlive us.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::binary::{self, BinaryError};
use super::child::RunningServer;
use super::config::{self, ServerConfig};
use super::lock::{LockError, StoreLock};
use super::settings::{Durability, Embedded};
use super::spawn;
use super::staging::Staging;
use crate::doors::credentials::write_private;
use crate::doors::{Credentials, CredentialsError, Secret};

/// A server listens once it has read its whole store: how often it is said that we wait for it.
const REPORT_EVERY: Duration = Duration::from_secs(10);
const READY_PAUSE: Duration = Duration::from_millis(10);
const STOP_GRACE: Duration = Duration::from_secs(15);
const FIRST_BACKOFF: Duration = Duration::from_millis(50);
const LONGEST_BACKOFF: Duration = Duration::from_secs(5);
/// A child that ran this long is not in a crash loop.
const HEALTHY_AFTER: Duration = Duration::from_secs(10);
/// Lines of each of its outputs that are told when it does not come up.
const LAST_WORDS: usize = 3;
/// In percent of what is in use. Every collection walks over all subjects there are; below the memory limit, rarely is
/// better than thriftily.
const GARBAGE_BEFORE_COLLECTING: &str = "200";
/// How often it is seen to that batches are staged in memory, and how often while they are not.
const TEND_EVERY: Duration = Duration::from_secs(1);
const TEND_AGAIN: Duration = Duration::from_millis(20);
/// Another program may take a free port between our look and the child's.
const PORT_ATTEMPTS: usize = 3;

/// The embedded server cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// No program.
    #[error(transparent)]
    Binary(#[from] BinaryError),
    /// The store is in use.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// No random password.
    #[error(transparent)]
    Secret(#[from] CredentialsError),
    /// A file of the server cannot be written.
    #[error("failed to write {path} for nats-server: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The program cannot be started.
    #[error("failed to start {program}: {source}")]
    Spawn {
        /// The program.
        program: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another program listens there.
    #[error("engine.embedded.port = {port} cannot be had: {source}; expected a port that no other program has")]
    PortTaken {
        /// The port.
        port: u16,
        /// Why not.
        source: io::Error,
    },
    /// We were told to stop while waiting for it.
    #[error("stopped while nats-server was starting")]
    Stopped,
    /// It ended before it listened.
    #[error("nats-server did not come up on port {port}: {reason}; its last words: {last_words}")]
    NotReady {
        /// The port it should listen on.
        port: u16,
        /// What happened.
        reason: String,
        /// The end of its output.
        last_words: String,
    },
}

/// The running, supervised server.
#[derive(Debug)]
pub struct EmbeddedServer {
    port: u16,
    gateway: Secret,
    system: Secret,
    stage: Arc<Stage>,
    stop: CancellationToken,
    supervisor: Mutex<Option<JoinHandle<()>>>,
}

/// All that is needed to start the child, again and again.
#[derive(Debug)]
struct Stage {
    settings: Embedded,
    program: PathBuf,
    lock: StoreLock,
    /// Asks the supervisor for another child in place of the present one.
    again: Notify,
    /// The number of the present child; 0 while there is none.
    process: AtomicU32,
    gateway_bcrypt: String,
    system_bcrypt: String,
}

impl EmbeddedServer {
    /// Locks the store, writes the configuration, starts the child and waits until it listens, as long as it lives: the
    /// larger the store, the longer.
    ///
    /// # Errors
    /// When any of that fails, or `shutdown` is cancelled first.
    pub async fn start(
        settings: Embedded,
        credentials: &Credentials,
        shutdown: &CancellationToken,
    ) -> Result<Self, EmbeddedError> {
        let program = binary::find(settings.program.as_deref())?;
        fs::create_dir_all(&settings.directory).map_err(|source| file(&settings.directory, source))?;
        let settings = absolute(settings)?;
        warn_if_relaxed(settings.durability);
        let lock = StoreLock::take(&settings.directory).await?;
        let (gateway, system) = (Secret::random()?, Secret::random()?);
        let stage = Stage {
            program,
            lock,
            again: Notify::new(),
            process: AtomicU32::new(0),
            gateway_bcrypt: gateway.bcrypt()?,
            system_bcrypt: system.bcrypt()?,
            settings,
        };
        let (port, server) = stage.first_start(credentials, shutdown).await?;
        let stage = Arc::new(stage);
        let stop = CancellationToken::new();
        let supervisor = tokio::spawn(run(Arc::clone(&stage), server, stop.clone()));
        Ok(Self { port, gateway, system, stage, stop, supervisor: Mutex::new(Some(supervisor)) })
    }

    /// Where clients connect.
    #[must_use]
    pub fn address(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// The gateway's password.
    #[must_use]
    pub fn gateway_password(&self) -> &Secret {
        &self.gateway
    }

    /// The password with which the server may be asked about itself.
    #[must_use]
    pub fn system_password(&self) -> &Secret {
        &self.system
    }

    /// The present child's process number, if there is a child just now.
    #[must_use]
    pub fn process(&self) -> Option<u32> {
        Some(self.stage.process.load(Ordering::Relaxed)).filter(|id| *id != 0)
    }

    /// Writes the configuration anew; the caller makes the server read it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn rewrite(&self, credentials: &Credentials) -> Result<(), EmbeddedError> {
        self.stage.write_config(self.port, credentials)
    }

    /// Has the supervisor stop the present child and start another.
    pub fn start_again(&self) {
        self.stage.again.notify_one();
    }

    /// Stops the child and waits until it is gone. Call it when everything else has drained.
    pub async fn stop(&self) {
        self.stop.cancel();
        let supervisor = self.supervisor.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(supervisor) = supervisor {
            let _ended = supervisor.await;
        }
    }
}

impl Drop for EmbeddedServer {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Stage {
    async fn first_start(
        &self,
        credentials: &Credentials,
        shutdown: &CancellationToken,
    ) -> Result<(u16, RunningServer), EmbeddedError> {
        let mut attempt = 1;
        loop {
            let port = self.choose_port()?;
            self.write_config(port, credentials)?;
            let server = self.spawn().await?;
            match self.ready(server, port, shutdown).await {
                Ok(server) => {
                    self.remember(port)?;
                    return Ok((port, server));
                }
                Err(EmbeddedError::Stopped) => return Err(EmbeddedError::Stopped),
                Err(error) if self.settings.port != 0 || attempt == PORT_ATTEMPTS => return Err(error),
                Err(error) => tracing::warn!("trying another port: {error}"),
            }
            attempt += 1;
        }
    }

    /// A port at which nobody listens: whoever did would be taken for our child.
    fn choose_port(&self) -> Result<u16, EmbeddedError> {
        let free = |port: u16| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).and_then(|socket| socket.local_addr());
        if self.settings.port != 0 {
            let port = self.settings.port;
            return free(port).map(|_| port).map_err(|source| EmbeddedError::PortTaken { port, source });
        }
        let remembered = fs::read_to_string(self.port_file()).ok().and_then(|text| text.trim().parse().ok());
        if let Some(port) = remembered {
            match free(port) {
                Ok(_) => return Ok(port),
                Err(error) => tracing::warn!(
                    port,
                    "port {port}, which departments know, cannot be had ({error}): nats-server takes another; set engine.embedded.port"
                ),
            }
        }
        Ok(free(0).map_err(|source| file(&self.port_file(), source))?.port())
    }

    fn remember(&self, port: u16) -> Result<(), EmbeddedError> {
        let path = self.port_file();
        fs::write(&path, format!("{port}\n")).map_err(|source| file(&path, source))
    }

    fn port_file(&self) -> PathBuf {
        self.settings.directory.join("port")
    }

    fn config_file(&self) -> PathBuf {
        self.settings.directory.join("server.conf")
    }

    fn output_file(&self) -> PathBuf {
        self.settings.directory.join("output.log")
    }

    fn write_config(&self, port: u16, credentials: &Credentials) -> Result<(), EmbeddedError> {
        let text = ServerConfig {
            port,
            directory: &self.settings.directory,
            durability: self.settings.durability,
            gateway_bcrypt: &self.gateway_bcrypt,
            system_bcrypt: &self.system_bcrypt,
            credentials,
        }
        .render();
        let path = self.config_file();
        write_private(&path, &text).map_err(|source| file(&path, source))
    }

    async fn spawn(&self) -> Result<RunningServer, EmbeddedError> {
        let path = self.output_file();
        let output = open_output(&path).map_err(|source| file(&path, source))?;
        let errors = output.try_clone().map_err(|source| file(&path, source))?;
        let mut command = Command::new(&self.program);
        command
            .arg("--config")
            .arg(self.config_file())
            .env("GOMEMLIMIT", &self.settings.memory_limit)
            .env("GOGC", GARBAGE_BEFORE_COLLECTING)
            .stdin(std::process::Stdio::null())
            .stdout(output)
            .stderr(errors);
        let failed = |source| EmbeddedError::Spawn { program: self.program.clone(), source };
        let child = spawn::spawn(command, &self.lock).await.map_err(failed)?;
        let server = RunningServer::watch(child).map_err(failed)?;
        self.process.store(server.id(), Ordering::Relaxed);
        tracing::info!(process = server.id(), "nats-server started as process {}", server.id());
        Ok(server)
    }

    /// Waits until the child listens. That it is *our* child that listens is proven by the password.
    async fn ready(
        &self,
        mut server: RunningServer,
        port: u16,
        shutdown: &CancellationToken,
    ) -> Result<RunningServer, EmbeddedError> {
        let reason = tokio::select! {
            () = listening(port) => return Ok(server),
            () = shutdown.cancelled() => {
                shut_down(self, server).await;
                return Err(EmbeddedError::Stopped);
            }
            ended = server.ended() => match ended {
                Ok(status) => format!("it ended with {status}"),
                Err(error) => format!("it cannot be watched: {error}"),
            },
        };
        Err(EmbeddedError::NotReady { port, reason, last_words: self.last_words() })
    }

    /// What it said before it could write a log, and the end of its log.
    fn last_words(&self) -> String {
        let read = |path: PathBuf| fs::read_to_string(path).unwrap_or_default();
        let (output, log) = (read(self.output_file()), read(self.settings.directory.join("server.log")));
        let logged = log.lines().skip(log.lines().count().saturating_sub(LAST_WORDS));
        output.lines().take(LAST_WORDS).chain(logged).collect::<Vec<_>>().join(" | ")
    }
}

async fn listening(port: u16) {
    let since = Instant::now();
    let mut told = since;
    while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.is_err() {
        if told.elapsed() >= REPORT_EVERY {
            let seconds = since.elapsed().as_secs();
            tracing::warn!(seconds, "still waiting for nats-server to read its store, {seconds} s so far");
            told = Instant::now();
        }
        sleep(READY_PAUSE).await;
    }
}

/// Until it is to stop: then what is there only for a server that runs goes with it.
async fn run(stage: Arc<Stage>, server: RunningServer, stop: CancellationToken) {
    let Some(staging) = Staging::of(stage.settings.directory.join(config::STREAMS)) else {
        return supervise(stage, server, stop).await;
    };
    tokio::join!(supervise(stage, server, stop.clone()), stage_in_memory(&staging, stop));
    staging.leave();
}

async fn supervise(stage: Arc<Stage>, first: RunningServer, stop: CancellationToken) {
    let mut server = first;
    let mut backoff = FIRST_BACKOFF;
    loop {
        let since = Instant::now();
        tokio::select! {
            () = stop.cancelled() => return shut_down(&stage, server).await,
            ended = server.ended() => tell_end(&stage, ended),
            () = stage.again.notified() => {
                tracing::error!("nats-server is there and of no use, starting it again");
                shut_down(&stage, server).await;
            }
        }
        if since.elapsed() >= HEALTHY_AFTER {
            backoff = FIRST_BACKOFF;
        }
        let Some(next) = restart(&stage, &mut backoff, &stop).await else { return };
        server = next;
    }
}

async fn stage_in_memory(staging: &Staging, stop: CancellationToken) {
    let mut told = None;
    loop {
        let tended = staging.clone();
        let pause = match tokio::task::spawn_blocking(move || tended.tend()).await {
            Ok(Ok(true)) => TEND_EVERY,
            Ok(Ok(false)) => TEND_AGAIN,
            failed => {
                tracing::debug!(?failed, "the staging directories cannot be tended");
                TEND_EVERY
            }
        };
        let in_memory = staging.is_used();
        if pause == TEND_EVERY && told.replace(in_memory) != Some(in_memory) {
            let place = if in_memory { "memory" } else { "the store's disk, where batches take longer" };
            tracing::info!(in_memory, "batches are staged in {place}");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = sleep(pause) => {}
        }
    }
}

fn tell_end(stage: &Stage, ended: io::Result<std::process::ExitStatus>) {
    stage.process.store(0, Ordering::Relaxed);
    match ended {
        Ok(status) => tracing::warn!("nats-server ended by itself ({status}), starting it again"),
        Err(error) => tracing::error!("nats-server cannot be watched, starting it again: {error}"),
    }
}

async fn restart(stage: &Stage, backoff: &mut Duration, stop: &CancellationToken) -> Option<RunningServer> {
    loop {
        tokio::select! {
            () = stop.cancelled() => return None,
            () = sleep(*backoff) => {}
        }
        *backoff = (*backoff * 2).min(LONGEST_BACKOFF);
        match stage.spawn().await {
            Ok(server) => {
                metrics::counter!("huiliu_engine_restarts_total").increment(1);
                return Some(server);
            }
            Err(error) => tracing::error!("nats-server cannot be started again, trying on: {error}"),
        }
    }
}

async fn shut_down(stage: &Stage, server: RunningServer) {
    match server.stop(STOP_GRACE).await {
        Ok(status) => tracing::info!("nats-server stopped ({status})"),
        Err(error) => tracing::warn!("nats-server cannot be waited for: {error}"),
    }
    stage.process.store(0, Ordering::Relaxed);
}

fn absolute(settings: Embedded) -> Result<Embedded, EmbeddedError> {
    let directory = settings.directory.canonicalize().map_err(|source| file(&settings.directory, source))?;
    Ok(Embedded { directory, ..settings })
}

/// Keeps what the child before this one said: after a crash it is wanted.
fn open_output(path: &Path) -> io::Result<File> {
    match fs::rename(path, path.with_extension("previous.log")) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => OpenOptions::new().create(true).append(true).open(path),
    }
}

fn warn_if_relaxed(durability: Durability) {
    if durability == Durability::Relaxed {
        tracing::warn!(
            "durability is relaxed: a power cut may lose reports that were already acknowledged to their senders"
        );
    }
}

fn file(path: &Path, source: io::Error) -> EmbeddedError {
    EmbeddedError::File { path: path.to_owned(), source }
}
