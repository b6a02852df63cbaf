//! `huiliu bench`: measures a hub of its own, run as another process on loopback with fsync on. Figures are said beside the
//! disk's own fsync time, and as ratios within one run; nothing here asserts a wall time.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use async_nats::jetstream::consumer::{PullConsumer, pull};
use bytes::Bytes;
use futures_util::StreamExt;
use huiliu_adapters::http;
use huiliu_adapters::pack::Way;
use huiliu_adapters::verify::{Proof, RawBody, Verified};
use huiliu_schemas::{Channel, subjects};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::doors::credentials::{Credentials, KeyKind};
use crate::engine::batch::commit_batch;
use crate::engine::{Engine, streams};
use crate::intake::envelope::RawEnvelope;
use crate::keys::master;
use crate::settings::Settings;

const CHANNEL: &str = "hotline-12345";

#[derive(clap::Args)]
pub(super) struct Args {
    /// 积压报文数 (raw envelopes to work off)
    #[arg(long, default_value_t = 1_000_000)]
    backlog: u64,
    /// 推送测试的秒数，每秒 200 件 (seconds of the webhook test, 200 cases a second)
    #[arg(long, default_value_t = 30)]
    webhook_seconds: u64,
    /// 在此目录下建一个工作目录，结束后删除 (where a directory to work in is made, and removed at the end)
    #[arg(long)]
    dir: Option<PathBuf>,
    /// 结果写入此文件 (write the result here)
    #[arg(long)]
    out: Option<PathBuf>,
}

pub(super) fn bench(args: &Args) -> anyhow::Result<ExitCode> {
    let beside = args.dir.clone().unwrap_or_else(std::env::temp_dir);
    std::fs::create_dir_all(&beside)?;
    let dir = beside.join(format!("huiliu-bench-{}", std::process::id()));
    // One that is there is somebody's.
    std::fs::create_dir(&dir).with_context(|| dir.display().to_string())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let result = runtime.block_on(measure(args, &dir));
    std::fs::remove_dir_all(&dir)?;
    let text = serde_json::to_string_pretty(&result?)?;
    if let Some(out) = &args.out {
        std::fs::write(out, format!("{text}\n"))?;
    }
    println!("{text}");
    Ok(ExitCode::SUCCESS)
}

async fn measure(args: &Args, dir: &Path) -> anyhow::Result<Value> {
    let site = Site::prepare(dir)?;
    let fsync_ms = fsync_p50_ms(dir)?;
    println!("fsync p50 {fsync_ms:.2} ms");
    site.fill(args.backlog).await?;
    println!("{} envelopes stored; the hub starts", args.backlog);
    let mut hub = site.start().await?;
    let backlog = work_off(&site, &hub, args.backlog).await?;
    println!("{}", serde_json::to_string(&backlog)?);
    let webhook = webhooks(&site, &hub, args.webhook_seconds).await?;
    hub.stop()?;
    Ok(json!({
        "at": Timestamp::now(),
        "cores": std::thread::available_parallelism()?.get(),
        "fsync_p50_ms": round(fsync_ms),
        "backlog": backlog,
        "webhook": webhook,
    }))
}

/// A hub's directory with keys and settings, and nothing running.
struct Site {
    settings_file: PathBuf,
    channel_key: String,
    operator_key: String,
    department: Department,
    http: reqwest::Client,
    url: String,
}

struct Department {
    name: String,
    key_name: String,
    key: String,
}

struct Hub(Child);

impl Site {
    fn prepare(dir: &Path) -> anyhow::Result<Self> {
        let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let directory = std::fs::canonicalize(Settings::load(None)?.directory_dir)
            .context("run it where deploy/directory/330205 is")?;
        let settings_file = dir.join("huiliu.toml");
        let text = format!(
            "[http]\nlisten = \"127.0.0.1:{port}\"\n[data]\ndir = \"data\"\ndirectory_dir = {directory:?}\n\
             [log]\nfilter = \"warn\"\n[channels.{CHANNEL}]\nrequests_per_second = 100000\n"
        );
        std::fs::write(&settings_file, text)?;
        let settings = Settings::load(Some(&settings_file))?;
        std::fs::create_dir_all(&settings.data_dir)?;
        let mut credentials = Credentials::default();
        let channel_key = credentials.mint(KeyKind::Channel, CHANNEL, "bench-channel")?.expose().to_owned();
        let operator_key = credentials.mint(KeyKind::Operator, "bench", "bench-operator")?.expose().to_owned();
        let (name, key_name) = ("jb-housing".to_owned(), "bench-department".to_owned());
        let key = credentials.mint(KeyKind::Department, &name, &key_name)?.expose().to_owned();
        let department = Department { name, key_name, key };
        credentials.save(&settings.credentials_file)?;
        Ok(Self {
            settings_file,
            channel_key,
            operator_key,
            department,
            http: http::nearby().build()?,
            url: format!("http://127.0.0.1:{port}"),
        })
    }

