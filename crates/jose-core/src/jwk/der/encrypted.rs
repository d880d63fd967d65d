//! Private keys under a password: encrypted PKCS#8 (RFC 5958 §3) with PBES2 (RFC 8018 §6.2).

use core::num::NonZeroU32;

use der::asn1::{AnyRef, OctetStringRef};
use der::{Decode, Encode, ErrorKind, Sequence};
use pkcs5::pbes2::{
    AES_128_CBC_OID, AES_192_CBC_OID, AES_256_CBC_OID, EncryptionScheme, Kdf, PBES2_OID,
    PBKDF2_OID, Parameters, Pbkdf2Params, Pbkdf2Prf, SCRYPT_OID, ScryptParams,
};
use spki::{AlgorithmIdentifier, AlgorithmIdentifierRef};

use super::{Format, Found, ImportError, encode_secret, pem, pkcs8};
use crate::SecretBytes;
use crate::crypto::{Backend, PasswordKdf, Pbes2, Prf};
use crate::error::{KeyError, Rule};
use crate::jwe::Password;
use crate::jwk::Jwk;
use crate::limits::{
    MAX_PBKDF2_COUNT, MAX_SCRYPT_LOG_N, MAX_SCRYPT_MEMORY, MAX_SCRYPT_P, MAX_SCRYPT_R, MIN_P2C,
};

const FORMAT: Format = Format::EncryptedPkcs8;
pub(super) const LABEL: &str = "ENCRYPTED PRIVATE KEY";
/// As many as RFC 8018 §4.1 asks for, twice.
const SALT: usize = 16;
const MIN_SCRYPT_LOG_N: u8 = 14;

/// How the key that encrypts a private key is derived from its password. What it encrypts with is AES
/// in CBC mode with 256 bits.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum PasswordEncryption {
    /// PBKDF2 with HMAC-SHA-256, which every program reads, and which is all that FIPS 140 knows.
    Pbkdf2 {
        /// Rounds of the function: 1000 to 10 000 000. The default is 600 000.
        count: u32,
    },
    /// scrypt with a block size of 8 and no parallelization, which costs whoever guesses not only time
    /// but memory: 2^`log_n` KiB.
    Scrypt {
        /// Logarithm to the base 2 of the cost: 14 to 16. The program `openssl` reads 14 alone: more
        /// is above its bound of 32 MiB.
        log_n: u8,
    },
}

impl Default for PasswordEncryption {
    /// 600 000 rounds of PBKDF2.
    fn default() -> Self {
        Self::Pbkdf2 { count: 600_000 }
    }
}

/// `EncryptedPrivateKeyInfo`, whatever it is encrypted by.
#[derive(Sequence)]
pub(super) struct EncryptedPrivateKeyInfo<'a> {
    encryption_algorithm: AlgorithmIdentifierRef<'a>,
    encrypted_data: &'a OctetStringRef,
}

impl Jwk {
    /// Reads a private key in encrypted PKCS#8 and DER (RFC 5958 §3): PBES2 with PBKDF2 or scrypt, and
    /// AES in CBC mode (RFC 8018 §6.2, RFC 7914 §7).
    ///
    /// The work that the file asks for is bounded before it is done: at most 10 000 000 rounds of
    /// PBKDF2, and 64 MiB, a block size of 64 and a parallelization of 4 for scrypt. Salts have 32 octets
    /// at most.
    ///
    /// # Errors
    ///
    /// As [`from_pkcs8_der`](Self::from_pkcs8_der); [`KeyError::WrongPassword`] in it for another
    /// password, and [`KeyError::Unsupported`] for another way to encrypt, or one that the backend has
    /// not: scrypt under FIPS 140.
    pub fn from_encrypted_pkcs8_der(
        der: &[u8],
        password: &Password,
        backend: &dyn Backend,
    ) -> Result<Self, ImportError> {
        let wrong = || refused(KeyError::WrongPassword);
        let key = decrypt(der, password, backend)?;
        // With a wrong password the padding is right once in 256 times, and what then is not DER was
        // never a key.
        if !super::is_one_element(key.expose_secret()) {
            return Err(wrong());
        }
        pkcs8::read(key.expose_secret())?.into_jwk(Format::Pkcs8, backend)
    }

