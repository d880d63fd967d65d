//! What attackers and mistakes do (RFC 8725, RFC 7515 §10): each is refused, by name.

mod compact;
mod confusion;
mod header;
mod key_sets;
mod outside;

use alloc::sync::Arc;
use core::error::Error as _;
use core::fmt;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Mutex;

use jose_core::crypto::{Backend, CryptoError, Refused, Signer, Verifier};
use jose_core::error::{self, Critical, KeyError, NoMatchReason, NoMatchingKey, Rule, VerifyError};
use jose_core::jwa::{Bound, Hash, SignatureAlgorithm};
use jose_core::jwk::{JwkSet, Params};
use jose_core::jws::{self, KeyResolver, Policy, SignError, SigningKey, SkipReason};
use jose_core::jws::{Unsigned, Unverified, VerifyingKey, VerifyingKeys};
use jose_core::jwt::{self, Builder, Validation};
use jose_core::{Header, Jwk, Limits, SecretBytes, UnixTime, base64url};
use serde_json::{Map, Value, json};

use crate::{Subject, keys};
use SignatureAlgorithm as S;

pub use self::compact::*;
pub use self::confusion::*;
pub use self::header::*;
pub use self::key_sets::*;
pub use self::outside::*;

const PAYLOAD: &[u8] = br#"{"sub":"joe"}"#;
const RSA_1024: &str = include_str!("../../vectors/keys/rsa1024.jwk");
const RSA_E1: &str = include_str!("../../vectors/keys/rsa-e1.jwk");
const RSA_E2: &str = include_str!("../../vectors/keys/rsa-e2.jwk");
const RSA_E3: &str = include_str!("../../vectors/keys/rsa-e3.jwk");

/// The backend under test with an ear at its door: it counts the verifications, and keeps the
/// signer it made last so that it can be had to sign anything.
struct Tap {
    backend: &'static dyn Backend,
    asked: Arc<AtomicUsize>,
    signer: Mutex<Option<Box<dyn Signer>>>,
}

impl Tap {
    fn new(subject: &Subject) -> Self {
        Self { backend: subject.backend(), asked: Arc::default(), signer: Mutex::default() }
    }

    /// How many verifications there were since this was asked last.
    fn asked(&self) -> usize {
        self.asked.swap(0, Ordering::Relaxed)
    }
}

impl fmt::Debug for Tap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tap")
    }
}

impl Backend for Tap {
    fn name(&self) -> &'static str {
        self.backend.name()
    }

    fn signer(&self, key: Bound<'_, S>) -> Result<Box<dyn Signer>, KeyError> {
        *self.signer.lock().unwrap() = Some(self.backend.signer(key)?);
        self.backend.signer(key)
    }

    fn verifier(&self, key: Bound<'_, S>) -> Result<Box<dyn Verifier>, KeyError> {
        let verifier = self.backend.verifier(key)?;
        Ok(Box::new(Counted { verifier, asked: self.asked.clone() }))
    }

    fn digest(&self, hash: Hash, parts: &[&[u8]], out: &mut [u8]) -> Result<(), CryptoError> {
        self.backend.digest(hash, parts, out)
    }

    fn random(&self, out: &mut [u8]) -> Result<(), CryptoError> {
        self.backend.random(out)
    }
}

struct Counted {
    verifier: Box<dyn Verifier>,
    asked: Arc<AtomicUsize>,
}

impl Verifier for Counted {
    fn verify(&self, input: &[&[u8]], signature: &[u8]) -> Result<(), Refused> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.verifier.verify(input, signature)
    }
}

/// Signs whatever it is given: no guard but the one under test can be what refuses its tokens.
struct Forge(Box<dyn Signer>);

impl Forge {
    fn new(jwk: &Jwk, subject: &Subject) -> Self {
        let tap = Tap::new(subject);
        SigningKey::from_jwk(jwk, &tap).unwrap();
        Self(tap.signer.into_inner().unwrap().unwrap())
    }

    /// A token with these octets for a header, genuinely signed.
    fn seal(&self, header: impl AsRef<[u8]>) -> String {
        self.seal_both(header, PAYLOAD)
    }

    fn seal_both(&self, header: impl AsRef<[u8]>, payload: &[u8]) -> String {
        let header = base64url::encode(header.as_ref());
        let input = format!("{header}.{}", base64url::encode(payload));
        let mut signature = Vec::new();
        self.0.sign(&[input.as_bytes()], &mut signature).unwrap();
        format!("{input}.{}", base64url::encode(&signature))
    }
}

fn forge(subject: &Subject) -> Forge {
    Forge::new(&keys::private(S::HS256), subject)
}

fn trusted(subject: &Subject) -> VerifyingKey {
    keys::verifier(S::HS256, subject.backend())
}

