//! Signing keys that follow one another without a token being refused in between.

use alloc::vec::Vec;
use core::error::Error;
use core::fmt;

use super::{SigningKey, VerifyingKey, VerifyingKeys};
use crate::crypto::Backend;
use crate::error::KeyError;
use crate::jwk::{Jwk, JwkSet};
use crate::time::UnixTime;

/// The keys of one issuer over time: one that signs, those that will, and those that did and still
/// verify.
///
/// A key is announced, signs, retires and is gone:
///
/// | state | signs | verifies, and is published | leaves it by |
/// |---|---|---|---|
/// | [announced](KeyState::Announced) | | yes | [`activate`](Self::activate), [`revoke`](Self::revoke) |
/// | [active](KeyState::Active): always one | yes | yes | [`activate`](Self::activate) or [`rotate`](Self::rotate) of another |
/// | [retiring](KeyState::Retiring) | | before its time | time, [`revoke`](Self::revoke) |
///
/// Announce a key for as long as verifiers keep the published set, then activate it, and let the one
/// before it retire no earlier than its last token expires.
///
/// The ring reads no clock and holds no reference to the backend: a key is prepared once, when it
/// enters. Every key names its algorithm and itself. A shared key verifies too, and is never
/// published. Of a key pair that retires only the public half is kept.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let backend = jose_rustcrypto::BACKEND;
/// use core::time::Duration;
/// use jose_core::{Alg, Jwk, UnixTime, jws};
///
/// let now = UnixTime::from_secs(1_700_000_000);
/// let mut ring = jws::KeyRing::new(&Jwk::generate(Alg::ES256, backend)?.with_kid("a"), backend)?;
/// let token = jws::sign(b"signed by a", ring.signing_key())?;
///
/// ring.announce(&Jwk::generate(Alg::ES256, backend)?.with_kid("b"), backend)?;
/// assert_eq!(ring.to_public(now).keys().len(), 2);
///
/// let until = now.saturating_add(Duration::from_secs(3600));
/// ring.activate("b", until)?;
/// assert_eq!(ring.signing_key().kid(), Some("b"));
/// assert!(jws::verify(&token, &ring.verifying_keys(now)).is_ok());
/// assert!(jws::verify(&token, &ring.verifying_keys(until)).is_err());
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct KeyRing {
    signing: SigningKey,
    /// In the order in which they came; one of them is active.
    keys: Vec<RingKey>,
}

/// A key of a [`KeyRing`].
#[derive(Clone, Debug)]
pub struct RingKey {
    jwk: Jwk,
    state: KeyState,
    /// Of a key that signs, or is going to.
    signing: Option<SigningKey>,
    verifying: VerifyingKey,
}

/// What a key of a [`KeyRing`] is there for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum KeyState {
    /// It signs, and verifies.
    Active,
    /// It verifies and is published, so that verifiers have it by the time it signs.
    Announced,
    /// It signs no more, and verifies what it signed.
    Retiring {
        /// The moment from which it does not.
        until: UnixTime,
    },
}

impl RingKey {
    /// Its name.
    #[must_use]
    pub fn kid(&self) -> &str {
        self.jwk.kid().unwrap_or_default()
    }

    /// What it is there for.
    #[must_use]
    pub const fn state(&self) -> KeyState {
        self.state
    }

    /// The key: the whole of one that signs or is going to, the public half of a key pair that is
    /// retiring.
    #[must_use]
    pub const fn jwk(&self) -> &Jwk {
        &self.jwk
    }

    fn new(jwk: &Jwk, state: KeyState, backend: &dyn Backend) -> Result<Self, RingError> {
        if jwk.kid().is_none() {
            return Err(RingError::MissingKid);
        }
        let signing = match state {
            KeyState::Retiring { .. } => None,
            KeyState::Active | KeyState::Announced => Some(SigningKey::from_jwk(jwk, backend)?),
        };
        let verifying = VerifyingKey::from_jwk(&verifying_half(jwk), backend)?;
        let jwk = if signing.is_some() { jwk.clone() } else { verifying_half(jwk) };
        Ok(Self { jwk, state, signing, verifying })
    }

    fn verifies(&self, now: UnixTime) -> bool {
        match self.state {
            KeyState::Active | KeyState::Announced => true,
            KeyState::Retiring { until } => now < until,
        }
    }

