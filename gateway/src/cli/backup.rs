//! `huiliu backup` and `huiliu restore`. A backup is made by the running hub and written down here, on its machine: the
//! master key and the credentials are read from the disk and never leave it.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context as _, bail};

use super::hub::{Hub, Reach};
use super::out::{columns, say};
use super::rebuild::stop_it_first;
use crate::backup::keep::{keep_newest, put_aside, remove_abandoned};
use crate::backup::manifest::StreamCopy;
use crate::backup::proven;
use crate::backup::receive::{self, Receiving, Written};
use crate::backup::set::{BACKUP_PREFIX, KEYS_PREFIX, Set, apart};
use crate::backup::verify::{self, Findings};
use crate::backup::{self};
use crate::engine::lock::StoreLock;
use crate::engine::{Durability, Embedded, Server};
use crate::settings::{Places, load_engine};

/// 备份 (backup).
#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(super) struct Args {
    #[command(subcommand)]
    what: Option<What>,
    #[command(flatten)]
    make: Make,
    #[command(flatten)]
    reach: Reach,
}

#[derive(clap::Args)]
struct Make {
    /// 备份存放目录 (where backups are put)
    #[arg(required = true)]
    dir: Option<PathBuf>,
    /// 密钥存放目录，应在另一处介质上 (where the keys are put: another place)
    #[arg(long, value_name = "DIR")]
    keys: Option<PathBuf>,
    /// 把密钥与备份放在一起 (keep the keys beside the backup)
    #[arg(long, conflicts_with = "keys")]
    keys_beside: bool,
    /// 只保留最新的 N 个备份 (remove whole backups not among the N newest, by log or by time)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    keep: Option<u16>,
    /// 不试恢复 (do not try whether it can be restored)
    #[arg(long)]
    no_verify: bool,
    /// 试恢复所用的临时目录，缺省在备份旁 (where it is tried; default: beside the backup)
    #[arg(long, value_name = "DIR")]
    scratch: Option<PathBuf>,
}

#[derive(clap::Subcommand)]
enum What {
    /// 试恢复一个备份并逐案核对 (restore a backup into a server of its own and read it through)
    Verify {
        /// 备份目录，或其上级（取最新） (the backup, or where backups are: the newest)
        dir: PathBuf,
        /// 密钥目录，或其上级；不给则不核对内容密钥 (its keys, or where keys are; without them words are not opened)
        #[arg(long, value_name = "DIR")]
        keys: Option<PathBuf>,
        /// 临时目录，缺省在备份旁 (where it is tried; default: beside the backup)
        #[arg(long, value_name = "DIR")]
        scratch: Option<PathBuf>,
    },
}

/// 恢复 (restore).
#[derive(clap::Args)]
pub(super) struct RestoreArgs {
    /// 备份目录，或其上级（取最新） (the backup, or where backups are: the newest)
    dir: PathBuf,
    /// 密钥目录，或其上级 (its keys, or where keys are)
    #[arg(long, value_name = "DIR")]
    keys: PathBuf,
}

pub(super) fn run(settings: Option<&Path>, args: &Args) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        match &args.what {
            Some(What::Verify { dir, keys, scratch }) => {
                try_it(&Set::find(dir, keys.as_deref())?, settings, scratch.as_deref()).await
            }
            None => make(settings, &args.make, &args.reach).await,
        }
    })?;
    Ok(ExitCode::SUCCESS)
}

async fn make(settings: Option<&Path>, args: &Make, reach: &Reach) -> anyhow::Result<()> {
    let dir = args.dir.as_deref().context("请给出备份目录 (give the directory for backups)")?;
    let keys = match (&args.keys, args.keys_beside) {
        (Some(keys), _) => {
            apart(dir, keys)?;
            keys.as_path()
        }
        (None, true) => dir,
        (None, false) => bail!(
            "请用 --keys 给出另一处目录存放密钥；没有密钥，备份中的文字谁也读不出 (give --keys DIR, in another place: without the keys nobody can read the words of a backup; or say --keys-beside)"
        ),
    };
    let places = Places::load(settings)?;
    let hub = reach.hub(settings)?;
    let began = Instant::now();
    for place in [Some(dir), Some(keys), args.scratch.as_deref()].into_iter().flatten() {
        remove_abandoned(place)?;
    }
    let written = receive(&hub, &places, dir, keys).await?;
    say(columns(&rows(&written)))?;
    let seconds = began.elapsed().as_secs_f64();
    say(format!(
        "备份已写入并读回核对，用时 {seconds:.1} 秒 (written and read back): {}",
        written.directory.display()
    ))?;
    say(format!("密钥 (keys): {}", written.keys.display()))?;
    if !args.no_verify {
        let set = Set::find(&written.directory, Some(&written.keys))?;
        if let Err(error) = try_it(&set, settings, args.scratch.as_deref()).await {
            let aside = [(&written.directory, BACKUP_PREFIX), (&written.keys, KEYS_PREFIX)];
            let aside = aside.map(|(directory, prefix)| Ok(put_aside(directory, prefix)?.display().to_string()));
            let aside = aside.into_iter().collect::<std::io::Result<Vec<_>>>()?;
            return Err(error.context(format!(
                "未通过的备份已另名存放，不计入 --keep (it did not pass and is put aside; it does not count for --keep): {}",
                aside.join(", ")
            )));
        }
    }
    if let Some(keep) = args.keep {
        let kept = keep_newest(dir, keys, keep.into(), &written.directory)?;
        for removed in kept.removed {
            say(format!("旧备份已删除 (removed): {}", removed.display()))?;
        }
        if let Some(doubt) = kept.doubt {
            eprintln!("huiliu: {doubt}");
        }
    }
    if !args.no_verify {
        // After the old ones are removed: a note that cannot be written must not fill the disk with backups.
        proven::note(&places.data_dir, written.manifest.begun_at).context(
            "备份已通过，但时间未能告知网关 (the backup passed, but its time could not be noted for the hub)",
        )?;
    }
    Ok(())
}

