//! Encryption (RFC 7516, RFC 7518 §4-5): what is encrypted is decrypted, and nothing else is.

mod content;
mod deflate;
mod header;
mod json;
mod jwt;
mod key_sets;
mod keys;
mod many;
mod oracle;
mod outside;
mod wrapping;

use alloc::collections::BTreeSet;
use alloc::sync::Arc;
use core::error::Error;
use core::fmt;
use core::num::NonZeroU32;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Mutex;

use jose_core::crypto::{
    AgreementInitiator, AgreementResponder, Backend, ContentCipher, CryptoError, KeyUnwrapper,
    KeyWrapper, NewKey, OtherInfo, Refused,
};
use jose_core::error::{self, Critical, DecryptError, KeyError, NoMatchReason, Rule};
use jose_core::jwa::{Bound, ContentEncryption, Hash, KeyManagementAlgorithm, SignatureAlgorithm};
use jose_core::jwe::{self, Builder, DecryptionKey, DecryptionKeys, EncryptError};
use jose_core::jwe::{Encrypted, EncryptionKey, Jwe, KeyResolver, Password, Policy, Recipient};
use jose_core::jwe::{SerializationError, SkipReason};
use jose_core::jwk::{EcCurve, Generator, JwkSet, OkpCurve, Params};
use jose_core::jws::{SigningKey, VerifyingKey};
use jose_core::{Alg, Header, Jwk, Limits, SecretBytes, UnixTime, base64url, hazmat};
use serde_json::{Map, Value, json};

use crate::{Curve, Subject, Unapproved};
use ContentEncryption as E;
use KeyManagementAlgorithm as K;
use SignatureAlgorithm as S;

pub use self::content::*;
pub use self::deflate::*;
pub use self::header::*;
pub use self::json::*;
pub use self::jwt::*;
pub use self::key_sets::*;
pub use self::keys::*;
pub use self::many::*;
pub use self::oracle::*;
pub use self::outside::*;
pub use self::wrapping::*;

const TEXT: &[u8] = b"You can trust us to stick with you through thick and thin.";

/// The algorithms that wrap a content encryption key and encrypt.
const WRAPPING: [K; 16] = [
    K::A128KW,
    K::A192KW,
    K::A256KW,
    K::A128GCMKW,
    K::A192GCMKW,
    K::A256GCMKW,
    K::RSA_OAEP,
    K::RSA_OAEP_256,
    K::RSA_OAEP_384,
    K::RSA_OAEP_512,
    K::ECDH_ES_A128KW,
    K::ECDH_ES_A192KW,
    K::ECDH_ES_A256KW,
    K::PBES2_HS256_A128KW,
    K::PBES2_HS384_A192KW,
    K::PBES2_HS512_A256KW,
];
/// Those that take the key for the content itself.
const DIRECT: [K; 2] = [K::Dir, K::ECDH_ES];
const AGREEMENT: [K; 4] = [K::ECDH_ES, K::ECDH_ES_A128KW, K::ECDH_ES_A192KW, K::ECDH_ES_A256KW];
const PASSWORD: [K; 3] = [K::PBES2_HS256_A128KW, K::PBES2_HS384_A192KW, K::PBES2_HS512_A256KW];

fn encrypting() -> impl Iterator<Item = K> {
    WRAPPING.into_iter().chain(DIRECT)
}

fn is_rsa(alg: K) -> bool {
    alg.name().starts_with("RSA")
}

/// A key without a name, bound to nothing, that fits `alg`.
fn unbound(alg: K, enc: E) -> Jwk {
    match alg {
        _ if is_rsa(alg) => Jwk::new(crate::keys::private(S::RS256).params().clone()),
        _ if AGREEMENT.contains(&alg) => Jwk::new(crate::keys::private(S::ES256).params().clone()),
        K::Dir => octets(enc.key_len()),
        K::A128KW | K::A128GCMKW => octets(16),
        K::A192KW | K::A192GCMKW => octets(24),
        _ => octets(32),
    }
}

/// A fixed key for `alg`, named after it.
fn private(alg: K, enc: E) -> Jwk {
    let alg_or_enc = if alg == K::Dir { Alg::from(enc) } else { Alg::from(alg) };
    unbound(alg, enc).with_alg(alg_or_enc).unwrap().with_kid(alg.name())
}

