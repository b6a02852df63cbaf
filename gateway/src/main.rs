//! Reads settings, builds, runs, drains.

use std::process::ExitCode;

fn main() -> ExitCode {
    huiliu::cli::main()
}
