//! What attackers and mistakes do (RFC 8725, RFC 7515 §10): each is refused, by name.

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

const PAYLOAD: &[u8] = br#"{"sub":"joe"}"#;
const RSA_1024: &str = include_str!("../vectors/keys/rsa1024.jwk");
const RSA_E1: &str = include_str!("../vectors/keys/rsa-e1.jwk");
const RSA_E2: &str = include_str!("../vectors/keys/rsa-e2.jwk");
const RSA_E3: &str = include_str!("../vectors/keys/rsa-e3.jwk");

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

/// `none` is no algorithm, in no spelling, with a signature or without (RFC 8725 §3.2).
pub fn no_spelling_of_none_is_an_algorithm(subject: &Subject) {
    let every: VerifyingKeys =
        subject.algorithms().map(|alg| keys::verifier(alg, subject.backend())).collect();
    let nameless = verifying(&keys::private(S::HS256).without_kid(), subject).unwrap();
    for upper in 0..16 {
        let name: String = "none"
            .char_indices()
            .map(|(at, c)| if upper >> at & 1 == 1 { c.to_ascii_uppercase() } else { c })
            .collect();
        for header in [json!({"alg": name}), json!({"alg": name, "kid": "hs256-1"})] {
            let sealed = forge(subject).seal(header.to_string());
            let (input, _) = sealed.rsplit_once('.').unwrap();
            for token in [&sealed, &format!("{input}.")] {
                for no_match in [
                    no_match(token, &every),
                    no_match(token, &trusted(subject)),
                    no_match(token, &nameless),
                ] {
                    assert_eq!(no_match.reason(), NoMatchReason::AlgorithmNotAllowed);
                    assert_eq!(no_match.alg(), name);
                }
            }
        }
    }
}

/// An algorithm has one name, letter by letter (RFC 7515 §4.1.1); any other is nobody's.
pub fn an_algorithm_is_named_exactly(subject: &Subject) {
    for alg in subject.algorithms() {
        let (forge, own) = (Forge::new(&keys::private(alg), subject), alg.name());
        let key = keys::verifier(alg, subject.backend());
        let mut names = vec![String::new(), own[..own.len() - 1].into()];
        names.extend([format!(" {own}"), format!("{own} "), format!("{own}\u{200B}")]);
        for at in 0..own.len() {
            let mut name = own.as_bytes().to_vec();
            name[at] ^= 0x20 * u8::from(name[at].is_ascii_alphabetic());
            names.push(String::from_utf8(name).unwrap());
        }
        names.extend(["RSA-OAEP", "dir", "A256GCM", "ECDH-ES", "__proto__"].map(String::from));
        for name in names.into_iter().filter(|name| S::from_name(name).is_none()) {
            let no_match = no_match(&forge.seal(json!({"alg": name}).to_string()), &key);
            assert_eq!(no_match.reason(), NoMatchReason::AlgorithmNotAllowed, "{alg}, {name:?}");
            assert_eq!(no_match.alg(), name, "{alg}");
        }
        assert!(jws::verify(&forge.seal(json!({"alg": own}).to_string()), &key).is_ok(), "{alg}");
    }
    let long = forge(subject).seal(json!({"alg": "x".repeat(9000)}).to_string());
    assert_eq!(no_match(&long, &trusted(subject)).alg(), "x".repeat(64));
}

