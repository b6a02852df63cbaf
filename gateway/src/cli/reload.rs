//! `huiliu reload`: has the running hub look at the directory and the packs at once, and says what came of it. It looks by
//! itself every few seconds; this is for whoever wants to see it.

use std::path::Path;
use std::process::ExitCode;

use serde_json::Value;

use super::hub::{Reach, block_on};
use super::out::{say, say_json};

#[derive(clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    reach: Reach,
    /// 输出 JSON (as JSON)
    #[arg(long)]
    json: bool,
}

pub(super) fn run(settings: Option<&Path>, args: &Args) -> anyhow::Result<ExitCode> {
    let hub = args.reach.hub(settings)?;
    let answer = block_on(async move { hub.post("/v1/reload", None).await })?;
    let versions = answer["versions"].as_array().cloned().unwrap_or_default();
    if args.json {
        say_json(&answer)?;
    } else {
        versions.iter().try_for_each(tell)?;
    }
    let refused = versions.iter().any(|version| version["refused"].is_object());
    Ok(if refused { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn tell(version: &Value) -> std::io::Result<()> {
    let text = |key: &str| version[key].as_str().unwrap_or_default().to_owned();
    let (what, running, since) = (text("what"), text("version"), text("since"));
    let from = version["from"].as_str().unwrap_or("内置 built in");
    say(format!("{what}  在用 in use {running}  自 since {since}  {from}"))?;
    let refused = &version["refused"];
    if !refused.is_object() {
        return Ok(());
    }
    say(format!(
        "    拒绝：文件有误，上一个好版本继续运行 (refused: the last good version runs on) {}",
        refused["at"].as_str().unwrap_or_default()
    ))?;
    for problem in refused["problems"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        say(format!("      {problem}"))?;
    }
    match refused["more"].as_u64() {
        Some(more) if more > 0 => say(format!("      另有 {more} 处 (and {more} more)")),
        _ => Ok(()),
    }
}
