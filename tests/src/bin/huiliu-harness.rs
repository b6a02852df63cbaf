//! `huiliu-harness`: the fault harness as a program; writes its result as JSON.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::Parser;
use huiliu_tests::harness::{Options, run};
use huiliu_tests::hub::hub_binary;

/// Kills hub and nats-server while reports come and departments work, and proves that nothing was lost or doubled.
#[derive(Parser)]
#[command(version)]
struct Cli {
    /// Reports to file; repeats, urges and supplements come on top.
    #[arg(long, default_value_t = 20_000)]
    reports: usize,
    /// Kills that must count: half of the hub, half of nats-server.
    #[arg(long, default_value_t = 30)]
    kills: usize,
    /// Everything random follows from it.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Where the result goes; standard output if left out.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Remove the server's staged batches after each kill of the hub, as a power cut would.
    #[arg(long)]
    power_cut: bool,
    /// Leave the data directory in place.
    #[arg(long)]
    keep: bool,
    /// Seconds one step may take.
    #[arg(long, default_value_t = 600)]
    patience_s: u64,
    /// The hub's program, if not the one beside this one.
    #[arg(long)]
    hub: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let cli = Cli::parse();
    let program = cli.hub.map_or_else(hub_binary, Ok)?;
    let options = Options {
        reports: cli.reports,
        kills: cli.kills,
        seed: cli.seed,
        program,
        power_cut: cli.power_cut,
        keep: cli.keep,
        patience: Duration::from_secs(cli.patience_s),
    };
    let report = run(&options).await?;
    let text = serde_json::to_string_pretty(&report)?;
    match cli.out {
        Some(path) => {
            let written = std::fs::write(&path, text + "\n");
            written.with_context(|| format!("failed to write {}", path.display()))?;
        }
        None => std::io::Write::write_all(&mut std::io::stdout(), (text + "\n").as_bytes())?,
    }
    Ok(if report.passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
