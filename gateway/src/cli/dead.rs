//! `huiliu dead`: what could not be worked on, and why, on a running hub.

use std::path::Path;
use std::process::ExitCode;

use serde_json::Value;

use super::hub::{Reach, block_on};
use super::out::{say, say_json};

/// 死信 (dead letters).
#[derive(clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    reach: Reach,
    /// 输出 JSON (as JSON)
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// 列出死信，最新在前 (list, newest first)
    List {
        /// 最多几条，1 至 200 (how many at most)
        #[arg(long, default_value_t = 50)]
        limit: usize,
        /// 只看此序号之前的 (before this sequence)
        #[arg(long)]
        before: Option<u64>,
    },
}

pub(super) fn run(settings: Option<&Path>, args: &Args) -> anyhow::Result<ExitCode> {
    let What::List { limit, before } = &args.what;
    let mut query = vec![("limit", limit.to_string())];
    query.extend(before.map(|before| ("before", before.to_string())));
    let hub = args.reach.hub(settings)?;
    let page = block_on(hub.get("/v1/dead", &query))?;
    if args.json {
        say_json(&page)?;
        return Ok(ExitCode::SUCCESS);
    }
    let letters = page["letters"].as_array().cloned().unwrap_or_default();
    if letters.is_empty() {
        say("没有死信 (none)")?;
    }
    for letter in &letters {
        say(told(letter))?;
    }
    if let Some(next) = page["next"].as_u64() {
        say(format!("还有更早的：--before {next} (there are older ones)"))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn told(buried: &Value) -> String {
    let letter = &buried["letter"];
    let word = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let record = letter["index"].as_u64().map(|index| format!(" #{index}")).unwrap_or_default();
    let place = match buried["receipt"].as_str() {
        Some(receipt) => format!("回执 receipt {receipt}{record}"),
        None => format!("案件 case {}", word(&letter["case_id"])),
    };
    let (sequence, at) = (&buried["sequence"], word(&letter["at"]));
    let (stage, channel) = (word(&letter["stage"]), word(&letter["channel"]));
    let mut said = format!("{sequence}  {at}  {stage}  {channel}  {place}\n    {}", word(&letter["reason"]));
    for problem in letter["problems"].as_array().into_iter().flatten() {
        let value = problem["value"].as_str().map(|v| format!(" = `{v}`")).unwrap_or_default();
        let (field, from) = (word(&problem["field"]), word(&problem["source_field"]));
        said.push_str(&format!("\n    {field} ← {from}{value}：应为 expected {}", word(&problem["expected"])));
    }
    said
}
