//! The command line. Findings and explanations are in Chinese with English beside; `--help` is in both.

#![expect(clippy::print_stdout, reason = "printing is what a command line is for")]

mod bench;
mod check;
mod demo;
mod keys;
mod run;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(
    name = "huiliu",
    version,
    about = "汇流：社会治理中心的受理汇聚与流转网关 (intake hub and integration gateway)"
)]
struct Cli {
    /// 设置文件 (settings file)
    #[arg(long, global = true, env = "HUILIU_SETTINGS")]
    settings: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// 运行 (run the hub)
    Run,
    /// 演示：两个模拟来源系统、三个模拟单位 (show it: two simulated sources, three departments)
    Demo(demo::Args),
    /// 打印带说明的默认设置 (print the documented default settings)
    Settings,
    /// 检查单位、事项、责任清单与时限 (check the directory)
    Check(check::Args),
    /// 测速 (measure a hub of its own)
    Bench(bench::Args),
    /// 凭据 (keys that may come in)
    #[command(subcommand)]
    Keys(keys::Keys),
}

/// Runs the command line; never panics on a closed pipe.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.command {
        Command::Run => run::run(cli.settings.as_deref()),
        Command::Demo(args) => demo::run(args),
        Command::Settings => {
            print!("{}", crate::settings::DEFAULTS);
            Ok(ExitCode::SUCCESS)
        }
        Command::Check(args) => check::check(cli.settings.as_deref(), &args),
        Command::Bench(args) => bench::bench(&args),
        Command::Keys(keys) => keys::run(cli.settings.as_deref(), &keys),
    };
    done.unwrap_or_else(|error| {
        eprintln!("huiliu: {error:#}");
        ExitCode::FAILURE
    })
}
