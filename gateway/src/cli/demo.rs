//! `huiliu demo`: the hub at work on one machine. Its log goes into a file, so that the terminal is free for the story.

use std::fs::File;
use std::io::{IsTerminal as _, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

use crate::demo::{self, Options, Tell};

#[derive(clap::Args)]
pub(super) struct Args {
    /// 演示的全部文件 (where it keeps everything)
    #[arg(long, default_value = ".local/demo")]
    dir: PathBuf,
    /// 监听地址，仅限本机 (where the hub listens; loopback only)
    #[arg(long, default_value = "127.0.0.1:8210")]
    listen: SocketAddr,
    /// 区划、单位、责任清单目录 (divisions, departments, responsibilities)
    #[arg(long, default_value = "deploy/directory/330205")]
    directory: PathBuf,
    /// 首次启动时热线已有的件数，其他来源依次为其二、三、四分之一 (matters the hotline has at the first start; the others have 1/2, 1/3, 1/4)
    #[arg(long, default_value_t = 40)]
    initial: u64,
    /// 此后每分钟新来件数 (new matters a minute, from then on)
    #[arg(long, default_value_t = 16.0)]
    per_minute: f64,
}

pub(super) fn run(args: Args) -> anyhow::Result<ExitCode> {
    let Args { dir, listen, directory, initial, per_minute } = args;
    start_log(&dir)?;
    let colours = std::io::stdout().is_terminal();
    let options = Options { folder: dir, listen, directory, initial, per_minute, colours };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let shutdown = CancellationToken::new();
        let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        let asked = shutdown.clone();
        tokio::spawn(async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            asked.cancel();
        });
        demo::run(options, teller(shutdown.clone()), shutdown).await?;
        Ok(ExitCode::SUCCESS)
    })
}

/// Lines go to the terminal. When nobody reads them any more, the demo has no purpose and stops.
fn teller(shutdown: CancellationToken) -> Tell {
    Arc::new(move |line| {
        let mut out = std::io::stdout().lock();
        if writeln!(out, "{line}").and_then(|()| out.flush()).is_err() {
            shutdown.cancel();
        }
    })
}

fn start_log(dir: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(dir).with_context(|| format!("failed to make the folder {}", dir.display()))?;
    let file = dir.join("huiliu.log");
    let log = File::options().create(true).append(true).open(&file);
    let log = log.with_context(|| format!("failed to write {}", file.display()))?;
    let filter = EnvFilter::try_from_default_env().or_else(|_| EnvFilter::try_new("info"))?;
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(Arc::new(log)).init();
    Ok(())
}
