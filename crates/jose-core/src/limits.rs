//! Every ceiling on work that an attacker may choose, with its default and its reason.

/// Ceilings for parsing and verifying. One value goes through every path.
///
/// ```
/// use jose_core::Limits;
///
/// let mut limits = Limits::default();
/// limits.token = 8 * 1024; // octets
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Limits {
    /// Longest plaintext in octets that comes out of a compressed JWE. Default 250 000: a few octets
    /// can stand for a thousand times as many (RFC 8725 §3.15).
    pub inflated: usize,
    /// Most recipients of a JWE; one that has more is refused whole. Default 16.
    pub recipients: usize,
    /// Longest token in octets, checked before anything else is done with it. Default 256 KiB:
    /// tokens travel in HTTP fields, and what is longer is an attack or a file.
    pub token: usize,
    /// Longest JOSE Header in octets, after base64url. Default 16 KiB: room for an ML-DSA key or
    /// a certificate chain.
    pub header: usize,
    /// Deepest nesting in a JOSE Header or a JWK. Default 16, at most 128.
    pub header_depth: usize,
    /// Deepest nesting in a JWT Claims Set. Default 64, at most 128.
    pub claims_depth: usize,
    /// Longest JWK or JWK Set in octets. Default 256 KiB.
    pub jwk_set: usize,
    /// Most members of a JWK Set that are looked at; that there are more is reported as one that was
    /// skipped. Default 256.
    pub jwk_set_keys: usize,
    /// Most signatures of a JWS; one that has more is refused whole. Default 16: each costs as many
    /// public-key operations as [`tries`](Self::tries) allows.
    pub signatures: usize,
    /// Most keys that are tried on one signature which names none of them by `kid`, or on one JWE with
    /// all its recipients. Default 8: a token costs its sender nothing, and each try costs us an
    /// operation with a key: some milliseconds to verify with the longest RSA keys, half a second and
    /// more to decrypt with them, and about a second for a password, which counts as four.
    pub tries: usize,
}

impl Limits {
    /// The defaults named on each field.
    pub const DEFAULT: Self = Self {
        inflated: 250_000,
        recipients: 16,
        token: 256 * 1024,
        header: 16 * 1024,
        header_depth: 16,
        claims_depth: 64,
        jwk_set: 256 * 1024,
        jwk_set_keys: 256,
        signatures: 16,
        tries: 8,
    };

    /// Nesting beyond this is refused whatever the fields say, because the parsers recurse.
    pub(crate) const MAX_DEPTH: usize = 128;
    /// Most octets of text from a token that an error keeps.
    pub(crate) const EXCERPT: usize = 64;
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// The most leeway a validation may give a clock: 600 seconds.
pub const MAX_LEEWAY: core::time::Duration = core::time::Duration::from_secs(600);

/// Most certificates in an `x5c`; a chain has three or four.
pub const MAX_CERTIFICATES: usize = 8;
/// Most operations in `key_ops`; RFC 7517 §4.3 knows eight.
pub const MAX_KEY_OPS: usize = 16;

/// Fewest rounds of PBES2 (`p2c`) that are produced or accepted: what RFC 7518 §4.8.1.2 asks for.
pub const MIN_P2C: u32 = 1_000;
/// Most rounds of PBES2 (`p2c`) that are produced or accepted: about a second of work that a sender
/// may ask of us.
pub const MAX_P2C: u32 = 1_200_000;
/// Most octets of a salt of PBES2 (`p2s`) that are accepted, and fewest: 8 (RFC 7518 §4.8.1.1).
pub const MAX_P2S: usize = 256;

/// Most rounds of PBKDF2 that a file with an encrypted key may ask for: some seconds of work.
pub const MAX_PBKDF2_COUNT: u32 = 10_000_000;
/// Most memory, in octets, that a file with an encrypted key may ask scrypt to use (128 · N · r).
pub const MAX_SCRYPT_MEMORY: u64 = 64 * 1024 * 1024;
/// Greatest block size (r) that such a file may ask for; everybody has 8. What scrypt needs beside
/// [`MAX_SCRYPT_MEMORY`] grows with it.
pub const MAX_SCRYPT_R: u64 = 64;
/// Most parallelization that such a file may ask for: the work is done that many times.
pub const MAX_SCRYPT_P: u16 = 4;
/// Highest cost of scrypt that we encrypt keys with, as a logarithm to the base 2: as much memory as
/// reading allows.
pub const MAX_SCRYPT_LOG_N: u8 = 16;

/// RSA moduli shorter than this, in bits, are refused (RFC 7518 §3.3).
pub const MIN_RSA_BITS: usize = 2048;
/// RSA moduli longer than this, in bits, are refused: verification grows with the square.
pub const MAX_RSA_BITS: usize = 16384;
/// RSA public exponents longer than this, in bits, are refused: libraries differ above it, and a
/// long exponent makes the cheap operation as dear as the private one.
pub const MAX_RSA_EXPONENT_BITS: usize = 32;
/// Shared keys longer than this, in bits, are not made: 4096 octets, far beyond what any algorithm has
/// a use for.
pub const MAX_OCT_BITS: usize = 8 * 4096;
