//! What is found in keys before they are used, and that it is what using them would find.

use super::*;

fn codes(findings: &[Finding]) -> Vec<&'static str> {
    findings.iter().map(Finding::code).collect()
}

fn worst(findings: &[Finding]) -> Option<Severity> {
    findings.iter().map(Finding::severity).max()
}

fn is_error(found: &Finding) -> bool {
    found.severity() == Severity::Error
}

/// A new key of any algorithm is at most worth a note, and so is its public half; but for
/// `RSA1_5`, which nobody should make keys for.
pub fn a_generated_key_is_at_most_worth_a_note(subject: &Subject) {
    for alg in registered(subject) {
        let Some(jwk) = key_for(alg, subject) else { continue };
        let set = JwkSet::new([jwk.clone()]);
        let mut findings = set.lint(Exposure::Private, subject.backend());
        findings.extend(set.to_public().lint(Exposure::Published, subject.backend()));
        if alg == Alg::RSA1_5.into() {
            findings.retain(|found| found.code() != "alg-deprecated");
        }
        assert!(worst(&findings) <= Some(Severity::Note), "{alg}: {findings:?}");
    }
    for curve in subject.curves() {
        let generator = Generator::new(Alg::ECDH_ES).curve(curve.new_key()).key_use(KeyUse::Enc);
        let jwk = generator.generate(subject.backend()).unwrap();
        let findings = jwk.lint(Exposure::Private, subject.backend());
        assert!(worst(&findings) <= Some(Severity::Note), "{curve:?}: {findings:?}");
    }
}

/// No random shared key is taken for a weak one.
pub fn a_random_shared_key_is_not_weak(subject: &Subject) {
    for bits in [128, 192, 256, 384, 512, 4096] {
        for _ in 0..200 {
            let jwk = Jwk::generate_oct(bits, subject.backend()).unwrap();
            let found = codes(&jwk.lint(Exposure::Private, subject.backend()));
            assert!(found.iter().all(|code| !code.starts_with("weak")), "{bits}: {found:?}");
        }
    }
}

/// Halves that do not match are found by a backend that can tell, and one that cannot says so.
pub fn halves_that_do_not_match_are_found(subject: &Subject) {
    for alg in subject.algorithms().filter(|alg| !alg.is_symmetric()) {
        if alg.name().starts_with(['R', 'P']) {
            continue;
        }
        let other = members(&Jwk::generate(alg, subject.backend()).unwrap());
        let jwk = patched(alg, &json!({"d": other["d"]}));
        let found = codes(&jwk.lint(Exposure::Private, subject.backend()));
        assert!(found.contains(&"inconsistent"), "{alg}: {found:?}");
        let right = keys::private(alg).lint(Exposure::Private, subject.backend());
        assert!(!codes(&right).contains(&"inconsistent"), "{alg}");
    }
}

/// A key that cannot be loaded for what it says of itself has an error, and says so before.
pub fn what_cannot_be_loaded_is_found(subject: &Subject) {
    use SignatureAlgorithm as S;
    let octets = base64url::encode(&[0xA7; 32]);
    let oct = |alg: &str| json!({"kty": "oct", "k": octets, "alg": alg});
    let mut refused: Vec<(Alg, Jwk)> = vec![
        (S::ES256.into(), patched(S::ES256, &json!({"use": "enc"}))),
        (S::ES256.into(), patched(S::ES256, &json!({"key_ops": ["verify"]}))),
        (S::ES384.into(), patched(S::ES256, &json!({"alg": "ES384"}))),
        (S::RS256.into(), patched(S::ES256, &json!({"alg": "RS256"}))),
        (S::RS256.into(), patched(S::RS256, &json!({"e": "AQ"}))),
        (S::RS256.into(), include_str!("../../vectors/keys/rsa1024.jwk").parse().unwrap()),
        (S::Ed25519.into(), patched(S::Ed25519, &json!({"x": base64url::encode(&[0; 32])}))),
        (Alg::ECDH_ES.into(), patched(S::ES256K, &json!({"alg": "ECDH-ES"}))),
    ];
    for (alg, text) in [
        (Alg::from(Alg::HS384), oct("HS384")),
        (Alg::A128KW.into(), oct("A128KW")),
        (Alg::A192GCMKW.into(), oct("A192GCMKW")),
        (Alg::A128GCM.into(), oct("A128GCM")),
        (Alg::Dir.into(), oct("dir")),
        (Alg::RSA_OAEP.into(), oct("RSA-OAEP")),
    ] {
        refused.push((alg, text.to_string().parse().unwrap()));
    }
    for (alg, jwk) in refused {
        let [loaded, _] = load(&jwk, alg, subject);
        assert!(loaded.is_err(), "{jwk:?}");
        let found = jwk.lint(Exposure::Private, subject.backend());
        assert!(found.iter().any(is_error), "{jwk:?}: {found:?}");
    }
}

