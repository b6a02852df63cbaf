//! `huiliu dead`: what could not be worked on, why, trying it again, and dropping it, on a running hub.

use std::path::Path;
use std::process::ExitCode;

use huiliu_schemas::Channel;
use serde_json::{Value, json};

use super::hub::{Hub, Reach, block_on};
use super::out::{say, say_json};
use crate::intake::dead::Which;

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
    /// 列出死信，最新在前；条件与 replay 相同 (list, newest first; chosen as for replay)
    List {
        #[command(flatten)]
        chosen: Chosen,
        /// 最多几条，1 至 200 (how many at most)
        #[arg(long, default_value_t = 50)]
        limit: usize,
        /// 从此处继续，见上一页末尾 (go on from here, as the page before says)
        #[arg(long)]
        cursor: Option<String>,
    },
    /// 查看一条死信及其原始记录；查看留痕 (show one with its record; this is audited)
    Show {
        /// 死信序号 (sequence of the letter)
        sequence: u64,
    },
    /// 注销一条已另行处理的死信；须用操作员密钥，留痕 (drop one that was dealt with otherwise: an operator's key, audited)
    Drop {
        /// 死信序号 (sequence of the letter)
        sequence: u64,
        /// 原因，写入审计日志，不得含个人信息 (why; goes into the audit log, nothing personal)
        #[arg(long, value_name = "TEXT")]
        because: String,
    },
    /// 重新处理死信，例如修好适配包之后 (take letters up again, after a pack was mended)
    Replay {
        #[command(flatten)]
        chosen: Chosen,
    },
}

/// Which letters; everything given must fit.
#[derive(clap::Args)]
struct Chosen {
    /// 死信序号，可多个 (sequences of letters)
    letters: Vec<u64>,
    /// 从此序号起 (from this sequence on)
    #[arg(long)]
    from: Option<u64>,
    /// 至此序号止 (up to this sequence)
    #[arg(long)]
    to: Option<u64>,
    /// 只限此渠道 (of this channel)
    #[arg(long)]
    channel: Option<Channel>,
    /// 只限此环节：open、channel、poison、decode、map、decide、write-back (that stopped here)
    #[arg(long)]
    stage: Option<String>,
    /// 只限原因中含此文字者 (whose reason contains this)
    #[arg(long)]
    reason: Option<String>,
}

impl Chosen {
    fn which(&self) -> Which {
        let Self { letters, from, to, channel, stage, reason } = self;
        Which {
            letters: (!letters.is_empty()).then(|| letters.clone()),
            from: *from,
            to: *to,
            channel: channel.clone(),
            stage: stage.clone(),
            reason: reason.clone(),
        }
    }
}

pub(super) fn run(settings: Option<&Path>, args: &Args) -> anyhow::Result<ExitCode> {
    let hub = args.reach.hub(settings)?;
    block_on(async {
        match &args.what {
            What::List { chosen, limit, cursor } => list(&hub, chosen.which(), *limit, cursor.clone(), args.json).await,
            What::Show { sequence } => show(&hub, *sequence, args.json).await,
            What::Drop { sequence, because } => dismiss(&hub, *sequence, because, args.json).await,
            What::Replay { chosen } => replay(&hub, chosen.which(), args.json).await,
        }
    })
}

