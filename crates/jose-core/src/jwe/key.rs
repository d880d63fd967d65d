//! Keys that encrypt and keys that decrypt, each bound to one algorithm before a token is seen.

use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;
use core::num::NonZeroU32;

use super::Password;
use super::password::{check_p2c, default_count};
use crate::SecretBytes;
use crate::crypto::{
    AgreementInitiator, AgreementResponder, Backend, ContentCipher, KeyUnwrapper, KeyWrapper,
};
use crate::error::{KeyError, excerpt};
use crate::header::Header;
use crate::json;
use crate::jwa::{
    Alg, Bound, ContentEncryption, KeyManagementAlgorithm, Purpose, bind_key_management,
};
use crate::jwk::{Jwk, Oct, Params};

/// A key that encrypts, bound to one algorithm and prepared by a backend. Cheap to clone.
#[derive(Clone)]
pub struct EncryptionKey {
    alg: KeyManagementAlgorithm,
    kid: Option<String>,
    pub(super) way: EncryptionWay,
    pub(super) backend: &'static dyn Backend,
}

/// How a key makes the content encryption key known to its owner.
#[derive(Clone)]
pub(super) enum EncryptionWay {
    Agree(Arc<dyn AgreementInitiator>),
    Direct(Direct),
    Gcm(Arc<dyn ContentCipher>),
    Password { password: SecretBytes, count: NonZeroU32 },
    Wrap { wrapper: Arc<dyn KeyWrapper>, modulus_len: Option<usize> },
}

/// A shared key that encrypts the content itself, under the one algorithm it is bound to.
#[derive(Clone)]
pub(super) struct Direct {
    pub(super) enc: ContentEncryption,
    pub(super) key: SecretBytes,
    pub(super) cipher: Arc<dyn ContentCipher>,
}

impl EncryptionKey {
    /// Binds a public or shared key to the algorithm it names, and has `backend` prepare it.
    ///
    /// A key that names a content encryption algorithm, `A256GCM` say, encrypts directly under it
    /// (`dir`); so does one that names `dir`, with the algorithm in its member `enc` or the only one
    /// of its length. A key that names a PBES2 algorithm is a password (RFC 7517 appendix C).
    ///
    /// The handle keeps `backend`, for what each token needs anew: a content encryption key, a cipher. That
    /// is why it has to be `'static`, which that of a [`SigningKey`](crate::jws::SigningKey) need not be.
    ///
    /// # Errors
    ///
    /// [`KeyError`] if the key names no algorithm ([`Jwk::with_alg`] binds it), may not serve it by
    /// its type, curve, size, `use` or `key_ops`, is private ([`Jwk::to_public`] strips it), or is
    /// not supported by `backend`. `RSA1_5` does not encrypt.
    pub fn from_jwk(jwk: &Jwk, backend: &'static dyn Backend) -> Result<Self, KeyError> {
        use KeyManagementAlgorithm as K;
        let bound = bind_key_management(jwk, None, Purpose::Encrypt)?;
        let alg = bound.alg();
        let way = match (alg, bound.params()) {
            (K::Dir, Params::Oct(oct)) => EncryptionWay::Direct(Direct::new(jwk, oct, backend)?),
            (K::RSA1_5, _) => return Err(KeyError::AskedFor { alg: alg.name() }),
            (_, Params::Oct(oct)) if alg.password_hash().is_some() => {
                EncryptionWay::Password { password: oct.k().clone(), count: default_count(alg) }
            }
            _ if alg.is_agreement() => {
                EncryptionWay::Agree(Arc::new(backend.agreement_initiator(bound)?))
            }
            _ => match gcm(bound, backend)? {
                Some(cipher) => EncryptionWay::Gcm(cipher),
                None => EncryptionWay::Wrap {
                    wrapper: Arc::new(backend.key_wrapper(bound)?),
                    modulus_len: modulus_len(bound.params()),
                },
            },
        };
        Ok(Self { alg, kid: jwk.kid().map(Into::into), way, backend })
    }

    /// A password, under one of the PBES2 algorithms.
    ///
    /// Deriving a key takes 600 000 rounds of the hash for `PBES2-HS256+A128KW` and 210 000 for the
    /// others, some tenths of a second; [`with_p2c`](Self::with_p2c) changes that.
    ///
    /// # Errors
    ///
    /// [`KeyError::Purpose`] for an algorithm that takes no password, [`KeyError::TooShort`] for
    /// an empty one.
    pub fn from_password(
        alg: KeyManagementAlgorithm,
        password: &Password,
        backend: &'static dyn Backend,
    ) -> Result<Self, KeyError> {
        let password = password.check(alg)?;
        let way = EncryptionWay::Password { password, count: default_count(alg) };
        Ok(Self { alg, kid: None, way, backend })
    }

