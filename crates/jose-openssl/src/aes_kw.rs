//! AES Key Wrap (RFC 7518 §4.4, RFC 3394).

use jose_core::SecretBytes;
use jose_core::crypto::{CryptoError, KeyError, KeyUnwrapper, KeyWrapper, Refused};
use jose_core::jwa::KeyManagementAlgorithm;
use jose_core::jwk::Oct;

use crate::ffi::{Aes, CipherKey, Lib};

/// A shared key.
pub(crate) struct AesKw(CipherKey);

impl AesKw {
    pub(crate) fn new(
        lib: &'static Lib,
        alg: KeyManagementAlgorithm,
        oct: &Oct,
    ) -> Result<Self, KeyError> {
        use KeyManagementAlgorithm as K;
        let aes = match alg {
            K::A128KW => Aes::Wrap128,
            K::A192KW => Aes::Wrap192,
            K::A256KW => Aes::Wrap256,
            _ => return Err(KeyError::Unsupported { what: alg.name() }),
        };
        CipherKey::new(lib, aes, oct.k().expose_secret()).map(Self).map_err(KeyError::Unavailable)
    }
}

impl KeyWrapper for AesKw {
    fn wrap_key(&self, cek: &SecretBytes) -> Result<Vec<u8>, CryptoError> {
        self.0
            .encrypt(None)?
            .wrap(cek.expose_secret())
            .map(|mut wrapped| core::mem::take(&mut *wrapped))
    }
}

impl KeyUnwrapper for AesKw {
    fn unwrap_key(&self, encrypted_key: &[u8], cek_len: usize) -> Result<SecretBytes, Refused> {
        let cipher = self.0.decrypt(None).map_err(Refused::Unavailable)?;
        let mut cek = cipher.unwrap(encrypted_key)?;
        if cek.len() != cek_len {
            return Err(Refused::Invalid);
        }
        Ok(SecretBytes::new(core::mem::take(&mut *cek)))
    }
}

#[cfg(test)]
mod tests {
    use openssl::error::ErrorStack;

    use super::*;
    use crate::tests::hex;

    static LIB: Lib = Lib::process();

    const KEK: &str = "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F";
    const KEY: &str = "00112233445566778899AABBCCDDEEFF000102030405060708090A0B0C0D0E0F";

    fn load(kek: &[u8]) -> AesKw {
        let alg = match kek.len() {
            16 => KeyManagementAlgorithm::A128KW,
            24 => KeyManagementAlgorithm::A192KW,
            _ => KeyManagementAlgorithm::A256KW,
        };
        AesKw::new(&LIB, alg, &Oct::new(kek.into()).unwrap()).unwrap()
    }

    #[test]
    fn the_examples_of_rfc_3394_are_wrapped_and_unwrapped() {
        for (kek, key, wrapped) in [
            (16, 16, "1FA68B0A8112B447AEF34BD8FB5A7B829D3E862371D2CFE5"),
            (24, 16, "96778B25AE6CA435F92B5B97C050AED2468AB8A17AD84E5D"),
            (32, 16, "64E8C3F9CE0F5BA263E9777905818A2A93C8191E7D6E8AE7"),
            (24, 24, "031D33264E15D33268F24EC260743EDCE1C6C7DDEE725A936BA814915C6762D2"),
            (32, 24, "A8F9BC1612C68B3FF6E6F4FBE30E71E4769C8B80A32CB8958CD5D17D6B254DA1"),
            (
                32,
                32,
                "28C9F404C4B810F4CBCCB35CFB87F8263F5786E2D80ED326\
                 CBC7F0E71A99F43BFB988B9B7A02DD21",
            ),
        ] {
            let (kek, key) = (&hex(KEK)[..kek], &hex(KEY)[..key]);
            assert_eq!(load(kek).wrap_key(&key.into()).unwrap(), hex(wrapped));
            let unwrapped = load(kek).unwrap_key(&hex(wrapped), key.len()).unwrap();
            assert_eq!(unwrapped.expose_secret(), key);
        }
    }

    #[test]
    fn a_wrapped_key_with_one_octet_changed_is_refused() {
        for kek in [16, 24, 32] {
            let handle = load(&hex(KEK)[..kek]);
            let wrapped = handle.wrap_key(&[7; 64].into()).unwrap();
            assert_eq!(wrapped.len(), 72);
            for at in 0..wrapped.len() {
                let mut changed = wrapped.clone();
                changed[at] ^= 0x80;
                let verdict = handle.unwrap_key(&changed, 64);
                assert!(matches!(verdict, Err(Refused::Invalid)), "{at} {verdict:?}");
                assert!(ErrorStack::get().errors().is_empty());
            }
        }
    }

    #[test]
    fn a_key_of_another_length_is_refused() {
        let handle = load(&hex(KEK));
        let wrapped = handle.wrap_key(&[7; 32].into()).unwrap();
        for cek_len in [0, 16, 24, 31, 33, 40, 48] {
            assert!(matches!(handle.unwrap_key(&wrapped, cek_len), Err(Refused::Invalid)));
        }
    }

    #[test]
    fn what_is_no_number_of_blocks_is_refused() {
        let handle = load(&hex(KEK));
        for len in (0..=24).chain([25, 31, 33, 39, 40, 41, 1 << 16]) {
            let verdict = handle.unwrap_key(&vec![0x5A; len], len.saturating_sub(8));
            assert!(matches!(verdict, Err(Refused::Invalid)), "{len} {verdict:?}");
            assert!(ErrorStack::get().errors().is_empty(), "{len}");
        }
    }

    #[test]
    fn a_key_that_fills_no_blocks_is_not_wrapped() {
        let handle = load(&hex(KEK));
        for len in [0, 1, 8, 15, 17, 33] {
            assert!(handle.wrap_key(&vec![7; len].into()).is_err(), "{len}");
            assert!(ErrorStack::get().errors().is_empty(), "{len}");
        }
    }

    #[test]
    fn a_key_of_another_length_than_the_algorithms_is_not_loaded() {
        for len in [1, 15, 17, 24, 32] {
            let oct = Oct::new(vec![7; len].into()).unwrap();
            assert!(AesKw::new(&LIB, KeyManagementAlgorithm::A128KW, &oct).is_err(), "{len}");
        }
    }
}
