//! Encrypted tokens: what becomes of them on every path.

use core::error::Error;

use jose_core::crypto::CryptoError;
use jose_core::error::{DecryptError, KeyError};
use jose_core::jwa::{Alg, KeyManagementAlgorithm, SignatureAlgorithm};
use jose_core::jwe::{
    self, Decrypted, DecryptionKey, DecryptionKeys, Jwe, Password, Policy, SerializationError,
};
use jose_core::jws::VerifyingKey;
use jose_core::jwt::{self, Validation};
use jose_core::{Jwk, base64url};
use serde_json::Value;

use super::{Vector, value};
use crate::{Subject, Unapproved};

/// The serializations by the names of their fields, in the order of [`written`].
pub(super) const SERIALIZATIONS: [&str; 3] = ["jwe", "jwe-flattened", "jwe-general"];

/// Who decrypts.
struct Reader {
    key: DecryptionKey,
    policy: Policy,
}

type Outcome = Result<Decrypted<Vec<u8>>, jwe::Error>;

impl Vector<'_> {
    /// What happened to the JWE, in the words of `expect`; `None` if the backend is known to lack
    /// what its key needs, or to refuse the key.
    pub(super) fn decryption(&self, subject: &Subject) -> Option<String> {
        let key = match self.decryption_key(subject) {
            Ok(Some(key)) => {
                let name = self.name;
                assert!(!self.key_not_approved(subject), "{name}: not approved");
                key
            }
            Err(KeyError::NotApproved { reason }) => {
                assert!(self.key_not_approved(subject), "{}: {reason}", self.name);
                return None;
            }
            Err(KeyError::Unsupported { what }) => {
                assert!(lacks(what, subject), "the backend lacks {what} and it was not said so");
                return None;
            }
            Ok(None) | Err(_) => return Some("refuse key-error".into()),
        };
        let reader = Reader { key, policy: self.decryption_policy() };
        let forms = self.forms(SERIALIZATIONS);
        let judged =
            forms.iter().map(|(form, text)| self.judge_encrypted(form, text, &reader, subject));
        let mut outcomes: Vec<_> = judged.collect();
        outcomes.dedup();
        if self.is_guessable(subject) {
            assert_eq!(outcomes, ["not approved"], "{}", self.name);
            return None;
        }
        Some(outcomes.join(", "))
    }

    /// Whether the backend has to refuse the key for not being approved, a password never.
    fn key_not_approved(&self, subject: &Subject) -> bool {
        if self.get("password").is_some() {
            return false;
        }
        let jwks = self.jwks(subject).unwrap_or_default();
        let asked = self.words("policy").any(|word| word == "rsa1_5");
        let asked = asked.then_some(Alg::KeyManagementAlgorithm(KeyManagementAlgorithm::RSA1_5));
        let refused = |alg: Alg| jwks.iter().any(|jwk| subject.refuses_key(alg, jwk.params()));
        asked.map_or_else(|| self.not_approved(&jwks, subject), refused)
    }

    /// Whether nothing is derived from the password because it is short, or the salt is.
    fn is_guessable(&self, subject: &Subject) -> bool {
        let Some(password) = self.octets("password") else { return false };
        let forms = self.forms(SERIALIZATIONS);
        let salts = forms.iter().filter_map(|(_, text)| {
            let jwe = Jwe::parse(text).ok()?;
            let header = jwe.recipients().next()?.ok()?;
            header.protected().encryption()?.p2s().map(<[u8]>::len)
        });
        let short = salts.min().is_some_and(|least| (8..16).contains(&least));
        subject.refuses(Unapproved::Guessable) && (password.len() < 8 || short)
    }

    /// The key, or the password; `None` for what is no JWK.
    fn decryption_key(&self, subject: &Subject) -> Result<Option<DecryptionKey>, KeyError> {
        let backend = subject.backend();
        let alg = self.get("alg").map(|name| Alg::from_name(name).unwrap());
        if let Some(password) = self.octets("password") {
            let Some(Alg::KeyManagementAlgorithm(alg)) = alg else { panic!("{}", self.name) };
            return DecryptionKey::from_password(alg, &Password::new(password), backend).map(Some);
        }
        let Some(jwks) = self.jwks(subject) else { return Ok(None) };
        let [jwk]: [Jwk; 1] = jwks.try_into().unwrap();
        let jwk = match alg {
            Some(alg) => jwk.with_alg(alg)?,
            None => jwk,
        };
        if self.words("policy").any(|word| word == "rsa1_5") {
            let alg = KeyManagementAlgorithm::RSA1_5;
            return DecryptionKey::from_jwk_for(alg, &jwk, backend).map(Some);
        }
        DecryptionKey::from_jwk(&jwk, backend).map(Some)
    }

    fn decryption_policy(&self) -> Policy {
        self.words("policy").fold(Policy::new(), |policy, word| match word {
            "inflate" => policy.inflate(),
            "unprotected-enc" => policy.accept_unprotected_enc(),
            "rsa1_5" => policy,
            other => panic!("{}: no policy is called {other}", self.name),
        })
    }

    /// What becomes of the JWE in one serialization, on every path there is.
    fn judge_encrypted(
        &self,
        form: &str,
        text: &str,
        reader: &Reader,
        subject: &Subject,
    ) -> String {
        let name = self.name;
        let Reader { key, policy } = reader;
        let short = (form == "jwe").then(|| outcome(&jwe::decrypt_with(text, key, policy)));
        let Ok(jwe) = Jwe::parse(text) else {
            assert!(short.is_none_or(|short| short == "refuse parse"), "{name}");
            return "refuse parse".into();
        };
        let result = jwe.decrypt_with(key, policy);
        let verdict = outcome(&result);
        assert!(short.is_none_or(|short| short == verdict), "{name}: at once");
        let keys = DecryptionKeys::from(key.clone());
        assert_eq!(outcome(&jwe.decrypt_with(&keys, policy)), verdict, "{name}: from a set");
        if jwe.recipients().count() == 1 {
            let alone = jwe.recipients().next().unwrap().unwrap();
            assert_eq!(outcome(&alone.decrypt_with(key, policy)), verdict, "{name}: alone");
        }
        self.check_rewritten(&jwe, &verdict, reader);
        if let Ok(decrypted) = result {
            self.check_decrypted(&jwe, &decrypted, reader, subject);
            if form == "jwe" {
                self.check_decrypted_claims(text, reader, subject);
            }
        }
        verdict
    }

    /// It can be written in every serialization that holds it, as it is there, and nothing becomes
    /// of it that did not become of it before.
    fn check_rewritten(&self, jwe: &Jwe, verdict: &str, reader: &Reader) {
        let name = self.name;
        let general = value(jwe.to_general().unwrap().as_bytes());
        for (form, written) in SERIALIZATIONS.into_iter().zip(written(jwe)) {
            let text = match written {
                Ok(text) => text,
                Err(error) => {
                    assert_eq!(loss(form, &general), Some(error), "{name}: {form}");
                    continue;
                }
            };
            assert_eq!(loss(form, &general), None, "{name}: {form}");
            self.check_text(form, &text);
            let again = Jwe::parse(&text).unwrap();
            assert_eq!(value(again.to_general().unwrap().as_bytes()), general, "{name}: {form}");
            let result = again.decrypt_with(&reader.key, &reader.policy);
            assert_eq!(outcome(&result), verdict, "{name}: {form}");
        }
    }

    /// The plaintext is theirs, and so is all that led to it.
    fn check_decrypted(
        &self,
        jwe: &Jwe,
        decrypted: &Decrypted<Vec<u8>>,
        reader: &Reader,
        subject: &Subject,
    ) {
        let name = self.name;
        let Reader { key, policy } = reader;
        // A compressed one may be long, and is told by what it was made of.
        if let Some(plaintext) = self.get("plaintext") {
            assert_eq!(base64url::encode(decrypted.content()), plaintext, "{name}");
        }
        let recipient = self.get("recipient").map_or(0, |index| index.parse().unwrap());
        assert_eq!(decrypted.index(), recipient, "{name}");
        assert_eq!(decrypted.aad(), self.octets("aad").as_deref(), "{name}");
        assert_eq!(decrypted.alg(), key.alg(), "{name}");

        assert!(decrypted.cek().is_none(), "{name}: a key that nobody asked for");
        let kept = jwe.decrypt_with(key, &policy.clone().keep_cek()).unwrap();
        let cek = kept.cek().unwrap();
        assert_eq!(cek.len(), kept.enc().key_len(), "{name}");
        if let Some(expected) = self.get("cek") {
            assert_eq!(base64url::encode(cek.expose_secret()), expected, "{name}");
        }
        let own = jwe.recipients().nth(recipient).unwrap().unwrap();
        let unwrapped =
            own.decrypt_with_cek(key.alg(), Some(cek), subject.backend(), policy).unwrap();
        assert_eq!(unwrapped.content(), decrypted.content(), "{name}: by its content key");
    }

    fn check_decrypted_claims(&self, token: &str, reader: &Reader, subject: &Subject) {
        let Some(expected) = self.get("claims") else { return };
        let Reader { key, policy } = reader;
        let rules = Validation::new().with_decryption_policy(policy.clone());
        let claims = match self.get("signed-by") {
            None => {
                let decrypted = jwt::decrypt::<Value>(token, key, &rules, self.now());
                decrypted.unwrap().into_content()
            }
            Some(text) => {
                let signer = VerifyingKey::from_jwk(&text.parse().unwrap(), subject.backend());
                let signer = signer.unwrap();
                let verified =
                    jwt::decrypt_then_verify::<Value>(token, key, &signer, &rules, self.now());
                verified.unwrap().into_content()
            }
        };
        assert_eq!(claims, value(expected.as_bytes()), "{}", self.name);
    }
}

