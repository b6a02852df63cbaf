//! `huiliu demo`: the whole hub on one machine with four simulated upstream systems, three scripted departments and a
//! dispatcher. They all speak to the hub from outside, over its doors. Nothing here is part of a real installation.

mod department;
mod dispatcher;
mod door;
mod place;
mod story;
mod upstream;
mod words;

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use jiff::Timestamp;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::App;
use crate::directory::Directory;
use crate::doors::{KeyKind, Secret};
use crate::readmodel::ReadHandle;
use department::{CAST, Department, Part};
use dispatcher::Dispatcher;
use door::Door;
use place::Place;
use story::Story;
use upstream::{Habits, Upstream};
use words::Words;

const HOTLINE: &str = "hotline-12345";
const PETITION: &str = "petition-portal";
const GRID: &str = "grid-worker";
const VIDEO: &str = "video-mediation";
const OPERATOR: &str = "demo-operator";
const DOOR_PATIENCE: Duration = Duration::from_secs(20);

/// Takes one line for the watcher.
pub type Tell = Arc<dyn Fn(&str) + Send + Sync>;

/// How the demo is to run.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where it keeps everything.
    pub folder: PathBuf,
    /// Where the hub listens; port 0 for any.
    pub listen: SocketAddr,
    /// The directory of departments and responsibilities.
    pub directory: PathBuf,
    /// Matters the hotline has at the start; the others have half, a third and a quarter as many.
    pub initial: u64,
    /// New matters a minute, over all.
    pub per_minute: f64,
    /// Whether lines may have colours.
    pub colours: bool,
}

/// Runs the demo until shutdown, and stops everything it started.
///
/// # Errors
/// When something cannot be started; says what, and what to do.
pub async fn run(options: Options, tell: Tell, shutdown: CancellationToken) -> anyhow::Result<()> {
    let place = Place::at(&options.folder)?;
    let listen = free(options.listen)?;
    let hub = format!("http://{listen}");
    let operator = place.key(KeyKind::Operator, OPERATOR)?;
    for (kind, subject) in others() {
        place.key(kind, subject)?;
    }
    let page = format!("{hub}/#key={}", operator.expose());
    tell("汇流演示启动中 starting: nats-server, four simulated upstream systems, three departments …");
    let mut upstream = Vec::new();
    for habits in habits(&options) {
        // Some of the hotline's orders come round again by the grid workers' platform.
        let hotline = upstream.first().filter(|_| habits.channel == GRID).map(|u: &Upstream| u.url.clone());
        upstream.push(Upstream::start(habits, &place, &hub, hotline.as_deref()).await?);
    }
    let channels: Vec<(&str, &str)> = upstream.iter().map(|u| (u.channel, u.url.as_str())).collect();
    let settings = place.settings(listen, &options.directory, &channels)?;
    let directory = Directory::load(&settings.directory_dir).context("failed to load the directory")?;
    let words = Words::new(directory, options.colours);

    let app = App::start(settings, &shutdown).await?;
    let before = app.reads.overview(Timestamp::now())?.totals.cases;
    let position = app.reads.position()?;
    greeting(&place, &page, &hub, before, &app, &channels).iter().for_each(|line| tell(line));

    let tasks = TaskTracker::new();
    for part in CAST {
        let key = place.key(KeyKind::Department, part.id)?;
        tasks.spawn(play(part, key, hub.clone(), app.engine.address().to_owned(), app.reads.clone(), shutdown.clone()));
    }
    tasks.spawn(Dispatcher::new(&hub, operator)?.run(shutdown.clone()));
    let story = Story {
        reads: app.reads.clone(),
        words,
        upstream: upstream.iter().map(|u| (u.channel.to_owned(), u.url.clone())).collect(),
        page,
        tell: tell.clone(),
    };
    tasks.spawn(story.run(position, shutdown.clone()));
    tasks.close();

    shutdown.cancelled().await;
    tell("正在停止 stopping …");
    tasks.wait().await;
    app.stop().await;
    for system in upstream {
        system.stop().await;
    }
    tell(&format!("已停止，案件都在 stopped; the cases stay in {}", place.folder.display()));
    Ok(())
}

