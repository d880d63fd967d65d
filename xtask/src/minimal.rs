//! `cargo xtask minimal`: whether the workspace builds with the oldest versions of what it depends on that its
//! manifests allow. What it does not build with, it must not allow.

use std::path::Path;

use crate::nightly;
use crate::openssl::Openssl;
use crate::process::{cargo, run as run_command};
use crate::tree;

/// What a nightly cargo has of its own: which versions are the oldest, only it tells.
const PROGRAM: &str = "update";

/// Builds a copy of the workspace with those versions.
pub(crate) fn run(openssl: Openssl) -> Result<(), String> {
    let place = Path::new("target/minimal");
    let tree = place.join("tree");
    tree::copy_to(&tree)?;
    let build =
        std::path::absolute(place.join("build")).map_err(|error| tree::told(place, &error))?;
    let mut oldest = nightly::cargo(&[PROGRAM, "-Z", "direct-minimal-versions"]);
    run_command(oldest.current_dir(&tree))?;
    let feature = openssl.feature();
    let features = format!(
        "jose-core/std,jose-suite/rustcrypto,jose-suite/{feature},jose-cli/{feature},\
         jose-jwks/axum,jose-jwks/blocking,jose-jwks/reqwest-rustls,jose-session/axum,jose-session/redis"
    );
    let mut check = cargo(&["check", "--features", &features]);
    // What is published: with which versions it is tested is nobody else's affair.
    for package in [
        "jose-core",
        "jose-rustcrypto",
        "jose-openssl",
        "jose-suite",
        "jose-conformance",
        "jose-cli",
        "jose-jwks",
        "jose-session",
        "jose-xano",
    ] {
        check.args(["-p", package]);
    }
    run_command(check.current_dir(&tree).env("CARGO_TARGET_DIR", &build))
}
