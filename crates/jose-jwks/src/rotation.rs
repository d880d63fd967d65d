//! Keys of one's own that follow one another by the clock: published before they sign, and after.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use jose_core::crypto::Backend;
use jose_core::error::{CryptoError, KeyError};
use jose_core::jwk::Generator;
use jose_core::jws::{KeyRing, KeyState, RingError, SigningKey, VerifyingKeys};
use jose_core::{Jwk, UnixTime};

use crate::Published;

/// How long the keys of a [`Rotation`] do what.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Plan {
    /// How long a key signs. Default 30 days.
    pub signs_for: Duration,
    /// How long a key is published before it signs. Default 2 hours, and no less than [`max_age`](Self::max_age): who
    /// has fetched the set just before has to fetch it again before a token of that key arrives.
    pub announced_for: Duration,
    /// How long a key verifies after it has signed for the last time: at least as long as the tokens live. Default 24
    /// hours.
    pub retires_for: Duration,
    /// How long those who fetch the set are told to keep it. Default 10 minutes.
    pub max_age: Duration,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            signs_for: Duration::from_secs(30 * 24 * 3600),
            announced_for: Duration::from_secs(2 * 3600),
            retires_for: Duration::from_secs(24 * 3600),
            max_age: Duration::from_secs(600),
        }
    }
}

/// A [`KeyRing`] that is turned by the clock. Keys are generated for the algorithm of the key before.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use jose_core::{Alg, Jwk, UnixTime, jws};
/// use jose_jwks::{Plan, Publisher, Rotation};
/// use jose_rustcrypto::BACKEND;
///
/// let now = UnixTime::from_secs(1_800_000_000);
/// let key = Jwk::generate(Alg::ES256, BACKEND)?;
/// let mut rotation = Rotation::new(&key, Plan::default(), now, BACKEND)?;
/// let publisher = Publisher::new(rotation.published(now)?);
///
/// // Now and then, and at the latest at `rotation.next_turn(now)`:
/// if rotation.turn(now)?.is_something() {
///     // Store `rotation.to_parts()` before anybody sees the new key, then
///     publisher.publish(rotation.published(now)?);
/// }
/// let token = jws::sign(b"payload", rotation.signing_key())?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Rotation {
    ring: KeyRing,
    plan: Plan,
    active_since: UnixTime,
    /// The key that signs next, and since when it is published.
    announced: Option<(String, UnixTime)>,
    backend: &'static dyn Backend,
}

/// What a [`Rotation`] is made of again. Its keys are private: store them as such.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RotationParts {
    /// The keys and what each is there for.
    pub keys: Vec<(Jwk, KeyState)>,
    /// Since when the active one signs.
    pub active_since: UnixTime,
    /// Since when the announced one is published, if there is one. A program that was gone before it had published what
    /// it stored says here when it did; otherwise that key may sign before anybody has seen it.
    pub announced_since: Option<UnixTime>,
}

/// What a turn changed: the names of keys.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Turn {
    /// The key that is published from now on.
    pub announced: Option<String>,
    /// The key that signs from now on.
    pub activated: Option<String>,
    /// The keys that are gone.
    pub removed: Vec<String>,
}

impl Turn {
    /// Whether there is something to store and to publish.
    #[must_use]
    pub const fn is_something(&self) -> bool {
        self.announced.is_some() || self.activated.is_some() || !self.removed.is_empty()
    }
}

impl RotationParts {
    /// Those that were stored, as [`Rotation::to_parts`] gave them.
    #[must_use]
    pub const fn new(
        keys: Vec<(Jwk, KeyState)>,
        active_since: UnixTime,
        announced_since: Option<UnixTime>,
    ) -> Self {
        Self { keys, active_since, announced_since }
    }
}

impl Rotation {
    /// A key that signs from now on.
    ///
    /// # Errors
    ///
    /// [`RotationError::Plan`] for a plan by which tokens would arrive before their keys, or keys retire before they
    /// sign; [`RotationError::Ring`] if the key has no name or algorithm, or may not sign.
    pub fn new(
        active: &Jwk,
        plan: Plan,
        now: UnixTime,
        backend: &'static dyn Backend,
    ) -> Result<Self, RotationError> {
        let keys = vec![(active.clone(), KeyState::Active)];
        Self::from_parts(RotationParts::new(keys, now, None), plan, backend)
    }

