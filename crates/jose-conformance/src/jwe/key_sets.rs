//! Which of our keys a token is for (RFC 7516 §4.1.6, RFC 8725 §3.1).

use super::*;

fn shared(octet: u8) -> Jwk {
    Jwk::from_secret_octets([octet; 32]).unwrap()
}

fn bound(octet: u8, kid: &str) -> Jwk {
    shared(octet).with_alg(K::A256KW).unwrap().with_kid(kid)
}

fn ring(keys: impl Into<Vec<Jwk>>, allow: &[K], subject: &Subject) -> DecryptionKeys {
    // Written and read, as keys come.
    let json = JwkSet::new(keys).expose_secret_json();
    let set = JwkSet::from_json(json.expose_secret()).unwrap();
    DecryptionKeys::from_jwks(&set, allow, subject.backend())
}

/// A token to `jwk`, which names it as it is named.
fn token(jwk: &Jwk, subject: &Subject) -> Parts {
    Parts::of(&jwe::encrypt(TEXT, &sender(jwk, subject.backend())).unwrap())
}

fn decrypts(token: &Parts, keys: &DecryptionKeys) -> Option<String> {
    let decrypted = jwe::decrypt(&token.compact(), keys).unwrap();
    assert_eq!(decrypted.content(), TEXT);
    let compact = token.compact();
    assert_eq!(keys.matches(&Encrypted::parse(&compact).unwrap()), Ok(()));
    decrypted.key_id().map(Into::into)
}

#[track_caller]
fn why(token: &Parts, keys: &DecryptionKeys) -> NoMatchReason {
    let reason = reason(refusal(token, keys));
    let compact = token.compact();
    let no_match = keys.matches(&Encrypted::parse(&compact).unwrap()).unwrap_err();
    assert_eq!(no_match.reason(), reason, "asked first, the answer is the same");
    reason
}

/// A token that names its key is decrypted by that one, wherever in the set it is.
pub fn a_named_key_decrypts(subject: &Subject) {
    let keys = ring([bound(1, "a"), bound(2, "b"), bound(3, "c")], &[K::A256KW], subject);
    for (octet, kid) in [(1, "a"), (2, "b"), (3, "c")] {
        assert_eq!(decrypts(&token(&bound(octet, kid), subject), &keys).as_deref(), Some(kid));
    }
    // Under another's name it is another's token, whoever has the key.
    assert_failed(&token(&bound(1, "b"), subject), &keys);
    for kid in ["A", "a ", "", "d"] {
        let refused = why(&token(&bound(1, kid), subject), &keys);
        assert_eq!(refused, NoMatchReason::UnknownKid, "{kid}");
    }
}

/// A token that names no key is tried with those that fit, within the limit.
pub fn a_nameless_token_has_a_bounded_number_of_keys_tried(subject: &Subject) {
    let keys: Vec<_> = (1..=20).map(|octet| bound(octet, &octet.to_string())).collect();
    let keys = ring(keys, &[K::A256KW], subject);
    for (octet, found) in [(1, true), (8, true), (9, false), (20, false)] {
        let token = token(&shared(octet).with_alg(K::A256KW).unwrap(), subject);
        if found {
            assert_eq!(decrypts(&token, &keys), Some(octet.to_string()));
        } else {
            assert_failed(&token, &keys);
        }
        let mut limits = Limits::default();
        limits.tries = 20;
        let policy = Policy::new().limits(limits);
        assert!(jwe::decrypt_with(&token.compact(), &keys, &policy).is_ok());
    }
}

/// Two keys of one name for one algorithm: neither is tried. For two algorithms they are two keys.
pub fn a_name_of_two_keys_is_ambiguous(subject: &Subject) {
    let keys = ring([bound(1, "a"), bound(2, "a")], &[K::A256KW], subject);
    for octet in [1, 2] {
        let refused = why(&token(&bound(octet, "a"), subject), &keys);
        assert_eq!(refused, NoMatchReason::AmbiguousKid);
    }
    let other = shared(2).with_alg(K::A256GCMKW).unwrap().with_kid("a");
    let keys = ring([bound(1, "a"), other.clone()], &[K::A256KW, K::A256GCMKW], subject);
    assert!(decrypts(&token(&bound(1, "a"), subject), &keys).is_some());
    assert!(decrypts(&token(&other, subject), &keys).is_some());
}

