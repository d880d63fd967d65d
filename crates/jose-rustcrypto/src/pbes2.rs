//! Private keys encrypted under a password: PBES2 with PBKDF2 or scrypt and with AES in CBC mode
//! (RFC 8018 §6.2, RFC 7914 §7).
//!
//! There is no tag. About one wrong password in 256 finds a padding, and what comes out is no key.
//! Whoever may change a file, have it decrypted under the right password and see or time the answer,
//! learns its text octet by octet: it is for files of one's own.

use alloc::vec::Vec;

use aes::cipher::block_padding::Pkcs7;
use aes::cipher::consts::U16;
use aes::cipher::{
    BlockCipherDecrypt, BlockCipherEncrypt, BlockModeDecrypt, BlockModeEncrypt, BlockSizeUser,
    InnerIvInit, KeyInit,
};
use aes::{Aes128, Aes192, Aes256};
use jose_core::SecretBytes;
use jose_core::crypto::{CryptoError, KeyError, PasswordKdf, Pbes2, Prf};
use pbkdf2::pbkdf2_hmac;
use scrypt::scrypt;
use sha1::Sha1;
use sha2::{Sha256, Sha384, Sha512};
use zeroize::Zeroizing;

pub(crate) fn encrypt(
    scheme: &Pbes2<'_>,
    password: &SecretBytes,
    text: &SecretBytes,
) -> Result<Vec<u8>, KeyError> {
    match scheme.key_len {
        16 => encrypt_with::<Aes128>(scheme, password, text),
        24 => encrypt_with::<Aes192>(scheme, password, text),
        32 => encrypt_with::<Aes256>(scheme, password, text),
        _ => Err(KEY_LEN),
    }
}

pub(crate) fn decrypt(
    scheme: &Pbes2<'_>,
    password: &SecretBytes,
    ciphertext: &[u8],
) -> Result<SecretBytes, KeyError> {
    match scheme.key_len {
        16 => decrypt_with::<Aes128>(scheme, password, ciphertext),
        24 => decrypt_with::<Aes192>(scheme, password, ciphertext),
        32 => decrypt_with::<Aes256>(scheme, password, ciphertext),
        _ => Err(KEY_LEN),
    }
}

fn encrypt_with<C>(
    scheme: &Pbes2<'_>,
    password: &SecretBytes,
    text: &SecretBytes,
) -> Result<Vec<u8>, KeyError>
where
    C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16> + KeyInit,
{
    let cipher = cipher::<C>(scheme, password)?;
    let len = text.len();
    let padded = len - len % 16 + 16; // the padding of RFC 8018 §6.1.1 is never empty
    // As long as it will be from the start: a vector that grows leaves what it held behind.
    let mut octets = Zeroizing::new(Vec::with_capacity(padded));
    octets.extend_from_slice(text.expose_secret());
    octets.resize(padded, 0);
    cbc::Encryptor::inner_iv_init(&cipher, &scheme.iv.into())
        .encrypt_padded::<Pkcs7>(&mut octets, len)
        .map_err(|error| KeyError::Unavailable(CryptoError::from_source(error)))?;
    Ok(core::mem::take(&mut *octets))
}

fn decrypt_with<C>(
    scheme: &Pbes2<'_>,
    password: &SecretBytes,
    ciphertext: &[u8],
) -> Result<SecretBytes, KeyError>
where
    C: BlockCipherDecrypt + BlockSizeUser<BlockSize = U16> + KeyInit,
{
    let cipher = cipher::<C>(scheme, password)?;
    let mut octets = Zeroizing::new(ciphertext.to_vec());
    cbc::Decryptor::inner_iv_init(&cipher, &scheme.iv.into())
        .decrypt_padded::<Pkcs7>(&mut octets)
        .map(SecretBytes::from)
        .map_err(|_| KeyError::WrongPassword)
}

fn cipher<C: KeyInit>(scheme: &Pbes2<'_>, password: &SecretBytes) -> Result<C, KeyError> {
    let key = derived(&scheme.kdf, password, scheme.key_len)?;
    C::new_from_slice(key.expose_secret()).map_err(|_| KEY_LEN)
}

