//! The keys a verifier trusts, and how a token's header selects among them.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use super::{Unverified, VerifyingKey};
use crate::crypto::Backend;
use crate::error::{CryptoError, KeyError, NoMatchReason, NoMatchingKey, ParseError, VerifyError};
use crate::jwa::{SignatureAlgorithm, bindable};
use crate::jwk::{Jwk, JwkSet, Params};

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
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    keys: Vec<VerifyingKey>,
    /// What a set was made for, so that an algorithm without a key is told from one not allowed.
    allowed: Vec<SignatureAlgorithm>,
    skipped: Vec<SkippedKey>,
}

/// A key of a JWK Set that serves no allowed algorithm here.
#[derive(Clone, Debug)]
pub struct SkippedKey {
    kid: Option<String>,
    reason: SkipReason,
}

/// Why a key of a JWK Set was left out.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum SkipReason {
    /// The key may not serve its algorithm, or the backend cannot use it.
    Key(KeyError),
    /// It could not be read at all.
    Malformed(ParseError),
    /// It serves none of the allowed algorithms.
    NotAllowed,
}

impl SkippedKey {
    /// Its `kid`, where that much could be read.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// Why it was left out.
    #[must_use]
    pub const fn reason(&self) -> &SkipReason {
        &self.reason
    }
}

impl SkipReason {
    /// A code that stays the same between versions.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Key(error) => error.code(),
            Self::Malformed(error) => error.code(),
            Self::NotAllowed => "ERR_JWS_ALG_NOT_ALLOWED",
        }
    }
}

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(error) => error.fmt(f),
            Self::Malformed(error) => error.fmt(f),
            Self::NotAllowed => f.write_str("serves none of the allowed algorithms"),
        }
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
        let mut inner = Inner::new(set);
        inner.allowed = allow.into();
        for jwk in set.keys() {
            inner.add(jwk, allow.iter().copied(), backend);
        }
        Self { inner: Arc::new(inner) }
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
        let mut inner = Inner::new(set);
        for jwk in set.keys() {
            let own = jwk.alg().and_then(SignatureAlgorithm::from_name);
            let alg = if jwk.alg().is_some() { own } else { jwk.inferred_alg() };
            inner.add(jwk, alg.into_iter(), backend);
        }
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The keys, in order.
    pub fn iter(&self) -> impl Iterator<Item = &VerifyingKey> {
        self.inner.keys.iter()
    }

    /// The keys of a JWK Set that were left out.
    #[must_use]
    pub fn skipped(&self) -> &[SkippedKey] {
        &self.inner.skipped
    }

    /// Whether one of the keys may have signed `token`, by its `alg` and `kid`. With keys that are
    /// fetched, the answer tells whether to fetch again before verifying.
    ///
    /// # Errors
    ///
    /// [`NoMatchingKey`] with the reason.
    pub fn matches(&self, token: &Unverified<'_>) -> Result<(), NoMatchingKey> {
        self.candidates(token, 1).map(drop)
    }

    /// The keys that may have signed `token`, at most `tries` of them.
    pub(super) fn select(
        &self,
        token: &Unverified<'_>,
        tries: usize,
    ) -> Result<Vec<&VerifyingKey>, VerifyError> {
        self.candidates(token, tries).map_err(VerifyError::NoMatchingKey)
    }

    fn candidates(
        &self,
        token: &Unverified<'_>,
        tries: usize,
    ) -> Result<Vec<&VerifyingKey>, NoMatchingKey> {
        let (name, kid) = (token.alg(), token.kid());
        let alg = SignatureAlgorithm::from_name(name);
        let serving = || self.iter().filter(|key| alg.is_some_and(|alg| key.serves(alg)));
        let mut selected: Vec<_> = match kid {
            None => serving().collect(),
            Some(_) => serving().filter(|key| key.kid() == kid).collect(),
        };
        let kids = self.iter().map(VerifyingKey::kid);
        let mut kids = kids.chain(self.skipped().iter().map(SkippedKey::kid));
        if kid.is_some() && !kids.any(|own| own == kid) {
            selected.extend(serving().filter(|key| key.serves_any_kid()));
        } else if kid.is_some() {
            for (index, key) in selected.iter().enumerate() {
                // The name EdDSA fits keys on both curves, and those are different algorithms.
                if selected.iter().skip(index + 1).any(|other| other.alg() == key.alg()) {
                    return Err(NoMatchingKey::new(NoMatchReason::AmbiguousKid, name, kid));
                }
            }
        }
        if selected.is_empty() {
            return Err(NoMatchingKey::new(self.inner.diagnose(alg, kid), name, kid));
        }
        selected.truncate(tries);
        Ok(selected)
    }
}

