//! `jws_encode` and `jws_decode`.

use core::fmt;

use jose_core::UnixTime;
use jose_core::crypto::Backend;
use jose_core::jws::{self, SigningKey, Verified, VerifyingKey};
use jose_core::jwt;
use serde::Deserialize;

use crate::claims::{self, Decoded, Payload};
use crate::header::header;
use crate::{Error, Key, Object, SignatureAlgorithm};

/// The parameters of [`jws_encode`].
///
/// | parameter | default |
/// |---|---|
/// | `headers` | `{}` |
/// | `claims` | `{}` |
/// | `key` | required |
/// | `signature_algorithm` | `HS256` |
/// | `ttl` | 0: no `iat`, `nbf` and `exp` |
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[must_use]
pub struct JwsEncode {
    #[serde(default)]
    headers: Object,
    #[serde(default)]
    claims: Payload,
    key: Key,
    #[serde(default)]
    signature_algorithm: SignatureAlgorithm,
    #[serde(default)]
    ttl: i64,
}

impl JwsEncode {
    /// The defaults.
    pub fn new(key: Key) -> Self {
        Self {
            headers: Object::default(),
            claims: Payload::default(),
            key,
            signature_algorithm: SignatureAlgorithm::default(),
            ttl: 0,
        }
    }

    /// With these parameters in the header, beside `alg`, which may be among them if it is the same.
    pub fn headers(mut self, headers: Object) -> Self {
        self.headers = headers;
        self
    }

    /// With these claims, or this text.
    pub fn claims(mut self, claims: impl Into<Payload>) -> Self {
        self.claims = claims.into();
        self
    }

    /// Signed with this algorithm.
    pub const fn signature_algorithm(mut self, algorithm: SignatureAlgorithm) -> Self {
        self.signature_algorithm = algorithm;
        self
    }

    /// Valid for this many seconds; 0 for ever.
    pub const fn ttl(mut self, seconds: i64) -> Self {
        self.ttl = seconds;
        self
    }
}

/// Signs claims and returns a compact token.
///
/// Its header has the `headers` and `alg`, and no others: no `typ`, no `kid`. The claims stand in the order in which they
/// were given, and behind them, if there is a `ttl`, `iat`, `nbf` (both `now`) and `exp`.
///
/// # Errors
///
/// [`Error`] for what is wrong with the statement.
pub fn jws_encode(
    statement: &JwsEncode,
    now: UnixTime,
    backend: &'static dyn Backend,
) -> Result<String, Error> {
    let alg = statement.signature_algorithm;
    let header = header(&statement.headers, &[("signature_algorithm", "alg", alg.name())])?;
    let jwk = statement.key.bound("signature_algorithm", alg.alg())?;
    let key = SigningKey::from_jwk(&jwk, backend)?;
    let Some(claims) = statement.claims.claims() else {
        return match claims::lifetime(statement.ttl)? {
            Some(_) => Err(Error::Ttl { claim: None }),
            None => jws::sign_with_header(&header, &statement.claims.octets(), &key)
                .map_err(|error| Error::Sign(jwt::SignError::Jws(error))),
        };
    };
    claims::laid_out(claims)?;
    let builder = claims::builder(claims, statement.ttl, header, now)?;
    builder.sign(claims, &key).map_err(Error::Sign)
}

/// The parameters of [`jws_decode`].
///
/// | parameter | default |
/// |---|---|
/// | `token` | required |
/// | `key` | required |
/// | `check_claims` | `{}` |
/// | `signature_algorithm` | `HS256` |
/// | `timeDrift` | 0 |
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[must_use]
pub struct JwsDecode {
    token: String,
    key: Key,
    #[serde(default)]
    check_claims: Object,
    #[serde(default)]
    signature_algorithm: SignatureAlgorithm,
    #[serde(default, rename = "timeDrift")]
    time_drift: i64,
}

impl fmt::Debug for JwsDecode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwsDecode")
            .field("key", &self.key)
            .field("check_claims", &self.check_claims)
            .field("signature_algorithm", &self.signature_algorithm)
            .field("time_drift", &self.time_drift)
            .finish_non_exhaustive() // a token is a secret of whom it names
    }
}

impl JwsDecode {
    /// The defaults.
    pub fn new(token: impl Into<String>, key: Key) -> Self {
        Self {
            token: token.into(),
            key,
            check_claims: Object::default(),
            signature_algorithm: SignatureAlgorithm::default(),
            time_drift: 0,
        }
    }

    /// Refusing a token in which one of these claims is missing, or of another type or value.
    pub fn check_claims(mut self, claims: Object) -> Self {
        self.check_claims = claims;
        self
    }

    /// Refusing a token that is signed with another algorithm.
    pub const fn signature_algorithm(mut self, algorithm: SignatureAlgorithm) -> Self {
        self.signature_algorithm = algorithm;
        self
    }

    /// Forgiving clocks that differ by this many seconds, at most 600.
    pub const fn time_drift(mut self, seconds: i64) -> Self {
        self.time_drift = seconds;
        self
    }
}

/// Verifies a token and returns what it says.
///
/// `exp`, `nbf` and `iat` are checked where they are there; at the second of `exp` the token is over, as RFC 7519 §4.1.4
/// has it. A `sub` that is a number, which [`jws_encode`] does not write, is read.
///
/// # Errors
///
/// [`Error::Token`] and [`Error::CheckClaims`] for a token that is refused; others for what is wrong with the statement.
pub fn jws_decode(
    statement: &JwsDecode,
    now: UnixTime,
    backend: &'static dyn Backend,
) -> Result<Decoded<Verified<Vec<u8>>>, Error> {
    let alg = statement.signature_algorithm.alg();
    let rules = claims::rules(statement.time_drift)?;
    let jwk = statement.key.bound_public("signature_algorithm", alg)?;
    let key = VerifyingKey::from_jwk(&jwk, backend)?;
    let verified =
        jws::verify(&statement.token, &key).map_err(|error| Error::Token(error.into()))?;
    // What is not encoded is not for claims (RFC 7797 §7), nor for text.
    if claims::is_object(&verified) || verified.protected().b64() == Some(false) {
        let held = jwt::accept::<Object>(verified.clone(), &rules, now);
        held.err().map_or(Ok(()), claims::forgive_names)?;
    }
    let payload = payload(verified.content())?;
    claims::check(&payload, &statement.check_claims)?;
    Ok(Decoded::new(payload, verified))
}

pub(crate) fn payload(octets: &[u8]) -> Result<Payload, Error> {
    Payload::read(octets).ok_or(Error::Content)
}
