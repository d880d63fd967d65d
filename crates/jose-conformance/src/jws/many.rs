//! Many signatures over one payload, and which of them have to be valid (RFC 7515 §7.2.1).

use super::*;

/// One payload, several keys of several algorithms: each is enough, and all are told of.
pub fn several_keys_sign_one_payload(subject: &Subject) {
    let algs: Vec<_> = subject.algorithms().collect();
    let signers: Vec<_> = algs.iter().map(|alg| signer(*alg, subject)).collect();
    let jws = signed_by(&signers[..algs.len().min(16)]);
    for (index, alg) in algs.iter().enumerate().take(16) {
        // `EdDSA` and `Ed25519` are one algorithm, and their keys here are not.
        let verified = jws.verify(&verifier(*alg, subject)).unwrap();
        assert_eq!(verified.content(), PAYLOAD);
        assert_eq!(valid_places(&verified), [index], "{alg}");
        assert_eq!(verified.key_id(), signers[index].kid());
    }
    let algs = three(subject);
    let signers: Vec<_> = algs.iter().map(|alg| signer(*alg, subject)).collect();
    let jws = signed_by(&signers);
    let verified = jws.verify_with(&trusting(&algs, subject), &requiring(Required::All)).unwrap();
    let valid: Vec<_> = verified.signatures().collect();
    assert_eq!(valid.len(), algs.len());
    for (index, (valid, key)) in valid.iter().zip(&signers).enumerate() {
        assert_eq!((valid.index(), valid.alg()), (index, key.alg()));
        assert_eq!((valid.key_id(), valid.protected()), (key.kid(), &key.header()));
        assert_eq!(valid.unprotected(), None);
    }
    assert_eq!((verified.alg(), verified.key_id()), (signers[0].alg(), signers[0].kid()));
    assert_eq!(verified.protected(), &signers[0].header());
}