    /// The rotation that had these [parts](Self::to_parts).
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new); also [`RotationError::Parts`] for more than one announced key, or one without its time.
    pub fn from_parts(
        parts: RotationParts,
        plan: Plan,
        backend: &'static dyn Backend,
    ) -> Result<Self, RotationError> {
        if plan.announced_for < plan.max_age || plan.signs_for <= plan.announced_for {
            return Err(RotationError::Plan);
        }
        let mut announced = parts.keys.iter().filter(|(_, state)| *state == KeyState::Announced);
        let announced = match (announced.next(), announced.next(), parts.announced_since) {
            (None, None, None) => None,
            (Some((jwk, _)), None, Some(since)) => {
                Some((jwk.kid().unwrap_or_default().to_owned(), since))
            }
            _ => return Err(RotationError::Parts),
        };
        let ring = KeyRing::from_parts(parts.keys, backend)?;
        Ok(Self { ring, plan, active_since: parts.active_since, announced, backend })
    }

    /// Does what is due at `now`: generates the next key and announces it, lets it sign once it was published for as
    /// long as planned, drops what verifies no more. Nothing is ever skipped: after a long sleep a key is announced
    /// first, and signs later.
    ///
    /// A clock that was ahead, and is set right, leaves moments that are far in the future: until then nothing turns, and
    /// [`next_turn`](Self::next_turn) shows it.
    ///
    /// Publish the set whenever there was something. One program turns, and the others load what it stored: two that
    /// turn have two keys, each unknown to whoever asks the other. An RSA key takes a while to generate.
    ///
    /// # Errors
    ///
    /// [`RotationError`] if no key can be generated. What was done before stays.
    pub fn turn(&mut self, now: UnixTime) -> Result<Turn, RotationError> {
        let mut turn = Turn { removed: self.prune(now), ..Turn::default() };
        let signs_until = self.active_since.saturating_add(self.plan.signs_for);
        if let Some((kid, since)) = &self.announced {
            if now >= since.saturating_add(self.plan.announced_for) && now >= signs_until {
                let kid = kid.clone();
                self.activate(&kid, now)?;
                turn.activated = Some(kid);
            }
        } else if now.saturating_add(self.plan.announced_for) >= signs_until {
            let next = self.generate()?;
            turn.announced = next.kid().map(Into::into);
            self.announce(&next, now)?;
        }
        Ok(turn)
    }

    /// The first moment at which a [turn](Self::turn) does something; `now` if that is past.
    #[must_use]
    pub fn next_turn(&self, now: UnixTime) -> UnixTime {
        let is_over = |state| matches!(state, KeyState::Retiring { until } if until <= now);
        if self.ring.keys().any(|key| is_over(key.state())) {
            return now;
        }
        let signs_until = self.active_since.saturating_add(self.plan.signs_for);
        let due = match &self.announced {
            Some((_, since)) => since.saturating_add(self.plan.announced_for).max(signs_until),
            None => self
                .active_since
                .saturating_add(self.plan.signs_for.saturating_sub(self.plan.announced_for)),
        };
        let due = self.ring.next_retirement(now).map_or(due, |retirement| retirement.min(due));
        due.max(now)
    }

    /// Announces a key of the caller's, which [`turn`](Self::turn) lets sign in its time.
    ///
    /// # Errors
    ///
    /// [`RotationError::Parts`] if one is announced already; [`RotationError::Ring`] as
    /// [`KeyRing::announce`].
    pub fn announce(&mut self, next: &Jwk, now: UnixTime) -> Result<(), RotationError> {
        if self.announced.is_some() {
            return Err(RotationError::Parts);
        }
        self.ring.announce(next, self.backend)?;
        self.announced = Some((next.kid().unwrap_or_default().to_owned(), now));
        Ok(())
    }

    /// Drops a key that got into other hands: what it signed verifies no more, and if it is the one that signs, another
    /// signs at once, published or not. Those who keep the set accept the old one for
    /// [`max_age`](Plan::max_age) longer, or longer still where they cannot reach it.
    ///
    /// Store [`to_parts`](Self::to_parts) before anything is signed: what is stored still has the old key.
    ///
    /// # Errors
    ///
    /// [`RotationError::Ring`] if no key has that name; [`RotationError`] if another cannot be generated. Then nothing
    /// has changed.
    pub fn revoke(&mut self, kid: &str, now: UnixTime) -> Result<Turn, RotationError> {
        let mut turn = Turn::default();
        let mut after = self.clone();
        if after.signing_key().kid() == Some(kid) {
            if after.announced.is_none() {
                let next = after.generate()?;
                turn.announced = next.kid().map(Into::into);
                after.announce(&next, now)?;
            }
            if let Some((next, _)) = after.announced.clone() {
                after.activate(&next, now)?;
                turn.activated = Some(next);
            }
        }
        after.ring.revoke(kid)?;
        after.announced = after.announced.filter(|(next, _)| next != kid);
        turn.removed.push(kid.into());
        *self = after;
        Ok(turn)
    }

    /// The key that signs.
    #[must_use]
    pub const fn signing_key(&self) -> &SigningKey {
        self.ring.signing_key()
    }

    /// The keys that verify at `now`.
    #[must_use]
    pub fn verifying_keys(&self, now: UnixTime) -> VerifyingKeys {
        self.ring.verifying_keys(now)
    }

    /// What to publish at `now`: every key that verifies, those that are going to sign among them.
    ///
    /// # Errors
    ///
    /// [`CryptoError`] if the backend cannot compute a digest.
    pub fn published(&self, now: UnixTime) -> Result<Published, CryptoError> {
        Published::new(&self.ring.to_public(now), self.plan.max_age, self.backend)
    }

    /// The keys and their states.
    #[must_use]
    pub const fn ring(&self) -> &KeyRing {
        &self.ring
    }

    /// What to store.
    #[must_use]
    pub fn to_parts(&self) -> RotationParts {
        let keys = self.ring.keys().map(|key| (key.jwk().clone(), key.state())).collect();
        RotationParts::new(
            keys,
            self.active_since,
            self.announced.as_ref().map(|(_, since)| *since),
        )
    }

    fn generate(&self) -> Result<Jwk, RotationError> {
        let alg = self.signing_key().alg();
        Ok(Generator::new(alg).generate(self.backend)?)
    }

    fn activate(&mut self, kid: &str, now: UnixTime) -> Result<(), RotationError> {
        self.ring.activate(kid, now.saturating_add(self.plan.retires_for))?;
        self.active_since = now;
        self.announced = None;
        Ok(())
    }

    fn prune(&mut self, now: UnixTime) -> Vec<String> {
        let kids = |ring: &KeyRing| ring.keys().map(|key| key.kid().to_owned()).collect::<Vec<_>>();
        let before = kids(&self.ring);
        self.ring.prune(now);
        let after = kids(&self.ring);
        before.into_iter().filter(|kid| !after.contains(kid)).collect()
    }
}

