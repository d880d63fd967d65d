//! What is written can be read again, and what is read is read whole.

use std::fs;

use crate::common::{Keys, backends, jose, jose_with};

const PASSWORD: [(&str, &str); 1] = [("JOSE_TEST_PASSWORD", "correct horse battery staple")];
const ASK: [&str; 2] = ["--password-env", "JOSE_TEST_PASSWORD"];

/// A set of so many shared keys, each with a secret of so many characters.
fn set(keys: usize, secret: usize) -> String {
    let key = |index| {
        let k = "A".repeat(secret);
        format!(r#"{{"kty":"oct","kid":"{index}-{secret}","k":"{k}"}}"#)
    };
    format!(r#"{{"keys":[{}]}}"#, (0..keys).map(key).collect::<Vec<_>>().join(","))
}

#[test]
fn the_longest_set_that_is_read_is_read_when_it_is_encrypted_too() {
    for backend in backends() {
        let files = Keys::new(backend);
        let plain = files.file("plain", set(60, 4096));
        assert!((240_000..262_144).contains(&fs::metadata(&plain).unwrap().len()));
        let merge = [&["jwks", "merge", &plain], &ASK[..]].concat();
        let sealed = jose_with(&merge, "", &PASSWORD).text();
        assert!(sealed.len() > 262_144);
        let list = [&["jwks", "ls"], &ASK[..]].concat();
        assert_eq!(jose_with(&list, sealed, &PASSWORD).text().lines().count(), 60);
    }
}

#[test]
fn a_set_that_could_not_be_read_again_is_not_written() {
    for backend in backends() {
        let files = Keys::new(backend);
        let (many, more) = (files.file("many", set(200, 32)), files.file("more", set(100, 34)));
        let (long, longer) =
            (files.file("long", set(40, 4096)), files.file("longer", set(40, 4095)));
        let path = files.file("there", "old");
        for (one, two, told) in [(many, more, "256"), (long, longer, "262144")] {
            for password in [&[][..], &ASK] {
                let merge = ["jwks", "merge", &one, &two, "-o", &path, "--force"];
                let run = jose_with(&[&merge[..], password].concat(), "", &PASSWORD);
                assert!(run.fails(4).contains(told));
                assert_eq!(fs::read(&path).unwrap(), b"old");
            }
        }
    }
}

#[test]
fn a_token_that_could_not_be_read_again_is_not_written() {
    for backend in backends() {
        let files = Keys::new(backend);
        let key = files.key("A256KW");
        let long = files.file("long", vec![b'x'; 10 * 1024 * 1024]);
        let encrypt = ["jwe", "encrypt", "--key", &key, &long, "--aad", &long];
        let told = files.run(&encrypt, "").fails(4);
        assert!(told.contains("longer than"), "{told}");
        let encrypt = ["jwe", "encrypt", "--key", &key, &long];
        let token = files.run(&encrypt, "").ok();
        assert_eq!(files.run(&["jwe", "decrypt", "--key", &key], token).ok(), vec![b'x'; 10 << 20]);
    }
}

#[test]
fn a_recipient_whose_key_cannot_be_read_is_not_left_out() {
    for backend in backends() {
        let files = Keys::new(backend);
        let good = files.run(&["jwk", "pub", &files.key("ECDH-ES+A256KW")], "").text();
        let broken = r#"{"kty":"EC","crv":"P-256","kid":"broken"}"#;
        let set = files.file("set", format!(r#"{{"keys":[{},{broken}]}}"#, good.trim()));
        let told = files.run(&["jwe", "encrypt", "--key", &set], "text").fails(4);
        assert!(told.contains("key 1"), "{told}");
    }
}

#[test]
fn two_keys_of_one_name_are_not_merged() {
    for backend in backends() {
        let files = Keys::new(backend);
        let named = |name: &str| {
            let made = files.run(&["jwk", "gen", "--alg", "ES256", "--kid", "same"], "");
            files.file(name, made.ok())
        };
        let (one, two) = (named("one"), named("two"));
        let told = files.run(&["jwks", "merge", &one, &two], "").fails(5);
        assert!(told.contains("two: another key in the set has its name"), "{told}");
        let twice = files.run(&["jwks", "merge", &one, &one], "").json();
        assert_eq!(twice["keys"].as_array().unwrap().len(), 1);
        let keys = [fs::read_to_string(one).unwrap(), fs::read_to_string(two).unwrap()].join(",");
        let both = files.file("both", format!(r#"{{"keys":[{keys}]}}"#));
        files.run(&["jwks", "merge", &both], "").fails(5);
    }
}

#[test]
fn what_a_set_has_besides_keys_is_left_out_and_told() {
    let set = r#"{"keys":[{"kty":"oct","k":"AAAA"}],"issuer":"https://a.example"}"#;
    let run = jose(&["jwks", "merge", "-"], set);
    assert!(run.stderr.contains("issuer"), "{}", run.stderr);
    assert_eq!(run.json().as_object().unwrap().len(), 1);
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_no_text_is_there() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let run = std::process::Command::new(env!("CARGO_BIN_EXE_jose"))
        .args(["b64", "enc", "env:JOSE_TEST_OCTETS"])
        .env("JOSE_TEST_OCTETS", OsStr::from_bytes(&[0xFF, 0xFE, 7]))
        .output()
        .unwrap();
    assert_eq!(run.stdout, b"__4H\n", "{}", String::from_utf8_lossy(&run.stderr));
}

#[cfg(unix)]
#[test]
fn a_descriptor_is_read_for_one_thing_only() {
    let key = crate::common::key("HS256", backends().next().unwrap());
    for (args, named) in [
        (&["jws", "sign", "--key", "fd:0"][..], "standard input"),
        (&["jws", "sign", "--key", "/dev/stdin"], "standard input"),
        (&["jws", "sign", "--key", "fd:3", "--key", "fd:3"], "fd:3"),
    ] {
        let told = jose(args, &key).fails(2);
        assert!(told.contains(named) && told.contains("one thing only"), "{args:?} {told}");
    }
}
