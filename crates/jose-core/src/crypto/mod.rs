//! The seam: everything a cryptographic library must supply, and nothing else.
//!
//! A backend is one value that implements [`Backend`]. It makes handles out of keys, and the
//! handles do the work: a [`Signer`] signs, a [`Verifier`] answers yes or no, a [`KeyWrapper`]
//! wraps. What JOSE composes out of such steps (serializations, headers, claims, the choice of a
//! key, the ways to a content encryption key) is this crate's, once, for every backend.
//!
//! # Implementing a backend
//!
//! - Prepare at loading. Parsing a key, padding a MAC key, building tables belongs in
//!   [`Backend::signer`] and [`Backend::verifier`], never in an operation.
//! - The rules of RFC 7518 are checked before a loader is called; a [`Bound`] is proof of it. What
//!   needs arithmetic is the backend's to check at loading: that a point is on its curve, a scalar
//!   in range, a public half the private one's.
//! - A refusal is [`Refused::Invalid`] and carries nothing. [`CryptoError`] is for an operation
//!   that did not happen.
//! - Secrets cross as [`SecretBytes`]. What a backend draws itself (initialization vectors,
//!   ephemeral keys, salts of PSS and OAEP) comes from its own generator.
//! - A public key may be hostile: loading one must not panic nor take unbounded time.
//! - Run the suite of the crate `jose-conformance` against it.
//!
//! Every loader has a default that says "not supported", so a backend may do one thing only, and
//! a loader added here breaks nobody.

pub mod cbc_hmac;
mod concat_kdf;
pub mod ecdsa;
mod fips;
mod pbes2;
mod require_approved;

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::num::NonZeroU32;

pub use self::concat_kdf::OtherInfo;
pub use self::fips::{Approval, FipsModule, FipsStatus};
pub use self::pbes2::{PasswordKdf, Pbes2, Prf};
pub use self::require_approved::RequireApproved;
use crate::SecretBytes;
pub use crate::error::{CryptoError, KeyError, Refused};
use crate::jwa::{Alg, Bound, ContentEncryption, Hash, KeyManagementAlgorithm, SignatureAlgorithm};
use crate::jwk::{AkpAlgorithm, EcCurve, OkpCurve, Params, Rsa};

/// A cryptographic library, as one value that lives as long as the process.
pub trait Backend: fmt::Debug + Send + Sync {
    /// A short name for logs and test reports.
    fn name(&self) -> &'static str;

    /// Loads a private or shared key for signing.
    ///
    /// # Errors
    ///
    /// [`KeyError::Unsupported`] if this backend lacks the algorithm, [`KeyError::Inconsistent`]
    /// if the members of the key contradict each other, [`KeyError::Unavailable`] if the key could
    /// not be loaded for a reason outside it.
    fn signer(&self, key: Bound<'_, SignatureAlgorithm>) -> Result<Box<dyn Signer>, KeyError> {
        Err(KeyError::Unsupported { what: key.alg().name() })
    }

    /// Loads a public or shared key for verifying.
    ///
    /// # Errors
    ///
    /// As [`signer`](Self::signer).
    fn verifier(&self, key: Bound<'_, SignatureAlgorithm>) -> Result<Box<dyn Verifier>, KeyError> {
        Err(KeyError::Unsupported { what: key.alg().name() })
    }

    /// Loads a public or shared key for wrapping content encryption keys: `RSA-OAEP` and its kin,
    /// `A128KW`, `A192KW` and `A256KW`.
    ///
    /// # Errors
    ///
    /// As [`signer`](Self::signer).
    fn key_wrapper(
        &self,
        key: Bound<'_, KeyManagementAlgorithm>,
    ) -> Result<Box<dyn KeyWrapper>, KeyError> {
        Err(KeyError::Unsupported { what: key.alg().name() })
    }

    /// Loads a private or shared key for unwrapping content encryption keys: those of
    /// [`key_wrapper`](Self::key_wrapper), and `RSA1_5`.
    ///
    /// # Errors
    ///
    /// As [`signer`](Self::signer).
    fn key_unwrapper(
        &self,
        key: Bound<'_, KeyManagementAlgorithm>,
    ) -> Result<Box<dyn KeyUnwrapper>, KeyError> {
        Err(KeyError::Unsupported { what: key.alg().name() })
    }

