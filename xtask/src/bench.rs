//! `cargo xtask bench`: the benchmarks, on both backends.

use crate::openssl::Openssl;
use crate::process::{cargo, run as run_command};

/// Runs the benchmarks of `jose-tests`.
pub(crate) fn run(openssl: Openssl) -> Result<(), String> {
    let features = format!("rustcrypto,{}", openssl.feature());
    run_command(&mut cargo(&[
        "bench",
        "-p",
        "jose-tests",
        "--features",
        &features,
        "--bench",
        "jws",
    ]))
}