    /// As [`from_encrypted_pkcs8_der`](Self::from_encrypted_pkcs8_der), from the one PEM block `ENCRYPTED
    /// PRIVATE KEY` in `text`.
    ///
    /// # Errors
    ///
    /// As [`from_encrypted_pkcs8_der`](Self::from_encrypted_pkcs8_der).
    pub fn from_encrypted_pkcs8_pem(
        text: &str,
        password: &Password,
        backend: &dyn Backend,
    ) -> Result<Self, ImportError> {
        let der = pem::the_one(FORMAT, text, &[LABEL])?;
        Self::from_encrypted_pkcs8_der(der.expose_secret(), password, backend)
    }

    /// This private key in PKCS#8, encrypted under a password, in DER (RFC 5958 §3).
    ///
    /// # Errors
    ///
    /// As [`to_pkcs8_der`](Self::to_pkcs8_der); [`KeyError::Rounds`] or [`KeyError::Cost`] for work
    /// outside the bounds of [`PasswordEncryption`], [`KeyError::TooShort`] for an empty password,
    /// [`KeyError::Unsupported`] if `backend` has not the function, [`KeyError::Unavailable`] if it could
    /// not encrypt.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let backend = jose_rustcrypto::BACKEND;
    /// use jose_core::{Alg, Jwk, jwe::Password, jwk::PasswordEncryption};
    ///
    /// let jwk = Jwk::generate(Alg::ES256, backend)?;
    /// let password = Password::from("correct horse battery staple");
    /// let encryption = PasswordEncryption::Pbkdf2 { count: 1_000 }; // the default is 600 000
    /// let file = jwk.to_encrypted_pkcs8_der(&password, encryption, backend)?;
    ///
    /// let read = Jwk::from_encrypted_pkcs8_der(&file, &password, backend)?;
    /// assert_eq!(read.params(), jwk.params());
    /// # Ok(()) }
    /// ```
    pub fn to_encrypted_pkcs8_der(
        &self,
        password: &Password,
        encryption: PasswordEncryption,
        backend: &dyn Backend,
    ) -> Result<alloc::vec::Vec<u8>, KeyError> {
        if password.octets().is_empty() {
            return Err(KeyError::TooShort { alg: FORMAT.name(), min: 1, actual: 0 });
        }
        let key = self.to_pkcs8_der()?;
        let mut salt = [0; SALT];
        let mut iv = [0; 16];
        backend.random(&mut salt).map_err(KeyError::Unavailable)?;
        backend.random(&mut iv).map_err(KeyError::Unavailable)?;
        let kdf = derivation(encryption, &salt)?;
        let encryption = EncryptionScheme::Aes256Cbc { iv };
        let parameters = Parameters { kdf, encryption };
        let scheme = scheme(&parameters).map_err(|_| KeyError::Inconsistent)?;
        let encrypted = backend.pbes2_encrypt(&scheme, password.octets(), &key)?;
        let parameters = encode_secret(&parameters)?;
        let inconsistent = |_| KeyError::Inconsistent;
        let parameters = AnyRef::from_der(parameters.expose_secret()).map_err(inconsistent)?;
        let file = EncryptedPrivateKeyInfo {
            encryption_algorithm: AlgorithmIdentifier {
                oid: PBES2_OID,
                parameters: Some(parameters),
            },
            encrypted_data: OctetStringRef::new(&encrypted).map_err(inconsistent)?,
        };
        file.to_der().map_err(inconsistent)
    }

    /// As [`to_encrypted_pkcs8_der`](Self::to_encrypted_pkcs8_der), in PEM.
    ///
    /// # Errors
    ///
    /// As [`to_encrypted_pkcs8_der`](Self::to_encrypted_pkcs8_der).
    pub fn to_encrypted_pkcs8_pem(
        &self,
        password: &Password,
        encryption: PasswordEncryption,
        backend: &dyn Backend,
    ) -> Result<alloc::string::String, KeyError> {
        pem::public(LABEL, &self.to_encrypted_pkcs8_der(password, encryption, backend)?)
    }
}