    /// A key that is held elsewhere and can be asked synchronously; `backend` does the rest.
    ///
    /// # Errors
    ///
    /// [`KeyError::Purpose`] for an algorithm that does not wrap a key with a single one: `dir`,
    /// ECDH-ES, PBES2 and AES in Galois/Counter Mode.
    pub fn external(
        alg: KeyManagementAlgorithm,
        kid: Option<&str>,
        wrapper: impl KeyWrapper + 'static,
        backend: &'static dyn Backend,
    ) -> Result<Self, KeyError> {
        check_wrapping(alg)?;
        if alg == KeyManagementAlgorithm::RSA1_5 {
            return Err(KeyError::AskedFor { alg: alg.name() });
        }
        let way = EncryptionWay::Wrap { wrapper: Arc::new(wrapper), modulus_len: None };
        Ok(Self { alg, kid: kid.map(Into::into), way, backend })
    }

    /// This password with another number of rounds. Without effect on a key.
    ///
    /// # Errors
    ///
    /// [`KeyError::Rounds`] below 1000, which a guesser would thank for, and above 1 200 000, which
    /// our own decryption would refuse.
    pub fn with_p2c(mut self, p2c: u32) -> Result<Self, KeyError> {
        let rounds = check_p2c(p2c)?;
        if let EncryptionWay::Password { count, .. } = &mut self.way {
            *count = rounds;
        }
        Ok(self)
    }

    /// This key under the name `kid`.
    #[must_use]
    pub fn with_kid(mut self, kid: impl Into<String>) -> Self {
        self.kid = Some(kid.into());
        self
    }

    /// The algorithm.
    #[must_use]
    pub const fn alg(&self) -> KeyManagementAlgorithm {
        self.alg
    }

    /// The content encryption algorithm, for a key that encrypts the content itself.
    #[must_use]
    pub const fn enc(&self) -> Option<ContentEncryption> {
        match &self.way {
            EncryptionWay::Direct(direct) => Some(direct.enc),
            _ => None,
        }
    }

    /// The name of the key, which its tokens carry unless told otherwise.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The header that this key's tokens have: its `alg`, and its `kid` if it has one.
    #[must_use]
    pub fn header(&self) -> Header {
        let header = Header::new().with_alg(self.alg.name());
        match &self.kid {
            Some(kid) => header.with_kid(kid.clone()),
            None => header,
        }
    }
}

/// A key that decrypts, bound to one algorithm and prepared by a backend. Cheap to clone.
#[derive(Clone)]
pub struct DecryptionKey {
    alg: KeyManagementAlgorithm,
    kid: Option<String>,
    /// Whether it was given by itself, so that without a name of its own it serves any.
    given: bool,
    pub(super) way: DecryptionWay,
    pub(super) backend: &'static dyn Backend,
}

/// How a key finds the content encryption key.
#[derive(Clone)]
pub(super) enum DecryptionWay {
    Agree { responder: Arc<dyn AgreementResponder>, public: Option<Arc<Params>> },
    Direct(Direct),
    Gcm(Arc<dyn ContentCipher>),
    Password(SecretBytes),
    Unwrap { unwrapper: Arc<dyn KeyUnwrapper>, modulus_len: Option<usize> },
}

impl DecryptionKey {
    /// Binds a private or shared key to the algorithm it names, and has `backend` prepare it; see
    /// [`EncryptionKey::from_jwk`] for keys that encrypt directly, passwords, and why `backend` is
    /// `'static`.
    ///
    /// # Errors
    ///
    /// [`KeyError`] if the key names no algorithm ([`Jwk::with_alg`] binds it), may not serve it by
    /// its type, curve, size, `use` or `key_ops`, is public, or is not supported by `backend`.
    /// `RSA1_5` has to be asked for: see [`from_jwk_for`](Self::from_jwk_for).
    pub fn from_jwk(jwk: &Jwk, backend: &'static dyn Backend) -> Result<Self, KeyError> {
        let alg = bind_key_management(jwk, None, Purpose::Decrypt)?.alg();
        if alg == KeyManagementAlgorithm::RSA1_5 {
            return Err(KeyError::AskedFor { alg: alg.name() });
        }
        Ok(Self { given: true, ..Self::load(jwk, None, backend)? })
    }

