//! Which failure is told of, where there are several: the first in the order of the exit codes.

use crate::common::{Keys, backends};

#[test]
fn a_policy_is_broken_before_a_key_is_missing() {
    for backend in backends() {
        let keys = Keys::new(backend);
        let (signer, key) = (keys.key("ES256"), keys.key("A256KW"));
        let signed = keys.run(&["jws", "sign", "--key", &signer], "text").text();
        let encrypted = keys.run(&["jwe", "encrypt", "--key", &key], "text").text();
        let nobody = ["--key", "/nowhere/key.jwk"];
        for (command, token) in [
            (["jws", "verify", "--alg", "RS256"], &signed),
            (["jwt", "verify", "--alg", "RS256"], &signed),
            (["jwe", "decrypt", "--alg", "A128KW"], &encrypted),
            (["jwe", "decrypt", "--enc", "A128GCM"], &encrypted),
            (["jwt", "decrypt", "--enc", "A128GCM"], &encrypted),
        ] {
            keys.run(&[&command[..], &nobody].concat(), token).fails(7);
            keys.run(&[&command[..2], &nobody].concat(), token).fails(6);
        }
    }
}

#[test]
fn an_extension_that_nobody_understands_is_a_matter_of_policy_in_every_serialization() {
    for backend in backends() {
        let keys = Keys::new(backend);
        let key = keys.key("HS256");
        let header = ["--header", r#"crit=["exp"]"#, "--header", "exp=1"];
        let sign = [&["jws", "sign", "--key", &key], &header[..]].concat();
        let token = keys.run(&sign, "text").text();
        let general = keys.run(&["jws", "convert", "--to", "general"], &token).text();
        for token in [&token, &general] {
            keys.run(&["jws", "verify", "--key", &key], token).fails(7);
            keys.run(&["jws", "verify", "--key", "/nowhere/key.jwk"], token).fails(7);
            keys.run(&["jws", "verify", "--key", &key, "--crit", "exp"], token).ok();
        }
    }
}

#[test]
fn a_general_token_that_nobody_can_read_is_malformed() {
    for backend in backends() {
        let keys = Keys::new(backend);
        let key = keys.key("HS256");
        let token = r#"{"payload":"dGV4dA","signatures":[{"protected":"eyJhbGciOjF9","signature":"AAAA"}]}"#;
        keys.run(&["jws", "verify", "--key", &key], token).fails(4);
    }
}

#[test]
fn options_are_looked_at_before_files() {
    let keys = Keys::new(backends().next().unwrap());
    let twice = ["jws", "sign", "--header", "a=1", "--header", "a=2", "--key", "/nowhere/key.jwk"];
    keys.run(&twice, "").fails(2);
    let two = ["jwt", "sign", "--key", "/nowhere/a.jwk", "--key", "/nowhere/b.jwk"];
    keys.run(&two, "").fails(2);
}

#[test]
fn every_failure_about_a_token_is_reported_whole() {
    for backend in backends() {
        let keys = Keys::new(backend);
        let token =
            keys.file("token", keys.run(&["jws", "sign", "--key", &keys.key("HS256")], "").text());
        for args in [
            ["jws", "verify", "--json", "--key", "/nowhere/key.jwk", &token],
            ["jws", "verify", "--json", "--key", "/nowhere/key.jwk", "/nowhere/token"],
            ["jws", "verify", "--json-lines", "--key", "/nowhere/key.jwk", &token],
        ] {
            let run = keys
                .run(&[&args[..], &["--json"][..usize::from(args[2] != "--json")]].concat(), "");
            assert_eq!(run.code, 6, "{}", run.stderr);
            let told: serde_json::Value = serde_json::from_slice(&run.stdout).unwrap();
            assert_eq!((&told["command"], &told["valid"]), (&"jws verify".into(), &false.into()));
        }
    }
}
