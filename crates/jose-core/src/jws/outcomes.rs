//! What became of each signature of a JWS, and whether that is enough.

use alloc::vec::Vec;
use core::error::Error as StdError;
use core::fmt;

use super::{Error, Required, ValidSignature, Verified, VerifyingKey};
use crate::error::{ParseError, VerifyError};
use crate::header::Header;
use crate::jwa::SignatureAlgorithm;

/// What became of each signature of a JWS. The content is inside, and comes out by
/// [`into_verified`](Self::into_verified) alone.
///
/// `T` is the payload in octets, or `()` where it came piece by piece and was not kept.
#[must_use = "nothing is verified before `into_verified`"]
pub struct Outcomes<T = Vec<u8>> {
    signatures: Vec<Outcome>,
    required: Required,
    content: T,
}

/// What became of one signature.
#[derive(Debug)]
pub struct Outcome {
    index: usize,
    verdict: Verdict,
}

/// The protected and the unprotected header of a signature.
pub(super) type Headers = (Header, Option<Header>);

#[derive(Debug)]
enum Verdict {
    /// Without headers, if they cannot be read.
    Refused(Option<Headers>, Error),
    Valid(Headers, VerifyingKey),
}

impl Outcome {
    pub(super) fn new(
        index: usize,
        headers: Headers,
        verdict: Result<VerifyingKey, VerifyError>,
    ) -> Self {
        let verdict = match verdict {
            Ok(key) => Verdict::Valid(headers, key),
            Err(error) => Verdict::Refused(Some(headers), Error::Verify(error)),
        };
        Self { index, verdict }
    }

    pub(super) const fn malformed(index: usize, error: ParseError) -> Self {
        Self { index, verdict: Verdict::Refused(None, Error::Parse(error)) }
    }

    fn headers(&self) -> Option<&Headers> {
        match &self.verdict {
            Verdict::Refused(headers, _) => headers.as_ref(),
            Verdict::Valid(headers, _) => Some(headers),
        }
    }

    /// The key that made it.
    const fn key(&self) -> Option<&VerifyingKey> {
        match &self.verdict {
            Verdict::Refused(..) => None,
            Verdict::Valid(_, key) => Some(key),
        }
    }

    /// Its place among the signatures, from 0.
    #[must_use]
    pub const fn index(&self) -> usize {
        self.index
    }

    /// Whether it is valid.
    #[must_use]
    pub const fn is_valid(&self) -> bool {
        self.key().is_some()
    }

    /// The protected header; `None` if the signature is malformed. To be trusted only where it
    /// [`is_valid`](Self::is_valid).
    #[must_use]
    pub fn protected(&self) -> Option<&Header> {
        self.headers().map(|(protected, _)| protected)
    }

    /// The unprotected header, if there is one. Never to be trusted.
    #[must_use]
    pub fn unprotected(&self) -> Option<&Header> {
        self.headers()?.1.as_ref()
    }

    /// `kid`, from either header: the name of the key, in the sender's words.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.protected()?.kid().or_else(|| self.unprotected()?.kid())
    }

    /// The algorithm of the key that made it; `None` if it is not valid.
    #[must_use]
    pub fn alg(&self) -> Option<SignatureAlgorithm> {
        self.key().map(VerifyingKey::alg)
    }

    /// The name of the key that made it, ours and not the header's word; `None` if it is not valid,
    /// or the key has no name.
    #[must_use]
    pub fn key_id(&self) -> Option<&str> {
        self.key()?.kid()
    }

    /// Why it is not valid. [`Error::Parse`]: malformed. [`Error::Verify`]: tried and
    /// [not valid](VerifyError::InvalidSignature), or why it was not tried.
    #[must_use]
    pub const fn error(&self) -> Option<&Error> {
        match &self.verdict {
            Verdict::Refused(_, error) => Some(error),
            Verdict::Valid(..) => None,
        }
    }
}

impl<T> Outcomes<T> {
    pub(super) const fn new(signatures: Vec<Outcome>, required: Required, content: T) -> Self {
        Self { signatures, required, content }
    }

    /// What became of each signature, in the order of the JWS.
    pub fn iter(&self) -> impl Iterator<Item = &Outcome> {
        self.signatures.iter()
    }