    /// Loads the recipient's public key for agreeing on keys with it: `ECDH-ES` and its kin.
    ///
    /// # Errors
    ///
    /// As [`signer`](Self::signer).
    fn agreement_initiator(
        &self,
        key: Bound<'_, KeyManagementAlgorithm>,
    ) -> Result<Box<dyn AgreementInitiator>, KeyError> {
        Err(KeyError::Unsupported { what: key.alg().name() })
    }

    /// Loads the recipient's private key for agreeing on keys with it: `ECDH-ES` and its kin.
    ///
    /// # Errors
    ///
    /// As [`signer`](Self::signer).
    fn agreement_responder(
        &self,
        key: Bound<'_, KeyManagementAlgorithm>,
    ) -> Result<Box<dyn AgreementResponder>, KeyError> {
        Err(KeyError::Unsupported { what: key.alg().name() })
    }

    /// Loads a key of [`ContentEncryption::key_len`] octets for encrypting and decrypting content.
    ///
    /// # Errors
    ///
    /// As [`signer`](Self::signer).
    fn content_cipher(
        &self,
        enc: ContentEncryption,
        key: &SecretBytes,
    ) -> Result<Box<dyn ContentCipher>, KeyError> {
        let _ = key;
        Err(KeyError::Unsupported { what: enc.name() })
    }

    /// Derives `len` octets from a password by PBKDF2 with HMAC (RFC 8018 §5.2). The bounds of
    /// `count` have been checked.
    ///
    /// # Errors
    ///
    /// [`KeyError::Unsupported`] if this backend does not derive keys from passwords,
    /// [`KeyError::Unavailable`] if it could not.
    fn pbkdf2(
        &self,
        hash: Hash,
        password: &SecretBytes,
        salt: &[u8],
        count: NonZeroU32,
        len: usize,
    ) -> Result<SecretBytes, KeyError> {
        let _ = (hash, password, salt, count, len);
        Err(KeyError::Unsupported { what: "PBKDF2" })
    }

    /// Encrypts a private key under a password (RFC 8018 §6.2). The bounds of the work have been checked.
    ///
    /// # Errors
    ///
    /// [`KeyError::Unsupported`] if this backend lacks the scheme, [`KeyError::Unavailable`] if it
    /// could not encrypt.
    fn pbes2_encrypt(
        &self,
        scheme: &Pbes2<'_>,
        password: &SecretBytes,
        text: &SecretBytes,
    ) -> Result<Vec<u8>, KeyError> {
        let _ = (password, text);
        Err(KeyError::Unsupported { what: scheme.name() })
    }

    /// Decrypts a private key that was encrypted under a password (RFC 8018 §6.2). The bounds of the
    /// work have been checked, and that `ciphertext` is made of whole blocks.
    ///
    /// # Errors
    ///
    /// [`KeyError::WrongPassword`] if the padding is not what encryption puts there,
    /// [`KeyError::Unsupported`] if this backend lacks the scheme, [`KeyError::Unavailable`] if it
    /// could not decrypt.
    fn pbes2_decrypt(
        &self,
        scheme: &Pbes2<'_>,
        password: &SecretBytes,
        ciphertext: &[u8],
    ) -> Result<SecretBytes, KeyError> {
        let _ = (password, ciphertext);
        Err(KeyError::Unsupported { what: scheme.name() })
    }

    /// The whole private key, computed from its private half: the public half, and for RSA the
    /// primes and what follows from them. What of it is given is checked by this arithmetic.
    ///
    /// # Errors
    ///
    /// [`KeyError::Inconsistent`] for a scalar out of range, and for numbers that do not belong
    /// together; [`KeyError::Unsupported`] if this backend has no such keys,
    /// [`KeyError::Unavailable`] if it could not compute.
    fn complete(&self, key: PrivateHalf<'_>) -> Result<Params, KeyError> {
        Err(KeyError::Unsupported { what: key.name() })
    }

    /// Checks what takes arithmetic to tell of a public key: that its point is on its curve.
    ///
    /// # Errors
    ///
    /// [`KeyError::Inconsistent`] if it is not, [`KeyError::Unsupported`] if this backend has no
    /// such keys, [`KeyError::Unavailable`] if it could not compute.
    fn check_public(&self, key: &Params) -> Result<(), KeyError> {
        let _ = key;
        Err(KeyError::Unsupported { what: "checking a public key" })
    }

