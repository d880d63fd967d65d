//! Keys of type `AKP`: algorithm key pairs (RFC 9964).

use alloc::vec::Vec;

use super::params::{exactly, exactly_secret};
use crate::SecretBytes;
use crate::error::Rule;

/// Parameters of an `AKP` key (RFC 9964).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Akp {
    alg: AkpAlgorithm,
    public: Vec<u8>,
    private: Option<SecretBytes>,
}

impl Akp {
    /// A public key, and its seed if `private` is given.
    ///
    /// # Errors
    ///
    /// [`Rule::Length`] unless `public` is [`AkpAlgorithm::public_len`] and `private` 32 octets
    /// long.
    pub fn new(
        alg: AkpAlgorithm,
        public: Vec<u8>,
        private: Option<SecretBytes>,
    ) -> Result<Self, Rule> {
        exactly("pub", &public, alg.public_len())?;
        exactly_secret("priv", private.as_ref(), 32)?;
        Ok(Self { alg, public, private })
    }

    pub(super) fn to_public(&self) -> Self {
        Self { alg: self.alg, public: self.public.clone(), private: None }
    }

    /// The algorithm.
    #[must_use]
    pub const fn alg(&self) -> AkpAlgorithm {
        self.alg
    }

    /// The public key, `pub`.
    #[must_use]
    pub fn public(&self) -> &[u8] {
        &self.public
    }

    /// The private key, `priv`: a seed of 32 octets.
    #[must_use]
    pub const fn private(&self) -> Option<&SecretBytes> {
        self.private.as_ref()
    }
}

/// An algorithm of key type `AKP`; the key names it and serves no other.
#[allow(non_camel_case_types, reason = "the registered names, spelled as near as Rust can")]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum AkpAlgorithm {
    /// ML-DSA-44.
    ML_DSA_44,
    /// ML-DSA-65.
    ML_DSA_65,
    /// ML-DSA-87.
    ML_DSA_87,
}

impl AkpAlgorithm {
    /// The registered name, as it stands in `alg`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ML_DSA_44 => "ML-DSA-44",
            Self::ML_DSA_65 => "ML-DSA-65",
            Self::ML_DSA_87 => "ML-DSA-87",
        }
    }

    /// Length of a public key in octets: 1312, 1952 or 2592.
    #[must_use]
    pub const fn public_len(self) -> usize {
        match self {
            Self::ML_DSA_44 => 1312,
            Self::ML_DSA_65 => 1952,
            Self::ML_DSA_87 => 2592,
        }
    }

    pub(super) fn from_name(name: &str) -> Option<Self> {
        [Self::ML_DSA_44, Self::ML_DSA_65, Self::ML_DSA_87]
            .into_iter()
            .find(|alg| alg.name() == name)
    }
}
