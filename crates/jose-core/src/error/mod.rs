//! Errors: one small type for each question that can be answered with no.
//!
//! | question | type | how much it tells |
//! |---|---|---|
//! | is it well-formed? | [`ParseError`] | which rule was broken, never the octets |
//! | may this key serve this algorithm? | [`KeyError`] | everything: it is the caller's own key |
//! | who signed it? | [`VerifyError`] | the public header's part in it, and nothing about the signature |
//! | what does it say? | [`DecryptError`] | the public header's part in it, and nothing about key or ciphertext |
//! | is it acceptable now? | [`ClaimsError`](crate::jwt::ClaimsError) | everything: the claims are authentic |
//! | did the backend accept it? | [`Refused`] | yes or no |
//! | did the operation happen? | [`CryptoError`] | the backend's own reason, never the reason of a refusal |
//!
//! Every type has a `code()`: a short string that stays the same between versions, for logs and
//! for callers in other languages. `Display` is static text, registered names, numbers and times;
//! text that came from a token is only ever in a field, cut at 64 octets.

mod decrypt;
mod key;
mod parse;
mod verify;

use alloc::boxed::Box;
use alloc::string::String;
use core::error::Error;
use core::fmt;

pub use self::decrypt::DecryptError;
pub use self::key::KeyError;
pub use self::parse::{ParseError, Rule, Subject};
pub use self::verify::{Critical, NoMatchReason, NoMatchingKey, VerifyError};
use crate::limits::Limits;

/// What a backend answers when it does not accept.
#[derive(Debug)]
#[non_exhaustive]
pub enum Refused {
    /// No. Deliberately without a reason: any would be an oracle.
    Invalid,
    /// No answer: the device, the generator or the connection failed. Never caused by a token.
    Unavailable(CryptoError),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Invalid => "refused",
            Self::Unavailable(_) => "the backend could not answer",
        })
    }
}

impl Error for Refused {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Invalid => None,
            Self::Unavailable(error) => Some(error),
        }
    }
}

/// A cryptographic operation that did not happen: the device, the generator or the connection
/// failed.
///
/// It is never used to tell why a signature or a ciphertext was refused, and neither may an
/// implementor of the [seam](crate::crypto) use it so.
#[derive(Debug, Default)]
pub struct CryptoError {
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl CryptoError {
    /// A failure with the backend's own error as its [`source`](Error::source).
    #[must_use]
    pub fn from_source(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { source: Some(source.into()) }
    }

    /// A code that stays the same between versions.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "ERR_CRYPTO_UNAVAILABLE"
    }
}

impl Clone for CryptoError {
    /// Keeps the text of the source, not its type.
    fn clone(&self) -> Self {
        Self { source: self.source.as_ref().map(|source| alloc::format!("{source}").into()) }
    }
}

impl fmt::Display for CryptoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the cryptographic operation could not be carried out")
    }
}

impl Error for CryptoError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}

/// At most 64 octets of `text`, cut between characters.
pub(crate) fn excerpt(text: &str) -> String {
    let mut end = text.len().min(Limits::EXCERPT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default().into()
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::excerpt;

    #[test]
    fn of_a_longer_text_64_octets_are_kept_and_no_half_character() {
        for (len, kept) in [(0, 0), (63, 63), (64, 64), (65, 64), (100_000, 64)] {
            assert_eq!(excerpt(&"x".repeat(len)).len(), kept);
        }
        assert_eq!(excerpt(&format!("{}é", "x".repeat(63))).len(), 63);
        assert_eq!(excerpt(&format!("{}é", "x".repeat(62))).len(), 64);
    }
}
