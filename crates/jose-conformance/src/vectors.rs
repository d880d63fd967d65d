//! Known answers and known forgeries: the files under `vectors/`, whose README tells their format.

use jose_core::error::{KeyError, VerifyError};
use jose_core::jwa::{Alg, Hash, SignatureAlgorithm};
use jose_core::jws::{self, SigningKey, VerifyingKey, VerifyingKeys};
use jose_core::jwt::{self, Validation};
use jose_core::{Header, Jwk, JwkSet, UnixTime, base64url};
use serde_json::Value;

use crate::Subject;
use crate::vector_files::FILES;

/// RFC 7515 Appendix A, with forgeries made of it.
pub fn rfc7515(subject: &Subject) {
    run("rfc7515/", subject);
}

/// RFC 7517 Appendix A.
pub fn rfc7517(subject: &Subject) {
    run("rfc7517/", subject);
}

/// RFC 7519 §3.1.
pub fn rfc7519(subject: &Subject) {
    run("rfc7519/", subject);
}

/// RFC 7520 §3 and §4.
pub fn rfc7520(subject: &Subject) {
    run("rfc7520/", subject);
}

/// RFC 7638 §3.1.
pub fn rfc7638(subject: &Subject) {
    run("rfc7638/", subject);
}

/// RFC 8037 Appendix A.
pub fn rfc8037(subject: &Subject) {
    run("rfc8037/", subject);
}

/// RFC 9278.
pub fn rfc9278(subject: &Subject) {
    run("rfc9278/", subject);
}

/// A token for each algorithm, signed by an unrelated implementation.
pub fn foreign_tokens_of_every_algorithm(subject: &Subject) {
    run("own/", subject);
}

/// ECDSA signatures at and beyond the edges.
pub fn ecdsa_edges(subject: &Subject) {
    run("ecdsa/", subject);
}

/// EdDSA signatures and keys at and beyond the edges.
pub fn eddsa_edges(subject: &Subject) {
    run("eddsa/", subject);
}

/// HMAC keys at the edge.
pub fn hmac_edges(subject: &Subject) {
    run("hmac/", subject);
}

/// RSA signatures and keys at and beyond the edges.
pub fn rsa_edges(subject: &Subject) {
    run("rsa/", subject);
}

/// Runs every vector whose name begins with `directory` and reports all that deviate.
fn run(directory: &str, subject: &Subject) {
    let vectors = FILES.iter().filter(|(name, _)| name.starts_with(directory));
    let (mut ran, mut deviations) = (0, Vec::new());
    for (name, text) in vectors {
        ran += 1;
        let vector = Vector::parse(text);
        match vector.outcome(subject) {
            Some(outcome) if outcome != vector.get("expect").unwrap() => {
                let expected = vector.get("expect").unwrap();
                deviations.push(format!("{name}: expected {expected}, got {outcome}"));
            }
            _ => {}
        }
    }
    assert!(ran > 0, "no vector under {directory}");
    assert!(deviations.is_empty(), "{}", deviations.join("\n"));
}

struct Vector<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Vector<'a> {
    fn parse(text: &'a str) -> Self {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        Self(lines.map(|line| line.split_once(": ").unwrap()).collect())
    }

    fn get(&self, name: &str) -> Option<&'a str> {
        self.0.iter().find(|(own, _)| *own == name).map(|(_, value)| *value)
    }

    /// What happened, in the words of `expect`; `None` if the backend is known to lack the
    /// algorithm.
    fn outcome(&self, subject: &Subject) -> Option<String> {
        let refuse = |kind: &str| Some(format!("refuse {kind}"));
        if let Some(jwks) = self.get("jwks") {
            let set: JwkSet = jwks.parse().unwrap();
            assert_eq!(set.skipped(), []);
            assert_eq!(value(set.expose_secret_json().expose_secret()), value(jwks.as_bytes()));
            return Some("accept".into());
        }
        let text = self.get("key").unwrap();
        let Ok(jwk) = Jwk::from_json(text) else { return refuse("key-error") };
        assert_eq!(value(jwk.expose_secret_json().expose_secret()), value(text.as_bytes()));
        self.check_thumbprint(&jwk, subject);
        let Some(token) = self.get("token") else { return Some("accept".into()) };
        let jwk = match self.get("alg").and_then(SignatureAlgorithm::from_name) {
            Some(alg) => jwk.with_alg(alg).unwrap(),
            None => jwk,
        };
        let verifying =
            if jwk.is_private() { jwk.to_public().unwrap_or(jwk.clone()) } else { jwk.clone() };
        let key = match VerifyingKey::from_jwk(&verifying, subject.backend()) {
            Ok(key) => key,
            Err(KeyError::Unsupported { what }) => {
                let Some(Alg::SignatureAlgorithm(alg)) = Alg::from_name(what) else {
                    panic!("the backend says that it lacks {what}, which is no algorithm");
                };
                assert!(subject.lacks(alg), "the backend lacks {alg} and it was not said so");
                return None;
            }
            Err(_) => return refuse("key-error"),
        };
        let keys = VerifyingKeys::from(key);
        match jws::verify(token, &keys) {
            Ok(verified) => {
                if let Some(payload) = self.get("payload") {
                    assert_eq!(base64url::encode(verified.content()), payload);
                }
                self.check_claims(token, &keys);
                if jwk.is_private() {
                    check_signing(&jwk, token, verified.protected(), verified.content(), subject);
                }
                Some("accept".into())
            }
            Err(jws::Error::Parse(_)) => refuse("parse"),
            Err(jws::Error::Verify(VerifyError::NoMatchingKey(_))) => refuse("no-matching-key"),
            Err(jws::Error::Verify(VerifyError::InvalidSignature)) => refuse("invalid-signature"),
            Err(other) => Some(format!("{other:?}")),
        }
    }

    fn check_thumbprint(&self, jwk: &Jwk, subject: &Subject) {
        if let Some(expected) = self.get("thumbprint-sha256") {
            assert_eq!(jwk.thumbprint(Hash::Sha256, subject.backend()).unwrap(), expected);
        }
        if let Some(expected) = self.get("uri") {
            assert_eq!(jwk.thumbprint_uri(Hash::Sha256, subject.backend()).unwrap(), expected);
        }
    }

    fn check_claims(&self, token: &str, keys: &VerifyingKeys) {
        let Some(expected) = self.get("claims") else { return };
        let now = self.get("now").map_or(1_800_000_000, |now| now.parse().unwrap());
        let now = UnixTime::from_secs(now);
        let claims = jwt::verify_claims(token, keys, &Validation::new(), now).unwrap();
        assert_eq!(value(claims.json().as_bytes()), value(expected.as_bytes()));
    }
}

/// Where the algorithm leaves the signer no choice and our header is written as theirs is, our
/// token is theirs.
fn check_signing(jwk: &Jwk, token: &str, header: &Header, payload: &[u8], subject: &Subject) {
    let key = SigningKey::from_jwk(jwk, subject.backend()).unwrap();
    let ours = jws::sign_with_header(header, payload, &key).unwrap();
    let name = key.alg().name();
    let deterministic = ["HS", "RS", "Ed"].iter().any(|family| name.starts_with(family));
    let header_of = |token: &str| token.split('.').next().unwrap().to_owned();
    if deterministic && header_of(&ours) == header_of(token) {
        assert_eq!(ours, token);
    }
}

fn value(json: &[u8]) -> Value {
    serde_json::from_slice(json).unwrap()
}
