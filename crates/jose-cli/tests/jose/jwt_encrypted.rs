//! `jose jwt encrypt` and `jose jwt decrypt`.

use crate::common::{Keys, Run, backends, jose_with};

const OPTIONS: [&str; 8] = ["--iss", "idp", "--sub", "anna", "--aud", "api", "--exp", "15m"];
const RULES: [&str; 8] = ["--iss", "idp", "--sub", "anna", "--aud", "api", "--require", "exp"];

fn encrypt(keys: &Keys, more: &[&str]) -> Run {
    keys.run(&[&["jwt", "encrypt"], more, &OPTIONS].concat(), "")
}

fn decrypt(keys: &Keys, token: &str, more: &[&str]) -> Run {
    keys.run(&[&["jwt", "decrypt"], more].concat(), token)
}

#[test]
fn encrypted_claims_come_back_and_are_held_to_the_rules() {
    for backend in backends() {
        let keys = Keys::new(backend);
        for alg in ["ECDH-ES+A256KW", "RSA-OAEP-256", "A256KW", "A256GCM"] {
            let key = keys.key(alg);
            let token = encrypt(&keys, &["--key", &key]).text();
            let claims = decrypt(&keys, &token, &[&["--key", &key], &RULES[..]].concat()).json();
            assert_eq!(claims["sub"], "anna", "{alg}");
            decrypt(&keys, &token, &["--key", &key]).fails(3);
            decrypt(&keys, &token, &["--key", &key, "--any-aud", "--sub", "joe"]).fails(3);
            let late = ["--key", &key, "--any-aud", "--now", "4000000000"];
            decrypt(&keys, &token, &late).fails(3);
        }
    }
}

#[test]
fn claims_under_a_password_come_back_by_no_other() {
    for backend in backends() {
        let run = |verb: &str, more: &[&str], input: &str, password: &str| {
            let args = ["jwt", verb, "--backend", backend, "--password-env", "JOSE_TEST_PASSWORD"];
            jose_with(&[&args, more].concat(), input, &[("JOSE_TEST_PASSWORD", password)])
        };
        let token = run("encrypt", &["--p2c", "1000", "--sub", "anna"], "", "correct horse").text();
        run("decrypt", &["--sub", "anna"], &token, "correct horse").ok();
        run("decrypt", &[], &token, "wrong horse").fails(1);
    }
}

#[test]
fn an_algorithm_that_is_not_allowed_is_a_matter_of_policy() {
    for backend in backends() {
        let keys = Keys::new(backend);
        let key = keys.key("A256KW");
        let token = encrypt(&keys, &["--key", &key]).text();
        decrypt(&keys, &token, &["--key", &key, "--alg", "A128KW", "--any-aud"]).fails(7);
        decrypt(&keys, &token, &["--key", &key, "--enc", "A128GCM", "--any-aud"]).fails(7);
    }
}

#[test]
fn what_is_signed_inside_is_verified_by_its_signer_alone() {
    for backend in backends() {
        let keys = Keys::new(backend);
        let (key, idp) = (keys.key("ECDH-ES"), keys.key("ES256"));
        let stranger = Keys::new(backend);
        let other = stranger.key("ES256");
        let token = encrypt(&keys, &["--key", &key, "--sign-key", &idp]).text();
        let own = [&["--key", &key, "--signer", &idp], &RULES[..]].concat();
        assert_eq!(decrypt(&keys, &token, &own).json()["sub"], "anna");
        decrypt(&keys, &token, &["--key", &key, "--signer", &idp]).fails(3);
        let told = decrypt(&keys, &token, &["--key", &key, "--any-aud"]).fails(5);
        assert!(told.contains("--signer"), "{told}");
        decrypt(&keys, &token, &["--key", &key, "--signer", &other, "--any-aud"]).fails(5);
        let not_allowed = ["--key", &key, "--signer", &idp, "--signer-alg", "ES384", "--any-aud"];
        decrypt(&keys, &token, &not_allowed).fails(7);
    }
}

