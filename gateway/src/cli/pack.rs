//! `huiliu pack`: the test bench of a channel's folder.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use huiliu_adapters::pack::{self, Pack};

use super::out::say;
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
    }
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
