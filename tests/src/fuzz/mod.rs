//! What is fuzzed: each target takes octets that anyone may send, and panics where a promise is broken.
//!
//! `fuzz/` runs them under libFuzzer; `tests/tests/fuzz.rs` runs each on what it starts from, and on some
//! thousand changed tokens.

#![allow(
    clippy::exhaustive_structs,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "what is called by tests alone may panic, as they do"
)]

pub mod corpus;
pub mod mutation;
pub mod session;

use core::error::Error;

use jose::crypto::Backend;
use jose::jwk::Imported;
use jose::jws::{Policy, Serialization, Unverified};
use jose::jwt::{self, Validation};
use jose::{Jwe, Jwk, JwkSet, Jws, UnixTime, base64url, hazmat, jwe, jws};

use self::corpus::Judge;
use crate::backends;

/// A target: its name, what it does, and what to start from.
#[derive(Debug)]
pub struct Target {
    /// Also the name of its file in `fuzz/fuzz_targets`.
    pub name: &'static str,
    /// Panics if a promise is broken.
    pub run: fn(&[u8]),
    /// Inputs that are well-formed.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// Every target.
pub const TARGETS: [Target; 11] = [
    Target { name: "compact", run: compact, seeds: corpus::tokens },
    Target { name: "json", run: json, seeds: corpus::tokens },
    Target { name: "jwk", run: jwk, seeds: corpus::keys },
    Target { name: "jwk_set", run: jwk_set, seeds: corpus::key_sets },
    Target { name: "key_file", run: key_file, seeds: corpus::key_files },
    Target { name: "header", run: header, seeds: corpus::headers },
    Target { name: "claims", run: claims, seeds: corpus::claims },
    Target { name: "verify", run: verify, seeds: corpus::signed },
    Target { name: "decrypt", run: decrypt, seeds: corpus::encrypted },
    Target { name: "differential", run: differential, seeds: corpus::tokens },
    Target { name: "session_cookie", run: session::session_cookie, seeds: session::requests },
];

/// Reads a compact token, signed or encrypted, and all that can be read of it before a key is there.
pub fn compact(octets: &[u8]) {
    let Ok(text) = str::from_utf8(octets) else { return };
    if let Ok(token) = Unverified::parse(text) {
        let _shown = format!("{token:?}");
        let _claims = hazmat::peek_unverified_claims(&token);
        assert!(Jws::parse(text).is_ok(), "what is read by itself is read as one of many");
    }
    if let Ok(token) = jwe::Encrypted::parse(text) {
        let _shown = format!("{token:?}");
        assert!(Jwe::parse(text).is_ok(), "what is read by itself is read as one of many");
    }
}

/// Reads a token in any serialization; what was read is written and read alike.
pub fn json(octets: &[u8]) {
    if let Ok(jws) = Jws::parse(octets) {
        assert!(Serialization::detect(octets).is_ok(), "a token that is read is told apart");
        assert!(Jwe::parse(octets).is_err(), "no text is signed and encrypted");
        let written = match jws.to_general() {
            // Nothing between the dots: an empty payload, or one that is elsewhere.
            Err(jws::SerializationError::NoPayload) => return,
            written => written.expect("a token that was read has a general form"),
        };
        let again = Jws::parse(&written).expect("and is read again").to_general();
        assert_eq!(again.ok(), Some(written));
    }
    if let Ok(jwe) = Jwe::parse(octets) {
        let written = jwe.to_general().expect("a token that was read has a general form");
        let again = Jwe::parse(&written).expect("and is read again").to_general();
        assert_eq!(again.ok(), Some(written));
    }
}

/// Reads a key; its public half gives nothing away, and both backends judge it alike.
pub fn jwk(octets: &[u8]) {
    let Ok(jwk) = Jwk::from_json(octets) else { return };
    let _found = jwk.check_structure();
    let written = jwk.expose_secret_json();
    let again = Jwk::from_json(written.expose_secret()).expect("a key that was read is read again");
    assert_eq!(again.expose_secret_json().expose_secret(), written.expose_secret());
    if let Ok(public) = jwk.to_public() {
        assert!(!public.is_private(), "a public half is public");
    }
    alike("a key", |backend| match jwk.check_consistency(backend) {
        Ok(()) => String::new(),
        Err(error) => told(&error),
    });
}

/// Reads a set; one bad key spoils no other, and what is published has no secret.
pub fn jwk_set(octets: &[u8]) {
    let Ok(set) = JwkSet::from_json(octets) else { return };
    let published = JwkSet::from_json(set.to_public_json()).expect("what is published is a set");
    assert!(published.iter().all(|jwk| !jwk.is_private()), "no secret is published");
    let backend = backends()[0];
    let _findings = set.lint(jose::jwk::lint::Exposure::Published, backend);
}

/// Reads a file of keys in any format.
pub fn key_file(octets: &[u8]) {
    alike("a file of keys", |backend| match Imported::read(octets, None, backend) {
        Ok(imported) => imported.into_keys().to_public_json(),
        Err(error) => told(&error),
    });
}

/// Reads a header, of a signed and of an encrypted token.
pub fn header(octets: &[u8]) {
    let header = base64url::encode(octets);
    let _signed = Unverified::parse(&format!("{header}.e30.AAAA"));
    let _encrypted = jwe::Encrypted::parse(&format!("{header}.AAAA.AAAA.AAAA.AAAA"));
    let quoted = format!(r#"{{"payload":"","protected":"{header}","signature":"AAAA"}}"#);
    let _flattened = Jws::parse(&quoted);
}

/// Holds claims to rules, and says the same of the same claims.
pub fn claims(octets: &[u8]) {
    let judge = corpus::judge();
    let Ok(token) = jws::sign(octets, &judge.signer) else { return };
    let rules = Validation::new().issuer("idp").audience("api").require("exp");
    let now = UnixTime::from_secs(1_800_000_000);
    let key = &judge.verifier;
    let typed = jwt::verify::<serde_json::Value>(&token, key, &rules, now).map(drop);
    let plain = jwt::verify_claims(&token, key, &rules, now).map(drop);
    if let (Err(jwt::Error::Claims(typed)), Err(jwt::Error::Claims(plain))) = (&typed, &plain) {
        assert_eq!(typed.failures(), plain.failures());
    }
    assert_eq!(typed.is_ok(), plain.is_ok());
}

/// Verifies a token: nobody but us has signed with these keys, and we signed one payload.
pub fn verify(octets: &[u8]) {
    let Ok(jws) = Jws::parse(octets) else { return };
    for judge in corpus::judges() {
        if let Ok(verified) = jws.verify(&judge.verifiers) {
            assert_eq!(verified.content(), corpus::CONTENT, "a payload that nobody signed");
        }
    }
}

/// Decrypts a token: whoever has none of the shared keys, and changed one, has made nothing.
///
/// Anyone can encrypt to a public key, but not a fuzzer in the time it has.
pub fn decrypt(octets: &[u8]) {
    let Ok(jwe) = Jwe::parse(octets) else { return };
    for judge in corpus::judges() {
        if let Ok(decrypted) = jwe.decrypt_with(&judge.decrypters, &decryption_policy()) {
            assert_eq!(decrypted.content(), corpus::CONTENT, "a content that nobody encrypted");
        }
    }
}

/// Has every backend judge a token.
pub fn differential(octets: &[u8]) {
    let verdicts: Vec<_> = corpus::judges().iter().map(|judge| verdict(judge, octets)).collect();
    for pair in verdicts.windows(2) {
        let [first, second] = pair else { continue };
        assert_eq!(first, second, "backends that disagree");
    }
}

/// What a backend says of a token.
#[must_use]
pub fn verdict(judge: &Judge, octets: &[u8]) -> String {
    if let Ok(jws) = Jws::parse(octets) {
        return match jws.check(&judge.verifiers, &Policy::new()) {
            Ok(outcomes) => outcomes
                .iter()
                .map(|outcome| outcome.error().map_or("valid ".into(), |error| told(error) + " "))
                .collect(),
            Err(error) => told(&error),
        };
    }
    match Jwe::parse(octets) {
        Ok(jwe) => match jwe.decrypt_with(&judge.decrypters, &decryption_policy()) {
            Ok(decrypted) => format!("{} {:?}", decrypted.index(), decrypted.content()),
            Err(error) => told(&error),
        },
        Err(error) => told(&error),
    }
}

/// Few rounds for a password: a fuzzer is to spend its time elsewhere.
fn decryption_policy() -> jwe::Policy {
    jwe::Policy::new().inflate().accept_unprotected_enc().max_p2c(2000)
}

fn alike(what: &str, judge: impl Fn(&'static dyn Backend) -> String) {
    let verdicts: Vec<String> = backends().into_iter().map(judge).collect();
    for pair in verdicts.windows(2) {
        let [first, second] = pair else { continue };
        // One of them may have a curve that the other has not, and cannot tell whether a point is on it.
        let lacks = |verdict: &String| verdict.contains("not supported") || verdict.contains("448");
        if pair.iter().any(lacks) {
            continue;
        }
        assert_eq!(first, second, "{what}: backends that disagree");
    }
}

/// All that an error says, its causes included.
#[must_use]
pub fn told(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