#[test]
fn what_anyone_can_have_encrypted_is_no_signed_token() {
    for backend in backends() {
        let keys = Keys::new(backend);
        let (key, idp) = (keys.key("ECDH-ES"), keys.key("ES256"));
        let token = encrypt(&keys, &["--key", &key]).text();
        let told = decrypt(&keys, &token, &["--key", &key, "--signer", &idp, "--any-aud"]).fails(1);
        assert!(told.contains("no signed token"), "{told}");
    }
}

#[test]
fn the_report_tells_of_both_tokens() {
    for backend in backends() {
        let keys = Keys::new(backend);
        let (key, idp) = (keys.key("A256KW"), keys.key("ES256"));
        let token = encrypt(&keys, &["--key", &key, "--sign-key", &idp]).text();
        let args = [&["--json", "--key", &key, "--signer", &idp], &RULES[..]].concat();
        let told = decrypt(&keys, &token, &args).json();
        for (name, expected) in [("valid", true), ("decrypted", true), ("verified", true)] {
            assert_eq!(told[name], expected, "{name}");
        }
        assert_eq!((&told["kind"], &told["alg"]), (&"nested".into(), &"A256KW".into()));
        assert_eq!(told["header"]["cty"], "JWT");
        assert_eq!(told["signed"]["header"]["alg"], "ES256");
        assert_eq!(told["claims"]["sub"], "anna");
    }
}

#[test]
fn a_report_of_refused_claims_has_none_of_them() {
    for backend in backends() {
        let keys = Keys::new(backend);
        let key = keys.key("A256KW");
        let token = encrypt(&keys, &["--key", &key]).text();
        let run = decrypt(&keys, &token, &["--key", &key, "--json"]);
        let told: serde_json::Value = serde_json::from_slice(&run.stdout).unwrap();
        assert_eq!(
            (run.code, &told["valid"], &told["decrypted"]),
            (3, &false.into(), &true.into())
        );
        assert_eq!(told["errors"][0]["claim"], "aud");
        assert!(told.get("claims").is_none() && !run.stderr.contains("anna"));
    }
}

#[test]
fn claims_for_several_recipients_are_read_by_each() {
    for backend in backends() {
        let keys = Keys::new(backend);
        let (anna, otto) = (keys.key("ECDH-ES+A256KW"), keys.key("A256KW"));
        let both = ["jwe", "encrypt", "--key", &anna, "--key", &otto];
        let token = keys.run(&both, r#"{"sub":"anna"}"#).text();
        for key in [&anna, &otto] {
            let claims = decrypt(&keys, &token, &["--key", key, "--sub", "anna"]).json();
            assert_eq!(claims["sub"], "anna");
        }
        encrypt(&keys, &["--key", &anna, "--key", &otto]).fails(2);
    }
}

#[test]
fn what_the_header_outside_says_of_the_claims_is_what_they_say() {
    for backend in backends() {
        let keys = Keys::new(backend);
        let (key, idp) = (keys.key("A256KW"), keys.key("ES256"));
        let inside = keys.run(&["jwt", "sign", "--key", &idp, "--iss", "idp", "--aud", "api"], "");
        let inside = inside.text();
        for (header, code) in [
            (r#"iss="idp""#, 0),
            (r#"aud=["api"]"#, 0),
            (r#"iss="other""#, 3),
            (r#"aud="other""#, 3),
            // A single one and a list of one are the same for an audience alone.
            (r#"iss=["idp"]"#, 3),
        ] {
            let seal =
                ["jwe", "encrypt", "--key", &key, "--header", r#"cty="JWT""#, "--header", header];
            let token = keys.run(&seal, inside.trim()).text();
            let run = decrypt(
                &keys,
                &token,
                &["--key", &key, "--signer", &idp, "--aud", "api", "--json"],
            );
            assert_eq!(run.code, code, "{header}: {}", run.stderr);
            let told: serde_json::Value = serde_json::from_slice(&run.stdout).unwrap();
            assert_eq!(told.get("claims").is_some(), code == 0, "{told}");
        }
    }
}
