//! Randomness from the operating system (RFC 7518 §8.1, RFC 8725 §3.5; RFC 4086).

use chacha20::ChaCha20Rng;
use getrandom::SysRng;
use getrandom::rand_core::SeedableRng;
use jose_core::crypto::CryptoError;

/// Fills `out`, or fails: there is no second source.
pub(crate) fn fill(out: &mut [u8]) -> Result<(), CryptoError> {
    getrandom::fill(out).map_err(CryptoError::from_source)
}

/// A generator that cannot fail, from a fresh seed of 256 bits.
///
/// The search for primes takes only such a one. The system's own may fail in the middle of it, and
/// an adapter could only panic then; so all that may fail is done here, beforehand.
pub(crate) fn seeded() -> Result<ChaCha20Rng, CryptoError> {
    ChaCha20Rng::try_from_rng(&mut SysRng).map_err(CryptoError::from_source)
}
