//! Signing claims (RFC 7519 §7.1).

use alloc::string::String;
use alloc::vec::Vec;
use core::error::Error;
use core::fmt::{self, Write as _};
use core::time::Duration;

use serde::Serialize;

use super::Claims;
use crate::base64url;
use crate::crypto::Backend;
use crate::error::{CryptoError, ParseError, Rule, Subject};
use crate::header::Header;
use crate::json;
use crate::jwa::SignatureAlgorithm;
use crate::jws::{self, Jws, SigningKey, Unsigned};
use crate::limits::Limits;
use crate::time::{DurationError, IntoSeconds, UnixTime};

/// Signs `claims` as they are, and returns the token. Its header has the key's `alg`, the key's
/// `kid` if there is one, and `typ` `JWT`.
///
/// # Errors
///
/// [`SignError`] if `claims` do not become a JSON object, or one with a registered claim of the
/// wrong type; or if the signature could not be made.
pub fn sign<C: Serialize>(claims: &C, key: &SigningKey) -> Result<String, SignError> {
    Builder::at(UnixTime::from_secs(0)).sign(claims, key)
}

/// Signs claims with times, a token name or header parameters that the claims do not have.
///
/// A claim that the claims themselves write is never changed: `expires_in` does nothing to claims
/// with an `exp`. Durations count from the claims' own `iat`, or from the time given to
/// [`at`](Self::at), which then becomes `iat`. Without any time option no `iat` is added.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use jose_core::{Alg, Jwk, UnixTime, jws::SigningKey, jwt::Builder};
/// # use jose_rustcrypto::BACKEND;
/// # let key = SigningKey::from_jwk(&Jwk::generate(Alg::ES256, BACKEND)?, BACKEND)?;
/// let token = Builder::at(UnixTime::from_secs(1_800_000_000))
///     .expires_in("1h")
///     .not_before_in("30s")
///     .random_jti(BACKEND)
///     .typ("at+jwt")
///     .sign(&serde_json::json!({"sub": "joe"}), &key)?;
/// # Ok(()) }
/// ```
#[derive(Debug)]
#[must_use]
pub struct Builder {
    now: UnixTime,
    iat: bool,
    exp: Option<When>,
    nbf: Option<When>,
    jti: Option<String>,
    typ: Choice,
    kid: Choice,
    header: Header,
    /// The first option that cannot be honoured.
    error: Option<SignError>,
}

#[derive(Clone, Copy, Debug)]
enum When {
    At(UnixTime),
    In(Duration),
}

#[derive(Debug)]
enum Choice {
    Default,
    Given(String),
    None,
}

impl Choice {
    fn or(&self, default: Option<&str>) -> Option<String> {
        match self {
            Self::Default => default.map(Into::into),
            Self::Given(text) => Some(text.clone()),
            Self::None => None,
        }
    }
}

impl Builder {
    /// A token signed at `now`; fractions of a second are dropped.
    pub fn at(now: UnixTime) -> Self {
        Self {
            now: now.floor(),
            iat: false,
            exp: None,
            nbf: None,
            jti: None,
            typ: Choice::Default,
            kid: Choice::Default,
            header: Header::new(),
            error: None,
        }
    }

    fn fail(&mut self, error: SignError) {
        self.error.get_or_insert(error);
    }

    fn seconds(&mut self, duration: impl IntoSeconds) -> Option<When> {
        match duration.into_seconds() {
            Ok(seconds) => Some(When::In(Duration::from_secs(seconds))),
            Err(error) => {
                self.fail(SignError::Duration(error));
                None
            }
        }
    }

    fn set_exp(mut self, exp: Option<When>) -> Self {
        if self.exp.is_some() {
            self.fail(SignError::Conflict("expires_in and expires_at"));
        }
        self.exp = exp;
        self
    }

    fn set_nbf(mut self, nbf: Option<When>) -> Self {
        if self.nbf.is_some() {
            self.fail(SignError::Conflict("not_before_in and not_before_at"));
        }
        self.nbf = nbf;
        self
    }

