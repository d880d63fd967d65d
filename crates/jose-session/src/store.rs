//! Which sessions were ended before their time, and which tokens have been used.

use std::collections::{BTreeSet, HashMap};
use std::error::Error as StdError;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use jose_core::UnixTime;

use crate::hooks::Pending;

/// What remembers the names of tokens (`jti`) that are not to be accepted any more. It holds nothing else of a session.
///
/// Where it cannot answer there is no session: what might be revoked is not accepted.
///
/// [`MemoryStore`] is one for a single process. One for several has to make [`revoke_once`](Self::revoke_once) atomic
/// over all of them, as `RedisStore` (feature `redis`) does.
pub trait SessionStore: Send + Sync {
    /// When `id` was revoked, to the second. `None` if it was not.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if it cannot be told.
    fn revoked_at(
        &self,
        id: &str,
    ) -> impl Future<Output = Result<Option<UnixTime>, StoreError>> + Send;

    /// Revokes `id` at the time `now` if nobody has, and tells whether somebody had. Of any number that do so at once,
    /// one is told [`Revocation::First`]. It has to be remembered until `until`, when the token is refused for its age; of
    /// several, until the latest.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if it is not certain to be remembered.
    fn revoke_once(
        &self,
        id: &str,
        now: UnixTime,
        until: UnixTime,
    ) -> impl Future<Output = Result<Revocation, StoreError>> + Send;
}

/// Whether one was the first to revoke a token.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
#[must_use]
pub enum Revocation {
    /// It had been revoked before: what was to be used once was used again.
    Again {
        /// When it was revoked first, to the second.
        at: UnixTime,
    },
    /// It had not.
    First,
}

impl<S: SessionStore> SessionStore for Arc<S> {
    fn revoked_at(
        &self,
        id: &str,
    ) -> impl Future<Output = Result<Option<UnixTime>, StoreError>> + Send {
        (**self).revoked_at(id)
    }

    fn revoke_once(
        &self,
        id: &str,
        now: UnixTime,
        until: UnixTime,
    ) -> impl Future<Output = Result<Revocation, StoreError>> + Send {
        (**self).revoke_once(id, now, until)
    }
}

/// Why a store did not answer.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum StoreError {
    /// It holds as much as it may.
    Full,
    /// It was not reached, or failed.
    Unavailable(Arc<dyn StdError + Send + Sync>),
}

impl StoreError {
    /// It was not reached, or failed, for this reason.
    pub fn unavailable(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::Unavailable(source.into().into())
    }

    /// A code that stays the same between versions.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "ERR_SESSION_STORE"
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "the store is full",
            Self::Unavailable(_) => "the store did not answer",
        })
    }
}

impl StdError for StoreError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Full => None,
            Self::Unavailable(error) => Some(&**error),
        }
    }
}

/// A store for one process. What is revoked is forgotten when it may be, and when the process ends: then what was
/// revoked is good again until it expires.
///
/// It holds at most a [number](Self::with_capacity) of names, 100 000 unless told otherwise, and refuses to revoke
/// more: forgetting one that was revoked would be the worse answer. A user who is always there, with an access session of
/// 15 minutes and a refresh session of a week, leaves 672 names. Where sessions have no maximum age, nothing is ever
/// forgotten.
///
/// It goes by the clock: one that jumps far ahead makes it forget, and what was revoked is good again when it jumps back.
pub struct MemoryStore {
    held: Mutex<Held>,
    capacity: usize,
    clock: Arc<dyn Fn() -> UnixTime + Send + Sync>,
}

#[derive(Default)]
struct Held {
    revoked: HashMap<Arc<str>, Revoked>,
    /// By the time when they may be forgotten.
    order: BTreeSet<(UnixTime, Arc<str>)>,
}

#[derive(Clone, Copy)]
struct Revoked {
    at: UnixTime,
    until: UnixTime,
}

impl MemoryStore {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        let clock = Arc::new(UnixTime::now);
        Self { held: Mutex::default(), capacity: 100_000, clock }
    }

    /// One that holds at most so many names.
    #[must_use]
    pub const fn with_capacity(mut self, capacity: usize) -> Self {
        self.capacity = capacity;
        self
    }

    /// One with another clock than the system's, for tests.
    #[must_use]
    pub fn with_clock(mut self, clock: impl Fn() -> UnixTime + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// How many names it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).revoked.len()
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn insert(&self, id: &str, now: UnixTime, until: UnixTime) -> Result<Revocation, StoreError> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.forget((self.clock)());
        let earlier = held.revoked.get_key_value(id).map(|(id, earlier)| (id.clone(), *earlier));
        if let Some((id, Revoked { at, until: earlier })) = earlier {
            if until > earlier {
                held.order.remove(&(earlier, id.clone()));
                held.order.insert((until, id.clone()));
                held.revoked.insert(id, Revoked { at, until });
            }
            return Ok(Revocation::Again { at });
        }
        if held.revoked.len() >= self.capacity {
            return Err(StoreError::Full);
        }
        let id: Arc<str> = id.into();
        held.revoked.insert(id.clone(), Revoked { at: now.floor(), until });
        held.order.insert((until, id));
        Ok(Revocation::First)
    }
}

impl Held {
    fn forget(&mut self, now: UnixTime) {
        while let Some((until, _)) = self.order.first()
            && *until < now
        {
            if let Some((_, id)) = self.order.pop_first() {
                self.revoked.remove(&id);
            }
        }
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore")
            .field("len", &self.len())
            .field("capacity", &self.capacity)
            .finish_non_exhaustive() // a clock has nothing to show
    }
}

impl SessionStore for MemoryStore {
    async fn revoked_at(&self, id: &str) -> Result<Option<UnixTime>, StoreError> {
        // What nobody cleared away yet is revoked all the same.
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(held.revoked.get(id).map(|revoked| revoked.at))
    }

    async fn revoke_once(
        &self,
        id: &str,
        now: UnixTime,
        until: UnixTime,
    ) -> Result<Revocation, StoreError> {
        self.insert(id, now, until)
    }
}

/// A [`SessionStore`] of whatever type.
pub(crate) trait AnyStore: Send + Sync {
    fn revoked_at<'a>(&'a self, id: &'a str) -> Pending<'a, Result<Option<UnixTime>, StoreError>>;
    fn revoke_once<'a>(
        &'a self,
        id: &'a str,
        now: UnixTime,
        until: UnixTime,
    ) -> Pending<'a, Result<Revocation, StoreError>>;
}

impl<S: SessionStore> AnyStore for S {
    fn revoked_at<'a>(&'a self, id: &'a str) -> Pending<'a, Result<Option<UnixTime>, StoreError>> {
        Box::pin(SessionStore::revoked_at(self, id))
    }

    fn revoke_once<'a>(
        &'a self,
        id: &'a str,
        now: UnixTime,
        until: UnixTime,
    ) -> Pending<'a, Result<Revocation, StoreError>> {
        Box::pin(SessionStore::revoke_once(self, id, now, until))
    }
}