async fn receive(hub: &Hub, places: &Places, dir: &Path, keys: &Path) -> anyhow::Result<Written> {
    let places = receive::Places {
        backups: dir,
        keys,
        master_key_file: &places.master_key_file,
        credentials_file: &places.credentials_file,
    };
    let mut receiving = Receiving::begin(&places)?;
    let mut download = hub.download("/v1/backup").await?;
    while let Some(piece) = download.next().await? {
        receiving.push(&piece)?;
    }
    receiving.finish()
}

fn rows(written: &Written) -> Vec<Vec<String>> {
    let head = ["数据流 stream", "消息 messages", "首 first", "末 last", "字节 bytes"].map(str::to_owned).to_vec();
    let row = |copy: &StreamCopy| {
        let numbers = [copy.messages, copy.first_sequence, copy.last_sequence, copy.file.bytes];
        [copy.name.clone()].into_iter().chain(numbers.map(|n| n.to_string())).collect()
    };
    let copies = written.manifest.streams.iter().chain(&written.keys_manifest.streams);
    [head].into_iter().chain(copies.map(row)).collect()
}

/// Restores it into a server of its own and says what was found.
async fn try_it(set: &Set, settings: Option<&Path>, scratch: Option<&Path>) -> anyhow::Result<()> {
    let began = Instant::now();
    let Findings { cases, events, opened, forgotten, envelopes, torn } = verify::verify(set, server(settings), scratch)
        .await
        .with_context(|| format!("备份未通过试恢复 (the backup did not pass): {}", set.directory.display()))?;
    let seconds = began.elapsed().as_secs_f64();
    say(format!(
        "试恢复通过，用时 {seconds:.1} 秒 (restored and read through): 案件 cases {cases}，事件 events {events}，打开的内容 contents opened {opened}，已遗忘 forgotten {forgotten}，打开的报文 envelopes opened {envelopes}"
    ))?;
    if set.keys.is_none() {
        say("未给出密钥，内容与报文未打开 (no keys were given: words and envelopes were not opened)")?;
    }
    if torn > 0 {
        say(format!(
            "日志中缺 {torn} 条编号或派单消息：曾断电，或另有网关正在写入；恢复后核对会补写派单 ({torn} numbers or entries are not in the log: a power cut took them, or another gateway was writing; entries are mended after a restore)"
        ))?;
    }
    Ok(())
}

/// The nats-server the settings name, else the one that is found.
fn server(settings: Option<&Path>) -> Embedded {
    match load_engine(settings).map(|(_, engine)| engine.server) {
        Ok(Server::Embedded(embedded)) => embedded,
        _ => Embedded {
            directory: PathBuf::new(),
            port: 0,
            program: None,
            durability: Durability::Relaxed,
            memory_limit: "2GiB".to_owned(),
        },
    }
}

pub(super) fn restore(settings: Option<&Path>, args: &RestoreArgs) -> anyhow::Result<ExitCode> {
    let (places, engine) = load_engine(settings)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let set = Set::find(&args.dir, Some(&args.keys))?;
        say(format!("备份 (backup): {}，{}", set.directory.display(), set.manifest.begun_at))?;
        set.check_files()?;
        std::fs::create_dir_all(&places.data_dir)?;
        let _alone = StoreLock::take_now(&places.data_dir).await.map_err(stop_it_first)?;
        let restored = backup::restore::restore(&set, &places, engine).await?;
        for kept in restored.kept {
            say(format!("原有文件保留未动 (was there and is kept): {}", kept.display()))?;
        }
        for (_, copy) in set.streams() {
            say(format!("{}: {} 条消息，末序号 {} ({} messages, last sequence {})", copy.name, copy.messages, copy.last_sequence, copy.messages, copy.last_sequence))?;
        }
        say(format!(
            "已恢复至 {}。此后收到的报文请来源重发；此后各单位的操作须重做。\n下一步：`huiliu run`（自动重建队列与查询库），再 `huiliu queue reconcile`、`huiliu queue list` 核对。\n(restored as of {}: sources send again what came later, departments repeat what they did later; next: `huiliu run`, which makes queues and read model anew, then `huiliu queue reconcile` and `huiliu queue list`)",
            set.manifest.begun_at, set.manifest.begun_at
        ))?;
        Ok(ExitCode::SUCCESS)
    })
}
