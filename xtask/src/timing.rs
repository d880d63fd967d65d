//! `cargo xtask timing`: whether the time of an operation tells of a secret, by statistics. By hand, and on a
//! machine that does nothing else.

use crate::process::{cargo, run as run_command};

/// Runs the measurements, or those whose names contain a text.
pub(crate) fn run(filter: Option<&str>) -> Result<(), String> {
    let manifest = ["run", "--release", "--manifest-path", "tests/timing/Cargo.toml"];
    let mut command = cargo(&manifest);
    command.args(["--target-dir", "target/timing", "--"]).args(filter);
    run_command(&mut command)
}
