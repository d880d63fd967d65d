//! Headers that ask for more than they may (RFC 7515 §4).

use super::*;

/// RFC 7515 §4.1.11: what must be understood and is not is refused, before any key is asked.
pub fn what_is_critical_must_be_understood(subject: &Subject) {
    let tap = Tap::new(subject);
    let key = VerifyingKey::from_jwk(&keys::private(S::HS256), &tap).unwrap();
    let long = "n".repeat(1000);
    let policy = Policy::new().understands("known").understands("exp");
    for (rest, expected) in [
        (json!({"crit": []}), Critical::Empty),
        (json!({"crit": ["new"], "new": 1}), Critical::NotUnderstood("new".into())),
        (json!({"crit": ["Known"], "Known": 1}), Critical::NotUnderstood("Known".into())),
        (json!({"crit": [""], "": 1}), Critical::NotUnderstood(String::new())),
        (json!({"crit": [long], long.clone(): 1}), Critical::NotUnderstood("n".repeat(64))),
        (json!({"crit": ["known"]}), Critical::Absent("known".into())),
        (json!({"crit": ["known"], "KNOWN": 1}), Critical::Absent("known".into())),
        (
            json!({"crit": ["known", "new"], "known": 1, "new": 1}),
            Critical::NotUnderstood("new".into()),
        ),
        (
            json!({"crit": ["known", "exp", "known"], "known": 1, "exp": 1}),
            Critical::Duplicate("known".into()),
        ),
    ] {
        let mut header = json!({"alg": "HS256", "kid": "hs256-1"});
        header.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        let token = forge(subject).seal(header.to_string());
        assert_eq!(critical(&policy, &token, &key), expected, "{header}");
        let nobody = VerifyingKeys::default();
        assert_eq!(critical(&policy, &token, &nobody), expected, "{header}");
    }
    assert_eq!(tap.asked(), 0);
    let header = r#"{"alg":"HS256","crit":["exp","known"],"exp":1,"known":null}"#;
    let token = forge(subject).seal(header);
    assert!(jws::verify_with(&token, &key, &policy).is_ok());
    assert_eq!(critical(&Policy::new(), &token, &key), Critical::NotUnderstood("exp".into()));
}

/// `crit` does not name what the specifications define, even if the caller claims to understand it.
pub fn what_is_registered_is_not_critical(subject: &Subject) {
    for name in [
        "alg", "apu", "apv", "crit", "cty", "enc", "epk", "iv", "jku", "jwk", "kid", "p2c", "p2s",
        "tag", "typ", "x5c", "x5t", "x5t#S256", "x5u", "zip",
    ] {
        let header = json!({"alg": "HS256", "kid": "hs256-1", "typ": "JWT", "crit": [name]});
        let token = forge(subject).seal(header.to_string());
        let policy = Policy::new().understands(name);
        let expected = Critical::Registered(name);
        assert_eq!(critical(&policy, &token, &trusted(subject)), expected);
    }
}

/// `crit` is an array of strings.
pub fn crit_is_an_array_of_strings(subject: &Subject) {
    for crit in ["null", "5", r#""new""#, "{}", "[1]", "[null]", r#"[["new"]]"#, r#"["new",1]"#] {
        let header = format!("{{\"alg\":\"HS256\",\"new\":1,\"crit\":{crit}}}");
        let rule = broken_rule(&forge(subject).seal(header), &trusted(subject));
        let expected = Rule::Type { member: "crit", expected: "an array of strings" };
        assert_eq!(rule, expected, "{crit}");
    }
}

