//! Signing claims (RFC 7519 §7.1).

use super::*;

/// A struct goes in, and the same struct comes out, under every algorithm.
pub fn typed_claims_round_trip_under_every_algorithm(subject: &Subject) {
    let rules = Validation::new().issuer("https://idp.example");
    for alg in subject.algorithms() {
        let token = jwt::sign(&session(), &keys::signer(alg, subject.backend())).unwrap();
        let trusted = keys::verifier(alg, subject.backend());
        let verified = jwt::verify::<Session>(&token, &trusted, &rules, at(2_000_000_000)).unwrap();
        assert_eq!(verified.content(), &session(), "{alg}");
        assert_eq!(verified.key_id(), keys::private(alg).kid(), "{alg}");
        let refused = jwt::verify::<Session>(&token, &trusted, &rules, at(2_000_000_001));
        assert_eq!(refused.unwrap_err().code(), "ERR_JWT_EXPIRED", "{alg}");
    }
}

/// Claims are signed as they were given: nothing is added, and nothing is in another order.
pub fn claims_are_signed_as_they_are(subject: &Subject) {
    #[derive(Serialize)]
    struct Ordered {
        zulu: u8,
        alpha: Option<u8>,
        mike: &'static str,
    }
    let ordered = Ordered { zulu: 1, alpha: None, mike: "</script>" };
    let token = jwt::sign(&ordered, &key(subject)).unwrap();
    assert_eq!(payload_of(&token), r#"{"zulu":1,"alpha":null,"mike":"</script>"}"#);
    assert_eq!(payload_of(&jwt::sign(&json!({}), &key(subject)).unwrap()), "{}");
}

/// A claim that the claims write is that claim: no option overrides it, and none is written twice.
pub fn a_claim_the_claims_write_is_never_overridden(subject: &Subject) {
    let claims = json!({"iat": 0, "nbf": 5, "exp": 7, "jti": "mine"});
    let builders = [
        Builder::at(at(1000)).expires_in("1h").not_before_in("1m").jti("other").issued_at(),
        Builder::at(at(1000)).expires_at(at(9)).not_before_at(at(9)).random_jti(subject.backend()),
    ];
    for builder in builders {
        let token = builder.sign(&claims, &key(subject)).unwrap();
        assert_eq!(claims_of(&token), claims);
        for name in ["iat", "nbf", "exp", "jti"] {
            assert_eq!(payload_of(&token).matches(&format!("\"{name}\":")).count(), 1, "{name}");
        }
    }
    let some = built(Builder::at(at(1000)).expires_in("1h"), &json!({"iat": 0}), subject);
    assert_eq!(some, json!({"iat": 0, "exp": 3600}), "an `iat` of 0 is an `iat`");
}

/// A registered claim of the wrong type is refused when signing: no verifier would take it.
pub fn a_registered_claim_of_the_wrong_type_is_not_signed(subject: &Subject) {
    let wrong_times = ["null", r#""""#, r#""123""#, "true", "[]", "{}", "-1", "1e300"];
    let wrong_texts = ["null", "0", "false", "[]", r#"["a"]"#, "{}"];
    let wrong_audiences = ["null", "0", "true", "{}", "[1]", r#"["a",null]"#, r#"[["a"]]"#];
    let table = [
        (&TIMES[..], &wrong_times[..], TIME),
        (&["iss", "sub", "jti"], &wrong_texts, TEXT),
        (&["aud"], &wrong_audiences, TEXTS),
    ];
    for (names, wrongs, expected) in table {
        for (name, wrong) in names.iter().flat_map(|name| wrongs.iter().map(move |w| (*name, w))) {
            let claims: Value = serde_json::from_str(&format!("{{\"{name}\":{wrong}}}")).unwrap();
            let rule = Rule::Type { member: name, expected };
            assert_eq!(refused_rule(jwt::sign(&claims, &key(subject))), rule, "{name} {wrong}");
            let timed = Builder::at(at(0)).expires_in("1h").not_before_in("0").issued_at();
            assert_eq!(refused_rule(timed.sign(&claims, &key(subject))), rule, "{name} {wrong}");
        }
    }
    for right in [json!({"aud": "a"}), json!({"aud": ["a", "b"]}), json!({"aud": [], "exp": 0})] {
        assert!(jwt::sign(&right, &key(subject)).is_ok(), "{right}");
    }
}

/// A number that JSON cannot hold becomes `null` on the way, and must not pass for a time.
pub fn a_time_that_is_no_number_is_not_signed(subject: &Subject) {
    for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, -1.0] {
        for name in TIMES {
            let refused = jwt::sign(&BTreeMap::from([(name, number)]), &key(subject));
            assert_eq!(refused_rule(refused), Rule::Type { member: name, expected: TIME });
        }
    }
}

/// Claims are a JSON object; options for claims do not make one of anything else.
pub fn what_is_no_object_is_not_signed_as_claims(subject: &Subject) {
    fn check(claims: &impl Serialize, subject: &Subject) {
        assert_eq!(refused_rule(jwt::sign(claims, &key(subject))), Rule::NotAnObject);
        let timed = Builder::at(at(1)).expires_in("1h").jti("a");
        assert_eq!(refused_rule(timed.sign(claims, &key(subject))), Rule::NotAnObject);
        let unsigned = Builder::at(at(1)).unsigned(claims, ALG, None);
        assert_eq!(refused_rule(unsigned.map(|_| String::new())), Rule::NotAnObject);
    }
    check(&[1, 2], subject);
    check(&[("sub", "joe")], subject);
    check(&r#"{"sub":"joe"}"#, subject);
    check(&5, subject);
    check(&f64::NAN, subject);
    check(&true, subject);
    check(&(), subject);
    check(&None::<Session>, subject);
}

/// Claims that would be refused as hostile when read are refused when signed.
pub fn claims_that_no_reader_takes_are_not_signed(subject: &Subject) {
    #[derive(Serialize)]
    struct Twice {
        sub: &'static str,
        #[serde(flatten)]
        rest: BTreeMap<&'static str, &'static str>,
    }
    struct Unwilling;
    impl Serialize for Unwilling {
        fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom(MARKER))
        }
    }
    let twice = Twice { sub: "joe", rest: BTreeMap::from([("sub", "eve")]) };
    assert_eq!(refused_rule(jwt::sign(&twice, &key(subject))), Rule::DuplicateMember);
    let deep = |depth| serde_json::from_str::<Value>(&nested(depth)).unwrap();
    assert!(jwt::sign(&deep(64), &key(subject)).is_ok());
    let refused = jwt::sign(&deep(65), &key(subject));
    assert_eq!(refused_rule(refused), Rule::Depth { limit: 64 });
    let refused = jwt::sign(&Unwilling, &key(subject));
    assert!(!format!("{refused:?}").contains(MARKER));
    assert_eq!(refused_rule(refused), Rule::Shape);
    let refused = jwt::sign(&BTreeMap::from([((1, 2), 3)]), &key(subject));
    assert_eq!(refused_rule(refused), Rule::Shape);
}

/// `typ` is `JWT` on claims and absent from octets; `cty` is not for either (RFC 7519 §5.2).
pub fn claims_are_typed_and_octets_are_not(subject: &Subject) {
    let claims = header_of(&jwt::sign(&json!({}), &key(subject)).unwrap());
    assert_eq!((claims.typ(), claims.cty()), (Some("JWT"), None));
    let octets = header_of(&jws::sign(b"{}", &key(subject)).unwrap());
    assert_eq!((octets.typ(), octets.cty()), (None, None));
    let typed = |builder: Builder| {
        let token = builder.sign(&json!({}), &key(subject)).unwrap();
        header_of(&token).typ().map(String::from)
    };
    assert_eq!(typed(Builder::at(at(0)).typ("at+jwt")).as_deref(), Some("at+jwt"));
    assert_eq!(typed(Builder::at(at(0)).without_typ()), None);
    assert_eq!(typed(Builder::at(at(0)).header(Header::new())).as_deref(), Some("JWT"));
    let given = Header::new().with_typ("dpop+jwt");
    assert_eq!(typed(Builder::at(at(0)).header(given.clone())).as_deref(), Some("dpop+jwt"));
    assert_eq!(typed(Builder::at(at(0)).header(given).typ("at+jwt")).as_deref(), Some("at+jwt"));
}

/// A token names its key as the key names itself, unless told otherwise.
pub fn a_token_names_its_key_unless_told_otherwise(subject: &Subject) {
    let named = |builder: Builder, key: &SigningKey| {
        let token = builder.sign(&json!({}), key).unwrap();
        header_of(&token).kid().map(String::from)
    };
    let start = || Builder::at(at(0));
    assert_eq!(named(start(), &key(subject)).as_deref(), Some("hs256-1"));
    assert_eq!(named(start().kid("other"), &key(subject)).as_deref(), Some("other"));
    assert_eq!(named(start().without_kid(), &key(subject)), None);
    let given = Header::new().with_kid("given");
    assert_eq!(named(start().header(given), &key(subject)).as_deref(), Some("given"));
    let nameless =
        SigningKey::from_jwk(&keys::private(ALG).without_kid(), subject.backend()).unwrap();
    assert_eq!(named(start(), &nameless), None);
    assert_eq!(named(start().kid("other"), &nameless).as_deref(), Some("other"));
}

/// One key, one algorithm: a header that names another is refused, not obeyed.
pub fn a_header_that_contradicts_the_key_is_refused(subject: &Subject) {
    let other = keys::signer(SignatureAlgorithm::HS512, subject.backend()).header();
    let refused = Builder::at(at(0)).header(other.clone()).sign(&json!({}), &key(subject));
    let Err(SignError::Jws(jws::SignError::Key(KeyError::Algorithm { expected, actual }))) =
        &refused
    else {
        panic!("{refused:?}")
    };
    assert_eq!((*expected, actual.as_str()), ("HS256", "HS512"));
    let unsigned = Builder::at(at(0)).header(other).unsigned(&json!({}), ALG, None);
    assert!(matches!(unsigned, Err(SignError::Jws(jws::SignError::Key(_)))), "{unsigned:?}");
    let same = key(subject).header();
    assert!(Builder::at(at(0)).header(same).sign(&json!({}), &key(subject)).is_ok());
}

/// Header parameters of the caller's are signed with the claims, `crit` and all.
pub fn header_parameters_of_the_callers_are_signed(subject: &Subject) {
    let header = Header::new().with("region", json!(["eu", 1])).unwrap().with_cty("x");
    let header = header.with_crit(["region"]);
    let token = Builder::at(at(0)).header(header.clone()).sign(&json!({}), &key(subject)).unwrap();
    let rules = Validation::new().with_policy(Policy::new().understands("region"));
    let verified = jwt::verify_claims(&token, &trusted(subject), &rules, at(0)).unwrap();
    assert_eq!(verified.protected().get("region"), Some(r#"["eu",1]"#));
    assert_eq!(verified.protected().cty(), Some("x"));
    let refused = jwt::verify_claims(&token, &trusted(subject), &Validation::new(), at(0));
    let Err(jwt::Error::Verify(VerifyError::Critical(critical))) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(critical, error::Critical::NotUnderstood("region".into()));
    for name in ["alg", "b64", "crit", "jwk", "kid", "typ", "zip"] {
        let refused = header.clone().with(name, "a").unwrap_err();
        assert!(matches!(refused.rule(), Rule::Value { .. }), "{name}: {refused:?}");
    }
}

/// A time is a number of seconds after `iat`, in the grammar of durations or as a `Duration`.
pub fn durations_follow_the_grammar(subject: &Subject) {
    for (units, seconds) in [
        (&["", "s", "second", "seconds"][..], 1),
        (&["m", "minute", "minutes"], 60),
        (&["h", "hour", "hours"], 3_600),
        (&["D", "day", "days"], 86_400),
        (&["W", "week", "weeks"], 604_800),
        (&["M", "month", "months"], 2_592_000),
        (&["Y", "year", "years"], 31_536_000),
    ] {
        let later = 1000 + 3 * seconds;
        for unit in units {
            let text = format!("03{unit}");
            let builder = Builder::at(at(1000)).expires_in(&text).not_before_in(&text);
            let expected = json!({"iat": 1000, "nbf": later, "exp": later});
            assert_eq!(built(builder, &json!({}), subject), expected, "{text}");
        }
        let builder = Builder::at(at(1000)).expires_in(Duration::from_secs(3 * seconds));
        assert_eq!(built(builder, &json!({}), subject)["exp"], later);
    }
}

/// A duration outside the grammar is refused wherever a duration is taken.
pub fn durations_outside_the_grammar_are_refused(subject: &Subject) {
    fn check(duration: impl IntoSeconds + Copy, expected: DurationError, subject: &Subject) {
        let sign = |builder: Builder| refused_duration(builder.sign(&json!({}), &key(subject)));
        assert_eq!(sign(Builder::at(at(0)).expires_in(duration)), expected);
        assert_eq!(sign(Builder::at(at(0)).not_before_in(duration)), expected);
        assert_eq!(Validation::new().leeway(duration).unwrap_err(), expected);
        assert_eq!(Validation::new().max_token_age(duration).unwrap_err(), expected);
    }
    for text in [
        "", "h", "1d", "1w", "1y", "1H", "1S", "1 h", " 1h", "1h ", "1h\n", "-1", "-1h", "+1h",
        "1.5h", "1e3", "10ms", "1h30m", "1hr", "0x10", "\u{661}h", "Infinity", "NaN",
    ] {
        check(text, DurationError::Grammar, subject);
    }
    for text in ["18446744073709551616", "999999999999999999999Y", "584942417356Y"] {
        check(text, DurationError::Overflow, subject);
    }
    check(Duration::from_millis(1500), DurationError::Fraction, subject);
    check(Duration::MAX, DurationError::Fraction, subject);
}

/// A token that expires when it is made is a mistake; one that is valid at once is not.
pub fn a_token_that_never_lives_is_refused(subject: &Subject) {
    let sign = |builder: Builder| builder.sign(&json!({}), &key(subject));
    for zero in ["0", "0h", "00seconds"] {
        let refused = sign(Builder::at(at(5)).expires_in(zero));
        assert_eq!(refused_duration(refused), DurationError::Zero);
        let nbf = built(Builder::at(at(5)).not_before_in(zero), &json!({}), subject);
        assert_eq!(nbf, json!({"iat": 5, "nbf": 5}));
    }
    let refused = sign(Builder::at(at(5)).expires_in(Duration::ZERO));
    assert_eq!(refused_duration(refused), DurationError::Zero);
}

/// No time after the year 9999 is written, whatever it is the sum of.
pub fn a_time_past_the_year_9999_is_not_signed(subject: &Subject) {
    let refused =
        |builder: Builder, claims: &Value| refused_duration(builder.sign(claims, &key(subject)));
    for long in ["253402300799", "8036Y", "18446744073709551615", "584942417355Y"] {
        let start = || Builder::at(at(1));
        let (exp, nbf) = (start().expires_in(long), start().not_before_in(long));
        assert_eq!(refused(exp, &json!({})), DurationError::Overflow, "{long}");
        assert_eq!(refused(nbf, &json!({})), DurationError::Overflow, "{long}");
    }
    let late = json!({"iat": 253_402_300_799_u64});
    let start = || Builder::at(at(1));
    assert_eq!(refused(start().expires_in("1"), &late), DurationError::Overflow);
    let last = built(start().expires_in("253402300798"), &json!({}), subject);
    assert_eq!(last["exp"], 253_402_300_799_u64);
    let most = built(Builder::at(UnixTime::MAX).expires_at(UnixTime::MAX), &json!({}), subject);
    assert_eq!(most, json!({"iat": 253_402_300_799_u64, "exp": 253_402_300_799_u64}));
}

/// Two options for one time are a mistake, whichever comes first and whatever the claims say.
pub fn two_ways_to_say_one_time_exclude_each_other(subject: &Subject) {
    let start = || Builder::at(at(0));
    for (builder, options) in [
        (start().expires_in("1h").expires_at(at(9)), "expires_in and expires_at"),
        (start().expires_at(at(9)).expires_in("1h"), "expires_in and expires_at"),
        (start().not_before_in("1h").not_before_at(at(9)), "not_before_in and not_before_at"),
        (start().not_before_at(at(9)).not_before_in("0"), "not_before_in and not_before_at"),
    ] {
        let refused = builder.sign(&json!({"exp": 1, "nbf": 1}), &key(subject)).unwrap_err();
        assert_eq!(refused.code(), "ERR_JWT_CLAIM_INVALID");
        assert!(matches!(refused, SignError::Conflict(own) if own == options), "{refused:?}");
    }
}

/// `iat` comes with a time option, and not without one.
pub fn no_time_is_written_unless_one_is_asked_for(subject: &Subject) {
    let claims = json!({"sub": "joe"});
    assert_eq!(claims_of(&jwt::sign(&claims, &key(subject)).unwrap()), claims);
    assert_eq!(built(Builder::at(at(7)).typ("a").kid("b"), &claims, subject), claims);
    let with = |builder: Builder| built(builder, &json!({}), subject);
    assert_eq!(with(Builder::at(at(7)).issued_at()), json!({"iat": 7}));
    assert_eq!(with(Builder::at(at(7)).expires_in("1")), json!({"iat": 7, "exp": 8}));
    assert_eq!(with(Builder::at(at(7)).expires_at(at(9))), json!({"iat": 7, "exp": 9}));
    assert_eq!(with(Builder::at(at(7)).not_before_in("1")), json!({"iat": 7, "nbf": 8}));
    assert_eq!(with(Builder::at(at(7)).not_before_at(at(9))), json!({"iat": 7, "nbf": 9}));
}

/// A duration counts from the claims' own `iat` where they have one.
pub fn durations_count_from_the_claims_own_iat(subject: &Subject) {
    let builder = || Builder::at(at(1_000_000)).expires_in("1h").not_before_in("1m");
    for (claims, expected) in [
        (json!({"iat": 100}), json!({"iat": 100, "nbf": 160, "exp": 3700})),
        (json!({"iat": 0}), json!({"iat": 0, "nbf": 60, "exp": 3600})),
        (json!({"iat": 0.5}), json!({"iat": 0.5, "nbf": 60.5, "exp": 3600.5})),
    ] {
        assert_eq!(built(builder(), &claims, subject), expected);
    }
}

/// Times that options give are whole seconds, rounded down, and may be past.
pub fn times_are_rounded_down_and_may_be_past(subject: &Subject) {
    let builder = Builder::at(moment("1000.999999")).expires_in("1s");
    assert_eq!(built(builder, &json!({}), subject), json!({"iat": 1000, "exp": 1001}));
    let builder =
        Builder::at(at(1000)).expires_at(moment("10.999999")).not_before_at(moment("0.5"));
    assert_eq!(built(builder, &json!({}), subject), json!({"iat": 1000, "nbf": 0, "exp": 10}));
}

/// A token name is drawn only when asked for, and never the same one twice.
pub fn a_token_name_is_drawn_when_asked_for_and_never_twice(subject: &Subject) {
    let mut seen = BTreeSet::new();
    for _ in 0..64 {
        let builder = Builder::at(at(0)).random_jti(subject.backend());
        let claims = built(builder, &json!({"sub": "joe"}), subject);
        let jti = claims["jti"].as_str().unwrap();
        assert_eq!(base64url::decode(jti.as_bytes()).unwrap().len(), 16);
        assert!(seen.insert(jti.to_string()), "{jti} drawn twice");
    }
    let given = built(Builder::at(at(0)).jti("a \"name\"\n"), &json!({}), subject);
    assert_eq!(given, json!({"jti": "a \"name\"\n"}));
}

/// Without entropy there is no token: never one with a name that is not random.
pub fn a_token_name_that_cannot_be_drawn_is_an_error(subject: &Subject) {
    #[derive(Debug)]
    struct Drained;
    impl Backend for Drained {
        fn name(&self) -> &'static str {
            "drained"
        }
        fn digest(&self, _: Hash, _: &[&[u8]], _: &mut [u8]) -> Result<(), CryptoError> {
            Err(CryptoError::default())
        }
        fn random(&self, _: &mut [u8]) -> Result<(), CryptoError> {
            Err(CryptoError::from_source("no entropy"))
        }
    }
    let refused = Builder::at(at(0)).random_jti(&Drained).sign(&json!({}), &key(subject));
    let error = refused.unwrap_err();
    assert_eq!(error.code(), "ERR_CRYPTO_UNAVAILABLE");
    assert!(matches!(error, SignError::Unavailable(_)), "{error:?}");
    assert_eq!(chain(&error).last().unwrap(), "no entropy");
}

/// What is not signed says what did not work, and its source why.
pub fn what_is_not_signed_says_why(subject: &Subject) {
    let why = |builder: Builder, claims: &Value, key: &SigningKey| {
        chain(&builder.sign(claims, key).unwrap_err())
    };
    let (plain, own) = (|| Builder::at(at(0)), key(subject));
    let claims = why(plain(), &json!({"exp": "x"}), &own);
    assert_eq!(claims[0], "these claims cannot be signed");
    assert_eq!(claims.len(), 2, "{claims:?}");
    let duration = why(plain().expires_in("0s"), &json!({}), &own);
    assert_eq!(duration[0], "a time option cannot be honoured");
    assert_eq!(duration.len(), 2, "{duration:?}");
    let conflict = why(plain().expires_in("1h").expires_at(at(9)), &json!({}), &own);
    assert_eq!(conflict.len(), 1, "{conflict:?}");
    assert!(conflict[0].ends_with(" exclude each other"), "{conflict:?}");
    let header = keys::signer(SignatureAlgorithm::HS512, subject.backend()).header();
    let other = why(plain().header(header), &json!({}), &own);
    assert_eq!(other[0], "the token could not be signed");
    assert!(other.len() >= 2, "{other:?}");
}

/// Claims laid out for a key that is held elsewhere are those signed here, and verify.
pub fn claims_signed_in_two_steps_verify(subject: &Subject) {
    for alg in subject.algorithms() {
        let build = || Builder::at(at(1000)).expires_in("1h").jti("a").typ("at+jwt");
        let claims = json!({"sub": "joe"});
        let jwk = keys::private(alg);
        let unsigned = build().unsigned(&claims, alg, jwk.kid()).unwrap();
        let token = build().sign(&claims, &keys::signer(alg, subject.backend())).unwrap();
        let (input, signature) = token.rsplit_once('.').unwrap();
        assert_eq!(unsigned.signing_input(), input.as_bytes(), "{alg}");
        let signature = base64url::decode(signature.as_bytes()).unwrap();
        let attached = unsigned.attach(&signature).unwrap();
        let trusted = keys::verifier(alg, subject.backend());
        let rules = Validation::new().typ("at+jwt").jti("a");
        let verified = jwt::verify_claims(&attached, &trusted, &rules, at(4599)).unwrap();
        assert_eq!(verified.expires_at(), Some(at(4600)), "{alg}");
    }
}
