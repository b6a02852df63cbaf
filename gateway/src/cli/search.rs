//! `huiliu search`: finds cases on a running hub.

use std::path::Path;
use std::process::ExitCode;

use serde_json::{Value, json};

use super::hub::{Reach, block_on};
use super::out::{columns, say, say_json};

/// 查找案件 (search).
#[derive(clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    reach: Reach,
    /// 案件编号、来源编号、电话、证件号码，或两字以上的词；各项须同时符合 (number, telephone, identity number, or words)
    #[arg(required = true, value_name = "Q")]
    q: Vec<String>,
    /// 最多几件，1 至 50 (how many at most)
    #[arg(long, default_value_t = 20)]
    limit: usize,
    /// 接着上一页 (`next` of the page before)
    #[arg(long)]
    cursor: Option<String>,
    /// 输出 JSON (as JSON)
    #[arg(long)]
    json: bool,
}

pub(super) fn run(settings: Option<&Path>, args: &Args) -> anyhow::Result<ExitCode> {
    let hub = args.reach.hub(settings)?;
    let question = json!({ "q": args.q.join(" "), "limit": args.limit, "cursor": args.cursor });
    let found = block_on(async { hub.post("/v1/search", Some(question)).await })?;
    if args.json {
        say_json(&found)?;
    } else {
        show(&found)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn show(found: &Value) -> anyhow::Result<()> {
    let hits = found["hits"].as_array().map(Vec::as_slice).unwrap_or_default();
    if hits.is_empty() {
        say("没有找到 (nothing found)")?;
    } else {
        let head = ["案件 case", "阶段 stage", "单位 lead", "登记 registered", "符合 why"];
        let rows = std::iter::once(head.map(str::to_owned).to_vec()).chain(hits.iter().map(row));
        say(columns(&rows.collect::<Vec<_>>()))?;
    }
    if found["capped"] == true {
        say("尚未查完：可能的案件太多，可加词缩小范围 (not all were looked into: add a word)")?;
    }
    if let Some(next) = found["next"].as_str() {
        say(format!("还有，请用 --cursor {next} (there may be more)"))?;
    }
    Ok(())
}

fn row(hit: &Value) -> Vec<String> {
    let text = |field: &str| hit["case"][field].as_str().unwrap_or("—").to_owned();
    let why = hit["why"].as_array().into_iter().flatten().map(why).collect::<Vec<_>>();
    vec![text("number"), text("stage_zh"), text("lead"), text("registered_at"), why.join("；")]
}

fn why(why: &Value) -> String {
    let places = why["where"].as_array().into_iter().flatten().filter_map(|place| place["zh"].as_str());
    let source = why["source"]["id"].as_str();
    let places = places.chain(source).collect::<Vec<_>>().join("、");
    let what = why["what_zh"].as_str().unwrap_or_default();
    if places.is_empty() { what.to_owned() } else { format!("{what}（{places}）") }
}
