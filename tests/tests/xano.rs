//! The functions of Xano on every backend: each algorithm that a parameter may name, between backends, keys of every
//! kind, and what is refused alike.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test may fail by panicking")]

use jose::{Jwk, UnixTime};
use jose_conformance::keys;
use jose_tests::backends;
use jose_xano::{
    ContentAlgorithm, CreateCurveKey, CreateRsaKey, CreateSecretKey, Curve, Error, Format,
    JweDecode, JweEncode, JwsDecode, JwsEncode, Key, KeyAlgorithm, Object, Payload,
    SignatureAlgorithm as S, create_curve_key, create_rsa_key, create_secret_key, hazmat,
    jwe_decode, jwe_encode, jws_decode, jws_encode,
};

const NOW: UnixTime = UnixTime::from_secs(1_768_108_013);

fn claims() -> Object {
    serde_json::from_str(r#"{"user_id":"123","role":"admin"}"#).unwrap()
}

const EXPECTED: &str =
    r#"{"user_id":"123","role":"admin","iat":1768108013,"nbf":1768108013,"exp":1768111613}"#;

/// A key as the functions that make keys give it: of RSA one that is made already, to save the time.
fn signing_key(algorithm: S, backend: &'static dyn jose::crypto::Backend) -> Key {
    let curve = |curve| {
        let made = CreateCurveKey::new(curve, Format::Object);
        create_curve_key(&made, backend).unwrap().into_key()
    };
    match algorithm {
        S::HS256 | S::HS384 | S::HS512 => {
            let made = CreateSecretKey::new(512, Format::Object);
            create_secret_key(&made, backend).unwrap().into_key()
        }
        S::ES256 => curve(Curve::P256),
        S::ES384 => curve(Curve::P384),
        S::ES512 => curve(Curve::P521),
        _ => Jwk::from_json(keys::json(algorithm.alg())).unwrap().into(),
    }
}

fn wrapping_key(algorithm: KeyAlgorithm, backend: &'static dyn jose::crypto::Backend) -> Key {
    if let Some(bits) = algorithm.key_bits() {
        let made = CreateSecretKey::new(bits.into(), Format::Object);
        create_secret_key(&made, backend).unwrap().into_key()
    } else {
        let made = CreateCurveKey::new(Curve::P384, Format::Object);
        create_curve_key(&made, backend).unwrap().into_key()
    }
}

#[test]
fn every_signature_algorithm_goes_between_backends() {
    assert_eq!(S::ALL.len(), 12);
    for algorithm in S::ALL {
        for writer in backends() {
            let key = signing_key(*algorithm, writer);
            let name = serde_json::to_string(algorithm).unwrap();
            assert_eq!(name, format!("\"{algorithm}\""));
            let encode =
                JwsEncode::new(key.clone()).claims(claims()).signature_algorithm(*algorithm);
            let token = jws_encode(&encode.ttl(3600), NOW, writer).unwrap();
            for reader in backends() {
                let decode = JwsDecode::new(&token, key.clone()).signature_algorithm(*algorithm);
                let decoded = jws_decode(&decode, NOW, reader).unwrap();
                assert_eq!(decoded.to_json(), EXPECTED, "{algorithm}");
                assert_eq!(decoded.proof().alg(), algorithm.alg());
                let (head, _) = token.rsplit_once('.').unwrap();
                let forged = JwsDecode::new(format!("{head}.AAAA"), key.clone());
                let refused = jws_decode(&forged.signature_algorithm(*algorithm), NOW, reader);
                assert!(refused.unwrap_err().is_refusal(), "{algorithm}");
            }
        }
    }
}

#[test]
fn all_54_combinations_of_a_jwe_go_between_backends() {
    assert_eq!(KeyAlgorithm::ALL.len() * ContentAlgorithm::ALL.len(), 54);
    for algorithm in KeyAlgorithm::ALL {
        for content in ContentAlgorithm::ALL {
            for writer in backends() {
                let key = wrapping_key(*algorithm, writer);
                let json = format!(
                    r#"{{"claims":{{"user_id":"123","role":"admin"}},"key":{},"key_algorithm":"{algorithm}",
                        "content_algorithm":"{content}","ttl":3600}}"#,
                    key.jwk().unwrap().expose_secret_json().expose_secret_text().unwrap()
                );
                let encode: JweEncode = serde_json::from_str(&json).unwrap();
                let token = jwe_encode(&encode, NOW, writer).unwrap();
                for reader in backends() {
                    let decode = JweDecode::new(&token, key.clone())
                        .key_algorithm(*algorithm)
                        .content_algorithm(*content);
                    let decoded = jwe_decode(&decode, NOW, reader).unwrap();
                    assert_eq!(decoded.to_json(), EXPECTED, "{algorithm} {content}");
                    let proof = (decoded.proof().alg(), decoded.proof().enc());
                    assert_eq!(proof, (algorithm.alg(), content.enc()));
                }
            }
        }
    }
}

