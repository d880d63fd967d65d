//! Passwords of private keys in files: PBES2 (RFC 8018 §6.2).

use core::num::NonZeroU32;

/// How a private key is encrypted under a password: a key is derived from it, for AES in CBC mode with
/// the padding of RFC 8018 §6.1.1.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::exhaustive_structs, reason = "RFC 8018 gives the scheme these three parts")]
pub struct Pbes2<'a> {
    /// How the key is derived.
    pub kdf: PasswordKdf<'a>,
    /// Length of the AES key in octets: 16, 24 or 32.
    pub key_len: usize,
    /// The initialization vector.
    pub iv: [u8; 16],
}

/// How a key is derived from a password.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum PasswordKdf<'a> {
    /// PBKDF2 (RFC 8018 §5.2).
    Pbkdf2 {
        /// The pseudorandom function.
        prf: Prf,
        /// The salt.
        salt: &'a [u8],
        /// Rounds of the function.
        count: NonZeroU32,
    },
    /// scrypt (RFC 7914). It takes 128 · 2^`log_n` · `r` octets of memory.
    Scrypt {
        /// The salt.
        salt: &'a [u8],
        /// Logarithm to the base 2 of the cost parameter N.
        log_n: u8,
        /// The block size.
        r: u32,
        /// The parallelization.
        p: u32,
    },
}

/// The pseudorandom function of PBKDF2 (RFC 8018 B.1).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Prf {
    /// HMAC with SHA-1, which many old files have. As a pseudorandom function it stands.
    HmacSha1,
    /// HMAC with SHA-256.
    HmacSha256,
    /// HMAC with SHA-384.
    HmacSha384,
    /// HMAC with SHA-512.
    HmacSha512,
}

impl Pbes2<'_> {
    pub(super) const fn name(&self) -> &'static str {
        match self.kdf {
            PasswordKdf::Pbkdf2 { .. } => "PBES2 with PBKDF2",
            PasswordKdf::Scrypt { .. } => "PBES2 with scrypt",
        }
    }
}
