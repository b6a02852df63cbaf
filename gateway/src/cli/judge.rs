//! `huiliu judge`: where, what, how bad, who accuses whom, from a text or a file of texts. Nothing is stored and no hub
//! is asked.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use huiliu_schemas::places::{DivisionCode, MatterCode};
use huiliu_schemas::private::Private;
use huiliu_schemas::submission::SourceClass;
use huiliu_schemas::vocabulary::Appeal;
use serde_json::json;

use super::out::say;
use crate::directory::Directory;
use crate::directory::encoding::decode;
use crate::judgement::matter::examples::{Record, Wrong, records};
use crate::routing::{self, RoutingFacts};
use crate::settings::Places;

#[derive(clap::Args)]
pub(super) struct Args {
    /// 一段文字（.txt，整个文件为一件），或多件的表格、JSONL；- 为标准输入 (one text, or a table or JSON lines of them)
    ///
    /// 识别的字段 fields: title 标题、text body 正文、address 地址、division 属地代码、matter 事项代码、class 来源类别、
    /// appeal 诉求类型、accused 被反映单位、persons 人数、affected 涉及人数、longitude latitude 坐标（WGS-84）
    file: PathBuf,
    /// 目录文件夹，缺省取设置中的 directory_dir (folder of the directory)
    #[arg(long)]
    directory: Option<PathBuf>,
    /// 每件一行 JSON (one JSON object a line)
    #[arg(long)]
    json: bool,
}

pub(super) fn judge(settings: Option<&Path>, args: &Args) -> anyhow::Result<ExitCode> {
    let folder = match &args.directory {
        Some(folder) => folder.clone(),
        None => Places::load(settings)?.directory_dir,
    };
    let directory = Directory::load(&folder)
        .with_context(|| format!("目录读不出 (the directory cannot be loaded): {}", folder.display()))?;
    let facts = read(&args.file)?;
    for (index, facts) in facts.iter().enumerate() {
        let judged = routing::judge(facts, &directory);
        if args.json {
            say(serde_json::to_string(&json!({ "index": index, "judged": judged }))?)?;
            continue;
        }
        if index > 0 {
            say("")?;
        }
        say(format!("—— 第 {} 件 ——", index + 1))?;
        say(judged.chinese(&directory).trim_end())?;
        say("去向 decision：")?;
        say(routing::explain(&judged.decision, &directory).trim_end())?;
    }
    Ok(ExitCode::SUCCESS)
}

fn read(file: &Path) -> anyhow::Result<Vec<RoutingFacts>> {
    let bytes = if file == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut std::io::stdin(), &mut bytes)?;
        bytes
    } else {
        std::fs::read(file).with_context(|| format!("文件读不出 (cannot be read): {}", file.display()))?
    };
    let text = decode(&bytes).with_context(|| format!("{} 不是 UTF-8 或 GB18030 文本 (not a text)", file.display()))?;
    let name = file.display().to_string();
    let is_table = file.extension().is_some_and(|e| e == "csv") || text.trim_start().starts_with('{');
    if !is_table {
        return Ok(vec![RoutingFacts { texts: vec![Private::new(text.trim())], ..RoutingFacts::default() }]);
    }
    let mut all = Vec::new();
    let mut wrong = Vec::new();
    for record in records(&name, &text) {
        match record.and_then(|record| facts(&record)) {
            Ok(facts) => all.push(facts),
            Err(one) => wrong.push(one.to_string()),
        }
    }
    if !wrong.is_empty() {
        bail!("{}", wrong.join("\n"));
    }
    if all.is_empty() {
        bail!("{name} 中没有记录 (holds no record)");
    }
    Ok(all)
}

fn facts(record: &Record<'_>) -> Result<RoutingFacts, Wrong> {
    let given = |fields: &str| record.cell(fields).map(str::trim).filter(|cell| !cell.is_empty());
    let private = |fields: &str| given(fields).map(Private::new);
    let title = private("title,标题");
    let text = private("text,body,正文,内容");
    if title.is_none() && text.is_none() && given("address,地址").is_none() {
        return Err(record.lacks("text"));
    }
    let class = |name: String| SourceClass { name: Some(name), ..SourceClass::default() };
    let mut facts = RoutingFacts {
        matter: read_as(record, "matter,事项代码", "a matter code of 2, 4 or 6 digits", |t| {
            t.parse::<MatterCode>().ok()
        })?,
        source_class: given("class,来源类别").map(str::to_owned).map(class),
        division: read_as(record, "division,属地代码", "a division code of 6, 9 or 12 digits", |t| {
            t.parse::<DivisionCode>().ok()
        })?,
        address: private("address,地址"),
        texts: title.iter().chain(&text).cloned().collect(),
        accused: private("accused,被反映单位").into_iter().collect(),
        ..RoutingFacts::default()
    };
    let appeals = Appeal::ALL.iter().map(|a| a.as_str()).collect::<Vec<_>>().join(", ");
    facts.circumstances.appeal =
        read_as(record, "appeal,诉求类型", &format!("one of {appeals}, or its Chinese name"), |t| {
            Appeal::read(t).or_else(|| Appeal::ALL.iter().copied().find(|a| a.chinese() == t))
        })?;
    facts.circumstances.persons = read_as(record, "persons,人数", "a number of persons", |t| t.parse().ok())?;
    facts.circumstances.affected = read_as(record, "affected,涉及人数", "a number of persons", |t| t.parse().ok())?;
    let degrees = |fields: &str| read_as(record, fields, "degrees, WGS-84", |t| t.parse::<f64>().ok());
    facts.point = degrees("longitude,lon,经度")?.zip(degrees("latitude,lat,纬度")?);
    facts.title = title;
    Ok(facts)
}

fn read_as<T>(
    record: &Record<'_>,
    fields: &str,
    expected: &str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, Wrong> {
    match record.cell(fields).map(str::trim).filter(|cell| !cell.is_empty()) {
        None => Ok(None),
        Some(cell) => parse(cell).map(Some).ok_or_else(|| record.wrong(fields, cell, expected)),
    }
}