/// Why a token is refused: the same by every way in.
fn refusal_under(policy: &Policy, token: &str, keys: &impl KeyResolver) -> jws::Error {
    let error = jws::verify_with(token, keys, policy).unwrap_err();
    let rules = Validation::new().with_policy(policy.clone());
    let claims = jwt::verify_claims(token, keys, &rules, UnixTime::from_secs(0)).unwrap_err();
    assert_eq!(format!("{error:?}"), format!("{claims:?}"), "one refusal by either way in");
    assert_eq!(error.code(), claims.code());
    error
}

fn refusal(token: &str, keys: &impl KeyResolver) -> jws::Error {
    refusal_under(&Policy::new(), token, keys)
}

/// The rule of a JWS that `token` breaks.
fn broken_rule(token: &str, keys: &impl KeyResolver) -> Rule {
    match refusal(token, keys) {
        jws::Error::Parse(error) => {
            assert_eq!(error.subject(), error::Subject::Jws);
            assert_eq!(error.code(), "ERR_JWS_INVALID");
            error.rule()
        }
        other => panic!("{other:?}"),
    }
}

fn critical(policy: &Policy, token: &str, keys: &impl KeyResolver) -> Critical {
    let refusal = refusal_under(policy, token, keys);
    assert_eq!(refusal.code(), "ERR_JWS_INVALID");
    match refusal {
        jws::Error::Verify(VerifyError::Critical(critical)) => critical,
        other => panic!("{other:?}"),
    }
}

fn no_match(token: &str, keys: &impl KeyResolver) -> NoMatchingKey {
    match refusal(token, keys) {
        jws::Error::Verify(VerifyError::NoMatchingKey(no_match)) => {
            let not_allowed = no_match.reason() == NoMatchReason::AlgorithmNotAllowed;
            let expected =
                if not_allowed { "ERR_JWS_ALG_NOT_ALLOWED" } else { "ERR_JWK_KEY_NOT_FOUND" };
            assert_eq!(no_match.code(), expected);
            no_match
        }
        other => panic!("{other:?}"),
    }
}

fn reason(token: &str, keys: &impl KeyResolver) -> NoMatchReason {
    no_match(token, keys).reason()
}

fn is_forged(token: &str, keys: &impl KeyResolver) -> bool {
    matches!(refusal(token, keys), jws::Error::Verify(VerifyError::InvalidSignature))
}

/// A key must be refused with exactly this error.
#[track_caller]
fn assert_unfit<T: fmt::Debug>(refused: Result<T, KeyError>, expected: &KeyError) {
    assert_eq!(format!("{:?}", refused.unwrap_err()), format!("{expected:?}"));
}

fn signing(jwk: &Jwk, subject: &Subject) -> Result<SigningKey, KeyError> {
    SigningKey::from_jwk(jwk, subject.backend())
}

fn verifying(jwk: &Jwk, subject: &Subject) -> Result<VerifyingKey, KeyError> {
    VerifyingKey::from_jwk(jwk, subject.backend())
}

fn members(jwk: &Jwk) -> Map<String, Value> {
    serde_json::from_slice(jwk.expose_secret_json().expose_secret()).unwrap()
}

/// `jwk` with other members; a `null` takes one out.
fn patched(jwk: &Jwk, patch: &Value) -> Jwk {
    let mut members = members(jwk);
    for (name, value) in patch.as_object().unwrap() {
        if value.is_null() {
            members.remove(name);
        } else {
            members.insert(name.clone(), value.clone());
        }
    }
    Jwk::from_json(serde_json::to_vec(&members).unwrap()).unwrap()
}

/// A set with these keys, in JSON and read again.
fn set_of(keys: impl IntoIterator<Item = Jwk>) -> JwkSet {
    let json = keys.into_iter().collect::<JwkSet>().expose_secret_json();
    JwkSet::from_json(json.expose_secret()).unwrap()
}

/// A shared key of so many times this octet.
fn shared(octet: u8) -> Jwk {
    Jwk::from_secret_octets([octet; 32]).unwrap().with_alg(S::HS256).unwrap()
}

fn signed(jwk: &Jwk, subject: &Subject) -> String {
    jws::sign(PAYLOAD, &signing(jwk, subject).unwrap()).unwrap()
}

/// A signer or verifier outside: it answers what it was told to.
struct Outside<T>(T);

impl Signer for Outside<Option<usize>> {
    fn sign(&self, _: &[&[u8]], signature: &mut Vec<u8>) -> Result<(), CryptoError> {
        let len = self.0.ok_or_else(|| CryptoError::from_source("device gone"))?;
        signature.extend(vec![1; len]);
        Ok(())
    }
}

impl Verifier for Outside<Result<Arc<AtomicUsize>, bool>> {
    fn verify(&self, _: &[&[u8]], _: &[u8]) -> Result<(), Refused> {
        match &self.0 {
            Ok(asked) => {
                asked.fetch_add(1, Ordering::Relaxed);
                Ok(())
            }
            Err(true) => Err(Refused::Unavailable(CryptoError::from_source("device gone"))),
            Err(false) => Err(Refused::Invalid),
        }
    }
}
