//! Verifying (RFC 7515 §5.2): the one door through which every signature comes.

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::error::Error as StdError;
use core::fmt;

use super::object::NO_PAYLOAD;
use super::outcomes::Headers;
use super::payload::{NOT_A_SEGMENT, is_segment};
use super::{KeyResolver, Outcome, Policy, Unmet, ValidSignature, Verified, VerifyingKey, compact};
use crate::base64url;
use crate::error::{Critical, NoMatchReason, NoMatchingKey, ParseError, Refused, Rule};
use crate::error::{Subject, VerifyError};
use crate::header::Header;
use crate::limits::Limits;

/// Verifies a token in compact serialization under the default [`Policy`].
///
/// `keys` are one [`VerifyingKey`], [`VerifyingKeys`](super::VerifyingKeys) or another
/// [`KeyResolver`]. For the JSON serializations and for detached payloads see [`Jws`](super::Jws).
///
/// # Errors
///
/// [`Error::Parse`] for what is no JWS, [`Error::Verify`] for one that none of the keys signed.
pub fn verify(token: &str, keys: &(impl KeyResolver + ?Sized)) -> Result<Verified<Vec<u8>>, Error> {
    verify_with(token, keys, &Policy::default())
}

/// As [`verify`], under a policy of the caller's.
///
/// # Errors
///
/// As [`verify`].
pub fn verify_with(
    token: &str,
    keys: &(impl KeyResolver + ?Sized),
    policy: &Policy,
) -> Result<Verified<Vec<u8>>, Error> {
    let unverified = Unverified::parse_within(token, policy.ceilings())?;
    unverified.verify_with(keys, policy)
}

/// As [`verify_with`], for claims: RFC 7797 §7 keeps `b64` out of JWTs.
pub(crate) fn verify_encoded(
    token: &str,
    keys: &(impl KeyResolver + ?Sized),
    policy: &Policy,
) -> Result<Verified<Vec<u8>>, Error> {
    let unverified = Unverified::parse_within(token, policy.ceilings())?;
    refuse_unencoded(unverified.protected())?;
    unverified.verify_with(keys, policy)
}

/// Refuses a payload that is not encoded where claims are expected.
pub(crate) fn refuse_unencoded(protected: &Header) -> Result<(), VerifyError> {
    match protected.b64() {
        Some(false) => Err(VerifyError::Critical(Critical::NotUnderstood("b64".into()))),
        _ => Ok(()),
    }
}

/// A well-formed signature with what it is said to sign: anyone could have made it.
///
/// That is a whole token in compact serialization, or one signature of a [`Jws`](super::Jws). Its
/// headers may be looked at to find keys. Its payload stays out of reach until a signature passed;
/// who must look nevertheless finds the way in [`hazmat`](crate::hazmat).
#[derive(Clone)]
pub struct Unverified<'t> {
    /// Its place among the signatures of the JWS, and how many there are.
    index: usize,
    total: usize,
    protected: Cow<'t, Header>,
    unprotected: Option<&'t Header>,
    input: SigningInput<'t>,
    /// `None` if it is elsewhere.
    payload: Option<Cow<'t, [u8]>>,
    signature: Cow<'t, [u8]>,
}

