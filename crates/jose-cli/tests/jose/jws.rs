//! `jose jws`.

use serde_json::Value;

use crate::common::{Keys, Run, backends, jose, jose_with, key};

/// Runs with the keys in the environment, as `env:KEY`, `env:OTHER`, `env:THIRD`.
fn with(args: &[&str], backend: &str, input: impl AsRef<[u8]>, keys: &[&str]) -> Run {
    let names = ["KEY", "OTHER", "THIRD"];
    let env: Vec<_> = names.into_iter().zip(keys.iter().copied()).collect();
    jose_with(&[args, &["--backend", backend]].concat(), input, &env)
}

/// The one for tests that need no more.
fn first() -> &'static str {
    backends().next().unwrap()
}

const SIGN: [&str; 4] = ["jws", "sign", "--key", "env:KEY"];
const VERIFY: [&str; 4] = ["jws", "verify", "--key", "env:KEY"];

fn sign(backend: &str, key: &str) -> String {
    with(&SIGN, backend, "any octets", &[key]).text()
}

/// With another signature of the same length.
fn tampered(token: &str) -> String {
    let (signed, signature) = token.trim().rsplit_once('.').unwrap();
    let (first, rest) = signature.split_at(1);
    format!("{signed}.{}{rest}", if first == "A" { "B" } else { "A" })
}

fn bare(key: &str, drop: &[&str]) -> String {
    let mut jwk: Value = serde_json::from_str(key).unwrap();
    for name in drop {
        jwk.as_object_mut().unwrap().remove(*name);
    }
    jwk.to_string()
}

#[test]
fn what_was_signed_is_verified_with_the_public_half() {
    for backend in backends() {
        for alg in ["ES256", "PS256", "Ed25519"] {
            let key = key(alg, backend);
            let token = sign(backend, &key);
            let public = jose(&["jwk", "pub"], &key).text();
            assert_eq!(with(&VERIFY, backend, &token, &[&public]).ok(), b"any octets", "{alg}");
        }
    }
}

#[test]
fn one_backend_verifies_what_another_has_signed() {
    let key = key("ES384", backends().next().unwrap());
    for signer in backends() {
        for verifier in backends() {
            let token = sign(signer, &key);
            assert_eq!(with(&VERIFY, verifier, &token, &[&key]).ok(), b"any octets");
        }
    }
}

#[test]
fn a_tampered_token_releases_no_octet() {
    for backend in backends() {
        let key = key("ES256", backend);
        let token = tampered(&sign(backend, &key));
        with(&VERIFY, backend, token, &[&key]).fails(1);
    }
}

#[test]
fn the_report_of_a_tampered_token_has_nothing_of_its_payload() {
    for backend in backends() {
        let key = key("ES256", backend);
        let token = tampered(&sign(backend, &key));
        let run = with(&[&VERIFY[..], &["--json"]].concat(), backend, &token, &[&key]);
        assert_eq!(run.code, 1);
        let told: Value = serde_json::from_slice(&run.stdout).unwrap();
        assert_eq!((&told["valid"], &told["verified"]), (&false.into(), &false.into()));
        assert_eq!(told["errors"][0]["code"], "ERR_JWS_SIGNATURE_INVALID");
        assert_eq!(told["signatures"][0]["verified"], false);
        assert!(told.get("payload").is_none() && told.get("claims").is_none());
        let payload = token.split('.').nth(1).unwrap();
        assert!(!String::from_utf8_lossy(&run.stdout).contains(payload));
    }
}

#[test]
fn a_key_of_the_same_name_and_another_value_is_refused() {
    for backend in backends() {
        let keys: Vec<_> = (0..2)
            .map(|_| {
                let args = ["jwk", "gen", "--alg", "ES256", "--kid", "same", "--backend", backend];
                jose(&args, "").text()
            })
            .collect();
        with(&VERIFY, backend, sign(backend, &keys[0]), &[&keys[1]]).fails(1);
    }
}

#[test]
fn a_key_of_another_name_does_not_match() {
    for backend in backends() {
        let token = sign(backend, &key("ES256", backend));
        with(&VERIFY, backend, token, &[&key("ES256", backend)]).fails(5);
    }
}

#[test]
fn a_key_without_a_name_serves_a_token_that_names_one() {
    for backend in backends() {
        let key = key("ES256", backend);
        let pem = jose(&["jwk", "convert", "--to", "spki"], &key).text();
        assert_eq!(with(&VERIFY, backend, sign(backend, &key), &[&pem]).ok(), b"any octets");
    }
}

