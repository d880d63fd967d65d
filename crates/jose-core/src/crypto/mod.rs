//! The seam: everything a cryptographic library must supply, and nothing else.
//!
//! A backend is one value that implements [`Backend`]. It makes handles out of keys, and the
//! handles do the work: a [`Signer`] signs, a [`Verifier`] answers yes or no. What JOSE composes
//! out of such steps (serializations, headers, claims, the choice of a key) is this crate's, once,
//! for every backend.
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
//! - A public key may be hostile: loading one must not panic nor take unbounded time.
//! - Run the suite of the crate `jose-conformance` against it.
//!
//! Every loader has a default that says "not supported", so a backend may do one thing only, and
//! a loader added here breaks nobody.

pub mod ecdsa;

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

pub use crate::error::{CryptoError, KeyError, Refused};
use crate::jwa::{Bound, Hash, SignatureAlgorithm};
use crate::jwk::{EcCurve, OkpCurve, Params};

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

    /// Makes a private key from the library's own generator.
    ///
    /// # Errors
    ///
    /// [`KeyError::Unsupported`] if this backend has no such keys, [`KeyError::Unavailable`] if it
    /// could not make one.
    fn generate(&self, key: NewKey) -> Result<Params, KeyError> {
        Err(KeyError::Unsupported { what: key.name() })
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

impl NewKey {
    const fn name(self) -> &'static str {
        match self {
            Self::Ec(crv) => crv.name(),
            Self::Okp(crv) => crv.name(),
            Self::Rsa { .. } => "RSA",
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
    /// [`CryptoError`] if the signature could not be made; `signature` is then not to be used.
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
        )+
    };
}

forward!(&T, Arc<T>, Box<T>);
