//! The program with `--backend openssl-fips`, in the provider that `cargo xtask fips` has made.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

/// Runs `jose` with the provider configured as a system has it.
fn jose(args: &[&str], input: &[u8]) -> Output {
    #[allow(clippy::disallowed_methods, reason = "how the directory is handed to these tests")]
    let directory = std::env::var_os("JOSE_FIPS").expect("`cargo xtask fips` says where it is");
    let directory = PathBuf::from(directory);
    run(args, input, |command| {
        command
            .env("OPENSSL_CONF", directory.join("openssl.cnf"))
            .env("OPENSSL_MODULES", &directory);
    })
}

fn run(args: &[&str], input: &[u8], environment: impl Fn(&mut Command)) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jose"));
    environment(&mut command);
    let mut child = command
        .args(["--backend", "openssl-fips"])
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It may have ended before it has read everything.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

#[track_caller]
fn done(output: Output) -> Vec<u8> {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// A new key in a file.
fn key(alg: &str, directory: &tempfile::TempDir) -> String {
    let path = directory.path().join(alg);
    std::fs::write(&path, done(jose(&["jwk", "gen", "--alg", alg], b""))).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn the_module_is_named() {
    let told = done(jose(&["alg", "--json"], b""));
    let told: serde_json::Value = serde_json::from_slice(&told).unwrap();
    let backends = told["backends"].as_array().unwrap();
    let fips = backends.iter().find(|backend| backend["name"] == "openssl-fips").unwrap();
    let status = fips["fips"].as_str().unwrap();
    assert!(status.contains("FIPS Provider"), "{status}");
}

#[test]
fn approved_algorithms_sign_and_encrypt() {
    let directory = tempfile::tempdir().unwrap();
    for alg in ["ES256", "RS256", "HS256"] {
        let key = key(alg, &directory);
        let token = done(jose(&["jwt", "sign", "--key", &key, "--sub", "joe"], b""));
        let claims = done(jose(&["jwt", "verify", "--key", &key], &token));
        assert!(String::from_utf8_lossy(&claims).contains("joe"), "{alg}");
    }
    for alg in ["A256KW", "ECDH-ES+A256KW", "RSA-OAEP-256"] {
        let key = key(alg, &directory);
        let token = done(jose(&["jwe", "encrypt", "--key", &key], b"any octets"));
        assert_eq!(done(jose(&["jwe", "decrypt", "--key", &key], &token)), b"any octets", "{alg}");
    }
}

#[test]
fn what_is_not_approved_is_refused_by_policy() {
    let secp256k1: &[&str] = &["--alg", "ES256K"];
    for what in [secp256k1, &["--alg", "ECDH-ES", "--curve", "X25519"]] {
        let output = jose(&[&["jwk", "gen"], what].concat(), b"");
        assert_eq!(output.status.code(), Some(7), "{what:?}");
        assert!(output.stdout.is_empty(), "{what:?}");
    }
}

#[test]
fn without_a_module_nothing_is_done_elsewhere() {
    let output = run(&["jwk", "gen", "--alg", "ES256"], b"", |command| {
        command.env("OPENSSL_CONF", "/dev/null");
    });
    assert_eq!(output.status.code(), Some(7));
    assert!(output.stdout.is_empty());
}
