//! Content encryption: AES in Galois/Counter Mode (RFC 7518 §5.3) and AES in CBC mode with HMAC
//! (RFC 7518 §5.2).
//!
//! Both check the tag before they decrypt anything, and wipe what they refuse.

use alloc::boxed::Box;
use alloc::vec::Vec;

use aes::cipher::block_padding::Pkcs7;
use aes::cipher::consts::{U12, U16};
use aes::cipher::{
    Array, BlockCipherDecrypt, BlockCipherEncrypt, BlockModeDecrypt, BlockModeEncrypt,
    BlockSizeUser, InnerIvInit, KeyInit,
};
use aes::{Aes128, Aes192, Aes256};
use aes_gcm::{AeadInOut, AesGcm};
use hmac::{Hmac, Mac};
use jose_core::SecretBytes;
use jose_core::crypto::{ContentCipher, CryptoError, KeyError, Refused, cbc_hmac};
use jose_core::jwa::ContentEncryption;
use sha2::{Sha256, Sha384, Sha512};
use zeroize::Zeroize;

use crate::random;

pub(crate) fn cipher(
    enc: ContentEncryption,
    key: &SecretBytes,
) -> Result<Box<dyn ContentCipher>, KeyError> {
    use ContentEncryption as E;
    let key = key.expose_secret();
    let loaded: Option<Box<dyn ContentCipher>> = match enc {
        E::A128GCM => boxed(Gcm::<Aes128>::new(key)),
        E::A192GCM => boxed(Gcm::<Aes192>::new(key)),
        E::A256GCM => boxed(Gcm::<Aes256>::new(key)),
        E::A128CBC_HS256 => boxed(CbcHmac::<Aes128, Hmac<Sha256>>::new(enc, key)),
        E::A192CBC_HS384 => boxed(CbcHmac::<Aes192, Hmac<Sha384>>::new(enc, key)),
        E::A256CBC_HS512 => boxed(CbcHmac::<Aes256, Hmac<Sha512>>::new(enc, key)),
        _ => return Err(KeyError::Unsupported { what: enc.name() }),
    };
    loaded.ok_or_else(|| KeyError::Size {
        alg: enc.name(),
        expected: enc.key_len() * 8,
        actual: key.len().saturating_mul(8),
    })
}

fn boxed<T: ContentCipher + 'static>(cipher: Option<T>) -> Option<Box<dyn ContentCipher>> {
    cipher.map(|cipher| Box::new(cipher) as _)
}

/// The schedule of the key, and the key of GHASH.
struct Gcm<C>(AesGcm<C, U12>);

impl<C> Gcm<C>
where
    C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16> + KeyInit,
{
    fn new(key: &[u8]) -> Option<Self> {
        AesGcm::new_from_slice(key).map(Self).ok()
    }
}

impl<C> ContentCipher for Gcm<C>
where
    C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16> + Send + Sync,
{
    fn encrypt(
        &self,
        aad: &[u8],
        iv: &mut [u8],
        text: &mut Vec<u8>,
        tag: &mut [u8],
    ) -> Result<(), CryptoError> {
        // RFC 7518 §5.3: 96 bits. Drawn at random, they are good for 2^32 texts under one key.
        random::fill(iv)?;
        let iv = <&Array<u8, U12>>::try_from(&*iv).map_err(CryptoError::from_source)?;
        let tag = <&mut Array<u8, U16>>::try_from(tag).map_err(CryptoError::from_source)?;
        *tag = self
            .0
            .encrypt_inout_detached(iv, aad, text.as_mut_slice().into())
            .map_err(CryptoError::from_source)?;
        Ok(())
    }

    fn decrypt(
        &self,
        aad: &[u8],
        iv: &[u8],
        text: &mut Vec<u8>,
        tag: &[u8],
    ) -> Result<(), Refused> {
        let plain_len = match (iv.try_into(), tag.try_into()) {
            (Ok(iv), Ok(tag)) => {
                let len = text.len();
                let text = text.as_mut_slice().into();
                self.0.decrypt_inout_detached(iv, aad, text, tag).ok().map(|()| len)
            }
            _ => None,
        };
        release(text, plain_len)
    }
}

/// The states of the HMAC after its pads, from which every tag starts, and the schedule of the key of
/// the cipher.
struct CbcHmac<C, M> {
    mac: M,
    cipher: C,
}

