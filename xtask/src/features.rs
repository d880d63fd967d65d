//! `cargo xtask features`: a feature adds a name and changes nothing, so every set of them builds
//! and passes its tests by itself.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::openssl::Openssl;
use crate::process::{cargo, output, run as run_command};

/// Lints and tests the facade under each set of its features, and lints what works without `std`
/// so.
pub(crate) fn run(openssl: Openssl) -> Result<(), String> {
    // Clippy is a `cargo check` that also sees what is left unused when a backend is away. Of
    // these the library alone: dev-dependencies would bring `std` in.
    clippy("jose-core", "--lib", "")?;
    clippy("jose-core", "--lib", "std")?;
    clippy("jose-core", "--lib", "deflate")?;
    clippy("jose-rustcrypto", "--lib", "")?;
    match bare_target()? {
        Some(target) => {
            run_command(&mut cargo(&["check", "-p", "jose-core", "--target", &target]))?;
        }
        None => println!(
            "left out: jose-core on a target without std, because none is installed; `tidy` \
             checks that no `std` feature reaches it"
        ),
    }

    clippy("jose-jwks", "--lib", "")?;
    clippy("jose-jwks", "--lib", "reqwest-rustls")?;
    // By itself this binds to what is installed. Where that is none, `clippy` of the whole has it with the vendored one.
    if openssl == Openssl::System {
        clippy("jose-jwks", "--lib", "reqwest-native-tls")?;
        clippy("jose-jwks", "--lib", "reqwest-native-tls,reqwest-rustls")?;
    }

    for set in ["", "tower", "axum", "redis"] {
        clippy("jose-session", "--lib", set)?;
    }

    // Without a backend there is no example that could run: the library and its documentation.
    clippy("jose-suite", "--lib", "")?;
    run_command(cargo(&["test", "-p", "jose-suite", "--doc"]).args(only("")))?;
    let all = format!("rustcrypto,std,{}", openssl.feature());
    for set in ["rustcrypto", openssl.feature(), &all] {
        clippy("jose-suite", "--all-targets", set)?;
        run_command(cargo(&["test", "-p", "jose-suite"]).args(only(set)))?;
    }
    Ok(())
}

fn clippy(package: &str, targets: &str, set: &str) -> Result<(), String> {
    let mut command = cargo(&["clippy", "-p", package, targets]);
    run_command(command.args(only(set)).args(["--", "-D", "warnings"]))
}

/// The options for a set of features and no others.
fn only(set: &str) -> Vec<&str> {
    let mut options = vec!["--no-default-features"];
    if !set.is_empty() {
        options.extend(["--features", set]);
    }
    options
}

/// An installed target that has no standard library, if there is one.
fn bare_target() -> Result<Option<String>, String> {
    let sysroot = output(Command::new("rustc").args(["--print", "sysroot"]))?;
    let targets = Path::new(sysroot.trim()).join("lib/rustlib");
    let entries = fs::read_dir(&targets)
        .map_err(|error| format!("cannot read {}: {error}", targets.display()))?;
    Ok(entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).find(|name| {
        // `x86_64-unknown-none`, `thumbv7em-none-eabi`, `wasm32v1-none`
        name.split('-').any(|part| part == "none")
    }))
}
