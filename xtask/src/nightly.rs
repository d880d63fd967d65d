//! The nightly compiler that some tasks need, and what they need besides: which versions, and how they are installed.

use std::process::Command;

use crate::process::{self, output, run as run_command, succeeds};

/// The nightly compiler that is installed where there is none. What [`TOOLS`] read of it, the documentation as
/// JSON, changes from one to the next: they are renewed together.
const PINNED: &str = "nightly-2026-05-20";

/// Programs of cargo, and the versions that are installed where they are missing.
const TOOLS: [(&str, &str); 2] = [("fuzz", "0.13.2"), ("public-api", "0.52.0")];

/// A `cargo` of the nightly toolchain: the pinned one, or else whichever is called `nightly`.
///
/// Not by `+nightly`: the `cargo` that runs this task is one of another toolchain.
pub(crate) fn cargo(args: &[&str]) -> Command {
    let mut command = Command::new("rustup");
    command.args(["run", toolchain(), "cargo"]).args(args);
    command.env_remove("CARGO").env_remove("RUSTUP_TOOLCHAIN");
    command
}

/// Whether there is a nightly toolchain that has this program of cargo.
pub(crate) fn has(program: &str) -> bool {
    succeeds(&mut cargo(&[program, "-h"]))
}

/// What to say where a program of cargo is missing.
pub(crate) fn missing(program: &str) -> String {
    format!("a nightly compiler or `cargo {program}` is missing: `cargo xtask tools` installs both")
}

/// `cargo xtask tools`: installs what is missing of these.
pub(crate) fn install() -> Result<(), String> {
    if !is_installed(PINNED) && !is_installed("nightly") {
        run_command(Command::new("rustup").args([
            "toolchain",
            "install",
            PINNED,
            "--profile",
            "minimal",
        ]))?;
    }
    for (program, version) in TOOLS {
        if !has(program) {
            let package = format!("cargo-{program}@{version}");
            // Unoptimised: they are built in half the time, and have little to do.
            run_command(&mut process::cargo(&["install", &package, "--locked", "--debug"]))?;
        }
    }
    Ok(())
}

/// Installs a component of the nightly toolchain that is not there.
pub(crate) fn component(name: &str) -> Result<(), String> {
    let args = ["component", "add", "--toolchain", toolchain(), name];
    run_command(Command::new("rustup").args(args))
}

fn toolchain() -> &'static str {
    if is_installed(PINNED) { PINNED } else { "nightly" }
}

fn is_installed(toolchain: &str) -> bool {
    // Whole names: `nightly` is not there because `nightly-2026-05-20` is. The name of the system may follow.
    let list = output(Command::new("rustup").args(["toolchain", "list"])).unwrap_or_default();
    is_listed(toolchain, &list)
}

fn is_listed(toolchain: &str, list: &str) -> bool {
    let names = list.lines().filter_map(|line| line.split_whitespace().next());
    let mut rests = names.filter_map(|name| name.strip_prefix(toolchain));
    // A date begins with a digit, the name of a system does not.
    rests.any(|rest| {
        let system = rest.strip_prefix('-');
        rest.is_empty()
            || system.is_some_and(|system| !system.starts_with(|c: char| c.is_ascii_digit()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_toolchain_is_known_by_its_whole_name() {
        let list = "stable-x86_64-unknown-linux-gnu (active, default)\nnightly-2026-05-20-x86_64-unknown-linux-gnu\n";
        assert!(is_listed("stable", list) && is_listed("nightly-2026-05-20", list));
        assert!(!is_listed("nightly", list) && !is_listed("nightly-2026-05-2", list));
        assert!(is_listed("nightly", "nightly-aarch64-apple-darwin (default)"));
    }
}
