//! Random octets from OpenSSL's generator for private values (SP 800-90A).

use jose_core::crypto::CryptoError;

use crate::ffi::Lib;

pub(crate) fn random(lib: &Lib, out: &mut [u8]) -> Result<(), CryptoError> {
    // An application may have put a generator of its own in the place of OpenSSL's, and such a one
    // takes an `int` for the length.
    out.chunks_mut(1 << 20).try_for_each(|chunk| lib.random(chunk))
}
