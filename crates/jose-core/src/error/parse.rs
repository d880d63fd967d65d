//! Is it well-formed? Which rule was broken, and never the octets that broke it.

use core::error::Error;
use core::fmt;

use crate::jwk::Format;

/// What a [`ParseError`] is about.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Subject {
    /// A JWT Claims Set (RFC 7519 §4).
    Claims,
    /// A JSON Web Encryption (RFC 7516): its header, or one of its segments.
    Jwe,
    /// The JSON around a JSON Web Encryption (RFC 7516 §7.2).
    JweJson,
    /// A JSON Web Key (RFC 7517 §4).
    Jwk,
    /// A JWK Set (RFC 7517 §5).
    JwkSet,
    /// A file of a key, read as this format.
    KeyFile(Format),
    /// A file that should hold keys, in whichever format.
    Keys,
    /// A JSON Web Signature (RFC 7515): its header, payload or signature.
    Jws,
    /// The JSON around a JSON Web Signature (RFC 7515 §7.2).
    JwsJson,
    /// The payload of a JSON Web Signature, read as the caller asked.
    Payload,
    /// The plaintext of a JSON Web Encryption, inflated or read as the caller asked.
    Plaintext,
}

impl Subject {
    const fn name(self) -> &'static str {
        match self {
            Self::Claims => "claims set",
            Self::Jwe => "JWE",
            Self::JweJson => "JWE JSON serialization",
            Self::Jwk => "JWK",
            Self::JwkSet => "JWK Set",
            Self::Jws => "JWS",
            Self::JwsJson => "JWS JSON serialization",
            Self::KeyFile(format) => format.name(),
            Self::Keys => "file of keys",
            Self::Payload => "payload",
            Self::Plaintext => "plaintext",
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
    /// Content that is said to be compressed and does not inflate (RFC 1951).
    Deflate,
    /// Octets that are not the structure, in the Distinguished Encoding Rules (X.690).
    Der,
    /// JSON nested deeper than the limit.
    Depth {
        /// The limit in force.
        limit: usize,
    },
    /// A JSON object with the same member name twice (RFC 7515 §4, RFC 7517 §4, RFC 7519 §4).
    DuplicateMember,
    /// Two members of which an object may have one, so that nobody can tell which counts.
    Exclusive {
        /// The one.
        member: &'static str,
        /// The other.
        other: &'static str,
    },
    /// A parameter that must have one value in all signatures of a JWS, and has two (RFC 7797 §3).
    Inconsistent {
        /// The parameter.
        member: &'static str,
    },
    /// JSON that is not what RFC 8259 describes.
    Json,
    /// Text without the PEM block that belongs there.
    Label {
        /// The label of the block.
        expected: &'static str,
    },
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
    /// A header parameter that is in the protected header and in the unprotected one (RFC 7515 §4).
    NotDisjoint,
    /// A JSON number that no finite double can hold.
    Number,
    /// A key in another format.
    OtherFormat {
        /// The format it is in.
        found: Format,
    },
    /// Text that is not PEM as RFC 7468 describes it.
    Pem,
    /// PEM with headers (RFC 1421), by which old programs encrypted keys; no PEM of RFC 7468 has any.
    PemHeaders,
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
    /// More keys in a set, or signatures in a JWS, than the limit; none beyond it was looked at.
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
    /// A header parameter outside the protected header, where it would not be signed.
    Unprotected {
        /// The parameter.
        member: &'static str,
    },
    /// A member whose value is of the right type but not allowed there.
    Value {
        /// The member.
        member: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// None of the formats of keys.
    UnknownFormat,
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
            Self::Deflate => f.write_str("not DEFLATE data"),
            Self::Der => f.write_str("not the structure in DER"),
            Self::Depth { limit } => write!(f, "nested deeper than {limit}"),
            Self::DuplicateMember => f.write_str("the same member name twice in one object"),
            Self::Exclusive { member, other } => {
                write!(f, "`{member}` and `{other}` exclude each other")
            }
            Self::Inconsistent { member } => {
                write!(f, "`{member}` is not the same in all signatures")
            }
            Self::Json => f.write_str("not valid JSON"),
            Self::Label { expected } => write!(f, "no PEM block `{expected}`"),
            Self::Length { member, expected } => {
                write!(f, "`{member}` must be {expected} octets long")
            }
            Self::Missing { member } => write!(f, "`{member}` is missing"),
            Self::NotAnObject => f.write_str("not a JSON object"),
            Self::NotDisjoint => {
                f.write_str("a parameter is in both the protected and the unprotected header")
            }
            Self::Number => f.write_str("a number out of range"),
            Self::OtherFormat { found } => write!(f, "this is {found}"),
            Self::Pem => f.write_str("not PEM"),
            Self::PemHeaders => f.write_str("PEM with headers: convert it to PKCS#8"),
            Self::PrivateMember => f.write_str("a private key where a public one belongs"),
            Self::Segments { expected } => {
                write!(f, "not made of {expected} segments separated by dots")
            }
            Self::Shape => f.write_str("does not fit the requested type"),
            Self::TooLong { limit } => write!(f, "longer than {limit} octets"),
            Self::TooMany { limit } => write!(f, "more than {limit} of them"),
            Self::Type { member, expected } | Self::Value { member, expected } => {
                write!(f, "`{member}` must be {expected}")
            }
            Self::Unprotected { member } => {
                write!(f, "`{member}` must be in the protected header")
            }
            Self::UnknownFormat => f.write_str("none of the formats of keys"),
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
        match (self.subject, self.rule) {
            (Subject::Jwe | Subject::JweJson, Rule::NotDisjoint) => {
                "ERR_JWE_HEADER_PARAMS_NOT_DISJOINT"
            }
            (_, Rule::NotDisjoint) => "ERR_JWS_HEADER_PARAMS_NOT_DISJOINT",
            (_, Rule::Inconsistent { .. }) => "ERR_JWS_B64_INCONSISTENT",
            (Subject::Claims, _) => "ERR_JWT_CLAIM_INVALID",
            (Subject::Jwe | Subject::Plaintext, _) => "ERR_JWE_INVALID",
            (Subject::JweJson, _) => "ERR_JWE_INVALID_SERIALIZATION",
            (Subject::Jwk | Subject::JwkSet | Subject::KeyFile(_) | Subject::Keys, _) => {
                "ERR_JWK_INVALID"
            }
            (Subject::Jws | Subject::Payload, _) => "ERR_JWS_INVALID",
            (Subject::JwsJson, _) => "ERR_JWS_INVALID_SERIALIZATION",
        }
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "malformed {}: {}", self.subject.name(), self.rule)
    }
}

impl Error for ParseError {}
