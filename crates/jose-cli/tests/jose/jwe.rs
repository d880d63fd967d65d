//! `jose jwe`.

use std::path::Path;

use crate::common::{Keys, Run, backends, jose, jose_with, key, text};

const PASSWORD: [(&str, &str); 1] = [("JOSE_TEST_PASSWORD", "correct horse battery staple")];
const ASK: [&str; 2] = ["--password-env", "JOSE_TEST_PASSWORD"];
const TEXT: &str = "any octets\n";

fn run(keys: &Keys, args: &[&str], input: impl AsRef<[u8]>) -> Run {
    keys.run(&[&["jwe"], args].concat(), input)
}

/// Another character where the tag of a compact token begins.
fn changed(token: &str) -> String {
    let at = token.rfind('.').unwrap() + 1;
    let other = if token[at..].starts_with('A') { "B" } else { "A" };
    [&token[..at], other, &token[at + 1..]].concat()
}

#[test]
fn what_was_encrypted_to_a_key_comes_back() {
    for backend in backends() {
        let keys = Keys::new(backend);
        for alg in ["RSA-OAEP-256", "ECDH-ES", "ECDH-ES+A256KW", "A256KW", "A256GCMKW", "A256GCM"] {
            let key = keys.key(alg);
            let token = run(&keys, &["encrypt", "--key", &key], TEXT).text();
            assert_eq!(token.trim().split('.').count(), 5, "{alg}");
            assert_eq!(run(&keys, &["decrypt", "--key", &key], token).text(), TEXT, "{alg}");
        }
    }
}

#[test]
fn what_was_encrypted_under_a_password_comes_back_by_no_other() {
    for backend in backends() {
        let run = |verb, input: &str, env: &[_]| {
            jose_with(&[&["jwe", verb, "--backend", backend], &ASK[..]].concat(), input, env)
        };
        let token = run("encrypt", TEXT, &PASSWORD).text();
        assert_eq!(run("decrypt", &token, &PASSWORD).text(), TEXT);
        run("decrypt", &token, &[("JOSE_TEST_PASSWORD", "another")]).fails(1);
    }
}

#[test]
fn a_public_key_is_enough_to_encrypt_and_not_to_decrypt() {
    for backend in backends() {
        let keys = Keys::new(backend);
        let private = keys.key("ECDH-ES+A256KW");
        let public = keys.file("public", jose(&["jwk", "pub", &private], "").ok());
        let token = run(&keys, &["encrypt", "--key", &public], TEXT).text();
        assert_eq!(run(&keys, &["decrypt", "--key", &private], &token).text(), TEXT);
        run(&keys, &["decrypt", "--key", &public], &token).fails(5);
    }
}

#[test]
fn a_key_that_names_no_algorithm_needs_one() {
    for backend in backends() {
        let keys = Keys::new(backend);
        let pem = jose(&["jwk", "convert", "--to", "pkcs8"], key("RSA-OAEP-256", backend));
        let pem = keys.file("pem", pem.ok());
        run(&keys, &["encrypt", "--key", &pem], TEXT).fails(5);
        let alg = ["--key", &pem, "--alg", "RSA-OAEP-256"];
        let token = run(&keys, &[&["encrypt"], &alg[..]].concat(), TEXT).text();
        run(&keys, &["decrypt", "--key", &pem], &token).fails(5);
        assert_eq!(run(&keys, &[&["decrypt"], &alg[..]].concat(), &token).text(), TEXT);
    }
}

#[test]
fn a_shared_key_without_an_algorithm_serves_one_alone() {
    for backend in backends() {
        let keys = Keys::new(backend);
        let oct = keys.file("oct", jose(&["jwk", "gen", "--oct", "256"], "").ok());
        let token = run(&keys, &["encrypt", "--key", &oct, "--alg", "A256KW"], TEXT).text();
        let decrypt = |alg| run(&keys, &["decrypt", "--key", &oct, "--alg", alg], &token);
        assert_eq!(decrypt("A256KW").text(), TEXT);
        decrypt("A256KW,A256GCMKW").fails(5);
    }
}