    /// Makes a private key from the library's own generator.
    ///
    /// # Errors
    ///
    /// [`KeyError::Unsupported`] if this backend has no such keys, [`KeyError::Unavailable`] if it
    /// could not make one.
    fn generate(&self, key: NewKey) -> Result<Params, KeyError> {
        Err(KeyError::Unsupported { what: key.name() })
    }

    /// Whether this backend computes in a FIPS module. The default is no.
    fn fips_status(&self) -> FipsStatus {
        FipsStatus::NotFips { reason: "this backend is on no FIPS module" }
    }

    /// Whether [`fips_status`](Self::fips_status) is FIPS, as often asked as anything is computed.
    fn is_fips(&self) -> bool {
        self.fips_status().is_fips()
    }

    /// Whether `alg` is approved under FIPS 140-3 as this backend computes it: with `key`, or if that is
    /// `None` with any key that suits. The default is no.
    fn approval(&self, alg: Alg, key: Option<&Params>) -> Approval {
        let _ = (alg, key);
        Approval::NotApproved { reason: "this backend is on no FIPS module" }
    }

    /// Writes the digest of the concatenation of `parts` to `out`, which is [`Hash::digest_len`] octets
    /// long.
    ///
    /// # Errors
    ///
    /// [`CryptoError`] if the digest could not be computed, or `out` has another length.
    fn digest(&self, hash: Hash, parts: &[&[u8]], out: &mut [u8]) -> Result<(), CryptoError>;

    /// Fills `out` from the library's cryptographic generator.
    ///
    /// # Errors
    ///
    /// [`CryptoError`] if there is no entropy to be had; `out` is then not to be used.
    fn random(&self, out: &mut [u8]) -> Result<(), CryptoError>;
}

/// A kind of key that a backend may make.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum NewKey {
    /// A point on a Weierstrass curve.
    Ec(EcCurve),
    /// An octet key pair.
    Okp(OkpCurve),
    /// Two primes and the public exponent 65537.
    Rsa {
        /// Length of the modulus in bits: 2048 to 16384, and a multiple of 8.
        bits: usize,
    },
}

impl From<EcCurve> for NewKey {
    fn from(crv: EcCurve) -> Self {
        Self::Ec(crv)
    }
}

impl From<OkpCurve> for NewKey {
    fn from(crv: OkpCurve) -> Self {
        Self::Okp(crv)
    }
}

impl NewKey {
    const fn name(self) -> &'static str {
        match self {
            Self::Ec(crv) => crv.name(),
            Self::Okp(crv) => crv.name(),
            Self::Rsa { .. } => "RSA",
        }
    }
}

/// The private half of a key, without what can be computed from it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum PrivateHalf<'a> {
    /// The seed of an algorithm key pair.
    Akp {
        /// Its algorithm.
        alg: AkpAlgorithm,
        /// 32 octets.
        seed: &'a SecretBytes,
    },
    /// A scalar of a Weierstrass curve.
    Ec {
        /// Its curve.
        crv: EcCurve,
        /// The scalar, big-endian, of [`EcCurve::coordinate_len`] octets.
        d: &'a SecretBytes,
    },
    /// The private half of an octet key pair.
    Okp {
        /// Its curve.
        crv: OkpCurve,
        /// [`OkpCurve::key_len`] octets.
        d: &'a SecretBytes,
    },
    /// An RSA private key, whose primes may be given or not. The size of its modulus and exponent has
    /// been checked, and that `d` is below the modulus.
    Rsa(&'a Rsa),
}

impl PrivateHalf<'_> {
    const fn name(self) -> &'static str {
        match self {
            Self::Akp { alg, .. } => alg.name(),
            Self::Ec { crv, .. } => crv.name(),
            Self::Okp { crv, .. } => crv.name(),
            Self::Rsa(_) => "RSA",
        }
    }
}

/// Signs with one key under one algorithm.
pub trait Signer: Send + Sync {
    /// Appends to `signature` the JWS Signature of the concatenation of `input`, in the encoding of
    /// RFC 7518 §3: for ECDSA r and s at full length, not ASN.1.
    ///
    /// # Errors
    ///
    /// [`CryptoError`] if the signature could not be made, from what the device says by
    /// [`CryptoError::from_source`]; `signature` is then not to be used.
    fn sign(&self, input: &[&[u8]], signature: &mut Vec<u8>) -> Result<(), CryptoError>;

