//! What a source has and lacks, for whoever asks why a token was refused.

use std::fmt;
use std::sync::PoisonError;
use std::time::Duration;

use jose_core::error::{NoMatchReason, NoMatchingKey};
use jose_core::jws::Unverified;

use crate::{FetchError, Source};

/// What a [`Source`] has, and how its fetches went.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Status {
    /// Where its keys come from, without a query; nothing for a fixed set.
    pub place: Option<String>,
    /// How many pairs of key and algorithm are held.
    pub keys: usize,
    /// Members of the set that serve no allowed algorithm: the name of each, and why.
    pub skipped: Vec<(Option<String>, &'static str)>,
    /// How long ago the last good answer came.
    pub answered: Option<Duration>,
    /// How much longer that answer needs no other.
    pub fresh_for: Duration,
    /// How much longer its keys are used if there is no other.
    pub usable_for: Duration,
    /// How many fetches were begun.
    pub fetches: u64,
    /// How many failed since one did not.
    pub failures: u32,
    /// How long nothing is fetched because one failed.
    pub retry_in: Duration,
    /// How long nothing is fetched for a token that names an unknown key, which may be a new one.
    pub cooldown: Duration,
    /// Whether one is under way.
    pub fetching: bool,
    /// Why the last one that failed did, however long ago.
    pub last_error: Option<FetchError>,
}

/// Why a token finds no key.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Explanation {
    /// Why none of the keys that are held fits; nothing if one does.
    pub no_match: Option<NoMatchingKey>,
    /// What is held.
    pub status: Status,
}

impl Source {
    /// What it has now, and how its fetches went. Nothing is fetched.
    #[must_use]
    pub fn status(&self) -> Status {
        let mut status = Status {
            place: None,
            keys: 0,
            skipped: Vec::new(),
            answered: None,
            fresh_for: Duration::ZERO,
            usable_for: Duration::ZERO,
            fetches: 0,
            failures: 0,
            retry_in: Duration::ZERO,
            cooldown: Duration::ZERO,
            fetching: false,
            last_error: None,
        };
        let loaded = if let Some(remote) = self.as_remote() {
            let (cache, now) = (remote.cache(), remote.config.now());
            status.place = Some(remote.place().to_string());
            status.fetches = cache.begun();
            status.failures = cache.failures();
            status.fetching = cache.is_flying(now);
            let until = |moment: std::time::Instant| moment.saturating_duration_since(now);
            status.retry_in = cache.retry_at().map_or(Duration::ZERO, until);
            status.cooldown = cache.cool_at().map_or(Duration::ZERO, until);
            let last_error = remote.last_error.lock().unwrap_or_else(PoisonError::into_inner);
            status.last_error.clone_from(&last_error);
            cache.held().map(|held| {
                status.answered = Some(now.saturating_duration_since(held.since()));
                status.fresh_for = until(held.fresh_until());
                status.usable_for = until(held.usable_until());
                held.keys().clone()
            })
        } else {
            self.held()
        };
        if let Some(loaded) = loaded {
            status.keys = loaded.keys.iter().count();
            let skipped = loaded.keys.skipped().iter();
            let skipped = skipped.map(|key| (key.kid().map(Into::into), key.reason().code()));
            status.skipped = skipped.collect();
        }
        status
    }

    /// Why `token` finds no key among those that are held. Nothing is fetched, and nothing verified.
    #[must_use]
    pub fn explain(&self, token: &Unverified<'_>) -> Explanation {
        let keys = self.held().map(|loaded| loaded.keys.clone()).unwrap_or_default();
        Explanation { no_match: keys.matches(token).err(), status: self.status() }
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.no_match {
            Some(error) => match words(error.reason()) {
                Some(words) => f.write_str(words)?,
                None => write!(f, "{error}")?,
            },
            None => f.write_str("a key matches")?,
        }
        write!(f, "; {}", self.status)
    }
}

/// Why no key fits, for people.
const fn words(reason: NoMatchReason) -> Option<&'static str> {
    Some(match reason {
        NoMatchReason::AlgorithmNotAllowed => "the algorithm is not allowed",
        NoMatchReason::AmbiguousKid => "two keys bear the `kid`",
        NoMatchReason::EmptySet => "no keys are held",
        NoMatchReason::UnknownKid => "no key bears the `kid`",
        NoMatchReason::UnusableKey => "the key with the `kid` cannot be used",
        NoMatchReason::WrongAlgorithm => "the key with the `kid` is for another algorithm",
        NoMatchReason::WrongUse => "the key with the `kid` is for another use",
        _ => return None,
    })
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{place}: ")?;
        }
        let keys = if self.keys == 1 { "key" } else { "keys" };
        write!(f, "{} {keys}, {} left out", self.keys, self.skipped.len())?;
        match self.answered {
            Some(ago) => {
                let (ago, left) = (ago.as_secs(), seconds(self.fresh_for));
                write!(f, "; answered {ago} s ago, good for {left} s")?;
            }
            None if self.place.is_some() => f.write_str("; never answered")?,
            None => {}
        }
        if !self.cooldown.is_zero() {
            write!(f, "; not asked for unknown names for {} s", seconds(self.cooldown))?;
        }
        if let (Some(error), true) = (&self.last_error, self.failures > 0) {
            write!(f, "; failures: {}, the last: {error}", self.failures)?;
            if let Some(cause) = error.cause() {
                write!(f, ": {cause}")?;
            }
        }
        Ok(())
    }
}

/// Rounded up: what is left is never nothing.
pub(crate) fn seconds(left: Duration) -> u64 {
    left.as_secs() + u64::from(left.subsec_nanos() > 0)
}
