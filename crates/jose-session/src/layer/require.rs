//! Requests without a session, refused.

use std::any::type_name;
use std::fmt;
use std::mem;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Extensions, Request, Response, StatusCode};
use tower_layer::Layer;
use tower_service::Service;

use crate::hooks::Pending;
use crate::{Session, SessionData, Snapshot};

/// Answers for a service to requests that have no session: 401, or 503 where it
/// [cannot be told](crate::Error::is_temporary) just now, with nothing in it. It stands inside the
/// [`SessionLayer`](crate::SessionLayer) or [`RefresherLayer`](crate::RefresherLayer) that reads the session; outside of one
/// it answers 500, and logs why.
///
/// The 401 carries no challenge: no scheme is registered for cookies.
///
/// ```
/// use jose_session::RequireSession;
///
/// #[derive(Clone, Default, serde::Deserialize, serde::Serialize)]
/// struct Visitor {
///     admin: bool,
/// }
///
/// let anybody = RequireSession::<Visitor>::new();
/// let admins = RequireSession::<Visitor>::new().and(|session| session.data().admin);
/// # drop((anybody, admins));
/// ```
#[must_use]
pub struct RequireSession<T: 'static> {
    allows: Option<Predicate<T>>,
}

type Predicate<T> = Arc<dyn Fn(&Snapshot<T>) -> bool + Send + Sync>;

impl<T: SessionData> RequireSession<T> {
    /// Any session will do.
    pub const fn new() -> Self {
        Self { allows: None }
    }

    /// Where there is a session and `allows` says no, the answer is 403. Said twice, both have to say yes.
    pub fn and(self, allows: impl Fn(&Snapshot<T>) -> bool + Send + Sync + 'static) -> Self {
        let allows: Predicate<T> = match self.allows {
            Some(before) => Arc::new(move |session| before(session) && allows(session)),
            None => Arc::new(allows),
        };
        Self { allows: Some(allows) }
    }

    fn check(&self, extensions: &Extensions) -> Result<(), Refusal> {
        let session = existing::<T>(extensions)?;
        let allowed = self.allows.as_ref().is_none_or(|allows| allows(&session.snapshot()));
        if allowed { Ok(()) } else { Err(Refusal::Forbidden) }
    }
}

impl<T: SessionData> Default for RequireSession<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Clone for RequireSession<T> {
    fn clone(&self) -> Self {
        Self { allows: self.allows.clone() }
    }
}

impl<T> fmt::Debug for RequireSession<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequireSession").finish_non_exhaustive() // a predicate has nothing to show
    }
}

impl<S, T> Layer<S> for RequireSession<T> {
    type Service = RequireSessionService<S, T>;

    fn layer(&self, inner: S) -> Self::Service {
        RequireSessionService { inner, rule: self.clone() }
    }
}

/// What [`RequireSession`] makes of a service.
pub struct RequireSessionService<S, T: 'static> {
    inner: S,
    rule: RequireSession<T>,
}

impl<S: Clone, T> Clone for RequireSessionService<S, T> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), rule: self.rule.clone() }
    }
}

impl<S: fmt::Debug, T> fmt::Debug for RequireSessionService<S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequireSessionService")
            .field("inner", &self.inner)
            .field("rule", &self.rule)
            .finish()
    }
}

impl<S, T, B, R> Service<Request<B>> for RequireSessionService<S, T>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    T: SessionData,
    B: Send + 'static,
    R: Default,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = Pending<'static, Result<Response<R>, S::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let checked = self.rule.check(request.extensions());
        // The one that said it is ready, also if it is not called: what it set aside for that is given back with it.
        let clone = self.inner.clone();
        let mut inner = mem::replace(&mut self.inner, clone);
        Box::pin(async move {
            match checked {
                Ok(()) => inner.call(request).await,
                Err(refusal) => Ok(refusal.answer()),
            }
        })
    }
}

/// Why a request is not served. What is told of it is the status alone.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Refusal {
    /// There is a session, and it is not enough; or a hook refused the request.
    Forbidden,
    /// Nothing reads this session: a mistake of whoever wrote the program.
    NoLayer,
    NoSession,
    /// The session is encrypted and ought to be signed, or the other way round: a mistake of the same kind.
    #[cfg(feature = "axum")]
    OtherKind,
    /// Nobody can tell just now whether there is a session.
    Unavailable,
}

impl Refusal {
    pub(crate) const fn status(self) -> StatusCode {
        match self {
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NoLayer => StatusCode::INTERNAL_SERVER_ERROR,
            Self::NoSession => StatusCode::UNAUTHORIZED,
            #[cfg(feature = "axum")]
            Self::OtherKind => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    pub(crate) fn answer<R: Default>(self) -> Response<R> {
        let mut response = Response::new(R::default());
        *response.status_mut() = self.status();
        response
    }
}

/// The session that a layer has read, whether it exists or not.
pub(crate) fn read<T: SessionData>(extensions: &Extensions) -> Result<Session<T>, Refusal> {
    extensions.get().cloned().ok_or_else(|| {
        let data = type_name::<T>();
        tracing::error!(data, "no layer reads this session: a `SessionLayer` has to stand outside");
        Refusal::NoLayer
    })
}

/// The session that a layer has read, if it exists.
pub(crate) fn existing<T: SessionData>(extensions: &Extensions) -> Result<Session<T>, Refusal> {
    let session = read::<T>(extensions)?;
    if session.exists() {
        return Ok(session);
    }
    match session.failure() {
        Some(failure) if failure.is_temporary() => Err(Refusal::Unavailable),
        _ => Err(Refusal::NoSession),
    }
}