#[test]
fn several_keys_make_a_token_that_each_of_them_decrypts() {
    for backend in backends() {
        let keys = Keys::new(backend);
        let own = ["ECDH-ES+A256KW", "RSA-OAEP-256", "A256KW"].map(|alg| keys.key(alg));
        let [a, b, c] = &own;
        let token = run(&keys, &["encrypt", "--key", a, "--key", b, "--key", c], TEXT).text();
        assert!(token.contains("\"recipients\""));
        for (index, key) in own.iter().enumerate() {
            assert_eq!(run(&keys, &["decrypt", "--key", key], &token).text(), TEXT);
            let told = run(&keys, &["decrypt", "--key", key, "--json"], &token).json();
            assert_eq!(told["index"], index);
        }
    }
}

#[test]
fn a_key_that_encrypts_directly_leaves_no_room_for_others() {
    for backend in backends() {
        let keys = Keys::new(backend);
        let (direct, other) = (keys.key("A256GCM"), keys.key("A256KW"));
        run(&keys, &["encrypt", "--key", &direct, "--key", &other], TEXT).fails(5);
    }
}

#[test]
fn a_set_decrypts_by_the_key_that_the_token_names() {
    for backend in backends() {
        let keys = Keys::new(backend);
        let (a, b) = (keys.key("A256KW"), keys.key("ECDH-ES+A256KW"));
        let signs = keys.key("ES256");
        let set = keys.file("set", jose(&["jwks", "merge", &a, &signs, &b], "").ok());
        let token = run(&keys, &["encrypt", "--key", &b], TEXT).text();
        assert_eq!(run(&keys, &["decrypt", "--key", &set], &token).text(), TEXT);
        let stranger = keys.file("stranger", key("ECDH-ES+A256KW", backend));
        let token = run(&keys, &["encrypt", "--key", &stranger], TEXT).text();
        run(&keys, &["decrypt", "--key", &set], &token).fails(5);
    }
}

#[test]
fn a_changed_token_releases_no_octet() {
    for backend in backends() {
        let keys = Keys::new(backend);
        for alg in ["A256KW", "A256GCM", "RSA-OAEP-256"] {
            let key = keys.key(alg);
            let out = text(&keys.0.path().join("out"));
            let token = changed(&run(&keys, &["encrypt", "--key", &key], TEXT).text());
            run(&keys, &["decrypt", "--key", &key], &token).fails(1);
            run(&keys, &["decrypt", "--key", &key, "-o", &out], &token).fails(1);
            assert!(!Path::new(&out).exists());
            let told = run(&keys, &["decrypt", "--key", &key, "--json"], &token);
            assert_eq!(told.code, 1);
            let told: serde_json::Value = serde_json::from_slice(&told.stdout).unwrap();
            assert_eq!(told["errors"][0]["code"], "ERR_JWE_DECRYPTION_FAILED");
            assert!(told.get("payload").is_none());
        }
    }
}

#[test]
fn another_key_of_the_same_name_is_refused() {
    for backend in backends() {
        let keys = Keys::new(backend);
        let generate = || {
            let args = ["jwk", "gen", "--alg", "A256KW", "--kid", "a", "--backend", backend];
            jose(&args, "").ok()
        };
        let (one, other) = (keys.file("one", generate()), keys.file("other", generate()));
        let token = run(&keys, &["encrypt", "--key", &one], TEXT).text();
        run(&keys, &["decrypt", "--key", &other], &token).fails(1);
    }
}

#[test]
fn a_key_of_another_name_is_no_key_for_it() {
    for backend in backends() {
        let keys = Keys::new(backend);
        let (one, other) = (keys.key("A256KW"), keys.file("other", key("A256KW", backend)));
        let token = run(&keys, &["encrypt", "--key", &one], TEXT).text();
        run(&keys, &["decrypt", "--key", &other], &token).fails(5);
    }
}

#[test]
fn an_algorithm_that_is_not_allowed_is_a_matter_of_policy() {
    for backend in backends() {
        let keys = Keys::new(backend);
        let key = keys.key("A256KW");
        let token = run(&keys, &["encrypt", "--key", &key], TEXT).text();
        run(&keys, &["decrypt", "--key", &key, "--alg", "RSA-OAEP-256,dir"], &token).fails(7);
        run(&keys, &["decrypt", "--key", &key, "--enc", "A128GCM"], &token).fails(7);
        run(&keys, &["decrypt", "--key", &keys.key("RSA-OAEP-256")], &token).fails(7);
        run(&keys, &["decrypt", "--key", &key, "--alg", "A256"], &token).fails(2);
    }
}