    fn retire(&mut self, until: UnixTime) {
        self.state = KeyState::Retiring { until };
        self.signing = None;
        self.jwk = verifying_half(&self.jwk);
    }
}

impl KeyRing {
    /// A ring of one key, which signs.
    ///
    /// # Errors
    ///
    /// [`RingError::MissingKid`] for a key without a name, [`RingError::Key`] for one that names no
    /// algorithm, may not sign and verify under it, or is not supported by `backend`.
    pub fn new(active: &Jwk, backend: &dyn Backend) -> Result<Self, RingError> {
        Self::from_parts([(active.clone(), KeyState::Active)], backend)
    }

    /// The ring that had these [`keys`](Self::keys), in their order.
    ///
    /// # Errors
    ///
    /// As [`announce`](Self::announce) for each key; [`RingError::NotOneActive`] unless exactly one of
    /// them is active.
    pub fn from_parts(
        parts: impl IntoIterator<Item = (Jwk, KeyState)>,
        backend: &dyn Backend,
    ) -> Result<Self, RingError> {
        let mut keys: Vec<RingKey> = Vec::new();
        let mut active = None;
        for (jwk, state) in parts {
            let key = RingKey::new(&jwk, state, backend)?;
            check_new(&keys, &key)?;
            if state == KeyState::Active && active.replace(key.signing.clone()).is_some() {
                return Err(RingError::NotOneActive);
            }
            keys.push(key);
        }
        let signing = active.flatten().ok_or(RingError::NotOneActive)?;
        Ok(Self { signing, keys })
    }

    /// Adds a key that is going to sign: from now on it verifies and is published.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new); [`RingError::DuplicateKid`] for a name that a key in the ring has, even
    /// a retired one before [`prune`](Self::prune); [`RingError::DuplicateKey`] for a key that is in
    /// the ring under another name. The ring is then as it was.
    pub fn announce(&mut self, next: &Jwk, backend: &dyn Backend) -> Result<(), RingError> {
        let key = RingKey::new(next, KeyState::Announced, backend)?;
        check_new(&self.keys, &key)?;
        self.keys.push(key);
        Ok(())
    }

    /// Lets the announced key called `kid` sign. The one that signed so far verifies until
    /// `retire_at`, and from that moment on no more.
    ///
    /// # Errors
    ///
    /// [`RingError::UnknownKid`] if no key has that name, [`RingError::NotAnnounced`] if the key that
    /// has it signs already or is retiring. The ring is then as it was.
    pub fn activate(&mut self, kid: &str, retire_at: UnixTime) -> Result<(), RingError> {
        let next = self.position(kid)?;
        let next = self.keys.get(next).filter(|key| key.state == KeyState::Announced);
        let signing = next.and_then(|key| key.signing.clone()).ok_or(RingError::NotAnnounced)?;
        for key in &mut self.keys {
            if key.state == KeyState::Active {
                key.retire(retire_at);
            } else if key.kid() == kid {
                key.state = KeyState::Active;
            }
        }
        self.signing = signing;
        Ok(())
    }

    /// Adds a key that signs at once, without having been announced; otherwise as
    /// [`activate`](Self::activate).
    ///
    /// Verifiers that hold the published set of a moment ago do not have it yet: this is for those that
    /// fetch the set again when they meet an unknown name, and for keys that are not published.
    ///
    /// # Errors
    ///
    /// As [`announce`](Self::announce).
    pub fn rotate(
        &mut self,
        next: &Jwk,
        retire_at: UnixTime,
        backend: &dyn Backend,
    ) -> Result<(), RingError> {
        self.announce(next, backend)?;
        self.activate(next.kid().unwrap_or_default(), retire_at)
    }

    /// Drops a key at once: nothing it signed verifies any more. For one that got into other hands.
    ///
    /// If that is the active one, rotate to another first.
    ///
    /// # Errors
    ///
    /// [`RingError::UnknownKid`] if no key has that name, [`RingError::Active`] for the one that signs.
    pub fn revoke(&mut self, kid: &str) -> Result<(), RingError> {
        let index = self.position(kid)?;
        if self.signing.kid() == Some(kid) {
            return Err(RingError::Active);
        }
        self.keys.remove(index);
        Ok(())
    }

