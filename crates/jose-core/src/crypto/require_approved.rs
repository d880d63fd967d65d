//! A view of a backend that does nothing but what is approved.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::num::NonZeroU32;

use super::{
    AgreementInitiator, AgreementResponder, Approval, Backend, ContentCipher, CryptoError,
    FipsStatus, KeyUnwrapper, KeyWrapper, NewKey, PasswordKdf, Pbes2, Prf, PrivateHalf, Signer,
    Verifier,
};
use crate::SecretBytes;
use crate::error::KeyError;
use crate::jwa::{Alg, Bound, ContentEncryption, Hash, KeyManagementAlgorithm, SignatureAlgorithm};
use crate::jwk::{EcCurve, OkpCurve, Params};

/// A backend that refuses whatever another does not call approved or allowed, with the reason.
///
/// It moves nothing into a module: a backend that is on none refuses every key here. What it is for is
/// to find out, before deployment, which keys and algorithms a service would lose.
///
/// ```
/// # let backend = jose_rustcrypto::BACKEND;
/// use jose_core::crypto::{Backend, RequireApproved};
/// use jose_core::{Alg, Jwk, error::KeyError, jws::SigningKey};
///
/// let jwk = Jwk::generate(Alg::ES256, backend)?;
/// let view = RequireApproved::new(backend);
/// let refused = SigningKey::from_jwk(&jwk, &view).unwrap_err();
/// assert!(matches!(refused, KeyError::NotApproved { .. }));
/// # Ok::<(), KeyError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct RequireApproved {
    inner: &'static dyn Backend,
}

impl RequireApproved {
    /// What is approved of `inner`.
    #[must_use]
    pub const fn new(inner: &'static dyn Backend) -> Self {
        Self { inner }
    }

    fn require(&self, alg: impl Into<Alg>, key: Option<&Params>) -> Result<(), KeyError> {
        match self.inner.approval(alg.into(), key) {
            Approval::NotApproved { reason } => Err(KeyError::NotApproved { reason }),
            _ => Ok(()),
        }
    }

    fn bound<'a, A: Copy + Into<Alg>>(&self, key: Bound<'a, A>) -> Result<Bound<'a, A>, KeyError> {
        self.require(key.alg(), Some(key.params())).map(|()| key)
    }

    fn password(&self, hash: Hash) -> Result<(), KeyError> {
        use KeyManagementAlgorithm as K;
        let alg = match hash {
            Hash::Sha256 => K::PBES2_HS256_A128KW,
            Hash::Sha384 => K::PBES2_HS384_A192KW,
            Hash::Sha512 => K::PBES2_HS512_A256KW,
        };
        self.require(alg, None)
    }

    fn pbes2(&self, scheme: &Pbes2<'_>) -> Result<(), KeyError> {
        match scheme.kdf {
            PasswordKdf::Pbkdf2 { prf: Prf::HmacSha384, .. } => self.password(Hash::Sha384),
            PasswordKdf::Pbkdf2 { prf: Prf::HmacSha512, .. } => self.password(Hash::Sha512),
            PasswordKdf::Pbkdf2 { .. } => self.password(Hash::Sha256),
            PasswordKdf::Scrypt { .. } => Err(KeyError::NotApproved { reason: "scrypt" }),
        }
    }

    fn in_module(&self) -> Result<(), CryptoError> {
        match self.inner.fips_status() {
            FipsStatus::NotFips { reason } => Err(CryptoError::from_source(reason)),
            FipsStatus::Fips(_) => Ok(()),
        }
    }
}

/// An algorithm that keys of this kind are for.
fn usual(key: NewKey) -> Alg {
    use SignatureAlgorithm as S;
    match key {
        NewKey::Ec(EcCurve::P256) => S::ES256.into(),
        NewKey::Ec(EcCurve::P384) => S::ES384.into(),
        NewKey::Ec(EcCurve::P521) => S::ES512.into(),
        NewKey::Ec(EcCurve::Secp256k1) => S::ES256K.into(),
        NewKey::Okp(OkpCurve::Ed25519) => S::Ed25519.into(),
        NewKey::Okp(OkpCurve::Ed448) => S::Ed448.into(),
        NewKey::Okp(OkpCurve::X25519 | OkpCurve::X448) => KeyManagementAlgorithm::ECDH_ES.into(),
        NewKey::Rsa { .. } => S::PS256.into(),
    }
}

