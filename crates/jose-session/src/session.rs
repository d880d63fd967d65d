//! The session of one request: what it holds, and how that is changed.

use std::error::Error as StdError;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::HeaderMap;
use jose_core::UnixTime;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::cookies::Found;
use crate::sessions::Inner;
use crate::{Context, Error, Sessions};

/// What a session may hold: anything that becomes a JSON object and can be made of one.
///
/// Its members `jti`, `iat` and `exp` are overwritten when it is sealed, and are not among what comes back. The other
/// claims that RFC 7519 §4.1 registers have to have the types that it gives them, and `aud` needs
/// [rules](crate::Config::rules) that accept it.
///
/// Implemented for every type that can be.
pub trait SessionData:
    Clone + Default + DeserializeOwned + Serialize + Send + Sync + 'static
{
}

impl<T: Clone + Default + DeserializeOwned + Serialize + Send + Sync + 'static> SessionData for T {}

/// What a session is at one moment. Cheap to clone.
pub struct Snapshot<T> {
    pub(crate) id: Option<Arc<str>>,
    pub(crate) family: Option<Arc<str>>,
    pub(crate) created_at: Option<UnixTime>,
    pub(crate) expires_at: Option<UnixTime>,
    pub(crate) data: Arc<T>,
    pub(crate) token: Option<Arc<str>>,
}

impl<T> Snapshot<T> {
    /// The name of its token (`jti`): another with every change. `None` if there is no session.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The name of the session that its token and those before and after it are of (`sid`), where there are
    /// [families](crate::Config::families).
    #[must_use]
    pub fn family(&self) -> Option<&str> {
        self.family.as_deref()
    }

    /// When it was sealed (`iat`).
    #[must_use]
    pub const fn created_at(&self) -> Option<UnixTime> {
        self.created_at
    }

    /// When its time is over: by its `exp`, or its age.
    #[must_use]
    pub const fn expires_at(&self) -> Option<UnixTime> {
        self.expires_at
    }

    /// Its data; the default ones if there is no session.
    #[must_use]
    pub fn data(&self) -> &T {
        &self.data
    }

    /// Its token.
    #[must_use]
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// Whether there is a session.
    #[must_use]
    pub const fn exists(&self) -> bool {
        self.id.is_some()
    }
}

impl<T: Default> Snapshot<T> {
    /// No session.
    pub(crate) fn empty() -> Self {
        let data = Arc::new(T::default());
        Self { id: None, family: None, created_at: None, expires_at: None, data, token: None }
    }
}

impl<T> Clone for Snapshot<T> {
    fn clone(&self) -> Self {
        Self {
            id: self.id.clone(),
            family: self.family.clone(),
            created_at: self.created_at,
            expires_at: self.expires_at,
            data: Arc::clone(&self.data),
            token: self.token.clone(),
        }
    }
}

impl<T> fmt::Debug for Snapshot<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot")
            .field("id", &self.id)
            .field("family", &self.family)
            .field("created_at", &self.created_at)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive() // data and token are somebody's secrets
    }
}

/// The session of one request. Clones are the same session: what one changes, the others see. Changes follow one
/// another, each all or nothing: one that fails leaves the session as it was, and is told to
/// [`Hooks::on_error`](crate::Hooks::on_error).
///
/// Nothing reaches the client but by [`write_to`](Self::write_to).
///
/// Where nobody could tell whether there is a session, because the store did not answer, say, there is none and nothing
/// can be changed: what the client has stays as it is.
///
/// A change that nobody waits for any more is not made. Where a token is good for
/// [one change](crate::Config::single_use), it may be used up all the same.
pub struct Session<T: 'static> {
    shared: Arc<Shared<T>>,
}

struct Shared<T: 'static> {
    sessions: Arc<Inner<T>>,
    read_only: bool,
    read_at: UnixTime,
    /// Whether the cookies of this session that the request brought are of another: the token came in a field.
    beside: bool,
    /// Whether the answer has been given.
    answered: AtomicBool,
    state: Mutex<State<T>>,
    /// Held by the change that is under way.
    changing: tokio::sync::Mutex<()>,
}

struct State<T> {
    current: Snapshot<T>,
    failure: Option<Arc<Error>>,
    /// What a token said that had been revoked, or used, or was refused by a hook.
    refused: Option<Snapshot<T>>,
    /// What the token said that the client has.
    brought: Option<Snapshot<T>>,
    /// The cookies that the client has.
    found: Found,
    due: Due,
}

impl<T: Default> State<T> {
    fn become_of(&mut self, current: Snapshot<T>, due: Due) {
        self.current = current;
        (self.failure, self.refused) = (None, None);
        self.due = due;
    }
}

