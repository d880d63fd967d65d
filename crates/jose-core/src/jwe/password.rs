//! Passwords, and the keys that PBES2 derives from them (RFC 7518 §4.8).

use core::fmt;
use core::num::NonZeroU32;

use super::establish::{derive, with_derived};
use crate::SecretBytes;
use crate::crypto::{Backend, CryptoError};
use crate::error::KeyError;
use crate::jwa::KeyManagementAlgorithm;
use crate::jwk::Jwk;
use crate::limits::{MAX_P2C, MAX_P2S, MIN_P2C};

/// A password: octets that a human can remember, and that only PBES2 makes a key of.
///
/// It is no key and never serves as one: octets that are go into a
/// [`Jwk`](Jwk::from_secret_octets).
///
/// Passwords are guessed, by whoever has the token, as fast as their machines allow. Let a program
/// choose them: 80 bits of randomness are 7 words of a list of 2048, or 14 letters.
#[derive(Clone, Eq, PartialEq)]
pub struct Password(SecretBytes);

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Its length alone would save a guesser work.
        f.write_str("Password")
    }
}

impl Password {
    /// A password of these octets; for text, those of its UTF-8.
    #[must_use]
    pub fn new(octets: impl Into<SecretBytes>) -> Self {
        Self(octets.into())
    }

    /// The key that PBES2 derives from this password under `alg` (RFC 7518 §4.8.1): an `oct` key bound
    /// to `A128KW`, `A192KW` or `A256KW`, which unwraps what the password would.
    ///
    /// Deriving it once and keeping it spares the rounds for every further token of the same salt and
    /// count. It is as good as the password, and is to be kept as that is.
    ///
    /// `p2s` is the Salt Input, 8 to 256 octets, before which the name of `alg` is put;
    /// [`new_p2s`](Self::new_p2s) draws one. `p2c` is the number of rounds, 1000 to 1 200 000;
    /// [`default_p2c`](Self::default_p2c) tells what is used here.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use jose_rustcrypto::BACKEND;
    /// use jose_core::{Alg, jwe::Password};
    ///
    /// let password = Password::from("correct horse battery staple");
    /// let alg = Alg::PBES2_HS256_A128KW;
    /// let p2s = Password::new_p2s(BACKEND)?;
    /// let key = password.derive_key(alg, &p2s, Password::default_p2c(alg)?, BACKEND)?;
    /// assert_eq!(key.alg(), Some("A128KW"));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// [`KeyError::Purpose`] for an algorithm that takes no password, [`KeyError::TooShort`] for an
    /// empty one, [`KeyError::Salt`] and [`KeyError::Rounds`] for a salt or a number of rounds outside
    /// the bounds, [`KeyError::Unsupported`] and [`KeyError::Unavailable`] if `backend` derives no keys
    /// or could not.
    pub fn derive_key(
        &self,
        alg: KeyManagementAlgorithm,
        p2s: &[u8],
        p2c: u32,
        backend: &dyn Backend,
    ) -> Result<Jwk, KeyError> {
        let password = self.check(alg)?;
        if !(MIN_P2S..=MAX_P2S).contains(&p2s.len()) {
            return Err(KeyError::Salt { min: MIN_P2S, max: MAX_P2S, actual: p2s.len() });
        }
        let key = derive(alg, &password, p2s, check_p2c(p2c)?, backend)?;
        with_derived(alg, key, |bound| Jwk::new(bound.params().clone()).with_alg(bound.alg()))
    }

    /// A new Salt Input, from the generator of `backend` (RFC 7518 §4.8.1.1). No secret; no two keys
    /// should have the same.
    ///
    /// # Errors
    ///
    /// [`CryptoError`] if there is no entropy to be had.
    pub fn new_p2s(backend: &dyn Backend) -> Result<[u8; 16], CryptoError> {
        let mut p2s = [0; 16];
        backend.random(&mut p2s)?;
        Ok(p2s)
    }

    /// The rounds that [`EncryptionKey::from_password`](super::EncryptionKey::from_password) takes
    /// unless told otherwise: 600 000 for `PBES2-HS256+A128KW`, 210 000 for the others.
    ///
    /// # Errors
    ///
    /// [`KeyError::Purpose`] for an algorithm that takes no password.
    pub fn default_p2c(alg: KeyManagementAlgorithm) -> Result<u32, KeyError> {
        alg.password_hash().ok_or_else(|| not_pbes2(alg))?;
        Ok(default_count(alg).get())
    }

    pub(crate) const fn octets(&self) -> &SecretBytes {
        &self.0
    }

    /// Its octets, if they may serve `alg`.
    pub(super) fn check(&self, alg: KeyManagementAlgorithm) -> Result<SecretBytes, KeyError> {
        if alg.password_hash().is_none() {
            return Err(not_pbes2(alg));
        }
        if self.0.is_empty() {
            return Err(KeyError::TooShort { alg: alg.name(), min: 1, actual: 0 });
        }
        Ok(self.0.clone())
    }
}

impl From<&str> for Password {
    fn from(text: &str) -> Self {
        Self(SecretBytes::from(text.as_bytes()))
    }
}

/// The rounds that make a guess cost about the same, whichever the hash.
pub(super) fn default_count(alg: KeyManagementAlgorithm) -> NonZeroU32 {
    let count = if alg == KeyManagementAlgorithm::PBES2_HS256_A128KW { 600_000 } else { 210_000 };
    NonZeroU32::new(count).unwrap_or(NonZeroU32::MAX)
}

pub(super) fn check_p2c(p2c: u32) -> Result<NonZeroU32, KeyError> {
    let rounds = NonZeroU32::new(p2c).filter(|_| (MIN_P2C..=MAX_P2C).contains(&p2c));
    rounds.ok_or(KeyError::Rounds { min: MIN_P2C, max: MAX_P2C, actual: p2c })
}

pub(super) fn not_pbes2(alg: KeyManagementAlgorithm) -> KeyError {
    KeyError::Purpose { alg: alg.name(), purpose: "passwords" }
}

/// Fewest octets of a Salt Input (RFC 7518 §4.8.1.1).
pub(super) const MIN_P2S: usize = 8;
