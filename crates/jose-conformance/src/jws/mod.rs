//! Signatures (RFC 7515, RFC 7518 §3).

mod compact;
mod detached;
mod json;
mod many;
mod required;
mod ring;
mod streams;
mod two_steps;
mod unencoded;

use alloc::collections::BTreeSet;
use alloc::sync::Arc;
use core::sync::atomic::{AtomicUsize, Ordering};

use jose_core::crypto::{CryptoError, Refused, SignStream, Signer, Verifier, VerifyStream, ecdsa};
use jose_core::error::{self, Critical, KeyError, NoMatchReason, Rule, VerifyError};
use jose_core::jwa::{ContentEncryption, Hash, KeyManagementAlgorithm, SignatureAlgorithm};
use jose_core::jws::{self, Jws, KeyResolver, Outcomes, Policy, Required, Serialization};
use jose_core::jws::{SerializationError, SignError, SigningKey, SigningStream};
use jose_core::jws::{Unsigned, Unverified, ValidSignature, Verified, VerifyingKey, VerifyingKeys};
use jose_core::jwt::{self, ClaimFailure, Validation};
use jose_core::{Header, Jwk, JwkSet, Limits, UnixTime, base64url};
use serde_json::{Value, json};

use crate::{Subject, keys};
use KeyManagementAlgorithm as K;
use SignatureAlgorithm as S;

pub use self::compact::*;
pub use self::detached::*;
pub use self::json::*;
pub use self::many::*;
pub use self::required::*;
pub use self::ring::*;
pub use self::streams::*;
pub use self::two_steps::*;
pub use self::unencoded::*;

const PAYLOAD: &[u8] = b"It is a dangerous business, going out of your door.";

fn trusted(alg: S, subject: &Subject) -> VerifyingKeys {
    keys::verifier(alg, subject.backend()).into()
}

fn sign(alg: S, subject: &Subject) -> String {
    jws::sign(PAYLOAD, &keys::signer(alg, subject.backend())).unwrap()
}

fn refusal(token: &str, keys: &VerifyingKeys) -> VerifyError {
    match jws::verify(token, keys) {
        Err(jws::Error::Verify(error)) => error,
        other => panic!("{other:?}"),
    }
}

/// `token` with other octets as its signature.
fn with_signature(token: &str, signature: &[u8]) -> String {
    let (input, _) = token.rsplit_once('.').unwrap();
    format!("{input}.{}", base64url::encode(signature))
}

fn signature_of(token: &str) -> Vec<u8> {
    base64url::decode(token.rsplit_once('.').unwrap().1.as_bytes()).unwrap()
}

/// The error of something that is refused for what its signatures are.
#[track_caller]
fn refused<T: core::fmt::Debug>(verified: Result<T, jws::Error>) -> VerifyError {
    match verified {
        Err(jws::Error::Verify(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn assert_invalid<T: core::fmt::Debug>(verified: Result<T, jws::Error>) {
    let error = refused(verified);
    assert!(matches!(error, VerifyError::InvalidSignature), "{error:?}");
}

fn signer(alg: S, subject: &Subject) -> SigningKey {
    keys::signer(alg, subject.backend())
}

fn verifier(alg: S, subject: &Subject) -> VerifyingKey {
    keys::verifier(alg, subject.backend())
}

/// A shared key of so many times this octet, under a name.
fn shared(octet: u8, kid: &str) -> Jwk {
    Jwk::from_secret_octets([octet; 32]).unwrap().with_alg(S::HS256).unwrap().with_kid(kid)
}

fn signing(jwk: &Jwk, subject: &Subject) -> SigningKey {
    SigningKey::from_jwk(jwk, subject.backend()).unwrap()
}

fn verifying(jwk: &Jwk, subject: &Subject) -> VerifyingKey {
    VerifyingKey::from_jwk(jwk, subject.backend()).unwrap()
}

/// The algorithms whose signatures also come in ASN.1.
fn ecdsa_algs(subject: &Subject) -> impl Iterator<Item = S> + use<> {
    subject.algorithms().filter(|alg| alg.name().starts_with("ES"))
}

/// Three algorithms of three kinds, or what there is of them.
fn three(subject: &Subject) -> Vec<S> {
    [S::HS256, S::ES256, S::Ed25519].into_iter().filter(|alg| !subject.lacks(*alg)).collect()
}

/// A header as a token has it, with parameters that no method sets.
fn given(json: &str) -> Header {
    let token = format!("{}..", base64url::encode(json.as_bytes()));
    Unverified::parse(&token).unwrap().protected().clone()
}

fn set(keys: impl IntoIterator<Item = VerifyingKey>) -> VerifyingKeys {
    keys.into_iter().collect()
}

fn trusting(algs: &[S], subject: &Subject) -> VerifyingKeys {
    set(algs.iter().map(|alg| verifier(*alg, subject)))
}

fn requiring(required: Required) -> Policy {
    Policy::new().require(required)
}

fn value(json: &str) -> Value {
    serde_json::from_str(json).unwrap()
}

/// A JWS signed by these in turn, written and read again.
fn signed_by(keys: &[SigningKey]) -> Jws {
    let mut jws = Jws::new(PAYLOAD);
    for key in keys {
        jws.sign(key).unwrap();
    }
    Jws::parse(jws.to_general().unwrap()).unwrap()
}

/// The text of the signatures, one by one.
fn entries(jws: &Jws) -> Vec<String> {
    let json = value(&jws.to_general().unwrap());
    json["signatures"].as_array().unwrap().iter().map(Value::to_string).collect()
}

fn of_entries(entries: &[&str]) -> Jws {
    let payload = base64url::encode(PAYLOAD);
    let entries = entries.join(",");
    Jws::parse(format!("{{\"payload\":\"{payload}\",\"signatures\":[{entries}]}}")).unwrap()
}

/// What was asked for and not met: how many are valid, the code, and why the others are not.
#[track_caller]
fn unmet<T: core::fmt::Debug>(
    verified: Result<T, jws::Error>,
) -> (usize, &'static str, Vec<usize>) {
    let error = refused(verified);
    let VerifyError::Unmet(unmet) = &error else { panic!("{error:?}") };
    assert_eq!(error.code(), unmet.code());
    (unmet.valid(), unmet.code(), unmet.refused().map(|(index, _)| index).collect())
}

/// The places of the valid signatures.
fn valid_places<T>(verified: &Verified<T>) -> Vec<usize> {
    verified.signatures().map(ValidSignature::index).collect()
}

const MISSING: &str = "ERR_JWS_SIGNATURES_MISSING";

/// What answers the same, whatever it is asked.
enum Answer {
    Yes,
    No(Arc<AtomicUsize>),
    Away,
}

impl Verifier for Answer {
    fn verify(&self, _: &[&[u8]], _: &[u8]) -> Result<(), Refused> {
        match self {
            Self::Yes => Ok(()),
            Self::No(asked) => {
                asked.fetch_add(1, Ordering::Relaxed);
                Err(Refused::Invalid)
            }
            Self::Away => Err(Refused::Unavailable(CryptoError::from_source("device gone"))),
        }
    }
}