fn refused(error: KeyError) -> ImportError {
    ImportError::Key { found: Found { format: FORMAT, kind: None }, error }
}

fn malformed(member: &'static str, expected: &'static str) -> ImportError {
    FORMAT.malformed(Rule::Value { member, expected })
}

/// The PKCS#8 within.
fn decrypt(
    der: &[u8],
    password: &Password,
    backend: &dyn Backend,
) -> Result<SecretBytes, ImportError> {
    let file: EncryptedPrivateKeyInfo<'_> = FORMAT.decode_file(der)?;
    let ciphertext = file.encrypted_data.as_bytes();
    let unsupported = || refused(KeyError::Unsupported { what: "this way to encrypt a key" });
    let algorithm = file.encryption_algorithm;
    if algorithm.oid != PBES2_OID {
        return Err(unsupported());
    }
    let parameters = algorithm.parameters.ok_or(FORMAT.malformed(Rule::Der))?;
    let parameters = Parameters::try_from(parameters).map_err(|error| {
        let unknown = matches!(error.kind(), ErrorKind::OidUnknown { .. });
        if unknown || !is_known(parameters) {
            unsupported()
        } else {
            malformed("parameters", "those of the scheme, in numbers of their size")
        }
    })?;
    let scheme = scheme(&parameters)?;
    if ciphertext.is_empty() || !ciphertext.len().is_multiple_of(16) {
        return Err(malformed("encryptedData", "made of whole blocks"));
    }
    backend.pbes2_decrypt(&scheme, password.octets(), ciphertext).map_err(refused)
}

/// Whether both functions that PBES2 is made of are known here, so that only their parameters are wrong.
fn is_known(parameters: AnyRef<'_>) -> bool {
    parameters
        .sequence(|reader| {
            let kdf = AlgorithmIdentifierRef::decode(reader)?.oid;
            let cipher = AlgorithmIdentifierRef::decode(reader)?.oid;
            Ok::<_, der::Error>(
                [PBKDF2_OID, SCRYPT_OID].contains(&kdf)
                    && [AES_128_CBC_OID, AES_192_CBC_OID, AES_256_CBC_OID].contains(&cipher),
            )
        })
        .unwrap_or_default()
}

/// What a file asks for, within bounds: the work is checked before it is done.
fn scheme(parameters: &Parameters) -> Result<Pbes2<'_>, ImportError> {
    let unsupported = |what| Err(refused(KeyError::Unsupported { what }));
    let (key_len, iv) = match parameters.encryption {
        EncryptionScheme::Aes128Cbc { iv } => (16, iv),
        EncryptionScheme::Aes192Cbc { iv } => (24, iv),
        EncryptionScheme::Aes256Cbc { iv } => (32, iv),
        _ => return unsupported("a cipher other than AES in CBC mode"),
    };
    if parameters.kdf.key_length().is_some_and(|len| usize::from(len) != key_len) {
        return Err(malformed("keyLength", "that of the cipher"));
    }
    let kdf = match &parameters.kdf {
        Kdf::Pbkdf2(params) => {
            let count = NonZeroU32::new(params.iteration_count);
            let count = count.filter(|count| count.get() <= MAX_PBKDF2_COUNT);
            PasswordKdf::Pbkdf2 {
                prf: match params.prf {
                    Pbkdf2Prf::HmacWithSha1 => Prf::HmacSha1,
                    Pbkdf2Prf::HmacWithSha256 => Prf::HmacSha256,
                    Pbkdf2Prf::HmacWithSha384 => Prf::HmacSha384,
                    Pbkdf2Prf::HmacWithSha512 => Prf::HmacSha512,
                    _ => return unsupported("this pseudorandom function"),
                },
                salt: params.salt.as_ref(),
                count: count.ok_or(malformed("iterationCount", "1 to 10000000"))?,
            }
        }
        Kdf::Scrypt(params) => {
            let (n, r) = (params.cost_parameter, u64::from(params.block_size));
            let memory = n.checked_mul(r).and_then(|product| product.checked_mul(128));
            if !(1..=MAX_SCRYPT_R).contains(&r) {
                return Err(malformed("blockSize", "1 to 64"));
            }
            if n < 2 || !n.is_power_of_two() {
                return Err(malformed("costParameter", "a power of two above 1"));
            }
            // RFC 7914 §2; libraries differ in whether they hold to it.
            if u64::from(n.trailing_zeros()) >= r.saturating_mul(16) {
                return Err(malformed("costParameter", "below 2^(16 * blockSize)"));
            }
            if memory.is_none_or(|memory| memory > MAX_SCRYPT_MEMORY) {
                return Err(malformed("costParameter", "such that 64 MiB of memory suffice"));
            }
            if !(1..=MAX_SCRYPT_P).contains(&params.parallelization) {
                return Err(malformed("parallelizationParameter", "1 to 4"));
            }
            PasswordKdf::Scrypt {
                salt: params.salt.as_ref(),
                log_n: u8::try_from(n.trailing_zeros()).unwrap_or(u8::MAX),
                r: params.block_size.into(),
                p: params.parallelization.into(),
            }
        }
        _ => return unsupported("this key derivation function"),
    };
    Ok(Pbes2 { kdf, key_len, iv })
}

