//! `huiliu queue`: how the departments' queues stand, what is in them, and mending them, on a running hub.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use serde_json::{Value, json};

use super::hub::{Hub, Reach, block_on};
use super::out::{columns, say, say_json};

const LOOK_EVERY: Duration = Duration::from_secs(1);

/// 队列 (queues).
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
    /// 各单位队列概况 (how every queue stands)
    List,
    /// 查看队列内容，不取走 (what is in a queue; takes nothing)
    Peek {
        /// 单位编号 (department)
        department: String,
        /// 最多几条，1 至 200 (how many at most)
        #[arg(long, default_value_t = 50)]
        limit: usize,
        /// 从此处继续，见上一页末尾 (go on from here, as the page before says)
        #[arg(long, default_value = "0")]
        cursor: String,
    },
    /// 持续显示新到的派单，Ctrl-C 结束 (show new entries as they come)
    Tail {
        /// 单位编号 (department)
        department: String,
    },
    /// 把误确认的有效派单重新放入队列 (offer a live entry again that was acknowledged by mistake)
    Requeue {
        /// 单位编号 (department)
        department: String,
        /// 案件编号 (case id or number)
        case: String,
        /// 派单序号 (number of the entry in the case)
        n: u32,
        /// 原因：误确认，或单位系统丢失 (why)
        #[arg(long, value_enum, default_value = "acknowledged-by-mistake")]
        because: Why,
    },
    /// 核对案件日志与队列并修复 (compare the log with the queues and mend)
    Reconcile,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Why {
    AcknowledgedByMistake,
    LostByDepartment,
}

pub(super) fn run(settings: Option<&Path>, args: &Args) -> anyhow::Result<ExitCode> {
    let hub = args.reach.hub(settings)?;
    block_on(async {
        match &args.what {
            What::List => list(&hub, args.json).await,
            What::Peek { department, limit, cursor } => peek(&hub, department, *limit, cursor, args.json).await,
            What::Tail { department } => tail(&hub, department, args.json).await,
            What::Requeue { department, case, n, because } => {
                requeue(&hub, department, case, *n, *because, args.json).await
            }
            What::Reconcile => return reconcile(&hub, args.json).await,
        }?;
        Ok(ExitCode::SUCCESS)
    })
}

