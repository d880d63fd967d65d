//! May this key serve this algorithm? It is the caller's own key, so all is told but the key.

use alloc::string::String;
use core::error::Error;
use core::fmt;

use super::CryptoError;

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
    /// An algorithm that nobody should use any more: it only decrypts, and only where it is asked for.
    AskedFor {
        /// The algorithm.
        alg: &'static str,
    },
    /// A cost of scrypt outside the bounds, by its logarithm to the base 2.
    Cost {
        /// The least allowed.
        min: u8,
        /// The most allowed.
        max: u8,
        /// What was asked for.
        actual: u8,
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
    /// A key to be derived of no octets, or of more than anything here takes.
    DerivedLength {
        /// The most octets allowed.
        max: usize,
        /// The octets asked for.
        actual: usize,
    },
    /// A key of a type that the format has no place for: a shared key in PKCS#8, say.
    Format {
        /// The format.
        format: &'static str,
        /// The key's `kty`, cut at 64 octets.
        actual: String,
    },
    /// The key lacks members that the format has to have;
    /// [`Jwk::complete`](crate::jwk::Jwk::complete) computes them.
    Incomplete {
        /// What it lacks.
        missing: &'static str,
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
    /// A shared key that encrypts content directly, and of whose length there are two algorithms: the
    /// key has to name one.
    MissingEncryption,
    /// The key is encrypted under a password, and none was given.
    MissingPassword,
    /// A key set that holds shared and public keys while the algorithms were to be inferred from
    /// it: name them.
    MixedSet,
    /// A symmetric key has no public half.
    NoPublicHalf {
        /// The key's `kty`, cut at 64 octets.
        kty: String,
    },
    /// The algorithm, or this key for it, is not approved where only what is approved may be done
    /// (FIPS 140-3).
    NotApproved {
        /// Why not.
        reason: &'static str,
    },
    /// A public key where a private one is needed.
    NotPrivate,
    /// A private key where a public one belongs; [`Jwk::to_public`](crate::jwk::Jwk::to_public)
    /// makes it one.
    NotPublic,
    /// A shared key was to be made of a number of bits outside the bounds, or not a multiple of 8.
    OctBits {
        /// The fewest bits allowed.
        min: usize,
        /// The most bits allowed.
        max: usize,
        /// The bits asked for.
        actual: usize,
    },
    /// An algorithm that does not do what it was asked for.
    Purpose {
        /// The algorithm.
        alg: &'static str,
        /// What it is not for.
        purpose: &'static str,
    },
    /// A number of rounds for a password outside the bounds.
    Rounds {
        /// The fewest allowed.
        min: u32,
        /// The most allowed.
        max: u32,
        /// The rounds asked for.
        actual: u32,
    },
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
    /// A salt for a password outside the bounds (RFC 7518 §4.8.1.1).
    Salt {
        /// The fewest octets allowed.
        min: usize,
        /// The most octets allowed.
        max: usize,
        /// The octets this salt has.
        actual: usize,
    },
    /// A shared key longer or shorter than the algorithm takes (RFC 7518 §4.4, §5).
    Size {
        /// The algorithm.
        alg: &'static str,
        /// The bits it takes.
        expected: usize,
        /// The bits this key has.
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
    /// An algorithm, or a kind of key, that the backend does not implement, or nothing here does.
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
    /// A key of a known weak form: a point of small order, which verifies signatures nobody made, or an
    /// RSA modulus of the form that the defect called ROCA gave it, which can be factored.
    Weak,
    /// A key to be wrapped or unwrapped of a length that the algorithm does not wrap (RFC 3394 §2, RFC
    /// 8017 §7.1.1).
    WrappedLength {
        /// The algorithm.
        alg: &'static str,
        /// The fewest octets it wraps.
        min: usize,
        /// The most octets it wraps.
        max: usize,
        /// What the number of octets is a multiple of.
        multiple_of: usize,
        /// The octets of this key, or those asked for.
        actual: usize,
    },
    /// A password that is not the file's, or a file that was damaged: nobody can tell which.
    WrongPassword,
}

impl KeyError {
    /// A code that stays the same between versions.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::MissingAlgorithm => "ERR_JWS_ALG_MISSING",
            Self::MissingEncryption => "ERR_JWE_ENC_MISSING",
            Self::MissingPassword | Self::WrongPassword => "ERR_JWK_PASSWORD",
            Self::NotApproved { .. } | Self::UnknownAlgorithm(_) | Self::Unsupported { .. } => {
                "ERR_JWK_UNSUPPORTED"
            }
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
            Self::AskedFor { alg } => {
                write!(f, "{alg} only decrypts, and only where it is asked for")
            }
            Self::Cost { min, max, actual } => {
                write!(f, "scrypt takes a cost of 2^{min} to 2^{max}, not 2^{actual}")
            }
            Self::Curve { alg, expected, actual } => {
                write!(f, "{alg} wants a key on {expected}, this one is on ")?;
                registered(f, actual)
            }
            Self::DerivedLength { max, actual } => {
                write!(f, "a derived key has 1 to {max} octets, not {actual}")
            }
            Self::Format { format, actual } => {
                write!(f, "{format} has no place for a key of type ")?;
                registered(f, actual)
            }
            Self::Incomplete { missing } => write!(f, "this key lacks {missing}: complete it"),
            Self::Inconsistent => f.write_str("the members of this key contradict each other"),
            Self::KeyOps { expected } => {
                write!(f, "the `key_ops` of this key do not contain `{expected}`")
            }
            Self::KeyType { alg, expected, actual } => {
                write!(f, "{alg} wants an {expected} key, this one is ")?;
                registered(f, actual)
            }
            Self::MissingAlgorithm => f.write_str("this key names no `alg`: bind it to one"),
            Self::MissingEncryption => {
                f.write_str("no content encryption algorithm is named: name one")
            }
            Self::MissingPassword => f.write_str("a password is needed, and none was given"),
            Self::MixedSet => f.write_str(
                "shared and public keys in one set: name the algorithms that are allowed",
            ),
            Self::NoPublicHalf { kty } => {
                f.write_str("there is no public half of a key of type ")?;
                registered(f, kty)
            }
            Self::NotApproved { reason } => write!(f, "not approved: {reason}"),
            Self::NotPrivate => f.write_str("a public key where a private one is needed"),
            Self::NotPublic => f.write_str("a private key where a public one belongs"),
            Self::OctBits { min, max, actual } => {
                write!(f, "a shared key has {min} to {max} bits in whole octets, not {actual}")
            }
            Self::Purpose { alg, purpose } => write!(f, "{alg} is not for {purpose}"),
            Self::Rounds { min, max, actual } => {
                write!(f, "a password takes {min} to {max} rounds, not {actual}")
            }
            Self::RsaExponent => {
                f.write_str("the RSA public exponent must be odd, at least 3 and at most 32 bits")
            }
            Self::RsaModulus { min, max, actual } => write!(
                f,
                "an RSA modulus must be odd and have {min} to {max} bits, this one has {actual}"
            ),
            Self::Salt { min, max, actual } => {
                write!(f, "the salt of a password has {min} to {max} octets, this one has {actual}")
            }
            Self::Size { alg, expected, actual } => {
                write!(f, "{alg} takes {expected} bits, this key has {actual}")
            }
            Self::TooShort { alg, min, actual } => {
                write!(f, "{alg} takes at least {min} octets, this key has {actual}")
            }
            Self::Unavailable(_) => f.write_str("the backend could not load or make the key"),
            Self::UnknownAlgorithm(_) => f.write_str("an `alg` that is not known here"),
            Self::Unsupported { what } => write!(f, "not supported: {what}"),
            Self::Use { expected, actual } => {
                write!(f, "`use` must be `{expected}`, this key's is ")?;
                registered(f, actual)
            }
            Self::Weak => f.write_str("a key of a known weak form"),
            Self::WrappedLength { alg, min, max, multiple_of, actual } => {
                write!(f, "{alg} wraps keys of {min} to {max} octets")?;
                if *multiple_of > 1 {
                    write!(f, " that are a multiple of {multiple_of}")?;
                }
                write!(f, ", this one has {actual}")
            }
            Self::WrongPassword => f.write_str("the password is wrong, or the file damaged"),
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
