//! What seals sessions and what opens them: the two halves, of one kind.

use std::error::Error as StdError;
use std::fmt;
use std::num::NonZeroUsize;
use std::sync::{Arc, PoisonError, RwLock};

use jose_core::crypto::Backend;
use jose_core::error::KeyError;
use jose_core::jwa::{ContentEncryption, KeyManagementAlgorithm};
use jose_core::jwe::{self, DecryptionKey, DecryptionKeys, EncryptionKey, Password};
use jose_core::jws::{self, KeyRing, SigningKey, VerifyingKey, VerifyingKeys};
use jose_core::{Alg, Header, Jwk};
use tokio::sync::Semaphore;

use crate::hooks::Pending;

/// What seals sessions and opens them. Cheap to clone.
///
/// This is all that is believed: a token of another kind, algorithm or content encryption is none. Both halves are
/// there from the beginning, so that a session that can be read can be changed.
///
/// A key of 256 random bits is the better choice in every respect: a password has to be worked on for some tenths of
/// a second at each request.
#[derive(Clone)]
pub struct Keys {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) enum Inner {
    Encrypted {
        key: EncryptionKey,
        enc: ContentEncryption,
        open: Opening<DecryptionKeys, dyn jwe::KeyResolver + Send + Sync>,
    },
    Password(PasswordKeys),
    Ring(Arc<RwLock<KeyRing>>),
    Signed {
        key: SigningKey,
        open: Opening<VerifyingKeys, dyn jws::KeyResolver + Send + Sync>,
    },
}

pub(crate) enum Opening<K: 'static, R: ?Sized> {
    Lookup(Box<dyn AnyLookup<K>>),
    Resolver(Box<R>),
}

pub(crate) struct PasswordKeys {
    pub(crate) seal: EncryptionKey,
    pub(crate) open: DecryptionKey,
    pub(crate) options: PasswordOptions,
    /// Those that are being worked on.
    pub(crate) working: Arc<Semaphore>,
    /// Those, and the ones that wait.
    pub(crate) queue: Arc<Semaphore>,
}

/// Keys that have to be fetched once a token is there: from a database, or from an issuer.
///
/// ```
/// use std::error::Error;
///
/// use jose_core::Header;
/// use jose_core::jws::VerifyingKeys;
/// use jose_session::KeyLookup;
///
/// struct Tenants;
///
/// impl KeyLookup<VerifyingKeys> for Tenants {
///     async fn lookup(
///         &self,
///         header: &Header,
///         _token: &str,
///     ) -> Result<VerifyingKeys, Box<dyn Error + Send + Sync>> {
///         // Nobody has verified the header: it says where to look, and nothing else.
///         match header.kid() {
///             Some(_kid) => Ok(VerifyingKeys::default()),
///             None => Ok(VerifyingKeys::default()),
///         }
///     }
/// }
/// ```
pub trait KeyLookup<K>: Send + Sync {
    /// The keys that may have sealed `token`, whose header nobody has verified yet. No keys at all is an answer too.
    ///
    /// # Errors
    ///
    /// If they could not be had just now; never for what is wrong with the token.
    fn lookup(
        &self,
        header: &Header,
        token: &str,
    ) -> impl Future<Output = Result<K, Box<dyn StdError + Send + Sync>>> + Send;
}

/// How a password serves: which algorithms, how many rounds, and how many at once.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct PasswordOptions {
    /// The algorithm. Default `PBES2-HS256+A128KW`.
    pub alg: KeyManagementAlgorithm,
    /// How the content is encrypted. Default `A128GCM`.
    pub enc: ContentEncryption,
    /// The rounds: no other number is accepted, so a token cannot ask for work. Default 600 000.
    pub p2c: u32,
    /// How many passwords are worked on at once, each by a thread of its own. Default 2.
    pub concurrency: NonZeroUsize,
    /// How many more may wait for that; beyond it a session is refused with [`Error::Busy`](crate::Error::Busy). Default
    /// 64.
    pub waiting: usize,
}

impl Default for PasswordOptions {
    fn default() -> Self {
        Self {
            alg: Alg::PBES2_HS256_A128KW,
            enc: Alg::A128GCM,
            p2c: 600_000,
            concurrency: NonZeroUsize::MIN.saturating_add(1),
            waiting: 64,
        }
    }
}