fn derivation(encryption: PasswordEncryption, salt: &[u8]) -> Result<Kdf, KeyError> {
    let inconsistent = |_| KeyError::Inconsistent;
    let salt = salt.try_into().map_err(inconsistent)?;
    Ok(match encryption {
        PasswordEncryption::Pbkdf2 { count } => {
            if !(MIN_P2C..=MAX_PBKDF2_COUNT).contains(&count) {
                let (min, max, actual) = (MIN_P2C, MAX_PBKDF2_COUNT, count);
                return Err(KeyError::Rounds { min, max, actual });
            }
            Kdf::Pbkdf2(Pbkdf2Params {
                salt,
                iteration_count: count,
                key_length: None,
                prf: Pbkdf2Prf::HmacWithSha256,
            })
        }
        PasswordEncryption::Scrypt { log_n } => {
            if !(MIN_SCRYPT_LOG_N..=MAX_SCRYPT_LOG_N).contains(&log_n) {
                let (min, max, actual) = (MIN_SCRYPT_LOG_N, MAX_SCRYPT_LOG_N, log_n);
                return Err(KeyError::Cost { min, max, actual });
            }
            Kdf::Scrypt(ScryptParams {
                salt,
                cost_parameter: 1 << log_n,
                block_size: 8,
                parallelization: 1,
                key_length: None,
            })
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(encryption: PasswordEncryption) -> Result<Parameters, KeyError> {
        let kdf = derivation(encryption, &[7; SALT])?;
        Ok(Parameters { kdf, encryption: EncryptionScheme::Aes256Cbc { iv: [7; 16] } })
    }

    /// Here and not where keys are read, because ten million rounds are seconds in every backend.
    #[test]
    fn the_most_rounds_that_are_written_are_read_and_not_one_more() {
        for count in [1_000, 9_999_999, 10_000_000] {
            let parameters = asked(PasswordEncryption::Pbkdf2 { count }).unwrap();
            let PasswordKdf::Pbkdf2 { count: read, .. } = scheme(&parameters).unwrap().kdf else {
                panic!()
            };
            assert_eq!(read.get(), count);
        }
        let count = 10_000_000;
        let mut parameters = asked(PasswordEncryption::Pbkdf2 { count }).unwrap();
        let Kdf::Pbkdf2(kdf) = &mut parameters.kdf else { panic!() };
        kdf.iteration_count = count + 1;
        assert!(scheme(&parameters).is_err());
    }

    #[test]
    fn the_most_memory_that_is_written_is_read_and_not_twice_as_much() {
        for log_n in [14, 15, 16] {
            let parameters = asked(PasswordEncryption::Scrypt { log_n }).unwrap();
            assert!(scheme(&parameters).is_ok(), "{log_n}");
        }
        let mut parameters = asked(PasswordEncryption::Scrypt { log_n: 16 }).unwrap();
        let Kdf::Scrypt(kdf) = &mut parameters.kdf else { panic!() };
        kdf.cost_parameter = 1 << 17;
        assert!(scheme(&parameters).is_err());
    }
}
