//! Hostile input: a typed error, no panic, and not a word of it in any message.
#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test may fail by panicking")]

use core::error::Error;
use std::sync::LazyLock;

use jose::crypto::Backend;
use jose::error::KeyError;
use jose::jwa::{ContentEncryption, KeyManagementAlgorithm, SignatureAlgorithm};
use jose::jwe::{self, Builder, DecryptionKeys, Encrypted, Recipient};
use jose::jws::{self, Policy, Required, Serialization, SigningStream, Unverified};
use jose::{
    Alg, DecryptionKey, EncryptionKey, Header, Jwe, Jwk, JwkSet, Jws, Limits, Password, UnixTime,
    Validation, VerifyingKeys, base64url, hazmat, jwt,
};
use jose_conformance::keys;
use jose_tests::backends;
use jose_tests::fuzz::told;
use proptest::prelude::*;

#[test]
fn a_set_of_very_many_keys_is_read_as_far_as_allowed() {
    let key = r#"{"kty":"oct","k":"AA"}"#;
    let text = format!("{{\"keys\":[{}]}}", vec![key; 5000].join(","));
    let set = JwkSet::from_json(&text).unwrap();
    assert_eq!(set.keys().len(), Limits::default().jwk_set_keys);
    let [skipped] = set.skipped() else { panic!("told once") };
    assert_eq!(skipped.index(), Limits::default().jwk_set_keys);
}

#[test]
fn no_error_quotes_its_input() {
    let marker = "hostile-marker";
    let long = marker.repeat(5000);
    for text in [
        format!("{{\"kty\":\"{long}\",\"alg\":5}}"),
        format!("{{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"{long}\"}}"),
        format!("{{\"kty\":\"oct\",\"k\":\"AA\",\"use\":{{\"{long}\":1}}}}"),
        format!("{{\"{long}\":1,\"{long}\":2}}"),
        long.clone(),
    ] {
        let refused = told(&Jwk::from_json(&text).unwrap_err());
        assert!(refused.len() < 256 && !refused.contains(marker), "{refused}");
    }
    let keys = VerifyingKeys::default();
    for header in [
        format!("{{\"alg\":\"{long}\"}}"),
        format!("{{\"alg\":\"HS256\",\"kid\":\"{long}\"}}"),
        format!("{{\"alg\":\"HS256\",\"crit\":[\"{long}\"],\"{long}\":1}}"),
        format!("{{\"alg\":\"HS256\",\"{long}\":}}"),
    ] {
        let mut limits = Limits::default();
        limits.header = usize::MAX / 2;
        let token = format!("{}..", base64url::encode(header.as_bytes()));
        let policy = Policy::new().limits(limits);
        let refused = jws::verify_with(&token, &keys, &policy).unwrap_err();
        let (told, debug) = (told(&refused), format!("{refused:?}"));
        assert!(told.len() < 256 && !told.contains(marker), "{told}");
        assert!(debug.matches(marker).count() <= 10, "fields keep 64 octets at most: {debug}");
    }
}