/// Why a [`Rotation`] is as it was.
#[derive(Debug)]
#[non_exhaustive]
pub enum RotationError {
    /// No key could be generated.
    Key(KeyError),
    /// One key at most is announced, and its time is known.
    Parts,
    /// By this plan tokens arrive before their keys, or a key is announced before the one before it signs.
    Plan,
    /// The key does not belong into this ring.
    Ring(RingError),
}

impl RotationError {
    /// A code that stays the same between versions.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Key(error) => error.code(),
            Self::Ring(error) => error.code(),
            Self::Parts | Self::Plan => "ERR_KEY_RING_STATE",
        }
    }
}

impl fmt::Display for RotationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(error) => error.fmt(f),
            Self::Parts => f.write_str("one key at most is announced, and its time is known"),
            Self::Plan => f.write_str(
                "a key is announced for at least as long as the set is kept, and signs for longer than that",
            ),
            Self::Ring(error) => error.fmt(f),
        }
    }
}

impl Error for RotationError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Key(error) => error.source(),
            Self::Ring(error) => error.source(),
            Self::Parts | Self::Plan => None,
        }
    }
}

impl From<KeyError> for RotationError {
    fn from(error: KeyError) -> Self {
        Self::Key(error)
    }
}

impl From<RingError> for RotationError {
    fn from(error: RingError) -> Self {
        Self::Ring(error)
    }
}

#[cfg(test)]
mod tests {
    use jose_core::{Alg, jws};
    use jose_rustcrypto::BACKEND;

    use super::*;

    const START: UnixTime = UnixTime::from_secs(1_800_000_000);

    fn at(seconds: u64) -> UnixTime {
        START.saturating_add(Duration::from_secs(seconds))
    }

    fn plan() -> Plan {
        Plan {
            signs_for: Duration::from_secs(1000),
            announced_for: Duration::from_secs(100),
            retires_for: Duration::from_secs(300),
            max_age: Duration::from_secs(60),
        }
    }

    fn rotation() -> Rotation {
        let key = Jwk::generate(Alg::ES256, BACKEND).unwrap();
        Rotation::new(&key, plan(), START, BACKEND).unwrap()
    }

    fn published(rotation: &Rotation, now: UnixTime) -> Vec<String> {
        let set = jose_core::JwkSet::from_json(rotation.published(now).unwrap().body()).unwrap();
        set.iter().map(|jwk| jwk.kid().unwrap().to_owned()).collect()
    }

