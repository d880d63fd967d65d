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
/// over all of them; in Redis that is `SET key 1 NX EXAT until`.
pub trait SessionStore: Send + Sync {
    /// Whether `id` was revoked.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if it cannot be told.
    fn is_revoked(&self, id: &str) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Revokes `id` if nobody has, and tells whether somebody had. Of any number that do so at once, one is told
    /// [`Revocation::First`]. It has to be remembered until `until`, when the token is refused for its age.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if it is not certain to be remembered.
    fn revoke_once(
        &self,
        id: &str,
        until: UnixTime,
    ) -> impl Future<Output = Result<Revocation, StoreError>> + Send;

    /// Revokes `id`, whether or not somebody had.
    ///
    /// # Errors
    ///
    /// As [`revoke_once`](Self::revoke_once).
    fn revoke(
        &self,
        id: &str,
        until: UnixTime,
    ) -> impl Future<Output = Result<(), StoreError>> + Send {
        async move { self.revoke_once(id, until).await.map(drop) }
    }
}

/// Whether one was the first to revoke a token.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
#[must_use]
pub enum Revocation {
    /// It had been revoked before: what was to be used once was used again.
    Again,
    /// It had not.
    First,
}

impl<S: SessionStore> SessionStore for Arc<S> {
    fn is_revoked(&self, id: &str) -> impl Future<Output = Result<bool, StoreError>> + Send {
        (**self).is_revoked(id)
    }

    fn revoke_once(
        &self,
        id: &str,
        until: UnixTime,
    ) -> impl Future<Output = Result<Revocation, StoreError>> + Send {
        (**self).revoke_once(id, until)
    }

    fn revoke(
        &self,
        id: &str,
        until: UnixTime,
    ) -> impl Future<Output = Result<(), StoreError>> + Send {
        (**self).revoke(id, until)
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
/// more: forgetting one that was revoked would be the worse answer. Where sessions have no maximum age, nothing is
/// ever forgotten.
pub struct MemoryStore {
    held: Mutex<Held>,
    capacity: usize,
    clock: Arc<dyn Fn() -> UnixTime + Send + Sync>,
}

#[derive(Default)]
struct Held {
    until: HashMap<Arc<str>, UnixTime>,
    /// The same, by time.
    order: BTreeSet<(UnixTime, Arc<str>)>,
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
        self.held.lock().unwrap_or_else(PoisonError::into_inner).until.len()
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn insert(&self, id: &str, until: UnixTime) -> Result<Revocation, StoreError> {
        let now = (self.clock)();
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.forget(now);
        if let Some((id, earlier)) = held.until.get_key_value(id).map(|(id, at)| (id.clone(), *at))
        {
            if until > earlier {
                held.order.remove(&(earlier, id.clone()));
                held.order.insert((until, id.clone()));
                held.until.insert(id, until);
            }
            return Ok(Revocation::Again);
        }
        if held.until.len() >= self.capacity {
            return Err(StoreError::Full);
        }
        let id: Arc<str> = id.into();
        held.until.insert(id.clone(), until);
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
                self.until.remove(&id);
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
    async fn is_revoked(&self, id: &str) -> Result<bool, StoreError> {
        // What nobody cleared away yet is revoked all the same.
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(held.until.contains_key(id))
    }

    async fn revoke_once(&self, id: &str, until: UnixTime) -> Result<Revocation, StoreError> {
        self.insert(id, until)
    }
}

/// A [`SessionStore`] of whatever type.
pub(crate) trait AnyStore: Send + Sync {
    fn is_revoked<'a>(&'a self, id: &'a str) -> Pending<'a, Result<bool, StoreError>>;
    fn revoke_once<'a>(
        &'a self,
        id: &'a str,
        until: UnixTime,
    ) -> Pending<'a, Result<Revocation, StoreError>>;
    fn revoke<'a>(&'a self, id: &'a str, until: UnixTime) -> Pending<'a, Result<(), StoreError>>;
}

impl<S: SessionStore> AnyStore for S {
    fn is_revoked<'a>(&'a self, id: &'a str) -> Pending<'a, Result<bool, StoreError>> {
        Box::pin(SessionStore::is_revoked(self, id))
    }

    fn revoke_once<'a>(
        &'a self,
        id: &'a str,
        until: UnixTime,
    ) -> Pending<'a, Result<Revocation, StoreError>> {
        Box::pin(SessionStore::revoke_once(self, id, until))
    }

    fn revoke<'a>(&'a self, id: &'a str, until: UnixTime) -> Pending<'a, Result<(), StoreError>> {
        Box::pin(SessionStore::revoke(self, id, until))
    }
}
