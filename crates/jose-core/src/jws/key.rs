//! Keys that sign and keys that verify, each bound to one algorithm before a token is seen.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use zeroize::Zeroizing;

use super::SignError;
use crate::crypto::{Backend, Signer, Verifier};
use crate::error::KeyError;
use crate::header::Header;
use crate::jwa::{Bound, Hash, Purpose, SignatureAlgorithm, bind_signature};
use crate::jwk::{Jwk, Params};

/// A key that signs, bound to one algorithm and prepared by a backend. Cheap to clone.
#[derive(Clone)]
pub struct SigningKey {
    /// The algorithm as its tokens name it.
    name: SignatureAlgorithm,
    kid: Option<String>,
    signature_len: Option<usize>,
    pub(super) signer: Arc<dyn Signer>,
}

impl SigningKey {
    /// Binds a private or shared key to the algorithm it names, and has `backend` prepare it.
    ///
    /// # Errors
    ///
    /// [`KeyError`] if the key names no algorithm ([`Jwk::with_alg`] binds it), may not serve it
    /// by its type, curve, size, `use` or `key_ops`, is public, or is not supported by `backend`.
    pub fn from_jwk(jwk: &Jwk, backend: &dyn Backend) -> Result<Self, KeyError> {
        let (name, bound) = bind_signature(jwk, None, Purpose::Sign)?;
        Ok(Self {
            name,
            kid: jwk.kid().map(Into::into),
            signature_len: signature_len(bound),
            // Not `into`, which would move the handle and leave its octets where they were.
            signer: Arc::new(backend.signer(bound)?),
        })
    }

    /// A key that is held elsewhere and can be asked synchronously: an HSM, a PKCS#11 token, an
    /// agent. For a key behind a network, see [`Unsigned`](super::Unsigned).
    ///
    /// # Errors
    ///
    /// [`KeyError::MissingAlgorithm`] for `EdDSA`, which does not say which curve: name
    /// `Ed25519` or `Ed448`.
    pub fn external(
        alg: SignatureAlgorithm,
        kid: Option<&str>,
        signer: impl Signer + 'static,
    ) -> Result<Self, KeyError> {
        if alg == SignatureAlgorithm::EdDSA {
            return Err(KeyError::MissingAlgorithm);
        }
        let signature_len = alg.signature_len();
        let kid = kid.map(Into::into);
        Ok(Self { name: alg, kid, signature_len, signer: Arc::new(signer) })
    }

    /// The algorithm, as the key's tokens name it.
    #[must_use]
    pub const fn alg(&self) -> SignatureAlgorithm {
        self.name
    }

    /// The name of the key, which its tokens carry unless told otherwise.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The header that this key's tokens have: its `alg`, and its `kid` if it has one.
    #[must_use]
    pub fn header(&self) -> Header {
        let header = Header::new().with_alg(self.name.name());
        match &self.kid {
            Some(kid) => header.with_kid(kid.clone()),
            None => header,
        }
    }

    /// The JWS Signature of the concatenation of `input`.
    pub(super) fn sign(&self, input: &[&[u8]]) -> Result<Vec<u8>, SignError> {
        let mut signature = Vec::with_capacity(self.signature_len.unwrap_or(0));
        self.signer.sign(input, &mut signature).map_err(SignError::Unavailable)?;
        self.check_len(signature)
    }

    /// An external signer may take something else for a signature under this algorithm.
    pub(super) fn check_len(&self, signature: Vec<u8>) -> Result<Vec<u8>, SignError> {
        if self.name.allows_signature_len(signature.len()) {
            Ok(signature)
        } else {
            Err(SignError::Length)
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("alg", &self.name)
            .field("kid", &self.kid)
            .finish_non_exhaustive() // the handle holds the secret
    }
}

/// A key that verifies, bound to one algorithm and prepared by a backend. Cheap to clone.
#[derive(Clone)]
pub struct VerifyingKey {
    /// Never `EdDSA`: that name fits two algorithms.
    alg: SignatureAlgorithm,
    kid: Option<String>,
    signature_len: Option<usize>,
    /// Whether it was given by itself, so that without a name of its own it serves any.
    given: bool,
    /// What tells it from other keys; nothing for one that is held elsewhere.
    thumbprint: Option<Arc<[u8]>>,
    pub(super) verifier: Arc<dyn Verifier>,
}

impl VerifyingKey {
    /// Binds a public or shared key to the algorithm it names, and has `backend` prepare it.
    ///
    /// # Errors
    ///
    /// [`KeyError`] if the key names no algorithm ([`Jwk::with_alg`] binds it), may not serve it
    /// by its type, curve, size, `use` or `key_ops`, is private ([`Jwk::to_public`] strips it), or
    /// is not supported by `backend`.
    pub fn from_jwk(jwk: &Jwk, backend: &dyn Backend) -> Result<Self, KeyError> {
        Ok(Self { given: true, ..Self::from_set(jwk, None, backend)? })
    }