/// Everything that must not be published is found in a set that is, and nothing in what
/// [`JwkSet::to_public`] makes of it.
pub fn what_must_not_be_published_is_found(subject: &Subject) {
    let mut stray = members(&keys::verifying(SignatureAlgorithm::ES256));
    stray.insert("k".into(), json!("c2VjcmV0"));
    let private = subject.algorithms().map(keys::private);
    for jwk in private.chain([from_members(&stray)]) {
        let expected = match jwk.params() {
            Params::Oct(_) => "oct-published",
            _ if jwk.is_private() => "private-published",
            _ => "stray-private",
        };
        let set = JwkSet::new([jwk]);
        let found = set.lint(Exposure::Published, subject.backend());
        let found: Vec<_> = found.iter().filter(|found| is_error(found)).collect();
        assert!(matches!(found[..], [found] if found.code() == expected), "{found:?}");
        let public = set.to_public().lint(Exposure::Published, subject.backend());
        assert!(!public.iter().any(is_error), "{public:?}");
    }
}

/// A shared key that is named by its thumbprint is found, under each hash, and its name not repeated.
pub fn a_name_that_tells_of_the_secret_is_found(subject: &Subject) {
    let jwk = keys::private(SignatureAlgorithm::HS256);
    let lint = |jwk: &Jwk| jwk.lint(Exposure::Private, subject.backend());
    assert!(!codes(&lint(&jwk)).contains(&"kid-tells-secret"));
    for hash in [Hash::Sha256, Hash::Sha384, Hash::Sha512] {
        let thumbprint = jwk.thumbprint(hash, subject.backend()).unwrap();
        let uri = jwk.thumbprint_uri(hash, subject.backend()).unwrap();
        for kid in [thumbprint, uri] {
            let found = lint(&jwk.clone().with_kid(kid));
            assert!(codes(&found).contains(&"kid-tells-secret"), "{found:?}");
            assert!(found.iter().all(|found| found.kid().is_none()));
        }
    }
    let pair = keys::private(SignatureAlgorithm::ES256);
    let thumbprint = pair.thumbprint(Hash::Sha256, subject.backend()).unwrap();
    assert!(!codes(&lint(&pair.with_kid(thumbprint))).contains(&"kid-tells-secret"));
}

/// A name that is found ambiguous is one that no token can name, and the other way round.
pub fn a_repeated_name_is_an_error_where_it_matches_nothing(subject: &Subject) {
    use SignatureAlgorithm as S;
    let new = || Jwk::generate(S::ES256, subject.backend()).unwrap().to_public().unwrap();
    let bare = |jwk: &Jwk| Jwk::new(jwk.params().clone());
    let own = keys::verifying(S::ES256);
    let token = jws::sign(
        b"",
        &SigningKey::from_jwk(&keys::private(S::ES256).with_kid("k"), subject.backend()).unwrap(),
    );
    let token = token.unwrap();
    for (other, ambiguous) in [
        (new(), true),
        (own.clone(), true),
        (bare(&new()), true),
        (bare(&new()).with_use(KeyUse::Enc), false),
        (bare(&new()).with_alg(Alg::ECDH_ES).unwrap(), false),
        (keys::verifying(S::PS256), false),
        (keys::verifying(S::ES384), false),
        (
            Generator::new(Alg::ECDH_ES).curve(EcCurve::P384).generate(subject.backend()).unwrap(),
            false,
        ),
    ] {
        for keys in [[own.clone(), other.clone()], [other, own.clone()]] {
            let set = JwkSet::new(keys.map(|jwk| jwk.with_kid("k")));
            let verifying = VerifyingKeys::from_jwks(&set, S::ALL, subject.backend());
            let matched = match jws::verify(&token, &verifying) {
                Ok(_) => true,
                Err(jws::Error::Verify(VerifyError::NoMatchingKey(error)))
                    if error.reason() == NoMatchReason::AmbiguousKid =>
                {
                    false
                }
                other => panic!("{other:?}"),
            };
            let found = set.lint(Exposure::Private, subject.backend());
            let found = codes(&found);
            assert_eq!(matched, !ambiguous);
            assert_eq!(found.contains(&"duplicate-kid"), ambiguous, "{found:?}: {set:?}");
            assert_eq!(found.contains(&"reused-kid"), !ambiguous, "{found:?}: {set:?}");
        }
    }
}
