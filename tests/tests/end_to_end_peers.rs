//! `examples/end-to-end` with Node.js in the place of its page: the same script, and the npm package `jose` there.
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

#[allow(dead_code, reason = "the tests of other examples use more of it")]
#[path = "examples/program.rs"]
mod program;

use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::program::Program;

#[test]
fn what_node_encrypts_is_read_on_both_devices_and_it_reads_the_answer() {
    let place = std::env::var_os("JOSE_PEERS").map(PathBuf::from);
    let place = place.expect("JOSE_PEERS is not set: `cargo xtask interop` runs these tests");
    let node = place.join("node");
    let mut command = Command::new(env!("CARGO_BIN_EXE_end-to-end"));
    command.arg("127.0.0.1:0").arg(node.join("node_modules/jose/dist/webapi"));
    let program = Program::start_as(&mut command);
    let mut bob = Command::new("node");
    bob.arg("end-to-end.mjs").arg(format!("http://{}", program.address)).current_dir(node);
    let output = bob.stderr(Stdio::inherit()).output().unwrap();
    assert!(output.status.success());

    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["read"], "Alice has read: at noon, by the river – “42”");
    assert_eq!((&told["to"], &told["from"]), (&json!(2), &json!(3)));
    assert_eq!(told["algs"], json!(vec!["ECDH-ES+A256KW"; 5]));
    assert_eq!(told["eve"], true, "a key of somebody else's reads the answer");
    assert_eq!(told["extractable"], false);
    // As sent; with a changed octet; an answer of Alice's, which is no message; and nothing at all.
    assert_eq!(told["statuses"], json!([200, 400, 400, 400]));
}

#[test]
fn files_beside_the_package_are_not_served() {
    let place = std::env::var_os("JOSE_PEERS").map(PathBuf::from).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_end-to-end"));
    command.arg("127.0.0.1:0").arg(place.join("node/node_modules/jose/dist/webapi"));
    let program = Program::start_as(&mut command);
    let mut client = program.client();
    assert_eq!(client.get("/jose/index.js").status, 200);
    for path in
        ["/jose/../../package.json", "/jose/%2e%2e/%2e%2e/package.json", "/jose//etc/passwd"]
    {
        assert_eq!(client.get(path).status, 404, "{path}");
    }
}