fn habits(options: &Options) -> [Habits; 4] {
    let rate = options.per_minute / 60.0;
    let habits = |system, channel, part: u64, share| {
        let initial = options.initial / part;
        Habits { system, channel, initial, rate: rate * share }
    };
    [
        habits("hotline", HOTLINE, 1, 0.4),
        habits("petition", PETITION, 2, 0.2),
        habits("grid", GRID, 3, 0.2),
        habits("video", VIDEO, 4, 0.2),
    ]
}

/// Keys that exist before the hub starts, beside the operator's.
fn others() -> Vec<(KeyKind, &'static str)> {
    let departments = CAST.iter().map(|part| (KeyKind::Department, part.id));
    let channels = [HOTLINE, PETITION, GRID, VIDEO].map(|channel| (KeyKind::Channel, channel));
    channels.into_iter().chain(departments).collect()
}

/// The address with its port, if nobody has it.
fn free(listen: SocketAddr) -> anyhow::Result<SocketAddr> {
    if !listen.ip().is_loopback() {
        bail!("{listen} 不是本机地址；演示只在本机运行 (the demo runs on loopback only)");
    }
    match TcpListener::bind(listen) {
        Ok(listener) => Ok(listener.local_addr()?),
        Err(error) => bail!(
            "{listen} 用不了（{error}）：可能已有一个演示在运行；可另选端口 \
             (is a demo running already? choose another port: huiliu demo --listen 127.0.0.1:8211)"
        ),
    }
}

fn greeting(place: &Place, page: &str, hub: &str, before: i64, app: &App, channels: &[(&str, &str)]) -> Vec<String> {
    let mut lines = vec![String::new(), format!("  页面 page        {page}")];
    for (channel, url) in channels {
        lines.push(format!("  模拟系统 source    {channel:<16} {url}/sim/summary"));
    }
    let departments: Vec<String> =
        CAST.iter().map(|p| format!("{} ({})", p.id, if p.nats { "NATS" } else { "HTTP" })).collect();
    lines.push(format!("  模拟单位 depts     {}", departments.join(", ")));
    lines.push(format!("  接口 doors         {hub}  {}", app.engine.address()));
    lines.push(format!("  密钥 keys          {}", place.folder.join("keys").display()));
    lines.push(format!("  日志 log           {}", place.folder.join("huiliu.log").display()));
    if before > 0 {
        lines.push(format!("  此前已有 {before} 件案件 ({before} cases from before)"));
    }
    lines.push("  Ctrl-C 停止 (stops everything)".to_owned());
    lines.push(String::new());
    lines
}

/// Opens a department's door, as soon as it has a queue, and lets it work.
async fn play(part: Part, key: Secret, hub: String, nats: String, reads: ReadHandle, shutdown: CancellationToken) {
    let work = async {
        let door = open(part, key, &hub, &nats).await?;
        let department = tokio::task::spawn_blocking(move || Department::new(part, door, &reads)).await??;
        department.run(shutdown.clone()).await;
        anyhow::Ok(())
    };
    if let Some(Err(error)) = shutdown.run_until_cancelled(work).await {
        tracing::error!("{} does not work: {error:#}", part.id);
    }
}

async fn open(part: Part, key: Secret, hub: &str, nats: &str) -> anyhow::Result<Door> {
    if !part.nats {
        return Door::http(hub, key);
    }
    let id = part.id.parse()?;
    let until = Instant::now() + DOOR_PATIENCE;
    loop {
        match Door::nats(nats, &id, &key).await {
            Err(error) if Instant::now() > until => return Err(error),
            // Its queue is made shortly after the hub has started.
            Err(_) => tokio::time::sleep(Duration::from_millis(300)).await,
            opened => return opened,
        }
    }
}
