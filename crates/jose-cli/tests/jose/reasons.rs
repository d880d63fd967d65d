//! Whether a refusal says enough for whoever has to find out why.

use crate::common::{Keys, backends, jose};

/// A directory with a key `ES256` in it, and a token of it with these claims.
fn signed(options: &[&str]) -> (Keys, String, String) {
    let keys = Keys::new(backends().next().unwrap());
    let key = keys.key("ES256");
    let token = keys.run(&[&["jwt", "sign", "--key", &key], options].concat(), "").text();
    (keys, key, token)
}

#[test]
fn what_was_expected_and_what_came_are_both_told() {
    let (keys, key, token) =
        signed(&["--iss", "https://idp/", "--aud", "billing", "--sub", "anna"]);
    let rules = ["--iss", "https://idp", "--aud", "api", "--sub", "joe", "--typ", "at+jwt"];
    let told = keys.run(&[&["jwt", "verify", "--key", &key], &rules[..]].concat(), &token).fails(3);
    for text in [r#""https://idp/""#, r#""https://idp""#, r#""billing""#, r#""api""#, r#""at+jwt""#]
    {
        assert!(told.contains(text), "{text}: {told}");
    }
    // Whom a token is about has no place in a log.
    assert!(!told.contains("anna"), "{told}");
}

#[test]
fn times_are_told_as_dates() {
    let (keys, key, token) = signed(&["--exp", "2026-01-01T00:00:00Z"]);
    let verify = ["jwt", "verify", "--key", &key, "--now", "2026-01-02T00:00:00Z"];
    let told = keys.run(&verify, &token).fails(3);
    assert!(told.contains("2026-01-01T00:00:00Z, it is 2026-01-02T00:00:00Z"), "{told}");
    let run = keys.run(&[&verify[..], &["--json"]].concat(), &token);
    let told: serde_json::Value = serde_json::from_slice(&run.stdout).unwrap();
    assert_eq!(told["times"]["exp"], "2026-01-01T00:00:00Z");
}

#[test]
fn what_happens_to_tokens_that_are_copied_is_named() {
    let (keys, key, token) = signed(&[]);
    let token = token.trim();
    let verify = |text: String| keys.run(&["jwt", "verify", "--key", &key], text).fails(4);
    for (text, hint) in [
        (format!("Bearer {token}"), "HTTP header"),
        (format!("Authorization: Bearer {token}"), "HTTP header"),
        (format!("\"{token}\""), "quotes"),
        (format!("\u{FEFF}{token}"), "byte order mark"),
        (format!("{token}\n{token}"), "--json-lines"),
        (token.replacen('.', ". ", 1), "white space"),
        (format!("{token}=="), "padding"),
        (token.replace('.', "%2E"), "percent"),
        (token.rsplit_once('.').unwrap().0.to_owned(), "cut off"),
        (String::new(), "nothing"),
        (std::fs::read_to_string(&key).unwrap(), "swapped"),
        ("<html>".to_owned(), "HTML"),
    ] {
        let told = verify(text);
        assert!(told.contains(hint), "{hint}: {told}");
    }
}

#[test]
fn what_a_token_asks_for_and_what_there_is_are_both_told() {
    let (keys, key, token) = signed(&[]);
    let own = keys.run(&["jwk", "thp", &key], "").text();
    let stranger = Keys::new(keys.1);
    let other = stranger.key("ES256");
    let theirs = stranger.run(&["jwk", "thp", &other], "").text();
    let told = keys.run(&["jws", "verify", "--key", &other], &token).fails(5);
    assert!(told.contains(own.trim()) && told.contains(theirs.trim()), "{told}");
    let told = keys.run(&["jws", "verify", "--key", &key, "--alg", "RS256"], &token).fails(7);
    assert!(told.contains("ES256") && told.contains("RS256"), "{told}");
}

#[test]
fn an_algorithm_of_strangers_is_told_in_quotes() {
    let (keys, key, _) = signed(&[]);
    let token = "eyJhbGciOiJub25lIn0.e30.";
    let told = keys.run(&["jws", "verify", "--key", &key], token).fails(7);
    assert!(told.contains(r#""none""#), "{told}");
}

#[test]
fn a_payload_that_is_elsewhere_is_asked_for() {
    let (keys, key, _) = signed(&[]);
    let token = keys.run(&["jws", "sign", "--key", &key, "--detached"], "text").text();
    let told = keys.run(&["jws", "verify", "--key", &key], token).fails(1);
    assert!(told.contains("--payload"), "{told}");
}

#[test]
fn a_key_of_a_set_is_chosen_by_its_name() {
    let (keys, key, _) = signed(&[]);
    let new = keys.run(&["jwk", "gen", "--alg", "ES256", "--kid", "new"], "").text();
    let set = keys.run(&["jwks", "rotate", "-", &key], "");
    assert_ne!(set.code, 0, "a set is not a key without its name");
    let set = keys.file("set", keys.run(&["jwks", "rotate", &key, "-"], new).text());
    let told = keys.run(&["jwt", "sign", "--key", &set], "").fails(5);
    assert!(told.contains("--kid") && told.contains(r#""new""#), "{told}");
    let token = keys.run(&["jwt", "sign", "--key", &set, "--kid", "new"], "").text();
    let told = keys.run(&["jws", "inspect", "--json"], token).json();
    assert_eq!(told["header"]["kid"], "new");
    keys.run(&["jwt", "sign", "--key", &set, "--kid", "nobody"], "").fails(5);
}

#[test]
fn what_a_backend_lacks_is_told_beside_what_it_has() {
    let told = jose(&["alg", "--json"], "").json();
    let backends: Vec<_> = told["backends"].as_array().unwrap().iter().collect();
    assert_eq!(backends.len(), 3, "those that were not built in too");
    for backend in backends {
        let algorithms = backend["algorithms"].as_array().unwrap();
        assert_eq!(algorithms.is_empty(), backend["missing"].is_string());
        let supports = |name: &str| {
            algorithms.iter().find(|alg| alg["alg"] == name).map(|alg| alg["supported"] == true)
        };
        if backend["name"] == "rustcrypto" && !algorithms.is_empty() {
            assert_eq!((supports("Ed448"), supports("ES256")), (Some(false), Some(true)));
        }
    }
}

#[test]
fn a_key_out_of_a_file_gets_the_name_that_the_file_had_no_place_for() {
    let (keys, key, _) = signed(&[]);
    let run = keys.run(&["jwk", "convert", "--to", "pkcs8", &key], "");
    assert!(run.stderr.contains("no place for kid and alg"), "{}", run.stderr);
    let named = ["jwk", "convert", "--alg", "ES256", "--kid", "2026-11", "--use", "sig"];
    let jwk = keys.run(&named, run.ok()).json();
    assert_eq!(
        (&jwk["kid"], &jwk["use"], &jwk["alg"]),
        (&"2026-11".into(), &"sig".into(), &"ES256".into())
    );
    keys.run(&["jwk", "convert", "--to", "pkcs8", "--kid", "x", &key], "").fails(2);
}

#[test]
fn a_wrong_password_of_a_file_is_told_as_that() {
    let (keys, _, _) = signed(&[]);
    let [right, wrong] = ["right", "wrong"].map(|password| keys.file(password, password));
    let make = ["jwk", "gen", "--alg", "ES256", "--password-file", &right];
    let sealed = keys.file("sealed", keys.run(&make, "").text());
    let told = keys.run(&["jwk", "pub", "--password-file", &wrong, &sealed], "").fails(1);
    assert!(told.contains("wrong password"), "{told}");
}

#[test]
fn a_key_of_a_type_that_nobody_knows_is_not_called_private() {
    let (keys, key, token) = signed(&[]);
    let own = keys.run(&["jwk", "pub", &key], "").text();
    let set = keys.file("set", format!(r#"{{"keys":[{{"kty":"FOO","kid":"q"}},{}]}}"#, own.trim()));
    let run = keys.run(&["jws", "verify", "--key", &set], token);
    assert!(!run.stderr.contains("private"), "{}", run.stderr);
    run.ok();
}