impl Keys {
    /// Signs with `key`, and accepts what one of the keys that `resolver` has signed: a
    /// [`VerifyingKey`], [`VerifyingKeys`], or what finds them.
    ///
    /// What is signed is readable to whoever has it.
    #[must_use]
    pub fn signed(
        key: SigningKey,
        resolver: impl jws::KeyResolver + Send + Sync + 'static,
    ) -> Self {
        Inner::Signed { key, open: Opening::Resolver(Box::new(resolver)) }.into()
    }

    /// As [`signed`](Self::signed), with keys that are fetched.
    #[must_use]
    pub fn signed_by_lookup(
        key: SigningKey,
        lookup: impl KeyLookup<VerifyingKeys> + 'static,
    ) -> Self {
        Inner::Signed { key, open: Opening::Lookup(Box::new(lookup)) }.into()
    }

    /// Signs with the active key of a ring, and accepts what its keys have signed that verify at the time. The ring
    /// stays the caller's to change; it is locked for as long as keys are taken out.
    #[must_use]
    pub fn ring(ring: Arc<RwLock<KeyRing>>) -> Self {
        Inner::Ring(ring).into()
    }

    /// Encrypts to `key`, the content by `enc`, and accepts what one of the keys that `resolver` has decrypts, of that
    /// `enc`.
    ///
    /// To a public key anyone can encrypt, a session that never was too. Use one only where it is kept as secret as the
    /// private one.
    ///
    /// # Errors
    ///
    /// [`KeyError::Purpose`] for a password, which [`from_password`](Self::from_password) takes;
    /// [`KeyError::Algorithm`] for a key that encrypts the content itself, by another `enc`.
    pub fn encrypted(
        key: EncryptionKey,
        enc: ContentEncryption,
        resolver: impl jwe::KeyResolver + Send + Sync + 'static,
    ) -> Result<Self, KeyError> {
        check_encryption(&key, enc)?;
        Ok(Inner::Encrypted { key, enc, open: Opening::Resolver(Box::new(resolver)) }.into())
    }

    /// As [`encrypted`](Self::encrypted), with keys that are fetched.
    ///
    /// # Errors
    ///
    /// As [`encrypted`](Self::encrypted).
    pub fn encrypted_by_lookup(
        key: EncryptionKey,
        enc: ContentEncryption,
        lookup: impl KeyLookup<DecryptionKeys> + 'static,
    ) -> Result<Self, KeyError> {
        check_encryption(&key, enc)?;
        Ok(Inner::Encrypted { key, enc, open: Opening::Lookup(Box::new(lookup)) }.into())
    }

    /// The halves of a shared or private key, which signs or encrypts by the algorithm that it names. What it encrypts
    /// is encrypted by its member `enc` if it has one, and by `A256GCM` otherwise.
    ///
    /// # Errors
    ///
    /// [`KeyError`] if it names no algorithm, is public, is a password, or may not do both.
    pub fn from_jwk(jwk: &Jwk, backend: &'static dyn Backend) -> Result<Self, KeyError> {
        Self::of_jwk(jwk, None, backend)
    }

    /// As [`from_jwk`](Self::from_jwk), for a key that encrypts, the content by `enc`.
    ///
    /// # Errors
    ///
    /// As [`from_jwk`](Self::from_jwk), and for a key that signs.
    pub fn from_jwk_with_enc(
        jwk: &Jwk,
        enc: ContentEncryption,
        backend: &'static dyn Backend,
    ) -> Result<Self, KeyError> {
        Self::of_jwk(jwk, Some(enc), backend)
    }

    fn of_jwk(
        jwk: &Jwk,
        enc: Option<ContentEncryption>,
        backend: &'static dyn Backend,
    ) -> Result<Self, KeyError> {
        let public = || jwk.to_public().or_else(|_| Ok::<_, KeyError>(jwk.clone()));
        let signs = matches!(jwk.alg().and_then(Alg::from_name), Some(Alg::SignatureAlgorithm(_)));
        if signs && enc.is_none() {
            let key = SigningKey::from_jwk(jwk, backend)?;
            return Ok(Self::signed(key, VerifyingKey::from_jwk(&public()?, backend)?));
        }
        let open = DecryptionKey::from_jwk(jwk, backend)?;
        let seal = EncryptionKey::from_jwk(&public()?, backend)?;
        let enc = enc.or_else(|| seal.enc()).or_else(|| named_enc(jwk)).unwrap_or(Alg::A256GCM);
        Self::encrypted(seal, enc, open)
    }

