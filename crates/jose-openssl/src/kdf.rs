//! Keys derived from a shared secret (RFC 7518 §4.6.2) and from a password (RFC 7518 §4.8).

use core::ffi::CStr;
use core::mem;
use core::num::NonZeroU32;

use jose_core::SecretBytes;
use jose_core::crypto::{CryptoError, KeyError};
use jose_core::jwa::Hash;
use zeroize::Zeroizing;

use crate::digest;
use crate::ffi::{KeyDerivation, Lib, Params};

/// The Concat KDF with SHA-256: the one-step function of SP 800-56C, by its own name so that it runs
/// where the shared secret is.
pub(crate) fn concat(
    lib: &Lib,
    z: &[u8],
    other_info: &[u8],
    len: usize,
) -> Result<SecretBytes, CryptoError> {
    let params = Params::new()
        .hash(lib, [c"digest", c"properties"], Hash::Sha256)?
        .octets(c"key", z)
        .octets(c"info", other_info);
    derive(&KeyDerivation::fetch(lib, c"SSKDF")?, &params, len)
}

/// PBKDF2 with HMAC (RFC 8018 §5.2).
pub(crate) fn pbkdf2(
    lib: &Lib,
    hash: Hash,
    password: &SecretBytes,
    salt: &[u8],
    count: NonZeroU32,
    len: usize,
) -> Result<SecretBytes, CryptoError> {
    pbkdf2_named(lib, digest::name(hash)?, password, salt, count, len)
}

/// PBKDF2 with HMAC on a hash function by the name that providers have for it.
pub(crate) fn pbkdf2_named(
    lib: &Lib,
    hash: &'static CStr,
    password: &SecretBytes,
    salt: &[u8],
    count: NonZeroU32,
    len: usize,
) -> Result<SecretBytes, CryptoError> {
    // No `pkcs5`: whether the bounds of SP 800-132 hold is for the provider to say, and it is those
    // of validated modules that say so.
    let params = Params::new()
        .hash_named(lib, [c"digest", c"properties"], hash)
        .octets(c"pass", password.expose_secret())
        .octets(c"salt", salt)
        .number(c"iter", &count.get().to_be_bytes());
    derive(&KeyDerivation::fetch(lib, c"PBKDF2")?, &params, len)
}

/// scrypt (RFC 7914 §6), with the cost parameter N as 2^`log_n`.
pub(crate) fn scrypt(
    lib: &Lib,
    password: &SecretBytes,
    salt: &[u8],
    (log_n, r, p): (u8, u32, u32),
    len: usize,
) -> Result<SecretBytes, KeyError> {
    let unsupported = |what| KeyError::Unsupported { what };
    let n = scrypt_n(log_n, r, p).ok_or_else(|| unsupported("these parameters of scrypt"))?;
    // Validated modules lack it.
    let function = KeyDerivation::fetch(lib, c"SCRYPT").map_err(|_| unsupported("scrypt"))?;
    let params = Params::new()
        .properties(lib, c"properties")
        .octets(c"pass", password.expose_secret())
        .octets(c"salt", salt)
        .number(c"n", &n.to_be_bytes())
        .number(c"r", &r.to_be_bytes())
        .number(c"p", &p.to_be_bytes());
    derive(&function, &params, len).map_err(KeyError::Unavailable)
}

/// The cost parameter N, or nothing for parameters out of the bounds of RFC 7914 §2, and for those that
/// take more memory than OpenSSL would.
fn scrypt_n(log_n: u8, r: u32, p: u32) -> Option<u64> {
    let n = 1_u64.checked_shl(log_n.into()).filter(|n| *n > 1)?;
    let (r, p) = (u64::from(r), u64::from(p));
    if r == 0 || p == 0 || u64::from(log_n) >= 16 * r {
        return None;
    }
    // Two blocks to work with, besides those of the RFC.
    let memory = n.checked_add(p + 2)?.checked_mul(128 * r)?;
    (memory <= SCRYPT_MAX_MEMORY).then_some(n)
}

fn derive(
    function: &KeyDerivation,
    params: &Params<'_>,
    len: usize,
) -> Result<SecretBytes, CryptoError> {
    let mut key = Zeroizing::new(vec![0; len]);
    function.derive(params, &mut key)?;
    Ok(SecretBytes::new(mem::take(&mut *key)))
}

/// 1025 MiB, the default of EVP_KDF-SCRYPT(7).
const SCRYPT_MAX_MEMORY: u64 = 1025 << 20;

#[cfg(test)]
mod tests {
    use openssl::error::ErrorStack;

    use super::*;
    use crate::tests::hex;

    static LIB: Lib = Lib::process();

    fn count(count: u32) -> NonZeroU32 {
        NonZeroU32::new(count).unwrap()
    }

