//! Verifying (RFC 7515 §5.2): the one door through which every token comes.

use alloc::string::String;
use alloc::vec::Vec;
use core::error::Error as StdError;
use core::fmt;
use core::ops::Deref;

use serde::de::DeserializeOwned;

use super::compact;
use super::{KeyResolver, VerifyingKey, VerifyingKeys};
use crate::base64url;
use crate::error::{Critical, ParseError, Refused, Rule, Subject, VerifyError};
use crate::header::Header;
use crate::json;
use crate::jwa::SignatureAlgorithm;
use crate::limits::Limits;

/// Verifies a token in compact serialization under the default [`Policy`].
///
/// `keys` are one [`VerifyingKey`], [`VerifyingKeys`] or another [`KeyResolver`].
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
    let unverified = Unverified::parse_within(token, &policy.limits)?;
    let keys = keys.resolve(&unverified).map_err(VerifyError::Unavailable)?;
    Ok(unverified.verify_with(&keys, policy)?)
}

/// What a verifier accepts beyond its keys: ceilings, and the extensions it understands.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    limits: Limits,
    understood: Vec<String>,
}

impl Policy {
    /// The default ceilings, and no extension.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Other ceilings.
    #[must_use]
    pub const fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Accepts tokens whose `crit` names `parameter`: the caller looks at it and honours it.
    ///
    /// `b64` cannot be had this way. It changes what is signed, so only this crate could honour it.
    #[must_use]
    pub fn understands(mut self, parameter: impl Into<String>) -> Self {
        let parameter = parameter.into();
        if parameter != "b64" {
            self.understood.push(parameter);
        }
        self
    }

    pub(crate) const fn ceilings(&self) -> &Limits {
        &self.limits
    }
}

/// A well-formed token of which nothing is known yet: anyone could have made it.
///
/// Its header may be looked at to find keys. Its payload stays out of reach until a signature
/// passed; who must look nevertheless finds the way in [`hazmat`](crate::hazmat).
#[derive(Clone)]
pub struct Unverified<'t> {
    signing_input: &'t str,
    header: Header,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

impl<'t> Unverified<'t> {
    /// Reads a token in compact serialization, within the default [`Limits`].
    ///
    /// # Errors
    ///
    /// [`ParseError`] unless there are exactly three segments of canonical base64url, the first
    /// of them a JOSE Header with an `alg`.
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

    fn read(token: &'t str, limits: &Limits) -> Result<Self, Rule> {
        if token.len() > limits.token {
            return Err(Rule::TooLong { limit: limits.token });
        }
        let segments = compact::split(token)?;
        if segments.header.len() > base64url::encoded_len(limits.header) {
            return Err(Rule::TooLong { limit: limits.header });
        }
        let header = base64url::decode(segments.header.as_bytes())?;
        let header = Header::parse(&header, limits.header_depth)?;
        if header.alg().is_none() {
            return Err(Rule::Missing { member: "alg" });
        }
        Ok(Self {
            signing_input: segments.signing_input,
            header,
            payload: base64url::decode(segments.payload.as_bytes())?,
            signature: base64url::decode(segments.signature.as_bytes())?,
        })
    }

