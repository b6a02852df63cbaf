//! `huiliu check`: gaps, contradictions and dead ends of the directory, with file and line; and whether the packs that are
//! in use load.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use huiliu_adapters::pack::Pack;

use super::findings::{counted, exit_code, tell};
use super::out::say;
use crate::directory::{self, Directory};
use crate::settings::Places;

#[derive(clap::Args)]
pub(super) struct Args {
    /// 目录文件夹；缺省取设置中的 directory_dir，并检查已启用渠道的报文包 (folder of the directory; without one, that of the settings, and the packs in use)
    directory: Option<PathBuf>,
}

pub(super) fn check(settings: Option<&Path>, args: &Args) -> anyhow::Result<ExitCode> {
    let (folder, packs_load) = match &args.directory {
        Some(folder) => (folder.clone(), true),
        None => {
            let places = Places::load(settings)?;
            let packs_load = packs_load(&places)?;
            (places.directory_dir, packs_load)
        }
    };
    let directory = Directory::load(&folder)?;
    let findings = directory::check(&directory);
    tell("", &findings)?;
    say(format!("目录版本 {}：{}", directory.version(), counted(&findings)))?;
    Ok(if packs_load { exit_code(&findings) } else { ExitCode::FAILURE })
}

/// Whether the packs in use load: the hub does not start with one that does not.
fn packs_load(places: &Places) -> anyhow::Result<bool> {
    let mut all = true;
    for name in &places.packs {
        if let Err(error) = Pack::find(name, places.packs_dir.as_deref()) {
            say(format!("报文包 {name} 不能加载 (pack {name} does not load)\n    {error}"))?;
            all = false;
        }
    }
    Ok(all)
}
