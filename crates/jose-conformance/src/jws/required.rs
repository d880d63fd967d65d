//! Which of many signatures have to be valid, and which keys count as one.

use super::*;

/// Any valid signature is enough unless more is asked for; every one is not.
pub fn all_signatures_are_more_than_any(subject: &Subject) {
    let jws = signed_by(&[
        signing(&shared(1, "a"), subject),
        signing(&shared(2, "unknown"), subject),
        signing(&shared(3, "c"), subject),
    ]);
    let [a, b, c] = [(1, "a"), (2, "unknown"), (3, "c")]
        .map(|(octet, kid)| verifying(&shared(octet, kid), subject));
    let two = set([a.clone(), c.clone()]);
    for policy in [Policy::new(), requiring(Required::Any)] {
        let verified = jws.verify_with(&two, &policy).unwrap();
        assert_eq!(valid_places(&verified), [0, 2]);
    }
    let all = requiring(Required::All);
    assert_eq!(unmet(jws.verify_with(&two, &all)), (2, MISSING, vec![1]));
    assert_eq!(unmet(jws.verify_with(&b, &all)), (1, MISSING, vec![0, 2]));
    let three = set([a.clone(), b, c]);
    assert_eq!(jws.verify_with(&three, &all).unwrap().signatures().count(), 3);
    // One that cannot be read is not valid either.
    let entries = entries(&jws);
    let malformed = of_entries(&[&entries[0], "null"]);
    assert!(malformed.verify(&a).is_ok());
    assert_eq!(unmet(malformed.verify_with(&three, &all)), (1, MISSING, vec![1]));
}

/// The names that count are those of the verifier's keys, and not what a header says.
pub fn keys_are_required_by_their_own_names(subject: &Subject) {
    let (seller, notary) = (shared(1, "seller"), shared(2, "notary"));
    let jws = signed_by(&[signing(&seller, subject), signing(&notary, subject)]);
    let one = signed_by(&[signing(&seller, subject)]);
    let keys = set([verifying(&seller, subject), verifying(&notary, subject)]);
    for (kids, met) in [
        (&["seller", "notary"][..], true),
        (&["notary", "seller", "notary"], true),
        (&["notary"], true),
        (&[], false), // one that was not filled in
        (&["notary", "third"], false),
        (&["Notary"], false),
        (&[""], false),
    ] {
        let policy = requiring(Required::kids(kids.iter().copied()));
        let verified = jws.verify_with(&keys, &policy);
        if met {
            assert_eq!(verified.unwrap().signatures().count(), 2, "{kids:?}");
        } else {
            assert_eq!(unmet(verified), (2, MISSING, vec![]), "{kids:?}");
        }
    }
    let both = requiring(Required::kids(["seller", "notary"]));
    assert_eq!(unmet(one.verify_with(&keys, &both)), (1, MISSING, vec![]));
    let notary_alone = verifying(&notary, subject);
    assert_eq!(unmet(jws.verify_with(&notary_alone, &both)), (1, MISSING, vec![0]));
    // A key without a name is nobody's, though the header names the notary.
    let nameless = verifying(&notary.without_kid(), subject);
    assert_eq!(jws.verify(&nameless).unwrap().key_id(), None);
    let notary = requiring(Required::kids(["notary"]));
    let (valid, code, _) = unmet(jws.verify_with(&nameless, &notary));
    assert_eq!((valid, code), (1, MISSING));
}

/// At least one signature has to be valid, however little is asked for.
pub fn at_least_one_signature_has_to_be_valid(subject: &Subject) {
    let (key, other) = (shared(1, "k"), verifying(&shared(2, "k"), subject));
    let two = signed_by(&[signing(&key, subject), signing(&key, subject)]);
    let one = signed_by(&[signing(&key, subject)]);
    for required in [Required::Any, Required::All, Required::DistinctKeys(1)] {
        let policy = requiring(required.clone());
        assert!(two.verify_with(&verifying(&key, subject), &policy).is_ok(), "{required:?}");
        let forged = unmet(two.verify_with(&other, &policy));
        assert_eq!(forged, (0, "ERR_JWS_SIGNATURE_INVALID", vec![0, 1]), "{required:?}");
        assert_invalid(one.verify_with(&other, &policy));
        let nobody = VerifyingKeys::default();
        let unknown = unmet(two.verify_with(&nobody, &policy));
        assert_eq!(unknown, (0, "ERR_JWS_NO_MATCHING_SIGNER", vec![0, 1]), "{required:?}");
        let error = refused(one.verify_with(&nobody, &policy));
        assert!(matches!(error, VerifyError::NoMatchingKey(_)), "{error:?}");
    }
}