#[test]
fn no_error_about_a_jws_quotes_it() {
    let marker = "hostile-marker";
    let long = marker.repeat(40); // a `kid` or an `alg` of 560 octets
    let encoded = |text: &str| base64url::encode(text.as_bytes());
    let many: Vec<_> = (0..15)
        .map(|index| {
            let header = encoded(&format!("{{\"alg\":\"{long}\",\"kid\":\"{long}{index}\"}}"));
            format!("{{\"protected\":\"{header}\",\"signature\":\"AAAA\"}}")
        })
        .collect();
    let many = many.join(",");
    let es256 = encoded(r#"{"alg":"ES256"}"#);
    let keys = VerifyingKeys::default();
    for text in [
        format!("{{\"payload\":\"{long}\",\"signatures\":[{many}]}}"),
        format!("{{\"payload\":\"{long}\",\"signatures\":\"{long}\"}}"),
        format!("{{\"payload\":\"\",\"signatures\":[{{\"{long}\":1}}]}}"),
        format!("{{\"payload\":\"\",\"signatures\":[\"{long}\",{many}]}}"),
        format!("{{\"payload\":\"{long}!\",\"protected\":\"{es256}\",\"signature\":\"AAAA\"}}"),
        format!("{{\"payload\":\"\",\"protected\":\"{long}\",\"signature\":\"AAAA\"}}"),
        format!("{{\"payload\":\"\",\"protected\":\"{es256}\",\"signature\":\"{long}!\"}}"),
        format!("{{\"{long}\":1,\"{long}\":2}}"),
        format!("{{\"header\":{{\"alg\":\"{long}\"}},\"payload\":\"\",\"signature\":\"AAAA\"}}"),
        long.clone(),
    ] {
        let refused = Jws::parse(&text)
            .map_err(jws::Error::Parse)
            .and_then(|jws| jws.verify(&keys))
            .unwrap_err();
        let (told, debug) = (told(&refused), format!("{refused:?}"));
        assert!(told.len() < 2048 && !told.contains(marker), "{told}");
        // Fifteen signatures, of each an `alg` and a `kid`, cut at 64 octets.
        assert!(debug.matches(marker).count() <= 15 * 2 * 4, "{debug}");
        assert!(!debug.contains(&marker.repeat(6)), "fields keep 64 octets at most: {debug}");
        if let Err(error) = Serialization::detect(&text) {
            assert!(!told_and_shown(&error).contains(marker));
        }
    }
}

fn told_and_shown(error: &impl Error) -> String {
    format!("{} {error:?}", told(error))
}

#[test]
fn nothing_shows_a_payload_or_a_signature_before_it_is_verified() {
    const PAYLOAD: &str = "a payload of somebody";
    for backend in backends() {
        let algorithms = [SignatureAlgorithm::HS256, SignatureAlgorithm::ES256];
        let [shared, private] = algorithms.map(|alg| keys::signer(alg, backend));
        let trusted: VerifyingKeys =
            algorithms.iter().map(|alg| keys::verifier(*alg, backend)).collect();
        let none = Header::new();
        for mut jws in [Jws::new(PAYLOAD), Jws::unencoded(PAYLOAD)] {
            jws.sign(&shared).unwrap().sign(&private).unwrap();
            let unsigned = jws.unsigned(SignatureAlgorithm::HS256, &none, &none).unwrap();
            let other = Jws::new("another").attach(unsigned.clone(), &[0; 32]).unwrap_err();
            let short = jws.clone().attach(unsigned.clone(), PAYLOAD.as_bytes()).unwrap_err();
            let no_compact = jws.to_compact().unwrap_err();
            let json = jws.to_general().unwrap();
            let jws = Jws::parse(&json).unwrap();
            let four = Policy::new().require(Required::DistinctKeys(4));
            let outcomes = jws.check(&trusted, &four).unwrap();
            let twice = jws.clone().with_payload(PAYLOAD).unwrap_err();

            let mut signing = SigningStream::new();
            signing.sign(&shared).unwrap().sign(&private).unwrap().update(PAYLOAD.as_bytes());
            let late = format!("{:?}", signing.sign(&shared).map(drop).unwrap_err());
            let signing_shown = format!("{signing:?}");
            let detached = signing.finish().unwrap();
            let mut verifying = detached.verifying_stream(&trusted).unwrap();
            verifying.update(PAYLOAD.as_bytes());
            let verifying_shown = format!("{verifying:?}");

            let mut shown = vec![
                format!("{jws:?} {unsigned:?} {outcomes:?} {:?}", verifying.finish()),
                format!("{shared:?} {private:?} {trusted:?} {four:?}"),
                signing_shown,
                verifying_shown,
                late,
                told_and_shown(&other),
                told_and_shown(&short),
                told_and_shown(&no_compact),
                told_and_shown(&twice),
                told_and_shown(&outcomes.into_verified().unwrap_err()),
            ];
            shown.extend(jws.signatures().map(|signature| format!("{signature:?}")));

            let secret = keys::json(SignatureAlgorithm::HS256);
            let secret: serde_json::Value = serde_json::from_str(secret).unwrap();
            let read: serde_json::Value = serde_json::from_str(&json).unwrap();
            let signatures = read["signatures"].as_array().unwrap();
            let mut kept: Vec<&str> =
                signatures.iter().map(|one| one["signature"].as_str().unwrap()).collect();
            let encoded = base64url::encode(PAYLOAD.as_bytes());
            kept.extend([PAYLOAD, &encoded, secret["k"].as_str().unwrap()]);
            for text in shown {
                for kept in &kept {
                    // As text, and as the octets that `Debug` makes of a `Vec<u8>`.
                    assert!(!text.contains(kept), "{text}");
                    let octets = base64url::decode(kept.as_bytes());
                    let octets = octets.unwrap_or_else(|_| kept.as_bytes().to_vec());
                    let octets = format!("{:?}", &octets[..8]);
                    assert!(!text.contains(octets.trim_matches(['[', ']'])), "{text}");
                }
            }
        }
    }
}

/// A real JWS with the signatures of three algorithms, one with an unprotected header.
static GENERAL: LazyLock<String> = LazyLock::new(|| {
    let backend = backends()[0];
    let [first, second, third] = THREE.map(|alg| keys::signer(alg, backend));
    let unprotected = Header::new().with("note", ["not", "signed"]).unwrap();
    let mut jws = Jws::new(THREE_SIGNED);
    jws.sign(&first).unwrap().sign_with(&second.header(), &unprotected, &second).unwrap();
    jws.sign(&third).unwrap().to_general().unwrap()
});

/// The same of a payload that is not encoded, and with one signature.
static FLATTENED: LazyLock<String> = LazyLock::new(|| {
    let key = keys::signer(SignatureAlgorithm::ES256, backends()[0]);
    Jws::unencoded(THREE_SIGNED).sign(&key).unwrap().to_flattened().unwrap()
});

const THREE: [SignatureAlgorithm; 3] =
    [SignatureAlgorithm::HS256, SignatureAlgorithm::ES256, SignatureAlgorithm::Ed25519];
const THREE_SIGNED: &str = "three signed \"this\".";

fn any_jws() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![Just(&GENERAL), Just(&FLATTENED)].prop_flat_map(|text| mutated(text.as_str()))
}