    /// A member of a JWK Set, for `alg` if it names none itself.
    pub(super) fn from_set(
        jwk: &Jwk,
        alg: Option<SignatureAlgorithm>,
        backend: &dyn Backend,
    ) -> Result<Self, KeyError> {
        let (_, bound) = bind_signature(jwk, alg, Purpose::Verify)?;
        Ok(Self {
            alg: bound.alg(),
            kid: jwk.kid().map(Into::into),
            signature_len: signature_len(bound),
            given: false,
            verifier: Arc::new(backend.verifier(bound)?),
            thumbprint: Some(identity(jwk, bound.alg(), backend)?.into()),
        })
    }

    /// A key that is held elsewhere and can be asked synchronously.
    ///
    /// # Errors
    ///
    /// [`KeyError::MissingAlgorithm`] for `EdDSA`, which does not say which curve.
    pub fn external(
        alg: SignatureAlgorithm,
        kid: Option<&str>,
        verifier: impl Verifier + 'static,
    ) -> Result<Self, KeyError> {
        if alg == SignatureAlgorithm::EdDSA {
            return Err(KeyError::MissingAlgorithm);
        }
        let signature_len = alg.signature_len();
        let kid = kid.map(Into::into);
        let verifier = Arc::new(verifier);
        Ok(Self { alg, kid, signature_len, given: true, thumbprint: None, verifier })
    }

    /// The algorithm; `Ed25519` or `Ed448` for a key that was bound to `EdDSA`.
    #[must_use]
    pub const fn alg(&self) -> SignatureAlgorithm {
        self.alg
    }

    /// The name of the key.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// Whether it serves tokens that name a key nobody has.
    pub(super) const fn serves_any_kid(&self) -> bool {
        self.given && self.kid.is_none()
    }

    /// Whether this is the same key as `other`, under whatever name and algorithm. Where one of them
    /// is held elsewhere, its name is all there is to tell by, and none is no difference.
    pub(super) fn is_same_key(&self, other: &Self) -> bool {
        match (&self.thumbprint, &other.thumbprint) {
            (Some(own), Some(other)) => own == other,
            _ => self.kid == other.kid || Arc::ptr_eq(&self.verifier, &other.verifier),
        }
    }

    /// Whether a signature of `len` octets can be valid at all. Libraries differ in what they make
    /// of a length that is not the algorithm's; here it is always no.
    pub(super) fn fits(&self, len: usize) -> bool {
        self.signature_len.map_or(self.alg.allows_signature_len(len), |own| own == len)
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyingKey")
            .field("alg", &self.alg)
            .field("kid", &self.kid)
            .finish_non_exhaustive() // the handle may hold a shared secret
    }
}

/// What tells a key from others: its thumbprint (RFC 7638).
fn identity(
    jwk: &Jwk,
    alg: SignatureAlgorithm,
    backend: &dyn Backend,
) -> Result<Vec<u8>, KeyError> {
    // HMAC hashes a key that is longer than a block, and fills it up with zeros (RFC 2104 §2): so it is
    // one key with the digest that stands for it, and with and without zeros.
    if let (Params::Oct(oct), Some(hash)) = (jwk.params(), alg.hash()) {
        let mut k = oct.k().expose_secret();
        let block_len = if hash == Hash::Sha256 { 64 } else { 128 };
        let mut digest = Zeroizing::new(alloc::vec![0; hash.digest_len()]);
        if k.len() > block_len {
            backend.digest(hash, &[k], &mut digest).map_err(KeyError::Unavailable)?;
            k = &digest;
        }
        let zeros = k.iter().rev().take_while(|octet| **octet == 0).count();
        if let Ok(short) = Jwk::from_secret_octets(k.get(..k.len() - zeros).unwrap_or_default()) {
            return short.thumbprint_octets(Hash::Sha256, backend);
        }
    }
    jwk.thumbprint_octets(Hash::Sha256, backend)
}

/// Length of a key's signatures in octets: for RSA that of the modulus (RFC 8017 §8).
fn signature_len(key: Bound<'_, SignatureAlgorithm>) -> Option<usize> {
    match key.params() {
        Params::Rsa(rsa) => Some(rsa.n().len()),
        _ => key.alg().signature_len(),
    }
}
