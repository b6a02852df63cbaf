//! Running a simulated system: bind, file the first records, serve, push, keep the state file.
//!
//! The one place that wires a simulator together; stops only by its token.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json, Router};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::book::Book;
use super::clock::Clock;
use super::push::{self, Proof};
use super::quirks::Quirks;
use super::source::Source;
use super::system::System;
use super::webhook::{Secret, SecretError};
use super::{grid, hotline, petition, video, view, weather};

const TICK: Duration = Duration::from_millis(100);
const STORE_EVERY: Duration = Duration::from_secs(5);
const GRACE: Duration = Duration::from_secs(5);
const HISTORY_SPACING_S: i64 = 20;

/// How a simulator is to run.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to listen; port 0 for any.
    pub listen: SocketAddr,
    /// Seed of everything it says.
    pub seed: u64,
    /// Matters it has at the start.
    pub initial: u64,
    /// New matters a second, from then on.
    pub rate: f64,
    /// New matters after which it falls silent.
    pub total: Option<u64>,
    /// Key the hub must show, in `X-App-Key` or as bearer token; of the mediation platform, the client's secret.
    pub app_key: String,
    /// Grid platform: a simulated hotline, some of whose orders come round again as events.
    pub round_about: Option<String>,
    /// Where to push changes, if it pushes.
    pub push: Option<PushTarget>,
    /// `whsec_<base64>`, needed to push. Portal: the shared secret of `httpRequestVerify`.
    pub secret: Option<String>,
    /// File its state is kept in.
    pub state: Option<PathBuf>,
    /// Its bad habits.
    pub quirks: Quirks,
    /// Its clock.
    pub clock: Clock,
}

/// Where changes are pushed to.
#[derive(Clone, Debug)]
pub struct PushTarget {
    /// The hub's address for this channel.
    pub url: String,
    /// Records per push; above 1, the hotline sends `{"orders": […]}`.
    pub batch: usize,
    /// Compress the body (hotline only).
    pub gzip: bool,
    /// Pushes under way at once.
    pub workers: usize,
}

impl Config {
    /// Loopback, any port, no records, no quirks, no push.
    pub fn quiet(app_key: &str) -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            seed: 1,
            initial: 0,
            rate: 0.0,
            total: None,
            app_key: app_key.into(),
            round_about: None,
            push: None,
            secret: None,
            state: None,
            quirks: Quirks::none(),
            clock: Clock::System,
        }
    }
}

impl PushTarget {
    /// Single records, uncompressed, four at once.
    pub fn to(url: impl Into<String>) -> Self {
        Self { url: url.into(), batch: 1, gzip: false, workers: 4 }
    }
}

