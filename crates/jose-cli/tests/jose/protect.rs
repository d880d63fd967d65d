//! Private keys are encrypted where they are written, if there is a password.

use std::path::Path;

use crate::common::{Run, backends, jose, jose_with, key};

const PASSWORD: [(&str, &str); 1] = [("JOSE_TEST_PASSWORD", "correct horse battery staple")];
const ASK: [&str; 2] = ["--password-env", "JOSE_TEST_PASSWORD"];

/// Runs `jose` on this backend with the password.
fn run(backend: &str, args: &[&str], input: impl AsRef<[u8]>) -> Run {
    jose_with(&[args, &ASK, &["--backend", backend]].concat(), input, &PASSWORD)
}

/// What is inside, if it is a JWE.
fn open(backend: &str, token: impl AsRef<[u8]>) -> serde_json::Value {
    let text = std::str::from_utf8(token.as_ref()).unwrap();
    assert_eq!(text.trim().split('.').count(), 5, "{text}");
    run(backend, &["jwe", "decrypt"], token).json()
}

#[test]
fn a_new_key_is_encrypted_under_the_password() {
    for backend in backends() {
        let token = run(backend, &["jwk", "gen", "--alg", "ES256"], "").text();
        assert_eq!(open(backend, token)["alg"], "ES256");
    }
}

#[test]
fn plaintext_has_to_be_asked_for() {
    for backend in backends() {
        let text = run(backend, &["jwk", "gen", "--alg", "HS256", "--plaintext"], "").text();
        assert!(text.starts_with('{'), "{text}");
    }
}

#[test]
fn a_converted_key_is_encrypted_as_its_format_has_it() {
    for backend in backends() {
        let key = key("ES256", backend);
        let pem = run(backend, &["jwk", "convert", "--to", "pkcs8"], &key).text();
        assert!(pem.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"), "{pem}");
        let der = run(backend, &["jwk", "convert", "--to", "pkcs8", "--der"], &key).ok();
        let key: serde_json::Value = serde_json::from_str(&key).unwrap();
        let back = run(backend, &["jwk", "convert", "--plaintext"], der).json();
        assert_eq!(back["d"], key["d"]);
        let token = run(backend, &["jwk", "convert"], pem).ok();
        assert_eq!(open(backend, token)["d"], key["d"]);
    }
}

#[test]
fn a_format_that_cannot_be_encrypted_is_refused_with_a_password() {
    for backend in backends() {
        let key = key("ES256", backend);
        let told = run(backend, &["jwk", "convert", "--to", "sec1"], &key).fails(2);
        assert!(told.contains("--plaintext"), "{told}");
        let plain = run(backend, &["jwk", "convert", "--to", "sec1", "--plaintext"], &key).text();
        assert!(plain.starts_with("-----BEGIN EC PRIVATE KEY-----"), "{plain}");
    }
}

#[test]
fn a_public_key_is_not_encrypted() {
    for backend in backends() {
        let public = jose(&["jwk", "pub"], key("ES256", backend)).ok();
        assert_eq!(run(backend, &["jwk", "convert"], &public).ok(), public);
        let spki = run(backend, &["jwk", "convert", "--to", "spki"], &public).text();
        assert!(spki.starts_with("-----BEGIN PUBLIC KEY-----"), "{spki}");
        let set = run(backend, &["jwks", "merge", "-"], &public).json();
        assert_eq!(set["keys"].as_array().unwrap().len(), 1);
    }
}

#[cfg(unix)]
#[test]
fn a_converted_key_may_get_another_password() {
    use std::fs;
    for backend in backends() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("new");
        fs::write(&path, "another\n").unwrap();
        let new = ["--new-password-file", path.to_str().unwrap()];
        let wrapped = run(backend, &["jwk", "wrap"], key("ES256", backend)).ok();
        for to in ["jwk", "pkcs8"] {
            let convert = [&["jwk", "convert", "--to", to], &new[..]].concat();
            let file = run(backend, &convert, &wrapped).ok();
            let unwrap =
                ["jwk", "unwrap", "--backend", backend, "--password-file", path.to_str().unwrap()];
            assert_eq!(jose(&unwrap, &file).json()["kty"], "EC", "{to}");
        }
        let convert = [&["jwk", "convert", "--plaintext"], &new[..]].concat();
        run(backend, &convert, &wrapped).fails(2);
    }
}

