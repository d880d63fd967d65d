//! Signed tokens: what becomes of them on every path, and whether ours are the same.

use jose_core::error::{KeyError, ParseError, VerifyError};
use jose_core::jwa::{Alg, SignatureAlgorithm};
use jose_core::jws::{
    self, Jws, Policy, Required, SerializationError, SignError, SigningKey, SigningStream,
    SkipReason, ValidSignature, Verified, VerifyingKey, VerifyingKeys,
};
use jose_core::jwt::{self, Validation};
use jose_core::{Jwk, JwkSet, base64url, hazmat};
use serde_json::Value;

use super::{Vector, value};
use crate::Subject;

/// Who verifies.
struct Reader {
    keys: VerifyingKeys,
    policy: Policy,
}

impl Vector<'_> {
    /// The payload that the JWS comes without.
    fn detached(&self) -> Option<Vec<u8>> {
        self.octets("detached")
    }

    /// A JWS together with it, which is still written without it.
    fn with_payload(&self, jws: Jws) -> Result<Jws, ParseError> {
        let Some(payload) = self.detached() else { return Ok(jws) };
        jws.with_payload(payload).map(|mut jws| jws.detach().clone())
    }

    /// What happened, in the words of `expect`; `None` if the backend is known to lack the
    /// algorithm, or to refuse the key.
    pub(super) fn verification(&self, subject: &Subject) -> Option<String> {
        let Some(jwks) = self.jwks(subject) else { return Some("refuse key-error".into()) };
        let forms = self.forms(SERIALIZATIONS);
        if forms.is_empty() {
            return Some("accept".into());
        }
        let keys = match self.keys(&jwks, subject) {
            Ok(keys) => {
                assert!(!self.not_approved(&jwks, subject), "{}: not approved", self.name);
                keys
            }
            Err(KeyError::NotApproved { reason }) => {
                assert!(self.not_approved(&jwks, subject), "{}: {reason}", self.name);
                return None;
            }
            Err(KeyError::Unsupported { what }) => {
                let Some(Alg::SignatureAlgorithm(alg)) = Alg::from_name(what) else {
                    panic!("the backend says that it lacks {what}, which is no algorithm");
                };
                assert!(subject.lacks(alg), "the backend lacks {alg} and it was not said so");
                return None;
            }
            Err(_) => return Some("refuse key-error".into()),
        };
        let reader = Reader { keys, policy: self.policy() };
        let judged =
            forms.iter().map(|(form, text)| self.judge(form, text, &jwks, &reader, subject));
        let mut outcomes: Vec<_> = judged.collect();
        outcomes.dedup();
        Some(outcomes.join(", "))
    }

    /// The keys as they verify.
    fn keys(&self, jwks: &[Jwk], subject: &Subject) -> Result<VerifyingKeys, KeyError> {
        let algs: Vec<_> =
            self.words("alg").map(|name| SignatureAlgorithm::from_name(name).unwrap()).collect();
        let public = |jwk: &Jwk| {
            let public = jwk.is_private().then(|| jwk.to_public().ok()).flatten();
            public.unwrap_or_else(|| jwk.clone())
        };
        let jwks: Vec<_> = jwks.iter().map(public).collect();
        if self.get("jwks").is_none() {
            let [jwk] = jwks.try_into().unwrap();
            let jwk = match algs.first() {
                Some(alg) => jwk.with_alg(*alg).unwrap(),
                None => jwk,
            };
            return Ok(VerifyingKey::from_jwk(&jwk, subject.backend())?.into());
        }
        let keys = VerifyingKeys::from_jwks(&JwkSet::new(jwks), &algs, subject.backend());
        match keys.skipped().first().map(jws::SkippedKey::reason) {
            None => Ok(keys),
            Some(SkipReason::Key(KeyError::NotApproved { reason })) => {
                Err(KeyError::NotApproved { reason })
            }
            Some(SkipReason::Key(KeyError::Unsupported { what })) => {
                Err(KeyError::Unsupported { what })
            }
            Some(reason) => panic!("{}: {reason}", self.name),
        }
    }

    fn policy(&self) -> Policy {
        self.words("policy").fold(Policy::new(), |policy, word| match word {
            "all" => policy.require(Required::All),
            "unprotected-alg" => policy.accept_unprotected_alg(),
            other => panic!("{}: no policy is called {other}", self.name),
        })
    }

    /// What becomes of the JWS in one serialization, on every path there is.
    fn judge(
        &self,
        form: &str,
        text: &str,
        jwks: &[Jwk],
        reader: &Reader,
        subject: &Subject,
    ) -> String {
        let name = self.name;
        let Reader { keys, policy } = reader;
        let detached = self.detached();
        let short = (form == "token" && detached.is_none())
            .then(|| outcome(&jws::verify_with(text, keys, policy)));
        let Ok(read) = Jws::parse(text) else {
            assert!(short.is_none_or(|short| short == "refuse parse"), "{name}");
            return "refuse parse".into();
        };
        let Ok(jws) = self.with_payload(read.clone()) else {
            assert!(read.verifying_stream_with(keys, policy).is_err(), "{name}");
            return "refuse parse".into();
        };
        let result = jws.verify_with(keys, policy);
        let verdict = outcome(&result);
        assert!(short.is_none_or(|short| short == verdict), "{name}");

        let first = jws.signatures().find_map(Result::ok).unwrap();
        let payload = hazmat::peek_unverified_payload(&first);
        if payload.is_empty() {
            // One that is not there, which cannot be told from an empty one in every serialization.
            assert_ne!(verdict, "accept", "{name}");
            return verdict;
        }
        if jws.signatures().count() == 1 {
            let alone = first.clone().verify_with(keys, policy);
            assert_eq!(outcome(&alone), verdict, "{name}: alone");
        }
        let apart = match detached {
            Some(_) => {
                assert!(read.verify_with(keys, policy).is_err(), "{name}: without its payload");
                read
            }
            None => Jws::parse(jws.clone().detach().to_general().unwrap()).unwrap(),
        };
        if let Some(streamed) = streamed(&apart, payload, reader) {
            assert_eq!(outcome(&streamed), verdict, "{name}: in pieces");
            assert_eq!(
                streamed.as_ref().ok().map(places),
                result.as_ref().ok().map(places),
                "{name}"
            );
        }
        self.check_rewriting(&jws, &verdict, reader);
        if let Ok(verified) = result {
            self.check_accepted(&jws, &verified, reader);
            if form == "token" {
                self.check_claims(text, keys);
            }
            self.check_signing(&jws, &verified, jwks, reader, subject);
        }
        verdict
    }

    /// It can be written in every serialization that holds it, as it is there, and nothing becomes
    /// of it that did not become of it before.
    fn check_rewriting(&self, jws: &Jws, verdict: &str, reader: &Reader) {
        let name = self.name;
        let general = value(jws.to_general().unwrap().as_bytes());
        for (form, written) in SERIALIZATIONS.into_iter().zip(written(jws)) {
            let text = match written {
                Ok(text) => text,
                Err(error) => {
                    assert_eq!(loss(form, &general), Some(error), "{name}: {form}");
                    continue;
                }
            };
            assert_eq!(loss(form, &general), None, "{name}: {form}");
            self.check_text(form, &text);
            let again = Jws::parse(&text).unwrap();
            let again = self.with_payload(again).unwrap();
            assert_eq!(value(again.to_general().unwrap().as_bytes()), general, "{name}: {form}");
            let result = again.verify_with(&reader.keys, &reader.policy);
            assert_eq!(outcome(&result), verdict, "{name}: {form}");
        }
    }

    /// The payload is theirs, and the signatures that are valid are those that should be.
    fn check_accepted(&self, jws: &Jws, verified: &Verified<Vec<u8>>, reader: &Reader) {
        if let Some(payload) = self.get("payload").or(self.get("detached")) {
            assert_eq!(base64url::encode(verified.content()), payload, "{}", self.name);
        }
        let total = jws.signatures().count();
        let valid = places(verified);
        let expected: Vec<usize> = match self.get("valid") {
            Some(_) => self.words("valid").map(|index| index.parse().unwrap()).collect(),
            None => (0..total).collect(),
        };
        assert_eq!(valid, expected, "{}", self.name);
        let all = reader.policy.clone().require(Required::All);
        let accepted = jws.verify_with(&reader.keys, &all).is_ok();
        assert_eq!(accepted, valid.len() == total, "{}", self.name);
    }

    /// Made by us of the same headers, payload and keys it is the same: at once and in pieces.
    fn check_signing(
        &self,
        theirs: &Jws,
        verified: &Verified<Vec<u8>>,
        jwks: &[Jwk],
        reader: &Reader,
        subject: &Subject,
    ) {
        let signatures: Vec<_> = verified.signatures().collect();
        let keys = signatures.iter().map(|signature| signing_key(signature, jwks, subject));
        // What a public key is there for, or what is not valid, cannot be made again.
        let Some(keys) = keys.collect::<Option<Vec<_>>>() else { return };
        if keys.len() < theirs.signatures().count() {
            return;
        }
        let content = verified.content();
        let (mut ours, mut stream) = match verified.protected().b64() {
            Some(false) => (Jws::unencoded(content.clone()), SigningStream::unencoded()),
            _ => (Jws::new(content.clone()), SigningStream::new()),
        };
        let mut streams = true;
        for (signature, key) in signatures.into_iter().zip(&keys) {
            let unprotected = signature.unprotected().cloned().unwrap_or_default();
            ours.sign_with(signature.protected(), &unprotected, key).unwrap();
            match stream.sign_with(signature.protected(), &unprotected, key) {
                // It reads its message twice.
                Err(SignError::NoStream(alg)) if is_edwards(alg) => streams = false,
                added => assert!(added.is_ok(), "{}: {added:?}", self.name),
            }
        }
        if self.get("detached").is_some() {
            ours.detach();
        }
        if self.check_same(&ours, theirs, &keys) {
            for (form, text) in SERIALIZATIONS.into_iter().zip(written(&ours)) {
                if let Ok(text) = text {
                    self.check_text(form, &text);
                }
            }
        }
        ours.verify_with(&reader.keys, &reader.policy).unwrap();
        if streams {
            content.chunks(5).for_each(|piece| stream.update(piece));
            let streamed = stream.finish().unwrap();
            self.check_same(&streamed, theirs.clone().detach(), &keys);
            let streamed = streamed.with_payload(content.clone()).unwrap();
            streamed.verify_with(&reader.keys, &reader.policy).unwrap();
        }
    }

    /// Ours is theirs, but for what a signer may choose: the white space of a header, and what is
    /// random in a signature. Tells whether nothing of that differs.
    fn check_same(&self, ours: &Jws, theirs: &Jws, keys: &[SigningKey]) -> bool {
        let [mut ours, theirs] =
            [ours, theirs].map(|jws| value(jws.to_general().unwrap().as_bytes()));
        let mut same = true;
        for (index, key) in keys.iter().enumerate() {
            let (ours, theirs) = (&mut ours["signatures"][index], &theirs["signatures"][index]);
            let [own, other] = [&*ours, theirs].map(|signature| {
                let text = signature["protected"].as_str().unwrap_or_default();
                String::from_utf8(base64url::decode(text.as_bytes()).unwrap()).unwrap()
            });
            let respaced = other.contains('\n');
            if respaced {
                assert_eq!(value(own.as_bytes()), value(other.as_bytes()), "{}", self.name);
                ours["protected"] = theirs["protected"].clone();
            }
            if respaced || !is_deterministic(key.alg()) {
                ours["signature"] = theirs["signature"].clone();
                same = false;
            }
        }
        assert_eq!(ours, theirs, "{}", self.name);
        same
    }

    fn check_claims(&self, token: &str, keys: &VerifyingKeys) {
        let Some(expected) = self.get("claims") else { return };
        let claims = jwt::verify_claims(token, keys, &Validation::new(), self.now()).unwrap();
        assert_eq!(value(claims.json().as_bytes()), value(expected.as_bytes()));
    }
}

