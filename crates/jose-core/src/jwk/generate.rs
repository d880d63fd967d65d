//! Making keys, each for one algorithm.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use serde::Serialize;
use zeroize::Zeroizing;

use super::{Jwk, KeyUse, Oct, Params, check_key_ops, extra_member};
use crate::SecretBytes;
use crate::base64url;
use crate::crypto::{Backend, NewKey};
use crate::error::{KeyError, ParseError, Subject, excerpt};
use crate::jwa::{Alg, Bound, Hash, KeyManagementAlgorithm, SignatureAlgorithm};
use crate::jwk::{EcCurve, OkpCurve};
use crate::limits::{MAX_OCT_BITS, MAX_RSA_BITS, MIN_RSA_BITS};

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

    /// A new shared key of this many bits, from the backend's generator, without a name and bound to
    /// nothing: for a protocol of the caller's, or for [`with_alg`](Self::with_alg).
    ///
    /// # Errors
    ///
    /// [`KeyError::OctBits`] for a number that is no multiple of 8 or not from 8 to 32 768,
    /// [`KeyError::Unavailable`] if the backend has no entropy.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let backend = jose_rustcrypto::BACKEND;
    /// use jose_core::{Alg, Jwk};
    ///
    /// let jwk = Jwk::generate_oct(512, backend)?;
    /// assert_eq!((jwk.alg(), jwk.kid()), (None, None));
    /// let jwk = jwk.with_alg(Alg::HS512)?.with_kid("2026-11");
    /// # Ok(()) }
    /// ```
    pub fn generate_oct(bits: usize, backend: &dyn Backend) -> Result<Self, KeyError> {
        if !(8..=MAX_OCT_BITS).contains(&bits) || !bits.is_multiple_of(8) {
            return Err(KeyError::OctBits { min: 8, max: MAX_OCT_BITS, actual: bits });
        }
        shared(bits / 8, backend).map(Self::new)
    }
}

/// Makes keys that are not the default of [`Jwk::generate`].
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let backend = jose_rustcrypto::BACKEND;
/// use jose_core::{Alg, jwk::{Generator, KeyUse}};
///
/// let generator = Generator::new(Alg::ES256).key_use(KeyUse::Sig).member("tenant", "acme")?;
/// let jwk = generator.clone().kid("2026-11").generate(backend)?;
/// assert_eq!((jwk.kid(), jwk.key_use()), (Some("2026-11"), Some(&KeyUse::Sig)));
/// let jwk = generator.random_kid().generate(backend)?;
/// assert_eq!(jwk.kid().map(str::len), Some(22)); // 16 octets
/// # Ok(()) }
/// ```
#[derive(Clone)]
#[must_use]
pub struct Generator {
    alg: Alg,
    rsa_bits: usize,
    curve: NewKey,
    kid: Kid,
    key_use: Option<KeyUse>,
    key_ops: Option<Vec<String>>,
    other: Vec<(String, Zeroizing<String>)>,
}

#[derive(Clone, Debug)]
enum Kid {
    /// A thumbprint, or random octets where that would tell of a secret.
    Fitting,
    Given(String),
    None,
    Random,
    Thumbprint,
}

impl Generator {
    /// Keys for `alg`.
    pub fn new(alg: impl Into<Alg>) -> Self {
        Self {
            alg: alg.into(),
            rsa_bits: MIN_RSA_BITS,
            curve: NewKey::Ec(EcCurve::P256),
            kid: Kid::Fitting,
            key_use: None,
            key_ops: None,
            other: Vec::new(),
        }
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

    /// Keys under the name `kid`, as [`Jwk::with_kid`] gives it.
    pub fn kid(mut self, kid: impl Into<String>) -> Self {
        self.kid = Kid::Given(kid.into());
        self
    }

    /// Keys without a name.
    pub fn without_kid(mut self) -> Self {
        self.kid = Kid::None;
        self
    }

    /// Keys named by 16 random octets in base64url: what a shared key has unless told otherwise.
    pub fn random_kid(mut self) -> Self {
        self.kid = Kid::Random;
        self
    }

    /// Keys named by their SHA-256 thumbprint (RFC 7638): what a key pair has unless told otherwise.
    pub fn thumbprint_kid(mut self) -> Self {
        self.kid = Kid::Thumbprint;
        self
    }

    /// Keys marked for one use (RFC 7517 §4.2).
    pub fn key_use(mut self, key_use: KeyUse) -> Self {
        self.key_use = Some(key_use);
        self
    }

    /// Keys limited to these operations, which are those of the private half (RFC 7517 §4.3).
    ///
    /// # Errors
    ///
    /// As [`Jwk::with_key_ops`].
    pub fn key_ops<I: IntoIterator<Item: Into<String>>>(
        mut self,
        operations: I,
    ) -> Result<Self, ParseError> {
        let operations = operations.into_iter().map(Into::into).collect();
        self.key_ops = Some(check_key_ops(operations).map_err(|rule| rule.of(Subject::Jwk))?);
        Ok(self)
    }

    /// Keys with a member that has no meaning here; an earlier one of that name is replaced.
    ///
    /// # Errors
    ///
    /// As [`Jwk::with_member`].
    pub fn member(mut self, name: &str, value: impl Serialize) -> Result<Self, ParseError> {
        let json = extra_member(name, value)?;
        self.other.retain(|(own, _)| own != name);
        self.other.push((name.into(), json));
        Ok(self)
    }

    /// Makes a key.
    ///
    /// # Errors
    ///
    /// As [`Jwk::generate`]; [`KeyError::RsaModulus`] for a number of bits that is not allowed or
    /// not a multiple of 8; [`KeyError::NoPublicHalf`] for a shared key that was to be named by its
    /// thumbprint, a hash of the secret.
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
        let (key_use, key_ops) = (self.key_use.clone(), self.key_ops.clone());
        let other = self.other.clone();
        let jwk = Jwk { key_use, key_ops, other, ..Jwk::new(params).with_alg(self.alg)? };
        let shared = matches!(jwk.params(), Params::Oct(_));
        Ok(match &self.kid {
            Kid::None => jwk,
            Kid::Given(kid) => jwk.with_kid(kid.clone()),
            Kid::Thumbprint if shared => {
                return Err(KeyError::NoPublicHalf { kty: excerpt(jwk.kty()) });
            }
            Kid::Fitting | Kid::Thumbprint if !shared => {
                let thumbprint = jwk.thumbprint(Hash::Sha256, backend)?;
                jwk.with_kid(thumbprint)
            }
            Kid::Fitting | Kid::Random | Kid::Thumbprint => {
                let mut name = [0; 16];
                backend.random(&mut name).map_err(KeyError::Unavailable)?;
                jwk.with_kid(base64url::encode(&name))
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

impl fmt::Debug for Generator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Generator")
            .field("alg", &self.alg)
            .field("rsa_bits", &self.rsa_bits)
            .field("curve", &self.curve)
            .field("kid", &self.kid)
            .field("use", &self.key_use)
            .field("key_ops", &self.key_ops)
            .finish_non_exhaustive() // other members are the caller's, and may be secret
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
