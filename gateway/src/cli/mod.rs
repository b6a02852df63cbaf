//! The command line. Findings and explanations are in Chinese with English beside; `--help` is in both.

#![expect(clippy::print_stdout, reason = "printing is what a command line is for")]

mod backup;
mod bench;
mod check;
mod classify;
mod dead;
mod demo;
mod findings;
mod hub;
mod judge;
mod keys;
mod out;
mod pack;
mod queue;
mod rebuild;
mod reload;
mod route;
mod run;
mod search;

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
    /// 演示：四个模拟来源系统、三个模拟单位 (show it: four simulated sources, three departments)
    Demo(demo::Args),
    /// 打印带说明的默认设置 (print the documented default settings)
    Settings,
    /// 打印 HTTP 接口的 OpenAPI 3.1 文档 (print the OpenAPI document)
    Openapi,
    /// 检查设置，及单位、事项、责任清单与时限 (check the settings and the directory)
    Check(check::Args),
    /// 测速 (measure a hub of its own)
    Bench(bench::Args),
    /// 凭据 (keys that may come in)
    #[command(subcommand)]
    Keys(keys::Keys),
    /// 队列：概况、查看、跟踪、重新放入、核对 (queues)
    Queue(queue::Args),
    /// 查找案件：编号、来源编号、电话、证件号码、文字 (find cases)
    Search(search::Args),
    /// 死信 (dead letters)
    Dead(dead::Args),
    /// 派单规则 (routing)
    #[command(subcommand)]
    Route(route::Route),
    /// 事项分类：训练、测量、试判 (teach and measure the judge of matters)
    #[command(subcommand)]
    Classify(classify::Classify),
    /// 研判：在哪里、是什么、多严重、反映谁 (judge a text or a file of texts)
    Judge(judge::Args),
    /// 渠道包 (packs)
    #[command(subcommand)]
    Pack(pack::Packs),
    /// 立即重读目录与渠道包，并说明结果 (have the running hub look at the directory and the packs at once)
    Reload(reload::Args),
    /// 由案件日志重建查询库，须先停止网关 (rebuild the read model; stop the hub first)
    Rebuild,
    /// 备份运行中的网关，并试恢复 (back up the running hub, and try the backup)
    Backup(backup::Args),
    /// 恢复到空的数据目录，须先停止网关 (restore into an empty data directory; stop the hub first)
    Restore(backup::RestoreArgs),
}

/// Runs the command line. A reader that goes away is no error.
pub fn main() -> ExitCode {
    run(Cli::parse()).unwrap_or_else(|error| {
        if out::is_closed_pipe(&error) {
            return ExitCode::SUCCESS;
        }
        eprintln!("huiliu: {error:#}");
        ExitCode::FAILURE
    })
}

fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let settings = cli.settings.as_deref();
    match cli.command {
        Command::Run => run::run(settings),
        Command::Demo(args) => demo::run(args),
        Command::Settings => {
            out::say(crate::settings::DEFAULTS.trim_end())?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Openapi => {
            out::say(crate::api::openapi().trim_end())?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Check(args) => check::check(settings, &args),
        Command::Bench(args) => bench::bench(&args),
        Command::Keys(keys) => keys::run(settings, &keys),
        Command::Queue(args) => queue::run(settings, &args),
        Command::Search(args) => search::run(settings, &args),
        Command::Dead(args) => dead::run(settings, &args),
        Command::Route(route) => route::run(settings, &route),
        Command::Classify(classify) => classify::run(settings, &classify),
        Command::Judge(args) => judge::judge(settings, &args),
        Command::Pack(packs) => pack::run(settings, &packs),
        Command::Reload(args) => reload::run(settings, &args),
        Command::Rebuild => rebuild::run(settings),
        Command::Backup(args) => backup::run(settings, &args),
        Command::Restore(args) => backup::restore(settings, &args),
    }
}