#[test]
fn rounds_beyond_the_ceiling_are_not_done() {
    for backend in backends() {
        let encrypt = [&["jwe", "encrypt", "--backend", backend], &ASK[..]].concat();
        let token = jose_with(&encrypt, TEXT, &PASSWORD).text();
        let decrypt = ["jwe", "decrypt", "--backend", backend, "--max-p2c", "100000"];
        jose_with(&[&decrypt[..], &ASK].concat(), token, &PASSWORD).fails(7);
    }
}

/// A token whose content was compressed: 300 times the letter a, under `dir` and this key.
const ZIPPED_KEY: &str =
    r#"{"kty":"oct","alg":"A256GCM","k":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}"#;
const ZIPPED: &str = "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIiwiemlwIjoiREVGIn0..AAAAAAAAAAAAAAAA.hetcOIliaw.-KNr7FY5jqSBclTVZGMCHg";

#[test]
fn compressed_content_is_refused_unless_it_is_allowed() {
    for backend in backends() {
        let keys = Keys::new(backend);
        let key = keys.file("key", ZIPPED_KEY);
        let decrypt = ["decrypt", "--key", &key];
        run(&keys, &decrypt, ZIPPED).fails(7);
        let allowed = [&decrypt[..], &["--allow-zip"]].concat();
        assert_eq!(run(&keys, &allowed, ZIPPED).text(), "a".repeat(300));
        run(&keys, &[&allowed[..], &["--max-inflated", "299"]].concat(), ZIPPED).fails(4);
    }
}