/// Why a simulator could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An empty key would let anyone in.
    #[error("app key is empty: expected the key the hub will show")]
    NoAppKey,
    /// A push needs a proof of origin.
    #[error("push url is given without a secret: expected the secret shared with the hub")]
    NoSecret,
    /// The hotline's secret has a fixed form.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The address is taken or not ours.
    #[error("listen on {0}: {1}")]
    Bind(SocketAddr, #[source] io::Error),
    /// The state file is not one of ours.
    #[error("state file {0}: {1}")]
    State(PathBuf, #[source] io::Error),
    /// The HTTP client could not be made.
    #[error("push client: {0}")]
    Client(#[from] reqwest::Error),
}

/// A simulator that is running.
pub struct Running {
    /// Where it listens.
    pub addr: SocketAddr,
    /// What it knows.
    pub source: Source,
    shutdown: CancellationToken,
    tasks: TaskTracker,
    state: Option<PathBuf>,
}

impl Running {
    /// `http://127.0.0.1:port`
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Waits for its token, lets requests finish within a grace, and stores its state.
    pub async fn finished(self) -> io::Result<()> {
        self.shutdown.cancelled().await;
        let in_time = tokio::time::timeout(GRACE, self.tasks.wait()).await.is_ok();
        if !in_time {
            tracing::warn!("simulator stopped with requests still open");
        }
        match self.state {
            Some(path) => store(&self.source, &path),
            None => Ok(()),
        }
    }

    /// Stops it and waits.
    pub async fn stop(self) -> io::Result<()> {
        self.shutdown.cancel();
        self.finished().await
    }
}

/// The secret of the exchange, for handlers.
#[derive(Clone)]
pub(crate) struct SharedSecret(pub(crate) Option<Arc<str>>);

/// Starts a simulated system; it stops with `shutdown` or by [`Running::stop`].
pub(crate) async fn start(system: System, config: Config, shutdown: CancellationToken) -> Result<Running, StartError> {
    if config.app_key.is_empty() {
        return Err(StartError::NoAppKey);
    }
    let proof = config.push.as_ref().map(|_| proof(system, &config)).transpose()?;
    let source = Source::new(open(system, &config)?, config.clock.clone());
    let bind_error = |error| StartError::Bind(config.listen, error);
    let listener = TcpListener::bind(config.listen).await.map_err(bind_error)?;
    let addr = listener.local_addr().map_err(bind_error)?;
    let missing = config.initial.saturating_sub(source.read(Book::new_matters));
    source.generate_history(missing, HISTORY_SPACING_S);

    let shutdown = shutdown.child_token();
    let tasks = TaskTracker::new();
    let router = router(system, &config, source.clone());
    let stopped = shutdown.clone().cancelled_owned();
    tasks.spawn(async move {
        if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(stopped).await {
            tracing::error!(%error, "simulator's server ended");
        }
    });
    if let (Some(target), Some(proof)) = (&config.push, proof) {
        push::start(&source, target, proof, &tasks, &shutdown)?;
    }
    let living = live(source.clone(), config.rate, config.total);
    let token = shutdown.clone();
    tasks.spawn(async move { token.run_until_cancelled(living).await });
    if let (System::Grid, Some(hotline)) = (system, config.round_about) {
        let following = grid::round_about::follow(source.clone(), hotline);
        let token = shutdown.clone();
        tasks.spawn(async move { token.run_until_cancelled(following).await });
    }
    if let Some(path) = config.state.clone() {
        let (source, token) = (source.clone(), shutdown.clone());
        tasks.spawn(async move { token.run_until_cancelled(keep(source, path)).await });
    }
    tasks.close();
    Ok(Running { addr, source, shutdown, tasks, state: config.state })
}

fn proof(system: System, config: &Config) -> Result<Proof, StartError> {
    let secret = config.secret.as_deref().filter(|secret| !secret.is_empty());
    let secret = secret.ok_or(StartError::NoSecret)?;
    Ok(match system {
        System::Hotline | System::Grid | System::Video => Proof::Webhook(Secret::parse(secret)?),
        System::Petition => Proof::Md5(secret.to_owned()),
    })
}

fn router(system: System, config: &Config, source: Source) -> Router {
    let key: Arc<str> = config.app_key.as_str().into();
    let offered = match system {
        System::Hotline => hotline::routes(),
        System::Petition => petition::routes(),
        System::Grid => grid::routes(),
        System::Video => {
            let own = video::routes(&source, video::Tokens::new(key));
            return own.merge(view::routes()).with_state(source);
        }
    };
    let secret = SharedSecret(config.secret.as_deref().map(Into::into));
    offered
        .layer(Extension(secret))
        .route_layer(middleware::from_fn_with_state(source.clone(), weather::pass))
        .route_layer(middleware::from_fn_with_state((system, key), authorise))
        .merge(view::routes())
        .with_state(source)
}

async fn authorise(State((system, key)): State<(System, Arc<str>)>, request: Request, next: Next) -> Response {
    if shows_key(request.headers(), &key) {
        return next.run(request).await;
    }
    let body = weather::refusal(system, 401, "0304", "X-App-Key 无效");
    (StatusCode::UNAUTHORIZED, Json(body)).into_response()
}

fn shows_key(headers: &HeaderMap, key: &str) -> bool {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let bearer = header("authorization").and_then(|value| value.strip_prefix("Bearer "));
    header("x-app-key").or(bearer) == Some(key)
}

/// New matters at their rate, and what is due.
async fn live(source: Source, rate: f64, total: Option<u64>) {
    let mut tick = tokio::time::interval(TICK);
    let mut owed = 0.0;
    loop {
        tick.tick().await;
        if source.read(|book| book.is_due(source.clock().now())) {
            source.settle();
        }
        owed += rate * TICK.as_secs_f64();
        let filed = source.read(Book::new_matters);
        let wanted = (owed as u64).min(total.map_or(u64::MAX, |total| total.saturating_sub(filed)));
        if wanted > 0 {
            source.generate(wanted);
        }
        owed -= owed.floor();
    }
}

async fn keep(source: Source, path: PathBuf) {
    let mut tick = tokio::time::interval(STORE_EVERY);
    let mut stored = None;
    loop {
        tick.tick().await;
        let version = source.version();
        if stored == Some(version) {
            continue;
        }
        match store(&source, &path) {
            Ok(()) => stored = Some(version),
            Err(error) => tracing::error!(%error, "simulator's state could not be stored"),
        }
    }
}

fn open(system: System, config: &Config) -> Result<Book, StartError> {
    let pushing = config.push.is_some();
    let Some(path) = config.state.as_deref().filter(|path| path.exists()) else {
        return Ok(Book::new(system, config.seed, config.quirks.clone(), pushing));
    };
    let failed = |error: io::Error| StartError::State(path.to_owned(), error);
    let text = std::fs::read(path).map_err(failed)?;
    let book: Book = serde_json::from_slice(&text).map_err(|error| failed(error.into()))?;
    if book.system != system {
        let other = format!("holds {:?}, expected {system:?}", book.system);
        return Err(failed(io::Error::new(io::ErrorKind::InvalidData, other)));
    }
    Ok(book.reopen(config.quirks.clone(), pushing))
}

/// Writes the state beside its file, then puts it in its place.
fn store(source: &Source, path: &Path) -> io::Result<()> {
    let text = source.read(serde_json::to_vec)?;
    let beside = path.with_extension("new");
    std::fs::write(&beside, text)?;
    std::fs::rename(beside, path)
}
