//! Errors: one small type for each question that can be answered with no.
//!
//! | question | type | how much it tells |
//! |---|---|---|
//! | is it well-formed? | [`ParseError`] | which rule was broken, never the octets |
//! | may this key serve this algorithm? | [`KeyError`] | everything: it is the caller's own key |
//! | who signed it? | [`VerifyError`] | the public header's part in it, and nothing about the signature |
//! | is it acceptable now? | [`ClaimsError`](crate::jwt::ClaimsError) | everything: the claims are authentic |
//! | did the backend accept it? | [`Refused`] | yes or no |
//! | did the operation happen? | [`CryptoError`] | the backend's own reason, never the reason of a refusal |
//!
//! Every type has a `code()`: a short string that stays the same between versions, for logs and
//! for callers in other languages. `Display` is static text, registered names, numbers and times;
//! text that came from a token is only ever in a field, cut at 64 octets.

use alloc::boxed::Box;
use alloc::string::String;
use core::error::Error;
use core::fmt;

use crate::limits::Limits;

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
            Self::Type { member, expected } | Self::Value { member, expected } => {
                write!(f, "`{member}` must be {expected}")
            }
            Self::Utf8 => f.write_str("not UTF-8"),
        }
    }
}

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

/// Why a key may not serve an algorithm. It is the caller's own key, so the error tells all but
/// the key.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum KeyError {
    /// The key is bound to one algorithm and was asked to serve another (RFC 8725 §3.1).
    Algorithm {
        /// The algorithm that was asked for.
        expected: &'static str,
        /// The key's own `alg`, cut at 64 octets.
        actual: String,
    },
    /// The key is on another curve than the algorithm's.
    Curve {
        /// The algorithm.
        alg: &'static str,
        /// The curve or curves it works on.
        expected: &'static str,
        /// The key's `crv`, cut at 64 octets.
        actual: String,
    },
    /// Members that contradict each other: a public half that is not the private half's, a point
    /// that is not on its curve, a scalar out of range.
    Inconsistent,
    /// The key's `key_ops` do not contain the operation (RFC 7517 §4.3).
    KeyOps {
        /// The operation that was asked for.
        expected: &'static str,
    },
    /// The key is of another type than the algorithm's.
    KeyType {
        /// The algorithm.
        alg: &'static str,
        /// The `kty` it works with.
        expected: &'static str,
        /// The key's `kty`, cut at 64 octets.
        actual: String,
    },
    /// The key names no `alg`, and none was named for it.
    MissingAlgorithm,
    /// A key set that holds shared and public keys while the algorithms were to be inferred from
    /// it: name them.
    MixedSet,
    /// A symmetric key has no public half.
    NoPublicHalf {
        /// The key's `kty`, cut at 64 octets.
        kty: String,
    },
    /// A public key where a private one is needed.
    NotPrivate,
    /// A private key where a public one belongs; [`Jwk::to_public`](crate::jwk::Jwk::to_public)
    /// makes it one.
    NotPublic,
    /// An RSA public exponent that is even, below 3 or longer than 32 bits.
    RsaExponent,
    /// An RSA modulus shorter or longer than allowed, or even.
    RsaModulus {
        /// The fewest bits allowed.
        min: usize,
        /// The most bits allowed.
        max: usize,
        /// The bits this modulus has.
        actual: usize,
    },
    /// A shared key shorter than the algorithm's hash (RFC 7518 §3.2).
    TooShort {
        /// The algorithm.
        alg: &'static str,
        /// The fewest octets allowed.
        min: usize,
        /// The octets this key has.
        actual: usize,
    },
    /// The backend could not do its part: no entropy, no memory, no device.
    Unavailable(CryptoError),
    /// An algorithm name that is not known here, cut at 64 octets.
    UnknownAlgorithm(String),
    /// The backend does not implement this algorithm or this kind of key.
    Unsupported {
        /// The algorithm, curve, hash or kind of key.
        what: &'static str,
    },
    /// The key's `use` is not the one asked for (RFC 7517 §4.2).
    Use {
        /// The `use` that was asked for.
        expected: &'static str,
        /// The key's own `use`, cut at 64 octets.
        actual: String,
    },
    /// A key of a known weak form: a point of small order, which verifies signatures nobody made.
    Weak,
}

