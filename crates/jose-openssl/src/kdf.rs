//! Keys derived from a shared secret (RFC 7518 §4.6.2) and from a password (RFC 7518 §4.8).

use core::ffi::CStr;
use core::mem;
use core::num::NonZeroU32;

use jose_core::SecretBytes;
use jose_core::crypto::CryptoError;
use jose_core::jwa::Hash;
use zeroize::Zeroizing;

use crate::ffi::{self, Lib, Params};

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
    derive(lib, c"SSKDF", &params, len)
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
    // No `pkcs5`: whether the bounds of SP 800-132 hold is for the provider to say, and it is those
    // of validated modules that say so.
    let params = Params::new()
        .hash(lib, [c"digest", c"properties"], hash)?
        .octets(c"pass", password.expose_secret())
        .octets(c"salt", salt)
        .number(c"iter", &count.get().to_be_bytes());
    derive(lib, c"PBKDF2", &params, len)
}

fn derive(
    lib: &Lib,
    name: &'static CStr,
    params: &Params<'_>,
    len: usize,
) -> Result<SecretBytes, CryptoError> {
    let mut key = Zeroizing::new(vec![0; len]);
    ffi::derive(lib, name, params, &mut key)?;
    Ok(SecretBytes::new(mem::take(&mut *key)))
}

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
