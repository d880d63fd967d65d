//! Compression of the plaintext (RFC 7516 §4.1.3): DEFLATE without any wrapping (RFC 1951).

#[cfg(feature = "deflate")]
use alloc::vec;
use alloc::vec::Vec;

#[cfg(feature = "deflate")]
use zeroize::Zeroizing;

use crate::error::Rule;

/// The only value of `zip` there is.
pub(super) const DEF: &str = "DEF";

/// The plaintext that `compressed` stands for, unless it is longer than `limit`.
#[cfg(feature = "deflate")]
pub(super) fn inflate(compressed: &[u8], limit: usize) -> Result<Vec<u8>, Rule> {
    use miniz_oxide::inflate::{TINFLStatus, decompress_slice_iter_to_slice};

    // No octet stands for more, so that a small text needs little room under any limit.
    let most = compressed.len().saturating_mul(1032).saturating_add(64);
    let mut text = Zeroizing::new(vec![0; limit.min(most)]);
    let inflated =
        decompress_slice_iter_to_slice(&mut text, core::iter::once(compressed), false, true);
    match inflated {
        Ok(len) => Ok(text.get(..len).unwrap_or_default().into()),
        Err(TINFLStatus::HasMoreOutput) => Err(Rule::TooLong { limit }),
        Err(_) => Err(Rule::Deflate),
    }
}

/// Nothing is inflated without the feature: the policy that would ask for it cannot be had.
#[cfg(not(feature = "deflate"))]
pub(super) const fn inflate(_compressed: &[u8], _limit: usize) -> Result<Vec<u8>, Rule> {
    Err(Rule::Deflate)
}

#[cfg(feature = "deflate")]
pub(super) fn deflate(plaintext: &[u8]) -> Zeroizing<Vec<u8>> {
    const LEVEL: u8 = 6;
    Zeroizing::new(miniz_oxide::deflate::compress_to_vec(plaintext, LEVEL))
}