    #[test]
    fn the_examples_of_rfc_7914_are_derived() {
        for (password, salt, rounds, expected) in [
            (
                "passwd",
                "salt",
                1,
                "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc\
                 49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783",
            ),
            (
                "Password",
                "NaCl",
                80_000,
                "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56\
                 a1d425a1225833549adb841b51c9b3176a272bdebba1d078478f62b397f33c8d",
            ),
        ] {
            let (password, salt) = (password.as_bytes().into(), salt.as_bytes());
            let key = pbkdf2(&LIB, Hash::Sha256, &password, salt, count(rounds), 64).unwrap();
            assert_eq!(key.expose_secret(), hex(expected));
        }
    }

    #[test]
    fn the_examples_of_rfc_7914_for_scrypt_are_derived() {
        for (password, salt, cost, expected) in [
            (
                "",
                "",
                (4, 1, 1),
                "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442\
                 fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906",
            ),
            (
                "password",
                "NaCl",
                (10, 8, 16),
                "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162\
                 2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640",
            ),
            (
                "pleaseletmein",
                "SodiumChloride",
                (14, 8, 1),
                "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2\
                 d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887",
            ),
        ] {
            let elsewhere = Lib::elsewhere(c"default", Some(c"provider=default"));
            for lib in [&LIB, elsewhere] {
                let key = scrypt(lib, &password.as_bytes().into(), salt.as_bytes(), cost, 64);
                assert_eq!(key.unwrap().expose_secret(), hex(expected), "{cost:?}");
            }
        }
    }

    #[test]
    fn scrypt_takes_as_much_memory_as_its_parameters_say() {
        // 64 MiB in N blocks, 32 MiB and a little in many lanes.
        for cost in [(16, 8, 1), (1, 8, 1 << 15), (2, 1 << 12, 1 << 6)] {
            let key = scrypt(&LIB, &[7; 9].into(), &[8; 16], cost, 32).unwrap();
            assert_eq!(key.len(), 32, "{cost:?}");
        }
    }

    #[test]
    fn absurd_parameters_of_scrypt_are_not_supported() {
        for cost in [
            (0, 8, 1),
            (64, 8, 1),
            (255, 8, 1),
            (14, 0, 1),
            (14, 8, 0),
            (16, 1, 1), // N is not below 2^(128 r / 8)
            (63, u32::MAX, 1),
            (63, 8, 1),
            (21, 8, 1), // 2 GiB
            (14, u32::MAX, u32::MAX),
            (14, 1, u32::MAX),
            (14, 8, 1 << 21), // 2 GiB in lanes
        ] {
            let refused = scrypt(&LIB, &[7; 9].into(), &[8; 16], cost, 32).err();
            assert!(matches!(refused, Some(KeyError::Unsupported { .. })), "{cost:?} {refused:?}");
            assert!(ErrorStack::get().errors().is_empty(), "{cost:?}");
        }
    }

    #[test]
    fn scrypt_is_not_supported_where_no_provider_has_it() {
        for lib in
            [Lib::elsewhere(c"null", None), Lib::elsewhere(c"default", Some(c"provider=nobody"))]
        {
            let refused = scrypt(lib, &[7; 9].into(), &[8; 16], (4, 1, 1), 32).err();
            assert!(
                matches!(refused, Some(KeyError::Unsupported { what: "scrypt" })),
                "{refused:?}"
            );
            assert!(ErrorStack::get().errors().is_empty());
        }
    }

    #[test]
    fn every_hash_function_derives_keys_of_every_length() {
        for hash in [Hash::Sha256, Hash::Sha384, Hash::Sha512] {
            let derive =
                |len| pbkdf2(&LIB, hash, &[7; 9].into(), &[8; 16], count(1000), len).unwrap();
            let longest = derive(100);
            for len in 1..=100 {
                assert_eq!(derive(len).expose_secret(), &longest.expose_secret()[..len]);
            }
        }
        assert!(ErrorStack::get().errors().is_empty());
    }

    #[test]
    fn a_password_and_a_salt_may_be_empty() {
        let derive = |password: &[u8], salt: &[u8]| {
            pbkdf2(&LIB, Hash::Sha256, &password.into(), salt, count(1), 32).unwrap()
        };
        assert_ne!(derive(b"", b""), derive(b"", b"salt"));
        assert_ne!(derive(b"", b""), derive(b"password", b""));
    }

    #[test]
    fn openssls_function_is_the_one_of_the_seam() {
        // Two rounds and a part of a third.
        let derived = concat(&LIB, &[7; 32], b"other info", 70).unwrap();
        let mut expected = Vec::new();
        for round in [1_u32, 2, 3] {
            let mut digest = [0; 32];
            let parts = [&round.to_be_bytes()[..], &[7; 32], b"other info"];
            LIB.digest(Hash::Sha256, &parts, &mut digest).unwrap();
            expected.extend_from_slice(&digest);
        }
        assert_eq!(derived.expose_secret(), &expected[..70]);
    }

    #[test]
    fn a_failure_leaves_nothing_in_the_error_queue() {
        assert!(concat(&LIB, &[7; 32], b"", 0).is_err());
        assert!(ErrorStack::get().errors().is_empty());
    }
}
