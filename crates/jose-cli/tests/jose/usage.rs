//! `jose jwk use`.

use crate::common::{backends, jose, key};

const OPERATIONS: [&str; 8] =
    ["sign", "verify", "encrypt", "decrypt", "wrapKey", "unwrapKey", "deriveKey", "deriveBits"];

/// The uses that a key permits.
fn permitted(key: &str, backend: &str) -> Vec<&'static str> {
    let all = OPERATIONS.into_iter().chain(["sig", "enc"]);
    all.filter(|name| {
        let run = jose(&["jwk", "use", "--use", name, "--backend", backend], key);
        let permitted = run.code == 0;
        if permitted {
            assert_eq!(run.text(), key, "{name}");
        } else {
            run.fails(5);
        }
        permitted
    })
    .collect()
}

/// A key for an algorithm with these members too, as JSON on a line.
fn with(alg: &str, members: &serde_json::Value, backend: &str) -> String {
    let mut jwk: serde_json::Value = serde_json::from_str(&key(alg, backend)).unwrap();
    for (name, value) in members.as_object().unwrap() {
        match value {
            serde_json::Value::Null => jwk.as_object_mut().unwrap().remove(name),
            _ => jwk.as_object_mut().unwrap().insert(name.clone(), value.clone()),
        };
    }
    // In the order in which keys are written.
    jose(&["jwk", "convert"], jwk.to_string()).text()
}

#[test]
fn a_key_permits_what_its_algorithm_and_its_half_can_do() {
    for backend in backends() {
        for (alg, expected) in [
            ("ES256", vec!["sign", "verify", "sig"]),
            ("HS256", vec!["sign", "verify", "sig"]),
            ("A256KW", vec!["encrypt", "decrypt", "wrapKey", "unwrapKey", "enc"]),
            ("A256GCM", vec!["encrypt", "decrypt", "wrapKey", "unwrapKey", "enc"]),
            ("ECDH-ES", vec!["deriveKey", "deriveBits", "enc"]),
        ] {
            assert_eq!(permitted(&key(alg, backend), backend), expected, "{alg}");
        }
        let public = |alg| jose(&["jwk", "pub"], key(alg, backend)).text();
        assert_eq!(permitted(&public("ES256"), backend), ["verify", "sig"]);
        assert_eq!(permitted(&public("ECDH-ES"), backend), ["enc"]);
    }
}

#[test]
fn a_key_that_says_nothing_permits_what_its_type_can_do() {
    for backend in backends() {
        let silent = with("ES256", &serde_json::json!({"alg": null}), backend);
        let expected = ["sign", "verify", "deriveKey", "deriveBits", "sig", "enc"];
        assert_eq!(permitted(&silent, backend), expected);
    }
}

#[test]
fn a_key_permits_nothing_that_it_excludes_itself() {
    for backend in backends() {
        for (members, expected) in [
            (serde_json::json!({"alg": null, "use": "sig"}), vec!["sign", "verify", "sig"]),
            (
                serde_json::json!({"alg": null, "use": "enc"}),
                vec!["deriveKey", "deriveBits", "enc"],
            ),
            (
                serde_json::json!({"alg": null, "key_ops": ["deriveBits"]}),
                vec!["deriveBits", "enc"],
            ),
            (serde_json::json!({"key_ops": ["sign"]}), vec!["sign", "verify", "sig"]),
            (serde_json::json!({"use": "enc"}), vec![]),
            (serde_json::json!({"alg": "unknown"}), vec![]),
        ] {
            assert_eq!(
                permitted(&with("ES256", &members, backend), backend),
                expected,
                "{members}"
            );
        }
    }
}

#[test]
fn required_asks_for_a_word_of_the_key() {
    for backend in backends() {
        let run = |members, args: &[&str]| {
            let key = with("ES256", &members, backend);
            jose(&[&["jwk", "use", "-u", "sign", "--backend", backend], args].concat(), key)
        };
        run(serde_json::json!({"alg": null}), &[]).ok();
        run(serde_json::json!({"alg": null}), &["-r"]).fails(5);
        for said in [
            serde_json::json!({}),
            serde_json::json!({"alg": null, "use": "sig"}),
            serde_json::json!({"alg": null, "key_ops": ["sign"]}),
        ] {
            run(said, &["--required"]).ok();
        }
    }
}

#[test]
fn one_use_is_enough_unless_all_are_asked_for() {
    for backend in backends() {
        let public = jose(&["jwk", "pub"], key("ES256", backend)).text();
        let uses = ["jwk", "use", "-u", "sign", "-u", "verify", "--backend", backend];
        assert_eq!(jose(&uses, &public).text(), public);
        jose(&[&uses[..], &["-a"]].concat(), &public).fails(5);
        jose(&[&uses[..], &["--all"]].concat(), key("ES256", backend)).ok();
    }
}

#[test]
fn the_keys_of_a_set_that_permit_a_use_are_left_as_a_set() {
    for backend in backends() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("sign");
        std::fs::write(&path, key("ES256", backend)).unwrap();
        let merge = ["jwks", "merge", path.to_str().unwrap(), "-"];
        let set = jose(&merge, key("A256KW", backend)).text();
        let using =
            |args: &[&str]| jose(&[&["jwk", "use", "--backend", backend], args].concat(), &set);
        let signing = using(&["-u", "sign"]).json();
        assert_eq!(signing["keys"].as_array().unwrap().len(), 1);
        assert_eq!(signing["keys"][0]["alg"], "ES256");
        assert!(signing["keys"][0].get("d").is_some(), "as it was");
        assert_eq!(using(&["-u", "sig", "-u", "enc"]).text(), set);
        using(&["-u", "deriveKey"]).fails(5);
        let told = using(&["-u", "sign", "--all"]).fails(5);
        assert!(told.contains("not every key"), "{told}");
    }
}

#[test]
fn a_use_that_nobody_knows_is_a_matter_of_usage() {
    jose(&["jwk", "use", "--use", "tls"], "{}").fails(2);
    jose(&["jwk", "use"], "{}").fails(2);
}