fn octets(len: usize) -> Jwk {
    Jwk::from_secret_octets(vec![7; len]).unwrap()
}

/// What encrypts to the owner of `jwk`; with as few rounds as there may be, if it is a password.
fn sender(jwk: &Jwk, backend: &'static dyn Backend) -> EncryptionKey {
    let public = jwk.to_public();
    let key = EncryptionKey::from_jwk(public.as_ref().unwrap_or(jwk), backend).unwrap();
    key.with_p2c(1000).unwrap()
}

fn owner(jwk: &Jwk, backend: &'static dyn Backend) -> DecryptionKey {
    DecryptionKey::from_jwk(jwk, backend).unwrap()
}

/// Both sides of the fixed key for `alg`.
fn pair(alg: K, enc: E, subject: &Subject) -> (EncryptionKey, DecryptionKey) {
    let jwk = private(alg, enc);
    (sender(&jwk, subject.backend()), owner(&jwk, subject.backend()))
}

fn encrypted(alg: K, enc: E, subject: &Subject) -> Jwe {
    Builder::new().enc(enc).encrypt(TEXT, [&pair(alg, enc, subject).0]).unwrap()
}

/// A token in its five parts, decoded.
#[derive(Clone, Debug)]
struct Parts {
    header: Vec<u8>,
    key: Vec<u8>,
    iv: Vec<u8>,
    text: Vec<u8>,
    tag: Vec<u8>,
}

impl Parts {
    fn of(token: &str) -> Self {
        let parts: Vec<_> =
            token.split('.').map(|part| base64url::decode(part.as_bytes()).unwrap()).collect();
        let [header, key, iv, text, tag] = parts.try_into().unwrap();
        Self { header, key, iv, text, tag }
    }

    fn compact(&self) -> String {
        let parts = [&self.header, &self.key, &self.iv, &self.text, &self.tag];
        parts.map(|part| base64url::encode(part)).join(".")
    }

    /// The parts as members of one object, where what is empty is absent.
    fn flattened(&self) -> Value {
        let mut json = self.around();
        if !self.key.is_empty() {
            json["encrypted_key"] = base64url::encode(&self.key).into();
        }
        json
    }

    fn general(&self) -> Value {
        let mut json = self.around();
        json["recipients"] = match self.key.as_slice() {
            [] => json!([{}]),
            key => json!([{"encrypted_key": base64url::encode(key)}]),
        };
        json
    }

    fn around(&self) -> Value {
        let mut json = json!({"ciphertext": base64url::encode(&self.text)});
        for (member, octets) in [("protected", &self.header), ("iv", &self.iv), ("tag", &self.tag)]
        {
            if !octets.is_empty() {
                json[member] = base64url::encode(octets).into();
            }
        }
        json
    }
}

fn header_of(jwe: &Jwe) -> Map<String, Value> {
    let parts = Parts::of(&jwe.to_compact().unwrap());
    serde_json::from_slice(&parts.header).unwrap()
}

/// Encrypts under any header at all to the fixed key for an algorithm: no guard but the one under
/// test can be what refuses its tokens.
struct Forge {
    enc: E,
    cek: SecretBytes,
    header: Map<String, Value>,
    key: Vec<u8>,
    owner: DecryptionKey,
    backend: &'static dyn Backend,
}

impl Forge {
    fn new(alg: K, enc: E, subject: &Subject) -> Self {
        Self::with(alg, enc, subject.backend())
    }

    fn with(alg: K, enc: E, backend: &'static dyn Backend) -> Self {
        let jwk = private(alg, enc);
        let (sender, owner) = (sender(&jwk, backend), owner(&jwk, backend));
        let jwe = Builder::new().enc(enc).encrypt(TEXT, [&sender]).unwrap();
        let kept = jwe.decrypt_with(&owner, &Policy::new().keep_cek()).unwrap();
        let cek = kept.cek().unwrap().clone();
        let key = Parts::of(&jwe.to_compact().unwrap()).key;
        Self { enc, cek, header: header_of(&jwe), key, owner, backend }
    }