fn derived(
    kdf: &PasswordKdf<'_>,
    password: &SecretBytes,
    len: usize,
) -> Result<SecretBytes, KeyError> {
    let password = password.expose_secret();
    let mut key = Zeroizing::new(alloc::vec![0; len]);
    match *kdf {
        PasswordKdf::Pbkdf2 { prf, salt, count } => {
            let derive = match prf {
                Prf::HmacSha1 => pbkdf2_hmac::<Sha1>,
                Prf::HmacSha256 => pbkdf2_hmac::<Sha256>,
                Prf::HmacSha384 => pbkdf2_hmac::<Sha384>,
                Prf::HmacSha512 => pbkdf2_hmac::<Sha512>,
                _ => return Err(KeyError::Unsupported { what: "PBKDF2 with another function" }),
            };
            derive(password, salt, count.get(), &mut key);
        }
        PasswordKdf::Scrypt { salt, log_n, r, p } => {
            // The crate does not wipe the memory it works in. Neither password nor key is in it.
            scrypt(password, salt, &scrypt_params(log_n, r, p)?, &mut key)
                .map_err(|error| KeyError::Unavailable(CryptoError::from_source(error)))?;
        }
        _ => return Err(KeyError::Unsupported { what: "PBES2 with another derivation of keys" }),
    }
    Ok(SecretBytes::new(core::mem::take(&mut *key)))
}

/// Refuses what RFC 7914 §6 does, and what would take more memory than there may be: the crate
/// allocates without asking whether it can, and multiplies `r` by `p` without looking.
fn scrypt_params(log_n: u8, r: u32, p: u32) -> Result<scrypt::Params, KeyError> {
    let refused = KeyError::Unsupported { what: "scrypt with these parameters" };
    let blocks = 1_u64
        .checked_shl(log_n.into())
        .and_then(|n| n.checked_add(p.into()))
        .and_then(|blocks| blocks.checked_mul(u64::from(r) * 128));
    // N is above 1 and below 2^(128 · r / 8).
    let in_range = log_n > 0 && u64::from(log_n) < u64::from(r) * 16;
    if !in_range || blocks.is_none_or(|octets| octets > MAX_SCRYPT_MEMORY) {
        return Err(refused);
    }
    scrypt::Params::new(log_n, r, p).map_err(|_| refused)
}

/// 1 GiB. Core lets through far less.
const MAX_SCRYPT_MEMORY: u64 = 1 << 30;

const KEY_LEN: KeyError = KeyError::Unsupported { what: "PBES2 with a key of this length" };

#[cfg(test)]
mod tests {
    use core::num::NonZeroU32;

    use aes::cipher::block_padding::NoPadding;

    use super::*;
    use crate::tests::hex;

    fn count(count: u32) -> NonZeroU32 {
        NonZeroU32::new(count).unwrap()
    }

    fn iv(text: &str) -> [u8; 16] {
        hex(text).try_into().unwrap()
    }

    fn secret(octets: &[u8]) -> SecretBytes {
        SecretBytes::from(octets)
    }