    /// Begins a signature over input that comes piece by piece and is never held as a whole.
    ///
    /// `None`, the default, if this signer needs all of its input at once, as `EdDSA` does.
    ///
    /// # Errors
    ///
    /// [`CryptoError`] if it could not begin.
    fn stream(&self) -> Result<Option<Box<dyn SignStream + '_>>, CryptoError> {
        Ok(None)
    }
}

/// A signature in the making.
pub trait SignStream: Send {
    /// Takes the next octets of the input.
    ///
    /// # Errors
    ///
    /// [`CryptoError`] if they could not be taken; the stream is then not to be used.
    fn update(&mut self, input: &[u8]) -> Result<(), CryptoError>;

    /// Appends to `signature` what [`Signer::sign`] would have for the same input.
    ///
    /// # Errors
    ///
    /// As [`Signer::sign`].
    fn finish(self: Box<Self>, signature: &mut Vec<u8>) -> Result<(), CryptoError>;
}

/// Verifies with one key under one algorithm.
pub trait Verifier: Send + Sync {
    /// `Ok` only if `signature` is valid for the concatenation of `input`.
    ///
    /// The length of `signature` has been checked where the algorithm or the key fixes it. A MAC is
    /// compared in constant time.
    ///
    /// # Errors
    ///
    /// [`Refused::Invalid`] if the signature is not valid, whatever the reason;
    /// [`Refused::Unavailable`] if it could not be checked.
    fn verify(&self, input: &[&[u8]], signature: &[u8]) -> Result<(), Refused>;

    /// Begins to verify input that comes piece by piece and is never held as a whole.
    ///
    /// `None`, the default, if this verifier needs all of its input at once, as `EdDSA` does.
    ///
    /// # Errors
    ///
    /// [`CryptoError`] if it could not begin.
    fn stream(&self) -> Result<Option<Box<dyn VerifyStream + '_>>, CryptoError> {
        Ok(None)
    }
}

/// A verification in the making: it says nothing before its end.
pub trait VerifyStream: Send {
    /// Takes the next octets of the input.
    ///
    /// # Errors
    ///
    /// [`CryptoError`] if they could not be taken; the stream is then not to be used.
    fn update(&mut self, input: &[u8]) -> Result<(), CryptoError>;

    /// `Ok` only if [`Verifier::verify`] would have said so for the same input.
    ///
    /// # Errors
    ///
    /// As [`Verifier::verify`].
    fn finish(self: Box<Self>, signature: &[u8]) -> Result<(), Refused>;
}

macro_rules! forward {
    ($($pointer:ty),+) => {
        $(
            impl<T: Signer + ?Sized> Signer for $pointer {
                fn sign(&self, input: &[&[u8]], signature: &mut Vec<u8>) -> Result<(), CryptoError> {
                    (**self).sign(input, signature)
                }

                fn stream(&self) -> Result<Option<Box<dyn SignStream + '_>>, CryptoError> {
                    (**self).stream()
                }
            }

            impl<T: Verifier + ?Sized> Verifier for $pointer {
                fn verify(&self, input: &[&[u8]], signature: &[u8]) -> Result<(), Refused> {
                    (**self).verify(input, signature)
                }

                fn stream(&self) -> Result<Option<Box<dyn VerifyStream + '_>>, CryptoError> {
                    (**self).stream()
                }
            }

            impl<T: KeyWrapper + ?Sized> KeyWrapper for $pointer {
                fn wrap_key(&self, cek: &SecretBytes) -> Result<Vec<u8>, CryptoError> {
                    (**self).wrap_key(cek)
                }
            }

            impl<T: KeyUnwrapper + ?Sized> KeyUnwrapper for $pointer {
                fn unwrap_key(
                    &self,
                    encrypted_key: &[u8],
                    cek_len: usize,
                ) -> Result<SecretBytes, Refused> {
                    (**self).unwrap_key(encrypted_key, cek_len)
                }
            }

            impl<T: AgreementInitiator + ?Sized> AgreementInitiator for $pointer {
                fn initiate(
                    &self,
                    info: &OtherInfo<'_>,
                ) -> Result<(Params, SecretBytes), CryptoError> {
                    (**self).initiate(info)
                }
            }

            impl<T: AgreementResponder + ?Sized> AgreementResponder for $pointer {
                fn respond(
                    &self,
                    epk: &Params,
                    info: &OtherInfo<'_>,
                ) -> Result<SecretBytes, Refused> {
                    (**self).respond(epk, info)
                }
            }

            impl<T: ContentCipher + ?Sized> ContentCipher for $pointer {
                fn encrypt(
                    &self,
                    aad: &[u8],
                    iv: &mut [u8],
                    text: &mut Vec<u8>,
                    tag: &mut [u8],
                ) -> Result<(), CryptoError> {
                    (**self).encrypt(aad, iv, text, tag)
                }

                fn decrypt(
                    &self,
                    aad: &[u8],
                    iv: &[u8],
                    text: &mut Vec<u8>,
                    tag: &[u8],
                ) -> Result<(), Refused> {
                    (**self).decrypt(aad, iv, text, tag)
                }
            }
        )+
    };
}

