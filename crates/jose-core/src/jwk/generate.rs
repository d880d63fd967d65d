//! Making keys, each for one algorithm.

use alloc::string::String;

use super::{Jwk, Oct, Params};
use crate::SecretBytes;
use crate::base64url;
use crate::crypto::{Backend, NewKey};
use crate::error::KeyError;
use crate::jwa::{Alg, Bound, Hash, KeyManagementAlgorithm, SignatureAlgorithm};
use crate::jwk::{EcCurve, OkpCurve};
use crate::limits::{MAX_RSA_BITS, MIN_RSA_BITS};

impl Jwk {
    /// A new private key for `alg`, from the backend's generator, with its `alg` and a `kid`.
    ///
    /// RSA keys have 2048 bits, HMAC keys the length of the hash, and keys for ECDH-ES are on P-256;
    /// the `kid` is the SHA-256 thumbprint (RFC 7638), or 16 random octets for a shared key, where a
    /// thumbprint would publish a hash of the secret. [`Generator`] has the choices.
    ///
    /// # Errors
    ///
    /// [`KeyError::Unsupported`] if the backend has no such keys, [`KeyError::Unavailable`] if it
    /// could not make one; [`KeyError::MissingEncryption`] for `dir`, which does not say how long: name
    /// the content encryption algorithm instead.
    pub fn generate(alg: impl Into<Alg>, backend: &dyn Backend) -> Result<Self, KeyError> {
        Generator::new(alg).generate(backend)
    }
}

/// Makes keys that are not the default of [`Jwk::generate`].
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let backend = jose_rustcrypto::BACKEND;
/// use jose_core::{Alg, jwk::Generator};
///
/// let jwk = Generator::new(Alg::HS256).kid("2026-11").generate(backend)?;
/// assert_eq!(jwk.kid(), Some("2026-11"));
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Generator {
    alg: Alg,
    rsa_bits: usize,
    curve: NewKey,
    kid: Kid,
}

#[derive(Clone, Debug)]
enum Kid {
    Given(String),
    Made,
    None,
}

impl Generator {
    /// Keys for `alg`.
    pub fn new(alg: impl Into<Alg>) -> Self {
        let curve = NewKey::Ec(EcCurve::P256);
        Self { alg: alg.into(), rsa_bits: MIN_RSA_BITS, curve, kid: Kid::Made }
    }

    /// Keys for ECDH-ES on this curve. Without effect on other keys.
    pub fn curve(mut self, curve: impl Into<NewKey>) -> Self {
        self.curve = curve.into();
        self
    }

    /// RSA keys of this many bits: 2048 to 16384. Without effect on other keys.
    pub const fn rsa_bits(mut self, bits: usize) -> Self {
        self.rsa_bits = bits;
        self
    }

    /// Keys under the name `kid`.
    pub fn kid(mut self, kid: impl Into<String>) -> Self {
        self.kid = Kid::Given(kid.into());
        self
    }

    /// Keys without a name.
    pub fn without_kid(mut self) -> Self {
        self.kid = Kid::None;
        self
    }

    /// Makes a key.
    ///
    /// # Errors
    ///
    /// As [`Jwk::generate`], and [`KeyError::RsaModulus`] for a number of bits that is not allowed
    /// or not a multiple of 8.
    pub fn generate(&self, backend: &dyn Backend) -> Result<Jwk, KeyError> {
        use KeyManagementAlgorithm as K;
        use SignatureAlgorithm as S;
        let params = match self.alg {
            Alg::SignatureAlgorithm(alg) => match alg {
                S::HS256 => shared(32, backend)?,
                S::HS384 => shared(48, backend)?,
                S::HS512 => shared(64, backend)?,
                S::RS256 | S::RS384 | S::RS512 | S::PS256 | S::PS384 | S::PS512 => {
                    self.rsa(backend)?
                }
                S::ES256 => backend.generate(NewKey::Ec(EcCurve::P256))?,
                S::ES384 => backend.generate(NewKey::Ec(EcCurve::P384))?,
                S::ES512 => backend.generate(NewKey::Ec(EcCurve::P521))?,
                S::ES256K => backend.generate(NewKey::Ec(EcCurve::Secp256k1))?,
                S::EdDSA | S::Ed25519 => backend.generate(NewKey::Okp(OkpCurve::Ed25519))?,
                S::Ed448 => backend.generate(NewKey::Okp(OkpCurve::Ed448))?,
            },
            Alg::KeyManagementAlgorithm(alg) => match alg {
                K::Dir => return Err(KeyError::MissingEncryption),
                K::A128KW | K::A128GCMKW => shared(16, backend)?,
                K::A192KW | K::A192GCMKW => shared(24, backend)?,
                K::A256KW | K::A256GCMKW => shared(32, backend)?,
                // As good as any password can be.
                K::PBES2_HS256_A128KW | K::PBES2_HS384_A192KW | K::PBES2_HS512_A256KW => {
                    shared(32, backend)?
                }
                K::RSA1_5 | K::RSA_OAEP | K::RSA_OAEP_256 | K::RSA_OAEP_384 | K::RSA_OAEP_512 => {
                    self.rsa(backend)?
                }
                K::ECDH_ES | K::ECDH_ES_A128KW | K::ECDH_ES_A192KW | K::ECDH_ES_A256KW => {
                    let params = backend.generate(self.curve)?;
                    Bound::derived(alg, &params)?;
                    params
                }
            },
            Alg::ContentEncryption(enc) => shared(enc.key_len(), backend)?,
        };
        let symmetric = matches!(params, Params::Oct(_));
        let jwk = Jwk::new(params).with_alg(self.alg)?;
        Ok(match &self.kid {
            Kid::None => jwk,
            Kid::Given(kid) => jwk.with_kid(kid.clone()),
            Kid::Made if symmetric => {
                let mut name = [0; 16];
                backend.random(&mut name).map_err(KeyError::Unavailable)?;
                jwk.with_kid(base64url::encode(&name))
            }
            Kid::Made => {
                let thumbprint = jwk.thumbprint(Hash::Sha256, backend)?;
                jwk.with_kid(thumbprint)
            }
        })
    }

    fn rsa(&self, backend: &dyn Backend) -> Result<Params, KeyError> {
        let bits = self.rsa_bits;
        if !(MIN_RSA_BITS..=MAX_RSA_BITS).contains(&bits) || !bits.is_multiple_of(8) {
            let (min, max, actual) = (MIN_RSA_BITS, MAX_RSA_BITS, bits);
            return Err(KeyError::RsaModulus { min, max, actual });
        }
        backend.generate(NewKey::Rsa { bits })
    }
}

fn shared(len: usize, backend: &dyn Backend) -> Result<Params, KeyError> {
    let mut k = alloc::vec![0; len];
    let drawn = backend.random(&mut k);
    let k = SecretBytes::new(k);
    drawn.map_err(KeyError::Unavailable)?;
    // The only rule of `oct` is that there are octets.
    Oct::new(k).map(Params::Oct).map_err(|_| KeyError::Inconsistent)
}