/// The JWS Signing Input (RFC 7515 §5.1, RFC 7797 §3), where it lies.
#[derive(Clone, Copy)]
pub(super) enum SigningInput<'t> {
    Whole([&'t [u8]; 1]),
    Parts([&'t [u8]; 3]),
}

impl<'t> SigningInput<'t> {
    pub(super) const fn of(protected: &'t str, payload: &'t [u8]) -> Self {
        Self::Parts([protected.as_bytes(), b".", payload])
    }

    pub(super) const fn parts(&self) -> &[&'t [u8]] {
        match self {
            Self::Whole(whole) => whole,
            Self::Parts(parts) => parts,
        }
    }
}

impl<'t> Unverified<'t> {
    /// Reads a token in compact serialization, within the default [`Limits`].
    ///
    /// # Errors
    ///
    /// [`ParseError`] unless there are exactly three segments, the first of them a JOSE Header with
    /// an `alg`, and each in canonical base64url; the payload may be printable ASCII instead if the
    /// header says so (RFC 7797 §5.2).
    pub fn parse(token: &'t str) -> Result<Self, ParseError> {
        Self::parse_within(token, &Limits::DEFAULT)
    }

    /// As [`parse`](Self::parse), within ceilings of the caller's choice.
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse).
    pub fn parse_within(token: &'t str, limits: &Limits) -> Result<Self, ParseError> {
        Self::read(token, limits).map_err(|rule| rule.of(Subject::Jws))
    }

    pub(super) fn read(token: &'t str, limits: &Limits) -> Result<Self, Rule> {
        if token.len() > limits.token {
            return Err(Rule::TooLong { limit: limits.token });
        }
        let segments = compact::split(token)?;
        let protected = compact::header(segments.header, limits)?;
        if protected.alg().is_none() {
            return Err(Rule::Missing { member: "alg" });
        }
        let payload = segments.payload.as_bytes();
        let payload = if protected.b64() == Some(false) {
            Cow::Borrowed(Some(payload).filter(|text| is_segment(text)).ok_or(NOT_A_SEGMENT)?)
        } else {
            Cow::Owned(base64url::decode(payload)?)
        };
        Ok(Self {
            index: 0,
            total: 1,
            protected: Cow::Owned(protected),
            unprotected: None,
            input: SigningInput::Whole([segments.signing_input.as_bytes()]),
            payload: Some(payload),
            signature: Cow::Owned(base64url::decode(segments.signature.as_bytes())?),
        })
    }

    /// One signature of an object that has been read already.
    pub(super) const fn new(
        (index, total): (usize, usize),
        protected: &'t Header,
        unprotected: Option<&'t Header>,
        input: SigningInput<'t>,
        payload: Option<&'t [u8]>,
        signature: &'t [u8],
    ) -> Self {
        Self {
            index,
            total,
            protected: Cow::Borrowed(protected),
            unprotected,
            input,
            payload: match payload {
                Some(payload) => Some(Cow::Borrowed(payload)),
                None => None,
            },
            signature: Cow::Borrowed(signature),
        }
    }

    /// The protected header, as written by whoever made the token. All there is in a compact one.
    #[must_use]
    pub fn protected(&self) -> &Header {
        &self.protected
    }

    /// The unprotected header, as written by whoever passed the token on.
    #[must_use]
    pub const fn unprotected(&self) -> Option<&Header> {
        self.unprotected
    }

    /// `alg`, from either header: the name may be unknown here, and even `none`.
    #[must_use]
    pub fn alg(&self) -> &str {
        let unprotected = || self.unprotected.and_then(Header::alg);
        self.protected.alg().or_else(unprotected).unwrap_or_default()
    }

    /// `kid`, from either header: the name of the key, in the sender's words.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.protected.kid().or_else(|| self.unprotected.and_then(Header::kid))
    }

    pub(crate) fn unverified_payload(&self) -> &[u8] {
        self.payload.as_deref().unwrap_or_default()
    }

    /// Accepts the token if one of `keys` signed it, under the default [`Policy`].
    ///
    /// # Errors
    ///
    /// As [`verify_with`](Self::verify_with).
    pub fn verify(self, keys: &(impl KeyResolver + ?Sized)) -> Result<Verified<Vec<u8>>, Error> {
        self.verify_with(keys, &Policy::default())
    }

    /// Accepts the token if one of `keys` signed it.
    ///
    /// # Errors
    ///
    /// [`VerifyError::Critical`] and [`VerifyError::NoMatchingKey`] follow from the headers and the
    /// caller's keys, before any cryptography. [`VerifyError::InvalidSignature`] if every key that
    /// was tried said no, [`VerifyError::Unavailable`] if one could not answer and none said yes,
    /// [`VerifyError::Unmet`] if the policy asks for more than this one signature. [`Error::Parse`]
    /// if the payload is elsewhere.
    pub fn verify_with(
        self,
        keys: &(impl KeyResolver + ?Sized),
        policy: &Policy,
    ) -> Result<Verified<Vec<u8>>, Error> {
        if self.payload.is_none() {
            return Err(Error::Parse(NO_PAYLOAD));
        }
        let key = self.signer(keys, policy)?;
        let required = policy.required();
        if !required.is_met(self.total, &[&key]) {
            return Err(Error::Verify(VerifyError::Unmet(Unmet::new(required))));
        }
        let unprotected = self.unprotected.cloned();
        let signature =
            ValidSignature::by(&key, self.index, self.protected.into_owned(), unprotected);
        let content = self.payload.map(Cow::into_owned).unwrap_or_default();
        Ok(Verified::by(signature, Vec::new(), content, required.clone()))
    }

    /// What becomes of it as one signature among others.
    pub(super) fn outcome(&self, keys: &(impl KeyResolver + ?Sized), policy: &Policy) -> Outcome {
        Outcome::new(self.index, self.headers(), self.signer(keys, policy))
    }

    /// The key that signed it: the only place where a key is asked about a whole signature.
    fn signer(
        &self,
        keys: &(impl KeyResolver + ?Sized),
        policy: &Policy,
    ) -> Result<VerifyingKey, VerifyError> {
        self.check_headers(policy)?;
        let keys = keys.resolve(self).map_err(VerifyError::Unavailable)?;
        let mut refusal = VerifyError::InvalidSignature;
        for key in keys.select(self, policy.ceilings().tries)? {
            if !key.fits(self.signature.len()) {
                continue;
            }
            match key.verifier.verify(self.input.parts(), &self.signature) {
                Ok(()) => return Ok(key.clone()),
                Err(Refused::Invalid) => {}
                Err(Refused::Unavailable(error)) => refusal = VerifyError::Unavailable(error),
            }
        }
        Err(refusal)
    }

    /// Everything that the headers alone decide, before anyone is asked for keys.
    pub(super) fn check_headers(&self, policy: &Policy) -> Result<(), VerifyError> {
        self.protected
            .check_crit(|name| policy.is_understood(name))
            .map_err(VerifyError::Critical)?;
        if self.protected.alg().is_none() && !policy.accepts_unprotected_alg() {
            return Err(self.no_match(NoMatchReason::UnprotectedAlgorithm));
        }
        Ok(())
    }

    pub(super) fn no_match(&self, reason: NoMatchReason) -> VerifyError {
        VerifyError::NoMatchingKey(NoMatchingKey::new(reason, self.alg(), self.kid()))
    }

    pub(super) fn headers(&self) -> Headers {
        (self.protected().clone(), self.unprotected.cloned())
    }

    /// The protected header as it is signed.
    pub(super) fn protected_text(&self) -> &[u8] {
        match self.input {
            SigningInput::Parts([protected, ..]) => protected,
            SigningInput::Whole([whole]) => {
                whole.split(|octet| *octet == b'.').next().unwrap_or_default()
            }
        }
    }

    pub(super) fn signature(&self) -> &[u8] {
        &self.signature
    }
}

impl fmt::Debug for Unverified<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // With its payload and signature it would be a token for anyone to use.
        f.debug_struct("Unverified")
            .field("protected", &self.protected)
            .field("unprotected", &self.unprotected)
            .finish_non_exhaustive()
    }
}

/// Why a token, or one signature of a JWS, was not accepted.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// It is no JWS.
    Parse(ParseError),
    /// None of the keys signed it.
    Verify(VerifyError),
}

impl Error {
    /// A code that stays the same between versions.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Parse(error) => error.code(),
            Self::Verify(error) => error.code(),
        }
    }
}

impl From<ParseError> for Error {
    fn from(error: ParseError) -> Self {
        Self::Parse(error)
    }
}

impl From<VerifyError> for Error {
    fn from(error: VerifyError) -> Self {
        Self::Verify(error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Parse(_) => "not a well-formed token",
            Self::Verify(_) => "the token was not accepted",
        })
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Parse(error) => Some(error),
            Self::Verify(error) => Some(error),
        }
    }
}
