//! The keys a recipient has, and how a token's header selects among them.

use alloc::boxed::Box;
use alloc::sync::Arc;

use super::{DecryptionKey, Encrypted};
use crate::crypto::{Backend, CryptoError};
use crate::error::{DecryptError, KeyError, NoMatchReason, NoMatchingKey};
use crate::jwa::{Bound, KeyManagementAlgorithm, is_encryption_key};
use crate::jwk::{Jwk, JwkSet, Params};
use crate::key_set::{Handle, KeySet, SkippedKey};

/// The keys a recipient has, each bound to one algorithm. Cheap to clone.
///
/// This is the allow-list, and a header selects from it as from
/// [`VerifyingKeys`](crate::jws::VerifyingKeys).
#[derive(Clone, Debug, Default)]
pub struct DecryptionKeys {
    set: Arc<KeySet<DecryptionKey>>,
}

impl Handle for DecryptionKey {
    type Alg = KeyManagementAlgorithm;

    fn alg(&self) -> KeyManagementAlgorithm {
        self.alg()
    }

    fn kid(&self) -> Option<&str> {
        self.kid()
    }

    fn serves_any_kid(&self) -> bool {
        self.serves_any_kid()
    }

    fn from_name(name: &str) -> Option<KeyManagementAlgorithm> {
        KeyManagementAlgorithm::from_name(name)
    }

    fn covers(name: KeyManagementAlgorithm, exact: KeyManagementAlgorithm) -> bool {
        name == exact
    }

    fn bindable(jwk: &Jwk, alg: KeyManagementAlgorithm) -> Option<KeyManagementAlgorithm> {
        is_encryption_key(jwk, alg).then_some(alg)
    }

    fn no_match(reason: NoMatchReason, alg: &str, kid: Option<&str>) -> NoMatchingKey {
        NoMatchingKey::encrypted(reason, alg, kid)
    }
}

impl DecryptionKeys {
    /// Every key of `set` that can serve one of the algorithms in `allow`, `RSA1_5` if it is among
    /// them.
    ///
    /// A key that names its algorithm is bound to that one, if allowed. A key that names none becomes
    /// one handle for each allowed algorithm that fits its type; a shared one only if that is a single
    /// algorithm, and never a password. A key that is malformed, public, for
    /// another purpose or not supported is left out, and never spoils the others;
    /// [`skipped`](Self::skipped) tells why.
    #[must_use]
    pub fn from_jwks(
        set: &JwkSet,
        allow: &[KeyManagementAlgorithm],
        backend: &'static dyn Backend,
    ) -> Self {
        let mut keys = KeySet::of(set, allow);
        for jwk in set.keys() {
            let fits = |alg: &&KeyManagementAlgorithm| {
                is_encryption_key(jwk, **alg) && Bound::derived(**alg, jwk.params()).is_ok()
            };
            let fitting = allow.iter().filter(fits).count();
            let shared = matches!(jwk.params(), Params::Oct(_)) && jwk.alg().is_none();
            let load = |jwk: &Jwk, alg| -> Result<DecryptionKey, KeyError> {
                // What one algorithm makes of a shared key must not be of use under another.
                if shared && fitting > 1 {
                    return Err(KeyError::MissingAlgorithm);
                }
                DecryptionKey::load(jwk, Some(alg), backend)
            };
            keys.add(jwk, allow.iter().copied(), load);
        }
        Self { set: Arc::new(keys) }
    }

    /// The keys, in order.
    pub fn iter(&self) -> impl Iterator<Item = &DecryptionKey> {
        self.set.keys.iter()
    }

    /// The keys of a JWK Set that were left out.
    #[must_use]
    pub fn skipped(&self) -> &[SkippedKey] {
        &self.set.skipped
    }

    /// Whether one of the keys may decrypt for this recipient, by its headers.
    ///
    /// # Errors
    ///
    /// [`NoMatchingKey`] with the reason, as decrypting would have it.
    pub fn matches(&self, token: &Encrypted<'_>) -> Result<(), NoMatchingKey> {
        self.set.select(token.alg(), token.kid(), 1).map(drop)
    }

    pub(super) fn select(
        &self,
        token: &Encrypted<'_>,
        tries: usize,
    ) -> Result<alloc::vec::Vec<&DecryptionKey>, DecryptError> {
        let selected = self.set.select(token.alg(), token.kid(), tries);
        selected.map_err(DecryptError::NoMatchingKey)
    }
}

impl From<DecryptionKey> for DecryptionKeys {
    fn from(key: DecryptionKey) -> Self {
        core::iter::once(key).collect()
    }
}

impl FromIterator<DecryptionKey> for DecryptionKeys {
    fn from_iter<I: IntoIterator<Item = DecryptionKey>>(keys: I) -> Self {
        Self { set: Arc::new(keys.into_iter().collect()) }
    }
}

/// Keys that are only found once a token is there; see
/// [`jws::KeyResolver`](crate::jws::KeyResolver).
pub trait KeyResolver {
    /// The keys that may decrypt for this recipient. No keys at all is an answer too. Of a
    /// [`Jwe`](super::Jwe) it is asked once for each recipient, until one decrypts.
    ///
    /// # Errors
    ///
    /// [`CryptoError`] if the keys could not be had just now; never for what is wrong with `token`.
    fn resolve(&self, token: &Encrypted<'_>) -> Result<DecryptionKeys, CryptoError>;
}

impl KeyResolver for DecryptionKeys {
    fn resolve(&self, _token: &Encrypted<'_>) -> Result<DecryptionKeys, CryptoError> {
        Ok(self.clone())
    }
}

impl KeyResolver for DecryptionKey {
    fn resolve(&self, _token: &Encrypted<'_>) -> Result<DecryptionKeys, CryptoError> {
        Ok(self.clone().into())
    }
}

impl<R: KeyResolver + ?Sized> KeyResolver for &R {
    fn resolve(&self, token: &Encrypted<'_>) -> Result<DecryptionKeys, CryptoError> {
        (**self).resolve(token)
    }
}

impl<R: KeyResolver + ?Sized> KeyResolver for Arc<R> {
    fn resolve(&self, token: &Encrypted<'_>) -> Result<DecryptionKeys, CryptoError> {
        (**self).resolve(token)
    }
}

impl<R: KeyResolver + ?Sized> KeyResolver for Box<R> {
    fn resolve(&self, token: &Encrypted<'_>) -> Result<DecryptionKeys, CryptoError> {
        (**self).resolve(token)
    }
}
