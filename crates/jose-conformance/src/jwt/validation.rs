//! What claims must say to be accepted (RFC 7519 §4.1, §7.2, RFC 8725 §3.8-3.12).

use super::*;

/// `exp` is the first second in which a token is not accepted (RFC 7519 §4.1.4).
pub fn a_token_is_refused_in_the_second_it_expires(subject: &Subject) {
    let rules = Validation::new();
    for now in [0, 1, 98, 99] {
        assert!(accepted(r#"{"exp":100}"#, &rules, at(now), subject), "{now}");
    }
    for now in [100, 101, 1_000_000, 253_402_300_799] {
        let expected = [expired("100", at(now), 0)];
        assert_eq!(failures(r#"{"exp":100}"#, &rules, at(now), subject), expected);
        assert_eq!(expected[0].code(), "ERR_JWT_EXPIRED");
    }
    assert!(accepted("{}", &rules, UnixTime::MAX, subject), "no `exp` was asked for");
}

/// `nbf` is the first second in which a token is accepted (RFC 7519 §4.1.5).
pub fn a_token_is_accepted_from_the_second_of_its_nbf(subject: &Subject) {
    let rules = Validation::new();
    for now in [100, 101, 253_402_300_799] {
        assert!(accepted(r#"{"nbf":100}"#, &rules, at(now), subject), "{now}");
    }
    for now in [0, 98, 99] {
        let expected = [not_yet("100", at(now), 0)];
        assert_eq!(failures(r#"{"nbf":100}"#, &rules, at(now), subject), expected);
        assert_eq!(expected[0].code(), "ERR_JWT_NBF");
    }
}

/// Leeway moves each boundary by itself and by nothing more.
pub fn leeway_moves_each_boundary_by_exactly_itself(subject: &Subject) {
    for leeway in [0, 1, 600] {
        let rules = Validation::new().leeway(Duration::from_secs(leeway)).unwrap();
        let (exp, nbf) = (r#"{"exp":1000}"#, r#"{"nbf":1000}"#);
        assert!(accepted(exp, &rules, at(999 + leeway), subject), "{leeway}");
        let expected = [expired("1000", at(1000 + leeway), leeway)];
        assert_eq!(failures(exp, &rules, at(1000 + leeway), subject), expected);
        assert!(accepted(nbf, &rules, at(1000 - leeway), subject), "{leeway}");
        let expected = [not_yet("1000", at(999 - leeway), leeway)];
        assert_eq!(failures(nbf, &rules, at(999 - leeway), subject), expected);
    }
}

/// Leeway beyond ten minutes is a policy of accepting expired tokens, and is refused.
pub fn leeway_beyond_ten_minutes_is_refused(_subject: &Subject) {
    for text in ["601", "11m", "1h", "18446744073709551615"] {
        let refused = Validation::new().leeway(text).unwrap_err();
        assert_eq!(refused, DurationError::TooLong { max: 600 }, "{text}");
    }
    let refused = Validation::new().leeway(Duration::from_secs(u64::MAX)).unwrap_err();
    assert_eq!(refused, DurationError::TooLong { max: 600 });
    for text in ["600", "10m", "0"] {
        assert!(Validation::new().leeway(text).is_ok(), "{text}");
    }
}

/// A clock near the beginning of time, or near its end, makes no leeway wrap around.
pub fn leeway_does_not_wrap_at_either_end_of_time(subject: &Subject) {
    let rules = Validation::new().leeway("600").unwrap().refuse_future_iat();
    for now in [0, 1, 599] {
        assert!(accepted(r#"{"exp":0}"#, &rules, at(now), subject), "{now}");
        assert!(accepted(r#"{"nbf":600,"iat":600}"#, &rules, at(now), subject), "{now}");
    }
    assert_eq!(failures(r#"{"exp":0}"#, &rules, at(600), subject), [expired("0", at(600), 600)]);
    assert_eq!(failures(r#"{"nbf":601}"#, &rules, at(0), subject), [not_yet("601", at(0), 600)]);
    let last = r#"{"nbf":253402300799,"iat":253402300799}"#;
    assert!(accepted(last, &rules, at(253_402_300_799), subject));
    assert!(accepted(last, &rules, UnixTime::MAX, subject));
    let aged = rules.max_token_age("18446744073709551615").unwrap();
    assert!(accepted(r#"{"iat":0}"#, &aged, UnixTime::MAX, subject));
}

/// A token is as old as allowed to the second, and too old in the next; no age at all is an age.
pub fn a_token_may_be_as_old_as_allowed_and_no_older(subject: &Subject) {
    for (leeway, age) in [(0, 60), (5, 60), (600, 1), (0, 0), (1, 0)] {
        let rules = Validation::new().leeway(Duration::from_secs(leeway)).unwrap();
        let rules = rules.max_token_age(Duration::from_secs(age)).unwrap();
        let last = 1000 + age + leeway;
        assert!(accepted(r#"{"iat":1000}"#, &rules, at(last), subject), "{age} {leeway}");
        let expected = ClaimFailure::TooOld {
            iat: at(1000),
            max_age: Duration::from_secs(age),
            now: at(last + 1),
            leeway: Duration::from_secs(leeway),
        };
        assert_eq!(expected.code(), "ERR_JWT_EXPIRED");
        assert_eq!(failures(r#"{"iat":1000}"#, &rules, at(last + 1), subject), [expected]);
    }
}

/// An age is counted in whole seconds, as `iat` is written: a token is not too old in the second in
/// which it was issued.
pub fn a_token_is_not_too_old_in_the_second_it_was_issued(subject: &Subject) {
    let rules = Validation::new().max_token_age("0").unwrap();
    assert!(accepted(r#"{"iat":1000}"#, &rules, moment("1000.999"), subject));
    assert!(!accepted(r#"{"iat":1000}"#, &rules, moment("1001"), subject));
}

/// An age cannot be told without `iat`, nor of a token from the future.
pub fn an_age_needs_an_iat_that_is_not_in_the_future(subject: &Subject) {
    let rules = Validation::new().max_token_age("1h").unwrap();
    assert_eq!(failures(r#"{"exp":5000}"#, &rules, at(1000), subject), [missing("iat")]);
    assert!(accepted(r#"{"iat":1000}"#, &rules, at(1000), subject));
    let future = |now, leeway| ClaimFailure::IssuedInFuture {
        iat: at(1000),
        now: at(now),
        leeway: Duration::from_secs(leeway),
    };
    assert_eq!(failures(r#"{"iat":1000}"#, &rules, at(999), subject), [future(999, 0)]);
    assert_eq!(future(999, 0).code(), "ERR_JWT_CLAIM_INVALID");
    let lenient = rules.leeway("10").unwrap();
    assert!(accepted(r#"{"iat":1000}"#, &lenient, at(990), subject));
    assert_eq!(failures(r#"{"iat":1000}"#, &lenient, at(989), subject), [future(989, 10)]);
}

/// A future `iat` alone is accepted (RFC 7519 §4.1.6 asks for nothing), unless refused by name.
pub fn a_future_iat_is_accepted_unless_refused(subject: &Subject) {
    assert!(accepted(r#"{"iat":2000}"#, &Validation::new(), at(1000), subject));
    let rules = Validation::new().refuse_future_iat();
    assert!(accepted(r#"{"iat":2000}"#, &rules, at(2000), subject));
    assert!(accepted("{}", &rules, at(2000), subject), "it is not required");
    let expected =
        ClaimFailure::IssuedInFuture { iat: at(2000), now: at(1999), leeway: Duration::ZERO };
    assert_eq!(failures(r#"{"iat":2000}"#, &rules, at(1999), subject), [expected]);
}

/// A fraction of a second counts, in the token and in the clock, and in every spelling.
pub fn fractions_of_a_second_count(subject: &Subject) {
    let rules = Validation::new();
    for exp in ["100.5", "1.005e2", "1005e-1", "0.01005E+4", "100.500000000"] {
        let claims = format!("{{\"exp\":{exp}}}");
        for now in ["100", "100.25"] {
            assert!(accepted(&claims, &rules, moment(now), subject), "{exp} at {now}");
        }
        for now in ["100.5", "101"] {
            let expected = [expired("100.5", moment(now), 0)];
            assert_eq!(failures(&claims, &rules, moment(now), subject), expected);
        }
    }
    let nbf = r#"{"nbf":100.5}"#;
    assert_eq!(failures(nbf, &rules, at(100), subject), [not_yet("100.5", at(100), 0)]);
    for now in ["100.5", "101"] {
        assert!(accepted(nbf, &rules, moment(now), subject), "{now}");
    }
    let aged = Validation::new().max_token_age("10").unwrap();
    assert!(accepted(r#"{"iat":100.5}"#, &aged, moment("110.5"), subject));
    assert!(!accepted(r#"{"iat":100.5}"#, &aged, at(111), subject));
    assert!(!accepted(r#"{"iat":100.5}"#, &aged, at(100), subject), "half a second ahead");
}

/// A time no clock will show is malformed: never saturated to "for ever", never an overflow.
pub fn a_time_beyond_the_year_9999_is_malformed(subject: &Subject) {
    let rules = Validation::new();
    for name in TIMES {
        for huge in [
            "253402300800",
            "9007199254740993",
            "9223372036854775807",
            "9223372036854775808",
            "18446744073709551615",
            "18446744073709551616",
            "1e12",
            "1e30",
            "1e300",
            "1e308",
            "-1",
            "-0.001",
            "-1e300",
        ] {
            let claims = format!("{{\"{name}\":{huge}}}");
            let expected = [malformed(name, TIME, huge)];
            assert_eq!(failures(&claims, &rules, at(0), subject), expected, "{claims}");
        }
        for infinite in ["1e400", "-1e400", "1e99999999999999999999"] {
            let claims = format!("{{\"{name}\":{infinite}}}");
            assert_eq!(broken_rule(&claims, &rules, subject), Rule::Number, "{claims}");
        }
    }
    let last = r#"{"exp":253402300799,"iat":2.53402300799e11,"nbf":0}"#;
    assert!(accepted(last, &rules, at(253_402_300_798), subject));
}

/// A time of the wrong type is a failure even where nobody asked for that time: never "absent".
pub fn a_time_of_the_wrong_type_is_malformed(subject: &Subject) {
    for name in TIMES {
        for wrong in ["null", r#""""#, "false", "true", r#""123""#, "[]", "[100]", "{}", "-1"] {
            let claims = format!("{{\"{name}\":{wrong}}}");
            let expected = [malformed(name, TIME, wrong)];
            for now in [at(0), UnixTime::MAX] {
                assert_eq!(failures(&claims, &Validation::new(), now, subject), expected);
            }
            assert_eq!(expected[0].code(), "ERR_JWT_CLAIM_INVALID");
        }
    }
    let rules = Validation::new().require("exp");
    let expected = [missing("exp"), malformed("exp", TIME, "null")];
    assert_eq!(failures(r#"{"exp":null}"#, &rules, at(0), subject), expected);
}

/// 1970 is a time like any other, and zero is not false.
pub fn zero_is_a_time(subject: &Subject) {
    let rules = Validation::new();
    for zero in ["0", "-0", "0.0", "0e9"] {
        let exp = format!("{{\"exp\":{zero}}}");
        assert_eq!(failures(exp, &rules, at(0), subject), [expired("0", at(0), 0)], "{zero}");
        let others = format!("{{\"nbf\":{zero},\"iat\":{zero}}}");
        assert!(accepted(&others, &rules, at(0), subject), "{zero}");
        let aged = rules.clone().max_token_age("1h").unwrap().require("nbf");
        assert!(accepted(&others, &aged, at(3600), subject), "{zero}");
    }
}

/// A name of the wrong type is a failure: an array is not its elements, and nothing is not a name.
pub fn a_name_of_the_wrong_type_is_malformed(subject: &Subject) {
    let (new, idp) = (Validation::new, "https://idp.example");
    for name in ["iss", "sub", "jti"] {
        for wrong in ["null", "0", "true", "[]", "{}", r#"["https://idp.example"]"#] {
            let claims = format!("{{\"{name}\":{wrong}}}");
            let unasked = failures(&claims, &new(), at(0), subject);
            assert_eq!(unasked, [malformed(name, TEXT, wrong)], "{claims}");
            let rules = match name {
                "iss" => new().issuer(idp),
                "sub" => new().subject(idp),
                _ => new().jti(idp),
            };
            let asked = failures(&claims, &rules, at(0), subject);
            assert_eq!(asked.last(), Some(&malformed(name, TEXT, wrong)), "{claims}");
            assert_eq!(asked.len() > 1, wrong == "null", "{claims}: {asked:?}");
        }
    }
}

/// RFC 7519 §4.1.3: who is not among the audience refuses, and so does who never said who it is.
pub fn an_audience_has_to_name_us(subject: &Subject) {
    let (none, any) = (Validation::new(), Validation::new().any_audience());
    let api = Validation::new().audience("api");
    let other = |expected: &[&str], actual: &[&str]| {
        let failure = ClaimFailure::Audience { expected: texts(expected), actual: texts(actual) };
        assert_eq!(failure.code(), "ERR_JWT_CLAIM_INVALID");
        vec![failure]
    };
    let verdicts =
        |claims: &str| [&none, &api, &any].map(|rules| failures(claims, rules, at(0), subject));
    assert_eq!(verdicts("{}"), [vec![], vec![missing("aud")], vec![]]);
    for (aud, names) in [
        (r#""api""#, &["api"][..]),
        (r#"["api"]"#, &["api"]),
        (r#"["x","api"]"#, &["x", "api"]),
        (r#"["\u0061pi"]"#, &["api"]),
    ] {
        let expected = [other(&[], names), vec![], vec![]];
        assert_eq!(verdicts(&format!("{{\"aud\":{aud}}}")), expected, "{aud}");
    }
    for (aud, names) in [
        (r#""x""#, &["x"][..]),
        (r#""""#, &[""]),
        (r#""api/""#, &["api/"]),
        (r#""API""#, &["API"]),
        (r#"["ap","i"]"#, &["ap", "i"]),
        ("[]", &[]),
    ] {
        let expected = [other(&[], names), other(&["api"], names), vec![]];
        assert_eq!(verdicts(&format!("{{\"aud\":{aud}}}")), expected, "{aud}");
    }
    let wrong = |aud| malformed("aud", TEXTS, aud);
    for aud in ["5", "true", "{}", r#"["api",5]"#, r#"["api",null]"#, r#"[["api"]]"#] {
        let expected = [vec![wrong(aud)], vec![wrong(aud)], vec![wrong(aud)]];
        assert_eq!(verdicts(&format!("{{\"aud\":{aud}}}")), expected, "{aud}");
    }
    let null = || wrong("null");
    let expected = [vec![null()], vec![missing("aud"), null()], vec![null()]];
    assert_eq!(verdicts(r#"{"aud":null}"#), expected);
    let many: Vec<_> = (0..100).map(|n: u8| n.to_string()).collect();
    let first = other(&["api"], &["0", "1", "2", "3", "4", "5", "6", "7"]);
    assert_eq!(failures(json!({"aud": many}).to_string(), &api, at(0), subject), first);
}

/// An issuer is compared octet by octet: no prefix, no case, no slash more or less.
pub fn an_issuer_is_compared_exactly(subject: &Subject) {
    let rules = Validation::new().issuer("https://idp.example");
    let claims = |iss: &str| json!({"iss": iss}).to_string();
    assert!(accepted(claims("https://idp.example"), &rules, at(0), subject));
    assert!(accepted(r#"{"iss":"https:\/\/idp\u002eexample"}"#, &rules, at(0), subject));
    for other in [
        "",
        "https://idp.exampl",
        "https://idp.example/",
        "https://idp.example.evil",
        "https://idp.example ",
        " https://idp.example",
        "https://IDP.example",
        "HTTPS://idp.example",
        "http://idp.example",
        "https://idp%2Eexample",
        "https://idp.example\0",
        "idp.example",
        // Letters that look like these, and a sign that nobody sees.
        "https://\u{456}dp.example",
        "https://idp.example\u{200b}",
        "https://idp\u{ff0e}example",
    ] {
        let expected = texts(&["https://idp.example"]);
        let expected = ClaimFailure::Issuer { expected, actual: other.into() };
        assert_eq!(failures(claims(other), &rules, at(0), subject), [expected], "{other:?}");
    }
    let nobody = Validation::new().issuer("");
    assert!(accepted(claims(""), &nobody, at(0), subject));
    assert_eq!(failures("{}", &nobody, at(0), subject), [missing("iss")]);
    let expected = ClaimFailure::Issuer { expected: texts(&[""]), actual: "x".into() };
    assert_eq!(failures(claims("x"), &nobody, at(0), subject), [expected]);
}

/// Said again, an expectation is one of several.
pub fn one_of_several_expected_values_is_enough(subject: &Subject) {
    let rules = Validation::new().issuer("a").issuer("b").subject("c").subject("d");
    let rules = rules.audience("e").audience("f");
    for (iss, sub, aud) in [("a", "c", "e"), ("b", "d", "f"), ("a", "d", "f")] {
        let claims = json!({"iss": iss, "sub": sub, "aud": aud}).to_string();
        assert!(accepted(&claims, &rules, at(0), subject), "{claims}");
    }
    let claims = json!({"iss": "c", "sub": "a", "aud": ["a", "c"]}).to_string();
    let expected = [
        ClaimFailure::Issuer { expected: texts(&["a", "b"]), actual: "c".into() },
        ClaimFailure::Subject { expected: texts(&["c", "d"]), actual: "a".into() },
        ClaimFailure::Audience { expected: texts(&["e", "f"]), actual: texts(&["a", "c"]) },
    ];
    assert_eq!(failures(claims, &rules, at(0), subject), expected);
}

/// What is asked for must be there, by its own name and not `null`; all that is missing is named.
pub fn what_is_asked_for_must_be_there(subject: &Subject) {
    let rules = Validation::new().issuer("a").subject("a").audience("a").jti("a");
    let rules = rules.max_token_age("1h").unwrap();
    let rules = rules.require("exp").require("toString").require("exp");
    let expected = ["aud", "exp", "iat", "iss", "jti", "sub", "toString"].map(missing);
    assert_eq!(failures("{}", &rules, at(0), subject), expected);
    assert!(expected.iter().all(|failure| failure.code() == "ERR_JWT_CLAIM_MISSING"));
    let own = Validation::new().require("tenant");
    for claims in ["{}", r#"{"tenant":null}"#, r#"{"Tenant":1}"#, r#"{"a":{"tenant":1}}"#] {
        assert_eq!(failures(claims, &own, at(0), subject), [missing("tenant")], "{claims}");
    }
    for there in ["0", "false", r#""""#, "[]", "{}"] {
        assert!(accepted(format!("{{\"tenant\":{there}}}"), &own, at(0), subject), "{there}");
    }
}

/// A token's name is compared where one is expected.
pub fn a_token_name_is_compared_exactly(subject: &Subject) {
    let rules = Validation::new().jti("one");
    assert!(accepted(r#"{"jti":"one"}"#, &rules, at(0), subject));
    for other in ["", "One", "one ", "on", "ones"] {
        let claims = json!({"jti": other}).to_string();
        let expected = ClaimFailure::Jti { expected: "one".into(), actual: other.into() };
        assert_eq!(expected.code(), "ERR_JWT_CLAIM_INVALID");
        assert_eq!(failures(claims, &rules, at(0), subject), [expected]);
    }
}

/// Every rule that is broken is reported, each with what was expected and what was found.
pub fn every_broken_rule_is_reported_with_both_values(subject: &Subject) {
    let called = Arc::new(AtomicUsize::new(0));
    let counter = called.clone();
    let rules = Validation::new().typ("at+jwt").issuer("idp").subject("joe").audience("api");
    let rules = rules.jti("one").require("tenant").refuse_future_iat().leeway("10").unwrap();
    let rules = rules.check("unseen", move |_| counter.fetch_add(1, Ordering::Relaxed) > 99);
    let claims = json!({
        "iss": "x", "sub": "eve", "aud": "shop", "jti": "two", "exp": 100, "nbf": 300, "iat": 250,
    });
    let (now, leeway) = (at(200), Duration::from_secs(10));
    let expected = [
        ClaimFailure::Typ { expected: "at+jwt".into(), actual: None },
        missing("tenant"),
        ClaimFailure::Issuer { expected: texts(&["idp"]), actual: "x".into() },
        ClaimFailure::Subject { expected: texts(&["joe"]), actual: "eve".into() },
        ClaimFailure::Audience { expected: texts(&["api"]), actual: texts(&["shop"]) },
        ClaimFailure::Jti { expected: "one".into(), actual: "two".into() },
        ClaimFailure::NotYetValid { nbf: at(300), now, leeway },
        ClaimFailure::Expired {
            exp: at(100),
            now,
            leeway,
            iat: Some(at(250)),
            jti: Some("two".into()),
        },
        ClaimFailure::IssuedInFuture { iat: at(250), now, leeway },
    ];
    assert_eq!(failures(claims.to_string(), &rules, now, subject), expected);
    assert_eq!(called.load(Ordering::Relaxed), 0);
}

/// An expired token says when it expired, when it was looked at, when it was made and its name.
pub fn an_expired_token_says_when_and_which(subject: &Subject) {
    let claims = r#"{"exp":100.5,"iat":40,"jti":"token 7"}"#;
    let rules = Validation::new().leeway("30").unwrap();
    let expected = ClaimFailure::Expired {
        exp: moment("100.5"),
        now: at(131),
        leeway: Duration::from_secs(30),
        iat: Some(at(40)),
        jti: Some("token 7".into()),
    };
    assert_eq!(expected.to_string(), "expired at 100.5, it is 131, with 30 s of leeway");
    assert_eq!(failures(claims, &rules, at(131), subject), [expected]);
}
