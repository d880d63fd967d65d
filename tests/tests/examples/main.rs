//! The examples, started as a user would and asked over HTTP, and what those tell that serve nothing.
#![forbid(unsafe_code)]
#![allow(
    unreachable_pub,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    reason = "a test may fail by panicking, its modules are its own, and it needs std"
)]

mod authentication;
#[allow(dead_code, reason = "the tests with a browser use more of it")]
mod program;
mod sessions;

use std::process::Command;

/// `cargo xtask ci` holds them to these files too, as a user runs them.
#[test]
fn examples_that_serve_nothing_tell_what_is_written_beside_them() {
    for (program, written) in [
        (env!("CARGO_BIN_EXE_jwks"), include_str!("../../../examples/jwks.txt")),
        (env!("CARGO_BIN_EXE_receipts"), include_str!("../../../examples/receipts.txt")),
    ] {
        let output = Command::new(program).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        assert_eq!(String::from_utf8(output.stdout).unwrap(), written);
    }
}