    #[test]
    fn a_key_is_published_before_it_signs_and_after() {
        let mut rotation = rotation();
        let first = rotation.signing_key().kid().unwrap().to_owned();
        let token = jws::sign(b"by the first", rotation.signing_key()).unwrap();
        assert_eq!(rotation.next_turn(START), at(900));
        assert!(!rotation.turn(at(899)).unwrap().is_something());

        let second = rotation.turn(at(900)).unwrap().announced.unwrap();
        assert_eq!(published(&rotation, at(900)), [first.clone(), second.clone()]);
        assert_eq!(rotation.signing_key().kid(), Some(first.as_str()));
        assert_eq!(rotation.next_turn(at(900)), at(1000));
        assert!(!rotation.turn(at(999)).unwrap().is_something());

        assert_eq!(rotation.turn(at(1000)).unwrap().activated, Some(second.clone()));
        assert_eq!(rotation.signing_key().kid(), Some(second.as_str()));
        assert_eq!(published(&rotation, at(1299)), [first.clone(), second.clone()]);
        assert!(jws::verify(&token, &rotation.verifying_keys(at(1299))).is_ok());

        assert_eq!(rotation.next_turn(at(1000)), at(1300));
        assert_eq!(rotation.turn(at(1300)).unwrap().removed, [first]);
        assert_eq!(published(&rotation, at(1300)), [second]);
        assert!(jws::verify(&token, &rotation.verifying_keys(at(1300))).is_err());
    }

    #[test]
    fn after_a_long_sleep_a_key_is_announced_before_it_signs() {
        let mut rotation = rotation();
        let second = rotation.turn(at(100_000)).unwrap().announced.unwrap();
        assert_eq!(rotation.next_turn(at(100_000)), at(100_100));
        assert!(!rotation.turn(at(100_099)).unwrap().is_something());
        assert_eq!(rotation.turn(at(100_100)).unwrap().activated, Some(second));
    }

    #[test]
    fn a_key_that_is_over_meanwhile_is_not_slept_over() {
        let mut rotation = rotation();
        rotation.turn(at(900)).unwrap();
        rotation.turn(at(1000)).unwrap();
        // It is over at 1300, and published until a turn says that there is something to publish.
        for late in [1300, 1301] {
            assert_eq!(rotation.next_turn(at(late)), at(late));
        }
        assert!(rotation.turn(at(1301)).unwrap().is_something());
        assert_eq!(rotation.next_turn(at(1301)), at(1900));
    }

    #[test]
    fn what_was_stored_goes_on() {
        let mut rotation = rotation();
        let second = rotation.turn(at(900)).unwrap().announced.unwrap();
        let mut again = Rotation::from_parts(rotation.to_parts(), plan(), BACKEND).unwrap();
        assert_eq!(again.next_turn(at(900)), at(1000));
        assert_eq!(again.turn(at(1000)).unwrap().activated, Some(second));
    }

    #[test]
    fn a_key_in_other_hands_is_gone_at_once_and_another_signs() {
        let mut rotation = rotation();
        let first = rotation.signing_key().kid().unwrap().to_owned();
        let token = jws::sign(b"by the first", rotation.signing_key()).unwrap();
        let turn = rotation.revoke(&first, at(10)).unwrap();
        assert_eq!(turn.removed, [first]);
        assert_eq!(rotation.signing_key().kid(), turn.activated.as_deref());
        assert!(jws::verify(&token, &rotation.verifying_keys(at(10))).is_err());
        assert_eq!(rotation.next_turn(at(10)), at(910));
    }

    #[test]
    fn an_announced_key_in_other_hands_never_signs() {
        let mut rotation = rotation();
        let second = rotation.turn(at(900)).unwrap().announced.unwrap();
        rotation.revoke(&second, at(910)).unwrap();
        let third = rotation.turn(at(910)).unwrap().announced.unwrap();
        assert_ne!(second, third);
        assert!(!rotation.turn(at(1000)).unwrap().is_something());
        assert_eq!(rotation.turn(at(1010)).unwrap().activated, Some(third));
    }

    #[test]
    fn a_plan_by_which_tokens_arrive_before_their_keys_is_refused() {
        let key = Jwk::generate(Alg::ES256, BACKEND).unwrap();
        let hasty = Plan { announced_for: Duration::from_secs(59), ..plan() };
        let endless = Plan { announced_for: Duration::from_secs(1000), ..plan() };
        for plan in [hasty, endless] {
            let refused = Rotation::new(&key, plan, START, BACKEND).unwrap_err();
            assert!(matches!(refused, RotationError::Plan));
        }
    }

    #[test]
    fn one_key_at_a_time_is_announced() {
        let mut rotation = rotation();
        let next = || Jwk::generate(Alg::ES256, BACKEND).unwrap();
        rotation.announce(&next(), START).unwrap();
        assert!(matches!(rotation.announce(&next(), START), Err(RotationError::Parts)));
        let parts = RotationParts { announced_since: None, ..rotation.to_parts() };
        let refused = Rotation::from_parts(parts, plan(), BACKEND).unwrap_err();
        assert!(matches!(refused, RotationError::Parts));
    }
}