/// What an answer has to tell the client.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Due {
    Clear,
    Nothing,
    Write,
}

impl<T: SessionData> Session<T> {
    /// None yet. `beside` is whether the cookies are not those of the token.
    pub(crate) fn new(
        sessions: Arc<Inner<T>>,
        found: Found,
        beside: bool,
        read_only: bool,
    ) -> Self {
        let state = State {
            current: Snapshot::empty(),
            failure: None,
            refused: None,
            brought: None,
            found,
            due: Due::Nothing,
        };
        let read_at = sessions.now();
        Self {
            shared: Arc::new(Shared {
                sessions,
                read_only,
                read_at,
                beside,
                answered: AtomicBool::new(false),
                state: Mutex::new(state),
                changing: tokio::sync::Mutex::new(()),
            }),
        }
    }

    /// What it is now.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot<T> {
        self.state().current.clone()
    }

    /// The name of its token (`jti`): another with every change. `None` before the first, and after it was cleared.
    #[must_use]
    pub fn id(&self) -> Option<String> {
        self.state().current.id().map(Into::into)
    }

    /// Whether there is a session: a token was accepted, or made.
    #[must_use]
    pub fn exists(&self) -> bool {
        self.state().current.exists()
    }

    /// When it was sealed (`iat`).
    #[must_use]
    pub fn created_at(&self) -> Option<UnixTime> {
        self.state().current.created_at
    }

    /// When its time is over: by its `exp`, or its age.
    #[must_use]
    pub fn expires_at(&self) -> Option<UnixTime> {
        self.state().current.expires_at
    }

    /// Its data; the default ones if there is no session.
    #[must_use]
    pub fn data(&self) -> Arc<T> {
        Arc::clone(&self.state().current.data)
    }

    /// Its token. `None` if there is no session: before the first change, after it was cleared, and if what the request
    /// brought was not accepted.
    #[must_use]
    pub fn token(&self) -> Option<String> {
        self.state().current.token().map(Into::into)
    }

    /// Why there is no session although the request brought something.
    #[must_use]
    pub fn failure(&self) -> Option<Arc<Error>> {
        self.state().failure.clone()
    }

    /// What the token said that the request brought, if it was genuine and had been revoked, or used where it may be used
    /// once, or a hook refused it. This is no session: it is for finding out whose token it was.
    #[must_use]
    pub fn refused(&self) -> Option<Snapshot<T>> {
        self.state().refused.clone()
    }

    /// Whether it can only be read: by now, since a layer has given the answer, or from the beginning.
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        self.shared.read_only || self.shared.answered.load(Ordering::SeqCst)
    }

    /// Whether an answer has to carry cookies: it was changed or cleared since [`write_to`](Self::write_to).
    #[must_use]
    pub fn is_dirty(&self) -> bool {
        self.state().due != Due::Nothing
    }

    /// Whether its time is over by now. A session that is held for long, as that of a WebSocket is, should be asked.
    #[must_use]
    pub fn is_expired(&self) -> bool {
        let expires_at = self.expires_at();
        expires_at.is_some_and(|at| self.shared.sessions.is_over(at))
    }

    /// Changes the data, and seals them under a new name.
    ///
    /// # Errors
    ///
    /// [`Error`] if it can only be read, or could not be sealed; if a hook refused, or the store could not answer; and
    /// [`Error::Used`] or [`Error::Reused`] if it is good for one change and has had it.
    pub async fn update(&self, change: impl FnOnce(&mut T) + Send) -> Result<(), Error> {
        let change = |old: &Snapshot<T>| {
            let mut data = old.data().clone();
            change(&mut data);
            Ok(Some(data))
        };
        self.change(change).await
    }

    /// As [`update`](Self::update), by what may fail.
    ///
    /// # Errors
    ///
    /// As [`update`](Self::update), and [`Error::Change`] if `change` fails.
    pub async fn try_update<E: Into<Box<dyn StdError + Send + Sync>>>(
        &self,
        change: impl FnOnce(&mut T) -> Result<(), E> + Send,
    ) -> Result<(), Error> {
        let change = |old: &Snapshot<T>| {
            let mut data = old.data().clone();
            change(&mut data).map_err(|error| Error::Change(error.into()))?;
            Ok(Some(data))
        };
        self.change(change).await
    }

    /// Sets the members that `patch` has, and leaves the others. A member that is an object is replaced, not merged.
    ///
    /// # Errors
    ///
    /// As [`update`](Self::update); [`Error::NotAnObject`] or [`Error::Data`] if data and patch do not fit.
    pub async fn merge(&self, patch: impl Serialize + Send) -> Result<(), Error> {
        let patch = object(&patch);
        let change = |old: &Snapshot<T>| {
            let mut merged = object(old.data())?;
            merged.extend(patch?);
            serde_json::from_value(Value::Object(merged)).map(Some).map_err(Error::Data)
        };
        self.change(change).await
    }

    /// Puts these data in the place of what is there.
    ///
    /// # Errors
    ///
    /// As [`update`](Self::update).
    pub async fn replace(&self, data: T) -> Result<(), Error> {
        self.change(|_| Ok(Some(data))).await
    }

    /// Begins another session with these data, in another [family](crate::Config::families), and ends the one that is there:
    /// for a login. Whoever knew a token from before knows none of the new one.
    ///
    /// # Errors
    ///
    /// As [`clear`](Self::clear) and [`update`](Self::update). What was there may have been ended.
    pub async fn begin(&self, data: T) -> Result<(), Error> {
        if self.exists() || self.failure().is_some() {
            self.clear().await?;
        }
        self.replace(data).await
    }

    /// Seals the data as they are, under a new name and for the whole of its age. Where there is no session, none is made.
    ///
    /// # Errors
    ///
    /// As [`update`](Self::update).
    pub async fn renew(&self) -> Result<(), Error> {
        self.change(|old| Ok(old.exists().then(|| old.data().clone()))).await
    }

    /// As [`renew`](Self::renew), if it is still the one of this name.
    pub(crate) async fn renew_still(&self, id: Option<&str>) -> Result<(), Error> {
        let change = |old: &Snapshot<T>| {
            let still = old.exists() && old.id() == id;
            if still { Ok(Some(old.data().clone())) } else { Err(Error::Unrefreshable(None)) }
        };
        self.change(change).await
    }

    /// Ends it: the client forgets it, and a store refuses its token from now on, or where there are
    /// [families](crate::Config::families) all of them. Without families that is the token the request brought, and the one
    /// that it is now: one from an earlier request, or from another that is under way, is good until it expires. Without a
    /// [store](crate::Config::store) they all are.
    ///
    /// # Errors
    ///
    /// [`Error`] if it can only be read, a hook refused, or the store could not answer. It is then there as before.
    pub async fn clear(&self) -> Result<(), Error> {
        let _changing = self.shared.changing.lock().await;
        let old = match (self.refused(), self.failure()) {
            // Who logs out with a token that is none any more means the session.
            (Some(refused), _) => refused,
            (None, Some(failure)) => match &*failure {
                Error::Expired(expired) => self.shared.sessions.reopen(expired).await,
                _ => self.snapshot(),
            },
            (None, None) => self.snapshot(),
        };
        match self.try_clear(&old).await {
            Ok(()) => {
                self.forget();
                Ok(())
            }
            Err(error) => Err(self.failed(error, &old).await),
        }
    }

    /// Adds to an answer the `Set-Cookie` that the client has to see, if it was changed or cleared, and leaves those of
    /// others as they are. Said again, it adds nothing until the next change.
    pub fn write_to(&self, response: &mut HeaderMap) {
        let mut state = self.state();
        let due = std::mem::replace(&mut state.due, Due::Nothing);
        let Some(cookies) = self.shared.sessions.cookies.as_ref().filter(|_| !self.shared.beside)
        else {
            return;
        };
        match (due, state.current.token.clone()) {
            (Due::Clear, _) => cookies.clear(&state.found, response),
            (Due::Write, Some(token)) => {
                let lifetime = self.shared.sessions.max_age.zip(state.current.expires_at);
                // Sealing saw to it that it fits.
                let _fits = cookies.write(&token, lifetime, &state.found, response);
                // A later answer to the same request takes them back.
                state.found.add_parts(cookies.parts_of(&token));
            }
            (Due::Nothing | Due::Write, _) => {}
        }
    }

    /// The answer has been given: what is changed from now on would reach nobody.
    #[cfg(feature = "tower")]
    pub(crate) fn answered(&self) {
        self.shared.answered.store(true, Ordering::SeqCst);
    }

    /// Whether it is one of these, and can be changed if `read_only` says no.
    #[cfg(feature = "tower")]
    pub(crate) fn is_of(&self, sessions: &Sessions<T>, read_only: bool) -> bool {
        Arc::ptr_eq(&self.shared.sessions, &sessions.inner) && self.shared.read_only == read_only
    }

    async fn change(
        &self,
        change: impl FnOnce(&Snapshot<T>) -> Result<Option<T>, Error> + Send,
    ) -> Result<(), Error> {
        let _changing = self.shared.changing.lock().await;
        let old = self.snapshot();
        match self.try_change(&old, change).await {
            Ok(new) => {
                if let Some(new) = new {
                    self.put(new);
                }
                Ok(())
            }
            Err(error) => Err(self.failed(error, &old).await),
        }
    }

    async fn try_change(
        &self,
        old: &Snapshot<T>,
        change: impl FnOnce(&Snapshot<T>) -> Result<Option<T>, Error> + Send,
    ) -> Result<Option<Snapshot<T>>, Error> {
        self.check_writable()?;
        let sessions = &self.shared.sessions;
        // Its handle may have been kept for long.
        if let Some(expired) = sessions.expired(old) {
            return Err(Error::Expired(expired));
        }
        let Some(data) = change(old)? else { return Ok(None) };
        let new = sessions.seal(data, old.family.clone()).await?;
        sessions.hooks.on_update(&new, old).await?;
        sessions.use_up(old, self.shared.read_at).await?;
        Ok(Some(new))
    }

    /// Replaces whatever is there by these data in this family, when `first` has been done: all that can be known before
    /// is. With a context, the hooks are asked as of a session that a request brought.
    pub(crate) async fn replace_after(
        &self,
        family: Option<Arc<str>>,
        data: T,
        context: Option<&Context<'_>>,
        first: impl Future<Output = Result<(), Error>> + Send,
    ) -> Result<(), Error> {
        let _changing = self.shared.changing.lock().await;
        let old = self.snapshot();
        let sessions = &self.shared.sessions;
        let replaced = async {
            self.check_writable()?;
            let new = sessions.seal(data, family).await?;
            if let Some(context) = context {
                sessions.hooks.on_read(&new, context).await?;
            }
            sessions.hooks.on_update(&new, &old).await?;
            first.await?;
            sessions.use_up(&old, self.shared.read_at).await?;
            Ok(new)
        };
        match replaced.await {
            Ok(new) => {
                self.put(new);
                Ok(())
            }
            Err(error) => Err(self.failed(error, &old).await),
        }
    }

    /// It is none from now on, whatever anybody says to that, and the client forgets it.
    pub(crate) fn forget(&self) {
        let mut state = self.state();
        state.become_of(Snapshot::empty(), Due::Clear);
        state.brought = None;
    }

    async fn try_clear(&self, old: &Snapshot<T>) -> Result<(), Error> {
        self.check_writable()?;
        let sessions = &self.shared.sessions;
        sessions.hooks.on_clear(old).await?;
        sessions.revoke(old).await?;
        // Without families, the token that the client has is another than that of the last change.
        let brought = self.state().brought.clone();
        match brought.filter(|brought| brought.family.is_none() && brought.id != old.id) {
            Some(brought) => sessions.revoke(&brought).await,
            None => Ok(()),
        }
    }

    pub(crate) fn check_writable(&self) -> Result<(), Error> {
        if self.is_read_only() {
            return Err(Error::ReadOnly);
        }
        match self.failure() {
            Some(failure) if failure.is_temporary() => Err(Error::Unread(failure)),
            _ => Ok(()),
        }
    }

    pub(crate) async fn failed(&self, error: Error, old: &Snapshot<T>) -> Error {
        tracing::debug!(code = error.code(), "a session was not changed");
        self.shared.sessions.hooks.on_error(&error, old).await;
        error
    }

    /// It is what was just sealed.
    pub(crate) fn put(&self, new: Snapshot<T>) {
        self.state().become_of(new, Due::Write);
    }

    /// It is what a token said.
    pub(crate) fn accept(&self, read: Snapshot<T>) {
        let mut state = self.state();
        state.brought = Some(read.clone());
        state.current = read;
    }

    /// It is none, for this reason; `refused` is what the token said.
    pub(crate) fn refuse(&self, error: Error, refused: Option<Snapshot<T>>) {
        let mut state = self.state();
        (state.failure, state.refused) = (Some(Arc::new(error)), refused);
    }

    /// It is none still, for this reason.
    pub(crate) fn fail(&self, error: Error) {
        self.state().failure = Some(Arc::new(error));
    }

    /// Nothing is awaited, and nothing that can panic is done, while it is held.
    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The sessions that it is one of.
    #[must_use]
    pub fn sessions(&self) -> Sessions<T> {
        Sessions { inner: Arc::clone(&self.shared.sessions) }
    }
}

impl<T> Clone for Session<T> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<T> fmt::Debug for Session<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.shared.state.lock().unwrap_or_else(PoisonError::into_inner);
        f.debug_struct("Session")
            .field("current", &state.current)
            .field("due", &state.due)
            .field("read_only", &self.shared.read_only)
            .finish_non_exhaustive()
    }
}

/// Data as the JSON object that they become.
pub(crate) fn object(data: &impl Serialize) -> Result<Map<String, Value>, Error> {
    match serde_json::to_value(data).map_err(Error::Data)? {
        Value::Object(members) => Ok(members),
        _ => Err(Error::NotAnObject),
    }
}
