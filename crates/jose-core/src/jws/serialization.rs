//! Why a JWS cannot be written in a serialization (RFC 7515 §7).

use core::error::Error;
use core::fmt;

use crate::error::ParseError;

/// Why a JWS cannot be written in a serialization: something would be lost, or cannot be carried.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum SerializationError {
    /// Its only signature cannot be read.
    Malformed(ParseError),
    /// It was read from a compact token with nothing between its dots, which does not tell an empty
    /// payload from one that is elsewhere: [`Jws::with_payload`](super::Jws::with_payload) or
    /// [`Jws::detach`](super::Jws::detach) does.
    NoPayload,
    /// It has members that the serialization has no place for.
    OtherMembers,
    /// Its payload is neither encoded nor detached, and does not fit between dots, or is not UTF-8.
    Payload,
    /// It has no signature, or several where there is room for one.
    Signatures {
        /// The number it has.
        count: usize,
    },
    /// It has an unprotected header.
    UnprotectedHeader,
}

impl SerializationError {
    /// A code that stays the same between versions.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "ERR_JWS_INVALID_SERIALIZATION"
    }
}

impl fmt::Display for SerializationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(_) => f.write_str("its only signature cannot be read"),
            Self::NoPayload => f.write_str("its payload is empty or elsewhere"),
            Self::OtherMembers => f.write_str("it has members that would be lost"),
            Self::Payload => f.write_str("its payload can only be carried detached"),
            Self::Signatures { count } => write!(f, "it has {count} signatures"),
            Self::UnprotectedHeader => f.write_str("its unprotected header would be lost"),
        }
    }
}

impl Error for SerializationError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Malformed(error) => Some(error),
            _ => None,
        }
    }
}