/// Why there is no key is told as exactly as the header and our own keys can tell.
pub fn the_reason_why_no_key_decrypts_is_told(subject: &Subject) {
    use NoMatchReason as N;

    let for_a = token(&bound(1, "a"), subject);
    let nameless = token(&shared(1).with_alg(K::A256KW).unwrap(), subject);
    let signing = changed(&bound(1, "a"), &json!({"use": "sig"}));
    let operation = changed(&bound(1, "a"), &json!({"key_ops": ["wrapKey"]}));
    let short = octets(16).with_alg(K::A256KW).unwrap().with_kid("a");
    let other = shared(1).with_alg(K::A256GCMKW).unwrap().with_kid("a");
    let both = [K::A256KW, K::A256GCMKW];
    for (keys, allow, named, unnamed) in [
        (vec![], &both[..], N::EmptySet, N::EmptySet),
        (vec![signing], &both, N::WrongUse, N::WrongUse),
        (vec![operation], &both, N::WrongUse, N::WrongUse),
        (vec![short], &both, N::UnusableKey, N::UnusableKey),
        (vec![other.clone()], &both, N::WrongAlgorithm, N::UnknownKid),
        (vec![other], &[K::A256GCMKW], N::AlgorithmNotAllowed, N::AlgorithmNotAllowed),
        (vec![bound(1, "a")], &[K::A128KW], N::AlgorithmNotAllowed, N::AlgorithmNotAllowed),
    ] {
        let keys = ring(keys, allow, subject);
        assert_eq!(why(&for_a, &keys), named, "{keys:?}");
        assert_eq!(why(&nameless, &keys), unnamed, "{keys:?}");
    }
    let keys = ring([bound(1, "b")], &both, subject);
    assert_eq!(why(&for_a, &keys), N::UnknownKid);
    assert!(decrypts(&nameless, &keys).is_some());
}

/// The error tells which token it was about, cut short, and not to be trusted.
pub fn a_key_that_is_missing_is_named(subject: &Subject) {
    let long = "k".repeat(100);
    let keys = ring([bound(1, "a")], &[K::A256KW], subject);
    let refused = refusal(&token(&bound(1, &long), subject), &keys);
    let jwe::Error::Decrypt(DecryptError::NoMatchingKey(no_match)) = &refused else { panic!() };
    assert_eq!((no_match.alg(), no_match.kid()), ("A256KW", Some(&long[..64])));
    assert_eq!(no_match.to_string(), "no key bears the token's `kid` or serves its `alg`");
}

/// A key that names no algorithm serves the one that is allowed and takes its octets. Where several do,
/// it serves none: what one makes of it must not be of use under another.
pub fn a_key_without_an_algorithm_serves_what_is_allowed(subject: &Subject) {
    let unbound = shared(1).with_kid("a");
    for alg in [K::A256KW, K::A256GCMKW] {
        let keys = ring([unbound.clone()], &[alg, K::A128KW, K::ECDH_ES], subject);
        assert_eq!(keys.iter().map(DecryptionKey::alg).collect::<Vec<_>>(), [alg]);
        let token = token(&unbound.clone().with_alg(alg).unwrap(), subject);
        assert_eq!(decrypts(&token, &keys).as_deref(), Some("a"), "{alg}");
    }
    let several = ring([unbound.clone()], &[K::A256KW, K::A256GCMKW], subject);
    assert_eq!(several.iter().count(), 0);
    let SkipReason::Key(error) = several.skipped()[0].reason() else { panic!("{several:?}") };
    assert!(matches!(error, KeyError::MissingAlgorithm), "{error:?}");
    // Octets are no password unless they say so.
    let passwords = ring([unbound.clone()], &[K::PBES2_HS256_A128KW], subject);
    assert_eq!(passwords.iter().count(), 0);
    let said = unbound.clone().with_alg(K::PBES2_HS256_A128KW).unwrap();
    assert_eq!(ring([said], &[K::PBES2_HS256_A128KW], subject).iter().count(), 1);
    let keys = ring([unbound.clone()], &[K::A256KW], subject);
    let refused = why(&token(&unbound.with_alg(E::A256GCM).unwrap(), subject), &keys);
    assert_eq!(refused, NoMatchReason::AlgorithmNotAllowed);
    // A key that is bound serves its own, and a key bound to a content encryption serves it alone.
    let direct = shared(2).with_alg(E::A256GCM).unwrap().with_kid("b");
    let all: Vec<_> = K::ALL.into();
    let keys = ring([bound(1, "a"), direct.clone()], &all, subject);
    let algs: Vec<_> = keys.iter().map(|key| (key.alg(), key.enc())).collect();
    assert_eq!(algs, [(K::A256KW, None), (K::Dir, Some(E::A256GCM))]);
    assert!(decrypts(&token(&direct, subject), &keys).is_some());
}

