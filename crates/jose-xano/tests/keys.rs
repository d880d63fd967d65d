//! Keys as Xano gives them, keys that it makes, and keys that it should not have taken.
#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use jose_core::crypto::KeyError;
use jose_core::jwk::KeyUse;
use jose_core::{Jwk, UnixTime};
use jose_rustcrypto::BACKEND;
use jose_xano::{
    CreateCurveKey, CreateRsaKey, CreateSecretKey, Curve, Error, Format, JweDecode, JweEncode,
    JwsEncode, Key, create_curve_key, create_rsa_key, create_secret_key, hazmat, jwe_decode,
    jwe_encode, jws_encode,
};

const NOW: UnixTime = UnixTime::from_secs(1_768_108_013);

/// 1024 bits, as in Xano's documentation; this one is nobody's.
const SHORT_RSA: &str = r#"{"kty":"RSA","n":"sXchDaQebHnPiGvyDOAT4saGEUetSyo9MKLOoWFsueri23bOdgWp4Dy1WlUzewbgBHod5pcM9H95GQRV3JDXboIRROSBigeC5yjU1hGzHHyXss8UDprecbAYxknTcQkhslANGRUZmdTOQ5qTRsLAt6BTYuyvVRdhS8exSZEy_c0","e":"AQAB","d":"AQAB"}"#;

fn key(json: &str) -> Key {
    serde_json::from_str(json).unwrap()
}

fn octets(len: usize) -> Key {
    Jwk::from_secret_octets(vec![7; len]).unwrap().into()
}

fn sign(key: Key) -> Result<String, Error> {
    jws_encode(&JwsEncode::new(key), NOW, BACKEND)
}

