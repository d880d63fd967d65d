//! Tokens that are short enough to be read, and made to take more than that.
#![cfg(target_os = "linux")]

use std::process::{Command, Stdio};

use crate::common::{Keys, backends};

/// Runs `jose` with as much memory as the longest token needs, and what the program itself is.
fn code_within_bounds(args: &[&str]) -> Option<i32> {
    Command::new("sh")
        .args(["-c", r#"ulimit -v 300000; exec "$0" "$@""#, env!("CARGO_BIN_EXE_jose")])
        .args(args)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap()
        .code()
}

#[test]
fn millions_of_members_take_no_memory_of_their_own() {
    for backend in backends() {
        let keys = Keys::new(backend);
        let key = keys.key("A256KW");
        let many = "{},".repeat(6_500_000);
        let texts = [
            format!(r#"{{"ciphertext":"","x":[{many}0]}}"#),
            format!(r#"{{"payload":"","x":[{many}0]}}"#),
            format!(r#"{{"recipients":[{many}{{}}],"ciphertext":""}}"#),
        ];
        for text in texts {
            let token = keys.file("token", text);
            for args in [
                &["jwe", "inspect", &token][..],
                &["jwe", "convert", "--to", "general", &token],
                &["jwe", "decrypt", "--key", &key, &token],
                &["jwt", "decrypt", "--key", &key, &token],
            ] {
                assert_eq!(code_within_bounds(args), Some(4), "{args:?}");
            }
        }
    }
}

#[test]
fn a_content_of_millions_of_members_takes_no_memory_of_its_own() {
    for backend in backends() {
        let keys = Keys::new(backend);
        let key = keys.key("A256KW");
        let content = format!(r#"{{"x":[{}0]}}"#, "{},".repeat(4_000_000));
        let token = keys.run(&["jwe", "encrypt", "--key", &key], content).ok();
        let token = keys.file("token", token);
        let decrypt = ["jwe", "decrypt", "--key", &key, &token];
        assert_eq!(code_within_bounds(&decrypt), Some(0));
        // Nobody has so many claims.
        let claims = ["jwt", "decrypt", "--key", &key, &token];
        assert_eq!(code_within_bounds(&claims), Some(4));
    }
}