/// A bad member of a set stops no good one, and is told about.
pub fn a_bad_member_of_a_set_decrypts_nothing_else(subject: &Subject) {
    let good =
        json!({"kty": "oct", "kid": "good", "alg": "A256KW", "k": base64url::encode(&[1; 32])});
    let mut public = private(K::RSA_OAEP, E::A256GCM).to_public().unwrap();
    public = public.without_kid().with_kid("public");
    let members = [
        (json!({"kty": "oct", "kid": "short", "alg": "A256KW", "k": "AAAA"}), "ERR_JWK_INVALID"),
        (json!({"kty": "oct", "kid": "empty", "alg": "A256KW", "k": ""}), "ERR_JWK_INVALID"),
        (json!({"kty": "oct", "kid": "malformed", "k": 5}), "ERR_JWK_INVALID"),
        (json!({"kty": "LWE", "kid": "unknown", "alg": "A256KW"}), "ERR_JWS_ALG_NOT_ALLOWED"),
        (
            json!({"kty": "oct", "kid": "other", "alg": "HS256", "k": "AAAA"}),
            "ERR_JWS_ALG_NOT_ALLOWED",
        ),
        (json!({"kty": "oct", "kid": "strange", "alg": "X", "k": "AAAA"}), "ERR_JWK_UNSUPPORTED"),
        (value(&public.to_public_json().unwrap()), "ERR_JWK_INVALID"),
    ];
    let allow = [K::A256KW, K::RSA_OAEP];
    for (bad, code) in members {
        for members in [[&bad, &good], [&good, &bad]] {
            let set = JwkSet::from_json(json!({"keys": members}).to_string()).unwrap();
            let keys = DecryptionKeys::from_jwks(&set, &allow, subject.backend());
            assert_eq!(
                decrypts(&token(&bound(1, "good"), subject), &keys).as_deref(),
                Some("good")
            );
            let [skipped] = keys.skipped() else { panic!("{bad}: {:?}", keys.skipped()) };
            assert_eq!(skipped.kid(), bad["kid"].as_str());
            assert_eq!(skipped.reason().code(), code, "{bad}");
            let not_allowed = matches!(skipped.reason(), SkipReason::NotAllowed);
            assert_eq!(not_allowed, code == "ERR_JWS_ALG_NOT_ALLOWED", "{bad}");
        }
    }
}

/// A key without a name serves tokens that name any, if it was given by itself; from a set it
/// serves only tokens without one.
pub fn a_nameless_key_decrypts_for_any_name_only_if_given_alone(subject: &Subject) {
    let nameless = shared(1).with_alg(K::A256KW).unwrap();
    let (named, unnamed) = (token(&bound(1, "a"), subject), token(&nameless, subject));
    let given = owner(&nameless, subject.backend());
    assert!(jwe::decrypt(&named.compact(), &given).is_ok());
    assert!(jwe::decrypt(&unnamed.compact(), &given).is_ok());
    let keys = ring([nameless], &[K::A256KW], subject);
    assert_eq!(why(&named, &keys), NoMatchReason::UnknownKid);
    assert!(decrypts(&unnamed, &keys).is_none(), "it has no name to tell");
    // A key given by itself under a name serves its own, and tokens that name none.
    let given = given.with_kid("b");
    assert_eq!(reason(refusal(&named, &given)), NoMatchReason::UnknownKid);
    assert_eq!(jwe::decrypt(&unnamed.compact(), &given).unwrap().key_id(), Some("b"));
}