/// An algorithm is a string, and there is one (RFC 7515 §4.1.1).
pub fn an_algorithm_is_a_string(subject: &Subject) {
    let rule = |header: &str| broken_rule(&forge(subject).seal(header), &trusted(subject));
    for alg in ["null", "256", "true", "{}", "[]", r#"["HS256"]"#, r#"{"alg":"HS256"}"#] {
        let expected = Rule::Type { member: "alg", expected: "a string" };
        assert_eq!(rule(&format!("{{\"alg\":{alg}}}")), expected, "{alg}");
    }
    for header in ["{}", r#"{"typ":"JWT"}"#, r#"{"Alg":"HS256"}"#, r#"{"x":{"alg":"HS256"}}"#] {
        assert_eq!(rule(header), Rule::Missing { member: "alg" }, "{header}");
    }
    let control = Rule::ControlCharacter { member: "alg" };
    assert_eq!(rule(r#"{"alg":"HS256\u0000"}"#), control);
}

/// A public key is not a shared secret, whatever it is said to be for (RFC 8725 §3.1).
pub fn a_public_key_is_never_a_shared_secret(subject: &Subject) {
    for alg in S::ALL.iter().filter(|alg| !alg.is_symmetric()) {
        for mac in [S::HS256, S::HS384, S::HS512] {
            let patch = json!({"alg": mac.name()});
            let private = patched(&keys::private(*alg), &patch);
            let public = patched(&keys::verifying(*alg), &patch);
            let actual = public.kty().into();
            let expected = KeyError::KeyType { alg: mac.name(), expected: "oct", actual };
            assert_unfit(verifying(&public, subject), &expected);
            assert_unfit(verifying(&private, subject), &expected);
            assert_unfit(signing(&private, subject), &expected);
            let nothing = patched(&public, &json!({"alg": null}));
            let keys = VerifyingKeys::from_jwks(&set_of([nothing]), &[mac], subject.backend());
            assert_eq!(keys.iter().count(), 0, "{alg} as {mac}");
            assert!(matches!(keys.skipped()[0].reason(), SkipReason::NotAllowed));
        }
    }
}

/// A MAC made with the octets of a public key, in whatever encoding, is worth nothing.
pub fn a_token_maced_with_a_public_key_is_refused(subject: &Subject) {
    for alg in subject.algorithms().filter(|alg| !alg.is_symmetric()) {
        let public = keys::verifying(alg);
        let key = verifying(&public, subject).unwrap();
        let both = [S::HS256, alg];
        let set = VerifyingKeys::from_jwks(&set_of([public.clone()]), &both, subject.backend());
        assert_eq!(set.iter().count(), 1);
        let json = public.to_public_json().unwrap();
        let mut secrets = vec![json.clone().into_bytes(), format!("{json}\n").into_bytes()];
        secrets.push(format!("{{\"keys\":[{json}]}}").into_bytes());
        let mut all = Vec::new();
        for member in ["n", "e", "x", "y"] {
            let Some(Value::String(text)) = members(&public).get(member).cloned() else { continue };
            let octets = base64url::decode(text.as_bytes()).unwrap();
            all.extend_from_slice(&octets);
            secrets.extend([text.into_bytes(), octets]);
        }
        secrets.extend([all.clone(), [&[4], &all[..]].concat()]);
        for mut secret in secrets {
            // HMAC pads short keys with zeros itself, so this makes the same MAC.
            secret.resize(secret.len().max(32), 0);
            let secret = Jwk::from_secret_octets(secret).unwrap().with_alg(S::HS256).unwrap();
            let forge = Forge::new(&secret, subject);
            for header in [json!({"alg": "HS256"}), json!({"alg": "HS256", "kid": public.kid()})] {
                let token = forge.seal(header.to_string());
                assert_eq!(reason(&token, &key), NoMatchReason::AlgorithmNotAllowed, "{alg}");
                no_match(&token, &set);
            }
            // The signature is no better under the right name.
            let header = json!({"alg": alg.name(), "kid": public.kid()}).to_string();
            assert!(is_forged(&forge.seal(header), &set), "{alg}");
        }
    }
}

/// Nobody holds the empty key, so everybody does: it is no key, and its MACs are nobody's.
pub fn the_empty_key_is_no_key(subject: &Subject) {
    let refused = Jwk::from_secret_octets(Vec::new()).unwrap_err();
    let rule = Rule::Value { member: "k", expected: "at least one octet" };
    assert_eq!(refused.rule(), rule);
    let json = r#"{"kty":"oct","alg":"HS256","kid":"empty","k":""}"#;
    assert_eq!(json.parse::<Jwk>().unwrap_err().rule(), rule);
    let rsa = patched(&keys::verifying(S::RS256), &json!({"alg": null}));
    let rsa = rsa.to_public_json().unwrap();
    let set: JwkSet = format!("{{\"keys\":[{json},{rsa}]}}").parse().unwrap();
    let keys = VerifyingKeys::from_jwks(&set, &[S::HS256, S::RS256], subject.backend());
    assert_eq!(keys.iter().count(), 1, "the RSA key alone");
    // A MAC under zeros is a MAC under nothing: HMAC pads with zeros.
    let nothing = Forge::new(&shared(0), subject);
    let token = nothing.seal(r#"{"alg":"HS256"}"#);
    no_match(&token, &keys);
    assert!(is_forged(&token, &trusted(subject)));
    no_match(&nothing.seal(r#"{"alg":"HS256","kid":"empty"}"#), &keys);
}

/// RFC 7518 §3.2: a shared key is no shorter than the hash.
pub fn a_shared_key_shorter_than_its_hash_is_refused(subject: &Subject) {
    for (alg, min) in [(S::HS256, 32), (S::HS384, 48), (S::HS512, 64)] {
        let jwk = |len| Jwk::from_secret_octets(vec![7; len]).unwrap().with_alg(alg).unwrap();
        for actual in [1, 16, min - 1] {
            let expected = KeyError::TooShort { alg: alg.name(), min, actual };
            assert_eq!(expected.code(), "ERR_JWK_INVALID");
            assert_unfit(signing(&jwk(actual), subject), &expected);
            assert_unfit(verifying(&jwk(actual), subject), &expected);
        }
        for len in [min, min + 1, 64, 65, 128, 129, 4096] {
            let key = verifying(&jwk(len), subject).unwrap();
            assert!(jws::verify(&signed(&jwk(len), subject), &key).is_ok(), "{alg}, {len}");
        }
    }
}

/// RFC 7518 §3.3: an RSA modulus has 2048 bits at least, 16384 at most, and is odd.
pub fn an_rsa_modulus_has_its_size(subject: &Subject) {
    let refused = |n: &[u8], actual| {
        let expected = KeyError::RsaModulus { min: 2048, max: 16384, actual };
        for alg in [S::RS256, S::RS384, S::RS512, S::PS256, S::PS384, S::PS512] {
            let patch = json!({"n": base64url::encode(n), "alg": alg.name()});
            assert_unfit(
                verifying(&patched(&keys::verifying(S::RS256), &patch), subject),
                &expected,
            );
        }
    };
    let weak: Jwk = RSA_1024.parse().unwrap();
    let expected = KeyError::RsaModulus { min: 2048, max: 16384, actual: 1024 };
    assert_unfit(signing(&weak, subject), &expected);
    assert_unfit(verifying(&weak.to_public().unwrap(), subject), &expected);
    let Params::Rsa(rsa) = keys::verifying(S::RS256).params().clone() else { panic!() };
    let with = |at: usize, octet: u8| {
        let mut n = rsa.n().to_vec();
        n[at] = octet;
        n
    };
    refused(&with(0, 0x7F), 2047);
    refused(&with(255, 0xFE), 2048);
    refused(&[&[1][..], &[0xFF; 2048]].concat(), 16385);
    refused(&[1], 1);
}

/// With an exponent of 1 any text signs itself, with an even one nothing does; a long one is slow.
pub fn an_rsa_exponent_is_odd_and_within_32_bits(subject: &Subject) {
    for json in [RSA_E1, RSA_E2] {
        let jwk: Jwk = json.parse().unwrap();
        assert_unfit(verifying(&jwk, subject), &KeyError::RsaExponent);
    }
    let with = |e: &[u8]| patched(&keys::verifying(S::RS256), &json!({"e": base64url::encode(e)}));
    for e in [&[0][..], &[1], &[2], &[1, 0, 0], &[1, 0, 0, 0, 1], &[0xFF; 256]] {
        assert_unfit(verifying(&with(e), subject), &KeyError::RsaExponent);
    }
    for e in [&[3][..], &[1, 0, 1], &[0xFF; 4]] {
        assert!(verifying(&with(e), subject).is_ok(), "{e:?}");
    }
    let three: Jwk = RSA_E3.parse().unwrap();
    let key = verifying(&three.to_public().unwrap(), subject).unwrap();
    assert!(jws::verify(&signed(&three, subject), &key).is_ok());
}

/// An algorithm has its curve: a key on another does not serve it (RFC 7518 §3.4, RFC 8812 §3.2).
pub fn a_key_on_another_curve_is_refused(subject: &Subject) {
    let x25519 = json!({"crv": "X25519", "x": base64url::encode(&[9; 32]), "d": null});
    let x25519 = patched(&keys::private(S::Ed25519), &x25519);
    let table = [
        (S::ES256, keys::verifying(S::ES384), "P-256", "P-384"),
        (S::ES256, keys::verifying(S::ES256K), "P-256", "secp256k1"),
        (S::ES256K, keys::verifying(S::ES256), "secp256k1", "P-256"),
        (S::ES384, keys::verifying(S::ES512), "P-384", "P-521"),
        (S::ES512, keys::verifying(S::ES256), "P-521", "P-256"),
        (S::Ed25519, keys::verifying(S::Ed448), "Ed25519", "Ed448"),
        (S::Ed448, keys::verifying(S::Ed25519), "Ed448", "Ed25519"),
        (S::Ed25519, x25519.clone(), "Ed25519", "X25519"),
        (S::EdDSA, x25519, "Ed25519 or Ed448", "X25519"),
    ];
    for (alg, jwk, expected, actual) in table {
        let jwk = patched(&jwk, &json!({"alg": alg.name()}));
        let expected = KeyError::Curve { alg: alg.name(), expected, actual: actual.into() };
        assert_unfit(verifying(&jwk, subject), &expected);
        assert_unfit(signing(&jwk, subject), &expected);
    }
}

/// A curve that is not known here is named in the error, and is no other type of key.
pub fn a_key_on_an_unknown_curve_is_refused(subject: &Subject) {
    for (alg, expected) in [
        (S::ES256, "P-256"),
        (S::ES384, "P-384"),
        (S::ES512, "P-521"),
        (S::ES256K, "secp256k1"),
        (S::Ed25519, "Ed25519"),
        (S::Ed448, "Ed448"),
        (S::EdDSA, "Ed25519 or Ed448"),
    ] {
        let jwk = patched(&keys::private(alg), &json!({"crv": "Curve-to-come"}));
        let actual = "Curve-to-come".into();
        let expected = KeyError::Curve { alg: alg.name(), expected, actual };
        assert_unfit(verifying(&jwk, subject), &expected);
        assert_unfit(signing(&jwk, subject), &expected);
    }
}

/// An algorithm has its type of key: no other serves it, and none of a type not known here.
pub fn a_key_of_another_type_is_refused(subject: &Subject) {
    let future = r#"{"kty":"to-come","k":"AAAA","n":"AQAB","e":"AQAB","crv":"P-256"}"#;
    let mut others = [S::HS512, S::RS256, S::ES256, S::Ed25519].map(keys::private).to_vec();
    others.push(future.parse().unwrap());
    for alg in S::ALL {
        let expected = match alg.name().split_at(2).0 {
            "HS" => "oct",
            "RS" | "PS" => "RSA",
            "ES" => "EC",
            _ => "OKP",
        };
        for jwk in others.iter().filter(|jwk| jwk.kty() != expected) {
            let jwk = patched(jwk, &json!({"alg": alg.name()}));
            let actual = jwk.kty().into();
            let expected = KeyError::KeyType { alg: alg.name(), expected, actual };
            assert_eq!(expected.code(), "ERR_JWK_INVALID");
            assert_unfit(verifying(&jwk, subject), &expected);
            assert_unfit(signing(&jwk, subject), &expected);
        }
    }
}

/// RFC 7517 §4.2-4.3: a key that is not for signatures makes and verifies none.
pub fn a_key_for_another_purpose_is_refused(subject: &Subject) {
    for alg in subject.algorithms() {
        let (private, public) = (keys::private(alg), keys::verifying(alg));
        for other in ["enc", "Sig", "tls", ""] {
            let (private, public) = (
                patched(&private, &json!({"use": other})),
                patched(&public, &json!({"use": other})),
            );
            let expected = KeyError::Use { expected: "sig", actual: other.into() };
            assert_unfit(signing(&private, subject), &expected);
            assert_unfit(verifying(&public, subject), &expected);
        }
        for ops in [json!([]), json!(["encrypt", "Sign", "Verify"]), json!(["deriveBits"])] {
            let (private, public) = (
                patched(&private, &json!({"key_ops": ops})),
                patched(&public, &json!({"key_ops": ops})),
            );
            assert_unfit(signing(&private, subject), &KeyError::KeyOps { expected: "sign" });
            assert_unfit(verifying(&public, subject), &KeyError::KeyOps { expected: "verify" });
        }
        let signs = json!({"key_ops": ["sign"], "use": "sig"});
        let verifies = json!({"key_ops": ["verify"], "use": "sig"});
        assert!(signing(&patched(&private, &signs), subject).is_ok(), "{alg}");
        assert!(verifying(&patched(&public, &verifies), subject).is_ok(), "{alg}");
        let expected = KeyError::KeyOps { expected: "sign" };
        assert_unfit(signing(&patched(&private, &verifies), subject), &expected);
        let expected = KeyError::KeyOps { expected: "verify" };
        assert_unfit(verifying(&patched(&public, &signs), subject), &expected);
    }
}

/// One key, one algorithm (RFC 8725 §3.1): it has to be named, and known, and for signatures.
pub fn a_key_is_bound_to_one_known_algorithm(subject: &Subject) {
    let refuse = |jwk: &Jwk, expected: &KeyError, code| {
        assert_unfit(signing(jwk, subject), expected);
        assert_unfit(verifying(&jwk.to_public().unwrap_or(jwk.clone()), subject), expected);
        assert_eq!(expected.code(), code);
    };
    for alg in [S::HS256, S::RS256, S::ES256, S::Ed25519] {
        let jwk = keys::private(alg);
        let named = |name: &str| patched(&jwk, &json!({"alg": name}));
        let nothing = patched(&jwk, &json!({"alg": null}));
        refuse(&nothing, &KeyError::MissingAlgorithm, "ERR_JWS_ALG_MISSING");
        for name in ["RSA-OAEP", "ECDH-ES", "A256KW", "dir", "A128GCM", "PBES2-HS256+A128KW"] {
            let (expected, actual) = ("a signature algorithm", name.into());
            let expected = KeyError::Algorithm { expected, actual };
            refuse(&named(name), &expected, "ERR_JWK_INVALID");
        }
        for name in ["none", "None", "", "hs256", "HS1", "RS256 ", "ML-DSA-44"] {
            let expected = KeyError::UnknownAlgorithm(name.into());
            refuse(&named(name), &expected, "ERR_JWK_UNSUPPORTED");
        }
        let actual = alg.name().into();
        let expected = KeyError::Algorithm { expected: "PS512", actual };
        assert_unfit(jwk.clone().with_alg(S::PS512), &expected);
        assert!(jwk.with_alg(alg).is_ok(), "{alg}");
        assert!(signing(&nothing.with_alg(alg).unwrap(), subject).is_ok(), "{alg}");
    }
}

/// A private key is not given to those who verify, and a public one signs nothing.
pub fn the_two_halves_of_a_key_are_not_confused(subject: &Subject) {
    for alg in S::ALL.iter().filter(|alg| !alg.is_symmetric()) {
        assert_unfit(verifying(&keys::private(*alg), subject), &KeyError::NotPublic);
        assert_unfit(signing(&keys::verifying(*alg), subject), &KeyError::NotPrivate);
    }
}

/// The members of two keys make no key: whose name would its signatures bear?
pub fn the_members_of_two_keys_make_no_key(subject: &Subject) {
    use S::{ES256, ES256K, ES384, ES512, Ed448, Ed25519};
    for alg in [ES256, ES384, ES512, ES256K, Ed25519, Ed448, S::EdDSA] {
        if subject.lacks(alg) {
            continue;
        }
        let own = keys::private(alg);
        let other = members(&Jwk::generate(alg, subject.backend()).unwrap());
        let (x, y, d) = (&other["x"], other.get("y"), &other["d"]);
        let mixed = patched(&own, &json!({"d": d}));
        assert_unfit(signing(&mixed, subject), &KeyError::Inconsistent);
        let mixed = patched(&own, &json!({"x": x, "y": y}));
        assert_unfit(signing(&mixed, subject), &KeyError::Inconsistent);
        if let Some(y) = y {
            let mixed = patched(&own, &json!({"y": y}));
            assert_unfit(signing(&mixed, subject), &KeyError::Inconsistent);
            let public = mixed.to_public().unwrap();
            assert_unfit(verifying(&public, subject), &KeyError::Inconsistent);
        }
    }
    let other = members(&RSA_E3.parse().unwrap());
    let pick = |names: &[&str]| {
        Value::Object(
            names.iter().map(|name| (String::from(*name), other[*name].clone())).collect(),
        )
    };
    for alg in subject.algorithms().filter(|alg| ["RS256", "PS512"].contains(&alg.name())) {
        for names in [
            &["n"][..],
            &["e"],
            &["n", "e"],
            &["d"],
            &["p", "q", "dp", "dq", "qi"],
            &["d", "p", "q", "dp", "dq", "qi"],
            &["p"],
        ] {
            let mixed = patched(&keys::private(alg), &pick(names));
            assert_unfit(signing(&mixed, subject), &KeyError::Inconsistent);
        }
        let swapped = {
            let own = members(&keys::private(alg));
            json!({"p": own["q"], "q": own["p"]})
        };
        let mixed = patched(&keys::private(alg), &swapped);
        assert_unfit(signing(&mixed, subject), &KeyError::Inconsistent);
    }
}

/// Under a point of small order one signature is good for every message: it is no key, nor a half.
pub fn a_point_of_small_order_is_no_key(subject: &Subject) {
    let ed25519 = |first: u8, rest: u8, last: u8| {
        let mut y = vec![rest; 32];
        (y[0], y[31]) = (first, last);
        y
    };
    let mut points = vec![];
    for sign in [0, 0x80] {
        points.extend([
            ed25519(0, 0, sign),              // 0, of order 4
            ed25519(1, 0, sign),              // 1, the neutral element
            ed25519(0xEC, 0xFF, 0x7F | sign), // -1, of order 2
            ed25519(0xED, 0xFF, 0x7F | sign), // p, another spelling of 0
            ed25519(0xEE, 0xFF, 0x7F | sign), // p + 1, another of 1
            ed25519(0xFF, 0xFF, 0x7F | sign), // 2^255 - 1, another of 18
        ]);
    }
    for x in points {
        for alg in [S::Ed25519, S::EdDSA] {
            let jwk = patched(&keys::private(alg), &json!({"x": base64url::encode(&x)}));
            assert_unfit(signing(&jwk, subject), &KeyError::Weak);
            assert_unfit(verifying(&jwk.to_public().unwrap(), subject), &KeyError::Weak);
        }
    }
    let (mut one, mut minus_one, mut p) = ([0; 57], [0xFF; 57], [0xFF; 57]);
    (one[0], minus_one[0], minus_one[28]) = (1, 0xFE, 0xFE);
    (minus_one[56], p[28], p[56]) = (0, 0xFE, 0);
    for x in [[0; 57], one, minus_one, p] {
        let jwk = patched(&keys::private(S::Ed448), &json!({"x": base64url::encode(&x)}));
        assert_unfit(signing(&jwk, subject), &KeyError::Weak);
        assert_unfit(verifying(&jwk.to_public().unwrap(), subject), &KeyError::Weak);
    }
}

/// RFC 7515 §4.1.11: what must be understood and is not is refused, before any key is asked.
pub fn what_is_critical_must_be_understood(subject: &Subject) {
    let tap = Tap::new(subject);
    let key = VerifyingKey::from_jwk(&keys::private(S::HS256), &tap).unwrap();
    let long = "n".repeat(1000);
    let policy = Policy::new().understands("known").understands("exp");
    for (rest, expected) in [
        (json!({"crit": []}), Critical::Empty),
        (json!({"crit": ["new"], "new": 1}), Critical::NotUnderstood("new".into())),
        (json!({"crit": ["Known"], "Known": 1}), Critical::NotUnderstood("Known".into())),
        (json!({"crit": [""], "": 1}), Critical::NotUnderstood(String::new())),
        (json!({"crit": [long], long.clone(): 1}), Critical::NotUnderstood("n".repeat(64))),
        (json!({"crit": ["known"]}), Critical::Absent("known".into())),
        (json!({"crit": ["known"], "KNOWN": 1}), Critical::Absent("known".into())),
        (
            json!({"crit": ["known", "new"], "known": 1, "new": 1}),
            Critical::NotUnderstood("new".into()),
        ),
        (
            json!({"crit": ["known", "exp", "known"], "known": 1, "exp": 1}),
            Critical::Duplicate("known".into()),
        ),
    ] {
        let mut header = json!({"alg": "HS256", "kid": "hs256-1"});
        header.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        let token = forge(subject).seal(header.to_string());
        assert_eq!(critical(&policy, &token, &key), expected, "{header}");
        let nobody = VerifyingKeys::default();
        assert_eq!(critical(&policy, &token, &nobody), expected, "{header}");
    }
    assert_eq!(tap.asked(), 0);
    let header = r#"{"alg":"HS256","crit":["exp","known"],"exp":1,"known":null}"#;
    let token = forge(subject).seal(header);
    assert!(jws::verify_with(&token, &key, &policy).is_ok());
    assert_eq!(critical(&Policy::new(), &token, &key), Critical::NotUnderstood("exp".into()));
}

/// `crit` does not name what the specifications define, even if the caller claims to understand it.
pub fn what_is_registered_is_not_critical(subject: &Subject) {
    for name in [
        "alg", "apu", "apv", "crit", "cty", "enc", "epk", "iv", "jku", "jwk", "kid", "p2c", "p2s",
        "tag", "typ", "x5c", "x5t", "x5t#S256", "x5u", "zip",
    ] {
        let header = json!({"alg": "HS256", "kid": "hs256-1", "typ": "JWT", "crit": [name]});
        let token = forge(subject).seal(header.to_string());
        let policy = Policy::new().understands(name);
        let expected = Critical::Registered(name);
        assert_eq!(critical(&policy, &token, &trusted(subject)), expected);
    }
}

/// `crit` is an array of strings.
pub fn crit_is_an_array_of_strings(subject: &Subject) {
    for crit in ["null", "5", r#""new""#, "{}", "[1]", "[null]", r#"[["new"]]"#, r#"["new",1]"#] {
        let header = format!("{{\"alg\":\"HS256\",\"new\":1,\"crit\":{crit}}}");
        let rule = broken_rule(&forge(subject).seal(header), &trusted(subject));
        let expected = Rule::Type { member: "crit", expected: "an array of strings" };
        assert_eq!(rule, expected, "{crit}");
    }
}

/// An unencoded payload (RFC 7797) changes what is signed: saying that it is understood is not
/// enough.
pub fn an_unencoded_payload_is_refused(subject: &Subject) {
    let refused = Critical::NotUnderstood("b64".into());
    for policy in [Policy::new(), Policy::new().understands("b64")] {
        for rest in
            [r#""b64":false"#, r#""b64":false,"crit":["b64"]"#, r#""b64":true,"crit":["b64"]"#]
        {
            let token = forge(subject).seal(format!("{{\"alg\":\"HS256\",{rest}}}"));
            assert_eq!(critical(&policy, &token, &trusted(subject)), refused, "{rest}");
        }
        let token = forge(subject).seal(r#"{"alg":"HS256","crit":["b64"]}"#);
        let absent = Critical::Absent("b64".into());
        assert_eq!(critical(&policy, &token, &trusted(subject)), absent);
        let token = forge(subject).seal(r#"{"alg":"HS256","b64":true}"#);
        assert!(jws::verify_with(&token, &trusted(subject), &policy).is_ok(), "as if not there");
    }
    for b64 in ["null", "0", r#""false""#, "[]"] {
        let token = forge(subject).seal(format!("{{\"alg\":\"HS256\",\"b64\":{b64}}}"));
        let expected = Rule::Type { member: "b64", expected: "a boolean" };
        assert_eq!(broken_rule(&token, &trusted(subject)), expected, "{b64}");
    }
}

/// What would be refused when verifying is refused when signing.
pub fn a_header_that_breaks_crit_is_not_signed(subject: &Subject) {
    let key = keys::signer(S::HS256, subject.backend());
    let start = || key.header().with("new", 1).unwrap();
    for (header, expected) in [
        (start().with_crit([""; 0]), Critical::Empty),
        (start().with_crit(["new", "new"]), Critical::Duplicate("new".into())),
        (start().with_crit(["absent"]), Critical::Absent("absent".into())),
        (start().with_crit(["kid"]), Critical::Registered("kid")),
        (start().with_crit(["b64"]), Critical::Absent("b64".into())),
    ] {
        let refused = jws::sign_with_header(&header, PAYLOAD, &key).unwrap_err();
        assert_eq!(refused.code(), "ERR_JWS_INVALID");
        let SignError::Critical(critical) = refused else { panic!("{refused:?}") };
        assert_eq!(critical, expected);
        let refused = Unsigned::with_header(S::HS256, &header, PAYLOAD);
        assert!(matches!(refused, Err(SignError::Critical(_))), "{refused:?}");
        let refused = Builder::at(UnixTime::from_secs(0)).header(header).sign(&json!({}), &key);
        let Err(jwt::SignError::Jws(SignError::Critical(_))) = refused else {
            panic!("{refused:?}")
        };
    }
    assert!(jws::sign_with_header(&start().with_crit(["new"]), PAYLOAD, &key).is_ok());
}

/// A header is signed with everything that is in it, or not at all; and a verifier reads it again.
pub fn a_header_is_signed_whole_or_not_at_all(subject: &Subject) {
    let key = keys::signer(S::HS256, subject.backend());
    let policy = Policy::new().understands("new");
    let given = |json: &str| {
        let token = format!("{}..", base64url::encode(json.as_bytes()));
        Unverified::parse(&token).unwrap().header().clone()
    };
    for header in [
        key.header().with("new", json!({"a": [1.5, null]})).unwrap().with_crit(["new"]),
        key.header().with_x5t_s256([7; 32]).with_typ("a").with_cty("b").without_kid(),
        key.header().with_x5c(vec![vec![1, 2, 3]]),
        key.header().with_x5c(Vec::new()),
        key.header().with_kid("line\nbreak"),
        key.header().with_typ("\u{7F}"),
        given(
            r#"{"alg":"HS256","jku":"https://a","x5u":"https://b","x5t":"AAAAAAAAAAAAAAAAAAAAAAAAAAA"}"#,
        ),
        given(r#"{"alg":"HS256","b64":true}"#),
        given(r#"{"alg":"HS256","b64":true,"crit":["b64"]}"#),
        given(r#"{"alg":"HS256","b64":false}"#),
        given(r#"{"alg":"HS256","enc":"A256GCM","zip":"DEF","p2c":1000}"#),
    ] {
        let Ok(token) = jws::sign_with_header(&header, PAYLOAD, &key) else { continue };
        let verified = jws::verify_with(&token, &trusted(subject), &policy);
        assert_eq!(verified.unwrap().protected(), &header);
    }
}

/// A header is one JSON object in UTF-8, without second thoughts (RFC 7515 §4).
pub fn a_header_is_one_plain_object(subject: &Subject) {
    let rule = |header: &[u8]| broken_rule(&forge(subject).seal(header), &trusted(subject));
    let nested = |depth: usize| {
        let (open, close) = ("[".repeat(depth - 1), "]".repeat(depth - 1));
        format!("{{\"alg\":\"HS256\",\"x\":{open}{close}}}")
    };
    for twice in [
        r#"{"alg":"HS256","alg":"HS256"}"#,
        r#"{"alg":"none","\u0061lg":"HS256"}"#,
        r#"{"alg":"HS256","crit":["x"],"x":1,"crit":[]}"#,
        r#"{"alg":"HS256","x":{"a":1,"a":2}}"#,
        r#"{"alg":"HS256","x":[[{"a":1,"\u0061":2}]]}"#,
        r#"{"alg":"HS256","jwk":{"kty":"oct","kty":"RSA"}}"#,
    ] {
        assert_eq!(rule(twice.as_bytes()), Rule::DuplicateMember, "{twice}");
    }
    for other in ["[]", r#"["HS256","hs256-1"]"#, r#"[{"alg":"HS256"}]"#, r#""HS256""#, "5", "null"]
    {
        assert_eq!(rule(other.as_bytes()), Rule::NotAnObject, "{other}");
    }
    for text in [
        "",
        " ",
        "{",
        "{\"alg\":\"HS256\"}{}",
        "{\"alg\":\"HS256\"}\0",
        "{\"alg\":\"HS256\",}",
        "{'alg':'HS256'}",
        "\u{feff}{\"alg\":\"HS256\"}",
        "{\"alg\":\"HS256\",\"x\":NaN}",
        "{\"alg\":\"HS256\",\"x\":\"\\ud800\"}",
        "{\"alg\":\"HS256\"}//",
    ] {
        assert_eq!(rule(text.as_bytes()), Rule::Json, "{text}");
    }
    for octets in [&b"{\"alg\":\"HS256\",\"x\":\"\xFF\"}"[..], b"\xFF\xFE{\0", b"{\"\xC0\x80\":1}"]
    {
        assert_eq!(rule(octets), Rule::Utf8, "{octets:?}");
    }
    for number in ["1e400", "[-1e400]", r#"{"a":1e999999999999}"#] {
        let header = format!("{{\"alg\":\"HS256\",\"x\":{number}}}");
        assert_eq!(rule(header.as_bytes()), Rule::Number, "{number}");
    }
    for depth in [17, 18, 129, 8000] {
        assert_eq!(rule(nested(depth).as_bytes()), Rule::Depth { limit: 16 }, "{depth}");
    }
    assert_eq!(rule("{\"x\":".repeat(2000).as_bytes()), Rule::Depth { limit: 16 });
    for good in [nested(16), " {\n\"\\u0061lg\" : \"HS\\u003256\" } ".into()] {
        let token = forge(subject).seal(&good);
        assert!(jws::verify(&token, &trusted(subject)).is_ok(), "{good}");
    }
}

/// Registered header parameters have their types, whether this crate makes use of them or not.
pub fn registered_header_parameters_have_their_types(subject: &Subject) {
    for (member, wrong) in [
        ("kid", "null"),
        ("kid", "5"),
        ("kid", "[\"hs256-1\"]"),
        ("typ", "{}"),
        ("cty", "true"),
        ("jku", "[]"),
        ("x5u", "0"),
        ("x5c", "[]"),
        ("x5c", "\"AAAA\""),
        ("x5t", "5"),
        ("x5t#S256", "null"),
        ("jwk", "\"key\""),
        ("jwk", "[]"),
    ] {
        let header = format!("{{\"alg\":\"HS256\",\"{member}\":{wrong}}}");
        let rule = broken_rule(&forge(subject).seal(header), &trusted(subject));
        let named = matches!(rule, Rule::Type { member: own, .. } if own == member);
        assert!(named, "{member} {wrong}: {rule:?}");
    }
    // What only encrypted tokens have is somebody else's parameter here, and ignored (RFC 7515 §4).
    for (member, other) in [("p2c", "\"1000\""), ("zip", "null"), ("tag", "\"v1.0\""), ("iv", "5")]
    {
        let header = format!("{{\"alg\":\"HS256\",\"{member}\":{other}}}");
        let verified = jws::verify(&forge(subject).seal(header), &trusted(subject)).unwrap();
        assert_eq!(verified.protected().get(member), Some(other));
    }
    for member in ["kid", "typ", "cty", "jku", "x5u"] {
        let header = format!("{{\"alg\":\"HS256\",\"{member}\":\"a\\u000ab\"}}");
        let rule = broken_rule(&forge(subject).seal(header), &trusted(subject));
        assert_eq!(rule, Rule::ControlCharacter { member });
    }
}

/// A header is as long as the limit, and not an octet longer.
pub fn a_header_beyond_the_limit_is_refused(subject: &Subject) {
    let header = |len: usize| {
        let empty = r#"{"alg":"HS256","x":""}"#.len();
        format!("{{\"alg\":\"HS256\",\"x\":\"{}\"}}", "x".repeat(len - empty))
    };
    let key = trusted(subject);
    assert!(jws::verify(&forge(subject).seal(header(16 * 1024)), &key).is_ok());
    for len in [16 * 1024 + 1, 16 * 1024 + 3, 100_000] {
        let rule = broken_rule(&forge(subject).seal(header(len)), &key);
        assert_eq!(rule, Rule::TooLong { limit: 16 * 1024 }, "{len}");
    }
    let mut limits = Limits::default();
    limits.header = 100;
    let policy = Policy::new().limits(limits);
    let verify = |len| jws::verify_with(&forge(subject).seal(header(len)), &key, &policy);
    assert!(verify(100).is_ok());
    let jws::Error::Parse(error) = verify(101).unwrap_err() else { panic!() };
    assert_eq!(error.rule(), Rule::TooLong { limit: 100 });
}

/// A private key in a header is a leak, and no token with one is taken for good.
pub fn a_private_key_in_a_header_is_refused(subject: &Subject) {
    for alg in S::ALL {
        for member in ["jwk", "epk"] {
            let header = json!({"alg": "HS256", member: members(&keys::private(*alg))});
            let token = forge(subject).seal(header.to_string());
            assert_eq!(broken_rule(&token, &trusted(subject)), Rule::PrivateMember, "{alg}");
            if !alg.is_symmetric() {
                let header = json!({"alg": "HS256", member: members(&keys::verifying(*alg))});
                let token = forge(subject).seal(header.to_string());
                assert!(jws::verify(&token, &trusted(subject)).is_ok(), "{alg}: inert");
            }
        }
    }
    let refused = Header::new().with_jwk(&keys::private(S::HS256)).unwrap_err();
    assert!(matches!(refused, KeyError::NoPublicHalf { kty } if kty == "oct"));
    let header = Header::new().with_jwk(&keys::private(S::ES256)).unwrap();
    assert!(!header.jwk().unwrap().is_private());
}

/// A key that comes with a token is the sender's word: it verifies nothing (RFC 8725 §3.10).
pub fn a_key_that_comes_with_a_token_is_never_trusted(subject: &Subject) {
    let der = [0x30, 0x03, 0x02, 0x01, 0x00];
    for alg in subject.algorithms().filter(|alg| ["ES256", "Ed25519"].contains(&alg.name())) {
        let own = keys::verifying(alg);
        let theirs = Jwk::generate(alg, subject.backend()).unwrap();
        let public = members(&theirs.to_public().unwrap());
        let forge = Forge::new(&theirs, subject);
        let (key, set) = (
            verifying(&own, subject).unwrap(),
            VerifyingKeys::from_jwks(&set_of([own.clone()]), &[alg], subject.backend()),
        );
        for (name, value) in [
            ("jwk", Value::Object(public.clone())),
            ("jku", json!("https://evil.example/jwks.json")),
            ("x5u", json!("https://evil.example/cert.pem")),
            ("x5c", json!(["MAMCAQA="])),
            ("x5t", json!(base64url::encode(&[7; 20]))),
            ("x5t#S256", json!(base64url::encode(&[7; 32]))),
        ] {
            let seal = |kid: Option<&str>| {
                let mut header = json!({"alg": alg.name(), name: value});
                if let Some(kid) = kid {
                    header["kid"] = kid.into();
                }
                forge.seal(header.to_string())
            };
            for kid in [None, own.kid()] {
                assert!(is_forged(&seal(kid), &key), "{alg}, {name}, {kid:?}");
                assert!(is_forged(&seal(kid), &set), "{alg}, {name}, {kid:?}");
            }
            assert_eq!(reason(&seal(theirs.kid()), &key), NoMatchReason::UnknownKid);
            assert_eq!(reason(&seal(theirs.kid()), &set), NoMatchReason::UnknownKid);
            let nobody = VerifyingKeys::default();
            assert_eq!(reason(&seal(None), &nobody), NoMatchReason::EmptySet);
        }
        // The same parameters beside a good signature are inert.
        let signer = keys::signer(alg, subject.backend());
        let header = signer.header().with_jwk(&theirs).unwrap().with_x5c(vec![der.to_vec()]);
        let token = jws::sign_with_header(&header, PAYLOAD, &signer).unwrap();
        assert_eq!(jws::verify(&token, &key).unwrap().key_id(), own.kid());
    }
}

/// A token has three segments: not two, not five, and not the braces of another serialization.
pub fn a_token_has_three_segments(subject: &Subject) {
    let key = trusted(subject);
    let wrong = Rule::Segments { expected: 3 };
    for dots in (0..=10).filter(|dots| *dots != 2) {
        assert_eq!(broken_rule(&".".repeat(dots), &key), wrong, "{dots}");
        assert_eq!(broken_rule(&["e30"; 11][..=dots].join("."), &key), wrong, "{dots}");
    }
    assert_eq!(broken_rule("..", &key), Rule::Json, "no header");
    assert_eq!(broken_rule(&".".repeat(200_000), &key), wrong);
    let token = forge(subject).seal(r#"{"alg":"HS256"}"#);
    let parts: Vec<_> = token.split('.').collect();
    for other in [
        format!("{token}."),
        format!(".{token}"),
        format!("{token}.{}", parts[2]),
        parts[..2].join("."),
        parts.concat(),
        json!({"protected": parts[0], "payload": parts[1], "signature": parts[2]}).to_string(),
        json!({"payload": parts[1], "signatures": [{"protected": parts[0], "signature": parts[2]}]})
            .to_string(),
    ] {
        assert_eq!(broken_rule(&other, &key), wrong, "{other}");
    }
    // With two dots somewhere in it, JSON is still no compact token.
    for other in [format!("{{\"a\":\"{token}\"}}"), format!("\"{token}\""), format!("[{token}]")] {
        assert_eq!(broken_rule(&other, &key), Rule::Base64url, "{other}");
    }
}

/// A token is as long as the limit, and not an octet longer: nothing else is looked at before.
pub fn a_token_beyond_the_limit_is_refused(subject: &Subject) {
    let (limit, key) = (256 * 1024, trusted(subject));
    for hostile in [".".repeat(1 << 20), "\0".repeat(limit + 1), "{".repeat(10 << 20)] {
        assert_eq!(broken_rule(&hostile, &key), Rule::TooLong { limit });
    }
    let seal = |len| forge(subject).seal_both(r#"{"alg":"HS256"}"#, &vec![0x20; len]);
    let longest = (limit - seal(0).len()) / 4 * 3;
    let token = seal(longest);
    assert!((limit - 3..=limit).contains(&token.len()));
    assert!(jws::verify(&token, &key).is_ok());
    assert_eq!(broken_rule(&seal(longest + 3), &key), Rule::TooLong { limit });
    let short = seal(10);
    for (limit, good) in [(short.len(), true), (short.len() - 1, false), (0, false)] {
        let mut limits = Limits::default();
        limits.token = limit;
        let verified = jws::verify_with(&short, &key, &Policy::new().limits(limits));
        assert_eq!(verified.is_ok(), good, "{limit}");
        let Err(jws::Error::Parse(error)) = verified else { continue };
        assert_eq!(error.rule(), Rule::TooLong { limit });
    }
}

/// Each segment has one spelling: no padding, no white space, no other alphabet, no spare bits.
/// Whoever revokes tokens by their text relies on it.
pub fn a_token_has_one_spelling(subject: &Subject) {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for (alg, kid) in [(S::HS256, "a"), (S::HS256, "ab"), (S::HS512, "abc"), (S::HS384, "")] {
        let jwk = keys::private(alg).without_kid();
        let (forge, key) = (Forge::new(&jwk, subject), verifying(&jwk, subject).unwrap());
        let header = json!({"alg": alg.name(), "kid": kid, "x": "???>>>~~~"}).to_string();
        // Some payload under which the MAC too has characters that differ between the alphabets.
        let token = (0..=255_u8)
            .map(|octet| forge.seal_both(&header, &[0xFB, 0xEF, 0xFF, octet]))
            .find(|token| token.rsplit_once('.').unwrap().1.contains(['-', '_']))
            .unwrap();
        assert!(jws::verify(&token, &key).is_ok());
        for at in 0..3 {
            let mut segments: Vec<String> = token.split('.').map(Into::into).collect();
            let own = segments[at].clone();
            let mut others = vec![own.replace('-', "+").replace('_', "/")];
            for strange in
                ["=", "==", " ", "\n", "\r\n", "\t", "\0", "\u{A0}", "%3D", "!", "~", "A"]
            {
                let middle = own.len() / 2;
                others.extend([format!("{own}{strange}"), format!("{strange}{own}")]);
                others.push(format!("{}{strange}{}", &own[..middle], &own[middle..]));
            }
            let last = ALPHABET.iter().position(|octet| own.ends_with(char::from(*octet))).unwrap();
            let spare = [0, 0, 16, 4][own.len() % 4];
            for bits in 1..spare {
                let other = char::from(ALPHABET[last ^ bits]);
                others.push(format!("{}{other}", &own[..own.len() - 1]));
            }
            for other in others.into_iter().filter(|other| *other != own) {
                segments[at].clone_from(&other);
                let refusal = refusal(&segments.join("."), &key);
                // One character more may be good base64url; then it is another token.
                let longer = other.replace('A', "").len() == own.replace('A', "").len();
                let refused = match &refusal {
                    jws::Error::Parse(error) => error.rule() == Rule::Base64url || longer,
                    jws::Error::Verify(_) => longer,
                    _ => false,
                };
                assert!(refused, "{alg}, segment {at}, {other:?}: {refusal:?}");
            }
        }
    }
}

/// A token cut short anywhere is no token, or forged; and so is one with something behind it.
pub fn a_token_cut_short_is_refused(subject: &Subject) {
    for alg in subject.algorithms() {
        let token = signed(&keys::private(alg), subject);
        let key = keys::verifier(alg, subject.backend());
        let refused = |token: &str| match jws::verify(token, &key) {
            Err(jws::Error::Parse(_) | jws::Error::Verify(VerifyError::InvalidSignature)) => true,
            other => panic!("{alg}: {other:?}"),
        };
        assert!((0..token.len()).all(|len| refused(&token[..len])), "{alg}");
        for more in ["A", "AA", "AAA", "AAAA", ".", "=", "\n"] {
            assert!(refused(&format!("{token}{more}")), "{alg}");
        }
    }
}

/// No bit of a token can be flipped.
pub fn no_bit_of_a_token_can_be_flipped(subject: &Subject) {
    for alg in subject.algorithms() {
        let token = signed(&keys::private(alg), subject);
        let key = keys::verifier(alg, subject.backend());
        let fast = [S::HS256, S::ES256, S::Ed25519].contains(&alg);
        for bit in (0..token.len() * 8).step_by(if fast { 1 } else { 29 }) {
            let mut octets = token.clone().into_bytes();
            octets[bit / 8] ^= 1 << (bit % 8);
            // What is not UTF-8 cannot even be given.
            let Ok(flipped) = core::str::from_utf8(&octets) else { continue };
            assert!(jws::verify(flipped, &key).is_err(), "{alg}, bit {bit}");
        }
    }
}

/// A `kid` is compared octet by octet, and used for nothing else.
pub fn a_kid_is_compared_exactly(subject: &Subject) {
    let own = shared(1).with_kid("key/1");
    let set = VerifyingKeys::from_jwks(&set_of([own.clone()]), &[S::HS256], subject.backend());
    let forge = Forge::new(&own, subject);
    let seal = |kid: &str| forge.seal(json!({"alg": "HS256", "kid": kid}).to_string());
    assert_eq!(jws::verify(&seal("key/1"), &set).unwrap().key_id(), Some("key/1"));
    let escaped = forge.seal(r#"{"alg":"HS256","kid":"k\u0065y\/1"}"#);
    assert!(jws::verify(&escaped, &set).is_ok(), "the same text");
    let long = "key/1".repeat(1000);
    for other in [
        "", "key/", "key/11", "Key/1", "key/1 ", " key/1", "key%2F1", "../key/1", "' OR 1=1", &long,
    ] {
        let no_match = no_match(&seal(other), &set);
        assert_eq!(no_match.reason(), NoMatchReason::UnknownKid, "{other:?}");
        assert_eq!(no_match.kid(), Some(&other[..other.len().min(64)]));
    }
}

/// Two usable keys of one name for one algorithm make that name ambiguous: neither is tried.
pub fn a_kid_of_two_keys_for_one_algorithm_matches_neither(subject: &Subject) {
    let tap = Tap::new(subject);
    let (good, other) = (shared(1).with_kid("k"), shared(2).with_kid("k"));
    let token = signed(&good, subject);
    for pair in [[&good, &other], [&other, &good], [&good, &good]] {
        let pair = pair.map(Clone::clone);
        let given = pair.iter().map(|jwk| VerifyingKey::from_jwk(jwk, &tap).unwrap()).collect();
        for keys in [
            VerifyingKeys::from_jwks(&set_of(pair.clone()), &[S::HS256], &tap),
            VerifyingKeys::from_jwks_by_own_alg(&set_of(pair.clone()), &tap).unwrap(),
            given,
        ] {
            assert_eq!(reason(&token, &keys), NoMatchReason::AmbiguousKid);
            assert_eq!(tap.asked(), 0);
        }
    }
    // Two names of one algorithm are one algorithm; so are a bound key and one bound here.
    let edwards = [S::EdDSA, S::Ed25519].map(|alg| keys::verifying(alg).with_kid("k"));
    let keys =
        VerifyingKeys::from_jwks(&set_of(edwards), &[S::Ed25519, S::EdDSA], subject.backend());
    let token = signed(&keys::private(S::Ed25519).with_kid("k"), subject);
    assert_eq!(reason(&token, &keys), NoMatchReason::AmbiguousKid);
    let bound = keys::verifying(S::RS256).with_kid("k");
    let unbound = patched(&bound, &json!({"alg": null}));
    let keys = VerifyingKeys::from_jwks(&set_of([bound, unbound]), &[S::RS256], subject.backend());
    let token = signed(&keys::private(S::RS256).with_kid("k"), subject);
    assert_eq!(reason(&token, &keys), NoMatchReason::AmbiguousKid);
}

/// One name for keys of another type, curve, algorithm or use is no ambiguity.
pub fn one_kid_for_keys_of_different_kinds_is_fine(subject: &Subject) {
    let kinds = [S::RS256, S::PS256, S::ES256, S::ES384, S::ES256K, S::Ed25519, S::Ed448];
    let kinds: Vec<_> = kinds.into_iter().filter(|alg| !subject.lacks(*alg)).collect();
    let mut jwks: Vec<_> = kinds.iter().map(|alg| keys::verifying(*alg).with_kid("k")).collect();
    let other = Jwk::generate(S::ES256, subject.backend()).unwrap().to_public().unwrap();
    let other = other.with_kid("k");
    jwks.insert(0, patched(&other, &json!({"use": "enc", "alg": "ECDH-ES"})));
    jwks.insert(0, patched(&other, &json!({"use": "enc"})));
    jwks.push(patched(&other, &json!({"key_ops": ["deriveBits"], "alg": null})));
    let keys = VerifyingKeys::from_jwks(&set_of(jwks.clone()), &kinds, subject.backend());
    assert_eq!((keys.iter().count(), keys.skipped().len()), (kinds.len(), 3));
    for alg in kinds {
        let token = signed(&keys::private(alg).with_kid("k"), subject);
        assert_eq!(jws::verify(&token, &keys).unwrap().alg(), alg);
        let token = signed(&keys::private(alg).without_kid(), subject);
        assert_eq!(jws::verify(&token, &keys).unwrap().alg(), alg);
    }
}

/// A token that names no key has each fitting one tried, in order, and no more than the limit.
pub fn a_token_without_kid_has_a_bounded_number_of_keys_tried(subject: &Subject) {
    let tap = Tap::new(subject);
    let good = shared(200);
    let token = signed(&good, subject);
    for tries in [1, 3, 16] {
        let mut limits = Limits::default();
        limits.tries = tries;
        let policy = Policy::new().limits(limits);
        for position in [1, tries - 1, tries, tries + 1, 2 * tries].into_iter().filter(|at| *at > 0)
        {
            let mut jwks: Vec<_> =
                (1..40).map(|octet| shared(octet).with_kid(octet.to_string())).collect();
            jwks.insert(position - 1, good.clone().with_kid("good"));
            // Keys for another algorithm are not tried and do not count.
            jwks.insert(0, keys::private(S::HS384));
            let keys = VerifyingKeys::from_jwks(&set_of(jwks.clone()), &[S::HS256, S::HS384], &tap);
            let verified = jws::verify_with(&token, &keys, &policy);
            assert_eq!(tap.asked(), position.min(tries), "key {position} of {tries}");
            match verified {
                Ok(verified) if position <= tries => assert_eq!(verified.key_id(), Some("good")),
                Err(jws::Error::Verify(VerifyError::InvalidSignature)) if position > tries => {}
                other => panic!("key {position} of {tries}: {other:?}"),
            }
        }
    }
    assert_eq!(Limits::default().tries, 8);
}

/// A set of a thousand keys under one name costs nobody a thousand verifications.
pub fn a_thousand_keys_of_one_name_cost_nothing(subject: &Subject) {
    let tap = Tap::new(subject);
    let jwks: Vec<_> = (0..1000_u32)
        .map(|number| {
            let octets = [number.to_be_bytes(); 8].concat();
            Jwk::from_secret_octets(octets).unwrap().with_alg(S::HS256).unwrap().with_kid("k")
        })
        .collect();
    let set = set_of(jwks.clone());
    let [skipped] = set.skipped() else { panic!("told once: {}", set.skipped().len()) };
    assert_eq!((set.keys().len(), skipped.index()), (256, 256));
    assert_eq!(skipped.error().rule(), Rule::TooMany { limit: 256 });
    for set in [set, JwkSet::new(jwks.clone())] {
        let keys = VerifyingKeys::from_jwks(&set, &[S::HS256], &tap);
        assert_eq!(reason(&signed(&jwks[0], subject), &keys), NoMatchReason::AmbiguousKid);
        assert_eq!(tap.asked(), 0);
        let nameless = signed(&jwks[100].clone().without_kid(), subject);
        assert!(jws::verify(&nameless, &keys).is_err());
        assert_eq!(tap.asked(), Limits::default().tries);
    }
}

/// Members of a set that are broken, alien or unfit stop no good one, wherever they stand.
pub fn a_bad_member_of_a_set_stops_no_good_one(subject: &Subject) {
    let good = keys::verifying(S::ES256).to_public_json().unwrap();
    let token = signed(&keys::private(S::ES256), subject);
    let edit = |alg: S, patch: Value| {
        let mut members = members(&keys::verifying(alg));
        members.extend(patch.as_object().unwrap().clone());
        Value::Object(members).to_string()
    };
    let weak = RSA_1024.parse::<Jwk>().unwrap().to_public_json().unwrap();
    for bad in [
        "5".into(),
        "null".into(),
        "[]".into(),
        r#""key""#.into(),
        "{}".into(),
        r#"{"kty":5}"#.into(),
        r#"{"kty":"EC"}"#.into(),
        r#"{"kty":"EC","kty":"EC"}"#.into(),
        r#"{"kty":"RSA","n":"AQAB"}"#.into(),
        r#"{"kty":"oct","k":""}"#.into(),
        r#"{"kty":"to-come","alg":"ES256","kid":"es256-1"}"#.into(),
        r#"{"kty":"EC","crv":"P-to-come","alg":"ES256","kid":"es256-1"}"#.into(),
        r#"{"kty":"oct","x":1e400,"k":"AAAA"}"#.into(),
        r#"{"kty":"oct","x":{"a":1,"a":2},"k":"AAAA"}"#.into(),
        edit(S::ES256, json!({"x": "AAAA"})),
        edit(S::ES256, json!({"x": "====", "kid": "es256-1"})),
        edit(S::ES256, json!({"x": members(&keys::verifying(S::ES256))["y"]})),
        edit(S::ES256, json!({"use": 1})),
        edit(S::ES256, json!({"use": "enc"})),
        edit(S::ES256, json!({"key_ops": "verify"})),
        edit(S::ES256, json!({"key_ops": ["verify", "verify"]})),
        edit(S::ES256, json!({"alg": []})),
        edit(S::ES256, json!({"alg": "ES257"})),
        edit(S::ES256, json!({"kid": 7})),
        edit(S::ES256, json!({"kid": "es256-1", "alg": "ES384"})),
        edit(S::Ed25519, json!({"x": base64url::encode(&[0; 32])})),
        keys::json(S::ES256).to_string(),
        keys::json(S::HS256).to_string(),
        weak,
        RSA_E1.trim().into(),
    ] {
        for (text, skipped) in [
            (format!("{{\"keys\":[{bad},{good}]}}"), 1),
            (format!("{{\"keys\":[{good},{bad}],\"more\":{{}}}}"), 1),
            (format!("{{\"keys\":[{bad},{bad},{good},{bad}]}}"), 3),
        ] {
            let set: JwkSet = text.parse().unwrap_or_else(|error| panic!("{bad}: {error}"));
            let allowed = [S::ES256, S::RS256, S::Ed25519];
            let keys = VerifyingKeys::from_jwks(&set, &allowed, subject.backend());
            assert_eq!((keys.iter().count(), keys.skipped().len()), (1, skipped), "{bad}");
            assert!(jws::verify(&token, &keys).is_ok(), "{bad}");
        }
    }
}

/// A member of a set that is nested too deep is that member's problem, and not the set's.
pub fn a_member_of_a_set_that_is_nested_too_deep_stops_no_good_one(subject: &Subject) {
    let good = keys::verifying(S::ES256).to_public_json().unwrap();
    let token = signed(&keys::private(S::ES256), subject);
    for depth in [13, 14, 15, 16, 20, 100] {
        let deep = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let text = format!("{{\"keys\":[{{\"kty\":\"oct\",\"k\":\"AAAA\",\"x\":{deep}}},{good}]}}");
        let set: JwkSet = text.parse().unwrap_or_else(|error| panic!("{depth}: {error}"));
        let keys = VerifyingKeys::from_jwks(&set, &[S::ES256], subject.backend());
        assert!(jws::verify(&token, &keys).is_ok(), "{depth}");
    }
}

/// Shared and public keys in one set: whoever mixes them has to say which algorithms are meant.
pub fn a_mixed_set_needs_its_algorithms_named(subject: &Subject) {
    let set = set_of([keys::private(S::HS256), keys::verifying(S::ES256)]);
    let refused = VerifyingKeys::from_jwks_by_own_alg(&set, subject.backend()).unwrap_err();
    assert_eq!(refused.code(), "ERR_JWS_ALG_NOT_ALLOWED");
    assert!(matches!(refused, KeyError::MixedSet), "{refused:?}");
    let [mac, signature] = [S::HS256, S::ES256].map(|alg| signed(&keys::private(alg), subject));
    let both = VerifyingKeys::from_jwks(&set, &[S::HS256, S::ES256], subject.backend());
    assert!(jws::verify(&mac, &both).is_ok() && jws::verify(&signature, &both).is_ok());
    let one = VerifyingKeys::from_jwks(&set, &[S::ES256], subject.backend());
    assert_eq!(reason(&mac, &one), NoMatchReason::AlgorithmNotAllowed);
    assert!(jws::verify(&signature, &one).is_ok());
    for pure in [[S::HS256, S::HS512], [S::ES256, S::RS256]] {
        let set = set_of(pure.map(keys::verifying));
        let keys = VerifyingKeys::from_jwks_by_own_alg(&set, subject.backend()).unwrap();
        for alg in pure {
            assert!(jws::verify(&signed(&keys::private(alg), subject), &keys).is_ok(), "{alg}");
        }
    }
}

/// A key that names no algorithm serves those allowed that fit it, and never one the token picks.
pub fn a_key_without_alg_serves_what_is_allowed(subject: &Subject) {
    let unbound = |alg| patched(&keys::verifying(alg), &json!({"alg": null, "kid": "k"}));
    let set = set_of([unbound(S::RS256), unbound(S::ES256)]);
    let allowed = [S::RS256, S::PS256, S::ES256, S::ES384, S::HS256, S::RS256];
    let keys = VerifyingKeys::from_jwks(&set, &allowed, subject.backend());
    let served: Vec<_> = keys.iter().map(VerifyingKey::alg).collect();
    assert_eq!(served, [S::RS256, S::PS256, S::ES256]);
    for alg in [S::RS256, S::RS384, S::RS512, S::PS256, S::PS384, S::PS512] {
        for kid in [None, Some("k")] {
            let jwk = patched(&keys::private(alg), &json!({"kid": kid}));
            let token = signed(&jwk, subject);
            if allowed.contains(&alg) {
                assert_eq!(jws::verify(&token, &keys).unwrap().alg(), alg);
            } else {
                assert_eq!(reason(&token, &keys), NoMatchReason::AlgorithmNotAllowed, "{alg}");
            }
        }
    }
    // Left to itself, such a key serves its curve's algorithm, and RSA none.
    let keys = VerifyingKeys::from_jwks_by_own_alg(&set, subject.backend()).unwrap();
    let served: Vec<_> = keys.iter().map(VerifyingKey::alg).collect();
    assert_eq!(served, [S::ES256]);
    assert_eq!(keys.skipped()[0].kid(), Some("k"));
}

/// An allow-list is what it says, whatever keys there are and whatever they say.
pub fn an_allow_list_is_exact(subject: &Subject) {
    let set = set_of([S::RS256, S::ES256, S::ES384].map(keys::verifying));
    let keys = VerifyingKeys::from_jwks(&set, &[S::ES384, S::PS256], subject.backend());
    assert!(jws::verify(&signed(&keys::private(S::ES384), subject), &keys).is_ok());
    for alg in [S::RS256, S::ES256] {
        for jwk in [keys::private(alg), keys::private(alg).without_kid()] {
            let token = signed(&jwk, subject);
            assert_eq!(reason(&token, &keys), NoMatchReason::AlgorithmNotAllowed, "{alg}");
        }
    }
    let nothing = VerifyingKeys::from_jwks(&set, &[], subject.backend());
    assert_eq!((nothing.iter().count(), nothing.skipped().len()), (0, 3));
    let token = signed(&keys::private(S::ES384), subject);
    assert_eq!(reason(&token, &nothing), NoMatchReason::AlgorithmNotAllowed);
}

/// An algorithm that is allowed, and that no key serves yet, is a key not found: it may have been
/// published since. Refreshing the set is the remedy, and "not allowed" would say that it is none.
pub fn an_allowed_algorithm_without_a_key_is_a_key_not_found(subject: &Subject) {
    let set = set_of([keys::verifying(S::RS256)]);
    let keys = VerifyingKeys::from_jwks(&set, &[S::RS256, S::ES256], subject.backend());
    let rotated = signed(&keys::private(S::ES256), subject);
    assert_eq!(reason(&rotated, &keys), NoMatchReason::UnknownKid);
    let relabelled = signed(&keys::private(S::ES256).with_kid("rs256-1"), subject);
    assert_eq!(reason(&relabelled, &keys), NoMatchReason::WrongAlgorithm);
    let other = signed(&keys::private(S::ES384), subject);
    assert_eq!(reason(&other, &keys), NoMatchReason::AlgorithmNotAllowed);
}

/// Why no key matches is told as exactly as the public header and our own keys allow.
pub fn the_reason_why_no_key_matches_is_told(subject: &Subject) {
    let key = |alg, kid: &str| keys::verifying(alg).with_kid(kid);
    let broken = r#"{"kty":"EC","crv":"P-256","alg":"ES256","kid":"broken","x":"AA","y":"AA"}"#;
    let small = json!({"kid": "weak", "x": base64url::encode(&[0; 32])});
    let other = [
        key(S::ES256, "a"),
        key(S::RS256, "b"),
        patched(&key(S::ES256, "enc"), &json!({"use": "enc"})),
        patched(&key(S::ES256, "ops"), &json!({"key_ops": ["deriveKey"]})),
        patched(&keys::verifying(S::Ed25519), &small),
        keys::private(S::ES256).with_kid("private"),
    ];
    let mut texts: Vec<String> =
        other.iter().map(|jwk| Value::Object(members(jwk)).to_string()).collect();
    texts.push(broken.into());
    let set: JwkSet = format!("{{\"keys\":[{}]}}", texts.join(",")).parse().unwrap();
    let allowed = [S::ES256, S::RS256, S::Ed25519];
    let keys = VerifyingKeys::from_jwks(&set, &allowed, subject.backend());
    let of = |alg, kid: &str| reason(&signed(&keys::private(alg).with_kid(kid), subject), &keys);
    assert_eq!(of(S::ES256, "new"), NoMatchReason::UnknownKid);
    assert_eq!(of(S::RS256, "a"), NoMatchReason::WrongAlgorithm);
    assert_eq!(of(S::ES256, "b"), NoMatchReason::WrongAlgorithm);
    assert_eq!(of(S::ES256, "enc"), NoMatchReason::WrongUse);
    assert_eq!(of(S::ES256, "ops"), NoMatchReason::WrongUse);
    assert_eq!(of(S::ES256, "broken"), NoMatchReason::UnusableKey);
    assert_eq!(of(S::Ed25519, "weak"), NoMatchReason::UnusableKey);
    assert_eq!(of(S::ES256, "private"), NoMatchReason::UnusableKey);
    assert_eq!(of(S::ES384, "a"), NoMatchReason::AlgorithmNotAllowed);
    assert_eq!(of(S::HS256, "a"), NoMatchReason::AlgorithmNotAllowed);
    let empty = VerifyingKeys::from_jwks(&JwkSet::default(), &allowed, subject.backend());
    let token = signed(&keys::private(S::ES256), subject);
    assert_eq!(reason(&token, &empty), NoMatchReason::EmptySet);
    assert_eq!(reason(&token, &VerifyingKeys::default()), NoMatchReason::EmptySet);
    let alone = set_of([other[2].clone()]);
    let alone = VerifyingKeys::from_jwks(&alone, &allowed, subject.backend());
    let nameless = signed(&keys::private(S::ES256).without_kid(), subject);
    assert_eq!(reason(&nameless, &alone), NoMatchReason::WrongUse);
    assert_eq!(keys.skipped().len(), 5);
}

/// RFC 9864 §2.2: `EdDSA` and `Ed25519` are one algorithm in a header, in a key and in an
/// allow-list; `EdDSA` is not an Ed25519 key's way to serve Ed448.
pub fn the_two_names_of_edwards_signatures_are_one_in_a_set(subject: &Subject) {
    for own in ["EdDSA", "Ed25519"] {
        for allowed in [S::EdDSA, S::Ed25519] {
            for named in [json!(own), Value::Null] {
                let jwk = patched(&keys::verifying(S::Ed25519), &json!({"alg": named}));
                let keys = VerifyingKeys::from_jwks(&set_of([jwk]), &[allowed], subject.backend());
                let forge = Forge::new(&keys::private(S::Ed25519), subject);
                for token in ["EdDSA", "Ed25519"] {
                    let token = forge.seal(json!({"alg": token, "kid": "ed25519-1"}).to_string());
                    assert_eq!(jws::verify(&token, &keys).unwrap().alg(), S::Ed25519);
                }
                let token = forge.seal(r#"{"alg":"Ed448","kid":"ed25519-1"}"#);
                let expected = match allowed {
                    S::EdDSA => NoMatchReason::WrongAlgorithm, // allowed, and not this key's
                    _ => NoMatchReason::AlgorithmNotAllowed,
                };
                assert_eq!(reason(&token, &keys), expected);
            }
        }
        let jwk = patched(&keys::verifying(S::Ed25519), &json!({"alg": own}));
        let keys = VerifyingKeys::from_jwks(&set_of([jwk]), &[S::Ed448], subject.backend());
        assert_eq!(keys.iter().count(), 0);
    }
}

/// A key given alone needs no name; in a set, where keys come and go, one without a name is not
/// the key that a token names.
pub fn a_nameless_key_serves_named_tokens_only_if_given_alone(subject: &Subject) {
    let jwk = shared(1).without_kid();
    let token = signed(&jwk.clone().with_kid("k"), subject);
    let nameless = signed(&jwk, subject);
    let key = verifying(&jwk, subject).unwrap();
    assert!(jws::verify(&token, &key).is_ok());
    assert!(jws::verify(&token, &VerifyingKeys::from(key.clone())).is_ok());
    let other = verifying(&shared(2).with_kid("other"), subject).unwrap();
    let several: VerifyingKeys = [other, key].into_iter().collect();
    assert!(jws::verify(&token, &several).is_ok());
    let set = VerifyingKeys::from_jwks(&set_of([jwk.clone()]), &[S::HS256], subject.backend());
    assert_eq!(reason(&token, &set), NoMatchReason::UnknownKid);
    assert!(jws::verify(&nameless, &set).is_ok());
    // A name that is there is not overruled by a key without one.
    let taken = verifying(&shared(2).with_kid("k"), subject).unwrap();
    let several: VerifyingKeys = [taken, verifying(&jwk, subject).unwrap()].into_iter().collect();
    assert!(is_forged(&token, &several));
}

/// A resolver finds keys by the unverified header, once for each token; what it answers is bound.
pub fn a_resolver_answers_with_bound_keys(subject: &Subject) {
    struct Tenants {
        keys: VerifyingKeys,
        asked: AtomicUsize,
    }
    impl KeyResolver for Tenants {
        fn resolve(&self, token: &Unverified<'_>) -> Result<VerifyingKeys, CryptoError> {
            self.asked.fetch_add(1, Ordering::Relaxed);
            match token.header().get("tenant") {
                Some("\"known\"") => Ok(self.keys.clone()),
                Some("\"down\"") => Err(CryptoError::from_source("database gone")),
                _ => Ok(VerifyingKeys::default()),
            }
        }
    }
    let tenants = Tenants { keys: trusted(subject).into(), asked: AtomicUsize::new(0) };
    let seal =
        |tenant: &str| forge(subject).seal(json!({"alg": "HS256", "tenant": tenant}).to_string());
    let good = seal("known");
    assert!(jws::verify(&good, &tenants).is_ok());
    assert_eq!(tenants.asked.swap(0, Ordering::Relaxed), 1);
    assert!(jws::verify(&good, &&tenants).is_ok(), "by reference too");
    assert_eq!(reason(&seal("new"), &tenants), NoMatchReason::EmptySet);
    let refused = refusal(&seal("down"), &tenants);
    assert_eq!(refused.code(), "ERR_CRYPTO_UNAVAILABLE");
    let jws::Error::Verify(VerifyError::Unavailable(error)) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(error.source().unwrap().to_string(), "database gone");
    // Keys of another family are no answer to a MAC (RFC 8725 §3.1).
    let other = keys::verifier(S::ES256, subject.backend());
    let tenants = Tenants { keys: other.into(), asked: AtomicUsize::new(0) };
    assert_eq!(reason(&good, &tenants), NoMatchReason::AlgorithmNotAllowed);
    tenants.asked.store(0, Ordering::Relaxed);
    assert!(jws::verify("e30.e30.e30", &tenants).is_err());
    assert_eq!(tenants.asked.load(Ordering::Relaxed), 0, "what is no token is not looked up");
}

/// A device that answers with something else than a signature of its algorithm makes no token.
pub fn a_device_that_answers_another_length_makes_no_token(_subject: &Subject) {
    for alg in S::ALL {
        let Some(len) = alg.signature_len() else { continue };
        let sign = |len| {
            let key = SigningKey::external(*alg, Some("hsm/1"), Outside(Some(len))).unwrap();
            jws::sign(PAYLOAD, &key)
        };
        for other in [0, 1, len - 1, len + 1, 2 * len] {
            let refused = sign(other).unwrap_err();
            assert_eq!(refused.code(), "ERR_JWS_INVALID");
            assert!(matches!(refused, SignError::Length), "{alg}, {other}: {refused:?}");
        }
        let token = sign(len).unwrap();
        assert_eq!(Unverified::parse(&token).unwrap().header().kid(), Some("hsm/1"));
    }
}

/// An RSA signature is as long as its modulus, which has 2048 to 16384 bits: a device cannot answer
/// with less or more, though the exact length is not known here.
pub fn a_device_that_answers_no_rsa_signature_makes_no_token(_subject: &Subject) {
    for alg in [S::RS256, S::RS384, S::RS512, S::PS256, S::PS384, S::PS512] {
        let sign = |len| {
            let key = SigningKey::external(alg, None, Outside(Some(len))).unwrap();
            jws::sign(PAYLOAD, &key)
        };
        for len in [256, 384, 512, 2048] {
            assert!(sign(len).is_ok(), "{alg}, {len}");
        }
        for len in [0, 1, 128, 255, 2049, 100_000] {
            let refused = sign(len);
            assert!(matches!(refused, Err(SignError::Length)), "{alg}, {len}: {refused:?}");
        }
    }
}

/// A device that fails is an error of its own, with its own reason behind it.
pub fn a_device_that_fails_says_nothing_of_the_token(subject: &Subject) {
    let device = SigningKey::external(S::ES256, None, Outside(None)).unwrap();
    let refused = jws::sign(PAYLOAD, &device).unwrap_err();
    assert_eq!(refused.code(), "ERR_CRYPTO_UNAVAILABLE");
    let SignError::Unavailable(error) = &refused else { panic!("{refused:?}") };
    assert_eq!(error.source().unwrap().to_string(), "device gone");
    let unavailable =
        || VerifyingKey::external(S::HS256, Some("away"), Outside(Err(true))).unwrap();
    let deaf = || VerifyingKey::external(S::HS256, None, Outside(Err(false))).unwrap();
    let token = signed(&keys::private(S::HS256).without_kid(), subject);
    let verify = |keys: Vec<VerifyingKey>| {
        let keys: VerifyingKeys = keys.into_iter().collect();
        jws::verify(&token, &keys)
    };
    for keys in [
        vec![unavailable(), trusted(subject)],
        vec![unavailable(), deaf(), trusted(subject)],
        vec![trusted(subject), unavailable()],
    ] {
        assert!(verify(keys).is_ok(), "a later good key is still asked");
    }
    for keys in [vec![unavailable()], vec![unavailable(), deaf()], vec![deaf(), unavailable()]] {
        let refused = verify(keys).unwrap_err();
        assert_eq!(refused.code(), "ERR_CRYPTO_UNAVAILABLE");
        let jws::Error::Verify(VerifyError::Unavailable(error)) = refused else {
            panic!("{refused:?}")
        };
        assert_eq!(error.source().unwrap().to_string(), "device gone");
    }
    let refused = verify(vec![deaf()]).unwrap_err();
    assert!(matches!(refused, jws::Error::Verify(VerifyError::InvalidSignature)));
    for refused in [
        SigningKey::external(S::EdDSA, None, Outside(None)).map(|_| ()),
        VerifyingKey::external(S::EdDSA, None, Outside(Err(true))).map(|_| ()),
    ] {
        assert_unfit(refused, &KeyError::MissingAlgorithm);
    }
}

/// A verifier that says yes to everything is not asked about tokens that are not its own.
pub fn a_gullible_verifier_is_asked_of_nothing_but_its_own(_subject: &Subject) {
    let asked = Arc::new(AtomicUsize::new(0));
    let gullible = VerifyingKey::external(S::ES256, Some("k"), Outside(Ok(asked.clone()))).unwrap();
    let seal = |header: Value, len: usize| {
        let header = base64url::encode(header.to_string().as_bytes());
        let payload = base64url::encode(PAYLOAD);
        format!("{header}.{payload}.{}", base64url::encode(&vec![1; len]))
    };
    let own = json!({"alg": "ES256", "kid": "k"});
    for alg in ["none", "", "es256", "ES384", "ES256K", "HS256", "EdDSA", "PS256"] {
        let token = seal(json!({"alg": alg, "kid": "k"}), 64);
        assert_eq!(reason(&token, &gullible), NoMatchReason::AlgorithmNotAllowed, "{alg}");
    }
    for len in [0, 1, 32, 63, 65, 70, 96, 132, 8192] {
        assert!(is_forged(&seal(own.clone(), len), &gullible), "{len}");
    }
    let other = seal(json!({"alg": "ES256", "kid": "other"}), 64);
    assert_eq!(reason(&other, &gullible), NoMatchReason::UnknownKid);
    let crit = seal(json!({"alg": "ES256", "kid": "k", "crit": ["new"], "new": 1}), 64);
    assert_eq!(critical(&Policy::new(), &crit, &gullible), Critical::NotUnderstood("new".into()));
    assert_eq!(broken_rule(&format!("{}=", seal(own.clone(), 64)), &gullible), Rule::Base64url);
    assert_eq!(asked.load(Ordering::Relaxed), 0);
    assert!(jws::verify(&seal(own, 64), &gullible).is_ok());
    assert_eq!(asked.load(Ordering::Relaxed), 1);
}

/// What `Debug`, plain and pretty, shows of something, without white space.
fn shown(value: &dyn fmt::Debug) -> String {
    let text = format!("{value:?} {value:#?}");
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

/// The beginning of a secret, in the ways in which octets are written.
fn spellings(secret: &[u8]) -> Vec<String> {
    let hex: Vec<_> = secret[..6].iter().map(|octet| format!("{octet:02x}")).collect();
    let decimal: Vec<_> = secret[..4].iter().map(u8::to_string).collect();
    let (hexadecimal, hex) = (hex.join(",0x"), hex.concat());
    let base64url = base64url::encode(&secret[..9]);
    let base64 = base64url.replace('-', "+").replace('_', "/");
    let mut spellings = vec![hex.to_uppercase(), hex, decimal.join(","), hexadecimal];
    spellings.extend([base64url, base64, secret[..8].escape_ascii().to_string()]);
    spellings.extend(core::str::from_utf8(&secret[..8]).map(String::from));
    spellings
}

/// Every secret number of a key.
fn secrets(jwk: &Jwk) -> Vec<Vec<u8>> {
    let members = members(jwk);
    let private = ["d", "k", "p", "q", "dp", "dq", "qi"].into_iter();
    private
        .filter_map(|name| members.get(name)?.as_str())
        .map(|text| base64url::decode(text.as_bytes()).unwrap())
        .collect()
}

#[track_caller]
fn assert_silent(text: &str, secrets: &[Vec<u8>]) {
    for spelling in secrets.iter().flat_map(|secret| spellings(secret)) {
        assert!(!text.contains(&spelling), "{spelling} in {text}");
    }
}

/// No type that holds a secret shows it.
pub fn no_type_shows_its_secret(subject: &Subject) {
    for alg in S::ALL {
        let jwk = keys::private(*alg);
        let secrets = secrets(&jwk);
        assert!(!secrets.is_empty());
        assert_silent(&shown(&jwk), &secrets);
        assert_silent(&shown(jwk.params()), &secrets);
        assert_silent(&shown(&jwk.expose_secret_json()), &secrets);
        match jwk.params() {
            Params::Ec(ec) => assert_silent(&(shown(ec) + &shown(&ec.d())), &secrets),
            Params::Okp(okp) => assert_silent(&(shown(okp) + &shown(&okp.d())), &secrets),
            Params::Oct(oct) => assert_silent(&(shown(oct) + &shown(oct.k())), &secrets),
            Params::Rsa(rsa) => {
                let private = rsa.private().unwrap();
                assert_silent(&(shown(rsa) + &shown(private) + &shown(&private.crt())), &secrets);
            }
            other => panic!("{other:?}"),
        }
        let set = set_of([jwk.clone()]);
        assert_silent(&(shown(&set) + &shown(&set.expose_secret_json())), &secrets);
        let other = Value::Object(members(&jwk)).to_string().replace("\"kty\":\"", "\"kty\":\"X");
        let unknown: Jwk = other.parse().unwrap();
        assert_silent(&(shown(&unknown) + &shown(unknown.params())), &secrets);
        let keys = VerifyingKeys::from_jwks(&set, &[*alg], subject.backend());
        assert_silent(&(shown(&keys) + &shown(&keys.skipped())), &secrets);
        if !subject.lacks(*alg) {
            assert_silent(&shown(&keys::signer(*alg, subject.backend())), &secrets);
            assert_silent(&shown(&keys::verifier(*alg, subject.backend())), &secrets);
        }
        if !alg.is_symmetric() {
            let header = Header::new().with_jwk(&jwk).unwrap();
            assert_silent(&shown(&header), &secrets);
        }
    }
    let marker = b"correct-horse-battery-staple".to_vec();
    let secret = SecretBytes::from(marker.clone());
    assert_silent(&shown(&secret), &[marker]);
}

/// Claims are somebody's: `Debug` shows their names and never what they say.
pub fn claims_do_not_show_what_they_say(subject: &Subject) {
    let marker = b"correct-horse-battery-staple";
    let text = core::str::from_utf8(marker).unwrap();
    let payload = json!({"sub": text, "password": {"is": [text]}}).to_string();
    let token = forge(subject).seal_both(r#"{"alg":"HS256"}"#, payload.as_bytes());
    let verified =
        jwt::verify_claims(&token, &trusted(subject), &Validation::new(), UnixTime::from_secs(0))
            .unwrap();
    assert_silent(&shown(verified.content()), &[marker.to_vec()]);
    assert_silent(&shown(&verified), &[marker.to_vec()]);
    assert!(shown(verified.content()).contains("password"));
}

/// No error shows a secret, nor the sources behind it, whatever is wrong with the key.
pub fn no_error_shows_a_secret(subject: &Subject) {
    fn check(error: &dyn core::error::Error, secrets: &[Vec<u8>]) {
        let (mut next, mut text) = (Some(error), String::new());
        while let Some(error) = next {
            text += &(shown(&error) + &error.to_string());
            next = error.source();
        }
        assert_silent(&text, secrets);
    }
    for alg in S::ALL {
        let jwk = keys::private(*alg);
        let secrets = secrets(&jwk);
        let all = members(&jwk);
        let text = Value::Object(all.clone()).to_string();
        let private = ["d", "k", "p", "q", "dp", "dq", "qi"];
        for name in private.into_iter().filter(|name| all.contains_key(*name)) {
            let own = all[name].as_str().unwrap();
            let json = |value: Value| {
                let mut members = all.clone();
                members.insert(name.into(), value);
                Value::Object(members).to_string()
            };
            let mut broken = vec![
                json(json!([own])),
                json(json!({own: own})),
                json(json!(format!("{own}="))),
                json(json!(format!(" {own}"))),
                json(json!(format!("AAAA{own}"))),
                json(json!(&own[..own.len() - 1])),
                json(json!(own.replace(['-', '_'], "+"))),
                json(json!(&own[..8])),
                text.replace("\"kty\"", "\"kty\":5,\"was\""),
                format!("{},\"{name}\":\"{own}\"}}", &text[..text.len() - 1]),
            ];
            broken.extend((0..text.len()).step_by(31).map(|len| text[..len].to_string()));
            for broken in broken {
                match Jwk::from_json(&broken) {
                    Err(error) => check(&error, &secrets),
                    Ok(jwk) => {
                        if let Err(error) = signing(&jwk, subject) {
                            check(&error, &secrets);
                        }
                    }
                }
                let set = JwkSet::from_json(format!("{{\"keys\":[{broken}]}}"));
                match set {
                    Ok(set) => {
                        assert_silent(&shown(&set), &secrets);
                        let keys = VerifyingKeys::from_jwks(&set, S::ALL, subject.backend());
                        assert_silent(&shown(&keys), &secrets);
                    }
                    Err(error) => check(&error, &secrets),
                }
                let header = format!("{{\"alg\":\"HS256\",\"jwk\":{broken}}}");
                let token = forge(subject).seal(header);
                if let Err(error) = jws::verify(&token, &trusted(subject)) {
                    check(&error, &secrets);
                }
            }
        }
        for patch in [
            json!({"alg": "none"}),
            json!({"alg": "RSA-OAEP"}),
            json!({"alg": null}),
            json!({"use": "enc"}),
            json!({"key_ops": []}),
            json!({"crv": "P-to-come"}),
            json!({"kty": "to-come"}),
        ] {
            let jwk = patched(&jwk, &patch);
            let refused = [signing(&jwk, subject).err(), verifying(&jwk, subject).err()];
            for error in refused.iter().flatten().chain(&jwk.to_public().err()) {
                check(error, &secrets);
            }
        }
        let refused = jwk.with_alg(if *alg == S::HS256 { S::HS512 } else { S::HS256 });
        check(&refused.unwrap_err(), &secrets);
    }
}
