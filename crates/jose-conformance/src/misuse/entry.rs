//! One signature among several, and what its two headers may say (RFC 7515 §4, §7.2.1).

use jose_core::jws::SerializationError;

use super::*;

const EMPTY: Rule = Rule::Value { member: "protected", expected: "absent if empty" };

fn nested(depth: usize) -> String {
    format!("{}{}", "[".repeat(depth), "]".repeat(depth))
}

/// A signature is an object. Where no signature is one, there is nothing to read.
pub fn a_signature_is_an_object(subject: &Subject) {
    for entry in ["null", "5", "[]", "true", r#""AA""#, r#"[{"signature":"AA"}]"#] {
        let (one, two) = (with_entries(subject, &[Some(entry)]), [Some(entry), Some(entry)]);
        assert_eq!(broken(one), inside(Rule::NotAnObject), "{entry}");
        assert_eq!(broken(with_entries(subject, &two)), inside(Rule::NotAnObject), "{entry}");
    }
}

/// What is no signature stands in the way of none that is, wherever it stands, and is written again
/// as it came.
pub fn a_malformed_signature_stops_no_good_one(subject: &Subject) {
    let key = trusted(subject);
    let text = Rule::Type { member: "signature", expected: "a string" };
    for (entry, rule) in [
        ("null", Rule::NotAnObject),
        ("5", Rule::NotAnObject),
        ("[ null , 1.0 ]", Rule::NotAnObject),
        ("\"\\u0041A\"", Rule::NotAnObject),
        (r#"{"signature":"AA","signature":"AA"}"#, Rule::DuplicateMember),
        (r#"{"signature":null , "x" : 1e3}"#, text),
        (r#"{"protected":"e30","signature":"AA"}"#, EMPTY),
        (r#"{"header":{"alg":"a","x":{"y":1,"y":1}},"signature":"AA"}"#, Rule::DuplicateMember),
        (r#"{"header":{"alg":"HS256"},"signature":"AA","x":1e400}"#, Rule::Number),
        (r#"{"header":{"alg":"HS256"},"signature":"AA","x":"\ud800"}"#, Rule::Json),
        (r#"{"header":{"alg":"HS256"},"signature":"AA="}"#, Rule::Base64url),
    ] {
        for (at, places) in [
            (0, &[Some(entry), None][..]),
            (1, &[None, Some(entry)]),
            (1, &[None, Some(entry), None]),
        ] {
            let json = with_entries(subject, places);
            let jws = Jws::parse(&json).unwrap();
            assert_eq!(jws.verify(&key).unwrap().content(), PAYLOAD, "{entry}");
            let outcomes = jws.check(&key, &Policy::new()).unwrap();
            let outcome = outcomes.iter().nth(at).unwrap();
            assert!(!outcome.is_valid() && outcome.protected().is_none(), "{entry}");
            let Some(jws::Error::Parse(error)) = outcome.error() else { panic!("{outcome:?}") };
            assert_eq!(kind(*error), inside(rule), "{entry}");
            assert_eq!(jws.to_general().unwrap(), json, "{entry}");
            let refused = jws.to_flattened().unwrap_err();
            assert_eq!(refused, SerializationError::Signatures { count: places.len() });
        }
    }
}

/// RFC 7515 §4: no parameter is in both headers, whichever it is and though both say the same; what
/// a verifier would refuse is not signed either.
pub fn no_parameter_is_in_both_headers(subject: &Subject) {
    let key = keys::signer(S::HS256, subject.backend());
    let jwk = Value::Object(members(&keys::verifying(S::ES256)));
    for (name, value) in [
        ("alg", json!("HS256")),
        ("kid", json!("hs256-1")),
        ("typ", json!("JWT")),
        ("cty", json!("JWT")),
        ("jku", json!("https://a.example")),
        ("jwk", jwk),
        ("x5u", json!("https://a.example")),
        ("x5c", json!(["AAAA"])),
        ("x5t", json!(base64url::encode(&[7; 20]))),
        ("x5t#S256", json!(base64url::encode(&[7; 32]))),
        ("enc", json!("A256GCM")),
        ("p2c", json!(1000)),
        ("zip", json!(null)),
        ("x", json!(1)),
        ("", json!(1)),
    ] {
        let mut protected = json!({"alg": "HS256"});
        protected[name] = value.clone();
        let json =
            flattened_with(subject, &protected.to_string(), &json!({"header": {name: value}}));
        let expected =
            (error::Subject::Jws, Rule::NotDisjoint, "ERR_JWS_HEADER_PARAMS_NOT_DISJOINT");
        assert_eq!(broken(json.to_string()), expected, "{name}");
        let entry =
            json!({"protected": json["protected"], "header": json["header"], "signature": "AA"});
        assert_eq!(broken(with_entries(subject, &[Some(&entry.to_string())])), expected, "{name}");
    }
    let refused = |protected: &Header, unprotected: &Header| {
        let mut jws = Jws::new(PAYLOAD);
        let signed = jws.sign_with(protected, unprotected, &key).map(drop);
        let unsigned = jws.unsigned(S::HS256, protected, unprotected).map(drop);
        for refused in [signed, unsigned] {
            let Err(SignError::Header(error)) = refused else { panic!("{refused:?}") };
            assert_eq!(error.rule(), Rule::NotDisjoint);
            assert_eq!(error.code(), "ERR_JWS_HEADER_PARAMS_NOT_DISJOINT");
        }
    };
    let x = Header::new().with("x", 1).unwrap();
    refused(&key.header(), &key.header());
    refused(&key.header(), &Header::new().with_kid("other"));
    refused(&x, &Header::new().with("x", 2).unwrap());
    refused(&x.clone().with_typ("a"), &Header::new().with_typ("a"));
}

/// `crit` and `b64` change what a verifier does, so they are nowhere but where they are signed (RFC
/// 7515 §4.1.11, RFC 7797 §3).
pub fn what_changes_verification_is_protected(subject: &Subject) {
    for (member, header) in [
        ("crit", r#"{"crit":["x"],"x":1}"#),
        ("crit", r#"{"crit":[]}"#),
        ("crit", r#"{"crit":["b64"],"b64":false}"#),
        ("b64", r#"{"b64":false}"#),
        ("b64", r#"{"b64":true}"#),
    ] {
        let header: Value = serde_json::from_str(header).unwrap();
        for protected in [HEADER, r#"{"alg":"HS256","b64":false,"crit":["b64"]}"#] {
            let json = flattened_with(subject, protected, &json!({"header": header}));
            assert_eq!(broken(json.to_string()), inside(Rule::Unprotected { member }), "{header}");
        }
        let mut bare = json!({"payload": "AA", "header": header, "signature": "AA"});
        bare["header"]["alg"] = json!("HS256");
        assert_eq!(broken(bare.to_string()), inside(Rule::Unprotected { member }), "{header}");
    }
    let key = keys::signer(S::HS256, subject.backend());
    let unprotected = Header::new().with("x", 1).unwrap().with_crit(["x"]);
    let mut jws = Jws::new(PAYLOAD);
    let refused = jws.sign_with(&key.header(), &unprotected, &key).unwrap_err();
    let SignError::Header(error) = refused else { panic!("{refused:?}") };
    assert_eq!(kind(error), inside(Rule::Unprotected { member: "crit" }));
}

/// RFC 7515 §10.7: an `alg` that nobody signed is taken only if the caller says so, and selects
/// among the caller's pairs of key and algorithm all the same.
pub fn an_unprotected_alg_is_refused_unless_the_caller_accepts_it(subject: &Subject) {
    let tap = Tap::new(subject);
    let key = VerifyingKey::from_jwk(&keys::private(S::HS256), &tap).unwrap();
    let signer = keys::signer(S::HS256, subject.backend());
    let accepting = Policy::new().accept_unprotected_alg();
    let alg = |name: &str| {
        let json = json!({"payload": "", "header": {"alg": name}, "signature": ""}).to_string();
        let jws = Jws::parse(json).unwrap();
        jws.signatures().next().unwrap().unwrap().unprotected().unwrap().clone()
    };
    for protected in [Header::new(), Header::new().with_kid("hs256-1")] {
        let mut jws = Jws::new(PAYLOAD);
        jws.sign_with(&protected, &alg("HS256"), &signer).unwrap();
        let json = jws.to_flattened().unwrap();
        let jws = Jws::parse(&json).unwrap();
        for refused in
            [jws.verify(&key).unwrap_err(), jws.verify(&VerifyingKeys::default()).unwrap_err()]
        {
            assert_eq!(refused.code(), "ERR_JWS_ALG_NOT_ALLOWED");
            let jws::Error::Verify(VerifyError::NoMatchingKey(no_match)) = refused else {
                panic!("{refused:?}")
            };
            assert_eq!(no_match.reason(), NoMatchReason::UnprotectedAlgorithm);
            assert_eq!(no_match.alg(), "HS256");
        }
        assert_eq!(tap.asked(), 0);
        assert_eq!(jws.verify_with(&key, &accepting).unwrap().content(), PAYLOAD);
        assert_eq!(tap.asked(), 1);
        for other in ["none", "HS512", "ES256", ""] {
            let jws = Jws::parse(json.replace("HS256", other)).unwrap();
            let refused = jws.verify_with(&key, &accepting).unwrap_err();
            let jws::Error::Verify(VerifyError::NoMatchingKey(no_match)) = refused else {
                panic!("{refused:?}")
            };
            assert_eq!(no_match.reason(), NoMatchReason::AlgorithmNotAllowed, "{other}");
        }
    }
}

/// The members of a signature have their types, in either serialization.
pub fn members_of_a_signature_have_their_types(subject: &Subject) {
    for (name, values, rule) in [
        (
            "protected",
            &[json!(null), json!(5), json!({"alg": "HS256"}), json!(["e30"]), json!(false)][..],
            Rule::Type { member: "protected", expected: "a string" },
        ),
        (
            "signature",
            &[json!(null), json!(5), json!({}), json!(["AA"]), json!(true)],
            Rule::Type { member: "signature", expected: "a string" },
        ),
        (
            "header",
            &[json!(null), json!(5), json!([]), json!("e30"), json!([{"kid": "a"}])],
            Rule::NotAnObject,
        ),
    ] {
        for value in values {
            let json = flattened_with(subject, HEADER, &json!({name: value}));
            assert_eq!(broken(json.to_string()), inside(rule), "{json}");
            let mut json = general(&forge(subject).seal(HEADER));
            json["signatures"][0][name] = value.clone();
            assert_eq!(broken(json.to_string()), inside(rule), "{json}");
        }
    }
}

/// RFC 7515 §7.2.1: a header with nothing in it is absent.
pub fn an_empty_header_is_absent(subject: &Subject) {
    let header = Rule::Value { member: "header", expected: "absent if empty" };
    for (name, value, rule) in [
        ("protected", json!(""), EMPTY),
        ("protected", json!("e30"), EMPTY),
        ("protected", json!(base64url::encode(b" { } ")), EMPTY),
        ("header", json!({}), header),
    ] {
        for alg in [json!({"alg": "HS256"}), json!({"x": 1})] {
            let mut entry = json!({"header": alg, "signature": "AA"});
            if name == "header" {
                entry["protected"] = json!(base64url::encode(HEADER.as_bytes()));
            }
            entry[name] = value.clone();
            assert_eq!(broken(entry.to_string()), inside(rule), "{entry}");
            assert_eq!(broken(json!({"signatures": [entry]}).to_string()), inside(rule));
        }
    }
    // An empty header is not written.
    let key = keys::signer(S::HS256, subject.backend());
    let mut jws = Jws::new(PAYLOAD);
    jws.sign_with(&Header::new(), &Header::new(), &key).unwrap();
    let json: Value = serde_json::from_str(&jws.to_flattened().unwrap()).unwrap();
    assert_eq!(json["protected"], base64url::encode(HEADER.as_bytes()));
    assert_eq!(json.get("header"), None);
}

/// A signature says what it was made with, in one of its headers.
pub fn a_signature_names_its_algorithm(subject: &Subject) {
    let missing = inside(Rule::Missing { member: "alg" });
    let protected = base64url::encode(br#"{"kid":"hs256-1"}"#);
    for entry in [
        json!({"signature": "AA"}),
        json!({"header": {"kid": "hs256-1"}, "signature": "AA"}),
        json!({"protected": protected, "signature": "AA"}),
        json!({"protected": protected, "header": {"Alg": "HS256"}, "signature": "AA"}),
    ] {
        assert_eq!(broken(with_entries(subject, &[Some(&entry.to_string())])), missing, "{entry}");
        assert_eq!(broken(entry.to_string()), missing, "{entry}");
    }
    for alg in [json!(null), json!(5), json!(["HS256"])] {
        let entry = json!({"header": {"alg": alg}, "signature": "AA"}).to_string();
        let wrong = inside(Rule::Type { member: "alg", expected: "a string" });
        assert_eq!(broken(&entry), wrong, "{entry}");
    }
}

/// Either header is as long as the limit, and not an octet longer.
pub fn a_header_in_json_beyond_the_limit_is_refused(subject: &Subject) {
    let header = |len: usize, alg: &str| {
        format!("{{\"x\":\"{}\"{alg}}}", "x".repeat(len - alg.len() - r#"{"x":""}"#.len()))
    };
    for limit in [Limits::default().header, 100] {
        let mut limits = Limits::default();
        limits.header = limit;
        let wrong = inside(Rule::TooLong { limit });
        for (len, good) in
            [(limit, true), (limit + 1, false), (limit + 3, false), (2 * limit, false)]
        {
            let protected = header(len, r#","alg":"HS256""#);
            let one = flattened(&forge(subject).seal(&protected)).to_string();
            let all = general(&forge(subject).seal(&protected)).to_string();
            let mut texts = vec![one, all];
            // Measured as it stands, white space and all.
            let token = forge(subject).seal(HEADER);
            let [protected, payload, signature] = segments(&token).unwrap();
            let entry = format!(
                "\"protected\":\"{protected}\",\"header\":{},\"signature\":\"{signature}\"",
                header(len - 1, "").replacen(':', ": ", 1)
            );
            texts.push(format!("{{\"payload\":\"{payload}\",{entry}}}"));
            texts.push(format!("{{\"payload\":\"{payload}\",\"signatures\":[{{{entry}}}]}}"));
            for text in texts {
                match Jws::parse_within(&text, &limits) {
                    Ok(jws) => assert!(good && jws.verify(&trusted(subject)).is_ok(), "{len}"),
                    Err(error) => {
                        assert!(!good, "{len}");
                        assert_eq!(kind(error), wrong, "{len}");
                    }
                }
            }
        }
    }
    // A long header is one signature's, and stops no other.
    let long = json!({"header": {"alg": "HS256", "x": "x".repeat(20_000)}, "signature": "AA"});
    let jws = Jws::parse(with_entries(subject, &[Some(&long.to_string()), None])).unwrap();
    assert!(jws.verify(&trusted(subject)).is_ok());
}

/// What is nested too deep in one signature is that signature's problem.
pub fn a_signature_that_is_nested_too_deep_stops_no_good_one(subject: &Subject) {
    let key = trusted(subject);
    for depth in [16, 17, 20, 100] {
        let deep = nested(depth);
        let protected = base64url::encode(format!("{{\"alg\":\"HS256\",\"x\":{deep}}}").as_bytes());
        for entry in [
            format!("{{\"header\":{{\"alg\":\"HS256\",\"x\":{deep}}},\"signature\":\"AA\"}}"),
            format!("{{\"protected\":\"{protected}\",\"signature\":\"AA\"}}"),
            format!("{{\"header\":{{\"alg\":\"HS256\"}},\"signature\":\"AA\",\"x\":[{deep}]}}"),
            deep,
        ] {
            for entries in [[Some(&*entry), None], [None, Some(&*entry)]] {
                let jws = Jws::parse(with_entries(subject, &entries)).unwrap();
                assert!(jws.verify(&key).is_ok(), "{depth}");
                let outcomes = jws.check(&key, &Policy::new()).unwrap();
                let bad = outcomes.iter().find(|outcome| !outcome.is_valid()).unwrap();
                let Some(jws::Error::Parse(error)) = bad.error() else { panic!("{bad:?}") };
                let rule = error.rule();
                let deep = matches!(rule, Rule::Depth { limit: 16 | 17 });
                assert!(deep || rule == Rule::NotAnObject && depth <= 17, "{rule:?}");
            }
        }
    }
    // One that is not nested too deep is none the worse for being in an array.
    let deep = format!("{{\"alg\":\"HS256\",\"x\":{}}}", nested(15));
    let entry = format!("{{\"header\":{deep},\"signature\":\"AA\"}}");
    let jws = Jws::parse(with_entries(subject, &[Some(&entry), None])).unwrap();
    assert!(jws.signatures().all(|signature| signature.is_ok()));
    assert!(Jws::parse(&entry).is_ok());
    // Beyond what any parser of ours follows, nobody can tell where a signature ends.
    for depth in [130, 100_000] {
        let refused = broken(with_entries(subject, &[None, Some(&nested(depth))]));
        assert_eq!(refused, outside(Rule::Depth { limit: 128 }));
    }
}

/// A private key in a header that nobody signed is a leak as well.
pub fn a_private_key_in_an_unprotected_header_is_refused(subject: &Subject) {
    for alg in [S::HS256, S::ES256, S::RS256] {
        for name in ["jwk", "epk"] {
            let header = json!({name: members(&keys::private(alg))});
            let json = flattened_with(subject, HEADER, &json!({"header": header}));
            assert_eq!(broken(json.to_string()), inside(Rule::PrivateMember), "{alg}");
        }
    }
}

/// A key that comes in an unprotected header is trusted no more than one in the other.
pub fn a_key_in_an_unprotected_header_is_never_trusted(subject: &Subject) {
    let theirs = Jwk::generate(S::ES256, subject.backend()).unwrap();
    let token = Forge::new(&theirs, subject).seal(r#"{"alg":"ES256"}"#);
    let own = keys::verifier(S::ES256, subject.backend());
    for (name, value) in [
        ("jwk", Value::Object(members(&theirs.to_public().unwrap()))),
        ("jku", json!("https://evil.example/jwks.json")),
        ("x5u", json!("https://evil.example/cert.pem")),
        ("x5c", json!(["MAMCAQA="])),
    ] {
        let mut json = flattened(&token);
        json["header"] = json!({name: value});
        let jws = Jws::parse(json.to_string()).unwrap();
        let refused = jws.verify(&own).unwrap_err();
        assert!(matches!(refused, jws::Error::Verify(VerifyError::InvalidSignature)), "{name}");
        let refused = jws.verify(&VerifyingKeys::default()).unwrap_err();
        assert_eq!(refused.code(), "ERR_JWK_KEY_NOT_FOUND", "{name}");
    }
}