#[test]
fn an_extension_that_nobody_understands_is_refused() {
    let header = jose(&["b64", "enc"], r#"{"alg":"A256KW","enc":"A256GCM","crit":["x"],"x":1}"#);
    let token = format!("{}.AAAA.AAAA.AAAA.AAAA", header.text().trim());
    for backend in backends() {
        let keys = Keys::new(backend);
        run(&keys, &["decrypt", "--key", &keys.key("A256KW")], &token).fails(7);
    }
}

#[test]
fn a_token_goes_from_each_serialization_to_the_others() {
    for backend in backends() {
        let keys = Keys::new(backend);
        let key = keys.key("A256KW");
        let compact = run(&keys, &["encrypt", "--key", &key], TEXT).text();
        for to in ["compact", "flattened", "general"] {
            let token = run(&keys, &["convert", "--to", to], &compact).text();
            assert_eq!(run(&keys, &["decrypt", "--key", &key], &token).text(), TEXT, "{to}");
            assert_eq!(run(&keys, &["convert", "--to", "compact"], &token).text(), compact, "{to}");
        }
    }
}

#[test]
fn a_token_is_not_written_where_something_of_it_would_be_lost() {
    for backend in backends() {
        let keys = Keys::new(backend);
        let (key, aad) = (keys.key("A256KW"), keys.file("aad", "case 7"));
        let encrypt = ["encrypt", "--key", &key, "--aad", &aad];
        run(&keys, &[&encrypt[..], &["--serialization", "compact"]].concat(), TEXT).fails(2);
        let token = run(&keys, &encrypt, TEXT).text();
        assert!(token.contains("\"aad\":\"Y2FzZSA3\""), "{token}");
        assert_eq!(run(&keys, &["decrypt", "--key", &key], &token).text(), TEXT);
        run(&keys, &["convert", "--to", "compact"], &token).fails(2);
    }
}

#[test]
fn what_is_protected_and_in_the_clear_cannot_be_changed() {
    for backend in backends() {
        let keys = Keys::new(backend);
        let (key, aad) = (keys.key("A256KW"), keys.file("aad", "case 7"));
        let token = run(&keys, &["encrypt", "--key", &key, "--aad", &aad], TEXT).text();
        let token = token.replace("Y2FzZSA3", "Y2FzZSA4");
        run(&keys, &["decrypt", "--key", &key], token).fails(1);
    }
}

#[test]
fn an_inspected_token_is_said_not_to_be_decrypted() {
    for backend in backends() {
        let keys = Keys::new(backend);
        let key = keys.key("A256KW");
        let token = run(&keys, &["encrypt", "--key", &key], TEXT).text();
        let shown = run(&keys, &["inspect"], &token);
        assert!(shown.stderr.contains("NOT VERIFIED"), "{}", shown.stderr);
        assert!(shown.text().contains("\"alg\":\"A256KW\""));
        let told = run(&keys, &["inspect", "--json"], &token).json();
        assert_eq!(told["decrypted"], false);
        assert_eq!(told["format"], "compact");
        assert_eq!(told["header"]["enc"], "A256GCM");
    }
}

#[test]
fn what_is_no_token_is_malformed() {
    for backend in backends() {
        let keys = Keys::new(backend);
        let key = keys.key("A256KW");
        for input in ["", "a.b.c", "{}", "e30.e30.e30", "\u{1F511}"] {
            run(&keys, &["decrypt", "--key", &key], input).fails(4);
            run(&keys, &["inspect"], input).fails(4);
        }
        run(&keys, &["inspect"], [0xFF; 100]).fails(4);
    }
}

#[test]
fn a_key_and_a_token_are_not_both_standard_input() {
    jose(&["jwe", "decrypt", "--key", "-"], "").fails(2);
    jose(&["jwe", "encrypt", "--key", "-"], "").fails(2);
}

#[test]
fn verbs_have_the_names_of_latchsets_program_too() {
    let keys = Keys::new(backends().next().unwrap());
    let key = keys.key("A256KW");
    let token = run(&keys, &["enc", "--key", &key], TEXT).text();
    assert_eq!(run(&keys, &["dec", "--key", &key], token).text(), TEXT);
}

#[test]
fn the_flags_of_latchsets_program_mean_what_they_mean_there() {
    let keys = Keys::new(backends().next().unwrap());
    let key = keys.key("A256KW");
    let plaintext = keys.file("plaintext", TEXT);
    let token = run(&keys, &["enc", "-I", &plaintext, "-k", &key, "-c"], "").text();
    let token = keys.file("token", token);
    assert_eq!(run(&keys, &["dec", "-i", &token, "-k", &key], "").text(), TEXT);
    // There is no place for a second recipient in it.
    run(&keys, &["enc", "-c", "-k", &key, "-k", &key], TEXT).fails(2);
}

#[test]
fn a_parameter_of_the_header_is_given_by_the_user() {
    for backend in backends() {
        let keys = Keys::new(backend);
        let key = keys.key("A256KW");
        let encrypt = ["encrypt", "--key", &key, "--header", r#"cty="text/plain""#];
        let token = run(&keys, &encrypt, TEXT).text();
        let told = run(&keys, &["inspect", "--json"], &token).json();
        assert_eq!(told["header"]["cty"], "text/plain");
        run(&keys, &["encrypt", "--key", &key, "--header", r#"enc="A128GCM""#], TEXT).fails(2);
    }
}

#[test]
fn the_rounds_of_a_password_are_the_users_choice_within_bounds() {
    for backend in backends() {
        let run = |args: &[&str]| {
            let args = [&["jwe", "encrypt", "--backend", backend], args, &ASK].concat();
            jose_with(&args, TEXT, &PASSWORD)
        };
        let token = run(&["--p2c", "1000"]).text();
        let told = jose(&["jwe", "inspect", "--json"], &token).json();
        assert_eq!(told["header"]["p2c"], 1000);
        run(&["--p2c", "1"]).fails(5);
        let key = Keys::new(backend).key("A256KW");
        run(&["--p2c", "1000", "--key", &key]).fails(2);
    }
}

#[test]
fn a_signed_token_is_told_from_a_damaged_one() {
    let keys = Keys::new(backends().next().unwrap());
    let signer = keys.key("HS256");
    let token = keys.run(&["jws", "sign", "--key", &signer], TEXT).text();
    let told = run(&keys, &["inspect"], &token).fails(4);
    assert!(told.contains("signed and not encrypted"), "{told}");
}
