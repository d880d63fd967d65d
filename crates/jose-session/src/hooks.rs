//! What an application may do when sessions are read, changed, cleared or refused.

use std::error::Error as StdError;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use http::{Extensions, HeaderMap, Request, request};
use jose_core::UnixTime;

use crate::{Error, Snapshot};

/// What an application does at the turns of a session. Every method has a body that does nothing.
///
/// For a token that a request brings, one of [`on_read`](Self::on_read), [`on_expire`](Self::on_expire) and
/// [`on_error`](Self::on_error) is called, once; `on_error` follows another only where the session that it brought
/// could not be sealed.
///
/// ```
/// use jose_session::{Context, HookError, Hooks, Snapshot};
///
/// #[derive(Clone, Default, serde::Deserialize, serde::Serialize)]
/// struct Visitor {
///     banned: bool,
/// }
///
/// struct NotTheBanned;
///
/// impl Hooks<Visitor> for NotTheBanned {
///     async fn on_read(
///         &self,
///         session: &Snapshot<Visitor>,
///         _: &Context<'_>,
///     ) -> Result<(), HookError> {
///         if session.data().banned { Err(HookError::new("banned")) } else { Ok(()) }
///     }
/// }
/// ```
pub trait Hooks<T: Send + Sync>: Send + Sync {
    /// A token was accepted: once for each request, and also of one that a [`Refresher`](crate::Refresher) makes while it
    /// reads. What errs makes the session not there, as if the token had not come.
    ///
    /// # Errors
    ///
    /// [`HookError`] for a session that is not to be.
    fn on_read(
        &self,
        session: &Snapshot<T>,
        context: &Context<'_>,
    ) -> impl Future<Output = Result<(), HookError>> + Send {
        let _ = (session, context);
        async { Ok(()) }
    }

    /// The session is about to become `new`, which is sealed, from `old`, which has no [`id`](Snapshot::id) if there
    /// was none. What errs leaves it `old`. Where a token is good for [one change](crate::Config::single_use) it is
    /// used up afterwards, and the change refused if another was first.
    ///
    /// # Errors
    ///
    /// [`HookError`] for a change that is not to be.
    fn on_update(
        &self,
        new: &Snapshot<T>,
        old: &Snapshot<T>,
    ) -> impl Future<Output = Result<(), HookError>> + Send {
        let _ = (new, old);
        async { Ok(()) }
    }

    /// The session is about to be cleared. What errs leaves it as it was.
    ///
    /// # Errors
    ///
    /// [`HookError`] for a session that is to stay.
    fn on_clear(&self, old: &Snapshot<T>) -> impl Future<Output = Result<(), HookError>> + Send {
        let _ = old;
        async { Ok(()) }
    }

    /// A token was genuine, and its time is over. Data that come back become a new session, sealed at once: this is the
    /// place to refresh one, from what else the request brought. The expired token by itself is no reason to: it is
    /// refreshed for ever by whoever has it, and the store was not asked about it.
    ///
    /// Where the session can only be read, what comes back is dropped: look at
    /// [`Context::is_read_only`] before using up what can be used once.
    ///
    /// # Errors
    ///
    /// [`HookError`], which is as `None`, and tells why.
    fn on_expire(
        &self,
        expired: &Expired,
        context: &Context<'_>,
    ) -> impl Future<Output = Result<Option<T>, HookError>> + Send {
        let _ = (expired, context);
        async { Ok(None) }
    }

    /// A token was not accepted, or a change was not made. `session` is what there is; of a token that was
    /// [revoked](Error::Revoked) or [used](Error::Used) before, what it said.
    fn on_error(&self, error: &Error, session: &Snapshot<T>) -> impl Future<Output = ()> + Send {
        let _ = (error, session);
        async {}
    }
}

/// No hooks.
impl<T: Send + Sync> Hooks<T> for () {}

impl<T: Send + Sync, H: Hooks<T>> Hooks<T> for Arc<H> {
    fn on_read(
        &self,
        session: &Snapshot<T>,
        context: &Context<'_>,
    ) -> impl Future<Output = Result<(), HookError>> + Send {
        (**self).on_read(session, context)
    }

    fn on_update(
        &self,
        new: &Snapshot<T>,
        old: &Snapshot<T>,
    ) -> impl Future<Output = Result<(), HookError>> + Send {
        (**self).on_update(new, old)
    }

    fn on_clear(&self, old: &Snapshot<T>) -> impl Future<Output = Result<(), HookError>> + Send {
        (**self).on_clear(old)
    }

    fn on_expire(
        &self,
        expired: &Expired,
        context: &Context<'_>,
    ) -> impl Future<Output = Result<Option<T>, HookError>> + Send {
        (**self).on_expire(expired, context)
    }

    fn on_error(&self, error: &Error, session: &Snapshot<T>) -> impl Future<Output = ()> + Send {
        (**self).on_error(error, session)
    }
}

/// The request that a session is read from: its fields, and what layers before put into its extensions.
#[derive(Clone, Copy)]
pub struct Context<'r> {
    headers: Option<&'r HeaderMap>,
    extensions: Option<&'r Extensions>,
    read_only: bool,
}

impl<'r> Context<'r> {
    /// No request: a token came by itself.
    #[must_use]
    pub const fn empty() -> Self {
        Self { headers: None, extensions: None, read_only: false }
    }

    /// Its fields; none where a token came by itself.
    #[must_use]
    pub const fn headers(&self) -> Option<&'r HeaderMap> {
        self.headers
    }

    /// What layers before put in: other sessions of the request, say.
    #[must_use]
    pub const fn extensions(&self) -> Option<&'r Extensions> {
        self.extensions
    }

    /// Whether the session is read where it cannot be changed.
    #[must_use]
    pub const fn is_read_only(&self) -> bool {
        self.read_only
    }

    pub(crate) const fn read_only(mut self) -> Self {
        self.read_only = true;
        self
    }
}

