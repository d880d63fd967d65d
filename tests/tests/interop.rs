//! Every writer against every reader: what one backend makes, each of them takes.

use jose::jwa::SignatureAlgorithm;
use jose::{Jwk, SigningKey, VerifyingKey, VerifyingKeys, jws};
use jose_conformance::keys;
use jose_tests::backends;

/// The backends that have `alg`.
fn with(alg: SignatureAlgorithm) -> Vec<&'static dyn jose::crypto::Backend> {
    let has = |backend: &&'static dyn jose::crypto::Backend| {
        VerifyingKey::from_jwk(&keys::verifying(alg), *backend).is_ok()
    };
    backends().into_iter().filter(has).collect()
}

#[test]
fn what_one_backend_signs_every_backend_verifies() {
    for alg in SignatureAlgorithm::ALL {
        for writer in with(*alg) {
            let token = jws::sign(b"between libraries", &keys::signer(*alg, writer)).unwrap();
            for reader in with(*alg) {
                let verified = jws::verify(&token, &keys::verifier(*alg, reader));
                let names = (writer.name(), reader.name());
                assert_eq!(verified.unwrap().content(), b"between libraries", "{alg} {names:?}");
            }
        }
    }
}

#[test]
fn a_key_made_by_one_backend_serves_in_every_other() {
    for alg in SignatureAlgorithm::ALL.iter().filter(|alg| !alg.name().ends_with(['4', '2'])) {
        for maker in with(*alg) {
            let jwk = Jwk::generate(*alg, maker).unwrap();
            let jwk = Jwk::from_json(jwk.expose_secret_json().expose_secret()).unwrap();
            for user in with(*alg) {
                let token = jws::sign(b"", &SigningKey::from_jwk(&jwk, user).unwrap()).unwrap();
                let public =
                    if alg.is_symmetric() { jwk.clone() } else { jwk.to_public().unwrap() };
                let key = VerifyingKey::from_jwk(&public, maker).unwrap();
                assert!(jws::verify(&token, &key).is_ok(), "{alg}");
            }
        }
    }
}

#[test]
fn algorithms_without_choice_give_the_same_token_on_every_backend() {
    for alg in SignatureAlgorithm::ALL {
        let deterministic = ["HS", "RS", "Ed"].iter().any(|family| alg.name().starts_with(family));
        let sign = |backend| jws::sign(b"same", &keys::signer(*alg, backend)).unwrap();
        let mut tokens: Vec<_> = with(*alg).into_iter().map(sign).collect();
        tokens.dedup();
        assert!(!deterministic || tokens.len() <= 1, "{alg}");
    }
}

#[test]
fn one_set_of_keys_holds_handles_of_several_backends() {
    use SignatureAlgorithm as S;
    let algorithms = [S::HS256, S::ES256, S::Ed25519, S::PS256];
    let backend = |index: usize| backends()[index % backends().len()];
    let verifiers = algorithms.iter().enumerate();
    let keys: VerifyingKeys =
        verifiers.map(|(index, alg)| keys::verifier(*alg, backend(index))).collect();
    for (index, alg) in algorithms.iter().enumerate() {
        let token = jws::sign(b"mixed", &keys::signer(*alg, backend(index + 1))).unwrap();
        assert_eq!(jws::verify(&token, &keys).unwrap().alg(), *alg);
    }
}

#[test]
fn both_backends_are_here_when_both_features_are() {
    let names: Vec<_> = backends().iter().map(|backend| backend.name()).collect();
    let expected: &[&str] = match (cfg!(feature = "rustcrypto"), cfg!(feature = "openssl")) {
        (true, true) => &["rustcrypto", "openssl"],
        (true, false) => &["rustcrypto"],
        (false, true) => &["openssl"],
        (false, false) => &[],
    };
    assert_eq!(names, expected);
}
