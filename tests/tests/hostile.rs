//! Hostile input: a typed error, no panic, and not a word of it in any message.
#![allow(clippy::indexing_slicing, reason = "a test may fail by panicking")]

use core::error::Error;

use jose::jwa::SignatureAlgorithm;
use jose::jws::{self, Unverified};
use jose::{Jwk, JwkSet, Limits, VerifyingKeys};
use jose_conformance::keys;
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
        let token = format!("{}..", jose::base64url::encode(header.as_bytes()));
        let policy = jws::Policy::new().limits(limits);
        let refused = jws::verify_with(&token, &keys, &policy).unwrap_err();
        let (told, debug) = (told(&refused), format!("{refused:?}"));
        assert!(told.len() < 256 && !told.contains(marker), "{told}");
        assert!(debug.matches(marker).count() <= 10, "fields keep 64 octets at most: {debug}");
    }
}

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
        let mut verdicts: Vec<_> = jose_tests::backends()
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
        for backend in jose_tests::backends() {
            let key = jose::VerifyingKey::from_jwk(&KEY.parse().unwrap(), backend).unwrap();
            prop_assert_eq!(jws::verify(&token, &key).is_ok(), token == GENUINE);
        }
    }
}