#[test]
fn a_public_key_is_enough_to_verify_and_to_encrypt() {
    for backend in backends() {
        let pair = CreateCurveKey::new(Curve::P256, Format::Object);
        let pair = create_curve_key(&pair, backend).unwrap();
        let public: Key = pair.jwk().to_public().unwrap().into();
        let encode = JwsEncode::new(pair.clone().into_key()).signature_algorithm(S::ES256);
        let token = jws_encode(&encode, NOW, backend).unwrap();
        let decode = JwsDecode::new(&token, public.clone()).signature_algorithm(S::ES256);
        assert!(jws_decode(&decode, NOW, backend).is_ok());
        let encode = JwsEncode::new(public.clone()).signature_algorithm(S::ES256);
        assert_eq!(jws_encode(&encode, NOW, backend).unwrap_err().code(), "ERR_JWK_INVALID");

        let encode = JweEncode::new(public.clone()).key_algorithm(KeyAlgorithm::ECDH_ES_A256KW);
        let token = jwe_encode(&encode, NOW, backend).unwrap();
        let with = |key| JweDecode::new(&token, key).key_algorithm(KeyAlgorithm::ECDH_ES_A256KW);
        assert!(jwe_decode(&with(pair.into_key()), NOW, backend).is_ok());
        assert_eq!(jwe_decode(&with(public), NOW, backend).unwrap_err().code(), "ERR_JWK_INVALID");
    }
}

#[test]
fn an_rsa_key_is_made_with_2048_bits_and_in_either_format() {
    for backend in backends() {
        for format in Format::ALL {
            let made = create_rsa_key(&CreateRsaKey::new(2048, *format), backend).unwrap();
            let key: Key = made.expose_secret().expose_secret_text().unwrap().parse().unwrap();
            assert_eq!(key.jwk().unwrap().kty(), "RSA");
            let encode = JwsEncode::new(key.clone()).signature_algorithm(S::PS256);
            let token = jws_encode(&encode, NOW, backend).unwrap();
            let decode = JwsDecode::new(token, key).signature_algorithm(S::PS256);
            assert!(jws_decode(&decode, NOW, backend).is_ok());
        }
        let refused = create_rsa_key(&CreateRsaKey::new(1024, Format::Object), backend);
        assert!(matches!(refused, Err(Error::RsaBits { actual: 1024, .. })));
    }
}

#[test]
fn keys_of_another_size_are_refused_before_any_cryptography() {
    for backend in backends() {
        for algorithm in KeyAlgorithm::ALL {
            let Some(bits) = algorithm.key_bits() else { continue };
            for other in [64, 128, 192, 256, 512] {
                let key: Key = Jwk::generate_oct(other, backend).unwrap().into();
                let encode = JweEncode::new(key.clone()).key_algorithm(*algorithm);
                let decode = JweDecode::new("a.b.c.d.e", key).key_algorithm(*algorithm);
                let encoded = jwe_encode(&encode, NOW, backend).err();
                let decoded = jwe_decode(&decode, NOW, backend).err();
                if usize::from(bits) == other {
                    assert!(encoded.is_none() && matches!(decoded, Some(Error::Token(_))));
                    continue;
                }
                for refused in [encoded, decoded] {
                    let refused = refused.unwrap();
                    assert!(
                        matches!(refused, Error::KeySize { alg, expected, actual }
                            if (alg, expected, actual) == (algorithm.name(), bits.into(), other)),
                        "{refused:?}"
                    );
                }
            }
        }
    }
}

/// A token as Xano makes it with such a key: the octets that count are those that a key of the right size has.
fn made_with(
    octets: &[u8],
    algorithm: KeyAlgorithm,
    writer: &'static dyn jose::crypto::Backend,
) -> String {
    let effective: Key = Jwk::from_secret_octets(octets).unwrap().into();
    let encode = JweEncode::new(effective).claims(Payload::from(claims())).ttl(3600);
    jwe_encode(&encode.key_algorithm(algorithm), NOW, writer).unwrap()
}

#[test]
fn a_token_under_a_key_that_is_too_long_or_too_short_is_read_where_that_is_said() {
    for algorithm in KeyAlgorithm::ALL {
        let Some(bits) = algorithm.key_bits() else { continue };
        let size = usize::from(bits / 8);
        for given in [1, 16, 24, 32, 64, 256] {
            let key: Vec<u8> = (1..=255).cycle().take(given).collect();
            let mut effective = key.clone();
            effective.resize(size, 0);
            for writer in backends() {
                let token = made_with(&effective, *algorithm, writer);
                for reader in backends() {
                    let key: Key = Jwk::from_secret_octets(key.clone()).unwrap().into();
                    let decode = JweDecode::new(&token, key).key_algorithm(*algorithm);
                    let decoded = hazmat::jwe_decode_with_resized_key(&decode, NOW, reader);
                    assert_eq!(decoded.unwrap().to_json(), EXPECTED, "{algorithm} {given}");
                    let ordinary = jwe_decode(&decode, NOW, reader);
                    assert_eq!(ordinary.is_ok(), given == size, "{algorithm} {given}");

                    // Its other rules hold there too.
                    let expired = UnixTime::from_secs(1_768_108_013 + 3600);
                    let refused = hazmat::jwe_decode_with_resized_key(&decode, expired, reader);
                    assert_eq!(refused.unwrap_err().code(), "ERR_JWT_EXPIRED");
                    let mut other = effective.clone();
                    for octet in &mut other {
                        *octet ^= 1;
                    }
                    let other: Key = Jwk::from_secret_octets(other).unwrap().into();
                    let decode = JweDecode::new(&token, other).key_algorithm(*algorithm);
                    let refused = hazmat::jwe_decode_with_resized_key(&decode, NOW, reader);
                    assert!(refused.unwrap_err().is_refusal());
                }
            }
        }
    }
}
