//! Private keys encrypted under a password: PBES2 with AES-CBC (RFC 8018 §6.2, RFC 7914 §7).

use core::mem;

use jose_core::SecretBytes;
use jose_core::crypto::{KeyError, PasswordKdf, Pbes2, Prf};
use zeroize::Zeroizing;

use crate::ffi::{Aes, CipherKey, Lib};
use crate::kdf;

pub(crate) fn encrypt(
    lib: &'static Lib,
    scheme: &Pbes2<'_>,
    password: &SecretBytes,
    text: &SecretBytes,
) -> Result<Vec<u8>, KeyError> {
    let key = key(lib, scheme, password)?;
    let text = text.expose_secret();
    let padded_len = text.len() - text.len() % BLOCK_LEN + BLOCK_LEN;
    // With room for the padding from the beginning, so that growing leaves no copy behind.
    let mut buffer = Zeroizing::new(Vec::with_capacity(padded_len));
    buffer.extend_from_slice(text);
    buffer.resize(padded_len, 0);
    key.encrypt(Some(&scheme.iv))
        .and_then(|mut cipher| cipher.run(&mut buffer, text.len()))
        .map_err(KeyError::Unavailable)?;
    Ok(mem::take(&mut *buffer))
}

pub(crate) fn decrypt(
    lib: &'static Lib,
    scheme: &Pbes2<'_>,
    password: &SecretBytes,
    ciphertext: &[u8],
) -> Result<SecretBytes, KeyError> {
    let key = key(lib, scheme, password)?;
    let mut cipher = key.decrypt(Some(&scheme.iv)).map_err(KeyError::Unavailable)?;
    let mut buffer = Zeroizing::new(ciphertext.to_vec());
    let len = cipher.run(&mut buffer, ciphertext.len()).map_err(|_| KeyError::WrongPassword)?;
    Ok(buffer.get(..len).unwrap_or_default().into())
}

fn key(
    lib: &'static Lib,
    scheme: &Pbes2<'_>,
    password: &SecretBytes,
) -> Result<CipherKey, KeyError> {
    let len = scheme.key_len;
    let aes = match len {
        16 => Aes::Cbc128,
        24 => Aes::Cbc192,
        32 => Aes::Cbc256,
        _ => return Err(KeyError::Unsupported { what: "an AES key of this length" }),
    };
    let key = match scheme.kdf {
        PasswordKdf::Pbkdf2 { prf, salt, count } => {
            let hash = match prf {
                Prf::HmacSha1 => c"SHA1",
                Prf::HmacSha256 => c"SHA2-256",
                Prf::HmacSha384 => c"SHA2-384",
                Prf::HmacSha512 => c"SHA2-512",
                _ => return Err(KeyError::Unsupported { what: "this pseudorandom function" }),
            };
            kdf::pbkdf2_named(lib, hash, password, salt, count, len)
                .map_err(KeyError::Unavailable)?
        }
        PasswordKdf::Scrypt { salt, log_n, r, p } => {
            kdf::scrypt(lib, password, salt, (log_n, r, p), len)?
        }
        _ => return Err(KeyError::Unsupported { what: "this key derivation function" }),
    };
    CipherKey::new(lib, aes, key.expose_secret()).map_err(KeyError::Unavailable)
}

const BLOCK_LEN: usize = 16;

#[cfg(test)]
mod tests {
    use core::num::NonZeroU32;

    use openssl::error::ErrorStack;

    use super::*;
    use crate::tests::hex;

    static LIB: Lib = Lib::process();

    /// This process's context and another.
    fn libs() -> [&'static Lib; 2] {
        [&LIB, Lib::elsewhere(c"default", Some(c"provider=default"))]
    }

