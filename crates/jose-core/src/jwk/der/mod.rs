//! Keys in files: DER (X.690) and PEM (RFC 7468).
//!
//! Each format has functions of its own name on [`Jwk`](super::Jwk), and reads nothing but that format.
//! Core reads and writes structures; what takes arithmetic or a cipher is the backend's.

mod algorithm;
mod encrypted;
mod import;
mod pem;
mod pkcs1;
mod pkcs8;
mod sec1;
mod spki;
mod x509;

use alloc::string::String;
use alloc::vec::Vec;
use core::error::Error;
use core::fmt;

use der::{Decode, Encode, Reader, SliceReader};

use self::algorithm::Kind;
pub use self::encrypted::PasswordEncryption;
pub use self::import::{Encoding, Imported};
use super::{Jwk, Params, Rsa};
use crate::SecretBytes;
use crate::crypto::{Backend, PrivateHalf};
use crate::error::{KeyError, ParseError, Rule, Subject, excerpt};
use crate::limits::Limits;

/// A format of keys in files.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Format {
    /// `EncryptedPrivateKeyInfo`: PKCS#8 under a password (RFC 5958 §3).
    EncryptedPkcs8,
    /// A JSON Web Key (RFC 7517 §4).
    Jwk,
    /// A JWK Set (RFC 7517 §5).
    JwkSet,
    /// `RSAPrivateKey` or `RSAPublicKey` (RFC 8017 A.1).
    Pkcs1,
    /// `OneAsymmetricKey`, before called `PrivateKeyInfo` (RFC 5958 §2).
    Pkcs8,
    /// `ECPrivateKey` (RFC 5915 §3), also in SEC 1.
    Sec1,
    /// `SubjectPublicKeyInfo` (RFC 5280 §4.1).
    Spki,
    /// A certificate, or a chain of them (RFC 5280 §4.1).
    X509,
}

impl Format {
    /// What the format is called.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::EncryptedPkcs8 => "encrypted PKCS#8",
            Self::Jwk => "JWK",
            Self::JwkSet => "JWK Set",
            Self::Pkcs1 => "PKCS#1",
            Self::Pkcs8 => "PKCS#8",
            Self::Sec1 => "SEC1",
            Self::Spki => "SPKI",
            Self::X509 => "X.509",
        }
    }

    const fn malformed(self, rule: Rule) -> ImportError {
        ImportError::Parse(rule.of(Subject::KeyFile(self)))
    }

    /// An error about a key of `kind`.
    fn refused(self, kind: Kind, error: KeyError) -> ImportError {
        let name = kind.name().into();
        let on_curve = matches!(kind, Kind::Ec(_) | Kind::Okp(_));
        let kind = if on_curve { FoundKind::Curve(name) } else { FoundKind::Type(name) };
        ImportError::Key { found: Found { format: self, kind: Some(kind) }, error }
    }

    /// Exactly one structure, and nothing behind it.
    fn decode<'a, T: Decode<'a>>(self, der: &'a [u8]) -> Result<T, ImportError> {
        T::from_der(der).map_err(|_| self.malformed(Rule::Der))
    }

    /// As [`decode`](Self::decode), for a file: it is told which other format it may be.
    fn decode_file<'a, T: Decode<'a>>(self, der: &'a [u8]) -> Result<T, ImportError> {
        within_limit(der.len()).map_err(|rule| self.malformed(rule))?;
        T::from_der(der).map_err(|_| {
            let found = import::detect(der).filter(|found| *found != self);
            self.malformed(found.map_or(Rule::Der, |found| Rule::OtherFormat { found }))
        })
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What was found in a file: the format, and the type of the key as far as it could be told.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Found {
    format: Format,
    kind: Option<FoundKind>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum FoundKind {
    Curve(String),
    Type(String),
    /// By a name that is the file's own, and never shown: it may be text of an attacker's.
    Unknown(String),
}

impl Found {
    fn of(format: Format, jwk: &Jwk) -> Self {
        let kind = match jwk.params() {
            Params::Akp(akp) => FoundKind::Type(akp.alg().name().into()),
            Params::Ec(ec) => FoundKind::Curve(ec.crv().name().into()),
            Params::Okp(okp) => FoundKind::Curve(okp.crv().name().into()),
            Params::Unknown(other) => FoundKind::Unknown(excerpt(other.kty())),
            other => FoundKind::Type(other.kty().into()),
        };
        Self { format, kind: Some(kind) }
    }

    /// The format.
    #[must_use]
    pub const fn format(&self) -> Format {
        self.format
    }

    /// The curve or the type of the key, or the object identifier of one that is not known here; 64 octets
    /// at most.
    #[must_use]
    pub fn kind(&self) -> Option<&str> {
        self.kind.as_ref().map(|kind| match kind {
            FoundKind::Curve(name) | FoundKind::Type(name) | FoundKind::Unknown(name) => {
                name.as_str()
            }
        })
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} key", self.format)?;
        match &self.kind {
            Some(FoundKind::Curve(name)) => write!(f, " on {name}"),
            Some(FoundKind::Type(name)) => write!(f, " of type {name}"),
            Some(FoundKind::Unknown(_)) => f.write_str(" of unknown type"),
            None => Ok(()),
        }
    }
}

/// Why a file gave no key.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ImportError {
    /// It is well-formed, and its key cannot be used.
    #[non_exhaustive]
    Key {
        /// What it is.
        found: Found,
        /// What is wrong with it.
        error: KeyError,
    },
    /// It is not well-formed, or of another format.
    Parse(ParseError),
}