/// A signature more leaves the text of the others as it is, with whatever stands beside them.
pub fn a_signature_more_leaves_the_others_as_they_are(subject: &Subject) {
    let own = &entries(&signed_by(&[signer(S::HS256, subject)]))[0];
    let own = own.trim_end_matches('}');
    let first = format!("{own},\"x\":[ 1.0,\"\\u0041\" ],\"a b\":{{ }}}}");
    let protected = base64url::encode(br#"{ "alg" : "new", "\u0078":1.0 }"#);
    let second = format!(
        "{{\"protected\":\"{protected}\",\"header\":{{ \"y\" : \"\\/\",\"b\":1e2 }},\"signature\":\"\"}}"
    );
    let (third, payload) = ("[ null ]", base64url::encode(PAYLOAD));
    let start = format!("{{\"payload\":\"{payload}\",\"signatures\":[{first},{second},{third}");
    let end = r#"],"z":[ ],"a":"\u0041"}"#;
    let mut jws = Jws::parse(format!("{start}{end}")).unwrap();
    assert_eq!(jws.to_general().unwrap(), format!("{start}{end}"));
    for alg in three(subject) {
        jws.sign(&signer(alg, subject)).unwrap();
        let text = jws.to_general().unwrap();
        assert!(text.starts_with(&start) && text.ends_with(end), "{text}");
        jws = Jws::parse(&text).unwrap();
        assert_eq!(jws.to_general().unwrap(), text);
    }
    let verified = jws.verify(&trusting(&three(subject), subject)).unwrap();
    assert_eq!(
        valid_places(&verified),
        [&[0][..], &(3..3 + three(subject).len()).collect::<Vec<_>>()].concat()
    );
}

/// Whatever is wrong with a signature, those before and behind it are as good as without it.
pub fn no_signature_hides_a_good_one(subject: &Subject) {
    let good = entries(&signed_by(&[signer(S::HS256, subject)]));
    let forged = entries(&signed_by(&[signing(&shared(1, "hs256-1"), subject)]));
    let seal = |header: Value, len| {
        let protected = base64url::encode(header.to_string().as_bytes());
        let signature = base64url::encode(&vec![1; len]);
        format!("{{\"protected\":\"{protected}\",\"signature\":\"{signature}\"}}")
    };
    let crit = |crit: Value| json!({"alg": "HS256", "crit": crit, "new": 1});
    let bad = [
        "null".to_string(),
        "{}".into(),
        forged[0].clone(),
        seal(json!({"alg": "none"}), 0),
        seal(json!({"alg": "ES256"}), 64),
        seal(json!({"alg": "new"}), 64),
        seal(json!({"alg": "HS256", "kid": "unknown"}), 32),
        seal(json!({"alg": "HS256", "kid": "hs256-1"}), 31),
        seal(crit(json!(["new"])), 32),
        seal(crit(json!([])), 32),
        seal(crit(json!(["alg"])), 32),
        seal(crit(json!("new")), 32),
        seal(json!({"alg": "HS256", "crit": ["b64"]}), 32),
        r#"{"header":{"alg":"HS256"},"signature":"AA"}"#.into(),
        r#"{"header":{"alg":"HS256","b64":false,"crit":["b64"]},"signature":"AA"}"#.into(),
    ];
    let key = verifier(S::HS256, subject);
    for entry in &bad {
        for (at, places) in [
            (0, &[&*good[0], entry][..]),
            (1, &[entry, &good[0]]),
            (1, &[entry, &good[0], entry]),
            (2, &[entry, entry, &good[0]]),
        ] {
            let jws = of_entries(places);
            let verified = jws.verify(&key).unwrap();
            assert_eq!(verified.content(), PAYLOAD, "{entry}");
            assert_eq!(valid_places(&verified), [at], "{entry}");
            let (valid, code, _) = unmet(jws.verify_with(&key, &requiring(Required::All)));
            assert_eq!((valid, code), (1, MISSING), "{entry}");
        }
    }
    // All of them at once, and the good one in every place.
    for at in 0..=bad.len() {
        let mut places: Vec<_> = bad.iter().map(String::as_str).collect();
        places.insert(at, &good[0]);
        let verified = of_entries(&places).verify(&key).unwrap();
        assert_eq!(valid_places(&verified), [at]);
    }
}

/// What became of each signature is told: of good ones the key, of bad ones the reason.
pub fn outcomes_tell_of_each_signature(subject: &Subject) {
    let kid = Header::new().with_kid("hs256-1");
    let mut jws = Jws::new(PAYLOAD);
    jws.sign_with(&Header::new(), &kid, &signer(S::HS256, subject)).unwrap();
    jws.sign(&signing(&shared(1, "hs256-1"), subject)).unwrap();
    jws.sign(&signing(&shared(1, "unknown"), subject)).unwrap();
    let es256 = signer(S::ES256, subject);
    jws.sign(&es256).unwrap();
    jws.sign_with(
        &given(r#"{"alg":"HS256","new":1,"crit":["new"]}"#),
        &kid,
        &signer(S::HS256, subject),
    )
    .unwrap();
    let entries = entries(&jws);
    let mut entries: Vec<_> = entries.iter().map(String::as_str).collect();
    entries.push("null");
    let jws = of_entries(&entries);
    let keys = set([verifier(S::HS256, subject)]);
    let outcomes = jws.check(&keys, &Policy::new()).unwrap();
    let outcomes: Vec<_> = outcomes.iter().collect();
    for (index, outcome) in outcomes.iter().enumerate() {
        assert_eq!(outcome.index(), index);
        assert_eq!(outcome.is_valid(), index == 0);
        assert_eq!(outcome.alg(), (index == 0).then_some(S::HS256));
        assert_eq!(outcome.key_id(), (index == 0).then_some("hs256-1"));
        assert_eq!(outcome.error().is_none(), index == 0);
        assert_eq!(outcome.protected().is_none(), index == 5);
        let kid = ["hs256-1", "hs256-1", "unknown", es256.kid().unwrap(), "hs256-1"];
        assert_eq!(outcome.kid(), kid.get(index).copied());
    }
    let headers =
        |index: usize| (outcomes[index].protected().unwrap(), outcomes[index].unprotected());
    assert_eq!(headers(0), (&given(r#"{"alg":"HS256"}"#), Some(&kid)));
    assert_eq!(headers(1), (&given(r#"{"alg":"HS256","kid":"hs256-1"}"#), None));
    assert_eq!(headers(3), (&signer(S::ES256, subject).header(), None));
    assert_eq!(outcomes[5].unprotected(), None);
    let reason = |index: usize| outcomes[index].error().unwrap();
    assert!(matches!(reason(1), jws::Error::Verify(VerifyError::InvalidSignature)));
    for (index, expected) in
        [(2, NoMatchReason::UnknownKid), (3, NoMatchReason::AlgorithmNotAllowed)]
    {
        let jws::Error::Verify(VerifyError::NoMatchingKey(no_match)) = reason(index) else {
            panic!()
        };
        assert_eq!(no_match.reason(), expected);
    }
    let jws::Error::Verify(VerifyError::Critical(critical)) = reason(4) else { panic!() };
    assert_eq!(*critical, Critical::NotUnderstood("new".into()));
    let jws::Error::Parse(error) = reason(5) else { panic!() };
    assert_eq!(error.rule(), Rule::NotAnObject);
    // The same reasons, where they were not enough.
    let error = refused(jws.verify_with(&keys, &requiring(Required::All)));
    let VerifyError::Unmet(unmet) = error else { panic!("{error:?}") };
    assert_eq!((unmet.valid(), unmet.code()), (1, MISSING));
    let told: Vec<_> = unmet.refused().map(|(at, error)| (at, format!("{error:?}"))).collect();
    let expected: Vec<_> = (1..6).map(|at| (at, format!("{:?}", reason(at)))).collect();
    assert_eq!(told, expected);
    let shown = unmet.to_string();
    assert!(shown.starts_with("1 of 6 signatures are valid"), "{shown}");
    assert!(!shown.contains("unknown") && !shown.contains("new\""), "{shown}");
}

/// The only signature is refused for its own reason, one of several among the others'.
pub fn a_single_signature_is_refused_for_its_own_reason(subject: &Subject) {
    let own = entries(&signed_by(&[signer(S::HS256, subject)])).remove(0);
    let (one, two) = (of_entries(&[&own]), of_entries(&[&own, &own]));
    let flattened = Jws::parse(one.to_flattened().unwrap()).unwrap();
    let unavailable = || VerifyingKey::external(S::HS256, Some("hs256-1"), Answer::Away).unwrap();
    let forged = verifying(&shared(1, "hs256-1"), subject);
    for (keys, code, of_two) in [
        (set([forged.clone()]), "ERR_JWS_SIGNATURE_INVALID", "ERR_JWS_SIGNATURE_INVALID"),
        (VerifyingKeys::default(), "ERR_JWK_KEY_NOT_FOUND", "ERR_JWS_NO_MATCHING_SIGNER"),
        (set([unavailable()]), "ERR_CRYPTO_UNAVAILABLE", "ERR_CRYPTO_UNAVAILABLE"),
    ] {
        for jws in [&one, &flattened] {
            let error = jws.verify(&keys).unwrap_err();
            assert_eq!(error.code(), code);
            assert!(!matches!(error, jws::Error::Verify(VerifyError::Unmet(_))));
        }
        assert_eq!(unmet(two.verify(&keys)), (0, of_two, vec![0, 1]));
    }
    // One that was tried and one that was not: somebody's signature is wrong.
    let es256 = entries(&signed_by(&[signer(S::ES256, subject)])).remove(0);
    let mixed = of_entries(&[&es256, &own]);
    let expected = (0, "ERR_JWS_SIGNATURE_INVALID", vec![0, 1]);
    assert_eq!(unmet(mixed.verify(&set([forged]))), expected);
}

/// A `kid` that nobody signed selects all the same: it is for finding keys, and binds nothing.
pub fn an_unprotected_kid_selects(subject: &Subject) {
    let (a, b) = (shared(1, "a"), shared(2, "b"));
    let keys = set([verifying(&a, subject), verifying(&b, subject)]);
    let json = |kid: &str| {
        let mut jws = Jws::new(PAYLOAD);
        let unprotected = Header::new().with_kid(kid);
        jws.sign_with(&Header::new(), &unprotected, &signing(&a, subject)).unwrap();
        jws.to_flattened().unwrap()
    };
    let verified = Jws::parse(json("a")).unwrap().verify(&keys).unwrap();
    assert_eq!(verified.key_id(), Some("a"));
    let signature = verified.signatures().next().unwrap();
    assert_eq!(signature.protected().kid(), None);
    assert_eq!(signature.unprotected().unwrap().kid(), Some("a"));
    assert_invalid(Jws::parse(json("b")).unwrap().verify(&keys));
    let error = refused(Jws::parse(json("c")).unwrap().verify(&keys));
    let VerifyError::NoMatchingKey(no_match) = error else { panic!("{error:?}") };
    assert_eq!((no_match.reason(), no_match.kid()), (NoMatchReason::UnknownKid, Some("c")));
}

/// What cannot answer about one signature keeps nobody from answering about another.
pub fn a_verifier_that_cannot_answer_stops_no_other(subject: &Subject) {
    let jws = signed_by(&[signer(S::HS256, subject), signer(S::ES256, subject)]);
    let away = |alg, kid| VerifyingKey::external(alg, Some(kid), Answer::Away).unwrap();
    for (keys, valid, missing) in [
        (set([verifier(S::HS256, subject), away(S::ES256, "es256-1")]), 0, 1),
        (set([away(S::HS256, "hs256-1"), verifier(S::ES256, subject)]), 1, 0),
    ] {
        let verified = jws.verify(&keys).unwrap();
        assert_eq!(valid_places(&verified), [valid]);
        let error = refused(jws.verify_with(&keys, &requiring(Required::All)));
        let VerifyError::Unmet(unmet) = error else { panic!("{error:?}") };
        let [(index, error)] = unmet.refused().collect::<Vec<_>>()[..] else { panic!() };
        assert_eq!((index, error.code()), (missing, "ERR_CRYPTO_UNAVAILABLE"));
    }
    // Nor does a resolver that knows the keys of one of them.
    let keys = Partly(verifier(S::ES256, subject));
    let verified = jws.verify(&keys).unwrap();
    assert_eq!(valid_places(&verified), [1]);
    let outcomes = jws.check(&keys, &Policy::new()).unwrap();
    assert_eq!(outcomes.iter().next().unwrap().error().unwrap().code(), "ERR_CRYPTO_UNAVAILABLE");
}

/// A resolver that can be had for no key but its own.
struct Partly(VerifyingKey);

impl KeyResolver for Partly {
    fn resolve(&self, token: &Unverified<'_>) -> Result<VerifyingKeys, CryptoError> {
        if token.alg() == self.0.alg().name() {
            Ok(self.0.clone().into())
        } else {
            Err(CryptoError::from_source("no connection"))
        }
    }
}

/// The work that a stranger may cause is bounded by the product of two limits.
pub fn many_signatures_have_a_bounded_number_of_keys_tried(_subject: &Subject) {
    let asked = Arc::new(AtomicUsize::new(0));
    let counting = || VerifyingKey::external(S::ES256, None, Answer::No(asked.clone())).unwrap();
    let keys = set((0..100).map(|_| counting()));
    let protected = base64url::encode(br#"{"alg":"ES256"}"#);
    let signature = base64url::encode(&[1; 64]);
    let entry = format!("{{\"protected\":\"{protected}\",\"signature\":\"{signature}\"}}");
    let jws = of_entries(&[&*entry; 16]);
    let limits = Limits::default();
    assert_eq!(unmet(jws.verify(&keys)).0, 0);
    assert_eq!(asked.swap(0, Ordering::Relaxed), limits.signatures * limits.tries);
    let mut limits = Limits::default();
    limits.tries = 1;
    assert_eq!(unmet(jws.verify_with(&keys, &Policy::new().limits(limits))).0, 0);
    assert_eq!(asked.load(Ordering::Relaxed), 16);
}

/// Claims that several have signed are held to the rules once, and each header to its `typ`.
pub fn claims_of_several_are_held_to_the_rules(subject: &Subject) {
    let signers = [signer(S::HS256, subject), signer(S::ES256, subject)];
    let keys = trusting(&[S::HS256, S::ES256], subject);
    let all = requiring(Required::All);
    let accept = |payload: &str, typs: [Option<&str>; 2], rules: &Validation| {
        let mut jws = Jws::new(payload);
        for (key, typ) in signers.iter().zip(typs) {
            let header = key.header();
            let header = typ.map_or(header.clone(), |typ| header.with_typ(typ));
            jws.sign_with(&header, &Header::new(), key).unwrap();
        }
        let verified = Jws::parse(jws.to_general().unwrap()).unwrap().verify_with(&keys, &all);
        jwt::accept::<Value>(verified.unwrap(), rules, UnixTime::from_secs(1000))
    };
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = asked.clone();
    let rules = Validation::new().typ("at+jwt").check("counted", move |claims| {
        assert_eq!(claims.signatures().count(), 2);
        counted.fetch_add(1, Ordering::Relaxed);
        true
    });
    let (good, expired) = (r#"{"sub":"joe","exp":1001}"#, r#"{"sub":"joe","exp":1000}"#);
    let claims = accept(good, [Some("at+jwt"), Some("application/AT+JWT")], &rules).unwrap();
    assert_eq!(claims.content()["sub"], "joe");
    assert_eq!(claims.signatures().count(), 2);
    assert_eq!(asked.load(Ordering::Relaxed), 1);
    for (typs, actual) in [
        ([Some("at+jwt"), None], None),
        ([None, Some("at+jwt")], None),
        ([Some("at+jwt"), Some("JWT")], Some("JWT")),
        ([Some("JWT"), Some("at+jwt")], Some("JWT")),
    ] {
        let Err(jwt::Error::Claims(error)) = accept(good, typs, &rules) else { panic!("{typs:?}") };
        let [ClaimFailure::Typ { expected, actual: own }] = error.failures() else {
            panic!("{error:?}")
        };
        assert_eq!((expected.as_str(), own.as_deref()), ("at+jwt", actual));
    }
    let typs = [Some("at+jwt"); 2];
    let Err(jwt::Error::Claims(error)) = accept(expired, typs, &rules) else { panic!() };
    let [ClaimFailure::Expired { exp, now, .. }] = error.failures() else { panic!("{error:?}") };
    assert_eq!((*exp, *now), (UnixTime::from_secs(1000), UnixTime::from_secs(1000)));
    let Err(jwt::Error::Parse(error)) = accept("[]", typs, &rules) else { panic!() };
    assert_eq!((error.subject(), error.rule()), (error::Subject::Claims, Rule::NotAnObject));
    assert_eq!(asked.load(Ordering::Relaxed), 1, "nothing that is refused is asked about");
    // A signature that is not valid has no say in what `typ` the token is of.
    let mut jws = Jws::new(good);
    jws.sign_with(&signers[0].header().with_typ("at+jwt"), &Header::new(), &signers[0]).unwrap();
    jws.sign_with(&signers[1].header().with_typ("JWT"), &Header::new(), &signers[1]).unwrap();
    let verified = jws.verify(&verifier(S::HS256, subject)).unwrap();
    let rules = Validation::new().typ("at+jwt");
    assert!(jwt::accept::<Value>(verified, &rules, UnixTime::from_secs(1000)).is_ok());
}

/// RFC 7797 §7 keeps unencoded payloads out of tokens with claims, in every serialization.
pub fn claims_in_json_are_always_encoded(subject: &Subject) {
    let mut jws = Jws::unencoded(r#"{"sub":"joe"}"#);
    jws.sign(&signer(S::HS256, subject)).unwrap();
    for text in [jws.to_flattened().unwrap(), jws.to_general().unwrap()] {
        let verified = Jws::parse(text).unwrap().verify(&verifier(S::HS256, subject)).unwrap();
        let refused = jwt::accept::<Value>(verified, &Validation::new(), UnixTime::from_secs(0));
        let Err(jwt::Error::Verify(VerifyError::Critical(critical))) = refused else {
            panic!("{refused:?}")
        };
        assert_eq!(critical, Critical::NotUnderstood("b64".into()));
    }
}