/// The serializations by the names of their fields, in the order of [`written`].
const SERIALIZATIONS: [&str; 3] = ["token", "flattened", "general"];

fn written(jws: &Jws) -> [Result<String, SerializationError>; 3] {
    [jws.to_compact(), jws.to_flattened(), jws.to_general()]
}

/// What would be lost of a general serialization in another.
fn loss(form: &str, general: &Value) -> Option<SerializationError> {
    let signatures = general["signatures"].as_array().unwrap();
    let payload = general["payload"].as_str().unwrap_or_default();
    let fits = |octet: u8| matches!(octet, b' '..=b'~') && octet != b'.';
    match form {
        "token" | "flattened" if signatures.len() > 1 => {
            Some(SerializationError::Signatures { count: signatures.len() })
        }
        "token" if signatures[0].get("header").is_some() => {
            Some(SerializationError::UnprotectedHeader)
        }
        "token" if !payload.bytes().all(fits) => Some(SerializationError::Payload),
        _ => None,
    }
}

/// What becomes of a JWS whose payload comes in pieces; `None` if its key needs all at once.
fn streamed(
    jws: &Jws,
    payload: &[u8],
    reader: &Reader,
) -> Option<Result<Verified<()>, jws::Error>> {
    let mut stream = jws.verifying_stream_with(&reader.keys, &reader.policy).unwrap();
    // No multiple of the three octets that base64url encodes at a time.
    payload.chunks(5).for_each(|piece| stream.update(piece));
    let outcomes = stream.finish();
    for error in outcomes.iter().filter_map(jws::Outcome::error) {
        if let jws::Error::Verify(VerifyError::NoStream(alg)) = error {
            assert!(is_edwards(*alg), "{alg} does not take its input in pieces");
            return None;
        }
    }
    Some(outcomes.into_verified())
}