impl<C, M> CbcHmac<C, M>
where
    C: BlockCipherDecrypt + BlockSizeUser<BlockSize = U16> + KeyInit,
    M: Mac + KeyInit + Clone,
{
    fn new(enc: ContentEncryption, key: &[u8]) -> Option<Self> {
        let (mac, cipher) = cbc_hmac::split_key(enc, key)?;
        let mac = <M as KeyInit>::new_from_slice(mac).ok()?;
        Some(Self { mac, cipher: C::new_from_slice(cipher).ok()? })
    }
}

impl<C, M: Mac + Clone> CbcHmac<C, M> {
    /// RFC 7518 §5.2.2.1: the tag is half of the output of the HMAC.
    fn tag_len() -> usize {
        M::output_size() / 2
    }

    fn over(&self, aad: &[u8], iv: &[u8], ciphertext: &[u8]) -> M {
        let mut mac = self.mac.clone();
        for part in [aad, iv, ciphertext, &cbc_hmac::al(aad)] {
            mac.update(part);
        }
        mac
    }

    /// Length of the plaintext that is then in `text`. `None`, and nothing decrypted, if the tag is
    /// not right.
    fn open(&self, aad: &[u8], iv: &[u8], text: &mut [u8], tag: &[u8]) -> Option<usize>
    where
        C: BlockCipherDecrypt + BlockSizeUser<BlockSize = U16>,
    {
        // The comparison below is with as much of the tag as there is.
        if tag.len() != Self::tag_len() {
            return None;
        }
        let start = <&Array<u8, U16>>::try_from(iv).ok()?;
        self.over(aad, iv, text).verify_truncated_left(tag).ok()?;
        // Whoever made this tag knows the key, so a padding tells no stranger anything.
        let plain =
            cbc::Decryptor::inner_iv_init(&self.cipher, start).decrypt_padded::<Pkcs7>(text);
        plain.ok().map(<[u8]>::len)
    }
}

impl<C, M> ContentCipher for CbcHmac<C, M>
where
    C: BlockCipherDecrypt + BlockCipherEncrypt + BlockSizeUser<BlockSize = U16> + Send + Sync,
    M: Mac + Clone + Send + Sync,
{
    fn encrypt(
        &self,
        aad: &[u8],
        iv: &mut [u8],
        text: &mut Vec<u8>,
        tag: &mut [u8],
    ) -> Result<(), CryptoError> {
        random::fill(iv)?;
        let start = <&Array<u8, U16>>::try_from(&*iv).map_err(CryptoError::from_source)?;
        let len = text.len();
        text.resize(len - len % 16 + 16, 0); // PKCS #7 always pads
        cbc::Encryptor::inner_iv_init(&self.cipher, start)
            .encrypt_padded::<Pkcs7>(text, len)
            .map_err(CryptoError::from_source)?;
        let whole = self.over(aad, iv, text).finalize().into_bytes();
        let left = whole.get(..Self::tag_len()).filter(|left| left.len() == tag.len());
        tag.copy_from_slice(
            left.ok_or_else(|| CryptoError::from_source("a tag of another length"))?,
        );
        Ok(())
    }

    fn decrypt(
        &self,
        aad: &[u8],
        iv: &[u8],
        text: &mut Vec<u8>,
        tag: &[u8],
    ) -> Result<(), Refused> {
        let plain_len = self.open(aad, iv, text, tag);
        release(text, plain_len)
    }
}

/// Leaves the plaintext in `text` if there is one, and nothing if there is none.
fn release(text: &mut Vec<u8>, plain_len: Option<usize>) -> Result<(), Refused> {
    if let Some(len) = plain_len {
        text.truncate(len);
        return Ok(());
    }
    text.zeroize();
    Err(Refused::Invalid)
}

#[cfg(test)]
mod tests {
    use aes::cipher::block_padding::NoPadding;

    use super::*;
    use crate::tests::hex;

    const AAD: &[u8] = b"eyJhbGciOiJkaXIifQ";

    fn on_every_algorithm(check: impl Fn(ContentEncryption, &dyn ContentCipher)) {
        for enc in ContentEncryption::ALL {
            let key = (0..64).take(enc.key_len()).collect::<Vec<_>>().into();
            check(*enc, &*cipher(*enc, &key).unwrap());
        }
    }

    /// Initialization vector, ciphertext and tag.
    fn encrypted(
        enc: ContentEncryption,
        cipher: &dyn ContentCipher,
        text: &[u8],
    ) -> (Vec<u8>, Vec<u8>, Vec<u8>) {
        let (mut iv, mut tag) = (alloc::vec![0; enc.iv_len()], alloc::vec![0; enc.tag_len()]);
        let mut text = text.to_vec();
        cipher.encrypt(AAD, &mut iv, &mut text, &mut tag).unwrap();
        (iv, text, tag)
    }

