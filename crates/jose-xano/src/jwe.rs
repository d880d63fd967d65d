//! `jwe_encode` and `jwe_decode`.

use core::fmt;

use jose_core::crypto::Backend;
use jose_core::jwe::{self, Decrypted, DecryptionKey, EncryptionKey, Policy};
use jose_core::jwt::{self, EncryptError};
use jose_core::{Jwk, UnixTime};
use serde::Deserialize;
use zeroize::{Zeroize as _, Zeroizing};

use crate::claims::{self, Decoded, Payload};
use crate::header::header;
use crate::jws::payload;
use crate::{ContentAlgorithm, Error, Key, KeyAlgorithm, Object};

/// The parameters of [`jwe_encode`].
///
/// | parameter | default |
/// |---|---|
/// | `headers` | `{}` |
/// | `claims` | `{}` |
/// | `key` | required |
/// | `key_algorithm` | `A256KW` |
/// | `content_algorithm` | `A256CBC-HS512` |
/// | `ttl` | 0: no `iat`, `nbf` and `exp` |
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[must_use]
pub struct JweEncode {
    #[serde(default)]
    headers: Object,
    #[serde(default)]
    claims: Payload,
    key: Key,
    #[serde(default)]
    key_algorithm: KeyAlgorithm,
    #[serde(default)]
    content_algorithm: ContentAlgorithm,
    #[serde(default)]
    ttl: i64,
}

impl JweEncode {
    /// The defaults.
    pub fn new(key: Key) -> Self {
        Self {
            headers: Object::default(),
            claims: Payload::default(),
            key,
            key_algorithm: KeyAlgorithm::default(),
            content_algorithm: ContentAlgorithm::default(),
            ttl: 0,
        }
    }

    /// With these parameters in the header, beside `alg` and `enc`, which may be among them if they are the same.
    pub fn headers(mut self, headers: Object) -> Self {
        self.headers = headers;
        self
    }

    /// With these claims, or this text.
    pub fn claims(mut self, claims: impl Into<Payload>) -> Self {
        self.claims = claims.into();
        self
    }

    /// The key of the content wrapped with this algorithm.
    pub const fn key_algorithm(mut self, algorithm: KeyAlgorithm) -> Self {
        self.key_algorithm = algorithm;
        self
    }

    /// The content encrypted with this algorithm.
    pub const fn content_algorithm(mut self, algorithm: ContentAlgorithm) -> Self {
        self.content_algorithm = algorithm;
        self
    }

    /// Valid for this many seconds; 0 for ever.
    pub const fn ttl(mut self, seconds: i64) -> Self {
        self.ttl = seconds;
        self
    }
}

/// Encrypts claims and returns a compact token.
///
/// Its header has the `headers`, `alg`, `enc`, what the algorithm needs, and no others. The claims are those of
/// [`jws_encode`](crate::jws_encode).
///
/// # Errors
///
/// [`Error::KeySize`] for a shared key of another size than the algorithm's: 512 bits under `A256KW`, as the examples of
/// Xano have it, where half of the key is silently not used. Otherwise [`Error`] for what is wrong with the statement.
pub fn jwe_encode(
    statement: &JweEncode,
    now: UnixTime,
    backend: &'static dyn Backend,
) -> Result<String, Error> {
    let (alg, enc) = (statement.key_algorithm, statement.content_algorithm);
    let algorithms =
        [("key_algorithm", "alg", alg.name()), ("content_algorithm", "enc", enc.name())];
    let header = header(&statement.headers, &algorithms)?;
    let jwk = statement.key.bound_public("key_algorithm", alg.alg())?;
    let key = EncryptionKey::from_jwk(&jwk, backend)?;
    let how = jwe::Builder::new().enc(enc.enc());
    let Some(claims) = statement.claims.claims() else {
        if claims::lifetime(statement.ttl)?.is_some() {
            return Err(Error::Ttl { claim: None });
        }
        let failed = |error| Error::Encrypt(EncryptError::Jwe(error));
        let octets = Zeroizing::new(statement.claims.octets());
        let token = how.header(header).encrypt(&octets, [&key]).map_err(failed)?;
        return token.to_compact().map_err(|error| failed(jwe::EncryptError::Serialization(error)));
    };
    claims::laid_out(claims)?;
    let builder = claims::builder(claims, statement.ttl, header, now)?;
    builder.encrypt_with(claims, &key, &how).map_err(Error::Encrypt)
}

