//! Finding the programs: the hub beside this test, and the nats-server that `make setup` fetched.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use anyhow::{Context as _, ensure};

/// The top of the workspace.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map_or_else(PathBuf::new, Path::to_path_buf)
}

/// The hub's program: `HUILIU_BIN`, or the one of the same build as this test.
pub fn hub_binary() -> anyhow::Result<PathBuf> {
    if let Some(named) = env::var_os("HUILIU_BIN") {
        return Ok(named.into());
    }
    let program = profile_dir()?.join("huiliu");
    ensure!(program.exists(), "{} is missing: run `cargo build -p huiliu`, or set HUILIU_BIN", program.display());
    Ok(program)
}

/// As [`hub_binary`], but has it built first, once per process: it belongs to another package, which no test run builds.
pub fn build_hub() -> anyhow::Result<PathBuf> {
    static BUILT: OnceLock<Result<(), String>> = OnceLock::new();
    if env::var_os("HUILIU_BIN").is_none() {
        let built = BUILT.get_or_init(|| build().map_err(|e| format!("{e:#}")));
        built.clone().map_err(anyhow::Error::msg)?;
    }
    hub_binary()
}

fn build() -> anyhow::Result<()> {
    let profile = profile_dir()?;
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--quiet", "-p", "huiliu", "--bin", "huiliu", "--target-dir"]);
    command.arg(profile.parent().context("no target directory")?).current_dir(root());
    if profile.ends_with("release") {
        command.arg("--release");
    }
    ensure!(command.status()?.success(), "`cargo build -p huiliu` failed");
    Ok(())
}

/// `target/debug` or `target/release`, wherever this program lies in it.
fn profile_dir() -> anyhow::Result<PathBuf> {
    let own = env::current_exe()?;
    let dir = own.parent().context("no directory")?;
    let dir = if dir.ends_with("deps") { dir.parent().context("no directory")? } else { dir };
    Ok(dir.to_path_buf())
}

/// The nats-server to use, if one is named or was fetched.
pub fn nats_binary() -> Option<PathBuf> {
    let named = env::var_os("HUILIU_NATS_SERVER").map(PathBuf::from);
    let fetched = root().join(".local/nats/bin/nats-server");
    named.filter(|p| p.exists()).or_else(|| Some(fetched).filter(|p| p.exists()))
}