    #[track_caller]
    fn assert_refused(cipher: &dyn ContentCipher, aad: &[u8], iv: &[u8], text: &[u8], tag: &[u8]) {
        let mut text = text.to_vec();
        assert!(matches!(cipher.decrypt(aad, iv, &mut text, tag), Err(Refused::Invalid)));
        assert!(text.is_empty());
    }

    #[test]
    fn the_vectors_of_rfc_7518_appendix_b_hold() {
        let plain =
            b"A cipher system must not be required to be secret, and it must be able to fall \
            into the hands of the enemy without inconvenience";
        let aad = b"The second principle of Auguste Kerckhoffs";
        let iv = hex("1af38c2dc2b96ffdd86694092341bc04");
        for (enc, ciphertext, tag) in [
            (
                ContentEncryption::A128CBC_HS256,
                "c80edfa32ddf39d5ef00c0b468834279a2e46a1b8049f792f76bfe54b903a9c9a94ac9b4\
                  7ad2655c5f10f9aef71427e2fc6f9b3f399a221489f16362c703233609d45ac69864e332\
                  1cf82935ac4096c86e133314c54019e8ca7980dfa4b9cf1b384c486f3a54c51078158ee5\
                  d79de59fbd34d848b3d69550a67646344427ade54b8851ffb598f7f80074b9473c82e2db",
                "652c3fa36b0a7c5b3219fab3a30bc1c4",
            ),
            (
                ContentEncryption::A192CBC_HS384,
                "ea65da6b59e61edb419be62d19712ae5d303eeb50052d0dfd6697f77224c8edb000d279b\
                  dc14c1072654bd30944230c657bed4ca0c9f4a8466f22b226d1746214bf8cfc2400add9f\
                  5126e479663fc90b3bed787a2f0ffcbf3904be2a641d5c2105bfe591bae23b1d7449e532\
                  eef60a9ac8bb6c6b01d35d49787bcd57ef484927f280adc91ac0c4e79c7b11efc60054e3",
                "8490ac0e58949bfe51875d733f93ac2075168039ccc733d7",
            ),
            (
                ContentEncryption::A256CBC_HS512,
                "4affaaadb78c31c5da4b1b590d10ffbd3dd8d5d302423526912da037ecbcc7bd822c301d\
                  d67c373bccb584ad3e9279c2e6d12a1374b77f077553df829410446b36ebd97066296ae6\
                  427ea75c2e0846a11a09ccf5370dc80bfecbad28c73f09b3a3b75e662a2594410ae496b2\
                  e2e6609e31e6e02cc837f053d21f37ff4f51950bbe2638d09dd7a4930930806d0703b1f6",
                "4dd3b4c088a7f45c216839645b2012bf2e6269a8c56a816dbc1b267761955bc5",
            ),
        ] {
            let key = (0..64).take(enc.key_len()).collect::<Vec<_>>().into();
            let mut text = hex(ciphertext);
            cipher(enc, &key).unwrap().decrypt(aad, &iv, &mut text, &hex(tag)).unwrap();
            assert_eq!(text, plain);
        }
    }

    /// Test cases 4, 10 and 16 of "The Galois/Counter Mode of Operation", on which SP 800-38D is built.
    #[test]
    fn the_vectors_of_galois_counter_mode_hold() {
        let key = hex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308");
        let iv = hex("cafebabefacedbaddecaf888");
        let aad = hex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
        let plain =
            hex("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c959568\
              09532fcf0e2449a6b525b16aedf5aa0de657ba637b39");
        for (enc, ciphertext, tag) in [
            (
                ContentEncryption::A128GCM,
                "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b2\
                  5466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091",
                "5bc94fbc3221a5db94fae95ae7121a47",
            ),
            (
                ContentEncryption::A192GCM,
                "3980ca0b3c00e841eb06fac4872a2757859e1ceaa6efd984628593b40ca1e19c7d773d00\
                  c144c525ac619d18c84a3f4718e2448b2fe324d9ccda2710",
                "2519498e80f1478f37ba55bd6d27618c",
            ),
            (
                ContentEncryption::A256GCM,
                "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48\
                  590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
                "76fc6ece0f4e1768cddf8853bb2d551b",
            ),
        ] {
            let key = SecretBytes::from(&key[..enc.key_len()]);
            let mut text = hex(ciphertext);
            cipher(enc, &key).unwrap().decrypt(&aad, &iv, &mut text, &hex(tag)).unwrap();
            assert_eq!(text, plain);
        }
    }