    /// As [`from_jwk`](Self::from_jwk), for the algorithm `alg`, which may be `RSA1_5`.
    ///
    /// That one should not be used any more (RFC 8725 §3.2): it lets whoever can tell one refusal from
    /// another decrypt. Here all refusals are one, and take the same steps.
    ///
    /// # Errors
    ///
    /// As [`from_jwk`](Self::from_jwk); [`KeyError::Algorithm`] if the key is bound to another
    /// algorithm.
    pub fn from_jwk_for(
        alg: KeyManagementAlgorithm,
        jwk: &Jwk,
        backend: &'static dyn Backend,
    ) -> Result<Self, KeyError> {
        Ok(Self { given: true, ..Self::load(jwk, Some(alg), backend)? })
    }

    pub(super) fn load(
        jwk: &Jwk,
        alg: Option<KeyManagementAlgorithm>,
        backend: &'static dyn Backend,
    ) -> Result<Self, KeyError> {
        use KeyManagementAlgorithm as K;
        let bound = bind_key_management(jwk, alg, Purpose::Decrypt)?;
        let alg = bound.alg();
        let way = match (alg, bound.params()) {
            (K::Dir, Params::Oct(oct)) => DecryptionWay::Direct(Direct::new(jwk, oct, backend)?),
            (_, Params::Oct(oct)) if alg.password_hash().is_some() => {
                DecryptionWay::Password(oct.k().clone())
            }
            (_, params) if alg.is_agreement() => DecryptionWay::Agree {
                responder: Arc::new(backend.agreement_responder(bound)?),
                public: params.to_public().map(Arc::new),
            },
            (_, params) => match gcm(bound, backend)? {
                Some(cipher) => DecryptionWay::Gcm(cipher),
                None => DecryptionWay::Unwrap {
                    unwrapper: Arc::new(backend.key_unwrapper(bound)?),
                    modulus_len: modulus_len(params),
                },
            },
        };
        Ok(Self { alg, kid: jwk.kid().map(Into::into), given: false, way, backend })
    }

    /// A password, under one of the PBES2 algorithms.
    ///
    /// # Errors
    ///
    /// As [`EncryptionKey::from_password`].
    pub fn from_password(
        alg: KeyManagementAlgorithm,
        password: &Password,
        backend: &'static dyn Backend,
    ) -> Result<Self, KeyError> {
        let way = DecryptionWay::Password(password.check(alg)?);
        Ok(Self { alg, kid: None, given: true, way, backend })
    }

    /// A key that is held elsewhere, can be asked synchronously and unwraps; `backend` does the rest.
    ///
    /// # Errors
    ///
    /// As [`EncryptionKey::external`].
    pub fn external(
        alg: KeyManagementAlgorithm,
        kid: Option<&str>,
        unwrapper: impl KeyUnwrapper + 'static,
        backend: &'static dyn Backend,
    ) -> Result<Self, KeyError> {
        check_wrapping(alg)?;
        let way = DecryptionWay::Unwrap { unwrapper: Arc::new(unwrapper), modulus_len: None };
        Ok(Self { alg, kid: kid.map(Into::into), given: true, way, backend })
    }

    /// A key that is held elsewhere, can be asked synchronously and agrees on keys; `backend` does
    /// the rest.
    ///
    /// # Errors
    ///
    /// [`KeyError::Purpose`] for an algorithm that is not ECDH-ES.
    pub fn external_agreement(
        alg: KeyManagementAlgorithm,
        kid: Option<&str>,
        responder: impl AgreementResponder + 'static,
        backend: &'static dyn Backend,
    ) -> Result<Self, KeyError> {
        if !alg.is_agreement() {
            return Err(KeyError::Purpose { alg: alg.name(), purpose: "agreeing on keys" });
        }
        let way = DecryptionWay::Agree { responder: Arc::new(responder), public: None };
        Ok(Self { alg, kid: kid.map(Into::into), given: true, way, backend })
    }

    /// This key under the name `kid`.
    #[must_use]
    pub fn with_kid(mut self, kid: impl Into<String>) -> Self {
        self.kid = Some(kid.into());
        self
    }

