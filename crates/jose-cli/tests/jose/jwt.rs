//! `jose jwt`.

use serde_json::Value;

use crate::common::{Keys, Run, backends, jose_with, key};

/// The one for tests that need no more.
fn first() -> &'static str {
    backends().next().unwrap()
}

const SIGN: [&str; 4] = ["jwt", "sign", "--key", "env:KEY"];
const VERIFY: [&str; 4] = ["jwt", "verify", "--key", "env:KEY"];

fn run(command: &[&str], more: &[&str], backend: &str, input: &str, key: &str) -> Run {
    let args = [command, more, &["--backend", backend]].concat();
    jose_with(&args, input, &[("KEY", key)])
}

/// A key, and a token of it.
fn signed(backend: &str, options: &[&str]) -> (String, String) {
    let key = key("ES256", backend);
    let token = run(&SIGN, options, backend, "", &key).text();
    (key, token)
}

#[test]
fn claims_come_back_as_they_were_given() {
    for backend in backends() {
        let options = [
            "--iss",
            "https://idp",
            "--sub",
            "joe",
            "--aud",
            "api",
            "--exp",
            "+1h",
            "--jti",
            "one",
            "--claim",
            "admin=true",
            "--claim-str",
            "scope=read",
        ];
        let (key, token) = signed(backend, &options);
        let rules = ["--iss", "https://idp", "--aud", "api", "--sub", "joe", "--require", "exp"];
        let claims = run(&VERIFY, &rules, backend, &token, &key).json();
        assert_eq!((&claims["jti"], &claims["aud"]), (&"one".into(), &"api".into()));
        assert_eq!((&claims["admin"], &claims["scope"]), (&true.into(), &"read".into()));
        let seconds = |name: &str| claims[name].as_u64().unwrap();
        assert_eq!(seconds("exp") - seconds("iat"), 3600);
    }
}

