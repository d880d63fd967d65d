//! Keys that are trusted, each bound to one algorithm, and how a header selects among them. What
//! verifies and what decrypts select alike.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::error::{KeyError, NoMatchReason, NoMatchingKey, ParseError};
use crate::jwk::{Jwk, JwkSet};

/// A key that was prepared for one algorithm.
pub(crate) trait Handle {
    /// The algorithms of its kind.
    type Alg: Copy + Eq + 'static;

    /// Its own, fully specified.
    fn alg(&self) -> Self::Alg;
    fn kid(&self) -> Option<&str>;
    /// Whether it serves tokens that name a key nobody has.
    fn serves_any_kid(&self) -> bool;

    /// The algorithm that a header names.
    fn from_name(name: &str) -> Option<Self::Alg>;
    /// Whether the name of one algorithm fits another besides itself.
    fn covers(name: Self::Alg, exact: Self::Alg) -> bool;
    /// The exact algorithm that a key would serve under the name `alg`, if its type allows any.
    fn bindable(jwk: &Jwk, alg: Self::Alg) -> Option<Self::Alg>;
    /// Why there is no key for tokens of this kind.
    fn no_match(reason: NoMatchReason, alg: &str, kid: Option<&str>) -> NoMatchingKey;
}

/// A list of such keys.
#[derive(Debug)]
pub(crate) struct KeySet<K: Handle> {
    pub(crate) keys: Vec<K>,
    /// What a set was made for, so that an algorithm without a key is told from one not allowed.
    allowed: Vec<K::Alg>,
    pub(crate) skipped: Vec<SkippedKey>,
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

impl<K: Handle> KeySet<K> {
    /// No key yet of those in `set`, for the algorithms in `allowed`.
    pub(crate) fn of(set: &JwkSet, allowed: &[K::Alg]) -> Self {
        let skipped = set.skipped().iter().map(|jwk| SkippedKey {
            kid: jwk.kid().map(Into::into),
            reason: SkipReason::Malformed(jwk.error()),
        });
        Self { keys: Vec::new(), allowed: allowed.into(), skipped: skipped.collect() }
    }

    /// Adds `jwk` for each of `algs` that it may serve; if there is none, notes why.
    pub(crate) fn add(
        &mut self,
        jwk: &Jwk,
        algs: impl Iterator<Item = K::Alg>,
        load: impl Fn(&Jwk, K::Alg) -> Result<K, KeyError>,
    ) {
        let (before, mut reason) = (self.keys.len(), SkipReason::NotAllowed);
        for alg in algs.filter_map(|alg| K::bindable(jwk, alg)) {
            // `Ed25519` and `EdDSA` in one list name one algorithm, and a list may repeat one.
            if self.keys.iter().skip(before).any(|key| key.alg() == alg) {
                continue;
            }
            match load(jwk, alg) {
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

    /// The keys that a token with this `alg` and `kid` may be for, at most `tries` of them.
    pub(crate) fn select(
        &self,
        name: &str,
        kid: Option<&str>,
        tries: usize,
    ) -> Result<Vec<&K>, NoMatchingKey> {
        let alg = K::from_name(name);
        let serves = |key: &&K| alg.is_some_and(|alg| K::covers(alg, key.alg()));
        let serving = || self.keys.iter().filter(serves);
        let mut selected: Vec<_> = match kid {
            None => serving().collect(),
            Some(_) => serving().filter(|key| key.kid() == kid).collect(),
        };
        let kids = self.keys.iter().map(K::kid);
        let mut kids = kids.chain(self.skipped.iter().map(SkippedKey::kid));
        if kid.is_some() && !kids.any(|own| own == kid) {
            selected.extend(serving().filter(|key| key.serves_any_kid()));
        } else if kid.is_some() {
            for (index, key) in selected.iter().enumerate() {
                // The name EdDSA fits keys on both curves, and those are different algorithms.
                if selected.iter().skip(index + 1).any(|other| other.alg() == key.alg()) {
                    return Err(K::no_match(NoMatchReason::AmbiguousKid, name, kid));
                }
            }
        }
        if selected.is_empty() {
            return Err(K::no_match(self.diagnose(alg, kid), name, kid));
        }
        selected.truncate(tries);
        Ok(selected)
    }

    /// Why nothing fits, as exactly as the public header and our own keys can tell.
    fn diagnose(&self, alg: Option<K::Alg>, kid: Option<&str>) -> NoMatchReason {
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
        let named = |own: &K::Alg| K::covers(*own, alg) || K::covers(alg, *own);
        let served = self.keys.iter().any(|key| K::covers(alg, key.alg()));
        match (self.allowed.iter().any(named) || served, known && kid.is_some()) {
            (false, _) => NoMatchReason::AlgorithmNotAllowed,
            (true, true) => NoMatchReason::WrongAlgorithm,
            (true, false) => NoMatchReason::UnknownKid,
        }
    }
}

impl<K: Handle> Default for KeySet<K> {
    fn default() -> Self {
        Self { keys: Vec::new(), allowed: Vec::new(), skipped: Vec::new() }
    }
}

impl<K: Handle> FromIterator<K> for KeySet<K> {
    fn from_iter<I: IntoIterator<Item = K>>(keys: I) -> Self {
        Self { keys: keys.into_iter().collect(), ..Self::default() }
    }
}
