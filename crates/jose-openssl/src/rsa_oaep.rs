//! RSAES-OAEP (RFC 7518 §4.3), and RSAES-PKCS1-v1_5 for who still has to read it (RFC 7518 §4.2).

use core::ffi::CStr;
use core::mem;

use jose_core::SecretBytes;
use jose_core::crypto::{CryptoError, KeyError, KeyUnwrapper, KeyWrapper, Refused};
use jose_core::jwa::KeyManagementAlgorithm;
use jose_core::jwk::Rsa;
use subtle::{ConditionallySelectable, ConstantTimeEq};
use zeroize::Zeroizing;

use crate::ffi::{KeyTemplate, Lib, Params};
use crate::{random, rsa};

/// A public key.
pub(crate) struct OaepWrapper {
    template: KeyTemplate,
    len: usize,
}

impl OaepWrapper {
    pub(crate) fn new(lib: &Lib, alg: KeyManagementAlgorithm, rsa: &Rsa) -> Result<Self, KeyError> {
        let params = oaep(lib, alg)?;
        let key = rsa::import_public(lib, rsa)?;
        let template = KeyTemplate::encrypt(lib, &key, &params).map_err(KeyError::Unavailable)?;
        Ok(Self { template, len: rsa.n().len() })
    }
}

impl KeyWrapper for OaepWrapper {
    fn wrap_key(&self, cek: &SecretBytes) -> Result<Vec<u8>, CryptoError> {
        let mut encrypted_key = vec![0; self.len];
        let len = self.template.encrypted(cek.expose_secret(), &mut encrypted_key)?;
        encrypted_key.truncate(len);
        Ok(encrypted_key)
    }
}

/// A private key.
pub(crate) struct OaepUnwrapper {
    template: KeyTemplate,
    len: usize,
}

impl OaepUnwrapper {
    pub(crate) fn new(lib: &Lib, alg: KeyManagementAlgorithm, rsa: &Rsa) -> Result<Self, KeyError> {
        let params = oaep(lib, alg)?;
        let key = rsa::import_pair(lib, rsa)?;
        let template = KeyTemplate::decrypt(lib, &key, &params).map_err(KeyError::Unavailable)?;
        Ok(Self { template, len: rsa.n().len() })
    }
}

impl KeyUnwrapper for OaepUnwrapper {
    fn unwrap_key(&self, encrypted_key: &[u8], cek_len: usize) -> Result<SecretBytes, Refused> {
        // RFC 8017 §7.1.2, step 1b: OpenSSL fills up what is shorter.
        if encrypted_key.len() != self.len {
            return Err(Refused::Invalid);
        }
        let mut cek = Zeroizing::new(vec![0; self.len]);
        let len = self.template.decrypted(encrypted_key, &mut cek).map_err(|_| Refused::Invalid)?;
        if len != cek_len {
            return Err(Refused::Invalid);
        }
        cek.truncate(len);
        Ok(SecretBytes::new(mem::take(&mut *cek)))
    }
}

/// OAEP with one hash function for the label, which is empty, and for MGF1.
fn oaep(lib: &Lib, alg: KeyManagementAlgorithm) -> Result<Params<'static>, KeyError> {
    use KeyManagementAlgorithm as K;
    let hash: &'static CStr = match alg {
        K::RSA_OAEP => c"SHA1",
        K::RSA_OAEP_256 => c"SHA2-256",
        K::RSA_OAEP_384 => c"SHA2-384",
        K::RSA_OAEP_512 => c"SHA2-512",
        _ => return Err(KeyError::Unsupported { what: alg.name() }),
    };
    Ok(Params::new()
        .text(c"pad-mode", c"oaep")
        .hash_named(lib, [c"digest", c"digest-props"], hash)
        .hash_named(lib, [c"mgf1-digest", c"mgf1-properties"], hash))
}

/// A private key for RSAES-PKCS1-v1_5.
///
/// Whether a padding was right is what Bleichenbacher's attack asks for, and it reads the answer from
/// an error, a moment or the state of a cache. OpenSSL tells it by an error before 3.2 and hides it
/// since, so it is given nothing to tell: it computes the power alone, and what is in it is looked at
/// here.
pub(crate) struct Pkcs1Unwrapper {
    lib: &'static Lib,
    template: KeyTemplate,
    len: usize,
}

