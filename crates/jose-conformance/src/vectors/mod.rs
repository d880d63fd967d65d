//! Known answers and known forgeries: the files under `vectors/`, whose README tells their format.

mod jwe;
mod jws;

use jose_core::jwa::{Alg, Hash};
use jose_core::{Jwk, JwkSet, UnixTime, base64url};
use serde_json::Value;

use crate::Subject;
use crate::vector_files::FILES;

/// RFC 7515 Appendix A, with forgeries made of it.
pub fn rfc7515(subject: &Subject) {
    run("rfc7515/", subject);
}

/// RFC 7516 Appendix A, with forgeries made of it.
pub fn rfc7516(subject: &Subject) {
    run("rfc7516/", subject);
}

/// RFC 7517 Appendices A, B and C.
pub fn rfc7517(subject: &Subject) {
    run("rfc7517/", subject);
}

/// RFC 7518 Appendix C.
pub fn rfc7518(subject: &Subject) {
    run("rfc7518/", subject);
}

/// RFC 7519 §3.1 and Appendix A.
pub fn rfc7519(subject: &Subject) {
    run("rfc7519/", subject);
}

/// RFC 7520 §3 to §6, with forgeries made of it.
pub fn rfc7520(subject: &Subject) {
    run("rfc7520/", subject);
}

/// RFC 7638 §3.1.
pub fn rfc7638(subject: &Subject) {
    run("rfc7638/", subject);
}

/// RFC 7797 §4, with forgeries made of it.
pub fn rfc7797(subject: &Subject) {
    run("rfc7797/", subject);
}

/// RFC 8037 Appendix A.
pub fn rfc8037(subject: &Subject) {
    run("rfc8037/", subject);
}

/// RFC 9278.
pub fn rfc9278(subject: &Subject) {
    run("rfc9278/", subject);
}

/// RFC 9964: algorithm key pairs of ML-DSA.
pub fn rfc9964(subject: &Subject) {
    run("rfc9964/", subject);
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

/// An encrypted token for each algorithm, made by an unrelated implementation.
pub fn foreign_encrypted_tokens_of_every_algorithm(subject: &Subject) {
    run("own-jwe/", subject);
}

/// Encrypted tokens that were changed, and such as only a mistake would decrypt.
pub fn jwe_edges(subject: &Subject) {
    run("jwe/", subject);
}

/// Runs every vector whose name begins with `directory` and reports all that deviate.
fn run(directory: &str, subject: &Subject) {
    let vectors = FILES.iter().filter(|(name, _)| name.starts_with(directory));
    let (mut ran, mut deviations) = (0, Vec::new());
    for (name, text) in vectors {
        ran += 1;
        let vector = Vector::parse(name, text);
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

struct Vector<'a> {
    name: &'a str,
    fields: Vec<(&'a str, &'a str)>,
}

impl<'a> Vector<'a> {
    fn parse(name: &'a str, text: &'a str) -> Self {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let fields: Vec<_> = lines.map(|line| line.split_once(": ").unwrap()).collect();
        // A field by another name would be a check that is not made.
        for (field, _) in &fields {
            assert!(FIELDS.contains(field), "{name}: no field is called {field}");
        }
        Self { name, fields }
    }

    fn get(&self, name: &str) -> Option<&'a str> {
        self.fields.iter().find(|(own, _)| *own == name).map(|(_, value)| *value)
    }

    /// The words of a field that may be absent.
    fn words(&self, name: &str) -> impl Iterator<Item = &'a str> {
        self.get(name).unwrap_or_default().split_whitespace()
    }

    /// The octets of a field that may be absent.
    fn octets(&self, name: &str) -> Option<Vec<u8>> {
        self.get(name).map(|text| base64url::decode(text.as_bytes()).unwrap())
    }

    /// The fields among `forms` that are there, with their values.
    fn forms(&self, forms: [&'static str; 3]) -> Vec<(&'static str, &'a str)> {
        forms.into_iter().filter_map(|form| Some((form, self.get(form)?))).collect()
    }

    /// What happened, in the words of `expect`; `None` if the backend is known to lack the
    /// algorithm, or refuses a key because it is not approved, as it has to.
    fn outcome(&self, subject: &Subject) -> Option<String> {
        if self.forms(jwe::SERIALIZATIONS).is_empty() {
            self.verification(subject)
        } else {
            self.decryption(subject)
        }
    }

    /// The keys, if they can be read.
    fn jwks(&self, subject: &Subject) -> Option<Vec<Jwk>> {
        if let Some(text) = self.get("jwks") {
            let set: JwkSet = text.parse().unwrap();
            assert_eq!(set.skipped(), []);
            assert_eq!(value(set.expose_secret_json().expose_secret()), value(text.as_bytes()));
            return Some(set.keys().to_vec());
        }
        let text = self.get("key").unwrap();
        let jwk = Jwk::from_json(text).ok()?;
        assert_eq!(value(jwk.expose_secret_json().expose_secret()), value(text.as_bytes()));
        self.check_thumbprint(&jwk, subject);
        Some(vec![jwk])
    }

    fn check_thumbprint(&self, jwk: &Jwk, subject: &Subject) {
        if let Some(expected) = self.get("thumbprint-sha256") {
            assert_eq!(jwk.thumbprint(Hash::Sha256, subject.backend()).unwrap(), expected);
        }
        if let Some(expected) = self.get("uri") {
            assert_eq!(jwk.thumbprint_uri(Hash::Sha256, subject.backend()).unwrap(), expected);
        }
    }

    /// Whether the backend refuses one of the keys under one of the algorithms, because they are not
    /// approved together: under those of `alg`, or the one that a key is bound to.
    fn not_approved(&self, jwks: &[Jwk], subject: &Subject) -> bool {
        let algs: Vec<_> = self.words("alg").map(|name| Alg::from_name(name).unwrap()).collect();
        jwks.iter().any(|jwk| {
            let own = jwk.alg().and_then(Alg::from_name);
            let algs = if algs.is_empty() { own.as_slice() } else { &algs };
            algs.iter().any(|alg| subject.refuses_key(*alg, jwk.params()))
        })
    }

    /// The time at which claims are judged.
    fn now(&self) -> UnixTime {
        UnixTime::from_secs(self.get("now").map_or(1_800_000_000, |now| now.parse().unwrap()))
    }

    /// `text` is what the vector has in the serialization `form`, if it has it.
    fn check_text(&self, form: &str, text: &str) {
        match self.get(form) {
            // A compact one is not JSON.
            Some(theirs) if theirs.starts_with('{') => {
                assert_eq!(value(text.as_bytes()), value(theirs.as_bytes()), "{}", self.name);
            }
            Some(theirs) => assert_eq!(text, theirs, "{}", self.name),
            None => {}
        }
    }
}

const FIELDS: [&str; 25] = [
    "source",
    "expect",
    "alg",
    "key",
    "jwks",
    "password",
    "token",
    "flattened",
    "general",
    "jwe",
    "jwe-flattened",
    "jwe-general",
    "payload",
    "detached",
    "plaintext",
    "cek",
    "aad",
    "recipient",
    "policy",
    "valid",
    "signed-by",
    "claims",
    "now",
    "thumbprint-sha256",
    "uri",
];

fn value(json: &[u8]) -> Value {
    serde_json::from_slice(json).unwrap()
}
