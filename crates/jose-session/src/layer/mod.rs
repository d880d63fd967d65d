//! Sessions in the extensions of a request, and their cookies in the answer: for every service that `tower` knows.

mod require;

use std::fmt;
use std::mem;
use std::task::{self, Poll};

use http::{Extensions, HeaderMap, HeaderValue, Method, Request, Response, header, request};
use tower_layer::Layer;
use tower_service::Service;

pub(crate) use self::require::Refusal;
pub use self::require::{RequireSession, RequireSessionService};
#[cfg(feature = "axum")]
pub(crate) use self::require::{existing, read};
use crate::hooks::Pending;
use crate::{Context, Refresher, Session, SessionData, Sessions};

/// Reads the session of each request, once, and puts it into the request's extensions as a [`Session<T>`]. If it was
/// changed or cleared by the time that the inner service answers, its cookies are added to the answer, whatever its status;
/// what is changed later reaches nobody.
///
/// `T` tells sessions apart: there may be several of these layers, with a type each. The outer one reads first, and
/// the hooks of the inner see its session in [`Context::extensions`].
///
/// Where a hook [refused the request](crate::HookError::refusing), the inner service is not asked, and the answer is 403
/// with nothing in it.
///
/// Answers that carry cookies are not to be kept by caches, which `Set-Cookie` by itself does not see to (RFC 9111
/// §7.3): they get `Cache-Control: no-store` in the place of what they have, unless that says `no-store` or `private`.
///
/// What is to be written is lost with an inner service that errs instead of answering, and with whatever drops the
/// answer or the request on the way out: layers that catch panics, turn errors into answers, or end requests that take
/// too long belong inside this one.
///
/// A request for a WebSocket is read [where nothing can be changed](Sessions::read_only): its answer is the last that
/// could carry cookies, and is given before the conversation begins. That is one with `Upgrade: websocket`, and every
/// `CONNECT`, which is how HTTP/2 and HTTP/3 ask (RFC 8441 §4, RFC 9220 §3).
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::convert::Infallible;
/// use std::future::{Ready, ready};
/// use std::task::{Context, Poll};
///
/// use http::{Request, Response, header};
/// use jose_core::{Alg, Jwk};
/// use jose_rustcrypto::BACKEND;
/// use jose_session::{Config, Keys, Session, SessionLayer, Sessions};
/// use serde::{Deserialize, Serialize};
/// use tower_layer::Layer;
/// use tower_service::Service;
///
/// #[derive(Clone, Default, Deserialize, Serialize)]
/// struct Visitor {
///     #[serde(default)]
///     visits: u32,
/// }
///
/// // A service: with axum it is a `Router`, to which the layer is added by `Router::layer`.
/// #[derive(Clone)]
/// struct Count;
///
/// impl Service<Request<()>> for Count {
///     type Response = Response<String>;
///     type Error = Infallible;
///     type Future = std::pin::Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;
///
///     fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
///         Poll::Ready(Ok(()))
///     }
///
///     fn call(&mut self, request: Request<()>) -> Self::Future {
///         let session = request.extensions().get::<Session<Visitor>>().cloned();
///         Box::pin(async move {
///             let Some(session) = session else { return Ok(Response::default()) };
///             let counted = session.update(|visitor| visitor.visits += 1).await;
///             Ok(Response::new(counted.map_or_else(|error| error.to_string(), |()| "hello".into())))
///         })
///     }
/// }
///
/// let keys = Keys::from_jwk(&Jwk::generate(Alg::HS256, BACKEND)?, BACKEND)?;
/// let sessions = Sessions::<Visitor>::new(Config::new("visit", keys, BACKEND).max_age("1h"))?;
/// let mut service = SessionLayer::new(sessions).layer(Count);
///
/// let answer = service.call(Request::new(())).await?;
/// assert!(answer.headers().contains_key(header::SET_COOKIE));
/// # Ok(()) }
/// ```
#[must_use]
pub struct SessionLayer<T: 'static> {
    sessions: Sessions<T>,
    read_only: bool,
}

