//! A key service as a program sees it: it signs what it is sent, answers later, and may fail.

#[cfg(feature = "kms")]
pub mod http;

use alloc::sync::Arc;
use core::fmt;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use jose::crypto::{Backend, CryptoError, Signer, ecdsa};
use jose::error::KeyError;
use jose::jwa::{Bound, SignatureAlgorithm};
use jose::{Jwk, SigningKey};

/// A key service without a network.
#[derive(Debug, Default)]
pub struct Kms {
    keys: Vec<Key>,
    under_way: AtomicUsize,
    most_at_once: AtomicUsize,
}

/// What a key of the service makes of a request.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Answer {
    /// A signature in ASN.1 DER.
    Der,
    /// An error.
    Failure,
    /// A signature in JWS encoding.
    Fixed,
    /// Nothing, ever.
    Silence,
}

struct Key {
    kid: String,
    answer: Answer,
    signer: Arc<dyn Signer>,
}

impl Kms {
    /// A service without keys.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a private key, whose `kid` is its name.
    ///
    /// # Errors
    ///
    /// As [`SigningKey::from_jwk`].
    pub fn with(
        mut self,
        jwk: &Jwk,
        answer: Answer,
        backend: &dyn Backend,
    ) -> Result<Self, KeyError> {
        let kid = jwk.kid().unwrap_or_default().into();
        self.keys.push(Key { kid, answer, signer: raw(jwk, backend)? });
        Ok(self)
    }

    /// Signs `message` with the key called `kid`, and lets others go first.
    ///
    /// # Errors
    ///
    /// [`CryptoError`] if there is no such key, or it answers with [`Answer::Failure`].
    pub async fn sign(&self, kid: &str, message: &[u8]) -> Result<Vec<u8>, CryptoError> {
        let under_way = self.under_way.fetch_add(1, Ordering::Relaxed) + 1;
        self.most_at_once.fetch_max(under_way, Ordering::Relaxed);
        tokio::task::yield_now().await;
        self.under_way.fetch_sub(1, Ordering::Relaxed);

        let key = self.keys.iter().find(|key| key.kid == kid);
        let key = key.ok_or_else(|| CryptoError::from_source("there is no such key"))?;
        let mut signature = Vec::new();
        key.signer.sign(&[message], &mut signature)?;
        match key.answer {
            Answer::Der => {
                let mut buffer = [0; ecdsa::MAX_DER_LEN];
                let der = ecdsa::fixed_to_der(&signature, &mut buffer);
                Ok(der.map_err(CryptoError::from_source)?.into())
            }
            Answer::Failure => Err(CryptoError::from_source("the service is closed")),
            Answer::Fixed => Ok(signature),
            Answer::Silence => core::future::pending().await,
        }
    }

    /// How many requests were under way at once, at most.
    #[must_use]
    pub fn most_at_once(&self) -> usize {
        self.most_at_once.load(Ordering::Relaxed)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("kid", &self.kid).finish_non_exhaustive()
    }
}

/// What signs any octets. A [`SigningKey`] signs tokens alone, so the handle is taken where the
/// backend makes it.
fn raw(jwk: &Jwk, backend: &dyn Backend) -> Result<Arc<dyn Signer>, KeyError> {
    let taking = Taking { backend, taken: Mutex::default() };
    SigningKey::from_jwk(jwk, &taking)?;
    let taken = taking.taken.into_inner().unwrap_or_else(PoisonError::into_inner);
    taken.ok_or(KeyError::Unsupported { what: "signing" })
}

struct Taking<'b> {
    backend: &'b dyn Backend,
    taken: Mutex<Option<Arc<dyn Signer>>>,
}

impl fmt::Debug for Taking<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.backend.fmt(f)
    }
}

impl Backend for Taking<'_> {
    fn name(&self) -> &'static str {
        self.backend.name()
    }

    fn signer(&self, key: Bound<'_, SignatureAlgorithm>) -> Result<Box<dyn Signer>, KeyError> {
        let signer: Arc<dyn Signer> = self.backend.signer(key)?.into();
        *self.taken.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&signer));
        Ok(Box::new(signer))
    }

    fn digest(
        &self,
        hash: jose::jwa::Hash,
        parts: &[&[u8]],
        out: &mut [u8],
    ) -> Result<(), CryptoError> {
        self.backend.digest(hash, parts, out)
    }

    fn random(&self, out: &mut [u8]) -> Result<(), CryptoError> {
        self.backend.random(out)
    }
}
