//! Whole tokens (RFC 7515 §5.2, RFC 7516 §5.2): as a caller would read them, who has the group's key.
//!
//! The caller knows what the key is for: the algorithm it names, or the usual one of its type if it names
//! none. The header of a token is never asked. A JWK Set is taken as it is, each key for the algorithm it
//! names.
//!
//! A word with a small letter is here:
//!
//! - `malformed`: the token is none, or not in compact serialization.
//! - `unmatched`: the token names an algorithm or a key that is not the caller's.
//! - `asked`: decrypted by a key that was asked to serve `RSA1_5`, and only so.
//! - `inflated`: decrypted by who allows compressed content, and refused by who does not.
//! - `jwe`, `jws`: a token of the other kind, for which the set stands under another heading.
//! - `mixed`: a set of public and shared keys, which is not taken unless the caller names the algorithm.
//!
//! What is in a token that is accepted has to be what was put in, and the same token in JSON has to end
//! like the compact one. All that is valid is accepted and nothing else, but for what is [`DEFECTIVE`].

use alloc::borrow::Cow;

use jose::crypto::Backend;
use jose::error::{DecryptError, KeyError, VerifyError};
use jose::jwa::{ContentEncryption, SignatureAlgorithm};
use jose::jwe::{self, DecryptionKey, Policy};
use jose::jwk::{EcCurve, Params};
use jose::jws::{self, SkipReason};
use jose::{Alg, Jwe, Jwk, JwkSet, Jws, VerifyingKey, VerifyingKeys, base64url};
use jose_tests::backends;
use serde_json::{Value, json};
use wycheproof_ng_kdf_jose::json_web::TestName;

use super::{Case, cases, every, name_of, octets};

/// Cases whose verdict is not that of the specifications, for these reasons.
const DEFECTIVE: &[Defective] = &[
    Defective {
        kind: "JsonWebKey",
        cases: &[4],
        why: "of the two keys with one name, the second ends in bits that are no octets: it is malformed, \
              and the first one is the only one of its name",
        repair: Repair::Key("Bingge", "Binggc"),
    },
    Defective {
        kind: SIGNATURE,
        cases: &[346, 350],
        why: "RFC 7520 §4.2 signs with PS384; the key was given the name PS256",
        repair: Repair::Key("PS256", "PS384"),
    },
    Defective {
        kind: SIGNATURE,
        cases: &[347, 351],
        why: "RFC 7520 §4.3 signs with ES512; the key was given the name ES521, which nobody registered",
        repair: Repair::Key("ES521", "ES512"),
    },
    Defective {
        kind: SIGNATURE,
        cases: &[372, 373],
        why: "the token has a question mark in it, which is no base64url (RFC 7515 §2, §5.2), and a MAC \
              over what is there without it",
        repair: Repair::Without('?'),
    },
    Defective {
        kind: SIGNATURE,
        cases: &[367, 370],
        why: "the padding that was to be wrong is missing: this is the valid token of case 357",
        repair: Repair::SameAs(357),
    },
];

const SIGNATURE: &str = "JsonWebSignature";

struct Defective {
    /// The `type` of their groups.
    kind: &'static str,
    cases: &'static [u64],
    why: &'static str,
    repair: Repair,
}

/// How the reason is shown.
enum Repair {
    /// With the second text in the key, where the first one is, the verdict holds.
    Key(&'static str, &'static str),
    /// It is the token of this other case.
    SameAs(u64),
    /// Without this character in the token the verdict holds.
    Without(char),
}

fn set(name: &str) -> &'static str {
    name.parse::<TestName>().unwrap().json_data()
}

/// The keys of a group: the public ones, if it has any.
fn keys<'a>(case: &Case<'a>) -> &'a Value {
    match &case.group["public"] {
        public if public.is_object() => public,
        _ => &case.group["private"],
    }
}

/// What a caller has a key for who was not told by its `alg`.
fn usual(jwk: &Jwk) -> SignatureAlgorithm {
    match jwk.params() {
        Params::Ec(ec) => match ec.crv() {
            EcCurve::P256 => Alg::ES256,
            EcCurve::P384 => Alg::ES384,
            EcCurve::P521 => Alg::ES512,
            other => panic!("{other:?}"),
        },
        Params::Rsa(_) => Alg::RS256,
        Params::Oct(_) => Alg::HS256,
        other => panic!("{other:?}"),
    }
}

/// A verdict on a token: the content, or a word.
type Verdict = Result<Vec<u8>, String>;

fn word(verdict: &Verdict) -> String {
    verdict.as_ref().map_or_else(Clone::clone, |_| "accepted".into())
}

fn of_jws(verified: Result<jose::Verified<Vec<u8>>, jws::Error>) -> Verdict {
    match verified {
        Ok(verified) => Ok(verified.content().clone()),
        Err(jws::Error::Parse(_)) => Err("malformed".into()),
        Err(jws::Error::Verify(VerifyError::InvalidSignature)) => Err("refused".into()),
        Err(jws::Error::Verify(VerifyError::NoMatchingKey(_))) => Err("unmatched".into()),
        Err(other) => panic!("{other}"),
    }
}

