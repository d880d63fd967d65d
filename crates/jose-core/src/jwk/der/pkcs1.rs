//! RSA keys in PKCS#1 (RFC 8017 A.1).

use alloc::string::String;
use alloc::vec::Vec;

use der::asn1::UintRef;
use pkcs1::{RsaPrivateKeyRef, RsaPublicKeyRef};

use super::{Format, Half, ImportError, Parts, encode, encode_secret, no_place, pem, within_limit};
use crate::SecretBytes;
use crate::crypto::Backend;
use crate::error::{KeyError, Rule};
use crate::jwk::{Jwk, Params, Rsa, RsaCrt, RsaPrivate};

const FORMAT: Format = Format::Pkcs1;
pub(super) const PRIVATE_LABEL: &str = "RSA PRIVATE KEY";
pub(super) const PUBLIC_LABEL: &str = "RSA PUBLIC KEY";

impl Jwk {
    /// Reads an `RSAPrivateKey` or an `RSAPublicKey` in DER (RFC 8017 A.1), and has `backend` check it.
    ///
    /// # Errors
    ///
    /// [`ImportError`] for what is not exactly that, has more than two primes, or whose numbers do not
    /// belong together.
    pub fn from_pkcs1_der(der: &[u8], backend: &dyn Backend) -> Result<Self, ImportError> {
        read(der)?.into_jwk(FORMAT, backend)
    }

    /// As [`from_pkcs1_der`](Self::from_pkcs1_der), from the one PEM block `RSA PRIVATE KEY` or `RSA
    /// PUBLIC KEY` in `text`.
    ///
    /// # Errors
    ///
    /// As [`from_pkcs1_der`](Self::from_pkcs1_der).
    pub fn from_pkcs1_pem(text: &str, backend: &dyn Backend) -> Result<Self, ImportError> {
        let der = pem::the_one(FORMAT, text, &[PRIVATE_LABEL, PUBLIC_LABEL])?;
        Self::from_pkcs1_der(der.expose_secret(), backend)
    }

    /// This RSA private key as an `RSAPrivateKey` in DER (RFC 8017 A.1.2).
    ///
    /// # Errors
    ///
    /// [`KeyError::Format`] for a key of another type, [`KeyError::NotPrivate`] for a public one,
    /// [`KeyError::Incomplete`] for one without primes: [`complete`](Self::complete) finds them.
    pub fn to_pkcs1_der(&self) -> Result<SecretBytes, KeyError> {
        match self.params() {
            Params::Rsa(rsa) => private_der(rsa),
            other => Err(no_place(FORMAT, other)),
        }
    }

    /// As [`to_pkcs1_der`](Self::to_pkcs1_der), in PEM.
    ///
    /// # Errors
    ///
    /// As [`to_pkcs1_der`](Self::to_pkcs1_der).
    pub fn to_pkcs1_pem(&self) -> Result<SecretBytes, KeyError> {
        pem::secret(PRIVATE_LABEL, &self.to_pkcs1_der()?)
    }

    /// This RSA public key as an `RSAPublicKey` in DER (RFC 8017 A.1.1).
    ///
    /// # Errors
    ///
    /// [`KeyError::Format`] for a key of another type, [`KeyError::NotPublic`] for a private one:
    /// [`to_public`](Self::to_public) strips it.
    pub fn to_pkcs1_public_der(&self) -> Result<Vec<u8>, KeyError> {
        match self.params() {
            Params::Rsa(rsa) if rsa.private().is_some() => Err(KeyError::NotPublic),
            Params::Rsa(rsa) => public_der(rsa),
            other => Err(no_place(FORMAT, other)),
        }
    }

    /// As [`to_pkcs1_public_der`](Self::to_pkcs1_public_der), in PEM.
    ///
    /// # Errors
    ///
    /// As [`to_pkcs1_public_der`](Self::to_pkcs1_public_der).
    pub fn to_pkcs1_public_pem(&self) -> Result<String, KeyError> {
        pem::public(PUBLIC_LABEL, &self.to_pkcs1_public_der()?)
    }
}

pub(super) fn read(der: &[u8]) -> Result<Parts, ImportError> {
    within_limit(der.len()).map_err(|rule| FORMAT.malformed(rule))?;
    if let Ok(params) = public(FORMAT, der) {
        return Ok(Parts::Public(params));
    }
    let key: RsaPrivateKeyRef<'_> = FORMAT.decode_file(der)?;
    private(FORMAT, &key).map(|rsa| Parts::Private { half: Half::Rsa(rsa), public: None })
}

/// The private key within another format.
pub(super) fn private_within(format: Format, der: &[u8]) -> Result<Rsa, ImportError> {
    private(format, &format.decode(der)?)
}

fn private(format: Format, key: &RsaPrivateKeyRef<'_>) -> Result<Rsa, ImportError> {
    if key.other_prime_infos.is_some() {
        let expected = "absent: two primes only";
        return Err(format.malformed(Rule::Value { member: "otherPrimeInfos", expected }));
    }
    let [n, e, d, p, q, dp, dq, qi] = [
        key.modulus,
        key.public_exponent,
        key.private_exponent,
        key.prime1,
        key.prime2,
        key.exponent1,
        key.exponent2,
        key.coefficient,
    ]
    .map(|number: UintRef<'_>| number.as_bytes());
    Ok(Rsa::new(n, e, Some(RsaPrivate::new(d, Some(RsaCrt::new(p, q, dp, dq, qi))))))
}

/// The public key within another format.
pub(super) fn public(format: Format, der: &[u8]) -> Result<Params, ImportError> {
    let key: RsaPublicKeyRef<'_> = format.decode(der)?;
    Ok(Params::Rsa(Rsa::new(key.modulus.as_bytes(), key.public_exponent.as_bytes(), None)))
}

pub(super) fn private_der(rsa: &Rsa) -> Result<SecretBytes, KeyError> {
    let private = rsa.private().ok_or(KeyError::NotPrivate)?;
    let crt = private.crt().ok_or(KeyError::Incomplete { missing: "p, q, dp, dq and qi" })?;
    encode_secret(&RsaPrivateKeyRef {
        modulus: uint(rsa.n())?,
        public_exponent: uint(rsa.e())?,
        private_exponent: uint(private.d().expose_secret())?,
        prime1: uint(crt.p().expose_secret())?,
        prime2: uint(crt.q().expose_secret())?,
        exponent1: uint(crt.dp().expose_secret())?,
        exponent2: uint(crt.dq().expose_secret())?,
        coefficient: uint(crt.qi().expose_secret())?,
        other_prime_infos: None,
    })
}

pub(super) fn public_der(rsa: &Rsa) -> Result<Vec<u8>, KeyError> {
    encode(&RsaPublicKeyRef { modulus: uint(rsa.n())?, public_exponent: uint(rsa.e())? })
}

fn uint(number: &[u8]) -> Result<UintRef<'_>, KeyError> {
    UintRef::new(number).map_err(|_| KeyError::Inconsistent)
}
