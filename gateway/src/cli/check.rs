//! `huiliu check`: gaps, contradictions and dead ends of the directory, with file and line; and whether the settings are
//! such as the hub could start with, unless a folder is named.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::findings::{counted, exit_code, tell};
use super::out::say;
use crate::directory::{self, Directory};
use crate::settings::Settings;

#[derive(clap::Args)]
pub(super) struct Args {
    /// 目录文件夹，缺省取设置中的 directory_dir (folder of the directory)
    directory: Option<PathBuf>,
}

pub(super) fn check(settings: Option<&Path>, args: &Args) -> anyhow::Result<ExitCode> {
    let folder = match &args.directory {
        Some(folder) => folder.clone(),
        None => Settings::load(settings)?.directory_dir,
    };
    let directory = Directory::load(&folder)?;
    let findings = directory::check(&directory);
    tell("", &findings)?;
    say(format!("目录版本 {}：{}", directory.version(), counted(&findings)))?;
    Ok(exit_code(&findings))
}