/// A requirement that nobody filled in is not met by everybody.
pub fn an_empty_requirement_is_never_met(subject: &Subject) {
    let key = shared(1, "k");
    let jws = signed_by(&[signing(&key, subject)]);
    for required in [Required::Kids(Vec::new()), Required::DistinctKeys(0)] {
        let refused = jws.verify_with(&verifying(&key, subject), &requiring(required));
        assert_eq!(unmet(refused), (1, MISSING, vec![]));
    }
}

/// What nobody has signed is not verified, whatever is asked for and whoever is trusted.
pub fn what_nobody_signed_is_not_verified(subject: &Subject) {
    let keys = trusting(&three(subject), subject);
    for required in
        [Required::Any, Required::All, Required::Kids(Vec::new()), Required::DistinctKeys(0)]
    {
        let policy = requiring(required);
        let nothing = (0, "ERR_JWS_NO_MATCHING_SIGNER", vec![]);
        for jws in [Jws::new(PAYLOAD), Jws::new(""), Jws::unencoded(PAYLOAD)] {
            assert_eq!(unmet(jws.verify_with(&keys, &policy)), nothing);
        }
        let mut stream = SigningStream::new();
        stream.update(PAYLOAD);
        let jws = stream.finish().unwrap();
        let mut stream = jws.verifying_stream_with(&keys, &policy).unwrap();
        stream.update(PAYLOAD);
        assert_eq!(unmet(stream.finish().into_verified()), nothing);
    }
}

/// A key counts once, however often it signs, and under however many names and algorithms it is had.
pub fn a_key_counts_once(subject: &Subject) {
    let require = |count| requiring(Required::DistinctKeys(count));
    let count = |jws: &Jws, keys: &VerifyingKeys, distinct: usize| {
        let valid = jws.verify(keys).unwrap().signatures().count();
        assert_eq!(valid, jws.signatures().count());
        assert!(jws.verify_with(keys, &require(distinct)).is_ok());
        let more = unmet(jws.verify_with(keys, &require(distinct + 1)));
        assert_eq!(more, (valid, MISSING, vec![]));
        assert_eq!(unmet(jws.verify_with(keys, &require(usize::MAX))).1, MISSING);
    };
    let [a, b, other] = [shared(1, "a"), shared(1, "b"), shared(2, "other")];
    let [signing_a, signing_b, signing_other] = [&a, &b, &other].map(|jwk| signing(jwk, subject));
    let keys = set([&a, &b, &other].map(|jwk| verifying(jwk, subject)));
    count(&signed_by(&[signing_a.clone(), signing_a.clone(), signing_a.clone()]), &keys, 1);
    count(&signed_by(&[signing_a.clone(), signing_b.clone()]), &keys, 1);
    count(&signed_by(&[signing_a.clone(), signing_other.clone(), signing_b.clone()]), &keys, 2);
    let from_set = JwkSet::new([a.clone(), b, other]);
    let from_set = VerifyingKeys::from_jwks(&from_set, &[S::HS256], subject.backend());
    count(&signed_by(&[signing_b, signing_other, signing_a.clone()]), &from_set, 2);
    // One RSA key under two algorithms, bound apart or allowed both.
    let rsa = keys::private(S::RS256).with_kid("rsa");
    let mut members =
        value(core::str::from_utf8(rsa.expose_secret_json().expose_secret()).unwrap());
    members["alg"] = json!("PS256");
    let pss: Jwk = members.to_string().parse().unwrap();
    members.as_object_mut().unwrap().remove("alg");
    let unbound: Jwk = members.to_string().parse().unwrap();
    let jws = signed_by(&[signing(&rsa, subject), signing(&pss, subject)]);
    let public = |jwk: &Jwk| jwk.to_public().unwrap();
    count(&jws, &set([&rsa, &pss].map(|jwk| verifying(&public(jwk), subject))), 1);
    let allowed = JwkSet::new([public(&unbound)]);
    let allowed = VerifyingKeys::from_jwks(&allowed, &[S::PS256, S::RS256], subject.backend());
    count(&jws, &allowed, 1);
    // One shared key under two algorithms, and one Edwards key under the two names of one.
    let octets = Jwk::from_secret_octets([7; 64]).unwrap();
    let [hs256, hs512] = [S::HS256, S::HS512].map(|alg| octets.clone().with_alg(alg).unwrap());
    let mut twice =
        vec![([hs256.clone().with_kid("a"), hs512.clone().with_kid("b")], [hs256, hs512])];
    if !subject.lacks(S::Ed25519) {
        let text = keys::json(S::Ed25519);
        let edwards = ["Ed25519", "EdDSA"].map(|name| {
            let named = text.replace("\"alg\":\"Ed25519\"", &format!("\"alg\":\"{name}\""));
            named.parse::<Jwk>().unwrap().with_kid(name)
        });
        twice.push((edwards.clone(), edwards.each_ref().map(public)));
    }
    for (pair, halves) in twice {
        let jws = signed_by(&pair.each_ref().map(|jwk| signing(jwk, subject)));
        let named = halves
            .iter()
            .zip(&pair)
            .map(|(half, own)| verifying(&half.clone().with_kid(own.kid().unwrap()), subject));
        count(&jws, &set(named), 1);
    }
    // One curve, two points: two keys.
    let ec = [0, 1].map(|_| Jwk::generate(S::ES256, subject.backend()).unwrap());
    let jws = signed_by(&[signing(&ec[0], subject), signing(&ec[1], subject)]);
    let keys = set(ec.iter().map(|jwk| verifying(&public(jwk), subject)));
    count(&jws, &keys, 2);
}

