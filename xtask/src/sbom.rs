//! `cargo xtask sbom`: what the program and the library are made of, as `CycloneDX` has it.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::process::{cargo, run as run_command, succeeds};
use crate::tree::{self, told};

/// Writes a bill of materials for the facade and the program to `target/sbom`.
pub(crate) fn run() -> Result<(), String> {
    if !succeeds(&mut cargo(&["cyclonedx", "--version"])) {
        return Err("this needs cargo-cyclonedx: `cargo install cargo-cyclonedx`".to_owned());
    }
    let place = Path::new("target/sbom");
    let tree = place.join("tree");
    // It writes beside every manifest.
    tree::copy_to(&tree)?;
    let mut command: Command = cargo(&["cyclonedx", "--format", "json", "--features", "openssl"]);
    run_command(command.current_dir(&tree))?;
    for package in ["jose-suite", "jose-cli"] {
        let name = format!("{package}.cdx.json");
        let from = tree.join("crates").join(package).join(&name);
        fs::copy(&from, place.join(&name)).map_err(|error| told(&from, &error))?;
        println!("{}", place.join(&name).display());
    }
    Ok(())
}
