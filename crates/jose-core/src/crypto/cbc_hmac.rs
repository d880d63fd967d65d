//! AES in CBC mode with HMAC: how the two are put together (RFC 7518 §5.2).
//!
//! A backend has both; this is the part that JOSE adds. The tag is the first
//! [`tag_len`](ContentEncryption::tag_len) octets of the HMAC over the additional authenticated
//! data, the initialization vector, the ciphertext and [`al`], and is checked before anything is
//! decrypted.

use crate::jwa::ContentEncryption;

/// The key of the HMAC and the key of the cipher, in that order, which make up a content encryption
/// key (RFC 7518 §5.2.2.1).
///
/// `None` for a key of another length, and for what is not AES in CBC mode with HMAC.
#[must_use]
pub fn split_key(enc: ContentEncryption, key: &[u8]) -> Option<(&[u8], &[u8])> {
    enc.mac_hash()?;
    (key.len() == enc.key_len()).then(|| key.split_at(key.len() / 2))
}

/// The length of the additional authenticated data in bits, as the HMAC takes it.
#[must_use]
pub const fn al(aad: &[u8]) -> [u8; 8] {
    // No slice has more than `isize::MAX` octets; where that is 2^63 - 1, none fits in memory.
    (aad.len() as u64).wrapping_mul(8).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_the_mac_comes_first() {
        let key: [u8; 32] = core::array::from_fn(|index| u8::try_from(index).unwrap());
        let (mac, cipher) = split_key(ContentEncryption::A128CBC_HS256, &key).unwrap();
        assert_eq!((mac, cipher), (&key[..16], &key[16..]));
        assert_eq!(split_key(ContentEncryption::A192CBC_HS384, &key), None);
        assert_eq!(split_key(ContentEncryption::A256GCM, &key), None);
    }

    #[test]
    fn the_length_of_the_data_is_in_bits() {
        // RFC 7518 B.1
        assert_eq!(al(&[0; 42]), [0, 0, 0, 0, 0, 0, 0x01, 0x50]);
    }
}