/// An unencoded payload (RFC 7797) changes what is signed, so no verifier may overlook it.
pub fn an_unencoded_payload_is_critical(subject: &Subject) {
    let verify = |header: &str| jws::verify(&forge(subject).seal(header), &trusted(subject));
    let critical = |header: &str| match verify(header) {
        Err(jws::Error::Verify(VerifyError::Critical(critical))) => critical,
        other => panic!("{other:?}"),
    };
    let unnamed = Critical::Unnamed("b64");
    assert_eq!(critical(r#"{"alg":"HS256","b64":false}"#), unnamed);
    assert_eq!(critical(r#"{"alg":"HS256","b64":false,"crit":["new"],"new":1}"#), unnamed);
    assert_eq!(critical(r#"{"alg":"HS256","crit":["b64"]}"#), Critical::Absent("b64".into()));
    for encoded in [r#"{"alg":"HS256","b64":true}"#, r#"{"alg":"HS256","b64":true,"crit":["b64"]}"#]
    {
        assert_eq!(verify(encoded).unwrap().content(), PAYLOAD);
    }
    let as_it_is = verify(r#"{"alg":"HS256","b64":false,"crit":["b64"]}"#).unwrap();
    assert_eq!(as_it_is.content(), base64url::encode(PAYLOAD).as_bytes());
}

/// RFC 7797 §7 keeps unencoded payloads out of tokens with claims.
pub fn claims_are_always_encoded(subject: &Subject) {
    let key = trusted(subject);
    let token = forge(subject).seal(r#"{"alg":"HS256","b64":false,"crit":["b64"]}"#);
    let rules = Validation::new().with_policy(Policy::new().understands("b64"));
    let now = UnixTime::from_secs(0);
    let accepted = jwt::accept::<Value>(jws::verify(&token, &key).unwrap(), &rules, now);
    let typed = jwt::verify::<Value>(&token, &key, &rules, now);
    let untyped = jwt::verify_claims(&token, &key, &rules, now).map(|_| ());
    for refused in [accepted.map(|_| ()), typed.map(|_| ()), untyped] {
        let Err(jwt::Error::Verify(VerifyError::Critical(critical))) = refused else {
            panic!("{refused:?}")
        };
        assert_eq!(critical, Critical::NotUnderstood("b64".into()));
    }
    for b64 in ["null", "0", r#""false""#, "[]"] {
        let token = forge(subject).seal(format!("{{\"alg\":\"HS256\",\"b64\":{b64}}}"));
        let expected = Rule::Type { member: "b64", expected: "a boolean" };
        assert_eq!(broken_rule(&token, &trusted(subject)), expected, "{b64}");
    }
}

/// What would be refused when verifying is refused when signing.
pub fn a_header_that_breaks_crit_is_not_signed(subject: &Subject) {
    let key = keys::signer(S::HS256, subject.backend());
    let start = || key.header().with("new", 1).unwrap();
    for (header, expected) in [
        (start().with_crit([""; 0]), Critical::Empty),
        (start().with_crit(["new", "new"]), Critical::Duplicate("new".into())),
        (start().with_crit(["absent"]), Critical::Absent("absent".into())),
        (start().with_crit(["kid"]), Critical::Registered("kid")),
        (start().with_crit(["b64"]), Critical::Absent("b64".into())),
    ] {
        let refused = jws::sign_with_header(&header, PAYLOAD, &key).unwrap_err();
        assert_eq!(refused.code(), "ERR_JWS_INVALID");
        let SignError::Critical(critical) = refused else { panic!("{refused:?}") };
        assert_eq!(critical, expected);
        let refused = Unsigned::with_header(S::HS256, &header, PAYLOAD);
        assert!(matches!(refused, Err(SignError::Critical(_))), "{refused:?}");
        let refused = Builder::at(UnixTime::from_secs(0)).header(header).sign(&json!({}), &key);
        let Err(jwt::SignError::Jws(SignError::Critical(_))) = refused else {
            panic!("{refused:?}")
        };
    }
    assert!(jws::sign_with_header(&start().with_crit(["new"]), PAYLOAD, &key).is_ok());
}

/// A header is signed with everything that is in it, or not at all; and a verifier reads it again.
pub fn a_header_is_signed_whole_or_not_at_all(subject: &Subject) {
    let key = keys::signer(S::HS256, subject.backend());
    let policy = Policy::new().understands("new");
    let given = |json: &str| {
        let token = format!("{}..", base64url::encode(json.as_bytes()));
        Unverified::parse(&token).unwrap().protected().clone()
    };
    for header in [
        key.header().with("new", json!({"a": [1.5, null]})).unwrap().with_crit(["new"]),
        key.header().with_x5t_s256([7; 32]).with_typ("a").with_cty("b").without_kid(),
        key.header().with_x5c(vec![vec![1, 2, 3]]),
        key.header().with_x5c(Vec::new()),
        key.header().with_kid("line\nbreak"),
        key.header().with_typ("\u{7F}"),
        given(
            r#"{"alg":"HS256","jku":"https://a","x5u":"https://b","x5t":"AAAAAAAAAAAAAAAAAAAAAAAAAAA"}"#,
        ),
        given(r#"{"alg":"HS256","b64":true}"#),
        given(r#"{"alg":"HS256","b64":true,"crit":["b64"]}"#),
        given(r#"{"alg":"HS256","b64":false}"#),
        given(r#"{"alg":"HS256","enc":"A256GCM","zip":"DEF","p2c":1000}"#),
    ] {
        let Ok(token) = jws::sign_with_header(&header, PAYLOAD, &key) else { continue };
        let verified = jws::verify_with(&token, &trusted(subject), &policy);
        assert_eq!(verified.unwrap().protected(), &header);
    }
}

/// A header is one JSON object in UTF-8, without second thoughts (RFC 7515 §4).
pub fn a_header_is_one_plain_object(subject: &Subject) {
    let rule = |header: &[u8]| broken_rule(&forge(subject).seal(header), &trusted(subject));
    let nested = |depth: usize| {
        let (open, close) = ("[".repeat(depth - 1), "]".repeat(depth - 1));
        format!("{{\"alg\":\"HS256\",\"x\":{open}{close}}}")
    };
    for twice in [
        r#"{"alg":"HS256","alg":"HS256"}"#,
        r#"{"alg":"none","\u0061lg":"HS256"}"#,
        r#"{"alg":"HS256","crit":["x"],"x":1,"crit":[]}"#,
        r#"{"alg":"HS256","x":{"a":1,"a":2}}"#,
        r#"{"alg":"HS256","x":[[{"a":1,"\u0061":2}]]}"#,
        r#"{"alg":"HS256","jwk":{"kty":"oct","kty":"RSA"}}"#,
    ] {
        assert_eq!(rule(twice.as_bytes()), Rule::DuplicateMember, "{twice}");
    }
    for other in ["[]", r#"["HS256","hs256-1"]"#, r#"[{"alg":"HS256"}]"#, r#""HS256""#, "5", "null"]
    {
        assert_eq!(rule(other.as_bytes()), Rule::NotAnObject, "{other}");
    }
    for text in [
        "",
        " ",
        "{",
        "{\"alg\":\"HS256\"}{}",
        "{\"alg\":\"HS256\"}\0",
        "{\"alg\":\"HS256\",}",
        "{'alg':'HS256'}",
        "\u{feff}{\"alg\":\"HS256\"}",
        "{\"alg\":\"HS256\",\"x\":NaN}",
        "{\"alg\":\"HS256\",\"x\":\"\\ud800\"}",
        "{\"alg\":\"HS256\"}//",
    ] {
        assert_eq!(rule(text.as_bytes()), Rule::Json, "{text}");
    }
    for octets in [&b"{\"alg\":\"HS256\",\"x\":\"\xFF\"}"[..], b"\xFF\xFE{\0", b"{\"\xC0\x80\":1}"]
    {
        assert_eq!(rule(octets), Rule::Utf8, "{octets:?}");
    }
    for number in ["1e400", "[-1e400]", r#"{"a":1e999999999999}"#] {
        let header = format!("{{\"alg\":\"HS256\",\"x\":{number}}}");
        assert_eq!(rule(header.as_bytes()), Rule::Number, "{number}");
    }
    for depth in [17, 18, 129, 8000] {
        assert_eq!(rule(nested(depth).as_bytes()), Rule::Depth { limit: 16 }, "{depth}");
    }
    assert_eq!(rule("{\"x\":".repeat(2000).as_bytes()), Rule::Depth { limit: 16 });
    for good in [nested(16), " {\n\"\\u0061lg\" : \"HS\\u003256\" } ".into()] {
        let token = forge(subject).seal(&good);
        assert!(jws::verify(&token, &trusted(subject)).is_ok(), "{good}");
    }
}

/// Registered header parameters have their types, whether this crate makes use of them or not.
pub fn registered_header_parameters_have_their_types(subject: &Subject) {
    for (member, wrong) in [
        ("kid", "null"),
        ("kid", "5"),
        ("kid", "[\"hs256-1\"]"),
        ("typ", "{}"),
        ("cty", "true"),
        ("jku", "[]"),
        ("x5u", "0"),
        ("x5c", "[]"),
        ("x5c", "\"AAAA\""),
        ("x5t", "5"),
        ("x5t#S256", "null"),
        ("jwk", "\"key\""),
        ("jwk", "[]"),
    ] {
        let header = format!("{{\"alg\":\"HS256\",\"{member}\":{wrong}}}");
        let rule = broken_rule(&forge(subject).seal(header), &trusted(subject));
        let named = matches!(rule, Rule::Type { member: own, .. } if own == member);
        assert!(named, "{member} {wrong}: {rule:?}");
    }
    // What only encrypted tokens have is somebody else's parameter here, and ignored (RFC 7515 §4).
    for (member, other) in [("p2c", "\"1000\""), ("zip", "null"), ("tag", "\"v1.0\""), ("iv", "5")]
    {
        let header = format!("{{\"alg\":\"HS256\",\"{member}\":{other}}}");
        let verified = jws::verify(&forge(subject).seal(header), &trusted(subject)).unwrap();
        assert_eq!(verified.protected().get(member), Some(other));
    }
    for member in ["kid", "typ", "cty", "jku", "x5u"] {
        let header = format!("{{\"alg\":\"HS256\",\"{member}\":\"a\\u000ab\"}}");
        let rule = broken_rule(&forge(subject).seal(header), &trusted(subject));
        assert_eq!(rule, Rule::ControlCharacter { member });
    }
}

/// A header is as long as the limit, and not an octet longer.
pub fn a_header_beyond_the_limit_is_refused(subject: &Subject) {
    let header = |len: usize| {
        let empty = r#"{"alg":"HS256","x":""}"#.len();
        format!("{{\"alg\":\"HS256\",\"x\":\"{}\"}}", "x".repeat(len - empty))
    };
    let key = trusted(subject);
    assert!(jws::verify(&forge(subject).seal(header(16 * 1024)), &key).is_ok());
    for len in [16 * 1024 + 1, 16 * 1024 + 3, 100_000] {
        let rule = broken_rule(&forge(subject).seal(header(len)), &key);
        assert_eq!(rule, Rule::TooLong { limit: 16 * 1024 }, "{len}");
    }
    let mut limits = Limits::default();
    limits.header = 100;
    let policy = Policy::new().limits(limits);
    let verify = |len| jws::verify_with(&forge(subject).seal(header(len)), &key, &policy);
    assert!(verify(100).is_ok());
    let jws::Error::Parse(error) = verify(101).unwrap_err() else { panic!() };
    assert_eq!(error.rule(), Rule::TooLong { limit: 100 });
}

/// A chain in a header has as many certificates as one in a key, for readers and for writers.
pub fn a_chain_in_a_header_is_short(subject: &Subject) {
    let signer = keys::signer(S::HS256, subject.backend());
    for (count, good) in [(1, true), (7, true), (8, true), (9, false), (1000, false)] {
        let header = json!({"alg": "HS256", "x5c": vec!["AAAA"; count]}).to_string();
        let verified = jws::verify(&forge(subject).seal(header), &trusted(subject));
        assert_eq!(verified.is_ok(), good, "{count}");
        let header = signer.header().with_x5c(vec![vec![1]; count]);
        assert_eq!(jws::sign_with_header(&header, b"", &signer).is_ok(), good, "{count}");
    }
}

/// A private key in a header is a leak, and no token with one is taken for good.
pub fn a_private_key_in_a_header_is_refused(subject: &Subject) {
    for alg in S::ALL {
        for member in ["jwk", "epk"] {
            let header = json!({"alg": "HS256", member: members(&keys::private(*alg))});
            let token = forge(subject).seal(header.to_string());
            assert_eq!(broken_rule(&token, &trusted(subject)), Rule::PrivateMember, "{alg}");
            if !alg.is_symmetric() {
                let header = json!({"alg": "HS256", member: members(&keys::verifying(*alg))});
                let token = forge(subject).seal(header.to_string());
                assert!(jws::verify(&token, &trusted(subject)).is_ok(), "{alg}: inert");
            }
        }
    }
    let refused = Header::new().with_jwk(&keys::private(S::HS256)).unwrap_err();
    assert!(matches!(refused, KeyError::NoPublicHalf { kty } if kty == "oct"));
    let header = Header::new().with_jwk(&keys::private(S::ES256)).unwrap();
    assert!(!header.jwk().unwrap().is_private());
}

/// A key that comes with a token is the sender's word: it verifies nothing (RFC 8725 §3.10).
pub fn a_key_that_comes_with_a_token_is_never_trusted(subject: &Subject) {
    let der = [0x30, 0x03, 0x02, 0x01, 0x00];
    for alg in subject.algorithms().filter(|alg| ["ES256", "Ed25519"].contains(&alg.name())) {
        let own = keys::verifying(alg);
        let theirs = Jwk::generate(alg, subject.backend()).unwrap();
        let public = members(&theirs.to_public().unwrap());
        let forge = Forge::new(&theirs, subject);
        let (key, set) = (
            verifying(&own, subject).unwrap(),
            VerifyingKeys::from_jwks(&set_of([own.clone()]), &[alg], subject.backend()),
        );
        for (name, value) in [
            ("jwk", Value::Object(public.clone())),
            ("jku", json!("https://evil.example/jwks.json")),
            ("x5u", json!("https://evil.example/cert.pem")),
            ("x5c", json!(["MAMCAQA="])),
            ("x5t", json!(base64url::encode(&[7; 20]))),
            ("x5t#S256", json!(base64url::encode(&[7; 32]))),
        ] {
            let seal = |kid: Option<&str>| {
                let mut header = json!({"alg": alg.name(), name: value});
                if let Some(kid) = kid {
                    header["kid"] = kid.into();
                }
                forge.seal(header.to_string())
            };
            for kid in [None, own.kid()] {
                assert!(is_forged(&seal(kid), &key), "{alg}, {name}, {kid:?}");
                assert!(is_forged(&seal(kid), &set), "{alg}, {name}, {kid:?}");
            }
            assert_eq!(reason(&seal(theirs.kid()), &key), NoMatchReason::UnknownKid);
            assert_eq!(reason(&seal(theirs.kid()), &set), NoMatchReason::UnknownKid);
            let nobody = VerifyingKeys::default();
            assert_eq!(reason(&seal(None), &nobody), NoMatchReason::EmptySet);
        }
        // The same parameters beside a good signature are inert.
        let signer = keys::signer(alg, subject.backend());
        let header = signer.header().with_jwk(&theirs).unwrap().with_x5c(vec![der.to_vec()]);
        let token = jws::sign_with_header(&header, PAYLOAD, &signer).unwrap();
        assert_eq!(jws::verify(&token, &key).unwrap().key_id(), own.kid());
    }
}