/// The parameters of [`jwe_decode`].
///
/// | parameter | default |
/// |---|---|
/// | `token` | required |
/// | `key` | required |
/// | `check_claims` | `{}` |
/// | `key_algorithm` | `A256KW` |
/// | `content_algorithm` | `A256CBC-HS512` |
/// | `timeDrift` | 0 |
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[must_use]
pub struct JweDecode {
    token: String,
    key: Key,
    #[serde(default)]
    check_claims: Object,
    #[serde(default)]
    key_algorithm: KeyAlgorithm,
    #[serde(default)]
    content_algorithm: ContentAlgorithm,
    #[serde(default, rename = "timeDrift")]
    time_drift: i64,
}

impl fmt::Debug for JweDecode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JweDecode")
            .field("key", &self.key)
            .field("check_claims", &self.check_claims)
            .field("key_algorithm", &self.key_algorithm)
            .field("content_algorithm", &self.content_algorithm)
            .field("time_drift", &self.time_drift)
            .finish_non_exhaustive() // a token is a secret of whom it names
    }
}

impl JweDecode {
    /// The defaults.
    pub fn new(token: impl Into<String>, key: Key) -> Self {
        Self {
            token: token.into(),
            key,
            check_claims: Object::default(),
            key_algorithm: KeyAlgorithm::default(),
            content_algorithm: ContentAlgorithm::default(),
            time_drift: 0,
        }
    }

    /// Refusing a token in which one of these claims is missing, or of another type or value.
    pub fn check_claims(mut self, claims: Object) -> Self {
        self.check_claims = claims;
        self
    }

    /// Refusing a token whose key is wrapped with another algorithm.
    pub const fn key_algorithm(mut self, algorithm: KeyAlgorithm) -> Self {
        self.key_algorithm = algorithm;
        self
    }

    /// Refusing a token whose content is encrypted with another algorithm.
    pub const fn content_algorithm(mut self, algorithm: ContentAlgorithm) -> Self {
        self.content_algorithm = algorithm;
        self
    }

    /// Forgiving clocks that differ by this many seconds, at most 600.
    pub const fn time_drift(mut self, seconds: i64) -> Self {
        self.time_drift = seconds;
        self
    }

    /// The key, bound to the algorithm.
    pub(crate) fn jwk(&self) -> Result<Jwk, Error> {
        self.key.bound("key_algorithm", self.key_algorithm.alg())
    }

    pub(crate) const fn algorithm(&self) -> KeyAlgorithm {
        self.key_algorithm
    }
}

/// Decrypts a token and returns what it says, which whoever has the key could have said.
///
/// Content that was compressed (`zip`: `DEF`), as it is in Xano's own tokens, is inflated up to
/// [`Limits::inflated`](jose_core::Limits::inflated).
///
/// # Errors
///
/// As [`jws_decode`](crate::jws_decode); [`Error::KeySize`] as [`jwe_encode`], with
/// [`hazmat`](crate::hazmat::jwe_decode_with_resized_key) for tokens that exist.
pub fn jwe_decode(
    statement: &JweDecode,
    now: UnixTime,
    backend: &'static dyn Backend,
) -> Result<Decoded<Decrypted<Vec<u8>>>, Error> {
    decode(statement, &statement.jwk()?, now, backend)
}

/// As [`jwe_decode`], with this key and not the statement's.
pub(crate) fn decode(
    statement: &JweDecode,
    jwk: &Jwk,
    now: UnixTime,
    backend: &'static dyn Backend,
) -> Result<Decoded<Decrypted<Vec<u8>>>, Error> {
    let rules = claims::rules(statement.time_drift)?;
    let key = DecryptionKey::from_jwk(jwk, backend)?;
    let policy = Policy::new().encs([statement.content_algorithm.enc()]).inflate();
    let decrypted = jwe::decrypt_with(&statement.token, &key, &policy)
        .map_err(|error| Error::Token(error.into()))?;
    let held = || {
        if claims::is_object(&decrypted) {
            let held = jwt::accept_decrypted::<Object>(decrypted.clone(), &rules, now);
            held.err().map_or(Ok(()), claims::forgive_names)?;
        }
        let payload = payload(decrypted.content())?;
        claims::check(&payload, &statement.check_claims)?;
        Ok(payload)
    };
    match held() {
        Ok(payload) => Ok(Decoded::new(payload, decrypted)),
        Err(refusal) => {
            decrypted.into_content().zeroize();
            Err(refusal)
        }
    }
}
