//! AES Key Wrap (RFC 7518 §4.4, RFC 3394).

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

use aes::cipher::consts::U16;
use aes::cipher::{BlockCipherDecrypt, BlockCipherEncrypt, BlockSizeUser, KeyInit};
use aes_kw::{AesKw, IV_LEN, InnerInit};
use jose_core::SecretBytes;
use jose_core::crypto::{CryptoError, KeyError, KeyUnwrapper, KeyWrapper, Refused};
use jose_core::jwk::Oct;

/// What is asked of AES with each length of key.
pub(crate) trait Cipher:
    BlockCipherDecrypt
    + BlockCipherEncrypt
    + BlockSizeUser<BlockSize = U16>
    + KeyInit
    + Send
    + Sync
    + 'static
{
}

impl Cipher for aes::Aes128 {}
impl Cipher for aes::Aes192 {}
impl Cipher for aes::Aes256 {}

pub(crate) fn wrapper<C: Cipher>(oct: &Oct) -> Result<Box<dyn KeyWrapper>, KeyError> {
    Ok(Box::new(Keyed::<C>::new(oct)?))
}

pub(crate) fn unwrapper<C: Cipher>(oct: &Oct) -> Result<Box<dyn KeyUnwrapper>, KeyError> {
    Ok(Box::new(Keyed::<C>::new(oct)?))
}

/// The schedule of a key that encrypts keys.
struct Keyed<C>(AesKw<C>);

impl<C: Cipher> Keyed<C> {
    fn new(oct: &Oct) -> Result<Self, KeyError> {
        C::new_from_slice(oct.k().expose_secret())
            .map(|cipher| Self(AesKw::inner_init(cipher)))
            .map_err(|_| KeyError::Inconsistent)
    }
}

impl<C: Cipher> KeyWrapper for Keyed<C> {
    fn wrap_key(&self, cek: &SecretBytes) -> Result<Vec<u8>, CryptoError> {
        if !is_wrappable(cek.len()) {
            return Err(CryptoError::from_source("a key that AES Key Wrap is not defined for"));
        }
        let mut wrapped = vec![0; cek.len() + IV_LEN];
        self.0.wrap_key(cek.expose_secret(), &mut wrapped).map_err(CryptoError::from_source)?;
        Ok(wrapped)
    }
}

impl<C: Cipher> KeyUnwrapper for Keyed<C> {
    fn unwrap_key(&self, encrypted_key: &[u8], cek_len: usize) -> Result<SecretBytes, Refused> {
        if !is_wrappable(cek_len) || encrypted_key.len().checked_sub(IV_LEN) != Some(cek_len) {
            return Err(Refused::Invalid);
        }
        let mut cek = vec![0; cek_len];
        // If the integrity check fails, the crate has overwritten the buffer.
        self.0.unwrap_key(encrypted_key, &mut cek).map_err(|_| Refused::Invalid)?;
        Ok(SecretBytes::new(cek))
    }
}

/// RFC 3394 §2: whole blocks of 64 bits, and at least two. The crate would take fewer.
const fn is_wrappable(len: usize) -> bool {
    len >= 16 && len.is_multiple_of(8)
}

#[cfg(test)]
mod tests {
    use aes::{Aes128, Aes192, Aes256};

    use super::*;
    use crate::tests::hex;

    type Handles = (Box<dyn KeyWrapper>, Box<dyn KeyUnwrapper>);

    fn handles<C: Cipher>(key_len: u8) -> Handles {
        let oct = Oct::new((0..key_len).collect::<Vec<_>>().into()).unwrap();
        (wrapper::<C>(&oct).unwrap(), unwrapper::<C>(&oct).unwrap())
    }

    fn of_every_length() -> [Handles; 3] {
        [handles::<Aes128>(16), handles::<Aes192>(24), handles::<Aes256>(32)]
    }

    #[test]
    fn the_vectors_of_rfc_3394_hold() {
        let data = hex("00112233445566778899AABBCCDDEEFF000102030405060708090A0B0C0D0E0F");
        let [a128, a192, a256] = of_every_length();
        for ((wrapper, unwrapper), len, wrapped) in [
            (&a128, 16, "1FA68B0A8112B447AEF34BD8FB5A7B829D3E862371D2CFE5"), // §4.1
            (&a192, 16, "96778B25AE6CA435F92B5B97C050AED2468AB8A17AD84E5D"), // §4.2
            (&a256, 16, "64E8C3F9CE0F5BA263E9777905818A2A93C8191E7D6E8AE7"), // §4.3
            (
                &a192, // §4.4
                24,
                "031D33264E15D33268F24EC260743EDCE1C6C7DDEE725A936BA814915C6762D2",
            ),
            (
                &a256, // §4.5
                24,
                "A8F9BC1612C68B3FF6E6F4FBE30E71E4769C8B80A32CB8958CD5D17D6B254DA1",
            ),
            (
                &a256, // §4.6
                32,
                "28C9F404C4B810F4CBCCB35CFB87F8263F5786E2D80ED326CBC7F0E71A99F43BFB988B9B7A02DD21",
            ),
        ] {
            let key = SecretBytes::from(&data[..len]);
            assert_eq!(wrapper.wrap_key(&key).unwrap(), hex(wrapped));
            assert_eq!(unwrapper.unwrap_key(&hex(wrapped), len).unwrap(), key);
        }
    }

    #[test]
    fn a_wrapped_key_with_one_bit_changed_is_refused() {
        for (wrapper, unwrapper) in of_every_length() {
            let wrapped = wrapper.wrap_key(&SecretBytes::from([7; 32])).unwrap();
            for at in 0..wrapped.len() {
                let mut changed = wrapped.clone();
                changed[at] ^= 1;
                assert!(matches!(unwrapper.unwrap_key(&changed, 32), Err(Refused::Invalid)));
            }
        }
    }

    #[test]
    fn a_key_of_another_length_than_asked_for_is_refused() {
        let (wrapper, unwrapper) = handles::<Aes128>(16);
        let wrapped = wrapper.wrap_key(&SecretBytes::from([7; 32])).unwrap();
        for cek_len in (0..32).chain(33..80) {
            assert!(matches!(unwrapper.unwrap_key(&wrapped, cek_len), Err(Refused::Invalid)));
        }
    }

    #[test]
    fn encrypted_keys_of_any_length_are_refused_without_a_panic() {
        let (_, unwrapper) = handles::<Aes256>(32);
        for len in 0_usize..80 {
            for cek_len in [0, 8, 16, 24, 32, 48, 64, len, len.saturating_sub(8), usize::MAX] {
                let verdict = unwrapper.unwrap_key(&vec![0xA6; len], cek_len);
                assert!(matches!(verdict, Err(Refused::Invalid)), "{len} {cek_len}");
            }
        }
    }

    #[test]
    fn keys_that_rfc_3394_does_not_define_are_not_wrapped() {
        let (wrapper, _) = handles::<Aes128>(16);
        for len in [0, 1, 7, 8, 15, 17, 33] {
            assert!(wrapper.wrap_key(&SecretBytes::new(vec![7; len])).is_err(), "{len}");
        }
    }
}