async fn list(hub: &Hub, as_json: bool) -> anyhow::Result<()> {
    let standing = hub.get("/v1/queues", &[]).await?;
    if as_json {
        return say_json(&standing);
    }
    let head =
        ["单位 department", "名称", "队列 queued", "未确认 unacked", "重投 redelivered", "有效 live", "最久 oldest"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for queue in items(&standing["queues"]) {
        let age = queue["oldest_live_age_seconds"].as_u64().map(age).unwrap_or_default();
        let counts = ["queued", "unacknowledged", "redelivered", "live"].map(|field| text(&queue[field]));
        let row = [text(&queue["department"]), text(&queue["name"])].into_iter().chain(counts).chain([age]);
        rows.push(row.collect());
    }
    say(columns(&rows))?;
    let lag = standing["lag"].as_u64().unwrap_or_default();
    if lag > 0 {
        say(format!("另有 {lag} 条派单尚未进入队列 ({lag} entries have not reached QUEUES yet)"))?;
    }
    Ok(())
}

async fn peek(hub: &Hub, department: &str, limit: usize, cursor: &str, as_json: bool) -> anyhow::Result<()> {
    let page = look(hub, department, limit, cursor).await?;
    if as_json {
        return say_json(&page);
    }
    let entries = items(&page["entries"]);
    if entries.is_empty() {
        return Ok(say("队列为空 (nothing there)")?);
    }
    let head = ["序号 sequence", "到达 since", "案件 case", "n", "种类 kind", "身份 role", "有效 live", "期限 due"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    rows.extend(entries.iter().map(row_of));
    say(columns(&rows))?;
    if let Some(next) = page["next"].as_str() {
        say(format!("还有更多：--cursor {next} (there is more)"))?;
    }
    Ok(())
}

/// Begins at the present end: what stands there is shown by `peek`.
async fn tail(hub: &Hub, department: &str, as_json: bool) -> anyhow::Result<()> {
    let mut cursor = text(&look(hub, department, 1, "0").await?["end"]);
    loop {
        let page = look(hub, department, 200, &cursor).await?;
        for entry in items(&page["entries"]) {
            cursor = text(&entry["sequence"]);
            say(if as_json { entry.to_string() } else { row_of(entry).join("  ") })?;
        }
        if page["next"].is_null() {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

async fn look(hub: &Hub, department: &str, limit: usize, cursor: &str) -> anyhow::Result<Value> {
    let query = [("limit", limit.to_string()), ("cursor", cursor.to_owned())];
    hub.get(&format!("/v1/queues/{department}"), &query).await
}

fn row_of(entry: &Value) -> Vec<String> {
    let told = &entry["entry"];
    let due = items(&told["deadlines"]).iter().filter_map(|d| d["at"].as_str()).min().unwrap_or_default();
    let live = if entry["live"] == true { "是 yes" } else { "否 no" };
    let of = |field: &str| text(&told[field]);
    vec![
        text(&entry["sequence"]),
        seconds_only(&text(&entry["since"])),
        of("number"),
        of("n"),
        of("kind"),
        of("role"),
        live.to_owned(),
        seconds_only(due),
    ]
}

async fn requeue(hub: &Hub, department: &str, case: &str, n: u32, because: Why, as_json: bool) -> anyhow::Result<()> {
    let because = match because {
        Why::AcknowledgedByMistake => "acknowledged_by_mistake",
        Why::LostByDepartment => "lost_by_department",
    };
    let path = format!("/v1/queues/{department}/{case}/{n}/requeue");
    let done = hub.post(&path, Some(json!({ "because": because }))).await?;
    if as_json {
        return say_json(&done);
    }
    let sequence = text(&done["sequence"]);
    Ok(say(format!("已重新放入 {department} 的队列，日志序号 {sequence} (offered again at sequence {sequence})"))?)
}

/// Succeeds only where nothing was left out.
async fn reconcile(hub: &Hub, as_json: bool) -> anyhow::Result<ExitCode> {
    let report = hub.post("/v1/queues/reconcile", None).await?;
    if as_json {
        say_json(&report)?;
    } else {
        say(mended(&report).join("\n"))?;
    }
    Ok(if items(&report["unreadable"]).is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn mended(report: &Value) -> Vec<String> {
    let (appended, purged) = (text(&report["appended"]), text(&report["purged"]));
    let mut said = vec![format!("补写派单 appended {appended}，清除失效派单 purged {purged}")];
    let recreated = &report["recreated"];
    if recreated.is_object() {
        let (from, why) = (text(&recreated["from"]), text(&recreated["because"]));
        said.push(format!("队列已自日志序号 {from} 重建 (QUEUES made anew): {why}"));
    }
    let unreadable = items(&report["unreadable"]);
    said.extend(unreadable.iter().map(|case| {
        format!("案件 {} 读不出，其派单未核对 (this case does not read: nothing of it was mended)", text(case))
    }));
    said
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// `2026-01-01T00:00:00.123Z` without its fraction.
fn seconds_only(time: &str) -> String {
    match time.split_once('.') {
        Some((whole, _)) => format!("{whole}Z"),
        None => time.to_owned(),
    }
}

fn age(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn cases_that_do_not_read_are_named() {
        let said = mended(&json!({ "appended": 2, "purged": 0, "recreated": null, "unreadable": ["a", "b"] }));
        assert_eq!(said.len(), 3);
        assert!(said[1].contains("案件 a") && said[2].contains("案件 b"), "{said:?}");
    }
}