    /// The algorithm.
    #[must_use]
    pub const fn alg(&self) -> KeyManagementAlgorithm {
        self.alg
    }

    /// The content encryption algorithm, for a key that decrypts the content itself.
    #[must_use]
    pub const fn enc(&self) -> Option<ContentEncryption> {
        match &self.way {
            DecryptionWay::Direct(direct) => Some(direct.enc),
            _ => None,
        }
    }

    /// The name of the key.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// What trying it counts: a password takes as long as the sender likes, up to a second.
    pub(super) const fn cost(&self) -> usize {
        match self.way {
            DecryptionWay::Password(_) => 4,
            _ => 1,
        }
    }

    /// The cipher of a key that decrypts the content itself.
    pub(super) fn prepared(&self) -> Option<&dyn ContentCipher> {
        match &self.way {
            DecryptionWay::Direct(direct) => Some(&*direct.cipher),
            _ => None,
        }
    }

    /// Whether it serves tokens that name a key nobody has.
    pub(super) const fn serves_any_kid(&self) -> bool {
        self.given && self.kid.is_none()
    }
}

impl Direct {
    fn new(jwk: &Jwk, oct: &Oct, backend: &'static dyn Backend) -> Result<Self, KeyError> {
        let enc = enc_of(jwk, oct.k().len())?;
        let (expected, actual) = (enc.key_len() * 8, oct.k().len().saturating_mul(8));
        if expected != actual {
            return Err(KeyError::Size { alg: enc.name(), expected, actual });
        }
        let cipher = Arc::new(backend.content_cipher(enc, oct.k())?);
        Ok(Self { enc, key: oct.k().clone(), cipher })
    }
}

/// What a shared key encrypts content with: one key, one algorithm, as everywhere.
fn enc_of(jwk: &Jwk, len: usize) -> Result<ContentEncryption, KeyError> {
    let by_alg = match jwk.alg().and_then(Alg::from_name) {
        Some(Alg::ContentEncryption(enc)) => Some(enc),
        _ => None,
    };
    let by_enc = match jwk.other().find(|(name, _)| *name == "enc") {
        None => None,
        Some((_, json)) => {
            let name = json::unquote(json).unwrap_or_default();
            let enc = ContentEncryption::from_name(&name);
            Some(enc.ok_or_else(|| KeyError::UnknownAlgorithm(excerpt(&name)))?)
        }
    };
    if let (Some(alg), Some(enc)) = (by_alg, by_enc)
        && alg != enc
    {
        return Err(KeyError::Algorithm { expected: alg.name(), actual: enc.name().into() });
    }
    let mut fitting = ContentEncryption::ALL.iter().filter(|enc| enc.key_len() == len);
    match (by_alg.or(by_enc), fitting.next(), fitting.next()) {
        (Some(enc), _, _) | (None, Some(&enc), None) => Ok(enc),
        _ => Err(KeyError::MissingEncryption),
    }
}

/// The cipher of a key that wraps by AES in Galois/Counter Mode.
fn gcm(
    bound: Bound<'_, KeyManagementAlgorithm>,
    backend: &'static dyn Backend,
) -> Result<Option<Arc<dyn ContentCipher>>, KeyError> {
    match (bound.alg().wrapping_cipher(), bound.params()) {
        (Some(enc), Params::Oct(oct)) => Ok(Some(Arc::new(backend.content_cipher(enc, oct.k())?))),
        _ => Ok(None),
    }
}

/// Octets of the modulus, for an RSA key.
fn modulus_len(params: &Params) -> Option<usize> {
    match params {
        Params::Rsa(rsa) => Some(rsa.n().len()),
        _ => None,
    }
}

fn check_wrapping(alg: KeyManagementAlgorithm) -> Result<(), KeyError> {
    let other = alg.is_direct() || alg.wrapping().is_some() || alg.wrapping_cipher().is_some();
    if other {
        let purpose = "wrapping keys with nothing but a key";
        return Err(KeyError::Purpose { alg: alg.name(), purpose });
    }
    Ok(())
}

impl fmt::Debug for EncryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EncryptionKey")
            .field("alg", &self.alg)
            .field("kid", &self.kid)
            .finish_non_exhaustive() // the handle may hold a shared secret
    }
}

impl fmt::Debug for DecryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DecryptionKey")
            .field("alg", &self.alg)
            .field("kid", &self.kid)
            .finish_non_exhaustive() // the handle holds the secret
    }
}
