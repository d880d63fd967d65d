//! A session that is good for minutes, and one that is good for days and renews it.

use std::fmt;
use std::future::ready;
use std::sync::Arc;

use crate::hooks::Pending;
use crate::{ConfigError, Context, Error, HookError, Session, SessionData, Sessions, Snapshot};

/// Two sessions of one user: that of data `A` (access) is looked at with every request and good for a short time, that
/// of data `R` (refresh) is good for long and does nothing but renew the other.
///
/// With each renewal the refresh token is exchanged for another, and one that comes a second time ends the session as a
/// whole, as RFC 9700 §4.14.2 has it: see [`Config::single_use`](crate::Config::single_use). Where the access session
/// has the same [store](crate::Config::store) its tokens are refused then too; without one they are good until they
/// expire, which is soon.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::sync::Arc;
///
/// use http::HeaderMap;
/// use jose_core::{Alg, Jwk};
/// use jose_rustcrypto::BACKEND;
/// use jose_session::{Config, HookError, Keys, MemoryStore, Refresher, Sessions};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Clone, Default, Deserialize, Serialize)]
/// struct Access {
///     user: String,
///     roles: Vec<String>,
/// }
///
/// #[derive(Clone, Default, Deserialize, Serialize)]
/// struct Refresh {
///     user: String,
/// }
///
/// let store = Arc::new(MemoryStore::new());
/// let keys = |alg: Alg| Keys::from_jwk(&Jwk::generate(alg, BACKEND)?, BACKEND);
/// let access = Config::new("access", keys(Alg::HS256.into())?, BACKEND)
///     .typ("access+jwt")
///     .max_age("15m")
///     .families("7D")
///     .store(Arc::clone(&store));
/// let refresh = Config::new("refresh", keys(Alg::A256GCMKW.into())?, BACKEND)
///     .typ("refresh+jwt")
///     .max_age("7D")
///     .single_use()
///     .store(store);
/// // Asked with each renewal: what the user may do by now, or that there is no such user any more.
/// let grant = |refresh: jose_session::Snapshot<Refresh>| async move {
///     let user = refresh.data().user.clone();
///     Ok::<_, HookError>(Access { user, roles: vec!["reader".into()] })
/// };
/// let refresher = Refresher::new(Sessions::new(access)?, Sessions::new(refresh)?, grant)?;
///
/// // A request with a name and a password, say:
/// let (access, refresh) = refresher.read(&HeaderMap::new()).await;
/// refresher.log_in(&access, &refresh, Refresh { user: "joe".into() }).await?;
/// let mut response = HeaderMap::new();
/// access.write_to(&mut response);
/// refresh.write_to(&mut response);
/// assert_eq!(access.data().roles, ["reader"]);
/// # Ok(()) }
/// ```
pub struct Refresher<A: 'static, R: 'static> {
    inner: Arc<Inner<A, R>>,
}

struct Inner<A: 'static, R: 'static> {
    access: Sessions<A>,
    refresh: Sessions<R>,
    grant: Box<dyn Grant<A, R>>,
}

/// What makes the data of one session out of those of the other.
trait Grant<A, R>: Send + Sync {
    fn grant(&self, refresh: Snapshot<R>) -> Pending<'_, Result<A, HookError>>;
}

impl<A, R, F, O> Grant<A, R> for F
where
    F: Fn(Snapshot<R>) -> O + Send + Sync,
    O: Future<Output = Result<A, HookError>> + Send + 'static,
{
    fn grant(&self, refresh: Snapshot<R>) -> Pending<'_, Result<A, HookError>> {
        Box::pin(self(refresh))
    }
}

impl<A: SessionData, R: SessionData> Refresher<A, R> {
    /// Those two. `grant` says, of what the refresh session is about, what the access session is to hold: it is asked at
    /// login and with each renewal, and what errs refuses it. How long ago a login was it has to see from the data.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if `access` has no [families](crate::Config::families), or they are remembered for less long than
    /// `refresh` is good; if it does not expire, or not before `refresh`; if the tokens of `refresh` are not good for
    /// [one change](crate::Config::single_use); or if both have the same cookie, header field or `typ`.
    pub fn new<O>(
        access: Sessions<A>,
        refresh: Sessions<R>,
        grant: impl Fn(Snapshot<R>) -> O + Send + Sync + 'static,
    ) -> Result<Self, ConfigError>
    where
        O: Future<Output = Result<A, HookError>> + Send + 'static,
    {
        if !access.inner.families {
            return Err(ConfigError::NoFamilies);
        }
        if !refresh.inner.config.single_use {
            return Err(ConfigError::NotSingleUse);
        }
        match (access.inner.max_age, refresh.inner.max_age) {
            (Some(short), Some(long)) if short < long && access.inner.family_age >= Some(long) => {}
            _ => return Err(ConfigError::Ages),
        }
        if access.inner.is_taken_for(&refresh.inner) {
            return Err(ConfigError::Same);
        }
        let grant = Box::new(grant);
        Ok(Self { inner: Arc::new(Inner { access, refresh, grant }) })
    }

