//! Verifying tokens with claims (RFC 7519 §7.2): the signature first, then what it says.

use alloc::vec::Vec;
use core::error::Error as StdError;
use core::fmt;

use serde::de::DeserializeOwned;

use super::{Claims, ClaimsError, Presented, Validation};
use crate::error::{DecryptError, ParseError, Subject, VerifyError};
use crate::header::Header;
use crate::jwe;
use crate::jws::{self, KeyResolver, Unmet, ValidSignature, Verified};
use crate::time::UnixTime;

/// Verifies a token and returns its claims as `C`.
///
/// The signature is checked first, then the claims against `rules` at the time `now`, and only
/// then are they read as `C`.
///
/// # Errors
///
/// [`Error::Parse`] for what is no token, or whose claims are no JSON object or do not fit `C`;
/// [`Error::Verify`] for one that none of the keys signed; [`Error::Claims`] for one whose claims
/// break a rule, with every rule they break.
pub fn verify<C: DeserializeOwned>(
    token: &str,
    keys: &(impl KeyResolver + ?Sized),
    rules: &Validation,
    now: UnixTime,
) -> Result<Verified<C>, Error> {
    verify_under(None, token, keys, rules, now)
}

/// As [`verify`], for a token that came encrypted, under the header `outside`.
pub(super) fn verify_under<C: DeserializeOwned>(
    outside: Option<&Header>,
    token: &str,
    keys: &(impl KeyResolver + ?Sized),
    rules: &Validation,
    now: UnixTime,
) -> Result<Verified<C>, Error> {
    accept_under(outside, jws::verify_encoded(token, keys, rules.policy())?, rules, now)
}

/// Holds the payload of a token that has been verified already to `rules`, and returns it as `C`.
///
/// This is the second half of [`verify`], for tokens whose signature was checked apart: with keys
/// that had to be fetched first, say, or claims that several have [signed](jws::Jws). Of several
/// valid signatures each has to have the `typ` that `rules` ask for.
///
/// # Errors
///
/// [`Error::Parse`] if the payload is no JSON object or does not fit `C`; [`Error::Claims`] if the
/// claims break a rule; [`Error::Verify`] if the payload was not encoded (RFC 7797 §7), or `rules` have
/// a policy that requires other signatures than were required before.
pub fn accept<C: DeserializeOwned>(
    verified: Verified<Vec<u8>>,
    rules: &Validation,
    now: UnixTime,
) -> Result<Verified<C>, Error> {
    accept_under(None, verified, rules, now)
}

/// As [`accept`], for a token that came encrypted: what the headers `outside` repeat of `iss`, `sub` and
/// `aud` has to be the same inside (RFC 7519 §5.3).
///
/// This is the last step of [`decrypt_then_verify`](super::decrypt_then_verify), for tokens that were
/// decrypted and verified apart.
///
/// # Errors
///
/// As [`accept`].
pub fn accept_under<'h, C: DeserializeOwned>(
    outside: impl IntoIterator<Item = &'h Header>,
    verified: Verified<Vec<u8>>,
    rules: &Validation,
    now: UnixTime,
) -> Result<Verified<C>, Error> {
    let claims = hold(outside, verified, rules, now)?;
    // Before the caller's own conditions: one that remembers what it saw must not see a token that
    // is refused all the same.
    let decoded = claims.decode()?;
    rules.ask(&Presented::from(&claims))?;
    claims.try_map(|_| Ok(decoded))
}

/// As [`verify`], with the claims as they are.
///
/// # Errors
///
/// As [`verify`].
pub fn verify_claims(
    token: &str,
    keys: &(impl KeyResolver + ?Sized),
    rules: &Validation,
    now: UnixTime,
) -> Result<Verified<Claims>, Error> {
    let claims = hold(None, jws::verify_encoded(token, keys, rules.policy())?, rules, now)?;
    rules.ask(&Presented::from(&claims))?;
    Ok(claims)
}

/// Everything but the caller's own conditions.
fn hold<'h>(
    outside: impl IntoIterator<Item = &'h Header>,
    verified: Verified<Vec<u8>>,
    rules: &Validation,
    now: UnixTime,
) -> Result<Verified<Claims>, Error> {
    // A signature is not checked again, so it has to have been checked under rules no laxer than these.
    if !verified.satisfies(rules.policy()) {
        return Err(VerifyError::Unmet(Unmet::new(rules.policy().required())).into());
    }
    for signature in verified.signatures() {
        jws::refuse_unencoded(signature.protected())?;
    }
    let claims = verified.try_map(|payload| {
        Claims::parse_object(payload, rules.policy().ceilings())
            .map_err(|rule| rule.of(Subject::Claims))
    })?;
    rules.hold(claims.signatures().map(ValidSignature::protected), outside, &claims, now)?;
    Ok(claims)
}

/// Why a token with claims was not accepted.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// It is genuine, and its claims are not acceptable, here or now.
    Claims(ClaimsError),
    /// None of the keys decrypts it.
    Decrypt(DecryptError),
    /// It is no token, or holds no claims of the type asked for.
    Parse(ParseError),
    /// None of the keys signed it.
    Verify(VerifyError),
}

impl Error {
    /// A code that stays the same between versions.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Claims(error) => error.code(),
            Self::Decrypt(error) => error.code(),
            Self::Parse(error) => error.code(),
            Self::Verify(error) => error.code(),
        }
    }
}

impl From<ClaimsError> for Error {
    fn from(error: ClaimsError) -> Self {
        Self::Claims(error)
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

impl From<jwe::Error> for Error {
    fn from(error: jwe::Error) -> Self {
        match error {
            jwe::Error::Decrypt(error) => Self::Decrypt(error),
            jwe::Error::Parse(error) => Self::Parse(error),
        }
    }
}

impl From<jws::Error> for Error {
    fn from(error: jws::Error) -> Self {
        match error {
            jws::Error::Parse(error) => Self::Parse(error),
            jws::Error::Verify(error) => Self::Verify(error),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Claims(_) => "the claims are not acceptable",
            Self::Decrypt(_) => "the token was not decrypted",
            Self::Parse(_) => "not a well-formed token",
            Self::Verify(_) => "the token was not accepted",
        })
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Claims(error) => Some(error),
            Self::Decrypt(error) => Some(error),
            Self::Parse(error) => Some(error),
            Self::Verify(error) => Some(error),
        }
    }
}