/// Keys that are held elsewhere have nothing to compare but their names and their handles.
pub fn an_external_key_counts_once(subject: &Subject) {
    let gullible = |alg: S, kid| VerifyingKey::external(alg, kid, Answer::Yes).unwrap();
    let entry = |alg: S, kid: &str| {
        let header = json!({"alg": alg.name(), "kid": kid}).to_string();
        let protected = base64url::encode(header.as_bytes());
        let signature = base64url::encode(&vec![1; alg.signature_len().unwrap()]);
        format!("{{\"protected\":\"{protected}\",\"signature\":\"{signature}\"}}")
    };
    let two = requiring(Required::DistinctKeys(2));
    let [es256, es384] = [entry(S::ES256, "k"), entry(S::ES384, "k")];
    let jws = of_entries(&[&es256, &es384]);
    let named = |kid| set([gullible(S::ES256, Some("k")), gullible(S::ES384, kid)]);
    assert_eq!(unmet(jws.verify_with(&named(Some("k")), &two)), (2, MISSING, vec![]));
    // The same handle twice is one key, whatever it is called.
    let shared: Arc<dyn Verifier> = Arc::new(Answer::Yes);
    let again = |alg, kid| VerifyingKey::external(alg, kid, shared.clone()).unwrap();
    let jws = of_entries(&[&es256, &entry(S::ES256, "k")]);
    assert_eq!(unmet(jws.verify_with(&gullible(S::ES256, Some("k")), &two)), (2, MISSING, vec![]));
    assert_eq!(unmet(jws.verify_with(&again(S::ES256, None), &two)), (2, MISSING, vec![]));
    // Two names of two devices are two keys.
    let jws = of_entries(&[&es256, &entry(S::ES256, "l")]);
    let keys = set(["k", "l"].map(|kid| gullible(S::ES256, Some(kid))));
    assert_eq!(jws.verify_with(&keys, &two).unwrap().signatures().count(), 2);
    // One beside a key that is known.
    let known = signer(S::HS256, subject);
    let own = entries(&signed_by(core::slice::from_ref(&known)));
    let jws = of_entries(&[&es256, &own[0]]);
    let keys = set([gullible(S::ES256, Some("k")), verifier(S::HS256, subject)]);
    assert_eq!(jws.verify_with(&keys, &two).unwrap().signatures().count(), 2);
    // One that is known, and held in a device under the same name.
    let keys = set([gullible(S::ES256, Some("hs256-1")), verifier(S::HS256, subject)]);
    let jws = of_entries(&[&entry(S::ES256, "hs256-1"), &own[0]]);
    assert_eq!(unmet(jws.verify_with(&keys, &two)), (2, MISSING, vec![]));
}

/// HMAC fills a key up with zeros, so that one is many.
pub fn a_shared_key_with_zeros_counts_once(subject: &Subject) {
    let key = |len: usize, kid: &str| {
        let mut k = vec![7; 32];
        k.resize(len, 0);
        Jwk::from_secret_octets(k).unwrap().with_alg(S::HS256).unwrap().with_kid(kid)
    };
    let jwks = [key(32, "a"), key(48, "b")];
    let jws = signed_by(&jwks.clone().map(|jwk| signing(&jwk, subject)));
    let keys = set(jwks.map(|jwk| verifying(&jwk, subject)));
    assert_eq!(jws.verify(&keys).unwrap().signatures().count(), 2);
    let two = requiring(Required::DistinctKeys(2));
    assert_eq!(unmet(jws.verify_with(&keys, &two)), (2, MISSING, vec![]));
}

