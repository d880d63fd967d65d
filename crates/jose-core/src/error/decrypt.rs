//! What does it say? The public header's part in the answer, and nothing about key or ciphertext.

use core::error::Error;
use core::fmt;

use super::{Critical, CryptoError, NoMatchingKey, ParseError};

/// Why a token was not decrypted.
#[derive(Debug)]
#[non_exhaustive]
pub enum DecryptError {
    /// The header's `crit` is malformed or names what is not understood (RFC 7516 §4.1.13).
    Critical(Critical),
    /// No key that was tried decrypts it. Whether the key, the tag, a length or the padding was
    /// wrong is not told, because each answer helps whoever asks often enough (RFC 7516 §11.5).
    Failed,
    /// The header lacks a parameter that its `alg` needs, or has one out of bounds.
    Header(ParseError),
    /// None of the keys may serve this token, going by its public header alone.
    NoMatchingKey(NoMatchingKey),
    /// The backend or the key's device could not answer. Says nothing about the token.
    Unavailable(CryptoError),
}

impl DecryptError {
    /// A code that stays the same between versions.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Critical(_) => "ERR_JWE_INVALID",
            Self::Failed => "ERR_JWE_DECRYPTION_FAILED",
            Self::Header(error) => error.code(),
            Self::NoMatchingKey(no_match) => no_match.code(),
            Self::Unavailable(_) => "ERR_CRYPTO_UNAVAILABLE",
        }
    }
}

impl fmt::Display for DecryptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Critical(_) => "the `crit` header parameter cannot be honoured",
            Self::Failed => "the token cannot be decrypted",
            Self::Header(_) => "the header does not suit its `alg`",
            Self::NoMatchingKey(_) => "no key matches this token",
            Self::Unavailable(_) => "the token could not be decrypted",
        })
    }
}

impl Error for DecryptError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Critical(reason) => Some(reason),
            Self::Header(error) => Some(error),
            Self::NoMatchingKey(reason) => Some(reason),
            Self::Unavailable(error) => Some(error),
            Self::Failed => None,
        }
    }
}