impl Inner {
    fn new(set: &JwkSet) -> Self {
        let skipped = set.skipped().iter().map(|jwk| SkippedKey {
            kid: jwk.kid().map(Into::into),
            reason: SkipReason::Malformed(jwk.error()),
        });
        Self { skipped: skipped.collect(), ..Self::default() }
    }

    /// Adds `jwk` for each of `algs` that it may serve; if there is none, notes why.
    fn add(
        &mut self,
        jwk: &Jwk,
        algs: impl Iterator<Item = SignatureAlgorithm>,
        backend: &dyn Backend,
    ) {
        let (before, mut reason) = (self.keys.len(), SkipReason::NotAllowed);
        for alg in algs.filter_map(|alg| bindable(jwk.params(), alg)) {
            // `Ed25519` and `EdDSA` in one list name one algorithm, and a list may repeat one.
            if self.keys.iter().skip(before).any(|key| key.alg() == alg) {
                continue;
            }
            match VerifyingKey::from_set(jwk, Some(alg), backend) {
                Ok(key) => self.keys.push(key),
                // It names another algorithm, which is not wrong but not wanted.
                Err(KeyError::Algorithm { .. }) => {}
                Err(error) => reason = SkipReason::Key(error),
            }
        }
        if self.keys.len() == before {
            self.skipped.push(SkippedKey { kid: jwk.kid().map(Into::into), reason });
        }
    }

    /// Why nothing fits, as exactly as the public header and our own keys can tell.
    fn diagnose(&self, alg: Option<SignatureAlgorithm>, kid: Option<&str>) -> NoMatchReason {
        if self.keys.is_empty() && self.skipped.is_empty() {
            return NoMatchReason::EmptySet;
        }
        let Some(alg) = alg else { return NoMatchReason::AlgorithmNotAllowed };
        let same_kid = |own: Option<&str>| kid.is_none() || own == kid;
        let skipped = self.skipped.iter().filter(|key| same_kid(key.kid())).map(|key| &key.reason);
        // Without a `kid` any key could be meant, so a bad one explains nothing while good ones are
        // there.
        let explains = kid.is_some() || self.keys.is_empty();
        for reason in skipped.clone().filter(|_| explains) {
            match reason {
                SkipReason::Key(KeyError::Use { .. } | KeyError::KeyOps { .. }) => {
                    return NoMatchReason::WrongUse;
                }
                SkipReason::Key(_) | SkipReason::Malformed(_) => return NoMatchReason::UnusableKey,
                SkipReason::NotAllowed => {}
            }
        }
        let known = skipped.count() > 0 || self.keys.iter().any(|key| same_kid(key.kid()));
        let named = |own: &SignatureAlgorithm| own.covers(alg) || alg.covers(*own);
        let allowed = self.allowed.iter().any(named) || self.keys.iter().any(|key| key.serves(alg));
        match (allowed, known && kid.is_some()) {
            (false, _) => NoMatchReason::AlgorithmNotAllowed,
            (true, true) => NoMatchReason::WrongAlgorithm,
            (true, false) => NoMatchReason::UnknownKid,
        }
    }
}

impl From<VerifyingKey> for VerifyingKeys {
    fn from(key: VerifyingKey) -> Self {
        core::iter::once(key).collect()
    }
}

impl FromIterator<VerifyingKey> for VerifyingKeys {
    fn from_iter<I: IntoIterator<Item = VerifyingKey>>(keys: I) -> Self {
        let keys = keys.into_iter().collect();
        let inner = Inner { keys, ..Inner::default() };
        Self { inner: Arc::new(inner) }
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
