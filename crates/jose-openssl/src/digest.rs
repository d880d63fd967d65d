//! SHA-2 (FIPS 180-4), for thumbprints and for signatures made in two phases.

use core::ffi::CStr;

use jose_core::crypto::CryptoError;
use jose_core::jwa::Hash;

use crate::ffi::Lib;

pub(crate) fn digest(
    lib: &Lib,
    hash: Hash,
    parts: &[&[u8]],
    out: &mut [u8],
) -> Result<(), CryptoError> {
    lib.digest(hash, parts, out)
}

/// The name under which every provider has the hash function.
pub(crate) fn name(hash: Hash) -> Result<&'static CStr, CryptoError> {
    match hash {
        Hash::Sha256 => Ok(c"SHA2-256"),
        Hash::Sha384 => Ok(c"SHA2-384"),
        Hash::Sha512 => Ok(c"SHA2-512"),
        _ => Err(CryptoError::from_source(format!("no hash function {}", hash.name()))),
    }
}