    /// Drops the keys that do not verify any more at `now`.
    pub fn prune(&mut self, now: UnixTime) {
        self.keys.retain(|key| key.verifies(now));
    }

    /// The key that signs.
    #[must_use]
    pub const fn signing_key(&self) -> &SigningKey {
        &self.signing
    }

    /// The keys that verify at `now`. Collecting them costs some allocations, and they stay the same
    /// until the ring is changed or [`next_retirement`](Self::next_retirement) comes.
    #[must_use]
    pub fn verifying_keys(&self, now: UnixTime) -> VerifyingKeys {
        let keys = self.keys.iter().filter(|key| key.verifies(now));
        keys.map(|key| key.verifying.clone()).collect()
    }

    /// What to publish at `now`: the public half of every key that verifies, in the order in which
    /// they came. Shared keys are never among them.
    #[must_use]
    pub fn to_public(&self, now: UnixTime) -> JwkSet {
        let keys = self.keys.iter().filter(|key| key.verifies(now));
        keys.filter_map(|key| key.jwk.to_public().ok()).collect()
    }

    /// The first moment after `now` at which a key ceases to verify, if nothing is changed.
    #[must_use]
    pub fn next_retirement(&self, now: UnixTime) -> Option<UnixTime> {
        let times = self.keys.iter().filter_map(|key| match key.state {
            KeyState::Retiring { until } => Some(until),
            KeyState::Active | KeyState::Announced => None,
        });
        times.filter(|until| now < *until).min()
    }

    /// All keys in the order in which they came, retired ones until [`prune`](Self::prune): what to
    /// store, and to make the ring of again by [`from_parts`](Self::from_parts).
    pub fn keys(&self) -> impl Iterator<Item = &RingKey> {
        self.keys.iter()
    }

    fn position(&self, kid: &str) -> Result<usize, RingError> {
        self.keys.iter().position(|key| key.kid() == kid).ok_or(RingError::UnknownKid)
    }
}

/// A key pair's public half, and a shared key itself.
fn verifying_half(jwk: &Jwk) -> Jwk {
    jwk.to_public().unwrap_or_else(|_| jwk.clone())
}

/// One key under two names would live on when one of them is revoked.
fn check_new(keys: &[RingKey], new: &RingKey) -> Result<(), RingError> {
    if keys.iter().any(|key| key.kid() == new.kid()) {
        return Err(RingError::DuplicateKid);
    }
    if keys.iter().any(|key| key.verifying.is_same_key(&new.verifying)) {
        return Err(RingError::DuplicateKey);
    }
    Ok(())
}

/// Why a [`KeyRing`] was not changed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum RingError {
    /// The key that signs cannot be dropped: rotate to another first.
    Active,
    /// The key is in the ring under another name.
    DuplicateKey,
    /// Another key in the ring has that name.
    DuplicateKid,
    /// The key may not sign and verify, or the backend cannot use it.
    Key(KeyError),
    /// The key has no name.
    MissingKid,
    /// The key signs already, or is retiring.
    NotAnnounced,
    /// Not exactly one of the keys is active.
    NotOneActive,
    /// No key in the ring has that name.
    UnknownKid,
}

impl RingError {
    /// A code that stays the same between versions.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::DuplicateKey | Self::DuplicateKid | Self::MissingKid => "ERR_JWK_INVALID",
            Self::Key(error) => error.code(),
            Self::UnknownKid => "ERR_JWK_KEY_NOT_FOUND",
            Self::Active | Self::NotAnnounced | Self::NotOneActive => "ERR_KEY_RING_STATE",
        }
    }
}

impl fmt::Display for RingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Active => "the key that signs cannot be dropped: rotate to another first",
            Self::DuplicateKey => "the key is in the ring under another name",
            Self::DuplicateKid => "another key in the ring has this `kid`",
            Self::Key(error) => return error.fmt(f),
            Self::MissingKid => "a key in a ring has to have a `kid`",
            Self::NotAnnounced => "the key signs already, or is retiring",
            Self::NotOneActive => "exactly one key of a ring is active",
            Self::UnknownKid => "no key in the ring has this `kid`",
        })
    }
}

impl Error for RingError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Key(error) => error.source(),
            _ => None,
        }
    }
}

impl From<KeyError> for RingError {
    fn from(error: KeyError) -> Self {
        Self::Key(error)
    }
}