    /// The header, as written by whoever made the token.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    pub(crate) fn unverified_payload(&self) -> &[u8] {
        &self.payload
    }

    /// Accepts the token if one of `keys` signed it, under the default [`Policy`].
    ///
    /// # Errors
    ///
    /// As [`verify_with`](Self::verify_with).
    pub fn verify(self, keys: &VerifyingKeys) -> Result<Verified<Vec<u8>>, VerifyError> {
        self.verify_with(keys, &Policy::default())
    }

    /// Accepts the token if one of `keys` signed it.
    ///
    /// # Errors
    ///
    /// [`VerifyError::Critical`] and [`VerifyError::NoMatchingKey`] follow from the public header
    /// and the caller's keys, before any cryptography. [`VerifyError::InvalidSignature`] if every
    /// key that was tried said no, [`VerifyError::Unavailable`] if one could not answer and none
    /// said yes.
    pub fn verify_with(
        self,
        keys: &VerifyingKeys,
        policy: &Policy,
    ) -> Result<Verified<Vec<u8>>, VerifyError> {
        self.header.check_crit(&policy.understood).map_err(VerifyError::Critical)?;
        if self.header.b64() == Some(false) {
            // Not named in `crit`, or it would have been refused above: RFC 7797 §6.
            return Err(VerifyError::Critical(Critical::NotUnderstood("b64".into())));
        }
        let candidates =
            keys.select(&self.header, policy.limits.tries).map_err(VerifyError::NoMatchingKey)?;
        let mut refusal = VerifyError::InvalidSignature;
        for key in candidates {
            if !key.fits(self.signature.len()) {
                continue;
            }
            match key.verifier.verify(&[self.signing_input.as_bytes()], &self.signature) {
                Ok(()) => return Ok(Verified::by(key, self.header, self.payload)),
                Err(Refused::Invalid) => {}
                Err(Refused::Unavailable(error)) => refusal = VerifyError::Unavailable(error),
            }
        }
        Err(refusal)
    }
}

impl fmt::Debug for Unverified<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // With its payload and signature it would be a token for anyone to use.
        f.debug_struct("Unverified").field("header", &self.header).finish_non_exhaustive()
    }
}

/// Proof that its content came with a valid signature or MAC of a trusted key.
///
/// There is one way to make one: verifying. It cannot be built, deserialized or converted into.
///
/// ```compile_fail
/// use jose_core::jws::Verified;
///
/// let forged = Verified { content: "claims" };
/// ```
#[derive(Clone, Debug)]
pub struct Verified<T> {
    content: T,
    header: Header,
    alg: SignatureAlgorithm,
    kid: Option<String>,
}

impl<T> Verified<T> {
    /// The one constructor, called where a signature has just passed.
    fn by(key: &VerifyingKey, header: Header, content: T) -> Self {
        Self { content, header, alg: key.alg(), kid: key.kid().map(Into::into) }
    }

    /// What was signed.
    #[must_use]
    pub const fn content(&self) -> &T {
        &self.content
    }

    /// What was signed, without the proof.
    #[must_use]
    pub fn into_content(self) -> T {
        self.content
    }

    /// The JWS Protected Header, which was signed too.
    #[must_use]
    pub const fn protected(&self) -> &Header {
        &self.header
    }

    /// The algorithm of the key that verified it.
    #[must_use]
    pub const fn alg(&self) -> SignatureAlgorithm {
        self.alg
    }

    /// The name of the key that verified it: ours, not the header's word.
    #[must_use]
    pub fn key_id(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The same proof over the content in another form.
    pub(crate) fn try_map<U, E>(
        self,
        map: impl FnOnce(T) -> Result<U, E>,
    ) -> Result<Verified<U>, E> {
        let Self { content, header, alg, kid } = self;
        Ok(Verified { content: map(content)?, header, alg, kid })
    }
}

impl Verified<Vec<u8>> {
    /// The payload as text.
    ///
    /// # Errors
    ///
    /// [`ParseError`] if it is not UTF-8.
    pub fn into_text(self) -> Result<Verified<String>, ParseError> {
        self.try_map(|octets| {
            String::from_utf8(octets).map_err(|_| Rule::Utf8.of(Subject::Payload))
        })
    }

    /// The payload as JSON of any type, nested as deep as the default [`Limits`] allow claims.
    ///
    /// No claims are checked, and an expired token is JSON like any other: see
    /// [`jwt::accept`](crate::jwt::accept) for that.
    ///
    /// # Errors
    ///
    /// [`ParseError`] if it is not JSON as strict as headers are, or does not fit `T`.
    pub fn into_json<T: DeserializeOwned>(self) -> Result<Verified<T>, ParseError> {
        self.try_map(|octets| json::read(&octets, Limits::DEFAULT.claims_depth))
            .map_err(|rule| rule.of(Subject::Payload))
    }
}

impl<T> Deref for Verified<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.content
    }
}

/// Why a token was not accepted.
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
    pub const fn code(&self) -> &'static str {
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
