//! `huiliu-sim`: a simulated upstream system as a process of its own.
//!
//! Prints one JSON line per thing that comes back from the hub, nothing else, on standard output.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};
use huiliu_tests::sim::{Clock, Config, Grid, Hotline, Petition, PushTarget, Quirks, Running, Video};
use serde_json::{Value, json};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

/// A simulated upstream system for Huiliu.
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    system: SystemArgs,
}

#[derive(Subcommand)]
enum SystemArgs {
    /// A 12345 hotline: wide work orders, REST by update time, webhooks.
    Hotline(RunArgs),
    /// A petition portal: the exchange vocabulary, REST by cursor, form pushes.
    Petition(RunArgs),
    /// A grid workers' platform: events from the field, REST by update time, webhooks.
    Grid(RunArgs),
    /// A mediation platform: cases by cursor with OAuth2 tokens, room events as webhooks.
    Video(RunArgs),
}

impl SystemArgs {
    fn args(&self) -> &RunArgs {
        match self {
            Self::Hotline(args) | Self::Petition(args) | Self::Grid(args) | Self::Video(args) => args,
        }
    }
}

#[derive(Args)]
struct RunArgs {
    /// Address to listen on.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Seed of everything it says.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Matters it has at the start (those in the state file count).
    #[arg(long, default_value_t = 0)]
    initial: u64,
    /// New matters a second.
    #[arg(long, default_value_t = 0.0, value_parser = rate)]
    rate: f64,
    /// New matters after which it falls silent.
    #[arg(long)]
    total: Option<u64>,
    /// Environment variable with the key the hub must show (X-App-Key), or the secret of client `huiliu`.
    #[arg(long, value_name = "VAR")]
    app_key_env: String,
    /// Grid only: a simulated hotline, some of whose orders come round again as events.
    #[arg(long, value_name = "URL")]
    round_about: Option<String>,
    /// Push changes to this address; without it, the hub has to pull.
    #[arg(long, requires = "push_secret_env")]
    push_url: Option<String>,
    /// Environment variable with the secret shared with the hub (hotline: `whsec_<base64>`).
    #[arg(long, value_name = "VAR")]
    push_secret_env: Option<String>,
    /// Records per push.
    #[arg(long, default_value_t = 1)]
    push_batch: usize,
    /// Compress pushes (hotline only).
    #[arg(long)]
    push_gzip: bool,
    /// Pushes under way at once.
    #[arg(long, default_value_t = 4)]
    push_workers: usize,
    /// Bad habits: none, mild or harsh.
    #[arg(long, default_value = "none", value_parser = quirks)]
    quirks: Quirks,
    /// File the state is kept in, so that numbering goes on after a restart.
    #[arg(long)]
    state: Option<PathBuf>,
    /// Stop when standard input ends: with whoever started it, whatever ended that.
    #[arg(long)]
    stop_with_stdin: bool,
}

fn rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if rate.is_finite() && rate >= 0.0 => Ok(rate),
        _ => Err("expected a number of records a second, 0 or more".into()),
    }
}

fn quirks(name: &str) -> Result<Quirks, String> {
    Quirks::named(name).ok_or_else(|| "expected none, mild or harsh".into())
}

impl RunArgs {
    fn config(self) -> anyhow::Result<Config> {
        let push = self.push_url.map(|url| PushTarget {
            url,
            batch: self.push_batch,
            gzip: self.push_gzip,
            workers: self.push_workers,
        });
        Ok(Config {
            listen: self.listen,
            seed: self.seed,
            initial: self.initial,
            rate: self.rate,
            total: self.total,
            app_key: read_env(&self.app_key_env)?,
            round_about: self.round_about,
            push,
            secret: self.push_secret_env.as_deref().map(read_env).transpose()?,
            state: self.state,
            quirks: self.quirks,
            clock: Clock::System,
        })
    }
}

fn read_env(name: &str) -> anyhow::Result<String> {
    std::env::var(name).with_context(|| format!("environment variable {name}: expected a secret"))
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    let shutdown = CancellationToken::new();
    // Signals are caught before anything is announced, so that none is missed.
    let (interrupt, terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::spawn(cancel_on_signal(interrupt, terminate, shutdown.clone()));
    let system = Cli::parse().system;
    if system.args().stop_with_stdin {
        cancel_at_end_of_stdin(shutdown.clone());
    }
    let running = match system {
        SystemArgs::Hotline(args) => Hotline::start(args.config()?, shutdown.clone()).await?,
        SystemArgs::Petition(args) => Petition::start(args.config()?, shutdown.clone()).await?,
        SystemArgs::Grid(args) => Grid::start(args.config()?, shutdown.clone()).await?,
        SystemArgs::Video(args) => Video::start(args.config()?, shutdown.clone()).await?,
    };
    print_arrivals(&running, shutdown).await?;
    let source = running.source.clone();
    running.finished().await.context("store the state")?;
    print(&json!({ "event": "stopped", "summary": source.summary() }))
}

async fn cancel_on_signal(
    mut interrupt: tokio::signal::unix::Signal,
    mut terminate: tokio::signal::unix::Signal,
    shutdown: CancellationToken,
) {
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    shutdown.cancel();
}

/// On a thread of its own: a read of standard input cannot be given up, and must not keep the runtime from ending.
fn cancel_at_end_of_stdin(shutdown: CancellationToken) {
    std::thread::spawn(move || {
        let _ended_or_broken = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
        shutdown.cancel();
    });
}

async fn print_arrivals(running: &Running, shutdown: CancellationToken) -> anyhow::Result<()> {
    let mut arrivals = running.source.listen();
    print(&json!({
        "event": "listening", "system": running.source.system(), "url": running.url(),
        "summary": running.source.summary(),
    }))?;
    while let Some(arrival) = shutdown.run_until_cancelled(arrivals.recv()).await {
        match arrival {
            Ok(event) => print(&event)?,
            Err(RecvError::Lagged(missed)) => {
                print(&json!({ "event": "unprinted", "count": missed }))?;
            }
            Err(RecvError::Closed) => break,
        }
    }
    Ok(())
}

fn print(event: &Value) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{event}")?;
    Ok(out.flush()?)
}