/// What verifies [`GENERAL`] and [`FLATTENED`], on each backend.
static TRUSTED: LazyLock<Vec<VerifyingKeys>> = LazyLock::new(|| {
    let of = |backend| THREE.iter().map(move |alg| keys::verifier(*alg, backend)).collect();
    backends().into_iter().map(of).collect()
});

/// `text` with a few octets changed, dropped, doubled or cut off.
fn mutated(text: &'static str) -> impl Strategy<Value = Vec<u8>> {
    let edit = (any::<prop::sample::Index>(), any::<u8>(), 0..5_u8);
    prop::collection::vec(edit, 0..4).prop_map(move |edits| {
        let mut octets = text.trim().as_bytes().to_vec();
        for (index, octet, kind) in edits {
            if octets.is_empty() {
                break;
            }
            let index = index.index(octets.len());
            match kind {
                0 => octets[index] ^= 1 << (octet % 8),
                1 => octets[index] = octet,
                2 => drop(octets.remove(index)),
                3 => octets.insert(index, octets[index]),
                _ => octets.truncate(index),
            }
        }
        octets
    })
}

/// A signature that can be read, `{"alg":"ES256"}`.
const NEIGHBOUR: &str = r#"{"protected":"eyJhbGciOiJFUzI1NiJ9","signature":"AAAA"}"#;