/// The places of the signatures that are valid.
fn places<T>(verified: &Verified<T>) -> Vec<usize> {
    verified.signatures().map(ValidSignature::index).collect()
}

/// The private key that `signature` was made with, if it is there.
fn signing_key(signature: &ValidSignature, jwks: &[Jwk], subject: &Subject) -> Option<SigningKey> {
    let unprotected = || signature.unprotected()?.alg();
    let alg = signature.protected().alg().or_else(unprotected).unwrap();
    let alg = SignatureAlgorithm::from_name(alg).unwrap();
    let named = |jwk: &&Jwk| jwk.is_private() && jwk.kid() == signature.key_id();
    let jwks: Vec<_> = jwks.iter().filter(named).collect();
    if jwks.is_empty() {
        return None;
    }
    let key =
        |jwk: &Jwk| SigningKey::from_jwk(&jwk.clone().with_alg(alg).ok()?, subject.backend()).ok();
    Some(jwks.into_iter().find_map(key).unwrap())
}

/// A result in the words of `expect`.
fn outcome<T>(result: &Result<Verified<T>, jws::Error>) -> String {
    match result {
        Ok(_) => "accept".into(),
        Err(jws::Error::Parse(_)) => "refuse parse".into(),
        Err(jws::Error::Verify(error)) => match error {
            VerifyError::Critical(_) => "refuse critical".into(),
            VerifyError::InvalidSignature => "refuse invalid-signature".into(),
            VerifyError::NoMatchingKey(_) => "refuse no-matching-key".into(),
            VerifyError::Unmet(_) => "refuse unmet".into(),
            other => format!("{other:?}"),
        },
        Err(other) => format!("{other:?}"),
    }
}

fn is_edwards(alg: SignatureAlgorithm) -> bool {
    alg.name().starts_with("Ed")
}

/// Whether it leaves the signer no choice.
fn is_deterministic(alg: SignatureAlgorithm) -> bool {
    ["HS", "RS", "Ed"].iter().any(|family| alg.name().starts_with(family))
}