    const fn pbkdf2(prf: Prf, salt: &[u8], count: u32) -> PasswordKdf<'_> {
        PasswordKdf::Pbkdf2 { prf, salt, count: NonZeroU32::new(count).unwrap() }
    }

    const fn scrypt(salt: &[u8], log_n: u8, r: u32, p: u32) -> PasswordKdf<'_> {
        PasswordKdf::Scrypt { salt, log_n, r, p }
    }

    const fn scheme(kdf: PasswordKdf<'_>, key_len: usize) -> Pbes2<'_> {
        Pbes2 { kdf, key_len, iv: [9; 16] }
    }

    /// One of each key derivation function, cheap.
    const KDFS: [PasswordKdf<'static>; 5] = [
        pbkdf2(Prf::HmacSha1, b"salt", 2),
        pbkdf2(Prf::HmacSha256, b"salt", 2),
        pbkdf2(Prf::HmacSha384, b"salt", 2),
        pbkdf2(Prf::HmacSha512, b"salt", 2),
        scrypt(b"salt", 4, 2, 2),
    ];

    fn schemes() -> impl Iterator<Item = Pbes2<'static>> {
        KDFS.into_iter().flat_map(|kdf| [16, 24, 32].map(|len| scheme(kdf, len)))
    }

    /// What was encrypted by `openssl pkcs8 -topk8` of OpenSSL 3.0.19, with the password
    /// "Correct-Horse": the private key of RFC 8032 §7.1, test 1, in PKCS#8.
    #[test]
    fn what_the_program_of_openssl_encrypted_is_decrypted_and_encrypted_again() {
        let text = SecretBytes::from(hex("302e020100300506032b657004220420\
             9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"));
        let salts = [
            "A69CBAF83CE9D2E5",
            "44362864FD2B1677",
            "4730A0DF2D0C91F3",
            "C632664A17F002DB",
            "B0519FC0D0A19BA7",
            "813F4CE234C2BFDA",
        ]
        .map(hex);
        for (kdf, key_len, iv, ciphertext) in [
            (
                pbkdf2(Prf::HmacSha1, &salts[0], 2000),
                16,
                "390671AD9B0488385C0E42678E997EE3",
                "E44CFE8115A969638BFA96994671F29877E0A7534597C176B03E1D45DA9A47BD\
                 D96070F47786884E7081F0B168A797A26B6ADBFFA65980FC65E9484FA35C10F3",
            ),
            (
                pbkdf2(Prf::HmacSha256, &salts[1], 1000),
                24,
                "A4B6E3BABC2745EDA8412F32CD5B321E",
                "2BD11391EE5612A53A5AE6283142E26B5A91FDB4DA9BAE028EACF5930EA3761B\
                 9F3A94998DA1E1324AA7B0A69AAE27E614FA74C2E48BCAF5FEA62FE7D664D5D3",
            ),
            (
                pbkdf2(Prf::HmacSha384, &salts[2], 1000),
                32,
                "853422A1F6F967BAA07A06D165343EDD",
                "3BF9627568384DA033B0E55413BF252E8DF363F2E72727F294A26DFB19F2EBC4\
                 C92BD5EE420DE14084F4562826B4FBAEF8669C3E2A109C94150D0D9B37D35816",
            ),
            (
                pbkdf2(Prf::HmacSha512, &salts[3], 1000),
                32,
                "A6BAB4E8550AF8DD0369E1200EBA75E9",
                "2B571F61E1A0AB835F91B2B80E780A03BC0EF0ED2AE0C93591AD24E07CB3DA82\
                 908DBA1D2527F58E08DADBDD990E3F0BF112F7C7F54278C3377939026C23F9CD",
            ),
            (
                scrypt(&salts[4], 4, 8, 2),
                16,
                "44FFFB25D7824C18FD276E7B45A263C6",
                "C483C06D0CBBCB3EE2CAC555C5C0A6F60AF7338A2866E626DC20213F148BC22D\
                 C7A9D0C27B4499E8C6A31E445CC9FD9A65813D9F8325D3F4D747297F83B06F10",
            ),
            (
                scrypt(&salts[5], 10, 4, 1),
                32,
                "41657C5DD7C9DFCDFD4FDC3955B41C46",
                "B32B83F27880FFC2236EA1CE351ECB7C75F07CDAA70707E2E6C465121403C064\
                 8F0C43FFBF53C9BA955EC1635732E2FCB4BDB0494724DF0FD4DE9212975B6AAD",
            ),
        ] {
            let scheme = Pbes2 { kdf, key_len, iv: hex(iv).try_into().unwrap() };
            let (password, ciphertext) = (b"Correct-Horse"[..].into(), hex(ciphertext));
            for lib in libs() {
                let found = decrypt(lib, &scheme, &password, &ciphertext).unwrap();
                assert_eq!(found.expose_secret(), text.expose_secret(), "{scheme:?}");
                let again = encrypt(lib, &scheme, &password, &text).unwrap();
                assert_eq!(again, ciphertext, "{scheme:?}");
            }
        }
    }

    #[test]
    fn the_keys_of_rfc_6070_encrypt() {
        for (password, salt, count, key_len, expected) in [
            ("password", "salt", 1, 16, "0c60c80f961f0e71f3a9b524af601206"),
            ("password", "salt", 2, 16, "ea6c014dc72d6f8ccd1ed92ace1d41f0"),
            ("password", "salt", 4096, 16, "4b007901b765489abead49d926f721d0"),
            ("pass\0word", "sa\0lt", 4096, 16, "56fa6aa75548099dcc37d7f03425e0c3"),
            (
                "passwordPASSWORDpassword",
                "saltSALTsaltSALTsaltSALTsaltSALTsalt",
                4096,
                24,
                "3d2eec4fe41c849b80c8d83662c0e44a8b291a964cf2f070",
            ),
        ] {
            let scheme = scheme(pbkdf2(Prf::HmacSha1, salt.as_bytes(), count), key_len);
            let aes = if key_len == 16 { Aes::Cbc128 } else { Aes::Cbc192 };
            for lib in libs() {
                let key = CipherKey::new(lib, aes, &hex(expected)).unwrap();
                let mut sixteen = [0; 16];
                key.encrypt(Some(&scheme.iv)).unwrap().run(&mut sixteen, 0).unwrap();
                let password = password.as_bytes().into();
                let found = encrypt(lib, &scheme, &password, &[][..].into()).unwrap();
                assert_eq!(found, sixteen, "{count}");
            }
        }
    }

    #[test]
    fn a_text_of_any_length_survives_the_way_there_and_back() {
        let password = b"password"[..].into();
        for scheme in schemes() {
            for lib in libs() {
                for len in (0..=33).chain([4096]) {
                    let text = SecretBytes::from(vec![0x5A; len]);
                    let ciphertext = encrypt(lib, &scheme, &password, &text).unwrap();
                    assert_eq!(ciphertext.len(), len - len % 16 + 16);
                    let found = decrypt(lib, &scheme, &password, &ciphertext).unwrap();
                    assert!(found == text, "{scheme:?} {len}");
                }
            }
            assert!(ErrorStack::get().errors().is_empty());
        }
    }

    /// The last block of a ciphertext whose padding is as given.
    fn padded(
        lib: &'static Lib,
        scheme: &Pbes2<'_>,
        password: &SecretBytes,
        last: [u8; 16],
    ) -> Vec<u8> {
        let mut ciphertext = encrypt(lib, scheme, password, &last[..].into()).unwrap();
        ciphertext.truncate(16); // without the padding that encrypting put after it
        ciphertext
    }

    #[test]
    fn a_wrong_padding_is_a_wrong_password() {
        let password = b"password"[..].into();
        for scheme in schemes() {
            for lib in libs() {
                let mut last = [0x5A; 16];
                last[15] = 1;
                let right = padded(lib, &scheme, &password, last);
                assert_eq!(decrypt(lib, &scheme, &password, &right).unwrap().len(), 15);
                for end in [[1, 0], [5, 17], [0, 255], [1, 2], [3, 3]] {
                    last[14..].copy_from_slice(&end);
                    let wrong = padded(lib, &scheme, &password, last);
                    let refused = decrypt(lib, &scheme, &password, &wrong).err();
                    assert!(matches!(refused, Some(KeyError::WrongPassword)), "{refused:?}");
                    assert!(ErrorStack::get().errors().is_empty(), "{end:?}");
                }
            }
        }
    }

    #[test]
    fn another_password_is_refused_or_gives_another_text() {
        let text = SecretBytes::from([7; 48]);
        for scheme in schemes() {
            let ciphertext = encrypt(&LIB, &scheme, &b"password"[..].into(), &text).unwrap();
            for wrong in [&b""[..], b"Password", b"password "] {
                match decrypt(&LIB, &scheme, &wrong.into(), &ciphertext) {
                    Ok(found) => assert!(found != text), // one in 256
                    Err(refused) => assert!(matches!(refused, KeyError::WrongPassword)),
                }
                assert!(ErrorStack::get().errors().is_empty());
            }
        }
    }

    #[test]
    fn what_is_not_made_of_whole_blocks_is_refused() {
        let password = b"password"[..].into();
        for scheme in schemes() {
            for len in [0, 1, 15, 17, 31, 33] {
                let refused = decrypt(&LIB, &scheme, &password, &vec![0x5A; len]).err();
                assert!(matches!(refused, Some(KeyError::WrongPassword)), "{len} {refused:?}");
                assert!(ErrorStack::get().errors().is_empty(), "{len}");
            }
        }
    }

    #[test]
    fn a_key_of_another_length_or_absurd_work_is_not_supported() {
        let password = b"password"[..].into();
        let lengths =
            KDFS.into_iter().flat_map(|kdf| [0, 8, 15, 33, 64].map(|len| scheme(kdf, len)));
        let absurd = [(64, 8, 1), (14, 0, 1), (14, 8, 0)]
            .map(|(log_n, r, p)| scheme(scrypt(b"salt", log_n, r, p), 32));
        for scheme in lengths.chain(absurd) {
            let encrypted = encrypt(&LIB, &scheme, &password, &[7; 16].into()).err();
            let decrypted = decrypt(&LIB, &scheme, &password, &[7; 16]).err();
            for refused in [encrypted, decrypted] {
                assert!(matches!(refused, Some(KeyError::Unsupported { .. })), "{refused:?}");
            }
            assert!(ErrorStack::get().errors().is_empty());
        }
    }

    #[test]
    fn nothing_falls_back_to_another_context_or_other_properties() {
        let password = b"password"[..].into();
        let nobody = Lib::elsewhere(c"default", Some(c"provider=nobody"));
        for lib in [Lib::elsewhere(c"null", None), nobody] {
            for scheme in schemes() {
                let encrypted = encrypt(lib, &scheme, &password, &[7; 16].into()).err();
                let decrypted = decrypt(lib, &scheme, &password, &[7; 16]).err();
                let is_scrypt = matches!(scheme.kdf, PasswordKdf::Scrypt { .. });
                for refused in [encrypted, decrypted] {
                    let is_expected = match refused {
                        Some(KeyError::Unsupported { what }) => is_scrypt && what == "scrypt",
                        Some(KeyError::Unavailable(_)) => !is_scrypt,
                        _ => false,
                    };
                    assert!(is_expected, "{refused:?}");
                }
                assert!(ErrorStack::get().errors().is_empty());
            }
        }
    }
}
