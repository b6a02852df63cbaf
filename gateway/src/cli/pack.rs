//! `huiliu pack`: the test bench of a channel's folder.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use huiliu_adapters::pack::{self, Pack};
use serde_json::Value;

use super::findings::{counted, exit_code, tell};
use super::hub::{Reach, block_on};
use super::out::{columns, say, say_json};
use crate::settings::Places;

/// 渠道包 (packs).
#[derive(clap::Subcommand)]
pub(super) enum Packs {
    /// 用样例检验渠道包 (check a pack against its fixtures)
    Test {
        /// 渠道包文件夹，或内置渠道包名称 (folder of a pack, or the name of one)
        pack: String,
    },
    /// 看一个文件会变成什么 (show what becomes of the records in a file)
    Try {
        /// 渠道包文件夹，或内置渠道包名称 (folder of a pack, or the name of one)
        pack: String,
        /// 样本文件 (a push, a page of a pull, or one record)
        file: PathBuf,
    },
    /// 列出各渠道遇到的未译代码：次数、首次与最近 (codes that no table translated, as the running hub met them)
    Unknown {
        /// 渠道，缺省为全部 (channel; all of them without)
        channel: Option<String>,
        #[command(flatten)]
        reach: Reach,
        /// 输出 JSON (as JSON)
        #[arg(long)]
        json: bool,
    },
    /// 由样例起草渠道包：猜测路径、时间格式、代码列、坐标，并说明把握 (draft a pack from sample records, and say how sure)
    New {
        /// 名称，也是编号空间，如 county-hotline (its name, and the namespace of its numbers)
        name: String,
        /// 样例文件：JSON、JSON Lines、CSV，UTF-8 或 GB18030 (samples)
        #[arg(long, required = true, num_args = 1..)]
        from: Vec<PathBuf>,
        /// 写到哪个文件夹，缺省为当前目录下以名称命名的文件夹 (folder to write; default: NAME here)
        #[arg(long)]
        to: Option<PathBuf>,
        /// 样例中的个人信息原样保留（仅限不出本机的试验）(keep personal values in the fixtures)
        #[arg(long)]
        keep_personal: bool,
    },
    /// 检查渠道包：未读字段、未译代码、缺项、回写丢失、个人信息外露 (look a pack over: what is unread, untranslated, missing, lost, exposed)
    Lint {
        /// 渠道包文件夹或名称；不写则检查全部 (folder or name of a pack; all of them without)
        pack: Option<String>,
    },
}

/// Where a pack is.
pub(super) enum Place {
    Folder(PathBuf),
    BuiltIn(String),
}

impl Place {
    /// A folder if there is one of this name, here or among the configured packs; else a built-in pack.
    pub(super) fn find(settings: Option<&Path>, named: &str) -> anyhow::Result<Self> {
        let configured = Places::load(settings)?.packs_dir.map(|dir| dir.join(named));
        let folders = [Some(PathBuf::from(named)), configured];
        let found = folders.into_iter().flatten().find(|folder| folder.join("pack.toml").is_file());
        Ok(found.map_or_else(|| Self::BuiltIn(named.to_owned()), Self::Folder))
    }

    /// Every pack there is: the configured folders, and what is built in and not replaced by one of them.
    fn all(settings: Option<&Path>) -> anyhow::Result<Vec<Self>> {
        let folders = match Places::load(settings)?.packs_dir {
            Some(dir) => pack::folders(&dir)?,
            None => Vec::new(),
        };
        let is_replaced = |name: &&str| folders.iter().any(|folder| folder.file_name().is_some_and(|n| n == *name));
        let built_in: Vec<&str> = Pack::built_in().into_iter().filter(|name| !is_replaced(name)).collect();
        Ok(folders
            .into_iter()
            .map(Self::Folder)
            .chain(built_in.into_iter().map(|n| Self::BuiltIn(n.to_owned())))
            .collect())
    }

    pub(super) fn load(&self) -> anyhow::Result<Pack> {
        let loaded = match self {
            Self::Folder(folder) => Pack::load(folder),
            Self::BuiltIn(name) => Pack::embedded(name),
        };
        loaded.context("渠道包不可用 (the pack cannot be used)")
    }
}