    fn scheme(key_len: usize) -> Pbes2<'static> {
        let kdf = PasswordKdf::Pbkdf2 { prf: Prf::HmacSha256, salt: b"salt", count: count(1) };
        Pbes2 { kdf, key_len, iv: [9; 16] }
    }

    fn with_scrypt(log_n: u8, r: u32, p: u32) -> Pbes2<'static> {
        let kdf = PasswordKdf::Scrypt { salt: b"salt", log_n, r, p };
        Pbes2 { kdf, key_len: 16, iv: [9; 16] }
    }

    /// A PKCS #8 structure with an Ed25519 key.
    const TEXT: &str = "302e020100300506032b6570042204209d3d5884d6255e5b8ba641bf524109865c586047faf7507b\
        0a377a3e0dfb56fc";

    /// What `openssl pkcs8 -topk8` made of it under the password "correct", and by which parameters.
    fn on_each_of_openssl(check: impl Fn(Pbes2<'_>, &str)) {
        check(
            Pbes2 {
                kdf: PasswordKdf::Pbkdf2 {
                    prf: Prf::HmacSha1,
                    salt: &hex("d3a0049e7f416d90"),
                    count: count(2),
                },
                key_len: 16,
                iv: iv("7b64b8c5b765abe9a531d674ce2d4dc1"),
            },
            "6ecc52d01083addb7e92bb7284ddb847ce6861bfcb5be351926fa827cf2d86bf\
             433eb1b25213a44fd35e695cd4a51b021b38da2664dd819f596011e4d85aa921",
        );
        check(
            Pbes2 {
                kdf: PasswordKdf::Pbkdf2 {
                    prf: Prf::HmacSha256,
                    salt: &hex("01ec0872f2f17195"),
                    count: count(3),
                },
                key_len: 24,
                iv: iv("c9fb2f41ef2dc6b42bbb6980f44af752"),
            },
            "481486a611e58b6f99ea4c531e600ec16ce6ba1e09660465fedd68d68a9a0061\
             4b6acbcf6bebf816d2340cb9320fbc88b0bdc731e9579636db30f2e8ea3422db",
        );
        check(
            Pbes2 {
                kdf: PasswordKdf::Pbkdf2 {
                    prf: Prf::HmacSha384,
                    salt: &hex("cd51e75b4d67a029"),
                    count: count(4),
                },
                key_len: 32,
                iv: iv("0805e622b5e132b2abdb6b4cd37b1f3e"),
            },
            "9b13bc3f89178f0eff35024a65bad8f7225ef312c54fbead8907574aa7c3969b\
             f6419e19a85e992c22cbae8d0c3851933a482965b9719e09ca384db9d04edc3c",
        );
        check(
            Pbes2 {
                kdf: PasswordKdf::Pbkdf2 {
                    prf: Prf::HmacSha512,
                    salt: &hex("db1c33c38707672d"),
                    count: count(5),
                },
                key_len: 32,
                iv: iv("e5abae1bd0a0975d6d234eed5988df26"),
            },
            "a5a2a0e4e5ef6bd3de4b6dc016dce08b20c489e7b540d6ac2b9ecfb92f7feb3e\
             578f4bd1bfff075bdeddcda6bdd1a3bc8d0c4d9387957dde6558c5b5f80646ec",
        );
        check(
            Pbes2 {
                kdf: PasswordKdf::Scrypt { salt: &hex("cce9d34966940578"), log_n: 4, r: 8, p: 2 },
                key_len: 32,
                iv: iv("01e2833933cc154f660f904dc191c4e0"),
            },
            "611154bc12fe5939e44da5ca7222fe6d2355bc637f0212c9f3004995d4a1d1da\
             7bd1ecdc3aea309d94bb359a74255cf822d87603a3b32c0c65fb132cc9e40ff2",
        );
        check(
            Pbes2 {
                kdf: PasswordKdf::Scrypt { salt: &hex("0b4e740d1537fac9"), log_n: 10, r: 4, p: 1 },
                key_len: 16,
                iv: iv("7f5ccf8d90000a549a67a0f99f76e77b"),
            },
            "033dd49d09d5753a1f98ff5729a2d1dc158beae0f484c98d1a77d1a4c537f2d4\
             2328d20ff47254d44d885238a7ca92cc8d43f9ef39b33da631ced9947d598cc1",
        );
    }

    #[test]
    fn what_openssl_encrypted_is_decrypted() {
        on_each_of_openssl(|scheme, ciphertext| {
            let text = decrypt(&scheme, &secret(b"correct"), &hex(ciphertext)).unwrap();
            assert_eq!(text.expose_secret(), hex(TEXT), "{scheme:?}");
        });
    }

    #[test]
    fn what_is_encrypted_is_what_openssl_encrypts() {
        on_each_of_openssl(|scheme, ciphertext| {
            let made = encrypt(&scheme, &secret(b"correct"), &secret(&hex(TEXT))).unwrap();
            assert_eq!(made, hex(ciphertext), "{scheme:?}");
        });
    }

    #[test]
    fn another_password_is_refused() {
        on_each_of_openssl(|scheme, ciphertext| {
            for password in [&b""[..], b"Correct", b"correct ", b"wrong"] {
                let refused = decrypt(&scheme, &secret(password), &hex(ciphertext));
                assert!(matches!(refused, Err(KeyError::WrongPassword)), "{scheme:?}");
            }
        });
    }

    /// RFC 6070 §2, without the one that takes 16777216 rounds.
    #[test]
    fn the_vectors_of_rfc_6070_hold() {
        let long = &b"saltSALTsaltSALTsaltSALTsaltSALTsalt"[..];
        for (password, salt, rounds, expected) in [
            (&b"password"[..], &b"salt"[..], 1, "0c60c80f961f0e71f3a9b524af6012062fe037a6"),
            (b"password", b"salt", 2, "ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957"),
            (b"password", b"salt", 4096, "4b007901b765489abead49d926f721d065a429c1"),
            (
                b"passwordPASSWORDpassword",
                long,
                4096,
                "3d2eec4fe41c849b80c8d83662c0e44a8b291a964cf2f07038",
            ),
            (b"pass\0word", b"sa\0lt", 4096, "56fa6aa75548099dcc37d7f03425e0c3"),
        ] {
            let kdf = PasswordKdf::Pbkdf2 { prf: Prf::HmacSha1, salt, count: count(rounds) };
            let expected = hex(expected);
            let key = derived(&kdf, &secret(password), expected.len()).unwrap();
            assert_eq!(key.expose_secret(), expected);
        }
    }

    /// RFC 7914 §12, without the one that takes 1 GiB.
    #[test]
    fn the_vectors_of_rfc_7914_section_12_hold() {
        for (password, salt, log_n, [r, p], expected) in [
            (
                &b""[..],
                &b""[..],
                4,
                [1, 1],
                "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442\
                 fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906",
            ),
            (
                b"password",
                b"NaCl",
                10,
                [8, 16],
                "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162\
                 2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640",
            ),
            (
                b"pleaseletmein",
                b"SodiumChloride",
                14,
                [8, 1],
                "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2\
                 d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887",
            ),
        ] {
            let kdf = PasswordKdf::Scrypt { salt, log_n, r, p };
            let key = derived(&kdf, &secret(password), 64).unwrap();
            assert_eq!(key.expose_secret(), hex(expected));
        }
    }

    #[test]
    fn texts_of_every_length_come_back() {
        for key_len in [16, 24, 32] {
            for len in 0..=65 {
                let text = SecretBytes::new(alloc::vec![0x5A; len]);
                let made = encrypt(&scheme(key_len), &secret(b"password"), &text).unwrap();
                assert_eq!(made.len(), len - len % 16 + 16);
                let back = decrypt(&scheme(key_len), &secret(b"password"), &made).unwrap();
                assert_eq!(back, text);
            }
        }
    }

    #[test]
    fn a_padding_that_is_none_is_refused() {
        let (scheme, password) = (scheme(16), secret(b"password"));
        let cipher = cipher::<Aes128>(&scheme, &password).unwrap();
        for end in [[7, 0], [7, 17], [7, 0xFF], [1, 2], [3, 3], [7, 16]] {
            let mut text = [9; 32];
            text[30..].copy_from_slice(&end);
            cbc::Encryptor::inner_iv_init(&cipher, &scheme.iv.into())
                .encrypt_padded::<NoPadding>(&mut text, 32)
                .unwrap();
            let refused = decrypt(&scheme, &password, &text);
            assert!(matches!(refused, Err(KeyError::WrongPassword)), "{end:?}");
        }
    }

    #[test]
    fn what_is_not_made_of_whole_blocks_is_refused() {
        for len in [0, 1, 15, 17, 31] {
            let refused = decrypt(&scheme(16), &secret(b"password"), &alloc::vec![7; len]);
            assert!(matches!(refused, Err(KeyError::WrongPassword)), "{len}");
        }
    }

    #[track_caller]
    fn assert_unsupported(scheme: &Pbes2<'_>) {
        let made = encrypt(scheme, &secret(b"password"), &secret(b"text"));
        assert!(matches!(made, Err(KeyError::Unsupported { .. })), "{scheme:?}");
        let text = decrypt(scheme, &secret(b"password"), &[7; 32]);
        assert!(matches!(text, Err(KeyError::Unsupported { .. })), "{scheme:?}");
    }

    #[test]
    fn keys_of_another_length_are_not_supported() {
        for key_len in (0..=65).filter(|len| ![16, 24, 32].contains(len)).chain([usize::MAX]) {
            assert_unsupported(&scheme(key_len));
        }
    }

    #[test]
    fn parameters_that_scrypt_has_not_are_not_supported() {
        let max = u32::MAX;
        for (log_n, r, p) in [(0, 8, 1), (64, 8, 1), (u8::MAX, 8, 1), (16, 1, 1), (10, 0, 1)] {
            assert_unsupported(&with_scrypt(log_n, r, p));
        }
        for (log_n, r, p) in [(10, 8, 0), (1, 1 << 16, 1 << 16), (1, max, max), (63, max, max)] {
            assert_unsupported(&with_scrypt(log_n, r, p));
        }
    }

    #[test]
    fn more_memory_than_there_may_be_is_not_supported() {
        for (log_n, r, p) in [(20, 8, 1), (40, 8, 1), (63, 8, 1), (1, 1 << 23, 1), (1, 1, 1 << 23)]
        {
            assert_unsupported(&with_scrypt(log_n, r, p));
        }
    }
}
