//! Who signed it? The public header's part in the answer, and nothing about the signature.

use alloc::string::String;
use core::error::Error;
use core::fmt;

use super::{CryptoError, excerpt};
use crate::jwa::SignatureAlgorithm;
use crate::jws::Unmet;

/// Why no key was tried on a token, or why those tried all said no.
#[derive(Debug)]
#[non_exhaustive]
pub enum VerifyError {
    /// The header's `crit` is malformed or names what is not understood (RFC 7515 §4.1.11).
    Critical(Critical),
    /// Every key that could have signed this token says that it did not.
    InvalidSignature,
    /// None of the keys may serve this token, going by its public header alone.
    NoMatchingKey(NoMatchingKey),
    /// The key needs the whole payload at once and was given it piece by piece. Its algorithm reads
    /// the payload twice, as `EdDSA` does, or its device takes no pieces.
    NoStream(SignatureAlgorithm),
    /// The backend or the key's device could not answer. Says nothing about the token.
    Unavailable(CryptoError),
    /// Fewer signatures are valid than are [required](crate::jws::Required).
    Unmet(Unmet),
}

impl VerifyError {
    /// A code that stays the same between versions.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Critical(_) => "ERR_JWS_INVALID",
            Self::InvalidSignature => "ERR_JWS_SIGNATURE_INVALID",
            Self::NoMatchingKey(no_match) => no_match.code(),
            Self::NoStream(_) => "ERR_JWK_UNSUPPORTED",
            Self::Unavailable(_) => "ERR_CRYPTO_UNAVAILABLE",
            Self::Unmet(unmet) => unmet.code(),
        }
    }
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Critical(_) => f.write_str("the `crit` header parameter cannot be honoured"),
            Self::InvalidSignature => f.write_str("the signature is not valid"),
            Self::NoMatchingKey(_) => f.write_str("no key matches this token"),
            Self::NoStream(alg) => write!(f, "this {alg} key needs the whole payload at once"),
            Self::Unavailable(_) => f.write_str("the signature could not be checked"),
            Self::Unmet(_) => f.write_str("fewer signatures are valid than are required"),
        }
    }
}

impl Error for VerifyError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Critical(reason) => Some(reason),
            Self::NoMatchingKey(reason) => Some(reason),
            Self::Unavailable(error) => Some(error),
            Self::Unmet(unmet) => Some(unmet),
            Self::InvalidSignature | Self::NoStream(_) => None,
        }
    }
}

/// What is wrong with a `crit` header parameter (RFC 7515 §4.1.11).
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Critical {
    /// It names a header parameter that is not in the header. The name, cut at 64 octets.
    Absent(String),
    /// It names one header parameter twice. The name, cut at 64 octets.
    Duplicate(String),
    /// It is an empty array.
    Empty,
    /// It names a header parameter that the caller did not say it understands. The name, cut at
    /// 64 octets.
    NotUnderstood(String),
    /// It names a header parameter of the JOSE specifications themselves.
    Registered(&'static str),
    /// It does not name a header parameter that is of no use unless it is critical: `b64` when it
    /// is false (RFC 7797 §6).
    Unnamed(&'static str),
}

impl Critical {
    /// A code that stays the same between versions.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "ERR_JWS_INVALID"
    }
}

impl fmt::Display for Critical {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent(_) => {
                f.write_str("`crit` names a header parameter that is not in the header")
            }
            Self::Duplicate(_) => f.write_str("`crit` names a header parameter twice"),
            Self::Empty => f.write_str("`crit` is empty"),
            Self::NotUnderstood(_) => {
                f.write_str("`crit` names a header parameter that is not understood")
            }
            Self::Registered(name) => write!(f, "`crit` names `{name}`, which needs no naming"),
            Self::Unnamed(name) => write!(f, "`crit` does not name `{name}`"),
        }
    }
}

impl Error for Critical {}

/// Why no key matched a token, to verify it or to decrypt it. Everything here follows from the token's public header and from
/// the caller's own keys.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NoMatchingKey {
    encrypted: bool,
    reason: NoMatchReason,
    alg: String,
    kid: Option<String>,
}

/// The reason in a [`NoMatchingKey`].
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum NoMatchReason {
    /// The token's `alg` is not among those the keys are bound to. `none` ends here too.
    AlgorithmNotAllowed,
    /// Two keys bear the token's `kid` for the same algorithm.
    AmbiguousKid,
    /// There are no keys at all.
    EmptySet,
    /// The token's `alg` stands in the unprotected header, where nobody signed it, and the
    /// [`Policy`](crate::jws::Policy) does not take it from there.
    UnprotectedAlgorithm,
    /// The token's `enc` is not allowed, or not that of the key which encrypts content directly.
    EncryptionNotAllowed,
    /// No key bears the token's `kid`, or none serves its `alg` if it names none. A key set fetched
    /// earlier may be out of date.
    UnknownKid,
    /// The key that bears the token's `kid` may serve only other algorithms.
    WrongAlgorithm,
    /// The key that bears the token's `kid` was left out of the set, because it is malformed,
    /// weak or not supported.
    UnusableKey,
    /// The key that bears the token's `kid` is not for verifying, by its `use` or `key_ops`.
    WrongUse,
}

impl NoMatchingKey {
    pub(crate) fn new(reason: NoMatchReason, alg: &str, kid: Option<&str>) -> Self {
        Self { encrypted: false, reason, alg: excerpt(alg), kid: kid.map(excerpt) }
    }

    /// For an encrypted token.
    pub(crate) fn encrypted(reason: NoMatchReason, alg: &str, kid: Option<&str>) -> Self {
        Self { encrypted: true, ..Self::new(reason, alg, kid) }
    }

    /// Why no key matched.
    #[must_use]
    pub const fn reason(&self) -> NoMatchReason {
        self.reason
    }

    /// The token's `alg` as it came, cut at 64 octets. Not to be trusted.
    #[must_use]
    pub fn alg(&self) -> &str {
        &self.alg
    }

    /// The token's `kid` as it came, cut at 64 octets. Not to be trusted.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// A code that stays the same between versions.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self.reason {
            NoMatchReason::AlgorithmNotAllowed
            | NoMatchReason::EncryptionNotAllowed
            | NoMatchReason::UnprotectedAlgorithm => {
                if self.encrypted {
                    "ERR_JWE_ALG_NOT_ALLOWED"
                } else {
                    "ERR_JWS_ALG_NOT_ALLOWED"
                }
            }
            _ => "ERR_JWK_KEY_NOT_FOUND",
        }
    }
}

impl fmt::Display for NoMatchingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.reason {
            NoMatchReason::AlgorithmNotAllowed => "the token's `alg` is not allowed",
            NoMatchReason::AmbiguousKid => "two keys bear the token's `kid` for the same algorithm",
            NoMatchReason::EmptySet => "there are no keys",
            NoMatchReason::EncryptionNotAllowed => "the token's `enc` is not allowed",
            NoMatchReason::UnprotectedAlgorithm => "the token's `alg` is not protected",
            NoMatchReason::UnknownKid => "no key bears the token's `kid` or serves its `alg`",
            NoMatchReason::UnusableKey => "the key that bears the token's `kid` is unusable",
            NoMatchReason::WrongAlgorithm => {
                "the key that bears the token's `kid` serves another `alg`"
            }
            NoMatchReason::WrongUse => "the key that bears the token's `kid` is for another use",
        })
    }
}

impl Error for NoMatchingKey {}