impl<T: SessionData> SessionLayer<T> {
    /// Reads these.
    pub const fn new(sessions: Sessions<T>) -> Self {
        Self { sessions, read_only: false }
    }

    /// Reads them where nothing can be changed, whatever the request.
    pub const fn read_only(mut self) -> Self {
        self.read_only = true;
        self
    }
}

impl<T> Clone for SessionLayer<T> {
    fn clone(&self) -> Self {
        Self { sessions: self.sessions.clone(), read_only: self.read_only }
    }
}

impl<T> fmt::Debug for SessionLayer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionLayer")
            .field("sessions", &self.sessions)
            .field("read_only", &self.read_only)
            .finish()
    }
}

impl<S, T> Layer<S> for SessionLayer<T> {
    type Service = SessionService<S, Sessions<T>>;

    fn layer(&self, inner: S) -> Self::Service {
        SessionService { inner, source: self.sessions.clone(), read_only: self.read_only }
    }
}

/// As [`SessionLayer`], for two sessions of which one [renews](Refresher::read) the other: both are in the extensions, as
/// [`Session<A>`] and [`Session<R>`], and the cookies of both are added to the answer. Where a refresh token was
/// exchanged, the answer carries the new one whatever its status: the old one is good no more.
///
/// Nothing is renewed by a request for a WebSocket.
#[must_use]
pub struct RefresherLayer<A: 'static, R: 'static> {
    refresher: Refresher<A, R>,
    read_only: bool,
}

impl<A: SessionData, R: SessionData> RefresherLayer<A, R> {
    /// Reads both, and renews the one by the other.
    pub const fn new(refresher: Refresher<A, R>) -> Self {
        Self { refresher, read_only: false }
    }

    /// Reads them where nothing can be changed, nor renewed, whatever the request.
    pub const fn read_only(mut self) -> Self {
        self.read_only = true;
        self
    }
}

impl<A, R> Clone for RefresherLayer<A, R> {
    fn clone(&self) -> Self {
        Self { refresher: self.refresher.clone(), read_only: self.read_only }
    }
}

impl<A, R> fmt::Debug for RefresherLayer<A, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefresherLayer")
            .field("refresher", &self.refresher)
            .field("read_only", &self.read_only)
            .finish()
    }
}

impl<S, A, R> Layer<S> for RefresherLayer<A, R> {
    type Service = SessionService<S, Refresher<A, R>>;

    fn layer(&self, inner: S) -> Self::Service {
        SessionService { inner, source: self.refresher.clone(), read_only: self.read_only }
    }
}

/// What [`SessionLayer`] and [`RefresherLayer`] make of a service: `F` is [`Sessions`] or [`Refresher`].
#[derive(Clone, Debug)]
pub struct SessionService<S, F> {
    inner: S,
    source: F,
    read_only: bool,
}

impl<S, F, B, R> Service<Request<B>> for SessionService<S, F>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    F: Source,
    B: Send + 'static,
    R: Default,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = Pending<'static, Result<Response<R>, S::Error>>;

    fn poll_ready(&mut self, context: &mut task::Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // The one that said it is ready is the one to call: a clone may not be.
        let clone = self.inner.clone();
        let mut inner = mem::replace(&mut self.inner, clone);
        let (source, read_only) = (self.source.clone(), self.read_only);
        Box::pin(async move {
            let (mut parts, body) = request.into_parts();
            let mut context = Context::from(&parts);
            if read_only || is_for_a_websocket(&parts) {
                context = context.read_only();
            }
            let opened = source.open(context).await;
            let mut response = if opened.refuses_request() {
                Refusal::Forbidden.answer()
            } else {
                opened.put_into(&mut parts.extensions);
                inner.call(Request::from_parts(parts, body)).await?
            };
            if opened.has_cookies() {
                keep_from_caches(response.headers_mut());
            }
            opened.write_to(response.headers_mut());
            opened.answered();
            Ok(response)
        })
    }
}

