//! Why a function was not carried out, and what to do instead.

use core::error::Error as StdError;
use core::fmt;

use jose_core::crypto::KeyError;
use jose_core::error::ParseError;
use jose_core::jwt;

/// Why a function was not carried out.
///
/// What Xano would have done and should not is told with the way out. What a token was refused for is
/// [`Token`](Self::Token), and says no more than `jose-core` does.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// A header parameter or a key names another algorithm than the parameter of the function: two truths.
    Algorithm {
        /// The parameter of the function.
        parameter: &'static str,
        /// Its value.
        expected: &'static str,
        /// The algorithm that stands elsewhere, cut at 64 octets.
        actual: String,
    },
    /// A claim of a token, authentic otherwise, is not what `check_claims` asks for, or is not there.
    CheckClaims {
        /// The claim, as `check_claims` names it.
        claim: String,
    },
    /// A registered claim of a type that RFC 7519 §4.1 does not allow: a number for a `sub`, say.
    ClaimType {
        /// The claim.
        claim: &'static str,
        /// What it has to be.
        expected: &'static str,
    },
    /// A token, authentic otherwise, whose content is neither JSON nor text.
    Content,
    /// Claims that could not be encrypted.
    Encrypt(jwt::EncryptError),
    /// A header parameter that is not written.
    Header {
        /// Its name, cut at 64 octets.
        name: String,
        /// What it may be.
        expected: &'static str,
    },
    /// A key that is no JWK.
    Jwk(ParseError),
    /// A key that may not serve the algorithm.
    Key(KeyError),
    /// A shared key of another size than the key algorithm's, of which there it uses a part or fills up with zeros.
    KeySize {
        /// The algorithm.
        alg: &'static str,
        /// The bits it takes.
        expected: usize,
        /// The bits this key has.
        actual: usize,
    },
    /// A shared key that is shorter than the hash of the algorithm.
    KeyTooShort {
        /// The algorithm.
        alg: &'static str,
        /// The fewest bits allowed.
        min: usize,
        /// The bits this key has.
        actual: usize,
    },
    /// An RSA key of too few bits, or too many.
    RsaBits {
        /// The fewest bits allowed.
        min: usize,
        /// The most bits allowed.
        max: usize,
        /// The bits of this key, or those asked for.
        actual: usize,
    },
    /// A value of another kind than the parameter takes.
    Shape {
        /// What it takes.
        expected: &'static str,
    },
    /// Claims that could not be signed.
    Sign(jwt::SignError),
    /// Text for a key: a password, a PEM file, or anything else that is no JWK.
    TextKey,
    /// A number of seconds that `ttl` or `timeDrift` does not take.
    Time {
        /// The parameter.
        parameter: &'static str,
        /// The most seconds it takes.
        max: u64,
    },
    /// A token that was refused.
    Token(jwt::Error),
    /// A claim that `ttl` adds and that is there already, or text, which has no claims.
    Ttl {
        /// The claim; none for text.
        claim: Option<&'static str>,
    },
}

impl Error {
    /// A code that stays the same between versions.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Algorithm { .. } => "ERR_XANO_ALGORITHM",
            Self::CheckClaims { .. } => "ERR_XANO_CHECK_CLAIMS",
            Self::ClaimType { .. } => "ERR_XANO_CLAIM_TYPE",
            Self::Content => "ERR_XANO_CONTENT",
            Self::Header { .. } => "ERR_XANO_HEADER",
            Self::KeySize { .. } => "ERR_XANO_KEY_SIZE",
            Self::KeyTooShort { .. } => "ERR_XANO_KEY_TOO_SHORT",
            Self::RsaBits { .. } => "ERR_XANO_RSA_BITS",
            Self::Shape { .. } => "ERR_XANO_SHAPE",
            Self::TextKey => "ERR_XANO_TEXT_KEY",
            Self::Time { .. } => "ERR_XANO_TIME",
            Self::Ttl { .. } => "ERR_XANO_TTL",
            Self::Jwk(error) => error.code(),
            Self::Encrypt(error) => error.code(),
            Self::Key(error) => error.code(),
            Self::Sign(error) => error.code(),
            Self::Token(error) => error.code(),
        }
    }

    /// Whether a token was refused, and not the statement: that somebody else's word does not hold, and our own does.
    #[must_use]
    pub const fn is_refusal(&self) -> bool {
        matches!(self, Self::CheckClaims { .. } | Self::Content | Self::Token(_))
    }
}