    #[test]
    fn texts_of_every_length_come_back() {
        on_every_algorithm(|enc, cipher| {
            for len in 0..=65 {
                let plain = alloc::vec![0x5A; len];
                let (iv, mut text, tag) = encrypted(enc, cipher, &plain);
                let padded = if enc.mac_hash().is_some() { len - len % 16 + 16 } else { len };
                assert_eq!(text.len(), padded, "{enc} {len}");
                cipher.decrypt(AAD, &iv, &mut text, &tag).unwrap();
                assert_eq!(text, plain, "{enc}");
            }
        });
    }

    #[test]
    fn one_text_is_encrypted_differently_each_time() {
        on_every_algorithm(|enc, cipher| {
            let one = encrypted(enc, cipher, b"text");
            let other = encrypted(enc, cipher, b"text");
            assert!(one.0 != other.0 && one.1 != other.1 && one.2 != other.2, "{enc}");
        });
    }

    #[test]
    fn one_bit_changed_anywhere_is_refused_and_nothing_left() {
        on_every_algorithm(|enc, cipher| {
            let (iv, text, tag) = encrypted(enc, cipher, b"a text of more than one block");
            let parts = [AAD, &iv, &text, &tag];
            for changed in 0..parts.len() {
                for at in 0..parts[changed].len() * 8 {
                    let mut parts = parts.map(<[u8]>::to_vec);
                    parts[changed][at / 8] ^= 1 << (at % 8);
                    let [aad, iv, text, tag] = &parts;
                    assert_refused(cipher, aad, iv, text, tag);
                }
            }
        });
    }

    #[test]
    fn parts_cut_or_lengthened_are_refused_and_nothing_left() {
        on_every_algorithm(|enc, cipher| {
            let (iv, text, tag) = encrypted(enc, cipher, b"a text of more than one block");
            let parts = [AAD, &iv, &text, &tag];
            for changed in 0..parts.len() {
                for len in (0..parts[changed].len() + 33).filter(|len| *len != parts[changed].len())
                {
                    let mut parts = parts.map(<[u8]>::to_vec);
                    parts[changed].resize(len, 0);
                    let [aad, iv, text, tag] = &parts;
                    assert_refused(cipher, aad, iv, text, tag);
                }
            }
        });
    }

    #[test]
    fn octets_moved_between_data_and_ciphertext_are_refused() {
        on_every_algorithm(|enc, cipher| {
            let (iv, text, tag) = encrypted(enc, cipher, &[0x5A; 48]);
            // What the HMAC reads is the same but for the length of the data at its end.
            let (moved, rest) = text.split_at(16);
            assert_refused(cipher, &[AAD, &iv].concat(), moved, rest, &tag);
        });
    }

    #[test]
    fn a_padding_that_is_none_is_refused_under_a_right_tag() {
        let enc = ContentEncryption::A128CBC_HS256;
        let cipher = CbcHmac::<Aes128, Hmac<Sha256>>::new(enc, &[7; 32]).unwrap();
        let iv = [9; 16];
        for (last, len) in [(0, 16), (17, 16), (2, 16), (1, 0), (1, 15), (1, 17)] {
            let mut text = [[7; 16], [7; 16]].concat();
            text[15] = last;
            cbc::Encryptor::inner_iv_init(&cipher.cipher, &iv.into())
                .encrypt_padded::<NoPadding>(&mut text, 32)
                .unwrap();
            let tag = cipher.over(AAD, &iv, &text[..len]).finalize().into_bytes();
            assert_refused(&cipher, AAD, &iv, &text[..len], &tag[..16]);
        }
    }

    #[test]
    fn buffers_of_another_length_are_an_error() {
        on_every_algorithm(|enc, cipher| {
            for (iv_len, tag_len) in [
                (enc.iv_len() - 1, enc.tag_len()),
                (enc.iv_len() + 1, enc.tag_len()),
                (enc.iv_len(), enc.tag_len() - 1),
                (enc.iv_len(), enc.tag_len() + 1),
                (0, 0),
            ] {
                let (mut iv, mut tag) = (alloc::vec![0; iv_len], alloc::vec![0; tag_len]);
                let mut text = Vec::from(*b"text");
                assert!(cipher.encrypt(AAD, &mut iv, &mut text, &mut tag).is_err(), "{enc}");
            }
        });
    }

    #[test]
    fn keys_of_another_length_are_not_loaded() {
        for enc in ContentEncryption::ALL {
            for len in (0..=65).filter(|len| *len != enc.key_len()) {
                let key = SecretBytes::new(alloc::vec![7; len]);
                let error = cipher(*enc, &key).err().unwrap();
                assert!(matches!(error, KeyError::Size { actual, .. } if actual == len * 8));
            }
        }
    }
}
