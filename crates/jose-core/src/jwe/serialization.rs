//! Why a JWE cannot be written in a serialization (RFC 7516 §7).

use core::error::Error;
use core::fmt;

use crate::error::ParseError;

/// Why a JWE cannot be written in a serialization: something would be lost.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum SerializationError {
    /// Its only recipient cannot be read.
    Malformed(ParseError),
    /// It has additional data, or members that the serialization has no place for.
    OtherMembers,
    /// It has several recipients where there is room for one.
    Recipients {
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
        "ERR_JWE_INVALID_SERIALIZATION"
    }
}

impl fmt::Display for SerializationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(_) => f.write_str("its only recipient cannot be read"),
            Self::OtherMembers => f.write_str("it has members that would be lost"),
            Self::Recipients { count } => write!(f, "it has {count} recipients"),
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