/// A member of some JSON type, among them the right one; or none at all.
fn member(name: &'static str) -> impl Strategy<Value = String> {
    let value = prop_oneof![
        Just(format!("\"{}\"", base64url::encode(br#"{"alg":"ES256"}"#))),
        Just(format!(
            "\"{}\"",
            base64url::encode(br#"{"alg":"ES256","b64":false,"crit":["b64"]}"#)
        )),
        Just(r#"{"alg":"ES256","kid":"es256-1"}"#.to_owned()),
        Just("\"\"".to_owned()),
        "\"[A-Za-z0-9_-]{0,90}\"",
        "(null|0|true|\\[\\]|\\{\\}|\"\\\\u0000\")",
    ];
    prop_oneof![
        4 => value.prop_map(move |value| format!("\"{name}\":{value},")),
        1 => Just(String::new()),
    ]
}

fn any_key() -> impl Strategy<Value = Vec<u8>> {
    let texts: Vec<_> = SignatureAlgorithm::ALL.iter().map(|alg| keys::json(*alg)).collect();
    prop::sample::select(texts).prop_flat_map(mutated)
}

proptest! {
    #[test]
    fn no_octets_make_a_parser_panic(octets: Vec<u8>, text: String) {
        let _any = Jwk::from_json(&octets);
        let _any = JwkSet::from_json(&octets);
        let _any = Unverified::parse(&text);
        let _any = (Jws::parse(&octets), Jws::parse(&text));
        let _any = (Serialization::detect(&octets), Serialization::detect(&text));
        if let Ok(value) = serde_json::from_slice(&octets) {
            let _any = Jws::from_value(&value);
        }
    }

    #[test]
    fn what_looks_like_a_jws_makes_no_parser_panic(
        payload in member("payload"),
        protected in member("protected"),
        signature in member("signature"),
        header in member("header"),
        others in prop::collection::vec("\"(signatures|ciphertext|payload|é|)\":(1|\"\"|\\[\\]|null|\\{\\})", 0..3),
    ) {
        let one = [protected, signature, header].concat();
        let flattened = format!("{{{payload}{one}{},\"end\":0}}", others.join(","));
        let general = format!("{{{payload}\"signatures\":[{{{one}\"end\":0}},{NEIGHBOUR}]}}");
        for text in [flattened, general] {
            let text = text.replace(",,", ",");
            if let Ok(jws) = Jws::parse(&text) {
                prop_assert!(Serialization::detect(&text).is_ok());
                prop_assert!(jws.to_general().is_ok());
                for keys in &*TRUSTED {
                    let _any = jws.verify(keys);
                }
            }
        }
    }

    #[test]
    fn a_damaged_jws_is_refused_or_says_what_was_signed(octets in any_jws()) {
        let Ok(jws) = Jws::parse(&octets) else { return Ok(()) };
        prop_assert!(Serialization::detect(&octets).is_ok());
        let all = Policy::new().require(Required::DistinctKeys(3));
        for keys in &*TRUSTED {
            let (any, all) = (jws.verify(keys), jws.verify_with(keys, &all));
            for verified in any.iter().chain(&all) {
                prop_assert_eq!(verified.content(), THREE_SIGNED.as_bytes());
            }
            let Ok(outcomes) = jws.check(keys, &Policy::new()) else { continue };
            let valid = outcomes.iter().filter(|outcome| outcome.is_valid()).count();
            prop_assert_eq!(all.is_ok(), valid == 3);
            prop_assert_eq!(any.is_ok(), valid > 0);
        }
    }

    #[test]
    fn a_damaged_jws_is_judged_alike_by_every_backend(octets in any_jws()) {
        let Ok(jws) = Jws::parse(&octets) else { return Ok(()) };
        let mut verdicts: Vec<_> = TRUSTED
            .iter()
            .map(|keys| {
                let outcomes = jws.check(keys, &Policy::new());
                outcomes.map(|outcomes| {
                    let told = outcomes.iter().map(|outcome| outcome.error().map(|error| told(error)));
                    told.collect::<Vec<_>>()
                })
            })
            .collect();
        verdicts.dedup();
        prop_assert!(verdicts.len() <= 1, "{:?}", verdicts);
    }

    #[test]
    fn a_damaged_jws_that_is_read_is_written_and_read_alike(octets in any_jws()) {
        let Ok(jws) = Jws::parse(&octets) else { return Ok(()) };
        let written = jws.to_general().unwrap();
        let again = Jws::parse(&written).unwrap();
        prop_assert_eq!(again.to_general().unwrap(), written);
        for keys in &*TRUSTED {
            let (first, second) = (jws.verify(keys), again.verify(keys));
            prop_assert_eq!(first.is_ok(), second.is_ok());
        }
    }

    #[test]
    fn a_damaged_key_is_refused_or_read_and_written_alike(octets in any_key()) {
        if let Ok(jwk) = Jwk::from_json(&octets) {
            let again = Jwk::from_json(jwk.expose_secret_json().expose_secret()).unwrap();
            prop_assert_eq!(&again, &jwk);
            if let Ok(public) = jwk.to_public() {
                prop_assert!(!public.is_private());
            }
        }
    }

    #[test]
    fn a_damaged_key_never_spoils_its_set(octets in any_key()) {
        let good = keys::json(SignatureAlgorithm::ES256).trim();
        // What is not even JSON breaks the outermost structure, which nobody can repair.
        if serde_json::from_slice::<serde_json::Value>(&octets).is_err() {
            return Ok(());
        }
        let text = format!("{{\"keys\":[{},{good}]}}", String::from_utf8(octets).unwrap());
        let set = JwkSet::from_json(&text).unwrap();
        prop_assert!(set.keys().iter().any(|jwk| jwk.kid() == Some("es256-1")));
        prop_assert_eq!(set.keys().len() + set.skipped().len(), 2);
    }

    #[test]
    fn a_damaged_key_is_loaded_or_refused_by_every_backend_alike(octets in any_key()) {
        let Ok(jwk) = Jwk::from_json(&octets) else { return Ok(()) };
        let mut verdicts: Vec<_> = backends()
            .into_iter()
            .map(|backend| {
                let signer = jose::SigningKey::from_jwk(&jwk, backend).err();
                let public = jwk.to_public().unwrap_or_else(|_| jwk.clone());
                let verifier = jose::VerifyingKey::from_jwk(&public, backend).err();
                [signer, verifier]
            })
            // What only one of them has says nothing about agreement.
            .filter(|errors| {
                !errors.iter().flatten().any(|error| matches!(error, KeyError::Unsupported { .. }))
            })
            .map(|errors| errors.map(|error| error.map(|error| error.to_string())))
            .collect();
        verdicts.dedup();
        prop_assert!(verdicts.len() <= 1, "{:?}", verdicts);
    }

    #[test]
    fn a_damaged_token_verifies_only_if_it_was_not_damaged(octets in mutated(
        "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    )) {
        const GENUINE: &str = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        const KEY: &str = r#"{"kty":"oct","alg":"HS256","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}"#;
        let Ok(token) = String::from_utf8(octets) else { return Ok(()) };
        for backend in backends() {
            let key = jose::VerifyingKey::from_jwk(&KEY.parse().unwrap(), backend).unwrap();
            prop_assert_eq!(jws::verify(&token, &key).is_ok(), token == GENUINE);
        }
    }
}

#[test]
fn no_error_about_a_jwe_quotes_it() {
    let marker = "hostile-marker";
    let long = marker.repeat(40);
    let encoded = |text: &str| base64url::encode(text.as_bytes());
    let enc = encoded(r#"{"enc":"A256GCM"}"#);
    let content = r#""iv":"AAAA","ciphertext":"","tag":"AAAA""#;
    let many: Vec<_> = (0..15)
        .map(|index| format!(r#"{{"header":{{"alg":"{long}","kid":"{long}{index}"}}}}"#))
        .collect();
    let many = many.join(",");
    let compact = |header: String| format!("{}.AAAA.AAAA.AAAA.AAAA", encoded(&header));
    let keys = DecryptionKeys::default();
    for text in [
        compact(format!("{{\"alg\":\"{long}\",\"enc\":\"{long}\"}}")),
        compact(format!("{{\"alg\":\"{long}\",\"enc\":\"A256GCM\"}}")),
        compact(format!("{{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"kid\":\"{long}\"}}")),
        compact(format!("{{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"zip\":\"{long}\"}}")),
        compact(format!("{{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"epk\":{{\"kty\":\"{long}\"}}}}")),
        compact(format!("{{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"p2s\":\"{long}!\"}}")),
        compact(format!(
            "{{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"crit\":[\"{long}\"],\"{long}\":1}}"
        )),
        format!("{long}.{long}.{long}.{long}.{long}"),
        format!("{{\"protected\":\"{enc}\",\"recipients\":[{many}],{content}}}"),
        format!("{{\"protected\":\"{enc}\",\"recipients\":\"{long}\",{content}}}"),
        format!("{{\"protected\":\"{enc}\",\"recipients\":[{{\"{long}\":1}}],{content}}}"),
        format!("{{\"protected\":\"{long}\",\"recipients\":[{many}],{content}}}"),
        format!("{{\"protected\":\"{enc}\",\"header\":{{\"alg\":\"{long}\"}},{content}}}"),
        format!("{{\"unprotected\":{{\"{long}\":1,\"{long}\":2}},{content}}}"),
        format!("{{\"protected\":\"{enc}\",\"aad\":\"{long}!\",{content}}}"),
        long.clone(),
    ] {
        let refused =
            Jwe::parse(&text).map_err(jwe::Error::Parse).and_then(|jwe| jwe.decrypt(&keys));
        let refused = refused.unwrap_err();
        let (told, debug) = (told(&refused), format!("{refused:?}"));
        assert!(told.len() < 256 && !told.contains(marker), "{told}");
        assert!(!debug.contains(&marker.repeat(6)), "fields keep 64 octets at most: {debug}");
        if let Err(error) = jwe::decrypt(&text, &keys) {
            assert!(!self::told(&error).contains(marker));
        }
    }
}

/// Whether `secret` is in `text`: as it is, in base64url, or as `Debug` writes a `Vec<u8>`.
fn shows(text: &str, secret: &[u8]) -> bool {
    let numbers = format!("{:?}", &secret[..secret.len().min(6)]);
    let plain = core::str::from_utf8(secret).is_ok_and(|secret| text.contains(secret));
    let encoded = base64url::encode(secret);
    // Without the last character, which depends on what follows.
    plain
        || text.contains(&encoded[..encoded.len() - 1])
        || text.contains(numbers.trim_matches(['[', ']']))
}

#[test]
fn nothing_shows_a_content_a_key_or_a_password() {
    const CONTENT: &str = "a content of somebody";
    const PASSWORD: &str = "a password of somebody";
    for backend in backends() {
        let shared = Jwk::generate(KeyManagementAlgorithm::A256KW, backend).unwrap();
        let private = Jwk::generate(KeyManagementAlgorithm::ECDH_ES_A256KW, backend).unwrap();
        let direct = Jwk::generate(ContentEncryption::A256GCM, backend).unwrap();
        let password = Password::from(PASSWORD);
        let pbes2 = KeyManagementAlgorithm::PBES2_HS256_A128KW;
        let by_password = EncryptionKey::from_password(pbes2, &password, backend).unwrap();
        let by_password = by_password.with_p2c(1000).unwrap();
        let from_password = DecryptionKey::from_password(pbes2, &password, backend).unwrap();
        let public = private.to_public().unwrap();
        let encrypting =
            [&shared, &public].map(|jwk| EncryptionKey::from_jwk(jwk, backend).unwrap());
        let decrypting =
            [&shared, &private, &direct].map(|jwk| DecryptionKey::from_jwk(jwk, backend).unwrap());
        let keys: DecryptionKeys = decrypting.iter().cloned().collect();

        let mut cek = vec![0; 32];
        backend.random(&mut cek).unwrap();
        let builder = hazmat::with_cek(Builder::new().aad("seen by all"), cek.clone().into());
        let recipients = [&encrypting[0], &encrypting[1], &by_password].map(Recipient::new);
        let shown_recipients = format!("{recipients:?}");
        let jwe = builder.encrypt(CONTENT.as_bytes(), recipients).unwrap();
        let json = jwe.to_general().unwrap();
        let read = Jwe::parse(&json).unwrap();
        let parts: Vec<_> = read.recipients().map(Result::unwrap).collect();
        let policy = jwe::Policy::new().keep_cek();
        let decrypted = read.decrypt_with(&keys, &policy).unwrap();
        let text = decrypted.clone().into_text().unwrap();
        let not_json = decrypted.clone().into_json::<u8>().unwrap_err();
        let claims = serde_json::json!({ "secret": CONTENT });
        let now = UnixTime::from_secs(1_800_000_000);
        let token = jwt::Builder::at(now).encrypt(&claims, &encrypting[0]).unwrap();
        let rules = Validation::new();
        let claims = jwt::decrypt_claims(&token, &keys, &rules, now).unwrap();
        let value = jwt::decrypt::<serde_json::Value>(&token, &keys, &rules, now).unwrap();
        let no_shape = jwt::decrypt::<Vec<u8>>(&token, &keys, &rules, now).unwrap_err();
        let stranger = Jwk::generate(KeyManagementAlgorithm::A256KW, backend).unwrap();
        let stranger = DecryptionKey::from_jwk(&stranger.without_kid(), backend).unwrap();
        let failed = read.decrypt(&stranger).unwrap_err();
        let nobody = read.decrypt(&DecryptionKeys::default()).unwrap_err();
        let no_compact = read.to_compact().unwrap_err();
        let one_too_many = EncryptionKey::from_jwk(&direct, backend).unwrap();
        let one_too_many = Builder::new().encrypt(b"", [&encrypting[0], &one_too_many]);
        let bad_jwk = EncryptionKey::from_jwk(&private, backend).unwrap_err();

        let shown = [
            format!("{jwe:?} {read:?} {parts:?} {builder:?} {policy:?} {shown_recipients}"),
            format!("{decrypted:?} {text:?} {claims:?} {value:?}"),
            format!("{encrypting:?} {decrypting:?} {by_password:?} {from_password:?} {keys:?}"),
            format!("{password:?} {shared:?} {private:?} {direct:?} {:?}", decrypted.cek()),
            told_and_shown(&failed),
            told_and_shown(&nobody),
            told_and_shown(&no_compact),
            told_and_shown(&one_too_many.unwrap_err()),
            told_and_shown(&not_json),
            told_and_shown(&no_shape),
            told_and_shown(&bad_jwk),
        ];
        let general: serde_json::Value = serde_json::from_str(&json).unwrap();
        let member = |json: &Jwk, name: &str| {
            let json = json.expose_secret_json();
            let value: serde_json::Value = serde_json::from_slice(json.expose_secret()).unwrap();
            base64url::decode(value[name].as_str().unwrap().as_bytes()).unwrap()
        };
        let octets = |value: &serde_json::Value| {
            base64url::decode(value.as_str().unwrap().as_bytes()).unwrap()
        };
        let kept = [
            CONTENT.into(),
            PASSWORD.into(),
            cek,
            member(&shared, "k"),
            member(&private, "d"),
            member(&direct, "k"),
            octets(&general["ciphertext"]),
            octets(&general["recipients"][0]["encrypted_key"]),
        ];
        for text in &shown {
            for (index, kept) in kept.iter().enumerate() {
                assert!(!shows(text, kept), "{index}: {text}");
            }
        }
    }
}

/// Keys for the recipients of [`ENCRYPTED`], private and shared.
static RECIPIENTS: LazyLock<Vec<Jwk>> = LazyLock::new(|| {
    let algorithms: [Alg; 3] = [
        KeyManagementAlgorithm::A256KW.into(),
        KeyManagementAlgorithm::ECDH_ES_A256KW.into(),
        KeyManagementAlgorithm::A128GCMKW.into(),
    ];
    algorithms.iter().map(|alg| Jwk::generate(*alg, backends()[0]).unwrap()).collect()
});

/// Real JWEs: of three recipients, of one, and compact.
static ENCRYPTED: LazyLock<[String; 3]> = LazyLock::new(|| {
    let load = |jwk: &Jwk| {
        let public = jwk.to_public().unwrap_or_else(|_| jwk.clone());
        EncryptionKey::from_jwk(&public, backends()[0]).unwrap()
    };
    let keys: Vec<EncryptionKey> = RECIPIENTS.iter().map(load).collect();
    let note = Header::new().with("note", ["not", "protected"]).unwrap();
    let builder = Builder::new().aad("seen by all").shared_header(note);
    let general = builder.encrypt(THREE_SIGNED.as_bytes(), &keys).unwrap();
    let flattened = builder.encrypt(THREE_SIGNED.as_bytes(), [&keys[1]]).unwrap();
    let compact = Builder::new().enc(ContentEncryption::A128CBC_HS256);
    let compact = compact.encrypt(THREE_SIGNED.as_bytes(), [&keys[1]]).unwrap();
    [
        general.to_general().unwrap(),
        flattened.to_flattened().unwrap(),
        compact.to_compact().unwrap(),
    ]
});

/// What decrypts [`ENCRYPTED`], on each backend.
static OURS: LazyLock<Vec<DecryptionKeys>> = LazyLock::new(|| {
    let of = |backend: &'static dyn Backend| {
        RECIPIENTS.iter().map(move |jwk| DecryptionKey::from_jwk(jwk, backend).unwrap()).collect()
    };
    backends().into_iter().map(of).collect()
});

fn any_jwe() -> impl Strategy<Value = Vec<u8>> {
    (0..3_usize).prop_flat_map(|index| mutated(&ENCRYPTED[index]))
}

/// A member of a JWE of some JSON type, among them the right one; or none at all.
fn jwe_member(name: &'static str) -> impl Strategy<Value = String> {
    let value = prop_oneof![
        Just(format!(
            "\"{}\"",
            base64url::encode(br#"{"alg":"A256KW","enc":"A256GCM"}"#)
        )),
        Just(format!(
            "\"{}\"",
            base64url::encode(
                br#"{"alg":"ECDH-ES","enc":"A256GCM","epk":{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}}"#
            )
        )),
        Just(format!(
            "\"{}\"",
            base64url::encode(br#"{"alg":"ECDH-ES+A256KW","enc":"A256GCM","zip":"DEF"}"#)
        )),
        Just(r#"{"alg":"A256KW","enc":"A256GCM","iv":"AA","tag":""}"#.to_owned()),
        Just(r#"{"alg":"A128GCMKW","enc":"A256GCM"}"#.to_owned()),
        Just("\"\"".to_owned()),
        "\"[A-Za-z0-9_-]{0,90}\"",
        "(null|0|true|\\[\\]|\\{\\}|\"\\\\u0000\")",
    ];
    prop_oneof![
        4 => value.prop_map(move |value| format!("\"{name}\":{value},")),
        1 => Just(String::new()),
    ]
}

proptest! {
    #[test]
    fn no_octets_make_a_parser_of_jwes_panic(octets: Vec<u8>, text: String, dots in 0..7_usize) {
        let _any = (Jwe::parse(&octets), Jwe::parse(&text), Encrypted::parse(&text));
        let segments = base64url::encode(&octets) + ".";
        let token = segments.repeat(dots);
        let _any = (Jwe::parse(&token), Encrypted::parse(&token));
        if let Ok(value) = serde_json::from_slice(&octets) {
            let _any = Jwe::from_value(&value);
        }
    }

    #[test]
    fn what_looks_like_a_jwe_makes_no_parser_panic(
        protected in jwe_member("protected"),
        unprotected in jwe_member("unprotected"),
        header in jwe_member("header"),
        encrypted_key in jwe_member("encrypted_key"),
        iv in jwe_member("iv"),
        aad in jwe_member("aad"),
        ciphertext in jwe_member("ciphertext"),
        tag in jwe_member("tag"),
        others in prop::collection::vec("\"(recipients|signatures|payload|aad|é|)\":(1|\"\"|\\[\\]|null|\\{\\})", 0..2),
    ) {
        const NEIGHBOUR: &str = r#"{"header":{"alg":"A128KW"},"encrypted_key":"AAAA"}"#;
        let all = [protected, unprotected, iv, aad, ciphertext, tag].concat();
        let one = [header, encrypted_key].concat();
        let flattened = format!("{{{all}{one}{},\"end\":0}}", others.join(","));
        let general = format!("{{{all}\"recipients\":[{{{one}\"end\":0}},{NEIGHBOUR}]}}");
        for text in [flattened, general] {
            let text = text.replace(",,", ",");
            if let Ok(jwe) = Jwe::parse(&text) {
                prop_assert!(jwe.to_general().is_ok());
                for keys in &*OURS {
                    let inflating = jwe::Policy::new().inflate().accept_unprotected_enc();
                    let _any = (jwe.decrypt(keys), jwe.decrypt_with(keys, &inflating));
                }
            }
        }
    }

    #[test]
    fn a_damaged_jwe_is_refused_or_says_what_was_encrypted(octets in any_jwe()) {
        let Ok(jwe) = Jwe::parse(&octets) else { return Ok(()) };
        for keys in &*OURS {
            if let Ok(decrypted) = jwe.decrypt(keys) {
                prop_assert_eq!(decrypted.content(), THREE_SIGNED.as_bytes());
            }
        }
    }

    #[test]
    fn a_damaged_jwe_is_judged_alike_by_every_backend(octets in any_jwe()) {
        let Ok(jwe) = Jwe::parse(&octets) else { return Ok(()) };
        let mut verdicts: Vec<_> = OURS
            .iter()
            .map(|keys| jwe.decrypt(keys).map(|found| found.index()).map_err(|error| told(&error)))
            .collect();
        verdicts.dedup();
        prop_assert!(verdicts.len() <= 1, "{:?}", verdicts);
    }

    #[test]
    fn a_damaged_jwe_that_is_read_is_written_and_read_alike(octets in any_jwe()) {
        let Ok(jwe) = Jwe::parse(&octets) else { return Ok(()) };
        let written = jwe.to_general().unwrap();
        let again = Jwe::parse(&written).unwrap();
        prop_assert_eq!(again.to_general().unwrap(), written);
        for keys in &*OURS {
            let (first, second) = (jwe.decrypt(keys), again.decrypt(keys));
            prop_assert_eq!(first.is_ok(), second.is_ok());
        }
    }
}