/// Keys can be looked for when the token is there; that they could not be had says nothing of it.
pub fn a_resolver_answers_with_keys_that_decrypt(subject: &Subject) {
    struct ByKid(DecryptionKey, AtomicUsize);
    impl KeyResolver for ByKid {
        fn resolve(&self, token: &Encrypted<'_>) -> Result<DecryptionKeys, CryptoError> {
            self.1.fetch_add(1, Ordering::Relaxed);
            match token.kid() {
                Some("a") => Ok(self.0.clone().into()),
                Some("b") => Ok(DecryptionKeys::default()),
                _ => Err(CryptoError::from_source("connection lost")),
            }
        }
    }
    let resolver = ByKid(owner(&bound(1, "a"), subject.backend()), AtomicUsize::new(0));
    let for_a = token(&bound(1, "a"), subject);
    for keys in [&resolver as &dyn KeyResolver, &Box::new(&resolver), &Arc::new(&resolver)] {
        assert!(jwe::decrypt(&for_a.compact(), keys).is_ok());
    }
    assert_eq!(
        reason(refusal(&token(&bound(1, "b"), subject), &resolver)),
        NoMatchReason::EmptySet
    );
    let refused = refusal(&token(&bound(1, "c"), subject), &resolver);
    assert_eq!(refused.code(), "ERR_CRYPTO_UNAVAILABLE");
    let jwe::Error::Decrypt(DecryptError::Unavailable(error)) = refused else { panic!() };
    assert_eq!(error.source().unwrap().to_string(), "connection lost");
    // What the header rules out is ruled out before anybody is asked.
    resolver.1.store(0, Ordering::Relaxed);
    let forge = forge(subject);
    for patch in [
        json!({"kid": "a", "enc": "X"}),
        json!({"kid": "a", "crit": ["x"], "x": 1}),
        json!({"kid": "a", "zip": "DEF"}),
        json!({"kid": "a", "enc": null}),
    ] {
        jwe::decrypt(&forge.patched(&patch).compact(), &resolver).unwrap_err();
    }
    assert_eq!(resolver.1.load(Ordering::Relaxed), 0);
}

/// A key that comes with a token is never used.
pub fn a_key_in_an_encrypted_header_is_never_used(subject: &Subject) {
    let forge = forge(subject);
    let jwk = value(&private(K::RSA_OAEP, E::A256GCM).to_public_json().unwrap());
    for patch in [
        json!({"jwk": jwk}),
        json!({"jku": "https://attacker.example/keys"}),
        json!({"x5u": "https://attacker.example/cert"}),
    ] {
        let token = forge.patched(&patch);
        assert!(jwe::decrypt(&token.compact(), &forge.owner).is_ok(), "with our own key");
        let refused = refusal(&token, &DecryptionKeys::default());
        assert_eq!(reason(refused), NoMatchReason::EmptySet);
    }
    let shared = json!({"jwk": {"kty": "oct", "k": base64url::encode(&[7; 32])}});
    let refused = refusal(&forge.patched(&shared), &forge.owner);
    assert_eq!(malformed(refused), within(Rule::PrivateMember));
}

/// A key without a name that is given by itself serves tokens that name any, also where its algorithm is
/// given beside it.
pub fn a_nameless_key_for_an_algorithm_serves_any_name(subject: &Subject) {
    let backend = subject.backend();
    let named = token(&bound(1, "a"), subject).compact();
    let nameless = bound(1, "a").without_kid();
    let alg = K::from_name(nameless.alg().unwrap()).unwrap();
    let given = DecryptionKey::from_jwk(&nameless, backend).unwrap();
    let given_for = DecryptionKey::from_jwk_for(alg, &nameless, backend).unwrap();
    for key in [given, given_for] {
        assert!(jwe::decrypt(&named, &key).is_ok());
    }
}

/// A shared key that names two ways to encrypt content is bound to neither.
pub fn a_key_that_names_two_encryptions_is_refused(subject: &Subject) {
    let load = |enc: &str| {
        let k = base64url::encode(&[7; 32]);
        let jwk = json!({"kty": "oct", "k": k, "alg": "A256GCM", "enc": enc});
        DecryptionKey::from_jwk(&Jwk::from_json(jwk.to_string()).unwrap(), subject.backend())
    };
    assert!(load("A256GCM").is_ok());
    let refused = load("A128CBC-HS256").unwrap_err();
    let KeyError::Algorithm { expected, actual } = refused else { panic!("{refused:?}") };
    assert_eq!((expected, actual.as_str()), ("A256GCM", "A128CBC-HS256"));
}
