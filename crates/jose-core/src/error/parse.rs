//! Is it well-formed? Which rule was broken, and never the octets that broke it.

use core::error::Error;
use core::fmt;

/// What a [`ParseError`] is about.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Subject {
    /// A JWT Claims Set (RFC 7519 §4).
    Claims,
    /// A JSON Web Key (RFC 7517 §4).
    Jwk,
    /// A JWK Set (RFC 7517 §5).
    JwkSet,
    /// A JSON Web Signature (RFC 7515).
    Jws,
    /// The payload of a JSON Web Signature, read as the caller asked.
    Payload,
}

impl Subject {
    const fn name(self) -> &'static str {
        match self {
            Self::Claims => "claims set",
            Self::Jwk => "JWK",
            Self::JwkSet => "JWK Set",
            Self::Jws => "JWS",
            Self::Payload => "payload",
        }
    }
}

/// The rule that hostile or damaged input broke.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Rule {
    /// Text that is not canonical, unpadded base64url (RFC 7515 §2).
    Base64url,
    /// A control character where a name or an identifier belongs.
    ControlCharacter {
        /// The member.
        member: &'static str,
    },
    /// JSON nested deeper than the limit.
    Depth {
        /// The limit in force.
        limit: usize,
    },
    /// A JSON object with the same member name twice (RFC 7515 §4, RFC 7517 §4, RFC 7519 §4).
    DuplicateMember,
    /// JSON that is not what RFC 8259 describes.
    Json,
    /// A value whose octets are fewer or more than its algorithm fixes.
    Length {
        /// The member.
        member: &'static str,
        /// The length it must have, in octets.
        expected: usize,
    },
    /// A required member is absent.
    Missing {
        /// The member.
        member: &'static str,
    },
    /// A JSON array, string, number or literal where an object belongs.
    NotAnObject,
    /// A JSON number that no finite double can hold.
    Number,
    /// A private member in a key that is published.
    PrivateMember,
    /// A number of dot-separated segments that this serialization does not have.
    Segments {
        /// The number it has.
        expected: usize,
    },
    /// JSON that does not fit the type the caller asked for.
    Shape,
    /// Input longer than the limit.
    TooLong {
        /// The limit in force, in octets.
        limit: usize,
    },
    /// More keys in a set than the limit; this one and those after it were not looked at.
    TooMany {
        /// The limit in force.
        limit: usize,
    },
    /// A member of the wrong JSON type.
    Type {
        /// The member.
        member: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// A member whose value is of the right type but not allowed there.
    Value {
        /// The member.
        member: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// Octets that are not UTF-8.
    Utf8,
}

impl Rule {
    pub(crate) const fn of(self, subject: Subject) -> ParseError {
        ParseError { subject, rule: self }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Base64url => f.write_str("not canonical base64url without padding"),
            Self::ControlCharacter { member } => {
                write!(f, "`{member}` contains a control character")
            }
            Self::Depth { limit } => write!(f, "nested deeper than {limit}"),
            Self::DuplicateMember => f.write_str("the same member name twice in one object"),
            Self::Json => f.write_str("not valid JSON"),
            Self::Length { member, expected } => {
                write!(f, "`{member}` must be {expected} octets long")
            }
            Self::Missing { member } => write!(f, "`{member}` is missing"),
            Self::NotAnObject => f.write_str("not a JSON object"),
            Self::Number => f.write_str("a number out of range"),
            Self::PrivateMember => f.write_str("a private key where a public one belongs"),
            Self::Segments { expected } => {
                write!(f, "not made of {expected} segments separated by dots")
            }
            Self::Shape => f.write_str("does not fit the requested type"),
            Self::TooLong { limit } => write!(f, "longer than {limit} octets"),
            Self::TooMany { limit } => write!(f, "more than {limit} keys"),
            Self::Type { member, expected } | Self::Value { member, expected } => {
                write!(f, "`{member}` must be {expected}")
            }
            Self::Utf8 => f.write_str("not UTF-8"),
        }
    }
}

impl Error for Rule {}

/// Input that is not well-formed: what was being read, and the rule it broke.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct ParseError {
    subject: Subject,
    rule: Rule,
}

impl ParseError {
    /// What was being read.
    #[must_use]
    pub const fn subject(&self) -> Subject {
        self.subject
    }

    /// The rule it broke.
    #[must_use]
    pub const fn rule(&self) -> Rule {
        self.rule
    }

    /// A code that stays the same between versions.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self.subject {
            Subject::Claims => "ERR_JWT_CLAIM_INVALID",
            Subject::Jwk | Subject::JwkSet => "ERR_JWK_INVALID",
            Subject::Jws | Subject::Payload => "ERR_JWS_INVALID",
        }
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "malformed {}: {}", self.subject.name(), self.rule)
    }
}

impl Error for ParseError {}
