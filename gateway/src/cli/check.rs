//! `huiliu check`: gaps, contradictions and dead ends of the directory, with file and line.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::out::say;
use crate::directory::{self, Directory, Severity};
use crate::settings::Places;

#[derive(clap::Args)]
pub(super) struct Args {
    /// 目录文件夹，缺省取设置中的 directory_dir (folder of the directory)
    directory: Option<PathBuf>,
}

pub(super) fn check(settings: Option<&Path>, args: &Args) -> anyhow::Result<ExitCode> {
    let folder = match &args.directory {
        Some(folder) => folder.clone(),
        None => Places::load(settings)?.directory_dir,
    };
    let directory = Directory::load(&folder)?;
    let findings = directory::check(&directory);
    for finding in &findings {
        let severity = match finding.severity {
            Severity::Error => "错误",
            Severity::Warning => "警告",
        };
        say(format!("{}:{} {severity} {}\n    {}", finding.file, finding.line, finding.zh, finding.en))?;
    }
    let errors = findings.iter().filter(|f| f.severity == Severity::Error).count();
    let warnings = findings.len() - errors;
    say(format!(
        "目录版本 {}：{errors} 个错误，{warnings} 个警告 ({errors} errors, {warnings} warnings)",
        directory.version()
    ))?;
    Ok(if errors == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