/// HMAC takes the digest of a key that is longer than a block, so that it is one key with its digest; a key
/// that fits in a block is another than its digest.
pub fn a_shared_key_and_the_digest_that_stands_for_it_count_once(subject: &Subject) {
    let two = requiring(Required::DistinctKeys(2));
    for (alg, hash, block_len) in
        [(S::HS256, Hash::Sha256, 64), (S::HS384, Hash::Sha384, 128), (S::HS512, Hash::Sha512, 128)]
    {
        for (len, distinct) in [(block_len, 2), (block_len + 1, 1)] {
            let k = vec![7; len];
            let mut digest = vec![0; hash.digest_len()];
            subject.backend().digest(hash, &[&k], &mut digest).unwrap();
            let jwks = [(k, "long"), (digest, "digest")].map(|(k, kid)| {
                Jwk::from_secret_octets(k).unwrap().with_alg(alg).unwrap().with_kid(kid)
            });
            let jws = signed_by(&jwks.clone().map(|jwk| signing(&jwk, subject)));
            let keys = set(jwks.map(|jwk| verifying(&jwk, subject)));
            assert_eq!(jws.verify(&keys).unwrap().signatures().count(), 2);
            match jws.verify_with(&keys, &two) {
                Ok(_) => assert_eq!(distinct, 2, "{alg} {len}"),
                refused => {
                    assert_eq!(distinct, 1, "{alg} {len}");
                    assert_eq!(unmet(refused), (2, MISSING, vec![]));
                }
            }
        }
    }
}

/// A token with one signature is held to a policy that asks for more.
pub fn a_policy_is_held_to_by_a_compact_token(subject: &Subject) {
    let key = verifier(S::HS256, subject);
    let token = jws::sign(br#"{"sub":"joe"}"#, &signer(S::HS256, subject)).unwrap();
    let jws = Jws::parse(&token).unwrap();
    for (required, met) in [
        (Required::Any, true),
        (Required::All, true),
        (Required::DistinctKeys(1), true),
        (Required::kids(["hs256-1"]), true),
        (Required::DistinctKeys(2), false),
        (Required::kids(["hs256-2"]), false),
        (Required::kids(["hs256-1", "hs256-2"]), false),
    ] {
        let policy = requiring(required);
        let rules = Validation::new().with_policy(policy.clone());
        let now = UnixTime::from_secs(0);
        let claims = |error| match error {
            jwt::Error::Verify(error) => jws::Error::Verify(error),
            other => panic!("{other:?}"),
        };
        let unverified = Unverified::parse(&token).unwrap();
        let read = Jws::parse(jws.to_general().unwrap()).unwrap();
        for verified in [
            jws::verify_with(&token, &key, &policy).map(drop),
            unverified.verify_with(&key, &policy).map(drop),
            jws.verify_with(&key, &policy).map(drop),
            read.verify_with(&key, &policy).map(drop),
            jwt::verify::<Value>(&token, &key, &rules, now).map(drop).map_err(claims),
            jwt::verify_claims(&token, &key, &rules, now).map(drop).map_err(claims),
        ] {
            if met {
                verified.unwrap();
            } else {
                assert_eq!(unmet(verified), (1, MISSING, vec![]));
            }
        }
    }
}

/// One signature taken out of several is still one of several.
pub fn a_signature_taken_alone_is_not_all(subject: &Subject) {
    let jws =
        signed_by(&[signing(&shared(1, "a"), subject), signing(&shared(2, "unknown"), subject)]);
    let key = verifying(&shared(1, "a"), subject);
    let first = || jws.signatures().next().unwrap().unwrap();
    assert_eq!(first().verify(&key).unwrap().content(), PAYLOAD);
    assert_eq!(unmet(first().verify_with(&key, &requiring(Required::All))), (1, MISSING, vec![]));
}

/// Claims are held to rules whose policy asks for two keys only if two keys have been asked for.
pub fn claims_are_not_accepted_under_a_laxer_policy(subject: &Subject) {
    let keys = [shared(1, "a"), shared(2, "b")];
    let signing_keys = keys.clone().map(|jwk| signing(&jwk, subject));
    let now = UnixTime::from_secs(0);
    let jws = jwt::Builder::at(now).sign_by(&json!({"sub": "joe"}), &signing_keys).unwrap();
    let trusted = set(keys.map(|jwk| verifying(&jwk, subject)));
    let two = requiring(Required::DistinctKeys(2));
    let rules = Validation::new().with_policy(two.clone());
    let accept = |policy: &Policy| {
        jwt::accept::<Value>(jws.verify_with(&trusted, policy).unwrap(), &rules, now)
    };
    assert_eq!(accept(&two).unwrap().signatures().count(), 2);
    for laxer in [Policy::new(), requiring(Required::All), requiring(Required::DistinctKeys(1))] {
        let Err(jwt::Error::Verify(VerifyError::Unmet(error))) = accept(&laxer) else { panic!() };
        assert_eq!(error.required(), &Required::DistinctKeys(2));
    }
    let any = Validation::new();
    assert!(jwt::accept::<Value>(jws.verify_with(&trusted, &two).unwrap(), &any, now).is_ok());
}