forward!(&T, Arc<T>, Box<T>);

/// Wraps content encryption keys with one key under one algorithm.
pub trait KeyWrapper: Send + Sync {
    /// The JWE Encrypted Key for `cek`.
    ///
    /// # Errors
    ///
    /// [`CryptoError`] if it could not be made.
    fn wrap_key(&self, cek: &SecretBytes) -> Result<Vec<u8>, CryptoError>;
}

/// Unwraps content encryption keys with one key under one algorithm.
pub trait KeyUnwrapper: Send + Sync {
    /// The content encryption key of `cek_len` octets in `encrypted_key`.
    ///
    /// The length of `encrypted_key` has been checked where the algorithm or the key fixes it. For
    /// `RSA1_5` every input is accepted: whether padding and length were right decides only, without
    /// a branch, between the key in it and a random one (RFC 7516 §11.5).
    ///
    /// # Errors
    ///
    /// [`Refused::Invalid`] for what is no such key, whatever the reason; [`Refused::Unavailable`]
    /// if it could not be unwrapped.
    fn unwrap_key(&self, encrypted_key: &[u8], cek_len: usize) -> Result<SecretBytes, Refused>;
}

/// Agrees on keys with one recipient, as the sender.
pub trait AgreementInitiator: Send + Sync {
    /// A new ephemeral public key, for this one agreement, and the key that is derived from the
    /// shared secret as `info` says. The shared secret itself stays on this side.
    ///
    /// # Errors
    ///
    /// [`CryptoError`] if there is none to be had.
    fn initiate(&self, info: &OtherInfo<'_>) -> Result<(Params, SecretBytes), CryptoError>;
}

/// Agrees on keys with senders, as the recipient.
pub trait AgreementResponder: Send + Sync {
    /// The key that is derived from the shared secret with the sender's ephemeral public key `epk`,
    /// which is of this key's type and curve.
    ///
    /// A point that is not on its curve is refused, and on X25519 and X448 a shared secret of nothing
    /// but zeros (RFC 7748 §6). Elsewhere that is the secret of a point whose x is zero, like any other.
    ///
    /// # Errors
    ///
    /// [`Refused::Invalid`] for such an `epk`, [`Refused::Unavailable`] if nothing could be agreed.
    fn respond(&self, epk: &Params, info: &OtherInfo<'_>) -> Result<SecretBytes, Refused>;
}

/// Encrypts and decrypts content with one key (RFC 7518 §5).
pub trait ContentCipher: Send + Sync {
    /// Encrypts `text` in place, with a new initialization vector, and writes that to `iv` and the
    /// authentication tag to `tag`: [`ContentEncryption::iv_len`] and
    /// [`ContentEncryption::tag_len`] octets.
    ///
    /// `text` grows where the algorithm pads, and has the capacity for it.
    ///
    /// # Errors
    ///
    /// [`CryptoError`] if it could not be encrypted; what is in `text` is then not to be used.
    fn encrypt(
        &self,
        aad: &[u8],
        iv: &mut [u8],
        text: &mut Vec<u8>,
        tag: &mut [u8],
    ) -> Result<(), CryptoError>;

    /// Decrypts `text` in place, if `tag` is right for it and for `aad`. `iv` and `tag` have their
    /// lengths.
    ///
    /// # Errors
    ///
    /// [`Refused::Invalid`] if the tag is not right; nothing of the plaintext is left in `text`.
    /// [`Refused::Unavailable`] if it could not be decrypted.
    fn decrypt(&self, aad: &[u8], iv: &[u8], text: &mut Vec<u8>, tag: &[u8])
    -> Result<(), Refused>;
}
