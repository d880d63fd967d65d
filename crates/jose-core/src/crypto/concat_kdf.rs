//! The Concat KDF of ECDH-ES (RFC 7518 §4.6.2, SP 800-56A §5.8.1): what goes into it beside the shared
//! secret.

use alloc::vec::Vec;

use zeroize::Zeroizing;

use super::{CryptoError, KeyError};
use crate::SecretBytes;
use crate::jwa::{Alg, KeyManagementAlgorithm};

/// What a key derived by ECDH-ES is for: `OtherInfo` of SP 800-56A §5.8.1.2.
#[derive(Clone, Copy, Debug)]
pub struct OtherInfo<'a> {
    algorithm_id: &'static str,
    apu: &'a [u8],
    apv: &'a [u8],
    key_len: usize,
}

impl<'a> OtherInfo<'a> {
    /// For a key of `key_len` octets, at most 64, to be used under the algorithm `algorithm_id`.
    #[must_use]
    pub const fn new(
        algorithm_id: &'static str,
        apu: &'a [u8],
        apv: &'a [u8],
        key_len: usize,
    ) -> Self {
        Self { algorithm_id, apu, apv, key_len }
    }

    /// For the key that ECDH-ES derives for `alg`: a content encryption algorithm, which takes the key
    /// itself, or ECDH-ES with AES Key Wrap, which wraps with it. `apu` and `apv` are the octets of the
    /// header parameters of those names, decoded, and empty where they are absent.
    ///
    /// ```
    /// use jose_core::Alg;
    /// use jose_core::crypto::OtherInfo;
    ///
    /// let info = OtherInfo::for_alg(Alg::ECDH_ES_A192KW, b"Alice", b"Bob")?;
    /// assert_eq!((info.algorithm_id(), info.key_len()), ("ECDH-ES+A192KW", 24));
    /// # Ok::<(), jose_core::error::KeyError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`KeyError::MissingEncryption`] for `ECDH-ES` alone, whose key is named after the content
    /// encryption algorithm it is for; [`KeyError::Purpose`] for an algorithm that no key is agreed on
    /// for.
    pub fn for_alg(alg: impl Into<Alg>, apu: &'a [u8], apv: &'a [u8]) -> Result<Self, KeyError> {
        let alg = alg.into();
        let key_len = match alg {
            Alg::ContentEncryption(enc) => enc.key_len(),
            Alg::KeyManagementAlgorithm(KeyManagementAlgorithm::ECDH_ES) => {
                return Err(KeyError::MissingEncryption);
            }
            Alg::KeyManagementAlgorithm(alg) if alg.is_agreement() => alg.wrapping_key_len(),
            other => {
                let purpose = "keys that are agreed on";
                return Err(KeyError::Purpose { alg: other.name(), purpose });
            }
        };
        Ok(Self::new(alg.name(), apu, apv, key_len))
    }

    /// The name of the algorithm that the key is for.
    #[must_use]
    pub const fn algorithm_id(&self) -> &'static str {
        self.algorithm_id
    }

    /// Length of the key to be derived, in octets.
    #[must_use]
    pub const fn key_len(&self) -> usize {
        self.key_len
    }

    /// The octets that a key derivation function takes as its fixed info: the algorithm, the two
    /// parties, and the length of the key in bits, each but the last with its own length before it.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let fields = [self.algorithm_id.as_bytes(), self.apu, self.apv];
        let len: usize = fields.iter().map(|field| field.len() + 4).sum();
        let mut info = Vec::with_capacity(len + 4);
        for field in fields {
            // Headers are shorter than their limit, by far less than 2^32.
            info.extend_from_slice(&u32::try_from(field.len()).unwrap_or(u32::MAX).to_be_bytes());
            info.extend_from_slice(field);
        }
        let bits = u32::try_from(self.key_len).unwrap_or(u32::MAX).wrapping_mul(8);
        info.extend_from_slice(&bits.to_be_bytes());
        info
    }

    /// Derives the key from the shared secret `z`, for libraries without the function: `sha256`
    /// writes the SHA-256 digest of the concatenation of its parts.
    ///
    /// # Errors
    ///
    /// [`CryptoError`] if a digest could not be computed.
    pub fn derive(
        &self,
        z: &[u8],
        mut sha256: impl FnMut(&[&[u8]], &mut [u8; 32]) -> Result<(), CryptoError>,
    ) -> Result<SecretBytes, CryptoError> {
        let info = self.encode();
        let mut key = Zeroizing::new(Vec::with_capacity(self.key_len.next_multiple_of(32)));
        let mut digest = Zeroizing::new([0; 32]);
        for round in 1..=u32::try_from(self.key_len.div_ceil(32)).unwrap_or(0) {
            sha256(&[&round.to_be_bytes(), z, &info], &mut digest)?;
            key.extend_from_slice(&*digest);
        }
        Ok(SecretBytes::from(key.get(..self.key_len).unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_rfc_7518_appendix_c_is_encoded() {
        let info = OtherInfo::new("A128GCM", b"Alice", b"Bob", 16);
        let expected = [
            0, 0, 0, 7, 65, 49, 50, 56, 71, 67, 77, 0, 0, 0, 5, 65, 108, 105, 99, 101, 0, 0, 0, 3,
            66, 111, 98, 0, 0, 0, 128,
        ];
        assert_eq!(info.encode(), expected);
    }

    #[test]
    fn the_info_for_an_algorithm_has_its_name_and_the_length_of_its_key() {
        use crate::jwa::ContentEncryption;
        for enc in ContentEncryption::ALL {
            let info = OtherInfo::for_alg(*enc, b"", b"").unwrap();
            assert_eq!((info.algorithm_id(), info.key_len()), (enc.name(), enc.key_len()));
        }
        for alg in KeyManagementAlgorithm::ALL {
            let info = OtherInfo::for_alg(*alg, b"Alice", b"Bob");
            let expected = match alg.name() {
                "ECDH-ES+A128KW" => Ok(16),
                "ECDH-ES+A192KW" => Ok(24),
                "ECDH-ES+A256KW" => Ok(32),
                "ECDH-ES" => Err("ERR_JWE_ENC_MISSING"),
                _ => Err("ERR_JWK_INVALID"),
            };
            assert_eq!(info.as_ref().map(OtherInfo::key_len).map_err(KeyError::code), expected);
            if let Ok(info) = info {
                assert_eq!(
                    info.encode(),
                    OtherInfo::new(alg.name(), b"Alice", b"Bob", info.key_len()).encode()
                );
            }
        }
        let signing = OtherInfo::for_alg(Alg::ES256, b"", b"");
        assert!(matches!(signing, Err(KeyError::Purpose { alg: "ES256", .. })));
    }

    #[test]
    fn absent_parties_have_length_zero() {
        let info = OtherInfo::new("A128GCM", b"", b"", 16).encode();
        assert_eq!(info[11..], [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 128]);
    }

    #[test]
    fn a_long_key_takes_two_rounds_and_what_is_left_over_is_cut() {
        let mut rounds = Vec::new();
        let key = OtherInfo::new("A192CBC-HS384", b"", b"", 48)
            .derive(b"z", |parts, digest| {
                rounds.push(parts[0].to_vec());
                assert_eq!(parts[1], b"z");
                *digest = [u8::try_from(rounds.len()).unwrap(); 32];
                Ok(())
            })
            .unwrap();
        assert_eq!(rounds, [[0, 0, 0, 1], [0, 0, 0, 2]]);
        assert_eq!(key.expose_secret(), [[1; 32].as_slice(), &[2; 16]].concat());
    }
}
