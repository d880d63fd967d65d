//! Every writer against every reader: what one backend makes, each of them takes.
#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test may fail by panicking")]

use jose::jwa::SignatureAlgorithm;
use jose::jws::{Policy, Required, SigningStream};
use jose::{Jwk, Jws, SigningKey, VerifyingKey, VerifyingKeys, jws};
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

const PAYLOAD: &[u8] = b"between libraries.";

/// A JWS by each of these ways, and whether its payload is inside.
fn written(key: &SigningKey) -> Vec<(&'static str, String, bool)> {
    let [mut encoded, mut unencoded] = [Jws::new(PAYLOAD), Jws::unencoded(PAYLOAD)];
    encoded.sign(key).unwrap();
    unencoded.sign(key).unwrap();
    let inside = vec![
        ("flattened", encoded.to_flattened().unwrap(), true),
        ("general", encoded.to_general().unwrap(), true),
        ("unencoded, flattened", unencoded.to_flattened().unwrap(), true),
        ("unencoded, general", unencoded.to_general().unwrap(), true),
    ];
    encoded.detach();
    unencoded.detach();
    let detached = vec![
        ("detached, compact", encoded.to_compact().unwrap(), false),
        ("detached, flattened", encoded.to_flattened().unwrap(), false),
        ("detached, general", encoded.to_general().unwrap(), false),
        ("detached, unencoded, compact", unencoded.to_compact().unwrap(), false),
        ("detached, unencoded, general", unencoded.to_general().unwrap(), false),
    ];
    inside.into_iter().chain(detached).collect()
}

#[test]
fn every_serialization_goes_between_backends() {
    for alg in SignatureAlgorithm::ALL {
        for writer in with(*alg) {
            for (how, text, inside) in written(&keys::signer(*alg, writer)) {
                for reader in with(*alg) {
                    let names = (writer.name(), reader.name());
                    let mut jws = Jws::parse(&text).unwrap();
                    if !inside {
                        jws = jws.with_payload(PAYLOAD).unwrap();
                    }
                    let verified = jws.verify(&keys::verifier(*alg, reader));
                    assert_eq!(verified.unwrap().content(), PAYLOAD, "{alg}, {how}, {names:?}");
                }
            }
        }
    }
}

#[test]
fn a_payload_changed_on_its_way_between_backends_is_refused() {
    for alg in SignatureAlgorithm::ALL {
        for writer in with(*alg) {
            for (how, text, inside) in written(&keys::signer(*alg, writer)) {
                if inside {
                    continue;
                }
                for reader in with(*alg) {
                    let jws = Jws::parse(&text).unwrap().with_payload(&PAYLOAD[1..]).unwrap();
                    let refused = jws.verify(&keys::verifier(*alg, reader)).unwrap_err();
                    assert_eq!(refused.code(), "ERR_JWS_SIGNATURE_INVALID", "{alg}, {how}");
                }
            }
        }
    }
}

#[test]
fn streams_go_between_backends_and_are_what_the_whole_is() {
    let algorithms = SignatureAlgorithm::ALL.iter().filter(|alg| !alg.name().starts_with("Ed"));
    for alg in algorithms {
        for writer in with(*alg) {
            let key = keys::signer(*alg, writer);
            for begin in [SigningStream::new, SigningStream::unencoded] {
                let mut stream = begin();
                stream.sign(&key).unwrap();
                PAYLOAD.chunks(5).for_each(|piece| stream.update(piece));
                let text = stream.finish().unwrap().to_compact().unwrap();
                for reader in with(*alg) {
                    let trusted = VerifyingKeys::from(keys::verifier(*alg, reader));
                    let names = (writer.name(), reader.name());
                    let jws = Jws::parse(&text).unwrap();
                    let mut stream = jws.verifying_stream(&trusted).unwrap();
                    PAYLOAD.chunks(7).for_each(|piece| stream.update(piece));
                    assert!(stream.finish().into_verified().is_ok(), "{alg}, {names:?}");
                    let whole = jws.with_payload(PAYLOAD).unwrap().verify(&trusted);
                    assert_eq!(whole.unwrap().content(), PAYLOAD, "{alg}, {names:?}");
                }
            }
            // And the other way round: signed as a whole, verified piece by piece.
            for (how, text, inside) in written(&key) {
                for reader in with(*alg) {
                    let trusted = VerifyingKeys::from(keys::verifier(*alg, reader));
                    let stream = Jws::parse(&text).unwrap();
                    let stream = stream.verifying_stream(&trusted);
                    assert_eq!(stream.is_err(), inside, "{alg}, {how}");
                    let Ok(mut stream) = stream else { continue };
                    PAYLOAD.chunks(1).for_each(|piece| stream.update(piece));
                    assert!(stream.finish().into_verified().is_ok(), "{alg}, {how}");
                }
            }
        }
    }
}

#[test]
fn one_jws_is_signed_by_keys_of_several_backends_at_once() {
    use SignatureAlgorithm as S;
    let algorithms = [S::HS256, S::ES256, S::ES384, S::RS256, S::PS256, S::Ed25519];
    let backend = |index: usize| backends()[index % backends().len()];
    // Each signature is verified by another backend than the one that made it, if there are two.
    let trusted: VerifyingKeys =
        (1..).zip(algorithms).map(|(index, alg)| keys::verifier(alg, backend(index))).collect();
    let all = Policy::new().require(Required::All);
    for mut jws in [Jws::new(PAYLOAD), Jws::unencoded(PAYLOAD)] {
        for (index, alg) in algorithms.into_iter().enumerate() {
            jws.sign(&keys::signer(alg, backend(index))).unwrap();
        }
        let verified = Jws::parse(jws.to_general().unwrap()).unwrap();
        let verified = verified.verify_with(&trusted, &all).unwrap();
        let signed: Vec<_> = verified.signatures().map(jws::ValidSignature::alg).collect();
        assert_eq!((verified.content().as_slice(), signed.as_slice()), (PAYLOAD, &algorithms[..]));
    }
}

#[test]
fn one_stream_is_signed_and_verified_by_keys_of_several_backends_at_once() {
    use SignatureAlgorithm as S;
    let algorithms = [S::HS512, S::ES256, S::ES512, S::PS384];
    let backend = |index: usize| backends()[index % backends().len()];
    let signers: Vec<_> =
        (0..).zip(algorithms).map(|(index, alg)| keys::signer(alg, backend(index))).collect();
    let trusted: VerifyingKeys =
        (1..).zip(algorithms).map(|(index, alg)| keys::verifier(alg, backend(index))).collect();
    let mut stream = SigningStream::new();
    for signer in &signers {
        stream.sign(signer).unwrap();
    }
    PAYLOAD.chunks(4).for_each(|piece| stream.update(piece));
    let jws = Jws::parse(stream.finish().unwrap().to_general().unwrap()).unwrap();
    let all = Policy::new().require(Required::DistinctKeys(algorithms.len()));
    let mut stream = jws.verifying_stream_with(&trusted, &all).unwrap();
    stream.update(PAYLOAD);
    assert!(stream.finish().into_verified().is_ok());
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
