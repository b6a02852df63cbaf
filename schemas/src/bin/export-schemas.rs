//! Writes the public documents into the directory given. Says nothing unless something is wrong.

use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(out) = std::env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("export-schemas: name the directory to write to");
        return ExitCode::FAILURE;
    };
    for (name, text) in huiliu_schemas::export::export() {
        let path = out.join(name);
        if let Err(error) = std::fs::write(&path, text) {
            eprintln!("export-schemas: failed to write {}: {error}", path.display());
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