impl Pkcs1Unwrapper {
    pub(crate) fn new(lib: &'static Lib, rsa: &Rsa) -> Result<Self, KeyError> {
        let key = rsa::import_pair(lib, rsa)?;
        let params = Params::new().text(c"pad-mode", c"none");
        let template = KeyTemplate::decrypt(lib, &key, &params).map_err(KeyError::Unavailable)?;
        Ok(Self { lib, template, len: rsa.n().len() })
    }
}

impl KeyUnwrapper for Pkcs1Unwrapper {
    fn unwrap_key(&self, encrypted_key: &[u8], cek_len: usize) -> Result<SecretBytes, Refused> {
        if encrypted_key.len() != self.len {
            return Err(Refused::Invalid);
        }
        let mut cek = Zeroizing::new(vec![0; cek_len]);
        random::random(self.lib, &mut cek).map_err(Refused::Unavailable)?;
        let mut encoded = Zeroizing::new(vec![0; self.len]);
        // Fails for a number that is not below the modulus, which is no secret of ours.
        if matches!(self.template.decrypted(encrypted_key, &mut encoded), Ok(len) if len == self.len)
        {
            replace_if_padded(&encoded, &mut cek);
        }
        Ok(SecretBytes::new(mem::take(&mut *cek)))
    }
}