/// What finds the sessions of a request.
pub(crate) trait Source: Clone + Send + Sync + 'static {
    type Opened: Opened;

    fn open(&self, context: Context<'_>) -> impl Future<Output = Self::Opened> + Send;
}

impl<T: SessionData> Source for Sessions<T> {
    type Opened = Session<T>;

    async fn open(&self, context: Context<'_>) -> Session<T> {
        match found(self, &context) {
            Some(session) => session,
            None => self.read(context).await,
        }
    }
}

impl<A: SessionData, R: SessionData> Source for Refresher<A, R> {
    type Opened = (Session<A>, Session<R>);

    async fn open(&self, context: Context<'_>) -> (Session<A>, Session<R>) {
        match found(self.access(), &context).zip(found(self.refreshing(), &context)) {
            Some(both) => both,
            None => self.read(context).await,
        }
    }
}

/// What another layer with the same sessions has read. Reading again would be a second use of a token.
fn found<T: SessionData>(sessions: &Sessions<T>, context: &Context<'_>) -> Option<Session<T>> {
    let session = context.extensions()?.get::<Session<T>>()?;
    session.is_of(sessions, context.is_read_only()).then(|| session.clone())
}

/// The sessions of a request: one or two.
pub(crate) trait Opened: Send + Sync {
    fn refuses_request(&self) -> bool;
    fn put_into(&self, extensions: &mut Extensions);
    /// Whether an answer has to carry cookies.
    fn has_cookies(&self) -> bool;
    fn write_to(&self, response: &mut HeaderMap);
    fn answered(&self);
}

impl<T: SessionData> Opened for Session<T> {
    fn refuses_request(&self) -> bool {
        self.failure().is_some_and(|failure| failure.refuses_request())
    }

    fn put_into(&self, extensions: &mut Extensions) {
        extensions.insert(self.clone());
    }

    fn has_cookies(&self) -> bool {
        self.is_dirty() && self.sessions().inner.cookies.is_some()
    }

    fn write_to(&self, response: &mut HeaderMap) {
        Self::write_to(self, response);
    }

    fn answered(&self) {
        Self::answered(self);
    }
}

impl<A: Opened, R: Opened> Opened for (A, R) {
    fn refuses_request(&self) -> bool {
        self.0.refuses_request() || self.1.refuses_request()
    }

    fn put_into(&self, extensions: &mut Extensions) {
        self.0.put_into(extensions);
        self.1.put_into(extensions);
    }

    fn has_cookies(&self) -> bool {
        self.0.has_cookies() || self.1.has_cookies()
    }

    fn write_to(&self, response: &mut HeaderMap) {
        self.0.write_to(response);
        self.1.write_to(response);
    }

    fn answered(&self) {
        self.0.answered();
        self.1.answered();
    }
}

/// Whether its answer ends what HTTP there is. Protocols have names in any case, and may have a version (RFC 9110 §7.8).
/// That a `CONNECT` has `:protocol` only the server knows; without, it is for a tunnel, and has no later answer either.
fn is_for_a_websocket(parts: &request::Parts) -> bool {
    let fields = parts.headers.get_all(header::UPGRADE).iter();
    let mut protocols = fields.flat_map(|field| field.as_bytes().split(|octet| *octet == b','));
    parts.method == Method::CONNECT
        || protocols.any(|protocol| {
            let name = protocol.split(|octet| *octet == b'/').next().unwrap_or_default();
            name.trim_ascii().eq_ignore_ascii_case(b"websocket")
        })
}

/// Also where the handler wants an answer kept: it need not know that it carries somebody's token.
fn keep_from_caches(response: &mut HeaderMap) {
    let fields = response.get_all(header::CACHE_CONTROL).iter();
    let mut directives = fields.flat_map(|field| field.as_bytes().split(|octet| *octet == b','));
    let kept = directives.any(|directive| {
        let directive = directive.trim_ascii();
        directive.eq_ignore_ascii_case(b"no-store") || directive.eq_ignore_ascii_case(b"private")
    });
    if !kept {
        response.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}
