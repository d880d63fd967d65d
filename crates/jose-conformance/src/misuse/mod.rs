//! What attackers and mistakes do (RFC 8725, RFC 7515 §10): each is refused, by name.

mod compact;
mod confusion;
mod entry;
mod header;
mod json;
mod key_sets;
mod outside;

use alloc::sync::Arc;
use core::error::Error as _;
use core::fmt;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Mutex;

use jose_core::crypto::{Backend, CryptoError, Refused, Signer, Verifier, VerifyStream};
use jose_core::error::{self, Critical, KeyError, NoMatchReason, NoMatchingKey, Rule, VerifyError};
use jose_core::jwa::{Bound, Hash, SignatureAlgorithm};
use jose_core::jwk::{JwkSet, Params, SkippedJwk};
use jose_core::jws::{self, Jws, KeyResolver, Policy, SignError, SigningKey, SkipReason};
use jose_core::jws::{Unsigned, Unverified, VerifyingKey, VerifyingKeys};
use jose_core::jwt::{self, Builder, Validation};
use jose_core::{Header, Jwk, Limits, SecretBytes, UnixTime, base64url};
use serde_json::{Map, Value, json};

use crate::{Subject, Unapproved, keys};
use SignatureAlgorithm as S;

pub use self::compact::*;
pub use self::confusion::*;
pub use self::entry::*;
pub use self::header::*;
pub use self::json::*;
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

    fn stream(&self) -> Result<Option<Box<dyn VerifyStream + '_>>, CryptoError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.verifier.stream()
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

/// Why a token is refused: the same by every way in, and in every form that has room for it.
fn refusal_under(policy: &Policy, token: &str, keys: &impl KeyResolver) -> jws::Error {
    let error = jws::verify_with(token, keys, policy).unwrap_err();
    let rules = Validation::new().with_policy(policy.clone());
    let claims = jwt::verify_claims(token, keys, &rules, UnixTime::from_secs(0)).unwrap_err();
    assert_eq!(format!("{error:?}"), format!("{claims:?}"), "one refusal by either way in");
    assert_eq!(error.code(), claims.code());
    assert_refused_alike(policy, token, keys, &error);
    error
}

/// The same three segments are refused with the same error as members of JSON and with the payload
/// given apart, whether the keys are one, many or answered.
fn assert_refused_alike(
    policy: &Policy,
    token: &str,
    keys: &impl KeyResolver,
    expected: &jws::Error,
) {
    let Some([header, payload, _]) = segments(token) else { return };
    let refused = |jws: Result<Jws, error::ParseError>, form: &str| match jws {
        Err(error) => assert_alike(&jws::Error::Parse(error), expected, header, form),
        Ok(jws) => {
            let error = jws.verify_with(keys, policy).unwrap_err();
            assert_alike(&error, expected, header, form);
            let error = jws.verify_with(&Answered(keys), policy).unwrap_err();
            assert_alike(&error, expected, header, form);
            let signature = jws.signatures().next().unwrap().unwrap();
            if let Ok(keys) = keys.resolve(&signature) {
                let error = jws.verify_with(&keys, policy).unwrap_err();
                assert_alike(&error, expected, header, form);
            }
            let error = signature.verify_with(keys, policy).unwrap_err();
            assert_alike(&error, expected, header, form);
        }
    };
    // What begins with a brace is read as JSON wherever both may come.
    if !token.starts_with('{') {
        refused(Jws::parse(token), "compact");
    }
    for json in [flattened(token), general(token)] {
        let json = json.to_string();
        // The names of the members count too, and JSON that is parsed already is measured as JSON.
        let limit = Limits::default().token;
        if json.len() <= limit {
            refused(Jws::from_value(&serde_json::from_str(&json).unwrap()), "parsed JSON");
        }
        if json.len() <= limit || token.len() > limit {
            refused(Jws::parse(&json), &json);
        }
    }
    // A payload that is given apart has no limit but the caller's.
    if token.len() > Limits::default().token {
        return;
    }
    let octets = base64url::decode(payload.as_bytes());
    for detached in [flattened(token), general(token)] {
        let mut detached = detached;
        detached.as_object_mut().unwrap().remove("payload");
        if let (Ok(jws), Ok(octets)) = (Jws::parse(detached.to_string()), &octets) {
            let unencoded = b64(&jws) == Some(false);
            let payload = if unencoded { payload.as_bytes() } else { octets };
            refused(jws.with_payload(payload), "detached JSON");
        }
    }
    let mut jws = match Jws::parse(token) {
        Ok(jws) if !payload.is_empty() && !token.starts_with('{') => jws,
        _ => return,
    };
    let unencoded = b64(&jws) == Some(false);
    let compact = jws.detach().to_compact().unwrap();
    let payload = if unencoded { payload.into() } else { octets.unwrap() };
    refused(Jws::parse(compact).unwrap().with_payload(payload), "detached compact");
}

