//! The keys a verifier trusts, and how a token's header selects among them.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::{Unverified, VerifyingKey};
use crate::crypto::Backend;
use crate::error::{CryptoError, KeyError, NoMatchReason, NoMatchingKey, VerifyError};
use crate::jwa::{SignatureAlgorithm, bindable};
use crate::jwk::{Jwk, JwkSet, Params};
use crate::key_set::{Handle, KeySet, SkippedKey};

/// The keys a verifier trusts, each bound to one algorithm. Cheap to clone.
///
/// This is the allow-list: a token's header selects among these pairs of key and algorithm and can
/// never add one.
///
/// | the token has | the keys that are tried |
/// |---|---|
/// | a `kid` | the one of that name for the token's `alg`. Two of them are ambiguous: none is tried |
/// | a `kid` that no key has | those given without a name one by one, but none out of a JWK Set, where every key that matters has a name |
/// | no `kid` | every key for the token's `alg`, in order, as many as [`Limits::tries`](crate::Limits::tries) |
#[derive(Clone, Debug, Default)]
pub struct VerifyingKeys {
    set: Arc<KeySet<VerifyingKey>>,
}

impl Handle for VerifyingKey {
    type Alg = SignatureAlgorithm;

    fn alg(&self) -> SignatureAlgorithm {
        self.alg()
    }

    fn kid(&self) -> Option<&str> {
        self.kid()
    }

    fn serves_any_kid(&self) -> bool {
        self.serves_any_kid()
    }

    fn from_name(name: &str) -> Option<SignatureAlgorithm> {
        SignatureAlgorithm::from_name(name)
    }

    fn covers(name: SignatureAlgorithm, exact: SignatureAlgorithm) -> bool {
        name.covers(exact)
    }

    fn bindable(jwk: &Jwk, alg: SignatureAlgorithm) -> Option<SignatureAlgorithm> {
        bindable(jwk.params(), alg)
    }

    fn no_match(reason: NoMatchReason, alg: &str, kid: Option<&str>) -> NoMatchingKey {
        NoMatchingKey::new(reason, alg, kid)
    }
}

impl VerifyingKeys {
    /// Every key of `set` that can serve one of the algorithms in `allow`.
    ///
    /// A key that names its algorithm is bound to that one, if allowed. A key that names none, as
    /// some large issuers publish, becomes one handle for each allowed algorithm that fits its
    /// type. A key that is malformed, for another purpose or not supported is left out, and never
    /// spoils the others; [`skipped`](Self::skipped) tells why.
    #[must_use]
    pub fn from_jwks(set: &JwkSet, allow: &[SignatureAlgorithm], backend: &dyn Backend) -> Self {
        let mut keys = KeySet::of(set, allow);
        for jwk in set.keys() {
            let load = |jwk: &Jwk, alg| VerifyingKey::from_set(jwk, Some(alg), backend);
            keys.add(jwk, allow.iter().copied(), load);
        }
        Self { set: Arc::new(keys) }
    }

    /// Every key of `set` for the algorithm it names itself, or the only one its curve has.
    ///
    /// RSA and symmetric keys that name none are left out: nothing but the caller can tell what
    /// they are for. Prefer [`from_jwks`](Self::from_jwks): an issuer that starts to publish a new
    /// kind of key changes what this accepts.
    ///
    /// # Errors
    ///
    /// [`KeyError::MixedSet`] if the set holds symmetric keys and public ones, usable here or not.
    /// Whoever mixes them has to say which algorithms are meant, or a public key may end up as a
    /// shared secret.
    pub fn from_jwks_by_own_alg(set: &JwkSet, backend: &dyn Backend) -> Result<Self, KeyError> {
        let oct = |jwk: &Jwk| matches!(jwk.params(), Params::Oct(_));
        let public = |jwk: &Jwk| !matches!(jwk.params(), Params::Oct(_) | Params::Unknown(_));
        if set.keys().iter().any(oct) && set.keys().iter().any(public) {
            return Err(KeyError::MixedSet);
        }
        let mut keys = KeySet::of(set, &[]);
        for jwk in set.keys() {
            let own = jwk.alg().and_then(SignatureAlgorithm::from_name);
            let alg = if jwk.alg().is_some() { own } else { jwk.inferred_alg() };
            let load = |jwk: &Jwk, alg| VerifyingKey::from_set(jwk, Some(alg), backend);
            keys.add(jwk, alg.into_iter(), load);
        }
        Ok(Self { set: Arc::new(keys) })
    }