fn of_jwe(decrypted: Result<jose::Decrypted<Vec<u8>>, jwe::Error>) -> Verdict {
    match decrypted {
        Ok(decrypted) => Ok(decrypted.content().clone()),
        Err(jwe::Error::Parse(_)) => Err("malformed".into()),
        // `zip` without leave.
        Err(jwe::Error::Decrypt(DecryptError::Header(_))) => Err("header".into()),
        Err(jwe::Error::Decrypt(DecryptError::Failed)) => Err("refused".into()),
        Err(jwe::Error::Decrypt(DecryptError::NoMatchingKey(_))) => Err("unmatched".into()),
        Err(other) => panic!("{other}"),
    }
}

/// A case without its token is one whose token is empty.
fn token<'a>(case: &Case<'a>, member: &str) -> Cow<'a, str> {
    match &case.test[member] {
        Value::String(token) => token.into(),
        Value::Object(object) => serde_json::to_string(object).unwrap().into(),
        other => panic!("{other}"),
    }
}

/// The same token in flattened JSON, with no member that would be empty and may be absent.
fn flattened(token: &str, names: &[&str]) -> Option<String> {
    let segments: Vec<_> = token.split('.').collect();
    if segments.len() != names.len() {
        return None;
    }
    let members = names.iter().zip(segments);
    let members = members.filter(|(name, text)| **name != "encrypted_key" || !text.is_empty());
    let members = members.map(|(name, text)| ((*name).to_owned(), json!(text)));
    Some(Value::Object(members.collect()).to_string())
}

fn verify(token: &str, keys: &VerifyingKeys) -> Verdict {
    let compact = of_jws(jws::verify(token, keys));
    if let Some(json) = flattened(token, &["protected", "payload", "signature"]) {
        let json = Jws::parse(&json).map_err(Into::into).and_then(|jws| jws.verify(keys));
        assert_eq!(of_jws(json), compact, "{token}");
    }
    if compact.is_ok() {
        let payload = token.split('.').nth(1).unwrap();
        assert_eq!(compact, Ok(base64url::decode(payload.as_bytes()).unwrap()));
    }
    compact
}

/// As the group's only key has it.
fn verify_by_key(token: &str, jwk: &Value, backend: &'static dyn Backend) -> String {
    let jwk = match Jwk::from_json(jwk.to_string()) {
        Ok(jwk) => jwk,
        Err(error) => return name_of(&error.rule()),
    };
    let usual = usual(&jwk);
    let jwk = if jwk.alg().is_some() { jwk } else { jwk.with_alg(usual).unwrap() };
    match VerifyingKey::from_jwk(&jwk, backend) {
        Ok(key) => word(&verify(token, &key.into())),
        Err(error) => name_of(&error),
    }
}

/// As the group's set has it.
fn verify_by_set(token: &str, set: &Value, backend: &'static dyn Backend) -> String {
    let set = JwkSet::from_json(set.to_string()).unwrap();
    let keys = match VerifyingKeys::from_jwks_by_own_alg(&set, backend) {
        Ok(keys) => keys,
        Err(KeyError::MixedSet) => return "mixed".into(),
        Err(error) => panic!("{error}"),
    };
    let verdict = verify(token, &keys);
    // Who names the algorithm that one of the keys has gets no other answer.
    let first = set.keys().first();
    let alg = first.map(|jwk| SignatureAlgorithm::from_name(jwk.alg().unwrap()));
    if let Some(Some(alg)) = alg {
        let named = VerifyingKeys::from_jwks(&set, &[alg], backend);
        assert_eq!(verify(token, &named), verdict, "{token}");
    }
    match (keys.skipped(), verdict) {
        ([skipped], Err(_)) => match skipped.reason() {
            SkipReason::Key(error) => name_of(error),
            SkipReason::Malformed(error) => name_of(&error.rule()),
            _ => "unmatched".into(),
        },
        (_, verdict) => word(&verdict),
    }
}

/// As the group's keys have it.
fn verify_by(token: &str, keys: &Value, backend: &'static dyn Backend) -> String {
    if keys["keys"].is_array() {
        verify_by_set(token, keys, backend)
    } else {
        verify_by_key(token, keys, backend)
    }
}

fn decrypt(token: &str, key: &DecryptionKey, policy: &Policy) -> Verdict {
    let compact = of_jwe(jwe::decrypt_with(token, key, policy));
    let names = ["protected", "encrypted_key", "iv", "ciphertext", "tag"];
    if let Some(json) = flattened(token, &names) {
        let json = Jwe::parse(&json).map_err(Into::into);
        let json = of_jwe(json.and_then(|jwe| jwe.decrypt_with(key, policy)));
        // An empty member is malformed where an empty segment is not (RFC 7516 §7.2.1).
        assert_eq!(json.ok(), compact.clone().ok(), "{token}");
    }
    compact
}