/// Two forms may differ in what is inherent in them, and in nothing else: an empty protected header
/// has no JSON in it in compact form, and should not be there at all in the others.
#[track_caller]
fn assert_alike(error: &jws::Error, expected: &jws::Error, header: &str, form: &str) {
    let absent = Rule::Value { member: "protected", expected: "absent if empty" };
    let empty = match error {
        jws::Error::Parse(error) if error.rule() == absent => match expected {
            jws::Error::Parse(expected) if header.is_empty() => expected.rule() == Rule::Json,
            jws::Error::Parse(expected) => expected.rule() == Rule::Missing { member: "alg" },
            _ => false,
        },
        _ => false,
    };
    if !empty {
        assert_eq!(format!("{error:?}"), format!("{expected:?}"), "{form}");
        assert_eq!(error.code(), expected.code(), "{form}");
    }
}

/// `b64` of the first signature.
fn b64(jws: &Jws) -> Option<bool> {
    jws.signatures().next().unwrap().unwrap().protected().b64()
}

/// Keys that somebody else answers with.
struct Answered<'k, K>(&'k K);

impl<K: KeyResolver> KeyResolver for Answered<'_, K> {
    fn resolve(&self, token: &Unverified<'_>) -> Result<VerifyingKeys, CryptoError> {
        self.0.resolve(token)
    }
}

/// The three segments of a token, if it has three.
fn segments(token: &str) -> Option<[&str; 3]> {
    token.split('.').collect::<Vec<_>>().try_into().ok()
}

/// The segments of a token as a JSON object with one signature (RFC 7515 §7.2.2).
fn flattened(token: &str) -> Value {
    let [header, payload, signature] = segments(token).unwrap();
    json!({"payload": payload, "protected": header, "signature": signature})
}

/// The segments of a token as a JSON object with an array of signatures (RFC 7515 §7.2.1).
fn general(token: &str) -> Value {
    let [header, payload, signature] = segments(token).unwrap();
    json!({"payload": payload, "signatures": [{"protected": header, "signature": signature}]})
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

/// The kind of error that JSON is refused with: what it is about, the rule, and the code.
type Kind = (error::Subject, Rule, &'static str);

/// What is wrong with the JSON around the signatures.
const fn outside(rule: Rule) -> Kind {
    (error::Subject::JwsJson, rule, "ERR_JWS_INVALID_SERIALIZATION")
}

/// What is wrong with one signature.
const fn inside(rule: Rule) -> Kind {
    (error::Subject::Jws, rule, "ERR_JWS_INVALID")
}

fn kind(error: error::ParseError) -> Kind {
    (error.subject(), error.rule(), error.code())
}

/// Why text is no JWS.
#[track_caller]
fn broken(text: impl AsRef<[u8]>) -> Kind {
    kind(Jws::parse(text).unwrap_err())
}

const HEADER: &str = r#"{"alg":"HS256"}"#;

/// A genuine JWS with one signature under `protected`, and the members of `more`.
fn flattened_with(subject: &Subject, protected: &str, more: &Value) -> Value {
    let mut json = flattened(&forge(subject).seal(protected));
    json.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json
}

/// A genuine JWS with these entries instead of its own, `null` for its own.
fn with_entries(subject: &Subject, entries: &[Option<&str>]) -> String {
    let mut own = general(&forge(subject).seal(HEADER));
    let good = own["signatures"][0].take().to_string();
    let entries: Vec<_> = entries.iter().map(|entry| entry.unwrap_or(&good)).collect();
    let payload = own["payload"].take();
    format!("{{\"payload\":{payload},\"signatures\":[{}]}}", entries.join(","))
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
