//! `huiliu check`: gaps, contradictions and dead ends of the directory, with file and line; and, unless a folder is named,
//! whether the hub could start with the settings and the packs in use.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use huiliu_adapters::pack::Pack;
use jiff::Timestamp;

use super::findings::{counted, exit_code, tell};
use super::out::say;
use crate::app;
use crate::directory::{self, Directory};
use crate::doors::Credentials;
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
            let would_start = [settings_hold(settings, &places)?, keys_read(&places)?] == [true; 2];
            (places.directory_dir, would_start)
        }
    };
    let directory = Directory::load(&folder)?;
    let mut findings = directory::check(&directory);
    findings.extend(directory.calendar.lacking(Timestamp::now()));
    tell("", &findings)?;
    say(format!("目录版本 {}：{}", directory.version(), counted(&findings)))?;
    Ok(if would_start { exit_code(&findings) } else { ExitCode::FAILURE })
}

/// Whether the settings are whole, with every secret they name, and the channels can be made of them. A variable may be set
/// for the hub alone, by its unit: that it is not set here is only said, and as much is looked at as can be without.
fn settings_hold(settings: Option<&Path>, places: &Places) -> anyhow::Result<bool> {
    match Settings::load(settings) {
        Ok(settings) => all_well(app::each_channel(&settings), "渠道不能启用 (a channel cannot be made)"),
        Err(error @ SettingsError::NotSet { .. }) => {
            say(format!(
                "注意：此处未设此变量，网关启动时须有 (a variable is not set here; the hub does not start without it)\n    {error}"
            ))?;
            packs_load(places)
        }
        Err(error) => {
            say(format!("设置不足以启动 (the hub would not start with these settings)\n    {error}"))?;
            packs_load(places)?;
            Ok(false)
        }
    }
}

/// Whether the packs in use load: in place of one that does not, the hub starts with the one it ran with last, if it knows one.
fn packs_load(places: &Places) -> anyhow::Result<bool> {
    let found = places.packs.iter().map(|name| {
        let pack = Pack::find(name, places.packs_dir.as_deref());
        pack.with_context(|| format!("failed to load the pack `{name}`"))
    });
    all_well(found, "渠道包不能加载 (a pack does not load)")
}

/// Whether the file of keys reads, if there is one yet.
fn keys_read(places: &Places) -> anyhow::Result<bool> {
    let file = places.credentials_file.as_path();
    let read = file.exists().then(|| Credentials::load(file).map_err(anyhow::Error::from));
    all_well(read, "密钥文件不能读取 (the file of keys does not read)")
}

/// Says what is wrong with each.
fn all_well<T>(all: impl IntoIterator<Item = anyhow::Result<T>>, what: &str) -> anyhow::Result<bool> {
    let mut well = true;
    for error in all.into_iter().filter_map(Result::err) {
        say(format!("{what}\n    {error:#}"))?;
        well = false;
    }
    Ok(well)
}
