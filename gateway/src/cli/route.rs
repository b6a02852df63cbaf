//! `huiliu route explain`: where the rules would send a record, and why. Nothing is stored and no hub is asked.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use huiliu_adapters::decode::{Record, RecordError};
use huiliu_adapters::pack;
use huiliu_schemas::decision::Decision;
use huiliu_schemas::submission::{FieldProblem, Submission};
use jiff::Timestamp;
use serde_json::json;

use super::out::{say, say_json};
use super::pack::Place;
use crate::directory::Directory;
use crate::routing::{self, RoutingFacts};
use crate::settings::Places;

/// 派单规则 (routing).
#[derive(clap::Subcommand)]
pub(super) enum Route {
    /// 说明一件诉求会派给谁、依据哪一行 (explain where a record would go and by which line)
    Explain(Explain),
}

#[derive(clap::Args)]
pub(super) struct Explain {
    /// 渠道记录，或 Submission JSON (a channel's record with --pack, else a submission as JSON)
    file: PathBuf,
    /// 按此渠道包解读 (the pack, by folder or name, that maps it first)
    #[arg(long, visible_alias = "channel")]
    pack: Option<String>,
    /// 目录文件夹，缺省取设置中的 directory_dir (folder of the directory)
    #[arg(long)]
    directory: Option<PathBuf>,
    /// 输出 JSON (as JSON)
    #[arg(long)]
    json: bool,
}

/// A record understood, or what was wrong with it.
type Understood = Result<Submission, Vec<FieldProblem>>;

pub(super) fn run(settings: Option<&Path>, route: &Route) -> anyhow::Result<ExitCode> {
    let Route::Explain(asked) = route;
    let folder = match &asked.directory {
        Some(folder) => folder.clone(),
        None => Places::load(settings)?.directory_dir,
    };
    let directory = Directory::load(&folder)
        .with_context(|| format!("目录读不出 (the directory cannot be loaded): {}", folder.display()))?;
    let records = match &asked.pack {
        Some(named) => mapped(&Place::find(settings, named)?, &asked.file)?,
        None => vec![Ok(submission(&asked.file)?)],
    };
    let lost = records.iter().filter(|r| r.is_err()).count();
    for (index, record) in records.iter().enumerate() {
        let decided = record.as_ref().map(|s| routing::decide(&RoutingFacts::from_submission(s), &directory));
        tell(asked.json, records.len(), index, &decided, &directory)?;
    }
    Ok(if lost == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn tell(
    as_json: bool,
    of: usize,
    index: usize,
    decided: &Result<Decision, &Vec<FieldProblem>>,
    directory: &Directory,
) -> anyhow::Result<()> {
    if as_json {
        return match decided {
            Ok(decision) => say_json(decision),
            Err(problems) => say_json(&json!({ "problems": problems })),
        };
    }
    if of > 1 {
        say(format!("—— 第 {} 条 record {index} ——", index + 1))?;
    }
    match decided {
        Ok(decision) => say(routing::explain(decision, directory).trim_end())?,
        Err(problems) => say(wrong(problems))?,
    }
    Ok(())
}

fn wrong(problems: &[FieldProblem]) -> String {
    let mut said = "读不成诉求，会转入隔离 (cannot be read, would be quarantined):".to_owned();
    for FieldProblem { field, source_field, value, expected, .. } in problems {
        let value = value.as_ref().map(|v| format!(" = `{v}`")).unwrap_or_default();
        said.push_str(&format!("\n  - {field} ← {source_field}{value}：应为 expected {expected}"));
    }
    said
}

fn mapped(place: &Place, file: &Path) -> anyhow::Result<Vec<Understood>> {
    let pack = place.load()?;
    let records = pack::records(&pack, file)?;
    if records.is_empty() {
        bail!("{} 中没有记录 (holds no record)", file.display());
    }
    let read = |record: Record| match record.value {
        Ok(value) => pack.map(&value, &pack.namespace, Timestamp::MAX).map_err(|unmapped| unmapped.problems),
        Err(error) => Err(vec![unreadable(&error)]),
    };
    Ok(records.into_iter().map(read).collect())
}

fn unreadable(error: &RecordError) -> FieldProblem {
    FieldProblem {
        field: "record".to_owned(),
        source_field: String::new(),
        value: None,
        expected: error.to_string(),
        blocking: true,
    }
}

fn submission(file: &Path) -> anyhow::Result<Submission> {
    let bytes = std::fs::read(file).with_context(|| format!("文件读不出 (cannot be read): {}", file.display()))?;
    serde_json::from_slice(&bytes).with_context(|| {
        format!(
            "{} 不是 Submission JSON；若是渠道记录请加 --pack 渠道包名 (not a submission: is it a channel's record? give --pack)",
            file.display()
        )
    })
}