async fn list(
    hub: &Hub,
    which: Which,
    limit: usize,
    cursor: Option<String>,
    as_json: bool,
) -> anyhow::Result<ExitCode> {
    let mut query = vec![("limit", limit.to_string())];
    query.extend(cursor.map(|cursor| ("cursor", cursor)));
    query.extend(asked(which));
    let page = hub.get("/v1/dead", &query).await?;
    if as_json {
        say_json(&page)?;
        return Ok(ExitCode::SUCCESS);
    }
    let letters = page["letters"].as_array().cloned().unwrap_or_default();
    if letters.is_empty() && page["next"].is_null() {
        say("没有死信 (none)")?;
    }
    for letter in &letters {
        say(told(letter))?;
    }
    if let Some(next) = page["next"].as_str() {
        say(format!("还有更早的：--cursor {next} (there are older ones)"))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn asked(which: Which) -> impl Iterator<Item = (&'static str, String)> {
    let Which { letters, from, to, channel, stage, reason } = which;
    let letters = letters.map(|letters| letters.iter().map(u64::to_string).collect::<Vec<_>>().join(","));
    let given = [
        ("letters", letters),
        ("from", from.map(|n| n.to_string())),
        ("to", to.map(|n| n.to_string())),
        ("channel", channel.map(|c| c.to_string())),
        ("stage", stage),
        ("reason", reason),
    ];
    given.into_iter().filter_map(|(name, value)| Some((name, value?)))
}

async fn show(hub: &Hub, sequence: u64, as_json: bool) -> anyhow::Result<ExitCode> {
    let shown = hub.get(&format!("/v1/dead/{sequence}"), &[]).await?;
    if as_json {
        say_json(&shown)?;
        return Ok(ExitCode::SUCCESS);
    }
    say(told(&shown))?;
    match &shown["record"] {
        Value::Null => say("没有可看的原始记录 (there is no record to show)")?,
        Value::String(body) => say(body)?,
        record => say_json(record)?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn dismiss(hub: &Hub, sequence: u64, because: &str, as_json: bool) -> anyhow::Result<ExitCode> {
    let dropped = hub.post(&format!("/v1/dead/{sequence}/drop"), Some(json!({ "because": because }))).await?;
    if as_json {
        say_json(&dropped)?;
    } else {
        say(format!("{}\n已注销 (dropped)", told(&dropped)))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Call by call, until nothing that fits is left.
async fn replay(hub: &Hub, mut which: Which, as_json: bool) -> anyhow::Result<ExitCode> {
    let mut code = ExitCode::SUCCESS;
    loop {
        let done = hub.post("/v1/dead/replay", Some(serde_json::to_value(&which)?)).await?;
        if as_json {
            say_json(&done)?;
        }
        let list = |field: &str| done[field].as_array().cloned().unwrap_or_default();
        for again in list("replayed").iter().filter(|_| !as_json) {
            let receipt = again["receipt"].as_str().unwrap_or_default();
            say(format!("{}  已重新处理，回执 (taken up again, receipt) {receipt}", again["sequence"]))?;
        }
        for left in list("left") {
            code = ExitCode::FAILURE;
            if !as_json {
                say(format!("{}  未动 (left): {}", left["sequence"], left["why"].as_str().unwrap_or_default()))?;
            }
        }
        if list("replayed").is_empty() && list("left").is_empty() && !as_json {
            say("没有符合条件的死信 (no letter fits)")?;
        }
        match done["next"].as_u64() {
            Some(next) => (which.from, which.to) = (Some(next), done["to"].as_u64()),
            None => return Ok(code),
        }
    }
}

fn told(buried: &Value) -> String {
    let letter = &buried["letter"];
    let word = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let record = letter["index"].as_u64().map(|index| format!(" #{index}")).unwrap_or_default();
    let place = match buried["receipt"].as_str() {
        Some(receipt) => format!("回执 receipt {receipt}{record}"),
        None => format!("案件 case {}", word(&letter["case_id"])),
    };
    let number = letter["source"]["id"].as_str().map(|id| format!("  来源编号 number {id}")).unwrap_or_default();
    let (sequence, at) = (&buried["sequence"], word(&letter["at"]));
    let (stage, channel) = (word(&letter["stage"]), word(&letter["channel"]));
    let mut said = format!("{sequence}  {at}  {stage}  {channel}  {place}{number}\n    {}", word(&letter["reason"]));
    for problem in letter["problems"].as_array().into_iter().flatten() {
        let value = problem["value"].as_str().map(|v| format!(" = `{v}`")).unwrap_or_default();
        let (field, from) = (word(&problem["field"]), word(&problem["source_field"]));
        said.push_str(&format!("\n    {field} ← {from}{value}：应为 expected {}", word(&problem["expected"])));
    }
    said
}
