//! Whose signatures and keys are believed.

use crate::common::{Keys, backends};

#[test]
fn shared_and_public_keys_are_not_trusted_side_by_side_unless_that_is_said() {
    for backend in backends() {
        let keys = Keys::new(backend);
        let make = |name: &str, alg| {
            let key = keys.run(&["jwk", "gen", "--alg", alg, "--no-kid"], "").ok();
            keys.file(name, key)
        };
        let (shared, public) = (make("shared", "HS256"), make("public", "ES256"));
        let token = keys.run(&["jws", "sign", "--key", &shared], "text").text();
        let verify = ["jws", "verify", "--key", &shared, "--key", &public];
        let told = keys.run(&verify, &token).fails(5);
        assert!(told.contains("name the algorithms"), "{told}");
        keys.run(&[&verify[..], &["--alg", "HS256,ES256"]].concat(), &token).ok();
    }
}

#[test]
fn signatures_are_not_asked_for_where_none_is_verified() {
    for backend in backends() {
        let keys = Keys::new(backend);
        let key = keys.key("A256KW");
        let token = keys.run(&["jwt", "encrypt", "--key", &key], "").text();
        for policy in ["all", "2"] {
            keys.run(&["jwt", "decrypt", "--key", &key, "--policy", policy], &token).fails(2);
        }
    }
}

#[test]
fn what_is_signed_beside_others_is_what_was_named() {
    for backend in backends() {
        let keys = Keys::new(backend);
        let (seller, notary) = (keys.key("ES256"), keys.key("Ed25519"));
        let whole = keys.run(&["jws", "sign", "--key", &seller], "paid").text();
        let whole = keys.file("whole", whole);
        let add = ["jws", "sign", "--key", &notary, "--add-to", &whole, "--payload", "-"];
        keys.run(&add, "other").fails(4);
    }
}

#[test]
fn a_key_that_cannot_be_read_is_told_of() {
    for backend in backends() {
        let keys = Keys::new(backend);
        let key = keys.key("HS256");
        let token = keys.run(&["jws", "sign", "--key", &key], "text").text();
        let broken = r#"{"kty":"EC","crv":"P-256","kid":"broken"}"#;
        let alone = keys.file("alone", format!(r#"{{"keys":[{broken}]}}"#));
        for verify in [vec!["--key", &alone], vec!["--key", &alone, "--key", &alone]] {
            let told = keys.run(&[&["jws", "verify"], &verify[..]].concat(), &token).fails(4);
            assert!(told.contains("key 0"), "{told}");
        }
        let own = std::fs::read_to_string(&key).unwrap();
        let beside = keys.file("beside", format!(r#"{{"keys":[{broken},{}]}}"#, own.trim()));
        let run = keys.run(&["jws", "verify", "--key", &beside], &token);
        assert!(run.stderr.contains("left out"), "{}", run.stderr);
        assert_eq!(run.ok(), b"text");
    }
}
