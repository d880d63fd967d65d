//! JWK Sets (RFC 7517 §5): what is found in them is what can be used.

use super::*;

/// A set finds a key for exactly those algorithms it can be loaded for, whether it names one or not.
pub fn a_key_is_found_for_what_it_can_be_loaded_for(subject: &Subject) {
    let algs = registered(subject);
    let signing = subject.algorithms().map(keys::private);
    let shared = [16, 24, 32, 48, 64].map(|len| Jwk::from_secret_octets(vec![7; len]).unwrap());
    let agreeing = subject.curves().map(|curve| {
        let generator = Generator::new(KeyManagementAlgorithm::ECDH_ES).curve(curve.new_key());
        generator.generate(subject.backend()).unwrap()
    });
    let bound: Vec<Jwk> = signing.chain(agreeing).collect();
    let unbound = bound.iter().map(|jwk| Jwk::new(jwk.params().clone()));
    for jwk in unbound.chain(shared).chain(bound.clone()) {
        let set = JwkSet::new([jwk.clone()]);
        for alg in algs.iter().copied().filter(|alg| !is_password(*alg)) {
            let found = set.for_alg(alg).count() == 1;
            let loaded = jwk.clone().with_alg(alg).is_ok_and(|bound| {
                let [private, _] = load(&bound, alg, subject);
                // `dir` says which encryption, if its length leaves a choice.
                matches!(private, Ok(()) | Err(KeyError::MissingEncryption))
            });
            // `EdDSA` and its curve's algorithm are one, and a key says one name.
            let renamed = jwk.alg().is_some() && alg.name().starts_with("Ed");
            if !renamed {
                assert_eq!(found, loaded, "{alg}: {jwk:?}");
            }
        }
    }
}

fn is_password(alg: Alg) -> bool {
    alg.name().starts_with("PBES2")
}

/// What a set publishes verifies what its keys sign, in the order of the set, and holds nothing that
/// signs.
pub fn a_published_set_verifies_and_signs_nothing(subject: &Subject) {
    let algs: Vec<_> = subject.algorithms().collect();
    let set: JwkSet = algs.iter().map(|alg| keys::private(*alg)).collect();
    let public: JwkSet = set.to_public_json().parse().unwrap();
    let pairs: Vec<_> = algs.iter().filter(|alg| !alg.is_symmetric()).collect();
    assert_eq!(public.keys().len(), pairs.len());
    for (jwk, alg) in public.iter().zip(pairs) {
        assert_eq!(*jwk, keys::verifying(*alg));
        let refused = SigningKey::from_jwk(jwk, subject.backend());
        assert!(matches!(refused, Err(KeyError::NotPrivate)), "{alg}: {refused:?}");
    }
    let verifying = VerifyingKeys::from_jwks(&public, &algs, subject.backend());
    for alg in algs {
        let key = keys::signer(alg, subject.backend());
        let verified = jws::verify(&jws::sign(b"", &key).unwrap(), &verifying);
        assert_eq!(verified.is_ok(), !alg.is_symmetric(), "{alg}");
    }
}
