//! What depends on what, as cargo sees it: the schema reaches no runtime, network or store, and dependencies point one
//! way only.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

const IMPURE: [&str; 6] = ["tokio", "reqwest", "axum", "async-nats", "hyper", "rusqlite"];

/// Every package that `package` reaches through normal dependencies.
fn reached(package: &str) -> BTreeSet<String> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--locked", "-p", package, "-e", "normal", "--prefix", "none", "--format", "{p}"])
        .current_dir(workspace)
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "cargo tree: {}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).expect("text");
    lines.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

#[test]
fn the_schema_reaches_no_runtime_and_the_gateway_does() {
    let schemas = reached("huiliu-schemas");
    assert!(schemas.contains("serde"), "{schemas:?}");
    for impure in IMPURE {
        assert!(!schemas.contains(impure), "huiliu-schemas reaches {impure}");
    }
    assert!(reached("huiliu").contains("tokio"), "the control: this test can see a runtime");
}

#[test]
fn dependencies_point_one_way() {
    let adapters = reached("huiliu-adapters");
    assert!(adapters.contains("huiliu-schemas"), "the control: this test can see our own crates");
    assert!(!adapters.contains("huiliu"), "huiliu-adapters depends on the gateway");
    let schemas = reached("huiliu-schemas");
    assert!(!schemas.contains("huiliu") && !schemas.contains("huiliu-adapters"), "{schemas:?}");
}