    /// Stores envelopes as intake would, while no hub runs.
    async fn fill(&self, count: u64) -> anyhow::Result<()> {
        let settings = Settings::load(Some(&self.settings_file))?;
        let credentials = Credentials::load(&settings.credentials_file)?;
        let engine = Engine::start(settings.engine, &credentials, CancellationToken::new()).await?;
        streams::ensure_all(&engine.jetstream, engine.replicas).await?;
        let master = master::of_store(&engine.jetstream, &settings.master_key_file).await?;
        let numbers: Vec<u64> = (0..count).collect();
        for some in numbers.chunks(1_000) {
            let sealed: Result<Vec<_>, _> = some.iter().map(|n| envelope(*n, false).seal(&master)).collect();
            commit_batch(&engine.jetstream, &sealed?).await?;
        }
        engine.stop().await;
        Ok(())
    }

    async fn start(&self) -> anyhow::Result<Hub> {
        let child = Command::new(std::env::current_exe()?)
            .args(["run", "--settings"])
            .arg(&self.settings_file)
            // As the unit file has it.
            .env("MIMALLOC_PURGE_DELAY", "0")
            .stdout(Stdio::null())
            .spawn()?;
        let hub = Hub(child);
        for _ in 0..600 {
            let ready = self.http.get(format!("{}/readyz", self.url)).send().await;
            if ready.is_ok_and(|r| r.status().is_success()) {
                return Ok(hub);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        bail!("the hub did not become ready")
    }

    async fn queue(&self) -> anyhow::Result<Queue> {
        let Department { name, key_name, key } = &self.department;
        let settings = Settings::load(Some(&self.settings_file))?;
        let port = std::fs::read_to_string(settings.data_dir.join("nats/port"))?;
        let client = async_nats::ConnectOptions::with_user_and_password(key_name.clone(), key.clone())
            .custom_inbox_prefix(format!("_INBOX_{key_name}"))
            .connect(format!("nats://127.0.0.1:{}", port.trim()))
            .await?;
        let context = async_nats::jetstream::new(client);
        let consumer: PullConsumer = context.get_consumer_from_stream(name, streams::QUEUES).await?;
        Ok(Queue(consumer.messages().await?))
    }

    async fn take_over_http(&self) -> anyhow::Result<Vec<String>> {
        let taken = self.get("/v1/queue?max=100&wait=1", &self.department.key).await?;
        let entries = taken["entries"].as_array().cloned().unwrap_or_default();
        let acks: Vec<_> = entries.iter().map(|entry| &entry["ack"]).collect();
        let url = format!("{}/v1/queue/ack", self.url);
        let ack = self.http.post(url).bearer_auth(&self.department.key).json(&json!({ "ack": acks }));
        ack.send().await?.error_for_status()?;
        Ok(entries.iter().filter_map(|e| e["entry"]["case_id"].as_str().map(str::to_owned)).collect())
    }

    async fn get(&self, path: &str, key: &str) -> anyhow::Result<Value> {
        let answer = self.http.get(format!("{}{path}", self.url)).bearer_auth(key).send().await?;
        Ok(answer.error_for_status()?.json().await?)
    }

    /// The sum of a figure over all its labels.
    async fn figure(&self, name: &str) -> anyhow::Result<f64> {
        let text = self.http.get(format!("{}/metrics", self.url)).send().await?.text().await?;
        let rows = text.lines().filter(|l| l.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' '])));
        Ok(rows.filter_map(|l| l.rsplit(' ').next()?.parse::<f64>().ok()).sum())
    }

    /// Records the pipeline has dealt with.
    async fn done(&self) -> anyhow::Result<u64> {
        Ok(self.figure("huiliu_records_total").await? as u64)
    }

    /// What the ledger's batches were like.
    async fn ledger(&self) -> anyhow::Result<Value> {
        let batches = self.figure("huiliu_ledger_commit_seconds_count").await?;
        let messages = self.figure("huiliu_ledger_batch_messages_sum").await?;
        let seconds = self.figure("huiliu_ledger_commit_seconds_sum").await?;
        Ok(json!({
            "batches": batches,
            "messages_per_batch": round(messages / batches),
            "commit_ms": round(seconds * 1000.0 / batches),
        }))
    }
}

impl Hub {
    fn stop(&mut self) -> anyhow::Result<()> {
        let pid = rustix::process::Pid::from_raw(self.0.id().cast_signed()).context("no process")?;
        rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
        self.0.wait()?;
        Ok(())
    }

