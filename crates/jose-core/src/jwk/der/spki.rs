//! Public keys in SPKI: `SubjectPublicKeyInfo` (RFC 5280 §4.1).

use alloc::string::String;
use alloc::vec::Vec;

use der::asn1::BitStringRef;
use spki::{SubjectPublicKeyInfo, SubjectPublicKeyInfoRef};

use super::algorithm::{Kind, public_key, public_octets};
use super::{Format, ImportError, Parts, encode, no_place, pem, pkcs1};
use crate::crypto::Backend;
use crate::error::{KeyError, Rule};
use crate::jwk::{Jwk, Params};

const FORMAT: Format = Format::Spki;
pub(super) const LABEL: &str = "PUBLIC KEY";

impl Jwk {
    /// Reads a public key, a `SubjectPublicKeyInfo` in DER (RFC 5280 §4.1), and has `backend` check it.
    ///
    /// # Errors
    ///
    /// [`ImportError`] for what is not exactly that, is of a kind that JOSE has no place for, or is not
    /// on its curve. Compressed points are not supported.
    pub fn from_spki_der(der: &[u8], backend: &dyn Backend) -> Result<Self, ImportError> {
        read(der)?.into_jwk(FORMAT, backend)
    }

    /// As [`from_spki_der`](Self::from_spki_der), from the one PEM block `PUBLIC KEY` in `text`.
    ///
    /// # Errors
    ///
    /// As [`from_spki_der`](Self::from_spki_der).
    pub fn from_spki_pem(text: &str, backend: &dyn Backend) -> Result<Self, ImportError> {
        let der = pem::the_one(FORMAT, text, &[LABEL])?;
        Self::from_spki_der(der.expose_secret(), backend)
    }

    /// This public key as a `SubjectPublicKeyInfo` in DER (RFC 5280 §4.1).
    ///
    /// # Errors
    ///
    /// [`KeyError::Format`] for a shared key and one of unknown type, [`KeyError::NotPublic`] for a
    /// private one: [`to_public`](Self::to_public) strips it.
    pub fn to_spki_der(&self) -> Result<Vec<u8>, KeyError> {
        let params = self.params();
        let (Some(kind), Some(public)) = (kind(params), params.to_public()) else {
            return Err(no_place(FORMAT, params));
        };
        if self.is_private() {
            return Err(KeyError::NotPublic);
        }
        let key = match &public {
            Params::Rsa(rsa) => pkcs1::public_der(rsa)?,
            other => public_octets(other).ok_or_else(|| no_place(FORMAT, other))?,
        };
        let subject_public_key =
            BitStringRef::from_bytes(&key).map_err(|_| KeyError::Inconsistent)?;
        encode(&SubjectPublicKeyInfo { algorithm: kind.algorithm(), subject_public_key })
    }

    /// As [`to_spki_der`](Self::to_spki_der), in PEM.
    ///
    /// # Errors
    ///
    /// As [`to_spki_der`](Self::to_spki_der).
    pub fn to_spki_pem(&self) -> Result<String, KeyError> {
        pem::public(LABEL, &self.to_spki_der()?)
    }
}

pub(super) fn read(der: &[u8]) -> Result<Parts, ImportError> {
    read_as(FORMAT, &FORMAT.decode_file(der)?).map(Parts::Public)
}

/// The public key within another format.
pub(super) fn read_as(
    format: Format,
    key: &SubjectPublicKeyInfoRef<'_>,
) -> Result<Params, ImportError> {
    let kind = Kind::read(format, key.algorithm)?;
    let octets = key.subject_public_key.as_bytes().ok_or(format.malformed(Rule::Der))?;
    public_key(format, kind, octets)
}

/// The kind of a key, if files have a place for it.
pub(super) const fn kind(params: &Params) -> Option<Kind> {
    match params {
        Params::Akp(akp) => Some(Kind::Akp(akp.alg())),
        Params::Ec(ec) => Some(Kind::Ec(ec.crv())),
        Params::Okp(okp) => Some(Kind::Okp(okp.crv())),
        Params::Rsa(_) => Some(Kind::Rsa),
        Params::Oct(_) | Params::Unknown(_) => None,
    }
}
