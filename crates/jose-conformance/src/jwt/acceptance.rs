//! Conditions, payloads and views: what happens around the rules (RFC 7519 §7.2).

use super::*;

/// A condition of the caller's is asked last: never about forged claims, nor about broken ones.
pub fn a_condition_is_asked_last_and_never_of_a_forged_token(subject: &Subject) {
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = asked.clone();
    let rules = Validation::new().issuer("idp").check("counted", move |claims| {
        assert_eq!(claims.issuer().as_deref(), Some("idp"));
        counter.fetch_add(1, Ordering::Relaxed);
        true
    });
    let good = r#"{"iss":"idp","exp":100}"#;
    let token = genuine(good, subject);
    let refuse = |token: &str, now| {
        let refused = jwt::verify_claims(token, &trusted(subject), &rules, at(now));
        assert!(refused.is_err(), "{token}");
        assert_eq!(asked.load(Ordering::Relaxed), 0, "{token}");
    };
    refuse(&forged(&token, r#"{"iss":"idp","exp":200}"#), 50);
    refuse(&token[..token.len() - 1], 50);
    refuse(&token, 100);
    for broken in [r#"{"iss":"x"}"#, "{}", r#"{"iss":"idp","nbf":null}"#, r#"["idp"]"#] {
        refuse(&genuine(broken, subject), 50);
    }
    let other = keys::signer(SignatureAlgorithm::HS512, subject.backend());
    refuse(&jws::sign(good.as_bytes(), &other).unwrap(), 50);
    assert!(jwt::verify_claims(&token, &trusted(subject), &rules, at(50)).is_ok());
    assert_eq!(asked.load(Ordering::Relaxed), 1);
}

/// The first condition that does not hold is reported by the name the caller gave it; those after
/// it are not asked, or one that remembers would remember a token that is refused.
pub fn a_condition_that_does_not_hold_is_named(subject: &Subject) {
    let rules = Validation::new()
        .check("tenant", |claims| claims.get::<u64>("tenant").is_ok_and(|own| own == Some(7)))
        .check("always", |_| true)
        .check("role", |claims| claims.json_of("role") == Some("\"admin\""));
    assert!(accepted(r#"{"tenant":7,"role":"admin"}"#, &rules, at(0), subject));
    let broken = |name| ClaimFailure::Custom { name };
    assert_eq!(broken("role").code(), "ERR_JWT_CLAIM_INVALID");
    let verdict = |claims| failures(claims, &rules, at(0), subject);
    assert_eq!(verdict(r#"{"tenant":"7","role":"admin"}"#), [broken("tenant")]);
    assert_eq!(verdict(r#"{"tenant":7,"role":"guest"}"#), [broken("role")]);
    assert_eq!(verdict("{}"), [broken("tenant")]);
}

/// Rules are values: using lenient ones leaves strict ones strict, on every thread.
pub fn rules_do_not_change_by_being_used(subject: &Subject) {
    fn shared<T: Send + Sync>(_: &T) {}
    let strict = Validation::new();
    let lenient = strict.clone().any_audience().leeway("10m").unwrap();
    shared(&strict);
    let claims = r#"{"aud":"shop","exp":100}"#;
    for _ in 0..2 {
        assert!(accepted(claims, &lenient, at(100), subject));
        assert_eq!(failures(claims, &strict, at(100), subject).len(), 2);
    }
}

/// A payload that is no JSON object holds no claims, however genuine: none is read by position.
pub fn a_genuine_payload_that_is_no_object_is_refused(subject: &Subject) {
    let rules = Validation::new().require("exp");
    for payload in [
        "[]",
        r#"["https://idp","joe",9999999999]"#,
        r#"[["exp",9999999999]]"#,
        r#""{\"exp\":9999999999}""#,
        "9999999999",
        "true",
        "null",
        " [ ] ",
    ] {
        assert_eq!(broken_rule(payload, &rules, subject), Rule::NotAnObject, "{payload}");
    }
    let rest = "{\"exp\":1}{\"exp\":2}";
    for payload in ["", " ", "{", "{\"exp\":1}x", rest, "{'exp':1}", "{exp:1}", "\u{feff}{}"] {
        assert_eq!(broken_rule(payload, &rules, subject), Rule::Json, "{payload}");
    }
    for octets in [&b"{\"a\":\"\xFF\"}"[..], b"\xFF\xFE{\0}\0", b"{\"a\":\"\xC0\xAF\"}", b"\x80"] {
        assert_eq!(broken_rule(octets, &rules, subject), Rule::Utf8, "{octets:?}");
    }
    for surrogate in [r#"{"a":"\ud800"}"#, r#"{"a":"\udc00\ud800"}"#] {
        assert_eq!(broken_rule(surrogate, &rules, subject), Rule::Json, "{surrogate}");
    }
    assert!(accepted(" \t\r\n{ \"exp\" : 1 } \n", &rules, at(0), subject), "JSON's white space");
}

/// A repeated member is refused at every depth and in every spelling: which one was meant?
pub fn a_repeated_claim_is_refused_at_any_depth(subject: &Subject) {
    for payload in [
        r#"{"exp":1,"exp":9999999999}"#,
        r#"{"exp":9999999999,"\u0065xp":1}"#,
        r#"{"x":1,"y":2,"\u0078":3}"#,
        r#"{"a":{"b":1,"b":2}}"#,
        r#"{"a":[{"b":1,"b":2}]}"#,
        r#"{"a":{"b":{"c":1,"\u0063":1}}}"#,
        r#"{"a":{"b":[{"c":1,"d":2,"c":3}]}}"#,
        r#"{"":1,"":1}"#,
    ] {
        let rule = broken_rule(payload, &Validation::new(), subject);
        assert_eq!(rule, Rule::DuplicateMember, "{payload}");
    }
    assert!(accepted(r#"{"a":{"a":{"a":1}},"A":1}"#, &Validation::new(), at(0), subject));
}

/// Claims nest as deep as the limit; beyond it they are refused, however much beyond.
pub fn claims_nested_beyond_the_limit_are_refused(subject: &Subject) {
    let rules = Validation::new();
    let too_deep = Rule::Depth { limit: 64 };
    assert!(accepted(nested(64), &rules, at(0), subject));
    for depth in [65, 66, 129, 90_000] {
        assert_eq!(broken_rule(nested(depth), &rules, subject), too_deep);
    }
    assert_eq!(broken_rule("[".repeat(90_000), &rules, subject), too_deep);
    assert_eq!(broken_rule("{\"a\":".repeat(30_000), &rules, subject), too_deep);
    let mut limits = Limits::default();
    limits.claims_depth = 2;
    let shallow = Validation::new().with_policy(Policy::new().limits(limits));
    assert!(accepted(nested(2), &shallow, at(0), subject));
    assert_eq!(broken_rule(nested(3), &shallow, subject), Rule::Depth { limit: 2 });
}

/// The strict preset asks for `exp`, the issuer, the audience and `typ` (RFC 8725 §3.8-3.11).
pub fn strict_rules_ask_for_what_the_best_practice_asks_for(subject: &Subject) {
    let rules = Validation::strict("idp", "api");
    let verdict = |builder: Builder, claims: &Value| {
        let token = builder.sign(claims, &key(subject)).unwrap();
        match jwt::verify_claims(&token, &trusted(subject), &rules, at(50)) {
            Ok(_) => Vec::new(),
            Err(jwt::Error::Claims(error)) => error.failures().to_vec(),
            Err(other) => panic!("{other:?}"),
        }
    };
    let start = || Builder::at(at(0));
    let good = json!({"iss": "idp", "aud": ["api"], "exp": 100});
    assert!(verdict(start(), &good).is_empty());
    for name in ["iss", "aud", "exp"] {
        let mut claims = good.clone();
        claims.as_object_mut().unwrap().remove(name);
        assert_eq!(verdict(start(), &claims), [missing(name)]);
    }
    let typ = |actual: Option<&str>| ClaimFailure::Typ {
        expected: "JWT".into(),
        actual: actual.map(Into::into),
    };
    assert_eq!(typ(None).code(), "ERR_JWS_INVALID");
    assert_eq!(verdict(start().without_typ(), &good), [typ(None)]);
    assert_eq!(verdict(start().typ("at+jwt"), &good), [typ(Some("at+jwt"))]);
    assert_eq!(verdict(start(), &json!({"iss": "x", "aud": "x", "exp": 50})).len(), 3);
    let access = rules.clone().typ("at+jwt");
    let token = start().typ("at+jwt").sign(&good, &key(subject)).unwrap();
    assert!(jwt::verify_claims(&token, &trusted(subject), &access, at(50)).is_ok());
}

/// `typ` names a media type: in any case, with or without `application/` (RFC 7515 §4.1.9).
pub fn a_typ_is_compared_as_a_media_type(subject: &Subject) {
    let verdict = |typ: &str, expected: &str| {
        let token = Builder::at(at(0)).typ(typ).sign(&json!({}), &key(subject)).unwrap();
        let rules = Validation::new().typ(expected);
        match jwt::verify_claims(&token, &trusted(subject), &rules, at(0)) {
            Ok(_) => None,
            Err(jwt::Error::Claims(error)) => Some(error.failures().to_vec()),
            Err(other) => panic!("{other:?}"),
        }
    };
    for typ in ["JWT", "jwt", "Jwt", "application/jwt", "application/JWT", "APPLICATION/jwT"] {
        for expected in ["JWT", "jwt", "application/JWT", "Application/jwt"] {
            assert_eq!(verdict(typ, expected), None, "{typ} {expected}");
        }
    }
    for (typ, expected) in [
        ("JWT", "at+jwt"),
        ("at+jwt", "JWT"),
        ("text/jwt", "jwt"),
        ("JWT ", "JWT"),
        ("jwt;v=1", "jwt"),
        ("application/application/jwt", "jwt"),
        ("", "JWT"),
        ("JWT", ""),
    ] {
        let failure = ClaimFailure::Typ { expected: expected.into(), actual: Some(typ.into()) };
        assert_eq!(verdict(typ, expected), Some(vec![failure]), "{typ} {expected}");
    }
}

/// Claims are held to the rules whatever `typ` says, or if it says nothing.
pub fn claims_are_checked_whatever_the_typ(subject: &Subject) {
    let claims = json!({"exp": 100});
    let typed = |typ: &str| Builder::at(at(0)).typ(typ);
    for builder in [typed("JOSE"), typed("text/plain"), Builder::at(at(0)).without_typ()] {
        let token = builder.sign(&claims, &key(subject)).unwrap();
        let refused = jwt::verify_claims(&token, &trusted(subject), &Validation::new(), at(100));
        assert_eq!(refused.unwrap_err().code(), "ERR_JWT_EXPIRED");
        assert!(jws::verify(&token, &trusted(subject)).is_ok(), "as octets it is what was signed");
    }
}

/// The caller chooses how a payload is read: no text is looked at for being JSON.
pub fn the_caller_chooses_how_a_payload_is_read(subject: &Subject) {
    let verified =
        |payload: &[u8]| jws::verify(&genuine(payload, subject), &trusted(subject)).unwrap();
    let object = br#"{"a":1}"#;
    assert_eq!(verified(object).content(), object);
    assert_eq!(verified(object).into_text().unwrap().content(), r#"{"a":1}"#);
    let json: Verified<Value> = verified(object).into_json().unwrap();
    assert_eq!(json.content(), &json!({"a": 1}));
    let text: Verified<String> = verified(br#""{\"a\":1}""#).into_json().unwrap();
    assert_eq!(text.content(), r#"{"a":1}"#, "a string stays a string");
    let octets = [0xFF, 0x00, 0xC3, 0x28];
    assert_eq!(verified(&octets).content(), &octets);
    let refused = verified(&octets).into_text().unwrap_err();
    assert_eq!((refused.subject(), refused.rule()), (error::Subject::Payload, Rule::Utf8));
    for (payload, rule) in [
        (&octets[..], Rule::Utf8),
        (br#"{"a":1,"a":2}"#, Rule::DuplicateMember),
        (b"\xEF\xBB\xBF{}", Rule::Json),
        (b"[1e400]", Rule::Number),
        (b"", Rule::Json),
        (nested(65).as_bytes(), Rule::Depth { limit: 64 }),
    ] {
        let refused = verified(payload).into_json::<Value>().unwrap_err();
        assert_eq!((refused.subject(), refused.rule()), (error::Subject::Payload, rule));
        assert_eq!(refused.code(), "ERR_JWS_INVALID");
    }
    let misfit = verified(b"[1,2]").into_json::<String>().unwrap_err();
    assert_eq!(misfit.rule(), Rule::Shape);
}

/// Typed and untyped views are of the same octets: there is nothing to disagree about.
pub fn typed_and_untyped_claims_are_the_same_octets(subject: &Subject) {
    #[derive(Deserialize)]
    struct View {
        exp: UnixTime,
        n: f64,
        name: String,
    }
    let payload = " {\"n\" : 1.50 ,\"exp\":2e9, \"\\u006eame\":\"\\u0061\\/b\",\"list\":[ 1 ]}\n";
    let token = genuine(payload, subject);
    let (trusted, rules) = (trusted(subject), Validation::new());
    let plain = jwt::verify_claims(&token, &trusted, &rules, at(0)).unwrap();
    let typed: Verified<View> = jwt::verify(&token, &trusted, &rules, at(0)).unwrap();
    assert_eq!(plain.json(), payload);
    let names: Vec<_> = plain.members().map(|(name, _)| name.to_owned()).collect();
    assert_eq!(names, ["n", "exp", "name", "list"], "in the order they were given");
    assert_eq!((plain.json_of("n"), plain.json_of("exp")), (Some("1.50"), Some("2e9")));
    assert_eq!(plain.json_of("list"), Some("[ 1 ]"));
    assert_eq!(plain.expires_at(), Some(typed.exp));
    assert_eq!(plain.get::<f64>("n").unwrap(), Some(typed.n));
    assert_eq!(plain.get::<String>("name").unwrap().unwrap(), typed.name);
    assert_eq!(typed.name, "a/b");
}

/// One claim is read by its name, as JSON text or as a type; one that is not there is nothing.
pub fn a_single_claim_is_read_by_its_name(subject: &Subject) {
    let payload = json!({
        "iss": "idp", "sub": "joe", "aud": "api", "exp": 9, "nbf": 2, "iat": 1, "jti": "one",
        "n": [1, 2], "null": null,
    });
    let rules = Validation::new().any_audience();
    let claims = judge(payload.to_string(), &rules, at(5), subject).unwrap();
    assert_eq!(claims.issuer().as_deref(), Some("idp"));
    assert_eq!(claims.subject().as_deref(), Some("joe"));
    assert_eq!(claims.audience().unwrap(), ["api"]);
    assert_eq!(claims.token_id().as_deref(), Some("one"));
    let times = [claims.expires_at(), claims.not_before(), claims.issued_at()];
    assert_eq!(times, [9, 2, 1].map(|secs| Some(at(secs))));
    assert_eq!(claims.get::<Vec<u8>>("n").unwrap(), Some(vec![1, 2]));
    assert_eq!(claims.get::<Option<u8>>("null").unwrap(), Some(None));
    assert_eq!(claims.get::<u8>("N").unwrap(), None);
    assert_eq!((claims.json_of("null"), claims.json_of("toString")), (Some("null"), None));
    let misfit = claims.get::<u8>("sub").unwrap_err();
    assert_eq!((misfit.subject(), misfit.rule()), (error::Subject::Claims, Rule::Shape));
    let empty = judge("{}", &rules, at(5), subject).unwrap();
    assert!(empty.issuer().is_none() && empty.audience().is_none());
    assert_eq!(empty.members().count(), 0);
}

/// Claims that do not fit the caller's type are refused without a word of what they are.
pub fn claims_that_do_not_fit_are_refused_without_being_quoted(subject: &Subject) {
    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Narrow {
        #[expect(dead_code, reason = "the type is what matters")]
        n: u64,
    }
    let (trusted, rules) = (trusted(subject), Validation::new());
    for claims in [
        json!({"n": MARKER}),
        json!({"n": -1}),
        json!({MARKER: 1, "n": 1}),
        json!({}),
        json!({"n": {MARKER: MARKER.repeat(10_000)}}),
    ] {
        let token = genuine(claims.to_string(), subject);
        let refused = jwt::verify::<Narrow>(&token, &trusted, &rules, at(0)).unwrap_err();
        let jwt::Error::Parse(error) = &refused else { panic!("{refused:?}") };
        assert_eq!((error.subject(), error.rule()), (error::Subject::Claims, Rule::Shape));
        assert_eq!(refused.code(), "ERR_JWT_CLAIM_INVALID");
        assert!(error.source().is_none());
        assert!(!format!("{refused:?} {:?}", chain(&refused)).contains(MARKER));
    }
    let misfit = genuine(r#"{"n":"x","exp":1}"#, subject);
    let refused = jwt::verify::<Narrow>(&misfit, &trusted, &rules, at(1));
    assert_eq!(refused.unwrap_err().code(), "ERR_JWT_EXPIRED", "the rules come first");
}

/// Nothing is said about claims nobody signed: a forged token is forged, and not expired as well.
pub fn a_forged_token_is_never_called_expired(subject: &Subject) {
    for alg in subject.algorithms() {
        let claims = json!({"exp": 1, "iss": "x"});
        let token = jwt::sign(&claims, &keys::signer(alg, subject.backend())).unwrap();
        let trusted = keys::verifier(alg, subject.backend());
        let rules = Validation::strict("idp", "api");
        let repeated = r#"{"a":1,"a":1}"#;
        for payload in [r#"{"exp":2}"#, r#"{"exp":null}"#, "[]", "{", repeated, "", "\0"] {
            let refused = jwt::verify_claims(&forged(&token, payload), &trusted, &rules, at(100));
            let is = matches!(refused, Err(jwt::Error::Verify(VerifyError::InvalidSignature)));
            assert!(is, "{alg}, {payload}: {refused:?}");
        }
        let genuine = jwt::verify_claims(&token, &trusted, &rules, at(100));
        assert!(matches!(genuine, Err(jwt::Error::Claims(_))), "{alg}: {genuine:?}");
    }
}

/// Every failure has the code that callers and logs know it by.
pub fn failures_have_their_codes(subject: &Subject) {
    let rules = Validation::new;
    let code = |claims: &str, rules: Validation| {
        judge(claims, &rules, at(100), subject).unwrap_err().code()
    };
    assert_eq!(code(r#"{"exp":100}"#, rules()), "ERR_JWT_EXPIRED");
    assert_eq!(code(r#"{"iat":1}"#, rules().max_token_age("1").unwrap()), "ERR_JWT_EXPIRED");
    assert_eq!(code(r#"{"nbf":101}"#, rules()), "ERR_JWT_NBF");
    assert_eq!(code("{}", rules().require("sub")), "ERR_JWT_CLAIM_MISSING");
    assert_eq!(code(r#"{"exp":50}"#, rules().require("sub")), "ERR_JWT_CLAIM_MISSING");
    assert_eq!(code("{}", rules().typ("JWT")), "ERR_JWS_INVALID");
    for (claims, rules) in [
        (r#"{"iss":"x"}"#, rules().issuer("y")),
        (r#"{"sub":"x"}"#, rules().subject("y")),
        (r#"{"aud":"x"}"#, rules()),
        (r#"{"jti":"x"}"#, rules().jti("y")),
        (r#"{"iat":101}"#, rules().refuse_future_iat()),
        (r#"{"exp":"x"}"#, rules()),
        ("{}", rules().check("never", |_| false)),
        ("[]", rules()),
    ] {
        assert_eq!(code(claims, rules), "ERR_JWT_CLAIM_INVALID", "{claims}");
    }
    let token = genuine("{}", subject);
    let other = keys::verifier(SignatureAlgorithm::HS384, subject.backend());
    let verify = |token: &str, key| jwt::verify_claims(token, key, &rules(), at(0)).unwrap_err();
    let own = trusted(subject);
    assert_eq!(verify(&forged(&token, "{ }"), &own).code(), "ERR_JWS_SIGNATURE_INVALID");
    assert_eq!(verify(&token, &other).code(), "ERR_JWS_ALG_NOT_ALLOWED");
    assert_eq!(verify("e30.e30", &own).code(), "ERR_JWS_INVALID");
    let renamed = keys::private(ALG).with_kid("another");
    let renamed = VerifyingKey::from_jwk(&renamed, subject.backend()).unwrap();
    assert_eq!(verify(&token, &renamed).code(), "ERR_JWK_KEY_NOT_FOUND");
}

/// An error says what did not work, and its source why; claims that break several rules say each.
pub fn errors_say_what_and_why(subject: &Subject) {
    let own = trusted(subject);
    let why = |token: &str, rules: &Validation| {
        chain(&jwt::verify_claims(token, &own, rules, at(200)).unwrap_err())
    };
    let both = "{\"aud\":\"shop\",\"exp\":100}";
    let none = Validation::new();
    let acceptable = "the claims are not acceptable";
    let unexpected = "`aud` is present and no audience was expected; expired at 100, it is 200";
    assert_eq!(why(&genuine(both, subject), &none), [acceptable, unexpected]);
    let other = "`aud` does not name the expected audience";
    let rules = none.clone().audience("api");
    assert_eq!(why(&genuine("{\"aud\":\"shop\"}", subject), &rules), [acceptable, other]);
    let forged = why(&forged(&genuine("{}", subject), "{ }"), &none);
    assert_eq!(forged, ["the token was not accepted", &VerifyError::InvalidSignature.to_string()]);
    let malformed = why("e30.e30", &none);
    assert_eq!(malformed[0], "not a well-formed token");
    assert_eq!(malformed.len(), 2, "{malformed:?}");
}

/// Errors say which rule was broken, in a few words, and none of them is the token's.
pub fn errors_quote_nothing_of_the_token(subject: &Subject) {
    let long = MARKER.repeat(100_000 / MARKER.len());
    let rules = Validation::new().issuer("idp").subject("joe").audience("api").jti("one");
    let silent = |refused: jwt::Error| {
        for text in chain(&refused) {
            assert!(text.len() < 256 && !text.contains("xyzzy"), "{text}");
        }
        refused
    };
    for claims in [
        json!({"iss": long, "sub": MARKER, "aud": MARKER, "jti": MARKER}),
        json!({"iss": MARKER, "sub": long, "aud": [MARKER, MARKER], "jti": "one"}),
        json!({"iss": "idp", "sub": "joe", "aud": ["x", long], "jti": MARKER}),
        json!({"iss": "idp", "sub": "joe", "aud": "api", "jti": long}),
        json!({"iss": "idp", "sub": "joe", "aud": "api", "jti": "one", "exp": long}),
        json!({"iss": {MARKER: MARKER}, "sub": [MARKER], "aud": [[MARKER]], "jti": "one"}),
        json!([long]),
        json!(long),
    ] {
        let refused = judge(claims.to_string(), &rules, at(100), subject).unwrap_err();
        let jwt::Error::Claims(error) = silent(refused) else { continue };
        // The excerpts in fields are short, whatever they are cut from.
        assert!(format!("{error:?}").len() < 2048, "{error:?}");
    }
    let jti = json!({"jti": "\u{20AC}".repeat(1000), "exp": 1}).to_string();
    let failures = failures(jti, &Validation::new(), at(1), subject);
    let [ClaimFailure::Expired { jti: Some(jti), .. }] = &failures[..] else { panic!() };
    assert_eq!(jti, &"\u{20AC}".repeat(21), "63 octets: cut between characters");
    let token = genuine(json!({"iss": long}).to_string(), subject);
    let refused =
        |token: &str| jwt::verify_claims(token, &trusted(subject), &rules, at(0)).unwrap_err();
    silent(refused(&forged(&token, MARKER)));
    silent(refused(&token.replace('.', MARKER)));
    let (_, rest) = token.split_once('.').unwrap();
    for header in [
        json!({"alg": MARKER}),
        json!({"alg": "HS256", "kid": MARKER.repeat(100)}),
        json!({"alg": "HS256", "crit": [MARKER]}),
        json!({"alg": "HS256", "crit": [MARKER], MARKER: 1}),
        json!({"alg": [MARKER]}),
        json!({"alg": "HS256", "kid": {MARKER: 1}}),
        json!({"alg": "HS256", "jwk": {"kty": MARKER.repeat(100), "k": 1}, "kid": MARKER}),
    ] {
        let header = base64url::encode(header.to_string().as_bytes());
        silent(refused(&format!("{header}.{rest}")));
    }
}

/// Looking at a token that nobody verified is possible, in a module that says so.
pub fn looking_at_a_token_verifies_nothing(subject: &Subject) {
    let token = forged(&genuine("{}", subject), r#"{"iss":"idp","exp":1}"#);
    assert!(jws::verify(&token, &trusted(subject)).is_err());
    let unverified = Unverified::parse(&token).unwrap();
    assert_eq!(hazmat::peek_unverified_payload(&unverified), br#"{"iss":"idp","exp":1}"#);
    let claims = hazmat::peek_unverified_claims(&unverified).unwrap();
    assert_eq!(claims.issuer().as_deref(), Some("idp"));
    let json: Value = hazmat::peek_unverified_json(&unverified).unwrap();
    assert_eq!(json, json!({"iss": "idp", "exp": 1}));
    for (payload, rule) in [
        ("[]", Rule::NotAnObject),
        (r#"{"a":1,"a":1}"#, Rule::DuplicateMember),
        (r#"{"exp":null}"#, Rule::Type { member: "exp", expected: TIME }),
    ] {
        let token = forged(&token, payload);
        let refused = hazmat::peek_unverified_claims(&Unverified::parse(&token).unwrap());
        assert_eq!(refused.unwrap_err().rule(), rule, "{payload}");
    }
}

/// A token whose signature was checked apart is held to the same rules.
pub fn the_second_half_of_verifying_holds_the_same_rules(subject: &Subject) {
    let rules = Validation::new().issuer("https://idp");
    let accept = |claims: &str, now| {
        let token = genuine(claims, subject);
        let verified = Unverified::parse(&token).unwrap().verify(&trusted(subject)).unwrap();
        jwt::accept::<Value>(verified, &rules, at(now)).map(|claims| claims["iss"].clone())
    };
    let good = r#"{"iss":"https://idp","exp":100}"#;
    assert_eq!(accept(good, 99).unwrap(), json!("https://idp"));
    assert_eq!(accept(good, 100).unwrap_err().code(), "ERR_JWT_EXPIRED");
    assert_eq!(accept(r#"{"exp":100}"#, 99).unwrap_err().code(), "ERR_JWT_CLAIM_MISSING");
    assert!(matches!(accept("[]", 99), Err(jwt::Error::Parse(_))));
}

/// A condition is not asked about claims that do not fit the caller's type, nor after another that
/// does not hold: one that remembers token names must remember none of a token that is refused.
pub fn a_condition_that_remembers_sees_no_token_that_is_refused(subject: &Subject) {
    let seen = Arc::new(AtomicUsize::new(0));
    let count = seen.clone();
    let rules = Validation::new()
        .check("scope", |claims| claims.json_of("scope") == Some("\"read\""))
        .check("fresh", move |_| count.fetch_add(1, Ordering::Relaxed) < 9);
    let verify = |claims: &str| {
        let token = genuine(claims, subject);
        jwt::verify::<BTreeMap<String, String>>(&token, &trusted(subject), &rules, at(0)).is_ok()
    };
    assert!(!verify(r#"{"scope":"write"}"#));
    assert!(!verify(r#"{"scope":"read","n":1}"#), "does not fit");
    assert_eq!(seen.load(Ordering::Relaxed), 0);
    assert!(verify(r#"{"scope":"read"}"#));
    assert_eq!(seen.load(Ordering::Relaxed), 1);
}

/// A condition sees which key signed, so that issuers can be held to their own.
pub fn a_condition_sees_the_key_that_signed(subject: &Subject) {
    let own = |kid: &'static str| {
        Validation::new().check("own key", move |claims| claims.key_id() == Some(kid))
    };
    let token = genuine("{}", subject);
    let kid = keys::private(ALG).kid().unwrap().to_owned();
    assert_eq!(kid, "hs256-1");
    let verify = |rules| jwt::verify_claims(&token, &trusted(subject), &rules, at(0)).is_ok();
    assert!(verify(own("hs256-1")) && !verify(own("another")));
}