    /// The genuine header with other parameters; a `null` takes one out.
    fn header(&self, patch: &Value) -> Vec<u8> {
        let mut header = self.header.clone();
        for (name, value) in patch.as_object().unwrap() {
            if value.is_null() {
                header.remove(name);
            } else {
                header.insert(name.clone(), value.clone());
            }
        }
        serde_json::to_vec(&header).unwrap()
    }

    /// A token with such a header, genuinely encrypted.
    fn patched(&self, patch: &Value) -> Parts {
        self.seal(self.header(patch))
    }

    /// A token with these octets for a header, genuinely encrypted.
    fn seal(&self, header: impl AsRef<[u8]>) -> Parts {
        self.seal_text(header, TEXT)
    }

    fn seal_text(&self, header: impl AsRef<[u8]>, text: &[u8]) -> Parts {
        self.seal_under(header.as_ref(), &base64url::encode(header.as_ref()), text)
    }

    /// As a member of JSON may have it, with the data that is authenticated apart.
    fn seal_under(&self, header: &[u8], authenticated: &str, text: &[u8]) -> Parts {
        let cipher = self.backend.content_cipher(self.enc, &self.cek).unwrap();
        let (mut iv, mut tag) = (vec![0; self.enc.iv_len()], vec![0; self.enc.tag_len()]);
        let mut text = Vec::from(text);
        cipher.encrypt(authenticated.as_bytes(), &mut iv, &mut text, &mut tag).unwrap();
        Parts { header: header.into(), key: self.key.clone(), iv, text, tag }
    }
}

fn forge(subject: &Subject) -> Forge {
    Forge::new(K::A256KW, E::A256GCM, subject)
}

/// Why a token is refused: the same in every form, by every way in.
#[track_caller]
fn refusal_under(policy: &Policy, parts: &Parts, keys: &impl KeyResolver) -> jwe::Error {
    let token = parts.compact();
    let error = jwe::decrypt_with(&token, keys, policy).unwrap_err();
    for json in [token, parts.flattened().to_string(), parts.general().to_string()] {
        let again = match Jwe::parse(&json) {
            Err(error) => jwe::Error::Parse(error),
            Ok(jwe) => {
                let one = jwe.recipients().next().unwrap().unwrap();
                let one = one.decrypt_with(&Answered(keys), policy).unwrap_err();
                assert_eq!(format!("{one:?}"), format!("{error:?}"), "{json}");
                jwe.decrypt_with(keys, policy).unwrap_err()
            }
        };
        assert_eq!(format!("{again:?}"), format!("{error:?}"), "{json}");
        assert_eq!(again.code(), error.code(), "{json}");
    }
    error
}

#[track_caller]
fn refusal(parts: &Parts, keys: &impl KeyResolver) -> jwe::Error {
    refusal_under(&Policy::new(), parts, keys)
}

/// There is one way to say no to what depends on a secret.
#[track_caller]
fn assert_failed(parts: &Parts, keys: &impl KeyResolver) {
    let error = refusal(parts, keys);
    assert_eq!(format!("{error:?}"), "Decrypt(Failed)");
    assert_eq!(error.code(), "ERR_JWE_DECRYPTION_FAILED");
    assert_eq!(error.to_string(), "the token was not decrypted");
    assert_eq!(error.source().unwrap().to_string(), "the token cannot be decrypted");
}

#[track_caller]
fn failed<T: fmt::Debug>(refused: Result<T, jwe::Error>) {
    let error = refused.unwrap_err();
    assert_eq!(format!("{error:?}"), "Decrypt(Failed)");
    assert_eq!(error.code(), "ERR_JWE_DECRYPTION_FAILED");
}

/// Keys that somebody else answers with.
struct Answered<'k, K>(&'k K);

impl<K: KeyResolver> KeyResolver for Answered<'_, K> {
    fn resolve(&self, token: &Encrypted<'_>) -> Result<DecryptionKeys, CryptoError> {
        self.0.resolve(token)
    }
}

