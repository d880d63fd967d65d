//! Which key of many a token is tried with (RFC 7515 §4.1.4, RFC 7517 §5).

use super::*;

/// A `kid` is compared octet by octet, and used for nothing else.
pub fn a_kid_is_compared_exactly(subject: &Subject) {
    let own = shared(1).with_kid("key/1");
    let set = VerifyingKeys::from_jwks(&set_of([own.clone()]), &[S::HS256], subject.backend());
    let forge = Forge::new(&own, subject);
    let seal = |kid: &str| forge.seal(json!({"alg": "HS256", "kid": kid}).to_string());
    assert_eq!(jws::verify(&seal("key/1"), &set).unwrap().key_id(), Some("key/1"));
    let escaped = forge.seal(r#"{"alg":"HS256","kid":"k\u0065y\/1"}"#);
    assert!(jws::verify(&escaped, &set).is_ok(), "the same text");
    let long = "key/1".repeat(1000);
    for other in [
        "", "key/", "key/11", "Key/1", "key/1 ", " key/1", "key%2F1", "../key/1", "' OR 1=1", &long,
    ] {
        let no_match = no_match(&seal(other), &set);
        assert_eq!(no_match.reason(), NoMatchReason::UnknownKid, "{other:?}");
        assert_eq!(no_match.kid(), Some(&other[..other.len().min(64)]));
    }
}

/// RFC 7515 §5.3: strings are compared by their code points once their escapes are undone; none is
/// another for looking like it, nor for being it in another normal form.
pub fn strings_are_compared_after_their_escapes(subject: &Subject) {
    for (name, escaped, others) in [
        ("caf\u{e9}", r"\u0063af\u00E9", ["cafe\u{301}", "CAF\u{c9}", "caf\u{e9}\u{200b}"]),
        ("\u{1f511}", r"\ud83d\uDD11", ["\u{1f510}", "\u{f511}", "\u{fffd}"]),
        ("\u{fb01}", r"\ufb01", ["fi", "\u{fb02}", "\u{fb01}\u{fe0e}"]),
        ("\"\\/", r"\u0022\\\/", ["\"\\\\/", "\"/", "\\\"/"]),
    ] {
        let own = shared(1).with_kid(name);
        let set = VerifyingKeys::from_jwks(&set_of([own.clone()]), &[S::HS256], subject.backend());
        let forge = Forge::new(&own, subject);
        for header in [
            json!({"alg": "HS256", "kid": name}).to_string(),
            format!(r#"{{"alg":"\u0048S256","kid":"{escaped}"}}"#),
        ] {
            let verified = jws::verify(&forge.seal(&header), &set).unwrap();
            assert_eq!(verified.key_id(), Some(name), "{header}");
        }
        for other in others {
            let header = json!({"alg": "HS256", "kid": other}).to_string();
            assert_eq!(reason(&forge.seal(header), &set), NoMatchReason::UnknownKid, "{other}");
        }
    }
}

/// Two usable keys of one name for one algorithm make that name ambiguous: neither is tried.
pub fn a_kid_of_two_keys_for_one_algorithm_matches_neither(subject: &Subject) {
    let tap = Tap::new(subject);
    let (good, other) = (shared(1).with_kid("k"), shared(2).with_kid("k"));
    let token = signed(&good, subject);
    for pair in [[&good, &other], [&other, &good], [&good, &good]] {
        let pair = pair.map(Clone::clone);
        let given = pair.iter().map(|jwk| VerifyingKey::from_jwk(jwk, &tap).unwrap()).collect();
        for keys in [
            VerifyingKeys::from_jwks(&set_of(pair.clone()), &[S::HS256], &tap),
            VerifyingKeys::from_jwks_by_own_alg(&set_of(pair.clone()), &tap).unwrap(),
            given,
        ] {
            assert_eq!(reason(&token, &keys), NoMatchReason::AmbiguousKid);
            assert_eq!(tap.asked(), 0);
        }
    }
    // Two names of one algorithm are one algorithm; so are a bound key and one bound here.
    let edwards = [S::EdDSA, S::Ed25519].map(|alg| keys::verifying(alg).with_kid("k"));
    let keys =
        VerifyingKeys::from_jwks(&set_of(edwards), &[S::Ed25519, S::EdDSA], subject.backend());
    if subject.lacks(S::Ed25519) {
        assert_eq!((keys.iter().count(), keys.skipped().len()), (0, 2));
    } else {
        let token = signed(&keys::private(S::Ed25519).with_kid("k"), subject);
        assert_eq!(reason(&token, &keys), NoMatchReason::AmbiguousKid);
    }
    let bound = keys::verifying(S::RS256).with_kid("k");
    let unbound = patched(&bound, &json!({"alg": null}));
    let keys = VerifyingKeys::from_jwks(&set_of([bound, unbound]), &[S::RS256], subject.backend());
    let token = signed(&keys::private(S::RS256).with_kid("k"), subject);
    assert_eq!(reason(&token, &keys), NoMatchReason::AmbiguousKid);
}

/// One name for keys of another type, curve, algorithm or use is no ambiguity.
pub fn one_kid_for_keys_of_different_kinds_is_fine(subject: &Subject) {
    let kinds = [S::RS256, S::PS256, S::ES256, S::ES384, S::ES256K, S::Ed25519, S::Ed448];
    let kinds: Vec<_> = kinds.into_iter().filter(|alg| !subject.lacks(*alg)).collect();
    let mut jwks: Vec<_> = kinds.iter().map(|alg| keys::verifying(*alg).with_kid("k")).collect();
    let other = Jwk::generate(S::ES256, subject.backend()).unwrap().to_public().unwrap();
    let other = other.with_kid("k");
    jwks.insert(0, patched(&other, &json!({"use": "enc", "alg": "ECDH-ES"})));
    jwks.insert(0, patched(&other, &json!({"use": "enc"})));
    jwks.push(patched(&other, &json!({"key_ops": ["deriveBits"], "alg": null})));
    let keys = VerifyingKeys::from_jwks(&set_of(jwks.clone()), &kinds, subject.backend());
    assert_eq!((keys.iter().count(), keys.skipped().len()), (kinds.len(), 3));
    for alg in kinds {
        let token = signed(&keys::private(alg).with_kid("k"), subject);
        assert_eq!(jws::verify(&token, &keys).unwrap().alg(), alg);
        let token = signed(&keys::private(alg).without_kid(), subject);
        assert_eq!(jws::verify(&token, &keys).unwrap().alg(), alg);
    }
}

/// A token that names no key has each fitting one tried, in order, and no more than the limit.
pub fn a_token_without_kid_has_a_bounded_number_of_keys_tried(subject: &Subject) {
    let tap = Tap::new(subject);
    let good = shared(200);
    let token = signed(&good, subject);
    for tries in [1, 3, 16] {
        let mut limits = Limits::default();
        limits.tries = tries;
        let policy = Policy::new().limits(limits);
        for position in [1, tries - 1, tries, tries + 1, 2 * tries].into_iter().filter(|at| *at > 0)
        {
            let mut jwks: Vec<_> =
                (1..40).map(|octet| shared(octet).with_kid(octet.to_string())).collect();
            jwks.insert(position - 1, good.clone().with_kid("good"));
            // Keys for another algorithm are not tried and do not count.
            jwks.insert(0, keys::private(S::HS384));
            let keys = VerifyingKeys::from_jwks(&set_of(jwks.clone()), &[S::HS256, S::HS384], &tap);
            let verified = jws::verify_with(&token, &keys, &policy);
            assert_eq!(tap.asked(), position.min(tries), "key {position} of {tries}");
            match verified {
                Ok(verified) if position <= tries => assert_eq!(verified.key_id(), Some("good")),
                Err(jws::Error::Verify(VerifyError::InvalidSignature)) if position > tries => {}
                other => panic!("key {position} of {tries}: {other:?}"),
            }
        }
    }
    assert_eq!(Limits::default().tries, 8);
}

/// A set of a thousand keys under one name costs nobody a thousand verifications.
pub fn a_thousand_keys_of_one_name_cost_nothing(subject: &Subject) {
    let tap = Tap::new(subject);
    let jwks: Vec<_> = (0..1000_u32)
        .map(|number| {
            let octets = [number.to_be_bytes(); 8].concat();
            Jwk::from_secret_octets(octets).unwrap().with_alg(S::HS256).unwrap().with_kid("k")
        })
        .collect();
    let set = set_of(jwks.clone());
    let [skipped] = set.skipped() else { panic!("told once: {}", set.skipped().len()) };
    assert_eq!((set.keys().len(), skipped.index()), (256, 256));
    assert_eq!(skipped.error().rule(), Rule::TooMany { limit: 256 });
    for set in [set, JwkSet::new(jwks.clone())] {
        let keys = VerifyingKeys::from_jwks(&set, &[S::HS256], &tap);
        assert_eq!(reason(&signed(&jwks[0], subject), &keys), NoMatchReason::AmbiguousKid);
        assert_eq!(tap.asked(), 0);
        let nameless = signed(&jwks[100].clone().without_kid(), subject);
        assert!(jws::verify(&nameless, &keys).is_err());
        assert_eq!(tap.asked(), Limits::default().tries);
    }
}

/// Members of a set that are broken, alien or unfit stop no good one, wherever they stand.
pub fn a_bad_member_of_a_set_stops_no_good_one(subject: &Subject) {
    let good = keys::verifying(S::ES256).to_public_json().unwrap();
    let token = signed(&keys::private(S::ES256), subject);
    let edit = |alg: S, patch: Value| {
        let mut members = members(&keys::verifying(alg));
        members.extend(patch.as_object().unwrap().clone());
        Value::Object(members).to_string()
    };
    let weak = RSA_1024.parse::<Jwk>().unwrap().to_public_json().unwrap();
    for bad in [
        "5".into(),
        "null".into(),
        "[]".into(),
        r#""key""#.into(),
        "{}".into(),
        r#"{"kty":5}"#.into(),
        r#"{"kty":"EC"}"#.into(),
        r#"{"kty":"EC","kty":"EC"}"#.into(),
        r#"{"kty":"RSA","n":"AQAB"}"#.into(),
        r#"{"kty":"oct","k":""}"#.into(),
        r#"{"kty":"to-come","alg":"ES256","kid":"es256-1"}"#.into(),
        r#"{"kty":"EC","crv":"P-to-come","alg":"ES256","kid":"es256-1"}"#.into(),
        r#"{"kty":"oct","x":1e400,"k":"AAAA"}"#.into(),
        r#"{"kty":"oct","x":{"a":1,"a":2},"k":"AAAA"}"#.into(),
        edit(S::ES256, json!({"x": "AAAA"})),
        edit(S::ES256, json!({"x": "====", "kid": "es256-1"})),
        edit(S::ES256, json!({"x": members(&keys::verifying(S::ES256))["y"]})),
        edit(S::ES256, json!({"use": 1})),
        edit(S::ES256, json!({"use": "enc"})),
        edit(S::ES256, json!({"key_ops": "verify"})),
        edit(S::ES256, json!({"key_ops": ["verify", "verify"]})),
        edit(S::ES256, json!({"alg": []})),
        edit(S::ES256, json!({"alg": "ES257"})),
        edit(S::ES256, json!({"kid": 7})),
        edit(S::ES256, json!({"kid": "es256-1", "alg": "ES384"})),
        edit(S::Ed25519, json!({"x": base64url::encode(&[0; 32])})),
        keys::json(S::ES256).to_string(),
        keys::json(S::HS256).to_string(),
        weak,
        RSA_E1.trim().into(),
    ] {
        for (text, skipped) in [
            (format!("{{\"keys\":[{bad},{good}]}}"), 1),
            (format!("{{\"keys\":[{good},{bad}],\"more\":{{}}}}"), 1),
            (format!("{{\"keys\":[{bad},{bad},{good},{bad}]}}"), 3),
        ] {
            let set: JwkSet = text.parse().unwrap_or_else(|error| panic!("{bad}: {error}"));
            let allowed = [S::ES256, S::RS256, S::Ed25519];
            let keys = VerifyingKeys::from_jwks(&set, &allowed, subject.backend());
            assert_eq!((keys.iter().count(), keys.skipped().len()), (1, skipped), "{bad}");
            assert!(jws::verify(&token, &keys).is_ok(), "{bad}");
        }
    }
}

/// A member of a set that is nested too deep is that member's problem, and not the set's.
pub fn a_member_of_a_set_that_is_nested_too_deep_stops_no_good_one(subject: &Subject) {
    let good = keys::verifying(S::ES256).to_public_json().unwrap();
    let token = signed(&keys::private(S::ES256), subject);
    for depth in [13, 14, 15, 16, 20, 100] {
        let deep = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let text = format!("{{\"keys\":[{{\"kty\":\"oct\",\"k\":\"AAAA\",\"x\":{deep}}},{good}]}}");
        let set: JwkSet = text.parse().unwrap_or_else(|error| panic!("{depth}: {error}"));
        let keys = VerifyingKeys::from_jwks(&set, &[S::ES256], subject.backend());
        assert!(jws::verify(&token, &keys).is_ok(), "{depth}");
    }
}

/// A key nests as deep as the limit, alone and in a set, which is not counted with it.
pub fn a_key_nested_beyond_the_limit_is_refused(_subject: &Subject) {
    let key = |depth: usize| {
        let (open, close) = ("[".repeat(depth - 1), "]".repeat(depth - 1));
        format!("{{\"kty\":\"oct\",\"k\":\"AAAA\",\"x\":{open}{close}}}")
    };
    for (depth, good) in [(15, true), (16, true), (17, false), (100, false)] {
        let set: JwkSet = format!("{{\"keys\":[{}]}}", key(depth)).parse().unwrap();
        assert_eq!(set.keys().len(), usize::from(good), "{depth}");
        let read = key(depth).parse::<Jwk>();
        assert_eq!(read.is_ok(), good, "{depth}");
        let refused = set.skipped().iter().map(SkippedJwk::error).chain(read.err());
        for error in refused {
            assert_eq!(error.rule(), Rule::Depth { limit: 16 }, "{depth}");
        }
    }
}

/// A key and a set are as long as the limit, and not an octet longer, white space included.
pub fn keys_beyond_the_limit_are_not_read(_subject: &Subject) {
    let key = r#"{"kty":"oct","k":"AAAA"}"#;
    let set = format!("{{\"keys\":[{key}]}}");
    let padded = |text: &str, len: usize| format!("{text}{}", " ".repeat(len - text.len()));
    for limit in [Limits::default().jwk_set, 100] {
        let mut limits = Limits::default();
        limits.jwk_set = limit;
        assert_eq!(JwkSet::from_json_within(padded(&set, limit), &limits).unwrap().keys().len(), 1);
        let refused = JwkSet::from_json_within(padded(&set, limit + 1), &limits).unwrap_err();
        assert_eq!(refused.rule(), Rule::TooLong { limit });
    }
    let limit = Limits::default().jwk_set;
    assert!(Jwk::from_json(padded(key, limit)).is_ok());
    assert_eq!(Jwk::from_json(padded(key, limit + 1)).unwrap_err().rule(), Rule::TooLong { limit });
}

/// As many keys of a set are looked at as the limit says, and that there are more is told.
pub fn a_set_has_a_bounded_number_of_keys(_subject: &Subject) {
    let key = r#"{"kty":"oct","k":"AAAA"}"#;
    let set = |count: usize| format!("{{\"keys\":[{}]}}", vec![key; count].join(","));
    for limit in [256, 0, 1, 3, 300] {
        let mut limits = Limits::default();
        limits.jwk_set_keys = limit;
        for count in [limit.saturating_sub(1), limit] {
            let set = JwkSet::from_json_within(set(count), &limits).unwrap();
            assert_eq!((set.keys().len(), set.skipped().len()), (count, 0));
        }
        for count in [limit + 1, 2 * limit + 2] {
            let set = JwkSet::from_json_within(set(count), &limits).unwrap();
            assert_eq!(set.keys().len(), limit);
            let [skipped] = set.skipped() else { panic!("told once") };
            assert_eq!((skipped.index(), skipped.error().rule()), (limit, Rule::TooMany { limit }));
        }
    }
    assert!(set(256).parse::<JwkSet>().unwrap().skipped().is_empty());
}

/// Shared and public keys in one set: whoever mixes them has to say which algorithms are meant.
pub fn a_mixed_set_needs_its_algorithms_named(subject: &Subject) {
    let set = set_of([keys::private(S::HS256), keys::verifying(S::ES256)]);
    let refused = VerifyingKeys::from_jwks_by_own_alg(&set, subject.backend()).unwrap_err();
    assert_eq!(refused.code(), "ERR_JWS_ALG_NOT_ALLOWED");
    assert!(matches!(refused, KeyError::MixedSet), "{refused:?}");
    let [mac, signature] = [S::HS256, S::ES256].map(|alg| signed(&keys::private(alg), subject));
    let both = VerifyingKeys::from_jwks(&set, &[S::HS256, S::ES256], subject.backend());
    assert!(jws::verify(&mac, &both).is_ok() && jws::verify(&signature, &both).is_ok());
    let one = VerifyingKeys::from_jwks(&set, &[S::ES256], subject.backend());
    assert_eq!(reason(&mac, &one), NoMatchReason::AlgorithmNotAllowed);
    assert!(jws::verify(&signature, &one).is_ok());
    for pure in [[S::HS256, S::HS512], [S::ES256, S::RS256]] {
        let set = set_of(pure.map(keys::verifying));
        let keys = VerifyingKeys::from_jwks_by_own_alg(&set, subject.backend()).unwrap();
        for alg in pure {
            assert!(jws::verify(&signed(&keys::private(alg), subject), &keys).is_ok(), "{alg}");
        }
    }
}

/// A key that names no algorithm serves those allowed that fit it, and never one the token picks.
pub fn a_key_without_alg_serves_what_is_allowed(subject: &Subject) {
    let unbound = |alg| patched(&keys::verifying(alg), &json!({"alg": null, "kid": "k"}));
    let set = set_of([unbound(S::RS256), unbound(S::ES256)]);
    let allowed = [S::RS256, S::PS256, S::ES256, S::ES384, S::HS256, S::RS256];
    let keys = VerifyingKeys::from_jwks(&set, &allowed, subject.backend());
    let served: Vec<_> = keys.iter().map(VerifyingKey::alg).collect();
    assert_eq!(served, [S::RS256, S::PS256, S::ES256]);
    for alg in [S::RS256, S::RS384, S::RS512, S::PS256, S::PS384, S::PS512] {
        for kid in [None, Some("k")] {
            let jwk = patched(&keys::private(alg), &json!({"kid": kid}));
            let token = signed(&jwk, subject);
            if allowed.contains(&alg) {
                assert_eq!(jws::verify(&token, &keys).unwrap().alg(), alg);
            } else {
                assert_eq!(reason(&token, &keys), NoMatchReason::AlgorithmNotAllowed, "{alg}");
            }
        }
    }
    // Left to itself, such a key serves its curve's algorithm, and RSA none.
    let keys = VerifyingKeys::from_jwks_by_own_alg(&set, subject.backend()).unwrap();
    let served: Vec<_> = keys.iter().map(VerifyingKey::alg).collect();
    assert_eq!(served, [S::ES256]);
    assert_eq!(keys.skipped()[0].kid(), Some("k"));
    for alg in [S::ES384, S::ES512, S::ES256K, S::Ed25519, S::Ed448] {
        let keys = VerifyingKeys::from_jwks_by_own_alg(&set_of([unbound(alg)]), subject.backend());
        let keys = keys.unwrap();
        if keys.skipped().is_empty() {
            assert_eq!(keys.iter().map(VerifyingKey::alg).collect::<Vec<_>>(), [alg]);
        } else {
            assert!(VerifyingKey::from_jwk(&keys::verifying(alg), subject.backend()).is_err());
        }
    }
}

/// An allow-list is what it says, whatever keys there are and whatever they say.
pub fn an_allow_list_is_exact(subject: &Subject) {
    let set = set_of([S::RS256, S::ES256, S::ES384].map(keys::verifying));
    let keys = VerifyingKeys::from_jwks(&set, &[S::ES384, S::PS256], subject.backend());
    assert!(jws::verify(&signed(&keys::private(S::ES384), subject), &keys).is_ok());
    for alg in [S::RS256, S::ES256] {
        for jwk in [keys::private(alg), keys::private(alg).without_kid()] {
            let token = signed(&jwk, subject);
            assert_eq!(reason(&token, &keys), NoMatchReason::AlgorithmNotAllowed, "{alg}");
        }
    }
    let nothing = VerifyingKeys::from_jwks(&set, &[], subject.backend());
    assert_eq!((nothing.iter().count(), nothing.skipped().len()), (0, 3));
    let token = signed(&keys::private(S::ES384), subject);
    assert_eq!(reason(&token, &nothing), NoMatchReason::AlgorithmNotAllowed);
}

/// An algorithm that is allowed, and that no key serves yet, is a key not found: it may have been
/// published since. Refreshing the set is the remedy, and "not allowed" would say that it is none.
pub fn an_allowed_algorithm_without_a_key_is_a_key_not_found(subject: &Subject) {
    let set = set_of([keys::verifying(S::RS256)]);
    let keys = VerifyingKeys::from_jwks(&set, &[S::RS256, S::ES256], subject.backend());
    let rotated = signed(&keys::private(S::ES256), subject);
    assert_eq!(reason(&rotated, &keys), NoMatchReason::UnknownKid);
    let relabelled = signed(&keys::private(S::ES256).with_kid("rs256-1"), subject);
    assert_eq!(reason(&relabelled, &keys), NoMatchReason::WrongAlgorithm);
    let other = signed(&keys::private(S::ES384), subject);
    assert_eq!(reason(&other, &keys), NoMatchReason::AlgorithmNotAllowed);
}

/// Why no key matches is told as exactly as the public header and our own keys allow.
pub fn the_reason_why_no_key_matches_is_told(subject: &Subject) {
    let key = |alg, kid: &str| keys::verifying(alg).with_kid(kid);
    let broken = r#"{"kty":"EC","crv":"P-256","alg":"ES256","kid":"broken","x":"AA","y":"AA"}"#;
    let small = json!({"kid": "weak", "x": base64url::encode(&[0; 32])});
    let other = [
        key(S::ES256, "a"),
        key(S::RS256, "b"),
        patched(&key(S::ES256, "enc"), &json!({"use": "enc"})),
        patched(&key(S::ES256, "ops"), &json!({"key_ops": ["deriveKey"]})),
        patched(&keys::verifying(S::Ed25519), &small),
        keys::private(S::ES256).with_kid("private"),
    ];
    let mut texts: Vec<String> =
        other.iter().map(|jwk| Value::Object(members(jwk)).to_string()).collect();
    texts.push(broken.into());
    let set: JwkSet = format!("{{\"keys\":[{}]}}", texts.join(",")).parse().unwrap();
    let allowed = [S::ES256, S::RS256, S::Ed25519];
    let keys = VerifyingKeys::from_jwks(&set, &allowed, subject.backend());
    let of = |alg, kid: &str| reason(&signed(&keys::private(alg).with_kid(kid), subject), &keys);
    assert_eq!(of(S::ES256, "new"), NoMatchReason::UnknownKid);
    assert_eq!(of(S::RS256, "a"), NoMatchReason::WrongAlgorithm);
    assert_eq!(of(S::ES256, "b"), NoMatchReason::WrongAlgorithm);
    assert_eq!(of(S::ES256, "enc"), NoMatchReason::WrongUse);
    assert_eq!(of(S::ES256, "ops"), NoMatchReason::WrongUse);
    assert_eq!(of(S::ES256, "broken"), NoMatchReason::UnusableKey);
    assert_eq!(reason(&laid_out(S::Ed25519, "weak"), &keys), NoMatchReason::UnusableKey);
    assert_eq!(of(S::ES256, "private"), NoMatchReason::UnusableKey);
    assert_eq!(of(S::ES384, "a"), NoMatchReason::AlgorithmNotAllowed);
    assert_eq!(of(S::HS256, "a"), NoMatchReason::AlgorithmNotAllowed);
    let empty = VerifyingKeys::from_jwks(&JwkSet::default(), &allowed, subject.backend());
    let token = signed(&keys::private(S::ES256), subject);
    assert_eq!(reason(&token, &empty), NoMatchReason::EmptySet);
    assert_eq!(reason(&token, &VerifyingKeys::default()), NoMatchReason::EmptySet);
    let alone = set_of([other[2].clone()]);
    let alone = VerifyingKeys::from_jwks(&alone, &allowed, subject.backend());
    let nameless = signed(&keys::private(S::ES256).without_kid(), subject);
    assert_eq!(reason(&nameless, &alone), NoMatchReason::WrongUse);
    assert_eq!(keys.skipped().len(), 5);
}

/// A token that nobody has signed, for where it does not come to that.
fn laid_out(alg: S, kid: &str) -> String {
    let header = json!({"alg": alg.name(), "kid": kid}).to_string();
    let (header, payload) = (base64url::encode(header.as_bytes()), base64url::encode(PAYLOAD));
    format!("{header}.{payload}.{}", base64url::encode(&[1; 64]))
}

/// RFC 9864 §2.2: `EdDSA` and `Ed25519` are one algorithm in a header, in a key and in an
/// allow-list; `EdDSA` is not an Ed25519 key's way to serve Ed448.
pub fn the_two_names_of_edwards_signatures_are_one_in_a_set(subject: &Subject) {
    for own in ["EdDSA", "Ed25519"] {
        for allowed in [S::EdDSA, S::Ed25519] {
            for named in [json!(own), Value::Null] {
                let jwk = patched(&keys::verifying(S::Ed25519), &json!({"alg": named}));
                let keys = VerifyingKeys::from_jwks(&set_of([jwk]), &[allowed], subject.backend());
                if subject.lacks(S::Ed25519) {
                    let refused = reason(&laid_out(allowed, "ed25519-1"), &keys);
                    assert_eq!(refused, NoMatchReason::UnusableKey);
                    continue;
                }
                let forge = Forge::new(&keys::private(S::Ed25519), subject);
                for token in ["EdDSA", "Ed25519"] {
                    let token = forge.seal(json!({"alg": token, "kid": "ed25519-1"}).to_string());
                    assert_eq!(jws::verify(&token, &keys).unwrap().alg(), S::Ed25519);
                }
                let token = forge.seal(r#"{"alg":"Ed448","kid":"ed25519-1"}"#);
                let expected = match allowed {
                    S::EdDSA => NoMatchReason::WrongAlgorithm, // allowed, and not this key's
                    _ => NoMatchReason::AlgorithmNotAllowed,
                };
                assert_eq!(reason(&token, &keys), expected);
            }
        }
        let jwk = patched(&keys::verifying(S::Ed25519), &json!({"alg": own}));
        let keys = VerifyingKeys::from_jwks(&set_of([jwk]), &[S::Ed448], subject.backend());
        assert_eq!(keys.iter().count(), 0);
    }
}

/// A key given alone needs no name; in a set, where keys come and go, one without a name is not
/// the key that a token names.
pub fn a_nameless_key_serves_named_tokens_only_if_given_alone(subject: &Subject) {
    let jwk = shared(1).without_kid();
    let token = signed(&jwk.clone().with_kid("k"), subject);
    let nameless = signed(&jwk, subject);
    let key = verifying(&jwk, subject).unwrap();
    assert!(jws::verify(&token, &key).is_ok());
    assert!(jws::verify(&token, &VerifyingKeys::from(key.clone())).is_ok());
    let other = verifying(&shared(2).with_kid("other"), subject).unwrap();
    let several: VerifyingKeys = [other, key].into_iter().collect();
    assert!(jws::verify(&token, &several).is_ok());
    let set = VerifyingKeys::from_jwks(&set_of([jwk.clone()]), &[S::HS256], subject.backend());
    assert_eq!(reason(&token, &set), NoMatchReason::UnknownKid);
    assert!(jws::verify(&nameless, &set).is_ok());
    // A name that is there is not overruled by a key without one.
    let taken = verifying(&shared(2).with_kid("k"), subject).unwrap();
    let several: VerifyingKeys = [taken, verifying(&jwk, subject).unwrap()].into_iter().collect();
    assert!(is_forged(&token, &several));
}

/// A resolver finds keys by the unverified header, once for each token; what it answers is bound.
pub fn a_resolver_answers_with_bound_keys(subject: &Subject) {
    struct Tenants {
        keys: VerifyingKeys,
        asked: AtomicUsize,
    }
    impl KeyResolver for Tenants {
        fn resolve(&self, token: &Unverified<'_>) -> Result<VerifyingKeys, CryptoError> {
            self.asked.fetch_add(1, Ordering::Relaxed);
            match token.protected().get("tenant") {
                Some("\"known\"") => Ok(self.keys.clone()),
                Some("\"down\"") => Err(CryptoError::from_source("database gone")),
                _ => Ok(VerifyingKeys::default()),
            }
        }
    }
    let tenants = Tenants { keys: trusted(subject).into(), asked: AtomicUsize::new(0) };
    let seal =
        |tenant: &str| forge(subject).seal(json!({"alg": "HS256", "tenant": tenant}).to_string());
    let good = seal("known");
    assert!(jws::verify(&good, &tenants).is_ok());
    assert_eq!(tenants.asked.swap(0, Ordering::Relaxed), 1);
    for keys in [&&tenants as &dyn KeyResolver, &Box::new(&tenants), &Arc::new(&tenants)] {
        assert!(jws::verify(&good, keys).is_ok(), "by reference, in a box, and shared");
    }
    assert_eq!(reason(&seal("new"), &tenants), NoMatchReason::EmptySet);
    let refused = refusal(&seal("down"), &tenants);
    assert_eq!(refused.code(), "ERR_CRYPTO_UNAVAILABLE");
    let jws::Error::Verify(VerifyError::Unavailable(error)) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(error.source().unwrap().to_string(), "database gone");
    // Keys of another family are no answer to a MAC (RFC 8725 §3.1).
    let other = keys::verifier(S::ES256, subject.backend());
    let tenants = Tenants { keys: other.into(), asked: AtomicUsize::new(0) };
    assert_eq!(reason(&good, &tenants), NoMatchReason::AlgorithmNotAllowed);
    tenants.asked.store(0, Ordering::Relaxed);
    assert!(jws::verify("e30.e30.e30", &tenants).is_err());
    assert_eq!(tenants.asked.load(Ordering::Relaxed), 0, "what is no token is not looked up");
}

/// What is wrong with a member or beside the members stops no good one, even where serde gives up.
pub fn no_part_of_a_set_spoils_the_rest(subject: &Subject) {
    let good = keys::verifying(S::ES256).to_public_json().unwrap();
    let token = signed(&keys::private(S::ES256), subject);
    let deep = format!("{}{}", "[".repeat(60), "]".repeat(60));
    for text in [
        format!(r#"{{"keys":[{{"kty":"x","a":"\ud800"}},{good}]}}"#),
        format!(r#"{{"keys":[{{"kty":"x","a":"\udc00\ud800 \ud800A"}},{good}]}}"#),
        format!(r#"{{"keys":[{good}],"other":{deep}}}"#),
        format!(r#"{{"keys":[{good}],"other":"\ud800"}}"#),
        format!(r#"{{"keys":[1,null,[],"{{",{good}]}}"#),
    ] {
        let set: JwkSet = text.parse().unwrap_or_else(|error| panic!("{error}: {text}"));
        let keys = VerifyingKeys::from_jwks(&set, &[S::ES256], subject.backend());
        assert!(jws::verify(&token, &keys).is_ok(), "{text}");
    }
    assert!(r#"{"keys":[],"\ud800":1}"#.parse::<JwkSet>().is_err(), "a name is nobody's problem");
}

/// Lists inside a key are as long as they have use for, so that a set takes no more memory than its
/// text.
pub fn lists_in_a_key_are_short(_subject: &Subject) {
    let key = |member: &str, list: String| {
        format!(r#"{{"kty":"oct","k":"AAAA","{member}":[{list}]}}"#).parse::<Jwk>()
    };
    let certificates = |count| vec!["\"AAAA\""; count].join(",");
    assert!(key("x5c", certificates(8)).is_ok());
    for list in [certificates(9), "\"\"".into(), String::new()] {
        assert_eq!(key("x5c", list).unwrap_err().code(), "ERR_JWK_INVALID");
    }
    let operations = |count| (0..count).map(|op| format!("\"{op}\"")).collect::<Vec<_>>().join(",");
    assert!(key("key_ops", operations(16)).is_ok());
    assert!(key("key_ops", operations(17)).is_err());
}

/// Keys out of a set stay what they were when they are collected anew: a nameless one serves no
/// token that names a key.
pub fn collecting_the_keys_of_a_set_widens_nothing(subject: &Subject) {
    let jwk = shared(1).without_kid();
    let set = VerifyingKeys::from_jwks(&set_of([jwk.clone()]), &[S::HS256], subject.backend());
    let again: VerifyingKeys = set.iter().cloned().collect();
    let named = signed(&jwk.clone().with_kid("unknown"), subject);
    assert_eq!(reason(&named, &again), NoMatchReason::UnknownKid);
    assert!(jws::verify(&signed(&jwk, subject), &again).is_ok());
    // Given by itself it does, but not where the name is another key's.
    let given = verifying(&jwk, subject).unwrap();
    assert!(jws::verify(&named, &given).is_ok());
    let taken = keys::verifying(S::ES256).with_kid("unknown");
    let both: VerifyingKeys = [given, verifying(&taken, subject).unwrap()].into_iter().collect();
    assert_eq!(reason(&named, &both), NoMatchReason::WrongAlgorithm);
}

/// Whether to fetch keys again can be asked before verifying, and the answer is verifying's own.
pub fn whether_a_key_matches_can_be_asked_first(subject: &Subject) {
    let keys = VerifyingKeys::from_jwks(
        &set_of([keys::verifying(S::ES256)]),
        &[S::ES256],
        subject.backend(),
    );
    let known = signed(&keys::private(S::ES256), subject);
    let unknown = signed(&keys::private(S::ES256).with_kid("new"), subject);
    let ask = |token: &str| keys.matches(&Unverified::parse(token).unwrap());
    assert_eq!(ask(&known), Ok(()));
    assert_eq!(ask(&unknown).unwrap_err(), no_match(&unknown, &keys));
}

/// A key of a type nobody knows mixes no set; a public key does, even one that is of no use here.
pub fn a_set_is_mixed_by_public_keys_alone(subject: &Subject) {
    let by_own_alg =
        |keys: [Jwk; 2]| VerifyingKeys::from_jwks_by_own_alg(&set_of(keys), subject.backend());
    let alien: Jwk = r#"{"kty":"from-the-future"}"#.parse().unwrap();
    assert_eq!(by_own_alg([shared(1), alien]).unwrap().iter().count(), 1);
    let enc: Jwk = r#"{"kty":"OKP","crv":"X25519","use":"enc","x":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}"#
        .parse()
        .unwrap();
    assert!(matches!(by_own_alg([shared(1), enc]), Err(KeyError::MixedSet)));
    let nameless = Jwk::from_secret_octets([7; 64]).unwrap();
    let refused = by_own_alg([nameless, keys::verifying(S::ES256)]);
    assert!(matches!(refused, Err(KeyError::MixedSet)), "though it is bound to nothing");
}
