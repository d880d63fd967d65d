//! Hostile input: a typed error, no panic, and not a word of it in any message.
#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test may fail by panicking")]

use core::error::Error;
use std::sync::LazyLock;

use jose::jwa::SignatureAlgorithm;
use jose::jws::{self, Policy, Required, Serialization, SigningStream, Unverified};
use jose::{Header, Jwk, JwkSet, Jws, Limits, VerifyingKeys, base64url};
use jose_conformance::keys;
use jose_tests::backends;
use proptest::prelude::*;

/// All that an error says, its causes included.
fn told(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

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
                [signer, verifier].map(|error| error.map(|error| error.to_string()))
            })
            // What only one of them has says nothing about agreement.
            .filter(|errors| !errors.iter().flatten().any(|told| told.contains("implement")))
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