    /// A password, as [`PasswordOptions`] have it by default. It needs a tokio runtime around its callers.
    ///
    /// # Errors
    ///
    /// [`KeyError::TooShort`] for an empty one.
    pub fn from_password(
        password: &Password,
        backend: &'static dyn Backend,
    ) -> Result<Self, KeyError> {
        Self::from_password_with(password, PasswordOptions::default(), backend)
    }

    /// A password, with these options.
    ///
    /// # Errors
    ///
    /// [`KeyError`] for an empty one, an algorithm that takes none, or a number of rounds outside the bounds.
    pub fn from_password_with(
        password: &Password,
        options: PasswordOptions,
        backend: &'static dyn Backend,
    ) -> Result<Self, KeyError> {
        let seal = EncryptionKey::from_password(options.alg, password, backend)?;
        let seal = seal.with_p2c(options.p2c)?;
        let open = DecryptionKey::from_password(options.alg, password, backend)?;
        let all = options.concurrency.get().saturating_add(options.waiting);
        Ok(Inner::Password(PasswordKeys {
            seal,
            open,
            options,
            working: semaphore(options.concurrency.get()),
            queue: semaphore(all),
        })
        .into())
    }

    /// Whether sessions are encrypted, and not only signed.
    #[must_use]
    pub fn encrypts(&self) -> bool {
        matches!(*self.inner, Inner::Encrypted { .. } | Inner::Password(_))
    }
}

impl From<Inner> for Keys {
    fn from(inner: Inner) -> Self {
        Self { inner: Arc::new(inner) }
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut keys = f.debug_struct("Keys");
        match &*self.inner {
            Inner::Encrypted { key, enc, .. } => keys.field("key", key).field("enc", enc),
            Inner::Password(password) => keys.field("password", &password.options),
            Inner::Ring(ring) => {
                let ring = ring.read().unwrap_or_else(PoisonError::into_inner);
                keys.field("ring", ring.signing_key())
            }
            Inner::Signed { key, .. } => keys.field("key", key),
        };
        keys.finish_non_exhaustive() // what opens may hold secrets
    }
}

fn check_encryption(key: &EncryptionKey, enc: ContentEncryption) -> Result<(), KeyError> {
    if Password::default_p2c(key.alg()).is_ok() {
        let purpose = "sessions but as a password, by `from_password`";
        return Err(KeyError::Purpose { alg: key.alg().name(), purpose });
    }
    match key.enc() {
        Some(own) if own != enc => {
            Err(KeyError::Algorithm { expected: enc.name(), actual: own.name().into() })
        }
        _ => Ok(()),
    }
}

fn semaphore(permits: usize) -> Arc<Semaphore> {
    Arc::new(Semaphore::new(permits.min(Semaphore::MAX_PERMITS)))
}

/// What a key names in the member that some libraries give it.
fn named_enc(jwk: &Jwk) -> Option<ContentEncryption> {
    let (_, json) = jwk.other().find(|(name, _)| *name == "enc")?;
    ContentEncryption::from_name(&serde_json::from_str::<String>(json).ok()?)
}

/// A [`KeyLookup`] of whatever type.
pub(crate) trait AnyLookup<K: 'static>: Send + Sync {
    fn lookup<'a>(
        &'a self,
        header: &'a Header,
        token: &'a str,
    ) -> Pending<'a, Result<K, Box<dyn StdError + Send + Sync>>>;
}

impl<K: 'static, L: KeyLookup<K>> AnyLookup<K> for L {
    fn lookup<'a>(
        &'a self,
        header: &'a Header,
        token: &'a str,
    ) -> Pending<'a, Result<K, Box<dyn StdError + Send + Sync>>> {
        Box::pin(KeyLookup::lookup(self, header, token))
    }
}
