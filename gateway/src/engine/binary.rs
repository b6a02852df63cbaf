//! Finds a nats-server program that will do.
//!
//! It looks and asks for the version; it must never download anything (`make setup` does that).

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::version::{self, MINIMUM, ServerVersion};

/// The environment variable that names the program.
pub const VARIABLE: &str = "HUILIU_NATS_SERVER";

const PROGRAM: &str = "nats-server";

/// No usable nats-server program.
#[derive(Debug, thiserror::Error)]
pub enum BinaryError {
    /// A named program cannot be used.
    #[error("{named_by} names {path}, which cannot be used: {reason}")]
    Named {
        /// The setting or variable that names it.
        named_by: &'static str,
        /// What it names.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// Nothing was found where programs are looked for.
    #[error(
        "no nats-server {MINIMUM} or newer found; name one in engine.embedded.nats_server or {VARIABLE}, or where this was built run `make setup`; looked at: {looked}"
    )]
    NotFound {
        /// Each place and what was wrong with it.
        looked: String,
    },
}

/// The program to run: the one named by the settings or by `HUILIU_NATS_SERVER`, else the first beside our own binary, in
/// `.local/` of a tree it was built in, or on `PATH` that is new enough.
///
/// # Errors
/// When a named one will not do, or none is found.
pub fn find(setting: Option<&Path>) -> Result<PathBuf, BinaryError> {
    if let Some(path) = setting {
        return named("engine.embedded.nats_server", path);
    }
    if let Some(path) = env::var_os(VARIABLE) {
        return named(VARIABLE, Path::new(&path));
    }
    first_usable(&candidates())
}

fn named(named_by: &'static str, path: &Path) -> Result<PathBuf, BinaryError> {
    match check(path) {
        Ok(_) => Ok(path.to_owned()),
        Err(reason) => Err(BinaryError::Named { named_by, path: path.to_owned(), reason }),
    }
}

fn first_usable(candidates: &[PathBuf]) -> Result<PathBuf, BinaryError> {
    let mut looked = Vec::new();
    for path in candidates.iter().filter(|path| path.is_file()) {
        match check(path) {
            Ok(_) => return Ok(path.clone()),
            Err(reason) => looked.push(format!("{} ({reason})", path.display())),
        }
    }
    looked.push("beside huiliu, .local where it was built, PATH".to_owned());
    Err(BinaryError::NotFound { looked: looked.join("; ") })
}

/// What lies in the present folder is run only by a build that was not installed: an installed one may be called from
/// anywhere, by root too.
fn candidates() -> Vec<PathBuf> {
    let exe = env::current_exe().ok();
    let mut places: Vec<PathBuf> = exe.iter().filter_map(|exe| exe.parent()).map(Path::to_owned).collect();
    if exe.is_some_and(|exe| was_built_here(&exe)) {
        places.extend([".local/nats/bin", ".local/bin", ".local"].map(PathBuf::from));
    }
    if let Some(path) = env::var_os("PATH") {
        places.extend(env::split_paths(&path).filter(|place| place.is_absolute()));
    }
    places.into_iter().map(|place| place.join(PROGRAM)).collect()
}

/// Whether a program lies where cargo builds.
fn was_built_here(program: &Path) -> bool {
    program.ancestors().skip(1).any(|folder| folder.join(".rustc_info.json").is_file())
}

fn check(path: &Path) -> Result<ServerVersion, String> {
    let output = Command::new(path).arg("--version").output().map_err(|error| error.to_string())?;
    let version =
        version::from_version_output(&String::from_utf8_lossy(&output.stdout)).map_err(|error| error.to_string())?;
    if version.suffices() { Ok(version) } else { Err(format!("it is version {version}, at least {MINIMUM} is needed")) }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::engine::scratch::Scratch;

    fn program(scratch: &Scratch, version: &str) -> PathBuf {
        let path = scratch.path().join(version);
        fs::write(&path, format!("#!/bin/sh\necho 'nats-server: v{version}'\n")).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("executable");
        path
    }

    #[test]
    fn a_named_program_that_is_too_old_is_refused_by_name() {
        let scratch = Scratch::new();
        let old = program(&scratch, "2.14.6");
        let error = find(Some(&old)).expect_err("too old");
        let said = error.to_string();
        assert!(said.contains("engine.embedded.nats_server"), "{said}");
        assert!(said.contains("version 2.14.6"), "{said}");
        assert!(said.contains("2.15.1"), "{said}");
    }

    #[test]
    fn the_present_folder_is_looked_into_only_by_a_build_that_was_not_installed() {
        assert!(candidates().contains(&PathBuf::from(".local/nats/bin/nats-server")), "this test was built by cargo");
        let scratch = Scratch::new();
        assert!(!was_built_here(&scratch.path().join("bin/huiliu")));
        fs::write(scratch.path().join(".rustc_info.json"), "{}").expect("written");
        assert!(was_built_here(&scratch.path().join("debug/deps/huiliu")));
    }

    #[test]
    fn the_first_new_enough_program_is_taken() {
        let scratch = Scratch::new();
        let old = program(&scratch, "2.14.6");
        let new = program(&scratch, "2.15.1");
        let missing = scratch.path().join("missing");
        assert_eq!(first_usable(&[missing, old.clone(), new.clone()]).expect("found"), new);
        let said = first_usable(&[old]).expect_err("none").to_string();
        assert!(said.contains("2.14.6"), "{said}");
    }
}