fn written(jwe: &Jwe) -> [Result<String, SerializationError>; 3] {
    [jwe.to_compact(), jwe.to_flattened(), jwe.to_general()]
}

/// What would be lost of a general serialization in another.
fn loss(form: &str, general: &Value) -> Option<SerializationError> {
    let recipients = general["recipients"].as_array().unwrap();
    let unprotected = general.get("unprotected").is_some() || recipients[0].get("header").is_some();
    match form {
        "jwe" | "jwe-flattened" if recipients.len() > 1 => {
            Some(SerializationError::Recipients { count: recipients.len() })
        }
        "jwe" if unprotected => Some(SerializationError::UnprotectedHeader),
        "jwe" if general.get("aad").is_some() => Some(SerializationError::OtherMembers),
        _ => None,
    }
}

/// A result in the words of `expect`.
fn outcome(result: &Outcome) -> String {
    match result {
        Ok(_) => "accept".into(),
        Err(jwe::Error::Parse(_)) => "refuse parse".into(),
        Err(jwe::Error::Decrypt(error)) => match error {
            DecryptError::Critical(_) => "refuse critical".into(),
            DecryptError::Failed => "refuse decrypt".into(),
            DecryptError::Header(_) => "refuse header".into(),
            DecryptError::NoMatchingKey(_) => "refuse no-matching-key".into(),
            DecryptError::Unavailable(error) if is_not_approved(error) => "not approved".into(),
            other => format!("{other:?}"),
        },
        Err(other) => format!("{other:?}"),
    }
}

fn is_not_approved(error: &CryptoError) -> bool {
    let source = error.source().and_then(|source| source.downcast_ref());
    matches!(source, Some(KeyError::NotApproved { .. }))
}

/// Whether the backend is known to lack `what`: a curve, whose two algorithms come together.
fn lacks(what: &str, subject: &Subject) -> bool {
    what == "X448" && subject.lacks(SignatureAlgorithm::Ed448)
}