    /// Resident memory of the gateway's own process, MiB.
    fn memory_mib(&self) -> anyhow::Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id()))?;
        let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:")).context("no VmRSS")?;
        Ok(line.trim().trim_end_matches(" kB").trim().parse::<f64>()? / 1024.0)
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        let _already_gone = self.0.kill();
    }
}

/// From the hub's start until every envelope is an entry in a queue or lies in triage.
async fn work_off(site: &Site, hub: &Hub, count: u64) -> anyhow::Result<Value> {
    let began = Instant::now();
    let (mut marks, mut memory) = (vec![(0_u64, 0.0)], 0.0_f64);
    let step = (count / 10).max(1);
    loop {
        let done = site.done().await?;
        memory = memory.max(hub.memory_mib()?);
        let elapsed = began.elapsed().as_secs_f64();
        if done >= count || done >= marks.last().map_or(0, |m| m.0) + step {
            marks.push((done, elapsed));
            print!("\r{done} of {count} after {elapsed:.0} s, {memory:.0} MiB   ");
            std::io::stdout().flush()?;
        }
        if done >= count {
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    println!();
    let seconds = began.elapsed().as_secs_f64();
    let rates: Vec<f64> = marks.windows(2).map(|w| round((w[1].0 - w[0].0) as f64 / (w[1].1 - w[0].1))).collect();
    let model_began = Instant::now();
    let totals = loop {
        let totals = site.get("/v1/overview", &site.operator_key).await?["totals"].clone();
        if totals["cases"].as_u64().is_some_and(|n| n >= count) {
            break totals;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    };
    Ok(json!({
        "cases": count,
        "seconds": round(seconds),
        "cases_per_second": round(count as f64 / seconds),
        "rates": rates,
        "ledger": site.ledger().await?,
        "last_to_first": rates.first().zip(rates.last()).map(|(first, last)| round(last / first)),
        "gateway_memory_mib": round(memory.max(hub.memory_mib()?)),
        "read_model_behind_s": round(model_began.elapsed().as_secs_f64()),
        "queued": totals["queued"],
        "triage": totals["triage"],
    }))
}

/// 200 cases a second by webhook: from the sending of each until its entry comes to the department, which takes from its
/// queue over NATS in the first run and over HTTP, opened, in the second.
async fn webhooks(site: &Site, hub: &Hub, seconds: u64) -> anyhow::Result<Value> {
    let mut queue = site.queue().await?;
    while queue.take(Duration::from_secs(1)).await?.is_some() {}
    let nats = one_way(site, seconds, async |until: Instant| {
        let mut took = Took::new();
        while let Some(left) = until.checked_duration_since(Instant::now()).filter(|_| took.len() < wanted(seconds)) {
            if let Some(case) = queue.take(left).await? {
                took.insert(case, Instant::now());
            }
        }
        Ok(took)
    });
    let nats = nats.await?;
    // What it asked for in advance would come to nobody.
    drop(queue);
    let http = one_way(site, seconds, async |until| {
        let mut took = Took::new();
        while took.len() < wanted(seconds) && Instant::now() < until {
            let cases = site.take_over_http().await?;
            took.extend(cases.into_iter().map(|case| (case, Instant::now())));
        }
        Ok(took)
    });
    let http = http.await?;
    Ok(json!({
        "department": site.department.name,
        "nats": nats,
        "http": http,
        "gateway_memory_mib": round(hub.memory_mib()?),
    }))
}

type Took = std::collections::HashMap<String, Instant>;

fn wanted(seconds: u64) -> usize {
    seconds as usize * 200
}

/// Posts for so many seconds while `taking` notes when each case came.
async fn one_way(
    site: &Site,
    seconds: u64,
    taking: impl AsyncFnOnce(Instant) -> anyhow::Result<Took>,
) -> anyhow::Result<Value> {
    let (sender, mut sent) = tokio::sync::mpsc::unbounded_channel();
    let until = Instant::now() + Duration::from_secs(seconds + 30);
    let (posted, took) = tokio::join!(post_all(site, seconds, sender), taking(until));
    posted?;
    let took = took?;
    let (mut to_receipt, mut to_entry) = (Vec::new(), Vec::new());
    while let Ok((case, began, receipt)) = sent.try_recv() {
        to_receipt.push(receipt);
        to_entry.extend(took.get(&case).map(|at| at.duration_since(began).as_secs_f64() * 1000.0));
    }
    Ok(json!({
        "sent": to_receipt.len(),
        "came": to_entry.len(),
        "webhook_to_receipt_ms": percentiles(&mut to_receipt),
        "webhook_to_department_ms": percentiles(&mut to_entry),
    }))
}

type Sent = tokio::sync::mpsc::UnboundedSender<(String, Instant, f64)>;

async fn post_all(site: &Site, seconds: u64, sent: Sent) -> anyhow::Result<()> {
    let mut tick = tokio::time::interval(Duration::from_millis(5));
    let mut tasks = tokio::task::JoinSet::new();
    let tag = Timestamp::now().as_millisecond().unsigned_abs();
    for n in 0..seconds * 200 {
        tick.tick().await;
        let (http, url, key) = (site.http.clone(), site.url.clone(), site.channel_key.clone());
        let (sent, body) = (sent.clone(), body(tag + n, true));
        tasks.spawn(async move {
            let began = Instant::now();
            let url = format!("{url}/v1/channels/{CHANNEL}/events");
            let answer =
                http.post(url).bearer_auth(key).header("content-type", "application/json").body(body).send().await;
            let Ok(answer) = answer else { return };
            let receipt: Value = answer.json().await.unwrap_or_default();
            let took = began.elapsed().as_secs_f64() * 1000.0;
            if let Some(case) = receipt["records"][0]["case_id"].as_str() {
                let _nobody = sent.send((case.to_owned(), began, took));
            }
        });
    }
    while tasks.join_next().await.is_some() {}
    Ok(())
}

/// A department's queue as a NATS client sees it.
struct Queue(pull::Stream);

impl Queue {
    /// The case of the next entry, which is acknowledged; none when nothing comes for so long.
    async fn take(&mut self, patience: Duration) -> anyhow::Result<Option<String>> {
        let Ok(next) = tokio::time::timeout(patience, self.0.next()).await else { return Ok(None) };
        let message = next.context("the queue ended")??;
        message.ack().await.map_err(anyhow::Error::msg)?;
        let (_, case, _) = subjects::parse_entry(&message.subject).context("not a queue entry")?;
        Ok(Some(case.to_string()))
    }
}

fn envelope(n: u64, housing: bool) -> RawEnvelope {
    let channel: Channel = CHANNEL.parse().unwrap_or_else(|_| unreachable!("a valid token"));
    let body = Verified::vouched(RawBody::json(Bytes::from(body(n, housing))), Proof::Credential);
    RawEnvelope { channel, received_at: Timestamp::now(), way: Way::Push, body, only: None }
}

/// A record of about 500 bytes; its matter and place vary unless it is to go to one department.
fn body(n: u64, housing: bool) -> String {
    const MATTERS: [&str; 6] = ["物业服务", "违章建筑", "噪音污染", "拖欠工资", "公共汽车", "供水供电"];
    const TOWNSHIPS: [&str; 8] =
        ["330205001", "330205003", "330205004", "330205005", "330205006", "330205007", "330205008", "330205103"];
    let (matter, place) =
        if housing { (MATTERS[0], TOWNSHIPS[4]) } else { (MATTERS[n as usize % 6], TOWNSHIPS[n as usize % 8]) };
    json!({
        "orderId": format!("BENCH-{n}"),
        "orderNum": format!("GD-{n}"),
        "callTime": "2026-11-20 09:31:05",
        "updateTime": "2026-11-20 09:31:05",
        "callerName": "测试某",
        "callerPhone": format!("199{:08}", n % 100_000_000),
        "callerType": "投诉",
        "title": "小区夜间施工噪音扰民",
        "majorContent": "楼下工地连续三晚施工到凌晨两点，家中有老人和孩子，希望尽快处理。",
        "questionName": matter,
        "areaCode": place,
        "address": "示例路示例小区12幢",
        "orderState": "已派单",
        "pilotLight": "一般",
        "isSecret": "0",
    })
    .to_string()
}

/// The disk's own time for one fsync, half of them faster.
fn fsync_p50_ms(dir: &Path) -> anyhow::Result<f64> {
    let path = dir.join("fsync");
    let mut file = std::fs::File::create(&path)?;
    let mut times = Vec::new();
    for _ in 0..200 {
        file.write_all(&[7; 4096])?;
        let began = Instant::now();
        file.sync_all()?;
        times.push(began.elapsed().as_secs_f64() * 1000.0);
    }
    std::fs::remove_file(path)?;
    times.sort_by(f64::total_cmp);
    Ok(times[times.len() / 2])
}

fn percentiles(values: &mut [f64]) -> Value {
    values.sort_by(f64::total_cmp);
    let at = |p: usize| values.get((values.len() * p / 100).min(values.len().saturating_sub(1))).copied().map(round);
    json!({ "p50": at(50), "p90": at(90), "p99": at(99), "max": values.last().copied().map(round) })
}

fn round(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}