#[test]
fn a_key_is_an_object_or_its_text_or_that_in_base64() {
    let jwk = create_secret_key(&CreateSecretKey::new(512, Format::Object), BACKEND).unwrap();
    let object = String::from_utf8(jwk.expose_secret().expose_secret().into()).unwrap();
    let made: CreateSecretKey = serde_json::from_str(r#"{"bits":512,"format":"base64"}"#).unwrap();
    let made = create_secret_key(&made, BACKEND).unwrap();
    let base64 = made.expose_secret().expose_secret_text().unwrap().to_owned();

    let text = serde_json::to_string(&object).unwrap();
    assert_eq!(sign(key(&object)).unwrap(), sign(key(&text)).unwrap());
    assert_eq!(sign(key(&object)).unwrap(), sign(jwk.into_key()).unwrap());
    let read = key(&format!("\"{base64}\""));
    assert_eq!(sign(read).unwrap(), sign(made.into_key()).unwrap());
    assert!(base64.starts_with("eyJrdHkiOiJvY3QiLCJrIjoi"), "the text of an object: {base64}");
}

#[test]
fn text_is_no_key_whatever_it_says() {
    for text in [
        "my-secret",
        "",
        "-----BEGIN PRIVATE KEY-----\nMIG\n-----END PRIVATE KEY-----",
        "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
        "a-key-of-more-than-thirty-two-characters",
    ] {
        let given = key(&serde_json::to_string(text).unwrap());
        let refused = sign(given.clone()).unwrap_err();
        assert!(matches!(refused, Error::TextKey), "{text}");
        assert_eq!(refused.code(), "ERR_XANO_TEXT_KEY");
        let refused = jwe_encode(&JweEncode::new(given), NOW, BACKEND).unwrap_err();
        assert!(matches!(refused, Error::TextKey), "{text}");
        assert!(matches!(text.parse::<Key>(), Err(Error::TextKey)), "{text}");
    }
    for json in ["{}", r#"{"kty":"oct"}"#, r#"{"keys":[]}"#, "7", r#""{\"kty\":1}""#] {
        assert!(matches!(sign(key(json)), Err(Error::Jwk(_))), "{json}");
    }
}

#[test]
fn secret_keys_have_the_bits_that_were_asked_for_and_no_names() {
    for bits in [256, 512, 1024, 2048, 4096] {
        let made = create_secret_key(&CreateSecretKey::new(bits, Format::Object), BACKEND).unwrap();
        let json = made.expose_secret();
        let json: serde_json::Value = serde_json::from_slice(json.expose_secret()).unwrap();
        assert_eq!(json.as_object().unwrap().len(), 2);
        assert_eq!(json["kty"], "oct");
        assert_eq!(json["k"].as_str().unwrap().len(), bits.div_ceil(6), "{bits}");
        assert!(sign(made.into_key()).is_ok());
    }
    for bits in [0, 7, 511, 65_536] {
        let made = create_secret_key(&CreateSecretKey::new(bits, Format::Object), BACKEND);
        assert_eq!(made.unwrap_err().code(), "ERR_JWK_INVALID", "{bits}");
    }
}

#[test]
fn curve_keys_are_private_jwks_in_either_format() {
    for curve in Curve::ALL {
        for format in Format::ALL {
            let json = format!(r#"{{"curve":"{curve}","format":"{format}"}}"#);
            let statement: CreateCurveKey = serde_json::from_str(&json).unwrap();
            let made = create_curve_key(&statement, BACKEND).unwrap();
            let text = made.expose_secret();
            let text = text.expose_secret_text().unwrap();
            let read: Key = text.parse().unwrap();
            assert_eq!(read.jwk().unwrap(), made.jwk());
            assert_eq!(text.starts_with('{'), *format == Format::Object);
            let jwk = made.jwk();
            assert_eq!(
                (jwk.kty(), jwk.alg(), jwk.kid(), jwk.is_private()),
                ("EC", None, None, true)
            );
            assert!(jwk.to_public().unwrap().expose_secret_json().len() < text.len());
        }
    }
    assert!(
        serde_json::from_str::<CreateCurveKey>(r#"{"curve":"P-192","format":"object"}"#).is_err()
    );
    assert!(serde_json::from_str::<CreateCurveKey>(r#"{"curve":"P-256","format":"pem"}"#).is_err());
    assert!(serde_json::from_str::<CreateCurveKey>(r#"{"curve":"P-256"}"#).is_err());
}

#[test]
fn rsa_keys_of_1024_bits_are_neither_made_nor_used() {
    for bits in [512, 1024, 2040, 2049, 16_392] {
        let statement: CreateRsaKey =
            serde_json::from_str(&format!(r#"{{"bits":{bits},"format":"object"}}"#)).unwrap();
        let refused = create_rsa_key(&statement, BACKEND).unwrap_err();
        assert!(matches!(refused, Error::RsaBits { min: 2048, actual, .. } if actual == bits));
        assert_eq!(refused.code(), "ERR_XANO_RSA_BITS");
    }
    for algorithm in ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"] {
        let json = format!(r#"{{"key":{SHORT_RSA},"signature_algorithm":"{algorithm}"}}"#);
        let refused = jws_encode(&serde_json::from_str(&json).unwrap(), NOW, BACKEND).unwrap_err();
        assert!(matches!(refused, Error::RsaBits { actual: 1024, .. }), "{refused:?}");
        let told = refused.to_string();
        assert!(told.contains("`create_rsa_key` and `bits` 2048"), "{told}");
    }
}

#[test]
fn a_key_of_512_bits_is_not_taken_for_a256kw() {
    let refused = jwe_encode(&JweEncode::new(octets(64)), NOW, BACKEND).unwrap_err();
    assert!(matches!(refused, Error::KeySize { alg: "A256KW", expected: 256, actual: 512 }));
    assert_eq!(refused.code(), "ERR_XANO_KEY_SIZE");
    assert_eq!(
        refused.to_string(),
        "A256KW takes a key of 256 bits, this one has 512: make one with `create_secret_key` and `bits` 256, or use \
         this one to sign with HS256, HS384 or HS512. Tokens that were made with it are read by \
         `hazmat::jwe_decode_with_resized_key`"
    );
    let token = jwe_encode(&JweEncode::new(octets(32)), NOW, BACKEND).unwrap();
    for len in [16, 31, 33, 64] {
        let refused = jwe_decode(&JweDecode::new(&token, octets(len)), NOW, BACKEND).unwrap_err();
        assert!(matches!(refused, Error::KeySize { .. }) && !refused.is_refusal(), "{len}");
    }
}

#[test]
fn a_key_that_is_resized_keeps_what_it_may_be_used_for() {
    let token = jwe_encode(&JweEncode::new(octets(32)), NOW, BACKEND).unwrap();
    let read = |key: Jwk| {
        let statement = JweDecode::new(&token, key.into());
        hazmat::jwe_decode_with_resized_key(&statement, NOW, BACKEND)
    };
    let long = || Jwk::from_secret_octets(vec![7; 64]).unwrap();
    assert!(read(long().with_use(KeyUse::Enc)).is_ok());
    assert!(read(long().with_key_ops(["unwrapKey"]).unwrap()).is_ok());
    let refused = read(long().with_use(KeyUse::Sig)).unwrap_err();
    assert!(matches!(refused, Error::Key(KeyError::Use { .. })), "{refused:?}");
    let refused = read(long().with_key_ops(["wrapKey"]).unwrap()).unwrap_err();
    assert!(matches!(refused, Error::Key(KeyError::KeyOps { .. })), "{refused:?}");
}

#[test]
fn a_key_shorter_than_the_hash_does_not_sign() {
    for (algorithm, min) in [("HS256", 32), ("HS384", 48), ("HS512", 64)] {
        let with = |len| {
            let json = format!(
                r#"{{"key":{{"kty":"oct","k":"AAAA"}},"signature_algorithm":"{algorithm}"}}"#
            );
            let statement: JwsEncode = serde_json::from_str(&json).unwrap();
            let short = jws_encode(&statement, NOW, BACKEND);
            assert!(matches!(short, Err(Error::KeyTooShort { actual: 24, .. })));
            let algorithm = serde_json::from_str(&format!("\"{algorithm}\"")).unwrap();
            let statement = JwsEncode::new(octets(len)).signature_algorithm(algorithm);
            jws_encode(&statement, NOW, BACKEND)
        };
        assert!(with(min).is_ok());
        let refused = with(min - 1).unwrap_err();
        assert_eq!(refused.code(), "ERR_XANO_KEY_TOO_SHORT");
        assert!(refused.to_string().contains(&format!("`bits` {}", min * 8)), "{refused}");
    }
}

#[test]
fn a_key_of_another_algorithm_or_type_is_refused() {
    let bound = octets(64).jwk().unwrap().clone().with_alg(jose_core::Alg::HS512).unwrap();
    let refused = sign(bound.into()).unwrap_err();
    assert!(matches!(refused, Error::Algorithm { parameter: "signature_algorithm", .. }));
    let curve = CreateCurveKey::new(Curve::P256, Format::Object);
    let curve = create_curve_key(&curve, BACKEND).unwrap().into_key();
    assert_eq!(sign(curve.clone()).unwrap_err().code(), "ERR_JWK_INVALID");
    let refused = jwe_encode(&JweEncode::new(curve), NOW, BACKEND).unwrap_err();
    assert!(matches!(refused, Error::Key(_)));
}
