//! What all commands have in common.

use crate::common::{backends, jose, key};

#[test]
fn help_and_version_are_no_failure() {
    assert!(jose(&["--help"], "").text().contains("Exit codes"));
    assert!(jose(&["--version"], "").text().starts_with("jose "));
}

#[test]
fn a_wrong_argument_is_a_matter_of_usage() {
    jose(&["jwk", "gen"], "").fails(2);
    jose(&["nothing"], "").fails(2);
    jose(&["jwk", "pub", r#"{"kty":"oct","k":"AA"}"#], "").fails(2);
}

#[test]
fn a_backend_that_was_not_built_in_is_named() {
    for name in ["rustcrypto", "openssl"] {
        if !backends().any(|own| own == name) {
            let told = jose(&["jwk", "gen", "--alg", "ES256", "--backend", name], "").fails(7);
            assert!(told.contains(name), "{told}");
        }
    }
}

#[test]
fn every_backend_that_was_built_in_lists_its_algorithms() {
    let list = jose(&["alg", "--json"], "").json();
    for name in backends() {
        let backends = list["backends"].as_array().unwrap();
        let own = backends.iter().find(|backend| backend["name"] == name).unwrap();
        assert!(own["algorithms"].as_array().unwrap().iter().any(|alg| alg["alg"] == "ES256"));
    }
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let told = jose(&["jwk", "pub", "/nowhere/key.jwk"], "").fails(6);
    assert!(told.contains("/nowhere/key.jwk"), "{told}");
}

#[test]
fn input_without_end_is_not_read_to_it() {
    let told = jose(&["jwk", "pub"], vec![b'{'; 10_000_000]).fails(4);
    assert!(told.contains("longer than"), "{told}");
}

#[test]
fn octets_that_are_no_text_are_malformed() {
    for octets in [&[0xFF; 100][..], &[0x30, 0x80, 0, 0], b"", b"\n"] {
        jose(&["jwk", "pub"], octets).fails(4);
    }
}

#[test]
fn base64url_goes_there_and_back() {
    let text = jose(&["b64", "enc"], [0, 0xFF, 7]).text();
    assert_eq!(text, "AP8H\n");
    assert_eq!(jose(&["b64", "dec"], text).ok(), [0, 0xFF, 7]);
    jose(&["b64", "dec"], "AP8H=").fails(4);
    jose(&["b64", "dec"], "AP8I AA").fails(4);
}

#[test]
fn an_error_in_json_has_its_code() {
    let run = jose(&["jwk", "pub", "--json"], "{}");
    assert_eq!(run.code, 4);
    let told: serde_json::Value = serde_json::from_slice(&run.stdout).unwrap();
    assert_eq!(told["errors"][0]["code"], "ERR_JWK_INVALID");
}

#[test]
fn a_key_may_come_from_the_environment() {
    for backend in backends() {
        let key = key("ES256", backend);
        let env = [("JOSE_TEST_KEY", key.as_str())];
        let run = crate::common::jose_with(&["jwk", "pub", "env:JOSE_TEST_KEY"], "", &env);
        assert!(!run.text().contains("\"d\""));
    }
    jose(&["jwk", "pub", "env:JOSE_TEST_NO_SUCH"], "").fails(6);
}

#[test]
fn standard_input_is_read_for_one_thing_only() {
    let key = key("HS256", backends().next().unwrap());
    for args in [
        &["jws", "sign", "--key", "-"][..],
        &["jws", "verify", "--key", "-"],
        &["jwe", "encrypt", "--key", "-"],
        &["jwks", "add", "-", "-"],
        &["jwk", "wrap", "--password-file", "-"],
    ] {
        let told = jose(args, &key).fails(2);
        assert!(told.contains("one thing only"), "{args:?} {told}");
    }
}

#[cfg(unix)]
#[test]
fn a_password_from_a_pipe_serves_several_files() {
    let backend = backends().next().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let wrapped = |name: &str| {
        let path = directory.path().join(name);
        let env = [("JOSE_TEST_PASSWORD", "from a pipe")];
        let wrap = ["jwk", "wrap", "--password-env", "JOSE_TEST_PASSWORD"];
        let token = crate::common::jose_with(&wrap, key("HS256", backend), &env).text();
        std::fs::write(&path, token).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (one, two, payload) = (wrapped("one"), wrapped("two"), directory.path().join("payload"));
    std::fs::write(&payload, "x").unwrap();
    let sign = ["jws", "sign", "--key", &one, "--key", &two, "--password-file", "-"];
    let sign = [&sign[..], &["--payload", payload.to_str().unwrap()]].concat();
    let run = jose(&sign, "from a pipe\n");
    assert_eq!(run.code, 0, "{}", run.stderr);
}
