//! Keys of type `OKP`: octet key pairs (RFC 8037 §2).

use alloc::vec::Vec;

use super::params::{exactly, exactly_secret};
use crate::SecretBytes;
use crate::error::Rule;

/// Parameters of an `OKP` key (RFC 8037 §2).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Okp {
    crv: OkpCurve,
    x: Vec<u8>,
    d: Option<SecretBytes>,
}

impl Okp {
    /// A public key, and its private key if `d` is given; as the curve's own RFC encodes them.
    ///
    /// # Errors
    ///
    /// [`Rule::Length`] unless each is exactly [`OkpCurve::key_len`] octets long.
    pub fn new(crv: OkpCurve, x: Vec<u8>, d: Option<SecretBytes>) -> Result<Self, Rule> {
        let len = crv.key_len();
        exactly("x", &x, len)?;
        exactly_secret("d", d.as_ref(), len)?;
        Ok(Self { crv, x, d })
    }

    pub(super) fn to_public(&self) -> Self {
        Self { crv: self.crv, x: self.x.clone(), d: None }
    }

    /// The curve.
    #[must_use]
    pub const fn crv(&self) -> OkpCurve {
        self.crv
    }

    /// The public key.
    #[must_use]
    pub fn x(&self) -> &[u8] {
        &self.x
    }

    /// The private key: for the Ed curves the seed (RFC 8032 §5.1.5).
    #[must_use]
    pub const fn d(&self) -> Option<&SecretBytes> {
        self.d.as_ref()
    }
}

/// A curve of key type `OKP`.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum OkpCurve {
    /// Ed25519, for signatures.
    Ed25519,
    /// Ed448, for signatures.
    Ed448,
    /// X25519, for key agreement.
    X25519,
    /// X448, for key agreement.
    X448,
}

impl OkpCurve {
    /// The registered name, as it stands in `crv`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ed25519 => "Ed25519",
            Self::Ed448 => "Ed448",
            Self::X25519 => "X25519",
            Self::X448 => "X448",
        }
    }

    /// Length of a public and of a private key in octets: 32, 56 or 57.
    #[must_use]
    pub const fn key_len(self) -> usize {
        match self {
            Self::Ed25519 | Self::X25519 => 32,
            Self::Ed448 => 57,
            Self::X448 => 56,
        }
    }

    pub(super) fn from_name(name: &str) -> Option<Self> {
        [Self::Ed25519, Self::Ed448, Self::X25519, Self::X448]
            .into_iter()
            .find(|crv| crv.name() == name)
    }
}