impl From<KeyError> for Error {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::RsaModulus { min, max, actual } => Self::RsaBits { min, max, actual },
            KeyError::Size { alg, expected, actual } => Self::KeySize { alg, expected, actual },
            KeyError::TooShort { alg, min, actual } => {
                let bits = |octets: usize| octets.saturating_mul(8);
                Self::KeyTooShort { alg, min: bits(min), actual: bits(actual) }
            }
            other => Self::Key(other),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Algorithm { parameter, expected, .. } => write!(
                f,
                "`{parameter}` is {expected}, as given or by default, and the headers or the key name another \
                 algorithm: name one, or the same in both places"
            ),
            // Only the caller's own list leads here.
            Self::CheckClaims { claim } => {
                write!(f, "the claim `{claim}` is not what `check_claims` asks for")
            }
            Self::ClaimType { claim, expected } => write!(
                f,
                "`{claim}` has to be {expected} (RFC 7519 §4.1): write it so, or under a name of your own"
            ),
            Self::Content => f.write_str("the content of the token is neither JSON nor text"),
            Self::Encrypt(_) => f.write_str("the token could not be encrypted"),
            Self::Header { name, expected } => {
                write!(f, "the header parameter `{name}` has to be {expected}")
            }
            Self::Jwk(_) => f.write_str("the key is no well-formed JWK"),
            Self::Key(_) => f.write_str("the key may not serve this algorithm"),
            Self::KeySize { alg, expected, actual } => {
                write!(
                    f,
                    "{alg} takes a key of {expected} bits, this one has {actual}: make one with `create_secret_key` \
                     and `bits` {expected}"
                )?;
                match actual {
                    512 => f.write_str(
                        ", or use this one to sign with HS256, HS384 or HS512. Tokens that were made with it are read \
                         by `hazmat::jwe_decode_with_resized_key`",
                    ),
                    _ => f.write_str(
                        ". Tokens that were made with this one are read by `hazmat::jwe_decode_with_resized_key`",
                    ),
                }
            }
            Self::KeyTooShort { alg, min, actual } => write!(
                f,
                "{alg} takes a key of {min} bits or more, this one has {actual}: make one with `create_secret_key` and \
                 `bits` {min}"
            ),
            Self::RsaBits { min, max, actual } => write!(
                f,
                "an RSA key has {min} to {max} bits, a multiple of 8, and not {actual}: make one with \
                 `create_rsa_key` and `bits` {min}"
            ),
            Self::Shape { expected } => write!(f, "{expected} is expected here"),
            Self::Sign(_) => f.write_str("the token could not be signed"),
            Self::TextKey => f.write_str(
                "text is no key: give a JWK, as an object or in base64. `create_secret_key` makes one; octets that are \
                 a key already go into one as `{\"kty\":\"oct\",\"k\":…}`, in base64url",
            ),
            Self::Time { parameter, max } => write!(f, "`{parameter}` is 0 to {max} seconds"),
            Self::Token(_) => f.write_str("the token was refused"),
            Self::Ttl { claim: Some(claim) } => write!(
                f,
                "`ttl` adds `{claim}`, which is among the claims: leave one of them out"
            ),
            Self::Ttl { claim: None } => {
                f.write_str("text has no claims that could expire: leave `ttl` out, or make claims of it")
            }
        }
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Jwk(error) => Some(error),
            Self::Encrypt(error) => Some(error),
            Self::Key(error) => Some(error),
            Self::Sign(error) => Some(error),
            Self::Token(error) => Some(error),
            _ => None,
        }
    }
}
