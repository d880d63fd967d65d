//! Private keys in PKCS#8 (RFC 5958).

use der::asn1::{ContextSpecific, OctetStringRef};
use der::{Decode, Tag, Tagged};
use pkcs8::PrivateKeyInfoRef;

use super::algorithm::Kind;
use super::{Format, Half, ImportError, Parts, encode_secret, no_place, pem, pkcs1, sec1, spki};
use crate::SecretBytes;
use crate::crypto::Backend;
use crate::error::{KeyError, Rule};
use crate::jwk::{Jwk, Params};

const FORMAT: Format = Format::Pkcs8;
pub(super) const LABEL: &str = "PRIVATE KEY";

impl Jwk {
    /// Reads a private key in PKCS#8, of either version, in DER (RFC 5958 §2), and has `backend` compute
    /// the public half, or check it if it is there.
    ///
    /// # Errors
    ///
    /// [`ImportError`] for what is not exactly that, is of a kind that JOSE has no place for or the
    /// backend does not know, or whose numbers do not belong together.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let backend = jose_rustcrypto::BACKEND;
    /// use jose_core::Jwk;
    ///
    /// let text = "-----BEGIN PRIVATE KEY-----
    /// MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
    /// -----END PRIVATE KEY-----
    /// "; // RFC 8410 §10.3
    /// let jwk = Jwk::from_pkcs8_pem(text, backend)?;
    /// assert_eq!(jwk.kty(), "OKP");
    /// assert_eq!(jwk.to_pkcs8_pem()?.expose_secret(), text.as_bytes());
    /// # Ok(()) }
    /// ```
    pub fn from_pkcs8_der(der: &[u8], backend: &dyn Backend) -> Result<Self, ImportError> {
        read(der)?.into_jwk(FORMAT, backend)
    }

    /// As [`from_pkcs8_der`](Self::from_pkcs8_der), from the one PEM block `PRIVATE KEY` in `text`.
    ///
    /// # Errors
    ///
    /// As [`from_pkcs8_der`](Self::from_pkcs8_der).
    pub fn from_pkcs8_pem(text: &str, backend: &dyn Backend) -> Result<Self, ImportError> {
        let der = pem::the_one(FORMAT, text, &[LABEL])?;
        Self::from_pkcs8_der(der.expose_secret(), backend)
    }

    /// This private key in PKCS#8 and DER, of the first version (RFC 5958 §2, RFC 5208 §5), which every
    /// program reads.
    ///
    /// # Errors
    ///
    /// [`KeyError::Format`] for a shared key and one of unknown type, [`KeyError::NotPrivate`] for a
    /// public one, [`KeyError::Incomplete`] for an RSA key without primes:
    /// [`complete`](Self::complete) finds them.
    pub fn to_pkcs8_der(&self) -> Result<SecretBytes, KeyError> {
        let params = self.params();
        let kind = spki::kind(params).ok_or_else(|| no_place(FORMAT, params))?;
        let octets = |secret: Option<&SecretBytes>| {
            let secret = secret.ok_or(KeyError::NotPrivate)?;
            encode_secret(&octet_string(secret)?)
        };
        let key = match params {
            Params::Akp(akp) => {
                let seed = akp.private().ok_or(KeyError::NotPrivate)?;
                encode_secret(&ContextSpecific {
                    tag_number: der::TagNumber(0),
                    tag_mode: der::TagMode::Implicit,
                    value: octet_string(seed)?,
                })
            }
            Params::Ec(ec) => sec1::der(ec, None),
            Params::Okp(okp) => octets(okp.d()),
            Params::Rsa(rsa) => pkcs1::private_der(rsa),
            other => Err(no_place(FORMAT, other)),
        }?;
        encode_secret(&PrivateKeyInfoRef::new(kind.algorithm(), octet_string(&key)?))
    }

    /// As [`to_pkcs8_der`](Self::to_pkcs8_der), in PEM.
    ///
    /// # Errors
    ///
    /// As [`to_pkcs8_der`](Self::to_pkcs8_der).
    pub fn to_pkcs8_pem(&self) -> Result<SecretBytes, KeyError> {
        pem::secret(LABEL, &self.to_pkcs8_der()?)
    }
}

pub(super) fn read(der: &[u8]) -> Result<Parts, ImportError> {
    let key: PrivateKeyInfoRef<'_> = FORMAT.decode_file(der)?;
    let kind = Kind::read(FORMAT, key.algorithm)?;
    let octets = key.private_key.as_bytes();
    let mut parts = match kind {
        Kind::Rsa => {
            let half = Half::Rsa(pkcs1::private_within(FORMAT, octets)?);
            Parts::Private { half, public: None }
        }
        Kind::Ec(_) => sec1::read_within(FORMAT, kind, octets)?,
        Kind::Okp(crv) => private(kind, inner(octets)?, crv.key_len())?,
        Kind::Akp(_) => private(kind, seed(kind, octets)?, 32)?,
    };
    if let Some(outside) = key.public_key {
        let outside = outside.as_bytes().ok_or(FORMAT.malformed(Rule::Der))?;
        if let Parts::Private { public, .. } = &mut parts {
            if public.as_ref().is_some_and(|inside| inside != outside) {
                return Err(FORMAT.refused(kind, KeyError::Inconsistent));
            }
            *public = Some(outside.into());
        }
    }
    Ok(parts)
}

/// `CurvePrivateKey` (RFC 8410 §7).
fn inner(der: &[u8]) -> Result<&[u8], ImportError> {
    FORMAT.decode::<&OctetStringRef>(der).map(OctetStringRef::as_bytes)
}

/// The choice `seed` of a private key of ML-DSA (RFC 9881 §6). The others hold the expanded key, which
/// a JWK has no place for, and which has to be checked against a seed beside it.
fn seed(kind: Kind, der: &[u8]) -> Result<&[u8], ImportError> {
    let seed = der::asn1::AnyRef::from_der(der).map_err(|_| FORMAT.malformed(Rule::Der))?;
    let tag = Tag::ContextSpecific { constructed: false, number: der::TagNumber(0) };
    if seed.tag() == tag {
        Ok(seed.value())
    } else {
        Err(FORMAT.refused(
            kind,
            KeyError::Unsupported { what: "private keys of ML-DSA that are not a seed alone" },
        ))
    }
}

fn private(kind: Kind, octets: &[u8], expected: usize) -> Result<Parts, ImportError> {
    if octets.len() != expected {
        return Err(FORMAT.malformed(Rule::Length { member: "privateKey", expected }));
    }
    Ok(Parts::Private { half: Half::Raw(kind, octets.into()), public: None })
}

fn octet_string(secret: &SecretBytes) -> Result<&OctetStringRef, KeyError> {
    OctetStringRef::new(secret.expose_secret()).map_err(|_| KeyError::Inconsistent)
}