#[test]
fn two_keys_of_one_name_are_ambiguous() {
    for backend in backends() {
        let args = ["jwk", "gen", "--alg", "ES256", "--kid", "same", "--backend", backend];
        let [first, second] = [jose(&args, "").text(), jose(&args, "").text()];
        let set = format!("{{\"keys\":[{first},{second}]}}");
        with(&VERIFY, backend, sign(backend, &first), &[&set]).fails(5);
    }
}

#[test]
fn an_empty_set_has_no_key() {
    for backend in backends() {
        let token = sign(backend, &key("ES256", backend));
        with(&VERIFY, backend, token, &[r#"{"keys":[]}"#]).fails(5);
    }
}

#[test]
fn a_key_for_encryption_verifies_nothing() {
    for backend in backends() {
        let key = key("ES256", backend);
        let token = sign(backend, &key);
        let mut jwk: Value = serde_json::from_str(&key).unwrap();
        jwk["use"] = "enc".into();
        let told = with(&VERIFY, backend, token, &[&jwk.to_string()]).fails(5);
        assert!(told.contains("enc"), "{told}");
    }
}

#[test]
fn an_algorithm_that_is_not_allowed_is_refused() {
    for backend in backends() {
        let key = key("ES256", backend);
        let token = sign(backend, &key);
        let verify = [&VERIFY[..], &["--alg", "PS256,EdDSA"]].concat();
        with(&verify, backend, &token, &[&key]).fails(7);
        let verify = [&VERIFY[..], &["--alg", "PS256,ES256"]].concat();
        assert_eq!(with(&verify, backend, &token, &[&key]).ok(), b"any octets");
    }
}

#[test]
fn a_token_without_a_signature_is_refused() {
    for backend in backends() {
        with(&VERIFY, backend, "eyJhbGciOiJub25lIn0.e30.", &[&key("ES256", backend)]).fails(7);
    }
}

#[test]
fn a_key_that_names_no_algorithm_needs_the_option() {
    for backend in backends() {
        let key = bare(&key("RS256", backend), &["alg", "kid"]);
        with(&SIGN, backend, "any octets", &[&key]).fails(5);
        let token = with(&[&SIGN[..], &["--alg", "RS256"]].concat(), backend, "x", &[&key]).text();
        let told = with(&VERIFY, backend, &token, &[&key]).fails(5);
        assert!(told.contains("--alg"), "{told}");
        let verify = [&VERIFY[..], &["--alg", "RS256"]].concat();
        assert_eq!(with(&verify, backend, &token, &[&key]).ok(), b"x");
    }
}

#[test]
fn what_is_no_token_is_malformed() {
    for backend in backends() {
        let key = key("ES256", backend);
        for text in ["", "a.b", "a.b.c", "{}", "{\"payload\":\"\"}", "\u{1F511}"] {
            with(&VERIFY, backend, text, &[&key]).fails(4);
        }
        with(&VERIFY, backend, [0xFF, 0xFE], &[&key]).fails(4);
    }
}

#[test]
fn an_extension_has_to_be_understood() {
    for backend in backends() {
        let key = key("ES256", backend);
        let sign = [&SIGN[..], &["--header", "x=1", "--header", r#"crit=["x"]"#]].concat();
        let token = with(&sign, backend, "any octets", &[&key]).text();
        with(&VERIFY, backend, &token, &[&key]).fails(7);
        let verify = [&VERIFY[..], &["--crit", "x"]].concat();
        assert_eq!(with(&verify, backend, &token, &[&key]).ok(), b"any octets");
    }
}

#[test]
fn a_detached_payload_is_given_again() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("body");
    std::fs::write(&path, "any octets").unwrap();
    let path = path.to_str().unwrap();
    for backend in backends() {
        let key = key("ES256", backend);
        for more in [&["--detached"][..], &["--detached", "--unencoded"]] {
            let sign = [&SIGN[..], &["--payload", path], more].concat();
            let token = with(&sign, backend, "", &[&key]).text();
            assert!(token.contains(".."), "{token}");
            let verify = [&VERIFY[..], &["--payload", path]].concat();
            assert_eq!(with(&verify, backend, &token, &[&key]).ok(), b"any octets");
        }
    }
}

#[test]
fn another_payload_is_refused() {
    for backend in backends() {
        let key = key("ES256", backend);
        let sign = [&SIGN[..], &["--detached"]].concat();
        let token = with(&sign, backend, "any octets", &[&key]).text();
        let env = [("KEY", key.as_str()), ("BODY", "other octets")];
        jose_with(&[&VERIFY[..], &["--payload", "env:BODY"]].concat(), &token, &env).fails(1);
    }
}

#[test]
fn several_keys_make_a_general_token_and_a_policy_says_who_has_to_have_signed() {
    for backend in backends() {
        let [first, second, third] = ["ES256", "Ed25519", "ES384"].map(|alg| key(alg, backend));
        let sign = [&SIGN[..], &["--key", "env:OTHER"]].concat();
        let token = with(&sign, backend, "any octets", &[&first, &second]).text();
        assert!(token.contains("signatures"));
        let verify = |policy: &str, keys: &[&str]| {
            let args = [&VERIFY[..], &["--key", "env:OTHER", "--policy", policy]].concat();
            with(&args, backend, &token, keys)
        };
        for policy in ["any", "all", "2"] {
            assert_eq!(verify(policy, &[&first, &second]).ok(), b"any octets", "{policy}");
        }
        assert_eq!(verify("any", &[&first, &third]).ok(), b"any octets");
        for policy in ["all", "2"] {
            verify(policy, &[&first, &third]).fails(1);
        }
        verify("0", &[&first, &second]).fails(2);
        verify("any", &[&third, &third]).fails(7);
    }
}

#[test]
fn the_report_of_a_general_token_tells_of_each_signature() {
    for backend in backends() {
        let [first, second] = ["ES256", "Ed25519"].map(|alg| key(alg, backend));
        let sign = [&SIGN[..], &["--key", "env:OTHER"]].concat();
        let token = with(&sign, backend, r#"{"paid":true}"#, &[&first, &second]).text();
        let told = with(&[&VERIFY[..], &["--json"]].concat(), backend, token, &[&second]).json();
        assert_eq!(
            (&told["schema"], &told["command"]),
            (&"jose-cli/1".into(), &"jws verify".into())
        );
        assert_eq!((&told["valid"], &told["format"]), (&true.into(), &"general".into()));
        assert_eq!(told["claims"]["paid"], true);
        assert_eq!(told["signatures"][0]["error"]["code"], "ERR_JWS_ALG_NOT_ALLOWED");
        assert_eq!(told["signatures"][1]["verified"], true);
        assert_eq!(told["signatures"][1]["key"]["kid"], told["signatures"][1]["kid"]);
        assert_eq!(told["backend"]["name"], backend);
    }
}

#[test]
fn a_payload_that_is_no_object_is_reported_in_base64url() {
    for backend in backends() {
        let key = key("ES256", backend);
        let token = sign(backend, &key);
        let told = with(&[&VERIFY[..], &["--json"]].concat(), backend, token, &[&key]).json();
        assert_eq!(told["payload"], "YW55IG9jdGV0cw");
        assert_eq!(told["header"]["alg"], "ES256");
    }
}

#[test]
fn an_inspection_says_that_nothing_is_verified() {
    let token = tampered(&sign(first(), &key("ES256", first())));
    let run = jose(&["jws", "inspect"], &token);
    assert!(run.stderr.contains("NOT VERIFIED"), "{}", run.stderr);
    assert_eq!(run.json()["alg"], "ES256");
    let told = jose(&["jws", "inspect", "--json"], &token).json();
    assert_eq!(told["verified"], false);
    assert_eq!(told["signatures"][0]["header"]["alg"], "ES256");
}

#[test]
fn a_token_is_converted_there_and_back() {
    for backend in backends() {
        let key = key("ES256", backend);
        let token = sign(backend, &key);
        let mut text = token.clone();
        for to in ["flattened", "general", "compact"] {
            text = jose(&["jws", "convert", "--to", to], &text).text();
            assert_eq!(with(&VERIFY, backend, &text, &[&key]).ok(), b"any octets", "{to}");
        }
        assert_eq!(text, token);
    }
}

#[test]
fn a_serialization_without_room_is_refused() {
    for backend in backends() {
        let [first, second] = ["ES256", "Ed25519"].map(|alg| key(alg, backend));
        let sign = [&SIGN[..], &["--key", "env:OTHER"]].concat();
        let token = with(&sign, backend, "any octets", &[&first, &second]).text();
        jose(&["jws", "convert", "--to", "compact"], token).fails(2);
        let sign = [&sign[..], &["--serialization", "compact"]].concat();
        with(&sign, backend, "any octets", &[&first, &second]).fails(2);
    }
}

#[test]
fn a_header_keeps_its_rules() {
    let key = key("ES256", first());
    for header in ["alg=\"none\"", "typ=1", "typ", "crit=[]", "x={", "=1", "x5c=[]"] {
        let sign = [&SIGN[..], &["--header", header]].concat();
        with(&sign, first(), "any octets", &[&key]).fails(2);
    }
}

#[test]
fn standard_input_is_read_once() {
    jose(&["jws", "verify", "--key", "-"], "{}").fails(2);
    jose(&["jws", "sign", "--key", "-"], "{}").fails(2);
}

#[test]
fn a_public_key_signs_nothing() {
    for backend in backends() {
        let public = jose(&["jwk", "pub"], key("ES256", backend)).text();
        with(&SIGN, backend, "any octets", &[&public]).fails(5);
    }
}

#[test]
fn a_private_key_verifies_with_its_public_half_and_that_is_told() {
    for backend in backends() {
        let key = key("ES256", backend);
        let run = with(&VERIFY, backend, sign(backend, &key), &[&key]);
        assert!(run.stderr.contains("jose jwk pub"), "{}", run.stderr);
        assert_eq!(run.ok(), b"any octets");
    }
}

#[test]
fn a_signature_is_added_to_those_of_others() {
    for backend in backends() {
        let keys = Keys::new(backend);
        let (seller, notary) = (keys.key("ES256"), keys.key("Ed25519"));
        let receipt = keys.run(&["jws", "sign", "--key", &seller], "paid").text();
        let receipt = keys.file("receipt", receipt);
        let add = ["jws", "sign", "--key", &notary, "--add-to"];
        let both = keys.run(&[&add[..], &[&receipt]].concat(), "").text();
        let verify = ["jws", "verify", "--key", &seller, "--key", &notary, "--policy", "2"];
        assert_eq!(keys.run(&verify, both).text(), "paid");
        // There is no place for two in it.
        let compact = [&add[..], &[&receipt, "--serialization", "compact"]].concat();
        keys.run(&compact, "").fails(2);
    }
}

#[test]
fn a_signature_is_added_to_a_detached_payload() {
    for backend in backends() {
        let keys = Keys::new(backend);
        let (seller, notary) = (keys.key("ES256"), keys.key("Ed25519"));
        let payload = keys.file("payload", "paid");
        let sign = ["jws", "sign", "--key", &seller, "--detached", "--serialization", "general"];
        let receipt = keys.file("receipt", keys.run(&sign, "paid").text());
        let add = ["jws", "sign", "--key", &notary, "--add-to", &receipt];
        keys.run(&add, "").fails(4);
        let both = keys.run(&[&add[..], &["--payload", &payload]].concat(), "").text();
        let verify =
            ["jws", "verify", "--key", &seller, "--key", &notary, "--policy", "2", "--payload"];
        assert_eq!(keys.run(&[&verify[..], &[&payload]].concat(), both).text(), "paid");
    }
}

#[test]
fn the_flags_of_latchsets_program_mean_what_they_mean_there() {
    let keys = Keys::new(first());
    let (key, payload) = (keys.key("ES256"), keys.file("payload", "any octets"));
    let token = keys.run(&["jws", "sig", "-I", &payload, "-k", &key, "-c"], "").text();
    let token = keys.file("token", token);
    assert_eq!(keys.run(&["jws", "ver", "-i", &token, "-k", &key], "").text(), "any octets");
}

#[test]
fn a_payload_is_written_to_a_file_only_when_it_is_verified() {
    for backend in backends() {
        let keys = Keys::new(backend);
        let key = keys.key("ES256");
        let token = keys.run(&["jws", "sign", "--key", &key], "any octets").text();
        let out = keys.0.path().join("out");
        let verify = ["jws", "verify", "--key", &key, "-o", out.to_str().unwrap()];
        keys.run(&verify, tampered(&token)).fails(1);
        assert!(!out.exists());
        keys.run(&verify, &token).ok();
        assert_eq!(std::fs::read(&out).unwrap(), b"any octets");
    }
}

#[test]
fn a_header_is_shown_in_the_order_in_which_it_was_written() {
    let keys = Keys::new(first());
    let key = keys.key("ES256");
    let sign = ["jws", "sign", "--key", &key, "--header", "z=1", "--header", "a=2"];
    let token = keys.run(&sign, "text").text();
    let shown = keys.run(&["jws", "inspect"], token).text();
    assert!(shown.find("\"z\"").unwrap() < shown.find("\"a\"").unwrap(), "{shown}");
}

#[test]
fn what_is_not_verified_is_said_also_to_the_quiet() {
    let keys = Keys::new(first());
    let token = keys.run(&["jws", "sign", "--key", &keys.key("ES256")], "text").text();
    let run = keys.run(&["jws", "inspect", "--quiet"], token);
    assert!(run.stderr.contains("NOT VERIFIED"), "{}", run.stderr);
}
