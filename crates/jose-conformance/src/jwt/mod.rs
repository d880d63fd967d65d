//! Claims (RFC 7519, RFC 8725): what is signed, and what is accepted.

mod acceptance;
mod signing;
mod validation;

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::Arc;
use core::error::Error as _;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;

use jose_core::crypto::{Backend, CryptoError};
use jose_core::error::{self, KeyError, Rule, VerifyError};
use jose_core::jwa::{Hash, SignatureAlgorithm};
use jose_core::jws::{self, Policy, SigningKey, Unverified, Verified, VerifyingKey};
use jose_core::jwt::{self, Builder, ClaimFailure, Claims, SignError, Validation};
use jose_core::time::{DurationError, IntoSeconds};
use jose_core::{Header, Limits, UnixTime, base64url, hazmat};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Value, json};

use crate::{Subject, keys};

pub use self::acceptance::*;
pub use self::signing::*;
pub use self::validation::*;

const ALG: SignatureAlgorithm = SignatureAlgorithm::HS256;
const MARKER: &str = "xyzzy-plugh";
const TIME: &str = "a NumericDate from 1970 to 9999";
const TEXT: &str = "a string";
const TEXTS: &str = "a string or an array of strings";
const TIMES: [&str; 3] = ["exp", "nbf", "iat"];

fn at(secs: u64) -> UnixTime {
    UnixTime::from_secs(secs)
}

/// The moment that a JSON number names, with its fraction of a second.
fn moment(json: &str) -> UnixTime {
    serde_json::from_str(json).unwrap()
}

fn key(subject: &Subject) -> SigningKey {
    keys::signer(ALG, subject.backend())
}

fn trusted(subject: &Subject) -> VerifyingKey {
    keys::verifier(ALG, subject.backend())
}

/// A genuine token with any octets at all as its payload.
fn genuine(payload: impl AsRef<[u8]>, subject: &Subject) -> String {
    jws::sign(payload.as_ref(), &key(subject)).unwrap()
}

/// What becomes of a genuine token with this payload.
fn judge(
    payload: impl AsRef<[u8]>,
    rules: &Validation,
    now: UnixTime,
    subject: &Subject,
) -> Result<Verified<Claims>, jwt::Error> {
    jwt::verify_claims(&genuine(payload, subject), &trusted(subject), rules, now)
}

/// The rules that genuine claims break, which are the same when they are read as a type.
fn failures(
    payload: impl AsRef<[u8]>,
    rules: &Validation,
    now: UnixTime,
    subject: &Subject,
) -> Vec<ClaimFailure> {
    let token = genuine(payload, subject);
    let typed = jwt::verify::<Value>(&token, &trusted(subject), rules, now).map(|_| ());
    let plain = jwt::verify_claims(&token, &trusted(subject), rules, now).map(|_| ());
    assert_eq!(format!("{typed:?}"), format!("{plain:?}"), "one verdict by either way in");
    match plain {
        Ok(()) => Vec::new(),
        Err(jwt::Error::Claims(error)) => {
            assert_eq!(error.code(), error.failures()[0].code());
            error.failures().to_vec()
        }
        Err(other) => panic!("{other:?}"),
    }
}

fn accepted(
    payload: impl AsRef<[u8]>,
    rules: &Validation,
    now: UnixTime,
    subject: &Subject,
) -> bool {
    failures(payload, rules, now, subject).is_empty()
}

/// The rule of a claims set that a genuine payload breaks.
fn broken_rule(payload: impl AsRef<[u8]>, rules: &Validation, subject: &Subject) -> Rule {
    match judge(payload, rules, at(0), subject) {
        Err(jwt::Error::Parse(error)) => {
            assert_eq!(error.subject(), error::Subject::Claims);
            assert_eq!(error.code(), "ERR_JWT_CLAIM_INVALID");
            error.rule()
        }
        other => panic!("{other:?}"),
    }
}

/// `token` with another payload under its old signature.
fn forged(token: &str, payload: &str) -> String {
    let (header, rest) = token.split_once('.').unwrap();
    let (_, signature) = rest.split_once('.').unwrap();
    format!("{header}.{}.{signature}", base64url::encode(payload.as_bytes()))
}

fn payload_of(token: &str) -> String {
    let unverified = Unverified::parse(token).unwrap();
    String::from_utf8(hazmat::peek_unverified_payload(&unverified).to_vec()).unwrap()
}

fn claims_of(token: &str) -> Value {
    serde_json::from_str(&payload_of(token)).unwrap()
}

fn header_of(token: &str) -> Header {
    Unverified::parse(token).unwrap().protected().clone()
}

/// What `builder` makes of `claims`.
fn built(builder: Builder, claims: &Value, subject: &Subject) -> Value {
    claims_of(&builder.sign(claims, &key(subject)).unwrap())
}

fn refused_rule(refused: Result<String, SignError>) -> Rule {
    match refused {
        Err(SignError::Claims(error)) => {
            assert_eq!(error.subject(), error::Subject::Claims);
            assert_eq!(error.code(), "ERR_JWT_CLAIM_INVALID");
            error.rule()
        }
        other => panic!("{other:?}"),
    }
}

fn refused_duration(refused: Result<String, SignError>) -> DurationError {
    match refused {
        Err(SignError::Duration(error)) => {
            assert_eq!(error.code(), "ERR_JWT_CLAIM_INVALID");
            error
        }
        other => panic!("{other:?}"),
    }
}

fn malformed(claim: &'static str, expected: &'static str, actual: &str) -> ClaimFailure {
    ClaimFailure::Malformed { claim, expected, actual: actual.into() }
}

fn missing(claim: &str) -> ClaimFailure {
    ClaimFailure::Missing { claim: claim.into() }
}

fn expired(exp: &str, now: UnixTime, leeway: u64) -> ClaimFailure {
    let leeway = Duration::from_secs(leeway);
    ClaimFailure::Expired { exp: moment(exp), now, leeway, iat: None, jti: None }
}

fn not_yet(nbf: &str, now: UnixTime, leeway: u64) -> ClaimFailure {
    ClaimFailure::NotYetValid { nbf: moment(nbf), now, leeway: Duration::from_secs(leeway) }
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| String::from(*text)).collect()
}

/// `{"a":[[…]]}`, with so many objects and arrays inside one another.
fn nested(depth: usize) -> String {
    format!("{{\"a\":{}{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1))
}

/// An error and all its sources, as text.
fn chain(error: &dyn core::error::Error) -> Vec<String> {
    let mut texts = vec![error.to_string()];
    let mut source = error.source();
    while let Some(error) = source {
        texts.push(error.to_string());
        source = error.source();
    }
    texts
}

#[derive(Debug, Deserialize, PartialEq, Serialize)]
struct Session {
    iss: String,
    sub: String,
    exp: UnixTime,
    #[serde(skip_serializing_if = "Option::is_none")]
    jti: Option<String>,
    roles: BTreeSet<String>,
    tenant: BTreeMap<String, u64>,
}

fn session() -> Session {
    Session {
        iss: "https://idp.example".into(),
        sub: "jo\u{eb} \"the\" \u{1F99C}\n".into(),
        exp: moment("2000000000.5"),
        jti: None,
        roles: ["admin", "user"].map(Into::into).into(),
        tenant: [("largest".into(), u64::MAX), ("least".into(), 0)].into(),
    }
}