    /// The keys, in order.
    pub fn iter(&self) -> impl Iterator<Item = &VerifyingKey> {
        self.set.keys.iter()
    }

    /// The keys of a JWK Set that were left out.
    #[must_use]
    pub fn skipped(&self) -> &[SkippedKey] {
        &self.set.skipped
    }

    /// Whether one of the keys may have signed `token`, by its `alg` and `kid`. With keys that are
    /// fetched, the answer tells whether to fetch again before verifying.
    ///
    /// # Errors
    ///
    /// [`NoMatchingKey`] with the reason.
    pub fn matches(&self, token: &Unverified<'_>) -> Result<(), NoMatchingKey> {
        self.set.select(token.alg(), token.kid(), 1).map(drop)
    }

    /// The keys that may have signed `token`, at most `tries` of them.
    pub(super) fn select(
        &self,
        token: &Unverified<'_>,
        tries: usize,
    ) -> Result<Vec<&VerifyingKey>, VerifyError> {
        let selected = self.set.select(token.alg(), token.kid(), tries);
        selected.map_err(VerifyError::NoMatchingKey)
    }
}

impl From<VerifyingKey> for VerifyingKeys {
    fn from(key: VerifyingKey) -> Self {
        core::iter::once(key).collect()
    }
}

impl FromIterator<VerifyingKey> for VerifyingKeys {
    fn from_iter<I: IntoIterator<Item = VerifyingKey>>(keys: I) -> Self {
        Self { set: Arc::new(keys.into_iter().collect()) }
    }
}

/// Keys that are only found once a token is there: by issuer, by tenant, in a database.
///
/// A [`VerifyingKey`] and [`VerifyingKeys`] are the simplest resolvers: they always answer
/// themselves. A resolver answers from what it holds; one that has to fetch first does so before,
/// from [`Unverified::kid`] and its headers, and verifies with what came back.
pub trait KeyResolver {
    /// The keys that may have signed `token`, which nobody has verified yet. No keys at all is an
    /// answer too, and the right one for a token that names no issuer one knows.
    ///
    /// Of a [`Jws`](super::Jws) it is asked once for each signature, and what the policy
    /// [requires](super::Required) counts over all answers: where tenants name their keys
    /// themselves, one may give its key the name of another's.
    ///
    /// # Errors
    ///
    /// [`CryptoError`] if the keys could not be had just now; never for what is wrong with `token`.
    fn resolve(&self, token: &Unverified<'_>) -> Result<VerifyingKeys, CryptoError>;
}

impl KeyResolver for VerifyingKeys {
    fn resolve(&self, _token: &Unverified<'_>) -> Result<VerifyingKeys, CryptoError> {
        Ok(self.clone())
    }
}

impl KeyResolver for VerifyingKey {
    fn resolve(&self, _token: &Unverified<'_>) -> Result<VerifyingKeys, CryptoError> {
        Ok(self.clone().into())
    }
}

impl<R: KeyResolver + ?Sized> KeyResolver for &R {
    fn resolve(&self, token: &Unverified<'_>) -> Result<VerifyingKeys, CryptoError> {
        (**self).resolve(token)
    }
}

impl<R: KeyResolver + ?Sized> KeyResolver for Arc<R> {
    fn resolve(&self, token: &Unverified<'_>) -> Result<VerifyingKeys, CryptoError> {
        (**self).resolve(token)
    }
}

impl<R: KeyResolver + ?Sized> KeyResolver for Box<R> {
    fn resolve(&self, token: &Unverified<'_>) -> Result<VerifyingKeys, CryptoError> {
        (**self).resolve(token)
    }
}
