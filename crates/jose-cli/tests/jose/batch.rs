//! Many tokens at once, with `--json-lines`.

use serde_json::Value;

use crate::common::{Keys, Run, backends};

fn lines(run: &Run) -> Vec<Value> {
    run.stdout
        .split(|octet| *octet == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect()
}

/// A directory with a key `ES256` in it, and tokens of it that expire then.
fn tokens(backend: &'static str, expiries: &[&str]) -> (Keys, Vec<String>) {
    let keys = Keys::new(backend);
    let key = keys.key("ES256");
    let sign = |exp: &&str| {
        let token = keys.run(&["jwt", "sign", "--key", &key, "--exp", *exp], "").text();
        token.trim().to_owned()
    };
    let tokens = expiries.iter().map(sign).collect();
    (keys, tokens)
}

fn verify(keys: &Keys, input: &str) -> Run {
    let key = keys.0.path().join("ES256");
    keys.run(&["jwt", "verify", "--json-lines", "--key", key.to_str().unwrap()], input)
}

#[test]
fn each_line_is_answered_in_order_and_a_bad_one_stops_nothing() {
    for backend in backends() {
        let (keys, tokens) = tokens(backend, &["1h", "1000000000", "2h"]);
        let input = format!("{}\nnonsense\n{}\n\n{}\n", tokens[0], tokens[1], tokens[2]);
        let run = verify(&keys, &input);
        let told = lines(&run);
        let valid: Vec<_> = told.iter().map(|line| line["valid"].as_bool().unwrap()).collect();
        assert_eq!(valid, [true, false, false, false, true]);
        let numbers: Vec<_> = told.iter().map(|line| line["line"].as_u64().unwrap()).collect();
        assert_eq!(numbers, [1, 2, 3, 4, 5]);
        assert_eq!(told[2]["errors"][0]["code"], "ERR_JWT_EXPIRED");
        // Malformed comes before claims.
        assert_eq!(run.code, 4);
        assert!(run.stderr.contains("line 2"), "{}", run.stderr);
    }
}

#[test]
fn the_exit_code_is_that_of_the_first_stage_which_failed_anywhere() {
    for backend in backends() {
        let (keys, tokens) = tokens(backend, &["1000000000", "1h"]);
        let (signed, signature) = tokens[1].rsplit_once('.').unwrap();
        let other = if signature.starts_with('A') { "B" } else { "A" };
        let tampered = format!("{signed}.{other}{}", &signature[1..]);
        assert_eq!(verify(&keys, &tokens[1]).code, 0);
        assert_eq!(verify(&keys, &tokens.join("\n")).code, 3);
        assert_eq!(verify(&keys, &format!("{}\n{tampered}", tokens[0])).code, 1);
        let stranger = Keys::new(backend);
        let key = stranger.key("ES256");
        let foreign = stranger.run(&["jwt", "sign", "--key", &key], "").text();
        assert_eq!(verify(&keys, &format!("{tampered}\n{foreign}")).code, 5);
    }
}

#[test]
fn a_line_is_told_of_once() {
    for backend in backends() {
        let (keys, tokens) = tokens(backend, &["1000000000"]);
        let key = keys.0.path().join("ES256");
        let args = ["jwt", "verify", "--json", "--json-lines", "--key", key.to_str().unwrap()];
        assert_eq!(lines(&keys.run(&args, &tokens[0])).len(), 1);
    }
}

#[test]
fn a_line_without_end_does_not_stop_the_next() {
    for backend in backends() {
        let (keys, tokens) = tokens(backend, &["1h"]);
        let input = format!("{}\n{}", "A".repeat(3_000_000), tokens[0]);
        let run = verify(&keys, &input);
        let told = lines(&run);
        assert_eq!(told[0]["errors"][0]["code"], "ERR_TOO_LONG");
        assert_eq!((run.code, told.len(), &told[1]["valid"]), (4, 2, &true.into()));
    }
}

#[test]
fn a_missing_key_is_told_of_before_any_line() {
    for backend in backends() {
        let (keys, tokens) = tokens(backend, &["1h"]);
        let args = ["jwt", "verify", "--json-lines", "--key", "/nowhere/key.jwk"];
        keys.run(&args, &tokens[0]).fails(6);
    }
}

#[test]
fn every_command_that_reads_tokens_reads_many() {
    for backend in backends() {
        let (keys, tokens) = tokens(backend, &["1h", "2h"]);
        let (signer, key) = (keys.0.path().join("ES256"), keys.key("A256KW"));
        let signer = signer.to_str().unwrap();
        let encrypt =
            |sub: &str| keys.run(&["jwt", "encrypt", "--key", &key, "--sub", sub], "").text();
        let (signed, encrypted) = (tokens.join("\n"), [encrypt("a"), encrypt("b")].concat());
        let commands: [(&[&str], &str); 7] = [
            (&["jws", "verify", "--key", signer], &signed),
            (&["jws", "inspect"], &signed),
            (&["jwt", "verify", "--key", signer], &signed),
            (&["jwt", "decode"], &signed),
            (&["jwe", "decrypt", "--key", &key], &encrypted),
            (&["jwe", "inspect"], &encrypted),
            (&["jwt", "decrypt", "--key", &key], &encrypted),
        ];
        for (command, input) in commands {
            let run = keys.run(&[command, &["--json-lines"]].concat(), input);
            assert_eq!((run.code, lines(&run).len()), (0, 2), "{command:?}: {}", run.stderr);
        }
    }
}

#[test]
fn a_reader_who_leaves_does_not_make_a_success_of_what_was_refused() {
    use std::io::{BufRead, BufReader, Write};
    use std::process::{Command, Stdio};

    let (keys, _) = tokens(backends().next().unwrap(), &[]);
    let mut child = Command::new(env!("CARGO_BIN_EXE_jose"))
        .args(["jwt", "verify", "--json-lines", "--key"])
        .arg(keys.0.path().join("ES256"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    // More than goes into a pipe, so that it is still being written when nobody reads any more.
    let writer = std::thread::spawn(move || {
        let _ = input.write_all("nonsense\n".repeat(20_000).as_bytes());
    });
    let mut first = String::new();
    BufReader::with_capacity(64, child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert!(first.contains("\"line\":1"), "{first}");
    assert_eq!(child.wait().unwrap().code(), Some(4));
    writer.join().unwrap();
}