/// Replaces `cek` by the last octets of `encoded` if what is before them is the padding of a key of
/// that length: 00, 02, eight or more octets that are not 00, and 00 (RFC 8017 §7.2.2).
///
/// The steps and the addresses are the same whatever is in `encoded`.
fn replace_if_padded(encoded: &[u8], cek: &mut [u8]) {
    let Some((padding, found)) =
        encoded.len().checked_sub(cek.len()).and_then(|at| encoded.split_at_checked(at))
    else {
        return;
    };
    let [first, second, filling @ .., last] = padding else { return };
    if filling.len() < 8 {
        return;
    }
    let mut is_padded = first.ct_eq(&0) & second.ct_eq(&2) & last.ct_eq(&0);
    for octet in filling {
        is_padded &= !octet.ct_eq(&0);
    }
    for (octet, found) in cek.iter_mut().zip(found) {
        octet.conditional_assign(found, is_padded);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::OnceLock;

    use jose_core::jwk::{Params as KeyParams, RsaPrivate};
    use openssl::bn::{BigNum, BigNumContext};
    use openssl::error::ErrorStack;

    use super::*;

    static LIB: Lib = Lib::process();

    const OAEP: [KeyManagementAlgorithm; 4] = [
        KeyManagementAlgorithm::RSA_OAEP,
        KeyManagementAlgorithm::RSA_OAEP_256,
        KeyManagementAlgorithm::RSA_OAEP_384,
        KeyManagementAlgorithm::RSA_OAEP_512,
    ];

    /// One for all tests, because primes take long to find.
    fn key() -> &'static Rsa {
        static RSA: OnceLock<Rsa> = OnceLock::new();
        RSA.get_or_init(|| match rsa::generate(&LIB, 2048) {
            Ok(KeyParams::Rsa(rsa)) => rsa,
            other => panic!("{other:?}"),
        })
    }

    fn without_primes(d: &[u8]) -> Rsa {
        Rsa::new(key().n(), key().e(), Some(RsaPrivate::new(d, None)))
    }

    fn oaep_pair(alg: KeyManagementAlgorithm, rsa: &Rsa) -> (OaepWrapper, OaepUnwrapper) {
        (OaepWrapper::new(&LIB, alg, rsa).unwrap(), OaepUnwrapper::new(&LIB, alg, rsa).unwrap())
    }

    fn pkcs1() -> Pkcs1Unwrapper {
        Pkcs1Unwrapper::new(&LIB, key()).unwrap()
    }

    /// The power of a number, which a library that pads right would not make of a wrong padding.
    fn power(encoded: &[u8]) -> Vec<u8> {
        let mut power = BigNum::new().unwrap();
        let number = |octets| BigNum::from_slice(octets).unwrap();
        let (base, e, n) = (number(encoded), number(key().e()), number(key().n()));
        power.mod_exp(&base, &e, &n, &mut BigNumContext::new().unwrap()).unwrap();
        power.to_vec_padded(256).unwrap()
    }

    /// 00, 02, filling, 00 and the key.
    fn padded(cek: &[u8]) -> Vec<u8> {
        [&[0, 2][..], &vec![0xA5; 256 - 3 - cek.len()], &[0], cek].concat()
    }

    #[test]
    fn a_key_survives_the_way_there_and_back_with_each_hash() {
        for alg in OAEP {
            let (wrapper, unwrapper) = oaep_pair(alg, key());
            for len in [16, 24, 32, 48, 64] {
                let cek = SecretBytes::from(vec![7; len]);
                let encrypted_key = wrapper.wrap_key(&cek).unwrap();
                assert_eq!(encrypted_key.len(), 256, "{alg}");
                assert_ne!(encrypted_key, wrapper.wrap_key(&cek).unwrap(), "{alg}");
                assert_eq!(unwrapper.unwrap_key(&encrypted_key, len).unwrap(), cek, "{alg}");
            }
        }
    }

    #[test]
    fn a_key_wrapped_with_one_hash_is_refused_with_another() {
        for alg in OAEP {
            let wrapper = OaepWrapper::new(&LIB, alg, key()).unwrap();
            let encrypted_key = wrapper.wrap_key(&[7; 32].into()).unwrap();
            for other in OAEP {
                let unwrapper = OaepUnwrapper::new(&LIB, other, key()).unwrap();
                let verdict = unwrapper.unwrap_key(&encrypted_key, 32);
                assert_eq!(verdict.is_ok(), alg == other, "{alg} {other}");
                assert!(ErrorStack::get().errors().is_empty());
            }
        }
    }

    #[test]
    fn what_is_not_padded_by_oaep_is_refused() {
        for alg in OAEP {
            let (wrapper, unwrapper) = oaep_pair(alg, key());
            let encrypted_key = wrapper.wrap_key(&[7; 32].into()).unwrap();
            let refuse = |encrypted_key: &[u8], cek_len| {
                let verdict = unwrapper.unwrap_key(encrypted_key, cek_len);
                assert!(matches!(verdict, Err(Refused::Invalid)), "{alg} {verdict:?}");
                assert!(ErrorStack::get().errors().is_empty(), "{alg}");
            };
            for at in [0, 1, 100, 255] {
                let mut changed = encrypted_key.clone();
                changed[at] ^= 1;
                refuse(&changed, 32);
            }
            for cek_len in [0, 16, 31, 33, 64] {
                refuse(&encrypted_key, cek_len);
            }
            refuse(&[0xFF; 256], 32);
            refuse(&[0; 256], 32);
            refuse(key().n(), 32);
            refuse(&power(&padded(&[7; 32])), 32);
        }
    }

    #[test]
    fn what_is_not_as_long_as_the_modulus_is_refused() {
        let cek = SecretBytes::from([7; 32]);
        // Some powers begin with 00, and the shorter spelling of the number is no ciphertext.
        let (wrapper, unwrapper) = oaep_pair(KeyManagementAlgorithm::RSA_OAEP_256, key());
        let short = || Some(wrapper.wrap_key(&cek).unwrap()).filter(|wrapped| wrapped[0] == 0);
        let encrypted_key = core::iter::repeat_with(short).flatten().next().unwrap();
        assert!(unwrapper.unwrap_key(&encrypted_key, 32).is_ok());
        let longer = [&[0], &encrypted_key[..]].concat();
        for bad in [&encrypted_key[1..], &encrypted_key[..255], &longer, &[]] {
            assert!(matches!(unwrapper.unwrap_key(bad, 32), Err(Refused::Invalid)));
            assert!(matches!(pkcs1().unwrap_key(bad, 32), Err(Refused::Invalid)));
        }
    }

    #[test]
    fn a_key_too_long_for_the_padding_is_not_wrapped() {
        let wrapper = OaepWrapper::new(&LIB, KeyManagementAlgorithm::RSA_OAEP_512, key()).unwrap();
        assert!(wrapper.wrap_key(&vec![7; 256 - 2 * 64 - 2].into()).is_ok());
        assert!(wrapper.wrap_key(&vec![7; 256 - 2 * 64 - 1].into()).is_err());
        assert!(ErrorStack::get().errors().is_empty());
    }

    #[test]
    fn pkcs1_gives_the_key_that_is_padded_right() {
        let unwrapper = pkcs1();
        for len in [16, 24, 32, 48, 64, 256 - 11] {
            let cek = vec![7; len];
            let found = unwrapper.unwrap_key(&power(&padded(&cek)), len).unwrap();
            assert_eq!(found.expose_secret(), cek);
        }
    }

    #[test]
    fn pkcs1_gives_a_new_key_each_time_for_what_is_padded_wrong() {
        let (unwrapper, cek) = (pkcs1(), [7; 32]);
        let damaged = |at: usize, octet: u8| {
            let mut encoded = padded(&cek);
            encoded[at] = octet;
            power(&encoded)
        };
        let longer = padded(&[7; 33]);
        let shorter = padded(&[7; 31]);
        let no_key = [&[0, 2][..], &[0xA5; 254]].concat();
        let wrong: Vec<Vec<u8>> = [(0, 1), (1, 0), (1, 1), (1, 3), (1, 0xFF), (223, 1)]
            .into_iter()
            .chain((2..223).map(|at| (at, 0)))
            .map(|(at, octet)| damaged(at, octet))
            .chain([longer, shorter, no_key].map(|encoded| power(&encoded)))
            // Not below the modulus, and what no power leads to but itself.
            .chain([key().n().to_vec(), vec![0xFF; 256], vec![0; 256]])
            .collect();
        for encrypted_key in wrong {
            let first = unwrapper.unwrap_key(&encrypted_key, 32).unwrap();
            let second = unwrapper.unwrap_key(&encrypted_key, 32).unwrap();
            assert_eq!((first.len(), second.len()), (32, 32));
            assert!(first != second && first != cek.into() && second != cek.into());
            assert!(!first.expose_secret().ends_with(&[7; 8]), "a part of it came through");
            assert!(ErrorStack::get().errors().is_empty());
        }
    }

    #[test]
    fn pkcs1_gives_a_new_key_where_there_is_no_room_for_the_padding() {
        let unwrapper = pkcs1();
        for len in 256 - 10..=256 - 3 {
            let key = unwrapper.unwrap_key(&power(&padded(&vec![7; len])), len).unwrap();
            assert_eq!(key.len(), len);
            assert_ne!(key.expose_secret()[len - 32..], [7; 32]);
        }
        for len in [254, 255, 256, 257, 1000] {
            assert_eq!(unwrapper.unwrap_key(&power(&[1; 256]), len).unwrap().len(), len);
        }
    }

    #[test]
    fn without_the_primes_a_wrong_exponent_is_noticed() {
        let d = key().private().unwrap().d().expose_secret().to_vec();
        let cek = SecretBytes::from([7; 32]);
        let rsa = without_primes(&d);
        let (wrapper, unwrapper) = oaep_pair(KeyManagementAlgorithm::RSA_OAEP, &rsa);
        assert!(unwrapper.unwrap_key(&wrapper.wrap_key(&cek).unwrap(), 32).unwrap() == cek);
        assert!(Pkcs1Unwrapper::new(&LIB, &rsa).is_ok());
        let mut other = d;
        *other.last_mut().unwrap() ^= 2;
        for wrong in [&other[..], &[0], &[1], &[3], key().n(), &[0xFF; 4096]] {
            let rsa = without_primes(wrong);
            let refused = OaepUnwrapper::new(&LIB, KeyManagementAlgorithm::RSA_OAEP, &rsa).err();
            assert!(matches!(refused, Some(KeyError::Inconsistent)), "{refused:?}");
            let refused = Pkcs1Unwrapper::new(&LIB, &rsa).err();
            assert!(matches!(refused, Some(KeyError::Inconsistent)), "{refused:?}");
            assert!(ErrorStack::get().errors().is_empty());
        }
    }

    #[test]
    fn pkcs1_does_not_wrap() {
        let refused = OaepWrapper::new(&LIB, KeyManagementAlgorithm::RSA1_5, key()).err();
        assert!(matches!(refused, Some(KeyError::Unsupported { what: "RSA1_5" })), "{refused:?}");
    }
}