    /// The content, if the signatures that the policy [requires](super::Policy::require) are valid.
    ///
    /// # Errors
    ///
    /// If the only signature is not valid, why. Of several, [`VerifyError::Unmet`] tells of each.
    pub fn into_verified(self) -> Result<Verified<T>, Error> {
        let total = self.signatures.len();
        let signers: Vec<_> = self.signatures.iter().filter_map(Outcome::key).collect();
        let met = self.required.is_met(total, &signers);
        let (mut valid, mut refused) = (Vec::new(), Vec::new());
        for Outcome { index, verdict } in self.signatures {
            match verdict {
                Verdict::Valid((protected, unprotected), key) => {
                    valid.push(ValidSignature::by(&key, index, protected, unprotected));
                }
                Verdict::Refused(_, error) => refused.push((index, error)),
            }
        }
        let count = valid.len();
        let mut valid = valid.into_iter();
        match (valid.next(), met) {
            (Some(first), true) => {
                Ok(Verified::by(first, valid.collect(), self.content, self.required))
            }
            _ => Err(match refused.pop() {
                Some((_, error)) if total == 1 => error,
                last => {
                    refused.extend(last);
                    let required = self.required;
                    Error::Verify(VerifyError::Unmet(Unmet { refused, valid: count, required }))
                }
            }),
        }
    }
}

impl<T> fmt::Debug for Outcomes<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Nothing of the content may be seen before it is verified.
        f.debug_struct("Outcomes")
            .field("signatures", &self.signatures)
            .field("required", &self.required)
            .finish_non_exhaustive()
    }
}

/// Fewer valid signatures than the policy [requires](super::Policy::require), with the reasons of
/// those that are not valid.
#[derive(Debug)]
pub struct Unmet {
    refused: Vec<(usize, Error)>,
    valid: usize,
    required: Required,
}

impl Unmet {
    /// One valid signature where more are required.
    pub(crate) fn new(required: &Required) -> Self {
        Self { refused: Vec::new(), valid: 1, required: required.clone() }
    }

    /// The signatures that are not valid: their places, from 0, and why.
    pub fn refused(&self) -> impl Iterator<Item = (usize, &Error)> {
        self.refused.iter().map(|(index, error)| (*index, error))
    }

    /// What was required.
    #[must_use]
    pub const fn required(&self) -> &Required {
        &self.required
    }

    /// How many signatures are valid, required or not.
    #[must_use]
    pub const fn valid(&self) -> usize {
        self.valid
    }

    /// A code that stays the same between versions.
    #[must_use]
    pub fn code(&self) -> &'static str {
        let untried = |error: &Error| matches!(error, Error::Verify(VerifyError::NoMatchingKey(_)));
        let unavailable =
            |error: &Error| matches!(error, Error::Verify(VerifyError::Unavailable(_)));
        // What could not be checked may have been enough, whatever a stranger put beside it.
        if self.refused.iter().any(|(_, error)| unavailable(error)) {
            return "ERR_CRYPTO_UNAVAILABLE";
        }
        match self.valid {
            0 if self.refused.iter().all(|(_, error)| untried(error)) => {
                "ERR_JWS_NO_MATCHING_SIGNER"
            }
            0 => "ERR_JWS_SIGNATURE_INVALID",
            _ => "ERR_JWS_SIGNATURES_MISSING",
        }
    }
}

impl fmt::Display for Unmet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total = self.valid + self.refused.len();
        write!(f, "{} of {total} signatures are valid, required ", self.valid)?;
        match &self.required {
            Required::Any => f.write_str("is one")?,
            Required::All => f.write_str("are all")?,
            Required::Kids(kids) => write!(f, "are those of {} named keys", kids.len())?,
            Required::DistinctKeys(least) => write!(f, "are those of {least} different keys")?,
        }
        for (index, error) in &self.refused {
            write!(f, "; number {index}: ")?;
            match error {
                Error::Parse(error) => error.fmt(f)?,
                Error::Verify(error) => match error.source() {
                    Some(source) => fmt::Display::fmt(source, f)?,
                    None => error.fmt(f)?,
                },
            }
        }
        Ok(())
    }
}

impl StdError for Unmet {}