impl ImportError {
    /// A code that stays the same between versions.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Key { error, .. } => error.code(),
            Self::Parse(error) => error.code(),
        }
    }
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key { found, error } => write!(f, "{found}: {error}"),
            Self::Parse(error) => error.fmt(f),
        }
    }
}

impl Error for ImportError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Key { error, .. } => error.source(),
            Self::Parse(_) => None,
        }
    }
}

/// A key as a file holds it, before any arithmetic.
enum Parts {
    Private { half: Half, public: Option<Vec<u8>> },
    Public(Params),
}

/// The private half of a key, and for RSA the public one.
enum Half {
    Raw(Kind, SecretBytes),
    Rsa(Rsa),
}

impl Parts {
    /// The key, once the backend has computed what the file leaves out and checked what it does not.
    fn into_jwk(self, format: Format, backend: &dyn Backend) -> Result<Jwk, ImportError> {
        match self {
            Self::Public(params) => {
                let jwk = Jwk::new(params);
                jwk.check_consistency(backend)
                    .map_err(|error| ImportError::Key { found: Found::of(format, &jwk), error })?;
                Ok(jwk)
            }
            Self::Private { half: Half::Rsa(rsa), public } => {
                let refused = |error| format.refused(Kind::Rsa, error);
                if let Some(der) = public {
                    let own = Params::Rsa(rsa.to_public());
                    if pkcs1::public(format, &der)? != own {
                        return Err(refused(KeyError::Inconsistent));
                    }
                }
                Jwk::new(Params::Rsa(rsa)).complete(backend).map_err(refused)
            }
            Self::Private { half: Half::Raw(kind, secret), public } => {
                let refused = |error| format.refused(kind, error);
                let half = match kind {
                    Kind::Akp(alg) => PrivateHalf::Akp { alg, seed: &secret },
                    Kind::Ec(crv) => PrivateHalf::Ec { crv, d: &secret },
                    Kind::Okp(crv) => PrivateHalf::Okp { crv, d: &secret },
                    Kind::Rsa => return Err(format.malformed(Rule::Der)),
                };
                let params = backend.complete(half).map_err(refused)?;
                // Another's public key may be meant to pass for this one's.
                if public.is_some_and(|public| !algorithm::is_public_key(&public, &params)) {
                    return Err(refused(KeyError::Inconsistent));
                }
                let jwk = Jwk::new(params);
                jwk.check_structure().map_err(refused)?;
                Ok(jwk)
            }
        }
    }
}

/// A file is as long as a JWK Set may be.
const fn within_limit(len: usize) -> Result<(), Rule> {
    let limit = Limits::DEFAULT.jwk_set;
    if len > limit { Err(Rule::TooLong { limit }) } else { Ok(()) }
}

/// Encodes a structure of parts that were valid before.
fn encode(structure: &impl Encode) -> Result<Vec<u8>, KeyError> {
    structure.to_der().map_err(|_| KeyError::Inconsistent)
}

fn encode_secret(structure: &impl Encode) -> Result<SecretBytes, KeyError> {
    encode(structure).map(SecretBytes::new)
}

fn no_place(format: Format, params: &Params) -> KeyError {
    KeyError::Format { format: format.name(), actual: excerpt(params.kty()) }
}

/// Whether `der` is one whole element, whatever it is.
fn is_one_element(der: &[u8]) -> bool {
    let Ok(mut reader) = SliceReader::new(der) else { return false };
    reader.tlv_bytes().is_ok() && reader.is_finished()
}
