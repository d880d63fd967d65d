//! The public keys of X.509 certificates (RFC 5280 §4.1, RFC 7517 §4.7). Nothing here verifies one.

use alloc::vec::Vec;

use der::Encode;
use spki::SubjectPublicKeyInfoRef;
use x509_cert::Certificate;

use super::{Format, ImportError, Parts, pem, spki as public};
use crate::crypto::Backend;
use crate::error::{KeyError, Rule};
use crate::jwa::Hash;
use crate::jwk::{Jwk, Params};
use crate::limits::MAX_CERTIFICATES;

const FORMAT: Format = Format::X509;
pub(super) const LABEL: &str = "CERTIFICATE";

impl Jwk {
    /// Reads the public key of an X.509 certificate in DER, and has `backend` check it. The key has the
    /// certificate as its `x5c`, and its `x5t#S256`.
    ///
    /// Whether the certificate is valid, and whose it is, is not looked at: what makes the key
    /// trustworthy is where the file came from.
    ///
    /// # Errors
    ///
    /// [`ImportError`] for what is not exactly a certificate, or whose key
    /// [`from_spki_der`](Self::from_spki_der) would refuse.
    pub fn from_x509_der(der: &[u8], backend: &dyn Backend) -> Result<Self, ImportError> {
        Self::from_chain([Vec::from(der)].into(), backend)
    }

    /// As [`from_x509_der`](Self::from_x509_der), from the PEM blocks `CERTIFICATE` in `text`: the key is
    /// that of the first, and they all become its `x5c`, in order, at most 8 of them.
    ///
    /// # Errors
    ///
    /// As [`from_x509_der`](Self::from_x509_der).
    pub fn from_x509_pem(text: &str, backend: &dyn Backend) -> Result<Self, ImportError> {
        let chain = pem::all(FORMAT, text, &[LABEL])?;
        Self::from_chain(chain.iter().map(|der| der.expose_secret().into()).collect(), backend)
    }

    pub(super) fn from_chain(
        chain: Vec<Vec<u8>>,
        backend: &dyn Backend,
    ) -> Result<Self, ImportError> {
        let first = chain.first().ok_or(FORMAT.malformed(Rule::Label { expected: LABEL }))?;
        let jwk = Parts::Public(key(first)?).into_jwk(FORMAT, backend)?;
        jwk.with_x5c(chain, backend)
    }

    /// This key with its certificates: `chain` in DER, its own first, becomes its `x5c`, and the SHA-256
    /// digest of the first its `x5t#S256` (RFC 7517 §4.7, §4.9). An `x5t`, of SHA-1, is dropped.
    ///
    /// # Errors
    ///
    /// [`ImportError`] for no certificate or more than 8, for what is none, and
    /// [`KeyError::Inconsistent`] in it if the first is of another key.
    pub fn with_x5c(
        mut self,
        chain: Vec<Vec<u8>>,
        backend: &dyn Backend,
    ) -> Result<Self, ImportError> {
        let found = || super::Found::of(FORMAT, &self);
        if chain.len() > MAX_CERTIFICATES {
            return Err(FORMAT.malformed(Rule::TooMany { limit: MAX_CERTIFICATES }));
        }
        let first = chain.first().ok_or(FORMAT.malformed(Rule::Missing { member: "x5c" }))?;
        if self.params().to_public() != Some(key(first)?) {
            return Err(ImportError::Key { found: found(), error: KeyError::Inconsistent });
        }
        for other in chain.iter().skip(1) {
            let _: Certificate = FORMAT.decode_file(other)?;
        }
        let mut digest = alloc::vec![0; Hash::Sha256.digest_len()];
        backend.digest(Hash::Sha256, &[first], &mut digest).map_err(|error| ImportError::Key {
            found: found(),
            error: KeyError::Unavailable(error),
        })?;
        self.x5t = None;
        self.x5t_s256 = Some(digest);
        self.x5c = Some(chain);
        Ok(self)
    }

    /// Whether the first certificate in `x5c` is of this key (RFC 7517 §4.7); `None` without an `x5c`.
    pub(in crate::jwk) fn x5c_matches(&self) -> Option<bool> {
        let first = self.x5c().and_then(<[_]>::first)?;
        Some(key(first).is_ok_and(|key| self.params().to_public() == Some(key)))
    }
}

/// The key in a certificate.
fn key(der: &[u8]) -> Result<Params, ImportError> {
    let malformed = |_| FORMAT.malformed(Rule::Der);
    let certificate: Certificate = FORMAT.decode_file(der)?;
    let key = certificate.tbs_certificate().subject_public_key_info();
    let key = key.to_der().map_err(malformed)?;
    public::read_as(FORMAT, &FORMAT.decode::<SubjectPublicKeyInfoRef<'_>>(&key)?)
}