fn decrypt_under(backend: &'static dyn Backend, case: &Case<'_>) -> String {
    let (token, jwk) = (token(case, "jwe"), case.group["private"].to_string());
    let jwk = Jwk::from_json(jwk).unwrap();
    let (key, asked) = match DecryptionKey::from_jwk(&jwk, backend) {
        Ok(key) => (key, false),
        Err(KeyError::AskedFor { .. }) => {
            (DecryptionKey::from_jwk_for(Alg::RSA1_5, &jwk, backend).unwrap(), true)
        }
        Err(error) => return name_of(&error),
    };
    let mut policy = Policy::new();
    if let Some(enc) = case.test["enc"].as_str() {
        policy = policy.encs([ContentEncryption::from_name(enc).unwrap()]);
    }
    let strict = decrypt(&token, &key, &policy);
    let lax = decrypt(&token, &key, &policy.inflate());
    assert!(strict == lax || strict.is_err());
    if let Ok(content) = &lax {
        let usual = Value::from("666f6f");
        let expected = case.test.get("pt").unwrap_or(&usual);
        assert_eq!(*content, octets(expected), "{}", case.test["tcId"]);
    }
    match (strict.is_err() && lax.is_ok(), lax.is_ok() && asked) {
        (true, _) => "inflated".into(),
        (_, true) => "asked".into(),
        _ => word(&strict),
    }
}

/// Holds an outcome against the verdict of the case.
fn judge(backend: &'static dyn Backend, case: &Case<'_>, outcome: String) -> String {
    let accepted = ["accepted", "asked", "inflated"].contains(&&*outcome);
    let id = case.test["tcId"].as_u64().unwrap();
    let is_it = |one: &&Defective| case.group["type"] == one.kind && one.cases.contains(&id);
    let Some(Defective { why, repair, .. }) = DEFECTIVE.iter().find(is_it) else {
        assert_eq!(accepted, case.is_valid(), "{id}: {outcome}");
        return outcome;
    };
    assert_ne!(accepted, case.is_valid(), "{id}: {why}");
    let (token, keys) = (token(case, "jws"), keys(case));
    let repaired = match repair {
        Repair::Key(from, to) => {
            let keys = keys.to_string().replace(from, to);
            verify_by(&token, &serde_json::from_str(&keys).unwrap(), backend)
        }
        Repair::SameAs(other) => {
            let other = cases(case.set).find(|case| case.test["tcId"] == *other).unwrap();
            assert_eq!(other.test["jws"], *token, "{id}: {why}");
            return outcome;
        }
        Repair::Without(char) => verify_by(&token.replace(*char, ""), keys, backend),
    };
    assert_eq!(repaired == "accepted", case.is_valid(), "{id}: {repaired}, but {why}");
    outcome
}

#[test]
fn signed_tokens_have_their_verdicts() {
    every("signed_tokens_have_their_verdicts", set, |backend, case| {
        if case.test.get("jws").is_none() {
            return "jwe".into();
        }
        judge(backend, case, verify_by(&token(case, "jws"), keys(case), backend))
    });
}

#[test]
fn encrypted_tokens_have_their_verdicts() {
    every("encrypted_tokens_have_their_verdicts", set, |backend, case| {
        if case.test.get("jwe").is_none() {
            return "jws".into();
        }
        judge(backend, case, decrypt_under(backend, case))
    });
}

/// The reader of compact tokens refuses what is in JSON, and who reads JSON gets what is in it.
#[test]
fn what_is_invalid_for_being_json_is_read_by_who_asks_for_json() {
    let set: Value = serde_json::from_str(set("json_web_crypto")).unwrap();
    let mut read = 0;
    for case in cases(&set).filter(|case| case.has_flag("JsonSerialization")) {
        let jwk = Jwk::from_json(case.group["private"].to_string()).unwrap();
        for backend in backends() {
            let content = if case.test.get("jws").is_some() {
                let key = VerifyingKey::from_jwk(&jwk, backend).unwrap();
                let jws = Jws::parse(&*token(&case, "jws")).unwrap();
                jws.verify(&key).unwrap().content().clone()
            } else {
                let key = DecryptionKey::from_jwk(&jwk, backend).unwrap();
                let jwe = Jwe::parse(&*token(&case, "jwe")).unwrap();
                jwe.decrypt(&key).unwrap().content().clone()
            };
            assert_eq!(content, b"foo");
        }
        read += 1;
    }
    assert_eq!(read, 2);
}

/// Which makes the key meant for another algorithm no shared secret.
#[test]
fn a_mixed_set_serves_who_names_the_algorithm() {
    for name in ["json_web_key", "json_web_crypto"] {
        let set: Value = serde_json::from_str(set(name)).unwrap();
        let mixed = |case: &Case<'_>| case.group["comment"] == "jws_mixedSymmetryKeyset";
        let case = cases(&set).find(mixed).unwrap();
        let keys = JwkSet::from_json(keys(&case).to_string()).unwrap();
        for backend in backends() {
            let named = VerifyingKeys::from_jwks(&keys, &[Alg::HS256], backend);
            assert_eq!(verify(&token(&case, "jws"), &named), Ok(b"foo".to_vec()));
            let other = VerifyingKeys::from_jwks(&keys, &[Alg::ES256], backend);
            assert_eq!(verify(&token(&case, "jws"), &other), Err("unmatched".into()));
        }
    }
}