/// A set of one key that signs, under the password, in a file of this directory.
fn set(backend: &str, directory: &Path) -> String {
    let path = directory.join("set");
    let key = jose(&["jwk", "gen", "--alg", "ES256", "--kid", "a", "--backend", backend], "");
    std::fs::write(&path, run(backend, &["jwks", "merge", "-"], key.ok()).ok()).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_set_that_was_opened_is_closed_again() {
    for backend in backends() {
        let directory = tempfile::tempdir().unwrap();
        let set = set(backend, directory.path());
        let new = key("ES256", backend);
        for args in
            [&["jwks", "add", &set][..], &["jwks", "rotate", &set], &["jwks", "merge", &set, "-"]]
        {
            let token = run(backend, args, &new).text();
            assert_eq!(token.trim().split('.').count(), 5, "{args:?}");
        }
        let add = run(backend, &["jwks", "add", &set], &new).ok();
        let rest = run(backend, &["jwks", "rm", "-", "--kid", "a"], add).ok();
        assert_eq!(open(backend, rest)["keys"].as_array().unwrap().len(), 1);
    }
}

#[test]
fn a_key_that_is_found_in_a_set_comes_out_encrypted() {
    for backend in backends() {
        let directory = tempfile::tempdir().unwrap();
        let set = set(backend, directory.path());
        let token = run(backend, &["jwks", "find", &set, "--kid", "a"], "").ok();
        assert_eq!(open(backend, token)["kid"], "a");
        let find = ["jwks", "find", &set, "--kid", "a", "--plaintext"];
        assert_eq!(run(backend, &find, "").json()["kid"], "a");
    }
}

#[test]
fn a_set_is_published_in_the_clear() {
    for backend in backends() {
        let directory = tempfile::tempdir().unwrap();
        let set = set(backend, directory.path());
        let public = run(backend, &["jwks", "merge", &set, "--public"], "").json();
        assert_eq!((&public["keys"][0]["kid"], public["keys"][0].get("d")), (&"a".into(), None));
    }
}

#[test]
fn an_encrypted_key_in_a_file_needs_no_warning_and_a_plain_one_has_it() {
    for backend in backends() {
        let directory = tempfile::tempdir().unwrap();
        let set = set(backend, directory.path());
        let key = key("ES256", backend);
        for (index, args) in [
            &["jwk", "gen", "--alg", "ES256"][..],
            &["jwk", "convert"],
            &["jwk", "convert", "--to", "pkcs8", "--der"],
            &["jwk", "use", "-u", "sign"],
            &["jwks", "merge", "-"],
            &["jwks", "find", &set, "--kid", "a"],
        ]
        .into_iter()
        .enumerate()
        {
            for (suffix, plaintext) in [("encrypted", false), ("plain", true)] {
                let path = directory.path().join(format!("{index}-{suffix}"));
                let mut args = [args, &["-o", path.to_str().unwrap()]].concat();
                if plaintext {
                    args.push("--plaintext");
                }
                let run = run(backend, &args, &key);
                assert_eq!(run.stderr.contains("not encrypted"), plaintext, "{args:?}");
                assert!(run.ok().is_empty(), "{args:?}");
            }
        }
    }
}

#[test]
fn another_password_opens_neither_a_key_nor_a_set() {
    for backend in backends() {
        let directory = tempfile::tempdir().unwrap();
        let set = set(backend, directory.path());
        let wrong = [("JOSE_TEST_PASSWORD", "another")];
        let list = [&["jwks", "ls", &set, "--backend", backend], &ASK[..]].concat();
        jose_with(&list, "", &wrong).fails(1);
    }
}

#[test]
fn what_is_encrypted_and_no_key_is_malformed() {
    for backend in backends() {
        let token = run(backend, &["jwe", "encrypt"], "{}").ok();
        let told = run(backend, &["jwk", "unwrap"], token).fails(4);
        assert!(told.contains("does not say that it is a key"), "{told}");
    }
}