pub(super) fn run(settings: Option<&Path>, packs: &Packs) -> anyhow::Result<ExitCode> {
    match packs {
        Packs::Test { pack } => test(&Place::find(settings, pack)?),
        Packs::Try { pack, file } => {
            let pack = Place::find(settings, pack)?.load()?;
            say(pack::try_one(&pack, file)?.trim_end())?;
            Ok(ExitCode::SUCCESS)
        }
        Packs::Lint { pack } => lint(settings, pack.as_deref()),
        Packs::New { name, from, to, keep_personal } => {
            let folder = to.clone().unwrap_or_else(|| PathBuf::from(name));
            new(&folder, name, from, *keep_personal)
        }
        Packs::Unknown { channel, reach, json } => unknown(settings, channel.as_deref(), reach, *json),
    }
}

fn new(folder: &Path, name: &str, from: &[PathBuf], keep_personal: bool) -> anyhow::Result<ExitCode> {
    let drafted = pack::new(folder, name, from, keep_personal).context("渠道包起草不了 (no pack can be drafted)")?;
    let [high, medium, low, none] = drafted.fields;
    let shown = folder.display();
    say(format!(
        "{shown}：{} 条样例；来源字段 {high} 个有把握，{medium} 个待确认，{low} 个只有线索，{none} 个未能判断\n    \
         {} records; {high} fields sure, {medium} to be confirmed, {low} hinted at, {none} unknown",
        drafted.records, drafted.records
    ))?;
    if drafted.left_out > 0 {
        say(format!(
            "另有 {} 行读不出，未用于起草；用 huiliu pack try 查看是哪些 (rows that could not be read were left out; pack try shows which)",
            drafted.left_out
        ))?;
    }
    if !drafted.unnamed.is_empty() {
        say(format!(
            "{} 个字段名写不成路径，见 README (keys that no path can name: see the README)",
            drafted.unnamed.len()
        ))?;
    }
    say(format!("接下来 next: huiliu pack lint {shown} · huiliu pack test {shown}"))?;
    Ok(ExitCode::SUCCESS)
}

fn unknown(settings: Option<&Path>, channel: Option<&str>, reach: &Reach, json: bool) -> anyhow::Result<ExitCode> {
    let hub = reach.hub(settings)?;
    let answers = block_on(async {
        let channels = match channel {
            Some(channel) => vec![channel.to_owned()],
            None => {
                let all = hub.get("/v1/channels", &[]).await?;
                let names = all["channels"].as_array().into_iter().flatten().filter_map(|c| c["channel"].as_str());
                names.map(str::to_owned).collect()
            }
        };
        let mut answers = Vec::new();
        for channel in channels {
            answers.push(hub.get(&format!("/v1/channels/{channel}/unknown"), &[]).await?);
        }
        Ok(answers)
    })?;
    if json {
        say_json(&answers)?;
        return Ok(ExitCode::SUCCESS);
    }
    let head =
        ["渠道 channel", "字段 field", "代码 code", "次数 count", "首次 first", "最近 last", "现已译 translated"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for answer in &answers {
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let codes = answer["codes"].as_array().into_iter().flatten();
        rows.extend(codes.map(|code| {
            let translated = if code["translated"] == true { "是 yes" } else { "否 no" }.to_owned();
            let cells = ["field", "code", "count", "first", "last"].map(|key| text(&code[key]));
            std::iter::once(text(&answer["channel"])).chain(cells).chain([translated]).collect()
        }));
    }
    say(if rows.len() == 1 { "没有未译代码 (no unknown codes)".to_owned() } else { columns(&rows) })?;
    Ok(ExitCode::SUCCESS)
}

fn lint(settings: Option<&Path>, named: Option<&str>) -> anyhow::Result<ExitCode> {
    let places = match named {
        Some(named) => vec![Place::find(settings, named)?],
        None => Place::all(settings)?,
    };
    let mut all = Vec::new();
    for place in &places {
        let (folder, findings) = match place {
            Place::Folder(folder) => (folder.display().to_string(), pack::lint(folder)?),
            Place::BuiltIn(name) => (name.clone(), pack::lint_built_in(name)?),
        };
        tell(&format!("{folder}/"), &findings)?;
        say(format!("{folder}：{}", counted(&findings)))?;
        all.extend(findings);
    }
    Ok(exit_code(&all))
}

fn test(place: &Place) -> anyhow::Result<ExitCode> {
    let report = match place {
        Place::Folder(folder) => pack::test(folder)?,
        Place::BuiltIn(name) => pack::test_built_in(name)?,
    };
    say(report.to_string().trim_end())?;
    if report.fixtures.is_empty() {
        say("没有样例：请在 fixtures/ 中放 NAME.json 与 NAME.expected.json (no fixtures: nothing is proven)")?;
    }
    Ok(if report.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