impl fmt::Debug for Context<'_> {
    /// Fields bring secrets, and extensions anything.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("read_only", &self.read_only).finish_non_exhaustive()
    }
}

impl<'r> From<&'r HeaderMap> for Context<'r> {
    fn from(headers: &'r HeaderMap) -> Self {
        Self { headers: Some(headers), ..Self::empty() }
    }
}

impl<'r> From<&'r request::Parts> for Context<'r> {
    fn from(parts: &'r request::Parts) -> Self {
        let (headers, extensions) = (Some(&parts.headers), Some(&parts.extensions));
        Self { headers, extensions, read_only: false }
    }
}

impl<'r, B> From<&'r Request<B>> for Context<'r> {
    fn from(request: &'r Request<B>) -> Self {
        let (headers, extensions) = (Some(request.headers()), Some(request.extensions()));
        Self { headers, extensions, read_only: false }
    }
}

/// A session whose time is over. It was genuine: its token opened.
#[derive(Clone)]
pub struct Expired {
    pub(crate) id: Option<String>,
    pub(crate) created_at: Option<UnixTime>,
    pub(crate) expires_at: Option<UnixTime>,
    pub(crate) token: Arc<str>,
}

impl Expired {
    /// The name of its token (`jti`), cut at 64 octets.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// When it was sealed (`iat`).
    #[must_use]
    pub const fn created_at(&self) -> Option<UnixTime> {
        self.created_at
    }

    /// When its time was over.
    #[must_use]
    pub const fn expires_at(&self) -> Option<UnixTime> {
        self.expires_at
    }

    /// Its token.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }
}

impl fmt::Debug for Expired {
    /// By a clock that goes after ours the token is good still.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Expired")
            .field("id", &self.id)
            .field("created_at", &self.created_at)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// What a hook says no with.
#[derive(Debug)]
pub struct HookError {
    source: Box<dyn StdError + Send + Sync>,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    Request,
    Session,
    Unavailable,
}

impl HookError {
    /// No session, or no change, for this reason.
    pub fn new(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { source: source.into(), kind: Kind::Session }
    }

    /// The hook could not tell: a database did not answer, say. There is no session, and what the client has is not
    /// overwritten; who requires one answers 503.
    pub fn unavailable(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { source: source.into(), kind: Kind::Unavailable }
    }

    /// As [`new`](Self::new), and the request is to be refused with it, not served without a session. An adapter to a
    /// framework does so; see [`Session::failure`](crate::Session::failure).
    pub fn refusing(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { source: source.into(), kind: Kind::Request }
    }

    /// Whether the request is to be refused.
    #[must_use]
    pub const fn refuses_request(&self) -> bool {
        matches!(self.kind, Kind::Request)
    }

    /// Whether it says nothing about the session: asked again later, the answer may be another.
    #[must_use]
    pub const fn is_unavailable(&self) -> bool {
        matches!(self.kind, Kind::Unavailable)
    }

    /// A code that stays the same between versions.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "ERR_SESSION_HOOK"
    }
}

impl fmt::Display for HookError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a hook refused")
    }
}

impl StdError for HookError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*self.source)
    }
}

pub(crate) type Pending<'a, O> = Pin<Box<dyn Future<Output = O> + Send + 'a>>;

/// [`Hooks`] of whatever type.
pub(crate) trait AnyHooks<T: 'static>: Send + Sync {
    fn on_read<'a>(
        &'a self,
        session: &'a Snapshot<T>,
        context: &'a Context<'a>,
    ) -> Pending<'a, Result<(), HookError>>;
    fn on_update<'a>(
        &'a self,
        new: &'a Snapshot<T>,
        old: &'a Snapshot<T>,
    ) -> Pending<'a, Result<(), HookError>>;
    fn on_clear<'a>(&'a self, old: &'a Snapshot<T>) -> Pending<'a, Result<(), HookError>>;
    fn on_expire<'a>(
        &'a self,
        expired: &'a Expired,
        context: &'a Context<'a>,
    ) -> Pending<'a, Result<Option<T>, HookError>>;
    fn on_error<'a>(&'a self, error: &'a Error, session: &'a Snapshot<T>) -> Pending<'a, ()>;
}

impl<T: Send + Sync + 'static, H: Hooks<T>> AnyHooks<T> for H {
    fn on_read<'a>(
        &'a self,
        session: &'a Snapshot<T>,
        context: &'a Context<'a>,
    ) -> Pending<'a, Result<(), HookError>> {
        Box::pin(Hooks::on_read(self, session, context))
    }

    fn on_update<'a>(
        &'a self,
        new: &'a Snapshot<T>,
        old: &'a Snapshot<T>,
    ) -> Pending<'a, Result<(), HookError>> {
        Box::pin(Hooks::on_update(self, new, old))
    }

    fn on_clear<'a>(&'a self, old: &'a Snapshot<T>) -> Pending<'a, Result<(), HookError>> {
        Box::pin(Hooks::on_clear(self, old))
    }

    fn on_expire<'a>(
        &'a self,
        expired: &'a Expired,
        context: &'a Context<'a>,
    ) -> Pending<'a, Result<Option<T>, HookError>> {
        Box::pin(Hooks::on_expire(self, expired, context))
    }

    fn on_error<'a>(&'a self, error: &'a Error, session: &'a Snapshot<T>) -> Pending<'a, ()> {
        Box::pin(Hooks::on_error(self, error, session))
    }
}