#[test]
fn claims_from_a_file_keep_every_digit() {
    for backend in backends() {
        let key = key("ES256", backend);
        let given = r#"{"n": 123456789012345678901234567890.10, "sub":"joe"}"#;
        let token = run(&SIGN, &["--iss", "idp", "-"], backend, given, &key).text();
        let claims = run(&VERIFY, &[], backend, &token, &key).text();
        assert!(claims.contains("123456789012345678901234567890.10"), "{claims}");
        assert!(claims.contains(r#""iss":"idp""#), "{claims}");
        let token = run(&SIGN, &["--no-iat", "-"], backend, given, &key).text();
        assert_eq!(run(&VERIFY, &[], backend, &token, &key).text().trim(), given);
    }
}

#[test]
fn a_claim_is_given_once() {
    let key = key("ES256", first());
    run(&SIGN, &["--sub", "joe", "-"], first(), r#"{"sub":"ann"}"#, &key).fails(2);
    run(&SIGN, &["--sub", "joe", "--claim", "sub=1"], first(), "", &key).fails(2);
    run(&SIGN, &["--jti", "auto", "-"], first(), r#"{"jti":"one"}"#, &key).fails(2);
    run(&SIGN, &["-"], first(), r#"{"sub":"ann","sub":"joe"}"#, &key).fails(4);
}

#[test]
fn claims_that_are_no_object_are_malformed() {
    let key = key("ES256", first());
    for text in ["", "[]", "\"text\"", "{", r#"{"exp":"soon"}"#] {
        run(&SIGN, &["-"], first(), text, &key).fails(4);
    }
}

#[test]
fn several_audiences_are_a_list() {
    for backend in backends() {
        let (key, token) = signed(backend, &["--aud", "one", "--aud", "two"]);
        let claims = run(&VERIFY, &["--aud", "two"], backend, &token, &key).json();
        assert_eq!(claims["aud"], serde_json::json!(["one", "two"]));
        run(&VERIFY, &["--aud", "three"], backend, &token, &key).fails(3);
    }
}

#[test]
fn what_is_for_others_is_refused_unless_any_audience_will_do() {
    for backend in backends() {
        let (key, token) = signed(backend, &["--aud", "api"]);
        run(&VERIFY, &[], backend, &token, &key).fails(3);
        run(&VERIFY, &["--any-aud"], backend, &token, &key).ok();
    }
}

#[test]
fn a_name_is_drawn_at_random() {
    for backend in backends() {
        let (key, token) = signed(backend, &["--jti", "auto"]);
        let claims = run(&VERIFY, &["--require", "jti"], backend, &token, &key).json();
        assert_eq!(claims["jti"].as_str().unwrap().len(), 22);
    }
}

#[test]
fn every_rule_that_is_broken_is_told() {
    for backend in backends() {
        let (key, token) =
            signed(backend, &["--exp", "1000000000", "--iss", "idp", "--claim", "a=1"]);
        let rules = [
            "--iss",
            "other",
            "--require",
            "jti",
            "--typ",
            "at+jwt",
            "--claim",
            "a=2",
            "--claim",
            "b=1",
            "--json",
        ];
        let run = run(&VERIFY, &rules, backend, &token, &key);
        assert_eq!(run.code, 3);
        let told: Value = serde_json::from_slice(&run.stdout).unwrap();
        assert_eq!((&told["valid"], &told["verified"]), (&false.into(), &true.into()));
        assert!(told.get("claims").is_none());
        let claims: Vec<_> = told["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|error| error["claim"].as_str())
            .collect();
        for claim in [None, Some("jti"), Some("iss"), Some("exp"), Some("a"), Some("b")] {
            assert!(claims.contains(&claim), "{claim:?} of {claims:?}");
        }
        assert_eq!(claims.len(), 6);
    }
}

#[test]
fn an_expired_token_releases_no_claim() {
    for backend in backends() {
        let (key, token) = signed(backend, &["--exp", "1000000000"]);
        let told = run(&VERIFY, &[], backend, &token, &key).fails(3);
        assert!(told.contains("expired"), "{told}");
    }
}

#[test]
fn a_claim_has_to_be_exactly_what_is_expected() {
    for backend in backends() {
        let (key, token) = signed(backend, &["--claim", r#"roles=["admin"]"#]);
        run(&VERIFY, &["--claim", r#"roles=["admin"]"#], backend, &token, &key).ok();
        run(&VERIFY, &["--claim", r#"roles="admin""#], backend, &token, &key).fails(3);
        run(&VERIFY, &["--claim", "other=1"], backend, &token, &key).fails(3);
    }
}

#[test]
fn the_time_may_be_given_and_clocks_may_differ() {
    for backend in backends() {
        let options = ["--iat", "1700000000", "--nbf", "1700000000", "--exp", "1700000060"];
        let (key, token) = signed(backend, &options);
        let verify = |more: &[&str]| run(&VERIFY, more, backend, &token, &key);
        verify(&["--now", "1700000059"]).ok();
        verify(&["--now", "1700000060"]).fails(3);
        verify(&["--now", "1700000060", "--leeway", "5s"]).ok();
        verify(&["--now", "1699999999"]).fails(3);
        verify(&["--now", "1700000050", "--max-age", "30s"]).fails(3);
        verify(&["--now", "1700000020", "--max-age", "30s"]).ok();
        verify(&["--leeway", "1h"]).fails(2);
    }
}

#[test]
fn a_tampered_token_releases_no_claim() {
    for backend in backends() {
        let (key, token) = signed(backend, &["--sub", "joe"]);
        let (signed, signature) = token.trim().rsplit_once('.').unwrap();
        let other = if signature.starts_with('A') { "B" } else { "A" };
        let token = format!("{signed}.{other}{}", &signature[1..]);
        run(&VERIFY, &[], backend, &token, &key).fails(1);
    }
}

#[test]
fn claims_are_read_in_every_serialization() {
    for backend in backends() {
        let (key, token) = signed(backend, &["--sub", "joe"]);
        for to in ["compact", "flattened", "general"] {
            let json = run(&["jws", "convert", "--to", to], &[], backend, &token, &key).text();
            let claims = run(&VERIFY, &["--sub", "joe"], backend, &json, &key).json();
            assert_eq!(claims["sub"], "joe");
            run(&VERIFY, &["--sub", "ann"], backend, &json, &key).fails(3);
            let told = run(&["jwt", "decode", "--json"], &[], backend, &json, &key).json();
            assert_eq!((&told["verified"], &told["format"]), (&false.into(), &to.into()));
            assert_eq!(told["claims"]["sub"], "joe");
        }
    }
}

#[test]
fn claims_that_several_sign_are_held_to_all_of_them() {
    for backend in backends() {
        let keys = Keys::new(backend);
        let (one, two) = (keys.key("ES256"), keys.key("Ed25519"));
        let sign = ["jws", "sign", "--key", &one, "--key", &two];
        let token = keys.run(&sign, r#"{"sub":"joe"}"#).text();
        let verify = |more: &[&str]| keys.run(&[&["jwt", "verify"], more].concat(), &token);
        verify(&["--key", &one, "--key", &two, "--policy", "2"]).ok();
        verify(&["--key", &one, "--policy", "all"]).fails(1);
        verify(&["--key", &one]).ok();
    }
}

#[test]
fn no_token_is_malformed() {
    let key = key("ES256", first());
    for text in ["no token", "", "a.b", "{}"] {
        run(&VERIFY, &[], first(), text, &key).fails(4);
    }
}

#[test]
fn a_time_may_be_a_date() {
    for backend in backends() {
        let options = [
            "--exp",
            "2027-01-15T08:00:00Z",
            "--iat",
            "2027-01-15T08:00:00+01:00",
            "--nbf",
            "1799999000",
        ];
        let (key, token) = signed(backend, &options);
        let claims = run(&VERIFY, &["--now", "2027-01-15T07:59:59Z"], backend, &token, &key).json();
        assert_eq!(
            (&claims["exp"], &claims["iat"]),
            (&1_800_000_000.into(), &1_799_996_400.into())
        );
        run(&VERIFY, &["--now", "2027-01-15T08:00:00Z"], backend, &token, &key).fails(3);
        run(&VERIFY, &["--now", "tomorrow"], backend, &token, &key).fails(2);
    }
}

#[test]
fn the_report_tells_times_as_dates_and_what_is_left() {
    for backend in backends() {
        let (key, token) = signed(backend, &["--exp", "1800000000", "--no-iat"]);
        let now = ["--json", "--now", "1799999760"];
        let told = run(&VERIFY, &now, backend, &token, &key).json();
        let expected = serde_json::json!({
            "exp": "2027-01-15T08:00:00Z", "now": "2027-01-15T07:56:00Z", "expires_in": 240,
        });
        assert_eq!(told["times"], expected);
    }
}

#[test]
fn an_encrypted_token_is_told_from_a_damaged_one() {
    let keys = Keys::new(first());
    let (signer, key) = (keys.key("ES256"), keys.key("A256KW"));
    let token = keys.run(&["jwt", "encrypt", "--key", &key], "").text();
    let told = keys.run(&["jwt", "verify", "--key", &signer], &token).fails(4);
    assert!(told.contains("jose jwt decrypt"), "{told}");
}

#[test]
fn octets_that_are_no_claims_are_malformed() {
    for backend in backends() {
        let key = key("ES256", backend);
        let token = run(&["jws", "sign", "--key", "env:KEY"], &[], backend, "text", &key).text();
        run(&VERIFY, &[], backend, &token, &key).fails(4);
    }
}

#[test]
fn the_algorithm_and_the_key_have_to_match() {
    for backend in backends() {
        let (key, token) = signed(backend, &[]);
        run(&VERIFY, &["--alg", "RS256"], backend, &token, &key).fails(7);
        run(&VERIFY, &[], backend, &token, &self::key("ES256", backend)).fails(5);
    }
}

#[test]
fn the_header_has_what_was_given() {
    for backend in backends() {
        let options = ["--typ", "at+jwt", "--header", "kid=\"other\"", "--header", "region=\"eu\""];
        let (key, token) = signed(backend, &options);
        let told = run(&["jws", "inspect"], &[], backend, &token, &key).json();
        assert_eq!((&told["typ"], &told["kid"]), (&"at+jwt".into(), &"other".into()));
        assert_eq!((&told["region"], &told["alg"]), (&"eu".into(), &"ES256".into()));
    }
}

#[test]
fn a_report_has_the_header_and_the_claims() {
    for backend in backends() {
        let (key, token) = signed(backend, &["--sub", "joe"]);
        let told = run(&VERIFY, &["--json"], backend, &token, &key).json();
        assert_eq!(
            (&told["schema"], &told["command"]),
            (&"jose-cli/1".into(), &"jwt verify".into())
        );
        assert_eq!((&told["valid"], &told["verified"]), (&true.into(), &true.into()));
        assert_eq!(
            (&told["claims"]["sub"], &told["header"]["typ"]),
            (&"joe".into(), &"JWT".into())
        );
        assert_eq!(told["signatures"][0]["verified"], true);
    }
}

#[test]
fn decoding_says_that_nothing_is_verified() {
    let (_, token) = signed(first(), &["--sub", "joe", "--exp", "1000000000"]);
    let run = jose_with(&["jwt", "decode"], &token, &[]);
    assert!(run.stderr.contains("NOT VERIFIED"), "{}", run.stderr);
    assert_eq!(run.json()["sub"], "joe");
    let told = jose_with(&["jwt", "decode", "--json"], &token, &[]).json();
    assert_eq!((&told["verified"], &told["claims"]["sub"]), (&false.into(), &"joe".into()));
}

#[test]
fn an_option_for_times_takes_a_distance_or_a_moment() {
    let key = key("ES256", first());
    for time in ["soon", "-5m", "0s", "999999999999", "9999Y"] {
        let option = format!("--exp={time}");
        run(&SIGN, &[&option], first(), "", &key).fails(2);
    }
}
