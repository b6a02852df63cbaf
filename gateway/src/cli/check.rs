//! `huiliu check`: gaps, contradictions and dead ends of the directory, with file and line; and, unless a folder is named,
//! whether the hub could start with the settings and the packs in use.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use huiliu_adapters::pack::Pack;

use super::findings::{counted, exit_code, tell};
use super::out::say;
use crate::directory::{self, Directory};
use crate::settings::{Places, Settings, SettingsError};

#[derive(clap::Args)]
pub(super) struct Args {
    /// 目录文件夹；缺省取设置中的 directory_dir，并检查设置与已启用渠道的渠道包 (folder of the directory; without one, that of the settings, with the settings themselves and the packs in use)
    directory: Option<PathBuf>,
}

pub(super) fn check(settings: Option<&Path>, args: &Args) -> anyhow::Result<ExitCode> {
    let (folder, would_start) = match &args.directory {
        Some(folder) => (folder.clone(), true),
        None => {
            let places = Places::load(settings)?;
            let would_start = [settings_hold(settings)?, packs_load(&places)?] == [true; 2];
            (places.directory_dir, would_start)
        }
    };
    let directory = Directory::load(&folder)?;
    let findings = directory::check(&directory);
    tell("", &findings)?;
    say(format!("目录版本 {}：{}", directory.version(), counted(&findings)))?;
    Ok(if would_start { exit_code(&findings) } else { ExitCode::FAILURE })
}

/// Whether the settings are whole, with every secret they name. A variable may be set for the hub alone, by its unit: that it
/// is not set here is only said.
fn settings_hold(settings: Option<&Path>) -> anyhow::Result<bool> {
    match Settings::load(settings) {
        Ok(_) => Ok(true),
        Err(error @ SettingsError::NotSet { .. }) => {
            say(format!(
                "注意：此处未设此变量，网关启动时须有 (a variable is not set here; the hub does not start without it)\n    {error}"
            ))?;
            Ok(true)
        }
        Err(error) => {
            say(format!("设置不足以启动 (the hub would not start with these settings)\n    {error}"))?;
            Ok(false)
        }
    }
}

/// Whether the packs in use load: the hub does not start with one that does not.
fn packs_load(places: &Places) -> anyhow::Result<bool> {
    let mut all = true;
    for name in &places.packs {
        if let Err(error) = Pack::find(name, places.packs_dir.as_deref()) {
            say(format!("渠道包 {name} 不能加载 (pack {name} does not load)\n    {error}"))?;
            all = false;
        }
    }
    Ok(all)
}
