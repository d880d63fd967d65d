//! EC private keys in SEC 1 (RFC 5915).

use alloc::vec::Vec;

use super::algorithm::{Kind, curve_oid, public_octets};
use super::{Format, Half, ImportError, Parts, encode_secret, no_place, pem};
use crate::SecretBytes;
use crate::crypto::Backend;
use crate::error::{KeyError, Rule};
use crate::jwk::{Ec, Jwk, Params};
use sec1::{EcParameters, EcPrivateKey};

const FORMAT: Format = Format::Sec1;
pub(super) const LABEL: &str = "EC PRIVATE KEY";

impl Jwk {
    /// Reads an `ECPrivateKey` in DER (RFC 5915 §3) that names its curve, and has `backend` compute the
    /// public half, or check it if it is there.
    ///
    /// # Errors
    ///
    /// [`ImportError`] for what is not exactly that, is on another curve than P-256, P-384, P-521 and
    /// secp256k1, or whose halves do not belong together.
    pub fn from_sec1_der(der: &[u8], backend: &dyn Backend) -> Result<Self, ImportError> {
        read(der)?.into_jwk(FORMAT, backend)
    }

    /// As [`from_sec1_der`](Self::from_sec1_der), from the one PEM block `EC PRIVATE KEY` in `text`.
    /// Others, such as the `EC PARAMETERS` that often stand before it, are left alone.
    ///
    /// # Errors
    ///
    /// As [`from_sec1_der`](Self::from_sec1_der).
    pub fn from_sec1_pem(text: &str, backend: &dyn Backend) -> Result<Self, ImportError> {
        let der = pem::the_one(FORMAT, text, &[LABEL])?;
        Self::from_sec1_der(der.expose_secret(), backend)
    }

    /// This EC private key as an `ECPrivateKey` in DER, with the name of its curve and its public half
    /// (RFC 5915 §3).
    ///
    /// # Errors
    ///
    /// [`KeyError::Format`] for a key of another type, [`KeyError::NotPrivate`] for a public one.
    pub fn to_sec1_der(&self) -> Result<SecretBytes, KeyError> {
        match self.params() {
            Params::Ec(ec) => der(ec, Some(EcParameters::NamedCurve(curve_oid(ec.crv())))),
            other => Err(no_place(FORMAT, other)),
        }
    }

    /// As [`to_sec1_der`](Self::to_sec1_der), in PEM.
    ///
    /// # Errors
    ///
    /// As [`to_sec1_der`](Self::to_sec1_der).
    pub fn to_sec1_pem(&self) -> Result<SecretBytes, KeyError> {
        pem::secret(LABEL, &self.to_sec1_der()?)
    }
}

pub(super) fn read(der: &[u8]) -> Result<Parts, ImportError> {
    let key: EcPrivateKey<'_> = FORMAT.decode_file(der)?;
    let curve = key.parameters.and_then(EcParameters::named_curve);
    let curve = curve.ok_or(FORMAT.malformed(Rule::Missing { member: "parameters" }))?;
    parts(FORMAT, Kind::curve(FORMAT, curve)?, &key)
}

/// The private key within PKCS#8, where the curve is named outside, and may be named inside again.
pub(super) fn read_within(format: Format, kind: Kind, der: &[u8]) -> Result<Parts, ImportError> {
    let key: EcPrivateKey<'_> = format.decode(der)?;
    if let Some(EcParameters::NamedCurve(inside)) = key.parameters
        && Kind::curve(format, inside)? != kind
    {
        return Err(format.refused(kind, KeyError::Inconsistent));
    }
    parts(format, kind, &key)
}

fn parts(format: Format, kind: Kind, key: &EcPrivateKey<'_>) -> Result<Parts, ImportError> {
    let Kind::Ec(crv) = kind else { return Err(format.malformed(Rule::Der)) };
    let expected = crv.coordinate_len();
    if key.private_key.len() != expected {
        return Err(format.malformed(Rule::Length { member: "privateKey", expected }));
    }
    let half = Half::Raw(kind, key.private_key.into());
    Ok(Parts::Private { half, public: key.public_key.map(Vec::from) })
}

pub(super) fn der(ec: &Ec, parameters: Option<EcParameters>) -> Result<SecretBytes, KeyError> {
    let d = ec.d().ok_or(KeyError::NotPrivate)?;
    let point = public_octets(&Params::Ec(ec.to_public()));
    let public_key = point.as_deref();
    encode_secret(&EcPrivateKey { private_key: d.expose_secret(), parameters, public_key })
}