    /// The short one.
    #[must_use]
    pub fn access(&self) -> &Sessions<A> {
        &self.inner.access
    }

    /// The long one.
    #[must_use]
    pub fn refreshing(&self) -> &Sessions<R> {
        &self.inner.refresh
    }

    /// Begins: a new refresh session with these data, and its first access session. What was there before is ended.
    ///
    /// # Errors
    ///
    /// [`Error`] if one of them could not be changed, or was not granted. If what was there before could not be ended, it
    /// is there still; otherwise nobody is logged in.
    pub async fn log_in(
        &self,
        access: &Session<A>,
        refresh: &Session<R>,
        data: R,
    ) -> Result<(), Error> {
        if access.exists() || access.failure().is_some() {
            access.clear().await?;
        }
        refresh.begin(data).await?;
        let begun = refresh.snapshot();
        let granted = match self.inner.grant.grant(begun.clone()).await {
            Ok(data) => access.replace_after(begun.family, data, None, ready(Ok(()))).await,
            Err(error) => Err(access.failed(error.into(), &access.snapshot()).await),
        };
        if granted.is_err() {
            // The tokens that were made have not reached anybody.
            refresh.forget();
            access.forget();
        }
        granted
    }

    /// Renews the access session, and exchanges the refresh token. Both have to be written to the answer whatever came of
    /// it: a token that was exchanged is good no more.
    ///
    /// # Errors
    ///
    /// [`Error::Unrefreshable`] if there is no refresh session; [`Error::Used`] if another request was first;
    /// [`Error::Reused`] if it was used long ago, and [`Error`] if it was not granted or one of them not changed.
    pub async fn refresh(&self, access: &Session<A>, refresh: &Session<R>) -> Result<(), Error> {
        self.refresh_in(access, refresh, None).await
    }

    async fn refresh_in(
        &self,
        access: &Session<A>,
        refresh: &Session<R>,
        context: Option<&Context<'_>>,
    ) -> Result<(), Error> {
        let old = refresh.snapshot();
        if !old.exists() {
            return Err(Error::Unrefreshable(refresh.failure()));
        }
        // Before a token is used up for nothing.
        access.check_writable()?;
        let data = match self.inner.grant.grant(old.clone()).await {
            Ok(data) => data,
            Err(error) => return Err(access.failed(error.into(), &access.snapshot()).await),
        };
        let exchanged = refresh.renew_still(old.id());
        access.replace_after(old.family.clone(), data, context, exchanged).await
    }

    /// Ends both, and all tokens of the refresh session's family. Clearing the access session alone does not log out: the
    /// next request renews it, unless it has a store.
    ///
    /// # Errors
    ///
    /// [`Error`] if one of them could not be cleared; the other one is all the same.
    pub async fn log_out(&self, access: &Session<A>, refresh: &Session<R>) -> Result<(), Error> {
        let ended = refresh.clear().await;
        access.clear().await.and(ended)
    }

    /// The sessions of a request: of `&HeaderMap`, `&http::Request<_>` or `&http::request::Parts`. Where the access
    /// session is not there or over, and the refresh session is there, it is [renewed](Self::refresh) at once. Where that
    /// fails, [`Session::failure`] of the access session says why. One that a [hook](crate::Hooks) refused is not renewed.
    ///
    /// Of requests that come at once with the same refresh token one renews, and the others have no access session:
    /// the client may send them again when the first has been answered.
    pub async fn read<'r>(
        &self,
        request: impl Into<Context<'r>> + Send,
    ) -> (Session<A>, Session<R>) {
        self.read_in(request.into()).await
    }

    /// As [`read`](Self::read), where no answer can carry cookies: nothing is renewed, and every change is refused
    /// ([`Error::ReadOnly`]).
    pub async fn read_only<'r>(
        &self,
        request: impl Into<Context<'r>> + Send,
    ) -> (Session<A>, Session<R>) {
        self.read_in(request.into().read_only()).await
    }

    async fn read_in(&self, context: Context<'_>) -> (Session<A>, Session<R>) {
        let access = self.inner.access.read(context).await;
        let refresh = self.inner.refresh.read(context).await;
        let (failure, why) = (access.failure(), refresh.failure());
        // What a hook refused is not to come back in by another door, and what cannot be told may be there.
        let is_over = failure
            .is_none_or(|failure| !failure.is_temporary() && !matches!(*failure, Error::Hook(_)));
        let is_there = refresh.exists() || why.is_some();
        if !access.exists()
            && is_over
            && is_there
            && !context.is_read_only()
            && let Err(error) = self.refresh_in(&access, &refresh, Some(&context)).await
        {
            tracing::debug!(code = error.code(), "a session was not renewed");
            access.fail(error);
        }
        (access, refresh)
    }
}

impl<A, R> Clone for Refresher<A, R> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner) }
    }
}

impl<A, R> fmt::Debug for Refresher<A, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refresher")
            .field("access", &self.inner.access)
            .field("refresh", &self.inner.refresh)
            .finish_non_exhaustive()
    }
}