impl KeyError {
    /// A code that stays the same between versions.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::MissingAlgorithm => "ERR_JWS_ALG_MISSING",
            Self::UnknownAlgorithm(_) | Self::Unsupported { .. } => "ERR_JWK_UNSUPPORTED",
            Self::MixedSet => "ERR_JWS_ALG_NOT_ALLOWED",
            Self::Unavailable(_) => "ERR_CRYPTO_UNAVAILABLE",
            _ => "ERR_JWK_INVALID",
        }
    }
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // `actual` is the operator's own key's and shown only where it is a registered name.
            Self::Algorithm { expected, actual } => {
                write!(f, "{expected} was asked for, this key is bound to ")?;
                registered(f, actual)
            }
            Self::Curve { alg, expected, actual } => {
                write!(f, "{alg} wants a key on {expected}, this one is on ")?;
                registered(f, actual)
            }
            Self::Inconsistent => f.write_str("the members of this key contradict each other"),
            Self::KeyOps { expected } => {
                write!(f, "the `key_ops` of this key do not contain `{expected}`")
            }
            Self::KeyType { alg, expected, actual } => {
                write!(f, "{alg} wants an {expected} key, this one is ")?;
                registered(f, actual)
            }
            Self::MissingAlgorithm => f.write_str("this key names no `alg`: bind it to one"),
            Self::MixedSet => f.write_str(
                "shared and public keys in one set: name the algorithms that are allowed",
            ),
            Self::NoPublicHalf { kty } => {
                f.write_str("there is no public half of a key of type ")?;
                registered(f, kty)
            }
            Self::NotPrivate => f.write_str("a public key where a private one is needed"),
            Self::NotPublic => f.write_str("a private key where a public one belongs"),
            Self::RsaExponent => {
                f.write_str("the RSA public exponent must be odd, at least 3 and at most 32 bits")
            }
            Self::RsaModulus { min, max, actual } => write!(
                f,
                "an RSA modulus must be odd and have {min} to {max} bits, this one has {actual}"
            ),
            Self::TooShort { alg, min, actual } => {
                write!(f, "{alg} takes at least {min} octets, this key has {actual}")
            }
            Self::Unavailable(_) => f.write_str("the backend could not load or make the key"),
            Self::UnknownAlgorithm(_) => f.write_str("an `alg` that is not known here"),
            Self::Unsupported { what } => write!(f, "this backend does not implement {what}"),
            Self::Use { expected, actual } => {
                write!(f, "`use` must be `{expected}`, this key's is ")?;
                registered(f, actual)
            }
            Self::Weak => f.write_str("a public key of small order"),
        }
    }
}

impl Error for KeyError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Unavailable(error) => Some(error),
            _ => None,
        }
    }
}

/// Writes a name that a registry knows, and hides any other: it may be text of an attacker's.
fn registered(f: &mut fmt::Formatter<'_>, name: &str) -> fmt::Result {
    const CURVES_TYPES_AND_USES: [&str; 13] = [
        "AKP", "EC", "Ed25519", "Ed448", "OKP", "P-256", "P-384", "P-521", "RSA", "X25519", "X448",
        "enc", "oct",
    ];
    let known = crate::jwa::Alg::from_name(name).is_some()
        || CURVES_TYPES_AND_USES.contains(&name)
        || matches!(name, "secp256k1" | "sig");
    if known { write!(f, "`{name}`") } else { f.write_str("another") }
}

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
    /// The backend or the key's device could not answer. Says nothing about the token.
    Unavailable(CryptoError),
}

impl VerifyError {
    /// A code that stays the same between versions.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Critical(_) => "ERR_JWS_INVALID",
            Self::InvalidSignature => "ERR_JWS_SIGNATURE_INVALID",
            Self::NoMatchingKey(no_match) => no_match.code(),
            Self::Unavailable(_) => "ERR_CRYPTO_UNAVAILABLE",
        }
    }
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Critical(_) => f.write_str("the `crit` header parameter cannot be honoured"),
            Self::InvalidSignature => f.write_str("the signature is not valid"),
            Self::NoMatchingKey(_) => f.write_str("no key matches this token"),
            Self::Unavailable(_) => f.write_str("the signature could not be checked"),
        }
    }
}

impl Error for VerifyError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Critical(reason) => Some(reason),
            Self::NoMatchingKey(reason) => Some(reason),
            Self::Unavailable(error) => Some(error),
            Self::InvalidSignature => None,
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
        }
    }
}

impl Error for Critical {}

/// Why no key matched a token. Everything here follows from the token's public header and from
/// the caller's own keys.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NoMatchingKey {
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
    /// No key bears the token's `kid`. A key set fetched earlier may be out of date.
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
        Self { reason, alg: excerpt(alg), kid: kid.map(excerpt) }
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
            NoMatchReason::AlgorithmNotAllowed => "ERR_JWS_ALG_NOT_ALLOWED",
            _ => "ERR_JWK_KEY_NOT_FOUND",
        }
    }
}

impl fmt::Display for NoMatchingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.reason {
            NoMatchReason::AlgorithmNotAllowed => "the token's `alg` is not allowed",
            NoMatchReason::AmbiguousKid => "two keys bear the token's `kid` for the same algorithm",
            NoMatchReason::EmptySet => "there are no keys to verify with",
            NoMatchReason::UnknownKid => "no key bears the token's `kid`",
            NoMatchReason::UnusableKey => "the key that bears the token's `kid` is unusable",
            NoMatchReason::WrongAlgorithm => {
                "the key that bears the token's `kid` serves another `alg`"
            }
            NoMatchReason::WrongUse => "the key that bears the token's `kid` is not for verifying",
        })
    }
}

impl Error for NoMatchingKey {}

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
