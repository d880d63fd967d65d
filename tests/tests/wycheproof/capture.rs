//! The handles of a backend, as core asks for them: under a key that has passed every rule.
//!
//! Only core binds a key to an algorithm, and it keeps the handle to itself, because what it hands to one
//! is the input of JOSE and no other. The vectors have inputs of their own. So this is a backend that
//! keeps a handle as it passes.

use alloc::sync::Arc;
use core::fmt;
use std::sync::Mutex;

use jose::crypto::{Backend, CryptoError, KeyUnwrapper, Signer, Verifier};
use jose::error::KeyError;
use jose::jwa::{Bound, Hash, KeyManagementAlgorithm, SignatureAlgorithm};
use jose::{DecryptionKey, Jwk, SigningKey, VerifyingKey};

/// A backend that keeps the last handle that was asked of another.
struct Capture {
    inner: &'static dyn Backend,
    signer: Mutex<Option<Arc<dyn Signer>>>,
    verifier: Mutex<Option<Arc<dyn Verifier>>>,
    key_unwrapper: Mutex<Option<Arc<dyn KeyUnwrapper>>>,
}

/// The backend's verifier for the key.
pub(crate) fn verifier(
    jwk: &Jwk,
    backend: &'static dyn Backend,
) -> Result<Arc<dyn Verifier>, KeyError> {
    let capture = Capture::new(backend);
    VerifyingKey::from_jwk(jwk, &capture)?;
    Ok(capture.verifier.into_inner().unwrap().unwrap())
}

/// The backend's signer for the key.
pub(crate) fn signer(
    jwk: &Jwk,
    backend: &'static dyn Backend,
) -> Result<Arc<dyn Signer>, KeyError> {
    let capture = Capture::new(backend);
    SigningKey::from_jwk(jwk, &capture)?;
    Ok(capture.signer.into_inner().unwrap().unwrap())
}

/// The backend's unwrapper for the key, under an algorithm that may have to be asked for.
pub(crate) fn key_unwrapper(
    alg: KeyManagementAlgorithm,
    jwk: &Jwk,
    backend: &'static dyn Backend,
) -> Result<Arc<dyn KeyUnwrapper>, KeyError> {
    let capture: &'static Capture = Box::leak(Box::new(Capture::new(backend)));
    DecryptionKey::from_jwk_for(alg, jwk, capture)?;
    Ok(capture.key_unwrapper.lock().unwrap().take().unwrap())
}

impl Capture {
    fn new(inner: &'static dyn Backend) -> Self {
        let (signer, verifier) = (Mutex::default(), Mutex::default());
        Self { inner, signer, verifier, key_unwrapper: Mutex::default() }
    }
}

impl fmt::Debug for Capture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl Backend for Capture {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn signer(&self, key: Bound<'_, SignatureAlgorithm>) -> Result<Box<dyn Signer>, KeyError> {
        let handle: Arc<dyn Signer> = self.inner.signer(key)?.into();
        *self.signer.lock().unwrap() = Some(Arc::clone(&handle));
        Ok(Box::new(handle))
    }

    fn verifier(&self, key: Bound<'_, SignatureAlgorithm>) -> Result<Box<dyn Verifier>, KeyError> {
        let handle: Arc<dyn Verifier> = self.inner.verifier(key)?.into();
        *self.verifier.lock().unwrap() = Some(Arc::clone(&handle));
        Ok(Box::new(handle))
    }

    fn key_unwrapper(
        &self,
        key: Bound<'_, KeyManagementAlgorithm>,
    ) -> Result<Box<dyn KeyUnwrapper>, KeyError> {
        let handle: Arc<dyn KeyUnwrapper> = self.inner.key_unwrapper(key)?.into();
        *self.key_unwrapper.lock().unwrap() = Some(Arc::clone(&handle));
        Ok(Box::new(handle))
    }

    fn digest(&self, hash: Hash, parts: &[&[u8]], out: &mut [u8]) -> Result<(), CryptoError> {
        self.inner.digest(hash, parts, out)
    }

    fn random(&self, out: &mut [u8]) -> Result<(), CryptoError> {
        self.inner.random(out)
    }
}