/// The kind of error that a text is refused with: what it is about, the rule, and the code.
type Kind = (error::Subject, Rule, &'static str);

/// What is wrong with the JSON around the recipients.
const fn around(rule: Rule) -> Kind {
    (error::Subject::JweJson, rule, "ERR_JWE_INVALID_SERIALIZATION")
}

/// What is wrong with a header, or with a part.
const fn within(rule: Rule) -> Kind {
    (error::Subject::Jwe, rule, "ERR_JWE_INVALID")
}

fn kind(error: error::ParseError) -> Kind {
    (error.subject(), error.rule(), error.code())
}

/// Why a token is no JWE.
#[track_caller]
#[allow(clippy::needless_pass_by_value, reason = "what was looked at is done with")]
fn malformed(refused: jwe::Error) -> Kind {
    let code = refused.code();
    let jwe::Error::Parse(error) = refused else { panic!("{refused:?}") };
    assert_eq!(code, error.code());
    kind(error)
}

/// Why text is no JWE in JSON.
#[track_caller]
fn broken(text: impl AsRef<[u8]>) -> Kind {
    kind(Jwe::parse(text).unwrap_err())
}

/// What is wrong with the parameters for the key.
#[track_caller]
#[allow(clippy::needless_pass_by_value, reason = "what was looked at is done with")]
fn unsuitable(refused: jwe::Error) -> Rule {
    assert_eq!(refused.code(), "ERR_JWE_INVALID");
    let jwe::Error::Decrypt(DecryptError::Header(error)) = refused else { panic!("{refused:?}") };
    assert_eq!(error.subject(), error::Subject::Jwe);
    error.rule()
}

#[track_caller]
fn critical(refused: jwe::Error) -> Critical {
    assert_eq!(refused.code(), "ERR_JWE_INVALID");
    match refused {
        jwe::Error::Decrypt(DecryptError::Critical(critical)) => critical,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
#[allow(clippy::needless_pass_by_value, reason = "what was looked at is done with")]
fn reason(refused: jwe::Error) -> NoMatchReason {
    let jwe::Error::Decrypt(DecryptError::NoMatchingKey(no_match)) = &refused else {
        panic!("{refused:?}")
    };
    let expected = match no_match.reason() {
        NoMatchReason::AlgorithmNotAllowed | NoMatchReason::EncryptionNotAllowed => {
            "ERR_JWE_ALG_NOT_ALLOWED"
        }
        _ => "ERR_JWK_KEY_NOT_FOUND",
    };
    assert_eq!((no_match.code(), refused.code()), (expected, expected));
    no_match.reason()
}

/// A key must be refused with exactly this error, for both sides alike.
/// It is refused by policy.
#[track_caller]
fn assert_not_approved<T: fmt::Debug>(refused: Result<T, KeyError>) {
    let error = refused.unwrap_err();
    assert!(matches!(error, KeyError::NotApproved { .. }), "{error:?}");
    assert_eq!(error.code(), "ERR_JWK_UNSUPPORTED");
}

/// Of a password and a salt that are not approved nothing is derived. That says nothing of the
/// password: the salt is the sender's, and everybody sees it.
#[track_caller]
fn assert_not_derived(refused: &(dyn Error + 'static)) {
    let mut chain = core::iter::successors(Some(refused), |error| (**error).source());
    let found =
        chain.any(|error| matches!(error.downcast_ref(), Some(KeyError::NotApproved { .. })));
    assert!(found, "{refused:?}");
}

#[track_caller]
fn assert_unfit<T: fmt::Debug>(refused: Result<T, KeyError>, expected: &KeyError) {
    let refused = refused.unwrap_err();
    assert_eq!(format!("{refused:?}"), format!("{expected:?}"));
    assert_eq!(refused.code(), expected.code());
}

#[track_caller]
fn refused_key<T: fmt::Debug>(refused: Result<T, EncryptError>) -> KeyError {
    let error = refused.unwrap_err();
    let code = error.code();
    let EncryptError::Key(key) = error else { panic!("{error:?}") };
    assert_eq!(code, key.code());
    key
}

#[track_caller]
fn refused_header<T: fmt::Debug>(refused: Result<T, EncryptError>) -> Kind {
    let error = refused.unwrap_err();
    let code = error.code();
    let EncryptError::Header(header) = error else { panic!("{error:?}") };
    assert_eq!(code, header.code());
    kind(header)
}

/// `jwk` with other members; a `null` takes one out.
fn changed(jwk: &Jwk, patch: &Value) -> Jwk {
    let json = jwk.expose_secret_json();
    let mut members: Map<String, Value> = serde_json::from_slice(json.expose_secret()).unwrap();
    for (name, value) in patch.as_object().unwrap() {
        if value.is_null() {
            members.remove(name);
        } else {
            members.insert(name.clone(), value.clone());
        }
    }
    Jwk::from_json(serde_json::to_vec(&members).unwrap()).unwrap()
}

/// A header as somebody else may have written it, with parameters that no method sets.
fn given(header: &Value) -> Header {
    let mut other = json!({"alg": "dir", "enc": "A256GCM"});
    other.as_object_mut().unwrap().retain(|name, _| header.get(name).is_none());
    let protected = base64url::encode(header.to_string().as_bytes());
    let json = json!({"protected": protected, "unprotected": other, "ciphertext": ""});
    let jwe = Jwe::parse(json.to_string()).unwrap();
    jwe.recipients().next().unwrap().unwrap().protected().clone()
}

fn value(json: &str) -> Value {
    serde_json::from_str(json).unwrap()
}

/// The backend under test with an ear at its door. It keeps the handles it made last, can be had to
/// wrap keys of any length, and notes what it is asked.
#[derive(Default)]
struct Ear {
    /// The keys that content was to be decrypted with.
    tried: Mutex<Vec<Vec<u8>>>,
    /// How many keys were to be unwrapped.
    unwrapped: AtomicUsize,
    /// How many keys were to be agreed on.
    agreed: AtomicUsize,
    /// The salts that keys were derived from passwords with.
    salts: Mutex<Vec<Vec<u8>>>,
    /// The length of what is wrapped instead of the key that should be.
    instead: Mutex<Option<usize>>,
    unwrapper: Mutex<Option<Arc<dyn KeyUnwrapper>>>,
    wrapper: Mutex<Option<Arc<dyn KeyWrapper>>>,
    responder: Mutex<Option<Arc<dyn AgreementResponder>>>,
}

#[derive(Clone)]
struct Tap {
    backend: &'static dyn Backend,
    ear: Arc<Ear>,
}

impl Tap {
    fn new(subject: &Subject) -> &'static Self {
        // Keys live as long as the process, and so does what they were made by.
        Box::leak(Box::new(Self { backend: subject.backend(), ear: Arc::default() }))
    }

    /// The keys that content was to be decrypted with since this was asked last.
    fn tried(&self) -> Vec<Vec<u8>> {
        core::mem::take(&mut *self.ear.tried.lock().unwrap())
    }

    /// How many keys were to be unwrapped since this was asked last.
    fn unwrapped(&self) -> usize {
        self.ear.unwrapped.swap(0, Ordering::Relaxed)
    }

    /// How many keys were to be agreed on since this was asked last.
    fn agreed(&self) -> usize {
        self.ear.agreed.swap(0, Ordering::Relaxed)
    }

    /// How many keys were derived from passwords since this was asked last.
    fn derived(&self) -> usize {
        self.salts().len()
    }

    /// The salts that they were derived with.
    fn salts(&self) -> Vec<Vec<u8>> {
        core::mem::take(&mut *self.ear.salts.lock().unwrap())
    }

    /// Begins to count anew.
    fn forget(&self) {
        self.tried();
        self.unwrapped();
        self.derived();
        self.agreed();
    }

    fn wrap_instead(&self, len: Option<usize>) {
        *self.ear.instead.lock().unwrap() = len;
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

    fn key_wrapper(&self, key: Bound<'_, K>) -> Result<Box<dyn KeyWrapper>, KeyError> {
        let wrapper: Arc<dyn KeyWrapper> = self.backend.key_wrapper(key)?.into();
        *self.ear.wrapper.lock().unwrap() = Some(wrapper.clone());
        Ok(Box::new(Tapped { handle: wrapper, ear: self.ear.clone() }))
    }

    fn key_unwrapper(&self, key: Bound<'_, K>) -> Result<Box<dyn KeyUnwrapper>, KeyError> {
        let unwrapper: Arc<dyn KeyUnwrapper> = self.backend.key_unwrapper(key)?.into();
        *self.ear.unwrapper.lock().unwrap() = Some(unwrapper.clone());
        Ok(Box::new(Tapped { handle: unwrapper, ear: self.ear.clone() }))
    }

    fn agreement_initiator(
        &self,
        key: Bound<'_, K>,
    ) -> Result<Box<dyn AgreementInitiator>, KeyError> {
        self.backend.agreement_initiator(key)
    }

    fn agreement_responder(
        &self,
        key: Bound<'_, K>,
    ) -> Result<Box<dyn AgreementResponder>, KeyError> {
        let responder: Arc<dyn AgreementResponder> = self.backend.agreement_responder(key)?.into();
        *self.ear.responder.lock().unwrap() = Some(responder.clone());
        Ok(Box::new(Tapped { handle: responder, ear: self.ear.clone() }))
    }

    fn content_cipher(
        &self,
        enc: E,
        key: &SecretBytes,
    ) -> Result<Box<dyn ContentCipher>, KeyError> {
        let cipher = self.backend.content_cipher(enc, key)?;
        Ok(Box::new(TappedCipher { cipher, key: key.clone(), ear: self.ear.clone() }))
    }

    fn pbkdf2(
        &self,
        hash: Hash,
        password: &SecretBytes,
        salt: &[u8],
        count: NonZeroU32,
        len: usize,
    ) -> Result<SecretBytes, KeyError> {
        self.ear.salts.lock().unwrap().push(salt.into());
        self.backend.pbkdf2(hash, password, salt, count, len)
    }

    fn generate(&self, key: NewKey) -> Result<Params, KeyError> {
        self.backend.generate(key)
    }

    fn digest(&self, hash: Hash, parts: &[&[u8]], out: &mut [u8]) -> Result<(), CryptoError> {
        self.backend.digest(hash, parts, out)
    }

    fn random(&self, out: &mut [u8]) -> Result<(), CryptoError> {
        self.backend.random(out)
    }
}

struct Tapped<T: ?Sized> {
    ear: Arc<Ear>,
    handle: Arc<T>,
}

impl KeyWrapper for Tapped<dyn KeyWrapper> {
    fn wrap_key(&self, cek: &SecretBytes) -> Result<Vec<u8>, CryptoError> {
        match *self.ear.instead.lock().unwrap() {
            None => self.handle.wrap_key(cek),
            Some(len) => self.handle.wrap_key(&SecretBytes::new(vec![9; len])),
        }
    }
}

impl KeyUnwrapper for Tapped<dyn KeyUnwrapper> {
    fn unwrap_key(&self, encrypted_key: &[u8], cek_len: usize) -> Result<SecretBytes, Refused> {
        self.ear.unwrapped.fetch_add(1, Ordering::Relaxed);
        self.handle.unwrap_key(encrypted_key, cek_len)
    }
}

impl AgreementResponder for Tapped<dyn AgreementResponder> {
    fn respond(&self, epk: &Params, info: &OtherInfo<'_>) -> Result<SecretBytes, Refused> {
        self.ear.agreed.fetch_add(1, Ordering::Relaxed);
        self.handle.respond(epk, info)
    }
}

struct TappedCipher {
    ear: Arc<Ear>,
    cipher: Box<dyn ContentCipher>,
    key: SecretBytes,
}

impl ContentCipher for TappedCipher {
    fn encrypt(
        &self,
        aad: &[u8],
        iv: &mut [u8],
        text: &mut Vec<u8>,
        tag: &mut [u8],
    ) -> Result<(), CryptoError> {
        // Only a key is encrypted without additional data.
        if let (Some(len), true) = (*self.ear.instead.lock().unwrap(), aad.is_empty()) {
            *text = vec![9; len];
        }
        self.cipher.encrypt(aad, iv, text, tag)
    }

    fn decrypt(
        &self,
        aad: &[u8],
        iv: &[u8],
        text: &mut Vec<u8>,
        tag: &[u8],
    ) -> Result<(), Refused> {
        if aad.is_empty() {
            self.ear.unwrapped.fetch_add(1, Ordering::Relaxed);
        } else {
            self.ear.tried.lock().unwrap().push(self.key.expose_secret().into());
        }
        self.cipher.decrypt(aad, iv, text, tag)
    }
}