    /// Adds `exp`, so long after `iat`: `"15m"`, or a [`Duration`] of whole seconds. See
    /// [`IntoSeconds`] for the grammar. No time at all is an error when signing.
    pub fn expires_in(mut self, duration: impl IntoSeconds) -> Self {
        let exp = self.seconds(duration);
        if let Some(When::In(Duration::ZERO)) = exp {
            self.fail(SignError::Duration(DurationError::Zero));
        }
        self.set_exp(exp)
    }

    /// Adds `exp`, at that time; it may be past. Not together with
    /// [`expires_in`](Self::expires_in).
    pub fn expires_at(self, time: UnixTime) -> Self {
        self.set_exp(Some(When::At(time.floor())))
    }

    /// Adds `nbf`, so long after `iat`.
    pub fn not_before_in(mut self, duration: impl IntoSeconds) -> Self {
        let nbf = self.seconds(duration);
        self.set_nbf(nbf)
    }

    /// Adds `nbf`, at that time. Not together with [`not_before_in`](Self::not_before_in).
    pub fn not_before_at(self, time: UnixTime) -> Self {
        self.set_nbf(Some(When::At(time.floor())))
    }

    /// Adds `iat`, which is otherwise added only with an `exp` or `nbf`.
    pub const fn issued_at(mut self) -> Self {
        self.iat = true;
        self
    }

    /// Adds `jti`.
    pub fn jti(mut self, jti: impl Into<String>) -> Self {
        self.jti = Some(jti.into());
        self
    }

    /// Adds a `jti` of 16 random octets in base64url, from `backend`'s generator.
    pub fn random_jti(mut self, backend: &dyn Backend) -> Self {
        let mut name = [0; 16];
        match backend.random(&mut name) {
            Ok(()) => self.jti = Some(base64url::encode(&name)),
            Err(error) => self.fail(SignError::Unavailable(error)),
        }
        self
    }

    /// Sets `typ` to something other than `JWT`; explicit types keep tokens for different purposes
    /// apart (RFC 8725 §3.11).
    pub fn typ(mut self, typ: impl Into<String>) -> Self {
        self.typ = Choice::Given(typ.into());
        self
    }

    /// Leaves `typ` out.
    pub fn without_typ(mut self) -> Self {
        self.typ = Choice::None;
        self
    }

    /// Sets `kid` to something other than the key's name.
    pub fn kid(mut self, kid: impl Into<String>) -> Self {
        self.kid = Choice::Given(kid.into());
        self
    }

    /// Leaves `kid` out.
    pub fn without_kid(mut self) -> Self {
        self.kid = Choice::None;
        self
    }

    /// Starts from a header of the caller's; its `typ` and `kid`, if any, count as set.
    pub fn header(mut self, header: Header) -> Self {
        if let Some(typ) = header.typ() {
            self.typ = Choice::Given(typ.into());
        }
        if let Some(kid) = header.kid() {
            self.kid = Choice::Given(kid.into());
        }
        self.header = header;
        self
    }

    /// Signs `claims` and returns the token.
    ///
    /// # Errors
    ///
    /// [`SignError`] if an option cannot be honoured, if `claims` do not become a JSON object, or
    /// one with a registered claim of the wrong type, or if the signature could not be made.
    pub fn sign<C: Serialize>(self, claims: &C, key: &SigningKey) -> Result<String, SignError> {
        let header = self.header_of(key.kid());
        let payload = self.payload(claims)?;
        jws::sign_with_header(&header, payload.as_bytes(), key).map_err(SignError::Jws)
    }

