//! Keys of type `EC`: points on Weierstrass curves (RFC 7518 §6.2, RFC 8812 §3.1).

use alloc::vec::Vec;

use super::params::{exactly, exactly_secret};
use crate::SecretBytes;
use crate::error::Rule;

/// Parameters of an `EC` key (RFC 7518 §6.2).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Ec {
    crv: EcCurve,
    x: Vec<u8>,
    y: Vec<u8>,
    d: Option<SecretBytes>,
}

impl Ec {
    /// A point, and its private key if `d` is given; all big-endian.
    ///
    /// # Errors
    ///
    /// [`Rule::Length`] unless each is exactly [`EcCurve::coordinate_len`] octets long.
    pub fn new(crv: EcCurve, x: Vec<u8>, y: Vec<u8>, d: Option<SecretBytes>) -> Result<Self, Rule> {
        let len = crv.coordinate_len();
        exactly("x", &x, len)?;
        exactly("y", &y, len)?;
        exactly_secret("d", d.as_ref(), len)?;
        Ok(Self { crv, x, y, d })
    }

    pub(super) fn to_public(&self) -> Self {
        Self { crv: self.crv, x: self.x.clone(), y: self.y.clone(), d: None }
    }

    /// The curve.
    #[must_use]
    pub const fn crv(&self) -> EcCurve {
        self.crv
    }

    /// The x coordinate, big-endian, at full length.
    #[must_use]
    pub fn x(&self) -> &[u8] {
        &self.x
    }

    /// The y coordinate, big-endian, at full length.
    #[must_use]
    pub fn y(&self) -> &[u8] {
        &self.y
    }

    /// The private key, big-endian, at full length.
    #[must_use]
    pub const fn d(&self) -> Option<&SecretBytes> {
        self.d.as_ref()
    }
}

/// A curve of key type `EC`.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum EcCurve {
    /// P-256, also called secp256r1 and prime256v1.
    P256,
    /// P-384, also called secp384r1.
    P384,
    /// P-521, also called secp521r1.
    P521,
    /// secp256k1 (RFC 8812 §3.1).
    Secp256k1,
}

impl EcCurve {
    /// The registered name, as it stands in `crv`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
            Self::Secp256k1 => "secp256k1",
        }
    }

    /// Length of a coordinate and of a private key in octets: 32, 48 or 66.
    #[must_use]
    pub const fn coordinate_len(self) -> usize {
        match self {
            Self::P256 | Self::Secp256k1 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    pub(super) fn from_name(name: &str) -> Option<Self> {
        [Self::P256, Self::P384, Self::P521, Self::Secp256k1]
            .into_iter()
            .find(|crv| crv.name() == name)
    }
}
