//! Keys from passwords: PBKDF2 with HMAC (RFC 7518 §4.8.1.1, RFC 8018 §5.2).

use alloc::vec;
use core::num::NonZeroU32;

use jose_core::SecretBytes;
use jose_core::crypto::KeyError;
use jose_core::jwa::Hash;
use pbkdf2::pbkdf2_hmac;
use sha2::{Sha256, Sha384, Sha512};

pub(crate) fn pbkdf2(
    hash: Hash,
    password: &SecretBytes,
    salt: &[u8],
    count: NonZeroU32,
    len: usize,
) -> Result<SecretBytes, KeyError> {
    let derive = match hash {
        Hash::Sha256 => pbkdf2_hmac::<Sha256>,
        Hash::Sha384 => pbkdf2_hmac::<Sha384>,
        Hash::Sha512 => pbkdf2_hmac::<Sha512>,
        _ => return Err(KeyError::Unsupported { what: "PBKDF2 with another hash function" }),
    };
    let mut key = vec![0; len];
    derive(password.expose_secret(), salt, count.get(), &mut key);
    Ok(SecretBytes::new(key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::hex;

    fn derived(hash: Hash, password: &[u8], salt: &[u8], count: u32, len: usize) -> SecretBytes {
        let count = NonZeroU32::new(count).unwrap();
        pbkdf2(hash, &SecretBytes::from(password), salt, count, len).unwrap()
    }

    #[test]
    fn the_vectors_of_rfc_7914_section_11_hold() {
        let once = "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc49ca9cccf179b6\
            45991664b39d77ef317c71b845b1e30bd509112041d3a19783";
        let often = "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56a1d425a1225833\
            549adb841b51c9b3176a272bdebba1d078478f62b397f33c8d";
        for (password, salt, count, expected) in
            [(&b"passwd"[..], &b"salt"[..], 1, once), (b"Password", b"NaCl", 80_000, often)]
        {
            let key = derived(Hash::Sha256, password, salt, count, 64);
            assert_eq!(key.expose_secret(), hex(expected));
        }
    }

    /// No RFC has vectors for these two; another implementation made them.
    #[test]
    fn longer_hashes_derive_what_others_derive() {
        let sha384 = "5329c1b022a728be4534cd3cfd55bc3877f3ec1dedb0ca643e65dd641e107e996fc728646002d0\
            ba08e9990ab361cabfcd3cb69deed5ed3d64e6d7c5ecc83a91e4e568a3df0fa20ece74c464b899\
            5e837ced12d14c0bced9149f0e5e5fecd85177aaddf4";
        let sha512 = "2ad6a1074a28addf332db771afaa5928b0bebc600f287167c366a1d730f8835f94e70d2d478279\
            cdc0dae70e154cc5fb0442760e84694adb85f6aa1db4e7807c1686b79e5ff860059abe3ca7bfde\
            057bfed883537f964a806b4d2fc9f87739082f247df9";
        for (hash, expected) in [(Hash::Sha384, sha384), (Hash::Sha512, sha512)] {
            let key = derived(hash, b"passwd", b"salt", 3, 100);
            assert_eq!(key.expose_secret(), hex(expected));
        }
    }

    #[test]
    fn a_shorter_key_is_the_start_of_a_longer_one() {
        let long = derived(Hash::Sha512, b"passwd", b"salt", 2, 130);
        for len in [0, 16, 24, 32, 64, 65] {
            let key = derived(Hash::Sha512, b"passwd", b"salt", 2, len);
            assert_eq!(key.expose_secret(), &long.expose_secret()[..len]);
        }
    }
}