impl Backend for RequireApproved {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn signer(&self, key: Bound<'_, SignatureAlgorithm>) -> Result<Box<dyn Signer>, KeyError> {
        self.inner.signer(self.bound(key)?)
    }

    fn verifier(&self, key: Bound<'_, SignatureAlgorithm>) -> Result<Box<dyn Verifier>, KeyError> {
        self.inner.verifier(self.bound(key)?)
    }

    fn key_wrapper(
        &self,
        key: Bound<'_, KeyManagementAlgorithm>,
    ) -> Result<Box<dyn KeyWrapper>, KeyError> {
        self.inner.key_wrapper(self.bound(key)?)
    }

    fn key_unwrapper(
        &self,
        key: Bound<'_, KeyManagementAlgorithm>,
    ) -> Result<Box<dyn KeyUnwrapper>, KeyError> {
        self.inner.key_unwrapper(self.bound(key)?)
    }

    fn agreement_initiator(
        &self,
        key: Bound<'_, KeyManagementAlgorithm>,
    ) -> Result<Box<dyn AgreementInitiator>, KeyError> {
        self.inner.agreement_initiator(self.bound(key)?)
    }

    fn agreement_responder(
        &self,
        key: Bound<'_, KeyManagementAlgorithm>,
    ) -> Result<Box<dyn AgreementResponder>, KeyError> {
        self.inner.agreement_responder(self.bound(key)?)
    }

    fn content_cipher(
        &self,
        enc: ContentEncryption,
        key: &SecretBytes,
    ) -> Result<Box<dyn ContentCipher>, KeyError> {
        self.require(enc, None)?;
        self.inner.content_cipher(enc, key)
    }

    fn pbkdf2(
        &self,
        hash: Hash,
        password: &SecretBytes,
        salt: &[u8],
        count: NonZeroU32,
        len: usize,
    ) -> Result<SecretBytes, KeyError> {
        self.password(hash)?;
        self.inner.pbkdf2(hash, password, salt, count, len)
    }

    fn pbes2_encrypt(
        &self,
        scheme: &Pbes2<'_>,
        password: &SecretBytes,
        text: &SecretBytes,
    ) -> Result<Vec<u8>, KeyError> {
        self.pbes2(scheme)?;
        self.inner.pbes2_encrypt(scheme, password, text)
    }

    fn pbes2_decrypt(
        &self,
        scheme: &Pbes2<'_>,
        password: &SecretBytes,
        ciphertext: &[u8],
    ) -> Result<SecretBytes, KeyError> {
        self.pbes2(scheme)?;
        self.inner.pbes2_decrypt(scheme, password, ciphertext)
    }

    fn complete(&self, key: PrivateHalf<'_>) -> Result<Params, KeyError> {
        self.in_module().map_err(KeyError::Unavailable)?;
        let kind = match key {
            PrivateHalf::Ec { crv, .. } => Some(NewKey::Ec(crv)),
            PrivateHalf::Okp { crv, .. } => Some(NewKey::Okp(crv)),
            PrivateHalf::Akp { .. } | PrivateHalf::Rsa(_) => None,
        };
        if let Some(kind) = kind {
            self.require(usual(kind), None)?;
        }
        self.inner.complete(key)
    }

    fn check_public(&self, key: &Params) -> Result<(), KeyError> {
        self.in_module().map_err(KeyError::Unavailable)?;
        self.inner.check_public(key)
    }

    fn generate(&self, key: NewKey) -> Result<Params, KeyError> {
        self.require(usual(key), None)?;
        let made = self.inner.generate(key)?;
        // Approval may depend on the curve, which is only told by a key.
        self.require(usual(key), Some(&made)).map(|()| made)
    }

    fn fips_status(&self) -> FipsStatus {
        self.inner.fips_status()
    }

    fn approval(&self, alg: Alg, key: Option<&Params>) -> Approval {
        self.inner.approval(alg, key)
    }

    fn digest(&self, hash: Hash, parts: &[&[u8]], out: &mut [u8]) -> Result<(), CryptoError> {
        self.in_module()?;
        self.inner.digest(hash, parts, out)
    }

    fn random(&self, out: &mut [u8]) -> Result<(), CryptoError> {
        self.in_module()?;
        self.inner.random(out)
    }
}
