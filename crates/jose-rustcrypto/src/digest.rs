//! Digests of the SHA-2 family (RFC 6234; RFC 7638 §3.4 and RFC 7518 §3 say what for).

use jose_core::crypto::CryptoError;
use sha2::Digest;
use sha2::digest::Output;

/// Writes the digest of the concatenation of `parts` to `out`, which must be as long as it.
pub(crate) fn digest<D: Digest>(parts: &[&[u8]], out: &mut [u8]) -> Result<(), CryptoError> {
    let out: &mut Output<D> =
        out.try_into().map_err(|_| CryptoError::from_source("a buffer of another length"))?;
    over::<D>(parts).finalize_into(out);
    Ok(())
}

/// The state after the concatenation of `parts`.
pub(crate) fn over<D: Digest>(parts: &[&[u8]]) -> D {
    let mut digest = D::new();
    for part in parts {
        digest.update(part);
    }
    digest
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use sha2::Sha256;

    use super::*;

    #[test]
    fn parts_are_hashed_as_if_concatenated() {
        let (mut whole, mut parts) = ([0; 32], [0; 32]);
        digest::<Sha256>(&[b"abc"], &mut whole).unwrap();
        digest::<Sha256>(&[b"", b"a", b"bc"], &mut parts).unwrap();
        assert_eq!(whole, parts);
        assert_eq!(whole[..4], [0xBA, 0x78, 0x16, 0xBF]);
    }

    #[test]
    fn a_buffer_of_another_length_is_an_error() {
        for len in [0, 31, 33, 64] {
            assert!(digest::<Sha256>(&[b"abc"], &mut vec![0; len]).is_err(), "{len}");
        }
    }
}