    /// Signs `claims` with each of `keys`, and returns one [`Jws`] that has them once: the options
    /// count for every signature. [`jwt::accept`](super::accept) is the other side.
    ///
    /// # Errors
    ///
    /// As [`sign`](Self::sign).
    pub fn sign_by<'k, C: Serialize>(
        self,
        claims: &C,
        keys: impl IntoIterator<Item = &'k SigningKey>,
    ) -> Result<Jws, SignError> {
        let keys: Vec<_> = keys.into_iter().collect();
        let headers: Vec<_> = keys.iter().map(|key| self.header_of(key.kid())).collect();
        let mut jws = Jws::new(self.payload(claims)?);
        for (key, header) in keys.into_iter().zip(headers) {
            jws.sign_with(&header, None, key).map_err(SignError::Jws)?;
        }
        Ok(jws)
    }

    /// Lays out `claims` for a key that is held elsewhere: `alg` and `kid` are that key's.
    ///
    /// # Errors
    ///
    /// As [`sign`](Self::sign), but for the signature.
    pub fn unsigned<C: Serialize>(
        self,
        claims: &C,
        alg: SignatureAlgorithm,
        kid: Option<&str>,
    ) -> Result<Unsigned, SignError> {
        let header = self.header_of(kid);
        let payload = self.payload(claims)?;
        Unsigned::with_header(alg, &header, payload.as_bytes()).map_err(SignError::Jws)
    }

    pub(super) fn header_of(&self, kid: Option<&str>) -> Header {
        let header = self.header.clone().without_typ().without_kid();
        let header = match self.typ.or(Some("JWT")) {
            Some(typ) => header.with_typ(typ),
            None => header,
        };
        match self.kid.or(kid) {
            Some(kid) => header.with_kid(kid),
            None => header,
        }
    }

    /// The claims as JSON, with what the options add at the end.
    pub(super) fn payload<C: Serialize>(self, claims: &C) -> Result<String, SignError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        let json = serde_json::to_vec(claims).map_err(|_| Rule::Shape.of(Subject::Claims))?;
        let claims = Claims::parse(json, &Limits::DEFAULT)?;
        let iat = claims.issued_at().unwrap_or(self.now);
        let date = |when| match when {
            When::At(time) => Ok(time),
            When::In(duration) => {
                iat.checked_add(duration).ok_or(SignError::Duration(DurationError::Overflow))
            }
        };
        let timed = self.iat || self.exp.is_some() || self.nbf.is_some();
        let exp = self.exp.map(date).transpose()?;
        let nbf = self.nbf.map(date).transpose()?;
        let times = [("iat", timed.then_some(iat)), ("nbf", nbf), ("exp", exp)];
        let mut out = String::from(claims.json().trim_end());
        out.pop();
        let mut separator = if claims.members().next().is_some() { "," } else { "" };
        for (name, time) in times {
            if let (Some(time), None) = (time, claims.json_of(name)) {
                // Writing to a `String` has no way to fail.
                let _ = write!(out, "{separator}\"{name}\":{time}");
                separator = ",";
            }
        }
        if let (Some(jti), None) = (&self.jti, claims.json_of("jti")) {
            out.push_str(separator);
            out.push_str("\"jti\":");
            json::quote_into(jti, &mut out);
        }
        out.push('}');
        Ok(out)
    }
}

/// Why claims could not be signed.
#[derive(Debug)]
#[non_exhaustive]
pub enum SignError {
    /// The claims are no JSON object, or a registered claim is of the wrong type.
    Claims(ParseError),
    /// Two options that exclude each other.
    Conflict(&'static str),
    /// A duration that an option cannot take.
    Duration(DurationError),
    /// The token could not be signed.
    Jws(jws::SignError),
    /// The backend could not draw a `jti`.
    Unavailable(CryptoError),
}

impl SignError {
    /// A code that stays the same between versions.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Claims(error) => error.code(),
            Self::Conflict(_) => "ERR_JWT_CLAIM_INVALID",
            Self::Duration(error) => error.code(),
            Self::Jws(error) => error.code(),
            Self::Unavailable(error) => error.code(),
        }
    }
}

impl From<ParseError> for SignError {
    fn from(error: ParseError) -> Self {
        Self::Claims(error)
    }
}

impl fmt::Display for SignError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Claims(_) => f.write_str("these claims cannot be signed"),
            Self::Conflict(options) => write!(f, "{options} exclude each other"),
            Self::Duration(_) => f.write_str("a time option cannot be honoured"),
            Self::Jws(_) => f.write_str("the token could not be signed"),
            Self::Unavailable(_) => f.write_str("a token name could not be drawn"),
        }
    }
}

impl Error for SignError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Claims(error) => Some(error),
            Self::Conflict(_) => None,
            Self::Duration(error) => Some(error),
            Self::Jws(error) => Some(error),
            Self::Unavailable(error) => Some(error),
        }
    }
}
